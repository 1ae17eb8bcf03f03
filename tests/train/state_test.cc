// The state of a model by name: what there is, what is refused, and that training goes on with the same bits in a model
// that got all of it.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/failing.h"
#include "support/states.h"
#include "support/with.h"

namespace {

using namespace glia;
using std::string;

constexpr int kBatch = 4, kSamples = 12;

struct Network {
    const char *name;
    glia_shape sample;
    bool in_order;
    glia_value (*build)(glia_model *);
};

glia_value build_dense(glia_model *m) {
    glia_value x = glia_model_input(m, "x", GLIA_SHAPE(2));
    x            = glia_model_dense(m, x, with(glia_dense_args{.name = "hidden", .units = 8, .activation = GLIA_RELU}));
    x            = glia_model_batchnorm(m, x, with(glia_batchnorm_args{.name = "norm"}));
    x            = glia_model_dropout(m, x, with(glia_dropout_args{.p = 0.3}));
    return glia_model_dense(m, x, with(glia_dense_args{.name = "logits", .units = 3}));
}

glia_value build_recurrent(glia_model *m) {
    glia_value x = glia_model_input(m, "x", GLIA_SHAPE(3, 2));
    glia_lstm_args lstm{};
    lstm.name = "lstm", lstm.units = 5, lstm.sequence = true, lstm.stateful_batch = kBatch;
    glia_gru_args gru{};
    gru.name = "gru", gru.units = 4, gru.stateful_batch = kBatch;
    x = glia_model_dropout(m, glia_model_lstm(m, x, &lstm), with(glia_dropout_args{.p = 0.2}));
    return glia_model_dense(m, glia_model_gru(m, x, &gru), with(glia_dense_args{.name = "logits", .units = 3}));
}

const Network kDense{"dense", GLIA_SHAPE(2), false, build_dense},
    kRecurrent{"recurrent", GLIA_SHAPE(3, 2), true, build_recurrent};

// A context, a network in it, and data of three classes.
class Training {
   public:
    Training(const char *device, const Network &network, uint64_t seed) : network_(network) {
        glia_context_args args{};
        args.threads = 1, args.seed = seed;
        created = glia_context_create(device, &args, &ctx);
        if (created != GLIA_OK) return;
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK) << message();
        output = network.build(net);
        for (size_t i = 0; i < std::size(x_); ++i) x_[i] = float(i * 7 % 11) / 5 - 1;
        for (int i = 0; i < kSamples; ++i) t_[i] = i % 3;
        glia_array in{}, out{};
        in.dtype = GLIA_F32, in.shape = network.sample, in.data = x_;
        out.dtype = GLIA_I64, out.data = t_;
        glia_arrays_args arrays{};
        arrays.inputs = &in, arrays.n_inputs = 1, arrays.targets = &out, arrays.n_targets = 1, arrays.count = kSamples;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK) << message();
    }
    ~Training() {
        glia_dataset_destroy(data);
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    glia_status compile(const glia_optimizer &optimizer) {
        glia_compile_args args{};
        args.loss = glia_loss_cross_entropy(), args.optimizer = optimizer;
        return glia_model_compile(net, output, &args);
    }
    glia_status fit(int epochs) {
        glia_fit_args args{};
        args.epochs = epochs, args.batch_size = kBatch, args.in_order = network_.in_order;
        return glia_model_fit(net, data, &args);
    }
    States states() const { return states_of(net); }
    void set(const States &all) { set_states(net, all); }
    template <class T>
    T number(const char *name) const {
        T value{};
        EXPECT_EQ(glia_model_state_get(net, name, &value, sizeof value), GLIA_OK) << message();
        return value;
    }
    template <class T>
    glia_status set_number(const char *name, T value) {
        return glia_model_state_set(net, name, &value, sizeof value);
    }
    string message() const { return ctx ? glia_message(ctx) : glia_message(nullptr); }
    bool says(const string &part) const { return message().find(part) != string::npos; }

    glia_status created;
    glia_context *ctx  = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    glia_value output{};

   private:
    const Network &network_;
    float x_[kSamples * 6];
    int64_t t_[kSamples];
};

// ---- Going on ----

struct Optimizer {
    const char *name;
    glia_optimizer optimizer;
};

