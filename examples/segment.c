/* Learns which pixels belong to what: a U-Net (Ronneberger et al., 2015) on pictures and masks. Without any it draws
 * circles, squares and triangles. segment --help says what it can do. */
#include "support/example.h"
#include "support/options.h"
#include "support/samples.h"
#include "support/shapes.h"

enum { PICTURES = 400, LEVELS = 3, SHOWN = 5 };

typedef struct settings {
    const char *images, *masks, *picture, *device;
    long side, classes, epochs, seed;
} settings;

static glia_value convolve(glia_model *net, glia_value x, int filters) {
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = filters, .kernel = {3, 3}, .pad = {1, 1}});
    x = glia_model_batchnorm(net, x, NULL);
    return glia_model_activation(net, x, &(glia_activation_args){.kind = GLIA_RELU});
}

/* What the coarse half has found goes back to the pixels, and beside it what was there before it got coarse. */
static glia_value refine(glia_model *net, glia_value coarse, glia_value fine, int filters) {
    const glia_value up = glia_model_upsample2d(net, coarse, NULL);
    return convolve(net, glia_model_concat(net, (glia_value[]){up, fine}, 2, NULL), filters);
}

static glia_status build(const settings *o, glia_model *net) {
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(3, o->side, o->side)), fine[LEVELS];
    for (int i = 0; i < LEVELS; ++i) {
        fine[i] = convolve(net, x, 12 << i);
        x       = glia_model_max_pool2d(net, fine[i], &(glia_max_pool2d_args){.kernel = {2, 2}});
    }
    x = convolve(net, x, 12 << LEVELS);
    for (int i = LEVELS; i-- > 0;) x = refine(net, x, fine[i], 12 << i);
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = (int)o->classes, .kernel = {1, 1}});
    return glia_model_compile(net, x,
                              &(glia_compile_args){.loss      = glia_loss_cross_entropy(),
                                                   .metrics   = {GLIA_METRIC_ACCURACY, GLIA_METRIC_IOU},
                                                   .optimizer = glia_optimizer_adam(3e-3)});
}

static glia_status learn(glia_context *ctx, const settings *o, glia_dataset *train, glia_dataset *test,
                         glia_model *net) {
    const glia_augment_args flips = {.transforms = {glia_augment_flip(0.5)}};
    glia_result result;
    GLIA_TRY(build(o, net));
    GLIA_TRY(glia_model_fit(net, train, &(glia_fit_args){.epochs = (int)o->epochs, .batch_size = 8, .augment = flips}));
    GLIA_TRY(glia_model_evaluate(net, test, 0, &result));
    printf("%lld pictures to learn from, %lld for the test: %.4f of pixels right, mean IoU %.4f\n",
           (long long)glia_dataset_count(train), (long long)glia_dataset_count(test), result.metric[0],
           result.metric[1]);
    return o->picture ? show_masks(ctx, net, test, SHOWN, o->picture) : GLIA_OK;
}

static glia_status run(glia_context *ctx, const settings *o, const char *images, const char *masks) {
    const glia_image_dataset_args args = {.height = o->side, .width = o->side, .fit = GLIA_IMAGE_COVER};
    glia_dataset *all = NULL, *train = NULL, *test = NULL;
    glia_model *net    = NULL;
    glia_status status = glia_dataset_from_image_pairs(ctx, images, masks, &args, &all);
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
    settings o             = {.side = SHAPES_SIDE, .classes = SHAPE_KINDS + 1, .epochs = 10};
    const option options[] = {
        {"images", "a folder of pictures; else it draws some", .text = &o.images},
        {"masks", "a folder with a mask for each", .text = &o.masks},
        {"picture", "a file, .png or .ppm, for pictures of the test, their masks and what it takes them for",
         .text = &o.picture},
        {"side", "rows and columns of what the network sees", .whole = &o.side, .least = 8, .multiple = 1 << LEVELS},
        {"classes", "of masks, that of the ground too", .whole = &o.classes, .least = 2, .most = 256},
        {"epochs", "passes over the pictures", .whole = &o.epochs, .least = 1},
        {"seed", "of weights, order and what is kept for the test", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Learns which pixels belong to what.", options, sizeof options / sizeof *options, argc, argv,
                      &exit_code))
        return exit_code;
    const bool own       = o.images || o.masks;
    char made[MADE_PATH] = "", paths[2][MADE_PATH + 8];
    glia_context *ctx    = NULL;
    glia_status status   = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK && !own) status = make_shapes(ctx, PICTURES, made);
    snprintf(paths[0], sizeof paths[0], "%s/images", made);
    snprintf(paths[1], sizeof paths[1], "%s/masks", made);
    if (status == GLIA_OK) status = run(ctx, &o, own ? o.images : paths[0], own ? o.masks : paths[1]);
    exit_code = example_end("segment", status, ctx);
    remove_folder(made);
    glia_context_destroy(ctx);
    return exit_code;
}
