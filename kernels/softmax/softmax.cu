/* Two kernels for each direction.
 *
 * rows: inner is 1, and a row fits into the registers of some lanes or of a block, where it stays between its one read
 * and its one write.
 * columns: any inner, and longer rows; a block has some columns and several threads for each. The maximum and the sum
 * of a column come from one read (the online softmax of Milakov and Gimelshein), the outputs from a second one. */
#include "kernels/softmax/softmax_launch.h"

#include "kernels/device/rows.cuh"

namespace glia {
namespace {

enum { THREADS = 256 };

template <class T>
struct rows_job {
    row_shape shape;
    const T *x, *dy; /* backward, x is y; forward, dy is NULL */
    T *y;
    bool log;
};

/* Beyond the end of the row a thread has -infinity, whose exp is 0. In a row without a finite maximum it is NaN, as is
 * the whole row. */
template <class T, int PACKS, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) softmax_rows(rows_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width;
    __shared__ C shared[ROW_WARPS];
    const row_team<T, PACKS, WHOLE_BLOCK> team(j.shape);
    const int64_t row = team.first_row(j.shape), start = row * j.shape.length;
    const bool active = row < j.shape.rows;
    C values[PACKS][vector<T>::width], max = -C(INFINITY), sum = 0;
#pragma unroll
    for (int p = 0; p < PACKS; ++p) {
        load_pack(j.x + start + team.begin(p), active ? team.count(p) : 0, j.shape.wide, values[p], -C(INFINITY));
        for (int k = 0; k < width; ++k) max = maximum()(max, values[p][k]);
    }
    max = team.all(maximum(), max, shared);
#pragma unroll
    for (int p = 0; p < PACKS; ++p)
        for (int k = 0; k < width; ++k) {
            const C e = exp(values[p][k] - max);
            sum += e;
            values[p][k] = j.log ? values[p][k] - max : e;
        }
    sum             = team.all(plus(), sum, shared);
    const C inverse = 1 / sum, logarithm = log(sum);
#pragma unroll
    for (int p = 0; p < PACKS; ++p) {
        for (int k = 0; k < width; ++k) values[p][k] = j.log ? values[p][k] - logarithm : values[p][k] * inverse;
        store_pack(j.y + start + team.begin(p), active ? team.count(p) : 0, j.shape.wide, values[p]);
    }
}

template <class T, int PACKS, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) softmax_backward_rows(rows_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width;
    __shared__ C shared[ROW_WARPS];
    const row_team<T, PACKS, WHOLE_BLOCK> team(j.shape);
    const int64_t row = team.first_row(j.shape), start = row * j.shape.length;
    const bool active = row < j.shape.rows;
    C y[PACKS][vector<T>::width], dy[PACKS][vector<T>::width], sum = 0;
#pragma unroll
    for (int p = 0; p < PACKS; ++p) {
        load_pack(j.x + start + team.begin(p), active ? team.count(p) : 0, j.shape.wide, y[p]);
        load_pack(j.dy + start + team.begin(p), active ? team.count(p) : 0, j.shape.wide, dy[p]);
        for (int k = 0; k < width; ++k) sum += j.log ? dy[p][k] : dy[p][k] * y[p][k];
    }
    sum = team.all(plus(), sum, shared);
#pragma unroll
    for (int p = 0; p < PACKS; ++p) {
        for (int k = 0; k < width; ++k) y[p][k] = j.log ? dy[p][k] - exp(y[p][k]) * sum : y[p][k] * (dy[p][k] - sum);
        store_pack(j.y + start + team.begin(p), active ? team.count(p) : 0, j.shape.wide, y[p]);
    }
}

template <class T>
struct columns_job {
    const T *x, *dy;
    T *y;
    int columns, length, inner;
    int across; /* columns of a block */
    bool log;
};

/* The column of a thread, of which it takes the elements first, first + step, ... */
struct thread_column {
    bool active;
    int64_t base;
    int first, step;

    template <class T>
    __device__ explicit thread_column(const columns_job<T> &j) {
        const int64_t column = int64_t(blockIdx.x) * j.across + threadIdx.x % j.across;
        active               = column < j.columns;
        base                 = column / j.inner * j.length * j.inner + column % j.inner;
        first                = threadIdx.x / j.across;
        step                 = THREADS / j.across;
    }
};

/* The maximum so far, and the sum of exp(x - max). Of no elements, and of -infinity alone, the sum is 0. */
template <class C>
struct scaled_sum {
    C max, sum;
    __device__ static C scale(C from, C to) { return from == to ? C(1) : exp(from - to); }
    __device__ void merge(const scaled_sum &other) {
        const C both = maximum()(max, other.max);
        sum          = sum * scale(max, both) + other.sum * scale(other.max, both);
        max          = both;
    }
    __device__ void add(C x) {
        if (x > max) {
            sum *= scale(max, x);
            max = x;
        }
        if (x != -C(INFINITY)) sum += exp(x - max);
    }
};

