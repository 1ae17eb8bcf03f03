/* The inside of a model: its definition, from which graphs are built (nn/emission.h), one for each batch size and for
 * training or not; and its weights. What training adds is a structure of its own, of which nothing is known here. */
#ifndef GLI_NN_MODEL_IMPL_H
#define GLI_NN_MODEL_IMPL_H

#include "core/op.h"
#include "core/philox.h"
#include "glia/sequence_layers.h"
#include "nn/names.h"

enum { GLI_WEIGHT_ALIGNMENT = 16 /* elements: each weight starts at a cache line */ };

/* Streams of randomness under the context's seed (core/philox.h); weights and dropout layers count up from theirs. */
enum { GLI_STREAM_WEIGHTS = 0x20000000, GLI_STREAM_DROPOUT = 0x30000000 };

/* What training does otherwise with a weight than with those that have no rules. */
typedef struct gli_weight_rules {
    glia_optional rate_scale;       /* of the learning rate [1] */
    glia_optional weight_decay, l1; /* instead of the optimizer's */
} gli_weight_rules;

typedef struct gli_weight {
    char name[GLI_NAME_SIZE];
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    glia_init init;
    int64_t fan_in, fan_out;
    int64_t zero_row;    /* 1 + the row that starts as zeros; 0: none */
    bool frozen, buffer; /* a buffer, such as a running mean, is never trained */
    bool state;          /* a buffer that carries over from batch to batch */
    gli_weight_rules rules;
    int64_t offset;    /* elements into the model's vector, since the last compile */
    bool in_vector;    /* has a value there */
    gli_block pending; /* a value that was set before the first compile */
} gli_weight;

typedef enum gli_source { GLI_SOURCE_INPUT, GLI_SOURCE_WEIGHT, GLI_SOURCE_NODE } gli_source;

/* Shapes are inferred with batch 2: batch 1 would hide broadcast errors and fail variance checks. */
enum { GLI_NOMINAL_BATCH = 2 };

/* A value of the definition; `batched` says that dimension 0 is the batch. */
typedef struct gli_model_value {
    glia_tensor shape; /* dtype, ndim, dim; no data */
    gli_source source;
    int index; /* of the input or weight */
    bool batched;
} gli_model_value;

struct gli_emitter; /* nn/emission.h */

enum { GLI_MAX_WITH = 2 };

/* A call of an op. */
typedef struct gli_model_node {
    const struct gli_emitter *emitter; /* adds it to a graph; NULL: as the op with its params */
    const gli_op *op;
    void *params; /* of the op: params_size bytes */
    int n_in, n_out;
    int in[GLI_MAX_IN], out[GLI_MAX_OUT]; /* ids of values; 0: absent */
    int n_with, with[GLI_MAX_WITH];       /* values that the emitter alone reads */
    int layer;
} gli_model_node;

/* What the user called, for names, messages and the summary. */
typedef struct gli_layer {
    char name[GLI_NAME_SIZE];
    char label[GLI_NAME_SIZE]; /* "layer 'conv1'", for messages */
    char kind[GLI_NAME_SIZE];  /* "conv2d" */
    int output;                /* id of its value */
    int first_weight, end_weight;
    int first_node, end_node;
    bool frozen;
    bool frozen_in_graphs; /* as it was at the last compile, for which the graphs are built */
} gli_layer;

typedef struct gli_input_info {
    char name[GLI_NAME_SIZE];
    int value;
} gli_input_info;

struct gli_training; /* train/training.h */

struct glia_model {
    glia_context *ctx;
    glia_dtype dtype;    /* of weights, and of all that training keeps: f32, or f64 */
    glia_dtype compute;  /* of activations, and of weights as ops read them: dtype, or bf16 or f16 beside f32 */
    uint64_t seed;       /* of dropout masks and the order of samples: the context's until another is set */
    glia_status failure; /* the first, with its message */
    char message[512];

    gli_model_value *values; /* values[0] is unused, so that ids are indices */
    gli_model_node *nodes;
    gli_layer *layers;
    gli_weight *weights;
    gli_input_info *inputs;
    int n_values, n_nodes, n_layers, n_weights, n_inputs;
    int cap_values, cap_nodes, cap_layers, cap_weights, cap_inputs;
    gli_names names;        /* of layers and inputs */
    gli_names weight_names; /* value: the weight's index */

    glia_tensor *vector; /* all weights: trained ones first, then frozen ones, then buffers; NULL before a compile */
    glia_tensor *half;  /* the first two parts in the dtype `compute`, which the ops of layers read; NULL: they read the
                         * vector */
    bool half_is_old;   /* the vector was written since */
    int64_t trained;    /* elements of the first part */
    int64_t buffers;    /* elements of the first two parts: where the buffers begin */
    bool compiled;      /* and not changed since */
    int stateful_batch; /* samples of each batch, where layers keep states from one to the next; 0: any number */
    int stateful_layer; /* the first of these layers */

    int users;      /* calls over a dataset that have not returned, and trainers */
    bool in_use;    /* by the innermost of these calls, but for the time of its callback */
    bool averaged;  /* the averages of the weights are in their place */
    bool destroyed; /* while it had users: freed with the last of them */

