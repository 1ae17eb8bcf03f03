/* Two-pass kernels per channel, of all normalizations but layernorm: a reduction over the elements of each channel,
 * then a map over the elements with its result.
 *
 * A rule R says what is summed and what the sums do. It has
 *     enum { inputs, sums, in_columns, finishes, prepares, centers }
 *     typedef state, known, result                       plain structs; states merge, see block_reduce.cuh
 *     known begin(int c, const C (&first)[inputs])       what is known of a channel before its sums; first: its element
 *                                                        0, or zeros
 *     state none()                                       the sums of nothing
 *     void add(state *s, const known &, const C (&in)[inputs][N], int n, C share, unsigned i, int step)
 *                                                        the first n of elements i, i + step, ... of the channel;
 *                                                        share: n / the number of them in s, with these
 *     result end(int c, const known &, const state &total, bool write)
 *                                                        what the sums say; one thread writes it, where it is an output
 *     void out(const result &, const C (&in)[inputs][N], int n, unsigned i, C (&out)[N])
 *                                                        the output of the first n of elements i, i + 1, ...
 *     void finish(C (&out)[W])                           what becomes of a pack of it and the job's residual
 *     void prepare(const C (&y)[W], C (&in)[inputs][W])  what becomes of a pack of the inputs where the job has a y
 *     bool rescale(known *, const state &total)          whether the sums have to be found again, with another `known`
 * finishes: there is finish; prepares: there is prepare; centers: there is rescale; else they are not needed. sums:
 * packs that a thread loads before it adds them; 0: there are no sums, and add is not needed. in_columns: that layout
 * is used.
 *
 * Two layouts. runs: a channel is some runs of neighbours; a block has a slice of it. columns: [rows, channels]; a
 * block has some packs of channels and a slice of their rows. For groupnorm a channel is a group of one sample, in
 * runs.
 *
 * A step is one launch. Where one block holds all of a channel, ALONE does everything. Else SUMS leaves the states of
 * the slices in the workspace and APPLY merges them for itself. Where there are too many of them for each block to
 * read, the last block of a section of slices to be done merges theirs before. PLAIN needs no sums. APPLY begins
 * with the last slices, which SUMS left in the cache.
 *
 * kernels/norm/channel_sweeps.cuh has what a thread does. */
#ifndef GLI_KERNELS_NORM_CHANNELS_CUH
#define GLI_KERNELS_NORM_CHANNELS_CUH

#include "kernels/device/arrivals.cuh"
#include "kernels/device/block_reduce.cuh"
#include "kernels/norm/channel_sweeps.cuh"

