/* The forward pass: one launch for each step, and a second one for a projection or for a reset before the GEMM. The
 * results of the GEMM of the state with w_hh stay in registers, where gates and states are computed from them. From
 * step to step h has the type of y, c that of the sums. */
#include "kernels/rnn/rnn_launch.h"

#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_step.cuh"

namespace glia {
namespace {

/* What the epilogue of a launch computes. */
enum forward_kind { PLAIN, LSTM, GRU, RESET_GATES, RESET_STATE, PROJECTION };

/* One direction's arrays; see gli_rnn_forward_arrays. */
template <class T>
struct forward_epilogue {
    typedef compute<T> C;

    forward_kind kind;
    bool relu, gives_y;
    step_position pos;
    int width, units, gate_count; /* width: columns of a unit */
    int64_t y_row;
    C clip;
    const T *b_hh, *peephole, *h0, *input_gates;
    const C *c0;
    T *y, *intermediate;
    C *running, *gates, *cells;

    __device__ C input(int n, int gate, int unit) const {
        return to_compute(input_gates[(pos.row(n) * gate_count + gate) * pos.hidden + unit]);
    }
    __device__ C state_sum(const C *sum, int gate, int unit) const {
        return sum[gate] + (b_hh ? C(to_compute(b_hh[gate * pos.hidden + unit])) : C(0));
    }
    __device__ C weight(int k, int unit) const {
        return peephole ? C(to_compute(peephole[k * pos.hidden + unit])) : C(0);
    }
    __device__ void write_y(int n, int unit, C h) const { y[pos.row(n) * y_row + unit] = round_to<T>(h); }
    __device__ void save(int n, int gate, int unit, C value) const {
        if (gates) gates[pos.gate(n, gate, unit)] = value;
    }

    __device__ C h_before(int n, int unit) const {
        if (!pos.is_first(n)) return to_compute(y[pos.row_before(n) * y_row + unit]);
        return h0 ? C(to_compute(h0[pos.state(n, unit)])) : C(0);
    }
    __device__ C c_before(int n, int unit) const {
        if (!pos.is_first(n)) return running[pos.state(n, unit)];
        return c0 ? c0[pos.state(n, unit)] : C(0);
    }

    __device__ void lstm(int n, int unit, const C *sum) const {
        const lstm_unit<C> constants = {weight(0, unit), weight(1, unit), weight(2, unit), clip, peephole != nullptr};
        const lstm_gates<C> sums     = {
            input(n, 0, unit) + state_sum(sum, 0, unit), input(n, 1, unit) + state_sum(sum, 1, unit),
            input(n, 2, unit) + state_sum(sum, 2, unit), input(n, 3, unit) + state_sum(sum, 3, unit)};
        const lstm_result<C> s      = lstm_step(constants, sums, c_before(n, unit));
        running[pos.state(n, unit)] = s.c;
        save(n, 0, unit, s.gate.i), save(n, 1, unit, s.gate.f), save(n, 2, unit, s.gate.g), save(n, 3, unit, s.gate.o);
        if (cells) cells[pos.cell(n, unit)] = s.c;
        if (gives_y)
            write_y(n, unit, s.m);
        else
            intermediate[pos.state(n, unit)] = round_to<T>(s.m);
    }

    __device__ void gru(int n, int unit, const C *sum) const {
        const C inner           = state_sum(sum, 2, unit);
        const gru_gates<C> gate = gru_step(input(n, 0, unit) + state_sum(sum, 0, unit),
                                           input(n, 1, unit) + state_sum(sum, 1, unit), input(n, 2, unit), inner);
        save(n, 0, unit, gate.r), save(n, 1, unit, gate.z), save(n, 2, unit, gate.n), save(n, 3, unit, inner);
        write_y(n, unit, gru_mix(gate.z, gate.n, h_before(n, unit)));
    }

    __device__ void reset_gates(int n, int unit, const C *sum) const {
        const C r                        = sigmoid(input(n, 0, unit) + state_sum(sum, 0, unit));
        const C z                        = sigmoid(input(n, 1, unit) + state_sum(sum, 1, unit));
        intermediate[pos.state(n, unit)] = round_to<T>(r * h_before(n, unit));
        running[pos.state(n, unit)]      = z;
        save(n, 0, unit, r), save(n, 1, unit, z);
    }

