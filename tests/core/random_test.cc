// Philox against its authors' answers and cuRAND's header, and what the ops make of its numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/call.h"

extern "C" {
#include "cpu/native/philox_block.h"
}

#ifdef GLIA_TEST_CURAND
#include <vector_types.h>
#define QUALIFIERS static inline
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <curand_philox4x32_x.h>
#pragma GCC diagnostic pop
#endif

namespace {

using namespace glia;
using Words = std::vector<uint32_t>;

Words philox(const Words &counter, const Words &key) {
    const gli_u32x4 out = gli_philox({{counter[0], counter[1], counter[2], counter[3]}}, key[0], key[1]);
    return {out.v, out.v + 4};
}

// Source: Random123 1.14, tests/kat_vectors, the lines "philox4x32 10".
TEST(Philox, agrees_with_the_known_answers) {
    EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    const uint32_t ones = UINT32_MAX;
    EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, agrees_with_curand) {
#ifdef GLIA_TEST_CURAND
    const gli_random use{.seed = 0x0123456789abcdef, .stream = 17, .step = 99};
    for (uint32_t block = 0; block < 250000; ++block) {
        const uint4 want    = curand_Philox4x32_10(uint4{block, 0, use.stream, use.step},
                                                   uint2{uint32_t(use.seed), uint32_t(use.seed >> 32)});
        const gli_u32x4 got = gli_random_block(use, block);
        ASSERT_EQ((Words{got.v, got.v + 4}), (Words{want.x, want.y, want.z, want.w})) << "block " << block;
    }
#else
    GTEST_SKIP() << "CMake found no curand_philox4x32_x.h";
#endif
}

TEST(Philox, elements_are_the_words_of_blocks) {
    const gli_random use{.seed = 5, .stream = 6, .step = 7};
    const gli_u32x4 block = gli_random_block(use, 1000);
    for (uint64_t k = 0; k < 4; ++k) EXPECT_EQ(gli_random_u32(use, 4000 + k), block.v[k]);
    const uint64_t last = (uint64_t(1) << 34) - 1;
    EXPECT_EQ(gli_random_u32(use, last), gli_random_block(use, UINT32_MAX).v[3]);
}

class Width : public testing::TestWithParam<int> {};

TEST_P(Width, many_at_a_time_are_the_same_numbers) {
    for (gli_random use :
         {gli_random{0, 0, 0}, gli_random{UINT64_MAX, UINT32_MAX, UINT32_MAX}, gli_random{0x123456789abcdef0, 3, 11}})
        for (uint32_t first : {0u, 1u, 4711u, UINT32_MAX - 63}) {
            Words got(GLI_PHILOX_NUMBERS);
            if (!gli_philox_fill_as(GetParam(), use, first, got.data()))
                GTEST_SKIP() << "this machine has no vectors of " << GetParam() << " bits";
            for (uint32_t i = 0; i < GLI_PHILOX_NUMBERS; ++i)
                ASSERT_EQ(got[i], gli_random_u32(use, 4 * uint64_t(first) + i)) << first << " " << i;
        }
}

INSTANTIATE_TEST_SUITE_P(Philox, Width, testing::Values(0, 256, 512));

TEST(Philox, unit_floats_are_below_one) {
    EXPECT_EQ(gli_unit_float(0), 0.0f);
    EXPECT_EQ(gli_unit_float(UINT32_MAX), 1 - 0x1p-24f);
    EXPECT_EQ(gli_unit_float(0x80000000), 0.5f);
}

TEST(Permutation, holds_each_number_once_and_is_fixed) {
    for (int64_t count : {0, 1, 2, 3, 10, 1000, 60000}) {
        std::vector<int64_t> got(static_cast<size_t>(count)), again(got), sorted(got), counting(got);
        gli_random_permutation({1, 2, 3}, count, got.data());
        gli_random_permutation({1, 2, 3}, count, again.data());
        EXPECT_EQ(got, again);
        sorted = got;
        std::sort(sorted.begin(), sorted.end());
        std::iota(counting.begin(), counting.end(), 0);
        EXPECT_EQ(sorted, counting);
    }
    // Recorded from this code: shuffles of saved runs must not change.
    std::vector<int64_t> ten(10), other(10);
    gli_random_permutation({1, 2, 3}, 10, ten.data());
    EXPECT_EQ(ten, (std::vector<int64_t>{5, 9, 6, 1, 3, 0, 8, 7, 4, 2}));
    gli_random_permutation({1, 2, 4}, 10, other.data());
    EXPECT_NE(ten, other);
}

// Every number is as often at every place: chi-square with 36 cells, 25 degrees of freedom, below its 99.99 % point.
TEST(Permutation, is_even) {
    constexpr int count = 6, draws = 60000;
    int seen[count][count] = {};
    for (uint32_t step = 0; step < draws; ++step) {
        int64_t at[count];
        gli_random_permutation({42, 0, step}, count, at);
        for (int i = 0; i < count; ++i) ++seen[i][at[i]];
    }
    const double expected = double(draws) / count;
    double chi            = 0;
    for (const auto &row : seen)
        for (int n : row) chi += (n - expected) * (n - expected) / expected;
    EXPECT_LT(chi, 61.9);
}

std::vector<float> dropout(const char *provider, int threads, const glia_dropout_params &params, int64_t step,
                           const std::vector<float> &x, glia_shape shape) {
    glia_context_args args{};
    args.threads      = threads;
    glia_context *ctx = nullptr;
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    snprintf(ctx->provider, sizeof ctx->provider, "%s", provider);
    glia_tensor *in = nullptr, *at = nullptr, *out = nullptr;
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, shape, &in), GLIA_OK);
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, shape, &out), GLIA_OK);
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_I64, GLIA_SCALAR, &at), GLIA_OK);
    EXPECT_EQ(glia_tensor_write(at, &step, sizeof step), GLIA_OK);
    EXPECT_EQ(glia_tensor_write(in, x.data(), x.size() * sizeof(float)), GLIA_OK);
    EXPECT_EQ(glia_dropout(ctx, &params, in, at, out), GLIA_OK) << glia_message(ctx);
    std::vector<float> y(x.size());
    EXPECT_EQ(glia_tensor_read(out, y.data(), y.size() * sizeof(float)), GLIA_OK);
    glia_tensor_destroy(in), glia_tensor_destroy(at), glia_tensor_destroy(out);
    glia_context_destroy(ctx);
    return y;
}

