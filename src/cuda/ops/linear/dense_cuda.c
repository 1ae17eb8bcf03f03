#include "cuda/ops/linear/dense_chain.h"

#include "core/provider.h"
#include "cuda/ops/gemm_provider.h"
#include "cuda/ops/tensor_cores.h"
#include "kernels/gemm/matmul_launch.h"

static gli_gemm forward_sizes(const gli_call *call, glia_dtype dtype) {
    const gli_dense_geom *g = call->geom;
    return (gli_gemm){.dtype = dtype, .m = g->rows, .n = g->u, .k = g->k, .alpha = 1, .beta = 1};
}

static gli_gemm weights_sizes(const gli_call *call, glia_dtype dtype) {
    const gli_dense_geom *g = call->geom;
    return (gli_gemm){.dtype        = dtype,
                      .m            = g->u,
                      .n            = g->k,
                      .k            = g->rows,
                      .alpha        = 1,
                      .wide_y       = true,
                      .has_row_sums = call->out[GLI_DENSE_WEIGHTS_DBIAS] != NULL};
}

static gli_gemm data_sizes(const gli_call *call, glia_dtype dtype) {
    const gli_dense_geom *g = call->geom;
    return (gli_gemm){.dtype = dtype, .m = g->rows, .n = g->k, .k = g->u, .alpha = 1};
}

static size_t forward_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_gemm m = forward_sizes(call, dtype);
    return gli_kernel_matmul_workspace(&m);
}

static size_t weights_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_gemm m = weights_sizes(call, dtype);
    return gli_kernel_matmul_workspace(&m);
}

static size_t data_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_gemm m = data_sizes(call, dtype);
    return gli_kernel_matmul_workspace(&m);
}

gli_gemm gli_cuda_dense_gemm(const gli_call *call, const gli_cuda_view *v) {
    const gli_dense_geom *g = call->geom;
    const int64_t *w        = v->in_stride[GLI_DENSE_W];
    gli_gemm m              = forward_sizes(call, v->dtype);
    m.activation            = g->activation;
    m.a                     = (gli_gemm_matrix){.data = v->in[GLI_DENSE_X], .row_stride = g->k, .column_stride = 1};
    m.b                     = (gli_gemm_matrix){.data = v->in[GLI_DENSE_W], .row_stride = w[1], .column_stride = w[0]};
    m.y                     = (gli_gemm_matrix){.data = v->out[0], .row_stride = g->u, .column_stride = 1};
    if (call->n_in > GLI_DENSE_BIAS && v->in[GLI_DENSE_BIAS])
        m.c = (gli_gemm_matrix){.data = v->in[GLI_DENSE_BIAS], .column_stride = v->in_stride[GLI_DENSE_BIAS][0]};
    return m;
}

static gli_gemm weights_gemm(const gli_call *call, const gli_cuda_view *v) {
    const gli_dense_geom *g = call->geom;
    const int64_t *dw       = v->out_stride[GLI_DENSE_WEIGHTS_DW];
    gli_gemm m              = weights_sizes(call, v->dtype);
    m.a = (gli_gemm_matrix){.data = v->in[GLI_DENSE_WEIGHTS_DY], .row_stride = 1, .column_stride = g->u};
    m.b = (gli_gemm_matrix){.data = v->in[GLI_DENSE_WEIGHTS_X], .row_stride = g->k, .column_stride = 1};
    m.y = (gli_gemm_matrix){.data = v->out[GLI_DENSE_WEIGHTS_DW], .row_stride = dw[0], .column_stride = dw[1]};
    if (v->out[GLI_DENSE_WEIGHTS_DBIAS]) {
        m.row_sums        = v->out[GLI_DENSE_WEIGHTS_DBIAS];
        m.row_sums_stride = v->out_stride[GLI_DENSE_WEIGHTS_DBIAS][0];
    }
    return m;
}

gli_gemm gli_cuda_dense_data_gemm(const gli_call *call, const gli_cuda_view *v) {
    const gli_dense_geom *g = call->geom;
    const int64_t *w        = v->in_stride[GLI_DENSE_DATA_W];
    gli_gemm m              = data_sizes(call, v->dtype);
    m.a = (gli_gemm_matrix){.data = v->in[GLI_DENSE_DATA_DY], .row_stride = g->u, .column_stride = 1};
    m.b = (gli_gemm_matrix){.data = v->in[GLI_DENSE_DATA_W], .row_stride = w[0], .column_stride = w[1]};
    m.y = (gli_gemm_matrix){.data = v->out[0], .row_stride = g->k, .column_stride = 1};
    if (g->activation == GLIA_UNARY_LINEAR) return m;
    m.c          = (gli_gemm_matrix){.data = v->in[GLI_DENSE_DATA_X], .row_stride = g->k, .column_stride = 1};
    m.activation = g->activation;
    m.backward   = true;
    return m;
}

