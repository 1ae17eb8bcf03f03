// Layers for sequences, on every device: numbers worked out by hand, that padding counts for nothing, and small models
// that learn.
#include <cmath>
#include <cstring>

#include "support/devices.h"
#include "support/with.h"

namespace {

using namespace glia;

// Samples of floats and lengths of sequences, or of tokens, and what is to be learnt from them.
struct Field {
    glia_dtype dtype;
    glia_shape shape;
    std::vector<double> values;
};

class Network {
   public:
    explicit Network(const char *device, glia_dtype dtype = GLIA_F32) : computer(device), dtype_(dtype) {
        const glia_model_args args{dtype};
        EXPECT_EQ(computer.created, GLIA_OK) << computer.message();
        EXPECT_EQ(glia_model_create(computer.ctx, &args, &net), GLIA_OK) << computer.message();
        keep_(net, glia_model_destroy);
    }

    glia_dataset *data(const std::vector<Field> &inputs, const std::vector<Field> &targets, int64_t count) {
        std::vector<std::vector<char>> memory;
        std::vector<glia_array> arrays;
        for (const std::vector<Field> *fields : {&inputs, &targets})
            for (const Field &field : *fields) {
                memory.emplace_back(field.values.size() * glia_dtype_size(field.dtype));
                for (size_t i = 0; i < field.values.size(); ++i)
                    gli_store(field.dtype, memory.back().data(), int64_t(i), field.values[i]);
                arrays.push_back({nullptr, field.dtype, field.shape, memory.back().data(), 0, 0});
            }
        glia_arrays_args args{};
        args.inputs = arrays.data(), args.n_inputs = int(inputs.size()), args.count = count, args.copy = true;
        if (!targets.empty()) args.targets = arrays.data() + inputs.size(), args.n_targets = int(targets.size());
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(computer.ctx, &args, &out), GLIA_OK) << computer.message();
        return keep_(out, glia_dataset_destroy);
    }

    void compile(glia_value out, const glia_model_loss &loss = {}) {
        glia_compile_args args{};
        args.loss = loss, args.optimizer = glia_optimizer_adam(0.02);
        EXPECT_EQ(glia_model_compile(net, out, &args), GLIA_OK) << computer.message();
    }
    // What the compiled model makes of the samples, `size` numbers of each.
    std::vector<float> predict(glia_dataset *samples, size_t size) {
        std::vector<float> out(size_t(glia_dataset_count(samples)) * size);
        EXPECT_EQ(glia_model_predict(net, samples, 0, out.data(), out.size() * sizeof(float)), GLIA_OK)
            << computer.message();
        return out;
    }
    glia_status fit(glia_dataset *samples, int epochs, int batch) {
        glia_fit_args args{};
        args.epochs = epochs, args.batch_size = batch;
        return glia_model_fit(net, samples, &args);
    }
    glia_result evaluate(glia_dataset *samples) {
        glia_result result{};
        EXPECT_EQ(glia_model_evaluate(net, samples, 0, &result), GLIA_OK) << computer.message();
        return result;
    }
    std::vector<double> weights() {
        std::vector<double> all;
        for (int i = 0; i < glia_model_weight_count(net); ++i) {
            const glia_shape shape = glia_model_weight_shape(net, i);
            size_t count           = 1;
            for (int d = 0; d < shape.ndim; ++d) count *= size_t(shape.dim[d]);
            std::vector<char> bytes(count * glia_dtype_size(dtype_));
            EXPECT_EQ(glia_model_get(net, glia_model_weight_name(net, i), bytes.data(), bytes.size()), GLIA_OK)
                << computer.message();
            for (size_t k = 0; k < count; ++k) all.push_back(gli_load(dtype_, bytes.data(), int64_t(k)));
        }
        return all;
    }
    std::vector<float> get(const char *name, size_t count) {
        std::vector<float> values(count);
        EXPECT_EQ(glia_model_get(net, name, values.data(), count * sizeof(float)), GLIA_OK) << computer.message();
        return values;
    }
    void set(const char *name, const std::vector<float> &values) {
        EXPECT_EQ(glia_model_set(net, name, values.data(), values.size() * sizeof(float)), GLIA_OK)
            << computer.message();
    }

