// Trainers: what fit does, step by step, and the events on the way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/counting.h"
#include "support/internals.h"
#include "support/with.h"

namespace {

using glia::CountingAllocator;
using glia::with;
using std::string, std::vector;

constexpr int kCount = 22, kBatch = 4, kSteps = 6, kInputs = 3, kClasses = 3;

// A callback that writes down what it is told, and does more where asked.
struct Recorder {
    vector<string> events;
    std::function<glia_status(const string &, const glia_event *)> also;

    glia_status note(const string &name, const glia_event *event) {
        events.push_back(name);
        return also ? also(name, event) : GLIA_OK;
    }
    glia_callback api() {
        return {.user              = this,
                .on_begin          = [](void *user, auto *e) { return of(user)->note("begin", e); },
                .on_batch_end      = [](void *user, auto *e) { return of(user)->note("batch", e); },
                .on_evaluation_end = [](void *user, auto *e) { return of(user)->note("evaluation", e); },
                .on_epoch_end      = [](void *user, auto *e) { return of(user)->note("epoch", e); },
                .on_not_finite     = [](void *user, auto *e) { return of(user)->note("not finite", e); },
                .on_stop           = [](void *user, auto *e) { return of(user)->note("stop", e); },
                .on_end            = [](void *user, auto *e) { return of(user)->note("end", e); }};
    }
    static Recorder *of(void *user) { return static_cast<Recorder *>(user); }
    int count(const string &name) const { return int(std::count(events.begin(), events.end(), name)); }
};

class Trainer : public testing::TestWithParam<const char *> {
   public:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(GetParam(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
        const glia_context_args args{.seed = 5, .threads = 1, .allocator = memory_.api()};
        ASSERT_EQ(glia_context_create(GetParam(), &args, &ctx_), GLIA_OK) << glia_message(nullptr);
        for (int i = 0; i < kCount; ++i) {
            for (int k = 0; k < kInputs; ++k) x_.push_back(float((i * 7 + k * 5) % 11) / 11 - 0.5f);
            labels_.push_back(i % kClasses);
        }
        data_ = load();
        net_  = model();
    }
    void TearDown() override {
        glia_dataset_destroy(data_);
        if (!destroyed_) glia_model_destroy(net_);
        glia_context_destroy(ctx_);
        EXPECT_TRUE(memory_.blocks.empty());
    }

    string message() const { return glia_message(ctx_); }
    glia_dataset *load() {
        const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(kInputs), .data = x_.data()},
            target{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = labels_.data()};
        const glia_arrays_args args{
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = kCount, .copy = true};
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx_, &args, &out), GLIA_OK) << message();
        return out;
    }
    // Dropout and running statistics: whatever a step too many or too few would change.
    glia_model *model() {
        glia_model *out = nullptr;
        EXPECT_EQ(glia_model_create(ctx_, nullptr, &out), GLIA_OK);
        glia_value x = glia_model_input(out, "x", GLIA_SHAPE(kInputs));
        x            = glia_model_dense(out, x, with(glia_dense_args{.name = "hidden", .units = 8}));
        x            = glia_model_batchnorm(out, x, nullptr);
        x = glia_model_dropout(out, glia_model_activation(out, x, nullptr), with(glia_dropout_args{.p = 0.25}));
        x = glia_model_dense(out, x, with(glia_dense_args{.name = "y", .units = kClasses}));
        EXPECT_EQ(glia_model_compile(out, x, with(glia_compile_args{.loss = glia_loss_cross_entropy()})), GLIA_OK)
            << message();
        return out;
    }
    vector<vector<float>> weights(glia_model *net) {
        vector<vector<float>> out;
        for (int i = 0; i < glia_model_weight_count(net); ++i) {
            const glia_shape shape = glia_model_weight_shape(net, i);
            size_t count           = 1;
            for (int d = 0; d < shape.ndim; ++d) count *= size_t(shape.dim[d]);
            out.emplace_back(count);
            EXPECT_EQ(glia_model_get(net, glia_model_weight_name(net, i), out.back().data(), count * sizeof(float)),
                      GLIA_OK)
                << message();
        }
        return out;
    }
    glia_fit_args args(int epochs = 3) { return {.epochs = epochs, .batch_size = kBatch, .validation = data_}; }
    glia_fit_args args(Recorder *recorder, int epochs = 3) {
        glia_fit_args out = args(epochs);
        out.callbacks[0]  = recorder->api();
        return out;
    }
    glia_trainer *trainer(const glia_fit_args &args) {
        glia_trainer *out = nullptr;
        EXPECT_EQ(glia_trainer_create(net_, data_, &args, &out), GLIA_OK) << message();
        return out;
    }
    vector<glia_epoch> history(glia_model *net) {
        int count                = -1;
        const glia_epoch *epochs = glia_model_history(net, &count);
        return {epochs, epochs + count};
    }
    // What fit gives, on a model of its own.
    void fit(int epochs, vector<vector<float>> *weights_after, vector<glia_epoch> *epochs_after) {
        glia_model *net          = model();
        const glia_fit_args same = args(epochs);
        EXPECT_EQ(glia_model_fit(net, data_, &same), GLIA_OK) << message();
        *weights_after = weights(net);
        *epochs_after  = history(net);
        glia_model_destroy(net);
    }

    CountingAllocator memory_;
    glia_context *ctx_  = nullptr;
    glia_model *net_    = nullptr;
    glia_dataset *data_ = nullptr;
    bool destroyed_     = false;
    vector<float> x_;
    vector<int64_t> labels_;
};

