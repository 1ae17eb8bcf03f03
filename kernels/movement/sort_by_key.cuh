/* Positions sorted by the row that their index names. The sort is stable and all its work is on integers, so that sums
 * over the positions of a row can always run in one order. */
#ifndef GLI_KERNELS_MOVEMENT_SORT_BY_KEY_CUH
#define GLI_KERNELS_MOVEMENT_SORT_BY_KEY_CUH

#include "kernels/device/index_check.cuh"

namespace glia {

/* All positions in the order of their rows: rows[p], rising, and positions[p], rising within a row. */
struct sorted_rows {
    const unsigned *rows, *positions;
};

size_t sort_workspace(int count);

/* Of `count` indices, at least 1. Positions whose index is `left_out`, or out of range, come last, as if of row
 * indices.size. */
cudaError_t sort_by_row(const row_indices &indices, int count, int left_out, void *workspace, sorted_rows *out,
                        cudaStream_t stream);

}  // namespace glia

#endif
