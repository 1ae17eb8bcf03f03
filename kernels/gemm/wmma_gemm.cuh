/* Products on tensor cores, through nvcuda::wmma: the batches of gemm.cuh, with the elements of a and b rounded to
 * bf16, f16 or tf32 where they are not, and sums in float. */
#ifndef GLI_KERNELS_GEMM_WMMA_GEMM_CUH
#define GLI_KERNELS_GEMM_WMMA_GEMM_CUH

#include "glia/context.h"
#include "kernels/gemm/gemm.cuh"

namespace glia {

struct tf32 {};

/* How tensor cores take elements: fragments of 16 x 16 x depth, `stored` is what they are loaded from. Devices before
 * 8.0 have f16 only. */
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

/* A block forms 64 x 64 of y with eight warps, each of them 32 x 16. Rows of the tiles in shared memory are padded:
 * they begin at multiples of 16 bytes, those of fragments at multiples of 32. */
template <class S>
struct tensor_tile {
    typedef tensor_element<S> element;
    typedef typename element::stored stored;
    enum {
        rows          = 64,
        columns       = 64,
        depth         = 64 / sizeof(stored),
        pitch         = 80 / sizeof(stored),
        threads       = 256,
        warp_rows     = 32,
        warp_columns  = 16,
        warps_in_rows = rows / warp_rows,
        sum_pitch     = warp_columns + 4,
    };
    typedef nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, element::depth, typename element::fragment,
                                   nvcuda::wmma::row_major>
        left;
    typedef nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, element::depth, typename element::fragment,
                                   nvcuda::wmma::col_major>
        right;
    typedef nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, element::depth, float> sums;

    stored a[2][rows][pitch];
    stored b[2][columns][pitch];

    /* A warp's sums, after the last tile: [row][sum_pitch] */
    __device__ float *sums_of(int warp) { return reinterpret_cast<float *>(a) + warp * warp_rows * sum_pitch; }
};

/* [row][k], from what a reader holds. */
template <class S, class Reader>
__device__ inline void write_tensor_tile(const Reader &r,
                                         typename tensor_element<S>::stored (*to)[tensor_tile<S>::pitch]) {
#pragma unroll
    for (int e = 0; e < Reader::count; ++e) {
        const int near = r.x.wide ? r.along + e % 4 : r.along, far = r.across + (r.x.wide ? e / 4 : e) * r.step;
        (r.x.along_summed ? to[far][near] : to[near][far]) = tensor_element<S>::round(r.value[e]);
    }
}

/* One warp's share of the product of two tiles. */
template <class S>
__device__ inline void add_fragments(const tensor_tile<S> &t, int now, int row, int column,
                                     typename tensor_tile<S>::sums (&sum)[2]) {
    typedef tensor_tile<S> Tile;
#pragma unroll
    for (int k = 0; k < Tile::depth; k += Tile::element::depth) {
        typename Tile::left left;
        typename Tile::right right;
        nvcuda::wmma::load_matrix_sync(right, &t.b[now][column][k], Tile::pitch);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            nvcuda::wmma::load_matrix_sync(left, &t.a[now][row + 16 * i][k], Tile::pitch);
            nvcuda::wmma::mma_sync(sum[i], left, right, sum[i]);
        }
    }
}

/* A warp's sums, in fours, from shared memory to where they belong. */
template <class S, class Y>
__device__ inline void write_warp(const float *from, const Y &y, const partial_sums<float> &partial, const piece &at,
                                  int m, int n) {
    typedef tensor_tile<S> Tile;
    enum { FOURS = Tile::warp_columns / 4 };
    for (int i = int(threadIdx.x) % 32; i < Tile::warp_rows * FOURS; i += 32) {
        const int row = at.row + i / FOURS, column = at.column + i % FOURS * 4;
        const float *sum = from + i / FOURS * Tile::sum_pitch + i % FOURS * 4;
        if (row >= m) continue;
        if (!partial.data) {
            y.write_four(row, y.rows.at(row, m), column, n, sum);
            continue;
        }
        float *const to = partial.of(at.slice, at.item) + size_t(row) * partial.columns;
        for (int j = 0; j < 4 && column + j < n; ++j) to[column + j] = sum[j];
    }
}

