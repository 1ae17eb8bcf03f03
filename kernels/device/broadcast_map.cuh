/* y[i] = f(x0[i], x1[i], ...) over arrays of any strides. The axes have been merged where memory allows, so that a sum
 * of two tensors has one axis, and a bias two; each thread does what 16 bytes hold along the innermost. */
#ifndef GLI_KERNELS_DEVICE_BROADCAST_MAP_CUH
#define GLI_KERNELS_DEVICE_BROADCAST_MAP_CUH

#include "kernels/device/broadcast.h"
#include "kernels/device/divide.cuh"
#include "kernels/device/map.cuh"
#include "kernels/device/pack.cuh"

namespace glia {

/* Axes, from which the offset of an element in each array is computed. */
struct broadcast_offsets {
    int ndim;
    divisor size[GLIA_MAX_DIMS];
    int64_t stride[GLI_BROADCAST_ARRAYS][GLIA_MAX_DIMS];
};

inline broadcast_offsets broadcast_offsets_of(const gli_axes &axes) {
    broadcast_offsets p = {};
    p.ndim              = axes.ndim;
    for (int d = 0; d < axes.ndim; ++d) {
        p.size[d] = divide_by(static_cast<unsigned>(axes.dim[d]));
        for (int o = 0; o < GLI_BROADCAST_ARRAYS; ++o) p.stride[o][d] = axes.stride[o][d];
    }
    return p;
}

/* Adds the offset of element `index`, counted along the axes, in each array. */
template <int ARRAYS>
__device__ inline void add_offsets(const broadcast_offsets &p, unsigned index, int64_t (&offset)[ARRAYS]) {
    for (int d = p.ndim - 1; d >= 0; --d) {
        const unsigned outer = p.size[d].quotient(index), here = index - outer * p.size[d].value;
        for (int o = 0; o < ARRAYS; ++o) offset[o] += here * p.stride[o][d];
        index = outer;
    }
}

/* n neighbours along the innermost axis. */
template <class T>
__device__ inline packed<T> load_along(const T *x, int64_t stride, int n, bool wide) {
    if (stride == 1) return load_packed(x, n, wide);
    const int width = vector<T>::width;
    const T first   = *x;
    T at[width];
    for (int k = 0; k < width; ++k) at[k] = stride != 0 && k > 0 && k < n ? x[k * stride] : first;
    packed<T> out;
    memcpy(out.word, at, sizeof at);
    return out;
}

/* The outer axes count packs of the innermost one. Array 0 is y. */
struct broadcast_shape {
    broadcast_offsets outer; /* with the number of packs as its last axis */
    int inner;               /* elements of the innermost axis */
    int packs;               /* in all */
    int64_t stride[GLI_BROADCAST_ARRAYS];
    bool wide;
};

template <class T, int N, class F>
__global__ void __launch_bounds__(MAP_THREADS) broadcast_kernel(F f, broadcast_shape s, inputs<T, N> x, T *y) {
    const int width  = vector<T>::width;
    const unsigned i = blockIdx.x * MAP_THREADS + threadIdx.x;
    if (i >= unsigned(s.packs)) return;
    int64_t offset[N + 1] = {};
    add_offsets(s.outer, i, offset);
    const divisor &along = s.outer.size[s.outer.ndim - 1];
    const int first      = int(i - along.quotient(i) * along.value) * width;
    const int n          = s.inner - first < width ? s.inner - first : width;

    packed<T> raw[N];
    compute<T> in[N][width], out[width];
    for (int o = 0; o < N; ++o) raw[o] = load_along(x.at[o] + offset[o + 1], s.stride[o + 1], n, s.wide);
    for (int o = 0; o < N; ++o) unpack(raw[o], in[o]);
    f(in, out);
    if (s.stride[0] == 1) return store_pack(y + offset[0], n, s.wide, out);
    for (int k = 0; k < width; ++k)
        if (k < n) y[offset[0] + k * s.stride[0]] = round_to<T>(out[k]);
}

/* Whether each pack starts at a multiple of 16 bytes in every array that is contiguous there. */
template <class T, int N>
bool packs_aligned(const gli_axes &axes, const inputs<T, N> &x, const T *y) {
    const int inner = axes.ndim - 1, width = vector<T>::width;
    if (axes.ndim > 1 && axes.dim[inner] % width != 0) return false;
    for (int o = 0; o <= N; ++o) {
        if (axes.stride[o][inner] != 1) continue;
        if (!aligned16(o == 0 ? y : x.at[o - 1])) return false;
        for (int d = 0; d < inner; ++d)
            if (axes.stride[o][d] % width != 0) return false;
    }
    return true;
}

/* F as in map.cuh. Array 0 of the axes is y, array n + 1 is x.at[n]. y may be an input of the same strides. */
template <class T, int N, class F>
cudaError_t broadcast(const F &f, gli_axes axes, const inputs<T, N> &x, T *y, cudaStream_t stream) {
    const int width = vector<T>::width;
    if (axes.count == 0) return cudaSuccess;
    if (axes.ndim == 0) axes.ndim = axes.dim[0] = 1;
    const int inner   = axes.ndim - 1;
    broadcast_shape s = {};
    s.wide            = packs_aligned(axes, x, y);
    s.inner           = axes.dim[inner];
    axes.dim[inner]   = (s.inner + width - 1) / width;
    s.packs           = axes.count / s.inner * axes.dim[inner];
    for (int o = 0; o <= N; ++o) {
        s.stride[o] = axes.stride[o][inner];
        axes.stride[o][inner] *= width;
    }
    s.outer = broadcast_offsets_of(axes);
    return GLI_LAUNCH((broadcast_kernel<T, N, F>), blocks_for(s.packs, MAP_THREADS), MAP_THREADS, 0, stream, f, s, x,
                      y);
}

}  // namespace glia

#endif
