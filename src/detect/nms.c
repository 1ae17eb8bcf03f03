#include <math.h>
#include <stdlib.h>

#include "detect/detections.h"

/* ---- Boxes ---- */

double gli_box_area(glia_box box) { return ((double)box.right - box.left) * ((double)box.bottom - box.top); }

double gli_box_shared(glia_box a, glia_box b) {
    const double width  = fmin(a.right, b.right) - fmax(a.left, b.left);
    const double height = fmin(a.bottom, b.bottom) - fmax(a.top, b.top);
    return width > 0 && height > 0 ? width * height : 0;
}

double glia_box_iou(glia_box a, glia_box b) {
    const double both = gli_box_shared(a, b), all = gli_box_area(a) + gli_box_area(b) - both;
    return all > 0 ? both / all : 0;
}

glia_status gli_check_box(glia_context *ctx, const char *call, const char *what, int64_t index, glia_box box) {
    GLI_REQUIRE(ctx, box.left <= box.right && box.top <= box.bottom && isfinite(gli_box_area(box)),
                GLIA_INVALID_ARGUMENT, "%s: %s %lld has the box {%g,%g,%g,%g}, whose corners are not in order", call,
                what, (long long)index, (double)box.left, (double)box.top, (double)box.right, (double)box.bottom);
    return GLIA_OK;
}

glia_status gli_check_detections(glia_context *ctx, const char *call, const glia_detection *detections, int64_t n) {
    GLI_REQUIRE(ctx, n >= 0 && (detections || n == 0), GLIA_INVALID_ARGUMENT, "%s: %lld detections%s", call,
                (long long)n, detections ? ", must not be negative" : " at NULL");
    for (int64_t i = 0; i < n; ++i) {
        GLI_REQUIRE(ctx, !isnan(detections[i].score), GLIA_INVALID_ARGUMENT, "%s: the score of detection %lld is NaN",
                    call, (long long)i);
        GLI_TRY(gli_check_box(ctx, call, "detection", i, detections[i].box));
    }
    return GLIA_OK;
}

/* ---- Orders ---- */

static int compare(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int fallen(float a, float b) { return (a < b) - (a > b); }

static int by_image(const void *left, const void *right) {
    const gli_ranked *a = left, *b = right;
    if (a->label != b->label) return compare(a->label, b->label);
    if (a->image != b->image) return compare(a->image, b->image);
    if (a->score != b->score) return fallen(a->score, b->score);
    return compare(a->index, b->index);
}

static int by_score(const void *left, const void *right) {
    const gli_ranked *a = left, *b = right;
    if (a->label != b->label) return compare(a->label, b->label);
    if (a->score != b->score) return fallen(a->score, b->score);
    if (a->image != b->image) return compare(a->image, b->image);
    return compare(a->index, b->index);
}

static int by_score_alone(const void *left, const void *right) {
    const gli_ranked *a = left, *b = right;
    if (a->score != b->score) return fallen(a->score, b->score);
    return compare(a->index, b->index);
}

static void sort(gli_ranked *ranked, int64_t n, int (*order)(const void *, const void *)) {
    if (n > 1) qsort(ranked, (size_t)n, sizeof *ranked, order);
}

void gli_sort_by_image(gli_ranked *ranked, int64_t n) { sort(ranked, n, by_image); }
void gli_sort_by_score(gli_ranked *ranked, int64_t n) { sort(ranked, n, by_score); }

/* ---- Suppression ---- */

/* Of one picture and class, in the order of scores: moves those that stay to the front, and counts them. */
static int64_t suppress(const glia_detection *detections, double threshold, gli_ranked *ranked, int64_t n) {
    int64_t stay = 0;
    for (int64_t i = 0; i < n; ++i) {
        bool free = true;
        for (int64_t k = 0; k < stay && free; ++k)
            free = !(glia_box_iou(detections[ranked[k].index].box, detections[ranked[i].index].box) > threshold);
        if (free) ranked[stay++] = ranked[i];
    }
    return stay;
}

static void keep(const glia_detection *detections, int64_t n, double threshold, gli_ranked *ranked, int64_t *kept,
                 int64_t *n_kept) {
    int64_t stay = 0;
    gli_sort_by_image(ranked, n);
    for (int64_t begin = 0, end; begin < n; begin = end) {
        for (end = begin; end < n; ++end)
            if (ranked[end].label != ranked[begin].label || ranked[end].image != ranked[begin].image) break;
        const int64_t found = suppress(detections, threshold, ranked + begin, end - begin);
        for (int64_t i = 0; i < found; ++i) ranked[stay++] = ranked[begin + i];
    }
    sort(ranked, stay, by_score_alone);
    for (int64_t i = 0; i < stay; ++i) kept[i] = ranked[i].index;
    *n_kept = stay;
}

static glia_status nms(glia_context *ctx, const glia_detection *detections, int64_t n, const glia_nms_args *args,
                       int64_t *kept, int64_t *n_kept) {
    const glia_nms_args defaults = {0}, *a = args ? args : &defaults;
    const double threshold = a->iou_threshold.set ? a->iou_threshold.value : 0.5;
    gli_block memory;
    GLI_TRY(gli_check_detections(ctx, "glia_nms", detections, n));
    GLI_REQUIRE(ctx, threshold >= 0 && threshold <= 1, GLIA_INVALID_ARGUMENT,
                "glia_nms: iou_threshold is %g, must be 0 to 1", threshold);
    GLI_REQUIRE(ctx, n_kept && (kept || n == 0), GLIA_INVALID_ARGUMENT, "glia_nms: %s is NULL",
                n_kept ? "kept" : "n_kept");
    GLI_TRY(gli_block_alloc(ctx, (size_t)n, sizeof(gli_ranked), "the order of detections", &memory));
    gli_ranked *ranked = memory.data;
    for (int64_t i = 0; i < n; ++i)
        ranked[i] = (gli_ranked){a->any_label ? 0 : detections[i].label, detections[i].image, i, detections[i].score};
    keep(detections, n, threshold, ranked, kept, n_kept);
    gli_block_free(ctx, &memory);
    return GLIA_OK;
}

glia_status glia_nms(glia_context *ctx, const glia_detection *detections, int64_t n, const glia_nms_args *args,
                     int64_t *kept, int64_t *n_kept) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = nms(ctx, detections, n, args, kept, n_kept);
    gli_leave(ctx);
    return status;
}
