#include "kernels/pool/interpolate_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"

/* Of [N,C,D,H,W], from those of a tensor that has some of the last three. */
static void spread_strides(const gli_interpolate_geom *g, const int64_t *stride, int64_t *out) {
    for (int d = 0; d < GLI_INTERPOLATE_DIMS; ++d)
        out[d] = d < 2 ? stride[d] : d < 2 + g->missing ? 0 : stride[d - g->missing];
}

static gli_interpolate_arrays arrays_of(const gli_call *call, const gli_cuda_view *v) {
    gli_interpolate_arrays arrays = {.dtype = v->dtype, .from = v->in[0], .to = v->out[0]};
    spread_strides(call->geom, v->in_stride[0], arrays.from_stride);
    spread_strides(call->geom, v->out_stride[0], arrays.to_stride);
    return arrays;
}

static glia_status interpolate(const gli_call *call, const gli_cuda_view *v) {
    const gli_interpolate_arrays arrays = arrays_of(call, v);
    GLI_CUDA_TRY(call->ctx, gli_kernel_interpolate(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

static glia_status interpolate_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_interpolate_arrays arrays = arrays_of(call, v);
    GLI_CUDA_TRY(call->ctx, gli_kernel_interpolate_backward(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(interpolate, .run = interpolate, .strided_in = 1, .strided_out = 1);
GLI_CUDA_PROVIDER(interpolate_backward, .run = interpolate_backward, .strided_in = 1, .strided_out = 1);
