/* One step of a recurrent layer: a GEMM of the states with a weight whose epilogue is the cell, in one launch.
 *
 * Rows of the GEMM are sequences, columns are the units, or the gates of the units side by side, so that one thread has
 * all gates of a unit. A block computes a tile with several teams of threads (split-k within the block): each team
 * takes a range of k through its own tiles in shared memory (tile.cuh), then their results are summed in the order of
 * the teams. The ranges follow from the sizes alone. Steps are short and depend on each other: what counts is that many
 * loads are in flight. */
#ifndef GLI_KERNELS_RNN_RNN_STEP_CUH
#define GLI_KERNELS_RNN_RNN_STEP_CUH

#include "kernels/gemm/tile.cuh"
#include "kernels/rnn/rnn_launch.h"

namespace glia {

/* The order in which one direction takes the steps of a sequence. */
struct timeline {
    const int *lengths;
    int steps;
    bool reverse;

    __device__ int length(int n) const { return lengths ? lengths[n] : steps; }
    __device__ int first(int n) const { return reverse ? length(n) - 1 : 0; }
    __device__ int last(int n) const { return reverse ? 0 : length(n) - 1; }
    __device__ int before(int t) const { return reverse ? t + 1 : t - 1; }
    __device__ int after(int t) const { return reverse ? t - 1 : t + 1; }
};

inline timeline timeline_of(const gli_rnn_layer &l, int direction) {
    return {l.lengths, l.geom.steps, direction == 1 || l.geom.reverse};
}

/* One step of one direction, and the indices of its elements in the arrays of rnn_launch.h. */
struct step_position {
    timeline line;
    int time, hidden;
    int64_t step_rows, sequence_rows;

    __device__ bool is_active(int n) const { return time < line.length(n); }
    __device__ bool is_first(int n) const { return time == line.first(n); }
    __device__ bool is_last(int n) const { return time == line.last(n); }
    __device__ int64_t row_of(int n, int t) const { return t * step_rows + n * sequence_rows; }
    __device__ int64_t row(int n) const { return row_of(n, time); }
    __device__ int64_t row_before(int n) const { return row_of(n, line.before(time)); }
    __device__ int64_t state(int n, int unit) const { return int64_t(n) * hidden + unit; }
    __device__ int64_t cell(int n, int unit) const { return row(n) * hidden + unit; }
    __device__ int64_t gate(int n, int gate, int unit) const { return (row(n) * 4 + gate) * hidden + unit; }
};

inline step_position position_of(const gli_rnn_layer &l, int direction) {
    return {timeline_of(l, direction), 0, l.geom.hidden, l.step_rows, l.sequence_rows};
}

/* The address of an element; NULL stays NULL. */
template <class T, class V>
T *element_of(V *array, int64_t offset) {
    return array ? static_cast<T *>(array) + offset : nullptr;
}

/* Which row of a sequence is the input of a step. */
enum step_row {
    ROW_BEFORE, /* of the step before this one, or the initial state */
    ROW_NOW,
    ROW_AFTER, /* of the step after this one; out of bounds for the last one */
    ROW_FIRST, /* of the first step, whichever this is */
};

/* Index n is a sequence; its coordinate has n as offset, the time as row, and 1 as column for the initial state. Steps
 * beyond the length of the sequence are out of bounds. */
struct sequence_axis {
    timeline line;
    step_row which;
    int time;
    bool has_start;

    __device__ coord at(int n, int count) const {
        if (n >= count) return {0, 0, 0, false};
        const unsigned sequence = unsigned(n);
        const bool active       = time < line.length(n);
        switch (which) {
            case ROW_BEFORE:
                if (time == line.first(n)) return {sequence, 0, 1, active && has_start};
                return {sequence, unsigned(line.before(time)), 0, active};
            case ROW_AFTER: return {sequence, unsigned(line.after(time)), 0, active && time != line.last(n)};
            case ROW_FIRST: return {sequence, unsigned(line.first(n)), 0, line.length(n) > 0};
            default: return {sequence, unsigned(time), 0, active};
        }
    }
};

/* A contiguous axis with a gap of `skip` elements before index `from`. */
struct gapped_axis {
    int from;
    unsigned skip;

