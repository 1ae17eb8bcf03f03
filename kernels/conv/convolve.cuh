/* Convolution and its gradient with respect to the filters, for images and for volumes. */
#ifndef GLI_KERNELS_CONV_CONVOLVE_CUH
#define GLI_KERNELS_CONV_CONVOLVE_CUH

#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/conv/depthwise.cuh"

namespace glia {

template <class T, class Phases>
cudaError_t convolve(const gli_convolution &v, const gli_gemm_run &run) {
    return each_launch<T, Phases>(
        v, run, [&](const auto &batch, const gemm_size &size, const Phases &p, const gli_gemm_run &rest) {
            if (too_narrow_for_tiles(size)) return depthwise<T>(batch, size, p.count(), v.y.c == 1, run.stream);
            return gemm<T>(batch, size, rest);
        });
}

/* batch: of v's gradient. */
template <class T, class Batch>
cudaError_t filter_gradient(const Batch &batch, const gli_convolution &v, const gli_gemm_run &run) {
    const gemm_size size = filter_size_of(v);
    if (filters_too_narrow_for_tiles(size))
        return depthwise_filter<T>(batch, size, v.y.c == 1, run.workspace, run.stream);
    return gemm<T>(batch, size, run);
}

inline size_t filter_workspace_of(const gli_convolution &v) {
    const gemm_size s     = filter_size_of(v);
    const split_k strided = depthwise_split(s, false), contiguous = depthwise_split(s, true);
    const split_k split = !filters_too_narrow_for_tiles(s)     ? split_k_for(s)
                          : contiguous.splits > strided.splits ? contiguous
                                                               : strided;
    return partial_count(s, split) * (v.dtype == GLIA_F64 ? sizeof(double) : sizeof(float));
}

}  // namespace glia

#endif
