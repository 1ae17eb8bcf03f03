/* One 16-byte read of each input and one write of the output; the arithmetic hides behind the memory. */
#include "kernels/elementwise/unary_launch.h"

#include "kernels/device/functions.cuh"
#include "kernels/device/map.cuh"

namespace glia {
namespace {

template <class C>
struct forward {
    glia_unary_kind kind;
    C alpha, beta;
    __device__ C operator()(const C (&x)[1]) const { return apply(kind, alpha, beta, x[0]); }
};

template <class C>
struct backward {
    glia_unary_kind kind;
    C alpha, beta;
    bool from_y;
    __device__ C operator()(const C (&in)[2]) const {
        const C slope = from_y ? slope_from_y(kind, alpha, beta, in[1]) : slope_from_x(kind, alpha, beta, in[1]);
        return slope == 0 ? C(0) : slope * in[0];
    }
};

template <class T>
cudaError_t unary(glia_unary_kind kind, double alpha, double beta, const void *x, void *y, int count,
                  cudaStream_t stream) {
    typedef compute<T> C;
    const forward<C> f = {kind, C(alpha), C(beta)};
    return map<T, 1>(f, {{static_cast<const T *>(x)}}, static_cast<T *>(y), count, stream);
}

template <class T>
cudaError_t unary_backward(glia_unary_kind kind, double alpha, double beta, bool from_y, const void *source,
                           const void *dy, void *dx, int count, cudaStream_t stream) {
    typedef compute<T> C;
    const backward<C> f = {kind, C(alpha), C(beta), from_y};
    const T *gradient   = static_cast<const T *>(dy);
    return map<T, 2>(f, {{gradient, source ? static_cast<const T *>(source) : gradient}}, static_cast<T *>(dx), count,
                     stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_unary(glia_dtype dtype, glia_unary_kind kind, double alpha, double beta, const void *x, void *y,
                             int count, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::unary<T>(kind, alpha, beta, x, y, count, stream));
}

cudaError_t gli_kernel_unary_backward(glia_dtype dtype, glia_unary_kind kind, double alpha, double beta, bool from_y,
                                      const void *source, const void *dy, void *dx, int count, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::unary_backward<T>(kind, alpha, beta, from_y, source, dy, dx, count, stream));
}
