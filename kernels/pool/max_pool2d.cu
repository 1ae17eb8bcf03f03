/* A thread makes one element of the output, or where channels are innermost, 16 bytes of channels. Neighbouring threads
 * walk along the innermost dimension of the output, whatever the layout.
 *
 * Backward, an element of dx gathers from the windows that hold it, so nothing is written twice. Where it is not known
 * which windows those are, max_pool2d_backward_scan goes through all indices of the channel for each run of its places,
 * whose sums stay in shared memory. */
#include "kernels/pool/pool2d_arrays.h"

#include "kernels/device/divide.cuh"
#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { THREADS = 128, LEAST_BLOCKS = 4 }; /* of a multiprocessor: left to itself, ptxas spills to fit more */

/* ---- threads to elements ---- */

/* The order in which threads take the elements of an image [n, c, a, b] in packs of channels. */
struct order {
    bool channels_inside;
    divisor inner, middle, outer;
    unsigned count;
};

struct element {
    int n, c, a, b; /* c: of the first channel of the pack */
};

template <int W>
__device__ inline element element_of(const order &o, unsigned i) {
    const unsigned i1 = o.inner.quotient(i), i2 = o.middle.quotient(i1), n = o.outer.quotient(i2);
    const int first = i - i1 * o.inner.value, second = i1 - i2 * o.middle.value, third = i2 - n * o.outer.value;
    return o.channels_inside ? element{int(n), first * W, third, second} : element{int(n), third, second, first};
}

__device__ inline int64_t offset(const int64_t (&stride)[4], const element &e) {
    return e.n * stride[0] + e.c * stride[1] + e.a * stride[2] + e.b * stride[3];
}

template <class T, int W>
__device__ inline void load(const T *x, compute<T> (&values)[W]) {
    if constexpr (W == 1) {
        values[0] = widen(*x);
    } else {
        const vector<T> v = *reinterpret_cast<const vector<T> *>(x);
        for (int k = 0; k < W; ++k) values[k] = widen(v.at[k]);
    }
}

template <class T, int W>
__device__ inline void store(T *y, const compute<T> (&values)[W]) {
    if constexpr (W == 1) {
        *y = narrow<T>(values[0]);
    } else {
        vector<T> v;
        for (int k = 0; k < W; ++k) v.at[k] = narrow<T>(values[k]);
        *reinterpret_cast<vector<T> *>(y) = v;
    }
}

/* ---- windows, one axis at a time ---- */

struct axis {
    int in, out, kernel, stride, pad, pad_end, dilation;
    bool adaptive, count_pad;
};

/* Elements first .. last-1 of x, and the number that the divisor counts. */
struct span {
    int first, last, counted;
};

__device__ inline int first_of(int place, int out, int in) { return int(int64_t(place) * in / out); }
__device__ inline int last_of(int place, int out, int in) { return int((int64_t(place + 1) * in + out - 1) / out); }

__device__ inline span span_of(const axis &a, int place) {
    if (a.adaptive) {
        const int first = first_of(place, a.out, a.in), last = last_of(place, a.out, a.in);
        return {first, last, last - first};
    }
    const int64_t first = int64_t(place) * a.stride - a.pad, last = first + a.kernel, end = int64_t(a.in) + a.pad_end;
    const int inside_first = int(max(first, int64_t(0))), inside_last = int(min(last, int64_t(a.in)));
    return {inside_first, inside_last, a.count_pad ? int(min(last, end) - first) : inside_last - inside_first};
}

/* The windows first .. last-1 whose span can hold an element. */
__device__ inline span windows_of(const axis &a, int at) {
    if (a.adaptive) return {first_of(at, a.in, a.out), last_of(at, a.in, a.out), 0};
    const int64_t reach = int64_t(a.kernel - 1) * a.dilation + 1, padded = int64_t(at) + a.pad, behind = padded - reach;
    const int last = int(min(padded / a.stride + 1, int64_t(a.out)));
    return {behind < 0 ? 0 : int(behind / a.stride + 1), last, 0};
}

template <class T>
struct job {
    order threads; /* over the output */
    axis rows, columns;
    int64_t in[4], out[4]; /* strides; forward in is x, backward dy */
    int64_t indices_stride[4];
    const T *x;
    T *y;
    const int *from; /* indices, backward */
    int *indices;    /* and forward */
};

/* ---- averages ---- */

