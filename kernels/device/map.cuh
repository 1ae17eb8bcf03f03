/* y[i] = f(x0[i], x1[i], ...) over flat arrays, 16 bytes at a time. */
#ifndef GLI_KERNELS_DEVICE_MAP_CUH
#define GLI_KERNELS_DEVICE_MAP_CUH

#include "kernels/device/types.cuh"

namespace glia {

template <class T, int N>
struct inputs {
    const T *at[N];
};

enum { MAP_THREADS = 256 };

/* F: compute<T> operator()(const compute<T> (&x)[N]) const. y may be one of the inputs. */
template <class T, int N, class F>
__global__ void __launch_bounds__(MAP_THREADS) map_kernel(F f, inputs<T, N> x, T *y, int count, bool wide) {
    const int width     = vector<T>::width;
    const int64_t begin = (int64_t(blockIdx.x) * MAP_THREADS + threadIdx.x) * width;
    compute<T> values[N];
    if (wide && begin + width <= count) {
        vector<T> in[N], out;
        for (int n = 0; n < N; ++n) in[n] = *reinterpret_cast<const vector<T> *>(x.at[n] + begin);
        for (int k = 0; k < width; ++k) {
            for (int n = 0; n < N; ++n) values[n] = to_compute(in[n].at[k]);
            out.at[k] = round_to<T>(f(values));
        }
        *reinterpret_cast<vector<T> *>(y + begin) = out;
        return;
    }
    for (int64_t i = begin; i < begin + width && i < count; ++i) {
        for (int n = 0; n < N; ++n) values[n] = to_compute(x.at[n][i]);
        y[i] = round_to<T>(f(values));
    }
}

template <class T, int N, class F>
cudaError_t map(const F &f, const inputs<T, N> &x, T *y, int count, cudaStream_t stream) {
    if (count == 0) return cudaSuccess;
    bool wide = aligned16(y);
    for (int n = 0; n < N; ++n) wide = wide && aligned16(x.at[n]);
    const int blocks = blocks_for(count, MAP_THREADS * vector<T>::width);
    return GLI_LAUNCH((map_kernel<T, N, F>), blocks, MAP_THREADS, 0, stream, f, x, y, count, wide);
}

}  // namespace glia

#endif
