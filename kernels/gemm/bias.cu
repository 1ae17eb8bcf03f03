/* y in place, 16 bytes at a time; the bias stays in the cache. Where a pack is in one channel, or is a pack of
 * channels, its bias is one access, too. */
#include "kernels/gemm/bias_launch.h"

#include "kernels/device/divide.cuh"
#include "kernels/device/functions.cuh"
#include "kernels/device/pack.cuh"

namespace glia {
namespace {

enum { BIAS_THREADS = 256 };

enum bias_layout { NO_BIAS, CHANNEL_OF_PACK, PACK_OF_CHANNELS, ANY_CHANNELS };

template <class T>
struct bias_job {
    const T *bias;
    T *y;
    divisor channels, inner;
    int count;
    bool wide;
    bias_layout layout;
    glia_unary_kind activation;

    __device__ unsigned channel(unsigned i) const {
        const unsigned outer = inner.quotient(i);
        return outer - channels.quotient(outer) * channels.value;
    }
};

template <class T>
__device__ inline packed<T> bias_of_pack(const bias_job<T> &j, unsigned begin, int n) {
    const int width     = vector<T>::width;
    const unsigned last = begin + n - 1;
    if (j.layout == PACK_OF_CHANNELS) return load_packed(j.bias + j.channel(begin), width, true);
    T at[width];
    const T first = j.bias[j.channel(begin)];
    for (int k = 0; k < width; ++k) at[k] = first;
    if (j.layout == ANY_CHANNELS)
        for (int k = 1; k < width; ++k) at[k] = j.bias[j.channel(min(begin + k, last))];
    packed<T> bias;
    memcpy(bias.word, at, sizeof at);
    return bias;
}

template <class T>
__global__ void __launch_bounds__(BIAS_THREADS) bias_kernel(bias_job<T> j) {
    const int width      = vector<T>::width;
    const unsigned begin = (blockIdx.x * BIAS_THREADS + threadIdx.x) * width;
    if (begin >= unsigned(j.count)) return;
    const int n           = min(j.count - int(begin), width);
    const packed<T> raw_y = load_packed(j.y + begin, n, j.wide);
    packed<T> raw_bias;
    if (j.layout != NO_BIAS) raw_bias = bias_of_pack(j, begin, n);
    compute<T> y[width], bias[width];
    unpack(raw_y, y);
    if (j.layout != NO_BIAS) {
        unpack(raw_bias, bias);
        for (int k = 0; k < width; ++k) y[k] += bias[k];
    }
    activate(j.activation, y, y);
    store_pack(j.y + begin, n, j.wide, y);
}

template <class T>
bias_layout layout_of(const T *bias, int channels, int inner) {
    const int width = vector<T>::width;
    if (!bias) return NO_BIAS;
    if (inner % width == 0) return CHANNEL_OF_PACK;
    return inner == 1 && channels % width == 0 && aligned16(bias) ? PACK_OF_CHANNELS : ANY_CHANNELS;
}

template <class T>
cudaError_t bias_all(glia_unary_kind activation, T *y, const T *bias, int count, int channels, int inner,
                     cudaStream_t stream) {
    const bias_job<T> j = {
        bias,      y, divide_by(channels), divide_by(inner), count, aligned16(y), layout_of(bias, channels, inner),
        activation};
    return GLI_LAUNCH(bias_kernel<T>, blocks_for(count, BIAS_THREADS * vector<T>::width), BIAS_THREADS, 0, stream, j);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_bias(glia_dtype dtype, glia_unary_kind activation, void *y, const void *bias, int outer,
                            int channels, int inner, cudaStream_t stream) {
    const int count = outer * channels * inner;
    if (count == 0) return cudaSuccess;
    return GLI_FOR_FLOAT(dtype, T,
                         glia::bias_all<T>(activation, static_cast<T *>(y), static_cast<const T *>(bias), count,
                                           channels, inner, stream));
}
