// The emulator as a CUDA runtime: what it refuses, when asynchronous work runs, streams, events and graphs.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>

#include "emulator/emulator.h"
#include "kernels/device/cluster.cuh"
#include "kernels/device/cooperative.cuh"
#include "wrong/planted.h"

namespace {

__global__ void add(float *x, float value, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] += value;
}

__global__ void count_threads(int *threads) { atomicAdd(threads, 1); }

__global__ void dynamic_values(float *out) {
    GLI_DYNAMIC_SHARED(float, values);
    out[threadIdx.x] = values[threadIdx.x];
}

__global__ void meet(unsigned *counter, unsigned *seen) {
    gli_signal(counter);
    gli_await(counter, gridDim.x);
    seen[blockIdx.x] = 1;
}

__global__ void tell_neighbour(float *told) {
    GLI_DYNAMIC_SHARED(float, place);
    gli_cluster_arrive();
    gli_cluster_wait();
    gli_cluster_store(place, gli_cluster_rank() ^ 1, float(blockIdx.x));
    gli_cluster_arrive();
    gli_cluster_wait();
    told[blockIdx.x] = place[0];
}

struct Large {
    char bytes[4096];
};
__global__ void take_large(Large, int) {}

class Emulator : public testing::Test {
   protected:
    Emulator() {
        use("");
        cudaGetLastError();
    }
    ~Emulator() override {
        for (cudaStream_t stream : streams_) cudaStreamDestroy(stream);
        for (cudaEvent_t event : events_) cudaEventDestroy(event);
        gli_emulator_reset();
        unsetenv("GLIA_EMULATOR");
    }

    void use(const std::string &settings) {
        setenv("GLIA_EMULATOR", settings.c_str(), 1);
        ASSERT_EQ(cudaSetDevice(0), cudaSuccess) << gli_emulator_message();
    }

    cudaStream_t stream(unsigned flags = cudaStreamNonBlocking) {
        streams_.push_back(nullptr);
        EXPECT_EQ(cudaStreamCreateWithFlags(&streams_.back(), flags), cudaSuccess);
        return streams_.back();
    }

    cudaEvent_t event(unsigned flags = cudaEventDisableTiming) {
        events_.push_back(nullptr);
        EXPECT_EQ(cudaEventCreateWithFlags(&events_.back(), flags), cudaSuccess);
        return events_.back();
    }

   private:
    std::vector<cudaStream_t> streams_;
    std::vector<cudaEvent_t> events_;
};

// Pinned host memory.
class Pinned {
   public:
    explicit Pinned(float value) {
        EXPECT_EQ(cudaMallocHost(reinterpret_cast<void **>(&data_), sizeof *data_), cudaSuccess);
        *data_ = value;
    }
    ~Pinned() { cudaFreeHost(data_); }
    Pinned(const Pinned &)            = delete;
    Pinned &operator=(const Pinned &) = delete;
    float *data() const { return data_; }

   private:
    float *data_ = nullptr;
};

bool message_has(const char *words) { return std::string(gli_emulator_message()).find(words) != std::string::npos; }

TEST_F(Emulator, refuses_launches_that_a_gpu_refuses) {
    DeviceArray<int> threads(std::vector<int>{0});
    const dim3 blocks[] = {dim3(1025), dim3(32, 33), dim3(1, 1, 65), dim3(0), dim3(4, 0), dim3(1024, 2)};
    for (const dim3 &block : blocks) {
        EXPECT_EQ(GLI_LAUNCH(count_threads, 1, block, 0, nullptr, threads.data()), cudaErrorInvalidConfiguration)
            << block.x << " " << block.y;
        EXPECT_TRUE(message_has("count_threads") && message_has(std::to_string(block.x).c_str()))
            << gli_emulator_message();
    }
    const dim3 grids[] = {dim3(0), dim3(1, 0), dim3(1, 65536), dim3(1, 1, 65536), dim3(0x80000000u)};
    for (const dim3 &grid : grids)
        EXPECT_EQ(GLI_LAUNCH(count_threads, grid, 1, 0, nullptr, threads.data()), cudaErrorInvalidConfiguration);
    EXPECT_EQ(threads.read()[0], 0);
    EXPECT_EQ(GLI_LAUNCH(count_threads, dim3(3, 2, 2), dim3(4, 4, 64), 0, nullptr, threads.data()), cudaSuccess);
    EXPECT_EQ(threads.read()[0], 12 * 1024);
}

