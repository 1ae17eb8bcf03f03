/* The gradient of a convolution with respect to its filters where conv2d_direct.cu computes it: a small result, kernel
 * elements times filters, summed over many pixels.
 *
 * Versions:
 * 1. A thread accumulates 9 or 27 kernel elements of one filter in registers while it goes over pixels; x is read
 *    through the cache. 126 instructions for 9 multiply-adds.
 * 2. The image under a tile of output pixels is in shared memory, with its padding, and a thread accumulates 9 kernel
 *    elements of 8 filters over runs of 4 pixels: 423 instructions for 288 multiply-adds and 32 additions for the bias
 *    in f32, 443 in halves. Then lanes, and splits of the tiles, are summed in one order.
 * 3. A form that takes in the derivative of a relu, which saves a pass over dy, in the same registers. */
#include <climits>
#include <type_traits>

#include "kernels/conv/direct_tiles.cuh"
#include "kernels/device/opaque.cuh"
#include "kernels/gemm/padding.cuh"

namespace glia {
namespace {

enum {
    ELEMENTS      = 9, /* of a thread */
    FILTERS       = 8,
    RUN           = 4, /* pixels */
    TILE_PIXELS   = 256,
    BLOCK_GROUPS  = 4,                             /* of filters, and of kernel elements, at most */
    SUMS_PITCH    = DIRECT_THREADS + BLOCK_GROUPS, /* without bank conflicts */
    SUMS          = (ELEMENTS + 1) * FILTERS,      /* of a thread; the last are of dy alone */
    MAX_SPLITS    = 256,
    ENOUGH_BLOCKS = 512
};

/* The threads of a block: groups of filters by lanes of runs by groups of kernel elements. */
struct filter_layout {
    int filters, elements, lanes;
};

/* What a thread accumulates. */
struct thread_sums {
    int group, lane, elements;
    float of_element[ELEMENTS][FILTERS], of_dy[FILTERS];

    __device__ explicit thread_sums(const filter_layout &by) : of_element(), of_dy() {
        group    = int(threadIdx.x) % by.filters;
        lane     = int(threadIdx.x) / by.filters % by.lanes;
        elements = int(threadIdx.x) / by.filters / by.lanes;
        if (elements >= by.elements) elements = 0, lane = INT_MAX / 2; /* it has no run of any tile */
    }
};

/* The memory layout of dy: the filters of a thread are contiguous, read by 16-byte loads; the pixels of a row are; or
 * neither. */
enum class dy_layout { FILTERS, PIXELS, ANY };

/* dy of which y, the result of a relu with the strides of dy, lets through what is not at or below zero. let_through:
 * what remains of element first + more, or of pack i from there on. */
template <class View>
struct rectified_view : View {
    typedef typename View::element T;
    const T *y;

