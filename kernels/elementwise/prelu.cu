#include "kernels/elementwise/prelu_launch.h"

#include "kernels/device/broadcast_sum.cuh"

namespace glia {
namespace {

struct forward {
    template <class C, int W>
    __device__ void operator()(const C (&x)[2][W], C (&y)[W]) const {
        for (int k = 0; k < W; ++k) y[k] = x[0][k] > 0 ? x[0][k] : x[1][k] * x[0][k];
    }
};

struct by_x {
    template <class C, int W>
    __device__ void operator()(const C (&in)[3][W], C (&dx)[W]) const {
        for (int k = 0; k < W; ++k) dx[k] = in[0][k] > 0 ? in[2][k] : in[1][k] * in[2][k];
    }
};

struct by_slope {
    template <class C, int W>
    __device__ void operator()(const C (&in)[2][W], C (&out)[W]) const {
        for (int k = 0; k < W; ++k) out[k] = in[0][k] > 0 ? C(0) : in[0][k] * in[1][k];
    }
};

template <class T>
cudaError_t prelu(const gli_axes &axes, const void *x, const void *slope, void *y, cudaStream_t stream) {
    const inputs<T, 2> in = {{static_cast<const T *>(x), static_cast<const T *>(slope)}};
    return broadcast<T, 2>(forward(), axes, in, static_cast<T *>(y), stream);
}

template <class T>
cudaError_t backward(const gli_axes &axes, const void *x, const void *slope, const void *dy, void *dx,
                     cudaStream_t stream) {
    const inputs<T, 3> in = {{static_cast<const T *>(x), static_cast<const T *>(slope), static_cast<const T *>(dy)}};
    return broadcast<T, 3>(by_x(), axes, in, static_cast<T *>(dx), stream);
}

template <class T>
cudaError_t slope_sum(const gli_prelu_slope_args &args, const gli_axes &kept, const gli_axes &summed,
                      bool kept_innermost, cudaStream_t stream) {
    const inputs<T, 2> in = {{static_cast<const T *>(args.x), static_cast<const T *>(args.dy)}};
    return broadcast_sum<T, 2>(by_slope(), kept, summed, kept_innermost, in, static_cast<T *>(args.dslope),
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
