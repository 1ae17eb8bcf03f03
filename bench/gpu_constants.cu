// Measures what a GPU's launches and loads cost, the numbers behind estimates of training steps and kernels. JSON
// lines. Compiled by nvcc for CUDA, and as gpu_constants_emulated by the C++ compiler for the emulated device.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>

#include "kernels/device/cuda.cuh"

// Returns from the function with the first failure.
#define TRY(call)                               \
    do {                                        \
        const cudaError_t error = (call);       \
        if (error != cudaSuccess) return error; \
    } while (0)

namespace {

enum { THREADS = 256, BLOCKS_OF_A_MULTIPROCESSOR = 8, ROUNDS = 5 };

struct Gpu {
    cudaStream_t stream;
    cudaEvent_t begin, end;
    int multiprocessors;
    size_t bytes;  // of each of the two buffers
    void *from, *to;
    int nodes;  // by which the larger of two graphs has more
};

using Work = std::function<cudaError_t()>;

void print(const char *constant, double value, const char *unit) {
    printf("{\"constant\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}\n", constant, value, unit);
}

// The shortest of some rounds by the device's clock, after one round that is not counted.
cudaError_t seconds_of(const Gpu &gpu, const Work &work, double *seconds) {
    *seconds = 1e9;
    for (int round = 0; round <= ROUNDS; ++round) {
        float milliseconds;
        TRY(cudaEventRecord(gpu.begin, gpu.stream));
        TRY(work());
        TRY(cudaEventRecord(gpu.end, gpu.stream));
        TRY(cudaEventSynchronize(gpu.end));
        TRY(cudaEventElapsedTime(&milliseconds, gpu.begin, gpu.end));
        if (round > 0) *seconds = std::min(*seconds, milliseconds / 1e3);
    }
    return cudaSuccess;
}

/* ---- Launches ---- */

__global__ void nothing_kernel() {}

cudaError_t launch(const Gpu &gpu, int count) {
    for (int i = 0; i < count; ++i) TRY(GLI_LAUNCH(nothing_kernel, dim3(1), dim3(32), 0, gpu.stream));
    return cudaSuccess;
}

// The time of a graph of so many kernels, each dependent on the one before.
cudaError_t replay_seconds(const Gpu &gpu, int count, double *seconds) {
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    TRY(cudaStreamBeginCapture(gpu.stream, cudaStreamCaptureModeThreadLocal));
    TRY(launch(gpu, count));
    TRY(cudaStreamEndCapture(gpu.stream, &graph));
    TRY(cudaGraphInstantiate(&executable, graph, 0));
    TRY(seconds_of(gpu, [&] { return cudaGraphLaunch(executable, gpu.stream); }, seconds));
    TRY(cudaGraphExecDestroy(executable));
    return cudaGraphDestroy(graph);
}

cudaError_t measure_launches(const Gpu &gpu) {
    double few, many, launched;
    TRY(replay_seconds(gpu, 10, &few));
    TRY(replay_seconds(gpu, 10 + gpu.nodes, &many));
    TRY(seconds_of(gpu, [&] { return launch(gpu, gpu.nodes); }, &launched));
    print("node of a graph", (many - few) / gpu.nodes * 1e6, "us");
    print("launch", launched / gpu.nodes * 1e6, "us");

    // What the host waits for one small result, beyond the kernel.
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < gpu.nodes; ++i) {
        TRY(launch(gpu, 1));
        TRY(cudaStreamSynchronize(gpu.stream));
    }
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
    print("launch and wait", waited.count() / gpu.nodes * 1e6, "us");
    return cudaSuccess;
}

/* ---- Loads ---- */

// Each thread loads UNROLL elements before it stores the first of them.
template <typename T, int UNROLL>
__global__ void __launch_bounds__(THREADS) copy_kernel(const T *from, T *to, size_t count) {
    const size_t step = size_t(gridDim.x) * THREADS;
    for (size_t i = size_t(blockIdx.x) * THREADS + threadIdx.x; i < count; i += UNROLL * step) {
        T loaded[UNROLL] = {};
#pragma unroll
        for (int u = 0; u < UNROLL; ++u)
            if (i + u * step < count) loaded[u] = from[i + u * step];
#pragma unroll
        for (int u = 0; u < UNROLL; ++u)
            if (i + u * step < count) to[i + u * step] = loaded[u];
    }
}

