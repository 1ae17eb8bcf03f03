/* The batched GEMM of gemm.cuh on tensor cores, for operands that can be copied 16 bytes at a time: of bf16 and f16,
 * and f32 as TF32 where k is contiguous; the scheme is that of CUTLASS's multistage kernels. cp.async brings tiles of a
 * and b to shared memory two tiles of k before they are needed, through no register, and ldmatrix hands them to
 * mma.sync. There is one barrier for each tile of k. */
#ifndef GLI_KERNELS_GEMM_STAGED_GEMM_CUH
#define GLI_KERNELS_GEMM_STAGED_GEMM_CUH

#include "kernels/device/async_copy.cuh"
#include "kernels/device/opaque.cuh"
#include "kernels/gemm/tensor_warp.cuh"

namespace glia {

/* Whether elements of T are those of the tensor cores' S, or become so in registers. Before compute capability 8.0
 * there is no cp.async. */
template <class T, class S>
struct staged_element {
    enum { exists = false };
};
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
template <>
struct staged_element<bf16, bf16> {
    enum { exists = true };
};
template <>
struct staged_element<f16, f16> {
    enum { exists = true };
};
template <>
struct staged_element<float, tf32> {
    enum { exists = true };
};
#endif

/* A tile of Lines rows of a, or columns of b, and 64 bytes of k: in chunks of 16 bytes, [line][k] where neighbours
 * along k are neighbours in memory, otherwise [k][line]. The chunks of a row change places, so that the eight chunks
 * which ldmatrix reads at once lie in different banks. */
template <class T, int Lines>
struct staged_side {
    enum { chunk = vector<T>::width, depth = 64 / sizeof(T), chunks = Lines * depth / chunk };

    vector<T> at[chunks];

    __device__ static int index(bool k_contiguous, int line, int k) {
        return k_contiguous ? line * (depth / chunk) + (k / chunk ^ line / 2 % 4)
                            : k * (Lines / chunk) + (line / chunk ^ k % 8);
    }

    __device__ T element(bool k_contiguous, int line, int k) const {
        return at[index(k_contiguous, line, k)].at[(k_contiguous ? k : line) % chunk];
    }
};

/* What a lane reads of a tile by ldmatrix: of each 16 lines of its warp and each 32 bytes of k four blocks, 8 lines by
 * 16 bytes. They come in the order of a's words in multiply_add where lines_first, and in that of two b's otherwise.
 * Only 16-bit elements may lie with the lines contiguous. */
template <class T, class S, int Lines, int WarpLines>
struct staged_fragments {
    typedef staged_side<T, Lines> side;
    enum {
        count      = WarpLines / 16,
        half       = side::chunk, /* of the k of a step */
        steps      = side::depth / (2 * half),
        line_bytes = 64,
        k_bytes    = Lines * int(sizeof(T)),
    };

    bool k_contiguous;
    unsigned first[count > steps ? count : steps]; /* bytes from the side on: of each step, or of each 16 lines */

    __device__ staged_fragments(bool contiguous, int line, bool lines_first) : k_contiguous(contiguous) {
        const int lane = int(threadIdx.x) % 32, low = lane / 8 % 2, high = lane / 16;
        const int own_line = line + 8 * (lines_first ? low : high), own_k = half * (lines_first ? high : low);
#pragma unroll
        for (int i = 0; i < count || i < steps; ++i)
            first[i] = 16 * unsigned(k_contiguous ? side::index(true, own_line + lane % 8, own_k + 2 * half * i)
                                                  : side::index(false, own_line + 16 * i, own_k + lane % 8));
    }

    /* The words of lines 16 i to 16 i + 15. */
    __device__ void load(unsigned (&words)[4], const side &from, int i, int step) const {
        const auto *bytes = reinterpret_cast<const unsigned char *>(from.at);
        if (sizeof(T) > 2 || k_contiguous)
            load_blocks(words, bytes + first[step] + 16 * i * line_bytes);
        else
            load_blocks_transposed(words, bytes + first[i] + 2 * half * step * k_bytes);
        if constexpr (sizeof(T) > 2)
            for (unsigned &word : words) {
                T value;
                memcpy(&value, &word, sizeof word);
                value = tensor_element<S>::from(value);
                memcpy(&word, &value, sizeof word);
            }
    }
};

/* Copies the tiles of one factor. A thread has `count` chunks of each, with one index along the contiguous axis and
 * `stride` between them along the other. */
template <class Matrix, class T, int Lines, int Threads>
struct staged_loader {
    typedef staged_side<T, Lines> side;
    enum { count = side::chunks / Threads };

