/* Losses as values; losses and metrics of a model's outputs as ops of its graph. */
#include <float.h>
#include <math.h>
#include <stdalign.h>
#include <stddef.h>

#include "core/dtype.h"
#include "glia/ops/metric.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/movement.h"
#include "glia/ops/reduce.h"
#include "glia/ops/softmax.h"
#include "graph/graph_impl.h"
#include "train/step.h"

/* One row a loss: which op computes it, and what its metric is. */
static const struct {
    bool classes; /* the op cross_entropy; otherwise the op loss */
    glia_cross_entropy_from from;
    bool mean_over_batch; /* the sum, divided by the batch: KL as PyTorch's batchmean */
    glia_metric metric;
    bool logits; /* of binary accuracy: predictions are logits */
} rules[] = {
    [GLIA_LOSS_NONE]                      = {.metric = GLIA_METRIC_NONE},
    [GLIA_LOSS_MSE]                       = {.metric = GLIA_METRIC_NONE},
    [GLIA_LOSS_MAE]                       = {.metric = GLIA_METRIC_NONE},
    [GLIA_LOSS_HUBER]                     = {.metric = GLIA_METRIC_NONE},
    [GLIA_LOSS_BCE]                       = {.metric = GLIA_METRIC_BINARY_ACCURACY},
    [GLIA_LOSS_BCE_LOGITS]                = {.metric = GLIA_METRIC_BINARY_ACCURACY, .logits = true},
    [GLIA_LOSS_KL]                        = {.metric = GLIA_METRIC_NONE, .mean_over_batch = true},
    [GLIA_LOSS_CROSS_ENTROPY]             = {true, GLIA_FROM_LOGITS, .metric = GLIA_METRIC_ACCURACY},
    [GLIA_LOSS_CATEGORICAL_CROSS_ENTROPY] = {true, GLIA_FROM_PROBABILITIES, .metric = GLIA_METRIC_ACCURACY},
    [GLIA_LOSS_NLL]                       = {true, GLIA_FROM_LOG_PROBABILITIES, .metric = GLIA_METRIC_ACCURACY},
};

static glia_model_loss make(glia_loss_kind kind) { return (glia_model_loss){.kind = kind}; }

glia_model_loss glia_loss_cross_entropy(void) { return make(GLIA_LOSS_CROSS_ENTROPY); }
glia_model_loss glia_loss_categorical_cross_entropy(void) { return make(GLIA_LOSS_CATEGORICAL_CROSS_ENTROPY); }
glia_model_loss glia_loss_nll(void) { return make(GLIA_LOSS_NLL); }
glia_model_loss glia_loss_bce(void) { return make(GLIA_LOSS_BCE); }
glia_model_loss glia_loss_bce_logits(void) { return make(GLIA_LOSS_BCE_LOGITS); }
glia_model_loss glia_loss_mse(void) { return make(GLIA_LOSS_MSE); }
glia_model_loss glia_loss_mae(void) { return make(GLIA_LOSS_MAE); }
glia_model_loss glia_loss_kl(void) { return make(GLIA_LOSS_KL); }

glia_model_loss glia_loss_huber(double delta) {
    glia_model_loss loss = make(GLIA_LOSS_HUBER);
    loss.delta           = delta;
    return loss;
}

bool gli_loss_by_class(glia_loss_kind kind) { return rules[kind].classes; }

glia_metric gli_default_metric(glia_loss_kind kind) { return rules[kind].metric; }

double gli_loss_weight(const glia_model_loss *loss) { return gli_value_or(loss->weight, 1); }

bool gli_loss_trains(const glia_model_loss *loss) { return loss->kind != GLIA_LOSS_NONE && gli_loss_weight(loss) != 0; }

static glia_cross_entropy_params class_params(const glia_model_loss *loss) {
    return (glia_cross_entropy_params){.from            = rules[loss->kind].from,
                                       .reduction       = loss->reduction,
                                       .ignore_index    = loss->classes.ignore_index,
                                       .ignore          = loss->classes.ignore,
                                       .label_smoothing = loss->classes.label_smoothing};
}

