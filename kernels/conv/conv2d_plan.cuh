/* What the launches of a convolution have in common: phases, sizes and packed filters. */
#ifndef GLI_KERNELS_CONV_CONV2D_PLAN_CUH
#define GLI_KERNELS_CONV_CONV2D_PLAN_CUH

#include "kernels/conv/implicit_gemm.cuh"
#include "kernels/movement/copy_launch.h"

namespace glia {

enum { PACK_FROM_PIXELS = 4096, PACK_ALIGNMENT = 256 };

inline conv_axis row_axis(const gli_convolution &v) { return {v.y.height, v.r, v.stride_h, v.pad_h, v.dilation_h}; }
inline conv_axis column_axis(const gli_convolution &v) { return {v.y.width, v.s, v.stride_w, v.pad_w, v.dilation_w}; }

/* Rows and columns of phases that one launch takes. */
struct chunk {
    phases rows, columns;
};

template <class F>
cudaError_t each_chunk(const gli_convolution &v, F f) {
    const conv_axis rows = row_axis(v), columns = column_axis(v);
    if (!v.transposed) return f(chunk{forward_phase(rows), forward_phase(columns)});
    for (int i = 0; i < rows.stride && i < rows.outputs; i += phases::MOST)
        for (int j = 0; j < columns.stride && j < columns.outputs; j += phases::MOST) {
            const cudaError_t error = f(chunk{transposed_phases(rows, i), transposed_phases(columns, j)});
            if (error != cudaSuccess) return error;
        }
    return cudaSuccess;
}

inline product_sizes sizes_of(const gli_convolution &v, const chunk &c) {
    int rows = 0, columns = 0, r = 0, s = 0;
    for (int i = 0; i < c.rows.count; ++i) {
        rows = c.rows.at[i].outputs > rows ? c.rows.at[i].outputs : rows;
        r    = c.rows.at[i].taps > r ? c.rows.at[i].taps : r;
    }
    for (int i = 0; i < c.columns.count; ++i) {
        columns = c.columns.at[i].outputs > columns ? c.columns.at[i].outputs : columns;
        s       = c.columns.at[i].taps > s ? c.columns.at[i].taps : s;
    }
    return {v.groups * c.rows.count * c.columns.count, v.n * rows * columns, v.out, r * s * v.in, false};
}

inline bool wants_packed_filters(const gli_convolution &v) {
    return int64_t(v.n) * v.y.height * v.y.width >= PACK_FROM_PIXELS && v.r * v.s > 1 && v.in > 1;
}

inline size_t packed_bytes(const gli_convolution &v) {
    const size_t count = wants_packed_filters(v) ? size_t(v.groups) * v.out * v.in * v.r * v.s : 0;
    const size_t bytes = count * glia_dtype_size(v.dtype);
    return (bytes + PACK_ALIGNMENT - 1) / PACK_ALIGNMENT * PACK_ALIGNMENT;
}

/* The convolution with its filters copied to [group][out][r][s][in]. */
inline cudaError_t pack_filters(gli_convolution *v, void *to, cudaStream_t stream) {
    gli_copy_geom g      = {};
    g.ndim               = 5;
    const int64_t dim[]  = {v->groups, v->out, v->r, v->s, v->in};
    const int64_t from[] = {v->w_group, v->w_out, v->w_r, v->w_s, v->w_in};
    int64_t step         = 1;
    g.to.dtype = g.from.dtype = v->dtype;
    g.to.data = to, g.from.data = v->w;
    for (int d = 4; d >= 0; --d) g.dim[d] = dim[d], g.from.stride[d] = from[d], g.to.stride[d] = step, step *= dim[d];
    v->w       = to;
    v->w_group = g.to.stride[0], v->w_out = g.to.stride[1], v->w_r = g.to.stride[2], v->w_s = g.to.stride[3];
    v->w_in = 1;
    return gli_kernel_copy(&g, stream);
}

/* Whether four taps in the order of the sum are neighbours among the filters. */
template <class T>
bool filters_in_fours(const gli_convolution &v, bool taps_in_channels) {
    if (v.w_group % 4 || v.w_out % 4) return false;
    if (taps_in_channels) return v.w_in == 1 && v.w_r % 4 == 0 && v.w_s % 4 == 0 && aligned_fours<T>(v.w, v.in);
    const bool dense = v.w_s == 1 && v.w_r == v.s && v.w_in == int64_t(v.r) * v.s;
    return dense && !v.transposed && aligned_fours<T>(v.w, int64_t(v.in) * v.r * v.s);
}

template <class T>
result<T, grid, line> output_of(const gli_convolution &v) {
    result<T, grid, line> y = {};
    y.data                  = static_cast<T *>(v.y.data);
    y.columns.step          = unsigned(v.y.c);
    y.wide                  = channels_in_fours<T>(v.y, v.out);
    y.c                     = static_cast<const T *>(v.has_bias ? v.bias : nullptr);
    y.c_column              = unsigned(v.bias_step);
    y.alpha = 1, y.beta = 1;
    y.activation = v.activation;
    return y;
}

template <class T>
conv2d_batch<T> batch_of(const gli_convolution &v, const chunk &c) {
    conv2d_batch<T> b = {};
    b.rows = c.rows, b.columns = c.columns;
    b.n = v.n, b.in = v.in, b.out = v.out;
    b.by_in = divide_by(v.in > 1 ? unsigned(v.in) : 1);
    b.x = steps_of(v.x), b.y = steps_of(v.y);
    b.height = v.x.height, b.width = v.x.width;
    b.taps_in_channels = channels_last(v.x, v.in);
    b.w_group = unsigned(v.w_group), b.w_out = unsigned(v.w_out), b.w_in = unsigned(v.w_in);
    b.w_r = unsigned(v.w_r), b.w_s = unsigned(v.w_s), b.bias_step = unsigned(v.bias_step);
    b.x_data = static_cast<const T *>(v.x.data), b.w_data = static_cast<const T *>(v.w);
    b.x_wide = b.taps_in_channels && channels_in_fours<T>(v.x, v.in);
    b.w_wide = filters_in_fours<T>(v, b.taps_in_channels);
    b.to     = output_of<T>(v);
    return b;
}

/* Runs f(batch, sizes, chunk, workspace) for each launch, with the filters packed where that is worth it. */
template <class T, class F>
cudaError_t each_launch(gli_convolution v, void *workspace, cudaStream_t stream, F f) {
    char *rest = static_cast<char *>(workspace) + packed_bytes(v);
    if (wants_packed_filters(v) && channels_last(v.x, v.in) && v.w_in != 1) {
        const cudaError_t error = pack_filters(&v, workspace, stream);
        if (error != cudaSuccess) return error;
    }
    return each_chunk(v, [&](const chunk &c) { return f(batch_of<T>(v, c), sizes_of(v, c), c, rest); });
}

/* The gradient by the filters. */
inline product_sizes filter_sizes_of(const gli_convolution &v) {
    return {v.groups, v.out, v.in * v.r * v.s, v.n * v.y.height * v.y.width, v.has_bias};
}

template <class T>
conv2d_filter_batch<T> filter_batch_of(const gli_convolution &v) {
    conv2d_filter_batch<T> b = {};
    b.rows                   = forward_phase({v.y.height, v.r, v.stride_h, v.pad_h, v.dilation_h});
    b.columns                = forward_phase({v.y.width, v.s, v.stride_w, v.pad_w, v.dilation_w});
    b.n = v.n, b.in = v.in, b.out = v.out;
    b.by_in = divide_by(v.in > 1 ? unsigned(v.in) : 1);
    b.x = steps_of(v.x), b.y = steps_of(v.y);
    b.height = v.x.height, b.width = v.x.width;
    b.taps_in_channels = channels_last(v.x, v.in);
    b.y_along_pixels   = !channels_last(v.y, v.out);
    b.w_group = unsigned(v.w_group), b.w_in = unsigned(v.w_in), b.w_r = unsigned(v.w_r), b.w_s = unsigned(v.w_s);
    b.x_data = static_cast<const T *>(v.x.data), b.y_data = static_cast<const T *>(v.y.data);
    b.x_wide           = b.taps_in_channels && channels_in_fours<T>(v.x, v.in);
    b.y_wide           = !b.y_along_pixels && channels_in_fours<T>(v.y, v.out);
    b.to.data          = static_cast<T *>(v.w);
    b.to.rows.step     = unsigned(v.w_out);
    b.to.alpha         = 1;
    b.to.row_sums      = static_cast<T *>(v.has_bias ? v.bias : nullptr);
    b.to.row_sums_step = unsigned(v.bias_step);
    return b;
}

}  // namespace glia

#endif