template <class T, class S, class Batch>
__device__ inline void multiply_tensor_tiles(const Batch &batch, const tiling &cuts,
                                             const partial_sums<float> &partial) {
    typedef tensor_tile<S> Tile;
    __shared__ __align__(32) unsigned char memory[sizeof(Tile)];
    Tile &tile     = *reinterpret_cast<Tile *>(memory);
    const piece at = cuts.of(blockIdx.x);
    const auto p   = batch.at(at.item);
    if (at.row >= p.m || (at.column >= p.n && at.column > 0)) return; /* all of the block */
    const int begin = at.slice * cuts.cut.depth, end = min(p.k, begin + cuts.cut.depth);
    const int warp = int(threadIdx.x) / 32, own_row = at.row + int(threadIdx.x);
    const piece own = {at.item, at.slice, warp % Tile::warps_in_rows * Tile::warp_rows,
                       warp / Tile::warps_in_rows * Tile::warp_columns};

    tile_reader<decltype(p.a), T, Tile::rows, Tile::depth, Tile::threads> a(p.a, at.row, p.m);
    tile_reader<decltype(p.b), T, Tile::columns, Tile::depth, Tile::threads> b(p.b, at.column, p.n);
    typename Tile::sums sum[2];
    nvcuda::wmma::fill_fragment(sum[0], 0.0f);
    nvcuda::wmma::fill_fragment(sum[1], 0.0f);
    const bool sums_rows = p.y.row_sums && at.column == 0 && threadIdx.x < Tile::rows && own_row < p.m;
    float row_sum        = 0;

    a.read(begin, end), b.read(begin, end);
    write_tensor_tile<S>(a, tile.a[0]), write_tensor_tile<S>(b, tile.b[0]);
    __syncthreads();
    for (int k = begin, now = 0; k < end; k += Tile::depth, now ^= 1) {
        const bool more = k + Tile::depth < end;
        if (more) a.read(k + Tile::depth, end), b.read(k + Tile::depth, end);
        add_fragments(tile, now, own.row, own.column, sum);
        for (int i = 0; sums_rows && i < Tile::depth; ++i) row_sum += widen(tile.a[now][threadIdx.x][i]);
        if (more) write_tensor_tile<S>(a, tile.a[now ^ 1]), write_tensor_tile<S>(b, tile.b[now ^ 1]);
        __syncthreads();
    }

    float *const mine = tile.sums_of(warp);
    nvcuda::wmma::store_matrix_sync(mine, sum[0], Tile::sum_pitch, nvcuda::wmma::mem_row_major);
    nvcuda::wmma::store_matrix_sync(mine + 16 * Tile::sum_pitch, sum[1], Tile::sum_pitch, nvcuda::wmma::mem_row_major);
    __syncwarp();
    write_warp<S>(mine, p.y, partial, {at.item, at.slice, at.row + own.row, at.column + own.column}, p.m, p.n);
    if (!sums_rows) return;
    if (partial.data)
        partial.of(at.slice, at.item)[size_t(own_row) * partial.columns + p.n] = row_sum;
    else
        p.y.write_row_sum(own_row, row_sum);
}

/* On a device without such tensor cores it does nothing; it is not launched there. */
template <class T, class S, class Batch>
__global__ void __launch_bounds__(256, 1) tensor_kernel(Batch batch, tiling cuts, partial_sums<float> partial) {
    if constexpr (tensor_element<S>::exists) multiply_tensor_tiles<T, S>(batch, cuts, partial);
}

template <class T, class S, class Batch>
cudaError_t multiply_on_tensor_cores(const Batch &batch, const product_sizes &sizes, void *workspace,
                                     cudaStream_t stream) {
    enum { TILE = 64, THREADS = 256 };
    if (sizes.m == 0 || column_tiles_of(sizes, 1) == 0 || sizes.items == 0) return cudaSuccess;
    const slicing cut                 = slicing_of(sizes);
    const tiling cuts                 = {blocks_for(sizes.m, TILE), column_tiles_of(sizes, TILE), TILE, TILE, cut};
    const partial_sums<float> partial = partial_sums_of<float>(sizes, cut, workspace);
    const int64_t blocks              = int64_t(cuts.row_tiles) * cuts.column_tiles * cut.slices * sizes.items;
    if (blocks > INT32_MAX) return cudaErrorInvalidConfiguration;
    const cudaError_t error =
        GLI_LAUNCH((tensor_kernel<T, S, Batch>), unsigned(blocks), THREADS, 0, stream, batch, cuts, partial);
    return error != cudaSuccess || !partial.data ? error : add_slices<T>(batch, sizes, cut, partial, stream);
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
