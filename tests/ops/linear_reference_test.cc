// The reference of the linear family against numbers worked out by hand or taken from the documents named.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/call.h"
#include "support/everywhere.h"
#include "support/graphs.h"
#include "support/params.h"

namespace {

using namespace glia;
using Values = std::vector<double>;
using Dims   = std::vector<int64_t>;

// The op in f64, with the reference; output 0 if it has one only.
template <class Params>
Array run(const gli_op &op, const Params &params, const std::vector<Array> &in, size_t output = 0) {
    Session session;
    const Result result = session.call(op, params, in);
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    return result.out.empty() ? Array{} : result.out[output];
}

void expect(const Array &got, const Dims &dims, const Values &values) {
    EXPECT_EQ(got.dims, dims);
    ASSERT_EQ(got.values.size(), values.size());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_DOUBLE_EQ(got.values[i], values[i]) << "element " << i;
}

Array counting(const Dims &dims, double first = 0) {
    Array array{dims, {}};
    int64_t count = 1;
    for (int64_t d : dims) count *= d;
    for (int64_t i = 0; i < count; ++i) array.values.push_back(first + double(i));
    return array;
}

Array filled(const Dims &dims, double value) {
    Array array = counting(dims);
    for (double &v : array.values) v = value;
    return array;
}

Array f32(Array array) { return array.dtype = GLIA_F32, array; }

Array column(const Values &values) { return {{int64_t(values.size()), 1}, values}; }
Array row(const Values &values) { return {{1, 1, 1, int64_t(values.size())}, values}; }

const Array kNine{{1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
const Array kFour{{1, 1, 2, 2}, {1, 2, 3, 4}};
const Array kPowers{{1, 1, 2, 2}, {1, 10, 100, 1000}};

// ---- conv2d

TEST(Conv2d, counts_the_neighbours_of_each_pixel) {
    const params::conv2d same{.pad = {1, 1}};
    expect(run(gli_op_conv2d, same, {filled({1, 1, 3, 3}, 1), filled({1, 1, 3, 3}, 1)}), {1, 1, 3, 3},
           {4, 6, 4, 6, 9, 6, 4, 6, 4});
}

// Groups share nothing: what is infinite or not a number in one stays there.
TEST(Conv2d, groups_keep_their_infinities) {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const char *provider : {"cpu.ref", "cpu.native"})
        for (int64_t out : {1, 4, 12}) {  // filters of a group
            Session session(provider);
            Array x = counting({1, 2, 1, 2}, 1), w = filled({2 * out, 1, 1, 1}, 2);
            x.values[0] = infinity, x.values[1] = -infinity;
            x.dtype = w.dtype     = GLIA_F32;
            const Result y        = session.call(gli_op_conv2d, params::conv2d{.groups = 2}, {x, w});
            const auto &values    = y.out[0].values;
            const size_t of_group = size_t(2 * out);
            for (size_t i = 0; i < of_group; ++i) {
                EXPECT_EQ(values[i], i % 2 ? -infinity : infinity) << provider << " of " << out;
                EXPECT_EQ(values[of_group + i], i % 2 ? 8 : 6) << provider << " of " << out;
            }
        }
}

TEST(Conv2d, does_not_flip_the_filter) {
    // 1*1 + 2*2 + 4*3 + 5*4 = 37, and one column and one row further.
    expect(run(gli_op_conv2d, params::conv2d{}, {kNine, kFour}), {1, 1, 2, 2}, {37, 47, 67, 77});
}

// ONNX's page of Conv, the examples conv_with_padding, conv_without_padding, conv_with_strides_padding and
// conv_with_strides_and_asymmetric_padding.
TEST(Conv2d, agrees_with_the_examples_of_onnx) {
    const Array five = counting({1, 1, 5, 5}), seven = counting({1, 1, 7, 5}), ones = filled({1, 1, 3, 3}, 1);
    expect(
        run(gli_op_conv2d, params::conv2d{.pad = {1, 1}}, {five, ones}), {1, 1, 5, 5},
        {12, 21, 27, 33, 24, 33, 54, 63, 72, 51, 63, 99, 108, 117, 81, 93, 144, 153, 162, 111, 72, 111, 117, 123, 84});
    expect(run(gli_op_conv2d, params::conv2d{}, {five, ones}), {1, 1, 3, 3}, {54, 63, 72, 99, 108, 117, 144, 153, 162});
    expect(run(gli_op_conv2d, params::conv2d{.stride = {2, 2}, .pad = {1, 1}}, {seven, ones}), {1, 1, 4, 3},
           {12, 27, 24, 63, 108, 81, 123, 198, 141, 112, 177, 124});
    expect(run(gli_op_conv2d, params::conv2d{.stride = {2, 2}, .pad = {1, 0}}, {seven, ones}), {1, 1, 4, 2},
           {21, 33, 99, 117, 189, 207, 171, 183});
}

TEST(Conv2d, pads_at_one_end) {
    const Array x = row({1, 2, 3}), w = row({1, 10});
    expect(run(gli_op_conv2d, params::conv2d{.pad_end = {0, 1}}, {x, w}), {1, 1, 1, 3}, {21, 32, 3});
    const params::conv2d start{.pad = {0, 1}, .pad_end = {0, 0}};
    expect(run(gli_op_conv2d, start, {x, w}), {1, 1, 1, 3}, {10, 21, 32});
    const params::conv2d both{.pad = {0, 1}, .pad_end = {0, 2}};
    expect(run(gli_op_conv2d, both, {x, w}), {1, 1, 1, 5}, {10, 21, 32, 3, 0});
}

TEST(Conv2d, strides_and_dilates) {
    const Array x = row({1, 2, 3, 4, 5, 6, 7});
    expect(run(gli_op_conv2d, params::conv2d{.dilation = {1, 3}}, {x, row({1, 10})}), {1, 1, 1, 4}, {41, 52, 63, 74});
    const params::conv2d both{.stride = {1, 2}, .dilation = {1, 2}};
    expect(run(gli_op_conv2d, both, {x, row({1, 10})}), {1, 1, 1, 3}, {31, 53, 75});
}

TEST(Conv2d, sums_over_channels_and_adds_the_bias) {
    const Array x{{1, 2, 1, 2}, {1, 2, 3, 4}}, w{{2, 2, 1, 1}, {1, 10, 100, 1000}}, bias{{2}, {0.5, -7}};
    expect(run(gli_op_conv2d, params::conv2d{}, {x, w, bias}), {1, 2, 1, 2}, {31.5, 42.5, 3093, 4193});
}

TEST(Conv2d, keeps_groups_apart) {
    const Array x{{1, 2, 1, 1}, {1, 2}}, w{{4, 1, 1, 1}, {1, 10, 100, 1000}};
    expect(run(gli_op_conv2d, params::conv2d{.groups = 2}, {x, w}), {1, 4, 1, 1}, {1, 10, 200, 2000});
}

TEST(Conv2d, keeps_the_items_of_a_batch_apart) {
    const Array x{{2, 1, 1, 2}, {1, 2, 30, 40}};
    expect(run(gli_op_conv2d, params::conv2d{}, {x, row({1, 1})}), {2, 1, 1, 1}, {3, 70});
}

TEST(Conv2d, applies_the_activation_after_the_bias) {
    const Array x = row({-3, 1, 2}), w = row({1}), bias{{1}, {-1}};
    const auto act = [&](glia_activation activation) {
        return run(gli_op_conv2d, params::conv2d{.activation = activation}, {x, w, bias});
    };
    expect(act(GLIA_RELU), {1, 1, 1, 3}, {0, 0, 1});
    // 1 / (1 + e^4), 1/2, 1 / (1 + 1/e); tanh -4, 0, tanh 1.
    expect(act(GLIA_SIGMOID), {1, 1, 1, 3}, {0.017986209962091562, 0.5, 0.7310585786300049});
    expect(act(GLIA_TANH), {1, 1, 1, 3}, {-0.999329299739067, 0, 0.7615941559557649});
}

TEST(Conv2d, passes_nan_on) {
    const Array got = run(gli_op_conv2d, params::conv2d{.activation = GLIA_RELU}, {row({NAN, 1}), row({1})});
    EXPECT_TRUE(std::isnan(got.values[0]));
    EXPECT_EQ(got.values[1], 1);
}

TEST(Conv2d, of_nothing_but_padding_is_the_bias) {
    const Array x{{1, 1, 0, 2}, {}}, w = filled({1, 1, 1, 1}, 3), bias{{1}, {5}};
    expect(run(gli_op_conv2d, params::conv2d{.pad = {1, 0}}, {x, w, bias}), {1, 1, 2, 2}, {5, 5, 5, 5});
}

TEST(Conv2dBackwardData, spreads_the_filter) {
    const params::conv2d_backward_data p{{}, {3, 3}};
    // In the middle 4*1 + 3*10 + 2*100 + 1*1000 meet.
    expect(run(gli_op_conv2d_backward_data, p, {kPowers, kFour}), {1, 1, 3, 3},
           {1, 12, 20, 103, 1234, 2040, 300, 3400, 4000});
}

TEST(Conv2dBackwardData, leaves_zeros_where_the_forward_did_not_read) {
    const params::conv2d_backward_data p{{.stride = {1, 4}}, {1, 8}};
    expect(run(gli_op_conv2d_backward_data, p, {row({1, 10}), row({1, 2})}), {1, 1, 1, 8}, {1, 2, 0, 0, 10, 20, 0, 0});
}

TEST(Conv2dBackwardData, drops_what_went_to_the_padding) {
    const params::conv2d_backward_data p{{.pad = {0, 1}}, {1, 2}};
    // y has three elements: w on (0, x0), (x0, x1), (x1, 0).
    expect(run(gli_op_conv2d_backward_data, p, {row({1, 10, 100}), row({2, 3})}), {1, 1, 1, 2}, {23, 230});
}

TEST(Conv2dBackwardData, keeps_groups_apart) {
    const params::conv2d_backward_data p{{.groups = 2}, {1, 1}};
    const Array dy{{1, 4, 1, 1}, {1, 10, 100, 1000}}, w{{4, 1, 1, 1}, {1, 2, 3, 4}};
    expect(run(gli_op_conv2d_backward_data, p, {dy, w}), {1, 2, 1, 1}, {21, 4300});
}

TEST(Conv2dBackwardFilter, correlates_x_with_dy) {
    const params::conv2d_backward_data p{{}, {2, 2}};
    // 1*1 + 2*10 + 4*100 + 5*1000 = 5421.
    expect(run(gli_op_conv2d_backward_filter, p, {kNine, kPowers}), {1, 1, 2, 2}, {5421, 6532, 8754, 9865});
    expect(run(gli_op_conv2d_backward_filter, p, {kNine, kPowers}, 1), {1}, {1111});
}

TEST(Conv2dBackwardFilter, strides_pads_and_sums_over_the_batch) {
    const params::conv2d_backward_data p{{.stride = {1, 2}, .pad = {0, 1}}, {1, 2}};
    // y0 = w0 0 + w1 x0 and y1 = w0 x1 + w1 x2 for x of three; the batch adds the second item.
    const Array x{{2, 1, 1, 3}, {1, 2, 3, 4, 5, 6}}, dy{{2, 1, 1, 2}, {1, 10, 100, 1000}};
    expect(run(gli_op_conv2d_backward_filter, p, {x, dy}), {1, 1, 1, 2}, {20 + 5000, 1 + 30 + 400 + 6000});
    expect(run(gli_op_conv2d_backward_filter, p, {x, dy}, 1), {1}, {1111});
}

TEST(Conv2dBackwardFilter, keeps_groups_and_filters_apart) {
    const params::conv2d_backward_data p{{.groups = 2}, {1, 1}};
    const Array x{{1, 2, 1, 1}, {2, 3}}, dy{{1, 4, 1, 1}, {1, 10, 100, 1000}};
    expect(run(gli_op_conv2d_backward_filter, p, {x, dy}), {4, 1, 1, 1}, {2, 20, 300, 3000});
    expect(run(gli_op_conv2d_backward_filter, p, {x, dy}, 1), {4}, {1, 10, 100, 1000});
}

// Sums of many tenths, within the bound of one chain of 256 and a tree: one chain of floats is off by 1e-3.
TEST(LongSums, keep_their_digits) {
    Session session("cpu.native");
    const auto expect_mean = [&](const char *what, const Result &result, double terms) {
        ASSERT_EQ(result.status, GLIA_OK) << what << ": " << result.message;
        for (double v : result.out[0].values) EXPECT_NEAR(v / terms, double(0.1f), 0.1 * 270 * 6e-8) << what;
    };
    const auto tenths = [](const Dims &dims) { return f32(filled(dims, 0.1)); };
    const auto ones   = [](const Dims &dims) { return f32(filled(dims, 1)); };
    const params::conv2d_backward_data dense{{}, {1, 1}}, depthwise{{.groups = 2}, {1, 1}};
    expect_mean("matmul",
                session.call(gli_op_matmul, params::matmul{}, {tenths({1, 500000}), ones({500000, 1}), ABSENT}),
                500000);
    expect_mean("filters",
                session.call(gli_op_conv2d_backward_filter, dense, {tenths({1, 1, 700, 700}), ones({1, 1, 700, 700})}),
                490000);
    expect_mean(
        "depthwise filters",
        session.call(gli_op_conv2d_backward_filter, depthwise, {tenths({1, 2, 700, 700}), ones({1, 2, 700, 700})}),
        490000);
}

// The padded images have 2^61 elements and more, which no one can allocate: only the tap in the middle reads x.
TEST(Conv2d, dilates_beyond_any_memory) {
    const int far = (1 << 28) - 1;
    const params::conv2d p{.pad = {far, far}, .pad_end = {far, far}, .dilation = {far, far}};
    const Array x = f32(filled({2, 8, 2, 2}, 1)), w = f32(filled({1, 8, 3, 3}, 3)), dy = f32(filled({2, 1, 2, 2}, 3));
    expect_everywhere(gli_op_conv2d, p, {x, w, ABSENT}, Values(8, 24));
    Values dw(72, 0);
    for (size_t i = 4; i < dw.size(); i += 9) dw[i] = 24;
    expect_everywhere(gli_op_conv2d_backward_filter, params::conv2d_backward_data{p, {3, 3}}, {x, dy}, dw);
}

// A stride beyond the image, whose square no int holds.
TEST(Conv2dBackwardData, strides_beyond_the_image) {
    const params::conv2d_backward_data p{{.stride = {65536, 65536}}, {2, 2}};
    const Array dy = f32(filled({1, 1, 1, 1}, 1)), w = f32(filled({1, 1, 2, 2}, 3));
    expect_everywhere(gli_op_conv2d_backward_data, p, {dy, w}, Values(4, 3));
}

// ---- conv2d_transpose

// ONNX's page of ConvTranspose, the examples convtranspose, convtranspose_attributes, convtranspose_pads and
// convtranspose_dilations.
TEST(Conv2dTranspose, agrees_with_the_examples_of_onnx) {
    const Array x = counting({1, 1, 3, 3}), w = filled({1, 2, 3, 3}, 1);
    const Values plain{0, 1, 3, 3, 2, 3, 8, 15, 12, 7, 9, 21, 36, 27, 15, 9, 20, 33, 24, 13, 6, 13, 21, 15, 8};
    const auto twice = [](const Values &v) {
        Values both = v;
        both.insert(both.end(), v.begin(), v.end());
        return both;
    };
    expect(run(gli_op_conv2d_transpose, params::conv2d_transpose{}, {x, w}), {1, 2, 5, 5}, twice(plain));

    const Values a{0, 0, 1, 1, 3, 2, 2, 0}, b{3, 3, 7, 4, 9, 5, 5, 0}, c{6, 6, 13, 7, 15, 8, 8, 0};
    Values strided;
    for (const Values *part : {&a, &a, &a, &b, &b, &b, &c, &c, &c})
        strided.insert(strided.end(), part->begin(), part->end());
    strided.insert(strided.end(), 8, 0.0);
    const params::conv2d_transpose attributes{.stride = {3, 2}, .output_pad = {1, 1}};
    expect(run(gli_op_conv2d_transpose, attributes, {x, w}), {1, 2, 10, 8}, twice(strided));

    const params::conv2d_transpose pads{.stride = {3, 2}, .pad = {1, 2}};
    expect(run(gli_op_conv2d_transpose, pads, {x, w}), {1, 2, 7, 3},
           twice({1, 1, 3, 1, 1, 3, 7, 4, 9, 7, 4, 9, 7, 4, 9, 13, 7, 15, 13, 7, 15}));

    const Array nine{{1, 1, 3, 3}, {3, 8, 1, 9, 5, 7, 3, 2, 6}}, four{{1, 1, 2, 2}, {7, 2, 1, 9}};
    expect(run(gli_op_conv2d_transpose, params::conv2d_transpose{.dilation = {2, 2}}, {nine, four}), {1, 1, 5, 5},
           {21, 56, 13, 16, 2, 63, 35, 67, 10, 14, 24, 22, 76, 76, 21, 9, 5, 88, 45, 63, 3, 2, 33, 18, 54});
}

TEST(Conv2dTranspose, spreads_each_element_over_the_filter) {
    expect(run(gli_op_conv2d_transpose, params::conv2d_transpose{.stride = {1, 2}}, {row({1, 2}), row({1, 10, 100})}),
           {1, 1, 1, 5}, {1, 10, 102, 20, 200});
}

TEST(Conv2dTranspose, gives_the_bias_where_nothing_reaches) {
    const params::conv2d_transpose p{.stride = {1, 3}, .output_pad = {0, 1}};
    expect(run(gli_op_conv2d_transpose, p, {row({1, 2}), row({1}), Array{{1}, {5}}}), {1, 1, 1, 5}, {6, 5, 5, 7, 5});
}

TEST(LinearDefaults, stand_for_params_that_are_null) {
    Session s;
    const Array x = row({1, 2, 3}), w = row({1, 10});
    for (const gli_op *op : {&gli_op_conv2d, &gli_op_conv2d_transpose}) {
        const Result by_null                    = s.call_raw(*op, nullptr, {x, w});
        const glia_conv2d_params conv           = glia_conv2d_defaults();
        const glia_conv2d_transpose_params back = glia_conv2d_transpose_defaults();
        const Result by_value =
            s.call_raw(*op, op == &gli_op_conv2d ? static_cast<const void *>(&conv) : &back, {x, w});
        ASSERT_EQ(by_null.status, GLIA_OK) << by_null.message;
        expect(by_value.out.at(0), by_null.out.at(0).dims, by_null.out.at(0).values);
    }
    const glia_matmul_params product = glia_matmul_defaults();
    EXPECT_EQ(product.alpha, 1);
    EXPECT_EQ(product.beta, 1);
}

TEST(Conv2dTranspose, cuts_each_end_by_its_own_pad) {
    const Array x = row({1, 2, 3}), w = row({1, 10});  // without padding 1 12 23 30
    expect(run(gli_op_conv2d_transpose, params::conv2d_transpose{.pad_end = {0, 1}}, {x, w}), {1, 1, 1, 3},
           {1, 12, 23});
    const params::conv2d_transpose start{.pad = {0, 2}, .pad_end = {0, 0}};
    expect(run(gli_op_conv2d_transpose, start, {x, w}), {1, 1, 1, 2}, {23, 30});
    expect(run(gli_op_conv2d_transpose, params::conv2d_transpose{.pad = {0, 1}}, {x, w}), {1, 1, 1, 2}, {12, 23});
}

TEST(Conv2dTranspose, sums_over_channels_and_keeps_groups_apart) {
    const Array x{{1, 2, 1, 1}, {1, 2}}, w{{2, 2, 1, 1}, {1, 10, 100, 1000}};
    expect(run(gli_op_conv2d_transpose, params::conv2d_transpose{}, {x, w}), {1, 2, 1, 1}, {201, 2010});
    expect(run(gli_op_conv2d_transpose, params::conv2d_transpose{.groups = 2}, {x, w}), {1, 4, 1, 1},
           {1, 10, 200, 2000});
}

TEST(Conv2dTranspose, applies_the_activation_after_the_bias) {
    const params::conv2d_transpose p{.activation = GLIA_RELU};
    expect(run(gli_op_conv2d_transpose, p, {row({-3, 1, 2}), row({1}), Array{{1}, {-1}}}), {1, 1, 1, 3}, {0, 0, 1});
}

// ---- matmul

const Array kA{{2, 2}, {1, 2, 3, 4}}, kB{{2, 2}, {5, 6, 7, 8}};

TEST(Matmul, multiplies_rows_by_columns) {
    expect(run(gli_op_matmul, params::matmul{}, {kA, kB}), {2, 2}, {19, 22, 43, 50});
    expect(run(gli_op_matmul, params::matmul{.transpose_a = true}, {kA, kB}), {2, 2}, {26, 30, 38, 44});
    expect(run(gli_op_matmul, params::matmul{.transpose_b = true}, {kA, kB}), {2, 2}, {17, 23, 39, 53});
    expect(run(gli_op_matmul, params::matmul{.transpose_a = true, .transpose_b = true}, {kA, kB}), {2, 2},
           {23, 31, 34, 46});
}

TEST(Matmul, takes_matrices_that_are_not_square) {
    const Array a{{2, 3}, {1, 2, 3, 4, 5, 6}}, b{{3, 1}, {1, 10, 100}};
    expect(run(gli_op_matmul, params::matmul{}, {a, b}), {2, 1}, {321, 654});
    const Array at{{3, 2}, {1, 4, 2, 5, 3, 6}}, bt{{1, 3}, {1, 10, 100}};
    expect(run(gli_op_matmul, params::matmul{.transpose_a = true, .transpose_b = true}, {at, bt}), {2, 1}, {321, 654});
}

TEST(Matmul, scales_and_adds_c) {
    const Array c{{2, 2}, {1, 10, 100, 1000}};
    expect(run(gli_op_matmul, params::matmul{}, {kA, kB, c}), {2, 2}, {20, 32, 143, 1050});
    expect(run(gli_op_matmul, params::matmul{.alpha = 2, .beta = -3}, {kA, kB, c}), {2, 2}, {35, 14, -214, -2900});
    expect(run(gli_op_matmul, params::matmul{.alpha = 0.5}, {kA, kB}), {2, 2}, {9.5, 11, 21.5, 25});
}

// With BLAS, a c that counts for nothing is not read: what it holds does not matter.
TEST(Matmul, zero_is_an_alpha_and_a_beta) {
    const Array c{{2, 2}, {1, 10, 100, 1000}}, nan{{2, 2}, Values(4, NAN)}, row_of_nan{{2}, Values(2, NAN)};
    const auto expect_product = [&](const params::matmul &p, const Array &last, const Values &want) {
        expect_everywhere(gli_op_matmul, p, {f32(kA), f32(kB), last.absent ? last : f32(last)}, want);
        expect_everywhere(gli_op_matmul, p, {kA, kB, last}, want);
    };
    expect_product({.alpha = 0}, ABSENT, {0, 0, 0, 0});
    expect_product({.alpha = 0}, c, c.values);
    expect_product({.alpha = 0, .beta = 3}, c, {3, 30, 300, 3000});
    expect_product({.alpha = 0, .beta = 0}, c, {0, 0, 0, 0});
    expect_product({.beta = 0}, c, {19, 22, 43, 50});
    expect_product({.alpha = 2, .beta = 0}, nan, {38, 44, 86, 100});
    expect_product({.transpose_b = true, .beta = 0}, row_of_nan, {17, 23, 39, 53});
    expect_product({.alpha = 0, .beta = 0}, nan, {0, 0, 0, 0});
}

// In f32 such a beta is 0: c is not read by anyone. Nor is there anything of y's gradient in c's.
TEST(Matmul, a_beta_that_f32_rounds_to_zero_is_zero) {
    const Array a{{1, 1}, {2}, GLIA_F32}, b{{1, 1}, {3}, GLIA_F32}, c{{1, 1}, {NAN}, GLIA_F32};
    expect_everywhere(gli_op_matmul, params::matmul{.beta = 1e-50}, {a, b, c}, {6});
    Net net;
    glia_matmul_params p = glia_matmul_defaults();
    p.beta               = 0;
    const glia_value x = net.state({1, 1}, {2}), y = net.state({1, 1}, {3}), z = net.state({1, 1}, {5});
    const glia_value product =
        net.binary(GLIA_BINARY_MUL, net.call("matmul", &p, {x, y, z}), net.state({}, {INFINITY}));
    EXPECT_EQ(net.run({net.gradient(net.sum(product), {z})[0]}).at(0), Values{0});
}

TEST(Matmul, broadcasts_c) {
    const Values by_row{119, 222, 143, 250}, by_column{119, 122, 243, 250};
    const Values to_each{20, 23, 44, 51};
    expect(run(gli_op_matmul, params::matmul{}, {kA, kB, Array{{2}, {100, 200}}}), {2, 2}, by_row);
    expect(run(gli_op_matmul, params::matmul{}, {kA, kB, column({100, 200})}), {2, 2}, by_column);
    expect(run(gli_op_matmul, params::matmul{}, {kA, kB, Array{{}, {1}}}), {2, 2}, to_each);
}

TEST(Matmul, broadcasts_the_leading_dimensions) {
    const Array a{{2, 1, 1, 2}, {1, 2, 3, 4}}, b{{3, 2, 1}, {1, 0, 0, 1, 1, 1}};
    expect(run(gli_op_matmul, params::matmul{}, {a, b}), {2, 3, 1, 1}, {1, 2, 3, 3, 4, 7});
    expect(run(gli_op_matmul, params::matmul{}, {a, b, Array{{2, 1, 1, 1}, {10, 20}}}), {2, 3, 1, 1},
           {11, 12, 13, 23, 24, 27});
    expect(run(gli_op_matmul, params::matmul{}, {a, b, Array{{3, 1, 1}, {10, 20, 30}}}), {2, 3, 1, 1},
           {11, 22, 33, 13, 24, 37});
}

TEST(Matmul, of_an_empty_sum_is_zero) {
    const Array a{{2, 0}, {}}, b{{0, 2}, {}};
    expect(run(gli_op_matmul, params::matmul{}, {a, b}), {2, 2}, {0, 0, 0, 0});
    expect(run(gli_op_matmul, params::matmul{.beta = 2}, {a, b, kA}), {2, 2}, {2, 4, 6, 8});
}

// ---- dense

const Array kX{{2, 2}, {1, 2, 3, 4}}, kW{{3, 2}, {1, 0, 0, 1, 1, 1}};

TEST(Dense, multiplies_by_each_unit) {
    expect(run(gli_op_dense, params::dense{}, {kX, kW}), {2, 3}, {1, 2, 3, 3, 4, 7});
    expect(run(gli_op_dense, params::dense{}, {kX, kW, Array{{3}, {10, 20, 30}}}), {2, 3}, {11, 22, 33, 13, 24, 37});
}

TEST(Dense, keeps_the_leading_dimensions) {
    const Array x{{2, 1, 2}, {1, 2, 3, 4}};
    expect(run(gli_op_dense, params::dense{}, {x, kW}), {2, 1, 3}, {1, 2, 3, 3, 4, 7});
}

TEST(Dense, applies_the_activation_after_the_bias) {
    const Array x = column({-3, 1, 2}), w{{1, 1}, {1}}, bias{{1}, {-1}};
    expect(run(gli_op_dense, params::dense{GLIA_RELU}, {x, w, bias}), {3, 1}, {0, 0, 1});
    expect(run(gli_op_dense, params::dense{GLIA_SIGMOID}, {x, w, bias}), {3, 1},
           {0.017986209962091562, 0.5, 0.7310585786300049});
    expect(run(gli_op_dense, params::dense{GLIA_TANH}, {x, w, bias}), {3, 1},
           {-0.999329299739067, 0, 0.7615941559557649});
}

TEST(DenseBackwardData, multiplies_by_the_derivative_of_what_x_comes_from) {
    const Array dy{{2, 3}, {1, 10, 100, 1000, 0, 1}}, x{{2, 2}, {0, 0.5, -2, NAN}};
    const auto with = [](glia_activation activation) { return params::dense_backward_data{activation}; };
    expect(run(gli_op_dense_backward_data, with(GLIA_LINEAR), {dy, kW}), {2, 2}, {101, 110, 1001, 1});
    expect(run(gli_op_dense_backward_data, with(GLIA_LINEAR), {dy, kW, x}), {2, 2}, {101, 110, 1001, 1});
    expect(run(gli_op_dense_backward_data, with(GLIA_RELU), {dy, kW, x}), {2, 2}, {0, 110, 0, 1});
    const Array some{{2, 2}, {0, 0.5, 1, 0.25}};
    expect(run(gli_op_dense_backward_data, with(GLIA_SIGMOID), {dy, kW, some}), {2, 2}, {0, 27.5, 0, 0.1875});
    expect(run(gli_op_dense_backward_data, with(GLIA_TANH), {dy, kW, some}), {2, 2}, {101, 82.5, 0, 0.9375});
}

TEST(DenseBackwardData, lets_nothing_through_where_relu_is_0) {
    const Array dy{{2, 1}, {INFINITY, NAN}}, w{{1, 2}, {1, 1}}, x{{2, 2}, {0, 1, -1, -2}};
    expect(run(gli_op_dense_backward_data, params::dense_backward_data{GLIA_RELU}, {dy, w, x}), {2, 2},
           {0, INFINITY, 0, 0});
}

TEST(DenseBackwardWeights, sums_over_the_rows) {
    const Array dy{{2, 3}, {1, 10, 100, 1000, 0, 0}};
    expect(run(gli_op_dense_backward_weights, params::dense_backward_weights{}, {kX, dy}), {3, 2},
           {3001, 4002, 10, 20, 100, 200});
    expect(run(gli_op_dense_backward_weights, params::dense_backward_weights{}, {kX, dy}, 1), {3}, {1001, 10, 100});
    const Array x3{{1, 2, 2}, {1, 2, 3, 4}}, dy3{{1, 2, 3}, dy.values};
    expect(run(gli_op_dense_backward_weights, params::dense_backward_weights{}, {x3, dy3}), {3, 2},
           {3001, 4002, 10, 20, 100, 200});
}

// ---- the public functions, on whatever provider stands first

TEST(LinearFunctions, give_each_tensor_its_place) {
    Session s("");
    const auto f32  = [&](Array array) { return array.dtype = GLIA_F32, s.tensor(array); };
    const auto make = [&](Dims dims) { return s.tensor({dims, {}, GLIA_F32}); };
    glia_tensor *y = make({1, 1, 2, 2}), *dx = make({1, 1, 3, 3}), *dw = make({1, 1, 2, 2}), *db = make({1}),
                *m = make({2, 2}), *u = make({2, 3});
    const Values nine{1, 12, 20, 103, 1234, 2040, 300, 3400, 4000};

    ASSERT_EQ(glia_conv2d(s.ctx(), nullptr, f32(kNine), f32(kFour), f32({{1}, {1}}), y), GLIA_OK)
        << glia_message(s.ctx());
    EXPECT_EQ(s.values(y), (Values{38, 48, 68, 78}));
    const auto data   = params::as<glia_conv2d_backward_params>(params::conv2d_backward_data{{}, {3, 3}}),
               filter = params::as<glia_conv2d_backward_params>(params::conv2d_backward_filter{{}, {2, 2}});
    ASSERT_EQ(glia_conv2d_backward_data(s.ctx(), &data, f32(kPowers), f32(kFour), dx), GLIA_OK)
        << glia_message(s.ctx());
    EXPECT_EQ(s.values(dx), nine);
    ASSERT_EQ(glia_conv2d_backward_filter(s.ctx(), &filter, f32(kNine), f32(kPowers), dw, db), GLIA_OK)
        << glia_message(s.ctx());
    EXPECT_EQ(s.values(dw), (Values{5421, 6532, 8754, 9865}));
    EXPECT_EQ(s.values(db), (Values{1111}));
    ASSERT_EQ(glia_conv2d_transpose(s.ctx(), nullptr, f32(kPowers), f32(kFour), f32({{1}, {1}}), dx), GLIA_OK)
        << glia_message(s.ctx());
    for (size_t i = 0; i < nine.size(); ++i) EXPECT_EQ(s.values(dx)[i], nine[i] + 1);

    ASSERT_EQ(glia_matmul(s.ctx(), nullptr, f32(kA), f32(kB), f32({{2}, {100, 200}}), m), GLIA_OK)
        << glia_message(s.ctx());
    EXPECT_EQ(s.values(m), (Values{119, 222, 143, 250}));
    ASSERT_EQ(glia_dense(s.ctx(), nullptr, f32(kX), f32(kW), f32({{3}, {10, 20, 30}}), u), GLIA_OK)
        << glia_message(s.ctx());
    EXPECT_EQ(s.values(u), (Values{11, 22, 33, 13, 24, 37}));
    glia_tensor *weights = make({3, 2}), *bias = make({3});
    const Array dy{{2, 3}, {1, 10, 100, 1000, 0, 0}};
    ASSERT_EQ(glia_dense_backward_weights(s.ctx(), f32(kX), f32(dy), weights, bias), GLIA_OK) << glia_message(s.ctx());
    EXPECT_EQ(s.values(weights), (Values{3001, 4002, 10, 20, 100, 200}));
    EXPECT_EQ(s.values(bias), (Values{1001, 10, 100}));
}

TEST(LinearFunctions, conv1d_is_conv2d_over_one_row) {
    Session s("");
    const Array x{{1, 2, 4}, {1, 2, 3, 4, 10, 20, 30, 40}, GLIA_F32}, w{{1, 2, 2}, {1, 2, 3, 4}, GLIA_F32},
        bias{{1}, {100}, GLIA_F32};
    glia_tensor *y = s.tensor({{1, 1, 3}, {}, GLIA_F32});
    ASSERT_EQ(glia_conv1d(s.ctx(), nullptr, s.tensor(x), s.tensor(w), s.tensor(bias), y), GLIA_OK)
        << glia_message(s.ctx());
    EXPECT_EQ(s.values(y), (Values{100 + 1 + 4 + 30 + 80, 100 + 2 + 6 + 60 + 120, 100 + 3 + 8 + 90 + 160}));

    // One zero before and two after: the filter stands on the pairs (0 2) (2 4) (4 0).
    const glia_conv1d_params p{
        .stride = 2, .pad = 1, .pad_end = 2, .dilation = 2, .groups = 2, .activation = GLIA_RELU};
    glia_tensor *z = s.tensor({{1, 2, 3}, {}, GLIA_F32});
    const Array each{{2, 1, 2}, {1, 1, -1, 1}, GLIA_F32};
    ASSERT_EQ(glia_conv1d(s.ctx(), &p, s.tensor(x), s.tensor(each), nullptr, z), GLIA_OK) << glia_message(s.ctx());
    EXPECT_EQ(s.values(z), (Values{2, 2 + 4, 4, 20, 40 - 20, 0}));
}

}  // namespace
