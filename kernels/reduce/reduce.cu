/* Two shapes of one loop.
 *
 * rows: the innermost axis is reduced. A team of 1 to 256 threads scans a set and merges in lanes, then warps.
 * columns: the innermost axis is kept. Neighbouring threads have neighbouring outputs, the rows of threads of a block
 * share a set and merge in shared memory.
 *
 * Means and the norm of squares are added in A, double: sums and squares overflow where these do not.
 *
 * Both read 16 bytes at a time where the innermost axis allows it. Where there are too few outputs to fill a device,
 * the sets are split into slices; a second launch reduces the slices, as columns. */
#include "kernels/reduce/reduce_launch.h"

#include "kernels/device/offset_calculator.cuh"
#include "kernels/device/pack.cuh"
#include "kernels/device/block_reduce.cuh"

namespace glia {
namespace {

enum { THREADS = 256, WARPS = THREADS / LANES };
enum { ENOUGH_BLOCKS = 512, MAX_SLICES = 256, MIN_STEPS = 16 }; /* steps: what a thread of a slice does at least */

/* What an element contributes. PLAIN: itself. TIE: whether it is equal to the y of its set. */
enum form { PLAIN, MAGNITUDE, SQUARE, TIE };
enum merge_kind { ADD, LARGEST, SMALLEST };
enum finish { AS_IS, DIVIDE, ROOT };

struct reduction {
    form element;
    merge_kind merge;
    finish end;
};

reduction reduction_of(glia_reduce_kind kind) {
    switch (kind) {
        case GLIA_REDUCE_SUM: return {PLAIN, ADD, AS_IS};
        case GLIA_REDUCE_MEAN: return {PLAIN, ADD, DIVIDE};
        case GLIA_REDUCE_MAX: return {PLAIN, LARGEST, AS_IS};
        case GLIA_REDUCE_MIN: return {PLAIN, SMALLEST, AS_IS};
        case GLIA_REDUCE_L1: return {MAGNITUDE, ADD, AS_IS};
        case GLIA_REDUCE_L2: return {SQUARE, ADD, ROOT};
    }
    return {PLAIN, ADD, AS_IS};
}

constexpr reduction TIES = {TIE, ADD, AS_IS};

template <class C>
__device__ inline C first_of(merge_kind kind) {
    return kind == ADD ? C(0) : kind == LARGEST ? -C(INFINITY) : C(INFINITY);
}

/* NaN wins. */
template <class C>
__device__ inline C merged(merge_kind kind, C a, C b) {
    switch (kind) {
        case LARGEST: return b > a || isnan(b) ? b : a;
        case SMALLEST: return b < a || isnan(b) ? b : a;
        default: return a + b;
    }
}

template <class C>
__device__ inline C formed(form element, C x, C y) {
    switch (element) {
        case MAGNITUDE: return fabs(x);
        case SQUARE: return x * x;
        case TIE: return x == y ? C(1) : C(0);
        default: return x;
    }
}

template <class C>
__device__ inline C finished(finish end, C total, C set) {
    return end == DIVIDE ? total / set : end == ROOT ? sqrt(total) : total;
}

template <class C>
struct partial {
    merge_kind kind;
    C value;
    __device__ void merge(const partial &other) { value = merged(kind, value, other.value); }
    __device__ partial down(int distance, int lanes) const {
        return {kind, __shfl_down_sync(EVERY_LANE, value, distance, lanes)};
    }
};

/* One launch. Slice s of the set goes to y[s outputs ...]; the last launch of a reduction is the one that finishes.
 * A: what is added up. */
template <class T, class Y, class A>
struct job {
    reduction how;
    offset_calculator kept, reduced;
    unsigned outputs, set, slice; /* slice: elements of a set for each blockIdx.y */
    A divisor;                    /* elements that the mean is of */
    bool wide;
    const T *x, *match; /* match: y of the sets, for ties */
    Y *y;
};

/* A block has 256 / team outputs. */
template <class T, class Y, class A>
__global__ void __launch_bounds__(THREADS) reduce_rows(job<T, Y, A> j, int team) {
    const int width = vector<T>::width;
    __shared__ partial<A> shared[WARPS];
    const unsigned lane = threadIdx.x % team, output = blockIdx.x * (THREADS / team) + threadIdx.x / team;
    const unsigned begin = blockIdx.y * j.slice, end = min(begin + j.slice, j.set);
    const bool active = output < j.outputs;
    const T *x        = j.x + (active ? j.kept.offset(output) : 0);
    const A match     = active && j.match ? A(to_compute(j.match[output])) : A(0);
    partial<A> all    = {j.how.merge, first_of<A>(j.how.merge)};
    if (j.wide) {
        for (unsigned i = begin + lane * width; active && i < end; i += team * width) {
            compute<T> values[vector<T>::width];
            load_pack(x + j.reduced.offset(i), width, true, values);
            A pack = formed(j.how.element, A(values[0]), match);
            for (int k = 1; k < width; ++k)
                pack = merged(j.how.merge, pack, formed(j.how.element, A(values[k]), match));
            all.value = merged(j.how.merge, all.value, pack);
        }
    } else {
        for (unsigned i = begin + lane; active && i < end; i += team)
            all.value =
                merged(j.how.merge, all.value, formed(j.how.element, A(to_compute(x[j.reduced.offset(i)])), match));
    }
    all = team > LANES ? block_merge(all, shared) : warp_merge(all, team);
    if (active && lane == 0)
        j.y[int64_t(blockIdx.y) * j.outputs + output] = round_to<Y>(finished(j.how.end, all.value, j.divisor));
}

/* A block has `across` packs of outputs, and 256 / across threads for each. */
template <class T, class Y, class A>
__global__ void __launch_bounds__(THREADS) reduce_columns(job<T, Y, A> j, int across) {
    const int max_width = vector<T>::width, width = j.wide ? max_width : 1;
    __shared__ A shared[THREADS][vector<T>::width];
    const int column = threadIdx.x % across, down = THREADS / across;
    const unsigned first = (blockIdx.x * across + column) * width;
    const unsigned begin = blockIdx.y * j.slice, end = min(begin + j.slice, j.set);
    const bool active = first < j.outputs;
    const T *x        = j.x + (active ? j.kept.offset(first) : 0);
    A all[vector<T>::width], match[vector<T>::width];
    for (int k = 0; k < max_width; ++k) {
        all[k]   = first_of<A>(j.how.merge);
        match[k] = active && j.match && k < width ? A(to_compute(j.match[first + k])) : A(0);
    }
    for (unsigned i = begin + threadIdx.x / across; active && i < end; i += down) {
        compute<T> values[vector<T>::width];
        load_pack(x + j.reduced.offset(i), width, j.wide, values);
        for (int k = 0; k < max_width; ++k)
            all[k] = merged(j.how.merge, all[k], formed(j.how.element, A(values[k]), match[k]));
    }
    for (int k = 0; k < max_width; ++k) shared[threadIdx.x][k] = all[k];
    for (int half = down / 2; half > 0; half /= 2) {
        __syncthreads();
        if (int(threadIdx.x) < half * across)
            for (int k = 0; k < width; ++k)
                shared[threadIdx.x][k] =
                    merged(j.how.merge, shared[threadIdx.x][k], shared[threadIdx.x + half * across][k]);
    }
    if (!active || threadIdx.x >= unsigned(across)) return;
    for (int k = 0; k < width; ++k)
        j.y[int64_t(blockIdx.y) * j.outputs + first + k] =
            round_to<Y>(finished(j.how.end, shared[threadIdx.x][k], j.divisor));
}

/* How a reduction is split; depends on the sizes and the alignment alone. */
struct cut {
    bool rows, wide;
    int team; /* threads for one set, or packs of outputs across a block */
    unsigned blocks, slices, slice;
};

int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }

int power_of_two(int64_t min, int max) {
    int n = 1;
    while (n < min && n < max) n *= 2;
    return n;
}

/* Lanes while each has few steps; else the whole block. */
int team_of(int64_t length) { return length > LANES * LANES ? THREADS : power_of_two((length + 3) / 4, LANES); }

cut cut_of(const gli_reduce_shape &s, int pack) {
    const gli_reduce_axes &reduced = s.reduced, &kept = s.kept;
    cut c                = {};
    c.rows               = reduced.stride[reduced.n - 1] == 1;
    c.wide               = pack > 1 && (c.rows ? runs_of(reduced, pack) && multiples_of(kept, pack)
                                               : runs_of(kept, pack) && multiples_of(reduced, pack));
    const int width      = c.wide ? pack : 1;
    const int64_t length = c.rows ? blocks_for(s.set, width) : s.set, packs = blocks_for(s.outputs, width);
    c.team                   = c.rows ? team_of(length) : power_of_two(packs, LANES);
    c.blocks                 = c.rows ? blocks_for(s.outputs, THREADS / c.team) : blocks_for(packs, c.team);
    const int threads_of_set = c.rows ? c.team : THREADS / c.team;
    const int64_t max_slices =
        min_of(blocks_for(length, threads_of_set * MIN_STEPS), blocks_for(ENOUGH_BLOCKS, c.blocks));
    c.slice = static_cast<unsigned>(blocks_for(length, static_cast<int>(min_of(max_slices, MAX_SLICES)))) *
              (c.rows ? width : 1);
    c.slices = blocks_for(s.set, c.slice);
    return c;
}

template <class T>
cut cut_for(const gli_reduce_shape &s, const T *x) {
    return cut_of(s, aligned16(x) ? vector<T>::width : 1);
}

template <class A, class T, class Y>
cudaError_t launch(const gli_reduce_shape &s, const cut &c, const reduction &how, int set, const T *x, const T *match,
                   Y *y, cudaStream_t stream) {
    const job<T, Y, A> j = {how,
                            offset_calculator_for(s.kept),
                            offset_calculator_for(s.reduced),
                            unsigned(s.outputs),
                            unsigned(s.set),
                            c.slice,
                            A(set),
                            c.wide,
                            x,
                            match,
                            y};
    const dim3 grid(c.blocks, c.slices);
    if (c.rows) return GLI_LAUNCH((reduce_rows<T, Y, A>), grid, THREADS, 0, stream, j, c.team);
    return GLI_LAUNCH((reduce_columns<T, Y, A>), grid, THREADS, 0, stream, j, c.team);
}

/* The slices of each output, as the columns of a matrix. */
gli_reduce_shape slices_of(const gli_reduce_shape &s, unsigned slices) {
    return {{1, {s.outputs}, {1}}, {1, {int(slices)}, {s.outputs}}, s.outputs, int(slices)};
}

template <class A, class T, class Y>
cudaError_t reduce_in(const reduction &how, const gli_reduce_shape &s, const T *x, const T *match, Y *y,
                      void *workspace, cudaStream_t stream) {
    const cut c = cut_for(s, x);
    if (c.slices == 1) return launch<A>(s, c, how, s.set, x, match, y, stream);
    A *partials           = static_cast<A *>(workspace);
    const reduction begin = {how.element, how.merge, AS_IS}, end = {PLAIN, how.merge, how.end};
    const cudaError_t error = launch<A>(s, c, begin, s.set, x, match, partials, stream);
    if (error != cudaSuccess) return error;
    const gli_reduce_shape rest = slices_of(s, c.slices);
    cut second                  = cut_for(rest, partials);
    second.slices = 1, second.slice = c.slices;
    const A *none = nullptr;
    return launch<A>(rest, second, end, s.set, static_cast<const A *>(partials), none, y, stream);
}

template <class T, class Y>
cudaError_t reduce(const reduction &how, const gli_reduce_shape &s, const T *x, const T *match, Y *y, void *workspace,
                   cudaStream_t stream) {
    if (how.end != AS_IS) return reduce_in<double>(how, s, x, match, y, workspace, stream);
    return reduce_in<compute<T>>(how, s, x, match, y, workspace, stream);
}

template <class T>
size_t partials_of(const gli_reduce_shape &s) {
    size_t max_slices = 0;
    for (int pack : {1, int(vector<T>::width)}) {
        const cut c = cut_of(s, pack);
        if (c.slices > 1 && c.slices > max_slices) max_slices = c.slices;
    }
    return max_slices * s.outputs * sizeof(double);
}

/* ---- backward ---- */

template <class T>
struct backward_job {
    glia_reduce_kind kind;
    offset_calculator outputs; /* of an element of x: the element of y */
    unsigned count;
    int step; /* between the y of neighbours in a pack */
    bool wide;
    compute<T> set;
    const T *x, *y, *dy;
    const compute<T> *ties;
    T *dx;
};

template <class T>
__device__ inline compute<T> gradient(const backward_job<T> &j, compute<T> x, int64_t output) {
    typedef compute<T> C;
    const C dy = to_compute(j.dy[output]);
    switch (j.kind) {
        case GLIA_REDUCE_SUM: return dy;
        case GLIA_REDUCE_MEAN: return dy / j.set;
        case GLIA_REDUCE_MAX:
        case GLIA_REDUCE_MIN: return dy * (x == to_compute(j.y[output]) ? C(1) : C(0)) / j.ties[output];
        case GLIA_REDUCE_L1: return dy * (x > 0 ? C(1) : x < 0 ? C(-1) : x);
        case GLIA_REDUCE_L2: {
            const C y = to_compute(j.y[output]);
            return y == 0 ? C(0) : dy * (x / y);
        }
    }
    return C(0);
}

template <class T>
__global__ void __launch_bounds__(THREADS) reduce_backward_kernel(backward_job<T> j) {
    const unsigned width = j.wide ? vector<T>::width : 1;
    const unsigned i     = (blockIdx.x * THREADS + threadIdx.x) * width;
    if (i >= j.count) return;
    const int64_t output                = j.outputs.offset(i);
    compute<T> values[vector<T>::width] = {};
    if (j.x) load_pack(j.x + i, width, j.wide, values);
    for (unsigned k = 0; k < vector<T>::width; ++k)
        if (k < width) values[k] = gradient(j, values[k], output + int64_t(k) * j.step);
    store_pack(j.dx + i, width, j.wide, values);
}

bool needs_x(glia_reduce_kind kind) { return kind != GLIA_REDUCE_SUM && kind != GLIA_REDUCE_MEAN; }
bool needs_ties(glia_reduce_kind kind) { return kind == GLIA_REDUCE_MAX || kind == GLIA_REDUCE_MIN; }

size_t ties_bytes(const gli_reduce_shape &s, size_t element) { return (s.outputs * element + 255) / 256 * 256; }

template <class T>
cudaError_t reduce_backward(glia_reduce_kind kind, const gli_reduce_shape &s, const gli_reduce_axes &all, const T *x,
                            const T *y, const T *dy, T *dx, void *workspace, cudaStream_t stream) {
    typedef compute<T> C;
    C *ties = static_cast<C *>(workspace);
    if (needs_ties(kind)) {
        void *rest              = static_cast<char *>(workspace) + ties_bytes(s, sizeof(C));
        const cudaError_t error = reduce<T, C>(TIES, s, x, y, ties, rest, stream);
        if (error != cudaSuccess) return error;
    }
    if (!needs_x(kind)) x = nullptr;
    const int width = vector<T>::width, last = all.n - 1;
    const int64_t count     = int64_t(s.outputs) * s.set;
    const bool wide         = all.size[last] % width == 0 && aligned16(x) && aligned16(dx);
    const backward_job<T> j = {
        kind, offset_calculator_for(all), unsigned(count), int(all.stride[last]), wide, C(s.set), x, y, dy, ties, dx};
    const int blocks = blocks_for(count, THREADS * (wide ? width : 1));
    return GLI_LAUNCH(reduce_backward_kernel<T>, blocks, THREADS, 0, stream, j);
}

template <class T>
__global__ void __launch_bounds__(THREADS) fill_kernel(T *y, int count, compute<T> value) {
    const int64_t i = int64_t(blockIdx.x) * THREADS + threadIdx.x;
    if (i < count) y[i] = round_to<T>(value);
}

template <class T>
const T *of(const void *p) {
    return static_cast<const T *>(p);
}

}  // namespace
}  // namespace glia

