#include "kernels/elementwise/where_launch.h"

#include "core/provider.h"
#include "cuda/ops/broadcast_axes.h"
#include "cuda/ops/dense_view.h"

static glia_status choose_whole(const gli_call *call, const gli_cuda_view *v) {
    GLI_CUDA_TRY(call->ctx, gli_kernel_where_whole(call->geom, v->dtype, v->in[GLI_WHERE_CONDITION], v->in[GLI_WHERE_A],
                                                   v->in[GLI_WHERE_B], v->out[0], v->stream));
    return GLIA_OK;
}

static glia_status where(const gli_call *call, const gli_cuda_view *v) {
    const gli_where_geom *g                     = call->geom;
    gli_cuda_array arrays[1 + GLI_WHERE_INPUTS] = {{.ndim = g->ndim, .stride = v->out_stride[0]}};
    if (g->whole) return choose_whole(call, v);
    for (int k = 0; k < GLI_WHERE_INPUTS; ++k)
        arrays[1 + k] = (gli_cuda_array){g->input_ndim[k], v->in_stride[k], g->repeated[k]};
    const gli_axes axes = gli_cuda_broadcast_axes(g->ndim, g->dim, 1 + GLI_WHERE_INPUTS, arrays);
    GLI_CUDA_TRY(call->ctx, gli_kernel_where(v->dtype, &axes, v->in[GLI_WHERE_CONDITION], v->in[GLI_WHERE_A],
                                             v->in[GLI_WHERE_B], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(where, .run = where);
