/* The forward pass in one launch: see rnn_persistent.cuh. h goes from block to block through y, c stays in a register.
 */
#include "kernels/rnn/rnn_persistent_launch.h"

#include "kernels/rnn/rnn_forward_unit.cuh"
#include "kernels/rnn/rnn_persistent.cuh"

namespace glia {
namespace {

typedef thread_tile<1> one_unit;

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
__device__ void run_sequences(const persistent_layer &l, const forward_job<T> &job, int direction, int first,
                              group_barrier &barrier, const T *weights, float *tile) {
    const one_unit own(l, first);
    const int n = own.sequence, steps = job.start.line.steps;
    layer_position at = job.start.of_direction(direction);
    forward_unit<T, GATES> unit(job, direction, own.unit, own.owns);
    const T *team_weights  = weights + own.team_unit * unit_pitch(GATES, l.depth);
    const float *team_tile = tile + own.team_row * l.depth;
    for (int step = 0; step < steps; ++step) {
        at.time           = at.line.reverse ? steps - 1 - step : step;
        const bool active = own.owns && at.is_active(n);
        if (active) unit.read(job, at, n);
        if (step > 0) barrier.wait();
        load_tile<T>(l, job.vectorized, tile, [&](int row) -> const T * {
            return first + row < l.batch ? job.state_before(at, first + row) : nullptr;
        });
        __syncthreads();
        float sum[4 * GATES] = {};
        if (own.in_team) {
            accumulate_lane<GATES, one_unit::TEAM>(team_tile, team_weights, l.depth, l.depth, own.lane, sum);
            reduce_scatter<4 * GATES>(sum, own.lane, 1);
            reduce_scatter<2 * GATES>(sum, own.lane, 2);
        }
        if (active) unit.step(job.relu, sum);
        if (own.owns) job.write(at, n, own.unit, active ? unit.h : round_to<T>(0.0f));
        barrier.arrive();
        if (active) unit.save(job, at, n);
    }
    if (GATES == 4 && own.owns) job.running[at.state(n, own.unit)] = unit.c;
}

template <class T, int GATES>
__global__ void __launch_bounds__(PERSISTENT_THREADS, 1) forward_kernel(persistent_layer l, forward_job<T> job) {
    GLI_DYNAMIC_SHARED(T, weights);
    float *tile = reinterpret_cast<float *>(weights + l.partition.units * unit_pitch(GATES, l.depth));
    group_barrier barrier(l);
    for (int item = l.group(); item < l.items(); item += l.partition.groups) {
        const int direction = l.direction(item);
        load_rows<T, GATES>(l, job.w_hh[direction], weights);
        run_sequences<T, GATES>(l, job, direction, l.first_sequence(item), barrier, weights, tile);
    }
}

template <class T, int GATES>
cudaError_t run_forward(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, const gli_rnn_partition &partition,
                        void *counters, cudaStream_t stream) {
    forward_job<T> job = forward_job_of<T>(l, f);
    job.vectorized     = vec4_strided<T>(job.y, l.geom.hidden) && (!l.h0 || vec4_strided<T>(job.h0, l.geom.hidden));
    return GLI_LAUNCH_COOPERATIVE((forward_kernel<T, GATES>), persistent_grid(partition),
                                  persistent_threads(partition, l.geom.hidden), partition.shared_bytes, stream,
                                  persistent_layer_of(l, partition, padded_depth(l.geom.hidden), counters), job);
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
        gli_rnn_partition partition = {};
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
