/* ResNet-18 on CIFAR-10: He et al., "Deep Residual Learning for Image Recognition", 2015, with the 3x3 stem for images
 * of 32x32. resnet_cifar --help says what it can do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/example.h"
#include "support/options.h"
#include "support/synthetic_cifar.h"

static const char help[] =
    "Trains ResNet-18 on CIFAR-10, whose files are in https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz\n"
    "Synthetic images are stripes and discs with noise. Accuracies on them say nothing about CIFAR-10.";

typedef struct settings {
    const char *data, *device, *make_synthetic;
    long synthetic, epochs, batch, width, augment, seed, count;
    double rate;
} settings;

/* ---- The network ---- */

/* A convolution that keeps the size, but for its stride, and batch normalisation. */
static glia_value conv_norm(glia_model *net, glia_value x, const char *name, int filters, int kernel, int stride) {
    char conv[64], norm[64];
    snprintf(conv, sizeof conv, "%s.conv", name);
    snprintf(norm, sizeof norm, "%s.norm", name);
    x = glia_model_conv2d(net, x,
                          &(glia_conv2d_args){.name        = conv,
                                              .filters     = filters,
                                              .kernel      = {kernel, kernel},
                                              .stride      = {stride, stride},
                                              .pad         = {kernel / 2, kernel / 2},
                                              .no_bias     = true,
                                              .weight_init = {GLIA_INIT_HE_NORMAL}});
    return glia_model_batchnorm(net, x, &(glia_batchnorm_args){.name = norm});
}

static glia_value relu(glia_model *net, glia_value x) {
    return glia_model_activation(net, x, &(glia_activation_args){.kind = GLIA_RELU});
}

/* relu(x + f(x)); x is projected where f changes its shape. */
static glia_value basic_block(glia_model *net, glia_value x, const char *name, int filters, int stride, bool project) {
    char first[48], second[48], shortcut[48];
    snprintf(first, sizeof first, "%s.1", name);
    snprintf(second, sizeof second, "%s.2", name);
    snprintf(shortcut, sizeof shortcut, "%s.shortcut", name);
    glia_value y = relu(net, conv_norm(net, x, first, filters, 3, stride));
    y            = conv_norm(net, y, second, filters, 3, 1);
    if (project) x = conv_norm(net, x, shortcut, filters, 1, stride);
    return relu(net, glia_model_add(net, y, x, NULL));
}

static glia_value resnet18(glia_model *net, int width) {
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(3, SYNTHETIC_SIDE, SYNTHETIC_SIDE));
    x            = relu(net, conv_norm(net, x, "stem", width, 3, 1));
    for (int stage = 0; stage < 4; ++stage)
        for (int block = 0; block < 2; ++block) {
            char name[32];
            const bool smaller = stage > 0 && block == 0;
            snprintf(name, sizeof name, "stage%d.%d", stage + 1, block + 1);
            x = basic_block(net, x, name, width << stage, smaller ? 2 : 1, smaller);
        }
    return glia_model_dense(net, glia_model_global_avg_pool2d(net, x, NULL),
                            &(glia_dense_args){.name = "classes", .units = 10});
}

/* ---- The data ---- */

/* Of CIFAR-10's training images, of values from 0 to 1: red, green, blue. */
static const double mean[3] = {0.4914, 0.4822, 0.4465}, deviation[3] = {0.2470, 0.2435, 0.2616};

static glia_status open_files(glia_context *ctx, const char *folder, glia_part part, glia_dataset **out) {
    glia_cifar_args args = {.kind = GLIA_CIFAR_10};
    memcpy(args.mean, mean, sizeof mean);
    memcpy(args.std, deviation, sizeof deviation);
    return glia_dataset_from_cifar_folder(ctx, folder, part, &args, out);
}

/* Synthetic images first, first + 1, ..., as a dataset. */
static glia_status make_images(glia_context *ctx, uint64_t seed, int64_t first, int64_t count, glia_dataset **out) {
    uint8_t *pixels = malloc((size_t)count * SYNTHETIC_BYTES);
    int32_t *labels = malloc((size_t)count * sizeof *labels);
    double scale[3], offset[3];
    glia_status status = GLIA_OUT_OF_MEMORY;
    for (int c = 0; c < 3; ++c) scale[c] = 1 / 255.0 / deviation[c], offset[c] = -mean[c] / deviation[c];
    if (pixels && labels) {
        for (int64_t i = 0; i < count; ++i) labels[i] = synthetic_image(seed, first + i, pixels + i * SYNTHETIC_BYTES);
        const glia_array image      = {.name           = "image",
                                       .dtype          = GLIA_U8,
                                       .shape          = GLIA_SHAPE(3, SYNTHETIC_SIDE, SYNTHETIC_SIDE),
                                       .data           = pixels,
                                       .channel_scale  = scale,
                                       .channel_offset = offset};
        const glia_array label      = {.name = "label", .dtype = GLIA_I32, .shape = GLIA_SCALAR, .data = labels};
        const glia_arrays_args args = {
            .inputs = &image, .n_inputs = 1, .targets = &label, .n_targets = 1, .count = count, .copy = true};
        status = glia_dataset_from_arrays(ctx, &args, out);
    }
    if (!pixels || !labels) fprintf(stderr, "resnet_cifar: no memory for %lld images\n", (long long)count);
    free(pixels);
    free(labels);
    return status;
}

