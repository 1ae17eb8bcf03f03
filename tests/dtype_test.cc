// The short floats, judged by what their bits mean and not by the library's own conversions alone.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "support/internals.h"

namespace {

uint16_t bits_of(glia_dtype dtype, double value) {
    uint16_t bits = 0;
    glia_store(dtype, &bits, 0, value);
    return bits;
}

double value_of(glia_dtype dtype, uint16_t bits) { return glia_load(dtype, &bits, 0); }

struct Rounding {
    double   value;
    uint16_t f16, bf16;
};

TEST(Dtype, short_floats_of_known_bits) {
    const Rounding cases[] = {
        {0.0, 0x0000, 0x0000},      {-0.0, 0x8000, 0x8000},           {1.0, 0x3c00, 0x3f80},      {-2.0, 0xc000, 0xc000},
        {65504, 0x7bff, 0x4780},    {65520, 0x7c00, 0x4780},          {1e300, 0x7c00, 0x7f80},    {INFINITY, 0x7c00, 0x7f80},
        {0x1p-14, 0x0400, 0x3880},  {0x1p-24, 0x0001, 0x3380},        {0x1p-25, 0x0000, 0x3300},  {0x1.8p-25, 0x0001, 0x3340},
        {1 + 0x1p-11, 0x3c00, 0x3f80},  // f16: a tie, to even
        {1 + 0x3p-11, 0x3c02, 0x3f80},  {1 + 0x1p-8, 0x3c04, 0x3f80},  // bf16: a tie, to even
        {1 + 0x3p-8, 0x3c0c, 0x3f82},   {1 + 0x1p-8 + 0x1p-40, 0x3c04, 0x3f81},  // rounded once, not through f32
    };
    for (const Rounding& c : cases) {
        EXPECT_EQ(bits_of(GLIA_F16, c.value), c.f16) << c.value;
        EXPECT_EQ(bits_of(GLIA_BF16, c.value), c.bf16) << c.value;
    }
    EXPECT_TRUE(std::isnan(value_of(GLIA_F16, bits_of(GLIA_F16, NAN))));
    EXPECT_TRUE(std::isnan(value_of(GLIA_BF16, bits_of(GLIA_BF16, NAN))));
}

TEST(Dtype, every_short_float_keeps_its_bits) {
    for (glia_dtype dtype : {GLIA_F16, GLIA_BF16})
        for (uint32_t bits = 0; bits < 0x10000; ++bits) {
            const double value = value_of(dtype, uint16_t(bits));
            if (!std::isnan(value)) {
                ASSERT_EQ(bits_of(dtype, value), bits) << glia_dtype_name(dtype);
            }
        }
}

}  // namespace
