// Learning rates and penalties of layers and weights of their own: PyTorch's groups of parameters.
#include <gtest/gtest.h>

#include <cmath>

#include "support/small_training.h"

namespace {

using namespace glia;

class WeightRules : public testing::TestWithParam<const char *> {};

glia_fit_args fit_args(int epochs = 3) {
    glia_fit_args args{};
    args.epochs = epochs, args.batch_size = 8, args.in_order = true;
    return args;
}

struct Recorded {
    const char *name;
    glia_optimizer optimizer;
    std::vector<double> hidden_weight, hidden_bias, logits_weight, logits_bias;
};

glia_optimizer momentum_with_decay() {
    glia_optimizer o   = glia_optimizer_momentum(0.1, 0.9);
    o.sgd.weight_decay = 0.05;
    return o;
}

// By PyTorch 2.15 in float64, with four groups: the second layer's lr is 2.5 times that of the first, the biases'
// weight_decay is 0.
const Recorded kRecorded[] = {
    {"adamw",
     glia_optimizer_adamw(0.02, 0.2),
     {-0.321543552, 0.557374287, 0.0674141761, -0.54476317, 0.261725505, -0.329579352, 0.525951849, -0.0272671188,
      -0.487397117, 0.182567287, -0.138086988, 0.413317547},
     {0.0634510644, 0.0376327793, 0.161664227, -0.357454005},
     {-0.813568219, 0.728214857, 0.124221868, -0.738060407, 0.473754033, -0.350655984, 0.56569696, -0.0996475172,
      -0.635265011, 0.648907136, -0.136135752, 0.80210681},
     {-0.129578182, 0.814157564, -0.418956476}},
    {"momentum",
     momentum_with_decay(),
     {-0.333403855, 0.483533084, 0.1334053, -0.408924166, 0.169302913, -0.319011955, 0.388689072, -0.0359959719,
      -0.311441775, 0.126987964, 0.11465073, 0.249186786},
     {0.341657074, -0.03991122, 0.603399538, -0.782961806},
     {-0.601074921, 0.221906471, 0.214596778, -0.497525526, 0.337881895, -0.0372559069, 0.246848004, -0.0613743316,
      -0.338686009, 0.417228471, -0.160505265, 0.558899858},
     {0.337597002, 1.34916318, -1.48676018}},
};

TEST_P(WeightRules, are_those_of_pytorch) {
    for (const Recorded &r : kRecorded) {
        SCOPED_TRACE(r.name);
        SmallTraining t(GetParam());
        if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
        t.build(), t.make_data();
        for (int i = 0; i < glia_model_weight_count(t.net); ++i)
            if (glia_model_weight_shape(t.net, i).ndim == 1) {
                ASSERT_EQ(glia_model_set_penalties(t.net, glia_model_weight_name(t.net, i), 0, 0), GLIA_OK);
            }
        ASSERT_EQ(glia_model_set_rate_scale(t.net, "logits", 2.5), GLIA_OK) << t.message();
        glia_compile_args compile{};
        compile.optimizer = r.optimizer;
        ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
        ASSERT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
        expect_weights(t, "hidden.weight", r.hidden_weight);
        expect_weights(t, "hidden.bias", r.hidden_bias);
        expect_weights(t, "logits.weight", r.logits_weight);
        expect_weights(t, "logits.bias", r.logits_bias);
    }
}

glia_optimizer centered() {
    glia_optimizer o   = glia_optimizer_rmsprop(0.01);
    o.rmsprop.centered = true, o.rmsprop.momentum = 0.5;
    return o;
}

TEST_P(WeightRules, that_say_what_holds_anyway_change_no_bit) {
    for (const glia_optimizer &optimizer :
         {glia_optimizer_momentum(0.1, 0.9), glia_optimizer_adam(0.01), glia_optimizer_adagrad(0.05), centered()}) {
        SmallTraining with_rules(GetParam()), without(GetParam());
        if (without.created == GLIA_NOT_FOUND) GTEST_SKIP() << without.message();
        for (SmallTraining *t : {&with_rules, &without}) {
            t->build(), t->make_data();
            if (t == &with_rules) {  // of every second weight, which then stand side by side
                ASSERT_EQ(glia_model_set_rate_scale(t->net, "hidden.bias", 1), GLIA_OK);
                ASSERT_EQ(glia_model_set_rate_scale(t->net, "logits.bias", 1), GLIA_OK);
                ASSERT_EQ(glia_model_set_penalties(t->net, "logits.weight", 0, 0), GLIA_OK);
            }
            glia_compile_args compile{};
            compile.optimizer = optimizer;
            ASSERT_EQ(t->compile(compile), GLIA_OK) << t->message();
            glia_fit_args fit = fit_args();
            ASSERT_EQ(t->fit(fit), GLIA_OK) << t->message();
            fit.accumulate = 2;
            ASSERT_EQ(t->fit(fit), GLIA_OK) << t->message();
        }
        EXPECT_EQ(with_rules.states(), without.states()) << int(optimizer.kind);
    }
}

TEST_P(WeightRules, hold_from_the_next_compile_on) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_set_rate_scale(t.net, "hidden", 0), GLIA_OK) << t.message();
    const auto first = t.get("hidden.weight");
    ASSERT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
    const auto trained = t.get("hidden.weight");
    EXPECT_NE(trained, first);
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    const auto logits = t.get("logits.weight");
    ASSERT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
    EXPECT_EQ(t.get("hidden.weight"), trained);
    EXPECT_NE(t.get("logits.weight"), logits);
    ASSERT_EQ(glia_model_set_rate_scale(t.net, "hidden", 1), GLIA_OK) << t.message();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    ASSERT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
    EXPECT_NE(t.get("hidden.weight"), trained);
}

