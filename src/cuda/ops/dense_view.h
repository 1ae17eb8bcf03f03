/* What a kernel sees of a call: dense row-major arrays, its data of one type of float. Tensors that are not are copied
 * to and from the workspace, here, for all ops. So each X_cuda.c is a few lines, its kernel knows no strides, and every
 * call that the op allows is accepted; the calls that matter need no copies. */
#ifndef GLI_CUDA_OPS_DENSE_VIEW_H
#define GLI_CUDA_OPS_DENSE_VIEW_H

#include "cuda/device/cuda_device.h"

typedef struct gli_cuda_view {
    glia_dtype
        dtype; /* of all floats of data: f32, f64, bf16 or f16. Where the call mixes them: f64 if one is, else f32 */
    const void *in[GLI_MAX_IN]; /* NULL: absent. i32 is widened to i64; u8 and i64 stay what they are */
    void *out[GLI_MAX_OUT];     /* NULL: not requested. Integers are of the tensor's own type */
    const int64_t *in_stride[GLI_MAX_IN], *out_stride[GLI_MAX_OUT]; /* of what `in` and `out` point to */
    void *workspace; /* as much as the kernel asked for, aligned to 256 bytes */
    cudaStream_t stream;
} gli_cuda_view;

typedef struct gli_cuda_kernel {
    glia_status (*run)(const gli_call *call, const gli_cuda_view *view);
    glia_status (*prepare)(const gli_call *call,
                           gli_prepared *out);                   /* checks, and sizes of saved outputs; NULL: none */
    size_t (*workspace)(const gli_call *call, glia_dtype dtype); /* bytes; NULL: none */
    uint32_t strided_in, strided_out;                            /* bit i: the kernel reads its strides, any strides */
    uint32_t typed_in, typed_out; /* bit i: seen in its own dtype, whatever the others have, as wide tensors are */
    int alignment;                /* bytes that addresses must be multiples of; 0: of an element's */
    bool flat; /* elementwise: tensors that are packed and have the same strides are arrays of elements in any order */
} gli_cuda_kernel;

glia_status gli_cuda_view_prepare(const gli_call *call, const gli_cuda_kernel *kernel, gli_prepared *out);
glia_status gli_cuda_view_run(const gli_call *call, const gli_cuda_kernel *kernel, void *workspace);

/* Defines the provider gli_OP_SUFFIX, named cuda.SUFFIX; what follows are the fields of its gli_cuda_kernel. */
#define GLI_CUDA_KERNEL_PROVIDER(op, suffix, accepts_, decline_, ...)                                             \
    static const gli_cuda_kernel op##_##suffix##_kernel = {__VA_ARGS__};                                          \
    static glia_status prepare_##op##_##suffix(const gli_call *call, gli_prepared *out) {                         \
        return gli_cuda_view_prepare(call, &op##_##suffix##_kernel, out);                                         \
    }                                                                                                             \
    static glia_status run_##op##_##suffix(const gli_call *call, const gli_prepared *prepared, void *workspace) { \
        (void)prepared;                                                                                           \
        return gli_cuda_view_run(call, &op##_##suffix##_kernel, workspace);                                       \
    }                                                                                                             \
    const gli_provider gli_##op##_##suffix = {.name    = "cuda." #suffix,                                         \
                                              .accepts = accepts_,                                                \
                                              .decline = decline_,                                                \
                                              .prepare = prepare_##op##_##suffix,                                 \
                                              .run     = run_##op##_##suffix}

/* The one that takes everything: gli_OP_portable. */
#define GLI_CUDA_PROVIDER(op, ...) GLI_CUDA_KERNEL_PROVIDER(op, portable, GLI_ACCEPTS_ALL, NULL, __VA_ARGS__)

#endif
