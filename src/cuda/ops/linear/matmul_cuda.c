#include "kernels/gemm/matmul_launch.h"

#include "core/provider.h"
#include "cuda/device/gpu_of_context.h"
#include "cuda/ops/dense_view.h"
#include "cuda/ops/tensor_cores.h"
#include "ops/linear/matmul_geom.h"

/* The strides by which an operand's matrices follow each other, in the leading dimensions of y. */
static void batch_strides(const gli_matmul_geom *g, const gli_matmul_broadcast *of, const int64_t *stride,
                          int64_t *out) {
    for (int i = 0; i < g->batch_ndim; ++i) out[i] = of->step[i] ? stride[i - of->missing] : 0;
}

static void sizes(const gli_call *call, glia_dtype dtype, gli_product *out) {
    const gli_matmul_geom *g = call->geom;
    *out = (gli_product){.dtype = dtype, .m = g->m, .n = g->n, .k = g->k, .batch_ndim = g->batch_ndim};
    for (int i = 0; i < g->batch_ndim; ++i) out->batch[i] = g->batch[i];
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    gli_product m;
    sizes(call, dtype, &m);
    return gli_kernel_matmul_workspace(&m);
}

static void describe(const gli_call *call, const gli_cuda_view *v, gli_product *m) {
    const gli_matmul_geom *g = call->geom;
    const int a_last = call->in[GLI_MATMUL_A]->ndim - 1, b_last = call->in[GLI_MATMUL_B]->ndim - 1,
              y_last = g->batch_ndim + 1;
    const int64_t *a = v->in_stride[GLI_MATMUL_A], *b = v->in_stride[GLI_MATMUL_B], *y = v->out_stride[0];
    sizes(call, v->dtype, m);
    m->alpha = g->alpha, m->beta = g->beta;
    m->a = (gli_product_array){
        .data = v->in[GLI_MATMUL_A], .row = a[a_last - !g->transpose_a], .column = a[a_last - g->transpose_a]};
    m->b = (gli_product_array){
        .data = v->in[GLI_MATMUL_B], .row = b[b_last - !g->transpose_b], .column = b[b_last - g->transpose_b]};
    m->y = (gli_product_array){.data = v->out[0], .row = y[y_last - 1], .column = y[y_last]};
    batch_strides(g, &g->a, a, m->a.batch);
    batch_strides(g, &g->b, b, m->b.batch);
    for (int i = 0; i < g->batch_ndim; ++i) m->y.batch[i] = y[i];
    if (call->n_in <= GLI_MATMUL_C || !v->in[GLI_MATMUL_C]) return;
    const int64_t *c = v->in_stride[GLI_MATMUL_C];
    m->c             = (gli_product_array){.data   = v->in[GLI_MATMUL_C],
                                           .row    = g->c_row ? c[y_last - 1 - g->c.missing] : 0,
                                           .column = g->c_column ? c[y_last - g->c.missing] : 0};
    batch_strides(g, &g->c, c, m->c.batch);
}

static glia_status matmul(const gli_call *call, const gli_cuda_view *v) {
    gli_product m;
    describe(call, v, &m);
    GLI_CUDA_TRY(call->ctx, gli_kernel_matmul(&m, gli_cuda_gpu(call), v->workspace, v->stream));
    return GLIA_OK;
}

static const char *decline_wmma(const gli_call *call) {
    const gli_matmul_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->m, g->n);
}

static glia_status matmul_wmma(const gli_call *call, const gli_cuda_view *v) {
    gli_product m;
    describe(call, v, &m);
    GLI_CUDA_TRY(call->ctx, gli_kernel_matmul_wmma(&m, call->ctx->math, v->workspace, v->stream));
    return GLIA_OK;
}

GLI_CUDA_KERNEL_PROVIDER(matmul, wmma, GLI_ACCEPTS_TENSOR_CORES, decline_wmma, .run = matmul_wmma,
                         .workspace = workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_PROVIDER(matmul, .run = matmul, .workspace = workspace, .strided_in = 7, .strided_out = 1);