    __device__ void reset_state(int n, int unit, C sum) const {
        const C bias = b_hh ? C(to_compute(b_hh[2 * pos.hidden + unit])) : C(0);
        const C gate = tanh(input(n, 2, unit) + (sum + bias));
        save(n, 2, unit, gate);
        write_y(n, unit, gru_mix(running[pos.state(n, unit)], gate, h_before(n, unit)));
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

    __device__ void apply4(int n, int column, const C *sum) const {
        const bool active = pos.is_active(n);
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
forward_epilogue<T> epilogue_of(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, int d) {
    typedef compute<T> C;
    const int64_t units   = int64_t(d) * l.geom.batch * l.geom.hidden,
                  states  = int64_t(d) * l.geom.batch * l.geom.outputs;
    const int64_t cells   = units * l.geom.steps;
    forward_epilogue<T> e = {};
    e.relu                = l.geom.cell == GLIA_RNN_RELU;
    e.pos                 = position_of(l, d);
    e.gate_count          = l.geom.gates;
    e.y_row               = int64_t(l.geom.directions) * l.geom.outputs;
    e.clip                = static_cast<C>(l.geom.cell_clip);
    e.b_hh                = static_cast<const T *>(l.b_hh[d]);
    e.peephole            = static_cast<const T *>(l.peephole[d]);
    e.h0                  = element_of<const T>(l.h0, states);
    e.c0                  = element_of<const C>(l.c0, units);
    e.input_gates         = element_of<const T>(f.input_gates, cells * l.geom.gates);
    e.y                   = element_of<T>(f.y, int64_t(d) * l.geom.outputs);
    e.intermediate        = element_of<T>(f.intermediate, units);
    e.running             = element_of<C>(f.running, units);
    e.gates               = element_of<C>(f.gates, 4 * cells);
    e.cells               = element_of<C>(f.cells, cells);
    return e;
}

template <class T>
using forward_gemm = step_gemm<T, forward_epilogue<T>>;

/* The GEMM of the states before the step with w_hh, for the gates that the first launch computes. */
template <class T>
forward_gemm<T> gemm_with_states(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, int d) {
    const bool lstm = l.geom.cell == GLIA_RNN_LSTM, gru = l.geom.cell == GLIA_RNN_GRU,
               resets = gru && l.geom.reset_before;
    const int gates   = resets ? 2 : l.geom.gates;
    forward_gemm<T> p;
    p.y         = epilogue_of<T>(l, f, d);
    p.y.kind    = lstm ? LSTM : resets ? RESET_GATES : gru ? GRU : PLAIN;
    p.y.gives_y = !resets && !l.w_hr[d];
    p.y.width   = gates == 3 ? 4 : gates;
    p.y.units   = l.geom.hidden;
    p.a         = states_of<T>(p.y.y, l.step_rows * p.y.y_row, l.sequence_rows * p.y.y_row, p.y.pos.line, ROW_BEFORE,
                               l.geom.outputs);
    start_from(&p.a, p.y.h0, l.geom.outputs);
    p.b = gate_weights_of(static_cast<const T *>(l.w_hh[d]), l.geom.hidden, l.geom.outputs, p.y.width, gates);
    p.m = l.geom.batch, p.n = l.geom.hidden * p.y.width, p.k = l.geom.outputs;
    return p;
}

/* The GEMM of `intermediate`, from the first launch, with w_hr or the last gate of w_hh. */
template <class T>
forward_gemm<T> gemm_with_intermediate(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, int d) {
    const bool projects = l.w_hr[d] != nullptr;
    const T *w          = projects ? static_cast<const T *>(l.w_hr[d])
                                   : static_cast<const T *>(l.w_hh[d]) + int64_t(2) * l.geom.hidden * l.geom.hidden;
    forward_gemm<T> p;
    p.y         = epilogue_of<T>(l, f, d);
    p.y.kind    = projects ? PROJECTION : RESET_STATE;
    p.y.gives_y = true;
    p.y.width   = 1;
    p.y.units   = l.geom.outputs;
    p.a         = states_of<T>(p.y.intermediate, 0, l.geom.hidden, p.y.pos.line, ROW_NOW, l.geom.hidden);
    p.b         = gate_weights_of(w, l.geom.outputs, l.geom.hidden, 1, 1);
    p.m = l.geom.batch, p.n = l.geom.outputs, p.k = l.geom.hidden;
    return p;
}

template <class T>
cudaError_t run_steps(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, cudaStream_t stream) {
    const bool twice                         = (l.geom.cell == GLIA_RNN_GRU && l.geom.reset_before) || l.w_hr[0];
    step_gemms<T, forward_epilogue<T>> first = {}, second = {};
    first.directions = second.directions = l.geom.directions;
    for (int d = 0; d < l.geom.directions; ++d) {
        first.of[d] = gemm_with_states<T>(l, f, d);
        if (twice) second.of[d] = gemm_with_intermediate<T>(l, f, d);
    }
    cudaError_t error = cudaSuccess;
    for (int step = 0; step < l.geom.steps && error == cudaSuccess; ++step) {
        for (int d = 0; d < l.geom.directions; ++d) {
            const int time = first.of[d].y.pos.line.reverse ? l.geom.steps - 1 - step : step;
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
    if (layer->geom.batch == 0) return cudaSuccess;
    return GLI_FOR_FLOAT(layer->dtype, T, glia::run_steps<T>(*layer, *arrays, stream));
}
