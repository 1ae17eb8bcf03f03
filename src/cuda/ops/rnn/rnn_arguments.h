/* From the calls of rnn and rnn_backward to what their kernels take. */
#ifndef GLIA_CUDA_OPS_RNN_RNN_ARGUMENTS_H
#define GLIA_CUDA_OPS_RNN_RNN_ARGUMENTS_H

#include "cuda/ops/dense_view.h"
#include "kernels/gemm/matmul_launch.h"
#include "kernels/rnn/rnn_launch.h"
#include "kernels/rnn/rnn_persistent_launch.h"
#include "ops/rnn/rnn_geom.h"

/* A workspace that is cut into arrays, one after the other; without one, the sum of their sizes. */
typedef struct glia_cuda_pieces {
    char *workspace; /* NULL: only `used` is wanted */
    size_t used;
} glia_cuda_pieces;

void *glia_cuda_piece(glia_cuda_pieces *pieces, int64_t elements, size_t size);

/* Of what sums of the dtype are computed in. */
static inline size_t glia_cuda_rnn_sum_size(glia_dtype dtype) {
    return dtype == GLIA_F64 ? sizeof(double) : sizeof(float);
}

static inline int64_t glia_cuda_rnn_rows(const glia_rnn_geom *g) { return (int64_t)g->steps * g->batch; }

/* The address of an element; NULL stays NULL. */
void *glia_cuda_rnn_at(const void *array, int64_t element, size_t size);

/* What the geometry says; with a view also the arrays of both ops' inputs, but for the lengths. */
glia_rnn_layer glia_cuda_rnn_layer(const glia_call *call, glia_dtype dtype, const glia_cuda_view *view);

/* Checks the lengths on the device, and puts them into the layer; `room` is [N]. */
glia_status glia_cuda_rnn_lengths(const glia_call *call, const glia_cuda_view *view, int *room, glia_rnn_layer *layer);

/* The reserve: elements of gates, and behind them of cells; 0: the layer keeps none. */
int64_t glia_cuda_rnn_gates(const glia_rnn_geom *geom);
int64_t glia_cuda_rnn_cells(const glia_rnn_geom *geom);

/* How the layer is dealt out to the blocks of one launch, which the providers of that name do. NULL, or why it is not.
 */
const char *glia_cuda_rnn_deal(const glia_call *call, glia_rnn_deal *out);
const char *glia_cuda_rnn_decline_persistent(const glia_call *call);

/* GLIA_UNSUPPORTED where a direction has more gates than the products of matrices count. */
glia_status glia_cuda_rnn_fits(const glia_call *call);

/* A product over all steps, on tensor cores where the context and the GPU allow it. */
glia_status glia_cuda_rnn_multiply(const glia_call *call, const glia_product *product, void *workspace);

#endif
