#include "nn/layer.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "glia/ops/movement.h"

static bool begin(glia_model *model, const char *kind, const char *name, const glia_value *in, int n_in, bool frozen) {
    if (model->failure != GLIA_OK) return false;
    char chosen[GLI_NAME_SIZE];
    if (!gli_model_name(model, kind, name, chosen)) return false;
    glia_status status = GLIA_OK;
    for (int i = 0; i < n_in; ++i) {
        char what[GLI_NAME_SIZE + 32];
        snprintf(what, sizeof what, "layer '%s': input %d", chosen, i);
        status = gli_model_check(model, what, in[i]);
        if (status != GLIA_OK) return gli_model_take_failure(model, status), false;
    }
    status =
        gli_grow(model->ctx, &model->layers, &model->cap_layers, model->n_layers + 1, sizeof *model->layers, "a model");
    if (status != GLIA_OK) return gli_model_take_failure(model, status), false;
    gli_layer *layer = &model->layers[model->n_layers++];
    *layer           = (gli_layer){.first_weight = model->n_weights,
                                   .end_weight   = model->n_weights,
                                   .first_node   = model->n_nodes,
                                   .end_node     = model->n_nodes,
                                   .frozen       = frozen};
    memcpy(layer->name, chosen, sizeof chosen);
    snprintf(layer->kind, sizeof layer->kind, "%s", kind);
    snprintf(layer->label, sizeof layer->label, "layer '%.*s'", GLI_NAME_LIMIT, chosen);
    gli_set_scope(model->ctx, "%s: ", layer->label);
    return true;
}

bool gli_layer_begin(glia_model *model, const char *kind, const char *name, const glia_value *in, int n_in,
                     bool frozen) {
    if (!model || !gli_model_enter(model)) return false;
    const bool begun = begin(model, kind, name, in, n_in, frozen);
    if (!begun) gli_leave(model->ctx);
    return begun;
}

glia_value gli_layer_end(glia_model *model, glia_value output) {
    gli_layer *layer  = &model->layers[model->n_layers - 1];
    layer->output     = output.id;
    layer->end_weight = model->n_weights;
    layer->end_node   = model->n_nodes;
    gli_set_scope(model->ctx, NULL);
    gli_leave(model->ctx);
    return output;
}

static glia_status add_outputs(glia_model *model, const gli_resolution *r, gli_model_node *node, bool batched,
                               glia_value *out) {
    for (int i = 0; i < node->n_out; ++i) {
        GLI_TRY(gli_grow(model->ctx, &model->values, &model->cap_values, model->n_values + 1, sizeof *model->values,
                         "a model"));
        gli_model_value *value = &model->values[model->n_values];
        *value = (gli_model_value){.source = GLI_SOURCE_NODE, .index = model->n_nodes, .batched = batched};
        gli_set_shape(&value->shape, r->out[i].dtype, r->out[i].ndim, r->out[i].dim);
        value->shape.ctx = model->ctx;
        out[i]           = (glia_value){model->n_values++, model};
        node->out[i]     = out[i].id;
    }
    return GLIA_OK;
}

/* The functions of users know f32 and f64. */
static glia_status check_halves(const glia_model *model, const gli_op *op) {
    GLI_REQUIRE(model->ctx, op != &gli_op_custom || model->compute == model->dtype, GLIA_UNSUPPORTED,
                "%s does not compute in a model of dtype %s: make the model f32, or leave this layer out", op->name,
                glia_dtype_name(model->compute));
    return GLIA_OK;
}

static glia_status add_node(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in,
                            int n_out, glia_value *out) {
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    const glia_tensor *shapes[GLI_MAX_IN] = {0};
    bool batched                          = false;
    gli_model_node node                   = {.op = op, .n_in = n_in, .n_out = n_out, .layer = model->n_layers - 1};
    GLI_TRY(check_halves(model, op));
    for (int i = 0; i < n_in; ++i) {
        node.in[i] = in[i].id;
        if (in[i].id == 0) continue;
        char what[64];
        snprintf(what, sizeof what, "%s: input %d", op->name, i);
        GLI_TRY(gli_model_check(model, what, in[i]));
        shapes[i] = gli_model_shape(model, in[i]);
        batched   = batched || model->values[in[i].id].batched;
    }
    GLI_TRY(gli_resolve(model->ctx, op, params, n_in, shapes, geom, &r));
    GLI_TRY(
        gli_grow(model->ctx, &model->nodes, &model->cap_nodes, model->n_nodes + 1, sizeof *model->nodes, "a model"));
    GLI_TRY(add_outputs(model, &r, &node, batched, out));
    GLI_TRY(gli_new(model->ctx, 1, op->params_size, "a model", &node.params));
    if (op->params_size) memcpy(node.params, r.params, op->params_size);
    model->nodes[model->n_nodes++] = node;
    model->compiled                = false;
    return GLIA_OK;
}

