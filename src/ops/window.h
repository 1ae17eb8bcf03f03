/* The window that slides over rows and columns: of convolutions and of pooling. */
#ifndef GLI_OPS_WINDOW_H
#define GLI_OPS_WINDOW_H

#include "core/provider.h"
#include "glia/ops/common.h"

/* One axis of it: rows or columns, every default filled in. */
typedef struct gli_window_axis {
    const char *name;
    int stride, pad, pad_end, dilation;
} gli_window_axis;

/* Axis i (0: rows, 1: columns) of params as the headers define them: stride and dilation 0 mean 1, pad_end 0 means as
 * pad, GLIA_NO_PAD none. dilation may be NULL. Pooling, whose stride defaults to the kernel, puts that in before. */
gli_window_axis gli_window_axis_of(int i, const int *stride, const int *pad, const int *pad_end, const int *dilation);

/* Checks the axis and a window of `window` elements on an input of `size`, and gives the number of places where it
 * stands: floor((padded - reach) / stride) + 1. With ceil_mode the quotient is rounded up, and a last window that would
 * start behind the input and the padding in front of it is left out, as PyTorch does; the windows may then reach past
 * the padded input. */
glia_status gli_window_places(const gli_resolution *r, const gli_window_axis *axis, int64_t size, int64_t window,
                              bool ceil_mode, int *out);

/* The way back, of a transposed convolution: the number of elements that a window at `places` places covers, without
 * the padding, and output_pad more. */
glia_status gli_window_covered(const gli_resolution *r, const gli_window_axis *axis, int64_t places, int64_t window,
                               int output_pad, int *out);

#endif
