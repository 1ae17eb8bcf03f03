/* y in place, 16 bytes at a time; the bias stays in the cache. */
#include "kernels/gemm/bias_launch.h"

#include "kernels/device/functions.cuh"
#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { BIAS_THREADS = 256 };

template <class T>
struct bias_of {
    const T *bias; /* nullptr: zeros */
    int channels, inner;
    glia_unary_kind activation;
    __device__ T operator()(T y, int64_t i) const {
        typedef compute<T> C;
        const C sum =
            bias ? to_compute(y) + to_compute(bias[static_cast<unsigned>(i) / inner % channels]) : to_compute(y);
        return round_to<T>(apply(activation, C(0), C(0), sum));
    }
};

template <class T>
__global__ void __launch_bounds__(BIAS_THREADS) bias_kernel(bias_of<T> f, T *y, int count, bool wide) {
    const int width     = vector<T>::width;
    const int64_t begin = (int64_t(blockIdx.x) * BIAS_THREADS + threadIdx.x) * width;
    if (wide && begin + width <= count) {
        vector<T> values = *reinterpret_cast<const vector<T> *>(y + begin);
        for (int k = 0; k < width; ++k) values.at[k] = f(values.at[k], begin + k);
        *reinterpret_cast<vector<T> *>(y + begin) = values;
        return;
    }
    for (int64_t i = begin; i < begin + width && i < count; ++i) y[i] = f(y[i], i);
}

template <class T>
cudaError_t bias_all(const bias_of<T> &f, T *y, int count, cudaStream_t stream) {
    const int width  = vector<T>::width;
    const int blocks = blocks_for(count, BIAS_THREADS * width);
    return GLI_LAUNCH(bias_kernel<T>, blocks, BIAS_THREADS, 0, stream, f, y, count, aligned16(y));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_bias(glia_dtype dtype, glia_unary_kind activation, void *y, const void *bias, int outer,
                            int channels, int inner, cudaStream_t stream) {
    const int count = outer * channels * inner;
    if (count == 0) return cudaSuccess;
    return GLI_FOR_FLOAT(dtype, T,
                         glia::bias_all<T>({static_cast<const T *>(bias), channels, inner, activation},
                                           static_cast<T *>(y), count, stream));
}
