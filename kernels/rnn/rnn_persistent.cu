/* The forward pass in one launch: see rnn_persistent.cuh. h passes from block to block as y, c stays in a register. */
#include "kernels/rnn/rnn_persistent_launch.h"

#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_persistent.cuh"

namespace glia {
namespace {

typedef seat<1> one_unit;

/* One direction's arrays; see gli_rnn_forward_arrays. */
template <class T>
struct forward_job {
    step_place at;
    bool relu, wide;
    int64_t y_row;
    float clip;
    const T *w_hh, *b_hh, *peephole, *h0, *c0, *from_input;
    T *y;
    float *running, *gates, *cells;

    __device__ const T *state_before(const resident_layer &l, int n) const {
        if (n >= l.batch || !at.is_active(n)) return nullptr;
        if (!at.is_first(n)) return y + at.row_before(n) * y_row;
        return h0 ? h0 + at.state(n, 0) : nullptr;
    }
    __device__ float input(int n, int gate, int gates_of_unit, int unit) const {
        return widen(from_input[(at.row(n) * gates_of_unit + gate) * at.hidden + unit]);
    }
    __device__ float constant(const T *array, int k, int unit) const {
        return array ? float(widen(array[k * at.hidden + unit])) : 0.0f;
    }
    __device__ void write(int n, int unit, float h) const { y[at.row(n) * y_row + unit] = narrow<T>(h); }
    __device__ void save(int n, int gate, int unit, float value) const {
        if (gates) gates[at.gate(n, gate, unit)] = value;
    }
};

template <class T>
struct forward_jobs {
    forward_job<T> of[2]; /* for each direction */
};

/* What a thread keeps of its unit from step to step. */
template <class T, int GATES>
struct forward_unit {
    int unit;
    float bias[GATES];
    lstm_unit<float> constants;
    float c, input[GATES] = {};

    __device__ forward_unit(const forward_job<T> &job, int own, bool inside) : unit(own), c(0) {
        for (int g = 0; g < GATES; ++g) bias[g] = inside ? job.constant(job.b_hh, g, unit) : 0.0f;
        constants = {0, 0, 0, job.clip, job.peephole != nullptr};
        if (GATES != 4 || !inside) return;
        constants.p_i = job.constant(job.peephole, 0, unit);
        constants.p_f = job.constant(job.peephole, 1, unit);
        constants.p_o = job.constant(job.peephole, 2, unit);
    }

    __device__ void read(const forward_job<T> &job, int n) {
#pragma unroll
        for (int g = 0; g < GATES; ++g) input[g] = job.input(n, g, GATES, unit);
        if (GATES == 4 && job.at.is_first(n)) c = job.c0 ? float(widen(job.c0[job.at.state(n, unit)])) : 0.0f;
    }

    /* h after the step, from the sums with w_hh. */
    __device__ float step(const forward_job<T> &job, int n, float h_before, const float *sum) {
        if constexpr (GATES == 4) return lstm(job, n, sum);
        if constexpr (GATES == 3) return gru(job, n, h_before, sum);
        return plain_step(job.relu, input[0] + (sum[0] + bias[0]));
    }

    __device__ float lstm(const forward_job<T> &job, int n, const float *sum) {
        const lstm_gates<float> sums = {input[0] + (sum[0] + bias[0]), input[1] + (sum[1] + bias[1]),
                                        input[2] + (sum[2] + bias[2]), input[3] + (sum[3] + bias[3])};
        const lstm_result<float> s   = lstm_step(constants, sums, c);
        c                            = s.c;
        job.save(n, 0, unit, s.gate.i), job.save(n, 1, unit, s.gate.f);
        job.save(n, 2, unit, s.gate.g), job.save(n, 3, unit, s.gate.o);
        if (job.cells) job.cells[job.at.cell(n, unit)] = c;
        return s.m;
    }

