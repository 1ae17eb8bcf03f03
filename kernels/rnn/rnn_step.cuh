/* One step of a recurrent layer: the product of the states with a weight, and what becomes of its sums, in one launch.
 *
 * The rows of the product are the sequences, its columns the units, or the gates of the units side by side, so that one
 * thread gets all sums of a unit. A block forms a tile of it with several teams: each team takes a part of the summed
 * dimension through its own tiles in shared memory (tile.cuh), then they add up in the order of the teams. The cut
 * follows from the sizes alone. Steps are short and depend on each other: what counts is that many loads are on their
 * way. */
#ifndef GLI_KERNELS_RNN_RNN_STEP_CUH
#define GLI_KERNELS_RNN_RNN_STEP_CUH

#include "kernels/rnn/rnn_launch.h"
#include "kernels/gemm/tile.cuh"

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
    return {l.lengths, l.steps, direction == 1 || l.reverse};
}

/* One step of one direction, and where the arrays of rnn_launch.h have what belongs to a unit of a sequence in it. */
struct step_place {
    timeline line;
    int time, hidden;
    int64_t step_rows, sequence_rows;

    __device__ bool is_active(int n) const { return time < line.length(n); }
    __device__ bool is_first(int n) const { return time == line.first(n); }
    __device__ bool is_last(int n) const { return time == line.last(n); }
    __device__ int64_t row_at(int n, int t) const { return t * step_rows + n * sequence_rows; }
    __device__ int64_t row(int n) const { return row_at(n, time); }
    __device__ int64_t row_before(int n) const { return row_at(n, line.before(time)); }
    __device__ int64_t state(int n, int unit) const { return int64_t(n) * hidden + unit; }
    __device__ int64_t cell(int n, int unit) const { return row(n) * hidden + unit; }
    __device__ int64_t gate(int n, int gate, int unit) const { return (row(n) * 4 + gate) * hidden + unit; }
};

inline step_place place_of(const gli_rnn_layer &l, int direction) {
    return {timeline_of(l, direction), 0, l.hidden, l.step_rows, l.sequence_rows};
}

/* Element `offset` of an array that may not be there. */
template <class T, class V>
T *part(V *array, int64_t offset) {
    return array ? static_cast<T *>(array) + offset : nullptr;
}

/* Which row of a sequence a step multiplies. */
enum step_row {
    ROW_BEFORE, /* of the step before this one, or the initial state */
    ROW_NOW,
    ROW_AFTER, /* of the step after this one; none behind the last one */
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

/* The left operand: a row for each sequence, wherever the step has it. */
template <class T>
struct step_states {
    const T *data, *start;
    int64_t step, sequence, start_sequence; /* between times, between sequences, between initial states */
    sequence_axis row_axis;
    gapped_axis k_axis;
    bool k_contiguous, vectorized;

    __device__ bool contains(const coord &i, const coord &k) const { return i.in_bounds && k.in_bounds; }
    __device__ const T *address(const coord &i, const coord &k) const {
        const T *row = i.column ? start + int64_t(i.offset) * start_sequence
                                : data + int64_t(i.row) * step + int64_t(i.offset) * sequence;
        return row + k.offset;
    }
};

/* Index i is gate i % width of unit i / width; gates behind the last one are zeros. */
struct gate_axis {
    int width, gates;
    unsigned gate, unit;

