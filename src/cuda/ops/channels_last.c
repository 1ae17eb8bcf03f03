#include "cuda/ops/channels_last.h"

static bool channels_last(const glia_tensor *x) {
    int64_t step = x->dim[1];
    if (x->dim[1] > 1 && x->stride[1] != 1) return false;
    for (int d = x->ndim - 1; d >= 0; --d) {
        if (d == 1) continue;
        if (x->dim[d] > 1 && x->stride[d] != step) return false;
        step *= x->dim[d];
    }
    return true;
}

const char *gli_cuda_decline_not_channels_last(const gli_call *call) {
    const glia_dtype dtype = call->in[0]->dtype;
    bool last = true, one_type = true;
    for (int i = 0; i < call->n_in; ++i)
        if (gli_input_is(call->op, i, GLI_IN_IMAGE) && call->in[i])
            last = last && channels_last(call->in[i]), one_type = one_type && call->in[i]->dtype == dtype;
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (gli_output_is(call->op, i, GLI_OUT_IMAGE) && call->out[i])
            last = last && channels_last(call->out[i]), one_type = one_type && call->out[i]->dtype == dtype;
    if (!one_type) return "only images of one type";
    return last ? NULL : "only images with channels last and no gaps";
}
