/* The backward pass in one launch: see rnn_persistent.cuh. The gradients by what the gates add up pass from block to
 * block as `sums`; a block has the columns of w_hh that belong to its units, and multiplies those gradients with them,
 * gate by gate, for the gradient by h. */
#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_persistent_launch.h"
#include "kernels/rnn/rnn_persistent.cuh"

namespace glia {
namespace {

typedef seat<4> four_units;

/* Blocks of a row of `sums`. GRU's last gate has two; w_hh gave the second one. */
__host__ __device__ constexpr int blocks_of(int gates) { return gates == 3 ? 4 : gates; }
__device__ constexpr int block_of(int gates, int gate) { return gates == 3 && gate == 2 ? 3 : gate; }

/* One direction's arrays; see gli_rnn_backward_arrays. */
template <class T, int GATES>
struct backward_job {
    step_place at;
    bool relu, wide;
    int64_t y_row;
    float clip;
    const T *w_hh, *peephole, *h0, *c0, *y, *dy, *dh_n, *dc_n;
    const float *gates, *cells;
    T *dh0, *sums;
    float *carry;

    __device__ T *sums_of(int64_t row, int block) const { return sums + (row * blocks_of(GATES) + block) * at.hidden; }
    /* The gradients by this gate of the step after, or of the first step at the end; NULL: none. */
    __device__ const T *after(const resident_layer &l, int n, int gate, bool at_start) const {
        if (n >= l.batch) return nullptr;
        if (at_start)
            return at.line.length(n) > 0 ? sums_of(at.row_at(n, at.line.first(n)), block_of(GATES, gate)) : nullptr;
        if (!at.is_active(n) || at.is_last(n)) return nullptr;
        return sums_of(at.row_at(n, at.line.after(at.time)), block_of(GATES, gate));
    }
    __device__ float constant(int k, int unit) const {
        return peephole ? float(widen(peephole[k * at.hidden + unit])) : 0.0f;
    }
    __device__ float state(const T *states, int n, int unit) const {
        return states ? float(widen(states[at.state(n, unit)])) : 0.0f;
    }
    __device__ float h(int n, int unit, int time) const { return widen(y[at.row_at(n, time) * y_row + unit]); }
};

template <class T, int GATES>
struct backward_jobs {
    backward_job<T, GATES> of[2]; /* for each direction */
};

/* What a thread keeps of its unit from step to step, and what it needs of the forward pass in the next one. */
template <class T, int GATES>
struct backward_unit {
    int unit;
    lstm_unit<float> constants;
    float carry; /* LSTM: the gradient by c. GRU: what of that by h went past the gates. */
    float gate[4] = {}, before = 0, now = 0, dy = 0;

    __device__ backward_unit(const backward_job<T, GATES> &job, int own, bool inside) : unit(own), carry(0) {
        constants = {0, 0, 0, job.clip, job.peephole != nullptr};
        if (GATES != 4 || !inside) return;
        constants.p_i = job.constant(0, unit);
        constants.p_f = job.constant(1, unit);
        constants.p_o = job.constant(2, unit);
    }

    /* before and now: c of LSTM, h of the others. */
    __device__ void read(const backward_job<T, GATES> &job, int n) {
        const step_place &at = job.at;
        const bool first     = at.is_first(n);
        for (int g = 0; GATES > 1 && g < 4; ++g) gate[g] = job.gates[at.gate(n, g, unit)];
        if (GATES == 4) {
            now    = job.cells[at.cell(n, unit)];
            before = first ? job.state(job.c0, n, unit) : job.cells[at.row_before(n) * at.hidden + unit];
        } else {
            now    = job.h(n, unit, at.time);
            before = first ? job.state(job.h0, n, unit) : job.h(n, unit, at.line.before(at.time));
        }
        dy = job.dy ? float(widen(job.dy[at.row(n) * job.y_row + unit])) : 0.0f;
    }

