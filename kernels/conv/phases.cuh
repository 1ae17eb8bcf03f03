/* The axes of a convolution as an implicit GEMM counts them.
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
#ifndef GLI_KERNELS_CONV_PHASES_CUH
#define GLI_KERNELS_CONV_PHASES_CUH

#include "kernels/conv/conv2d_launch.h"
#include "kernels/gemm/tensor_access.cuh"

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

struct image_strides {
    unsigned n, c, h, w, d;
};

inline image_strides strides_of(const gli_image &x) {
    return {unsigned(x.n), unsigned(x.c), unsigned(x.h), unsigned(x.w), unsigned(x.d)};
}

struct filter_strides {
    unsigned group, out, in, r, s, t;
};

inline filter_strides filter_strides_of(const gli_convolution &v) {
    return {unsigned(v.w_group), unsigned(v.w_out), unsigned(v.w_in),
            unsigned(v.w_r),     unsigned(v.w_s),   unsigned(v.w_t)};
}

inline conv_axis slice_axis(const gli_convolution &v) { return {v.y.depth, v.t, v.stride_d, v.pad_d, v.dilation_d}; }
inline conv_axis row_axis(const gli_convolution &v) { return {v.y.height, v.r, v.stride_h, v.pad_h, v.dilation_h}; }
inline conv_axis column_axis(const gli_convolution &v) { return {v.y.width, v.s, v.stride_w, v.pad_w, v.dilation_w}; }

/* ---- images ---- */

/* The phases of a launch. What differs between images and volumes is a member of these, or a function of the phases of
 * one problem. */
struct image_phases {
    typedef grid_axis axis;
    template <class T>
    using view = im2col_view<T>;

    axis_phases rows, columns;

    static image_phases forward(const gli_convolution &v) {
        return {forward_phase(row_axis(v)), forward_phase(column_axis(v))};
    }
    static image_phases transposed(const gli_convolution &v, int, int row, int column) {
        return {transposed_phases(row_axis(v), row), transposed_phases(column_axis(v), column)};
    }

    __host__ __device__ int count() const { return rows.count * columns.count; }

    struct problem {
        const phase &row, &column;

        __device__ int outputs() const { return row.outputs * column.outputs; }
        __device__ int elements() const { return row.elements * column.elements; }
    };
    __device__ problem at(int i) const {
        return {rows.of[i / columns.count % rows.count], columns.of[i % columns.count]};
    }
    __device__ problem first() const { return {rows.of[0], columns.of[0]}; }
};

/* The output pixels (n, p, q). */
__device__ inline grid_axis output_pixels(const image_phases::problem &own) {
    grid_axis g  = {};
    g.high       = own.row.by_outputs;
    g.low        = own.column.by_outputs;
    g.plane_last = false;
    return g;
}

/* Their kernel elements, (c, r, s) or with channels_last (r, s, c). */
__device__ inline grid_axis kernel_elements(const image_phases::problem &own, const divisor &channels,
                                            bool channels_last) {
    grid_axis g  = {};
    g.high       = channels_last ? own.column.by_elements : own.row.by_elements;
    g.low        = channels_last ? channels : own.column.by_elements;
    g.plane_last = channels_last;
    return g;
}

/* Of an axis that counts elements of a tensor without padding. */
__device__ inline void set_strides(grid_axis &g, unsigned plane, unsigned, unsigned row, unsigned column) {
    g.plane  = {plane, 0};
    g.row    = {row, 0};
    g.column = {column, 0};
}

/* For each output pixel, the pixel of x under kernel element 0. */
__device__ inline grid_axis input_pixels(const image_phases &all, const image_phases::problem &own,
                                         const image_strides &x) {
    grid_axis g    = output_pixels(own);
    g.plane        = {x.n, 0};
    g.row          = {all.rows.in_step * x.h, all.rows.in_step};
    g.column       = {all.columns.in_step * x.w, all.columns.in_step};
    g.first_row    = own.row.in_first;
    g.first_column = own.column.in_first;
    g.first_offset = own.row.in_first * x.h + own.column.in_first * x.w;
    return g;
}

/* For each kernel element, how far from there it reads x. */
__device__ inline grid_axis input_displacements(const image_phases &all, grid_axis elements, const image_strides &x) {
    elements.plane  = {x.c, 0};
    elements.row    = {all.rows.dilation * x.h, all.rows.dilation};
    elements.column = {all.columns.dilation * x.w, all.columns.dilation};
    return elements;
}

/* For each kernel element, where its weight is. */
__device__ inline grid_axis weights(const image_phases &all, const image_phases::problem &own, grid_axis elements,
                                    const filter_strides &w) {
    set_strides(elements, w.in, 0, all.rows.element_step * w.r, all.columns.element_step * w.s);
    elements.first_offset = own.row.element_first * w.r + own.column.element_first * w.s;
    return elements;
}

