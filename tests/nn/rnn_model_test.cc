// Recurrent layers of a model, on the CPU and on the emulated device: what they are made of, what they keep, and what a
// user gets wrong.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/environment.h"

namespace {

template <class T>
using Owner  = std::unique_ptr<T, void (*)(T *)>;
using Values = std::vector<float>;

template <class Args>
using Layer = glia_value (*)(glia_model *, glia_value, const Args *);

// For tests that are the same for all three: test is a template of Args.
template <class Test>
void for_each_layer(const Test &test) {
    {
        SCOPED_TRACE("rnn");
        test(glia_model_rnn);
    }
    {
        SCOPED_TRACE("lstm");
        test(glia_model_lstm);
    }
    {
        SCOPED_TRACE("gru");
        test(glia_model_gru);
    }
}

Values numbers(size_t count, uint32_t seed) {
    Values out(count);
    for (float &v : out) seed = seed * 1664525 + 1013904223, v = float(seed >> 8) / (1 << 23) - 1;
    return out;
}

// One model in a context, and what is asked of it.
struct Net {
    Owner<glia_context> context{nullptr, glia_context_destroy};
    Owner<glia_model> owner{nullptr, glia_model_destroy};
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;

    explicit Net(const char *device = "cpu") {
        const glia_context_args args{.seed = 3, .threads = 2};
        EXPECT_EQ(glia_context_create(device, &args, &ctx), GLIA_OK) << glia_message(nullptr);
        context.reset(ctx);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        owner.reset(net);
    }
    std::string message() const { return glia_message(ctx); }
    void compile(glia_value y, const glia_compile_args &args = {}) {
        ASSERT_EQ(glia_model_compile(net, y, &args), GLIA_OK) << message();
    }
    Values get(const std::string &name) {
        for (int i = 0; i < glia_model_weight_count(net); ++i) {
            if (name != glia_model_weight_name(net, i)) continue;
            const glia_shape shape = glia_model_weight_shape(net, i);
            int64_t count          = 1;
            for (int d = 0; d < shape.ndim; ++d) count *= shape.dim[d];
            Values out(static_cast<size_t>(count));
            EXPECT_EQ(glia_model_get(net, name.c_str(), out.data(), out.size() * sizeof(float)), GLIA_OK) << message();
            return out;
        }
        ADD_FAILURE() << "no weight " << name;
        return {};
    }
    void set(const std::string &name, const Values &values) {
        EXPECT_EQ(glia_model_set(net, name.c_str(), values.data(), values.size() * sizeof(float)), GLIA_OK)
            << message();
    }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (int i = 0; i < glia_model_weight_count(net); ++i) all.push_back(glia_model_weight_name(net, i));
        return all;
    }
    glia_dataset *dataset(const Values &x, glia_shape sample, int64_t count,
                          const std::vector<int32_t> *lengths = nullptr, const Values *target = nullptr,
                          glia_shape goal = GLIA_SCALAR) {
        glia_array inputs[2]{}, targets[1]{};
        inputs[0].dtype = GLIA_F32, inputs[0].shape = sample, inputs[0].data = x.data();
        if (lengths) inputs[1].dtype = GLIA_I32, inputs[1].data = lengths->data();
        if (target) targets[0].dtype = GLIA_F32, targets[0].shape = goal, targets[0].data = target->data();
        glia_arrays_args args{};
        args.inputs = inputs, args.n_inputs = lengths ? 2 : 1, args.targets = targets, args.n_targets = target ? 1 : 0,
        args.count = count, args.copy = true;
        glia_dataset *data = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
        return data;
    }
    glia_status predict(glia_dataset *data, int batch, Values *out) {
        const glia_status status = glia_model_predict(net, data, batch, out->data(), out->size() * sizeof(float));
        glia_dataset_destroy(data);
        return status;
    }
};

void expect_near(const Values &got, const Values &want, float tolerance = 1e-6f) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance) << "element " << i;
}