    /* Writes the gradients by what the gates add up. from_after: what the step after gave to h through w_hh. */
    __device__ void step(const backward_job<T, GATES> &job, int n, float from_after) {
        const bool last = job.at.is_last(n);
        float dh        = dy + (last ? job.state(job.dh_n, n, unit) : from_after);
        if (GATES == 3 && !last) dh += carry;
        if (GATES == 4 && last) carry = job.state(job.dc_n, n, unit);
        float sum[4] = {};
        if constexpr (GATES == 4) {
            const lstm_gates<float> d =
                lstm_undo(constants, lstm_gates<float>{gate[0], gate[1], gate[2], gate[3]}, before, now, dh, &carry);
            sum[0] = d.i, sum[1] = d.f, sum[2] = d.g, sum[3] = d.o;
        } else if constexpr (GATES == 3) {
            const gru_undone<float> d = gru_undo(gru_gates<float>{gate[0], gate[1], gate[2]}, before, dh);
            sum[0] = gru_undo_reset(gate[0], d.n * gate[3]), sum[1] = d.z, sum[2] = d.n, sum[3] = d.n * gate[0];
            carry = d.past;
        } else {
            sum[0] = plain_undo(job.relu, dh, now);
        }
        write(job, n, sum);
    }

    __device__ void write(const backward_job<T, GATES> &job, int n, const float *sum) const {
#pragma unroll
        for (int b = 0; b < blocks_of(GATES); ++b) job.sums_of(job.at.row(n), b)[unit] = narrow<T>(sum[b]);
    }

