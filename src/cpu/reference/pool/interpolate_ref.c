/* Each element of y from all elements of x, by their weights: the coordinates as the header has them, in integers. */
#include "ops/pool/interpolate_geom.h"

#include "core/provider.h"
#include "cpu/reference/ref.h"

static int64_t floor_of(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t within(int64_t i, int64_t size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

static int64_t nearest(const gli_interpolate_geom *g, int64_t a, int64_t b) {
    switch (g->rounding) {
        case GLIA_ROUNDING_PREFER_CEIL: return floor_of(2 * a + b, 2 * b);
        case GLIA_ROUNDING_PREFER_FLOOR: return -floor_of(b - 2 * a, 2 * b);
        case GLIA_ROUNDING_FLOOR: return floor_of(a, b);
        case GLIA_ROUNDING_CEIL: return -floor_of(-a, b);
    }
    return 0;
}

/* The place of element o of y along an axis is a / b. */
static void place_of(const gli_interpolate_geom *g, int axis, int64_t o, int64_t *a, int64_t *b) {
    const int64_t in = g->in[axis], out = g->out[axis];
    const bool many = out > 1;
    *a = o * in, *b = out; /* asymmetric */
    if (g->coordinates == GLIA_COORDINATES_HALF_PIXEL) *a = 2 * o * in + in - out, *b = 2 * out;
    if (g->coordinates == GLIA_COORDINATES_ALIGN_CORNERS) *a = many ? o * (in - 1) : 0, *b = many ? out - 1 : 1;
}

/* The two elements along an axis, and the weight of each; of nearest the second has none. */
typedef struct pair {
    int64_t at[2];
    double weight[2];
} pair;

static pair pair_of(const gli_interpolate_geom *g, int axis, int64_t o) {
    int64_t a, b;
    place_of(g, axis, o, &a, &b);
    if (g->mode == GLIA_INTERPOLATE_NEAREST) return (pair){{within(nearest(g, a, b), g->in[axis])}, {1}};
    const int64_t first = floor_of(a, b), rest = a - first * b;
    return (pair){{within(first, g->in[axis]), within(first + 1, g->in[axis])},
                  {(double)(b - rest) / (double)b, (double)rest / (double)b}};
}

/* Calls of one image: y from x, or where `back` dx from dy. */
static void image(const gli_interpolate_geom *g, bool back, const double *from, double *to) {
    int64_t o = 0;
    for (int z = 0; z < g->out[0]; ++z)
        for (int y = 0; y < g->out[1]; ++y)
            for (int x = 0; x < g->out[2]; ++x, ++o) {
                const pair pz = pair_of(g, 0, z), py = pair_of(g, 1, y), px = pair_of(g, 2, x);
                if (!back) to[o] = 0;
                for (int corner = 0; corner < 8; ++corner) {
                    const int a = corner >> 2, b = corner >> 1 & 1, c = corner & 1;
                    const double weight = pz.weight[a] * py.weight[b] * px.weight[c];
                    const int64_t i     = (pz.at[a] * g->in[1] + py.at[b]) * g->in[2] + px.at[c];
                    if (weight == 0) continue;
                    if (back)
                        to[i] += weight * from[o];
                    else
                        to[o] += weight * from[i];
                }
            }
}

static void interpolate(const void *geom, const double *const *in, double *const *out) {
    const gli_interpolate_geom *g = geom;
    const int64_t x = (int64_t)g->in[0] * g->in[1] * g->in[2], y = (int64_t)g->out[0] * g->out[1] * g->out[2];
    for (int64_t i = 0; i < (int64_t)g->n * g->c; ++i) image(g, false, in[0] + i * x, out[0] + i * y);
}

static void interpolate_backward(const void *geom, const double *const *in, double *const *out) {
    const gli_interpolate_geom *g = geom;
    const int64_t x = (int64_t)g->in[0] * g->in[1] * g->in[2], y = (int64_t)g->out[0] * g->out[1] * g->out[2];
    for (int64_t i = 0; i < (int64_t)g->n * g->c; ++i) {
        for (int64_t k = 0; k < x; ++k) out[0][i * x + k] = 0;
        image(g, true, in[0] + i * y, out[0] + i * x);
    }
}

GLI_REF_PROVIDER(interpolate, interpolate);
GLI_REF_PROVIDER(interpolate_backward, interpolate_backward);
