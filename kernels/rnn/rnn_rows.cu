/* Elementwise work on all steps at once, before and after the kernels of the steps, and the gradients of peepholes,
 * which are sums over the steps. */
#include "kernels/device/index_check.cuh"
#include "kernels/rnn/rnn_step.cuh"

namespace glia {
namespace {

enum { THREADS = 256, ACROSS = 32, DOWN = 8 };

__global__ void __launch_bounds__(THREADS)
    lengths_kernel(gli_indices lengths, int batch, int steps, unsigned long long *slot, int *out) {
    const int n = int(blockIdx.x * THREADS + threadIdx.x);
    if (n >= batch) return;
    const int64_t length = index_at(lengths, n);
    if (length < 0 || length > steps) note_index(slot, n, length);
    out[n] = static_cast<int>(length < 0 ? 0 : length > steps ? steps : length);
}

/* ---- h_n and c_n: element i of [D, N, size] ---- */

/* y [rows, D size] of the last step, or start. */
template <class T>
struct last_state {
    int batch, size, directions;
    const T *y, *start;

    __device__ compute<T> value(const step_position &p, int d, int n, int k, int64_t i) const {
        if (p.line.length(n) == 0) return start ? to_compute(start[i]) : compute<T>(0);
        const int64_t row = p.row_of(n, p.line.last(n));
        return to_compute(y[(row * directions + d) * size + k]);
    }
};

/* state, or start. */
template <class C>
struct last_cell {
    int batch, size;
    const C *state, *start;

    __device__ C value(const step_position &p, int, int n, int, int64_t i) const {
        if (p.line.length(n) > 0) return state[i];
        return start ? start[i] : C(0);
    }
};

template <class C, class Last>
__global__ void __launch_bounds__(THREADS)
    last_kernel(Last last, step_position forward, step_position reverse, int64_t count, C *out) {
    const int64_t i = int64_t(blockIdx.x) * THREADS + threadIdx.x;
    if (i >= count) return;
    const int64_t sequence = i / last.size;
    const int direction = static_cast<int>(sequence / last.batch), n = static_cast<int>(sequence % last.batch);
    const step_position p = direction ? reverse : forward;
    out[i]                = last.value(p, direction, n, static_cast<int>(i % last.size), i);
}

template <class C, class Last>
cudaError_t launch_last(const gli_rnn_layer &l, const Last &last, C *out, cudaStream_t stream) {
    const int64_t count = int64_t(l.geom.directions) * l.geom.batch * last.size;
    if (count == 0) return cudaSuccess;
    return GLI_LAUNCH((last_kernel<C, Last>), blocks_for(count, THREADS), THREADS, 0, stream, last, position_of(l, 0),
                      position_of(l, 1), count, out);
}

template <class T>
cudaError_t last_states(const gli_rnn_layer &l, const void *y, void *h_n, cudaStream_t stream) {
    last_state<T> last = {};
    last.batch = l.geom.batch, last.size = l.geom.outputs, last.directions = l.geom.directions;
    last.y = static_cast<const T *>(y), last.start = static_cast<const T *>(l.h0);
    return launch_last(l, last, static_cast<compute<T> *>(h_n), stream);
}

template <class C>
cudaError_t last_cells(const gli_rnn_layer &l, const void *state, const void *start, void *out, cudaStream_t stream) {
    last_cell<C> last = {};
    last.batch = l.geom.batch, last.size = l.geom.hidden;
    last.state = static_cast<const C *>(state), last.start = static_cast<const C *>(start);
    return launch_last(l, last, static_cast<C *>(out), stream);
}

/* ---- the factors of the weights' gradients: element k of sequence n in one step of direction d ---- */

template <class T>
struct state_factor {
    int directions, size;
    const T *y, *h0;
    int batch;

    __device__ T value(const step_position &p, int d, int n, int k) const {
        if (!p.is_first(n)) return y[(p.row_before(n) * directions + d) * size + k];
        return h0 ? h0[(int64_t(d) * batch + n) * size + k] : round_to<T>(0);
    }
};

template <class T>
struct reset_factor {
    state_factor<T> state;
    const compute<T> *gates;
    int64_t direction;

