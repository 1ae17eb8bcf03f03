// The ops on sequences against numbers worked out by hand, on every provider: what the suite's random numbers do not
// meet.
#include <gtest/gtest.h>

#include <cmath>

#include "support/call.h"
#include "support/devices.h"

namespace {

using namespace glia;
using Values = std::vector<double>;
using Dims   = std::vector<int64_t>;

struct Place {
    const char *name, *provider, *device;
};

class Sequence : public testing::TestWithParam<Place> {
   protected:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(GetParam().device, &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    }
    Values lengths(double padding, bool batch_first, const Array &x) {
        Session s("", GetParam().device);
        const Result r = s.call(gli_op_sequence_lengths, glia_sequence_lengths_params{padding, batch_first}, {x});
        EXPECT_EQ(r.status, GLIA_OK) << r.message;
        EXPECT_EQ(r.out[0].dtype, GLIA_I32);
        return r.out[0].values;
    }
    Array masked(double value, bool batch_first, const Array &x, const Values &lengths) {
        Session s(GetParam().provider, GetParam().device);
        const Array given{{int64_t(lengths.size())}, lengths, GLIA_I32};
        const Result r = s.call(gli_op_mask_steps, glia_mask_steps_params{value, batch_first}, {x, given});
        EXPECT_EQ(r.status, GLIA_OK) << r.message;
        EXPECT_EQ(r.out[0].dims, x.dims);
        EXPECT_EQ(r.out[0].dtype, x.dtype);
        return r.out[0];
    }
};

TEST_P(Sequence, ends_at_its_last_step_that_is_not_padding) {
    const Array texts{{4, 5}, {7, 3, 0, 0, 0, 7, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5}, GLIA_I64};
    EXPECT_EQ(lengths(0, true, texts), (Values{2, 3, 0, 5}));
    EXPECT_EQ(lengths(3, true, texts), (Values{5, 5, 5, 5}));
    EXPECT_EQ(lengths(5, true, texts), (Values{5, 5, 5, 4}));
    // the same numbers as 4 steps of 5 sequences
    EXPECT_EQ(lengths(0, false, texts), (Values{4, 4, 4, 4, 4}));
    EXPECT_EQ(lengths(7, false, {{3, 2}, {7, 1, 2, 7, 7, 7}, GLIA_I32}), (Values{2, 1}));
}

TEST_P(Sequence, step_is_padding_where_all_its_elements_are) {
    const Array series{{2, 3, 2}, {1, 1, 0, -0.0, 0, 0, 0, 0, 0, 1, 0, 0}, GLIA_F32};
    EXPECT_EQ(lengths(0, true, series), (Values{1, 2}));
    EXPECT_EQ(lengths(0, false, {{3, 2, 2}, {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, GLIA_F64}), (Values{1, 2}));
    EXPECT_EQ(lengths(0, true, {{1, 3, 1}, {1, NAN, 0}, GLIA_F32}), (Values{2}));
    EXPECT_EQ(lengths(-INFINITY, true, {{1, 3, 1}, {1, 2, -INFINITY}, GLIA_F32}), (Values{2}));
}

// 0.1 is no number of any of these types, so that what the tensor holds is 0.1 rounded.
TEST_P(Sequence, padding_is_rounded_as_the_elements_are) {
    for (glia_dtype dtype : {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16})
        EXPECT_EQ(lengths(0.1, true, {{2, 3}, {0.1, 5, 0.1, 0.1, 0.1, 0.1}, dtype}), (Values{2, 0}))
            << glia_dtype_name(dtype);
    EXPECT_EQ(lengths(200, true, {{1, 3}, {1, 200, 200}, GLIA_U8}), (Values{1}));
}

TEST_P(Sequence, whole_numbers_are_compared_exactly) {
    Session s("", GetParam().device);
    const int64_t large = int64_t(1) << 53, x[] = {1, large + 1, large};
    const glia_sequence_lengths_params params{double(large), true};
    glia_tensor *in = s.tensor({{1, 3}, {}, GLIA_I64}), *out = s.tensor({{1}, {}, GLIA_I32});
    ASSERT_EQ(glia_tensor_write(in, x, sizeof x), GLIA_OK);
    ASSERT_EQ(glia_sequence_lengths(s.ctx(), &params, in, out), GLIA_OK) << glia_message(s.ctx());
    EXPECT_EQ(s.values(out), (Values{2}));
}

TEST_P(Sequence, steps_behind_the_end_get_the_value) {
    const Array x{{2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, GLIA_F32};
    EXPECT_EQ(masked(0, true, x, {1, 3}).values, (Values{1, 2, 0, 0, 0, 0, 7, 8, 9, 10, 11, 12}));
    EXPECT_EQ(masked(-1, true, x, {0, 2}).values, (Values{-1, -1, -1, -1, -1, -1, 7, 8, 9, 10, -1, -1}));
    EXPECT_EQ(masked(-1, false, x, {0, 2, 1}).values, (Values{-1, -1, 3, 4, 5, 6, -1, -1, 9, 10, -1, -1}));
    EXPECT_EQ(masked(300, true, {{2, 2}, {1, 2, 3, 4}, GLIA_U8}, {1, 0}).values, (Values{1, 255, 255, 255}));
    EXPECT_EQ(masked(-INFINITY, true, {{1, 2}, {NAN, NAN}, GLIA_F16}, {0}).values, (Values{-INFINITY, -INFINITY}));
}

TEST_P(Sequence, numbers_above_2_53_are_kept_unharmed) {
    Session s(GetParam().provider, GetParam().device);
    const int64_t odd = (int64_t(1) << 53) + 1;
    int64_t x[]       = {odd, -odd, 3};
    const glia_mask_steps_params params{7, true};
    glia_tensor *in = s.tensor({{1, 3}, {}, GLIA_I64}), *out = s.tensor({{1, 3}, {}, GLIA_I64});
    ASSERT_EQ(glia_tensor_write(in, x, sizeof x), GLIA_OK);
    ASSERT_EQ(glia_mask_steps(s.ctx(), &params, in, s.tensor({{1}, {2}, GLIA_I32}), out), GLIA_OK)
        << glia_message(s.ctx());
    ASSERT_EQ(glia_tensor_read(out, x, sizeof x), GLIA_OK);
    EXPECT_EQ(x[0], odd);
    EXPECT_EQ(x[1], -odd);
    EXPECT_EQ(x[2], 7);
}

INSTANTIATE_TEST_SUITE_P(places, Sequence,
                         testing::Values(Place{"ref", "cpu.ref", "cpu"}, Place{"native", "cpu.native", "cpu"},
                                         Place{"emulated", "", "emulated"}, Place{"cuda", "", "cuda:0"}),
                         [](const auto &info) { return info.param.name; });

}  // namespace
