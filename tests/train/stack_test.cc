// A network of convolutions and recurrent layers is trained on a stack of the size that glia/glia.h asks for.
#include <gtest/gtest.h>
#include <pthread.h>

#include <numeric>
#include <vector>

#include "glia/glia.h"
#include "support/with.h"

namespace {

using glia::with;

#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
constexpr size_t kStack = 1 << 20;  // a sanitizer's frames are larger
#else
constexpr size_t kStack = 128 << 10;
#endif

glia_value network(glia_model *net) {
    glia_value x = glia_model_input(net, "x", GLIA_SHAPE(1, 12, 12));
    x = glia_model_conv2d(net, x, with(glia_conv2d_args{.filters = 4, .kernel = {3, 3}, .activation = GLIA_RELU}));
    x = glia_model_batchnorm(net, glia_model_max_pool2d(net, x, with(glia_max_pool2d_args{.kernel = {2, 2}})), nullptr);
    x = glia_model_reshape(net, x, with(glia_reshape_args{.shape = GLIA_SHAPE(4, 25)}));
    x = glia_model_lstm(net, x, with(glia_lstm_args{.units = 5}));
    return glia_model_dense(net, x, with(glia_dense_args{.units = 3}));
}

glia_status train(glia_context *ctx) {
    std::vector<float> x(8 * 144);
    std::iota(x.begin(), x.end(), 0.f);
    const int64_t y[8] = {0, 1, 2, 0, 1, 2, 0, 1};
    const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1, 12, 12), .data = x.data(), .scale = 1e-3};
    const glia_array target{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = y};
    const glia_arrays_args arrays{.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = 8};
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    glia_callback log{};
    glia_status status = glia_dataset_from_arrays(ctx, &arrays, &data);
    if (status == GLIA_OK) status = glia_model_create(ctx, nullptr, &net);
    if (status == GLIA_OK)
        status = glia_model_compile(net, network(net), with(glia_compile_args{.loss = glia_loss_cross_entropy()}));
    if (status == GLIA_OK) status = glia_jsonl_log(ctx, "/dev/null", &log);
    if (status == GLIA_OK) status = glia_model_fit(net, data, with(glia_fit_args{.batch_size = 4, .callbacks = {log}}));
    glia_callback_destroy(&log);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
    return status;
}

void *run(void *) {
    glia_context *ctx = nullptr;
    EXPECT_EQ(glia_context_create("cpu", with(glia_context_args{.threads = 2}), &ctx), GLIA_OK);
    EXPECT_EQ(train(ctx), GLIA_OK) << glia_message(ctx);
    glia_context_destroy(ctx);
    return nullptr;
}

TEST(Stack, of_the_documented_size_is_enough) {
    pthread_attr_t small;
    pthread_t thread;
    ASSERT_EQ(pthread_attr_init(&small), 0);
    ASSERT_EQ(pthread_attr_setstacksize(&small, kStack), 0);
    ASSERT_EQ(pthread_create(&thread, &small, run, nullptr), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&small);
}

}  // namespace
