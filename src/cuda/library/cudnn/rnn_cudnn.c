#include "ops/rnn/rnn_geom.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "core/size.h"
#include "cuda/library/autotune.h"
#include "cuda/library/cudnn/rnn_cudnn.h"

/* What decides how a layer runs. Keys are compared as bytes, so there are no gaps in them. */
typedef struct key {
    int dtype, training, cell, directions, steps, batch, inputs, hidden, outputs, batch_first, bias;
} key;

enum { WHY = 160 };

/* A layer with the algorithm that was found for it. It stays as long as the context: a backward call cannot but find
 * the algorithm of the forward call, whose reserve no other can read. */
typedef struct gli_cudnn_layers {
    struct gli_cudnn_layers *next;
    key key;
    gli_cudnn_rnn *rnn; /* NULL: cuDNN does not take it, and why says why */
    char why[WHY];
} layer;

/* By name: the program's ops and those of a device's library are two copies. */
static bool is_backward(const gli_call *call) { return strcmp(call->op->name, gli_op_rnn_backward.name) == 0; }

static bool trains(const gli_call *call) { return is_backward(call) || call->out[GLI_RNN_SAVED]; }

static key key_of(const gli_call *call) {
    const gli_rnn_geom *g = call->geom;
    return (key){.dtype       = (int)call->in[GLI_RNN_X]->dtype,
                 .training    = trains(call),
                 .cell        = (int)g->cell,
                 .directions  = g->directions,
                 .steps       = g->steps,
                 .batch       = g->batch,
                 .inputs      = g->inputs,
                 .hidden      = g->hidden,
                 .outputs     = g->outputs,
                 .batch_first = g->batch_first,
                 .bias        = g->bias};
}

/* *out NULL: there was no such call. The layer that was found comes first, for the next search. */
static glia_status find(const gli_call *call, layer **out) {
    const key own = key_of(call);
    layer **first = NULL;
    GLI_TRY(gli_cudnn_layers_of(call->ctx, &first));
    layer **link = first;
    while (*link && memcmp(&(*link)->key, &own, sizeof own) != 0) link = &(*link)->next;
    layer *l = *link;
    *out     = l;
    if (!l) return GLIA_OK;
    *link   = l->next;
    l->next = *first;
    *first  = l;
    return GLIA_OK;
}

glia_status gli_cudnn_rnn_of(const gli_call *call, const gli_cudnn_rnn **out) {
    layer *l = NULL;
    GLI_TRY(find(call, &l));
    GLI_REQUIRE(call->ctx, l, GLIA_UNSUPPORTED, "%s: cuDNN ran no forward call of this kind", call->op->name);
    GLI_REQUIRE(call->ctx, l->rnn, GLIA_UNSUPPORTED, "%s", l->why);
    *out = l->rnn;
    return GLIA_OK;
}

/* ---- which algorithm --------------------------------------------------------------------------------------------- */

static const gli_cuda_kernel *kernel_of(const gli_call *call) {
    return is_backward(call) ? &gli_cudnn_rnn_backward_kernel : &gli_cudnn_rnn_forward_kernel;
}

/* What is tried: in training both passes, because an algorithm that can do only one is of no use, and because both take
 * the time that counts. */
static const gli_cuda_kernel *tried_kernel(const gli_call *call) {
    return trains(call) ? &gli_cudnn_rnn_training_kernel : &gli_cudnn_rnn_forward_kernel;
}

/* The layer with each algorithm that is to be tried. */
typedef struct trial {
    layer *layer;
    gli_cudnn_rnn *rnn[GLI_CUDNN_RNN_ALGORITHMS];
    gli_cudnn_rnn_algorithm algorithm[GLI_CUDNN_RNN_ALGORITHMS];
    int count;
    bool worked; /* one of them */
} trial;

static glia_status run_candidate(const gli_call *call, void *state, int candidate, void *workspace) {
    trial *t      = state;
    t->layer->rnn = t->rnn[candidate];
    GLI_TRY(gli_cuda_view_run(call, tried_kernel(call), workspace));
    t->worked = true;
    return GLIA_OK;
}

static bool serious(glia_status status) { return status == GLIA_OUT_OF_MEMORY || status == GLIA_DEVICE_LOST; }

static size_t bytes_of_reserve(const gli_cudnn_rnn *rnn) {
    return gli_align_up(gli_cudnn_rnn_bytes(rnn)->reserve, sizeof(double));
}

static glia_status check_reserve(const gli_call *call, const gli_cudnn_rnn *rnn) {
    const glia_tensor *reserve = call->out[GLI_RNN_SAVED];
    if (!reserve) return GLIA_OK;
    const size_t size = (size_t)gli_count(reserve) * glia_dtype_size(reserve->dtype);
    GLI_REQUIRE(call->ctx, bytes_of_reserve(rnn) <= size, GLIA_UNSUPPORTED,
                "cuDNN needs %zu bytes, and the reserve has %zu", bytes_of_reserve(rnn), size);
    return GLIA_OK;
}

