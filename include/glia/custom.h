/* Ops of your own: functions that compute an op and its gradient, on the CPU, on CUDA devices or on both. They are
 * called like the ops of glia/ops.h, by tensors, in graphs and as layers. */
#ifndef GLIA_CUSTOM_H
#define GLIA_CUSTOM_H

#include "glia/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLIA_CUSTOM_TENSORS = 8, GLIA_CUSTOM_NUMBERS = 8, GLIA_CUSTOM_MESSAGE = 192, GLIA_CUSTOM_NAME = 63 };

struct glia_custom_op;

/* One use of an op. It is copied; what op and user point to must outlive all graphs, plans, models and predictors with
 * it. */
typedef struct glia_custom_params {
    const struct glia_custom_op *op;
    double number[GLIA_CUSTOM_NUMBERS]; /* the op interprets them */
    void *user;
} glia_custom_params;

typedef struct glia_custom_type {
    glia_dtype dtype;
    glia_shape shape;
} glia_custom_type;

/* Argument of `resolve`, which computes the types of the outputs from those of the inputs. */
typedef struct glia_custom_resolution {
    const glia_custom_params *params;
    glia_custom_type in[GLIA_CUSTOM_TENSORS], out[GLIA_CUSTOM_TENSORS];
    char message[GLIA_CUSTOM_MESSAGE]; /* what is wrong, for a status that is not GLIA_OK */
} glia_custom_resolution;

/* One call. All tensors are dense and row-major, on the context's device; glia_tensor_data, _shape and _dtype say the
 * rest. On the CPU the functions run in the floating-point mode of the library's references, whatever the caller's is:
 * rounding to nearest, denormal numbers are kept, no exception traps. On a CUDA device the work is started on the
 * stream and not waited for: it may be recorded now and replayed later with the same arguments. A call does not use the
 * context's other functions. */
typedef struct glia_custom_call {
    const glia_custom_params *params;
    void *stream; /* cudaStream_t; NULL on the CPU */
    const glia_tensor *in[GLIA_CUSTOM_TENSORS];

    /* Forward: to be written; NULL where not requested, never out[0]. Backward: what forward wrote. */
    glia_tensor *out[GLIA_CUSTOM_TENSORS];

    /* Backward: the gradients with respect to the outputs, NULL for zero; and to the inputs, to be written, NULL where
     * not requested. */
    const glia_tensor *dout[GLIA_CUSTOM_TENSORS];
    glia_tensor *din[GLIA_CUSTOM_TENSORS];

    char message[GLIA_CUSTOM_MESSAGE]; /* what went wrong, for a status that is not GLIA_OK */
} glia_custom_call;

typedef glia_status (*glia_custom_fn)(glia_custom_call *call);

/* An op. A device whose functions are NULL refuses it; without a backward no gradient goes through it.
 * It has no second derivative. */
typedef struct glia_custom_op {
    const char *name;                                  /* in messages and summaries, of 1 to 63 characters */
    int n_in, n_out;                                   /* 1 to 8 each */
    glia_status (*resolve)(glia_custom_resolution *r); /* NULL: each output has the type of the first input */
    glia_custom_fn forward, backward;                  /* on the CPU */
    glia_custom_fn cuda_forward, cuda_backward;        /* on CUDA devices, and on the emulated one */
    uint32_t unread_in, unread_out; /* bit i: backward does not read it, and gets NULL; its memory is free earlier */
    double depth; /* roundings that an element goes through one after the other, for GLIA_CHECK=shadow; default 1 */
} glia_custom_op;

/* Runs forward once. Outputs must have the types that resolve says; they may not overlap the inputs, and all but the
 * first may be NULL. GLIA_CHECK=shadow compares what runs on a CUDA device with forward on the CPU. */
GLIA_API glia_status glia_custom(glia_context *ctx, const glia_custom_params *params, const glia_tensor *const *in,
                                 int n_in, glia_tensor *const *out, int n_out);

/* As glia_graph_call and glia_model_op: out receives the first n_out outputs, and the first is returned. */
GLIA_API glia_value glia_graph_custom(glia_graph *graph, const glia_custom_params *params, const glia_value *in,
                                      int n_in, glia_value *out, int n_out);
GLIA_API glia_value glia_model_custom(glia_model *model, const glia_custom_params *params, const glia_value *in,
                                      int n_in, glia_value *out, int n_out);

#ifdef __cplusplus
}
#endif
#endif