glia_optimizer centered() {
    glia_optimizer o   = glia_optimizer_rmsprop(0.01);
    o.rmsprop.centered = true, o.rmsprop.momentum = 0.5;
    return o;
}

const Optimizer kOptimizers[] = {{"sgd", glia_optimizer_sgd(0.05)},
                                 {"momentum", glia_optimizer_momentum(0.05, 0.9)},
                                 {"adam", glia_optimizer_adam(0.01)},
                                 {"rmsprop_centered", centered()},
                                 {"adagrad", glia_optimizer_adagrad(0.05)}};

struct Param {
    const char *device;
    const Network *network;
    const Optimizer *optimizer;
};

class GoingOn : public testing::TestWithParam<Param> {};

TEST_P(GoingOn, has_the_bits_of_never_having_stopped) {
    const Param &p = GetParam();
    Training first(p.device, *p.network, 3);
    if (first.created == GLIA_NOT_FOUND) GTEST_SKIP() << first.message();
    ASSERT_EQ(first.compile(p.optimizer->optimizer), GLIA_OK) << first.message();
    ASSERT_EQ(first.fit(2), GLIA_OK) << first.message();
    ASSERT_EQ(glia_model_set_learning_rate(first.net, 0.02), GLIA_OK) << first.message();
    ASSERT_EQ(first.fit(1), GLIA_OK) << first.message();
    const States kept = first.states();

    Training second(p.device, *p.network, 99);  // another seed, and a plan that was made for it
    ASSERT_EQ(second.compile(p.optimizer->optimizer), GLIA_OK) << second.message();
    ASSERT_EQ(second.fit(1), GLIA_OK) << second.message();
    second.set(kept);
    EXPECT_EQ(second.states(), kept);
    ASSERT_EQ(first.fit(2), GLIA_OK) << first.message();
    ASSERT_EQ(second.fit(2), GLIA_OK) << second.message();
    const States want = first.states(), got = second.states();
    for (const auto &[name, values] : want) EXPECT_EQ(got.at(name), values) << name;
    EXPECT_EQ(got.size(), want.size());
    EXPECT_NE(got.at("logits.weight"), kept.at("logits.weight"));
    EXPECT_EQ(first.number<int64_t>("glia/step"), 15);
}

std::vector<Param> params() {
    std::vector<Param> all;
    for (const char *device : {"cpu", "emulated", "cuda:0"})
        for (const Network *network : {&kDense, &kRecurrent})
            for (const Optimizer &optimizer : kOptimizers) all.push_back({device, network, &optimizer});
    return all;
}

INSTANTIATE_TEST_SUITE_P(all, GoingOn, testing::ValuesIn(params()), [](const auto &info) {
    const string device = info.param.device;
    return device.substr(0, device.find(':')) + "__" + info.param.network->name + "__" + info.param.optimizer->name;
});

TEST(GoingOn, needs_every_state) {
    Training first("cpu", kDense, 3);
    ASSERT_EQ(first.compile(glia_optimizer_adam(0.01)), GLIA_OK) << first.message();
    ASSERT_EQ(glia_model_set_learning_rate(first.net, 0.02), GLIA_OK) << first.message();
    ASSERT_EQ(first.fit(2), GLIA_OK) << first.message();
    const States kept = first.states();
    ASSERT_EQ(first.fit(2), GLIA_OK) << first.message();
    for (const auto &[name, values] : kept) {
        // Between two epochs there is nothing of one that was left; checkpoint_test has that, and schedules.
        if (name == "glia/position" || name == "glia/epoch_samples") continue;
        if (name == "glia/sums" || name == "glia/compiled_epoch") continue;
        Training second("cpu", kDense, 99);
        ASSERT_EQ(second.compile(glia_optimizer_adam(0.01)), GLIA_OK) << second.message();
        States others = kept;
        others.erase(name);
        second.set(others);
        ASSERT_EQ(second.fit(2), GLIA_OK) << second.message();
        EXPECT_NE(second.states(), first.states()) << name;
        EXPECT_NE(second.states().at("logits.weight") == first.states().at("logits.weight"),
                  name != "norm.running_mean" && name != "norm.running_var")
            << name << " is of no use to training";
    }
}

// ---- Names, and what is refused ----

