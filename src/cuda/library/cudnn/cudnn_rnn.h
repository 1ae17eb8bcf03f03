/* cuDNN's recurrent layers, behind the wall of cudnn.h: cudnn_rnn_layer.c is all that knows their API. */
#ifndef GLI_CUDA_LIBRARY_CUDNN_CUDNN_RNN_H
#define GLI_CUDA_LIBRARY_CUDNN_CUDNN_RNN_H

#include "cuda/library/cudnn/cudnn.h"
#include "ops/rnn/rnn_geom.h"

/* How cuDNN can run a layer: step by step, or in one persistent kernel. Of those, one is
 * compiled for the layer on the spot, and one is for few hidden units. */
typedef enum gli_cudnn_rnn_algorithm {
    GLI_CUDNN_RNN_STANDARD,
    GLI_CUDNN_RNN_PERSISTENT,
    GLI_CUDNN_RNN_COMPILED,
    GLI_CUDNN_RNN_SMALL,
    GLI_CUDNN_RNN_ALGORITHMS
} gli_cudnn_rnn_algorithm;

const char *gli_cudnn_rnn_name(gli_cudnn_rnn_algorithm algorithm);

typedef struct gli_cudnn_rnn gli_cudnn_rnn; /* one layer, with one algorithm */

/* Bytes. Weights and workspace must be aligned to GLI_CUDNN_ALIGNMENT, the reserve as a tensor is. */
typedef struct gli_cudnn_rnn_sizes {
    size_t weights, workspace, reserve;
} gli_cudnn_rnn_sizes;

/* training: with a reserve, for a backward pass. GLIA_UNSUPPORTED, GLIA_DEVICE_ERROR: not with this algorithm; it may
 * also be refused when it first runs. */
glia_status gli_cudnn_rnn_create(glia_context *ctx, const gli_rnn_geom *geom, glia_dtype dtype, bool training,
                                 gli_cudnn_rnn_algorithm algorithm, gli_cudnn_rnn **out);
void gli_cudnn_rnn_free(gli_cudnn_rnn *rnn);
const gli_cudnn_rnn_sizes *gli_cudnn_rnn_bytes(const gli_cudnn_rnn *rnn);

/* Dense tensors, aligned to 16 bytes, in the order of the op's. NULL: zeros for a state or gradient that is an
 * input, not requested for an output; but dy and dx must be there. weights, and dweights where there is one,
 * are in cuDNN's layout. */
typedef struct gli_cudnn_rnn_pointers {
    const void *x, *h0, *c0, *dy, *dh_n, *dc_n;
    void *y, *h_n, *c_n, *dx, *dh0, *dc0;
    void *weights, *dweights, *workspace, *reserve;
} gli_cudnn_rnn_pointers;

glia_status gli_cudnn_rnn_forward(const gli_cudnn_rnn *rnn, const gli_cudnn_rnn_pointers *pointers);
/* Changes the reserve. */
glia_status gli_cudnn_rnn_backward(const gli_cudnn_rnn *rnn, const gli_cudnn_rnn_pointers *pointers);

/* The op's matrices, at [direction][GLI_RNN_W_IH ...], of which those that the layer does not have are not read.
 * unpack: NULL: not requested. */
typedef struct gli_cudnn_rnn_weights {
    void *of[GLI_RNN_MAX_DIRECTIONS][GLI_RNN_WEIGHTS];
} gli_cudnn_rnn_weights;

/* Between the op's matrices and cuDNN's layout of them. */
glia_status gli_cudnn_rnn_pack(const gli_cudnn_rnn *rnn, const gli_cudnn_rnn_weights *weights, void *packed);
glia_status gli_cudnn_rnn_unpack(const gli_cudnn_rnn *rnn, void *packed, const gli_cudnn_rnn_weights *weights);

/* The layers of a context, which go with its session of cuDNN; see rnn_cudnn.c. */
struct gli_cudnn_layers;
glia_status gli_cudnn_layers_of(glia_context *ctx, struct gli_cudnn_layers ***out);
void gli_cudnn_layers_free(glia_context *ctx, struct gli_cudnn_layers *first);

#endif
