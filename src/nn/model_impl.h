/* The inside of a model: the recipe from which graphs are built, one for each batch size and for training or not. */
#ifndef GLIA_NN_MODEL_IMPL_H
#define GLIA_NN_MODEL_IMPL_H

#include "core/ops.h"
#include "core/philox.h"
#include "glia/model.h"

enum { GLIA_NAME_SIZE = 64, GLIA_NAME_LIMIT = 40 /* of a layer: its weights add a suffix */ };
enum { GLIA_WEIGHT_ALIGNMENT = 16 /* elements: each weight starts at a cache line */ };

/* Streams of randomness under the context's seed (core/philox.h); weights and dropout layers count up from theirs. */
enum { GLIA_STREAM_WEIGHTS = 0x20000000, GLIA_STREAM_DROPOUT = 0x30000000 };

typedef struct glia_weight {
    char name[GLIA_NAME_SIZE];
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    glia_init init;
    int64_t fan_in, fan_out;
    int64_t zero_row;    /* 1 + the row that starts as zeros; 0: none */
    bool frozen, buffer; /* a buffer, such as a running mean, is never trained */
    bool state;          /* a buffer that carries over from batch to batch */
    int64_t offset;      /* elements into the model's vector, since the last compile */
    bool placed;         /* has a value there */
    glia_block pending;  /* a value that was set before the first compile */
} glia_weight;

typedef enum glia_source { GLIA_FROM_INPUT, GLIA_FROM_WEIGHT, GLIA_FROM_NODE } glia_source;

/* Shapes of the recipe are for a batch of this size: one, which broadcasts and has no variance, would hide mistakes or
 * refuse what is right for every other size. */
enum { GLIA_RECIPE_BATCH = 2 };

/* A value of the recipe; `batched` says that dimension 0 is the batch. */
typedef struct glia_recipe_value {
    glia_tensor shape; /* dtype, ndim, dim; no data */
    glia_source source;
    int index; /* of the input or weight */
    bool batched;
} glia_recipe_value;

struct glia_emission;

/* One step of the recipe. emit adds it to a graph; NULL: as the op with its params. */
typedef struct glia_recipe_node {
    void (*emit)(struct glia_emission *e, const struct glia_recipe_node *node, const glia_value *in, glia_value *out);
    const glia_op *op;
    void *params; /* of the op: params_size bytes */
    int n_in, n_out;
    int in[GLIA_MAX_IN], out[GLIA_MAX_OUT]; /* ids of recipe values; 0: absent */
    int layer;
} glia_recipe_node;

/* What the user called, for names, messages and the summary. */
typedef struct glia_layer {
    char name[GLIA_NAME_SIZE];
    char label[GLIA_NAME_SIZE]; /* "layer 'conv1'", for messages */
    const char *kind;           /* "conv2d" */
    int output;                 /* id of its value */
    int first_weight, end_weight;
    bool frozen;
    bool held; /* frozen when the model was compiled, which is what its graphs are built for */
} glia_layer;

typedef struct glia_input_info {
    char name[GLIA_NAME_SIZE];
    int value;
} glia_input_info;

typedef struct glia_output_info {
    int value;
    glia_output_args args; /* defaults filled in */
    float *class_weight;   /* the model's copy */
    int64_t classes;
} glia_output_info;

struct glia_step;

/* What stands in glia_training.counters. */
enum {
    GLIA_COUNTER_STEP,     /* the number of this step, of all training; read by the dropout masks */
    GLIA_COUNTER_UPDATE,   /* the number of this step since the compile; read by the optimizer */
    GLIA_COUNTER_POSITION, /* of the next batch in a resident data set's order */
    GLIA_COUNTERS
};

/* What a compile makes: everything that only training and evaluation need. */
typedef struct glia_training {
    glia_compile_args args;              /* defaults filled in */
    glia_tensor *vector;                 /* all weights: trained ones first, then frozen ones and buffers */
    int64_t trained;                     /* elements of the first part */
    glia_tensor *state[3];               /* of the optimizer, `trained` elements each; NULL: it needs fewer */
    int64_t updates;                     /* steps since the compile: those of the optimizer */
    glia_tensor *rate;                   /* scalar f32, read by the optimizer */
    glia_tensor *counters, *cursor;      /* i64 [GLIA_COUNTERS], of training and of other uses; steps advance them */
    glia_tensor *sums[GLIA_MAX_OUTPUTS]; /* loss of each output: sum and count, f64 */
    glia_tensor *counts[GLIA_MAX_OUTPUTS][GLIA_MAX_METRICS]; /* of each metric: sum and count, f64 */
    glia_tensor *class_weight[GLIA_MAX_OUTPUTS];
    struct glia_step *plans; /* by batch size and use, a list, the last used first */
} glia_training;

struct glia_model {
    glia_context *ctx;
    glia_dtype dtype;
    glia_status failure; /* the first, with its message */
    char message[512];

