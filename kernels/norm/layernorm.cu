/* rows: a row stays in registers, one read. Mean first, then the squared deviations from it, of differences from the
 * first number (centered.cuh). Backward, the teams of a
 * block take several rows and keep the gradients of the weight and bias of their columns, so that x and dy are
 * read once; a second launch adds up what the blocks found.
 *
 * long: rows that registers do not hold. Welford's statistics in one read, the output in a second one; the gradients of
 * weight and bias in a launch of their own. */
#include "kernels/norm/layernorm_launch.h"

#include "kernels/device/rows.cuh"
#include "kernels/device/reduce_partials.cuh"
#include "kernels/norm/centered.cuh"

namespace glia {
namespace {

enum { BACKWARD_PACKS = 4 }; /* of x, of dy and of both gradients, which all stay in registers */

template <class T>
struct forward_job {
    row_shape shape;
    compute<T> epsilon;
    const T *x, *weight, *bias;
    T *y, *mean, *rstd;
};

/* values, centered, become their outputs; n of them, from column `first` on. */
template <class T>
__device__ inline void normalize(const forward_job<T> &j, int first, int n, compute<T> mean, compute<T> rstd,
                                 compute<T> (&values)[vector<T>::width]) {
    compute<T> weight[vector<T>::width], bias[vector<T>::width];
    load_pack(j.weight + first, j.weight ? n : 0, j.shape.wide, weight, compute<T>(1));
    load_pack(j.bias + first, j.bias ? n : 0, j.shape.wide, bias);
    for (int k = 0; k < vector<T>::width; ++k) values[k] = weight[k] * ((values[k] - mean) * rstd) + bias[k];
}

template <class T>
__device__ inline void write_statistics(const forward_job<T> &j, int64_t row, compute<T> mean, compute<T> rstd) {
    if (j.mean) j.mean[row] = round_to<T>(mean);
    if (j.rstd) j.rstd[row] = round_to<T>(rstd);
}

/* The first number of a row, from which the others are taken as differences; 0 where there is none. */
template <class T>
__device__ inline compute<T> first_of_row(const forward_job<T> &j, int64_t row) {
    return row < j.shape.rows && j.shape.length > 0 ? to_compute(j.x[row * j.shape.length]) : compute<T>(0);
}

template <class T, int PACKS, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) layernorm_rows(forward_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width;
    __shared__ C shared[ROW_WARPS];
    const row_team<T, PACKS, WHOLE_BLOCK> team(j.shape);
    const int64_t row = team.first_row(j.shape), start = row * j.shape.length;
    const bool active = row < j.shape.rows;
    const C first     = first_of_row(j, row);
    centered<C> at    = centered_at(first);
    C values[PACKS][vector<T>::width], mean, variance;
    for (bool again = false;; again = true) {
        C sum = 0, squares = 0;
#pragma unroll
        for (int p = 0; p < PACKS; ++p) {
            load_pack(j.x + start + team.begin(p), active ? team.count(p) : 0, j.shape.wide, values[p], first);
            for (int k = 0; k < width; ++k) values[p][k] = at.of(values[p][k]), sum += values[p][k];
        }
        mean = team.all(plus(), sum, shared) / C(j.shape.length);
#pragma unroll
        for (int p = 0; p < PACKS; ++p)
            for (int k = 0; k < width; ++k)
                squares += k < team.count(p) ? (values[p][k] - mean) * (values[p][k] - mean) : C(0);
        variance = team.all(plus(), squares, shared) / C(j.shape.length) + at.scaled(j.epsilon);
        if (again || !__any_sync(EVERY_LANE, at.rescale(variance))) break; /* teams of a warp stay together */
    }
    const C rstd = 1 / sqrt(variance);
#pragma unroll
    for (int p = 0; p < PACKS; ++p) {
        const int n = active ? team.count(p) : 0;
        normalize(j, team.begin(p), n, mean, rstd, values[p]);
        store_pack(j.y + start + team.begin(p), n, j.shape.wide, values[p]);
    }
    if (active && team.lane == 0) write_statistics(j, row, at.mean(mean), rstd * at.by);
}

template <class T>
__global__ void __launch_bounds__(ROW_THREADS, 1) layernorm_long(forward_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width, length = j.shape.length;
    __shared__ moments<C> shared[ROW_WARPS];
    const int64_t start = int64_t(blockIdx.x) * length;
    centered<C> at      = centered_at(first_of_row(j, blockIdx.x));
    C values[vector<T>::width], variance;
    moments<C> all;
    for (bool again = false;; again = true) {
        all = {0, 0, 0};
        for (int first = threadIdx.x * width; first < length; first += ROW_THREADS * width) {
            load_pack(j.x + start + first, length - first, j.shape.wide, values);
            all.merge(moments_of(at, values, min(width, length - first)));
        }
        all      = block_merge(all, shared);
        variance = all.squares / C(length) + at.scaled(j.epsilon);
        if (again || !at.rescale(variance)) break;
        __syncthreads(); /* `shared` is read for the last time */
    }
    const C rstd = 1 / sqrt(variance);
    for (int first = threadIdx.x * width; first < length; first += ROW_THREADS * width) {
        load_pack(j.x + start + first, length - first, j.shape.wide, values);
        for (int k = 0; k < width; ++k) values[k] = at.of(values[k]);
        normalize(j, first, length - first, all.mean, rstd, values);
        store_pack(j.y + start + first, length - first, j.shape.wide, values);
    }
    if (threadIdx.x == 0) write_statistics(j, blockIdx.x, at.mean(all.mean), rstd * at.by);
}

template <class T>
struct backward_job {
    row_shape shape;
    const T *x, *dy, *weight, *mean, *rstd;
    T *dx;
    compute<T> *partials; /* of dweight and dbias: [slices][2][length]; NULL: neither is requested */
};

/* Of a pack from column `first` on, whose x become xhat: the gradients of xhat. */
template <class T>
__device__ inline void load_gradients(const backward_job<T> &j, int64_t start, int first, int n, compute<T> mean,
                                      compute<T> rstd, compute<T> (&xhat)[vector<T>::width],
                                      compute<T> (&dy)[vector<T>::width]) {
    load_pack(j.x + start + first, n, j.shape.wide, xhat, mean);
    load_pack(j.dy + start + first, n, j.shape.wide, dy);
    for (int k = 0; k < vector<T>::width; ++k) xhat[k] = (xhat[k] - mean) * rstd;
}

template <class T>
__device__ inline void scale_gradients(const backward_job<T> &j, int first, int n, compute<T> (&dy)[vector<T>::width]) {
    compute<T> weight[vector<T>::width];
    load_pack(j.weight + first, j.weight ? n : 0, j.shape.wide, weight, compute<T>(1));
    for (int k = 0; k < vector<T>::width; ++k) dy[k] *= weight[k];
}

/* What one thread knows of dweight and dbias. */
template <class T, int PACKS>
struct column_sums {
    compute<T> weight[PACKS][vector<T>::width], bias[PACKS][vector<T>::width];

