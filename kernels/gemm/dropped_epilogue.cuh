/* The epilogue of a GEMM whose result is dropped at random: y of epilogue.cuh, dropout of it, and with a gradient the
 * derivative of the activation before, each rounded as a call of its own rounds it. */
#ifndef GLI_KERNELS_GEMM_DROPPED_EPILOGUE_CUH
#define GLI_KERNELS_GEMM_DROPPED_EPILOGUE_CUH

#include "kernels/gemm/matmul_batch.cuh"
#include "kernels/gemm/matmul_dropout_launch.h"
#include "kernels/random/dropout_mask.cuh"

namespace glia {
namespace {

template <class T>
struct dropped_epilogue : epilogue<T, linear_axis, linear_axis> {
    typedef compute<T> C;

    dropout_mask<C> mask;
    bool keeps, wide; /* keeps: y is stored, too; wide: four neighbours of a row of out are a vec4 */
    unsigned columns; /* of out */
    T *out;
    const T *activated; /* NULL: there is no derivative */
    glia_unary_kind derivative;

    /* From y to four elements of out, from number `first` on, of which `count` are there. */
    __device__ vec4<T> after(const vec4<T> &y, unsigned first, int count) const {
        C values[NUMBERS], of[NUMBERS] = {};
        vec4<T> z;
        for (int i = 0; i < NUMBERS; ++i) values[i] = to_compute(y.at[i]);
        mask.apply(mask.at_step(), first, values);
        for (int i = 0; i < NUMBERS; ++i) z.at[i] = round_to<T>(values[i]);
        if (!activated) return z;
        for (int i = 0; i < NUMBERS; ++i) {
            values[i] = to_compute(z.at[i]);
            if (i < count) of[i] = to_compute(activated[first + i]);
        }
        activate_backward(derivative, of, values, values);
        for (int i = 0; i < NUMBERS; ++i) z.at[i] = round_to<T>(values[i]);
        return z;
    }

    __device__ static void store_some(T *to, const vec4<T> &values, int count, bool as_one) {
        if (as_one && count == NUMBERS)
            *reinterpret_cast<vec4<T> *>(to) = values;
        else
            for (int i = 0; i < NUMBERS; ++i)
                if (i < count) to[i] = values.at[i];
    }

    __device__ void store(int m, int n, C acc) const {
        vec4<T> y            = {};
        const unsigned first = unsigned(m) * columns + unsigned(n);
        y.at[0]              = round_to<T>(this->apply(m, n, acc));
        if (keeps) this->data[first] = y.at[0];
        out[first] = after(y, first, 1).at[0];
    }

    __device__ void store4(int m, const coord &, int n, int end, const C *acc) const {
        const int count      = min(NUMBERS, end - n);
        const unsigned first = unsigned(m) * columns + unsigned(n);
        vec4<T> y            = {};
        if (count <= 0) return;
#pragma unroll
        for (int i = 0; i < NUMBERS; ++i)
            if (i < count) y.at[i] = round_to<T>(this->apply(m, n + i, acc[i]));
        if (keeps) store_some(this->data + first, y, count, this->vectorized);
        store_some(out + first, after(y, first, count), count, wide);
    }
};

template <class T>
struct dropped_matmul {
    typedef gemm_problem<strided_matrix<T>, strided_matrix<T>, dropped_epilogue<T>> problem_type;
    problem_type first;

    enum { ever_along_k = matmul_batch<T>::ever_along_k, may_read_padding = false };
    bool in_chunks(bool along_k) const {
        const bool fits = !along_k || (first.a.k_contiguous && first.b.k_contiguous);
        return fits && first.a.in_chunks && first.b.in_chunks;
    }

    __device__ problem_type problem(int) const { return first; }
};

template <class T>
dropped_matmul<T> dropped_of(const gli_gemm &g, const gli_gemm_dropout &d) {
    const auto plain = batch_of<T>(g).first;
    dropped_epilogue<T> y;
    static_cast<epilogue<T, linear_axis, linear_axis> &>(y) = plain.y;
    y.mask                                                  = mask_of<compute<T>>(*d.geom, d.step);
    y.keeps                                                 = g.y.data != nullptr;
    y.wide                                                  = vec4_aligned<T>(d.out, g.n);
    y.columns                                               = unsigned(g.n);
    y.out                                                   = static_cast<T *>(d.out);
    y.activated                                             = static_cast<const T *>(d.activated);
    y.derivative                                            = d.activation;
    return {{plain.a, plain.b, y, g.m, g.n, g.k}};
}

}  // namespace
}  // namespace glia

#endif
