/* y[i] = f(x0[i], x1[i], ...) over flat arrays, 16 bytes at a time. */
#ifndef GLI_KERNELS_DEVICE_MAP_CUH
#define GLI_KERNELS_DEVICE_MAP_CUH

#include "kernels/device/pack.cuh"

namespace glia {

template <class T, int N>
struct inputs {
    const T *at[N];
};

enum { MAP_THREADS = 256 };

/* F: void operator()(const compute<T> (&x)[N][W], compute<T> (&y)[W]) const, of a pack of W elements. y may be one of
 * the inputs. */
template <class T, int N, class F>
__global__ void __launch_bounds__(MAP_THREADS) map_kernel(F f, inputs<T, N> x, T *y, int count, bool wide) {
    const int width     = vector<T>::width;
    const int64_t begin = (int64_t(blockIdx.x) * MAP_THREADS + threadIdx.x) * width;
    if (begin >= count) return;
    const int n = count - begin < width ? int(count - begin) : width;
    packed<T> raw[N];
    compute<T> in[N][width], out[width];
    for (int i = 0; i < N; ++i) raw[i] = load_packed(x.at[i] + begin, n, wide);
    for (int i = 0; i < N; ++i) unpack(raw[i], in[i]);
    f(in, out);
    store_pack(y + begin, n, wide, out);
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
