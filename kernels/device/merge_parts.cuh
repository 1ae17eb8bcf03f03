/* Reductions by several blocks: what each of them leaves of its state (block_reduce.cuh), and the second launch, which
 * merges that. */
#ifndef GLI_KERNELS_DEVICE_MERGE_PARTS_CUH
#define GLI_KERNELS_DEVICE_MERGE_PARTS_CUH

#include "kernels/device/block_reduce.cuh"

namespace glia {

enum { MERGE_THREADS = 256 };

/* The blocks that share some work, and which of them this one is: those of the grid, or one that does all of it. */
struct block_share {
    unsigned block, blocks;
};
__device__ inline block_share share_of_grid() { return {blockIdx.x, gridDim.x}; }
__device__ inline block_share all_work() { return {0, 1}; }

/* The state of all threads of a block to `whole`, where no other block has a share, else to of_block. One thread
 * stores. */
template <int WARPS, class S, class F>
__device__ inline void finish_block(S state, S (&shared)[WARPS], S *of_block, F whole,
                                    const block_share &share = share_of_grid()) {
    state = block_merge(state, shared);
    if (threadIdx.x != 0) return;
    if (share.blocks == 1)
        whole(state);
    else
        of_block[share.block] = state;
}

/* parts: [slices][outputs]; a block has `across` outputs. */
template <class S>
struct parts_of {
    const S *parts;
    int slices, outputs, across;
    S none; /* of no elements */
};

template <class S, class Y, class F>
__global__ void __launch_bounds__(MERGE_THREADS) merge_parts_kernel(parts_of<S> p, F finish, Y *y) {
    __shared__ S shared[1][MERGE_THREADS];
    const int output = blockIdx.x * p.across + threadIdx.x % p.across;
    S all            = p.none;
    for (int s = threadIdx.x / p.across; output < p.outputs && s < p.slices; s += MERGE_THREADS / p.across)
        all.merge(p.parts[int64_t(s) * p.outputs + output]);
    shared[0][threadIdx.x] = all;
    merge_columns(shared, p.across);
    if (int(threadIdx.x) < p.across && output < p.outputs) y[output] = finish(shared[0][threadIdx.x]);
}

/* y[k] = finish(the merged states of output k). */
template <class S, class Y, class F>
cudaError_t merge_parts(const S *parts, int slices, int outputs, const S &none, const F &finish, Y *y,
                        cudaStream_t stream) {
    parts_of<S> p = {parts, slices, outputs, 1, none};
    while (p.across < outputs && p.across < LANES) p.across *= 2;
    return GLI_LAUNCH((merge_parts_kernel<S, Y, F>), blocks_for(outputs, p.across), MERGE_THREADS, 0, stream, p, finish,
                      y);
}

}  // namespace glia

#endif
