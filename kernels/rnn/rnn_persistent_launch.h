/* Recurrent layers in one launch for all steps: the recurrent weights stay on the multiprocessors. See
 * rnn_persistent.cuh and, for tensor cores, rnn_tensor_cores.cuh. */
#ifndef GLI_KERNELS_RNN_RNN_PERSISTENT_LAUNCH_H
#define GLI_KERNELS_RNN_RNN_PERSISTENT_LAUNCH_H

#include "kernels/rnn/rnn_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the GPU. */
typedef struct gli_rnn_limits {
    int multiprocessors;
    size_t shared_bytes; /* that a block can have */
} gli_rnn_limits;

/* How a layer is partitioned. Sequences go through the steps in tiles of `rows`, each tile with a group of blocks; a
 * block has the weights of `units` hidden units. */
typedef struct gli_rnn_partition {
    int rows, units; /* multiples of 4 */
    int blocks;      /* of a group */
    int groups;
    size_t shared_bytes;
    bool tensor_cores;
} gli_rnn_partition;

/* NULL, or why such a layer cannot be partitioned, forward and backward. It has no projection. */
const char *gli_kernel_rnn_partition(const gli_rnn_layer *layer, gli_rnn_limits limits, gli_rnn_partition *out);

/* The same for tensor cores, which multiply in the layer's type, f32 as TF32. */
const char *gli_kernel_rnn_tensor_partition(const gli_rnn_layer *layer, gli_rnn_limits limits, gli_rnn_partition *out);

/* The functions below take a partition for tensor cores or one without, as their names say. */

/* *out: how many blocks of the launch a multiprocessor holds at once. All blocks must be there, or it is refused. */
cudaError_t gli_kernel_rnn_persistent_blocks(const gli_rnn_layer *layer, const gli_rnn_partition *partition, int *out);
cudaError_t gli_kernel_rnn_backward_persistent_blocks(const gli_rnn_layer *layer, const gli_rnn_partition *partition,
                                                      int *out);
cudaError_t gli_kernel_rnn_tensor_blocks(const gli_rnn_layer *layer, const gli_rnn_partition *partition, int *out);
cudaError_t gli_kernel_rnn_backward_tensor_blocks(const gli_rnn_layer *layer, const gli_rnn_partition *partition,
                                                  int *out);

/* The same as gli_kernel_rnn and gli_kernel_rnn_backward; `intermediate` and `dh` are not used, nor `carry` but for
 * LSTM. counters: gli_kernel_rnn_counter_bytes. */
size_t gli_kernel_rnn_counter_bytes(const gli_rnn_partition *partition);
cudaError_t gli_kernel_rnn_persistent(const gli_rnn_layer *layer, const gli_rnn_forward_arrays *arrays,
                                      const gli_rnn_partition *partition, void *counters, cudaStream_t stream);
cudaError_t gli_kernel_rnn_backward_persistent(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                               const gli_rnn_partition *partition, void *counters, cudaStream_t stream);
cudaError_t gli_kernel_rnn_tensor(const gli_rnn_layer *layer, const gli_rnn_forward_arrays *arrays,
                                  const gli_rnn_partition *partition, void *counters, cudaStream_t stream);
cudaError_t gli_kernel_rnn_backward_tensor(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                           const gli_rnn_partition *partition, void *counters, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
