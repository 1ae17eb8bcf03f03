// Tensors: their elements in every dtype, shapes and strides, memory of their own and of the caller.
#include <gtest/gtest.h>
#include <thread>
#include <atomic>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "support/context_test.h"
#include "support/internals.h"

namespace {

using namespace glia;

const glia_dtype kDtypes[] = {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16, GLIA_U8, GLIA_I32, GLIA_I64};

// --- elements ---

double load(glia_dtype dtype, uint64_t bits) { return gli_load(dtype, &bits, 0); }

uint64_t store(glia_dtype dtype, double value) {
    uint64_t bits = 0;
    gli_store(dtype, &bits, 0, value);
    return bits;
}

// The value of a short float from its fields: sign, biased exponent, fraction.
double value_of(uint32_t bits, int exponent_bits, int fraction_bits) {
    const int bias          = (1 << (exponent_bits - 1)) - 1;
    const uint32_t exponent = bits >> fraction_bits & ((1u << exponent_bits) - 1);
    const double fraction   = (bits & ((1u << fraction_bits) - 1)) * std::pow(2.0, -fraction_bits);
    const double sign       = bits >> (exponent_bits + fraction_bits) ? -1 : 1;
    if (exponent == (1u << exponent_bits) - 1) return fraction == 0 ? sign * INFINITY : NAN;
    if (exponent == 0) return sign * fraction * std::pow(2.0, 1 - bias);
    return sign * (1 + fraction) * std::pow(2.0, int(exponent) - bias);
}

struct Short {
    glia_dtype dtype;
    int exponent_bits, fraction_bits;
    uint32_t infinity() const { return ((1u << exponent_bits) - 1) << fraction_bits; }
};
const Short kShorts[] = {{GLIA_BF16, 8, 7}, {GLIA_F16, 5, 10}};

TEST(Element, every_pattern_of_a_short_float_means_what_its_fields_say) {
    for (const Short &s : kShorts)
        for (uint32_t bits = 0; bits < 0x10000; ++bits) {
            const double want = value_of(bits, s.exponent_bits, s.fraction_bits), got = load(s.dtype, bits);
            if (std::isnan(want)) {
                ASSERT_TRUE(std::isnan(got)) << bits;
                ASSERT_TRUE(std::isnan(load(s.dtype, store(s.dtype, got)))) << bits;
            } else {
                ASSERT_EQ(got, want) << bits;
                ASSERT_EQ(std::signbit(got), std::signbit(want)) << bits;
                ASSERT_EQ(store(s.dtype, got), bits) << got;
            }
        }
}

// Between any two neighbours: below the middle, the middle itself, and above it.
TEST(Element, doubles_round_to_the_nearest_short_float_and_ties_to_the_even_one) {
    for (const Short &s : kShorts)
        for (uint32_t sign : {0u, 0x8000u})
            for (uint32_t bits = 0; bits < s.infinity(); ++bits) {
                const double low = value_of(bits | sign, s.exponent_bits, s.fraction_bits);
                // Where the next one is infinite, it would be the next power of two.
                const double high   = bits + 1 == s.infinity()
                                          ? std::copysign(std::pow(2.0, 1 << (s.exponent_bits - 1)), low)
                                          : value_of((bits + 1) | sign, s.exponent_bits, s.fraction_bits);
                const double middle = low + (high - low) / 2;
                ASSERT_NE(middle, low);
                ASSERT_EQ(store(s.dtype, middle), (bits + (bits & 1)) | sign) << middle;
                ASSERT_EQ(store(s.dtype, std::nextafter(middle, low)), bits | sign) << middle;
                ASSERT_EQ(store(s.dtype, std::nextafter(middle, high)), (bits + 1) | sign) << middle;
            }
}

TEST(Element, extremes_of_short_floats) {
    for (const Short &s : kShorts) {
        for (double huge : {1e300, double(INFINITY), std::numeric_limits<double>::max()}) {
            EXPECT_EQ(store(s.dtype, huge), s.infinity());
            EXPECT_EQ(store(s.dtype, -huge), s.infinity() | 0x8000);
        }
        for (double tiny : {1e-300, 0.0, std::numeric_limits<double>::denorm_min()}) {
            EXPECT_EQ(store(s.dtype, tiny), 0u);
            EXPECT_EQ(store(s.dtype, -tiny), 0x8000u);
        }
        EXPECT_TRUE(std::isnan(load(s.dtype, store(s.dtype, NAN))));
        EXPECT_TRUE(std::isnan(load(s.dtype, store(s.dtype, -NAN))));
    }
}

TEST(Element, f32_rounds_as_the_processor_does) {
    for (double value : {1.0, -0.0, 1 + 0x1p-24, 1 + 0x3p-24, 3.4028235677973366e38, 1e39, -1e39, 0x1p-149, 0x1p-150,
                         0x1.8p-150, 0.1}) {
        const float want = static_cast<float>(value);
        uint32_t bits;
        memcpy(&bits, &want, 4);
        EXPECT_EQ(store(GLIA_F32, value), bits) << value;
    }
    EXPECT_EQ(load(GLIA_F64, store(GLIA_F64, 0.1)), 0.1);
}

TEST(Element, integers_are_truncated_and_clamped) {
    const struct {
        glia_dtype dtype;
        double value;
        int64_t want;
    } rows[] = {
        {GLIA_U8, 0, 0},
        {GLIA_U8, 254.999, 254},
        {GLIA_U8, 255, 255},
        {GLIA_U8, 256, 255},
        {GLIA_U8, -0.5, 0},
        {GLIA_U8, -1, 0},
        {GLIA_U8, 1e30, 255},
        {GLIA_U8, INFINITY, 255},
        {GLIA_U8, -INFINITY, 0},
        {GLIA_U8, NAN, 0},
        {GLIA_I32, 2.9, 2},
        {GLIA_I32, -2.9, -2},
        {GLIA_I32, 0x1p31, INT32_MAX},
        {GLIA_I32, 0x1p31 - 1, INT32_MAX},
        {GLIA_I32, -0x1p31, INT32_MIN},
        {GLIA_I32, -0x1p31 - 1, INT32_MIN},
        {GLIA_I32, NAN, 0},
        {GLIA_I32, INFINITY, INT32_MAX},
        {GLIA_I32, -INFINITY, INT32_MIN},
        {GLIA_I64, -2.9, -2},
        {GLIA_I64, 0x1p53, int64_t(1) << 53},
        {GLIA_I64, 0x1p63, INT64_MAX},
        {GLIA_I64, std::nextafter(0x1p63, 0), INT64_MAX - 1023},
        {GLIA_I64, -0x1p63, INT64_MIN},
        {GLIA_I64, -1e300, INT64_MIN},
        {GLIA_I64, INFINITY, INT64_MAX},
        {GLIA_I64, NAN, 0},
    };
    for (const auto &row : rows) {
        int64_t data[2] = {};
        gli_store(row.dtype, data, 0, row.value);
        int32_t word;
        memcpy(&word, data, sizeof word);
        const int64_t got = row.dtype == GLIA_U8 ? word : row.dtype == GLIA_I32 ? word : data[0];
        EXPECT_EQ(got, row.want) << glia_dtype_name(row.dtype) << " of " << row.value;
        EXPECT_EQ(gli_load(row.dtype, data, 0), double(row.want));
    }
}

TEST(Element, only_the_one_that_is_meant_changes) {
    for (glia_dtype dtype : kDtypes)
        for (int64_t i = 0; i < 3; ++i) {
            unsigned char bytes[3 * 8], expected[3 * 8];
            memset(bytes, 0xA5, sizeof bytes), memset(expected, 0xA5, sizeof expected);
            const size_t size = glia_dtype_size(dtype);
            memset(expected + size_t(i) * size, 0, size);
            gli_store(dtype, bytes, i, 0);
            EXPECT_EQ(memcmp(bytes, expected, sizeof bytes), 0) << glia_dtype_name(dtype) << i;
        }
}

TEST(Dtype, names_sizes_and_what_is_none) {
    const char *names[]  = {"f32", "f64", "bf16", "f16", "u8", "i32", "i64"};
    const size_t sizes[] = {4, 8, 2, 2, 1, 4, 8};
    for (int i = 0; i < GLIA_DTYPE_COUNT; ++i) {
        EXPECT_STREQ(glia_dtype_name(glia_dtype(i)), names[i]);
        EXPECT_EQ(glia_dtype_size(glia_dtype(i)), sizes[i]);
        EXPECT_EQ(gli_dtype_is_float(glia_dtype(i)), i <= GLIA_F16);
    }
    for (int none : {-1, int(GLIA_DTYPE_COUNT), 1000}) {
        EXPECT_STREQ(glia_dtype_name(glia_dtype(none)), "?");
        EXPECT_EQ(glia_dtype_size(glia_dtype(none)), 0u);
        EXPECT_TRUE(std::isnan(gli_load(glia_dtype(none), names, 0)));
    }
}

// Half the distance to the next value is the largest rounding error at 1.
TEST(Dtype, epsilon_is_the_error_of_one_rounding) {
    for (glia_dtype dtype : {GLIA_F32, GLIA_BF16, GLIA_F16}) {
        const double epsilon = gli_dtype_epsilon(dtype);
        EXPECT_EQ(load(dtype, store(dtype, 1 + epsilon)), 1);
        EXPECT_EQ(load(dtype, store(dtype, 1 + 1.01 * epsilon)), 1 + 2 * epsilon);
    }
}

// --- layouts ---

struct Layout {
    std::string name;
    std::vector<int64_t> dims, strides;  // no strides: dense
    int64_t extent;
    bool dense, packed;
};

const Layout kLayouts[] = {
    {"scalar", {}, {}, 1, true, true},
    {"vector", {5}, {}, 5, true, true},
    {"dense", {2, 3, 4}, {}, 24, true, true},
    {"eight", {2, 1, 2, 1, 2, 1, 2, 1}, {}, 16, true, true},
    {"permuted", {2, 3, 4}, {1, 2, 6}, 24, false, true},
    {"channels_last", {2, 3, 2, 2}, {12, 1, 6, 3}, 24, false, true},
    {"row_gap", {2, 3}, {5, 1}, 8, false, false},
    {"every_other", {2, 3}, {6, 2}, 11, false, false},
    {"gaps_and_permuted", {3, 2, 2}, {1, 20, 7}, 30, false, false},
    {"free_strides_of_ones", {1, 4, 1}, {1000000, 1, 7777}, 4, true, true},
    {"only_ones", {1, 1}, {9, 9}, 1, true, true},
    {"empty", {2, 0, 3}, {}, 0, true, true},
    {"empty_with_strides", {0, 4}, {9, 2}, 0, true, true},
};

class Tensor : public ContextTest {
   protected:
    static glia_shape shape_of(const std::vector<int64_t> &dims) {
        glia_shape shape{int(dims.size()), {}};
        std::copy(dims.begin(), dims.end(), shape.dim);
        return shape;
    }
    static int64_t offset(const Layout &layout, int64_t i) {
        if (layout.strides.empty()) return i;
        int64_t at = 0;
        for (size_t d = layout.dims.size(); d-- > 0; i /= layout.dims[d]) at += i % layout.dims[d] * layout.strides[d];
        return at;
    }
    glia_tensor *wrap(const Layout &layout, glia_dtype dtype, void *data) {
        glia_tensor *t = nullptr;
        EXPECT_EQ(glia_tensor_wrap(ctx, dtype, shape_of(layout.dims),
                                   layout.strides.empty() ? nullptr : layout.strides.data(), data, &t),
                  GLIA_OK)
            << message();
        return t;
    }
    void refused(glia_status status, glia_status want, const std::string &part) {
        EXPECT_EQ(status, want) << part;
        EXPECT_TRUE(says(part)) << message() << "\nlacks: " << part;
    }
};

TEST_F(Tensor, every_layout_and_dtype_is_read_written_and_filled_without_touching_the_gaps) {
    for (const Layout &layout : kLayouts)
        for (glia_dtype dtype : kDtypes) {
            SCOPED_TRACE(layout.name + " " + glia_dtype_name(dtype));
            const size_t size = glia_dtype_size(dtype);
            const int64_t count =
                std::accumulate(layout.dims.begin(), layout.dims.end(), int64_t(1), std::multiplies<>());
            alignas(64) unsigned char memory[64 * 8];
            memset(memory, 0xA5, sizeof memory);
            std::vector<unsigned char> expected(memory, memory + sizeof memory);
            glia_tensor *t = wrap(layout, dtype, memory);
            ASSERT_NE(t, nullptr);
            EXPECT_EQ(glia_tensor_count(t), count);
            EXPECT_EQ(glia_tensor_dtype(t), dtype);
            EXPECT_EQ(glia_tensor_data(t), memory);
            EXPECT_EQ(gli_extent(t), layout.extent);
            EXPECT_EQ(gli_is_dense(t), layout.dense);
            EXPECT_EQ(gli_is_packed(t), layout.packed);

            std::vector<unsigned char> host(size_t(count) * size), back(size_t(count) * size);
            for (size_t i = 0; i < host.size(); ++i) host[i] = static_cast<unsigned char>(i * 7 + 1);
            ASSERT_EQ(glia_tensor_write(t, host.data(), host.size()), GLIA_OK) << message();
            for (int64_t i = 0; i < count; ++i)
                memcpy(&expected[size_t(offset(layout, i)) * size], &host[size_t(i) * size], size);
            EXPECT_EQ(memcmp(memory, expected.data(), sizeof memory), 0);
            ASSERT_EQ(glia_tensor_read(t, back.data(), back.size()), GLIA_OK) << message();
            EXPECT_EQ(back, host);

            ASSERT_EQ(glia_tensor_fill(t, 42.9), GLIA_OK) << message();
            for (int64_t i = 0; i < count; ++i) gli_store(dtype, expected.data(), offset(layout, i), 42.9);
            EXPECT_EQ(memcmp(memory, expected.data(), sizeof memory), 0);

            std::vector<double> values(static_cast<size_t>(count), 0.0), again(static_cast<size_t>(count), 0.0);
            std::iota(values.begin(), values.end(), 3);
            gli_tensor_from_double(t, values.data());
            gli_tensor_to_double(t, again.data());
            EXPECT_EQ(values, again);
            glia_tensor_destroy(t);
        }
}

TEST_F(Tensor, a_stride_of_zero_repeats_an_element) {
    float memory[3]      = {1, 2, 3}, values[6];
    const int64_t rows[] = {0, 1}, all[] = {0, 0};
    glia_tensor *a = nullptr, *b = nullptr;
    ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 3), rows, memory, &a), GLIA_OK);
    ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 3), all, memory, &b), GLIA_OK);
    EXPECT_EQ(gli_extent(a), 3);
    EXPECT_EQ(gli_extent(b), 1);
    EXPECT_FALSE(gli_is_dense(a) || gli_is_packed(a) || gli_is_dense(b) || gli_is_packed(b));
    ASSERT_EQ(glia_tensor_read(a, values, sizeof values), GLIA_OK);
    EXPECT_EQ(std::vector<float>(values, values + 6), (std::vector<float>{1, 2, 3, 1, 2, 3}));
    glia_tensor_destroy(a), glia_tensor_destroy(b);
}

