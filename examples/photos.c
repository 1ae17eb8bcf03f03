/* Learns the classes of a folder of pictures: one folder in it for each, with PNG, JPEG, PPM or BMP files. Without one
 * it draws circles, squares and triangles. photos --help says what it can do. */
#include "support/example.h"
#include "support/options.h"
#include "support/samples.h"
#include "support/shapes.h"

enum { EACH = 150, SHOWN = 10 };

typedef struct settings {
    const char *data, *picture, *device;
    long side, epochs, workers, seed;
} settings;

static glia_status build(glia_context *ctx, const settings *o, int classes, glia_model **out) {
    GLIA_TRY(glia_model_create(ctx, NULL, out));
    glia_model *net = *out;
    glia_value x    = glia_model_input(net, "image", GLIA_SHAPE(3, o->side, o->side));
    for (int filters = 16; filters <= 64; filters *= 2) {
        x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = filters, .kernel = {3, 3}, .pad = {1, 1}});
        x = glia_model_batchnorm(net, x, NULL);
        x = glia_model_activation(net, x, &(glia_activation_args){.kind = GLIA_RELU});
        x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    }
    x = glia_model_global_max_pool2d(net, x, NULL);
    x = glia_model_dense(net, x, &(glia_dense_args){.units = classes});
    return glia_model_compile(net, x, &(glia_compile_args){.loss = glia_loss_cross_entropy()});
}

static glia_status learn(glia_context *ctx, const settings *o, glia_dataset *train, glia_dataset *test,
                         glia_model **net) {
    glia_result result;
    const int classes = (int)glia_dataset_classes(train, 0);
    GLIA_TRY(glia_dataset_set_workers(train, (int)o->workers, 0));
    GLIA_TRY(build(ctx, o, classes, net));
    GLIA_TRY(glia_model_fit(*net, train, &(glia_fit_args){.epochs = (int)o->epochs, .batch_size = 16}));
    GLIA_TRY(glia_model_evaluate(*net, test, 0, &result));
    printf("%lld pictures to learn from, %lld for the test, accuracy %.4f; classes:",
           (long long)glia_dataset_count(train), (long long)glia_dataset_count(test), result.metric[0]);
    for (int c = 0; c < classes; ++c) printf(" %s", glia_dataset_class_name(train, 0, c));
    printf("\n");
    return GLIA_OK;
}

static glia_status run(glia_context *ctx, const settings *o, const char *folder) {
    const glia_image_dataset_args args = {.height = o->side,
                                          .width  = o->side,
                                          .fit    = GLIA_IMAGE_COVER,
                                          .skip   = true,
                                          .mean   = {0.5, 0.5, 0.5},
                                          .std    = {0.25, 0.25, 0.25}};
    glia_dataset *all = NULL, *train = NULL, *test = NULL;
    glia_model *net    = NULL;
    glia_status status = glia_dataset_from_image_folder(ctx, folder, &args, &all);
    if (status == GLIA_OK) status = glia_dataset_split(all, &(glia_split_args){.fraction = 0.8}, &train, &test);
    if (status == GLIA_OK) status = show_files(ctx, test, SHOWN, o->side, o->picture);
    if (status == GLIA_OK) status = learn(ctx, o, train, test, &net);
    glia_model_destroy(net);
    glia_dataset_destroy(all);
    glia_dataset_destroy(train);
    glia_dataset_destroy(test);
    return status;
}

int main(int argc, char **argv) {
    settings o             = {.side = 32, .epochs = 12, .workers = 2};
    const option options[] = {
        {"data", "a folder with a folder of pictures for each class; else it draws some", .text = &o.data},
        {"picture", "a file, .png or .ppm, for pictures of the test", .text = &o.picture},
        {"side", "rows and columns of what the network sees", .whole = &o.side, .least = 16},
        {"epochs", "passes over the pictures", .whole = &o.epochs, .least = 1},
        {"workers", "threads that read pictures", .whole = &o.workers, .least = 0},
        {"seed", "of weights, order and what is kept for the test", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Learns the classes of a folder of pictures.", options, sizeof options / sizeof *options, argc,
                      argv, &exit_code))
        return exit_code;

    const made_folder shapes = shapes_folder(EACH);
    char made[MADE_PATH]     = "";
    glia_context *ctx        = NULL;
    glia_status status       = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK && !o.data) status = make_folder(ctx, &shapes, made);
    if (status == GLIA_OK) status = run(ctx, &o, o.data ? o.data : made);
    exit_code = example_end("photos", status, ctx);
    remove_folder(made);
    glia_context_destroy(ctx);
    return exit_code;
}
