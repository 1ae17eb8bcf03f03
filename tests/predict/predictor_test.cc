// Predictors against glia_model_predict, streams in pieces against the whole sequence, and what a user gets wrong.
#include <cmath>
#include <cstring>

#include <algorithm>

extern "C" {
#include "core/dtype.h"
#include "cpu/native/linear/gemv.h"
#include "cpu/native/rnn/rnn_step.h"
}
#include "predict/predict_net.h"
#include "support/counting.h"

namespace {

using namespace glia;

constexpr int kSteps = 29, kFeatures = 3;

struct Case {
    const char *name;
    Layers layers;
    bool channels_first = false;  // x is [C,L]
};

glia_value conv(glia_model *net, glia_value x, int filters, int kernel, int dilation, int groups, bool steps_first,
                glia_activation activation = GLIA_TANH) {
    glia_conv1d_args args{};
    args.filters = filters, args.kernel = kernel, args.dilation = dilation, args.groups = groups;
    args.pad = dilation * (kernel - 1), args.pad_end = GLIA_NO_PAD, args.activation = activation;
    args.steps_first = steps_first;
    return glia_model_conv1d(net, x, &args);
}

glia_value dense(glia_model *net, glia_value x, int units, glia_activation activation = GLIA_LINEAR) {
    return glia_model_dense(net, x, with(glia_dense_args{.units = units, .activation = activation}));
}

template <class Args>
Args recurrent(int units, int layers = 1) {
    Args args{};
    args.units = units, args.layers = layers, args.sequence = true;
    return args;
}

const std::vector<Case> &streams() {
    static const std::vector<Case> all = {
        {"dense", [](auto *net, auto x) { return dense(net, dense(net, x, 70, GLIA_RELU), 5, GLIA_SIGMOID); }},
        {"rnn tanh", [](auto *net, auto x) { return glia_model_rnn(net, x, with(recurrent<glia_rnn_args>(9))); }},
        {"rnn relu",
         [](auto *net, auto x) {
             auto args = recurrent<glia_rnn_args>(9);
             args.relu = true;
             return glia_model_rnn(net, x, &args);
         }},
        {"lstm",
         [](auto *net, auto x) { return dense(net, glia_model_lstm(net, x, with(recurrent<glia_lstm_args>(16))), 1); }},
        {"lstm, two layers, no bias",
         [](auto *net, auto x) {
             auto args    = recurrent<glia_lstm_args>(33, 2);
             args.no_bias = true;
             return dense(net, glia_model_lstm(net, x, &args), 2);
         }},
        {"lstm, projection, peepholes, clip",
         [](auto *net, auto x) {
             auto args       = recurrent<glia_lstm_args>(12);
             args.projection = 5, args.peephole = true, args.cell_clip = 0.4;
             return glia_model_lstm(net, x, &args);
         }},
        {"gru",
         [](auto *net, auto x) { return dense(net, glia_model_gru(net, x, with(recurrent<glia_gru_args>(20))), 1); }},
        {"gru, reset before",
         [](auto *net, auto x) {
             auto args         = recurrent<glia_gru_args>(20, 2);
             args.reset_before = true;
             return glia_model_gru(net, x, &args);
         }},
        {"stateful gru",
         [](auto *net, auto x) {
             auto args           = recurrent<glia_gru_args>(8);
             args.stateful_batch = 1;
             return glia_model_gru(net, x, &args);
         }},
        {"conv1d", [](auto *net, auto x) { return conv(net, x, 8, 4, 1, 1, true); }},
        {"conv1d, dilation, groups",
         [](auto *net, auto x) {
             x = conv(net, x, 34, 3, 2, 1, true);
             x = conv(net, x, 6, 3, 4, 2, true, GLIA_RELU);
             return conv(net, x, 2, 1, 1, 1, true, GLIA_LINEAR);
         }},
        {"conv1d [C,L]",
         [](auto *net, auto x) { return conv(net, conv(net, x, 12, 3, 1, 1, false), 4, 2, 5, 4, false, GLIA_GELU); },
         true},
        {"activations",
         [](auto *net, auto x) {
             for (const glia_activation a : {GLIA_SOFTPLUS, GLIA_ELU, GLIA_HARD_SIGMOID, GLIA_LEAKY_RELU, GLIA_SELU,
                                             GLIA_HARD_SWISH, GLIA_SOFTSIGN, GLIA_GELU_TANH, GLIA_LOG_SOFTMAX})
                 x = dense(net, x, 7, a);
             return conv(net, x, 3, 3, 1, 1, true, GLIA_SOFTPLUS);
         }},
        {"all kinds",
         [](auto *net, auto x) {
             glia_value y = conv(net, x, 8, 3, 2, 1, true);
             y            = glia_model_layernorm(net, y, nullptr);
             y            = glia_model_lstm(net, y, with(recurrent<glia_lstm_args>(8)));
             y            = glia_model_add(net, y, dense(net, x, 8, GLIA_SILU), nullptr);
             y            = glia_model_gru(net, y, with(recurrent<glia_gru_args>(8)));
             y            = glia_model_concat(net, with(std::array<glia_value, 2>{y, x})->data(), 2,
                                              with(glia_concat_args{.axis = 1}));
             y            = glia_model_dropout(net, y, with(glia_dropout_args{.p = 0.5}));
             return glia_model_softmax(net, dense(net, y, 4), nullptr);
         }},
    };
    return all;
}

PredictNet net_of(const Case &c, glia_dtype dtype = GLIA_F32) {
    return PredictNet(c.channels_first ? GLIA_SHAPE(kFeatures, kSteps) : GLIA_SHAPE(kSteps, kFeatures), c.layers,
                      dtype);
}

Values transposed(const Values &x, size_t rows) {
    Values y(x.size());
    const size_t columns = x.size() / rows;
    for (size_t i = 0; i < x.size(); ++i) y[i % columns * rows + i / columns] = x[i];
    return y;
}

void expect_near(const Values &got, const Values &expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i)
        EXPECT_NEAR(got[i], expected[i], 2e-6 * std::max(1.0f, std::abs(expected[i]))) << i;
}