    /* Adds what the teams of the warp have of the same columns. */
    __device__ void gather(int team) {
        for (int distance = team; distance < LANES; distance *= 2)
#pragma unroll
            for (int p = 0; p < PACKS; ++p)
                for (int k = 0; k < vector<T>::width; ++k) {
                    weight[p][k] += __shfl_xor_sync(EVERY_LANE, weight[p][k], distance);
                    bias[p][k] += __shfl_xor_sync(EVERY_LANE, bias[p][k], distance);
                }
    }
};

/* A block has several rows; a thread has the same columns of each. */
template <class T, int PACKS, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) layernorm_backward_rows(backward_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width, length = j.shape.length, at_once = ROW_THREADS / j.shape.team;
    __shared__ C shared[ROW_WARPS];
    const row_team<T, PACKS, WHOLE_BLOCK> team(j.shape);
    column_sums<T, PACKS> columns = {};
    for (int64_t first = int64_t(blockIdx.x) * at_once; first < j.shape.rows; first += int64_t(gridDim.x) * at_once) {
        const int64_t row = first + threadIdx.x / j.shape.team, start = row * length;
        const bool active = row < j.shape.rows;
        const C mean = active ? to_compute(j.mean[row]) : C(0), rstd = active ? to_compute(j.rstd[row]) : C(0);
        C xhat[PACKS][vector<T>::width], g[PACKS][vector<T>::width], sum = 0, dot = 0;
#pragma unroll
        for (int p = 0; p < PACKS; ++p) {
            const int n = active ? team.count(p) : 0;
            load_gradients(j, start, team.begin(p), n, mean, rstd, xhat[p], g[p]);
            for (int k = 0; k < width; ++k) {
                columns.weight[p][k] += g[p][k] * xhat[p][k];
                columns.bias[p][k] += g[p][k];
            }
            scale_gradients(j, team.begin(p), n, g[p]);
            for (int k = 0; k < width; ++k) sum += g[p][k], dot += g[p][k] * xhat[p][k];
        }
        sum = team.all(plus(), sum, shared) / C(length);
        dot = team.all(plus(), dot, shared) / C(length);
#pragma unroll
        for (int p = 0; p < PACKS; ++p) {
            for (int k = 0; k < width; ++k) g[p][k] = rstd * (g[p][k] - sum - xhat[p][k] * dot);
            store_pack(j.dx + start + team.begin(p), active ? team.count(p) : 0, j.shape.wide, g[p]);
        }
    }
    if (!j.partials) return;
    const int warp = threadIdx.x / LANES;
    if (!WHOLE_BLOCK) columns.gather(j.shape.team);
    if (!WHOLE_BLOCK && int(threadIdx.x) % LANES >= j.shape.team) return;
    C *out = j.partials + int64_t(WHOLE_BLOCK ? blockIdx.x : blockIdx.x * ROW_WARPS + warp) * 2 * length;
#pragma unroll
    for (int p = 0; p < PACKS; ++p)
        for (int k = 0; k < width && k < team.count(p); ++k) {
            out[team.begin(p) + k]          = columns.weight[p][k];
            out[team.begin(p) + k + length] = columns.bias[p][k];
        }
}

