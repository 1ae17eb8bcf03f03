#include "train/metrics.h"

#include "glia/ops/loss.h"
#include "glia/ops/movement.h"
#include "glia/ops/backward/movement.h"
#include "graph/graph_impl.h"

static const gli_metric_rule rules[] = {
    [GLIA_METRIC_DEFAULT]            = {"none", GLI_TALLY_NONE},
    [GLIA_METRIC_NONE]               = {"none", GLI_TALLY_NONE},
    [GLIA_METRIC_ACCURACY]           = {"accuracy", GLI_TALLY_MEAN},
    [GLIA_METRIC_BINARY_ACCURACY]    = {"binary_accuracy", GLI_TALLY_MEAN},
    [GLIA_METRIC_TOP_K]              = {"top_k", GLI_TALLY_MEAN},
    [GLIA_METRIC_MSE]                = {"mse", GLI_TALLY_MEAN},
    [GLIA_METRIC_MAE]                = {"mae", GLI_TALLY_MEAN},
    [GLIA_METRIC_RMSE]               = {"rmse", GLI_TALLY_MEAN},
    [GLIA_METRIC_R2]                 = {"r2", GLI_TALLY_DEVIATIONS},
    [GLIA_METRIC_PRECISION]          = {"precision", GLI_TALLY_CLASSES, GLI_PRECISION, GLI_MACRO},
    [GLIA_METRIC_RECALL]             = {"recall", GLI_TALLY_CLASSES, GLI_RECALL, GLI_MACRO},
    [GLIA_METRIC_F1]                 = {"f1", GLI_TALLY_CLASSES, GLI_F1, GLI_MACRO},
    [GLIA_METRIC_PRECISION_MICRO]    = {"precision_micro", GLI_TALLY_CLASSES, GLI_PRECISION, GLI_MICRO},
    [GLIA_METRIC_RECALL_MICRO]       = {"recall_micro", GLI_TALLY_CLASSES, GLI_RECALL, GLI_MICRO},
    [GLIA_METRIC_F1_MICRO]           = {"f1_micro", GLI_TALLY_CLASSES, GLI_F1, GLI_MICRO},
    [GLIA_METRIC_PRECISION_WEIGHTED] = {"precision_weighted", GLI_TALLY_CLASSES, GLI_PRECISION, GLI_WEIGHTED},
    [GLIA_METRIC_RECALL_WEIGHTED]    = {"recall_weighted", GLI_TALLY_CLASSES, GLI_RECALL, GLI_WEIGHTED},
    [GLIA_METRIC_F1_WEIGHTED]        = {"f1_weighted", GLI_TALLY_CLASSES, GLI_F1, GLI_WEIGHTED},
    [GLIA_METRIC_IOU]                = {"iou", GLI_TALLY_CLASSES, GLI_IOU, GLI_MACRO},
    [GLIA_METRIC_IOU_MICRO]          = {"iou_micro", GLI_TALLY_CLASSES, GLI_IOU, GLI_MICRO},
    [GLIA_METRIC_AUC]                = {"auc", GLI_TALLY_SCORES},
};

bool gli_metric_valid(glia_metric metric) { return (unsigned)metric < (unsigned)GLI_COUNT_OF(rules); }

const gli_metric_rule *gli_metric_rule_of(glia_metric metric) { return &rules[metric]; }

/* ---- Parts ---- */

glia_value gli_emit_target_like(const gli_emission *e, const gli_judged *j) {
    return gli_emit_like(e, gli_emit_cast(e, j->target, glia_graph_dtype(e->graph, j->prediction)), j->prediction);
}

glia_value gli_emit_kept(const gli_emission *e, const gli_judged *j) {
    const glia_class_options *classes = &j->output->args.loss.classes;
    if (!classes->ignore) return (glia_value){0};
    return gli_emit_differs(e, gli_emit_cast(e, j->target, GLIA_F64),
                            gli_emit_number(e, GLIA_F64, (double)classes->ignore_index));
}

glia_value gli_emit_known_index(const gli_emission *e, glia_value target, glia_value kept) {
    if (!kept.id) return target;
    const glia_value wide = gli_emit_cast(e, target, GLIA_F64);
    return gli_emit_cast(e, gli_emit_binary(e, GLIA_BINARY_MUL, wide, kept), glia_graph_dtype(e->graph, target));
}

/* Numbers of the output's sums. */
static glia_value state_at(const gli_emission *e, const gli_judged *j, int64_t place, glia_shape shape) {
    return gli_graph_view(e->graph, j->sums, j->first + place, shape);
}

