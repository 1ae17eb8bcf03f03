/* Losses and metrics of a model's outputs, as ops of its graph. */
#include <string.h>

#include "graph/graph_impl.h"
#include "train/step.h"

/* One row a loss: which op computes it, and what its metric is. */
static const struct {
    bool classes; /* the op cross_entropy; otherwise the op loss */
    glia_cross_entropy_from from;
    glia_loss_kind kind;
    bool mean_over_batch; /* the sum, divided by the batch: KL as PyTorch's batchmean */
    glia_metric metric;
    bool logits; /* of binary accuracy: predictions are logits */
} rules[] = {
    [GLIA_CROSS_ENTROPY]             = {.classes = true, .from = GLIA_LOGITS, .metric = GLIA_METRIC_ACCURACY},
    [GLIA_CATEGORICAL_CROSS_ENTROPY] = {.classes = true, .from = GLIA_PROBABILITIES, .metric = GLIA_METRIC_ACCURACY},
    [GLIA_NEGATIVE_LOG_LIKELIHOOD] = {.classes = true, .from = GLIA_LOG_PROBABILITIES, .metric = GLIA_METRIC_ACCURACY},
    [GLIA_MEAN_SQUARED_ERROR]      = {.kind = GLIA_MSE},
    [GLIA_MEAN_ABSOLUTE_ERROR]     = {.kind = GLIA_MAE},
    [GLIA_HUBER_LOSS]              = {.kind = GLIA_HUBER},
    [GLIA_BINARY_CROSS_ENTROPY]    = {.kind = GLIA_BCE, .metric = GLIA_METRIC_BINARY_ACCURACY},
    [GLIA_BINARY_CROSS_ENTROPY_FROM_LOGITS] = {.kind   = GLIA_BCE_LOGITS,
                                               .metric = GLIA_METRIC_BINARY_ACCURACY,
                                               .logits = true},
    [GLIA_KL_DIVERGENCE]                    = {.kind = GLIA_KL, .mean_over_batch = true},
};

bool gli_loss_by_class(glia_model_loss loss) { return loss != GLIA_NO_LOSS && rules[loss].classes; }

glia_metric gli_default_metric(glia_model_loss loss) {
    const glia_metric metric = loss == GLIA_NO_LOSS ? GLIA_METRIC_NONE : rules[loss].metric;
    return metric == GLIA_METRIC_DEFAULT ? GLIA_METRIC_NONE : metric;
}

static glia_value call(const gli_emission *e, const gli_op *op, const void *params, int n_in, const glia_value *in) {
    glia_value out;
    return gli_graph_call(e->graph, op, params, in, n_in, &out, 1);
}

/* value * factor */
static glia_value scaled(const gli_emission *e, glia_value value, double factor) {
    if (factor == 1) return value;
    const glia_value constant = gli_graph_constant(e->graph, glia_graph_dtype(e->graph, value), GLIA_SCALAR, factor);
    return call(e, &gli_op_binary, &(glia_binary_params){.kind = GLIA_MUL}, 2, (glia_value[]){value, constant});
}

/* Floating-point targets in the prediction's dtype. */
static glia_value converted(const gli_emission *e, glia_value target, glia_dtype dtype) {
    if (glia_graph_dtype(e->graph, target) == dtype) return target;
    return call(e, &gli_op_cast, &(glia_cast_params){.dtype = dtype}, 1, &target);
}

static bool is_index(glia_dtype dtype) { return dtype == GLIA_I32 || dtype == GLIA_I64; }

/* The op loss takes a target of the prediction's shape; [N] stands for [N,1]. */
static glia_value same_shape(const gli_emission *e, glia_value target, glia_value prediction) {
    const glia_shape want = glia_graph_shape(e->graph, prediction), have = glia_graph_shape(e->graph, target);
    int64_t wanted = 1, had = 1;
    for (int i = 0; i < want.ndim; ++i) wanted *= want.dim[i];
    for (int i = 0; i < have.ndim; ++i) had *= have.dim[i];
    if (want.ndim == have.ndim || wanted != had) return target;
    return call(e, &gli_op_reshape, &(glia_reshape_params){.shape = want}, 1, &target);
}

static glia_value loss_of(const gli_emission *e, int i, glia_value prediction, glia_value target) {
    const glia_model *model      = e->model;
    const glia_output_args *args = &model->outputs[i].args;
    const glia_dtype dtype       = glia_graph_dtype(e->graph, prediction);
    if (rules[args->loss].classes) {
        const glia_cross_entropy_params params = {.from            = rules[args->loss].from,
                                                  .reduction       = args->reduction,
                                                  .ignore_index    = args->ignore_index,
                                                  .ignore          = args->ignore,
                                                  .label_smoothing = args->label_smoothing};
        glia_value weight                      = {0};
        if (model->training.class_weight[i])
            weight = glia_graph_tensor(e->graph, "class_weight", model->training.class_weight[i]);
        if (!is_index(glia_graph_dtype(e->graph, target))) target = converted(e, target, dtype);
        return call(e, &gli_op_cross_entropy, &params, 3, (glia_value[]){prediction, target, weight});
    }
    const bool batch_mean         = rules[args->loss].mean_over_batch && args->reduction == GLIA_REDUCE_MEAN;
    const glia_loss_params params = {.kind      = rules[args->loss].kind,
                                     .reduction = batch_mean ? GLIA_REDUCE_SUM : args->reduction,
                                     .delta     = args->delta};
    target                        = same_shape(e, converted(e, target, dtype), prediction);
    return scaled(e, call(e, &gli_op_loss, &params, 2, (glia_value[]){prediction, target}),
                  batch_mean ? 1.0 / (double)e->batch : 1);
}