template <class T, int W>
__global__ void __launch_bounds__(THREADS, LEAST_BLOCKS) avg_pool2d_kernel(job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const element to = element_of<W>(j.threads, i);
    const span rows = span_of(j.rows, to.a), columns = span_of(j.columns, to.b);
    C sum[W] = {}, values[W];
    for (int row = rows.first; row < rows.last; ++row)
        for (int column = columns.first; column < columns.last; ++column) {
            load<T, W>(j.x + offset(j.in, {to.n, to.c, row, column}), values);
            for (int k = 0; k < W; ++k) sum[k] += values[k];
        }
    for (int k = 0; k < W; ++k) sum[k] /= C(rows.counted) * C(columns.counted);
    store<T, W>(j.y + offset(j.out, to), sum);
}

template <class T, int W>
__global__ void __launch_bounds__(THREADS, LEAST_BLOCKS) avg_pool2d_backward_kernel(job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const element to  = element_of<W>(j.threads, i);
    const span across = windows_of(j.columns, to.b), down = windows_of(j.rows, to.a);
    C sum[W] = {}, values[W];
    for (int p = down.first; p < down.last; ++p) {
        const C counted = C(span_of(j.rows, p).counted);
        for (int q = across.first; q < across.last; ++q) {
            load<T, W>(j.x + offset(j.in, {to.n, to.c, p, q}), values);
            for (int k = 0; k < W; ++k) sum[k] += values[k] / (counted * C(span_of(j.columns, q).counted));
        }
    }
    store<T, W>(j.y + offset(j.out, to), sum);
}

/* ---- maxima ---- */

template <class C, int W>
struct best {
    C value[W];
    int place[W];

    __device__ best() {
        for (int k = 0; k < W; ++k) value[k] = -C(INFINITY), place[k] = -1;
    }
    __device__ void consider(const C (&x)[W], int at) {
        for (int k = 0; k < W; ++k)
            if (place[k] < 0 || x[k] > value[k] || isnan(x[k])) value[k] = x[k], place[k] = at;
    }
};

/* The rows or columns of a window, one after the other; some of them may lie outside x. */
struct walk {
    int64_t first, step;
    int count;
};

__device__ inline walk walk_of(const axis &a, int place) {
    if (!a.adaptive) return {int64_t(place) * a.stride - a.pad, a.dilation, a.kernel};
    const span s = span_of(a, place);
    return {s.first, 1, s.last - s.first};
}

template <class T, int W>
__global__ void __launch_bounds__(THREADS, LEAST_BLOCKS) max_pool2d_kernel(job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const element to = element_of<W>(j.threads, i);
    const walk rows = walk_of(j.rows, to.a), columns = walk_of(j.columns, to.b);
    best<C, W> most;
    for (int r = 0; r < rows.count; ++r) {
        const int64_t row = rows.first + r * rows.step;
        if (row < 0 || row >= j.rows.in) continue;
        for (int s = 0; s < columns.count; ++s) {
            const int64_t column = columns.first + s * columns.step;
            if (column < 0 || column >= j.columns.in) continue;
            C values[W];
            load<T, W>(j.x + offset(j.in, {to.n, to.c, int(row), int(column)}), values);
            most.consider(values, int(row) * j.columns.in + int(column));
        }
    }
    store<T, W>(j.y + offset(j.out, to), most.value);
    if (!j.indices) return;
    for (int k = 0; k < W; ++k) j.indices[offset(j.indices_stride, to) + k * j.indices_stride[1]] = most.place[k];
}

template <class T, int W>
__global__ void __launch_bounds__(THREADS, LEAST_BLOCKS) max_pool2d_backward_kernel(job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * THREADS + threadIdx.x;
    if (i >= j.threads.count) return;
    const element to  = element_of<W>(j.threads, i);
    const span across = windows_of(j.columns, to.b), down = windows_of(j.rows, to.a);
    const int place = to.a * j.columns.in + to.b;
    C sum[W]        = {}, values[W];
    for (int p = down.first; p < down.last; ++p)
        for (int q = across.first; q < across.last; ++q) {
            const element from = {to.n, to.c, p, q};
            load<T, W>(j.x + offset(j.in, from), values);
            const int *indices = j.from + offset(j.indices_stride, from);
            for (int k = 0; k < W; ++k) sum[k] += indices[k * j.indices_stride[1]] == place ? values[k] : C(0);
        }
    store<T, W>(j.y + offset(j.out, to), sum);
}

