/* Two-pass kernels per channel, of all normalizations but layernorm: a reduction over the elements of each channel,
 * then a map over the elements with its result.
 *
 * A rule R says what is summed and what the sums do. It has
 *     enum { inputs, sums, in_columns, finishes, centers }
 *     typedef state, known, result                       plain structs; states merge, see block_reduce.cuh
 *     known begin(int c, const C (&first)[inputs])       what is known of a channel before its sums; first: its element
 *                                                        0, or zeros
 *     state none()                                       the sums of nothing
 *     void add(state *s, const known &, const C (&in)[inputs], C share, unsigned row)
 *                                                        one element; share: 1 / the number of them in s, with it
 *     void add_pack(state *s, const known &, const C (&in)[inputs][W], int n, unsigned i)
 *                                                        the first n of a pack, elements i, i + 1, ... of the channel
 *     result end(int c, const known &, const state &total, bool write)
 *                                                        what the sums say; one thread writes it, where it is an output
 *     C out(const result &, const C (&in)[inputs], unsigned i)
 *                                                        an element of the output
 *     void finish(C (&out)[W])                           what becomes of a pack of it and the job's residual
 *     bool rescale(known *, const state &total)          whether the sums have to be found again, with another `known`
 * finishes: there is finish; centers: there is rescale; else they are not needed. sums: there are any; else add and
 * add_pack are not needed. in_columns: that layout is used; else add is not needed.
 *
 * Two layouts. runs: a channel is some runs of neighbours; a block has a slice of it. columns: [rows, channels]; a
 * block has some packs of channels and a slice of their rows. For groupnorm a channel is a group of one sample, in
 * runs.
 *
 * A step is one launch. Where one block holds all of a channel, ALONE does everything. Else SUMS leaves the states of
 * the slices in the workspace and APPLY merges them for itself; MERGE runs in between where there are too many of
 * them for each block to read. PLAIN needs no sums. */
#ifndef GLI_KERNELS_NORM_CHANNELS_CUH
#define GLI_KERNELS_NORM_CHANNELS_CUH

#include "kernels/device/divide.cuh"
#include "kernels/device/map.cuh"
#include "kernels/device/pack.cuh"
#include "kernels/device/block_reduce.cuh"

namespace glia {

enum { CHANNEL_THREADS = 256, CHANNEL_WARPS = CHANNEL_THREADS / LANES };
enum { CHANNEL_MIN_BLOCKS = 2 }; /* of a multiprocessor: left to itself, ptxas spills to fit more */
enum { CHANNEL_BLOCKS = 512, CHANNEL_STEPS = 16, CHANNEL_SLICES = 512, FEW_SLICES = 8 };

enum channel_step { ALONE, SUMS, MERGE, APPLY, PLAIN };

/* What rules say of a vector that may be absent. */
template <class T>
__device__ inline compute<T> or_else(const T *vector, int c, compute<T> otherwise) {
    return vector ? to_compute(vector[c]) : otherwise;
}

template <class T>
__device__ inline void put(T *vector, int c, compute<T> value) {
    if (vector) vector[c] = round_to<T>(value);
}

struct nothing {};

/* How the work is split; depends on the sizes alone. */
struct channel_cut {
    int across;          /* columns: packs of channels of a block, a power of two */
    int threads, blocks; /* blocks: of one slice */
    int slices, slice;   /* slice: rows, or elements of a channel */
};

/* Element i of channel c lies at c / inside * outer_step + c % inside * inner_step + i / run * run_step + i % run. */
struct channel_runs {
    divisor run, inside;
    int64_t run_step, inner_step, outer_step;