TEST(Predictor, StreamsAreThePredictionsOfTheWholeSequence) {
    for (const Case &c : streams()) {
        SCOPED_TRACE(c.name);
        PredictNet n       = net_of(c);
        const Predictor p  = n.predictor(true, c.channels_first ? -1 : 0);
        const Values steps = numbers(kSteps * kFeatures);
        ASSERT_TRUE(p);
        ASSERT_EQ(glia_predictor_input_bytes(p.get(), 0), kFeatures * sizeof(float));
        const Values y = run_in_chunks(p.get(), steps, kSteps);
        if (c.channels_first)
            expect_near(transposed(y, kSteps), n.predict(transposed(steps, kSteps), 1, y.size()));
        else
            expect_near(y, n.predict(steps, 1, y.size()));
    }
}

// Infinite weights are not multiplied by the zeros before the first step.
TEST(Predictor, AnInfiniteWeightMeetsNoStepBeforeTheFirst) {
    for (const bool reset : {false, true}) {
        PredictNet n({2, {kSteps, kFeatures}},
                     [](auto *net, auto x) { return conv(net, x, 6, 3, 2, 3, true, GLIA_RELU); });
        Values w(6 * 3, 0.5f), bias{0.25f, -0.25f, 1, 2, 3, 4};
        w[0] = INFINITY, w[4] = -INFINITY; /* of the oldest and the middle step */
        ASSERT_EQ(glia_model_set(n.net, "conv1d.weight", w.data(), w.size() * sizeof(float)), GLIA_OK) << n.message();
        ASSERT_EQ(glia_model_set(n.net, "conv1d.bias", bias.data(), bias.size() * sizeof(float)), GLIA_OK);
        const Values x    = numbers(kSteps * kFeatures);
        const Predictor p = n.predictor(true);
        if (reset) {
            run_in_chunks(p.get(), numbers(5 * kFeatures), 5);
            ASSERT_EQ(glia_predictor_reset(p.get()), GLIA_OK);
        }
        const Values y = run_in_chunks(p.get(), x, 7), want = n.predict(x, 1, y.size());
        for (size_t i = 0; i < y.size(); ++i)
            EXPECT_TRUE(std::isinf(want[i]) ? y[i] == want[i] : std::abs(y[i] - want[i]) < 1e-5)
                << i << ": " << y[i] << ", not " << want[i];
        EXPECT_TRUE(std::isfinite(y[0])) << "the first step has no older ones";
    }
}

TEST(Predictor, TheStepsOfTheModelsInputDoNotMatter) {
    for (const Case &c : streams())
        for (const int64_t steps : {1, kFeatures, 8}) {
            SCOPED_TRACE(c.name + (" of " + std::to_string(steps)));
            PredictNet n = net_of(c),
                       m(c.channels_first ? GLIA_SHAPE(kFeatures, steps) : GLIA_SHAPE(steps, kFeatures), c.layers);
            const int axis    = c.channels_first ? -1 : 0;
            const Predictor p = n.predictor(true, axis), q = m.predictor(true, axis);
            const Values x = numbers(kSteps * kFeatures);
            ASSERT_TRUE(p && q);
            EXPECT_EQ(run_in_chunks(q.get(), x, kSteps), run_in_chunks(p.get(), x, kSteps));
        }
}

TEST(Predictor, StreamsInPiecesHaveTheBitsOfTheWhole) {
    for (const Case &c : streams()) {
        SCOPED_TRACE(c.name);
        PredictNet n          = net_of(c);
        const Predictor p     = n.predictor(true, c.channels_first ? -1 : 0),
                        other = n.predictor(true, c.channels_first ? -1 : 0);
        const Values x        = numbers(211 * kFeatures);
        ASSERT_TRUE(p && other);
        const Values all = run_in_chunks(p.get(), x, 211);
        for (const int64_t chunk : {1, 3, 7, 64}) {
            ASSERT_EQ(glia_predictor_reset(p.get()), GLIA_OK);
            EXPECT_EQ(run_in_chunks(p.get(), x, chunk), all) << chunk;
        }
        EXPECT_EQ(run_in_chunks(other.get(), x, 5), all) << "another predictor of the model";
        const bool remembers = run_in_chunks(other.get(), x, 5) != all;
        EXPECT_EQ(remembers, std::string(c.name) != "dense") << "without a reset the state carries over";
    }
}

