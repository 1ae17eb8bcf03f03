// Bugs between the lanes of a warp.
#include "wrong/planted.h"

namespace {

constexpr unsigned ALL = 0xFFFFFFFFu;

enum class Warp { RIGHT, HALF_MASK, TWO_MASKS, EXITED_LANE, LANE_AT_BARRIER, NO_SYNC, SOURCE_OUTSIDE, TWO_PLACES };

__device__ float warp_sum(float value, unsigned mask) {
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(mask, value, step);
    return value;
}

// y[t] = the sum over the warp, then what lane 31 - l of the warp holds is taken through shared memory.
template <Warp BUG>
__global__ void sums(const float *x, float *y) {
    __shared__ float values[64];
    const int t = threadIdx.x, lane = t % 32;
    unsigned mask = ALL;
    if (BUG == Warp::HALF_MASK) mask = 0xFFFF;
    if (BUG == Warp::TWO_MASKS) mask = lane % 2 == 0 ? ALL : ALL - 1;
    if (BUG == Warp::EXITED_LANE && t == 40) return;
    if (BUG == Warp::LANE_AT_BARRIER && t == 3) __syncthreads();
    float sum;
    if (BUG == Warp::TWO_PLACES && t % 2 == 1)
        sum = __shfl_sync(ALL, x[t], 0);
    else
        sum = warp_sum(x[t], mask);
    if (BUG == Warp::LANE_AT_BARRIER && t != 3) __syncthreads();
    if (BUG == Warp::SOURCE_OUTSIDE && lane < 8) sum += 0 * __shfl_sync(0xFF, sum, 9);
    values[t] = sum + lane;
    if (BUG != Warp::NO_SYNC) __syncwarp();
    y[t] = values[t ^ 31];
}

template <Warp BUG>
Outcome run(bool wrong) {
    const std::vector<float> x = numbers(64);
    std::vector<float> expected(64);
    for (int t = 0; t < 64; t++) {
        for (int i = 0; i < 32; i++) expected[t] += x[t / 32 * 32 + i];
        expected[t] += (t % 32) ^ 31;
    }
    DeviceArray<float> in(x), out(64);
    cudaError_t error = wrong ? GLI_LAUNCH(sums<BUG>, 1, 64, 0, nullptr, in.data(), out.data())
                              : GLI_LAUNCH(sums<Warp::RIGHT>, 1, 64, 0, nullptr, in.data(), out.data());
    return outcome(error, out, expected);
}

// With 48 threads the last warp has 16 lanes, and the butterfly's first step reaches beyond them.
__global__ void partial(const float *x, float *y, int first_step) {
    float value = x[threadIdx.x];
    for (int step = first_step; step > 0; step /= 2) value += __shfl_xor_sync(ALL, value, step);
    y[threadIdx.x] = value;
}

Outcome run_partial(bool wrong) {
    const std::vector<float> x = numbers(48);
    std::vector<float> expected(48);
    for (int t = 0; t < 48; t++)
        for (int i = 0; i < 16; i++) expected[t] += x[t / 16 * 16 + i];
    DeviceArray<float> in(x), out(48);
    return outcome(GLI_LAUNCH(partial, 1, 48, 0, nullptr, in.data(), out.data(), wrong ? 16 : 8), out, expected);
}

}  // namespace

std::vector<Planted> planted_in_warps() {
    const cudaError_t failure = cudaErrorLaunchFailure;
    return {
        {"shuffle_with_half_a_mask", run<Warp::HALF_MASK>, "is not in it", failure, "is not in it", ""},
        {"shuffle_with_two_masks", run<Warp::TWO_MASKS>, "with mask 0xfffffffe", failure, "with mask 0xfffffffe", ""},
        {"shuffle_with_an_exited_lane", run<Warp::EXITED_LANE>, "has exited", failure, "has exited", ""},
        {"shuffle_with_a_lane_at_a_barrier", run<Warp::LANE_AT_BARRIER>, "waits at __syncthreads", failure,
         "waits at __syncthreads", ""},
        {"shuffle_at_two_places", run<Warp::TWO_PLACES>, "waits at __shfl_sync", failure, "waits at __shfl_sync", ""},
        {"shuffle_from_outside_the_mask", run<Warp::SOURCE_OUTSIDE>, "reads lane 9", failure, "reads lane 9", ""},
        {"shuffle_beyond_a_partial_warp", run_partial, "takes no part", failure, "takes no part", ""},
        {"lanes_without_a_sync", run<Warp::NO_SYNC>, "uninitialised", failure, "", ""},
    };
}
