/* The backward pass: one launch for each step, and a second one for a projection or for a reset before the product. The
 * gradient by the state is the product of the gradients of the step after with w_hh, and what the finish adds. */
#include "kernels/rnn/rnn_launch.h"

#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_step.cuh"

namespace glia {
namespace {

/* What a step's sums are. dh: what the step after contributes to the gradient by h. */
enum backward_kind {
    PLAIN,
    LSTM,
    GRU,
    RESET,       /* dh, of reset_before */
    RESET_GATE,  /* the gradient by r h */
    PROJECTION,  /* dh, of a projection */
    UNPROJECTED, /* the gradient by o tanh(c) */
    START,       /* dh of the initial state */
};

/* One direction's arrays; see gli_rnn_backward_arrays. */
template <class T>
struct backward_finish {
    typedef compute<T> C;

    backward_kind kind;
    bool relu, is_gru;
    step_place at;
    int units, blocks;
    int64_t y_row;
    C clip;
    const T *peephole, *h0, *c0, *y, *dy, *dh_n, *dc_n;
    const C *gates, *cells;
    T *dh0, *sums, *dh;
    C *carry;

    __device__ C weight(int k, int unit) const { return peephole ? C(widen(peephole[k * at.hidden + unit])) : C(0); }
    __device__ C gate(int n, int k, int unit) const { return gates[at.gate(n, k, unit)]; }
    __device__ T &sum(int n, int block, int unit) const {
        return sums[(at.row(n) * blocks + block) * at.hidden + unit];
    }
    __device__ T &projected(int n, int unit) const { return dh[at.row(n) * units + unit]; }
    __device__ C value(const T *states, int n, int unit, int size) const {
        return states ? C(widen(states[int64_t(n) * size + unit])) : C(0);
    }

    __device__ C h_before(int n, int unit) const {
        return at.is_first(n) ? value(h0, n, unit, at.hidden) : C(widen(y[at.row_before(n) * y_row + unit]));
    }
    __device__ C c_before(int n, int unit) const {
        return at.is_first(n) ? value(c0, n, unit, at.hidden) : cells[at.row_before(n) * at.hidden + unit];
    }
    /* All of the gradient by h. */
    __device__ C gradient(int n, int unit, C from_after) const {
        C all = from_after;
        if (at.is_last(n))
            all = value(dh_n, n, unit, units);
        else if (is_gru)
            all += carry[at.state(n, unit)];
        return dy ? all + C(widen(dy[at.row(n) * y_row + unit])) : all;
    }

    __device__ void lstm(int n, int unit, C dm) const {
        const lstm_unit<C> constants = {weight(0, unit), weight(1, unit), weight(2, unit), clip, peephole != nullptr};
        const lstm_gates<C> gates    = {gate(n, 0, unit), gate(n, 1, unit), gate(n, 2, unit), gate(n, 3, unit)};
        C &kept                      = carry[at.state(n, unit)];
        C dc                         = at.is_last(n) ? value(dc_n, n, unit, at.hidden) : kept;
        const lstm_gates<C> d        = lstm_undo(constants, gates, c_before(n, unit), cells[at.cell(n, unit)], dm, &dc);
        kept                         = dc;
        sum(n, 0, unit) = narrow<T>(d.i), sum(n, 1, unit) = narrow<T>(d.f);
        sum(n, 2, unit) = narrow<T>(d.g), sum(n, 3, unit) = narrow<T>(d.o);
    }

    __device__ void gru(int n, int unit, C dh) const {
        const gru_gates<C> gates = {gate(n, 0, unit), gate(n, 1, unit), gate(n, 2, unit)};
        const gru_undone<C> d    = gru_undo(gates, h_before(n, unit), dh);
        carry[at.state(n, unit)] = d.past;
        sum(n, 1, unit)          = narrow<T>(d.z);
        sum(n, 2, unit)          = narrow<T>(d.n);
        if (kind == RESET) return;
        sum(n, 0, unit) = narrow<T>(gru_undo_reset(gates.r, d.n * gate(n, 3, unit)));
        sum(n, 3, unit) = narrow<T>(d.n * gates.r);
    }

