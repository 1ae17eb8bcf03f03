#include "cpu/native/conv/winograd.h"

#include "core/op.h"
#include "core/size.h"
#include "cpu/native/vectorize.h"

gli_winograd_tiles gli_winograd_tiles_of(int64_t images, int64_t height, int64_t width) {
    const int64_t rows = gli_divide_up(height, GLI_WINOGRAD_STEP), columns = gli_divide_up(width, GLI_WINOGRAD_STEP);
    return (gli_winograd_tiles){rows, columns, images * rows * columns};
}

const char *gli_winograd_decline(const gli_conv_geom *g, const gli_winograd_tiles *tiles, int64_t pixels) {
    enum { FEWEST_CHANNELS = 32, TILE_PIXELS = GLI_WINOGRAD_STEP * GLI_WINOGRAD_STEP };
    if (g->r != 3 || g->s != 3) return "its filters are not 3 x 3";
    if (g->stride_h != 1 || g->stride_w != 1 || g->dilation_h != 1 || g->dilation_w != 1 || g->groups != 1)
        return "it has strides, dilation or groups";
    if (g->c < FEWEST_CHANNELS || g->k < FEWEST_CHANNELS) return "it has fewer than 32 channels";
    return 2 * TILE_PIXELS * tiles->count > 3 * pixels ? "its tiles of 2 x 2 pixels would be partly empty" : NULL;
}

void gli_winograd_window(const gli_convolution_image *image, const gli_winograd_tiles *tiles, int64_t tile,
                         const int *pad, int side, const float *data, const float *zeros, const float **out) {
    const int64_t n     = tile / (tiles->rows * tiles->columns);
    const int64_t row   = tile / tiles->columns % tiles->rows * GLI_WINOGRAD_STEP - pad[0];
    const int64_t first = tile % tiles->columns * GLI_WINOGRAD_STEP - pad[1];
    for (int64_t i = row; i < row + side; ++i)
        for (int64_t j = first; j < first + side; ++j) {
            const bool inside = i >= 0 && i < image->rows && j >= 0 && j < image->columns;
            *out++ = inside ? data + n * image->image_stride + i * image->row_stride + j * image->column_stride : zeros;
        }
}

/* ---- the transforms, of one line and of both directions ---------------------------------------------------------- */

typedef struct two {
    float a, b;
} two;

typedef struct three {
    float a, b, c;
} three;

typedef struct four {
    float a, b, c, d;
} four;

GLI_INLINE four input_line(float a, float b, float c, float d) { return (four){a - c, b + c, c - b, b - d}; }

GLI_INLINE four filter_line(float a, float b, float c) {
    const float ends = 0.5F * (a + c), middle = 0.5F * b;
    return (four){a, ends + middle, ends - middle, c};
}

GLI_INLINE two output_line(float a, float b, float c, float d) { return (two){a + b + c, b - c - d}; }

/* Transposed: of gradients. */
GLI_INLINE four output_gradient_line(float a, float b) { return (four){a, a + b, a - b, -b}; }

GLI_INLINE three filter_gradient_line(float a, float b, float c, float d) {
    const float sum = 0.5F * (b + c);
    return (three){a + sum, 0.5F * (b - c), sum + d};
}

GLI_INLINE void store_points(float *to, int64_t next, four line) {
    to[0] = line.a, to[next] = line.b, to[2 * next] = line.c, to[3 * next] = line.d;
}

/* Transforms the rows of a tile whose columns are transformed already. */
GLI_INLINE void store_input(four p, four q, four r, four s, float *points, int64_t next) {
    store_points(points, next, input_line(p.a, q.a, r.a, s.a));
    store_points(points + 4 * next, next, input_line(p.b, q.b, r.b, s.b));
    store_points(points + 8 * next, next, input_line(p.c, q.c, r.c, s.c));
    store_points(points + 12 * next, next, input_line(p.d, q.d, r.d, s.d));
}

/* The 2 x 2 results of a tile, from its points. */
typedef struct square {
    two above, below;
} square;

