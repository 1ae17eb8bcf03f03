#include "ops/pool/pool_window.h"

#include "ops/check.h"
#include "ops/elementwise/activation.h"
#include "ops/formula.h"
#include "ops/window.h"

static glia_status check_image(const gli_resolution *r, int rank, const int64_t *x, gli_pool_geom *g) {
    bool any = true;
    for (int i = 0; i < rank; ++i) any = any && x[2 + i] > 0;
    GLI_REQUIRE(r->ctx, any || rank != 2, GLIA_SHAPE_MISMATCH, "%s: %lld rows and %lld columns have no elements",
                r->op->name, (long long)x[2], (long long)x[3]);
    GLI_REQUIRE(r->ctx, any, GLIA_SHAPE_MISMATCH, "%s: %lld slices, %lld rows and %lld columns have no elements",
                r->op->name, (long long)x[2], (long long)x[3], (long long)x[4]);
    for (int i = 0; i < 2 + rank; ++i)
        GLI_REQUIRE(r->ctx, x[i] <= INT32_MAX, GLIA_UNSUPPORTED, "%s: dimension %d is %lld, more than 2^31-1",
                    r->op->name, i, (long long)x[i]);
    g->rank = rank, g->n = (int)x[0], g->c = (int)x[1];
    for (int at = 0; at < gli_axis_place(rank, 0); ++at)
        g->in[at] = g->out[at] = g->window[at] = g->stride[at] = g->dilation[at] = 1;
    return GLIA_OK;
}

/* params[i] of all of `name` is positive. */
static glia_status check_positive(const gli_resolution *r, int rank, const char *name, const int *params) {
    bool positive = true;
    for (int i = 0; i < rank; ++i) positive = positive && params[i] > 0;
    GLI_REQUIRE(r->ctx, positive || rank != 2, GLIA_INVALID_ARGUMENT, "%s: %s is {%d,%d}, must be positive",
                r->op->name, name, params[0], params[1]);
    GLI_REQUIRE(r->ctx, positive, GLIA_INVALID_ARGUMENT, "%s: %s is {%d,%d,%d}, must be positive", r->op->name, name,
                params[0], params[1], params[2]);
    return GLIA_OK;
}

/* Padding that could hold a whole window would give an output that no element of x decides. */
static glia_status check_padding(const gli_resolution *r, const gli_window_axis *axis, int kernel) {
    const int64_t effective = (int64_t)(kernel - 1) * axis->dilation + 1;
    GLI_REQUIRE(r->ctx, axis->pad < effective && axis->pad_end < effective, GLIA_INVALID_ARGUMENT,
                "%s: pad over %s is %d and %d, must be below the kernel's reach of %lld", r->op->name, axis->name,
                axis->pad, axis->pad_end, (long long)effective);
    return GLIA_OK;
}

glia_status gli_pool_resolve(const gli_resolution *r, const gli_pool_window *w, const int64_t *x, gli_pool_geom *g) {
    GLI_TRY(check_image(r, w->rank, x, g));
    GLI_TRY(check_positive(r, w->rank, "kernel", w->kernel));
    for (int i = 0; i < w->rank; ++i) {
        const int at               = gli_axis_place(w->rank, i);
        const gli_window_axis axis = gli_window_axis_of(w->rank, i, w->stride, w->pad, w->pad_end, w->dilation);
        GLI_TRY(gli_window_output_size(r, &axis, x[2 + i], w->kernel[i], w->ceil_mode, &g->out[at]));
        GLI_TRY(check_padding(r, &axis, w->kernel[i]));
        g->in[at]       = (int)x[2 + i];
        g->window[at]   = w->kernel[i];
        g->stride[at]   = axis.stride;
        g->pad[at]      = axis.pad;
        g->pad_end[at]  = axis.pad_end;
        g->dilation[at] = axis.dilation;
    }
    return GLIA_OK;
}

glia_status gli_pool_check(const gli_resolution *r, int rank, const int *size, gli_pool_geom *g) {
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(r->in[0]->dtype), GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be a float",
                r->op->name, r->op->inputs[0].name, glia_dtype_name(r->in[0]->dtype));
    GLI_TRY(gli_check_ndim(r, 0, 2 + rank));
    GLI_TRY(check_positive(r, rank, "size", size));
    return check_image(r, rank, r->in[0]->dim, g);
}

/* [n, c, the axes of one of the geometry's arrays]. */
typedef struct dims {
    int64_t dim[2 + GLI_AXES];
} dims;

static dims dims_of(const gli_pool_geom *g, const int *axes) {
    dims d = {{g->n, g->c}};
    for (int i = 0; i < g->rank; ++i) d.dim[2 + i] = axes[gli_axis_place(g->rank, i)];
    return d;
}

