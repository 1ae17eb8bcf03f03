/* Division by a number that is known at launch: a multiplication, an addition and a shift.
 * Source: Granlund, Montgomery, "Division by Invariant Integers using Multiplication", figure 4.1. */
#ifndef GLI_KERNELS_DEVICE_DIVIDE_CUH
#define GLI_KERNELS_DEVICE_DIVIDE_CUH

#include <cstdint>

#include "kernels/device/cuda.cuh"

namespace glia {

struct divisor {
    unsigned value, magic, shift;

    /* of n below 2^31 */
    __device__ unsigned quotient(unsigned n) const { return (__umulhi(n, magic) + n) >> shift; }
    /* of any n */
    __device__ unsigned quotient_of_any(unsigned n) const {
        return static_cast<unsigned>((uint64_t(__umulhi(n, magic)) + n) >> shift);
    }
};

/* value is 1 to 2^31 - 1. */
inline divisor divide_by(unsigned value) {
    unsigned shift = 0;
    while ((1u << shift) < value) ++shift;
    const uint64_t excess = (uint64_t(1) << shift) - value;
    return {value, static_cast<unsigned>((excess << 32) / value + 1), shift};
}

}  // namespace glia

#endif
