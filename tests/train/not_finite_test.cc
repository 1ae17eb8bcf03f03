// Numbers that are infinite or NaN end fit and evaluate, and the model is as it was before the step.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"
#include "support/with.h"

namespace {

using glia::with;

constexpr int kCount = 24, kBatch = 4;
const float kNaN = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

class NotFinite : public testing::TestWithParam<const char *> {
   public:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(GetParam(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
        const glia_context_args args{.seed = 7, .threads = 1};
        ASSERT_EQ(glia_context_create(GetParam(), &args, &ctx_), GLIA_OK) << glia_message(nullptr);
        ASSERT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
        for (int i = 0; i < kCount; ++i) {
            x_.insert(x_.end(), {float(i % 5) - 2, float(i % 3) - 1});
            t_.push_back(x_[2 * size_t(i)] / 2);
        }
        input_ = glia_model_input(net_, "x", GLIA_SHAPE(2));
    }
    void TearDown() override {
        glia_dataset_destroy(data_);
        glia_model_destroy(net_);
        glia_context_destroy(ctx_);
    }

    std::string message() const { return glia_message(ctx_); }
    glia_value dense(glia_value x, const char *name, int units) {
        return glia_model_dense(net_, x, with(glia_dense_args{.name = name, .units = units}));
    }
    void compile(glia_value y, const glia_compile_args &args) {
        ASSERT_EQ(glia_model_compile(net_, y, &args), GLIA_OK) << message();
    }
    void load() {
        const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(2), .data = x_.data()},
            target{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = t_.data()};
        const glia_arrays_args args{
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = kCount, .copy = true};
        ASSERT_EQ(glia_dataset_from_arrays(ctx_, &args, &data_), GLIA_OK) << message();
    }
    glia_status fit(glia_fit_args args = {}) {
        if (!data_) load();
        args.batch_size = kBatch;
        return glia_model_fit(net_, data_, &args);
    }
    // One step after another, so that the weights after each are known.
    std::vector<std::vector<float>> weights() const {
        std::vector<std::vector<float>> all;
        for (int w = 0; w < glia_model_weight_count(net_); ++w) {
            const char *name       = glia_model_weight_name(net_, w);
            const glia_shape shape = glia_model_weight_shape(net_, w);
            size_t count           = 1;
            for (int i = 0; i < shape.ndim; ++i) count *= size_t(shape.dim[i]);
            all.emplace_back(count);
            EXPECT_EQ(glia_model_get(net_, name, all.back().data(), count * sizeof(float)), GLIA_OK) << message();
        }
        return all;
    }

