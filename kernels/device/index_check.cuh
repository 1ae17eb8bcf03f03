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

/* Notes that element i of the indices is out of range. The first such element stays: src/cuda/device/index_error.h
 * reports it. */
__device__ inline void note_index(unsigned long long *slot, int64_t i, int64_t value) {
    const int64_t clamped = value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : value;
    atomicMin(slot, static_cast<unsigned long long>(i) << 32 | static_cast<uint32_t>(clamped));
}

/* Indices of the rows of an array of `size` rows. */
struct row_indices {
    gli_indices indices;
    unsigned long long *slot;
    int size;

    /* Index i, a negative one counted from the end; -1, and a note, where it is out of range. */
    __device__ int row_at(unsigned i) const {
        const int64_t value = index_at(indices, i), row = value < 0 ? value + size : value;
        if (row >= 0 && row < size) return static_cast<int>(row);
        note_index(slot, i, value);
        return -1;
    }
};

}  // namespace glia

#endif
