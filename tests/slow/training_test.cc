// Whole networks: the same seed gives the same bits, on any number of threads.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "glia/glia.h"
#include "support/with.h"

namespace {

using glia::with;

struct Network {
    const char *name;
    glia_value (*build)(glia_model *net, glia_value image);
    int64_t samples, batch;
};

glia_value cnn(glia_model *net, glia_value x) {
    glia_conv2d_args conv{};
    conv.kernel[0] = conv.kernel[1] = 3, conv.activation = GLIA_RELU;
    conv.filters = 32, x = glia_model_conv2d(net, x, &conv);
    conv.filters = 64, x = glia_model_conv2d(net, x, &conv);
    glia_max_pool2d_args pool{};
    pool.kernel[0] = pool.kernel[1] = 2;
    x = glia_model_dropout(net, glia_model_max_pool2d(net, x, &pool), with(glia_dropout_args{.p = 0.25}));
    glia_dense_args dense{};
    dense.units = 128, dense.activation = GLIA_RELU;
    x           = glia_model_dropout(net, glia_model_dense(net, glia_model_flatten(net, x, nullptr), &dense),
                                     with(glia_dropout_args{.p = 0.5}));
    dense.units = 10, dense.activation = GLIA_LINEAR;
    return glia_model_dense(net, x, &dense);
}

glia_value dense(glia_model *net, glia_value x) { return glia_model_dense(net, x, with(glia_dense_args{.units = 10})); }

// Filters that are larger than their images, groups, normalisation, means, and images that grow again.
glia_value wide(glia_model *net, glia_value x) {
    glia_conv2d_args conv{};
    conv.kernel[0] = conv.kernel[1] = 3, conv.stride[0] = conv.stride[1] = 2;
    conv.pad[0] = conv.pad[1] = 1;
    for (int filters : {32, 96, 256, 256}) conv.filters = filters, x = glia_model_conv2d(net, x, &conv);
    glia_conv2d_transpose_args grow{};
    grow.filters = 40, grow.kernel[0] = grow.kernel[1] = 5, grow.activation = GLIA_SIGMOID;
    x            = glia_model_batchnorm(net, glia_model_conv2d_transpose(net, x, &grow), nullptr);
    conv.filters = 40, conv.groups = 4, conv.stride[0] = conv.stride[1] = 1, x = glia_model_conv2d(net, x, &conv);
    return dense(net, glia_model_global_avg_pool2d(net, x, nullptr));
}

// A row of the image is a step.
glia_value recurrent(glia_model *net, glia_value x) {
    x = glia_model_reshape(net, x, with(glia_reshape_args{.shape = GLIA_SHAPE(28, 28)}));
    x = glia_model_lstm(net, x, with(glia_lstm_args{.units = 100, .sequence = true}));
    x = glia_model_gru(net, x, with(glia_gru_args{.units = 72}));
    return dense(net, x);
}

const Network networks[] = {{"cnn", cnn, 400, 8}, {"wide", wide, 330, 33}, {"recurrent", recurrent, 330, 33}};

// All weights after an epoch of made-up images.
std::vector<float> trained(const Network &network, uint64_t seed, int threads) {
    const size_t samples = size_t(network.samples);
    glia_context_args args{};
    args.seed = seed, args.threads = threads;
    glia_context *ctx  = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
    std::vector<float> images(samples * 784);
    std::vector<int64_t> labels(samples);
    for (size_t i = 0; i < images.size(); ++i) images[i] = float(i * 2654435761u % 256) / 255;
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = int64_t(i * 7 % 10);
    glia_array input{}, target{};
    input.shape = GLIA_SHAPE(1, 28, 28), input.data = images.data();
    target.dtype = GLIA_I64, target.data = labels.data();
    glia_arrays_args arrays{};
    arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &target, arrays.n_targets = 1,
    arrays.count = network.samples;
    EXPECT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    const glia_value image = glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28));
    glia_compile_args compile{};
    compile.loss = glia_loss_cross_entropy(), compile.optimizer = glia_optimizer_adam(1e-3);
    EXPECT_EQ(glia_model_compile(net, network.build(net, image), &compile), GLIA_OK) << glia_message(ctx);
    glia_fit_args fit{};
    fit.batch_size = network.batch;
    EXPECT_EQ(glia_model_fit(net, data, &fit), GLIA_OK) << glia_message(ctx);
    std::vector<float> all;
    for (int i = 0; i < glia_model_weight_count(net); ++i) {
        const glia_shape shape = glia_model_weight_shape(net, i);
        size_t count           = 1;
        for (int d = 0; d < shape.ndim; ++d) count *= size_t(shape.dim[d]);
        all.resize(all.size() + count);
        EXPECT_EQ(glia_model_get(net, glia_model_weight_name(net, i), &all[all.size() - count], count * sizeof(float)),
                  GLIA_OK);
    }
    glia_model_destroy(net);
    glia_dataset_destroy(data);
    glia_context_destroy(ctx);
    return all;
}

bool same_bits(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class Training : public testing::TestWithParam<Network> {};

TEST_P(Training, gives_the_same_bits_on_any_number_of_threads) {
    const std::vector<float> once = trained(GetParam(), 3, 1);
    for (int threads : {1, 2, 4, 16})
        EXPECT_TRUE(same_bits(trained(GetParam(), 3, threads), once)) << threads << " threads";
}

TEST_P(Training, another_seed_gives_other_weights) {
    EXPECT_FALSE(same_bits(trained(GetParam(), 3, 2), trained(GetParam(), 4, 2)));
}

INSTANTIATE_TEST_SUITE_P(networks, Training, testing::ValuesIn(networks),
                         [](const auto &info) { return info.param.name; });

}  // namespace
