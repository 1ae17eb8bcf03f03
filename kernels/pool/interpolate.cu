/* A thread makes one element, neighbours along what is innermost in memory. Backward, an element of dx gathers from the
 * elements of dy that it had a weight in, so that nothing is written twice. Places are fractions of integers: every
 * device finds the same elements. */
#include "kernels/pool/interpolate_launch.h"

#include "kernels/device/divide.cuh"
#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { INTERPOLATE_THREADS = 128, INTERPOLATE_MIN_BLOCKS = 4, D = GLIA_MAX_SPATIAL }; /* MIN: as in pool2d.cuh */

/* The place of element o of y among x's elements is a fraction with the same denominator for all: inverse is 1 over it.
 * back is the size of y over that of x, as the coordinates have it. */
struct axis {
    int64_t in, out, denominator;
    double inverse, back;
};

template <class T>
struct job {
    glia_interpolate_coordinates coordinates;
    glia_interpolate_rounding rounding;
    axis along[D];
    bool channels_inside;
    divisor inner[4]; /* of the sizes of what is made, the innermost first; samples are the rest */
    unsigned count;
    int64_t from_stride[GLI_INTERPOLATE_DIMS], to_stride[GLI_INTERPOLATE_DIMS];
    const T *from;
    T *to;
};

struct element {
    int64_t n, c, at[D];
};

template <class T>
__device__ inline element element_of(const job<T> &j, unsigned i) {
    unsigned index[4];
    for (int d = 0; d < 4; ++d) {
        const unsigned rest = j.inner[d].quotient(i);
        index[d]            = i - rest * j.inner[d].value;
        i                   = rest;
    }
    return j.channels_inside ? element{i, index[0], {index[3], index[2], index[1]}}
                             : element{i, index[3], {index[2], index[1], index[0]}};
}

