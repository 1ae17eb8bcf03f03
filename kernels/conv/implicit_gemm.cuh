/* Convolution as a batch of GEMMs (implicit GEMM), one for each group: rows of a are the output pixels (n, p, q), its
 * columns the kernel elements (c, r, s), and each element is read from the image itself. A gradient or a transposed
 * convolution is the same with other axes.
 *
 * An axis of a convolution, rows or columns, is split into phases. Output i of a phase and its kernel element j are
 *
 *     out    = out_first     + i * out_step
 *     kernel = element_first + j * element_step
 *     in     = in_first      + i * in_step + j * dilation
 *
 * A convolution has one phase. A transposed one has a phase for each output index mod stride (sub-pixel decomposition):
 * those outputs meet the same kernel elements, so that no product with a zero between the strides is ever formed. With
 * stride 2 and a kernel of 3:
 *
 *     x       x0        x1        x2
 *     y       y0   y1   y2   y3   y4   y5   y6
 *
 *     phase 0:  y[2i]     = w0 x[i] + w2 x[i - 1]     2 kernel elements, distance 2
 *     phase 1:  y[2i + 1] = w1 x[i]                   1 kernel element */
#ifndef GLI_KERNELS_CONV_IMPLICIT_GEMM_CUH
#define GLI_KERNELS_CONV_IMPLICIT_GEMM_CUH

#include "kernels/conv/conv2d_launch.h"
#include "kernels/gemm/gemm.cuh"

