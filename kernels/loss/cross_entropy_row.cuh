/* An item of cross entropy: where its numbers are, their weights, and the sums of its softmax. */
#ifndef GLI_KERNELS_LOSS_CROSS_ENTROPY_ROW_CUH
#define GLI_KERNELS_LOSS_CROSS_ENTROPY_ROW_CUH

#include "kernels/device/class_rows.cuh"
#include "kernels/device/index_check.cuh"
#include "kernels/device/merge_parts.cuh"
#include "kernels/device/rows.cuh"
#include "kernels/device/softmax_sums.cuh"
#include "kernels/loss/cross_entropy_launch.h"

namespace glia {
namespace {

template <class T>
struct problem {
    typedef compute<T> C;
    class_shape shape;
    glia_cross_entropy_from from;
    bool ignore, wide, kept; /* wide, kept: of the rows of larger teams, see row_packs */
    int cluster;             /* blocks for an item */
    int64_t ignore_index;
    C hard, smooth; /* label smoothing: class c has the probability hard target[c] + smooth */
    const T *x, *probabilities, *weight;
    gli_indices target;
    unsigned long long *slot;

    /* Whether one class of each item has all the probability. */
    __host__ __device__ bool one_class() const { return !probabilities && smooth == 0; }
    __device__ C weight_of(int c) const { return weight ? to_compute(weight[c]) : C(1); }
};

/* The threads of an item: TEAM of a block, or whole blocks of a cluster. */
template <int TEAM>
struct class_team {
    row_cluster cluster;
    block_share share;
    int lane, size;

    template <class T>
    __device__ explicit class_team(const problem<T> &p, const block_share &of = share_of_grid())
        : cluster(TEAM > LANES ? p.cluster : 1),
          share(of),
          lane(cluster.rank * TEAM + int(threadIdx.x) % TEAM),
          size(cluster.blocks * TEAM) {}

    /* Teams take items in turn: the first, and the distance to the next. */
    __device__ int64_t first() const {
        return int64_t(share.block / unsigned(cluster.blocks)) * (CLASS_THREADS / TEAM) + threadIdx.x / TEAM;
    }
    __device__ int64_t step() const {
        return int64_t(share.blocks / unsigned(cluster.blocks)) * (CLASS_THREADS / TEAM);
    }
    /* Whether a team of the block has one, for its team's item `item`. */
    __device__ bool any(int64_t item, const class_shape &s) const { return item - threadIdx.x / TEAM < s.items; }
    template <class F, class C>
    __device__ C all(F f, C value, team_memory<C> &memory) {
        return cluster.all(
            f, team_all_reduce<(TEAM > LANES)>(f, value, TEAM < LANES ? TEAM : int(LANES), memory.of_warps), memory);
    }
};

/* One item, or none: then it has no classes. */
template <class T, int TEAM>
struct row {
    typedef compute<T> C;
    enum { width = TEAM < LANES ? 1 : int(vector<T>::width) }; /* classes that are visited at a time */
    const problem<T> &p;
    class_team<TEAM> &team;
    team_memory<C> &memory;
    packed<T> *places;
    int64_t item, first;
    int classes, lane;
    int64_t target;
    bool counts;  /* it exists, is not ignored and in range */
    bool outside; /* it is out of range, and its loss NaN, so that it cannot pass for a result */

    template <class H>
    __device__ row(const problem<T> &problem, class_team<TEAM> &of, int64_t index, H *head)
        : p(problem), team(of), memory(head->team), places(places_behind<T>(head)), item(index) {
        const bool here    = item < p.shape.items;
        first              = here ? p.shape.first(item) : 0;
        classes            = here ? p.shape.classes : 0;
        lane               = team.lane;
        target             = here && !p.probabilities ? index_at(p.target, item) : 0;
        const bool ignored = p.ignore && target == p.ignore_index;
        const bool inside  = p.probabilities || (target >= 0 && target < p.shape.classes);
        counts             = here && !ignored && inside;
        outside            = here && !ignored && !inside;
        if (outside && lane == 0) note_index(p.slot, item, target);
    }
    __device__ int64_t element(int c) const { return first + int64_t(c) * p.shape.inner; }

    /* f(c, x) for the numbers x of the classes c, c + 1, ... of the thread; some may be beyond the last class. */
    template <class F>
    __device__ void visit(bool again, F f) const {
        if constexpr (TEAM < LANES) {
            for (int c = lane; c < classes; c += TEAM) {
                const C x[1] = {to_compute(p.x[element(c)])};
                f(c, x);
            }
        } else {
            const row_packs<T, 1> packs = {{p.x + first}, p.shape.inner, classes, lane,        team.size,
                                           p.wide,        p.kept,        places,  -C(INFINITY)};
            packs.visit(again, [&](int c, const C(&x)[1][width]) { f(c, x[0]); });
        }
    }
    __device__ void store(T *y, int c, const C (&values)[width]) const {
        if constexpr (TEAM >= LANES)
            if (p.wide) return store_pack(y + element(c), width, true, values);
        for (int k = 0; k < width; ++k)
            if (c + k < classes) y[element(c + k)] = round_to<T>(values[k]);
    }
    /* The weight of log p(c) in the loss. That of a class without a share counts nothing, if it is infinite, too. */
    __device__ C coefficient(int c) const {
        const C t = p.probabilities ? to_compute(p.probabilities[element(c)]) : C(c == target);
        const C q = p.hard * t + p.smooth;
        return q == 0 ? C(0) : p.weight_of(c) * q;
    }
};

template <class T, int TEAM>
__device__ inline softmax_sums<T> softmax_of(const row<T, TEAM> &r) {
    typedef compute<T> C;
    softmax_sums<T> s = softmax_sums<T>::none();
    r.visit(false, [&](int, const C(&x)[row<T, TEAM>::width]) { s.add(x); });
    s.merge(r.team, r.memory);
    return s;
}

/* Computed in W. Of logits half of it, from halves of max and log_sum: a difference of two floats may be none. */
template <class W, class T, int TEAM>
__device__ inline W log_probability(const row<T, TEAM> &r, compute<T> x, W half_max, W half_log_sum) {
    typedef compute<T> C;
    if (r.p.from == GLIA_FROM_LOGITS) return W(x) * W(0.5) - half_max - half_log_sum;
    if (r.p.from == GLIA_FROM_LOG_PROBABILITIES || isnan(x)) return x;
    const C epsilon = C(GLI_CROSS_ENTROPY_EPSILON);
    return log(x < epsilon ? epsilon : x > 1 ? C(1) : x);
}

}  // namespace
}  // namespace glia

#endif
