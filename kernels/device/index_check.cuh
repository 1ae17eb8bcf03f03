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
 * reports it. The halves of its value lie in two words, each behind i; that of another launch stays as it is, so that
 * they belong together. */
__device__ inline void note_index(unsigned long long *slot, int64_t i, int64_t value) {
    const unsigned long long element = static_cast<unsigned long long>(i) << 32, nothing = ~0ull;
    if (atomicMin(slot, nothing) >> 32 <= element >> 32) return;
    atomicMin(slot, element | static_cast<uint32_t>(value));
    atomicMin(slot + 1, element | static_cast<uint32_t>(value >> 32));
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
