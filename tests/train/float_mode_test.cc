// The caller's floating-point mode: traps end nothing, rounding changes no bit, and both are as they were afterwards.
#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"
#include "support/with.h"

namespace {

using glia::with;

constexpr int kTraps = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW;

class FloatMode : public testing::TestWithParam<const char *> {
   public:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(GetParam(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
        ASSERT_EQ(glia_context_create(GetParam(), with(glia_context_args{.seed = 3, .threads = 2}), &ctx_), GLIA_OK);
    }
    void TearDown() override {
        fedisableexcept(FE_ALL_EXCEPT);
        fesetround(FE_TONEAREST);
        glia_context_destroy(ctx_);
    }
    // Weights after a training whose logits are so far apart that its kernels come across log(0).
    std::vector<float> train() {
        const std::vector<float> x{3e4f, -3e4f, 1e-42f, 2, -1e5f, 7, 0, 1};
        const int64_t labels[]{0, 1, 2, 0};
        const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(2), .data = x.data()},
            target{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = labels};
        const glia_arrays_args arrays{.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = 4};
        glia_model *net    = nullptr;
        glia_dataset *data = nullptr;
        std::vector<float> weights(6);
        EXPECT_EQ(glia_dataset_from_arrays(ctx_, &arrays, &data), GLIA_OK) << message();
        EXPECT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
        const glia_value y = glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)),
                                              with(glia_dense_args{.name = "d", .units = 3}));
        EXPECT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_cross_entropy()})), GLIA_OK);
        EXPECT_EQ(glia_model_fit(net, data, with(glia_fit_args{.epochs = 3, .batch_size = 2})), GLIA_OK) << message();
        EXPECT_EQ(glia_model_get(net, "d.weight", weights.data(), weights.size() * sizeof(float)), GLIA_OK);
        glia_model_destroy(net);
        glia_dataset_destroy(data);
        return weights;
    }
    std::string message() const { return glia_message(ctx_); }

    glia_context *ctx_ = nullptr;
};

TEST_P(FloatMode, traps_end_nothing) {
    const std::vector<float> expected = train();
    feenableexcept(kTraps);
    EXPECT_EQ(train(), expected);
    glia_tensor *f = nullptr, *i = nullptr;
    ASSERT_EQ(glia_tensor_create(ctx_, GLIA_F32, GLIA_SHAPE(3), &f), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(ctx_, GLIA_I64, GLIA_SHAPE(3), &i), GLIA_OK);
    glia_tensor_fill(f, 1e300);
    glia_tensor_fill(i, NAN);
    glia_model *net = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(2));
    EXPECT_LT(glia_model_dropout(net, x, with(glia_dropout_args{.p = NAN})).id, 0);
    glia_model_destroy(net);
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
    const glia_value again =
        glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), with(glia_dense_args{.units = 1}));
    for (const glia_compile_args &bad :
         {glia_compile_args{.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(NAN)},
          {.loss = glia_loss_huber(NAN)},
          {.loss = glia_loss_mse(), .clip_value = NAN}})
        EXPECT_EQ(glia_model_compile(net, again, &bad), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(fegetexcept(), kTraps);
    fedisableexcept(FE_ALL_EXCEPT);
    glia_model_destroy(net);
    glia_tensor_destroy(f), glia_tensor_destroy(i);
}

TEST_P(FloatMode, rounding_changes_no_bit) {
    const std::vector<float> expected = train();
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        fesetround(mode);
        EXPECT_EQ(train(), expected);
        EXPECT_EQ(fegetround(), mode);
    }
}

INSTANTIATE_TEST_SUITE_P(On, FloatMode, testing::Values("cpu", "emulated"),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace
