/* Rows that a team of threads, some lanes of a warp, a block or a cluster of blocks, visits several times. Each thread
 * has every size-th pack of a row. It copies them to places of its own in shared memory, several at a time on their
 * way, where they stay for the visits to come. Of rows that do not fit, the packs are copied again in each visit. No
 * register holds a row, so that one kernel with few registers serves every length, and no barrier is needed before a
 * thread reads its packs.
 */
#ifndef GLI_KERNELS_DEVICE_ROWS_CUH
#define GLI_KERNELS_DEVICE_ROWS_CUH

#include "kernels/device/async_copy.cuh"
#include "kernels/device/block_reduce.cuh"
#include "kernels/device/cluster.cuh"
#include "kernels/device/pack.cuh"

namespace glia {

enum {
    ROW_THREADS = 512, /* of a block, at most */
    ROW_WARPS   = ROW_THREADS / LANES,
    ROW_AHEAD   = 4,   /* packs of a thread that are on their way, of each array */
    LANE_PACKS  = 4,   /* of a lane, at most, before a block takes the row */
    HEAD_BYTES  = 1024 /* of shared memory before the places, for reductions; none of it is static */
};

struct row_shape {
    int rows, length;
    int team;    /* threads of a block for a row, a power of two: up to a warp, or the block */
    int threads; /* of a block */
    int cluster; /* blocks for a row, a power of two */
    int places;  /* of a thread in shared memory, for packs of each array */
    bool wide;   /* every array of rows can be read in 16 bytes */
    bool kept;   /* there is a place for every pack */
};

/* What the reductions of a team have in shared memory. */
template <class C>
struct alignas(16) team_memory {
    C of_warps[ROW_WARPS];
    C of_blocks[2][CLUSTER_BLOCKS]; /* by turns, so that none is overwritten that a thread still reads */
};

/* The places of a block, behind what its dynamic shared memory begins with. */
template <class T, class H>
__device__ inline packed<T> *places_behind(H *head) {
    static_assert(sizeof(H) <= HEAD_BYTES, "before the places");
    return reinterpret_cast<packed<T> *>(reinterpret_cast<unsigned char *>(head) + HEAD_BYTES);
}

/* The blocks whose threads are one team. */
struct row_cluster {
    int blocks, rank, turns;

    __device__ explicit row_cluster(int size) : blocks(size), rank(0), turns(0) {
        if (blocks == 1) return;
        rank = static_cast<int>(gli_cluster_rank());
        gli_cluster_arrive();
    }
    /* f over what the blocks have, in the order of their ranks; of_block: the same in all threads of a block. */
    template <class F, class C>
    __device__ C all(F f, C of_block, team_memory<C> &memory) {
        if (blocks == 1) return of_block;
        if (turns == 0) gli_cluster_wait(); /* all blocks have begun */
        C(&parts)[CLUSTER_BLOCKS] = memory.of_blocks[turns++ % 2];
        if (int(threadIdx.x) < blocks) gli_cluster_store(&parts[rank], threadIdx.x, of_block);
        gli_cluster_arrive();
        gli_cluster_wait();
        C value = parts[0];
#pragma unroll 1
        for (int b = 1; b < blocks; ++b) value = f(value, parts[b]);
        return value;
    }
};

/* The threads of a row. */
template <bool WHOLE_BLOCK>
struct row_team {
    row_cluster cluster;
    int lane, size;

    __device__ explicit row_team(const row_shape &s)
        : cluster(WHOLE_BLOCK ? s.cluster : 1),
          lane(WHOLE_BLOCK ? cluster.rank * int(blockDim.x) + int(threadIdx.x) : int(threadIdx.x) % s.team),
          size(WHOLE_BLOCK ? cluster.blocks * int(blockDim.x) : s.team) {}

    /* Teams take rows in turn. */
    __device__ int64_t row() const {
        return WHOLE_BLOCK ? blockIdx.x / unsigned(cluster.blocks)
                           : int64_t(blockIdx.x) * (blockDim.x / size) + threadIdx.x / size;
    }
    /* Whether a team of the block has one, for its team's row `row`. */
    __device__ bool any(int64_t row, const row_shape &s) const {
        return row - (WHOLE_BLOCK ? 0 : threadIdx.x / size) < s.rows;
    }
    /* f, which commutes, over the values of the team; each of its threads gets the result. */
    template <class F, class C>
    __device__ C all(F f, C value, team_memory<C> &memory) {
        return cluster.all(f, team_all_reduce<WHOLE_BLOCK>(f, value, WHOLE_BLOCK ? int(LANES) : size, memory.of_warps),
                           memory);
    }
};

/* What a thread has of one row of each of N arrays, whose numbers are `step` elements from each other. */
template <class T, int N>
struct row_packs {
    typedef compute<T> C;
    const T *x[N];
    int64_t step;
    int length; /* 0: the thread has no row */
    int lane, size;
    bool wide, kept; /* wide: step is 1 */
    packed<T> *places;
    C otherwise; /* beyond the end of the row */

    __device__ unsigned begin(int k) const { return unsigned(k * size + lane) * vector<T>::width; }
    __device__ packed<T> &place(int k, int n) const {
        return places[((kept ? k : k % ROW_AHEAD) * N + n) * blockDim.x + threadIdx.x];
    }

