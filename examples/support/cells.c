#include "support/cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/samples.h"

static const float LIKELY = 0.3F; /* the score of boxes that are shown */

static glia_status write_cells(void *user, const glia_sample *from, const glia_sample *to) {
    const cells *what = user;
    const int64_t all = what->rows * what->rows, *classes = from->targets[1];
    const float *box = from->targets[0];
    float *scores = to->targets[0], *sides = to->targets[1], *weights = to->targets[2];
    memcpy(to->inputs[0], from->inputs[0], (size_t)(3 * all * CELL * CELL) * sizeof(float));
    memset(scores, 0, (size_t)(what->classes * all) * sizeof *scores);
    memset(sides, 0, (size_t)(4 * all) * sizeof *sides);
    memset(weights, 0, (size_t)(4 * all) * sizeof *weights);
    for (int64_t i = 0; i < what->most && classes[i] >= 0; ++i, box += 4) {
        const double x = (box[0] + box[2]) / 2.0 / CELL, y = (box[1] + box[3]) / 2.0 / CELL;
        const int64_t last = what->rows - 1, column = x < (double)last ? (int64_t)x : last,
                      row = y < (double)last ? (int64_t)y : last, at = row * what->rows + column;
        const double side[4]          = {x - (double)column - 0.5, y - (double)row - 0.5, log((box[2] - box[0]) / CELL),
                                         log((box[3] - box[1]) / CELL)};
        scores[classes[i] * all + at] = 1;
        for (int k = 0; k < 4; ++k) {
            sides[k * all + at]   = (float)side[k];
            weights[k * all + at] = 1;
        }
    }
    return GLIA_OK;
}

glia_status make_cells(glia_dataset *data, cells *what, glia_dataset **out) {
    const glia_field image = glia_dataset_input(data, 0);
    *what                  = (cells){.rows    = image.shape.dim[1] / CELL,
                                     .classes = glia_dataset_classes(data, 1),
                                     .most    = glia_dataset_target(data, 0).shape.dim[0]};
    if (!what->classes) return fprintf(stderr, "no picture has a box\n"), GLIA_INVALID_ARGUMENT;
    const int64_t rows         = what->rows;
    const glia_field targets[] = {{"scores", GLIA_F32, GLIA_SHAPE(what->classes, rows, rows)},
                                  {"sides", GLIA_F32, GLIA_SHAPE(4, rows, rows)},
                                  {"weights", GLIA_F32, GLIA_SHAPE(4, rows, rows)}};
    const glia_map_args args   = {.inputs     = &image,
                                  .n_inputs   = 1,
                                  .targets    = targets,
                                  .n_targets  = 3,
                                  .map        = write_cells,
                                  .user       = what,
                                  .concurrent = true};
    return glia_dataset_map(data, &args, out);
}

/* The scores and sides of n samples as detections: those whose probability is at least 0.05. */
static int64_t decode(const cells *what, const float *logits, const float *sides, int64_t n, glia_detection *found) {
    const int64_t all = what->rows * what->rows, each = what->classes * all;
    int64_t count = 0;
    for (int64_t i = 0; i < n * each; ++i) {
        const int64_t at  = i % all;
        const float *side = sides + i / each * 4 * all + at;
        const double p    = 1 / (1 + exp(-(double)logits[i]));
        if (!(p >= 0.05)) continue;
        const double x = CELL * ((double)(at % what->rows) + 0.5 + side[0]),
                     y = CELL * ((double)(at / what->rows) + 0.5 + side[all]), w = CELL / 2.0 * exp(side[2 * all]),
                     h = CELL / 2.0 * exp(side[3 * all]);
        found[count++] = (glia_detection){.image = i / each,
                                          .label = i % each / all,
                                          .score = (float)p,
                                          .box   = {(float)(x - w), (float)(y - h), (float)(x + w), (float)(y + h)}};
    }
    return count;
}

/* The detections that stay, in the order of their scores. */
static glia_status suppress(glia_context *ctx, glia_detection *found, int64_t n, detections *out) {
    int64_t *kept            = malloc((size_t)(n + 1) * sizeof *kept);
    out->all                 = malloc((size_t)(n + 1) * sizeof *out->all);
    const glia_status status = kept && out->all ? glia_nms(ctx, found, n, NULL, kept, &out->n) : GLIA_OUT_OF_MEMORY;
    for (int64_t i = 0; i < out->n && status == GLIA_OK; ++i) out->all[i] = found[kept[i]];
    free(kept);
    return status;
}