    __device__ coord at(int i, int count) const { return {unsigned(i) + (i >= from ? skip : 0), 0, 0, i < count}; }
};

/* The matrix of states, with a row for each sequence. */
template <class T>
struct step_states {
    const T *data, *start;
    int64_t step_stride, sequence_stride, start_stride; /* start_stride: from an initial state to the next */
    sequence_axis row_axis;
    gapped_axis k_axis;
    bool k_contiguous, vectorized;

    __device__ bool contains(const coord &i, const coord &k) const { return i.in_bounds && k.in_bounds; }
    __device__ const T *address(const coord &i, const coord &k) const {
        const T *row = i.column ? start + int64_t(i.offset) * start_stride
                                : data + int64_t(i.row) * step_stride + int64_t(i.offset) * sequence_stride;
        return row + k.offset;
    }
};

/* Index i is gate i % width of unit i / width; gates beyond the last one are zeros. */
struct gate_axis {
    int width, gates;
    unsigned gate_stride, unit_stride;

    __device__ coord at(int i, int count) const {
        const int g = i % width;
        return {unsigned(g) * gate_stride + unsigned(i / width) * unit_stride, 0, 0, i < count && g < gates};
    }
};

template <class T>
using step_weights = matrix_view<T, gate_axis, linear_axis>;

/* Epilogue: apply4(n, column, sums) gets four neighbouring results of sequence n, of which those beyond the last column
 * are to be ignored. */
template <class T, class Epilogue>
struct step_gemm {
    step_states<T> a;
    step_weights<T> b;
    Epilogue y;
    int m, n, k;
};

template <class T, class Epilogue>
struct step_gemms {
    step_gemm<T, Epilogue> of[2]; /* for each direction */
    int directions;
};

template <class T, class Epilogue>
void set_time(step_gemm<T, Epilogue> *p, int time) {
    p->a.row_axis.time = p->y.pos.time = time;
}

template <class C, class Tile, int TEAMS>
union step_memory {
    struct {
        C a[TEAMS][2][Tile::depth][Tile::rows + Tile::pad], b[TEAMS][2][Tile::depth][Tile::columns + Tile::pad];
    } tiles;
    vec4<C> sums[TEAMS][Tile::thread_tile_rows][Tile::threads];
};

template <class T, class Tile, int TEAMS, class Epilogue>
__global__ void __launch_bounds__(Tile::threads *TEAMS, 1)
    step_kernel(step_gemms<T, Epilogue> gemms, int column_tiles) {
    typedef compute<T> C;
    __shared__ __align__(16) step_memory<C, Tile, TEAMS> memory;
    const step_gemm<T, Epilogue> &p = gemms.of[blockIdx.z];
    const int first_row = int(blockIdx.x) / column_tiles * Tile::rows, team = int(threadIdx.y);
    const int first_column = int(blockIdx.x) % column_tiles * Tile::columns;
    const int rounds       = (p.k + TEAMS * Tile::depth - 1) / (TEAMS * Tile::depth);
    const int begin = team * rounds * Tile::depth, end = min(p.k, begin + rounds * Tile::depth);
    auto &a_tile = memory.tiles.a[team];
    auto &b_tile = memory.tiles.b[team];

    tile_loader<step_states<T>, T, Tile::rows, Tile::depth, Tile::threads> a(p.a, first_row, p.m);
    tile_loader<step_weights<T>, T, Tile::columns, Tile::depth, Tile::threads> b(p.b, first_column, p.n);
    accumulator<Tile, C> acc;
    acc.clear();
    a.load(begin, end), b.load(begin, end);
    a.store(a_tile[0]), b.store(b_tile[0]);
    __syncthreads();
    for (int round = 0; round < rounds; ++round) {
        const int now = round & 1, next = begin + (round + 1) * Tile::depth;
        const bool more = round + 1 < rounds;
        if (more) a.load(next, end), b.load(next, end);
        acc.multiply_add(a_tile[now], b_tile[now]);
        if (more) a.store(a_tile[now ^ 1]), b.store(b_tile[now ^ 1]);
        __syncthreads();
    }

    for (int i = 0; i < Tile::thread_tile_rows; ++i)
        for (int j = 0; j < 4; ++j) memory.sums[team][i][threadIdx.x].at[j] = acc.value[i][j];
    __syncthreads();
    for (int i = team; i < Tile::thread_tile_rows; i += TEAMS) {
        vec4<C> total = memory.sums[0][i][threadIdx.x];
        for (int other = 1; other < TEAMS; ++other)
            for (int j = 0; j < 4; ++j) total.at[j] += memory.sums[other][i][threadIdx.x].at[j];
        const int row = first_row + acc.row(i), column = first_column + acc.column(0);
        if (row < p.m && column < p.n) p.y.apply4(row, column, total.at);
    }
}

template <class T, class Tile, int TEAMS, class Epilogue>
cudaError_t launch_step_tiles(const step_gemms<T, Epilogue> &gemms, cudaStream_t stream) {
    const int rows = blocks_for(gemms.of[0].m, Tile::rows), columns = blocks_for(gemms.of[0].n, Tile::columns);
    const dim3 grid(unsigned(rows) * unsigned(columns), 1, unsigned(gemms.directions));
    const dim3 block(Tile::threads, TEAMS);
    return GLI_LAUNCH((step_kernel<T, Tile, TEAMS, Epilogue>), grid, block, 0, stream, gemms, columns);
}

/* Few sequences: small tiles, so that there are blocks for all multiprocessors, and many teams, so that each has few
 * loads in sequence. Doubles have half the teams, for lack of shared memory. A tile must have at least as many threads
 * as columns, for its loader. */
typedef tile<16, 16, 8, 4, 4> low_tile;

template <class T, class Epilogue>
cudaError_t launch_step(const step_gemms<T, Epilogue> &gemms, cudaStream_t stream) {
    enum { SIZE = sizeof(compute<T>) / sizeof(float) };
    if (gemms.of[0].m <= low_tile::rows) return launch_step_tiles<T, low_tile, 16 / SIZE>(gemms, stream);
    return launch_step_tiles<T, small_tile, 4 / SIZE>(gemms, stream);
}

/* ---- the matrices ---- */

template <class T>
bool vec4_strided(const void *data, int64_t stride) {
    return reinterpret_cast<uintptr_t>(data) % alignof(vec4<T>) == 0 && stride % 4 == 0;
}

/* Rows [time, sequence] of `data`; start_from adds the initial states, where there are any. */
template <class T>
step_states<T> states_of(const T *data, int64_t step_stride, int64_t sequence_stride, const timeline &line,
                         step_row which, int k) {
    const bool vectorized = vec4_strided<T>(data, step_stride) && sequence_stride % 4 == 0 && k % 4 == 0;
    return {data, nullptr, step_stride, sequence_stride, 0, {line, which, 0, false}, {k, 0}, true, vectorized};
}

template <class T>
void start_from(step_states<T> *a, const T *start, int64_t start_stride) {
    a->start              = start;
    a->start_stride       = start_stride;
    a->row_axis.has_start = start != nullptr;
    a->vectorized         = a->vectorized && (!start || vec4_strided<T>(start, start_stride));
}

/* w [gates, units, k], the gates of a unit side by side in `width` columns. */
template <class T>
step_weights<T> gate_weights_of(const T *w, int units, int k, int width, int gates) {
    return {w, {width, gates, unsigned(units) * unsigned(k), unsigned(k)}, {1}, true, vec4_strided<T>(w, k), false};
}

/* w [k, units]. */
template <class T>
step_weights<T> column_weights_of(const T *w, int units) {
    return {w, {1, 1, 0, 1}, {unsigned(units)}, false, vec4_strided<T>(w, units), false};
}

}  // namespace glia

#endif
