/* What max and average pooling have in common: how threads are mapped to elements, the bounds of windows, and the
 * launch.
 *
 * A thread makes one element of the output or, where channels are innermost, 16 bytes of channels. Neighbouring threads
 * have neighbouring elements along the innermost dimension of the output, whatever the memory format. Backward, an
 * element of dx gathers from the windows that contain it, so that nothing is written twice. */
#ifndef GLI_KERNELS_POOL_POOL2D_CUH
#define GLI_KERNELS_POOL_POOL2D_CUH

#include "kernels/device/divide.cuh"
#include "kernels/device/types.cuh"
#include "kernels/pool/pool2d_arrays.h"

namespace glia {

enum { POOL_THREADS = 128, POOL_MIN_BLOCKS = 4 }; /* MIN: of a multiprocessor; without it ptxas spills to fit more */

/* ---- threads to elements ---- */

/* The order in which threads take the elements of an image [n, c, a, b] in packs of channels. */
struct thread_order {
    bool channels_inside;
    divisor inner, middle, outer;
    unsigned count;
};

struct pool_element {
    int n, c, a, b; /* c: of the first channel of the pack */
};

template <int W>
__device__ inline pool_element element_of(const thread_order &o, unsigned i) {
    const unsigned i1 = o.inner.quotient(i), i2 = o.middle.quotient(i1), n = o.outer.quotient(i2);
    const int first = i - i1 * o.inner.value, second = i1 - i2 * o.middle.value, third = i2 - n * o.outer.value;
    return o.channels_inside ? pool_element{int(n), first * W, third, second}
                             : pool_element{int(n), third, second, first};
}

__device__ inline int64_t offset(const int64_t (&stride)[4], const pool_element &e) {
    return e.n * stride[0] + e.c * stride[1] + e.a * stride[2] + e.b * stride[3];
}

template <class T, int W>
__device__ inline void load(const T *x, compute<T> (&values)[W]) {
    if constexpr (W == 1) {
        values[0] = to_compute(*x);
    } else {
        const vector<T> v = *reinterpret_cast<const vector<T> *>(x);
        for (int k = 0; k < W; ++k) values[k] = to_compute(v.at[k]);
    }
}

template <class T, int W>
__device__ inline void store(T *y, const compute<T> (&values)[W]) {
    if constexpr (W == 1) {
        *y = round_to<T>(values[0]);
    } else {
        vector<T> v;
        for (int k = 0; k < W; ++k) v.at[k] = round_to<T>(values[k]);
        *reinterpret_cast<vector<T> *>(y) = v;
    }
}

/* ---- windows, one axis at a time ---- */

struct pool_axis {
    int in, out, kernel, stride, pad, pad_end, dilation;
    bool adaptive, count_pad;
    unsigned reach;    /* (kernel - 1) dilation + 1, at most 2^32 - 1 */
    divisor by_stride; /* by 1 where no window is known */
};

/* Elements first .. last-1 of x, and how many a mean is over. */
struct window {
    int first, last, count;
};

__device__ inline int adaptive_first(int p, int out, int in) { return int(int64_t(p) * in / out); }
__device__ inline int adaptive_last(int p, int out, int in) { return int((int64_t(p + 1) * in + out - 1) / out); }

/* Window p of a pooling without dilation. */
__device__ inline window window_at(const pool_axis &a, int p) {
    if (a.adaptive) {
        const int first = adaptive_first(p, a.out, a.in), last = adaptive_last(p, a.out, a.in);
        return {first, last, last - first};
    }
    const int64_t first = int64_t(p) * a.stride - a.pad, last = first + a.kernel, end = int64_t(a.in) + a.pad_end;
    const int inside_first = int(max(first, int64_t(0))), inside_last = int(min(last, int64_t(a.in)));
    return {inside_first, inside_last, a.count_pad ? int(min(last, end) - first) : inside_last - inside_first};
}

/* Windows first .. last-1. */
struct window_range {
    int first, last;
};

/* Those that can contain element i. */
__device__ inline window_range windows_over(const pool_axis &a, int i) {
    if (a.adaptive) return {adaptive_first(i, a.in, a.out), adaptive_last(i, a.in, a.out)};
    const unsigned padded = unsigned(i) + unsigned(a.pad);
    const int last        = int(min(a.by_stride.quotient_of_any(padded) + 1, unsigned(a.out)));
    return {padded < a.reach ? 0 : int(a.by_stride.quotient_of_any(padded - a.reach)) + 1, last};
}

/* ---- launches ---- */

template <class T>
struct pool_job {
    thread_order threads; /* over the output */
    pool_axis rows, columns;
    int64_t in_stride[4], out_stride[4], indices_stride[4];
    const T *in; /* x; backward dy */
    T *out;
    int *indices;
    bool relu;
    bool wide_indices; /* packs of channels of them lie at multiples of 16 bytes */
};

/* Over an image [n, c, a, b] with these strides, packs of `width` channels. */
inline thread_order order_of(const gli_pool_geom &g, const int64_t *stride, int a, int b, int width) {
    thread_order o    = {};
    o.channels_inside = g.c > 1 && stride[1] == 1;
    o.inner           = divide_by(o.channels_inside ? g.c / width : b);
    o.middle          = divide_by(o.channels_inside ? b : a);
    o.outer           = divide_by(o.channels_inside ? a : g.c);
    o.count           = static_cast<unsigned>(int64_t(g.n) * (g.c / width) * a * b);
    return o;
}

inline pool_axis axis_of(int in, int out, int kernel, int stride, int pad, int pad_end, int dilation, bool adaptive,
                         bool count_pad) {
    const int64_t reach = int64_t(kernel - 1) * dilation + 1;
    return {in,
            out,
            kernel,
            stride,
            pad,
            pad_end,
            dilation,
            adaptive,
            count_pad,
            unsigned(reach < UINT32_MAX ? reach : UINT32_MAX),
            divide_by(stride > 0 ? stride : 1)};
}

template <class T>
pool_job<T> job_of(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward, int width) {
    pool_job<T> j        = {};
    const bool count_pad = g.count_include_pad != 0;
    j.rows         = axis_of(g.h, g.p, g.r, g.stride_h, g.pad_h, g.pad_h_end, g.dilation_h, a.adaptive, count_pad);
    j.columns      = axis_of(g.w, g.q, g.s, g.stride_w, g.pad_w, g.pad_w_end, g.dilation_w, a.adaptive, count_pad);
    j.wide_indices = a.indices && aligned16(a.indices) && a.indices_stride[1] == 1;
    for (int d : {0, 2, 3}) j.wide_indices = j.wide_indices && a.indices_stride[d] % 4 == 0;
    j.threads = backward ? order_of(g, a.x_stride, g.h, g.w, width) : order_of(g, a.y_stride, g.p, g.q, width);
    for (int d = 0; d < 4; ++d) {
        j.in_stride[d]      = backward ? a.y_stride[d] : a.x_stride[d];
        j.out_stride[d]     = backward ? a.x_stride[d] : a.y_stride[d];
        j.indices_stride[d] = a.indices_stride[d];
    }
    j.in      = static_cast<const T *>(a.in);
    j.out     = static_cast<T *>(a.out);
    j.indices = a.indices;
    j.relu    = g.relu;
    return j;
}

template <class T>
bool strides_fit_packs(const void *p, const int64_t *stride) {
    bool fit = aligned16(p) && stride[1] == 1;
    for (int d : {0, 2, 3}) fit = fit && stride[d] % vector<T>::width == 0;
    return fit;
}

/* Whether both images can be read and written in packs of channels. */
template <class T>
bool in_packs(const gli_pool_geom &g, const gli_pool2d_arrays &a, bool backward) {
    return g.c % vector<T>::width == 0 && strides_fit_packs<T>(backward ? a.out : a.in, a.x_stride) &&
           strides_fit_packs<T>(backward ? a.in : a.out, a.y_stride);
}

inline bool has_no_images(const gli_pool_geom &g) { return g.n == 0 || g.c == 0; }

template <class T>
int blocks_of(const pool_job<T> &j) {
    return blocks_for(j.threads.count, POOL_THREADS);
}

}  // namespace glia

#endif