template <class T>
__global__ void __launch_bounds__(ROW_THREADS, 1) layernorm_backward_long(backward_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width, length = j.shape.length;
    __shared__ sums<C, 2> shared[ROW_WARPS];
    const int64_t start = int64_t(blockIdx.x) * length;
    const C mean = to_compute(j.mean[blockIdx.x]), rstd = to_compute(j.rstd[blockIdx.x]);
    C xhat[vector<T>::width], g[vector<T>::width];
    sums<C, 2> all = {{0, 0}};
    for (int first = threadIdx.x * width; first < length; first += ROW_THREADS * width) {
        load_gradients(j, start, first, length - first, mean, rstd, xhat, g);
        scale_gradients(j, first, length - first, g);
        for (int k = 0; k < width; ++k) all.at[0] += g[k], all.at[1] += g[k] * xhat[k];
    }
    all         = block_merge(all, shared);
    const C sum = all.at[0] / C(length), dot = all.at[1] / C(length);
    for (int first = threadIdx.x * width; first < length; first += ROW_THREADS * width) {
        load_gradients(j, start, first, length - first, mean, rstd, xhat, g);
        scale_gradients(j, first, length - first, g);
        for (int k = 0; k < width; ++k) g[k] = rstd * (g[k] - sum - xhat[k] * dot);
        store_pack(j.dx + start + first, length - first, j.shape.wide, g);
    }
}

/* A thread has a column; blockIdx.y has every gridDim.y-th row. */
template <class T>
__global__ void __launch_bounds__(ROW_THREADS, 1) layernorm_columns(backward_job<T> j) {
    typedef compute<T> C;
    const int column = blockIdx.x * ROW_THREADS + threadIdx.x, length = j.shape.length;
    if (column >= length) return;
    C weight = 0, bias = 0;
    for (int row = blockIdx.y; row < j.shape.rows; row += gridDim.y) {
        const int64_t offset = int64_t(row) * length + column;
        const C dy           = to_compute(j.dy[offset]);
        weight += dy * ((to_compute(j.x[offset]) - to_compute(j.mean[row])) * to_compute(j.rstd[row]));
        bias += dy;
    }
    C *out               = j.partials + int64_t(blockIdx.y) * 2 * length;
    out[column]          = weight;
    out[column + length] = bias;
}

template <class T>
bool fits(int size, int packs) {
    return size <= packs * ROW_THREADS * vector<T>::width;
}