    Computer computer;
    glia_model *net = nullptr;

   private:
    Keep keep_;
    glia_dtype dtype_;
};

using Layer   = std::function<glia_value(glia_model *, glia_value)>;
using Numbers = std::vector<float>;

class SequenceLayers : public testing::TestWithParam<const char *> {
   protected:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(device(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    }
    const char *device() const { return GetParam(); }

    // y of a model of one layer for the samples x, which counts on from 1 where it has no values.
    Numbers of(const Layer &layer, glia_shape shape, int64_t count, size_t size, std::vector<double> x = {}) {
        Network n(device());
        size_t elements = size_t(count);
        for (int d = 0; d < shape.ndim; ++d) elements *= size_t(shape.dim[d]);
        for (size_t i = x.size(); i < elements; ++i) x.push_back(double(i + 1));
        n.compile(layer(n.net, glia_model_input(n.net, "x", shape)));
        return n.predict(n.data({{GLIA_F32, shape, x}}, {}, count), size);
    }
};

TEST_P(SequenceLayers, axes_are_exchanged_and_cut) {
    const glia_shape six = GLIA_SHAPE(3, 2);
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_transpose(m, x, nullptr); }, six, 2, 6),
              (Numbers{1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12}));
    EXPECT_EQ(
        of([](auto *m, auto x) { return glia_model_transpose(m, x, with(glia_transpose_args{.axis = {-1, -3}})); },
           GLIA_SHAPE(1, 3, 2), 1, 6),
        (Numbers{1, 3, 5, 2, 4, 6}));
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_slice(m, x, with(glia_slice_args{.start = 1})); }, six, 2, 4),
              (Numbers{3, 4, 5, 6, 9, 10, 11, 12}));
    EXPECT_EQ(
        of([](auto *m,
              auto x) { return glia_model_slice(m, x, with(glia_slice_args{.axis = -1, .start = -1, .stop = 2})); },
           six, 2, 3),
        (Numbers{2, 4, 6, 8, 10, 12}));
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_step(m, x, with(glia_step_args{.step = 1})); }, six, 2, 2),
              (Numbers{3, 4, 9, 10}));
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_step(m, x, with(glia_step_args{.step = -1})); }, six, 2, 2),
              (Numbers{5, 6, 11, 12}));
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_step(m, x, with(glia_step_args{.step = -2})); }, GLIA_SHAPE(3),
                 2, 1),
              (Numbers{2, 5}));
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_repeat(m, x, with(glia_repeat_args{.times = 3})); },
                 GLIA_SHAPE(2), 2, 6),
              (Numbers{1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4}));
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_repeat(m, x, with(glia_repeat_args{.times = 2})); },
                 GLIA_SHAPE(2, 1), 1, 4),
              (Numbers{1, 2, 1, 2}));
}

