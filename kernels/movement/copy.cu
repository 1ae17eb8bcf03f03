/* Four kernels. Whatever the call, dimensions are joined and elements widened first (kernels/device/move.cuh).
 *   flat     both sides are one contiguous run: 16 bytes for each thread on the wider side, no index arithmetic.
 *   tiled    the source is contiguous along another dimension than the target, as between NCHW and NHWC: a tile goes
 *            through shared memory, so that both sides are read and written along their lines. Where both dimensions
 *            are multiples of 16 bytes and neither is short, in square tiles by 16 bytes; else in tiles as flat as the
 *            shorter one, an element at a time.
 *   strided  anything else of one type, or of two types that training converts between.
 *   any      the other pairs of types, through double. */
#include "kernels/movement/copy_launch.h"

#include "kernels/device/convert.cuh"
#include "kernels/device/move.cuh"

namespace glia {
namespace {

/* ---- flat ---- */

template <class T, class F>
struct flat {
    enum { wider = sizeof(T) > sizeof(F) ? sizeof(T) : sizeof(F), width = 16 / wider };
};

template <class T, class F>
__global__ void __launch_bounds__(MOVE_THREADS) flat_kernel(T *y, const F *x, int count) {
    const int width     = flat<T, F>::width;
    const int64_t begin = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * width;
    if (begin + width <= count) {
        const pack<F, width> in = *reinterpret_cast<const pack<F, width> *>(x + begin);
        pack<T, width> out;
        for (int k = 0; k < width; ++k) convert(in.at[k], &out.at[k]);
        *reinterpret_cast<pack<T, width> *>(y + begin) = out;
        return;
    }
    for (int64_t i = begin; i < count; ++i) convert(x[i], &y[i]);
}

template <class T, class F>
cudaError_t copy_flat(T *y, const F *x, int64_t count, cudaStream_t stream) {
    const int width   = flat<T, F>::width;
    const int threads = move_threads((count + width - 1) / width * MOVE_ITEMS);
    return GLI_LAUNCH((flat_kernel<T, F>), blocks_for(count, threads * width), threads, 0, stream, y, x,
                      static_cast<int>(count));
}

/* ---- tiled ---- */

/* Rows are the dimension along which the source is contiguous; columns that of the target. */
struct tiling {
    unsigned rows, columns;
    int64_t row_to, column_from;
    int row_bits, column_bits; /* of a tile: 2^row_bits x 2^column_bits */
    divisor row_tiles, column_tiles;
    strided_dims to, from; /* the other dimensions */
};

enum { TILE_MIN_BITS = 3 };

template <class T>
struct tile_bits {
    enum { value = sizeof(T) >= 4 ? 10 : 12 };
};

/* The tile of a block. */
template <class T, class F>
struct tile_place {
    unsigned row, column; /* of its first element */
    T *y;                 /* element 0 of its rows and columns */
    const F *x;