    __device__ float gru(const forward_job<T> &job, int n, float h_before, const float *sum) {
        const float inner = sum[2] + bias[2];
        const gru_gates<float> gate =
            gru_step(input[0] + (sum[0] + bias[0]), input[1] + (sum[1] + bias[1]), input[2], inner);
        job.save(n, 0, unit, gate.r), job.save(n, 1, unit, gate.z);
        job.save(n, 2, unit, gate.n), job.save(n, 3, unit, inner);
        return gru_mix(gate.z, gate.n, h_before);
    }
};

/* The rows of w_hh [GATES, H, H] that belong to the block's units. */
template <class T, int GATES>
__device__ void load_rows(const resident_layer &l, const T *w_hh, T *weights) {
    const int depth = l.depth;
    for (int i = int(threadIdx.x); i < l.deal.units * GATES * depth; i += int(blockDim.x)) {
        const int k = i % depth, gate = i / depth % GATES, u = i / depth / GATES, unit = l.first_unit() + u;
        const bool inside = k < l.hidden && unit < l.hidden;
        weights[u * unit_pitch(GATES, depth) + gate * depth + k] =
            inside ? w_hh[(int64_t(gate) * l.hidden + unit) * l.hidden + k] : narrow<T>(0.0f);
    }
}

template <class T, int GATES>
__device__ void run_sequences(const resident_layer &l, forward_job<T> job, int first, relay &others, const T *weights,
                              float *tile) {
    const one_unit own(l, first);
    const int n = own.sequence, steps = job.at.line.steps;
    forward_unit<T, GATES> unit(job, own.unit, own.inside);
    const T *team_weights  = weights + own.team_unit * unit_pitch(GATES, l.depth);
    const float *team_tile = tile + own.team_row * l.depth;
    for (int step = 0; step < steps; ++step) {
        job.at.time       = job.at.line.reverse ? steps - 1 - step : step;
        const bool active = own.inside && job.at.is_active(n);
        if (active) unit.read(job, n);
        if (step > 0) others.await();
        fill_tile<T>(l, job.wide, tile, [&](int row) { return job.state_before(l, first + row); });
        __syncthreads();
        float sum[4 * GATES] = {};
        if (own.sums) {
            multiply_part<GATES, one_unit::TEAM>(team_tile, team_weights, l.depth, l.depth, own.lane, sum);
            share_out<4 * GATES>(sum, own.lane, 1);
            share_out<2 * GATES>(sum, own.lane, 2);
        }
        const float h_before = own.inside ? tile[(n - first) * l.depth + own.unit] : 0.0f;
        if (own.inside) job.write(n, own.unit, active ? unit.step(job, n, h_before, sum) : 0.0f);
        others.pass_on();
    }
    if (GATES == 4 && own.inside) job.running[job.at.state(n, own.unit)] = unit.c;
}

template <class T, int GATES>
__global__ void __launch_bounds__(RESIDENT_THREADS, 1) forward_kernel(resident_layer l, forward_jobs<T> jobs) {
    GLI_DYNAMIC_SHARED(T, weights);
    float *tile = reinterpret_cast<float *>(weights + l.deal.units * unit_pitch(GATES, l.depth));
    relay others(l);
    for (int item = l.group(); item < l.directions * l.tiles(); item += l.deal.groups) {
        const forward_job<T> &job = jobs.of[item / l.tiles()];
        load_rows<T, GATES>(l, job.w_hh, weights);
        run_sequences<T, GATES>(l, job, item % l.tiles() * l.deal.rows, others, weights, tile);
    }
}

template <class T>
forward_job<T> job_of(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, int d) {
    const int64_t units = int64_t(d) * l.batch * l.hidden, cells = units * l.steps;
    forward_job<T> job = {};
    job.at             = place_of(l, d);
    job.relu           = l.cell == GLIA_RNN_RELU;
    job.y_row          = int64_t(l.directions) * l.hidden;
    job.clip           = float(l.cell_clip);
    job.w_hh           = static_cast<const T *>(l.w_hh[d]);
    job.b_hh           = static_cast<const T *>(l.b_hh[d]);
    job.peephole       = static_cast<const T *>(l.peephole[d]);
    job.h0             = part<const T>(l.h0, units);
    job.c0             = part<const T>(l.c0, units);
    job.from_input     = part<const T>(f.from_input, cells * l.gates);
    job.y              = part<T>(f.y, int64_t(d) * l.hidden);
    job.running        = part<float>(f.running, units);
    job.gates          = part<float>(f.gates, 4 * cells);
    job.cells          = part<float>(f.cells, cells);
    job.wide           = fours_in<T>(job.y, l.hidden) && (!l.h0 || fours_in<T>(job.h0, l.hidden));
    return job;
}

template <class T, int GATES>
cudaError_t run_forward(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, const gli_rnn_deal &deal,
                        void *counters, cudaStream_t stream) {
    forward_jobs<T> jobs = {};
    for (int d = 0; d < l.directions; ++d) jobs.of[d] = job_of<T>(l, f, d);
    return GLI_LAUNCH_COOPERATIVE((forward_kernel<T, GATES>), deal.groups * deal.blocks,
                                  resident_threads(deal, l.hidden), deal.shared_bytes, stream,
                                  resident_of(l, deal, counters), jobs);
}

/* ---- how a layer is dealt out ---- */

size_t unit_bytes(const gli_rnn_layer &l) {
    return size_t(unit_pitch(l.gates, padded_depth(l.hidden))) * (l.dtype == GLIA_F32 ? 4 : 2);
}

int fours_above(int n) { return (n + 3) / 4 * 4; }

/* Tiles of so many rows: as few blocks a group as hold all weights, as many groups as there is work for, and then more
 * blocks for each group that has several anyway: a block alone waits for nobody. false: they do not fit. */
bool deal_rows(const gli_rnn_layer &l, gli_rnn_place place, int rows, gli_rnn_deal *out) {
    const size_t tile = size_t(rows) * size_t(padded_depth(l.hidden)) * sizeof(float);
    if (tile >= place.shared_bytes) return false;
    const size_t most = (place.shared_bytes - tile) / unit_bytes(l);
    int units         = most < size_t(RESIDENT_THREADS / rows) ? int(most) : int(RESIDENT_THREADS / rows);
    units             = units / 4 * 4;
    if (units == 0) return false;
    int blocks = blocks_for(l.hidden, units);
    if (blocks > place.multiprocessors) return false;
    const int64_t items = int64_t(l.directions) * blocks_for(l.batch, rows), fit = place.multiprocessors / blocks;
    out->rows   = rows;
    out->groups = int(items < fit ? items : fit);
    if (blocks > 1) blocks = place.multiprocessors / out->groups;
    out->units        = fours_above(blocks_for(l.hidden, blocks));
    out->blocks       = blocks_for(l.hidden, out->units);
    out->shared_bytes = size_t(out->units) * unit_bytes(l) + tile;
    return true;
}

}  // namespace
}  // namespace glia

