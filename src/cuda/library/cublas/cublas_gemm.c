/* One product of matrices: described to cuBLASLt, its algorithm picked, launched. */
#include "core/dtype.h"
#include "core/size.h"
#include "cuda/library/access.h"
#include "cuda/library/autotune.h"
#include "cuda/library/cublas/cublas_calls.h"
#include "kernels/elementwise/unary_launch.h"
#include "kernels/gemm/bias_launch.h"
#include "kernels/reduce/reduce_launch.h"

enum {
    WORKSPACE  = 32 << 20, /* what cuBLAS itself takes on sm_90 */
    CANDIDATES = 8,        /* of the heuristic's algorithms, to be timed */
    ALIGNMENT  = 256       /* of the workspace. Source: cuBLAS, cublasLtMatmul, "workspace" */
};

typedef struct plan {
    gli_cublas lt;
    gli_cublas_product product;
    cublasLtMatmulDesc_t desc;
    cublasLtMatrixLayout_t a, b, c, d; /* as the library sees them: its a is the product's b, both transposed */
    cublasLtMatmulAlgo_t algorithms[CANDIDATES];
    size_t workspaces[CANDIDATES];
    int count, chosen;
    bool separate; /* bias or sums are a pass of our own */
    gli_reduce_shape sums;
} plan;

/* A column-major matrix of the library: the memory of op(it). */
typedef struct layout {
    int64_t rows, columns, leading;
    bool transposed;
} layout;

/* The transpose of m, which stands for m because the library is column-major. false: neither its rows
 * nor its columns are packed. */
static bool lay_out(const gli_cublas_matrix *m, layout *out) {
    const bool rows_packed    = m->column_stride == 1 || m->columns == 1;
    const bool columns_packed = m->row_stride == 1 || m->rows == 1;
    if (rows_packed && (m->rows == 1 || m->row_stride >= m->columns)) {
        *out = (layout){m->columns, m->rows, m->rows == 1 ? m->columns : m->row_stride, false};
        return true;
    }
    if (columns_packed && (m->columns == 1 || m->column_stride >= m->rows)) {
        *out = (layout){m->rows, m->columns, m->columns == 1 ? m->rows : m->column_stride, true};
        return true;
    }
    return false;
}

static bool fits(const gli_cublas_matrix *m, bool may_be_transposed) {
    layout l;
    return m->rows == 0 || (lay_out(m, &l) && (may_be_transposed || !l.transposed));
}

const char *gli_cublas_decline_product(const gli_cublas_product *p) {
    if (!fits(&p->a, true) || !fits(&p->b, true)) return "neither the rows nor the columns of a matrix are packed";
    if (!fits(&p->y, false) || !fits(&p->c, false)) return "the rows of the result are not packed";
    return NULL;
}

static cudaDataType_t type_of(glia_dtype dtype) {
    switch (dtype) {
        case GLIA_F64: return CUDA_R_64F;
        case GLIA_BF16: return CUDA_R_16BF;
        case GLIA_F16: return CUDA_R_16F;
        default: return CUDA_R_32F;
    }
}

/* f32 is f32: the tensor cores' formats only where the context asks for them. */
static cublasComputeType_t compute_type(glia_dtype dtype, glia_math math) {
    if (dtype == GLIA_F64) return CUBLAS_COMPUTE_64F;
    if (dtype != GLIA_F32) return CUBLAS_COMPUTE_32F;
    return math == GLIA_MATH_TF32   ? CUBLAS_COMPUTE_32F_FAST_TF32
           : math == GLIA_MATH_BF16 ? CUBLAS_COMPUTE_32F_FAST_16BF
                                    : CUBLAS_COMPUTE_32F;
}

static glia_status make_layout(const gli_cublas *lt, const gli_cublas_product *p, const gli_cublas_matrix *m,
                               cudaDataType_t type, cublasLtMatrixLayout_t *out, cublasOperation_t *op) {
    layout l;
    if (!lay_out(m, &l)) return GLIA_UNSUPPORTED;
    *op = l.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    GLI_CUBLAS_TRY(lt, cublasLtMatrixLayoutCreate, out, type, (uint64_t)l.rows, (uint64_t)l.columns, l.leading);
    if (p->batch == 1) return GLIA_OK;
    const int32_t batch = (int32_t)p->batch;
    GLI_CUBLAS_TRY(lt, cublasLtMatrixLayoutSetAttribute, *out, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch,
                   sizeof batch);
    GLI_CUBLAS_TRY(lt, cublasLtMatrixLayoutSetAttribute, *out, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                   &m->batch_stride, sizeof m->batch_stride);
    return GLIA_OK;
}

