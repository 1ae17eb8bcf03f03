/* The backward pass in one launch: see rnn_persistent.cuh. The gate gradients go from block to block through `dgates`;
 * a block has the columns of w_hh that belong to its units, and multiplies the gate gradients with them, gate by gate,
 * for the gradient with respect to h. */
#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_persistent_launch.h"
#include "kernels/rnn/rnn_persistent.cuh"

namespace glia {
namespace {

typedef thread_tile<4> four_units;

/* The gradients of a unit in dgates. The last gate of a GRU has two, of which the second is with respect to the term of
 * the state. */
__host__ __device__ constexpr int dgate_count(int gates) { return gates == 3 ? 4 : gates; }
__device__ constexpr int state_dgate(int gates, int gate) { return gates == 3 && gate == 2 ? 3 : gate; }

/* One direction's arrays; see gli_rnn_backward_arrays. */
template <class T, int GATES>
struct backward_job {
    step_position pos;
    bool relu, vectorized;
    int64_t y_row;
    float clip;
    const T *w_hh, *peephole, *h0, *y, *dy;
    const float *c0, *dh_n, *dc_n, *gates, *cells;
    T *dgates;
    float *dh0, *carry;

    __device__ T *dgates_of(int64_t row, int k) const { return dgates + (row * dgate_count(GATES) + k) * pos.hidden; }
    /* The gradients of this gate in the step after, or after the last one in the first step; NULL: none. */
    __device__ const T *after(const persistent_layer &l, int n, int gate, bool at_start) const {
        if (n >= l.batch) return nullptr;
        if (at_start)
            return pos.line.length(n) > 0 ? dgates_of(pos.row_of(n, pos.line.first(n)), state_dgate(GATES, gate))
                                          : nullptr;
        if (!pos.is_active(n) || pos.is_last(n)) return nullptr;
        return dgates_of(pos.row_of(n, pos.line.after(pos.time)), state_dgate(GATES, gate));
    }
    __device__ float constant(int k, int unit) const {
        return peephole ? float(to_compute(peephole[k * pos.hidden + unit])) : 0.0f;
    }
    template <class S>
    __device__ float state(const S *states, int n, int unit) const {
        return states ? float(to_compute(states[pos.state(n, unit)])) : 0.0f;
    }
    __device__ float h(int n, int unit, int time) const { return to_compute(y[pos.row_of(n, time) * y_row + unit]); }
};

template <class T, int GATES>
struct backward_jobs {
    backward_job<T, GATES> of[2]; /* for each direction */
};

/* What a thread has of its unit from step to step, and what the next one needs of the forward pass. */
template <class T, int GATES>
struct backward_unit {
    int unit;
    lstm_unit<float> constants;
    float carry; /* LSTM: the gradient with respect to c. GRU: the part of that to h which passes by the gates. */
    float gate[4] = {}, before = 0, now = 0, dy = 0;

    __device__ backward_unit(const backward_job<T, GATES> &job, int own, bool owns) : unit(own), carry(0) {
        constants = {0, 0, 0, job.clip, job.peephole != nullptr};
        if (GATES != 4 || !owns) return;
        constants.p_i = job.constant(0, unit);
        constants.p_f = job.constant(1, unit);
        constants.p_o = job.constant(2, unit);
    }

    /* before and now: c of LSTM, h of the barrier. */
    __device__ void read(const backward_job<T, GATES> &job, int n) {
        const step_position &pos = job.pos;
        const bool first         = pos.is_first(n);
        for (int g = 0; GATES > 1 && g < 4; ++g) gate[g] = job.gates[pos.gate(n, g, unit)];
        if (GATES == 4) {
            now    = job.cells[pos.cell(n, unit)];
            before = first ? job.state(job.c0, n, unit) : job.cells[pos.row_before(n) * pos.hidden + unit];
        } else {
            now    = job.h(n, unit, pos.time);
            before = first ? job.state(job.h0, n, unit) : job.h(n, unit, pos.line.before(pos.time));
        }
        dy = job.dy ? float(to_compute(job.dy[pos.row(n) * job.y_row + unit])) : 0.0f;
    }

