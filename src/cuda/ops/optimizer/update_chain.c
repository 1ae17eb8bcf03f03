/* The chain at the end of a training step: which calls are one, and how they become one launch. */
#include "cuda/ops/chain.h"
#include "cuda/device/gpu_of_context.h"
#include "cuda/ops/optimizer/update_arrays.h"

static const gli_cuda_update *const updates[] = {&gli_cuda_update_adagrad, &gli_cuda_update_adam,
                                                 &gli_cuda_update_rmsprop, &gli_cuda_update_sgd};

static const gli_cuda_update *update_of(const gli_call *call) {
    for (size_t i = 0; i < sizeof updates / sizeof *updates; ++i)
        if (gli_cuda_is(call, updates[i]->op)) return updates[i];
    return NULL;
}

/* Its calls, of which check and add may be NULL, and what their kernels see of them. */
typedef struct chain {
    const gli_call *check, *update, *add;
    gli_cuda_view check_view, update_view, add_view;
    const gli_cuda_update *optimizer;
    int length;
} chain;

static bool may_add(const gli_call *add, glia_dtype dtype, gli_cuda_view *view) {
    return gli_cuda_is(add, &gli_op_accumulate) && add->in[GLI_ACCUMULATE_VALUE]->dtype == dtype &&
           gli_kernel_accumulate_is_small(add->geom) && gli_cuda_view_as_is(add, gli_cuda_accumulate_kernel, view);
}

/* Length 1 where there is no chain. */
static chain chain_of(const gli_call *const *calls, int n) {
    const chain none = {.length = 1};
    chain c          = none;
    const int u      = gli_cuda_is(calls[0], &gli_op_check_finite);
    if (u >= n || !(c.optimizer = update_of(calls[u]))) return none;
    c.update = calls[u];
    if (!gli_cuda_view_as_is(c.update, c.optimizer->kernel, &c.update_view)) return none;
    if (u && (!gli_cuda_view_as_is(calls[0], gli_cuda_check_finite_kernel, &c.check_view) ||
              c.check_view.dtype != c.update_view.dtype))
        return none;
    if (u) c.check = calls[0];
    c.length = u + 1;
    if (c.length < n && may_add(calls[c.length], c.update_view.dtype, &c.add_view)) c.add = calls[c.length++];
    return c;
}

int gli_cuda_update_chain(const gli_call *const *calls, int n) { return chain_of(calls, n).length; }

glia_status gli_cuda_run_update_chain(const gli_call *const *calls, void *const *workspaces, int n) {
    (void)workspaces;
    const chain c        = chain_of(calls, n);
    gli_update_chain all = {.counter = gli_cuda_of(calls[0]->ctx)->arrivals.data, .gpu = gli_cuda_gpu(calls[0])};
    GLI_TRY(gli_cuda_check_chain(calls, n, c.length));
    if (c.check) {
        all.check = c.check->geom;
        gli_cuda_check_finite_arrays(&c.check_view, &all.check_arrays);
    }
    if (c.add) {
        all.add = c.add->geom;
        gli_cuda_accumulate_arrays(c.add, &c.add_view, &all.add_arrays);
    }
    return c.optimizer->run(c.update, &c.update_view, &all);
}