namespace glia {

struct phase {
    int outputs, elements; /* elements: of the kernel */
    divisor by_outputs, by_elements;
    unsigned out_first, element_first, in_first;
};

/* Some phases of an axis, with the steps that all of them have. */
struct axis_phases {
    enum { MAX = 4 };
    unsigned out_step, element_step, in_step, dilation;
    int count;
    phase of[MAX];
};

inline phase phase_of(int outputs, int elements, unsigned out_first, unsigned element_first, unsigned in_first) {
    const unsigned o = outputs > 1 ? unsigned(outputs) : 1, e = elements > 1 ? unsigned(elements) : 1;
    return {outputs, elements, divide_by(o), divide_by(e), out_first, element_first, in_first};
}

struct conv_axis {
    int outputs, elements, stride, pad, dilation;
};

inline axis_phases forward_phase(const conv_axis &a) {
    axis_phases p = {1, 1, unsigned(a.stride), unsigned(a.dilation), 1, {}};
    p.of[0]       = phase_of(a.outputs, a.elements, 0, 0, 0u - unsigned(a.pad));
    return p;
}

inline int greatest_common_divisor(int a, int b) {
    while (b) {
        const int rest = a % b;
        a = b, b = rest;
    }
    return a;
}

/* Phases from `begin` on, at most MAX of them. */
inline axis_phases transposed_phases(const conv_axis &a, int begin) {
    const int common = greatest_common_divisor(a.dilation, a.stride), element_step = a.stride / common;
    axis_phases p = {unsigned(a.stride), unsigned(element_step), 1, 0u - unsigned(a.dilation / common), 0, {}};
    for (int i = begin; i < a.stride && i < a.outputs && p.count < axis_phases::MAX; ++i) {
        const int64_t shift = int64_t(i) + a.pad;
        int element         = 0; /* the first that meets an element of x; element_step: none does */
        while (element < element_step && (shift - int64_t(element) * a.dilation) % a.stride) ++element;
        const bool meets    = element < element_step && element < a.elements;
        const int elements  = meets ? (a.elements - element - 1) / element_step + 1 : 0;
        const int64_t first = elements ? (shift - int64_t(element) * a.dilation) / a.stride : 0;
        p.of[p.count++]     = phase_of((a.outputs - i - 1) / a.stride + 1, elements, unsigned(i), unsigned(element),
                                       static_cast<unsigned>(first));
    }
    return p;
}

/* The output pixels (n, p, q) of a phase of rows and one of columns. */
__device__ inline grid_axis output_pixels(const phase &rows, const phase &columns) {
    grid_axis g  = {};
    g.high       = rows.by_outputs;
    g.low        = columns.by_outputs;
    g.plane_last = false;
    return g;
}

/* Their kernel elements, (c, r, s) or with channels_last (r, s, c). */
__device__ inline grid_axis kernel_elements(const phase &rows, const phase &columns, const divisor &channels,
                                            bool channels_last) {
    grid_axis g  = {};
    g.high       = channels_last ? columns.by_elements : rows.by_elements;
    g.low        = channels_last ? channels : columns.by_elements;
    g.plane_last = channels_last;
    return g;
}

struct image_strides {
    unsigned n, c, h, w;
};

inline image_strides strides_of(const gli_image &x) {
    return {unsigned(x.n), unsigned(x.c), unsigned(x.h), unsigned(x.w)};
}

/* For each output pixel, the pixel of x under kernel element 0. */
__device__ inline grid_axis input_pixels(const axis_phases &rows, const axis_phases &columns, const phase &row,
                                         const phase &column, const image_strides &x) {
    grid_axis g    = output_pixels(row, column);
    g.plane        = {x.n, 0};
    g.row          = {rows.in_step * x.h, rows.in_step};
    g.column       = {columns.in_step * x.w, columns.in_step};
    g.first_row    = row.in_first;
    g.first_column = column.in_first;
    g.first_offset = row.in_first * x.h + column.in_first * x.w;
    return g;
}

/* For each kernel element, how far from there it reads x. */
__device__ inline grid_axis input_displacements(const axis_phases &rows, const axis_phases &columns, grid_axis elements,
                                                const image_strides &x) {
    elements.plane  = {x.c, 0};
    elements.row    = {rows.dilation * x.h, rows.dilation};
    elements.column = {columns.dilation * x.w, columns.dilation};
    return elements;
}

/* Whether an image can be read `width` channels at a time, group by group. */
template <class T>
bool channels_vectorizable(const gli_image &x, int channels, int width = 4) {
    return x.c == 1 && x.n % width == 0 && x.h % width == 0 && x.w % width == 0 &&
           aligned_groups<T>(x.data, channels, width);
}

inline bool channels_last(const gli_image &x, int channels) { return x.c == 1 && channels > 1; }

/* y from x and w: the forward convolution, its gradient with respect to x, and the transposed convolution. */
template <class T>
struct conv2d_batch {
    typedef matrix_view<T, linear_axis, grid_axis> filters;
    typedef epilogue<T, grid_axis, linear_axis> output;
    typedef gemm_problem<im2col_view<T>, filters, output> problem_type;

    axis_phases rows, columns;
    int n, in, out;
    divisor by_in;
    image_strides x, y;
    int height, width; /* of x */
    bool elements_channels_last;
    unsigned w_group, w_out, w_in, w_r, w_s, bias_stride;
    const T *x_data, *w_data;
    bool x_vectorized, w_vectorized, x_in_chunks, w_in_chunks, reads_padding;
    output to; /* of the first group */

    enum { ever_along_k = true, may_read_padding = true };
    bool in_chunks(bool) const { return x_in_chunks && w_in_chunks; } /* along k, as filters lie */