class Recurrent : public testing::TestWithParam<const char *> {
   protected:
    void SetUp() override {
        glia_context *ctx = nullptr;
        if (glia_context_create(GetParam(), nullptr, &ctx) == GLIA_NOT_FOUND) GTEST_SKIP() << glia_message(nullptr);
        glia_context_destroy(ctx);
    }
};

// 5 samples of 4 steps with 3 inputs.
const glia_shape kSample = GLIA_SHAPE(4, 3);
const Values kData       = numbers(5 * 4 * 3, 1);

TEST_P(Recurrent, a_stack_is_its_layers_one_on_top_of_the_other) {
    for_each_layer([]<class Args>(Layer<Args> layer) {
        Net stacked(GetParam()), single(GetParam());
        const Args two{.name = "r", .units = 6, .layers = 2, .direction = GLIA_RNN_BOTH};
        const Args lower{.name = "a", .units = 6, .direction = GLIA_RNN_BOTH, .sequence = true},
            upper{.name = "b", .units = 6, .direction = GLIA_RNN_BOTH};
        stacked.compile(layer(stacked.net, glia_model_input(stacked.net, "x", kSample), &two));
        single.compile(
            layer(single.net, layer(single.net, glia_model_input(single.net, "x", kSample), &lower), &upper));
        for (const std::string &name : stacked.names()) {  // "r.weight_ih_l1_reverse" is "b.weight_ih_l0_reverse"
            std::string other = name;
            other[0]          = name.find("_l0") != std::string::npos ? 'a' : 'b';
            if (const size_t at = other.find("_l1"); at != std::string::npos) other[at + 2] = '0';
            single.set(other, stacked.get(name));
        }
        Values a(5 * 12), b(5 * 12);
        ASSERT_EQ(stacked.predict(stacked.dataset(kData, kSample, 5), 0, &a), GLIA_OK) << stacked.message();
        ASSERT_EQ(single.predict(single.dataset(kData, kSample, 5), 0, &b), GLIA_OK) << single.message();
        EXPECT_EQ(a, b);
    });
}

TEST_P(Recurrent, the_last_states_are_the_ends_of_both_directions) {
    Net whole(GetParam()), last(GetParam());
    const glia_gru_args all{.name = "r", .units = 2, .direction = GLIA_RNN_BOTH, .sequence = true},
        end{.name = "r", .units = 2, .direction = GLIA_RNN_BOTH};
    whole.compile(glia_model_gru(whole.net, glia_model_input(whole.net, "x", kSample), &all));
    last.compile(glia_model_gru(last.net, glia_model_input(last.net, "x", kSample), &end));
    Values y(5 * 4 * 4), h(5 * 4);
    ASSERT_EQ(whole.predict(whole.dataset(kData, kSample, 5), 0, &y), GLIA_OK) << whole.message();
    ASSERT_EQ(last.predict(last.dataset(kData, kSample, 5), 2, &h), GLIA_OK) << last.message();
    for (size_t n = 0; n < 5; ++n) {
        const float *sample = &y[n * 16];
        expect_near({&h[n * 4], &h[n * 4] + 4}, {sample[12], sample[13], sample[2], sample[3]});
    }
}

