#include "networks.h"

#include <string.h>

#include "program.h"

typedef const bench_network_args args_of;

static glia_value dense(glia_model *net, glia_value x, int units, glia_activation activation) {
    return glia_model_dense(net, x, &(glia_dense_args){.units = units, .activation = activation});
}

static glia_value dropout(glia_model *net, glia_value x, double p, args_of *args) {
    return glia_model_dropout(net, x, &(glia_dropout_args){.p = args->no_dropout ? 0 : p});
}

static glia_value mnist_dense(glia_model *net, glia_value x, args_of *args) {
    (void)args;
    x = dense(net, glia_model_flatten(net, x, NULL), 64, GLIA_RELU);
    return dense(net, dense(net, x, 64, GLIA_RELU), BENCH_CLASSES, GLIA_LINEAR);
}

/* keras-team/keras-io, examples/mnist_mlp. */
static glia_value notebook(glia_model *net, glia_value x, args_of *args) {
    x = dropout(net, dense(net, glia_model_flatten(net, x, NULL), 512, GLIA_RELU), 0.2, args);
    x = dropout(net, dense(net, x, 512, GLIA_RELU), 0.2, args);
    return dense(net, x, BENCH_CLASSES, GLIA_LINEAR);
}

static glia_value autoencoder(glia_model *net, glia_value x, args_of *args) {
    (void)args;
    static const int units[] = {128, 32, 128};
    for (int i = 0; i < 3; ++i) x = dense(net, x, units[i], GLIA_RELU);
    return dense(net, x, 784, GLIA_SIGMOID);
}

static glia_value cnn_fashion(glia_model *net, glia_value x, args_of *args) {
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 32, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 64, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_flatten(net, dropout(net, x, 0.25, args), NULL);
    x = dropout(net, dense(net, x, 128, GLIA_RELU), 0.5, args);
    return dense(net, x, BENCH_CLASSES, GLIA_LINEAR);
}

glia_value bench_conv_norm(glia_model *net, glia_value x, int filters, int kernel, int stride) {
    x = glia_model_conv2d(net, x,
                          &(glia_conv2d_args){.filters = filters,
                                              .kernel  = {kernel, kernel},
                                              .stride  = {stride, stride},
                                              .pad     = {kernel / 2, kernel / 2},
                                              .no_bias = true});
    return glia_model_batchnorm(net, x, NULL);
}

glia_value bench_relu(glia_model *net, glia_value x) {
    return glia_model_activation(net, x, &(glia_activation_args){.kind = GLIA_RELU});
}

static glia_value resnet18_cifar(glia_model *net, glia_value x, args_of *args) {
    x = bench_relu(net, bench_conv_norm(net, x, args->width, 3, 1));
    for (int stage = 0; stage < 4; ++stage)
        for (int block = 0; block < 2; ++block) {
            const int filters = args->width << stage, stride = stage > 0 && block == 0 ? 2 : 1;
            glia_value y = bench_relu(net, bench_conv_norm(net, x, filters, 3, stride));
            y            = bench_conv_norm(net, y, filters, 3, 1);
            if (stride == 2) x = bench_conv_norm(net, x, filters, 1, stride);
            x = bench_relu(net, glia_model_add(net, y, x, NULL));
        }
    return dense(net, glia_model_global_avg_pool2d(net, x, NULL), BENCH_CLASSES, GLIA_LINEAR);
}

static glia_value lstm(glia_model *net, glia_value x, args_of *args) {
    x = glia_model_lstm(net, x, &(glia_lstm_args){.units = args->width});
    return dense(net, x, BENCH_CLASSES, GLIA_LINEAR);
}

static glia_value gru(glia_model *net, glia_value x, args_of *args) {
    x = glia_model_gru(net, x, &(glia_gru_args){.units = args->width});
    return dense(net, x, BENCH_CLASSES, GLIA_LINEAR);
}

/* One sample of audio after another. */
static glia_value lstm_stream(glia_model *net, glia_value x, args_of *args) {
    x = glia_model_lstm(net, x, &(glia_lstm_args){.units = args->width});
    return dense(net, x, 1, GLIA_LINEAR);
}

static glia_value dense_one(glia_model *net, glia_value x, args_of *args) {
    return dense(net, x, args->width, GLIA_LINEAR);
}

/* GLIA_SHAPE is no constant. */
#define SHAPE1(a)               \
    {                           \
        .ndim = 1, .dim = { a } \
    }
