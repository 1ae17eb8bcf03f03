// The main job's network for its first 50 steps: the same seed gives the same bits, at each number of threads.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "glia/glia.h"
#include "support/with.h"

namespace {

using glia::with;

enum { kSamples = 400, kBatch = 8, kSteps = kSamples / kBatch };

glia_value network(glia_model *net) {
    glia_conv2d_args conv{};
    conv.kernel[0] = conv.kernel[1] = 3, conv.activation = GLIA_RELU;
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28));
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

// All weights after `kSteps` steps on made-up images.
std::vector<float> trained(uint64_t seed, int threads, const char *provider = nullptr) {
    if (provider) setenv("GLIA_PROVIDER", provider, 1);
    glia_context_args args{};
    args.seed = seed, args.threads = threads;
    glia_context *ctx  = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
    if (provider) unsetenv("GLIA_PROVIDER");
    std::vector<float> images(size_t(kSamples) * 784);
    std::vector<int64_t> labels(kSamples);
    for (size_t i = 0; i < images.size(); ++i) images[i] = float(i * 2654435761u % 256) / 255;
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = int64_t(i * 7 % 10);
    glia_array input{}, target{};
    input.shape = GLIA_SHAPE(1, 28, 28), input.data = images.data();
    target.dtype = GLIA_I64, target.data = labels.data();
    glia_arrays_args arrays{};
    arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &target, arrays.n_targets = 1,
    arrays.count = provider ? 2 * kBatch : kSamples;
    EXPECT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    glia_compile_args compile{};
    compile.loss = glia_loss_cross_entropy(), compile.optimizer = glia_optimizer_adam(1e-3);
    EXPECT_EQ(glia_model_compile(net, network(net), &compile), GLIA_OK) << glia_message(ctx);
    glia_fit_args fit{};
    fit.batch_size = kBatch;
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

TEST(Training, fifty_steps_repeat_bit_for_bit_at_each_thread_count) {
    for (int threads : {1, 2})
        EXPECT_TRUE(same_bits(trained(3, threads), trained(3, threads))) << threads << " threads";
}

TEST(Training, another_seed_gives_other_weights) { EXPECT_FALSE(same_bits(trained(3, 2), trained(4, 2))); }

TEST(Training, our_own_work_gives_the_same_bits_on_one_thread_and_two) {
    EXPECT_TRUE(same_bits(trained(3, 1, "cpu.ref"), trained(3, 2, "cpu.ref")));
}

}  // namespace
