/* The part of the stand-in for cuDNN that convolves: sums of products in double, rounded once. */
#include <math.h>
#include <stdlib.h>

#include "fake_cudnn.h"

typedef struct fake_cudnn_descriptor descriptor;

enum { N, C, H, W }; /* of an image; K, C, R, S of filters */

static int64_t element(const descriptor *t, int64_t a, int64_t b, int64_t c, int64_t d) {
    return a * t->stride[0] + b * t->stride[1] + c * t->stride[2] + d * t->stride[3];
}

static int64_t count_of(const descriptor *t) { return t->dim[0] * t->dim[1] * t->dim[2] * t->dim[3]; }

/* The strides of dim, from the last dimension to the first; with the channels last those are innermost. */
static bool is_packed(const descriptor *t, bool channels_last) {
    const int order[2][4] = {{W, H, C, N}, {C, W, H, N}};
    int64_t step          = 1;
    for (int i = 0; i < 4; ++i) {
        const int d = order[channels_last][i];
        if (t->stride[d] != step) return false;
        step *= t->dim[d];
    }
    return true;
}

bool fake_cudnn_convolution_fits(const descriptor *op) {
    const descriptor *g = op->geometry, *x = op->x, *w = op->w, *y = op->y;
    const bool rows = is_packed(x, false) && is_packed(w, false) && is_packed(y, false);
    const bool last = is_packed(x, true) && is_packed(w, true) && is_packed(y, true);
    if ((!rows && !last) || op->alpha != 1 || op->beta != 0 || x->dtype != w->dtype) return false;
    if (y->dtype != (y->is_virtual ? CUDNN_DATA_FLOAT : x->dtype) || x->is_virtual || w->is_virtual) return false;
    for (int i = 0; i < 2; ++i) {
        const int64_t padded = x->dim[H + i] + g->pre[i] + g->post[i];
        const int64_t window = (w->dim[H + i] - 1) * g->dilations[i] + 1;
        if (y->dim[H + i] != (padded - window) / g->strides[i] + 1) return false;
    }
    return x->dim[N] == y->dim[N] && y->dim[C] == w->dim[N] && x->dim[C] % w->dim[C] == 0 &&
           y->dim[C] % (x->dim[C] / w->dim[C]) == 0;
}

/* The product of one pair of elements, for whichever of the three is the result: sums has its elements as they lie. */
typedef struct passes {
    cudnnBackendDescriptorType_t kind;
    const descriptor *x, *w, *y;
    const void *x_data, *w_data, *y_data;
    double *sums;
} passes;

static double load(const descriptor *t, const void *data, int64_t i) {
    return gli_load(fake_cudnn_dtype(t->dtype), data, i);
}

static void add_product(const passes *p, int64_t at_x, int64_t at_w, int64_t at_y) {
    if (p->kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
        p->sums[at_y] += load(p->x, p->x_data, at_x) * load(p->w, p->w_data, at_w);
    else if (p->kind == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR)
        p->sums[at_x] += load(p->y, p->y_data, at_y) * load(p->w, p->w_data, at_w);
    else
        p->sums[at_w] += load(p->x, p->x_data, at_x) * load(p->y, p->y_data, at_y);
}

/* All products of one filter, with one channel of it, at one place of y. */
static void add_window(const passes *p, const descriptor *g, int64_t n, int64_t k, int64_t row, int64_t column) {
    const int64_t each = p->w->dim[C], groups = p->x->dim[C] / each, group = k / (p->y->dim[C] / groups);
    const int64_t at_y = element(p->y, n, k, row, column);
    for (int64_t c = 0; c < each; ++c)
        for (int64_t r = 0; r < p->w->dim[H]; ++r)
            for (int64_t s = 0; s < p->w->dim[W]; ++s) {
                const int64_t h = row * g->strides[0] + r * g->dilations[0] - g->pre[0];
                const int64_t w = column * g->strides[1] + s * g->dilations[1] - g->pre[1];
                if (h < 0 || h >= p->x->dim[H] || w < 0 || w >= p->x->dim[W]) continue;
                add_product(p, element(p->x, n, group * each + c, h, w), element(p->w, k, c, r, s), at_y);
            }
}

static void add_all(const passes *p, const descriptor *g) {
    for (int64_t n = 0; n < p->y->dim[N]; ++n)
        for (int64_t k = 0; k < p->y->dim[C]; ++k)
            for (int64_t row = 0; row < p->y->dim[H]; ++row)
                for (int64_t column = 0; column < p->y->dim[W]; ++column) add_window(p, g, n, k, row, column);
}

/* The tensor that an operation of this kind writes. */
static const descriptor *result_of(const descriptor *op) {
    return op->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR         ? op->y
           : op->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ? op->x
                                                                                      : op->w;
}

static void add_bias(const descriptor *y, const descriptor *bias, const void *data, double *sums) {
    for (int64_t n = 0; n < y->dim[N]; ++n)
        for (int64_t k = 0; k < y->dim[C]; ++k)
            for (int64_t h = 0; h < y->dim[H]; ++h)
                for (int64_t w = 0; w < y->dim[W]; ++w)
                    sums[element(y, n, k, h, w)] = (float)sums[element(y, n, k, h, w)] + load(bias, data, k);
}

bool fake_cudnn_convolve(const descriptor *graph, const descriptor *pack, bool other_bits) {
    const descriptor *op = graph->ops[0], *add = graph->n_ops == 2 ? graph->ops[1] : NULL;
    const descriptor *result = result_of(op), *written = add ? add->y : result;
    void *to = fake_cudnn_find(pack, written), *bias = add ? fake_cudnn_find(pack, add->b) : NULL;
    passes p = {.kind   = op->type,
                .x      = op->x,
                .w      = op->w,
                .y      = op->y,
                .x_data = fake_cudnn_find(pack, op->x),
                .w_data = fake_cudnn_find(pack, op->w),
                .y_data = add ? to : fake_cudnn_find(pack, op->y)};
    if (!p.x_data || !p.w_data || !p.y_data || !to || (add && !bias)) return false;
    /* An engine for a graph of two operations loads 16 bytes at once, whatever it was told. */
    if (add && ((uintptr_t)p.x_data | (uintptr_t)p.w_data | (uintptr_t)to | (uintptr_t)bias) % 16) return false;
    p.sums = calloc((size_t)count_of(result), sizeof *p.sums);
    add_all(&p, op->geometry);
    if (add) add_bias(written, add->b, bias, p.sums);
    for (int64_t i = 0; i < count_of(result); ++i) {
        const double sum = other_bits ? (double)nextafterf((float)p.sums[i], INFINITY) : p.sums[i];
        gli_store(fake_cudnn_dtype(written->dtype), to, i, sum);
    }
    free(p.sums);
    return true;
}
