#include "ops/conv/conv_contract.h"

#include <string.h>

#include "core/size.h"
#include "ops/formula.h"
#include "ops/window.h"

/* ---- checks and geometry ---- */

void gli_conv_set_axis(gli_conv_geom *g, const gli_conv_params *p, int i, int64_t x, int64_t w) {
    const int at    = gli_axis_place(p->rank, i);
    g->rank         = p->rank;
    g->in[at]       = (int)x;
    g->window[at]   = (int)w;
    g->stride[at]   = p->stride[i];
    g->pad[at]      = p->pad[i];
    g->pad_end[at]  = p->pad_end[i];
    g->dilation[at] = p->dilation[i];
}

void gli_conv_set_missing(gli_conv_geom *g) {
    for (int at = 0; at < gli_axis_place(g->rank, 0); ++at)
        g->in[at] = g->window[at] = g->out[at] = g->stride[at] = g->dilation[at] = 1;
}

/* x and w are the shapes of the forward convolution's input and filters. */
static glia_status resolve_geometry(const gli_resolution *r, const gli_conv_params *p, const int64_t *x,
                                    const int64_t *w, gli_conv_geom *g) {
    const char *op   = r->op->name;
    const int groups = p->groups;
    GLI_REQUIRE(r->ctx, groups > 0, GLIA_INVALID_ARGUMENT, "%s: groups is %d, must be positive", op, groups);
    GLI_TRY(gli_check_fused(r, p->activation, &g->activation));
    GLI_REQUIRE(r->ctx, x[1] % groups == 0 && w[0] % groups == 0, GLIA_SHAPE_MISMATCH,
                "%s: %lld channels and %lld filters do not divide into %d groups", op, (long long)x[1], (long long)w[0],
                groups);
    GLI_REQUIRE(r->ctx, w[1] == x[1] / groups, GLIA_SHAPE_MISMATCH,
                "%s: x has %lld channels in %d groups, so each filter needs %lld, not %lld", op, (long long)x[1],
                groups, (long long)(x[1] / groups), (long long)w[1]);
    for (int i = 0; i < 2 + p->rank; ++i)
        GLI_REQUIRE(r->ctx, x[i] <= INT32_MAX && w[i] <= INT32_MAX, GLIA_UNSUPPORTED,
                    "%s: a dimension has more than 2^31-1 elements", op);
    for (int i = 0; i < p->rank; ++i) {
        const gli_window_axis axis = gli_window_axis_of(p->rank, i, p->stride, p->pad, p->pad_end, p->dilation);
        GLI_TRY(gli_window_output_size(r, &axis, x[2 + i], w[2 + i], false, &g->out[gli_axis_place(p->rank, i)]));
        gli_conv_set_axis(g, p, i, x[2 + i], w[2 + i]);
    }
    gli_conv_set_missing(g);
    g->n = (int)x[0], g->c = (int)x[1], g->k = (int)w[0];
    g->groups = groups;
    return GLIA_OK;
}

/* [first, second, and the axes of one of the geometry's arrays]. */
typedef struct dims {
    int ndim;
    int64_t dim[2 + GLI_AXES];
} dims;

static dims dims_of(const gli_conv_geom *g, int64_t first, int64_t second, const int *axes) {
    dims d = {.ndim = 2 + g->rank, .dim = {first, second}};
    for (int i = 0; i < g->rank; ++i) d.dim[2 + i] = axes[gli_axis_place(g->rank, i)];
    return d;
}

static void set_shape(const gli_resolution *r, glia_tensor *to, dims d) {
    gli_set_shape(to, r->in[0]->dtype, d.ndim, d.dim);
}

static glia_status check_shape(const gli_resolution *r, int i, dims d) { return gli_check_shape(r, i, d.ndim, d.dim); }

static glia_status check_tensors(const gli_resolution *r, const gli_conv_params *p) {
    GLI_TRY(gli_check_floats(r));
    GLI_TRY(gli_check_ndim(r, 0, 2 + p->rank));
    return gli_check_ndim(r, 1, 2 + p->rank);
}

glia_status gli_conv_resolve(gli_resolution *r, const gli_conv_params *p) {
    gli_conv_geom *g = r->geom;
    GLI_TRY(check_tensors(r, p));
    GLI_TRY(resolve_geometry(r, p, r->in[GLI_CONV_X]->dim, r->in[GLI_CONV_W]->dim, g));
    if (r->n_in > GLI_CONV_BIAS && r->in[GLI_CONV_BIAS]) GLI_TRY(gli_check_dims(r, GLI_CONV_BIAS, g->k));
    set_shape(r, &r->out[0], dims_of(g, g->n, g->k, g->out));
    return GLIA_OK;
}

