/* The backward pass: one launch for each step, and a second one for a projection or for a reset before the GEMM. The
 * gradient with respect to the state is the GEMM of the next step's gate gradients with w_hh; the epilogue adds dy. */
#include "kernels/rnn/rnn_launch.h"

#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_step.cuh"

namespace glia {
namespace {

/* What the results of the GEMM are. dh: what the step after contributes to the gradient with respect to h. */
enum backward_kind {
    PLAIN,
    LSTM,
    GRU,
    RESET,       /* dh, of reset_before */
    RESET_GATE,  /* the gradient with respect to r h */
    PROJECTION,  /* dh, of a projection */
    UNPROJECTED, /* the gradient with respect to o tanh(c) */
    START,       /* dh of the initial state */
};

/* One direction's arrays; see gli_rnn_backward_arrays. */
template <class T>
struct backward_epilogue {
    typedef compute<T> C;

    backward_kind kind;
    bool relu, is_gru;
    step_position pos;
    int units, dgate_count;
    int64_t y_row;
    C clip;
    const T *peephole, *h0, *y, *dy;
    const C *c0, *dh_n, *dc_n, *gates, *cells;
    T *dgates, *dh;
    C *dh0, *carry;

    __device__ C weight(int k, int unit) const {
        return peephole ? C(to_compute(peephole[k * pos.hidden + unit])) : C(0);
    }
    __device__ C gate(int n, int k, int unit) const { return gates[pos.gate(n, k, unit)]; }
    __device__ T &dgate(int n, int k, int unit) const {
        return dgates[(pos.row(n) * dgate_count + k) * pos.hidden + unit];
    }
    __device__ T &projected(int n, int unit) const { return dh[pos.row(n) * units + unit]; }
    template <class S>
    __device__ C value(const S *states, int n, int unit, int size) const {
        return states ? C(to_compute(states[int64_t(n) * size + unit])) : C(0);
    }

    __device__ C h_before(int n, int unit) const {
        return pos.is_first(n) ? value(h0, n, unit, pos.hidden) : C(to_compute(y[pos.row_before(n) * y_row + unit]));
    }
    __device__ C c_before(int n, int unit) const {
        return pos.is_first(n) ? value(c0, n, unit, pos.hidden) : cells[pos.row_before(n) * pos.hidden + unit];
    }
    /* All of the gradient with respect to h. */
    __device__ C gradient(int n, int unit, C from_after) const {
        C all = from_after;
        if (pos.is_last(n))
            all = value(dh_n, n, unit, units);
        else if (is_gru)
            all += carry[pos.state(n, unit)];
        return dy ? all + C(to_compute(dy[pos.row(n) * y_row + unit])) : all;
    }

    __device__ void lstm(int n, int unit, C dm) const {
        const lstm_unit<C> constants = {weight(0, unit), weight(1, unit), weight(2, unit), clip, peephole != nullptr};
        const lstm_gates<C> gates    = {gate(n, 0, unit), gate(n, 1, unit), gate(n, 2, unit), gate(n, 3, unit)};
        C &carried                   = carry[pos.state(n, unit)];
        C dc                         = pos.is_last(n) ? value(dc_n, n, unit, pos.hidden) : carried;
        const lstm_gates<C> d = lstm_backward(constants, gates, c_before(n, unit), cells[pos.cell(n, unit)], dm, &dc);
        carried               = dc;
        dgate(n, 0, unit) = round_to<T>(d.i), dgate(n, 1, unit) = round_to<T>(d.f);
        dgate(n, 2, unit) = round_to<T>(d.g), dgate(n, 3, unit) = round_to<T>(d.o);
    }

    __device__ void gru(int n, int unit, C dh) const {
        const gru_gates<C> gates  = {gate(n, 0, unit), gate(n, 1, unit), gate(n, 2, unit)};
        const gru_gradients<C> d  = gru_backward(gates, h_before(n, unit), dh);
        carry[pos.state(n, unit)] = d.dh_past;
        dgate(n, 1, unit)         = round_to<T>(d.z);
        dgate(n, 2, unit)         = round_to<T>(d.n);
        if (kind == RESET) return;
        dgate(n, 0, unit) = round_to<T>(gru_backward_reset(gates.r, d.n * gate(n, 3, unit)));
        dgate(n, 3, unit) = round_to<T>(d.n * gates.r);
    }