static glia_loss_params plain_params(const glia_model_loss *loss) {
    glia_loss_params params = glia_loss_defaults();
    params.kind             = loss->kind;
    params.reduction        = loss->reduction;
    if (loss->kind == GLIA_LOSS_HUBER) params.delta = loss->delta;
    if (loss->kind == GLIA_LOSS_KL) params.log_target = loss->log_target;
    return params;
}

/* Checks the numbers with the resolve of the op, on two samples of two classes. */
static glia_status check_numbers(glia_context *ctx, const glia_model_loss *loss) {
    const bool classes     = rules[loss->kind].classes;
    glia_tensor prediction = {.ctx = ctx}, target = {.ctx = ctx};
    const glia_tensor *in[] = {&prediction, classes ? &target : &prediction};
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    gli_set_shape(&prediction, GLIA_F32, 2, (const int64_t[]){2, 2});
    gli_set_shape(&target, GLIA_I64, 1, (const int64_t[]){2});
    if (classes) {
        const glia_cross_entropy_params params = class_params(loss);
        return gli_resolve(ctx, &gli_op_cross_entropy, &params, 2, in, geom, &r);
    }
    const glia_loss_params params = plain_params(loss);
    return gli_resolve(ctx, &gli_op_loss, &params, 2, in, geom, &r);
}

glia_status gli_loss_check(glia_context *ctx, const glia_model_loss *loss) {
    GLI_REQUIRE(ctx, (unsigned)loss->kind <= GLIA_LOSS_NLL, GLIA_INVALID_ARGUMENT, "invalid loss %d", (int)loss->kind);
    if (loss->kind == GLIA_LOSS_NONE) return GLIA_OK;
    GLI_REQUIRE(ctx, loss->reduction == GLIA_REDUCTION_MEAN || loss->reduction == GLIA_REDUCTION_SUM,
                GLIA_INVALID_ARGUMENT, "reduction is %d, must be mean or sum", (int)loss->reduction);
    const double weight = gli_loss_weight(loss);
    GLI_REQUIRE(ctx, weight >= 0 && isfinite((float)weight), GLIA_INVALID_ARGUMENT,
                "the weight of the loss is %g, must be finite in f32 and not negative", weight);
    return check_numbers(ctx, loss);
}

static glia_value call(const gli_emission *e, const gli_op *op, const void *params, int n_in, const glia_value *in) {
    glia_value out;
    return gli_graph_call(e->graph, op, params, in, n_in, &out, 1);
}

static glia_value binary(const gli_emission *e, glia_binary_kind kind, glia_value a, glia_value b) {
    return call(e, &gli_op_binary, &(glia_binary_params){.kind = kind}, 2, (glia_value[]){a, b});
}

/* The same number in each element, in the dtype of `like`. */
static glia_value constant(const gli_emission *e, glia_value like, glia_shape shape, double number) {
    return gli_graph_constant(e->graph, glia_graph_dtype(e->graph, like), shape, number);
}

/* value * factor */
static glia_value scaled(const gli_emission *e, glia_value value, double factor) {
    return factor == 1 ? value : binary(e, GLIA_BINARY_MUL, value, constant(e, value, GLIA_SCALAR, factor));
}

/* Floating-point targets in the prediction's dtype. */
static glia_value converted(const gli_emission *e, glia_value target, glia_dtype dtype) {
    if (glia_graph_dtype(e->graph, target) == dtype) return target;
    return call(e, &gli_op_cast, &(glia_cast_params){.dtype = dtype}, 1, &target);
}

static bool is_index(glia_dtype dtype) { return dtype == GLIA_I32 || dtype == GLIA_I64; }

/* The op loss takes a target of the prediction's shape; [N] stands for [N,1]. */
static glia_value same_shape(const gli_emission *e, glia_value target, glia_value prediction) {
    const glia_shape expected = glia_graph_shape(e->graph, prediction), given = glia_graph_shape(e->graph, target);
    int64_t expected_count = 1, given_count = 1;
    for (int i = 0; i < expected.ndim; ++i) expected_count *= expected.dim[i];
    for (int i = 0; i < given.ndim; ++i) given_count *= given.dim[i];
    if (expected.ndim == given.ndim || expected_count != given_count) return target;
    return call(e, &gli_op_reshape, &(glia_reshape_params){.shape = expected}, 1, &target);
}

