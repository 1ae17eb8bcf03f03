/* One 16-byte read of each input and one write of the output: bound by memory, the arithmetic is hidden behind it. */
#include "kernels/elementwise/unary_launch.h"

#include "kernels/device/functions.cuh"
#include "kernels/device/map.cuh"

namespace glia {
namespace {

template <class T>
struct forward {
    typedef compute<T> C;
    glia_unary_kind kind;
    C alpha, beta;
    template <int W>
    __device__ void operator()(const C (&x)[1][W], C (&y)[W]) const {
        apply<T>(kind, alpha, beta, x[0], y);
    }
};

template <class T>
struct backward {
    typedef compute<T> C;
    glia_unary_kind kind;
    C alpha, beta;
    bool from_y;
    template <int W>
    __device__ void operator()(const C (&in)[2][W], C (&dx)[W]) const {
        if (from_y)
            gradient_from_y(kind, alpha, in[1], in[0], dx);
        else
            gradient_from_x<T>(kind, alpha, beta, in[1], in[0], dx);
    }
};

/* sin and cos, in a kernel of their own: what they need of large angles takes local memory, which a kernel reserves for
 * all its functions. */
template <class T>
struct circular {
    typedef compute<T> C;
    bool sine;
    template <int W>
    __device__ void operator()(const C (&x)[1][W], C (&y)[W]) const {
        for (int k = 0; k < W; ++k) y[k] = sine ? sin(x[0][k]) : cos(x[0][k]);
    }
};

template <class T>
struct circular_backward {
    typedef compute<T> C;
    bool sine;
    template <int W>
    __device__ void operator()(const C (&in)[2][W], C (&dx)[W]) const {
        for (int k = 0; k < W; ++k) dx[k] = in[0][k] * (sine ? cos(in[1][k]) : -sin(in[1][k]));
    }
};

inline bool is_circular(glia_unary_kind kind) { return kind == GLIA_UNARY_SIN || kind == GLIA_UNARY_COS; }

template <class T>
cudaError_t unary(const gli_unary_geom &g, const void *x, void *y, cudaStream_t stream) {
    typedef compute<T> C;
    const forward<T> f    = {g.kind, C(g.alpha), C(g.beta)};
    const inputs<T, 1> in = {{static_cast<const T *>(x)}};
    if (is_circular(g.kind))
        return map<T, 1>(circular<T>{g.kind == GLIA_UNARY_SIN}, in, static_cast<T *>(y), g.count, stream);
    return map<T, 1>(f, in, static_cast<T *>(y), g.count, stream);
}

template <class T>
cudaError_t unary_backward(const gli_unary_geom &g, const void *source, const void *dy, void *dx, cudaStream_t stream) {
    typedef compute<T> C;
    const backward<T> f   = {g.kind, C(g.alpha), C(g.beta), g.from == GLI_FROM_Y};
    const T *gradient     = static_cast<const T *>(dy);
    const inputs<T, 2> in = {{gradient, source ? static_cast<const T *>(source) : gradient}};
    if (is_circular(g.kind))
        return map<T, 2>(circular_backward<T>{g.kind == GLIA_UNARY_SIN}, in, static_cast<T *>(dx), g.count, stream);
    return map<T, 2>(f, in, static_cast<T *>(dx), g.count, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_unary(const gli_unary_geom *geom, glia_dtype dtype, const void *x, void *y,
                             cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::unary<T>(*geom, x, y, stream));
}

cudaError_t gli_kernel_unary_backward(const gli_unary_geom *geom, glia_dtype dtype, const void *source, const void *dy,
                                      void *dx, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::unary_backward<T>(*geom, source, dy, dx, stream));
}