    __device__ void start(const backward_job<T, GATES> &job, int n, float from_first) const {
        const bool none                = job.at.line.length(n) == 0;
        const float past               = GATES == 3 ? carry : 0.0f;
        job.dh0[job.at.state(n, unit)] = narrow<T>(none ? job.state(job.dh_n, n, unit) : from_first + past);
    }
};

/* The columns of w_hh [GATES, H, H] that belong to the block's units. */
template <class T, int GATES>
__device__ void load_columns(const resident_layer &l, const T *w_hh, T *weights) {
    const int depth = l.depth, units = l.deal.units;
    for (int i = int(threadIdx.x); i < units * GATES * depth; i += int(blockDim.x)) {
        const int u = i % units, k = i / units % depth, gate = i / units / depth, unit = l.first_unit() + u;
        const bool inside = k < l.hidden && unit < l.hidden;
        weights[u * unit_pitch(GATES, depth) + gate * depth + k] =
            inside ? w_hh[(int64_t(gate) * l.hidden + k) * l.hidden + unit] : narrow<T>(0.0f);
    }
}

/* The product of all gates' gradients in the step after with the columns of the thread's unit. Every thread of the
 * block calls it. */
template <class T, int GATES>
__device__ float multiply_gates(const resident_layer &l, const backward_job<T, GATES> &job, int first, bool at_start,
                                const four_units &own, const T *weights, float *tile) {
    const int pitch             = unit_pitch(GATES, l.depth);
    float sum[four_units::TEAM] = {};
    for (int gate = 0; gate < GATES; ++gate) {
        fill_tile<T>(l, job.wide, tile, [&](int row) { return job.after(l, first + row, gate, at_start); });
        __syncthreads();
        if (own.sums)
            multiply_part<4, four_units::TEAM>(tile + own.team_row * l.depth,
                                               weights + own.team_unit * pitch + gate * l.depth, pitch, l.depth,
                                               own.lane, sum);
        __syncthreads();
    }
    if (!own.sums) return 0;
    share_out<16>(sum, own.lane, 1);
    share_out<8>(sum, own.lane, 2);
    share_out<4>(sum, own.lane, 4);
    share_out<2>(sum, own.lane, 8);
    return sum[0];
}

template <class T, int GATES>
__device__ void undo_sequences(const resident_layer &l, backward_job<T, GATES> job, int first, relay &others,
                               const T *weights, float *tile) {
    const four_units own(l, first);
    const int n = own.sequence, steps = job.at.line.steps;
    backward_unit<T, GATES> unit(job, own.unit, own.inside);
    for (int step = 0; step < steps + (job.dh0 != nullptr); ++step) {
        const bool at_start = step == steps;
        job.at.time         = at_start ? 0 : job.at.line.reverse ? step : steps - 1 - step;
        const bool active   = own.inside && !at_start && job.at.is_active(n);
        if (active) unit.read(job, n);
        if (step > 0) others.await();
        const float sum     = step > 0 ? multiply_gates(l, job, first, at_start, own, weights, tile) : 0.0f;
        const float none[4] = {};
        if (active)
            unit.step(job, n, sum);
        else if (own.inside && at_start)
            unit.start(job, n, sum);
        else if (own.inside)
            unit.write(job, n, none);
        others.pass_on();
    }
    if (GATES == 4 && own.inside) job.carry[job.at.state(n, own.unit)] = unit.carry;
}

template <class T, int GATES>
__global__ void __launch_bounds__(RESIDENT_THREADS, 1) backward_kernel(resident_layer l, backward_jobs<T, GATES> jobs) {
    GLI_DYNAMIC_SHARED(T, weights);
    float *tile = reinterpret_cast<float *>(weights + l.deal.units * unit_pitch(GATES, l.depth));
    relay others(l);
    for (int item = l.group(); item < l.directions * l.tiles(); item += l.deal.groups) {
        const backward_job<T, GATES> &job = jobs.of[item / l.tiles()];
        load_columns<T, GATES>(l, job.w_hh, weights);
        undo_sequences<T, GATES>(l, job, item % l.tiles() * l.deal.rows, others, weights, tile);
    }
}

template <class T, int GATES>
backward_job<T, GATES> job_of(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d) {
    const int64_t units = int64_t(d) * l.batch * l.hidden, cells = units * l.steps, side = int64_t(d) * l.hidden;
    backward_job<T, GATES> job = {};
    job.at                     = place_of(l, d);
    job.relu                   = l.cell == GLIA_RNN_RELU;
    job.y_row                  = int64_t(l.directions) * l.hidden;
    job.clip                   = float(l.cell_clip);
    job.w_hh                   = static_cast<const T *>(l.w_hh[d]);
    job.peephole               = static_cast<const T *>(l.peephole[d]);
    job.h0                     = part<const T>(l.h0, units);
    job.c0                     = part<const T>(l.c0, units);
    job.y                      = part<const T>(b.y, side);
    job.dy                     = part<const T>(b.dy, side);
    job.dh_n                   = part<const T>(b.dh_n, units);
    job.dc_n                   = part<const T>(b.dc_n, units);
    job.gates                  = part<const float>(b.gates, 4 * cells);
    job.cells                  = part<const float>(b.cells, cells);
    job.dh0                    = part<T>(b.dh0, units);
    job.sums                   = part<T>(b.sums, cells * blocks_of(GATES));
    job.carry                  = part<float>(b.carry, units);
    job.wide                   = fours_in<T>(job.sums, l.hidden);
    return job;
}

template <class T, int GATES>
cudaError_t run_backward(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, const gli_rnn_deal &deal,
                         void *counters, cudaStream_t stream) {
    backward_jobs<T, GATES> jobs = {};
    for (int d = 0; d < l.directions; ++d) jobs.of[d] = job_of<T, GATES>(l, b, d);
    return GLI_LAUNCH_COOPERATIVE((backward_kernel<T, GATES>), deal.groups * deal.blocks,
                                  resident_threads(deal, l.hidden), deal.shared_bytes, stream,
                                  resident_of(l, deal, counters), jobs);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_rnn_backward_persistent(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                               const gli_rnn_deal *deal, void *counters, cudaStream_t stream) {
    const cudaError_t error = cudaMemsetAsync(counters, 0, gli_kernel_rnn_counter_bytes(deal), stream);
    if (error != cudaSuccess) return error;
    return GLI_FOR_RESIDENT(*layer, T, GATES, glia::run_backward<T, GATES>(*layer, *arrays, *deal, counters, stream));
}
