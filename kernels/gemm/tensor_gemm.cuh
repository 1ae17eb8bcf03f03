/* The batched GEMM of gemm.cuh on tensor cores: elements of a and b are rounded to bf16, f16 or tf32 where they are not
 * of that type, and accumulated in float. */
#ifndef GLI_KERNELS_GEMM_TENSOR_GEMM_CUH
#define GLI_KERNELS_GEMM_TENSOR_GEMM_CUH

#include "glia/context.h"
#include "kernels/device/mma.cuh"
#include "kernels/gemm/gemm.cuh"

namespace glia {

/* An element type of tensor cores, which tiles store as `stored`. GPUs before compute capability 8.0 have f16 only. */
template <class S>
struct tensor_element {
    enum { exists = false };
};

template <>
struct tensor_element<f16> {
    enum { exists = true };
    typedef f16 stored;
    __device__ static f16 from(f16 x) { return x; }
};

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
template <>
struct tensor_element<bf16> {
    enum { exists = true };
    typedef bf16 stored;
    __device__ static bf16 from(bf16 x) { return x; }
    __device__ static bf16 from(float x) { return __float2bfloat16_rn(x); }
};

template <>
struct tensor_element<tf32> {
    enum { exists = true };
    typedef float stored;
    __device__ static float from(float x) { return round_to_tf32(x); }
};
#endif

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
        acc_pitch    = warp_columns + 4,
    };

    stored a[2][rows][pitch];
    stored b[2][columns][pitch];

    /* The result of a warp, where the tiles were before: [row][acc_pitch]. */
    __device__ float *acc_of(int warp) {
        static_assert(threads / 32 * warp_rows * acc_pitch * sizeof(float) <= sizeof(a) + sizeof(b), "all warps fit");
        return reinterpret_cast<float *>(this) + warp * warp_rows * acc_pitch;
    }
};

/* What a warp accumulates: 16 x 8 blocks of its 32 x 16. */
struct tensor_accumulator {
    float value[2][2][4] = {};

    /* The product of two tiles. */
    template <class S>
    __device__ void multiply_tiles(const tensor_tile<S> &t, int now, int row, int column) {
        typedef tensor_tile<S> Tile;
        const int lane = int(threadIdx.x) % 32, half = Tile::step / 2;
#pragma unroll
        for (int k = 0; k < Tile::depth; k += Tile::step) {
            unsigned a[2][4], b[4];
            load_blocks(b, &t.b[now][column + lane / 16 * 8 + lane % 8][k + lane / 8 % 2 * half]);
#pragma unroll
            for (int i = 0; i < 2; ++i) load_blocks(a[i], &t.a[now][row + 16 * i + lane % 16][k + lane / 16 * half]);
#pragma unroll
            for (int i = 0; i < 2; ++i)
#pragma unroll
                for (int j = 0; j < 2; ++j) multiply_add<S>(value[i][j], a[i], {b[2 * j], b[2 * j + 1]});
        }
    }

    __device__ void store(float *to, int pitch) const {
        const int lane = int(threadIdx.x) % 32;
#pragma unroll
        for (int i = 0; i < 2; ++i)
#pragma unroll
            for (int j = 0; j < 2; ++j)
#pragma unroll
                for (int e = 0; e < 4; ++e) {
                    const int row = 16 * i + e / 2 * 8 + lane / 4, column = 8 * j + lane % 4 * 2 + e % 2;
                    to[row * pitch + column] = value[i][j][e];
                }
    }
};

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

/* Stores the result of a warp from shared memory to y, or to the partials, four columns at a time. */
template <class S, class Y>
__device__ inline void store_warp(const float *from, const Y &y, const split_k_partials<float> &partials,
                                  const tile_coord &t, int m, int n) {
    typedef tensor_tile<S> Tile;
    enum { QUADS = Tile::warp_columns / 4 };
    for (int i = int(threadIdx.x) % 32; i < Tile::warp_rows * QUADS; i += 32) {
        const int row = t.row + i / QUADS, column = t.column + i % QUADS * 4;
        const float *acc = from + i / QUADS * Tile::acc_pitch + i % QUADS * 4;
        if (row >= m) continue;
        if (!partials.data) {
            y.store4(row, y.row_axis.at(row, m), column, n, acc);
            continue;
        }
        float *const to = partials.of(t.split, t.batch) + size_t(row) * partials.columns;
        for (int j = 0; j < 4 && column + j < n; ++j) to[column + j] = acc[j];
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
    tensor_accumulator acc;
    const bool sums_rows = p.y.row_sums && t.column == 0 && threadIdx.x < Tile::rows && own_row < p.m;
    float row_sum        = 0;

    a.load(begin, end), b.load(begin, end);
    store_tensor_tile<S, T>(a, tile.a[0]), store_tensor_tile<S, T>(b, tile.b[0]);
    __syncthreads();
    for (int k = begin, now = 0; k < end; k += Tile::depth, now ^= 1) {
        const bool more = k + Tile::depth < end;
        if (more) a.load(k + Tile::depth, end), b.load(k + Tile::depth, end);
        acc.multiply_tiles(tile, now, warp_row, warp_column);
        for (int i = 0; sums_rows && i < Tile::depth; ++i) row_sum += to_compute(tile.a[now][threadIdx.x][i]);
        if (more) store_tensor_tile<S, T>(a, tile.a[now ^ 1]), store_tensor_tile<S, T>(b, tile.b[now ^ 1]);
        __syncthreads();
    }

    float *const own = tile.acc_of(warp);
    acc.store(own, Tile::acc_pitch);
    __syncwarp();
    store_warp<S>(own, p.y, partials, {t.batch, t.split, t.row + warp_row, t.column + warp_column}, p.m, p.n);
    if (!sums_rows) return;
    if (partials.data)
        partials.of(t.split, t.batch)[size_t(own_row) * partials.columns + p.n] = row_sum;
    else
        p.y.store_row_sum(own_row, row_sum);
}

/* Empty for a GPU without such tensor cores, where it is not launched. */
template <class T, class S, class Batch>
__global__ void __launch_bounds__(256, 1)
    tensor_gemm_kernel(Batch batch, tile_scheduler scheduler, split_k_partials<float> partials) {
    if constexpr (tensor_element<S>::exists) run_tensor_gemm<T, S>(batch, scheduler, partials);
}

template <class T, class S, class Batch>
cudaError_t tensor_gemm(const Batch &batch, const gemm_size &size, void *workspace, cudaStream_t stream) {
    enum { TILE = 64, THREADS = 256 };
    if (size.m == 0 || column_tiles_of(size, 1) == 0 || size.batch == 0) return cudaSuccess;
    const split_k split                    = split_k_for(size);
    const tile_scheduler scheduler         = {blocks_for(size.m, TILE), column_tiles_of(size, TILE), TILE, TILE, split};
    const split_k_partials<float> partials = partials_of<float>(size, split, workspace);
    const int64_t blocks = int64_t(scheduler.row_tiles) * scheduler.column_tiles * split.splits * size.batch;
    if (blocks > INT32_MAX) return cudaErrorInvalidConfiguration;
    const cudaError_t error =
        GLI_LAUNCH((tensor_gemm_kernel<T, S, Batch>), unsigned(blocks), THREADS, 0, stream, batch, scheduler, partials);
    return error != cudaSuccess || !partials.data ? error : reduce_splits<T>(batch, size, split, partials, stream);
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