const char *gli_kernel_rnn_deal(const gli_rnn_layer *l, gli_rnn_place place, gli_rnn_deal *out) {
    using namespace glia;
    enum { MOST_ROWS = 16 };
    if (l->dtype == GLIA_F64) return "its weights are f64";
    if (l->reset_before) return "it has a second product in each step";
    if (l->batch == 0 || l->steps == 0) return "it has no steps";
    const int64_t sequences = int64_t(l->directions) * l->batch;
    int64_t most            = 0; /* sequences that are on their way at a time */
    for (int rows = 4; rows <= MOST_ROWS && most < sequences; rows += 4) {
        gli_rnn_deal deal;
        if (!deal_rows(*l, place, rows, &deal) || int64_t(deal.groups) * rows <= most) continue;
        most = int64_t(deal.groups) * rows;
        *out = deal;
    }
    return most > 0 ? nullptr : "its recurrent weights have no room in the multiprocessors";
}

size_t gli_kernel_rnn_counter_bytes(const gli_rnn_deal *deal) {
    return size_t(deal->groups) * glia::COUNTER_STRIDE * sizeof(unsigned);
}

cudaError_t gli_kernel_rnn_persistent(const gli_rnn_layer *layer, const gli_rnn_forward_arrays *arrays,
                                      const gli_rnn_deal *deal, void *counters, cudaStream_t stream) {
    const cudaError_t error = cudaMemsetAsync(counters, 0, gli_kernel_rnn_counter_bytes(deal), stream);
    if (error != cudaSuccess) return error;
    return GLI_FOR_RESIDENT(*layer, T, GATES, glia::run_forward<T, GATES>(*layer, *arrays, *deal, counters, stream));
}
