#include "kernels/elementwise/prelu_launch.h"

#include "kernels/device/broadcast_sum.cuh"

namespace glia {
namespace {

template <class C>
struct forward {
    __device__ C operator()(const C (&x)[2]) const { return x[0] > 0 ? x[0] : x[1] * x[0]; }
};

template <class C>
struct by_x {
    __device__ C operator()(const C (&in)[3]) const { return in[0] > 0 ? in[2] : in[1] * in[2]; }
};

template <class C>
struct by_slope {
    __device__ C operator()(const C (&in)[2]) const { return in[0] > 0 ? C(0) : in[0] * in[1]; }
};

template <class T>
cudaError_t prelu(const gli_axes &axes, const void *x, const void *slope, void *y, cudaStream_t stream) {
    const inputs<T, 2> in = {{static_cast<const T *>(x), static_cast<const T *>(slope)}};
    return broadcast<T, 2>(forward<compute<T>>(), axes, in, static_cast<T *>(y), stream);
}

template <class T>
cudaError_t backward(const gli_axes &axes, const void *x, const void *slope, const void *dy, void *dx,
                     cudaStream_t stream) {
    const inputs<T, 3> in = {{static_cast<const T *>(x), static_cast<const T *>(slope), static_cast<const T *>(dy)}};
    return broadcast<T, 3>(by_x<compute<T>>(), axes, in, static_cast<T *>(dx), stream);
}

template <class T>
cudaError_t slope_sum(const gli_prelu_slope_args &args, const gli_axes &kept, const gli_axes &summed,
                      bool kept_innermost, cudaStream_t stream) {
    const inputs<T, 2> in = {{static_cast<const T *>(args.x), static_cast<const T *>(args.dy)}};
    return broadcast_sum<T, 2>(by_slope<compute<T>>(), kept, summed, kept_innermost, in, static_cast<T *>(args.dslope),
                               args.workspace, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_prelu(glia_dtype dtype, const gli_axes *axes, const void *x, const void *slope, void *y,
                             cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::prelu<T>(*axes, x, slope, y, stream));
}

cudaError_t gli_kernel_prelu_backward(glia_dtype dtype, const gli_axes *axes, const void *x, const void *slope,
                                      const void *dy, void *dx, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::backward<T>(*axes, x, slope, dy, dx, stream));
}

cudaError_t gli_kernel_prelu_slope(const gli_prelu_slope_args *args, const gli_axes *kept, const gli_axes *summed,
                                   bool kept_innermost, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T, glia::slope_sum<T>(*args, *kept, *summed, kept_innermost, stream));
}