TEST_P(SequenceLayers, windows_slide_over_one_dimension) {
    const auto largest = [](bool steps_first, int stride) {
        return [=](glia_model *m, glia_value x) {
            return glia_model_max_pool1d(
                m, x, with(glia_max_pool1d_args{.kernel = 2, .stride = stride, .steps_first = steps_first}));
        };
    };
    const auto mean = [](bool steps_first, int stride, bool count_pad = false) {
        return [=](glia_model *m, glia_value x) {
            return glia_model_avg_pool1d(m, x,
                                         with(glia_avg_pool1d_args{.kernel            = 2,
                                                                   .stride            = stride,
                                                                   .pad               = count_pad,
                                                                   .steps_first       = steps_first,
                                                                   .count_include_pad = count_pad}));
        };
    };
    // two channels of four: 1 2 3 4 and 5 6 7 8; the other way round four steps of two: 1 3 5 7 and 2 4 6 8
    EXPECT_EQ(of(largest(false, 0), GLIA_SHAPE(2, 4), 1, 4), (Numbers{2, 4, 6, 8}));
    EXPECT_EQ(of(largest(false, 1), GLIA_SHAPE(2, 4), 1, 6), (Numbers{2, 3, 4, 6, 7, 8}));
    EXPECT_EQ(of(largest(true, 0), GLIA_SHAPE(4, 2), 1, 4), (Numbers{3, 4, 7, 8}));
    EXPECT_EQ(of(mean(false, 0), GLIA_SHAPE(2, 4), 1, 4), (Numbers{1.5, 3.5, 5.5, 7.5}));
    EXPECT_EQ(of(mean(true, 1), GLIA_SHAPE(4, 2), 1, 6), (Numbers{2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(of(mean(false, 0, true), GLIA_SHAPE(1, 4), 1, 3), (Numbers{0.5, 2.5, 2}));
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_global_max_pool1d(m, x, nullptr); }, GLIA_SHAPE(2, 4), 1, 2),
              (Numbers{4, 8}));
    EXPECT_EQ(of([](auto *m, auto x) { return glia_model_global_avg_pool1d(m, x, nullptr); }, GLIA_SHAPE(2, 4), 1, 2),
              (Numbers{2.5, 6.5}));
}

TEST_P(SequenceLayers, convolution_is_the_same_with_steps_first) {
    for (const bool same : {false, true}) {
        Numbers y[2];
        for (const bool steps_first : {false, true}) {
            y[steps_first] = of(
                [=](glia_model *m, glia_value x) {
                    glia_conv1d_args a{};
                    a.filters = 4, a.kernel = 3, a.stride = 2, a.activation = GLIA_TANH,
                    a.padding = same ? GLIA_PAD_SAME : GLIA_PAD_EXPLICIT;
                    a.pad = same ? 0 : 2, a.pad_end = same ? 0 : GLIA_NO_PAD, a.steps_first = steps_first;
                    if (steps_first)
                        return glia_model_transpose(m, glia_model_conv1d(m, glia_model_transpose(m, x, nullptr), &a),
                                                    nullptr);
                    return glia_model_conv1d(m, x, &a);
                },
                GLIA_SHAPE(3, 9), 2, 20, std::vector<double>{0.5, -0.25, 0.125, 1, 0.75, -1});
        }
        ASSERT_EQ(y[0].size(), y[1].size());
        for (size_t i = 0; i < y[0].size(); ++i) EXPECT_NEAR(y[0][i], y[1][i], 1e-6) << i;
    }
}

// Padding in front only: no step sees a later one.
TEST_P(SequenceLayers, causal_convolution_looks_back) {
    Network n(device());
    glia_conv1d_args a{};
    a.name = "c", a.filters = 1, a.kernel = 2, a.dilation = 2, a.pad = 2, a.pad_end = GLIA_NO_PAD, a.steps_first = true;
    n.compile(glia_model_conv1d(n.net, glia_model_input(n.net, "x", GLIA_SHAPE(5, 1)), &a));
    n.set("c.weight", {10, 1});
    EXPECT_EQ(n.predict(n.data({{GLIA_F32, GLIA_SHAPE(5, 1), {1, 2, 3, 4, 5}}}, {}, 1), 5),
              (Numbers{1, 2, 13, 24, 35}));
}

const Field kLengths{GLIA_I32, GLIA_SCALAR, {3, 1, 0}};
const Field kSeries{GLIA_F32, GLIA_SHAPE(3, 2), {1, 2, 3, 4, 5, 9, -1, -2, NAN, INFINITY, 7, 7, 7, 7, 7, 7, 7, 7}};

