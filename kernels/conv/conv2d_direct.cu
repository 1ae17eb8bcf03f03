/* Direct convolution for the first layer of a network, whose images have one channel or a few: k, the kernel elements
 * (c, r, s), is short, so that tiles of an im2col matrix would be mostly border, and the output is large. The gradient
 * with respect to the filters is in conv2d_direct_filter.cu.
 *
 * Versions:
 * 1. The filters are in shared memory, 64 at a time, and each thread computes 4 pixels x 4 filters; x is read through
 *    the cache, where the windows of neighbouring pixels overlap. 65 instructions for 16 multiply-adds.
 * 2. The image under a tile of output pixels is in shared memory too, with its padding, and each thread computes 8
 *    pixels x 8 filters: 241 instructions for 192 multiply-adds, where three kernel elements follow each other, or 90
 *    for 64. */
#include "kernels/conv/conv2d_direct_launch.h"
#include "kernels/conv/direct_tiles.cuh"
#include "kernels/device/opaque.cuh"
#include "kernels/gemm/padding.cuh"

namespace glia {
namespace {

enum { FLOAT = sizeof(float), THREAD_PIXELS = 8, THREAD_FILTERS = 8, BLOCK_FILTERS = 64, RESIDENT_BLOCKS = 4 };

/* The threads of a block: `groups` of eight filters by `lanes` of eight pixels. */
struct thread_layout {
    int groups, lanes;
    bool filters_contiguous; /* neighbouring threads have neighbouring filters; otherwise neighbouring pixels */

    __device__ int filters() const { return THREAD_FILTERS * groups; }
};

/* The pixels and filters of a thread. Filters are two times four, so that groups read neighbouring vec4s. */
struct thread_tile {
    int lane, group;
    bool any; /* some threads of the block may have none */

