/* rows: inner is 1, and the row stays in the registers of some lanes or of a block: one read.
 * columns: any inner, and rows too long for that; a block has some columns and several threads for each. The statistics
 * of a column come from one read, the outputs from a second one. */
#include "kernels/softmax/softmax_launch.h"

#include "kernels/device/rows.cuh"

namespace glia {
namespace {

enum { THREADS = 256 };

template <class T>
struct rows_job {
    row_shape shape;
    const T *x, *dy; /* x: of the backward op y; dy: of the forward op absent */
    T *y;
    bool log;
};

/* Beyond the end of the row a thread holds -infinity, whose exp is 0; where it is not, as in a row without a finite
 * maximum, the whole row is NaN. */
template <class T, int PACKS, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) softmax_rows(rows_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width;
    __shared__ C shared[ROW_WARPS];
    const row_team<T, PACKS, WHOLE_BLOCK> team(j.shape);
    const int64_t row = team.first_row(j.shape), start = row * j.shape.length;
    const bool active = row < j.shape.rows;
    C values[PACKS][vector<T>::width], most = -C(INFINITY), sum = 0;
#pragma unroll
    for (int p = 0; p < PACKS; ++p) {
        load_pack(j.x + start + team.begin(p), active ? team.count(p) : 0, j.shape.wide, values[p], -C(INFINITY));
        for (int k = 0; k < width; ++k) most = larger()(most, values[p][k]);
    }
    most = team.all(larger(), most, shared);
#pragma unroll
    for (int p = 0; p < PACKS; ++p)
        for (int k = 0; k < width; ++k) {
            const C e = exp(values[p][k] - most);
            sum += e;
            values[p][k] = j.log ? values[p][k] - most : e;
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

/* The column of a thread, and its elements of it: first, first + down, ... */
struct place {
    bool active;
    int64_t base;
    int first, down;

    template <class T>
    __device__ explicit place(const columns_job<T> &j) {
        const int64_t column = int64_t(blockIdx.x) * j.across + threadIdx.x % j.across;
        active               = column < j.columns;
        base                 = column / j.inner * j.length * j.inner + column % j.inner;
        first                = threadIdx.x / j.across;
        down                 = THREADS / j.across;
    }
};

/* The maximum so far, and the sum of the exp of the elements minus it. Of no elements, and of -infinity alone, the sum
 * is 0. */
template <class C>
struct scaled_sum {
    C most, sum;
    __device__ static C scale(C from, C to) { return from == to ? C(1) : exp(from - to); }
    __device__ void merge(const scaled_sum &other) {
        const C both = larger()(most, other.most);
        sum          = sum * scale(most, both) + other.sum * scale(other.most, both);
        most         = both;
    }
    __device__ void add(C x) {
        if (x > most) {
            sum *= scale(most, x);
            most = x;
        }
        if (x != -C(INFINITY)) sum += exp(x - most);
    }
};

template <class T>
__global__ void __launch_bounds__(THREADS) softmax_columns(columns_job<T> j) {
    typedef compute<T> C;
    __shared__ scaled_sum<C> shared[1][THREADS];
    const place at(j);
    scaled_sum<C> all = {-C(INFINITY), 0};
    for (int i = at.first; at.active && i < j.length; i += at.down) all.add(widen(j.x[at.base + int64_t(i) * j.inner]));
    shared[0][threadIdx.x] = all;
    merge_columns(shared, j.across);
    all             = shared[0][threadIdx.x % j.across];
    const C inverse = 1 / all.sum, logarithm = log(all.sum);
    for (int i = at.first; at.active && i < j.length; i += at.down) {
        const int64_t element = at.base + int64_t(i) * j.inner;
        const C x             = widen(j.x[element]) - all.most;
        j.y[element]          = narrow<T>(j.log ? x - logarithm : exp(x) * inverse);
    }
}

template <class T>
__global__ void __launch_bounds__(THREADS) softmax_backward_columns(columns_job<T> j) {
    typedef compute<T> C;
    __shared__ sums<C, 1> shared[1][THREADS];
    const place at(j);
    C sum = 0;
    for (int i = at.first; at.active && i < j.length; i += at.down) {
        const int64_t element = at.base + int64_t(i) * j.inner;
        sum += j.log ? widen(j.dy[element]) : widen(j.dy[element]) * widen(j.x[element]);
    }
    shared[0][threadIdx.x] = {{sum}};
    merge_columns(shared, j.across);
    sum = shared[0][threadIdx.x % j.across].at[0];
    for (int i = at.first; at.active && i < j.length; i += at.down) {
        const int64_t element = at.base + int64_t(i) * j.inner;
        const C y = widen(j.x[element]), dy = widen(j.dy[element]);
        j.y[element] = narrow<T>(j.log ? dy - exp(y) * sum : y * (dy - sum));
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
cudaError_t softmax(const gli_softmax_shape &s, const void *x, const void *dy, void *y, cudaStream_t stream) {
    const T *input = static_cast<const T *>(x), *gradient = static_cast<const T *>(dy);
    T *output = static_cast<T *>(y);
    if (s.inner == 1 && s.length <= MOST_PACKS * ROW_THREADS * vector<T>::width) {
        const bool wide     = wide_rows<T>(x, s.length) && wide_rows<T>(dy, s.length) && wide_rows<T>(y, s.length);
        const rows_job<T> j = {shape_rows<T>(s.outer, s.length, wide), input, gradient, output, s.log};
        return GLI_FOR_ROWS(j.shape, PACKS, WHOLE_BLOCK, launch_rows<T, PACKS, WHOLE_BLOCK>(j, stream));
    }
    return columns<T>({input, gradient, output, s.outer * s.inner, s.length, s.inner, 0, s.log}, stream);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_softmax(glia_dtype dtype, const gli_softmax_shape *shape, const void *x, void *y,
                               cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::softmax<T>(*shape, x, nullptr, y, stream));
}

cudaError_t gli_kernel_softmax_backward(glia_dtype dtype, const gli_softmax_shape *shape, const void *y, const void *dy,
                                        void *dx, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::softmax<T>(*shape, y, dy, dx, stream));
}