TEST_F(Emulator, refuses_too_much_shared_memory_and_too_many_parameters) {
    DeviceArray<float> out(1);
    const auto launch = [&](size_t bytes) { return GLI_LAUNCH(dynamic_values, 1, 1, bytes, nullptr, out.data()); };
    EXPECT_EQ(launch(227 * 1024), cudaSuccess) << "GLI_LAUNCH asks for what is beyond 48 KB";
    EXPECT_EQ(launch(227 * 1024 + 1), cudaErrorInvalidValue);
    EXPECT_EQ(launch(60 * 1024), cudaSuccess);
    const void *kernel = emulator::address(dynamic_values);
    cudaFuncAttributes allowed;
    EXPECT_EQ(cudaFuncGetAttributes(&allowed, kernel), cudaSuccess);
    EXPECT_EQ(allowed.maxDynamicSharedSizeBytes, 226 * 1024) << "another thread may be about to launch with as much";
    EXPECT_EQ(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 1000), cudaSuccess);
    EXPECT_EQ(emulator::launch("dynamic_values", dynamic_values, 1, 1, 1001, nullptr, out.data()),
              cudaErrorInvalidValue);
    EXPECT_TRUE(message_has("1001") && message_has("1000")) << gli_emulator_message();
    EXPECT_EQ(GLI_LAUNCH(take_large, 1, 1, 0, nullptr, Large(), 0), cudaErrorInvalidValue);
    EXPECT_TRUE(message_has("4100")) << gli_emulator_message();
}

TEST_F(Emulator, blocks_of_a_cooperative_launch_meet_where_all_of_them_fit) {
    constexpr unsigned most = 4 * 32;  // 32 blocks for each multiprocessor
    DeviceArray<unsigned> counter(std::vector<unsigned>{0}), seen(most);
    const auto launch = [&](unsigned blocks, unsigned threads, size_t shared) {
        return GLI_LAUNCH_COOPERATIVE(meet, blocks, threads, shared, nullptr, counter.data(), seen.data());
    };
    const auto held = [](int threads, size_t shared) {
        int blocks = -1;
        EXPECT_EQ(gli_cooperative_blocks(meet, threads, shared, &blocks), cudaSuccess) << gli_emulator_message();
        return blocks;
    };
    EXPECT_EQ(held(1, 0), 32);
    EXPECT_EQ(held(1024, 0), 2);
    EXPECT_EQ(held(1, 100 * 1024), 2);
    EXPECT_EQ(launch(most + 1, 1, 0), cudaErrorCooperativeLaunchTooLarge);
    EXPECT_TRUE(message_has("129 blocks") && message_has("128")) << gli_emulator_message();
    EXPECT_EQ(launch(9, 1024, 0), cudaErrorCooperativeLaunchTooLarge);
    EXPECT_EQ(launch(5, 1, 200 * 1024), cudaErrorCooperativeLaunchTooLarge);
    EXPECT_EQ(launch(4, 1, 200 * 1024), cudaSuccess);
    ASSERT_EQ(cudaMemset(counter.data(), 0, sizeof(unsigned)), cudaSuccess);
    EXPECT_EQ(launch(most, 1, 0), cudaSuccess);
    EXPECT_EQ(seen.read(), std::vector<unsigned>(most, 1)) << gli_emulator_message();
}

