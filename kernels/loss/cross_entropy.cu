/* One read of x, 16 bytes at a time where a warp or a block has an item: the largest number and the sum of the
 * exponentials are found together, and what is needed again stays in shared memory while it fits there; longer rows are
 * read again. A few items take one launch; where more blocks add, a second launch adds theirs. */
#include "kernels/loss/cross_entropy_launch.h"

#include <cfloat>

#include "kernels/device/class_rows.cuh"
#include "kernels/device/index_check.cuh"
#include "kernels/device/pack.cuh"

namespace glia {
namespace {

enum { KEPT_BYTES = 47 * 1024 }; /* what merges take is a part of the 48 KB that a block has without asking */

template <class T>
struct problem {
    typedef compute<T> C;
    class_shape shape;
    glia_cross_entropy_from from;
    bool ignore, kept; /* kept: rows stay in shared memory */
    int pack;          /* numbers that a thread of a larger team reads at a time: 1, or what 16 bytes hold */
    int64_t ignore_index;
    C hard, spread, epsilon; /* an item's class gets `hard`, or its target times that; every class `spread` more */
    const T *x, *probabilities, *weight;
    gli_indices target;
    unsigned long long *bad;

    /* Whether one class alone has a share of each item. */
    __host__ __device__ bool one_class() const { return !probabilities && spread == 0; }
    __device__ C weight_of(int c) const { return weight ? widen(weight[c]) : C(1); }
};

/* One item, or none: then it has no classes. */
template <class T, int TEAM>
struct row {
    typedef compute<T> C;
    const problem<T> &p;
    int64_t at, first;
    int classes, lane;
    int64_t target;
    bool counts; /* is there, not ignored and in range */
    T *slots;    /* of this thread, a pack in each round */

    __device__ row(const problem<T> &problem, int64_t item, T *shared) : p(problem), at(item) {
        const bool here    = item < p.shape.items;
        first              = here ? p.shape.first(item) : 0;
        classes            = here ? p.shape.classes : 0;
        lane               = threadIdx.x % TEAM;
        slots              = shared + threadIdx.x * pack();
        target             = here && !p.probabilities ? index_at(p.target, item) : 0;
        const bool ignored = p.ignore && target == p.ignore_index;
        const bool inside  = p.probabilities || (target >= 0 && target < p.shape.classes);
        counts             = here && !ignored && inside;
        if (here && !ignored && !inside && lane == 0) note_index(p.bad, item, target);
    }
    __device__ int64_t element(int c) const { return first + int64_t(c) * p.shape.inner; }
    __device__ int pack() const { return TEAM < LANES ? 1 : p.pack; }
    /* The first class of this thread in a round, of which it has a pack. */
    __device__ int class_in(int round) const { return (round * TEAM + lane) * pack(); }

