/* What the two halves of the stand-in for cuDNN share: fake_cudnn.c, its descriptors, and fake_cudnn_passes.c, its
 * arithmetic. */
#ifndef GLI_TESTS_FAKE_CUDNN_H
#define GLI_TESTS_FAKE_CUDNN_H

#include <cudnn.h>

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

/* In elements, where matrix and bias number `layer` of a direction lie in the weights; the last matrix is the
 * projection. */
size_t fake_cudnn_matrix_at(cudnnRNNDescriptor_t r, int direction, int layer);
size_t fake_cudnn_bias_at(cudnnRNNDescriptor_t r, int direction, int layer);
size_t fake_cudnn_weights(cudnnRNNDescriptor_t r); /* elements of all */

#endif
