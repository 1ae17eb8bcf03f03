#include "ops/linear/dense_geom.h"

#include "core/provider.h"
#include "cuda/device/gpu_of_context.h"
#include "cuda/ops/dense_view.h"
#include "cuda/ops/tensor_cores.h"
#include "kernels/gemm/matmul_launch.h"

static gli_product forward_sizes(const gli_call *call, glia_dtype dtype) {
    const gli_dense_geom *g = call->geom;
    return (gli_product){.dtype = dtype, .m = g->rows, .n = g->u, .k = g->k, .alpha = 1, .beta = 1};
}

static gli_product weights_sizes(const gli_call *call, glia_dtype dtype) {
    const gli_dense_geom *g = call->geom;
    return (gli_product){.dtype          = dtype,
                         .m              = g->u,
                         .n              = g->k,
                         .k              = g->rows,
                         .alpha          = 1,
                         .wants_row_sums = call->out[GLI_DENSE_WEIGHTS_DBIAS] != NULL};
}

static size_t forward_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_product m = forward_sizes(call, dtype);
    return gli_kernel_matmul_workspace(&m);
}

static size_t weights_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_product m = weights_sizes(call, dtype);
    return gli_kernel_matmul_workspace(&m);
}

static gli_product forward_product(const gli_call *call, const gli_cuda_view *v) {
    const gli_dense_geom *g = call->geom;
    const int64_t *w        = v->in_stride[GLI_DENSE_W];
    gli_product m           = forward_sizes(call, v->dtype);
    m.activation            = g->activation;
    m.a                     = (gli_product_array){.data = v->in[GLI_DENSE_X], .row = g->k, .column = 1};
    m.b                     = (gli_product_array){.data = v->in[GLI_DENSE_W], .row = w[1], .column = w[0]};
    m.y                     = (gli_product_array){.data = v->out[0], .row = g->u, .column = 1};
    if (call->n_in > GLI_DENSE_BIAS && v->in[GLI_DENSE_BIAS])
        m.c = (gli_product_array){.data = v->in[GLI_DENSE_BIAS], .column = v->in_stride[GLI_DENSE_BIAS][0]};
    return m;
}

static gli_product weights_product(const gli_call *call, const gli_cuda_view *v) {
    const gli_dense_geom *g = call->geom;
    const int64_t *dw       = v->out_stride[GLI_DENSE_WEIGHTS_DW];
    gli_product m           = weights_sizes(call, v->dtype);
    m.a                     = (gli_product_array){.data = v->in[GLI_DENSE_WEIGHTS_DY], .row = 1, .column = g->u};
    m.b                     = (gli_product_array){.data = v->in[GLI_DENSE_WEIGHTS_X], .row = g->k, .column = 1};
    m.y                     = (gli_product_array){.data = v->out[GLI_DENSE_WEIGHTS_DW], .row = dw[0], .column = dw[1]};
    if (v->out[GLI_DENSE_WEIGHTS_DBIAS]) {
        m.row_sums      = v->out[GLI_DENSE_WEIGHTS_DBIAS];
        m.row_sums_step = v->out_stride[GLI_DENSE_WEIGHTS_DBIAS][0];
    }
    return m;
}

static glia_status run(const gli_call *call, const gli_cuda_view *v, const gli_product *m) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_matmul(m, gli_cuda_gpu(call), v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status run_wmma(const gli_call *call, const gli_cuda_view *v, const gli_product *m) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_matmul_wmma(m, call->ctx->math, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status forward(const gli_call *call, const gli_cuda_view *v) {
    const gli_product m = forward_product(call, v);
    return run(call, v, &m);
}

static glia_status forward_wmma(const gli_call *call, const gli_cuda_view *v) {
    const gli_product m = forward_product(call, v);
    return run_wmma(call, v, &m);
}

static glia_status weights(const gli_call *call, const gli_cuda_view *v) {
    const gli_product m = weights_product(call, v);
    return run(call, v, &m);
}

static glia_status weights_wmma(const gli_call *call, const gli_cuda_view *v) {
    const gli_product m = weights_product(call, v);
    return run_wmma(call, v, &m);
}

static const char *decline_forward(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->rows, g->u);
}

static const char *decline_weights(const gli_call *call) {
    const gli_dense_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->u, g->k);
}

GLI_CUDA_KERNEL_PROVIDER(dense, wmma, GLI_ACCEPTS_TENSOR_CORES, decline_forward, .run = forward_wmma,
                         .workspace = forward_workspace, .strided_in = 1 << GLI_DENSE_W | 1 << GLI_DENSE_BIAS);
GLI_CUDA_KERNEL_PROVIDER(dense_backward_weights, wmma, GLI_ACCEPTS_TENSOR_CORES, decline_weights, .run = weights_wmma,
                         .workspace   = weights_workspace,
                         .strided_out = 1 << GLI_DENSE_WEIGHTS_DW | 1 << GLI_DENSE_WEIGHTS_DBIAS);
GLI_CUDA_PROVIDER(dense, .run = forward, .workspace = forward_workspace,
                  .strided_in = 1 << GLI_DENSE_W | 1 << GLI_DENSE_BIAS);
GLI_CUDA_PROVIDER(dense_backward_weights, .run = weights, .workspace = weights_workspace,
                  .strided_out = 1 << GLI_DENSE_WEIGHTS_DW | 1 << GLI_DENSE_WEIGHTS_DBIAS);
