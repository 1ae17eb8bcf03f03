/* Which of cuDNN's engines may do the work, in its own order of preference. */
#include <stdio.h>

#include "core/size.h"
#include "cuda/library/cudnn/cudnn_graph.h"

enum {
    WORKSPACE = 256 << 20, /* the maximum for a plan */
    LISTED    = 128,       /* configurations that a heuristic is asked for, at most. It lists tensor cores first */
    COMPILED  = 1          /* of the candidates: cuDNN compiles their kernels on the spot, which takes about a second */
};

static glia_status read_of_engine(const gli_cudnn *dnn, cudnnBackendDescriptor_t config,
                                  cudnnBackendDescriptor_t engine, gli_cudnn_candidate *out) {
    cudnnBackendNumericalNote_t numerical[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    cudnnBackendBehaviorNote_t behavior[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
    int64_t engines, numbers, n_numerical, n_behavior;
    GLI_CUDNN_TRY(dnn, cudnnBackendGetAttribute, config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                  &engines, &engine);
    GLI_CUDNN_TRY(dnn, cudnnBackendGetAttribute, engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &numbers,
                  &out->engine);
    GLI_CUDNN_TRY(dnn, cudnnBackendGetAttribute, engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                  CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &n_numerical, numerical);
    GLI_CUDNN_TRY(dnn, cudnnBackendGetAttribute, engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
                  CUDNN_BEHAVIOR_NOTE_TYPE_COUNT, &n_behavior, behavior);
    for (int64_t i = 0; i < n_numerical && i < CUDNN_NUMERICAL_NOTE_TYPE_COUNT; ++i)
        if ((int)numerical[i] < CUDNN_NUMERICAL_NOTE_TYPE_COUNT) out->notes.numerical[numerical[i]] = true;
    for (int64_t i = 0; i < n_behavior && i < CUDNN_BEHAVIOR_NOTE_TYPE_COUNT; ++i)
        if ((int)behavior[i] < CUDNN_BEHAVIOR_NOTE_TYPE_COUNT) out->notes.behavior[behavior[i]] = true;
    return GLIA_OK;
}

static glia_status read_engine(const gli_cudnn *dnn, cudnnBackendDescriptor_t config, gli_cudnn_candidate *out) {
    cudnnBackendDescriptor_t engine;
    GLI_CUDNN_TRY(dnn, cudnnBackendCreateDescriptor, CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine);
    const glia_status status = read_of_engine(dnn, config, engine, out);
    dnn->f->cudnnBackendDestroyDescriptor(engine);
    return status;
}

/* Sums of products in f32, whatever the tensors are, and the same bits each time. Transforms lose digits that the bound
 * on the error does not grant; f32 on tensor cores is TF32. */
static bool acceptable(const glia_context *ctx, const gli_cudnn_convolution *c, const gli_cudnn_notes *n) {
    static const cudnnBackendNumericalNote_t never[] = {CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS,
                                                        CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION,
                                                        CUDNN_NUMERICAL_NOTE_FFT,
                                                        CUDNN_NUMERICAL_NOTE_WINOGRAD,
                                                        CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4,
                                                        CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6,
                                                        CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13};
    for (size_t i = 0; i < sizeof never / sizeof *never; ++i)
        if (n->numerical[never[i]]) return false;
    if (n->numerical[CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC] && !ctx->nondeterministic) return false;
    return !n->numerical[CUDNN_NUMERICAL_NOTE_TENSOR_CORE] || c->dtype != GLIA_F32 || ctx->math != GLIA_MATH_F32;
}

static glia_status finish_plan(gli_cudnn_plans *p, cudnnBackendDescriptor_t config, gli_cudnn_candidate *candidate) {
    const gli_cudnn_session *s          = p->dnn.session;
    const cudnnBackendDescriptor_t plan = candidate->plan;
    int64_t n, workspace = 0;
    GLI_TRY(gli_cudnn_set(p, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &config));
    if (s->handle)
        GLI_TRY(gli_cudnn_set(p, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &s->handle));
    else
        GLI_TRY(
            gli_cudnn_set(p, plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &s->device));
    GLI_TRY(gli_cudnn_finalize(p, plan));
    GLI_CUDNN_TRY(&p->dnn, cudnnBackendGetAttribute, plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64,
                  1, &n, &workspace);
    GLI_REQUIRE(p->dnn.ctx, workspace <= WORKSPACE, GLIA_UNSUPPORTED, "a plan of cuDNN needs %lld bytes",
                (long long)workspace);
    candidate->workspace = (size_t)workspace;
    return GLIA_OK;
}

/* A configuration whose plan cannot be made is passed over; only what would stop any other is an error. */
static glia_status consider(gli_cudnn_plans *p, const gli_cudnn_convolution *c, cudnnBackendDescriptor_t config,
                            int *compiled) {
    gli_cudnn_candidate found = {0};
    GLI_TRY(read_engine(&p->dnn, config, &found));
    const bool compiles = found.notes.behavior[CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION];
    if (!acceptable(p->dnn.ctx, c, &found.notes) || (compiles && *compiled == COMPILED)) return GLIA_UNSUPPORTED;
    GLI_TRY(gli_cudnn_own(p, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &found.plan));
    const glia_status status = finish_plan(p, config, &found);
    if (status != GLIA_OK) {
        p->dnn.f->cudnnBackendDestroyDescriptor(p->owned[--p->n_owned]);
        return status;
    }
    *compiled += compiles;
    p->candidate[p->count++] = found;
    return GLIA_OK;
}

static glia_status create_all(const gli_cudnn *dnn, cudnnBackendDescriptor_t *configs, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
        GLI_CUDNN_TRY(dnn, cudnnBackendCreateDescriptor, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configs[i]);
    return GLIA_OK;
}

/* Fills configs, of LISTED NULLs. */
static glia_status ask(const gli_cudnn_plans *p, cudnnBackendDescriptor_t heuristic, cudnnBackendDescriptor_t graph,
                       cudnnBackendHeurMode_t mode, cudnnBackendDescriptor_t *configs, int64_t *count) {
    const gli_cudnn_session *s = p->dnn.session;
    GLI_TRY(
        gli_cudnn_set(p, heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &graph));
    GLI_TRY(gli_cudnn_set(p, heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode));
    if (s->device)
        GLI_TRY(gli_cudnn_set(p, heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                              &s->device));
    GLI_TRY(gli_cudnn_finalize(p, heuristic));
    GLI_CUDNN_TRY(&p->dnn, cudnnBackendGetAttribute, heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                  CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, count, NULL);
    const int64_t listed = gli_min_i64(*count, LISTED);
    GLI_TRY(create_all(&p->dnn, configs, listed));
    GLI_CUDNN_TRY(&p->dnn, cudnnBackendGetAttribute, heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                  CUDNN_TYPE_BACKEND_DESCRIPTOR, listed, count, configs);
    *count = gli_min_i64(*count, listed);
    return GLIA_OK;
}

static bool serious(glia_status status) { return status == GLIA_OUT_OF_MEMORY || status == GLIA_DEVICE_LOST; }

/* Takes what can be planned of the list; a configuration that became a plan belongs to the plans. */
static glia_status consider_all(gli_cudnn_plans *p, const gli_cudnn_convolution *c, cudnnBackendDescriptor_t *configs,
                                int64_t count, int *compiled) {
    for (int64_t i = 0; i < count && p->count < GLI_CUDNN_CANDIDATES; ++i) {
        const glia_status status = consider(p, c, configs[i], compiled);
        if (serious(status)) return status;
        if (status != GLIA_OK) continue;
        p->owned[p->n_owned++] = configs[i];
        configs[i]             = NULL;
    }
    return GLIA_OK;
}

static glia_status add_plans(gli_cudnn_plans *p, const gli_cudnn_convolution *c, cudnnBackendDescriptor_t graph,
                             cudnnBackendHeurMode_t mode, int *compiled) {
    const gli_cudnn *dnn                     = &p->dnn;
    cudnnBackendDescriptor_t configs[LISTED] = {NULL}, heuristic;
    int64_t count                            = 0;
    GLI_CUDNN_TRY(dnn, cudnnBackendCreateDescriptor, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, &heuristic);
    glia_status status = ask(p, heuristic, graph, mode, configs, &count);
    if (status == GLIA_OK) status = consider_all(p, c, configs, count, compiled);
    for (int i = 0; i < LISTED; ++i)
        if (configs[i]) dnn->f->cudnnBackendDestroyDescriptor(configs[i]);
    dnn->f->cudnnBackendDestroyDescriptor(heuristic);
    return status;
}

static glia_status build(gli_cudnn_plans *p, const gli_cudnn_convolution *c) {
    static const cudnnBackendHeurMode_t modes[] = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};
    cudnnBackendDescriptor_t graph;
    glia_status status = GLIA_OK;
    int compiled       = 0;
    GLI_TRY(gli_cudnn_describe(p, c, &graph));
    for (size_t i = 0; i < sizeof modes / sizeof *modes && p->count == 0 && !serious(status); ++i)
        status = add_plans(p, c, graph, modes[i], &compiled);
    if (p->count > 0) return GLIA_OK;
    GLI_TRY(status);
    return gli_fail(p->dnn.ctx, GLIA_UNSUPPORTED, "cuDNN has no engine for it that is exact and repeatable enough");
}

glia_status gli_cudnn_plan(glia_context *ctx, const gli_cudnn_convolution *convolution, gli_cudnn_plans **out) {
    gli_cudnn dnn;
    void *memory;
    GLI_TRY(gli_cudnn_use(ctx, &dnn));
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "cuDNN's plans", &memory));
    gli_cudnn_plans *p       = memory;
    *p                       = (gli_cudnn_plans){.dnn = dnn, .bias = convolution->bias};
    const glia_status status = build(p, convolution);
    if (status != GLIA_OK)
        gli_cudnn_plans_free(p);
    else
        *out = p;
    return status;
}