    glia_recipe_value *values; /* values[0] is unused, so that ids are indices */
    glia_recipe_node *nodes;
    glia_layer *layers;
    glia_weight *weights;
    glia_input_info *inputs;
    int n_values, n_nodes, n_layers, n_weights, n_inputs, n_outputs;
    int cap_values, cap_nodes, cap_layers, cap_weights, cap_inputs;
    glia_output_info outputs[GLIA_MAX_OUTPUTS];

    bool compiled; /* and not changed since */
    glia_training training;
    int stateful_batch; /* samples of each batch, where layers keep states from one to the next; 0: any number */
    int stateful_layer; /* the first of these layers */
    int64_t steps;      /* of training so far */
    uint32_t epochs;    /* of training so far */
};

/* Building. A failed call returns an id of -1; the first failure is kept. */
glia_value glia_model_fail(glia_model *model, glia_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
glia_value glia_model_take_failure(glia_model *model, glia_status status); /* the message is the context's */

/* Enters the context and starts a layer: under its name, or one made of its kind. False after a failure, when an input
 * is invalid, and, with nothing kept, when another thread is inside. Each that began needs its glia_layer_end. */
bool glia_layer_begin(glia_model *model, const char *kind, const char *name, const glia_value *in, int n_in,
                      bool frozen);
glia_value glia_layer_end(glia_model *model, glia_value output);

/* Appends a node; the first output is returned. */
glia_value glia_layer_call(glia_model *model, const glia_op *op, const void *params, int n_in, const glia_value *in,
                           int n_out, glia_value *out);
glia_value glia_layer_call_1(glia_model *model, const glia_op *op, const void *params, int n_in, const glia_value *in);
glia_recipe_node *glia_model_last_node(glia_model *model);

/* A weight of the current layer, named "LAYER.suffix". */
typedef struct glia_weight_spec {
    const char *suffix;
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    glia_init init, fallback; /* fallback: where init is the default */
    int64_t fan_in, fan_out;
    int64_t zero_row; /* as in glia_weight */
    bool buffer, state;
} glia_weight_spec;
glia_value glia_layer_weight(glia_model *model, const glia_weight_spec *spec);

/* act(x), or x itself where the activation is linear. */
glia_value glia_layer_activation(glia_model *model, glia_value x, glia_unary_kind kind);

/* Dropout within a layer that has several: number tells their masks apart. */
glia_value glia_layer_dropout(glia_model *model, glia_value x, float p, int number);

/* Fills pad and pad_end of a window over x [N,C,H,W] where padding is one of the SAME kinds. */
bool glia_layer_padding(glia_model *model, const glia_tensor *x, const int *kernel, glia_padding padding,
                        const int *stride, const int *dilation, int *pad, int *pad_end);

/* Whether x has ndim dimensions with the batch; otherwise fails. shape: what a sample must be, for the message. */
bool glia_layer_expect(glia_model *model, glia_value x, int ndim, const char *shape);

/* Whether x has steps; and whether lengths has one number for each sample. Otherwise fails. */
bool glia_layer_expect_steps(glia_model *model, glia_value x);
bool glia_layer_expect_lengths(glia_model *model, glia_value lengths);

/* x with two dimensions exchanged; 0 is the batch. */
glia_value glia_layer_swap(glia_model *model, glia_value x, int a, int b);

/* Layers over one dimension work on images of one row: x [N,C,L], or [N,T,C] with steps_first, becomes [N,C,1,L]; and
 * y back. */
glia_value glia_layer_to_row(glia_model *model, glia_value x, bool steps_first);
glia_value glia_layer_from_row(glia_model *model, glia_value y, bool steps_first);

/* For a batch of GLIA_RECIPE_BATCH; NULL: no value of this model. */
const glia_tensor *glia_model_shape(const glia_model *model, glia_value value);
glia_weight *glia_model_find_weight(const glia_model *model, const char *name);

/* The weight's shape, with its data at an offset of a vector; vector NULL: no data. */
glia_tensor glia_weight_view(const glia_model *model, const glia_weight *weight, const glia_tensor *vector,
                             int64_t offset);

/* Fills a dense tensor of the weight's shape with its initial content. stream tells weights apart. */
glia_status glia_init_fill(const glia_weight *weight, uint32_t stream, glia_tensor *out);

/* What emit works with. */
typedef struct glia_emission {
    glia_model *model;
    glia_graph *graph;
    bool training;
    int64_t batch;
    glia_value vector, counters;             /* of all weights; of glia_training */
    const glia_value *given;                 /* the inputs' values; NULL: inputs of the graph */
    glia_value *map;                         /* recipe id -> value of the graph */
    glia_dtype input_dtype[GLIA_MAX_FIELDS]; /* as the data has them; converted where the model's differ */
} glia_emission;

/* Adds the recipe to a graph: inputs, weights, nodes. */
void glia_model_emit(glia_emission *e);

/* One of the counters, a scalar. */
glia_value glia_emit_counter(const glia_emission *e, int counter);

/* Gives back what a compile made. */
void glia_training_free(glia_context *ctx, glia_training *training);

#endif
