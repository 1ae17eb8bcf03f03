/* oneDNN behind a wall: this header and dnn_primitive.c are all that knows its API. An adapter X_onednn.c describes one
 * call as a short list of primitives over views of the call's tensors; prepare builds the list, run executes it. oneDNN
 * bakes the number of threads into a primitive, so both happen with OpenMP set to the context's number. */
#ifndef GLI_CPU_ONEDNN_ONEDNN_H
#define GLI_CPU_ONEDNN_ONEDNN_H

#include "core/provider.h"
#include "glia/ops/common.h"

/* Of the library that is loaded: "2.6.3". */
bool gli_dnn_version(char *text, size_t size);

/* Tensors that primitives take as they are. */
#define GLI_ACCEPTS_DNN {GLI_TAKES_F32, GLI_STRIDED, .flags = GLI_NOT_EMPTY}

/* Why no primitive can run in this context now: threads that OpenMP cannot deliver. NULL: they can. */
const char *gli_dnn_decline_threads(const glia_context *ctx);
const char *gli_dnn_decline(const gli_call *call); /* the same of a call, for providers that decline nothing else */

typedef struct gli_dnn gli_dnn; /* a list of primitives under construction, then what prepared.state holds */

typedef enum gli_dnn_place {
    GLI_DNN_ABSENT,
    GLI_DNN_IN,
    GLI_DNN_OUT,
    GLI_DNN_WORK,
    GLI_DNN_GIVEN /* at an address that each run brings along; only for the packed products below */
} gli_dnn_place;

enum { GLI_DNN_DIMS = 12 }; /* of oneDNN's own arrays */

typedef enum gli_dnn_layout {
    GLI_DNN_AS_IT_LIES,
    GLI_DNN_CHANNELS_LAST, /* [N,C,H,W] with C innermost */
    GLI_DNN_ANY            /* as the primitive chooses */
} gli_dnn_layout;

/* A tensor as a primitive sees it. Adapters may change dim and stride to see the same memory under another shape. Where
 * the primitive gets another layout than the tensor has, a copy through the workspace is added. */
typedef struct gli_dnn_view {
    gli_dnn_place place;
    size_t at; /* which of call->in or call->out; in the workspace: the offset in bytes */
    int ndim;
    int64_t dim[GLI_DNN_DIMS], stride[GLI_DNN_DIMS];
    gli_dnn_layout layout;
} gli_dnn_view;

gli_dnn_view gli_dnn_in(const gli_call *call, int i); /* absent where the tensor is */
gli_dnn_view gli_dnn_out(const gli_call *call, int i);

/* The same for an image [N,C,H,W]: channels last if it lies so, which the fast primitives want, otherwise any. */
gli_dnn_view gli_dnn_image(gli_dnn_view view);
bool gli_dnn_lies_channels_last(const gli_dnn_view *view);

/* The same for filters [K,C/G,R,S]: any, with a dimension for the groups in front if there are several. */
gli_dnn_view gli_dnn_filters(gli_dnn_view view, int groups);

/* The same memory as one dimension, for work on each element alone. Only where gli_is_packed says so. */
gli_dnn_view gli_dnn_flat(gli_dnn_view view);

/* The same matrices, rows for columns. */
gli_dnn_view gli_dnn_transposed(gli_dnn_view view);

gli_dnn_view gli_dnn_any(gli_dnn_view view);

/* Starts the list; adapters then add to it and end it, with nothing else between that could return. The first failure
 * is kept, and what is added after it ignored; end reports it and frees the list. GLIA_UNSUPPORTED: oneDNN has nothing
 * for it, or only its own reference. */
glia_status gli_dnn_begin(const gli_call *call, gli_dnn **out);
glia_status gli_dnn_end(gli_dnn *dnn, gli_prepared *out);