TEST_F(Emulator, clusters_are_launched_where_one_of_them_fits) {
    DeviceArray<float> told(size_t{16});
    const auto launch = [&](unsigned cluster, unsigned blocks, size_t shared) {
        return GLI_LAUNCH_CLUSTERS(tell_neighbour, cluster, blocks, 1, shared, nullptr, told.data());
    };
    const auto fits = [](unsigned cluster, size_t shared) {
        bool fit = false;
        EXPECT_EQ(gli_cluster_fits(gli_address(tell_neighbour), cluster, 1, shared, &fit), cudaSuccess)
            << gli_emulator_message();
        return fit;
    };
    EXPECT_TRUE(fits(8, 100 * 1024));
    EXPECT_TRUE(fits(4, 200 * 1024)) << "a block on each multiprocessor";
    EXPECT_FALSE(fits(8, 200 * 1024));
    EXPECT_EQ(launch(8, 8, 200 * 1024), cudaErrorLaunchOutOfResources);
    EXPECT_TRUE(message_has("a cluster of 8 blocks with 204800 bytes")) << gli_emulator_message();
    EXPECT_EQ(launch(16, 16, 4), cudaErrorInvalidClusterSize);
    EXPECT_TRUE(message_has("clusters of 16 blocks") && message_has("up to 8")) << gli_emulator_message();
    EXPECT_EQ(launch(4, 6, 4), cudaErrorInvalidClusterSize);
    EXPECT_TRUE(message_has("6 blocks along x") && message_has("a cluster of 4")) << gli_emulator_message();
    EXPECT_EQ(launch(4, 16, 4), cudaSuccess);
    std::vector<float> expected;
    for (int i = 0; i < 16; i++) expected.push_back(float(i ^ 1));
    EXPECT_EQ(told.read(), expected) << gli_emulator_message();
    use("cluster=1");
    EXPECT_FALSE(fits(2, 4)) << "the GPU has no clusters";
    EXPECT_EQ(launch(2, 2, 4), cudaErrorInvalidClusterSize);
}

