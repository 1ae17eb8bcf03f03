// Datasets from arrays: what they scale, and what they refuse.
#include <cmath>
#include <numeric>

#include "support/context_test.h"

namespace {

using namespace glia;

class ArrayData : public ContextTest {};

TEST_F(ArrayData, scaled_bytes_are_rounded_once) {
    std::vector<unsigned char> bytes(256);
    std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
    const int32_t whole[2]      = {-3, 1 << 30};
    const glia_array inputs[]   = {{"u8", GLIA_U8, GLIA_SHAPE(128), bytes.data(), 1 / 255.0, -0.5},
                                   {"i32", GLIA_I32, GLIA_SCALAR, whole, 0.1, 2}};
    const glia_arrays_args args = {inputs, 2, nullptr, 0, 2, true};
    glia_dataset *dataset       = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(ctx, &args, &dataset), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_input(dataset, 0).dtype, GLIA_F32);
    const int64_t index[] = {1, 0, 1};
    glia_tensor *x[]      = {tensor(GLIA_F32, GLIA_SHAPE(3, 128)), tensor(GLIA_F32, GLIA_SHAPE(3))};
    ASSERT_EQ(glia_dataset_get(dataset, index, 3, x, nullptr), GLIA_OK) << message();
    const float *values = static_cast<const float *>(glia_tensor_data(x[0]));
    for (int row = 0; row < 3; ++row)
        for (int k = 0; k < 128; ++k)
            EXPECT_EQ(values[row * 128 + k], float((index[row] * 128 + k) * (1 / 255.0) - 0.5));
    EXPECT_EQ(static_cast<const float *>(glia_tensor_data(x[1]))[1], float(-3 * 0.1 + 2));
    EXPECT_EQ(static_cast<const float *>(glia_tensor_data(x[1]))[2], float((1 << 30) * 0.1 + 2));
    for (glia_tensor *t : x) glia_tensor_destroy(t);
    glia_dataset_destroy(dataset);
}

TEST_F(ArrayData, channels_are_scaled_each_by_its_own_numbers) {
    std::vector<unsigned char> large(2 * 3 * 300), small(2 * 3 * 2);
    std::vector<float> reals(2 * 3 * 2);
    for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<unsigned char>(i * 7);
    for (size_t i = 0; i < small.size(); ++i) small[i] = static_cast<unsigned char>(250 - i), reals[i] = float(i) / 3;
    const double scale[] = {1 / 255.0, -0.3, 1e-3}, offset[] = {-0.5, 2, 0.1};
    glia_array inputs[] = {{"large", GLIA_U8, GLIA_SHAPE(3, 300), large.data()},
                           {"small", GLIA_U8, GLIA_SHAPE(3, 1, 2), small.data()},
                           {"reals", GLIA_F32, GLIA_SHAPE(3, 2), reals.data()},
                           {"without", GLIA_U8, GLIA_SHAPE(3, 2), small.data()},
                           {"none", GLIA_U8, GLIA_SHAPE(3, 0), nullptr}};
    for (auto &input : inputs) input.channel_scale = scale, input.channel_offset = offset;
    inputs[3].channel_offset    = nullptr;
    const glia_arrays_args args = {inputs, 5, nullptr, 0, 2, false};
    glia_dataset *dataset       = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(ctx, &args, &dataset), GLIA_OK) << message();
    const int64_t index[] = {1};
    glia_tensor *x[]      = {tensor(GLIA_F32, GLIA_SHAPE(1, 3, 300)), tensor(GLIA_F32, GLIA_SHAPE(1, 3, 1, 2)),
                             tensor(GLIA_F32, GLIA_SHAPE(1, 3, 2)), tensor(GLIA_F32, GLIA_SHAPE(1, 3, 2)),
                             tensor(GLIA_F32, GLIA_SHAPE(1, 3, 0))};
    ASSERT_EQ(glia_dataset_get(dataset, index, 1, x, nullptr), GLIA_OK) << message();
    const auto got = [&](int i) { return static_cast<const float *>(glia_tensor_data(x[i])); };
    for (size_t c = 0; c < 3; ++c) {
        for (size_t k = 0; k < 300; ++k)
            EXPECT_EQ(got(0)[c * 300 + k], float(large[900 + c * 300 + k] * scale[c] + offset[c]));
        for (size_t k = 2 * c; k < 2 * c + 2; ++k) {
            EXPECT_EQ(got(1)[k], float(small[6 + k] * scale[c] + offset[c]));
            EXPECT_EQ(got(2)[k], float(reals[6 + k] * scale[c] + offset[c]));
            EXPECT_EQ(got(3)[k], float(small[6 + k] * scale[c]));
        }
    }
    for (glia_tensor *t : x) glia_tensor_destroy(t);
    glia_dataset_destroy(dataset);
}