TEST_F(Tensor, is_made_of_zeros_at_the_alignment_of_a_vector) {
    for (glia_dtype dtype : kDtypes)
        for (int64_t n : {1, 3, 1000, 70000, 140001}) {
            glia_tensor *t = tensor(dtype, GLIA_SHAPE(n));
            std::vector<unsigned char> host(size_t(n) * glia_dtype_size(dtype), 1);
            ASSERT_EQ(glia_tensor_read(t, host.data(), host.size()), GLIA_OK);
            EXPECT_EQ(std::count(host.begin(), host.end(), 0), ptrdiff_t(host.size()));
            EXPECT_EQ(reinterpret_cast<uintptr_t>(glia_tensor_data(t)) % 64, 0u);
            EXPECT_EQ(glia_tensor_stride(t)[0], 1);
            ASSERT_EQ(glia_tensor_fill(t, 7), GLIA_OK);
            std::vector<double> values(static_cast<size_t>(n));
            gli_tensor_to_double(t, values.data());
            EXPECT_EQ(std::count(values.begin(), values.end(), 7.0), n);
            glia_tensor_destroy(t);
        }
}

TEST_F(Tensor, tells_its_shape_and_strides) {
    glia_tensor *t         = tensor(GLIA_F16, GLIA_SHAPE(2, 3, 4));
    const glia_shape shape = glia_tensor_shape(t);
    EXPECT_EQ(shape.ndim, 3);
    EXPECT_EQ(std::vector<int64_t>(shape.dim, shape.dim + 3), (std::vector<int64_t>{2, 3, 4}));
    EXPECT_EQ(std::vector<int64_t>(glia_tensor_stride(t), glia_tensor_stride(t) + 3), (std::vector<int64_t>{12, 4, 1}));
    glia_tensor_destroy(t);
    EXPECT_EQ(glia_tensor_shape(nullptr).ndim, 0);
    EXPECT_EQ(glia_tensor_stride(nullptr), nullptr);
    EXPECT_EQ(glia_tensor_count(nullptr), 0);
    EXPECT_EQ(glia_tensor_data(nullptr), nullptr);
    EXPECT_EQ(glia_tensor_dtype(nullptr), GLIA_F32);
}

