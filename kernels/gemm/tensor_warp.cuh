/* What both GEMMs on tensor cores share: the element types, what a warp accumulates, and how it is stored. */
#ifndef GLI_KERNELS_GEMM_TENSOR_WARP_CUH
#define GLI_KERNELS_GEMM_TENSOR_WARP_CUH

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

/* What a warp accumulates: 16 x 8 blocks of its Rows x Columns. */
template <int Rows, int Columns>
struct tensor_accumulator {
    enum {
        down    = Rows / 16,
        across  = Columns / 8,
        at_once = 32,          /* rows that store writes */
        pitch   = Columns + 4, /* of what it writes */
    };

    float value[down][across][4] = {};

    /* The product of one instruction's depth: of a the words of each 16 rows, of b those of each 16 columns. */
    template <class S>
    __device__ void multiply(const unsigned (&a)[down][4], const unsigned (&b)[across / 2][4]) {
#pragma unroll
        for (int i = 0; i < down; ++i)
#pragma unroll
            for (int j = 0; j < across; ++j)
                multiply_add<S>(value[i][j], a[i], {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]});
    }

    /* Rows first * 16 to first * 16 + 31, as [row][pitch]. */
    __device__ void store(float *to, int first) const {
        const int lane = int(threadIdx.x) % 32;
#pragma unroll
        for (int i = 0; i < down; ++i) {
            if (i / 2 * 2 != first) continue;
#pragma unroll
            for (int j = 0; j < across; ++j)
#pragma unroll
                for (int e = 0; e < 4; ++e) {
                    const int row = 16 * (i - first) + e / 2 * 8 + lane / 4, column = 8 * j + lane % 4 * 2 + e % 2;
                    to[row * pitch + column] = value[i][j][e];
                }
        }
    }
};

/* Four neighbours of row m, without padding where they are NaN. */
template <class P>
__device__ inline void sum_nans_without_padding(float *acc, const P &p, int m, int n, int begin, int end, int *nan) {
#pragma unroll 1
    for (int j = 0; j < 4 && n + j < p.n; ++j)
        if (isnan(acc[j])) acc[j] = sum_without_padding<float>(p, m, n + j, begin, end, nan);
}

/* Stores what an accumulator wrote to shared memory, from row t.row and column t.column on, to y or to the partials,
 * four columns at a time. begin and end: of k. */
template <class Accumulator, class Batch, class P>
__device__ inline void store_warp(float *from, const Batch &batch, const P &p, const split_k_partials<float> &partials,
                                  const tile_coord &t, int begin, int end) {
    enum { QUADS = Accumulator::across * 2 };
    int nan = -1;
    for (int i = int(threadIdx.x) % 32; i < Accumulator::at_once * QUADS; i += 32) {
        const int row = t.row + i / QUADS, column = t.column + i % QUADS * 4;
        float *const acc = from + i / QUADS * Accumulator::pitch + i % QUADS * 4;
        if (row >= p.m) continue;
        if constexpr (Batch::may_read_padding)
            if (batch.reads_padding) sum_nans_without_padding(acc, p, row, column, begin, end, &nan);
        if (!partials.data) {
            p.y.store4(row, p.y.row_axis.at(row, p.m), column, p.n, acc);
            continue;
        }
        float *const to = partials.of(t.split, t.batch) + size_t(row) * partials.columns;
        for (int j = 0; j < 4 && column + j < p.n; ++j) to[column + j] = acc[j];
    }
}

}  // namespace glia

#endif
