// Results of single instructions where NVIDIA's manual asks for what C++ does not: NaN, zeros, what is out of range.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "emulator/half.h"
#include "emulator/ptx/ptx_tables.h"

namespace {

using namespace emulator::ptx;
using emulator::bits_float;
using emulator::float_bits;

constexpr float INF     = std::numeric_limits<float>::infinity();
constexpr float NAN_32  = std::numeric_limits<float>::quiet_NaN();
constexpr double NAN_64 = std::numeric_limits<double>::quiet_NaN();

template <typename T>
void fill(Warp &warp, Slot slot, T value) {
    Lanes<T> all;
    all.fill(value);
    write(warp, slot, all);
}

// The instruction on all lanes of a warp; the result of the first.
template <typename D, typename... A>
D result_of(std::string_view opcode, A... operands) {
    const Row *row = find_row(opcode);
    if (row == nullptr) return ADD_FAILURE() << opcode << " is not known", D{};
    constexpr Slot REGISTER_BYTES = 8 * LANES;
    Program program;
    program.register_bytes = REGISTER_BYTES * (1 + sizeof...(A));
    Warp warp;
    warp.prepare(program);
    warp.active = ALL_LANES;
    Instruction instruction;
    for (Slot i = 0; i < sizeof...(A); i++) instruction.source[i] = REGISTER_BYTES * (1 + i);
    const Slot *source = instruction.source;
    (fill(warp, *source++, operands), ...);
    row->run(warp, instruction);
    return read<D>(warp, 0)[0];
}

TEST(PtxInstruction, cvt_of_nan_is_zero_or_with_64_bits_the_sign_bit) {
    EXPECT_EQ(result_of<int32_t>("cvt.rzi.s32.f32", NAN_32), 0);
    EXPECT_EQ(result_of<uint8_t>("cvt.rni.u8.f32", NAN_32), 0);
    EXPECT_EQ(result_of<int64_t>("cvt.rzi.s64.f32", NAN_32), INT64_MIN);
    EXPECT_EQ(result_of<uint64_t>("cvt.rzi.u64.f32", NAN_32), uint64_t{1} << 63);
    EXPECT_EQ(result_of<int32_t>("cvt.rzi.s32.f64", NAN_64), INT32_MIN);
    EXPECT_EQ(result_of<uint16_t>("cvt.rzi.u16.f64", NAN_64), 0x8000);
}

TEST(PtxInstruction, cvt_clamps_what_is_out_of_range) {
    EXPECT_EQ(result_of<int8_t>("cvt.rzi.s8.f32", 1000.0f), 127);
    EXPECT_EQ(result_of<uint32_t>("cvt.rzi.u32.f32", -1.0f), 0u);
    EXPECT_EQ(result_of<int64_t>("cvt.rzi.s64.f32", INF), INT64_MAX);
    EXPECT_EQ(result_of<float>("cvt.rz.f32.f64", 1e300), std::numeric_limits<float>::max());
}

TEST(PtxInstruction, cvt_to_tf32_keeps_nan) {
    EXPECT_EQ(result_of<uint32_t>("cvt.rna.tf32.f32", bits_float(0x7F800001)), 0x7FFFFFFFu);
    EXPECT_EQ(result_of<uint32_t>("cvt.rna.tf32.f32", -INF), 0xFF800000u);
    EXPECT_EQ(result_of<uint32_t>("cvt.rna.tf32.f32", bits_float(0x3F801000)), 0x3F802000u);
}

TEST(PtxInstruction, sums_rounded_down_cancel_to_negative_zero) {
    EXPECT_EQ(float_bits(result_of<float>("add.rm.f32", 1.0f, -1.0f)), 0x80000000u);
    EXPECT_EQ(float_bits(result_of<float>("fma.rm.f32", 2.0f, 3.0f, -6.0f)), 0x80000000u);
    EXPECT_EQ(float_bits(result_of<float>("add.rm.f32", 0.0f, 0.0f)), 0u);
    EXPECT_EQ(float_bits(result_of<float>("add.rz.f32", 1.0f, -1.0f)), 0u);
    EXPECT_EQ(result_of<float>("add.rm.f32", 1.0f, -1e-30f), std::nextafter(1.0f, 0.0f));
    EXPECT_EQ(result_of<float>("add.rp.f32", 1.0f, 1e-30f), std::nextafter(1.0f, 2.0f));
}

TEST(PtxInstruction, approximate_quotients_by_huge_numbers_are_zero) {
    EXPECT_EQ(result_of<float>("div.approx.f32", 0x1p127f, 0x1p127f), 0);
    EXPECT_TRUE(std::isnan(result_of<float>("div.approx.f32", INF, 0x1p127f)));
    EXPECT_EQ(result_of<float>("div.approx.f32", 0x1p126f, 0x1p126f), 1);
    EXPECT_EQ(result_of<float>("div.full.f32", 0x1p127f, 0x1p127f), 1);
}

TEST(PtxInstruction, the_approximate_reciprocal_takes_subnormals_for_zeros) {
    EXPECT_EQ(result_of<double>("rcp.approx.ftz.f64", -0x1p-1023), -std::numeric_limits<double>::infinity());
    EXPECT_EQ(result_of<double>("rcp.approx.ftz.f64", 0x1p1023), 0);
    EXPECT_EQ(result_of<double>("rcp.approx.ftz.f64", 4.0), 0.25);
}

TEST(PtxInstruction, min_and_max_prefer_numbers_and_order_zeros) {
    EXPECT_EQ(result_of<float>("min.f32", NAN_32, 1.0f), 1);
    EXPECT_EQ(result_of<float>("max.f32", 1.0f, NAN_32), 1);
    EXPECT_TRUE(std::signbit(result_of<float>("min.f32", 0.0f, -0.0f)));
    EXPECT_FALSE(std::signbit(result_of<float>("max.f32", -0.0f, 0.0f)));
}

}  // namespace
