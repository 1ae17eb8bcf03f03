#include "cpu/native/flat.h"

static const char *decline(const glia_tensor *tensor, const glia_tensor *first) {
    if (!tensor || tensor->ndim == 0) return NULL; /* scalars are read on their own */
    if (tensor->dtype != GLIA_F32) return "it computes in f32 only";
    if (!gli_is_packed(tensor)) return "a tensor has gaps";
    return gli_same_strides(tensor, first) ? NULL : "the tensors have different layouts";
}

const char *gli_flat_decline(const gli_call *call) {
    const char *reason = call->in[0]->dtype == GLIA_F32 ? NULL : "it computes in f32 only";
    for (int i = 0; i < call->n_in && !reason; ++i) reason = decline(call->in[i], call->in[0]);
    for (int i = 0; i < call->op->n_outputs && !reason; ++i) reason = decline(call->out[i], call->in[0]);
    return reason;
}

float *gli_flat_in(const gli_call *call, int i) { return i < call->n_in && call->in[i] ? call->in[i]->data : NULL; }

float *gli_flat_out(const gli_call *call, int i) { return call->out[i] ? call->out[i]->data : NULL; }
