/* A number with an exponent of its own: for products and quotients that are numbers of the type where parts of them are
 * none. It costs some twenty instructions a factor, and is for the elements that need it. */
#ifndef GLI_KERNELS_DEVICE_SCALED_CUH
#define GLI_KERNELS_DEVICE_SCALED_CUH

#include <cfloat>

#include "kernels/device/types.cuh"

namespace glia {

template <class C>
struct scaled {
    C mantissa; /* or an infinity, or NaN */
    int exponent;

    __device__ scaled(C m, int e) : mantissa(m), exponent(e) {}
    __device__ explicit scaled(C x) : mantissa(x), exponent(0) {
        if (x - x == 0) mantissa = frexp(x, &exponent);
    }
    __device__ scaled operator*(const scaled &b) const { return {mantissa * b.mantissa, exponent + b.exponent}; }
    __device__ scaled operator/(const scaled &b) const { return {mantissa / b.mantissa, exponent - b.exponent}; }
    __device__ C value() const { return ldexp(mantissa, exponent); }
};

__device__ inline bool is_normal(float x) { return fabs(x) >= FLT_MIN && fabs(x) <= FLT_MAX; }
__device__ inline bool is_normal(double x) { return fabs(x) >= DBL_MIN && fabs(x) <= DBL_MAX; }

/* a b c, where it is a number, whatever a b is. */
template <class C>
__device__ inline C product(C a, C b, C c) {
    const C first = a * b;
    if (is_normal(first) || a == 0 || b == 0) return first * c;
    const bool a_is_larger = fabs(a) > fabs(b);
    return (a_is_larger ? a : b) * c * (a_is_larger ? b : a);
}

}  // namespace glia

#endif