TEST(Dropout, keeps_what_its_header_says) {
    const int64_t count = 100003;
    const std::vector<float> ones(count, 1);
    for (float p : {0.0f, 1e-9f, 0.1f, 0.5f, 0.75f, 0.999f, 1.0f}) {
        const glia_dropout_params params{.p = p, .seed = 0x1122334455667788, .stream = 9};
        const std::vector<float> y = dropout("", 2, params, 5, ones, GLIA_SHAPE(count));
        const gli_random use{params.seed, params.stream, 5};
        const float scale = p < 1 ? float(1 / (1 - double(p))) : 0;
        int64_t kept      = 0;
        for (int64_t i = 0; i < count; ++i) {
            const bool keeps = double(gli_random_u32(use, uint64_t(i))) >= double(p) * 0x1p32;
            ASSERT_EQ(y[size_t(i)], keeps ? scale : 0) << "p " << p << " element " << i;
            kept += keeps;
        }
        // within 5 standard deviations of a fair draw
        EXPECT_NEAR(double(kept) / double(count), 1 - double(p),
                    5 * std::sqrt(double(p) * (1 - double(p)) / double(count)) + 1e-12);
    }
}

TEST(Dropout, mask_is_the_same_for_any_threads_shape_and_provider) {
    std::vector<float> x(99991);
    for (size_t i = 0; i < x.size(); ++i) x[i] = float(i % 251) - 125;
    const glia_dropout_params params{.p = 0.25f, .seed = 3, .stream = 1};
    const std::vector<float> one = dropout("cpu.native", 1, params, 8, x, GLIA_SHAPE(99991));
    for (int threads : {2, 3, 7})
        EXPECT_EQ(dropout("cpu.native", threads, params, 8, x, GLIA_SHAPE(99991)), one) << threads;
    EXPECT_EQ(dropout("cpu.native", 2, params, 8, x, GLIA_SHAPE(1, 99991, 1)), one);
    const std::vector<float> reference = dropout("cpu.ref", 2, params, 8, x, GLIA_SHAPE(99991));
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(reference[i] != 0, one[i] != 0) << i;
}