    __device__ bool has(int k) const { return begin(k) < unsigned(length); }
    __device__ void get(int k, C (&values)[N][vector<T>::width]) const {
#pragma unroll
        for (int n = 0; n < N; ++n) unpack(place(k, n), values[n]);
    }
    /* Commits a group, also for a pack that the thread does not have, so that awaiting counts packs. */
    __device__ void copy(int k) const {
        const unsigned first = begin(k);
#pragma unroll
        for (int n = 0; n < N; ++n)
            if (has(k)) {
                if (wide)
                    gli_copy_async(&place(k, n), reinterpret_cast<const packed<T> *>(x[n] + first));
                else
                    copy_each(x[n], first, place(k, n));
            }
        gli_commit_copies();
    }

    /* f(c, values) for each pack of the thread, of the columns c, c + 1, ...; again: the row was visited before. */
    template <class F>
    __device__ void visit(bool again, F f) const {
        const bool copies = !again || !kept;
#pragma unroll 1
        for (int k = 0; copies && k < ROW_AHEAD; ++k) copy(k);
        for (int k = 0; has(k); ++k) {
            if (copies) gli_await_copies<ROW_AHEAD - 1>();
            C values[N][vector<T>::width];
            get(k, values);
            f(static_cast<int>(begin(k)), values);
            if (copies) copy(k + ROW_AHEAD);
        }
    }

   private:
    /* A loop, because it is compiled into every visit; the lanes of a warp share what the first round brings. */
    __device__ void copy_each(const T *from, unsigned first, packed<T> &to) const {
#pragma unroll 1
        for (unsigned k = 0; k < vector<T>::width; ++k) {
            const T value = first + k < unsigned(length) ? from[(first + k) * step] : round_to<T>(otherwise);
            memcpy(reinterpret_cast<char *>(&to) + k * sizeof value, &value, sizeof value);
        }
    }
};

/* The packs of the thread in row `row` of each of N dense arrays. */
template <bool WHOLE_BLOCK, class T, int N>
__device__ inline row_packs<T, N> packs_of(const row_shape &s, const row_team<WHOLE_BLOCK> &team, int64_t row,
                                           const T *const (&arrays)[N], packed<T> *places, compute<T> otherwise) {
    row_packs<T, N> r = {{}, 1, row < s.rows ? s.length : 0, team.lane, team.size, s.wide, s.kept, places, otherwise};
#pragma unroll
    for (int n = 0; n < N; ++n) r.x[n] = arrays[n] + row * s.length;
    return r;
}

/* Of dynamic shared memory. */
inline size_t row_bytes(const row_shape &s, int arrays) {
    return HEAD_BYTES + size_t(s.places) * arrays * s.threads * 16;
}

/* Whether a team of so many blocks can keep its packs. */
inline bool keep_rows(row_shape &s, int cluster, int packs, int arrays, size_t most) {
    s.cluster = cluster;
    s.places  = blocks_for(packs, s.team * cluster);
    return row_bytes(s, arrays) <= most;
}

/* Chooses the places for rows of so many packs, so that those of `arrays` rows of a team can stay, in a cluster where a
 * block has no room and the GPU has clusters. Else there are places for what is on its way, of half as many threads
 * where a block has 64 KB, as at compute capability 7.5. kernel: for whole blocks. */
inline cudaError_t place_rows(row_shape &s, int packs, int arrays, const void *kernel) {
    size_t most       = 0;
    cudaError_t error = gli_shared_memory_limit(&most);
    s.kept            = keep_rows(s, 1, packs, arrays, most);
    const int blocks  = s.team == s.threads ? int(CLUSTER_BLOCKS) : 1;
    for (int cluster = 2; cluster <= blocks && !s.kept && error == cudaSuccess; cluster *= 2)
        if (keep_rows(s, cluster, packs, arrays, most))
            error = gli_cluster_fits(kernel, cluster, s.threads, row_bytes(s, arrays), &s.kept);
    if (s.kept) return error;
    s.cluster = 1;
    s.places  = ROW_AHEAD;
    if (row_bytes(s, arrays) > most) s.team = s.threads /= 2;
    return error;
}

/* As few lanes as a row needs with one pack each, up to a warp. */
template <class T>
row_shape lanes_for_rows(int rows, int length, bool wide) {
    row_shape s = {rows, length, 1, 256, 1, LANE_PACKS, wide, true};
    while (s.team < LANES && s.team * vector<T>::width < length) s.team *= 2;
    return s;
}

/* Rows of more than LANE_PACKS packs for each lane of a warp go to a block, or to several; kernel: for these. */
template <class T>
cudaError_t shape_rows(row_shape &s, int rows, int length, int arrays, bool wide, const void *kernel) {
    const int packs = blocks_for(length, vector<T>::width);
    s               = lanes_for_rows<T>(rows, length, wide);
    if (packs > LANE_PACKS * LANES) {
        for (s.threads = 128; s.threads < ROW_THREADS && LANE_PACKS * s.threads < packs;) s.threads *= 2;
        s.team = s.threads;
    }
    return place_rows(s, packs, arrays, kernel);
}

inline int row_blocks(const row_shape &s) { return blocks_for(s.rows, s.threads / s.team) * s.cluster; }

}  // namespace glia

#endif