TEST_F(Tensor, empty_tensors_need_no_memory) {
    glia_tensor *a = tensor(GLIA_F64, GLIA_SHAPE(3, 0, 2)), *b = nullptr;
    EXPECT_EQ(glia_tensor_count(a), 0);
    EXPECT_EQ(glia_tensor_fill(a, 1), GLIA_OK) << message();
    EXPECT_EQ(glia_tensor_read(a, nullptr, 0), GLIA_OK) << message();
    EXPECT_EQ(glia_tensor_write(a, nullptr, 0), GLIA_OK) << message();
    refused(glia_tensor_read(a, nullptr, 8), GLIA_INVALID_ARGUMENT,
            "host memory has 8 bytes, a tensor [3,0,2] of f64 has 0");
    EXPECT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(0), nullptr, nullptr, &b), GLIA_OK) << message();
    EXPECT_EQ(glia_tensor_fill(b, 1), GLIA_OK);
    glia_tensor_destroy(a), glia_tensor_destroy(b);
}

TEST_F(Tensor, sizes_of_host_memory_must_match) {
    glia_tensor *t = tensor(GLIA_F32, GLIA_SHAPE(2, 3));
    float host[8]  = {};
    for (size_t bytes : {size_t(0), size_t(23), size_t(25), size_t(48), SIZE_MAX}) {
        const std::string part = "host memory has " + std::to_string(bytes) + " bytes, a tensor [2,3] of f32 has 24";
        refused(glia_tensor_write(t, host, bytes), GLIA_INVALID_ARGUMENT, "glia_tensor_write: " + part);
        refused(glia_tensor_read(t, host, bytes), GLIA_INVALID_ARGUMENT, "glia_tensor_read: " + part);
    }
    refused(glia_tensor_write(t, nullptr, 24), GLIA_INVALID_ARGUMENT, "glia_tensor_write: host memory is NULL");
    refused(glia_tensor_read(t, nullptr, 24), GLIA_INVALID_ARGUMENT, "glia_tensor_read: host memory is NULL");
    EXPECT_EQ(glia_tensor_write(nullptr, host, 24), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_read(nullptr, host, 24), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_fill(nullptr, 0), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_read(t, host, 24), GLIA_OK);
    glia_tensor_destroy(t);
}

