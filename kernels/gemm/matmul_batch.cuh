/* A batch of plain matrices, as gemm.cuh takes it. */
#ifndef GLI_KERNELS_GEMM_MATMUL_BATCH_CUH
#define GLI_KERNELS_GEMM_MATMUL_BATCH_CUH

#include "kernels/gemm/matmul_launch.h"
#include "kernels/gemm/gemm.cuh"

namespace glia {

template <class T>
struct matmul_batch {
    typedef product<matrix<T>, matrix<T>, result<T, line, line>> item;
    typedef unsigned steps[GLI_MATMUL_DIMS];

    item first;
    int ndim;
    unsigned size[GLI_MATMUL_DIMS];
    steps a, b, c, y;

    __device__ item at(int i) const {
        item p        = first;
        unsigned rest = unsigned(i);
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

/* Whether the array can be read in fours of neighbours in the dimension of `size` elements, step 1, when all other
 * steps, `across` and the batch's, keep to multiples of four. */
template <class T>
bool in_fours(const gli_product_array &x, const gli_product &call, int size, int64_t along, int64_t across) {
    bool fours = along == 1 && across % 4 == 0 && aligned_fours<T>(x.data, size);
    for (int d = 0; d < call.batch_ndim; ++d) fours = fours && x.batch[d] % 4 == 0;
    return fours;
}

/* The operand [kept, summed]. */
template <class T>
matrix<T> matrix_of(const gli_product_array &x, const gli_product &call, int kept, int64_t kept_step,
                    int64_t summed_step) {
    const bool along_summed = summed_step == 1 || kept_step != 1;
    const bool wide         = along_summed ? in_fours<T>(x, call, call.k, summed_step, kept_step)
                                           : in_fours<T>(x, call, kept, kept_step, summed_step);
    return {static_cast<const T *>(x.data), {unsigned(kept_step)}, {unsigned(summed_step)}, along_summed, wide};
}

template <class T>
result<T, line, line> result_of(const gli_product &call) {
    result<T, line, line> y = {};
    y.data                  = static_cast<T *>(const_cast<void *>(call.y.data));
    y.rows.step             = unsigned(call.y.row);
    y.columns.step          = unsigned(call.y.column);
    y.wide                  = in_fours<T>(call.y, call, call.n, call.y.column, call.y.row);
    y.c                     = static_cast<const T *>(call.c.data);
    y.c_row                 = unsigned(call.c.row);
    y.c_column              = unsigned(call.c.column);
    y.alpha                 = static_cast<compute<T>>(call.alpha);
    y.beta                  = static_cast<compute<T>>(call.beta);
    y.activation            = call.activation;
    y.row_sums              = call.wants_row_sums ? static_cast<T *>(call.row_sums) : nullptr;
    y.row_sums_step         = unsigned(call.row_sums_step);
    return y;
}

template <class T>
matmul_batch<T> batch_of(const gli_product &call) {
    matmul_batch<T> batch = {};
    batch.first           = {matrix_of<T>(call.a, call, call.m, call.a.row, call.a.column),
                             matrix_of<T>(call.b, call, call.n, call.b.column, call.b.row),
                             result_of<T>(call),
                             call.m,
                             call.n,
                             call.k};
    batch.ndim            = call.batch_ndim;
    for (int d = 0; d < call.batch_ndim; ++d) {
        batch.size[d] = unsigned(call.batch[d]);
        batch.a[d]    = unsigned(call.a.batch[d]);
        batch.b[d]    = unsigned(call.b.batch[d]);
        batch.c[d]    = unsigned(call.c.batch[d]);
        batch.y[d]    = unsigned(call.y.batch[d]);
    }
    return batch;
}

inline product_sizes sizes_of(const gli_product &call) {
    int items = 1;
    for (int d = 0; d < call.batch_ndim; ++d) items *= call.batch[d];
    return {items, call.m, call.n, call.k, call.wants_row_sums};
}

}  // namespace glia

#endif