static void set_shape(gli_resolution *r, int o, glia_dtype dtype, const int *axes) {
    const gli_pool_geom *g = r->geom;
    gli_set_shape(&r->out[o], dtype, 2 + g->rank, dims_of(g, axes).dim);
}

/* The window, on images of the gradient's n and c and of that size; dy is what pooling makes of them. */
static glia_status resolve_of_size(const gli_resolution *r, const gli_pool_window *window, const int *size) {
    gli_pool_geom *g = r->geom;
    dims x           = {{r->in[0]->dim[0], r->in[0]->dim[1]}};
    for (int i = 0; i < window->rank; ++i) x.dim[2 + i] = size[i];
    GLI_TRY(gli_pool_resolve(r, window, x.dim, g));
    return gli_check_shape(r, 0, 2 + g->rank, dims_of(g, g->out).dim);
}

/* ---- the largest element ---- */

static glia_status check_activation(const gli_resolution *r, glia_activation activation) {
    GLI_REQUIRE(r->ctx, activation == GLIA_LINEAR || activation == GLIA_RELU, GLIA_UNSUPPORTED,
                "%s: activation is %s, must be linear or relu", r->op->name, gli_activation_names[activation]);
    return GLIA_OK;
}

glia_status gli_max_pool_resolve(gli_resolution *r, const gli_pool_window *window, glia_activation activation) {
    gli_pool_geom *g = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, 0, 2 + window->rank));
    GLI_TRY(check_activation(r, activation));
    GLI_TRY(gli_pool_resolve(r, window, r->in[0]->dim, g));
    g->relu = activation == GLIA_RELU;
    set_shape(r, GLI_POOL_Y, r->in[0]->dtype, g->out);
    set_shape(r, GLI_POOL_INDICES, GLIA_I32, g->out);
    return GLIA_OK;
}

glia_status gli_max_pool_resolve_backward(gli_resolution *r, const gli_pool_window *window, glia_activation activation,
                                          const int *size, bool required) {
    const glia_tensor *dy = r->in[GLI_POOL_BACK_DY], *indices = r->in[GLI_POOL_BACK_INDICES];
    gli_pool_geom *g = r->geom;
    bool given       = required;
    GLI_TRY(gli_pool_check(r, window->rank, size, g));
    GLI_REQUIRE(r->ctx, indices->dtype == GLIA_I32, GLIA_DTYPE_MISMATCH, "%s: indices is %s, must be i32", r->op->name,
                glia_dtype_name(indices->dtype));
    GLI_TRY(gli_check_shape(r, GLI_POOL_BACK_INDICES, dy->ndim, dy->dim));
    for (int i = 0; i < window->rank; ++i) given = given || window->kernel[i];
    if (given) {
        GLI_TRY(check_activation(r, activation));
        GLI_TRY(resolve_of_size(r, window, size));
    }
    for (int i = 0; i < window->rank; ++i) {
        g->in[gli_axis_place(g->rank, i)]  = size[i];
        g->out[gli_axis_place(g->rank, i)] = (int)dy->dim[2 + i];
    }
    set_shape(r, 0, dy->dtype, g->in);
    return GLIA_OK;
}

static double product(const int axes[GLI_AXES]) { return (double)axes[0] * axes[1] * axes[2]; }

static double outputs_of(const gli_pool_geom *g) { return (double)g->n * g->c * product(g->out); }

void gli_max_pool_cost(const void *geom, gli_cost *out) {
    const gli_pool_geom *g = geom;
    *out                   = (gli_cost){.flops = outputs_of(g) * product(g->window), .depth = 0};
}

/* Every dy of a channel may be added to one element. */
void gli_max_pool_cost_backward(const void *geom, gli_cost *out) {
    const gli_pool_geom *g = geom;
    *out                   = (gli_cost){.flops = outputs_of(g), .depth = gli_sum_depth(product(g->out))};
}

/* Without the forward's indices they are computed once more. */
void gli_max_pool_derive(gli_derivation *d, const gli_op *backward, const void *params) {
    glia_value out[2] = {d->out[GLI_POOL_Y], d->out[GLI_POOL_INDICES]};
    if (out[GLI_POOL_INDICES].id == 0) gli_derive_call(d, d->op, d->params, 1, d->in, 2, out);
    d->din[0] = gli_derive(d, backward, params, d->dout[GLI_POOL_Y], out[GLI_POOL_INDICES]);
}

/* 0, 1, ... n-1, as f64 [n]: no other float counts all elements of a tensor. */
static glia_value count_from_zero(gli_derivation *d, int n) {
    const glia_concat_params append = {.axis = 0};
    glia_value v                    = gli_derive_constant(d, GLIA_F64, GLIA_SHAPE(1), 0);
    int64_t length                  = 1;
    for (; length < n; length *= 2)
        v = gli_derive(d, &gli_op_concat, &append, v, gli_formula_linear(d, v, 1, (double)length));
    glia_slice_params first = glia_slice_defaults();
    first.stop[0]           = n;
    return length == n ? v : gli_derive(d, &gli_op_slice, &first, v);
}

