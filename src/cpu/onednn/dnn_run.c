#include <stdatomic.h>

#include "core/parallel.h"
#include "core/team.h"
#include "cpu/native/elementwise/activate.h"
#include "cpu/onednn/dnn_list.h"

/* One run of the list. */
typedef struct run {
    gli_dnn *dnn;
    const gli_call *call;
    char *workspace;
    atomic_int status; /* dnnl_status_t: the first failure */
} run;

static char *lane_memory(const run *r, int lane) {
    return r->workspace + r->dnn->shared + (size_t)lane * gli_dnn_lane_bytes(r->dnn);
}

static char *address(const run *r, const gli_dnn_argument *a, int64_t slice, int lane) {
    char *at = NULL;
    switch (a->kind) {
        case GLI_DNN_INPUT: at = r->call->in[a->index]->data; break;
        case GLI_DNN_OUTPUT: at = r->call->out[a->index]->data; break;
        case GLI_DNN_WORKSPACE: at = r->workspace; break;
        case GLI_DNN_LANE: at = lane_memory(r, lane); break;
        case GLI_DNN_SCRATCHPAD: at = lane_memory(r, lane) + r->dnn->copies; break;
        case GLI_DNN_ABSENT: return NULL;
    }
    return at + a->offset + (size_t)slice * a->advance;
}

static dnnl_status_t execute(const run *r, const gli_dnn_step *s, int64_t slice, int lane) {
    dnnl_exec_arg_t arguments[GLI_DNN_MAX_ARGUMENTS];
    for (int i = 0; i < s->n; ++i) {
        const gli_dnn_argument *a  = &s->arguments[i];
        dnnl_memory_t memory       = s->memory[lane * GLI_DNN_MAX_ARGUMENTS + i];
        const dnnl_status_t status = gli_dnnl.memory_set_data_handle(memory, address(r, a, slice, lane));
        if (status != dnnl_success) return status;
        arguments[i] = (dnnl_exec_arg_t){.arg = a->id, .memory = memory};
    }
    return gli_dnnl.primitive_execute(s->primitive, r->dnn->stream[lane], s->n, arguments);
}

/* On the thread that this is. */
static void run_slice(run *r, const gli_dnn_group *g, int64_t slice, int lane) {
    const gli_dnn *dnn   = r->dnn;
    dnnl_status_t status = dnnl_success;
    const int before     = gli_dnn_threads_enter(&dnn->openmp);
    for (int i = g->begin; i < g->end && status == dnnl_success; ++i) status = execute(r, &dnn->steps[i], slice, lane);
    if (status == dnnl_success) status = gli_dnnl.stream_wait(dnn->stream[lane]);
    gli_dnn_threads_leave(&dnn->openmp, before);
    int success = dnnl_success;
    if (status != dnnl_success) atomic_compare_exchange_strong(&r->status, &success, (int)status);
}

/* The piece-th slice of all groups at work. */
static void run_piece(void *arg, int64_t piece, int lane) {
    run *r = arg;
    for (int i = 0; i < r->dnn->n_groups; ++i) {
        const gli_dnn_group *g = &r->dnn->groups[i];
        if (g->stage != GLI_DNN_AT_WORK) continue;
        if (piece < g->count) {
            run_slice(r, g, g->first + piece, lane);
            return;
        }
        piece -= g->count;
    }
}

static void run_alone(run *r, gli_dnn_stage stage) {
    for (int i = 0; i < r->dnn->n_groups; ++i) {
        const gli_dnn_group *g = &r->dnn->groups[i];
        for (int k = 0; g->stage == stage && k < g->count && r->status == dnnl_success; ++k)
            run_slice(r, g, g->first + k, 0);
    }
}

/* The first time on one thread. Some primitives make machine code then: a second thread would take the memory that is
 * there for it, for a heap of its own, and would run what a failure left unfinished. */
static void run_work(run *r) {
    int64_t pieces = 0;
    if (!r->dnn->has_run) {
        run_alone(r, GLI_DNN_AT_WORK);
        return;
    }
    for (int i = 0; i < r->dnn->n_groups; ++i)
        if (r->dnn->groups[i].stage == GLI_DNN_AT_WORK) pieces += r->dnn->groups[i].count;
    gli_team_run(r->call->ctx->team, &(gli_job){run_piece, r, pieces});
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

typedef struct addition {
    const char *summands;
    size_t advance;
    int count;
    float *to;
} addition;

/* In the order of the slices, so that the bits do not depend on which thread adds. */
static void add_summands(void *arg, int64_t begin, int64_t end) {
    const addition *a  = arg;
    const float *first = (const float *)a->summands;
    for (int64_t i = begin; i < end; ++i) a->to[i] = first[i];
    for (int k = 1; k < a->count; ++k) {
        const float *summand = (const float *)(a->summands + (size_t)k * a->advance);
        for (int64_t i = begin; i < end; ++i) a->to[i] += summand[i];
    }
}

static void run_sums(run *r) {
    enum { CHUNK = 4096 };
    for (int i = 0; i < r->dnn->n_sums; ++i) {
        const gli_dnn_sum *s = &r->dnn->sums[i];
        addition a           = {.summands = address(r, &s->summands, 0, 0),
                                .advance  = s->summands.advance,
                                .count    = s->count,
                                .to       = (float *)address(r, &s->to, 0, 0)};
        gli_parallel(r->call->ctx, (int64_t)s->floats, CHUNK, add_summands, &a);
    }
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

glia_status gli_dnn_run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    gli_dnn *dnn = prepared->state;
    run r        = {.dnn = dnn, .call = call, .workspace = workspace};
    GLI_TRY(gli_dnn_reserve(call->ctx, dnn->has_run ? GLI_DNN_TO_RUN : GLI_DNN_TO_RUN_FIRST));
    run_alone(&r, GLI_DNN_BEFORE);
    run_work(&r);
    run_sums(&r);
    run_alone(&r, GLI_DNN_AFTER);
    GLI_TRY(gli_dnn_translate(call, (dnnl_status_t)r.status, "running it"));
    dnn->has_run = true;
    if (dnn->activation != GLIA_UNARY_LINEAR) gli_activate_tensor(call->ctx, dnn->activation, call->out[0]);
    return GLIA_OK;
}
