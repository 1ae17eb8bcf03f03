// The reference of rnn against numbers worked out by hand, and what follows from the definition.
#include <gtest/gtest.h>

#include <cmath>

#include "support/call.h"
#include "support/everywhere.h"
#include "support/graphs.h"
#include "support/params.h"

extern "C" {
#include "ops/rnn/rnn_geom.h"
}

namespace {

using namespace glia;
using Values = std::vector<double>;

double sigma(double x) { return 1 / (1 + std::exp(-x)); }

std::vector<Array> run(const params::rnn &params, const std::vector<Array> &in) {
    Session session;
    const Result result = session.call(gli_op_rnn, params, in);
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    auto out = result.out;
    out.resize(GLI_RNN_OUTPUTS);
    return out;
}

void expect(const Array &got, const Values &want, double tolerance = 1e-15) {
    ASSERT_EQ(got.values.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got.values[i], want[i], tolerance) << "element " << i;
}

// x = 1, 2, 3 of one sequence; h_t = max(x_t + h_(t-1), 0): sums.
const Array kSteps{{3, 1, 1}, {1, 2, 3}}, kOne{{1, 1}, {1}};

TEST(Relu, with_weights_of_one_sums_from_either_end) {
    const auto forward = run({.cell = GLIA_RNN_RELU}, {kSteps, ABSENT, ABSENT, ABSENT, kOne, kOne});
    expect(forward[GLI_RNN_Y], {1, 3, 6});
    expect(forward[GLI_RNN_H_N], {6});
    const auto reverse =
        run({.cell = GLIA_RNN_RELU, .direction = GLIA_RNN_REVERSE}, {kSteps, ABSENT, ABSENT, ABSENT, kOne, kOne});
    expect(reverse[GLI_RNN_Y], {6, 5, 3});
    expect(reverse[GLI_RNN_H_N], {6});
    const auto both = run({.cell = GLIA_RNN_RELU, .direction = GLIA_RNN_BOTH},
                          {kSteps, ABSENT, ABSENT, ABSENT, kOne, kOne, ABSENT, ABSENT, ABSENT, ABSENT, kOne, kOne});
    expect(both[GLI_RNN_Y], {1, 6, 3, 5, 6, 3});
    expect(both[GLI_RNN_H_N], {6, 6});
}

TEST(Relu, a_length_ends_a_sequence_early_in_both_directions) {
    const Array lengths{{1}, {2}, GLIA_I64};
    const auto both =
        run({.cell = GLIA_RNN_RELU, .direction = GLIA_RNN_BOTH},
            {kSteps, {{2, 1, 1}, {10, 20}}, ABSENT, lengths, kOne, kOne, ABSENT, ABSENT, ABSENT, ABSENT, kOne, kOne});
    expect(both[GLI_RNN_Y], {11, 23, 13, 22, 0, 0});  // forward 10 + 1, + 2; reverse 20 + 2, + 1
    expect(both[GLI_RNN_H_N], {13, 23});
}

TEST(Tanh, adds_both_biases_and_starts_from_h0) {
    const auto out = run({}, {{{1, 1, 2}, {1, 2}},
                              {{1, 1, 1}, {0.5}},
                              ABSENT,
                              ABSENT,
                              {{1, 2}, {0.1, 0.2}},
                              {{1, 1}, {0.4}},
                              {{1}, {0.01}},
                              {{1}, {0.02}}});
    expect(out[GLI_RNN_Y], {std::tanh(0.1 + 0.4 + 0.2 + 0.03)});
}

// Gates i, f, g, o from the rows of w_ih, which x = 1 makes the pre-activations themselves.
TEST(Lstm, has_the_gates_i_f_g_o) {
    const auto out =
        run({.cell = GLIA_RNN_LSTM},
            {{{1, 1, 1}, {1}}, ABSENT, {{1, 1, 1}, {2}}, ABSENT, {{4, 1}, {0.1, 0.2, 0.3, 0.4}}, {{4, 1}, {}}});
    const double c = sigma(0.2) * 2 + sigma(0.1) * std::tanh(0.3);
    expect(out[GLI_RNN_C_N], {c});
    expect(out[GLI_RNN_Y], {sigma(0.4) * std::tanh(c)});
}

TEST(Lstm, peepholes_see_the_old_cell_and_for_o_the_new_one) {
    const auto out = run({.cell = GLIA_RNN_LSTM}, {{{1, 1, 1}, {1}},
                                                   ABSENT,
                                                   {{1, 1, 1}, {2}},
                                                   ABSENT,
                                                   {{4, 1}, {0.1, 0.2, 0.3, 0.4}},
                                                   {{4, 1}, {}},
                                                   ABSENT,
                                                   ABSENT,
                                                   ABSENT,
                                                   {{3, 1}, {0.5, 0.6, 0.7}}});
    const double c = sigma(0.2 + 1.2) * 2 + sigma(0.1 + 1.0) * std::tanh(0.3);
    expect(out[GLI_RNN_C_N], {c});
    expect(out[GLI_RNN_Y], {sigma(0.4 + 0.7 * c) * std::tanh(c)});
}

TEST(Lstm, a_projection_gives_the_outputs_and_the_next_state) {
    // 2 hidden units, 1 output; the second step's recurrent products read the projected output of the first.
    const Array w_ih{{8, 1}, {1, 1, 1, 1, 1, 1, 1, 1}}, w_hh{{8, 1}, {1, 1, 1, 1, 1, 1, 1, 1}},
        w_hr{{1, 2}, {0.25, 0.5}};
    const auto out  = run({.cell = GLIA_RNN_LSTM},
                          {{{2, 1, 1}, {0.3, -0.2}}, ABSENT, ABSENT, ABSENT, w_ih, w_hh, ABSENT, ABSENT, w_hr});
    const double c1 = sigma(0.3) * std::tanh(0.3), h1 = 0.75 * sigma(0.3) * std::tanh(c1);
    const double a = -0.2 + h1, c2 = sigma(a) * c1 + sigma(a) * std::tanh(a), h2 = 0.75 * sigma(a) * std::tanh(c2);
    expect(out[GLI_RNN_Y], {h1, h2});
    expect(out[GLI_RNN_H_N], {h2});
    expect(out[GLI_RNN_C_N], {c2, c2});
}

TEST(Lstm, a_clipped_cell_stays_in_its_bounds) {
    const auto out = run({.cell = GLIA_RNN_LSTM, .cell_clip = 0.25},
                         {{{1, 2, 1}, {9, -9}}, ABSENT, ABSENT, ABSENT, {{4, 1}, {1, 1, 1, 1}}, {{4, 1}, {}}});
    EXPECT_EQ(out[GLI_RNN_C_N].values[0], 0.25);
    EXPECT_GT(out[GLI_RNN_C_N].values[1], -0.25);  // sigma(-9) is next to nothing
    expect(out[GLI_RNN_Y], {sigma(9) * std::tanh(0.25), sigma(-9) * std::tanh(out[GLI_RNN_C_N].values[1])});
}

// A clip of 0 leaves no cell, and so no output; infinity, which NULL and the defaults have, is no clip.
TEST(Lstm, a_clip_of_zero_is_a_clip_and_infinity_is_none) {
    const std::vector<Array> in{{{1, 2, 1}, {9, -9}}, ABSENT, ABSENT, ABSENT, {{4, 1}, {1, 1, 1, 1}}, {{4, 1}, {}}};
    const auto none = run({.cell = GLIA_RNN_LSTM}, in), zero = run({.cell = GLIA_RNN_LSTM, .cell_clip = 0}, in);
    expect(zero[GLI_RNN_C_N], {0, 0});
    expect(zero[GLI_RNN_Y], {0, 0});
    expect(none[GLI_RNN_C_N], {sigma(9) * std::tanh(9.0), sigma(-9) * std::tanh(-9.0)});
    EXPECT_TRUE(std::isinf(glia_rnn_defaults().cell_clip));
    auto f32 = in;
    for (Array &array : f32) array.dtype = GLIA_F32;
    for (const auto &[provider, out] : everywhere(gli_op_rnn, params::rnn{.cell = GLIA_RNN_LSTM, .cell_clip = 0}, f32))
        expect(out.at(GLI_RNN_Y), {0, 0});
}

// As in unary and PyTorch: nothing goes through a relu of 0, NaN included.
TEST(Relu, has_no_gradient_where_it_is_0) {
    const params::rnn p{.cell = GLIA_RNN_RELU};
    std::vector<Array> in(GLI_RNN_BACK_INPUTS, ABSENT);
    in[GLI_RNN_X] = {{1, 1, 1}, {-1}, GLIA_F32};
    for (int k : {GLI_RNN_W_IH, GLI_RNN_W_HH}) in[size_t(gli_rnn_weight(0, k))] = {{1, 1}, {1}, GLIA_F32};
    in[GLI_RNN_BACK_DY] = {{1, 1, 1}, {std::nan("")}, GLIA_F32};
    for (const char *device : {"cpu", "emulated"}) {
        gli_device_choice choice;
        if (gli_device_find(device, &choice) != GLIA_OK) continue;
        for (const gli_provider *const *it = choice.device->providers(&gli_op_rnn); *it; ++it) {
            Session session((*it)->name, device);
            const Result y = session.call(gli_op_rnn, p, {in.begin(), in.begin() + GLI_RNN_INPUTS});
            if (y.status != GLIA_OK) continue;
            in[GLI_RNN_BACK_Y]     = {y.out[GLI_RNN_Y].dims, {}, GLIA_F32};
            in[GLI_RNN_BACK_SAVED] = {y.out[GLI_RNN_SAVED].dims, {}, GLIA_F32};
            const Result dx        = session.call(gli_op_rnn_backward, p, in);
            ASSERT_EQ(dx.status, GLIA_OK) << (*it)->name << ": " << dx.message;
            EXPECT_EQ(dx.out.at(0).values, Values{0}) << (*it)->name;
        }
    }
}

// Without inputs f is 1/2, and c_1 = f c_0.
TEST(Lstm, an_infinite_cell_has_a_gradient_unless_it_is_clipped) {
    for (const glia_dtype dtype : {GLIA_F32, GLIA_F64})
        for (const double clip : {double(INFINITY), 1.0}) {
            Net net;
            glia_rnn_params p = glia_rnn_defaults();
            p.cell = GLIA_RNN_LSTM, p.cell_clip = clip;
            const glia_value x = net.state({1, 1, 1}, {0}, dtype), c0 = net.state({1, 1, 1}, {INFINITY}, dtype),
                             w    = net.state({4, 1}, {0, 0, 0, 0}, dtype);
            const glia_value in[] = {x, {}, c0, {}, w, w};
            glia_value out[GLI_RNN_OUTPUTS];
            glia_graph_call(net.graph, "rnn", &p, in, 6, out, GLI_RNN_OUTPUTS);
            const auto dc0 = net.gradient(net.sum(out[GLI_RNN_C_N]), {c0});
            EXPECT_EQ(net.run({dc0[0]}).at(0).at(0), std::isinf(clip) ? 0.5 : 0) << glia_dtype_name(dtype) << clip;
        }
}

TEST(Lstm, a_clipped_cell_that_is_nan_stays_nan) {
    const auto out = run({.cell = GLIA_RNN_LSTM, .cell_clip = 0.25},
                         {{{1, 1, 1}, {std::nan("")}}, ABSENT, ABSENT, ABSENT, {{4, 1}, {1, 1, 1, 1}}, {{4, 1}, {}}});
    EXPECT_TRUE(std::isnan(out[GLI_RNN_C_N].values[0]));
}

// r, z, n = 0.1, 0.2, 0.3 from the input, and the state 2 with recurrent weights 1, 1, 0.5 and a bias 0.25 of n's.
TEST(Gru, resets_after_the_product_or_before_it) {
    const std::vector<Array> in{{{1, 1, 1}, {1}},          {{1, 1, 1}, {2}},      ABSENT,    ABSENT,
                                {{3, 1}, {0.1, 0.2, 0.3}}, {{3, 1}, {1, 1, 0.5}}, {{3}, {}}, {{3}, {0, 0, 0.25}}};
    const double r = sigma(2.1), z = sigma(2.2);
    const double after = std::tanh(0.3 + r * (1 + 0.25)), before = std::tanh(0.3 + 0.5 * (r * 2) + 0.25);
    expect(run({.cell = GLIA_RNN_GRU}, in)[GLI_RNN_Y], {(1 - z) * after + z * 2});
    expect(run({.cell = GLIA_RNN_GRU, .reset_before = true}, in)[GLI_RNN_Y], {(1 - z) * before + z * 2});
}

TEST(Rnn, batch_first_is_the_same_in_another_order) {
    const Array a{{2, 3, 1}, {1, 10, 100, 2, 20, 200}}, b{{3, 2, 1}, {1, 2, 10, 20, 100, 200}};
    const auto steps = run({.cell = GLIA_RNN_RELU}, {a, ABSENT, ABSENT, ABSENT, kOne, kOne}),
               batch = run({.cell = GLIA_RNN_RELU, .batch_first = true}, {b, ABSENT, ABSENT, ABSENT, kOne, kOne});
    expect(steps[GLI_RNN_Y], {1, 10, 100, 3, 30, 300});
    expect(batch[GLI_RNN_Y], {1, 3, 10, 30, 100, 300});
    expect(batch[GLI_RNN_H_N], {3, 30, 300});
}

TEST(Rnn, no_steps_leave_the_initial_states) {
    const auto out = run({.cell = GLIA_RNN_LSTM},
                         {{{0, 2, 1}}, {{1, 2, 1}, {3, 4}}, {{1, 2, 1}, {5, 6}}, ABSENT, {{4, 1}, {}}, {{4, 1}, {}}});
    expect(out[GLI_RNN_H_N], {3, 4});
    expect(out[GLI_RNN_C_N], {5, 6});
}

// What does not count may hold anything: it neither shows nor gets a gradient.
TEST(Rnn, padding_may_be_nan) {
    const double nan = std::nan("");
    const Array x{{3, 2, 1}, {1, 1, 2, nan, 3, nan}}, lengths{{2}, {3, 1}, GLIA_I32};
    const auto out = run({.cell = GLIA_RNN_RELU}, {x, ABSENT, ABSENT, lengths, kOne, kOne});
    expect(out[GLI_RNN_Y], {1, 1, 3, 0, 6, 0});
    Session session;
    std::vector<Array> in(GLI_RNN_BACK_INPUTS, ABSENT);
    in[GLI_RNN_X] = x, in[GLI_RNN_LENGTHS] = lengths, in[GLI_RNN_WEIGHT + GLI_RNN_W_IH] = kOne,
    in[GLI_RNN_WEIGHT + GLI_RNN_W_HH] = kOne;
    in[GLI_RNN_BACK_Y] = out[GLI_RNN_Y], in[GLI_RNN_BACK_SAVED] = {out[GLI_RNN_SAVED].dims},
    in[GLI_RNN_BACK_DY] = {{3, 2, 1}, {1, 1, 1, nan, 1, nan}};
    const Result back   = session.call(gli_op_rnn_backward, params::rnn{.cell = GLIA_RNN_RELU}, in);
    ASSERT_EQ(back.status, GLIA_OK) << back.message;
    expect(back.out[GLI_RNN_BACK_DX], {3, 1, 2, 0, 1, 0});
    expect(back.out[gli_rnn_dweight(0, GLI_RNN_W_IH)], {3 * 1 + 2 * 2 + 1 * 3 + 1});
    expect(back.out[gli_rnn_dweight(0, GLI_RNN_W_HH)], {2 * 1 + 1 * 3});
}

// Over 1,000 steps with the weights that PyTorch starts with, in each provider that takes it.
class Long : public testing::TestWithParam<glia_rnn_cell> {};

TEST_P(Long, thousand_steps_stay_finite) {
    const glia_rnn_cell cell = GetParam();
    const int64_t T = 1000, N = 2, I = 3, H = 8, G = cell == GLIA_RNN_LSTM ? 4 : cell == GLIA_RNN_GRU ? 3 : 1;
    uint32_t state    = 1;
    const auto random = [&](std::vector<int64_t> dims, double bound) {
        Array a{dims, {}, GLIA_F32};
        int64_t count = 1;
        for (int64_t d : dims) count *= d;
        for (int64_t i = 0; i < count; ++i)
            state = state * 1664525 + 1013904223, a.values.push_back(bound * (double(state >> 8) / (1 << 23) - 1));
        return a;
    };
    const double small = 1 / std::sqrt(double(H));
    std::vector<Array> in(GLI_RNN_BACK_INPUTS, ABSENT);
    in[GLI_RNN_X] = random({T, N, I}, 3), in[gli_rnn_weight(0, GLI_RNN_W_IH)] = random({G * H, I}, small),
    in[gli_rnn_weight(0, GLI_RNN_W_HH)]                      = random({G * H, H}, small);
    in[gli_rnn_weight(0, GLI_RNN_B_IH)]                      = random({G * H}, small),
                         in[gli_rnn_weight(0, GLI_RNN_B_HH)] = random({G * H}, small);
    const params::rnn params{.cell = cell};
    Session session("");
    const Result there = session.call(gli_op_rnn, params, {in.begin(), in.begin() + GLI_RNN_INPUTS});
    ASSERT_EQ(there.status, GLIA_OK) << there.message;
    for (double v : there.out[GLI_RNN_Y].values) ASSERT_TRUE(std::isfinite(v) && std::fabs(v) < 100);
    in[GLI_RNN_BACK_Y] = there.out[GLI_RNN_Y], in[GLI_RNN_BACK_SAVED] = {there.out[GLI_RNN_SAVED].dims, {}, GLIA_F32};
    in[GLI_RNN_BACK_DY] = random({T, N, H}, 1);
    const Result back   = session.call(gli_op_rnn_backward, params, in);
    ASSERT_EQ(back.status, GLIA_OK) << back.message;
    for (const Array &gradient : back.out)
        for (double v : gradient.values) ASSERT_TRUE(std::isfinite(v));
}

INSTANTIATE_TEST_SUITE_P(cells, Long, testing::Values(GLIA_RNN_TANH, GLIA_RNN_RELU, GLIA_RNN_LSTM, GLIA_RNN_GRU),
                         [](const auto &info) {
                             return std::string(
                                 std::vector<const char *>{"tanh", "relu", "lstm", "gru"}[size_t(info.param)]);
                         });

// The tensor API from one end to the other: what a caller without a graph writes.
TEST(TensorApi, makes_a_reserve_and_hands_it_on) {
    Session s("");
    glia_context *ctx = s.ctx();
    glia_tensor *x = s.tensor({{2, 1, 1}, {1, 2}, GLIA_F32}), *y = s.tensor({{2, 1, 1}, {}, GLIA_F32}),
                *one = s.tensor({{1, 1}, {1}, GLIA_F32});
    glia_tensor *dx = s.tensor({{2, 1, 1}, {}, GLIA_F32}), *dw = s.tensor({{1, 1}, {}, GLIA_F32}),
                *dy        = s.tensor({{2, 1, 1}, {1, 1}, GLIA_F32});
    glia_tensor *reserve   = nullptr;
    glia_rnn_params params = glia_rnn_defaults();
    params.cell            = GLIA_RNN_RELU;
    glia_rnn_weights weights{.w_ih = one, .w_hh = one};
    ASSERT_EQ(glia_rnn_reserve(ctx, &params, x, nullptr, &weights, &reserve), GLIA_OK) << glia_message(ctx);
    const glia_rnn_saved saved{.x = x, .weights = &weights, .y = y, .reserve = reserve};
    const glia_rnn_upstream upstream{.dy = dy};
    const glia_rnn_gradients gradients{.weights = {{.dw_ih = dw}}};
    EXPECT_EQ(glia_rnn_backward(ctx, &params, &saved, &upstream, dx, &gradients), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(ctx), "rnn_backward: reserve holds nothing that rnn wrote");
    const glia_rnn_end end{.reserve = reserve};
    ASSERT_EQ(glia_rnn(ctx, &params, x, nullptr, &weights, y, &end), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(s.values(y), Values({1, 3}));
    ASSERT_EQ(glia_rnn_backward(ctx, &params, &saved, &upstream, dx, &gradients), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(s.values(dx), Values({2, 1}));
    EXPECT_EQ(s.values(dw), Values({4}));
    params.direction = GLIA_RNN_REVERSE;
    EXPECT_EQ(glia_rnn_backward(ctx, &params, &saved, &upstream, dx, &gradients), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(ctx), "rnn_backward: reserve was written by a call of rnn with other params or shapes");
    params.direction = GLIA_RNN_FORWARD;
    ASSERT_EQ(glia_rnn_backward(ctx, &params, &saved, &upstream, dx, &gradients), GLIA_OK) << glia_message(ctx);
    // Whoever writes into it takes it away.
    ASSERT_EQ(glia_tensor_fill(reserve, 0), GLIA_OK);
    EXPECT_EQ(glia_rnn_backward(ctx, &params, &saved, &upstream, dx, &gradients), GLIA_INVALID_ARGUMENT);
    glia_tensor_destroy(reserve);
}

// Every second element of a buffer, or all of it.
struct Wrapped {
    Wrapped(Session &s, glia_shape shape, std::vector<float> content, bool gaps) : buffer(2 * content.size(), 99) {
        const int64_t step = gaps ? 2 : 1;
        int64_t stride[GLIA_MAX_DIMS], next = step;
        for (int d = shape.ndim - 1; d >= 0; --d) stride[d] = next, next *= shape.dim[d];
        for (size_t i = 0; i < content.size(); ++i) buffer[i * size_t(step)] = content[i];
        EXPECT_EQ(glia_tensor_wrap(s.ctx(), GLIA_F32, shape, stride, buffer.data(), &tensor), GLIA_OK);
    }
    Wrapped(const Wrapped &) = delete;
    ~Wrapped() { glia_tensor_destroy(tensor); }

    std::vector<float> buffer;
    glia_tensor *tensor = nullptr;
};

// A network of one unit. Which provider runs forward depends on the layouts it sees; backward there may be others.
TEST(TensorApi, a_backward_call_may_have_other_layouts_than_the_forward_call) {
    for (int gapped = 0; gapped < 32; ++gapped) {
        SCOPED_TRACE("gapped " + std::to_string(gapped));
        Session s("");
        glia_context *ctx      = s.ctx();
        glia_rnn_params params = glia_rnn_defaults();
        params.cell            = GLIA_RNN_TANH;
        const std::vector<float> inputs{0.5f, 0, -1, 0}, weight{0.7f, 0.2f};
        const Wrapped forward_x(s, GLIA_SHAPE(2, 1, 2), inputs, gapped & 1),
            x(s, GLIA_SHAPE(2, 1, 2), inputs, gapped & 2);
        const Wrapped w_ih(s, GLIA_SHAPE(1, 2), weight, false), backward_w(s, GLIA_SHAPE(1, 2), weight, gapped & 4);
        const Wrapped w_hh(s, GLIA_SHAPE(1, 1), {0.3f}, false), y(s, GLIA_SHAPE(2, 1, 1), {0, 0}, false);
        const Wrapped dy(s, GLIA_SHAPE(2, 1, 1), {1, 1}, gapped & 8);
        const Wrapped dx(s, GLIA_SHAPE(2, 1, 2), {0, 0, 0, 0}, gapped & 16);
        const glia_rnn_weights weights{.w_ih = w_ih.tensor, .w_hh = w_hh.tensor},
            backward_weights{.w_ih = backward_w.tensor, .w_hh = w_hh.tensor};
        glia_tensor *reserve = nullptr;
        ASSERT_EQ(glia_rnn_reserve(ctx, &params, forward_x.tensor, nullptr, &weights, &reserve), GLIA_OK);
        const glia_rnn_end end{.reserve = reserve};
        EXPECT_EQ(glia_rnn(ctx, &params, forward_x.tensor, nullptr, &weights, y.tensor, &end), GLIA_OK);
        const glia_rnn_saved saved{.x = x.tensor, .weights = &backward_weights, .y = y.tensor, .reserve = reserve};
        const glia_rnn_upstream upstream{.dy = dy.tensor};
        EXPECT_EQ(glia_rnn_backward(ctx, &params, &saved, &upstream, dx.tensor, nullptr), GLIA_OK) << glia_message(ctx);
        const double want[] = {0.7534490, 0.2152711, 0.4985927, 0.1424550};
        for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(dx.buffer[i * (gapped & 16 ? 2 : 1)], want[i], 1e-5) << i;
        glia_tensor_destroy(reserve);
    }
}

}  // namespace
