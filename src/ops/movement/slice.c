#include "ops/movement/slice_geom.h"

#include <limits.h>

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"

static int64_t clamp(int64_t position, int64_t size) {
    if (position < 0) position += size;
    return gli_min_i64(gli_max_i64(position, 0), size);
}

/* ndim and dim are those of the whole; part receives the shape of the slice. */
static glia_status resolve_geometry(const gli_resolution *r, const glia_slice_params *p, int ndim, const int64_t *dim,
                                    int64_t *part) {
    gli_slice_geom *g = r->geom;
    g->ndim           = ndim;
    for (int i = 0; i < ndim; ++i) {
        const int step = p->step[i];
        GLI_REQUIRE(r->ctx, step > 0, GLIA_INVALID_ARGUMENT, "%s: step[%d] is %d, must be positive", r->op->name, i,
                    step);
        GLI_REQUIRE(r->ctx, dim[i] <= INT_MAX, GLIA_UNSUPPORTED, "%s: dimension %d has %lld elements", r->op->name, i,
                    (long long)dim[i]);
        const int64_t start = clamp(p->start[i], dim[i]);
        const int64_t stop  = clamp(p->stop[i], dim[i]);
        g->whole[i]         = (int)dim[i];
        g->start[i]         = (int)start;
        g->step[i]          = step;
        g->count[i]         = (int)(gli_max_i64(stop - start, 0) / step + (stop > start && (stop - start) % step != 0));
        part[i]             = g->count[i];
    }
    for (int i = ndim; i < GLIA_MAX_DIMS; ++i)
        GLI_REQUIRE(
            r->ctx,
            p->start[i] == 0 && (p->stop[i] == 0 || p->stop[i] == GLIA_END) && (p->step[i] == 0 || p->step[i] == 1),
            GLIA_INVALID_ARGUMENT, "%s: start, stop or step of dimension %d is given, there are only %d", r->op->name,
            i, ndim);
    return GLIA_OK;
}

