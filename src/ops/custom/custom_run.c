/* What all devices do before and after the functions of a user's op. */
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "ops/custom/custom_impl.h"

enum { ALIGNMENT = 256 }; /* of each copy, as device memory has it */

glia_custom_fn gli_custom_cpu(const glia_custom_op *op, bool backward) { return backward ? op->backward : op->forward; }

glia_custom_fn gli_custom_cuda(const glia_custom_op *op, bool backward) {
    return backward ? op->cuda_backward : op->cuda_forward;
}

static bool is_copied(const glia_tensor *tensor) { return tensor && !gli_is_dense(tensor); }

static size_t copy_bytes(const glia_tensor *tensor) {
    return is_copied(tensor) ? gli_align_up((size_t)gli_count(tensor) * glia_dtype_size(tensor->dtype), ALIGNMENT) : 0;
}

glia_status gli_custom_prepare(const gli_call *call, gli_prepared *out) {
    for (int i = 0; i < call->n_in; ++i) out->workspace += copy_bytes(call->in[i]);
    for (int o = 0; o < call->op->n_outputs; ++o) out->workspace += copy_bytes(call->out[o]);
    return GLIA_OK;
}

/* The tensors of a call as its function sees them. */
typedef struct seen {
    glia_tensor in[GLI_MAX_IN], out[GLI_MAX_OUT];
} seen;

static void see(const glia_tensor *tensor, glia_tensor *out, char **workspace) {
    *out = *tensor;
    gli_set_shape(out, tensor->dtype, tensor->ndim, tensor->dim);
    if (!is_copied(tensor)) return;
    out->data = *workspace;
    *workspace += copy_bytes(tensor);
}

static glia_tensor *present(const glia_tensor *given, glia_tensor *tensor) { return given ? tensor : NULL; }

static void name_tensors(const gli_call *call, bool backward, seen *s, glia_custom_call *out) {
    for (int k = 0; k < GLIA_CUSTOM_TENSORS; ++k) {
        const int in = GLI_CUSTOM_BACKWARD_IN + k, y = GLI_CUSTOM_BACKWARD_OUT + k, dy = GLI_CUSTOM_BACKWARD_DOUT + k;
        out->in[k] = present(call->in[in], &s->in[in]);
        if (backward) {
            out->out[k]  = present(call->in[y], &s->in[y]);
            out->dout[k] = present(call->in[dy], &s->in[dy]);
            out->din[k]  = present(call->out[k], &s->out[k]);
        } else {
            out->out[k] = present(call->out[k], &s->out[k]);
        }
    }
}

glia_status gli_custom_run(const gli_call *call, glia_custom_fn fn, bool backward, gli_custom_copy copy,
                           void *workspace) {
    const gli_custom_geom *g = call->geom;
    glia_custom_call user    = {.params = &g->params, .stream = call->stream};
    char *free_memory        = workspace;
    seen s;
    for (int i = 0; i < call->n_in; ++i) {
        if (!call->in[i]) continue;
        see(call->in[i], &s.in[i], &free_memory);
        if (is_copied(call->in[i])) GLI_TRY(copy(call, call->in[i], &s.in[i]));
    }
    for (int o = 0; o < call->op->n_outputs; ++o)
        if (call->out[o]) see(call->out[o], &s.out[o], &free_memory);
    name_tensors(call, backward, &s, &user);
    const glia_status status              = fn(&user);
    user.message[GLIA_CUSTOM_MESSAGE - 1] = '\0';
    GLI_REQUIRE(call->ctx, status == GLIA_OK, status, "%s: '%s' failed: %s", call->op->name, g->params.op->name,
                user.message[0] ? user.message : glia_status_text(status));
    for (int o = 0; o < call->op->n_outputs; ++o)
        if (is_copied(call->out[o])) GLI_TRY(copy(call, &s.out[o], call->out[o]));
    return GLIA_OK;
}
