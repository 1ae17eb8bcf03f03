// Bugs between blocks that wait for each other.
#include "kernels/device/arrivals.cuh"
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

enum class Parts { RIGHT, NO_BARRIER_BEFORE, PLAIN_COUNT, NO_BARRIER_AFTER, ONE_TOO_FEW };

// The last block to arrive adds up what all have written.
template <Parts BUG>
__global__ void add_up(int *parts, unsigned *counter, int *y) {
    __shared__ bool last;
    const int t = threadIdx.x;

    parts[blockIdx.x * OWN + t] = int(blockIdx.x) + t;
    if (BUG != Parts::NO_BARRIER_BEFORE) __syncthreads();
    if (t == 0 && BUG == Parts::PLAIN_COUNT)
        last = atomicInc(counter, BLOCKS - 1) == BLOCKS - 1;
    else if (t == 0)
        last = gli_arrive(counter, BUG == Parts::ONE_TOO_FEW ? BLOCKS - 1 : BLOCKS);
    if (BUG != Parts::NO_BARRIER_AFTER) __syncthreads();
    if (!last) return;
    int sum = 0;
    for (int block = 0; block < BLOCKS; block++) sum += parts[block * OWN + t];
    y[t] = sum;
}

template <Parts BUG>
Outcome run_add_up(bool wrong) {
    std::vector<int> expected;
    for (int t = 0; t < OWN; t++) expected.push_back(BLOCKS * t + BLOCKS * (BLOCKS - 1) / 2);
    DeviceArray<int> parts(ALL), out(OWN);
    DeviceArray<unsigned> counter(std::vector<unsigned>{0});
    cudaError_t error = cudaSuccess;
    for (int run = 0; run < 2 && error == cudaSuccess; run++) /* the counter is zero again */
        error =
            wrong ? GLI_LAUNCH(add_up<BUG>, BLOCKS, OWN, 0, nullptr, parts.data(), counter.data(), out.data())
                  : GLI_LAUNCH(add_up<Parts::RIGHT>, BLOCKS, OWN, 0, nullptr, parts.data(), counter.data(), out.data());
    return outcome(error, out, expected);
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
        {"arrival_without_a_barrier_before", run_add_up<Parts::NO_BARRIER_BEFORE>, "another block",
         cudaErrorLaunchFailure, "", ""},
        {"arrivals_counted_without_release", run_add_up<Parts::PLAIN_COUNT>, "another block", cudaErrorLaunchFailure,
         "", ""},
        {"arrival_without_a_barrier_after", run_add_up<Parts::NO_BARRIER_AFTER>, "race on", cudaErrorLaunchFailure, "",
         ""},
        {"last_of_too_few", run_add_up<Parts::ONE_TOO_FEW>, "", cudaErrorLaunchFailure, "", ""},
        {"static_shared_memory_of_blocks_that_run_together", run_swap, "dynamic shared memory alone",
         cudaErrorLaunchFailure, "", ""},
    };
}
