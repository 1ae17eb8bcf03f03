/* Convolution as a batch of products (an implicit GEMM): rows of a are the pixels of y, its columns are the taps, the
 * (channel, r, s) under a filter; each element is read from x where it lies. The batch counts the groups. */
#ifndef GLI_KERNELS_CONV_IMPLICIT_GEMM_CUH
#define GLI_KERNELS_CONV_IMPLICIT_GEMM_CUH

#include "kernels/conv/conv2d_launch.h"
#include "kernels/gemm/gemm.cuh"

namespace glia {

/* Along rows or along columns, output i of a phase is at out_first + i out_step, and its tap j, which is tap_first +
 * j tap_step of the filter, reads x at first + i scale + j dilation.
 *
 * A convolution has one phase. A transposed one has one for each remainder of the output by the stride: those outputs
 * meet the same taps, so no product with a zero between the strides is ever formed. */
struct phase {
    int outputs, taps;
    divisor by_outputs, by_taps;
    unsigned out_first, tap_first, first;
};

struct phases {
    enum { MOST = 4 };
    unsigned out_step, tap_step, scale, dilation;
    int count;
    phase at[MOST];
};

inline phase phase_of(int outputs, int taps, unsigned out_first, unsigned tap_first, unsigned first) {
    const unsigned o = outputs > 1 ? unsigned(outputs) : 1, t = taps > 1 ? unsigned(taps) : 1;
    return {outputs, taps, divide_by(o), divide_by(t), out_first, tap_first, first};
}

/* One axis of the convolution. */
struct conv_axis {
    int outputs, taps, stride, pad, dilation;
};

inline phases forward_phase(const conv_axis &a) {
    phases p = {1, 1, unsigned(a.stride), unsigned(a.dilation), 1, {}};
    p.at[0]  = phase_of(a.outputs, a.taps, 0, 0, 0u - unsigned(a.pad));
    return p;
}

inline int greatest_common_divisor(int a, int b) {
    while (b) {
        const int rest = a % b;
        a = b, b = rest;
    }
    return a;
}

/* Phases from `begin` on, as many as there is room for. */
inline phases transposed_phases(const conv_axis &a, int begin) {
    const int common = greatest_common_divisor(a.dilation, a.stride), tap_step = a.stride / common;
    phases p = {unsigned(a.stride), unsigned(tap_step), 1, 0u - unsigned(a.dilation / common), 0, {}};
    for (int i = begin; i < a.stride && i < a.outputs && p.count < phases::MOST; ++i) {
        const int64_t shift = int64_t(i) + a.pad;
        int tap             = 0; /* the first that lands on an element of x; tap_step: none does */
        while (tap < tap_step && (shift - int64_t(tap) * a.dilation) % a.stride) ++tap;
        const int taps      = tap < tap_step && tap < a.taps ? (a.taps - tap - 1) / tap_step + 1 : 0;
        const int64_t first = taps ? (shift - int64_t(tap) * a.dilation) / a.stride : 0;
        p.at[p.count++]     = phase_of((a.outputs - i - 1) / a.stride + 1, taps, unsigned(i), unsigned(tap),
                                       static_cast<unsigned>(first));
    }
    return p;
}

/* The pixels of an image that a phase of rows and one of columns stand for: index (n, row, column). */
__device__ inline grid pixels(const phase &rows, const phase &columns) {
    grid g       = {};
    g.high       = rows.by_outputs;
    g.low        = columns.by_outputs;
    g.plane_last = false;
    return g;
}

/* The taps, whose channels are either the first digit or the last. */
__device__ inline grid taps(const phase &rows, const phase &columns, const divisor &channels, bool channels_last) {
    grid g       = {};
    g.high       = channels_last ? columns.by_taps : rows.by_taps;
    g.low        = channels_last ? channels : columns.by_taps;
    g.plane_last = channels_last;
    return g;
}

struct steps {
    unsigned n, c, h, w;
};

inline steps steps_of(const gli_image &x) { return {unsigned(x.n), unsigned(x.c), unsigned(x.h), unsigned(x.w)}; }

/* Pixels of x under the first tap. */
__device__ inline grid pixels_under(const phases &rows, const phases &columns, const phase &row, const phase &column,
                                    const steps &x) {
    grid g         = pixels(row, column);
    g.plane        = {x.n, 0};
    g.row          = {rows.scale * x.h, rows.scale};
    g.column       = {columns.scale * x.w, columns.scale};
    g.first_row    = row.first;
    g.first_column = column.first;
    g.first_offset = row.first * x.h + column.first * x.w;
    return g;
}

/* Where the taps are from there. */
__device__ inline grid taps_over(const phases &rows, const phases &columns, grid g, const steps &x) {
    g.plane  = {x.c, 0};
    g.row    = {rows.dilation * x.h, rows.dilation};
    g.column = {columns.dilation * x.w, columns.dilation};
    return g;
}

/* Whether an image can be read in fours of channels, group by group. */
template <class T>
bool channels_in_fours(const gli_image &x, int channels) {
    return x.c == 1 && x.n % 4 == 0 && x.h % 4 == 0 && x.w % 4 == 0 && aligned_fours<T>(x.data, channels);
}

inline bool channels_last(const gli_image &x, int channels) { return x.c == 1 && channels > 1; }

/* y from x and w. */
template <class T>
struct conv2d_batch {
    typedef operand<T, line, grid> filters;
    typedef result<T, grid, line> output;
    typedef product<patches<T>, filters, output> item;

