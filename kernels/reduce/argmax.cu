#include "kernels/reduce/argmax_launch.h"

#include "kernels/device/class_rows.cuh"

namespace glia {
namespace {

template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS) argmax_kernel(class_shape s, const T *x, int64_t *y) {
    const int64_t item = int64_t(blockIdx.x) * (CLASS_THREADS / TEAM) + threadIdx.x / TEAM;
    const bool here    = item < s.items;
    const int index    = argmax_of<TEAM>(x + (here ? s.first(item) : 0), s.inner, here ? s.classes : 0);
    if (here && threadIdx.x % TEAM == 0) y[item] = index;
}

template <class T>
cudaError_t argmax(const class_shape &s, const void *x, int64_t *y, cudaStream_t stream) {
    if (s.items == 0) return cudaSuccess;
    return GLI_FOR_TEAM(team_for(s), TEAM,
                        GLI_LAUNCH((argmax_kernel<T, TEAM>), blocks_of_teams(s, INT32_MAX), CLASS_THREADS, 0, stream, s,
                                   static_cast<const T *>(x), y));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_argmax(const gli_argmax_geom *g, glia_dtype dtype, const void *x, int64_t *y,
                              cudaStream_t stream) {
    const glia::class_shape s = {int64_t(g->outer) * g->inner, g->length, g->inner};
    return GLI_FOR_FLOAT(dtype, T, glia::argmax<T>(s, x, y, stream));
}
