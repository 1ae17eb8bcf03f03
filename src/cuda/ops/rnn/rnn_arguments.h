/* From the calls of rnn and rnn_backward to what their kernels take. */
#ifndef GLI_CUDA_OPS_RNN_RNN_ARGUMENTS_H
#define GLI_CUDA_OPS_RNN_RNN_ARGUMENTS_H

#include "cuda/ops/dense_view.h"
#include "kernels/gemm/matmul_launch.h"
#include "kernels/rnn/rnn_launch.h"
#include "kernels/rnn/rnn_persistent_launch.h"
#include "ops/rnn/rnn_geom.h"

/* A workspace that is cut into arrays, one after the other; without one, the sum of their sizes. */
typedef struct gli_cuda_pieces {
    char *workspace; /* NULL: only `used` is wanted */
    size_t used;
} gli_cuda_pieces;

void *gli_cuda_piece(gli_cuda_pieces *pieces, int64_t elements, size_t size);

/* Of what sums of the dtype are computed in. */
static inline size_t gli_cuda_rnn_sum_size(glia_dtype dtype) {
    return dtype == GLIA_F64 ? sizeof(double) : sizeof(float);
}

static inline int64_t gli_cuda_rnn_rows(const gli_rnn_geom *g) { return (int64_t)g->steps * g->batch; }

/* The address of an element; NULL stays NULL. */
void *gli_cuda_rnn_at(const void *array, int64_t element, size_t size);

/* What the geometry says; with a view also the arrays of both ops' inputs, but for the lengths. */
gli_rnn_layer gli_cuda_rnn_layer(const gli_call *call, glia_dtype dtype, const gli_cuda_view *view);

/* Checks the lengths on the device, and puts them into the layer; `room` is [N]. */
glia_status gli_cuda_rnn_lengths(const gli_call *call, const gli_cuda_view *view, int *room, gli_rnn_layer *layer);

/* The reserve: elements of gates, and behind them of cells; 0: the layer keeps none. */
int64_t gli_cuda_rnn_gates(const gli_rnn_geom *geom);
int64_t gli_cuda_rnn_cells(const gli_rnn_geom *geom);

/* How the layer is dealt out to the blocks of one launch, which the providers of that name do. NULL, or why it is not.
 */
const char *gli_cuda_rnn_deal(const gli_call *call, gli_rnn_deal *out);
const char *gli_cuda_rnn_decline_persistent(const gli_call *call);

/* GLIA_UNSUPPORTED where a direction has more gates than the products of matrices count. */
glia_status gli_cuda_rnn_fits(const gli_call *call);

/* A product over all steps, on tensor cores where the context and the GPU allow it. */
glia_status gli_cuda_rnn_multiply(const gli_call *call, const gli_gemm *product, void *workspace);

#endif