#define SHAPE2(a, b)               \
    {                              \
        .ndim = 2, .dim = { a, b } \
    }
#define SHAPE3(a, b, c)               \
    {                                 \
        .ndim = 3, .dim = { a, b, c } \
    }

static const bench_network networks[] = {
    {"mnist_dense", mnist_dense, SHAPE3(1, 28, 28), 32, 64, BENCH_CLASSIFIES, GLIA_OPTIMIZER_ADAM},
    {"notebook", notebook, SHAPE3(1, 28, 28), 128, 512, BENCH_CLASSIFIES, GLIA_OPTIMIZER_RMSPROP},
    {"autoencoder", autoencoder, SHAPE1(784), 128, 128, BENCH_RECONSTRUCTS, GLIA_OPTIMIZER_ADAM},
    {"cnn_fashion", cnn_fashion, SHAPE3(1, 28, 28), 128, 64, BENCH_CLASSIFIES, GLIA_OPTIMIZER_ADAM},
    {"resnet18_cifar", resnet18_cifar, SHAPE3(3, 32, 32), 128, 64, BENCH_CLASSIFIES, GLIA_OPTIMIZER_SGD},
    {"lstm", lstm, SHAPE2(168, 0), 16, 128, BENCH_CLASSIFIES, GLIA_OPTIMIZER_ADAM},
    {"gru", gru, SHAPE2(168, 0), 16, 128, BENCH_CLASSIFIES, GLIA_OPTIMIZER_ADAM},
    {"lstm_stream", lstm_stream, SHAPE2(1, 1), 1, 64, BENCH_STREAMS, GLIA_OPTIMIZER_DEFAULT},
    {"dense_one", dense_one, SHAPE1(0), 1, 64, BENCH_PREDICTS, GLIA_OPTIMIZER_DEFAULT},
};

enum { NETWORKS = sizeof networks / sizeof *networks };

const bench_network *bench_network_at(int index) { return index < NETWORKS ? &networks[index] : NULL; }

const bench_network *bench_network_find(const char *name) {
    for (int i = 0; i < NETWORKS; ++i)
        if (strcmp(networks[i].name, name) == 0) return &networks[i];
    return NULL;
}

bool bench_network_trains(const bench_network *network) {
    return network->use == BENCH_CLASSIFIES || network->use == BENCH_RECONSTRUCTS;
}

glia_shape bench_network_input(const bench_network *network, int width) {
    glia_shape shape = network->input;
    for (int d = 0; d < shape.ndim; ++d)
        if (shape.dim[d] == 0) shape.dim[d] = width;
    return shape;
}

static glia_optimizer optimizer_of(glia_optimizer_kind kind) {
    if (kind == GLIA_OPTIMIZER_SGD) return glia_optimizer_momentum(1e-2, 0.9);
    if (kind != GLIA_OPTIMIZER_RMSPROP) return glia_optimizer_adam(1e-3);
    glia_optimizer keras  = glia_optimizer_rmsprop(1e-3); /* with the defaults of Keras */
    keras.rmsprop.alpha   = 0.9;
    keras.rmsprop.epsilon = 1e-7;
    return keras;
}

glia_status bench_network_create(glia_context *ctx, const bench_network *network, const bench_network_args *args,
                                 glia_model **out) {
    glia_compile_args compile = {.metrics = {GLIA_METRIC_NONE}, .optimizer = optimizer_of(network->optimizer)};
    if (network->use == BENCH_CLASSIFIES) compile.loss = glia_loss_cross_entropy();
    if (network->use == BENCH_RECONSTRUCTS) compile.loss = glia_loss_mse();
    GLIA_TRY(glia_model_create(ctx, NULL, out));
    const glia_value x = glia_model_input(*out, "x", bench_network_input(network, args->width));
    return glia_model_compile(*out, network->build(*out, x, args), &compile);
}

glia_status bench_network_targets(const bench_network *network, glia_dataset **data) {
    if (network->use != BENCH_RECONSTRUCTS) return GLIA_OK;
    const glia_pick x = {.field = glia_dataset_input(*data, 0).name};
    glia_dataset *both;
    GLIA_TRY(glia_dataset_pick(
        *data, &(glia_pick_args){.inputs = &x, .n_inputs = 1, .targets = &(glia_pick){x.field, "y"}, .n_targets = 1},
        &both));
    glia_dataset_destroy(*data);
    *data = both;
    return GLIA_OK;
}