constexpr int SCAN_PLACES = 32, MOST_RUNS = 65535; /* places of a channel that a thread adds up at once */

/* Block x has some channels of all images, one for each thread, block y every gridDim.y-th run of their places. */
template <class T>
__global__ void __launch_bounds__(THREADS, LEAST_BLOCKS) max_pool2d_backward_scan(job<T> j, int images, int channels) {
    typedef compute<T> C;
    __shared__ C sums[SCAN_PLACES][THREADS];
    const unsigned channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= unsigned(images) * channels) return;
    const int n = channel / channels, c = channel % channels;
    const int64_t area = int64_t(j.rows.in) * j.columns.in;
    for (int64_t begin = int64_t(blockIdx.y) * SCAN_PLACES; begin < area; begin += int64_t(gridDim.y) * SCAN_PLACES) {
        const int count = int(min(int64_t(SCAN_PLACES), area - begin));
        for (int k = 0; k < count; ++k) sums[k][threadIdx.x] = 0;
        for (int p = 0; p < j.rows.out; ++p)
            for (int q = 0; q < j.columns.out; ++q) {
                const int64_t k = j.from[offset(j.indices_stride, {n, c, p, q})] - begin;
                if (k >= 0 && k < count) sums[k][threadIdx.x] += widen(j.x[offset(j.in, {n, c, p, q})]);
            }
        for (int k = 0; k < count; ++k) {
            const int row = int((begin + k) / j.columns.in), column = int((begin + k) % j.columns.in);
            j.y[offset(j.out, {n, c, row, column})] = narrow<T>(sums[k][threadIdx.x]);
        }
    }
}

/* ---- host ---- */

bool innermost(const int64_t *stride, int c) { return c > 1 && stride[1] == 1; }

/* Over an image [n, c, a, b] with these strides, packs of `width` channels. */
order order_of(const gli_pool_shape &s, const int64_t *stride, int a, int b, int width) {
    order o           = {};
    o.channels_inside = innermost(stride, s.c);
    o.inner           = divide_by(o.channels_inside ? s.c / width : b);
    o.middle          = divide_by(o.channels_inside ? b : a);
    o.outer           = divide_by(o.channels_inside ? a : s.c);
    o.count           = static_cast<unsigned>(int64_t(s.n) * (s.c / width) * a * b);
    return o;
}

template <class T>
bool packs(const void *p, const int64_t *stride) {
    bool fit = aligned16(p) && stride[1] == 1;
    for (int d : {0, 2, 3}) fit = fit && stride[d] % vector<T>::width == 0;
    return fit;
}

template <class T>
job<T> job_of(const gli_pool_shape &s, bool backward, int width, const void *in, void *out) {
    job<T> j  = {};
    j.rows    = {s.h, s.p, s.r, s.stride_h, s.pad_h, s.pad_h_end, s.dilation_h, s.adaptive, s.count_include_pad};
    j.columns = {s.w, s.q, s.s, s.stride_w, s.pad_w, s.pad_w_end, s.dilation_w, s.adaptive, s.count_include_pad};
    j.threads = backward ? order_of(s, s.x, s.h, s.w, width) : order_of(s, s.y, s.p, s.q, width);
    for (int d = 0; d < 4; ++d) {
        j.in[d]             = backward ? s.y[d] : s.x[d];
        j.out[d]            = backward ? s.x[d] : s.y[d];
        j.indices_stride[d] = s.indices[d];
    }
    j.x = static_cast<const T *>(in);
    j.y = static_cast<T *>(out);
    return j;
}

template <class T>
bool in_packs(const gli_pool_shape &s, const void *x, const void *y) {
    return s.c % vector<T>::width == 0 && packs<T>(x, s.x) && packs<T>(y, s.y);
}

bool empty(const gli_pool_shape &s) { return s.n == 0 || s.c == 0; }

template <class T>
int blocks_of(const job<T> &j) {
    return blocks_for(j.threads.count, THREADS);
}

template <class T, int W>
cudaError_t avg(const gli_pool_shape &s, bool backward, const void *in, void *out, cudaStream_t stream) {
    const job<T> j = job_of<T>(s, backward, W, in, out);
    if (backward) return GLI_LAUNCH((avg_pool2d_backward_kernel<T, W>), blocks_of(j), THREADS, 0, stream, j);
    return GLI_LAUNCH((avg_pool2d_kernel<T, W>), blocks_of(j), THREADS, 0, stream, j);
}

