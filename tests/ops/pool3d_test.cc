// Pooling of volumes: numbers worked out by hand, what it shares with the pooling of images, and what it refuses.
#include <gtest/gtest.h>

#include "support/bad_calls.h"
#include "support/call.h"
#include "support/everywhere.h"
#include "support/params.h"

namespace {

using namespace glia;
using Values = std::vector<double>;
using Dims   = std::vector<int64_t>;
using Max    = params::max_pool3d;
using Avg    = params::avg_pool3d;

template <class Params>
std::vector<Array> run(const gli_op &op, const Params &params, const std::vector<Array> &in) {
    Session session("cpu.ref");
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

Array counting(const Dims &dims) {
    Array array{dims, {}};
    int64_t count = 1;
    for (int64_t d : dims) count *= d;
    for (int64_t i = 0; i < count; ++i) array.values.push_back(1 + double(i));
    return array;
}

const Array kVolume = counting({1, 1, 3, 2, 4});

TEST(MaxPool3d, counts_indices_over_the_volume) {
    const auto y = run(gli_op_max_pool3d, Max{.kernel = {2, 2, 2}, .stride = {1, 1, 2}}, {kVolume});
    expect(y[0], {1, 1, 2, 1, 2}, {14, 16, 22, 24});
    expect(y[1], {1, 1, 2, 1, 2}, {13, 15, 21, 23});
}

TEST(MaxPool3d, of_slices_that_are_equal_takes_the_first) {
    const Array x{{1, 1, 3, 1, 2}, {5, 1, 5, 2, 4, 2}};
    const auto y = run(gli_op_max_pool3d, Max{.kernel = {3, 1, 1}}, {x});
    expect(y[0], {1, 1, 1, 1, 2}, {5, 2});
    expect(y[1], {1, 1, 1, 1, 2}, {0, 3});
}

TEST(MaxPool3d, goes_back_to_the_index) {
    const Array dy{{1, 1, 2, 1, 2}, {1, 10, 100, 1000}}, indices{{1, 1, 2, 1, 2}, {13, 15, 13, 23}, GLIA_I32};
    const params::max_pool3d_backward p{.size = {3, 2, 4}, .pool = {.kernel = {2, 2, 2}, .stride = {1, 1, 2}}};
    Values dx(24, 0);
    dx[13] = 101, dx[15] = 10, dx[23] = 1000;
    expect(run(gli_op_max_pool3d_backward, p, {dy, indices})[0], {1, 1, 3, 2, 4}, dx);
}

TEST(AvgPool3d, divides_by_what_is_there) {
    expect(run(gli_op_avg_pool3d, Avg{.kernel = {3, 2, 4}}, {kVolume})[0], {1, 1, 1, 1, 1}, {12.5});
    const Array x{{1, 1, 3, 1, 1}, {3, 6, 9}};
    const Avg padded{.kernel = {2, 1, 1}, .pad = {1, 0, 0}};
    expect(run(gli_op_avg_pool3d, padded, {x})[0], {1, 1, 2, 1, 1}, {3, 7.5});
    const Avg counted{.kernel = {2, 1, 1}, .pad = {1, 0, 0}, .count_include_pad = true};
    expect(run(gli_op_avg_pool3d, counted, {x})[0], {1, 1, 2, 1, 1}, {1.5, 7.5});
    const params::avg_pool3d_backward back{.pool = padded, .size = {3, 1, 1}};
    expect(run(gli_op_avg_pool3d_backward, back, {Array{{1, 1, 2, 1, 1}, {10, 8}}})[0], {1, 1, 3, 1, 1}, {10, 4, 4});
}

// Whose sum no float holds.
TEST(AvgPool3d, of_large_numbers_is_finite) {
    const Array huge{{1, 1, 4, 5, 2}, Values(40, double(3e38f)), GLIA_F32};
    expect_everywhere(gli_op_avg_pool3d, Avg{.kernel = {4, 5, 2}}, {huge}, {double(3e38f)});
}

TEST(Pool3dContract, refuses_bad_calls) {
    const Array x{{2, 3, 4, 8, 6}, {}, GLIA_F32}, image{{2, 3, 8, 6}, {}, GLIA_F32};
    const Array dy{{2, 3, 2, 4, 3}, {}, GLIA_F32}, indices{{2, 3, 2, 4, 3}, {}, GLIA_I32};
    using Back = params::max_pool3d_backward;
    for (const gli_op *op : {&gli_op_max_pool3d, &gli_op_avg_pool3d}) {
        const auto refused = [&](const Max &max, const Avg &avg, const Array &of, glia_status status,
                                 const char *text) {
            if (op == &gli_op_max_pool3d)
                refuses(*op, max, {of}, status, text);
            else
                refuses(*op, avg, {of}, status, text);
        };
        refused({}, {}, x, GLIA_INVALID_ARGUMENT, "kernel is {0,0,0}, must be positive");
        refused({.kernel = {2, 2, 2}}, {.kernel = {2, 2, 2}}, image, GLIA_SHAPE_MISMATCH,
                "x is [2,3,8,6], must have 5 dimensions");
        refused({.kernel = {2, 2, 2}, .pad = {2, 0, 0}}, {.kernel = {2, 2, 2}, .pad = {2, 0, 0}}, x,
                GLIA_INVALID_ARGUMENT, "pad over slices is 2 and 2, must be below the kernel's reach of 2");
        refused({.kernel = {5, 1, 1}}, {.kernel = {5, 1, 1}}, x, GLIA_SHAPE_MISMATCH,
                "the kernel reaches over 5 slices, the padded input has 4");
        refused({.kernel = {2, 2, 2}}, {.kernel = {2, 2, 2}}, Array{{2, 3, 0, 8, 6}, {}, GLIA_F32}, GLIA_SHAPE_MISMATCH,
                "0 slices, 8 rows and 6 columns have no elements");
    }
    refuses(gli_op_max_pool3d, Max{.kernel = {2, 2, 2}, .activation = GLIA_TANH}, {x}, GLIA_UNSUPPORTED,
            "activation is tanh, must be linear or relu");
    refuses(gli_op_max_pool3d_backward, Back{.size = {4, 8, 6}}, {dy, indices}, GLIA_INVALID_ARGUMENT,
            "kernel is {0,0,0}, must be positive");
    refuses(gli_op_max_pool3d_backward, Back{.size = {6, 8, 6}, .pool = {.kernel = {2, 2, 2}}}, {dy, indices},
            GLIA_SHAPE_MISMATCH, "dy is [2,3,2,4,3], must be [2,3,3,4,3]");
    refuses(gli_op_avg_pool3d_backward, params::avg_pool3d_backward{.pool = {.kernel = {2, 2, 2}}, .size = {4, -8, 6}},
            {dy}, GLIA_INVALID_ARGUMENT, "size is {4,-8,6}, must be positive");
}

}  // namespace
