/* The data types that Glia and DLPack both have. */
#ifndef GLI_DLPACK_TYPES_H
#define GLI_DLPACK_TYPES_H

#include "dlpack/standard/dlpack.h"
#include "glia/tensor.h"

DLDataType gli_dlpack_type(glia_dtype dtype);

/* false: Glia has no tensors of it. */
bool gli_dlpack_dtype(DLDataType type, glia_dtype *out);

/* "float", "kDLCUDA"; "?" for a number that is no code. */
const char *gli_dlpack_code_name(unsigned code);
const char *gli_dlpack_device_name(int type);

#endif
