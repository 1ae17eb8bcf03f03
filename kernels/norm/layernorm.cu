/* Mean first, then the squared deviations from it, of differences from the first number (centered.cuh), then the
 * outputs: three visits of a row (rows.cuh), of which the first reads it. Backward, the teams of a block take several
 * rows and keep the gradients of the weight and bias of their columns in registers, so that x and dy are read once; a
 * second launch adds up what the blocks found.
 *
 * long, backward: rows whose columns registers do not hold; the gradients of weight and bias in a launch of their own.
 */
#include "kernels/norm/layernorm_launch.h"

#include "kernels/device/rows.cuh"
#include "kernels/device/reduce_partials.cuh"
#include "kernels/norm/centered.cuh"

namespace glia {
namespace {

/* COLUMN_ROWS: rows of which a thread has packs on their way. */
enum { COLUMN_THREADS = 256, COLUMN_ROWS = 4 };

/* Packs of a thread, at most, for whose columns registers hold both gradients. */
template <class T>
constexpr int column_packs() {
    return sizeof(T) == 2 ? 2 : 4;
}

template <class T>
struct forward_job {
    row_shape shape;
    compute<T> epsilon;
    const T *x;
    const compute<T> *weight, *bias;
    T *y;
    compute<T> *mean, *rstd;
};

/* values, centered, become their outputs; n of them, from column `first` on. */
template <class T>
__device__ inline void normalize(const forward_job<T> &j, int first, int n, compute<T> mean, compute<T> rstd,
                                 compute<T> (&values)[vector<T>::width]) {
    compute<T> weight[vector<T>::width], bias[vector<T>::width];
    load_unrounded(j.weight, first, n, j.shape.wide, compute<T>(1), weight);
    load_unrounded(j.bias, first, n, j.shape.wide, compute<T>(0), bias);
    for (int k = 0; k < vector<T>::width; ++k) values[k] = weight[k] * ((values[k] - mean) * rstd) + bias[k];
}

template <class T>
__device__ inline void write_statistics(const forward_job<T> &j, int64_t row, compute<T> mean, compute<T> rstd) {
    if (j.mean) j.mean[row] = mean;
    if (j.rstd) j.rstd[row] = rstd;
}

/* The first number of a row, from which the others are taken as differences; 0 where there is none. */
template <class T>
__device__ inline compute<T> first_of_row(const forward_job<T> &j, int64_t row) {
    return row < j.shape.rows && j.shape.length > 0 ? to_compute(j.x[row * j.shape.length]) : compute<T>(0);
}

template <class T, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) layernorm_rows(forward_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width, length = j.shape.length;
    GLI_DYNAMIC_SHARED(team_memory<C>, shared);
    row_team<WHOLE_BLOCK> team(j.shape);
    const int64_t row       = team.row();
    const C first           = first_of_row(j, row);
    const row_packs<T, 1> x = packs_of(j.shape, team, row, {j.x}, places_behind<T>(shared), first);
    centered<C> at          = centered_at(first);
    C mean, variance;
    for (bool again = false;; again = true) {
        C sum = 0, squares = 0;
        x.visit(again, [&](int, const C(&values)[1][width]) {
            for (C value : values[0]) sum += at.of(value);
        });
        mean = team.all(plus(), sum, *shared) / C(length);
        x.visit(true, [&](int column, const C(&values)[1][width]) {
            for (int k = 0; k < width; ++k) {
                const C d = at.of(values[0][k]) - mean;
                squares += column + k < length ? d * d : C(0);
            }
        });
        variance = team.all(plus(), squares, *shared) / C(length) + at.scaled(j.epsilon);
        if (again || !__any_sync(EVERY_LANE, at.rescale(variance))) break; /* teams of a warp stay together */
    }
    const C rstd = 1 / sqrt(variance);
    x.visit(true, [&](int column, C(&values)[1][width]) {
        for (C &value : values[0]) value = at.of(value);
        normalize(j, column, length - column, mean, rstd, values[0]);
        store_pack(j.y + row * length + column, length - column, j.shape.wide, values[0]);
    });
    if (row < j.shape.rows && team.lane == 0) write_statistics(j, row, at.mean(mean), rstd * at.by);
}

template <class T>
struct backward_job {
    row_shape shape;
    const T *x, *dy;
    const compute<T> *weight, *mean, *rstd;
    T *dx;
    compute<T> *partials; /* of dweight and dbias: [slices][2][length]; NULL: neither is requested */
};

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

/* The statistics of a row; 0 where there is none. */
template <class T>
struct row_statistics {
    compute<T> mean, rstd;
    __device__ row_statistics(const backward_job<T> &j, int64_t row)
        : mean(row < j.shape.rows ? j.mean[row] : compute<T>(0)),
          rstd(row < j.shape.rows ? j.rstd[row] : compute<T>(0)) {}
    __device__ compute<T> xhat(compute<T> x) const { return (x - mean) * rstd; }
};

template <class T>
__device__ inline void load_weight(const backward_job<T> &j, int column, compute<T> (&weight)[vector<T>::width]) {
    load_unrounded(j.weight, column, j.shape.length - column, j.shape.wide, compute<T>(1), weight);
}

/* sum: of the gradients g = weight dy of the xhat of a row; dot: of g xhat. */
template <class C>
struct row_gradient {
    C sum, dot;
    __device__ void add(C g, C xhat) { sum += g, dot += g * xhat; }
    __device__ C dx(C g, C xhat, C rstd) const { return rstd * (g - sum - xhat * dot); }
    template <bool WHOLE_BLOCK>
    __device__ void merge(row_team<WHOLE_BLOCK> &team, int length, team_memory<C> &shared) {
        sum = team.all(plus(), sum, shared) / C(length);
        dot = team.all(plus(), dot, shared) / C(length);
    }
};

/* A block has several rows; a thread has the same columns of each. While it writes a pack of one row, that of its next
 * row is on its way. */
template <class T, int PACKS, bool WHOLE_BLOCK>
__global__ void __launch_bounds__(ROW_THREADS, 1) layernorm_backward_rows(backward_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width, length = j.shape.length;
    GLI_DYNAMIC_SHARED(team_memory<C>, shared);
    row_team<WHOLE_BLOCK> team(j.shape);
    const int64_t step            = int64_t(gridDim.x) * (blockDim.x / team.size);
    column_sums<T, PACKS> columns = {};
    row_packs<T, 2> x             = packs_of(j.shape, team, team.row(), {j.x, j.dy}, places_behind<T>(shared), C(0));
#pragma unroll 1
    for (int p = 0; p < PACKS; ++p) x.copy(p);
    for (int64_t row = team.row(); team.any(row, j.shape); row += step) {
        const row_statistics<T> row_is(j, row);
        const row_packs<T, 2> next = packs_of(j.shape, team, row + step, {j.x, j.dy}, places_behind<T>(shared), C(0));
        row_gradient<C> gradient   = {0, 0};
        gli_await_copies<0>();
#pragma unroll
        for (int p = 0; p < PACKS; ++p) {
            if (!x.has(p)) continue;
            C values[2][vector<T>::width], weight[vector<T>::width];
            load_weight(j, static_cast<int>(x.begin(p)), weight);
            x.get(p, values);
            for (int k = 0; k < width; ++k) {
                const C xhat = row_is.xhat(values[0][k]), dy = values[1][k];
                columns.weight[p][k] += dy * xhat;
                columns.bias[p][k] += dy;
                gradient.add(weight[k] * dy, xhat);
            }
        }
        gradient.merge(team, length, *shared);
#pragma unroll
        for (int p = 0; p < PACKS; ++p) {
            if (!x.has(p)) continue;
            C values[2][vector<T>::width], weight[vector<T>::width];
            load_weight(j, static_cast<int>(x.begin(p)), weight);
            x.get(p, values);
            next.copy(p);
            for (int k = 0; k < width; ++k)
                values[0][k] = gradient.dx(weight[k] * values[1][k], row_is.xhat(values[0][k]), row_is.rstd);
            const int column = static_cast<int>(x.begin(p));
            store_pack(j.dx + row * length + column, length - column, j.shape.wide, values[0]);
        }
        x = next;
    }
    if (!j.partials) return;
    const int warp = threadIdx.x / LANES, warps = blockDim.x / LANES;
    if (!WHOLE_BLOCK) columns.gather(team.size);
    if (!WHOLE_BLOCK && int(threadIdx.x) % LANES >= team.size) return;
    C *out = j.partials + int64_t(WHOLE_BLOCK ? blockIdx.x : blockIdx.x * warps + warp) * 2 * length;
#pragma unroll
    for (int p = 0; p < PACKS; ++p)
        for (int k = 0; k < width; ++k) {
            const int column = (p * team.size + team.lane) * width + k;
            if (column >= length) continue;
            out[column]          = columns.weight[p][k];
            out[column + length] = columns.bias[p][k];
        }
}

template <class T>
__global__ void __launch_bounds__(ROW_THREADS, 1) layernorm_backward_long(backward_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width, length = j.shape.length;
    GLI_DYNAMIC_SHARED(team_memory<C>, shared);
    row_team<true> team(j.shape);
    const int64_t row = team.row();
    const row_statistics<T> row_is(j, row);
    const row_packs<T, 2> x  = packs_of(j.shape, team, row, {j.x, j.dy}, places_behind<T>(shared), C(0));
    row_gradient<C> gradient = {0, 0};
    C weight[width];
    x.visit(false, [&](int column, const C(&values)[2][width]) {
        load_weight(j, column, weight);
        for (int k = 0; k < width; ++k) gradient.add(weight[k] * values[1][k], row_is.xhat(values[0][k]));
    });
    gradient.merge(team, length, *shared);
    x.visit(true, [&](int column, C(&values)[2][width]) {
        load_weight(j, column, weight);
        for (int k = 0; k < width; ++k)
            values[0][k] = gradient.dx(weight[k] * values[1][k], row_is.xhat(values[0][k]), row_is.rstd);
        store_pack(j.dx + row * length + column, length - column, j.shape.wide, values[0]);
    });
}

/* A thread has a pack of columns; blockIdx.y has every gridDim.y-th row, COLUMN_ROWS of them at a time. */
template <class T>
__global__ void __launch_bounds__(COLUMN_THREADS, 1) layernorm_columns(backward_job<T> j) {
    typedef compute<T> C;
    const int width = vector<T>::width, length = j.shape.length;
    const unsigned begin = (blockIdx.x * COLUMN_THREADS + threadIdx.x) * width;
    if (begin >= unsigned(length)) return;
    const int column       = static_cast<int>(begin);
    column_sums<T, 1> sums = {};
    for (int first = blockIdx.y; first < j.shape.rows; first += COLUMN_ROWS * gridDim.y) {
        packed<T> x[COLUMN_ROWS], dy[COLUMN_ROWS];
#pragma unroll
        for (int r = 0; r < COLUMN_ROWS; ++r) {
            const int64_t row = first + int64_t(r) * gridDim.y;
            const int n       = row < j.shape.rows ? length - column : 0;
            x[r]              = load_packed(j.x + row * length + column, n, j.shape.wide);
            dy[r]             = load_packed(j.dy + row * length + column, n, j.shape.wide);
        }
#pragma unroll
        for (int r = 0; r < COLUMN_ROWS; ++r) {
            const row_statistics<T> row_is(j, first + int64_t(r) * gridDim.y);
            C values[vector<T>::width], gradients[vector<T>::width];
            unpack(x[r], values);
            unpack(dy[r], gradients);
            for (int k = 0; k < width; ++k) {
                sums.weight[0][k] += gradients[k] * row_is.xhat(values[k]);
                sums.bias[0][k] += gradients[k];
            }
        }
    }
    C *out = j.partials + int64_t(blockIdx.y) * 2 * length;
    for (int k = 0; k < width && column + k < length; ++k) {
        out[column + k]          = sums.weight[0][k];
        out[column + k + length] = sums.bias[0][k];
    }
}

template <class T>
cudaError_t layernorm(const gli_layernorm_geom &g, const gli_norm_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    const bool wide         = wide_rows<T>(a.x, g.size) && aligned16(a.y) && aligned16(a.weight) && aligned16(a.bias);
    forward_job<T> j        = {{},
                               C(g.epsilon),
                               static_cast<const T *>(a.x),
                               static_cast<const C *>(a.weight),
                               static_cast<const C *>(a.bias),
                               static_cast<T *>(a.y),
                               static_cast<C *>(a.mean),
                               static_cast<C *>(a.rstd)};
    const cudaError_t error = shape_rows<T>(j.shape, g.rows, g.size, 1, wide, gli_address(layernorm_rows<T, true>));
    if (error != cudaSuccess) return error;
    const int blocks = row_blocks(j.shape), threads = j.shape.threads;
    const size_t bytes = row_bytes(j.shape, 1);
    if (j.shape.team > LANES)
        return GLI_LAUNCH_CLUSTERS((layernorm_rows<T, true>), j.shape.cluster, blocks, threads, bytes, stream, j);
    return GLI_LAUNCH((layernorm_rows<T, false>), blocks, threads, bytes, stream, j);
}

int between(int low, int value, int high) { return value < low ? low : value > high ? high : value; }

/* How the backward op is split. */
struct backward_cut {
    row_shape shape;
    int packs;          /* of a thread; 0: rows are long */
    int blocks, slices; /* blocks: of rows that are not long; slices: of the partial sums */
};

/* These are never more slices than those of rows that are not long. */
void take_long_rows(backward_cut *c, int rows) {
    c->packs  = 0;
    c->slices = rows == 0 ? 0 : between(1, rows / 16, 64);
}

/* Depends on the sizes alone. */
template <class T>
backward_cut cut_backward(int rows, int size) {
    const int packs = blocks_for(size, vector<T>::width);
    backward_cut c  = {lanes_for_rows<T>(rows, size, false), packs <= LANES ? 1 : column_packs<T>(), 0, 0};
    const bool warp = packs <= c.packs * LANES;
    if (packs > c.packs * c.shape.threads) c.shape.threads = ROW_THREADS;
    if (!warp) c.shape.team = c.shape.threads;
    if (packs > c.packs * c.shape.threads) c.packs = 0;
    c.shape.places = c.packs;
    const int all = row_blocks(c.shape), most = warp ? 512 : 65536 / c.shape.threads;
    c.blocks = between(all < 128 ? all : 128, all / 8, most);
    c.slices = warp ? c.blocks * (c.shape.threads / LANES) : c.blocks;
    if (!c.packs || rows == 0) take_long_rows(&c, rows);
    return c;
}

/* Whether a block of the device has shared memory for the packs of its rows; compute capability 7.5 has 64 KB. */
cudaError_t has_places(const backward_cut &c, bool *has) {
    size_t most             = 0;
    const cudaError_t error = gli_shared_memory_limit(&most);
    *has                    = row_bytes(c.shape, 2) <= most;
    return error;
}

template <class T>
cudaError_t backward_of_rows(const backward_job<T> &j, const backward_cut &c, cudaStream_t stream) {
    const size_t bytes  = row_bytes(j.shape, 2);
    const int threads   = c.shape.threads;
    constexpr int packs = column_packs<T>();
    if (c.shape.team > LANES)
        return GLI_LAUNCH((layernorm_backward_rows<T, packs, true>), c.blocks, threads, bytes, stream, j);
    if (c.packs > 1) return GLI_LAUNCH((layernorm_backward_rows<T, packs, false>), c.blocks, threads, bytes, stream, j);
    return GLI_LAUNCH((layernorm_backward_rows<T, 1, false>), c.blocks, threads, bytes, stream, j);
}

template <class T>
cudaError_t backward_of_long_rows(backward_job<T> j, const backward_cut &c, cudaStream_t stream) {
    const int packs   = blocks_for(j.shape.length, vector<T>::width);
    cudaError_t error = place_rows(j.shape, packs, 2, gli_address(layernorm_backward_long<T>));
    if (error != cudaSuccess) return error;
    error = GLI_LAUNCH_CLUSTERS(layernorm_backward_long<T>, j.shape.cluster, row_blocks(j.shape), j.shape.threads,
                                row_bytes(j.shape, 2), stream, j);
    const dim3 grid(blocks_for(packs, COLUMN_THREADS), c.slices);
    if (error != cudaSuccess || !j.partials) return error;
    return GLI_LAUNCH(layernorm_columns<T>, grid, COLUMN_THREADS, 0, stream, j);
}

template <class T>
cudaError_t layernorm_backward(const gli_layernorm_geom &g, const gli_norm_backward_arrays &a, cudaStream_t stream) {
    typedef compute<T> C;
    backward_cut c    = cut_backward<T>(g.rows, g.size);
    bool has          = false;
    cudaError_t error = has_places(c, &has);
    if (error != cudaSuccess) return error;
    if (!has) take_long_rows(&c, g.rows);
    C *partials       = a.dweight || a.dbias ? static_cast<C *>(a.workspace) : nullptr;
    backward_job<T> j = {c.shape,
                         static_cast<const T *>(a.x),
                         static_cast<const T *>(a.dy),
                         static_cast<const C *>(a.weight),
                         static_cast<const C *>(a.mean),
                         static_cast<const C *>(a.rstd),
                         static_cast<T *>(a.dx),
                         partials};
    j.shape.wide      = wide_rows<T>(a.x, g.size) && aligned16(a.dy) && aligned16(a.dx) && aligned16(a.weight);
    if (g.rows > 0) error = c.packs ? backward_of_rows(j, c, stream) : backward_of_long_rows(j, c, stream);
    if (error != cudaSuccess) return error;
    return totals<C>({partials, c.slices, g.size, {static_cast<C *>(a.dweight), static_cast<C *>(a.dbias)}}, stream);
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
