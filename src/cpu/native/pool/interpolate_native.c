/* Images in another size, f32, in planes or channels-last. What elements of x an element of y is made of is found out
 * once for each axis. */
#include <string.h>

#include "core/parallel.h"
#include "core/provider.h"
#include "core/size.h"
#include "cpu/native/images.h"
#include "cpu/native/vectorize.h"
#include "ops/pool/interpolate_geom.h"

enum { D = GLIA_MAX_SPATIAL, BLOCK = 64 /* channels of a chunk backward */, MOST_TERMS = GLI_LONGEST_CHAIN };

/* Two elements along an axis. Where only one counts, it is both, at half its weight: so it need not be finite. */
typedef struct taps {
    int at[2];
    float weight[2];
} taps;

typedef struct work {
    const gli_interpolate_geom *g;
    const taps *axis[D];
    const float *from;
    float *to;
    int64_t blocks; /* of channels */
} work;

/* ---- taps -------------------------------------------------------------------------------------------------------- */

static int64_t floor_of(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int within(int64_t i, int size) { return i < 0 ? 0 : i >= size ? size - 1 : (int)i; }

static int64_t nearest_of(glia_interpolate_rounding rounding, int64_t a, int64_t b) {
    switch (rounding) {
        case GLIA_ROUNDING_PREFER_CEIL: return floor_of(2 * a + b, 2 * b);
        case GLIA_ROUNDING_PREFER_FLOOR: return -floor_of(b - 2 * a, 2 * b);
        case GLIA_ROUNDING_FLOOR: return floor_of(a, b);
        default: return -floor_of(-a, b);
    }
}

/* Of element o of y, which lies at a / b among the elements of x. */
static taps taps_of(const gli_interpolate_geom *g, int axis, int64_t o) {
    const int in = g->in[axis], out = g->out[axis];
    int64_t a = o * in, b = out;
    if (g->coordinates == GLIA_COORDINATES_HALF_PIXEL) {
        a = (2 * o + 1) * in - out, b = 2 * (int64_t)out;
    } else if (g->coordinates == GLIA_COORDINATES_ALIGN_CORNERS) {
        a = out > 1 ? o * (in - 1) : 0, b = out > 1 ? out - 1 : 1;
    }
    const bool nearest  = g->mode == GLIA_INTERPOLATE_NEAREST;
    const int64_t first = nearest ? nearest_of(g->rounding, a, b) : floor_of(a, b), rest = a - floor_of(a, b) * b;
    const int at = within(first, in);
    if (nearest || rest == 0) return (taps){{at, at}, {0.5f, 0.5f}};
    return (taps){{at, within(first + 1, in)}, {(float)(b - rest) / (float)b, (float)rest / (float)b}};
}

static void fill_taps(work *w, taps *memory) {
    for (int d = 0; d < D; ++d) {
        w->axis[d] = memory;
        for (int o = 0; o < w->g->out[d]; ++o) *memory++ = taps_of(w->g, d, o);
    }
}

/* The elements that differ, and the weights of each: one or two. */
static int distinct(const taps *t, float weight[2]) {
    const bool one = t->at[0] == t->at[1];
    weight[0]      = one ? t->weight[0] + t->weight[1] : t->weight[0];
    weight[1]      = t->weight[1];
    return one ? 1 : 2;
}

/* The rows of x, up to four, that row (z, y) of the other image is made of: their first elements in a channel. */
typedef struct rows {
    int count;
    int64_t at[4];
    float weight[4];
} rows;

static rows rows_of(const work *w, int z, int y) {
    const taps *tz = &w->axis[0][z], *ty = &w->axis[1][y];
    float wz[2], wy[2];
    const int nz = distinct(tz, wz), ny = distinct(ty, wy);
    rows r = {0};
    for (int i = 0; i < nz; ++i)
        for (int k = 0; k < ny; ++k) {
            r.at[r.count]       = ((int64_t)tz->at[i] * w->g->in[1] + ty->at[k]) * w->g->in[2];
            r.weight[r.count++] = wz[i] * wy[k];
        }
    return r;
}

static int64_t area(const int *size) { return (int64_t)size[0] * size[1] * size[2]; }

/* ---- y from x ---------------------------------------------------------------------------------------------------- */

GLI_CLONES static void interpolate_row(const taps *t, int count, const float *x, float weight, bool first, float *y) {
    GLI_IVDEP
    for (int i = 0; i < count; ++i) {
        const float value = weight * (t[i].weight[0] * x[t[i].at[0]] + t[i].weight[1] * x[t[i].at[1]]);
        y[i]              = first ? value : y[i] + value;
    }
}

static void make_planes(void *arg, int64_t begin, int64_t end) {
    const work *w                 = arg;
    const gli_interpolate_geom *g = w->g;
    for (int64_t plane = begin; plane < end; ++plane) {
        const float *x = w->from + plane * area(g->in);
        float *y       = w->to + plane * area(g->out);
        for (int i = 0; i < g->out[0]; ++i)
            for (int k = 0; k < g->out[1]; ++k, y += g->out[2]) {
                const rows r = rows_of(w, i, k);
                for (int n = 0; n < r.count; ++n)
                    interpolate_row(w->axis[2], g->out[2], x + r.at[n], r.weight[n], n == 0, y);
            }
    }
}

GLI_CLONES static void interpolate_pixel(int channels, const float *x, float weight, bool first, float *y) {
    GLI_IVDEP
    for (int c = 0; c < channels; ++c) y[c] = first ? weight * x[c] : y[c] + weight * x[c];
}

/* Rows of pixels, each of all channels. */
static void make_pixels(void *arg, int64_t begin, int64_t end) {
    const work *w                 = arg;
    const gli_interpolate_geom *g = w->g;
    for (int64_t row = begin; row < end; ++row) {
        const int64_t sample = row / g->out[1] / g->out[0];
        const rows r         = rows_of(w, (int)(row / g->out[1] % g->out[0]), (int)(row % g->out[1]));
        const float *x       = w->from + sample * area(g->in) * g->c;
        float *y             = w->to + row * g->out[2] * g->c;
        for (int i = 0; i < g->out[2]; ++i, y += g->c) {
            float weight[2];
            const taps *t = &w->axis[2][i];
            const int two = distinct(t, weight);
            for (int n = 0; n < r.count; ++n)
                for (int k = 0; k < two; ++k)
                    interpolate_pixel(g->c, x + (r.at[n] + t->at[k]) * g->c, r.weight[n] * weight[k], n + k == 0, y);
        }
    }
}

/* ---- dx from dy -------------------------------------------------------------------------------------------------- */

static void spread_planes(void *arg, int64_t begin, int64_t end) {
    const work *w                 = arg;
    const gli_interpolate_geom *g = w->g;
    for (int64_t plane = begin; plane < end; ++plane) {
        const float *dy = w->from + plane * area(g->out);
        float *dx       = w->to + plane * area(g->in);
        memset(dx, 0, (size_t)area(g->in) * sizeof *dx);
        for (int i = 0; i < g->out[0]; ++i)
            for (int k = 0; k < g->out[1]; ++k, dy += g->out[2]) {
                const rows r = rows_of(w, i, k);
                for (int n = 0; n < r.count; ++n)
                    for (int x = 0; x < g->out[2]; ++x) {
                        const taps *t     = &w->axis[2][x];
                        const float value = r.weight[n] * dy[x];
                        dx[r.at[n] + t->at[0]] += t->weight[0] * value;
                        dx[r.at[n] + t->at[1]] += t->weight[1] * value;
                    }
            }
    }
}

GLI_CLONES static void spread_pixel(int channels, const float *dy, float weight, float *dx) {
    GLI_IVDEP
    for (int c = 0; c < channels; ++c) dx[c] += weight * dy[c];
}

/* Of one sample, a block of its channels. */
static void spread_channels(const work *w, const float *dy, float *dx, int channels) {
    const gli_interpolate_geom *g = w->g;
    for (int64_t i = 0; i < area(g->in); ++i) memset(dx + i * g->c, 0, (size_t)channels * sizeof *dx);
    for (int i = 0; i < g->out[0]; ++i)
        for (int k = 0; k < g->out[1]; ++k) {
            const rows r = rows_of(w, i, k);
            for (int x = 0; x < g->out[2]; ++x, dy += g->c) {
                float weight[2];
                const taps *t = &w->axis[2][x];
                const int two = distinct(t, weight);
                for (int n = 0; n < r.count; ++n)
                    for (int p = 0; p < two; ++p)
                        spread_pixel(channels, dy, r.weight[n] * weight[p], dx + (r.at[n] + t->at[p]) * g->c);
            }
        }
}

static void spread_pixels(void *arg, int64_t begin, int64_t end) {
    const work *w                 = arg;
    const gli_interpolate_geom *g = w->g;
    for (int64_t i = begin; i < end; ++i) {
        const int64_t sample = i / w->blocks, first = i % w->blocks * BLOCK;
        spread_channels(w, w->from + sample * area(g->out) * g->c + first, w->to + sample * area(g->in) * g->c + first,
                        (int)gli_min_i64(BLOCK, g->c - first));
    }
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_interpolate_geom *g = call->geom;
    out->workspace                = ((size_t)g->out[0] + (size_t)g->out[1] + (size_t)g->out[2]) * sizeof(taps);
    return GLIA_OK;
}

static work begin_work(const gli_call *call, void *workspace) {
    work w   = {.g = call->geom, .from = call->in[0]->data, .to = call->out[0]->data};
    w.blocks = (w.g->c + BLOCK - 1) / BLOCK;
    fill_taps(&w, workspace);
    return w;
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_interpolate_geom *g = call->geom;
    work w                        = begin_work(call, workspace);
    (void)prepared;
    if (gli_images_in_planes(call))
        gli_parallel(call->ctx, (int64_t)g->n * g->c, 1, make_planes, &w);
    else
        gli_parallel(call->ctx, (int64_t)g->n * g->out[0] * g->out[1], 1, make_pixels, &w);
    return GLIA_OK;
}

/* Sums of f32 that are added one after the other must not be long. */
static const char *decline_backward(const gli_call *call) {
    const gli_interpolate_geom *g = call->geom;
    double terms                  = 1;
    for (int d = 0; d < D; ++d)
        if (g->out[d] > 1) terms *= g->in[d] == 1 ? g->out[d] : 2.0 * g->out[d] / g->in[d] + 2;
    return terms > MOST_TERMS ? "an element of dx is a sum of too many terms" : NULL;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_interpolate_geom *g = call->geom;
    work w                        = begin_work(call, workspace);
    (void)prepared;
    if (gli_images_in_planes(call))
        gli_parallel(call->ctx, (int64_t)g->n * g->c, 1, spread_planes, &w);
    else
        gli_parallel(call->ctx, g->n * w.blocks, 1, spread_pixels, &w);
    return GLIA_OK;
}

const gli_provider gli_interpolate_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_IMAGES, .prepare = prepare, .run = run_forward};
const gli_provider gli_interpolate_backward_native = {.name    = "cpu.native",
                                                      .accepts = GLI_ACCEPTS_IMAGES,
                                                      .decline = decline_backward,
                                                      .prepare = prepare,
                                                      .run     = run_backward};
