/* The forward pass on tensor cores in one launch: see rnn_tensor_cores.cuh. h goes from block to block through y, c
 * stays in a register. */
#include "kernels/rnn/rnn_persistent_launch.h"

#include "kernels/rnn/rnn_forward_unit.cuh"
#include "kernels/rnn/rnn_tensor_cores.cuh"

namespace glia {
namespace {

/* The rows of w_hh [GATES, H, H] that belong to the block's units: a side for each gate. */
template <class T>
struct rows_of_gate {
    const persistent_layer &l;
    const T *w_hh;
    int gate, hidden;

    __device__ T operator()(int row, int k) const {
        const int unit = l.first_unit() + row;
        if (unit >= hidden || k >= hidden) return round_to<T>(0.0f);
        return w_hh[(int64_t(gate) * hidden + unit) * hidden + k];
    }
};

template <class T, int GATES>
__device__ void run_sequences(const persistent_layer &l, const tensor_split<GATES> &s, const forward_job<T> &job,
                              int direction, int first, group_barrier &barrier) {
    const tensor_memory<T> memory(s, l.partition.rows);
    const tensor_range product(s);
    held_weights held;
    load_weights(s, product, memory, held, rows_of_gate<T>{l, job.w_hh[direction], product.side, gli_opaque(l.hidden)});
    const row_loader loader(product, l.partition.rows);
    T *const tile_row = memory.tile + loader.row * s.tile_pitch(sizeof(T));
    const int steps   = job.start.line.steps;
    tensor_place own(l, job.start.of_direction(direction), first, product, loader);

    forward_unit<T, GATES> unit(job, direction, own.unit, own.owns);
    for (int step = 0; step < steps; ++step) {
        own.set_time(own.at.line.reverse ? steps - 1 - step : step);
        const bool active = own.owns && own.at.is_active(own.n);
        if (active) unit.read(job, own.at, own.n);
        const T *const states[1] = {job.state_before(own.at_loaded, own.loaded)};
        if (step > 0) barrier.wait();
        loader.load(states, l.hidden, l.depth, job.vectorized, tile_row);
        __syncthreads();
        multiply_tile(s, product, memory, held, l.partition.rows);
        if (active) {
            float sum[GATES];
            sum_slices(s, memory.sums, own.row, own.lane, sum);
            unit.step(job.relu, sum);
        }
        if (own.owns) job.write(own.at, own.n, own.unit, active ? unit.h : round_to<T>(0.0f));
        barrier.arrive();
        if (active) unit.save(job, own.at, own.n);
    }
    if (GATES == 4 && own.owns) job.running[own.at.state(own.n, own.unit)] = unit.c;
}

/* Empty for a GPU before compute capability 8.0, where it is not launched. */
template <class T, int GATES>
__global__ void __launch_bounds__(TENSOR_WARPS *LANES, 1)
    tensor_forward_kernel(persistent_layer l, tensor_split<GATES> s, forward_job<T> job) {
    if constexpr (tensor_type<T>::exists) {
        group_barrier barrier(l);
        for (int item = l.group(); item < l.items(); item += l.partition.groups)
            run_sequences<T, GATES>(l, s, job, l.direction(item), l.first_sequence(item), barrier);
    }
}

template <class T, int GATES>
cudaError_t run_forward(const gli_rnn_layer &l, const gli_rnn_forward_arrays &f, const gli_rnn_partition &partition,
                        void *counters, cudaStream_t stream) {
    const tensor_split<GATES> split = tensor_split_of<GATES>(l, 1);
    const int64_t hidden            = l.geom.hidden;
    forward_job<T> job              = forward_job_of<T>(l, f);
    job.vectorized                  = wide_rows<T>(job.y, hidden) && (!l.h0 || wide_rows<T>(job.h0, hidden));
    return GLI_LAUNCH_COOPERATIVE((tensor_forward_kernel<T, GATES>), persistent_grid(partition),
                                  tensor_threads(l, partition, split), partition.shared_bytes, stream,
                                  persistent_layer_of(l, partition, tensor_depth(l), counters), split, job);
}

/* Of the pass that needs more. */
template <int GATES>
size_t shared_bytes(const gli_rnn_layer &l, int rows) {
    const int size        = l.dtype == GLIA_F32 ? 4 : 2;
    const size_t forward  = tensor_memory_bytes(tensor_split_of<GATES>(l, 1), rows, size),
                 backward = tensor_memory_bytes(tensor_split_of<1>(l, GATES), rows, size);
    return forward > backward ? forward : backward;
}

/* With tiles of so many rows. false: they do not fit. */
bool partition_rows(const gli_rnn_layer &l, gli_rnn_limits limits, int rows, gli_rnn_partition *out) {
    const int gates     = l.geom.gates;
    const int64_t items = int64_t(l.geom.directions) * blocks_for(l.geom.batch, rows);
    out->tensor_cores   = true;
    out->rows           = rows;
    out->units          = TENSOR_UNITS;
    out->blocks         = blocks_for(l.geom.hidden, TENSOR_UNITS);
    out->shared_bytes   = gates == 4   ? shared_bytes<4>(l, rows)
                          : gates == 3 ? shared_bytes<3>(l, rows)
                                       : shared_bytes<1>(l, rows);
    if (out->blocks > limits.multiprocessors || out->shared_bytes > limits.shared_bytes) return false;
    const int fit = limits.multiprocessors / out->blocks;
    out->groups   = int(items < fit ? items : fit);
    return true;
}

}  // namespace
}  // namespace glia

const char *gli_kernel_rnn_tensor_partition(const gli_rnn_layer *l, gli_rnn_limits limits, gli_rnn_partition *out) {
    using namespace glia;
    gli_rnn_partition wider;
    if (l->geom.reset_before) return "it has a second GEMM in each step";
    if (l->geom.batch == 0 || l->geom.steps == 0) return "it has no steps";
    if (!partition_rows(*l, limits, TENSOR_COLUMNS, out))
        return "its recurrent weights do not fit into the registers and the shared memory of the GPU";
    /* Twice the rows take less than twice the time, where tiles would have to wait for others. */
    const int64_t sequences = int64_t(l->geom.directions) * l->geom.batch;
    if (sequences > int64_t(out->groups) * out->rows && partition_rows(*l, limits, 2 * TENSOR_COLUMNS, &wider))
        *out = wider;
    return nullptr;
}

cudaError_t gli_kernel_rnn_tensor_blocks(const gli_rnn_layer *layer, const gli_rnn_partition *partition, int *out) {
    using namespace glia;
    return GLI_FOR_PERSISTENT(
        *layer, T, GATES,
        gli_cooperative_blocks(tensor_forward_kernel<T, GATES>,
                               tensor_threads(*layer, *partition, tensor_split_of<GATES>(*layer, 1)),
                               partition->shared_bytes, out));
}

cudaError_t gli_kernel_rnn_tensor(const gli_rnn_layer *layer, const gli_rnn_forward_arrays *arrays,
                                  const gli_rnn_partition *partition, void *counters, cudaStream_t stream) {
    const cudaError_t error = cudaMemsetAsync(counters, 0, gli_kernel_rnn_counter_bytes(partition), stream);
    if (error != cudaSuccess) return error;
    return GLI_FOR_PERSISTENT(*layer, T, GATES,
                              glia::run_forward<T, GATES>(*layer, *arrays, *partition, counters, stream));
}
