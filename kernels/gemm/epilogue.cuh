/* The epilogue of a GEMM: y = act(alpha acc + beta c), or act'(of c) alpha acc, stored through the axes of y. */
#ifndef GLI_KERNELS_GEMM_EPILOGUE_CUH
#define GLI_KERNELS_GEMM_EPILOGUE_CUH

#include "kernels/device/functions.cuh"
#include "kernels/gemm/tensor_access.cuh"

namespace glia {

/* dx[k] from y[k], which act computed, and dy[k]: the derivatives of the functions that `activate` has. */
template <int W, class C>
__device__ inline void activate_backward(glia_unary_kind kind, const C (&y)[W], const C (&dy)[W], C (&dx)[W]) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID: return gradient_from_y(GLIA_UNARY_SIGMOID, C(0), y, dy, dx);
        case GLIA_UNARY_TANH: return gradient_from_y(GLIA_UNARY_TANH, C(0), y, dy, dx);
        case GLIA_UNARY_RELU: return gradient_from_y(GLIA_UNARY_RELU, C(0), y, dy, dx);
        default: return each(dy, dx, [](C v) { return v; });
    }
}

/* T: the element type of y, and of c and the row sums. */
template <class T, class RowAxis, class ColumnAxis>
struct epilogue {
    typedef compute<T> C;

    T *data;
    RowAxis row_axis;
    ColumnAxis column_axis;
    bool vectorized; /* four neighbours of a row, from each multiple of four, can be written as one vec4 */

    const T *c; /* NULL: none */
    unsigned c_row_stride, c_column_stride;
    C alpha, beta;
    glia_unary_kind activation;
    bool backward; /* c is what the activation computed, and tells its derivative */

    T *row_sums; /* of the rows of a; NULL: not requested */
    unsigned row_sums_stride;

    __device__ C apply(int m, int n, C acc) const {
        C value[1] = {alpha * acc};
        if (c) {
            const C from[1] = {C(to_compute(c[unsigned(m) * c_row_stride + unsigned(n) * c_column_stride]))};
            if (backward) {
                activate_backward(activation, from, value, value);
                return value[0];
            }
            value[0] += beta * from[0];
        }
        activate(activation, value, value);
        return value[0];
    }

    __device__ void store(int m, int n, C acc) const {
        data[row_axis.at(m, m + 1).offset + column_axis.at(n, n + 1).offset] = round_to<T>(apply(m, n, acc));
    }

    /* Elements n to n + 3 of row m, of which `row` is the coordinate; `columns` is the number of columns. */
    __device__ void store4(int m, const coord &row, int n, int columns, const C *acc) const {
        if (vectorized && n < columns) {
            vec4<T> out;
#pragma unroll
            for (int i = 0; i < 4; ++i) out.at[i] = round_to<T>(apply(m, n + i, acc[i]));
            *reinterpret_cast<vec4<T> *>(data + (row.offset + column_axis.at(n, columns).offset)) = out;
            return;
        }
#pragma unroll
        for (int i = 0; i < 4; ++i)
            if (n + i < columns)
                data[row.offset + column_axis.at(n + i, columns).offset] = round_to<T>(apply(m, n + i, acc[i]));
    }

    __device__ void store_row_sum(int m, C sum) const { row_sums[unsigned(m) * row_sums_stride] = round_to<T>(sum); }
};

}  // namespace glia

#endif
