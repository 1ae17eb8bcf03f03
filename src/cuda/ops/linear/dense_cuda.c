#include "ops/linear/dense_geom.h"

#include "cuda/device/gpu_of_context.h"
#include "cuda/ops/tensor_cores.h"
#include "cuda/ops/dense_view.h"
#include "kernels/gemm/matmul_launch.h"

static glia_product forward_sizes(const glia_call *call, glia_dtype dtype) {
    const glia_dense_geom *g = call->geom;
    return (glia_product){.dtype = dtype, .m = g->rows, .n = g->u, .k = g->k, .alpha = 1, .beta = 1};
}

static glia_product weights_sizes(const glia_call *call, glia_dtype dtype) {
    const glia_dense_geom *g = call->geom;
    return (glia_product){.dtype          = dtype,
                          .m              = g->u,
                          .n              = g->k,
                          .k              = g->rows,
                          .alpha          = 1,
                          .wants_row_sums = call->out[DENSE_WEIGHTS_DBIAS] != NULL};
}

static size_t forward_workspace(const glia_call *call, glia_dtype dtype) {
    const glia_product m = forward_sizes(call, dtype);
    return glia_kernel_matmul_workspace(&m);
}

static size_t weights_workspace(const glia_call *call, glia_dtype dtype) {
    const glia_product m = weights_sizes(call, dtype);
    return glia_kernel_matmul_workspace(&m);
}

static glia_product forward_product(const glia_call *call, const glia_cuda_view *v) {
    const glia_dense_geom *g = call->geom;
    const int64_t *w         = v->in_stride[DENSE_W];
    glia_product m           = forward_sizes(call, v->dtype);
    m.activation             = g->activation;
    m.a                      = (glia_product_array){.data = v->in[DENSE_X], .row = g->k, .column = 1};
    m.b                      = (glia_product_array){.data = v->in[DENSE_W], .row = w[1], .column = w[0]};
    m.y                      = (glia_product_array){.data = v->out[0], .row = g->u, .column = 1};
    if (call->n_in > DENSE_BIAS && v->in[DENSE_BIAS])
        m.c = (glia_product_array){.data = v->in[DENSE_BIAS], .column = v->in_stride[DENSE_BIAS][0]};
    return m;
}

static glia_product weights_product(const glia_call *call, const glia_cuda_view *v) {
    const glia_dense_geom *g = call->geom;
    const int64_t *dw        = v->out_stride[DENSE_WEIGHTS_DW];
    glia_product m           = weights_sizes(call, v->dtype);
    m.a                      = (glia_product_array){.data = v->in[DENSE_WEIGHTS_DY], .row = 1, .column = g->u};
    m.b                      = (glia_product_array){.data = v->in[DENSE_WEIGHTS_X], .row = g->k, .column = 1};
    m.y                      = (glia_product_array){.data = v->out[DENSE_WEIGHTS_DW], .row = dw[0], .column = dw[1]};
    if (v->out[DENSE_WEIGHTS_DBIAS]) {
        m.row_sums      = v->out[DENSE_WEIGHTS_DBIAS];
        m.row_sums_step = v->out_stride[DENSE_WEIGHTS_DBIAS][0];
    }
    return m;
}

static glia_status run(const glia_call *call, const glia_cuda_view *v, const glia_product *m) {
    GLIA_CUDA_TRY(call->ctx, glia_kernel_matmul(m, glia_cuda_gpu(call), v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status run_wmma(const glia_call *call, const glia_cuda_view *v, const glia_product *m) {
    GLIA_CUDA_TRY(call->ctx, glia_kernel_matmul_wmma(m, call->ctx->math, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status forward(const glia_call *call, const glia_cuda_view *v) {
    const glia_product m = forward_product(call, v);
    return run(call, v, &m);
}

static glia_status forward_wmma(const glia_call *call, const glia_cuda_view *v) {
    const glia_product m = forward_product(call, v);
    return run_wmma(call, v, &m);
}

static glia_status weights(const glia_call *call, const glia_cuda_view *v) {
    const glia_product m = weights_product(call, v);
    return run(call, v, &m);
}

static glia_status weights_wmma(const glia_call *call, const glia_cuda_view *v) {
    const glia_product m = weights_product(call, v);
    return run_wmma(call, v, &m);
}

static const char *decline_forward(const glia_call *call) {
    const glia_dense_geom *g = call->geom;
    return glia_cuda_decline_tensor_cores(call, g->rows, g->u);
}

static const char *decline_weights(const glia_call *call) {
    const glia_dense_geom *g = call->geom;
    return glia_cuda_decline_tensor_cores(call, g->u, g->k);
}

GLIA_CUDA_KERNEL_PROVIDER(dense, wmma, decline_forward, .run = forward_wmma, .workspace = forward_workspace,
                          .strided_in = 1 << DENSE_W | 1 << DENSE_BIAS);
GLIA_CUDA_KERNEL_PROVIDER(dense_backward_weights, wmma, decline_weights, .run = weights_wmma,
                          .workspace   = weights_workspace,
                          .strided_out = 1 << DENSE_WEIGHTS_DW | 1 << DENSE_WEIGHTS_DBIAS);
GLIA_CUDA_PROVIDER(dense, .run = forward, .workspace = forward_workspace, .strided_in = 1 << DENSE_W | 1 << DENSE_BIAS);
GLIA_CUDA_PROVIDER(dense_backward_weights, .run = weights, .workspace = weights_workspace,
                   .strided_out = 1 << DENSE_WEIGHTS_DW | 1 << DENSE_WEIGHTS_DBIAS);