TEST_F(Emulator, fresh_memory_of_any_kind_is_not_a_number) {
    DeviceArray<float> fresh(5), shared(4);
    for (float value : fresh.read()) EXPECT_NE(value, value);
    ASSERT_EQ(GLI_LAUNCH(dynamic_values, 1, 4, 16, nullptr, shared.data()), cudaSuccess);
    for (float value : shared.read()) EXPECT_NE(value, value);
    void *pinned;
    ASSERT_EQ(cudaMallocHost(&pinned, sizeof(float)), cudaSuccess);
    EXPECT_NE(*static_cast<float *>(pinned), *static_cast<float *>(pinned));
    EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST_F(Emulator, memory_is_limited_counted_and_checked) {
    const size_t before = gli_emulator_live_bytes();
    use("memory=1000000");
    void *first = nullptr, *second = nullptr;
    size_t free = 0, total = 0;
    ASSERT_EQ(cudaMalloc(&first, 600000), cudaSuccess);
    EXPECT_EQ(cudaMalloc(&second, 600000), cudaErrorMemoryAllocation);
    EXPECT_EQ(second, nullptr);
    EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "it is no sticky error";
    ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
    EXPECT_EQ(total, 1000000u);
    EXPECT_EQ(free, 400000u);
    EXPECT_EQ(gli_emulator_live_bytes(), before + 600000);
    EXPECT_EQ(cudaFree(static_cast<char *>(first) + 256), cudaErrorInvalidValue);
    EXPECT_EQ(cudaFreeHost(first), cudaErrorInvalidValue);
    EXPECT_EQ(cudaFree(first), cudaSuccess);
    EXPECT_EQ(cudaFree(first), cudaErrorInvalidValue) << "freed twice";
    EXPECT_EQ(gli_emulator_live_bytes(), before);
}

TEST_F(Emulator, copies_are_checked) {
    DeviceArray<float> x(4);
    float host[8] = {};
    EXPECT_EQ(cudaMemcpy(x.data(), host, 17, cudaMemcpyHostToDevice), cudaErrorInvalidValue) << "beyond the allocation";
    EXPECT_EQ(cudaMemcpy(x.data() + 3, host, 8, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    EXPECT_EQ(cudaMemcpy(host, host + 4, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue) << "the wrong way";
    EXPECT_EQ(cudaMemcpy(x.data(), host, 16, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
    EXPECT_EQ(cudaMemcpy(x.data() + 1, x.data(), 8, cudaMemcpyDeviceToDevice), cudaErrorInvalidValue) << "overlapping";
    EXPECT_EQ(cudaMemset(host, 0, 4), cudaErrorInvalidValue);
    EXPECT_EQ(cudaMemcpy(x.data(), host, 16, cudaMemcpyDefault), cudaSuccess);
}

TEST_F(Emulator, unknown_settings_are_refused_and_named) {
    for (const char *settings :
         {"schedule=backwards", "copies", "seed=x", "speed=11", "memory=-1", "shared=48KB", "seed=1,,",
          "seed=18446744073709551616", "memory=99999999999999999999", "cluster=0", "cluster=9"}) {
        setenv("GLIA_EMULATOR", settings, 1);
        EXPECT_EQ(cudaSetDevice(0), cudaErrorInvalidValue) << settings;
        EXPECT_TRUE(message_has("it knows schedule=")) << gli_emulator_message();
    }
    EXPECT_EQ(cudaSetDevice(1), cudaErrorInvalidDevice);
}

TEST_F(Emulator, pinned_memory_is_read_when_the_copy_runs) {
    for (const bool late : {false, true}) {
        use(late ? "copies=late" : "copies=early");
        DeviceArray<float> x(1);
        Pinned host(1);
        cudaStream_t s = stream();
        ASSERT_EQ(cudaMemcpyAsync(x.data(), host.data(), 4, cudaMemcpyHostToDevice, s), cudaSuccess);
        *host.data() = 2;  // the mistake that late copies make visible
        ASSERT_EQ(cudaStreamSynchronize(s), cudaSuccess);
        EXPECT_EQ(x.read()[0], late ? 2 : 1);
    }
}

TEST_F(Emulator, results_are_there_after_synchronising_and_no_sooner) {
    use("copies=late");
    DeviceArray<float> x(std::vector<float>{1});
    Pinned host(0);
    cudaStream_t s = stream();
    ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, s, x.data(), 4.0f, 1), cudaSuccess);
    ASSERT_EQ(cudaMemcpyAsync(host.data(), x.data(), 4, cudaMemcpyDeviceToHost, s), cudaSuccess);
    EXPECT_EQ(*host.data(), 0);
    int questions = 0;
    while (cudaStreamQuery(s) == cudaErrorNotReady) ++questions;
    EXPECT_GT(questions, 0);
    EXPECT_EQ(*host.data(), 5);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "not being ready is no error";
}

TEST_F(Emulator, pageable_memory_is_copied_before_the_call_returns) {
    use("copies=late");
    DeviceArray<float> x(1);
    float value    = 3;
    cudaStream_t s = stream();
    ASSERT_EQ(cudaMemcpyAsync(x.data(), &value, 4, cudaMemcpyHostToDevice, s), cudaSuccess);
    value = 4;
    EXPECT_EQ(x.read()[0], 3);
}

TEST_F(Emulator, two_streams_are_ordered_by_events_only) {
    for (int seed = 0; seed < 32; ++seed) {
        use("copies=late,schedule=shuffled,seed=" + std::to_string(seed));
        DeviceArray<float> x(std::vector<float>{0}), y(std::vector<float>{0});
        cudaStream_t producer = stream(), consumer = stream();
        cudaEvent_t produced = event();
        ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, producer, x.data(), 7.0f, 1), cudaSuccess);
        ASSERT_EQ(cudaEventRecord(produced, producer), cudaSuccess);
        EXPECT_EQ(cudaEventQuery(produced), cudaErrorNotReady);
        ASSERT_EQ(cudaStreamWaitEvent(consumer, produced, 0), cudaSuccess);
        ASSERT_EQ(cudaMemcpyAsync(y.data(), x.data(), 4, cudaMemcpyDeviceToDevice, consumer), cudaSuccess);
        ASSERT_EQ(cudaStreamSynchronize(consumer), cudaSuccess);
        EXPECT_EQ(y.read()[0], 7);
        EXPECT_EQ(cudaEventSynchronize(produced), cudaSuccess);
    }
}

// Without the event some schedule shows that the order was luck.
TEST_F(Emulator, a_missing_event_is_noticed) {
    int stale = 0;
    for (int seed = 0; seed < 32; ++seed) {
        use("copies=late,schedule=shuffled,seed=" + std::to_string(seed));
        DeviceArray<float> x(std::vector<float>{0}), y(std::vector<float>{0});
        cudaStream_t producer = stream(), consumer = stream();
        ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, producer, x.data(), 7.0f, 1), cudaSuccess);
        ASSERT_EQ(cudaMemcpyAsync(y.data(), x.data(), 4, cudaMemcpyDeviceToDevice, consumer), cudaSuccess);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        stale += y.read()[0] == 0;
    }
    EXPECT_GT(stale, 0);
}

