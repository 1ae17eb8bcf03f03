/* What a convolutional network has learned, and what it recognises an image by: filters, activations, saliency,
 * occlusion. inside --help says what it can do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/example.h"
#include "support/options.h"

enum {
    SIDE    = 28,
    CLASSES = 10,
    FILTERS = 8,
    KERNEL  = 5,
    SEEN    = SIDE - KERNEL + 1,
    PATCH   = 6,
    PLACES  = SIDE - PATCH + 1
};

typedef struct settings {
    const char *data, *folder, *device;
    long images, epochs, image, seed;
} settings;

static glia_value build(glia_model *net) {
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(1, SIDE, SIDE));
    x            = glia_model_conv2d(
        net, x,
        &(glia_conv2d_args){.name = "conv1", .filters = FILTERS, .kernel = {KERNEL, KERNEL}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_conv2d(
        net, x, &(glia_conv2d_args){.name = "conv2", .filters = 16, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_flatten(net, x, NULL);
    return glia_model_dense(net, x, &(glia_dense_args){.name = "logits", .units = CLASSES});
}

/* ---- Pictures ---- */

static glia_status write_pgm(const char *folder, const char *name, const float *pixels, glia_shape shape) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.pgm", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file) return fprintf(stderr, "inside: %s cannot be written\n", path), GLIA_IO_ERROR;
    fprintf(file, "P5 %lld %lld 255\n", (long long)shape.dim[1], (long long)shape.dim[0]);
    for (int64_t i = 0; i < shape.dim[0] * shape.dim[1]; ++i) fputc((int)(255 * pixels[i] + 0.5f), file);
    return fclose(file) == 0 ? GLIA_OK : GLIA_IO_ERROR;
}

/* Square images beside each other, as a picture in the folder. */
static glia_status draw(glia_context *ctx, const settings *o, const char *name, const float *images, int64_t count,
                        int64_t side) {
    const glia_grid_args args = {.count = count, .height = side, .width = side, .gap = 1, .gap_value = 1};
    const glia_shape shape    = glia_grid_shape(&args);
    const size_t pixels       = (size_t)(shape.dim[0] * shape.dim[1]);
    if (!o->folder) return GLIA_OK;
    float *grid = malloc(pixels * sizeof *grid);
    if (!grid) return GLIA_OUT_OF_MEMORY;
    glia_status status =
        glia_grid(ctx, &args, images, (size_t)(count * side * side) * sizeof *images, grid, pixels * sizeof *grid);
    if (status == GLIA_OK) status = write_pgm(o->folder, name, grid, shape);
    free(grid);
    return status;
}

/* A map as characters, from " " for the smallest number to "@" for the largest. */
static void print_map(const char *title, const float *map, int side) {
    static const char shades[] = " .:-=+*#%@";
    float low = map[0], high = map[0];
    for (int i = 0; i < side * side; ++i) low = fminf(low, map[i]), high = fmaxf(high, map[i]);
    printf("\n%s\n", title);
    for (int i = 0; i < side * side; ++i) {
        const float share = high > low ? (map[i] - low) / (high - low) : 0;
        const char shade  = shades[(int)(share * (sizeof shades - 2) + 0.5f)];
        printf("%c%c%s", shade, shade, i % side == side - 1 ? "\n" : "");
    }
}

/* ---- What there is to see ---- */

static glia_status show_network(glia_context *ctx, glia_model *net, glia_dataset *one, const settings *o) {
    static float image[SIDE * SIDE], filters[FILTERS * KERNEL * KERNEL], seen[FILTERS * SEEN * SEEN];
    GLIA_TRY(glia_model_layer_output(net, "image", one, 0, image, sizeof image));
    GLIA_TRY(glia_model_get(net, "conv1.weight", filters, sizeof filters));
    GLIA_TRY(glia_model_layer_output(net, "conv1", one, 0, seen, sizeof seen));
    print_map("the image", image, SIDE);
    GLIA_TRY(draw(ctx, o, "image", image, 1, SIDE));
    GLIA_TRY(draw(ctx, o, "filters", filters, FILTERS, KERNEL));
    return draw(ctx, o, "activations", seen, FILTERS, SEEN);
}