/* The input of the softmax over the classes that made the value; the value itself where another op did. */
static glia_value logits_of(const glia_graph *graph, glia_value value) {
    const gli_value_info *info = gli_graph_value(graph, value);
    if (!info || info->kind != GLI_VALUE_RESULT || graph->nodes[info->node].op != &gli_op_softmax) return value;
    const gli_node *node           = &graph->nodes[info->node];
    const glia_softmax_params *how = node->params;
    const int axis                 = how->axis < 0 ? how->axis + info->tensor.ndim : how->axis;
    return axis == 1 && !how->log ? (glia_value){node->in[0], graph} : value;
}

/* Of a loss over classes: what the op itself would not explain. */
static glia_status check_targets(const gli_emission *e, glia_value prediction, glia_value target) {
    const glia_dtype dtype    = glia_graph_dtype(e->graph, target);
    const glia_shape expected = glia_graph_shape(e->graph, prediction), given = glia_graph_shape(e->graph, target);
    char shape[GLI_SHAPE_TEXT];
    gli_shape_text(expected.ndim, expected.dim, shape);
    GLI_REQUIRE(e->graph->ctx, is_index(dtype) || given.ndim != expected.ndim - 1, GLIA_DTYPE_MISMATCH,
                "the targets are %s: class indices must be i32 or i64, probabilities %s", glia_dtype_name(dtype),
                shape);
    GLI_REQUIRE(e->graph->ctx, given.ndim != 1 || expected.ndim <= 2, GLIA_SHAPE_MISMATCH,
                "there is one target for each sample, but the output %s has classes at %s: is a flatten missing before "
                "the dense layers?",
                shape, gli_shape_text(expected.ndim - 2, expected.dim + 2, (char[GLI_SHAPE_TEXT]){0}));
    return GLIA_OK;
}

/* What a mean over the items is divided by: their number or, of class indices, the sum of the weights of their classes,
 * which is the cross entropy of log-probabilities of -1. in: of the op cross_entropy. */
static glia_value divisor_by_class(const gli_emission *e, const glia_cross_entropy_params *how, const glia_value *in) {
    const glia_shape shape = glia_graph_shape(e->graph, in[0]);
    double items           = 1;
    for (int i = 0; i < shape.ndim; ++i) items *= i == 1 ? 1 : (double)shape.dim[i];
    if (!is_index(glia_graph_dtype(e->graph, in[1])) || (!how->ignore && !in[2].id))
        return constant(e, in[0], GLIA_SCALAR, items);
    const glia_cross_entropy_params count = {.from         = GLIA_FROM_LOG_PROBABILITIES,
                                             .reduction    = GLIA_REDUCTION_SUM,
                                             .ignore_index = how->ignore_index,
                                             .ignore       = how->ignore};
    const glia_value each                 = constant(e, in[0], shape, -1);
    const glia_value sum = call(e, &gli_op_cross_entropy, &count, 3, (glia_value[]){each, in[1], in[2]});
    return binary(e, GLIA_BINARY_MAXIMUM, sum, constant(e, in[0], GLIA_SCALAR, FLT_MIN)); /* 0 / 0 counts as 0 */
}

/* cross_entropy of which each item is multiplied with the weight of its sample, [N]. */
static glia_value weighted_by_class(const gli_emission *e, const glia_cross_entropy_params *how, const glia_value *in,
                                    glia_value weight) {
    glia_cross_entropy_params each = *how;
    each.reduction                 = GLIA_REDUCTION_NONE;
    const glia_value items         = call(e, &gli_op_cross_entropy, &each, 3, in);
    glia_reshape_params column     = {.shape = {.ndim = glia_graph_shape(e->graph, items).ndim, .dim = {e->batch}}};
    for (int i = 1; i < column.shape.ndim; ++i) column.shape.dim[i] = 1;
    weight               = call(e, &gli_op_reshape, &column, 1, &weight);
    const glia_value all = binary(e, GLIA_BINARY_MUL, items, weight), sum = call(e, &gli_op_reduce, NULL, 1, &all);
    return how->reduction == GLIA_REDUCTION_SUM ? sum : binary(e, GLIA_BINARY_DIV, sum, divisor_by_class(e, how, in));
}