TEST_F(Tensor, shapes_that_cannot_be_are_refused_with_their_values) {
    alignas(64) static char memory[4096];
    const int64_t big        = int64_t(1) << 40;
    glia_tensor *const clean = reinterpret_cast<glia_tensor *>(8);
    glia_tensor *t           = clean;
    glia_shape nine{9, {}}, minus_one{-1, {}};
    const struct {
        int dtype;  // C++ allows no other numbers in the enum
        glia_shape shape;
        const char *part;
    } rows[] = {
        {GLIA_F32, GLIA_SHAPE(2, -3), "dimension 1 is -3"},
        {GLIA_F32, GLIA_SHAPE(INT64_MIN), "dimension 0 is -9223372036854775808"},
        {GLIA_F32, nine, "9 dimensions, must be 0 to 8"},
        {GLIA_F32, minus_one, "-1 dimensions, must be 0 to 8"},
        {7, GLIA_SHAPE(1), "invalid dtype 7"},
        {-1, GLIA_SHAPE(1), "invalid dtype -1"},
        {GLIA_U8, GLIA_SHAPE(big, big), "[1099511627776,1099511627776] has more bytes than memory can"},
        {GLIA_F64, GLIA_SHAPE(int64_t(1) << 60), "[1152921504606846976] has more bytes"},
        {GLIA_F32, GLIA_SHAPE(INT64_MAX), "[9223372036854775807] has more bytes"},
        {GLIA_F32, GLIA_SHAPE(1 << 16, 1 << 16, 1 << 16, 1 << 16), "[65536,65536,65536,65536] has more bytes"},
        {GLIA_F32, GLIA_SHAPE(0, big, big), "[0,1099511627776,1099511627776] has more bytes"},
    };
    for (const auto &row : rows) {
        refused(glia_tensor_create(ctx, glia_dtype(row.dtype), row.shape, &t), GLIA_INVALID_ARGUMENT, row.part);
        refused(glia_tensor_wrap(ctx, glia_dtype(row.dtype), row.shape, nullptr, memory, &t), GLIA_INVALID_ARGUMENT,
                row.part);
        EXPECT_EQ(t, clean);
    }
    refused(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1), nullptr), GLIA_INVALID_ARGUMENT, "out is NULL");
    refused(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(1), nullptr, memory, nullptr), GLIA_INVALID_ARGUMENT,
            "out is NULL");
    EXPECT_EQ(glia_tensor_create(nullptr, GLIA_F32, GLIA_SHAPE(1), &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_wrap(nullptr, GLIA_F32, GLIA_SHAPE(1), nullptr, memory, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(t, clean);
}

TEST_F(Tensor, memory_and_strides_that_cannot_be_are_refused_with_their_values) {
    alignas(64) static char memory[4096];
    glia_tensor *const clean = reinterpret_cast<glia_tensor *>(8);
    glia_tensor *t           = clean;
    const int64_t half       = int64_t(1) << 62;
    const struct {
        glia_shape shape;
        std::vector<int64_t> strides;
        const char *part;
    } rows[] = {
        {GLIA_SHAPE(2, 2), {-1, 1}, "stride 0 is -1, must not be negative"},
        {GLIA_SHAPE(2, 2), {1, INT64_MIN}, "stride 1 is -9223372036854775808, must not be negative"},
        {GLIA_SHAPE(3, 2),
         {half, 1},
         "dimension 0 of 3 with stride 4611686018427387904 reaches past the address space"},
        {GLIA_SHAPE(2, 2), {half, half}, "dimension 0 of 2 with stride 4611686018427387904 reaches past"},
        {GLIA_SHAPE(2, 2), {1, INT64_MAX / 4}, "dimension 1 of 2 with stride"},
    };
    for (const auto &row : rows)
        refused(glia_tensor_wrap(ctx, GLIA_F32, row.shape, row.strides.data(), memory, &t), GLIA_INVALID_ARGUMENT,
                row.part);
    refused(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 2), nullptr, nullptr, &t), GLIA_INVALID_ARGUMENT,
            "data is NULL, shape is [2,2]");
    for (glia_dtype dtype : kDtypes)
        for (size_t shift = 1; shift < 9; ++shift) {
            const glia_status status = glia_tensor_wrap(ctx, dtype, GLIA_SHAPE(3), nullptr, memory + shift, &t);
            if (shift % glia_dtype_size(dtype) == 0) {
                EXPECT_EQ(status, GLIA_OK);
                EXPECT_EQ(glia_tensor_fill(t, 1), GLIA_OK);
                glia_tensor_destroy(t);
                t = clean;
            } else {
                refused(status, GLIA_INVALID_ARGUMENT,
                        "is not aligned to the " + std::to_string(glia_dtype_size(dtype)) + " bytes of " +
                            glia_dtype_name(dtype));
            }
        }
    EXPECT_EQ(t, clean);
}

