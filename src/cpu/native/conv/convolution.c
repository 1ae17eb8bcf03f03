/* Brings a convolution into one of the forms that convolution_rows.h and depthwise.h read, packs the filters, and runs
 * it. */
#include "cpu/native/conv/convolution.h"

#include "core/size.h"
#include "cpu/native/conv/convolution_exact.h"
#include "cpu/native/conv/image_copies.h"
#include "cpu/native/conv/convolution_rows.h"
#include "cpu/native/conv/depthwise.h"
#include "cpu/native/finite.h"
#include "cpu/native/strided_copy.h"

enum { FEW_CHANNELS = 8 }; /* read by rows of taps: too few for a loop over the channels of one tap */

gli_convolution_image gli_image_of(const glia_tensor *image) {
    return (gli_convolution_image){.channels       = image->dim[1],
                                   .rows           = image->dim[2],
                                   .columns        = image->dim[3],
                                   .image_stride   = image->stride[0],
                                   .channel_stride = image->stride[1],
                                   .row_stride     = image->stride[2],
                                   .column_stride  = image->stride[3]};
}

gli_convolution gli_convolution_of(const gli_conv_geom *g, const glia_tensor *x, const glia_tensor *y,
                                   const glia_tensor *w) {
    return (gli_convolution){.images         = g->n,
                             .groups         = g->groups,
                             .x              = gli_image_of(x),
                             .y              = gli_image_of(y),
                             .taps           = {g->r, g->s},
                             .stride         = {g->stride_h, g->stride_w},
                             .pad            = {g->pad_h, g->pad_w},
                             .dilation       = {g->dilation_h, g->dilation_w},
                             .tap_row_stride = w->stride[2],
                             .tap_stride     = w->stride[3],
                             .activation     = g->activation};
}

/* A convolution with its arrays, in the form that it has so far, and the memory that is left of the workspace; without
 * memory only the bytes are counted. */
typedef struct form {
    gli_convolution c;
    const float *x, *w;
    float *memory;
    int64_t used; /* elements of the workspace */
} form;

static float *take(form *f, int64_t count) {
    float *out = f->memory ? f->memory + f->used : NULL;
    f->used += count;
    return out;
}

/* ---- the filters ------------------------------------------------------------------------------------------------- */

/* Filters [group][channel of y][channel of x][tap], one after the other. */
static void set_filters(form *f, const float *w) {
    gli_convolution *c = &f->c;
    f->w               = w;
    c->tap_stride      = 1;
    c->in_stride       = gli_taps(c);
    c->out_stride      = gli_channels_in(c) * c->in_stride;
    c->group_stride    = gli_channels_out(c) * c->out_stride;
    c->tap_row_stride  = c->taps[GLI_COLUMNS];
}

/* Copies the filters to where one follows the other. */
static void copy_filters(const glia_context *ctx, form *f) {
    gli_convolution *c = &f->c;
    const int64_t in = gli_channels_in(c), out = gli_channels_out(c), taps = gli_taps(c);
    float *to           = take(f, c->groups * out * in * taps);
    const gli_copy copy = {
        .size        = sizeof *to,
        .ndim        = 5,
        .dim         = {c->groups, out, in, c->taps[GLI_ROWS], c->taps[GLI_COLUMNS]},
        .to_stride   = {out * in * taps, in * taps, taps, c->taps[GLI_COLUMNS], 1},
        .from_stride = {c->group_stride, c->out_stride, c->in_stride, c->tap_row_stride, c->tap_stride},
        .to          = to,
        .from        = f->w};
    if (to) gli_copy_run(ctx, &copy);
    set_filters(f, to);
}

/* Makes tap_stride that of rows of taps as well. */
static void join_taps(const glia_context *ctx, form *f) {
    gli_convolution *c = &f->c;
    if (c->taps[GLI_COLUMNS] == 1) c->tap_stride = c->tap_row_stride;
    if (c->taps[GLI_ROWS] > 1 && c->tap_row_stride != c->taps[GLI_COLUMNS] * c->tap_stride) copy_filters(ctx, f);
}

