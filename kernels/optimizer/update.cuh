/* Elementwise functions with several outputs: one read of each input and one write of each output, 16 bytes at a time.
 * What an optimizer does with all parameters of a network in one launch. */
#ifndef GLI_KERNELS_OPTIMIZER_UPDATE_CUH
#define GLI_KERNELS_OPTIMIZER_UPDATE_CUH

#include "kernels/device/map.cuh"
#include "kernels/device/pack.cuh"

namespace glia {

/* in[n] NULL: zeros. out[n] NULL: nobody wants it. */
template <class T, int IN, int OUT>
struct update_arrays {
    const T *in[IN];
    T *out[OUT];
};

/* F: an object with
 *     constants(): what all elements share; it may read device memory
 *     static step(shared, const C (&in)[IN], C (&out)[OUT]): one element
 * An output may be one of the inputs. */
template <class T, int IN, int OUT, class F>
__global__ void __launch_bounds__(MAP_THREADS)
    update_kernel(F f, update_arrays<T, IN, OUT> arrays, int count, bool wide) {
    typedef compute<T> C;
    const int width     = vector<T>::width;
    const int64_t begin = (int64_t(blockIdx.x) * MAP_THREADS + threadIdx.x) * width;
    if (begin >= count) return;
    const int n       = count - begin < width ? int(count - begin) : width;
    const auto shared = f.constants();
    C in[IN][width]   = {}, out[OUT][width], before[IN], after[OUT];
    for (int i = 0; i < IN; ++i)
        if (arrays.in[i]) load_pack(arrays.in[i] + begin, n, wide, in[i]);
    for (int k = 0; k < width; ++k) {
        for (int i = 0; i < IN; ++i) before[i] = in[i][k];
        F::step(shared, before, after);
        for (int o = 0; o < OUT; ++o) out[o][k] = after[o];
    }
    for (int o = 0; o < OUT; ++o)
        if (arrays.out[o]) store_pack(arrays.out[o] + begin, n, wide, out[o]);
}

template <class T, int IN, int OUT, class F>
cudaError_t update(const F &f, const void *const (&in)[IN], void *const (&out)[OUT], int count, cudaStream_t stream) {
    update_arrays<T, IN, OUT> arrays;
    if (count == 0) return cudaSuccess;
    bool wide = true;
    for (int i = 0; i < IN; ++i) arrays.in[i] = static_cast<const T *>(in[i]), wide = wide && aligned16(in[i]);
    for (int o = 0; o < OUT; ++o) arrays.out[o] = static_cast<T *>(out[o]), wide = wide && aligned16(out[o]);
    const int blocks = blocks_for(count, MAP_THREADS * vector<T>::width);
    return GLI_LAUNCH((update_kernel<T, IN, OUT, F>), blocks, MAP_THREADS, 0, stream, f, arrays, count, wide);
}

}  // namespace glia

#endif
