#include "cuda/ops/rnn/rnn_gemms.h"

#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/prepared.h"
#include "core/size.h"
#include "cuda/ops/gemm_provider.h"
#include "cuda/ops/tensor_cores.h"
#include "ops/linear/dense_geom.h"
#include "ops/linear/matmul_geom.h"

/* Of each GEMM, what cuBLASLt prepared; NULL: a kernel of our own computes it. */
typedef struct plans {
    glia_context *ctx;
    gli_prepared_entry *of[GLI_RNN_MAX_GEMMS];
} plans;

/* A GEMM as a call. */
typedef struct gemm_call {
    gli_call call;
    glia_tensor in[3], out[2];
    _Alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
} gemm_call;

static const glia_tensor *matrix(glia_tensor *out, glia_dtype dtype, const gli_gemm_matrix *m, int rows, int columns) {
    gli_set_shape(out, dtype, 2, (const int64_t[]){rows, columns});
    out->stride[0] = m->row_stride, out->stride[1] = m->column_stride;
    out->data = (void *)m->data;
    return out;
}

static gli_gemm_matrix transposed(gli_gemm_matrix m) {
    return (gli_gemm_matrix){.data = m.data, .row_stride = m.column_stride, .column_stride = m.row_stride};
}

static const glia_tensor *vector(glia_tensor *out, glia_dtype dtype, const void *data, int count, int64_t stride) {
    gli_set_shape(out, dtype, 1, (const int64_t[]){count});
    out->stride[0] = stride;
    out->data      = (void *)data;
    return out;
}

/* dw = dy^T x and, where they are requested, its sums of rows dbias, f32 beside halves: a is dy^T, b is x. */
static void describe_weights(const gli_gemm *g, gemm_call *c) {
    const gli_gemm_matrix dy          = transposed(g->a);
    const glia_dtype wide             = gli_dtype_wide(g->dtype);
    c->call.op                        = &gli_op_dense_backward_weights;
    c->call.n_in                      = 2;
    c->call.in[GLI_DENSE_WEIGHTS_X]   = matrix(&c->in[0], g->dtype, &g->b, g->k, g->n);
    c->call.in[GLI_DENSE_WEIGHTS_DY]  = matrix(&c->in[1], g->dtype, &dy, g->k, g->m);
    c->call.out[GLI_DENSE_WEIGHTS_DW] = matrix(&c->out[0], wide, &g->y, g->m, g->n);
    if (g->has_row_sums)
        c->call.out[GLI_DENSE_WEIGHTS_DBIAS] = vector(&c->out[1], wide, g->row_sums, g->m, g->row_sums_stride);
}

/* c is y, or a bias, which is one row. */
static void describe_product(const gli_gemm *g, gemm_call *c) {
    c->call.op               = &gli_op_matmul;
    c->call.n_in             = g->c.data ? 3 : 2;
    c->call.in[GLI_MATMUL_A] = matrix(&c->in[0], g->dtype, &g->a, g->m, g->k);
    c->call.in[GLI_MATMUL_B] = matrix(&c->in[1], g->dtype, &g->b, g->k, g->n);
    c->call.out[0]           = matrix(&c->out[0], g->dtype, &g->y, g->m, g->n);
    if (!g->c.data) return;
    c->call.in[GLI_MATMUL_C] = g->c.row_stride == 0 ? vector(&c->in[2], g->dtype, g->c.data, g->n, g->c.column_stride)
                                                    : matrix(&c->in[2], g->dtype, &g->c, g->m, g->n);
}

static glia_status describe(const gli_call *layer, const gli_gemm *g, gemm_call *c) {
    gli_resolution r;
    memset(c, 0, sizeof *c);
    c->call = (gli_call){.ctx       = layer->ctx,
                         .geom      = c->geom,
                         .stream    = layer->stream,
                         .label     = layer->label,
                         .direction = layer->direction};
    if (g->wide_y)
        describe_weights(g, c);
    else
        describe_product(g, c);
    for (int i = 0; i < c->call.n_in; ++i) c->in[i].ctx = layer->ctx;
    for (int o = 0; o < c->call.op->n_outputs; ++o) c->out[o].ctx = layer->ctx;
    return gli_resolve(layer->ctx, c->call.op, NULL, c->call.n_in, c->call.in, c->geom, &r);
}

static const gli_provider *library_of(const gli_call *call) {
    for (const gli_provider *const *it = call->ctx->device->providers(call->op); *it; ++it)
        if (strcmp((*it)->name, "cuda.cublas") == 0) return *it;
    return NULL;
}

