/* The batched GEMM of gemm.cuh on tensor cores, for any operands: elements of a and b pass through registers, where
 * they are rounded to bf16, f16 or tf32 if they are not of that type, and are accumulated in float. Operands that can
 * be copied as they are take the way of staged_gemm.cuh. */
#ifndef GLI_KERNELS_GEMM_TENSOR_GEMM_CUH
#define GLI_KERNELS_GEMM_TENSOR_GEMM_CUH

#include "glia/context.h"
#include "kernels/gemm/staged_gemm.cuh"

namespace glia {

/* A block computes 64 x 64 of y with eight warps, each of them 32 x 16. Rows of the tiles have 64 bytes of elements and
 * 16 between them, so that the eight rows of a block of load_blocks lie in different banks. */
template <class S>
struct tensor_tile {
    typedef typename tensor_element<S>::stored stored;
    enum {
        rows         = 64,
        columns      = 64,
        depth        = 64 / sizeof(stored),
        pitch        = 80 / sizeof(stored),
        step         = 32 / sizeof(stored), /* of k in one instruction */
        threads      = 256,
        warp_rows    = 32,
        warp_columns = 16,
        warps_down   = rows / warp_rows,
    };
    typedef tensor_accumulator<warp_rows, warp_columns> accumulator;

    stored a[2][rows][pitch];
    stored b[2][columns][pitch];

