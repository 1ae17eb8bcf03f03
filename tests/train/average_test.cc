// The exponential moving average of the weights: PyTorch's numbers, its place in evaluations, files and failures.
#include <gtest/gtest.h>

#include <cmath>

#include "support/files.h"
#include "support/small_training.h"

namespace {

using namespace glia;

class Average : public testing::TestWithParam<const char *> {};

glia_fit_args fit_args(int epochs = 2) {
    glia_fit_args args{};
    args.epochs = epochs, args.batch_size = 8, args.in_order = true;
    return args;
}

glia_status compile(SmallTraining *t, double decay = 0.9, bool warmup = false) {
    glia_compile_args args{};
    args.optimizer = glia_optimizer_momentum(0.2, 0.9), args.average_decay = decay, args.average_warmup = warmup;
    return t->compile(args);
}

struct Recorded {
    bool warmup;
    double loss;  // of the averages, over all samples
    std::vector<double> hidden_weight, hidden_bias, logits_weight, logits_bias;
};

// By PyTorch 2.15's AveragedModel in float64: get_ema_multi_avg_fn(0.9), and an avg_fn with min(0.9, (1 + t) / (10 +
// t)).
const Recorded kRecorded[] = {
    {false,
     0.8366798989251353,
     {-0.305524286, 0.554951253, 0.0790216642, -0.58341422, 0.291107231, -0.344968827, 0.572184949, -0.0503456105,
      -0.495970946, 0.251832216, -0.1418432, 0.492376437},
     {0.133953854, 0.0694826375, 0.269660605, -0.429163672},
     {-0.553732774, 0.94516542, 0.016309168, -0.965790695, 0.486271291, -0.477015727, 0.950634533, -0.00639353831,
      -0.932538518, 0.531850307, -0.466943701, 0.972184233},
     {-0.158007962, 0.596525319, -0.238517354}},
    {true,
     0.7326791892389146,
     {-0.38348316, 0.548944734, 0.161246248, -0.492168915, 0.207410579, -0.373634508, 0.4619081, -0.0449393287,
      -0.379566779, 0.144066493, 0.125356773, 0.305868712},
     {0.487761989, -0.113631789, 0.708139617, -0.799019087},
     {-0.663572521, 0.796746606, 0.077649174, -0.888874095, 0.524311207, -0.367986633, 0.855080528, -0.0746339131,
      -0.860738685, 0.571240027, -0.432729702, 0.963508008},
     {-0.0923288457, 0.907142932, -0.614814083}},
};

TEST_P(Average, is_that_of_pytorch) {
    for (const Recorded &r : kRecorded) {
        SCOPED_TRACE(r.warmup);
        SmallTraining t(GetParam());
        if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
        t.build(), t.make_data();
        ASSERT_EQ(compile(&t, 0.9, r.warmup), GLIA_OK) << t.message();
        glia_fit_args fit    = fit_args();
        fit.validation       = t.data;
        fit.validate_average = true;
        ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
        expect_weights(t, "hidden.weight/ema", r.hidden_weight);
        expect_weights(t, "hidden.bias/ema", r.hidden_bias);
        expect_weights(t, "logits.weight/ema", r.logits_weight);
        expect_weights(t, "logits.bias/ema", r.logits_bias);
        EXPECT_NEAR(glia_model_history(t.net, nullptr)[1].validation.loss, r.loss, 2e-6);

        const auto weights = t.get("hidden.weight"), averages = t.get("hidden.weight/ema");
        glia_result result;
        ASSERT_EQ(glia_model_use_average(t.net, true), GLIA_OK) << t.message();
        ASSERT_EQ(glia_model_use_average(t.net, true), GLIA_OK) << "again: " << t.message();
        EXPECT_EQ(t.get("hidden.weight"), averages);
        ASSERT_EQ(glia_model_evaluate(t.net, t.data, 0, &result), GLIA_OK) << t.message();
        EXPECT_NEAR(result.loss, r.loss, 2e-6);
        ASSERT_EQ(glia_model_use_average(t.net, false), GLIA_OK) << t.message();
        EXPECT_EQ(t.get("hidden.weight"), weights);
        EXPECT_EQ(t.get("hidden.weight/ema"), averages);
        EXPECT_EQ(t.fit(fit), GLIA_OK) << t.message();
    }
}

TEST_P(Average, leaves_training_as_it_is) {
    SmallTraining kept(GetParam()), without(GetParam());
    if (without.created == GLIA_NOT_FOUND) GTEST_SKIP() << without.message();
    for (SmallTraining *t : {&kept, &without}) {
        t->build(), t->make_data();
        ASSERT_EQ(compile(t, t == &kept ? 0.9 : 0), GLIA_OK) << t->message();
        ASSERT_EQ(t->fit(fit_args()), GLIA_OK) << t->message();
    }
    const States of_kept = kept.states();
    for (const auto &[name, values] : without.states()) EXPECT_EQ(of_kept.at(name), values) << name;
}

// With accumulated steps and weights whose rules differ.
TEST_P(Average, goes_on_to_the_same_bits) {
    SmallTraining never(GetParam()), stopped(GetParam()), second(GetParam());
    if (never.created == GLIA_NOT_FOUND) GTEST_SKIP() << never.message();
    for (SmallTraining *t : {&never, &stopped, &second}) {
        t->build(), t->make_data();
        ASSERT_EQ(glia_model_set_rate_scale(t->net, "logits", 0.5), GLIA_OK) << t->message();
        ASSERT_EQ(compile(t, 0.8, true), GLIA_OK) << t->message();
    }
    glia_fit_args fit = fit_args(3);
    fit.batch_size = 3, fit.accumulate = 2;
    ASSERT_EQ(never.fit(fit), GLIA_OK) << never.message();
    glia_trainer *trainer = nullptr;
    ASSERT_EQ(glia_trainer_create(stopped.net, stopped.data, &fit, &trainer), GLIA_OK) << stopped.message();
    for (int i = 0; i < 6; ++i) ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << stopped.message();
    glia_trainer_destroy(trainer);
    ASSERT_GT(stopped.number("glia/position"), 0);
    const Folder folder;
    const std::string path = folder / "average.safetensors";
    ASSERT_EQ(glia_model_save_checkpoint(stopped.net, path.c_str()), GLIA_OK) << stopped.message();
    ASSERT_EQ(glia_model_load_checkpoint(second.net, path.c_str()), GLIA_OK) << second.message();
    fit.resume = true;
    ASSERT_EQ(second.fit(fit), GLIA_OK) << second.message();
    EXPECT_EQ(second.states(), never.states());
}

TEST_P(Average, has_no_part_of_a_step_that_failed) {
    SmallTraining bad(GetParam(), 24), good(GetParam(), 24);
    if (bad.created == GLIA_NOT_FOUND) GTEST_SKIP() << bad.message();
    bad.x[17 * SmallTraining::kInputs] = NAN;  // in the third step
    for (SmallTraining *t : {&bad, &good}) {
        t->build(), t->make_data();
        ASSERT_EQ(compile(t), GLIA_OK) << t->message();
    }
    EXPECT_EQ(bad.fit(fit_args(1)), GLIA_NOT_FINITE);
    glia_trainer *trainer   = nullptr;
    const glia_fit_args fit = fit_args(1);
    ASSERT_EQ(glia_trainer_create(good.net, good.data, &fit, &trainer), GLIA_OK) << good.message();
    for (int i = 0; i < 2; ++i) ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << good.message();
    glia_trainer_destroy(trainer);
    for (const char *name : {"hidden.weight/ema", "logits.bias/ema", "hidden.weight"})
        EXPECT_EQ(bad.get(name), good.get(name)) << name;
}

// An epoch that was left after its last step ends without one: the weights are evaluated.
TEST_P(Average, is_not_evaluated_before_the_first_step_since_a_compile) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.build(), t.make_data();
    ASSERT_EQ(compile(&t), GLIA_OK) << t.message();
    const int64_t position = t.samples;
    ASSERT_EQ(glia_model_state_set(t.net, "glia/position", &position, sizeof position), GLIA_OK) << t.message();
    glia_fit_args fit = fit_args(1);
    fit.resume = true, fit.validation = t.data, fit.validate_average = true;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    EXPECT_EQ(t.number("glia/update"), 0);
    glia_result weights;
    ASSERT_EQ(glia_model_evaluate(t.net, t.data, 0, &weights), GLIA_OK) << t.message();
    EXPECT_EQ(glia_model_history(t.net, nullptr)->validation.loss, weights.loss);
}

