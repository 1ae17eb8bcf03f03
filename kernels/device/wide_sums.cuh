/* Sums whose result is a number of the type where what leads to it is none: partial sums beyond the largest number,
 * squares that overflow or vanish. Floats are added in double, which has room for all of that, f16 in float. Doubles
 * are added several times, scaled by powers of two, and the sum that kept its digits is taken. Source: Blue, "A
 * Portable Fortran Program to Find the Euclidean Norm of a Vector". */
#ifndef GLI_KERNELS_DEVICE_WIDE_SUMS_CUH
#define GLI_KERNELS_DEVICE_WIDE_SUMS_CUH

#include <cfloat>
#include <type_traits>

#include "kernels/device/block_reduce.cuh"

namespace glia {

template <class T>
using wide_number = std::conditional_t<std::is_same<T, f16>::value, float, double>;

template <class T>
constexpr bool is_double = std::is_same<T, double>::value;

/* A sum of elements of T, or of what is computed from some. */
template <class T>
struct wide_sum : sums<wide_number<T>, is_double<T> ? 2 : 1> {
    typedef wide_number<T> W;
    static constexpr double DOWN = 0x1p-64;

    /* Of the sum, and of DOWN times it where doubles overflow. */
    __device__ bool fits() const { return !is_double<T> || this->at[0] - this->at[0] == 0; }
    __device__ W scaled() const { return this->at[is_double<T> ? 1 : 0]; }

    __device__ void add(W x) {
        this->at[0] += x;
        if constexpr (is_double<T>) this->at[1] += x * DOWN;
    }
    /* The sum over n. */
    __device__ W over(W n) const { return fits() ? this->at[0] / n : scaled() / n / W(DOWN); }
};

/* The quotient of two sums; 0 where the divisor is 0. */
template <class T>
__device__ inline wide_number<T> quotient(const wide_sum<T> &sum, const wide_sum<T> &over) {
    if (over.at[0] == 0) return 0;
    return sum.fits() && over.fits() ? sum.at[0] / over.at[0] : sum.scaled() / over.scaled();
}

/* A sum of squares of elements of T, up to 2^31 of them. */
template <class T, class W = wide_number<T>>
struct wide_squares : sums<W, is_double<T> ? 3 : 1> {
    static constexpr double LOW = 0x1p-900, DOWN = 0x1p-600, UP = 0x1p600;

    __device__ void add(W x) {
        this->at[0] += x * x;
        if constexpr (is_double<T>) {
            this->at[1] += (x * DOWN) * (x * DOWN);
            this->at[2] += (x * UP) * (x * UP);
        }
    }
    __device__ W root() const {
        if constexpr (is_double<T>) {
            const bool low = this->at[0] < LOW, fits = this->at[0] <= DBL_MAX;
            return sqrt(low ? this->at[2] : fits ? this->at[0] : this->at[1]) * (low ? 1 / UP : fits ? 1 : 1 / DOWN);
        }
        return sqrt(this->at[0]);
    }
};

}  // namespace glia

#endif
