#include "train/scores.h"

#include <math.h>
#include <stdlib.h>

#include "core/size.h"
#include "graph/graph_impl.h"

static bool by_class(const gli_output *output) { return gli_loss_by_class(output->args.loss.kind); }

static bool keeps_scores(const gli_output *output) {
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        if (gli_metric_rule_of(output->args.metrics[k])->tally == GLI_TALLY_SCORES) return true;
    return false;
}

static gli_sums whose(const gli_step *step) {
    return gli_pass_trains(step->kind) ? GLI_SUMS_TRAINING : GLI_SUMS_EVALUATION;
}

/* ---- On the device ---- */

/* Of classes, a target for each item; of labels, one for each score. */
glia_status gli_scores_make(const glia_model *model, gli_step *step) {
    for (int i = 0; i < model->training->n_outputs; ++i) {
        const gli_output *output   = &model->training->outputs[i];
        const glia_tensor *nominal = &model->values[output->value].shape;
        if (!keeps_scores(output)) continue;
        glia_shape shape = glia_tensor_shape(nominal);
        shape.dim[0]     = step->batch;
        GLI_TRY(glia_tensor_create(model->ctx, GLIA_F64, shape, &step->scores[i]));
        if (by_class(output)) {
            for (int d = 2; d < shape.ndim; ++d) shape.dim[d - 1] = shape.dim[d];
            --shape.ndim;
        }
        GLI_TRY(glia_tensor_create(model->ctx, GLIA_F64, shape, &step->score_targets[i]));
    }
    return GLIA_OK;
}

static void leave(const gli_emission *e, const char *name, glia_value value, glia_tensor *tensor) {
    const glia_value state = glia_graph_tensor(e->graph, name, tensor);
    glia_graph_assign(e->graph, state, gli_emit_cast(e, value, GLIA_F64));
}

void gli_emit_scores(const gli_emission *e, const gli_step *step, const glia_value *targets) {
    const gli_training *training = e->model->training;
    for (int i = 0; i < training->n_outputs; ++i) {
        const gli_output *output    = &training->outputs[i];
        const glia_value prediction = gli_emit_prediction(e, output->value);
        if (output->args.loss.kind == GLIA_LOSS_NONE) continue;
        glia_value target = *targets;
        targets += gli_output_targets(output);
        if (!step->scores[i]) continue;
        if (!by_class(output))
            target = gli_emit_like(e, target, prediction);
        else if (!gli_is_index(glia_graph_dtype(e->graph, target)))
            target = gli_emit_argmax(e, target);
        leave(e, "scores", prediction, step->scores[i]);
        leave(e, "score_targets", target, step->score_targets[i]);
    }
}

/* ---- On the host ---- */

static const char what[] = "the scores of an epoch";

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The sum of exp(z - largest), from the smallest on: the same for the same numbers in any order. */
static double sum_of_exp(const double *z, int64_t n, double largest, double *room) {
    double sum = 0;
    for (int64_t k = 0; k < n; ++k) room[k] = exp(z[k] - largest);
    qsort(room, (size_t)n, sizeof *room, by_size);
    for (int64_t k = 0; k < n; ++k) sum += room[k];
    return sum;
}

/* Logits of an item, `stride` apart, become the logarithms of p / (1 - p) for all classes: samples compare by them as
 * by the probabilities p, and they tell apart those whose probabilities all round to 1. room: for 2 `classes` numbers.
 */
static void log_odds(double *z, int64_t stride, int64_t classes, double *room) {
    double largest = -INFINITY, second = -INFINITY;
    int64_t at = 0, others = 0;
    for (int64_t c = 0; c < classes; ++c)
        if (!(z[c * stride] <= largest)) largest = z[c * stride], at = c;
    for (int64_t c = 0; c < classes; ++c) room[classes + c] = z[c * stride];
    const double all = sum_of_exp(room + classes, classes, largest, room);
    for (int64_t c = 0; c < classes; ++c)
        if (c != at) room[classes + others++] = z[c * stride], second = fmax(second, z[c * stride]);
    const double rest = sum_of_exp(room + classes, others, second, room);
    for (int64_t c = 0; c < classes; ++c) {
        const double below = z[c * stride] - largest;
        z[c * stride]      = below == 0 ? largest - second - log(rest) : below - log(all - exp(below));
    }
}

