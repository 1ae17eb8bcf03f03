#include "kernels/elementwise/binary_launch.h"

#include "kernels/device/broadcast_sum.cuh"
#include "kernels/device/scaled.cuh"

namespace glia {
namespace {

/* y[k] = f(a[k], b[k]) */
template <int W, class C, class F>
__device__ inline void each(const C (&x)[2][W], C (&y)[W], F f) {
#pragma unroll
    for (int k = 0; k < W; ++k) y[k] = f(x[0][k], x[1][k]);
}

struct forward {
    glia_binary_kind kind;
    template <class C, int W>
    __device__ void operator()(const C (&x)[2][W], C (&y)[W]) const {
        switch (kind) {
            case GLIA_BINARY_ADD: return each(x, y, [](C a, C b) { return a + b; });
            case GLIA_BINARY_SUB: return each(x, y, [](C a, C b) { return a - b; });
            case GLIA_BINARY_MUL: return each(x, y, [](C a, C b) { return a * b; });
            case GLIA_BINARY_DIV: return each(x, y, [](C a, C b) { return a / b; });
            case GLIA_BINARY_POW: return each(x, y, [](C a, C b) { return pow(a, b); });
            case GLIA_BINARY_MINIMUM: return each(x, y, [](C a, C b) { return a < b || isnan(a) ? a : b; });
            case GLIA_BINARY_MAXIMUM: return each(x, y, [](C a, C b) { return a > b || isnan(a) ? a : b; });
            case GLIA_BINARY_EQUAL: return each(x, y, [](C a, C b) { return C(a == b); });
            case GLIA_BINARY_NOT_EQUAL: return each(x, y, [](C a, C b) { return C(a != b); });
            case GLIA_BINARY_LESS: return each(x, y, [](C a, C b) { return C(a < b); });
            case GLIA_BINARY_LESS_EQUAL: return each(x, y, [](C a, C b) { return C(a <= b); });
            case GLIA_BINARY_GREATER: return each(x, y, [](C a, C b) { return C(a > b); });
            default: return each(x, y, [](C a, C b) { return C(a >= b); }); /* greater_equal */
        }
    }
};

/* a to the power of b - 1. Where b is so large that b - 1 has no number, b is even, and so is what b - 1 becomes. */
template <class C>
__device__ inline C pow_less_one(C a, C b) {
    const C less = b - 1, power = pow(a, less);
    return a < 0 && fabs(b - less - 1) > C(0.5) ? -power : power;
}

/* dy factor a^b, with b - 1 in the place of b where LESS_ONE. Where a^b is no number, its root is one. */
template <bool LESS_ONE, class C>
__device__ inline C times_pow(C dy, C factor, C a, C b) {
    const C power = LESS_ONE ? pow_less_one(a, b) : pow(a, b);
    if (is_normal(power) || isnan(power) || a == 0 || isinf(a) || isinf(b)) return product(dy, factor, power);
    const C root = pow(fabs(a), (LESS_ONE ? b - 1 : b) / 2);
    return copysign(C(1), power) * (scaled<C>(dy) * scaled<C>(factor) * scaled<C>(root) * scaled<C>(root)).value();
}

/* -dy a / b^2 */
template <class C>
__device__ inline C minus_over_square(C dy, C a, C b) {
    const C up = dy * a, down = b * b;
    if ((is_normal(up) || dy == 0 || a == 0) && is_normal(down)) return -up / down;
    return b == 0 || isinf(b) ? -up / down : -(scaled<C>(dy) * scaled<C>(a) / scaled<C>(b) / scaled<C>(b)).value();
}

/* out[k] = f(a[k], b[k], dy[k]) */
template <int W, class C, class F>
__device__ inline void each(const C (&x)[3][W], C (&out)[W], F f) {
#pragma unroll
    for (int k = 0; k < W; ++k) out[k] = f(x[0][k], x[1][k], x[2][k]);
}

/* NARROW: what quotients and powers are computed in, of which a sum has wider ones. */
template <class NARROW>
struct backward {
    glia_binary_kind kind;
    bool of_b;

