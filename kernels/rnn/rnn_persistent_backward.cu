/* The backward pass in one launch: see rnn_persistent.cuh. The gate gradients go from block to block through `dgates`;
 * a block has the columns of w_hh that belong to its units, and multiplies the gate gradients with them, gate by gate,
 * for the gradient with respect to h. */
#include "kernels/rnn/rnn_persistent_launch.h"

#include "kernels/rnn/rnn_backward_unit.cuh"
#include "kernels/rnn/rnn_persistent.cuh"

namespace glia {
namespace {

typedef thread_tile<4> four_units;

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
__device__ float multiply_gates(const persistent_layer &l, const backward_job<T, GATES> &job, const layer_position &at,
                                int first, bool done, const four_units &own, const T *weights, float *tile) {
    const int pitch             = unit_pitch(GATES, l.depth);
    float sum[four_units::TEAM] = {};
    for (int gate = 0; gate < GATES; ++gate) {
        load_tile<T>(l, job.vectorized, tile, [&](int row) -> const T * {
            const T *of_row = first + row < l.batch ? job.after(at, first + row, done) : nullptr;
            return of_row ? of_row + state_dgate(GATES, gate) * l.hidden : nullptr;
        });
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
__device__ void run_sequences_backward(const persistent_layer &l, const backward_job<T, GATES> &job, int direction,
                                       int first, group_barrier &barrier, const T *weights, float *tile) {
    const four_units own(l, first);
    const int n = own.sequence, steps = job.start.line.steps;
    layer_position at = job.start.of_direction(direction);
    backward_unit<T, GATES> unit(job, direction, own.unit, own.owns);
    for (int step = 0; step < steps + (job.dh0 != nullptr); ++step) {
        const bool done   = step == steps;
        at.time           = done ? 0 : at.line.reverse ? step : steps - 1 - step;
        const bool active = own.owns && !done && at.is_active(n);
        if (active) unit.read(job, at, n);
        if (step > 0) barrier.wait();
        const float sum     = step > 0 ? multiply_gates(l, job, at, first, done, own, weights, tile) : 0.0f;
        const float none[4] = {};
        if (active)
            unit.step(job, at, n, sum);
        else if (own.owns && done)
            unit.finish(job, at, n, sum);
        else if (own.owns)
            unit.write(job, at, n, none);
        barrier.arrive();
    }
    if (GATES == 4 && own.owns) job.carry[at.state(n, own.unit)] = unit.carry;
}

template <class T, int GATES>
__global__ void __launch_bounds__(PERSISTENT_THREADS, 1)
    backward_kernel(persistent_layer l, backward_job<T, GATES> job) {
    GLI_DYNAMIC_SHARED(T, weights);
    float *tile = reinterpret_cast<float *>(weights + l.partition.units * unit_pitch(GATES, l.depth));
    group_barrier barrier(l);
    for (int item = l.group(); item < l.items(); item += l.partition.groups) {
        const int direction = l.direction(item);
        load_columns<T, GATES>(l, job.w_hh[direction], weights);
        run_sequences_backward<T, GATES>(l, job, direction, l.first_sequence(item), barrier, weights, tile);
    }
}

template <class T, int GATES>
cudaError_t run_backward(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, const gli_rnn_partition &partition,
                         void *counters, cudaStream_t stream) {
    backward_job<T, GATES> job = backward_job_of<T, GATES>(l, b);
    job.vectorized             = vec4_strided<T>(job.dgates, l.geom.hidden);
    return GLI_LAUNCH_COOPERATIVE((backward_kernel<T, GATES>), persistent_grid(partition),
                                  persistent_threads(partition, l.geom.hidden), partition.shared_bytes, stream,
                                  persistent_layer_of(l, partition, padded_depth(l.geom.hidden), counters), job);
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