    __device__ int64_t base(int c) const {
        const unsigned outer = inside.quotient(c);
        return outer * outer_step + (c - outer * inside.value) * inner_step;
    }
    __device__ int64_t offset(unsigned i) const {
        const unsigned r = run.quotient(i);
        return r * run_step + (i - r * run.value);
    }
    bool in_packs(int width) const {
        return run.value % width == 0 && run_step % width == 0 && inner_step % width == 0 && outer_step % width == 0;
    }
};

template <class T, class R>
struct channel_job {
    R rule;
    inputs<T, R::inputs> in;
    const T *residual;           /* of a rule that finishes; NULL: zeros */
    T *out;                      /* NULL: only the sums are requested */
    typename R::state *partials; /* [slices][channels] */
    int channels, count;         /* count: elements of a channel */
    bool columns;                /* the layout; else that of runs */
    channel_runs runs;
    channel_cut cut;
    int merged; /* states of a channel for APPLY and MERGE to read */
    bool wide;
};

template <class T, class R>
__device__ inline void load_inputs(const channel_job<T, R> &j, int64_t offset, int n,
                                   compute<T> (&values)[R::inputs][vector<T>::width]) {
    for (int k = 0; k < R::inputs; ++k) load_pack(j.in.at[k] + offset, n, j.wide, values[k]);
}

/* Element 0 of a channel, at this offset. */
template <class T, class R>
__device__ inline typename R::known begin(const channel_job<T, R> &j, int c, int64_t offset) {
    compute<T> first[R::inputs];
    for (int k = 0; k < R::inputs; ++k) first[k] = j.count > 0 ? to_compute(j.in.at[k][offset]) : compute<T>(0);
    return j.rule.begin(c, first);
}

/* The sums over elements begin, begin + step, ... below end of a channel in runs. */
template <class T, class R>
__device__ inline typename R::state sum_of_run(const channel_job<T, R> &j, const typename R::known &known, int64_t base,
                                               unsigned begin, unsigned end, int step) {
    const int width       = j.wide ? int(vector<T>::width) : 1;
    typename R::state all = j.rule.none();
    compute<T> values[R::inputs][vector<T>::width];
    for (unsigned i = begin; i < end; i += step) {
        load_inputs(j, base + j.runs.offset(i), width, values);
        j.rule.add_pack(&all, known, values, width, i);
    }
    return all;
}

/* The same over rows of a pack of n columns from c on. */
template <class T, class R>
__device__ inline void sum_columns(const channel_job<T, R> &j, const typename R::known (&known)[vector<T>::width],
                                   int c, int n, unsigned begin, unsigned end, int down,
                                   typename R::state (&all)[vector<T>::width]) {
    typedef compute<T> C;
    C values[R::inputs][vector<T>::width], element[R::inputs];
    for (int k = 0; k < vector<T>::width; ++k) all[k] = j.rule.none();
    for (unsigned row = begin, taken = 1; row < end; row += down, ++taken) {
        const C share = 1 / C(taken);
        load_inputs(j, int64_t(row) * j.channels + c, n, values);
        for (int k = 0; k < vector<T>::width; ++k) {
            for (int i = 0; i < R::inputs; ++i) element[i] = values[i][k];
            j.rule.add(&all[k], known[k], element, share, row);
        }
    }
}

template <class T, class R>
__device__ inline compute<T> output(const R &rule, const typename R::result &result,
                                    const compute<T> (&values)[R::inputs][vector<T>::width], int k, unsigned i) {
    compute<T> element[R::inputs];
    for (int n = 0; n < R::inputs; ++n) element[n] = values[n][k];
    return rule.out(result, element, i);
}

template <class T, class R>
__device__ inline void finish_and_store(const channel_job<T, R> &j, int64_t offset, int n,
                                        compute<T> (&out)[vector<T>::width]) {
    if constexpr (R::finishes) {
        compute<T> residual[vector<T>::width] = {};
        if (j.residual) load_pack(j.residual + offset, n, j.wide, residual);
        for (int k = 0; k < vector<T>::width; ++k) out[k] += residual[k];
        j.rule.finish(out);
    }
    store_pack(j.out + offset, n, j.wide, out);
}

/* Block x has channel x, block y its slice y. */
template <class T, class R, channel_step STEP>
__global__ void __launch_bounds__(CHANNEL_THREADS, CHANNEL_MIN_BLOCKS) runs_kernel(channel_job<T, R> j) {
    typedef compute<T> C;
    typedef typename R::state state;
    const int width = j.wide ? int(vector<T>::width) : 1, step = blockDim.x * width, c = blockIdx.x;
    __shared__ state shared[CHANNEL_WARPS];
    const unsigned begin    = blockIdx.y * j.cut.slice + threadIdx.x * width;
    const unsigned end      = min(blockIdx.y * j.cut.slice + j.cut.slice, j.count);
    const int64_t base      = j.runs.base(c);
    typename R::known known = glia::begin(j, c, base);
    state all               = j.rule.none();
    if constexpr (STEP == ALONE || STEP == SUMS) all = sum_of_run(j, known, base, begin, end, step);
    if constexpr (STEP == APPLY || STEP == MERGE)
        for (int s = threadIdx.x; s < j.merged; s += blockDim.x) all.merge(j.partials[int64_t(s) * j.channels + c]);
    if constexpr (STEP != PLAIN) all = block_merge(all, shared);
    if constexpr (R::centers && (STEP == ALONE || STEP == APPLY))
        if (j.rule.rescale(&known, all)) { /* each block by itself, of the whole channel */
            __syncthreads();               /* `shared` was read for the last time */
            all = block_merge(sum_of_run(j, known, base, threadIdx.x * width, j.count, step), shared);
        }
    if constexpr (STEP == SUMS || STEP == MERGE) {
        const int slot = STEP == SUMS ? blockIdx.y : j.cut.slices;
        if (threadIdx.x == 0) j.partials[int64_t(slot) * j.channels + c] = all;
    } else {
        const typename R::result result = j.rule.end(c, known, all, blockIdx.y == 0 && threadIdx.x == 0);
        for (unsigned i = begin; j.out && i < end; i += step) {
            const int64_t offset = base + j.runs.offset(i);
            C values[R::inputs][vector<T>::width], out[vector<T>::width];
            load_inputs(j, offset, width, values);
            for (int k = 0; k < vector<T>::width; ++k) out[k] = output<T>(j.rule, result, values, k, i + k);
            finish_and_store(j, offset, width, out);
        }
    }
}

/* Block x has `across` packs of channels, block y a slice of their rows. */
template <class T, class R, channel_step STEP>
__global__ void __launch_bounds__(CHANNEL_THREADS, CHANNEL_MIN_BLOCKS) columns_kernel(channel_job<T, R> j) {
    typedef compute<T> C;
    typedef typename R::state state;
    constexpr int width = vector<T>::width;
    const int column = threadIdx.x % j.cut.across, down = CHANNEL_THREADS / j.cut.across,
              top = threadIdx.x / j.cut.across;
    const int c = (blockIdx.x * j.cut.across + column) * width, n = j.channels - c;
    const unsigned begin = blockIdx.y * j.cut.slice + top;
    const unsigned end   = n > 0 ? min(blockIdx.y * j.cut.slice + j.cut.slice, j.count) : 0;
    typename R::known known[width];
    state all[width];
    for (int k = 0; k < width; ++k) {
        const int channel = min(c + k, j.channels - 1);
        known[k]          = glia::begin(j, channel, channel);
        all[k]            = j.rule.none();
    }
    if constexpr (STEP == ALONE || STEP == SUMS) sum_columns(j, known, c, n, begin, end, down, all);
    if constexpr (STEP == APPLY || STEP == MERGE)
        for (int s = top; s < j.merged; s += down)
            for (int k = 0; k < width && k < n; ++k) all[k].merge(j.partials[int64_t(s) * j.channels + c + k]);
    if constexpr (STEP != PLAIN) {
        __shared__ state shared[width][CHANNEL_THREADS];
        for (int k = 0; k < width; ++k) shared[k][threadIdx.x] = all[k];
        merge_columns(shared, j.cut.across);
        for (int k = 0; k < width; ++k) all[k] = shared[k][column];
        if constexpr (R::centers && (STEP == ALONE || STEP == APPLY)) {
            bool changed[width], any = false;
            for (int k = 0; k < width; ++k) any = (changed[k] = j.rule.rescale(&known[k], all[k])) || any;
            if (__any_sync(EVERY_LANE, any)) { /* a warp has all columns of the block */
                state again[width];
                sum_columns(j, known, c, n, top, n > 0 ? j.count : 0, down, again);
                __syncthreads(); /* `shared` was read for the last time */
                for (int k = 0; k < width; ++k) shared[k][threadIdx.x] = again[k];
                merge_columns(shared, j.cut.across);
                for (int k = 0; k < width; ++k) all[k] = changed[k] ? shared[k][column] : all[k];
            }
        }
    }
    if constexpr (STEP == SUMS || STEP == MERGE) {
        const int slot = STEP == SUMS ? blockIdx.y : j.cut.slices;
        for (int k = 0; top == 0 && k < width && k < n; ++k) j.partials[int64_t(slot) * j.channels + c + k] = all[k];
    } else {
        typename R::result result[width];
        for (int k = 0; k < width; ++k)
            result[k] = j.rule.end(min(c + k, j.channels - 1), known[k], all[k], blockIdx.y == 0 && top == 0 && k < n);
        for (unsigned row = begin; j.out && row < end; row += down) {
            const int64_t offset = int64_t(row) * j.channels + c;
            C values[R::inputs][width], out[width];
            load_inputs(j, offset, n, values);
            for (int k = 0; k < width; ++k) out[k] = output<T>(j.rule, result[k], values, k, row);
            finish_and_store(j, offset, n, out);
        }
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

/* States in the workspace: those of the slices, and what MERGE makes of them. */
inline size_t channel_states(const channel_cut &c, int channels) {
    return c.slices > 1 ? size_t(c.slices + 1) * channels : 0;
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
    cudaError_t error = launch_channels<SUMS>(j, j.cut.slices, stream);
    j.merged          = j.cut.slices;
    if (error == cudaSuccess && j.merged > FEW_SLICES) {
        error = launch_channels<MERGE>(j, 1, stream);
        j.partials += int64_t(j.cut.slices) * j.channels;
        j.merged = 1;
    }
    return error == cudaSuccess ? launch_channels<APPLY>(j, j.out ? j.cut.slices : 1, stream) : error;
}

/* cut, merged and wide of the job are set here. */
template <class T, class R>
cudaError_t run_channels(channel_job<T, R> j, cudaStream_t stream) {
    const int width = vector<T>::width;
    if (j.channels == 0) return cudaSuccess;
    j.cut = cut_channels<T>(j.columns, j.channels, j.count);
    j.wide =
        (j.columns ? j.channels % width == 0 : j.runs.in_packs(width)) && aligned16(j.out) && aligned16(j.residual);
    for (int k = 0; k < R::inputs; ++k) j.wide = j.wide && aligned16(j.in.at[k]);
    if constexpr (R::sums)
        return sum_and_apply(j, stream);
    else
        return launch_channels<PLAIN>(j, j.cut.slices, stream);
}

}  // namespace glia

#endif
