#include "emulator/gpu_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "emulator/emulator.h"
#include "emulator/gpu_error.h"
#include "emulator/settings.h"
#include "emulator/shadow_memory.h"
#include "emulator/stream.h"

namespace emulator {

namespace {

std::map<uintptr_t, Allocation> allocations;  // by address
size_t device_bytes;

constexpr size_t ALIGNMENT = 256;

// The setting may have come down below what is allocated.
size_t free_bytes() { return settings().memory - std::min(settings().memory, device_bytes); }

cudaError_t allocate(void **pointer, size_t bytes, MemoryKind kind) {
    if (pointer == nullptr) return refuse(cudaErrorInvalidValue, "an allocation of %zu bytes into NULL", bytes);
    *pointer = nullptr;
    if (bytes == 0) return cudaSuccess;
    if (kind == MemoryKind::DEVICE && bytes > free_bytes())
        return refuse(cudaErrorMemoryAllocation, "%zu bytes of device memory: %zu of %zu are free", bytes, free_bytes(),
                      settings().memory);
    void *block;
    if (posix_memalign(&block, ALIGNMENT, bytes) != 0) return cudaErrorMemoryAllocation;
    memset(block, 0xFF, bytes);
    auto start         = reinterpret_cast<uintptr_t>(block);
    allocations[start] = {start, bytes, kind};
    if (kind == MemoryKind::DEVICE) device_bytes += bytes, shadow_allocated(block, bytes);
    *pointer = block;
    return cudaSuccess;
}

void forget(std::map<uintptr_t, Allocation>::iterator position) {
    Allocation old = position->second;
    auto block     = reinterpret_cast<void *>(old.start);
    if (old.kind == MemoryKind::DEVICE) device_bytes -= old.bytes, shadow_freed(block);
    allocations.erase(position);
    free(block);
}

cudaError_t release(void *pointer, MemoryKind kind) {
    if (pointer == nullptr) return cudaSuccess;
    auto found = allocations.find(reinterpret_cast<uintptr_t>(pointer));
    if (found == allocations.end() || found->second.kind != kind)
        return refuse(cudaErrorInvalidValue, "%p is not the start of live %s memory", pointer,
                      kind == MemoryKind::DEVICE ? "device" : "pinned");
    forget(found);
    return cudaSuccess;
}

// A lost GPU has lost its memory: what was allocated is freed all the same, and the answer is the error.
cudaError_t release_call(void *pointer, MemoryKind kind) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    if (lost_error() != cudaSuccess) {
        release(pointer, kind);
        return lost_error();
    }
    return api_call([=] {
        cudaError_t error = check_unsafe_call(kind == MemoryKind::DEVICE ? "cudaFree" : "cudaFreeHost");
        if (error != cudaSuccess) return error;
        error = run_all_work();
        if (error != cudaSuccess) release(pointer, kind);
        return error != cudaSuccess ? error : release(pointer, kind);
    });
}

}  // namespace

const Allocation *find_allocation(uintptr_t address) {
    auto above = allocations.upper_bound(address);
    if (above == allocations.begin()) return nullptr;
    const Allocation &below = std::prev(above)->second;
    return address - below.start < below.bytes ? &below : nullptr;
}

}  // namespace emulator

using namespace emulator;

cudaError_t cudaMalloc(void **pointer, size_t bytes) {
    return api_call([=] {
        cudaError_t error = check_unsafe_call("cudaMalloc");
        return error != cudaSuccess ? error : allocate(pointer, bytes, MemoryKind::DEVICE);
    });
}

cudaError_t cudaFree(void *pointer) { return release_call(pointer, MemoryKind::DEVICE); }

cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned int flags) {
    return api_call([=] {
        if ((flags & ~static_cast<unsigned>(cudaHostAllocPortable)) != 0)
            return refuse(cudaErrorInvalidValue, "cudaHostAlloc with flags 0x%x", flags);
        cudaError_t error = check_unsafe_call("cudaHostAlloc");
        return error != cudaSuccess ? error : allocate(pointer, bytes, MemoryKind::PINNED);
    });
}

cudaError_t cudaMallocHost(void **pointer, size_t bytes) { return cudaHostAlloc(pointer, bytes, cudaHostAllocDefault); }

cudaError_t cudaFreeHost(void *pointer) { return release_call(pointer, MemoryKind::PINNED); }

cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
    return api_call([=] {
        *free  = free_bytes();
        *total = settings().memory;
        return cudaSuccess;
    });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *pointer) {
    return api_call([=] {
        const Allocation *found   = find_allocation(reinterpret_cast<uintptr_t>(pointer));
        bool device               = found != nullptr && found->kind == MemoryKind::DEVICE;
        auto address              = const_cast<void *>(pointer);
        attributes->type          = found == nullptr ? cudaMemoryTypeUnregistered
                                    : device         ? cudaMemoryTypeDevice
                                                     : cudaMemoryTypeHost;
        attributes->device        = found == nullptr ? -2 : 0;  // cudaInvalidDeviceId
        attributes->devicePointer = found != nullptr ? address : nullptr;
        attributes->hostPointer   = device ? nullptr : address;
        return cudaSuccess;
    });
}

size_t gli_emulator_live_bytes(void) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    return device_bytes;
}
