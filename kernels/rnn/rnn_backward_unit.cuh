/* What a thread of a persistent kernel computes of a backward pass: one unit of one sequence, step by step, from what h
 * gets from the step after. */
#ifndef GLI_KERNELS_RNN_RNN_BACKWARD_UNIT_CUH
#define GLI_KERNELS_RNN_RNN_BACKWARD_UNIT_CUH

#include <type_traits>

#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_position.cuh"

namespace glia {

/* The gradients of a unit in dgates. The last gate of a GRU has two, of which the second is with respect to the term of
 * the state. */
__host__ __device__ constexpr int dgate_count(int gates) { return gates == 3 ? 4 : gates; }
__device__ constexpr int state_dgate(int gates, int gate) { return gates == 3 && gate == 2 ? 3 : gate; }

/* The arrays of a layer; see gli_rnn_backward_arrays. Threads take a copy of `start` for a direction, and set its time.
 */
template <class T, int GATES>
struct backward_job {
    layer_position start;
    bool relu, vectorized; /* vectorized: the kernel reads rows of dgates in whole vectors */
    int y_row;
    float clip;
    const T *w_hh[2], *peephole[2], *h0, *y, *dy;
    const float *c0, *dh_n, *dc_n, *gates, *cells;
    T *dgates;
    float *dh0, *carry;

    __device__ T *dgates_of(int entry) const { return dgates + int64_t(entry) * (dgate_count(GATES) * start.hidden); }
    /* The gradients of the first gate in the step after, or in the first step where all are done; NULL: none. Those of
     * gate g, with respect to the term of the state, are state_dgate(GATES, g) * hidden further. */
    __device__ const T *after(const layer_position &at, int n, bool done) const {
        if (done) return at.line.length(n) > 0 ? dgates_of(at.entry_of(n, at.line.first(n))) : nullptr;
        if (!at.is_active(n) || at.is_last(n)) return nullptr;
        return dgates_of(at.entry_of(n, at.line.after(at.time)));
    }
};

/* What a thread has of its unit from step to step, and what the next one needs of the forward pass. What is read of
 * halves is converted where it is needed, so that nothing waits for it before. */
template <class T, int GATES>
struct backward_unit {
    enum { READ = GATES == 1 ? 0 : 4 };
    typedef typename std::conditional<GATES == 4, float, T>::type state; /* c of LSTM, else h */

    int unit;
    lstm_unit<float> constants;
    float carry; /* LSTM: the gradient with respect to c. GRU: the part of that to h which passes by the gates. */
    float gate[READ + 1] = {};
    state before = {}, now = {};
    T dy;

    __device__ backward_unit(const backward_job<T, GATES> &job, int direction, int own, bool owns)
        : unit(own), carry(0), dy(round_to<T>(0.0f)) {
        const T *peepholes = job.peephole[direction];
        const int hidden   = job.start.hidden;
        constants          = {0, 0, 0, job.clip, peepholes != nullptr};
        if (GATES != 4 || !owns || !peepholes) return;
        constants.p_i = to_compute(peepholes[unit]);
        constants.p_f = to_compute(peepholes[hidden + unit]);
        constants.p_o = to_compute(peepholes[2 * hidden + unit]);
    }

    /* What no step before this one has computed. */
    __device__ void read(const backward_job<T, GATES> &job, const layer_position &at, int n) {
#pragma unroll
        for (int g = 0; g < READ; ++g) gate[g] = job.gates[at.gate(n, g, unit)];
        if constexpr (GATES == 4)
            read_states(at, n, job.cells + unit, at.entry(n), at.entry_before(n), at.hidden, job.c0);
        else
            read_states(at, n, job.y + at.direction * at.hidden + unit, int(at.row(n)), int(at.row_before(n)),
                        job.y_row, job.h0);
        if (job.dy) dy = job.dy[int64_t(int(at.row(n))) * job.y_row + at.direction * at.hidden + unit];
        if (GATES == 4 && at.is_last(n)) carry = job.dc_n ? job.dc_n[at.state(n, unit)] : 0.0f;
    }
    /* From rows that are `stride` elements from each other. */
    template <class S>
    __device__ void read_states(const layer_position &at, int n, const S *states, int row, int row_before, int stride,
                                const S *initial) {
        if (GATES != 3) now = states[int64_t(row) * stride];
        if (!at.is_first(n))
            before = states[int64_t(row_before) * stride];
        else
            before = initial ? initial[at.state(n, unit)] : round_to<S>(0.0f);
    }

