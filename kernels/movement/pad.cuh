/* What pad and the gradient of slice have in common: an array inside a larger one that is filled around it, and between
 * its elements where there are steps. XLA calls this a pad with interior padding. */
#ifndef GLI_KERNELS_MOVEMENT_PAD_CUH
#define GLI_KERNELS_MOVEMENT_PAD_CUH

#include "kernels/movement/copy_launch.h"

namespace glia {

/* Element i of `from` along this dimension is element start + i step of `to`; i < count. A step is at least 1. */
struct padded_dim {
    int64_t start, step, count;
};

/* copy.dim is the shape of `to`; both sides have one dtype, whose elements keep their bits. The elements of `to` that
 * get none of `from` are `fill`, whose first bytes are an element. */
cudaError_t pad(const gli_copy_geom &copy, const padded_dim *dims, uint64_t fill, cudaStream_t stream);

}  // namespace glia

#endif
