/* Counts are whole numbers, so that their order does not matter. A few items take one launch; where more blocks count,
 * a second launch adds theirs. */
#include "kernels/metric/accuracy_launch.h"

#include "kernels/device/class_rows.cuh"
#include "kernels/device/index_check.cuh"

namespace glia {
namespace {

typedef sums<unsigned, 2> tally; /* right, items */

template <class T>
struct contest {
    class_shape shape;
    int k;
    bool binary, ignore;
    int64_t ignore_index;
    double threshold;
    const T *prediction, *scores;
    gli_indices target;
    unsigned long long *bad;
};

/* The first largest number of a target that gives one for each class. A NaN is the largest only if it comes first. */
template <int TEAM, class T>
__device__ inline int class_of_scores(const T *scores, int64_t step, int classes) {
    typedef compute<T> C;
    __shared__ C of_value[CLASS_WARPS];
    __shared__ int of_class[CLASS_WARPS];
    C best = -INFINITY;
    int at = INT32_MAX;
    for (int c = threadIdx.x % TEAM; c < classes; c += TEAM) {
        const C score = widen(scores[c * step]);
        if (score > best || (c == 0 && isnan(score)) || (at == INT32_MAX && score == best)) {
            best = c == 0 && isnan(score) ? C(INFINITY) : score;
            at   = c;
        }
    }
    const C most = over_team<TEAM>(larger(), best, of_value);
    return over_team<TEAM>(least(), best == most ? at : INT32_MAX, of_class);
}

/* Whether fewer than k classes are better than `wanted`: larger, NaN, or the same and before it. */
template <int TEAM, class T>
__device__ inline bool among_best(const T *x, int64_t step, int classes, int wanted, int k) {
    __shared__ int of_warp[CLASS_WARPS];
    const auto own = classes ? widen(x[wanted * step]) : compute<T>(0);
    int before     = 0;
    for (int c = threadIdx.x % TEAM; c < classes; c += TEAM) {
        const auto other = widen(x[c * step]);
        before += isnan(other) || other > own || (other == own && c < wanted);
    }
    return over_team<TEAM>(plus(), before, of_warp) < k && !isnan(own);
}

/* One item by class; an item beyond the last counts for nothing. */
template <int TEAM, class T>
__device__ inline tally judge(const contest<T> &p, int64_t item) {
    const bool here      = item < p.shape.items;
    const int64_t first  = here ? p.shape.first(item) : 0;
    const bool leader    = threadIdx.x % TEAM == 0;
    const int64_t target = p.scores ? class_of_scores<TEAM>(p.scores + first, p.shape.inner, here ? p.shape.classes : 0)
                           : here   ? index_at(p.target, item)
                                    : 0;
    const bool ignored   = p.ignore && target == p.ignore_index;
    const bool inside    = target >= 0 && target < p.shape.classes;
    if (here && !ignored && !inside && leader) note_index(p.bad, item, target);
    const bool counts = here && !ignored && inside;
    const bool right  = among_best<TEAM>(p.prediction + first, p.shape.inner, counts ? p.shape.classes : 0,
                                         static_cast<int>(target), p.k);
    return {{leader && counts && right, leader && counts}};
}

template <class T>
__device__ inline tally judge_binary(const contest<T> &p, int64_t item) {
    if (item >= p.shape.items) return {};
    const int64_t index = p.scores ? 0 : index_at(p.target, item);
    if (p.ignore && index == p.ignore_index) return {};
    const double score = double(widen(p.prediction[item]));
    const bool wanted  = p.scores ? widen(p.scores[item]) > compute<T>(0.5) : index > 0;
    return {{!isnan(score) && (score > p.threshold) == wanted, 1}};
}

__device__ inline void add_counts(const tally &sum, const double *counts, double *new_counts) {
    for (int i = 0; i < 2; ++i) new_counts[i] = counts[i] + sum.at[i];
}

/* Where there is one block it writes new_counts, else of_block. */
template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS)
    accuracy_kernel(contest<T> p, const double *counts, double *new_counts, tally *of_block) {
    __shared__ tally shared[CLASS_WARPS];
    const int teams = CLASS_THREADS / TEAM, team = threadIdx.x / TEAM;
    tally sum = {};
    for (int64_t i = int64_t(blockIdx.x) * teams; i < p.shape.items; i += int64_t(gridDim.x) * teams)
        sum.merge(p.binary ? judge_binary(p, i + team) : judge<TEAM>(p, i + team));
    sum = block_merge(sum, shared);
    if (threadIdx.x != 0) return;
    if (gridDim.x == 1)
        add_counts(sum, counts, new_counts);
    else
        of_block[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(CLASS_THREADS)
    counts_kernel(const tally *of_block, int blocks, const double *counts, double *new_counts) {
    __shared__ tally shared[CLASS_WARPS];
    tally sum = {};
    for (int b = threadIdx.x; b < blocks; b += CLASS_THREADS) sum.merge(of_block[b]);
    sum = block_merge(sum, shared);
    if (threadIdx.x == 0) add_counts(sum, counts, new_counts);
}

template <class T>
contest<T> contest_of(const gli_accuracy_args &a) {
    contest<T> p   = {};
    p.shape        = {int64_t(a.n) * a.inner, a.classes, a.inner};
    p.k            = a.k;
    p.binary       = a.binary;
    p.ignore       = a.ignore;
    p.ignore_index = a.ignore_index;
    p.threshold    = a.threshold;
    p.prediction   = static_cast<const T *>(a.prediction);
    p.scores       = static_cast<const T *>(a.scores);
    p.target       = a.target;
    p.bad          = a.bad;
    return p;
}

template <class T>
cudaError_t accuracy(const gli_accuracy_args &a, cudaStream_t stream) {
    const contest<T> p      = contest_of<T>(a);
    const int blocks        = p.shape.items > 0 ? blocks_that_add(p.shape) : 1;
    tally *of_block         = static_cast<tally *>(a.workspace);
    const cudaError_t first = GLI_FOR_TEAM(
        team_for(p.shape), TEAM,
        GLI_LAUNCH((accuracy_kernel<T, TEAM>), blocks, CLASS_THREADS, 0, stream, p, a.counts, a.new_counts, of_block));
    if (blocks == 1 || first != cudaSuccess) return first;
    return GLI_LAUNCH(counts_kernel, 1, CLASS_THREADS, 0, stream, of_block, blocks, a.counts, a.new_counts);
}

template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS)
    confusion_kernel(class_shape s, bool ignore, int64_t ignore_index, const T *prediction, gli_indices target,
                     unsigned long long *bad, unsigned long long *matrix) {
    const int64_t item = int64_t(blockIdx.x) * (CLASS_THREADS / TEAM) + threadIdx.x / TEAM;
    const bool here    = item < s.items;
    const int column   = first_largest<TEAM>(prediction + (here ? s.first(item) : 0), 1, here ? s.classes : 0);
    if (!here || threadIdx.x % TEAM != 0) return;
    const int64_t row = index_at(target, item);
    if (ignore && row == ignore_index) return;
    if (row < 0 || row >= s.classes) return note_index(bad, item, row);
    atomicAdd(&matrix[row * s.classes + column], 1ull);
}

template <class T>
cudaError_t confusion_matrix(const gli_confusion_args &a, cudaStream_t stream) {
    const class_shape s = {a.n, a.classes, 1};
    auto *matrix        = reinterpret_cast<unsigned long long *>(a.new_matrix);
    if (a.new_matrix != a.matrix) {
        const size_t bytes       = size_t(a.classes) * a.classes * sizeof(int64_t);
        const cudaError_t copied = cudaMemcpyAsync(matrix, a.matrix, bytes, cudaMemcpyDeviceToDevice, stream);
        if (copied != cudaSuccess) return copied;
    }
    if (a.n == 0) return cudaSuccess;
    return GLI_FOR_TEAM(
        team_for(s), TEAM,
        GLI_LAUNCH((confusion_kernel<T, TEAM>), blocks_of_teams(s, INT32_MAX), CLASS_THREADS, 0, stream, s, a.ignore,
                   a.ignore_index, static_cast<const T *>(a.prediction), a.target, a.bad, matrix));
}

template <class T>
__global__ void __launch_bounds__(1)
    accumulate_kernel(double weight, const T *value, const double *sums, double *new_sums) {
    new_sums[0] = sums[0] + double(widen(*value)) * weight;
    new_sums[1] = sums[1] + weight;
}

template <class T>
cudaError_t accumulate(double weight, const void *value, const double *sums, double *new_sums, cudaStream_t stream) {
    return GLI_LAUNCH(accumulate_kernel<T>, 1, 1, 0, stream, weight, static_cast<const T *>(value), sums, new_sums);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_accuracy(const gli_accuracy_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T, glia::accuracy<T>(*args, stream));
}

cudaError_t gli_kernel_confusion_matrix(const gli_confusion_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T, glia::confusion_matrix<T>(*args, stream));
}

cudaError_t gli_kernel_accumulate(glia_dtype dtype, double weight, const void *value, const double *sums,
                                  double *new_sums, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::accumulate<T>(weight, value, sums, new_sums, stream));
}