TEST(Predictor, StatesAfterTheLastStepAreThoseAfterEach) {
    PredictNet n({2, {kSteps, kFeatures}}, [](auto *net, auto x) {
        auto args     = recurrent<glia_lstm_args>(7);
        args.sequence = false;
        return dense(net, glia_model_lstm(net, x, &args), 2);
    });
    const Predictor stream = n.predictor(true), whole = n.predictor(false);
    const Values x = numbers(kSteps * kFeatures);
    const Values y = run_in_chunks(stream.get(), x, kSteps), last(y.end() - 2, y.end());
    EXPECT_EQ(y.size(), 2u * kSteps);
    EXPECT_EQ(run_in_chunks(whole.get(), x, 1), last);
    expect_near(last, n.predict(x, 1, 2));
}

TEST(Predictor, ABatchOfStatesBeginsWithZeros) {
    PredictNet n({2, {kSteps, kFeatures}}, [](auto *net, auto x) {
        auto args           = recurrent<glia_lstm_args>(7);
        args.stateful_batch = 4;
        return glia_model_lstm(net, x, &args);
    });
    const Predictor p = n.predictor(true);
    const Values x    = numbers(kSteps * kFeatures);
    Values four;
    for (int i = 0; i < 4; ++i) four.insert(four.end(), x.begin(), x.end());
    ASSERT_EQ(glia_model_reset_states(n.net), GLIA_OK);
    Values expected = n.predict(four, 4, 4 * kSteps * 7);
    expected.resize(kSteps * 7);
    expect_near(run_in_chunks(p.get(), x, 2), expected);
}

TEST(Predictor, SamplesArePredictions) {
    PredictNet images({3, {1, 14, 14}}, [](auto *net, auto x) {
        x = glia_model_conv2d(net, x, with(glia_conv2d_args{.filters = 5, .kernel = {3, 3}, .activation = GLIA_RELU}));
        x = glia_model_batchnorm(net, x, nullptr);
        x = glia_model_max_pool2d(net, x, with(glia_max_pool2d_args{.kernel = {2, 2}}));
        return dense(net, dense(net, glia_model_flatten(net, x, nullptr), 19, GLIA_TANH), 10);
    });
    PredictNet sequences({2, {kSteps, kFeatures}}, [](auto *net, auto x) {
        auto args      = recurrent<glia_gru_args>(6, 2);
        args.direction = GLIA_RNN_BOTH, args.sequence = false;
        x = glia_model_conv1d(net, x, with(glia_conv1d_args{.filters = 4, .kernel = 3, .steps_first = true}));
        return dense(net, glia_model_gru(net, x, &args), 3);
    });
    for (auto [n, size, outputs] : {std::tuple{&images, 196, 10}, {&sequences, kSteps * kFeatures, 3}}) {
        const Predictor p = n->predictor(false);
        const Values x    = numbers(5 * size_t(size));
        ASSERT_TRUE(p);
        const Values y = run_in_chunks(p.get(), x, 5);
        expect_near(y, n->predict(x, 5, 5 * size_t(outputs)));
        EXPECT_EQ(run_in_chunks(p.get(), x, 1), y);
    }
}

// What a model of bf16 or f16 predicts, up to a few roundings that a sum in another order turns the other way; and
// every output is a number of the half, as the last layer rounds it.
void expect_halves(const Values &got, const Values &expected, glia_dtype dtype) {
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
        alignas(8) char half[8];
        gli_store(dtype, half, 0, got[i]);
        EXPECT_EQ(gli_load(dtype, half, 0), got[i]) << i;
        EXPECT_NEAR(got[i], expected[i], 6 * gli_dtype_epsilon(dtype) * std::max(1.0f, std::abs(expected[i]))) << i;
    }
}

glia_value image_layers(glia_model *net, glia_value x) {
    x = glia_model_conv2d(net, x, with(glia_conv2d_args{.filters = 5, .kernel = {3, 3}, .activation = GLIA_RELU}));
    x = glia_model_max_pool2d(net, glia_model_batchnorm(net, x, nullptr), with(glia_max_pool2d_args{.kernel = {2, 2}}));
    x = dense(net, glia_model_flatten(net, x, nullptr), 19, GLIA_TANH);
    x = glia_model_layernorm(net, glia_model_add(net, x, x, nullptr), nullptr);
    return dense(net, x, 10);
}

