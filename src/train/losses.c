/* Losses as values, and as ops of a model's graph. */
#include <float.h>
#include <math.h>
#include <stdalign.h>
#include <stddef.h>

#include "core/dtype.h"
#include "glia/ops/metric.h"
#include "glia/ops/movement.h"
#include "glia/ops/reduce.h"
#include "glia/ops/softmax.h"
#include "graph/graph_impl.h"
#include "train/loss_terms.h"

typedef glia_value terms_of(const gli_emission *e, const gli_judged *judged);

/* One row a loss: which op computes it, and what its metric is. */
static const struct {
    bool classes; /* the op cross_entropy; otherwise the op loss */
    glia_cross_entropy_from from;
    bool mean_over_batch; /* the sum, divided by the batch: KL as PyTorch's batchmean */
    glia_metric metric;
    bool logits;     /* of binary metrics: predictions are logits */
    bool by_area;    /* a term for each sample and class */
    terms_of *terms; /* of a loss that several ops compute; NULL: one does */
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
    [GLIA_LOSS_FOCAL] = {.metric = GLIA_METRIC_BINARY_ACCURACY, .logits = true, .terms = gli_emit_focal_terms},
    [GLIA_LOSS_DICE]  = {.metric = GLIA_METRIC_IOU, .by_area = true, .terms = gli_emit_area_terms},
    [GLIA_LOSS_IOU]   = {.metric = GLIA_METRIC_IOU, .by_area = true, .terms = gli_emit_area_terms},
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

glia_model_loss glia_loss_focal(void) {
    glia_model_loss loss = make(GLIA_LOSS_FOCAL);
    loss.focal.gamma = 2, loss.focal.alpha = 0.25;
    return loss;
}

static glia_model_loss area(glia_loss_kind kind) {
    glia_model_loss loss = make(kind);
    loss.smooth          = 1;
    return loss;
}

glia_model_loss glia_loss_dice(void) { return area(GLIA_LOSS_DICE); }
glia_model_loss glia_loss_iou(void) { return area(GLIA_LOSS_IOU); }

bool gli_loss_of_logits(glia_loss_kind kind) { return rules[kind].logits; }

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
    if (rules[loss->kind].terms) return gli_check_terms(ctx, loss);
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
    GLI_REQUIRE(ctx, (unsigned)loss->kind < GLIA_LOSS_COUNT, GLIA_INVALID_ARGUMENT, "invalid loss %d", (int)loss->kind);
    if (loss->kind == GLIA_LOSS_NONE) return GLIA_OK;
    GLI_REQUIRE(ctx, loss->reduction == GLIA_REDUCTION_MEAN || loss->reduction == GLIA_REDUCTION_SUM,
                GLIA_INVALID_ARGUMENT, "reduction is %d, must be mean or sum", (int)loss->reduction);
    const double weight = gli_loss_weight(loss);
    GLI_REQUIRE(ctx, weight >= 0 && isfinite((float)weight), GLIA_INVALID_ARGUMENT,
                "the weight of the loss is %g, must be finite in f32 and not negative", weight);
    return check_numbers(ctx, loss);
}

/* value * factor */
static glia_value scaled(const gli_emission *e, glia_value value, double factor) {
    if (factor == 1) return value;
    return gli_emit_binary(e, GLIA_BINARY_MUL, value, gli_emit_number(e, glia_graph_dtype(e->graph, value), factor));
}

/* A mean times the share that this batch has in what is computed. */
static glia_value shared(const gli_emission *e, const glia_model_loss *loss, glia_value value) {
    if (!e->share.id || loss->reduction != GLIA_REDUCTION_MEAN) return value;
    return gli_emit_binary(e, GLIA_BINARY_MUL, value, e->share);
}

/* The node of this op that made the value; NULL: none did. */
static const gli_node *made_by(const gli_emission *e, const gli_op *op, glia_value value) {
    const gli_value_info *info = gli_graph_value(e->graph, value);
    if (!info || value.id == e->kept.id || info->kind != GLI_VALUE_RESULT) return NULL;
    const gli_node *node = &e->graph->nodes[info->node];
    return node->op == op ? node : NULL;
}

/* The input of the softmax over the classes that made the value, or what the value was converted from; the value itself
 * where another op did. */
