/* Two dense layers on MNIST: 64 relu, 64 relu, 10 softmax, Adam at batch 32, 20 epochs.
 * mnist_dense DIR [EPOCHS], where DIR holds the four IDX files, plain or gzipped. */
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>

#define TRY(expression)                          \
    do {                                         \
        const glia_status status = (expression); \
        if (status != GLIA_OK) return status;    \
    } while (0)

static glia_status run(glia_model *net, glia_dataset *train, glia_dataset *test, int epochs) {
    glia_result result;
    glia_value x = glia_model_flatten(net, glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28)));
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    glia_value y = glia_model_softmax(net, glia_model_dense(net, x, &(glia_dense_args){.units = 10}));
    TRY(glia_model_compile(net, y,
                           &(glia_compile_args){.loss = GLIA_CATEGORICAL_CROSS_ENTROPY, .optimizer = GLIA_ADAM}));
    TRY(glia_model_fit(net, train,
                       &(glia_fit_args){.epochs = epochs, .batch_size = 32, .progress = GLIA_PROGRESS_AUTO}));
    TRY(glia_model_evaluate(net, test, 0, &result));
    printf("test accuracy: %.4f\n", result.metric[0]);
    return GLIA_OK;
}

int main(int argc, char **argv) {
    const int epochs    = argc > 2 ? atoi(argv[2]) : 20;
    glia_context *ctx   = NULL;
    glia_model *net     = NULL;
    glia_dataset *train = NULL, *test = NULL;
    if (argc < 2 || argc > 3 || epochs < 1) {
        fprintf(stderr, "usage: mnist_dense DIR [EPOCHS]\n");
        return 2;
    }
    glia_status status = glia_context_create(NULL, NULL, &ctx);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, argv[1], GLIA_PART_TRAIN, NULL, &train);
    if (status == GLIA_OK) status = glia_dataset_from_idx_folder(ctx, argv[1], GLIA_PART_TEST, NULL, &test);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = run(net, train, test, epochs);
    if (status != GLIA_OK) fprintf(stderr, "mnist_dense: %s: %s\n", glia_status_name(status), glia_message(ctx));
    glia_model_destroy(net);
    glia_dataset_destroy(test);
    glia_dataset_destroy(train);
    glia_context_destroy(ctx);
    return status == GLIA_OK ? 0 : 1;
}
