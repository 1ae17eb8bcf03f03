/* The second launch of sums over columns: adds up what the blocks of the first one wrote. */
#ifndef GLI_KERNELS_DEVICE_REDUCE_PARTIALS_CUH
#define GLI_KERNELS_DEVICE_REDUCE_PARTIALS_CUH

#include "kernels/device/types.cuh"

namespace glia {

enum { TOTAL_ACROSS = 32, TOTAL_DOWN = 8 };

/* Two arrays [slices][columns], one after the other in each slice, become two vectors, each of which may be NULL. */
template <class C>
struct totals_job {
    const C *partials;
    int slices, columns;
    C *y[2];
};

template <class C>
__global__ void __launch_bounds__(TOTAL_ACROSS *TOTAL_DOWN) totals_kernel(totals_job<C> j) {
    __shared__ C shared[TOTAL_DOWN][TOTAL_ACROSS];
    const int column = blockIdx.x * TOTAL_ACROSS + threadIdx.x;
    C *y             = blockIdx.y == 0 ? j.y[0] : j.y[1];
    C sum            = 0;
    for (int s = threadIdx.y; y && column < j.columns && s < j.slices; s += TOTAL_DOWN)
        sum += j.partials[(int64_t(s) * 2 + blockIdx.y) * j.columns + column];
    shared[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || !y || column >= j.columns) return;
    for (int s = 1; s < TOTAL_DOWN; ++s) sum += shared[s][threadIdx.x];
    y[column] = sum;
}

template <class C>
cudaError_t totals(const totals_job<C> &j, cudaStream_t stream) {
    if (j.columns == 0 || (!j.y[0] && !j.y[1])) return cudaSuccess;
    const dim3 grid(blocks_for(j.columns, TOTAL_ACROSS), 2), block(TOTAL_ACROSS, TOTAL_DOWN);
    return GLI_LAUNCH(totals_kernel<C>, grid, block, 0, stream, j);
}

}  // namespace glia

#endif
