/* One read of x, 16 bytes at a time where a warp or a block has an item: an online softmax finds the maximum and the
 * sum of the exponentials in one pass. Rows that fit stay in shared memory for the second pass; longer ones are read
 * again. A few items take one launch; with more, each block leaves a partial sum that a second launch adds up. */
#include "kernels/loss/cross_entropy_launch.h"

#include <cfloat>

#include "kernels/device/class_rows.cuh"
#include "kernels/device/index_check.cuh"
#include "kernels/device/pack.cuh"

namespace glia {
namespace {

enum { ROW_BYTES = 47 * 1024 }; /* of the 48 KB that a block has without asking; reductions take the rest */

template <class T>
struct problem {
    typedef compute<T> C;
    class_shape shape;
    glia_cross_entropy_from from;
    bool ignore, in_shared; /* in_shared: rows stay in shared memory */
    int pack;               /* numbers that a thread of a larger team reads at a time: 1, or as many as 16 bytes hold */
    int64_t ignore_index;
    C hard, smooth; /* label smoothing: class c has the probability hard target[c] + smooth */
    const T *x, *probabilities, *weight;
    gli_indices target;
    unsigned long long *slot;

    /* Whether one class of each item has all the probability. */
    __host__ __device__ bool one_class() const { return !probabilities && smooth == 0; }
    __device__ C weight_of(int c) const { return weight ? to_compute(weight[c]) : C(1); }
};

/* One item, or none: then it has no classes. */
template <class T, int TEAM>
struct row {
    typedef compute<T> C;
    const problem<T> &p;
    int64_t item, first;
    int classes, lane;
    int64_t target;
    bool counts;  /* it exists, is not ignored and in range */
    bool outside; /* it is out of range, and its loss NaN, so that it cannot pass for a result */
    T *cache;     /* of this thread in shared memory, a pack for each round */

    __device__ row(const problem<T> &problem, int64_t index, T *shared) : p(problem), item(index) {
        const bool here    = item < p.shape.items;
        first              = here ? p.shape.first(item) : 0;
        classes            = here ? p.shape.classes : 0;
        lane               = threadIdx.x % TEAM;
        cache              = shared + threadIdx.x * pack();
        target             = here && !p.probabilities ? index_at(p.target, item) : 0;
        const bool ignored = p.ignore && target == p.ignore_index;
        const bool inside  = p.probabilities || (target >= 0 && target < p.shape.classes);
        counts             = here && !ignored && inside;
        outside            = here && !ignored && !inside;
        if (outside && lane == 0) note_index(p.slot, item, target);
    }
    __device__ int64_t element(int c) const { return first + int64_t(c) * p.shape.inner; }
    __device__ int pack() const { return TEAM < LANES ? 1 : p.pack; }
    /* The first class of this thread in a round, of which it has a pack. */
    __device__ int class_in(int round) const { return (round * TEAM + lane) * pack(); }

