/* y[k] = the sum over s of f(x0[k, s], x1[k, s], ...): the gradient of an array that was broadcast. Two
 * launches where one would leave much of the device idle: sums of slices, then sums of those. The slices depend on the
 * sizes only. f sees numbers in which no product of two overflows, but for those of f64. */
#ifndef GLI_KERNELS_DEVICE_BROADCAST_SUM_CUH
#define GLI_KERNELS_DEVICE_BROADCAST_SUM_CUH

#include "kernels/device/broadcast_map.cuh"
#include "kernels/device/merge_parts.cuh"
#include "kernels/device/wide_sums.cuh"

namespace glia {

enum { SUM_THREADS = 256, SUM_BLOCKS = 512, SUM_MIN_STEPS = 4 };

/* The inputs are arrays 0 to N-1 of both lists of axes. y is dense over the kept axes, parts are, for each slice. */
struct sum_shape {
    broadcast_offsets kept_axes, summed_axes;
    int kept, summed;
    int outputs;         /* that a block computes at a time; each has SUM_THREADS / outputs threads */
    int slice;           /* summands in a slice */
    bool kept_innermost; /* neighbours in memory belong to neighbouring outputs: threads take them so */
};

template <class T>
struct sum_as_it_is {
    __device__ T operator()(const wide_sum<T> &sum) const { return round_to<T>(compute<T>(sum.over(1))); }
};

/* parts NULL: y is written. */
template <class T, int N, class F>
__global__ void __launch_bounds__(SUM_THREADS) sum_kernel(F f, sum_shape s, inputs<T, N> x, wide_sum<T> *parts, T *y) {
    __shared__ wide_sum<T> partial[SUM_THREADS];
    const int members = SUM_THREADS / s.outputs;
    const int output  = s.kept_innermost ? threadIdx.x % s.outputs : threadIdx.x / members;
    const int member  = s.kept_innermost ? threadIdx.x / s.outputs : threadIdx.x % members;
    const int64_t k   = int64_t(blockIdx.x) * s.outputs + output;
    const int begin = blockIdx.y * s.slice, end = s.summed - begin < s.slice ? s.summed : begin + s.slice;

    wide_sum<T> sum = {};
    wide_number<T> in[N][1], value[1];
    int64_t start[N] = {};
    if (k < s.kept) {
        add_offsets(s.kept_axes, unsigned(k), start);
        for (int64_t i = int64_t(begin) + member; i < end; i += members) {
            int64_t offset[N];
            for (int n = 0; n < N; ++n) offset[n] = start[n];
            add_offsets(s.summed_axes, unsigned(i), offset);
            for (int n = 0; n < N; ++n) in[n][0] = to_compute(x.at[n][offset[n]]);
            f(in, value);
            sum.add(value[0]);
        }
    }
    partial[member * s.outputs + output] = sum;
    for (int half = members / 2; half > 0; half /= 2) {
        __syncthreads();
        if (member < half) partial[member * s.outputs + output].merge(partial[(member + half) * s.outputs + output]);
    }
    if (member != 0 || k >= s.kept) return;
    if (parts)
        parts[int64_t(blockIdx.y) * s.kept + k] = partial[output];
    else
        y[k] = sum_as_it_is<T>()(partial[output]);
}

inline int outputs_of(int kept, int summed, bool kept_innermost) {
    if (kept_innermost) return kept > 16 ? 32 : kept > 4 ? 8 : 1;
    return summed > 256 ? 1 : 8;
}

inline int slices_of(int kept, int summed, bool kept_innermost) {
    if (kept == 0 || summed == 0) return 1;
    const int outputs    = outputs_of(kept, summed, kept_innermost);
    const int max_slices = blocks_for(summed, SUM_THREADS / outputs * SUM_MIN_STEPS);
    const int slices     = SUM_BLOCKS / blocks_for(kept, outputs);
    return slices < 1 ? 1 : slices < max_slices ? slices : max_slices;
}

inline size_t broadcast_sum_bytes(const gli_axes &kept, const gli_axes &summed, bool kept_innermost, size_t size) {
    const int slices = slices_of(kept.count, summed.count, kept_innermost);
    return slices == 1 ? 0 : size_t(slices) * kept.count * size;
}

/* F as in map.cuh. workspace: broadcast_sum_bytes of wide_sum<T>. */
template <class T, int N, class F>
cudaError_t broadcast_sum(const F &f, const gli_axes &kept, const gli_axes &summed, bool kept_innermost,
                          const inputs<T, N> &x, T *y, void *workspace, cudaStream_t stream) {
    if (kept.count == 0) return cudaSuccess;
    const int slices   = slices_of(kept.count, summed.count, kept_innermost);
    sum_shape s        = {};
    s.kept_axes        = broadcast_offsets_of(kept);
    s.summed_axes      = broadcast_offsets_of(summed);
    s.kept             = kept.count;
    s.summed           = summed.count;
    s.outputs          = outputs_of(kept.count, summed.count, kept_innermost);
    s.slice            = blocks_for(summed.count, slices);
    s.kept_innermost   = kept_innermost;
    wide_sum<T> *parts = slices > 1 ? static_cast<wide_sum<T> *>(workspace) : nullptr;
    const dim3 grid(blocks_for(kept.count, s.outputs), slices);
    const cudaError_t error = GLI_LAUNCH((sum_kernel<T, N, F>), grid, SUM_THREADS, 0, stream, f, s, x, parts, y);
    if (error != cudaSuccess || slices == 1) return error;
    return merge_parts(parts, slices, kept.count, wide_sum<T>{}, sum_as_it_is<T>(), y, stream);
}

}  // namespace glia

#endif