static void add_at(const gli_emission *e, const gli_judged *j, int64_t place, glia_value value) {
    const glia_value state = state_at(e, j, place, glia_graph_shape(e->graph, value));
    glia_graph_assign(e->graph, state, gli_emit_binary(e, GLIA_BINARY_ADD, state, value));
}

void gli_emit_mean(const gli_emission *e, const gli_judged *j, int64_t place, const glia_accumulate_params *params,
                   glia_value value, glia_value weights) {
    const glia_value state = state_at(e, j, place, GLIA_SHAPE(2));
    glia_graph_assign(e->graph, state,
                      gli_emit_call(e, &gli_op_accumulate, params, 3, (glia_value[]){value, weights, state}));
}

/* ---- Means ---- */

static void emit_error(const gli_emission *e, const gli_judged *j, glia_metric metric, int64_t place) {
    const glia_loss_params params = {.kind      = metric == GLIA_METRIC_MAE ? GLIA_LOSS_MAE : GLIA_LOSS_MSE,
                                     .reduction = GLIA_REDUCTION_NONE};
    const glia_value target       = gli_emit_like(e, gli_emit_cast(e, j->target, GLIA_F64), j->prediction);
    const glia_value in[]         = {gli_emit_cast(e, j->prediction, GLIA_F64), target};
    const glia_value terms        = gli_emit_call(e, &gli_op_loss, &params, 2, in); /* squares of f32 may overflow */
    const int64_t count           = gli_shape_count(glia_graph_shape(e->graph, terms));
    gli_emit_mean(e, j, place, &(glia_accumulate_params){.factor = 1, .weight = (double)count}, terms, (glia_value){0});
}

static void emit_accuracy(const gli_emission *e, const gli_judged *j, glia_metric metric, int64_t place) {
    const glia_output_args *args = &j->output->args;
    const bool binary            = metric == GLIA_METRIC_BINARY_ACCURACY;
    glia_accuracy_params params  = glia_accuracy_defaults();
    glia_value target            = j->target;
    params.binary                = binary;
    params.logits                = binary && gli_loss_of_logits(args->loss.kind);
    if (metric == GLIA_METRIC_TOP_K) params.k = args->top_k;
    if (!binary && gli_loss_by_class(args->loss.kind)) {
        params.ignore       = args->loss.classes.ignore;
        params.ignore_index = args->loss.classes.ignore_index;
    }
    if (binary)
        target = gli_emit_target_like(e, j);
    else if (!gli_is_index(glia_graph_dtype(e->graph, target)))
        target = gli_emit_cast(e, target, glia_graph_dtype(e->graph, j->prediction));
    const glia_value state = state_at(e, j, place, GLIA_SHAPE(2));
    glia_graph_assign(e->graph, state,
                      gli_emit_call(e, &gli_op_accuracy, &params, 3, (glia_value[]){j->prediction, target, state}));
}

/* ---- Deviations: of r2 ---- */

/* [batch, elements of a sample], f64 */
static glia_value rows_of(const gli_emission *e, const gli_judged *j, glia_value x) {
    const glia_shape shape = GLIA_SHAPE(e->batch, j->output->elements);
    return gli_emit_call(e, &gli_op_reshape, &(glia_reshape_params){.shape = shape}, 1,
                         (glia_value[]){gli_emit_cast(e, x, GLIA_F64)});
}

/* The mean of each column, and the squared deviations from it. Numbers are taken less those of the first row, so that
 * columns that are constant deviate by 0. */
static void column_moments(const gli_emission *e, glia_value rows, glia_value *mean, glia_value *squares) {
    glia_slice_params one    = glia_slice_defaults();
    one.stop[0]              = 1;
    const glia_value first   = gli_emit_call(e, &gli_op_slice, &one, 1, &rows);
    const glia_value shifted = gli_emit_binary(e, GLIA_BINARY_SUB, rows, first);
    const glia_value offset  = gli_emit_reduce(e, GLIA_REDUCE_MEAN, GLIA_AXIS(0), shifted);
    const glia_value away    = gli_emit_binary(e, GLIA_BINARY_SUB, shifted, offset);
    *mean    = gli_emit_binary(e, GLIA_BINARY_ADD, gli_emit_reduce(e, GLIA_REDUCE_SUM, GLIA_AXIS(0), first), offset);
    *squares = gli_emit_reduce(e, GLIA_REDUCE_SUM, GLIA_AXIS(0), gli_emit_unary(e, GLIA_UNARY_SQUARE, 0, 0, away));
}

/* Merges the moments of this batch with those of the samples before it.
 * Source: Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances". */
