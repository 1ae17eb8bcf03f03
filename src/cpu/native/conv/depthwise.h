/* Depthwise convolutions, with one channel of x and one of y in each group: no matrix products, but loops over the
 * channels, which are innermost in x. */
#ifndef GLI_CPU_NATIVE_CONV_DEPTHWISE_H
#define GLI_CPU_NATIVE_CONV_DEPTHWISE_H

#include "cpu/native/conv/convolution_rows.h"

static inline bool gli_is_depthwise(const gli_convolution *c) {
    return c->groups > 1 && c->x.channels == c->groups && c->y.channels == c->groups;
}

/* Elements of the filters as the loops read them, [tap][channel]. */
static inline int64_t gli_depthwise_packed(const gli_convolution *c) { return gli_taps(c) * c->groups; }

void gli_depthwise_pack(const gli_convolution *c, const float *w, float *to);

/* The pixels of one phase. */
void gli_depthwise_run(const glia_context *ctx, const gli_convolution_rows *rows, const float *packed);

/* conv2d_backward_filter of such a convolution. */
size_t gli_depthwise_filter_workspace(const gli_call *call);
void gli_depthwise_filter(const gli_call *call, void *workspace);

#endif
