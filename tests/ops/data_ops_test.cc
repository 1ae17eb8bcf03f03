// take_batch and increment: hand-worked numbers, what they refuse, and that nothing is read beyond the order.
#include <gtest/gtest.h>

#include "support/call.h"
#include "support/case.h"

namespace {

using namespace glia;

const Array kSamples{{3, 2}, {10, 11, 20, 21, 30, 31}, GLIA_F32};
const Array kOrder{{4}, {2, 0, 0, 1}, GLIA_I64};

Array at(double position) { return {{}, {position}, GLIA_I64}; }
Array dims(std::vector<int64_t> d, glia_dtype dtype) { return {std::move(d), {}, dtype}; }

TEST(TakeBatch, follows_the_order_from_the_position_on) {
    Session s;
    const Result r = s.call(gli_op_take_batch, glia_take_batch_params{3}, {kSamples, kOrder, at(1), ABSENT});
    ASSERT_EQ(r.status, GLIA_OK) << r.message;
    EXPECT_EQ(r.out[0].dims, (std::vector<int64_t>{3, 2}));
    EXPECT_EQ(r.out[0].values, (std::vector<double>{10, 11, 10, 11, 20, 21}));
}

TEST(TakeBatch, each_part_goes_through_its_row_of_the_table) {
    Session s;
    std::vector<double> table(2 * 256);
    for (int v = 0; v < 256; ++v) table[size_t(v)] = v / 2.0, table[size_t(256 + v)] = -v;
    const Array samples{{2, 2, 2}, {0, 1, 2, 255, 4, 5, 6, 7}, GLIA_U8}, order{{2}, {1, 0}, GLIA_I64};
    const Result r =
        s.call(gli_op_take_batch, glia_take_batch_params{2}, {samples, order, at(0), {{2, 256}, table, GLIA_F32}});
    ASSERT_EQ(r.status, GLIA_OK) << r.message;
    EXPECT_EQ(r.out[0].dims, (std::vector<int64_t>{2, 2, 2}));
    EXPECT_EQ(r.out[0].values, (std::vector<double>{2, 2.5, -6, -7, 0, 0.5, -2, -255}));
}

struct Bad {
    const char *name;
    int batch;
    std::vector<Array> in;
    glia_status status;
    const char *message;
};

TEST(TakeBatch, refuses_with_the_values) {
    const Array table = dims({1, 256}, GLIA_F32), u8 = dims({3, 2}, GLIA_U8);
    const std::vector<Bad> bad = {
        {"batch", 0, {kSamples, kOrder, at(0), ABSENT}, GLIA_INVALID_ARGUMENT, "batch is 0"},
        {"scalar", 1, {dims({}, GLIA_F32), kOrder, at(0), ABSENT}, GLIA_SHAPE_MISMATCH, "samples is []"},
        {"order_dtype", 1, {kSamples, dims({4}, GLIA_I32), at(0), ABSENT}, GLIA_DTYPE_MISMATCH, "order is i32"},
        {"order_ndim", 1, {kSamples, dims({2, 2}, GLIA_I64), at(0), ABSENT}, GLIA_SHAPE_MISMATCH, "order is [2,2]"},
        {"position", 1, {kSamples, kOrder, dims({2}, GLIA_I64), ABSENT}, GLIA_SHAPE_MISMATCH, "position is [2]"},
        {"behind_the_end",
         3,
         {kSamples, kOrder, at(2), ABSENT},
         GLIA_INVALID_ARGUMENT,
         "3 samples from position 2 of an order of 4"},
        {"before_the_start", 1, {kSamples, kOrder, at(-1), ABSENT}, GLIA_INVALID_ARGUMENT, "position -1"},
        {"no_such_sample",
         1,
         {kSamples, {{2}, {0, 3}, GLIA_I64}, at(0), ABSENT},
         GLIA_INVALID_ARGUMENT,
         "order [1] is 3, must be 0 to 2"},
        {"table_of_floats", 1, {kSamples, kOrder, at(0), table}, GLIA_DTYPE_MISMATCH, "samples is f32, with a table"},
        {"table_dtype", 1, {u8, kOrder, at(0), dims({1, 256}, GLIA_F64)}, GLIA_DTYPE_MISMATCH, "table is f64"},
        {"table_length", 1, {u8, kOrder, at(0), dims({1, 255}, GLIA_F32)}, GLIA_SHAPE_MISMATCH, "table is [1,255]"},
        {"table_parts",
         1,
         {dims({3, 3}, GLIA_U8), kOrder, at(0), dims({2, 256}, GLIA_F32)},
         GLIA_SHAPE_MISMATCH,
         "the 3 elements"},
    };
    for (const Bad &b : bad) {
        Session s;
        const Result r = s.call(gli_op_take_batch, glia_take_batch_params{b.batch}, b.in);
        EXPECT_EQ(r.status, b.status) << b.name;
        EXPECT_NE(r.message.find(b.message), std::string::npos) << b.name << ": " << r.message;
    }
}

// Three samples of two boxes with classes.
const Array kClasses{{3, 2}, {5, 6, 7, 8, 9, -1}, GLIA_I64};
const Array kBoxes{{2, 2, 4}, {0, 0, 1, 1, 2, 2, 2, 3, 0, 0, 0, 0, 1, 1, 4, 2}, GLIA_F32};

TEST(TakeBatch, a_class_stays_where_its_box_does) {
    Session s;
    const glia_take_batch_params params{.batch = 2, .role = GLIA_TAKE_BOX_CLASSES};
    const Result r = s.call(gli_op_take_batch, params, {kClasses, kOrder, at(2), ABSENT, ABSENT, ABSENT, kBoxes});
    ASSERT_EQ(r.status, GLIA_OK) << r.message;
    EXPECT_EQ(r.out[0].dims, (std::vector<int64_t>{2, 2}));
    EXPECT_EQ(r.out[0].values, (std::vector<double>{5, -1, -1, 8}));
}

TEST(TakeBatch, refuses_classes_of_boxes_with_the_values) {
    const auto with = [](Array samples, Array boxes) {
        return std::vector<Array>{std::move(samples), kOrder, at(0), ABSENT, ABSENT, ABSENT, std::move(boxes)};
    };
    const struct {
        std::vector<Array> in;
        glia_take_role role;
        const char *message;
    } bad[] = {
        {with(kClasses, ABSENT), GLIA_TAKE_BOX_CLASSES, "boxes is NULL"},
        {with(kClasses, kBoxes), GLIA_TAKE_PLAIN, "boxes is [2,2,4], must be NULL"},
        {with(kSamples, kBoxes), GLIA_TAKE_BOX_CLASSES, "samples is f32 [3,2], classes of boxes must be i32 or i64"},
        {with(kClasses, dims({2, 3, 4}, GLIA_F32)), GLIA_TAKE_BOX_CLASSES, "boxes is [2,3,4], must be [2,2,4]"},
        {with(kClasses, dims({2, 2, 4}, GLIA_F64)), GLIA_TAKE_BOX_CLASSES, "boxes is f64, must be f32"},
    };
    for (const auto &b : bad) {
        Session s;
        const Result r = s.call(gli_op_take_batch, glia_take_batch_params{.batch = 2, .role = b.role}, b.in);
        EXPECT_NE(r.status, GLIA_OK) << b.message;
        EXPECT_NE(r.message.find(b.message), std::string::npos) << b.message << ": " << r.message;
    }
}

TEST(Increment, adds_each_number_exactly) {
    Session s;
    const int64_t large = (int64_t(1) << 53) + 1, by[] = {1, -3};
    int64_t x[]    = {large - 1, 2}, y[2];
    glia_tensor *t = s.tensor(dims({2}, GLIA_I64));
    ASSERT_EQ(glia_tensor_write(t, x, sizeof x), GLIA_OK);
    const glia_increment_params params{{by[0], by[1]}};
    ASSERT_EQ(glia_increment(s.ctx(), &params, t, t), GLIA_OK);
    ASSERT_EQ(glia_tensor_read(t, y, sizeof y), GLIA_OK);
    EXPECT_EQ(y[1], -1);
    EXPECT_EQ(y[0], large - 1 + by[0]);
}

TEST(Increment, refuses_with_the_values) {
    Session s;
    const Result dtype = s.call(gli_op_increment, glia_increment_params{}, {dims({1}, GLIA_F32)});
    EXPECT_EQ(dtype.status, GLIA_DTYPE_MISMATCH);
    EXPECT_NE(dtype.message.find("x is f32"), std::string::npos) << dtype.message;
    const Result shape = s.call(gli_op_increment, glia_increment_params{}, {dims({5}, GLIA_I64)});
    EXPECT_EQ(shape.status, GLIA_SHAPE_MISMATCH);
    EXPECT_NE(shape.message.find("x is [5]"), std::string::npos) << shape.message;
}

}  // namespace