    __device__ T value(const step_position &p, int d, int n, int k) const {
        return round_to<T>(gates[d * direction + p.gate(n, 0, k)] * to_compute(state.value(p, d, n, k)));
    }
};

template <class T>
struct unprojected_factor {
    const compute<T> *gates, *cells;
    int64_t direction; /* of cells */

    __device__ T value(const step_position &p, int d, int n, int k) const {
        return round_to<T>(gates[4 * d * direction + p.gate(n, 3, k)] * tanh(cells[d * direction + p.cell(n, k)]));
    }
};

template <class T>
struct input_factor {
    const T *x;
    int inputs;

    __device__ T value(const step_position &p, int, int n, int k) const { return x[p.row(n) * inputs + k]; }
};

/* out [D, rows, width] */
template <class T, class Factor>
__global__ void __launch_bounds__(ACROSS *DOWN)
    factor_kernel(Factor factor, step_position forward, step_position reverse, int batch, int width, T *out) {
    const int direction = int(blockIdx.z), steps = forward.line.steps;
    step_position p   = direction ? reverse : forward;
    const int64_t row = int64_t(blockIdx.x) * DOWN + threadIdx.y, rows = int64_t(steps) * batch;
    if (row >= rows) return;
    const bool time_first = p.sequence_rows == 1;
    const int n           = static_cast<int>(time_first ? row % batch : row / steps);
    p.time                = static_cast<int>(time_first ? row / batch : row % steps);
    const bool active     = p.is_active(n);
    T *to                 = out + (direction * rows + row) * width;
    for (int k = int(threadIdx.x); k < width; k += ACROSS)
        to[k] = active ? factor.value(p, direction, n, k) : round_to<T>(0);
}

template <class T, class Factor>
cudaError_t launch_factor(const gli_rnn_layer &l, const Factor &factor, int directions, int width, void *out,
                          cudaStream_t stream) {
    const int64_t rows = int64_t(l.geom.steps) * l.geom.batch;
    if (rows == 0) return cudaSuccess;
    const dim3 grid(unsigned(blocks_for(rows, DOWN)), 1, unsigned(directions)), block(ACROSS, DOWN);
    return GLI_LAUNCH((factor_kernel<T, Factor>), grid, block, 0, stream, factor, position_of(l, 0), position_of(l, 1),
                      l.geom.batch, width, static_cast<T *>(out));
}

template <class T>
cudaError_t write_factor(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, gli_rnn_factor what, void *out,
                         cudaStream_t stream) {
    typedef compute<T> C;
    const C *gates = static_cast<const C *>(b.gates), *cells = static_cast<const C *>(b.cells);
    const int64_t direction     = int64_t(l.geom.steps) * l.geom.batch * l.geom.hidden;
    const state_factor<T> state = {l.geom.directions, l.geom.outputs, static_cast<const T *>(b.y),
                                   static_cast<const T *>(l.h0), l.geom.batch};
    switch (what) {
        case GLI_RNN_STATES: return launch_factor<T>(l, state, l.geom.directions, l.geom.outputs, out, stream);
        case GLI_RNN_RESET:
            return launch_factor<T>(l, reset_factor<T>{state, gates, 4 * direction}, l.geom.directions, l.geom.hidden,
                                    out, stream);
        case GLI_RNN_UNPROJECTED:
            return launch_factor<T>(l, unprojected_factor<T>{gates, cells, direction}, l.geom.directions, l.geom.hidden,
                                    out, stream);
    }
    return cudaErrorInvalidValue;
}

/* ---- peepholes ---- */

/* Of one direction: blockIdx.y is the peephole. Those of i and f see c before the step, that of o sees c after it. */
template <class T>
struct peephole_job {
    step_position pos;
    int batch;
    const T *dgates;
    const compute<T> *c0, *cells;
    compute<T> *out;