void expect_equal(const vector<glia_epoch> &a, const vector<glia_epoch> &b) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].epoch, b[i].epoch);
        EXPECT_EQ(a[i].steps, b[i].steps);
        EXPECT_EQ(a[i].train.loss, b[i].train.loss) << i;
        EXPECT_EQ(a[i].train.metric[0], b[i].train.metric[0]) << i;
        EXPECT_EQ(a[i].validation.loss, b[i].validation.loss) << i;
    }
}

TEST_P(Trainer, its_steps_are_those_of_fit_bit_by_bit) {
    vector<vector<float>> expected;
    vector<glia_epoch> epochs;
    fit(3, &expected, &epochs);
    ASSERT_EQ(epochs.size(), 3u);
    EXPECT_EQ(epochs[0].steps, kSteps);
    glia_trainer *t = trainer(args());
    int steps       = 0;
    for (; !glia_trainer_done(t); ++steps) ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    EXPECT_EQ(steps, 3 * kSteps);
    EXPECT_EQ(weights(net_), expected);
    expect_equal(history(net_), epochs);
    EXPECT_EQ(glia_trainer_step(t), GLIA_CANCELLED);
    EXPECT_EQ(message(), "glia_trainer_step: the trainer has had all its 3 epochs");
    glia_trainer_destroy(t);
}

TEST_P(Trainer, epochs_and_steps_can_be_mixed) {
    vector<vector<float>> expected;
    vector<glia_epoch> epochs;
    fit(3, &expected, &epochs);
    glia_trainer *t = trainer(args());
    ASSERT_EQ(glia_trainer_epoch(t), GLIA_OK) << message();
    for (int i = 0; i < 2; ++i) ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    ASSERT_EQ(glia_trainer_epoch(t), GLIA_OK) << message();
    EXPECT_EQ(history(net_).size(), 2u);
    ASSERT_EQ(glia_trainer_epoch(t), GLIA_OK) << message();
    EXPECT_TRUE(glia_trainer_done(t));
    EXPECT_EQ(glia_trainer_epoch(t), GLIA_CANCELLED);
    EXPECT_EQ(weights(net_), expected);
    expect_equal(history(net_), epochs);
    glia_trainer_destroy(t);
}

TEST_P(Trainer, events_come_in_order) {
    Recorder recorder;
    const glia_fit_args two = args(&recorder, 2);
    int steps               = 0;
    recorder.also           = [&](const string &name, const glia_event *event) {
        EXPECT_EQ(event->model, net_);
        EXPECT_EQ(event->steps, kSteps);
        if (name == "begin") return GLIA_OK;
        EXPECT_EQ(event->epoch->steps, name == "batch" ? steps++ % kSteps + 1 : kSteps);
        EXPECT_EQ(event->epoch->has_validation, name != "batch");
        return GLIA_OK;
    };
    ASSERT_EQ(glia_model_fit(net_, data_, &two), GLIA_OK) << message();
    vector<string> epoch(kSteps, "batch");
    epoch.insert(epoch.end(), {"evaluation", "epoch"});
    vector<string> all{"begin"};
    for (int i = 0; i < 2; ++i) all.insert(all.end(), epoch.begin(), epoch.end());
    all.push_back("end");
    EXPECT_EQ(recorder.events, all);
}