/* The bias or the sums; NULL: the product has neither. */
static const void *vector_of(const plan *p, const gli_call *call) {
    const gli_cublas_tensors *tensors = &p->product.tensors;
    if (tensors->bias >= 0) return call->in[tensors->bias]->data;
    return tensors->row_sums >= 0 ? call->out[tensors->row_sums]->data : NULL;
}

/* What the product's epilogue reads or writes; NULL: it has none. */
static const void *epilogue_of(const plan *p, const gli_call *call) { return p->separate ? NULL : vector_of(p, call); }

static glia_status set_vector(const plan *p, const void *vector) {
    GLI_CUBLAS_TRY(&p->lt, cublasLtMatmulDescSetAttribute, p->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &vector,
                   sizeof vector);
    return GLIA_OK;
}

/* The library's B is our a, so that the sums over a's rows are those over B's columns. */
static glia_status set_epilogue(const plan *p, const void *vector) {
    const cublasLtEpilogue_t epilogue =
        p->product.tensors.bias >= 0 ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_BGRADB;
    if (!vector) return GLIA_OK;
    GLI_CUBLAS_TRY(&p->lt, cublasLtMatmulDescSetAttribute, p->desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                   sizeof epilogue);
    return set_vector(p, vector);
}

static glia_status describe(plan *p, const gli_call *call) {
    const gli_cublas *lt        = &p->lt;
    const gli_cublas_product *g = &p->product;
    const glia_dtype dtype      = call->in[g->tensors.a]->dtype;
    const cudaDataType_t type = type_of(dtype), y_type = type_of(call->out[g->tensors.y]->dtype);
    cublasOperation_t a, b, y;
    GLI_CUBLAS_TRY(lt, cublasLtMatmulDescCreate, &p->desc, compute_type(dtype, lt->ctx->math),
                   dtype == GLIA_F64 ? CUDA_R_64F : CUDA_R_32F);
    GLI_TRY(make_layout(lt, g, &g->b, type, &p->a, &a));
    GLI_TRY(make_layout(lt, g, &g->a, type, &p->b, &b));
    GLI_TRY(make_layout(lt, g, g->c.rows ? &g->c : &g->y, y_type, &p->c, &y));
    GLI_TRY(make_layout(lt, g, &g->y, y_type, &p->d, &y));
    GLI_CUBLAS_TRY(lt, cublasLtMatmulDescSetAttribute, p->desc, CUBLASLT_MATMUL_DESC_TRANSA, &a, sizeof a);
    GLI_CUBLAS_TRY(lt, cublasLtMatmulDescSetAttribute, p->desc, CUBLASLT_MATMUL_DESC_TRANSB, &b, sizeof b);
    return set_epilogue(p, epilogue_of(p, call));
}

/* How partial sums over k may be added: in the compute type, by a pass of its own. The other schemes round them to the
 * type of the result, or add them in the result itself; and a bias in the epilogue is added to what is rounded already
 * (pytorch/pytorch#180875), so that halves with one get their sums in one piece. */
static uint32_t reductions(const plan *p, const gli_call *call) {
    const bool half = glia_dtype_size(call->out[p->product.tensors.y]->dtype) == 2;
    const bool bias = p->product.tensors.bias >= 0 && !p->separate;
    return half && bias ? CUBLASLT_REDUCTION_SCHEME_NONE
                        : CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
}

static uint32_t alignment_of(const glia_tensor *x) { return (uint32_t)gli_cuda_access(x->data); }

static glia_status set_preference(const plan *p, const gli_call *call, cublasLtMatmulPreference_t preference) {
    const gli_cublas *lt              = &p->lt;
    const gli_cublas_tensors *tensors = &p->product.tensors;
    const size_t workspace            = WORKSPACE;
    const uint32_t d                  = alignment_of(call->out[tensors->y]);
    const struct {
        cublasLtMatmulPreferenceAttributes_t attribute;
        uint32_t value;
    } numbers[] = {
        {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, reductions(p, call)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment_of(call->in[tensors->b])},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment_of(call->in[tensors->a])},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, tensors->c >= 0 ? alignment_of(call->in[tensors->c]) : d},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, d}};
    GLI_CUBLAS_TRY(lt, cublasLtMatmulPreferenceSetAttribute, preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                   &workspace, sizeof workspace);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i)
        GLI_CUBLAS_TRY(lt, cublasLtMatmulPreferenceSetAttribute, preference, numbers[i].attribute, &numbers[i].value,
                       sizeof numbers[i].value);
    return GLIA_OK;
}