TEST_P(SequenceLayers, lengths_leave_padding_out) {
    const auto given = [&](const std::function<glia_value(glia_model *, glia_value, glia_value)> &layer, size_t size) {
        Network n(device());
        const glia_value x = glia_model_input(n.net, "x", kSeries.shape);
        n.compile(layer(n.net, x, glia_model_index_input(n.net, "lengths", GLIA_I32, GLIA_SCALAR)));
        return n.predict(n.data({kSeries, kLengths}, {}, 3), size);
    };
    const auto pool = [](auto *function, bool steps_first) {
        return [=](glia_model *m, glia_value x, glia_value lengths) {
            glia_global_pool1d_args a{};
            a.lengths = lengths, a.steps_first = steps_first;
            return function(m, steps_first ? x : glia_model_transpose(m, x, nullptr), &a);
        };
    };
    EXPECT_EQ(
        given([](auto *m, auto x, auto n) { return glia_model_mask(m, x, n, with(glia_mask_args{.value = -1})); }, 6),
        (Numbers{1, 2, 3, 4, 5, 9, -1, -2, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}));
    for (bool steps_first : {false, true}) {
        EXPECT_EQ(given(pool(glia_model_global_avg_pool1d, steps_first), 2), (Numbers{3, 5, -1, -2, 0, 0}));
        EXPECT_EQ(given(pool(glia_model_global_max_pool1d, steps_first), 2), (Numbers{5, 9, -1, -2, 0, 0}));
    }
}

TEST_P(SequenceLayers, length_is_that_before_the_padding) {
    Network n(device());
    const glia_value tokens = glia_model_index_input(n.net, "tokens", GLIA_I64, GLIA_SHAPE(4));
    const glia_value length = glia_model_lengths(n.net, tokens, nullptr);
    const glia_cast_params to{GLIA_F32};
    n.compile(glia_model_op(n.net, "cast", &to, &length, 1, nullptr, 0));
    EXPECT_EQ(n.predict(n.data({{GLIA_I64, GLIA_SHAPE(4), {3, 0, 2, 0, 1, 1, 1, 1, 0, 0, 0, 0}}}, {}, 3), 1),
              (Numbers{3, 4, 0}));
}