    glia_context *ctx_  = nullptr;
    glia_model *net_    = nullptr;
    glia_dataset *data_ = nullptr;
    glia_value input_{};
    std::vector<float> x_, t_;
};

// The case of issue a03.
TEST_P(NotFinite, a_sample_is_named_by_its_place_in_the_data_set) {
    x_[2 * 13 + 1] = kNaN;
    compile(dense(input_, "d", 1), {.loss = glia_loss_mse()});
    EXPECT_EQ(fit(), GLIA_NOT_FINITE);
    EXPECT_NE(message().find(": input 'x' of sample 13 is NaN at [1]"), std::string::npos) << message();
    EXPECT_EQ(message().find("glia_model_fit: epoch 1, step "), 0u) << message();
    glia_result result;
    EXPECT_EQ(glia_model_evaluate(net_, data_, kBatch, &result), GLIA_NOT_FINITE);
    EXPECT_EQ(message(), "glia_model_evaluate: batch 4: input 'x' of sample 13 is NaN at [1]");
    EXPECT_TRUE(std::isnan(result.loss));
}

TEST_P(NotFinite, a_target_is_named_too) {
    t_[7] = -kInf;
    compile(dense(input_, "d", 1), {.loss = glia_loss_mse()});
    EXPECT_EQ(fit({.in_order = true}), GLIA_NOT_FINITE);
    EXPECT_EQ(message(), "glia_model_fit: epoch 1, step 2: target 0 of sample 7 is minus infinite at [0]");
}

// Every optimizer: the weights, the optimizer and the counters are those of before the step, bit for bit, so that a
// model that met a bad batch goes on like one that never saw it.
TEST_P(NotFinite, a_step_that_failed_leaves_no_trace) {
    const glia_optimizer optimizers[] = {glia_optimizer_sgd(0.01),     glia_optimizer_momentum(0.01, 0.9),
                                         glia_optimizer_adagrad(0.01), glia_optimizer_rmsprop(0.01),
                                         glia_optimizer_adam(0.01),    glia_optimizer_adamw(0.01, 0.1)};
    struct Way {
        double clip_value, clip_norm, clip_global_norm;
    };
    const std::vector<float> good = x_;
    for (const glia_optimizer &optimizer : optimizers)
        for (const Way &way : {Way{}, Way{.clip_value = 0.5}, Way{.clip_norm = 0.5}, Way{.clip_global_norm = 0.5}}) {
            SCOPED_TRACE(testing::Message() << int(optimizer.kind) << " clip " << way.clip_value << way.clip_norm);
            std::vector<std::vector<float>> results[2];
            for (bool disturbed : {false, true}) {
                TearDown();
                net_ = nullptr, ctx_ = nullptr, data_ = nullptr, x_.clear(), t_.clear();
                SetUp();
                glia_value y = glia_model_batchnorm(net_, dense(input_, "a", 3), nullptr);
                y            = glia_model_dropout(net_, y, with(glia_dropout_args{.p = 0.25}));
                compile(dense(y, "b", 1), {.loss             = glia_loss_mse(),
                                           .optimizer        = optimizer,
                                           .clip_value       = way.clip_value,
                                           .clip_norm        = way.clip_norm,
                                           .clip_global_norm = way.clip_global_norm});
                EXPECT_EQ(fit({.epochs = 2, .in_order = true}), GLIA_OK) << message();
                if (disturbed) {
                    const auto before = weights();
                    x_[1]             = kInf;  // of the first batch
                    glia_dataset_destroy(data_), data_ = nullptr;
                    EXPECT_EQ(fit({.in_order = true}), GLIA_NOT_FINITE);
                    EXPECT_EQ(weights(), before);
                    x_[1] = good[1];
                    glia_dataset_destroy(data_), data_ = nullptr;
                }
                EXPECT_EQ(fit({.epochs = 2, .in_order = true}), GLIA_OK) << message();
                results[disturbed] = weights();
            }
            EXPECT_EQ(results[0], results[1]);
        }
}

// In the middle of an epoch: what the steps before it learnt stays.
TEST_P(NotFinite, steps_before_it_count) {
    const auto run = [&](int samples) {
        TearDown();
        net_ = nullptr, ctx_ = nullptr, data_ = nullptr, x_.clear(), t_.clear();
        SetUp();
        x_[2 * 18] = kNaN;
        compile(dense(glia_model_batchnorm(net_, dense(input_, "a", 3), nullptr), "b", 1), {.loss = glia_loss_mse()});
        load();
        glia_dataset *first = nullptr, *rest = nullptr;
        EXPECT_EQ(glia_dataset_split(data_, with(glia_split_args{.count = samples, .in_order = true}), &first, &rest),
                  GLIA_OK)
            << message();
        const glia_status status =
            glia_model_fit(net_, first, with(glia_fit_args{.batch_size = kBatch, .in_order = true}));
        glia_dataset_destroy(first);
        glia_dataset_destroy(rest);
        return status;
    };
    EXPECT_EQ(run(16), GLIA_OK) << message();
    const auto expected = weights();
    EXPECT_EQ(run(23), GLIA_NOT_FINITE);
    EXPECT_EQ(weights(), expected);
    EXPECT_EQ(message(),
              "glia_model_fit: epoch 1, step 5: input 'x' of sample 18 of the viewed data set is NaN at [0]");
}

TEST_P(NotFinite, a_rate_that_is_too_large) {
    compile(dense(dense(input_, "a", 3), "b", 1), {.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(1e6)});
    EXPECT_EQ(fit({.epochs = 20, .in_order = true}), GLIA_NOT_FINITE);
    EXPECT_TRUE(message().find("forward: ") != std::string::npos || message().find("backward: ") != std::string::npos)
        << message();
    for (const auto &weight : weights())
        for (float value : weight) EXPECT_TRUE(std::isfinite(value));
}

// The logarithm of 0 forwards.
TEST_P(NotFinite, the_first_layer_of_the_forward_pass) {
    const glia_unary_params relu = glia_unary_defaults(GLIA_UNARY_RELU), log = glia_unary_defaults(GLIA_UNARY_LOG);
    glia_value y = dense(input_, "a", 1);
    y            = glia_model_op(net_, "unary", &relu, &y, 1, &y, 1);
    y            = glia_model_op(net_, "unary", &log, &y, 1, &y, 1);
    compile(dense(y, "b", 1), {.loss = glia_loss_mse()});
    const auto before = weights();
    EXPECT_EQ(fit({.in_order = true}), GLIA_NOT_FINITE);
    EXPECT_NE(message().find(": forward: layer 'unary_1': its output for sample "), std::string::npos) << message();
    EXPECT_NE(message().find(" is minus infinite at [0]"), std::string::npos) << message();
    EXPECT_EQ(weights(), before);
}

// The root of 0: the loss is finite, its gradient is not.
TEST_P(NotFinite, the_first_layer_of_the_backward_pass) {
    const glia_unary_params root = glia_unary_defaults(GLIA_UNARY_SQRT);
    std::fill(x_.begin(), x_.end(), 0.f);
    glia_value y = dense(input_, "a", 1);
    y            = glia_model_op(net_, "unary", &root, &y, 1, &y, 1);
    compile(dense(y, "b", 1), {.loss = glia_loss_mse()});
    const auto before = weights();
    EXPECT_EQ(fit({.in_order = true}), GLIA_NOT_FINITE);
    EXPECT_NE(message().find("step 1: backward: layer 'a': the gradient of its output for sample "), std::string::npos)
        << message();
    EXPECT_EQ(weights(), before);
}

TEST_P(NotFinite, a_loss_of_outputs_that_are_finite) {
    std::fill(t_.begin(), t_.end(), 1e30f);
    compile(dense(input_, "a", 1), {.loss = glia_loss_mse()});
    EXPECT_EQ(fit({.in_order = true}), GLIA_NOT_FINITE);
    EXPECT_EQ(message(),
              "glia_model_fit: epoch 1, step 1: forward: the loss is infinite, with outputs that are finite");
    glia_result result;
    EXPECT_EQ(glia_model_evaluate(net_, data_, kBatch, &result), GLIA_NOT_FINITE);
    EXPECT_EQ(message(), "glia_model_evaluate: batch 1: forward: the loss is infinite, with outputs that are finite");
    EXPECT_TRUE(std::isinf(result.loss));
}

TEST_P(NotFinite, a_weight) {
    compile(dense(input_, "a", 1), {.loss = glia_loss_mse()});
    const float values[] = {1, kNaN};
    ASSERT_EQ(glia_model_set(net_, "a.weight", values, sizeof values), GLIA_OK) << message();
    EXPECT_EQ(fit(), GLIA_NOT_FINITE);
    EXPECT_EQ(message(), "glia_model_fit: epoch 1, step 1: the weight 'a.weight' is NaN at [0,1] before it");
}

TEST_P(NotFinite, may_be_allowed) {
    x_[3] = kNaN;
    compile(dense(input_, "d", 1), {.loss = glia_loss_mse()});
    load();
    const glia_fit_args args{.epochs = 2, .batch_size = kBatch, .validation = data_, .allow_not_finite = true};
    EXPECT_EQ(glia_model_fit(net_, data_, &args), GLIA_OK) << message();
    EXPECT_TRUE(std::isnan(weights()[0][0]));
}

TEST_P(NotFinite, validation_fails_with_its_batch) {
    compile(dense(input_, "d", 1), {.loss = glia_loss_mse()});
    load();
    glia_dataset *train = data_, *validation = nullptr;
    x_[11] = kNaN;
    load(), validation = data_, data_ = train;
    EXPECT_EQ(fit({.validation = validation}), GLIA_NOT_FINITE);
    EXPECT_EQ(message(), "glia_model_fit: validation: batch 1: input 'x' of sample 5 is NaN at [1]");
    glia_dataset_destroy(validation);
}

// on_epoch_end gets the numbers of the epoch, and may leave another message; the weights stay those after the epoch.
TEST_P(NotFinite, validation_fails_after_the_epoch_is_reported) {
    struct Seen {
        NotFinite *test;
        std::vector<glia_epoch> epochs;
        std::vector<std::vector<float>> weights;
        glia_status answer;
    } seen{this, {}, {}, GLIA_OK};
    compile(dense(input_, "d", 1), {.loss = glia_loss_mse()});
    load();
    glia_dataset *train = data_, *validation = nullptr;
    x_[11] = kNaN;
    load(), validation = data_, data_ = train;
    glia_fit_args args{.epochs     = 3,
                       .validation = validation,
                       .callbacks  = {{.user = &seen, .on_epoch_end = [](void *user, const glia_event *event) {
                                          auto *s = static_cast<Seen *>(user);
                                          s->epochs.push_back(*event->epoch);
                                          s->weights = s->test->weights();
                                          EXPECT_NE(glia_model_get(s->test->net_, "none", nullptr, 0), GLIA_OK);
                                          return s->answer;
                                      }}}};
    EXPECT_EQ(fit(args), GLIA_NOT_FINITE);
    EXPECT_EQ(message(), "glia_model_fit: validation: batch 1: input 'x' of sample 5 is NaN at [1]");
    ASSERT_EQ(seen.epochs.size(), 1u);
    EXPECT_TRUE(std::isfinite(seen.epochs[0].train.loss));
    EXPECT_TRUE(seen.epochs[0].has_validation);
    EXPECT_TRUE(std::isnan(seen.epochs[0].validation.loss));
    EXPECT_EQ(weights(), seen.weights);
    seen.answer = GLIA_CANCELLED;
    EXPECT_EQ(fit(args), GLIA_CANCELLED);
    EXPECT_EQ(seen.epochs.size(), 2u);
    glia_dataset_destroy(validation);
}

// A step that fails before the pass began: the note of the fit before it, in on_epoch_end, is none of this pass.
TEST_P(NotFinite, an_epoch_that_cannot_begin_says_why) {
    compile(dense(input_, "d", 1), {.loss = glia_loss_mse()});
    load();
    glia_dataset *good = data_;
    x_[11]             = kNaN;
    load();
    const glia_fit_args args{.epochs     = 2,
                             .batch_size = kBatch,
                             .callbacks  = {{.user = this, .on_epoch_end = [](void *user, const glia_event *) {
                                                auto *test = static_cast<NotFinite *>(user);
                                                EXPECT_EQ(test->fit(), GLIA_NOT_FINITE);
                                                glia_model_destroy(test->net_), test->net_ = nullptr;
                                                return GLIA_OK;
                                            }}}};
    EXPECT_EQ(glia_model_fit(net_, good, &args), GLIA_CANCELLED);
    EXPECT_EQ(message(), "the model was destroyed while it ran");
    glia_dataset_destroy(good);
}

// The root's slope is infinite at the first output, which is zero only from the states that the step began with.
TEST_P(NotFinite, a_backward_pass_is_run_from_the_states_of_its_step) {
    const glia_unary_params root = glia_unary_defaults(GLIA_UNARY_SQRT);
    glia_model_destroy(net_);
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
    for (size_t i = 0; i < x_.size(); ++i) x_[i] = float(i % 2);
    glia_value y = glia_model_input(net_, "x", GLIA_SHAPE(2));
    y            = glia_model_reshape(net_, y, with(glia_reshape_args{.shape = GLIA_SHAPE(2, 1)}));
    y            = glia_model_rnn(net_, y,
                                  with(glia_rnn_args{.name           = "memory",
                                                     .units          = 1,
                                                     .sequence       = true,
                                                     .stateful_batch = kBatch,
                                                     .no_bias        = true,
                                                     .weight_init    = {.kind = GLIA_INIT_CONSTANT, .a = 1},
                                                     .recurrent_init = {.kind = GLIA_INIT_CONSTANT, .a = 1}}));
    y            = glia_model_op(net_, "unary", &root, &y, 1, &y, 1);
    compile(dense(glia_model_flatten(net_, y, nullptr), "b", 1), {.loss = glia_loss_mse()});
    EXPECT_EQ(fit({.in_order = true}), GLIA_NOT_FINITE);
    EXPECT_NE(message().find("step 1: backward: layer 'memory': the gradient of its output for sample 0 is "),
              std::string::npos)
        << message();
    std::vector<float> states(kBatch, kNaN);
    ASSERT_EQ(glia_model_get(net_, "memory.h_l0", states.data(), kBatch * sizeof(float)), GLIA_OK) << message();
    EXPECT_EQ(states, std::vector<float>(kBatch, 0));
}

// In the second batch the root is of what the first one left, and is NaN from any other states.
TEST_P(NotFinite, a_batch_is_run_again_from_the_states_of_the_one_before_it) {
    const glia_unary_params root = glia_unary_defaults(GLIA_UNARY_SQRT);
    glia_model_destroy(net_);
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
    std::fill(x_.begin(), x_.end(), 1.f);
    for (size_t i = kBatch; i < 2 * kBatch; ++i) x_[2 * i] = -0.5f, x_[2 * i + 1] = 0;
    t_[kBatch + 1] = 1e30f;
    glia_value y   = glia_model_input(net_, "x", GLIA_SHAPE(2));
    y              = glia_model_reshape(net_, y, with(glia_reshape_args{.shape = GLIA_SHAPE(2, 1)}));
    y              = glia_model_rnn(net_, y,
                                    with(glia_rnn_args{.units          = 1,
                                                       .sequence       = true,
                                                       .stateful_batch = kBatch,
                                                       .no_bias        = true,
                                                       .weight_init    = {.kind = GLIA_INIT_CONSTANT, .a = 1},
                                                       .recurrent_init = {.kind = GLIA_INIT_CONSTANT, .a = 1}}));
    y              = glia_model_op(net_, "unary", &root, &y, 1, &y, 1);
    compile(dense(glia_model_flatten(net_, y, nullptr), "b", 1), {.loss = glia_loss_mse()});
    EXPECT_EQ(fit({.in_order = true, .accumulate = 3}), GLIA_NOT_FINITE);
    EXPECT_EQ(message(),
              "glia_model_fit: epoch 1, step 1: forward: the loss is infinite, with outputs that are finite");
    glia_result result;
    EXPECT_EQ(glia_model_evaluate(net_, data_, kBatch, &result), GLIA_NOT_FINITE);
    EXPECT_EQ(message(), "glia_model_evaluate: batch 2: forward: the loss is infinite, with outputs that are finite");
    std::vector<float> states(kBatch);
    ASSERT_EQ(glia_model_get(net_, "rnn.h_l0", states.data(), kBatch * sizeof(float)), GLIA_OK) << message();
    for (const float state : states) EXPECT_NEAR(state, std::tanh(1 + std::tanh(1)), 1e-6) << "as batch 1 left them";
}

// A square whose loss is finite and whose gradient is not: a limit may make that finite, in one batch and in several.
TEST_P(NotFinite, a_gradient_is_judged_by_the_step) {
    std::fill(x_.begin(), x_.end(), 0.f);
    x_[2]                  = 1e25f;
    const glia_value y     = dense(input_, "a", 1);
    const auto before_step = [&] {
        const float weight[] = {1e-10f, 0};
        EXPECT_EQ(glia_model_set(net_, "a.weight", weight, sizeof weight), GLIA_OK) << message();
        EXPECT_EQ(glia_model_set(net_, "a.bias", weight + 1, sizeof *weight), GLIA_OK) << message();
        return weights();
    };
    load();
    std::vector<std::vector<float>> clipped[2];
    for (int accumulate : {1, 2}) {
        const glia_fit_args args{.batch_size = kCount / accumulate, .in_order = true, .accumulate = accumulate};
        compile(y, {.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(0.5)});
        const auto before = before_step();
        EXPECT_EQ(glia_model_fit(net_, data_, &args), GLIA_NOT_FINITE) << accumulate;
        EXPECT_EQ(message(),
                  "glia_model_fit: epoch 1, step 1: backward: layer 'a': the gradient of 'a.weight' is infinite at "
                  "[0,0]");
        EXPECT_EQ(weights(), before);
        compile(y, {.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(0.5), .clip_value = 1});
        before_step();
        EXPECT_EQ(glia_model_fit(net_, data_, &args), GLIA_OK) << message();
        clipped[accumulate - 1] = weights();
        EXPECT_FLOAT_EQ(clipped[accumulate - 1][0][0], -0.5f);
    }
    EXPECT_EQ(clipped[0], clipped[1]);
}

INSTANTIATE_TEST_SUITE_P(device, NotFinite, testing::Values("cpu", "emulated", "cuda:0"), [](const auto &info) {
    return std::string(info.param) == "cuda:0" ? "cuda" : std::string(info.param);
});

}  // namespace