    /* Writes the gate gradients. from_after: what h gets from the step after through w_hh. */
    __device__ void step(const backward_job<T, GATES> &job, const layer_position &at, int n, float from_after) {
        const bool is_last = at.is_last(n);
        if (is_last) from_after = job.dh_n ? job.dh_n[at.state(n, unit)] : 0.0f;
        float dh = to_compute(dy) + from_after;
        if (GATES == 3 && !is_last) dh += carry;
        float sum[4] = {};
        if constexpr (GATES == 4) {
            const lstm_gates<float> d = lstm_backward(constants, lstm_gates<float>{gate[0], gate[1], gate[2], gate[3]},
                                                      before, now, dh, &carry);
            sum[0] = d.i, sum[1] = d.f, sum[2] = d.g, sum[3] = d.o;
        } else if constexpr (GATES == 3) {
            const gru_gradients<float> d =
                gru_backward(gru_gates<float>{gate[0], gate[1], gate[2]}, to_compute(before), dh);
            sum[0] = gru_backward_reset(gate[0], d.n * gate[3]), sum[1] = d.z, sum[2] = d.n, sum[3] = d.n * gate[0];
            carry = d.dh_past;
        } else {
            sum[0] = plain_backward(job.relu, dh, to_compute(now));
        }
        write(job, at, n, sum);
    }

    __device__ void write(const backward_job<T, GATES> &job, const layer_position &at, int n, const float *sum) const {
        T *const to = job.dgates_of(at.entry(n)) + unit;
#pragma unroll
        for (int b = 0; b < dgate_count(GATES); ++b) to[b * at.hidden] = round_to<T>(sum[b]);
    }

    /* The gradient of the initial state. */
    __device__ void finish(const backward_job<T, GATES> &job, const layer_position &at, int n, float from_first) const {
        const int64_t own = at.state(n, unit);
        if (at.line.length(n) > 0)
            job.dh0[own] = from_first + (GATES == 3 ? carry : 0.0f);
        else
            job.dh0[own] = job.dh_n ? job.dh_n[own] : 0.0f;
    }
};

template <class T, int GATES>
inline backward_job<T, GATES> backward_job_of(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b) {
    backward_job<T, GATES> job = {};
    job.start                  = layer_position_of(l);
    job.relu                   = l.geom.cell == GLIA_RNN_RELU;
    job.y_row                  = l.geom.directions * l.geom.hidden;
    job.clip                   = float(l.geom.cell_clip);
    for (int d = 0; d < l.geom.directions; ++d) {
        job.w_hh[d]     = static_cast<const T *>(l.w_hh[d]);
        job.peephole[d] = static_cast<const T *>(l.peephole[d]);
    }
    job.h0     = static_cast<const T *>(l.h0);
    job.c0     = static_cast<const float *>(l.c0);
    job.y      = static_cast<const T *>(b.y);
    job.dy     = static_cast<const T *>(b.dy);
    job.dh_n   = static_cast<const float *>(b.dh_n);
    job.dc_n   = static_cast<const float *>(b.dc_n);
    job.gates  = static_cast<const float *>(b.gates);
    job.cells  = static_cast<const float *>(b.cells);
    job.dh0    = static_cast<float *>(b.dh0);
    job.dgates = static_cast<T *>(b.dgates);
    job.carry  = static_cast<float *>(b.carry);
    return job;
}

}  // namespace glia

#endif
