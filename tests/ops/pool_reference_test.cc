// The reference of the pooling family against numbers worked out by hand, and what the native provider must share with
// it beyond the cases: NaN, infinities, and the same bits on any number of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/call.h"
#include "support/everywhere.h"
#include "support/params.h"

namespace {

using namespace glia;
using Values = std::vector<double>;
using Dims   = std::vector<int64_t>;

template <class Params>
std::vector<Array> run(const gli_op &op, const Params &params, const std::vector<Array> &in,
                       const char *provider = "cpu.ref") {
    Session session(provider);
    Result result = session.call(op, params, in);
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    result.out.resize(size_t(op.n_outputs));
    return result.out;
}

void expect(const Array &got, const Dims &dims, const Values &values) {
    EXPECT_EQ(got.dims, dims);
    ASSERT_EQ(got.values.size(), values.size());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_DOUBLE_EQ(got.values[i], values[i]) << "element " << i;
}

Array counting(const Dims &dims, double first = 1) {
    Array array{dims, {}};
    int64_t count = 1;
    for (int64_t d : dims) count *= d;
    for (int64_t i = 0; i < count; ++i) array.values.push_back(first + double(i));
    return array;
}

const Array kSixteen = counting({1, 1, 4, 4});
const Array kNine    = counting({1, 1, 3, 3});
const double kNan    = std::numeric_limits<double>::quiet_NaN();
const double kInf    = std::numeric_limits<double>::infinity();

using Max = params::max_pool2d;
using Avg = params::avg_pool2d;

// ---- max_pool2d

// A window as large as an image, whoever computes.
TEST(AvgPool, of_a_large_image) {
    const Array tenths{{1, 4, 200, 200}, Values(160000, double(0.1f)), GLIA_F32};
    expect_everywhere_near(gli_op_adaptive_avg_pool2d, params::adaptive_avg_pool2d{{1, 1}}, {tenths},
                           Values(4, double(0.1f)), 0, 1e-7);
    expect_everywhere_near(gli_op_avg_pool2d, params::avg_pool2d{.kernel = {200, 200}}, {tenths},
                           Values(4, double(0.1f)), 0, 1e-7);
    const Array huge{{1, 1, 20, 20}, Values(400, double(3e38f)), GLIA_F32};
    expect_everywhere(gli_op_adaptive_avg_pool2d, params::adaptive_avg_pool2d{{1, 1}}, {huge}, {double(3e38f)});
}

TEST(AvgPool, of_a_large_image_with_its_channels_last) {
    for (double value : {double(0.1f), double(3e38f)}) {
        Session session("cpu.native");
        glia_tensor *x = session.tensor({{1, 70, 100, 90}, {}, GLIA_F32});
        gli_channels_last_strides(4, x->dim, x->stride);
        gli_tensor_from_double(x, Values(630000, value).data());
        glia_tensor *y = session.tensor({{1, 70, 1, 1}, {}, GLIA_F32});
        ASSERT_EQ(glia_global_avg_pool2d(session.ctx(), x, y), GLIA_OK) << glia_message(session.ctx());
        for (double mean : session.values(y)) EXPECT_NEAR(mean, value, value * 1e-6);
    }
}

// Four windows, of which one has an overflowing sum, one an infinity.
TEST(AvgPool, of_sums_that_no_f32_holds) {
    const double big = double(2e38f);
    const Array x{{1, 2, 2, 4}, {big, big, 1, 2, big, big, 3, 4, 5, 6, INFINITY, -1, 7, 8, 1, 1}, GLIA_F32};
    expect_everywhere(gli_op_avg_pool2d, params::avg_pool2d{.kernel = {2, 2}}, {x}, {big, 2.5, 6.5, INFINITY});
    expect_everywhere(gli_op_adaptive_avg_pool2d, params::adaptive_avg_pool2d{{1, 2}}, {x}, {big, 2.5, 6.5, INFINITY});
    const Array all{{1, 1, 2, 2}, {-big, -big, -big, -big}, GLIA_F32};
    expect_everywhere(gli_op_adaptive_avg_pool2d, params::adaptive_avg_pool2d{{1, 1}}, {all}, {-big});
}

TEST(MaxPool, halves_with_the_default_stride) {
    const auto out = run(gli_op_max_pool2d, Max{.kernel = {2, 2}}, {kSixteen});
    expect(out[0], {1, 1, 2, 2}, {6, 8, 14, 16});
    expect(out[1], {1, 1, 2, 2}, {5, 7, 13, 15});
    EXPECT_EQ(out[1].dtype, GLIA_I32);
}

// The windows have -6, -4, 0 and 2 as their largest elements; what is 0 comes from no element.
TEST(MaxPool, relu_of_the_largest_elements) {
    const Array x{{1, 1, 2, 8}, {-9, -6, -4, -5, -1, 0, 1, 2, -7, -8, -9, -9, -2, -3, 1, 2}};
    const auto out = run(gli_op_max_pool2d, Max{.kernel = {2, 2}, .activation = GLIA_RELU}, {x});
    expect(out[0], {1, 1, 1, 4}, {0, 0, 0, 2});
    expect(out[1], {1, 1, 1, 4}, {-1, -1, -1, 7});
    const Array some{{1, 1, 1, 4}, {-1, kNan, -kInf, kInf}};
    const auto kept = run(gli_op_max_pool2d, Max{.kernel = {1, 1}, .activation = GLIA_RELU}, {some});
    EXPECT_TRUE(std::isnan(kept[0].values[1]));
    EXPECT_EQ(kept[0].values[2], 0);
    EXPECT_EQ(kept[0].values[3], kInf);
    expect(kept[1], {1, 1, 1, 4}, {-1, 1, -1, 3});
}

// ONNX's page of MaxPool: maxpool_2d_precomputed_pads, _strides, and maxpool_2d_ceil.
TEST(MaxPool, agrees_with_the_examples_of_onnx) {
    const Array x = counting({1, 1, 5, 5});
    expect(run(gli_op_max_pool2d, Max{.kernel = {5, 5}, .stride = {1, 1}, .pad = {2, 2}}, {x})[0], {1, 1, 5, 5},
           {13, 14, 15, 15, 15, 18, 19, 20, 20, 20, 23, 24, 25, 25, 25, 23, 24, 25, 25, 25, 23, 24, 25, 25, 25});
    expect(run(gli_op_max_pool2d, Max{.kernel = {2, 2}, .stride = {2, 2}}, {x})[0], {1, 1, 2, 2}, {7, 9, 17, 19});
    expect(run(gli_op_max_pool2d, Max{.kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true}, {kSixteen})[0],
           {1, 1, 2, 2}, {11, 12, 15, 16});
}

TEST(MaxPool, dilation_spreads_the_window) {
    const auto out = run(gli_op_max_pool2d, Max{.kernel = {2, 2}, .stride = {1, 1}, .dilation = {2, 2}}, {kSixteen});
    expect(out[0], {1, 1, 2, 2}, {11, 12, 15, 16});
}

// 2 x 2 windows at 0, 3 on 5 padded by 1: -1..0, 2..3, and with ceil_mode one at 5, which starts behind x: left out.
TEST(MaxPool, ceil_mode_leaves_out_a_window_that_starts_in_the_padding) {
    const Max ceil{.kernel = {2, 2}, .stride = {3, 3}, .pad = {1, 1}, .ceil_mode = true};
    const auto out = run(gli_op_max_pool2d, ceil, {counting({1, 1, 5, 5})});
    expect(out[0], {1, 1, 2, 2}, {1, 4, 16, 19});
}

TEST(MaxPool, padding_never_wins) {
    const auto out = run(gli_op_max_pool2d, Max{.kernel = {3, 3}, .pad = {1, 1}}, {{{1, 1, 1, 1}, {-5}}});
    expect(out[0], {1, 1, 1, 1}, {-5});
    expect(out[1], {1, 1, 1, 1}, {0});
}

// Both providers: f32 arrays so that the native one takes them; three channels last, as rows, and many as lanes.
class MaxPoolOf : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(, MaxPoolOf, testing::Values("cpu.ref", "cpu.native"),
                         [](const auto &info) { return std::string(info.param).substr(4); });

TEST_P(MaxPoolOf, the_first_of_equals_wins) {
    const auto out =
        run(gli_op_max_pool2d, Max{.kernel = {2, 2}}, {{{1, 1, 2, 4}, {1, 7, 3, 3, 7, 7, 3, 2}, GLIA_F32}}, GetParam());
    expect(out[0], {1, 1, 1, 2}, {7, 3});
    expect(out[1], {1, 1, 1, 2}, {1, 2});
}

TEST_P(MaxPoolOf, nan_wins_and_the_last_of_several_gives_the_index) {
    for (const params::max_pool2d &p :
         {Max{.kernel = {2, 3}}, Max{.kernel = {2, 3}, .stride = {1, 1}, .pad = {1, 1}, .pad_end = {0, 0}}}) {
        const auto out =
            run(gli_op_max_pool2d, p, {{{1, 1, 2, 3}, {1, kNan, kInf, kNan, 9, -kInf}, GLIA_F32}}, GetParam());
        EXPECT_TRUE(std::isnan(out[0].values.back()));
        EXPECT_EQ(out[1].values.back(), 3);
    }
}

// Twenty channels, in both layouts: as vectors and as what is left of them. Channel c has NaN at place c % 3.
TEST_P(MaxPoolOf, nan_wins_in_every_channel_of_the_usual_windows) {
    for (int size : {2, 3, 4})
        for (bool channels_last : {false, true}) {
            Values values(size_t(20 * size * size), 1);
            for (size_t c = 0; c < 20; ++c) values[c * size_t(size * size) + c % 3] = kNan;
            Session session(GetParam());
            glia_tensor *x = session.tensor({{1, 20, size, size}, {}, GLIA_F32});
            if (channels_last) gli_channels_last_strides(4, x->dim, x->stride);
            gli_tensor_from_double(x, values.data());
            glia_tensor *y                      = session.tensor({{1, 20, 1, 1}, {}, GLIA_F32}),
                        *indices                = session.tensor({{1, 20, 1, 1}, {}, GLIA_I32});
            const glia_max_pool2d_params params = glia_max_pool2d_defaults(size, size);
            ASSERT_EQ(glia_max_pool2d(session.ctx(), &params, x, y, indices), GLIA_OK) << glia_message(session.ctx());
            for (size_t c = 0; c < 20; ++c) {
                EXPECT_TRUE(std::isnan(session.values(y)[c]));
                EXPECT_EQ(session.values(indices)[c], double(c % 3));
            }
            ASSERT_EQ(glia_max_pool2d(session.ctx(), &params, x, y, nullptr), GLIA_OK);
            for (double v : session.values(y)) EXPECT_TRUE(std::isnan(v));
        }
}

TEST_P(MaxPoolOf, minus_infinity_is_a_value) {
    const auto out =
        run(gli_op_max_pool2d, Max{.kernel = {2, 2}}, {{{1, 1, 2, 2}, Values(4, -kInf), GLIA_F32}}, GetParam());
    EXPECT_EQ(out[0].values, Values{-kInf});
    EXPECT_EQ(out[1].values, Values{0});
}

// One row, a window of two rows two apart and one row of padding: it stands at -1 and 1, both outside.
TEST_P(MaxPoolOf, a_window_without_elements_is_told_by_its_index) {
    const Max params{.kernel = {2, 1}, .stride = {1, 1}, .pad = {1, 0}, .dilation = {2, 1}};
    const auto out = run(gli_op_max_pool2d, params, {{{1, 1, 1, 2}, {3, 4}, GLIA_F32}}, GetParam());
    expect(out[0], {1, 1, 1, 2}, {-kInf, -kInf});
    expect(out[1], {1, 1, 1, 2}, {-1, -1});
}

TEST_P(MaxPoolOf, backward_adds_where_the_indices_point) {
    const params::max_pool2d_backward params{.size = {2, 3}};
    const Array dy{{1, 2, 1, 3}, {1, 2, 4, 8, 16, 32}, GLIA_F32}, indices{{1, 2, 1, 3}, {5, 5, 0, 2, -1, 6}, GLIA_I32};
    expect(run(gli_op_max_pool2d_backward, params, {dy, indices}, GetParam())[0], {1, 2, 2, 3},
           {4, 0, 0, 0, 0, 3, 0, 0, 8, 0, 0, 0});
}

// ---- avg_pool2d

TEST(AvgPool, divides_by_the_elements_that_a_window_has) {
    const Avg by_default{.kernel = {2, 2}, .pad = {1, 1}},
        counting_pad{.kernel = {2, 2}, .pad = {1, 1}, .count_include_pad = true};
    const Values sums{1, 2 + 3, 4 + 7, 5 + 6 + 8 + 9};
    expect(run(gli_op_avg_pool2d, by_default, {kNine})[0], {1, 1, 2, 2},
           {sums[0], sums[1] / 2, sums[2] / 2, sums[3] / 4});
    expect(run(gli_op_avg_pool2d, counting_pad, {kNine})[0], {1, 1, 2, 2},
           {sums[0] / 4, sums[1] / 4, sums[2] / 4, sums[3] / 4});
}

// ONNX's page of AveragePool: averagepool_2d_precomputed_pads with and without count_include_pad, averagepool_2d_ceil.
TEST(AvgPool, agrees_with_the_examples_of_onnx) {
    const Array x = counting({1, 1, 5, 5});
    Avg p{.kernel = {5, 5}, .stride = {1, 1}, .pad = {2, 2}};
    expect(run(gli_op_avg_pool2d, p, {x})[0], {1, 1, 5, 5},
           {7,    7.5, 8,    8.5, 9,    9.5, 10,   10.5, 11,   11.5, 12,   12.5, 13,
            13.5, 14,  14.5, 15,  15.5, 16,  16.5, 17,   17.5, 18,   18.5, 19});
    p.count_include_pad = true;
    const auto y        = run(gli_op_avg_pool2d, p, {x})[0];
    EXPECT_DOUBLE_EQ(y.values[0], 2.52);
    EXPECT_DOUBLE_EQ(y.values[12], 13);
    EXPECT_DOUBLE_EQ(y.values[24], 6.84);
    expect(run(gli_op_avg_pool2d, Avg{.kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true}, {kSixteen})[0],
           {1, 1, 2, 2}, {6, 7.5, 12, 13.5});
}

// PyTorch's rule: what ceil_mode lets the window reach behind the padding does not count. Columns 1 2 3 4 padded by 1:
// windows of 3 at -1, 1, 3; the last has 4, one padding element and one beyond.
TEST(AvgPool, the_divisor_ends_at_the_padding) {
    const Array x{{1, 1, 1, 4}, {1, 2, 3, 4}};
    Avg p{.kernel = {1, 3}, .stride = {1, 2}, .pad = {0, 1}, .ceil_mode = true, .count_include_pad = true};
    expect(run(gli_op_avg_pool2d, p, {x})[0], {1, 1, 1, 3}, {1, 3, 2});
    p.count_include_pad = false;
    expect(run(gli_op_avg_pool2d, p, {x})[0], {1, 1, 1, 3}, {1.5, 3, 4});
}

TEST(AvgPool, backward_shares_each_gradient_among_its_window) {
    const params::avg_pool2d_backward params{{.kernel = {2, 2}, .stride = {1, 1}}, {3, 3}};
    expect(run(gli_op_avg_pool2d_backward, params, {{{1, 1, 2, 2}, {4, 8, 12, 16}}})[0], {1, 1, 3, 3},
           {1, 3, 2, 4, 10, 6, 3, 7, 4});
    const params::avg_pool2d_backward padded{{.kernel = {2, 2}, .pad = {1, 1}}, {3, 3}};
    expect(run(gli_op_avg_pool2d_backward, padded, {{{1, 1, 2, 2}, {4, 8, 12, 16}}})[0], {1, 1, 3, 3},
           {4, 4, 4, 6, 4, 4, 6, 4, 4});
}

// ---- Adaptive

// 5 into 3: windows 0..1, 1..3, 3..4.
TEST(AdaptivePool, windows_follow_the_rule_of_pytorch) {
    const Array x{{1, 1, 1, 5}, {1, 20, 3, 40, 5}};
    const params::adaptive_avg_pool2d three{{1, 3}};
    expect(run(gli_op_adaptive_avg_pool2d, three, {x})[0], {1, 1, 1, 3}, {10.5, 21, 22.5});
    const auto max = run(gli_op_adaptive_max_pool2d, three, {x});
    expect(max[0], {1, 1, 1, 3}, {20, 40, 40});
    expect(max[1], {1, 1, 1, 3}, {1, 3, 3});
}

TEST(AdaptivePool, the_first_of_equals_wins) {
    const auto out =
        run(gli_op_adaptive_max_pool2d, params::adaptive_avg_pool2d{{1, 2}}, {{{1, 1, 2, 3}, Values(6, 3)}});
    expect(out[0], {1, 1, 1, 2}, {3, 3});
    expect(out[1], {1, 1, 1, 2}, {0, 1});
}

TEST(AdaptivePool, a_larger_output_repeats_elements) {
    expect(run(gli_op_adaptive_avg_pool2d, params::adaptive_avg_pool2d{{2, 3}}, {{{1, 1, 1, 2}, {2, 6}}})[0],
           {1, 1, 2, 3}, {2, 4, 6, 2, 4, 6});
}

TEST(AdaptivePool, backward_shares_each_gradient_among_its_window) {
    expect(
        run(gli_op_adaptive_avg_pool2d_backward, params::adaptive_avg_pool2d{{1, 5}}, {{{1, 1, 1, 3}, {2, 6, 8}}})[0],
        {1, 1, 1, 5}, {1, 3, 2, 6, 4});
}

// ---- Interpolation

Array interpolated(const params::interpolate &how, const Array &x) { return run(gli_op_interpolate, how, {x})[0]; }

TEST(Interpolate, nearest_by_every_coordinate_and_rounding) {
    const Array x{{1, 1, 4}, {1, 2, 3, 4}};
    using P = params::interpolate;
    // Places -1/6, 1/2, 7/6, 11/6, 5/2, 19/6.
    expect(interpolated(P{.size = {6}}, x), {1, 1, 6}, {1, 2, 2, 3, 4, 4});
    expect(interpolated(P{.size = {6}, .rounding = GLIA_ROUNDING_PREFER_FLOOR}, x), {1, 1, 6}, {1, 1, 2, 3, 3, 4});
    expect(interpolated(P{.size = {6}, .rounding = GLIA_ROUNDING_FLOOR}, x), {1, 1, 6}, {1, 1, 2, 2, 3, 4});
    expect(interpolated(P{.size = {6}, .rounding = GLIA_ROUNDING_CEIL}, x), {1, 1, 6}, {1, 2, 3, 3, 4, 4});
    // 0, 3/5, 6/5, 9/5, 12/5, 3, and 0, 2/3, 4/3, 2, 8/3, 10/3.
    expect(interpolated(P{.size = {6}, .coordinates = GLIA_COORDINATES_ALIGN_CORNERS}, x), {1, 1, 6},
           {1, 2, 2, 3, 3, 4});
    expect(interpolated(P{.size = {6}, .coordinates = GLIA_COORDINATES_ASYMMETRIC, .rounding = GLIA_ROUNDING_FLOOR}, x),
           {1, 1, 6}, {1, 1, 2, 3, 3, 4});
    expect(interpolated(P{.size = {2}}, x), {1, 1, 2}, {2, 4});
}

TEST(Interpolate, linear_weighs_its_neighbours) {
    const Array x{{1, 1, 2, 2}, {0, 4, 8, 12}};
    using P = params::interpolate;
    expect(interpolated(P{.size = {2, 4}, .mode = GLIA_INTERPOLATE_LINEAR}, x), {1, 1, 2, 4},
           {0, 1, 3, 4, 8, 9, 11, 12});
    expect(interpolated(
               P{.size = {3, 3}, .mode = GLIA_INTERPOLATE_LINEAR, .coordinates = GLIA_COORDINATES_ALIGN_CORNERS}, x),
           {1, 1, 3, 3}, {0, 2, 4, 4, 6, 8, 8, 10, 12});
    expect(
        interpolated(P{.size = {1, 4}, .mode = GLIA_INTERPOLATE_LINEAR, .coordinates = GLIA_COORDINATES_ASYMMETRIC}, x),
        {1, 1, 1, 4}, {0, 2, 4, 4});
    expect(interpolated(P{.size = {1, 1}, .mode = GLIA_INTERPOLATE_LINEAR}, x), {1, 1, 1, 1}, {6});
}

// The second element has no weight in the first and the last.
TEST(Interpolate, what_has_no_weight_may_be_infinite) {
    const double inf = INFINITY;
    const params::interpolate corners{
        .size = {3}, .mode = GLIA_INTERPOLATE_LINEAR, .coordinates = GLIA_COORDINATES_ALIGN_CORNERS};
    expect_everywhere(gli_op_interpolate, corners, {{{1, 1, 3}, {1, inf, 3}}}, {1, inf, 3});
}

TEST(Interpolate, backward_gives_each_its_weights) {
    const params::interpolate two{.size = {1, 2}, .mode = GLIA_INTERPOLATE_LINEAR};
    expect(run(gli_op_interpolate_backward, two, {{{1, 1, 1, 4}, {1, 4, 8, 16}}})[0], {1, 1, 1, 2}, {6, 23});
    const params::interpolate nearest{.size = {3}};
    expect(run(gli_op_interpolate_backward, nearest, {{{1, 1, 6}, {1, 2, 3, 4, 5, 6}}})[0], {1, 1, 3}, {3, 7, 11});
}

TEST(PublicPool, functions_put_each_tensor_in_its_place) {
    Session session;
    glia_tensor *x = session.tensor(kSixteen), *y = session.tensor({{1, 1, 2, 2}, {}}),
                *one                 = session.tensor({{1, 1, 1, 1}, {}});
    glia_tensor *indices             = session.tensor({{1, 1, 2, 2}, {}, GLIA_I32}),
                *index               = session.tensor({{1, 1, 1, 1}, {}, GLIA_I32});
    glia_tensor *dx                  = session.tensor({{1, 1, 4, 4}, {}});
    const glia_max_pool2d_params max = glia_max_pool2d_defaults(2, 2);
    const glia_max_pool2d_backward_params back{.size = {4, 4}};
    ASSERT_EQ(glia_max_pool2d(session.ctx(), &max, x, y, indices), GLIA_OK) << glia_message(session.ctx());
    ASSERT_EQ(glia_max_pool2d(session.ctx(), &max, x, y, nullptr), GLIA_OK) << glia_message(session.ctx());
    const glia_max_pool2d_backward_params promised{.size = {4, 4}, .pool = max};
    for (const glia_max_pool2d_backward_params &p : {back, promised}) {
        ASSERT_EQ(glia_max_pool2d_backward(session.ctx(), &p, y, indices, dx), GLIA_OK) << glia_message(session.ctx());
        EXPECT_EQ(session.values(dx), (Values{0, 0, 0, 0, 0, 6, 0, 8, 0, 0, 0, 0, 0, 14, 0, 16}));
    }
    ASSERT_EQ(glia_global_avg_pool2d(session.ctx(), x, one), GLIA_OK) << glia_message(session.ctx());
    EXPECT_EQ(session.values(one), Values{8.5});
    ASSERT_EQ(glia_global_max_pool2d(session.ctx(), x, one, index), GLIA_OK) << glia_message(session.ctx());
    EXPECT_EQ(session.values(one), Values{16});
    EXPECT_EQ(session.values(index), Values{15});
    const glia_avg_pool2d_params avg = glia_avg_pool2d_defaults(2, 2);
    const glia_avg_pool2d_backward_params avg_back{avg, {4, 4}};
    ASSERT_EQ(glia_avg_pool2d(session.ctx(), &avg, x, y), GLIA_OK);
    EXPECT_EQ(session.values(y), (Values{3.5, 5.5, 11.5, 13.5}));
    ASSERT_EQ(glia_avg_pool2d_backward(session.ctx(), &avg_back, y, dx), GLIA_OK);
    EXPECT_EQ(session.values(dx)[0], 3.5 / 4);
    const glia_adaptive_avg_pool2d_backward_params four{{4, 4}};
    ASSERT_EQ(glia_adaptive_avg_pool2d_backward(session.ctx(), &four, y, dx), GLIA_OK);
    EXPECT_EQ(session.values(dx)[15], 13.5 / 4);
    glia_interpolate_params size = glia_interpolate_defaults();
    size.size[0] = size.size[1] = 2;
    ASSERT_EQ(glia_interpolate(session.ctx(), &size, x, y), GLIA_OK) << glia_message(session.ctx());
    EXPECT_EQ(session.values(y), (Values{6, 8, 14, 16}));
    size.size[0] = size.size[1] = 4;
    ASSERT_EQ(glia_interpolate_backward(session.ctx(), &size, y, dx), GLIA_OK) << glia_message(session.ctx());
    EXPECT_EQ(session.values(dx)[15], 16);
}

}  // namespace
