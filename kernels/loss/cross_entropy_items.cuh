/* What cross entropy and its gradient compute of items: the loss, its sum, and the derivative. Of all items that a
 * launch has, or of those that the last block of another kernel has left (dense_cross_entropy.cu). */
#ifndef GLI_KERNELS_LOSS_CROSS_ENTROPY_ITEMS_CUH
#define GLI_KERNELS_LOSS_CROSS_ENTROPY_ITEMS_CUH

#include "kernels/device/merge_parts.cuh"
#include "kernels/device/wide_sums.cuh"
#include "kernels/loss/cross_entropy_row.cuh"

namespace glia {
namespace {

/* The loss of an item, for the first thread of its team. It may be no float, and the mean of such be one: in double,
 * after what all threads do. s: of logits. */
template <class T, int TEAM>
__device__ inline double loss_of(const row<T, TEAM> &r, const softmax_sums<T> &s) {
    typedef compute<T> C;
    const C half_max = s.max / 2, half_log_sum = log(s.sum) / 2;
    const double whole = r.p.from == GLIA_FROM_LOGITS ? -2 : -1;
    C sum              = 0;
    if (!r.p.one_class()) {
        if (r.counts)
            r.visit(true, [&](int c, const C(&x)[row<T, TEAM>::width]) {
                for (int k = 0; k < row<T, TEAM>::width; ++k) {
                    const C q = c + k < r.classes ? r.coefficient(c + k) : C(0);
                    if (q != 0) sum += q * log_probability(r, x[k], half_max, half_log_sum);
                }
            });
        sum = r.team.all(plus(), sum, r.memory);
    }
    if (r.lane != 0) return 0;
    if (!r.counts) return r.outside ? NAN : 0;
    if (!r.p.one_class()) return whole * sum;
    const int c    = static_cast<int>(r.target);
    const double q = r.coefficient(c);
    if (q == 0) return 0;
    return whole * (q * log_probability<double>(r, to_compute(r.p.x[r.element(c)]), half_max, half_log_sum));
}

/* Of losses, and of the weights of their classes. */
template <class T>
struct item_sums {
    wide_sum<compute<T>> loss, weight;
    __device__ void merge(const item_sums &other) { loss.merge(other.loss), weight.merge(other.weight); }
    __device__ item_sums down(int distance, int lanes) const {
        return {{loss.down(distance, lanes)}, {weight.down(distance, lanes)}};
    }
    /* over: what the losses are divided by; 0: their weights. */
    __device__ double mean(double over) const { return over != 0 ? loss.over(over) : quotient(loss, weight); }
};

static_assert(CLASS_BLOCKS * sizeof(item_sums<double>) <= GLI_CROSS_ENTROPY_WORKSPACE, "one for each block");

/* What the dynamic shared memory of a block begins with. */
template <class T>
struct class_memory {
    team_memory<compute<T>> team;
    item_sums<T> losses[CLASS_WARPS], weights[CLASS_WARPS];
};

/* Where the losses of items go. */
template <class T>
struct loss_target {
    typedef compute<T> C;
    T *y; /* NULL: nothing asks for them */
    bool reduced;
    double over;            /* what their sum is divided by; 0: by the weights of the classes */
    item_sums<T> *of_block; /* of each, where there are several */

    /* loss: of the first thread of the item's team. */
    template <int TEAM>
    __device__ void add(const row<T, TEAM> &r, double loss, item_sums<T> &sum) const {
        if (r.lane != 0 || r.classes == 0) return;
        if (!reduced) y[r.item] = round_to<T>(C(loss));
        sum.loss.add(loss);
        if (r.counts && !r.p.probabilities) sum.weight.add(r.p.weight_of(static_cast<int>(r.target)));
    }
    __device__ void store(const item_sums<T> &sum) const { *y = round_to<T>(C(sum.mean(over))); }
    /* sum: of a thread. All threads of the block call it. */
    __device__ void finish(item_sums<T> sum, item_sums<T> (&shared)[CLASS_WARPS],
                           const block_share &share = share_of_grid()) const {
        if (reduced) finish_block(sum, shared, of_block, [&](const item_sums<T> &all) { store(all); }, share);
    }
};

template <class T>
__device__ inline item_sums<T> sum_of_blocks(const item_sums<T> *of_block, int blocks,
                                             item_sums<T> (&shared)[CLASS_WARPS]) {
    item_sums<T> sum = {};
#pragma unroll 1
    for (int b = threadIdx.x; b < blocks; b += CLASS_THREADS) sum.merge(of_block[b]);
    return block_merge(sum, shared);
}

/* Of the weights of the classes of the block's items; no losses. */
template <class T>
__device__ inline item_sums<T> weights_of_block(const problem<T> &p, const block_share &share,
                                                item_sums<T> (&shared)[CLASS_WARPS]) {
    item_sums<T> sum = {};
    for (int64_t i = int64_t(share.block) * CLASS_THREADS + threadIdx.x; i < p.shape.items;
         i += int64_t(share.blocks) * CLASS_THREADS) {
        const int64_t c    = index_at(p.target, i);
        const bool ignored = p.ignore && c == p.ignore_index;
        if (!ignored && c >= 0 && c < p.shape.classes) sum.weight.add(p.weight_of(static_cast<int>(c)));
    }
    return block_merge(sum, shared);
}

template <class T>
struct gradient {
    const T *dy;
    T *dx;
    bool one_dy;
    double over; /* 0: the sum of the weights of the classes */
    const item_sums<T> *of_block;
    int blocks; /* of of_block; 0: the one block that there is adds the weights up */

