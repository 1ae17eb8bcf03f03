/* What layers are made of. */
#ifndef GLI_NN_LAYER_H
#define GLI_NN_LAYER_H

#include "nn/model_impl.h"

/* Enters the context and starts a layer: under its name, or one made of its kind. False after a failure, when an input
 * is invalid, and, with nothing kept, when another thread is inside. Each that began needs its gli_layer_end. */
bool gli_layer_begin(glia_model *model, const char *kind, const char *name, const glia_value *in, int n_in,
                     bool frozen);
glia_value gli_layer_end(glia_model *model, glia_value output);

/* Appends a node; the first output is returned. */
glia_value gli_layer_call(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in,
                          int n_out, glia_value *out);
glia_value gli_layer_call_1(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in);
gli_model_node *gli_model_last_node(glia_model *model);

/* One op with one input as a layer of its own. */
glia_value gli_layer_of_op(glia_model *model, const char *kind, const char *name, glia_value x, const gli_op *op,
                           const void *params);

/* A weight of the current layer, named "LAYER.suffix". */
typedef struct gli_weight_spec {
    const char *suffix;
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    glia_init init, fallback; /* fallback: where init is the default */
    int64_t fan_in, fan_out;
    int64_t zero_row; /* as in gli_weight */
    bool buffer, state;
} gli_weight_spec;
glia_value gli_layer_weight(glia_model *model, const gli_weight_spec *spec);

/* act(x), or x itself where the activation is linear. axis: of x with the batch, for a softmax. */
glia_value gli_layer_activation(glia_model *model, glia_value x, glia_activation activation, int axis);

/* Dropout within a layer that has several: number distinguishes their masks. */
glia_value gli_layer_dropout(glia_model *model, glia_value x, double p, int number);

/* The window of a convolution or of pooling over x [N,C,H,W], or of rank 3 [N,C,D,H,W], from args in which 0 is a
 * default: as many elements of each array. */
typedef struct gli_layer_window {
    int rank;
    int kernel[3], stride[3], pad[3], pad_end[3], dilation[3];
} gli_layer_window;

/* That of the args of a layer over two dimensions or three; dilation NULL: it has none. */
gli_layer_window gli_layer_window_of(int rank, const int *kernel, const int *stride, const int *pad, const int *pad_end,
                                     const int *dilation);
#define GLI_LAYER_WINDOW(args, dilation)                                                                            \
    gli_layer_window_of(GLI_COUNT_OF((args)->kernel), (args)->kernel, (args)->stride, (args)->pad, (args)->pad_end, \
                        dilation)

/* "{2,3}", of `rank` numbers, in text, which is returned. */
enum { GLI_LAYER_NUMBERS = 40 };
const char *gli_layer_numbers(int rank, const int *numbers, char text[GLI_LAYER_NUMBERS]);

/* Fills in the defaults: stride_default, dilation 1, pad_end as pad; and the zeros of padding, where it is one of the
 * SAME kinds. False after a failure. */
bool gli_layer_fill_window(glia_model *model, const glia_tensor *x, glia_padding padding, const int *stride_default,
                           gli_layer_window *w);

/* Whether x has ndim dimensions with the batch; otherwise fails. shape: what a sample must be, for the message. */
bool gli_layer_expect(glia_model *model, glia_value x, int ndim, const char *shape);

/* Whether x has steps; and whether lengths has one number for each sample. Otherwise fails. */
bool gli_layer_expect_steps(glia_model *model, glia_value x);
bool gli_layer_expect_lengths(glia_model *model, glia_value lengths);

/* x with two dimensions exchanged; 0 is the batch. */
glia_value gli_layer_swap(glia_model *model, glia_value x, int a, int b);

/* Layers over one dimension work on images of one row: x [N,C,L], or [N,T,C] with steps_first, becomes [N,C,1,L]; and
 * y back. */
glia_value gli_layer_to_row(glia_model *model, glia_value x, bool steps_first);
glia_value gli_layer_from_row(glia_model *model, glia_value y, bool steps_first);

#endif
