// Batch renormalisation against the paper's formulas in float64, on every device.
#include <gtest/gtest.h>

#include <cmath>

#include "support/small_training.h"

namespace {

using namespace glia;
using Numbers = std::vector<double>;

struct Step {
    Numbers conv, weight, bias, mean, var;
};

struct Recorded {
    double max_r, max_d;
    std::vector<Step> steps;
    Numbers evaluated;
};

std::vector<Recorded> recorded() {
    std::vector<Recorded> runs;
#define LIMITS(...) runs.push_back({__VA_ARGS__, {}, {}});
#define STEP(...) runs.back().steps.push_back({__VA_ARGS__});
#define EVALUATED(...) runs.back().evaluated = __VA_ARGS__;
#include "train/batchrenorm.inc"
#undef LIMITS
#undef STEP
#undef EVALUATED
    return runs;
}

constexpr int kSteps = 3, kBatch = 6, kChannels = 3, kLength = 4, kSample = kChannels * kLength;

std::vector<float> made(int count, int a, int b) {
    std::vector<float> out;
    for (int i = 0; i < count; ++i) out.push_back(float(i * a % b) / 8 - 1);
    return out;
}

class BatchRenorm : public testing::TestWithParam<const char *> {
   protected:
    BatchRenorm() : t(GetParam()) {}
    void SetUp() override {
        if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
        x      = made(kSteps * kBatch * kSample, 7, 19);
        target = made(kSteps * kBatch * kSample, 5, 17);
        make_data(0, kSteps * kBatch);
    }
    // The samples from number `first` on, as a dataset.
    void make_data(int first, int count) {
        const glia_array in{nullptr, GLIA_F32, GLIA_SHAPE(kChannels, kLength), x.data() + first * kSample},
            out{nullptr, GLIA_F32, GLIA_SHAPE(kChannels, kLength), target.data() + first * kSample};
        const glia_arrays_args arrays{.inputs = &in, .n_inputs = 1, .targets = &out, .n_targets = 1, .count = count};
        glia_dataset_destroy(t.data);
        t.data = nullptr;
        ASSERT_EQ(glia_dataset_from_arrays(t.ctx, &arrays, &t.data), GLIA_OK) << t.message();
    }
    void build(double max_r, double max_d, bool renorm = true) {
        glia_value h = glia_model_input(t.net, "x", GLIA_SHAPE(kChannels, kLength));
        h            = glia_model_conv1d(
            t.net, h, with(glia_conv1d_args{.name = "conv", .filters = kChannels, .kernel = 1, .no_bias = true}));
        t.output =
            renorm
                ? glia_model_batchrenorm(t.net, h,
                                         with(glia_batchrenorm_args{.name     = "norm",
                                                                    .epsilon  = GLIA_SET(1e-3),
                                                                    .momentum = GLIA_SET(0.3),
                                                                    .max_r    = GLIA_SET(max_r),
                                                                    .max_d    = GLIA_SET(max_d)}))
                : glia_model_batchnorm(
                      t.net, h,
                      with(glia_batchnorm_args{.name = "norm", .epsilon = GLIA_SET(1e-3), .momentum = GLIA_SET(0.3)}));
        set("conv.weight", made(kChannels * kChannels, 3, 11));
        set("norm.weight", {1, 0.5f, -0.75f});
        set("norm.bias", {0.25f, 0, -0.5f});
        set("norm.running_mean", {0.5f, 0, -0.25f});
        set("norm.running_var", {0.0625f, 1, 0.25f});
        ASSERT_EQ(t.compile({.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(0.5)}), GLIA_OK) << t.message();
    }
    void set(const char *name, const std::vector<float> &values) {
        ASSERT_EQ(glia_model_set(t.net, name, values.data(), values.size() * sizeof(float)), GLIA_OK) << t.message();
    }
    void step(int i) {
        make_data(i * kBatch, kBatch);
        ASSERT_EQ(t.fit({.epochs = 1, .batch_size = kBatch, .in_order = true}), GLIA_OK) << t.message();
    }
    void near(const char *name, const Numbers &want) {
        const std::vector<float> got = t.get(name);
        ASSERT_EQ(got.size(), want.size()) << name;
        for (size_t i = 0; i < want.size(); ++i)
            EXPECT_NEAR(got[i], want[i], 2e-5 * std::max(1.0, std::abs(want[i]))) << name << " " << i;
    }
    SmallTraining t;
    std::vector<float> x, target;
};

TEST_P(BatchRenorm, trains_as_the_formulas_say) {
    for (const Recorded &run : recorded()) {
        SCOPED_TRACE(run.max_r);
        glia_model_destroy(t.net);
        t.net = nullptr;
        ASSERT_EQ(glia_model_create(t.ctx, nullptr, &t.net), GLIA_OK);
        build(run.max_r, run.max_d);
        for (int i = 0; i < kSteps; ++i) {
            const Step &want = run.steps[size_t(i)];
            step(i);
            near("conv.weight", want.conv), near("norm.weight", want.weight), near("norm.bias", want.bias);
            near("norm.running_mean", want.mean), near("norm.running_var", want.var);
        }
        std::vector<float> y(kBatch * kSample);
        make_data(0, kBatch);
        ASSERT_EQ(glia_model_predict(t.net, t.data, 0, y.data(), y.size() * sizeof(float)), GLIA_OK) << t.message();
        for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], run.evaluated[i], 1e-4) << i;
    }
}

// The limits are weights of the layer, which a schedule sets from step to step: what follows is as if they had been so
// from the beginning. Limits of 1 and 0 make it batchnorm.
TEST_P(BatchRenorm, takes_limits_that_are_set_between_steps) {
    const std::vector<Recorded> runs = recorded();
    build(3, 5);
    near("norm.max_r", {3}), near("norm.max_d", {5});
    set("norm.max_r", {1}), set("norm.max_d", {0});
    step(0);
    near("norm.weight", runs[0].steps[0].weight), near("conv.weight", runs[0].steps[0].conv);
    near("norm.max_r", {1});
    set("norm.max_r", {2});
    step(1);
    const std::vector<float> after = t.get("norm.weight");
    EXPECT_GT(std::abs(after[0] - runs[0].steps[1].weight[0]), 1e-4) << "r did not matter";
}

TEST_P(BatchRenorm, with_limits_of_1_and_0_is_batchnorm) {
    build(1, 0, false);
    const Recorded run = recorded()[0];
    for (int i = 0; i < kSteps; ++i) {
        step(i);
        near("conv.weight", run.steps[size_t(i)].conv), near("norm.weight", run.steps[size_t(i)].weight);
    }
}

TEST_P(BatchRenorm, refuses_limits_that_are_none) {
    const glia_value h = glia_model_input(t.net, "x", GLIA_SHAPE(2));
    glia_model_batchrenorm(t.net, h, with(glia_batchrenorm_args{.max_r = GLIA_SET(0.5)}));
    EXPECT_TRUE(t.says("layer 'batchrenorm': max_r is 0.5, must be at least 1; max_d is 5")) << t.message();
}

INSTANTIATE_TEST_SUITE_P(devices, BatchRenorm, testing::Values("cpu", "emulated", "cuda:0"));

}  // namespace
