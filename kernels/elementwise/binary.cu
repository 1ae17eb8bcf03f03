#include "kernels/elementwise/binary_launch.h"

#include "kernels/device/broadcast_sum.cuh"

namespace glia {
namespace {

template <class C>
struct forward {
    glia_binary_kind kind;
    __device__ C operator()(const C (&x)[2]) const {
        const C a = x[0], b = x[1];
        switch (kind) {
            case GLIA_BINARY_ADD: return a + b;
            case GLIA_BINARY_SUB: return a - b;
            case GLIA_BINARY_MUL: return a * b;
            case GLIA_BINARY_DIV: return a / b;
            case GLIA_BINARY_POW: return pow(a, b);
            case GLIA_BINARY_MINIMUM: return a < b || isnan(a) ? a : b;
            case GLIA_BINARY_MAXIMUM: return a > b || isnan(a) ? a : b;
        }
        return a;
    }
};

/* a to the power of b - 1. Where b is so large that b - 1 has no number, b is even, and so is what b - 1 becomes. */
template <class C>
__device__ inline C pow_less_one(C a, C b) {
    const C less = b - 1, power = pow(a, less);
    return a < 0 && fabs(b - less - 1) > C(0.5) ? -power : power;
}

template <class C>
__device__ inline C by_a(glia_binary_kind kind, C a, C b, C dy) {
    switch (kind) {
        case GLIA_BINARY_ADD:
        case GLIA_BINARY_SUB: return dy;
        case GLIA_BINARY_MUL: return dy * b;
        case GLIA_BINARY_DIV: return dy / b;
        case GLIA_BINARY_POW: return b == 0 ? C(0) : dy * b * pow_less_one(a, b);
        case GLIA_BINARY_MINIMUM: return a > b ? C(0) : a == b ? dy / 2 : dy;
        case GLIA_BINARY_MAXIMUM: return a < b ? C(0) : a == b ? dy / 2 : dy;
    }
    return dy;
}

template <class C>
__device__ inline C by_b(glia_binary_kind kind, C a, C b, C dy) {
    switch (kind) {
        case GLIA_BINARY_ADD: return dy;
        case GLIA_BINARY_SUB: return -dy;
        case GLIA_BINARY_MUL: return dy * a;
        case GLIA_BINARY_DIV: return -dy * a / (b * b);
        case GLIA_BINARY_POW: return a == 0 && b >= 0 ? C(0) : dy * pow(a, b) * log(a);
        case GLIA_BINARY_MINIMUM: return b > a ? C(0) : a == b ? dy / 2 : dy;
        case GLIA_BINARY_MAXIMUM: return b < a ? C(0) : a == b ? dy / 2 : dy;
    }
    return dy;
}

template <class C>
struct backward {
    glia_binary_kind kind;
    bool of_b;
    __device__ C operator()(const C (&x)[3]) const {
        return of_b ? by_b(kind, x[0], x[1], x[2]) : by_a(kind, x[0], x[1], x[2]);
    }
};

template <class T>
cudaError_t binary(glia_binary_kind kind, const gli_axes &axes, const void *a, const void *b, void *y,
                   cudaStream_t stream) {
    const inputs<T, 2> x = {{static_cast<const T *>(a), static_cast<const T *>(b)}};
    return broadcast<T, 2>(forward<compute<T>>{kind}, axes, x, static_cast<T *>(y), stream);
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
    const size_t size = dtype == GLIA_F64 ? sizeof(double) : sizeof(float);
    return glia::broadcast_sum_bytes(*kept, *summed, kept_innermost, size);
}
