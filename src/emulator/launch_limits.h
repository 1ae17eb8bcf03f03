// What a GPU refuses to launch.
#ifndef GLI_EMULATOR_LAUNCH_LIMITS_H
#define GLI_EMULATOR_LAUNCH_LIMITS_H

#include "emulator/launch.h"

namespace emulator {

cudaError_t check_launch(const Launch &kernel);

// The blocks of a cluster that the attributes of a launch ask for; 1: none do.
cudaError_t cluster_of(const cudaLaunchConfig_t &config, unsigned *blocks);

// The static shared memory of a block of the kernel, by whoever runs kernels; 0 where only running them tells.
size_t static_shared_bytes(const void *function);

// What a block of the kernel may have of it and of dynamic shared memory together.
size_t whole_shared_limit(const void *function);

void reset_launch_limits();

}  // namespace emulator
#endif
