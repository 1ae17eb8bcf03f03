/* Statistics of numbers of any size: a set is read as differences from its first number, so that a large mean does not
 * round away what differs; and where their squares overflow or vanish, once more, scaled by a power of two. */
#ifndef GLI_KERNELS_NORM_CENTERED_CUH
#define GLI_KERNELS_NORM_CENTERED_CUH

#include <cfloat>

#include "kernels/device/block_reduce.cuh"

namespace glia {

/* Sums of squares from `low` on keep their digits. Differences times `up` where they are smaller, or `down` where they
 * overflow, have squares of which 2^31 can be added. */
template <class C>
struct square_range;
template <>
struct square_range<float> {
    static constexpr float low = 0x1p-100f, high = FLT_MAX, up = 0x1p80f, down = 0x1p-100f;
};
template <>
struct square_range<double> {
    static constexpr double low = 0x1p-960, high = DBL_MAX, up = 0x1p540, down = 0x1p-600;
};

/* The numbers x by - shift of a set. */
template <class C>
struct centered {
    C by, shift; /* by: 1, or a power of two; shift: the first number times by */

    __device__ C of(C x) const { return x * by - shift; }
    /* What makes a variance of these numbers from one of the set, and back. */
    __device__ C scaled(C variance) const { return variance * by * by; }
    __device__ C unscaled(C variance) const { return variance / by / by; }
    __device__ C mean(C of_these) const { return (of_these + shift) / by; }

    /* Chooses `by` for the variance that was found, epsilon included; true: it has to be found again. */
    __device__ bool rescale(C variance) {
        typedef square_range<C> range;
        if (variance >= range::low && variance <= range::high) return false;
        if (variance < range::low && fabs(shift) > range::high / range::up) return false; /* the numbers are all one */
        by = variance < range::low ? range::up : range::down; /* of NaN, too: infinity less infinity */
        shift *= by;
        return true;
    }
};

template <class C>
__device__ inline centered<C> centered_at(C first) {
    return {C(1), first};
}

/* Of the first n of N numbers, n > 0. */
template <int N, class C>
__device__ inline moments<C> moments_of(const centered<C> &at, const C (&x)[N], int n) {
    C values[N];
    for (int k = 0; k < N; ++k) values[k] = at.of(x[k]);
    return moments_of<N>(values, n);
}

/* The first n of N numbers to a set of which they are the given share afterwards: without a division. */
template <int N, class C>
__device__ inline void add_to(moments<C> *s, const centered<C> &at, const C (&x)[N], int n, C share) {
    const moments<C> more = moments_of(at, x, n);
    const C delta         = more.mean - s->mean;
    s->mean += delta * share;
    s->squares += more.squares + delta * delta * s->count * share;
    s->count += more.count;
}

}  // namespace glia

#endif