// The same data but for what lies beyond the lengths.
TEST_P(Recurrent, padding_changes_nothing) {
    const std::vector<int32_t> lengths{4, 1, 3, 0, 2};
    Values other = kData;
    for (size_t n = 0; n < 5; ++n)
        for (size_t t = size_t(lengths[n]); t < 4; ++t)
            for (size_t i = 0; i < 3; ++i) other[(n * 4 + t) * 3 + i] = 1e3f;
    Net net(GetParam());
    const glia_value x = glia_model_input(net.net, "x", kSample),
                     n = glia_model_index_input(net.net, "lengths", GLIA_I32, GLIA_SCALAR);
    glia_lstm_args args{.name = "r", .units = 5, .layers = 2, .direction = GLIA_RNN_BOTH, .lengths = n};
    const glia_compile_args adam{.loss = glia_loss_mse(), .optimizer = glia_optimizer_adam(1e-3)};
    net.compile(glia_model_lstm(net.net, x, &args), adam);
    Values a(5 * 10), b(5 * 10);
    ASSERT_EQ(net.predict(net.dataset(kData, kSample, 5, &lengths), 0, &a), GLIA_OK) << net.message();
    ASSERT_EQ(net.predict(net.dataset(other, kSample, 5, &lengths), 0, &b), GLIA_OK) << net.message();
    EXPECT_EQ(a, b);
    EXPECT_EQ(Values(a.begin() + 30, a.begin() + 40), Values(10, 0.0f)) << "a length of 0 leaves the initial states";
    // A step of training on either leaves the same weights.
    const Values target = numbers(5 * 10, 9);
    Net twin(GetParam());
    const glia_value y = glia_model_input(twin.net, "x", kSample);
    args.lengths       = glia_model_index_input(twin.net, "lengths", GLIA_I32, GLIA_SCALAR);
    twin.compile(glia_model_lstm(twin.net, y, &args), adam);
    glia_dataset *one = net.dataset(kData, kSample, 5, &lengths, &target, GLIA_SHAPE(10));
    glia_dataset *two = twin.dataset(other, kSample, 5, &lengths, &target, GLIA_SHAPE(10));
    const glia_fit_args fit{.epochs = 3, .batch_size = 5, .in_order = true};
    EXPECT_EQ(glia_model_fit(net.net, one, &fit), GLIA_OK) << net.message();
    EXPECT_EQ(glia_model_fit(twin.net, two, &fit), GLIA_OK) << twin.message();
    for (const std::string &name : net.names()) EXPECT_EQ(net.get(name), twin.get(name)) << name;
    glia_dataset_destroy(one), glia_dataset_destroy(two);
}

