#include "kernels/metric/metric_launch.h"

#include "core/dtype.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"
#include "ops/metric/accumulate_geom.h"
#include "ops/metric/accuracy_geom.h"
#include "ops/metric/confusion_matrix_geom.h"

static glia_indices indices_of(const glia_call *call, const glia_cuda_view *v, int i) {
    return (glia_indices){.data = v->in[i], .dtype = call->in[i]->dtype};
}

static size_t accuracy_workspace(const glia_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLIA_ACCURACY_WORKSPACE;
}

static glia_status accuracy(const glia_call *call, const glia_cuda_view *v) {
    const glia_accuracy_geom *g = call->geom;
    glia_accuracy_args args     = {.dtype        = v->dtype,
                                   .n            = g->n,
                                   .classes      = g->classes,
                                   .inner        = g->inner,
                                   .k            = g->k,
                                   .binary       = g->binary,
                                   .ignore       = g->ignore,
                                   .ignore_index = g->ignore_index,
                                   .threshold    = g->threshold,
                                   .prediction   = v->in[ACCURACY_PREDICTION],
                                   .counts       = v->in[ACCURACY_COUNTS],
                                   .new_counts   = v->out[0],
                                   .workspace    = v->workspace};
    if (glia_dtype_is_float(call->in[ACCURACY_TARGET]->dtype))
        args.scores = v->in[ACCURACY_TARGET];
    else
        args.target = indices_of(call, v, ACCURACY_TARGET);
    if (!g->binary && !g->dense) GLIA_TRY(glia_cuda_index_slot(call, ACCURACY_TARGET, &args.bad));
    GLIA_CUDA_TRY(call->ctx, glia_kernel_accuracy(&args, v->stream));
    return GLIA_OK;
}

static glia_status confusion_matrix(const glia_call *call, const glia_cuda_view *v) {
    const glia_confusion_matrix_geom *g = call->geom;
    glia_confusion_args args            = {.dtype        = v->dtype,
                                           .n            = g->n,
                                           .classes      = g->classes,
                                           .ignore       = g->ignore,
                                           .ignore_index = g->ignore_index,
                                           .prediction   = v->in[CONFUSION_MATRIX_PREDICTION],
                                           .target       = indices_of(call, v, CONFUSION_MATRIX_TARGET),
                                           .matrix       = v->in[CONFUSION_MATRIX_MATRIX],
                                           .new_matrix   = v->out[0]};
    GLIA_TRY(glia_cuda_index_slot(call, CONFUSION_MATRIX_TARGET, &args.bad));
    GLIA_CUDA_TRY(call->ctx, glia_kernel_confusion_matrix(&args, v->stream));
    return GLIA_OK;
}

static glia_status accumulate(const glia_call *call, const glia_cuda_view *v) {
    const glia_accumulate_geom *g = call->geom;
    GLIA_CUDA_TRY(call->ctx,
                  glia_kernel_accumulate(call->in[ACCUMULATE_VALUE]->dtype, g->weight, v->in[ACCUMULATE_VALUE],
                                         v->in[ACCUMULATE_SUMS], v->out[0], v->stream));
    return GLIA_OK;
}

GLIA_CUDA_PROVIDER(accuracy, .run = accuracy, .typed_in = 1 << ACCURACY_TARGET | 1 << ACCURACY_COUNTS, .typed_out = 1,
                   .workspace = accuracy_workspace);
GLIA_CUDA_PROVIDER(confusion_matrix, .run = confusion_matrix, .typed_in = 1 << CONFUSION_MATRIX_TARGET);
GLIA_CUDA_PROVIDER(accumulate, .run = accumulate, .typed_in = 1 << ACCUMULATE_VALUE | 1 << ACCUMULATE_SUMS,
                   .typed_out = 1);
