#include "cpu/native/conv/image_copies.h"

#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/conv/convolution_rows.h"
#include "cpu/native/strided_copy.h"

/* Rows or columns that the taps read. */
static int64_t size_of(const gli_convolution *c, int d, int64_t outputs) {
    return (outputs - 1) * c->stride[d] + (int64_t)c->dilation[d] * (c->taps[d] - 1) + 1;
}

gli_convolution_image gli_padded_planes(const gli_convolution *c) {
    gli_convolution_image out = {.channels      = c->x.channels,
                                 .rows          = size_of(c, GLI_ROWS, c->y.rows),
                                 .columns       = size_of(c, GLI_COLUMNS, c->y.columns),
                                 .column_stride = 1};
    out.row_stride            = out.columns;
    out.channel_stride        = gli_saturating_mul(out.rows, out.columns);
    out.image_stride          = gli_saturating_mul(out.channels, out.channel_stride);
    return out;
}

static int64_t elements_of(const gli_convolution_image *image) {
    return image->channels * image->rows * image->columns;
}

const char *gli_convolution_decline_planes(const gli_convolution *c) {
    enum { TIMES = 4, SMALL = 1 << 20 }; /* small planes may be any multiple of x and y */
    const int64_t most   = gli_saturating_mul(TIMES * c->images, elements_of(&c->x) + elements_of(&c->y));
    const int64_t planes = gli_saturating_mul(c->images, gli_padded_planes(c).image_stride);
    return planes > gli_saturating_add(most, SMALL) ? "its padded images would be far larger than its images" : NULL;
}

typedef struct padding {
    const gli_convolution *c;
    gli_convolution_image to;
    const float *x;
    float *planes;
} padding;

static void pad_plane(const padding *p, int64_t index) {
    const gli_convolution_image *from = &p->c->x, *to = &p->to;
    const int *pad = p->c->pad;
    const float *x = p->x + index / to->channels * from->image_stride + index % to->channels * from->channel_stride;
    float *plane   = p->planes + index * to->channel_stride;
    const int64_t first = gli_max_i64(0, pad[GLI_COLUMNS]);
    const int64_t end   = gli_min_i64(to->columns, from->columns + pad[GLI_COLUMNS]);
    for (int64_t row = 0; row < to->rows; ++row, plane += to->row_stride) {
        const int64_t i = row - pad[GLI_ROWS];
        memset(plane, 0, (size_t)to->columns * sizeof *plane);
        for (int64_t j = first; i >= 0 && i < from->rows && j < end; ++j)
            plane[j] = x[i * from->row_stride + (j - pad[GLI_COLUMNS]) * from->column_stride];
    }
}

static void pad_planes(void *arg, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) pad_plane(arg, i);
}

void gli_convolution_pad(const glia_context *ctx, const gli_convolution *c, const float *x, float *planes) {
    enum { CHUNK_ELEMENTS = 1 << 14 };
    padding p = {c, gli_padded_planes(c), x, planes};
    gli_parallel(ctx, c->images * p.to.channels, gli_max_i64(1, CHUNK_ELEMENTS / p.to.channel_stride), pad_planes, &p);
}

gli_convolution_image gli_image_channels_last(const gli_convolution_image *image) {
    gli_convolution_image out = *image;
    out.channel_stride        = 1;
    out.column_stride         = out.channels;
    out.row_stride            = out.columns * out.column_stride;
    out.image_stride          = out.rows * out.row_stride;
    return out;
}

void gli_image_copy(const glia_context *ctx, int64_t images, const gli_convolution_image *image, const float *from,
                    const gli_convolution_image *copied, float *to) {
    const gli_copy copy = {
        .size        = sizeof *to,
        .ndim        = 4,
        .dim         = {images, image->channels, image->rows, image->columns},
        .to_stride   = {copied->image_stride, copied->channel_stride, copied->row_stride, copied->column_stride},
        .from_stride = {image->image_stride, image->channel_stride, image->row_stride, image->column_stride},
        .to          = to,
        .from        = from};
    gli_copy_run(ctx, &copy);
}