    __device__ explicit thread_tile(const thread_layout &by) {
        const int t = int(threadIdx.x);
        lane        = by.filters_contiguous ? t / by.groups : t % by.lanes;
        group       = by.filters_contiguous ? t % by.groups : t / by.lanes;
        any         = lane < by.lanes && group < by.groups;
    }
    __device__ int pixel(const thread_layout &by, int e) const { return lane + e * by.lanes; }
    __device__ int filter(const thread_layout &by, int i) const { return i / 4 * 4 * by.groups + 4 * group + i % 4; }
};

/* [k][filters] in the order (c, r, s), and behind them the bias. True in all threads if a filter has numbers that are
 * not finite. */
template <class Problem>
__device__ inline bool stage_filters(const Problem &p, int channels, int first, int filters, float *to) {
    __shared__ int special;
    if (threadIdx.x == 0) special = 0;
    __syncthreads();
    const grid_axis axis = p.b.k_axis;
    const divisor by_s   = axis.plane_last ? axis.high : axis.low;
    const int own = int(threadIdx.x) % filters, n = first + own, of_channel = p.k / channels;
    for (int c = 0; c < channels; ++c)
        for (int k = int(threadIdx.x) / filters; k < of_channel; k += DIRECT_THREADS / filters) {
            if (int(threadIdx.x) >= DIRECT_THREADS / filters * filters) break;
            const unsigned r = by_s.quotient(unsigned(k)), s = unsigned(k) - r * by_s.value;
            const unsigned offset = unsigned(c) * axis.plane.stride + r * axis.row.stride + s * axis.column.stride;
            const float w         = n < p.n ? to_compute(p.b.data[unsigned(n) * p.b.row_axis.stride + offset]) : 0.0f;
            to[(c * of_channel + k) * filters + own] = w;
            if (!isfinite(w)) atomicOr(&special, 1);
        }
    for (int i = int(threadIdx.x); i < filters; i += DIRECT_THREADS)
        to[p.k * filters + i] =
            p.y.c && first + i < p.n ? to_compute(p.y.c[unsigned(first + i) * p.y.c_column_stride]) : 0.0f;
    __syncthreads();
    return special != 0;
}

/* What a thread reads of shared memory, in bytes from its beginning, so that an access takes one addition. */
struct thread_reads {
    int filter, pitch; /* [k][pitch] filters: the thread's first four; the others are half a pitch behind them */
    int place[THREAD_PIXELS];
};

/* Adds the products of ELEMENTS that follow each other in the patch, from element k on. */
template <int ELEMENTS>
__device__ inline void add_products(const unsigned char *memory, const thread_reads &own, int k, int displacement,
                                    float (&sum)[THREAD_PIXELS][THREAD_FILTERS]) {
    const unsigned char *const filters = memory + (own.filter + k * own.pitch);
    vec4<float> low[ELEMENTS], high[ELEMENTS];
#pragma unroll
    for (int i = 0; i < ELEMENTS; ++i) {
        low[i]  = *reinterpret_cast<const vec4<float> *>(filters + i * own.pitch);
        high[i] = *reinterpret_cast<const vec4<float> *>(filters + i * own.pitch + own.pitch / 2);
    }
#pragma unroll
    for (int e = 0; e < THREAD_PIXELS; ++e) {
        const float *const x = reinterpret_cast<const float *>(memory + (own.place[e] + displacement));
#pragma unroll
        for (int i = 0; i < ELEMENTS; ++i)
#pragma unroll
            for (int f = 0; f < 4; ++f) sum[e][f] += x[i] * low[i].at[f], sum[e][4 + f] += x[i] * high[i].at[f];
    }
}

/* The sums of all products, from the bias on. */
template <class T>
__device__ inline void sum_products(const direct_tiles<T> &tiles, const unsigned char *memory, const thread_reads &own,
                                    int count, float (&sum)[THREAD_PIXELS][THREAD_FILTERS]) {
    enum { PIECE = 3 };
    const unsigned char *const bias = memory + (own.filter + count * own.pitch);
#pragma unroll
    for (int i = 0; i < THREAD_FILTERS; ++i) {
        const float b = reinterpret_cast<const float *>(bias + i / 4 * (own.pitch / 2))[i % 4];
#pragma unroll
        for (int e = 0; e < THREAD_PIXELS; ++e) sum[e][i] = b;
    }
    for (int line = 0; line < count; line += tiles.in_line) {
        int k         = line;
        const int end = line + tiles.in_line;
        for (; k + PIECE <= end; k += PIECE) add_products<PIECE>(memory, own, k, tiles.displacement[k], sum);
        for (; k < end; ++k) add_products<1>(memory, own, k, tiles.displacement[k], sum);
    }
}

/* Filters n to n + 3 of a pixel. */
template <class T, class Y>
__device__ inline void store_filters(const Y &y, unsigned offset, int n, int filters, const float (&sum)[4]) {
    vec4<T> out;
    float value[4];
    if (y.activation == GLIA_UNARY_SIGMOID || y.activation == GLIA_UNARY_TANH)
        activate(y.activation, sum, value);
    else
#pragma unroll
        for (int i = 0; i < 4; ++i) value[i] = y.activation == GLIA_UNARY_RELU ? relu(sum[i]) : sum[i];
#pragma unroll
    for (int i = 0; i < 4; ++i) out.at[i] = round_to<T>(value[i]);
    if (y.vectorized) {
        if (n < filters) *reinterpret_cast<vec4<T> *>(y.data + (offset + unsigned(n))) = out;
        return;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i)
        if (n + i < filters) y.data[offset + unsigned(n + i) * y.column_axis.stride] = out.at[i];
}

template <class T, class Problem>
__device__ inline void store_sums(const Problem &p, const image_strides &y, const tile_pixels &of,
                                  const thread_layout &by, const thread_tile &own, const divisor &by_columns, int first,
                                  const float (&sum)[THREAD_PIXELS][THREAD_FILTERS]) {
#pragma unroll
    for (int e = 0; e < THREAD_PIXELS; ++e) {
        const int pixel = own.pixel(by, e), row = int(by_columns.quotient(unsigned(pixel))),
                  column = pixel - row * int(by_columns.value);
        if (row >= of.rows || column >= of.columns) continue;
        const unsigned offset =
            unsigned(of.image) * y.n + unsigned(of.row + row) * y.h + unsigned(of.column + column) * y.w;
#pragma unroll
        for (int i = 0; i < THREAD_FILTERS; i += 4) {
            const float four[4] = {sum[e][i], sum[e][i + 1], sum[e][i + 2], sum[e][i + 3]};
            store_filters<T>(p.y, offset, first + own.filter(by, i), p.n, four);
        }
    }
}

/* Stores again what is NaN, summed without padding: filters that are no finite numbers met its zeros. */
template <class Problem>
__device__ inline void store_without_padding(const Problem &p, const tile_pixels &of, const thread_layout &by,
                                             const thread_tile &own, const divisor &by_columns, int first,
                                             const float (&sum)[THREAD_PIXELS][THREAD_FILTERS]) {
    unsigned long long nans = 0;
    int nan                 = -1;
#pragma unroll
    for (int i = 0; i < THREAD_PIXELS * THREAD_FILTERS; ++i)
        nans |= isnan(sum[i / THREAD_FILTERS][i % THREAD_FILTERS]) ? 1ull << i : 0;
#pragma unroll 1
    for (int i = 0; nans; ++i, nans >>= 1) {
        const int pixel = own.pixel(by, i / THREAD_FILTERS), n = first + own.filter(by, i % THREAD_FILTERS);
        const int row = int(by_columns.quotient(unsigned(pixel))), column = pixel - row * int(by_columns.value);
        if (!(nans & 1) || row >= of.rows || column >= of.columns || n >= p.n) continue;
        const int height = int(p.y.row_axis.high.value), width = int(p.y.row_axis.low.value);
        const int m = (of.image * height + of.row + row) * width + of.column + column;
        p.y.store(m, n, sum_without_padding<float>(p, m, n, 0, p.k, &nan));
    }
}

template <class T>
__global__ void __launch_bounds__(DIRECT_THREADS, RESIDENT_BLOCKS)
    direct_kernel(conv2d_batch<T> batch, direct_tiles<T> tiles, thread_layout by) {
    GLI_DYNAMIC_SHARED(unsigned char, memory);
    const auto p = batch.problem(0);
    const thread_tile own(by);
    const int filters = by.filters(), first = int(blockIdx.y) * filters;
    float *const weights = reinterpret_cast<float *>(memory), *const patch = weights + (p.k + 1) * filters;
    const bool special = stage_filters(p, tiles.in, first, filters, weights) && batch.reads_padding;

    thread_reads reads = {4 * own.group * FLOAT, filters * FLOAT, {}};
#pragma unroll
    for (int e = 0; e < THREAD_PIXELS; ++e) {
        const int pixel = own.pixel(by, e), row = int(tiles.by_columns.quotient(unsigned(pixel)));
        const int place = row < tiles.rows ? row * (tiles.row_step - tiles.columns) + pixel : 0;
        reads.place[e]  = gli_opaque(((p.k + 1) * filters + place) * FLOAT);
    }

    for (int tile = int(blockIdx.x); tile < tiles.count; tile += int(gridDim.x)) {
        const tile_pixels of = tiles.pixels_of(tile);
        tiles.stage(of, patch);
        __syncthreads();
        if (own.any) {
            float sum[THREAD_PIXELS][THREAD_FILTERS];
            sum_products(tiles, memory, reads, p.k, sum);
            store_sums<T>(p, batch.y, of, by, own, tiles.by_columns, first, sum);
            if (special) store_without_padding(p, of, by, own, tiles.by_columns, first, sum);
        }
        __syncthreads(); /* all have read the patch */
    }
}

template <class T>
cudaError_t convolve(const gli_convolution &v, const gli_gemm_run &run) {
    const image_phases all = image_phases::forward(v);
    const gemm_size size   = size_of(v, all);
    if (size.m == 0 || size.n == 0) return cudaSuccess;
    const int parts  = blocks_for(size.n, BLOCK_FILTERS);
    thread_layout by = {blocks_for(blocks_for(size.n, parts), THREAD_FILTERS), 0, channels_last(v.y, v.out)};
    by.lanes         = DIRECT_THREADS / by.groups;

    const direct_tiles<T> tiles = tiles_of<T>(v, THREAD_PIXELS * by.lanes, 1, false);
    if (tiles.count == 0) return cudaErrorInvalidValue;
    const int filters         = THREAD_FILTERS * by.groups;
    const size_t bytes        = size_t(size.k + 1) * filters * sizeof(float) + patch_bytes(tiles);
    const int resident        = RESIDENT_BLOCKS * run.gpu.multiprocessors / parts;
    const int tiles_per_block = resident > 0 ? blocks_for(tiles.count, resident) : tiles.count;
    const dim3 blocks(blocks_for(tiles.count, tiles_per_block), blocks_for(size.n, filters));
    return GLI_LAUNCH((direct_kernel<T>), blocks, DIRECT_THREADS, bytes, run.stream, batch_of<T>(v, all), tiles, by);
}

}  // namespace
}  // namespace glia

bool gli_kernel_conv2d_direct_fits(const gli_convolution *conv) {
    glia::direct_tiles<float> tiles = {};
    return conv->pad_w <= glia::MAX_PATCH && glia::choose_tiles(tiles, *conv, 4, 4);
}

cudaError_t gli_kernel_conv2d_direct(const gli_convolution *conv, const gli_gemm_run *run) {
    switch (conv->dtype) {
        case GLIA_F32: return glia::convolve<float>(*conv, *run);
        case GLIA_BF16: return glia::convolve<glia::bf16>(*conv, *run);
        case GLIA_F16: return glia::convolve<glia::f16>(*conv, *run);
        default: return cudaErrorInvalidValue;
    }
}