static glia_value logits_of(const gli_emission *e, glia_value value) {
    const gli_node *cast      = made_by(e, &gli_op_cast, value);
    const glia_value computed = cast ? (glia_value){cast->in[0], e->graph} : value;
    const gli_node *softmax   = made_by(e, &gli_op_softmax, computed);
    if (!softmax) return value;
    const glia_softmax_params *how = softmax->params;
    const int axis                 = how->axis < 0 ? how->axis + glia_graph_shape(e->graph, computed).ndim : how->axis;
    if (axis != 1 || how->log) return value;
    return gli_emit_cast(e, (glia_value){softmax->in[0], e->graph}, glia_graph_dtype(e->graph, value));
}

/* Of a loss over classes: what the op itself would not explain. */
static glia_status check_targets(const gli_emission *e, glia_value prediction, glia_value target) {
    const glia_dtype dtype    = glia_graph_dtype(e->graph, target);
    const glia_shape expected = glia_graph_shape(e->graph, prediction), given = glia_graph_shape(e->graph, target);
    char shape[GLI_SHAPE_TEXT];
    gli_shape_text(expected.ndim, expected.dim, shape);
    GLI_REQUIRE(e->graph->ctx, gli_is_index(dtype) || given.ndim != expected.ndim - 1, GLIA_DTYPE_MISMATCH,
                "the targets are %s: class indices must be i32 or i64, probabilities %s", glia_dtype_name(dtype),
                shape);
    GLI_REQUIRE(e->graph->ctx, given.ndim != 1 || expected.ndim <= 2, GLIA_SHAPE_MISMATCH,
                "there is one target for each sample, but the output %s has classes at %s: is a flatten missing before "
                "the dense layers?",
                shape, gli_shape_text(expected.ndim - 2, expected.dim + 2, (char[GLI_SHAPE_TEXT]){0}));
    return GLIA_OK;
}

/* What the loss of each item counts for in their mean: the weight of its class, 0 where it is ignored. id 0: all count
 * alike. */
static glia_value item_weights(const gli_emission *e, const gli_judged *j) {
    const glia_model_loss *loss = &j->output->args.loss;
    if (!rules[loss->kind].classes || !gli_is_index(glia_graph_dtype(e->graph, j->target))) return (glia_value){0};
    const glia_value kept = gli_emit_kept(e, j);
    if (!j->class_weight) return kept;
    const glia_value table  = glia_graph_tensor(e->graph, "class_weight", j->class_weight);
    const glia_value index  = gli_emit_known_index(e, j->target, kept);
    const glia_value weight = gli_emit_call(e, &gli_op_gather, NULL, 2, (glia_value[]){table, index});
    const glia_value wide   = gli_emit_cast(e, weight, GLIA_F64);
    return kept.id ? gli_emit_binary(e, GLIA_BINARY_MUL, wide, kept) : wide;
}

/* The sum of the items by what they count for. */
static glia_value mean_of_items(const gli_emission *e, const gli_judged *j, glia_value sum, glia_value items) {
    const glia_value weights = item_weights(e, j);
    if (!weights.id) return scaled(e, sum, 1.0 / (double)gli_shape_count(glia_graph_shape(e->graph, items)));
    const glia_value count = gli_emit_reduce(e, GLIA_REDUCE_SUM, GLIA_ALL_AXES, weights);
    const glia_value least = gli_emit_number(e, glia_graph_dtype(e->graph, count), FLT_MIN); /* not 0 / 0 */
    const glia_value some  = gli_emit_binary(e, GLIA_BINARY_MAXIMUM, count, least);
    return gli_emit_binary(e, GLIA_BINARY_DIV, sum, gli_emit_cast(e, some, glia_graph_dtype(e->graph, sum)));
}

/* Terms, each multiplied by its weight, or by that of its sample. */
static glia_value weighted(const gli_emission *e, const gli_judged *j, glia_value terms) {
    if (!j->sample_weight.id) return terms;
    const glia_shape shape     = glia_graph_shape(e->graph, terms);
    glia_reshape_params column = {.shape = {.ndim = shape.ndim, .dim = {e->batch}}};
    for (int i = 1; i < shape.ndim; ++i) column.shape.dim[i] = 1;
    const bool by_sample    = glia_graph_shape(e->graph, j->sample_weight).ndim == 1;
    const glia_value weight = by_sample ? gli_emit_call(e, &gli_op_reshape, &column, 1, &j->sample_weight)
                                        : gli_emit_like(e, j->sample_weight, terms);
    return gli_emit_binary(e, GLIA_BINARY_MUL, terms, weight);
}

