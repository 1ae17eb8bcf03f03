// The optimizers against steps worked out by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "support/call.h"
#include "support/everywhere.h"
#include "support/params.h"

namespace {

using namespace glia;
using Values = std::vector<double>;

template <class Params>
std::vector<Array> run(const gli_op &op, const Params &params, const std::vector<Array> &in,
                       const char *provider = "cpu.ref") {
    Session session(provider);
    const Result result = session.call(op, params, in);
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    return result.out;
}

Array one(double value) { return {{1}, {value}}; }
Array rate(double value) { return {{}, {value}, GLIA_F32}; }
Array step(double value) { return {{}, {value}, GLIA_I64}; }

// The first element of each output.
void near(const std::vector<Array> &got, const Values &want) {
    ASSERT_GE(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i].values[0], want[i], 1e-14) << "output " << i;
}

TEST(Sgd, steps) {
    const auto sgd = [](const params::sgd &p) { return run(gli_op_sgd, p, {one(1), one(0.5), rate(0.5), one(2)}); };
    near(sgd({}), {0.75});
    near(sgd({.momentum = 0.5}), {0.25, 1.5});
    near(sgd({.momentum = 0.5, .dampening = 0.5}), {0.375, 1.25});
    near(sgd({.momentum = 0.5, .nesterov = true}), {0.375, 1.5});
    near(sgd({.weight_decay = 1, .l1 = 0.25}), {0.125});
    near(run(gli_op_sgd, params::sgd{.l1 = 1}, {one(0), one(0), rate(1)}), {0});  // sign(0) = 0
    near(run(gli_op_sgd, params::sgd{.l1 = 1}, {one(-3), one(0), rate(1)}), {-2});
}

TEST(Adam, first_step_moves_by_the_rate) {
    near(run(gli_op_adam, params::adam{}, {one(1), one(0.5), rate(0.5), step(1), one(0), one(0)}),
         {1 - 0.5 * 0.5 / (0.5 + 1e-8), 0.05, 0.00025});
}

TEST(Adam, later_steps) {
    // m = 0.5 1 + 0.5 2, v = 0.75 4 + 0.25 2^2; m^ = 1.5 / (1 - 0.25), v^ = 4 / (1 - 0.5625)
    const params::adam p{.beta1 = 0.5, .beta2 = 0.75, .epsilon = 1};
    near(run(gli_op_adam, p, {one(1), one(2), rate(0.5), step(2), one(1), one(4)}),
         {1 - 0.5 * 2 / (std::sqrt(4 / 0.4375) + 1), 1.5, 4});
}

TEST(Adam, decay_coupled_and_decoupled) {
    params::adam p{.beta1 = 0.5, .beta2 = 0.75, .epsilon = 1, .weight_decay = 0.5};
    // coupled: g = 1 + 0.5 2 = 2, the step above from 2
    near(run(gli_op_adam, p, {one(2), one(1), rate(0.5), step(2), one(1), one(4)}),
         {2 - 0.5 * 2 / (std::sqrt(4 / 0.4375) + 1), 1.5, 4});
    p.decoupled = true;
    near(run(gli_op_adam, p, {one(2), one(2), rate(0.5), step(2), one(1), one(4)}),
         {2 * 0.75 - 0.5 * 2 / (std::sqrt(4 / 0.4375) + 1), 1.5, 4});
}

TEST(Adagrad, steps) {
    near(run(gli_op_adagrad, params::adagrad{.epsilon = 1}, {one(1), one(3), rate(0.5), one(16)}), {0.75, 25});
    near(run(gli_op_adagrad, params::adagrad{}, {one(1), one(0), rate(0.5), one(0)}), {1, 0});
}

TEST(Rmsprop, steps) {
    const auto rmsprop = [](params::rmsprop p) {
        p.alpha = 0.5, p.epsilon = 1;
        return run(gli_op_rmsprop, p, {one(1), one(3), rate(0.5), one(7), one(4), one(1)});
    };
    const double moved = 3 / (std::sqrt(8.0) + 1);
    near(rmsprop({}), {1 - 0.5 * moved, 8, moved, 2});
    near(rmsprop({.momentum = 0.5}), {1 - 0.5 * (2 + moved), 8, 2 + moved});
    near(rmsprop({.centered = true}), {0.5, 8, 1, 2});  // 8 - 2^2, its root and 1: 3
    near(rmsprop({.momentum = 0.5, .centered = true}), {-0.5, 8, 3, 2});
}