    /* Writes the gate gradients. from_after: what h gets from the step after through w_hh. */
    __device__ void step(const backward_job<T, GATES> &job, int n, float from_after) {
        const bool last = job.pos.is_last(n);
        float dh        = dy + (last ? job.state(job.dh_n, n, unit) : from_after);
        if (GATES == 3 && !last) dh += carry;
        if (GATES == 4 && last) carry = job.state(job.dc_n, n, unit);
        float sum[4] = {};
        if constexpr (GATES == 4) {
            const lstm_gates<float> d = lstm_backward(constants, lstm_gates<float>{gate[0], gate[1], gate[2], gate[3]},
                                                      before, now, dh, &carry);
            sum[0] = d.i, sum[1] = d.f, sum[2] = d.g, sum[3] = d.o;
        } else if constexpr (GATES == 3) {
            const gru_gradients<float> d = gru_backward(gru_gates<float>{gate[0], gate[1], gate[2]}, before, dh);
            sum[0] = gru_backward_reset(gate[0], d.n * gate[3]), sum[1] = d.z, sum[2] = d.n, sum[3] = d.n * gate[0];
            carry = d.dh_past;
        } else {
            sum[0] = plain_backward(job.relu, dh, now);
        }
        write(job, n, sum);
    }

    __device__ void write(const backward_job<T, GATES> &job, int n, const float *sum) const {
#pragma unroll
        for (int b = 0; b < dgate_count(GATES); ++b) job.dgates_of(job.pos.row(n), b)[unit] = round_to<T>(sum[b]);
    }

