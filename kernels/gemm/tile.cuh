/* Tiles of the two factors of a GEMM in shared memory, and the part of the result that a thread accumulates. */
#ifndef GLI_KERNELS_GEMM_TILE_CUH
#define GLI_KERNELS_GEMM_TILE_CUH

#include "kernels/gemm/tensor_access.cuh"

namespace glia {

/* A block computes Rows x Columns of the result, Depth of k at a time; each thread ThreadRows x ThreadColumns of it. */
template <int Rows, int Columns, int Depth, int ThreadRows, int ThreadColumns>
struct tile {
    enum {
        rows                = Rows,
        columns             = Columns,
        depth               = Depth,
        thread_tile_rows    = ThreadRows,
        thread_tile_columns = ThreadColumns,
        threads_down        = Rows / ThreadRows,
        threads_across      = Columns / ThreadColumns,
        threads             = threads_down * threads_across,
        pad                 = 4, /* keeps vec4s aligned and lessens bank conflicts */
    };
};
typedef tile<128, 128, 8, 8, 8> large_tile;
typedef tile<64, 64, 8, 8, 4> medium_tile;
typedef tile<32, 32, 16, 4, 4> small_tile;

/* Loads the tiles of one factor from global memory into registers and stores them to shared memory. Of each tile a
 * thread has `count` elements, single ones or vec4s, which have one index along the contiguous axis and `stride`
 * between them along the other. They stay as they were in memory until they are stored: a conversion would wait for
 * them. */
template <class Matrix, class T, int Rows, int Depth, int Threads>
struct tile_loader {
    typedef compute<T> C;
    enum { count = Rows * Depth / Threads };

    const Matrix &x;
    int contiguous, strided, stride;
    row_coord<Matrix> row[count];
    packed4<T> value[count / 4];

    __device__ tile_loader(const Matrix &matrix, int first, int rows) : x(matrix) {
        const int width = x.vectorized ? 4 : 1, length = (x.k_contiguous ? Depth : Rows) / width;
        contiguous = int(threadIdx.x) % length * width;
        strided    = int(threadIdx.x) / length;
        stride     = Threads / length;
#pragma unroll
        for (int e = 0; e < count; ++e)
            row[e] = x.row_axis.at(first + (x.k_contiguous ? strided + e * stride : contiguous), rows);
    }

    __device__ k_coord<Matrix> coord_at(int k, int end, int e) const {
        return x.k_axis.at(k + (x.k_contiguous ? contiguous : strided + e * stride), end);
    }

    /* The tile that begins at k, zeros from `end` on. */
    __device__ void load(int k, int end) {
        auto c = coord_at(k, end, 0);
        if (x.vectorized) {
#pragma unroll
            for (int q = 0; q < count / 4; ++q) {
                if (q > 0 && !x.k_contiguous) c = coord_at(k, end, q);
                value[q] = {};
                if (x.contains(row[q], c)) value[q] = *reinterpret_cast<const packed4<T> *>(x.address(row[q], c));
            }
            return;
        }
#pragma unroll
        for (int q = 0; q < count / 4; ++q) {
            T four[4] = {};
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int e = 4 * q + i;
                if (e > 0 && !x.k_contiguous) c = coord_at(k, end, e);
                if (x.contains(row[e], c)) four[i] = *x.address(row[e], c);
            }
            value[q] = pack4(four);
        }
    }

    /* to[k][row] */
    template <class S, int Pitch>
    __device__ void store(S (*to)[Pitch]) const {
#pragma unroll
        for (int q = 0; q < count / 4; ++q) {
            T four[4];
            unpack4(value[q], four);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int near                                   = x.vectorized ? contiguous + i : contiguous;
                const int far                                    = strided + (x.vectorized ? q : 4 * q + i) * stride;
                (x.k_contiguous ? to[near][far] : to[far][near]) = to_compute(four[i]);
            }
        }
    }
};

/* The part of a tile that one thread accumulates: 4 x 4 blocks, so that the threads of a warp read neighbouring vec4s
 * of shared memory. */
template <class Tile, class C>
struct accumulator {
    C value[Tile::thread_tile_rows][Tile::thread_tile_columns];

    __device__ static int row(int i) {
        return i / 4 * (4 * Tile::threads_down) + int(threadIdx.x) / Tile::threads_across * 4 + i % 4;
    }
    __device__ static int column(int j) {
        return j / 4 * (4 * Tile::threads_across) + int(threadIdx.x) % Tile::threads_across * 4 + j % 4;
    }

    __device__ void clear() {
#pragma unroll
        for (int i = 0; i < Tile::thread_tile_rows; ++i)
#pragma unroll
            for (int j = 0; j < Tile::thread_tile_columns; ++j) value[i][j] = 0;
    }

    /* a[k][row], b[k][column] */
    template <int APitch, int BPitch>
    __device__ void multiply_add(const C (*a)[APitch], const C (*b)[BPitch]) {
        enum { ROWS = Tile::thread_tile_rows, COLUMNS = Tile::thread_tile_columns };
#pragma unroll 4
        for (int k = 0; k < Tile::depth; ++k) {
            vec4<C> left[ROWS / 4], right[COLUMNS / 4];
#pragma unroll
            for (int i = 0; i < ROWS; i += 4) left[i / 4] = *reinterpret_cast<const vec4<C> *>(&a[k][row(i)]);
#pragma unroll
            for (int j = 0; j < COLUMNS; j += 4) right[j / 4] = *reinterpret_cast<const vec4<C> *>(&b[k][column(j)]);
#pragma unroll
            for (int i = 0; i < ROWS; ++i)
#pragma unroll
                for (int j = 0; j < COLUMNS; ++j) value[i][j] += left[i / 4].at[i % 4] * right[j / 4].at[j % 4];
        }
    }
};

}  // namespace glia

#endif
