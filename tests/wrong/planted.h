// Kernels with one planted bug each, and the same kernels without it. The emulator must report the bugs and be silent
// on the right ones.
#pragma once

#include <vector>

#include "kernels/device/cuda.cuh"

struct Outcome {
    cudaError_t error;
    bool right;  // what came out is what should
};

struct Planted {
    const char *name;
    Outcome (*run)(bool wrong);
    const char *words;      // of the race build's report
    cudaError_t error;      // with which it loses the GPU
    const char *plain;      // of the plain build's report; "": it notices at most a wrong result
    const char *sanitizer;  // of the report with which AddressSanitizer or UndefinedBehaviorSanitizer ends the process
};

std::vector<Planted> planted_in_blocks();
std::vector<Planted> planted_in_warps();
std::vector<Planted> planted_in_memory();
std::vector<Planted> planted_in_tensor_cores();
std::vector<Planted> planted_in_signals();
std::vector<Planted> planted_in_clusters();
std::vector<Planted> planted_in_rnn_products();
std::vector<Planted> planted_in_patches();

// Device memory with the values of a vector, or unwritten.
template <typename T>
class DeviceArray {
   public:
    explicit DeviceArray(size_t count) : count_(count) {
        cudaMalloc(reinterpret_cast<void **>(&data_), count * sizeof(T));
    }
    explicit DeviceArray(const std::vector<T> &values) : DeviceArray(values.size()) {
        cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice);
    }
    ~DeviceArray() { cudaFree(data_); }
    DeviceArray(const DeviceArray &)            = delete;
    DeviceArray &operator=(const DeviceArray &) = delete;

    T *data() const { return data_; }

    std::vector<T> read() const {
        std::vector<T> values(count_);
        cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost);
        return values;
    }

   private:
    T *data_ = nullptr;
    size_t count_;
};

// Small integers, whose sums are exact in any order.
inline std::vector<float> numbers(size_t count) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; i++) values[i] = static_cast<float>(i * 37 % 11) - 5;
    return values;
}

template <typename T>
Outcome outcome(cudaError_t launch, const DeviceArray<T> &result, const std::vector<T> &expected) {
    cudaError_t error = launch == cudaSuccess ? cudaDeviceSynchronize() : launch;
    return {error, error == cudaSuccess && result.read() == expected};
}