TEST_F(Emulator, the_legacy_stream_waits_for_blocking_streams_and_they_for_it) {
    use("copies=late");
    DeviceArray<float> x(std::vector<float>{1});
    Pinned first(0), second(0);
    cudaStream_t blocking = stream(cudaStreamDefault);
    ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, blocking, x.data(), 1.0f, 1), cudaSuccess);
    ASSERT_EQ(cudaMemcpyAsync(first.data(), x.data(), 4, cudaMemcpyDeviceToHost, nullptr), cudaSuccess);
    ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, blocking, x.data(), 1.0f, 1), cudaSuccess);
    ASSERT_EQ(cudaMemcpyAsync(second.data(), x.data(), 4, cudaMemcpyDeviceToHost, blocking), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(blocking), cudaSuccess);
    EXPECT_EQ(*first.data(), 2);
    EXPECT_EQ(*second.data(), 3);
}

TEST_F(Emulator, a_graph_keeps_arguments_and_runs_as_often_as_it_is_launched) {
    DeviceArray<float> x(std::vector<float>{0});
    cudaStream_t s = stream();
    float value    = 2;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    size_t nodes = 0;
    ASSERT_EQ(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, s, x.data(), value, 1), cudaSuccess);
    value = 100;
    ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, s, x.data(), 1.0f, 1), cudaSuccess);
    ASSERT_EQ(cudaStreamEndCapture(s, &graph), cudaSuccess);
    EXPECT_EQ(x.read()[0], 0) << "capturing runs nothing";
    ASSERT_EQ(cudaGraphGetNodes(graph, nullptr, &nodes), cudaSuccess);
    EXPECT_EQ(nodes, 2u);
    ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
    ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    ASSERT_EQ(cudaGraphUpload(executable, s), cudaSuccess);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(cudaGraphLaunch(executable, s), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(s), cudaSuccess);
    EXPECT_EQ(x.read()[0], 15);
    EXPECT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
    EXPECT_EQ(cudaGraphUpload(executable, s), cudaErrorInvalidValue);
    EXPECT_EQ(cudaGraphLaunch(executable, s), cudaErrorInvalidValue);
}

