/* Batched GEMM: y = act(alpha a b^T + beta c), where a is [m,k], b is [n,k], and both are any kind of matrix_view. One
 * kernel for matmul, dense and the implicit GEMMs of convolution.
 *
 * A block computes a tile of y. Tiles of a and b are double-buffered in shared memory: while a thread accumulates one,
 * it loads the next from global memory into registers, so that there is one barrier for each tile of k. An element of y
 * is summed in the order of k whatever the size of the tile. Split-k (split_k.cuh) changes that order, and is chosen
 * from the sizes alone. */
#ifndef GLI_KERNELS_GEMM_GEMM_CUH
#define GLI_KERNELS_GEMM_GEMM_CUH

#include "kernels/device/arrivals.cuh"
#include "kernels/gemm/padding.cuh"
#include "kernels/gemm/epilogue.cuh"
#include "kernels/gemm/split_k.cuh"
#include "kernels/gemm/tile.cuh"

namespace glia {

template <class A, class B, class Y>
struct gemm_problem {
    A a;
    B b;
    Y y; /* an epilogue */
    int m, n, k;
};

/* The tile of a block: the first row and column, of which GEMM of the batch, and which split of k. */
struct tile_coord {
    int batch, split, row, column;
    int number; /* of all that are no splits of one */
};

struct tile_scheduler {
    int row_tiles, column_tiles, rows, columns;
    split_k split;