__device__ inline int64_t within(int64_t i, int64_t size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

/* whole + rest / denominator of the axis. */
struct place {
    int64_t whole, rest;
};

/* Numerators are below 2^53, and so is their quotient, but for 1, what the product with the inverse gives. */
__device__ inline place place_of(glia_interpolate_coordinates coordinates, const axis &a, int64_t o) {
    int64_t numerator = o * a.in;
    if (coordinates == GLIA_COORDINATES_HALF_PIXEL) numerator = (2 * o + 1) * a.in - a.out;
    if (coordinates == GLIA_COORDINATES_ALIGN_CORNERS) numerator = a.out > 1 ? o * (a.in - 1) : 0;
    place p = {int64_t(floor(double(numerator) * a.inverse)), 0};
    p.rest  = numerator - p.whole * a.denominator;
    if (p.rest < 0) return {p.whole - 1, p.rest + a.denominator};
    if (p.rest >= a.denominator) return {p.whole + 1, p.rest - a.denominator};
    return p;
}

__device__ inline int64_t nearest_of(glia_interpolate_rounding rounding, const axis &a, const place &p) {
    switch (rounding) {
        case GLIA_ROUNDING_PREFER_CEIL: return p.whole + (2 * p.rest >= a.denominator ? 1 : 0);
        case GLIA_ROUNDING_PREFER_FLOOR: return p.whole + (2 * p.rest > a.denominator ? 1 : 0);
        case GLIA_ROUNDING_FLOOR: return p.whole;
        default: return p.whole + (p.rest > 0 ? 1 : 0);
    }
}

/* The elements of x along an axis that element o of y is made of; of nearest it is the first. */
template <class C>
struct taps {
    int64_t at[2];
    C weight[2];
};

template <bool LINEAR, class C>
__device__ inline taps<C> taps_of(glia_interpolate_coordinates coordinates, glia_interpolate_rounding rounding,
                                  const axis &a, int64_t o) {
    const place p = place_of(coordinates, a, o);
    if (!LINEAR) {
        const int64_t at = within(nearest_of(rounding, a, p), a.in);
        return {{at, at}, {1, 0}};
    }
    return {{within(p.whole, a.in), within(p.whole + 1, a.in)},
            {C(double(a.denominator - p.rest) * a.inverse), C(double(p.rest) * a.inverse)}};
}

template <bool LINEAR, class T>
__global__ void __launch_bounds__(INTERPOLATE_THREADS, INTERPOLATE_MIN_BLOCKS) interpolate_kernel(job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * INTERPOLATE_THREADS + threadIdx.x;
    if (i >= j.count) return;
    const element to = element_of(j, i);
    taps<C> t[D];
    for (int d = 0; d < D; ++d) t[d] = taps_of<LINEAR, C>(j.coordinates, j.rounding, j.along[d], to.at[d]);
    const T *from = j.from + to.n * j.from_stride[0] + to.c * j.from_stride[1];
    C sum         = 0;
#pragma unroll
    for (int corner = 0; corner < (LINEAR ? 8 : 1); ++corner) {
        const int a = corner >> 2, b = corner >> 1 & 1, c = corner & 1;
        const C weight = t[0].weight[a] * t[1].weight[b] * t[2].weight[c];
        if (weight == 0) continue;
        sum += weight *
               to_compute(
                   from[t[0].at[a] * j.from_stride[2] + t[1].at[b] * j.from_stride[3] + t[2].at[c] * j.from_stride[4]]);
    }
    j.to[to.n * j.to_stride[0] + to.c * j.to_stride[1] + to.at[0] * j.to_stride[2] + to.at[1] * j.to_stride[3] +
         to.at[2] * j.to_stride[4]] = round_to<T>(sum);
}

/* Elements of y, first .. last, outside of which none has a place next to element i of x: from those at i - 1 to those
 * at i + 1, and one more for roundings; at the ends of x, where places outside of it count, to the ends of y. */
struct range {
    int64_t first, last;
};

__device__ inline range range_over(glia_interpolate_coordinates coordinates, const axis &a, int64_t i) {
    const double half = coordinates == GLIA_COORDINATES_HALF_PIXEL ? 0.5 : 0;
    const double low = (double(i) - 1 + half) * a.back - half, high = (double(i) + 1 + half) * a.back - half;
    return {i == 0 ? 0 : within(int64_t(floor(low)) - 1, a.out),
            i == a.in - 1 ? a.out - 1 : within(int64_t(ceil(high)) + 1, a.out)};
}

/* The weight of element i of x in element o of y. */
template <bool LINEAR, class C>
__device__ inline C weight_of(glia_interpolate_coordinates coordinates, glia_interpolate_rounding rounding,
                              const axis &a, int64_t o, int64_t i) {
    const taps<C> t = taps_of<LINEAR, C>(coordinates, rounding, a, o);
    return (t.at[0] == i ? t.weight[0] : C(0)) + (t.at[1] == i ? t.weight[1] : C(0));
}

template <bool LINEAR, class T>
__global__ void __launch_bounds__(INTERPOLATE_THREADS, INTERPOLATE_MIN_BLOCKS) interpolate_backward_kernel(job<T> j) {
    typedef compute<T> C;
    const unsigned i = blockIdx.x * INTERPOLATE_THREADS + threadIdx.x;
    if (i >= j.count) return;
    const element to = element_of(j, i);
    range over[D];
    for (int d = 0; d < D; ++d) over[d] = range_over(j.coordinates, j.along[d], to.at[d]);
    const T *from = j.from + to.n * j.from_stride[0] + to.c * j.from_stride[1];
    double sum    = 0;
    for (int64_t z = over[0].first; z <= over[0].last; ++z) {
        const C by_z = weight_of<LINEAR, C>(j.coordinates, j.rounding, j.along[0], z, to.at[0]);
        for (int64_t y = by_z == 0 ? over[1].last + 1 : over[1].first; y <= over[1].last; ++y) {
            const C by_y = by_z * weight_of<LINEAR, C>(j.coordinates, j.rounding, j.along[1], y, to.at[1]);
            for (int64_t x = by_y == 0 ? over[2].last + 1 : over[2].first; x <= over[2].last; ++x) {
                const C weight = by_y * weight_of<LINEAR, C>(j.coordinates, j.rounding, j.along[2], x, to.at[2]);
                if (weight == 0) continue;
                sum += weight * to_compute(from[z * j.from_stride[2] + y * j.from_stride[3] + x * j.from_stride[4]]);
            }
        }
    }
    j.to[to.n * j.to_stride[0] + to.c * j.to_stride[1] + to.at[0] * j.to_stride[2] + to.at[1] * j.to_stride[3] +
         to.at[2] * j.to_stride[4]] = round_to<T>(C(sum));
}

inline axis axis_of(glia_interpolate_coordinates coordinates, int in, int out) {
    axis a = {in, out, out, 0, double(out) / in};
    if (coordinates == GLIA_COORDINATES_HALF_PIXEL) a.denominator = 2 * int64_t(out);
    if (coordinates == GLIA_COORDINATES_ALIGN_CORNERS) {
        a.denominator = out > 1 ? out - 1 : 1;
        a.back        = in > 1 ? double(out - 1) / (in - 1) : 0;
    }
    a.inverse = 1 / double(a.denominator);
    return a;
}

template <class T>
job<T> job_of(const gli_interpolate_geom &g, const gli_interpolate_arrays &a, bool backward) {
    const int *made   = backward ? g.in : g.out;
    job<T> j          = {};
    j.coordinates     = g.coordinates;
    j.rounding        = g.rounding;
    j.channels_inside = g.c > 1 && a.to_stride[1] == 1;
    for (int d = 0; d < D; ++d) j.along[d] = axis_of(g.coordinates, g.in[d], g.out[d]);
    const int inside[4] = {g.c, made[2], made[1], made[0]}, outside[4] = {made[2], made[1], made[0], g.c};
    for (int d = 0; d < 4; ++d) j.inner[d] = divide_by(unsigned(j.channels_inside ? inside[d] : outside[d]));
    for (int d = 0; d < GLI_INTERPOLATE_DIMS; ++d) {
        j.from_stride[d] = a.from_stride[d];
        j.to_stride[d]   = a.to_stride[d];
    }
    j.count = unsigned(int64_t(g.n) * g.c * made[0] * made[1] * made[2]);
    j.from  = static_cast<const T *>(a.from);
    j.to    = static_cast<T *>(a.to);
    return j;
}

template <class T>
cudaError_t interpolate(const gli_interpolate_geom &g, const gli_interpolate_arrays &a, bool backward,
                        cudaStream_t stream) {
    if (g.n == 0 || g.c == 0) return cudaSuccess;
    const job<T> j    = job_of<T>(g, a, backward);
    const bool linear = g.mode == GLIA_INTERPOLATE_LINEAR;
    const int blocks  = blocks_for(int(j.count), INTERPOLATE_THREADS);
    if (backward)
        return linear ? GLI_LAUNCH((interpolate_backward_kernel<true, T>), blocks, INTERPOLATE_THREADS, 0, stream, j)
                      : GLI_LAUNCH((interpolate_backward_kernel<false, T>), blocks, INTERPOLATE_THREADS, 0, stream, j);
    return linear ? GLI_LAUNCH((interpolate_kernel<true, T>), blocks, INTERPOLATE_THREADS, 0, stream, j)
                  : GLI_LAUNCH((interpolate_kernel<false, T>), blocks, INTERPOLATE_THREADS, 0, stream, j);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_interpolate(const gli_interpolate_geom *geom, const gli_interpolate_arrays *arrays,
                                   cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::interpolate<T>(*geom, *arrays, false, stream));
}

cudaError_t gli_kernel_interpolate_backward(const gli_interpolate_geom *geom, const gli_interpolate_arrays *arrays,
                                            cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::interpolate<T>(*geom, *arrays, true, stream));
}
