/* Convolutions and poolings of one image, in planes. */
#include <string.h>

#include "core/size.h"
#include "cpu/native/conv/winograd.h"
#include "cpu/native/conv/winograd_planes.h"
#include "cpu/native/finite.h"
#include "cpu/native/pool/max_pool_pairs.h"
#include "glia/ops.h"
#include "ops/conv/conv_geom.h"
#include "ops/pool/pool_geom.h"
#include "predict/predictor.h"

/* ---- conv2d ---- */

typedef struct image_call {
    gli_conv_planes conv;
    gli_winograd_planes winograd;
    bool by_winograd; /* as long as its results are finite */
    glia_unary_kind activation;
    gli_fetch fetch;
    const float *x;
    float *y;
    float *padded; /* NULL, or the planes of x with zeros around them */
    int channels, rows, columns, pad[2];
    int64_t padded_rows;
    int value;   /* id of its result */
    bool pooled; /* y is the result of the max pooling that follows */
} image_call;

static void pad_planes(const image_call *c) {
    const size_t bytes = (size_t)c->columns * sizeof(float);
    for (int64_t i = 0; i < c->channels; ++i)
        for (int64_t row = 0; row < c->rows; ++row)
            memcpy(c->padded + (i * c->padded_rows + row + c->pad[0]) * c->conv.x_columns + c->pad[1],
                   c->x + (i * c->rows + row) * c->columns, bytes);
}

/* Pools the sums of the kernel's filters from f on. */
static void pool_sums(const gli_conv_planes *conv, int64_t f, const gli_plane_sums *sums, float *y) {
    const int64_t rows = conv->rows / 2, columns = conv->columns / 2;
    const int64_t end = gli_min_i64(f + conv->kernel->filters, conv->filters);
    const float *from = sums->data;
    for (; f < end; ++f, from += sums->filter)
        gli_max_pool_pairs(from, sums->row, rows, columns, y + f * rows * columns);
}

static glia_status run_image(void *arg) {
    const image_call *c = arg;
    gli_fetch fetch     = c->fetch;
    const float *x      = c->padded ? c->padded : c->x;
    if (c->padded) pad_planes(c);
    if (c->by_winograd) gli_winograd_planes_transform(&c->winograd, x, c->conv.x_columns);
    for (int64_t f = 0; f < c->conv.filters; f += c->conv.kernel->filters) {
        gli_plane_sums sums;
        if (!c->by_winograd || !gli_winograd_planes_run(&c->winograd, f, &fetch, &sums))
            sums = gli_conv_planes_run(&c->conv, f, x, &fetch);
        gli_predict_activate(c->activation, sums.count, sums.data);
        (c->pooled ? pool_sums : gli_conv_planes_store)(&c->conv, f, &sums, c->y);
    }
    return GLIA_OK;
}

/* Whether zeros around x take more than twice the memory of x and y, and more than a small image; or whether most
 * pixels of the planes that are computed are none of y's, as with filters about as wide as x. rows, columns: of x with
 * zeros. */
static bool wastes_much(const gli_conv_geom *g, int64_t rows, int64_t columns) {
    enum { SMALL = 1 << 14 /* elements */, VECTOR = 16 };
    const int64_t pixels = (int64_t)g->p * g->q, computed = gli_saturating_mul(g->p - 1, columns);
    const int64_t x = (int64_t)g->c * g->h * g->w, y = g->k * pixels;
    const int64_t padded = gli_saturating_mul(g->c, gli_saturating_mul(rows, columns));
    return padded > gli_max_i64(SMALL, gli_saturating_mul(2, x + y)) || computed > 2 * pixels + VECTOR;
}

/* Zeros around x would make NaN of weights that are not finite. Of large images, cpu.winograd multiplies less. */
static bool takes_image(const gli_predict_build *b, const gli_node *node) {
    enum { WINOGRAD_CHANNELS = 64, WINOGRAD_PIXELS = 1024 };
    const gli_conv_geom *g = node->geom;
    const int64_t rows = (int64_t)g->h + g->pad_h + g->pad_h_end, columns = (int64_t)g->w + g->pad_w + g->pad_w_end;
    const bool same = rows == g->h && columns == g->w;
    if (gli_predict_is_weight(b, node, GLI_CONV_X) || !gli_predict_is_weight(b, node, GLI_CONV_W) ||
        !gli_predict_is_weight(b, node, GLI_CONV_BIAS))
        return false;
    if (g->n != 1 || g->groups != 1 || g->stride_h != 1 || g->stride_w != 1) return false;
    if (g->pad_h < 0 || g->pad_w < 0 || g->pad_h_end < 0 || g->pad_w_end < 0) return false;
    if (wastes_much(g, rows, columns)) return false;
    if (g->r == 3 && g->s == 3 && g->c >= WINOGRAD_CHANNELS && (int64_t)g->p * g->q >= WINOGRAD_PIXELS) return false;
    return same || gli_all_finite(b->ctx, gli_predict_data(b, node, GLI_CONV_W), (int64_t)g->k * g->c * g->r * g->s);
}

