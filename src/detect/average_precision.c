#include <math.h>
#include <stdlib.h>

#include "detect/detections.h"

enum { MOST_THRESHOLDS = 100, COCO_THRESHOLDS = 10, COCO_MOST = 100 };

typedef enum outcome { WRONG, RIGHT, NEITHER } outcome;

typedef struct evaluation {
    glia_precision_rule rule;
    const glia_detection *detections;
    int64_t n_detections, n_truths, most;
    gli_ranked *by_image, *by_score;
    glia_truth *truths; /* by class and picture, those that are ignored behind the others */
    bool *found;        /* each truth, so far */
    outcome *outcomes;  /* of each detection */
    bool *left_out;     /* each detection: its picture has enough of its class */
} evaluation;

/* ---- Matching ---- */

static int by_place(const glia_truth *a, int64_t label, int64_t image) {
    if (a->label != label) return a->label < label ? -1 : 1;
    return (a->image > image) - (a->image < image);
}

/* The first truth that is not before this class and picture. */
static int64_t first_truth(const evaluation *e, int64_t label, int64_t image) {
    int64_t low = 0, high = e->n_truths;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (by_place(&e->truths[middle], label, image) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The part of a detection that lies in a crowd, or the iou with a single thing. */
static double overlap(glia_box box, const glia_truth *truth) {
    if (!truth->ignored) return glia_box_iou(box, truth->box);
    const double area = gli_box_area(box);
    return area > 0 ? gli_box_shared(box, truth->box) / area : 0;
}

/* Of the truths begin .. end - 1 of its picture and class. */
static outcome match_coco(const evaluation *e, glia_box box, int64_t begin, int64_t end, double threshold) {
    double best   = fmin(threshold, 1 - 1e-10);
    int64_t match = -1;
    for (int64_t i = begin; i < end; ++i) {
        const glia_truth *truth = &e->truths[i];
        if (e->found[i] && !truth->ignored) continue;
        if (match >= 0 && truth->ignored && !e->truths[match].ignored) break;
        const double iou = overlap(box, truth);
        if (iou >= best) best = iou, match = i;
    }
    if (match < 0) return WRONG;
    e->found[match] = true;
    return e->truths[match].ignored ? NEITHER : RIGHT;
}

static outcome match_voc(const evaluation *e, glia_box box, int64_t begin, int64_t end, double threshold) {
    double best   = threshold;
    int64_t match = -1;
    for (int64_t i = begin; i < end; ++i) {
        const double iou = glia_box_iou(box, e->truths[i].box);
        if (iou > best) best = iou, match = i;
    }
    if (match < 0) return WRONG;
    if (e->truths[match].ignored) return NEITHER;
    if (e->found[match]) return WRONG;
    e->found[match] = true;
    return RIGHT;
}

/* The outcomes of all detections. */
static void match(const evaluation *e, double threshold) {
    int64_t begin = 0, end = 0, rank = 0;
    for (int64_t i = 0; i < e->n_truths; ++i) e->found[i] = false;
    for (int64_t i = 0; i < e->n_detections; ++i, ++rank) {
        const gli_ranked *d = &e->by_image[i];
        if (i == 0 || d->label != d[-1].label || d->image != d[-1].image) {
            rank = 0, begin = first_truth(e, d->label, d->image);
            for (end = begin; end < e->n_truths && by_place(&e->truths[end], d->label, d->image) == 0;) ++end;
        }
        const glia_box box    = e->detections[d->index].box;
        e->left_out[d->index] = rank >= e->most;
        if (e->left_out[d->index]) continue;
        e->outcomes[d->index] = e->rule == GLIA_PRECISION_COCO ? match_coco(e, box, begin, end, threshold)
                                                               : match_voc(e, box, begin, end, threshold);
    }
}

/* ---- Precision ---- */

/* A point of the curve, for each detection that is right or wrong. */
typedef struct point {
    double recall, precision;
} point;

/* The curve of the detections begin .. end - 1 of a class, whose precisions do not rise. */
static int64_t curve_of(const evaluation *e, int64_t begin, int64_t end, int64_t truths, point *curve) {
    int64_t right = 0, wrong = 0, n = 0;
    for (int64_t i = begin; i < end; ++i) {
        const int64_t index = e->by_score[i].index;
        if (e->left_out[index] || e->outcomes[index] == NEITHER) continue;
        if (e->outcomes[index] == RIGHT)
            ++right;
        else
            ++wrong;
        curve[n++] = (point){(double)right / (double)truths, (double)right / (double)(right + wrong)};
    }
    for (int64_t i = n - 2; i >= 0; --i) curve[i].precision = fmax(curve[i].precision, curve[i + 1].precision);
    return n;
}

/* At `steps` + 1 recalls from 0 to 1. */
static double mean_at(const point *curve, int64_t n, int steps, double step) {
    double sum = 0;
    int64_t i  = 0;
    for (int s = 0; s <= steps; ++s) {
        while (i < n && curve[i].recall < s * step) ++i;
        if (i < n) sum += curve[i].precision;
    }
    return sum / (steps + 1);
}

static double area_under(const point *curve, int64_t n) {
    double sum = 0, before = 0;
    for (int64_t i = 0; i < n; ++i) {
        sum += (curve[i].recall - before) * curve[i].precision;
        before = curve[i].recall;
    }
    return sum;
}

static double precision_of(const evaluation *e, const point *curve, int64_t n) {
    switch (e->rule) {
        case GLIA_PRECISION_COCO: return mean_at(curve, n, 100, 0.01);
        case GLIA_PRECISION_VOC_11: return mean_at(curve, n, 10, 0.1);
        case GLIA_PRECISION_VOC: break;
    }
    return area_under(curve, n);
}

/* Adds the precision of each class to `each`; that of one without truths becomes NaN. */
static void add_precisions(const evaluation *e, int64_t classes, point *curve, double *each) {
    int64_t d = 0, t = 0;
    for (int64_t label = 0; label < classes; ++label) {
        int64_t truths = 0, begin = d;
        for (; t < e->n_truths && e->truths[t].label == label; ++t) truths += !e->truths[t].ignored;
        while (d < e->n_detections && e->by_score[d].label == label) ++d;
        each[label] += truths > 0 ? precision_of(e, curve, curve_of(e, begin, d, truths, curve)) : (double)NAN;
    }
}

/* ---- The call ---- */

static int compare_truths(const void *left, const void *right) {
    const glia_truth *a = left, *b = right;
    const int place = by_place(a, b->label, b->image);
    return place != 0 ? place : (int)a->ignored - (int)b->ignored;
}

/* qsort is not stable: of equal ones the number in the caller's array decides. */
typedef struct numbered {
    glia_truth truth;
    int64_t index;
} numbered;

static int compare_numbered(const void *left, const void *right) {
    const numbered *a = left, *b = right;
    const int truths = compare_truths(&a->truth, &b->truth);
    return truths != 0 ? truths : (a->index > b->index) - (a->index < b->index);
}

static glia_status sort_truths(glia_context *ctx, const glia_truth *truths, int64_t n, glia_truth *sorted) {
    gli_block memory;
    GLI_TRY(gli_block_alloc(ctx, (size_t)n, sizeof(numbered), "the order of truths", &memory));
    numbered *all = memory.data;
    for (int64_t i = 0; i < n; ++i) all[i] = (numbered){truths[i], i};
    if (n > 0) qsort(all, (size_t)n, sizeof *all, compare_numbered);
    for (int64_t i = 0; i < n; ++i) sorted[i] = all[i].truth;
    gli_block_free(ctx, &memory);
    return GLIA_OK;
}

static glia_status check_label(glia_context *ctx, const char *what, int64_t index, int64_t label, int64_t classes) {
    GLI_REQUIRE(ctx, label >= 0 && label < classes, GLIA_INVALID_ARGUMENT,
                "glia_average_precision: the label of %s %lld is %lld, must be 0 to %lld", what, (long long)index,
                (long long)label, (long long)classes - 1);
    return GLIA_OK;
}

static glia_status check(glia_context *ctx, const glia_detection *detections, int64_t n_detections,
                         const glia_truth *truths, int64_t n_truths, const glia_average_precision_args *a) {
    const char *call = "glia_average_precision";
    GLI_TRY(gli_check_detections(ctx, call, detections, n_detections));
    GLI_REQUIRE(ctx, n_truths >= 0 && (truths || n_truths == 0), GLIA_INVALID_ARGUMENT, "%s: %lld truths%s", call,
                (long long)n_truths, truths ? ", must not be negative" : " at NULL");
    GLI_REQUIRE(ctx, a && a->classes >= 1, GLIA_INVALID_ARGUMENT, "%s: %lld classes, must be positive", call,
                a ? (long long)a->classes : 0);
    GLI_REQUIRE(ctx, (unsigned)a->rule <= GLIA_PRECISION_VOC_11, GLIA_INVALID_ARGUMENT, "%s: invalid rule %d", call,
                (int)a->rule);
    GLI_REQUIRE(ctx, a->most >= 0, GLIA_INVALID_ARGUMENT, "%s: most is %lld, must not be negative", call,
                (long long)a->most);
    GLI_REQUIRE(
        ctx, a->n_thresholds >= 0 && a->n_thresholds <= MOST_THRESHOLDS && (a->n_thresholds == 0 || a->iou_thresholds),
        GLIA_INVALID_ARGUMENT, "%s: %d thresholds%s, must be 0 to %d", call, a->n_thresholds,
        a->iou_thresholds ? "" : " at NULL", MOST_THRESHOLDS);
    for (int i = 0; i < a->n_thresholds; ++i)
        GLI_REQUIRE(ctx, a->iou_thresholds[i] >= 0 && a->iou_thresholds[i] <= 1, GLIA_INVALID_ARGUMENT,
                    "%s: iou_thresholds[%d] is %g, must be 0 to 1", call, i, a->iou_thresholds[i]);
    for (int64_t i = 0; i < n_detections; ++i)
        GLI_TRY(check_label(ctx, "detection", i, detections[i].label, a->classes));
    for (int64_t i = 0; i < n_truths; ++i) {
        GLI_TRY(check_label(ctx, "truth", i, truths[i].label, a->classes));
        GLI_TRY(gli_check_box(ctx, call, "truth", i, truths[i].box));
    }
    return GLIA_OK;
}

static int thresholds_of(const glia_average_precision_args *a, double *out) {
    if (a->n_thresholds > 0) {
        for (int i = 0; i < a->n_thresholds; ++i) out[i] = a->iou_thresholds[i];
        return a->n_thresholds;
    }
    const int n = a->rule == GLIA_PRECISION_COCO ? COCO_THRESHOLDS : 1;
    for (int i = 0; i < n; ++i) out[i] = 0.5 + 0.05 * i;
    return n;
}

static void evaluate(const evaluation *e, const glia_average_precision_args *a, point *curve, double *each,
                     double *mean) {
    double thresholds[MOST_THRESHOLDS], sum = 0;
    const int n   = thresholds_of(a, thresholds);
    int64_t count = 0;
    for (int64_t c = 0; c < a->classes; ++c) each[c] = 0;
    for (int i = 0; i < n; ++i) {
        match(e, thresholds[i]);
        add_precisions(e, a->classes, curve, each);
    }
    for (int64_t c = 0; c < a->classes; ++c) {
        each[c] /= n;
        if (!isnan(each[c])) sum += each[c], ++count;
    }
    *mean = count > 0 ? sum / (double)count : (double)NAN;
}

/* The arrays of an evaluation, one behind the other. */
typedef struct arrays {
    gli_block by_image, by_score, truths, found, outcomes, left_out, curve, each;
} arrays;

static void release(glia_context *ctx, arrays *m) {
    gli_block *all[] = {&m->by_image, &m->by_score, &m->truths, &m->found,
                        &m->outcomes, &m->left_out, &m->curve,  &m->each};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) gli_block_free(ctx, all[i]);
}

static glia_status reserve(glia_context *ctx, int64_t detections, int64_t truths, int64_t classes, arrays *m) {
    const char *what = "an evaluation of detections";
    const size_t n   = (size_t)detections;
    GLI_TRY(gli_block_alloc(ctx, n, sizeof(gli_ranked), what, &m->by_image));
    GLI_TRY(gli_block_alloc(ctx, n, sizeof(gli_ranked), what, &m->by_score));
    GLI_TRY(gli_block_alloc(ctx, n, sizeof(outcome), what, &m->outcomes));
    GLI_TRY(gli_block_alloc(ctx, n, sizeof(bool), what, &m->left_out));
    GLI_TRY(gli_block_alloc(ctx, n, sizeof(point), what, &m->curve));
    GLI_TRY(gli_block_alloc(ctx, (size_t)truths, sizeof(glia_truth), what, &m->truths));
    GLI_TRY(gli_block_alloc(ctx, (size_t)truths, sizeof(bool), what, &m->found));
    return gli_block_alloc(ctx, (size_t)classes, sizeof(double), what, &m->each);
}

static glia_status average_precision(glia_context *ctx, const glia_detection *detections, int64_t n_detections,
                                     const glia_truth *truths, int64_t n_truths, const glia_average_precision_args *a,
                                     double *each, double *mean) {
    arrays m           = {0};
    glia_status status = check(ctx, detections, n_detections, truths, n_truths, a);
    if (status == GLIA_OK) status = reserve(ctx, n_detections, n_truths, a->classes, &m);
    if (status == GLIA_OK) status = sort_truths(ctx, truths, n_truths, m.truths.data);
    if (status == GLIA_OK) {
        const int64_t most = a->most ? a->most : a->rule == GLIA_PRECISION_COCO ? COCO_MOST : INT64_MAX;
        const evaluation e = {a->rule,      detections,      n_detections,    n_truths,
                              most,         m.by_image.data, m.by_score.data, m.truths.data,
                              m.found.data, m.outcomes.data, m.left_out.data};
        double all, *own = m.each.data;
        for (int64_t i = 0; i < n_detections; ++i)
            e.by_image[i] = e.by_score[i] =
                (gli_ranked){detections[i].label, detections[i].image, i, detections[i].score};
        gli_sort_by_image(e.by_image, n_detections);
        gli_sort_by_score(e.by_score, n_detections);
        evaluate(&e, a, m.curve.data, own, &all);
        for (int64_t c = 0; each && c < a->classes; ++c) each[c] = own[c];
        if (mean) *mean = all;
    }
    release(ctx, &m);
    return status;
}

glia_status glia_average_precision(glia_context *ctx, const glia_detection *detections, int64_t n_detections,
                                   const glia_truth *truths, int64_t n_truths, const glia_average_precision_args *args,
                                   double *each, double *mean) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = average_precision(ctx, detections, n_detections, truths, n_truths, args, each, mean);
    gli_leave(ctx);
    return status;
}
