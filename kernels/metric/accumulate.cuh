/* What a block adds up: accumulate.cu and the chain at the end of a step (kernels/optimizer/update_chain.cuh) share it.
 */
#ifndef GLI_KERNELS_METRIC_ACCUMULATE_CUH
#define GLI_KERNELS_METRIC_ACCUMULATE_CUH

#include "kernels/device/block_reduce.cuh"
#include "kernels/metric/accumulate_launch.h"

namespace glia {

typedef sums<double, 2> totals; /* of values, of weights */

enum {
    ADD_THREADS = 256,
    ADD_WARPS   = ADD_THREADS / LANES,
    ADD_EACH    = 16 /* of a thread, at least, unless that is more blocks than there may be */
};

struct accumulate_job {
    gli_accumulate_geom geom;
    const double *sums;
    double *new_sums;
    const int64_t *counters;
    int64_t *new_counters;
};

__device__ inline void add_totals(const totals &sum, const accumulate_job &j) {
    j.new_sums[0] = j.sums[0] + j.geom.factor * sum.at[0];
    j.new_sums[1] = j.sums[1] + (j.geom.weights < 0 ? j.geom.weight : sum.at[1]);
#pragma unroll /* an index that is not known would put the parameters on the stack */
    for (int i = 0; i < GLIA_MAX_COUNTERS; ++i)
        if (j.new_counters && i < j.geom.counters) j.new_counters[i] = j.counters[i] + j.geom.by[i];
}

inline accumulate_job accumulate_job_of(const gli_accumulate_geom &g, const gli_accumulate_arrays &a) {
    return {g, a.sums, a.new_sums, a.counters, a.new_counters};
}

/* The share of a thread of block `block` of so many, which have ADD_THREADS. */
template <class T>
__device__ inline totals totals_of_thread(const accumulate_job &j, const T *value, const double *weight, unsigned block,
                                          unsigned blocks) {
    const int64_t first = int64_t(block) * ADD_THREADS + threadIdx.x, step = int64_t(blocks) * ADD_THREADS;
    totals sum = {};
    for (int64_t i = first; i < j.geom.values; i += step) sum.at[0] += double(to_compute(value[i]));
    for (int64_t i = first; i < j.geom.weights; i += step) sum.at[1] += weight[i];
    return sum;
}

}  // namespace glia

#endif
