#include "emulator/gpu_error.h"

#include <cstdarg>
#include <cstdio>

#include "emulator/emulator.h"
#include "emulator/emulated_gpu.h"

namespace emulator {

namespace {
cudaError_t sticky = cudaSuccess;
std::string sticky_message;
unsigned resets;
thread_local cudaError_t last = cudaSuccess;
thread_local std::string message;
}  // namespace

std::recursive_mutex &gpu_lock() {
    static std::recursive_mutex lock;
    return lock;
}

cudaError_t lost_error() { return sticky; }

void lose_gpu(cudaError_t error, std::string text) {
    if (sticky != cudaSuccess) return;  // the first cause is the one to know
    sticky         = error;
    sticky_message = std::move(text);
}

std::string formatted_list(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(nullptr, 0, format, again);
    va_end(again);
    std::string text(static_cast<size_t>(length) + 1, '\0');
    vsnprintf(text.data(), text.size(), format, arguments);
    text.pop_back();
    return text;
}

std::string formatted(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string text = formatted_list(format, arguments);
    va_end(arguments);
    return text;
}

cudaError_t refuse(cudaError_t error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    message = formatted_list(format, arguments);
    va_end(arguments);
    return error;
}

void begin_call() { message.clear(); }

cudaError_t finish_call(cudaError_t error) {
    if (error != cudaSuccess && error != cudaErrorNotReady) last = error;
    return error;
}

}  // namespace emulator

using namespace emulator;

cudaError_t cudaGetLastError(void) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    cudaError_t error = cudaPeekAtLastError();
    last              = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError(void) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    return sticky != cudaSuccess ? sticky : last;
}

const char *gli_emulator_message(void) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    return sticky != cudaSuccess ? sticky_message.c_str() : message.c_str();
}

void gli_emulator_reset(void) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    if (sticky == cudaSuccess) return;
    drop_work();
    resets++;
    sticky = cudaSuccess;
    sticky_message.clear();
    last = cudaSuccess;
    message.clear();
}

unsigned gli_emulator_resets(void) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    return resets;
}
