/* The offset of the i-th element of a strided array. */
#ifndef GLI_KERNELS_DEVICE_OFFSET_CALCULATOR_CUH
#define GLI_KERNELS_DEVICE_OFFSET_CALCULATOR_CUH

#include "kernels/device/divide.cuh"
#include "kernels/reduce/reduce_launch.h"

namespace glia {

struct offset_calculator {
    int n;
    divisor size[GLIA_MAX_DIMS];
    int64_t stride[GLIA_MAX_DIMS];

    /* of element i; no division where there is one axis */
    __device__ int64_t offset(unsigned i) const {
        int64_t sum = 0;
#pragma unroll 1
        for (int d = n - 1; d > 0; --d) {
            const unsigned quotient = size[d].quotient(i);
            sum += int64_t(i - quotient * size[d].value) * stride[d];
            i = quotient;
        }
        return sum + int64_t(i) * stride[0];
    }
};

inline offset_calculator offset_calculator_for(const gli_reduce_axes &axes) {
    offset_calculator c = {};
    for (c.n = 0; c.n < axes.n; ++c.n) {
        c.size[c.n]   = divide_by(static_cast<unsigned>(axes.size[c.n]));
        c.stride[c.n] = axes.stride[c.n];
    }
    return c;
}

/* Whether `width` neighbours of the last axis, from each multiple of it, lie next to each other at multiples of it. */
inline bool runs_of(const gli_reduce_axes &axes, int width) {
    if (axes.n == 0 || axes.stride[axes.n - 1] != 1 || axes.size[axes.n - 1] % width) return false;
    for (int d = 0; d + 1 < axes.n; ++d)
        if (axes.stride[d] % width) return false;
    return true;
}

inline bool multiples_of(const gli_reduce_axes &axes, int width) {
    for (int d = 0; d < axes.n; ++d)
        if (axes.stride[d] % width) return false;
    return true;
}

}  // namespace glia

#endif