/* Transposed with stride 1: a convolution with the taps in reverse order. */
static void turn(form *f) {
    gli_convolution *c = &f->c;
    if (!c->transposed || c->stride[GLI_ROWS] != 1 || c->stride[GLI_COLUMNS] != 1) return;
    c->transposed = false;
    for (int d = 0; d < 2; ++d) c->pad[d] = (int)((int64_t)c->dilation[d] * (c->taps[d] - 1) - c->pad[d]);
    if (f->memory) f->w += (gli_taps(c) - 1) * c->tap_stride;
    c->tap_stride     = -c->tap_stride;
    c->tap_row_stride = -c->tap_row_stride;
}

/* ---- the images -------------------------------------------------------------------------------------------------- */

static bool reads_planes(const gli_convolution *c) {
    return gli_channels_in(c) <= FEW_CHANNELS && !c->transposed && !c->spread;
}

/* x in planes, with the rows and columns of zeros that the taps read. */
static void pad_images(const glia_context *ctx, form *f) {
    gli_convolution *c             = &f->c;
    const gli_convolution_image to = gli_padded_planes(c);
    float *planes                  = take(f, c->images * to.image_stride);
    if (planes) gli_convolution_pad(ctx, c, f->x, planes);
    f->x             = planes;
    c->x             = to;
    c->pad[GLI_ROWS] = c->pad[GLI_COLUMNS] = 0;
}

/* x with its channels innermost. */
static void copy_channels_last(const glia_context *ctx, form *f) {
    gli_convolution *c             = &f->c;
    const gli_convolution_image to = gli_image_channels_last(&c->x);
    float *copied                  = take(f, c->images * to.image_stride);
    if (copied) gli_image_copy(ctx, c->images, &c->x, f->x, &to, copied);
    f->x = copied;
    c->x = to;
}