/* Sets shape to [first, second, size]. */
static glia_status check_backward(const gli_resolution *r, const gli_conv_params *p, const int *size, int64_t first,
                                  int64_t second, int64_t *shape) {
    bool positive = true;
    shape[0] = first, shape[1] = second;
    for (int i = 0; i < p->rank; ++i) positive = positive && size[i] > 0, shape[2 + i] = size[i];
    GLI_REQUIRE(r->ctx, positive || p->rank != 2, GLIA_INVALID_ARGUMENT, "%s: size is {%d,%d}, must be positive",
                r->op->name, size[0], size[1]);
    GLI_REQUIRE(r->ctx, positive, GLIA_INVALID_ARGUMENT, "%s: size is {%d,%d,%d}, must be positive", r->op->name,
                size[0], size[1], size[2]);
    GLI_REQUIRE(r->ctx, p->activation == GLIA_LINEAR, GLIA_INVALID_ARGUMENT, "%s: activation is %s, must be linear",
                r->op->name, glia_activation_name(p->activation));
    return GLIA_OK;
}

glia_status gli_conv_resolve_data(gli_resolution *r, const gli_conv_params *p, const int *size) {
    gli_conv_geom *g = r->geom;
    int64_t channels, x[2 + GLI_AXES];
    GLI_TRY(check_tensors(r, p));
    const int64_t *dy = r->in[GLI_CONV_DATA_DY]->dim, *w = r->in[GLI_CONV_DATA_W]->dim;
    GLI_TRY(check_backward(r, p, size, dy[0], 0, x));
    GLI_REQUIRE(r->ctx, gli_mul_i64(w[1], p->groups, &channels), GLIA_INVALID_ARGUMENT,
                "%s: groups is %d, w has %lld channels in each", r->op->name, p->groups, (long long)w[1]);
    x[1] = channels;
    GLI_TRY(resolve_geometry(r, p, x, w, g));
    GLI_TRY(check_shape(r, GLI_CONV_DATA_DY, dims_of(g, g->n, g->k, g->out)));
    set_shape(r, &r->out[0], dims_of(g, g->n, g->c, g->in));
    return GLIA_OK;
}

glia_status gli_conv_resolve_filter(gli_resolution *r, const gli_conv_params *p, const int *size) {
    gli_conv_geom *g = r->geom;
    const int groups = p->groups;
    int64_t w[2 + GLI_AXES];
    GLI_TRY(check_tensors(r, p));
    const int64_t *x = r->in[GLI_CONV_FILTER_X]->dim, *dy = r->in[GLI_CONV_FILTER_DY]->dim;
    GLI_TRY(check_backward(r, p, size, dy[1], 0, w));
    GLI_REQUIRE(r->ctx, groups > 0, GLIA_INVALID_ARGUMENT, "%s: groups is %d, must be positive", r->op->name, groups);
    w[1] = x[1] / groups;
    GLI_TRY(resolve_geometry(r, p, x, w, g));
    GLI_TRY(check_shape(r, GLI_CONV_FILTER_DY, dims_of(g, g->n, g->k, g->out)));
    set_shape(r, &r->out[GLI_CONV_FILTER_DW], dims_of(g, g->k, g->c / g->groups, g->window));
    gli_set_dims(&r->out[GLI_CONV_FILTER_DBIAS], r->in[0]->dtype, g->k);
    return GLIA_OK;
}

/* ---- cost ---- */

static double product(const int axes[GLI_AXES]) { return (double)axes[0] * axes[1] * axes[2]; }

static gli_cost cost_of(const gli_conv_geom *g, double terms, double roundings) {
    const double products = (double)g->n * g->k * product(g->out) * (g->c / g->groups) * product(g->window);
    return (gli_cost){.flops = 2 * products, .depth = gli_sum_depth(terms) + roundings};
}

void gli_conv_cost(const void *geom, gli_cost *out) {
    const gli_conv_geom *g = geom;
    *out                   = cost_of(g, (g->c / g->groups) * product(g->window), 1);
}

void gli_conv_cost_data(const void *geom, gli_cost *out) {
    const gli_conv_geom *g = geom;
    *out                   = cost_of(g, (g->k / g->groups) * product(g->window), 0);
}

void gli_conv_cost_filter(const void *geom, gli_cost *out) {
    const gli_conv_geom *g = geom;
    *out                   = cost_of(g, g->n * product(g->out), 0);
}

bool gli_conv_exact(const void *geom) { return gli_exact_activation(((const gli_conv_geom *)geom)->activation); }

/* ---- derivatives ---- */

typedef union backward_params {
    glia_conv2d_backward_params two;
    glia_conv3d_backward_params three;
} backward_params;

