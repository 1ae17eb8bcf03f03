/* A batch of strided matrices, as gemm.cuh takes it. */
#ifndef GLI_KERNELS_GEMM_MATMUL_BATCH_CUH
#define GLI_KERNELS_GEMM_MATMUL_BATCH_CUH

#include "kernels/gemm/gemm.cuh"
#include "kernels/gemm/matmul_launch.h"

namespace glia {

/* T: the element type of a and b, Y that of the result. */
template <class T, class Y = T>
struct matmul_batch {
    typedef epilogue<Y, linear_axis, linear_axis> output;
    typedef gemm_problem<strided_matrix<T>, strided_matrix<T>, output> problem_type;
    typedef unsigned strides[GLI_GEMM_BATCH_DIMS];

    problem_type first;
    int ndim;
    unsigned size[GLI_GEMM_BATCH_DIMS];
    strides a, b, c, y;

    enum { ever_along_k = true, may_read_padding = false };
    bool in_chunks(bool along_k) const {
        const bool fits = !along_k || (first.a.k_contiguous && first.b.k_contiguous);
        return fits && first.a.in_chunks && first.b.in_chunks;
    }

    __device__ problem_type problem(int i) const {
        problem_type p = first;
        unsigned rest  = unsigned(i);
        for (int d = ndim - 1; d >= 0; --d) {
            const unsigned index = rest % size[d];
            rest /= size[d];
            p.a.data += size_t(index) * a[d];
            p.b.data += size_t(index) * b[d];
            p.y.data += size_t(index) * y[d];
            if (p.y.c) p.y.c += size_t(index) * c[d];
        }
        return p;
    }
};

/* Whether `x` can be read `width` elements at a time along the dimension of `size` elements and stride `along`: all
 * other strides, `across` and the batch's, must be multiples of that. */
template <class T>
bool can_vectorize(const gli_gemm_matrix &x, const gli_gemm &g, int size, int64_t along, int64_t across,
                   int width = 4) {
    bool fits = along == 1 && across % width == 0 && aligned_groups<T>(x.data, size, width);
    for (int d = 0; d < g.batch_ndim; ++d) fits = fits && x.batch_stride[d] % width == 0;
    return fits;
}

/* The matrix [rows, k]. */
template <class T>
strided_matrix<T> matrix_of(const gli_gemm_matrix &x, const gli_gemm &g, int rows, int64_t row_stride,
                            int64_t k_stride) {
    const bool k_contiguous = k_stride == 1 || row_stride != 1;
    const auto fits         = [&](int width) {
        return k_contiguous ? can_vectorize<T>(x, g, g.k, k_stride, row_stride, width)
                                    : can_vectorize<T>(x, g, rows, row_stride, k_stride, width);
    };
    return {static_cast<const T *>(x.data), {unsigned(row_stride)}, {unsigned(k_stride)}, k_contiguous, fits(4),
            fits(vector<T>::width)};
}

template <class T>
epilogue<T, linear_axis, linear_axis> epilogue_of(const gli_gemm &g) {
    epilogue<T, linear_axis, linear_axis> y = {};
    y.data                                  = static_cast<T *>(const_cast<void *>(g.y.data));
    y.row_axis.stride                       = unsigned(g.y.row_stride);
    y.column_axis.stride                    = unsigned(g.y.column_stride);
    y.vectorized                            = can_vectorize<T>(g.y, g, g.n, g.y.column_stride, g.y.row_stride);
    y.c                                     = static_cast<const T *>(g.c.data);
    y.c_row_stride                          = unsigned(g.c.row_stride);
    y.c_column_stride                       = unsigned(g.c.column_stride);
    y.alpha                                 = static_cast<compute<T>>(g.alpha);
    y.beta                                  = static_cast<compute<T>>(g.beta);
    y.activation                            = g.activation;
    y.backward                              = g.backward;
    y.row_sums                              = g.has_row_sums ? static_cast<T *>(g.row_sums) : nullptr;
    y.row_sums_stride                       = unsigned(g.row_sums_stride);
    return y;
}

template <class T, class Y = T>
matmul_batch<T, Y> batch_of(const gli_gemm &g) {
    matmul_batch<T, Y> batch = {};
    batch.first              = {matrix_of<T>(g.a, g, g.m, g.a.row_stride, g.a.column_stride),
                                matrix_of<T>(g.b, g, g.n, g.b.column_stride, g.b.row_stride),
                                epilogue_of<Y>(g),
                                g.m,
                                g.n,
                                g.k};
    batch.ndim               = g.batch_ndim;
    for (int d = 0; d < g.batch_ndim; ++d) {
        batch.size[d] = unsigned(g.batch[d]);
        batch.a[d]    = unsigned(g.a.batch_stride[d]);
        batch.b[d]    = unsigned(g.b.batch_stride[d]);
        batch.c[d]    = unsigned(g.c.batch_stride[d]);
        batch.y[d]    = unsigned(g.y.batch_stride[d]);
    }
    return batch;
}

/* f(batch), with a result of the type that the GEMM asks for. */
template <class T, class F>
cudaError_t with_batch(const gli_gemm &g, F f) {
    if constexpr (sizeof(T) < sizeof(compute<T>))
        if (g.wide_y) return f(batch_of<T, compute<T>>(g));
    return f(batch_of<T>(g));
}

inline gemm_size size_of(const gli_gemm &g) {
    int batch = 1;
    for (int d = 0; d < g.batch_ndim; ++d) batch *= g.batch[d];
    return {batch, g.m, g.n, g.k, g.has_row_sums};
}

}  // namespace glia

#endif
