// The reference of the norm family against numbers worked out by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "support/call.h"
#include "support/everywhere.h"
#include "support/params.h"

namespace {

using namespace glia;
using Values = std::vector<double>;

// One op in f64 with the reference. epsilon is chosen so that var + epsilon is a square.
std::vector<Array> run(const gli_op &op, const void *params, const std::vector<Array> &in) {
    Session session;
    Result result = session.call_raw(op, params, in);
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    result.out.resize(size_t(op.n_outputs));
    return result.out;
}

void expect(const Array &got, const Values &want, double within = 1e-12) {
    ASSERT_EQ(got.values.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got.values[i], want[i], within) << "element " << i;
}

// Channel 0 is 1, 3, 5, 7 over two samples of two places: mean 4, var 5. Channel 1 is 2, 2, 6, 6: mean 4, var 4.
const Array kImage{{2, 2, 1, 2}, {1, 3, 2, 2, 5, 7, 6, 6}};

TEST(Batchnorm, normalises_each_channel_over_samples_and_places) {
    const params::batchnorm params{.epsilon = 4};  // standard deviations 3 and sqrt 8
    const double s = std::sqrt(8.0);
    const auto out = run(gli_op_batchnorm, &params, {kImage, {{2}, {3, 2}}, {{2}, {10, -1}}});
    expect(out[0], {10 - 3, 10 - 1, -1 - 4 / s, -1 - 4 / s, 10 + 1, 10 + 3, -1 + 4 / s, -1 + 4 / s});
    expect(out[1], {4, 4});
    expect(out[2], {1 / 3.0, 1 / s});
}

TEST(Batchnorm, default_epsilon_and_momentum_are_those_of_pytorch) {
    const auto out = run(gli_op_batchnorm, nullptr, {{{2, 1}, {-1, 1}}, ABSENT, ABSENT, {{1}, {5}}, {{1}, {3}}});
    const double y = 1 / std::sqrt(1 + 1e-5);
    expect(out[0], {-y, y});
    expect(out[3], {0.9 * 5 + 0.1 * 0});
    expect(out[4], {0.9 * 3 + 0.1 * 2});  // the unbiased variance of -1, 1 is 2
}

TEST(Batchnorm, running_variance_is_unbiased_unless_population_is_asked_for) {
    const params::batchnorm unbiased{.momentum = 0.5}, population{.momentum = 0.5, .population = true};
    const std::vector<Array> in{kImage, ABSENT, ABSENT, {{2}, {0, 8}}, {{2}, {1, 2}}};
    const auto a = run(gli_op_batchnorm, &unbiased, in), b = run(gli_op_batchnorm, &population, in);
    expect(a[3], {2, 6});
    expect(a[4], {0.5 + 0.5 * 20 / 3, 1 + 0.5 * 16 / 3});
    expect(b[3], {2, 6});
    expect(b[4], {0.5 + 0.5 * 5, 1 + 0.5 * 4});
    expect(a[0], b[0].values);  // y divides by n in both
}

TEST(Batchnorm, absent_running_statistics_count_as_zero_and_one) {
    const params::batchnorm params{.momentum = 0.25};
    const auto out = run(gli_op_batchnorm, &params, {kImage});
    expect(out[3], {1, 1});
    expect(out[4], {0.75 + 0.25 * 20 / 3, 0.75 + 0.25 * 16 / 3});
}

TEST(Batchnorm, one_element_gives_the_bias) {
    const params::batchnorm params{.population = true};
    const auto out = run(gli_op_batchnorm, &params, {{{1, 2}, {1e9, -3}}, {{2}, {5, 5}}, {{2}, {7, 8}}});
    expect(out[0], {7, 8});
    expect(out[2], {1 / std::sqrt(1e-5), 1 / std::sqrt(1e-5)});
}

// -1, 0, 1 around a million: the sum of squares would lose the variance even of a double's 16 digits in f32's 7.
TEST(Batchnorm, a_large_mean_keeps_the_variance) {
    const params::batchnorm params{.epsilon = 1.0 / 3};  // 2/3 + 1/3
    for (const char *provider : {"cpu.ref", "cpu.native"}) {
        Session session(provider);
        const auto in  = Array{{3, 1}, {1e6 - 1, 1e6, 1e6 + 1}, GLIA_F32};
        const auto out = session.call(gli_op_batchnorm, params, {in}).out;
        ASSERT_EQ(out.size(), 5u);
        expect(out[0], {-1, 0, 1});
        expect(out[1], {1e6});
    }
}

// The same over 100 000 elements, for both layouts of the native provider: 1000 + the cycle -2 .. 2, variance 2.
TEST(Batchnorm, a_large_mean_keeps_the_variance_over_many_pieces) {
    for (const std::vector<int64_t> &dims : {std::vector<int64_t>{100000, 1}, {2, 1, 500, 100}, {20000, 5, 1}}) {
        Array x{dims, Values(100000), GLIA_F32};
        for (size_t i = 0; i < x.values.size(); ++i) x.values[i] = 1000 + double((dims[1] == 5 ? i / 5 : i) % 5) - 2;
        Session session("cpu.native");
        const auto out = session.call(gli_op_batchnorm, params::batchnorm{.epsilon = 2}, {x}).out;
        ASSERT_EQ(out.size(), 5u);
        for (double mean : out[1].values) EXPECT_EQ(mean, 1000);
        for (double rstd : out[2].values) EXPECT_NEAR(rstd, 0.5, 1e-7);
        for (size_t i = 0; i < x.values.size(); ++i) ASSERT_NEAR(out[0].values[i], (x.values[i] - 1000) / 2, 1e-6);
    }
}

// A momentum of 0 freezes the running statistics, one of 1 forgets them; an epsilon of 0 adds nothing: who computes
// makes no difference. Channel 1 of the image has the variance 4, and channel 0 of this one too.
const Array kEven{{2, 2, 1, 2}, {1, 1, 2, 2, 5, 5, 6, 6}, GLIA_F32};

TEST(Zero, is_a_momentum) {
    const std::vector<Array> in{kEven, ABSENT, ABSENT, {{2}, {8, -8}, GLIA_F32}, {{2}, {0.5, 2}, GLIA_F32}};
    expect_everywhere(gli_op_batchnorm, params::batchnorm{.momentum = 0}, in, {8, -8}, 3);
    expect_everywhere(gli_op_batchnorm, params::batchnorm{.momentum = 0}, in, {0.5, 2}, 4);
    expect_everywhere(gli_op_batchnorm, params::batchnorm{.momentum = 0}, {kEven}, {0, 0}, 3);
    expect_everywhere(gli_op_batchnorm, params::batchnorm{.momentum = 0}, {kEven}, {1, 1}, 4);
    expect_everywhere(gli_op_batchnorm, params::batchnorm{.momentum = 1, .population = true}, in, {3, 4}, 3);
    expect_everywhere(gli_op_batchnorm, params::batchnorm{.momentum = 1, .population = true}, in, {4, 4}, 4);
}

TEST(Zero, is_an_epsilon) {
    const Values halves{-1, -1, -1, -1, 1, 1, 1, 1};
    expect_everywhere_near(gli_op_batchnorm, params::batchnorm{.epsilon = 0}, {kEven}, halves);
    expect_everywhere_near(gli_op_batchnorm, params::batchnorm{.epsilon = 0}, {kEven}, {0.5, 0.5}, 2);
    const Array mean{{2}, {3, 4}, GLIA_F32}, small{{2}, {4e-12, 4e-12}, GLIA_F32},
        ones{{2, 2, 1, 2}, Values(8, 1), GLIA_F32};
    const Array tiny{{2, 2, 1, 2}, {3, 3, 4, 4, 3, 3, 4, 4}, GLIA_F32}, zero{{2}, {0, 0}, GLIA_F32};
    const params::batchnorm_inference plain{.epsilon = 0};
    expect_everywhere_near(gli_op_batchnorm_inference, plain, {tiny, ABSENT, ABSENT, zero, small},
                           {1.5e6, 1.5e6, 2e6, 2e6, 1.5e6, 1.5e6, 2e6, 2e6});
    expect_everywhere_near(gli_op_batchnorm_inference_backward, plain, {tiny, ones, ABSENT, mean, small},
                           Values(8, 5e5));
    const Array rows{{2, 2}, {1e-6, 3e-6, 0, 8}, GLIA_F32};
    expect_everywhere_near(gli_op_layernorm, params::layernorm{.epsilon = 0}, {rows}, {-1, 1, -1, 1});
    expect_everywhere_near(gli_op_groupnorm, params::groupnorm{.epsilon = 0}, {rows}, {-1, 1, -1, 1});
    expect_everywhere_near(gli_op_groupnorm, params::groupnorm{.epsilon = 0}, {rows}, {1e6, 0.25}, 2);
    Session session("");
    glia_tensor *x = session.tensor({{1, 2, 2}, {1e-6, 3e-6, 0, 8}, GLIA_F32}),
                *y = session.tensor({{1, 2, 2}, {}, GLIA_F32});
    const glia_instancenorm_params instance{.epsilon = 0};
    ASSERT_EQ(glia_instancenorm(session.ctx(), &instance, x, nullptr, nullptr, y, nullptr), GLIA_OK)
        << glia_message(session.ctx());
    expect({{1, 2, 2}, session.values(y)}, {-1, 1, -1, 1}, 1e-6);
}

TEST(Zero, is_a_weight_of_a_channel) {
    const Array zeros{{2}, {0, 0}, GLIA_F32}, bias{{2}, {7, 8}, GLIA_F32};
    expect_everywhere(gli_op_batchnorm, params::batchnorm{}, {kEven, zeros, bias}, {7, 7, 8, 8, 7, 7, 8, 8});
    expect_everywhere(gli_op_batchnorm, params::batchnorm{}, {kEven, zeros}, Values(8, 0));
}

// x = -1, 1 with epsilon 3: rstd 1/2, xhat -1/2, 1/2. dy = 1, 3, weight 2: dweight = 1, dbias = 4,
// dx = 2/2 (dy - 2 - xhat/2).
TEST(BatchnormBackward, agrees_with_the_formula_by_hand) {
    const auto out = run(gli_op_batchnorm_backward, nullptr,
                         {{{2, 1}, {-1, 1}}, {{2, 1}, {1, 3}}, {{1}, {2}}, {{1}, {0}}, {{1}, {0.5}}});
    expect(out[0], {1 - 2 + 0.25, 3 - 2 - 0.25});
    expect(out[1], {1});
    expect(out[2], {4});
}

// relu lets the gradient of the second element through, tanh 1 - y^2 of both.
TEST(BatchnormBackward, goes_through_the_activation_first) {
    const Array x{{3, 1}, {-1, 1, 2}}, dy{{3, 1}, {1, 3, 5}}, v{{1}, {1}}, mean{{1}, {0}};
    const params::batchnorm_backward relu{.activation = GLIA_RELU}, tanh{.activation = GLIA_TANH};
    const auto of_relu = run(gli_op_batchnorm_backward, &relu, {x, dy, v, mean, v, {{3, 1}, {0, 2, std::nan("")}}});
    expect(of_relu[1], {3 + 10});
    expect(of_relu[2], {8});
    expect(of_relu[3], {0, 3, 5});
    const auto of_tanh = run(gli_op_batchnorm_backward, &tanh, {x, dy, v, mean, v, {{3, 1}, {0, 0.5, -0.5}}});
    expect(of_tanh[3], {1, 3 * 0.75, 5 * 0.75});
    expect(of_tanh[2], {1 + 8 * 0.75});
    const auto of_both =
        run(gli_op_batchnorm_backward, &relu, {x, dy, v, mean, v, {{3, 1}, {0, 2, 1}}, {{3, 1}, {10, 20, -5}}});
    expect(of_both[3], {0, 23, 0});
}

TEST(BatchnormBackward, a_constant_gradient_vanishes) {
    const auto out = run(gli_op_batchnorm_backward, nullptr,
                         {kImage, {{2, 2, 1, 2}, Values(8, 3)}, ABSENT, {{2}, {4, 4}}, {{2}, {1, 1}}});
    expect(out[0], Values(8, 0));
    expect(out[1], {0, 0});
    expect(out[2], {12, 12});
}

// (2 - 1) / sqrt(3 + 1) = 1/2, (6 - 1) / 2 = 5/2.
TEST(BatchnormInference, takes_the_given_statistics) {
    const params::batchnorm_inference params{.epsilon = 1};
    const Array x{{1, 1, 2}, {2, 6}}, mean{{1}, {1}}, var{{1}, {3}};
    expect(run(gli_op_batchnorm_inference, &params, {x, {{1}, {4}}, {{1}, {10}}, mean, var})[0], {12, 20});
    expect(run(gli_op_batchnorm_inference, &params, {x, ABSENT, ABSENT, mean, var})[0], {0.5, 2.5});
    const auto back =
        run(gli_op_batchnorm_inference_backward, &params, {x, {{1, 1, 2}, {1, 2}}, {{1}, {4}}, mean, var});
    expect(back[0], {2, 4});
    expect(back[1], {0.5 + 5});
    expect(back[2], {3});
}

// Rows 1, 3 and 0, 8: means 2 and 4, variances 1 and 16.
TEST(Layernorm, normalises_each_row) {
    const params::layernorm params{.epsilon = 9};
    const auto out = run(gli_op_layernorm, &params, {{{2, 2}, {1, 3, 0, 8}}, {{2}, {1, 10}}, {{2}, {0, 100}}});
    const double s = std::sqrt(10.0);
    expect(out[0], {-1 / s, 10 / s + 100, -0.8, 108});
    EXPECT_EQ(out[1].dims, (std::vector<int64_t>{2}));
    expect(out[1], {2, 4});
    expect(out[2], {1 / s, 0.2});
}

TEST(Layernorm, groups_of_several_dimensions_have_weights_of_their_shape) {
    const params::layernorm params{.dims = 2, .epsilon = 4};
    const auto out =
        run(gli_op_layernorm, &params, {{{1, 2, 2}, {1, 3, 5, 7}}, {{2, 2}, {3, 6, 9, 12}}});  // mean 4, var 5
    expect(out[0], {-3, -2, 3, 12});
    EXPECT_EQ(out[1].dims, (std::vector<int64_t>{1}));
}

TEST(Layernorm, all_dimensions_leave_scalar_statistics) {
    const params::layernorm params{.dims = 2, .epsilon = 4};
    const auto out = run(gli_op_layernorm, &params, {{{2, 2}, {1, 3, 5, 7}}});
    expect(out[0], {-1, -1 / 3.0, 1 / 3.0, 1});
    EXPECT_TRUE(out[1].dims.empty());
    expect(out[1], {4});
}

// As BatchnormBackward, with the elements of the group in a row: weights 2 and 1, so g = 2, 3, g xhat = -1, 3/2.
TEST(LayernormBackward, agrees_with_the_formula_by_hand) {
    const auto out = run(gli_op_layernorm_backward, nullptr,
                         {{{1, 2}, {-1, 1}}, {{1, 2}, {1, 3}}, {{2}, {2, 1}}, {{1}, {0}}, {{1}, {0.5}}});
    expect(out[0], {0.5 * (2 - 2.5 + 0.5 * 0.25), 0.5 * (3 - 2.5 - 0.5 * 0.25)});
    expect(out[1], {-0.5, 1.5});
    expect(out[2], {1, 3});
}

TEST(LayernormBackward, weights_sum_over_the_rows) {
    const auto out = run(gli_op_layernorm_backward, nullptr,
                         {{{2, 1}, {1, 5}}, {{2, 1}, {10, 100}}, ABSENT, {{2}, {0, 1}}, {{2}, {1, 2}}});
    expect(out[1], {10 * 1 * 1 + 100 * 4 * 2});
    expect(out[2], {110});
}

// Groups {1, 3}, {5, 7}: mean 2 and 6, var 1 each.
TEST(Groupnorm, groups_are_runs_of_channels_of_one_sample) {
    const params::groupnorm params{.groups = 2, .epsilon = 3};
    const auto out = run(gli_op_groupnorm, &params, {{{1, 4}, {1, 3, 5, 7}}, {{4}, {2, 4, 6, 8}}, {{4}, {0, 0, 0, 1}}});
    expect(out[0], {-1, 2, -3, 5});
    EXPECT_EQ(out[1].dims, (std::vector<int64_t>{1, 2}));
    expect(out[1], {2, 6});
    expect(out[2], {0.5, 0.5});
}

TEST(Groupnorm, one_group_is_layernorm_over_everything_but_the_sample) {
    const Array x{{2, 3, 2}, {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}};
    const params::layernorm rows{.dims = 2};
    const auto a = run(gli_op_groupnorm, nullptr, {x}), b = run(gli_op_layernorm, &rows, {x});
    expect(a[0], b[0].values);
    expect(a[1], b[1].values);
}

// Two groups of one channel with two places each; the first is the example of BatchnormBackward, the second has dy = 0.
TEST(GroupnormBackward, agrees_with_the_formula_by_hand) {
    const params::groupnorm_backward params{.groups = 2};
    const auto out = run(
        gli_op_groupnorm_backward, &params,
        {{{1, 2, 2}, {-1, 1, 4, 5}}, {{1, 2, 2}, {1, 3, 0, 0}}, {{2}, {2, 7}}, {{1, 2}, {0, 4}}, {{1, 2}, {0.5, 1}}});
    expect(out[0], {1 - 2 + 0.25, 3 - 2 - 0.25, 0, 0});
    expect(out[1], {1, 0});
    expect(out[2], {4, 0});
}

// The public functions put every tensor where the op expects it.
// ---- numbers of any size, whoever computes: large means, squares that overflow or vanish

// Set `kind` of n numbers: of ordinary size, beside a large mean, huge, tiny.
Values numbers(const char *kind, int64_t n, int64_t start = 0) {
    Values x(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
        const double wave      = std::sin(double(i + start) * 0.7) + 0.25 * std::sin(double(i + start) * 0.01);
        const std::string name = kind;
        const double v         = name == "ordinary"     ? wave
                                 : name == "large_mean" ? 10000 + 0.001 * double((i + start) % 16)
                                 : name == "huge"       ? 1e30 * wave + 5e29
                                 : name == "tiny"       ? 1e-25 * wave
                                                        : 6e36 * wave;
        x[size_t(i)]           = double(float(v));
    }
    return x;
}

struct Normal {
    Values y;
    double mean, rstd;
};
Normal normal(const Values &x, double epsilon) {
    double mean = 0, var = 0;
    for (double v : x) mean += v / double(x.size());
    for (double v : x) var += (v - mean) * (v - mean) / double(x.size());
    Normal n{x, mean, 1 / std::sqrt(var + epsilon)};
    for (double &v : n.y) v = (v - mean) * n.rstd;
    return n;
}

void expect_share(double got, double want, double share, const std::string &what) {
    EXPECT_NEAR(got, want, share * std::fabs(want) + 1e-300) << what;
}

const char *const kSizes[] = {"ordinary", "large_mean", "huge", "tiny", "largest"};

double epsilon_of(const char *kind) { return std::string(kind) == "tiny" ? 0 : 1e-5; }

TEST(Layernorm, of_numbers_of_any_size) {
    for (const char *kind : kSizes)
        for (int64_t length : {4, 7, 40, 300, 5000, 20001}) {
            const params::layernorm params{.epsilon = epsilon_of(kind)};
            const Values row = numbers(kind, length), other = numbers("ordinary", length, 5);
            const Normal want = normal(row, params.epsilon), plain = normal(other, params.epsilon);
            Values both = row;
            both.insert(both.end(), other.begin(), other.end());
            for (const auto &[provider, out] : everywhere(gli_op_layernorm, params, {{{2, length}, both, GLIA_F32}})) {
                const std::string what = std::string(kind) + " by " + provider + " of " + std::to_string(length);
                for (size_t i = 0; i < row.size(); ++i) {
                    ASSERT_NEAR(out[0].values[i], want.y[i], 4e-6) << what << ", element " << i;
                    ASSERT_NEAR(out[0].values[row.size() + i], plain.y[i], 4e-6) << what << ", the other row";
                }
                expect_share(out[2].values[0], want.rstd, 3e-6, what);
            }
        }
}

// A weight whose product with rstd, which CUDA's kernels make, is no float, in channels that are constant and are not.
TEST(Batchnorm, of_weights_of_any_size) {
    const params::batchnorm params{.epsilon = 1e-5};
    const Array x{{2, 2}, {1, 1, 1, 1 + 0x1p-20}, GLIA_F32}, weight{{2}, {double(2e38f), double(2e38f)}, GLIA_F32};
    const double y = (0x1p-21) / std::sqrt(0x1p-42 + 1e-5) * weight.values[1];
    for (const auto &[provider, out] : everywhere(gli_op_batchnorm, params, {x, weight, {{2}, {3, 3}, GLIA_F32}})) {
        if (provider.rfind("cpu", 0) != 0) continue;
        EXPECT_EQ(out[0].values[0], 3) << provider;
        EXPECT_NEAR(out[0].values[1] / -y, 1, 1e-6) << provider;
        EXPECT_EQ(out[0].values[2], 3) << provider;
        EXPECT_NEAR(out[0].values[3] / y, 1, 1e-6) << provider;
    }
}

// Channels as planes and as columns; a few numbers of each, and so many that blocks share them.
TEST(Batchnorm, of_numbers_of_any_size) {
    for (const char *kind : kSizes)
        for (const std::vector<int64_t> &dims :
             {std::vector<int64_t>{5, 2}, {700, 2}, {9000, 2}, {2, 2, 3, 5}, {2, 2, 100, 101}}) {
            const params::batchnorm params{.epsilon = epsilon_of(kind)};
            const int64_t area = dims.size() > 2 ? dims[2] * dims[3] : 1, count = dims[0] * area;
            const Values first = numbers(kind, count), second = numbers("ordinary", count, 5);
            const Normal want = normal(first, params.epsilon), plain = normal(second, params.epsilon);
            Values x(size_t(2 * count));
            const auto at = [&](int64_t c, int64_t i) { return size_t((i / area * 2 + c) * area + i % area); };
            for (int64_t i = 0; i < count; ++i) x[at(0, i)] = first[size_t(i)], x[at(1, i)] = second[size_t(i)];
            for (const auto &[provider, out] : everywhere(gli_op_batchnorm, params, {{dims, x, GLIA_F32}})) {
                const std::string what = std::string(kind) + " by " + provider + " of " + std::to_string(count);
                for (int64_t i = 0; i < count; ++i) {
                    ASSERT_NEAR(out[0].values[at(0, i)], want.y[size_t(i)], 4e-6) << what << ", element " << i;
                    ASSERT_NEAR(out[0].values[at(1, i)], plain.y[size_t(i)], 4e-6) << what << ", the other channel";
                }
                expect_share(out[2].values[0], want.rstd, 3e-6, what);
            }
        }
}

// Whose inverse deviation is no normal float.
TEST(Norms, of_the_largest_numbers) {
    const Values x = {1e38, -1e38, 1e38, -1e38}, largest = {3.4e38, -3.4e38, 3.4e38, -3.4e38};
    for (const Values &row : {x, largest}) {
        const Values y = {1, -1, 1, -1};
        expect_everywhere_near(gli_op_layernorm, params::layernorm{}, {{{1, 4}, row, GLIA_F32}}, y);
        expect_everywhere_near(gli_op_batchnorm, params::batchnorm{}, {{{4, 1}, row, GLIA_F32}}, y);
        expect_everywhere_near(gli_op_batchnorm, params::batchnorm{}, {{{1, 1, 2, 2}, row, GLIA_F32}}, y);
        expect_everywhere_near(gli_op_groupnorm, params::groupnorm{}, {{{1, 1, 2, 2}, row, GLIA_F32}}, y);
        const Array columns{{4, 2}, {row[0], 1, row[1], 3, row[2], 5, row[3], 7}, GLIA_F32};
        const Array weight{{2}, {2, 0.5}, GLIA_F32}, bias{{2}, {1, -1}, GLIA_F32};
        const double s = 0.5 / std::sqrt(5.0);
        expect_everywhere_near(gli_op_batchnorm, params::batchnorm{.epsilon = 0}, {columns, weight, bias},
                               {3, -1 - 3 * s, -1, -1 - s, 3, -1 + s, -1, -1 + 3 * s});
        expect_everywhere_near(gli_op_layernorm, params::layernorm{},
                               {{{1, 4}, row, GLIA_F32}, {{4}, {1, 2, 3, 4}, GLIA_F32}, {{4}, {0, 1, 0, 1}, GLIA_F32}},
                               {1, -1, 3, -3});
    }
}

TEST(Norms, of_doubles_without_squares) {
    for (double size : {3e200, 3e-200, 1.5e308}) {
        const Values x = {size, -size}, y = {1, -1};
        expect_everywhere_near(gli_op_layernorm, params::layernorm{.epsilon = 0}, {{{1, 2}, x}}, y);
        expect_everywhere_near(gli_op_batchnorm, params::batchnorm{.epsilon = 0}, {{{2, 1}, x}}, y);
        expect_everywhere_near(gli_op_groupnorm, params::groupnorm{.epsilon = 0}, {{{1, 1, 2}, x}}, y);
        EXPECT_DOUBLE_EQ(run(gli_op_layernorm, nullptr, {{{1, 2}, {size, size}}})[1].values[0], size);
    }
}

// Equal large numbers, whose squares overflow: their variance is 0 all the same.
TEST(Norms, of_a_constant_without_epsilon) {
    for (const auto &[size, dtype] : {std::pair{double(1e20f), GLIA_F32}, {1e200, GLIA_F64}}) {
        const Values x(4, size);
        expect_everywhere(gli_op_layernorm, params::layernorm{.epsilon = 0}, {{{1, 4}, x, dtype}}, {size}, 1);
        expect_everywhere(gli_op_batchnorm, params::batchnorm{.epsilon = 0}, {{{4, 1}, x, dtype}}, {size}, 1);
        expect_everywhere(gli_op_batchnorm, params::batchnorm{.epsilon = 0}, {{{1, 1, 2, 2}, x, dtype}}, {size}, 1);
        expect_everywhere(gli_op_groupnorm, params::groupnorm{.epsilon = 0}, {{{1, 1, 2, 2}, x, dtype}}, {size}, 1);
    }
}

// dx of numbers that are normalised together.
Values gradient(const Values &x, const Values &dy, double mean, double rstd) {
    const double count = double(x.size());
    double shift = 0, slope = 0;
    for (size_t i = 0; i < x.size(); ++i) shift += dy[i] / count, slope += dy[i] * ((x[i] - mean) * rstd) / count;
    Values dx;
    for (size_t i = 0; i < x.size(); ++i) dx.push_back(rstd * (dy[i] - shift - (x[i] - mean) * rstd * slope));
    return dx;
}

Values twice(const Values &values) {
    Values both = values;
    both.insert(both.end(), values.begin(), values.end());
    return both;
}

Values interleaved(const Values &values) {
    Values both;
    for (double v : values) both.insert(both.end(), {v, v});
    return both;
}

template <class Params>
void expect_dx(const gli_op &op, const Params &params, const std::vector<Array> &in, const Values &want, double within,
               const std::string &what) {
    for (const auto &[provider, out] : everywhere(op, params, in))
        for (size_t i = 0; i < want.size(); ++i)
            ASSERT_NEAR(out[0].values[i], want[i], within) << op.name << " by " << provider << ", " << what;
}

// Sizes of x and dy that have products, or sums of them, which no float holds. Two rows, two columns, two planes.
TEST(NormBackward, of_numbers_of_any_size) {
    const std::vector<std::pair<double, double>> sizes = {{1e30, 1e10}, {1e5, 1e35},    {1e37, 1},
                                                          {1, 1e36},    {1e-15, 1e-25}, {1e35, 1e-5}};
    for (const auto &[of_x, of_dy] : sizes)
        for (int64_t length : {4, 40, 5000}) {
            Values x, dy;
            for (int64_t i = 0; i < length; ++i) {
                x.push_back(double(float(of_x * std::sin(double(i) * 0.7))));
                dy.push_back(double(float(of_dy * std::cos(double(i) * 0.3))));
            }
            const Normal n    = normal(x, 0);
            const double mean = double(float(n.mean)), rstd = double(float(n.rstd));
            const Values dx = gradient(x, dy, mean, rstd);
            const Array means{{2}, {mean, mean}, GLIA_F32}, rstds{{2}, {rstd, rstd}, GLIA_F32};
            const double within    = 4e-6 * rstd * of_dy + 1e-37;
            const std::string what = std::to_string(length) + " of size " + std::to_string(of_x);
            const std::vector<int64_t> rows{2, length}, columns{length, 2}, planes{1, 2, length, 1};
            expect_dx(gli_op_layernorm_backward, params::layernorm_backward{},
                      {{rows, twice(x), GLIA_F32}, {rows, twice(dy), GLIA_F32}, ABSENT, means, rstds}, twice(dx),
                      within, what);
            expect_dx(gli_op_batchnorm_backward, params::batchnorm_backward{},
                      {{columns, interleaved(x), GLIA_F32}, {columns, interleaved(dy), GLIA_F32}, ABSENT, means, rstds},
                      interleaved(dx), within, what);
            expect_dx(gli_op_batchnorm_backward, params::batchnorm_backward{},
                      {{planes, twice(x), GLIA_F32}, {planes, twice(dy), GLIA_F32}, ABSENT, means, rstds}, twice(dx),
                      within, what);
        }
}

TEST(LayernormBackward, adds_many_rows) {
    const int64_t rows = 40000;
    const Array x{{rows, 2}, Values(size_t(2 * rows), 1), GLIA_F32},
        dy{{rows, 2}, Values(size_t(2 * rows), double(0.1f)), GLIA_F32};
    const Array weight{{2}, {1, 1}, GLIA_F32}, mean{{rows}, Values(size_t(rows), 0), GLIA_F32},
        rstd{{rows}, Values(size_t(rows), 1), GLIA_F32};
    const double want = 40000 * double(0.1f);
    for (int output : {1, 2})
        expect_everywhere_near(gli_op_layernorm_backward, params::layernorm_backward{}, {x, dy, weight, mean, rstd},
                               {want, want}, size_t(output), 2e-6);
}

TEST(Groupnorm, of_numbers_of_any_size) {
    for (const char *kind : kSizes)
        for (int64_t area : {3, 40, 9001}) {
            const params::groupnorm params{.groups = 2, .epsilon = epsilon_of(kind)};
            const Values group = numbers(kind, 2 * area), other = numbers("ordinary", 2 * area, 5);
            const Normal want = normal(group, params.epsilon), plain = normal(other, params.epsilon);
            Values x = group;
            x.insert(x.end(), other.begin(), other.end());
            for (const auto &[provider, out] : everywhere(gli_op_groupnorm, params, {{{1, 4, area, 1}, x, GLIA_F32}})) {
                const std::string what = std::string(kind) + " by " + provider + " of " + std::to_string(2 * area);
                for (size_t i = 0; i < group.size(); ++i) {
                    ASSERT_NEAR(out[0].values[i], want.y[i], 4e-6) << what << ", element " << i;
                    ASSERT_NEAR(out[0].values[group.size() + i], plain.y[i], 4e-6) << what << ", the other group";
                }
            }
        }
}

TEST(PublicNorm, batchnorm_updates_the_running_statistics_in_place) {
    Session session;
    glia_tensor *x = session.tensor(kImage), *y = session.tensor({{2, 2, 1, 2}, {}}), *mean = session.tensor({{2}, {}});
    const glia_batchnorm_vectors vectors{session.tensor({{2}, {3, 2}}), session.tensor({{2}, {10, -1}}),
                                         session.tensor({{2}, {0, 8}}), session.tensor({{2}, {1, 2}})};
    const glia_norm_stats stats{mean, nullptr};
    const auto params = params::as<glia_batchnorm_params>(params::batchnorm{.epsilon = 4, .momentum = 0.5});
    ASSERT_EQ(glia_batchnorm(session.ctx(), &params, x, &vectors, y, &stats), GLIA_OK) << glia_message(session.ctx());
    EXPECT_EQ(session.values(mean), (Values{4, 4}));
    EXPECT_EQ(session.values(vectors.running_mean), (Values{2, 6}));
    EXPECT_NEAR(session.values(y)[0], 7, 1e-12);
    ASSERT_EQ(glia_batchnorm(session.ctx(), nullptr, x, nullptr, y, nullptr), GLIA_OK);
    ASSERT_EQ(glia_batchnorm_inference(session.ctx(), nullptr, x, &vectors, x), GLIA_OK) << glia_message(session.ctx());
}

TEST(PublicNorm, instancenorm_has_a_group_for_each_channel) {
    Session session;
    glia_tensor *x = session.tensor(kImage), *y = session.tensor({{2, 2, 1, 2}, {}}),
                *mean = session.tensor({{2, 2}, {}});
    const glia_norm_stats stats{mean, nullptr};
    const glia_instancenorm_params params{.epsilon = 3};  // the variances are 1, 0, 1, 0
    ASSERT_EQ(glia_instancenorm(session.ctx(), &params, x, nullptr, nullptr, y, &stats), GLIA_OK);
    EXPECT_EQ(session.values(y), (Values{-0.5, 0.5, 0, 0, -0.5, 0.5, 0, 0}));
    EXPECT_EQ(session.values(mean), (Values{2, 2, 6, 6}));
    EXPECT_EQ(glia_instancenorm(session.ctx(), &params, nullptr, nullptr, nullptr, y, nullptr), GLIA_INVALID_ARGUMENT);
}

TEST(PublicNorm, backward_functions_take_and_give_in_order) {
    Session session;
    const Array x{{1, 2}, {-1, 1}}, dy{{1, 2}, {1, 3}}, two{{2}, {}}, one{{1}, {}};
    glia_tensor *dx = session.tensor({{1, 2}, {}}), *dweight = session.tensor(two), *dbias = session.tensor(two);
    const glia_norm_saved saved{session.tensor({{2}, {2, 1}}), session.tensor({{1}, {0}}), session.tensor({{1}, {0.5}}),
                                nullptr};
    const glia_norm_gradients gradients{dweight, dbias, nullptr};
    ASSERT_EQ(
        glia_layernorm_backward(session.ctx(), nullptr, session.tensor(x), session.tensor(dy), &saved, dx, &gradients),
        GLIA_OK);
    EXPECT_EQ(session.values(dweight), (Values{-0.5, 1.5}));
    EXPECT_EQ(session.values(dbias), (Values{1, 3}));
    EXPECT_EQ(
        glia_layernorm_backward(session.ctx(), nullptr, session.tensor(x), session.tensor(dy), nullptr, dx, nullptr),
        GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(session.ctx()), "layernorm_backward: mean is NULL");
}

}  // namespace