void gli_cudnn_plans_free(gli_cudnn_plans *p) {
    if (!p) return;
    while (p->n_owned > 0) p->dnn.f->cudnnBackendDestroyDescriptor(p->owned[--p->n_owned]);
    gli_free(p->dnn.ctx, p, 1, sizeof *p);
}

int gli_cudnn_plans_count(const gli_cudnn_plans *plans) { return plans->count; }
size_t gli_cudnn_workspace(const gli_cudnn_plans *plans, int i) { return plans->candidate[i].workspace; }
bool gli_cudnn_can_execute(const gli_cudnn_plans *plans) { return plans->dnn.session->handle != NULL; }

const char *gli_cudnn_plan_text(const gli_cudnn_plans *plans, int i, char *text) {
    static const struct {
        cudnnBackendNumericalNote_t note;
        const char *name;
    } names[]                    = {{CUDNN_NUMERICAL_NOTE_TENSOR_CORE, ", TENSOR_CORE"},
                                    {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, ", NONDETERMINISTIC"}}; /* the others are not acceptable */
    const gli_cudnn_candidate *c = &plans->candidate[i];
    int used                     = snprintf(text, GLI_CUDNN_TEXT, "engine %lld", (long long)c->engine);
    for (size_t n = 0; n < sizeof names / sizeof *names; ++n)
        if (c->notes.numerical[names[n].note])
            used += snprintf(text + used, GLI_CUDNN_TEXT - (size_t)used, "%s", names[n].name);
    snprintf(text + used, GLI_CUDNN_TEXT - (size_t)used, ", workspace %zu bytes", c->workspace);
    return text;
}

