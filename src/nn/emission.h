/* From a model's definition to a graph. */
#ifndef GLI_NN_EMISSION_H
#define GLI_NN_EMISSION_H

#include "glia/data.h"
#include "nn/model_impl.h"

typedef struct gli_emission {
    glia_model *model;
    glia_graph *graph;
    bool training;
    bool stateless; /* layers with a stateful_batch begin with zeros, and leave nothing */
    bool tallied;   /* losses and metrics are added to the model's sums */
    int64_t batch;
    glia_value vector, half;                 /* of all weights; model->half, id 0: there is none */
    glia_value step;                         /* i64, a scalar: the number of this training step, for dropout masks */
    glia_value share;                        /* a scalar that mean losses are multiplied by; id 0: none */
    glia_value kept;                         /* of the graph: no loss is computed without it; id 0: any */
    const glia_value *given;                 /* the inputs' values; NULL: inputs of the graph */
    glia_value *map;                         /* id of the definition -> value of the graph */
    glia_dtype input_dtype[GLIA_MAX_FIELDS]; /* as the data has them; converted where the model's differ */
} gli_emission;

/* How layers call an op of which they add more to a graph than its call: other things in training than otherwise, or
 * states that carry over. One for each such op and number of values that the emitter reads beside the op's inputs, so
 * that a model's file need not say which. */
typedef struct gli_emitter {
    const gli_op *op;
    void (*emit)(gli_emission *e, const gli_model_node *node, const glia_value *in, glia_value *out);
    unsigned states; /* bit i: input i is a weight that carries over, of another batch than the definition's */
    /* Whether the node, whose inputs are values of the model, is such a call. The model then knows of its states. */
    bool (*accept)(glia_model *model, const gli_model_node *node);
    int n_with; /* of gli_model_node */
} gli_emitter;

extern const gli_emitter gli_emitter_dropout, gli_emitter_batchnorm, gli_emitter_batchrenorm, gli_emitter_rnn;

/* NULL: layers call the op as it is. */
const gli_emitter *gli_emitter_of(const gli_op *op, int n_with);

/* The weight that a value is; NULL: it is none. And the same for input i of a node. */
const gli_weight *gli_weight_of_value(const glia_model *model, int id);
const gli_weight *gli_node_weight(const glia_model *model, const gli_model_node *node, int i);

/* Names the weights in the graph: a vector, and its copy in the model's half, NULL where there is none. */
void gli_emission_weights(gli_emission *e, glia_tensor *vector, glia_tensor *half);

/* Adds the definition to a graph: inputs, weights, nodes. */
void gli_model_emit(gli_emission *e);

#endif
