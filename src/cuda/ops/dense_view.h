/* What a kernel sees of a call: dense row-major arrays, its data of one type of float. Tensors that are not are copied
 * to and from the workspace, here, for all ops. So each X_cuda.c is a few lines, its kernel knows no strides, and every
 * call that the op allows is accepted; the calls that matter need no copies. */
#ifndef GLI_CUDA_OPS_DENSE_VIEW_H
#define GLI_CUDA_OPS_DENSE_VIEW_H

#include "cuda/device/cuda_device.h"

typedef struct gli_cuda_view {
    glia_dtype dtype;           /* of the data, a float. Where the call mixes floats: f64 if one is, else f32 */
    const void *in[GLI_MAX_IN]; /* NULL: absent. i32 is widened to i64; u8 and i64 stay what they are */
    void *out[GLI_MAX_OUT];     /* NULL: not requested. Integers are of the tensor's own type */
    const int64_t *in_stride[GLI_MAX_IN], *out_stride[GLI_MAX_OUT]; /* of what `in` and `out` point to */
    void *workspace; /* as much as the kernel asked for, aligned to 256 bytes */
    cudaStream_t stream;
    const void *plan; /* what the provider prepared; NULL: it is of none that does */
} gli_cuda_view;

typedef struct gli_cuda_kernel {
    glia_status (*run)(const gli_call *call, const gli_cuda_view *view);
    glia_status (*prepare)(const gli_call *call,
                           gli_prepared *out);                   /* checks, and sizes of saved outputs; NULL: none */
    size_t (*workspace)(const gli_call *call, glia_dtype dtype); /* bytes; NULL: none */
    uint32_t strided_in, strided_out;                            /* bit i: the kernel reads its strides, any strides */
    uint32_t typed_in, typed_out;   /* bit i: seen in its own dtype, whatever the others have, as wide tensors are */
    uint32_t narrow_in, narrow_out; /* bit i: a wide tensor that the kernel sees in the dtype of the data */
    int alignment;                  /* bytes that addresses must be multiples of; 0: of an element's */
    bool flat; /* elementwise: tensors that are packed and have the same strides are arrays of elements in any order */
    /* Of a provider that has them, see provider.h; the views have no workspace. */
    int (*group)(const gli_call *const *calls, const gli_cuda_view *views, int n);
    glia_status (*run_group)(const gli_call *const *calls, const gli_cuda_view *views, int n);
} gli_cuda_kernel;

glia_status gli_cuda_view_prepare(const gli_call *call, const gli_cuda_kernel *kernel, gli_prepared *out);
glia_status gli_cuda_view_run(const gli_call *call, const gli_cuda_kernel *kernel, void *workspace);
/* The same with the view's plan. */
glia_status gli_cuda_view_run_planned(const gli_call *call, const gli_cuda_kernel *kernel, const void *plan,
                                      void *workspace);

/* false: the kernel sees copies of some of the call's tensors, or nothing is requested of it. */
bool gli_cuda_view_as_is(const gli_call *call, const gli_cuda_kernel *kernel, gli_cuda_view *out);

/* For the fields group and run_group of a provider. A call of which a tensor would be copied is in no group. */
int gli_cuda_view_group(const gli_call *const *calls, int n, const gli_cuda_kernel *kernel);
glia_status gli_cuda_view_run_group(const gli_call *const *calls, int n, const gli_cuda_kernel *kernel);
/* Sets what the kernel of each of the first calls sees, without workspaces; returns how many need no copies. */
int gli_cuda_views(const gli_call *const *calls, const gli_cuda_kernel *const *kernels, int n, gli_cuda_view *views);

/* Defines the kernel op_suffix_kernel of these fields, and the functions of its provider. */
#define GLI_CUDA_KERNEL(op, suffix, ...)                                                                          \
    static const gli_cuda_kernel op##_##suffix##_kernel = {__VA_ARGS__};                                          \
    static glia_status prepare_##op##_##suffix(const gli_call *call, gli_prepared *out) {                         \
        return gli_cuda_view_prepare(call, &op##_##suffix##_kernel, out);                                         \
    }                                                                                                             \
    static glia_status run_##op##_##suffix(const gli_call *call, const gli_prepared *prepared, void *workspace) { \
        (void)prepared;                                                                                           \
        return gli_cuda_view_run(call, &op##_##suffix##_kernel, workspace);                                       \
    }

/* Defines the provider gli_OP_SUFFIX, named cuda.SUFFIX; what follows are the fields of its gli_cuda_kernel. */
#define GLI_CUDA_KERNEL_PROVIDER(op, suffix, accepts_, decline_, ...)             \
    GLI_CUDA_KERNEL(op, suffix, __VA_ARGS__)                                      \
    const gli_provider gli_##op##_##suffix = {.name    = "cuda." #suffix,         \
                                              .accepts = accepts_,                \
                                              .decline = decline_,                \
                                              .prepare = prepare_##op##_##suffix, \
                                              .run     = run_##op##_##suffix}

/* The one that takes everything: gli_OP_portable. */
#define GLI_CUDA_PROVIDER(op, ...) GLI_CUDA_KERNEL_PROVIDER(op, portable, GLI_ACCEPTS_ALL, NULL, __VA_ARGS__)

/* The same of one whose kernel runs groups. */
#define GLI_CUDA_GROUP_PROVIDER(op, ...)                                                              \
    GLI_CUDA_KERNEL(op, portable, __VA_ARGS__)                                                        \
    static int group_##op(const gli_call *const *calls, int n) {                                      \
        return gli_cuda_view_group(calls, n, &op##_portable_kernel);                                  \
    }                                                                                                 \
    static glia_status run_group_##op(const gli_call *const *calls, void *const *workspaces, int n) { \
        (void)workspaces;                                                                             \
        return gli_cuda_view_run_group(calls, n, &op##_portable_kernel);                              \
    }                                                                                                 \
    const gli_provider gli_##op##_portable = {.name      = "cuda.portable",                           \
                                              .accepts   = GLI_ACCEPTS_ALL,                           \
                                              .prepare   = prepare_##op##_portable,                   \
                                              .run       = run_##op##_portable,                       \
                                              .group     = group_##op,                                \
                                              .run_group = run_group_##op}

/* The same of a kernel that is defined already, OP_SUFFIX_kernel, with chains. */
#define GLI_CUDA_KERNEL_CHAINS(op_, suffix, accepts_, decline_, chain_, run_chain_)   \
    const gli_provider gli_##op_##_##suffix = {.name      = "cuda." #suffix,          \
                                               .accepts   = accepts_,                 \
                                               .decline   = decline_,                 \
                                               .prepare   = prepare_##op_##_##suffix, \
                                               .run       = run_##op_##_##suffix,     \
                                               .chain     = chain_,                   \
                                               .run_chain = run_chain_}
#define GLI_CUDA_CHAIN_PROVIDER(op_, chain_, run_chain_) \
    GLI_CUDA_KERNEL_CHAINS(op_, portable, GLI_ACCEPTS_ALL, NULL, chain_, run_chain_)

#endif