TEST_P(SequenceLayers, length_beyond_the_steps_is_told) {
    Network n(device());
    const glia_value x = glia_model_input(n.net, "x", GLIA_SHAPE(3, 2));
    glia_global_pool1d_args a{};
    a.lengths = glia_model_index_input(n.net, "lengths", GLIA_I32, GLIA_SCALAR), a.steps_first = true;
    n.compile(glia_model_global_avg_pool1d(n.net, x, &a));
    Field wrong           = kLengths;
    wrong.values[1]       = 4;
    glia_dataset *samples = n.data({kSeries, wrong}, {}, 3);
    Numbers out(6);
    EXPECT_EQ(glia_model_predict(n.net, samples, 0, out.data(), out.size() * sizeof(float)), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(n.computer.message().find("mask_steps: lengths"), std::string::npos) << n.computer.message();
    EXPECT_NE(n.computer.message().find(" is 4"), std::string::npos) << n.computer.message();
}

// Tokens 1 .. 6, padded with 0 to `steps`: does a 3 follow a 5 somewhere?
struct Texts {
    std::vector<double> tokens, answers;
};

Texts texts(int count, int steps) {
    Texts t;
    unsigned random = 2026;
    for (int n = 0; n < count; ++n) {
        const int length = n % 7;  // texts of no words, too
        bool found       = false;
        double last      = 0;
        for (int i = 0; i < steps; ++i) {
            double token = 0;
            if (i < length) {
                random = random * 1664525 + 1013904223;
                token  = n % 2 == 0 ? 1 + int(random >> 16) % 6 : i % 2 ? 3 : 5;
            }
            found = found || (last == 5 && token == 3);
            last  = token;
            t.tokens.push_back(token);
        }
        t.answers.push_back(found);
    }
    return t;
}

glia_value reader(glia_model *net, int steps) {
    const glia_value tokens = glia_model_index_input(net, "tokens", GLIA_I32, GLIA_SHAPE(steps));
    const glia_value length = glia_model_lengths(net, tokens, nullptr);
    glia_embedding_args table{};
    glia_conv1d_args conv{};
    glia_global_pool1d_args pool{};
    glia_dense_args logits{};
    table.count = 7, table.size = 6;
    conv.filters = 8, conv.kernel = 3, conv.padding = GLIA_PAD_SAME, conv.activation = GLIA_RELU,
    conv.steps_first = true;
    pool.lengths = length, pool.steps_first = true;
    logits.units            = 2;
    glia_value x            = glia_model_mask(net, glia_model_embedding(net, tokens, &table), length, nullptr);
    x                       = glia_model_conv1d(net, x, &conv);
    const glia_value both[] = {glia_model_global_max_pool1d(net, x, &pool),
                               glia_model_global_avg_pool1d(net, x, &pool)};
    return glia_model_dense(net, glia_model_concat(net, both, 2, nullptr), &logits);
}

TEST_P(SequenceLayers, model_of_texts_learns_a_pair_of_words) {
    Network n(device());
    const Texts t = texts(84, 6);
    n.compile(reader(n.net, 6), glia_loss_cross_entropy());
    glia_dataset *samples = n.data({{GLIA_I32, GLIA_SHAPE(6), t.tokens}}, {{GLIA_I64, GLIA_SCALAR, t.answers}}, 84);
    ASSERT_EQ(n.fit(samples, 20, 21), GLIA_OK) << n.computer.message();
    EXPECT_GT(n.evaluate(samples).metric[0], 0.97);
}

// As PyTorch's: zeros, which stay so.
TEST_P(SequenceLayers, embedding_of_padding_is_zero) {
    Network n(device());
    glia_embedding_args table{};
    glia_dense_args logits{};
    table.name = "words", table.count = 7, table.size = 6, table.has_padding = true, logits.units = 2;
    const glia_value x =
        glia_model_embedding(n.net, glia_model_index_input(n.net, "tokens", GLIA_I32, GLIA_SHAPE(6)), &table);
    n.compile(glia_model_dense(n.net, glia_model_flatten(n.net, x, nullptr), &logits), glia_loss_cross_entropy());
    const Texts t    = texts(14, 6);
    const auto words = [&] { return n.get("words.weight", 42); };
    const auto drawn = words();
    ASSERT_EQ(n.fit(n.data({{GLIA_I32, GLIA_SHAPE(6), t.tokens}}, {{GLIA_I64, GLIA_SCALAR, t.answers}}, 14), 2, 7),
              GLIA_OK)
        << n.computer.message();
    for (const Numbers &w : {drawn, words()})
        for (size_t i = 0; i < w.size(); ++i) EXPECT_EQ(w[i] == 0, i < 6) << i;
    EXPECT_NE(drawn, words());
}

// In double, where sums over more zeros differ by nothing that counts.
TEST_P(SequenceLayers, more_padding_trains_the_same_model) {
    std::vector<double> weights[2], losses[2];
    for (const int more : {0, 1}) {
        const int steps = 6 + 5 * more;
        Network n(device(), GLIA_F64);
        const Texts t = texts(28, steps);
        n.compile(reader(n.net, steps), glia_loss_cross_entropy());
        glia_dataset *samples =
            n.data({{GLIA_I32, GLIA_SHAPE(steps), t.tokens}}, {{GLIA_I64, GLIA_SCALAR, t.answers}}, 28);
        for (int i = 0; i < 5; ++i) {
            ASSERT_EQ(n.fit(samples, 1, 7), GLIA_OK) << n.computer.message();
            losses[more].push_back(n.evaluate(samples).loss);
        }
        weights[more] = n.weights();
    }
    for (size_t i = 0; i < losses[0].size(); ++i) EXPECT_NEAR(losses[0][i], losses[1][i], 1e-12) << i;
    ASSERT_EQ(weights[0].size(), weights[1].size());
    for (size_t i = 0; i < weights[0].size(); ++i) EXPECT_NEAR(weights[0][i], weights[1][i], 1e-10) << i;
}

// Whatever stands behind the ends, NaN included, the weights come out with the same bits.
TEST_P(SequenceLayers, what_stands_in_the_padding_changes_no_bit) {
    std::vector<double> weights[2];
    for (const int garbage : {0, 1}) {
        Network n(device());
        const glia_value x       = glia_model_input(n.net, "x", GLIA_SHAPE(5, 3)),
                         lengths = glia_model_index_input(n.net, "lengths", GLIA_I64, GLIA_SCALAR);
        glia_dense_args each{}, logits{};
        glia_global_pool1d_args pool{};
        each.units = 4, each.activation = GLIA_TANH, logits.units = 2, pool.lengths = lengths, pool.steps_first = true;
        const glia_value steps = glia_model_dense(n.net, glia_model_mask(n.net, x, lengths, nullptr), &each);
        n.compile(glia_model_dense(n.net, glia_model_global_avg_pool1d(n.net, steps, &pool), &logits),
                  glia_loss_cross_entropy());
        Field series{GLIA_F32, GLIA_SHAPE(5, 3), {}}, ends{GLIA_I64, GLIA_SCALAR, {}},
            classes{GLIA_I64, GLIA_SCALAR, {}};
        for (int s = 0; s < 12; ++s) {
            ends.values.push_back(s % 6);
            classes.values.push_back(s % 2);
            for (int i = 0; i < 15; ++i)
                series.values.push_back(i / 3 < s % 6 ? (s * 7 + i * 3) % 11 / 5.0 - 1 : garbage ? NAN : 0);
        }
        ASSERT_EQ(n.fit(n.data({series, ends}, {classes}, 12), 3, 4), GLIA_OK) << n.computer.message();
        weights[garbage] = n.weights();
        for (double w : weights[garbage]) ASSERT_TRUE(std::isfinite(w));
    }
    EXPECT_EQ(weights[0], weights[1]);
}

// Tags for each step, as a dense layer gives them: classes in front, and padding that the loss ignores.
TEST_P(SequenceLayers, steps_are_tagged_one_by_one) {
    Network n(device());
    glia_embedding_args table{};
    glia_dense_args logits{};
    glia_output_args output{};
    table.count = 7, table.size = 8, logits.units = 3;
    output.loss = glia_loss_cross_entropy(), output.loss.classes.ignore = true, output.loss.classes.ignore_index = -1;
    const glia_value tokens = glia_model_index_input(n.net, "tokens", GLIA_I32, GLIA_SHAPE(6));
    const glia_value y      = glia_model_dense(n.net, glia_model_embedding(n.net, tokens, &table), &logits);
    ASSERT_EQ(glia_model_output(n.net, glia_model_transpose(n.net, y, nullptr), &output), GLIA_OK)
        << n.computer.message();
    glia_compile_args compile{};
    compile.optimizer = glia_optimizer_adam(0.05);
    ASSERT_EQ(glia_model_compile(n.net, {0}, &compile), GLIA_OK) << n.computer.message();
    Texts t = texts(28, 6);
    std::vector<double> tags;
    for (double token : t.tokens) tags.push_back(token == 0 ? -1 : int(token) % 3);
    glia_dataset *samples = n.data({{GLIA_I32, GLIA_SHAPE(6), t.tokens}}, {{GLIA_I64, GLIA_SHAPE(6), tags}}, 28);
    ASSERT_EQ(n.fit(samples, 30, 14), GLIA_OK) << n.computer.message();
    EXPECT_EQ(n.evaluate(samples).metric[0], 1);
}

INSTANTIATE_TEST_SUITE_P(devices, SequenceLayers, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return strncmp(info.param, "cuda", 4) == 0 ? "cuda" : info.param; });

}  // namespace