    phases rows, columns;
    int n, in, out;
    divisor by_in;
    steps x, y;
    int height, width; /* of x */
    bool taps_in_channels;
    unsigned w_group, w_out, w_in, w_r, w_s, bias_step;
    const T *x_data, *w_data;
    bool x_wide, w_wide;
    output to; /* of the first group */

    /* i counts groups of row phases of column phases. */
    __device__ item at(int i) const {
        const int group     = i / (rows.count * columns.count);
        const phase &row    = rows.at[i / columns.count % rows.count];
        const phase &column = columns.at[i % columns.count];
        item p;
        const grid tap   = taps(row, column, by_in, taps_in_channels);
        p.a.data         = x_data + size_t(group) * in * x.c;
        p.a.kept         = pixels_under(rows, columns, row, column, x);
        p.a.summed       = taps_over(rows, columns, tap, x);
        p.a.along_summed = taps_in_channels;
        p.a.wide         = x_wide;
        p.a.height = unsigned(height), p.a.width = unsigned(width);

        p.b.data                = w_data + size_t(group) * w_group;
        p.b.kept.step           = w_out;
        p.b.summed              = tap;
        p.b.summed.plane        = {w_in, 0};
        p.b.summed.row          = {rows.tap_step * w_r, 0};
        p.b.summed.column       = {columns.tap_step * w_s, 0};
        p.b.summed.first_offset = row.tap_first * w_r + column.tap_first * w_s;
        p.b.along_summed        = true;
        p.b.wide                = w_wide;

        p.y                   = to;
        p.y.data              = to.data + size_t(group) * out * y.c;
        p.y.rows              = pixels(row, column);
        p.y.rows.plane        = {y.n, 0};
        p.y.rows.row          = {rows.out_step * y.h, 0};
        p.y.rows.column       = {columns.out_step * y.w, 0};
        p.y.rows.first_offset = row.out_first * y.h + column.out_first * y.w;
        if (p.y.c) p.y.c = to.c + size_t(group) * out * bias_step;
        p.m = n * row.outputs * column.outputs, p.n = out, p.k = row.taps * column.taps * in;
        return p;
    }
};

/* The gradient by the filters: rows are filters, columns are taps, and the sum is over the pixels of y. */
template <class T>
struct conv2d_filter_batch {
    typedef operand<T, line, grid> gradient;
    typedef result<T, line, grid> output;
    typedef product<gradient, patches<T>, output> item;

    phases rows, columns;
    int n, in, out;
    divisor by_in;
    steps x, y;
    int height, width; /* of x */
    bool taps_in_channels, y_along_pixels;
    unsigned w_group, w_in, w_r, w_s;
    const T *x_data, *y_data;
    bool x_wide, y_wide;
    output to; /* of the first group */

    __device__ item at(int group) const {
        const phase &row = rows.at[0], &column = columns.at[0];
        const grid tap = taps(row, column, by_in, taps_in_channels);
        item p;
        p.a.data          = y_data + size_t(group) * out * y.c;
        p.a.kept.step     = y.c;
        p.a.summed        = pixels(row, column);
        p.a.summed.plane  = {y.n, 0};
        p.a.summed.row    = {y.h, 0};
        p.a.summed.column = {y.w, 0};
        p.a.along_summed  = y_along_pixels;
        p.a.wide          = y_wide;

        p.b.data         = x_data + size_t(group) * in * x.c;
        p.b.kept         = taps_over(rows, columns, tap, x);
        p.b.summed       = pixels_under(rows, columns, row, column, x);
        p.b.along_summed = !taps_in_channels;
        p.b.wide         = x_wide;
        p.b.height = unsigned(height), p.b.width = unsigned(width);

        p.y                = to;
        p.y.data           = to.data + size_t(group) * w_group;
        p.y.columns        = tap;
        p.y.columns.plane  = {w_in, 0};
        p.y.columns.row    = {w_r, 0};
        p.y.columns.column = {w_s, 0};
        if (to.row_sums) p.y.row_sums = to.row_sums + size_t(group) * out * to.row_sums_step;
        p.m = out, p.n = row.taps * column.taps * in, p.k = n * row.outputs * column.outputs;
        return p;
    }
};

}  // namespace glia

#endif