static void merge_moments(const gli_emission *e, const gli_judged *j, int64_t place, glia_value mean,
                          glia_value squares) {
    const glia_shape columns   = GLIA_SHAPE(j->output->elements);
    const glia_value old_count = state_at(e, j, place, GLIA_SHAPE(1));
    const glia_value old_mean  = state_at(e, j, gli_deviations_at(j->output, place, GLI_DEVIATIONS_MEAN), columns);
    const int64_t squares_at   = gli_deviations_at(j->output, place, GLI_DEVIATIONS_SQUARES);
    const glia_value batch     = gli_emit_number(e, GLIA_F64, (double)e->batch);
    const glia_value count     = gli_emit_binary(e, GLIA_BINARY_ADD, old_count, batch);
    const glia_value share     = gli_emit_binary(e, GLIA_BINARY_DIV, batch, count);
    const glia_value weight    = gli_emit_binary(e, GLIA_BINARY_MUL, share, old_count);
    const glia_value delta     = gli_emit_binary(e, GLIA_BINARY_SUB, mean, old_mean);
    const glia_value square    = gli_emit_unary(e, GLIA_UNARY_SQUARE, 0, 0, delta);
    const glia_value between   = gli_emit_binary(e, GLIA_BINARY_MUL, square, weight);
    const glia_value moved     = gli_emit_binary(e, GLIA_BINARY_MUL, delta, share);
    add_at(e, j, squares_at, gli_emit_binary(e, GLIA_BINARY_ADD, squares, between));
    glia_graph_assign(e->graph, old_mean, gli_emit_binary(e, GLIA_BINARY_ADD, old_mean, moved));
    glia_graph_assign(e->graph, old_count, count);
}

static void emit_deviations(const gli_emission *e, const gli_judged *j, int64_t place) {
    const glia_loss_params params = {.kind = GLIA_LOSS_MSE, .reduction = GLIA_REDUCTION_NONE};
    const glia_value target       = gli_emit_like(e, gli_emit_cast(e, j->target, GLIA_F64), j->prediction);
    const glia_value in[]         = {gli_emit_cast(e, j->prediction, GLIA_F64), target};
    const glia_value errors       = gli_emit_call(e, &gli_op_loss, &params, 2, in);
    glia_value mean, squares;
    column_moments(e, rows_of(e, j, target), &mean, &squares);
    merge_moments(e, j, place, mean, squares);
    add_at(e, j, gli_deviations_at(j->output, place, GLI_DEVIATIONS_ERRORS),
           gli_emit_reduce(e, GLIA_REDUCE_SUM, GLIA_AXIS(0), rows_of(e, j, errors)));
}

/* ---- Counts by class: of precision, recall and f1 ---- */

/* For each class, the sum of weights of the items that have it. */
static glia_value count_by_class(const gli_emission *e, const gli_judged *j, glia_value weights, glia_value classes) {
    const glia_gather_backward_params params = {.size = (int)j->output->classes};
    return gli_emit_call(e, &gli_op_gather_backward, &params, 2, (glia_value[]){weights, classes});
}

static void count_classes(const gli_emission *e, const gli_judged *j, glia_value counts[GLI_CLASS_COUNTS]) {
    const bool index           = gli_is_index(glia_graph_dtype(e->graph, j->target));
    const glia_value kept      = index ? gli_emit_kept(e, j) : (glia_value){0};
    const glia_value target    = index ? gli_emit_known_index(e, j->target, kept) : gli_emit_argmax(e, j->target);
    const glia_value predicted = gli_emit_argmax(e, j->prediction);
    const glia_shape items     = glia_graph_shape(e->graph, predicted);
    const glia_value one       = glia_graph_constant(e->graph, GLIA_F64, items, 1);
    const glia_value weights   = kept.id ? kept : one;
    const glia_value wrong =
        gli_emit_differs(e, gli_emit_cast(e, predicted, GLIA_F64), gli_emit_cast(e, target, GLIA_F64));
    const glia_value right      = gli_emit_binary(e, GLIA_BINARY_SUB, one, wrong);
    counts[GLI_CLASS_RIGHT]     = count_by_class(e, j, gli_emit_binary(e, GLIA_BINARY_MUL, weights, right), target);
    counts[GLI_CLASS_PREDICTED] = count_by_class(e, j, weights, predicted);
    counts[GLI_CLASS_TARGETS]   = count_by_class(e, j, weights, target);
}

/* 1 above the threshold, otherwise 0, also for NaN, which the integers make 0. A number of f64 that is closer to the
 * threshold than 1e-301 may give a part of 1. */
