// Results that are numbers of their type, though sums, squares, products or differences on the way to them are none: of
// every float type, by every provider. The numbers are powers of two and small multiples, which all types have.
#include <gtest/gtest.h>

#include <cmath>

#include "support/everywhere.h"
#include "support/params.h"

namespace {

using namespace glia;
using Values = std::vector<double>;

struct Range {
    glia_dtype dtype;
    double huge;    // the largest power of two: twice it is infinite
    double root;    // its square is twice `huge`
    double tiny;    // a normal number, whose square is 0
    double within;  // of a share
};

const Range kRanges[] = {{GLIA_F32, 0x1p127, 0x1p64, 0x1p-120, 4e-6},
                         {GLIA_F64, 0x1p1023, 0x1p512, 0x1p-1000, 1e-14},
                         {GLIA_BF16, 0x1p127, 0x1p64, 0x1p-120, 0x1p-7},
                         {GLIA_F16, 0x1p15, 0x1p8, 0x1p-13, 0x1p-9}};

// Arrays that say nothing of their type have that of the range, or f32 where the op says so beside halves.
std::vector<Array> of_dtype(glia_dtype dtype, const gli_op &op, std::vector<Array> in) {
    for (size_t i = 0; i < in.size(); ++i) {
        const bool wide = op.inputs[i].flags & GLI_IN_WIDE;
        if (in[i].dtype == GLIA_F64) in[i].dtype = wide ? gli_dtype_wide(dtype) : dtype;
    }
    return in;
}

template <class Params>
void expect(const Range &r, const gli_op &op, const Params &params, const std::vector<Array> &in, const Values &want,
            size_t output = 0) {
    for (const auto &[provider, out] : everywhere(op, params, of_dtype(r.dtype, op, in))) {
        ASSERT_EQ(out.at(output).values.size(), want.size()) << op.name << " by " << provider;
        for (size_t i = 0; i < want.size(); ++i)
            EXPECT_NEAR(out[output].values[i], want[i], r.within * std::fabs(want[i]))
                << op.name << " by " << provider << " of " << glia_dtype_name(r.dtype) << ", element " << i;
    }
}

Array row(const Values &values) { return {{1, int64_t(values.size())}, values}; }
Array list(const Values &values) { return {{int64_t(values.size())}, values}; }
Array classes(const Values &values) { return {{int64_t(values.size())}, values, GLIA_I64}; }
Array number(double value) { return {{}, {value}}; }

// Copies of the values, one after the other, as columns of a matrix where `down`.
Array repeated(const Values &values, int64_t times, bool down) {
    Array all{{times, int64_t(values.size())}, {}};
    for (int64_t k = 0; k < times; ++k) all.values.insert(all.values.end(), values.begin(), values.end());
    if (!down) all.dims = {int64_t(all.values.size())};
    return all;
}

TEST(Range, of_reductions) {
    for (const Range &r : kRanges) {
        const double h = r.huge, t = r.tiny;
        const auto reduce = [&](glia_reduce_kind kind, const Array &x, const Values &want, unsigned axes) {
            expect(r, gli_op_reduce, params::reduce{kind, axes}, {x}, want);
        };
        for (int64_t n : {2, 6000}) {
            reduce(GLIA_REDUCE_MEAN, repeated({h, h / 2}, n, false), {0.75 * h}, GLIA_ALL_AXES);
            reduce(GLIA_REDUCE_MEAN, repeated({h, -h / 2}, n, true), {h, -h / 2}, GLIA_AXIS(0));
            reduce(GLIA_REDUCE_MEAN, repeated({t, t / 2}, n, false), {0.75 * t}, GLIA_ALL_AXES);
        }
        reduce(GLIA_REDUCE_SUM, list({h, h, -h, -h / 2}), {h / 2}, GLIA_ALL_AXES);
        reduce(GLIA_REDUCE_SUM, {{4, 2}, {h, -h, h, -h, -h, h, -h / 2, h / 2}}, {h / 2, -h / 2}, GLIA_AXIS(0));
        reduce(GLIA_REDUCE_L1, list({h, -h / 2}), {1.5 * h}, GLIA_ALL_AXES);
        for (double size : {h / 32, t})
            for (int64_t n : {1, 4}) {
                reduce(GLIA_REDUCE_L2, repeated({3 * size, 4 * size}, n * n, false), {n * 5 * size}, GLIA_ALL_AXES);
                reduce(GLIA_REDUCE_L2, repeated({size, -size}, n * n, true), {n * size, n * size}, GLIA_AXIS(0));
            }
        reduce(GLIA_REDUCE_L2, list({h / 2, t, 1}), {h / 2}, GLIA_ALL_AXES);
        reduce(GLIA_REDUCE_L2, list({4, t, 3}), {5}, GLIA_ALL_AXES);
        expect(r, gli_op_reduce_backward, params::reduce_backward{{GLIA_REDUCE_L2}},
               {list({3 * t, 4 * t}), number(5 * t), number(5)}, {3, 4});
    }
}

TEST(Range, of_softmax_gradients) {
    for (const Range &r : kRanges) {
        const double h = r.huge;
        const Values y = {0.25, 0.75}, logs = {std::log(0.25), std::log(0.75)};
        const params::softmax down{.axis = 0}, log{.log = true}, log_down{.axis = 0, .log = true};
        const Values some = {-1.5 * h, 1.5 * h}, less = {-9 * h / 16, 9 * h / 16};
        expect(r, gli_op_softmax_backward, params::softmax{}, {row(y), row(some)}, less);
        expect(r, gli_op_softmax_backward, down, {{{2, 1}, y}, {{2, 1}, some}}, less);
        // the next row, or column, has usual numbers
        expect(r, gli_op_softmax_backward, params::softmax{},
               {{{2, 2}, {0.25, 0.75, 0.25, 0.75}}, {{2, 2}, {-1.5 * h, 1.5 * h, 4, 8}}},
               {less[0], less[1], -0.75, 0.75});
        expect(r, gli_op_softmax_backward, down,
               {{{2, 2}, {0.25, 0.25, 0.75, 0.75}}, {{2, 2}, {-1.5 * h, 4, 1.5 * h, 8}}},
               {less[0], -0.75, less[1], 0.75});
        const Values same = {1.5 * h, 1.5 * h}, rest = {0.75 * h, -0.75 * h};  // their sum is 3 h
        if (r.dtype == GLIA_F32 || r.dtype == GLIA_F64) {                      // others round the logarithm
            expect(r, gli_op_softmax_backward, log, {row(logs), row(same)}, rest);
            expect(r, gli_op_softmax_backward, log_down, {{{2, 1}, logs}, {{2, 1}, same}}, rest);
        }
        const double ln2 = std::log(2.0);
        for (int64_t n : {4, 256, 8192}) {  // one share of each
            Values equal(size_t(n), -ln2 * std::log2(double(n))), dy(size_t(n), h), zeros(size_t(n), 0);
            Values shares(size_t(n), 1.0 / double(n)), want(size_t(n), -h / 2);
            for (size_t k = 0; k < size_t(n); k += 2) dy[k] = -h, want[k] = h / 2;
            for (size_t k = 0; k < size_t(n); ++k) want[k] = dy[k] / double(n);
            expect(r, gli_op_softmax_backward, params::softmax{}, {row(shares), row(dy)}, want);
        }
    }
}

TEST(Range, of_cross_entropy) {
    using CE = params::cross_entropy;
    for (const Range &r : kRanges) {
        const double h = r.huge;
        const CE none{.reduction = GLIA_REDUCTION_NONE}, logs{.from = GLIA_FROM_LOG_PROBABILITIES};
        const Array up{{4, 2}, {0, h, 0, h, 0, h, 0, h}}, first = classes({0, 0, 0, 0});
        expect(r, gli_op_cross_entropy, CE{}, {up, first}, {h});
        expect(r, gli_op_cross_entropy, logs, {{{4, 2}, Values(8, -h)}, first}, {h});
        if (r.dtype != GLIA_F64) {  // a difference of twice the largest number, of which a weight makes less
            expect(r, gli_op_cross_entropy, none, {row({-h, h}), classes({0}), list({0.25, 1})}, {h / 2});
            expect(r, gli_op_cross_entropy, none, {row({-h, h}), row({0.125, 0.875})}, {h / 4});
            expect(r, gli_op_cross_entropy, CE{.reduction = GLIA_REDUCTION_NONE, .label_smoothing = 0.5},
                   {row({-h, h}), classes({1})}, {h / 2});
        }
        const Array equal{{4, 2}, Values(8, 0)}, heavy = list({h, h}), one = number(1);
        expect(r, gli_op_cross_entropy, CE{}, {equal, first, heavy}, {std::log(2.0)});
        expect(r, gli_op_cross_entropy_backward, CE{}, {equal, first, heavy, one},
               {-0.125, 0.125, -0.125, 0.125, -0.125, 0.125, -0.125, 0.125});
        expect(r, gli_op_cross_entropy_backward, CE{.reduction = GLIA_REDUCTION_SUM},
               {{{1, 2}, {0, 0}}, classes({0}), list({h, 1}), number(1)}, {-h / 2, h / 2});
    }
}

TEST(Range, of_losses) {
    using L              = params::loss;
    const auto zeros_and = [](size_t count, double value) {
        Values all(count, 0);
        all[0] = value;
        return list(all);
    };
    for (const Range &r : kRanges) {
        const double h  = r.huge;
        const auto loss = [&](glia_loss_kind kind, const Array &p, const Array &t, double want, double delta = 1) {
            expect(r, gli_op_loss, L{.kind = kind, .delta = delta}, {p, t}, {want});
        };
        loss(GLIA_LOSS_MAE, list({h, h, h, -h}), list(Values(4, 0)), h);
        if (r.dtype != GLIA_F64) {
            loss(GLIA_LOSS_MSE, zeros_and(4, r.root), zeros_and(4, 0), h / 2);
            loss(GLIA_LOSS_MSE, zeros_and(16, r.root), zeros_and(16, -r.root), h / 2);
            loss(GLIA_LOSS_MAE, zeros_and(4, h), zeros_and(4, -h), h / 2);
            loss(GLIA_LOSS_HUBER, zeros_and(8, h), zeros_and(8, -h), h / 2, 2);
            loss(GLIA_LOSS_BCE_LOGITS, zeros_and(4, h), zeros_and(4, -1), h / 2);
            loss(GLIA_LOSS_KL, zeros_and(1024, -1.5), zeros_and(1024, h / 2), h / 2048 * (std::log(h / 2) + 1.5));
        }
        const auto slope = [&](glia_loss_kind kind, double p, double t, double w, double dy, double want,
                               double delta = 1) {
            const L none{.kind = kind, .reduction = GLIA_REDUCTION_NONE, .delta = delta};
            expect(r, gli_op_loss_backward, none, {list({p}), list({t}), list({w}), list({dy})}, {want});
        };
        slope(GLIA_LOSS_MSE, h, -h, 1, 0.125, h / 2);
        slope(GLIA_LOSS_MSE, h, -h, 0.125, 1, h / 2);
        slope(GLIA_LOSS_MSE, 0x1p-5, 0, 8, h, h / 2);
        slope(GLIA_LOSS_MAE, h, -h, 1, 3, 3);
        slope(GLIA_LOSS_HUBER, h, -h, 1, 0.25, h / 4, h);
        slope(GLIA_LOSS_HUBER, h, -h, 1, 3, 6, 2);
        slope(GLIA_LOSS_BCE, 0.5, h, 1, 0x1p-4, -h / 4);
        slope(GLIA_LOSS_BCE_LOGITS, -h, 0.125, 4, h, -h / 2);
        slope(GLIA_LOSS_KL, 0, 0x1p-4, 8, h, -h / 2);
    }
}

TEST(Range, of_binary_gradients) {
    for (const Range &r : kRanges) {
        const double h = r.huge, t = r.tiny, s = r.root;
        const auto by = [&](size_t output, glia_binary_kind kind, double a, double b, double dy, double want) {
            expect(r, gli_op_binary_backward, params::binary{kind}, {list({a}), list({b}), list({dy})}, {want}, output);
        };
        by(1, GLIA_BINARY_DIV, h / 2, h, 4, -2 / h);
        by(1, GLIA_BINARY_DIV, s, s, s / 4, -0.25);  // a dy and b^2 are none
        by(1, GLIA_BINARY_DIV, 1, s, s, -1 / s);
        by(1, GLIA_BINARY_DIV, t, t, 1, -1 / t);  // b^2 is 0
        by(1, GLIA_BINARY_DIV, t, 2 * t, t, -0.25);
        by(1, GLIA_BINARY_DIV, 0, t, h, 0);
        if (r.dtype == GLIA_F16) continue;  // of f16 floats are wide enough
        const double e = std::log2(h) + 1;  // 2^e is infinite
        by(0, GLIA_BINARY_POW, 0.5, 1.25 * e + 1, std::exp2(0.75 * e), (1.25 * e + 1) * std::exp2(-0.5 * e));
        by(0, GLIA_BINARY_POW, -2, 1.25 * e + 1, std::exp2(-0.75 * e), (1.25 * e + 1) * std::exp2(0.5 * e));
        by(1, GLIA_BINARY_POW, 2, 1.25 * e, std::exp2(-0.75 * e), std::log(2.0) * std::exp2(0.5 * e));
        by(0, GLIA_BINARY_POW, 1, h / 4, 2, h / 2);
        by(0, GLIA_BINARY_POW, 1, h, 0, 0);
    }
}

TEST(Range, of_gradients_of_what_was_broadcast) {
    for (const Range &r : kRanges) {
        const double h = r.huge;
        const params::binary add{GLIA_BINARY_ADD}, mul{GLIA_BINARY_MUL};
        const Array x{{4, 2}, Values(8, 4)}, b{{2}, {1, 1}}, all{{1}, {1}};
        const Array dy{{4, 2}, {h, h, h, h, -h, -h, -h / 2, -h / 4}}, eighth{{4, 2}, Values(8, h / 8)};
        expect(r, gli_op_binary_backward, add, {x, b, dy}, {h / 2, 0.75 * h}, 1);
        expect(r, gli_op_binary_backward, add, {x, all, dy}, {1.25 * h}, 1);
        Array signs = x;
        for (size_t k = 0; k < 4; ++k) signs.values[k] = -4;
        signs.values[0] = 0;
        expect(r, gli_op_binary_backward, mul, {signs, all, eighth}, {h / 2}, 1);
        Array below = x;
        for (double &v : below.values) v = -4;
        const Array wave{{4, 2}, {h / 8, h / 8, h / 8, h / 8, h / 8, -h / 8, -h / 8, -h / 4}};
        expect(r, gli_op_prelu_backward, params::prelu_backward{}, {below, all, wave}, {-h / 2}, 1);
        expect(r, gli_op_prelu_backward, params::prelu_backward{}, {below, b, wave}, {-h, h / 2}, 1);
        if (r.dtype == GLIA_F64) continue;  // its products have to be doubles
        const Array even{{4, 1}, {h, -h, h, -h / 2}}, fours{{4, 1}, {-4, -4, -4, -8}};
        expect(r, gli_op_prelu_backward, params::prelu_backward{}, {fours, all, even}, {0}, 1);
    }
}

// What the header says of f64: a term that is no double is infinite, or as it is by the reference.
TEST(Range, of_terms_that_no_double_holds) {
    const double h           = 0x1p1023;
    const auto expect_one_of = [](const gli_op &op, const auto &params, const std::vector<Array> &in, double want) {
        for (const auto &[provider, out] : everywhere(op, params, in))
            EXPECT_TRUE(out[0].values[0] == want || out[0].values[0] == INFINITY) << provider << out[0].values[0];
    };
    const Array zeros = list({0, 0, 0, 0});
    expect_one_of(gli_op_loss, params::loss{.kind = GLIA_LOSS_MSE}, {list({0x1p512, 0, 0, 0}), zeros}, h / 2);
    expect_one_of(gli_op_loss, params::loss{.kind = GLIA_LOSS_MAE}, {list({h, 0, 0, 0}), list({-h, 0, 0, 0})}, h / 2);
    expect_one_of(gli_op_cross_entropy, params::cross_entropy{.reduction = GLIA_REDUCTION_NONE},
                  {row({-h, h}), classes({0}), list({0.25, 1})}, h / 2);
}

// As the header says: right where the sums over a group are numbers, and not finite, if not right, where they are none.
TEST(Range, of_gradients_of_norms) {
    for (const Range &r : kRanges)
        for (double h : {r.huge / 8, r.huge}) {
            const auto check = [&](const gli_op &op, const auto &params, const std::vector<Array> &in,
                                   const Values &want) {
                if (h < r.huge) return expect(r, op, params, in, want);
                for (const auto &[provider, out] : everywhere(op, params, of_dtype(r.dtype, op, in)))
                    for (size_t i = 0; i < want.size(); ++i) {
                        const double got = out[0].values[i];
                        EXPECT_TRUE(!std::isfinite(got) || std::fabs(got - want[i]) <= r.within * h)
                            << op.name << " by " << provider << ": " << got;
                    }
            };
            const Values x = {1, -1, 1, -1}, want = {0, h, 0, -h};
            const Array zero = list({0}), one = list({1});
            for (const auto &[dy, dx] :
                 {std::pair{Values{h, h, h, -h}, want}, {Values{h, h, h, h}, Values{0, 0, 0, 0}}}) {
                check(gli_op_layernorm_backward, params::layernorm_backward{}, {row(x), row(dy), ABSENT, zero, one},
                      dx);
                check(gli_op_batchnorm_backward, params::batchnorm_backward{},
                      {{{4, 1}, x}, {{4, 1}, dy}, ABSENT, zero, one}, dx);
                check(gli_op_batchnorm_backward, params::batchnorm_backward{},
                      {{{1, 1, 2, 2}, x}, {{1, 1, 2, 2}, dy}, ABSENT, zero, one}, dx);
                check(gli_op_groupnorm_backward, params::groupnorm_backward{},
                      {{{1, 1, 2, 2}, x}, {{1, 1, 2, 2}, dy}, ABSENT, {{1, 1}, {0}}, {{1, 1}, {1}}}, dx);
            }
            check(gli_op_batchnorm_inference, params::batchnorm_inference{.epsilon = 0},
                  {{{1, 1}, {h}}, ABSENT, ABSENT, list({-h}), list({h})}, {2 * std::sqrt(h)});
        }
}

// Sums of squares that the type does not have: the steps are 0 then, and no number is NaN.
TEST(Range, of_optimizers) {
    for (const Range &r : {kRanges[0], kRanges[1]})
        for (double sign : {1.0, -1.0})
            for (double size : {r.root * 4, r.huge / 2, r.huge * 1.5}) {
                const double g = sign * size, infinite = INFINITY;
                const Array rate{{}, {0.5}, GLIA_F32}, step{{}, {3}, GLIA_I64};
                const auto stays = [&](const gli_op &op, const auto &params, const std::vector<Array> &in) {
                    expect(r, op, params, in, {2});
                };
                stays(gli_op_adam, params::adam{}, {list({2}), list({g}), rate, step, list({g / 2}), list({infinite})});
                stays(gli_op_adam, params::adam{.decoupled = true},
                      {list({2}), list({0}), rate, step, list({g / 2}), list({infinite})});
                stays(gli_op_adagrad, params::adagrad{}, {list({2}), list({g}), rate, list({infinite})});
                stays(gli_op_rmsprop, params::rmsprop{}, {list({2}), list({g}), rate, list({infinite})});
                stays(gli_op_rmsprop, params::rmsprop{.centered = true},
                      {list({2}), list({g}), rate, list({infinite}), ABSENT, list({g / 2})});
                const auto moves = [&](const gli_op &op, const auto &params, const std::vector<Array> &in,
                                       double most) {
                    for (const auto &[provider, out] : everywhere(op, params, of_dtype(r.dtype, op, in)))
                        EXPECT_LE(std::fabs(out[0].values[0] - 2), most)
                            << op.name << " by " << provider << " of " << g;
                };
                const Array zero = list({0}), first{{}, {1}, GLIA_I64};
                moves(gli_op_adam, params::adam{}, {list({2}), list({g}), rate, first, zero, zero}, 0.5625);
                moves(gli_op_adagrad, params::adagrad{}, {list({2}), list({g}), rate, zero}, 0.5625);
                moves(gli_op_rmsprop, params::rmsprop{}, {list({2}), list({g}), rate, zero}, 5.25);
                moves(gli_op_rmsprop, params::rmsprop{.centered = true},
                      {list({2}), list({g}), rate, zero, ABSENT, zero}, 5.25);
            }
}

}  // namespace