    __device__ void read(int round, C (&values)[vector<T>::width]) const {
        load_pack(p.x + element(class_in(round)), pack(), pack() > 1, values);
        if (p.kept) store_pack(slots + round * CLASS_THREADS * pack(), pack(), pack() > 1, values);
    }
    /* By the thread that has read it. */
    __device__ void again(int round, C (&values)[vector<T>::width]) const {
        if (p.kept)
            load_pack(slots + round * CLASS_THREADS * pack(), pack(), pack() > 1, values);
        else
            load_pack(p.x + element(class_in(round)), pack(), pack() > 1, values);
    }
    __device__ C share(int c) const {
        const C t = p.probabilities ? widen(p.probabilities[element(c)]) : C(c == target);
        return p.weight_of(c) * (p.hard * t + p.spread);
    }
};

template <class C>
struct softmax_sums {
    C most, sum; /* of exp(x - most) */
};

template <class C>
__device__ inline C lowest();
template <>
__device__ inline float lowest<float>() {
    return -FLT_MAX;
}
template <>
__device__ inline double lowest<double>() {
    return -DBL_MAX;
}

template <class T, int TEAM>
__device__ inline softmax_sums<compute<T>> softmax_of(const row<T, TEAM> &r) {
    typedef compute<T> C;
    __shared__ C shared[CLASS_WARPS];
    C most = lowest<C>(), sum = 0, values[vector<T>::width];
    for (int round = 0; r.class_in(round) < r.classes; ++round) {
        r.read(round, values);
        C top = most;
        for (int k = 0; k < vector<T>::width; ++k) top = k < r.pack() && values[k] > top ? values[k] : top;
        if (top > most) sum *= exp(most - top), most = top;
#pragma unroll
        for (int k = 0; k < vector<T>::width; ++k) sum += k < r.pack() ? exp(values[k] - most) : C(0);
    }
    const C all = over_team<TEAM>(larger(), most, shared);
    return {all, over_team<TEAM>(plus(), sum * exp(most - all), shared)};
}

template <class T, int TEAM>
__device__ inline compute<T> log_probability(const row<T, TEAM> &r, compute<T> x, compute<T> most, compute<T> log_sum) {
    typedef compute<T> C;
    if (r.p.from == GLIA_LOGITS) return x - most - log_sum;
    if (r.p.from == GLIA_LOG_PROBABILITIES || isnan(x)) return x;
    return log(x < r.p.epsilon ? r.p.epsilon : x > 1 ? C(1) : x);
}

/* The loss of an item, in each thread of its team. */
template <class T, int TEAM>
__device__ inline compute<T> loss_of(const row<T, TEAM> &r) {
    typedef compute<T> C;
    __shared__ C shared[CLASS_WARPS];
    const bool logits = r.p.from == GLIA_LOGITS;
    softmax_sums<C> s = {0, 1};
    if (logits) s = softmax_of(r);
    const C log_sum = log(s.sum);
    if (r.p.one_class()) {
        if (!r.counts) return 0;
        const int c = static_cast<int>(r.target);
        const C q   = r.share(c);
        return q != 0 ? -q * log_probability(r, widen(r.p.x[r.element(c)]), s.most, log_sum) : C(0);
    }
    C loss = 0, x[vector<T>::width];
    for (int round = 0; r.counts && r.class_in(round) < r.classes; ++round) {
        r.again(round, x);
#pragma unroll
        for (int k = 0; k < vector<T>::width; ++k) {
            const C q = k < r.pack() ? r.share(r.class_in(round) + k) : C(0);
            if (q != 0) loss -= q * log_probability(r, x[k], s.most, log_sum);
        }
    }
    return over_team<TEAM>(plus(), loss, shared);
}

/* losses: y where nothing is reduced, else NULL. over: what the sum is divided by; 0: by the weights of the classes.
 * Where there is one block it writes y, else of_block[b] = {sum of losses, sum of weights}. */
template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS)
    loss_kernel(problem<T> p, T *losses, T *y, compute<T> over, sums<compute<T>, 2> *of_block) {
    typedef compute<T> C;
    GLI_DYNAMIC_SHARED(T, rows);
    __shared__ sums<C, 2> shared[CLASS_WARPS];
    const int teams = CLASS_THREADS / TEAM, team = threadIdx.x / TEAM;
    sums<C, 2> sum = {};
    for (int64_t i = int64_t(blockIdx.x) * teams; i < p.shape.items; i += int64_t(gridDim.x) * teams) {
        const row<T, TEAM> r(p, i + team, rows);
        const C loss = loss_of(r);
        if (r.lane != 0 || r.classes == 0) continue;
        if (losses) losses[r.at] = narrow<T>(loss);
        sum.at[0] += loss;
        if (r.counts && !p.probabilities) sum.at[1] += p.weight_of(static_cast<int>(r.target));
    }
    if (losses) return;
    sum = block_merge(sum, shared);
    if (threadIdx.x != 0) return;
    if (gridDim.x == 1)
        *y = narrow<T>(sum.at[0] / (over != 0 ? over : sum.at[1]));
    else
        of_block[blockIdx.x] = sum;
}

template <class C>
__device__ inline sums<C, 2> sum_of_blocks(const sums<C, 2> *of_block, int blocks, sums<C, 2> (&shared)[CLASS_WARPS]) {
    sums<C, 2> sum = {};
    for (int b = threadIdx.x; b < blocks; b += CLASS_THREADS) sum.merge(of_block[b]);
    return block_merge(sum, shared);
}

template <class T>
__global__ void __launch_bounds__(CLASS_THREADS)
    finish_kernel(const sums<compute<T>, 2> *of_block, int blocks, compute<T> over, T *y) {
    __shared__ sums<compute<T>, 2> shared[CLASS_WARPS];
    const sums<compute<T>, 2> sum = sum_of_blocks(of_block, blocks, shared);
    if (threadIdx.x == 0) *y = narrow<T>(sum.at[0] / (over != 0 ? over : sum.at[1]));
}

/* of_block[b].at[1] = the sum of the weights of the classes of its items. */
template <class T>
__global__ void __launch_bounds__(CLASS_THREADS) weights_kernel(problem<T> p, sums<compute<T>, 2> *of_block) {
    __shared__ sums<compute<T>, 2> shared[CLASS_WARPS];
    sums<compute<T>, 2> sum = {};
    for (int64_t i = int64_t(blockIdx.x) * CLASS_THREADS + threadIdx.x; i < p.shape.items;
         i += int64_t(gridDim.x) * CLASS_THREADS) {
        const int64_t c    = index_at(p.target, i);
        const bool ignored = p.ignore && c == p.ignore_index;
        if (!ignored && c >= 0 && c < p.shape.classes) sum.at[1] += p.weight_of(static_cast<int>(c));
    }
    sum = block_merge(sum, shared);
    if (threadIdx.x == 0) of_block[blockIdx.x] = sum;
}

template <class T>
struct gradient {
    const T *dy;
    T *dx;
    bool one_dy;
    compute<T> over; /* 0: the sum of of_block */
    const sums<compute<T>, 2> *of_block;
    int blocks;
};

/* The sum of the item's shares. */
template <class T, int TEAM>
__device__ inline compute<T> all_shares(const row<T, TEAM> &r) {
    typedef compute<T> C;
    __shared__ C shared[CLASS_WARPS];
    C total = 0;
    if (r.p.one_class()) return r.counts ? r.share(static_cast<int>(r.target)) : C(0);
    for (int c = r.lane; r.counts && c < r.classes; c += TEAM) total += r.share(c);
    return over_team<TEAM>(plus(), total, shared);
}

/* The derivative of the loss of an item that counts by class c, whose number is x. */
template <class T, int TEAM>
__device__ inline compute<T> slope_of(const row<T, TEAM> &r, int c, compute<T> x, const softmax_sums<compute<T>> &s,
                                      compute<T> total) {
    typedef compute<T> C;
    if (r.p.from == GLIA_LOGITS) return exp(x - s.most) / s.sum * total - r.share(c);
    if (r.p.from == GLIA_LOG_PROBABILITIES) return -r.share(c);
    return x >= r.p.epsilon && x <= 1 ? -r.share(c) / x : C(0);
}

template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS) backward_kernel(problem<T> p, gradient<T> g) {
    typedef compute<T> C;
    GLI_DYNAMIC_SHARED(T, rows);
    __shared__ sums<C, 2> shared[CLASS_WARPS];
    const C over       = g.over != 0 ? g.over : sum_of_blocks(g.of_block, g.blocks, shared).at[1];
    const int teams    = CLASS_THREADS / TEAM;
    const int64_t item = int64_t(blockIdx.x) * teams + threadIdx.x / TEAM;
    const row<T, TEAM> r(p, item, rows);
    softmax_sums<C> s = {0, 1};
    C total           = 0, values[vector<T>::width];
    if (p.from == GLIA_LOGITS) s = softmax_of(r), total = all_shares(r);
    const C dy = r.counts ? widen(g.dy[g.one_dy ? 0 : item]) / over : C(0);
    for (int round = 0; r.class_in(round) < r.classes; ++round) {
        const int c = r.class_in(round);
        r.again(round, values);
#pragma unroll
        for (int k = 0; k < vector<T>::width; ++k)
            values[k] = r.counts && k < r.pack() ? dy * slope_of(r, c + k, values[k], s, total) : C(0);
        store_pack(g.dx + r.element(c), r.pack(), r.pack() > 1, values);
    }
}

