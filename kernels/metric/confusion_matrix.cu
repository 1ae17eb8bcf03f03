/* Integer atomics: counts do not depend on the order in which they are added. */
#include "kernels/metric/confusion_matrix_launch.h"

#include "kernels/device/class_rows.cuh"
#include "kernels/device/index_check.cuh"

namespace glia {
namespace {

template <class T, int TEAM>
__global__ void __launch_bounds__(CLASS_THREADS)
    confusion_matrix_kernel(gli_confusion_matrix_geom g, const T *prediction, gli_indices target,
                            unsigned long long *slot, unsigned long long *matrix) {
    const class_shape s = {g.n, g.classes, 1};
    const int64_t item  = int64_t(blockIdx.x) * (CLASS_THREADS / TEAM) + threadIdx.x / TEAM;
    const bool here     = item < s.items;
    const int column    = argmax_of<TEAM>(prediction + (here ? s.first(item) : 0), 1, here ? s.classes : 0);
    if (!here || threadIdx.x % TEAM != 0) return;
    const int64_t row = index_at(target, item);
    if (g.ignore && row == g.ignore_index) return;
    if (row < 0 || row >= s.classes) return note_index(slot, item, row);
    atomicAdd(&matrix[row * s.classes + column], 1ull);
}

/* A warp for the widest rows, too: their matrix takes longer than they do. */
template <int WANTED, class T>
cudaError_t launch(const gli_confusion_matrix_geom &g, const class_shape &s, const T *prediction,
                   const gli_confusion_matrix_arrays &a, unsigned long long *matrix, cudaStream_t stream) {
    constexpr int TEAM   = WANTED < LANES ? WANTED : int(LANES);
    const int64_t blocks = (s.items * TEAM + CLASS_THREADS - 1) / CLASS_THREADS;
    return GLI_LAUNCH((confusion_matrix_kernel<T, TEAM>), static_cast<int>(blocks), CLASS_THREADS, 0, stream, g,
                      prediction, a.target, a.slot, matrix);
}

template <class T>
cudaError_t confusion_matrix(const gli_confusion_matrix_geom &g, const gli_confusion_matrix_arrays &a,
                             cudaStream_t stream) {
    const class_shape s = {g.n, g.classes, 1};
    auto *matrix        = reinterpret_cast<unsigned long long *>(a.new_matrix);
    if (a.new_matrix != a.matrix) {
        const size_t bytes       = size_t(g.classes) * g.classes * sizeof(int64_t);
        const cudaError_t copied = cudaMemcpyAsync(matrix, a.matrix, bytes, cudaMemcpyDeviceToDevice, stream);
        if (copied != cudaSuccess) return copied;
    }
    if (g.n == 0) return cudaSuccess;
    return GLI_FOR_TEAM(team_for(s), TEAM, launch<TEAM>(g, s, static_cast<const T *>(a.prediction), a, matrix, stream));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_confusion_matrix(const gli_confusion_matrix_geom *geom,
                                        const gli_confusion_matrix_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::confusion_matrix<T>(*geom, *arrays, stream));
}
