/* From a model's definition to a graph. */
#ifndef GLI_NN_EMISSION_H
#define GLI_NN_EMISSION_H

#include "glia/data.h"
#include "nn/model_impl.h"

typedef struct gli_emission {
    glia_model *model;
    glia_graph *graph;
    bool training;
    bool tallied; /* losses and metrics are added to the model's sums */
    int64_t batch;
    glia_value vector;                       /* of all weights */
    glia_value step;                         /* i64, a scalar: the number of this training step, for dropout masks */
    glia_value share;                        /* a scalar that mean losses are multiplied by; id 0: none */
    glia_value kept;                         /* of the graph: no loss is computed without it; id 0: any */
    const glia_value *given;                 /* the inputs' values; NULL: inputs of the graph */
    glia_value *map;                         /* id of the definition -> value of the graph */
    glia_dtype input_dtype[GLIA_MAX_FIELDS]; /* as the data has them; converted where the model's differ */
} gli_emission;

/* Adds the definition to a graph: inputs, weights, nodes. */
void gli_model_emit(gli_emission *e);

#endif
