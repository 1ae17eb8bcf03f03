#include "kernels/reduce/reduce_launch.h"

#include "core/provider.h"
#include "cuda/ops/dense_view.h"
#include "ops/reduce/reduce_geom.h"

/* Appends an innermost axis, merged with the one before it where one stride covers both. */
static void append(gli_reduce_axes *axes, int size, int64_t stride) {
    const int last = axes->n - 1;
    if (axes->n > 0 && axes->stride[last] == stride * size)
        axes->size[last] *= size, axes->stride[last] = stride;
    else
        axes->size[axes->n] = size, axes->stride[axes->n] = stride, ++axes->n;
}

/* Of a dense x; there is at least one axis of each sort. */
static gli_reduce_shape shape_of(const gli_reduce_geom *g) {
    gli_reduce_shape s = {.outputs = g->outputs, .set = g->set};
    int64_t stride[GLIA_MAX_DIMS], step = 1;
    for (int d = g->ndim - 1; d >= 0; --d) stride[d] = step, step *= g->dim[d];
    for (int d = 0; d < g->ndim; ++d)
        if (g->dim[d] > 1) append(g->reduced >> d & 1 ? &s.reduced : &s.kept, g->dim[d], stride[d]);
    if (s.kept.n == 0) append(&s.kept, 1, 0);
    if (s.reduced.n == 0) append(&s.reduced, 1, 0);
    return s;
}

/* The axes of x with the strides of y. */
static gli_reduce_axes outputs_of(const gli_reduce_geom *g) {
    gli_reduce_axes axes = {0};
    int64_t stride[GLIA_MAX_DIMS], step = 1;
    for (int d = g->ndim - 1; d >= 0; --d) {
        const bool reduced = g->reduced >> d & 1;
        stride[d]          = reduced ? 0 : step;
        if (!reduced) step *= g->dim[d];
    }
    for (int d = 0; d < g->ndim; ++d)
        if (g->dim[d] > 1) append(&axes, g->dim[d], stride[d]);
    if (axes.n == 0) append(&axes, 1, 0);
    return axes;
}

static size_t workspace(const gli_call *call, glia_dtype dtype) {
    const gli_reduce_geom *g = call->geom;
    if (g->count == 0) return 0;
    const gli_reduce_shape s = shape_of(g);
    return gli_kernel_reduce_workspace(dtype, &s);
}

static glia_status reduce(const gli_call *call, const gli_cuda_view *v) {
    const gli_reduce_geom *g = call->geom;
    if (g->outputs == 0) return GLIA_OK;
    if (g->set == 0) {
        GLI_CUDA_TRY(call->ctx, gli_kernel_reduce_nothing(v->dtype, g->kind, g->outputs, v->out[0], v->stream));
        return GLIA_OK;
    }
    const gli_reduce_shape s = shape_of(g);
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_reduce(v->dtype, g->kind, &s, v->in[GLI_REDUCE_X], v->out[0], v->workspace, v->stream));
    return GLIA_OK;
}

static size_t workspace_backward(const gli_call *call, glia_dtype dtype) {
    const gli_reduce_geom *g = call->geom;
    if (g->count == 0) return 0;
    const gli_reduce_shape s = shape_of(g);
    return gli_kernel_reduce_backward_workspace(dtype, g->kind, &s);
}

static glia_status reduce_backward(const gli_call *call, const gli_cuda_view *v) {
    const gli_reduce_geom *g = call->geom;
    if (g->count == 0) return GLIA_OK;
    const gli_reduce_shape s      = shape_of(g);
    const gli_reduce_axes outputs = outputs_of(g);
    GLI_CUDA_TRY(call->ctx, gli_kernel_reduce_backward(v->dtype, g->kind, &s, &outputs, v->in[GLI_REDUCE_BACKWARD_X],
                                                       v->in[GLI_REDUCE_BACKWARD_Y], v->in[GLI_REDUCE_BACKWARD_DY],
                                                       v->out[0], v->workspace, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(reduce, .run = reduce, .workspace = workspace);
GLI_CUDA_PROVIDER(reduce_backward, .run = reduce_backward, .workspace = workspace_backward);
