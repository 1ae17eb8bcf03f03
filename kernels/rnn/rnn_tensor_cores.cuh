/* Persistent kernels for recurrent layers on tensor cores: see rnn_persistent.cuh for what a group of blocks does. Here
 * the recurrent weights stay in registers, as fragments of mma.sync; what those do not hold lies in shared memory, in
 * the same order.
 *
 * A block has 32 units. Its product in a step is w [32 SIDES, K] h [rows, K]^T, in which weights are the rows of the
 * instruction and sequences its eight columns. Forward there is a side for each gate, K are the units. Backward there
 * is one, and K are the units of all gates, whose gradients come in place of h. Each warp has the weights of one side
 * and of one slice of K; the sums of the slices are added up, in their order, by the threads that own the units. The
 * slices follow from the layer alone, so that results do not depend on the GPU.
 *
 * Warp w owns sequence w, and its lanes the block's units: what a warp reads and writes of a step lies side by side. It
 * reads what does not depend on other blocks before it waits for them. What the backward pass will need is written
 * after the other blocks have been told. */
#ifndef GLI_KERNELS_RNN_RNN_TENSOR_CORES_CUH
#define GLI_KERNELS_RNN_RNN_TENSOR_CORES_CUH

#include "kernels/device/opaque.cuh"
#include "kernels/device/pack.cuh"
#include "kernels/gemm/tensor_warp.cuh"
#include "kernels/rnn/rnn_persistent.cuh"
#include "kernels/rnn/rnn_position.cuh"

namespace glia {

enum {
    TENSOR_UNITS   = 32, /* of a block: two tiles of 16 rows for each side */
    TENSOR_COLUMNS = 8,  /* sequences of an instruction */
    TENSOR_WARPS   = 16,
    PAIR_FRAGMENTS = 4, /* of a pair of instructions along K: two tiles for each */
    HELD_PAIRS     = 4, /* in registers, of the pairs that a warp has: 64 of a thread's 128 */
};

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
enum { TENSOR_STEPS_EXIST = false }; /* an instruction has half of K */
#else
enum { TENSOR_STEPS_EXIST = true };
#endif

/* The type that tensor cores multiply elements of T in. */
template <class T>
struct tensor_type {
    enum { exists = TENSOR_STEPS_EXIST };
    typedef T type;
};
template <>
struct tensor_type<float> {
    enum { exists = TENSOR_STEPS_EXIST };
    typedef tf32 type;
};

/* Elements of K that ldmatrix brings at once: of two instructions. */
__host__ __device__ constexpr int pair_depth(int size) { return 64 / size; }

/* How the warps of a block divide a product. */
template <int SIDES>
struct tensor_split {
    int slices, pairs, slice_pairs; /* pairs: of all K */

    __host__ __device__ int product_warps() const { return SIDES * slices; }
    /* From a row of sums to the next: four more, so that the lanes of a fragment write to different banks. */
    __host__ __device__ int sum_pitch() const { return slices * SIDES * TENSOR_UNITS + 4; }
    /* From a row of the tile to the next: an odd number of groups of 16 bytes, for ldmatrix. */
    __host__ __device__ int tile_pitch(int size) const { return pairs * pair_depth(size) + 16 / size; }
    __host__ __device__ int shared_pairs() const { return slice_pairs > HELD_PAIRS ? slice_pairs - HELD_PAIRS : 0; }
};

/* The part of a product that a warp computes. Made for each item, of a thread that the compiler does not know: what
 * follows from it would else be kept in registers for all items. */
struct tensor_range {
    int warp, lane, side, slice, first, pairs; /* pairs 0: none */

    template <int SIDES>
    __device__ explicit tensor_range(const tensor_split<SIDES> &s) {
        const int thread = gli_opaque(int(threadIdx.x));
        warp             = thread / LANES;
        lane             = thread % LANES;
        side             = warp % SIDES;
        slice            = warp / SIDES;
        first            = slice * s.slice_pairs;
        pairs            = slice < s.slices ? min(s.slice_pairs, s.pairs - first) : 0;
    }
};

/* What a block has in shared memory. */
template <class T>
struct tensor_memory {
    packed<T> *fragments; /* [product_warps, shared_pairs, PAIR_FRAGMENTS, LANES] */
    T *tile;              /* [rows, tile_pitch] */
    float *sums;          /* [rows, sum_pitch], of which [slices, SIDES, TENSOR_UNITS] */