// The elements of {1,1} are one behind the other, and those of {3,2} behind one another: both share memory.
TEST_F(Tensor, elements_that_share_memory_can_be_read_but_not_written) {
    float memory[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, host[6];
    glia_tensor *x = nullptr, *y = nullptr;
    ASSERT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(3, 2), &x), GLIA_OK);
    for (const auto &[strides, text] :
         {std::pair(std::vector<int64_t>{1, 1}, "[1,1]"), {{0, 1}, "[0,1]"}, {{2, 4}, "[2,4]"}}) {
        ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(3, 2), strides.data(), memory, &y), GLIA_OK);
        const std::string said = std::string("[3,2] has strides ") + text;
        EXPECT_EQ(glia_tensor_read(y, host, sizeof host), GLIA_OK);
        refused(glia_unary(ctx, nullptr, x, y), GLIA_INVALID_ARGUMENT, "unary: y " + said);
        refused(glia_tensor_write(y, host, sizeof host), GLIA_INVALID_ARGUMENT,
                "glia_tensor_write: the tensor " + said);
        refused(glia_tensor_fill(y, 1), GLIA_INVALID_ARGUMENT, "glia_tensor_fill: the tensor " + said);
        refused(glia_tensor_copy(x, y), GLIA_INVALID_ARGUMENT, "glia_tensor_copy: the tensor " + said);
        glia_tensor_destroy(y);
    }
    EXPECT_EQ(memory[1], 2);
    for (const std::vector<int64_t> &strides : {std::vector<int64_t>{1, 3}, {2, 1}, {1, 4}, {3, 1}}) {
        ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(3, 2), strides.data(), memory, &y), GLIA_OK);
        EXPECT_EQ(glia_unary(ctx, nullptr, x, y), GLIA_OK) << glia_message(ctx);
        glia_tensor_destroy(y);
    }
    glia_tensor_destroy(x);
}

