// atom and red: one lane after the other, whatever the order of memory they ask for.
#include "emulator/ptx/ptx_block.h"
#include "emulator/ptx/ptx_float.h"
#include "emulator/ptx/ptx_memory.h"
#include "emulator/scalar.h"

namespace emulator::ptx {

namespace {

// Of three operands: the value before, and one or two more.
template <typename T>
using Update = T (*)(T old, T b, T c);

// Floats in global memory, unlike those in shared memory, are added without subnormals.
template <typename T, Update<T> UPDATE>
T updated(bool is_global, T old, T b, T c) {
    return is_global ? flushed(UPDATE(flushed(old), flushed(b), flushed(c))) : UPDATE(old, b, c);
}

template <typename T, Update<T> UPDATE>
void atomic(Warp &warp, const Instruction &instruction) {
    const Lanes<uint64_t> all = addresses(warp, instruction.source[0], instruction.address_bytes, instruction.offset);
    const Lanes<T> b          = read<T>(warp, instruction.source[1]);
    const Lanes<T> c          = read<T>(warp, instruction.source[2]);
    Lanes<T> before{};
    for (unsigned lane : lanes_of(warp.active)) {
        uint8_t *memory = find_memory(warp, instruction, instruction.space, lane, all[lane], sizeof(T), sizeof(T));
        if (memory == nullptr) return;
        memcpy(&before[lane], memory, sizeof(T));
        const bool is_global = space_of(instruction.space, all[lane]) == Space::GLOBAL;
        const T after        = updated<T, UPDATE>(is_global, before[lane], b[lane], c[lane]);
        memcpy(memory, &after, sizeof after);
    }
    warp.block().launch().news++;
    if (instruction.destination != NO_SLOT) write(warp, instruction.destination, before);
}

template <typename T>
T swapped_if_equal(T old, T b, T c) {
    return old == b ? c : old;
}

template <typename T, Update<T> UPDATE>
constexpr AtomicRow atomic_row(std::string_view operation) {
    return {operation, atomic<T, UPDATE>, sizeof(T)};
}

template <typename T, T (*UPDATE)(T, T)>
T of_two(T old, T b, T) {
    return UPDATE(old, b);
}
template <typename T, T (*UPDATE)(T, T)>
constexpr AtomicRow atomic_row(std::string_view operation) {
    return atomic_row<T, of_two<T, UPDATE>>(operation);
}

constexpr AtomicRow ROWS[] = {
    atomic_row<uint32_t, sum>("add.u32"),
    atomic_row<uint32_t, sum>("add.s32"),
    atomic_row<uint64_t, sum>("add.u64"),
    atomic_row<float, sum>("add.f32"),
    atomic_row<double, sum>("add.f64"),
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
    atomic_row<uint32_t, second>("exch.b32"),
    atomic_row<uint64_t, second>("exch.b64"),
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
