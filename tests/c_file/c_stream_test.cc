// Recurrent layers, embeddings and streams as C files.
#include <cmath>

#include "c_file/exported.h"

namespace {

using namespace glia;

constexpr int kSteps = 17, kFeatures = 3;

struct Case {
    const char *name;
    Layers layers;
    bool streams = true;
};

template <class Args>
Args recurrent(int units, int layers = 1) {
    Args args{};
    args.units = units, args.layers = layers, args.sequence = true;
    return args;
}

glia_value dense(glia_model *net, glia_value x, int units, glia_activation activation = GLIA_LINEAR) {
    return glia_model_dense(net, x, with(glia_dense_args{.units = units, .activation = activation}));
}

glia_value causal(glia_model *net, glia_value x, int filters, int kernel, int dilation, int groups) {
    glia_conv1d_args args{};
    args.filters = filters, args.kernel = kernel, args.dilation = dilation, args.groups = groups;
    args.pad = dilation * (kernel - 1), args.pad_end = GLIA_NO_PAD, args.activation = GLIA_TANH;
    args.steps_first = true;
    return glia_model_conv1d(net, x, &args);
}

glia_value relu(glia_model *net, glia_value x) {
    return glia_model_activation(net, x, with(glia_activation_args{nullptr, GLIA_RELU, {}, {}}));
}

const std::vector<Case> &cases() {
    static const std::vector<Case> all = {
        {"rnn, tanh", [](auto *net, auto x) { return glia_model_rnn(net, x, with(recurrent<glia_rnn_args>(5))); }},
        {"rnn, relu",
         [](auto *net, auto x) {
             auto args = recurrent<glia_rnn_args>(6, 2);
             args.relu = true;
             return glia_model_rnn(net, x, &args);
         }},
        {"lstm",
         [](auto *net, auto x) { return dense(net, glia_model_lstm(net, x, with(recurrent<glia_lstm_args>(9))), 2); }},
        {"lstm, no bias",
         [](auto *net, auto x) {
             auto args    = recurrent<glia_lstm_args>(4);
             args.no_bias = true;
             return glia_model_lstm(net, x, &args);
         }},
        {"lstm, projection, peepholes, clip",
         [](auto *net, auto x) {
             auto args       = recurrent<glia_lstm_args>(7);
             args.projection = 4, args.peephole = true, args.cell_clip = 0.3;
             return glia_model_lstm(net, x, &args);
         }},
        {"gru",
         [](auto *net, auto x) { return dense(net, glia_model_gru(net, x, with(recurrent<glia_gru_args>(8))), 1); }},
        {"gru, reset before",
         [](auto *net, auto x) {
             auto args         = recurrent<glia_gru_args>(6, 2);
             args.reset_before = true;
             return glia_model_gru(net, x, &args);
         }},
        {"stateful gru",
         [](auto *net, auto x) {
             auto args           = recurrent<glia_gru_args>(4);
             args.stateful_batch = 1;
             return glia_model_gru(net, x, &args);
         }},
        {"causal convolutions", [](auto *net, auto x) { return causal(net, causal(net, x, 6, 3, 2, 1), 4, 4, 1, 2); }},
        {"all kinds",
         [](auto *net, auto x) {
             glia_value y            = glia_model_layernorm(net, causal(net, x, 8, 3, 2, 1), nullptr);
             y                       = glia_model_lstm(net, y, with(recurrent<glia_lstm_args>(8)));
             y                       = glia_model_add(net, y, dense(net, x, 8, GLIA_SILU), nullptr);
             const glia_value both[] = {y, x};
             y = glia_model_concat(net, both, 2, with(glia_concat_args{.name = nullptr, .axis = 1}));
             y = glia_model_dropout(net, y, with(glia_dropout_args{.name = nullptr, .p = 0.5}));
             return glia_model_softmax(net, dense(net, y, 4), nullptr);
         }},
        {"both directions",
         [](auto *net, auto x) {
             auto args      = recurrent<glia_lstm_args>(5, 2);
             args.direction = GLIA_RNN_BOTH;
             return glia_model_lstm(net, x, &args);
         },
         false},
        {"the last states of both directions",
         [](auto *net, auto x) {
             auto args      = recurrent<glia_gru_args>(5);
             args.direction = GLIA_RNN_BOTH, args.sequence = false;
             return dense(net, glia_model_gru(net, x, &args), 3);
         },
         false},
        {"backwards",
         [](auto *net, auto x) {
             auto args      = recurrent<glia_gru_args>(5);
             args.direction = GLIA_RNN_REVERSE;
             return glia_model_gru(net, x, &args);
         },
         false},
    };
    return all;
}

TEST(CStream, SequencesAndStreamsArePredictions) {
    for (const Case &c : cases()) {
        SCOPED_TRACE(c.name);
        PredictNet n(GLIA_SHAPE(kSteps, kFeatures), c.layers);
        const Values x    = numbers(kSteps * kFeatures);
        glia_predictor *p = nullptr;
        ASSERT_EQ(glia_predictor_create(n.net, nullptr, &p), GLIA_OK) << n.message();
        const size_t outputs = glia_predictor_output_bytes(p, 0) / sizeof(float);
        glia_predictor_destroy(p);
        const Values want = n.predict(x, 1, outputs);
        Exported whole(n.net);
        whole.compile();
        expect_same(whole.run(x, 1, outputs), want);
        expect_same(whole.run(x, 1, outputs), want); /* each sample begins with zeros */
        if (!c.streams) continue;
        Exported stream(n.net, {.prefix = nullptr, .streaming = true, .time_axis = 0});
        stream.compile();
        expect_same(stream.stream(x, kSteps, outputs, kSteps), want);
        EXPECT_EQ(stream.stream(x, kSteps, outputs, 3), stream.stream(x, kSteps, outputs, kSteps));
        EXPECT_EQ(stream.info.state % 4, 0u);
        if (testing::Test::HasFailure()) std::fputs(stream.text().c_str(), stderr);
        ASSERT_FALSE(testing::Test::HasFailure());
    }
}

TEST(CStream, ChannelsMayBeFirst) {
    PredictNet n(GLIA_SHAPE(kFeatures, kSteps), [](auto *net, auto x) {
        glia_conv1d_args args{};
        args.filters = 4, args.kernel = 3, args.pad = 2, args.pad_end = GLIA_NO_PAD;
        return relu(net, glia_model_batchnorm(net, glia_model_conv1d(net, x, &args), nullptr));
    });
    const Values x = numbers(kSteps * kFeatures);
    Values steps(x.size());
    for (size_t i = 0; i < x.size(); ++i) steps[i % kSteps * kFeatures + i / kSteps] = x[i];
    Exported stream(n.net, {.prefix = nullptr, .streaming = true, .time_axis = -1});
    EXPECT_NE(stream.text().find("(size_t)t * "), std::string::npos) << "t times its size may be beyond 2^31";
    stream.compile();
    const Values y = stream.stream(steps, kSteps, 4 * kSteps, 5), want = n.predict(x, 1, 4 * kSteps);
    Values turned(y.size());
    for (size_t i = 0; i < y.size(); ++i) turned[i % 4 * kSteps + i / 4] = y[i];
    expect_same(turned, want);
}

// Tokens in, which may be out of range, and two outputs.
struct Tokens {
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;
    glia_value states{}, logits{};

