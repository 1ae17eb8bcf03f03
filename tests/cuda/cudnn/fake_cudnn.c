/* A library that stands in for cuDNN where there is no GPU: its recurrent layers and convolutions, in plain loops over
 * host memory, and strict about what the real one requires. The emulated device that CMakeLists.txt builds with cuDNN
 * opens it. This file has its handles and the recurrent layers' descriptors. As in the real one, an algorithm may be
 * refused only when it runs, a pass back changes the reserve, gradients of weights are added to what is there, and only
 * the algorithm that wrote a reserve can read it. */
#include "fake_cudnn.h"

#include <stdlib.h>
#include <string.h>

enum { MATRIX = 8 }; /* elements that each takes a multiple of */

struct cudnnContext {
    int used;
};
struct cudnnDropoutStruct {
    int set;
};

static int live; /* handles and descriptors */

/* For tests: how many have not been given back. */
EXPORT int fake_cudnn_live(void);
EXPORT int fake_cudnn_live(void) { return live; }

EXPORT size_t cudnnGetVersion(void) { return CUDNN_VERSION; }
EXPORT const char *cudnnGetErrorString(cudnnStatus_t status) {
    return status == CUDNN_STATUS_NOT_SUPPORTED ? "not supported" : "an error";
}
EXPORT void cudnnGetLastErrorString(char *message, size_t size) {
    if (size) *message = '\0';
}

void *fake_cudnn_make(size_t bytes) {
    ++live;
    return calloc(1, bytes);
}
void fake_cudnn_destroy(void *thing) {
    --live;
    free(thing);
}

#define THING(Create, Destroy, type)           \
    EXPORT cudnnStatus_t Create(type *out) {   \
        *out = fake_cudnn_make(sizeof **out);  \
        return CUDNN_STATUS_SUCCESS;           \
    }                                          \
    EXPORT cudnnStatus_t Destroy(type thing) { \
        fake_cudnn_destroy(thing);             \
        return CUDNN_STATUS_SUCCESS;           \
    }

THING(cudnnCreate, cudnnDestroy, cudnnHandle_t)
THING(cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor, cudnnTensorDescriptor_t)
THING(cudnnCreateDropoutDescriptor, cudnnDestroyDropoutDescriptor, cudnnDropoutDescriptor_t)
THING(cudnnCreateRNNDescriptor, cudnnDestroyRNNDescriptor, cudnnRNNDescriptor_t)
THING(cudnnCreateRNNDataDescriptor, cudnnDestroyRNNDataDescriptor, cudnnRNNDataDescriptor_t)

EXPORT cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    (void)handle, (void)stream;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

glia_dtype fake_cudnn_dtype(cudnnDataType_t type) {
    return type == CUDNN_DATA_DOUBLE     ? GLIA_F64
           : type == CUDNN_DATA_BFLOAT16 ? GLIA_BF16
           : type == CUDNN_DATA_HALF     ? GLIA_F16
                                         : GLIA_F32;
}

static cudnnDataType_t type_of(glia_dtype dtype) {
    return dtype == GLIA_F64    ? CUDNN_DATA_DOUBLE
           : dtype == GLIA_BF16 ? CUDNN_DATA_BFLOAT16
           : dtype == GLIA_F16  ? CUDNN_DATA_HALF
                                : CUDNN_DATA_FLOAT;
}

