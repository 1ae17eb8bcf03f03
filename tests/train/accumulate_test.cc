// Steps of several batches: they are those of one large batch, and those of PyTorch; they count, stop and fail as one.
#include <gtest/gtest.h>

#include <cmath>

#include "support/small_training.h"

namespace {

using namespace glia;

constexpr int kBatch = 4, kBatches = 3;

class Accumulate : public testing::TestWithParam<const char *> {};

glia_fit_args args_of(int epochs, int batch_size, int accumulate) {
    glia_fit_args args{};
    args.epochs = epochs, args.batch_size = batch_size, args.accumulate = accumulate;
    return args;
}

// ---- What it computes ----

struct Clip {
    const char *name;
    double value, norm, global_norm;
    glia_reduction reduction;
};

const Clip kClips[] = {{"not", 0, 0, 0, GLIA_REDUCTION_MEAN},
                       {"value", 0.02, 0, 0, GLIA_REDUCTION_MEAN},
                       {"norm", 0, 0.05, 0, GLIA_REDUCTION_MEAN},
                       {"global_norm", 0, 0, 0.1, GLIA_REDUCTION_MEAN},
                       {"sum", 0, 0, 0, GLIA_REDUCTION_SUM}};

TEST_P(Accumulate, is_one_large_batch) {
    for (const Clip &clip : kClips) {
        SmallTraining apart(GetParam()), whole(GetParam());
        if (apart.created == GLIA_NOT_FOUND) GTEST_SKIP() << apart.message();
        for (SmallTraining *t : {&apart, &whole}) {
            t->build(), t->make_data();
            glia_compile_args compile{};
            compile.loss           = glia_loss_cross_entropy();
            compile.loss.reduction = clip.reduction;
            compile.optimizer      = glia_optimizer_momentum(0.05, 0.9);
            compile.clip_value = clip.value, compile.clip_norm = clip.norm, compile.clip_global_norm = clip.global_norm;
            ASSERT_EQ(t->compile(compile), GLIA_OK) << t->message();
            const glia_fit_args fit =
                t == &apart ? args_of(3, kBatch, kBatches) : args_of(3, kBatch * kBatches, 0);  // 12 samples, then 11
            ASSERT_EQ(t->fit(fit), GLIA_OK) << t->message();
        }
        SCOPED_TRACE(clip.name);
        expect_same_weights(apart, whole, 2e-6);
        int count;
        const glia_epoch *one = glia_model_history(apart.net, &count), *other = glia_model_history(whole.net, &count);
        ASSERT_EQ(count, 3);
        EXPECT_NEAR(one[2].train.loss, other[2].train.loss, 1e-6);
        EXPECT_EQ(one[2].train.metric[0], other[2].train.metric[0]);
        EXPECT_EQ(one[2].steps, other[2].steps);
    }
}

// In float64 by PyTorch 2.15: backward of each batch's loss times its share of the step's samples, clip_grad_norm_,
// step; the last step has 4, 4 and 3 samples.
TEST_P(Accumulate, is_what_pytorch_computes) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.build(), t.make_data();
    glia_compile_args compile{};
    compile.optimizer = glia_optimizer_momentum(0.2, 0.9), compile.clip_global_norm = 0.25;
    ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
    glia_fit_args fit = args_of(3, kBatch, kBatches);
    fit.in_order      = true;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    expect_weights(t, "hidden.weight",
                   {-0.358267407, 0.570768097, 0.0882068952, -0.538506315, 0.257765673, -0.339682751, 0.510161887,
                    -0.021349043, -0.481463282, 0.229889773, -0.0891639414, 0.454627091});
    expect_weights(t, "hidden.bias", {0.245023353, 0.0043072211, 0.396420013, -0.475538558});
    expect_weights(t, "logits.weight",
                   {-0.597513902, 0.901137707, 0.0219285255, -0.918967692, 0.527411223, -0.429472519, 0.932177406,
                    -0.0568510548, -0.92989732, 0.528334812, -0.454105931, 0.975818747});
    expect_weights(t, "logits.bias", {-0.193680003, 0.701374549, -0.307694543});
}

