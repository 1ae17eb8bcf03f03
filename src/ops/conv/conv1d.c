/* conv1d is conv2d over one row: views of the same memory with a dimension of 1 put in. */
#include "ops/check.h"
#include "ops/conv/conv_geom.h"

/* [N,C,W] as [N,C,1,W]; NULL stays NULL. */
static glia_status as_image(glia_context *ctx, const char *name, const glia_tensor *x, glia_tensor *view,
                            glia_tensor **out) {
    *out = NULL;
    if (!x) return GLIA_OK;
    GLI_REQUIRE(ctx, x->ndim == 3, GLIA_SHAPE_MISMATCH, "conv1d: %s is %s, must have 3 dimensions", name,
                GLI_SHAPE_OF(x));
    *view           = *x;
    view->owned     = (gli_block){0};
    view->ndim      = 4;
    view->dim[3]    = x->dim[2];
    view->stride[3] = x->stride[2];
    view->dim[2]    = 1;
    view->stride[2] = x->stride[2] * (x->dim[2] > 0 ? x->dim[2] : 1); /* the offset of a second row */
    *out            = view;
    return GLIA_OK;
}

static glia_status conv1d(glia_context *ctx, const glia_conv1d_params *params, const glia_tensor *x,
                          const glia_tensor *w, const glia_tensor *bias, glia_tensor *y) {
    const glia_conv1d_params p                = params ? *params : glia_conv1d_defaults();
    const glia_conv2d_params rows_and_columns = {.stride     = {1, p.stride},
                                                 .pad        = {0, p.pad},
                                                 .pad_end    = {0, p.pad_end},
                                                 .dilation   = {1, p.dilation},
                                                 .groups     = p.groups,
                                                 .activation = p.activation};
    glia_tensor views[3], *x4, *w4, *y4;
    GLI_TRY(as_image(ctx, "x", x, &views[0], &x4));
    GLI_TRY(as_image(ctx, "w", w, &views[1], &w4));
    GLI_TRY(as_image(ctx, "y", y, &views[2], &y4));
    return glia_conv2d(ctx, &rows_and_columns, x4, w4, bias, y4);
}

glia_conv1d_params glia_conv1d_defaults(void) { return (glia_conv1d_params){.stride = 1, .dilation = 1, .groups = 1}; }

glia_status glia_conv1d(glia_context *ctx, const glia_conv1d_params *params, const glia_tensor *x, const glia_tensor *w,
                        const glia_tensor *bias, glia_tensor *y) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = conv1d(ctx, params, x, w, bias, y);
    gli_leave(ctx);
    return status;
}