    template <int SIDES>
    __device__ tensor_memory(const tensor_split<SIDES> &s, int rows) {
        GLI_DYNAMIC_SHARED(packed<T>, memory);
        fragments = memory;
        tile      = reinterpret_cast<T *>(fragments + s.product_warps() * s.shared_pairs() * PAIR_FRAGMENTS * LANES);
        sums      = reinterpret_cast<float *>(tile + rows * s.tile_pitch(sizeof(T)));
    }
    /* From one of this lane to the next it is LANES. */
    template <int SIDES>
    __device__ packed<T> *fragments_of(const tensor_split<SIDES> &s, const tensor_range &own) const {
        return fragments + own.warp * s.shared_pairs() * PAIR_FRAGMENTS * LANES + own.lane;
    }
};

template <int SIDES>
size_t tensor_memory_bytes(const tensor_split<SIDES> &s, int rows, int size) {
    const size_t fragments = size_t(s.product_warps()) * size_t(s.shared_pairs()) * PAIR_FRAGMENTS * LANES * 16;
    return fragments + size_t(rows) * size_t(s.tile_pitch(size)) * size_t(size) +
           size_t(rows) * size_t(s.sum_pitch()) * sizeof(float);
}

/* The first fragments of a warp: pair by pair, instruction by instruction, both tiles. */
struct held_weights {
    unsigned word[HELD_PAIRS * PAIR_FRAGMENTS][4];
};

/* The word of a fragment that holds elements k and those behind it. */
template <class T, class Element>
__device__ inline unsigned weight_word(const Element &element, int row, int k) {
    typedef tensor_element<typename tensor_type<T>::type> of_cores;
    T at[4 / sizeof(T)];
    unsigned word;
#pragma unroll
    for (int e = 0; e < int(4 / sizeof(T)); ++e) at[e] = of_cores::from(element(row, k + e));
    memcpy(&word, at, sizeof word);
    return word;
}

/* Fragment i of a warp. */
template <class T, class Element>
__device__ inline void load_fragment(const Element &element, const tensor_range &own, int i, unsigned (&words)[4]) {
    const int row = 16 * (i % 2) + own.lane / 4, word = (2 * own.first + i / 2) * 8 + own.lane % 4;
#pragma unroll
    for (int j = 0; j < 4; ++j)
        words[j] = weight_word<T>(element, row + j % 2 * 8, (word + j / 2 * 4) * int(4 / sizeof(T)));
}

/* Loads the weights of a warp; element(row, k) is that of row `row` of its side. */
template <class T, int SIDES, class Element>
__device__ inline void load_weights(const tensor_split<SIDES> &s, const tensor_range &own,
                                    const tensor_memory<T> &memory, held_weights &held, const Element &element) {
    enum { HELD = HELD_PAIRS * PAIR_FRAGMENTS };
#pragma unroll
    for (int i = 0; i < HELD; ++i)
        if (i < own.pairs * PAIR_FRAGMENTS) load_fragment<T>(element, own, i, held.word[i]);
    packed<T> *to = memory.fragments_of(s, own);
#pragma unroll 1
    for (int i = HELD; i < own.pairs * PAIR_FRAGMENTS; ++i) {
        packed<T> fragment;
        load_fragment<T>(element, own, i, fragment.word);
        to[(i - HELD) * LANES] = fragment;
    }
}

/* A thread's part of loading a tile of 8 rows or 16: it always reads of the same row. Neighbours have different rows:
 * their groups of 16 bytes lie in different banks. */
struct row_loader {
    int row, lane, shift; /* of 1 << shift rows */

    __device__ row_loader(const tensor_range &own, int rows) {
        const int thread = own.warp * LANES + own.lane;
        shift            = rows == TENSOR_COLUMNS ? 3 : 4;
        row              = thread & (rows - 1);
        lane             = thread >> shift;
    }

    /* Parts of a row, `depth` elements each in the tile, of which `count` come from from[part]; NULL: zeros. */
    template <int PARTS, class T>
    __device__ void load(const T *const (&from)[PARTS], int count, int depth, bool vectorized, T *tile_row) const {
        enum { WIDTH = vector<T>::width };
        typedef typename tensor_type<T>::type S;
        for (int k = lane * WIDTH; k < depth; k += (int(blockDim.x) >> shift) * WIDTH) {
            packed<T> in[PARTS];
#pragma unroll
            for (int p = 0; p < PARTS; ++p) in[p] = load_optional(from[p], k, count - k, vectorized, 0.0f);
#pragma unroll
            for (int p = 0; p < PARTS; ++p) {
                if constexpr (sizeof(T) > 2)
                    for (unsigned &word : in[p].word)
                        word = __float_as_uint(tensor_element<S>::from(__uint_as_float(word)));
                reinterpret_cast<packed<T> *>(tile_row)[(p * depth + k) / WIDTH] = in[p];
            }
        }
    }
};

/* What a thread owns: a unit of a sequence, which is also the row of the tile; and the row that it loads. */
struct tensor_place {
    int row, lane, n, unit, loaded;
    bool owns;
    layer_position at, at_loaded; /* of these sequences alone */

    __device__ tensor_place(const persistent_layer &l, const layer_position &direction, int first,
                            const tensor_range &own, const row_loader &loader)
        : row(own.warp),
          lane(own.lane),
          n(first + own.warp),
          unit(l.first_unit() + own.lane),
          loaded(min(first + loader.row, l.batch - 1)),
          owns(row < l.partition.rows && n < l.batch && unit < l.hidden),
          at(direction.of_sequence(min(n, l.batch - 1))),
          at_loaded(direction.of_sequence(loaded)) {
        if (first + loader.row >= l.batch) at_loaded.line.steps = 0;
    }