TEST_P(Recurrent, a_length_beyond_the_steps_is_an_error) {
    const std::vector<int32_t> lengths{4, 1, 5, 0, 2};
    Net net(GetParam());
    const glia_value x = glia_model_input(net.net, "x", kSample),
                     n = glia_model_index_input(net.net, "lengths", GLIA_I32, GLIA_SCALAR);
    const glia_lstm_args args{.name = "reader", .units = 5, .lengths = n};
    net.compile(glia_model_lstm(net.net, x, &args));
    Values y(5 * 5);
    EXPECT_EQ(net.predict(net.dataset(kData, kSample, 5, &lengths), 0, &y), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(net.message().find("lengths"), std::string::npos) << net.message();
    const std::vector<int32_t> right{4, 1, 4, 0, 2};
    EXPECT_EQ(net.predict(net.dataset(kData, kSample, 5, &right), 0, &y), GLIA_OK)
        << "the network lives: " << net.message();
}

// 2 sequences of 6 steps in one piece, and in three batches of 2 steps.
TEST_P(Recurrent, a_stateful_layer_goes_on_where_the_batch_before_it_ended) {
    const Values sequences = numbers(2 * 6 * 3, 5);
    Values pieces;
    for (size_t piece = 0; piece < 3; ++piece)
        for (size_t n = 0; n < 2; ++n)
            pieces.insert(pieces.end(), sequences.begin() + ptrdiff_t((n * 6 + piece * 2) * 3),
                          sequences.begin() + ptrdiff_t((n * 6 + piece * 2 + 2) * 3));
    for_each_layer([&]<class Args>(Layer<Args> layer) {
        Net whole(GetParam()), parts(GetParam());
        const Args plain{.name = "r", .units = 4, .layers = 2};
        const Args stateful{.name = "r", .units = 4, .layers = 2, .stateful_batch = 2};
        whole.compile(layer(whole.net, glia_model_input(whole.net, "x", GLIA_SHAPE(6, 3)), &plain));
        parts.compile(layer(parts.net, glia_model_input(parts.net, "x", GLIA_SHAPE(2, 3)), &stateful));
        for (const std::string &name : whole.names()) parts.set(name, whole.get(name));
        Values want(2 * 4), got(6 * 4), again(6 * 4);
        ASSERT_EQ(whole.predict(whole.dataset(sequences, GLIA_SHAPE(6, 3), 2), 0, &want), GLIA_OK) << whole.message();
        ASSERT_EQ(parts.predict(parts.dataset(pieces, GLIA_SHAPE(2, 3), 6), 2, &got), GLIA_OK) << parts.message();
        expect_near({got.begin() + 16, got.end()}, want);
        EXPECT_EQ(parts.get("r.h_l1"), Values(got.begin() + 16, got.end()));

        ASSERT_EQ(parts.predict(parts.dataset(pieces, GLIA_SHAPE(2, 3), 6), 2, &again), GLIA_OK) << parts.message();
        EXPECT_NE(again, got) << "it went on";
        ASSERT_EQ(glia_model_reset_states(parts.net), GLIA_OK) << parts.message();
        ASSERT_EQ(parts.predict(parts.dataset(pieces, GLIA_SHAPE(2, 3), 6), 2, &again), GLIA_OK) << parts.message();
        EXPECT_EQ(again, got);
    });
}

// What goes wrong with batches that do not go on is told before the first of them has moved the states.
TEST(Stateful, batches_have_one_size_and_an_order) {
    Net net;
    const glia_gru_args args{.name = "memory", .units = 1, .stateful_batch = 2};
    const glia_compile_args loss{.loss = glia_loss_mse()};
    net.compile(glia_model_gru(net.net, glia_model_input(net.net, "x", kSample), &args), loss);
    const Values target(5, 0.5f);
    glia_dataset *four = net.dataset(kData, kSample, 4, nullptr, &target, GLIA_SHAPE(1));
    glia_dataset *five = net.dataset(kData, kSample, 5, nullptr, &target, GLIA_SHAPE(1));
    Values y(5);
    const auto refuses = [&](glia_status status, const std::string &text) {
        EXPECT_NE(status, GLIA_OK) << text;
        EXPECT_NE(net.message().find(text), std::string::npos) << net.message() << "\nlacks: " << text;
        EXPECT_EQ(net.get("memory.h_l0"), Values(2));
    };
    const auto fit = [&](glia_dataset *data, glia_fit_args options) { return glia_model_fit(net.net, data, &options); };
    refuses(net.predict(net.dataset(kData, kSample, 5), 2, &y),
            "glia_model_predict: 5 samples are no multiple of 2, the stateful_batch of layer 'memory'");
    refuses(fit(four, {.batch_size = 4, .in_order = true}),
            "glia_model_fit: batches of 4, but layer 'memory' has a stateful_batch of 2");
    refuses(fit(four, {.validation = five, .in_order = true}),
            "glia_model_fit: validation: 5 samples are no multiple of 2, the stateful_batch of layer 'memory'");
    refuses(fit(four, {}), "glia_model_fit: in_order is false, but layer 'memory' has a stateful_batch");

    glia_result result{};
    y.resize(4);
    EXPECT_EQ(fit(four, {.epochs = 2, .validation = four, .in_order = true}), GLIA_OK) << net.message();
    EXPECT_EQ(glia_model_evaluate(net.net, four, 0, &result), GLIA_OK) << net.message();
    EXPECT_EQ(net.predict(four, 0, &y), GLIA_OK) << net.message();
    EXPECT_NE(net.get("memory.h_l0"), Values(2));
    glia_dataset_destroy(five);
}

TEST(Stateful, layers_of_a_model_agree_about_the_batch) {
    Net net;
    const glia_rnn_args two{.name = "two", .units = 3, .sequence = true, .stateful_batch = 2};
    const glia_lstm_args three{.name = "three", .units = 3, .stateful_batch = 3};
    const glia_value h = glia_model_rnn(net.net, glia_model_input(net.net, "x", kSample), &two);
    EXPECT_LT(glia_model_lstm(net.net, h, &three).id, 0);
    EXPECT_EQ(glia_model_status(net.net), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(net.message(), "layer 'three': stateful_batch is 3, of layer 'two' it is 2: batches have one size");
}

TEST(Stateful, states_that_were_set_before_compile_are_reset) {
    Net net;
    const glia_rnn_args args{.name = "r", .units = 2, .stateful_batch = 1};
    const glia_value y = glia_model_rnn(net.net, glia_model_input(net.net, "x", kSample), &args);
    net.set("r.h_l0", {1, 2});
    ASSERT_EQ(glia_model_reset_states(net.net), GLIA_OK) << net.message();
    net.compile(y);
    EXPECT_EQ(net.get("r.h_l0"), Values(2));
}

// The mask comes and goes with training, and is another one for each place of the stack.
TEST_P(Recurrent, dropout_lies_between_the_layers) {
    Net net(GetParam()), plain(GetParam());
    const glia_compile_args sgd{.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(1e-12)};
    glia_lstm_args args{.name = "r", .units = 16, .layers = 3};
    plain.compile(glia_model_lstm(plain.net, glia_model_input(plain.net, "x", kSample), &args), sgd);
    args.dropout = 0.5;
    net.compile(glia_model_lstm(net.net, glia_model_input(net.net, "x", kSample), &args), sgd);
    for (const std::string &name : plain.names()) net.set(name, plain.get(name));
    Values a(5 * 16), b(5 * 16);
    ASSERT_EQ(net.predict(net.dataset(kData, kSample, 5), 0, &a), GLIA_OK) << net.message();
    ASSERT_EQ(plain.predict(plain.dataset(kData, kSample, 5), 0, &b), GLIA_OK) << plain.message();
    EXPECT_EQ(a, b);
    glia_dataset *one = net.dataset(kData, kSample, 5, nullptr, &b, GLIA_SHAPE(16)),
                 *two = plain.dataset(kData, kSample, 5, nullptr, &b, GLIA_SHAPE(16));
    const auto loss   = [](glia_model *model, glia_dataset *data) {
        double value = NAN;
        glia_fit_args fit{.epochs = 1, .batch_size = 5};
        fit.callbacks[0].user         = &value;
        fit.callbacks[0].on_epoch_end = [](void *user, const glia_event *event) {
            return *static_cast<double *>(user) = event->epoch->train.loss, GLIA_OK;
        };
        EXPECT_EQ(glia_model_fit(model, data, &fit), GLIA_OK);
        return value;
    };
    EXPECT_NEAR(loss(plain.net, two), 0, 1e-10);
    const double first = loss(net.net, one), second = loss(net.net, one);
    EXPECT_GT(first, 1e-6);
    EXPECT_NE(first, second);
    glia_dataset_destroy(one), glia_dataset_destroy(two);
}

// A plan's reserve is only as large as its provider asks for: the reference must not fill all that the op has.
TEST_P(Recurrent, training_is_checked_against_the_reference_when_that_is_wanted) {
    const glia::Variable shadow("GLIA_CHECK", "shadow");
    const Values target = numbers(5 * 5, 2);
    const glia_compile_args sgd{.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(0.1)};
    for_each_layer([&]<class Args>(Layer<Args> layer) {
        Net net(GetParam());
        const Args args{.units = 5};
        net.compile(layer(net.net, glia_model_input(net.net, "x", kSample), &args), sgd);
        glia_dataset *data = net.dataset(kData, kSample, 5, nullptr, &target, GLIA_SHAPE(5));
        const glia_fit_args fit{.epochs = 2, .batch_size = 5};
        EXPECT_EQ(glia_model_fit(net.net, data, &fit), GLIA_OK) << net.message();
        glia_dataset_destroy(data);
    });
}

TEST_P(Recurrent, a_long_sequence_can_be_learnt) {  // the first input comes out 20 steps later
    const int64_t count = 64, steps = 20;
    Values x = numbers(size_t(count * steps), 11), target;
    for (int64_t n = 0; n < count; ++n) target.push_back(x[size_t(n * steps)] > 0 ? 1.0f : 0.0f);
    Net net(GetParam());
    const glia_gru_args args{.units = 8};
    const glia_dense_args one{.units = 1};
    const glia_compile_args adam{.loss = glia_loss_bce_logits(), .optimizer = glia_optimizer_adam(0.03)};
    const glia_value h = glia_model_gru(net.net, glia_model_input(net.net, "x", GLIA_SHAPE(steps, 1)), &args);
    net.compile(glia_model_dense(net.net, h, &one), adam);
    glia_dataset *data = net.dataset(x, GLIA_SHAPE(steps, 1), count, nullptr, &target, GLIA_SHAPE(1));
    const glia_fit_args fit{.epochs = std::string(GetParam()) == "cpu" ? 150 : 4, .batch_size = 16};
    glia_result before{}, after{};
    ASSERT_EQ(glia_model_evaluate(net.net, data, 0, &before), GLIA_OK) << net.message();
    ASSERT_EQ(glia_model_fit(net.net, data, &fit), GLIA_OK) << net.message();
    ASSERT_EQ(glia_model_evaluate(net.net, data, 0, &after), GLIA_OK) << net.message();
    EXPECT_LT(after.loss, before.loss);
    if (fit.epochs == 150) {
        EXPECT_GT(after.metric[0], 0.95);
    }
    glia_dataset_destroy(data);
}

INSTANTIATE_TEST_SUITE_P(devices, Recurrent, testing::Values("cpu", "emulated", "cuda:0"), [](const auto &info) {
    return std::string(info.param).substr(0, std::string(info.param).find(':'));
});

TEST(RecurrentNames, are_those_of_pytorch) {
    Net net;
    const glia_lstm_args args{.name = "encoder", .units = 6, .layers = 2, .direction = GLIA_RNN_BOTH, .projection = 3};
    net.compile(glia_model_lstm(net.net, glia_model_input(net.net, "x", kSample), &args));
    std::set<std::string> want;
    for (const char *layer : {"l0", "l1"})
        for (const char *direction : {"", "_reverse"})
            for (const char *what : {"weight_ih_", "weight_hh_", "bias_ih_", "bias_hh_", "weight_hr_"})
                want.insert(std::string("encoder.") + what + layer + direction);
    const auto names = net.names();
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), want);
    EXPECT_EQ(net.get("encoder.weight_ih_l0").size(), 24u * 3);
    EXPECT_EQ(net.get("encoder.weight_ih_l1_reverse").size(), 24u * 6);
    EXPECT_EQ(net.get("encoder.weight_hh_l0").size(), 24u * 3);
    EXPECT_EQ(net.get("encoder.weight_hr_l1").size(), 3u * 6);
    for (float v : net.get("encoder.bias_hh_l1")) EXPECT_LE(std::fabs(v), 1 / std::sqrt(6.0f));
    EXPECT_NE(net.get("encoder.weight_hh_l0"), net.get("encoder.weight_hh_l0_reverse"));
}

