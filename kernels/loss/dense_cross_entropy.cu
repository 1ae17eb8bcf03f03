/* The last layer of a classifier and its loss in one launch: blocks compute tiles of the logits as matmul.cu does, and
 * the last of them to be done goes on to the items as cross_entropy.cu does where one block has them all. The logits
 * stay in L2. */
#include "kernels/loss/dense_cross_entropy_launch.h"

#include "kernels/gemm/matmul_batch.cuh"
#include "kernels/loss/cross_entropy_items.cuh"

namespace glia {
namespace {

/* With as many threads as the items take. No classifier of few classes fills its columns, and none has to: the loop
 * over k takes as long as that of a small tile. */
typedef tile<64, 64, 16, 4, 4> logits_tile;
static_assert(int(logits_tile::threads) == int(CLASS_THREADS), "a block does both");

template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS, 1)
    dense_cross_entropy_kernel(matmul_batch<T> batch, tile_scheduler scheduler, split_k_partials<compute<T>> partials,
                               unsigned *arrivals, problem<T> p, gradient<T> g, loss_target<T> losses) {
    __shared__ gemm_tiles<T, logits_tile> tiles;
    __shared__ int last;
    GLI_DYNAMIC_SHARED(class_memory<T>, memory);
    gemm_block(batch, scheduler, partials, blockIdx.x, tiles);
    __syncthreads(); /* the logits of the block are written */
    if (threadIdx.x == 0) last = gli_arrive(arrivals, gridDim.x);
    __syncthreads();
    if (last) backward_items<TEAM>(p, g, losses, all_work(), memory);
}

/* All tiles of the logits, and the counter behind theirs. */
template <class T>
tiled_gemm<compute<T>> logits_of(const gli_gemm &gemm, const gli_gemm_run &run) {
    return in_tiles<compute<T>>(size_of(gemm), logits_tile::rows, logits_tile::columns, run, GLI_GEMM_ARRIVALS - 1);
}

template <class T, int TEAM>
cudaError_t launch(const gli_gemm &gemm, const gli_cross_entropy_geom &geom, const gli_cross_entropy_arrays &a,
                   const gli_gemm_run &run) {
    const problem<T> p               = problem_of<T>(geom, a);
    const loss_target<T> losses      = target_of(p, geom, a.y, nullptr);
    const tiled_gemm<compute<T>> all = logits_of<T>(gemm, run);
    const gradient<T> g              = {
        static_cast<const T *>(a.dy), static_cast<T *>(a.dx), losses.reduced, losses.over, nullptr, 0};
    return GLI_LAUNCH((dense_cross_entropy_kernel<T, TEAM>), unsigned(all.blocks()), CLASS_THREADS, HEAD_BYTES,
                      run.stream, batch_of<T>(gemm), all.scheduler, all.partials, run.arrivals + GLI_GEMM_ARRIVALS - 1,
                      p, g, losses);
}

class_shape shape_of(const gli_cross_entropy_geom &geom) {
    return {int64_t(geom.n) * geom.inner, geom.classes, geom.inner};
}

template <class T>
cudaError_t dense_cross_entropy(const gli_gemm &gemm, const gli_cross_entropy_geom &geom,
                                const gli_cross_entropy_arrays &a, const gli_gemm_run &run) {
    return team_for(shape_of(geom)) == 1 ? launch<T, 1>(gemm, geom, a, run) : launch<T, 8>(gemm, geom, a, run);
}

}  // namespace
}  // namespace glia

bool gli_kernel_dense_cross_entropy_fits(const gli_gemm *gemm, const gli_cross_entropy_geom *geom) {
    const glia::class_shape items = glia::shape_of(*geom);
    return items.inner == 1 && items.items == gemm->m && items.classes == gemm->n && items.items > 0 &&
           items.classes > 0 && glia::team_for(items) <= 8 && glia::reduction_blocks(items) == 1 &&
           glia::split_k_for(glia::size_of(*gemm)).splits <= glia::REDUCE_LANES;
}

cudaError_t gli_kernel_dense_cross_entropy(const gli_gemm *gemm, const gli_cross_entropy_geom *geom,
                                           const gli_cross_entropy_arrays *arrays, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(gemm->dtype, T, glia::dense_cross_entropy<T>(*gemm, *geom, *arrays, *run));
}