TEST(State, has_a_name_for_each_part) {
    Training t("cpu", kRecurrent, 3);
    const string weights[] = {"lstm.weight_ih_l0", "lstm.h_l0", "lstm.c_l0", "gru.h_l0", "logits.bias"};
    for (const string &name : weights) {
        glia_state_info info{};
        EXPECT_EQ(glia_model_state_info(t.net, name.c_str(), &info), GLIA_OK) << t.message();
        EXPECT_EQ(info.kind, name.find(".h_") != string::npos || name.find(".c_") != string::npos ? GLIA_STATE_RECURRENT
                                                                                                  : GLIA_STATE_WEIGHT);
    }
    const int before = glia_model_state_count(t.net);
    EXPECT_EQ(before, glia_model_weight_count(t.net));
    EXPECT_EQ(glia_model_state_name(t.net, before), nullptr);
    ASSERT_EQ(t.compile(glia_optimizer_adam(0.01)), GLIA_OK) << t.message();
    EXPECT_EQ(glia_model_state_count(t.net), before + 2 * 10 + 9) << "two for each weight, none for kept states";
    glia_state_info info{};
    ASSERT_EQ(glia_model_state_info(t.net, "lstm.weight_ih_l0/adam_v", &info), GLIA_OK) << t.message();
    EXPECT_EQ(info.kind, GLIA_STATE_OPTIMIZER);
    EXPECT_EQ(info.dtype, GLIA_F32);
    EXPECT_EQ(info.shape.ndim, 2);
    EXPECT_EQ(info.shape.dim[0], 20);
    EXPECT_EQ(info.bytes, 20 * 2 * sizeof(float));
    ASSERT_EQ(glia_model_state_info(t.net, "glia/learning_rate", &info), GLIA_OK) << t.message();
    EXPECT_EQ(info.dtype, GLIA_F64);
    EXPECT_EQ(info.shape.ndim, 0);
    EXPECT_EQ(glia_model_state_name(t.net, -1), nullptr);
    EXPECT_EQ(glia_model_state_name(t.net, glia_model_state_count(t.net)), nullptr);
}

TEST(State, follows_the_optimizer_and_what_is_frozen) {
    Training t("cpu", kDense, 3);
    ASSERT_EQ(glia_model_freeze(t.net, "hidden", true), GLIA_OK);
    ASSERT_EQ(t.compile(centered()), GLIA_OK) << t.message();
    States all = t.states();
    EXPECT_EQ(all.count("logits.weight/rmsprop_square"), 1u);
    EXPECT_EQ(all.count("logits.weight/rmsprop_velocity"), 1u);
    EXPECT_EQ(all.count("norm.bias/rmsprop_mean"), 1u);
    EXPECT_EQ(all.count("hidden.weight/rmsprop_mean"), 0u);
    EXPECT_EQ(all.count("norm.running_mean/rmsprop_mean"), 0u);
    ASSERT_EQ(t.compile(glia_optimizer_sgd(0.1)), GLIA_OK) << t.message();
    all = t.states();
    EXPECT_EQ(all.count("logits.weight/rmsprop_square"), 0u);
    EXPECT_EQ(all.size(), size_t(glia_model_weight_count(t.net)) + 9);
    ASSERT_EQ(t.compile(glia_optimizer_momentum(0.1, 0.9)), GLIA_OK) << t.message();
    EXPECT_EQ(t.states().count("logits.bias/sgd_velocity"), 1u);
}

TEST(State, is_that_of_adam) {
    Training t("cpu", kDense, 3);
    ASSERT_EQ(t.compile(glia_optimizer_adam(0.01)), GLIA_OK) << t.message();
    EXPECT_EQ(t.number<double>("glia/learning_rate"), 0.01);
    float m[3] = {1, 1, 1};
    ASSERT_EQ(glia_model_state_get(t.net, "logits.bias/adam_m", m, sizeof m), GLIA_OK) << t.message();
    EXPECT_EQ(m[0], 0);
    ASSERT_EQ(t.fit(1), GLIA_OK) << t.message();
    ASSERT_EQ(glia_model_state_get(t.net, "logits.bias/adam_m", m, sizeof m), GLIA_OK) << t.message();
    EXPECT_NE(m[0], 0);
    EXPECT_NEAR(m[0] + m[1] + m[2], 0, 1e-6) << "gradients of a softmax have the sum 0";
}