/* Adds value, a mean over the batch, to a pair of sums. */
static void accumulate(const gli_emission *e, glia_value value, glia_tensor *sums) {
    const glia_value state     = glia_graph_tensor(e->graph, "sums", sums);
    const glia_value new_state = call(e, &gli_op_accumulate, &(glia_accumulate_params){.weight = (double)e->batch}, 2,
                                      (glia_value[]){value, state});
    glia_graph_assign(e->graph, state, new_state);
}

static void emit_metric(const gli_emission *e, int i, int k, glia_value prediction, glia_value target) {
    const glia_output_args *args = &e->model->outputs[i].args;
    glia_tensor *counts          = e->model->training.counts[i][k];
    const glia_metric metric     = args->metrics[k];
    const glia_dtype dtype       = glia_graph_dtype(e->graph, prediction);
    if (metric == GLIA_METRIC_MSE || metric == GLIA_METRIC_MAE) {
        const glia_loss_params params = {.kind = metric == GLIA_METRIC_MSE ? GLIA_MSE : GLIA_MAE};
        target                        = same_shape(e, converted(e, target, dtype), prediction);
        accumulate(e, call(e, &gli_op_loss, &params, 2, (glia_value[]){prediction, target}), counts);
        return;
    }
    glia_accuracy_params params = {
        .k = metric == GLIA_METRIC_TOP_K ? args->top_k : 1, .ignore_index = args->ignore_index, .ignore = args->ignore};
    if (metric == GLIA_METRIC_BINARY_ACCURACY) {
        params = (glia_accuracy_params){.binary = true, .logits = rules[args->loss].logits};
        target = same_shape(e, converted(e, target, dtype), prediction);
    } else if (!is_index(glia_graph_dtype(e->graph, target))) {
        target = converted(e, target, dtype);
    }
    const glia_value state     = glia_graph_tensor(e->graph, "counts", counts);
    const glia_value new_state = call(e, &gli_op_accuracy, &params, 3, (glia_value[]){prediction, target, state});
    glia_graph_assign(e->graph, state, new_state);
}

/* The graph keeps no copy of a label. */
static const char *const output_label[GLIA_MAX_OUTPUTS] = {"output 0", "output 1", "output 2", "output 3",
                                                           "output 4", "output 5", "output 6", "output 7"};

void gli_emit_losses(gli_emission *e, const glia_value *targets, glia_value *total) {
    *total = (glia_value){0};
    for (int i = 0, t = 0; i < e->model->n_outputs; ++i) {
        const gli_output_info *output = &e->model->outputs[i];
        if (output->args.loss == GLIA_NO_LOSS) continue;
        const glia_value prediction = e->map[output->value], target = targets[t++];
        gli_graph_set_label(e->graph, output_label[i]);
        const glia_value loss = loss_of(e, i, prediction, target);
        /* Sums are reported for each sample too, so that they do not depend on the batch size. */
        accumulate(e, scaled(e, loss, output->args.reduction == GLIA_REDUCE_SUM ? 1.0 / (double)e->batch : 1),
                   e->model->training.sums[i]);
        for (int k = 0; k < GLIA_MAX_METRICS; ++k)
            if (output->args.metrics[k] != GLIA_METRIC_NONE) emit_metric(e, i, k, prediction, target);
        const glia_value part = scaled(e, loss, output->args.weight);
        *total                = total->id
                                    ? call(e, &gli_op_binary, &(glia_binary_params){.kind = GLIA_ADD}, 2, (glia_value[]){*total, part})
                                    : part;
    }
    gli_graph_set_label(e->graph, NULL);
}

glia_status gli_results_reset(glia_model *model) {
    for (int i = 0; i < model->n_outputs; ++i) {
        if (model->training.sums[i]) GLI_TRY(glia_tensor_fill(model->training.sums[i], 0));
        for (int k = 0; k < GLIA_MAX_METRICS; ++k)
            if (model->training.counts[i][k]) GLI_TRY(glia_tensor_fill(model->training.counts[i][k], 0));
    }
    return GLIA_OK;
}

static const char *metric_name(glia_metric metric) {
    switch (metric) {
        case GLIA_METRIC_ACCURACY: return "accuracy";
        case GLIA_METRIC_BINARY_ACCURACY: return "binary_accuracy";
        case GLIA_METRIC_TOP_K: return "top_k";
        case GLIA_METRIC_MSE: return "mse";
        case GLIA_METRIC_MAE: return "mae";
        case GLIA_METRIC_DEFAULT:
        case GLIA_METRIC_NONE: break;
    }
    return "none";
}

static glia_status mean_of(const glia_tensor *pair, double *out) {
    double sums[2];
    GLI_TRY(glia_tensor_read(pair, sums, sizeof sums));
    *out = sums[1] > 0 ? sums[0] / sums[1] : 0;
    return GLIA_OK;
}

glia_status gli_results_read(glia_model *model, glia_result *out) {
    *out = (glia_result){0};
    for (int i = 0; i < model->n_outputs; ++i) {
        const glia_output_args *args = &model->outputs[i].args;
        if (!model->training.sums[i]) continue;
        double mean;
        GLI_TRY(mean_of(model->training.sums[i], &mean));
        out->loss += args->weight * mean;
        for (int k = 0; k < GLIA_MAX_METRICS; ++k) {
            if (!model->training.counts[i][k]) continue;
            GLI_TRY(mean_of(model->training.counts[i][k], &out->metric[out->n_metrics]));
            out->metric_name[out->n_metrics++] = metric_name(args->metrics[k]);
        }
    }
    return GLIA_OK;
}
