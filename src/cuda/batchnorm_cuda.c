#include "kernels/batchnorm.h"

#include "core/tensor.h"
#include "cuda/view.h"
#include "ops/batchnorm.h"

/* ---- the layout ---------------------------------------------------------------------------------------------------
 */

/* The images are [N, C, ...] with C innermost and without gaps. Input 0 and output 0 are images, and where the op is a
 * backward one input 1, dy. */
static bool last(const glia_tensor *x) {
    int64_t step = x->dim[1];
    if (x->dim[1] > 1 && x->stride[1] != 1) return false;
    for (int d = x->ndim - 1; d >= 0; --d) {
        if (d == 1) continue;
        if (x->dim[d] > 1 && x->stride[d] != step) return false;
        step *= x->dim[d];
    }
    return true;
}

static const char *decline_images(const glia_call *call, const glia_tensor *dy) {
    const glia_tensor *x = call->in[0], *y = call->out[0];
    if (x->dtype != y->dtype || (dy && dy->dtype != x->dtype)) return "only images of one type";
    return last(x) && last(y) && (!dy || last(dy)) ? NULL : "only images with channels last and no gaps";
}

static const char *decline_forward(const glia_call *call) { return decline_images(call, NULL); }
static const char *decline_backward(const glia_call *call) { return decline_images(call, call->in[NORM_BACK_DY]); }

static glia_channels shape_of(const glia_call *call, bool channels_last) {
    const glia_batchnorm_geom *g = call->geom;
    return (glia_channels){.n = g->n, .c = g->c, .area = g->area, .channels_last = channels_last};
}

static size_t workspace_dense(const glia_call *call, glia_dtype dtype) {
    const glia_channels shape = shape_of(call, false);
    return glia_kernel_batchnorm_workspace(dtype, &shape);
}

static size_t workspace_last(const glia_call *call, glia_dtype dtype) {
    const glia_channels shape = shape_of(call, true);
    return glia_kernel_batchnorm_workspace(dtype, &shape);
}

/* ---- the ops ------------------------------------------------------------------------------------------------------
 */

static glia_status batchnorm(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_batchnorm_geom *g  = call->geom;
    const glia_channels shape     = shape_of(call, channels_last);
    const glia_batchnorm_arrays a = {.x                = v->in[NORM_X],
                                     .weight           = v->in[NORM_WEIGHT],
                                     .bias             = v->in[NORM_BIAS],
                                     .running_mean     = v->in[BATCHNORM_RUNNING_MEAN],
                                     .running_var      = v->in[BATCHNORM_RUNNING_VAR],
                                     .y                = v->out[NORM_Y],
                                     .mean             = v->out[NORM_MEAN],
                                     .rstd             = v->out[NORM_RSTD],
                                     .new_running_mean = v->out[BATCHNORM_NEW_RUNNING_MEAN],
                                     .new_running_var  = v->out[BATCHNORM_NEW_RUNNING_VAR]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_batchnorm(v->dtype, &shape, g->epsilon, g->momentum, g->population, &a,
                                                   v->workspace, v->stream));
    return GLIA_OK;
}

/* Of batchnorm_inference the input behind the mean is the variance. */
static glia_batchnorm_backward_arrays backward_arrays(const glia_cuda_view *v) {
    return (glia_batchnorm_backward_arrays){.x       = v->in[NORM_BACK_X],
                                            .dy      = v->in[NORM_BACK_DY],
                                            .weight  = v->in[NORM_BACK_WEIGHT],
                                            .mean    = v->in[NORM_BACK_MEAN],
                                            .rstd    = v->in[NORM_BACK_RSTD],
                                            .dx      = v->out[NORM_BACK_DX],
                                            .dweight = v->out[NORM_BACK_DWEIGHT],
                                            .dbias   = v->out[NORM_BACK_DBIAS]};
}

static glia_status batchnorm_backward(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_channels shape              = shape_of(call, channels_last);
    const glia_batchnorm_backward_arrays a = backward_arrays(v);
    GLIA_CUDA_TRY(call->ctx, glia_kernel_batchnorm_backward(v->dtype, &shape, &a, v->workspace, v->stream));
    return GLIA_OK;
}

static glia_status inference(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_batchnorm_geom *g = call->geom;
    const glia_channels shape    = shape_of(call, channels_last);
    const void *const vectors[]  = {v->in[NORM_WEIGHT], v->in[NORM_BIAS], v->in[INFERENCE_MEAN], v->in[INFERENCE_VAR]};
    GLIA_CUDA_TRY(call->ctx, glia_kernel_batchnorm_inference(v->dtype, &shape, g->epsilon, v->in[NORM_X], vectors,
                                                             v->out[NORM_Y], v->stream));
    return GLIA_OK;
}

static glia_status inference_backward(const glia_call *call, const glia_cuda_view *v, bool channels_last) {
    const glia_batchnorm_geom *g           = call->geom;
    const glia_channels shape              = shape_of(call, channels_last);
    const glia_batchnorm_backward_arrays a = backward_arrays(v);
    GLIA_CUDA_TRY(call->ctx,
                  glia_kernel_batchnorm_inference_backward(v->dtype, &shape, g->epsilon, &a, v->workspace, v->stream));
    return GLIA_OK;
}

/* ---- two providers of each ----------------------------------------------------------------------------------------
 */

/* images: bits of the inputs that are images. */
#define BOTH_LAYOUTS(op, function, images, decline_function)                                                           \
    static glia_status op##_dense(const glia_call *call, const glia_cuda_view *v) { return function(call, v, false); } \
    static glia_status op##_last(const glia_call *call, const glia_cuda_view *v) { return function(call, v, true); }   \
    GLIA_CUDA_PROVIDER(op, .run = op##_dense, .workspace = workspace_dense);                                           \
    GLIA_CUDA_KERNEL_PROVIDER(op, channels_last, decline_function, .run = op##_last, .workspace = workspace_last,      \
                              .strided_in = images, .strided_out = 1)

BOTH_LAYOUTS(batchnorm, batchnorm, 1, decline_forward);
BOTH_LAYOUTS(batchnorm_backward, batchnorm_backward, 3, decline_backward);
BOTH_LAYOUTS(batchnorm_inference, inference, 1, decline_forward);
BOTH_LAYOUTS(batchnorm_inference_backward, inference_backward, 3, decline_backward);