TEST_P(Accumulate, takes_the_memory_of_one_batch) {
    SmallTraining one(GetParam(), 64), many(GetParam(), 64);
    if (one.created == GLIA_NOT_FOUND) GTEST_SKIP() << one.message();
    for (SmallTraining *t : {&one, &many}) {
        t->build(), t->make_data();
        ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
        ASSERT_EQ(t->fit(args_of(1, 8, t == &one ? 1 : 8)), GLIA_OK) << t->message();
    }
    int count;
    const size_t of_one = glia_model_history(one.net, &count)->plan_bytes;
    EXPECT_LE(glia_model_history(many.net, &count)->plan_bytes, of_one + 1024);
}

// ---- What counts as a step ----

struct Seen {
    int64_t begun = 0, ended = 0, of_epoch = 0;
};

glia_status count_step(void *user, const glia_event *event) {
    auto *seen = static_cast<Seen *>(user);
    ++seen->ended;
    seen->of_epoch = event->steps;
    return GLIA_OK;
}

TEST_P(Accumulate, counts_the_steps_of_the_optimizer) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    Seen seen;
    glia_fit_args fit     = args_of(2, kBatch, 4);  // 6 batches: steps of 4 and of 2
    fit.callbacks[0].user = &seen, fit.callbacks[0].on_batch_end = count_step;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    EXPECT_EQ(seen.ended, 4);
    EXPECT_EQ(seen.of_epoch, 2);
    EXPECT_EQ(t.number("glia/update"), 4);
    EXPECT_EQ(t.number("glia/step"), 12) << "batches";
    ASSERT_EQ(t.fit(args_of(1, kBatch, 100)), GLIA_OK) << "an epoch of one step: " << t.message();
    EXPECT_EQ(t.number("glia/update"), 5);
}

glia_status compile_again(void *user, const glia_event *event) {
    return event->epoch->epoch == 1 ? static_cast<SmallTraining *>(user)->compile({}) : GLIA_OK;
}

TEST_P(Accumulate, goes_on_after_a_compile_between_two_epochs) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    glia_fit_args fit     = args_of(2, kBatch, kBatches);
    fit.callbacks[0].user = &t, fit.callbacks[0].on_epoch_end = compile_again;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    EXPECT_EQ(t.number("glia/update"), 2);
}

// ---- To go on, and to fail ----

// With masks and running statistics.
void build_with_dropout(SmallTraining *t) {
    glia_value h = glia_model_input(t->net, "x", GLIA_SHAPE(SmallTraining::kInputs));
    h            = glia_model_dense(t->net, h, with(glia_dense_args{.name = "hidden", .units = 8}));
    h            = glia_model_batchnorm(t->net, h, with(glia_batchnorm_args{.name = "norm"}));
    h            = glia_model_dropout(t->net, h, with(glia_dropout_args{.p = 0.4}));
    t->output    = glia_model_dense(t->net, h, with(glia_dense_args{.name = "logits", .units = 3}));
    t->make_data();
    EXPECT_EQ(t->compile({}), GLIA_OK) << t->message();
}

