/* Sums in double, in an order that depends on the counts only. A few values take one launch; where more blocks add, a
 * second launch adds theirs. */
#include "kernels/metric/accumulate_launch.h"

#include "kernels/device/merge_parts.cuh"

namespace glia {
namespace {

typedef sums<double, 2> totals; /* of values, of weights */

enum {
    ADD_THREADS = 256,
    ADD_WARPS   = ADD_THREADS / LANES,
    ADD_BLOCKS  = GLI_ACCUMULATE_WORKSPACE / sizeof(totals),
    ADD_EACH    = 16 /* of a thread, at least, unless that is more blocks than there may be */
};

struct job {
    gli_accumulate_geom geom;
    const double *sums;
    double *new_sums;
    const int64_t *counters;
    int64_t *new_counters;
};

__device__ inline void add_totals(const totals &sum, const job &j) {
    j.new_sums[0] = j.sums[0] + j.geom.factor * sum.at[0];
    j.new_sums[1] = j.sums[1] + (j.geom.weights < 0 ? j.geom.weight : sum.at[1]);
#pragma unroll /* an index that is not known would put the parameters on the stack */
    for (int i = 0; i < GLIA_MAX_COUNTERS; ++i)
        if (j.new_counters && i < j.geom.counters) j.new_counters[i] = j.counters[i] + j.geom.by[i];
}

/* Where there is one block it writes new_sums, else of_block. */
template <class T>
__global__ void __launch_bounds__(ADD_THREADS)
    accumulate_kernel(job j, const T *value, const double *weight, totals *of_block) {
    __shared__ totals shared[ADD_WARPS];
    const int64_t first = int64_t(blockIdx.x) * ADD_THREADS + threadIdx.x, step = int64_t(gridDim.x) * ADD_THREADS;
    totals sum = {};
    for (int64_t i = first; i < j.geom.values; i += step) sum.at[0] += double(to_compute(value[i]));
    for (int64_t i = first; i < j.geom.weights; i += step) sum.at[1] += weight[i];
    finish_block(sum, shared, of_block, [&](const totals &all) { add_totals(all, j); });
}

__global__ void __launch_bounds__(ADD_THREADS) totals_kernel(job j, const totals *of_block, int blocks) {
    __shared__ totals shared[ADD_WARPS];
    totals sum = {};
    for (int b = threadIdx.x; b < blocks; b += ADD_THREADS) sum.merge(of_block[b]);
    sum = block_merge(sum, shared);
    if (threadIdx.x == 0) add_totals(sum, j);
}

int blocks_of(const gli_accumulate_geom &g) {
    const int full = blocks_for(g.values > g.weights ? g.values : g.weights, ADD_THREADS * ADD_EACH);
    return full < 1 ? 1 : full < ADD_BLOCKS ? full : int(ADD_BLOCKS);
}

template <class T>
cudaError_t accumulate(const gli_accumulate_geom &g, const gli_accumulate_arrays &a, cudaStream_t stream) {
    const job j             = {g, a.sums, a.new_sums, a.counters, a.new_counters};
    const int blocks        = blocks_of(g);
    totals *of_block        = static_cast<totals *>(a.workspace);
    const cudaError_t first = GLI_LAUNCH(accumulate_kernel<T>, blocks, ADD_THREADS, 0, stream, j,
                                         static_cast<const T *>(a.value), a.weight, of_block);
    if (blocks == 1 || first != cudaSuccess) return first;
    return GLI_LAUNCH(totals_kernel, 1, ADD_THREADS, 0, stream, j, of_block, blocks);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_accumulate(const gli_accumulate_geom *geom, const gli_accumulate_arrays *arrays,
                                  cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::accumulate<T>(*geom, *arrays, stream));
}
