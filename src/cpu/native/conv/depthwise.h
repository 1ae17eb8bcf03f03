/* Depthwise convolutions and others of small groups: no matrix products, but loops over the channels. */
#ifndef GLI_CPU_NATIVE_CONV_DEPTHWISE_H
#define GLI_CPU_NATIVE_CONV_DEPTHWISE_H

#include "cpu/native/conv/convolution_rows.h"

/* Each group has one channel of x and one of y. */
static inline bool gli_is_depthwise(const gli_convolution *c) {
    return c->groups > 1 && c->x.channels == c->groups && c->y.channels == c->groups;
}

/* Each has few: as matrices, they would leave most of a vector empty. */
static inline bool gli_is_grouped(const gli_convolution *c) {
    enum { MOST_CHANNELS = 8 };
    return c->groups > 1 && gli_channels_in(c) <= MOST_CHANNELS && gli_channels_out(c) <= MOST_CHANNELS;
}

/* Each has as many of both, and a vector has whole groups: they can stay side by side. */
static inline bool gli_is_side_by_side(const gli_convolution *c) {
    const int64_t in = gli_channels_in(c);
    return in == gli_channels_out(c) && (in == 2 || in == 4 || in == 8);
}

/* Of a convolution that is spread: each group has one channel of y, x is [channel of the group][group], innermost, and
 * the filters as the loops read them are [channel of the group][tap][group]. Where groups are side by side x is as it
 * is, its channels innermost. */
static inline int64_t gli_channels_read(const gli_convolution *c) { return c->side ? c->side : gli_channels_in(c); }
static inline int64_t gli_depthwise_packed(const gli_convolution *c) {
    return gli_channels_read(c) * gli_taps(c) * c->groups;
}
void gli_depthwise_pack(const gli_convolution *c, const float *w, float *to);

/* x from an image with so many channels for each group. */
void gli_depthwise_spread(const glia_context *ctx, const gli_convolution *c, const gli_convolution_image *image,
                          const float *from, float *x);

/* The pixels of one phase. */
void gli_depthwise_run(const glia_context *ctx, const gli_convolution_rows *rows, const float *packed);

/* conv2d_backward_filter of such a convolution. */
size_t gli_depthwise_filter_workspace(const gli_call *call);
void gli_depthwise_filter(const gli_call *call, void *workspace);

#endif
