#include "kernels/gemm/matmul_launch.h"

#include "core/provider.h"
#include "cuda/ops/gemm_provider.h"
#include "cuda/ops/tensor_cores.h"
#include "ops/linear/matmul_geom.h"

/* The strides from a matrix of an input to the next, in the leading dimensions of y. */
static void batch_strides(const gli_matmul_geom *g, const gli_matmul_broadcast *of, const int64_t *stride,
                          int64_t *out) {
    for (int i = 0; i < g->batch_ndim; ++i) out[i] = of->step[i] ? stride[i - of->missing] : 0;
}

static gli_gemm sizes(const gli_call *call, glia_dtype dtype) {
    const gli_matmul_geom *g = call->geom;
    gli_gemm m               = {.dtype = dtype, .m = g->m, .n = g->n, .k = g->k, .batch_ndim = g->batch_ndim};
    for (int i = 0; i < g->batch_ndim; ++i) m.batch[i] = g->batch[i];
    return m;
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    const gli_gemm m = sizes(call, dtype);
    return gli_kernel_matmul_workspace(&m);
}

static gli_gemm describe(const gli_call *call, const gli_cuda_view *v) {
    const gli_matmul_geom *g = call->geom;
    const int a_last = call->in[GLI_MATMUL_A]->ndim - 1, b_last = call->in[GLI_MATMUL_B]->ndim - 1,
              y_last = g->batch_ndim + 1;
    const int64_t *a = v->in_stride[GLI_MATMUL_A], *b = v->in_stride[GLI_MATMUL_B], *y = v->out_stride[0];
    gli_gemm m = sizes(call, v->dtype);
    m.alpha = g->alpha, m.beta = g->beta;
    m.a = (gli_gemm_matrix){.data          = v->in[GLI_MATMUL_A],
                            .row_stride    = a[a_last - !g->transpose_a],
                            .column_stride = a[a_last - g->transpose_a]};
    m.b = (gli_gemm_matrix){.data          = v->in[GLI_MATMUL_B],
                            .row_stride    = b[b_last - !g->transpose_b],
                            .column_stride = b[b_last - g->transpose_b]};
    m.y = (gli_gemm_matrix){.data = v->out[0], .row_stride = y[y_last - 1], .column_stride = y[y_last]};
    batch_strides(g, &g->a, a, m.a.batch_stride);
    batch_strides(g, &g->b, b, m.b.batch_stride);
    for (int i = 0; i < g->batch_ndim; ++i) m.y.batch_stride[i] = y[i];
    if (!g->reads_c) return m;
    const int64_t *c = v->in_stride[GLI_MATMUL_C];
    m.c              = (gli_gemm_matrix){.data          = v->in[GLI_MATMUL_C],
                                         .row_stride    = g->c_row ? c[y_last - 1 - g->c.missing] : 0,
                                         .column_stride = g->c_column ? c[y_last - g->c.missing] : 0};
    batch_strides(g, &g->c, c, m.c.batch_stride);
    return m;
}

static const char *decline_tensor_cores(const gli_call *call) {
    const gli_matmul_geom *g = call->geom;
    return gli_cuda_decline_tensor_cores(call, g->m, g->n);
}

GLI_CUDA_GEMM(matmul, gli_gemm, describe, gli_kernel_matmul)
GLI_CUDA_GEMM(matmul_tensor_cores, gli_gemm, describe, gli_kernel_matmul_tensor_cores)

GLI_CUDA_KERNEL_PROVIDER(matmul, tensor_cores, GLI_ACCEPTS_TENSOR_CORES, decline_tensor_cores,
                         .run = matmul_tensor_cores, .workspace = workspace, .strided_in = 7, .strided_out = 1);
GLI_CUDA_PROVIDER(matmul, .run = matmul, .workspace = workspace, .strided_in = 7, .strided_out = 1);