    __device__ tile_coord tile(unsigned block) const {
        tile_coord t;
        t.column = int(block % column_tiles) * columns, block /= column_tiles;
        t.row    = int(block % row_tiles) * rows, block /= row_tiles;
        t.split  = int(block % split.splits);
        t.batch  = int(block / split.splits);
        t.number = (t.batch * row_tiles + t.row / rows) * column_tiles + t.column / columns;
        return t;
    }
};

template <class Tile, class C, class Y>
__device__ inline void store_tile(const accumulator<Tile, C> &acc, const Y &y, const tile_coord &t, int m, int n) {
#pragma unroll
    for (int i = 0; i < Tile::thread_tile_rows; ++i) {
        const int row     = t.row + acc.row(i);
        const coord where = y.row_axis.at(row, m);
        if (row >= m) continue;
#pragma unroll
        for (int j = 0; j < Tile::thread_tile_columns; j += 4)
            y.store4(row, where, t.column + acc.column(j), n, &acc.value[i][j]);
    }
}

template <class Tile, class C>
__device__ inline void store_partial(const accumulator<Tile, C> &acc, const split_k_partials<C> &partials,
                                     const tile_coord &t, int m, int n) {
    C *const to = partials.of(t.split, t.batch);
#pragma unroll
    for (int i = 0; i < Tile::thread_tile_rows; ++i)
#pragma unroll
        for (int j = 0; j < Tile::thread_tile_columns; ++j) {
            const int row = t.row + acc.row(i), column = t.column + acc.column(j);
            if (row < m && column < n) to[size_t(row) * partials.columns + column] = acc.value[i][j];
        }
}

/* Reduces the partials of the block's tile, if it is the last of them to be there. shared: what the block has done
 * with, since tiles may take all the shared memory that there is. */
template <int Threads, class P, class C>
__device__ inline void merge_tile(const P &p, const split_k_partials<C> &partials, const tile_coord &t,
                                  const tile_scheduler &scheduler, void *shared) {
    int *const last  = static_cast<int *>(shared);
    const int splits = scheduler.split.splits, quads = scheduler.columns / 4;
    const C *const first = partials.of(0, t.batch);
    const size_t pitch   = size_t(partials.of(1, 0) - partials.of(0, 0));
    __syncthreads(); /* the partials of the block are written */
    if (threadIdx.x == 0) *last = gli_arrive(partials.arrivals + t.number, unsigned(splits));
    __syncthreads();
    if (!*last) return;
#pragma unroll 1
    for (int i = int(threadIdx.x); i < scheduler.rows * quads; i += Threads) {
        const int m = t.row + i / quads, n = t.column + i % quads * 4;
        C sum[4];
        if (m >= p.m) break;
#pragma unroll
        for (int j = 0; j < 4; ++j)
            sum[j] =
                n + j < p.n ? sum_of_few_splits(first + size_t(m) * partials.columns + n + j, pitch, splits) : C(0);
        p.y.store4(m, p.y.row_axis.at(m, p.m), n, p.n, sum);
    }
    for (int m = t.row + int(threadIdx.x); p.y.row_sums && t.column == 0 && m < min(p.m, t.row + scheduler.rows);
         m += Threads)
        p.y.store_row_sum(m, sum_of_few_splits(first + size_t(m) * partials.columns + p.n, pitch, splits));
}

/* Stores again what is NaN, summed without padding. */
template <class Tile, class C, class P>
__device__ inline void store_without_padding(const accumulator<Tile, C> &acc, const P &p,
                                             const split_k_partials<C> &partials, const tile_coord &t, int begin,
                                             int end) {
    enum { ROWS = Tile::thread_tile_rows, COLUMNS = Tile::thread_tile_columns };
    unsigned long long nans = 0;
    int nan                 = -1;
#pragma unroll
    for (int i = 0; i < ROWS; ++i)
#pragma unroll
        for (int j = 0; j < COLUMNS; ++j) nans |= isnan(acc.value[i][j]) ? 1ull << (i * COLUMNS + j) : 0;
#pragma unroll 1
    for (int e = 0; nans; ++e, nans >>= 1) {
        const int m = t.row + acc.row(e / COLUMNS), n = t.column + acc.column(e % COLUMNS);
        if (!(nans & 1) || m >= p.m || n >= p.n) continue;
        const C sum = sum_without_padding<C>(p, m, n, begin, end, &nan);
        if (partials.data)
            partials.of(t.split, t.batch)[size_t(m) * partials.columns + n] = sum;
        else
            p.y.store(m, n, sum);
    }
}

/* The tiles of a and b that a block is at, and those that it loads. */
template <class T, class Tile>
struct gemm_tiles {
    __align__(16) compute<T> a[2][Tile::depth][Tile::rows + Tile::pad];
    __align__(16) compute<T> b[2][Tile::depth][Tile::columns + Tile::pad];
};

/* Batch: a number of GEMMs of at most one size; problem(i) is one of them. reads_padding: a or b has zeros that are not
 * in memory. block: its number among the batch's blocks; shared: the block's memory. */
template <class T, class Tile, class Batch>
__device__ inline void gemm_block(const Batch &batch, const tile_scheduler &scheduler,
                                  const split_k_partials<compute<T>> &partials, unsigned block,
                                  gemm_tiles<T, Tile> &shared) {
    typedef compute<T> C;
    const tile_coord t = scheduler.tile(block);
    const auto p       = batch.problem(t.batch);
    if (t.row >= p.m || (t.column >= p.n && t.column > 0)) return; /* all of the block */
    const int begin = t.split * scheduler.split.depth, end = min(p.k, begin + scheduler.split.depth);

    tile_loader<decltype(p.a), T, Tile::rows, Tile::depth, Tile::threads> a(p.a, t.row, p.m);
    tile_loader<decltype(p.b), T, Tile::columns, Tile::depth, Tile::threads> b(p.b, t.column, p.n);
    accumulator<Tile, C> acc;
    acc.clear();
    const int own_row    = t.row + int(threadIdx.x);
    const bool sums_rows = p.y.row_sums && t.column == 0 && threadIdx.x < Tile::rows && own_row < p.m;
    C row_sum            = 0;

    a.load(begin, end), b.load(begin, end);
    a.store(shared.a[0]), b.store(shared.b[0]);
    __syncthreads();
    for (int k = begin, now = 0; k < end; k += Tile::depth, now ^= 1) {
        const bool more = k + Tile::depth < end;
        if (more) a.load(k + Tile::depth, end), b.load(k + Tile::depth, end);
        acc.multiply_add(shared.a[now], shared.b[now]);
        for (int i = 0; sums_rows && i < Tile::depth; ++i) row_sum += shared.a[now][i][threadIdx.x];
        if (more) a.store(shared.a[now ^ 1]), b.store(shared.b[now ^ 1]);
        __syncthreads();
    }

    if (partials.data) {
        store_partial(acc, partials, t, p.m, p.n);
        if (sums_rows) partials.of(t.split, t.batch)[size_t(own_row) * partials.columns + p.n] = row_sum;
    } else {
        store_tile(acc, p.y, t, p.m, p.n);
        if (sums_rows) p.y.store_row_sum(own_row, row_sum);
    }
    if constexpr (Batch::may_read_padding)
        if (batch.reads_padding) store_without_padding(acc, p, partials, t, begin, end);
    if (partials.arrivals) merge_tile<Tile::threads>(p, partials, t, scheduler, &shared);
}

template <class T, class Tile, class Batch>
__global__ void __launch_bounds__(Tile::threads, 1)
    gemm_kernel(Batch batch, tile_scheduler scheduler, split_k_partials<compute<T>> partials) {
    __shared__ gemm_tiles<T, Tile> shared;
    gemm_block(batch, scheduler, partials, blockIdx.x, shared);
}

/* A batch in tiles. `size` has the largest m, n and k. */
template <class C>
struct tiled_gemm {
    tile_scheduler scheduler;
    split_k_partials<C> partials;
    int64_t tiles;