// ---- zero is a number, whoever computes. All numbers are exact in f32.

Array f32(const Values &values) { return {{int64_t(values.size())}, values, GLIA_F32}; }

// Every output: each has one element.
template <class Params>
void expect_step(const gli_op &op, const Params &params, const std::vector<Array> &in, const Values &want) {
    for (size_t i = 0; i < want.size(); ++i) expect_everywhere_near(op, params, in, {want[i]}, i);
}

TEST(Zero, is_a_beta_of_adam) {
    const auto state = std::vector<Array>{f32({1}), f32({2}), rate(0.5), step(3), f32({7}), f32({4})};
    // beta1 0: m is the gradient, whatever it was; WGAN-GP's betas are 0 and 0.9
    expect_step(gli_op_adam, params::adam{.beta1 = 0, .beta2 = 0.5, .epsilon = 1}, state,
                {1 - 0.5 * 2 / (std::sqrt(4 / 0.875) + 1), 2, 4});
    // beta2 0: v is the square of the gradient
    expect_step(gli_op_adam, params::adam{.beta1 = 0.5, .beta2 = 0, .epsilon = 2}, state,
                {1 - 0.5 / 0.875 * 4.5 / (2 + 2), 4.5, 4});
    // both, without an epsilon: a step of the rate in the gradient's direction
    expect_step(gli_op_adam, params::adam{.beta1 = 0, .beta2 = 0, .epsilon = 0}, state, {0.5, 2, 4});
}

TEST(Zero, is_an_epsilon) {
    expect_step(gli_op_adam, params::adam{.beta1 = 0.5, .beta2 = 0.5, .epsilon = 0},
                {f32({1}), f32({1e-6}), rate(0.5), step(1), f32({0}), f32({0})}, {0.5});
    expect_step(gli_op_adagrad, params::adagrad{.epsilon = 0}, {f32({1}), f32({1e-8}), rate(0.5), f32({0})}, {0.5});
    expect_step(gli_op_rmsprop, params::rmsprop{.alpha = 0, .epsilon = 0},
                {f32({1}), f32({1e-8}), rate(0.5), f32({5}), ABSENT, ABSENT}, {0.5});
    // nothing keeps 0 / 0 away
    for (const auto &[provider, out] :
         everywhere(gli_op_adagrad, params::adagrad{.epsilon = 0}, {f32({1}), f32({0}), rate(0.5), f32({0})}))
        EXPECT_TRUE(std::isnan(out.at(0).values[0])) << provider << ": " << out[0].values[0];
}

TEST(Zero, is_an_alpha_and_a_momentum_of_rmsprop) {
    const auto state = std::vector<Array>{f32({1}), f32({3}), rate(0.5), f32({7}), f32({4}), f32({1})};
    expect_step(gli_op_rmsprop, params::rmsprop{.alpha = 0, .epsilon = 0, .momentum = 0}, state, {0.5, 9, 1, 3});
    expect_step(gli_op_rmsprop, params::rmsprop{.alpha = 0, .epsilon = 3, .momentum = 0.5}, state, {-0.25, 9, 2.5, 3});
    // 9 - 3^2, its root and 1
    expect_step(gli_op_rmsprop, params::rmsprop{.alpha = 0, .epsilon = 1, .centered = true}, state, {-0.5, 9, 3, 3});
}

// As rounding makes it where gradients are all the same; here by far.
TEST(Rmsprop, variance_below_zero_is_zero) {
    const auto state = std::vector<Array>{f32({1}), f32({1}), rate(0.5), f32({1}), f32({0}), f32({5})};
    expect_step(gli_op_rmsprop, params::rmsprop{.alpha = 0.5, .epsilon = 1, .centered = true}, state, {0.5, 1, 1, 3});
}

TEST(Zero, is_a_momentum_and_a_penalty_of_sgd) {
    const auto state = std::vector<Array>{f32({1}), f32({0.5}), rate(0.5), f32({2})};
    expect_step(gli_op_sgd, params::sgd{.momentum = 0, .weight_decay = 0, .l1 = 0}, state, {0.75, 0.5});
    expect_step(gli_op_sgd, params::sgd{.momentum = 0}, {f32({1}), f32({0.5}), rate(0.5)}, {0.75});
}

