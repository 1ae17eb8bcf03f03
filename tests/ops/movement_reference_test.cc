// The movement family against numbers worked out by hand or taken from the ONNX operators' documentation, and whole
// numbers of 64 bits that no double holds.
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
Array run(const gli_op &op, const Params &params, const std::vector<Array> &in) {
    Session session;
    const Result result = session.call(op, params, in);
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    return result.out.empty() ? Array{} : result.out[0];
}

void expect(const Array &got, const Dims &dims, const Values &values) {
    EXPECT_EQ(got.dims, dims);
    EXPECT_EQ(got.values, values);
}

Array indices(const Dims &dims, const Values &values) { return {dims, values, GLIA_I64}; }

const Array kSix{{2, 3}, {1, 2, 3, 4, 5, 6}};
const Array kCube{{2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
const Array kPairs{{3, 2}, {1.0, 1.2, 2.3, 3.4, 4.5, 5.7}};  // of ONNX' examples

TEST(Reshape, keeps_the_row_major_order) {
    expect(run(gli_op_reshape, params::reshape{GLIA_SHAPE(3, -1)}, {kSix}), {3, 2}, kSix.values);
    expect(run(gli_op_reshape, params::reshape{GLIA_SHAPE(-1)}, {kSix}), {6}, kSix.values);
    expect(run(gli_op_reshape, params::reshape{GLIA_SCALAR}, {{{1, 1}, {7}}}), {}, {7});
}

TEST(Reshape, of_an_empty_tensor) {
    expect(run(gli_op_reshape, params::reshape{GLIA_SHAPE(3, 0)}, {{{0, 5}, {}}}), {3, 0}, {});
    expect(run(gli_op_reshape, params::reshape{GLIA_SHAPE(3, -1)}, {{{0, 5}, {}}}), {3, 0}, {});
}

TEST(Transpose, of_matrices_and_cubes) {
    expect(run(gli_op_transpose, params::transpose{}, {kSix}), {3, 2}, {1, 4, 2, 5, 3, 6});
    expect(run(gli_op_transpose, params::transpose{}, {kCube}), {2, 3, 2}, {0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11});
    // numpy: np.arange(12).reshape(2, 3, 2).transpose(1, 2, 0)
    expect(run(gli_op_transpose, params::transpose{{1, 2, 0}}, {kCube}), {3, 2, 2},
           {0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11});
}

TEST(Transpose, counts_negative_dimensions_from_the_end) {
    expect(run(gli_op_transpose, params::transpose{{-1, 0}}, {kSix}), {3, 2}, {1, 4, 2, 5, 3, 6});
    expect(run(gli_op_transpose, params::transpose{{1, -1, -3}}, {kCube}), {3, 2, 2},
           {0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11});
    expect(run(gli_op_transpose, params::transpose{{0, 1}}, {kSix}), {2, 3}, kSix.values);
}

TEST(Concat, along_each_axis) {
    const Array row{{1, 3}, {7, 8, 9}}, column{{2, 1}, {10, 11}};
    expect(run(gli_op_concat, params::concat{0}, {kSix, row}), {3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
    expect(run(gli_op_concat, params::concat{-1}, {column, kSix}), {2, 4}, {10, 1, 2, 3, 11, 4, 5, 6});
}

TEST(Slice, as_in_the_onnx_examples) {
    const Array x{{2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}};
    expect(run(gli_op_slice, params::slice{{1, 0}, {2, 3}, {1, 2}}, {x}), {1, 2}, {5, 7});
    expect(run(gli_op_slice, params::slice{{0, 1}, {-1, 1000}, {}}, {x}), {1, 3}, {2, 3, 4});
    expect(run(gli_op_slice, params::slice{{0, 3}, {GLIA_END, 2}, {}}, {x}), {2, 0}, {});
    expect(run(gli_op_slice, params::slice{{0, -3}, {GLIA_END, -1}, {1, 2}}, {x}), {2, 1}, {2, 6});
}

TEST(Slice, a_stop_of_zero_leaves_nothing) {
    expect(run(gli_op_slice, params::slice{{}, {0}}, {kSix}), {0, 3}, {});
    expect(run(gli_op_slice, params::slice{{}, {1, 0}}, {kSix}), {1, 0}, {});
    expect(run(gli_op_slice, params::slice{}, {kSix}), {2, 3}, kSix.values);
    const glia_slice_params defaults = glia_slice_defaults();
    expect(run(gli_op_slice, defaults, {kSix}), {2, 3}, kSix.values);
}

TEST(SliceBackward, puts_each_element_back) {
    const params::slice_backward p{{{1, 0}, {2, 3}, {1, 2}}, GLIA_SHAPE(2, 4)};
    expect(run(gli_op_slice_backward, p, {{{1, 2}, {5, 7}}}), {2, 4}, {0, 0, 0, 0, 5, 0, 7, 0});
}

TEST(Pad, as_in_the_onnx_example) {
    expect(run(gli_op_pad, params::pad{{0, 2}}, {kPairs}), {3, 4}, {0, 0, 1.0, 1.2, 0, 0, 2.3, 3.4, 0, 0, 4.5, 5.7});
    expect(run(gli_op_pad, params::pad{{1}, {0, 1}, 9}, {kSix}), {3, 4}, {9, 9, 9, 9, 1, 2, 3, 9, 4, 5, 6, 9});
}

TEST(Expand, repeats_dimensions_of_one) {
    const Array column{{2, 1}, {1, 2}};
    expect(run(gli_op_expand, params::expand{GLIA_SHAPE(2, 3)}, {column}), {2, 3}, {1, 1, 1, 2, 2, 2});
    expect(run(gli_op_expand, params::expand{GLIA_SHAPE(2, -1, 2)}, {column}), {2, 2, 2}, {1, 1, 2, 2, 1, 1, 2, 2});
    expect(run(gli_op_expand, params::expand{GLIA_SHAPE(2, 0)}, {column}), {2, 0}, {});
}

TEST(Gather, as_in_the_onnx_examples) {
    const Array x{{3, 3}, {1.0, 1.2, 1.9, 2.3, 3.4, 3.9, 4.5, 5.7, 5.9}};
    expect(run(gli_op_gather, params::gather{}, {kPairs, indices({2, 2}, {0, 1, 1, 2})}), {2, 2, 2},
           {1.0, 1.2, 2.3, 3.4, 2.3, 3.4, 4.5, 5.7});
    expect(run(gli_op_gather, params::gather{.axis = 1}, {x, indices({1, 2}, {0, 2})}), {3, 1, 2},
           {1.0, 1.9, 2.3, 3.9, 4.5, 5.9});
    expect(run(gli_op_gather, params::gather{}, {kPairs, indices({}, {-1})}), {2}, {4.5, 5.7});
}

TEST(GatherBackward, adds_what_was_read_twice) {
    const Array dy{{3, 2}, {1, 2, 10, 20, 100, 200}}, from = indices({3}, {2, 0, -1});
    expect(run(gli_op_gather_backward, params::gather_backward{{}, 3}, {dy, from}), {3, 2}, {10, 20, 0, 0, 101, 202});
    expect(run(gli_op_gather_backward, params::gather_backward{{0, -1, true}, 3}, {dy, from}), {3, 2},
           {10, 20, 0, 0, 0, 0});
    expect(run(gli_op_gather_backward, params::gather_backward{{0, 0, true}, 3}, {dy, from}), {3, 2},
           {0, 0, 0, 0, 101, 202});
}

// Within the bound of one chain of 256 and a tree.
TEST(GatherBackward, keeps_the_digits_of_a_row_read_often) {
    const int64_t count = 300000;
    Array dy{{count, 1}, Values(count, double(0.1f)), GLIA_F32}, from = indices({count}, Values(count, 1));
    from.values[7] = 2;
    Session session("cpu.native");
    const Result result = session.call(gli_op_gather_backward, params::gather_backward{{}, 4}, {dy, from});
    ASSERT_EQ(result.status, GLIA_OK) << result.message;
    const double want = double(0.1f) * double(count - 1);
    EXPECT_NEAR(result.out[0].values[1], want, want * 270 * 6e-8);
    EXPECT_EQ(result.out[0].values[2], double(0.1f));
    EXPECT_EQ(result.out[0].values[0] + result.out[0].values[3], 0);
}

TEST(OneHot, counts_from_either_end_and_is_off_outside) {
    const params::one_hot p{3, GLIA_F64, 5, 2};
    expect(run(gli_op_one_hot, p, {indices({4}, {0, -1, 3, -4})}), {4, 3}, {5, 2, 2, 2, 2, 5, 2, 2, 2, 2, 2, 2});
}

TEST(OneHot, on_and_off_may_be_zero) {
    const Array three = indices({3}, {0, 2, 5});
    expect_everywhere(gli_op_one_hot, params::one_hot{.classes = 3, .on = 0, .off = 1}, {three},
                      {0, 1, 1, 1, 1, 0, 1, 1, 1});
    expect_everywhere(gli_op_one_hot, params::one_hot{.classes = 3, .on = 0, .off = 0}, {three}, Values(9, 0));
    expect_everywhere(gli_op_one_hot, params::one_hot{.classes = 3, .on = 2, .off = 0}, {three},
                      {2, 0, 0, 0, 0, 2, 0, 0, 0});
}

TEST(Cast, truncates_and_clamps) {
    const double inf = std::numeric_limits<double>::infinity();
    const Array x{{6}, {1.9, -1.9, 300, -inf, inf, NAN}};
    expect(run(gli_op_cast, params::cast{GLIA_U8}, {x}), {6}, {1, 0, 255, 0, 255, 0});
    expect(run(gli_op_cast, params::cast{GLIA_I32}, {x}), {6}, {1, -1, 300, -2147483648.0, 2147483647.0, 0});
    expect(run(gli_op_cast, params::cast{GLIA_BF16}, {{{2}, {1.00390625, 3.0e-3}}}), {2}, {1, 0.0030059814453125});
}

TEST(Cast, native_agrees_on_what_is_not_finite) {
    const double inf = std::numeric_limits<double>::infinity();
    Session native("cpu.native");
    const Array x{{8}, {1.9, -1.9, 300, -inf, inf, NAN, -0.0, 255.99}, GLIA_F32};
    expect(native.call(gli_op_cast, params::cast{GLIA_U8}, {x}).out[0], {8}, {1, 0, 255, 0, 255, 0, 0, 255});
    const auto bf16 = native.call(gli_op_cast, params::cast{GLIA_BF16}, {x}).out[0].values;
    EXPECT_TRUE(bf16[3] == -inf && bf16[4] == inf && std::isnan(bf16[5]) && bf16[7] == 256);
}

// ---- 64 bits, through the public functions

constexpr int64_t kOdd = (int64_t(1) << 53) + 1, kLast = std::numeric_limits<int64_t>::max();

struct Whole : testing::TestWithParam<const char *> {
    Session s{GetParam()};
    std::vector<int64_t> x{kOdd, -kOdd, kLast, 1 - kLast, 3, kOdd + 2};
    glia_tensor *tensor(const Dims &dims, const std::vector<int64_t> &values = {}) {
        glia_tensor *t = s.tensor({dims, {}, GLIA_I64});
        if (!values.empty()) {
            EXPECT_EQ(glia_tensor_write(t, values.data(), 8 * values.size()), GLIA_OK);
        }
        return t;
    }
    std::vector<int64_t> read(const glia_tensor *t) {
        std::vector<int64_t> values(size_t(glia_tensor_count(t)));
        EXPECT_EQ(glia_tensor_read(t, values.data(), 8 * values.size()), GLIA_OK);
        return values;
    }
};

TEST_P(Whole, numbers_above_2_53_move_unharmed) {
    glia_tensor *in = tensor({2, 3}, x);
    glia_tensor *t  = tensor({3, 2});
    ASSERT_EQ(glia_transpose(s.ctx(), nullptr, in, t), GLIA_OK);
    EXPECT_EQ(read(t), (std::vector<int64_t>{x[0], x[3], x[1], x[4], x[2], x[5]}));

    const glia_reshape_params flat{GLIA_SHAPE(6)};
    glia_tensor *r = tensor({6});
    ASSERT_EQ(glia_reshape(s.ctx(), &flat, in, r), GLIA_OK);
    EXPECT_EQ(read(r), x);

    const glia_concat_params axis{1};
    const glia_tensor *both[] = {in, in};
    glia_tensor *c            = tensor({2, 6});
    ASSERT_EQ(glia_concat(s.ctx(), &axis, both, 2, c), GLIA_OK);
    EXPECT_EQ(read(c), (std::vector<int64_t>{x[0], x[1], x[2], x[0], x[1], x[2], x[3], x[4], x[5], x[3], x[4], x[5]}));

    const auto columns = params::as<glia_slice_params>(params::slice{{0, 1}});
    glia_tensor *l     = tensor({2, 2});
    ASSERT_EQ(glia_slice(s.ctx(), &columns, in, l), GLIA_OK);
    EXPECT_EQ(read(l), (std::vector<int64_t>{x[1], x[2], x[4], x[5]}));

    const glia_slice_backward_params back{columns, GLIA_SHAPE(2, 3)};
    glia_tensor *b = tensor({2, 3});
    ASSERT_EQ(glia_slice_backward(s.ctx(), &back, l, b), GLIA_OK);
    EXPECT_EQ(read(b), (std::vector<int64_t>{0, x[1], x[2], 0, x[4], x[5]}));

    const glia_pad_params one{{0, 1}};
    glia_tensor *p = tensor({2, 4});
    ASSERT_EQ(glia_pad(s.ctx(), &one, in, p), GLIA_OK);
    EXPECT_EQ(read(p), (std::vector<int64_t>{0, x[0], x[1], x[2], 0, x[3], x[4], x[5]}));

    const glia_expand_params twice{GLIA_SHAPE(2, 2, 3)};
    glia_tensor *e = tensor({2, 2, 3});
    ASSERT_EQ(glia_expand(s.ctx(), &twice, in, e), GLIA_OK);
    EXPECT_EQ(read(e)[7], x[1]);

    glia_tensor *g = tensor({1, 3});
    ASSERT_EQ(glia_gather(s.ctx(), nullptr, in, tensor({1}, {1}), g), GLIA_OK);
    EXPECT_EQ(read(g), (std::vector<int64_t>{x[3], x[4], x[5]}));

    const glia_cast_params same{GLIA_I64};
    glia_tensor *k = tensor({2, 3});
    ASSERT_EQ(glia_cast(s.ctx(), &same, in, k), GLIA_OK);
    EXPECT_EQ(read(k), x);
}

INSTANTIATE_TEST_SUITE_P(cpu, Whole, testing::Values("cpu.ref", "cpu.native"),
                         [](const auto &info) { return std::string(info.param + 4); });

// 2^60 + 2^36 lies half way between two f32, 2^60 + 2^52 between two bf16; one more decides, though no double shows it.
TEST(CastFromI64, rounds_once) {
    Session s;
    std::vector<int64_t> x{(int64_t(1) << 60) + (int64_t(1) << 36) + 1, (int64_t(1) << 60) + (int64_t(1) << 36),
                           -((int64_t(1) << 60) + (int64_t(1) << 36) + 1)};
    glia_tensor *in = s.tensor({{3}, {}, GLIA_I64});
    ASSERT_EQ(glia_tensor_write(in, x.data(), 24), GLIA_OK);
    glia_tensor *f32 = s.tensor({{3}, {}, GLIA_F32});
    ASSERT_EQ(glia_cast(s.ctx(), nullptr, in, f32), GLIA_OK);
    EXPECT_EQ(s.values(f32), (Values{0x1p60 + 0x1p37, 0x1p60, -0x1p60 - 0x1p37}));
    x = {(int64_t(1) << 60) + (int64_t(1) << 52) + 1, (int64_t(1) << 60) + (int64_t(1) << 52), 5};
    ASSERT_EQ(glia_tensor_write(in, x.data(), 24), GLIA_OK);
    const glia_cast_params bf16{GLIA_BF16};
    glia_tensor *out = s.tensor({{3}, {}, GLIA_BF16});
    ASSERT_EQ(glia_cast(s.ctx(), &bf16, in, out), GLIA_OK);
    EXPECT_EQ(s.values(out), (Values{0x1p60 + 0x1p53, 0x1p60, 5}));
}

TEST(CastBetweenLayouts, dense_and_channels_last) {
    Session s("cpu.native");
    const int64_t dim[] = {3, 17, 5, 19};
    int64_t stride[4];
    std::vector<float> dense(3 * 17 * 5 * 19), last(dense.size()), back(dense.size());
    for (size_t i = 0; i < dense.size(); ++i) dense[i] = float(i);
    gli_channels_last_strides(4, dim, stride);
    glia_tensor *a, *b, *c;
    ASSERT_EQ(glia_tensor_wrap(s.ctx(), GLIA_F32, GLIA_SHAPE(3, 17, 5, 19), nullptr, dense.data(), &a), GLIA_OK);
    ASSERT_EQ(glia_tensor_wrap(s.ctx(), GLIA_F32, GLIA_SHAPE(3, 17, 5, 19), stride, last.data(), &b), GLIA_OK);
    ASSERT_EQ(glia_tensor_wrap(s.ctx(), GLIA_F32, GLIA_SHAPE(3, 17, 5, 19), nullptr, back.data(), &c), GLIA_OK);
    EXPECT_EQ(glia_cast(s.ctx(), nullptr, a, b), GLIA_OK);
    EXPECT_EQ(glia_cast(s.ctx(), nullptr, b, c), GLIA_OK);
    for (int n = 0; n < 3; ++n)
        for (int ch = 0; ch < 17; ++ch)
            for (int i = 0; i < 95; ++i)
                ASSERT_EQ(last[size_t((n * 95 + i) * 17 + ch)], dense[size_t((n * 17 + ch) * 95 + i)]);
    EXPECT_EQ(back, dense);
    glia_tensor_destroy(a), glia_tensor_destroy(b), glia_tensor_destroy(c);
}

// ---- functions without an op of their own

TEST(Split, is_the_inverse_of_concat) {
    Session s;
    glia_tensor *x   = s.tensor(kSix);
    glia_tensor *y[] = {s.tensor({{2, 1}, {}}), s.tensor({{2, 0}, {}}), s.tensor({{2, 2}, {}})};
    const glia_split_params axis{.axis = 1};
    ASSERT_EQ(glia_split(s.ctx(), &axis, x, y, 3), GLIA_OK) << glia_message(s.ctx());
    EXPECT_EQ(s.values(y[0]), (Values{1, 4}));
    EXPECT_EQ(s.values(y[2]), (Values{2, 3, 5, 6}));
}

TEST(Flatten, keeps_the_batch) {
    Session s;
    glia_tensor *x = s.tensor(kCube), *y = s.tensor({{2, 6}, {}});
    ASSERT_EQ(glia_flatten(s.ctx(), x, y), GLIA_OK) << glia_message(s.ctx());
    EXPECT_EQ(s.values(y), kCube.values);
    EXPECT_EQ(glia_flatten(s.ctx(), x, s.tensor({{12}, {}})), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(glia_flatten(s.ctx(), nullptr, y), GLIA_INVALID_ARGUMENT);
}

TEST(Embedding, gathers_rows) {
    Session s;
    glia_tensor *y = s.tensor({{2, 1, 2}, {}});
    ASSERT_EQ(glia_embedding(s.ctx(), nullptr, s.tensor(kPairs), s.tensor(indices({2, 1}, {2, 0})), y), GLIA_OK);
    EXPECT_EQ(s.values(y), (Values{4.5, 5.7, 1.0, 1.2}));
}

}  // namespace
