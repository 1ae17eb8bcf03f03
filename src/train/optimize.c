/* From the loss to the new weights: gradients, clipping, penalty, optimizer, as ops of the training graph. */
#include "core/size.h"
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
static glia_value gradient_vector(const gli_emission *e, glia_value total) {
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
            const gli_recipe_value *value = &model->values[i];
            if (value->source != GLI_FROM_WEIGHT || model->weights[value->index].offset >= model->training.trained)
                continue;
            offsets[n]  = model->weights[value->index].offset;
            values[n++] = e->map[i];
        }
        status = glia_graph_gradient(e->graph, total, values, n, gradients);
    }
    if (status == GLIA_OK) {
        for (int i = 0; i < n && model->training.args.clip_norm > 0; ++i)
            gradients[i] = clipped(e, gradients[i], model->training.args.clip_norm);
        vector = gli_graph_pack(e->graph, gradients, offsets, n, model->training.trained);
    } else {
        gli_graph_fail(e->graph, status);
    }
    gli_free(ctx, offsets, count, sizeof *offsets);
    gli_free(ctx, values, 2 * count, sizeof *values);
    return vector;
}

/* Each optimizer: its inputs after the weights, gradient and rate, and its outputs, the new weights first. */
static void optimize(const gli_emission *e, glia_value gradient) {
    const gli_training *t      = &e->model->training;
    const glia_compile_args *a = &t->args;
    const glia_shape shape     = GLIA_SHAPE(t->trained);
    glia_value state[3] = {{0}}, in[7], out[4] = {{0}};
    for (int i = 0; i < 3; ++i)
        if (t->state[i]) state[i] = glia_graph_tensor(e->graph, "optimizer", t->state[i]);
    in[0] = gli_graph_view(e->graph, e->vector, 0, shape);
    in[1] = gradient;
    in[2] = glia_graph_tensor(e->graph, "rate", t->rate);
    switch (a->optimizer) {
        case GLIA_SGD:
        case GLIA_MOMENTUM:
        case GLIA_NESTEROV: {
            const glia_sgd_params p = {.momentum = a->optimizer == GLIA_SGD ? 0 : a->momentum,
                                       .nesterov = a->optimizer == GLIA_NESTEROV,
                                       .l1       = a->l1,
                                       .l2       = a->l2};
            in[3]                   = state[0];
            call(e, &gli_op_sgd, &p, in, 4, out, state[0].id ? 2 : 1);
            break;
        }
        case GLIA_ADAGRAD: {
            const glia_adagrad_params p = {.epsilon = a->epsilon, .l1 = a->l1, .l2 = a->l2};
            in[3]                       = state[0];
            call(e, &gli_op_adagrad, &p, in, 4, out, 2);
            break;
        }
        case GLIA_RMSPROP: {
            const glia_rmsprop_params p = {
                .alpha = a->beta2, .epsilon = a->epsilon, .momentum = a->momentum, .l1 = a->l1, .l2 = a->l2};
            in[3] = state[0], in[4] = state[1];
            call(e, &gli_op_rmsprop, &p, in, 5, out, state[1].id ? 3 : 2);
            break;
        }
        case GLIA_ADAM:
        case GLIA_ADAMW: {
            const glia_adam_params p = {.beta1     = a->beta1,
                                        .beta2     = a->beta2,
                                        .epsilon   = a->epsilon,
                                        .l1        = a->l1,
                                        .l2        = a->l2,
                                        .decoupled = a->optimizer == GLIA_ADAMW};
            in[3] = gli_emit_counter(e, GLI_COUNTER_UPDATE), in[4] = state[0], in[5] = state[1];
            call(e, &gli_op_adam, &p, in, 6, out, 3);
            break;
        }
    }
    glia_graph_assign(e->graph, in[0], out[0]);
    for (int i = 0; i < 3; ++i)
        if (state[i].id) glia_graph_assign(e->graph, state[i], out[i + 1]);
}

void gli_emit_training(gli_emission *e, glia_value total) {
    const glia_compile_args *a = &e->model->training.args;
    if (e->model->training.trained == 0) return;
    gli_graph_set_label(e->graph, "gradient");
    glia_value gradient = gradient_vector(e, total);
    if (a->clip_value > 0) {
        const glia_unary_params limits = {
            .kind = GLIA_CLIP, .alpha = (float)-a->clip_value, .beta = (float)a->clip_value};
        glia_value out;
        gradient = call(e, &gli_op_unary, &limits, &gradient, 1, &out, 1);
    }
    if (a->clip_global_norm > 0) gradient = clipped(e, gradient, a->clip_global_norm);
    gli_graph_set_label(e->graph, "optimizer");
    optimize(e, gradient);
    gli_graph_set_label(e->graph, NULL);
}