TEST_P(Trainer, all_callbacks_are_called_in_their_order) {
    vector<int> order;
    Recorder recorders[GLIA_MAX_CALLBACKS];
    glia_fit_args one = args(1);
    for (int i = 0; i < GLIA_MAX_CALLBACKS; ++i) {
        recorders[i].also = [&order, i](const string &name, const glia_event *) {
            if (name == "epoch") order.push_back(i);
            return GLIA_OK;
        };
        one.callbacks[i] = recorders[i].api();
    }
    ASSERT_EQ(glia_model_fit(net_, data_, &one), GLIA_OK) << message();
    EXPECT_EQ(order, (vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_P(Trainer, to_stop_is_no_failure) {
    for (const string when : {"batch", "epoch"}) {
        Recorder recorder;
        recorder.also = [&](const string &name, const glia_event *event) {
            if (name == when && event->epoch->epoch == 2 && event->epoch->steps >= 3) glia_trainer_stop(event->trainer);
            return GLIA_OK;
        };
        const glia_fit_args many = args(&recorder, 100);
        EXPECT_EQ(glia_model_fit(net_, data_, &many), GLIA_OK) << message();
        EXPECT_EQ(recorder.count("batch"), when == "batch" ? kSteps + 3 : 2 * kSteps);
        EXPECT_EQ(recorder.count("epoch"), when == "batch" ? 1 : 2);
        EXPECT_EQ(recorder.count("stop"), 1);
        EXPECT_EQ(recorder.events[recorder.events.size() - 2], "stop");
        EXPECT_EQ(recorder.events.back(), "end");
        EXPECT_EQ(history(net_).size(), when == "batch" ? 1u : 2u);
    }
    glia_trainer *t = trainer(args());
    glia_trainer_stop(t);
    EXPECT_FALSE(glia_trainer_done(t));
    EXPECT_EQ(glia_trainer_step(t), GLIA_OK) << "the one that stops, before any step: " << message();
    EXPECT_TRUE(glia_trainer_done(t));
    EXPECT_EQ(glia_trainer_step(t), GLIA_CANCELLED);
    EXPECT_EQ(message(), "glia_trainer_step: the trainer was stopped");
    glia_trainer_destroy(t);
}

TEST_P(Trainer, what_was_stopped_goes_on_to_the_same_bits) {
    vector<vector<float>> expected;
    vector<glia_epoch> epochs;
    fit(3, &expected, &epochs);
    for (const int at :
         {1, kSteps - 1, kSteps, kSteps + 2, 3 * kSteps}) {  // by a callback, and by the end of its trainer
        glia_model_destroy(net_), net_ = model();
        Recorder recorder;
        int steps     = 0;
        recorder.also = [&](const string &name, const glia_event *event) {
            if (name == "batch" && ++steps == at) glia_trainer_stop(event->trainer);
            return GLIA_OK;
        };
        const glia_fit_args first = args(&recorder);
        ASSERT_EQ(glia_model_fit(net_, data_, &first), GLIA_OK) << message();
        ASSERT_EQ(steps, at);
        glia_fit_args rest = args();
        rest.resume        = true;
        glia_trainer *t    = trainer(rest);
        EXPECT_EQ(glia_trainer_step(t), at == 3 * kSteps ? GLIA_CANCELLED : GLIA_OK) << message();
        glia_trainer_destroy(t);
        ASSERT_EQ(glia_model_fit(net_, data_, &rest), GLIA_OK) << message();
        EXPECT_EQ(weights(net_), expected) << at;
        const vector<glia_epoch> last = history(net_);
        if (at == 3 * kSteps) continue;
        ASSERT_FALSE(last.empty());
        EXPECT_EQ(last.back().epoch, 3);
        EXPECT_EQ(last.back().train.loss, epochs.back().train.loss) << at;
        EXPECT_EQ(last.front().train.loss, epochs[3 - last.size()].train.loss) << "the epoch that was cut in two";
    }
}

TEST_P(Trainer, an_epoch_goes_on_only_at_the_end_of_a_batch) {
    glia_trainer *t = trainer(args());
    for (int i = 0; i < 3; ++i) ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    glia_trainer_destroy(t);
    glia_fit_args other = args();
    other.resume = true, other.batch_size = 5;
    EXPECT_EQ(glia_model_fit(net_, data_, &other), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(),
              "glia_model_fit: the epoch was left after 12 samples, but 22 samples in batches of 5 do not come "
              "there");
    other.batch_size = 6;
    EXPECT_EQ(glia_model_fit(net_, data_, &other), GLIA_OK) << "12 are two of these: " << message();
    EXPECT_EQ(glia_model_fit(net_, data_, &other), GLIA_OK) << "there is nothing left to do: " << message();
    other.resume = false;
    EXPECT_EQ(glia_model_fit(net_, data_, &other), GLIA_OK) << message();
    EXPECT_EQ(history(net_).size(), 3u);
}

TEST_P(Trainer, the_failure_of_a_callback_ends_fit_with_its_message) {
    Recorder recorder;
    recorder.also = [&](const string &name, const glia_event *event) {
        if (name != "batch" || event->epoch->steps < 2) return GLIA_OK;
        return glia_model_get(event->model, "nobody", nullptr, 0);
    };
    const glia_fit_args many = args(&recorder);
    EXPECT_EQ(glia_model_fit(net_, data_, &many), GLIA_NOT_FOUND);
    EXPECT_EQ(message(),
              "glia_model_fit: on_batch_end returned GLIA_NOT_FOUND: glia_model_get: no weight is named "
              "'nobody'");
    EXPECT_EQ(recorder.count("batch"), 2);
    EXPECT_EQ(recorder.events.back(), "end") << "however it ends";
    recorder.also = nullptr;
    EXPECT_EQ(glia_model_fit(net_, data_, &many), GLIA_OK) << "no epoch is left under way: " << message();
}

// Evaluation, prediction and reading come between two steps, also of the same data in another order, and change
// nothing.
TEST_P(Trainer, a_model_can_be_used_in_the_middle_of_an_epoch) {
    vector<vector<float>> expected;
    vector<glia_epoch> epochs;
    fit(3, &expected, &epochs);
    glia_trainer *t = trainer(args());
    glia_result result;
    glia_epoch now;
    vector<float> out(kCount * kClasses);
    while (!glia_trainer_done(t)) {
        ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
        ASSERT_EQ(glia_trainer_result(t, &now), GLIA_OK) << message();
        ASSERT_EQ(glia_model_evaluate(net_, data_, 7, &result), GLIA_OK) << message();
        ASSERT_EQ(glia_model_predict(net_, data_, 5, out.data(), out.size() * sizeof(float)), GLIA_OK) << message();
    }
    EXPECT_EQ(weights(net_), expected);
    expect_equal(history(net_), epochs);
    EXPECT_EQ(now.train.loss, epochs.back().train.loss);
    glia_trainer_destroy(t);
}

TEST_P(Trainer, the_result_so_far_is_the_mean_of_the_steps_so_far) {
    glia_trainer *t = trainer({.batch_size = kBatch, .in_order = true});
    glia_epoch now;
    ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    ASSERT_EQ(glia_trainer_result(t, &now), GLIA_OK);
    EXPECT_EQ(now.epoch, 1);
    EXPECT_EQ(now.steps, 1);
    EXPECT_GT(now.train.loss, 0);
    EXPECT_STREQ(now.train.metric_name[0], "accuracy");
    EXPECT_EQ(now.train.metric[0] * kBatch, int(now.train.metric[0] * kBatch)) << "of four samples";
    glia_trainer_destroy(t);
}

TEST_P(Trainer, nobody_else_trains_or_compiles_in_the_middle_of_an_epoch) {
    glia_trainer *t = trainer(args()), *other = trainer(args());
    ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    EXPECT_EQ(glia_trainer_step(other), GLIA_BUSY);
    EXPECT_EQ(message(), "glia_trainer_step: another trainer of the model is in the middle of an epoch");
    EXPECT_EQ(glia_model_fit(net_, data_, nullptr), GLIA_BUSY);
    EXPECT_EQ(message(), "glia_model_fit: another trainer of the model is in the middle of an epoch");
    EXPECT_EQ(glia_model_compile(net_, {0}, nullptr), GLIA_BUSY);
    EXPECT_EQ(message(), "glia_model_compile: a trainer of the model is in the middle of an epoch");
    ASSERT_EQ(glia_trainer_epoch(t), GLIA_OK) << message();
    EXPECT_EQ(glia_trainer_epoch(other), GLIA_OK) << message();
    ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    glia_trainer_destroy(t);
    EXPECT_EQ(glia_trainer_epoch(other), GLIA_OK) << "the epoch ended with its trainer: " << message();
    glia_trainer_destroy(other);
    EXPECT_EQ(glia_model_compile(net_, {0}, nullptr), GLIA_OK) << message();
}

TEST_P(Trainer, a_callback_cannot_run_its_trainer_but_destroy_it) {
    Recorder recorder;
    glia_trainer *t = nullptr;
    recorder.also   = [&](const string &name, const glia_event *event) {
        if (name == "end") return GLIA_OK;
        EXPECT_EQ(glia_trainer_step(event->trainer), GLIA_BUSY);
        EXPECT_EQ(message(), "glia_trainer_step: the trainer is in the middle of a step");
        if (name == "epoch") glia_trainer_destroy(event->trainer);
        return GLIA_OK;
    };
    t = trainer(args(&recorder));
    EXPECT_EQ(glia_trainer_epoch(t), GLIA_OK) << message();  // and with its end the trainer is gone
    const glia_fit_args three = args(&recorder);
    EXPECT_EQ(glia_model_fit(net_, data_, &three), GLIA_CANCELLED);
    EXPECT_EQ(message(), "glia_model_fit: the trainer was destroyed while it ran");
}

TEST_P(Trainer, what_was_begun_is_ended_whatever_fails) {
    Recorder first, failing, last;
    failing.also = [](const string &name, const glia_event *) { return name == "begin" ? GLIA_CANCELLED : GLIA_OK; };
    glia_fit_args three = args(1);
    three.callbacks[0] = first.api(), three.callbacks[1] = failing.api(), three.callbacks[2] = last.api();
    EXPECT_EQ(glia_model_fit(net_, data_, &three), GLIA_CANCELLED);
    EXPECT_EQ(message(), "glia_model_fit: on_begin returned GLIA_CANCELLED");
    EXPECT_EQ(first.events, (vector<string>{"begin", "end"}));
    EXPECT_EQ(failing.events, (vector<string>{"begin"}));
    EXPECT_TRUE(last.events.empty());
    first = failing = {};
    failing.also    = [](const string &name, const glia_event *) { return name == "end" ? GLIA_CANCELLED : GLIA_OK; };
    three.callbacks[0] = failing.api(), three.callbacks[1] = first.api();
    EXPECT_EQ(glia_model_fit(net_, data_, &three), GLIA_CANCELLED);
    EXPECT_EQ(first.events.back(), "end") << "also behind one that failed";
}

TEST_P(Trainer, on_end_may_destroy_its_trainer_once_more) {
    Recorder recorder;
    recorder.also = [](const string &name, const glia_event *event) {
        if (name == "end") glia_trainer_destroy(event->trainer);
        return GLIA_OK;
    };
    glia_trainer *t = trainer(args(&recorder));
    ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    glia_trainer_destroy(t);
    EXPECT_EQ(recorder.events.back(), "end");
}

TEST_P(Trainer, a_failed_epoch_is_not_one_of_its_epochs) {
    Recorder recorder;
    int left      = 2;
    recorder.also = [&](const string &name, const glia_event *) {
        return name == "batch" && --left == 0 ? GLIA_CANCELLED : GLIA_OK;
    };
    glia_trainer *t = trainer(args(&recorder, 1));
    EXPECT_EQ(glia_trainer_epoch(t), GLIA_CANCELLED);
    EXPECT_FALSE(glia_trainer_done(t));
    EXPECT_EQ(glia_trainer_epoch(t), GLIA_OK) << message();
    EXPECT_TRUE(glia_trainer_done(t));
    EXPECT_EQ(history(net_).size(), 1u);
    EXPECT_EQ(history(net_)[0].epoch, 1);
    glia_trainer_destroy(t);
}

TEST_P(Trainer, keeps_its_model_and_its_data) {
    glia_trainer *t = trainer(args());
    ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    glia_dataset_destroy(data_), data_   = nullptr;
    glia_model_destroy(net_), destroyed_ = true;
    EXPECT_EQ(glia_trainer_step(t), GLIA_CANCELLED);
    EXPECT_EQ(message(), "the model was destroyed while it ran");
    glia_trainer_destroy(t);
}

TEST_P(Trainer, a_step_that_is_not_finite_is_told_and_taken_back) {
    x_[5 * kInputs]   = NAN;
    glia_dataset *bad = load();
    Recorder recorder;
    recorder.also = [&](const string &, const glia_event *event) {
        EXPECT_NE(glia_model_get(event->model, "nobody", nullptr, 0), GLIA_OK);
        return GLIA_OK;
    };
    const glia_fit_args in_order{.epochs = 2, .batch_size = kBatch, .in_order = true, .callbacks = {recorder.api()}};
    glia_trainer *t = nullptr;
    ASSERT_EQ(glia_trainer_create(net_, bad, &in_order, &t), GLIA_OK) << message();
    ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    const auto after_one = weights(net_);
    EXPECT_EQ(glia_trainer_epoch(t), GLIA_NOT_FINITE);
    EXPECT_EQ(message(), "glia_trainer_epoch: epoch 1, step 2: input 'x' of sample 5 is NaN at [0]");
    EXPECT_EQ(recorder.count("not finite"), 1);
    EXPECT_EQ(recorder.count("epoch"), 0);
    EXPECT_EQ(weights(net_), after_one);
    glia_trainer_destroy(t);
    ASSERT_EQ(glia_trainer_create(net_, bad, &in_order, &t), GLIA_OK) << message();
    for (int i = 0; i < 3; ++i) ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    glia_trainer_destroy(t);  // nobody is told, and yet the model is finite
    for (const auto &weight : weights(net_))
        for (const float value : weight) EXPECT_TRUE(std::isfinite(value));
    glia_dataset_destroy(bad);
}

// On devices an index out of range is told late; the weights wait for it as they do for numbers that are not finite.
TEST_P(Trainer, a_label_out_of_range_changes_no_weight) {
    labels_[9]        = kClasses;
    glia_dataset *bad = load();
    const glia_fit_args in_order{.batch_size = kBatch, .in_order = true};
    glia_trainer *t = nullptr;
    ASSERT_EQ(glia_trainer_create(net_, bad, &in_order, &t), GLIA_OK) << message();
    for (int i = 0; i < 2; ++i) ASSERT_EQ(glia_trainer_step(t), GLIA_OK) << message();
    const auto after_two = weights(net_);
    EXPECT_EQ(glia_trainer_epoch(t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_trainer_epoch: output 0: target 0 of sample 9 is 3, must be 0 to 2");
    const auto now = weights(net_);
    for (size_t i = 0; i < now.size(); ++i) {
        const string name = glia_model_weight_name(net_, int(i));
        if (name.find("running") != string::npos) continue;
        EXPECT_EQ(now[i], after_two[i]) << name;
    }
    glia_trainer_destroy(t);
    glia_dataset_destroy(bad);
}

TEST_P(Trainer, arguments_are_checked) {
    glia_trainer *t = nullptr;
    const glia_fit_args bad{.epochs = -1};
    EXPECT_EQ(glia_trainer_create(net_, data_, &bad, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_trainer_create: epochs is -1 and batch_size 0, must not be negative");
    EXPECT_EQ(t, nullptr);
    EXPECT_EQ(glia_trainer_create(net_, nullptr, nullptr, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_trainer_create: the dataset is NULL");
    EXPECT_EQ(glia_trainer_create(nullptr, data_, nullptr, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_trainer_create(net_, data_, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_trainer_step(nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_trainer_epoch(nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_trainer_result(nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(glia_trainer_done(nullptr));
    glia_trainer_stop(nullptr);
    glia_trainer_destroy(nullptr);
    int count = -1;
    EXPECT_EQ(glia_model_history(nullptr, &count), nullptr);
    EXPECT_EQ(count, 0);
    EXPECT_EQ(glia_model_history(net_, nullptr), nullptr);
}

TEST_P(Trainer, predictions_from_an_array_are_those_from_a_data_set) {
    vector<float> expected(kCount * kClasses), out(kCount * kClasses), one(kClasses);
    ASSERT_EQ(glia_model_predict(net_, data_, 0, expected.data(), expected.size() * sizeof(float)), GLIA_OK);
    ASSERT_EQ(glia_model_predict_array(net_, x_.data(), x_.size() * sizeof(float), kCount, out.data(),
                                       out.size() * sizeof(float)),
              GLIA_OK)
        << message();
    EXPECT_EQ(out, expected);
    const auto predict_one = [&](int i) {
        return glia_model_predict_array(net_, &x_[size_t(i) * kInputs], kInputs * sizeof(float), 1, one.data(),
                                        kClasses * sizeof(float));
    };
    ASSERT_EQ(predict_one(0), GLIA_OK) << message();
    ASSERT_EQ(predict_one(1), GLIA_OK) << message();
    const long before = memory_.calls;
    for (int i = 0; i < kCount; ++i) {
        ASSERT_EQ(predict_one(i), GLIA_OK) << message();
        for (int c = 0; c < kClasses; ++c) EXPECT_FLOAT_EQ(one[size_t(c)], expected[size_t(i * kClasses + c)]);
    }
    EXPECT_EQ(memory_.calls, before) << "one sample takes no memory";
    EXPECT_EQ(glia_model_predict_array(net_, x_.data(), 4, 1, one.data(), kClasses * sizeof(float)),
              GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(message(), "glia_model_predict_array: 4 bytes, 1 samples of input 'x' [3] of f32 have 12 each");
    EXPECT_EQ(glia_model_predict_array(net_, nullptr, 12, 1, one.data(), 12), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_model_predict_array(net_, x_.data(), 0, 0, one.data(), 0), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_predict_array: count is 0, must be at least 1");
    EXPECT_EQ(glia_model_predict_array(net_, x_.data(), 12, 1, one.data(), 8), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_predict_array: 8 bytes, output 0 of 1 samples has 12");
}

TEST_P(Trainer, classes_are_those_of_the_largest_outputs) {
    vector<float> outputs(kCount * kClasses);
    vector<int64_t> classes(kCount, -1);
    ASSERT_EQ(glia_model_predict(net_, data_, 0, outputs.data(), outputs.size() * sizeof(float)), GLIA_OK);
    ASSERT_EQ(glia_model_predict_classes(net_, data_, 5, classes.data(), kCount * sizeof(int64_t)), GLIA_OK)
        << message();
    for (int i = 0; i < kCount; ++i) {
        const auto row = outputs.begin() + i * kClasses;
        EXPECT_EQ(classes[size_t(i)], std::max_element(row, row + kClasses) - row) << i;
    }
    EXPECT_EQ(glia_model_predict_classes(net_, data_, 5, classes.data(), 8), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("the classes of 22 samples need 176"), string::npos) << message();
}

// Logits [classes,2,2] give a class for each of four places.
TEST_P(Trainer, classes_of_places_are_those_of_the_largest_outputs) {
    constexpr int kPlaces = 4;
    glia_model *net       = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
    const glia_dense_args dense{.units = kClasses * kPlaces};
    const glia_reshape_args reshape{.shape = GLIA_SHAPE(kClasses, 2, 2)};
    glia_value y = glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(kInputs)), &dense);
    ASSERT_EQ(glia_model_compile(net, glia_model_reshape(net, y, &reshape), nullptr), GLIA_OK) << message();
    vector<float> outputs(kCount * kClasses * kPlaces);
    vector<int64_t> classes(kCount * kPlaces, -1);
    ASSERT_EQ(glia_model_predict(net, data_, 0, outputs.data(), outputs.size() * sizeof(float)), GLIA_OK);
    ASSERT_EQ(glia_model_predict_classes(net, data_, 5, classes.data(), classes.size() * sizeof(int64_t)), GLIA_OK)
        << message();
    for (int i = 0; i < kCount * kPlaces; ++i) {
        const float *first = &outputs[size_t(i / kPlaces * kClasses * kPlaces + i % kPlaces)];
        int best           = 0;
        for (int c = 1; c < kClasses; ++c)
            if (first[c * kPlaces] > first[best * kPlaces]) best = c;
        EXPECT_EQ(classes[size_t(i)], best) << "sample " << i / kPlaces << ", place " << i % kPlaces;
    }
    EXPECT_EQ(glia_model_predict_classes(net, data_, 0, classes.data(), kCount * 8), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("the classes of 22 samples need 704"), string::npos) << message();
    glia_model_destroy(net);
}

INSTANTIATE_TEST_SUITE_P(On, Trainer, testing::Values("cpu", "emulated"),
                         [](const auto &info) { return string(info.param); });

}  // namespace
