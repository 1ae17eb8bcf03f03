/* The first convolution of a network, of images with one channel or a few: a sum of few products, so that tiles of it
 * would be mostly border, over an output that is large.
 *
 * Versions:
 * 1. Forward: all taps of 64 filters in shared memory, each thread forms 4 pixels x 4 filters; x is read through the
 *    cache, where the patches of neighbours overlap.
 * 2. Gradient by the filters: a thread keeps the taps of one filter in registers while it goes over pixels, so that dy,
 *    which is large, is read once for each 27 taps; lanes and then slices are added up in one order. */
#include "kernels/conv/conv2d_plan.cuh"

namespace glia {
namespace {

enum { DIRECT_THREADS = 256, DIRECT_FILTERS = 64, OWN_PIXELS = 4 };

/* How a block's threads share its work: `quads` fours of filters by `lanes` pixels; neighbours are neighbours in y. */
struct sharing {
    int quads, lanes;
    bool filters_near;
};

template <class T>
__global__ void __launch_bounds__(DIRECT_THREADS, 1) direct_kernel(conv2d_batch<T> batch, sharing by) {
    typedef compute<T> C;
    GLI_DYNAMIC_SHARED(unsigned char, memory);
    const auto p = batch.at(0);
    const int t = int(threadIdx.x), filters = 4 * by.quads, first = int(blockIdx.y) * filters;
    C *const weights = reinterpret_cast<C *>(memory); /* [tap][filters] */
    place *const tap = reinterpret_cast<place *>(weights + p.k * filters);
    for (int i = t; i < p.k * filters; i += DIRECT_THREADS) {
        const place o = p.b.kept.at(first + i % filters, p.n), k = p.b.summed.at(i / filters, p.k);
        weights[i] = p.b.has(o, k) ? C(widen(*p.b.at(o, k))) : C(0);
    }
    for (int i = t; i < p.k; i += DIRECT_THREADS) tap[i] = p.a.summed.at(i, p.k);
    __syncthreads();

    const int quad  = by.filters_near ? t % by.quads : t / by.lanes,
              lane  = by.filters_near ? t / by.quads : t % by.lanes;
    const int pixel = int(blockIdx.x) * OWN_PIXELS * by.lanes + lane;
    place at[OWN_PIXELS];
    C sum[OWN_PIXELS][4] = {};
#pragma unroll
    for (int e = 0; e < OWN_PIXELS; ++e) at[e] = p.a.kept.at(pixel + e * by.lanes, p.m);
    for (int k = 0; k < p.k; ++k) {
        const four<C> w  = *reinterpret_cast<const four<C> *>(&weights[k * filters + 4 * quad]);
        const place here = tap[k];
#pragma unroll
        for (int e = 0; e < OWN_PIXELS; ++e) {
            const C x = p.a.has(at[e], here) ? C(widen(*p.a.at(at[e], here))) : C(0);
#pragma unroll
            for (int i = 0; i < 4; ++i) sum[e][i] += x * w.at[i];
        }
    }
#pragma unroll
    for (int e = 0; e < OWN_PIXELS; ++e) {
        const int m = pixel + e * by.lanes;
        if (m < p.m) p.y.write_four(m, p.y.rows.at(m, p.m), first + 4 * quad, p.n, sum[e]);
    }
}

template <class T>
cudaError_t convolve(const gli_convolution &v, cudaStream_t stream) {
    const chunk all           = {forward_phase(row_axis(v)), forward_phase(column_axis(v))};
    const product_sizes sizes = sizes_of(v, all);
    if (sizes.m == 0 || sizes.n == 0) return cudaSuccess;
    sharing by = {DIRECT_FILTERS / 4, 0, channels_last(v.y, v.out)};
    while (by.quads > 1 && 2 * by.quads >= sizes.n) by.quads /= 2;
    by.lanes           = DIRECT_THREADS / by.quads;
    const size_t bytes = size_t(sizes.k) * (4 * by.quads * sizeof(compute<T>) + sizeof(place));
    const dim3 blocks(blocks_for(sizes.m, OWN_PIXELS * by.lanes), blocks_for(sizes.n, 4 * by.quads));
    return GLI_LAUNCH((direct_kernel<T>), blocks, DIRECT_THREADS, bytes, stream, batch_of<T>(v, all), by);
}

/* Sums of one slice of the pixels, for `filters` filters and TAPS taps from blockIdx.z TAPS on. */
template <class T, int TAPS>
__global__ void __launch_bounds__(DIRECT_THREADS, 1)
    direct_filter_kernel(conv2d_filter_batch<T> batch, int filters, bool filters_near, slicing cut,
                         partial_sums<compute<T>> partial) {
    typedef compute<T> C;
    enum { PITCH = TAPS + 1 }; /* the last is the gradient of the bias */
    __shared__ C sums[DIRECT_THREADS][PITCH];
    __shared__ place tap[TAPS];
    const auto p = batch.at(0);
    const int t = int(threadIdx.x), lanes = DIRECT_THREADS / filters;
    const int filter = filters_near ? t % filters : t / lanes, lane = filters_near ? t / filters : t % lanes;
    const int first_m = int(blockIdx.y) * filters, first_n = int(blockIdx.z) * TAPS;
    if (t < TAPS) tap[t] = p.b.kept.at(first_n + t, p.n);
    __syncthreads();

    const place own = p.a.kept.at(first_m + filter, p.m);
    const int begin = int(blockIdx.x) * cut.depth, end = min(p.k, begin + cut.depth);
    C sum[PITCH] = {};
    for (int k = begin + lane; k < end; k += lanes) {
        const place pixel = p.a.summed.at(k, p.k), under = p.b.summed.at(k, p.k);
        const C dy = p.a.has(own, pixel) ? C(widen(*p.a.at(own, pixel))) : C(0);
        sum[TAPS] += dy;
#pragma unroll
        for (int j = 0; j < TAPS; ++j)
            if (p.b.has(tap[j], under)) sum[j] += dy * C(widen(*p.b.at(tap[j], under)));
    }
#pragma unroll
    for (int j = 0; j < PITCH; ++j) sums[lane * filters + filter][j] = sum[j];
    __syncthreads();

    for (int i = t; i < filters * PITCH; i += DIRECT_THREADS) {
        const int m = first_m + i / PITCH, j = i % PITCH, n = j == TAPS ? p.n : first_n + j;
        const bool wanted = j == TAPS ? p.y.row_sums && blockIdx.z == 0 : n < p.n;
        if (m >= p.m || !wanted) continue;
        C all = 0;
        for (int l = 0; l < lanes; ++l) all += sums[l * filters + i / PITCH][j];
        if (partial.data)
            partial.of(int(blockIdx.x), 0)[size_t(m) * partial.columns + n] = all;
        else if (j == TAPS)
            p.y.write_row_sum(m, all);
        else
            p.y.write(m, n, all);
    }
}

enum { NEAR_FILTERS = 32, FAR_FILTERS = 8 };

int taps_of_chunk(const product_sizes &s) { return s.n <= 9 ? 9 : 27; }

slicing slicing_of_pixels(const product_sizes &s) {
    return slicing_of(s.k, int64_t(blocks_for(s.m, NEAR_FILTERS)) * blocks_for(s.n, taps_of_chunk(s)));
}

template <class T, int TAPS>
cudaError_t launch_filter(const gli_convolution &v, const product_sizes &s, void *workspace, cudaStream_t stream) {
    const bool near   = channels_last(v.y, v.out);
    const int filters = near ? NEAR_FILTERS : FAR_FILTERS;
    const slicing cut = slicing_of_pixels(s);
    const dim3 blocks(cut.slices, blocks_for(s.m, filters), blocks_for(s.n, TAPS));
    const conv2d_filter_batch<T> batch     = filter_batch_of<T>(v);
    const partial_sums<compute<T>> partial = partial_sums_of<compute<T>>(s, cut, workspace);
    const cudaError_t error = GLI_LAUNCH((direct_filter_kernel<T, TAPS>), blocks, DIRECT_THREADS, 0, stream, batch,
                                         filters, near, cut, partial);
    return error != cudaSuccess || !partial.data ? error : add_slices<T>(batch, s, cut, partial, stream);
}

template <class T>
cudaError_t gradient(const gli_convolution &v, void *workspace, cudaStream_t stream) {
    const product_sizes s = filter_sizes_of(v);
    if (s.m == 0 || s.n == 0) return cudaSuccess;
    return taps_of_chunk(s) == 9 ? launch_filter<T, 9>(v, s, workspace, stream)
                                 : launch_filter<T, 27>(v, s, workspace, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_conv2d_direct(const gli_convolution *conv, cudaStream_t stream) {
    switch (conv->dtype) {
        case GLIA_F32: return glia::convolve<float>(*conv, stream);
        case GLIA_BF16: return glia::convolve<glia::bf16>(*conv, stream);
        case GLIA_F16: return glia::convolve<glia::f16>(*conv, stream);
        default: return cudaErrorInvalidValue;
    }
}

size_t gli_kernel_conv2d_filter_direct_workspace(const gli_convolution *conv) {
    const glia::product_sizes s = glia::filter_sizes_of(*conv);
    return glia::partial_count(s, glia::slicing_of_pixels(s)) * sizeof(float);
}

cudaError_t gli_kernel_conv2d_filter_direct(const gli_convolution *conv, void *workspace, cudaStream_t stream) {
    switch (conv->dtype) {
        case GLIA_F32: return glia::gradient<float>(*conv, workspace, stream);
        case GLIA_BF16: return glia::gradient<glia::bf16>(*conv, workspace, stream);
        case GLIA_F16: return glia::gradient<glia::f16>(*conv, workspace, stream);
        default: return cudaErrorInvalidValue;
    }
}