/* cross_entropy of which each item is multiplied by a weight. */
static glia_value weighted_classes(const gli_emission *e, const gli_judged *j, const glia_cross_entropy_params *how,
                                   const glia_value *in) {
    glia_cross_entropy_params each = *how;
    each.reduction                 = GLIA_REDUCTION_NONE;
    const glia_value items         = gli_emit_call(e, &gli_op_cross_entropy, &each, 3, in);
    const glia_value terms         = weighted(e, j, items);
    if (how->reduction == GLIA_REDUCTION_NONE) return terms;
    const glia_value sum = gli_emit_reduce(e, GLIA_REDUCE_SUM, GLIA_ALL_AXES, terms);
    return how->reduction == GLIA_REDUCTION_SUM ? sum : mean_of_items(e, j, sum, items);
}

static glia_value loss_by_class(const gli_emission *e, const gli_judged *j, glia_reduction reduction) {
    glia_cross_entropy_params params = class_params(&j->output->args.loss);
    glia_value weight = {0}, target = j->target;
    params.reduction = reduction;
    if (j->class_weight) weight = glia_graph_tensor(e->graph, "class_weight", j->class_weight);
    gli_set_scope(e->graph->ctx, "%s: ", e->graph->label);
    const glia_status status = check_targets(e, j->prediction, target);
    gli_set_scope(e->graph->ctx, NULL);
    if (status != GLIA_OK) return gli_graph_fail(e->graph, status), GLI_INVALID;
    if (!gli_is_index(glia_graph_dtype(e->graph, target)))
        target = gli_emit_cast(e, target, glia_graph_dtype(e->graph, j->prediction));
    const glia_value logits = params.from == GLIA_FROM_PROBABILITIES ? logits_of(e, j->prediction) : j->prediction;
    if (logits.id != j->prediction.id) params.from = GLIA_FROM_LOGITS;
    const glia_value in[] = {logits, target, weight};
    return j->sample_weight.id ? weighted_classes(e, j, &params, in)
                               : gli_emit_call(e, &gli_op_cross_entropy, &params, 3, in);
}

static glia_value plain_loss(const gli_emission *e, const gli_judged *j, glia_reduction reduction) {
    const glia_model_loss *loss = &j->output->args.loss;
    const bool batch_mean       = rules[loss->kind].mean_over_batch && reduction == GLIA_REDUCTION_MEAN;
    glia_loss_params params     = plain_params(loss);
    params.reduction            = batch_mean ? GLIA_REDUCTION_SUM : reduction;
    const bool by_term          = j->sample_weight.id && glia_graph_shape(e->graph, j->sample_weight).ndim > 1;
    const glia_value weight     = by_term ? gli_emit_like(e, j->sample_weight, j->prediction) : j->sample_weight;
    const glia_value in[]       = {j->prediction, gli_emit_target_like(e, j), weight};
    const glia_value y          = gli_emit_call(e, &gli_op_loss, &params, 3, in);
    return scaled(e, y, batch_mean ? 1.0 / (double)e->batch : 1);
}

/* Of terms that several ops compute. */
static glia_value loss_of_terms(const gli_emission *e, const gli_judged *j, glia_reduction reduction) {
    const glia_value terms = weighted(e, j, rules[j->output->args.loss.kind].terms(e, j));
    if (reduction == GLIA_REDUCTION_NONE) return terms;
    return gli_emit_reduce(e, reduction == GLIA_REDUCTION_SUM ? GLIA_REDUCE_SUM : GLIA_REDUCE_MEAN, GLIA_ALL_AXES,
                           terms);
}

static glia_value emit_loss(const gli_emission *e, const gli_judged *j, glia_reduction reduction) {
    if (rules[j->output->args.loss.kind].terms) return loss_of_terms(e, j, reduction);
    return rules[j->output->args.loss.kind].classes ? loss_by_class(e, j, reduction) : plain_loss(e, j, reduction);
}

/* Adds the loss to its sums: its terms, and what they count for, so that the mean over a data set does not depend on
 * the batches. In training their mean, `value`, is there already, for the gradient. Sums are reported for each sample.
 */