EXPORT cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t t, cudnnDataType_t type, int ndim,
                                                const int dim[], const int stride[]) {
    if (ndim != 3 || stride[2] != 1 || stride[1] != dim[2] || stride[0] != dim[1] * dim[2])
        return CUDNN_STATUS_BAD_PARAM;
    *t = (struct cudnnTensorStruct){.type = type, .ndim = ndim};
    memcpy(t->dim, dim, sizeof t->dim);
    memcpy(t->stride, stride, sizeof t->stride);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnGetTensorNdDescriptor(const cudnnTensorDescriptor_t t, int wanted, cudnnDataType_t *type,
                                                int *ndim, int dim[], int stride[]) {
    if (wanted < 3) return CUDNN_STATUS_BAD_PARAM;
    *type = t->type, *ndim = t->ndim;
    memcpy(dim, t->dim, sizeof t->dim);
    memcpy(stride, t->stride, sizeof t->stride);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetDropoutDescriptor(cudnnDropoutDescriptor_t d, cudnnHandle_t handle, float dropout,
                                               void *states, size_t bytes, unsigned long long seed) {
    (void)states, (void)bytes, (void)seed;
    d->set = handle && dropout == 0;
    return d->set ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

EXPORT cudnnStatus_t cudnnSetRNNDescriptor_v8(cudnnRNNDescriptor_t r, cudnnRNNAlgo_t algo, cudnnRNNMode_t cell,
                                              cudnnRNNBiasMode_t bias, cudnnDirectionMode_t direction,
                                              cudnnRNNInputMode_t input, cudnnDataType_t type, cudnnDataType_t sums,
                                              cudnnMathType_t math, int32_t inputs, int32_t hidden, int32_t outputs,
                                              int32_t layers, cudnnDropoutDescriptor_t dropout, uint32_t flags) {
    static const int gates[] = {[CUDNN_RNN_RELU] = 1, [CUDNN_RNN_TANH] = 1, [CUDNN_LSTM] = 4, [CUDNN_GRU] = 3};
    const bool narrow        = type == CUDNN_DATA_HALF || type == CUDNN_DATA_BFLOAT16;
    const bool right = bias == CUDNN_RNN_DOUBLE_BIAS && input == CUDNN_LINEAR_INPUT && layers == 1 && dropout->set &&
                       flags == CUDNN_RNN_PADDED_IO_ENABLED && inputs > 0 && hidden > 0 &&
                       sums == (type == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT) &&
                       math == (narrow ? CUDNN_TENSOR_OP_MATH : CUDNN_FMA_MATH);
    if (!right || outputs < 1 || outputs > hidden || (outputs < hidden && cell != CUDNN_LSTM))
        return CUDNN_STATUS_BAD_PARAM;
    if (outputs < hidden && algo != CUDNN_RNN_ALGO_STANDARD) return CUDNN_STATUS_NOT_SUPPORTED;
    *r = (struct cudnnRNNStruct){.algo       = algo,
                                 .cell       = cell,
                                 .dtype      = fake_cudnn_dtype(type),
                                 .directions = direction == CUDNN_BIDIRECTIONAL ? 2 : 1,
                                 .gates      = gates[cell],
                                 .inputs     = inputs,
                                 .hidden     = hidden,
                                 .outputs    = outputs};
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnBuildRNNDynamic(cudnnHandle_t handle, cudnnRNNDescriptor_t r, int batch) {
    r->built_for = handle ? batch : 0;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnSetRNNDataDescriptor(cudnnRNNDataDescriptor_t d, cudnnDataType_t type,
                                               cudnnRNNDataLayout_t layout, int steps, int batch, int width,
                                               const int lengths[], void *padding) {
    (void)padding;
    if (steps <= 0 || batch <= 0 || width <= 0 || !lengths) return CUDNN_STATUS_BAD_PARAM;
    for (int n = 0; n < batch; ++n)
        if (lengths[n] != steps) return CUDNN_STATUS_BAD_PARAM;
    *d = (struct cudnnRNNDataStruct){type, layout, steps, batch, width};
    return CUDNN_STATUS_SUCCESS;
}

/* ---- weights: matrices with gaps between them, then the biases --------------------------------------------------- */

static size_t rows_of(cudnnRNNDescriptor_t r, int layer) {
    return (size_t)(layer == 2 * r->gates ? r->outputs : r->hidden);
}
static size_t columns_of(cudnnRNNDescriptor_t r, int layer) {
    return (size_t)(layer == 2 * r->gates ? r->hidden : layer < r->gates ? r->inputs : r->outputs);
}
static size_t padded(size_t n) { return (n + MATRIX - 1) / MATRIX * MATRIX; }
static int matrices(cudnnRNNDescriptor_t r) { return 2 * r->gates + (r->outputs < r->hidden); }

size_t fake_cudnn_matrix_at(cudnnRNNDescriptor_t r, int direction, int layer) {
    size_t at = 0;
    for (int d = 0; d <= direction; ++d)
        for (int l = 0; l < (d < direction ? matrices(r) : layer); ++l) at += padded(rows_of(r, l) * columns_of(r, l));
    return at;
}
size_t fake_cudnn_bias_at(cudnnRNNDescriptor_t r, int direction, int layer) {
    return fake_cudnn_matrix_at(r, r->directions, 0) + (size_t)((direction * 2 * r->gates + layer) * r->hidden);
}
size_t fake_cudnn_weights(cudnnRNNDescriptor_t r) { return fake_cudnn_bias_at(r, r->directions, 0); }

static size_t weight_bytes(cudnnRNNDescriptor_t r) { return fake_cudnn_weights(r) * glia_dtype_size(r->dtype); }

EXPORT cudnnStatus_t cudnnGetRNNWeightSpaceSize(cudnnHandle_t handle, cudnnRNNDescriptor_t r, size_t *bytes) {
    *bytes = weight_bytes(r);
    return handle ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

EXPORT cudnnStatus_t cudnnGetRNNWeightParams(cudnnHandle_t handle, cudnnRNNDescriptor_t r, int32_t direction,
                                             size_t bytes, const void *space, int32_t layer,
                                             cudnnTensorDescriptor_t matrix, void **at_matrix,
                                             cudnnTensorDescriptor_t bias, void **at_bias) {
    const size_t size = glia_dtype_size(r->dtype);
    const int rows = (int)rows_of(r, layer), columns = (int)columns_of(r, layer);
    if (!handle || !space || bytes < weight_bytes(r) || direction >= r->directions || layer >= matrices(r))
        return CUDNN_STATUS_BAD_PARAM;
    *matrix    = (struct cudnnTensorStruct){type_of(r->dtype), 3, {1, rows, columns}, {rows * columns, columns, 1}};
    *at_matrix = (char *)(uintptr_t)space + fake_cudnn_matrix_at(r, direction, layer) * size;
    const bool none = layer == 2 * r->gates;
    *bias           = (struct cudnnTensorStruct){type_of(r->dtype), none ? 0 : 3, {1, rows, 1}, {rows, 1, 1}};
    *at_bias        = none ? NULL : (char *)(uintptr_t)space + fake_cudnn_bias_at(r, direction, layer) * size;
    return CUDNN_STATUS_SUCCESS;
}