/* For each output pixel, where it is in y. */
__device__ inline grid_axis outputs_in(const image_phases &all, const image_phases::problem &own,
                                       const image_strides &y) {
    grid_axis g = output_pixels(own);
    set_strides(g, y.n, 0, all.rows.out_step * y.h, all.columns.out_step * y.w);
    g.first_offset = own.row.out_first * y.h + own.column.out_first * y.w;
    return g;
}

template <class T>
__device__ inline void set_size(im2col_view<T> &view, int, int height, int width) {
    view.height = unsigned(height), view.width = unsigned(width);
}

/* ---- volumes: the same with slices ---- */

struct volume_phases {
    typedef volume_axis axis;
    template <class T>
    using view = volume_view<T>;

    axis_phases slices, rows, columns;

    static volume_phases forward(const gli_convolution &v) {
        return {forward_phase(slice_axis(v)), forward_phase(row_axis(v)), forward_phase(column_axis(v))};
    }
    static volume_phases transposed(const gli_convolution &v, int slice, int row, int column) {
        return {transposed_phases(slice_axis(v), slice), transposed_phases(row_axis(v), row),
                transposed_phases(column_axis(v), column)};
    }

    __host__ __device__ int count() const { return slices.count * rows.count * columns.count; }

    struct problem {
        const phase &slice, &row, &column;

        __device__ int outputs() const { return slice.outputs * row.outputs * column.outputs; }
        __device__ int elements() const { return slice.elements * row.elements * column.elements; }
    };
    __device__ problem at(int i) const {
        return {slices.of[i / (columns.count * rows.count) % slices.count], rows.of[i / columns.count % rows.count],
                columns.of[i % columns.count]};
    }
    __device__ problem first() const { return {slices.of[0], rows.of[0], columns.of[0]}; }
};

__device__ inline volume_axis output_pixels(const volume_phases::problem &own) {
    volume_axis v = {};
    v.second      = own.slice.by_outputs;
    v.third       = own.row.by_outputs;
    v.fourth      = own.column.by_outputs;
    v.plane_last  = false;
    return v;
}

__device__ inline volume_axis kernel_elements(const volume_phases::problem &own, const divisor &channels,
                                              bool channels_last) {
    volume_axis v = {};
    v.second      = channels_last ? own.row.by_elements : own.slice.by_elements;
    v.third       = channels_last ? own.column.by_elements : own.row.by_elements;
    v.fourth      = channels_last ? channels : own.column.by_elements;
    v.plane_last  = channels_last;
    return v;
}

__device__ inline void set_strides(volume_axis &v, unsigned plane, unsigned slice, unsigned row, unsigned column) {
    v.plane  = {plane, 0};
    v.slice  = {slice, 0};
    v.row    = {row, 0};
    v.column = {column, 0};
}

__device__ inline volume_axis input_pixels(const volume_phases &all, const volume_phases::problem &own,
                                           const image_strides &x) {
    volume_axis v  = output_pixels(own);
    v.plane        = {x.n, 0};
    v.slice        = {all.slices.in_step * x.d, all.slices.in_step};
    v.row          = {all.rows.in_step * x.h, all.rows.in_step};
    v.column       = {all.columns.in_step * x.w, all.columns.in_step};
    v.first_slice  = own.slice.in_first;
    v.first_row    = own.row.in_first;
    v.first_column = own.column.in_first;
    v.first_offset = own.slice.in_first * x.d + own.row.in_first * x.h + own.column.in_first * x.w;
    return v;
}

__device__ inline volume_axis input_displacements(const volume_phases &all, volume_axis elements,
                                                  const image_strides &x) {
    elements.plane  = {x.c, 0};
    elements.slice  = {all.slices.dilation * x.d, all.slices.dilation};
    elements.row    = {all.rows.dilation * x.h, all.rows.dilation};
    elements.column = {all.columns.dilation * x.w, all.columns.dilation};
    return elements;
}

__device__ inline volume_axis weights(const volume_phases &all, const volume_phases::problem &own, volume_axis elements,
                                      const filter_strides &w) {
    set_strides(elements, w.in, all.slices.element_step * w.t, all.rows.element_step * w.r,
                all.columns.element_step * w.s);
    elements.first_offset =
        own.slice.element_first * w.t + own.row.element_first * w.r + own.column.element_first * w.s;
    return elements;
}

__device__ inline volume_axis outputs_in(const volume_phases &all, const volume_phases::problem &own,
                                         const image_strides &y) {
    volume_axis v = output_pixels(own);
    set_strides(v, y.n, all.slices.out_step * y.d, all.rows.out_step * y.h, all.columns.out_step * y.w);
    v.first_offset = own.slice.out_first * y.d + own.row.out_first * y.h + own.column.out_first * y.w;
    return v;
}

template <class T>
__device__ inline void set_size(volume_view<T> &view, int depth, int height, int width) {
    view.depth = unsigned(depth), view.height = unsigned(height), view.width = unsigned(width);
}

}  // namespace glia

#endif
