/* What the kernels of rnn and rnn_backward take, from their calls. */
#ifndef GLI_CUDA_OPS_RNN_RNN_ARGUMENTS_H
#define GLI_CUDA_OPS_RNN_RNN_ARGUMENTS_H

#include "cuda/ops/dense_view.h"
#include "cuda/ops/workspace_arena.h"
#include "kernels/rnn/rnn_launch.h"
#include "kernels/rnn/rnn_persistent_launch.h"
#include "ops/rnn/rnn_geom.h"

/* Bytes of a number of the type that the dtype is computed in. */
static inline size_t gli_cuda_rnn_compute_size(glia_dtype dtype) {
    return dtype == GLIA_F64 ? sizeof(double) : sizeof(float);
}

static inline int64_t gli_cuda_rnn_rows(const gli_rnn_geom *g) { return (int64_t)g->steps * g->batch; }

/* The address of an element; NULL stays NULL. */
void *gli_cuda_rnn_element(const void *array, int64_t i, size_t size);

/* Without a view, only the sizes; with one, also the inputs that both ops have, but for the lengths. */
gli_rnn_layer gli_cuda_rnn_layer(const gli_call *call, glia_dtype dtype, const gli_cuda_view *view);

/* Checks the lengths on the device, and sets those of the layer; `lengths`, [N], is memory for them. */
glia_status gli_cuda_rnn_lengths(const gli_call *call, const gli_cuda_view *view, int *lengths, gli_rnn_layer *layer);

/* The saved output: elements of gates, followed by those of cells; 0: the layer saves none. */
int64_t gli_cuda_rnn_gates(const gli_rnn_geom *geom);
int64_t gli_cuda_rnn_cells(const gli_rnn_geom *geom);

/* The persistent kernels take f32 and halves, those on tensor cores f32 only as TF32; and the partition of the layer.
 * NULL, or why there is none. */
#define GLI_ACCEPTS_RNN_PERSISTENT {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT}
#define GLI_ACCEPTS_RNN_TENSOR_CORES {GLI_TAKES_F32 | GLI_TAKES_HALVES, GLI_ANY_FORMAT, .flags = GLI_F32_REDUCED}
const char *gli_cuda_rnn_partition(const gli_call *call, bool tensor_cores, gli_rnn_partition *out);
const char *gli_cuda_rnn_decline_persistent(const gli_call *call);
const char *gli_cuda_rnn_decline_tensor_cores(const gli_call *call);

/* GLIA_UNSUPPORTED: the GPU does not hold all blocks of a persistent kernel at once, and would refuse its launch. Of
 * both passes: the backward pass has no choice where the forward pass took this provider. */
glia_status gli_cuda_rnn_check_blocks(const gli_call *call, bool tensor_cores);

/* For gli_cuda_kernel.prepare. GLIA_UNSUPPORTED where a direction has more gates than kernels count. */
glia_status gli_cuda_rnn_check_size(const gli_call *call, gli_prepared *out);

#endif
