/* What infinite numbers and NaN come to: tiles multiply the zeros beside an image with them, which gives NaN. Here
 * nothing beside the image is read. Each launch after tiles looks at the smaller of filters and results alone, and
 * computes again what they tell of, in double. */
#ifndef GLI_KERNELS_CONV_CONV2D_EXACT_CUH
#define GLI_KERNELS_CONV_CONV2D_EXACT_CUH

#include "kernels/conv/implicit_gemm.cuh"
#include "kernels/device/block_reduce.cuh"

namespace glia {

enum { EXACT_THREADS = 256, EXACT_WARPS = EXACT_THREADS / LANES };

inline bool reads_beside(int x, int y, int elements, int stride, int pad, int dilation) {
    return pad > 0 || (int64_t(y) - 1) * stride + (int64_t(elements) - 1) * dilation >= x;
}

/* Whether the sums have zeros from beside the image. */
inline bool reads_padding(const gli_convolution &v) {
    return v.transposed || reads_beside(v.x.height, v.y.height, v.r, v.stride_h, v.pad_h, v.dilation_h) ||
           reads_beside(v.x.width, v.y.width, v.s, v.stride_w, v.pad_w, v.dilation_w);
}

/* NaN stays NaN: where a network has diverged, no more is read. */
template <class P>
__device__ inline double exact_sum(const P &p, int m, int n) {
    const coord i = p.a.row_axis.at(m, p.m), j = p.b.row_axis.at(n, p.n);
    double sum = 0;
    for (int k = 0; k < p.k && !isnan(sum); ++k) {
        const coord a = p.a.k_axis.at(k, p.k), b = p.b.k_axis.at(k, p.k);
        if (p.a.contains(i, a) && p.b.contains(j, b))
            sum += double(to_compute(*p.a.address(i, a))) * double(to_compute(*p.b.address(j, b)));
    }
    return sum;
}

/* A block for each filter of each problem, which computes its column of y again if the filter is not finite. */
template <class T, class Batch>
__global__ void __launch_bounds__(EXACT_THREADS) exact_channels_kernel(Batch batch, int columns) {
    typedef compute<T> C;
    __shared__ int found[EXACT_WARPS];
    const auto p  = batch.problem(int(blockIdx.x) / columns);
    const int n   = int(blockIdx.x) % columns;
    const coord j = p.b.row_axis.at(n, p.n);
    int any       = 0;
    for (int k = int(threadIdx.x); k < p.k; k += EXACT_THREADS)
        any |= !isfinite(C(to_compute(*p.b.address(j, p.b.k_axis.at(k, p.k)))));
    if (team_all_reduce<true>(plus(), any, LANES, found) == 0) return;
    for (int m = int(threadIdx.x); m < p.m; m += EXACT_THREADS) p.y.store(m, n, C(exact_sum(p, m, n)));
}

template <class T, class Batch>
cudaError_t exact_channels(const gli_convolution &v, const Batch &batch, const gemm_size &s, cudaStream_t stream) {
    if (!reads_padding(v) || s.batch == 0 || s.m == 0 || s.n == 0) return cudaSuccess;
    return GLI_LAUNCH((exact_channels_kernel<T, Batch>), unsigned(s.batch) * s.n, EXACT_THREADS, 0, stream, batch, s.n);
}

/* A thread for each element of the filters' gradient, which computes it again if it is NaN. count: of all
 * problems, of `rows` rows each. */
template <class T, class Batch>
__global__ void __launch_bounds__(EXACT_THREADS) exact_filters_kernel(Batch batch, int rows, int columns, int count) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * EXACT_THREADS + threadIdx.x;
    if (i >= unsigned(count)) return;
    const int n = int(i) % columns, row = int(i) / columns, m = row % rows;
    const auto p   = batch.problem(row / rows);
    const C before = p.y.data[p.y.row_axis.at(m, p.m).offset + p.y.column_axis.at(n, p.n).offset];
    if (isnan(before)) p.y.store(m, n, C(exact_sum(p, m, n)));
}

template <class T, class Batch>
cudaError_t exact_filters(const gli_convolution &v, const Batch &batch, const gemm_size &s, cudaStream_t stream) {
    const int count = s.batch * s.m * s.n;
    if (!reads_padding(v) || count == 0) return cudaSuccess;
    return GLI_LAUNCH((exact_filters_kernel<T, Batch>), blocks_for(count, EXACT_THREADS), EXACT_THREADS, 0, stream,
                      batch, s.m, s.n, count);
}

}  // namespace glia

#endif
