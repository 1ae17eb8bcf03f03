/* One read of each array. Nothing is written unless a number is not finite: all threads that find one write the same.
 */
#include "kernels/optimizer/check_finite_launch.h"

#include "kernels/optimizer/check_finite.cuh"

namespace glia {
namespace {

enum { CHECK_BLOCKS = 1024 };

template <class T>
__global__ void __launch_bounds__(CHECK_THREADS)
    check_finite_kernel(gli_check_finite_geom g, const T *x, bool wide_x, const T *y, bool wide_y, const int64_t *step,
                        unsigned long long *failed) {
    if (any_not_finite(x, g.x_count, wide_x) || any_not_finite(y, g.y_count, wide_y))
        atomicCAS(failed, 0ull, static_cast<unsigned long long>(*step));
}

template <class T>
cudaError_t check_finite(const gli_check_finite_geom &g, const gli_check_finite_arrays &a, cudaStream_t stream) {
    const cudaError_t noted = note_failed(a, stream);
    if (noted != cudaSuccess) return noted;
    const T *x = static_cast<const T *>(a.x), *y = static_cast<const T *>(a.y);
    const int count  = g.x_count > g.y_count ? g.x_count : g.y_count;
    const int needed = blocks_for(count, CHECK_THREADS * vector<T>::width);
    if (count == 0) return cudaSuccess;
    return GLI_LAUNCH(check_finite_kernel<T>, needed < CHECK_BLOCKS ? needed : CHECK_BLOCKS, CHECK_THREADS, 0, stream,
                      g, x, aligned16(x), y, aligned16(y), a.step,
                      reinterpret_cast<unsigned long long *>(a.new_failed));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_check_finite(const gli_check_finite_geom *geom, const gli_check_finite_arrays *arrays,
                                    cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::check_finite<T>(*geom, *arrays, stream));
}