GLI_INLINE square output_square(const float *m, int64_t next) {
    const two p = output_line(m[0], m[4 * next], m[8 * next], m[12 * next]);
    const two q = output_line(m[next], m[5 * next], m[9 * next], m[13 * next]);
    const two r = output_line(m[2 * next], m[6 * next], m[10 * next], m[14 * next]);
    const two s = output_line(m[3 * next], m[7 * next], m[11 * next], m[15 * next]);
    return (square){output_line(p.a, q.a, r.a, s.a), output_line(p.b, q.b, r.b, s.b)};
}

/* NaN where a result is not finite, otherwise 0. */
GLI_INLINE float check_square(square y) {
    return (y.above.a - y.above.a) + (y.above.b - y.above.b) + (y.below.a - y.below.a) + (y.below.b - y.below.b);
}

GLI_CLONES static void winograd_input(const float *const *x, int64_t count, float *points, int64_t next) {
    GLI_IVDEP
    for (int64_t k = 0; k < count; ++k) {
        const four p = input_line(x[0][k], x[4][k], x[8][k], x[12][k]);
        const four q = input_line(x[1][k], x[5][k], x[9][k], x[13][k]);
        const four r = input_line(x[2][k], x[6][k], x[10][k], x[14][k]);
        const four s = input_line(x[3][k], x[7][k], x[11][k], x[15][k]);
        store_input(p, q, r, s, points + k, next);
    }
}

GLI_CLONES static void winograd_output_gradient(const float *const *dy, int64_t count, float *points, int64_t next) {
    GLI_IVDEP
    for (int64_t k = 0; k < count; ++k) {
        const four p = output_gradient_line(dy[0][k], dy[2][k]);
        const four q = output_gradient_line(dy[1][k], dy[3][k]);
        store_points(points + k, next, output_gradient_line(p.a, q.a));
        store_points(points + 4 * next + k, next, output_gradient_line(p.b, q.b));
        store_points(points + 8 * next + k, next, output_gradient_line(p.c, q.c));
        store_points(points + 12 * next + k, next, output_gradient_line(p.d, q.d));
    }
}

GLI_CLONES static void winograd_filter(const float *const *w, int64_t count, float *points, int64_t next) {
    GLI_IVDEP
    for (int64_t k = 0; k < count; ++k) {
        const four p = filter_line(w[0][k], w[3][k], w[6][k]);
        const four q = filter_line(w[1][k], w[4][k], w[7][k]);
        const four r = filter_line(w[2][k], w[5][k], w[8][k]);
        store_points(points + k, next, filter_line(p.a, q.a, r.a));
        store_points(points + 4 * next + k, next, filter_line(p.b, q.b, r.b));
        store_points(points + 8 * next + k, next, filter_line(p.c, q.c, r.c));
        store_points(points + 12 * next + k, next, filter_line(p.d, q.d, r.d));
    }
}

GLI_CLONES static void winograd_filter_gradient(const float *points, int64_t next, int64_t count, float *const *dw,
                                                float *check) {
    GLI_IVDEP
    for (int64_t k = 0; k < count; ++k) {
        const float *u = points + k;
        const three p  = filter_gradient_line(u[0], u[4 * next], u[8 * next], u[12 * next]);
        const three q  = filter_gradient_line(u[next], u[5 * next], u[9 * next], u[13 * next]);
        const three r  = filter_gradient_line(u[2 * next], u[6 * next], u[10 * next], u[14 * next]);
        const three s  = filter_gradient_line(u[3 * next], u[7 * next], u[11 * next], u[15 * next]);
        const three a  = filter_gradient_line(p.a, q.a, r.a, s.a);
        const three b  = filter_gradient_line(p.b, q.b, r.b, s.b);
        const three c  = filter_gradient_line(p.c, q.c, r.c, s.c);
        dw[0][k] = a.a, dw[1][k] = a.b, dw[2][k] = a.c;
        dw[3][k] = b.a, dw[4][k] = b.b, dw[5][k] = b.c;
        dw[6][k] = c.a, dw[7][k] = c.b, dw[8][k] = c.c;
        check[k] += (a.a - a.a) + (a.b - a.b) + (a.c - a.c) + (b.a - b.a) + (b.b - b.b) + (b.c - b.c) + (c.a - c.a) +
                    (c.b - c.b) + (c.c - c.c);
    }
}

