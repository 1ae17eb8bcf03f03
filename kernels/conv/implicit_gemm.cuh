/* Convolution as a batch of GEMMs (implicit GEMM), one for each group: rows of a are the output pixels (n, p, q), its
 * columns the kernel elements (c, r, s), and each element is read from the image itself. A gradient or a transposed
 * convolution is the same with other axes. phases.cuh has these axes. */
#ifndef GLI_KERNELS_CONV_IMPLICIT_GEMM_CUH
#define GLI_KERNELS_CONV_IMPLICIT_GEMM_CUH

#include "kernels/conv/phases.cuh"
#include "kernels/gemm/gemm.cuh"

namespace glia {

/* Whether an image can be read `width` channels at a time, group by group. */
template <class T>
bool channels_vectorizable(const gli_image &x, int channels, int width = 4) {
    return x.c == 1 && x.n % width == 0 && x.d % width == 0 && x.h % width == 0 && x.w % width == 0 &&
           aligned_groups<T>(x.data, channels, width);
}

inline bool channels_last(const gli_image &x, int channels) { return x.c == 1 && channels > 1; }

/* y from x and w: the forward convolution, its gradient with respect to x, and the transposed convolution. */
template <class T, class Phases>
struct conv_batch {
    typedef typename Phases::axis axis;
    typedef matrix_view<T, linear_axis, axis> filters;
    typedef epilogue<T, axis, linear_axis> output;
    typedef gemm_problem<typename Phases::template view<T>, filters, output> problem_type;

    Phases phases;
    int n, in, out;
    divisor by_in;
    image_strides x, y;
    int depth, height, width; /* of x */
    bool elements_channels_last;
    filter_strides w;
    unsigned bias_stride;
    const T *x_data, *w_data;
    bool x_vectorized, w_vectorized, x_in_chunks, w_in_chunks, reads_padding;
    output to; /* of the first group */

    enum { ever_along_k = true, may_read_padding = true };
    bool in_chunks(bool) const { return x_in_chunks && w_in_chunks; } /* along k, as filters lie */

    /* i counts (group, phases). */
    __device__ problem_type problem(int i) const {
        const int group                    = i / phases.count();
        const typename Phases::problem own = phases.at(i);
        problem_type p;
        const axis element = kernel_elements(own, by_in, elements_channels_last);
        p.a.data           = x_data + size_t(group) * in * x.c;
        p.a.row_axis       = input_pixels(phases, own, x);
        p.a.k_axis         = input_displacements(phases, element, x);
        p.a.k_contiguous   = elements_channels_last;
        p.a.vectorized     = x_vectorized;
        p.a.in_chunks      = x_in_chunks;
        set_size(p.a, depth, height, width);

        p.b.data            = w_data + size_t(group) * w.group;
        p.b.row_axis.stride = w.out;
        p.b.k_axis          = weights(phases, own, element, w);
        p.b.k_contiguous    = true;
        p.b.vectorized      = w_vectorized;
        p.b.in_chunks       = w_in_chunks;

        p.y          = to;
        p.y.data     = to.data + size_t(group) * out * y.c;
        p.y.row_axis = outputs_in(phases, own, y);
        if (p.y.c) p.y.c = to.c + size_t(group) * out * bias_stride;
        p.m = n * own.outputs(), p.n = out, p.k = own.elements() * in;
        return p;
    }
};

/* The gradient with respect to the filters: rows are filters, columns are kernel elements, k counts the output pixels.
 * It is f32 where T is bf16 or f16. */
template <class T, class Phases>
struct conv_filter_batch {
    typedef typename Phases::axis axis;
    typedef matrix_view<T, linear_axis, axis> gradient;
    typedef epilogue<compute<T>, linear_axis, axis> output;
    typedef gemm_problem<gradient, typename Phases::template view<T>, output> problem_type;

    Phases phases; /* one of each axis */
    int n, in, out;
    divisor by_in;
    image_strides x, y;
    int depth, height, width;                       /* of x */
    bool elements_channels_last, pixels_contiguous; /* the latter: of y, otherwise its channels are */
    filter_strides w;
    const T *x_data, *y_data;
    bool x_vectorized, y_vectorized, x_in_chunks, y_in_chunks, reads_padding;
    output to; /* of the first group */

    enum { ever_along_k = false, may_read_padding = true };
    bool in_chunks(bool) const { return x_in_chunks && y_in_chunks; } /* of channels, and k counts pixels */

    __device__ problem_type problem(int group) const {
        const typename Phases::problem own = phases.first();
        const axis element                 = kernel_elements(own, by_in, elements_channels_last);
        problem_type p;
        p.a.data            = y_data + size_t(group) * out * y.c;
        p.a.row_axis.stride = y.c;
        p.a.k_axis          = output_pixels(own);
        p.a.k_contiguous    = pixels_contiguous;
        p.a.vectorized      = y_vectorized;
        p.a.in_chunks       = y_in_chunks;
        set_strides(p.a.k_axis, y.n, y.d, y.h, y.w);

        p.b.data         = x_data + size_t(group) * in * x.c;
        p.b.row_axis     = input_displacements(phases, element, x);
        p.b.k_axis       = input_pixels(phases, own, x);
        p.b.k_contiguous = !elements_channels_last;
        p.b.vectorized   = x_vectorized;
        p.b.in_chunks    = x_in_chunks;
        set_size(p.b, depth, height, width);

        p.y             = to;
        p.y.data        = to.data + size_t(group) * w.group;
        p.y.column_axis = element;
        set_strides(p.y.column_axis, w.in, w.t, w.r, w.s);
        if (to.row_sums) p.y.row_sums = to.row_sums + size_t(group) * out * to.row_sums_stride;
        p.m = out, p.n = own.elements() * in, p.k = n * own.outputs();
        return p;
    }
};

/* Names that profiles show. */
template <class T>
struct conv2d_batch : conv_batch<T, image_phases> {};
template <class T>
struct conv2d_filter_batch : conv_filter_batch<T, image_phases> {};
template <class T>
struct conv3d_batch : conv_batch<T, volume_phases> {};
template <class T>
struct conv3d_filter_batch : conv_filter_batch<T, volume_phases> {};

}  // namespace glia

#endif
