/* oneDNN behind a wall: only the files dnn_*.c see its API. An adapter X_onednn.c describes one call as a short list of
 * primitives over views of the call's tensors; prepare builds the list, run executes it. oneDNN works on one thread at
 * a time: the context's threads call it, each for a slice of the tensors. */
#ifndef GLI_CPU_ONEDNN_ONEDNN_H
#define GLI_CPU_ONEDNN_ONEDNN_H

#include "core/provider.h"
#include "glia/ops/common.h"

/* Of the library that is loaded: "2.6.3". */
bool gli_dnn_version(char *text, size_t size);

/* Tensors that primitives take as they are. */
#define GLI_ACCEPTS_DNN {GLI_TAKES_F32, GLI_STRIDED, .flags = GLI_NOT_EMPTY}

typedef struct gli_dnn gli_dnn; /* a list of primitives under construction, then what prepared.state holds */

/* ---- views ------------------------------------------------------------------------------------------------------- */

/* Which memory a view, or an argument of a primitive, is in. */
typedef enum gli_dnn_memory {
    GLI_DNN_ABSENT,
    GLI_DNN_INPUT,
    GLI_DNN_OUTPUT,
    GLI_DNN_WORKSPACE,  /* of copies that all slices share: in no adapter's view, as those below */
    GLI_DNN_LANE,       /* of copies of a slice */
    GLI_DNN_SCRATCHPAD, /* of the primitives themselves */
} gli_dnn_memory;

typedef enum gli_dnn_layout {
    GLI_DNN_AS_IS,         /* the view's strides */
    GLI_DNN_CHANNELS_LAST, /* [N,C,...] with C innermost */
    GLI_DNN_ANY            /* as the primitive chooses */
} gli_dnn_layout;

enum { GLI_DNN_DIMS = 12 }; /* of oneDNN's own arrays */

/* A tensor as a primitive sees it. Adapters may change dim and stride to see the same memory under another shape. Where
 * the primitive gets another layout than the tensor has, a reorder through the workspace is added. */
typedef struct gli_dnn_view {
    gli_dnn_memory memory;
    int index; /* of call->in or call->out */
    int ndim;
    int64_t dim[GLI_DNN_DIMS], stride[GLI_DNN_DIMS];
    gli_dnn_layout layout;
} gli_dnn_view;

gli_dnn_view gli_dnn_in(const gli_call *call, int i); /* absent where the tensor is */
gli_dnn_view gli_dnn_out(const gli_call *call, int i);

/* The same for an image [N,C,...]: channels last if it is, as the fast primitives require, otherwise any. */
gli_dnn_view gli_dnn_image(gli_dnn_view view);

/* The same for filters [K,C/G,...]: any, with a dimension for the groups in front if there are several. */
gli_dnn_view gli_dnn_filters(gli_dnn_view view, int groups);

/* The same memory as one dimension, for elementwise work. Only where gli_is_packed says so. */
gli_dnn_view gli_dnn_flat(gli_dnn_view view);

/* The last two dimensions swapped. */
gli_dnn_view gli_dnn_transposed(gli_dnn_view view);

gli_dnn_view gli_dnn_any(gli_dnn_view view);

/* The strides of dimensions of size 1 are ignored, so that a view can be both. */
bool gli_dnn_is_channels_last(const gli_dnn_view *view);
bool gli_dnn_is_row_major(const gli_dnn_view *view);

/* ---- building a list --------------------------------------------------------------------------------------------- */

/* Starts the list; adapters then add to it and end it, and must not return before that. After the first failure
 * additions are ignored; end reports it and frees the list. GLIA_UNSUPPORTED: oneDNN has nothing
 * for it, or only its own reference. */
glia_status gli_dnn_begin(const gli_call *call, gli_dnn **out);
glia_status gli_dnn_end(gli_dnn *dnn, gli_prepared *out);

typedef enum gli_dnn_convolution_kind {
    GLI_DNN_CONVOLUTION,
    GLI_DNN_CONVOLUTION_BACKWARD_DATA,
    GLI_DNN_CONVOLUTION_BACKWARD_WEIGHTS,
    GLI_DNN_CONVOLUTION_TRANSPOSED
} gli_dnn_convolution_kind;

/* Backward: x is dx, or w and bias are dw and dbias, and y is dy. */
typedef struct gli_dnn_convolution {
    gli_dnn_convolution_kind kind;
    gli_dnn_view x, w, bias, y;
    int stride[3], dilation[3], pad[3], pad_end[3]; /* of the images' spatial dimensions, in their order */
    glia_unary_kind activation;
} gli_dnn_convolution;
void gli_dnn_add_convolution(gli_dnn *dnn, const gli_dnn_convolution *conv);

/* y = the mean of each window of x, over the padding as well if count_pad. Backward: x is dx, and y is dy. */
typedef struct gli_dnn_pooling {
    bool backward, count_pad;
    gli_dnn_view x, y;
    int window[3], stride[3], pad[3], pad_end[3]; /* of the images' spatial dimensions, in their order */
} gli_dnn_pooling;
void gli_dnn_add_mean_pooling(gli_dnn *dnn, const gli_dnn_pooling *pooling);

/* y = activation(alpha a b + bias + beta y), for matrices or batches of them; a or b may have 1 where y has more.
 * bias has y's number of dimensions, all but the last of them 1. alpha is 1 where there is a bias. */
typedef struct gli_dnn_matmul {
    gli_dnn_view a, b, bias, y;
    float alpha, beta;
    glia_unary_kind activation;
} gli_dnn_matmul;
void gli_dnn_add_matmul(gli_dnn *dnn, const gli_dnn_matmul *matmul);

/* y = kind(x), and dx = dy kind'(x), where x is y if from_y. Not known: oneDNN has no such formula, or not well. */
bool gli_dnn_knows_unary(glia_unary_kind kind);
bool gli_dnn_knows_unary_backward(glia_unary_kind kind, bool from_y);
void gli_dnn_add_unary(gli_dnn *dnn, glia_unary_kind kind, float alpha, float beta, const gli_dnn_view *x,
                       const gli_dnn_view *y);
void gli_dnn_add_unary_backward(gli_dnn *dnn, glia_unary_kind kind, bool from_y, float alpha, float beta,
                                const gli_dnn_view *x, const gli_dnn_view *dy, const gli_dnn_view *dx);

/* ---- running it -------------------------------------------------------------------------------------------------- */

/* The rest of a provider. */
glia_status gli_dnn_run(const gli_call *call, const gli_prepared *prepared, void *workspace);
void gli_dnn_release(gli_prepared *prepared);

/* Defines the provider gli_X_onednn of op X. */
#define GLI_DNN_PROVIDER(op, accepts_, decline_, prepare_, run_)     \
    const gli_provider gli_##op##_onednn = {.name    = "cpu.onednn", \
                                            .accepts = accepts_,     \
                                            .decline = (decline_),   \
                                            .prepare = (prepare_),   \
                                            .run     = (run_),       \
                                            .release = gli_dnn_release}

#endif
