/* The batched GEMM of gemm.cuh on tensor cores, through nvcuda::wmma: elements of a and b are rounded to bf16, f16 or
 * tf32 where they are not of that type, and accumulated in float. */
#ifndef GLI_KERNELS_GEMM_WMMA_GEMM_CUH
#define GLI_KERNELS_GEMM_WMMA_GEMM_CUH

#include "glia/context.h"
#include "kernels/gemm/gemm.cuh"

namespace glia {

struct tf32 {};

/* An element type of tensor cores: fragments of 16 x 16 x depth, which are loaded from arrays of `stored`. GPUs before
 * compute capability 8.0 have f16 only. */
template <class S>
struct tensor_element {
    enum { exists = false };
};

template <>
struct tensor_element<f16> {
    enum { exists = true, depth = 16 };
    typedef f16 stored, fragment;
    __device__ static f16 round(float x) { return __float2half_rn(x); }
};

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
template <>
struct tensor_element<bf16> {
    enum { exists = true, depth = 16 };
    typedef bf16 stored, fragment;
    __device__ static bf16 round(float x) { return __float2bfloat16_rn(x); }
};

template <>
struct tensor_element<tf32> {
    enum { exists = true, depth = 8 };
    typedef float stored;
    typedef nvcuda::wmma::precision::tf32 fragment;
    __device__ static float round(float x) { return nvcuda::wmma::__float_to_tf32(x); }
};
#endif

/* A block computes 64 x 64 of y with eight warps, each of them 32 x 16. Rows of the tiles in shared memory are padded:
 * they begin at multiples of 16 bytes, those of fragments at multiples of 32. */
template <class S>
struct tensor_tile {
    typedef tensor_element<S> element;
    typedef typename element::stored stored;
    enum {
        rows         = 64,
        columns      = 64,
        depth        = 64 / sizeof(stored),
        pitch        = 80 / sizeof(stored),
        threads      = 256,
        warp_rows    = 32,
        warp_columns = 16,
        warps_down   = rows / warp_rows,
        acc_pitch    = warp_columns + 4,
    };
    typedef nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, element::depth, typename element::fragment,
                                   nvcuda::wmma::row_major>
        a_fragment;
    typedef nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, element::depth, typename element::fragment,
                                   nvcuda::wmma::col_major>
        b_fragment;
    typedef nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, element::depth, float> acc_fragment;

    stored a[2][rows][pitch];
    stored b[2][columns][pitch];

    /* The result of a warp, where a was before: [row][acc_pitch]. */
    __device__ float *acc_of(int warp) { return reinterpret_cast<float *>(a) + warp * warp_rows * acc_pitch; }
};

/* Stores the tile that a loader has in registers to [row][k]. */
template <class S, class Loader>
__device__ inline void store_tensor_tile(const Loader &l,
                                         typename tensor_element<S>::stored (*to)[tensor_tile<S>::pitch]) {
#pragma unroll
    for (int e = 0; e < Loader::count; ++e) {
        const int near                                     = l.x.vectorized ? l.contiguous + e % 4 : l.contiguous;
        const int far                                      = l.strided + (l.x.vectorized ? e / 4 : e) * l.stride;
        (l.x.k_contiguous ? to[far][near] : to[near][far]) = tensor_element<S>::round(l.value[e]);
    }
}

/* What one warp accumulates of the product of two tiles. */
template <class S>
__device__ inline void multiply_add_fragments(const tensor_tile<S> &t, int now, int row, int column,
                                              typename tensor_tile<S>::acc_fragment (&acc)[2]) {
    typedef tensor_tile<S> Tile;
#pragma unroll
    for (int k = 0; k < Tile::depth; k += Tile::element::depth) {
        typename Tile::a_fragment a;
        typename Tile::b_fragment b;
        nvcuda::wmma::load_matrix_sync(b, &t.b[now][column][k], Tile::pitch);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            nvcuda::wmma::load_matrix_sync(a, &t.a[now][row + 16 * i][k], Tile::pitch);
            nvcuda::wmma::mma_sync(acc[i], a, b, acc[i]);
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
__device__ inline void run_wmma_gemm(const Batch &batch, const tile_scheduler &scheduler,
                                     const split_k_partials<float> &partials) {
    typedef tensor_tile<S> Tile;
    __shared__ __align__(32) unsigned char memory[sizeof(Tile)];
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
    typename Tile::acc_fragment acc[2];
    nvcuda::wmma::fill_fragment(acc[0], 0.0f);
    nvcuda::wmma::fill_fragment(acc[1], 0.0f);
    const bool sums_rows = p.y.row_sums && t.column == 0 && threadIdx.x < Tile::rows && own_row < p.m;
    float row_sum        = 0;

    a.load(begin, end), b.load(begin, end);
    store_tensor_tile<S>(a, tile.a[0]), store_tensor_tile<S>(b, tile.b[0]);
    __syncthreads();
    for (int k = begin, now = 0; k < end; k += Tile::depth, now ^= 1) {
        const bool more = k + Tile::depth < end;
        if (more) a.load(k + Tile::depth, end), b.load(k + Tile::depth, end);
        multiply_add_fragments(tile, now, warp_row, warp_column, acc);
        for (int i = 0; sums_rows && i < Tile::depth; ++i) row_sum += to_compute(tile.a[now][threadIdx.x][i]);
        if (more) store_tensor_tile<S>(a, tile.a[now ^ 1]), store_tensor_tile<S>(b, tile.b[now ^ 1]);
        __syncthreads();
    }

    float *const own = tile.acc_of(warp);
    nvcuda::wmma::store_matrix_sync(own, acc[0], Tile::acc_pitch, nvcuda::wmma::mem_row_major);
    nvcuda::wmma::store_matrix_sync(own + 16 * Tile::acc_pitch, acc[1], Tile::acc_pitch, nvcuda::wmma::mem_row_major);
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
    wmma_gemm_kernel(Batch batch, tile_scheduler scheduler, split_k_partials<float> partials) {
    if constexpr (tensor_element<S>::exists) run_wmma_gemm<T, S>(batch, scheduler, partials);
}

template <class T, class S, class Batch>
cudaError_t wmma_gemm(const Batch &batch, const gemm_size &size, void *workspace, cudaStream_t stream) {
    enum { TILE = 64, THREADS = 256 };
    if (size.m == 0 || column_tiles_of(size, 1) == 0 || size.batch == 0) return cudaSuccess;
    const split_k split                    = split_k_for(size);
    const tile_scheduler scheduler         = {blocks_for(size.m, TILE), column_tiles_of(size, TILE), TILE, TILE, split};
    const split_k_partials<float> partials = partials_of<float>(size, split, workspace);
    const int64_t blocks = int64_t(scheduler.row_tiles) * scheduler.column_tiles * split.splits * size.batch;
    if (blocks > INT32_MAX) return cudaErrorInvalidConfiguration;
    const cudaError_t error =
        GLI_LAUNCH((wmma_gemm_kernel<T, S, Batch>), unsigned(blocks), THREADS, 0, stream, batch, scheduler, partials);
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
