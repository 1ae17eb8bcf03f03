// What a GPU refuses to launch.
#ifndef GLI_EMULATOR_LAUNCH_LIMITS_H
#define GLI_EMULATOR_LAUNCH_LIMITS_H

#include "emulator/launch.h"

namespace emulator {

cudaError_t check_launch(const Launch &kernel);

// The dynamic shared memory that a block of the kernel may have, and with the static one.
size_t shared_limit(const void *function);
size_t whole_shared_limit(const void *function);

void reset_launch_limits();

}  // namespace emulator
#endif
