/* Groups of pictures that nobody has labelled: an autoencoder learns a short code for each, and k-means puts codes that
 * are near to each other in one group. Names of folders, or of what was painted, only judge the result.
 * groups --help says what it can do. */
#include <stdlib.h>

#include "support/example.h"
#include "support/options.h"
#include "support/purity.h"
#include "support/scenes.h"

enum { SCENES = 300, CODE = 12, SIDE = SCENE_SIDE, MOST_GROUPS = 64 };

typedef struct settings {
    const char *data, *device;
    long groups, epochs, seed;
} settings;

static glia_status build(glia_context *ctx, glia_model **out) {
    GLIA_TRY(glia_model_create(ctx, NULL, out));
    glia_model *net       = *out;
    glia_value x          = glia_model_input(net, "image", GLIA_SHAPE(3, SIDE, SIDE));
    glia_conv2d_args conv = {.filters = 8, .kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1}, .activation = GLIA_RELU};
    x                     = glia_model_conv2d(net, x, &conv);
    conv.filters          = 16;
    x                     = glia_model_conv2d(net, x, &conv);
    x = glia_model_dense(net, glia_model_flatten(net, x, NULL), &(glia_dense_args){.name = "code", .units = CODE});
    x = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x = glia_model_dense(net, x, &(glia_dense_args){.units = 3 * SIDE * SIDE, .activation = GLIA_SIGMOID});
    x = glia_model_reshape(net, x, &(glia_reshape_args){.shape = GLIA_SHAPE(3, SIDE, SIDE)});
    return glia_model_compile(net, x,
                              &(glia_compile_args){.loss = glia_loss_mse(), .optimizer = glia_optimizer_adam(3e-3)});
}

static glia_status group(glia_context *ctx, const settings *o, glia_model *net, glia_dataset *pictures, float *codes,
                         int64_t *labels) {
    float centers[MOST_GROUPS * CODE];
    const glia_pick image = {.field = "image"};
    const int64_t n       = glia_dataset_count(pictures);
    glia_dataset *same    = NULL; /* the target is the input */
    GLIA_TRY(glia_dataset_pick(pictures, &(glia_pick_args){&image, 1, &image, 1}, &same));
    glia_status status = glia_model_fit(net, same, &(glia_fit_args){.epochs = (int)o->epochs});
    if (status == GLIA_OK)
        status = glia_model_layer_output(net, "code", same, 0, codes, (size_t)n * CODE * sizeof *codes);
    glia_dataset_destroy(same);
    GLIA_TRY(status);
    GLIA_TRY(glia_kmeans(ctx, &(glia_vectors){codes, n, CODE}, &(glia_kmeans_args){.clusters = o->groups, .runs = 10},
                         centers, labels, NULL));
    return print_purity(pictures, labels, o->groups);
}

static glia_status run(glia_context *ctx, const settings *o, glia_dataset *pictures) {
    const size_t n     = (size_t)glia_dataset_count(pictures);
    float *codes       = malloc(n * CODE * sizeof *codes);
    int64_t *labels    = malloc(n * sizeof *labels);
    glia_model *net    = NULL;
    glia_status status = codes && labels ? build(ctx, &net) : GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK) status = group(ctx, o, net, pictures, codes, labels);
    free(codes);
    free(labels);
    glia_model_destroy(net);
    return status;
}

int main(int argc, char **argv) {
    settings o             = {.groups = SCENE_KINDS, .epochs = 20};
    const option options[] = {
        {"data", "a folder with folders of pictures; else it paints some", .text = &o.data},
        {"groups", "how many there are to be", .whole = &o.groups, .least = 1, .most = MOST_GROUPS},
        {"epochs", "passes over the pictures", .whole = &o.epochs, .least = 1},
        {"seed", "of weights, order and first centres", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Puts pictures in groups.", options, sizeof options / sizeof *options, argc, argv, &exit_code))
        return exit_code;
    glia_context *ctx      = NULL;
    glia_dataset *pictures = NULL;
    glia_status status     = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = open_scenes(ctx, o.data, SCENES, &pictures);
    if (status == GLIA_OK) status = run(ctx, &o, pictures);
    exit_code = example_end("groups", status, ctx);
    glia_dataset_destroy(pictures);
    glia_context_destroy(ctx);
    return exit_code;
}