template <class T>
problem<T> problem_of(const gli_cross_entropy_args &a) {
    typedef compute<T> C;
    problem<T> p    = {};
    p.shape         = {int64_t(a.n) * a.inner, a.classes, a.inner};
    p.from          = a.from;
    p.ignore        = a.ignore;
    p.ignore_index  = a.ignore_index;
    p.hard          = C(1 - a.label_smoothing);
    p.spread        = C(a.label_smoothing / a.classes);
    p.epsilon       = C(a.epsilon);
    p.x             = static_cast<const T *>(a.x);
    p.probabilities = static_cast<const T *>(a.probabilities);
    p.weight        = static_cast<const T *>(a.weight);
    p.target        = a.target;
    p.bad           = a.bad;
    return p;
}

/* What the sum is divided by; 0: the weights of the classes. */
template <class T>
compute<T> divisor_of(const problem<T> &p, glia_reduction reduction) {
    if (reduction != GLIA_REDUCE_MEAN) return 1;
    return p.probabilities || (!p.weight && !p.ignore) ? compute<T>(p.shape.items) : compute<T>(0);
}

/* Decides how rows are read, and whether they are kept, for which it gives the bytes of shared memory. out: what lies
 * as x does and is written, or NULL. */
template <class T>
size_t plan_rows(problem<T> &p, bool needed_again, const void *out) {
    const int team      = team_for(p.shape);
    const bool wide     = team >= LANES && p.shape.inner == 1 && wide_rows<T>(p.x, p.shape.classes) && aligned16(out);
    p.pack              = wide ? int(vector<T>::width) : 1;
    const size_t rounds = size_t(blocks_for(p.shape.classes, team * p.pack));
    const size_t bytes  = rounds * p.pack * CLASS_THREADS * sizeof(T);
    p.kept              = needed_again && p.from == GLIA_LOGITS && bytes <= KEPT_BYTES;
    return p.kept ? bytes : 0;
}

