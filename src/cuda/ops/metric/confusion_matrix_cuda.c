#include "kernels/metric/confusion_matrix_launch.h"

#include "core/provider.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"

static glia_status confusion_matrix(const gli_call *call, const gli_cuda_view *v) {
    gli_confusion_matrix_arrays arrays = {
        .dtype      = v->dtype,
        .prediction = v->in[GLI_CONFUSION_MATRIX_PREDICTION],
        .target     = {v->in[GLI_CONFUSION_MATRIX_TARGET], call->in[GLI_CONFUSION_MATRIX_TARGET]->dtype},
        .matrix     = v->in[GLI_CONFUSION_MATRIX_MATRIX],
        .new_matrix = v->out[0]};
    GLI_TRY(gli_cuda_index_slot(call, GLI_CONFUSION_MATRIX_TARGET, &arrays.slot));
    GLI_CUDA_TRY(call->ctx, gli_kernel_confusion_matrix(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

GLI_CUDA_PROVIDER(confusion_matrix, .run = confusion_matrix, .typed_in = 1 << GLI_CONFUSION_MATRIX_TARGET);
