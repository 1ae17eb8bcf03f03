// conv3d against numbers worked out by hand, and against conv2d, of whose sums its own are made.
#include <gtest/gtest.h>

#include "support/call.h"
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

// A column of slices, of one pixel each.
Array slices(const Values &values) { return {{1, 1, int64_t(values.size()), 1, 1}, values}; }

const Array kCube{{1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}};
const Array kPowers{{1, 1, 2, 2, 2}, {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7}};

TEST(Conv3d, counts_the_neighbours_of_each_voxel) {
    const Array ones{{1, 1, 2, 3, 2}, Values(12, 1)}, window{{1, 1, 3, 3, 3}, Values(27, 1)};
    expect(run(gli_op_conv3d, params::conv3d{.pad = {1, 1, 1}}, {ones, window}), {1, 1, 2, 3, 2},
           {8, 8, 12, 12, 8, 8, 8, 8, 12, 12, 8, 8});
}

TEST(Conv3d, multiplies_element_by_element) {
    expect(run(gli_op_conv3d, params::conv3d{}, {kCube, kPowers, Array{{1}, {0.5}}}), {1, 1, 1, 1, 1}, {87654321.5});
}

TEST(Conv3d, strides_dilates_and_pads_over_slices) {
    const Array x = slices({1, 2, 3, 4, 5}), w = slices({1, 10});
    expect(run(gli_op_conv3d, params::conv3d{}, {x, w}), {1, 1, 4, 1, 1}, {21, 32, 43, 54});
    expect(run(gli_op_conv3d, params::conv3d{.stride = {2, 1, 1}}, {x, w}), {1, 1, 2, 1, 1}, {21, 43});
    expect(run(gli_op_conv3d, params::conv3d{.dilation = {3, 1, 1}}, {x, w}), {1, 1, 2, 1, 1}, {41, 52});
    const params::conv3d start{.pad = {1, 0, 0}, .pad_end = {0, 0, 0}}, end{.pad_end = {2, 0, 0}};
    expect(run(gli_op_conv3d, start, {x, w}), {1, 1, 5, 1, 1}, {10, 21, 32, 43, 54});
    expect(run(gli_op_conv3d, end, {x, w}), {1, 1, 6, 1, 1}, {21, 32, 43, 54, 5, 0});
}

TEST(Conv3d, slices_one_by_one_are_images) {
    const Array x{{1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}}, w{{1, 1, 1, 2, 2}, {1, 10, 100, 1000}};
    const Array images{{2, 1, 2, 2}, x.values}, filters{{1, 1, 2, 2}, w.values};
    const Array two = run(gli_op_conv2d, params::conv2d{.pad = {1, 1}}, {images, filters});
    expect(run(gli_op_conv3d, params::conv3d{.pad = {0, 1, 1}}, {x, w}), {1, 1, 2, 3, 3}, two.values);
}

TEST(Conv3dBackwardData, sends_each_slice_where_it_was_read) {
    const params::conv3d_backward_data p{{.stride = {4, 1, 1}}, {8, 1, 1}}, padded{{.pad = {1, 0, 0}}, {2, 1, 1}};
    expect(run(gli_op_conv3d_backward_data, p, {slices({1, 10}), slices({1, 2})}), {1, 1, 8, 1, 1},
           {1, 2, 0, 0, 10, 20, 0, 0});
    expect(run(gli_op_conv3d_backward_data, padded, {slices({1, 10, 100}), slices({2, 3})}), {1, 1, 2, 1, 1},
           {23, 230});
}

TEST(Conv3dBackwardFilter, correlates_x_with_dy) {
    const params::conv3d_backward_filter p{{}, {2, 1, 1}};
    const Array x{{1, 1, 3, 1, 2}, {1, 2, 3, 4, 5, 6}}, dy{{1, 1, 2, 1, 2}, {1, 10, 100, 1000}};
    expect(run(gli_op_conv3d_backward_filter, p, {x, dy}), {1, 1, 2, 1, 1}, {4321, 6543});
    expect(run(gli_op_conv3d_backward_filter, p, {x, dy}, 1), {1}, {1111});
}

}  // namespace
