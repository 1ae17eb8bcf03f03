// What the environment variable GLIA_EMULATOR says.
#ifndef GLI_EMULATOR_SETTINGS_H
#define GLI_EMULATOR_SETTINGS_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "emulator/cuda_runtime_api.h"
#include "emulator/emulated_gpu.h"

namespace emulator {

enum class Schedule { IN_ORDER, REVERSE, SHUFFLED };

struct Settings {
    Schedule schedule = Schedule::IN_ORDER;
    uint64_t seed     = 1;
    bool late         = false;  // asynchronous work runs as late as it may, instead of at once
    size_t memory     = size_t{4} << 30;
    size_t shared     = SHARED_BYTES_OPT_IN;
    uint64_t cluster  = CLUSTER_BLOCKS;  // blocks of a cluster, at most; 1: the GPU has no clusters
};

const Settings &settings();

// Reads the environment anew. An unknown word is refused, and the settings stay as they were.
cudaError_t read_settings();

// Random numbers of the shuffled schedule; read_settings starts them anew.
uint64_t random_below(uint64_t bound);

// The schedule's order of the numbers below count.
void schedule_order(std::vector<uint32_t> &order, size_t count);

}  // namespace emulator
#endif