template <class T>
cudaError_t avg_in_packs(const gli_pool_shape &s, bool backward, const void *in, void *out, cudaStream_t stream) {
    if (backward ? in_packs<T>(s, out, in) : in_packs<T>(s, in, out))
        return avg<T, vector<T>::width>(s, backward, in, out, stream);
    return avg<T, 1>(s, backward, in, out, stream);
}

template <class T, int W>
cudaError_t max_pool(const gli_pool_shape &s, const void *x, void *y, int *indices, cudaStream_t stream) {
    job<T> j  = job_of<T>(s, false, W, x, y);
    j.indices = indices;
    return GLI_LAUNCH((max_pool2d_kernel<T, W>), blocks_of(j), THREADS, 0, stream, j);
}

template <class T>
cudaError_t max_in_packs(const gli_pool_shape &s, const void *x, void *y, int *indices, cudaStream_t stream) {
    return in_packs<T>(s, x, y) ? max_pool<T, vector<T>::width>(s, x, y, indices, stream)
                                : max_pool<T, 1>(s, x, y, indices, stream);
}

template <class T, int W>
cudaError_t max_backward(const gli_pool_shape &s, const void *dy, const int *indices, void *dx, cudaStream_t stream) {
    job<T> j = job_of<T>(s, true, W, dy, dx);
    j.from   = indices;
    return GLI_LAUNCH((max_pool2d_backward_kernel<T, W>), blocks_of(j), THREADS, 0, stream, j);
}

template <class T>
cudaError_t max_backward_scan(const gli_pool_shape &s, const void *dy, const int *indices, void *dx,
                              cudaStream_t stream) {
    const int64_t channels = int64_t(s.n) * s.c, runs = (int64_t(s.h) * s.w + SCAN_PLACES - 1) / SCAN_PLACES;
    const int threads = channels < THREADS ? blocks_for(channels, 32) * 32 : int(THREADS);
    const dim3 grid(blocks_for(channels, threads), static_cast<unsigned>(runs < MOST_RUNS ? runs : MOST_RUNS));
    job<T> j = job_of<T>(s, true, 1, dy, dx);
    j.from   = indices;
    return GLI_LAUNCH(max_pool2d_backward_scan<T>, grid, threads, 0, stream, j, s.n, s.c);
}

template <class T>
cudaError_t max_backward_in_packs(const gli_pool_shape &s, const void *dy, const int *indices, void *dx,
                                  cudaStream_t stream) {
    if (s.r == 0) return max_backward_scan<T>(s, dy, indices, dx, stream);
    return in_packs<T>(s, dx, dy) ? max_backward<T, vector<T>::width>(s, dy, indices, dx, stream)
                                  : max_backward<T, 1>(s, dy, indices, dx, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_avg_pool2d(glia_dtype dtype, const gli_pool_shape *shape, const void *x, void *y,
                                  cudaStream_t stream) {
    if (glia::empty(*shape)) return cudaSuccess;
    return GLI_FOR_FLOAT(dtype, T, glia::avg_in_packs<T>(*shape, false, x, y, stream));
}

cudaError_t gli_kernel_avg_pool2d_backward(glia_dtype dtype, const gli_pool_shape *shape, const void *dy, void *dx,
                                           cudaStream_t stream) {
    if (glia::empty(*shape)) return cudaSuccess;
    return GLI_FOR_FLOAT(dtype, T, glia::avg_in_packs<T>(*shape, true, dy, dx, stream));
}

cudaError_t gli_kernel_max_pool2d(glia_dtype dtype, const gli_pool_shape *shape, const void *x, void *y, int *indices,
                                  cudaStream_t stream) {
    if (glia::empty(*shape)) return cudaSuccess;
    return GLI_FOR_FLOAT(dtype, T, glia::max_in_packs<T>(*shape, x, y, indices, stream));
}

cudaError_t gli_kernel_max_pool2d_backward(glia_dtype dtype, const gli_pool_shape *shape, const void *dy,
                                           const int *indices, void *dx, cudaStream_t stream) {
    if (glia::empty(*shape)) return cudaSuccess;
    return GLI_FOR_FLOAT(dtype, T, glia::max_backward_in_packs<T>(*shape, dy, indices, dx, stream));
}
