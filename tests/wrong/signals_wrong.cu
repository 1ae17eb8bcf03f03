// Bugs between blocks that wait for each other.
#include "kernels/device/cooperative.cuh"
#include "wrong/planted.h"

namespace {

constexpr int BLOCKS = 3, OWN = 8, ALL = BLOCKS * OWN, STEPS = 5;

enum class Steps { RIGHT, NO_BARRIER_BEFORE, PLAIN_ADD, NO_AWAIT, TOO_EARLY, NO_BARRIER_AFTER, ONE_SLOT, ONE_TOO_MANY };

// Each step replaces every value by the sum of all and its own. A block has OWN of them, and tells the others.
template <Steps BUG>
__global__ void steps(const int *x, int *slots, unsigned *counter, int *y) {
    GLI_DYNAMIC_SHARED(int, values);
    const int t = threadIdx.x, own = blockIdx.x * OWN + t;
    for (int i = t; i < ALL; i += OWN) values[i] = x[i];
    __syncthreads();
    for (int step = 0; step < STEPS; step++) {
        int *slot = slots + (BUG == Steps::ONE_SLOT ? 0 : step % 2) * ALL;
        int sum   = values[own];
        for (int i = 0; i < ALL; i++) sum += values[i];
        slot[own] = sum;
        if (BUG != Steps::NO_BARRIER_BEFORE) __syncthreads();
        if (t == 0) {
            if (BUG == Steps::PLAIN_ADD)
                atomicAdd(counter, 1u);
            else
                gli_signal(counter);
            const int awaited = BUG == Steps::TOO_EARLY ? step : BUG == Steps::ONE_TOO_MANY ? step + 2 : step + 1;
            if (BUG != Steps::NO_AWAIT) gli_await(counter, awaited * BLOCKS);
        }
        if (BUG != Steps::NO_BARRIER_AFTER) __syncthreads();
        for (int i = t; i < ALL; i += OWN) values[i] = slot[i];
        __syncthreads();
    }
    y[own] = values[own];
}

std::vector<int> expected_after_steps(std::vector<int> values) {
    for (int step = 0; step < STEPS; step++) {
        int sum = 0;
        for (int value : values) sum += value;
        for (int &value : values) value += sum;
    }
    return values;
}

template <Steps BUG>
Outcome run_steps(bool wrong) {
    std::vector<int> x(ALL);
    for (int i = 0; i < ALL; i++) x[i] = i * 37 % 11 - 5;
    DeviceArray<int> in(x), slots(2 * ALL), out(ALL);
    DeviceArray<unsigned> counter(std::vector<unsigned>{0});
    const size_t shared = ALL * sizeof(int);
    cudaError_t error   = wrong ? GLI_LAUNCH_COOPERATIVE(steps<BUG>, BLOCKS, OWN, shared, nullptr, in.data(),
                                                         slots.data(), counter.data(), out.data())
                                : GLI_LAUNCH_COOPERATIVE(steps<Steps::RIGHT>, BLOCKS, OWN, shared, nullptr, in.data(),
                                                         slots.data(), counter.data(), out.data());
    return outcome(error, out, expected_after_steps(x));
}

template <bool WRONG>
__global__ void pass_on(unsigned *counter, int *y) {
    if (blockIdx.x == 1) *y = 7;
    if (blockIdx.x == 1)
        gli_signal(counter);
    else
        gli_await(counter, 1);
}

// Blocks that wait, in a launch that does not promise that the others are there.
Outcome run_pass_on(bool wrong) {
    DeviceArray<int> out(1);
    DeviceArray<unsigned> counter(std::vector<unsigned>{0});
    cudaError_t error = wrong ? GLI_LAUNCH(pass_on<true>, 2, 1, 0, nullptr, counter.data(), out.data())
                              : GLI_LAUNCH_COOPERATIVE(pass_on<false>, 2, 1, 0, nullptr, counter.data(), out.data());
    return outcome(error, out, {7});
}

template <bool STATIC>
__global__ void swap_in_shared(int *y) {
    GLI_DYNAMIC_SHARED(int, own);
    __shared__ int all[2];
    const int t = threadIdx.x;
    int *values = STATIC ? all : own;
    values[t]   = 2 * blockIdx.x + t;
    __syncthreads();
    y[2 * blockIdx.x + t] = values[t ^ 1];
}

Outcome run_swap(bool wrong) {
    DeviceArray<int> out(4);
    cudaError_t error = wrong
                            ? GLI_LAUNCH_COOPERATIVE(swap_in_shared<true>, 2, 2, 2 * sizeof(int), nullptr, out.data())
                            : GLI_LAUNCH_COOPERATIVE(swap_in_shared<false>, 2, 2, 2 * sizeof(int), nullptr, out.data());
    return outcome(error, out, {1, 0, 3, 2});
}

}  // namespace

std::vector<Planted> planted_in_signals() {
    return {
        {"signal_without_a_barrier_before", run_steps<Steps::NO_BARRIER_BEFORE>, "race on global",
         cudaErrorLaunchFailure, "", ""},
        {"counter_raised_without_release", run_steps<Steps::PLAIN_ADD>, "another block", cudaErrorLaunchFailure, "",
         ""},
        {"signal_that_nobody_awaits", run_steps<Steps::NO_AWAIT>, "", cudaErrorLaunchFailure, "", ""},
        {"signal_awaited_a_step_too_early", run_steps<Steps::TOO_EARLY>, "", cudaErrorLaunchFailure, "", ""},
        {"await_without_a_barrier_after", run_steps<Steps::NO_BARRIER_AFTER>, "", cudaErrorLaunchFailure, "", ""},
        {"slot_used_again_a_step_later", run_steps<Steps::ONE_SLOT>, "another block", cudaErrorLaunchFailure, "", ""},
        {"signal_that_nobody_gives", run_steps<Steps::ONE_TOO_MANY>, "waits for a counter to reach",
         cudaErrorLaunchFailure, "waits for a counter to reach", ""},
        {"await_in_an_ordinary_launch", run_pass_on, "not cooperative", cudaErrorLaunchFailure, "not cooperative", ""},
        {"static_shared_memory_of_blocks_that_run_together", run_swap, "dynamic shared memory alone",
         cudaErrorLaunchFailure, "", ""},
    };
}
