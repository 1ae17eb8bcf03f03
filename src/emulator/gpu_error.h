// Errors, and what every call of the API has in common: one lock, the sticky error of a lost GPU, and the last error.
#ifndef GLI_EMULATOR_GPU_ERROR_H
#define GLI_EMULATOR_GPU_ERROR_H

#include <cstdarg>
#include <mutex>
#include <new>
#include <string>

#include "emulator/cuda_runtime_api.h"

namespace emulator {

// Everything the emulator has is one process-wide GPU; its host threads take turns.
std::recursive_mutex &gpu_lock();

// The error that lost the GPU, or cudaSuccess.
cudaError_t lost_error();
void lose_gpu(cudaError_t error, std::string message);

// Stores the text for gli_emulator_message and returns the error.
[[gnu::format(printf, 2, 3)]] cudaError_t refuse(cudaError_t error, const char *format, ...);
[[gnu::format(printf, 1, 2)]] std::string formatted(const char *format, ...);
std::string formatted_list(const char *format, va_list arguments);

// Ends a call: what it returns becomes the thread's last error.
cudaError_t finish_call(cudaError_t error);
void begin_call();

template <typename Body>
cudaError_t api_call(Body body) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    begin_call();
    if (lost_error() != cudaSuccess) return lost_error();
    try {
        return finish_call(body());
    } catch (const std::bad_alloc &) {
        return finish_call(cudaErrorMemoryAllocation);
    }
}

}  // namespace emulator
#endif