/* Adds the layer with this algorithm, if there is such a one. */
static glia_status add(trial *t, const gli_call *call, gli_cudnn_rnn_algorithm algorithm) {
    gli_cudnn_rnn *rnn = NULL;
    GLI_TRY(gli_cudnn_rnn_create(call->ctx, call->geom, call->in[GLI_RNN_X]->dtype, trains(call), algorithm, &rnn));
    const glia_status status = check_reserve(call, rnn);
    if (status != GLIA_OK) {
        gli_cudnn_rnn_free(rnn);
        return status;
    }
    gli_log(call->ctx, GLI_LOG_DISPATCH, "%s: algorithm %d is cuDNN's %s", call->op->name, t->count,
            gli_cudnn_rnn_name(algorithm));
    t->algorithm[t->count] = algorithm;
    t->rnn[t->count++]     = rnn;
    return GLIA_OK;
}

static glia_status max_workspace(trial *t, const gli_call *call, size_t *max) {
    *max = 0;
    for (int i = 0; i < t->count; ++i) {
        gli_prepared needed = {0};
        t->layer->rnn       = t->rnn[i];
        GLI_TRY(gli_cuda_view_prepare(call, tried_kernel(call), &needed));
        if (needed.workspace > *max) *max = needed.workspace;
    }
    return GLIA_OK;
}

/* What cannot be tried may be refused when it runs; the standard algorithm takes everything. */
static glia_status choose(trial *t, const gli_call *call, int *best) {
    gli_cuda_candidates candidates = {.count = t->count, .state = t, .run = run_candidate};
    GLI_TRY(max_workspace(t, call, &candidates.workspace));
    GLI_TRY(gli_cuda_tune(call, &candidates, best));
    if (t->worked) return GLIA_OK;
    for (*best = 0; *best < t->count; ++*best)
        if (t->algorithm[*best] == GLI_CUDNN_RNN_STANDARD) return GLIA_OK;
    return gli_fail(call->ctx, GLIA_UNSUPPORTED, "%s: cuDNN's algorithms cannot be tried now", call->op->name);
}

static glia_status try_algorithms(layer *l, const gli_call *call, const gli_cudnn_rnn_algorithm *algorithms,
                                  int count) {
    trial t            = {.layer = l};
    int best           = 0;
    glia_status status = GLIA_OK;
    for (int i = 0; i < count && !serious(status); ++i) status = add(&t, call, algorithms[i]);
    if (t.count && !serious(status)) status = choose(&t, call, &best);
    l->rnn = status == GLIA_OK ? t.rnn[best] : NULL;
    for (int i = 0; i < t.count; ++i)
        if (t.rnn[i] != l->rnn) gli_cudnn_rnn_free(t.rnn[i]);
    if (status == GLIA_OK)
        gli_log(call->ctx, GLI_LOG_DISPATCH, "%s: cuDNN's algorithm is %s", call->op->name,
                gli_cudnn_rnn_name(t.algorithm[best]));
    return status;
}

static bool is_plain(const key *k) { return k->cell == GLIA_RNN_TANH || k->cell == GLIA_RNN_RELU; }

/* The persistent kernel for few units; in training it has to do both passes. */
static bool suits_small(const key *k) {
    const int most = is_plain(k) ? (k->training ? 256 : 384) : (k->training ? 128 : 192);
    return k->dtype != GLIA_F64 && k->outputs == k->hidden && k->hidden <= most;
}

/* The persistent kernel for many units: f16, on a large GPU. */
static bool suits_persistent(const key *k, const struct cudaDeviceProp *gpu) {
    enum { UNITS = 128, MOST_UNITS = 1024, SEQUENCES = 8, MOST_SEQUENCES = 128, MULTIPROCESSORS = 98 };
    const bool large = gpu->major >= 8 && gpu->minor != 6 && gpu->multiProcessorCount >= MULTIPROCESSORS;
    const bool even  = k->hidden % UNITS == 0 && k->inputs % UNITS == 0 && k->batch % SEQUENCES == 0;
    if (k->dtype != GLIA_F16 || k->directions != 1 || k->outputs != k->hidden || k->cell == GLIA_RNN_GRU) return false;
    return large && even && k->hidden <= MOST_UNITS && k->batch <= MOST_SEQUENCES &&
           (k->cell == GLIA_RNN_LSTM || k->batch < 96 || k->hidden < 896);
}

/* The one that PyTorch takes, the standard one, which takes everything, then the others.
 * Source: PyTorch 2.11, aten/src/ATen/native/cudnn/RNN.cpp, get_algo. */
