/* The graph of a model that predicts for one sample. */
#ifndef GLI_PREDICT_SAMPLE_GRAPH_H
#define GLI_PREDICT_SAMPLE_GRAPH_H

#include "nn/model_impl.h"

/* Adds the definition of a compiled model to an empty graph and fuses it, with batch 1 and inputs as wide as the
 * model's are. outputs: GLIA_MAX_OUTPUTS values. Weights have their names in the graph, which are the model's memory.
 */
glia_status gli_sample_graph(glia_model *model, glia_graph *graph, glia_value *outputs);

#endif