    /* i counts (group, row phase, column phase). */
    __device__ problem_type problem(int i) const {
        const int group     = i / (rows.count * columns.count);
        const phase &row    = rows.of[i / columns.count % rows.count];
        const phase &column = columns.of[i % columns.count];
        problem_type p;
        const grid_axis element = kernel_elements(row, column, by_in, elements_channels_last);
        p.a.data                = x_data + size_t(group) * in * x.c;
        p.a.row_axis            = input_pixels(rows, columns, row, column, x);
        p.a.k_axis              = input_displacements(rows, columns, element, x);
        p.a.k_contiguous        = elements_channels_last;
        p.a.vectorized          = x_vectorized;
        p.a.in_chunks           = x_in_chunks;
        p.a.height = unsigned(height), p.a.width = unsigned(width);

        p.b.data                = w_data + size_t(group) * w_group;
        p.b.row_axis.stride     = w_out;
        p.b.k_axis              = element;
        p.b.k_axis.plane        = {w_in, 0};
        p.b.k_axis.row          = {rows.element_step * w_r, 0};
        p.b.k_axis.column       = {columns.element_step * w_s, 0};
        p.b.k_axis.first_offset = row.element_first * w_r + column.element_first * w_s;
        p.b.k_contiguous        = true;
        p.b.vectorized          = w_vectorized;
        p.b.in_chunks           = w_in_chunks;

        p.y                       = to;
        p.y.data                  = to.data + size_t(group) * out * y.c;
        p.y.row_axis              = output_pixels(row, column);
        p.y.row_axis.plane        = {y.n, 0};
        p.y.row_axis.row          = {rows.out_step * y.h, 0};
        p.y.row_axis.column       = {columns.out_step * y.w, 0};
        p.y.row_axis.first_offset = row.out_first * y.h + column.out_first * y.w;
        if (p.y.c) p.y.c = to.c + size_t(group) * out * bias_stride;
        p.m = n * row.outputs * column.outputs, p.n = out, p.k = row.elements * column.elements * in;
        return p;
    }
};

/* The gradient with respect to the filters: rows are filters, columns are kernel elements, k counts the output pixels.
 * It is f32 where T is bf16 or f16. */
template <class T>
struct conv2d_filter_batch {
    typedef matrix_view<T, linear_axis, grid_axis> gradient;
    typedef epilogue<compute<T>, linear_axis, grid_axis> output;
    typedef gemm_problem<gradient, im2col_view<T>, output> problem_type;

    axis_phases rows, columns;
    int n, in, out;
    divisor by_in;
    image_strides x, y;
    int height, width;                              /* of x */
    bool elements_channels_last, pixels_contiguous; /* the latter: of y, otherwise its channels are */
    unsigned w_group, w_in, w_r, w_s;
    const T *x_data, *y_data;
    bool x_vectorized, y_vectorized, x_in_chunks, y_in_chunks, reads_padding;
    output to; /* of the first group */

    enum { ever_along_k = false, may_read_padding = true };
    bool in_chunks(bool) const { return x_in_chunks && y_in_chunks; } /* of channels, and k counts pixels */

    __device__ problem_type problem(int group) const {
        const phase &row = rows.of[0], &column = columns.of[0];
        const grid_axis element = kernel_elements(row, column, by_in, elements_channels_last);
        problem_type p;
        p.a.data            = y_data + size_t(group) * out * y.c;
        p.a.row_axis.stride = y.c;
        p.a.k_axis          = output_pixels(row, column);
        p.a.k_axis.plane    = {y.n, 0};
        p.a.k_axis.row      = {y.h, 0};
        p.a.k_axis.column   = {y.w, 0};
        p.a.k_contiguous    = pixels_contiguous;
        p.a.vectorized      = y_vectorized;
        p.a.in_chunks       = y_in_chunks;

        p.b.data         = x_data + size_t(group) * in * x.c;
        p.b.row_axis     = input_displacements(rows, columns, element, x);
        p.b.k_axis       = input_pixels(rows, columns, row, column, x);
        p.b.k_contiguous = !elements_channels_last;
        p.b.vectorized   = x_vectorized;
        p.b.in_chunks    = x_in_chunks;
        p.b.height = unsigned(height), p.b.width = unsigned(width);

        p.y                    = to;
        p.y.data               = to.data + size_t(group) * w_group;
        p.y.column_axis        = element;
        p.y.column_axis.plane  = {w_in, 0};
        p.y.column_axis.row    = {w_r, 0};
        p.y.column_axis.column = {w_s, 0};
        if (to.row_sums) p.y.row_sums = to.row_sums + size_t(group) * out * to.row_sums_stride;
        p.m = out, p.n = row.elements * column.elements * in, p.k = n * row.outputs * column.outputs;
        return p;
    }
};

}  // namespace glia

#endif