TEST(RecurrentNames, a_layer_of_the_reverse_direction_says_so) {
    Net net;
    const glia_rnn_args args{.name = "back", .units = 2, .direction = GLIA_RNN_REVERSE, .no_bias = true};
    net.compile(glia_model_rnn(net.net, glia_model_input(net.net, "x", kSample), &args));
    EXPECT_EQ(net.names(), (std::vector<std::string>{"back.weight_ih_l0_reverse", "back.weight_hh_l0_reverse"}));
}

TEST(Lengths, are_one_number_for_each_sample) {
    const auto refuses = [](const std::function<glia_value(Net &, glia_value x, glia_value lengths)> &layer,
                            glia_shape sample, glia_shape lengths, const std::string &text) {
        Net net;
        const glia_value x = glia_model_input(net.net, "x", sample);
        EXPECT_LT(layer(net, x, glia_model_index_input(net.net, "n", GLIA_I32, lengths)).id, 0) << text;
        EXPECT_EQ(glia_model_status(net.net), GLIA_SHAPE_MISMATCH);
        EXPECT_EQ(net.message(), text);
    };
    const auto rnn = [](Net &net, glia_value x, glia_value n) {
        const glia_gru_args args{.units = 2, .lengths = n};
        return glia_model_gru(net.net, x, &args);
    };
    const auto pool = [](Net &net, glia_value x, glia_value n) {
        const glia_global_pool1d_args args{.lengths = n};
        return glia_model_global_max_pool1d(net.net, x, &args);
    };
    const auto mask   = [](Net &net, glia_value x, glia_value n) { return glia_model_mask(net.net, x, n, nullptr); };
    const auto length = [](Net &net, glia_value x, glia_value) { return glia_model_lengths(net.net, x, nullptr); };
    refuses(rnn, kSample, GLIA_SHAPE(1), "layer 'gru': lengths is [1], must be []: one number for each sample");
    refuses(mask, kSample, GLIA_SHAPE(4), "layer 'mask': lengths is [4], must be []: one number for each sample");
    refuses(pool, kSample, GLIA_SHAPE(1),
            "layer 'global_max_pool1d': lengths is [1], must be []: one number for each sample");
    refuses(mask, GLIA_SCALAR, GLIA_SCALAR, "layer 'mask': x is [], must be [T,...]");
    refuses(length, GLIA_SCALAR, GLIA_SCALAR, "layer 'lengths': x is [], must be [T,...]");
}