/* The params of a backward op: of a linear convolution with these of the forward op, and a size of the geometry. */
static backward_params backward_of(const gli_conv_geom *g, const void *conv, const int *size) {
    backward_params p = {0};
    const int *last   = size + gli_axis_place(g->rank, 0);
    if (g->rank == 2) {
        p.two.conv            = *(const glia_conv2d_params *)conv;
        p.two.conv.activation = GLIA_LINEAR;
        memcpy(p.two.size, last, sizeof p.two.size);
    } else {
        p.three.conv            = *(const glia_conv3d_params *)conv;
        p.three.conv.activation = GLIA_LINEAR;
        memcpy(p.three.size, last, sizeof p.three.size);
    }
    return p;
}

/* Those of the convolution among the params of a backward op. */
static const void *conv_of(const gli_derivation *d) {
    const gli_conv_geom *g = d->geom;
    return g->rank == 2 ? (const void *)&((const glia_conv2d_backward_params *)d->params)->conv
                        : (const void *)&((const glia_conv3d_backward_params *)d->params)->conv;
}

static const gli_op *forward_op(const gli_conv_geom *g) { return g->rank == 2 ? &gli_op_conv2d : &gli_op_conv3d; }

static const gli_op *data_op(const gli_conv_geom *g) {
    return g->rank == 2 ? &gli_op_conv2d_backward_data : &gli_op_conv3d_backward_data;
}

static const gli_op *filter_op(const gli_conv_geom *g) {
    return g->rank == 2 ? &gli_op_conv2d_backward_filter : &gli_op_conv3d_backward_filter;
}

void gli_conv_derive(gli_derivation *d) {
    const gli_conv_geom *g = d->geom;
    glia_value dy          = d->dout[0];
    if (g->activation != GLIA_UNARY_LINEAR) dy = gli_derive_activation(d, g->activation, d->out[0], dy);
    if (gli_requested(d, GLI_CONV_X)) {
        const backward_params back = backward_of(g, d->params, g->in);
        d->din[GLI_CONV_X]         = gli_derive(d, data_op(g), &back, dy, d->in[GLI_CONV_W]);
    }
    if (gli_requested(d, GLI_CONV_W) || gli_requested(d, GLI_CONV_BIAS)) {
        const backward_params back = backward_of(g, d->params, g->window);
        glia_value out[2];
        gli_derive_call(d, filter_op(g), &back, 2, (glia_value[]){d->in[GLI_CONV_X], dy},
                        gli_requested(d, GLI_CONV_BIAS) ? 2 : 1, out);
        d->din[GLI_CONV_W] = out[0];
        if (gli_requested(d, GLI_CONV_BIAS)) d->din[GLI_CONV_BIAS] = out[1];
    }
}

/* Both backward ops are linear in each input, and their derivatives are the other two convolutions. */
void gli_conv_derive_data(gli_derivation *d) {
    const gli_conv_geom *g = d->geom;
    if (gli_requested(d, GLI_CONV_DATA_DY))
        d->din[GLI_CONV_DATA_DY] = gli_derive(d, forward_op(g), conv_of(d), d->dout[0], d->in[GLI_CONV_DATA_W]);
    if (gli_requested(d, GLI_CONV_DATA_W)) {
        const backward_params back = backward_of(g, conv_of(d), g->window);
        d->din[GLI_CONV_DATA_W]    = gli_derive(d, filter_op(g), &back, d->dout[0], d->in[GLI_CONV_DATA_DY]);
    }
}

/* bias [k] in each pixel of dy. */
static glia_value spread(gli_derivation *d, glia_value bias, glia_value dy) {
    const gli_conv_geom *g = d->geom;
    glia_shape rows        = {.ndim = 1 + g->rank, .dim = {g->k}};
    for (int i = 1; i < rows.ndim; ++i) rows.dim[i] = 1;
    return gli_formula_expand(d, gli_formula_reshape(d, bias, rows), glia_graph_shape(d->graph, dy));
}

void gli_conv_derive_filter(gli_derivation *d) {
    const gli_conv_geom *g     = d->geom;
    const backward_params back = backward_of(g, conv_of(d), g->in);
    const glia_value x = d->in[GLI_CONV_FILTER_X], dy = d->in[GLI_CONV_FILTER_DY];
    const glia_dtype dtype = glia_graph_dtype(d->graph, x); /* dw is wide */
    const glia_value w     = gli_formula_cast(d, d->dout[GLI_CONV_FILTER_DW], dtype);
    const glia_value bias  = gli_formula_cast(d, d->dout[GLI_CONV_FILTER_DBIAS], dtype);
    if (w.id == 0) {
        d->din[GLI_CONV_FILTER_DY] = spread(d, bias, dy);
        return;
    }
    if (gli_requested(d, GLI_CONV_FILTER_X)) d->din[GLI_CONV_FILTER_X] = gli_derive(d, data_op(g), &back, dy, w);
    if (gli_requested(d, GLI_CONV_FILTER_DY))
        d->din[GLI_CONV_FILTER_DY] = gli_derive(d, forward_op(g), conv_of(d), x, w, bias);
}