TEST(Dropout, seed_stream_and_step_make_other_masks) {
    const std::vector<float> ones(4096, 1);
    const auto mask = [&](uint64_t seed, uint32_t stream, int64_t step) {
        return dropout("", 1, {.p = 0.5f, .seed = seed, .stream = stream}, step, ones, GLIA_SHAPE(4096));
    };
    const std::vector<float> base = mask(1, 2, 3);
    for (const auto &other : {mask(2, 2, 3), mask(1, 3, 3), mask(1, 2, 4), mask(1 + (uint64_t(1) << 32), 2, 3)}) {
        int equal = 0;
        for (size_t i = 0; i < ones.size(); ++i) equal += base[i] == other[i];
        EXPECT_NEAR(equal, 2048, 5 * 32);  // half agree by chance, standard deviation 32
    }
    EXPECT_EQ(mask(1, 2, 3 + (int64_t(1) << 32)), base);  // the low 32 bits of step count
}

// A step that no double can hold is not rounded.
TEST(Dropout, takes_every_step) {
    const std::vector<float> ones(64, 1);
    const glia_dropout_params params{.p = 0.5f, .seed = 1};
    for (const char *provider : {"cpu.ref", "cpu.native"}) {
        for (const int64_t high : {INT64_C(1) << 53, INT64_MAX & ~INT64_C(0xFFFFFFFF)}) {
            const auto expected = dropout(provider, 1, params, 1, ones, GLIA_SHAPE(64));
            EXPECT_EQ(dropout(provider, 1, params, high + 1, ones, GLIA_SHAPE(64)), expected) << provider;
        }
        dropout(provider, 1, params, INT64_MAX, ones, GLIA_SHAPE(64));
    }
}

TEST(Dropout, drops_nan_too) {
    const std::vector<float> nans(64, NAN);
    const std::vector<float> y = dropout("", 1, {.p = 0.5f, .seed = 1}, 0, nans, GLIA_SHAPE(64));
    int zeros                  = 0;
    for (float v : y) zeros += v == 0;
    EXPECT_GT(zeros, 10);
    EXPECT_LT(zeros, 54);
}

std::vector<double> fill(const char *provider, const glia_random_fill_params &params) {
    Session session(provider);
    const Result result = session.call(gli_op_random_fill, params, {});
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    return result.out.at(0).values;
}

constexpr int64_t kCount = 200001;

TEST(RandomFill, uniform_is_its_formula) {
    const gli_random use{0xfeedfacecafebeef, 4, 0};
    const auto y = fill("", {.kind   = GLIA_RANDOM_UNIFORM,
                             .shape  = GLIA_SHAPE(kCount),
                             .dtype  = GLIA_F64,
                             .low    = -2,
                             .high   = 6,
                             .seed   = use.seed,
                             .stream = 4});
    double sum   = 0;
    for (int64_t i = 0; i < kCount; ++i) {
        ASSERT_EQ(y[size_t(i)], -2 + 8 * (double(gli_random_u32(use, uint64_t(i)) >> 8) / 16777216.0)) << i;
        sum += y[size_t(i)];
    }
    EXPECT_NEAR(sum / double(kCount), 2, 5 * 8 / std::sqrt(12.0 * double(kCount)));
    EXPECT_GE(*std::min_element(y.begin(), y.end()), -2);
    EXPECT_LT(*std::max_element(y.begin(), y.end()), 6);
}