    template <class C, int W>
    __device__ void operator()(const C (&x)[3][W], C (&out)[W]) const {
        if constexpr (sizeof(C) > sizeof(NARROW))
            if (kind == GLIA_BINARY_DIV || kind == GLIA_BINARY_POW) return in_narrow(x, out);
        return of_b ? by_b(x, out) : by_a(x, out);
    }
    template <class C, int W>
    __device__ void in_narrow(const C (&x)[3][W], C (&out)[W]) const {
        NARROW in[3][W], result[W];
        for (int n = 0; n < 3; ++n)
            for (int k = 0; k < W; ++k) in[n][k] = NARROW(x[n][k]);
        (*this)(in, result);
        for (int k = 0; k < W; ++k) out[k] = result[k];
    }
    template <class C, int W>
    __device__ void by_a(const C (&x)[3][W], C (&out)[W]) const {
        switch (kind) {
            case GLIA_BINARY_ADD:
            case GLIA_BINARY_SUB: return each(x, out, [](C, C, C dy) { return dy; });
            case GLIA_BINARY_MUL: return each(x, out, [](C, C b, C dy) { return dy * b; });
            case GLIA_BINARY_DIV: return each(x, out, [](C, C b, C dy) { return dy / b; });
            case GLIA_BINARY_POW:
                return each(x, out, [](C a, C b, C dy) { return b == 0 ? C(0) : times_pow<true>(dy, b, a, b); });
            case GLIA_BINARY_MINIMUM:
                return each(x, out, [](C a, C b, C dy) { return a > b ? C(0) : a == b ? dy / 2 : dy; });
            case GLIA_BINARY_MAXIMUM:
                return each(x, out, [](C a, C b, C dy) { return a < b ? C(0) : a == b ? dy / 2 : dy; });
            default: return each(x, out, [](C, C, C) { return C(0); }); /* comparisons */
        }
    }
    template <class C, int W>
    __device__ void by_b(const C (&x)[3][W], C (&out)[W]) const {
        switch (kind) {
            case GLIA_BINARY_ADD: return each(x, out, [](C, C, C dy) { return dy; });
            case GLIA_BINARY_SUB: return each(x, out, [](C, C, C dy) { return -dy; });
            case GLIA_BINARY_MUL: return each(x, out, [](C a, C, C dy) { return dy * a; });
            case GLIA_BINARY_DIV: return each(x, out, [](C a, C b, C dy) { return minus_over_square(dy, a, b); });
            case GLIA_BINARY_POW:
                return each(x, out, [](C a, C b, C dy) {
                    return a == 0 && b >= 0 ? C(0) : times_pow<false>(dy, log(a), a, b);
                });
            case GLIA_BINARY_MINIMUM:
                return each(x, out, [](C a, C b, C dy) { return b > a ? C(0) : a == b ? dy / 2 : dy; });
            case GLIA_BINARY_MAXIMUM:
                return each(x, out, [](C a, C b, C dy) { return b < a ? C(0) : a == b ? dy / 2 : dy; });
            default: return each(x, out, [](C, C, C) { return C(0); }); /* comparisons */
        }
    }
};

template <class T>
cudaError_t binary(glia_binary_kind kind, const gli_axes &axes, const void *a, const void *b, void *y,
                   cudaStream_t stream) {
    const inputs<T, 2> x = {{static_cast<const T *>(a), static_cast<const T *>(b)}};
    return broadcast<T, 2>(forward{kind}, axes, x, static_cast<T *>(y), stream);
}

template <class T>
inputs<T, 3> inputs_of(const gli_binary_backward_args &args) {
    return {{static_cast<const T *>(args.a), static_cast<const T *>(args.b), static_cast<const T *>(args.dy)}};
}

template <class T>
cudaError_t binary_backward(const gli_binary_backward_args &args, const gli_axes &axes, cudaStream_t stream) {
    const backward<compute<T>> f = {args.kind, args.by_b};
    return broadcast<T, 3>(f, axes, inputs_of<T>(args), static_cast<T *>(args.out), stream);
}

template <class T>
cudaError_t binary_backward_sum(const gli_binary_backward_args &args, const gli_axes &kept, const gli_axes &summed,
                                bool kept_innermost, void *workspace, cudaStream_t stream) {
    const backward<compute<T>> f = {args.kind, args.by_b};
    return broadcast_sum<T, 3>(f, kept, summed, kept_innermost, inputs_of<T>(args), static_cast<T *>(args.out),
                               workspace, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_binary(glia_dtype dtype, glia_binary_kind kind, const gli_axes *axes, const void *a,
                              const void *b, void *y, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::binary<T>(kind, *axes, a, b, y, stream));
}

cudaError_t gli_kernel_binary_backward(const gli_binary_backward_args *args, const gli_axes *axes,
                                       cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T, glia::binary_backward<T>(*args, *axes, stream));
}

cudaError_t gli_kernel_binary_backward_sum(const gli_binary_backward_args *args, const gli_axes *kept,
                                           const gli_axes *summed, bool kept_innermost, void *workspace,
                                           cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T,
                         glia::binary_backward_sum<T>(*args, *kept, *summed, kept_innermost, workspace, stream));
}

size_t gli_kernel_broadcast_sum_bytes(glia_dtype dtype, const gli_axes *kept, const gli_axes *summed,
                                      bool kept_innermost) {
    size_t size = 0;
    (void)GLI_FOR_FLOAT(dtype, T, (size = sizeof(glia::wide_sum<T>), cudaSuccess));
    return glia::broadcast_sum_bytes(*kept, *summed, kept_innermost, size);
}