using namespace glia;

size_t gli_kernel_reduce_workspace(glia_dtype dtype, const gli_reduce_shape *shape) {
    size_t bytes = 0;
    (void)GLI_FOR_FLOAT(dtype, T, (bytes = partials_of<T>(*shape), cudaSuccess));
    return bytes;
}

size_t gli_kernel_reduce_backward_workspace(glia_dtype dtype, glia_reduce_kind kind, const gli_reduce_shape *shape) {
    if (!needs_ties(kind)) return 0;
    const size_t element = dtype == GLIA_F64 ? sizeof(double) : sizeof(float);
    return ties_bytes(*shape, element) + gli_kernel_reduce_workspace(dtype, shape);
}

cudaError_t gli_kernel_reduce(glia_dtype dtype, glia_reduce_kind kind, const gli_reduce_shape *shape, const void *x,
                              void *y, void *workspace, cudaStream_t stream) {
    return GLI_FOR_FLOAT(
        dtype, T, reduce<T, T>(reduction_of(kind), *shape, of<T>(x), nullptr, static_cast<T *>(y), workspace, stream));
}

cudaError_t gli_kernel_reduce_nothing(glia_dtype dtype, glia_reduce_kind kind, int outputs, void *y,
                                      cudaStream_t stream) {
    const double value = kind == GLIA_REDUCE_MEAN ? double(NAN) : 0;
    return GLI_FOR_FLOAT(dtype, T,
                         GLI_LAUNCH(fill_kernel<T>, blocks_for(outputs, THREADS), THREADS, 0, stream,
                                    static_cast<T *>(y), outputs, compute<T>(value)));
}

cudaError_t gli_kernel_reduce_backward(glia_dtype dtype, glia_reduce_kind kind, const gli_reduce_shape *shape,
                                       const gli_reduce_axes *all, const void *x, const void *y, const void *dy,
                                       void *dx, void *workspace, cudaStream_t stream) {
    return GLI_FOR_FLOAT(
        dtype, T,
        reduce_backward<T>(kind, *shape, *all, of<T>(x), of<T>(y), of<T>(dy), static_cast<T *>(dx), workspace, stream));
}
