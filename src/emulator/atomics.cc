#include "emulator/atomics.h"

#include "emulator/block.h"
#include "emulator/gpu_error.h"
#include "emulator/scalar.h"
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

#define GLI_EMULATOR_STORES(name, function) \
    template <typename T>                   \
    T name(T before, T value) {             \
        return function(before, value);     \
    }
GLI_EMULATOR_STORES(atomicAdd, sum)
GLI_EMULATOR_STORES(atomicSub, difference)
GLI_EMULATOR_STORES(atomicMin, lesser)
GLI_EMULATOR_STORES(atomicMax, greater)
GLI_EMULATOR_STORES(atomicExch, second)
GLI_EMULATOR_STORES(atomicAnd, both)
GLI_EMULATOR_STORES(atomicOr, either)
GLI_EMULATOR_STORES(atomicXor, different)
GLI_EMULATOR_STORES(atomicInc, counted_up)
GLI_EMULATOR_STORES(atomicDec, counted_down)

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
