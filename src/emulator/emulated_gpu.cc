#include "emulator/emulated_gpu.h"

#include <cstdio>

#include "emulator/gpu_error.h"
#include "emulator/launch_limits.h"
#include "emulator/gpu_memory.h"
#include "emulator/settings.h"
#include "emulator/stream.h"

namespace emulator {

namespace {

cudaError_t check_device(int device) {
    if (device != 0) return refuse(cudaErrorInvalidDevice, "device %d: the emulator has one, 0", device);
    return cudaSuccess;
}

int attribute_value(cudaDeviceAttr attribute) {
    switch (attribute) {
        case cudaDevAttrMaxThreadsPerBlock: return MAX_THREADS;
        case cudaDevAttrMaxBlockDimX: return MAX_THREADS;
        case cudaDevAttrMaxBlockDimY: return MAX_THREADS;
        case cudaDevAttrMaxBlockDimZ: return MAX_BLOCK_Z;
        case cudaDevAttrMaxGridDimX: return MAX_GRID_X;
        case cudaDevAttrMaxGridDimY: return MAX_GRID_YZ;
        case cudaDevAttrMaxGridDimZ: return MAX_GRID_YZ;
        case cudaDevAttrMaxSharedMemoryPerBlock: return SHARED_BYTES;
        case cudaDevAttrWarpSize: return 32;
        case cudaDevAttrMaxRegistersPerBlock: return 65536;
        case cudaDevAttrClockRate: return 1000000;
        case cudaDevAttrMultiProcessorCount: return MULTIPROCESSORS;
        case cudaDevAttrPciBusId: return 0;
        case cudaDevAttrMemoryClockRate: return 1000000;
        case cudaDevAttrGlobalMemoryBusWidth: return 64;
        case cudaDevAttrL2CacheSize: return 1 << 20;
        case cudaDevAttrMaxThreadsPerMultiProcessor: return MULTIPROCESSOR_THREADS;
        case cudaDevAttrAsyncEngineCount: return 2;
        case cudaDevAttrUnifiedAddressing: return 1;
        case cudaDevAttrComputeCapabilityMajor: return 9;
        case cudaDevAttrComputeCapabilityMinor: return 0;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor: return MULTIPROCESSOR_SHARED_BYTES;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: return static_cast<int>(settings().shared);
        case cudaDevAttrClusterLaunch: return settings().cluster > 1;
    }
    return -1;
}

void fill_properties(cudaDeviceProp *out) {
    *out = {};
    snprintf(out->name, sizeof out->name, "Glia emulator");
    out->totalGlobalMem              = settings().memory;
    out->sharedMemPerBlock           = SHARED_BYTES;
    out->regsPerBlock                = attribute_value(cudaDevAttrMaxRegistersPerBlock);
    out->warpSize                    = attribute_value(cudaDevAttrWarpSize);
    out->maxThreadsPerBlock          = MAX_THREADS;
    out->maxThreadsDim[0]            = MAX_THREADS;
    out->maxThreadsDim[1]            = MAX_THREADS;
    out->maxThreadsDim[2]            = MAX_BLOCK_Z;
    out->maxGridSize[0]              = MAX_GRID_X;
    out->maxGridSize[1]              = MAX_GRID_YZ;
    out->maxGridSize[2]              = MAX_GRID_YZ;
    out->major                       = attribute_value(cudaDevAttrComputeCapabilityMajor);
    out->minor                       = attribute_value(cudaDevAttrComputeCapabilityMinor);
    out->multiProcessorCount         = attribute_value(cudaDevAttrMultiProcessorCount);
    out->asyncEngineCount            = attribute_value(cudaDevAttrAsyncEngineCount);
    out->unifiedAddressing           = 1;
    out->memoryBusWidth              = attribute_value(cudaDevAttrGlobalMemoryBusWidth);
    out->l2CacheSize                 = attribute_value(cudaDevAttrL2CacheSize);
    out->maxThreadsPerMultiProcessor = attribute_value(cudaDevAttrMaxThreadsPerMultiProcessor);
    out->sharedMemPerMultiprocessor  = MULTIPROCESSOR_SHARED_BYTES;
    out->sharedMemPerBlockOptin      = settings().shared;
    out->cooperativeLaunch           = 1;
}

}  // namespace

void drop_work() {
    drop_queues();
    reset_launch_limits();
}

}  // namespace emulator

using namespace emulator;

cudaError_t cudaDriverGetVersion(int *version) {
    return api_call([=] { return *version = CUDART_VERSION, cudaSuccess; });
}

cudaError_t cudaRuntimeGetVersion(int *version) { return cudaDriverGetVersion(version); }

// A lost GPU is still counted: opening it resets it.
cudaError_t cudaGetDeviceCount(int *count) { return *count = 1, cudaSuccess; }

cudaError_t cudaSetDevice(int device) {
    return api_call([=] {
        cudaError_t error = check_device(device);
        return error != cudaSuccess ? error : read_settings();
    });
}

cudaError_t cudaGetDevice(int *device) {
    return api_call([=] { return *device = 0, cudaSuccess; });
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
    return api_call([=] {
        cudaError_t error = check_device(device);
        if (error != cudaSuccess) return error;
        *value = attribute_value(attribute);
        return *value >= 0 ? cudaSuccess : refuse(cudaErrorInvalidValue, "the emulator has no attribute %d", attribute);
    });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
    return api_call([=] {
        cudaError_t error = check_device(device);
        if (error == cudaSuccess) fill_properties(properties);
        return error;
    });
}
