// Bugs of addresses.
#include "wrong/planted.h"

namespace {

constexpr int N = 64;

enum class Memory { RIGHT, STATIC, DYNAMIC, UNWRITTEN_SHARED };

// y is x turned round, through both kinds of shared memory.
template <Memory BUG>
__global__ void turn(const float *x, float *y) {
    __shared__ float fixed[N];
    GLI_DYNAMIC_SHARED(float, sized);
    const int t                              = threadIdx.x;
    fixed[BUG == Memory::STATIC ? t + 1 : t] = x[t];
    __syncthreads();
    if (BUG != Memory::UNWRITTEN_SHARED || t != 5) sized[BUG == Memory::DYNAMIC ? t + 1 : t] = fixed[t];
    __syncthreads();
    y[t] = sized[N - 1 - t];
}

template <Memory BUG>
Outcome run_turn(bool wrong) {
    const std::vector<float> x = numbers(N), expected(x.rbegin(), x.rend());
    DeviceArray<float> in(x), out(N);
    const size_t bytes = N * sizeof(float);
    cudaError_t error  = wrong ? GLI_LAUNCH(turn<BUG>, 1, N, bytes, nullptr, in.data(), out.data())
                               : GLI_LAUNCH(turn<Memory::RIGHT>, 1, N, bytes, nullptr, in.data(), out.data());
    return outcome(error, out, expected);
}

__global__ void copy(const float *x, float *y, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = x[i];
}

// One thread too many writes.
Outcome run_beyond(bool wrong) {
    const std::vector<float> x = numbers(N + 1), expected(x.begin(), x.begin() + N);
    DeviceArray<float> in(x), out(N);
    return outcome(GLI_LAUNCH(copy, 2, N, 0, nullptr, in.data(), out.data(), wrong ? N + 1 : N), out, expected);
}

Outcome run_host(bool wrong) {
    const std::vector<float> x = numbers(N);
    DeviceArray<float> in(x), out(N);
    return outcome(GLI_LAUNCH(copy, 1, N, 0, nullptr, wrong ? x.data() : in.data(), out.data(), N), out, x);
}

Outcome run_unwritten(bool wrong) {
    const std::vector<float> x = numbers(N);
    DeviceArray<float> in(x), unwritten(N), out(N);
    return outcome(GLI_LAUNCH(copy, 1, N, 0, nullptr, wrong ? unwritten.data() : in.data(), out.data(), N), out, x);
}

Outcome run_freed(bool wrong) {
    const std::vector<float> x = numbers(N);
    DeviceArray<float> in(x), out(N);
    const float *freed;
    {
        DeviceArray<float> brief(x);
        freed = brief.data();
    }
    return outcome(GLI_LAUNCH(copy, 1, N, 0, nullptr, wrong ? freed : in.data(), out.data(), N), out, x);
}

__global__ void copy_vectors(const float *x, float *y, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n / 4) reinterpret_cast<float4 *>(y)[i] = reinterpret_cast<const float4 *>(x)[i];
}

Outcome run_vectors(bool wrong) {
    const std::vector<float> x = numbers(N + 4), expected(x.begin(), x.begin() + N);
    DeviceArray<float> in(x), out(N);
    return outcome(GLI_LAUNCH(copy_vectors, 1, N / 4, 0, nullptr, in.data() + (wrong ? 1 : 0), out.data(), N), out,
                   expected);
}

}  // namespace

std::vector<Planted> planted_in_memory() {
    const cudaError_t illegal = cudaErrorIllegalAddress, failure = cudaErrorLaunchFailure;
    return {
        {"static_shared_memory_out_of_bounds", run_turn<Memory::STATIC>, "index 64 is out of bounds", illegal, "",
         "out of bounds"},
        {"dynamic_shared_memory_out_of_bounds", run_turn<Memory::DYNAMIC>, "behind the end of 256 bytes of shared",
         illegal, "", "AddressSanitizer"},
        {"global_memory_out_of_bounds", run_beyond, "behind the end of 256 bytes of global", illegal, "",
         "AddressSanitizer"},
        {"host_pointer", run_host, "no device memory", illegal, "", ""},
        {"freed_memory", run_freed, "no device memory", illegal, "", "AddressSanitizer"},
        {"misaligned_float4", run_vectors, "not aligned to 16 bytes", cudaErrorMisalignedAddress, "", "misaligned"},
        {"unwritten_shared_memory", run_turn<Memory::UNWRITTEN_SHARED>, "uninitialised", failure, "", ""},
        {"unwritten_global_memory", run_unwritten, "uninitialised", failure, "", ""},
    };
}
