// atom and red: one lane after the other, whatever the order of memory they ask for.
#include <algorithm>

#include "emulator/ptx/ptx_block.h"
#include "emulator/ptx/ptx_memory.h"

namespace emulator::ptx {

namespace {

template <typename T>
using Update = T (*)(T old, T b, T c);

template <typename T, Update<T> UPDATE>
void atomic(Warp &warp, const Instruction &instruction) {
    const Lanes<uint64_t> all = addresses(warp, instruction.source[0], instruction.address_bytes, instruction.offset);
    const Lanes<T> b          = read<T>(warp, instruction.source[1]);
    const Lanes<T> c          = read<T>(warp, instruction.source[2]);
    Lanes<T> before{};
    for (uint32_t left = warp.active; left != 0; left &= left - 1) {
        const auto lane = static_cast<unsigned>(__builtin_ctz(left));
        uint8_t *memory = find_memory(warp, instruction, instruction.space, lane, all[lane], sizeof(T));
        if (memory == nullptr) return;
        memcpy(&before[lane], memory, sizeof(T));
        const T after = UPDATE(before[lane], b[lane], c[lane]);
        memcpy(memory, &after, sizeof after);
    }
    warp.block().launch().news++;
    if (instruction.destination != NO_SLOT) write(warp, instruction.destination, before);
}

template <typename T>
T added(T old, T b, T) {
    return static_cast<T>(old + b);
}
template <typename T>
T lesser(T old, T b, T) {
    return std::min(old, b);
}
template <typename T>
T greater(T old, T b, T) {
    return std::max(old, b);
}
template <typename T>
T both(T old, T b, T) {
    return old & b;
}
template <typename T>
T either(T old, T b, T) {
    return old | b;
}
template <typename T>
T different(T old, T b, T) {
    return old ^ b;
}
template <typename T>
T exchanged(T, T b, T) {
    return b;
}
template <typename T>
T swapped_if_equal(T old, T b, T c) {
    return old == b ? c : old;
}
uint32_t counted_up(uint32_t old, uint32_t b, uint32_t) { return old >= b ? 0 : old + 1; }
uint32_t counted_down(uint32_t old, uint32_t b, uint32_t) { return old == 0 || old > b ? b : old - 1; }

template <typename T, Update<T> UPDATE>
constexpr AtomicRow atomic_row(std::string_view operation) {
    return {operation, atomic<T, UPDATE>, sizeof(T)};
}

constexpr AtomicRow ROWS[] = {
    atomic_row<uint32_t, added>("add.u32"),
    atomic_row<uint32_t, added>("add.s32"),
    atomic_row<uint64_t, added>("add.u64"),
    atomic_row<float, added>("add.f32"),
    atomic_row<double, added>("add.f64"),
    atomic_row<uint32_t, lesser>("min.u32"),
    atomic_row<int32_t, lesser>("min.s32"),
    atomic_row<uint64_t, lesser>("min.u64"),
    atomic_row<int64_t, lesser>("min.s64"),
    atomic_row<uint32_t, greater>("max.u32"),
    atomic_row<int32_t, greater>("max.s32"),
    atomic_row<uint64_t, greater>("max.u64"),
    atomic_row<int64_t, greater>("max.s64"),
    atomic_row<uint32_t, both>("and.b32"),
    atomic_row<uint64_t, both>("and.b64"),
    atomic_row<uint32_t, either>("or.b32"),
    atomic_row<uint64_t, either>("or.b64"),
    atomic_row<uint32_t, different>("xor.b32"),
    atomic_row<uint64_t, different>("xor.b64"),
    atomic_row<uint32_t, exchanged>("exch.b32"),
    atomic_row<uint64_t, exchanged>("exch.b64"),
    atomic_row<uint32_t, swapped_if_equal>("cas.b32"),
    atomic_row<uint64_t, swapped_if_equal>("cas.b64"),
    atomic_row<uint32_t, counted_up>("inc.u32"),
    atomic_row<uint32_t, counted_down>("dec.u32"),
};

}  // namespace

const AtomicRow *find_atomic(std::string_view operation) {
    for (const AtomicRow &row : ROWS)
        if (row.operation == operation) return &row;
    return nullptr;
}

}  // namespace emulator::ptx
