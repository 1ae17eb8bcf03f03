/* Two dense layers on MNIST: 64 relu, 64 relu, 10 softmax, Adam at batch 32, 20 epochs. mnist_dense --help says what it
 * can do. */
#include "support/example.h"
#include "support/options.h"

static glia_status run(glia_model *net, glia_dataset *train, glia_dataset *test, int epochs) {
    glia_result result;
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28));
    x            = glia_model_flatten(net, x, NULL);
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 10, .activation = GLIA_SOFTMAX});
    GLIA_TRY(glia_model_compile(net, x, &(glia_compile_args){.loss = glia_loss_categorical_cross_entropy()}));
    GLIA_TRY(glia_model_fit(net, train,
                            &(glia_fit_args){.epochs = epochs, .batch_size = 32, .progress = GLIA_PROGRESS_AUTO}));
    GLIA_TRY(glia_model_evaluate(net, test, 0, &result));
    printf("test accuracy: %.4f\n", result.metric[0]);
    return GLIA_OK;
}

int main(int argc, char **argv) {
    const char *data = "/usr/share/datasets/mnist", *device = NULL;
    long epochs            = 20;
    const option options[] = {
        {"data", "the folder with the four files of MNIST, plain or gzipped", .text = &data},
        {"epochs", "passes over the images", .whole = &epochs, .least = 1},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &device},
    };
    int exit_code;
    if (!read_options("Trains dense layers on MNIST.", options, sizeof options / sizeof *options, argc, argv,
                      &exit_code))
        return exit_code;

    glia_context *ctx   = NULL;
    glia_model *net     = NULL;
    glia_dataset *train = NULL, *test = NULL;
    glia_status status = glia_context_create(device, NULL, &ctx);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, data, GLIA_PART_TRAIN, NULL, &train);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, data, GLIA_PART_TEST, NULL, &test);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = run(net, train, test, (int)epochs);
    exit_code = example_end("mnist_dense", status, ctx);
    glia_model_destroy(net);
    glia_dataset_destroy(test);
    glia_dataset_destroy(train);
    glia_context_destroy(ctx);
    return exit_code;
}
