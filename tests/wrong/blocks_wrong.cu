// Bugs between the threads of a block, and between blocks.
#include "wrong/planted.h"

namespace {

constexpr int TILE = 8;

enum class Matmul { RIGHT, NO_FIRST_BARRIER, NO_SECOND_BARRIER };

template <Matmul BUG>
__global__ void matmul(int n, const float *a, const float *b, float *c) {
    __shared__ float left[TILE][TILE + 1], right[TILE][TILE + 1];
    const int row = blockIdx.y * TILE + threadIdx.y, column = blockIdx.x * TILE + threadIdx.x;
    float sum = 0;
    for (int k = 0; k < n; k += TILE) {
        left[threadIdx.y][threadIdx.x]  = a[row * n + k + threadIdx.x];
        right[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + column];
        if (BUG != Matmul::NO_FIRST_BARRIER) __syncthreads();
        for (int i = 0; i < TILE; i++) sum += left[threadIdx.y][i] * right[i][threadIdx.x];
        if (BUG != Matmul::NO_SECOND_BARRIER) __syncthreads();
    }
    c[row * n + column] = sum;
}

template <Matmul BUG>
Outcome run_matmul(bool wrong) {
    constexpr int n            = 3 * TILE;
    const std::vector<float> a = numbers(n * n), b = numbers(n * n);
    std::vector<float> expected(n * n);
    for (int m = 0; m < n; m++)
        for (int k = 0; k < n; k++)
            for (int i = 0; i < n; i++) expected[m * n + i] += a[m * n + k] * b[k * n + i];
    DeviceArray<float> x(a), y(b), z(n * n);
    const dim3 grid(n / TILE, n / TILE), block(TILE, TILE);
    cudaError_t error =
        wrong ? GLI_LAUNCH(matmul<BUG>, grid, block, 0, nullptr, n, x.data(), y.data(), z.data())
              : GLI_LAUNCH(matmul<Matmul::RIGHT>, grid, block, 0, nullptr, n, x.data(), y.data(), z.data());
    return outcome(error, z, expected);
}

constexpr int BLOCK = 64;

enum class Sum { RIGHT, EARLY_RETURN, LOCK_STEP, PLAIN_UPDATE, REUSED_BUFFER };

// The sum of the block's values, in every thread. `parts` may be used again at once.
template <Sum BUG>
__device__ float block_sum(float value, float *parts) {
    const int t = threadIdx.x;
    parts[t]    = value;
    __syncthreads();
    for (int step = BLOCK / 2; step > (BUG == Sum::LOCK_STEP ? 16 : 0); step /= 2) {
        if (t < step) parts[t] += parts[t + step];
        __syncthreads();
    }
    if (BUG == Sum::LOCK_STEP) {
        volatile float *lanes = parts;  // as was right before Volta
        for (int step = 16; t < 32 && step > 0; step /= 2) lanes[t] = lanes[t] + lanes[t + step];
        __syncthreads();
    }
    const float sum = parts[0];
    if (BUG != Sum::REUSED_BUFFER) __syncthreads();
    return sum;
}

template <Sum BUG>
__global__ void sums(const float *x, float *out, int n) {
    __shared__ float parts[BLOCK];
    const int i = blockIdx.x * BLOCK + threadIdx.x;
    if (BUG == Sum::EARLY_RETURN && i >= n) return;
    const float value = i < n ? x[i] : 0;
    const float sum   = block_sum<BUG>(value, parts);
    const float twice = block_sum<BUG>(2 * value, parts);
    if (threadIdx.x != 0) return;
    if (BUG == Sum::PLAIN_UPDATE)
        *out += sum + twice;
    else
        atomicAdd(out, sum + twice);
}

template <Sum BUG>
Outcome run_sums(bool wrong) {
    const std::vector<float> x = numbers(3 * BLOCK - 7);
    const int n                = static_cast<int>(x.size());
    float expected             = 0;
    for (float value : x) expected += 3 * value;
    DeviceArray<float> in(x), out(std::vector<float>{0});
    cudaError_t error = wrong ? GLI_LAUNCH(sums<BUG>, 3, BLOCK, 0, nullptr, in.data(), out.data(), n)
                              : GLI_LAUNCH(sums<Sum::RIGHT>, 3, BLOCK, 0, nullptr, in.data(), out.data(), n);
    return outcome(error, out, {expected});
}

template <bool WRONG>
__global__ void neighbours(const float *x, float *y) {
    __shared__ float values[BLOCK];
    const int t = threadIdx.x;
    if (WRONG && t % 2 == 1) {
        values[t] = x[t];
        __syncthreads();
    } else {
        values[t] = x[t];
        __syncthreads();
    }
    y[t] = values[t ^ 1];
}

Outcome run_neighbours(bool wrong) {
    const std::vector<float> x = numbers(BLOCK);
    std::vector<float> expected(BLOCK);
    for (int i = 0; i < BLOCK; i++) expected[i] = x[i ^ 1];
    DeviceArray<float> in(x), out(BLOCK);
    cudaError_t error = wrong ? GLI_LAUNCH(neighbours<true>, 1, BLOCK, 0, nullptr, in.data(), out.data())
                              : GLI_LAUNCH(neighbours<false>, 1, BLOCK, 0, nullptr, in.data(), out.data());
    return outcome(error, out, expected);
}

// Wrong in place: a block may find its neighbour's first value shifted already.
__global__ void shift(const float *x, float *y, int n) {
    const int i      = blockIdx.x * BLOCK + threadIdx.x;
    const float next = i + 1 < n ? x[i + 1] : 0;
    __syncthreads();
    if (i < n) y[i] = next;
}

Outcome run_shift(bool wrong) {
    const std::vector<float> x = numbers(3 * BLOCK);
    std::vector<float> expected(x.begin() + 1, x.end());
    expected.push_back(0);
    DeviceArray<float> in(x), out(x.size());
    DeviceArray<float> &to = wrong ? in : out;
    cudaError_t error      = GLI_LAUNCH(shift, 3, BLOCK, 0, nullptr, in.data(), to.data(), static_cast<int>(x.size()));
    return outcome(error, to, expected);
}

}  // namespace

std::vector<Planted> planted_in_blocks() {
    return {
        {"matmul_without_its_first_barrier", run_matmul<Matmul::NO_FIRST_BARRIER>, "uninitialised",
         cudaErrorLaunchFailure, "", ""},
        {"matmul_without_its_second_barrier", run_matmul<Matmul::NO_SECOND_BARRIER>, "race on shared",
         cudaErrorLaunchFailure, "", ""},
        {"return_before_a_barrier", run_sums<Sum::EARLY_RETURN>, "has exited", cudaErrorLaunchFailure, "has exited",
         ""},
        {"warp_in_lock_step", run_sums<Sum::LOCK_STEP>, "race on shared", cudaErrorLaunchFailure, "", ""},
        {"sum_without_atomics", run_sums<Sum::PLAIN_UPDATE>, "race on global", cudaErrorLaunchFailure, "", ""},
        {"buffer_used_again_without_a_barrier", run_sums<Sum::REUSED_BUFFER>, "race on shared", cudaErrorLaunchFailure,
         "", ""},
        {"barrier_in_two_branches", run_neighbours, "barrier is divergent", cudaErrorLaunchFailure,
         "barrier is divergent", ""},
        {"blocks_in_place", run_shift, "another block", cudaErrorLaunchFailure, "", ""},
    };
}