static void order_of(const gli_call *call, const key *k, gli_cudnn_rnn_algorithm order[GLI_CUDNN_RNN_ALGORITHMS]) {
    const gli_cudnn_rnn_algorithm first = suits_small(k) ? GLI_CUDNN_RNN_SMALL
                                          : suits_persistent(k, &gli_cuda_of(call->ctx)->properties)
                                              ? GLI_CUDNN_RNN_PERSISTENT
                                              : GLI_CUDNN_RNN_STANDARD;
    int n                               = 0;
    order[n++]                          = first;
    if (first != GLI_CUDNN_RNN_STANDARD) order[n++] = GLI_CUDNN_RNN_STANDARD;
    for (int other = 0; other < GLI_CUDNN_RNN_ALGORITHMS; ++other)
        if (other != (int)first && other != GLI_CUDNN_RNN_STANDARD) order[n++] = (gli_cudnn_rnn_algorithm)other;
}

/* Algorithms need not give the same bits. So that what a training computes does not depend on how busy the device was,
 * the first that works is taken; the fastest of all only where the context allows it. GLIA_LOG=dispatch in such a
 * context tells the times. */
static glia_status find_algorithm(layer *l, const gli_call *call) {
    gli_cudnn_rnn_algorithm order[GLI_CUDNN_RNN_ALGORITHMS];
    const int at_once  = call->ctx->nondeterministic ? GLI_CUDNN_RNN_ALGORITHMS : 1;
    glia_status status = GLIA_UNSUPPORTED;
    order_of(call, &l->key, order);
    for (int i = 0; i < GLI_CUDNN_RNN_ALGORITHMS && status != GLIA_OK && !serious(status); i += at_once)
        status = try_algorithms(l, call, order + i, at_once);
    return status == GLIA_OK || serious(status) ? status : GLIA_UNSUPPORTED;
}

/* The layer of a forward call, which is noted before its algorithm is found: trials look it up. */
static glia_status make(const gli_call *call) {
    glia_context *ctx = call->ctx;
    layer **first     = NULL;
    void *memory;
    GLI_TRY(gli_cudnn_layers_of(ctx, &first));
    GLI_TRY(gli_new(ctx, 1, sizeof(layer), "a recurrent layer", &memory));
    layer *l                 = memory;
    *l                       = (layer){.next = *first, .key = key_of(call)};
    *first                   = l;
    const glia_status status = find_algorithm(l, call);
    if (status == GLIA_OK) return GLIA_OK;
    if (status == GLIA_UNSUPPORTED) {
        snprintf(l->why, sizeof l->why, "%.*s", WHY - 1, ctx->message);
        return status;
    }
    *first = l->next;
    gli_free(ctx, l, 1, sizeof *l);
    return status;
}

void gli_cudnn_layers_free(glia_context *ctx, layer *first) {
    while (first) {
        layer *l = first;
        first    = l->next;
        gli_cudnn_rnn_free(l->rnn);
        gli_free(ctx, l, 1, sizeof *l);
    }
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

static const char *decline(const gli_call *call) {
    const gli_rnn_geom *g = call->geom;
    if (call->in[GLI_RNN_LENGTHS]) return "cuDNN has to know the lengths when it is called, on the host";
    if (g->directions == 1 && g->reverse) return "cuDNN has no layer that only runs backwards";
    if (g->peephole) return "cuDNN has no peepholes";
    if (g->reset_before) return "cuDNN's GRU resets after the GEMM";
    if (!isinf(g->cell_clip)) return "cuDNN clips the initial c too, and has another gradient at the edge";
    if (g->projection && g->outputs >= g->hidden) return "cuDNN projects to fewer units only";
    if (g->steps == 0 || g->batch == 0) return "there are no steps";
    return gli_cudnn_missing(call->ctx);
}

static glia_status prepare_layer(const gli_call *call, gli_prepared *out) {
    const gli_cudnn_rnn *rnn = NULL;
    layer *l                 = NULL;
    GLI_TRY(find(call, &l));
    if (!l && !is_backward(call)) GLI_TRY(make(call));
    GLI_TRY(gli_cudnn_rnn_of(call, &rnn));
    GLI_TRY(gli_cuda_view_prepare(call, kernel_of(call), out));
    if (!is_backward(call) && trains(call)) out->saved = gli_cudnn_rnn_saved_bytes(call, rnn);
    return GLIA_OK;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    return gli_cuda_refusal(prepare_layer(call, out));
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_cuda_view_run(call, kernel_of(call), workspace);
}

const gli_provider gli_rnn_cudnn = {
    .name = "cuda.cudnn", .accepts = GLI_ACCEPTS_ALL, .decline = decline, .prepare = prepare, .run = run};
const gli_provider gli_rnn_backward_cudnn = {
    .name = "cuda.cudnn", .accepts = GLI_ACCEPTS_ALL, .decline = decline, .prepare = prepare, .run = run};