// A rate that doubles makes the loss rise in the end.
glia_status raise_rate(void *, const glia_event *event) {
    return glia_model_set_learning_rate(event->model, 2 * glia_model_learning_rate(event->model));
}

TEST_P(Average, comes_back_with_the_best_weights) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.build(), t.make_data();
    ASSERT_EQ(compile(&t, 0.5), GLIA_OK) << t.message();
    glia_fit_args fit = fit_args(12);
    fit.validation = t.data, fit.validate_average = true;
    ASSERT_EQ(glia_early_stopping(t.ctx, with(glia_early_stopping_args{.patience = 2, .restore_best = true}),
                                  &fit.callbacks[0]),
              GLIA_OK)
        << t.message();
    fit.callbacks[1].on_epoch_end = raise_rate;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    glia_callback_destroy(&fit.callbacks[0]);
    int count;
    const glia_epoch *epochs = glia_model_history(t.net, &count);
    double best              = INFINITY;
    for (int i = 0; i < count; ++i) best = std::min(best, epochs[i].validation.loss);
    EXPECT_LT(count, 12);
    EXPECT_GT(epochs[count - 1].validation.loss, best);
    glia_result result;
    ASSERT_EQ(glia_model_use_average(t.net, true), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_evaluate(t.net, t.data, 0, &result), GLIA_OK) << t.message();
    EXPECT_EQ(result.loss, best);
}

