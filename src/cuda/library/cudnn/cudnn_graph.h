/* The inside of cudnn.h and cudnn_rnn.h, for the files that know cuDNN's API: cudnn.c opens it; cudnn_graph.c describes
 * a convolution, cudnn_plan.c picks how it is computed; cudnn_rnn_layer.c runs recurrent layers. */
#ifndef GLI_CUDA_LIBRARY_CUDNN_CUDNN_GRAPH_H
#define GLI_CUDA_LIBRARY_CUDNN_CUDNN_GRAPH_H

#include <cudnn.h>

#include "cuda/library/cudnn/cudnn.h"

#define GLI_CUDNN_FUNCTIONS(X)       \
    X(cudnnGetVersion)               \
    X(cudnnGetErrorString)           \
    X(cudnnGetLastErrorString)       \
    X(cudnnCreate)                   \
    X(cudnnDestroy)                  \
    X(cudnnSetStream)                \
    X(cudnnBackendCreateDescriptor)  \
    X(cudnnBackendDestroyDescriptor) \
    X(cudnnBackendSetAttribute)      \
    X(cudnnBackendGetAttribute)      \
    X(cudnnBackendFinalize)          \
    X(cudnnBackendExecute)           \
    X(cudnnCreateTensorDescriptor)   \
    X(cudnnSetTensorNdDescriptor)    \
    X(cudnnGetTensorNdDescriptor)    \
    X(cudnnDestroyTensorDescriptor)  \
    X(cudnnCreateDropoutDescriptor)  \
    X(cudnnSetDropoutDescriptor)     \
    X(cudnnDestroyDropoutDescriptor) \
    X(cudnnCreateRNNDescriptor)      \
    X(cudnnSetRNNDescriptor_v8)      \
    X(cudnnDestroyRNNDescriptor)     \
    X(cudnnBuildRNNDynamic)          \
    X(cudnnCreateRNNDataDescriptor)  \
    X(cudnnSetRNNDataDescriptor)     \
    X(cudnnDestroyRNNDataDescriptor) \
    X(cudnnGetRNNWeightSpaceSize)    \
    X(cudnnGetRNNTempSpaceSizes)     \
    X(cudnnGetRNNWeightParams)       \
    X(cudnnRNNForward)               \
    X(cudnnRNNBackwardData_v8)       \
    X(cudnnRNNBackwardWeights_v8)

typedef struct gli_cudnn_functions {
#define X(name) __typeof__(name) *name;
    GLI_CUDNN_FUNCTIONS(X)
#undef X
} gli_cudnn_functions;

enum {
    GLI_CUDNN_CANDIDATES  = 6,  /* plans, to be timed */
    GLI_CUDNN_DESCRIPTORS = 32, /* of one graph, besides those of the candidates */
};

/* What a context has of cuDNN. */
typedef struct gli_cudnn_session {
    cudnnHandle_t handle;
    cudnnBackendDescriptor_t device; /* in place of a handle: the properties of a device that need not be there */
    struct gli_cudnn_layers *layers; /* recurrent ones; see rnn_cudnn.c */
} gli_cudnn_session;

/* All that a call of the library needs. */
typedef struct gli_cudnn {
    glia_context *ctx;
    const gli_cudnn_functions *f;
    gli_cudnn_session *session;
} gli_cudnn;

enum { GLI_CUDNN_X = 1, GLI_CUDNN_W, GLI_CUDNN_Y, GLI_CUDNN_BIAS, GLI_CUDNN_INNER }; /* names of tensors */

/* How an engine departs from a plain sum of products, and how it behaves. */
typedef struct gli_cudnn_notes {
    bool numerical[CUDNN_NUMERICAL_NOTE_TYPE_COUNT], behavior[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
} gli_cudnn_notes;

/* An execution plan: a candidate for the work. */
typedef struct gli_cudnn_candidate {
    cudnnBackendDescriptor_t plan;
    size_t workspace;
    int64_t engine; /* cuDNN's number of it */
    gli_cudnn_notes notes;
} gli_cudnn_candidate;

struct gli_cudnn_plans {
    gli_cudnn dnn;
    /* Descriptors live as long as the plans made from them, as in cuDNN's own front end. */
    cudnnBackendDescriptor_t owned[GLI_CUDNN_DESCRIPTORS + 2 * GLI_CUDNN_CANDIDATES];
    int n_owned;
    gli_cudnn_candidate candidate[GLI_CUDNN_CANDIDATES];
    int count;
    bool bias;
};

int gli_cudnn_injected(int error); /* what cuDNN says where a test makes the runtime say this */
glia_status gli_cudnn_status(const gli_cudnn *dnn, const char *call, int status);

/* Every call of the library goes through this. */
#define GLI_CUDNN_TRY(dnn, function, ...)                                                              \
    do {                                                                                               \
        int try_status;                                                                                \
        if (gli_cuda_fails(gli_cuda_of((dnn)->ctx), &try_status))                                      \
            try_status = gli_cudnn_injected(try_status);                                               \
        else                                                                                           \
            try_status = (int)(dnn)->f->function(__VA_ARGS__);                                         \
        if (try_status != CUDNN_STATUS_SUCCESS) return gli_cudnn_status((dnn), #function, try_status); \
    } while (0)

/* A descriptor that lives as long as the plans. */
glia_status gli_cudnn_own(gli_cudnn_plans *p, cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *out);
glia_status gli_cudnn_set(const gli_cudnn_plans *p, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name,
                          cudnnBackendAttributeType_t type, int64_t count, const void *values);
glia_status gli_cudnn_finalize(const gli_cudnn_plans *p, cudnnBackendDescriptor_t d);

/* The convolution as a graph of operations. */
glia_status gli_cudnn_describe(gli_cudnn_plans *p, const gli_cudnn_convolution *c, cudnnBackendDescriptor_t *graph);

/* cuDNN's functions and session for this context. */
glia_status gli_cudnn_use(glia_context *ctx, gli_cudnn *out);

#endif