/* *entry stays NULL where cuBLASLt is not there or does not take it. */
static glia_status plan(const gli_call *layer, const gli_gemm *g, gli_prepared_entry **entry) {
    gemm_call c;
    char why[GLI_REASON] = "";
    if (g->m == 0 || g->n == 0 || g->k == 0) return GLIA_OK;
    GLI_TRY(describe(layer, g, &c));
    const gli_provider *library = library_of(&c.call);
    if (!library) return GLIA_OK;
    const char *reason       = gli_declines(library, &c.call, why);
    const glia_status status = reason ? GLIA_UNSUPPORTED : gli_prepared_take(&c.call, library, why, entry);
    const bool taken         = status == GLIA_OK;
    if (!reason) reason = taken ? "" : why;
    gli_log(layer->ctx, GLI_LOG_DISPATCH, "%s: a product of %d x %d x %d: %s%s", layer->op->name, g->m, g->n, g->k,
            taken ? library->name : "our own, since it declines: ", reason);
    return status == GLIA_UNSUPPORTED ? GLIA_OK : status;
}

size_t gli_cuda_rnn_gemm_workspace(const gli_rnn_gemms *gemms) {
    size_t max = 0;
    for (int i = 0; i < gemms->count; ++i) max = gli_max_size(max, gli_kernel_matmul_workspace(&gemms->of[i]));
    return max;
}

void gli_cuda_rnn_release(gli_prepared *prepared) {
    plans *p = prepared->state;
    if (!p) return;
    for (int i = 0; i < GLI_RNN_MAX_GEMMS; ++i)
        if (p->of[i]) gli_prepared_give_back(p->ctx, p->of[i]);
    gli_free(p->ctx, p, 1, sizeof *p);
    *prepared = (gli_prepared){0};
}

glia_status gli_cuda_rnn_plan_gemms(const gli_call *call, const gli_rnn_gemms *gemms, gli_prepared *out) {
    glia_context *ctx  = call->ctx;
    const size_t own   = gli_cuda_rnn_gemm_workspace(gemms);
    size_t most        = own;
    glia_status status = GLIA_OK;
    void *memory;
    if (ctx->provider[0]) return GLIA_OK;
    GLI_TRY(gli_new(ctx, 1, sizeof(plans), "the plans of a recurrent layer's products", &memory));
    plans *p   = memory;
    *p         = (plans){.ctx = ctx};
    out->state = p;
    for (int i = 0; i < gemms->count && status == GLIA_OK; ++i) {
        status = plan(call, &gemms->of[i], &p->of[i]);
        if (p->of[i]) most = gli_max_size(most, gli_prepared_of(p->of[i])->workspace);
    }
    if (status == GLIA_OK && !gli_add_size(out->workspace, most - own, &out->workspace))
        status =
            gli_fail(ctx, GLIA_OUT_OF_MEMORY, "%s: its products need more memory than there can be", call->op->name);
    if (status != GLIA_OK) gli_cuda_rnn_release(out);
    return status;
}

/* On tensor cores where the context and the GPU allow it. */
static glia_status multiply_by_own(const gli_call *call, const gli_gemm *gemm, void *workspace) {
    const gli_gemm_run how = gli_cuda_gemm_run(call, workspace);
    if (gli_cuda_decline_tensor_product(call, gemm->dtype, gemm->m, gemm->n))
        GLI_CUDA_TRY(call->ctx, gli_kernel_matmul(gemm, &how));
    else
        GLI_CUDA_TRY(call->ctx, gli_kernel_matmul_tensor_cores(gemm, &how));
    return GLIA_OK;
}

glia_status gli_cuda_rnn_multiply(const gli_call *call, const gli_rnn_gemms *gemms, const void *state,
                                  void *workspace) {
    const plans *p = state;
    gemm_call c;
    for (int i = 0; i < gemms->count; ++i) {
        const gli_prepared_entry *entry = p ? p->of[i] : NULL;
        if (!entry) {
            GLI_TRY(multiply_by_own(call, &gemms->of[i], workspace));
            continue;
        }
        GLI_TRY(describe(call, &gemms->of[i], &c));
        GLI_TRY(library_of(&c.call)->run(&c.call, gli_prepared_of(entry), workspace));
    }
    return GLIA_OK;
}

gli_cuda_view gli_cuda_rnn_placeholders(const gli_call *call) {
    gli_cuda_view v = {.dtype = call->in[GLI_RNN_X]->dtype};
    for (int i = 0; i < call->n_in; ++i) v.in[i] = call->in[i] ? call->in[i]->data : NULL;
    for (int o = 0; o < call->op->n_outputs; ++o) v.out[o] = call->out[o] ? call->out[o]->data : NULL;
    return v;
}
