/* Positions grouped by the row that they name: a stable sort, by integer work alone, so that sums over a group can
 * always go in one order. */
#ifndef GLI_KERNELS_MOVEMENT_SORT_BY_KEY_CUH
#define GLI_KERNELS_MOVEMENT_SORT_BY_KEY_CUH

#include "kernels/movement/gather_launch.h"

namespace glia {

/* Of all positions in the order of their rows: rows[p], rising, and positions[p], rising within a row. */
struct grouping {
    const unsigned *rows, *positions;
};

size_t group_workspace(int count);

/* Positions whose index is `left_out`, or out of range, come last, as of row indices.size. count is at least 1. */
cudaError_t group_rows(const gli_row_indices &indices, int left_out, void *workspace, grouping *out,
                       cudaStream_t stream);

}  // namespace glia

#endif
