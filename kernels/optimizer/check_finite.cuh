/* Whether numbers are finite: what check_finite.cu and the chain at the end of a step (update_chain.cuh) share. */
#ifndef GLI_KERNELS_OPTIMIZER_CHECK_FINITE_CUH
#define GLI_KERNELS_OPTIMIZER_CHECK_FINITE_CUH

#include "kernels/device/pack.cuh"
#include "kernels/optimizer/check_finite_launch.h"

namespace glia {

enum { CHECK_THREADS = 256 };

/* A difference of a number with itself is 0 only where the number is finite. */
template <class T>
__device__ inline bool any_not_finite(const T *x, int count, bool wide) {
    const int width = vector<T>::width;
    bool any        = false;
    for (int64_t i = (int64_t(blockIdx.x) * CHECK_THREADS + threadIdx.x) * width; i < count;
         i += int64_t(gridDim.x) * CHECK_THREADS * width) {
        compute<T> values[width];
        load_pack(x + i, count - i < width ? int(count - i) : width, wide, values);
        for (int k = 0; k < width; ++k) any = any || values[k] - values[k] != 0;
    }
    return any;
}

/* new_failed = failed, which kernels overwrite if there is something to note. */
inline cudaError_t note_failed(const gli_check_finite_arrays &a, cudaStream_t stream) {
    if (a.new_failed == a.failed) return cudaSuccess;
    return cudaMemcpyAsync(a.new_failed, a.failed, sizeof *a.failed, cudaMemcpyDeviceToDevice, stream);
}

}  // namespace glia

#endif