/* Whether minimal filtering, in tiles of 2 x 2 pixels that stay in L2, saves more than its transforms take. */
static bool gains_by_winograd(const gli_predict_build *b, const gli_node *node) {
    enum { FEWEST_CHANNELS = 16, FEWEST_TILES = 36, MOST_INPUTS = 1 << 14 };
    const gli_conv_geom *g = node->geom;
    const int64_t tiles    = (int64_t)gli_divide_up(g->p, 2) * gli_divide_up(g->q, 2);
    return g->r == 3 && g->s == 3 && g->dilation_h == 1 && g->dilation_w == 1 && g->c >= FEWEST_CHANNELS &&
           g->k >= FEWEST_CHANNELS && tiles >= FEWEST_TILES && g->c * tiles <= MOST_INPUTS &&
           gli_all_finite(b->ctx, gli_predict_data(b, node, GLI_CONV_W), (int64_t)g->k * g->c * g->r * g->s);
}

static glia_status make_winograd(gli_predict_build *b, const gli_node *node, image_call *c) {
    const gli_conv_geom *g = node->geom;
    gli_winograd_planes *w = &c->winograd;
    const float *bias      = gli_predict_data(b, node, GLI_CONV_BIAS);
    const int64_t rows = gli_divide_up(g->p, 2), columns = gli_divide_up(g->q, 2), tiles = rows * columns;
    void *memory;
    float *kept;
    *w = (gli_winograd_planes){{c->conv.kernel, g->k, 1, tiles, .x_columns = tiles}, rows, columns};
    GLI_TRY(gli_predict_new(b, (size_t)g->c * sizeof *w->point.taps.offset, &memory));
    int64_t *offset = memory;
    for (int64_t i = 0; i < g->c; ++i) offset[i] = i * tiles;
    w->point.taps = (gli_conv_taps){offset, g->c};
    if (bias) {
        GLI_TRY(gli_predict_floats(b, g->k, &kept));
        w->bias = memcpy(kept, bias, (size_t)g->k * sizeof *kept);
    }
    GLI_TRY(gli_predict_floats(b, gli_winograd_planes_filters(w), &w->filters));
    GLI_TRY(gli_predict_floats(b, gli_winograd_planes_inputs(w), &w->inputs));
    GLI_TRY(gli_predict_floats(b, gli_winograd_planes_sums(w), &w->sums));
    GLI_TRY(gli_predict_floats(b, gli_winograd_planes_out(w), &w->out));
    GLI_TRY(
        gli_arena_alloc(b->ctx, &b->arena, (size_t)g->k * (size_t)g->c, GLI_WINOGRAD_POINTS * sizeof *kept, &memory));
    gli_winograd_planes_pack(w, gli_predict_data(b, node, GLI_CONV_W), memory);
    return GLIA_OK;
}

static glia_status make_taps(gli_predict_build *b, const gli_conv_geom *g, image_call *c) {
    void *memory;
    const int64_t plane = c->padded_rows * c->conv.x_columns;
    c->conv.taps.count  = (int64_t)g->c * g->r * g->s;
    GLI_TRY(gli_predict_new(b, (size_t)c->conv.taps.count * sizeof *c->conv.taps.offset, &memory));
    int64_t *offset     = memory;
    c->conv.taps.offset = offset;
    for (int64_t i = 0; i < g->c; ++i)
        for (int64_t r = 0; r < g->r; ++r)
            for (int64_t s = 0; s < g->s; ++s)
                *offset++ = i * plane + r * g->dilation_h * c->conv.x_columns + s * g->dilation_w;
    return GLIA_OK;
}

static glia_status make_image(gli_predict_build *b, const gli_node *node, image_call *c) {
    const gli_conv_geom *g       = node->geom;
    const bool by_winograd       = gains_by_winograd(b, node); /* which needs even numbers of rows and columns */
    const int64_t padded_rows    = (int64_t)g->h + g->pad_h + g->pad_h_end + (by_winograd && g->p % 2);
    const int64_t padded_columns = (int64_t)g->w + g->pad_w + g->pad_w_end + (by_winograd && g->q % 2);
    *c                           = (image_call){.activation  = g->activation,
                                                .x           = gli_predict_data(b, node, GLI_CONV_X),
                                                .y           = b->values[node->out[0]].tensor.data,
                                                .value       = node->out[0],
                                                .channels    = g->c,
                                                .rows        = g->h,
                                                .columns     = g->w,
                                                .pad         = {g->pad_h, g->pad_w},
                                                .by_winograd = by_winograd,
                                                .padded_rows = padded_rows};
    c->conv = (gli_conv_planes){gli_conv_kernel_here(), g->k, g->p, g->q, .x_columns = padded_columns};
    GLI_TRY(make_taps(b, g, c));
    if (by_winograd) GLI_TRY(make_winograd(b, node, c));
    if (padded_rows > g->h || padded_columns > g->w)
        GLI_TRY(gli_predict_floats(b, (int64_t)g->c * padded_rows * padded_columns, &c->padded));
    GLI_TRY(gli_predict_floats(b, gli_conv_planes_packed(&c->conv), &c->conv.packed));
    GLI_TRY(gli_predict_floats(b, gli_conv_planes_sums(&c->conv), &c->conv.sums));
    gli_conv_planes_pack(&c->conv, gli_predict_data(b, node, GLI_CONV_W), gli_predict_data(b, node, GLI_CONV_BIAS));
    return GLIA_OK;
}