    __device__ coord at(int i, int count) const {
        const int g = i % width;
        return {unsigned(g) * gate + unsigned(i / width) * unit, 0, 0, i < count && g < gates};
    }
};

template <class T>
using step_weights = matrix_view<T, gate_axis, linear_axis>;

/* Finish: take(n, column, sums) gets four neighbouring sums of sequence n, some of which may lie behind the last
 * column.
 */
template <class T, class Finish>
struct step_product {
    step_states<T> a;
    step_weights<T> b;
    Finish y;
    int m, n, k;
};

template <class T, class Finish>
struct step_products {
    step_product<T, Finish> of[2]; /* for each direction */
    int directions;
};

template <class T, class Finish>
void set_time(step_product<T, Finish> *p, int time) {
    p->a.row_axis.time = p->y.at.time = time;
}

template <class C, class Tile, int TEAMS>
union step_memory {
    struct {
        C a[TEAMS][2][Tile::depth][Tile::rows + Tile::pad], b[TEAMS][2][Tile::depth][Tile::columns + Tile::pad];
    } tiles;
    vec4<C> sums[TEAMS][Tile::thread_tile_rows][Tile::threads];
};

template <class T, class Tile, int TEAMS, class Finish>
__global__ void __launch_bounds__(Tile::threads *TEAMS, 1)
    step_kernel(step_products<T, Finish> products, int column_tiles) {
    typedef compute<T> C;
    __shared__ __align__(16) step_memory<C, Tile, TEAMS> memory;
    const step_product<T, Finish> &p = products.of[blockIdx.z];
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
        if (row < p.m && column < p.n) p.y.take(row, column, total.at);
    }
}

template <class T, class Tile, int TEAMS, class Finish>
cudaError_t launch_step_tiles(const step_products<T, Finish> &products, cudaStream_t stream) {
    const int rows = blocks_for(products.of[0].m, Tile::rows), columns = blocks_for(products.of[0].n, Tile::columns);
    const dim3 grid(unsigned(rows) * unsigned(columns), 1, unsigned(products.directions));
    const dim3 block(Tile::threads, TEAMS);
    return GLI_LAUNCH((step_kernel<T, Tile, TEAMS, Finish>), grid, block, 0, stream, products, columns);
}

/* Few sequences: small tiles, so that there are blocks for all multiprocessors, and many teams, so that each has a few
 * loads after one another. Doubles have half the teams, for the memory. A tile has at least as many threads as columns,
 * which its reader wants. */
typedef tile<16, 16, 8, 4, 4> low_tile;

template <class T, class Finish>
cudaError_t launch_step(const step_products<T, Finish> &products, cudaStream_t stream) {
    enum { SIZE = sizeof(compute<T>) / sizeof(float) };
    if (products.of[0].m <= low_tile::rows) return launch_step_tiles<T, low_tile, 16 / SIZE>(products, stream);
    return launch_step_tiles<T, small_tile, 4 / SIZE>(products, stream);
}

/* ---- the operands ---- */

template <class T>
bool fours_in(const void *data, int64_t step) {
    return reinterpret_cast<uintptr_t>(data) % alignof(vec4<T>) == 0 && step % 4 == 0;
}

/* Rows [time, sequence] of `data`, with start [N, start_sequence] in front where there is one. */
template <class T>
step_states<T> states_of(const T *data, int64_t step, int64_t sequence, const timeline &line, step_row which,
                         int summed) {
    const bool wide = fours_in<T>(data, step) && sequence % 4 == 0 && summed % 4 == 0;
    return {data, nullptr, step, sequence, 0, {line, which, 0, false}, {summed, 0}, true, wide};
}

template <class T>
void start_from(step_states<T> *a, const T *start, int64_t start_sequence) {
    a->start              = start;
    a->start_sequence     = start_sequence;
    a->row_axis.has_start = start != nullptr;
    a->vectorized         = a->vectorized && (!start || fours_in<T>(start, start_sequence));
}

/* w [gates, units, summed], its gates side by side in `width` columns for a unit. */
template <class T>
step_weights<T> gates_of(const T *w, int units, int summed, int width, int gates) {
    const bool wide = fours_in<T>(w, summed);
    return {w, {width, gates, unsigned(units) * unsigned(summed), unsigned(summed)}, {1}, true, wide};
}

/* w [summed, units]. */
template <class T>
step_weights<T> columns_of(const T *w, int units) {
    return {w, {1, 1, 0, 1}, {unsigned(units)}, false, fours_in<T>(w, units)};
}

}  // namespace glia

#endif
