/* The sums of losses and metrics, which steps on the device add to, and what they come to. */
#include <math.h>

#include "core/size.h"
#include "core/trace.h"
#include "train/scores.h"

/* ---- Places ---- */

int64_t gli_output_classes(const gli_output *output) { return gli_max_i64(output->classes, 1); }

int64_t gli_deviations_at(const gli_output *output, int64_t place, int vector) {
    return place + 1 + vector * output->elements;
}

static int64_t numbers_of(const gli_output *output, gli_tally tally) {
    switch (tally) {
        case GLI_TALLY_NONE: return 0;
        case GLI_TALLY_MEAN: return 2;
        case GLI_TALLY_SCORES: return 1;
        case GLI_TALLY_CLASSES: return GLI_CLASS_COUNTS * gli_output_classes(output);
        case GLI_TALLY_DEVIATIONS: return 1 + GLI_DEVIATIONS * output->elements;
    }
    return 0;
}

void gli_output_place(gli_output *output) {
    int64_t classes = -1; /* where their counts are */
    output->n_sums  = output->args.loss.kind == GLIA_LOSS_NONE ? 0 : 2;
    for (int k = 0; k < GLIA_MAX_METRICS; ++k) {
        const gli_tally tally = gli_metric_rule_of(output->args.metrics[k])->tally;
        const bool shared     = tally == GLI_TALLY_CLASSES && classes >= 0;
        output->place[k]      = shared ? classes : output->n_sums;
        if (tally == GLI_TALLY_CLASSES) classes = output->place[k];
        if (!shared) output->n_sums += numbers_of(output, tally);
    }
}

int64_t gli_results_count(const gli_training *training) {
    int64_t count = 0;
    for (int i = 0; i < training->n_outputs; ++i) count += training->outputs[i].n_sums;
    return count;
}

glia_status gli_results_reset(gli_training *training, gli_sums whose) {
    glia_tensor *sums = training->compiled.sums[whose];
    gli_scores_reset(&training->compiled, whose);
    return sums ? glia_tensor_fill(sums, 0) : GLIA_OK;
}

/* ---- Results ---- */

/* 0 where it would be divided by 0. */
static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

/* Of one column. */
static double share_explained(double errors, double squares) {
    if (squares != 0 || isnan(errors)) return 1 - errors / squares;
    return errors == 0 ? 1 : 0;
}

static double r2_of(const gli_output *output, const double *numbers) {
    const double *squares = numbers + gli_deviations_at(output, 0, GLI_DEVIATIONS_SQUARES);
    const double *errors  = numbers + gli_deviations_at(output, 0, GLI_DEVIATIONS_ERRORS);
    double sum            = 0;
    if (!(numbers[0] >= 2)) return NAN;
    for (int64_t i = 0; i < output->elements; ++i) sum += share_explained(errors[i], squares[i]);
    return sum / (double)output->elements;
}

/* Of one class, or of the counts of all. */
static double score_of(gli_measure measure, const double counts[GLI_CLASS_COUNTS]) {
    const double right = counts[GLI_CLASS_RIGHT], predicted = counts[GLI_CLASS_PREDICTED];
    const double targets = counts[GLI_CLASS_TARGETS];
    switch (measure) {
        case GLI_PRECISION: return ratio(right, predicted);
        case GLI_RECALL: return ratio(right, targets);
        case GLI_IOU: return ratio(right, predicted + targets - right);
        case GLI_F1: break;
    }
    return ratio(2 * right, predicted + targets);
}

static double class_score(const gli_output *output, const gli_metric_rule *rule, const double *counts) {
    const bool by_class          = gli_loss_by_class(output->args.loss.kind);
    const int64_t classes        = gli_output_classes(output);
    double all[GLI_CLASS_COUNTS] = {0}, sum = 0, weights = 0;
    for (int64_t c = 0; c < classes; ++c) {
        double one[GLI_CLASS_COUNTS];
        for (int i = 0; i < GLI_CLASS_COUNTS; ++i) {
            one[i] = counts[i * classes + c];
            all[i] += one[i];
        }
        const bool absent   = by_class && one[GLI_CLASS_PREDICTED] == 0 && one[GLI_CLASS_TARGETS] == 0;
        const double weight = rule->average == GLI_WEIGHTED ? one[GLI_CLASS_TARGETS] : !absent;
        sum += weight * score_of(rule->measure, one);
        weights += weight;
    }
    return rule->average == GLI_MICRO ? score_of(rule->measure, all) : ratio(sum, weights);
}

