/* Small products side by side in one launch: a block takes one tile of one of them, or none where its product is
 * smaller than the largest. The sums are those of matmul.cu, whatever the tile. */
#include "kernels/gemm/matmul_batch.cuh"

namespace glia {
namespace {

/* Kernels take it as a parameter, which may have 4 KiB. */
template <class T>
struct matmul_group {
    typedef typename matmul_batch<T, compute<T>>::problem_type problem_type;
    enum { may_read_padding = false };

    problem_type of[GLI_GEMM_GROUP];

    __device__ problem_type problem(int i) const { return of[i]; }
};

/* The sizes of the largest. */
gemm_size largest_of(const gli_gemm *gemms, int n) {
    gemm_size size = {n, 0, 0, 0, false};
    for (int i = 0; i < n; ++i) {
        if (gemms[i].m > size.m) size.m = gemms[i].m;
        if (gemms[i].n > size.n) size.n = gemms[i].n;
        if (gemms[i].k > size.k) size.k = gemms[i].k;
        size.row_sums = size.row_sums || gemms[i].has_row_sums;
    }
    return size;
}

bool may_join(const gli_gemm &g, const gli_gemm &first) {
    return g.batch_ndim == 0 && g.dtype == first.dtype && g.wide_y && g.m > 0 && column_tiles_of(size_of(g), 1) > 0 &&
           split_k_for(g.k, 1).splits == 1;
}

int64_t small_tiles(const gemm_size &s) {
    return int64_t(blocks_for(s.m, small_tile::rows)) * column_tiles_of(s, small_tile::columns) * s.batch;
}

template <class T, class Tile>
cudaError_t launch(const matmul_group<T> &group, const gemm_size &s, cudaStream_t stream) {
    const tile_scheduler tiles = {
        blocks_for(s.m, Tile::rows), column_tiles_of(s, Tile::columns), Tile::rows, Tile::columns, {1, s.k}};
    const int blocks                          = tiles.row_tiles * tiles.column_tiles * s.batch;
    const split_k_partials<compute<T>> no_one = {};
    return GLI_LAUNCH((gemm_kernel<T, Tile, matmul_group<T>>), blocks, Tile::threads, 0, stream, group, tiles, no_one);
}

template <class T>
cudaError_t multiply(const gli_gemm *gemms, int n, const gli_gemm_run &run) {
    matmul_group<T> group = {};
    const gemm_size size  = largest_of(gemms, n);
    gemm_size alone       = size;
    alone.batch           = 1;
    for (int i = 0; i < n; ++i) group.of[i] = batch_of<T, compute<T>>(gemms[i]).first;
    return fills_gpu(alone, medium_tile::rows, medium_tile::columns, run.gpu.multiprocessors)
               ? launch<T, medium_tile>(group, size, run.stream)
               : launch<T, small_tile>(group, size, run.stream);
}

}  // namespace
}  // namespace glia

/* More blocks than a large GPU runs at once would hide nothing: each product then fills the GPU alone, and those of a
 * library, or of tensor cores, take less time than these. */
int gli_kernel_matmul_group_size(const gli_gemm *gemms, int n) {
    enum { MAX_BLOCKS = 512 };
    int count = 0;
    while (count < n && count < GLI_GEMM_GROUP && glia::may_join(gemms[count], gemms[0]) &&
           glia::small_tiles(glia::largest_of(gemms, count + 1)) <= MAX_BLOCKS)
        ++count;
    return count;
}

cudaError_t gli_kernel_matmul_group(const gli_gemm *gemms, int n, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(gemms[0].dtype, T, glia::multiply<T>(gemms, n, *run));
}
