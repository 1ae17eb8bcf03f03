/* The sweeps of a thread over its part of a channel, or of a pack of channels: the sums, then the outputs. What a rule
 * R is, channels.cuh says. A thread loads some packs before it uses the first of them. */
#ifndef GLI_KERNELS_NORM_CHANNEL_SWEEPS_CUH
#define GLI_KERNELS_NORM_CHANNEL_SWEEPS_CUH

#include "kernels/device/divide.cuh"
#include "kernels/device/functions.cuh"
#include "kernels/device/map.cuh"
#include "kernels/device/pack.cuh"

namespace glia {

enum { OUTPUTS_AT_ONCE = 2 };

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

/* Element i of channel c is at (c / inside) outer_step + (c % inside) inner_step + (i / run) run_step + i % run. */
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
    const T *more, *y;           /* of a rule that prepares; more: added to input 1, NULL: zeros; y may be NULL */
    T *out;                      /* NULL: only the sums are requested */
    T *prepared;                 /* input 1 as it was prepared, which may be in its place; NULL: not requested */
    typename R::state *partials; /* [slices][channels] */
    unsigned *arrivals;  /* of SUMS, a counter for each block x and section of slices; NULL: nothing is merged */
    int channels, count; /* count: elements of a channel */
    bool columns;        /* the layout; else that of runs */
    channel_runs runs;
    channel_cut cut;
    int merged; /* states of a channel for APPLY to read */
    bool wide;
};

template <class T, class R>
struct raw_inputs {
    packed<T> at[R::inputs], more, y;

    __device__ void load(const channel_job<T, R> &j, int64_t offset, int n, bool wide) {
        for (int i = 0; i < R::inputs; ++i) at[i] = load_packed(j.in.at[i] + offset, n, wide);
        if constexpr (R::prepares) {
            if (j.more) more = load_packed(j.more + offset, n, wide);
            if (j.y) y = load_packed(j.y + offset, n, wide);
        }
    }
    __device__ void unpack_to(const channel_job<T, R> &j, compute<T> (&values)[R::inputs][vector<T>::width]) const {
        for (int i = 0; i < R::inputs; ++i) unpack(at[i], values[i]);
        if constexpr (R::prepares) {
            compute<T> also[vector<T>::width];
            if (j.more) {
                unpack(more, also);
                for (int k = 0; k < vector<T>::width; ++k) values[1][k] += also[k];
            }
            if (j.y) {
                unpack(y, also);
                j.rule.prepare(also, values);
            }
        }
    }
};

/* Element 0 of a channel, at this offset. */
template <class T, class R>
__device__ inline typename R::known begin(const channel_job<T, R> &j, int c, int64_t offset) {
    compute<T> first[R::inputs];
    for (int k = 0; k < R::inputs; ++k) first[k] = j.count > 0 ? to_compute(j.in.at[k][offset]) : compute<T>(0);
    return j.rule.begin(c, first);
}

/* The sums over packs of N elements begin, begin + step, ... below end of a channel in runs. N: 1, or a whole pack. */
template <int N, class T, class R>
__device__ inline typename R::state sum_of_packs(const channel_job<T, R> &j, const typename R::known &known,
                                                 int64_t base, unsigned begin, unsigned end, unsigned step) {
    typedef compute<T> C;
    constexpr int AT_ONCE = R::sums;
    typename R::state all = j.rule.none();
    unsigned taken        = 0;
#pragma unroll 1
    for (unsigned first = begin; first < end; first += AT_ONCE * step) {
        raw_inputs<T, R> raw[AT_ONCE];
#pragma unroll
        for (unsigned k = 0; k < AT_ONCE; ++k) {
            const unsigned i = first + k * step;
            raw[k].load(j, base + j.runs.offset(i < end ? i : first), N, N > 1);
        }
#pragma unroll
        for (unsigned k = 0; k < AT_ONCE; ++k) {
            const unsigned i = first + k * step;
            C values[R::inputs][vector<T>::width];
            if (i >= end) break;
            raw[k].unpack_to(j, values);
            taken += N;
            j.rule.add(&all, known, values, N, C(N) * inverse(C(taken)), i, 1);
        }
    }
    return all;
}

template <class T, class R>
__device__ inline typename R::state sum_of_run(const channel_job<T, R> &j, const typename R::known &known, int64_t base,
                                               unsigned begin, unsigned end, unsigned step) {
    return j.wide ? sum_of_packs<vector<T>::width>(j, known, base, begin, end, step)
                  : sum_of_packs<1>(j, known, base, begin, end, step);
}

/* Adds ROWS rows, `down` from each other, of a pack of n columns from c on. */
template <int ROWS, class T, class R>
__device__ inline void add_rows(const channel_job<T, R> &j, const typename R::known (&known)[vector<T>::width], int c,
                                int n, unsigned row, int down, unsigned *taken,
                                typename R::state (&all)[vector<T>::width]) {
    typedef compute<T> C;
    raw_inputs<T, R> raw[ROWS];
    C values[ROWS][R::inputs][vector<T>::width], element[R::inputs][ROWS];
    for (int r = 0; r < ROWS; ++r) raw[r].load(j, int64_t(row + r * down) * j.channels + c, n, j.wide);
    for (int r = 0; r < ROWS; ++r) raw[r].unpack_to(j, values[r]);
    *taken += ROWS;
    const C share = C(ROWS) * inverse(C(*taken));
    for (int k = 0; k < vector<T>::width; ++k) {
        for (int r = 0; r < ROWS; ++r)
            for (int i = 0; i < R::inputs; ++i) element[i][r] = values[r][i][k];
        j.rule.add(&all[k], known[k], element, ROWS, share, row, down);
    }
}