static glia_status resolve_slice(gli_resolution *r) {
    const glia_tensor *x        = r->in[GLI_SLICE_X];
    int64_t part[GLIA_MAX_DIMS] = {0};
    GLI_TRY(resolve_geometry(r, r->params, x->ndim, x->dim, part));
    gli_set_shape(&r->out[0], x->dtype, x->ndim, part);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const glia_slice_backward_params *p = r->params;
    int64_t part[GLIA_MAX_DIMS]         = {0};
    GLI_TRY(gli_shape_check(r->ctx, r->op->name, r->in[GLI_SLICE_BACKWARD_DY]->dtype, p->shape));
    GLI_TRY(resolve_geometry(r, &p->slice, p->shape.ndim, p->shape.dim, part));
    GLI_TRY(gli_check_shape(r, GLI_SLICE_BACKWARD_DY, p->shape.ndim, part));
    gli_set_shape(&r->out[0], r->in[GLI_SLICE_BACKWARD_DY]->dtype, p->shape.ndim, p->shape.dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static void derive_slice(gli_derivation *d) {
    const gli_slice_geom *g         = d->geom;
    glia_slice_backward_params back = {.slice = *(const glia_slice_params *)d->params, .shape.ndim = g->ndim};
    for (int i = 0; i < g->ndim; ++i) back.shape.dim[i] = g->whole[i];
    d->din[GLI_SLICE_X] = gli_derive(d, &gli_op_slice_backward, &back, d->dout[0]);
}

static void derive_backward(gli_derivation *d) {
    const glia_slice_backward_params *p = d->params;
    d->din[GLI_SLICE_BACKWARD_DY]       = gli_derive(d, &gli_op_slice, &p->slice, d->dout[0]);
}

static const gli_op_input slice_inputs[] = {
    [GLI_SLICE_X] = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE | GLI_IN_PART},
};
static const gli_op_output slice_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param slice_fields[] = {
    GLI_PARAM(glia_slice_params, start),
    GLI_PARAM(glia_slice_params, stop),
    GLI_PARAM(glia_slice_params, step),
};
static const glia_slice_params slice_defaults = {
    .stop = {GLIA_END, GLIA_END, GLIA_END, GLIA_END, GLIA_END, GLIA_END, GLIA_END, GLIA_END},
    .step = {1, 1, 1, 1, 1, 1, 1, 1}};

const gli_op gli_op_slice = {
    .name = "slice",
    GLI_INPUTS(slice_inputs),
    GLI_OUTPUTS(slice_outputs),
    GLI_PARAMS(slice_fields, slice_defaults),
    .geom_size = sizeof(gli_slice_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_slice,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive_slice,
};

static const gli_op_input backward_inputs[] = {
    [GLI_SLICE_BACKWARD_DY] = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
};
static const gli_op_output backward_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_param backward_fields[] = {
    GLI_PARAM(glia_slice_backward_params, slice.start),
    GLI_PARAM(glia_slice_backward_params, slice.stop),
    GLI_PARAM(glia_slice_backward_params, slice.step),
    GLI_PARAM(glia_slice_backward_params, shape),
};
static const glia_slice_backward_params backward_defaults = {
    .slice = {.stop = {GLIA_END, GLIA_END, GLIA_END, GLIA_END, GLIA_END, GLIA_END, GLIA_END, GLIA_END},
              .step = {1, 1, 1, 1, 1, 1, 1, 1}}};

const gli_op gli_op_slice_backward = {
    .name = "slice_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(backward_fields, backward_defaults),
    .geom_size = sizeof(gli_slice_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve_backward,
    .cost      = cost,
    .exact     = gli_exact_always,
    .derive    = derive_backward,
};

glia_slice_params glia_slice_defaults(void) { return slice_defaults; }

glia_status glia_slice(glia_context *ctx, const glia_slice_params *params, const glia_tensor *x, glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_slice, params, GLI_IN(x), GLI_OUT(y));
}

glia_status glia_slice_backward(glia_context *ctx, const glia_slice_backward_params *params, const glia_tensor *dy,
                                glia_tensor *dx) {
    return gli_call_op(ctx, &gli_op_slice_backward, params, GLI_IN(dy), GLI_OUT(dx));
}

/* A part of split, as an output of slice. */
static glia_status check_part(glia_context *ctx, const glia_tensor *x, glia_tensor *const *y, int i, int axis) {
    const glia_tensor *part = y[i];
    GLI_REQUIRE(ctx, part->ctx == ctx, GLIA_DEVICE_MISMATCH, "split: y[%d] belongs to another context", i);
    GLI_REQUIRE(ctx, part->dtype == x->dtype, GLIA_DTYPE_MISMATCH, "split: y[%d] is %s, must be %s", i,
                glia_dtype_name(part->dtype), glia_dtype_name(x->dtype));
    for (int k = 0; k < x->ndim; ++k)
        GLI_REQUIRE(ctx, k == axis || part->dim[k] == x->dim[k], GLIA_SHAPE_MISMATCH,
                    "split: x is %s, y[%d] is %s: they differ in dimension %d, not only in %d", GLI_SHAPE_OF(x), i,
                    GLI_SHAPE_OF(part), k, axis);
    GLI_REQUIRE_WRITABLE(ctx, part, "split: y[%d]", i);
    GLI_REQUIRE(ctx, !gli_overlap(part, x), GLIA_INVALID_ARGUMENT, "split: y[%d] overlaps x in memory", i);
    for (int k = 0; k < i; ++k)
        GLI_REQUIRE(ctx, !gli_overlap(part, y[k]), GLIA_INVALID_ARGUMENT, "split: y[%d] overlaps y[%d] in memory", i,
                    k);
    return GLIA_OK;
}

/* The axis of a split; everything that could fail after a part is written. */
static glia_status check_split(glia_context *ctx, const glia_split_params *params, const glia_tensor *x,
                               glia_tensor *const *y, int n, int *axis) {
    const gli_op named     = {.name = "split", GLI_INPUTS(slice_inputs)};
    const gli_resolution r = {.ctx = ctx, .op = &named, .n_in = 1, .in = (const glia_tensor *[]){x}};
    int64_t length         = 0;
    GLI_REQUIRE(ctx, x, GLIA_INVALID_ARGUMENT, "split: x is NULL");
    GLI_REQUIRE(ctx, x->ctx == ctx, GLIA_DEVICE_MISMATCH, "split: x belongs to another context");
    GLI_REQUIRE(ctx, y && n > 0, GLIA_INVALID_ARGUMENT, "split: y is NULL, or its %d tensors are none", n);
    GLI_TRY(gli_check_axis(&r, params ? params->axis : 0, x->ndim, axis));
    for (int i = 0; i < n; ++i) {
        GLI_REQUIRE(ctx, y[i], GLIA_INVALID_ARGUMENT, "split: y[%d] of %d is NULL", i, n);
        GLI_REQUIRE(ctx, y[i]->ndim == x->ndim, GLIA_SHAPE_MISMATCH, "split: x is %s, y[%d] is %s", GLI_SHAPE_OF(x), i,
                    GLI_SHAPE_OF(y[i]));
        length += y[i]->dim[*axis];
    }
    GLI_REQUIRE(ctx, length == x->dim[*axis], GLIA_SHAPE_MISMATCH,
                "split: x is %s, the %d parts have %lld along dimension %d in all", GLI_SHAPE_OF(x), n,
                (long long)length, *axis);
    for (int i = 0; i < n; ++i) GLI_TRY(check_part(ctx, x, y, i, *axis));
    return GLIA_OK;
}

static glia_status split(glia_context *ctx, const glia_split_params *params, const glia_tensor *x,
                         glia_tensor *const *y, int n) {
    int axis, start = 0;
    GLI_TRY(check_split(ctx, params, x, y, n, &axis));
    for (int i = 0; i < n; ++i) {
        glia_slice_params part = slice_defaults;
        part.start[axis]       = start;
        part.stop[axis]        = start += (int)y[i]->dim[axis];
        if (gli_count(y[i]) > 0) GLI_TRY(glia_slice(ctx, &part, x, y[i]));
    }
    return GLIA_OK;
}

glia_status glia_split(glia_context *ctx, const glia_split_params *params, const glia_tensor *x, glia_tensor *const *y,
                       int n) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = split(ctx, params, x, y, n);
    gli_leave(ctx);
    return status;
}