namespace glia {

enum { CHANNEL_THREADS = 256, CHANNEL_WARPS = CHANNEL_THREADS / LANES };
enum { CHANNEL_MIN_BLOCKS = 2 }; /* of a multiprocessor: left to itself, ptxas spills to fit more */
enum { CHANNEL_BLOCKS = 512, CHANNEL_STEPS = 16, CHANNEL_SLICES = 512, FEW_SLICES = 8, MERGED_SLICES = 16 };

enum channel_step { ALONE, SUMS, APPLY, PLAIN };

/* The slice of a block. */
template <channel_step STEP>
__device__ inline int slice_of_block() {
    return STEP == APPLY ? gridDim.y - 1 - blockIdx.y : blockIdx.y;
}

/* The section, MERGED_SLICES of them or the rest, that a block's slice is in. */
struct section {
    int first, count, to; /* slices; the merged states have a place behind those of all slices */
    bool last;            /* of those with the same channels to be done: the block merges the states */
};

/* The block's own states are written. Every thread calls it. */
template <class T, class R>
__device__ inline section arrive(const channel_job<T, R> &j, int slice) {
    __shared__ bool last;
    if (!j.arrivals) return {};
    const int index = slice / MERGED_SLICES, first = index * MERGED_SLICES;
    const int count = min(int(MERGED_SLICES), j.cut.slices - first);
    __syncthreads();
    if (threadIdx.x == 0) last = gli_arrive(j.arrivals + index * gridDim.x + blockIdx.x, unsigned(count));
    __syncthreads();
    return {first, count, j.cut.slices + index, last};
}

/* Block x has channel x, block y a slice of it. */
template <class T, class R, channel_step STEP>
__global__ void __launch_bounds__(CHANNEL_THREADS, CHANNEL_MIN_BLOCKS) runs_kernel(channel_job<T, R> j) {
    typedef typename R::state state;
    const int width = j.wide ? int(vector<T>::width) : 1, step = blockDim.x * width, c = blockIdx.x;
    const int slice = slice_of_block<STEP>();
    __shared__ state shared[CHANNEL_WARPS];
    const unsigned begin    = slice * j.cut.slice + threadIdx.x * width;
    const unsigned end      = min(slice * j.cut.slice + j.cut.slice, j.count);
    const int64_t base      = j.runs.base(c);
    typename R::known known = glia::begin(j, c, base);
    state all               = j.rule.none();
    if constexpr (STEP == ALONE || STEP == SUMS) all = sum_of_run(j, known, base, begin, end, step);
    if constexpr (STEP == APPLY)
        for (int s = threadIdx.x; s < j.merged; s += blockDim.x) all.merge(j.partials[int64_t(s) * j.channels + c]);
    if constexpr (STEP != PLAIN) all = block_merge(all, shared);
    if constexpr (R::centers && (STEP == ALONE || STEP == APPLY))
        if (j.rule.rescale(&known, all)) { /* each block by itself, of the whole channel */
            __syncthreads();               /* `shared` was read for the last time */
            all = block_merge(sum_of_run(j, known, base, threadIdx.x * width, j.count, step), shared);
        }
    if constexpr (STEP == SUMS) {
        if (threadIdx.x == 0) j.partials[int64_t(slice) * j.channels + c] = all;
        const section own = arrive(j, slice);
        if (!own.last) return;
        all = j.rule.none();
        for (int s = threadIdx.x; s < own.count; s += blockDim.x)
            all.merge(j.partials[int64_t(own.first + s) * j.channels + c]);
        all = block_merge(all, shared);
        if (threadIdx.x == 0) j.partials[int64_t(own.to) * j.channels + c] = all;
    } else {
        const typename R::result result = j.rule.end(c, known, all, slice == 0 && threadIdx.x == 0);
        if (j.out) write_run(j, result, base, begin, end, step);
    }
}

/* The states of slices begin, begin + step, ... below end of a pack of n columns from c on. */
template <class T, class R>
__device__ inline void merge_slices(const channel_job<T, R> &j, int c, int n, int begin, int end, int step,
                                    typename R::state (&all)[vector<T>::width]) {
    for (int s = begin; s < end; s += step)
        for (int k = 0; k < vector<T>::width && k < n; ++k) all[k].merge(j.partials[int64_t(s) * j.channels + c + k]);
}

template <class T, class R>
__device__ inline void put_states(const channel_job<T, R> &j, int slice, int c, int n,
                                  const typename R::state (&all)[vector<T>::width]) {
    for (int k = 0; k < vector<T>::width && k < n; ++k) j.partials[int64_t(slice) * j.channels + c + k] = all[k];
}

/* Of each column of threads the merged states, in all of them. */
template <int W, class S>
__device__ inline void merge_rows(S (&shared)[W][CHANNEL_THREADS], int across, S (&all)[W]) {
    for (int k = 0; k < W; ++k) shared[k][threadIdx.x] = all[k];
    merge_columns(shared, across);
    for (int k = 0; k < W; ++k) all[k] = shared[k][threadIdx.x % across];
}

/* Block x has `across` packs of channels, block y a slice of their rows. */
template <class T, class R, channel_step STEP>
__global__ void __launch_bounds__(CHANNEL_THREADS, CHANNEL_MIN_BLOCKS) columns_kernel(channel_job<T, R> j) {
    typedef typename R::state state;
    constexpr int width = vector<T>::width;
    const int column = threadIdx.x % j.cut.across, down = CHANNEL_THREADS / j.cut.across,
              top = threadIdx.x / j.cut.across, slice = slice_of_block<STEP>();
    const int c = (blockIdx.x * j.cut.across + column) * width, n = j.channels - c;
    const unsigned begin = slice * j.cut.slice + top;
    const unsigned end   = n > 0 ? min(slice * j.cut.slice + j.cut.slice, j.count) : 0;
    typename R::known known[width];
    state all[width];
    for (int k = 0; k < width; ++k) {
        const int channel = min(c + k, j.channels - 1);
        known[k]          = glia::begin(j, channel, channel);
        all[k]            = j.rule.none();
    }
    if constexpr (STEP == ALONE || STEP == SUMS) sum_columns(j, known, c, n, begin, end, down, all);
    if constexpr (STEP == APPLY) merge_slices(j, c, n, top, j.merged, down, all);
    if constexpr (STEP != PLAIN) {
        __shared__ state shared[width][CHANNEL_THREADS];
        merge_rows(shared, j.cut.across, all);
        if constexpr (R::centers && (STEP == ALONE || STEP == APPLY)) {
            bool changed[width], any = false;
            for (int k = 0; k < width; ++k) any = (changed[k] = j.rule.rescale(&known[k], all[k])) || any;
            if (__any_sync(EVERY_LANE, any)) { /* a warp has all columns of the block */
                state again[width];
                sum_columns(j, known, c, n, top, n > 0 ? j.count : 0, down, again);
                __syncthreads(); /* `shared` was read for the last time */
                merge_rows(shared, j.cut.across, again);
                for (int k = 0; k < width; ++k) all[k] = changed[k] ? again[k] : all[k];
            }
        }
        if constexpr (STEP == SUMS) {
            if (top == 0) put_states(j, slice, c, n, all);
            const section own = arrive(j, slice);
            if (!own.last) return;
            for (int k = 0; k < width; ++k) all[k] = j.rule.none();
            merge_slices(j, c, n, own.first + top, own.first + own.count, down, all);
            merge_rows(shared, j.cut.across, all);
            if (top == 0) put_states(j, own.to, c, n, all);
            return;
        }
    }
    if constexpr (STEP != SUMS) {
        typename R::result result[width];
        for (int k = 0; k < width; ++k)
            result[k] = j.rule.end(min(c + k, j.channels - 1), known[k], all[k], slice == 0 && top == 0 && k < n);
        if (j.out) write_columns(j, result, c, n, begin, end, down);
    }
}

/* ---- host ---- */

template <class T>
const T *as(const void *p) {
    return static_cast<const T *>(p);
}

template <class T>
T *as(void *p) {
    return static_cast<T *>(p);
}

inline int smallest(int a, int b, int c) { return a < b ? (a < c ? a : c) : b < c ? b : c; }

template <class T>
channel_cut cut_runs(int channels, int count) {
    const int packs = blocks_for(count, vector<T>::width);
    channel_cut c   = {1, CHANNEL_THREADS, channels, 1, count};
    while (c.threads > LANES && c.threads / 2 >= packs) c.threads /= 2;
    const int slices = smallest(blocks_for(packs, CHANNEL_THREADS * CHANNEL_STEPS),
                                blocks_for(CHANNEL_BLOCKS, channels), CHANNEL_SLICES);
    if (slices > 1) c.slice = blocks_for(packs, slices) * vector<T>::width;
    c.slices = slices > 1 ? blocks_for(count, c.slice) : 1;
    return c;
}

template <class T>
channel_cut cut_columns(int channels, int count) {
    const int packs = blocks_for(channels, vector<T>::width);
    channel_cut c   = {1, CHANNEL_THREADS, 0, 1, count};
    while (c.across < packs && c.across < LANES) c.across *= 2;
    c.blocks       = blocks_for(packs, c.across);
    const int down = CHANNEL_THREADS / c.across;
    const int slices =
        smallest(blocks_for(count, down * CHANNEL_STEPS), blocks_for(CHANNEL_BLOCKS, c.blocks), CHANNEL_SLICES);
    if (slices > 1) c.slice = blocks_for(count, slices);
    c.slices = slices > 1 ? blocks_for(count, c.slice) : 1;
    return c;
}

template <class T>
channel_cut cut_channels(bool columns, int channels, int count) {
    return columns ? cut_columns<T>(channels, count) : cut_runs<T>(channels, count);
}

/* How many sections of slices are merged in SUMS; 0: none, the slices are few. There are fewer than GLI_NORM_ARRIVALS
 * in the columns of all blocks: 64 blocks leave 8 slices, b blocks at most 512 / b + 1. */
inline int sections(const channel_cut &c) { return c.slices > FEW_SLICES ? blocks_for(c.slices, MERGED_SLICES) : 0; }

/* States in the workspace: those of the slices, and behind them those of sections. */
inline size_t channel_states(const channel_cut &c, int channels) {
    return c.slices > 1 ? size_t(c.slices + sections(c)) * channels : 0;
}

/* Of a dense image [n, c, area]. */
inline channel_runs channels_of(int c, int area) {
    const int run = area > 0 ? area : 1;
    return {divide_by(run), divide_by(c > 0 ? c : 1), int64_t(c) * run, run, 0};
}

template <channel_step STEP, class T, class R>
cudaError_t launch_channels(const channel_job<T, R> &j, int slices, cudaStream_t stream) {
    const dim3 grid(j.cut.blocks, slices);
    if constexpr (R::in_columns)
        if (j.columns) return GLI_LAUNCH((columns_kernel<T, R, STEP>), grid, j.cut.threads, 0, stream, j);
    return GLI_LAUNCH((runs_kernel<T, R, STEP>), grid, j.cut.threads, 0, stream, j);
}

template <class T, class R>
cudaError_t sum_and_apply(channel_job<T, R> j, cudaStream_t stream) {
    if (j.cut.slices == 1) return launch_channels<ALONE>(j, 1, stream);
    const int merged = sections(j.cut);
    if (merged == 0) j.arrivals = nullptr;
    const cudaError_t error = launch_channels<SUMS>(j, j.cut.slices, stream);
    j.merged                = merged > 0 ? merged : j.cut.slices;
    if (merged > 0) j.partials += int64_t(j.cut.slices) * j.channels;
    return error == cudaSuccess ? launch_channels<APPLY>(j, j.out ? j.cut.slices : 1, stream) : error;
}

/* cut, merged and wide of the job are set here. */
template <class T, class R>
cudaError_t run_channels(channel_job<T, R> j, cudaStream_t stream) {
    const int width = vector<T>::width;
    if (j.channels == 0) return cudaSuccess;
    j.cut  = cut_channels<T>(j.columns, j.channels, j.count);
    j.wide = (j.columns ? j.channels % width == 0 : j.runs.in_packs(width)) && aligned16(j.out) &&
             aligned16(j.residual) && aligned16(j.more) && aligned16(j.y) && aligned16(j.prepared);
    for (int k = 0; k < R::inputs; ++k) j.wide = j.wide && aligned16(j.in.at[k]);
    if constexpr (R::sums > 0)
        return sum_and_apply(j, stream);
    else
        return launch_channels<PLAIN>(j, j.cut.slices, stream);
}

}  // namespace glia

#endif
