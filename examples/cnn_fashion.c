/* A convolutional network on Fashion-MNIST: the main job. cnn_fashion --help says what it can do. */

#include "support/example.h"
#include "support/options.h"

typedef struct settings {
    const char *data, *device;
    long epochs, seed, batch, threads;
} settings;

static glia_value build(glia_model *net) {
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28));
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 32, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 64, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_dropout(net, x, &(glia_dropout_args){.p = 0.25});
    x = glia_model_flatten(net, x, NULL);
    x = glia_model_dense(net, x, &(glia_dense_args){.units = 128, .activation = GLIA_RELU});
    x = glia_model_dropout(net, x, &(glia_dropout_args){.p = 0.5});
    return glia_model_dense(net, x, &(glia_dense_args){.units = 10});
}

static glia_status train(glia_model *net, glia_dataset *train_data, glia_dataset *test_data, const settings *o) {
    glia_result result;
    GLIA_TRY(glia_model_compile(
        net, build(net),
        &(glia_compile_args){.loss = glia_loss_cross_entropy(), .optimizer = glia_optimizer_adam(1e-3)}));
    GLIA_TRY(glia_model_summary(net, stdout));
    GLIA_TRY(glia_model_fit(net, train_data,
                            &(glia_fit_args){.epochs     = (int)o->epochs,
                                             .batch_size = (int)o->batch,
                                             .validation = test_data,
                                             .progress   = GLIA_PROGRESS_AUTO}));
    GLIA_TRY(glia_model_evaluate(net, test_data, 0, &result));
    printf("test accuracy: %.4f\n", result.metric[0]);
    return GLIA_OK;
}

int main(int argc, char **argv) {
    settings o             = {.data = "/usr/share/datasets/fashion-mnist", .epochs = 3, .batch = 128};
    const option options[] = {
        {"data", "the folder with the four files of MNIST or Fashion-MNIST", .text = &o.data},
        {"epochs", "passes over the images", .whole = &o.epochs, .least = 1},
        {"batch", "images of a step", .whole = &o.batch, .least = 1},
        {"seed", "of weights and order", .whole = &o.seed},
        {"threads", "of the CPU; 0: as many as it has", .whole = &o.threads},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Trains a convolutional network on Fashion-MNIST.", options, sizeof options / sizeof *options,
                      argc, argv, &exit_code))
        return exit_code;

    glia_context *ctx        = NULL;
    glia_model *net          = NULL;
    glia_dataset *train_data = NULL, *test_data = NULL;
    glia_status status =
        glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed, .threads = (int)o.threads}, &ctx);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, o.data, GLIA_PART_TRAIN, NULL, &train_data);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, o.data, GLIA_PART_TEST, NULL, &test_data);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = train(net, train_data, test_data, &o);
    exit_code = example_end("cnn_fashion", status, ctx);

    glia_model_destroy(net);
    glia_dataset_destroy(train_data);
    glia_dataset_destroy(test_data);
    glia_context_destroy(ctx);
    return exit_code;
}
