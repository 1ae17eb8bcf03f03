/* Counts are whole numbers, so that their order does not matter. A few items take one launch; where more blocks count,
 * a second launch adds theirs. */
#include "kernels/metric/accuracy_launch.h"

#include "kernels/device/class_rows.cuh"
#include "kernels/device/index_check.cuh"
#include "kernels/device/merge_parts.cuh"

namespace glia {
namespace {

typedef sums<unsigned, 2> tally; /* right, items */

template <class T>
struct accuracy_job {
    gli_accuracy_geom geom;
    class_shape shape;
    const T *prediction, *scores;
    gli_indices target;
    unsigned long long *slot;
};

/* The first largest number of a target that gives one for each class. A NaN is the largest only if it comes first. */
template <int TEAM, class T>
__device__ inline int class_of_scores(const T *scores, int64_t step, int classes) {
    typedef compute<T> C;
    __shared__ C of_value[CLASS_WARPS];
    __shared__ int of_class[CLASS_WARPS];
    C best         = -INFINITY;
    int best_class = INT32_MAX;
    for (int c = threadIdx.x % TEAM; c < classes; c += TEAM) {
        const C score = to_compute(scores[c * step]);
        if (score > best || (c == 0 && isnan(score)) || (best_class == INT32_MAX && score == best)) {
            best       = c == 0 && isnan(score) ? C(INFINITY) : score;
            best_class = c;
        }
    }
    const C largest = team_reduce<TEAM>(maximum(), best, of_value);
    return team_reduce<TEAM>(minimum(), best == largest ? best_class : INT32_MAX, of_class);
}

/* Whether fewer than k classes are better than `target`: larger, NaN, or the same and before it. */
template <int TEAM, class T>
__device__ inline bool among_best(const T *x, int64_t step, int classes, int target, int k) {
    __shared__ int of_warp[CLASS_WARPS];
    const auto own = classes ? to_compute(x[target * step]) : compute<T>(0);
    int before     = 0;
    for (int c = threadIdx.x % TEAM; c < classes; c += TEAM) {
        const auto other = to_compute(x[c * step]);
        before += isnan(other) || other > own || (other == own && c < target);
    }
    return team_reduce<TEAM>(plus(), before, of_warp) < k && !isnan(own);
}

/* One item by class; an item beyond the last counts for nothing. */
template <int TEAM, class T>
__device__ inline tally count_item(const accuracy_job<T> &j, int64_t item) {
    const bool here      = item < j.shape.items;
    const int64_t first  = here ? j.shape.first(item) : 0;
    const bool leader    = threadIdx.x % TEAM == 0;
    const int64_t target = j.scores ? class_of_scores<TEAM>(j.scores + first, j.shape.inner, here ? j.shape.classes : 0)
                           : here   ? index_at(j.target, item)
                                    : 0;
    const bool ignored   = j.geom.ignore && target == j.geom.ignore_index;
    const bool inside    = target >= 0 && target < j.shape.classes;
    if (here && !ignored && !inside && leader) note_index(j.slot, item, target);
    const bool counts = here && !ignored && inside;
    const bool right  = among_best<TEAM>(j.prediction + first, j.shape.inner, counts ? j.shape.classes : 0,
                                         static_cast<int>(target), j.geom.k);
    return {{leader && counts && right, leader && counts}};
}

template <class T>
__device__ inline tally count_binary(const accuracy_job<T> &j, int64_t item) {
    if (item >= j.shape.items) return {};
    const int64_t index = j.scores ? 0 : index_at(j.target, item);
    if (j.geom.ignore && index == j.geom.ignore_index) return {};
    const double score  = double(to_compute(j.prediction[item]));
    const bool positive = j.scores ? to_compute(j.scores[item]) > compute<T>(0.5) : index > 0;
    return {{!isnan(score) && (score > j.geom.threshold) == positive, 1}};
}

__device__ inline void add_counts(const tally &sum, const double *counts, double *new_counts) {
    for (int i = 0; i < 2; ++i) new_counts[i] = counts[i] + sum.at[i];
}

/* Where there is one block it writes new_counts, else of_block. */
template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS)
    accuracy_kernel(accuracy_job<T> j, const double *counts, double *new_counts, tally *of_block) {
    __shared__ tally shared[CLASS_WARPS];
    const int teams = CLASS_THREADS / TEAM, team = threadIdx.x / TEAM;
    tally sum = {};
    for (int64_t i = int64_t(blockIdx.x) * teams; i < j.shape.items; i += int64_t(gridDim.x) * teams)
        sum.merge(j.geom.binary ? count_binary(j, i + team) : count_item<TEAM>(j, i + team));
    finish_block(sum, shared, of_block, [&](const tally &all) { add_counts(all, counts, new_counts); });
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
accuracy_job<T> job_of(const gli_accuracy_geom &g, const gli_accuracy_arrays &a) {
    return {g,
            {int64_t(g.n) * g.inner, g.classes, g.inner},
            static_cast<const T *>(a.prediction),
            static_cast<const T *>(a.scores),
            a.target,
            a.slot};
}

template <class T>
cudaError_t accuracy(const gli_accuracy_geom &g, const gli_accuracy_arrays &a, cudaStream_t stream) {
    const accuracy_job<T> j = job_of<T>(g, a);
    const int blocks        = j.shape.items > 0 ? reduction_blocks(j.shape) : 1;
    tally *of_block         = static_cast<tally *>(a.workspace);
    const cudaError_t first = GLI_FOR_TEAM(
        team_for(j.shape), TEAM,
        GLI_LAUNCH((accuracy_kernel<T, TEAM>), blocks, CLASS_THREADS, 0, stream, j, a.counts, a.new_counts, of_block));
    if (blocks == 1 || first != cudaSuccess) return first;
    return GLI_LAUNCH(counts_kernel, 1, CLASS_THREADS, 0, stream, of_block, blocks, a.counts, a.new_counts);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_accuracy(const gli_accuracy_geom *geom, const gli_accuracy_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::accuracy<T>(*geom, *arrays, stream));
}
