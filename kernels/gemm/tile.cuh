/* Tiles of two operands in shared memory, and the sums that a thread forms of them. */
#ifndef GLI_KERNELS_GEMM_TILE_CUH
#define GLI_KERNELS_GEMM_TILE_CUH

#include "kernels/gemm/tensor_access.cuh"

namespace glia {

/* A tile of y: Rows x Columns, Depth of k at a time; each thread forms OwnRows x OwnColumns of it. */
template <int Rows, int Columns, int Depth, int OwnRows, int OwnColumns>
struct tile {
    enum {
        rows           = Rows,
        columns        = Columns,
        depth          = Depth,
        own_rows       = OwnRows,
        own_columns    = OwnColumns,
        row_threads    = Rows / OwnRows,
        column_threads = Columns / OwnColumns,
        threads        = row_threads * column_threads,
        pad            = 4, /* keeps fours aligned, spreads the banks */
    };
};
typedef tile<128, 128, 8, 8, 8> large_tile;
typedef tile<64, 64, 8, 8, 4> medium_tile;
typedef tile<32, 32, 16, 4, 4> small_tile;

/* One operand's way into shared memory. Each thread reads `count` elements of each tile, as ones or as fours; its index
 * along memory is always the same, the other one takes a step from one to the next. */
template <class Operand, class T, int Rows, int Depth, int Threads>
struct tile_reader {
    typedef compute<T> C;
    enum { count = Rows * Depth / Threads };

    const Operand &x;
    int along, across, step;
    place kept[count];
    C value[count];

    __device__ tile_reader(const Operand &operand, int first, int size) : x(operand) {
        const int width = x.wide ? 4 : 1, line = (x.along_summed ? Depth : Rows) / width;
        along  = int(threadIdx.x) % line * width;
        across = int(threadIdx.x) / line;
        step   = Threads / line;
#pragma unroll
        for (int e = 0; e < count; ++e) kept[e] = x.kept.at(first + (x.along_summed ? across + e * step : along), size);
    }

    __device__ place summed(int k, int end, int e) const {
        return x.summed.at(k + (x.along_summed ? along : across + e * step), end);
    }

    /* The tile that begins at k, zeros from `end` on. */
    __device__ void read(int k, int end) {
        place at = summed(k, end, 0);
        if (x.wide) {
#pragma unroll
            for (int e = 0; e < count / 4; ++e) {
                if (e > 0 && !x.along_summed) at = summed(k, end, e);
                four<T> in;
                const bool inside = x.has(kept[e], at);
                if (inside) in = *reinterpret_cast<const four<T> *>(x.at(kept[e], at));
#pragma unroll
                for (int i = 0; i < 4; ++i) value[4 * e + i] = inside ? widen(in.at[i]) : C(0);
            }
            return;
        }
#pragma unroll
        for (int e = 0; e < count; ++e) {
            if (e > 0 && !x.along_summed) at = summed(k, end, e);
            value[e] = x.has(kept[e], at) ? C(widen(*x.at(kept[e], at))) : C(0);
        }
    }

    /* to[k][row] */
    template <class S, int Pitch>
    __device__ void write(S (*to)[Pitch]) const {
#pragma unroll
        for (int e = 0; e < count; ++e) {
            const int near = x.wide ? along + e % 4 : along, far = across + (x.wide ? e / 4 : e) * step;
            (x.along_summed ? to[near][far] : to[far][near]) = value[e];
        }
    }
};

/* The elements of a tile that one thread forms: fours of rows times fours of columns, so that the threads of a warp
 * read neighbouring fours. */
template <class Tile, class C>
struct tile_sums {
    C sum[Tile::own_rows][Tile::own_columns];

    __device__ static int row(int i) {
        return i / 4 * (4 * Tile::row_threads) + int(threadIdx.x) / Tile::column_threads * 4 + i % 4;
    }
    __device__ static int column(int j) {
        return j / 4 * (4 * Tile::column_threads) + int(threadIdx.x) % Tile::column_threads * 4 + j % 4;
    }

    __device__ void clear() {
#pragma unroll
        for (int i = 0; i < Tile::own_rows; ++i)
#pragma unroll
            for (int j = 0; j < Tile::own_columns; ++j) sum[i][j] = 0;
    }

    /* a[k][row], b[k][column] */
    template <int APitch, int BPitch>
    __device__ void add(const C (*a)[APitch], const C (*b)[BPitch]) {
#pragma unroll 4
        for (int k = 0; k < Tile::depth; ++k) {
            four<C> left[Tile::own_rows / 4], right[Tile::own_columns / 4];
#pragma unroll
            for (int i = 0; i < Tile::own_rows; i += 4) left[i / 4] = *reinterpret_cast<const four<C> *>(&a[k][row(i)]);
#pragma unroll
            for (int j = 0; j < Tile::own_columns; j += 4)
                right[j / 4] = *reinterpret_cast<const four<C> *>(&b[k][column(j)]);
#pragma unroll
            for (int i = 0; i < Tile::own_rows; ++i)
#pragma unroll
                for (int j = 0; j < Tile::own_columns; ++j) sum[i][j] += left[i / 4].at[i % 4] * right[j / 4].at[j % 4];
        }
    }
};

}  // namespace glia

#endif