TEST(Predictor, OfHalvesRoundsAsTheModelDoes) {
    for (const glia_dtype dtype : {GLIA_BF16, GLIA_F16}) {
        for (const char *name :
             {"dense", "rnn tanh", "lstm", "lstm, projection, peepholes, clip", "gru", "gru, reset before", "conv1d",
              "conv1d, dilation, groups", "conv1d [C,L]", "activations"}) {
            SCOPED_TRACE(name);
            const Case &c = *std::find_if(streams().begin(), streams().end(),
                                          [&](const Case &s) { return std::string(s.name) == name; });
            PredictNet n = net_of(c, dtype), full = net_of(c);
            const int axis    = c.channels_first ? -1 : 0;
            const Predictor p = n.predictor(true, axis), f32 = full.predictor(true, axis);
            const Values steps = numbers(kSteps * kFeatures);
            ASSERT_TRUE(p && f32);
            ASSERT_EQ(glia_predictor_input_bytes(p.get(), 0), kFeatures * sizeof(float));
            const Values y = run_in_chunks(p.get(), steps, kSteps);
            EXPECT_NE(y, run_in_chunks(f32.get(), steps, kSteps));
            if (c.channels_first)
                expect_halves(transposed(y, kSteps), n.predict(transposed(steps, kSteps), 1, y.size()), dtype);
            else
                expect_halves(y, n.predict(steps, 1, y.size()), dtype);
            ASSERT_EQ(glia_predictor_reset(p.get()), GLIA_OK);
            EXPECT_EQ(run_in_chunks(p.get(), steps, 3), y);
        }
        PredictNet n({3, {1, 14, 14}}, image_layers, dtype);
        const Predictor p = n.predictor(false);
        const Values x    = numbers(5 * 14 * 14);
        ASSERT_TRUE(p);
        expect_halves(run_in_chunks(p.get(), x, 5), n.predict(x, 5, 50), dtype);
        // The predictor is made of the f32 weights of this moment, though no step has converted them yet.
        const Values bias(10, 3);
        ASSERT_EQ(glia_model_set(n.net, "dense_1.bias", bias.data(), bias.size() * sizeof(float)), GLIA_OK)
            << n.message();
        const Predictor q = n.predictor(false);
        expect_halves(run_in_chunks(q.get(), x, 5), n.predict(x, 5, 50), dtype);
    }
}

glia_value conv2d(glia_model *net, glia_value x, int filters, std::array<int, 2> kernel, int pad = 0, int dilation = 1,
                  glia_activation activation = GLIA_LINEAR) {
    glia_conv2d_args args{};
    args.filters = filters, args.activation = activation;
    for (int d = 0; d < 2; ++d) args.kernel[d] = kernel[d], args.pad[d] = pad, args.dilation[d] = dilation;
    return glia_model_conv2d(net, x, &args);
}

glia_value pool2(glia_model *net, glia_value x) {
    return glia_model_max_pool2d(net, x, with(glia_max_pool2d_args{.kernel = {2, 2}}));
}

// Images wider than a tile of pixels and narrower than a vector; as many filters as a tile has, fewer and more.
TEST(Predictor, ImagesArePredictions) {
    const std::vector<Layers> models = {
        [](auto *net, auto x) { return conv2d(net, x, 1, {1, 1}); },
        [](auto *net, auto x) { return conv2d(net, conv2d(net, x, 8, {3, 3}, 1), 17, {2, 4}, 0, 1, GLIA_RELU); },
        [](auto *net, auto x) { return conv2d(net, x, 9, {3, 2}, 3, 2, GLIA_TANH); },
        [](auto *net, auto x) { return conv2d(net, x, 4, {2, 7}); },  // of the smallest image, as wide as that
        [](auto *net, auto x) { return pool2(net, conv2d(net, x, 12, {3, 3}, 0, 1, GLIA_SIGMOID)); },
        [](auto *net, auto x) { return pool2(net, pool2(net, x)); },
        [](auto *net, auto x) { return pool2(net, conv2d(net, x, 12, {3, 3}, 0, 1, GLIA_RELU)); },
        [](auto *net, auto x) {  // relu of what no convolution made, and of what has an activation
            const glia_activation_args relu{.kind = GLIA_RELU};
            const glia_value y = pool2(net, glia_model_activation(net, x, &relu));
            return pool2(net, glia_model_activation(net, conv2d(net, y, 3, {1, 1}, 0, 1, GLIA_TANH), &relu));
        },
        [](auto *net, auto x) {  // a result that is pooled, and more
            const glia_value y = conv2d(net, x, 5, {2, 2}, 0, 1, GLIA_RELU);
            const glia_value z = dense(net, glia_model_flatten(net, pool2(net, y), nullptr), 3);
            return glia_model_add(net, z, dense(net, glia_model_flatten(net, y, nullptr), 3), nullptr);
        },
        [](auto *net, auto x) { return dense(net, glia_model_flatten(net, conv2d(net, x, 40, {3, 3}), nullptr), 70); },
        [](auto *net, auto x) {  // by minimal filtering, with a bias and a rest of filters
            return conv2d(net, conv2d(net, x, 16, {2, 1}, 2), 27, {3, 3}, 1, 1, GLIA_RELU);
        },
        [](auto *net, auto x) { return pool2(net, conv2d(net, conv2d(net, x, 17, {1, 1}, 3), 16, {3, 3})); },
    };
    for (const auto &[rows, columns] : {std::pair{9, 7}, {8, 70}, {21, 24}})
        for (const Layers &layers : models) {
            SCOPED_TRACE(std::to_string(&layers - models.data()) + " of " + std::to_string(columns) + " columns");
            PredictNet n({3, {2, rows, columns}}, layers);
            const Predictor p = n.predictor(false);
            const Values x    = numbers(size_t(3 * 2 * rows * columns));
            ASSERT_TRUE(p);
            const Values y = run_in_chunks(p.get(), x, 3);
            expect_near(y, n.predict(x, 3, y.size()));
            EXPECT_EQ(run_in_chunks(p.get(), x, 1), y);
        }
}