    __device__ void reset_gate(int n, int unit, C d) const {
        const C r         = gate(n, 0, unit);
        dgate(n, 0, unit) = round_to<T>(gru_backward_reset(r, d * h_before(n, unit)));
        carry[pos.state(n, unit)] += d * r;
    }

    __device__ void active(int n, int unit, C sum_of_products) const {
        const bool whole = kind == RESET_GATE || kind == UNPROJECTED;
        const C d        = whole ? sum_of_products : gradient(n, unit, sum_of_products);
        switch (kind) {
            case PLAIN:
                dgate(n, 0, unit) = round_to<T>(plain_backward(relu, d, C(to_compute(y[pos.row(n) * y_row + unit]))));
                break;
            case LSTM:
            case UNPROJECTED: lstm(n, unit, d); break;
            case GRU:
            case RESET: gru(n, unit, d); break;
            case RESET_GATE: reset_gate(n, unit, d); break;
            default: projected(n, unit) = round_to<T>(d);
        }
    }

    __device__ void inactive(int n, int unit) const {
        if (kind == PROJECTION)
            projected(n, unit) = round_to<T>(C(0));
        else
            for (int k = 0; k < dgate_count; ++k) dgate(n, k, unit) = round_to<T>(C(0));
    }

    __device__ void start(int n, int unit, C from_first) const {
        const bool none                = pos.line.length(n) == 0;
        const C past                   = is_gru && !none ? carry[pos.state(n, unit)] : C(0);
        dh0[int64_t(n) * units + unit] = none ? value(dh_n, n, unit, units) : from_first + past;
    }

