/* One block: there are at most GLIA_MAX_COUNTERS counters, a thread for each. */
#include "kernels/data/increment_launch.h"

#include "kernels/device/cuda.cuh"

namespace glia {
namespace {

__global__ void __launch_bounds__(GLIA_MAX_COUNTERS)
    increment_kernel(gli_increment_geom g, const int64_t *x, int64_t *y) {
    const int i = threadIdx.x;
    if (i < g.count) y[i] = x[i] + g.by[i];
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_increment(const gli_increment_geom *geom, const int64_t *x, int64_t *y, cudaStream_t stream) {
    return GLI_LAUNCH(glia::increment_kernel, 1, GLIA_MAX_COUNTERS, 0, stream, *geom, x, y);
}
