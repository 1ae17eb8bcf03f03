// cvt.
#include <limits>
#include <type_traits>

#include "emulator/ptx/ptx_float.h"
#include "emulator/ptx/ptx_tables.h"

namespace emulator::ptx {

namespace {

template <typename D, typename S>
D converted(S a) {
    return static_cast<D>(a);
}

// Out of range becomes the nearest number in it; what is no number becomes 0 or, where 64 bits are concerned, the sign
// bit alone.
template <typename D, typename S>
D clamped(S a) {
    constexpr bool WIDE = sizeof(S) == 8 || sizeof(D) == 8;
    if (std::isnan(a)) return WIDE ? static_cast<D>(uint64_t{1} << (8 * sizeof(D) - 1)) : D{0};
    constexpr S LOW = static_cast<S>(std::numeric_limits<D>::min());
    constexpr S TOP = static_cast<S>(std::numeric_limits<D>::max() / 2 + 1) * 2;  // one above the largest
    return a < LOW ? std::numeric_limits<D>::min() : a >= TOP ? std::numeric_limits<D>::max() : static_cast<D>(a);
}

template <typename T>
T to_nearest(T a) {
    return std::nearbyint(a);
}
template <typename T>
T to_zero(T a) {
    return std::trunc(a);
}
template <typename T>
T down(T a) {
    return std::floor(a);
}
template <typename T>
T up(T a) {
    return std::ceil(a);
}
template <typename D, typename S, S (*ROUND)(S)>
D integer_of(S a) {
    return clamped<D>(ROUND(a));
}

template <typename T>
T saturated(T a) {
    return a > 0 ? (a < 1 ? a : T{1}) : T{0};
}

uint16_t half_of(float a) { return float_to_half_bits(a); }
uint16_t half_of_double(double a) { return float_to_half_bits(odd_float(a)); }
uint16_t bfloat16_of(float a) { return float_to_bfloat16_bits(a); }
uint16_t bfloat16_of_double(double a) { return float_to_bfloat16_bits(odd_float(a)); }
float of_half(uint16_t a) { return half_bits_to_float(a); }
float of_bfloat16(uint16_t a) { return bits_float(uint32_t{a} << 16); }
double double_of_half(uint16_t a) { return double{of_half(a)}; }
// Two in a register: the first is the upper one.
uint32_t halves_of(float a, float b) { return uint32_t{half_of(a)} << 16 | half_of(b); }
uint32_t bfloat16s_of(float a, float b) { return uint32_t{bfloat16_of(a)} << 16 | bfloat16_of(b); }
// Ties away from zero.
uint32_t tf32_of(float a) {
    if (std::isnan(a)) return 0x7FFFFFFF;
    const uint32_t bits = float_bits(a);
    const bool finite   = (bits & 0x7F800000) != 0x7F800000;
    return (finite ? bits + 0x1000 : bits) & ~uint32_t{0x1FFF};
}

#define ROWS_TO(d, D)                                                                              \
    row<converted<D, uint8_t>>("cvt." d ".u8"), row<converted<D, int8_t>>("cvt." d ".s8"),         \
        row<converted<D, uint16_t>>("cvt." d ".u16"), row<converted<D, int16_t>>("cvt." d ".s16"), \
        row<converted<D, uint32_t>>("cvt." d ".u32"), row<converted<D, int32_t>>("cvt." d ".s32"), \
        row<converted<D, uint64_t>>("cvt." d ".u64"), row<converted<D, int64_t>>("cvt." d ".s64")
#define ROWS_ROUNDED(d, D, round, function)                                                      \
    row<integer_of<D, float, function<float>>>("cvt." round "." d ".f32"),                       \
        row<Flushing<integer_of<D, float, function<float>>>::of>("cvt." round ".ftz." d ".f32"), \
        row<integer_of<D, double, function<double>>>("cvt." round "." d ".f64")
#define ROWS_INTEGER(d, D)                                                                                      \
    ROWS_ROUNDED(d, D, "rni", to_nearest), ROWS_ROUNDED(d, D, "rzi", to_zero), ROWS_ROUNDED(d, D, "rmi", down), \
        ROWS_ROUNDED(d, D, "rpi", up)
#define ROWS_INTEGRAL(round, function)                                                                              \
    row<function<float>>("cvt." round ".f32.f32"), row<Flushing<function<float>>::of>("cvt." round ".ftz.f32.f32"), \
        row<function<double>>("cvt." round ".f64.f64")
#define ROWS_NARROWED(mode, round)                                        \
    row_towards<mode, converted<float, double>>("cvt." round ".f32.f64"), \
        row_towards<mode, Flushing<converted<float, double>>::of>("cvt." round ".ftz.f32.f64")

constexpr Row ROWS[] = {
    ROWS_TO("u8", uint8_t),
    ROWS_TO("s8", int8_t),
    ROWS_TO("u16", uint16_t),
    ROWS_TO("s16", int16_t),
    ROWS_TO("u32", uint32_t),
    ROWS_TO("s32", int32_t),
    ROWS_TO("u64", uint64_t),
    ROWS_TO("s64", int64_t),
    ROWS_TO("rn.f32", float),
    ROWS_TO("rn.f64", double),
    ROWS_INTEGER("u8", uint8_t),
    ROWS_INTEGER("s8", int8_t),
    ROWS_INTEGER("u16", uint16_t),
    ROWS_INTEGER("s16", int16_t),
    ROWS_INTEGER("u32", uint32_t),
    ROWS_INTEGER("s32", int32_t),
    ROWS_INTEGER("u64", uint64_t),
    ROWS_INTEGER("s64", int64_t),
    ROWS_INTEGRAL("rni", to_nearest),
    ROWS_INTEGRAL("rzi", to_zero),
    ROWS_INTEGRAL("rmi", down),
    ROWS_INTEGRAL("rpi", up),
    row<saturated<float>>("cvt.sat.f32.f32"),
    row<Flushing<saturated<float>>::of>("cvt.ftz.sat.f32.f32"),
    row<converted<double, float>>("cvt.f64.f32"),
    row<Flushing<converted<double, float>>::of>("cvt.ftz.f64.f32"),
    row<converted<float, double>>("cvt.rn.f32.f64"),
    row<Flushing<converted<float, double>>::of>("cvt.rn.ftz.f32.f64"),
    ROWS_NARROWED(FE_TOWARDZERO, "rz"),
    ROWS_NARROWED(FE_DOWNWARD, "rm"),
    ROWS_NARROWED(FE_UPWARD, "rp"),
    row<of_half>("cvt.f32.f16"),
    row<Flushing<of_half>::of>("cvt.ftz.f32.f16"),
    row<double_of_half>("cvt.f64.f16"),
    row<of_bfloat16>("cvt.f32.bf16"),
    row<half_of>("cvt.rn.f16.f32"),
    row<half_of>("cvt.rn.ftz.f16.f32"),
    row<half_of_double>("cvt.rn.f16.f64"),
    row<bfloat16_of>("cvt.rn.bf16.f32"),
    row<bfloat16_of_double>("cvt.rn.bf16.f64"),
    row<halves_of>("cvt.rn.f16x2.f32"),
    row<bfloat16s_of>("cvt.rn.bf16x2.f32"),
    row<tf32_of>("cvt.rna.tf32.f32"),
};

}  // namespace

std::vector<Row> convert_rows() { return {std::begin(ROWS), std::end(ROWS)}; }

void extend(Warp &warp, const Instruction &instruction) {
    const Lanes<uint64_t> values = read_register(warp, instruction.source[0], instruction.bytes, instruction.is_signed);
    write_register(warp, instruction.destination, instruction.registers, values);
}

}  // namespace emulator::ptx
