#include <cstring>

#include "emulator/gpu_error.h"
#include "emulator/gpu_memory.h"
#include "emulator/shadow_memory.h"
#include "emulator/stream.h"

namespace emulator {

namespace {

struct Copy {
    void *destination;
    const void *source;
    size_t bytes;
    bool to_device, from_device;
};

void run_copy(const Copy &copy) {
    memcpy(copy.destination, copy.source, copy.bytes);
    if (copy.to_device && copy.from_device)
        shadow_copied(copy.destination, copy.source, copy.bytes);
    else if (copy.to_device)
        shadow_written_by_host(copy.destination, copy.bytes);
}

// The kind of memory of a whole range; a range that leaves its allocation is refused.
cudaError_t range_kind(const void *pointer, size_t bytes, const char *what, MemoryKind *kind) {
    auto start              = reinterpret_cast<uintptr_t>(pointer);
    const Allocation *found = find_allocation(start);
    if (pointer == nullptr) return refuse(cudaErrorInvalidValue, "%s of %zu bytes is NULL", what, bytes);
    *kind = found != nullptr ? found->kind : MemoryKind::PAGEABLE;
    if (found == nullptr || bytes <= found->start + found->bytes - start) return cudaSuccess;
    return refuse(cudaErrorInvalidValue, "%s of %zu bytes leaves its allocation, which has %zu from there", what, bytes,
                  found->start + found->bytes - start);
}

bool kind_is(cudaMemcpyKind kind, bool from_device, bool to_device) {
    switch (kind) {
        case cudaMemcpyHostToHost: return !from_device && !to_device;
        case cudaMemcpyHostToDevice: return !from_device && to_device;
        case cudaMemcpyDeviceToHost: return from_device && !to_device;
        case cudaMemcpyDeviceToDevice: return from_device && to_device;
        case cudaMemcpyDefault: return true;
    }
    return false;
}

// Pageable memory is copied before the call returns, as CUDA does from or through a staging buffer of its own.
cudaError_t enqueue_copy(void *destination, const void *source, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream,
                         bool wait) {
    if (bytes == 0) return cudaSuccess;
    MemoryKind to = MemoryKind::PAGEABLE, from = MemoryKind::PAGEABLE;
    cudaError_t error = range_kind(destination, bytes, "a copy's destination", &to);
    if (error == cudaSuccess) error = range_kind(source, bytes, "a copy's source", &from);
    if (error != cudaSuccess) return error;
    bool to_device = to == MemoryKind::DEVICE, from_device = from == MemoryKind::DEVICE;
    if (!kind_is(kind, from_device, to_device))
        return refuse(cudaErrorInvalidValue, "a copy of kind %d from %s to %s memory", kind,
                      from_device ? "device" : "host", to_device ? "device" : "host");
    auto distance = reinterpret_cast<uintptr_t>(destination) - reinterpret_cast<uintptr_t>(source);
    if (distance < bytes || -distance < bytes)
        return refuse(cudaErrorInvalidValue, "a copy of %zu bytes between ranges that overlap", bytes);
    Copy copy = {destination, source, bytes, to_device, from_device};
    error     = enqueue_work(stream, [copy] { run_copy(copy); });
    if (error != cudaSuccess || is_capturing(stream)) return error;
    bool pageable = to == MemoryKind::PAGEABLE || from == MemoryKind::PAGEABLE;
    return wait || pageable ? run_stream(stream) : cudaSuccess;
}

cudaError_t enqueue_fill(void *pointer, int value, size_t bytes, cudaStream_t stream) {
    if (bytes == 0) return cudaSuccess;
    MemoryKind kind   = MemoryKind::PAGEABLE;
    cudaError_t error = range_kind(pointer, bytes, "a memset", &kind);
    if (error != cudaSuccess) return error;
    if (kind != MemoryKind::DEVICE) return refuse(cudaErrorInvalidValue, "a memset of host memory, %p", pointer);
    return enqueue_work(stream, [=] {
        memset(pointer, value, bytes);
        shadow_written_by_host(pointer, bytes);
    });
}

}  // namespace
}  // namespace emulator

using namespace emulator;

cudaError_t cudaMemcpy(void *destination, const void *source, size_t bytes, cudaMemcpyKind kind) {
    return api_call([=] {
        cudaError_t error = check_unsafe_call("cudaMemcpy");
        return error != cudaSuccess ? error : enqueue_copy(destination, source, bytes, kind, nullptr, true);
    });
}

cudaError_t cudaMemcpyAsync(void *destination, const void *source, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    return api_call([=] { return enqueue_copy(destination, source, bytes, kind, stream, false); });
}

cudaError_t cudaMemset(void *pointer, int value, size_t bytes) {
    return api_call([=] {
        cudaError_t error = check_unsafe_call("cudaMemset");
        return error != cudaSuccess ? error : enqueue_fill(pointer, value, bytes, nullptr);
    });
}

cudaError_t cudaMemsetAsync(void *pointer, int value, size_t bytes, cudaStream_t stream) {
    return api_call([=] { return enqueue_fill(pointer, value, bytes, stream); });
}