static glia_status ask(plan *p, cublasLtMatmulPreference_t preference) {
    const gli_cublas *lt = &p->lt;
    cublasLtMatmulHeuristicResult_t results[CANDIDATES];
    int found = 0;
    GLI_CUBLAS_TRY(lt, cublasLtMatmulAlgoGetHeuristic, lt->handle, p->desc, p->a, p->b, p->c, p->d, preference,
                   CANDIDATES, results, &found);
    for (int i = 0; i < found; ++i) {
        if (results[i].state != CUBLAS_STATUS_SUCCESS) continue;
        p->algorithms[p->count]   = results[i].algo;
        p->workspaces[p->count++] = results[i].workspaceSize;
    }
    GLI_REQUIRE(lt->ctx, p->count > 0, GLIA_UNSUPPORTED, "cuBLASLt has no algorithm for this product");
    return GLIA_OK;
}

static glia_status find_algorithms(plan *p, const gli_call *call) {
    const gli_cublas *lt = &p->lt;
    cublasLtMatmulPreference_t preference;
    GLI_CUBLAS_TRY(lt, cublasLtMatmulPreferenceCreate, &preference);
    glia_status status = set_preference(p, call, preference);
    if (status == GLIA_OK) status = ask(p, preference);
    lt->f->cublasLtMatmulPreferenceDestroy(preference);
    return status;
}

static void *aligned(void *workspace) { return (void *)gli_align_up((uintptr_t)workspace, ALIGNMENT); }

static glia_status multiply(const plan *p, const gli_call *call, int candidate, void *workspace) {
    const gli_cublas_product *g = &p->product;
    const void *vector          = epilogue_of(p, call);
    const float alpha = (float)g->alpha, beta = (float)g->beta;
    const bool wide = call->out[g->tensors.y]->dtype == GLIA_F64;
    void *y         = call->out[g->tensors.y]->data;
    const void *c   = g->tensors.c >= 0 ? call->in[g->tensors.c]->data : y;
    if (vector) GLI_TRY(set_vector(p, vector));
    GLI_CUBLAS_TRY(&p->lt, cublasLtMatmul, p->lt.handle, p->desc, wide ? (const void *)&g->alpha : &alpha,
                   call->in[g->tensors.b]->data, p->a, call->in[g->tensors.a]->data, p->b,
                   wide ? (const void *)&g->beta : &beta, c, p->c, y, p->d, &p->algorithms[candidate],
                   aligned(workspace), p->workspaces[candidate], call->stream);
    return GLIA_OK;
}

static void forget(plan *p) {
    const gli_cublas_functions *f = p->lt.f;
    if (p->d) f->cublasLtMatrixLayoutDestroy(p->d);
    if (p->c) f->cublasLtMatrixLayoutDestroy(p->c);
    if (p->b) f->cublasLtMatrixLayoutDestroy(p->b);
    if (p->a) f->cublasLtMatrixLayoutDestroy(p->a);
    if (p->desc) f->cublasLtMatmulDescDestroy(p->desc);
    p->a = p->b = p->c = p->d = NULL;
    p->desc                   = NULL;
    p->count                  = 0;
}

static bool sums_apart(const plan *p) { return p->separate && p->product.tensors.row_sums >= 0; }

static size_t workspace_of(const plan *p, const gli_call *call, int candidate) {
    const glia_dtype dtype = call->out[p->product.tensors.y]->dtype;
    const size_t own       = sums_apart(p) ? gli_kernel_reduce_workspace(dtype, &p->sums) : 0;
    const size_t bytes     = own > p->workspaces[candidate] ? own : p->workspaces[candidate];
    return bytes ? bytes + ALIGNMENT : 0;
}

static glia_status sum_rows(const plan *p, const gli_call *call, void *workspace) {
    const gli_cublas_tensors *tensors = &p->product.tensors;
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_reduce(call->out[tensors->y]->dtype, GLIA_REDUCE_SUM, &p->sums, call->in[tensors->a]->data,
                                   call->out[tensors->row_sums]->data, workspace, call->stream));
    return GLIA_OK;
}

static glia_status multiply_by_derivative(const plan *p, const gli_call *call) {
    const gli_cublas_product *g = &p->product;
    const glia_tensor *y        = call->out[g->tensors.y];
    const gli_unary_geom geom   = {.kind = g->activation, .from = GLI_FROM_Y, .count = (int)gli_count(y)};
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_unary_backward(&geom, y->dtype, call->in[g->source]->data, y->data, y->data, call->stream));
    return GLIA_OK;
}

static glia_status finish(const plan *p, const gli_call *call) {
    const gli_cublas_product *g = &p->product;
    const glia_tensor *y        = call->out[g->tensors.y];
    const bool bias             = p->separate && g->tensors.bias >= 0;
    if (g->backward) return multiply_by_derivative(p, call);
    if (!bias && g->activation == GLIA_UNARY_LINEAR) return GLIA_OK;
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_bias(y->dtype, g->activation, y->data, bias ? call->in[g->tensors.bias]->data : NULL,
                                 (int)g->y.rows, (int)g->y.columns, 1, call->stream));
    return GLIA_OK;
}