template <class T>
cudaError_t cross_entropy(const gli_cross_entropy_args &a, cudaStream_t stream) {
    typedef compute<T> C;
    problem<T> p       = problem_of<T>(a);
    const bool reduced = a.reduction != GLIA_REDUCE_NONE;
    const C over       = divisor_of(p, a.reduction);
    const size_t bytes = plan_rows(p, !p.one_class(), nullptr);
    const int blocks   = reduced ? blocks_that_add(p.shape) : blocks_of_teams(p.shape, INT32_MAX);
    T *y               = static_cast<T *>(a.out);
    auto *of_block     = static_cast<sums<C, 2> *>(a.workspace);
    if (blocks == 0) return cudaSuccess;
    const cudaError_t first = GLI_FOR_TEAM(team_for(p.shape), TEAM,
                                           GLI_LAUNCH((loss_kernel<T, TEAM>), blocks, CLASS_THREADS, bytes, stream, p,
                                                      reduced ? nullptr : y, y, over, of_block));
    if (!reduced || blocks == 1 || first != cudaSuccess) return first;
    return GLI_LAUNCH(finish_kernel<T>, 1, CLASS_THREADS, 0, stream, of_block, blocks, over, y);
}

template <class T>
cudaError_t backward(const gli_cross_entropy_args &a, cudaStream_t stream) {
    typedef compute<T> C;
    problem<T> p       = problem_of<T>(a);
    auto *of_block     = static_cast<sums<C, 2> *>(a.workspace);
    gradient<T> g      = {static_cast<const T *>(a.dy),
                          static_cast<T *>(a.out),
                          a.reduction != GLIA_REDUCE_NONE,
                          divisor_of(p, a.reduction),
                          of_block,
                          0};
    const size_t bytes = plan_rows(p, true, a.out);
    const int blocks   = blocks_of_teams(p.shape, INT32_MAX);
    if (blocks == 0) return cudaSuccess;
    if (g.over == 0) {
        const class_shape one_each = {p.shape.items, 1, 1};
        g.blocks                   = blocks_that_add(one_each);
        const cudaError_t first    = GLI_LAUNCH(weights_kernel<T>, g.blocks, CLASS_THREADS, 0, stream, p, of_block);
        if (first != cudaSuccess) return first;
    }
    return GLI_FOR_TEAM(team_for(p.shape), TEAM,
                        GLI_LAUNCH((backward_kernel<T, TEAM>), blocks, CLASS_THREADS, bytes, stream, p, g));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_cross_entropy(const gli_cross_entropy_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T, glia::cross_entropy<T>(*args, stream));
}

cudaError_t gli_kernel_cross_entropy_backward(const gli_cross_entropy_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T, glia::backward<T>(*args, stream));
}
