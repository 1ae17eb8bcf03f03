/* The inside of a predictor, and of making one from the graph of a model. */
#ifndef GLI_PREDICT_PREDICTOR_H
#define GLI_PREDICT_PREDICTOR_H

#include "cpu/native/conv/conv_planes.h"
#include "cpu/native/linear/gemv.h"
#include "glia/predict.h"
#include "glia/train.h"
#include "graph/graph_impl.h"

/* One call; arg is all that it reads and writes. */
typedef struct gli_predict_call {
    glia_status (*run)(void *arg);
    void (*release)(void *arg); /* NULL: nothing but memory of the arena */
    void *arg;
    gli_fetch weights; /* that this call alone reads; empty: none */
    gli_fetch *fetch;  /* NULL, or what this call prefetches while it computes; gli_predict_lower sets it */
} gli_predict_call;

/* What carries over from one step to the next. */
typedef struct gli_predict_state {
    float *data;
    size_t bytes;
} gli_predict_state;

/* An input or output of the model, one step or sample of it. */
typedef struct gli_predict_port {
    void *data;
    size_t bytes;
} gli_predict_port;

struct glia_predictor {
    glia_context *ctx; /* its own, the CPU with one thread: what the user's threads do to the model's does not matter */
    gli_arena arena;
    gli_predict_call *calls;
    gli_predict_state *states;
    int n_calls, call_capacity, n_states, state_capacity;
    gli_predict_port inputs[GLIA_MAX_FIELDS], outputs[GLIA_MAX_OUTPUTS];
    int n_inputs, n_outputs;
};

/* A value of the graph in the predictor's memory, of one step where it has a time axis. */
typedef struct gli_predict_value {
    glia_tensor tensor;
    int time;    /* -1: none */
    bool weight; /* its data are read while the predictor is made, and no longer: no call may have them as x */
} gli_predict_value;

typedef struct gli_predict_build {
    glia_predictor *predictor;
    glia_context *ctx; /* the predictor's: it gets the messages, too */
    const glia_graph *graph;
    gli_predict_value *values; /* by id, in the predictor's arena */
    gli_arena arena;           /* of what is needed until the predictor is made */
    int *readers;              /* by id: how many nodes that are needed, and outputs of the model, read it */
    bool streaming;
    int time_axis; /* of the inputs, with the batch before it; negative: from the end */
} gli_predict_build;

/* Allocates zeros, aligned to GLI_ALIGNMENT, with room for what calls read and write beyond the end.
 * glia_predictor_reset sets states to zero again. */
glia_status gli_predict_floats(gli_predict_build *b, int64_t count, float **out);
glia_status gli_predict_add_state(gli_predict_build *b, int64_t count, float **out);
glia_status gli_predict_add_call(gli_predict_build *b, const gli_predict_call *call);
glia_status gli_predict_new(gli_predict_build *b, size_t bytes, void **out); /* the arg of a call, zeroed */

/* W [rows,columns] and a bias, or none, packed. */
glia_status gli_predict_gemv(gli_predict_build *b, int64_t rows, int64_t columns, const float *w, const float *bias,
                             gli_gemv *out);

/* y = kind(y); y has room behind it, as gli_predict_floats gives. */
void gli_predict_activate(glia_unary_kind kind, int64_t count, float *y);

/* Gives value `id` memory of its own, or that of `data`, under this shape. */
glia_status gli_predict_make(gli_predict_build *b, int id, const glia_tensor *shape, int time);
void gli_predict_alias(gli_predict_build *b, int id, const glia_tensor *shape, void *data, int time);

/* The shape of a value of the graph, of one step where `time` is its time axis. */
glia_tensor gli_predict_shape(const gli_predict_build *b, int id, int time);

static inline int gli_predict_time_of(const gli_predict_build *b, int id) { return id ? b->values[id].time : -1; }

/* NULL for an input that is absent. */
static inline const float *gli_predict_data(const gli_predict_build *b, const gli_node *node, int i) {
    return i < node->n_in && node->in[i] ? b->values[node->in[i]].tensor.data : NULL;
}

/* Whether the input is a weight of the model, or absent, and so known while the predictor is made. */
static inline bool gli_predict_is_weight(const gli_predict_build *b, const gli_node *node, int i) {
    return i >= node->n_in || !node->in[i] || b->values[node->in[i]].weight;
}

/* "layer 'conv1'", or the op's name. */
const char *gli_predict_label(const gli_node *node);

/* The time axis of the node's first output; -1: it has none. Fails for a node that cannot work on single steps. */
glia_status gli_predict_find_time(const gli_predict_build *b, const gli_node *node, int *out);

/* b->readers, in b->arena. */
glia_status gli_predict_count_readers(gli_predict_build *b, const glia_value *outputs, int n_outputs);

/* Whether the node gives the elements of its input, x of this shape, in their order. */
bool gli_predict_is_view(const gli_node *node, const glia_tensor *x);

/* All nodes of the graph. */
glia_status gli_predict_lower(gli_predict_build *b);

/* One node each. time: of its output. *done stays false where this kind of node is not for them. */
typedef glia_status gli_predict_lowering(gli_predict_build *b, const gli_node *node, int time, bool *done);
gli_predict_lowering gli_predict_lower_dense, gli_predict_lower_unary, gli_predict_lower_conv, gli_predict_lower_image,
    gli_predict_lower_pool, gli_predict_lower_rnn, gli_predict_lower_provider;

#endif
