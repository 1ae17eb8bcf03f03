// How an instruction without side effects becomes a handler: a function of scalars, applied to all lanes.
#ifndef GLI_EMULATOR_PTX_LANES_H
#define GLI_EMULATOR_PTX_LANES_H

#include <array>
#include <cfenv>
#include <cstring>
#include <string_view>
#include <tuple>
#include <utility>

#include "emulator/ptx/ptx_warp.h"

namespace emulator::ptx {

template <typename T>
using Lanes = std::array<T, LANES>;

// for (unsigned lane : lanes_of(mask))
struct LanesOf {
    uint32_t left;
    LanesOf begin() const { return *this; }
    LanesOf end() const { return {0}; }
    bool operator!=(const LanesOf &other) const { return left != other.left; }
    unsigned operator*() const { return static_cast<unsigned>(__builtin_ctz(left)); }
    void operator++() { left &= left - 1; }
};
inline LanesOf lanes_of(uint32_t mask) { return {mask}; }

// A predicate register is one bit for each lane.
inline uint32_t read_predicate(const Warp &warp, Slot slot) {
    uint32_t bits;
    memcpy(&bits, warp.registers() + slot, sizeof bits);
    return bits;
}

inline void write_predicate(Warp &warp, Slot slot, uint32_t bits) {
    bits = (bits & warp.active) | (read_predicate(warp, slot) & ~warp.active);
    memcpy(warp.registers() + slot, &bits, sizeof bits);
}

template <typename T>
Lanes<T> read(const Warp &warp, Slot slot) {
    Lanes<T> values;
    if constexpr (std::is_same_v<T, bool>) {
        const uint32_t bits = read_predicate(warp, slot);
        for (unsigned lane = 0; lane < LANES; lane++) values[lane] = bits >> lane & 1;
    } else {
        memcpy(&values, warp.registers() + slot, sizeof values);
    }
    return values;
}

template <typename T>
void write(Warp &warp, Slot slot, const Lanes<T> &values) {
    if constexpr (std::is_same_v<T, bool>) {
        uint32_t bits = 0;
        for (unsigned lane = 0; lane < LANES; lane++) bits |= uint32_t{values[lane]} << lane;
        write_predicate(warp, slot, bits);
    } else if (warp.active == ALL_LANES) {
        memcpy(warp.registers() + slot, &values, sizeof values);
    } else {
        Lanes<T> all = read<T>(warp, slot);
        for (unsigned lane = 0; lane < LANES; lane++) all[lane] = warp.active >> lane & 1 ? values[lane] : all[lane];
        memcpy(warp.registers() + slot, &all, sizeof all);
    }
}

// The same for registers whose width only the instruction says. What is read is extended, what is written loses its
// upper bytes.
Lanes<uint64_t> read_register(const Warp &warp, Slot slot, unsigned bytes, bool is_signed);
void write_register(Warp &warp, Slot slot, unsigned bytes, const Lanes<uint64_t> &values);

template <typename T>
constexpr uint8_t register_bytes = std::is_same_v<T, bool> ? 0 : sizeof(T);

// The bytes of an instruction's operands, destination first. 0: a predicate.
struct Signature {
    uint8_t count;
    uint8_t bytes[5];
};

template <auto FUNCTION>
struct Each;

template <typename D, typename... A, D (*FUNCTION)(A...)>
struct Each<FUNCTION> {
    static constexpr Signature SIGNATURE = {1 + sizeof...(A), {register_bytes<D>, register_bytes<A>...}};

    static void run(Warp &warp, const Instruction &instruction) {
        apply(warp, instruction, std::index_sequence_for<A...>());
    }

    template <size_t... I>
    static void apply(Warp &warp, const Instruction &instruction, std::index_sequence<I...>) {
        const std::tuple<Lanes<A>...> sources{read<A>(warp, instruction.source[I])...};
        Lanes<D> result;
        for (unsigned lane = 0; lane < LANES; lane++) result[lane] = FUNCTION(std::get<I>(sources)[lane]...);
        write(warp, instruction.destination, result);
    }
};

// A spelling, and what it does.
struct Row {
    std::string_view opcode;
    Handler run;
    Signature signature;
};

template <auto FUNCTION>
constexpr Row row(std::string_view opcode) {
    return {opcode, Each<FUNCTION>::run, Each<FUNCTION>::SIGNATURE};
}

// With another rounding of floating point than to the nearest. All operands are read from the warp's registers between
// the two calls, and all results written, so that no compiler can move a computation out of there.
template <int MODE, auto FUNCTION>
constexpr Row row_towards(std::string_view opcode) {
    const auto run = [](Warp &warp, const Instruction &instruction) {
        fesetround(MODE);
        Each<FUNCTION>::run(warp, instruction);
        fesetround(FE_TONEAREST);
    };
    return {opcode, run, Each<FUNCTION>::SIGNATURE};
}

// Null: there is no such instruction among those that compute.
const Row *find_row(std::string_view opcode);

}  // namespace emulator::ptx
#endif