// The padded image has 2^32 rows and as many columns, of which the taps read a few.
TEST(Predictor, PadsOfAnySizeAreZeros) {
    PredictNet n({3, {1, 4, 4}}, [](auto *net, auto x) {
        glia_conv2d_args args{.filters = 2, .kernel = {3, 3}};
        for (int d = 0; d < 2; ++d) args.dilation[d] = args.pad[d] = INT32_MAX, args.pad_end[d] = INT32_MAX - 2;
        return glia_model_conv2d(net, x, &args);
    });
    const Predictor p = n.predictor(false);
    const Values x    = numbers(4 * 4);
    ASSERT_TRUE(p);
    expect_near(run_in_chunks(p.get(), x, 1), n.predict(x, 1, 2 * 2 * 2));
}

// Minimal filtering would spread them over tiles; the next image is not affected.
TEST(Predictor, InfinityAndNanReachTheirNeighboursAlone) {
    const Layers plain = [](auto *net, auto x) { return conv2d(net, conv2d(net, x, 16, {1, 1}), 16, {3, 3}, 1); };
    for (const Layers &layers : {plain, Layers([&](auto *net, auto x) { return pool2(net, plain(net, x)); })})
        for (const float odd : {INFINITY, NAN}) {
            PredictNet n({3, {1, 14, 14}}, layers);
            const Predictor p    = n.predictor(false);
            const Values x       = numbers(14 * 14);
            Values with_odd      = x;
            with_odd[3 * 14 + 5] = odd;
            ASSERT_TRUE(p);
            const Values before = run_in_chunks(p.get(), x, 1), y = run_in_chunks(p.get(), with_odd, 1);
            const Values expected = n.predict(with_odd, 1, y.size());
            for (size_t i = 0; i < y.size(); ++i)
                if (std::isfinite(expected[i]))
                    EXPECT_NEAR(y[i], expected[i], 1e-5) << i;
                else
                    EXPECT_TRUE(y[i] == expected[i] || (std::isnan(y[i]) && std::isnan(expected[i]))) << i;
            EXPECT_EQ(run_in_chunks(p.get(), x, 1), before);
        }
}

glia_value parameter(glia_model *net, const char *name, glia_shape shape) {
    return glia_model_parameter(net, name, shape, with(glia_parameter_args{.init = {GLIA_INIT_UNIFORM, -1, 1}}));
}

glia_value negated(glia_model *net, glia_value x) {
    return glia_model_op(net, "unary", with(glia_unary_params{.kind = GLIA_UNARY_NEG}), &x, 1, nullptr, 0);
}

TEST(Predictor, WeightsMayBeAnyInputOfAnOp) {
    const std::vector<Layers> models = {
        [](auto *net, auto x) {  // a bias that is computed
            const glia_value in[] = {x, parameter(net, "w", {2, {5, kFeatures}}),
                                     negated(net, parameter(net, "b", {1, {5}}))};
            return glia_model_op(net, "dense", nullptr, in, 3, nullptr, 0);
        },
        [](auto *net, auto x) {  // rows that are weights
            const glia_value in[] = {parameter(net, "rows", {2, {1, 40}}), parameter(net, "w", {2, {kFeatures, 40}})};
            return glia_model_add(net, x, glia_model_op(net, "dense", nullptr, in, 2, nullptr, 0), nullptr);
        },
        [](auto *net, auto x) {  // a sequence of weights
            glia_value in[6] = {};
            in[0]            = parameter(net, "rows", {3, {4, 1, 40}});
            in[4]            = parameter(net, "w_ih", {2, {4 * kFeatures, 40}});
            in[5]            = parameter(net, "w_hh", {2, {4 * kFeatures, kFeatures}});
            glia_value y     = glia_model_op(
                net, "rnn", with(glia_rnn_params{.cell = GLIA_RNN_LSTM, .cell_clip = INFINITY}), in, 6, nullptr, 0);
            y = glia_model_op(net, "reduce", with(glia_reduce_params{.axes = GLIA_AXIS(0) | GLIA_AXIS(1)}), &y, 1,
                              nullptr, 0);
            return glia_model_add(net, x, y, nullptr);
        },
    };
    for (const Layers &layers : models)
        for (const bool streaming : {false, true}) {
            PredictNet n({2, {kSteps, kFeatures}}, layers);
            const Predictor p = n.predictor(streaming);
            const Values x    = numbers(kSteps * kFeatures);
            ASSERT_TRUE(p);
            const Values y = run_in_chunks(p.get(), x, kSteps);
            expect_near(y, n.predict(x, 1, y.size()));
        }
}

TEST(Predictor, OpsOfTheUsersOwnKeepDenormalNumbers) {
    static const glia_custom_op op{.name = "twice", .n_in = 1, .n_out = 1, .forward = [](glia_custom_call *call) {
                                       const auto *x = static_cast<const float *>(glia_tensor_data(call->in[0]));
                                       static_cast<float *>(glia_tensor_data(call->out[0]))[0] = x[0] * 2;
                                       return GLIA_OK;
                                   }};
    PredictNet n({1, {1}}, [](auto *net, auto x) {
        return glia_model_custom(net, with(glia_custom_params{.op = &op}), &x, 1, nullptr, 0);
    });
    const Predictor p = n.predictor(false);
    ASSERT_TRUE(p);
    EXPECT_EQ(run_in_chunks(p.get(), {1e-40f}, 1), Values{2 * 1e-40f});
}

