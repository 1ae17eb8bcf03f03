/* What becomes of the sums of a product: y = act(alpha sum + beta c), where y lies. */
#ifndef GLI_KERNELS_GEMM_EPILOGUE_CUH
#define GLI_KERNELS_GEMM_EPILOGUE_CUH

#include "glia/ops/common.h"
#include "kernels/gemm/tensor_access.cuh"

namespace glia {

/* The activations that fuse. NaN goes through. */
template <class C>
__device__ inline C activate(glia_unary_kind kind, C x) {
    switch (kind) {
        case GLIA_RELU: return x <= 0 ? C(0) : x;
        case GLIA_TANH: return tanh(x);
        case GLIA_SIGMOID: {
            const C e = exp(-fabs(x));
            return x >= 0 ? 1 / (1 + e) : e / (1 + e);
        }
        default: return x;
    }
}

template <class T, class Rows, class Columns>
struct result {
    typedef compute<T> C;

    T *data;
    Rows rows;
    Columns columns;
    bool wide; /* four neighbours of a row can be written as one, from each multiple of four */

    const T *c; /* NULL: none */
    unsigned c_row, c_column;
    C alpha, beta;
    glia_unary_kind activation;

    T *row_sums; /* the sums of a's rows; NULL: nobody wants them */
    unsigned row_sums_step;

    __device__ C finish(int m, int n, C sum) const {
        C value = alpha * sum;
        if (c) value += beta * C(widen(c[unsigned(m) * c_row + unsigned(n) * c_column]));
        return activate(activation, value);
    }

    __device__ void write(int m, int n, C sum) const {
        data[rows.at(m, m + 1).offset + columns.at(n, n + 1).offset] = narrow<T>(finish(m, n, sum));
    }

    /* Elements n to n + 3 of row m, whose place is `row`; columns is the number of them. */
    __device__ void write_four(int m, const place &row, int n, int count, const C *sum) const {
        if (wide && n < count) {
            four<T> out;
#pragma unroll
            for (int i = 0; i < 4; ++i) out.at[i] = narrow<T>(finish(m, n + i, sum[i]));
            *reinterpret_cast<four<T> *>(data + (row.offset + columns.at(n, count).offset)) = out;
            return;
        }
#pragma unroll
        for (int i = 0; i < 4; ++i)
            if (n + i < count) data[row.offset + columns.at(n + i, count).offset] = narrow<T>(finish(m, n + i, sum[i]));
    }

    __device__ void write_row_sum(int m, C sum) const { row_sums[unsigned(m) * row_sums_step] = narrow<T>(sum); }
};

}  // namespace glia

#endif