TEST_F(Tensor, too_much_memory_is_an_error_and_the_context_stays_useful) {
    glia_tensor *t = nullptr;
    refused(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(int64_t(1) << 58), &t), GLIA_OUT_OF_MEMORY,
            "out of memory: 1152921504606846976 bytes for a tensor");
    EXPECT_EQ(t, nullptr);
    glia_tensor_destroy(tensor(GLIA_F32, GLIA_SHAPE(4)));
}

TEST_F(Tensor, the_longest_shape_fits_its_text) {
    glia_shape shape{8, {}};
    std::fill(shape.dim, shape.dim + 8, INT64_MAX);
    glia_tensor *t   = nullptr;
    std::string text = "[9223372036854775807";
    for (int i = 1; i < 8; ++i) text += ",9223372036854775807";
    refused(glia_tensor_create(ctx, GLIA_F32, shape, &t), GLIA_INVALID_ARGUMENT, text + "]");
}

// A view of the caller's memory leaves it alone when it goes.
TEST_F(Tensor, wrapped_memory_stays_the_callers) {
    std::vector<float> memory(8, 5);
    const size_t before = glia_context_bytes(ctx);
    glia_tensor *t      = nullptr;
    ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(8), nullptr, memory.data(), &t), GLIA_OK);
    EXPECT_LT(glia_context_bytes(ctx) - before, 1000u);
    glia_tensor_destroy(t);
    EXPECT_EQ(memory, std::vector<float>(8, 5));
    EXPECT_EQ(glia_context_bytes(ctx), before);
}