// One step of SGD: the gradient has l1 sign(w) in addition, and only that of this weight; the loss has it not.
TEST_P(WeightRules, have_an_l1_of_one_weight) {
    SmallTraining with_rule(GetParam()), without(GetParam());
    if (without.created == GLIA_NOT_FOUND) GTEST_SKIP() << without.message();
    for (SmallTraining *t : {&with_rule, &without}) {
        t->build(), t->make_data();
        if (t == &with_rule) {
            ASSERT_EQ(glia_model_set_penalties(t->net, "logits.weight", 0, 0.5), GLIA_OK);
        }
        glia_compile_args compile{};
        compile.optimizer = glia_optimizer_sgd(0.25);
        ASSERT_EQ(t->compile(compile), GLIA_OK) << t->message();
        glia_fit_args fit = fit_args(1);
        fit.batch_size    = t->samples;
        ASSERT_EQ(t->fit(fit), GLIA_OK) << t->message();
    }
    const auto got = with_rule.get("logits.weight"), plain = without.get("logits.weight");
    for (int i = 0; i < 12; ++i) {
        const int sign = (i * 3 + 1) % 5 - 2 > 0 ? 1 : (i * 3 + 1) % 5 - 2 < 0 ? -1 : 0;
        EXPECT_NEAR(got[size_t(i)], plain[size_t(i)] - 0.25 * 0.5 * sign, 1e-6) << i;
    }
    EXPECT_EQ(with_rule.get("hidden.weight"), without.get("hidden.weight"));
    EXPECT_EQ(glia_model_history(with_rule.net, nullptr)->train.loss,
              glia_model_history(without.net, nullptr)->train.loss);
}

INSTANTIATE_TEST_SUITE_P(all, WeightRules, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param, std::strcspn(info.param, ":")); });

TEST(WeightRulesArgs, refuses_what_is_wrong) {
    SmallTraining t("cpu");
    t.build();
    t.output = glia_model_batchnorm(t.net, t.output, with(glia_batchnorm_args{.name = "norm"}));
    t.output = glia_model_dropout(t.net, t.output, with(glia_dropout_args{.name = "mask", .p = 0.5}));
    EXPECT_EQ(glia_model_set_rate_scale(t.net, "nothing", 1), GLIA_NOT_FOUND);
    EXPECT_TRUE(t.says("glia_model_set_rate_scale: no layer or weight is named 'nothing'")) << t.message();
    EXPECT_EQ(glia_model_set_penalties(t.net, nullptr, 0, 0), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_model_set_penalties: name is NULL")) << t.message();
    EXPECT_EQ(glia_model_set_rate_scale(t.net, "norm.running_mean", 1), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("weight 'norm.running_mean' is a buffer, which is not trained")) << t.message();
    EXPECT_EQ(glia_model_set_penalties(t.net, "mask", 0, 0), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("layer 'mask' has no weights of its own")) << t.message();
    for (double wrong : {-1.0, double(NAN), double(INFINITY), 1e7}) {
        EXPECT_EQ(glia_model_set_rate_scale(t.net, "norm", wrong), GLIA_INVALID_ARGUMENT) << wrong;
        EXPECT_TRUE(t.says("must be 0 to 1e+06")) << t.message();
    }
    for (double wrong : {-1.0, double(NAN), double(INFINITY), 1e300}) {
        EXPECT_EQ(glia_model_set_penalties(t.net, "norm", wrong, 0), GLIA_INVALID_ARGUMENT) << wrong;
        EXPECT_EQ(glia_model_set_penalties(t.net, "norm", 0, wrong), GLIA_INVALID_ARGUMENT) << wrong;
        EXPECT_TRUE(t.says("must be finite in f32 and not negative")) << t.message();
    }
    EXPECT_EQ(glia_model_set_penalties(t.net, "norm", 0, 0.1), GLIA_OK) << t.message();
    EXPECT_EQ(t.compile({}), GLIA_OK) << t.message();
}

}  // namespace
