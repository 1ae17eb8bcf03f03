// Kernels with one bug each, for compute-sanitizer: scripts/gpu_check believes its silence about Glia's kernels only
// where it reports these.
//   planted_bugs memcheck|racecheck|initcheck|synccheck
#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>

namespace {

constexpr int THREADS = 64;

// The last thread writes one element behind the memory.
__global__ void memcheck(float *y) { y[threadIdx.x + 1] = 1; }

// Neighbours exchange values without a barrier.
__global__ void racecheck(float *y) {
    __shared__ float shared[THREADS];
    shared[threadIdx.x] = float(threadIdx.x);
    y[threadIdx.x]      = shared[(threadIdx.x + 33) % THREADS];
}

// Nobody has written what is read.
__global__ void initcheck(float *y) { y[threadIdx.x] = y[threadIdx.x] + 1; }

// Half of a warp waits at a barrier that the other half never reaches.
__global__ void synccheck(float *y) {
    if (threadIdx.x % 2 == 0) __syncthreads();
    y[threadIdx.x] = 1;
}

struct {
    const char *name;
    void (*kernel)(float *);
} const bugs[] = {{"memcheck", memcheck}, {"racecheck", racecheck}, {"initcheck", initcheck}, {"synccheck", synccheck}};

}  // namespace

int main(int argc, char **argv) {
    for (const auto &bug : bugs) {
        if (argc != 2 || strcmp(argv[1], bug.name) != 0) continue;
        float *y          = nullptr;
        cudaError_t error = cudaMalloc(&y, THREADS * sizeof *y);
        if (error == cudaSuccess) {
            bug.kernel<<<1, THREADS>>>(y);
            error = cudaDeviceSynchronize();
            cudaFree(y);
        }
        printf("%s: %s\n", bug.name, cudaGetErrorString(error));
        return 0;  // what counts is what compute-sanitizer says
    }
    fprintf(stderr, "usage: planted_bugs memcheck|racecheck|initcheck|synccheck\n");
    return 2;
}
