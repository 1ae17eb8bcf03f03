/* Blocks that keep recurrent weights in shared memory while the steps pass.
 *
 * A group of blocks takes a tile of sequences through all steps. Each block has some of the hidden units and their
 * weights; of each step it computes what belongs to its units, writes it to global memory, and waits for the other
 * blocks of its group, whose results the next step needs. Groups never wait for each other. A thread owns one unit of
 * one sequence: what it keeps from step to step stays in its registers.
 *
 * Sums of 4 sequences and some columns of weights are formed by a team of lanes, which take runs of 4 of the summed
 * dimension in turn. Then the lanes deal the sums out among them by shuffles, in one order always. Weights lie in
 * shared memory as they are, what they are multiplied with as floats, both with zeros behind their end. */
#ifndef GLI_KERNELS_RNN_RNN_PERSISTENT_CUH
#define GLI_KERNELS_RNN_RNN_PERSISTENT_CUH

#include "kernels/device/divide.cuh"
#include "kernels/rnn/rnn_persistent_launch.h"
#include "kernels/rnn/rnn_step.cuh"
#include "kernels/device/cooperative.cuh"
#include "kernels/device/block_reduce.cuh"

namespace glia {

enum {
    RESIDENT_THREADS = 512,
    FILLING_THREADS  = 256, /* enough for a tile */
    RESIDENT_DEPTH   = 64,  /* the summed dimension is padded to multiples of this: 16 lanes take 4 each */
    RESIDENT_SKEW    = 16,  /* elements between the weights of two units, whose teams then read from different banks */
    COUNTER_STRIDE   = 32,  /* counters have cache lines of their own */
};

__host__ __device__ inline int padded_depth(int hidden) {
    return (hidden + RESIDENT_DEPTH - 1) / RESIDENT_DEPTH * RESIDENT_DEPTH;
}

/* From the weights of a unit in shared memory to those of the next one. */
__host__ __device__ inline int unit_pitch(int gates, int depth) { return gates * depth + RESIDENT_SKEW; }

/* What all threads know of a layer. */
struct resident_layer {
    gli_rnn_deal deal;
    int directions, batch, hidden, depth;
    divisor fours;      /* of the depth */
    unsigned *counters; /* one for each group */

    __device__ int group() const { return int(blockIdx.x) / deal.blocks; }
    __device__ int first_unit() const { return int(blockIdx.x) % deal.blocks * deal.units; }
    __device__ int tiles() const { return (batch + deal.rows - 1) / deal.rows; }
};

inline resident_layer resident_of(const gli_rnn_layer &l, const gli_rnn_deal &deal, void *counters) {
    const int depth = padded_depth(l.hidden);
    return {deal,
            l.directions,
            l.batch,
            l.hidden,
            depth,
            divide_by(unsigned(depth / 4)),
            static_cast<unsigned *>(counters)};
}

/* The exchange of results within a group: what its blocks wrote before they have passed on is there for all who have
 * awaited. */
struct relay {
    unsigned *counter;
    unsigned blocks, count;

    __device__ explicit relay(const resident_layer &l)
        : counter(l.counters + l.group() * COUNTER_STRIDE), blocks(unsigned(l.deal.blocks)), count(0) {}

    __device__ void pass_on() {
        __syncthreads();
        count += blocks;
        if (blocks > 1 && threadIdx.x == 0) gli_signal(counter);
    }
    __device__ void await() const {
        if (blocks == 1) return;
        if (threadIdx.x == 0) gli_await(counter, count);
        __syncthreads();
    }
};

/* Which unit of which sequence a thread owns, and what its team multiplies: the columns of UNITS units. Threads behind
 * the last team only fill tiles. The team's size decides on the order of a sum, and is the same on every GPU. */
template <int UNITS>
struct seat {
    enum { TEAM = 4 * UNITS };

    int lane, team_unit, team_row; /* the team's first ones, in the block */
    int unit, sequence;
    bool inside, sums; /* inside: it owns something. sums: some thread of its warp has a team */

