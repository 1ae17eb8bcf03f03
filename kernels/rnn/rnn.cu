/* The forward pass: one launch for each step, and a second one for a projection or for a reset before the product. The
 * product of the state with w_hh stays in registers; gates and states are computed from it there. h has the type of y
 * from step to step, c that of the sums. */
#include "kernels/rnn/rnn_launch.h"

#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_step.cuh"

namespace glia {
namespace {

/* What becomes of a step's sums. */
enum forward_kind { PLAIN, LSTM, GRU, RESET_GATES, RESET_STATE, PROJECTION };

/* One direction's arrays; see gli_rnn_forward_arrays. */
template <class T>
struct forward_finish {
    typedef compute<T> C;

    forward_kind kind;
    bool relu, gives_y;
    step_place at;
    int width, units, gate_count; /* width: sums for each of the units */
    int64_t y_row;
    C clip;
    const T *b_hh, *peephole, *h0, *c0, *from_input;
    T *y, *between;
    C *running, *gates, *cells;

    __device__ C input(int n, int gate, int unit) const {
        return widen(from_input[(at.row(n) * gate_count + gate) * at.hidden + unit]);
    }
    __device__ C state_sum(const C *sum, int gate, int unit) const {
        return sum[gate] + (b_hh ? C(widen(b_hh[gate * at.hidden + unit])) : C(0));
    }
    __device__ C weight(int k, int unit) const { return peephole ? C(widen(peephole[k * at.hidden + unit])) : C(0); }
    __device__ void write_y(int n, int unit, C h) const { y[at.row(n) * y_row + unit] = narrow<T>(h); }
    __device__ void save(int n, int gate, int unit, C value) const {
        if (gates) gates[at.gate(n, gate, unit)] = value;
    }

    __device__ C h_before(int n, int unit) const {
        if (!at.is_first(n)) return widen(y[at.row_before(n) * y_row + unit]);
        return h0 ? C(widen(h0[at.state(n, unit)])) : C(0);
    }
    __device__ C c_before(int n, int unit) const {
        if (!at.is_first(n)) return running[at.state(n, unit)];
        return c0 ? C(widen(c0[at.state(n, unit)])) : C(0);
    }

    __device__ void lstm(int n, int unit, const C *sum) const {
        const lstm_unit<C> constants = {weight(0, unit), weight(1, unit), weight(2, unit), clip, peephole != nullptr};
        const lstm_gates<C> sums     = {
            input(n, 0, unit) + state_sum(sum, 0, unit), input(n, 1, unit) + state_sum(sum, 1, unit),
            input(n, 2, unit) + state_sum(sum, 2, unit), input(n, 3, unit) + state_sum(sum, 3, unit)};
        const lstm_result<C> s     = lstm_step(constants, sums, c_before(n, unit));
        running[at.state(n, unit)] = s.c;
        save(n, 0, unit, s.gate.i), save(n, 1, unit, s.gate.f), save(n, 2, unit, s.gate.g), save(n, 3, unit, s.gate.o);
        if (cells) cells[at.cell(n, unit)] = s.c;
        if (gives_y)
            write_y(n, unit, s.m);
        else
            between[at.state(n, unit)] = narrow<T>(s.m);
    }

    __device__ void gru(int n, int unit, const C *sum) const {
        const C inner           = state_sum(sum, 2, unit);
        const gru_gates<C> gate = gru_step(input(n, 0, unit) + state_sum(sum, 0, unit),
                                           input(n, 1, unit) + state_sum(sum, 1, unit), input(n, 2, unit), inner);
        save(n, 0, unit, gate.r), save(n, 1, unit, gate.z), save(n, 2, unit, gate.n), save(n, 3, unit, inner);
        write_y(n, unit, gru_mix(gate.z, gate.n, h_before(n, unit)));
    }

    __device__ void reset_gates(int n, int unit, const C *sum) const {
        const C r                  = sigmoid(input(n, 0, unit) + state_sum(sum, 0, unit));
        const C z                  = sigmoid(input(n, 1, unit) + state_sum(sum, 1, unit));
        between[at.state(n, unit)] = narrow<T>(r * h_before(n, unit));
        running[at.state(n, unit)] = z;
        save(n, 0, unit, r), save(n, 1, unit, z);
    }

    __device__ void reset_state(int n, int unit, C sum) const {
        const C bias = b_hh ? C(widen(b_hh[2 * at.hidden + unit])) : C(0);
        const C gate = tanh(input(n, 2, unit) + (sum + bias));
        save(n, 2, unit, gate);
        write_y(n, unit, gru_mix(running[at.state(n, unit)], gate, h_before(n, unit)));
    }

    __device__ void unit(int n, int u, const C *sum) const {
        switch (kind) {
            case PLAIN: write_y(n, u, plain_step(relu, input(n, 0, u) + state_sum(sum, 0, u))); break;
            case LSTM: lstm(n, u, sum); break;
            case GRU: gru(n, u, sum); break;
            case RESET_GATES: reset_gates(n, u, sum); break;
            case RESET_STATE: reset_state(n, u, *sum); break;
            case PROJECTION: write_y(n, u, *sum); break;
        }
    }

