/* What the files behind onednn.h share: the list of primitives, and how one is added to it. */
#ifndef GLI_CPU_ONEDNN_DNN_LIST_H
#define GLI_CPU_ONEDNN_DNN_LIST_H

#include "cpu/onednn/dnn_api.h"
#include "cpu/onednn/onednn.h"

enum { GLI_DNN_MAX_STEPS = 20, GLI_DNN_MAX_ARGUMENTS = 8, GLI_DNN_MAX_DESCRIPTORS = 16 };

/* What GLI_DNN_BOUND_LATER views count: the matrices of a packed matmul. */
enum { GLI_DNN_BOUND_A, GLI_DNN_BOUND_B, GLI_DNN_BOUND_Y, GLI_DNN_BOUND };

/* An argument of a primitive; its memory object gets the address with each run. */
typedef struct gli_dnn_argument {
    int id;
    gli_dnn_memory kind;
    union {
        size_t index;  /* of the tensor, or of the bound matrix */
        size_t offset; /* in the workspace, in bytes */
    };
    dnnl_memory_t memory;
} gli_dnn_argument;

typedef struct gli_dnn_step {
    dnnl_primitive_t primitive;
    int n;
    gli_dnn_argument arguments[GLI_DNN_MAX_ARGUMENTS];
} gli_dnn_step;

/* The steps of a packed matmul: the last one multiplies, those before it pack b. */
typedef struct gli_dnn_packed {
    int begin, end;
    int threads; /* on how many it multiplies */
} gli_dnn_packed;

/* OpenMP's settings of this thread while oneDNN works. */
typedef struct gli_dnn_threads {
    int number, dynamic;
} gli_dnn_threads;
gli_dnn_threads gli_dnn_threads_enter(int number); /* returns those before */
void gli_dnn_threads_leave(gli_dnn_threads before);

/* Descriptors of memory, until their primitive is made. */
typedef struct gli_dnn_descriptors {
    int n;
    dnnl_memory_desc_t md[GLI_DNN_MAX_DESCRIPTORS];
} gli_dnn_descriptors;

struct gli_dnn {
    const gli_call *call; /* until the end of prepare, as are before and descriptors */
    gli_dnn_threads before;
    gli_dnn_descriptors *descriptors;
    glia_context *ctx;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    glia_status status;
    /* Of output 0, after all primitives. Some of oneDNN's own map NaN to 0 after some convolutions, and a network that
     * has diverged would look well. */
    glia_unary_kind activation;
    size_t reorders, scratchpad; /* bytes of the workspace: reordered copies first, then what all primitives share */
    int n;
    gli_dnn_step steps[GLI_DNN_MAX_STEPS];
    gli_dnn_packed packed[GLI_DNN_MAX_PACKED];
};

/* The one translation of oneDNN's results. what: "a convolution" */
glia_status gli_dnn_translate(const gli_call *call, dnnl_status_t status, const char *what);

/* GLIA_UNSUPPORTED, with the reason in the log of dispatch: a refusal is no failure. */
glia_status gli_dnn_refuse(const gli_call *call, const char *reason, const char *what);

/* True if the list is still good after this result. */
bool gli_dnn_check(gli_dnn *dnn, dnnl_status_t status, const char *what);

/* The memory descriptor of the view as it is, and the one that a primitive is asked for, by the view's layout. They
 * last until gli_dnn_add_primitive returns. NULL: an absent view, or a failure. */
const_dnnl_memory_desc_t gli_dnn_describe(gli_dnn *dnn, const gli_dnn_view *view);
const_dnnl_memory_desc_t gli_dnn_request(gli_dnn *dnn, const gli_dnn_view *view);

/* What a primitive does beyond its own formula: alpha formula + beta y. */
typedef struct gli_dnn_attributes {
    float alpha, beta;
} gli_dnn_attributes;
extern const gli_dnn_attributes gli_dnn_default_attributes;

/* NULL after a failure, whoever it was. */
dnnl_primitive_attr_t gli_dnn_create_attr(gli_dnn *dnn, const gli_dnn_attributes *attributes, const char *what);

/* Takes what creating a descriptor with this attr came to, and frees attr. Gives the descriptor of a fast primitive;
 * NULL after a failure or refusal. oneDNN's own reference is refused: it gains nothing over ours. no_gemm: refuse
 * implementations that copy into matrices and multiply these; something better may be found. */
dnnl_primitive_desc_t gli_dnn_fast_pd(gli_dnn *dnn, dnnl_primitive_desc_t pd, dnnl_primitive_attr_t attr, bool no_gemm,
                                      const char *what);

/* One tensor of a primitive. */
typedef struct gli_dnn_tensor {
    int id; /* DNNL_ARG_SRC, ... */
    const gli_dnn_view *view;
} gli_dnn_tensor;

/* Appends the primitive of pd on these tensors, with the reorders that their layouts need. Takes pd; NULL adds
 * nothing. */
void gli_dnn_add_primitive(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, int n,
                           const gli_dnn_tensor *tensors);

#endif
