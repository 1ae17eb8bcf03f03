/* What a network has learned of some classes helps with others, of which there are few images: a second one is trained
 * from scratch, from the convolutions of the first, and with these frozen. transfer --help says what it can do. */
#include <string.h>

#include "support/example.h"
#include "support/options.h"

enum { CLASSES = 10, HALF = CLASSES / 2 };

typedef struct settings {
    const char *data, *device;
    long images, few, epochs, few_epochs, seed;
} settings;

/* Many images of classes 0 to 4, few of classes 5 to 9: to learn from, and to be judged by. */
typedef struct images {
    glia_dataset *many, *many_test, *few, *few_test;
} images;

static glia_status build(glia_context *ctx, glia_model **out) {
    GLIA_TRY(glia_model_create(ctx, NULL, out));
    glia_model *net = *out;
    glia_value x    = glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28));
    x               = glia_model_conv2d(
        net, x, &(glia_conv2d_args){.name = "conv1", .filters = 16, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_conv2d(
        net, x, &(glia_conv2d_args){.name = "conv2", .filters = 32, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_flatten(net, x, NULL);
    x = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x = glia_model_dense(net, x, &(glia_dense_args){.units = HALF});
    return glia_model_compile(net, x, &(glia_compile_args){.loss = glia_loss_cross_entropy()});
}

static glia_status fit(glia_model *net, glia_dataset *data, glia_dataset *test, long epochs, double *accuracy) {
    glia_result result;
    GLIA_TRY(glia_model_fit(net, data, &(glia_fit_args){.epochs = (int)epochs}));
    GLIA_TRY(glia_model_evaluate(net, test, 0, &result));
    *accuracy = result.metric[0];
    return GLIA_OK;
}

/* The name that a weight has in the first network; NULL: it is not taken from there. The dense layers are not, because
 * they know the first classes. */
static const char *of_convolutions(void *user, const char *weight) {
    (void)user;
    return strncmp(weight, "conv", 4) == 0 ? weight : NULL;
}

static glia_status take_convolutions(const glia_model *from, glia_model *net) {
    return glia_model_copy_weights(from, net, &(glia_load_args){.partial = true, .rename = of_convolutions}, NULL);
}

/* A freeze takes effect with the next compile, which keeps the weights. */
static glia_status freeze(glia_model *net) {
    GLIA_TRY(glia_model_freeze(net, "conv1", true));
    GLIA_TRY(glia_model_freeze(net, "conv2", true));
    return glia_model_compile(net, (glia_value){0}, NULL);
}

typedef enum way { SCRATCH, TRAINED_ON, FROZEN } way;

static glia_status learn(glia_context *ctx, const glia_model *first, way how, const images *data, const settings *o,
                         glia_model **net) {
    static const char *const words[] = {"from scratch", "convolutions trained on", "convolutions frozen"};
    double accuracy;
    GLIA_TRY(build(ctx, net));
    if (how != SCRATCH) GLIA_TRY(take_convolutions(first, *net));
    if (how == FROZEN) GLIA_TRY(freeze(*net));
    GLIA_TRY(fit(*net, data->few, data->few_test, o->few_epochs, &accuracy));
    printf("%s: %.4f\n", words[how], accuracy);
    return GLIA_OK;
}

static glia_status run(glia_context *ctx, const images *data, const settings *o, glia_model **first) {
    double accuracy;
    GLIA_TRY(build(ctx, first));
    GLIA_TRY(fit(*first, data->many, data->many_test, o->epochs, &accuracy));
    printf("classes 0 to 4, %lld images: accuracy %.4f\n", (long long)glia_dataset_count(data->many), accuracy);
    printf("classes 5 to 9, %lld images:\n", (long long)glia_dataset_count(data->few));
    for (way how = SCRATCH; how <= FROZEN; ++how) {
        glia_model *net          = NULL;
        const glia_status status = learn(ctx, *first, how, data, o, &net);
        glia_model_destroy(net);
        GLIA_TRY(status);
    }
    return GLIA_OK;
}

/* The first `most` samples of the five classes from `first` on, which then count from 0. */
static glia_status take_classes(glia_dataset *data, int first, int64_t most, glia_dataset **out) {
    int64_t table[CLASSES];
    glia_dataset *all = NULL;
    for (int c = 0; c < CLASSES; ++c) table[c] = c < first + HALF ? c - first : -1;
    GLIA_TRY(glia_dataset_relabel(data, 0, table, CLASSES, &all));
    const int64_t count      = glia_dataset_count(all);
    const glia_status status = glia_dataset_take(all, 0, most < count ? most : count, out);
    glia_dataset_destroy(all);
    return status;
}

static glia_status load(glia_context *ctx, const settings *o, images *out) {
    glia_dataset *train = NULL, *test = NULL;
    glia_status status = glia_dataset_from_idx_folder(ctx, o->data, GLIA_PART_TRAIN, NULL, &train);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, o->data, GLIA_PART_TEST, NULL, &test);
    if (status == GLIA_OK) status = take_classes(train, 0, o->images, &out->many);
    if (status == GLIA_OK) status = take_classes(test, 0, INT64_MAX, &out->many_test);
    if (status == GLIA_OK) status = take_classes(train, HALF, o->few, &out->few);
    if (status == GLIA_OK) status = take_classes(test, HALF, INT64_MAX, &out->few_test);
    glia_dataset_destroy(train);
    glia_dataset_destroy(test);
    return status;
}

int main(int argc, char **argv) {
    settings o = {
        .data = "/usr/share/datasets/fashion-mnist", .images = 10000, .few = 100, .epochs = 3, .few_epochs = 30};
    const option options[] = {
        {"data", "the folder with the four files of MNIST or Fashion-MNIST", .text = &o.data},
        {"images", "of classes 0 to 4, for the first network", .whole = &o.images, .least = 1},
        {"few", "images of classes 5 to 9, for the second", .whole = &o.few, .least = 1},
        {"epochs", "passes over the first images", .whole = &o.epochs, .least = 1},
        {"few-epochs", "passes over the few", .whole = &o.few_epochs, .least = 1},
        {"seed", "of weights and order", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Learns new classes from few images, with and without what was learned of others.", options,
                      sizeof options / sizeof *options, argc, argv, &exit_code))
        return exit_code;

    glia_context *ctx  = NULL;
    glia_model *first  = NULL;
    images data        = {0};
    glia_status status = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = load(ctx, &o, &data);
    if (status == GLIA_OK) status = run(ctx, &data, &o, &first);
    exit_code = example_end("transfer", status, ctx);

    glia_model_destroy(first);
    glia_dataset_destroy(data.many);
    glia_dataset_destroy(data.many_test);
    glia_dataset_destroy(data.few);
    glia_dataset_destroy(data.few_test);
    glia_context_destroy(ctx);
    return exit_code;
}
