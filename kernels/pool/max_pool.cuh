/* What max pooling of images and of volumes has in common: a window of one slice, forward and backward. */
#ifndef GLI_KERNELS_POOL_MAX_POOL_CUH
#define GLI_KERNELS_POOL_MAX_POOL_CUH

#include "kernels/device/pack.cuh"
#include "kernels/pool/pool2d.cuh"

namespace glia {

template <class C, int W>
struct maxima {
    C value[W];
    int index[W];

    __device__ maxima() {
        for (int k = 0; k < W; ++k) value[k] = -C(INFINITY), index[k] = -1;
    }
    __device__ void consider(const C (&x)[W], int i) {
        for (int k = 0; k < W; ++k)
            if (index[k] < 0 || x[k] > value[k] || isnan(x[k])) value[k] = x[k], index[k] = i;
    }
    __device__ void rectify() {
        for (int k = 0; k < W; ++k)
            if (value[k] <= 0) value[k] = 0, index[k] = -1;
    }
};

/* The rows or columns of a window: first, first + dilation, ..., `count` of them, some of which may be outside x.
 * Modulo 2^32, where what is before x is behind it. */
struct window_steps {
    unsigned first, dilation;
    int count;
};

__device__ inline window_steps steps_of(const pool_axis &a, int p) {
    if (!a.adaptive) return {unsigned(p) * unsigned(a.stride) - unsigned(a.pad), unsigned(a.dilation), a.kernel};
    const window w = window_at(a, p);
    return {unsigned(w.first), 1, w.last - w.first};
}

enum { POOL_AT_ONCE = 4 }; /* elements of a window that a thread loads before it compares them */

/* W neighbouring indices. */
template <int W>
__device__ inline void load_indices(const int *indices, int64_t step, bool wide, int (&out)[W]) {
    if constexpr (W % 4 == 0)
        if (wide) {
            for (int k = 0; k < W; k += 4) {
                const int4 four = *reinterpret_cast<const int4 *>(indices + k);
                out[k] = four.x, out[k + 1] = four.y, out[k + 2] = four.z, out[k + 3] = four.w;
            }
            return;
        }
    for (int k = 0; k < W; ++k) out[k] = indices[k * step];
}

template <int W>
__device__ inline void store_indices(int *indices, int64_t step, bool wide, const int (&in)[W]) {
    if constexpr (W % 4 == 0)
        if (wide) {
            for (int k = 0; k < W; k += 4)
                *reinterpret_cast<int4 *>(indices + k) = make_int4(in[k], in[k + 1], in[k + 2], in[k + 3]);
            return;
        }
    for (int k = 0; k < W; ++k) indices[k * step] = in[k];
}

/* Considers the elements of a window of `image`, whose first element is number `first` of its channel. */
template <class T, int W>
__device__ inline void consider_window(const pool_job<T> &j, const T *image, const window_steps &rows,
                                       const window_steps &columns, unsigned first, maxima<compute<T>, W> *best) {
    typedef compute<T> C;
    for (int r = 0, s = 0; r < rows.count;) {
        packed<T> raw[POOL_AT_ONCE];
        int index[POOL_AT_ONCE]; /* -1: outside */
#pragma unroll
        for (int k = 0; k < POOL_AT_ONCE; ++k) {
            const unsigned row = rows.first + r * rows.dilation, column = columns.first + s * columns.dilation;
            const bool inside = r < rows.count && row < unsigned(j.rows.in) && column < unsigned(j.columns.in);
            index[k]          = inside ? int(first + row * j.columns.in + column) : -1;
            if (inside) raw[k] = load_packed(image + (row * j.in_stride[2] + column * j.in_stride[3]), W, W > 1);
            if (++s == columns.count) s = 0, ++r;
        }
#pragma unroll
        for (int k = 0; k < POOL_AT_ONCE; ++k) {
            C pack[vector<T>::width], values[W];
            if (index[k] < 0) continue;
            unpack(raw[k], pack);
            for (int w = 0; w < W; ++w) values[w] = pack[w];
            best->consider(values, index[k]);
        }
    }
}

/* The largest elements of the window of an image for y's element `to`, of W neighbouring channels, with the job's relu.
 */
template <class T, int W>
__device__ inline maxima<compute<T>, W> largest_in_window(const pool_job<T> &j, const pool_element &to) {
    const window_steps rows = steps_of(j.rows, to.a), columns = steps_of(j.columns, to.b);
    maxima<compute<T>, W> best;
    consider_window(j, j.in + offset(j.in_stride, {to.n, to.c, 0, 0}), rows, columns, 0u, &best);
    if (j.relu) best.rectify();
    return best;
}

/* Adds the dy of windows ps x qs of an image whose index is `own`, that of a thread's element. */
template <class T, int W>
__device__ inline void add_gradients(const pool_job<T> &j, const T *dy, const int *indices, const window_range &ps,
                                     const window_range &qs, int own, compute<T> (&sum)[W]) {
    typedef compute<T> C;
    C values[W];
    for (int p = ps.first; p < ps.last; ++p)
        for (int q = qs.first; q < qs.last; ++q) {
            int index[W];
            load_indices(indices + (p * j.indices_stride[2] + q * j.indices_stride[3]), j.indices_stride[1],
                         j.wide_indices, index);
            load<T, W>(dy + (p * j.in_stride[2] + q * j.in_stride[3]), values);
            for (int k = 0; k < W; ++k) sum[k] += index[k] == own ? values[k] : C(0);
        }
}

}  // namespace glia

#endif
