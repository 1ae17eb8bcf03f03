/* Two shapes of one loop.
 *
 * rows: the innermost axis is reduced. A team of 1 to 256 threads scans a set and merges in lanes, then warps.
 * columns: the innermost axis is kept. Neighbouring threads have neighbouring outputs, the rows of threads of a block
 * share a set and merge in shared memory.
 *
 * Both read 16 bytes at a time where the innermost axis allows it. Where there are too few outputs to fill a device,
 * the sets are split into slices, and a second launch merges what these left. Sums are wide (wide_sums.cuh). */
#include "kernels/reduce/reduce_launch.h"

#include "kernels/device/broadcast_map.cuh"
#include "kernels/device/merge_parts.cuh"
#include "kernels/reduce/reduce.cuh"

namespace glia {
namespace {

enum { ENOUGH_BLOCKS = 512, MAX_SLICES = 256, MIN_STEPS = 16 }; /* steps: what a thread of a slice does at least */

reduction reduction_of(glia_reduce_kind kind) {
    switch (kind) {
        case GLIA_REDUCE_SUM:
        case GLIA_REDUCE_MEAN: return SUM;
        case GLIA_REDUCE_MAX: return LARGEST;
        case GLIA_REDUCE_MIN: return SMALLEST;
        case GLIA_REDUCE_L1: return SUM_OF_MAGNITUDES;
        case GLIA_REDUCE_L2: return SUM_OF_SQUARES;
    }
    return SUM;
}

/* How a reduction is split; depends on the sizes and the alignment alone. */
struct cut {
    bool rows, wide;
    unsigned team; /* threads for one set, or packs of outputs across a block */
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

cut cut_of(const gli_reduce_shape &s, int pack, bool rows) {
    const gli_reduce_axes &reduced = s.reduced, &kept = s.kept;
    cut c                = {};
    c.rows               = rows;
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

bool in_rows(const gli_reduce_shape &s) { return s.reduced.stride[s.reduced.n - 1] == 1; }

template <class T>
int pack_of(const T *x) {
    return aligned16(x) ? vector<T>::width : 1;
}

template <class S, class T, class Y>
job<T, Y, S> job_of(const gli_reduce_shape &s, const cut &c, reduction how, const T *x, const T *match, Y *y) {
    job<T, Y, S> j = {};
    j.how          = how;
    j.kept         = offset_calculator_for(s.kept);
    j.reduced      = offset_calculator_for(s.reduced);
    j.outputs      = unsigned(s.outputs);
    j.set          = unsigned(s.set);
    j.slice        = c.slice;
    j.wide         = c.wide;
    j.x            = x;
    j.match        = match;
    j.end.over     = 1;
    j.y            = y;
    return j;
}

/* S: the state. */
template <class S, class T, class Y>
cudaError_t launch(job<T, Y, S> j, const cut &c, void *workspace, cudaStream_t stream) {
    j.parts = c.slices > 1 ? static_cast<S *>(workspace) : nullptr;
    const dim3 grid(c.blocks, c.slices);
    const cudaError_t error = c.rows ? GLI_LAUNCH((reduce_rows<T, Y, S>), grid, THREADS, 0, stream, j, c.team)
                                     : GLI_LAUNCH((reduce_columns<T, Y, S>), grid, THREADS, 0, stream, j, c.team);
    if (error != cudaSuccess || c.slices == 1) return error;
    return merge_parts(j.parts, int(c.slices), int(j.outputs), S::none(j.how), j.end, j.y, stream);
}

template <class T>
cudaError_t reduce(glia_reduce_kind kind, const gli_reduce_shape &s, const T *x, T *y, void *workspace,
                   cudaStream_t stream) {
    const reduction how = reduction_of(kind);
    const cut c         = cut_of(s, pack_of(x), in_rows(s));
    const T *none       = nullptr;
    if (how == LARGEST || how == SMALLEST)
        return launch(job_of<extreme<T>>(s, c, how, x, none, y), c, workspace, stream);
    if (how == SUM_OF_SQUARES) return launch(job_of<norm<T>>(s, c, how, x, none, y), c, workspace, stream);
    auto j = job_of<total<T>>(s, c, how, x, none, y);
    if (kind == GLIA_REDUCE_MEAN) j.end.over = wide_number<T>(s.set);
    return launch(j, c, workspace, stream);
}

template <class T>
size_t partials_of(const gli_reduce_shape &s) {
    const size_t state = sizeof(norm<T>) > sizeof(extreme<T>) ? sizeof(norm<T>) : sizeof(extreme<T>);
    size_t max_slices  = 0;
    for (int pack : {1, int(vector<T>::width)}) {
        const cut c = cut_of(s, pack, in_rows(s));
        if (c.slices > 1 && c.slices > max_slices) max_slices = c.slices;
    }
    return max_slices * s.outputs * state;
}

/* ---- backward ---- */

template <class T>
struct backward_job {
    glia_reduce_kind kind;
    offset_calculator outputs; /* of an element of x: the element of y */
    unsigned count;
    int step;             /* between the y of neighbours in a pack */
    bool wide, wide_sets; /* sets: y and dy */
    compute<T> share;     /* of an element in the set */
    const T *x, *y, *dy;
    const compute<T> *ties;
    T *dx;
};

/* dx of a pack; x, y and ties are what the kind needs. */
template <int W, class C>
__device__ inline void gradients(glia_reduce_kind kind, C share, const C (&x)[W], const C (&y)[W], const C (&dy)[W],
                                 const C (&ties)[W], C (&dx)[W]) {
    switch (kind) {
        case GLIA_REDUCE_MAX:
        case GLIA_REDUCE_MIN:
            for (int k = 0; k < W; ++k) dx[k] = dy[k] * (x[k] == y[k] ? C(1) : C(0)) / ties[k];
            return;
        case GLIA_REDUCE_L1:
            for (int k = 0; k < W; ++k) dx[k] = dy[k] * (x[k] > 0 ? C(1) : x[k] < 0 ? C(-1) : x[k]);
            return;
        case GLIA_REDUCE_L2:
            for (int k = 0; k < W; ++k) dx[k] = y[k] == 0 ? C(0) : dy[k] * (x[k] / y[k]);
            return;
        default: /* sum, mean */
            for (int k = 0; k < W; ++k) dx[k] = dy[k] * share;
    }
}

template <class T>
__global__ void __launch_bounds__(THREADS) reduce_backward_kernel(backward_job<T> j) {
    typedef compute<T> C;
    constexpr int width = vector<T>::width;
    const int n         = j.wide ? width : 1;
    const unsigned i    = (blockIdx.x * THREADS + threadIdx.x) * n;
    if (i >= j.count) return;
    const int64_t output = j.outputs.offset(i);
    packed<T> raw_x, raw_y;
    const packed<T> raw_dy = load_along(j.dy + output, j.step, n, j.wide_sets);
    C x[width] = {}, y[width] = {}, ties[width] = {}, dy[width], dx[width];
    if (j.x) raw_x = load_packed(j.x + i, n, j.wide);
    if (j.y) raw_y = load_along(j.y + output, j.step, n, j.wide_sets);
    if (j.ties)
        for (int k = 0; k < width; ++k) ties[k] = k < n ? j.ties[output + int64_t(k) * j.step] : C(0);
    unpack(raw_dy, dy);
    if (j.x) unpack(raw_x, x);
    if (j.y) unpack(raw_y, y);
    gradients(j.kind, j.share, x, y, dy, ties, dx);
    store_pack(j.dx + i, n, j.wide, dx);
}

bool needs_x(glia_reduce_kind kind) { return kind != GLIA_REDUCE_SUM && kind != GLIA_REDUCE_MEAN; }
bool needs_ties(glia_reduce_kind kind) { return kind == GLIA_REDUCE_MAX || kind == GLIA_REDUCE_MIN; }

size_t ties_bytes(const gli_reduce_shape &s, size_t element) { return (s.outputs * element + 255) / 256 * 256; }

template <class T>
cudaError_t reduce_backward(glia_reduce_kind kind, const gli_reduce_shape &s, const gli_reduce_axes &all, const T *x,
                            const T *y, const T *dy, T *dx, void *workspace, cudaStream_t stream) {
    typedef compute<T> C;
    C *ties = needs_ties(kind) ? static_cast<C *>(workspace) : nullptr;
    if (ties) {
        void *rest              = static_cast<char *>(workspace) + ties_bytes(s, sizeof(C));
        const cut c             = cut_of(s, pack_of(x), in_rows(s));
        const cudaError_t error = launch(job_of<extreme<T>>(s, c, TIES, x, y, ties), c, rest, stream);
        if (error != cudaSuccess) return error;
    }
    const int width = vector<T>::width, last = all.n - 1;
    backward_job<T> j = {};
    j.kind            = kind;
    j.outputs         = offset_calculator_for(all);
    j.count           = unsigned(int64_t(s.outputs) * s.set);
    j.step            = int(all.stride[last]);
    j.x               = needs_x(kind) ? x : nullptr;
    j.y               = needs_x(kind) && kind != GLIA_REDUCE_L1 ? y : nullptr;
    j.dy              = dy;
    j.ties            = ties;
    j.dx              = dx;
    j.share           = kind == GLIA_REDUCE_MEAN ? C(1.0 / s.set) : C(1);
    j.wide            = all.size[last] % width == 0 && aligned16(j.x) && aligned16(dx);
    j.wide_sets       = j.wide && runs_of(all, width) && aligned16(j.y) && aligned16(dy);
    const int blocks  = blocks_for(j.count, THREADS * (j.wide ? width : 1));
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
    return GLI_FOR_FLOAT(dtype, T, reduce<T>(kind, *shape, of<T>(x), static_cast<T *>(y), workspace, stream));
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