    const Matrix &x;
    bool k_contiguous;
    int first_k, k_stride; /* of its chunks, from the tile's on */
    row_coord<Matrix> line[count];
    int to[count];

    __device__ staged_loader(const Matrix &matrix, bool along_k, int first, int lines)
        : x(matrix), k_contiguous(along_k) {
        const int length     = (k_contiguous ? int(side::depth) : Lines) / side::chunk;
        const int contiguous = int(threadIdx.x) % length * side::chunk, strided = int(threadIdx.x) / length;
        const int stride = Threads / length;
        first_k          = k_contiguous ? contiguous : strided;
        k_stride         = k_contiguous ? 0 : stride;
#pragma unroll
        for (int q = 0; q < count; ++q) {
            const int own = k_contiguous ? strided + q * stride : contiguous;
            line[q]       = x.row_axis.at(first + own, lines);
            to[q]         = side::index(k_contiguous, own, first_k + q * k_stride);
        }
    }

    /* Begins to copy the tile that begins at k, with zeros from `end` on. */
    __device__ void copy(side &tile, int k, int end) const {
#pragma unroll
        for (int q = 0; q < count; ++q) {
            const auto c     = x.k_axis.at(k + first_k + q * k_stride, end);
            const bool there = x.contains(line[q], c);
            const T *from    = there ? x.address(line[q], c) : x.data;
            gli_copy_async(&tile.at[to[q]], reinterpret_cast<const vector<T> *>(from), there);
        }
    }
};

/* A block computes Rows x Columns of y with eight warps, two below each other. */
template <class T, int Rows, int Columns>
struct staged_tile {
    enum {
        rows         = Rows,
        columns      = Columns,
        threads      = 256,
        stages       = 3,
        warp_rows    = Rows / 2,
        warp_columns = Columns / 4,
    };
    typedef tensor_accumulator<warp_rows, warp_columns> accumulator;

    struct {
        staged_side<T, Rows> a;
        staged_side<T, Columns> b;
    } stage[stages];