static glia_status fill_pack(const gli_cudnn_plans *p, cudnnBackendDescriptor_t pack,
                             const gli_cudnn_pointers *pointers, void *workspace) {
    const int64_t names[] = {GLI_CUDNN_X, GLI_CUDNN_W, GLI_CUDNN_Y, GLI_CUDNN_BIAS};
    void *data[]          = {pointers->x, pointers->w, pointers->y, pointers->bias};
    const int64_t count   = p->bias ? 4 : 3;
    GLI_TRY(gli_cudnn_set(p, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, names));
    GLI_TRY(gli_cudnn_set(p, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, data));
    GLI_TRY(gli_cudnn_set(p, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace));
    return gli_cudnn_finalize(p, pack);
}

static glia_status execute(const gli_cudnn_plans *p, int i, cudnnBackendDescriptor_t pack) {
    GLI_CUDNN_TRY(&p->dnn, cudnnBackendExecute, p->dnn.session->handle, p->candidate[i].plan, pack);
    return GLIA_OK;
}

glia_status gli_cudnn_execute(const gli_cudnn_plans *p, int i, const gli_cudnn_pointers *pointers, void *workspace) {
    cudnnBackendDescriptor_t pack;
    GLI_CUDNN_TRY(&p->dnn, cudnnBackendCreateDescriptor, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &pack);
    glia_status status = fill_pack(p, pack, pointers, workspace);
    if (status == GLIA_OK) status = execute(p, i, pack);
    p->dnn.f->cudnnBackendDestroyDescriptor(pack);
    return status;
}