// Mean, variance, skewness, kurtosis against the normal's, within 5 standard errors; and its formula.
TEST(RandomFill, normal_is_its_formula_and_normal) {
    const gli_random use{77, 4, 0};
    const auto y     = fill("", {.kind   = GLIA_RANDOM_NORMAL,
                                 .shape  = GLIA_SHAPE(kCount),
                                 .dtype  = GLIA_F64,
                                 .mean   = 3,
                                 .std    = 0.5f,
                                 .seed   = 77,
                                 .stream = 4});
    double moment[5] = {};
    for (int64_t i = 0; i < kCount; ++i) {
        const uint64_t pair = uint64_t(i) / 2 * 2;
        const double radius = std::sqrt(-2 * std::log((double(gli_random_u32(use, pair)) + 0.5) / 4294967296.0));
        const double angle  = 2 * M_PI * (double(gli_random_u32(use, pair + 1)) / 4294967296.0);
        const double z      = radius * (i % 2 ? std::sin(angle) : std::cos(angle));
        ASSERT_NEAR(y[size_t(i)], 3 + 0.5 * z, 1e-14) << i;
        for (int k = 1; k < 5; ++k) moment[k] += std::pow((y[size_t(i)] - 3) / 0.5, k) / double(kCount);
    }
    const double root = std::sqrt(double(kCount));
    EXPECT_NEAR(moment[1], 0, 5 * 1 / root);
    EXPECT_NEAR(moment[2], 1, 5 * std::sqrt(2.0) / root);
    EXPECT_NEAR(moment[3], 0, 5 * std::sqrt(15.0) / root);
    EXPECT_NEAR(moment[4], 3, 5 * std::sqrt(96.0) / root);
}

// The variance of a standard normal cut at 2 is 1 - 4 phi(2) / (Phi(2) - Phi(-2)) = 0.7737413.
TEST(RandomFill, truncated_normal_stays_within_two_deviations) {
    const auto y = fill("", {.kind  = GLIA_RANDOM_TRUNCATED_NORMAL,
                             .shape = GLIA_SHAPE(kCount),
                             .dtype = GLIA_F64,
                             .mean  = -1,
                             .std   = 3,
                             .seed  = 5});
    double mean = 0, square = 0, most = 0;
    for (double v : y) {
        const double z = (v + 1) / 3;
        mean += z / double(kCount), square += z * z / double(kCount), most = std::max(most, std::fabs(z));
    }
    EXPECT_LE(most, 2.0);
    EXPECT_GT(most, 1.999);
    EXPECT_NEAR(mean, 0, 5 * std::sqrt(0.7737413 / double(kCount)));
    EXPECT_NEAR(square, 0.7737413, 5 / std::sqrt(double(kCount)));
}

TEST(RandomFill, every_provider_gives_the_same_bits) {
    for (glia_random_kind kind : {GLIA_RANDOM_UNIFORM, GLIA_RANDOM_NORMAL, GLIA_RANDOM_TRUNCATED_NORMAL})
        for (glia_dtype dtype : {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16}) {
            const glia_random_fill_params params{
                .kind = kind, .shape = GLIA_SHAPE(40001), .dtype = dtype, .high = 2, .mean = 1, .std = 1, .seed = 5};
            EXPECT_EQ(fill("", params), fill("cpu.ref", params)) << int(kind) << " " << glia_dtype_name(dtype);
        }
}

// Initial weights and masks are the same on every device. On the emulator only the code is compared; a GPU compares its
// arithmetic, too.
TEST(RandomFill, every_device_gives_the_same_bits) {
    for (const char *device : {"emulated", "cuda:0"}) {
        glia_context *ctx = nullptr;
        if (glia_context_create(device, nullptr, &ctx) != GLIA_OK) continue;
        for (glia_random_kind kind : {GLIA_RANDOM_UNIFORM, GLIA_RANDOM_NORMAL, GLIA_RANDOM_TRUNCATED_NORMAL}) {
            const glia_random_fill_params params{
                .kind = kind, .shape = GLIA_SHAPE(40001), .dtype = GLIA_F64, .high = 2, .mean = 1, .std = 1, .seed = 5};
            glia_tensor *y = nullptr;
            std::vector<double> got(40001);
            ASSERT_EQ(glia_tensor_create(ctx, GLIA_F64, params.shape, &y), GLIA_OK) << glia_message(ctx);
            EXPECT_EQ(glia_random_fill(ctx, &params, y), GLIA_OK) << glia_message(ctx);
            EXPECT_EQ(glia_tensor_read(y, got.data(), got.size() * sizeof(double)), GLIA_OK) << glia_message(ctx);
            glia_tensor_destroy(y);
            EXPECT_EQ(got, fill("cpu.ref", params)) << int(kind) << " on " << device;
        }
        glia_context_destroy(ctx);
    }
}

}  // namespace