template <typename T, int UNROLL>
cudaError_t measure_copy(const Gpu &gpu) {
    double seconds;
    char name[64];
    const dim3 grid(unsigned(gpu.multiprocessors * BLOCKS_OF_A_MULTIPROCESSOR));
    const Work work = [&] {
        return GLI_LAUNCH((copy_kernel<T, UNROLL>), grid, dim3(THREADS), 0, gpu.stream,
                          static_cast<const T *>(gpu.from), static_cast<T *>(gpu.to), gpu.bytes / sizeof(T));
    };
    TRY(seconds_of(gpu, work, &seconds));
    snprintf(name, sizeof name, "copy by %zu bytes, %d loads at once", sizeof(T), UNROLL);
    print(name, 2 * double(gpu.bytes) / seconds / 1e9, "GB/s");
    return cudaSuccess;
}

cudaError_t measure_memory(const Gpu &gpu) {
    double seconds;
    TRY((measure_copy<unsigned int, 1>(gpu)));
    TRY((measure_copy<unsigned int, 4>(gpu)));
    TRY((measure_copy<uint2, 1>(gpu)));
    TRY((measure_copy<uint2, 4>(gpu)));
    TRY((measure_copy<uint4, 1>(gpu)));
    TRY((measure_copy<uint4, 2>(gpu)));
    TRY((measure_copy<uint4, 4>(gpu)));
    const Work copy = [&] {
        return cudaMemcpyAsync(gpu.to, gpu.from, gpu.bytes, cudaMemcpyDeviceToDevice, gpu.stream);
    };
    TRY(seconds_of(gpu, copy, &seconds));
    print("copy by the driver", 2 * double(gpu.bytes) / seconds / 1e9, "GB/s");
    TRY(seconds_of(gpu, [&] { return cudaMemsetAsync(gpu.to, 0, gpu.bytes, gpu.stream); }, &seconds));
    print("clear by the driver", double(gpu.bytes) / seconds / 1e9, "GB/s");
    return cudaSuccess;
}

cudaError_t measure(bool quick) {
    Gpu gpu{};
    gpu.bytes = quick ? size_t(1) << 16 : size_t(1) << 30;
    gpu.nodes = quick ? 10 : 1000;
    TRY(cudaDeviceGetAttribute(&gpu.multiprocessors, cudaDevAttrMultiProcessorCount, 0));
    TRY(cudaStreamCreateWithFlags(&gpu.stream, cudaStreamNonBlocking));
    TRY(cudaEventCreate(&gpu.begin));
    TRY(cudaEventCreate(&gpu.end));
    TRY(cudaMalloc(&gpu.from, gpu.bytes));
    TRY(cudaMalloc(&gpu.to, gpu.bytes));
    TRY(cudaMemsetAsync(gpu.from, 0, gpu.bytes, gpu.stream));
    TRY(measure_launches(gpu));
    TRY(measure_memory(gpu));
    TRY(cudaFree(gpu.to));
    TRY(cudaFree(gpu.from));
    TRY(cudaEventDestroy(gpu.end));
    TRY(cudaEventDestroy(gpu.begin));
    return cudaStreamDestroy(gpu.stream);
}

}  // namespace

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf("usage: %s [--quick]\nWhat a GPU's launches and loads cost, as JSON lines.\n\n", name);
        printf("  --quick    little work, to see that it runs\n");
        return 0;
    }
    const bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    if (argc > 1 + quick) {
        fprintf(stderr, "%s: there is no option %s; --help lists them\n", name, argv[1 + quick]);
        return 2;
    }
    const cudaError_t error = measure(quick);
    if (error != cudaSuccess) fprintf(stderr, "%s: %s\n", name, cudaGetErrorString(error));
    return error == cudaSuccess ? 0 : 1;
}