static glia_status run_candidate(const gli_call *call, void *state, int candidate, void *workspace) {
    const plan *p = state;
    GLI_TRY(multiply(p, call, candidate, workspace));
    if (sums_apart(p)) GLI_TRY(sum_rows(p, call, aligned(workspace)));
    return finish(p, call);
}

static glia_status find_fastest(plan *p, const gli_call *call) {
    gli_cuda_candidates candidates = {.count = p->count, .state = p, .run = run_candidate, .provider = "cuda.cublas"};
    for (int i = 0; i < p->count; ++i)
        if (workspace_of(p, call, i) > candidates.workspace) candidates.workspace = workspace_of(p, call, i);
    return gli_cuda_tune(call, &candidates, &p->chosen);
}

static glia_status plan_product(plan *p, const gli_call *call) {
    GLI_TRY(describe(p, call));
    GLI_TRY(find_algorithms(p, call));
    return find_fastest(p, call);
}

/* A pass of our own for the vector would change nothing: a kernel that is faster than the library's one pass is faster
 * than two. */
static bool is_final(const plan *p, glia_status status) {
    const bool rival_is_faster = p->count > 0 && p->chosen == p->count;
    return rival_is_faster || status == GLIA_OK || status == GLIA_OUT_OF_MEMORY || status == GLIA_DEVICE_LOST;
}

/* Our kernels add a bias to what has no gaps, and sum what has the dtype of the sums. */
static bool may_be_separate(const plan *p, const gli_call *call) {
    const gli_cublas_tensors *tensors = &p->product.tensors;
    if (tensors->bias >= 0) return gli_is_packed(call->out[tensors->y]);
    return tensors->row_sums < 0 || call->out[tensors->row_sums]->dtype == call->in[tensors->a]->dtype;
}

/* The library's epilogue adds the bias, or sums the rows. A kernel of our own does it instead where one follows anyway,
 * for an activation; where the vector is not at 16 bytes, because the library may pick a kernel that loads 16 bytes of
 * it at once all the same (pytorch/pytorch#194497); and where the library has no algorithm with such an epilogue. */
static glia_status plan_either(plan *p, const gli_call *call) {
    const gli_cublas_product *g = &p->product;
    const void *vector          = vector_of(p, call);
    p->separate = vector && (g->activation != GLIA_UNARY_LINEAR || gli_cuda_access(vector) < GLI_CUDA_ACCESS);
    GLI_REQUIRE(call->ctx, !p->separate || may_be_separate(p, call), GLIA_UNSUPPORTED,
                "the %s not aligned to %d bytes, and %s", g->tensors.bias >= 0 ? "bias is" : "sums are",
                GLI_CUDA_ACCESS, g->tensors.bias >= 0 ? "y has gaps" : "of another dtype than what is summed");
    const glia_status status = plan_product(p, call);
    if (!vector || p->separate || !may_be_separate(p, call) || is_final(p, status)) return status;
    forget(p);
    p->separate = true;
    return plan_product(p, call);
}

static glia_status build(plan *p, const gli_call *call) {
    const gli_cublas_matrix *a = &p->product.a;
    p->sums                    = (gli_reduce_shape){.kept    = {1, {(int)a->rows}, {a->row_stride}},
                                                    .reduced = {1, {(int)a->columns}, {a->column_stride}},
                                                    .outputs = (int)a->rows,
                                                    .set     = (int)a->columns};
    return plan_either(p, call);
}

void gli_cublas_release(gli_prepared *prepared) {
    plan *p = prepared->state;
    if (!p) return;
    forget(p);
    gli_free(p->lt.ctx, p, 1, sizeof *p);
    *prepared = (gli_prepared){0};
}

glia_status gli_cublas_prepare(const gli_call *call, const gli_cublas_product *product, gli_prepared *out) {
    gli_cublas lt;
    void *memory;
    const glia_status usable = gli_cublas_use(call->ctx, &lt);
    if (usable != GLIA_OK) return gli_cuda_refusal(usable);
    GLI_TRY(gli_new(call->ctx, 1, sizeof(plan), "a product's plan", &memory));
    plan *p                  = memory;
    *p                       = (plan){.lt = lt, .product = *product};
    *out                     = (gli_prepared){.state = p};
    const glia_status status = build(p, call);
    if (status != GLIA_OK)
        gli_cublas_release(out);
    else
        out->workspace = workspace_of(p, call, p->chosen);
    return gli_cuda_refusal(status);
}

glia_status gli_cublas_run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    plan *p = prepared->state;
    return run_candidate(call, p, p->chosen, workspace);
}