// The gaps of a tensor are others' memory: another thread may write there meanwhile.
TEST(StridedTensor, a_write_with_gaps_leaves_the_gaps_alone) {
    constexpr int kRows = 257, kRounds = 400;
    std::vector<float> matrix(2 * kRows, 0);
    std::atomic<int> wrong{0};
    const auto column = [&](int c) {
        glia_context *ctx    = nullptr;
        glia_tensor *tensor  = nullptr;
        const int64_t stride = 2;
        EXPECT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK) << glia_message(nullptr);
        EXPECT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(kRows), &stride, matrix.data() + c, &tensor), GLIA_OK)
            << glia_message(ctx);
        std::vector<float> values(kRows), got(kRows);
        for (int round = 1; round <= kRounds; ++round) {
            for (float &value : values) value = float(round);
            if (round % 2)
                glia_tensor_write(tensor, values.data(), kRows * sizeof(float));
            else
                glia_tensor_fill(tensor, round);
            glia_tensor_read(tensor, got.data(), kRows * sizeof(float));
            wrong += got != values;
        }
        glia_tensor_destroy(tensor);
        glia_context_destroy(ctx);
    };
    std::thread other(column, 1);
    column(0);
    other.join();
    EXPECT_EQ(wrong, 0);
}

TEST(TensorMemory, destroying_one_beside_a_call_keeps_the_count_of_bytes) {
    glia_context *ctx = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
    std::vector<glia_tensor *> tensors(2000);
    for (glia_tensor *&tensor : tensors) ASSERT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(16), &tensor), GLIA_OK);
    std::thread other([&] {
        for (glia_tensor *tensor : tensors) glia_tensor_destroy(tensor);
    });
    for (int i = 0; i < 2000; ++i) {
        glia_tensor *tensor = nullptr;
        EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(16), &tensor), GLIA_OK);
        glia_tensor_destroy(tensor);
    }
    other.join();
    EXPECT_EQ(glia_context_bytes(ctx), 0u);
    glia_context_destroy(ctx);
}

}  // namespace
