/* What a thread of a persistent kernel computes of a forward pass: one unit of one sequence, step by step, from the
 * sums with w_hh. */
#ifndef GLI_KERNELS_RNN_RNN_FORWARD_UNIT_CUH
#define GLI_KERNELS_RNN_RNN_FORWARD_UNIT_CUH

#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_position.cuh"

namespace glia {

/* The arrays of a layer; see gli_rnn_forward_arrays. Threads take a copy of `start` for a direction, and set its time.
 */
template <class T>
struct forward_job {
    layer_position start;
    bool relu, vectorized; /* vectorized: the kernel reads rows of states in whole vectors */
    int y_row;
    float clip;
    const T *w_hh[2], *b_hh[2], *peephole[2], *h0, *input_gates;
    const float *c0;
    T *y;
    float *running, *gates, *cells;

    __device__ int64_t place_in_y(const layer_position &at, int64_t row) const {
        return int64_t(int(row)) * y_row + at.direction * at.hidden; /* a row fits an int */
    }
    /* The state of a sequence before the step; NULL: zeros. */
    __device__ const T *state_before(const layer_position &at, int n) const {
        if (!at.is_active(n)) return nullptr;
        if (!at.is_first(n)) return y + place_in_y(at, at.row_before(n));
        return h0 ? h0 + at.state(n, 0) : nullptr;
    }
    __device__ void write(const layer_position &at, int n, int unit, T h) const {
        y[place_in_y(at, at.row(n)) + unit] = h;
    }
};

/* What a thread has of its unit from step to step. */
template <class T, int GATES>
struct forward_unit {
    enum { SAVED = GATES == 1 ? 0 : 4 };

    int unit;
    float bias[GATES];
    lstm_unit<float> constants;
    float c; /* of LSTM */
    T h;
    T input[GATES]         = {}; /* converted where it is needed, so that nothing waits for it before */
    float saved[SAVED + 1] = {};

    __device__ forward_unit(const forward_job<T> &job, int direction, int own, bool owns)
        : unit(own), c(0), h(round_to<T>(0.0f)) {
        const T *biases = job.b_hh[direction], *peepholes = job.peephole[direction];
        const int hidden = job.start.hidden;
        for (int g = 0; g < GATES; ++g) bias[g] = owns && biases ? float(to_compute(biases[g * hidden + unit])) : 0.0f;
        constants = {0, 0, 0, job.clip, peepholes != nullptr};
        if (GATES != 4 || !owns || !peepholes) return;
        constants.p_i = to_compute(peepholes[unit]);
        constants.p_f = to_compute(peepholes[hidden + unit]);
        constants.p_o = to_compute(peepholes[2 * hidden + unit]);
    }

    /* What no step before this one has computed. */
    __device__ void read(const forward_job<T> &job, const layer_position &at, int n) {
#pragma unroll
        for (int g = 0; g < GATES; ++g)
            input[g] = job.input_gates[(int64_t(at.entry(n)) * GATES + g) * at.hidden + unit];
        if (!at.is_first(n)) return;
        if (GATES == 4) c = job.c0 ? job.c0[at.state(n, unit)] : 0.0f;
        if (GATES == 3) h = job.h0 ? job.h0[at.state(n, unit)] : round_to<T>(0.0f);
    }

    /* h after the step, from the sums with w_hh. */
    __device__ void step(bool relu, const float *sum) {
        float sums[GATES];
#pragma unroll
        for (int g = 0; g < GATES; ++g) sums[g] = sum[g] + bias[g];
        if constexpr (GATES == 4)
            h = round_to<T>(lstm(sums));
        else if constexpr (GATES == 3)
            h = round_to<T>(gru(sums));
        else
            h = round_to<T>(plain_step(relu, to_compute(input[0]) + sums[0]));
    }

    __device__ float lstm(const float *sum) {
        const lstm_gates<float> sums = {to_compute(input[0]) + sum[0], to_compute(input[1]) + sum[1],
                                        to_compute(input[2]) + sum[2], to_compute(input[3]) + sum[3]};
        const lstm_result<float> s   = lstm_step(constants, sums, c);
        c                            = s.c;
        saved[0] = s.gate.i, saved[1] = s.gate.f, saved[2] = s.gate.g, saved[3] = s.gate.o;
        return s.m;
    }

    __device__ float gru(const float *sum) {
        const gru_gates<float> gate =
            gru_step(to_compute(input[0]) + sum[0], to_compute(input[1]) + sum[1], to_compute(input[2]), sum[2]);
        saved[0] = gate.r, saved[1] = gate.z, saved[2] = gate.n, saved[3] = sum[2];
        return gru_mix(gate.z, gate.n, to_compute(h));
    }

    /* For the backward pass. */
    __device__ void save(const forward_job<T> &job, const layer_position &at, int n) const {
        if (job.gates)
#pragma unroll
            for (int g = 0; g < SAVED; ++g) job.gates[at.gate(n, g, unit)] = saved[g];
        if (job.cells) job.cells[at.cell(n, unit)] = c;
    }
};

template <class T>
inline forward_job<T> forward_job_of(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f) {
    forward_job<T> job = {};
    job.start          = layer_position_of(l);
    job.relu           = l.geom.cell == GLIA_RNN_RELU;
    job.y_row          = l.geom.directions * l.geom.hidden;
    job.clip           = float(l.geom.cell_clip);
    for (int d = 0; d < l.geom.directions; ++d) {
        job.w_hh[d]     = static_cast<const T *>(l.w_hh[d]);
        job.b_hh[d]     = static_cast<const T *>(l.b_hh[d]);
        job.peephole[d] = static_cast<const T *>(l.peephole[d]);
    }
    job.h0          = static_cast<const T *>(l.h0);
    job.c0          = static_cast<const float *>(l.c0);
    job.input_gates = static_cast<const T *>(f.input_gates);
    job.y           = static_cast<T *>(f.y);
    job.running     = static_cast<float *>(f.running);
    job.gates       = static_cast<float *>(f.gates);
    job.cells       = static_cast<float *>(f.cells);
    return job;
}

}  // namespace glia

#endif
