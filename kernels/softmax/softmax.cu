/* Two kernels for each direction, which read once for the sums of an item and once for its outputs.
 *
 * rows: inner is 1; the second read is from shared memory, where the row fits into that of a block or a cluster.
 * columns: other inner; a block has some columns and several threads for each. */
#include "kernels/softmax/softmax_launch.h"

#include "kernels/device/rows.cuh"
#include "kernels/device/softmax_sums.cuh"

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

/* In a row without a finite maximum every result is NaN. */
template <class T, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) softmax_rows(rows_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width;
    GLI_DYNAMIC_SHARED(team_memory<C>, shared);
    row_team<WHOLE_BLOCK> team(j.shape);
    const int64_t row       = team.row();
    const row_packs<T, 1> x = packs_of(j.shape, team, row, {j.x}, places_behind<T>(shared), -C(INFINITY));
    softmax_sums<T> s       = softmax_sums<T>::none();
    x.visit(false, [&](int, const C(&values)[1][width]) { s.add(values[0]); });
    s.merge(team, *shared);
    const C inverse = 1 / s.sum, logarithm = log(s.sum);
    x.visit(true, [&](int first, C(&values)[1][width]) {
        if (j.log)
            for (C &value : values[0]) value = value - s.max - logarithm;
        else
            for (C &value : values[0]) value = exp_for<T>(value - s.max) * inverse;
        store_pack(j.y + row * j.shape.length + first, j.shape.length - first, j.shape.wide, values[0]);
    });
}

/* The gradient of an item, whose dy are multiplied by `by`, a power of two: 1, but where a sum of dy leaves their
 * range.
 */
template <class T>
struct item_gradient {
    typedef compute<T> C;
    bool log;
    C by = 1, sum = 0;

    __device__ C term(C y, C dy) const { return log ? dy * by : dy * by * y; }
    __device__ C dx(C y, C dy) const { return (log ? dy * by - exp_for<T>(y) * sum : y * (dy * by - sum)) * (1 / by); }
    /* Whether dy less the sum is a number of C, whatever dy is. */
    __device__ bool fits() const { return fabs(sum) <= -lowest<C>() * C(0x1p-60); }
    /* Before another sum; one that fits gets the same again, whatever its neighbours in the warp need. */
    __device__ void scale_down(int length) {
        if (!fits()) by = ldexp(C(1), -2 - ilogb(C(length)));
        sum = 0;
    }
};

template <class T, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) softmax_backward_rows(rows_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width;
    GLI_DYNAMIC_SHARED(team_memory<C>, shared);
    row_team<WHOLE_BLOCK> team(j.shape);
    const int64_t row         = team.row();
    const row_packs<T, 2> x   = packs_of(j.shape, team, row, {j.x, j.dy}, places_behind<T>(shared), C(0));
    item_gradient<T> gradient = {j.log};
    for (bool again = false;; again = true) {
        x.visit(again, [&](int, const C(&values)[2][width]) {
            for (int k = 0; k < width; ++k) gradient.sum += gradient.term(values[0][k], values[1][k]);
        });
        gradient.sum = team.all(plus(), gradient.sum, *shared);
        if (again || !__any_sync(EVERY_LANE, !gradient.fits())) break; /* the warp stays converged */
        gradient.scale_down(j.shape.length);
    }
    x.visit(true, [&](int first, const C(&values)[2][width]) {
        C dx[width];
        for (int k = 0; k < width; ++k) dx[k] = gradient.dx(values[0][k], values[1][k]);
        store_pack(j.y + row * j.shape.length + first, j.shape.length - first, j.shape.wide, dx);
    });
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

template <class T>
__global__ void __launch_bounds__(THREADS) softmax_columns(columns_job<T> j) {
    typedef compute<T> C;
    __shared__ softmax_sums<T> shared[1][THREADS];
    const thread_column column(j);
    softmax_sums<T> all = softmax_sums<T>::none();
    for (int i = column.first; column.active && i < j.length; i += column.step)
        all.add(to_compute(j.x[column.base + int64_t(i) * j.inner]));
    shared[0][threadIdx.x] = all;
    merge_columns(shared, j.across);
    all             = shared[0][threadIdx.x % j.across];
    const C inverse = 1 / all.sum, logarithm = log(all.sum);
    for (int i = column.first; column.active && i < j.length; i += column.step) {
        const int64_t element = column.base + int64_t(i) * j.inner;
        const C x             = to_compute(j.x[element]) - all.max;
        j.y[element]          = round_to<T>(j.log ? x - logarithm : exp_for<T>(x) * inverse);
    }
}

template <class T>
__global__ void __launch_bounds__(THREADS) softmax_backward_columns(columns_job<T> j) {
    typedef compute<T> C;
    __shared__ sums<C, 1> shared[1][THREADS];
    const thread_column column(j);
    item_gradient<T> gradient = {j.log};
    const auto add            = [&](int i) {
        const int64_t element = column.base + int64_t(i) * j.inner;
        gradient.sum += gradient.term(to_compute(j.x[element]), to_compute(j.dy[element]));
    };
    for (int i = column.first; column.active && i < j.length; i += column.step) add(i);
    shared[0][threadIdx.x] = {{gradient.sum}};
    merge_columns(shared, j.across);
    gradient.sum = shared[0][threadIdx.x % j.across].at[0];
    if (!gradient.fits()) { /* each thread sums its column alone, before another writes dx, which may be dy */
        gradient.scale_down(j.length);
        for (int i = 0; column.active && i < j.length; ++i) add(i);
    }
    __syncthreads();
    for (int i = column.first; column.active && i < j.length; i += column.step) {
        const int64_t element = column.base + int64_t(i) * j.inner;
        j.y[element]          = round_to<T>(gradient.dx(to_compute(j.x[element]), to_compute(j.dy[element])));
    }
}

template <class T, bool WHOLE_BLOCK>
cudaError_t launch_rows(const rows_job<T> &j, cudaStream_t stream) {
    const int blocks = row_blocks(j.shape), threads = j.shape.threads, cluster = j.shape.cluster;
    if (j.dy)
        return GLI_LAUNCH_CLUSTERS((softmax_backward_rows<T, WHOLE_BLOCK>), cluster, blocks, threads,
                                   row_bytes(j.shape, 2), stream, j);
    return GLI_LAUNCH_CLUSTERS((softmax_rows<T, WHOLE_BLOCK>), cluster, blocks, threads, row_bytes(j.shape, 1), stream,
                               j);
}

template <class T>
cudaError_t rows(rows_job<T> j, int rows, int length, cudaStream_t stream) {
    const bool wide         = wide_rows<T>(j.x, length) && aligned16(j.dy) && aligned16(j.y);
    const void *kernel      = j.dy ? gli_address(softmax_backward_rows<T, true>) : gli_address(softmax_rows<T, true>);
    const cudaError_t error = shape_rows<T>(j.shape, rows, length, j.dy ? 2 : 1, wide, kernel);
    if (error != cudaSuccess) return error;
    return j.shape.team > LANES ? launch_rows<T, true>(j, stream) : launch_rows<T, false>(j, stream);
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
    if (g.inner == 1) return rows<T>({{}, input, gradient, output, g.log != 0}, g.outer, g.length, stream);
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