    __device__ void start(const backward_job<T, GATES> &job, int n, float from_first) const {
        const bool none                 = job.pos.line.length(n) == 0;
        const float past                = GATES == 3 ? carry : 0.0f;
        job.dh0[job.pos.state(n, unit)] = none ? job.state(job.dh_n, n, unit) : from_first + past;
    }
};

/* The columns of w_hh [GATES, H, H] that belong to the block's units. */
template <class T, int GATES>
__device__ void load_columns(const persistent_layer &l, const T *w_hh, T *weights) {
    const int depth = l.depth, units = l.partition.units;
    for (int i = int(threadIdx.x); i < units * GATES * depth; i += int(blockDim.x)) {
        const int u = i % units, k = i / units % depth, gate = i / units / depth, unit = l.first_unit() + u;
        const bool inside = k < l.hidden && unit < l.hidden;
        weights[u * unit_pitch(GATES, depth) + gate * depth + k] =
            inside ? w_hh[(int64_t(gate) * l.hidden + k) * l.hidden + unit] : round_to<T>(0.0f);
    }
}

/* The gate gradients of the step after times the columns of the thread's unit. Every thread of the block calls it. */
template <class T, int GATES>
__device__ float multiply_gates(const persistent_layer &l, const backward_job<T, GATES> &job, int first, bool at_start,
                                const four_units &own, const T *weights, float *tile) {
    const int pitch             = unit_pitch(GATES, l.depth);
    float sum[four_units::TEAM] = {};
    for (int gate = 0; gate < GATES; ++gate) {
        load_tile<T>(l, job.vectorized, tile, [&](int row) { return job.after(l, first + row, gate, at_start); });
        __syncthreads();
        if (own.in_team)
            accumulate_lane<4, four_units::TEAM>(tile + own.team_row * l.depth,
                                                 weights + own.team_unit * pitch + gate * l.depth, pitch, l.depth,
                                                 own.lane, sum);
        __syncthreads();
    }
    if (!own.in_team) return 0;
    reduce_scatter<16>(sum, own.lane, 1);
    reduce_scatter<8>(sum, own.lane, 2);
    reduce_scatter<4>(sum, own.lane, 4);
    reduce_scatter<2>(sum, own.lane, 8);
    return sum[0];
}

template <class T, int GATES>
__device__ void run_sequences_backward(const persistent_layer &l, backward_job<T, GATES> job, int first,
                                       group_barrier &barrier, const T *weights, float *tile) {
    const four_units own(l, first);
    const int n = own.sequence, steps = job.pos.line.steps;
    backward_unit<T, GATES> unit(job, own.unit, own.owns);
    for (int step = 0; step < steps + (job.dh0 != nullptr); ++step) {
        const bool at_start = step == steps;
        job.pos.time        = at_start ? 0 : job.pos.line.reverse ? step : steps - 1 - step;
        const bool active   = own.owns && !at_start && job.pos.is_active(n);
        if (active) unit.read(job, n);
        if (step > 0) barrier.wait();
        const float sum     = step > 0 ? multiply_gates(l, job, first, at_start, own, weights, tile) : 0.0f;
        const float none[4] = {};
        if (active)
            unit.step(job, n, sum);
        else if (own.owns && at_start)
            unit.start(job, n, sum);
        else if (own.owns)
            unit.write(job, n, none);
        barrier.arrive();
    }
    if (GATES == 4 && own.owns) job.carry[job.pos.state(n, own.unit)] = unit.carry;
}

template <class T, int GATES>
__global__ void __launch_bounds__(PERSISTENT_THREADS, 1)
    backward_kernel(persistent_layer l, backward_jobs<T, GATES> jobs) {
    GLI_DYNAMIC_SHARED(T, weights);
    float *tile = reinterpret_cast<float *>(weights + l.partition.units * unit_pitch(GATES, l.depth));
    group_barrier barrier(l);
    for (int item = l.group(); item < l.directions * l.tiles(); item += l.partition.groups) {
        const backward_job<T, GATES> &job = jobs.of[item / l.tiles()];
        load_columns<T, GATES>(l, job.w_hh, weights);
        run_sequences_backward<T, GATES>(l, job, item % l.tiles() * l.partition.rows, barrier, weights, tile);
    }
}

template <class T, int GATES>
backward_job<T, GATES> job_of(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d) {
    const int64_t units = int64_t(d) * l.geom.batch * l.geom.hidden, cells = units * l.geom.steps,
                  side         = int64_t(d) * l.geom.hidden;
    backward_job<T, GATES> job = {};
    job.pos                    = position_of(l, d);
    job.relu                   = l.geom.cell == GLIA_RNN_RELU;
    job.y_row                  = int64_t(l.geom.directions) * l.geom.hidden;
    job.clip                   = float(l.geom.cell_clip);
    job.w_hh                   = static_cast<const T *>(l.w_hh[d]);
    job.peephole               = static_cast<const T *>(l.peephole[d]);
    job.h0                     = element_of<const T>(l.h0, units);
    job.c0                     = element_of<const float>(l.c0, units);
    job.y                      = element_of<const T>(b.y, side);
    job.dy                     = element_of<const T>(b.dy, side);
    job.dh_n                   = element_of<const float>(b.dh_n, units);
    job.dc_n                   = element_of<const float>(b.dc_n, units);
    job.gates                  = element_of<const float>(b.gates, 4 * cells);
    job.cells                  = element_of<const float>(b.cells, cells);
    job.dh0                    = element_of<float>(b.dh0, units);
    job.dgates                 = element_of<T>(b.dgates, cells * dgate_count(GATES));
    job.carry                  = element_of<float>(b.carry, units);
    job.vectorized             = vec4_strided<T>(job.dgates, l.geom.hidden);
    return job;
}

template <class T, int GATES>
cudaError_t run_backward(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, const gli_rnn_partition &partition,
                         void *counters, cudaStream_t stream) {
    backward_jobs<T, GATES> jobs = {};
    for (int d = 0; d < l.geom.directions; ++d) jobs.of[d] = job_of<T, GATES>(l, b, d);
    return GLI_LAUNCH_COOPERATIVE((backward_kernel<T, GATES>), partition.groups * partition.blocks,
                                  persistent_threads(partition, l.geom.hidden), partition.shared_bytes, stream,
                                  persistent_layer_of(l, partition, counters), jobs);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_rnn_backward_persistent_blocks(const gli_rnn_layer *layer, const gli_rnn_partition *partition,
                                                      int *out) {
    const int threads = glia::persistent_threads(*partition, layer->geom.hidden);
    return GLI_FOR_PERSISTENT(
        *layer, T, GATES,
        gli_cooperative_blocks(glia::backward_kernel<T, GATES>, threads, partition->shared_bytes, out));
}

cudaError_t gli_kernel_rnn_backward_persistent(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                               const gli_rnn_partition *partition, void *counters,
                                               cudaStream_t stream) {
    const cudaError_t error = cudaMemsetAsync(counters, 0, gli_kernel_rnn_counter_bytes(partition), stream);
    if (error != cudaSuccess) return error;
    return GLI_FOR_PERSISTENT(*layer, T, GATES,
                              glia::run_backward<T, GATES>(*layer, *arrays, *partition, counters, stream));
}