INSTANTIATE_TEST_SUITE_P(all, Average, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param, std::strcspn(info.param, ":")); });

// ---- What is refused ----

TEST(AverageArgs, refuses_what_is_wrong) {
    SmallTraining t("cpu");
    t.build(), t.make_data();
    EXPECT_EQ(glia_model_use_average(t.net, true), GLIA_INVALID_ARGUMENT);
    for (double wrong : {-0.1, 1.0, double(NAN)}) {
        EXPECT_EQ(compile(&t, wrong), GLIA_INVALID_ARGUMENT) << wrong;
        EXPECT_TRUE(t.says("must be 0 to less than 1")) << t.message();
    }
    EXPECT_EQ(compile(&t, 0, true), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("average_warmup without an average_decay")) << t.message();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    EXPECT_EQ(glia_model_use_average(t.net, true), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_model_use_average: the model is not compiled with an average_decay")) << t.message();
    glia_fit_args fit    = fit_args();
    fit.validate_average = true;
    EXPECT_EQ(t.fit(fit), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("validate_average without a validation")) << t.message();
    fit.validation_share = 0.5;
    EXPECT_EQ(t.fit(fit), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("validate_average, but the model is not compiled with an average_decay")) << t.message();
    ASSERT_EQ(compile(&t), GLIA_OK) << t.message();
    EXPECT_EQ(glia_model_use_average(t.net, true), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("there is no average before the first step")) << t.message();
    EXPECT_EQ(t.fit(fit), GLIA_OK) << t.message();
}

TEST(AverageArgs, of_weights_that_are_not_in_their_place) {
    SmallTraining t("cpu");
    t.build(), t.make_data();
    ASSERT_EQ(compile(&t), GLIA_OK) << t.message();
    ASSERT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_use_average(t.net, true), GLIA_OK) << t.message();
    const auto averages = t.get("hidden.bias");
    const size_t bytes  = averages.size() * sizeof averages[0];
    auto read           = averages;
    EXPECT_EQ(glia_model_set(t.net, "hidden.bias", averages.data(), bytes), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_model_set: the averages are in the place of the weights")) << t.message();
    for (const char *name : {"hidden.bias", "hidden.bias/ema"})
        EXPECT_EQ(glia_model_state_set(t.net, name, averages.data(), bytes), GLIA_INVALID_ARGUMENT) << name;
    EXPECT_EQ(glia_model_state_get(t.net, "hidden.bias/ema", read.data(), bytes), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_model_copy_weights(t.net, t.net, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    ASSERT_EQ(glia_model_use_average(t.net, false), GLIA_OK) << t.message();
    EXPECT_EQ(glia_model_set(t.net, "hidden.bias", averages.data(), bytes), GLIA_OK) << t.message();
}

TEST(AverageArgs, waits_for_the_weights) {
    SmallTraining t("cpu");
    t.build(), t.make_data();
    ASSERT_EQ(compile(&t), GLIA_OK) << t.message();
    ASSERT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_use_average(t.net, true), GLIA_OK) << t.message();
    const auto averages = t.get("hidden.weight");
    const Folder folder;
    const std::string path = folder / "average.safetensors";
    EXPECT_EQ(t.fit(fit_args()), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_model_fit: the averages are in the place of the weights")) << t.message();
    EXPECT_EQ(glia_model_save_checkpoint(t.net, path.c_str()), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_model_load_checkpoint(t.net, path.c_str()), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_model_save_weights(t.net, path.c_str()), GLIA_OK) << t.message();
    ASSERT_EQ(compile(&t), GLIA_OK) << t.message();
    EXPECT_EQ(t.get("hidden.weight"), averages) << "which are the weights now";
    EXPECT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
}

TEST(AverageArgs, of_a_weight_that_is_named_like_one_is_refused) {
    SmallTraining t("cpu");
    t.build();
    t.output = glia_model_add(t.net, t.output, glia_model_parameter(t.net, "logits.bias/ema", GLIA_SHAPE(3), nullptr),
                              nullptr);
    EXPECT_EQ(compile(&t), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("the weight name 'logits.bias/ema' is that of a state of training")) << t.message();
}

}  // namespace