static void tally_loss(const gli_emission *e, const gli_judged *j, glia_value value) {
    const glia_model_loss *loss   = &j->output->args.loss;
    const bool sum                = loss->reduction == GLIA_REDUCTION_SUM;
    const glia_value weights      = sum ? (glia_value){0} : item_weights(e, j);
    glia_accumulate_params params = {.factor = 1, .weight = (double)e->batch};
    if (!e->training) {
        value = emit_loss(e, j, GLIA_REDUCTION_NONE);
        if (!sum && !rules[loss->kind].mean_over_batch)
            params.weight = (double)gli_shape_count(glia_graph_shape(e->graph, value));
    } else if (weights.id) {
        const glia_value weight = gli_emit_reduce(e, GLIA_REDUCE_SUM, GLIA_ALL_AXES, weights);
        value                   = gli_emit_binary(e, GLIA_BINARY_MUL, gli_emit_cast(e, value, GLIA_F64), weight);
    } else if (!sum) {
        params.factor = (double)e->batch;
    }
    gli_emit_mean(e, j, 0, &params, value, weights);
}

/* How many terms the loss of a sample has. */
static int64_t terms_of_sample(const gli_emission *e, glia_loss_kind kind, glia_value prediction) {
    const glia_shape shape = glia_graph_shape(e->graph, prediction);
    int64_t count          = 1;
    for (int i = 1; i < shape.ndim; ++i)
        if (rules[kind].by_area ? i == 1 : i != 1 || !rules[kind].classes) count *= shape.dim[i];
    return count;
}

/* The weights of the samples as [N], or those of the terms as they are, in the prediction's dtype. */
static glia_value sample_weights(const gli_emission *e, glia_loss_kind kind, glia_value given, glia_value prediction) {
    const glia_dtype dtype = glia_graph_dtype(e->graph, given);
    const glia_shape shape = glia_graph_shape(e->graph, given);
    const int64_t each = gli_shape_count(shape) / e->batch, terms = terms_of_sample(e, kind, prediction);
    if (!gli_dtype_is_float(dtype) || (each != 1 && each != terms)) {
        gli_fail(
            e->graph->ctx, GLIA_SHAPE_MISMATCH,
            "%s: the sample_weights are %s %s of each sample, must be one float, or one for each of the %lld terms "
            "of its loss",
            e->graph->label, gli_shape_text(shape.ndim - 1, shape.dim + 1, (char[GLI_SHAPE_TEXT]){0}),
            glia_dtype_name(dtype), (long long)terms);
        return gli_graph_fail(e->graph, GLIA_SHAPE_MISMATCH), GLI_INVALID;
    }
    const glia_value weights = gli_emit_cast(e, given, glia_graph_dtype(e->graph, prediction));
    if (each != 1) return weights;
    const glia_reshape_params vector = {.shape = GLIA_SHAPE(e->batch)};
    return gli_emit_call(e, &gli_op_reshape, &vector, 1, &weights);
}

/* Static, because the graph does not copy labels. */
static const char *const output_label[GLIA_MAX_OUTPUTS] = {"output 0", "output 1", "output 2", "output 3",
                                                           "output 4", "output 5", "output 6", "output 7"};

/* Without an output that trains, the total is the constant 0, of which all gradients are zeros. */
void gli_emit_losses(gli_emission *e, const gli_training *training, const glia_value *targets, glia_value *total) {
    glia_tensor *sums      = training->compiled.sums[e->training ? GLI_SUMS_TRAINING : GLI_SUMS_EVALUATION];
    const glia_value state = sums ? glia_graph_tensor(e->graph, "sums", sums) : (glia_value){0};
    int64_t first          = 0;
    *total                 = (glia_value){0};
    for (int i = 0; i < training->n_outputs; first += training->outputs[i++].n_sums) {
        const gli_output *output    = &training->outputs[i];
        const glia_model_loss *loss = &output->args.loss;
        if (loss->kind == GLIA_LOSS_NONE) continue;
        gli_graph_set_label(e->graph, output_label[i]);
        gli_judged judged = {output, training->compiled.class_weight[i], gli_emit_prediction(e, output->value),
                             targets[0]};
        if (output->args.sample_weights)
            judged.sample_weight = sample_weights(e, loss->kind, targets[1], judged.prediction);
        judged.sums  = state;
        judged.first = first;
        targets += gli_output_targets(output);
        const glia_value value = emit_loss(e, &judged, loss->reduction);
        if (e->tallied) tally_loss(e, &judged, value), gli_emit_metrics(e, &judged);
        if (!gli_loss_trains(loss)) continue;
        const glia_value part = shared(e, loss, scaled(e, value, gli_loss_weight(loss)));
        *total                = total->id ? gli_emit_binary(e, GLIA_BINARY_ADD, *total, part) : part;
    }
    gli_graph_set_label(e->graph, NULL);
    if (!total->id) *total = gli_emit_number(e, e->model->dtype, 0);
}
