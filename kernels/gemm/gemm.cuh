/* Batches of products of matrices: y = act(alpha a b^T + beta c), where a is [m,k], b is [n,k] and both are operands of
 * any kind. One kernel for matmul, dense and the implicit GEMMs of convolution.
 *
 * A block computes a tile of y. Tiles of a and b pass through shared memory, two of each: the next one is read from
 * memory into registers while the sums of this one are formed, so there is one barrier for each. An element of y is
 * summed in the order of k whatever the size of the tile; only a tall sum is cut into slices, which a second pass adds
 * up, and the cut follows from the sizes alone. */
#ifndef GLI_KERNELS_GEMM_GEMM_CUH
#define GLI_KERNELS_GEMM_GEMM_CUH

#include "kernels/gemm/epilogue.cuh"
#include "kernels/gemm/split_k.cuh"
#include "kernels/gemm/tile.cuh"

namespace glia {

template <class A, class B, class Y>
struct product {
    A a;
    B b;
    Y y;
    int m, n, k;
};

/* Which piece of a batch a block computes. */
struct piece {
    int item, slice, row, column;
};

struct tiling {
    int row_tiles, column_tiles, rows, columns;
    slicing cut;

    __device__ piece of(unsigned block) const {
        piece p;
        p.column = int(block % column_tiles) * columns, block /= column_tiles;
        p.row    = int(block % row_tiles) * rows, block /= row_tiles;
        p.slice  = int(block % cut.slices);
        p.item   = int(block / cut.slices);
        return p;
    }
};

template <class Tile, class C, class Y>
__device__ inline void write_tile(const tile_sums<Tile, C> &sums, const Y &y, const piece &at, int m, int n) {
#pragma unroll
    for (int i = 0; i < Tile::own_rows; ++i) {
        const int row     = at.row + sums.row(i);
        const place where = y.rows.at(row, m);
        if (row >= m) continue;
#pragma unroll
        for (int j = 0; j < Tile::own_columns; j += 4)
            y.write_four(row, where, at.column + sums.column(j), n, &sums.sum[i][j]);
    }
}

template <class Tile, class C>
__device__ inline void write_partial(const tile_sums<Tile, C> &sums, const partial_sums<C> &to, const piece &at, int m,
                                     int n) {
    C *const slice = to.of(at.slice, at.item);
#pragma unroll
    for (int i = 0; i < Tile::own_rows; ++i)
#pragma unroll
        for (int j = 0; j < Tile::own_columns; ++j) {
            const int row = at.row + sums.row(i), column = at.column + sums.column(j);
            if (row < m && column < n) slice[size_t(row) * to.columns + column] = sums.sum[i][j];
        }
}

/* Batch: a number of products of one size or less; at(i) is one of them. */
template <class T, class Tile, class Batch>
__global__ void __launch_bounds__(Tile::threads, 1)
    product_kernel(Batch batch, tiling cuts, partial_sums<compute<T>> partial) {
    typedef compute<T> C;
    __shared__ __align__(16) C a_tile[2][Tile::depth][Tile::rows + Tile::pad];
    __shared__ __align__(16) C b_tile[2][Tile::depth][Tile::columns + Tile::pad];
    const piece at = cuts.of(blockIdx.x);
    const auto p   = batch.at(at.item);
    if (at.row >= p.m || (at.column >= p.n && at.column > 0)) return; /* all of the block */
    const int begin = at.slice * cuts.cut.depth, end = min(p.k, begin + cuts.cut.depth);

    tile_reader<decltype(p.a), T, Tile::rows, Tile::depth, Tile::threads> a(p.a, at.row, p.m);
    tile_reader<decltype(p.b), T, Tile::columns, Tile::depth, Tile::threads> b(p.b, at.column, p.n);
    tile_sums<Tile, C> sums;
    sums.clear();
    const int own_row    = at.row + int(threadIdx.x);
    const bool sums_rows = p.y.row_sums && at.column == 0 && threadIdx.x < Tile::rows && own_row < p.m;
    C row_sum            = 0;

    a.read(begin, end), b.read(begin, end);
    a.write(a_tile[0]), b.write(b_tile[0]);
    __syncthreads();
    for (int k = begin, now = 0; k < end; k += Tile::depth, now ^= 1) {
        const bool more = k + Tile::depth < end;
        if (more) a.read(k + Tile::depth, end), b.read(k + Tile::depth, end);
        sums.add(a_tile[now], b_tile[now]);
        for (int i = 0; sums_rows && i < Tile::depth; ++i) row_sum += a_tile[now][i][threadIdx.x];
        if (more) a.write(a_tile[now ^ 1]), b.write(b_tile[now ^ 1]);
        __syncthreads();
    }

    if (partial.data) {
        write_partial(sums, partial, at, p.m, p.n);
        if (sums_rows) partial.of(at.slice, at.item)[size_t(own_row) * partial.columns + p.n] = row_sum;
    } else {
        write_tile(sums, p.y, at, p.m, p.n);
        if (sums_rows) p.y.write_row_sum(own_row, row_sum);
    }
}

/* The launches of a batch. `sizes` are the largest of it. */
template <class T, class Tile, class Batch>
cudaError_t launch_tiles(const Batch &batch, const product_sizes &sizes, void *workspace, cudaStream_t stream) {
    const slicing cut = slicing_of(sizes);
    const tiling cuts = {blocks_for(sizes.m, Tile::rows), column_tiles_of(sizes, Tile::columns), Tile::rows,
                         Tile::columns, cut};
    const partial_sums<compute<T>> partial = partial_sums_of<compute<T>>(sizes, cut, workspace);
    const int64_t blocks                   = int64_t(cuts.row_tiles) * cuts.column_tiles * cut.slices * sizes.items;
    if (blocks > INT32_MAX) return cudaErrorInvalidConfiguration;
    const cudaError_t error =
        GLI_LAUNCH((product_kernel<T, Tile, Batch>), unsigned(blocks), Tile::threads, 0, stream, batch, cuts, partial);
    return error != cudaSuccess || !partial.data ? error : add_slices<T>(batch, sizes, cut, partial, stream);
}

/* Whether tiles of that size keep every multiprocessor busy, and waste little on the borders. */
inline bool fits_tiles(const product_sizes &sizes, int rows, int columns, int multiprocessors) {
    const int64_t row_tiles = blocks_for(sizes.m, rows), column_tiles = column_tiles_of(sizes, columns);
    const bool full = row_tiles * rows * column_tiles * columns <= int64_t(sizes.m) * sizes.n / 2 * 3;
    return full && row_tiles * column_tiles * sizes.items * slicing_of(sizes).slices >= multiprocessors;
}

/* The size of the tile does not change a bit of y: it may depend on the device. */
template <class T, class Batch>
cudaError_t multiply(const Batch &batch, const product_sizes &sizes, int multiprocessors, void *workspace,
                     cudaStream_t stream) {
    if (sizes.m == 0 || column_tiles_of(sizes, 1) == 0 || sizes.items == 0) return cudaSuccess;
    if constexpr (sizeof(T) == 4)
        if (fits_tiles(sizes, large_tile::rows, large_tile::columns, multiprocessors))
            return launch_tiles<T, large_tile>(batch, sizes, workspace, stream);
    if (fits_tiles(sizes, medium_tile::rows, medium_tile::columns, multiprocessors))
        return launch_tiles<T, medium_tile>(batch, sizes, workspace, stream);
    return launch_tiles<T, small_tile>(batch, sizes, workspace, stream);
}

}  // namespace glia

#endif
