/* Persistent kernels for recurrent layers: one launch runs all steps, and the recurrent weights stay in shared memory
 * (Diamos et al., "Persistent RNNs: Stashing Recurrent Weights On-Chip", ICML 2016).
 *
 * A group of blocks takes a tile of sequences through all steps. Each block has some of the hidden units and their
 * weights; in each step it computes its units, writes them to global memory, and waits for the other blocks of its
 * group, whose results are the input of the next step. Groups never wait for each other. A thread owns one unit of one
 * sequence, whose cell state, or carried gradient, stays in a register.
 *
 * Each tile of 4 sequences x some columns of weights is computed by a team of lanes that split k: lane l takes elements
 * 4 l to 4 l + 3 of every 4 TEAM. The results are then reduce-scattered by shuffles, always in one order, so that each
 * lane has those of its own unit and sequence. In shared memory the weights have their own type and the states are
 * floats, both padded with zeros. */
#ifndef GLI_KERNELS_RNN_RNN_PERSISTENT_CUH
#define GLI_KERNELS_RNN_RNN_PERSISTENT_CUH

#include "kernels/device/block_reduce.cuh"
#include "kernels/device/cooperative.cuh"
#include "kernels/device/divide.cuh"
#include "kernels/rnn/rnn_persistent_launch.h"
#include "kernels/rnn/rnn_step.cuh"

namespace glia {

enum {
    PERSISTENT_THREADS = 512,
    LOADING_THREADS    = 256, /* enough to load a tile */
    PERSISTENT_DEPTH   = 64,  /* k is padded to multiples of this: 16 lanes take 4 each */
    BANK_SKEW          = 16,  /* elements of padding after the weights of a unit, so that teams read different banks */
    COUNTER_STRIDE     = 32,  /* counters have cache lines of their own */
};

__host__ __device__ inline int padded_depth(int hidden) {
    return (hidden + PERSISTENT_DEPTH - 1) / PERSISTENT_DEPTH * PERSISTENT_DEPTH;
}

/* From the weights of a unit in shared memory to those of the next one. */
__host__ __device__ inline int unit_pitch(int gates, int depth) { return gates * depth + BANK_SKEW; }

/* A layer and its partition. */
struct persistent_layer {
    gli_rnn_partition partition;
    int directions, batch, hidden, depth, tiles; /* tiles: of a direction */
    divisor quads;                               /* of a row of the tile */
    unsigned *counters;                          /* one for each group */

    __device__ int group() const { return int(blockIdx.y); }
    __device__ int first_unit() const { return int(blockIdx.x) * partition.units; }
    /* Item i is a tile of a direction: its first sequence. */
    __device__ int items() const { return directions * tiles; }
    __device__ int direction(int i) const { return i >= tiles; }
    __device__ int first_sequence(int i) const { return (i - direction(i) * tiles) * partition.rows; }
};

inline persistent_layer persistent_layer_of(const gli_rnn_layer &l, const gli_rnn_partition &partition, int depth,
                                            void *counters) {
    return {partition,
            l.geom.directions,
            l.geom.batch,
            l.geom.hidden,
            depth,
            blocks_for(l.geom.batch, partition.rows),
            divide_by(unsigned(depth / 4)),
            static_cast<unsigned *>(counters)};
}

/* A row of the grid for each group. */
inline dim3 persistent_grid(const gli_rnn_partition &partition) {
    return dim3(unsigned(partition.blocks), unsigned(partition.groups));
}

/* A barrier among the blocks of a group: writes before arrive() are visible after wait(). */
struct group_barrier {
    unsigned *counter;
    unsigned blocks, count;

    __device__ explicit group_barrier(const persistent_layer &l)
        : counter(l.counters + l.group() * COUNTER_STRIDE), blocks(unsigned(l.partition.blocks)), count(0) {}

    __device__ void arrive() {
        __syncthreads();
        count += blocks;
        if (blocks > 1 && threadIdx.x == 0) gli_signal(counter);
    }
    __device__ void wait() const {
        if (blocks == 1) return;
        if (threadIdx.x == 0) gli_await(counter, count);
        __syncthreads();
    }
};

/* The tile that the team of a thread computes, 4 sequences x UNITS units, and which unit of which sequence the thread
 * owns. Threads beyond the last team only load tiles. The size of a team, which decides the order of summation, is the
 * same on every GPU. */
template <int UNITS>
struct thread_tile {
    enum { TEAM = 4 * UNITS };

    int lane, team_unit, team_row; /* the first of the team, in the block */
    int unit, sequence;
    bool owns, in_team; /* in_team: some thread of its warp is in a team */

