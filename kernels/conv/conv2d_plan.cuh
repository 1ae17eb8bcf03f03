/* The launches of a convolution over images or volumes: phases, GEMM sizes, and filters packed for vec4s. */
#ifndef GLI_KERNELS_CONV_CONV2D_PLAN_CUH
#define GLI_KERNELS_CONV_CONV2D_PLAN_CUH

#include "kernels/conv/implicit_gemm.cuh"
#include "kernels/movement/copy_launch.h"

namespace glia {

enum { PACK_FROM_PIXELS = 4096, PACK_ALIGNMENT = 256 };

inline bool reads_padding(const conv_axis &a, int length) {
    return a.pad > 0 || (int64_t(a.outputs) - 1) * a.stride + (int64_t(a.elements) - 1) * a.dilation >= length;
}

/* Whether the sums have zeros from outside of the image x. */
inline bool reads_padding(const gli_convolution &v) {
    return v.transposed || reads_padding(slice_axis(v), v.x.depth) || reads_padding(row_axis(v), v.x.height) ||
           reads_padding(column_axis(v), v.x.width);
}

/* Calls f(phases) for those of each launch. */
template <class Phases, class F>
cudaError_t each_chunk(const gli_convolution &v, F f) {
    const conv_axis slices = slice_axis(v), rows = row_axis(v), columns = column_axis(v);
    if (!v.transposed) return f(Phases::forward(v));
    for (int h = 0; h < slices.stride && h < slices.outputs; h += axis_phases::MAX)
        for (int i = 0; i < rows.stride && i < rows.outputs; i += axis_phases::MAX)
            for (int j = 0; j < columns.stride && j < columns.outputs; j += axis_phases::MAX) {
                const cudaError_t error = f(Phases::transposed(v, h, i, j));
                if (error != cudaSuccess) return error;
            }
    return cudaSuccess;
}

/* The largest phase of an axis. */
struct phase_size {
    int outputs, elements;
};

inline phase_size size_of(const axis_phases &axis) {
    phase_size s = {0, 0};
    for (int i = 0; i < axis.count; ++i) {
        s.outputs  = axis.of[i].outputs > s.outputs ? axis.of[i].outputs : s.outputs;
        s.elements = axis.of[i].elements > s.elements ? axis.of[i].elements : s.elements;
    }
    return s;
}

inline gemm_size size_of(const gli_convolution &v, const image_phases &p) {
    const phase_size rows = size_of(p.rows), columns = size_of(p.columns);
    return {v.groups * p.count(), v.n * rows.outputs * columns.outputs, v.out, rows.elements * columns.elements * v.in,
            false};
}

inline gemm_size size_of(const gli_convolution &v, const volume_phases &p) {
    const phase_size slices = size_of(p.slices), rows = size_of(p.rows), columns = size_of(p.columns);
    return {v.groups * p.count(), v.n * slices.outputs * rows.outputs * columns.outputs, v.out,
            slices.elements * rows.elements * columns.elements * v.in, false};
}

/* Groups of a few filters, depthwise ones above all; depthwise.cuh has kernels for them. */
inline bool too_narrow_for_tiles(const gemm_size &s) {
    enum { FEW_FILTERS = 4 };
    return s.n <= FEW_FILTERS && split_k_for(s).splits == 1;
}

inline bool wants_packed_filters(const gli_convolution &v) {
    return int64_t(v.n) * v.y.depth * v.y.height * v.y.width >= PACK_FROM_PIXELS && v.t * v.r * v.s > 1 && v.in > 1;
}

inline size_t packed_bytes(const gli_convolution &v) {
    const size_t count = wants_packed_filters(v) ? size_t(v.groups) * v.out * v.in * v.t * v.r * v.s : 0;
    const size_t bytes = count * glia_dtype_size(v.dtype);
    return (bytes + PACK_ALIGNMENT - 1) / PACK_ALIGNMENT * PACK_ALIGNMENT;
}

/* The convolution with its filters copied to [group][out][t][r][s][in]. */
inline cudaError_t pack_filters(gli_convolution *v, void *to, cudaStream_t stream) {
    gli_copy_geom g      = {};
    g.ndim               = 6;
    const int64_t dim[]  = {v->groups, v->out, v->t, v->r, v->s, v->in};
    const int64_t from[] = {v->w_group, v->w_out, v->w_t, v->w_r, v->w_s, v->w_in};
    int64_t stride       = 1;
    g.to.dtype = g.from.dtype = v->dtype;
    g.to.data = to, g.from.data = v->w;
    for (int d = 5; d >= 0; --d)
        g.dim[d] = dim[d], g.from.stride[d] = from[d], g.to.stride[d] = stride, stride *= dim[d];
    v->w       = to;
    v->w_group = g.to.stride[0], v->w_out = g.to.stride[1], v->w_t = g.to.stride[2], v->w_r = g.to.stride[3];
    v->w_s = g.to.stride[4], v->w_in = 1;
    return gli_kernel_copy(&g, stream);
}

/* Whether the filters can be read `width` at a time along k. */
template <class T>
bool filters_vectorizable(const gli_convolution &v, bool elements_channels_last, int width = 4) {
    if (v.w_group % width || v.w_out % width) return false;
    const auto steps = [&](int count, int64_t stride) { return count == 1 || stride % width == 0; };
    if (elements_channels_last)
        return v.w_in == 1 && steps(v.t, v.w_t) && steps(v.r, v.w_r) && steps(v.s, v.w_s) &&
               aligned_groups<T>(v.w, v.in, width);
    const int64_t area = int64_t(v.r) * v.s;
    const bool dense   = v.w_s == 1 && v.w_r == v.s && (v.t == 1 || v.w_t == area) && v.w_in == v.t * area;
    return dense && !v.transposed && aligned_groups<T>(v.w, v.in * v.t * area, width);
}

template <class T, class Axis>
epilogue<T, Axis, linear_axis> epilogue_of(const gli_convolution &v) {
    epilogue<T, Axis, linear_axis> y = {};
    y.data                           = static_cast<T *>(v.y.data);
    y.column_axis.stride             = unsigned(v.y.c);
    y.vectorized                     = channels_vectorizable<T>(v.y, v.out);
    y.c                              = static_cast<const T *>(v.has_bias ? v.bias : nullptr);
    y.c_column_stride                = unsigned(v.bias_stride);
    y.alpha = 1, y.beta = 1;
    y.activation = v.activation;
    return y;
}

template <class T, class Phases>
void fill(conv_batch<T, Phases> &b, const gli_convolution &v, const Phases &phases) {
    b.phases = phases;
    b.n = v.n, b.in = v.in, b.out = v.out;
    b.by_in = divide_by(v.in > 1 ? unsigned(v.in) : 1);
    b.x = strides_of(v.x), b.y = strides_of(v.y);
    b.depth = v.x.depth, b.height = v.x.height, b.width = v.x.width;
    b.elements_channels_last = channels_last(v.x, v.in);
    b.w                      = filter_strides_of(v);
    b.bias_stride            = unsigned(v.bias_stride);
    b.x_data = static_cast<const T *>(v.x.data), b.w_data = static_cast<const T *>(v.w);
    b.x_vectorized  = b.elements_channels_last && channels_vectorizable<T>(v.x, v.in);
    b.w_vectorized  = filters_vectorizable<T>(v, b.elements_channels_last);
    b.x_in_chunks   = b.elements_channels_last && channels_vectorizable<T>(v.x, v.in, vector<T>::width);
    b.w_in_chunks   = filters_vectorizable<T>(v, b.elements_channels_last, vector<T>::width);
    b.reads_padding = reads_padding(v);
    b.to            = epilogue_of<T, typename Phases::axis>(v);
}

template <class T>
conv2d_batch<T> batch_of(const gli_convolution &v, const image_phases &phases) {
    conv2d_batch<T> b = {};
    fill(b, v, phases);
    return b;
}

template <class T>
conv3d_batch<T> batch_of(const gli_convolution &v, const volume_phases &phases) {
    conv3d_batch<T> b = {};
    fill(b, v, phases);
    return b;
}

/* Calls f(batch, size, phases, run with the rest of the workspace) for each launch, with the filters packed where that
 * is worth it. */
template <class T, class Phases, class F>
cudaError_t each_launch(gli_convolution v, const gli_gemm_run &run, F f) {
    gli_gemm_run rest = run;
    rest.workspace    = static_cast<char *>(run.workspace) + packed_bytes(v);
    if (wants_packed_filters(v) && channels_last(v.x, v.in) && v.w_in != 1) {
        const cudaError_t error = pack_filters(&v, run.workspace, run.stream);
        if (error != cudaSuccess) return error;
    }
    return each_chunk<Phases>(v, [&](const Phases &p) { return f(batch_of<T>(v, p), size_of(v, p), p, rest); });
}

template <class Phases>
size_t workspace_of(const gli_convolution &v) {
    const size_t element = v.dtype == GLIA_F64 ? sizeof(double) : sizeof(float);
    size_t max           = 0;
    (void)each_chunk<Phases>(v, [&](const Phases &p) {
        const gemm_size size = size_of(v, p);
        const size_t bytes   = partial_count(size, split_k_for(size)) * element;
        max                  = bytes > max ? bytes : max;
        return cudaSuccess;
    });
    return packed_bytes(v) + max;
}

/* The gradient with respect to the filters. */
inline gemm_size filter_size_of(const gli_convolution &v) {
    return {v.groups, v.out, v.in * v.t * v.r * v.s, v.n * v.y.depth * v.y.height * v.y.width, v.has_bias};
}

/* Groups of few weights. */
inline bool filters_too_narrow_for_tiles(const gemm_size &s) {
    enum { FEW_WEIGHTS = 32 };
    return int64_t(s.m) * s.n <= FEW_WEIGHTS;
}

template <class T, class Phases>
void fill(conv_filter_batch<T, Phases> &b, const gli_convolution &v) {
    b.phases = Phases::forward(v);
    b.n = v.n, b.in = v.in, b.out = v.out;
    b.by_in = divide_by(v.in > 1 ? unsigned(v.in) : 1);
    b.x = strides_of(v.x), b.y = strides_of(v.y);
    b.depth = v.x.depth, b.height = v.x.height, b.width = v.x.width;
    b.elements_channels_last = channels_last(v.x, v.in);
    b.pixels_contiguous      = !channels_last(v.y, v.out);
    b.w                      = filter_strides_of(v);
    b.x_data = static_cast<const T *>(v.x.data), b.y_data = static_cast<const T *>(v.y.data);
    b.x_vectorized       = b.elements_channels_last && channels_vectorizable<T>(v.x, v.in);
    b.y_vectorized       = !b.pixels_contiguous && channels_vectorizable<T>(v.y, v.out);
    b.x_in_chunks        = b.elements_channels_last && channels_vectorizable<T>(v.x, v.in, vector<T>::width);
    b.y_in_chunks        = !b.pixels_contiguous && channels_vectorizable<T>(v.y, v.out, vector<T>::width);
    b.reads_padding      = reads_padding(v);
    b.to.data            = static_cast<compute<T> *>(v.w);
    b.to.row_axis.stride = unsigned(v.w_out);
    b.to.alpha           = 1;
    b.to.row_sums        = static_cast<compute<T> *>(v.has_bias ? v.bias : nullptr);
    b.to.row_sums_stride = unsigned(v.bias_stride);
}

template <class T>
conv2d_filter_batch<T> filter_batch_of(const gli_convolution &v) {
    conv2d_filter_batch<T> b = {};
    fill(b, v);
    return b;
}

template <class T>
conv3d_filter_batch<T> volume_filter_batch_of(const gli_convolution &v) {
    conv3d_filter_batch<T> b = {};
    fill(b, v);
    return b;
}

}  // namespace glia

#endif
