// Weights of samples: PyTorch's numbers, and what they leave as it is.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "support/small_training.h"

namespace {

using namespace glia;

class SampleWeights : public testing::TestWithParam<const char *> {};

glia_fit_args fit_args(int epochs = 2, int batch_size = 8) {
    glia_fit_args args{};
    args.epochs = epochs, args.batch_size = batch_size, args.in_order = true;
    return args;
}

constexpr double kClassWeight[] = {0.5, 2.0, 1.5};

struct Recorded {
    const char *name;
    glia_model_loss loss;
    bool one_hot;
    double epoch_loss;  // of the second epoch; 0: another test's
    std::vector<double> hidden_weight, hidden_bias, logits_weight, logits_bias;
};

glia_model_loss with_options() {
    glia_model_loss loss         = glia_loss_cross_entropy();
    loss.classes.class_weight    = kClassWeight;
    loss.classes.label_smoothing = 0.1;
    loss.classes.ignore          = true;
    loss.classes.ignore_index    = 1;
    return loss;
}

// By PyTorch 2.15 in float64: the losses with reduction none, times the weights; mean(), and with class weights
// sum() / sum(class weights of the batch).
const Recorded kRecorded[] = {
    {"cross_entropy",
     glia_loss_cross_entropy(),
     false,
     0.627313775,
     {-0.395076649, 0.654973128, 0.0691832916, -0.48865074, 0.138322164, -0.30282188, 0.469695157, 0.0860794091,
      -0.518804737, 0.173443513, -0.0401998743, 0.391450396},
     {0.186272092, 0.0616164248, 0.372408015, -0.499641169},
     {-0.656441554, 0.825640082, 0.0347855037, -0.881919263, 0.606363163, -0.370978851, 0.93696637, -0.101870497,
      -0.949921609, 0.545338769, -0.471751874, 0.983789759},
     {-0.183790545, 0.668978276, -0.285187728}},
    {"class_weights",
     with_options(),
     false,
     0,
     {-0.382287098, 0.554085623, 0.0700156031, -0.443124828, 0.209429782, -0.255406462, 0.562659466, -0.0625182246,
      -0.542673203, 0.183772605, 0.0172469028, 0.321140712},
     {-0.178135452, 0.550521354, -0.00256130748, -0.794878359},
     {-0.675878068, 0.982050114, -0.0303328328, -1.03137961, 0.551196021, -0.501117613, 0.952117468, 0.0438955685,
      -0.875317953, 0.519067499, -0.421784635, 0.987484042},
     {0.240441778, 0.226170226, -0.266612001}},
    {"mse",
     glia_loss_mse(),
     true,
     0.190404082,
     {-0.435007236, 0.569848276, 0.0917458193, -0.44466543, 0.215930711, -0.268468336, 0.502153914, -0.0295584781,
      -0.45593775, 0.134449011, 0.0709144117, 0.249370613},
     {-0.0774741555, 0.27491048, 0.240025225, -0.299500606},
     {-0.692341901, 0.802121311, -0.00267250179, -0.835709375, 0.582539713, -0.38346165, 0.86473758, -0.0496106242,
      -0.863333955, 0.643287359, -0.439899703, 0.849537376},
     {-0.118531515, 0.630632812, 0.0394064201}},
};

TEST_P(SampleWeights, are_those_of_pytorch) {
    for (const Recorded &r : kRecorded) {
        SCOPED_TRACE(r.name);
        SmallTraining t(GetParam());
        if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
        t.build(), t.make_data(true, r.one_hot);
        glia_compile_args compile{};
        compile.loss = r.loss, compile.sample_weights = true, compile.optimizer = glia_optimizer_sgd(0.3);
        ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
        ASSERT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
        expect_weights(t, "hidden.weight", r.hidden_weight);
        expect_weights(t, "hidden.bias", r.hidden_bias);
        expect_weights(t, "logits.weight", r.logits_weight);
        expect_weights(t, "logits.bias", r.logits_bias);
        if (r.epoch_loss > 0) {
            EXPECT_NEAR(glia_model_history(t.net, nullptr)[1].train.loss, r.epoch_loss, 1e-6);
        }
    }
}

struct Loss {
    const char *name;
    glia_model_loss loss;
    bool one_hot;
};

glia_model_loss sum_of(glia_model_loss loss) {
    loss.reduction = GLIA_REDUCTION_SUM;
    return loss;
}

const Loss kLosses[] = {{"cross_entropy", glia_loss_cross_entropy(), false},
                        {"cross_entropy_sum", sum_of(glia_loss_cross_entropy()), false},
                        {"cross_entropy_of_probabilities", glia_loss_cross_entropy(), true},
                        {"class_weights", with_options(), false},
                        {"mse", glia_loss_mse(), true},
                        {"mae_sum", sum_of(glia_loss_mae()), true},
                        {"huber", glia_loss_huber(0.5), true},
                        {"bce_logits", glia_loss_bce_logits(), true},
                        {"kl", glia_loss_kl(), true}};

TEST_P(SampleWeights, of_one_change_nothing_but_roundings) {
    for (const Loss &l : kLosses) {
        SCOPED_TRACE(l.name);
        SmallTraining with_weights(GetParam()), without(GetParam());
        if (without.created == GLIA_NOT_FOUND) GTEST_SKIP() << without.message();
        std::fill(with_weights.weight.begin(), with_weights.weight.end(), 1.0F);
        for (SmallTraining *t : {&with_weights, &without}) {
            t->build(), t->make_data(t == &with_weights, l.one_hot);
            glia_compile_args compile{};
            compile.loss = l.loss, compile.sample_weights = t == &with_weights;
            compile.optimizer = glia_optimizer_sgd(0.05);
            ASSERT_EQ(t->compile(compile), GLIA_OK) << t->message();
            ASSERT_EQ(t->fit(fit_args()), GLIA_OK) << t->message();
        }
        expect_same_weights(with_weights, without, 3e-6);
        EXPECT_NEAR(glia_model_history(with_weights.net, nullptr)[1].train.loss,
                    glia_model_history(without.net, nullptr)[1].train.loss, 1e-5);
    }
}

// A weight of 2 is a sample that is there twice, of 0 one that is not there, but for the number of samples.
TEST_P(SampleWeights, count_samples) {
    SmallTraining weighted(GetParam(), 4), repeated(GetParam(), 4);
    if (weighted.created == GLIA_NOT_FOUND) GTEST_SKIP() << weighted.message();
    weighted.weight = {1, 2, 0, 1};
    for (int i = 0; i < SmallTraining::kInputs; ++i)
        repeated.x[2 * SmallTraining::kInputs + i] = repeated.x[SmallTraining::kInputs + i];
    repeated.t[2] = repeated.t[1];
    for (SmallTraining *t : {&weighted, &repeated}) {
        t->build(), t->make_data(t == &weighted);
        glia_compile_args compile{};
        compile.sample_weights = t == &weighted, compile.optimizer = glia_optimizer_momentum(0.3, 0.9);
        ASSERT_EQ(t->compile(compile), GLIA_OK) << t->message();
        ASSERT_EQ(t->fit(fit_args(5, 4)), GLIA_OK) << t->message();
    }
    expect_same_weights(weighted, repeated, 2e-6);
    glia_result one, other;
    ASSERT_EQ(glia_model_evaluate(weighted.net, weighted.data, 3, &one), GLIA_OK) << weighted.message();
    ASSERT_EQ(glia_model_evaluate(repeated.net, repeated.data, 4, &other), GLIA_OK) << repeated.message();
    EXPECT_NEAR(one.loss, other.loss, 1e-6) << "in batches of 3 and 1";
}

TEST_P(SampleWeights, go_with_steps_of_several_batches) {
    SmallTraining apart(GetParam()), whole(GetParam());
    if (apart.created == GLIA_NOT_FOUND) GTEST_SKIP() << apart.message();
    for (SmallTraining *t : {&apart, &whole}) {
        t->build(), t->make_data(true);
        glia_compile_args compile{};
        compile.sample_weights = true, compile.optimizer = glia_optimizer_momentum(0.2, 0.9);
        ASSERT_EQ(t->compile(compile), GLIA_OK) << t->message();
        glia_fit_args fit = fit_args(3, t == &apart ? 4 : 12);
        if (t == &apart) fit.accumulate = 3;
        ASSERT_EQ(t->fit(fit), GLIA_OK) << t->message();
    }
    expect_same_weights(apart, whole, 2e-6);
}

TEST_P(SampleWeights, that_are_all_zero_teach_nothing) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    std::fill(t.weight.begin(), t.weight.end(), 0.0F);
    t.build(), t.make_data(true);
    glia_compile_args compile{};
    compile.loss = with_options(), compile.sample_weights = true, compile.optimizer = glia_optimizer_sgd(0.3);
    ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
    const auto before = t.get("hidden.weight");
    ASSERT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
    EXPECT_EQ(t.get("hidden.weight"), before);
    EXPECT_EQ(glia_model_history(t.net, nullptr)[1].train.loss, 0);
}