static glia_status open_data(glia_context *ctx, const settings *o, glia_dataset **training, glia_dataset **test) {
    const char *folder = o->data ? o->data : getenv("GLIA_DATA_DIR");
    if (o->synthetic || (folder && synthetic_folder(folder)))
        printf("SYNTHETIC images: what follows says nothing about CIFAR-10\n");
    if (o->synthetic) {
        GLIA_TRY(make_images(ctx, (uint64_t)o->seed, 0, o->synthetic, training));
        return make_images(ctx, (uint64_t)o->seed, o->synthetic, o->synthetic / 5, test);
    }
    GLIA_TRY(open_files(ctx, o->data, GLIA_PART_TRAIN, training));
    return open_files(ctx, o->data, GLIA_PART_TEST, test);
}

/* ---- Training ---- */

static glia_status lower_rate(void *user, const glia_event *event) {
    const double *rate = user, pi = 3.14159265358979323846;
    const glia_epoch *epoch = event->epoch;
    if (epoch->epoch == epoch->epochs) return GLIA_OK;
    return glia_model_set_learning_rate(event->model, *rate * 0.5 * (1 + cos(pi * epoch->epoch / epoch->epochs)));
}

static glia_status train(glia_context *ctx, glia_model *net, glia_dataset **data, const settings *o) {
    glia_result result;
    double rate          = o->rate;
    glia_optimizer sgd   = glia_optimizer_momentum(o->rate, 0.9);
    sgd.sgd.weight_decay = 5e-4;
    if (o->epochs > 0) GLIA_TRY(open_data(ctx, o, &data[0], &data[1]));
    GLIA_TRY(glia_model_compile(net, resnet18(net, (int)o->width),
                                &(glia_compile_args){.loss = glia_loss_cross_entropy(), .optimizer = sgd}));
    GLIA_TRY(glia_model_summary(net, stdout));
    if (o->epochs == 0) return GLIA_OK;
    glia_augment_args augment = {.transforms = {glia_augment_crop(4), glia_augment_flip(0.5)}};
    if (!o->augment) augment = (glia_augment_args){.transforms = {{GLIA_TRANSFORM_NONE}}};
    GLIA_TRY(glia_model_fit(net, data[0],
                            &(glia_fit_args){.epochs     = (int)o->epochs,
                                             .batch_size = (int)o->batch,
                                             .validation = data[1],
                                             .augment    = augment,
                                             .progress   = GLIA_PROGRESS_AUTO,
                                             .callbacks  = {{.user = &rate, .on_epoch_end = lower_rate}}}));
    GLIA_TRY(glia_model_evaluate(net, data[1], 0, &result));
    printf("test accuracy: %.4f\n", result.metric[0]);
    return GLIA_OK;
}

static int run(const settings *o) {
    glia_context *ctx     = NULL;
    glia_model *net       = NULL;
    glia_dataset *data[2] = {NULL, NULL};
    glia_status status    = glia_context_create(o->device, &(glia_context_args){.seed = (uint64_t)o->seed}, &ctx);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = train(ctx, net, data, o);
    const int exit_code = example_end("resnet_cifar", status, ctx);
    if (status == GLIA_NOT_FOUND && net) fprintf(stderr, "resnet_cifar: --help says where the files are to be had\n");
    glia_model_destroy(net);
    glia_dataset_destroy(data[0]);
    glia_dataset_destroy(data[1]);
    glia_context_destroy(ctx);
    return exit_code;
}

int main(int argc, char **argv) {
    settings o             = {.epochs = 30, .batch = 128, .width = 64, .augment = 1, .count = 10000, .rate = 0.1};
    const option options[] = {
        {"data", "the folder with data_batch_1.bin, ... and test_batch.bin, else GLIA_DATA_DIR", .text = &o.data},
        {"synthetic", "trains on N synthetic images, and tests on N / 5", .whole = &o.synthetic, .least = 5},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
        {"epochs", "passes over the images; 0 shows the network, and ends", .whole = &o.epochs},
        {"batch", "images of a step", .whole = &o.batch, .least = 1},
        {"rate", "the learning rate at the start; it falls to zero along a cosine", .real = &o.rate, .least = 1e-9},
        {"width", "filters of the first stage", .whole = &o.width, .least = 1, .most = 1024},
        {"augment", "1: images are moved by up to 4 pixels, and half of them mirrored; 0: not", .whole = &o.augment,
         .most = 1},
        {"seed", "of weights, order and synthetic images", .whole = &o.seed},
        {"make-synthetic", "writes synthetic files to this folder, and ends", .text = &o.make_synthetic},
        {"count", "training images that it writes", .whole = &o.count, .least = 5},
    };
    int exit_code;
    if (!read_options(help, options, sizeof options / sizeof *options, argc, argv, &exit_code)) return exit_code;
    if (o.data && o.synthetic) return fprintf(stderr, "resnet_cifar: --data and --synthetic exclude each other\n"), 2;
    if (!o.make_synthetic) return run(&o);
    if (!synthetic_write(o.make_synthetic, (uint64_t)o.seed, o.count)) return 1;
    printf("%s: %ld SYNTHETIC training images and %ld for testing, in the format of CIFAR-10\n", o.make_synthetic,
           o.count, o.count / 5);
    return 0;
}