    struct gli_training *training; /* NULL before an output was named */
    void (*training_free)(glia_context *ctx, struct gli_training *training);
};

/* A model that is destroyed lives on for those that have retained it. */
void gli_model_retain(glia_model *model);
void gli_model_release(glia_model *model);

/* Building. A failed call returns an id of -1; the first failure is kept. */
static inline double gli_value_or(glia_optional number, double otherwise) {
    return number.set ? number.value : otherwise;
}

/* What a layer that failed returns; later layers pass it on. The model keeps the failure, unless another thread was
 * using the context: then it is in the value. */
#define GLI_INVALID gli_invalid_value()
glia_value gli_invalid_value(void);

/* Fails unless the value is one of this model. what: for the message, "layer 'conv1': input 0". */
glia_status gli_model_check(const glia_model *model, const char *what, glia_value value);

glia_value gli_model_fail(glia_model *model, glia_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
glia_value gli_model_take_failure(glia_model *model, glia_status status); /* the message is the context's */

/* Enters the context; false where that fails. Another thread's use of the model is not kept as a failure. */
bool gli_model_enter(glia_model *model);

/* A value with the dtype and shape of a tensor. */
glia_value gli_model_add_value(glia_model *model, const glia_tensor *shape, gli_source source, int index, bool batched);

/* For a batch of GLI_NOMINAL_BATCH; NULL: no value of this model. */
const glia_tensor *gli_model_shape(const glia_model *model, glia_value value);

/* Chooses and registers the name of a layer or an input: the one given, or one made of its kind. False, and a failure,
 * where it is taken or no name. */
bool gli_model_name(glia_model *model, const char *kind, const char *name, char out[GLI_NAME_SIZE]);

/* Adds a weight, after a check of its initializer, name and shape. */
glia_value gli_model_add_weight(glia_model *model, const gli_weight *weight);

/* The same of one that is no layer's, whose name is then taken. */
glia_value gli_model_add_parameter(glia_model *model, const gli_weight *weight);

gli_weight *gli_model_find_weight(const glia_model *model, const char *name); /* NULL: there is none */

gli_layer *gli_model_find_layer(const glia_model *model, const char *name); /* NULL: there is none */

/* The id of an input or the output of a layer, or else of a weight where these count; 0: there is none. */
int gli_model_find_value(const glia_model *model, const char *name, bool weights);

enum { GLI_NAMES_TEXT = 280 };

/* The model's inputs and layers, and its weights where these count, as far as they fit: "image, conv2d, ...". */
const char *gli_model_names_text(const glia_model *model, bool weights, char text[GLI_NAMES_TEXT]);

/* The weight's shape, with its data at an offset of a vector; vector NULL: no data. */
glia_tensor gli_weight_view(const glia_model *model, const gli_weight *weight, const glia_tensor *vector,
                            int64_t offset);

bool gli_weight_rules_equal(const gli_weight_rules *a, const gli_weight_rules *b);

/* Fails for rules that the calls which set them would refuse. */
glia_status gli_weight_rules_check(glia_context *ctx, const gli_weight *weight);

/* Fails in the middle of a step, as in a function of a source, and, for what changes weights, while their averages are
 * in their place. */
glia_status gli_require_idle(const glia_model *model, const char *call);
glia_status gli_require_weights(const glia_model *model, const char *call);

/* Fails unless there are values for a state of this dtype and shape. call, name: for the message. */
glia_status gli_check_values(const glia_tensor *shape, const char *call, const char *name, const void *values,
                             size_t bytes);

/* The values of a weight, dense, row-major. Reading fails for one that has none yet. */
glia_status gli_weight_read(const glia_model *model, const char *call, const gli_weight *weight, void *values);
glia_status gli_weight_write(glia_model *model, gli_weight *weight, const void *values);

/* What is wrong with a and b of an initializer; NULL: nothing. */
const char *gli_init_mistake(const glia_init *init);

/* Fills a dense tensor of the weight's shape with its initial content. stream: a different one for each weight. */
glia_status gli_init_fill(const gli_weight *weight, uint32_t stream, glia_tensor *out);

/* A layout of all weights in one vector, with the values they have or start with; trained weights with the same rules
 * stand side by side. adopt makes it the model's, which
 * cannot fail; the layout has then what the model had. */
typedef struct gli_weight_layout {
    gli_block offsets; /* int64_t, one for each weight */
    glia_tensor *vector, *half;
    int64_t trained, buffers;
} gli_weight_layout;
glia_status gli_weights_lay_out(glia_model *model, gli_weight_layout *out);
void gli_weights_adopt(glia_model *model, gli_weight_layout *layout);
void gli_weights_discard(const glia_model *model, gli_weight_layout *layout);

/* Before ops read the weights: brings model->half up to date, where the model has it. */
glia_status gli_weights_refresh(glia_model *model);

/* Whether the value is a weight of which ops read a copy in the model's half. */
bool gli_reads_half(const glia_model *model, const gli_model_value *value);

#endif