static glia_value loss_by_class(const gli_emission *e, const glia_model_loss *loss, glia_tensor *class_weight,
                                glia_value prediction, glia_value target, glia_value sample_weight) {
    glia_cross_entropy_params params = class_params(loss);
    glia_value weight                = {0};
    if (class_weight) weight = glia_graph_tensor(e->graph, "class_weight", class_weight);
    gli_set_scope(e->graph->ctx, "%s: ", e->graph->label);
    const glia_status status = check_targets(e, prediction, target);
    gli_set_scope(e->graph->ctx, NULL);
    if (status != GLIA_OK) return gli_graph_fail(e->graph, status), GLI_INVALID;
    if (!is_index(glia_graph_dtype(e->graph, target)))
        target = converted(e, target, glia_graph_dtype(e->graph, prediction));
    const glia_value logits = params.from == GLIA_FROM_PROBABILITIES ? logits_of(e->graph, prediction) : prediction;
    if (logits.id != prediction.id) params.from = GLIA_FROM_LOGITS;
    const glia_value in[] = {logits, target, weight};
    return sample_weight.id ? weighted_by_class(e, &params, in, sample_weight)
                            : call(e, &gli_op_cross_entropy, &params, 3, in);
}

static glia_value plain_loss(const gli_emission *e, const glia_model_loss *loss, glia_value prediction,
                             glia_value target, glia_value sample_weight) {
    const bool batch_mean   = rules[loss->kind].mean_over_batch && loss->reduction == GLIA_REDUCTION_MEAN;
    glia_loss_params params = plain_params(loss);
    if (batch_mean) params.reduction = GLIA_REDUCTION_SUM;
    target             = same_shape(e, converted(e, target, glia_graph_dtype(e->graph, prediction)), prediction);
    const glia_value y = call(e, &gli_op_loss, &params, 3, (glia_value[]){prediction, target, sample_weight});
    return scaled(e, y, batch_mean ? 1.0 / (double)e->batch : 1);
}

/* Adds value, a mean over the batch, to a sum and its count. */
static void accumulate(const gli_emission *e, glia_value value, glia_value state) {
    const glia_value new_state = call(e, &gli_op_accumulate, &(glia_accumulate_params){.weight = (double)e->batch}, 2,
                                      (glia_value[]){value, state});
    glia_graph_assign(e->graph, state, new_state);
}

static glia_accuracy_params accuracy_of(const glia_output_args *args, glia_metric metric) {
    glia_accuracy_params params = glia_accuracy_defaults();
    params.binary               = metric == GLIA_METRIC_BINARY_ACCURACY;
    params.logits               = params.binary && rules[args->loss.kind].logits;
    if (metric == GLIA_METRIC_TOP_K) params.k = args->top_k;
    if (params.binary || !rules[args->loss.kind].classes) return params;
    params.ignore       = args->loss.classes.ignore;
    params.ignore_index = args->loss.classes.ignore_index;
    return params;
}

static void emit_metric(const gli_emission *e, const glia_output_args *args, glia_metric metric, glia_value state,
                        glia_value prediction, glia_value target) {
    const glia_dtype dtype = glia_graph_dtype(e->graph, prediction);
    const bool error       = metric == GLIA_METRIC_MSE || metric == GLIA_METRIC_MAE;
    if (error || metric == GLIA_METRIC_BINARY_ACCURACY)
        target = same_shape(e, converted(e, target, dtype), prediction);
    else if (!is_index(glia_graph_dtype(e->graph, target)))
        target = converted(e, target, dtype);
    if (error) {
        glia_loss_params params = glia_loss_defaults();
        params.kind             = metric == GLIA_METRIC_MSE ? GLIA_LOSS_MSE : GLIA_LOSS_MAE;
        accumulate(e, call(e, &gli_op_loss, &params, 2, (glia_value[]){prediction, target}), state);
        return;
    }
    const glia_accuracy_params params = accuracy_of(args, metric);
    const glia_value new_state = call(e, &gli_op_accuracy, &params, 3, (glia_value[]){prediction, target, state});
    glia_graph_assign(e->graph, state, new_state);
}