    __device__ void reset_gate(int n, int unit, C d) const {
        const C r       = gate(n, 0, unit);
        sum(n, 0, unit) = narrow<T>(gru_undo_reset(r, d * h_before(n, unit)));
        carry[at.state(n, unit)] += d * r;
    }

    __device__ void active(int n, int unit, C sum_of_products) const {
        const bool whole = kind == RESET_GATE || kind == UNPROJECTED;
        const C d        = whole ? sum_of_products : gradient(n, unit, sum_of_products);
        switch (kind) {
            case PLAIN: sum(n, 0, unit) = narrow<T>(plain_undo(relu, d, C(widen(y[at.row(n) * y_row + unit])))); break;
            case LSTM:
            case UNPROJECTED: lstm(n, unit, d); break;
            case GRU:
            case RESET: gru(n, unit, d); break;
            case RESET_GATE: reset_gate(n, unit, d); break;
            default: projected(n, unit) = narrow<T>(d);
        }
    }

    __device__ void inactive(int n, int unit) const {
        if (kind == PROJECTION)
            projected(n, unit) = narrow<T>(C(0));
        else
            for (int block = 0; block < blocks; ++block) sum(n, block, unit) = narrow<T>(C(0));
    }

    __device__ void start(int n, int unit, C from_first) const {
        const bool none                = at.line.length(n) == 0;
        const C past                   = is_gru && !none ? carry[at.state(n, unit)] : C(0);
        dh0[int64_t(n) * units + unit] = narrow<T>(none ? value(dh_n, n, unit, units) : from_first + past);
    }