    __device__ compute<T> cell_seen(const step_position &p, int n, int unit) const {
        typedef compute<T> C;
        if (blockIdx.y == 2) return cells[p.cell(n, unit)];
        if (!p.is_first(n)) return cells[p.row_before(n) * p.hidden + unit];
        return c0 ? c0[p.state(n, unit)] : C(0);
    }
};

template <class T>
__global__ void __launch_bounds__(ACROSS *DOWN) peephole_kernel(peephole_job<T> j) {
    typedef compute<T> C;
    __shared__ C shared[DOWN][ACROSS];
    const int unit = int(blockIdx.x * ACROSS + threadIdx.x), gate = blockIdx.y == 2 ? 3 : int(blockIdx.y);
    step_position p = j.pos;
    C sum           = 0;
    for (int n = 0; n < j.batch && unit < p.hidden; ++n)
        for (p.time = int(threadIdx.y); p.is_active(n); p.time += DOWN)
            sum += to_compute(j.dgates[p.gate(n, gate, unit)]) * j.cell_seen(p, n, unit);
    shared[threadIdx.y][threadIdx.x] = sum;
    for (int half = DOWN / 2; half > 0; half /= 2) {
        __syncthreads();
        if (int(threadIdx.y) < half) shared[threadIdx.y][threadIdx.x] += shared[threadIdx.y + half][threadIdx.x];
    }
    if (threadIdx.y == 0 && unit < p.hidden) j.out[int(blockIdx.y) * p.hidden + unit] = shared[0][threadIdx.x];
}

template <class T>
cudaError_t peephole(const gli_rnn_layer &l, const gli_rnn_backward_arrays &b, int d, void *out, cudaStream_t stream) {
    const int64_t cells     = int64_t(d) * l.geom.steps * l.geom.batch * l.geom.hidden;
    const peephole_job<T> j = {position_of(l, d),
                               l.geom.batch,
                               element_of<const T>(b.dgates, 4 * cells),
                               element_of<const compute<T>>(l.c0, int64_t(d) * l.geom.batch * l.geom.hidden),
                               element_of<const compute<T>>(b.cells, cells),
                               static_cast<compute<T> *>(out)};
    const dim3 grid(unsigned(blocks_for(l.geom.hidden, ACROSS)), 3), block(ACROSS, DOWN);
    return GLI_LAUNCH(peephole_kernel<T>, grid, block, 0, stream, j);
}

}  // namespace
}  // namespace glia

using namespace glia;

cudaError_t gli_kernel_rnn_lengths(const gli_indices *lengths, int batch, int steps, unsigned long long *slot, int *out,
                                   cudaStream_t stream) {
    if (batch == 0) return cudaSuccess;
    return GLI_LAUNCH(lengths_kernel, blocks_for(batch, THREADS), THREADS, 0, stream, *lengths, batch, steps, slot,
                      out);
}

cudaError_t gli_kernel_rnn_last_states(const gli_rnn_layer *layer, const void *y, void *h_n, cudaStream_t stream) {
    return GLI_FOR_FLOAT(layer->dtype, T, last_states<T>(*layer, y, h_n, stream));
}

cudaError_t gli_kernel_rnn_last_cells(const gli_rnn_layer *layer, const void *state, const void *start, void *out,
                                      cudaStream_t stream) {
    return GLI_FOR_FLOAT(layer->dtype, T, last_cells<glia::compute<T>>(*layer, state, start, out, stream));
}

cudaError_t gli_kernel_rnn_factor(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays,
                                  gli_rnn_factor what, void *out, cudaStream_t stream) {
    return GLI_FOR_FLOAT(layer->dtype, T, write_factor<T>(*layer, *arrays, what, out, stream));
}

cudaError_t gli_kernel_rnn_mask(const gli_rnn_layer *layer, const void *x, int inputs, void *out, cudaStream_t stream) {
    return GLI_FOR_FLOAT(
        layer->dtype, T,
        launch_factor<T>(*layer, input_factor<T>{static_cast<const T *>(x), inputs}, 1, inputs, out, stream));
}

cudaError_t gli_kernel_rnn_peephole(const gli_rnn_layer *layer, const gli_rnn_backward_arrays *arrays, int direction,
                                    void *dpeephole, cudaStream_t stream) {
    return GLI_FOR_FLOAT(layer->dtype, T, peephole<T>(*layer, *arrays, direction, dpeephole, stream));
}