    __device__ void set_time(int time) { at.time = at_loaded.time = time; }
};

/* The product of a warp's weights with eight rows of the tile, to its slice of the sums. */
template <class T, int SIDES>
__device__ inline void multiply_rows(const tensor_split<SIDES> &s, const tensor_range &own,
                                     const tensor_memory<T> &memory, const held_weights &held, int first_row) {
    typedef typename tensor_type<T>::type S;
    const int pairs = gli_opaque(own.pairs);
    const int lane  = own.lane;
    float acc[2][4] = {};
    const T *b      = memory.tile + (first_row + lane % 8) * s.tile_pitch(sizeof(T)) + lane / 8 * vector<T>::width +
                 own.first * pair_depth(sizeof(T));
    const packed<T> *more = memory.fragments_of(s, own);
    unsigned states[4];
#pragma unroll
    for (int i = 0; i < HELD_PAIRS; ++i) {
        if (i < pairs) {
            load_blocks(states, b + i * pair_depth(sizeof(T)));
#pragma unroll
            for (int j = 0; j < PAIR_FRAGMENTS; ++j)
                multiply_add<S>(acc[j % 2], held.word[i * PAIR_FRAGMENTS + j],
                                {states[j / 2 * 2], states[j / 2 * 2 + 1]});
        }
    }
#pragma unroll 1
    for (int i = HELD_PAIRS; i < pairs; ++i) {
        load_blocks(states, b + i * pair_depth(sizeof(T)));
#pragma unroll
        for (int j = 0; j < PAIR_FRAGMENTS; ++j) {
            const packed<T> fragment = more[((i - HELD_PAIRS) * PAIR_FRAGMENTS + j) * LANES];
            multiply_add<S>(acc[j % 2], fragment.word, {states[j / 2 * 2], states[j / 2 * 2 + 1]});
        }
    }
    float *const to = memory.sums + first_row * s.sum_pitch() + (own.slice * SIDES + own.side) * TENSOR_UNITS;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const int row = 16 * (i / 4) + i / 2 % 2 * 8 + lane / 4, sequence = lane % 4 * 2 + i % 2;
        to[sequence * s.sum_pitch() + row] = acc[i / 4][i % 4];
    }
}

/* All rows; every thread of the block calls it. The tile has been written before a barrier, and there is one at the
 * end. */
template <class T, int SIDES>
__device__ inline void multiply_tile(const tensor_split<SIDES> &s, const tensor_range &own,
                                     const tensor_memory<T> &memory, const held_weights &held, int rows) {
    for (int row = 0; row < rows && own.pairs > 0; row += TENSOR_COLUMNS) multiply_rows(s, own, memory, held, row);
    __syncthreads();
}

/* The results of a unit of a row, of each side. */
template <int SIDES>
__device__ inline void sum_slices(const tensor_split<SIDES> &s, const float *sums, int row, int unit,
                                  float (&result)[SIDES]) {
    enum { MOST = TENSOR_WARPS / SIDES };
    const float *at  = sums + row * s.sum_pitch() + unit;
    const int slices = gli_opaque(s.slices);
#pragma unroll
    for (int i = 0; i < SIDES; ++i) result[i] = at[i * TENSOR_UNITS];
#pragma unroll
    for (int j = 1; j < MOST; ++j) /* without a branch, so that the loads of all slices can be on their way at once */
#pragma unroll
        for (int i = 0; i < SIDES; ++i) result[i] += j < slices ? at[(j * SIDES + i) * TENSOR_UNITS] : 0.0f;
}

/* Elements of K for each gate. */
inline int tensor_depth(const gli_rnn_layer &l) {
    const int depth = pair_depth(l.dtype == GLIA_F32 ? 4 : 2);
    return blocks_for(l.geom.hidden, depth) * depth;
}

/* gates: of which K has elements. */
template <int SIDES>
tensor_split<SIDES> tensor_split_of(const gli_rnn_layer &l, int gates) {
    tensor_split<SIDES> s;
    s.pairs       = gates * (tensor_depth(l) / pair_depth(l.dtype == GLIA_F32 ? 4 : 2));
    s.slice_pairs = blocks_for(s.pairs, TENSOR_WARPS / SIDES);
    s.slices      = blocks_for(s.pairs, s.slice_pairs);
    return s;
}

/* As many warps as the product has, and one for each sequence. */
template <int SIDES>
int tensor_threads(const gli_rnn_layer &l, const gli_rnn_partition &partition, const tensor_split<SIDES> &s) {
    const int owners = partition.rows < l.geom.batch ? partition.rows : l.geom.batch;
    return LANES * (owners > s.product_warps() ? owners : s.product_warps());
}

}  // namespace glia

#endif