TEST(Zero, is_a_learning_rate) {
    expect_step(gli_op_sgd, params::sgd{.momentum = 0.5}, {f32({1}), f32({0.5}), rate(0), f32({2})}, {1, 1.5});
    expect_step(gli_op_adam, params::adam{.beta1 = 0.5, .beta2 = 0.5, .weight_decay = 1, .decoupled = true},
                {f32({1}), f32({2}), rate(0), step(1), f32({0}), f32({0})}, {1, 1, 2});
    expect_step(gli_op_adagrad, params::adagrad{}, {f32({1}), f32({2}), rate(0), f32({5})}, {1, 9});
    expect_step(gli_op_rmsprop, params::rmsprop{.alpha = 0.5}, {f32({1}), f32({2}), rate(0), f32({4}), ABSENT, ABSENT},
                {1, 4});
}

// ---- steps that are skipped ----

TEST(Skip, leaves_all_as_it_was) {
    const Array bad = f32({NAN}), skip = step(3);
    expect_step(gli_op_sgd, params::sgd{.momentum = 0.5}, {f32({1}), bad, rate(0.5), f32({2}), skip}, {1, 2});
    expect_step(gli_op_adam, params::adam{}, {f32({1}), bad, rate(0.5), step(1), f32({2}), f32({3}), skip}, {1, 2, 3});
    expect_step(gli_op_adagrad, params::adagrad{}, {f32({1}), bad, rate(0.5), f32({2}), skip}, {1, 2});
    expect_step(gli_op_rmsprop, params::rmsprop{.momentum = 0.5, .centered = true},
                {f32({1}), bad, rate(0.5), f32({2}), f32({3}), f32({4}), skip}, {1, 2, 3, 4});
    expect_step(gli_op_sgd, params::sgd{}, {f32({1}), f32({0.5}), rate(0.5), ABSENT, step(0)}, {0.75});
}

// As the header says; the first step is the rate.
TEST(Optimizers, gradients_whose_squares_f32_has) {
    for (double size : {1e-17, -1e-17, 1e-3, 1e18, -1e18}) {
        const Array grad = f32({size});
        const double to  = size < 0 ? 1.5 : 0.5;
        expect_step(gli_op_adam, params::adam{.epsilon = 1e-30},
                    {f32({1}), grad, rate(0.5), step(1), f32({0}), f32({0})}, {to});
        expect_step(gli_op_adagrad, params::adagrad{.epsilon = 1e-30}, {f32({1}), grad, rate(0.5), f32({0})}, {to});
        expect_step(gli_op_rmsprop, params::rmsprop{.alpha = 0.75, .epsilon = 1e-30},
                    {f32({0}), grad, rate(0.5), f32({0})}, {2 * to - 2});
    }
    expect_step(gli_op_adam, params::adam{}, {f32({1}), f32({1e-20}), rate(1e12), step(1), f32({0}), f32({0})},
                {1 - 1e12 * 1e-20 / 1e-8});
}

TEST(CheckFinite, first_step_that_failed) {
    const auto check = [](const Array &x, int64_t failed, const Array &y, int64_t want) {
        expect_step(gli_op_check_finite, params::check_finite{}, {x, step(7), step(double(failed)), y}, {double(want)});
    };
    check(f32({1, 2}), 0, ABSENT, 0);
    check(f32({1, NAN}), 0, ABSENT, 7);
    check(f32({-INFINITY, 1}), 0, f32({1}), 7);
    check(f32({1}), 0, f32({1, 2, INFINITY}), 7);
    check(f32({3e38}), 0, f32({-3e38}), 0);  // their sums would not be finite
    check(f32({NAN}), 4, ABSENT, 4);
    check(f32({1}), 4, f32({1}), 4);
}

TEST(ClipByNorm, only_what_is_too_long) {
    const Array g{{2}, {3, 4}};
    const auto clipped = run(gli_op_clip_by_norm, params::clip_by_norm{1}, {g});
    EXPECT_NEAR(clipped[0].values[0], 3 / (5 + 1e-6), 1e-15);
    EXPECT_NEAR(clipped[0].values[1], 4 / (5 + 1e-6), 1e-15);
    EXPECT_EQ(clipped[1].values, Values{5});
    EXPECT_EQ(run(gli_op_clip_by_norm, params::clip_by_norm{10}, {g})[0].values, g.values);
}