glia_status find_boxes(glia_context *ctx, glia_model *net, const cells *what, glia_dataset *data, detections *out) {
    const int64_t n = glia_dataset_count(data), all = n * what->rows * what->rows;
    const size_t bytes[2] = {(size_t)(what->classes * all) * sizeof(float), (size_t)(4 * all) * sizeof(float)};
    float *outputs[2]     = {malloc(bytes[0]), malloc(bytes[1])};
    glia_detection *found = malloc((size_t)(what->classes * all) * sizeof *found);
    glia_status status    = outputs[0] && outputs[1] && found ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK) status = glia_model_predict_all(net, data, 0, (void *const *)outputs, bytes, 2);
    if (status == GLIA_OK) status = suppress(ctx, found, decode(what, outputs[0], outputs[1], n, found), out);
    free(found);
    for (int i = 0; i < 2; ++i) free(outputs[i]);
    return status;
}

/* The boxes of all samples. The caller frees *out. */
static glia_status read_truths(glia_context *ctx, glia_dataset *data, glia_truth **out, int64_t *n_out) {
    const int64_t n = glia_dataset_count(data), most = glia_dataset_target(data, 0).shape.dim[0];
    glia_box *boxes    = malloc((size_t)(n * most) * sizeof *boxes);
    int64_t *classes   = malloc((size_t)(n * most) * sizeof *classes);
    *out               = malloc((size_t)(n * most) * sizeof **out);
    *n_out             = 0;
    glia_status status = boxes && classes && *out ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK) status = read_samples(ctx, data, n, (void *[]){NULL}, (void *[]){boxes, classes});
    for (int64_t i = 0; i < n * most && status == GLIA_OK; ++i)
        if (classes[i] >= 0) (*out)[(*n_out)++] = (glia_truth){.image = i / most, .label = classes[i], .box = boxes[i]};
    free(boxes);
    free(classes);
    return status;
}

glia_status print_average_precision(glia_context *ctx, glia_dataset *data, const detections *found) {
    const int64_t classes = glia_dataset_classes(data, 1);
    double *each = malloc((size_t)classes * sizeof *each), mean = 0;
    glia_truth *truths                     = NULL;
    int64_t n                              = 0;
    glia_status status                     = each ? read_truths(ctx, data, &truths, &n) : GLIA_OUT_OF_MEMORY;
    const glia_average_precision_args args = {.rule = GLIA_PRECISION_VOC, .classes = classes};
    if (status == GLIA_OK) status = glia_average_precision(ctx, found->all, found->n, truths, n, &args, each, &mean);
    for (int64_t c = 0; c < classes && status == GLIA_OK; ++c)
        printf("%s: average precision %.4f\n", glia_dataset_class_name(data, 1, c), each[c]);
    if (status == GLIA_OK)
        printf("%lld boxes in %lld pictures of the test: mean average precision %.4f\n", (long long)n,
               (long long)glia_dataset_count(data), mean);
    free(truths);
    free(each);
    return status;
}

static void draw_box(float *picture, int64_t side, glia_box b) {
    for (int64_t i = 0; i < side * side; ++i) {
        const double y = (double)(i / side) + 0.5, x = (double)(i % side) + 0.5;
        const double within = fmin(fmin(x - b.left, b.right - x), fmin(y - b.top, b.bottom - y));
        if (within >= 0 && within < 1)
            for (int c = 0; c < 3; ++c) picture[c * side * side + i] = c < 2;
    }
}

glia_status show_boxes(glia_context *ctx, glia_dataset *data, const detections *found, int64_t n, const char *path) {
    const int64_t side = glia_dataset_input(data, 0).shape.dim[1], all = glia_dataset_count(data);
    n                  = n < all ? n : all;
    const int64_t each = 3 * side * side;
    float *rows        = malloc((size_t)(2 * n * each) * sizeof *rows);
    glia_truth *truths = NULL;
    int64_t n_truths   = 0;
    glia_status status = rows ? read_truths(ctx, data, &truths, &n_truths) : GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK) status = read_samples(ctx, data, n, (void *[]){rows}, (void *[]){NULL, NULL});
    if (status == GLIA_OK) memcpy(rows + n * each, rows, (size_t)(n * each) * sizeof *rows);
    for (int64_t i = 0; i < n_truths && status == GLIA_OK; ++i)
        if (truths[i].image < n) draw_box(rows + truths[i].image * each, side, truths[i].box);
    for (int64_t i = 0; i < found->n && status == GLIA_OK; ++i)
        if (found->all[i].image < n && found->all[i].score > LIKELY)
            draw_box(rows + (n + found->all[i].image) * each, side, found->all[i].box);
    if (status == GLIA_OK) status = write_pictures(ctx, rows, 2 * n, n, (int[]){(int)side, (int)side}, path);
    free(truths);
    free(rows);
    return status;
}
