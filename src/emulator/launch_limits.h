// What a GPU refuses to launch.
#ifndef GLI_EMULATOR_LAUNCH_LIMITS_H
#define GLI_EMULATOR_LAUNCH_LIMITS_H

#include "emulator/launch.h"

namespace emulator {

cudaError_t check_launch(const Kernel &kernel);

// The shared memory that a block of the kernel may have.
size_t shared_limit(const void *function);

// Of static and dynamic shared memory together: a kernel that asked for dynamic has all that the GPU has for a block.
size_t all_shared_limit(const void *function);

void reset_launch_limits();

}  // namespace emulator
#endif