    __device__ tile_place(const tiling &g, T *y_all, const F *x_all) : y(y_all), x(x_all) {
        unsigned rest = blockIdx.x, next = g.column_tiles.quotient(rest);
        column = (rest - next * g.column_tiles.value) << g.column_bits;
        rest = next, next = g.row_tiles.quotient(rest);
        row = (rest - next * g.row_tiles.value) << g.row_bits;
        for (int d = g.to.n - 1; d >= 0; --d) {
            rest = next, next = g.to.size[d].quotient(rest);
            const unsigned i = rest - next * g.to.size[d].value;
            y += i * g.to.stride[d];
            x += i * g.from.stride[d];
        }
    }
};

/* A square tile of packs. A line of it is a multiple of 4 bytes and an odd number of words, so that elements can be
 * written down a column, and words read along a line, with two accesses to a bank at most. */
template <class T, class F>
struct square {
    enum {
        WIDTH  = flat<T, F>::width, /* of a pack */
        BITS   = sizeof(T) > 4 ? 5 : 6,
        SIDE   = 1 << BITS,
        ACROSS = SIDE / WIDTH, /* packs in a line */
        STEP   = MOVE_THREADS / ACROSS,
        PACKS  = SIDE / STEP, /* of a thread */
        WORD   = sizeof(T) < 4 ? 4 / sizeof(T) : 1,
        PITCH  = SIDE + WORD
    };
};

template <class T, class F>
__global__ void __launch_bounds__(MOVE_THREADS) square_kernel(tiling g, T *y, const F *x) {
    typedef square<T, F> tile;
    typedef pack<T, tile::WORD> word;
    __shared__ word shared[tile::SIDE * tile::PITCH / tile::WORD];
    const tile_place<T, F> place(g, y, x);
    const unsigned along = threadIdx.x % tile::ACROSS * tile::WIDTH, line = threadIdx.x / tile::ACROSS;
    pack<F, tile::WIDTH> in[tile::PACKS];
#pragma unroll
    for (unsigned k = 0; k < tile::PACKS; ++k) {
        const unsigned r = place.row + along, c = place.column + line + k * tile::STEP;
        if (r < g.rows && c < g.columns)
            in[k] = *reinterpret_cast<const pack<F, tile::WIDTH> *>(place.x + (r + c * g.column_from));
    }
#pragma unroll
    for (unsigned k = 0; k < tile::PACKS; ++k)
        for (unsigned i = 0; i < tile::WIDTH; ++i) {
            const unsigned at = (along + i) * tile::PITCH + line + k * tile::STEP;
            convert(in[k].at[i], &shared[at / tile::WORD].at[at % tile::WORD]);
        }
    __syncthreads();
#pragma unroll
    for (unsigned k = 0; k < tile::PACKS; ++k) {
        const unsigned line_k = line + k * tile::STEP, r = place.row + line_k, c = place.column + along;
        pack<T, tile::WIDTH> out;
        for (unsigned i = 0; i < tile::WIDTH; i += tile::WORD) {
            const word w = shared[(line_k * tile::PITCH + along + i) / tile::WORD];
            for (unsigned n = 0; n < tile::WORD; ++n) out.at[i + n] = w.at[n];
        }
        if (r < g.rows && c < g.columns) *reinterpret_cast<pack<T, tile::WIDTH> *>(place.y + (r * g.row_to + c)) = out;
    }
}

template <class T, class F>
__global__ void __launch_bounds__(MOVE_THREADS) tile_kernel(tiling g, T *y_all, const F *x_all) {
    enum { BITS = tile_bits<T>::value, ELEMENTS = 1 << BITS };
    __shared__ T tile[ELEMENTS + (ELEMENTS >> TILE_MIN_BITS)];
    const tile_place<T, F> place(g, y_all, x_all);
    const unsigned row = place.row, column = place.column;
    const F *x           = place.x;
    T *y                 = place.y;
    const unsigned pitch = (1u << g.column_bits) + 1; /* odd: neither side meets the same bank all the time */
    for (unsigned k = threadIdx.x; k < ELEMENTS; k += MOVE_THREADS) {
        const unsigned r = k & ((1u << g.row_bits) - 1), c = k >> g.row_bits;
        if (row + r < g.rows && column + c < g.columns)
            convert(x[row + r + (column + c) * g.column_from], &tile[r * pitch + c]);
    }
    __syncthreads();
    for (unsigned k = threadIdx.x; k < ELEMENTS; k += MOVE_THREADS) {
        const unsigned c = k & ((1u << g.column_bits) - 1), r = k >> g.column_bits;
        if (row + r < g.rows && column + c < g.columns) y[(row + r) * g.row_to + column + c] = tile[r * pitch + c];
    }
}

/* The dimension along which the source is contiguous, if the last one, where the target is, leaves it for a tile. */
int row_axis(const axes &a) {
    const int last = a.n - 1;
    if (a.n < 2 || a.at[last].stride[TO] != 1 || a.at[last].stride[FROM] == 1 || a.at[last].stride[FROM] == 0)
        return -1;
    int row = last - 1;
    while (row >= 0 && a.at[row].stride[FROM] != 1) --row;
    const bool worth = row >= 0 && a.at[row].size >= 1 << TILE_MIN_BITS && a.at[last].size >= 1 << TILE_MIN_BITS;
    return worth ? row : -1;
}

int bits_of(int64_t size, int max_bits) {
    int bits = TILE_MIN_BITS;
    while (bits < max_bits && int64_t(1) << bits < size) ++bits;
    return bits;
}

/* Whether packs of every line lie at multiples of their size on both sides, and most of a square tile is used. */
template <class T, class F>
bool in_squares(const axes &a, int row, const T *y, const F *x) {
    typedef square<T, F> tile;
    uint64_t distances = static_cast<uint64_t>(a.at[row].size | a.at[a.n - 1].size);
    for (int d = 0; d < a.n; ++d) {
        if (d != row) distances |= static_cast<uint64_t>(a.at[d].stride[FROM]);
        if (d != a.n - 1) distances |= static_cast<uint64_t>(a.at[d].stride[TO]);
    }
    return tile::WIDTH > 1 && distances % tile::WIDTH == 0 && aligned16(y) && aligned16(x) &&
           a.at[row].size >= tile::SIDE / 2 && a.at[a.n - 1].size >= tile::SIDE / 2;
}

template <class T, class F>
cudaError_t copy_tiled(const axes &a, int row, T *y, const F *x, cudaStream_t stream) {
    const int bits = tile_bits<T>::value;
    const axis &r = a.at[row], &c = a.at[a.n - 1];
    const bool squares = in_squares(a, row, y, x);
    axes others        = {};
    for (int d = 0; d < a.n - 1; ++d)
        if (d != row) others.add(a.at[d]);
    tiling g      = {};
    g.rows        = static_cast<unsigned>(r.size);
    g.columns     = static_cast<unsigned>(c.size);
    g.row_to      = r.stride[TO];
    g.column_from = c.stride[FROM];
    g.row_bits    = bits_of(r.size, bits / 2);
    g.column_bits = g.row_bits < bits / 2 ? bits - g.row_bits : bits_of(c.size, bits / 2);
    g.row_bits    = bits - g.column_bits;
    if (squares) g.row_bits = g.column_bits = square<T, F>::BITS;
    const int row_tiles    = blocks_for(r.size, 1 << g.row_bits);
    const int column_tiles = blocks_for(c.size, 1 << g.column_bits);
    g.row_tiles            = divide_by(static_cast<unsigned>(row_tiles));
    g.column_tiles         = divide_by(static_cast<unsigned>(column_tiles));
    g.to                   = dims_of(others, TO);
    g.from                 = dims_of(others, FROM);
    const auto blocks      = static_cast<unsigned>(others.count() * row_tiles * column_tiles);
    if constexpr (square<T, F>::WIDTH > 1)
        if (squares) return GLI_LAUNCH((square_kernel<T, F>), blocks, MOVE_THREADS, 0, stream, g, y, x);
    return GLI_LAUNCH((tile_kernel<T, F>), blocks, MOVE_THREADS, 0, stream, g, y, x);
}

/* ---- strided ---- */

struct offset_cursor {
    int64_t offset;
};

template <class T, class F>
struct copy_rule {
    typedef offset_cursor cursor;
    const F *x;
    strided_dims from;
    __device__ void step(cursor *c, int d, unsigned i) const { c->offset += i * from.stride[d]; }
    __device__ T value(const cursor &c) const {
        T y;
        convert(x[c.offset], &y);
        return y;
    }
};

template <class T>
struct any_rule {
    typedef offset_cursor cursor;
    glia_dtype dtype;
    const void *x;
    strided_dims from;
    __device__ void step(cursor *c, int d, unsigned i) const { c->offset += i * from.stride[d]; }
    __device__ T value(const cursor &c) const { return load_as<T>(dtype, x, c.offset); }
};

template <class T, class F>
cudaError_t copy(const axes &a, void *to, const void *from, cudaStream_t stream) {
    T *y           = static_cast<T *>(to);
    const F *x     = static_cast<const F *>(from);
    const bool run = a.n == 0 || (a.n == 1 && a.at[0].stride[TO] == 1 && a.at[0].stride[FROM] == 1);
    if (run && aligned16(y) && aligned16(x)) return copy_flat(y, x, a.count(), stream);
    if constexpr (sizeof(T) < 16) { /* elements of 16 bytes lie along one axis on both sides */
        const int row = row_axis(a);
        if (row >= 0) return copy_tiled(a, row, y, x, stream);
    }
    return move(a, y, copy_rule<T, F>{x, dims_of(a, FROM)}, stream);
}

template <class T>
cudaError_t convert_any(const axes &a, const gli_copy_geom &g, cudaStream_t stream) {
    return move(a, static_cast<T *>(g.to.data), any_rule<T>{g.from.dtype, g.from.data, dims_of(a, FROM)}, stream);
}

cudaError_t convert_other(const axes &a, const gli_copy_geom &g, cudaStream_t stream) {
    switch (g.to.dtype) {
        case GLIA_U8: return convert_any<uint8_t>(a, g, stream);
        case GLIA_I32: return convert_any<int32_t>(a, g, stream);
        case GLIA_I64: return convert_any<int64_t>(a, g, stream);
        default: return GLI_FOR_FLOAT(g.to.dtype, T, convert_any<T>(a, g, stream));
    }
}

const struct {
    glia_dtype to, from;
    cudaError_t (*copy)(const axes &a, void *to, const void *from, cudaStream_t stream);
} direct[] = {
    {GLIA_BF16, GLIA_F32, copy<bf16, float>},     {GLIA_F32, GLIA_BF16, copy<float, bf16>},
    {GLIA_F16, GLIA_F32, copy<f16, float>},       {GLIA_F32, GLIA_F16, copy<float, f16>},
    {GLIA_U8, GLIA_F32, copy<uint8_t, float>},    {GLIA_F32, GLIA_U8, copy<float, uint8_t>},
    {GLIA_I64, GLIA_I32, copy<int64_t, int32_t>},
};

cudaError_t convert_all(const axes &a, const gli_copy_geom &g, cudaStream_t stream) {
    for (const auto &pair : direct)
        if (pair.to == g.to.dtype && pair.from == g.from.dtype) return pair.copy(a, g.to.data, g.from.data, stream);
    return convert_other(a, g, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_copy(const gli_copy_geom *g, cudaStream_t stream) {
    glia::axes a = {};
    for (int d = 0; d < g->ndim; ++d) a.add(glia::whole_axis(g->dim[d], g->to.stride[d], g->from.stride[d]));
    if (a.count() == 0) return cudaSuccess;
    a = glia::simplify(a);
    if (g->to.dtype != g->from.dtype) return glia::convert_all(a, *g, stream);
    const uintptr_t addresses = glia::address(g->to.data) | glia::address(g->from.data);
    const int bytes           = glia::vectorize(&a, static_cast<int>(glia_dtype_size(g->to.dtype)), addresses);
    return GLI_FOR_BYTES(bytes, T, (glia::copy<T, T>(a, g->to.data, g->from.data, stream)));
}