typedef enum gli_dnn_convolving {
    GLI_DNN_CONVOLUTION,
    GLI_DNN_CONVOLUTION_BACKWARD_DATA,
    GLI_DNN_CONVOLUTION_BACKWARD_WEIGHTS,
    GLI_DNN_CONVOLUTION_TRANSPOSED
} gli_dnn_convolving;

/* Backward, x, w, bias and y are what the gradient of each is or goes to. */
typedef struct gli_dnn_convolution {
    gli_dnn_convolving kind;
    gli_dnn_view x, w, bias, y;
    int stride[2], dilation[2], pad[2], pad_end[2];
    glia_unary_kind activation;
} gli_dnn_convolution;
void gli_dnn_add_convolution(gli_dnn *dnn, const gli_dnn_convolution *conv);

/* y = activation(scale a b + bias + keep y), for matrices or batches of them; a or b may have 1 where y has more.
 * bias has y's number of dimensions, all but the last of them 1. scale goes without bias. */
typedef struct gli_dnn_product {
    gli_dnn_view a, b, bias, y;
    float scale; /* 0: 1 */
    float keep;
    glia_unary_kind activation;
} gli_dnn_product;
void gli_dnn_add_product(gli_dnn *dnn, const gli_dnn_product *product);

/* A product y = a b + keep y of matrices that is run many times, on operands GIVEN each time: a and y as they lie, b as
 * it lies or in the layout that the product likes best, into which it is copied by a run of its own. The adapter
 * numbers its products. */
enum { GLI_DNN_PRODUCTS = 8 };

/* rows x columns, with so many elements from row to row; layout says what may be done to a b. */
gli_dnn_view gli_dnn_given(int64_t rows, int64_t columns, int64_t pitch, gli_dnn_layout layout);

void gli_dnn_add_packed_product(gli_dnn *dnn, int number, const gli_dnn_view *a, const gli_dnn_view *b,
                                const gli_dnn_view *y, float keep);

/* workspace: of the size that gli_dnn_end gave. gli_dnn_multiply uses the b that was packed last in it; where b is
 * multiplied as it lies, packing does nothing. */
glia_status gli_dnn_pack(const gli_call *call, const gli_dnn *dnn, int number, const float *b, void *workspace);

typedef struct gli_dnn_operands {
    const float *a, *b;
    float *y;
} gli_dnn_operands;
glia_status gli_dnn_multiply(const gli_call *call, const gli_dnn *dnn, int number, gli_dnn_operands operands,
                             void *workspace);

/* y = kind(x), and dx = dy kind'(x), where x is y if from_y. Not known: oneDNN has no such formula, or not well. */
bool gli_dnn_knows_unary(glia_unary_kind kind);
bool gli_dnn_knows_unary_backward(glia_unary_kind kind, bool from_y);
void gli_dnn_add_unary(gli_dnn *dnn, glia_unary_kind kind, float alpha, float beta, const gli_dnn_view *x,
                       const gli_dnn_view *y);
void gli_dnn_add_unary_backward(gli_dnn *dnn, glia_unary_kind kind, bool from_y, float alpha, float beta,
                                const gli_dnn_view *x, const gli_dnn_view *dy, const gli_dnn_view *dx);

/* Over one axis. */
void gli_dnn_add_softmax_backward(gli_dnn *dnn, int axis, const gli_dnn_view *y, const gli_dnn_view *dy,
                                  const gli_dnn_view *dx);

/* The mean of each window, over all its places if count_pad, otherwise over those inside x; backward, of gradients. */
typedef struct gli_dnn_pooling {
    bool backward, count_pad;
    gli_dnn_view x, y;
    int window[2], stride[2], pad[2], pad_end[2];
} gli_dnn_pooling;
void gli_dnn_add_mean_pooling(gli_dnn *dnn, const gli_dnn_pooling *pooling);

/* The rest of a provider. run fails inside an OpenMP parallel region, where a primitive made for several threads would
 * wait for ever. */
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
