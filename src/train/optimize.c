/* From the loss to the new weights: gradients, clipping, penalty, optimizer, as ops of the training graph. */
#include "glia/ops/elementwise.h"
#include "graph/graph_impl.h"
#include "train/step.h"

static glia_value call(const gli_emission *e, const gli_op *op, const void *params, const glia_value *in, int n_in,
                       glia_value *out, int n_out) {
    return gli_graph_call(e->graph, op, params, in, n_in, out, n_out);
}

static glia_value clipped(const gli_emission *e, glia_value gradient, double norm) {
    glia_value out;
    return call(e, &gli_op_clip_by_norm, &(glia_clip_by_norm_params){.max_norm = norm}, &gradient, 1, &out, 1);
}

/* The gradients of all trained weights, as one vector in the order of the weights' vector. */
static glia_value gradient_vector(const gli_emission *e, double clip_norm, glia_value total) {
    const glia_model *model = e->model;
    glia_context *ctx       = model->ctx;
    const size_t count      = (size_t)model->n_weights;
    glia_value *values, vector = {-1};
    int64_t *offsets = NULL;
    void *memory;
    if (gli_new(ctx, 2 * count, sizeof *values, "a training step", &memory) != GLIA_OK)
        return (gli_graph_fail(e->graph, GLIA_OUT_OF_MEMORY), vector);
    values                = memory;
    glia_value *gradients = values + count;
    int n                 = 0;
    glia_status status    = gli_new(ctx, count, sizeof *offsets, "a training step", &memory);
    if (status == GLIA_OK) {
        offsets = memory;
        for (int i = 1; i < model->n_values; ++i) {
            const gli_model_value *value = &model->values[i];
            if (value->source != GLI_SOURCE_WEIGHT || model->weights[value->index].offset >= model->trained) continue;
            offsets[n]  = model->weights[value->index].offset;
            values[n++] = e->map[i];
        }
        status = glia_graph_gradient(e->graph, total, values, n, gradients);
    }
    if (status == GLIA_OK) {
        for (int i = 0; i < n && clip_norm > 0; ++i) gradients[i] = clipped(e, gradients[i], clip_norm);
        vector = gli_graph_pack(e->graph, gradients, offsets, n, model->trained);
    } else {
        gli_graph_fail(e->graph, status);
    }
    gli_free(ctx, offsets, count, sizeof *offsets);
    gli_free(ctx, values, 2 * count, sizeof *values);
    return vector;
}

static void optimize(const gli_emission *e, const gli_compiled *c, glia_value gradient, glia_value update,
                     glia_value skip) {
    glia_value state[GLI_MAX_OPTIMIZER_STATE] = {{0}}, out[GLI_MAX_OPTIMIZER_STATE + 1] = {{0}};
    for (int i = 0; i < GLI_MAX_OPTIMIZER_STATE; ++i)
        if (c->state[i]) state[i] = glia_graph_tensor(e->graph, "optimizer", c->state[i]);
    const gli_optimizer_values values = {.param = gli_graph_view(e->graph, e->vector, 0, GLIA_SHAPE(e->model->trained)),
                                         .gradient = gradient,
                                         .rate     = glia_graph_tensor(e->graph, "rate", c->rate),
                                         .update   = update,
                                         .skip     = skip,
                                         .state    = state};
    gli_optimizer_emit(&c->optimizer, e->graph, &values, out);
    glia_graph_assign(e->graph, values.param, out[0]);
    for (int i = 0; i < GLI_MAX_OPTIMIZER_STATE; ++i)
        if (state[i].id) glia_graph_assign(e->graph, state[i], out[i + 1]);
}

static glia_value clipped_gradient(const gli_emission *e, const gli_compiled *c, glia_value total) {
    glia_value gradient = gradient_vector(e, c->clip_norm, total);
    if (c->clip_value > 0) {
        const glia_unary_params limits = {.kind = GLIA_UNARY_CLIP, .alpha = -c->clip_value, .beta = c->clip_value};
        call(e, &gli_op_unary, &limits, &gradient, 1, &gradient, 1);
    }
    return c->clip_global_norm > 0 ? clipped(e, gradient, c->clip_global_norm) : gradient;
}

/* After clipping: a gradient that was not finite may be then. */
static glia_value check_finite(const gli_emission *e, const gli_compiled *c, glia_value total, glia_value gradient) {
    const glia_value failed = glia_graph_tensor(e->graph, "failed", c->failed);
    glia_value new_failed;
    call(e, &gli_op_check_finite, NULL, (glia_value[]){total, e->step, failed, gradient}, gradient.id ? 4 : 3,
         &new_failed, 1);
    glia_graph_assign(e->graph, failed, new_failed);
    return new_failed;
}

void gli_emit_before(const gli_emission *e, const gli_compiled *c) {
    if (!c->before) return;
    const glia_shape shape  = glia_tensor_shape(c->before);
    const glia_value failed = glia_graph_tensor(e->graph, "failed", c->failed);
    const glia_value before = glia_graph_tensor(e->graph, "before", c->before);
    const glia_value now    = gli_graph_view(e->graph, e->vector, e->model->buffers, shape);
    glia_value kept;
    call(e, &gli_op_select, NULL, (glia_value[]){failed, before, now}, 3, &kept, 1);
    glia_graph_assign(e->graph, before, kept);
}

void gli_emit_training(gli_emission *e, const gli_compiled *c, glia_value total, glia_value update, bool checked) {
    glia_value skip = {0}, gradient = {0};
    gli_graph_set_label(e->graph, "gradient");
    if (e->model->trained > 0) gradient = clipped_gradient(e, c, total);
    if (checked) skip = check_finite(e, c, total, gradient);
    gli_graph_set_label(e->graph, "optimizer");
    if (e->model->trained > 0) optimize(e, c, gradient, update, skip);
    gli_graph_set_label(e->graph, NULL);
}