    __device__ compute<T> value(const coord &i, const coord &k) const {
        return to_compute(y[i.offset + k.offset]) <= 0 ? compute<T>(0) : View::value(i, k);
    }
    __device__ T let_through(T dy, unsigned first, unsigned more) const {
        return to_compute((y + first)[more]) <= 0 ? round_to<T>(compute<T>(0)) : dy;
    }
    __device__ packed<T> let_through(const packed<T> &dy, unsigned first, unsigned more, int i) const {
        const packed<T> of = reinterpret_cast<const packed<T> *>(y + first + more)[i];
        T out[vector<T>::width];
        compute<T> values[vector<T>::width];
        memcpy(out, dy.word, sizeof dy.word);
        unpack(of, values);
        for (int k = 0; k < vector<T>::width; ++k)
            if (values[k] <= 0) out[k] = round_to<T>(compute<T>(0));
        packed<T> some;
        memcpy(some.word, out, sizeof some.word);
        return some;
    }
};

/* All of dy. */
template <class View>
struct plain_view : View {
    typedef typename View::element T;
    __device__ explicit plain_view(const View &view) : View(view) {}
    __device__ T let_through(T dy, unsigned, unsigned) const { return dy; }
    __device__ packed<T> let_through(const packed<T> &dy, unsigned, unsigned, int) const { return dy; }
};

/* dy of a thread's filters at one output pixel, as it lies in memory. */
template <class T>
struct filter_pack {
    enum { COUNT = FILTERS / vector<T>::width };
    packed<T> at[COUNT];
};

/* dy of the filters from `filter` on for a run of pixels; zeros where the tile has fewer. What it has for filters that
 * there are not is never stored. */
template <dy_layout BY, class T, class View>
__device__ inline void load_run(const View &dy, unsigned offset, unsigned step, int pixels, int filter, int count,
                                filter_pack<T> (&held)[RUN]) {
    if (BY == dy_layout::FILTERS) {
        const unsigned first = offset + unsigned(min(filter, count - FILTERS));
        const T *const from  = dy.data + first;
#pragma unroll
        for (int e = 0; e < RUN; ++e) {
            const packed<T> *const here = reinterpret_cast<const packed<T> *>(from + unsigned(e) * step);
            held[e]                     = {};
#pragma unroll
            for (int i = 0; i < filter_pack<T>::COUNT; ++i)
                if (e < pixels) held[e].at[i] = dy.let_through(here[i], first, unsigned(e) * step, i);
        }
        return;
    }
    T each[RUN][FILTERS] = {};
#pragma unroll
    for (int f = 0; f < FILTERS; ++f) {
        const unsigned first = offset + unsigned(min(filter + f, count - 1)) * dy.row_axis.stride;
        const T *const from  = dy.data + first;
#pragma unroll
        for (int e = 0; e < RUN; ++e) {
            const unsigned more = unsigned(e) * (BY == dy_layout::PIXELS ? 1 : step);
            if (e < pixels) each[e][f] = dy.let_through(from[more], first, more);
        }
    }
#pragma unroll
    for (int e = 0; e < RUN; ++e)
#pragma unroll
        for (int i = 0; i < filter_pack<T>::COUNT; ++i)
            memcpy(held[e].at[i].word, &each[e][i * vector<T>::width], sizeof held[e].at[i].word);
}

/* Adds the products of a run of pixels. place: where the thread's kernel elements find those of the first pixel, in
 * bytes from the beginning of the patch. */
template <class T>
__device__ inline void add_products(const filter_pack<T> (&held)[RUN], const unsigned char *patch,
                                    const int (&place)[ELEMENTS], int first, bool sums_dy, thread_sums &sum) {
    enum { WIDTH = vector<T>::width };
    float dy[RUN][FILTERS];
#pragma unroll
    for (int e = 0; e < RUN; ++e)
#pragma unroll
        for (int i = 0; i < filter_pack<T>::COUNT; ++i) {
            float some[WIDTH];
            unpack(held[e].at[i], some);
#pragma unroll
            for (int f = 0; f < WIDTH; ++f) dy[e][i * WIDTH + f] = some[f];
        }
#pragma unroll
    for (int j = 0; j < ELEMENTS; ++j) {
        const float *const x = reinterpret_cast<const float *>(patch + (place[j] + first));
#pragma unroll
        for (int e = 0; e < RUN; ++e)
#pragma unroll
            for (int i = 0; i < FILTERS; ++i) sum.of_element[j][i] += dy[e][i] * x[e];
    }
    if (!sums_dy) return;
#pragma unroll
    for (int e = 0; e < RUN; ++e)
#pragma unroll
        for (int i = 0; i < FILTERS; ++i) sum.of_dy[i] += dy[e][i];
}

/* The products of a tile, whose patch is in shared memory, with dy of the filters from `filter` on. */
template <dy_layout BY, class T, class Problem>
__device__ inline void add_tile(const Problem &p, const image_strides &y, const direct_tiles<T> &tiles,
                                const tile_pixels &of, int lanes, int filter, const unsigned char *patch,
                                const int (&place)[ELEMENTS], bool sums_dy, thread_sums &sum) {
    const int runs       = of.rows * int(tiles.by_runs.value);
    const unsigned first = unsigned(of.image) * y.n + unsigned(of.row) * y.h + unsigned(of.column) * y.w;
    for (int run = sum.lane; run < runs; run += lanes) {
        const int row         = int(tiles.by_runs.quotient(unsigned(run))),
                  column      = RUN * (run - row * int(tiles.by_runs.value));
        const unsigned offset = first + unsigned(row) * y.h + unsigned(column) * y.w;
        filter_pack<T> held[RUN];
        load_run<BY>(p.a, offset, y.w, of.columns - column, filter, p.m, held);
        add_products(held, patch, place, (row * tiles.row_step + column) * int(sizeof(float)), sums_dy, sum);
    }
}

/* Element (m, n), summed over the tiles of a split without padding. */
template <class T, class Problem>
__device__ inline float sum_without_padding(const Problem &p, const direct_tiles<T> &tiles, int m, int n, int begin,
                                            int end) {
    double sum = 0;
    int nan    = -1;
    for (int tile = begin; tile < end && !isnan(sum); ++tile) {
        const tile_pixels of = tiles.pixels_of(tile);
        for (int row = 0; row < of.rows && !isnan(sum); ++row) {
            const int k = (of.image * tiles.y_height + of.row + row) * tiles.y_width + of.column;
            sum += sum_without_padding<float>(p, m, n, k, k + of.columns, &nan);
        }
    }
    return float(sum);
}

/* Where a block's sums go. */
struct block_sums {
    int first_m, first_n;
    int begin, end; /* its tiles */
};

/* Sums the lanes in shared memory and stores what the filters and kernel elements of a block have. */
template <class T, class Problem>
__device__ inline void store_sums(const Problem &p, const thread_sums &own, const block_sums &block,
                                  const direct_tiles<T> &tiles, const filter_layout &by, bool reads_padding,
                                  const split_k_partials<float> &partials, float *memory) {
#pragma unroll
    for (int i = 0; i < SUMS; ++i)
        memory[i * SUMS_PITCH + threadIdx.x] =
            i < ELEMENTS * FILTERS ? own.of_element[i / FILTERS][i % FILTERS] : own.of_dy[i % FILTERS];
    __syncthreads();
    /* Of padding, or of dy where a run is longer than a row of the tile. */
    const bool adds_zeros = reads_padding || tiles.columns % RUN != 0 || tiles.y_width % RUN != 0;
    const int teams       = by.filters * by.elements; /* of lanes, whose sums are of the same elements and filters */
    for (int i = int(threadIdx.x); i < SUMS * teams; i += DIRECT_THREADS) {
        const int group = i % by.filters, elements = i / by.filters % by.elements, slot = i / teams;
        const int f = slot % FILTERS, j = slot / FILTERS;
        const int m          = block.first_m + FILTERS * group + f;
        const int n          = j == ELEMENTS ? p.n : block.first_n + elements * ELEMENTS + j;
        const bool requested = j == ELEMENTS ? p.y.row_sums && blockIdx.z == 0 && elements == 0 : n < p.n;
        if (m >= p.m || !requested) continue;
        const float *const lanes = &memory[slot * SUMS_PITCH + elements * by.lanes * by.filters + group];
        float all                = 0;
        for (int l = 0; l < by.lanes; ++l) all += lanes[l * by.filters];
        if (isnan(all) && adds_zeros && j < ELEMENTS) all = sum_without_padding(p, tiles, m, n, block.begin, block.end);
        if (partials.data)
            partials.of(int(blockIdx.x), 0)[size_t(m) * partials.columns + n] = all;
        else if (j == ELEMENTS)
            p.y.store_row_sum(m, all);
        else
            p.y.store(m, n, all);
    }
}

/* The problem with another view of dy. */
template <class View, class P>
__device__ inline auto with_dy(const P &p, const View &dy) {
    return gemm_problem<View, decltype(p.b), decltype(p.y)>{dy, p.b, p.y, p.m, p.n, p.k};
}

template <bool RECTIFIED, class T, class P>
__device__ inline auto problem_of(const P &p, const T *relu) {
    if constexpr (RECTIFIED)
        return with_dy(p, rectified_view<decltype(p.a)>{p.a, relu});
    else
        return with_dy(p, plain_view<decltype(p.a)>(p.a));
}

/* Sums of one split of the tiles, for some filters and kernel elements of a block. relu: what rectifies dy. */
template <class T, bool RECTIFIED>
__global__ void __launch_bounds__(DIRECT_THREADS, 3)
    direct_filter_kernel(conv2d_filter_batch<T> batch, direct_tiles<T> tiles, filter_layout by, bool dy_in_filters,
                         split_k split, split_k_partials<float> partials, const T *relu) {
    GLI_DYNAMIC_SHARED(float, memory);
    const auto p = problem_of<RECTIFIED>(batch.problem(0), relu);
    thread_sums sum(by);
    const int first        = int(blockIdx.x) * split.depth;
    const block_sums block = {int(blockIdx.y) * FILTERS * by.filters, int(blockIdx.z) * ELEMENTS * by.elements, first,
                              min(tiles.count, first + split.depth)};
    const int filter       = block.first_m + FILTERS * sum.group;
    const bool sums_dy     = p.y.row_sums && blockIdx.z == 0 && sum.elements == 0;
    int place[ELEMENTS];
#pragma unroll
    for (int j = 0; j < ELEMENTS; ++j) /* one that there is in any case */
        place[j] = gli_opaque(tiles.displacement[min(block.first_n + sum.elements * ELEMENTS + j, p.n - 1)]);
    for (int tile = block.begin; tile < block.end; ++tile) {
        const tile_pixels of    = tiles.pixels_of(tile);
        const auto *const patch = reinterpret_cast<const unsigned char *>(memory);
        tiles.stage(of, memory);
        __syncthreads();
        if (dy_in_filters)
            add_tile<dy_layout::FILTERS>(p, batch.y, tiles, of, by.lanes, filter, patch, place, sums_dy, sum);
        else if (batch.y.w == 1)
            add_tile<dy_layout::PIXELS>(p, batch.y, tiles, of, by.lanes, filter, patch, place, sums_dy, sum);
        else
            add_tile<dy_layout::ANY>(p, batch.y, tiles, of, by.lanes, filter, patch, place, sums_dy, sum);
        __syncthreads(); /* all have read the patch */
    }
    store_sums(p, sum, block, tiles, by, batch.reads_padding, partials, memory);
}

/* The blocks of the gradient. */
struct filter_plan {
    filter_layout by;
    int filter_blocks, element_blocks;
};

filter_plan plan_of(const gemm_size &s) {
    filter_plan plan  = {};
    const int filters = blocks_for(s.m, FILTERS), elements = blocks_for(s.n, ELEMENTS);
    plan.filter_blocks  = blocks_for(filters, BLOCK_GROUPS);
    plan.element_blocks = blocks_for(elements, BLOCK_GROUPS);
    plan.by.filters     = blocks_for(filters, plan.filter_blocks);
    plan.by.elements    = blocks_for(elements, plan.element_blocks);
    plan.by.lanes       = DIRECT_THREADS / (plan.by.filters * plan.by.elements);
    return plan;
}

/* One split of no tiles stores zeros. */
split_k split_of(int tiles, const filter_plan &plan) {
    const int blocks = plan.filter_blocks * plan.element_blocks;
    const int most   = blocks > ENOUGH_BLOCKS / MAX_SPLITS ? ENOUGH_BLOCKS / blocks : int(MAX_SPLITS);
    const int depth  = blocks_for(tiles > 1 ? tiles : 1, most > 1 ? most : 1);
    return {blocks_for(tiles > 1 ? tiles : 1, depth), depth};
}

template <class T>
direct_tiles<T> filter_tiles_of(const gli_convolution &v) {
    return tiles_of<T>(v, TILE_PIXELS, RUN, channels_last(v.x, v.in));
}

template <class T>
cudaError_t gradient(const gli_convolution &v, const void *relu, const gli_gemm_run &run) {
    const gemm_size s = filter_size_of(v);
    if (s.m == 0 || s.n == 0) return cudaSuccess;
    const direct_tiles<T> tiles = filter_tiles_of<T>(v);
    if (tiles.count == 0 && s.k > 0) return cudaErrorInvalidValue;
    const filter_plan plan = plan_of(s);
    const split_k split    = split_of(tiles.count, plan);
    const size_t patch = patch_bytes(tiles), sums = size_t(SUMS) * SUMS_PITCH * sizeof(float);
    const dim3 blocks(split.splits, plan.filter_blocks, plan.element_blocks);
    const conv2d_filter_batch<T> batch     = filter_batch_of<T>(v);
    const split_k_partials<float> partials = partials_of<float>(s, split, run.workspace);
    const auto launch                      = [&](auto rectified) {
        const bool dy_in_filters = channels_vectorizable<T>(v.y, v.out, FILTERS) && (!relu || aligned16(relu));
        return GLI_LAUNCH((direct_filter_kernel<T, decltype(rectified)::value>), blocks, DIRECT_THREADS,
                          patch > sums ? patch : sums, run.stream, batch, tiles, plan.by, dy_in_filters, split,
                                               partials, static_cast<const T *>(relu));
    };
    const cudaError_t error = relu ? launch(std::true_type()) : launch(std::false_type());
    return error != cudaSuccess || !partials.data ? error : reduce_splits<T>(batch, s, split, partials, run.stream);
}

}  // namespace
}  // namespace glia

size_t gli_kernel_conv2d_filter_direct_workspace(const gli_convolution *conv) {
    const glia::gemm_size s = glia::filter_size_of(*conv);
    return glia::partial_count(s, glia::split_of(glia::filter_tiles_of<float>(*conv).count, glia::plan_of(s))) *
           sizeof(float);
}

cudaError_t gli_kernel_conv2d_filter_direct_relu(const gli_convolution *conv, const void *relu,
                                                 const gli_gemm_run *run) {
    switch (conv->dtype) {
        case GLIA_F32: return glia::gradient<float>(*conv, relu, *run);
        case GLIA_BF16: return glia::gradient<glia::bf16>(*conv, relu, *run);
        case GLIA_F16: return glia::gradient<glia::f16>(*conv, relu, *run);
        default: return cudaErrorInvalidValue;
    }
}

cudaError_t gli_kernel_conv2d_filter_direct(const gli_convolution *conv, const gli_gemm_run *run) {
    return gli_kernel_conv2d_filter_direct_relu(conv, nullptr, run);
}
