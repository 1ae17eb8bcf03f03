/* The backward pass on tensor cores in one launch: see rnn_tensor_cores.cuh. The gate gradients go from block to block
 * through `dgates`; a block has the columns of w_hh that belong to its units. */
#include "kernels/rnn/rnn_persistent_launch.h"

#include "kernels/rnn/rnn_backward_unit.cuh"
#include "kernels/rnn/rnn_tensor_cores.cuh"

namespace glia {
namespace {

/* The columns of w_hh [GATES, H, H] that belong to the block's units. K has `depth` elements of each gate. */
template <class T>
struct columns_of_units {
    const persistent_layer &l;
    const T *w_hh;
    int hidden;

    __device__ T operator()(int row, int k) const {
        const int unit = l.first_unit() + row, gate = int(l.quads.quotient(unsigned(k) / 4)),
                  of_gate = k - gate * l.depth;
        if (unit >= hidden || of_gate >= hidden) return round_to<T>(0.0f);
        return w_hh[(int64_t(gate) * hidden + of_gate) * hidden + unit];
    }
};

template <class T, int GATES>
__device__ void run_sequences_backward(const persistent_layer &l, const tensor_split<1> &s,
                                       const backward_job<T, GATES> &job, int direction, int first,
                                       group_barrier &barrier) {
    const tensor_memory<T> memory(s, l.partition.rows);
    const tensor_range product(s);
    held_weights held;
    load_weights(s, product, memory, held, columns_of_units<T>{l, job.w_hh[direction], gli_opaque(l.hidden)});
    const row_loader loader(product, l.partition.rows);
    T *const tile_row = memory.tile + loader.row * s.tile_pitch(sizeof(T));
    const int steps   = job.start.line.steps;
    tensor_place own(l, job.start.of_direction(direction), first, product, loader);

    backward_unit<T, GATES> unit(job, direction, own.unit, own.owns);
    for (int step = 0; step < steps + (job.dh0 != nullptr); ++step) {
        const bool done = step == steps;
        own.set_time(done ? 0 : own.at.line.reverse ? step : steps - 1 - step);
        const bool active = own.owns && !done && own.at.is_active(own.n);
        float sum[1]      = {};
        if (active) unit.read(job, own.at, own.n);
        if (step > 0) {
            if (done)
                own.at_loaded.line.steps = gli_opaque(own.at_loaded.line.steps); /* not computed before the steps */
            const T *const after = job.after(own.at_loaded, own.loaded, done);
            barrier.wait();
            const T *gradients[GATES];
#pragma unroll
            for (int g = 0; g < GATES; ++g) gradients[g] = after ? after + state_dgate(GATES, g) * l.hidden : nullptr;
            loader.load(gradients, l.hidden, l.depth, job.vectorized, tile_row);
            __syncthreads();
            multiply_tile(s, product, memory, held, l.partition.rows);
            if (own.owns) sum_slices(s, memory.sums, own.row, own.lane, sum);
        }
        const float none[4] = {};
        if (active)
            unit.step(job, own.at, own.n, *sum);
        else if (own.owns && done)
            unit.finish(job, own.at, own.n, *sum);
        else if (own.owns)
            unit.write(job, own.at, own.n, none);
        barrier.arrive();
    }
    if (GATES == 4 && own.owns) job.carry[own.at.state(own.n, own.unit)] = unit.carry;
}

/* Empty for a GPU before compute capability 8.0, where it is not launched. */
template <class T, int GATES>
__global__ void __launch_bounds__(TENSOR_WARPS *LANES, 1)
    tensor_backward_kernel(persistent_layer l, tensor_split<1> s, backward_job<T, GATES> job) {
    if constexpr (tensor_type<T>::exists) {
        group_barrier barrier(l);
        for (int item = l.group(); item < l.items(); item += l.partition.groups)
            run_sequences_backward<T, GATES>(l, s, job, l.direction(item), l.first_sequence(item), barrier);
    }
}

template <class T, int GATES>
cudaError_t run_backward(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, const gli_rnn_partition &partition,
                         void *counters, cudaStream_t stream) {
    const tensor_split<1> split = tensor_split_of<1>(l, GATES);
    backward_job<T, GATES> job  = backward_job_of<T, GATES>(l, b);
    job.vectorized              = wide_rows<T>(job.dgates, l.geom.hidden);
    return GLI_LAUNCH_COOPERATIVE((tensor_backward_kernel<T, GATES>), persistent_grid(partition),
                                  tensor_threads(l, partition, split), partition.shared_bytes, stream,
                                  persistent_layer_of(l, partition, tensor_depth(l), counters), split, job);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_rnn_backward_tensor_blocks(const gli_rnn_layer *layer, const gli_rnn_partition *partition,
                                                  int *out) {
    using namespace glia;
    return GLI_FOR_PERSISTENT(
        *layer, T, GATES,
        gli_cooperative_blocks(tensor_backward_kernel<T, GATES>,
                               tensor_threads(*layer, *partition, tensor_split_of<1>(*layer, GATES)),
                               partition->shared_bytes, out));
}

cudaError_t gli_kernel_rnn_backward_tensor(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                           const gli_rnn_partition *partition, void *counters, cudaStream_t stream) {
    const cudaError_t error = cudaMemsetAsync(counters, 0, gli_kernel_rnn_counter_bytes(partition), stream);
    if (error != cudaSuccess) return error;
    return GLI_FOR_PERSISTENT(*layer, T, GATES,
                              glia::run_backward<T, GATES>(*layer, *arrays, *partition, counters, stream));
}
