// GPUs that cuDNN plans for without one: see GLI_CUDNN_DEVICE in src/cuda/library/cudnn/cudnn.c.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace glia {

// One GPU of each generation that the kernels are built for, and what cuDNN asks of it.
struct Gpu {
    const char *name;
    int capability, multiprocessors, shared_bytes, shared_bytes_optin, blocks, threads, l2_bytes;
    long memory;
};
inline constexpr Gpu kGpus[] = {
    {"T4", 750, 40, 49152, 65536, 16, 1024, 4 << 20, 15L << 30},
    {"A100", 800, 108, 49152, 166912, 32, 2048, 40 << 20, 40L << 30},
    {"A10", 860, 72, 49152, 101376, 16, 1536, 6 << 20, 22L << 30},
    {"L4", 890, 58, 49152, 101376, 24, 1536, 48 << 20, 22L << 30},
    {"H100", 900, 132, 49152, 232448, 32, 2048, 50 << 20, 79L << 30},
    {"B200", 1000, 148, 49152, 232448, 32, 2048, 126 << 20, 178L << 30},
    {"RTX 5090", 1200, 170, 49152, 101376, 24, 1536, 96 << 20, 31L << 30},
};
inline constexpr const Gpu &kH100 = kGpus[4];

// In the form in which cuDNN writes down a device.
inline std::string description(const Gpu &gpu) {
    char text[2048];
    snprintf(text, sizeof text,
             R"({"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,
                 "multiProcessorCount": %d, "warpSize": 32, "maxSharedMemoryPerBlock": %d,
                 "maxSharedMemoryPerBlockOptin": %d, "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536,
                 "maxCtasPerSM": %d, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": %d, "pciDeviceId": 0,
                 "isTccDriver": 0, "supportCoopLaunch": 1, "smClockRateKHz": 1700000, "memClockRateKHz": 2600000,
                 "l2CacheSize": %d, "deviceName": "%s", "totalGlobalMem": %ld, "deviceVer": %d, "driverVer": 13000,
                 "cudaDeviceId": 0})",
             gpu.multiprocessors, gpu.shared_bytes, gpu.shared_bytes_optin, gpu.blocks, gpu.threads, gpu.l2_bytes,
             gpu.name, gpu.memory, gpu.capability);
    return text;
}

// cuDNN plans for this GPU while this lives.
class Described {
   public:
    explicit Described(const Gpu &gpu) { setenv("GLI_CUDNN_DEVICE", description(gpu).c_str(), 1); }
    ~Described() { unsetenv("GLI_CUDNN_DEVICE"); }
};

}  // namespace glia
