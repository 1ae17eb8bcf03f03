/* The loop of the native optimizers: an element's parameter, gradient and states are loaded, stepped and stored. */
#ifndef GLI_CPU_NATIVE_OPTIMIZER_UPDATE_H
#define GLI_CPU_NATIVE_OPTIMIZER_UPDATE_H

#include <stdint.h>
#include <string.h>

#include "core/tensor_impl.h"
#include "cpu/native/flat.h"
#include "cpu/native/halves.h"
#include "cpu/native/vectorize.h"
#include "ops/optimizer/optimizer_check.h"

enum { GLI_UPDATE_STATES = 3 };

/* An output may be the memory of its input. */
typedef struct gli_update {
    float l1, weight_decay; /* penalties */
    const float *param, *grad, *state[GLI_UPDATE_STATES];
    float *new_param, *new_state[GLI_UPDATE_STATES];
    const glia_tensor *new_half; /* NULL: not requested */
} gli_update;

typedef struct gli_update_element {
    float param, grad; /* the gradient with its penalties: grad + weight_decay param + l1 sign(param) */
    float state[GLI_UPDATE_STATES];
} gli_update_element;

/* The optimizer's formula: changes param and the states that it has, whose bits are in `states`. */
typedef void (*gli_update_step)(const void *numbers, unsigned states, gli_update_element *element);

/* Elements begin .. end - 1. states and step are constants of each caller, so that one loop without a branch remains.
 */
GLI_INLINE void gli_update_elements(const gli_update *u, int64_t begin, int64_t end, unsigned states,
                                    gli_update_step step, const void *numbers) {
    GLI_IVDEP
    for (int64_t i = begin; i < end; ++i) {
        const float param = u->param[i], sign = (float)(param > 0) - (float)(param < 0);
        gli_update_element e = {.param = param, .grad = u->grad[i] + u->weight_decay * param + u->l1 * sign};
        for (int k = 0; k < GLI_UPDATE_STATES; ++k)
            if (states >> k & 1) e.state[k] = u->state[k][i];
        step(numbers, states, &e);
        for (int k = 0; k < GLI_UPDATE_STATES; ++k)
            if (states >> k & 1) u->new_state[k][i] = e.state[k];
        u->new_param[i] = e.param;
    }
    if (u->new_half) gli_narrow(u->new_half->dtype, u->new_param, u->new_half->data, begin, end);
}

/* Whether the call is one of a step that is skipped; then each new tensor is its old one. */
static inline bool gli_update_skipped(const gli_call *call) {
    const int skip = gli_optimizer_skip(call->op);
    if (call->n_in <= skip || !call->in[skip] || *(const int64_t *)call->in[skip]->data == 0) return false;
    for (int o = 0; o < call->op->n_outputs; ++o) {
        if (gli_output_is(call->op, o, GLI_OUT_HALF)) continue;
        const glia_tensor *old = call->in[call->op->outputs[o].in_place], *new = call->out[o];
        if (new && new->data != old->data) memcpy(new->data, old->data, (size_t)gli_count(old) * sizeof(float));
    }
    const glia_tensor *param = call->in[GLI_OPTIMIZER_PARAM], *half = call->out[call->op->n_outputs - 1];
    if (half) gli_narrow(half->dtype, param->data, half->data, 0, gli_count(param));
    return true;
}

#endif
