#include "support/predict_networks.h"

#include <string.h>

#include "support/program.h"

static glia_value dense(glia_model *net, glia_value x, int units, glia_activation activation) {
    return glia_model_dense(net, x, &(glia_dense_args){.units = units, .activation = activation});
}

static glia_value dense64(glia_model *net, glia_value x) { return dense(net, x, 64, GLIA_LINEAR); }

static glia_value stack64(glia_model *net, glia_value x) {
    return dense(net, dense(net, dense(net, x, 64, GLIA_TANH), 64, GLIA_TANH), 1, GLIA_LINEAR);
}

static glia_value conv16(glia_model *net, glia_value x) {
    return glia_model_conv1d(
        net, x,
        &(glia_conv1d_args){
            .filters = 16, .kernel = 3, .pad = 4, .pad_end = GLIA_NO_PAD, .dilation = 2, .steps_first = true});
}

static glia_value gru(glia_model *net, glia_value x, int units) {
    return glia_model_gru(net, x, &(glia_gru_args){.units = units, .sequence = true});
}

static glia_value lstm(glia_model *net, glia_value x, int units) {
    return glia_model_lstm(net, x, &(glia_lstm_args){.units = units, .sequence = true});
}

static glia_value gru16(glia_model *net, glia_value x) { return gru(net, x, 16); }
static glia_value gru64(glia_model *net, glia_value x) { return gru(net, x, 64); }
static glia_value lstm16(glia_model *net, glia_value x) { return lstm(net, x, 16); }
static glia_value lstm64(glia_model *net, glia_value x) { return lstm(net, x, 64); }
static glia_value audio16(glia_model *net, glia_value x) { return dense(net, lstm(net, x, 16), 1, GLIA_LINEAR); }

static glia_value fashion(glia_model *net, glia_value x) {
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 32, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 64, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = dense(net, glia_model_flatten(net, x, NULL), 128, GLIA_RELU);
    return dense(net, x, 10, GLIA_LINEAR);
}

const bench_predict_network bench_predict_networks[] = {
    {"dense64", false, 1000, {1, {64}}, dense64},    {"stack64", false, 1000, {1, {64}}, stack64},
    {"conv16", true, 1000, {2, {8, 16}}, conv16},    {"gru16", true, 1000, {2, {8, 16}}, gru16},
    {"gru64", true, 1000, {2, {8, 64}}, gru64},      {"lstm16", true, 1000, {2, {8, 16}}, lstm16},
    {"lstm64", true, 1000, {2, {8, 64}}, lstm64},    {"audio16", true, 1000, {2, {8, 1}}, audio16},
    {"fashion", false, 5, {3, {1, 28, 28}}, fashion}};
const size_t bench_predict_network_count = sizeof bench_predict_networks / sizeof *bench_predict_networks;

bool bench_read_predict_option(const char *option, const char *value, bench_predict_options *out) {
    enum { MOST_ROUNDS = 100000 };
    if (strcmp(option, "--rounds") == 0) return bench_read_number(value, MOST_ROUNDS, &out->rounds);
    if (strcmp(option, "--network") != 0) return false;
    out->only = value;
    return true;
}