    __device__ void take(int n, int column, const C *sum) const {
        const bool active = at.is_active(n);
        for (int j = 0; j < 4; j += width) {
            const int u = (column + j) / width;
            if (u >= units) return;
            if (active)
                unit(n, u, sum + j);
            else if (gives_y)
                write_y(n, u, C(0));
        }
    }
};

template <class T>
forward_finish<T> finish_of(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, int d) {
    typedef compute<T> C;
    const int64_t units = int64_t(d) * l.batch * l.hidden, states = int64_t(d) * l.batch * l.outputs;
    const int64_t cells      = units * l.steps;
    forward_finish<T> finish = {};
    finish.relu              = l.cell == GLIA_RNN_RELU;
    finish.at                = place_of(l, d);
    finish.gate_count        = l.gates;
    finish.y_row             = int64_t(l.directions) * l.outputs;
    finish.clip              = static_cast<C>(l.cell_clip);
    finish.b_hh              = static_cast<const T *>(l.b_hh[d]);
    finish.peephole          = static_cast<const T *>(l.peephole[d]);
    finish.h0                = part<const T>(l.h0, states);
    finish.c0                = part<const T>(l.c0, units);
    finish.from_input        = part<const T>(f.from_input, cells * l.gates);
    finish.y                 = part<T>(f.y, int64_t(d) * l.outputs);
    finish.between           = part<T>(f.between, units);
    finish.running           = part<C>(f.running, units);
    finish.gates             = part<C>(f.gates, 4 * cells);
    finish.cells             = part<C>(f.cells, cells);
    return finish;
}

template <class T>
using forward_product = step_product<T, forward_finish<T>>;

/* The states before the step, with the gates that a first launch computes. */
template <class T>
forward_product<T> product_with_states(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, int d) {
    const bool lstm = l.cell == GLIA_RNN_LSTM, gru = l.cell == GLIA_RNN_GRU, resets = gru && l.reset_before;
    const int gates = resets ? 2 : l.gates;
    forward_product<T> p;
    p.y         = finish_of<T>(l, f, d);
    p.y.kind    = lstm ? LSTM : resets ? RESET_GATES : gru ? GRU : PLAIN;
    p.y.gives_y = !resets && !l.w_hr[d];
    p.y.width   = gates == 3 ? 4 : gates;
    p.y.units   = l.hidden;
    p.a = states_of<T>(p.y.y, l.step_rows * p.y.y_row, l.sequence_rows * p.y.y_row, p.y.at.line, ROW_BEFORE, l.outputs);
    start_from(&p.a, p.y.h0, l.outputs);
    p.b = gates_of(static_cast<const T *>(l.w_hh[d]), l.hidden, l.outputs, p.y.width, gates);
    p.m = l.batch, p.n = l.hidden * p.y.width, p.k = l.outputs;
    return p;
}

/* What the first launch left in `between`, with w_hr or the last gate of w_hh. */
template <class T>
forward_product<T> product_with_between(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, int d) {
    const bool projects = l.w_hr[d] != nullptr;
    const T *w          = projects ? static_cast<const T *>(l.w_hr[d])
                                   : static_cast<const T *>(l.w_hh[d]) + int64_t(2) * l.hidden * l.hidden;
    forward_product<T> p;
    p.y         = finish_of<T>(l, f, d);
    p.y.kind    = projects ? PROJECTION : RESET_STATE;
    p.y.gives_y = true;
    p.y.width   = 1;
    p.y.units   = l.outputs;
    p.a         = states_of<T>(p.y.between, 0, l.hidden, p.y.at.line, ROW_NOW, l.hidden);
    p.b         = gates_of(w, l.outputs, l.hidden, 1, 1);
    p.m = l.batch, p.n = l.outputs, p.k = l.hidden;
    return p;
}

template <class T>
cudaError_t run_steps(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, cudaStream_t stream) {
    const bool twice                          = (l.cell == GLIA_RNN_GRU && l.reset_before) || l.w_hr[0];
    step_products<T, forward_finish<T>> first = {}, second = {};
    first.directions = second.directions = l.directions;
    for (int d = 0; d < l.directions; ++d) {
        first.of[d] = product_with_states<T>(l, f, d);
        if (twice) second.of[d] = product_with_between<T>(l, f, d);
    }
    cudaError_t error = cudaSuccess;
    for (int step = 0; step < l.steps && error == cudaSuccess; ++step) {
        for (int d = 0; d < l.directions; ++d) {
            const int time = first.of[d].y.at.line.reverse ? l.steps - 1 - step : step;
            set_time(&first.of[d], time), set_time(&second.of[d], time);
        }
        error = launch_step(first, stream);
        if (error == cudaSuccess && twice) error = launch_step(second, stream);
    }
    return error;
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_rnn(const gli_rnn_layer *layer, const gli_rnn_forward_arrays *arrays, cudaStream_t stream) {
    if (layer->batch == 0) return cudaSuccess;
    return GLI_FOR_FLOAT(layer->dtype, T, glia::run_steps<T>(*layer, *arrays, stream));
}
