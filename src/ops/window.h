/* The window that slides over slices, rows and columns: of convolutions and of pooling. */
#ifndef GLI_OPS_WINDOW_H
#define GLI_OPS_WINDOW_H

#include "core/provider.h"
#include "glia/ops/common.h"

/* One axis of it. */
typedef struct gli_window_axis {
    const char *name;
    int stride, pad, pad_end, dilation;
} gli_window_axis;

/* Axis i of `rank`, the last of which are the rows and the columns, of params as the headers define them. dilation may
 * be NULL: 1. */
gli_window_axis gli_window_axis_of(int rank, int i, const int *stride, const int *pad, const int *pad_end,
                                   const int *dilation);

/* Checks the axis and a window of `window` elements on an input of `size`, and computes the output size:
 * floor((padded - effective) / stride) + 1, where effective = (window - 1) dilation + 1. With ceil_mode the quotient is
 * rounded up, and a last window that would start past the input and the padding before it is left out, as PyTorch does;
 * the windows may then extend past the padded input. */
glia_status gli_window_output_size(const gli_resolution *r, const gli_window_axis *axis, int64_t size, int64_t window,
                                   bool ceil_mode, int *out);

/* The inverse, for a transposed convolution: the input size of which this is the output size, plus output_pad. */
glia_status gli_window_input_size(const gli_resolution *r, const gli_window_axis *axis, int64_t outputs, int64_t window,
                                  int output_pad, int *out);

#endif
