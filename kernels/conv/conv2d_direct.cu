/* Direct convolution for the first layer of a network, whose images have one channel or a few: k, the kernel elements
 * (c, r, s), is short, so that tiles would be mostly border, and the output is large.
 *
 * Versions:
 * 1. Forward: the filters are in shared memory, 64 at a time, and each thread computes 4 pixels x 4 filters; x is read
 *    through the cache, where the windows of neighbouring pixels overlap.
 * 2. Gradient with respect to the filters: a thread accumulates 27 kernel elements of one filter in registers while it
 *    goes over pixels, so that dy, which is large, is read once for each 27; then lanes, and splits of the pixels, are
 *    summed in one order. */
#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/device/block_reduce.cuh"

namespace glia {
namespace {

enum { DIRECT_THREADS = 256, DIRECT_FILTERS = 64, THREAD_PIXELS = 4 };

/* The threads of a block: `quads` times four filters by `lanes` pixels. */
struct thread_layout {
    int quads, lanes;
    bool filters_contiguous; /* neighbouring threads have neighbouring filters; otherwise neighbouring pixels */
};

/* Whether all of a pixel's kernel elements are in the image: those that the first and the last are between. */
template <class View>
__device__ inline bool has_window(const View &x, const coord &first, const coord &last, const coord &pixel) {
    return x.contains(first, pixel) && x.contains(last, pixel);
}

/* Adds the products of four pixels with four filters. IN_IMAGE: nothing that they read is padding. */
template <bool IN_IMAGE, class Problem, class C>
__device__ inline void add_products(const Problem &p, const coord (&own)[THREAD_PIXELS], const coord *element,
                                    const C *weights, int filters, C (&sum)[THREAD_PIXELS][4]) {
    for (int k = 0; k < p.k; ++k) {
        const vec4<C> w  = *reinterpret_cast<const vec4<C> *>(&weights[k * filters]);
        const coord here = element[k];
#pragma unroll
        for (int e = 0; e < THREAD_PIXELS; ++e) {
            if (!IN_IMAGE && !p.a.contains(own[e], here)) continue;
            const C x = C(to_compute(*p.a.address(own[e], here)));
#pragma unroll
            for (int i = 0; i < 4; ++i) sum[e][i] += x * w.at[i];
        }
    }
}

template <class T>
__global__ void __launch_bounds__(DIRECT_THREADS, 1) direct_kernel(conv2d_batch<T> batch, thread_layout by) {
    typedef compute<T> C;
    GLI_DYNAMIC_SHARED(unsigned char, memory);
    const auto p = batch.problem(0);
    const int t = int(threadIdx.x), filters = 4 * by.quads, first = int(blockIdx.y) * filters;
    C *const weights     = reinterpret_cast<C *>(memory); /* [k][filters] */
    coord *const element = reinterpret_cast<coord *>(weights + p.k * filters);
    for (int i = t; i < p.k * filters; i += DIRECT_THREADS) {
        const coord o = p.b.row_axis.at(first + i % filters, p.n), k = p.b.k_axis.at(i / filters, p.k);
        weights[i] = p.b.contains(o, k) ? C(to_compute(*p.b.address(o, k))) : C(0);
    }
    for (int i = t; i < p.k; i += DIRECT_THREADS) element[i] = p.a.k_axis.at(i, p.k);
    __syncthreads();

    const int quad  = by.filters_contiguous ? t % by.quads : t / by.lanes,
              lane  = by.filters_contiguous ? t / by.quads : t % by.lanes;
    const int pixel = int(blockIdx.x) * THREAD_PIXELS * by.lanes + lane;
    coord own[THREAD_PIXELS];
    C sum[THREAD_PIXELS][4] = {};
    bool in_image           = true;
#pragma unroll
    for (int e = 0; e < THREAD_PIXELS; ++e) {
        own[e]   = p.a.row_axis.at(pixel + e * by.lanes, p.m);
        in_image = in_image && has_window(p.a, element[0], element[p.k - 1], own[e]);
    }
    if (__all_sync(EVERY_LANE, in_image))
        add_products<true>(p, own, element, &weights[4 * quad], filters, sum);
    else
        add_products<false>(p, own, element, &weights[4 * quad], filters, sum);
#pragma unroll
    for (int e = 0; e < THREAD_PIXELS; ++e) {
        const int m = pixel + e * by.lanes;
        if (m < p.m) p.y.store4(m, p.y.row_axis.at(m, p.m), first + 4 * quad, p.n, sum[e]);
    }
}

template <class T>
cudaError_t convolve(const gli_convolution &v, cudaStream_t stream) {
    const phase_chunk all = {forward_phase(row_axis(v)), forward_phase(column_axis(v))};
    const gemm_size size  = size_of(v, all);
    if (size.m == 0 || size.n == 0) return cudaSuccess;
    thread_layout by = {DIRECT_FILTERS / 4, 0, channels_last(v.y, v.out)};
    while (by.quads > 1 && 2 * by.quads >= size.n) by.quads /= 2;
    by.lanes           = DIRECT_THREADS / by.quads;
    const size_t bytes = size_t(size.k) * (4 * by.quads * sizeof(compute<T>) + sizeof(coord));
    const dim3 blocks(blocks_for(size.m, THREAD_PIXELS * by.lanes), blocks_for(size.n, 4 * by.quads));
    return GLI_LAUNCH((direct_kernel<T>), blocks, DIRECT_THREADS, bytes, stream, batch_of<T>(v, all), by);
}

/* Sums of one split of the pixels, for `filters` filters and COUNT kernel elements from blockIdx.z COUNT on. */
template <class T, int COUNT>
__global__ void __launch_bounds__(DIRECT_THREADS, 1)
    direct_filter_kernel(conv2d_filter_batch<T> batch, int filters, bool filters_contiguous, split_k split,
                         split_k_partials<compute<T>> partials) {
    typedef compute<T> C;
    enum { PITCH = COUNT + 1 }; /* the last is the gradient of the bias */
    __shared__ C sums[DIRECT_THREADS][PITCH];
    __shared__ coord element[COUNT];
    const auto p = batch.problem(0);
    const int t = int(threadIdx.x), lanes = DIRECT_THREADS / filters;
    const int filter  = filters_contiguous ? t % filters : t / lanes,
              lane    = filters_contiguous ? t / filters : t % lanes;
    const int first_m = int(blockIdx.y) * filters, first_n = int(blockIdx.z) * COUNT;
    if (t < COUNT) element[t] = p.b.row_axis.at(min(first_n + t, p.n - 1), p.n); /* there is one in any case */
    __syncthreads();

    const coord own = p.a.row_axis.at(first_m + filter, p.m);
    const int begin = int(blockIdx.x) * split.depth, end = min(p.k, begin + split.depth);
    const coord first = p.b.row_axis.at(0, p.n), last = p.b.row_axis.at(p.n - 1, p.n);
    const bool unpadded = has_window(p.b, first, last, p.b.k_axis.at(0, p.k)) &&
                          has_window(p.b, first, last, p.b.k_axis.at(p.k - 1, p.k));
    C sum[PITCH] = {};
    for (int k = begin + lane; k < end; k += lanes) {
        const coord pixel = p.a.k_axis.at(k, p.k), under = p.b.k_axis.at(k, p.k);
        const C dy = p.a.contains(own, pixel) ? C(to_compute(*p.a.address(own, pixel))) : C(0);
        sum[COUNT] += dy;
        if (unpadded || (filters_contiguous && has_window(p.b, first, last, under))) { /* for all lanes of a warp */
#pragma unroll
            for (int j = 0; j < COUNT; ++j) sum[j] += dy * C(to_compute(*p.b.address(element[j], under)));
            continue;
        }
#pragma unroll
        for (int j = 0; j < COUNT; ++j)
            if (p.b.contains(element[j], under)) sum[j] += dy * C(to_compute(*p.b.address(element[j], under)));
    }
#pragma unroll
    for (int j = 0; j < PITCH; ++j) sums[lane * filters + filter][j] = sum[j];
    __syncthreads();

    for (int i = t; i < filters * PITCH; i += DIRECT_THREADS) {
        const int m = first_m + i / PITCH, j = i % PITCH, n = j == COUNT ? p.n : first_n + j;
        const bool requested = j == COUNT ? p.y.row_sums && blockIdx.z == 0 : n < p.n;
        if (m >= p.m || !requested) continue;
        C all = 0;
        for (int l = 0; l < lanes; ++l) all += sums[l * filters + i / PITCH][j];
        if (partials.data)
            partials.of(int(blockIdx.x), 0)[size_t(m) * partials.columns + n] = all;
        else if (j == COUNT)
            p.y.store_row_sum(m, all);
        else
            p.y.store(m, n, all);
    }
}

enum { CONTIGUOUS_FILTERS = 32, STRIDED_FILTERS = 8 }; /* of a block */

int elements_of_block(const gemm_size &s) { return s.n <= 9 ? 9 : 27; }

split_k split_of_pixels(const gemm_size &s) {
    return split_k_for(s.k, int64_t(blocks_for(s.m, CONTIGUOUS_FILTERS)) * blocks_for(s.n, elements_of_block(s)));
}

template <class T, int COUNT>
cudaError_t launch_filter(const gli_convolution &v, const gemm_size &s, void *workspace, cudaStream_t stream) {
    const bool contiguous = channels_last(v.y, v.out);
    const int filters     = contiguous ? CONTIGUOUS_FILTERS : STRIDED_FILTERS;
    const split_k split   = split_of_pixels(s);
    const dim3 blocks(split.splits, blocks_for(s.m, filters), blocks_for(s.n, COUNT));
    const conv2d_filter_batch<T> batch          = filter_batch_of<T>(v);
    const split_k_partials<compute<T>> partials = partials_of<compute<T>>(s, split, workspace);
    const cudaError_t error = GLI_LAUNCH((direct_filter_kernel<T, COUNT>), blocks, DIRECT_THREADS, 0, stream, batch,
                                         filters, contiguous, split, partials);
    return error != cudaSuccess || !partials.data ? error : reduce_splits<T>(batch, s, split, partials, stream);
}

template <class T>
cudaError_t gradient(const gli_convolution &v, const gli_gemm_run &run) {
    const gemm_size s = filter_size_of(v);
    if (s.m == 0 || s.n == 0) return cudaSuccess;
    return elements_of_block(s) == 9 ? launch_filter<T, 9>(v, s, run.workspace, run.stream)
                                     : launch_filter<T, 27>(v, s, run.workspace, run.stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_conv2d_direct(const gli_convolution *conv, const gli_gemm_run *run) {
    switch (conv->dtype) {
        case GLIA_F32: return glia::convolve<float>(*conv, run->stream);
        case GLIA_BF16: return glia::convolve<glia::bf16>(*conv, run->stream);
        case GLIA_F16: return glia::convolve<glia::f16>(*conv, run->stream);
        default: return cudaErrorInvalidValue;
    }
}

size_t gli_kernel_conv2d_filter_direct_workspace(const gli_convolution *conv) {
    const glia::gemm_size s = glia::filter_size_of(*conv);
    return glia::partial_count(s, glia::split_of_pixels(s)) * sizeof(float);
}

cudaError_t gli_kernel_conv2d_filter_direct(const gli_convolution *conv, const gli_gemm_run *run) {
    switch (conv->dtype) {
        case GLIA_F32: return glia::gradient<float>(*conv, *run);
        case GLIA_BF16: return glia::gradient<glia::bf16>(*conv, *run);
        case GLIA_F16: return glia::gradient<glia::f16>(*conv, *run);
        default: return cudaErrorInvalidValue;
    }
}