TEST_P(Accumulate, goes_on_in_the_middle_of_an_epoch) {
    SmallTraining never(GetParam(), 26), stopped(GetParam(), 26), second(GetParam(), 26);
    if (never.created == GLIA_NOT_FOUND) GTEST_SKIP() << never.message();
    for (SmallTraining *t : {&never, &stopped, &second}) build_with_dropout(t);
    glia_fit_args fit = args_of(2, kBatch, 2);  // 7 batches: steps of 2, 2, 2 and 1
    ASSERT_EQ(never.fit(fit), GLIA_OK) << never.message();

    glia_trainer *trainer = nullptr;
    ASSERT_EQ(glia_trainer_create(stopped.net, stopped.data, &fit, &trainer), GLIA_OK) << stopped.message();
    for (int i = 0; i < 6; ++i) ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << stopped.message();
    glia_trainer_destroy(trainer);
    EXPECT_EQ(stopped.number("glia/position"), 16);
    second.set_states(stopped.states());
    fit.resume = true;
    for (SmallTraining *t : {&stopped, &second}) {
        glia_fit_args other = fit;
        other.accumulate    = 3;
        EXPECT_EQ(t->fit(other), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(t->says("left after 16 samples, but 26 samples in steps of 12 do not come there")) << t->message();
        ASSERT_EQ(glia_model_state_set(t->net, "glia/position", with(int64_t{16}), 8), GLIA_OK) << t->message();
        ASSERT_EQ(t->fit(fit), GLIA_OK) << t->message();
        EXPECT_EQ(t->states(), never.states());
    }
}

// All that an epoch knows of its data is the number of samples.
TEST_P(Accumulate, does_not_go_on_with_other_data) {
    SmallTraining stopped(GetParam(), 24), more(GetParam(), 36);
    if (stopped.created == GLIA_NOT_FOUND) GTEST_SKIP() << stopped.message();
    for (SmallTraining *t : {&stopped, &more}) build_with_dropout(t);
    glia_fit_args fit     = args_of(2, kBatch, 1);
    glia_trainer *trainer = nullptr;
    ASSERT_EQ(glia_trainer_create(stopped.net, stopped.data, &fit, &trainer), GLIA_OK) << stopped.message();
    for (int i = 0; i < 2; ++i) ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << stopped.message();
    glia_trainer_destroy(trainer);
    more.set_states(stopped.states());
    fit.resume = true;
    EXPECT_EQ(more.fit(fit), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(more.says("the epoch was left after 8 of 24 samples, but the data has 36 in an epoch"))
        << more.message();
    EXPECT_EQ(stopped.fit(fit), GLIA_OK) << stopped.message();
}

// States go from batch to batch, within a step too.
TEST_P(Accumulate, carries_the_states_of_layers) {
    SmallTraining never(GetParam(), 24), stopped(GetParam(), 24);
    if (never.created == GLIA_NOT_FOUND) GTEST_SKIP() << never.message();
    for (SmallTraining *t : {&never, &stopped}) {
        glia_value h = glia_model_input(t->net, "x", GLIA_SHAPE(SmallTraining::kInputs));
        h            = glia_model_reshape(t->net, h, with(glia_reshape_args{.shape = GLIA_SHAPE(3, 1)}));
        h         = glia_model_lstm(t->net, h, with(glia_lstm_args{.name = "lstm", .units = 4, .stateful_batch = 4}));
        t->output = glia_model_dense(t->net, h, with(glia_dense_args{.name = "logits", .units = 3}));
        t->make_data();
        ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    }
    glia_fit_args fit = args_of(2, 4, 2);
    fit.in_order      = true;
    ASSERT_EQ(never.fit(fit), GLIA_OK) << never.message();
    glia_trainer *trainer = nullptr;
    ASSERT_EQ(glia_trainer_create(stopped.net, stopped.data, &fit, &trainer), GLIA_OK) << stopped.message();
    for (int i = 0; i < 4; ++i) ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << stopped.message();
    glia_trainer_destroy(trainer);
    EXPECT_EQ(stopped.number("glia/position"), 8);
    fit.resume = true;
    ASSERT_EQ(stopped.fit(fit), GLIA_OK) << stopped.message();
    EXPECT_EQ(stopped.states(), never.states());
}

TEST_P(Accumulate, takes_back_a_step_that_is_not_finite) {
    SmallTraining t(GetParam(), 24);
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    build_with_dropout(&t);
    glia_fit_args fit     = args_of(1, kBatch, kBatches);
    fit.in_order          = true;
    glia_trainer *trainer = nullptr;
    ASSERT_EQ(glia_trainer_create(t.net, t.data, &fit, &trainer), GLIA_OK) << t.message();
    ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << t.message();
    const States before = t.states();
    glia_trainer_destroy(trainer);

    SmallTraining bad(GetParam(), 24);
    bad.x[17 * SmallTraining::kInputs] = NAN;  // in the second batch of the second step
    build_with_dropout(&bad);
    EXPECT_EQ(bad.fit(fit), GLIA_NOT_FINITE);
    EXPECT_TRUE(bad.says("epoch 1, step 2: input 'x' of sample 17 is NaN at [0]")) << bad.message();
    States after = bad.states();
    for (const auto &[name, values] : before) {
        if (name == "glia/position" || name == "glia/sums") continue;  // the epoch begins anew
        EXPECT_EQ(after.at(name), values) << name;
    }
    EXPECT_EQ(bad.number("glia/update"), 1);
    EXPECT_EQ(bad.number("glia/step"), kBatches);
}

// In the second batch of the second step.
TEST_P(Accumulate, takes_back_a_step_whose_data_fail) {
    SmallTraining t(GetParam(), 24), bad(GetParam(), 24);
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    glia_dataset *failing = nullptr;
    glia_trainer *trainer = nullptr;
    const auto map        = [](void *, const glia_sample *from, const glia_sample *) {
        return from->index == 17 ? GLIA_IO_ERROR : GLIA_OK;
    };
    glia_fit_args fit = args_of(1, kBatch, kBatches);
    fit.in_order      = true;
    for (SmallTraining *one : {&t, &bad}) build_with_dropout(one);
    ASSERT_EQ(glia_trainer_create(t.net, t.data, &fit, &trainer), GLIA_OK) << t.message();
    ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << t.message();
    const States before = t.states();
    glia_trainer_destroy(trainer);
    ASSERT_EQ(glia_dataset_map(bad.data, with(glia_map_args{.map = map}), &failing), GLIA_OK) << bad.message();
    EXPECT_EQ(glia_model_fit(bad.net, failing, &fit), GLIA_IO_ERROR);
    glia_dataset_destroy(failing);
    States after = bad.states();
    for (const auto &[name, values] : before) {
        if (name == "glia/position" || name == "glia/sums") continue;  // the epoch begins anew
        EXPECT_EQ(after.at(name), values) << name;
    }
}

TEST_P(Accumulate, forgets_a_step_that_failed) {
    SmallTraining bad(GetParam(), 24), good(GetParam(), 24);
    if (bad.created == GLIA_NOT_FOUND) GTEST_SKIP() << bad.message();
    bad.x[5 * SmallTraining::kInputs] = INFINITY;
    for (SmallTraining *t : {&bad, &good}) t->build(), t->make_data(), t->compile({});
    glia_fit_args fit = args_of(1, kBatch, kBatches);
    fit.in_order      = true;
    EXPECT_EQ(bad.fit(fit), GLIA_NOT_FINITE);
    bad.x[5 * SmallTraining::kInputs] = good.x[5 * SmallTraining::kInputs];
    bad.make_data();
    for (SmallTraining *t : {&bad, &good}) ASSERT_EQ(t->fit(fit), GLIA_OK) << t->message();
    EXPECT_EQ(bad.states(), good.states());
}

TEST_P(Accumulate, may_train_on_numbers_that_are_not_finite) {
    SmallTraining t(GetParam(), 24);
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.x[5] = INFINITY;
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    glia_fit_args fit    = args_of(1, kBatch, kBatches);
    fit.allow_not_finite = true;
    EXPECT_EQ(t.fit(fit), GLIA_OK) << t.message();
    EXPECT_EQ(t.number("glia/update"), 2);
}

INSTANTIATE_TEST_SUITE_P(all, Accumulate, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param, std::strcspn(info.param, ":")); });

TEST(AccumulateArgs, refuses_what_is_wrong) {
    SmallTraining t("cpu");
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    EXPECT_EQ(t.fit(args_of(1, kBatch, -2)), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_model_fit: accumulate is -2, must not be negative")) << t.message();
    ASSERT_EQ(t.fit(args_of(1, INT32_MAX, INT32_MAX)), GLIA_OK) << t.message();
    EXPECT_EQ(t.number("glia/update"), 1);
}

TEST(AccumulateArgs, of_a_model_that_is_frozen_as_a_whole) {
    SmallTraining t("cpu");
    t.build(), t.make_data();
    for (const char *layer : {"hidden", "logits"}) ASSERT_EQ(glia_model_freeze(t.net, layer, true), GLIA_OK);
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    EXPECT_EQ(t.fit(args_of(1, kBatch, kBatches)), GLIA_OK) << t.message();
    EXPECT_EQ(t.number("glia/update"), 2);
}

}  // namespace
