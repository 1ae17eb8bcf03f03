/* NVIDIA's libraries, opened at run time. */
#ifndef GLIA_CUDA_LIBRARY_H
#define GLIA_CUDA_LIBRARY_H

#include "cuda/cuda.h"

/* Opens what is there: a library that is missing makes its providers decline with the reason. */
glia_status glia_cuda_libraries_open(glia_context *ctx);
void glia_cuda_libraries_close(glia_context *ctx);

#endif
