#include "kernels/elementwise/where_launch.h"

#include "kernels/device/broadcast_map.cuh"

namespace glia {
namespace {

struct whole {
    const int64_t *condition;
    template <class C, int W>
    __device__ void operator()(const C (&x)[2][W], C (&y)[W]) const {
        const bool first = *condition != 0;
        for (int k = 0; k < W; ++k) y[k] = first ? x[0][k] : x[1][k];
    }
};

struct by_element {
    template <class C, int W>
    __device__ void operator()(const C (&x)[3][W], C (&y)[W]) const {
        for (int k = 0; k < W; ++k) y[k] = x[0][k] != 0 ? x[1][k] : x[2][k];
    }
};

template <class T>
cudaError_t where_whole(const gli_where_geom &g, const int64_t *condition, const void *a, const void *b, void *y,
                        cudaStream_t stream) {
    return map<T, 2>(whole{condition}, {{static_cast<const T *>(a), static_cast<const T *>(b)}}, static_cast<T *>(y),
                     g.count, stream);
}

template <class T>
cudaError_t where(const gli_axes &axes, const void *condition, const void *a, const void *b, void *y,
                  cudaStream_t stream) {
    const inputs<T, 3> in = {{static_cast<const T *>(condition), static_cast<const T *>(a), static_cast<const T *>(b)}};
    return broadcast<T, 3>(by_element(), axes, in, static_cast<T *>(y), stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_where_whole(const gli_where_geom *geom, glia_dtype dtype, const int64_t *condition,
                                   const void *a, const void *b, void *y, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::where_whole<T>(*geom, condition, a, b, y, stream));
}

cudaError_t gli_kernel_where(glia_dtype dtype, const gli_axes *axes, const void *condition, const void *a,
                             const void *b, void *y, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::where<T>(*axes, condition, a, b, y, stream));
}