static glia_status logits_to_log_odds(const gli_output *output, const glia_tensor *shape, double *logits) {
    const int64_t classes = gli_output_classes(output), inner = output->elements / classes;
    const int64_t items = gli_count(shape) / classes;
    gli_block room;
    GLI_TRY(gli_block_alloc(shape->ctx, 2 * (size_t)classes, sizeof(double), "the scores of a sample", &room));
    for (int64_t i = 0; i < items; ++i)
        log_odds(logits + i / inner * classes * inner + i % inner, inner, classes, room.data);
    gli_block_free(shape->ctx, &room);
    return GLIA_OK;
}

/* Keeps the scores of a batch, sample by sample and class by class; those of targets that are ignored are left out. */
static glia_status keep(const gli_output *output, const double *score, const double *target, const glia_tensor *shape,
                        gli_scores *out) {
    const glia_class_options *options = &output->args.loss.classes;
    const int64_t classes = gli_output_classes(output), items = gli_count(shape) / classes;
    const int64_t inner   = output->elements / classes;
    const bool of_classes = by_class(output), ignore = of_classes && options->ignore;
    GLI_REQUIRE(shape->ctx, items * classes <= INT32_MAX - out->n, GLIA_OUT_OF_MEMORY,
                "the auc of output '%s': an epoch has more than %d scores", output->name, INT32_MAX);
    GLI_TRY(gli_grow(shape->ctx, &out->all, &out->capacity, out->n + (int)(items * classes), sizeof *out->all, what));
    for (int64_t i = 0; i < items; ++i) {
        if (ignore && target[i] == (double)options->ignore_index) continue;
        for (int64_t c = 0; c < classes; ++c) {
            const int64_t at   = (i / inner * classes + c) * inner + i % inner;
            out->all[out->n++] = (gli_score){score[at], of_classes ? target[i] == (double)c : target[at] > 0.5};
        }
    }
    return GLIA_OK;
}

static glia_status take(const gli_output *output, const glia_tensor *scores, const glia_tensor *targets,
                        gli_scores *out) {
    gli_block score, target = {0};
    GLI_TRY(gli_tensor_to_block(scores, "the scores of a batch", &score));
    glia_status status = gli_tensor_to_block(targets, "the scores of a batch", &target);
    if (status == GLIA_OK && output->args.loss.kind == GLIA_LOSS_CROSS_ENTROPY)
        status = logits_to_log_odds(output, scores, score.data);
    if (status == GLIA_OK) status = keep(output, score.data, target.data, scores, out);
    gli_block_free(scores->ctx, &target);
    gli_block_free(scores->ctx, &score);
    return status;
}

glia_status gli_scores_take(const glia_model *model, const gli_step *step) {
    gli_training *training = model->training;
    for (int i = 0; i < training->n_outputs; ++i)
        if (step->scores[i])
            GLI_TRY(take(&training->outputs[i], step->scores[i], step->score_targets[i],
                         &training->compiled.scores[whose(step)][i]));
    return GLIA_OK;
}

void gli_scores_reset(gli_compiled *compiled, gli_sums of) {
    for (int i = 0; i < GLIA_MAX_OUTPUTS; ++i) compiled->scores[of][i].n = 0;
}

void gli_scores_free(glia_context *ctx, gli_compiled *compiled) {
    for (int s = 0; s < GLI_SUMS; ++s)
        for (int i = 0; i < GLIA_MAX_OUTPUTS; ++i) {
            gli_scores *scores = &compiled->scores[s][i];
            gli_free(ctx, scores->all, (size_t)scores->capacity, sizeof *scores->all);
        }
}

/* ---- As a state ---- */

bool gli_scores_kept(const gli_training *training) {
    for (int i = 0; i < training->n_outputs; ++i)
        if (keeps_scores(&training->outputs[i])) return true;
    return false;
}

int64_t gli_scores_count(const gli_training *training) {
    int64_t count = 0;
    for (int i = 0; i < training->n_outputs; ++i) count += training->compiled.scores[GLI_SUMS_TRAINING][i].n;
    return count;
}

void gli_scores_get(const gli_training *training, double *rows) {
    for (int i = 0; i < training->n_outputs; ++i) {
        const gli_scores *scores = &training->compiled.scores[GLI_SUMS_TRAINING][i];
        for (int k = 0; k < scores->n; ++k, rows += GLI_SCORE_COLUMNS)
            rows[0] = i, rows[1] = scores->all[k].score, rows[2] = scores->all[k].positive;
    }
}