/* The sums that are read, and the output they are of. */
typedef struct reading {
    const gli_output *output;
    const double *sums;
    const gli_scores *scores;
} reading;

static glia_status result_of(glia_context *ctx, const reading *r, int k, double *out) {
    const glia_metric metric    = r->output->args.metrics[k];
    const gli_metric_rule *rule = gli_metric_rule_of(metric);
    const double *numbers       = r->sums + r->output->place[k];
    switch (rule->tally) {
        case GLI_TALLY_NONE: break;
        case GLI_TALLY_MEAN: *out = ratio(numbers[0], numbers[1]); break;
        case GLI_TALLY_CLASSES: *out = class_score(r->output, rule, numbers); break;
        case GLI_TALLY_DEVIATIONS: *out = r2_of(r->output, numbers); break;
        case GLI_TALLY_SCORES: return gli_scores_auc(ctx, r->output, r->scores, numbers[0], out);
    }
    if (metric == GLIA_METRIC_RMSE) *out = sqrt(*out);
    return GLIA_OK;
}

static void add_result(glia_result *out, const char *name, double value) {
    out->metric_name[out->n_metrics] = name;
    out->metric[out->n_metrics++]    = value;
}

/* Without sums all numbers are 0. */
static glia_status read_output(glia_context *ctx, const reading *r, bool named, bool metrics, glia_result *out) {
    const gli_output *output    = r->output;
    const glia_model_loss *kind = &output->args.loss;
    const double loss           = r->sums ? ratio(r->sums[0], r->sums[1]) : 0;
    if (gli_loss_trains(kind)) out->loss += gli_loss_weight(kind) * loss;
    if (named) add_result(out, output->result_name[0], loss);
    for (int k = 0; k < GLIA_MAX_METRICS && metrics; ++k) {
        const glia_metric metric = output->args.metrics[k];
        double value             = 0;
        if (metric == GLIA_METRIC_NONE) continue;
        if (r->sums) GLI_TRY(result_of(ctx, r, k, &value));
        add_result(out, named ? output->result_name[1 + k] : gli_metric_rule_of(metric)->name, value);
    }
    return GLIA_OK;
}

static int outputs_with_a_loss(const gli_training *training) {
    int count = 0;
    for (int i = 0; i < training->n_outputs; ++i) count += training->outputs[i].args.loss.kind != GLIA_LOSS_NONE;
    return count;
}

static glia_status read_sums(const gli_training *training, gli_sums whose, bool metrics, glia_result *out) {
    const glia_tensor *tensor = training->compiled.sums[whose];
    const bool named          = outputs_with_a_loss(training) > 1;
    gli_block block;
    *out = (glia_result){0};
    if (!tensor) return GLIA_OK;
    const gli_span span = gli_span_begin(tensor->ctx);
    GLI_TRY(gli_tensor_to_block(tensor, "the sums of results", &block));
    glia_status status = GLIA_OK;
    reading r          = {.sums = block.data};
    for (int i = 0; i < training->n_outputs && status == GLIA_OK; r.sums += training->outputs[i++].n_sums) {
        r.output = &training->outputs[i];
        r.scores = &training->compiled.scores[whose][i];
        if (r.output->n_sums > 0) status = read_output(tensor->ctx, &r, named, metrics, out);
    }
    gli_block_free(tensor->ctx, &block);
    gli_span_end(tensor->ctx, "metrics", span);
    return status;
}

glia_status gli_results_read(const gli_training *training, gli_sums whose, glia_result *out) {
    return read_sums(training, whose, true, out);
}

void gli_results_names(const gli_training *training, glia_result *out) {
    const bool named = outputs_with_a_loss(training) > 1;
    *out             = (glia_result){0};
    for (int i = 0; i < training->n_outputs; ++i)
        if (training->outputs[i].n_sums > 0)
            read_output(NULL, &(reading){.output = &training->outputs[i]}, named, true, out);
}

glia_status gli_results_read_losses(const gli_training *training, gli_sums whose, glia_result *out) {
    return read_sums(training, whose, false, out);
}
