#include "kernels/metric/accuracy_launch.h"

#include "core/dtype.h"
#include "core/provider.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"
#include "ops/metric/accumulate_geom.h"
#include "ops/metric/accuracy_geom.h"
#include "ops/metric/confusion_matrix_geom.h"

static gli_indices indices_of(const gli_call *call, const gli_cuda_view *v, int i) {
    return (gli_indices){.data = v->in[i], .dtype = call->in[i]->dtype};
}

static size_t accuracy_workspace(const gli_call *call, glia_dtype dtype) {
    (void)call, (void)dtype;
    return GLI_ACCURACY_WORKSPACE;
}

static glia_status accuracy(const gli_call *call, const gli_cuda_view *v) {
    const gli_accuracy_geom *g = call->geom;
    gli_accuracy_args args     = {.dtype        = v->dtype,
                                  .n            = g->n,
                                  .classes      = g->classes,
                                  .inner        = g->inner,
                                  .k            = g->k,
                                  .binary       = g->binary,
                                  .ignore       = g->ignore,
                                  .ignore_index = g->ignore_index,
                                  .threshold    = g->threshold,
                                  .prediction   = v->in[GLI_ACCURACY_PREDICTION],
                                  .counts       = v->in[GLI_ACCURACY_COUNTS],
                                  .new_counts   = v->out[0],
                                  .workspace    = v->workspace};
    if (gli_dtype_is_float(call->in[GLI_ACCURACY_TARGET]->dtype))
        args.scores = v->in[GLI_ACCURACY_TARGET];
    else
        args.target = indices_of(call, v, GLI_ACCURACY_TARGET);
    if (!g->binary && !g->dense) GLI_TRY(gli_cuda_index_slot(call, GLI_ACCURACY_TARGET, &args.bad));
    GLI_CUDA_TRY(call->ctx, gli_kernel_accuracy(&args, v->stream));
    return GLIA_OK;
}

static glia_status confusion_matrix(const gli_call *call, const gli_cuda_view *v) {
    const gli_confusion_matrix_geom *g = call->geom;
    gli_confusion_args args            = {.dtype        = v->dtype,
                                          .n            = g->n,
                                          .classes      = g->classes,
                                          .ignore       = g->ignore,
                                          .ignore_index = g->ignore_index,
                                          .prediction   = v->in[GLI_CONFUSION_MATRIX_PREDICTION],
                                          .target       = indices_of(call, v, GLI_CONFUSION_MATRIX_TARGET),
                                          .matrix       = v->in[GLI_CONFUSION_MATRIX_MATRIX],
                                          .new_matrix   = v->out[0]};
    GLI_TRY(gli_cuda_index_slot(call, GLI_CONFUSION_MATRIX_TARGET, &args.bad));
    GLI_CUDA_TRY(call->ctx, gli_kernel_confusion_matrix(&args, v->stream));
    return GLIA_OK;
}

static glia_status accumulate(const gli_call *call, const gli_cuda_view *v) {
    const gli_accumulate_geom *g = call->geom;
    GLI_CUDA_TRY(call->ctx,
                 gli_kernel_accumulate(call->in[GLI_ACCUMULATE_VALUE]->dtype, g->weight, v->in[GLI_ACCUMULATE_VALUE],
                                       v->in[GLI_ACCUMULATE_SUMS], v->out[0], v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(accuracy, .run = accuracy, .typed_in = 1 << GLI_ACCURACY_TARGET | 1 << GLI_ACCURACY_COUNTS,
                  .typed_out = 1, .workspace = accuracy_workspace);
GLI_CUDA_PROVIDER(confusion_matrix, .run = confusion_matrix, .typed_in = 1 << GLI_CONFUSION_MATRIX_TARGET);
GLI_CUDA_PROVIDER(accumulate, .run = accumulate, .typed_in = 1 << GLI_ACCUMULATE_VALUE | 1 << GLI_ACCUMULATE_SUMS,
                  .typed_out = 1);
