/* The inside of a model: the recipe from which graphs are built, one for each batch size and for training or not. */
#ifndef GLI_NN_MODEL_IMPL_H
#define GLI_NN_MODEL_IMPL_H

#include "core/op.h"
#include "core/philox.h"
#include "glia/model.h"

enum { GLI_NAME_SIZE = 64, GLI_NAME_LIMIT = 40 /* of a layer: its weights add a suffix */ };
enum { GLI_WEIGHT_ALIGNMENT = 16 /* elements: each weight starts at a cache line */ };

/* Streams of randomness under the context's seed (core/philox.h); weights and dropout layers count up from theirs. */
enum { GLI_STREAM_WEIGHTS = 0x20000000, GLI_STREAM_DROPOUT = 0x30000000 };

typedef struct gli_weight {
    char name[GLI_NAME_SIZE];
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    glia_init init;
    int64_t fan_in, fan_out;
    int64_t zero_row;    /* 1 + the row that starts as zeros; 0: none */
    bool frozen, buffer; /* a buffer, such as a running mean, is never trained */
    bool state;          /* a buffer that carries over from batch to batch */
    int64_t offset;      /* elements into the model's vector, since the last compile */
    bool placed;         /* has a value there */
    gli_block pending;   /* a value that was set before the first compile */
} gli_weight;

typedef enum gli_source { GLI_FROM_INPUT, GLI_FROM_WEIGHT, GLI_FROM_NODE } gli_source;

/* Shapes of the recipe are for a batch of this size: one, which broadcasts and has no variance, would hide mistakes or
 * refuse what is right for every other size. */
enum { GLI_RECIPE_BATCH = 2 };

/* A value of the recipe; `batched` says that dimension 0 is the batch. */
typedef struct gli_recipe_value {
    glia_tensor shape; /* dtype, ndim, dim; no data */
    gli_source source;
    int index; /* of the input or weight */
    bool batched;
} gli_recipe_value;

struct gli_emission;

/* One step of the recipe. emit adds it to a graph; NULL: as the op with its params. */
typedef struct gli_recipe_node {
    void (*emit)(struct gli_emission *e, const struct gli_recipe_node *node, const glia_value *in, glia_value *out);
    const gli_op *op;
    void *params; /* of the op: params_size bytes */
    int n_in, n_out;
    int in[GLI_MAX_IN], out[GLI_MAX_OUT]; /* ids of recipe values; 0: absent */
    int layer;
} gli_recipe_node;

/* What the user called, for names, messages and the summary. */
typedef struct gli_layer {
    char name[GLI_NAME_SIZE];
    char label[GLI_NAME_SIZE]; /* "layer 'conv1'", for messages */
    const char *kind;          /* "conv2d" */
    int output;                /* id of its value */
    int first_weight, end_weight;
    bool frozen;
    bool held; /* frozen when the model was compiled, which is what its graphs are built for */
} gli_layer;

typedef struct gli_input_info {
    char name[GLI_NAME_SIZE];
    int value;
} gli_input_info;

typedef struct gli_output_info {
    int value;
    glia_output_args args; /* defaults filled in */
    float *class_weight;   /* the model's copy */
    int64_t classes;
} gli_output_info;

struct gli_step;

/* What stands in gli_training.counters. */
enum {
    GLI_COUNTER_STEP,     /* the number of this step, of all training; read by the dropout masks */
    GLI_COUNTER_UPDATE,   /* the number of this step since the compile; read by the optimizer */
    GLI_COUNTER_POSITION, /* of the next batch in a resident data set's order */
    GLI_COUNTERS
};

/* What a compile makes: everything that only training and evaluation need. */
typedef struct gli_training {
    glia_compile_args args;              /* defaults filled in */
    glia_tensor *vector;                 /* all weights: trained ones first, then frozen ones and buffers */
    int64_t trained;                     /* elements of the first part */
    glia_tensor *state[3];               /* of the optimizer, `trained` elements each; NULL: it needs fewer */
    int64_t updates;                     /* steps since the compile: those of the optimizer */
    glia_tensor *rate;                   /* scalar f32, read by the optimizer */
    glia_tensor *counters, *cursor;      /* i64 [GLI_COUNTERS], of training and of other uses; steps advance them */
    glia_tensor *sums[GLIA_MAX_OUTPUTS]; /* loss of each output: sum and count, f64 */
    glia_tensor *counts[GLIA_MAX_OUTPUTS][GLIA_MAX_METRICS]; /* of each metric: sum and count, f64 */
    glia_tensor *class_weight[GLIA_MAX_OUTPUTS];
    struct gli_step *plans; /* by batch size and use, a list, the last used first */
} gli_training;

