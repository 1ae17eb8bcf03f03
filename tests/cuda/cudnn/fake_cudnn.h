/* What the parts of the stand-in for cuDNN share: fake_cudnn.c and fake_cudnn_passes.c, the descriptors and the
 * arithmetic of recurrent layers; fake_cudnn_graph.c and fake_cudnn_convolution.c, those of convolutions. */
#ifndef GLI_TESTS_FAKE_CUDNN_H
#define GLI_TESTS_FAKE_CUDNN_H

#include <cudnn.h>
#include <stdbool.h>

#include "core/dtype.h"

#define EXPORT __attribute__((visibility("default")))

struct cudnnTensorStruct {
    cudnnDataType_t type;
    int ndim, dim[3], stride[3];
};
struct cudnnRNNDataStruct {
    cudnnDataType_t type;
    cudnnRNNDataLayout_t layout;
    int steps, batch, width;
};
struct cudnnRNNStruct {
    cudnnRNNAlgo_t algo;
    cudnnRNNMode_t cell;
    glia_dtype dtype;
    int directions, gates, inputs, hidden, outputs, built_for;
};

/* What has not been given back is counted. */
void *fake_cudnn_make(size_t bytes);
void fake_cudnn_destroy(void *thing);

glia_dtype fake_cudnn_dtype(cudnnDataType_t type);

/* Of the graph API: what one descriptor holds, whatever it describes. */
struct fake_cudnn_descriptor {
    cudnnBackendDescriptorType_t type;
    bool final;
    unsigned set; /* bit i: attribute number i of its type */
    /* A tensor. */
    int64_t uid, dim[4], stride[4], alignment;
    cudnnDataType_t dtype;
    bool is_virtual;
    /* The geometry of a convolution; a pointwise operation. */
    cudnnDataType_t compute;
    cudnnConvolutionMode_t mode;
    cudnnPointwiseMode_t pointwise;
    int64_t spatial, strides[2], dilations[2], pre[2], post[2];
    /* Operations; for one that is pointwise y = x + b. */
    struct fake_cudnn_descriptor *geometry, *x, *w, *b, *y;
    float alpha, beta;
    /* A graph, and what is made of it. */
    struct fake_cudnn_descriptor *ops[2], *graph, *config;
    int64_t n_ops;
    cudnnHandle_t handle;
    cudnnBackendHeurMode_t heuristic;
    int engine; /* index in the list of them */
    /* A variant pack. */
    int64_t uids[4], n_uids, n_pointers;
    void *pointers[4], *workspace;
};

/* An engine that refuses when it runs, and one whose sums have another order. */
enum { FAKE_CUDNN_REFUSES = 77, FAKE_CUDNN_OTHER_BITS = 78 };

/* Whether the tensors of a convolution fit together. */
bool fake_cudnn_convolution_fits(const struct fake_cudnn_descriptor *op);

/* Where the pack has a tensor; NULL: it does not, or not at the tensor's alignment. */
void *fake_cudnn_find(const struct fake_cudnn_descriptor *pack, const struct fake_cudnn_descriptor *tensor);

/* Computes the graph. false: a tensor of it is missing. */
bool fake_cudnn_convolve(const struct fake_cudnn_descriptor *graph, const struct fake_cudnn_descriptor *pack,
                         bool other_bits);

/* In elements, where matrix and bias number `layer` of a direction lie in the weights; the last matrix is the
 * projection. */
size_t fake_cudnn_matrix_at(cudnnRNNDescriptor_t r, int direction, int layer);
size_t fake_cudnn_bias_at(cudnnRNNDescriptor_t r, int direction, int layer);
size_t fake_cudnn_weights(cudnnRNNDescriptor_t r); /* elements of all */

#endif