    __device__ thread_tile(const persistent_layer &l, int first_sequence) : lane(int(threadIdx.x) % TEAM) {
        const int teams = l.partition.units / UNITS, all = teams * (l.partition.rows / 4);
        const int mine = int(threadIdx.x) / TEAM, near = min(mine, all - 1);
        team_unit = near % teams * UNITS;
        team_row  = near / teams * 4;
        unit      = l.first_unit() + team_unit + (lane >> 1 & 2) + (lane >> 3);
        sequence  = first_sequence + team_row + (lane << 1 & 2) + (lane >> 1 & 1);
        owns      = mine < all && unit < l.hidden && sequence < l.batch;
        in_team   = int(threadIdx.x) / LANES * LANES < all * TEAM;
    }
};

/* Adds a lane's share of k to sum[4][COLUMNS]: 4 rows of a tile times columns of weights, `pitch` elements from each
 * other. */
template <int COLUMNS, int TEAM, class T>
__device__ inline void accumulate_lane(const float *tile, const T *weights, int pitch, int depth, int lane,
                                       float *sum) {
    for (int k = 4 * lane; k < depth; k += 4 * TEAM) {
        float w[COLUMNS][4];
#pragma unroll
        for (int c = 0; c < COLUMNS; ++c) {
            const vec4<T> in = *reinterpret_cast<const vec4<T> *>(weights + c * pitch + k);
#pragma unroll
            for (int i = 0; i < 4; ++i) w[c][i] = to_compute(in.at[i]);
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

/* A step of a reduce-scatter: of COUNT sums, a lane and the one at `distance` get one half each, added up. */
template <int COUNT>
__device__ inline void reduce_scatter(float *sum, int lane, int distance) {
    const bool upper = lane & distance;
#pragma unroll
    for (int i = 0; i < COUNT / 2; ++i) {
        const float own = upper ? sum[i + COUNT / 2] : sum[i], sent = upper ? sum[i] : sum[i + COUNT / 2];
        sum[i] = own + __shfl_xor_sync(EVERY_LANE, sent, distance);
    }
}

/* Elements k to k + 3 of a row; NULL: zeros. */
template <class T>
__device__ inline packed4<T> load4(const T *row, int k, int count, bool vectorized) {
    packed4<T> zeros = {};
    if (!row || k >= count) return zeros;
    if (vectorized) return *reinterpret_cast<const packed4<T> *>(row + k);
    T at[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) at[j] = k + j < count ? row[k + j] : round_to<T>(0.0f);
    return pack4(at);
}

template <class T>
__device__ inline vec4<float> widened(const packed4<T> &in) {
    T at[4];
    vec4<float> out;
    unpack4(in, at);
#pragma unroll
    for (int j = 0; j < 4; ++j) out.at[j] = to_compute(at[j]);
    return out;
}

/* Loads the rows of a tile, `hidden` elements each from source(row). Each thread has several loads in flight. */
template <class T, class Source>
__device__ inline void load_tile(const persistent_layer &l, bool vectorized, float *tile, const Source &source) {
    enum { LOADS = 4 };
    const int quads = l.depth / 4, all = l.partition.rows * quads;
    for (int first = int(threadIdx.x); first < all; first += LOADS * int(blockDim.x)) {
        packed4<T> next[LOADS];
#pragma unroll
        for (int j = 0; j < LOADS; ++j) {
            const int i = first + j * int(blockDim.x), row = int(l.quads.quotient(unsigned(i)));
            next[j] = load4(i < all ? source(row) : nullptr, (i - row * quads) * 4, l.hidden, vectorized);
        }
#pragma unroll
        for (int j = 0; j < LOADS; ++j) {
            const int i = first + j * int(blockDim.x);
            if (i < all) reinterpret_cast<vec4<float> *>(tile)[i] = widened(next[j]);
        }
    }
}

/* A thread for each unit of each sequence, and more where loading a tile is the longer work. */
inline int persistent_threads(const gli_rnn_partition &partition, int hidden) {
    const int owners = partition.units * partition.rows, quads = partition.rows * padded_depth(hidden) / 4;
    const int loaders = quads < LOADING_THREADS ? quads : int(LOADING_THREADS);
    return blocks_for(owners > loaders ? owners : loaders, LANES) * LANES;
}

}  // namespace glia

/* `return GLI_FOR_PERSISTENT(layer, T, GATES, launch<T, GATES>(...))` */
#define GLI_FOR_PERSISTENT(layer, T, GATES, ...)                              \
    [&]() -> cudaError_t {                                                    \
        switch ((layer).dtype) {                                              \
            case GLIA_F32: {                                                  \
                using T = float;                                              \
                return GLI_FOR_GATES((layer).geom.gates, GATES, __VA_ARGS__); \
            }                                                                 \
            case GLIA_BF16: {                                                 \
                using T = glia::bf16;                                         \
                return GLI_FOR_GATES((layer).geom.gates, GATES, __VA_ARGS__); \
            }                                                                 \
            case GLIA_F16: {                                                  \
                using T = glia::f16;                                          \
                return GLI_FOR_GATES((layer).geom.gates, GATES, __VA_ARGS__); \
            }                                                                 \
            default: return cudaErrorInvalidValue;                            \
        }                                                                     \
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