INSTANTIATE_TEST_SUITE_P(all, SampleWeights, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param, std::strcspn(info.param, ":")); });

// ---- What is refused ----

TEST(SampleWeightsArgs, need_a_loss_and_a_target) {
    SmallTraining t("cpu");
    t.build(), t.make_data();
    glia_compile_args compile{};
    compile.sample_weights = true;
    EXPECT_EQ(glia_model_compile(t.net, t.output, &compile), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_model_compile: sample_weights without a loss")) << t.message();
    ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
    EXPECT_EQ(t.fit(fit_args()), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(t.says("the dataset has 1 targets, the model takes 2")) << t.message();
    t.make_data(true);
    EXPECT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
    t.weight[4] = NAN;
    t.make_data(true);
    EXPECT_EQ(t.fit(fit_args()), GLIA_NOT_FINITE);
    EXPECT_TRUE(t.says("target 1 of sample 4 is NaN")) << t.message();
}

TEST(SampleWeightsArgs, leave_predictions_and_counts_as_they_are) {
    SmallTraining with_weights("cpu"), without("cpu");
    int64_t counts[2][9], classes[2][23];
    for (SmallTraining *t : {&with_weights, &without}) {
        const bool weights = t == &with_weights;
        t->build(), t->make_data(weights);
        glia_compile_args compile{};
        compile.sample_weights = weights;
        ASSERT_EQ(t->compile(compile), GLIA_OK) << t->message();
        ASSERT_EQ(glia_model_confusion_matrix(t->net, t->data, 8, counts[weights], sizeof counts[0]), GLIA_OK)
            << t->message();
        ASSERT_EQ(glia_model_predict_classes(t->net, t->data, 8, classes[weights], sizeof classes[0]), GLIA_OK)
            << t->message();
    }
    EXPECT_TRUE(std::equal(counts[0], counts[0] + 9, counts[1]));
    EXPECT_TRUE(std::equal(classes[0], classes[0] + 23, classes[1]));
}

TEST(SampleWeightsArgs, are_one_float_for_each_sample) {
    SmallTraining t("cpu", 6);
    t.build();
    glia_compile_args compile{};
    compile.sample_weights = true;
    ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
    std::vector<float> numbers(12, 1);
    const auto try_out = [&](glia_dtype dtype, glia_shape shape) {
        glia_array in{}, out[2]{};
        in.dtype = GLIA_F32, in.shape = GLIA_SHAPE(SmallTraining::kInputs), in.data = t.x.data();
        out[0].dtype = GLIA_I64, out[0].data = t.t.data();
        out[1].dtype = dtype, out[1].shape = shape, out[1].data = numbers.data();
        glia_arrays_args arrays{};
        arrays.inputs = &in, arrays.n_inputs = 1, arrays.targets = out, arrays.n_targets = 2, arrays.count = 6;
        glia_dataset_destroy(t.data);
        t.data = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(t.ctx, &arrays, &t.data), GLIA_OK) << t.message();
        return t.fit(fit_args());
    };
    EXPECT_EQ(try_out(GLIA_F32, GLIA_SHAPE(2)), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(t.says("output 0: the sample_weights are [2] f32 of each sample, must be one float")) << t.message();
    EXPECT_EQ(try_out(GLIA_I32, GLIA_SCALAR), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(t.says("the sample_weights are [] i32 of each sample")) << t.message();
    EXPECT_EQ(try_out(GLIA_F32, GLIA_SHAPE(1)), GLIA_OK) << t.message();
}

// The second output's target comes behind the first output's weights.
TEST(SampleWeightsArgs, stand_behind_the_target_of_their_output) {
    SmallTraining t("cpu", 6);
    t.build();
    glia_output_args args{};
    args.loss = glia_loss_cross_entropy(), args.sample_weights = true;
    ASSERT_EQ(glia_model_output(t.net, t.output, &args), GLIA_OK) << t.message();
    args.sample_weights = false;
    ASSERT_EQ(glia_model_output(t.net, t.output, &args), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_compile(t.net, {}, nullptr), GLIA_OK) << t.message();
    glia_array in{}, out[3]{};
    std::vector<int64_t> other = t.t;
    other[3]                   = 9;
    in.dtype = GLIA_F32, in.shape = GLIA_SHAPE(SmallTraining::kInputs), in.data = t.x.data();
    out[0].dtype = GLIA_I64, out[0].data = t.t.data();
    out[1].dtype = GLIA_F32, out[1].data = t.weight.data();
    out[2].dtype = GLIA_I64, out[2].data = other.data();
    glia_arrays_args arrays{};
    arrays.inputs = &in, arrays.n_inputs = 1, arrays.targets = out, arrays.n_targets = 3, arrays.count = 6;
    ASSERT_EQ(glia_dataset_from_arrays(t.ctx, &arrays, &t.data), GLIA_OK) << t.message();
    EXPECT_EQ(t.fit(fit_args()), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("output 1: target 2 of sample 3 is 9, must be 0 to 2")) << t.message();
    other[3] = 2;
    EXPECT_EQ(t.fit(fit_args()), GLIA_OK) << t.message();
}

}  // namespace
