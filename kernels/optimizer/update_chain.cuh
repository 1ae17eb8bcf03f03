/* The end of a training step in one launch: the check for numbers that are not finite, the update, which that may leave
 * out, and the sums of losses with the counters. All blocks wait for each other between the first two, in a cooperative
 * launch; the last block to be done does the third. */
#ifndef GLI_KERNELS_OPTIMIZER_UPDATE_CHAIN_CUH
#define GLI_KERNELS_OPTIMIZER_UPDATE_CHAIN_CUH

#include "kernels/device/arrivals.cuh"
#include "kernels/device/cooperative.cuh"
#include "kernels/metric/accumulate.cuh"
#include "kernels/optimizer/check_finite.cuh"
#include "kernels/optimizer/update_elements.cuh"

namespace glia {

template <class T>
struct chain_job {
    bool checks;
    gli_check_finite_geom check;
    const T *x, *y;
    bool wide_x, wide_y;
    const int64_t *step;
    unsigned long long *failed;
    bool adds;
    accumulate_job add;
    const T *value;
    const double *weight;
    unsigned *counter;
};

/* Of the last block. */
struct chain_memory {
    totals of_warp[ADD_WARPS];
    int last;
};

static_assert(int(MAP_THREADS) == int(ADD_THREADS) && int(MAP_THREADS) == int(CHECK_THREADS),
              "a chain has the threads of each of its calls");

/* Notes what is not finite, and waits until all blocks have. */
template <class T>
__device__ inline void check_in_chain(const chain_job<T> &j) {
    if (any_not_finite(j.x, j.check.x_count, j.wide_x) || any_not_finite(j.y, j.check.y_count, j.wide_y))
        atomicCAS(j.failed, 0ull, static_cast<unsigned long long>(*j.step));
    __syncthreads();
    if (threadIdx.x == 0) {
        gli_signal(j.counter);
        gli_await(j.counter, gridDim.x);
    }
    __syncthreads();
}

/* Each block adds one to the counter, and one more at the barrier if there was one; the last sets it to zero. */
template <class T>
__device__ inline bool is_last_of_chain(const chain_job<T> &j, chain_memory &memory) {
    __syncthreads();
    if (threadIdx.x == 0) memory.last = gli_arrive(j.counter, j.checks ? 2 * gridDim.x : gridDim.x);
    __syncthreads();
    return memory.last;
}

template <class T, int IN, int OUT, class Rule>
__global__ void __launch_bounds__(MAP_THREADS)
    chain_kernel(Rule rule, update_arrays<T, IN, OUT> arrays, int count, bool wide, chain_job<T> job) {
    GLI_DYNAMIC_SHARED(chain_memory, memory);
    const int width = vector<T>::width;
    if (job.checks) check_in_chain(job);
    rule.load();
    for (int64_t begin = (int64_t(blockIdx.x) * MAP_THREADS + threadIdx.x) * width; begin < count;
         begin += int64_t(gridDim.x) * MAP_THREADS * width) {
        const int n       = count - begin < width ? int(count - begin) : width;
        packed<T> raw[IN] = {};
        load_update(arrays, begin, n, wide, raw);
        update_pack(rule, arrays, raw, begin, n, wide);
    }
    if (!is_last_of_chain(job, *memory) || !job.adds) return;
    const totals sum = block_merge(totals_of_thread(job.add, job.value, job.weight, 0, 1), memory->of_warp);
    if (threadIdx.x == 0) add_totals(sum, job.add);
}

template <class T>
chain_job<T> chain_job_of(const gli_update_chain &c) {
    chain_job<T> j = {};
    j.checks       = c.check != nullptr;
    j.adds         = c.add != nullptr;
    j.counter      = c.counter;
    if (j.checks) {
        j.check  = *c.check;
        j.x      = static_cast<const T *>(c.check_arrays.x);
        j.y      = static_cast<const T *>(c.check_arrays.y);
        j.wide_x = aligned16(j.x), j.wide_y = aligned16(j.y);
        j.step   = c.check_arrays.step;
        j.failed = reinterpret_cast<unsigned long long *>(c.check_arrays.new_failed);
    }
    if (j.adds) {
        j.add    = accumulate_job_of(*c.add, c.add_arrays);
        j.value  = static_cast<const T *>(c.add_arrays.value);
        j.weight = c.add_arrays.weight;
    }
    return j;
}

/* As many blocks as the elements want, and with a check no more than run at once. */
template <class T, int IN, int OUT, class Rule>
cudaError_t update_as_chain(const Rule &rule, const update_arrays<T, IN, OUT> &arrays, const gli_update_chain &c,
                            int count, bool wide, cudaStream_t stream) {
    const auto kernel      = chain_kernel<T, IN, OUT, Rule>;
    const chain_job<T> job = chain_job_of<T>(c);
    int blocks = blocks_for(count, MAP_THREADS * vector<T>::width), at_once = 0;
    if (!c.check)
        return GLI_LAUNCH((chain_kernel<T, IN, OUT, Rule>), blocks, MAP_THREADS, sizeof(chain_memory), stream, rule,
                          arrays, count, wide, job);
    cudaError_t error = note_failed(c.check_arrays, stream);
    if (error == cudaSuccess) error = gli_cooperative_blocks(kernel, MAP_THREADS, sizeof(chain_memory), &at_once);
    if (error != cudaSuccess) return error;
    at_once *= c.gpu.multiprocessors;
    if (blocks > at_once) blocks = at_once;
    return GLI_LAUNCH_COOPERATIVE((chain_kernel<T, IN, OUT, Rule>), blocks, MAP_THREADS, sizeof(chain_memory), stream,
                                  rule, arrays, count, wide, job);
}

}  // namespace glia

#endif
