// Bugs between the blocks of a cluster.
#include "kernels/device/cluster.cuh"
#include "wrong/planted.h"

namespace {

constexpr int CLUSTER = 4, CLUSTERS = 3, THREADS = 8, ROUNDS = 3;

enum class Sums {
    RIGHT,
    NO_WAIT_BEFORE,
    NO_BARRIER,
    NO_WAIT,
    STORE_BEHIND_ARRIVE,
    READ_BEFORE_WAIT,
    ONE_PLACE,
    NO_ARRIVE,
    TWO_ARRIVALS,
    RANK_TOO_HIGH,
    BEYOND_SHARED
};

// Each round every block replaces its number by the sum of those of its cluster, plus its rank. Two places by turns, so
// that nobody stores where another still reads.
template <Sums BUG>
__global__ void sums(const float *x, float *y) {
    GLI_DYNAMIC_SHARED(float, places);
    const unsigned rank = gli_cluster_rank(), t = threadIdx.x;
    float own = x[blockIdx.x];
    if (BUG != Sums::NO_ARRIVE) gli_cluster_arrive();
    if (BUG == Sums::TWO_ARRIVALS) gli_cluster_arrive();
    if (BUG != Sums::NO_WAIT_BEFORE) gli_cluster_wait();
    for (int round = 0; round < ROUNDS; round++) {
        float *place = places + (BUG == Sums::ONE_PLACE ? 0 : round % 2) * CLUSTER;
        if (BUG == Sums::RANK_TOO_HIGH) gli_cluster_store(place, CLUSTER, own);
        if (BUG == Sums::BEYOND_SHARED) gli_cluster_store(places + 2 * CLUSTER, rank, own);
        if (BUG == Sums::STORE_BEHIND_ARRIVE) gli_cluster_arrive();
        if (t < CLUSTER) gli_cluster_store(place + rank, t, own);
        if (BUG != Sums::NO_BARRIER && BUG != Sums::STORE_BEHIND_ARRIVE && BUG != Sums::NO_WAIT_BEFORE)
            gli_cluster_arrive();
        float sum = float(rank);
        if (BUG == Sums::READ_BEFORE_WAIT) sum = sum - float(rank) + place[0] - place[0] + float(rank);
        if (BUG != Sums::NO_BARRIER && BUG != Sums::NO_WAIT) gli_cluster_wait();
        for (int b = 0; b < CLUSTER; b++) sum += place[b];
        own = sum;
        if (BUG == Sums::NO_WAIT) gli_cluster_wait();
    }
    if (t == 0) y[blockIdx.x] = own;
}

std::vector<float> expected_sums(std::vector<float> values) {
    for (int round = 0; round < ROUNDS; round++)
        for (size_t c = 0; c < values.size(); c += CLUSTER) {
            float sum = 0;
            for (int b = 0; b < CLUSTER; b++) sum += values[c + b];
            for (int b = 0; b < CLUSTER; b++) values[c + b] = sum + float(b);
        }
    return values;
}

template <Sums BUG>
Outcome run_sums(bool wrong) {
    const std::vector<float> x = numbers(CLUSTER * CLUSTERS);
    DeviceArray<float> in(x), out(x.size());
    const size_t shared   = 2 * CLUSTER * sizeof(float);
    const unsigned blocks = CLUSTER * CLUSTERS;
    const cudaError_t error =
        wrong
            ? GLI_LAUNCH_CLUSTERS(sums<BUG>, CLUSTER, blocks, THREADS, shared, nullptr, in.data(), out.data())
            : GLI_LAUNCH_CLUSTERS(sums<Sums::RIGHT>, CLUSTER, blocks, THREADS, shared, nullptr, in.data(), out.data());
    return outcome(error, out, expected_sums(x));
}

// A block stores for the other one, which must not end before.
template <int GIVER, bool WRONG>
__global__ void give_and_end(float *y) {
    GLI_DYNAMIC_SHARED(float, place);
    const bool gives = gli_cluster_rank() == GIVER;
    gli_cluster_arrive();
    gli_cluster_wait();
    if (gives) gli_cluster_store(place, 1 - GIVER, 7.0f);
    if (WRONG && !gives) return;
    gli_cluster_arrive();
    gli_cluster_wait();
    if (!gives) y[0] = place[0];
}

template <int GIVER>
Outcome run_give_and_end(bool wrong) {
    DeviceArray<float> out(std::vector<float>{7});
    const cudaError_t error =
        wrong ? GLI_LAUNCH_CLUSTERS((give_and_end<GIVER, true>), 2, 2, 1, sizeof(float), nullptr, out.data())
              : GLI_LAUNCH_CLUSTERS((give_and_end<GIVER, false>), 2, 2, 1, sizeof(float), nullptr, out.data());
    return outcome(error, out, {7});
}

// Numbers that go through global memory from one block of a cluster to the other.
template <bool WRONG>
__global__ void swap_in_global(int *x, int *y) {
    x[blockIdx.x] = int(blockIdx.x) + 5;
    if (!WRONG) gli_cluster_arrive();
    if (!WRONG) gli_cluster_wait();
    y[blockIdx.x] = x[blockIdx.x ^ 1];
}

Outcome run_swap_in_global(bool wrong) {
    DeviceArray<int> between(std::vector<int>(4)), out(4);
    const cudaError_t error =
        wrong ? GLI_LAUNCH_CLUSTERS(swap_in_global<true>, 2, 4, 1, 0, nullptr, between.data(), out.data())
              : GLI_LAUNCH_CLUSTERS(swap_in_global<false>, 2, 4, 1, 0, nullptr, between.data(), out.data());
    return outcome(error, out, {6, 5, 8, 7});
}

// The barrier of a cluster is one of each of its blocks, too; __syncthreads between its halves.
template <bool WRONG>
__global__ void turn_around(int *y) {
    GLI_DYNAMIC_SHARED(int, values);
    const int t = int(threadIdx.x);
    values[t]   = t;
    gli_cluster_arrive();
    if (!WRONG) gli_cluster_wait();
    const int other = values[t ^ 32];
    if (WRONG) gli_cluster_wait();
    __syncthreads();
    gli_cluster_arrive();
    values[t] = other + 1;
    __syncthreads();
    y[blockIdx.x * 64 + t] = values[t ^ 33];
    gli_cluster_wait();
}

Outcome run_turn_around(bool wrong) {
    std::vector<int> expected;
    for (int i = 0; i < 128; i++) expected.push_back((i % 64 ^ 1) + 1);
    DeviceArray<int> out(expected.size());
    const size_t shared     = 64 * sizeof(int);
    const cudaError_t error = wrong ? GLI_LAUNCH_CLUSTERS(turn_around<true>, 2, 2, 64, shared, nullptr, out.data())
                                    : GLI_LAUNCH_CLUSTERS(turn_around<false>, 2, 2, 64, shared, nullptr, out.data());
    return outcome(error, out, expected);
}

// Half of a block waits for the cluster, and the other half for the block.
template <bool WRONG>
__global__ void cross() {
    if (WRONG && threadIdx.x >= 32) __syncthreads();
    gli_cluster_arrive();
    gli_cluster_wait();
    if (!WRONG || threadIdx.x < 32) __syncthreads();
}

Outcome run_cross(bool wrong) {
    const DeviceArray<int> nothing(std::vector<int>{1});
    const cudaError_t error = wrong ? GLI_LAUNCH_CLUSTERS(cross<true>, 2, 2, 64, 0, nullptr)
                                    : GLI_LAUNCH_CLUSTERS(cross<false>, 2, 2, 64, 0, nullptr);
    return outcome(error, nothing, {1});
}

template <bool STATIC>
__global__ void swap_in_shared(int *y) {
    GLI_DYNAMIC_SHARED(int, own);
    __shared__ int all[2];
    const int t = int(threadIdx.x);
    int *values = STATIC ? all : own;
    values[t]   = 2 * int(blockIdx.x) + t;
    __syncthreads();
    y[2 * int(blockIdx.x) + t] = values[t ^ 1];
}

Outcome run_swap_in_shared(bool wrong) {
    DeviceArray<int> out(4);
    const size_t shared     = 2 * sizeof(int);
    const cudaError_t error = wrong ? GLI_LAUNCH_CLUSTERS(swap_in_shared<true>, 2, 2, 2, shared, nullptr, out.data())
                                    : GLI_LAUNCH_CLUSTERS(swap_in_shared<false>, 2, 2, 2, shared, nullptr, out.data());
    return outcome(error, out, {1, 0, 3, 2});
}

Outcome run_alone(bool wrong) {
    DeviceArray<float> out(std::vector<float>{7});
    const cudaError_t error =
        wrong ? GLI_LAUNCH((give_and_end<0, false>), 2, 1, sizeof(float), nullptr, out.data())
              : GLI_LAUNCH_CLUSTERS((give_and_end<0, false>), 2, 2, 1, sizeof(float), nullptr, out.data());
    return outcome(error, out, {7});
}

}  // namespace