/* The weights that a run reads; with minimal filtering the others are for results that are not finite. */
static gli_fetch weights_of(const image_call *c) {
    const float *data   = c->by_winograd ? c->winograd.filters : c->conv.packed;
    const int64_t count = c->by_winograd ? gli_winograd_planes_filters(&c->winograd) : gli_conv_planes_packed(&c->conv);
    return (gli_fetch){(const char *)data, (size_t)count * sizeof *data};
}

glia_status gli_predict_lower_image(gli_predict_build *b, const gli_node *node, int time, bool *done) {
    if (node->op != &gli_op_conv2d || !takes_image(b, node)) return GLIA_OK;
    const glia_tensor shape = gli_predict_shape(b, node->out[0], time);
    void *memory;
    GLI_TRY(gli_predict_make(b, node->out[0], &shape, time));
    GLI_TRY(gli_predict_new(b, sizeof(image_call), &memory));
    image_call *c = memory;
    GLI_TRY(make_image(b, node, c));
    *done = true;
    return gli_predict_add_call(
        b, &(gli_predict_call){.run = run_image, .arg = c, .weights = weights_of(c), .fetch = &c->fetch});
}

/* ---- max_pool2d, 2 x 2 ---- */

typedef struct pool_call {
    const float *x;
    float *y;
    int64_t planes, x_rows, x_columns, rows, columns;
    glia_unary_kind activation;
} pool_call;

static glia_status run_pool(void *arg) {
    const pool_call *c = arg;
    for (int64_t i = 0; i < c->planes; ++i)
        gli_max_pool_pairs(c->x + i * c->x_rows * c->x_columns, c->x_columns, c->rows, c->columns,
                           c->y + i * c->rows * c->columns);
    gli_predict_activate(c->activation, c->planes * c->rows * c->columns, c->y);
    return GLIA_OK;
}

static bool takes_pool(const gli_predict_build *b, const gli_node *node) {
    const gli_pool_geom *g = node->geom;
    const int indices      = node->out[GLI_POOL_INDICES];
    if (gli_predict_is_weight(b, node, 0) || (indices && b->readers[indices] > 0)) return false;
    return g->r == 2 && g->s == 2 && g->stride_h == 2 && g->stride_w == 2 && g->dilation_h == 1 && g->dilation_w == 1 &&
           g->pad_h == 0 && g->pad_w == 0 && g->p == g->h / 2 && g->q == g->w / 2;
}

/* The call just before this pooling, if it is a convolution whose result nothing else reads; otherwise NULL. */
static image_call *convolution_before(const gli_predict_build *b, const gli_node *node) {
    const glia_predictor *p = b->predictor;
    if (p->n_calls == 0 || p->calls[p->n_calls - 1].run != run_image) return NULL;
    image_call *c = p->calls[p->n_calls - 1].arg;
    return c->value == node->in[0] && b->readers[c->value] == 1 ? c : NULL;
}

glia_status gli_predict_lower_pool(gli_predict_build *b, const gli_node *node, int time, bool *done) {
    const gli_pool_geom *g = node->geom;
    if (node->op != &gli_op_max_pool2d || !takes_pool(b, node)) return GLIA_OK;
    const glia_tensor shape = gli_predict_shape(b, node->out[0], time);
    void *memory;
    GLI_TRY(gli_predict_make(b, node->out[0], &shape, time));
    image_call *before = convolution_before(b, node);
    if (before && (!g->relu || before->activation == GLIA_UNARY_LINEAR)) {
        if (g->relu) before->activation = GLIA_UNARY_RELU; /* of the largest element, it is the largest of its result */
        before->y      = b->values[node->out[0]].tensor.data;
        before->pooled = *done = true;
        return GLIA_OK;
    }
    GLI_TRY(gli_predict_new(b, sizeof(pool_call), &memory));
    pool_call *c = memory;
    *c           = (pool_call){.x          = gli_predict_data(b, node, 0),
                               .y          = b->values[node->out[0]].tensor.data,
                               .planes     = (int64_t)g->n * g->c,
                               .x_rows     = g->h,
                               .x_columns  = g->w,
                               .rows       = g->p,
                               .columns    = g->q,
                               .activation = g->relu ? GLIA_UNARY_RELU : GLIA_UNARY_LINEAR};
    *done        = true;
    return gli_predict_add_call(b, &(gli_predict_call){.run = run_pool, .arg = c});
}
