#include "ops/pool/pool2d_window.h"

#include "ops/check.h"
#include "ops/window.h"

static glia_status check_image(const gli_resolution *r, const int64_t *x, gli_pool2d_geom *g) {
    GLI_REQUIRE(r->ctx, x[2] > 0 && x[3] > 0, GLIA_SHAPE_MISMATCH, "%s: %lld rows and %lld columns have no elements",
                r->op->name, (long long)x[2], (long long)x[3]);
    for (int i = 0; i < 4; ++i)
        GLI_REQUIRE(r->ctx, x[i] <= INT32_MAX, GLIA_UNSUPPORTED, "%s: dimension %d is %lld, more than 2^31-1",
                    r->op->name, i, (long long)x[i]);
    g->n = (int)x[0], g->c = (int)x[1];
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

glia_status gli_pool2d_resolve(const gli_resolution *r, const gli_pool2d_window *window, const int64_t *x,
                               gli_pool2d_geom *g) {
    int outputs[2];
    gli_window_axis axis[2];
    GLI_TRY(check_image(r, x, g));
    GLI_REQUIRE(r->ctx, window->kernel[0] > 0 && window->kernel[1] > 0, GLIA_INVALID_ARGUMENT,
                "%s: kernel is {%d,%d}, must be positive", r->op->name, window->kernel[0], window->kernel[1]);
    for (int i = 0; i < 2; ++i) {
        axis[i] = gli_window_axis_of(2, i, window->stride, window->pad, window->pad_end, window->dilation);
        GLI_TRY(gli_window_output_size(r, &axis[i], x[2 + i], window->kernel[i], window->ceil_mode, &outputs[i]));
        GLI_TRY(check_padding(r, &axis[i], window->kernel[i]));
    }
    g->h = (int)x[2], g->w = (int)x[3];
    g->p = outputs[0], g->q = outputs[1];
    g->r = window->kernel[0], g->s = window->kernel[1];
    g->stride_h = axis[0].stride, g->stride_w = axis[1].stride;
    g->pad_h = axis[0].pad, g->pad_w = axis[1].pad, g->pad_h_end = axis[0].pad_end, g->pad_w_end = axis[1].pad_end;
    g->dilation_h = axis[0].dilation, g->dilation_w = axis[1].dilation;
    return GLIA_OK;
}

glia_status gli_pool2d_check(const gli_resolution *r, const int *size, gli_pool2d_geom *g) {
    GLI_REQUIRE(r->ctx, gli_dtype_is_float(r->in[0]->dtype), GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be a float",
                r->op->name, r->op->inputs[0].name, glia_dtype_name(r->in[0]->dtype));
    GLI_TRY(gli_check_ndim(r, 0, 4));
    GLI_REQUIRE(r->ctx, size[0] > 0 && size[1] > 0, GLIA_INVALID_ARGUMENT, "%s: size is {%d,%d}, must be positive",
                r->op->name, size[0], size[1]);
    return check_image(r, r->in[0]->dim, g);
}

glia_status gli_adaptive_pool2d_resolve(gli_resolution *r) {
    const glia_adaptive_pool2d_params *p = r->params;
    const glia_tensor *x                 = r->in[0];
    gli_pool2d_geom *g                   = r->geom;
    GLI_TRY(gli_pool2d_check(r, p->size, g));
    g->h = (int)x->dim[2], g->w = (int)x->dim[3];
    g->p = p->size[0], g->q = p->size[1];
    gli_set_dims(&r->out[0], x->dtype, g->n, g->c, g->p, g->q);
    if (r->op->n_outputs > GLI_POOL_INDICES) gli_set_dims(&r->out[GLI_POOL_INDICES], GLIA_I32, g->n, g->c, g->p, g->q);
    return GLIA_OK;
}

double gli_adaptive_pool2d_window(int out, int in) { return (double)in / out + 2; }
