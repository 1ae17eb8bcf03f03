#include "train/watched.h"

#include "core/dtype.h"
#include "graph/graph_impl.h"
#include "train/graph_calls.h"

/* ---- Layers ---- */

static bool has_zeros(glia_unary_kind kind) {
    return kind == GLIA_UNARY_RELU || kind == GLIA_UNARY_CLIP || kind == GLIA_UNARY_HARD_SIGMOID ||
           kind == GLIA_UNARY_HARD_SWISH;
}

int64_t gli_watched_units(const glia_model *model, int l) {
    const gli_layer *layer       = &model->layers[l];
    const gli_model_value *value = layer->output > 0 ? &model->values[layer->output] : NULL;
    if (!value || value->source != GLI_SOURCE_NODE || value->index < layer->first_node || !value->batched) return 0;
    const gli_model_node *node = &model->nodes[value->index];
    if (node->op != &gli_op_unary || !has_zeros(((const glia_unary_params *)node->params)->kind)) return 0;
    return value->shape.ndim > 0 ? gli_count(&value->shape) / value->shape.dim[0] : 0;
}

glia_status gli_watched_prepare(glia_model *model) {
    gli_compiled *c = &model->training->compiled;
    int64_t units   = 0;
    if (c->norms) return GLIA_OK;
    for (int l = 0; l < model->n_layers; ++l) units += gli_watched_units(model, l);
    if (!c->activity) GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(units), &c->activity));
    return glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(model->n_weights, 2), &c->norms);
}

glia_status gli_watched_reset(const glia_model *model) {
    return glia_tensor_fill(model->training->compiled.activity, 0);
}

/* ---- As ops of a step ---- */

/* The sum of the magnitudes over the batch is 0 where all of them are, and in the largest of these the epoch's. */
void gli_emit_activity(const gli_emission *e) {
    const glia_model *model = e->model;
    const glia_value all    = glia_graph_tensor(e->graph, "activity", model->training->compiled.activity);
    int64_t first           = 0;
    for (int l = 0; l < model->n_layers; ++l) {
        const int64_t units = gli_watched_units(model, l);
        if (units == 0) continue;
        const glia_value state = gli_graph_view(e->graph, all, first, GLIA_SHAPE(units));
        const glia_value sums  = gli_emit_reduce(e, GLIA_REDUCE_L1, GLIA_AXIS(0), e->map[model->layers[l].output]);
        const glia_value batch = gli_emit_like(e, gli_emit_cast(e, sums, model->dtype), state);
        glia_graph_assign(e->graph, state, gli_emit_binary(e, GLIA_BINARY_MAXIMUM, state, batch));
        first += units;
    }
}

void gli_emit_norms(const gli_emission *e, int weight, glia_value gradient, glia_value value) {
    const glia_value all  = glia_graph_tensor(e->graph, "norms", e->model->training->compiled.norms);
    const glia_value of[] = {gradient, value};
    for (int i = 0; i < 2; ++i)
        glia_graph_assign(e->graph, gli_graph_view(e->graph, all, 2 * (int64_t)weight + i, GLIA_SCALAR),
                          gli_emit_reduce(e, GLIA_REDUCE_L2, GLIA_ALL_AXES, of[i]));
}

/* ---- Reading ---- */

static glia_status read_weights(const glia_model *model, glia_weight_report *rows, int *n) {
    gli_block norms;
    GLI_TRY(gli_tensor_to_block(model->training->compiled.norms, "a report", &norms));
    for (int w = 0; w < model->n_weights; ++w) {
        const gli_weight *weight = &model->weights[w];
        if (weight->offset < model->trained)
            rows[(*n)++] = (glia_weight_report){weight->name, gli_load(model->dtype, norms.data, 2 * (int64_t)w),
                                                gli_load(model->dtype, norms.data, 2 * (int64_t)w + 1)};
    }
    gli_block_free(model->ctx, &norms);
    return GLIA_OK;
}

static glia_status read_layers(const glia_model *model, glia_layer_report *rows, int *n) {
    gli_block activity;
    int64_t first = 0;
    GLI_TRY(gli_tensor_to_block(model->training->compiled.activity, "a report", &activity));
    for (int l = 0; l < model->n_layers; ++l) {
        glia_layer_report row = {.name = model->layers[l].name, .units = gli_watched_units(model, l)};
        for (int64_t i = 0; i < row.units; ++i) row.dead += gli_load(model->dtype, activity.data, first + i) == 0;
        if (row.units > 0) rows[(*n)++] = row;
        first += row.units;
    }
    gli_block_free(model->ctx, &activity);
    return GLIA_OK;
}

glia_status gli_watched_read(const glia_model *model, glia_weight_report *weights, glia_layer_report *layers,
                             glia_gradient_report *out) {
    *out = (glia_gradient_report){.weights = weights, .layers = layers};
    GLI_TRY(read_weights(model, weights, &out->n_weights));
    return read_layers(model, layers, &out->n_layers);
}
