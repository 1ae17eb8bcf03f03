/* One write of y; a row's index is read once by each thread that has a part of it. */
#include "kernels/movement/one_hot_launch.h"

#include <cstring>

#include "kernels/device/divide.cuh"
#include "kernels/device/index_check.cuh"
#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { ONE_HOT_THREADS = 256 };

/* The class of a row. */
__device__ inline int64_t class_of(const gli_indices &indices, int64_t row, int classes) {
    const int64_t index = index_at(indices, row);
    return index < 0 ? index + classes : index;
}

/* Each thread writes 16 bytes. */
template <class T>
__global__ void __launch_bounds__(ONE_HOT_THREADS)
    one_hot_kernel(gli_indices indices, divisor classes, T on, T off, T *y, int64_t count, bool wide) {
    const int width     = vector<T>::width;
    const int64_t begin = (int64_t(blockIdx.x) * ONE_HOT_THREADS + threadIdx.x) * width;
    if (begin >= count) return;
    const int length = static_cast<int>(classes.value);
    int64_t row      = classes.quotient(static_cast<unsigned>(begin));
    int c            = static_cast<int>(begin - row * length);
    int64_t hot      = class_of(indices, row, length);
    vector<T> values = {};
#pragma unroll
    for (int k = 0; k < width; ++k, ++c) {
        if (c == length && begin + k < count) c = 0, hot = class_of(indices, ++row, length);
        values.at[k] = c == hot ? on : off;
    }
    if (wide && begin + width <= count) {
        *reinterpret_cast<vector<T> *>(y + begin) = values;
        return;
    }
    for (int k = 0; k < width; ++k)
        if (begin + k < count) y[begin + k] = values.at[k];
}

template <class T>
cudaError_t one_hot(const gli_one_hot_geom &g, const gli_one_hot_arrays &a, cudaStream_t stream) {
    const int64_t count = int64_t(g.count) * g.classes;
    const int blocks    = blocks_for(count, ONE_HOT_THREADS * vector<T>::width);
    T on, off;
    if (count == 0) return cudaSuccess;
    memcpy(&on, &a.on, sizeof on);
    memcpy(&off, &a.off, sizeof off);
    return GLI_LAUNCH(one_hot_kernel<T>, blocks, ONE_HOT_THREADS, 0, stream, a.indices,
                      divide_by(static_cast<unsigned>(g.classes)), on, off, static_cast<T *>(a.y), count,
                      aligned16(a.y));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_one_hot(const gli_one_hot_geom *geom, const gli_one_hot_arrays *arrays, cudaStream_t stream) {
    switch (glia_dtype_size(arrays->dtype)) {
        case 1: return glia::one_hot<uint8_t>(*geom, *arrays, stream);
        case 2: return glia::one_hot<uint16_t>(*geom, *arrays, stream);
        case 4: return glia::one_hot<uint32_t>(*geom, *arrays, stream);
        case 8: return glia::one_hot<uint64_t>(*geom, *arrays, stream);
        default: return cudaErrorInvalidValue;
    }
}