TEST(Predictor, LayersMayReadWeights) {
    const Layers dense_of = [](auto *net, auto) {
        return dense(net, glia_model_parameter(net, "p", {2, {kSteps, kFeatures}}, nullptr), kFeatures, GLIA_TANH);
    };
    const Layers lstm_of = [](auto *net, auto) {
        const glia_value p = glia_model_parameter(net, "p", {3, {1, kSteps, kFeatures}}, nullptr);
        return glia_model_lstm(net, p, with(glia_lstm_args{.units = kFeatures, .sequence = true}));
    };
    for (const Layers &layers : {dense_of, lstm_of}) {
        PredictNet n({2, {kSteps, kFeatures}},
                     [&](auto *net, auto x) { return glia_model_add(net, x, layers(net, x), nullptr); });
        const Predictor p = n.predictor(false);
        const Values x    = numbers(kSteps * kFeatures);
        ASSERT_TRUE(p);
        expect_near(run_in_chunks(p.get(), x, 1), n.predict(x, 1, x.size()));
    }
}

TEST(Predictor, OutlivesTheModelAndDoesNotSeeItsTraining) {
    auto n = std::make_unique<PredictNet>(glia_shape{1, {4}}, [](auto *net, auto x) { return dense(net, x, 2); });
    const Values x    = {1, -2, 3, 0.5f}, zeros(8);
    const Predictor p = n->predictor(false);
    const Values y    = run_in_chunks(p.get(), x, 1);
    ASSERT_EQ(glia_model_set(n->net, "dense.weight", zeros.data(), sizeof(float) * 8), GLIA_OK);
    EXPECT_EQ(run_in_chunks(p.get(), x, 1), y);
    EXPECT_NE(run_in_chunks(n->predictor(false).get(), x, 1), y);
    n.reset();
    EXPECT_EQ(run_in_chunks(p.get(), x, 1), y);
}

TEST(Predictor, WorksInPlace) {
    PredictNet n({2, {kSteps, kFeatures}}, [](auto *net, auto x) { return dense(net, x, kFeatures); });
    const Predictor p = n.predictor(true);
    Values x          = numbers(kSteps * kFeatures);
    const Values y    = run_in_chunks(p.get(), x, kSteps);
    const void *in[]  = {x.data()};
    void *out[]       = {x.data()};
    ASSERT_EQ(glia_predictor_run(p.get(), kSteps, in, out), GLIA_OK);
    EXPECT_EQ(x, y);
}

// ---- errors ----

void expect_refused(const Layers &layers, const char *what, glia_status status = GLIA_UNSUPPORTED) {
    PredictNet n({2, {kSteps, kFeatures}}, layers);
    glia_predictor *p = nullptr;
    EXPECT_EQ(glia_predictor_create(n.net, with(glia_predictor_args{.streaming = true}), &p), status);
    EXPECT_EQ(p, nullptr);
    EXPECT_NE(n.message().find(what), std::string::npos) << n.message() << "\nhas no\n" << what;
}

TEST(Predictor, LayersThatReadSeveralStepsAreRefusedByName) {
    expect_refused(
        [](auto *net, auto x) { return dense(net, glia_model_flatten(net, x, with(glia_layer_args{"flat"})), 2); },
        "layer 'flat': reshape reads several steps");
    expect_refused(
        [](auto *net, auto x) {
            auto args      = recurrent<glia_lstm_args>(4);
            args.name      = "back and forth";
            args.direction = GLIA_RNN_BOTH;
            return glia_model_lstm(net, x, &args);
        },
        "layer 'back and forth': rnn runs backwards");
    expect_refused(
        [](auto *net, auto x) {
            auto args      = recurrent<glia_gru_args>(4);
            args.direction = GLIA_RNN_REVERSE;
            return glia_model_gru(net, x, &args);
        },
        "layer 'gru': rnn runs backwards");
    expect_refused(
        [](auto *net, auto x) {
            return glia_model_conv1d(net, x,
                                     with(glia_conv1d_args{.filters = 2, .kernel = 3, .pad = 1, .steps_first = true}));
        },
        "layer 'conv1d': stride is 1, pad 1 and pad_end 1, must be 1, 2");
    expect_refused(
        [](auto *net, auto x) {
            return glia_model_max_pool1d(net, x, with(glia_max_pool1d_args{.kernel = 2, .steps_first = true}));
        },
        "layer 'max_pool1d'");
    expect_refused([](auto *net, auto x) { return glia_model_step(net, x, with(glia_step_args{.step = -1})); },
                   "layer 'step'");
    expect_refused([](auto *net, auto x) { return dense(net, glia_model_transpose(net, x, nullptr), 2); },
                   "layer 'dense'");
    expect_refused(
        [](auto *net, auto x) {
            return glia_model_add(net, x, glia_model_parameter(net, "w", {2, {kSteps, kFeatures}}, nullptr), nullptr);
        },
        "layer 'add'");
}

// [N,T,A,F] as N A sequences.
glia_value sequences_of(glia_model *net, glia_value x) {
    x = glia_model_op(net, "transpose", with(glia_transpose_params{.permutation = {0, 2, 1, 3}}), &x, 1, nullptr, 0);
    return glia_model_op(net, "reshape", with(glia_reshape_params{.shape = {3, {-1, kSteps, kFeatures}}}), &x, 1,
                         nullptr, 0);
}