TEST_F(ArrayData, bad_arrays_are_refused_with_their_values) {
    const float values[8] = {};
    const double ones[] = {1, 1}, zero_second[] = {1, 0}, infinite[] = {1, INFINITY};
    const glia_array good = {"x", GLIA_F32, GLIA_SHAPE(2), values, 0, 0};
    const auto with       = [&](auto change) {
        glia_array a = good;
        change(&a);
        return a;
    };
    const struct {
        glia_array array;
        int64_t count;
        const char *part;
    } table[] = {
        {good, -1, "count is -1"},
        {good, int64_t(1) << 33, "count is 8589934592"},
        {with([](glia_array *a) { a->data = nullptr; }), 2, "the data of inputs[0] is NULL"},
        {with([](glia_array *a) { a->data = static_cast<const char *>(a->data) + 1; }), 2,
         "is not aligned to the 4 bytes of f32"},
        {with([](glia_array *a) { a->dtype = glia_dtype(99); }), 2, "invalid dtype 99"},
        {with([](glia_array *a) { a->shape.ndim = 8; }), 2, "inputs[0] has 8 dimensions"},
        {with([](glia_array *a) { a->shape.dim[0] = -2; }), 2, "dimension 0 is -2"},
        {with([](glia_array *a) { a->shape = GLIA_SHAPE(int64_t(1) << 40, int64_t(1) << 40); }), 2,
         "more bytes than memory can"},
        {with([](glia_array *a) { a->shape = GLIA_SHAPE(int64_t(1) << 40, int64_t(1) << 40); }), 0,
         "more bytes than memory can"},
        {with([](glia_array *a) { a->shape = GLIA_SHAPE(0, int64_t(1) << 40, int64_t(1) << 40); }), 2,
         "more bytes than memory can"},
        {with([](glia_array *a) { a->shape = GLIA_SHAPE(int64_t(1) << 58); }), 1 << 20, "more bytes than memory can"},
        {with([](glia_array *a) { a->name = ""; }), 2, "the name of inputs[0] has 0 bytes"},
        {with([](glia_array *a) { a->name = "0123456789012345678901234567890123456789012345678901234567890123"; }), 2,
         "has 64 bytes"},
        {with([](glia_array *a) { a->scale = NAN; }), 2, "scale nan"},
        {with([](glia_array *a) { a->offset = 1; }), 2, "no offset alone"},
        {with([&](glia_array *a) { a->channel_scale = ones, a->scale = 2; }), 2, "has scale 2 and channel_scale"},
        {with([&](glia_array *a) { a->channel_scale = ones, a->offset = 2; }), 2, "no offset alone"},
        {with([&](glia_array *a) { a->channel_offset = ones; }), 2, "channel_offset without channel_scale"},
        {with([&](glia_array *a) { a->channel_scale = ones, a->shape = GLIA_SCALAR; }), 2, "is a scalar"},
        {with([&](glia_array *a) { a->channel_scale = zero_second; }), 2, "channel 1 of inputs[0] has scale 0"},
        {with([&](glia_array *a) { a->channel_scale = infinite; }), 2, "has scale inf"},
        {with([&](glia_array *a) { a->channel_scale = ones, a->channel_offset = infinite; }), 2, "offset inf"},
    };
    for (const auto &row : table) {
        const glia_arrays_args args = {&row.array, 1, nullptr, 0, row.count, true};
        glia_dataset *dataset       = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &dataset), GLIA_INVALID_ARGUMENT) << row.part;
        EXPECT_TRUE(says(row.part)) << message() << "\nmust have: " << row.part;
        EXPECT_EQ(dataset, nullptr);
    }
    const glia_array twice[]       = {good, good};
    const glia_arrays_args calls[] = {{nullptr, 1, nullptr, 0, 2, true}, {&good, 0, nullptr, 0, 2, true},
                                      {&good, 9, nullptr, 0, 2, true},   {&good, 1, nullptr, 1, 2, true},
                                      {twice, 2, nullptr, 0, 2, true},   {twice, 1, twice, 1, 2, true}};
    glia_dataset *dataset          = nullptr;
    for (const auto &args : calls)
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &dataset), GLIA_INVALID_ARGUMENT) << message();
    EXPECT_TRUE(says("name 'x', which another field has")) << message();
    EXPECT_EQ(glia_dataset_from_arrays(ctx, nullptr, &dataset), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_from_arrays(ctx, &calls[0], nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_from_arrays(nullptr, &calls[0], &dataset), GLIA_INVALID_ARGUMENT);
}

}  // namespace