TEST(ClipByNorm, squares_that_no_f32_holds) {
    for (double size : {5e30, 4e38, 5e-30}) {
        const Array g{{2}, {size * 0.6, size * 0.8}, GLIA_F32};
        for (const auto &[provider, y] : everywhere(gli_op_clip_by_norm, params::clip_by_norm{1}, {g})) {
            EXPECT_NEAR(y[0].values[0], size < 1 ? size * 0.6 : 0.6, 1e-6) << provider;
            EXPECT_EQ(y[1].values[0], size < 3e38 ? double(float(size)) : INFINITY) << provider;
        }
    }
}

TEST(ClipByNorm, squares_that_no_f64_holds) {
    for (double size : {1.5e308, 5e200, 5e-200})
        for (const auto &[provider, y] :
             everywhere(gli_op_clip_by_norm, params::clip_by_norm{1}, {{{2}, {size * 0.6, size * 0.8}}})) {
            EXPECT_NEAR(y[0].values[0], size < 1 ? size * 0.6 : 0.6, 1e-15) << provider;
            EXPECT_DOUBLE_EQ(y[1].values[0], size < 1 ? 0 : INFINITY) << provider; /* a f32 */
        }
    for (const auto &[provider, y] : everywhere(gli_op_clip_by_norm, params::clip_by_norm{1}, {{{2}, {NAN, 1e200}}}))
        EXPECT_TRUE(std::isnan(y[0].values[1])) << provider;
}

// Large, ordinary and tiny numbers: the norm has all that are large enough to matter.
TEST(ClipByNorm, doubles_of_several_sizes) {
    const Values steps = {0x1p490, 0x1p491, 0x1p489, 1, 0x1p-490, 0x1p-491, 0x1p-489};
    for (double size : steps)
        for (double other : steps) {
            const double norm = std::hypot(size, other);
            for (const auto &[provider, y] :
                 everywhere(gli_op_clip_by_norm, params::clip_by_norm{norm / 2}, {{{2}, {size, other}}})) {
                const double want = std::min(1.0, norm / 2 / (norm + 1e-6));
                EXPECT_NEAR(y[0].values[0] / size / want, 1, 1e-14) << provider << ": " << size << ", " << other;
                EXPECT_NEAR(y[0].values[1] / other / want, 1, 1e-14) << provider << ": " << size << ", " << other;
            }
        }
}

// The same bits for any number of threads, and in place.
TEST(Optimizers, threads_change_nothing) {
    std::vector<float> results[3];
    for (int threads : {1, 2, 3}) {
        glia_context_args args{};
        args.threads      = threads;
        glia_context *ctx = nullptr;
        ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
        const size_t n = 50000;
        std::vector<float> p(n), g(n), m(n, 0), v(n, 0);
        for (size_t i = 0; i < n; ++i) p[i] = float(i % 17) - 8, g[i] = float(i % 1013) / 101 - 5;
        float lr = 0.01f, norm = 0;
        int64_t at = 1;
        glia_tensor *tp, *tg, *tm, *tv, *tr, *ts, *tn;
        const auto wrap = [&](glia_tensor **t, void *data) {
            ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(50000), nullptr, data, t), GLIA_OK);
        };
        wrap(&tp, p.data()), wrap(&tg, g.data()), wrap(&tm, m.data()), wrap(&tv, v.data());
        ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SCALAR, nullptr, &lr, &tr), GLIA_OK);
        ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SCALAR, nullptr, &norm, &tn), GLIA_OK);
        ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_I64, GLIA_SCALAR, nullptr, &at, &ts), GLIA_OK);
        const glia_clip_by_norm_params clip{1};
        const glia_adam_tensors tensors{tp, tg, tr, ts, tm, tv, nullptr, nullptr, tp, tm, tv};
        EXPECT_EQ(glia_clip_by_norm(ctx, &clip, tg, tg, tn), GLIA_OK) << glia_message(ctx);
        EXPECT_EQ(glia_adam(ctx, nullptr, &tensors), GLIA_OK) << glia_message(ctx);
        for (glia_tensor *t : {tp, tg, tm, tv, tr, ts, tn}) glia_tensor_destroy(t);
        glia_context_destroy(ctx);
        results[threads - 1] = p;
        results[threads - 1].push_back(norm);
    }
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
}

}  // namespace
