/* Sums in double, in an order that depends on the counts only. A few values take one launch; where more blocks add, a
 * second launch adds theirs. */
#include "kernels/metric/accumulate_launch.h"

#include "kernels/device/merge_parts.cuh"
#include "kernels/metric/accumulate.cuh"

namespace glia {
namespace {

enum { ADD_BLOCKS = GLI_ACCUMULATE_WORKSPACE / sizeof(totals) };

/* Where there is one block it writes new_sums, else of_block. */
template <class T>
__global__ void __launch_bounds__(ADD_THREADS)
    accumulate_kernel(accumulate_job j, const T *value, const double *weight, totals *of_block) {
    __shared__ totals shared[ADD_WARPS];
    const totals sum = totals_of_thread(j, value, weight, blockIdx.x, gridDim.x);
    finish_block(sum, shared, of_block, [&](const totals &all) { add_totals(all, j); });
}

__global__ void __launch_bounds__(ADD_THREADS) totals_kernel(accumulate_job j, const totals *of_block, int blocks) {
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
    const accumulate_job j  = accumulate_job_of(g, a);
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

bool gli_kernel_accumulate_is_small(const gli_accumulate_geom *geom) { return glia::blocks_of(*geom) == 1; }