struct glia_model {
    glia_context *ctx;
    glia_dtype dtype;
    glia_status failure; /* the first, with its message */
    char message[512];

    gli_recipe_value *values; /* values[0] is unused, so that ids are indices */
    gli_recipe_node *nodes;
    gli_layer *layers;
    gli_weight *weights;
    gli_input_info *inputs;
    int n_values, n_nodes, n_layers, n_weights, n_inputs, n_outputs;
    int cap_values, cap_nodes, cap_layers, cap_weights, cap_inputs;
    gli_output_info outputs[GLIA_MAX_OUTPUTS];

    bool compiled; /* and not changed since */
    gli_training training;
    int stateful_batch; /* samples of each batch, where layers keep states from one to the next; 0: any number */
    int stateful_layer; /* the first of these layers */
    int64_t steps;      /* of training so far */
    uint32_t epochs;    /* of training so far */
};

/* Building. A failed call returns an id of -1; the first failure is kept. */
glia_value gli_model_fail(glia_model *model, glia_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
glia_value gli_model_take_failure(glia_model *model, glia_status status); /* the message is the context's */

/* Enters the context and starts a layer: under its name, or one made of its kind. False after a failure, when an input
 * is invalid, and, with nothing kept, when another thread is inside. Each that began needs its gli_layer_end. */
bool gli_layer_begin(glia_model *model, const char *kind, const char *name, const glia_value *in, int n_in,
                     bool frozen);
glia_value gli_layer_end(glia_model *model, glia_value output);

/* Appends a node; the first output is returned. */
glia_value gli_layer_call(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in,
                          int n_out, glia_value *out);
glia_value gli_layer_call_1(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in);
gli_recipe_node *gli_model_last_node(glia_model *model);

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

/* act(x), or x itself where the activation is linear. */
glia_value gli_layer_activation(glia_model *model, glia_value x, glia_unary_kind kind);

/* Dropout within a layer that has several: number tells their masks apart. */
glia_value gli_layer_dropout(glia_model *model, glia_value x, float p, int number);

/* Fills pad and pad_end of a window over x [N,C,H,W] where padding is one of the SAME kinds. */
bool gli_layer_padding(glia_model *model, const glia_tensor *x, const int *kernel, glia_padding padding,
                       const int *stride, const int *dilation, int *pad, int *pad_end);

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

/* For a batch of GLI_RECIPE_BATCH; NULL: no value of this model. */
const glia_tensor *gli_model_shape(const glia_model *model, glia_value value);
gli_weight *gli_model_find_weight(const glia_model *model, const char *name);

/* The weight's shape, with its data at an offset of a vector; vector NULL: no data. */
glia_tensor gli_weight_view(const glia_model *model, const gli_weight *weight, const glia_tensor *vector,
                            int64_t offset);

/* Fills a dense tensor of the weight's shape with its initial content. stream tells weights apart. */
glia_status gli_init_fill(const gli_weight *weight, uint32_t stream, glia_tensor *out);

/* What emit works with. */
typedef struct gli_emission {
    glia_model *model;
    glia_graph *graph;
    bool training;
    int64_t batch;
    glia_value vector, counters;             /* of all weights; of gli_training */
    const glia_value *given;                 /* the inputs' values; NULL: inputs of the graph */
    glia_value *map;                         /* recipe id -> value of the graph */
    glia_dtype input_dtype[GLIA_MAX_FIELDS]; /* as the data has them; converted where the model's differ */
} gli_emission;

/* Adds the recipe to a graph: inputs, weights, nodes. */
void gli_model_emit(gli_emission *e);

/* One of the counters, a scalar. */
glia_value gli_emit_counter(const gli_emission *e, int counter);

/* Gives back what a compile made. */
void gli_training_free(glia_context *ctx, gli_training *training);

#endif