    __device__ void take(int n, int column, const C *sum) const {
        for (int j = 0; j < 4 && column + j < units; ++j) {
            if (kind == START)
                start(n, column + j, sum[j]);
            else if (at.is_active(n))
                active(n, column + j, sum[j]);
            else
                inactive(n, column + j);
        }
    }
};

template <class T>
backward_finish<T> finish_of(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d) {
    typedef compute<T> C;
    const int64_t units = int64_t(d) * l.batch * l.hidden, states = int64_t(d) * l.batch * l.outputs;
    const int64_t rows = int64_t(d) * l.batch * l.steps, column = int64_t(d) * l.outputs;
    backward_finish<T> finish = {};
    finish.relu               = l.cell == GLIA_RNN_RELU;
    finish.is_gru             = l.cell == GLIA_RNN_GRU;
    finish.at                 = place_of(l, d);
    finish.blocks             = gli_rnn_blocks(&l);
    finish.y_row              = int64_t(l.directions) * l.outputs;
    finish.clip               = static_cast<C>(l.cell_clip);
    finish.peephole           = static_cast<const T *>(l.peephole[d]);
    finish.h0                 = part<const T>(l.h0, states);
    finish.c0                 = part<const T>(l.c0, units);
    finish.y                  = part<const T>(b.y, column);
    finish.dy                 = part<const T>(b.dy, column);
    finish.dh_n               = part<const T>(b.dh_n, states);
    finish.dc_n               = part<const T>(b.dc_n, units);
    finish.gates              = part<const C>(b.gates, 4 * rows * l.hidden);
    finish.cells              = part<const C>(b.cells, rows * l.hidden);
    finish.dh0                = part<T>(b.dh0, states);
    finish.sums               = part<T>(b.sums, rows * finish.blocks * l.hidden);
    finish.dh                 = part<T>(b.dh, rows * l.outputs);
    finish.carry              = part<C>(b.carry, units);
    return finish;
}

template <class T>
using backward_product = step_product<T, backward_finish<T>>;

/* The gradients of one row, from block `block` on, with w_hh. GRU with the reset after the product leaves out the third
 * block; with the reset before it the third one takes part in the second launch of a step. */
template <class T>
backward_product<T> product_with_sums(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d,
                                      backward_kind kind, step_row which) {
    const bool gru  = l.cell == GLIA_RNN_GRU;
    const int gates = gru && l.reset_before ? 2 : l.gates;
    backward_product<T> p;
    p.y               = finish_of<T>(l, b, d);
    p.y.kind          = kind;
    p.y.units         = l.outputs;
    const int64_t row = int64_t(p.y.blocks) * l.hidden;
    p.a = states_of<T>(p.y.sums, l.step_rows * row, l.sequence_rows * row, p.y.at.line, which, gates * l.hidden);
    if (gru && !l.reset_before) {
        p.a.k_axis     = {2 * l.hidden, unsigned(l.hidden)};
        p.a.vectorized = p.a.vectorized && l.hidden % 4 == 0;
    }
    p.b = columns_of(static_cast<const T *>(l.w_hh[d]), l.outputs);
    p.m = l.batch, p.n = l.outputs, p.k = gates * l.hidden;
    return p;
}

/* The second launch of a step: the gradients by h with w_hr, or those by gate n with its rows of w_hh. */
template <class T>
backward_product<T> second_product(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d) {
    const bool projects = l.w_hr[d] != nullptr;
    backward_product<T> p;
    p.y               = finish_of<T>(l, b, d);
    p.y.kind          = projects ? UNPROJECTED : RESET_GATE;
    p.y.units         = l.hidden;
    const T *from     = projects ? p.y.dh : part<T>(p.y.sums, int64_t(2) * l.hidden);
    const T *w        = projects ? static_cast<const T *>(l.w_hr[d])
                                 : static_cast<const T *>(l.w_hh[d]) + int64_t(2) * l.hidden * l.hidden;
    const int64_t row = projects ? l.outputs : int64_t(p.y.blocks) * l.hidden;
    p.a               = states_of<T>(from, l.step_rows * row, l.sequence_rows * row, p.y.at.line, ROW_NOW, l.outputs);
    p.b               = columns_of(w, l.hidden);
    p.m = l.batch, p.n = l.hidden, p.k = l.outputs;
    return p;
}

template <class T>
cudaError_t run_steps(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, cudaStream_t stream) {
    const bool resets = l.cell == GLIA_RNN_GRU && l.reset_before, projects = l.w_hr[0] != nullptr;
    const backward_kind kind                   = projects                  ? PROJECTION
                                                 : l.cell == GLIA_RNN_LSTM ? LSTM
                                                 : resets                  ? RESET
                                                 : l.cell == GLIA_RNN_GRU  ? GRU
                                                                           : PLAIN;
    step_products<T, backward_finish<T>> first = {}, second = {}, start = {};
    first.directions = second.directions = start.directions = l.directions;
    for (int d = 0; d < l.directions; ++d) {
        first.of[d] = product_with_sums<T>(l, b, d, kind, ROW_AFTER);
        start.of[d] = product_with_sums<T>(l, b, d, START, ROW_FIRST);
        if (resets || projects) second.of[d] = second_product<T>(l, b, d);
    }
    cudaError_t error = cudaSuccess;
    for (int step = 0; step < l.steps && error == cudaSuccess; ++step) {
        for (int d = 0; d < l.directions; ++d) {
            const int time = first.of[d].y.at.line.reverse ? step : l.steps - 1 - step;
            set_time(&first.of[d], time), set_time(&second.of[d], time);
        }
        error = launch_step(first, stream);
        if (error == cudaSuccess && (resets || projects)) error = launch_step(second, stream);
    }
    return error == cudaSuccess && b.dh0 ? launch_step(start, stream) : error;
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_rnn_backward(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                    cudaStream_t stream) {
    if (layer->batch == 0) return cudaSuccess;
    return GLI_FOR_FLOAT(layer->dtype, T, glia::run_steps<T>(*layer, *arrays, stream));
}