    __device__ void apply4(int n, int column, const C *sum) const {
        for (int j = 0; j < 4 && column + j < units; ++j) {
            if (kind == START)
                start(n, column + j, sum[j]);
            else if (pos.is_active(n))
                active(n, column + j, sum[j]);
            else
                inactive(n, column + j);
        }
    }
};

template <class T>
backward_epilogue<T> epilogue_of(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d) {
    typedef compute<T> C;
    const int64_t units  = int64_t(d) * l.geom.batch * l.geom.hidden,
                  states = int64_t(d) * l.geom.batch * l.geom.outputs;
    const int64_t rows = int64_t(d) * l.geom.batch * l.geom.steps, column = int64_t(d) * l.geom.outputs;
    backward_epilogue<T> e = {};
    e.relu                 = l.geom.cell == GLIA_RNN_RELU;
    e.is_gru               = l.geom.cell == GLIA_RNN_GRU;
    e.pos                  = position_of(l, d);
    e.dgate_count          = gli_rnn_dgates(&l);
    e.y_row                = int64_t(l.geom.directions) * l.geom.outputs;
    e.clip                 = static_cast<C>(l.geom.cell_clip);
    e.peephole             = static_cast<const T *>(l.peephole[d]);
    e.h0                   = element_of<const T>(l.h0, states);
    e.c0                   = element_of<const C>(l.c0, units);
    e.y                    = element_of<const T>(b.y, column);
    e.dy                   = element_of<const T>(b.dy, column);
    e.dh_n                 = element_of<const C>(b.dh_n, states);
    e.dc_n                 = element_of<const C>(b.dc_n, units);
    e.gates                = element_of<const C>(b.gates, 4 * rows * l.geom.hidden);
    e.cells                = element_of<const C>(b.cells, rows * l.geom.hidden);
    e.dh0                  = element_of<C>(b.dh0, states);
    e.dgates               = element_of<T>(b.dgates, rows * e.dgate_count * l.geom.hidden);
    e.dh                   = element_of<T>(b.dh, rows * l.geom.outputs);
    e.carry                = element_of<C>(b.carry, units);
    return e;
}

template <class T>
using backward_gemm = step_gemm<T, backward_epilogue<T>>;

/* The GEMM of the gate gradients of one row with w_hh. A GRU that resets after the GEMM leaves out the third gradient;
 * of one that resets before it, the third takes part in the second launch of a step. */
template <class T>
backward_gemm<T> gemm_with_dgates(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d, backward_kind kind,
                                  step_row which) {
    const bool gru  = l.geom.cell == GLIA_RNN_GRU;
    const int gates = gru && l.geom.reset_before ? 2 : l.geom.gates;
    backward_gemm<T> p;
    p.y               = epilogue_of<T>(l, b, d);
    p.y.kind          = kind;
    p.y.units         = l.geom.outputs;
    const int64_t row = int64_t(p.y.dgate_count) * l.geom.hidden;
    p.a =
        states_of<T>(p.y.dgates, l.step_rows * row, l.sequence_rows * row, p.y.pos.line, which, gates * l.geom.hidden);
    if (gru && !l.geom.reset_before) {
        p.a.k_axis     = {2 * l.geom.hidden, unsigned(l.geom.hidden)};
        p.a.vectorized = p.a.vectorized && l.geom.hidden % 4 == 0;
    }
    p.b = column_weights_of(static_cast<const T *>(l.w_hh[d]), l.geom.outputs);
    p.m = l.geom.batch, p.n = l.geom.outputs, p.k = gates * l.geom.hidden;
    return p;
}

/* The second launch of a step: the GEMM of the gradients with respect to h with w_hr, or of those of gate n with its
 * rows of w_hh. */
template <class T>
backward_gemm<T> second_gemm(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d) {
    const bool projects = l.w_hr[d] != nullptr;
    backward_gemm<T> p;
    p.y               = epilogue_of<T>(l, b, d);
    p.y.kind          = projects ? UNPROJECTED : RESET_GATE;
    p.y.units         = l.geom.hidden;
    const T *from     = projects ? p.y.dh : element_of<T>(p.y.dgates, int64_t(2) * l.geom.hidden);
    const T *w        = projects ? static_cast<const T *>(l.w_hr[d])
                                 : static_cast<const T *>(l.w_hh[d]) + int64_t(2) * l.geom.hidden * l.geom.hidden;
    const int64_t row = projects ? l.geom.outputs : int64_t(p.y.dgate_count) * l.geom.hidden;
    p.a = states_of<T>(from, l.step_rows * row, l.sequence_rows * row, p.y.pos.line, ROW_NOW, l.geom.outputs);
    p.b = column_weights_of(w, l.geom.hidden);
    p.m = l.geom.batch, p.n = l.geom.hidden, p.k = l.geom.outputs;
    return p;
}

template <class T>
cudaError_t run_steps(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, cudaStream_t stream) {
    const bool resets = l.geom.cell == GLIA_RNN_GRU && l.geom.reset_before, projects = l.w_hr[0] != nullptr;
    const backward_kind kind                  = projects                       ? PROJECTION
                                                : l.geom.cell == GLIA_RNN_LSTM ? LSTM
                                                : resets                       ? RESET
                                                : l.geom.cell == GLIA_RNN_GRU  ? GRU
                                                                               : PLAIN;
    step_gemms<T, backward_epilogue<T>> first = {}, second = {}, start = {};
    first.directions = second.directions = start.directions = l.geom.directions;
    for (int d = 0; d < l.geom.directions; ++d) {
        first.of[d] = gemm_with_dgates<T>(l, b, d, kind, ROW_AFTER);
        start.of[d] = gemm_with_dgates<T>(l, b, d, START, ROW_FIRST);
        if (resets || projects) second.of[d] = second_gemm<T>(l, b, d);
    }
    cudaError_t error = cudaSuccess;
    for (int step = 0; step < l.geom.steps && error == cudaSuccess; ++step) {
        for (int d = 0; d < l.geom.directions; ++d) {
            const int time = first.of[d].y.pos.line.reverse ? step : l.geom.steps - 1 - step;
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
    if (layer->geom.batch == 0) return cudaSuccess;
    return GLI_FOR_FLOAT(layer->dtype, T, glia::run_steps<T>(*layer, *arrays, stream));
}
