#include "kernels/elementwise/select_launch.h"

#include "kernels/device/map.cuh"

namespace glia {
namespace {

struct chosen {
    const int64_t *condition;
    template <class C, int W>
    __device__ void operator()(const C (&x)[2][W], C (&y)[W]) const {
        const bool first = *condition != 0;
        for (int k = 0; k < W; ++k) y[k] = first ? x[0][k] : x[1][k];
    }
};

template <class T>
cudaError_t select(const gli_select_geom &g, const int64_t *condition, const void *a, const void *b, void *y,
                   cudaStream_t stream) {
    return map<T, 2>(chosen{condition}, {{static_cast<const T *>(a), static_cast<const T *>(b)}}, static_cast<T *>(y),
                     g.count, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_select(const gli_select_geom *geom, glia_dtype dtype, const int64_t *condition, const void *a,
                              const void *b, void *y, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::select<T>(*geom, condition, a, b, y, stream));
}
