#include "emulator/atomics.h"

#include <type_traits>

#include "emulator/block.h"
#include "emulator/gpu_error.h"
#include "emulator/shadow_memory.h"

namespace emulator {
namespace {

// Fibers are switched at barriers and warp operations only, so that plain reads and writes are atomic.
template <typename T, typename Update>
T update(T *address, const char *operation, const void *caller, Update next) {
    if (reinterpret_cast<uintptr_t>(address) % sizeof(T) != 0)
        violation(cudaErrorMisalignedAddress, {}, "%s on %p, which is not aligned to %zu bytes", operation,
                  static_cast<const void *>(address), sizeof(T));
    shadow_atomic(address, sizeof(T), caller);
    T before = *address;
    *address = next(before);
    return before;
}

// Integers wrap around, which signed ones may not do in C++.
template <typename T>
T atomicAdd(T before, T value) {
    if constexpr (std::is_same_v<T, int>)
        return static_cast<int>(static_cast<unsigned>(before) + value);
    else
        return before + value;
}
template <typename T>
T atomicSub(T before, T value) {
    if constexpr (std::is_same_v<T, int>)
        return static_cast<int>(static_cast<unsigned>(before) - value);
    else
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

}  // namespace
}  // namespace emulator

#define GLI_EMULATOR_UPDATE(address, name, next) \
    emulator::update(address, #name, __builtin_return_address(0), [=](auto before) { return next; })

#define GLI_EMULATOR_ATOMIC(name, T) \
    T name(T *address, T value) { return GLI_EMULATOR_UPDATE(address, name, emulator::name(before, value)); }
GLI_EMULATOR_ATOMICS(GLI_EMULATOR_ATOMIC)

#define GLI_EMULATOR_CAS(T)                                                                    \
    T atomicCAS(T *address, T expected, T desired) {                                           \
        return GLI_EMULATOR_UPDATE(address, atomicCAS, before == expected ? desired : before); \
    }
GLI_EMULATOR_CAS(int)
GLI_EMULATOR_CAS(unsigned int)
GLI_EMULATOR_CAS(unsigned long long)
