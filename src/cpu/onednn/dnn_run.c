#include "cpu/native/elementwise/activate.h"
#include "cpu/onednn/dnn_list.h"

/* The memory of one run; bound is NULL where no view is GLI_DNN_BOUND_LATER. */
typedef struct memories {
    const gli_call *call;
    char *workspace;
    void *const *bound;
} memories;

static void *address(const gli_dnn *dnn, const memories *m, const gli_dnn_argument *a) {
    switch (a->kind) {
        case GLI_DNN_INPUT: return m->call->in[a->index]->data;
        case GLI_DNN_OUTPUT: return m->call->out[a->index]->data;
        case GLI_DNN_BOUND_LATER: return m->bound[a->index];
        case GLI_DNN_WORKSPACE: return m->workspace + a->offset;
        case GLI_DNN_SCRATCHPAD: return m->workspace + dnn->reorders;
        case GLI_DNN_ABSENT: break;
    }
    return NULL;
}

static dnnl_status_t execute(const gli_dnn *dnn, const memories *m, const gli_dnn_step *s) {
    dnnl_exec_arg_t arguments[GLI_DNN_MAX_ARGUMENTS];
    for (int i = 0; i < s->n; ++i) {
        const gli_dnn_argument *a  = &s->arguments[i];
        const dnnl_status_t status = gli_dnnl.memory_set_data_handle(a->memory, address(dnn, m, a));
        if (status != dnnl_success) return status;
        arguments[i] = (dnnl_exec_arg_t){.arg = a->id, .memory = a->memory};
    }
    return gli_dnnl.primitive_execute(s->primitive, dnn->stream, s->n, arguments);
}

static glia_status run_steps(const gli_dnn *dnn, const memories *m, int begin, int end, int threads) {
    const char *refusal = gli_dnn_decline_threads(dnn->ctx);
    GLI_REQUIRE(dnn->ctx, !refusal, GLIA_UNSUPPORTED, "%s: cpu.onednn: %s", m->call->op->name, refusal);
    dnnl_status_t status         = dnnl_success;
    const gli_dnn_threads before = gli_dnn_threads_enter(threads);
    for (int i = begin; i < end && status == dnnl_success; ++i) status = execute(dnn, m, &dnn->steps[i]);
    if (status == dnnl_success) status = gli_dnnl.stream_wait(dnn->stream);
    gli_dnn_threads_leave(before);
    return gli_dnn_translate(m->call, status, "running it");
}

glia_status gli_dnn_run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_dnn *dnn = prepared->state;
    GLI_TRY(run_steps(dnn, &(memories){call, workspace, NULL}, 0, dnn->n, dnn->ctx->threads));
    if (dnn->activation != GLIA_UNARY_LINEAR) gli_activate(call->ctx, dnn->activation, call->out[0]);
    return GLIA_OK;
}

glia_status gli_dnn_pack(const gli_call *call, const gli_dnn *dnn, int number, const float *b, void *workspace) {
    void *const bound[GLI_DNN_BOUND] = {[GLI_DNN_BOUND_B] = (void *)b};
    const gli_dnn_packed p           = dnn->packed[number];
    return run_steps(dnn, &(memories){call, workspace, bound}, p.begin, p.end - 1, dnn->ctx->threads);
}

glia_status gli_dnn_multiply(const gli_call *call, const gli_dnn *dnn, int number, gli_dnn_matrices matrices,
                             void *workspace) {
    void *const bound[GLI_DNN_BOUND] = {
        [GLI_DNN_BOUND_A] = (void *)matrices.a, [GLI_DNN_BOUND_B] = (void *)matrices.b, [GLI_DNN_BOUND_Y] = matrices.y};
    const gli_dnn_packed p = dnn->packed[number];
    return run_steps(dnn, &(memories){call, workspace, bound}, p.end - 1, p.end, p.threads);
}