/* The weights of the samples as [N] in the prediction's dtype. */
static glia_value sample_weights(const gli_emission *e, glia_value given, glia_value prediction) {
    const glia_dtype dtype = glia_graph_dtype(e->graph, given);
    const glia_shape shape = glia_graph_shape(e->graph, given);
    int64_t count          = 1;
    for (int i = 0; i < shape.ndim; ++i) count *= shape.dim[i];
    if (!gli_dtype_is_float(dtype) || count != e->batch) {
        gli_fail(e->graph->ctx, GLIA_SHAPE_MISMATCH,
                 "%s: the sample_weights are %s %s of each sample, must be one float", e->graph->label,
                 gli_shape_text(shape.ndim - 1, shape.dim + 1, (char[GLI_SHAPE_TEXT]){0}), glia_dtype_name(dtype));
        return gli_graph_fail(e->graph, GLIA_SHAPE_MISMATCH), GLI_INVALID;
    }
    const glia_reshape_params vector = {.shape = GLIA_SHAPE(count)};
    given                            = converted(e, given, glia_graph_dtype(e->graph, prediction));
    return call(e, &gli_op_reshape, &vector, 1, &given);
}

/* Static, because the graph does not copy labels. */
static const char *const output_label[GLIA_MAX_OUTPUTS] = {"output 0", "output 1", "output 2", "output 3",
                                                           "output 4", "output 5", "output 6", "output 7"};

/* The sum and the count of one loss or metric. */
static glia_value sum_of(const gli_emission *e, glia_value sums, int i) {
    return gli_graph_view(e->graph, sums, 2 * (int64_t)i, GLIA_SHAPE(2));
}

/* The loss of output i, with its metrics. targets: its own, and its weights. first: the number of its sum. */
static glia_value emit_output(const gli_emission *e, const gli_training *t, int i, const glia_value *targets,
                              glia_value sums, int first) {
    const gli_output *output    = &t->outputs[i];
    const glia_model_loss *loss = &output->args.loss;
    const glia_value prediction = e->map[output->value], target = targets[0];
    glia_value weights = {0};
    if (output->args.sample_weights) weights = sample_weights(e, targets[1], prediction);
    const glia_value value = rules[loss->kind].classes
                                 ? loss_by_class(e, loss, t->compiled.class_weight[i], prediction, target, weights)
                                 : plain_loss(e, loss, prediction, target, weights);
    /* Sums are reported for each sample too, so that they do not depend on the batch size. */
    accumulate(e, scaled(e, value, loss->reduction == GLIA_REDUCTION_SUM ? 1.0 / (double)e->batch : 1),
               sum_of(e, sums, first));
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        if (output->args.metrics[k] != GLIA_METRIC_NONE)
            emit_metric(e, &output->args, output->args.metrics[k], sum_of(e, sums, ++first), prediction, target);
    return value;
}

/* Of a mean over the batch: its part of the mean over a step of several batches. share: 1 / the step's samples. */
static glia_value part_of_step(const gli_emission *e, glia_value value, glia_value share) {
    return scaled(e, binary(e, GLIA_BINARY_MUL, value, share), (double)e->batch);
}

/* Without an output that trains, the total is the constant 0, of which all gradients are zeros. */
void gli_emit_losses(gli_emission *e, const gli_training *training, const glia_value *targets, glia_value share,
                     glia_value *total) {
    glia_tensor *sums      = training->compiled.sums[e->training ? GLI_SUMS_TRAINING : GLI_SUMS_EVALUATION];
    const glia_value state = sums ? glia_graph_tensor(e->graph, "sums", sums) : (glia_value){0};
    *total                 = (glia_value){0};
    for (int i = 0, first = 0; i < training->n_outputs; first += gli_results_of(&training->outputs[i++])) {
        const glia_model_loss *loss = &training->outputs[i].args.loss;
        if (loss->kind == GLIA_LOSS_NONE) continue;
        gli_graph_set_label(e->graph, output_label[i]);
        glia_value value = emit_output(e, training, i, targets, state, first);
        targets += gli_output_targets(&training->outputs[i]);
        if (!gli_loss_trains(loss)) continue;
        if (share.id && loss->reduction == GLIA_REDUCTION_MEAN) value = part_of_step(e, value, share);
        const glia_value part = scaled(e, value, gli_loss_weight(loss));
        *total                = total->id ? call(e, &gli_op_binary, NULL, 2, (glia_value[]){*total, part}) : part;
    }
    gli_graph_set_label(e->graph, NULL);
    if (!total->id) *total = gli_graph_constant(e->graph, e->model->dtype, GLIA_SCALAR, 0);
}