static glia_value positive(const gli_emission *e, glia_value x, double threshold) {
    const glia_value above =
        gli_emit_binary(e, GLIA_BINARY_SUB, gli_emit_cast(e, x, GLIA_F64), gli_emit_number(e, GLIA_F64, threshold));
    const glia_value step = gli_emit_unary(e, GLIA_UNARY_HARD_SIGMOID, 0x1p1000, 0, above);
    return gli_emit_cast(e, gli_emit_cast(e, step, GLIA_I64), GLIA_F64);
}

/* For each label: of all dimensions but the second. */
static glia_value count_by_label(const gli_emission *e, glia_value x) {
    return gli_emit_reduce(e, GLIA_REDUCE_SUM, ((1u << glia_graph_shape(e->graph, x).ndim) - 1) & ~GLIA_AXIS(1), x);
}

static void count_labels(const gli_emission *e, const gli_judged *j, glia_value counts[GLI_CLASS_COUNTS]) {
    const bool logits           = gli_loss_of_logits(j->output->args.loss.kind);
    const glia_value predicted  = positive(e, j->prediction, logits ? 0 : 0.5);
    const glia_value target     = positive(e, gli_emit_target_like(e, j), 0.5);
    counts[GLI_CLASS_RIGHT]     = count_by_label(e, gli_emit_binary(e, GLIA_BINARY_MUL, predicted, target));
    counts[GLI_CLASS_PREDICTED] = count_by_label(e, predicted);
    counts[GLI_CLASS_TARGETS]   = count_by_label(e, target);
}

static void emit_classes(const gli_emission *e, const gli_judged *j, int64_t place) {
    glia_value counts[GLI_CLASS_COUNTS];
    if (gli_loss_by_class(j->output->args.loss.kind))
        count_classes(e, j, counts);
    else
        count_labels(e, j, counts);
    for (int i = 0; i < GLI_CLASS_COUNTS; ++i) add_at(e, j, place + i * gli_output_classes(j->output), counts[i]);
}

/* ---- Items: of auc ---- */

/* Those whose scores the host keeps. */
static void emit_items(const gli_emission *e, const gli_judged *j, int64_t place) {
    const bool classes    = gli_loss_by_class(j->output->args.loss.kind);
    const int64_t samples = e->batch * j->output->elements / gli_output_classes(j->output);
    const bool ignoring   = classes && j->output->args.loss.classes.ignore;
    glia_value items      = gli_emit_number(e, GLIA_F64, (double)samples);
    if (ignoring) items = gli_emit_reduce(e, GLIA_REDUCE_SUM, GLIA_ALL_AXES, gli_emit_kept(e, j));
    add_at(e, j, place, items);
}

/* ---- All ---- */

static bool is_error(glia_metric metric) {
    return metric == GLIA_METRIC_MSE || metric == GLIA_METRIC_MAE || metric == GLIA_METRIC_RMSE;
}

static glia_status check_target(const gli_emission *e, const gli_judged *j, glia_metric metric) {
    const bool by_number = is_error(metric) || metric == GLIA_METRIC_R2 || metric == GLIA_METRIC_BINARY_ACCURACY;
    const bool indices =
        gli_loss_by_class(j->output->args.loss.kind) && gli_is_index(glia_graph_dtype(e->graph, j->target));
    GLI_REQUIRE(e->graph->ctx, !by_number || !indices, GLIA_INVALID_ARGUMENT,
                "%s: the metric %s compares numbers, the targets are class indices", e->graph->label,
                rules[metric].name);
    return GLIA_OK;
}

void gli_emit_metrics(const gli_emission *e, const gli_judged *j) {
    bool counted = false; /* the classes, for all metrics that read them */
    for (int k = 0; k < GLIA_MAX_METRICS; ++k) {
        const glia_metric metric = j->output->args.metrics[k];
        const int64_t place      = j->output->place[k];
        const glia_status status = check_target(e, j, metric);
        if (status != GLIA_OK) {
            gli_graph_fail(e->graph, status);
            return;
        }
        switch (rules[metric].tally) {
            case GLI_TALLY_NONE: break;
            case GLI_TALLY_MEAN:
                if (is_error(metric))
                    emit_error(e, j, metric, place);
                else
                    emit_accuracy(e, j, metric, place);
                break;
            case GLI_TALLY_SCORES: emit_items(e, j, place); break;
            case GLI_TALLY_DEVIATIONS: emit_deviations(e, j, place); break;
            case GLI_TALLY_CLASSES:
                if (!counted) emit_classes(e, j, place);
                counted = true;
                break;
        }
    }
}