    /* Where a warp writes rows of its result, when the stages are no longer needed. */
    __device__ float *acc_of(int warp) {
        enum { floats = accumulator::at_once * accumulator::pitch };
        static_assert(threads / 32 * floats * sizeof(float) <= sizeof stage, "all warps fit");
        return reinterpret_cast<float *>(this) + warp * floats;
    }
};

template <class T, class S, class Tile, class Batch>
__device__ inline void run_staged_gemm(const Batch &batch, const tile_scheduler &scheduler,
                                       const split_k_partials<float> &partials) {
    typedef typename Tile::accumulator Accumulator;
    enum { AHEAD = Tile::stages - 1, DEPTH = staged_side<T, Tile::rows>::depth };
    __shared__ __align__(16) unsigned char memory[sizeof(Tile)];
    Tile &tile         = *reinterpret_cast<Tile *>(memory);
    const tile_coord t = scheduler.tile(blockIdx.x);
    const auto p       = batch.problem(t.batch);
    if (t.row >= p.m || (t.column >= p.n && t.column > 0)) return; /* all of the block */
    const int begin = t.split * scheduler.split.depth, end = min(p.k, begin + scheduler.split.depth);
    const int warp = int(threadIdx.x) / 32, own_row = t.row + int(threadIdx.x);
    const int warp_row = warp % 2 * Tile::warp_rows, warp_column = warp / 2 * Tile::warp_columns;

    const bool a_along_k = Batch::ever_along_k && p.a.k_contiguous, b_along_k = Batch::ever_along_k && p.b.k_contiguous;
    const staged_loader<decltype(p.a), T, Tile::rows, Tile::threads> a(p.a, a_along_k, t.row, p.m);
    const staged_loader<decltype(p.b), T, Tile::columns, Tile::threads> b(p.b, b_along_k, t.column, p.n);
    const staged_fragments<T, S, Tile::rows, Tile::warp_rows> of_a(a_along_k, warp_row, true);
    const staged_fragments<T, S, Tile::columns, Tile::warp_columns> of_b(b_along_k, warp_column, false);
    Accumulator acc;
    const bool sums_rows = p.y.row_sums && t.column == 0 && threadIdx.x < Tile::rows && own_row < p.m;
    float row_sum        = 0;

    int k                = begin; /* what is copied next, to stage `next` */
    int next             = 0;
    const auto copy_next = [&] {
        if (k < end) a.copy(tile.stage[next].a, k, end), b.copy(tile.stage[next].b, k, end);
        gli_commit_copies();
        k += DEPTH, next = next + 1 < Tile::stages ? next + 1 : 0;
    };
    for (int i = 0; i < AHEAD; ++i) copy_next();
    for (int done = begin, now = 0; done < end; done += DEPTH, now = now + 1 < Tile::stages ? now + 1 : 0) {
        gli_await_copies<AHEAD - 1>();
        __syncthreads(); /* the tile of `now` is there, and that of `next` has been read */
        copy_next();
        const auto &stage = tile.stage[now];
#pragma unroll
        for (int step = 0; step < decltype(of_a)::steps; ++step) {
            unsigned left[Accumulator::down][4], right[Accumulator::across / 2][4];
#pragma unroll
            for (int i = 0; i < Accumulator::down; ++i) of_a.load(left[i], stage.a, i, step);
#pragma unroll
            for (int j = 0; j < Accumulator::across / 2; ++j) of_b.load(right[j], stage.b, j, step);
            acc.template multiply<S>(left, right);
        }
        for (int i = 0; sums_rows && i < DEPTH; ++i)
            row_sum += to_compute(tensor_element<S>::from(stage.a.element(a_along_k, int(threadIdx.x), i)));
    }
    gli_await_copies<0>();
    __syncthreads();

    float *const own = tile.acc_of(warp);
#pragma unroll
    for (int first = 0; first < Accumulator::down; first += 2) {
        acc.store(own, first);
        __syncwarp();
        store_warp<Accumulator>(own, batch, p, partials,
                                {t.batch, t.split, t.row + warp_row + 16 * first, t.column + warp_column, t.number},
                                begin, end);
        __syncwarp();
    }
    if (sums_rows && partials.data)
        partials.of(t.split, t.batch)[size_t(own_row) * partials.columns + p.n] = row_sum;
    else if (sums_rows)
        p.y.store_row_sum(own_row, row_sum);
    /* Found anew: the loop over k has no register for it. */
    if (partials.arrivals)
        merge_tile<Tile::threads>(p, partials, scheduler.tile(unsigned(gli_opaque(int(blockIdx.x)))), scheduler,
                                  memory);
}

/* Empty for a GPU without cp.async, where it is not launched. */
template <class T, class S, class Tile, class Batch>
__global__ void __launch_bounds__(256, 2)
    staged_gemm_kernel(Batch batch, tile_scheduler scheduler, split_k_partials<float> partials) {
    if constexpr (staged_element<T, S>::exists) run_staged_gemm<T, S, Tile>(batch, scheduler, partials);
}

template <class T, class S, class Tile, class Batch>
cudaError_t launch_staged_gemm(const Batch &batch, const gemm_size &size, const gli_gemm_run &run) {
    return launch_tiles<T>(batch, size, Tile::rows, Tile::columns, run,
                           [&](unsigned blocks, const tile_scheduler &scheduler, const auto &partials) {
                               return GLI_LAUNCH((staged_gemm_kernel<T, S, Tile, Batch>), blocks, Tile::threads, 0,
                                                 run.stream, batch, scheduler, partials);
                           });
}

/* Whether it takes some batches of the type; only 16-bit elements need not have k contiguous. */
template <class T, class S, class Batch>
constexpr bool can_ever_stage = staged_element<T, S>::exists && (sizeof(T) == 2 || Batch::ever_along_k);

template <class T, class S, class Batch>
cudaError_t staged_gemm(const Batch &batch, const gemm_size &size, const gli_gemm_run &run) {
    typedef staged_tile<T, 128, 128> large;
    typedef staged_tile<T, 64, 64> small;
    if (fills_gpu(size, large::rows, large::columns, run.gpu.multiprocessors))
        return launch_staged_gemm<T, S, large>(batch, size, run);
    return launch_staged_gemm<T, S, small>(batch, size, run);
}

}  // namespace glia

#endif
