// The emulated GPU as a whole.
#ifndef GLI_EMULATOR_EMULATED_GPU_H
#define GLI_EMULATOR_EMULATED_GPU_H

#include <cstddef>

namespace emulator {

// What GPUs of compute capability 9.0 allow, which is what the kernels are written for.
constexpr unsigned MAX_THREADS       = 1024;
constexpr unsigned MAX_BLOCK_Z       = 64;
constexpr unsigned MAX_GRID_X        = 2147483647;
constexpr unsigned MAX_GRID_YZ       = 65535;
constexpr size_t SHARED_BYTES        = 48 * 1024;
constexpr size_t SHARED_BYTES_OPT_IN = 227 * 1024;  // unless the settings say something else
constexpr size_t PARAMETER_BYTES     = 4096;
constexpr unsigned CLUSTER_BLOCKS    = 8;  // unless the settings say less

// How many blocks run at once, which matters where they wait for each other.
constexpr unsigned MULTIPROCESSORS           = 4;
constexpr unsigned MULTIPROCESSOR_THREADS    = 2048;
constexpr unsigned MULTIPROCESSOR_BLOCKS     = 32;
constexpr size_t MULTIPROCESSOR_SHARED_BYTES = 228 * 1024;
constexpr size_t RESERVED_SHARED_BYTES       = 1024;  // of each block

// Forgets what streams have not run yet, captures, and what kernels were allowed.
void drop_work();

}  // namespace emulator
#endif
