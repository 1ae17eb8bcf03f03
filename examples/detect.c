/* Learns where what is in pictures, from boxes in a CSV file: a detector of one stage without anchors. Without pictures
 * it draws circles, squares and triangles. detect --help says what it can do. */
#include <stdlib.h>

#include "support/cells.h"
#include "support/example.h"
#include "support/options.h"
#include "support/samples.h"
#include "support/shapes.h"

enum { PICTURES = 500, SHOWN = 5 };

typedef struct settings {
    const char *boxes, *picture, *device;
    long side, epochs, seed;
} settings;

static glia_value convolve(glia_model *net, glia_value x, int filters) {
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = filters, .kernel = {3, 3}, .pad = {1, 1}});
    x = glia_model_batchnorm(net, x, NULL);
    return glia_model_activation(net, x, &(glia_activation_args){.kind = GLIA_RELU});
}

/* One output has a score for each class and cell, the other one the sides of a box, which count where there is one. */
static glia_status build(glia_model *net, const settings *o, const cells *what) {
    const glia_output_args scores = {.loss = glia_loss_focal(), .metrics = {GLIA_METRIC_NONE}},
                           sides  = {.loss = glia_loss_huber(1), .sample_weights = true};
    glia_value x                  = glia_model_input(net, "image", GLIA_SHAPE(3, o->side, o->side));
    for (int cell = 1, filters = 16; cell < CELL; cell *= 2, filters *= 2)
        x = glia_model_max_pool2d(net, convolve(net, x, filters), &(glia_max_pool2d_args){.kernel = {2, 2}});
    x                     = convolve(net, convolve(net, x, 64), 64);
    glia_conv2d_args head = {.name = "scores", .filters = (int)what->classes, .kernel = {1, 1}};
    GLIA_TRY(glia_model_output(net, glia_model_conv2d(net, x, &head), &scores));
    head.name = "sides", head.filters = 4;
    GLIA_TRY(glia_model_output(net, glia_model_conv2d(net, x, &head), &sides));
    return glia_model_compile(net, (glia_value){0}, &(glia_compile_args){.optimizer = glia_optimizer_adam(3e-3)});
}

static glia_status learn(glia_context *ctx, const settings *o, glia_dataset *train, glia_dataset *test,
                         glia_model *net) {
    cells what;
    glia_dataset *learnt = NULL;
    detections found     = {0};
    GLIA_TRY(make_cells(train, &what, &learnt));
    glia_status status = build(net, o, &what);
    if (status == GLIA_OK)
        status = glia_model_fit(net, learnt, &(glia_fit_args){.epochs = (int)o->epochs, .batch_size = 8});
    if (status == GLIA_OK) status = find_boxes(ctx, net, &what, test, &found);
    if (status == GLIA_OK) status = print_average_precision(ctx, test, &found);
    if (status == GLIA_OK && o->picture) status = show_boxes(ctx, test, &found, SHOWN, o->picture);
    glia_dataset_destroy(learnt);
    free(found.all);
    return status;
}

static glia_status run(glia_context *ctx, const settings *o, const char *boxes) {
    const glia_image_dataset_args args = {.height = o->side, .width = o->side, .fit = GLIA_IMAGE_COVER};
    glia_dataset *all = NULL, *train = NULL, *test = NULL;
    glia_model *net    = NULL;
    glia_status status = glia_dataset_from_image_boxes(ctx, boxes, NULL, &args, &all);
    if (status == GLIA_OK) status = glia_dataset_split(all, &(glia_split_args){.fraction = 0.8}, &train, &test);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = learn(ctx, o, train, test, net);
    glia_model_destroy(net);
    glia_dataset_destroy(all);
    glia_dataset_destroy(train);
    glia_dataset_destroy(test);
    return status;
}

int main(int argc, char **argv) {
    settings o             = {.side = SHAPES_SIDE, .epochs = 16};
    const option options[] = {
        {"boxes", "a CSV file with the columns path, class, x0, y0, x1, y1; else it draws pictures", .text = &o.boxes},
        {"picture", "a file, .png or .ppm, for pictures of the test with the boxes that it finds", .text = &o.picture},
        {"side", "rows and columns of what the network sees", .whole = &o.side, .least = CELL, .multiple = CELL},
        {"epochs", "passes over the pictures", .whole = &o.epochs, .least = 1},
        {"seed", "of weights, order and what is kept for the test", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Learns where what is in pictures.", options, sizeof options / sizeof *options, argc, argv,
                      &exit_code))
        return exit_code;
    char made[MADE_PATH] = "", path[MADE_PATH + 16];
    glia_context *ctx    = NULL;
    glia_status status   = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK && !o.boxes) status = make_shapes(ctx, PICTURES, made);
    snprintf(path, sizeof path, "%s/boxes.csv", made);
    if (status == GLIA_OK) status = run(ctx, &o, o.boxes ? o.boxes : path);
    exit_code = example_end("detect", status, ctx);
    remove_folder(made);
    glia_context_destroy(ctx);
    return exit_code;
}
