/* Blocks that keep recurrent weights in shared memory while the steps pass.
 *
 * A group of blocks takes a tile of sequences through all steps. Each block has some of the hidden units and their
 * weights; of each step it computes what belongs to its units, writes it to global memory, and waits for the other
 * blocks of its group, whose results the next step needs. Groups never wait for each other. A thread owns one unit of
 * one sequence: what it keeps from step to step stays in its registers.
 *
 * Sums of 4 sequences and some columns of weights are formed by a team of lanes, each of which takes every TEAM-th run
 * of 4 of the summed dimension. Then the lanes deal the sums out among them by shuffles, in one order always. Weights
 * lie in shared memory as they are, what they are multiplied with as floats, both with zeros behind their end. */
#ifndef GLIA_KERNELS_RNN_RESIDENT_H
#define GLIA_KERNELS_RNN_RESIDENT_H

#include "kernels/rnn_persistent.h"
#include "kernels/rnn_step.h"
#include "kernels/together.h"
#include "kernels/tree.h"

namespace glia {

enum {
    RESIDENT_THREADS = 512,
    RESIDENT_DEPTH   = 64, /* the summed dimension is padded to multiples of this: 16 lanes take 4 each */
    RESIDENT_SKEW    = 16, /* elements between the weights of two units, whose teams then read from different banks */
    COUNTER_STRIDE   = 32, /* counters have cache lines of their own */
};

__host__ __device__ inline int padded_depth(int hidden) {
    return (hidden + RESIDENT_DEPTH - 1) / RESIDENT_DEPTH * RESIDENT_DEPTH;
}

/* From the weights of a unit in shared memory to those of the next one. */
__host__ __device__ inline int unit_pitch(int gates, int depth) { return gates * depth + RESIDENT_SKEW; }

/* What all threads know of a layer. */
struct resident_layer {
    glia_rnn_deal deal;
    int directions, batch, hidden, depth;
    unsigned *counters; /* one for each group */

    __device__ int group() const { return int(blockIdx.x) / deal.blocks; }
    __device__ int first_unit() const { return int(blockIdx.x) % deal.blocks * deal.units; }
    __device__ int tiles() const { return (batch + deal.rows - 1) / deal.rows; }
};

inline resident_layer resident_of(const glia_rnn_layer &l, const glia_rnn_deal &deal, void *counters) {
    return {deal, l.directions, l.batch, l.hidden, padded_depth(l.hidden), static_cast<unsigned *>(counters)};
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
        if (blocks > 1 && threadIdx.x == 0) glia_signal(counter);
    }
    __device__ void await() const {
        if (blocks == 1) return;
        if (threadIdx.x == 0) glia_await(counter, count);
        __syncthreads();
    }
};

/* Which unit of which sequence a thread owns, and what its team multiplies: COLUMNS columns of weights, which are all
 * gates of one unit, or one gate of COLUMNS units. */
template <int UNITS, int TEAM>
struct seat {
    int lane, team_unit, team_row; /* the first ones of the team, in the block */
    int unit, sequence;
    bool inside;

    __device__ seat(const resident_layer &l, int first_sequence) : lane(int(threadIdx.x) % TEAM) {
        const int teams = l.deal.units / UNITS, last = teams * (l.deal.rows / 4) - 1;
        const int team = min(int(threadIdx.x) / TEAM, last);
        team_unit      = team % teams * UNITS;
        team_row       = team / teams * 4;
        unit           = l.first_unit() + team_unit + (lane >> 1 & 2) + (lane >> 3);
        sequence       = first_sequence + team_row + (lane << 1 & 2) + (lane >> 1 & 1);
        inside         = int(threadIdx.x) / TEAM <= last && unit < l.hidden && sequence < l.batch;
    }
};

/* Adds to sum[4][COLUMNS] the products of 4 rows of a tile with columns of weights, `pitch` apart: a lane's part. */
template <int COLUMNS, int TEAM, class T>
__device__ inline void multiply_part(const float *tile, const T *weights, int pitch, int depth, int lane, float *sum) {
    for (int k = 4 * lane; k < depth; k += 4 * TEAM) {
        float w[COLUMNS][4];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c) {
            const four<T> in = *reinterpret_cast<const four<T> *>(weights + c * pitch + k);
#pragma unroll
            for (int i = 0; i < 4; ++i) w[c][i] = widen(in.at[i]);
        }
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            const four<float> x = *reinterpret_cast<const four<float> *>(tile + r * depth + k);
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

/* Rows of the tile, `hidden` elements from where source(row) says; NULL: zeros. */
template <class T, class Source>
__device__ inline void fill_tile(const resident_layer &l, bool wide, float *tile, const Source &source) {
    const int fours = l.depth / 4;
    for (int i = int(threadIdx.x); i < l.deal.rows * fours; i += int(blockDim.x)) {
        const int row = i / fours, k = i % fours * 4;
        const T *from    = source(row);
        four<float> next = {};
        if (from && wide && k < l.hidden) {
            const four<T> in = *reinterpret_cast<const four<T> *>(from + k);
            for (int j = 0; j < 4; ++j) next.at[j] = widen(in.at[j]);
        }
        if (from && !wide)
            for (int j = 0; j < 4; ++j) next.at[j] = k + j < l.hidden ? widen(from[k + j]) : 0.0f;
        *reinterpret_cast<four<float> *>(tile + row * l.depth + k) = next;
    }
}

inline int resident_threads(const glia_rnn_deal &deal) { return (deal.units * deal.rows + LANES - 1) / LANES * LANES; }

template <class T>
size_t resident_unit_bytes(const glia_rnn_layer &l) {
    return size_t(unit_pitch(l.gates, padded_depth(l.hidden))) * sizeof(T);
}

}  // namespace glia

/* `return GLIA_FOR_RESIDENT(layer, T, GATES, launch<T, GATES>(...))` */
#define GLIA_FOR_RESIDENT(layer, T, GATES, ...)                           \
    [&]() -> cudaError_t {                                                \
        switch ((layer).dtype) {                                          \
            case GLIA_F32: {                                              \
                using T = float;                                          \
                return GLIA_FOR_GATES((layer).gates, GATES, __VA_ARGS__); \
            }                                                             \
            case GLIA_BF16: {                                             \
                using T = glia::bf16;                                     \
                return GLIA_FOR_GATES((layer).gates, GATES, __VA_ARGS__); \
            }                                                             \
            case GLIA_F16: {                                              \
                using T = glia::f16;                                      \
                return GLIA_FOR_GATES((layer).gates, GATES, __VA_ARGS__); \
            }                                                             \
            default: return cudaErrorInvalidValue;                        \
        }                                                                 \
    }()

#define GLIA_FOR_GATES(gates, GATES, ...) \
    [&]() -> cudaError_t {                \
        if ((gates) == 4) {               \
            constexpr int GATES = 4;      \
            return __VA_ARGS__;           \
        }                                 \
        if ((gates) == 3) {               \
            constexpr int GATES = 3;      \
            return __VA_ARGS__;           \
        }                                 \
        constexpr int GATES = 1;          \
        return __VA_ARGS__;               \
    }()

#endif