    __device__ seat(const resident_layer &l, int first_sequence) : lane(int(threadIdx.x) % TEAM) {
        const int teams = l.deal.units / UNITS, all = teams * (l.deal.rows / 4);
        const int mine = int(threadIdx.x) / TEAM, near = min(mine, all - 1);
        team_unit = near % teams * UNITS;
        team_row  = near / teams * 4;
        unit      = l.first_unit() + team_unit + (lane >> 1 & 2) + (lane >> 3);
        sequence  = first_sequence + team_row + (lane << 1 & 2) + (lane >> 1 & 1);
        inside    = mine < all && unit < l.hidden && sequence < l.batch;
        sums      = int(threadIdx.x) / LANES * LANES < all * TEAM;
    }
};

/* Adds to sum[4][COLUMNS] the products of 4 rows of a tile with columns of weights, `pitch` apart: a lane's part. */
template <int COLUMNS, int TEAM, class T>
__device__ inline void multiply_part(const float *tile, const T *weights, int pitch, int depth, int lane, float *sum) {
    for (int k = 4 * lane; k < depth; k += 4 * TEAM) {
        float w[COLUMNS][4];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c) {
            const vec4<T> in = *reinterpret_cast<const vec4<T> *>(weights + c * pitch + k);
#pragma unroll
            for (int i = 0; i < 4; ++i) w[c][i] = widen(in.at[i]);
        }
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            const vec4<float> x = *reinterpret_cast<const vec4<float> *>(tile + r * depth + k);
#pragma unroll
            for (int c = 0; c < COLUMNS; ++c)
#pragma unroll
                for (int i = 0; i < 4; ++i) sum[r * COLUMNS + c] += x.at[i] * w[c][i];
        }
    }
}

/* Of COUNT sums, a lane and the one `distance` away keep half each, the sum of both lanes' parts. */
template <int COUNT>
__device__ inline void share_out(float *sum, int lane, int distance) {
    const bool upper = lane & distance;
#pragma unroll
    for (int i = 0; i < COUNT / 2; ++i) {
        const float kept = upper ? sum[i + COUNT / 2] : sum[i], given = upper ? sum[i] : sum[i + COUNT / 2];
        sum[i] = kept + __shfl_xor_sync(EVERY_LANE, given, distance);
    }
}

/* Elements k to k + 3 of a row; NULL: zeros. */
template <class T>
__device__ inline vec4<float> read_four(const T *row, int k, int count, bool wide) {
    vec4<float> out = {};
    if (!row || k >= count) return out;
    if (wide) {
        const vec4<T> in = *reinterpret_cast<const vec4<T> *>(row + k);
#pragma unroll
        for (int j = 0; j < 4; ++j) out.at[j] = widen(in.at[j]);
    } else {
        for (int j = 0; j < 4 && k + j < count; ++j) out.at[j] = widen(row[k + j]);
    }
    return out;
}

/* Rows of the tile, `hidden` elements from where source(row) says. Each thread has several reads on their way. */
template <class T, class Source>
__device__ inline void fill_tile(const resident_layer &l, bool wide, float *tile, const Source &source) {
    enum { READS = 4 };
    const int fours = l.depth / 4, all = l.deal.rows * fours;
    for (int first = int(threadIdx.x); first < all; first += READS * int(blockDim.x)) {
        vec4<float> next[READS];
#pragma unroll
        for (int j = 0; j < READS; ++j) {
            const int i = first + j * int(blockDim.x), row = int(l.fours.quotient(unsigned(i)));
            next[j] = read_four(i < all ? source(row) : nullptr, (i - row * fours) * 4, l.hidden, wide);
        }
#pragma unroll
        for (int j = 0; j < READS; ++j) {
            const int i = first + j * int(blockDim.x);
            if (i < all) reinterpret_cast<vec4<float> *>(tile)[i] = next[j];
        }
    }
}

/* A thread for each unit of each sequence, and some more where filling a tile is the longer work. */
inline int resident_threads(const gli_rnn_deal &deal, int hidden) {
    const int owners = deal.units * deal.rows, filling = deal.rows * padded_depth(hidden) / 4;
    const int most = filling < FILLING_THREADS ? filling : int(FILLING_THREADS);
    return blocks_for(owners > most ? owners : most, LANES) * LANES;
}

}  // namespace glia

/* `return GLI_FOR_RESIDENT(layer, T, GATES, launch<T, GATES>(...))` */
#define GLI_FOR_RESIDENT(layer, T, GATES, ...)                           \
    [&]() -> cudaError_t {                                               \
        switch ((layer).dtype) {                                         \
            case GLIA_F32: {                                             \
                using T = float;                                         \
                return GLI_FOR_GATES((layer).gates, GATES, __VA_ARGS__); \
            }                                                            \
            case GLIA_BF16: {                                            \
                using T = glia::bf16;                                    \
                return GLI_FOR_GATES((layer).gates, GATES, __VA_ARGS__); \
            }                                                            \
            case GLIA_F16: {                                             \
                using T = glia::f16;                                     \
                return GLI_FOR_GATES((layer).gates, GATES, __VA_ARGS__); \
            }                                                            \
            default: return cudaErrorInvalidValue;                       \
        }                                                                \
    }()

#define GLI_FOR_GATES(gates, GATES, ...) \
    [&]() -> cudaError_t {               \
        if ((gates) == 4) {              \
            constexpr int GATES = 4;     \
            return __VA_ARGS__;          \
        }                                \
        if ((gates) == 3) {              \
            constexpr int GATES = 3;     \
            return __VA_ARGS__;          \
        }                                \
        constexpr int GATES = 1;         \
        return __VA_ARGS__;              \
    }()

#endif