    __device__ wide_sum<compute<T>> divisor(const problem<T> &p, const block_share &share,
                                            item_sums<T> (&shared)[CLASS_WARPS]) const {
        if (over == 0)
            return (blocks > 0 ? sum_of_blocks(of_block, blocks, shared) : weights_of_block(p, share, shared)).weight;
        wide_sum<compute<T>> all = {};
        all.add(over);
        return all;
    }
};

/* A divisor that C may have no number for: over, and what a quotient is multiplied by. */
template <class C>
struct wide_divisor {
    C over, factor;
    __device__ explicit wide_divisor(const wide_sum<C> &sum) {
        if constexpr (sizeof(C) == sizeof(double)) {
            over   = sum.fits() ? sum.at[0] : sum.scaled();
            factor = sum.fits() ? 1 : wide_sum<C>::DOWN;
        } else {
            factor = sum.at[0] > 0x1p100 ? 0x1p-64f : 1;
            over   = C(sum.at[0] * factor);
        }
    }
    /* But for the factor; 0 where the divisor is. */
    __device__ C quotient(C dy) const { return over == 0 ? C(0) : dy / over; }
};

/* The sum of the item's coefficients. */
template <class T, int TEAM>
__device__ inline compute<T> sum_of_coefficients(const row<T, TEAM> &r) {
    typedef compute<T> C;
    C total = 0;
    if (r.p.one_class()) return r.counts ? r.coefficient(static_cast<int>(r.target)) : C(0);
    for (int c = r.lane; r.counts && c < r.classes; c += r.team.size) total += r.coefficient(c);
    return r.team.all(plus(), total, r.memory);
}

/* The derivative of the loss of an item that counts with respect to x, the number of class c. share: the sum of the
 * coefficients over that of the exponentials. */
template <class T, int TEAM>
__device__ inline compute<T> slope_of(const row<T, TEAM> &r, int c, compute<T> x, compute<T> max, compute<T> share) {
    typedef compute<T> C;
    if (r.p.from == GLIA_FROM_LOGITS) return exp_for<T>(x - max) * share - r.coefficient(c);
    if (r.p.from == GLIA_FROM_LOG_PROBABILITIES) return -r.coefficient(c);
    return x >= C(GLI_CROSS_ENTROPY_EPSILON) && x <= 1 ? -r.coefficient(c) / x : C(0);
}

/* The gradient of the items of a part, and their losses where they are asked for. */
template <int TEAM, class T>
__device__ inline void backward_items(const problem<T> &p, const gradient<T> &g, const loss_target<T> &losses,
                                      const block_share &part, class_memory<T> *memory) {
    typedef compute<T> C;
    class_team<TEAM> team(p, part);
    const wide_divisor<C> over(g.divisor(p, part, memory->weights));
    const bool logits = p.from == GLIA_FROM_LOGITS, one_class = logits && p.one_class();
    item_sums<T> sum = {};
    for (int64_t i = team.first(); team.any(i, p.shape); i += team.step()) {
        const row<T, TEAM> r(p, team, i, memory);
        softmax_sums<T> s = softmax_sums<T>::none();
        C total           = 0;
        if (logits) s = softmax_of(r), total = sum_of_coefficients(r);
        if (losses.y) losses.add(r, loss_of(r, s), sum);
        const C dy    = r.counts ? over.quotient(to_compute(g.dy[g.one_dy ? 0 : r.item])) : C(0);
        const C share = total / s.sum;
        r.visit(true, [&](int c, const C(&x)[row<T, TEAM>::width]) {
            C dx[row<T, TEAM>::width] = {};
            if (r.counts && one_class)
                for (int k = 0; k < row<T, TEAM>::width; ++k)
                    dx[k] = dy * (exp_for<T>(x[k] - s.max) * share - (c + k == r.target ? total : C(0))) * over.factor;
            else if (r.counts)
                for (int k = 0; k < row<T, TEAM>::width; ++k)
                    if (c + k < r.classes) dx[k] = dy * slope_of(r, c + k, x[k], s.max, share) * over.factor;
            r.store(g.dx, c, dx);
        });
    }
    if (losses.y) losses.finish(sum, memory->losses, part);
}

template <class T>
problem<T> problem_of(const gli_cross_entropy_geom &g, const gli_cross_entropy_arrays &a) {
    typedef compute<T> C;
    problem<T> p    = {};
    p.shape         = {int64_t(g.n) * g.inner, g.classes, g.inner};
    p.from          = g.from;
    p.ignore        = g.ignore;
    p.ignore_index  = g.ignore_index;
    p.hard          = C(1 - g.label_smoothing);
    p.smooth        = C(g.label_smoothing / g.classes);
    p.x             = static_cast<const T *>(a.x);
    p.probabilities = static_cast<const T *>(a.probabilities);
    p.weight        = static_cast<const T *>(a.weight);
    p.target        = a.target;
    p.slot          = a.slot;
    return p;
}

/* What the sum is divided by; 0: the weights of the classes. */
template <class T>
double divisor_of(const problem<T> &p, glia_reduction reduction) {
    if (reduction != GLIA_REDUCTION_MEAN) return 1;
    return p.probabilities || (!p.weight && !p.ignore) ? double(p.shape.items) : 0;
}

template <class T>
loss_target<T> target_of(const problem<T> &p, const gli_cross_entropy_geom &g, void *y, void *workspace) {
    return {static_cast<T *>(y), g.reduction != GLIA_REDUCTION_NONE, divisor_of(p, g.reduction),
            static_cast<item_sums<T> *>(workspace)};
}

}  // namespace
}  // namespace glia

#endif