    explicit Tokens(glia_dtype dtype) {
        EXPECT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        const glia_value x = glia_model_index_input(net, "tokens", dtype, GLIA_SHAPE(6));
        glia_embedding_args table{};
        table.count = 10, table.size = 4;
        states = glia_model_gru(net, glia_model_embedding(net, x, &table), with(recurrent<glia_gru_args>(5)));
        logits = dense(net, states, 3);
        EXPECT_EQ(glia_model_output(net, states, nullptr), GLIA_OK) << glia_message(ctx);
        EXPECT_EQ(glia_model_output(net, logits, nullptr), GLIA_OK) << glia_message(ctx);
        EXPECT_EQ(glia_model_compile(net, {}, nullptr), GLIA_OK) << glia_message(ctx);
    }
    ~Tokens() {
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    void predict(const void *tokens, Values *h, Values *y) const {
        glia_predictor *p = nullptr;
        ASSERT_EQ(glia_predictor_create(net, nullptr, &p), GLIA_OK) << glia_message(ctx);
        const void *in[] = {tokens};
        void *out[]      = {h->data(), y->data()};
        EXPECT_EQ(glia_predictor_run(p, 1, in, out), GLIA_OK);
        glia_predictor_destroy(p);
    }
};

template <class Index>
void expect_tokens(glia_dtype dtype) {
    const Tokens n(dtype);
    Exported file(n.net, {.prefix = "words", .streaming = false, .time_axis = 0});
    file.compile();
    auto *run = file.find<int(const Index *, float *, float *)>("run");
    ASSERT_TRUE(run) << file.text();
    const Index good[] = {0, 9, -1, -10, 3, 3};
    Values h(6 * 5), y(6 * 3), want_h(h.size()), want_y(y.size());
    EXPECT_EQ(run(good, h.data(), y.data()), 0);
    n.predict(good, &want_h, &want_y);
    expect_same(h, want_h);
    expect_same(y, want_y);
    for (const Index bad :
         {Index(10), Index(-11), std::numeric_limits<Index>::max(), std::numeric_limits<Index>::min()}) {
        const Index tokens[] = {0, 1, 2, bad, 4, 5};
        EXPECT_EQ(run(tokens, h.data(), y.data()), 1) << bad;
    }
}

TEST(CStream, TokensAreCheckedAndOutputsAreInOrder) {
    expect_tokens<int32_t>(GLIA_I32);
    expect_tokens<int64_t>(GLIA_I64);
}

TEST(CStream, TokensMayComeOneByOne) {
    const Tokens n(GLIA_I32);
    Exported file(n.net, {.prefix = nullptr, .streaming = true, .time_axis = 0});
    file.compile();
    auto *init = file.find<void(void *)>("init");
    auto *step = file.find<int(void *, const int32_t *, float *, float *)>("step");
    ASSERT_TRUE(init && step);
    const int32_t tokens[] = {0, 9, -1, -10, 3, 3}, bad = 10;
    Values h(6 * 5), y(6 * 3), want_h(h.size()), want_y(y.size()), state(file.info.state / sizeof(float));
    init(state.data());
    for (size_t t = 0; t < 6; ++t) EXPECT_EQ(step(state.data(), tokens + t, &h[5 * t], &y[3 * t]), 0);
    n.predict(tokens, &want_h, &want_y);
    expect_same(h, want_h);
    expect_same(y, want_y);
    EXPECT_EQ(step(state.data(), &bad, h.data(), y.data()), 1);
}

}  // namespace
