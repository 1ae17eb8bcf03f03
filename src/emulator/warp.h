// Barriers and the operations of a warp. Each has its source location: on a GPU all threads must reach
// the same one, and the host compiler, which knows nothing of barriers, may have copied or merged the machine code.
#ifndef GLI_EMULATOR_WARP_H
#define GLI_EMULATOR_WARP_H

#include <cstdint>
#include <cstring>

namespace emulator {

struct Site {
    const char *file;
    int line;
};

enum class WarpOp {
    SYNC,
    SHUFFLE,
    SHUFFLE_UP,
    SHUFFLE_DOWN,
    SHUFFLE_XOR,
    BALLOT,
    ANY,
    ALL,
    LOAD_MATRIX,
    STORE_MATRIX,
    MULTIPLY_MATRICES,
    LOAD_BLOCKS,
    MULTIPLY_ADD
};

void block_barrier(Site site);
uint64_t warp_operation(WarpOp op, unsigned mask, uint64_t value, int operand, int width, Site site);

template <typename T>
T shuffle(WarpOp op, unsigned mask, T value, int operand, int width, Site site) {
    static_assert(sizeof(T) <= sizeof(uint64_t), "a shuffle moves up to 8 bytes");
    uint64_t bits = 0;
    std::memcpy(&bits, static_cast<const void *>(&value), sizeof value);
    bits = warp_operation(op, mask, bits, operand, width, site);
    std::memcpy(static_cast<void *>(&value), &bits, sizeof value);
    return value;
}

}  // namespace emulator

#define GLI_EMULATOR_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(GLI_EMULATOR_SITE) { emulator::block_barrier({file, line}); }

inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, GLI_EMULATOR_SITE) {
    emulator::warp_operation(emulator::WarpOp::SYNC, mask, 0, 0, 32, {file, line});
}

template <typename T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, GLI_EMULATOR_SITE) {
    return emulator::shuffle(emulator::WarpOp::SHUFFLE, mask, value, lane, width, {file, line});
}

template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, GLI_EMULATOR_SITE) {
    return emulator::shuffle(emulator::WarpOp::SHUFFLE_UP, mask, value, static_cast<int>(delta), width, {file, line});
}

template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, GLI_EMULATOR_SITE) {
    return emulator::shuffle(emulator::WarpOp::SHUFFLE_DOWN, mask, value, static_cast<int>(delta), width, {file, line});
}

template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, GLI_EMULATOR_SITE) {
    return emulator::shuffle(emulator::WarpOp::SHUFFLE_XOR, mask, value, lane_mask, width, {file, line});
}

inline unsigned __ballot_sync(unsigned mask, int predicate, GLI_EMULATOR_SITE) {
    return static_cast<unsigned>(
        emulator::warp_operation(emulator::WarpOp::BALLOT, mask, predicate != 0, 0, 32, {file, line}));
}

inline int __any_sync(unsigned mask, int predicate, GLI_EMULATOR_SITE) {
    return static_cast<int>(emulator::warp_operation(emulator::WarpOp::ANY, mask, predicate != 0, 0, 32, {file, line}));
}

inline int __all_sync(unsigned mask, int predicate, GLI_EMULATOR_SITE) {
    return static_cast<int>(emulator::warp_operation(emulator::WarpOp::ALL, mask, predicate != 0, 0, 32, {file, line}));
}

// One thread runs at a time and all see its writes at once: a fence has nothing to do.
inline void __threadfence() {}
inline void __threadfence_block() {}

#undef GLI_EMULATOR_SITE
#endif
