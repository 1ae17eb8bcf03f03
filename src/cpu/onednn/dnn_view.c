#include <string.h>

#include "cpu/onednn/onednn.h"

/* Strides of dimensions of size 1 mean nothing in Glia, but oneDNN checks them for overlaps, and takes that of a matrix
 * of one row for the distance between rows. They become the extent of the dimension behind them, as in the row-major
 * layout; whatever the other dimensions are, that overlaps with none. */
static gli_dnn_view view_of(const glia_tensor *tensor, gli_dnn_memory memory, int i) {
    gli_dnn_view view = {.memory = tensor ? memory : GLI_DNN_ABSENT, .index = i};
    if (!tensor) return view;
    int64_t behind = 1;
    view.ndim      = tensor->ndim;
    for (int d = tensor->ndim - 1; d >= 0; --d) {
        view.dim[d]    = tensor->dim[d];
        view.stride[d] = tensor->dim[d] == 1 ? behind : tensor->stride[d];
        behind         = view.dim[d] * view.stride[d];
    }
    return view;
}

gli_dnn_view gli_dnn_in(const gli_call *call, int i) {
    return view_of(i < call->n_in ? call->in[i] : NULL, GLI_DNN_INPUT, i);
}

gli_dnn_view gli_dnn_out(const gli_call *call, int i) { return view_of(call->out[i], GLI_DNN_OUTPUT, i); }

static bool strides_are(const gli_dnn_view *view, const int64_t *stride) {
    for (int d = 0; d < view->ndim; ++d)
        if (view->dim[d] > 1 && view->stride[d] != stride[d]) return false;
    return true;
}

bool gli_dnn_is_channels_last(const gli_dnn_view *view) {
    int64_t stride[GLI_DNN_DIMS];
    gli_channels_last_strides(view->ndim, view->dim, stride);
    return strides_are(view, stride);
}

bool gli_dnn_is_row_major(const gli_dnn_view *view) {
    int64_t stride[GLI_DNN_DIMS];
    gli_dense_strides(view->ndim, view->dim, stride);
    return strides_are(view, stride);
}

gli_dnn_view gli_dnn_image(gli_dnn_view view) {
    view.layout = gli_dnn_is_channels_last(&view) ? GLI_DNN_CHANNELS_LAST : GLI_DNN_ANY;
    return view;
}

gli_dnn_view gli_dnn_filters(gli_dnn_view view, int groups) {
    view.layout = GLI_DNN_ANY;
    if (groups == 1) return view;
    memmove(view.dim + 1, view.dim, (size_t)view.ndim * sizeof *view.dim);
    memmove(view.stride + 1, view.stride, (size_t)view.ndim * sizeof *view.stride);
    ++view.ndim;
    view.dim[0] = groups;
    view.dim[1] /= groups;
    view.stride[0] = view.dim[1] * view.stride[1];
    return view;
}

gli_dnn_view gli_dnn_flat(gli_dnn_view view) {
    int64_t count = 1;
    for (int d = 0; d < view.ndim; ++d) count *= view.dim[d];
    view.ndim   = 1;
    view.dim[0] = count, view.stride[0] = 1;
    return view;
}

gli_dnn_view gli_dnn_transposed(gli_dnn_view view) {
    const int row = view.ndim - 2, column = view.ndim - 1;
    const int64_t dim = view.dim[row], stride = view.stride[row];
    view.dim[row] = view.dim[column], view.stride[row] = view.stride[column];
    view.dim[column] = dim, view.stride[column] = stride;
    return view;
}

gli_dnn_view gli_dnn_any(gli_dnn_view view) {
    view.layout = GLI_DNN_ANY;
    return view;
}