    __device__ void read(int round, C (&values)[vector<T>::width]) const {
        load_pack(p.x + element(class_in(round)), pack(), pack() > 1, values);
        if (p.in_shared) store_pack(cache + round * CLASS_THREADS * pack(), pack(), pack() > 1, values);
    }
    /* By the thread that has read it before. */
    __device__ void read_again(int round, C (&values)[vector<T>::width]) const {
        if (p.in_shared)
            load_pack(cache + round * CLASS_THREADS * pack(), pack(), pack() > 1, values);
        else
            load_pack(p.x + element(class_in(round)), pack(), pack() > 1, values);
    }
    /* The weight of log p(c) in the loss. That of a class without a share counts nothing, if it is infinite, too. */
    __device__ C coefficient(int c) const {
        const C t = p.probabilities ? to_compute(p.probabilities[element(c)]) : C(c == target);
        const C q = p.hard * t + p.smooth;
        return q == 0 ? C(0) : p.weight_of(c) * q;
    }
};

template <class C>
struct softmax_sums {
    C max, sum; /* sum: of exp(x - max) */
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
    C max = lowest<C>(), sum = 0, values[vector<T>::width];
    for (int round = 0; r.class_in(round) < r.classes; ++round) {
        r.read(round, values);
        C top = max;
        for (int k = 0; k < vector<T>::width; ++k) top = k < r.pack() && values[k] > top ? values[k] : top;
        if (top > max) sum *= exp(max - top), max = top;
#pragma unroll
        for (int k = 0; k < vector<T>::width; ++k) sum += k < r.pack() ? exp(values[k] - max) : C(0);
    }
    const C all = team_reduce<TEAM>(maximum(), max, shared);
    return {all, team_reduce<TEAM>(plus(), sum * exp(max - all), shared)};
}

template <class T, int TEAM>
__device__ inline compute<T> log_probability(const row<T, TEAM> &r, compute<T> x, compute<T> max, compute<T> log_sum) {
    typedef compute<T> C;
    if (r.p.from == GLIA_FROM_LOGITS) return x - max - log_sum;
    if (r.p.from == GLIA_FROM_LOG_PROBABILITIES || isnan(x)) return x;
    const C epsilon = C(GLI_CROSS_ENTROPY_EPSILON);
    return log(x < epsilon ? epsilon : x > 1 ? C(1) : x);
}

/* The loss of an item, in each thread of its team. */
template <class T, int TEAM>
__device__ inline compute<T> loss_of(const row<T, TEAM> &r) {
    typedef compute<T> C;
    __shared__ C shared[CLASS_WARPS];
    const bool logits = r.p.from == GLIA_FROM_LOGITS;
    softmax_sums<C> s = {0, 1};
    if (logits) s = softmax_of(r);
    const C log_sum = log(s.sum);
    if (r.p.one_class()) {
        if (!r.counts) return 0;
        const int c = static_cast<int>(r.target);
        const C q   = r.coefficient(c);
        return q != 0 ? -q * log_probability(r, to_compute(r.p.x[r.element(c)]), s.max, log_sum) : C(0);
    }
    C loss = 0, x[vector<T>::width];
    for (int round = 0; r.counts && r.class_in(round) < r.classes; ++round) {
        r.read_again(round, x);
#pragma unroll
        for (int k = 0; k < vector<T>::width; ++k) {
            const C q = k < r.pack() ? r.coefficient(r.class_in(round) + k) : C(0);
            if (q != 0) loss -= q * log_probability(r, x[k], s.max, log_sum);
        }
    }
    return team_reduce<TEAM>(plus(), loss, shared);
}

/* 0 where nothing counts. */
template <class C>
__device__ inline C mean_of(C sum, C over) {
    return over == 0 ? C(0) : sum / over;
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
        C loss = loss_of(r);
        if (r.outside) loss = NAN;
        if (r.lane != 0 || r.classes == 0) continue;
        if (losses) losses[r.item] = round_to<T>(loss);
        sum.at[0] += loss;
        if (r.counts && !p.probabilities) sum.at[1] += p.weight_of(static_cast<int>(r.target));
    }
    if (losses) return;
    sum = block_merge(sum, shared);
    if (threadIdx.x != 0) return;
    if (gridDim.x == 1)
        *y = round_to<T>(mean_of(sum.at[0], over != 0 ? over : sum.at[1]));
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
    if (threadIdx.x == 0) *y = round_to<T>(mean_of(sum.at[0], over != 0 ? over : sum.at[1]));
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

/* The sum of the item's coefficients. */
template <class T, int TEAM>
__device__ inline compute<T> sum_of_coefficients(const row<T, TEAM> &r) {
    typedef compute<T> C;
    __shared__ C shared[CLASS_WARPS];
    C total = 0;
    if (r.p.one_class()) return r.counts ? r.coefficient(static_cast<int>(r.target)) : C(0);
    for (int c = r.lane; r.counts && c < r.classes; c += TEAM) total += r.coefficient(c);
    return team_reduce<TEAM>(plus(), total, shared);
}

/* The derivative of the loss of an item that counts with respect to x, the number of class c. */
template <class T, int TEAM>
__device__ inline compute<T> slope_of(const row<T, TEAM> &r, int c, compute<T> x, const softmax_sums<compute<T>> &s,
                                      compute<T> total) {
    typedef compute<T> C;
    if (r.p.from == GLIA_FROM_LOGITS) return exp(x - s.max) / s.sum * total - r.coefficient(c);
    if (r.p.from == GLIA_FROM_LOG_PROBABILITIES) return -r.coefficient(c);
    return x >= C(GLI_CROSS_ENTROPY_EPSILON) && x <= 1 ? -r.coefficient(c) / x : C(0);
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
    if (p.from == GLIA_FROM_LOGITS) s = softmax_of(r), total = sum_of_coefficients(r);
    const C dy = r.counts ? mean_of(to_compute(g.dy[g.one_dy ? 0 : item]), over) : C(0);
    for (int round = 0; r.class_in(round) < r.classes; ++round) {
        const int c = r.class_in(round);
        r.read_again(round, values);
#pragma unroll
        for (int k = 0; k < vector<T>::width; ++k)
            values[k] = r.counts && k < r.pack() ? dy * slope_of(r, c + k, values[k], s, total) : C(0);
        store_pack(g.dx + r.element(c), r.pack(), r.pack() > 1, values);
    }
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
compute<T> divisor_of(const problem<T> &p, glia_reduction reduction) {
    if (reduction != GLIA_REDUCTION_MEAN) return 1;
    return p.probabilities || (!p.weight && !p.ignore) ? compute<T>(p.shape.items) : compute<T>(0);
}

/* Decides how rows are read, and whether they stay in shared memory, of which it returns the bytes. out: an array of
 * the layout of x that is written, or NULL. */
template <class T>
size_t plan_rows(problem<T> &p, bool needed_again, const void *out) {
    const int team      = team_for(p.shape);
    const bool wide     = team >= LANES && p.shape.inner == 1 && wide_rows<T>(p.x, p.shape.classes) && aligned16(out);
    p.pack              = wide ? int(vector<T>::width) : 1;
    const size_t rounds = size_t(blocks_for(p.shape.classes, team * p.pack));
    const size_t bytes  = rounds * p.pack * CLASS_THREADS * sizeof(T);
    p.in_shared         = needed_again && p.from == GLIA_FROM_LOGITS && bytes <= ROW_BYTES;
    return p.in_shared ? bytes : 0;
}

template <class T>
cudaError_t cross_entropy(const gli_cross_entropy_geom &geom, const gli_cross_entropy_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    problem<T> p       = problem_of<T>(geom, a);
    const bool reduced = geom.reduction != GLIA_REDUCTION_NONE;
    const C over       = divisor_of(p, geom.reduction);
    const size_t bytes = plan_rows(p, !p.one_class(), nullptr);
    const int blocks   = reduced ? reduction_blocks(p.shape) : blocks_of_teams(p.shape, INT32_MAX);
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
cudaError_t backward(const gli_cross_entropy_geom &geom, const gli_cross_entropy_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    problem<T> p       = problem_of<T>(geom, a);
    auto *of_block     = static_cast<sums<C, 2> *>(a.workspace);
    gradient<T> g      = {static_cast<const T *>(a.dy),
                          static_cast<T *>(a.out),
                          geom.reduction != GLIA_REDUCTION_NONE,
                          divisor_of(p, geom.reduction),
                          of_block,
                          0};
    const size_t bytes = plan_rows(p, true, a.out);
    const int blocks   = blocks_of_teams(p.shape, INT32_MAX);
    if (blocks == 0) return cudaSuccess;
    if (g.over == 0) {
        const class_shape one_each = {p.shape.items, 1, 1};
        g.blocks                   = reduction_blocks(one_each);
        const cudaError_t first    = GLI_LAUNCH(weights_kernel<T>, g.blocks, CLASS_THREADS, 0, stream, p, of_block);
        if (first != cudaSuccess) return first;
    }
    return GLI_FOR_TEAM(team_for(p.shape), TEAM,
                        GLI_LAUNCH((backward_kernel<T, TEAM>), blocks, CLASS_THREADS, bytes, stream, p, g));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_cross_entropy(const gli_cross_entropy_geom *geom, const gli_cross_entropy_arrays *arrays,
                                     cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::cross_entropy<T>(*geom, *arrays, stream));
}

cudaError_t gli_kernel_cross_entropy_backward(const gli_cross_entropy_geom *geom,
                                              const gli_cross_entropy_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::backward<T>(*geom, *arrays, stream));
}