// What belongs to one of them, the others do not have.
template <class Args>
concept HasRelu = requires(Args args) { args.relu; };
template <class Args>
concept HasResetBefore = requires(Args args) { args.reset_before; };
template <class Args>
concept HasProjection = requires(Args args) { args.projection; };
template <class Args>
concept HasPeephole = requires(Args args) { args.peephole; };
template <class Args>
concept HasCellClip = requires(Args args) { args.cell_clip; };
static_assert(HasRelu<glia_rnn_args> && !HasRelu<glia_lstm_args> && !HasRelu<glia_gru_args>);
static_assert(HasResetBefore<glia_gru_args> && !HasResetBefore<glia_rnn_args> && !HasResetBefore<glia_lstm_args>);
static_assert(HasProjection<glia_lstm_args> && !HasProjection<glia_rnn_args> && !HasProjection<glia_gru_args>);
static_assert(HasPeephole<glia_lstm_args> && !HasPeephole<glia_rnn_args> && !HasPeephole<glia_gru_args>);
static_assert(HasCellClip<glia_lstm_args> && !HasCellClip<glia_rnn_args> && !HasCellClip<glia_gru_args>);

TEST(RecurrentArgs, that_are_wrong_are_refused_with_their_values) {
    const auto refuses = [](glia_lstm_args args, const std::string &text, glia_shape shape = kSample) {
        Net net;
        args.name          = "memory";
        const glia_value y = glia_model_lstm(net.net, glia_model_input(net.net, "x", shape), &args);
        EXPECT_LT(y.id, 0) << text;
        EXPECT_NE(glia_model_compile(net.net, y, nullptr), GLIA_OK);
        EXPECT_NE(net.message().find(text), std::string::npos) << net.message() << "\nlacks: " << text;
        EXPECT_NE(net.message().find("layer 'memory'"), std::string::npos) << net.message();
    };
    refuses({.units = 0}, "units is 0, must be positive");
    refuses({.units = -3}, "units is -3");
    refuses({.units = 4, .layers = -1}, "layers is -1, must be 1 to 64");
    refuses({.units = 4, .layers = 65}, "layers is 65");
    refuses({.units = 4, .layers = 2, .dropout = 1}, "dropout is 1, must be from 0 to below 1");
    refuses({.units = 4, .layers = 2, .dropout = NAN}, "dropout is nan");
    refuses({.units = 4, .dropout = 0.5}, "dropout is 0.5, but it lies between layers, and there is one");
    refuses({.units = 4, .direction = glia_rnn_direction(7)}, "invalid direction 7");
    refuses({.units = 4, .stateful_batch = -1}, "stateful_batch is -1");
    refuses({.units = 4, .projection = -2}, "projection is -2, must not be negative");
    refuses({.units = 4, .cell_clip = NAN}, "cell_clip is nan");
    refuses({.units = 4, .cell_clip = -1}, "cell_clip is -1");
    refuses({.units = 4}, "x is [12], must be [T,I]: steps of inputs", GLIA_SHAPE(12));
    refuses({.units = INT32_MAX}, "memory");
}

}  // namespace