    int64_t blocks() const { return tiles * scheduler.split.splits; }
};

/* counters: how many of those of the run the batch may have. */
template <class C>
tiled_gemm<C> in_tiles(const gemm_size &size, int rows, int columns, const gli_gemm_run &run,
                       int64_t counters = GLI_GEMM_ARRIVALS) {
    const split_k split = split_k_for(size);
    tiled_gemm<C> g     = {{blocks_for(size.m, rows), column_tiles_of(size, columns), rows, columns, split},
                           partials_of<C>(size, split, run.workspace),
                           0};
    g.tiles             = int64_t(g.scheduler.row_tiles) * g.scheduler.column_tiles * size.batch;
    if (g.partials.data && split.splits <= REDUCE_LANES && g.tiles <= counters) g.partials.arrivals = run.arrivals;
    return g;
}

/* What comes after the launch: the sums of many splits. */
template <class T, class Batch>
cudaError_t finish_gemm(const Batch &batch, const gemm_size &size, const tiled_gemm<compute<T>> &g,
                        cudaStream_t stream) {
    if (!g.partials.data || g.partials.arrivals) return cudaSuccess;
    return reduce_splits<T>(batch, size, g.scheduler.split, g.partials, stream);
}

/* Calls launch(blocks, scheduler, partials), with a block for each tile of rows x columns, and launches what sums many
 * splits. `size` has the largest m, n and k of the batch. */
template <class T, class Batch, class Launch>
cudaError_t launch_tiles(const Batch &batch, const gemm_size &size, int rows, int columns, const gli_gemm_run &run,
                         Launch launch) {
    const tiled_gemm<compute<T>> g = in_tiles<compute<T>>(size, rows, columns, run);
    if (g.blocks() > INT32_MAX) return cudaErrorInvalidConfiguration;
    const cudaError_t error = launch(unsigned(g.blocks()), g.scheduler, g.partials);
    return error != cudaSuccess ? error : finish_gemm<T>(batch, size, g, run.stream);
}

template <class T, class Tile, class Batch>
cudaError_t launch_gemm(const Batch &batch, const gemm_size &size, const gli_gemm_run &run) {
    return launch_tiles<T>(batch, size, Tile::rows, Tile::columns, run,
                           [&](unsigned blocks, const tile_scheduler &scheduler, const auto &partials) {
                               return GLI_LAUNCH((gemm_kernel<T, Tile, Batch>), blocks, Tile::threads, 0, run.stream,
                                                 batch, scheduler, partials);
                           });
}

/* Whether tiles of that size occupy every multiprocessor, and waste little at the borders. */
inline bool fills_gpu(const gemm_size &size, int rows, int columns, int multiprocessors) {
    const int64_t row_tiles = blocks_for(size.m, rows), column_tiles = column_tiles_of(size, columns);
    const bool full = row_tiles * rows * column_tiles * columns <= int64_t(size.m) * size.n / 2 * 3;
    return full && row_tiles * column_tiles * size.batch * split_k_for(size).splits >= multiprocessors;
}

enum tile_size { SMALL_TILE, MEDIUM_TILE, LARGE_TILE };

/* The size of the tile changes no bit of y, and so may depend on the GPU. */
template <class T>
tile_size tile_for(const gemm_size &size, int multiprocessors) {
    if (sizeof(T) == 4 && fills_gpu(size, large_tile::rows, large_tile::columns, multiprocessors)) return LARGE_TILE;
    return fills_gpu(size, medium_tile::rows, medium_tile::columns, multiprocessors) ? MEDIUM_TILE : SMALL_TILE;
}

/* Calls f(tile) for a tile of that size. */
template <class T, class F>
cudaError_t with_tile(tile_size size, F f) {
    if constexpr (sizeof(T) == 4)
        if (size == LARGE_TILE) return f(large_tile());
    return size == MEDIUM_TILE ? f(medium_tile()) : f(small_tile());
}

inline bool empty(const gemm_size &size) { return size.m == 0 || column_tiles_of(size, 1) == 0 || size.batch == 0; }

template <class T, class Batch>
cudaError_t gemm(const Batch &batch, const gemm_size &size, const gli_gemm_run &run) {
    if (empty(size)) return cudaSuccess;
    return with_tile<T>(tile_for<T>(size, run.gpu.multiprocessors),
                        [&](auto tile) { return launch_gemm<T, decltype(tile)>(batch, size, run); });
}

}  // namespace glia

#endif
