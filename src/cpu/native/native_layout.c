#include "cpu/native/native_layout.h"

static bool all_dense(const glia_tensor *const *tensors, int first, int last) {
    for (int i = first; i < last; ++i)
        if (tensors[i] && !gli_is_dense(tensors[i])) return false;
    return true;
}

static bool all_channels_last(const glia_tensor *const *tensors, int count) {
    for (int i = 0; i < count; ++i)
        if (tensors[i] && !gli_is_channels_last(tensors[i])) return false;
    return true;
}

static bool all_f32(const glia_tensor *const *tensors, int count) {
    for (int i = 0; i < count; ++i)
        if (tensors[i] && tensors[i]->dtype != GLIA_F32 && gli_dtype_is_float(tensors[i]->dtype)) return false;
    return true;
}

const char *gli_native_images(const gli_call *call, int images_in, int images_out, bool *planes) {
    const int n_out = call->op->n_outputs;
    if (!all_f32(call->in, call->n_in) || !all_f32(call->out, n_out)) return "only f32";
    if (!all_dense(call->in, images_in, call->n_in) || !all_dense(call->out, images_out, n_out))
        return "a vector has gaps";
    if (gli_count(call->in[0]) == 0) return "the image is empty";
    const bool last  = all_channels_last(call->in, images_in) && all_channels_last(call->out, images_out);
    const bool dense = all_dense(call->in, 0, images_in) && all_dense(call->out, 0, images_out);
    if (!last && !dense) return "the images are neither all dense nor all channels last";
    const glia_tensor *x = call->in[0];
    const bool vectors   = gli_count(x) == x->dim[0] * x->dim[1]; /* an area of one element: C is the run */
    *planes              = dense && !(last && vectors);
    return NULL;
}

const char *gli_native_dense(const gli_call *call) {
    const int n_out = call->op->n_outputs;
    if (!all_f32(call->in, call->n_in) || !all_f32(call->out, n_out)) return "only f32";
    if (!all_dense(call->in, 0, call->n_in) || !all_dense(call->out, 0, n_out)) return "a tensor is not dense";
    return NULL;
}
