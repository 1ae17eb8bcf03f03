/* steps NETWORK: training steps on one thread, for callgrind to count the instructions of measured_steps. */
#include <glia/glia.h>
#include <stdio.h>
#include <string.h>

enum { WARM_UP = 2, STEPS = 8, MOST_ELEMENTS = 32 * 784, MOST_SAMPLES = 32, CLASSES = 10 };

static glia_value dense(glia_model *net, glia_value x) {
    x = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    return glia_model_dense(net, x, &(glia_dense_args){.units = CLASSES});
}

static glia_value cnn(glia_model *net, glia_value x) {
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 8, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_batchnorm(net, x, NULL);
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 16, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_dropout(net, x, &(glia_dropout_args){.p = 0.25});
    return glia_model_dense(net, glia_model_flatten(net, x, NULL), &(glia_dense_args){.units = CLASSES});
}

static glia_value lstm(glia_model *net, glia_value x) {
    x = glia_model_lstm(net, x, &(glia_lstm_args){.units = 32});
    return glia_model_dense(net, x, &(glia_dense_args){.units = CLASSES});
}

typedef struct network {
    const char *name;
    glia_value (*build)(glia_model *net, glia_value x);
    int batch;
    glia_shape sample;
} network;

static const network networks[] = {
    {"dense", dense, 32, {1, {784}}}, {"cnn", cnn, 8, {3, {1, 14, 14}}}, {"lstm", lstm, 8, {2, {12, 8}}}};

/* One batch, which each step takes again. */
static glia_status make_data(glia_context *ctx, const network *n, glia_dataset **out) {
    static float x[MOST_ELEMENTS];
    static int32_t label[MOST_SAMPLES];
    for (int i = 0; i < MOST_ELEMENTS; ++i) x[i] = (float)(i * 7 % 11) / 5 - 1;
    for (int i = 0; i < MOST_SAMPLES; ++i) label[i] = i * 7 % CLASSES;
    const glia_array input  = {.dtype = GLIA_F32, .shape = n->sample, .data = x};
    const glia_array target = {.dtype = GLIA_I32, .shape = GLIA_SCALAR, .data = label};
    return glia_dataset_from_arrays(
        ctx,
        &(glia_arrays_args){.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = n->batch},
        out);
}

/* What callgrind counts: it is called once, and not inlined. */
__attribute__((noinline)) static glia_status measured_steps(glia_trainer *trainer) {
    glia_status status = GLIA_OK;
    for (int i = 0; i < STEPS && status == GLIA_OK; ++i) status = glia_trainer_step(trainer);
    return status;
}

static glia_status train(glia_context *ctx, const network *n) {
    glia_model *net       = NULL;
    glia_dataset *data    = NULL;
    glia_trainer *trainer = NULL;
    glia_status status    = make_data(ctx, n, &data);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK)
        status = glia_model_compile(net, n->build(net, glia_model_input(net, "x", n->sample)),
                                    &(glia_compile_args){.loss = glia_loss_cross_entropy()});
    if (status == GLIA_OK)
        status = glia_trainer_create(net, data, &(glia_fit_args){.epochs = WARM_UP + STEPS, .batch_size = n->batch},
                                     &trainer);
    for (int i = 0; i < WARM_UP && status == GLIA_OK; ++i) status = glia_trainer_step(trainer);
    if (status == GLIA_OK) status = measured_steps(trainer);
    glia_trainer_destroy(trainer);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
    return status;
}

int main(int argc, char **argv) {
    glia_context *ctx  = NULL;
    glia_status status = glia_context_create("cpu", &(glia_context_args){.threads = 1}, &ctx);
    if (status != GLIA_OK) return fprintf(stderr, "steps: %s\n", glia_message(NULL)), 1;
    status = GLIA_NOT_FOUND;
    for (size_t i = 0; argc == 2 && i < sizeof networks / sizeof *networks; ++i)
        if (strcmp(argv[1], networks[i].name) == 0) status = train(ctx, &networks[i]);
    if (status != GLIA_OK) fprintf(stderr, "steps: %s: %s\n", glia_status_name(status), glia_message(ctx));
    glia_context_destroy(ctx);
    return status == GLIA_OK ? 0 : 1;
}
