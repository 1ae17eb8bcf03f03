/* The forward pass in one launch: see rnn_persistent.cuh. h goes from block to block through y, c stays in a register.
 */
#include "kernels/rnn/rnn_persistent_launch.h"

#include "kernels/rnn/rnn_cell.cuh"
#include "kernels/rnn/rnn_persistent.cuh"

namespace glia {
namespace {

typedef thread_tile<1> one_unit;

/* One direction's arrays; see gli_rnn_forward_arrays. */
template <class T>
struct forward_job {
    step_position pos;
    bool relu, vectorized;
    int64_t y_row;
    float clip;
    const T *w_hh, *b_hh, *peephole, *h0, *input_gates;
    const float *c0;
    T *y;
    float *running, *gates, *cells;

    __device__ const T *state_before(const persistent_layer &l, int n) const {
        if (n >= l.batch || !pos.is_active(n)) return nullptr;
        if (!pos.is_first(n)) return y + pos.row_before(n) * y_row;
        return h0 ? h0 + pos.state(n, 0) : nullptr;
    }
    __device__ float input(int n, int gate, int gates_of_unit, int unit) const {
        return to_compute(input_gates[(pos.row(n) * gates_of_unit + gate) * pos.hidden + unit]);
    }
    __device__ float constant(const T *array, int k, int unit) const {
        return array ? float(to_compute(array[k * pos.hidden + unit])) : 0.0f;
    }
    __device__ void write(int n, int unit, float h) const { y[pos.row(n) * y_row + unit] = round_to<T>(h); }
    __device__ void save(int n, int gate, int unit, float value) const {
        if (gates) gates[pos.gate(n, gate, unit)] = value;
    }
};

template <class T>
struct forward_jobs {
    forward_job<T> of[2]; /* for each direction */
};

/* What a thread has of its unit from step to step. */
template <class T, int GATES>
struct forward_unit {
    int unit;
    float bias[GATES];
    lstm_unit<float> constants;
    float c, input[GATES] = {};

    __device__ forward_unit(const forward_job<T> &job, int own, bool owns) : unit(own), c(0) {
        for (int g = 0; g < GATES; ++g) bias[g] = owns ? job.constant(job.b_hh, g, unit) : 0.0f;
        constants = {0, 0, 0, job.clip, job.peephole != nullptr};
        if (GATES != 4 || !owns) return;
        constants.p_i = job.constant(job.peephole, 0, unit);
        constants.p_f = job.constant(job.peephole, 1, unit);
        constants.p_o = job.constant(job.peephole, 2, unit);
    }

