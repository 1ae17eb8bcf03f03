/* One thread: a few numbers in double. */
#include "kernels/metric/accumulate_launch.h"

#include "kernels/device/types.cuh"

namespace glia {
namespace {

template <class T>
__global__ void __launch_bounds__(1)
    accumulate_kernel(double weight, const T *value, const double *sums, double *new_sums) {
    new_sums[0] = sums[0] + double(to_compute(*value)) * weight;
    new_sums[1] = sums[1] + weight;
}

template <class T>
cudaError_t accumulate(double weight, const void *value, const double *sums, double *new_sums, cudaStream_t stream) {
    return GLI_LAUNCH(accumulate_kernel<T>, 1, 1, 0, stream, weight, static_cast<const T *>(value), sums, new_sums);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_accumulate(const gli_accumulate_geom *geom, glia_dtype dtype, const void *value,
                                  const double *sums, double *new_sums, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::accumulate<T>(geom->weight, value, sums, new_sums, stream));
}
