// The memory of the emulated GPU, and the pinned memory of its host: blocks of exactly the size asked for.
#ifndef GLI_EMULATOR_GPU_MEMORY_H
#define GLI_EMULATOR_GPU_MEMORY_H

#include <cstddef>
#include <cstdint>

#include "emulator/cuda_runtime_api.h"

namespace emulator {

enum class MemoryKind { PAGEABLE, PINNED, DEVICE };

struct Allocation {
    uintptr_t start;
    size_t bytes;
    MemoryKind kind;
};

// The allocation that holds the address, or null: then it is pageable host memory, or nothing.
const Allocation *find_allocation(uintptr_t address);

}  // namespace emulator
#endif
