/* DLPack: tensors of other libraries as Glia's and the reverse, without a copy. NumPy, PyTorch, CuPy, JAX, TensorFlow
 * and others exchange such structs. Source: DLPack 1.1, dlpack.h, and "Python specification for DLPack" of its
 * documentation.
 *
 * The structs are declared in DLPack's own header (Debian and Ubuntu: libdlpack-dev, where it is 1.0 or newer; or a
 * copy of https://github.com/dmlc/dlpack, include/dlpack/dlpack.h), which a program includes to look into them.
 *
 * "cuda:N" is the device kDLCUDA with the number N. "cpu" is kDLCPU, and so is "emulated", whose memory is the host's:
 * what it lends can be read by all, but of what it is lent it takes only its own memory without a copy. u8 is kDLUInt
 * of 8 bits; kDLBool comes as u8, 0 or 1. */
#ifndef GLIA_DLPACK_H
#define GLIA_DLPACK_H

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct DLManagedTensorVersioned;
struct DLManagedTensor;

typedef struct glia_dlpack_export_args {
    bool copy; /* gives memory of its own, dense and row-major, flagged IS_COPIED */
    bool
        read_only; /* flags READ_ONLY: the consumer must not write. A tensor that is read-only is flagged in any case */
    /* Returns before the tensor's values are computed: the consumer orders its work behind that of glia_context_stream,
     * as the Python protocol's stream -1 wants it. Without it all work that was started is waited for, so that any
     * stream may read. Nothing to choose on the CPU. */
    bool no_wait;
} glia_dlpack_export_args;

/* Lends a tensor to a consumer, who calls out->deleter when its work on it is done, on any thread; on a CUDA device not
 * while another thread uses the context. Until then the memory and the context live, also after glia_tensor_destroy and
 * glia_context_destroy; memory that glia_tensor_wrap was given is its owner's to keep. What one side writes the other
 * reads: who writes has to be done before the other one begins. args may be NULL. tensor: of glia_tensor_create,
 * glia_tensor_wrap or an import; not one that a callback is given. */
GLIA_API glia_status glia_tensor_to_dlpack(glia_tensor *tensor, const glia_dlpack_export_args *args,
                                           struct DLManagedTensorVersioned **out);

typedef enum glia_dlpack_copy {
    GLIA_DLPACK_SHARE,         /* never copies: an error where the memory cannot be used as it is */
    GLIA_DLPACK_SHARE_OR_COPY, /* copies where it cannot */
    GLIA_DLPACK_COPY           /* copies */
} glia_dlpack_copy;

typedef struct glia_dlpack_import_args {
    glia_dlpack_copy copy;
} glia_dlpack_import_args;

/* Borrows a tensor, of any 1.x version of DLPack, as one of the context. The producer's work on it must be done, or
 * ordered before what runs on glia_context_stream, which is what to give to a producer that asks for a stream.
 *
 * Success takes `from`: its deleter, where it has one, is called at once where it was copied, else by
 * glia_tensor_destroy, which waits for the context's work. After a failure it is still the caller's. args may be NULL.
 *
 * Memory is used as it is where it is on the context's device (also kDLCUDAHost and kDLROCMHost for "cpu",
 * kDLCUDAManaged for "cuda:N"), aligned to its elements, and no stride is negative. A tensor that is flagged READ_ONLY
 * stays so: what would write to it fails. Memory of the host can be copied in any layout to any context, memory of a
 * GPU within that GPU, where its layout could be shared.
 *
 * Every field is checked that can be. GLIA_UNSUPPORTED: another major version, a data type that Glia has no tensors of,
 * lanes other than 1, more than 8 dimensions, a layout that cannot be shared. GLIA_DEVICE_MISMATCH: memory that the
 * context cannot reach. GLIA_INVALID_ARGUMENT: what no tensor has, such as data NULL. */
GLIA_API glia_status glia_tensor_from_dlpack(glia_context *ctx, struct DLManagedTensorVersioned *from,
                                             const glia_dlpack_import_args *args, glia_tensor **out);

/* The same of the struct that DLPack had before 1.0, which has no flags. */
GLIA_API glia_status glia_tensor_from_dlpack_unversioned(glia_context *ctx, struct DLManagedTensor *from,
                                                         const glia_dlpack_import_args *args, glia_tensor **out);

#ifdef __cplusplus
}
#endif
#endif