GLI_CUDA_GEMM(forward, gli_gemm, gli_cuda_dense_gemm, gli_kernel_matmul)
GLI_CUDA_GEMM(forward_tensor_cores, gli_gemm, gli_cuda_dense_gemm, gli_kernel_matmul_tensor_cores)
GLI_CUDA_GEMM(weights, gli_gemm, weights_gemm, gli_kernel_matmul)
GLI_CUDA_GEMM(weights_tensor_cores, gli_gemm, weights_gemm, gli_kernel_matmul_tensor_cores)
GLI_CUDA_GEMM(data, gli_gemm, gli_cuda_dense_data_gemm, gli_kernel_matmul)
GLI_CUDA_GEMM(data_tensor_cores, gli_gemm, gli_cuda_dense_data_gemm, gli_kernel_matmul_tensor_cores)

_Static_assert((int)GLI_GEMM_GROUP >= (int)GLI_MAX_GROUP, "a group of calls is one of GEMMs");

static int group_weights(const gli_call *const *calls, const gli_cuda_view *views, int n) {
    gli_gemm gemms[GLI_MAX_GROUP];
    for (int i = 0; i < n; ++i) gemms[i] = weights_gemm(calls[i], &views[i]);
    return gli_kernel_matmul_group_size(gemms, n);
}

static glia_status run_weights_group(const gli_call *const *calls, const gli_cuda_view *views, int n) {
    gli_gemm gemms[GLI_MAX_GROUP];
    const gli_gemm_run how = gli_cuda_gemm_run(calls[0], NULL);
    for (int i = 0; i < n; ++i) gemms[i] = weights_gemm(calls[i], &views[i]);
    GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_matmul_group(gemms, n, &how));
    return GLIA_OK;
}

static const char *decline_forward(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->rows, g->u);
}

static const char *decline_weights(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->u, g->k);
}

static const char *decline_data(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->rows, g->k);
}

GLI_CUDA_KERNEL(dense, tensor_cores, .run = forward_tensor_cores, .workspace = forward_workspace,
                .strided_in = 1 << GLI_DENSE_W | 1 << GLI_DENSE_BIAS)
GLI_CUDA_KERNEL_CHAINS(dense, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_forward,
                       gli_cuda_dense_tensor_cores_chain, gli_cuda_run_dense_tensor_cores_chain);
GLI_CUDA_KERNEL_PROVIDER(dense_backward_weights, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_weights,
                         .run = weights_tensor_cores, .workspace = weights_workspace,
                         .strided_out = 1 << GLI_DENSE_WEIGHTS_DW | 1 << GLI_DENSE_WEIGHTS_DBIAS);
GLI_CUDA_KERNEL(dense, portable, .run = forward, .workspace = forward_workspace,
                .strided_in = 1 << GLI_DENSE_W | 1 << GLI_DENSE_BIAS)
const gli_cuda_kernel *const gli_cuda_dense_kernel = &dense_portable_kernel;
GLI_CUDA_CHAIN_PROVIDER(dense, gli_cuda_dense_chain, gli_cuda_run_dense_chain);
GLI_CUDA_GROUP_PROVIDER(dense_backward_weights, .run = weights, .workspace = weights_workspace, .group = group_weights,
                        .run_group   = run_weights_group,
                        .strided_out = 1 << GLI_DENSE_WEIGHTS_DW | 1 << GLI_DENSE_WEIGHTS_DBIAS);
GLI_CUDA_KERNEL(dense_backward_data, tensor_cores, .run = data_tensor_cores, .workspace = data_workspace,
                .strided_in = 1 << GLI_DENSE_DATA_W)
GLI_CUDA_KERNEL_CHAINS(dense_backward_data, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_data,
                       gli_cuda_dense_tensor_cores_chain, gli_cuda_run_dense_tensor_cores_chain);
GLI_CUDA_KERNEL(dense_backward_data, portable, .run = data, .workspace = data_workspace,
                .strided_in = 1 << GLI_DENSE_DATA_W)
const gli_cuda_kernel *const gli_cuda_dense_data_kernel = &dense_backward_data_portable_kernel;
GLI_CUDA_CHAIN_PROVIDER(dense_backward_data, gli_cuda_dense_chain, gli_cuda_run_dense_chain);
