#include "kernels/elementwise/compare_launch.h"

#include <algorithm>

#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { COMPARE_THREADS = 256, COMPARE_BLOCKS = 1024 };

__global__ void __launch_bounds__(COMPARE_THREADS)
    compare_kernel(const unsigned *a, const unsigned *b, size_t words, int *different) {
    const size_t step = static_cast<size_t>(gridDim.x) * COMPARE_THREADS;
    bool differs      = false;
    for (size_t i = static_cast<size_t>(blockIdx.x) * COMPARE_THREADS + threadIdx.x; i < words; i += step)
        differs = differs || a[i] != b[i];
    if (differs) atomicMax(different, 1);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_compare(const unsigned *a, const unsigned *b, size_t words, int *different,
                               cudaStream_t stream) {
    const size_t blocks = (words + glia::COMPARE_THREADS - 1) / glia::COMPARE_THREADS;
    const int grid      = static_cast<int>(std::min(blocks, size_t{glia::COMPARE_BLOCKS}));
    if (words == 0) return cudaSuccess;
    return GLI_LAUNCH(glia::compare_kernel, grid, glia::COMPARE_THREADS, 0, stream, a, b, words, different);
}