TEST_F(Emulator, a_graph_launches_in_clusters_what_was_captured_in_clusters) {
    DeviceArray<float> told(size_t{8}), launched(size_t{8});
    cudaStream_t s = stream();
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    ASSERT_EQ(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    ASSERT_EQ(GLI_LAUNCH_CLUSTERS(tell_neighbour, 4, 8, 1, 4, s, told.data()), cudaSuccess);
    EXPECT_EQ(GLI_LAUNCH_CLUSTERS(tell_neighbour, 4, 6, 1, 4, s, told.data()), cudaErrorInvalidClusterSize);
    ASSERT_EQ(cudaStreamEndCapture(s, &graph), cudaSuccess) << gli_emulator_message();
    ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
    ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    ASSERT_EQ(GLI_LAUNCH_CLUSTERS(tell_neighbour, 4, 8, 1, 4, s, launched.data()), cudaSuccess);
    for (int replay = 0; replay < 2; ++replay) {
        ASSERT_EQ(cudaMemsetAsync(told.data(), 0, 8 * sizeof(float), s), cudaSuccess);
        ASSERT_EQ(cudaGraphLaunch(executable, s), cudaSuccess);
        ASSERT_EQ(cudaStreamSynchronize(s), cudaSuccess);
        EXPECT_EQ(told.read(), launched.read()) << replay;
    }
    EXPECT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
}

TEST_F(Emulator, a_capture_takes_in_streams_that_wait_for_it) {
    DeviceArray<float> x(std::vector<float>{0}), y(std::vector<float>{0});
    cudaStream_t s = stream(), other = stream();
    cudaEvent_t fork = event(), join = event();
    cudaGraph_t graph;
    for (const bool joined : {false, true}) {
        ASSERT_EQ(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal), cudaSuccess);
        ASSERT_EQ(cudaEventRecord(fork, s), cudaSuccess);
        ASSERT_EQ(cudaStreamWaitEvent(other, fork, 0), cudaSuccess);
        ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, other, y.data(), 1.0f, 1), cudaSuccess);
        ASSERT_EQ(GLI_LAUNCH(add, 1, 1, 0, s, x.data(), 1.0f, 1), cudaSuccess);
        if (joined) {
            ASSERT_EQ(cudaEventRecord(join, other), cudaSuccess);
            ASSERT_EQ(cudaStreamWaitEvent(s, join, 0), cudaSuccess);
        }
        EXPECT_EQ(cudaStreamEndCapture(s, &graph), joined ? cudaSuccess : cudaErrorStreamCaptureUnjoined);
        EXPECT_EQ(graph != nullptr, joined);
    }
    EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_F(Emulator, calls_that_a_capture_forbids_invalidate_it) {
    DeviceArray<float> x(std::vector<float>{0});
    cudaStream_t s                             = stream();
    cudaEvent_t done                           = event();
    void *more                                 = nullptr;
    float host                                 = 0;
    const std::function<cudaError_t()> calls[] = {
        [&] { return cudaStreamSynchronize(s); },
        [&] { return cudaDeviceSynchronize(); },
        [&] { return cudaStreamQuery(s); },
        [&] { return cudaMalloc(&more, 4); },
        [&] { return cudaMemcpy(&host, x.data(), 4, cudaMemcpyDeviceToHost); },
        [&] { return cudaEventRecord(done, s) == cudaSuccess ? cudaEventSynchronize(done) : cudaSuccess; },
    };
    for (const auto &call : calls) {
        cudaGraph_t graph;
        cudaStreamCaptureStatus status;
        ASSERT_EQ(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal), cudaSuccess);
        const cudaError_t error = call();
        EXPECT_TRUE(error == cudaErrorStreamCaptureUnsupported || error == cudaErrorCapturedEvent)
            << cudaGetErrorName(error);
        ASSERT_EQ(cudaStreamIsCapturing(s, &status), cudaSuccess);
        EXPECT_EQ(status, cudaStreamCaptureStatusInvalidated);
        EXPECT_EQ(GLI_LAUNCH(add, 1, 1, 0, s, x.data(), 1.0f, 1), cudaErrorStreamCaptureInvalidated);
        EXPECT_EQ(cudaStreamEndCapture(s, &graph), cudaErrorStreamCaptureInvalidated);
    }
    EXPECT_EQ(cudaStreamSynchronize(s), cudaSuccess) << "afterwards the stream is as before";
    ASSERT_EQ(cudaStreamBeginCapture(s, cudaStreamCaptureModeRelaxed), cudaSuccess);
    EXPECT_EQ(cudaMalloc(&more, 4), cudaSuccess);
    cudaGraph_t graph;
    EXPECT_EQ(cudaStreamEndCapture(s, &graph), cudaSuccess);
    EXPECT_EQ(cudaFree(more), cudaSuccess);
    EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_F(Emulator, a_lost_gpu_answers_every_call_with_the_reason_until_reset) {
    const Planted planted = planted_in_warps().front();
    cudaStream_t s        = stream();
    EXPECT_EQ(planted.run(true).error, cudaErrorLaunchFailure);
    const std::string reason = gli_emulator_message();
    void *more               = nullptr;
    EXPECT_EQ(cudaMalloc(&more, 4), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaStreamSynchronize(s), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure) << "a sticky error stays";
    EXPECT_EQ(reason, gli_emulator_message());
    EXPECT_EQ(gli_emulator_live_bytes(), 0u) << "what is freed after the loss is freed";
    gli_emulator_reset();
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    EXPECT_TRUE(planted.run(false).right);
}

