/* Tensors of indices, and notes about those that are out of range. */
#ifndef GLI_KERNELS_DEVICE_INDEX_CHECK_CUH
#define GLI_KERNELS_DEVICE_INDEX_CHECK_CUH

#include <cstdint>

#include "kernels/device/cuda.cuh"
#include "kernels/device/indices.h"

namespace glia {

__device__ inline int64_t index_at(const gli_indices &indices, int64_t i) {
    return indices.dtype == GLIA_I32 ? static_cast<const int32_t *>(indices.data)[i]
                                     : static_cast<const int64_t *>(indices.data)[i];
}

/* Element `at` of the indices is out of range. The first such element stays: src/cuda/device/index_error.h reports it.
 */
__device__ inline void note_index(unsigned long long *slot, int64_t at, int64_t value) {
    const int64_t kept = value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : value;
    atomicMin(slot, static_cast<unsigned long long>(at) << 32 | static_cast<uint32_t>(kept));
}

/* Element i as a row of `size`, negative ones counting from the end; -1, and a note, for one that is out of range. */
__device__ inline int row_at(const gli_indices &indices, unsigned long long *slot, unsigned i, int size) {
    const int64_t value = index_at(indices, i), row = value < 0 ? value + size : value;
    if (row >= 0 && row < size) return static_cast<int>(row);
    note_index(slot, i, value);
    return -1;
}

}  // namespace glia

#endif
