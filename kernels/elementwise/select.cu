#include "kernels/elementwise/select_launch.h"

#include "kernels/device/map.cuh"

namespace glia {
namespace {

template <class C>
struct chosen {
    const int64_t *condition;
    __device__ C operator()(const C (&x)[2]) const { return *condition != 0 ? x[0] : x[1]; }
};

template <class T>
cudaError_t select(const gli_select_geom &g, const int64_t *condition, const void *a, const void *b, void *y,
                   cudaStream_t stream) {
    return map<T, 2>(chosen<compute<T>>{condition}, {{static_cast<const T *>(a), static_cast<const T *>(b)}},
                     static_cast<T *>(y), g.count, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_select(const gli_select_geom *geom, glia_dtype dtype, const int64_t *condition, const void *a,
                              const void *b, void *y, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::select<T>(*geom, condition, a, b, y, stream));
}
