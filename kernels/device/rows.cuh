/* Rows that stay in registers from their one read to their one write, those of some lanes of a warp or of a block. */
#ifndef GLI_KERNELS_DEVICE_ROWS_CUH
#define GLI_KERNELS_DEVICE_ROWS_CUH

#include "kernels/device/pack.cuh"
#include "kernels/device/block_reduce.cuh"

namespace glia {

/* Their kernels say __launch_bounds__(ROW_THREADS, 1): without the 1, ptxas spills registers to fit more blocks. */
enum { ROW_THREADS = 256, ROW_WARPS = ROW_THREADS / LANES, MAX_PACKS = 8 };

struct row_shape {
    int rows, length;
    int team;  /* threads for a row, a power of two: up to a warp, or the block */
    int packs; /* of a thread, at most */
    bool wide; /* every array of rows can be read in 16 bytes */
};

/* The threads of a row, each of which has PACKS of its packs: every size-th one. */
template <class T, int PACKS, bool WHOLE_BLOCK>
struct row_team {
    int lane, size, length;

    __device__ explicit row_team(const row_shape &s)
        : lane(WHOLE_BLOCK ? threadIdx.x : threadIdx.x % s.team),
          size(WHOLE_BLOCK ? int(ROW_THREADS) : s.team),
          length(s.length) {}

    /* Teams take rows in turn. */
    __device__ static int64_t first_row(const row_shape &s) {
        return WHOLE_BLOCK ? blockIdx.x : int64_t(blockIdx.x) * (ROW_THREADS / s.team) + threadIdx.x / s.team;
    }
    __device__ int begin(int pack) const { return (pack * size + lane) * vector<T>::width; }
    __device__ int count(int pack) const { return length - begin(pack); }

    /* f, which commutes, over the values of the team; each of its threads gets the result. */
    template <class F, class C>
    __device__ C all(F f, C value, C (&shared)[ROW_WARPS]) const {
        return team_all_reduce<WHOLE_BLOCK, ROW_WARPS>(f, value, WHOLE_BLOCK ? int(LANES) : size, shared);
    }
};

/* As few lanes as a row needs with one pack each, up to a warp; then up to 4 packs; then a block. */
template <class T>
row_shape shape_rows(int rows, int length, bool wide) {
    const int packs = blocks_for(length, vector<T>::width);
    row_shape s     = {rows, length, 1, 1, wide};
    while (s.team < packs && s.team < LANES) s.team *= 2;
    while (s.packs * s.team < packs && s.packs < 4) s.packs *= 2;
    if (s.packs * s.team < packs)
        for (s.team = ROW_THREADS, s.packs = 1; s.packs * s.team < packs;) s.packs *= 2;
    return s;
}

inline int row_blocks(const row_shape &s) { return blocks_for(s.rows, ROW_THREADS / s.team); }

}  // namespace glia

/* `return GLI_FOR_ROWS(shape, PACKS, WHOLE_BLOCK, launch<PACKS, WHOLE_BLOCK>(...))`: the expression for the shape;
 * cudaErrorInvalidValue for one whose rows are too long. */
#define GLI_FOR_ROWS(shape, PACKS, WHOLE_BLOCK, ...)                     \
    [&]() -> cudaError_t {                                               \
        switch ((shape).packs * ((shape).team > glia::LANES ? -1 : 1)) { \
            GLI_ROWS_CASE(1, PACKS, 1, WHOLE_BLOCK, false, __VA_ARGS__)  \
            GLI_ROWS_CASE(2, PACKS, 2, WHOLE_BLOCK, false, __VA_ARGS__)  \
            GLI_ROWS_CASE(4, PACKS, 4, WHOLE_BLOCK, false, __VA_ARGS__)  \
            GLI_ROWS_CASE(-1, PACKS, 1, WHOLE_BLOCK, true, __VA_ARGS__)  \
            GLI_ROWS_CASE(-2, PACKS, 2, WHOLE_BLOCK, true, __VA_ARGS__)  \
            GLI_ROWS_CASE(-4, PACKS, 4, WHOLE_BLOCK, true, __VA_ARGS__)  \
            GLI_ROWS_CASE(-8, PACKS, 8, WHOLE_BLOCK, true, __VA_ARGS__)  \
            default: return cudaErrorInvalidValue;                       \
        }                                                                \
    }()

#define GLI_ROWS_CASE(key, PACKS, packs, WHOLE_BLOCK, whole, ...) \
    case key: {                                                   \
        constexpr int PACKS        = packs;                       \
        constexpr bool WHOLE_BLOCK = whole;                       \
        return __VA_ARGS__;                                       \
    }

#endif