// Between two neighbours the middle goes to the even one, and what lies beyond it to the nearer.
template <typename T, typename OfBits, typename BitsOf>
void expect_rounding_to_nearest(OfBits of_bits, BitsOf bits_of, int first, int last) {
    for (int bits = first; bits <= last; ++bits) {
        const float low = of_bits(bits), high = of_bits(bits + 1), middle = low + (high - low) / 2;
        ASSERT_EQ(bits_of(T(low)), bits);
        ASSERT_EQ(bits_of(T(-low)), bits | 0x8000);
        ASSERT_EQ(bits_of(T(middle)), bits % 2 == 0 ? bits : bits + 1) << low;
        ASSERT_EQ(bits_of(T(std::nextafter(middle, low))), bits) << low;
        ASSERT_EQ(bits_of(T(std::nextafter(middle, high))), bits + 1) << low;
    }
    EXPECT_EQ(float(T(INFINITY)), INFINITY);
    EXPECT_NE(float(T(NAN)), float(T(NAN)));
}

TEST_F(Emulator, halves_and_bfloat16s_are_rounded_to_nearest_even) {
    expect_rounding_to_nearest<__half>(__ushort_as_half, __half_as_ushort, 0, 0x7BFE);
    expect_rounding_to_nearest<__nv_bfloat16>(__ushort_as_bfloat16, __bfloat16_as_ushort, 0x80, 0x7F7E);
    EXPECT_EQ(float(__float2half_rn(65519.996f)), 65504);
    EXPECT_EQ(float(__float2half_rn(65520)), INFINITY);
    EXPECT_EQ(__half_as_ushort(__double2half(1 + 0x1p-11 + 0x1p-50)), 0x3C01) << "by way of float it would be a tie";
    EXPECT_EQ(__bfloat16_as_ushort(__double2bfloat16(1 + 0x1p-8 + 0x1p-50)), 0x3F81);
}

TEST_F(Emulator, handles_that_are_none_are_refused) {
    auto nonsense = reinterpret_cast<cudaStream_t>(uintptr_t{0x1230});
    EXPECT_EQ(cudaStreamSynchronize(nonsense), cudaErrorInvalidResourceHandle);
    EXPECT_EQ(cudaStreamDestroy(nonsense), cudaErrorInvalidResourceHandle);
    EXPECT_EQ(cudaEventRecord(reinterpret_cast<cudaEvent_t>(nonsense), nullptr), cudaErrorInvalidResourceHandle);
    EXPECT_EQ(cudaGraphDestroy(reinterpret_cast<cudaGraph_t>(nonsense)), cudaErrorInvalidResourceHandle);
}

}  // namespace