GLI_INLINE void output_loop(const float *points, int64_t next, int64_t count, const float *bias, bool relu,
                            float *const *y, float *check) {
    GLI_IVDEP
    for (int64_t k = 0; k < count; ++k) {
        square out    = output_square(points + k, next);
        const float b = bias ? bias[k] : 0;
        out.above.a += b, out.above.b += b, out.below.a += b, out.below.b += b;
        check[k] += check_square(out);
        y[0][k] = relu && !(out.above.a > 0) ? 0 : out.above.a;
        y[1][k] = relu && !(out.above.b > 0) ? 0 : out.above.b;
        y[2][k] = relu && !(out.below.a > 0) ? 0 : out.below.a;
        y[3][k] = relu && !(out.below.b > 0) ? 0 : out.below.b;
    }
}

GLI_CLONES static void winograd_output(const float *points, int64_t next, int64_t count, const float *bias, bool relu,
                                       float *const *y, float *check) {
    if (relu && bias)
        output_loop(points, next, count, bias, true, y, check);
    else if (bias)
        output_loop(points, next, count, bias, false, y, check);
    else
        output_loop(points, next, count, NULL, relu, y, check);
}

/* ---- rows of tiles ----------------------------------------------------------------------------------------------- */

GLI_CLONES static void winograd_input_row(const float *x, int64_t pitch, int64_t tiles, float *points, int64_t next) {
    for (int64_t begin = 0; begin < tiles; begin += GLI_WINOGRAD_ROW) GLI_IVDEP
    for (int64_t k = begin; k < begin + GLI_WINOGRAD_ROW; ++k) {
        const float *a = x + 2 * k, *b = a + pitch, *c = b + pitch, *d = c + pitch;
        const four p = input_line(a[0], b[0], c[0], d[0]), q = input_line(a[1], b[1], c[1], d[1]);
        const four r = input_line(a[2], b[2], c[2], d[2]), s = input_line(a[3], b[3], c[3], d[3]);
        store_input(p, q, r, s, points + k, next);
    }
}

GLI_CLONES static void winograd_output_row(const float *points, int64_t next, int64_t tiles, float bias, float *y,
                                           int64_t pitch, float *check) {
    for (int64_t begin = 0; begin < tiles; begin += GLI_WINOGRAD_ROW) GLI_IVDEP
    for (int64_t i = 0; i < GLI_WINOGRAD_ROW; ++i) {
        const square out = output_square(points + begin + i, next);
        float *to        = y + 2 * (begin + i);
        check[i] += check_square(out);
        to[0] = out.above.a + bias, to[1] = out.above.b + bias;
        to[pitch] = out.below.a + bias, to[pitch + 1] = out.below.b + bias;
    }
}

/* ---- what winograd.h declares ------------------------------------------------------------------------------------ */

void gli_winograd_input(const float *const *x, int64_t count, float *points, int64_t next) {
    winograd_input(x, count, points, next);
}

void gli_winograd_output_gradient(const float *const *dy, int64_t count, float *points, int64_t next) {
    winograd_output_gradient(dy, count, points, next);
}

void gli_winograd_filter(const float *const *w, int64_t count, float *points, int64_t next) {
    winograd_filter(w, count, points, next);
}

void gli_winograd_filter_gradient(const float *points, int64_t next, int64_t count, float *const *dw, float *check) {
    winograd_filter_gradient(points, next, count, dw, check);
}

void gli_winograd_output(const float *points, int64_t next, int64_t count, const float *bias, bool relu,
                         float *const *y, float *check) {
    winograd_output(points, next, count, bias, relu, y, check);
}

void gli_winograd_input_row(const float *x, int64_t pitch, int64_t tiles, float *points, int64_t next) {
    winograd_input_row(x, pitch, tiles, points, next);
}

void gli_winograd_output_row(const float *points, int64_t next, int64_t tiles, float bias, float *y, int64_t pitch,
                             float *check) {
    winograd_output_row(points, next, tiles, bias, y, pitch, check);
}
