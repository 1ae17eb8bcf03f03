// Norms of gradients and dead units, as steps leave them: by hand, in reports and in files; and that training is the
// same with them.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "support/counting.h"
#include "support/files.h"
#include "support/small_training.h"

namespace {

using namespace glia;

class WatchGradients : public testing::TestWithParam<const char *> {};

struct Row {
    double gradient, norm;
};

struct Seen {
    std::vector<std::map<std::string, Row>> weights;
    std::vector<std::map<std::string, std::pair<int64_t, int64_t>>> layers;  // units, dead
    glia_status answer = GLIA_OK;
};

glia_status note(void *user, const glia_event *, const glia_gradient_report *report) {
    auto *seen = static_cast<Seen *>(user);
    seen->weights.emplace_back(), seen->layers.emplace_back();
    for (int i = 0; i < report->n_weights; ++i)
        seen->weights.back()[report->weights[i].name] = {report->weights[i].gradient, report->weights[i].norm};
    for (int i = 0; i < report->n_layers; ++i)
        seen->layers.back()[report->layers[i].name] = {report->layers[i].units, report->layers[i].dead};
    return seen->answer;
}

// A training with this callback, destroyed after it.
class Watch {
   public:
    Watch(SmallTraining *t, Seen *seen, int64_t every_steps = 0, const char *path = nullptr) {
        glia_watch_gradients_args args{};
        args.report = seen ? note : nullptr, args.user = seen, args.every_steps = every_steps, args.path = path;
        EXPECT_EQ(glia_watch_gradients(t->ctx, &args, &callback), GLIA_OK) << t->message();
    }
    ~Watch() { glia_callback_destroy(&callback); }
    glia_callback callback{};
};

glia_fit_args fit_args(int epochs, int batch_size) {
    glia_fit_args args{};
    args.epochs = epochs, args.batch_size = batch_size, args.in_order = true;
    return args;
}

double norm_of(const std::vector<float> &values) {
    double sum = 0;
    for (float v : values) sum += double(v) * v;
    return std::sqrt(sum);
}

// SGD with a rate of 1 takes the gradient from the weight.
TEST_P(WatchGradients, has_the_norms_of_the_step) {
    for (int accumulate : {1, 3}) {
        SmallTraining t(GetParam());
        if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
        t.build(), t.make_data();
        ASSERT_EQ(glia_model_freeze(t.net, "hidden.bias", true), GLIA_OK);
        glia_compile_args compile{};
        compile.optimizer = glia_optimizer_sgd(1);
        ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
        Seen seen;
        Watch watch(&t, &seen);
        glia_fit_args fit = fit_args(1, accumulate == 1 ? 23 : 8);
        fit.accumulate = accumulate, fit.callbacks[0] = watch.callback;
        const auto before = t.get("logits.weight");
        ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
        auto step = t.get("logits.weight");
        for (size_t i = 0; i < step.size(); ++i) step[i] -= before[i];
        ASSERT_EQ(seen.weights.size(), 1u);
        ASSERT_EQ(seen.weights[0].size(), 3u) << "those that are trained";
        EXPECT_NEAR(seen.weights[0].at("logits.weight").gradient, norm_of(step), 1e-6);
        EXPECT_NEAR(seen.weights[0].at("logits.weight").norm, norm_of(before), 1e-6);
        EXPECT_TRUE(seen.layers[0].empty()) << "tanh has no dead units";
    }
}

TEST_P(WatchGradients, is_not_clipped) {
    SmallTraining t(GetParam()), clipped(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    Seen seen, seen_clipped;
    for (SmallTraining *one : {&t, &clipped}) {
        one->build(), one->make_data();
        glia_compile_args compile{};
        if (one == &clipped) compile.clip_norm = 1e-3;
        ASSERT_EQ(one->compile(compile), GLIA_OK) << one->message();
        Watch watch(one, one == &t ? &seen : &seen_clipped);
        glia_fit_args fit = fit_args(1, 23);
        fit.callbacks[0]  = watch.callback;
        ASSERT_EQ(one->fit(fit), GLIA_OK) << one->message();
    }
    EXPECT_EQ(seen.weights[0].at("hidden.weight").gradient, seen_clipped.weights[0].at("hidden.weight").gradient);
    EXPECT_GT(seen.weights[0].at("hidden.weight").gradient, 1e-2);
}

TEST_P(WatchGradients, counts_units_that_were_zero_for_all_samples) {
    SmallTraining t(GetParam(), 8);
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    glia_value h = glia_model_input(t.net, "x", GLIA_SHAPE(SmallTraining::kInputs));
    h        = glia_model_dense(t.net, h, with(glia_dense_args{.name = "hidden", .units = 4, .activation = GLIA_RELU}));
    h        = glia_model_dense(t.net, h, with(glia_dense_args{.name = "other", .units = 2}));
    h        = glia_model_activation(t.net, h, with(glia_activation_args{.name = "relu", .kind = GLIA_RELU}));
    t.output = glia_model_dense(t.net, h, with(glia_dense_args{.name = "logits", .units = 3}));
    const float weight[12]      = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const float bias[4]         = {5, -9, 5, -9};  // units 1 and 3 are dead
    const float bias_other[2]   = {100, 100};      // of "other": none is
    const float weight_other[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    ASSERT_EQ(glia_model_set(t.net, "hidden.weight", weight, sizeof weight), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_set(t.net, "hidden.bias", bias, sizeof bias), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_set(t.net, "other.weight", weight_other, sizeof weight_other), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_set(t.net, "other.bias", bias_other, sizeof bias_other), GLIA_OK) << t.message();
    t.make_data();
    glia_compile_args compile{};
    compile.optimizer = glia_optimizer_sgd(0);
    ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
    Seen seen;
    const Folder folder;
    const std::string path = folder / "gradients.jsonl";
    Watch watch(&t, &seen, 0, path.c_str());
    glia_fit_args fit = fit_args(2, 3);
    fit.callbacks[0]  = watch.callback;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    ASSERT_EQ(seen.layers.size(), 2u);
    EXPECT_EQ(seen.layers[0], seen.layers[1]);
    EXPECT_EQ(seen.layers[0].size(), 2u);
    EXPECT_EQ(seen.layers[0].at("hidden"), (std::pair<int64_t, int64_t>{4, 2}));
    EXPECT_EQ(seen.layers[0].at("relu"), (std::pair<int64_t, int64_t>{2, 0}));
    std::ifstream file(path);
    std::string lines[3];
    for (std::string &line : lines) std::getline(file, line);
    EXPECT_EQ(lines[0].find("{\"epoch\":1,\"step\":3,\"gradient\":{\"hidden.weight\":"), 0u) << lines[0];
    EXPECT_NE(lines[0].find(",\"other.bias\":141.421356"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("},\"dead\":{\"hidden\":0.5,\"relu\":0}}"), std::string::npos) << lines[0];
    EXPECT_EQ(lines[1].find("{\"epoch\":2,\"step\":3,"), 0u) << lines[1];
    EXPECT_EQ(lines[2], "");
}

// A unit that one batch of the interval has above 0 is not dead; batches before the last report do not count.
TEST_P(WatchGradients, begins_anew_after_each_report) {
    SmallTraining t(GetParam(), 4);
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.x          = {1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0};  // only sample 0 makes the unit positive
    glia_value h = glia_model_input(t.net, "x", GLIA_SHAPE(SmallTraining::kInputs));
    h        = glia_model_dense(t.net, h, with(glia_dense_args{.name = "hidden", .units = 1, .activation = GLIA_RELU}));
    t.output = glia_model_dense(t.net, h, with(glia_dense_args{.name = "logits", .units = 3}));
    const float weight[3] = {1, 0, 0};
    ASSERT_EQ(glia_model_set(t.net, "hidden.weight", weight, sizeof weight), GLIA_OK) << t.message();
    t.make_data();
    glia_compile_args compile{};
    compile.optimizer = glia_optimizer_sgd(0);
    ASSERT_EQ(t.compile(compile), GLIA_OK) << t.message();
    Seen seen;
    Watch watch(&t, &seen, 2);
    glia_fit_args fit = fit_args(2, 1);
    fit.callbacks[0]  = watch.callback;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    ASSERT_EQ(seen.layers.size(), 4u) << "each two steps";
    for (int i = 0; i < 4; ++i) EXPECT_EQ(seen.layers[i].at("hidden").second, i % 2) << i;
}

TEST_P(WatchGradients, leaves_training_as_it_is) {
    SmallTraining watched(GetParam()), without(GetParam());
    if (without.created == GLIA_NOT_FOUND) GTEST_SKIP() << without.message();
    Seen seen;
    for (SmallTraining *t : {&watched, &without}) {
        t->build(), t->make_data();
        ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
        Watch watch(t, &seen, 1);
        glia_fit_args fit = fit_args(2, 8);
        if (t == &watched) fit.callbacks[0] = watch.callback;
        ASSERT_EQ(t->fit(fit), GLIA_OK) << t->message();
    }
    EXPECT_EQ(watched.states(), without.states());
    EXPECT_EQ(seen.weights.size(), 6u);
}

glia_status compile_again(void *user, const glia_event *event) {
    return event->epoch->epoch == 1 ? static_cast<SmallTraining *>(user)->compile({}) : GLIA_OK;
}

TEST_P(WatchGradients, goes_on_after_a_compile_between_two_epochs) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    Seen seen;
    Watch watch(&t, &seen);
    glia_fit_args fit     = fit_args(2, 8);
    fit.callbacks[0]      = watch.callback;
    fit.callbacks[1].user = &t, fit.callbacks[1].on_epoch_end = compile_again;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    EXPECT_EQ(seen.weights.size(), 2u);
    std::swap(fit.callbacks[0], fit.callbacks[1]);
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    EXPECT_EQ(seen.weights.size(), 3u) << "a compile forgets the epoch before it";
}

TEST_P(WatchGradients, writes_what_json_can_read) {
    SmallTraining t(GetParam());
    if (t.created == GLIA_NOT_FOUND) GTEST_SKIP() << t.message();
    const glia_value x = glia_model_input(t.net, "x", GLIA_SHAPE(SmallTraining::kInputs));
    t.output           = glia_model_dense(t.net, x, with(glia_dense_args{.name = "a \"\\b", .units = 3}));
    t.x[0]             = NAN;
    t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    const Folder folder;
    const std::string path = folder / "gradients.jsonl";
    Watch watch(&t, nullptr, 0, path.c_str());
    glia_fit_args fit    = fit_args(1, 30);
    fit.callbacks[0]     = watch.callback;
    fit.allow_not_finite = true;
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    EXPECT_EQ(line.find(R"({"epoch":1,"step":1,"gradient":{"a \"\\b.weight":null,)"), 0u) << line;
    EXPECT_NE(line.find(R"(},"dead":{}})"), std::string::npos) << line;
}

// Plans are made before the first step, and stay when looks and a validation come between two epochs.
TEST(WatchGradientsPlans, are_made_at_the_beginning_and_kept) {
    CountingAllocator memory;
    SmallTraining t("cpu", 23, memory.api());
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    struct Watched {
        SmallTraining *t;
        CountingAllocator *memory;
        std::vector<long> calls;
    } watched{&t, &memory, {}};
    Seen seen;
    Watch watch(&t, &seen);
    glia_fit_args fit = fit_args(2, 4);
    fit.accumulate = 2, fit.validation = t.data;
    fit.callbacks[0]              = watch.callback;
    fit.callbacks[1].user         = &watched;
    fit.callbacks[1].on_batch_end = [](void *user, const glia_event *) {
        auto *w = static_cast<Watched *>(user);
        w->calls.push_back(w->memory->calls);
        return GLIA_OK;
    };
    fit.callbacks[1].on_epoch_end = [](void *user, const glia_event *) {
        SmallTraining *t = static_cast<Watched *>(user)->t;
        float out[23 * 4];
        for (const auto &[layer, units] : {std::pair{"hidden", 4}, {"logits", 3}})
            EXPECT_EQ(glia_model_layer_output(t->net, layer, t->data, 5, out, 23 * units * sizeof(float)), GLIA_OK)
                << t->message();
        return glia_model_predict(t->net, t->data, 5, out, 23 * 3 * sizeof(float));
    };
    ASSERT_EQ(t.fit(fit), GLIA_OK) << t.message();
    ASSERT_EQ(watched.calls.size(), 6u);
    const auto taken = [&](size_t step) { return watched.calls[step] - watched.calls[step - 1]; };
    EXPECT_EQ(taken(2), taken(1)) << "the last batch has 3 samples";
    EXPECT_EQ(taken(4), taken(1));
    EXPECT_EQ(taken(5), taken(1));
    EXPECT_LE(taken(1), 2);
}

INSTANTIATE_TEST_SUITE_P(all, WatchGradients, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param, std::strcspn(info.param, ":")); });

TEST(WatchGradientsArgs, refuses_what_is_wrong) {
    SmallTraining t("cpu");
    t.build(), t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    glia_callback callback{};
    glia_watch_gradients_args args{};
    EXPECT_EQ(glia_watch_gradients(t.ctx, nullptr, &callback), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_watch_gradients: args is NULL")) << t.message();
    EXPECT_EQ(glia_watch_gradients(t.ctx, &args, &callback), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("neither report nor path is given")) << t.message();
    args.report = note, args.every_steps = -5;
    EXPECT_EQ(glia_watch_gradients(t.ctx, &args, &callback), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("every_steps is -5")) << t.message();
    args.every_steps = 0, args.path = "/nowhere/at/all.jsonl";
    EXPECT_EQ(glia_watch_gradients(t.ctx, &args, &callback), GLIA_NOT_FOUND);
    EXPECT_TRUE(t.says("/nowhere/at/all.jsonl")) << t.message();

    Seen seen;
    Watch one(&t, &seen), two(&t, &seen);
    glia_fit_args fit = fit_args(1, 8);
    fit.callbacks[0] = one.callback, fit.callbacks[1] = two.callback;
    EXPECT_EQ(t.fit(fit), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t.says("glia_watch_gradients: this training has one already")) << t.message();
    fit.callbacks[1] = {};
    seen.answer      = GLIA_CANCELLED;
    EXPECT_EQ(t.fit(fit), GLIA_CANCELLED);
    seen.answer = GLIA_OK;
    EXPECT_EQ(t.fit(fit), GLIA_OK) << t.message();
}

}  // namespace
