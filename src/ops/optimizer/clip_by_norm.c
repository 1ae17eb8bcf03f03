#include "ops/optimizer/clip_by_norm_geom.h"

#include <math.h>

#include "ops/check.h"

static glia_status resolve(gli_resolution *r) {
    const glia_clip_by_norm_params *p = r->params;
    gli_clip_by_norm_geom *geom       = r->geom;
    const glia_tensor *g              = r->in[GLI_CLIP_BY_NORM_G];
    GLI_TRY(gli_check_floats(r));
    GLI_REQUIRE(r->ctx, p->max_norm > 0 && p->max_norm < INFINITY, GLIA_INVALID_ARGUMENT,
                "%s: max_norm is %g, must be positive and finite", r->op->name, p->max_norm);
    geom->count    = (int)gli_count(g);
    geom->max_norm = p->max_norm;
    gli_set_shape(&r->out[GLI_CLIP_BY_NORM_Y], g->dtype, g->ndim, g->dim);
    gli_set_shape(&r->out[GLI_CLIP_BY_NORM_NORM], GLIA_F32, 0, NULL);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const int count = ((const gli_clip_by_norm_geom *)geom)->count;
    *out            = (gli_cost){.flops = 3.0 * count, .depth = gli_sum_depth(count) + 4};
}

static const gli_op_input inputs[] = {
    [GLI_CLIP_BY_NORM_G] = {"g", 0},
};
static const gli_op_output outputs[] = {
    [GLI_CLIP_BY_NORM_Y]    = {"y", GLI_OUT_IN_PLACE, GLI_CLIP_BY_NORM_G},
    [GLI_CLIP_BY_NORM_NORM] = {"norm", GLI_OUT_OPTIONAL},
};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_clip_by_norm_params, max_norm),
};
static const glia_clip_by_norm_params defaults = {.max_norm = 0};

const gli_op gli_op_clip_by_norm = {
    .name = "clip_by_norm",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_clip_by_norm_geom),
    .layout    = GLI_LAYOUT_FOLLOW,
    .resolve   = resolve,
    .cost      = cost,
};

glia_status glia_clip_by_norm(glia_context *ctx, const glia_clip_by_norm_params *params, const glia_tensor *g,
                              glia_tensor *y, glia_tensor *norm) {
    return gli_call_op(ctx, &gli_op_clip_by_norm, params, GLI_IN(g), GLI_OUT(y, norm));
}