TEST(Predictor, SeveralSequencesAtATimeAreRefused) {
    const std::pair<Layers, const char *> models[] = {
        {[](auto *net, auto x) { return glia_model_gru(net, x, with(recurrent<glia_gru_args>(kFeatures))); },
         "layer 'gru': rnn works on 2 sequences"},
        {[](auto *net, auto x) { return conv(net, x, kFeatures, 2, 1, 1, true); },
         "layer 'conv1d': conv2d works on 2 sequences"}};
    for (const auto &[layers, what] : models) {
        PredictNet n({3, {kSteps, 2, kFeatures}}, [&layers = layers](auto *net, auto x) {
            x = layers(net, sequences_of(net, x));
            return glia_model_op(net, "reshape", with(glia_reshape_params{.shape = {4, {-1, 2, kSteps, kFeatures}}}),
                                 &x, 1, nullptr, 0);
        });
        glia_predictor *p = nullptr;
        EXPECT_EQ(glia_predictor_create(n.net, with(glia_predictor_args{.streaming = true}), &p), GLIA_UNSUPPORTED);
        EXPECT_NE(n.message().find(what), std::string::npos) << n.message();
        glia_predictor_destroy(p);
    }
}

TEST(Predictor, ArgsThatAreWrongAreErrors) {
    PredictNet n({1, {3}}, [](auto *net, auto x) { return dense(net, x, 2); });
    glia_predictor *p  = nullptr;
    const auto refused = [&](glia_predictor_args args, glia_status status, const char *what) {
        EXPECT_EQ(glia_predictor_create(n.net, &args, &p), status);
        EXPECT_NE(n.message().find(what), std::string::npos) << n.message();
    };
    refused({true, 1}, GLIA_INVALID_ARGUMENT, "time_axis is 1");
    refused({false, -1}, GLIA_INVALID_ARGUMENT, "not streaming");
    refused({true, 0}, GLIA_UNSUPPORTED, "layer 'dense'");
    EXPECT_EQ(p, nullptr);
    glia_model_dropout(n.net, {1, n.net}, with(glia_dropout_args{.p = 0.5}));
    refused({}, GLIA_INVALID_ARGUMENT, "not compiled");

    PredictNet doubles({1, {3}}, [](auto *net, auto x) { return dense(net, x, 2); }, GLIA_F64);
    EXPECT_EQ(glia_predictor_create(doubles.net, nullptr, &p), GLIA_DTYPE_MISMATCH);
    EXPECT_NE(doubles.message().find("f64"), std::string::npos) << doubles.message();
}

TEST(Predictor, RunsThatAreWrongAreErrors) {
    PredictNet n({1, {3}}, [](auto *net, auto x) { return dense(net, x, 2); });
    const Predictor p = n.predictor(false);
    float x[3] = {}, y[2] = {};
    const void *in[] = {x}, *no_in[] = {nullptr};
    void *out[] = {y}, *no_out[] = {nullptr};
    const auto refused = [&](glia_status status, const char *what) {
        EXPECT_EQ(status, GLIA_INVALID_ARGUMENT);
        EXPECT_NE(std::string(glia_message(nullptr)).find(what), std::string::npos) << glia_message(nullptr);
    };
    refused(glia_predictor_run(nullptr, 1, in, out), "predictor is NULL");
    refused(glia_predictor_run(p.get(), -1, in, out), "count is -1");
    refused(glia_predictor_run(p.get(), 1, nullptr, out), "inputs is NULL");
    refused(glia_predictor_run(p.get(), 1, in, nullptr), "outputs is NULL");
    refused(glia_predictor_run(p.get(), 1, no_in, out), "inputs[0] is NULL");
    refused(glia_predictor_run(p.get(), 1, in, no_out), "outputs[0] is NULL");
    refused(glia_predictor_reset(nullptr), "predictor is NULL");
    EXPECT_EQ(glia_predictor_run(p.get(), 0, in, out), GLIA_OK);
    EXPECT_EQ(glia_predictor_input_bytes(p.get(), 1), 0u);
    EXPECT_EQ(glia_predictor_input_bytes(p.get(), -1), 0u);
    EXPECT_EQ(glia_predictor_output_bytes(p.get(), 1), 0u);
    glia_predictor_destroy(nullptr);
}