std::vector<Planted> planted_in_clusters() {
    const cudaError_t failure = cudaErrorLaunchFailure, address = cudaErrorIllegalAddress;
    return {
        {"store_before_the_other_block_has_begun", run_sums<Sums::NO_WAIT_BEFORE>,
         "nothing says that the block has begun", failure, "nothing says that the block has begun", ""},
        {"cluster_without_a_barrier", run_sums<Sums::NO_BARRIER>, "", failure, "", ""},
        {"cluster_wait_behind_the_read", run_sums<Sums::NO_WAIT>, "", failure, "", ""},
        {"cluster_arrive_before_the_store", run_sums<Sums::STORE_BEHIND_ARRIVE>, "race on shared", failure, "", ""},
        {"read_between_the_halves_of_the_barrier", run_sums<Sums::READ_BEFORE_WAIT>, "", failure, "", ""},
        {"place_used_again_a_round_later", run_sums<Sums::ONE_PLACE>, "race on shared", failure, "", ""},
        {"cluster_wait_without_arrive", run_sums<Sums::NO_ARRIVE>, "gli_cluster_wait without gli_cluster_arrive",
         failure, "gli_cluster_wait without gli_cluster_arrive", ""},
        {"cluster_arrive_twice", run_sums<Sums::TWO_ARRIVALS>, "gli_cluster_arrive twice", failure,
         "gli_cluster_arrive twice", ""},
        {"store_into_a_block_that_is_not_there", run_sums<Sums::RANK_TOO_HIGH>, "block 4 of a cluster of 4", address,
         "block 4 of a cluster of 4", ""},
        {"store_beyond_the_shared_memory_of_a_block", run_sums<Sums::BEYOND_SHARED>, "no dynamic shared memory",
         address, "no dynamic shared memory", ""},
        {"store_into_a_block_that_has_ended", run_give_and_end<0>, "which has ended", address, "which has ended", ""},
        {"block_that_ends_before_others_have_stored", run_give_and_end<1>, "has not ended by then", failure, "", ""},
        {"cluster_whose_blocks_do_not_wait_for_each_other", run_swap_in_global, "", failure, "", ""},
        {"read_in_the_block_before_the_cluster_has_come", run_turn_around, "never written", failure, "", ""},
        {"barriers_of_block_and_cluster_crossed", run_cross, "waits at the barrier of its cluster, at which 64 of 128",
         failure, "waits at the barrier of its cluster, at which 64 of 128", ""},
        {"static_shared_memory_of_a_cluster", run_swap_in_shared, "dynamic shared memory alone", failure, "", ""},
        {"cluster_barrier_in_an_ordinary_launch", run_alone, "a launch that has no clusters", failure,
         "a launch that has no clusters", ""},
    };
}