/* Groups with few channels, spread out: each channel of y gets a group of its own, with copies of what it reads. */
static void spread_groups(const glia_context *ctx, form *f) {
    gli_convolution *c = &f->c;
    const int64_t in = gli_channels_in(c), out = gli_channels_out(c);
    c->side = gli_is_side_by_side(c) ? (int)in : 0;
    copy_filters(ctx, f);
    if (c->side && c->x.channel_stride != 1) copy_channels_last(ctx, f);
    const gli_convolution_image from = c->x;
    c->spread                        = true;
    c->groups                        = (int)c->y.channels;
    c->group_stride                  = in * gli_taps(c);
    if (c->side || (in == 1 && out == 1 && from.channel_stride == 1)) return;
    c->x.channels = in * c->y.channels;
    c->x          = gli_image_channels_last(&c->x);
    float *to     = take(f, c->images * c->x.image_stride);
    if (to) gli_depthwise_spread(ctx, c, &from, f->x, to);
    f->x = to;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static form form_of(const glia_context *ctx, const gli_convolution *c, const float *x, const float *w, float *memory) {
    form f = {*c, x, w, memory, 0};
    join_taps(ctx, &f);
    turn(&f);
    if (gli_is_grouped(&f.c))
        spread_groups(ctx, &f);
    else if (reads_planes(&f.c))
        pad_images(ctx, &f);
    else if (f.c.x.channel_stride != 1)
        copy_channels_last(ctx, &f);
    return f;
}

/* The filters are the columns; in the order in which the rows are read. */
static gli_gemm_columns columns_of(const gli_convolution *c) {
    gli_gemm_columns out = {.count = gli_channels_out(c), .column_stride = c->out_stride};
    const bool planes    = reads_planes(c);
    out.outer            = planes ? gli_channels_in(c) : gli_taps(c);
    out.outer_stride     = planes ? c->in_stride : c->tap_stride;
    out.length           = planes ? gli_taps(c) : gli_channels_in(c);
    out.length_stride    = planes ? c->tap_stride : c->in_stride;
    return out;
}

static const float *filters_of(const void *arg, int64_t group) {
    const form *f = arg;
    return f->w + group * f->c.group_stride;
}

/* Of all groups. */
static int64_t packed_elements(const gli_convolution *c) {
    if (c->spread) return gli_depthwise_packed(c);
    const gli_gemm_panels panels   = gli_gemm_column_panels(gli_gemm_kernel_here());
    const gli_gemm_columns columns = columns_of(c);
    return c->groups * gli_gemm_packed(&panels, &columns);
}

const char *gli_convolution_decline(const gli_convolution *c) {
    form f = {*c, NULL, NULL, NULL, 0};
    turn(&f);
    return gli_is_grouped(&f.c) || !reads_planes(&f.c) ? NULL : gli_convolution_decline_planes(&f.c);
}

size_t gli_convolution_workspace(const gli_convolution *c) {
    const form f = form_of(NULL, c, NULL, NULL, NULL);
    return (size_t)(f.used + packed_elements(&f.c)) * sizeof(float);
}

static gli_gemm gemm_of(const gli_convolution *c, const gli_convolution_rows *rows, const float *packed) {
    const gli_gemm_columns columns = columns_of(c);
    const bool planes              = reads_planes(c);
    return (gli_gemm){.kernel      = rows->kernel,
                      .problems    = c->groups,
                      .columns     = columns.count,
                      .sum         = columns.outer * columns.length,
                      .blocks      = planes ? gli_convolution_plane_blocks(c) : gli_convolution_tap_blocks(c),
                      .step        = planes ? c->dilation[GLI_COLUMNS] : 1,
                      .panels      = packed,
                      .next_panels = packed_elements(c) / c->groups,
                      .sharing     = 1,
                      .segments    = planes ? gli_convolution_plane_segments : gli_convolution_tap_segments,
                      .store       = gli_convolution_store,
                      .arg         = rows};
}

static void pack_filters(const glia_context *ctx, const form *f, const gli_gemm_kernel *kernel, float *to) {
    const gli_gemm_panels panels   = gli_gemm_column_panels(kernel);
    const gli_gemm_columns columns = columns_of(&f->c);
    if (f->c.spread)
        gli_depthwise_pack(&f->c, f->w, to);
    else
        gli_gemm_pack(ctx, &panels, &columns, f->c.groups, filters_of, f, to);
}

/* Zeros times infinity are NaN in y: of y and the filters, the smaller array tells whether there were any. */
static bool may_have_read_infinities(const glia_context *ctx, const gli_convolution *c, const float *packed,
                                     int64_t filters, float *y) {
    const gli_convolution_image *image = &c->y;
    const glia_tensor all              = {
                     .ndim   = 4,
                     .dim    = {c->images, image->channels, image->rows, image->columns},
                     .stride = {image->image_stride, image->channel_stride, image->row_stride, image->column_stride},
                     .data   = y};
    if (!gli_convolution_reads_zeros(c)) return false;
    return !(gli_count(&all) < filters ? gli_tensor_finite(ctx, &all) : gli_all_finite(ctx, packed, filters));
}

void gli_convolution_run(const glia_context *ctx, const gli_convolution *convolution, const float *x, const float *w,
                         const glia_tensor *bias, float *y, void *workspace) {
    form f                    = form_of(ctx, convolution, x, w, workspace);
    const gli_convolution *c  = &f.c;
    float *packed             = take(&f, packed_elements(c));
    gli_convolution_rows rows = {.c = c, .kernel = gli_gemm_kernel_here(), .x = f.x, .bias = bias, .y = y};
    gli_gemm gemm             = gemm_of(c, &rows, packed);
    pack_filters(ctx, &f, rows.kernel, packed);
    for (int64_t i = 0; i < gli_convolution_phases(c); ++i) {
        rows.phase = gli_convolution_phase_of(c, i);
        gemm.rows  = c->images * rows.phase.size[GLI_ROWS] * rows.phase.size[GLI_COLUMNS];
        if (c->spread)
            gli_depthwise_run(ctx, &rows, packed);
        else
            gli_gemm_run(ctx, &gemm);
    }
    if (may_have_read_infinities(ctx, convolution, packed, packed_elements(c), y))
        gli_convolution_redo_channels(ctx, convolution, x, w, bias, y);
}