/* The gradient by dy is gathered from where dy went: from element index + area (n C + c) of all elements. An index out
 * of range sent its dy nowhere. */
void gli_max_pool_derive_backward(gli_derivation *d) {
    const gli_pool_geom *g = d->geom;
    const int images = g->n * g->c, area = g->d * g->h * g->w;
    const glia_unary_params inside = {.kind = GLIA_UNARY_CLIP, .alpha = 0, .beta = area - 1.0};
    glia_shape planes              = {.ndim = 2 + g->rank, .dim = {g->n, g->c}};
    if ((int64_t)images * area == 0) return;
    for (int i = 2; i < planes.ndim; ++i) planes.dim[i] = 1;
    const glia_value index = gli_formula_cast(d, d->in[GLI_POOL_BACK_INDICES], GLIA_F64);
    const glia_value start = gli_formula_scale(d, count_from_zero(d, images), area);
    const glia_value place =
        gli_formula_add(d, gli_derive(d, &gli_op_unary, &inside, index), gli_formula_reshape(d, start, planes));
    const glia_value all   = gli_formula_reshape(d, d->dout[0], GLIA_SHAPE((int64_t)images * area));
    const glia_value found = gli_derive(d, &gli_op_gather, NULL, all, gli_formula_cast(d, place, GLIA_I64));
    const glia_value counts =
        gli_formula_sub(d, gli_formula_unary(d, GLIA_UNARY_STEP, gli_formula_linear(d, index, 1, 0.5)),
                        gli_formula_unary(d, GLIA_UNARY_STEP, gli_formula_linear(d, index, 1, 0.5 - area)));
    d->din[GLI_POOL_BACK_DY] =
        gli_formula_mul(d, found, gli_formula_cast(d, counts, glia_graph_dtype(d->graph, found)));
}

/* ---- the mean ---- */

glia_status gli_avg_pool_resolve(gli_resolution *r, const gli_pool_window *window, bool count_include_pad) {
    gli_pool_geom *g = r->geom;
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, 0, 2 + window->rank));
    GLI_TRY(gli_pool_resolve(r, window, r->in[0]->dim, g));
    g->count_include_pad = count_include_pad;
    set_shape(r, 0, r->in[0]->dtype, g->out);
    return GLIA_OK;
}

glia_status gli_avg_pool_resolve_backward(gli_resolution *r, const gli_pool_window *window, bool count_include_pad,
                                          const int *size) {
    gli_pool_geom *g = r->geom;
    GLI_TRY(gli_pool_check(r, window->rank, size, g));
    GLI_TRY(resolve_of_size(r, window, size));
    g->count_include_pad = count_include_pad;
    set_shape(r, 0, r->in[0]->dtype, g->in);
    return GLIA_OK;
}

/* An element lies in at most as many windows as a window has elements: one depth for both directions. */
void gli_avg_pool_cost(const void *geom, gli_cost *out) {
    const gli_pool_geom *g = geom;
    const double window    = product(g->window);
    *out                   = (gli_cost){.flops = outputs_of(g) * window, .depth = gli_sum_depth(window) + 1};
}

/* Where every window is whole and the divisor is a power of two. */
bool gli_avg_pool_exact(const void *geom) {
    const gli_pool_geom *g = geom;
    int64_t elements       = 1;
    bool whole             = true;
    for (int i = 0; i < GLI_AXES; ++i) {
        const int64_t end = (int64_t)(g->out[i] - 1) * g->stride[i] + g->window[i];
        elements *= g->window[i];
        whole = whole && !g->pad[i] && !g->pad_end[i] && end <= g->in[i];
    }
    return whole && (elements & (elements - 1)) == 0;
}

/* ---- windows that follow from the sizes ---- */

glia_status gli_adaptive_pool2d_resolve(gli_resolution *r) {
    const glia_adaptive_pool2d_params *p = r->params;
    const glia_tensor *x                 = r->in[0];
    gli_pool_geom *g                     = r->geom;
    GLI_TRY(gli_pool_check(r, 2, p->size, g));
    g->h = (int)x->dim[2], g->w = (int)x->dim[3];
    g->p = p->size[0], g->q = p->size[1];
    gli_set_dims(&r->out[0], x->dtype, g->n, g->c, g->p, g->q);
    if (r->op->n_outputs > GLI_POOL_INDICES) gli_set_dims(&r->out[GLI_POOL_INDICES], GLIA_I32, g->n, g->c, g->p, g->q);
    return GLIA_OK;
}

double gli_adaptive_pool2d_window(int out, int in) { return (double)in / out + 2; }
