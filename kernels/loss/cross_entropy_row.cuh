/* An item of cross entropy: where its numbers are, their weights, and the sums of its softmax. */
#ifndef GLI_KERNELS_LOSS_CROSS_ENTROPY_ROW_CUH
#define GLI_KERNELS_LOSS_CROSS_ENTROPY_ROW_CUH

#include "kernels/device/class_rows.cuh"
#include "kernels/device/index_check.cuh"
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
    int64_t ignore_index;
    C hard, smooth; /* label smoothing: class c has the probability hard target[c] + smooth */
    const T *x, *probabilities, *weight;
    gli_indices target;
    unsigned long long *slot;

    /* Whether one class of each item has all the probability. */
    __host__ __device__ bool one_class() const { return !probabilities && smooth == 0; }
    __device__ C weight_of(int c) const { return weight ? to_compute(weight[c]) : C(1); }
};

template <int TEAM>
struct class_team {
    template <class F, class C>
    __device__ C all(F f, C value, C (&shared)[CLASS_WARPS]) const {
        return team_reduce<TEAM>(f, value, shared);
    }
};

/* One item, or none: then it has no classes. */
template <class T, int TEAM>
struct row {
    typedef compute<T> C;
    enum { width = TEAM < LANES ? 1 : int(vector<T>::width) }; /* classes that are visited at a time */
    const problem<T> &p;
    int64_t item, first;
    int classes, lane;
    int64_t target;
    bool counts;  /* it exists, is not ignored and in range */
    bool outside; /* it is out of range, and its loss NaN, so that it cannot pass for a result */
    packed<T> *places;

    __device__ row(const problem<T> &problem, int64_t index, packed<T> *shared)
        : p(problem), item(index), places(shared) {
        const bool here    = item < p.shape.items;
        first              = here ? p.shape.first(item) : 0;
        classes            = here ? p.shape.classes : 0;
        lane               = threadIdx.x % TEAM;
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
            const row_packs<T, 1> packs = {{p.x + first}, p.shape.inner, classes, lane,        TEAM,
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
    __shared__ C shared[CLASS_WARPS];
    softmax_sums<T> s = softmax_sums<T>::none();
    r.visit(false, [&](int, const C(&x)[row<T, TEAM>::width]) { s.add(x); });
    s.merge(class_team<TEAM>(), shared);
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
