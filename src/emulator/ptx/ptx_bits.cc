// Moves, selections, logic, shifts and bit fields.
#include <algorithm>

#include "emulator/ptx/ptx_tables.h"
#include "emulator/scalar.h"

namespace emulator::ptx {

namespace {

template <typename T>
T same(T a) {
    return a;
}
template <typename T>
T selected(T a, T b, bool first) {
    return first ? a : b;
}
template <typename T>
T inverse(T a) {
    return static_cast<T>(~a);
}
bool no(bool a) { return !a; }

// More than all bits are shifted out as all bits are.
template <typename T>
T shifted_left(T a, uint32_t by) {
    return by < 8 * sizeof(T) ? static_cast<T>(a << by) : T{0};
}
template <typename T>
T shifted_right(T a, uint32_t by) {
    return static_cast<T>(a >> (by < 8 * sizeof(T) ? by : 8 * sizeof(T) - 1));
}
template <typename T>
T shifted_out(T a, uint32_t by) {
    return by < 8 * sizeof(T) ? static_cast<T>(a >> by) : T{0};
}
uint32_t funnel_left(uint32_t a, uint32_t b, uint32_t by) {
    return by == 0 ? b : by >= 32 ? a : b << by | a >> (32 - by);
}
uint32_t funnel_right(uint32_t a, uint32_t b, uint32_t by) {
    return by == 0 ? a : by >= 32 ? b : b << (32 - by) | a >> by;
}
uint32_t funnel_left_wrapped(uint32_t a, uint32_t b, uint32_t by) { return funnel_left(a, b, by & 31); }
uint32_t funnel_right_wrapped(uint32_t a, uint32_t b, uint32_t by) { return funnel_right(a, b, by & 31); }

template <typename T>
uint32_t ones(T a) {
    return static_cast<uint32_t>(__builtin_popcountll(a));
}
template <typename T>
uint32_t leading_zeros(T a) {
    return a == 0 ? 8 * sizeof(T) : static_cast<uint32_t>(__builtin_clzll(a)) - 8 * (8 - sizeof(T));
}
template <typename T>
T reversed(T a) {
    T result = 0;
    for (unsigned bit = 0; bit < 8 * sizeof(T); bit++) result = static_cast<T>(result << 1 | (a >> bit & 1));
    return result;
}

template <typename T>
T low_bits(uint32_t count) {
    return count >= 8 * sizeof(T) ? static_cast<T>(-1) : static_cast<T>((T{1} << count) - 1);
}
// bfi: the low bits of a into b, at a position.
template <typename T>
T inserted(T a, T b, uint32_t position, uint32_t count) {
    const T field = shifted_left<T>(low_bits<T>(count & 255), position & 255);
    return (b & ~field) | (shifted_left<T>(a, position & 255) & field);
}
template <typename T>
T extracted(T a, uint32_t position, uint32_t count) {
    return shifted_out<T>(a, position & 255) & low_bits<T>(count & 255);
}
// A field beyond the last bit is filled up with the sign.
template <typename U, typename S>
S extracted_signed(S a, uint32_t position, uint32_t count) {
    constexpr uint32_t LAST = 8 * sizeof(S) - 1;
    position &= 255;
    count &= 255;
    if (count == 0) return 0;
    const U sign  = static_cast<U>(a) >> std::min(position + count - 1, LAST) & 1;
    const U field = extracted<U>(static_cast<U>(shifted_right<S>(a, position)), 0, count);
    return static_cast<S>(sign ? field | static_cast<U>(~low_bits<U>(count)) : field);
}

// prmt: each nibble of the selector names one of the eight bytes of b and a, or spreads its sign.
uint32_t permuted(uint32_t a, uint32_t b, uint32_t selector) {
    const uint64_t bytes = uint64_t{b} << 32 | a;
    uint32_t result      = 0;
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t nibble = selector >> 4 * i & 15;
        const auto byte       = static_cast<uint8_t>(bytes >> 8 * (nibble & 7));
        const uint8_t chosen  = nibble & 8 ? (byte & 0x80 ? 0xFF : 0) : byte;
        result |= uint32_t{chosen} << 8 * i;
    }
    return result;
}

// lop3: any function of three bits, by its truth table.
uint32_t logic(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
    uint32_t result = 0;
    for (unsigned i = 0; i < 8; i++)
        if (table >> i & 1) result |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
    return result;
}

#define ROWS_ANY(type, u, s)                                                                                     \
    row<same<u>>("mov.u" #type), row<same<u>>("mov.s" #type), row<same<u>>("mov.b" #type),                       \
        row<selected<u>>("selp.u" #type), row<selected<u>>("selp.s" #type), row<selected<u>>("selp.b" #type),    \
        row<both<u>>("and.b" #type), row<either<u>>("or.b" #type), row<different<u>>("xor.b" #type),             \
        row<inverse<u>>("not.b" #type), row<shifted_left<u>>("shl.b" #type), row<shifted_out<u>>("shr.u" #type), \
        row<shifted_out<u>>("shr.b" #type), row<shifted_right<s>>("shr.s" #type)
#define ROWS_FIELDS(type, u, s)                                                                           \
    row<ones<u>>("popc.b" #type), row<leading_zeros<u>>("clz.b" #type), row<reversed<u>>("brev.b" #type), \
        row<inserted<u>>("bfi.b" #type), row<extracted<u>>("bfe.u" #type), row<extracted_signed<u, s>>("bfe.s" #type)

constexpr Row ROWS[] = {
    ROWS_ANY(16, uint16_t, int16_t),
    ROWS_ANY(32, uint32_t, int32_t),
    ROWS_ANY(64, uint64_t, int64_t),
    ROWS_FIELDS(32, uint32_t, int32_t),
    ROWS_FIELDS(64, uint64_t, int64_t),
    row<same<uint32_t>>("mov.f32"),
    row<same<uint64_t>>("mov.f64"),
    row<same<bool>>("mov.pred"),
    row<selected<uint32_t>>("selp.f32"),
    row<selected<uint64_t>>("selp.f64"),
    row<both<bool>>("and.pred"),
    row<either<bool>>("or.pred"),
    row<different<bool>>("xor.pred"),
    row<no>("not.pred"),
    row<permuted>("prmt.b32"),
    row<logic>("lop3.b32"),
    row<funnel_left>("shf.l.clamp.b32"),
    row<funnel_right>("shf.r.clamp.b32"),
    row<funnel_left_wrapped>("shf.l.wrap.b32"),
    row<funnel_right_wrapped>("shf.r.wrap.b32"),
};

}  // namespace

std::vector<Row> bit_rows() { return {std::begin(ROWS), std::end(ROWS)}; }

}  // namespace emulator::ptx