template <class T>
__global__ void __launch_bounds__(THREADS) softmax_columns(columns_job<T> j) {
    typedef compute<T> C;
    __shared__ scaled_sum<C> shared[1][THREADS];
    const thread_column column(j);
    scaled_sum<C> all = {-C(INFINITY), 0};
    for (int i = column.first; column.active && i < j.length; i += column.step)
        all.add(to_compute(j.x[column.base + int64_t(i) * j.inner]));
    shared[0][threadIdx.x] = all;
    merge_columns(shared, j.across);
    all             = shared[0][threadIdx.x % j.across];
    const C inverse = 1 / all.sum, logarithm = log(all.sum);
    for (int i = column.first; column.active && i < j.length; i += column.step) {
        const int64_t element = column.base + int64_t(i) * j.inner;
        const C x             = to_compute(j.x[element]) - all.max;
        j.y[element]          = round_to<T>(j.log ? x - logarithm : exp(x) * inverse);
    }
}

template <class T>
__global__ void __launch_bounds__(THREADS) softmax_backward_columns(columns_job<T> j) {
    typedef compute<T> C;
    __shared__ sums<C, 1> shared[1][THREADS];
    const thread_column column(j);
    C sum = 0;
    for (int i = column.first; column.active && i < j.length; i += column.step) {
        const int64_t element = column.base + int64_t(i) * j.inner;
        sum += j.log ? to_compute(j.dy[element]) : to_compute(j.dy[element]) * to_compute(j.x[element]);
    }
    shared[0][threadIdx.x] = {{sum}};
    merge_columns(shared, j.across);
    sum = shared[0][threadIdx.x % j.across].at[0];
    for (int i = column.first; column.active && i < j.length; i += column.step) {
        const int64_t element = column.base + int64_t(i) * j.inner;
        const C y = to_compute(j.x[element]), dy = to_compute(j.dy[element]);
        j.y[element] = round_to<T>(j.log ? dy - exp(y) * sum : y * (dy - sum));
    }
}

template <class T, int PACKS, bool WHOLE_BLOCK>
cudaError_t launch_rows(const rows_job<T> &j, cudaStream_t stream) {
    const int blocks = row_blocks(j.shape);
    if (j.dy) return GLI_LAUNCH((softmax_backward_rows<T, PACKS, WHOLE_BLOCK>), blocks, ROW_THREADS, 0, stream, j);
    return GLI_LAUNCH((softmax_rows<T, PACKS, WHOLE_BLOCK>), blocks, ROW_THREADS, 0, stream, j);
}

/* Neighbouring columns for neighbouring threads; fewer columns and more threads for each where columns are long. */
template <class T>
cudaError_t columns(columns_job<T> j, cudaStream_t stream) {
    j.across = 1;
    while (j.inner > 1 && j.across < j.columns && j.across < THREADS) j.across *= 2;
    while (j.across > LANES && THREADS / j.across * 8 < j.length) j.across /= 2;
    const int blocks = blocks_for(j.columns, j.across);
    if (j.dy) return GLI_LAUNCH(softmax_backward_columns<T>, blocks, THREADS, 0, stream, j);
    return GLI_LAUNCH(softmax_columns<T>, blocks, THREADS, 0, stream, j);
}

template <class T>
cudaError_t softmax(const gli_softmax_geom &g, const void *x, const void *dy, void *y, cudaStream_t stream) {
    const T *input = static_cast<const T *>(x), *gradient = static_cast<const T *>(dy);
    T *output = static_cast<T *>(y);
    if (g.inner == 1 && g.length <= MAX_PACKS * ROW_THREADS * vector<T>::width) {
        const bool wide     = wide_rows<T>(x, g.length) && wide_rows<T>(dy, g.length) && wide_rows<T>(y, g.length);
        const rows_job<T> j = {shape_rows<T>(g.outer, g.length, wide), input, gradient, output, g.log != 0};
        return GLI_FOR_ROWS(j.shape, PACKS, WHOLE_BLOCK, launch_rows<T, PACKS, WHOLE_BLOCK>(j, stream));
    }
    return columns<T>({input, gradient, output, g.outer * g.inner, g.length, g.inner, 0, g.log != 0}, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_softmax(const gli_softmax_geom *geom, glia_dtype dtype, const void *x, void *y,
                               cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::softmax<T>(*geom, x, nullptr, y, stream));
}

cudaError_t gli_kernel_softmax_backward(const gli_softmax_geom *geom, glia_dtype dtype, const void *y, const void *dy,
                                        void *dx, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::softmax<T>(*geom, y, dy, dx, stream));
}