/* The sums over rows begin, begin + down, ... below end of a pack of n columns from c on. */
template <class T, class R>
__device__ inline void sum_columns(const channel_job<T, R> &j, const typename R::known (&known)[vector<T>::width],
                                   int c, int n, unsigned begin, unsigned end, unsigned down,
                                   typename R::state (&all)[vector<T>::width]) {
    constexpr int AT_ONCE = R::sums;
    unsigned row = begin, taken = 0;
    for (int k = 0; k < vector<T>::width; ++k) all[k] = j.rule.none();
#pragma unroll 1
    for (; row + (AT_ONCE - 1) * down < end; row += AT_ONCE * down)
        add_rows<AT_ONCE>(j, known, c, n, row, down, &taken, all);
#pragma unroll 1
    for (; row < end; row += down) add_rows<1>(j, known, c, n, row, down, &taken, all);
}

/* Packs to write: what was read, where from, and how many of its elements count. */
template <class T, class R>
struct output_pack {
    raw_inputs<T, R> in;
    packed<T> residual;
    int64_t offset;

    __device__ void load(const channel_job<T, R> &j, int64_t at, int n, bool wide) {
        offset = at;
        in.load(j, at, n, wide);
        if constexpr (R::finishes)
            if (j.residual) residual = load_packed(j.residual + at, n, wide);
    }
    __device__ void store(const channel_job<T, R> &j, int n, bool wide, compute<T> (&out)[vector<T>::width]) const {
        if constexpr (R::finishes) {
            compute<T> more[vector<T>::width] = {};
            if (j.residual) unpack(residual, more);
            for (int k = 0; k < vector<T>::width; ++k) out[k] += more[k];
            j.rule.finish(out);
        }
        store_pack(j.out + offset, n, wide, out);
    }
    __device__ void store_prepared(const channel_job<T, R> &j, int n, bool wide,
                                   const compute<T> (&values)[R::inputs][vector<T>::width]) const {
        if constexpr (R::prepares)
            if (j.prepared) store_pack(j.prepared + offset, n, wide, values[1]);
    }
};

template <int N, class T, class R>
__device__ inline void write_packs(const channel_job<T, R> &j, const typename R::result &result, int64_t base,
                                   unsigned begin, unsigned end, unsigned step) {
#pragma unroll 1
    for (unsigned first = begin; first < end; first += OUTPUTS_AT_ONCE * step) {
        output_pack<T, R> packs[OUTPUTS_AT_ONCE];
#pragma unroll
        for (unsigned k = 0; k < OUTPUTS_AT_ONCE; ++k) {
            const unsigned i = first + k * step;
            packs[k].load(j, base + j.runs.offset(i < end ? i : first), N, N > 1);
        }
#pragma unroll
        for (unsigned k = 0; k < OUTPUTS_AT_ONCE; ++k) {
            const unsigned i = first + k * step;
            compute<T> values[R::inputs][vector<T>::width], out[vector<T>::width];
            if (i >= end) break;
            packs[k].in.unpack_to(j, values);
            packs[k].store_prepared(j, N, N > 1, values);
            j.rule.out(result, values, N, i, out);
            packs[k].store(j, N, N > 1, out);
        }
    }
}

template <class T, class R>
__device__ inline void write_run(const channel_job<T, R> &j, const typename R::result &result, int64_t base,
                                 unsigned begin, unsigned end, unsigned step) {
    if (j.wide)
        write_packs<vector<T>::width>(j, result, base, begin, end, step);
    else
        write_packs<1>(j, result, base, begin, end, step);
}

template <class T, class R>
__device__ inline void write_columns(const channel_job<T, R> &j, const typename R::result (&result)[vector<T>::width],
                                     int c, int n, unsigned begin, unsigned end, unsigned down) {
#pragma unroll 1
    for (unsigned first = begin; first < end; first += OUTPUTS_AT_ONCE * down) {
        output_pack<T, R> packs[OUTPUTS_AT_ONCE];
#pragma unroll
        for (unsigned r = 0; r < OUTPUTS_AT_ONCE; ++r) {
            const unsigned row = first + r * down;
            packs[r].load(j, int64_t(row < end ? row : first) * j.channels + c, n, j.wide);
        }
#pragma unroll
        for (unsigned r = 0; r < OUTPUTS_AT_ONCE; ++r) {
            const unsigned row = first + r * down;
            compute<T> values[R::inputs][vector<T>::width], out[vector<T>::width], element[R::inputs][1], one[1];
            if (row >= end) break;
            packs[r].in.unpack_to(j, values);
            packs[r].store_prepared(j, n, j.wide, values);
            for (int k = 0; k < vector<T>::width; ++k) {
                for (int i = 0; i < R::inputs; ++i) element[i][0] = values[i][k];
                j.rule.out(result[k], element, 1, row, one);
                out[k] = one[0];
            }
            packs[r].store(j, n, j.wide, out);
        }
    }
}

}  // namespace glia

#endif