    __device__ void read(const forward_job<T> &job, int n) {
#pragma unroll
        for (int g = 0; g < GATES; ++g) input[g] = job.input(n, g, GATES, unit);
        if (GATES == 4 && job.pos.is_first(n)) c = job.c0 ? job.c0[job.pos.state(n, unit)] : 0.0f;
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
        if (job.cells) job.cells[job.pos.cell(n, unit)] = c;
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
__device__ void load_rows(const persistent_layer &l, const T *w_hh, T *weights) {
    const int depth = l.depth;
    for (int i = int(threadIdx.x); i < l.partition.units * GATES * depth; i += int(blockDim.x)) {
        const int k = i % depth, gate = i / depth % GATES, u = i / depth / GATES, unit = l.first_unit() + u;
        const bool inside = k < l.hidden && unit < l.hidden;
        weights[u * unit_pitch(GATES, depth) + gate * depth + k] =
            inside ? w_hh[(int64_t(gate) * l.hidden + unit) * l.hidden + k] : round_to<T>(0.0f);
    }
}

template <class T, int GATES>
__device__ void run_sequences(const persistent_layer &l, forward_job<T> job, int first, group_barrier &barrier,
                              const T *weights, float *tile) {
    const one_unit own(l, first);
    const int n = own.sequence, steps = job.pos.line.steps;
    forward_unit<T, GATES> unit(job, own.unit, own.owns);
    const T *team_weights  = weights + own.team_unit * unit_pitch(GATES, l.depth);
    const float *team_tile = tile + own.team_row * l.depth;
    for (int step = 0; step < steps; ++step) {
        job.pos.time      = job.pos.line.reverse ? steps - 1 - step : step;
        const bool active = own.owns && job.pos.is_active(n);
        if (active) unit.read(job, n);
        if (step > 0) barrier.wait();
        load_tile<T>(l, job.vectorized, tile, [&](int row) { return job.state_before(l, first + row); });
        __syncthreads();
        float sum[4 * GATES] = {};
        if (own.in_team) {
            accumulate_lane<GATES, one_unit::TEAM>(team_tile, team_weights, l.depth, l.depth, own.lane, sum);
            reduce_scatter<4 * GATES>(sum, own.lane, 1);
            reduce_scatter<2 * GATES>(sum, own.lane, 2);
        }
        const float h_before = own.owns ? tile[(n - first) * l.depth + own.unit] : 0.0f;
        if (own.owns) job.write(n, own.unit, active ? unit.step(job, n, h_before, sum) : 0.0f);
        barrier.arrive();
    }
    if (GATES == 4 && own.owns) job.running[job.pos.state(n, own.unit)] = unit.c;
}

template <class T, int GATES>
__global__ void __launch_bounds__(PERSISTENT_THREADS, 1) forward_kernel(persistent_layer l, forward_jobs<T> jobs) {
    GLI_DYNAMIC_SHARED(T, weights);
    float *tile = reinterpret_cast<float *>(weights + l.partition.units * unit_pitch(GATES, l.depth));
    group_barrier barrier(l);
    for (int item = l.group(); item < l.directions * l.tiles(); item += l.partition.groups) {
        const forward_job<T> &job = jobs.of[item / l.tiles()];
        load_rows<T, GATES>(l, job.w_hh, weights);
        run_sequences<T, GATES>(l, job, item % l.tiles() * l.partition.rows, barrier, weights, tile);
    }
}

template <class T>
forward_job<T> job_of(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, int d) {
    const int64_t units = int64_t(d) * l.geom.batch * l.geom.hidden, cells = units * l.geom.steps;
    forward_job<T> job = {};
    job.pos            = position_of(l, d);
    job.relu           = l.geom.cell == GLIA_RNN_RELU;
    job.y_row          = int64_t(l.geom.directions) * l.geom.hidden;
    job.clip           = float(l.geom.cell_clip);
    job.w_hh           = static_cast<const T *>(l.w_hh[d]);
    job.b_hh           = static_cast<const T *>(l.b_hh[d]);
    job.peephole       = static_cast<const T *>(l.peephole[d]);
    job.h0             = element_of<const T>(l.h0, units);
    job.c0             = element_of<const float>(l.c0, units);
    job.input_gates    = element_of<const T>(f.input_gates, cells * l.geom.gates);
    job.y              = element_of<T>(f.y, int64_t(d) * l.geom.hidden);
    job.running        = element_of<float>(f.running, units);
    job.gates          = element_of<float>(f.gates, 4 * cells);
    job.cells          = element_of<float>(f.cells, cells);
    job.vectorized     = vec4_strided<T>(job.y, l.geom.hidden) && (!l.h0 || vec4_strided<T>(job.h0, l.geom.hidden));
    return job;
}

template <class T, int GATES>
cudaError_t run_forward(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, const gli_rnn_partition &partition,
                        void *counters, cudaStream_t stream) {
    forward_jobs<T> jobs = {};
    for (int d = 0; d < l.geom.directions; ++d) jobs.of[d] = job_of<T>(l, f, d);
    return GLI_LAUNCH_COOPERATIVE((forward_kernel<T, GATES>), partition.groups * partition.blocks,
                                  persistent_threads(partition, l.geom.hidden), partition.shared_bytes, stream,
                                  persistent_layer_of(l, partition, counters), jobs);
}

/* ---- the partition of a layer ---- */

size_t unit_bytes(const gli_rnn_layer &l) {
    return size_t(unit_pitch(l.geom.gates, padded_depth(l.geom.hidden))) * (l.dtype == GLIA_F32 ? 4 : 2);
}

int round_up_to_4(int n) { return (n + 3) / 4 * 4; }

/* With tiles of so many rows: as few blocks in a group as hold all weights, as many groups as there is work for, and
 * then more blocks for the groups that have several anyway (a block alone waits for no other). false: they do not fit.
 */
bool partition_rows(const gli_rnn_layer &l, gli_rnn_limits limits, int rows, gli_rnn_partition *out) {
    const size_t tile = size_t(rows) * size_t(padded_depth(l.geom.hidden)) * sizeof(float);
    if (tile >= limits.shared_bytes) return false;
    const size_t max = (limits.shared_bytes - tile) / unit_bytes(l);
    int units        = max < size_t(PERSISTENT_THREADS / rows) ? int(max) : int(PERSISTENT_THREADS / rows);
    units            = units / 4 * 4;
    if (units == 0) return false;
    int blocks = blocks_for(l.geom.hidden, units);
    if (blocks > limits.multiprocessors) return false;
    const int64_t items = int64_t(l.geom.directions) * blocks_for(l.geom.batch, rows),
                  fit   = limits.multiprocessors / blocks;
    out->rows           = rows;
    out->groups         = int(items < fit ? items : fit);
    if (blocks > 1) blocks = limits.multiprocessors / out->groups;
    out->units        = round_up_to_4(blocks_for(l.geom.hidden, blocks));
    out->blocks       = blocks_for(l.geom.hidden, out->units);
    out->shared_bytes = size_t(out->units) * unit_bytes(l) + tile;
    return true;
}

}  // namespace
}  // namespace glia

const char *gli_kernel_rnn_partition(const gli_rnn_layer *l, gli_rnn_limits limits, gli_rnn_partition *out) {
    using namespace glia;
    enum { MAX_ROWS = 16 };
    if (l->dtype == GLIA_F64) return "its weights are f64";
    if (l->geom.reset_before) return "it has a second GEMM in each step";
    if (l->geom.batch == 0 || l->geom.steps == 0) return "it has no steps";
    const int64_t sequences = int64_t(l->geom.directions) * l->geom.batch;
    int64_t at_once         = 0; /* sequences */
    for (int rows = 4; rows <= MAX_ROWS && at_once < sequences; rows += 4) {
        gli_rnn_partition partition;
        if (!partition_rows(*l, limits, rows, &partition) || int64_t(partition.groups) * rows <= at_once) continue;
        at_once = int64_t(partition.groups) * rows;
        *out    = partition;
    }
    return at_once > 0 ? nullptr : "its recurrent weights do not fit into the shared memory of the GPU";
}

size_t gli_kernel_rnn_counter_bytes(const gli_rnn_partition *partition) {
    return size_t(partition->groups) * glia::COUNTER_STRIDE * sizeof(unsigned);
}

cudaError_t gli_kernel_rnn_persistent_blocks(const gli_rnn_layer *layer, const gli_rnn_partition *partition, int *out) {
    const int threads = glia::persistent_threads(*partition, layer->geom.hidden);
    return GLI_FOR_PERSISTENT(
        *layer, T, GATES,
        gli_cooperative_blocks(glia::forward_kernel<T, GATES>, threads, partition->shared_bytes, out));
}

cudaError_t gli_kernel_rnn_persistent(const gli_rnn_layer *layer, const gli_rnn_forward_arrays *arrays,
                                      const gli_rnn_partition *partition, void *counters, cudaStream_t stream) {
    const cudaError_t error = cudaMemsetAsync(counters, 0, gli_kernel_rnn_counter_bytes(partition), stream);
    if (error != cudaSuccess) return error;
    return GLI_FOR_PERSISTENT(*layer, T, GATES,
                              glia::run_forward<T, GATES>(*layer, *arrays, *partition, counters, stream));
}
