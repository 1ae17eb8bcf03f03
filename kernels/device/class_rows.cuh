/* Items with a number for each class. Item i of items has class c at element (i / inner * classes + c) * inner + i %
 * inner, and belongs to a team of neighbouring threads: one thread where neighbouring items lie next to each other or
 * classes are few, 8 or a warp for more classes, a block for thousands. */
#ifndef GLI_KERNELS_DEVICE_CLASS_ROWS_CUH
#define GLI_KERNELS_DEVICE_CLASS_ROWS_CUH

#include "kernels/device/block_reduce.cuh"

namespace glia {

enum {
    CLASS_THREADS = 256,
    CLASS_WARPS   = CLASS_THREADS / LANES,
    CLASS_BLOCKS  = 1024, /* at most, where each leaves a sum to be added */
    CLASS_ALONE   = 8     /* items of a team that one block does, so that one launch is enough */
};

struct class_shape {
    int64_t items;
    int classes, inner;

    __device__ int64_t first(int64_t item) const {
        return inner == 1 ? item * classes : item / inner * classes * inner + item % inner;
    }
};

inline int team_for(const class_shape &s) {
    if (s.classes <= 4 || (s.inner > 1 && s.items >= 2048)) return 1;
    return s.inner == 1 && s.classes <= 64 ? 8 : s.classes <= 2048 ? 32 : CLASS_THREADS;
}

inline int blocks_of_teams(const class_shape &s, int max_blocks) {
    const int64_t blocks = (s.items * team_for(s) + CLASS_THREADS - 1) / CLASS_THREADS;
    return static_cast<int>(blocks < max_blocks ? blocks : max_blocks);
}

/* For kernels that reduce over all items. */
inline int reduction_blocks(const class_shape &s) {
    const int blocks = blocks_of_teams(s, CLASS_BLOCKS);
    return blocks <= CLASS_ALONE ? 1 : blocks;
}

struct minimum {
    __device__ int operator()(int a, int b) const { return b < a ? b : a; }
};

/* The larger one, or a NaN if there is one. */
struct maximum_or_nan {
    template <class C>
    __device__ C operator()(C a, C b) const {
        return a != a || a > b ? a : b;
    }
};

/* f over the threads of a team; each of them gets the result. All threads of the block call it. */
template <int TEAM, class F, class C>
__device__ inline C team_reduce(F f, C value, C (&shared)[CLASS_WARPS]) {
    return team_all_reduce<(TEAM > LANES), CLASS_WARPS>(f, value, TEAM < LANES ? TEAM : int(LANES), shared);
}

/* The first class with the largest of the numbers, or the first with NaN. `classes` is 0 in a team without an item; its
 * result means nothing. */
template <int TEAM, class T>
__device__ inline int argmax_of(const T *x, int64_t step, int classes) {
    typedef compute<T> C;
    __shared__ C of_value[CLASS_WARPS];
    __shared__ int of_class[CLASS_WARPS];
    const int lane = threadIdx.x % TEAM;
    C best         = -INFINITY;
    int best_class = INT32_MAX;
    for (int c = lane; c < classes; c += TEAM) {
        const C value = to_compute(x[c * step]);
        if (best_class == INT32_MAX || value > best || (value != value && best == best)) best = value, best_class = c;
    }
    const C largest       = team_reduce<TEAM>(maximum_or_nan(), best, of_value);
    const bool is_largest = best == largest || (best != best && largest != largest);
    return team_reduce<TEAM>(minimum(), is_largest ? best_class : INT32_MAX, of_class);
}

}  // namespace glia

/* `return GLI_FOR_TEAM(size, TEAM, launch<TEAM>(...))` */
#define GLI_FOR_TEAM(size, TEAM, ...)                     \
    [&]() -> cudaError_t {                                \
        switch (size) {                                   \
            case 1: {                                     \
                constexpr int TEAM = 1;                   \
                return __VA_ARGS__;                       \
            }                                             \
            case 8: {                                     \
                constexpr int TEAM = 8;                   \
                return __VA_ARGS__;                       \
            }                                             \
            case 32: {                                    \
                constexpr int TEAM = 32;                  \
                return __VA_ARGS__;                       \
            }                                             \
            default: {                                    \
                constexpr int TEAM = glia::CLASS_THREADS; \
                return __VA_ARGS__;                       \
            }                                             \
        }                                                 \
    }()

#endif