static bool is_read(const glia_model *model, glia_value value) {
    for (int n = 0; n < model->n_nodes; ++n)
        for (int i = 0; i < model->nodes[n].n_in; ++i)
            if (model->nodes[n].in[i] == value.id) return true;
    return false;
}

/* The value as the op reads it. A wide input (core/op.h) is f32: of a weight that no call has read yet the weight
 * itself instead of its copy in halves, of anything else a conversion. A weight that is f32 for that reason becomes
 * half again where it is data. */
static glia_status convert_input(glia_model *model, bool wide, glia_value *in) {
    const glia_tensor *shape = gli_model_shape(model, *in);
    if (!shape) return GLIA_OK;
    gli_model_value *value = &model->values[in->id];
    const bool weight = value->source == GLI_SOURCE_WEIGHT, buffer = weight && model->weights[value->index].buffer;
    if (wide ? shape->dtype != model->compute : !weight || buffer || shape->dtype != model->dtype) return GLIA_OK;
    if (wide && weight && !is_read(model, *in)) return value->shape.dtype = model->dtype, GLIA_OK;
    const glia_cast_params to = {.dtype = wide ? model->dtype : model->compute};
    const glia_value from     = *in;
    return add_node(model, &gli_op_cast, &to, 1, &from, 1, in);
}

static glia_status add_call(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in,
                            int n_out, glia_value *out) {
    if (model->compute == model->dtype || op == &gli_op_cast) return add_node(model, op, params, n_in, in, n_out, out);
    glia_value read[GLI_MAX_IN];
    for (int i = 0; i < n_in; ++i) {
        read[i] = in[i];
        GLI_TRY(convert_input(model, i < op->n_inputs && gli_input_is(op, i, GLI_IN_WIDE), &read[i]));
    }
    return add_node(model, op, params, n_in, read, n_out, out);
}

glia_value gli_layer_call(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in,
                          int n_out, glia_value *out) {
    const glia_status status =
        model->failure != GLIA_OK ? model->failure : add_call(model, op, params, n_in, in, n_out, out);
    if (status == GLIA_OK) return out[0];
    for (int i = 0; i < n_out; ++i) out[i] = GLI_INVALID;
    return gli_model_take_failure(model, status);
}

glia_value gli_layer_call_1(glia_model *model, const gli_op *op, const void *params, int n_in, const glia_value *in) {
    glia_value out;
    return gli_layer_call(model, op, params, n_in, in, 1, &out);
}

gli_model_node *gli_model_last_node(glia_model *model) {
    return model->failure == GLIA_OK && model->n_nodes ? &model->nodes[model->n_nodes - 1] : NULL;
}

glia_value gli_layer_of_op(glia_model *model, const char *kind, const char *name, glia_value x, const gli_op *op,
                           const void *params) {
    if (!gli_layer_begin(model, kind, name, &x, 1, false)) return GLI_INVALID;
    return gli_layer_end(model, gli_layer_call_1(model, op, params, 1, &x));
}

glia_value gli_layer_weight(glia_model *model, const gli_weight_spec *spec) {
    const gli_layer *layer = &model->layers[model->n_layers - 1];
    gli_weight weight      = {.ndim     = spec->ndim,
                              .init     = spec->init.kind == GLIA_INIT_DEFAULT ? spec->fallback : spec->init,
                              .fan_in   = spec->fan_in,
                              .fan_out  = spec->fan_out,
                              .zero_row = spec->zero_row,
                              .frozen   = layer->frozen,
                              .buffer   = spec->buffer,
                              .state    = spec->state};
    snprintf(weight.name, sizeof weight.name, "%.*s.%s", GLI_NAME_LIMIT, layer->name, spec->suffix);
    memcpy(weight.dim, spec->dim, sizeof weight.dim);
    return gli_model_add_weight(model, &weight);
}