/* Counts the rows of each output. */
static glia_status check_rows(glia_context *ctx, const gli_training *training, const char *call, const double *rows,
                              int64_t n, int count[GLIA_MAX_OUTPUTS]) {
    GLI_REQUIRE(ctx, n <= INT32_MAX, GLIA_INVALID_ARGUMENT, "%s: %lld scores, must be at most %d", call, (long long)n,
                INT32_MAX);
    for (int64_t k = 0; k < n; ++k, rows += GLI_SCORE_COLUMNS) {
        const bool known = rows[0] >= 0 && rows[0] < training->n_outputs && rows[0] == floor(rows[0]);
        GLI_REQUIRE(ctx, known && keeps_scores(&training->outputs[(int)rows[0]]), GLIA_INVALID_ARGUMENT,
                    "%s: score %lld is of output %g, which keeps none", call, (long long)k, rows[0]);
        GLI_REQUIRE(ctx, rows[2] == 0 || rows[2] == 1, GLIA_INVALID_ARGUMENT,
                    "%s: score %lld has the target %g, must be 0 or 1", call, (long long)k, rows[2]);
        ++count[(int)rows[0]];
    }
    return GLIA_OK;
}

glia_status gli_scores_set(glia_context *ctx, gli_training *training, const char *call, const double *rows, int64_t n) {
    gli_scores *scores          = training->compiled.scores[GLI_SUMS_TRAINING];
    int count[GLIA_MAX_OUTPUTS] = {0};
    GLI_TRY(check_rows(ctx, training, call, rows, n, count));
    for (int i = 0; i < training->n_outputs; ++i)
        GLI_TRY(gli_grow(ctx, &scores[i].all, &scores[i].capacity, count[i], sizeof *scores[i].all, what));
    gli_scores_reset(&training->compiled, GLI_SUMS_TRAINING);
    for (int64_t k = 0; k < n; ++k, rows += GLI_SCORE_COLUMNS) {
        gli_scores *of   = &scores[(int)rows[0]];
        of->all[of->n++] = (gli_score){rows[1], rows[2] == 1};
    }
    return GLIA_OK;
}

/* ---- The area ---- */

static int by_score(const void *a, const void *b) {
    const double x = ((const gli_score *)a)->score, y = ((const gli_score *)b)->score;
    return (x > y) - (x < y);
}

/* The share of the pairs of a positive and another sample in which the positive one has the larger score; ties count
 * half. Counted in whole numbers. NaN: there are no pairs. */
static double area(gli_score *scores, int n) {
    uint64_t positive = 0, below = 0, twice = 0;
    if (n > 1) qsort(scores, (size_t)n, sizeof *scores, by_score);
    for (int i = 0, end; i < n; i = end) {
        uint64_t tied[2] = {0};
        for (end = i; end < n && scores[end].score == scores[i].score; ++end) ++tied[scores[end].positive];
        twice += tied[1] * (2 * below + tied[0]);
        positive += tied[1];
        below += tied[0];
    }
    return positive > 0 && below > 0 ? (double)twice / (2 * (double)positive * (double)below) : NAN;
}

static bool any_nan(const gli_scores *scores) {
    for (int i = 0; i < scores->n; ++i)
        if (isnan(scores->all[i].score)) return true;
    return false;
}

glia_status gli_scores_auc(glia_context *ctx, const gli_output *output, const gli_scores *scores, double counted,
                           double *out) {
    const int classes = (int)gli_output_classes(output), items = scores->n / classes;
    double sum = 0, defined = 0;
    gli_block column;
    *out = NAN;
    if ((double)items != counted || any_nan(scores)) return GLIA_OK;
    GLI_TRY(gli_block_alloc(ctx, (size_t)items, sizeof(gli_score), "the scores of a class", &column));
    gli_score *of_class = column.data;
    for (int c = 0; c < classes; ++c) {
        for (int i = 0; i < items; ++i) of_class[i] = scores->all[(int64_t)i * classes + c];
        const double one = area(of_class, items);
        if (isnan(one)) continue;
        sum += one;
        ++defined;
    }
    gli_block_free(ctx, &column);
    if (defined > 0) *out = sum / defined;
    return GLIA_OK;
}
