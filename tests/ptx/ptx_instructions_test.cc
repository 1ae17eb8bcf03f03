// Results of single instructions where NVIDIA's manual asks for what C++ does not: NaN, zeros, what is out of range.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

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

TEST(PtxInstruction, quotients_and_roots_are_rounded_as_named) {
    const float third = 1.0f / 3, root = std::sqrt(2.0f);  // above a third, and below the root
    EXPECT_EQ(result_of<float>("div.rn.f32", 1.0f, 3.0f), third);
    EXPECT_EQ(result_of<float>("div.rm.f32", 1.0f, 3.0f), std::nextafter(third, 0.0f));
    EXPECT_EQ(result_of<float>("div.rz.f32", -1.0f, 3.0f), -std::nextafter(third, 0.0f));
    EXPECT_EQ(result_of<float>("rcp.rz.f32", 3.0f), std::nextafter(third, 0.0f));
    EXPECT_EQ(result_of<float>("sqrt.rp.f32", 2.0f), std::nextafter(root, 2.0f));
    EXPECT_EQ(result_of<float>("sqrt.rm.f32", 2.0f), root);
    EXPECT_EQ(result_of<double>("div.rp.f64", 1.0, 3.0), std::nextafter(1.0 / 3, 1.0));
    EXPECT_EQ(result_of<double>("add.rp.f64", 1.0, 1e-30), std::nextafter(1.0, 2.0));
    EXPECT_EQ(result_of<double>("fma.rz.f64", 1.0, 1.0, -1e-30), std::nextafter(1.0, 0.0));
    EXPECT_EQ(float_bits(result_of<float>("sub.rm.f32", 1.0f, 1.0f)), 0x80000000u);
    EXPECT_EQ(float_bits(result_of<float>("mul.rp.ftz.f32", -0x1p-100f, 0x1p-30f)), 0x80000000u);
    EXPECT_EQ(result_of<float>("cvt.rp.f32.f64", 1 + 1e-12), std::nextafter(1.0f, 2.0f));
    EXPECT_EQ(result_of<float>("cvt.rm.f32.f64", -1 - 1e-12), std::nextafter(-1.0f, -2.0f));
    EXPECT_EQ(result_of<float>("add.rn.f32", 1.0f, 1e-30f), 1) << "the rounding before is back";
}

TEST(PtxInstruction, comparisons_of_what_is_no_number) {
    for (const char *opcode : {"setp.eq.f32", "setp.ne.f32", "setp.lt.f32", "setp.ge.f32", "setp.num.f32"})
        EXPECT_FALSE(result_of<bool>(opcode, NAN_32, 1.0f)) << opcode;
    for (const char *opcode : {"setp.equ.f32", "setp.neu.f32", "setp.ltu.f32", "setp.geu.f32", "setp.nan.ftz.f32"})
        EXPECT_TRUE(result_of<bool>(opcode, 1.0f, NAN_32)) << opcode;
    EXPECT_TRUE(result_of<bool>("setp.eq.ftz.f32", 0x1p-140f, -0x1p-140f));
    EXPECT_TRUE(result_of<bool>("setp.ne.s64", int64_t{-1}, int64_t{1}));
    EXPECT_TRUE(result_of<bool>("setp.lo.u16", uint16_t{1}, uint16_t{0xFFFF}));
    EXPECT_FALSE(result_of<bool>("setp.lt.s16", int16_t{1}, int16_t{-1}));
}

TEST(PtxInstruction, integers_wrap_around) {
    EXPECT_EQ(result_of<int32_t>("add.s32", INT32_MAX, 1), INT32_MIN);
    EXPECT_EQ(result_of<int64_t>("sub.s64", INT64_MIN, int64_t{1}), INT64_MAX);
    EXPECT_EQ(result_of<int64_t>("mad.wide.s32", -3, 5, int64_t{1} << 40), (int64_t{1} << 40) - 15);
    EXPECT_EQ(result_of<uint32_t>("mul.wide.u16", uint16_t{0xFFFF}, uint16_t{0xFFFF}), 0xFFFE0001u);
    EXPECT_EQ(result_of<int32_t>("mul.wide.s16", int16_t{-1}, int16_t{2}), -2);
    EXPECT_EQ(result_of<uint64_t>("mul.hi.u64", UINT64_MAX, UINT64_MAX), UINT64_MAX - 1);
    EXPECT_EQ(result_of<int64_t>("mad.hi.s64", int64_t{-1}, int64_t{1}, int64_t{4}), 3);
}

// One file with all of them; ptxas names each line that it refuses.
TEST(PtxInstruction, ptxas_takes_every_instruction_that_computes) {
    constexpr const char *REGISTERS[] = {"%p", "%h", "%h", nullptr, "%r", nullptr, nullptr, nullptr, "%d"};
    const std::string path            = testing::TempDir() + "glia_instructions.ptx";
    std::ofstream file(path);
    file << ".version 7.8\n.target sm_90\n.address_size 64\n.visible .entry all()\n{\n"
            ".reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %r<8>; .reg .b64 %d<8>;\n";
    int count = 0;
    for (const auto &table : {float_rows(), integer_rows(), bit_rows(), convert_rows()})
        for (const Row &row : table) {
            file << row.opcode;
            const unsigned registers = row.signature.count - (row.opcode == "lop3.b32");  // its table is a constant
            for (unsigned i = 0; i < registers; i++)
                file << (i == 0 ? " " : ", ") << REGISTERS[row.signature.bytes[i]] << i;
            file << (registers < row.signature.count ? ", 0x80;\n" : ";\n");
            count++;
        }
    file << "}\n";
    file.close();
    EXPECT_GT(count, 500);
    std::string refused;
    FILE *ptxas = popen((GLI_PTXAS " -arch=sm_90 " + path + " -o /dev/null 2>&1").c_str(), "r");
    ASSERT_NE(ptxas, nullptr);
    for (char line[500]; fgets(line, sizeof line, ptxas) != nullptr;) refused += line;
    EXPECT_EQ(pclose(ptxas), 0);
    EXPECT_EQ(refused, "");
    remove(path.c_str());
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