TEST(Predictor, AnIndexOutOfRangeIsAnErrorOfTheRun) {
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;
    glia_predictor *p = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
    ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    glia_value x = glia_model_index_input(net, "words", GLIA_I32, GLIA_SHAPE(kSteps));
    x            = glia_model_embedding(net, x, with(glia_embedding_args{.count = 5, .size = 4}));
    x            = glia_model_gru(net, x, with(recurrent<glia_gru_args>(4)));
    ASSERT_EQ(glia_model_compile(net, x, nullptr), GLIA_OK) << glia_message(ctx);
    ASSERT_EQ(glia_predictor_create(net, with(glia_predictor_args{.streaming = true}), &p), GLIA_OK)
        << glia_message(ctx);
    const int32_t words[] = {4, 0, 5};
    float y[12], expected[4 * kSteps];
    const int32_t padded[kSteps] = {4, 0};
    ASSERT_EQ(glia_model_predict_array(net, padded, sizeof padded, 1, expected, sizeof expected), GLIA_OK);
    const void *in[] = {words};
    void *out[]      = {y};
    EXPECT_EQ(glia_predictor_run(p, 3, in, out), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(std::string(glia_message(nullptr)).find("5"), std::string::npos) << glia_message(nullptr);
    expect_near(Values(y, y + 8), Values(expected, expected + 8));
    glia_predictor_destroy(p);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
}

TEST(Predictor, GivesAllMemoryBackAndFailsCleanlyWithoutIt) {
    CountingAllocator memory;
    {
        PredictNet n({2, {kSteps, kFeatures}}, streams().back().layers, GLIA_F32, memory.api());
        glia_predictor *p = nullptr;
        const size_t held = memory.held;
        for (long after = 0; !p; ++after) {
            memory.fail(CountingAllocator::Fails::once, after);
            const glia_status status = glia_predictor_create(n.net, with(glia_predictor_args{.streaming = true}), &p);
            ASSERT_TRUE(status == GLIA_OK || status == GLIA_OUT_OF_MEMORY) << n.message();
            ASSERT_TRUE(p || memory.held == held) << after << ": " << memory.held - held << " bytes";
            ASSERT_LT(after, 5000);
        }
        memory.fail(CountingAllocator::Fails::never, 0);
        glia_predictor_destroy(p);
        EXPECT_EQ(memory.held, held);
    }
    EXPECT_EQ(memory.held, 0u);
}

// ---- the products ----

TEST(Gemv, EveryKernelIsTheFormula) {
    for (int i = 0; const gli_gemv_kernel *kernel = gli_gemv_kernel_at(i); ++i)
        for (const int64_t rows : {1, 3, 4, 5, 16, 17, 64, 70, 131})
            for (const int64_t columns : {1, 2, 7, 15, 16, 33, 64, 100}) {
                SCOPED_TRACE(std::string(kernel->name) + " " + std::to_string(rows) + "x" + std::to_string(columns));
                gli_gemv gemv{kernel, rows, columns, nullptr};
                const Values w = numbers(size_t(rows * columns)), x = numbers(size_t(columns)),
                             bias = numbers(size_t(rows));
                Values packed(size_t(gli_gemv_packed(&gemv))), y(size_t(gli_gemv_outputs(&gemv)));
                gemv.packed = packed.data();
                for (const float *b : {bias.data(), static_cast<const float *>(nullptr)}) {
                    gli_gemv_pack(&gemv, w.data(), b);
                    gli_gemv_run(&gemv, x.data(), y.data());
                    for (int64_t r = 0; r < rows; ++r) {
                        double sum = b ? b[r] : 0;
                        for (int64_t k = 0; k < columns; ++k) sum += double(w[size_t(r * columns + k)]) * x[size_t(k)];
                        EXPECT_NEAR(y[size_t(r)], sum, 1e-7 * double(columns + 1)) << r;
                    }
                }
            }
}

// ---- the gates ----

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Gates from far below to far above, in which each kernel is compared with the formula; and NaN, which stays.
TEST(RnnStep, EveryKernelIsTheFormula) {
    constexpr int64_t kUnits = 4096;
    for (int i = 0; const gli_rnn_step_kernel *kernel = gli_rnn_step_kernel_at(i); ++i) {
        SCOPED_TRACE(kernel->name);
        const Values spread = numbers(4 * kUnits), recurrent = numbers(4 * kUnits);
        Values x(4 * kUnits), h = numbers(kUnits), c = numbers(kUnits), gru = h;
        const Values h0 = h, c0 = c;
        for (size_t k = 0; k < x.size(); ++k) x[k] = spread[k] * std::pow(10.0f, float(k % 9) - 5);
        kernel->lstm(kUnits, x.data(), recurrent.data(), h.data(), c.data());
        kernel->gru(kUnits, x.data(), recurrent.data(), gru.data());
        for (size_t k = 0; k < kUnits; ++k) {
            const auto at = [&](int gate, const Values &v) { return double(v[size_t(gate) * kUnits + k]); };
            const auto in = [&](int gate) {
                return double(x[size_t(gate) * kUnits + k] + recurrent[size_t(gate) * kUnits + k]);
            };
            const double next = sigmoid(in(1)) * c0[k] + sigmoid(in(0)) * std::tanh(in(2));
            EXPECT_NEAR(c[k], next, 4e-7) << k;
            EXPECT_NEAR(h[k], sigmoid(in(3)) * std::tanh(next), 5e-7) << k;
            const double z = sigmoid(in(1)), n = std::tanh(at(2, x) + sigmoid(in(0)) * at(2, recurrent));
            EXPECT_NEAR(gru[k], (1 - z) * n + z * h0[k], 5e-7) << k;
        }
        Values tanhs = x, sigmoids = x;
        kernel->tanh(4 * kUnits, tanhs.data());
        kernel->sigmoid(4 * kUnits, sigmoids.data());
        for (size_t k = 0; k < x.size(); ++k) {
            EXPECT_NEAR(tanhs[k], std::tanh(double(x[k])), 3e-7 * std::abs(std::tanh(double(x[k])))) << x[k];
            EXPECT_NEAR(sigmoids[k], sigmoid(x[k]), 2.5e-7 * sigmoid(x[k]) + 1e-37) << x[k];
        }
        x[3] = NAN;
        kernel->lstm(kUnits, x.data(), recurrent.data(), h.data(), c.data());
        EXPECT_TRUE(std::isnan(h[3]) && !std::isnan(h[2]) && !std::isnan(h[4]));
    }
}

}  // namespace
