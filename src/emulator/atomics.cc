#include "emulator/atomics.h"

#include "emulator/block.h"
#include "emulator/gpu_error.h"
#include "emulator/shadow_memory.h"

namespace emulator {
namespace {

// Fibers are switched at barriers and warp operations only, so that plain reads and writes are atomic.
template <typename T, typename Update>
T update(T *address, const char *operation, Update next) {
    if (reinterpret_cast<uintptr_t>(address) % sizeof(T) != 0)
        violation(cudaErrorMisalignedAddress, {}, "%s on %p, which is not aligned to %zu bytes", operation,
                  static_cast<const void *>(address), sizeof(T));
    shadow_atomic(address, sizeof(T));
    T before = *address;
    *address = next(before);
    return before;
}

template <typename T>
T atomicAdd(T before, T value) {
    return before + value;
}
template <typename T>
T atomicSub(T before, T value) {
    return before - value;
}
template <typename T>
T atomicMin(T before, T value) {
    return value < before ? value : before;
}
template <typename T>
T atomicMax(T before, T value) {
    return before < value ? value : before;
}
template <typename T>
T atomicExch(T, T value) {
    return value;
}
template <typename T>
T atomicAnd(T before, T value) {
    return before & value;
}
template <typename T>
T atomicOr(T before, T value) {
    return before | value;
}
template <typename T>
T atomicXor(T before, T value) {
    return before ^ value;
}
template <typename T>
T atomicInc(T before, T limit) {
    return before >= limit ? 0 : before + 1;
}
template <typename T>
T atomicDec(T before, T limit) {
    return before == 0 || before > limit ? limit : before - 1;
}

template <typename T>
T compare_and_swap(T *address, T expected, T desired) {
    return update(address, "atomicCAS", [=](T before) { return before == expected ? desired : before; });
}

}  // namespace
}  // namespace emulator

// Integers wrap around, also signed ones: they are added as unsigned numbers of their size.
namespace emulator {
namespace {
template <>
int atomicAdd(int before, int value) {
    return static_cast<int>(static_cast<unsigned>(before) + static_cast<unsigned>(value));
}
template <>
int atomicSub(int before, int value) {
    return static_cast<int>(static_cast<unsigned>(before) - static_cast<unsigned>(value));
}
}  // namespace
}  // namespace emulator

#define GLIA_EMULATOR_ATOMIC(name, T)                                                                     \
    T name(T *address, T value) {                                                                         \
        return emulator::update(address, #name, [=](T before) { return emulator::name(before, value); }); \
    }
GLIA_EMULATOR_ATOMICS(GLIA_EMULATOR_ATOMIC)

int atomicCAS(int *address, int expected, int desired) {
    return emulator::compare_and_swap(address, expected, desired);
}

unsigned int atomicCAS(unsigned int *address, unsigned int expected, unsigned int desired) {
    return emulator::compare_and_swap(address, expected, desired);
}

unsigned long long atomicCAS(unsigned long long *address, unsigned long long expected, unsigned long long desired) {
    return emulator::compare_and_swap(address, expected, desired);
}
