/* Infinities and NaN in an implicit GEMM: tiles multiply the zeros of padding with them, which gives NaN. So a sum that
 * is NaN is computed again, in double, of the elements inside the image alone. */
#ifndef GLI_KERNELS_GEMM_PADDING_CUH
#define GLI_KERNELS_GEMM_PADDING_CUH

#include "kernels/device/types.cuh"

namespace glia {

/* Element (m, n) of a GEMM, summed over k from begin to end. A NaN term ends the sum. *nan: a k where a term
 * of this thread was NaN, or -1: its other elements mostly become NaN there as well. */
template <class C, class P>
__device__ inline C sum_without_padding(const P &p, int m, int n, int begin, int end, int *nan) {
    const auto i    = p.a.row_axis.at(m, p.m);
    const auto j    = p.b.row_axis.at(n, p.n);
    const auto term = [&](int k) {
        const auto a = p.a.k_axis.at(k, end);
        const auto b = p.b.k_axis.at(k, end);
        if (!p.a.contains(i, a) || !p.b.contains(j, b)) return 0.0;
        return double(p.a.value(i, a)) * double(p.b.value(j, b));
    };
    double sum = *nan >= 0 && isnan(term(*nan)) ? NAN : 0;
#pragma unroll 1
    for (int k = begin; k < end && !isnan(sum); ++k) {
        sum += term(k);
        if (isnan(sum)) *nan = k;
    }
    return C(sum);
}

}  // namespace glia

#endif