    /* The result of a warp, where the tiles were before. */
    __device__ float *acc_of(int warp) {
        static_assert(threads / 32 * warp_rows * accumulator::pitch * sizeof(float) <= sizeof(a) + sizeof(b),
                      "all warps fit");
        return reinterpret_cast<float *>(this) + warp * warp_rows * accumulator::pitch;
    }
};

/* The product of two tiles, for the warp whose rows and columns begin at `row` and `column`. */
template <class S>
__device__ inline void multiply_tiles(tensor_accumulator<32, 16> &acc, const tensor_tile<S> &t, int now, int row,
                                      int column) {
    typedef tensor_tile<S> Tile;
    const int lane = int(threadIdx.x) % 32, half = Tile::step / 2;
#pragma unroll
    for (int k = 0; k < Tile::depth; k += Tile::step) {
        unsigned a[2][4], b[1][4];
        load_blocks(b[0], &t.b[now][column + lane / 16 * 8 + lane % 8][k + lane / 8 % 2 * half]);
#pragma unroll
        for (int i = 0; i < 2; ++i) load_blocks(a[i], &t.a[now][row + 16 * i + lane % 16][k + lane / 16 * half]);
        acc.template multiply<S>(a, b);
    }
}

/* Stores the tile that a loader has in registers to [row][k]. */
template <class S, class T, class Loader>
__device__ inline void store_tensor_tile(const Loader &l,
                                         typename tensor_element<S>::stored (*to)[tensor_tile<S>::pitch]) {
    typedef typename tensor_element<S>::stored stored;
#pragma unroll
    for (int q = 0; q < Loader::count / 4; ++q) {
        T loaded[4];
        vec4<stored> out;
        unpack4(l.value[q], loaded);
#pragma unroll
        for (int i = 0; i < 4; ++i) out.at[i] = tensor_element<S>::from(loaded[i]);
        if (l.x.vectorized && l.x.k_contiguous) {
            *reinterpret_cast<vec4<stored> *>(&to[l.strided + q * l.stride][l.contiguous]) = out;
            continue;
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int near = l.x.vectorized ? l.contiguous + i : l.contiguous;
            const int far  = l.strided + (l.x.vectorized ? q : 4 * q + i) * l.stride;
            (l.x.k_contiguous ? to[far][near] : to[near][far]) = out.at[i];
        }
    }
}

template <class T, class S, class Batch>
__device__ inline void run_tensor_gemm(const Batch &batch, const tile_scheduler &scheduler,
                                       const split_k_partials<float> &partials) {
    typedef tensor_tile<S> Tile;
    __shared__ __align__(16) unsigned char memory[sizeof(Tile)];
    Tile &tile         = *reinterpret_cast<Tile *>(memory);
    const tile_coord t = scheduler.tile(blockIdx.x);
    const auto p       = batch.problem(t.batch);
    if (t.row >= p.m || (t.column >= p.n && t.column > 0)) return; /* all of the block */
    const int begin = t.split * scheduler.split.depth, end = min(p.k, begin + scheduler.split.depth);
    const int warp = int(threadIdx.x) / 32, own_row = t.row + int(threadIdx.x);
    const int warp_row    = warp % Tile::warps_down * Tile::warp_rows;
    const int warp_column = warp / Tile::warps_down * Tile::warp_columns;

    tile_loader<decltype(p.a), T, Tile::rows, Tile::depth, Tile::threads> a(p.a, t.row, p.m);
    tile_loader<decltype(p.b), T, Tile::columns, Tile::depth, Tile::threads> b(p.b, t.column, p.n);
    typename Tile::accumulator acc;
    const bool sums_rows = p.y.row_sums && t.column == 0 && threadIdx.x < Tile::rows && own_row < p.m;
    float row_sum        = 0;

    a.load(begin, end), b.load(begin, end);
    store_tensor_tile<S, T>(a, tile.a[0]), store_tensor_tile<S, T>(b, tile.b[0]);
    __syncthreads();
    for (int k = begin, now = 0; k < end; k += Tile::depth, now ^= 1) {
        const bool more = k + Tile::depth < end;
        if (more) a.load(k + Tile::depth, end), b.load(k + Tile::depth, end);
        multiply_tiles(acc, tile, now, warp_row, warp_column);
        for (int i = 0; sums_rows && i < Tile::depth; ++i) row_sum += to_compute(tile.a[now][threadIdx.x][i]);
        if (more) store_tensor_tile<S, T>(a, tile.a[now ^ 1]), store_tensor_tile<S, T>(b, tile.b[now ^ 1]);
        __syncthreads();
    }

    float *const own = tile.acc_of(warp);
    acc.store(own, 0);
    __syncwarp();
    store_warp<typename Tile::accumulator>(
        own, batch, p, partials, {t.batch, t.split, t.row + warp_row, t.column + warp_column, t.number}, begin, end);
    if (sums_rows && partials.data)
        partials.of(t.split, t.batch)[size_t(own_row) * partials.columns + p.n] = row_sum;
    else if (sums_rows)
        p.y.store_row_sum(own_row, row_sum);
    if (partials.arrivals) merge_tile<Tile::threads>(p, partials, t, scheduler, memory);
}

/* Empty for a GPU without such tensor cores, where it is not launched. */
template <class T, class S, class Batch>
__global__ void __launch_bounds__(256, 1)
    tensor_gemm_kernel(Batch batch, tile_scheduler scheduler, split_k_partials<float> partials) {
    if constexpr (tensor_element<S>::exists) run_tensor_gemm<T, S>(batch, scheduler, partials);
}

/* One or the other: an element of y is summed in the same order by all of them. */
template <class T, class S, class Batch>
cudaError_t tensor_gemm(const Batch &batch, const gemm_size &size, const gli_gemm_run &run) {
    if (size.m == 0 || column_tiles_of(size, 1) == 0 || size.batch == 0) return cudaSuccess;
    if constexpr (can_ever_stage<T, S, Batch>)
        if (run.gpu.compute_capability >= 80 && batch.in_chunks(sizeof(T) > 2))
            return staged_gemm<T, S>(batch, size, run);
    typedef tensor_tile<f16> Tile; /* all have these sizes */
    return launch_tiles<T>(batch, size, Tile::rows, Tile::columns, run,
                           [&](unsigned blocks, const tile_scheduler &scheduler, const auto &partials) {
                               return GLI_LAUNCH((tensor_gemm_kernel<T, S, Batch>), blocks, Tile::threads, 0,
                                                 run.stream, batch, scheduler, partials);
                           });
}

}  // namespace glia

/* `return GLI_FOR_TENSOR(dtype, math, T, S, launch<T, S>(...))`: T is the type in memory, S that of the tensor cores.
 */
#define GLI_FOR_TENSOR(dtype, math, T, S, ...)             \
    [&]() -> cudaError_t {                                 \
        if (dtype == GLIA_BF16) {                          \
            using T = glia::bf16;                          \
            using S = glia::bf16;                          \
            return __VA_ARGS__;                            \
        }                                                  \
        if (dtype == GLIA_F16) {                           \
            using T = glia::f16;                           \
            using S = glia::f16;                           \
            return __VA_ARGS__;                            \
        }                                                  \
        if (dtype == GLIA_F32 && math == GLIA_MATH_TF32) { \
            using T = float;                               \
            using S = glia::tf32;                          \
            return __VA_ARGS__;                            \
        }                                                  \
        if (dtype == GLIA_F32 && math == GLIA_MATH_BF16) { \
            using T = float;                               \
            using S = glia::bf16;                          \
            return __VA_ARGS__;                            \
        }                                                  \
        return cudaErrorInvalidValue;                      \
    }()

#endif