template <class T>
cudaError_t layernorm(const gli_layernorm_geom &g, const gli_norm_arrays &a, cudaStream_t stream) {
    const int rows = g.rows, size = g.size;
    const bool wide        = wide_rows<T>(a.x, size) && aligned16(a.y) && aligned16(a.weight) && aligned16(a.bias);
    const row_shape longer = {rows, size, ROW_THREADS, 0, wide};
    const forward_job<T> j = {fits<T>(size, MAX_PACKS) ? shape_rows<T>(rows, size, wide) : longer,
                              compute<T>(g.epsilon),
                              static_cast<const T *>(a.x),
                              static_cast<const T *>(a.weight),
                              static_cast<const T *>(a.bias),
                              static_cast<T *>(a.y),
                              static_cast<T *>(a.mean),
                              static_cast<T *>(a.rstd)};
    const int blocks = row_blocks(j.shape);
    if (!j.shape.packs) return GLI_LAUNCH(layernorm_long<T>, blocks, ROW_THREADS, 0, stream, j);
    return GLI_FOR_ROWS(j.shape, PACKS, WHOLE_BLOCK,
                        GLI_LAUNCH((layernorm_rows<T, PACKS, WHOLE_BLOCK>), blocks, ROW_THREADS, 0, stream, j));
}

/* How the backward op is split; depends on the sizes alone. */
struct backward_cut {
    row_shape shape;
    int blocks, slices; /* slices: of the partial sums */
};

/* Rows of more packs go as long ones. */
constexpr int backward_packs(int packs) { return packs < BACKWARD_PACKS ? packs : int(BACKWARD_PACKS); }

int between(int low, int value, int high) { return value < low ? low : value > high ? high : value; }

template <class T>
backward_cut cut_backward(int rows, int size) {
    backward_cut c = {{rows, size, ROW_THREADS, 0, false}, rows, rows > 0 ? between(1, rows / 16, 64) : 0};
    if (rows == 0 || !fits<T>(size, BACKWARD_PACKS)) return c;
    c.shape       = shape_rows<T>(rows, size, false);
    const int all = row_blocks(c.shape);
    c.blocks      = between(all < 128 ? all : 128, all / 8, 512);
    c.slices      = c.blocks * (c.shape.team > LANES ? 1 : int(ROW_WARPS));
    return c;
}

template <class T>
cudaError_t layernorm_backward(const gli_layernorm_geom &g, const gli_norm_backward_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const int rows = g.rows, size = g.size;
    const backward_cut c = cut_backward<T>(rows, size);
    C *partials          = a.dweight || a.dbias ? static_cast<C *>(a.workspace) : nullptr;
    backward_job<T> j    = {c.shape,
                            static_cast<const T *>(a.x),
                            static_cast<const T *>(a.dy),
                            static_cast<const T *>(a.weight),
                            static_cast<const T *>(a.mean),
                            static_cast<const T *>(a.rstd),
                            static_cast<T *>(a.dx),
                            partials};
    j.shape.wide         = wide_rows<T>(a.x, size) && aligned16(a.dy) && aligned16(a.dx) && aligned16(a.weight);
    cudaError_t error    = cudaSuccess;
    if (rows > 0 && c.shape.packs) {
        error = GLI_FOR_ROWS(c.shape, PACKS, WHOLE_BLOCK,
                             GLI_LAUNCH((layernorm_backward_rows<T, backward_packs(PACKS), WHOLE_BLOCK>), c.blocks,
                                        ROW_THREADS, 0, stream, j));
    } else if (rows > 0) {
        error = GLI_LAUNCH(layernorm_backward_long<T>, c.blocks, ROW_THREADS, 0, stream, j);
        const dim3 grid(blocks_for(size, ROW_THREADS), c.slices);
        if (error == cudaSuccess && partials) error = GLI_LAUNCH(layernorm_columns<T>, grid, ROW_THREADS, 0, stream, j);
    }
    if (error != cudaSuccess) return error;
    return totals<T>({partials, c.slices, size, {static_cast<T *>(a.dweight), static_cast<T *>(a.dbias)}}, stream);
}

template <class T>
size_t backward_bytes(int rows, int size) {
    return size_t(cut_backward<T>(rows, size).slices) * 2 * size * sizeof(compute<T>);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_layernorm(const gli_layernorm_geom *geom, const gli_norm_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::layernorm<T>(*geom, *arrays, stream));
}

size_t gli_kernel_layernorm_backward_workspace(const gli_layernorm_geom *geom, glia_dtype dtype) {
    size_t bytes = 0;
    (void)GLI_FOR_FLOAT(dtype, T, (bytes = glia::backward_bytes<T>(geom->rows, geom->size), cudaSuccess));
    return bytes;
}

cudaError_t gli_kernel_layernorm_backward(const gli_layernorm_geom *geom, const gli_norm_backward_arrays *arrays,
                                          cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::layernorm_backward<T>(*geom, *arrays, stream));
}