TEST(State, refuses_what_is_wrong) {
    Training t("cpu", kDense, 3);
    int64_t value = 1;
    EXPECT_EQ(glia_model_state_get(t.net, "glia/step", &value, sizeof value), GLIA_NOT_FOUND);
    EXPECT_TRUE(t.says("glia_model_state_get: no state is named 'glia/step'")) << t.message();
    ASSERT_EQ(t.compile(glia_optimizer_adam(0.01)), GLIA_OK) << t.message();
    for (const char *name : {"", "/", "glia/", "glia/steps", "logits.weight/", "logits.weight/adam_x", "/adam_m",
                             "logits/adam_m", "logits.weight/adam_m/adam_m", "norm.running_mean/adam_m"}) {
        EXPECT_EQ(glia_model_state_set(t.net, name, &value, sizeof value), GLIA_NOT_FOUND) << name;
        EXPECT_TRUE(t.says("glia_model_state_set: no state is named '" + string(name) + "'")) << t.message();
    }
    EXPECT_EQ(glia_model_state_get(t.net, nullptr, &value, sizeof value), GLIA_NOT_FOUND);
    EXPECT_EQ(glia_model_state_get(t.net, string(1000, 'x').append("/adam_m").c_str(), &value, 8), GLIA_NOT_FOUND);
    EXPECT_EQ(glia_model_state_set(t.net, "logits.bias/adam_m", &value, sizeof value), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(t.says("8 bytes, 'logits.bias/adam_m' [3] of f32 has 12")) << t.message();
    EXPECT_EQ(glia_model_state_set(t.net, "glia/step", &value, 4), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(glia_model_state_set(t.net, "glia/step", nullptr, 8), GLIA_INVALID_ARGUMENT);
    for (const char *name : {"glia/step", "glia/update", "glia/epoch"})
        for (int64_t wrong : {int64_t{-1}, INT64_MIN, INT64_MAX}) {
            EXPECT_EQ(t.set_number(name, wrong), GLIA_INVALID_ARGUMENT) << name;
            EXPECT_EQ(t.number<int64_t>(name), 0) << name;
        }
    for (double wrong : {-1.0, 1e9, double(NAN)})
        EXPECT_EQ(t.set_number("glia/learning_rate", wrong), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(t.set_number("glia/seed", int64_t{-1}), GLIA_OK) << "all bits of a seed count";
    EXPECT_EQ(t.number<int64_t>("glia/seed"), -1);
    EXPECT_EQ(t.fit(1), GLIA_OK) << t.message();
}

TEST(State, of_a_weight_that_is_named_like_another_is_refused) {
    for (const char *name : {"logits.weight/adam_m", "hidden.weight/adam_m", "glia/step", "glia/seed"}) {
        Training t("cpu", kDense, 3);
        const glia_value added = glia_model_parameter(t.net, name, GLIA_SHAPE(3), nullptr);
        t.output               = glia_model_add(t.net, t.output, added, nullptr);
        EXPECT_EQ(t.compile(glia_optimizer_adam(0.01)), GLIA_INVALID_ARGUMENT) << name;
        EXPECT_TRUE(t.says("the weight name '" + string(name) + "'")) << t.message();
        if (name[0] != 'g') {
            EXPECT_EQ(t.compile(glia_optimizer_sgd(0.01)), GLIA_OK) << "it has no such state: " << t.message();
        }
    }
}

TEST(State, of_the_longest_names_is_told_apart) {
    Training t("cpu", kDense, 3);
    const string stem(62, 'w');
    for (const char *last : {"a", "b"})
        t.output = glia_model_add(t.net, t.output,
                                  glia_model_parameter(t.net, (stem + last).c_str(), GLIA_SHAPE(3), nullptr), nullptr);
    ASSERT_EQ(t.compile(centered()), GLIA_OK) << t.message();
    ASSERT_EQ(t.fit(1), GLIA_OK) << t.message();
    const States all = t.states();
    EXPECT_EQ(all.count(stem + "a/rmsprop_velocity"), 1u);
    EXPECT_EQ(all.count(stem + "b/rmsprop_velocity"), 1u);
}

TEST(State, is_set_in_a_callback_but_for_the_seed) {
    Training t("cpu", kDense, 3);
    ASSERT_EQ(t.compile(glia_optimizer_adam(0.01)), GLIA_OK) << t.message();
    glia_fit_args args{};
    args.epochs = 2, args.batch_size = kBatch, args.callbacks[0].user = &t;
    args.callbacks[0].on_epoch_end = [](void *user, const glia_event *event) {
        auto *self = static_cast<Training *>(user);
        EXPECT_EQ(self->set_number("glia/seed", int64_t{5}), GLIA_BUSY);
        EXPECT_TRUE(self->says("'glia/seed' while a pass over a data set is under way")) << self->message();
        EXPECT_EQ(self->number<int64_t>("glia/epoch"), event->epoch->epoch == 1 ? 1 : 8);
        EXPECT_EQ(self->set_number("glia/epoch", int64_t{7}), GLIA_OK) << self->message();
        return GLIA_OK;
    };
    EXPECT_EQ(glia_model_fit(t.net, t.data, &args), GLIA_OK) << t.message();
    EXPECT_EQ(t.number<int64_t>("glia/seed"), 3);
}

TEST(State, is_not_set_in_the_middle_of_a_step) {
    Training t("cpu", kDense, 3);
    ASSERT_EQ(t.compile(glia_optimizer_adam(0.01)), GLIA_OK) << t.message();
    const glia_field in{"x", GLIA_F32, GLIA_SHAPE(2)}, out{"t", GLIA_I64, GLIA_SCALAR};
    glia_source args{};
    args.inputs = &in, args.n_inputs = 1, args.targets = &out, args.n_targets = 1, args.count = 4, args.user = &t;
    args.read = [](void *user, const glia_sample *sample) {
        auto *self = static_cast<Training *>(user);
        EXPECT_EQ(self->set_number("glia/step", int64_t{5}), GLIA_BUSY);
        EXPECT_TRUE(self->says("in the middle of a step")) << self->message();
        const float values[] = {float(sample->index), 1};
        memcpy(sample->inputs[0], values, sizeof values);
        *static_cast<int64_t *>(sample->targets[0]) = sample->index % 3;
        return GLIA_OK;
    };
    glia_dataset *data = nullptr;
    ASSERT_EQ(glia_dataset_from_source(t.ctx, &args, &data), GLIA_OK) << t.message();
    EXPECT_EQ(glia_model_fit(t.net, data, with(glia_fit_args{.batch_size = 4})), GLIA_OK) << t.message();
    EXPECT_EQ(t.number<int64_t>("glia/step"), 1);
    glia_dataset_destroy(data);
}

TEST(State, survives_a_compile_and_a_change_as_far_as_it_is_there) {
    Training t("cpu", kDense, 3);
    ASSERT_EQ(t.compile(glia_optimizer_adam(0.01)), GLIA_OK) << t.message();
    ASSERT_EQ(t.fit(2), GLIA_OK) << t.message();
    const States before = t.states();
    glia_model_dense(t.net, t.output, with(glia_dense_args{.name = "more", .units = 3}));
    float bias[3];
    EXPECT_EQ(glia_model_state_get(t.net, "more.bias", bias, sizeof bias), GLIA_INVALID_ARGUMENT) << "no value yet";
    EXPECT_EQ(glia_model_state_get(t.net, "hidden.bias/adam_m", bias, sizeof bias), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(glia_model_state_get(t.net, "logits.bias/adam_m", bias, sizeof bias), GLIA_OK) << t.message();
    EXPECT_EQ(glia_model_state_get(t.net, "more.bias/adam_m", bias, sizeof bias), GLIA_NOT_FOUND);
    ASSERT_EQ(t.compile(glia_optimizer_adam(0.01)), GLIA_OK) << t.message();
    States after = t.states();
    EXPECT_EQ(after.at("hidden.weight"), before.at("hidden.weight"));
    EXPECT_EQ(after.at("glia/step"), before.at("glia/step"));
    EXPECT_EQ(after.at("glia/epoch"), before.at("glia/epoch"));
    EXPECT_EQ(after.at("glia/update"), Bytes(8)) << "the optimizer starts anew";
    EXPECT_EQ(after.at("logits.bias/adam_m"), Bytes(12));
}

}  // namespace