static glia_status show_saliency(glia_context *ctx, glia_model *net, glia_dataset *one, const settings *o) {
    static float map[SIDE * SIDE];
    GLIA_TRY(glia_model_saliency(net, one, NULL, map, sizeof map));
    print_map("saliency: the pixels that change the answer most", map, SIDE);
    return draw(ctx, o, "saliency", map, 1, SIDE);
}

static glia_status show_occlusion(glia_context *ctx, glia_model *net, glia_dataset *one, const settings *o) {
    static float map[PLACES * PLACES];
    int lowest = 0;
    GLIA_TRY(glia_model_occlusion(
        net, one, &(glia_occlusion_args){.patch = {PATCH, PATCH}, .fill = 0.5, .softmax = true}, map, sizeof map));
    for (int i = 0; i < PLACES * PLACES; ++i)
        if (map[i] < map[lowest]) lowest = i;
    print_map("occlusion: the probability of the answer with a grey patch there", map, PLACES);
    printf("lowest probability: %.4f with rows %d to %d and columns %d to %d hidden\n", (double)map[lowest],
           lowest / PLACES, lowest / PLACES + PATCH - 1, lowest % PLACES, lowest % PLACES + PATCH - 1);
    return draw(ctx, o, "occlusion", map, 1, PLACES);
}

static glia_status run(glia_context *ctx, glia_model *net, glia_dataset *train, glia_dataset *test, glia_dataset *one,
                       const settings *o) {
    glia_result result;
    int64_t answer;
    GLIA_TRY(glia_model_compile(net, build(net), &(glia_compile_args){.loss = glia_loss_cross_entropy()}));
    GLIA_TRY(glia_model_fit(net, train, &(glia_fit_args){.epochs = (int)o->epochs, .progress = GLIA_PROGRESS_AUTO}));
    GLIA_TRY(glia_model_evaluate(net, test, 0, &result));
    GLIA_TRY(glia_model_predict_classes(net, one, 0, &answer, sizeof answer));
    printf("test accuracy: %.4f\nimage %ld: class %lld\n", result.metric[0], o->image, (long long)answer);
    GLIA_TRY(show_network(ctx, net, one, o));
    GLIA_TRY(show_saliency(ctx, net, one, o));
    return show_occlusion(ctx, net, one, o);
}

int main(int argc, char **argv) {
    settings o             = {.data = "/usr/share/datasets/fashion-mnist", .images = 10000, .epochs = 3};
    const option options[] = {
        {"data", "the folder with the four files of MNIST or Fashion-MNIST", .text = &o.data},
        {"images", "to learn from", .whole = &o.images, .least = 1},
        {"epochs", "passes over them", .whole = &o.epochs, .least = 1},
        {"image", "the number of the test image that is looked at", .whole = &o.image},
        {"folder", "where to write pictures (PGM); without it none are", .text = &o.folder},
        {"seed", "of weights and order", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Shows what a convolutional network recognises an image by.", options,
                      sizeof options / sizeof *options, argc, argv, &exit_code))
        return exit_code;

    glia_context *ctx = NULL;
    glia_model *net   = NULL;
    glia_dataset *all = NULL, *train = NULL, *test = NULL, *one = NULL;
    glia_status status = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, o.data, GLIA_PART_TRAIN, NULL, &all);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, o.data, GLIA_PART_TEST, NULL, &test);
    const int64_t count = glia_dataset_count(all) < o.images ? glia_dataset_count(all) : o.images;
    if (status == GLIA_OK) status = glia_dataset_take(all, 0, count, &train);
    if (status == GLIA_OK) status = glia_dataset_take(test, o.image, 1, &one);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = run(ctx, net, train, test, one, &o);
    exit_code = example_end("inside", status, ctx);

    glia_model_destroy(net);
    glia_dataset_destroy(one);
    glia_dataset_destroy(test);
    glia_dataset_destroy(train);
    glia_dataset_destroy(all);
    glia_context_destroy(ctx);
    return exit_code;
}
