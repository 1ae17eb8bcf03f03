#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cudnn.h"

enum { HEADER = 16, WORKSPACE = 1000 };                    /* elements of a reserve, bytes */
enum { OF_ALGO, OF_STEPS, OF_BATCH, OF_PASS };             /* what the header tells */
enum { NO_PASS, FORWARD, BACKWARD_DATA };                  /* what has been through the reserve */
enum { SMALL_FORWARD = 8, SMALL_BACKWARD = 5, WIDE = 16 }; /* hidden units */

static int runs[CUDNN_RNN_ALGO_COUNT];

/* For tests: how many forward passes an algorithm has run. */
EXPORT int fake_cudnn_runs(int algo);
EXPORT int fake_cudnn_runs(int algo) { return runs[algo]; }

/* One direction of one sequence. */
typedef struct way {
    cudnnRNNDescriptor_t r;
    cudnnRNNDataDescriptor_t x_desc, y_desc;
    const void *x, *y, *h0, *c0, *weights;
    void *reserve;
    int direction, n;
} way;

static size_t step_elements(cudnnRNNDescriptor_t r) { return (size_t)((r->gates + 2) * r->hidden + r->outputs); }

static glia_dtype reserve_dtype(cudnnRNNDescriptor_t r) { return r->dtype == GLIA_F64 ? GLIA_F64 : GLIA_F32; }

static size_t reserve_bytes(cudnnRNNDescriptor_t r, cudnnRNNDataDescriptor_t x) {
    const size_t steps = (size_t)(r->directions * x->steps * x->batch);
    return (HEADER + steps * step_elements(r)) * glia_dtype_size(reserve_dtype(r));
}

static double get(const way *v, const void *from, size_t i) { return gli_load(v->r->dtype, from, (int64_t)i); }
static void set(const way *v, void *to, size_t i, double value) { gli_store(v->r->dtype, to, (int64_t)i, value); }

static double kept(const way *v, size_t i) { return gli_load(reserve_dtype(v->r), v->reserve, (int64_t)i); }
static void keep(const way *v, size_t i, double value) {
    gli_store(reserve_dtype(v->r), v->reserve, (int64_t)i, value);
}

/* The place in time of the direction's s-th step. */
static int time_of(const way *v, int s) { return v->direction ? v->x_desc->steps - 1 - s : s; }

static size_t row_of(const way *v, cudnnRNNDataDescriptor_t d, int s) {
    const int t      = time_of(v, s);
    const bool major = d->layout == CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED;
    return (size_t)(major ? v->n * d->steps + t : t * d->batch + v->n) * (size_t)d->width;
}
static size_t y_at(const way *v, int s) {
    return row_of(v, v->y_desc, s) + (size_t)v->direction * (size_t)v->r->outputs;
}
static size_t state_at(const way *v, int width) {
    return (size_t)(v->direction * v->x_desc->batch + v->n) * (size_t)width;
}
static size_t slot_at(const way *v, int s) {
    const size_t sequence = (size_t)(v->direction * v->x_desc->batch + v->n);
    return HEADER + (sequence * (size_t)v->x_desc->steps + (size_t)s) * step_elements(v->r);
}

/* Weight [row,column] of a matrix. */
static double weight(const way *v, int layer, int row, int column, int columns) {
    const size_t at = fake_cudnn_matrix_at(v->r, v->direction, layer) + (size_t)row * (size_t)columns + (size_t)column;
    return get(v, v->weights, at);
}

static double linear(const way *v, int layer, int row, const double *from, int columns) {
    double sum = get(v, v->weights, fake_cudnn_bias_at(v->r, v->direction, layer) + (size_t)row);
    for (int k = 0; k < columns; ++k) sum += weight(v, layer, row, k, columns) * from[k];
    return sum;
}

static double sigma(double x) { return 1 / (1 + exp(-x)); }

/* x and the state before step s, as they lie in the tensors. */
static void read_step(const way *v, int s, double *x, double *h) {
    for (int i = 0; i < v->r->inputs; ++i) x[i] = get(v, v->x, row_of(v, v->x_desc, s) + (size_t)i);
    for (int k = 0; k < v->r->outputs; ++k)
        h[k] = s            ? get(v, v->y, y_at(v, s - 1) + (size_t)k)
               : v->h0 != 0 ? get(v, v->h0, state_at(v, v->r->outputs) + (size_t)k)
                            : 0;
}

static double initial_c(const way *v, int k) {
    return v->c0 ? get(v, v->c0, state_at(v, v->r->hidden) + (size_t)k) : 0;
}

/* slot: the gates after their functions, c, and LSTM's o tanh(c) or GRU's w_hh_n h + b_hh_n. */
static void gates_of(const way *v, const double *x, const double *h, double *c, double *slot) {
    const int H = v->r->hidden, G = v->r->gates, I = v->r->inputs, R = v->r->outputs;
    double *inner = slot + (G + 1) * H;
    for (int k = 0; k < H; ++k) {
        double a[4], b[4];
        for (int j = 0; j < G; ++j) a[j] = linear(v, j, k, x, I), b[j] = linear(v, G + j, k, h, R);
        if (v->r->cell == CUDNN_LSTM) {
            for (int j = 0; j < 4; ++j) slot[j * H + k] = j == 2 ? tanh(a[j] + b[j]) : sigma(a[j] + b[j]);
            c[k]     = slot[H + k] * c[k] + slot[k] * slot[2 * H + k];
            inner[k] = slot[3 * H + k] * tanh(c[k]);
        } else if (v->r->cell == CUDNN_GRU) {
            slot[k] = sigma(a[0] + b[0]), slot[H + k] = sigma(a[1] + b[1]);
            inner[k]        = b[2];
            slot[2 * H + k] = tanh(a[2] + slot[k] * b[2]);
        } else {
            slot[k] = v->r->cell == CUDNN_RNN_RELU ? fmax(a[0] + b[0], 0) : tanh(a[0] + b[0]);
        }
        slot[G * H + k] = c[k];
    }
}

static double output(const way *v, const double *h, const double *slot, int k) {
    const int H = v->r->hidden, G = v->r->gates;
    const double *inner = slot + (G + 1) * H;
    if (v->r->cell == CUDNN_GRU) return (1 - slot[H + k]) * slot[2 * H + k] + slot[H + k] * h[k];
    if (v->r->cell != CUDNN_LSTM) return slot[k];
    if (v->r->outputs == H) return inner[k];
    double sum = 0;
    for (int j = 0; j < H; ++j) sum += weight(v, 2 * G, k, j, H) * inner[j];
    return sum;
}

static void forward_way(const way *v, void *y, void *h_n, void *c_n, double *room) {
    const int H = v->r->hidden, R = v->r->outputs;
    double *x = room, *h = x + v->r->inputs, *c = h + R, *slot = c + H;
    for (int k = 0; k < H; ++k) c[k] = initial_c(v, k);
    for (int s = 0; s < v->x_desc->steps; ++s) {
        memset(slot, 0, step_elements(v->r) * sizeof *slot);
        read_step(v, s, x, h);
        gates_of(v, x, h, c, slot);
        for (int k = 0; k < R; ++k) set(v, y, y_at(v, s) + (size_t)k, output(v, h, slot, k));
        for (size_t k = 0; v->reserve && k < step_elements(v->r); ++k) keep(v, slot_at(v, s) + k, slot[k]);
    }
    for (int k = 0; h_n && k < R; ++k)
        set(v, h_n, state_at(v, R) + (size_t)k, get(v, y, y_at(v, v->x_desc->steps - 1) + (size_t)k));
    for (int k = 0; c_n && k < H; ++k) set(v, c_n, state_at(v, H) + (size_t)k, c[k]);
}

/* ---- backward ---------------------------------------------------------------------------------------------------- */

/* By the gates' sums, into slot; by those of the state alone, into its third part for GRU's n. */
static void undo_gates(const way *v, double *slot, const double *h, const double *c, const double *dm, double *dc,
                       double *dh_before) {
    const int H = v->r->hidden, G = v->r->gates;
    double *inner = slot + (G + 1) * H;
    for (int k = 0; k < H; ++k) {
        double *i = slot + k, *f = slot + H + k, *g = slot + 2 * H + k, *o = slot + 3 * H + k;
        if (v->r->cell == CUDNN_LSTM) {
            const double e = tanh(slot[4 * H + k]), in = *i, forget = *f, out = *o;
            const double by_c = dc[k] + dm[k] * out * (1 - e * e);
            *i                = by_c * *g * in * (1 - in);
            *f                = by_c * c[k] * forget * (1 - forget);
            *g                = by_c * in * (1 - *g * *g);
            *o                = dm[k] * e * out * (1 - out);
            dc[k]             = by_c * forget;
        } else if (v->r->cell == CUDNN_GRU) {
            const double r = *i, z = *f, n = *g;
            *g           = dm[k] * (1 - z) * (1 - n * n);
            *f           = dm[k] * (h[k] - n) * z * (1 - z);
            *i           = *g * inner[k] * r * (1 - r);
            inner[k]     = *g * r;
            dh_before[k] = dm[k] * z;
        } else {
            *i = dm[k] * (v->r->cell == CUDNN_RNN_RELU ? *i > 0 : 1 - *i * *i);
        }
    }
}

/* By the sum that gate j takes from the state. */
static double by_state(const way *v, const double *slot, int j, int k) {
    const int H = v->r->hidden, G = v->r->gates;
    return v->r->cell == CUDNN_GRU && j == 2 ? slot[(G + 1) * H + k] : slot[j * H + k];
}

static void spread(const way *v, int s, const double *slot, double *dx, double *dh_before) {
    const int H = v->r->hidden, G = v->r->gates, I = v->r->inputs, R = v->r->outputs;
    for (int j = 0; j < G; ++j)
        for (int k = 0; k < H; ++k) {
            for (int i = 0; i < I; ++i)
                dx[row_of(v, v->x_desc, s) + (size_t)i] += weight(v, j, k, i, I) * slot[j * H + k];
            for (int i = 0; i < R; ++i) dh_before[i] += weight(v, G + j, k, i, R) * by_state(v, slot, j, k);
        }
}

static void backward_way(const way *v, const void *dy, const void *dh_n, const void *dc_n, double *dx, void *dh0,
                         void *dc0, double *room) {
    const int H = v->r->hidden, R = v->r->outputs, G = v->r->gates, widest = H > R ? H : R;
    double *x = room, *h = x + v->r->inputs, *c = h + R, *slot = c + H, *dh = slot + step_elements(v->r);
    double *dc = dh + widest, *dm = dc + H, *before = dm + widest;
    for (int k = 0; k < R; ++k) dh[k] = dh_n ? get(v, dh_n, state_at(v, R) + (size_t)k) : 0;
    for (int k = 0; k < H; ++k) dc[k] = dc_n ? get(v, dc_n, state_at(v, H) + (size_t)k) : 0;
    for (int s = v->x_desc->steps - 1; s >= 0; --s) {
        const size_t at = slot_at(v, s);
        for (size_t k = 0; k < step_elements(v->r); ++k) slot[k] = kept(v, at + k);
        for (int k = 0; k < H; ++k) c[k] = s ? kept(v, slot_at(v, s - 1) + (size_t)(G * H + k)) : initial_c(v, k);
        read_step(v, s, x, h);
        for (int k = 0; k < R; ++k) dh[k] += get(v, dy, y_at(v, s) + (size_t)k);
        for (int k = 0; k < H; ++k) {
            dm[k] = R == H ? dh[k] : 0;
            for (int j = 0; R < H && j < R; ++j) dm[k] += weight(v, 2 * G, j, k, H) * dh[j];
        }
        memset(before, 0, (size_t)widest * sizeof *before);
        undo_gates(v, slot, h, c, dm, dc, before);
        spread(v, s, slot, dx, before);
        memcpy(slot + (G + 2) * H, dh, (size_t)R * sizeof *dh);
        memcpy(dh, before, (size_t)R * sizeof *dh);
        for (size_t k = 0; k < step_elements(v->r); ++k) keep(v, at + k, slot[k]);
    }
    for (int k = 0; dh0 && k < R; ++k) set(v, dh0, state_at(v, R) + (size_t)k, dh[k]);
    for (int k = 0; dc0 && k < H; ++k) set(v, dc0, state_at(v, H) + (size_t)k, dc[k]);
}

static void weights_way(const way *v, double *dw, double *room) {
    const int H = v->r->hidden, R = v->r->outputs, G = v->r->gates, I = v->r->inputs;
    double *x = room, *h = x + I, *slot = h + R;
    for (int s = 0; s < v->x_desc->steps; ++s) {
        read_step(v, s, x, h);
        for (size_t k = 0; k < step_elements(v->r); ++k) slot[k] = kept(v, slot_at(v, s) + k);
        for (int j = 0; j < G; ++j)
            for (int k = 0; k < H; ++k) {
                double *in    = dw + fake_cudnn_matrix_at(v->r, v->direction, j) + (size_t)k * (size_t)I;
                double *state = dw + fake_cudnn_matrix_at(v->r, v->direction, G + j) + (size_t)k * (size_t)R;
                for (int i = 0; i < I; ++i) in[i] += slot[j * H + k] * x[i];
                for (int i = 0; i < R; ++i) state[i] += by_state(v, slot, j, k) * h[i];
                dw[fake_cudnn_bias_at(v->r, v->direction, j) + (size_t)k] += slot[j * H + k];
                dw[fake_cudnn_bias_at(v->r, v->direction, G + j) + (size_t)k] += by_state(v, slot, j, k);
            }
        double *projection = dw + (R < H ? fake_cudnn_matrix_at(v->r, v->direction, 2 * G) : 0);
        for (int j = 0; R < H && j < R; ++j)
            for (int k = 0; k < H; ++k) projection[j * H + k] += slot[(G + 2) * H + j] * slot[(G + 1) * H + k];
    }
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

/* Whether the algorithm takes the layer; as with the real one, some say so only when they run. */
static cudnnStatus_t taken(cudnnRNNDescriptor_t r, cudnnRNNDataDescriptor_t x, bool backward) {
    const bool narrow_only = r->dtype != GLIA_F64;
    const bool yes =
        r->algo == CUDNN_RNN_ALGO_STANDARD ||
        (r->algo == CUDNN_RNN_ALGO_PERSIST_STATIC && narrow_only && r->hidden % WIDE == 0) ||
        (r->algo == CUDNN_RNN_ALGO_PERSIST_DYNAMIC && narrow_only && r->built_for == x->batch) ||
        (r->algo == CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H && r->hidden <= (backward ? SMALL_BACKWARD : SMALL_FORWARD));
    return yes ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

static bool aligned(const void *at, size_t to) { return (uintptr_t)at % to == 0; }

static bool fits(const way *v, size_t weight_bytes, size_t workspace_bytes, const void *workspace,
                 size_t reserve_size) {
    return weight_bytes == fake_cudnn_weights(v->r) * glia_dtype_size(v->r->dtype) && workspace_bytes >= WORKSPACE &&
           (!v->reserve || reserve_size >= reserve_bytes(v->r, v->x_desc)) && aligned(v->x, 16) && aligned(v->y, 16) &&
           aligned(v->h0, 16) && aligned(v->c0, 16) && aligned(v->weights, 256) && aligned(workspace, 256) &&
           v->x_desc->width == v->r->inputs && v->y_desc->width == v->r->directions * v->r->outputs;
}

/* The header of a reserve that this very layer wrote. */
static bool ours(const way *v, int pass) {
    return kept(v, OF_ALGO) == (double)v->r->algo && kept(v, OF_STEPS) == (double)v->x_desc->steps &&
           kept(v, OF_BATCH) == (double)v->x_desc->batch && kept(v, OF_PASS) == (double)pass;
}

static double *room_of(cudnnRNNDescriptor_t r) {
    return calloc((size_t)(r->inputs + 4 * (r->outputs + r->hidden)) + 2 * step_elements(r), sizeof(double));
}

EXPORT cudnnStatus_t cudnnGetRNNTempSpaceSizes(cudnnHandle_t handle, cudnnRNNDescriptor_t r, cudnnForwardMode_t mode,
                                               cudnnRNNDataDescriptor_t x, size_t *workspace, size_t *reserve) {
    *workspace = WORKSPACE;
    *reserve   = mode == CUDNN_FWD_MODE_TRAINING ? reserve_bytes(r, x) : 0;
    return handle ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

EXPORT cudnnStatus_t cudnnRNNForward(cudnnHandle_t handle, cudnnRNNDescriptor_t r, cudnnForwardMode_t mode,
                                     const int32_t lengths[], cudnnRNNDataDescriptor_t x_desc, const void *x,
                                     cudnnRNNDataDescriptor_t y_desc, void *y, cudnnTensorDescriptor_t h_desc,
                                     const void *h0, void *h_n, cudnnTensorDescriptor_t c_desc, const void *c0,
                                     void *c_n, size_t weight_bytes, const void *weights, size_t workspace_bytes,
                                     void *workspace, size_t reserve_size, void *reserve) {
    way v = {r, x_desc, y_desc, x, y, h0, c0, weights, mode == CUDNN_FWD_MODE_TRAINING ? reserve : NULL, 0, 0};
    if (!handle || lengths || !h_desc || (r->cell == CUDNN_LSTM) != (c_desc != NULL) || !y ||
        (mode == CUDNN_FWD_MODE_TRAINING && !reserve) ||
        !fits(&v, weight_bytes, workspace_bytes, workspace, reserve_size))
        return CUDNN_STATUS_BAD_PARAM;
    if (taken(r, x_desc, false) != CUDNN_STATUS_SUCCESS) return CUDNN_STATUS_NOT_SUPPORTED;
    ++runs[r->algo];
    memset(workspace, 0xAB, workspace_bytes);
    double *room = room_of(r);
    for (v.direction = 0; v.direction < r->directions; ++v.direction)
        for (v.n = 0; v.n < x_desc->batch; ++v.n) forward_way(&v, y, h_n, c_n, room);
    free(room);
    if (!v.reserve) return CUDNN_STATUS_SUCCESS;
    keep(&v, OF_ALGO, r->algo), keep(&v, OF_STEPS, x_desc->steps), keep(&v, OF_BATCH, x_desc->batch);
    keep(&v, OF_PASS, FORWARD);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnRNNBackwardData_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t r, const int32_t lengths[],
                                             cudnnRNNDataDescriptor_t y_desc, const void *y, const void *dy,
                                             cudnnRNNDataDescriptor_t x_desc, void *dx, cudnnTensorDescriptor_t h_desc,
                                             const void *h0, const void *dh_n, void *dh0,
                                             cudnnTensorDescriptor_t c_desc, const void *c0, const void *dc_n,
                                             void *dc0, size_t weight_bytes, const void *weights,
                                             size_t workspace_bytes, void *workspace, size_t reserve_size,
                                             void *reserve) {
    way v = {r, x_desc, y_desc, dx, y, h0, c0, weights, reserve, 0, 0};
    if (!handle || lengths || !h_desc || (r->cell == CUDNN_LSTM) != (c_desc != NULL) || !reserve || !dx || !dy ||
        !fits(&v, weight_bytes, workspace_bytes, workspace, reserve_size) || !ours(&v, FORWARD))
        return CUDNN_STATUS_BAD_PARAM;
    if (taken(r, x_desc, true) != CUDNN_STATUS_SUCCESS) return CUDNN_STATUS_NOT_SUPPORTED;
    memset(workspace, 0xAB, workspace_bytes);
    const size_t count = (size_t)x_desc->steps * (size_t)x_desc->batch * (size_t)r->inputs;
    double *room = room_of(r), *sums = calloc(count, sizeof *sums);
    for (v.direction = 0; v.direction < r->directions; ++v.direction)
        for (v.n = 0; v.n < x_desc->batch; ++v.n) backward_way(&v, dy, dh_n, dc_n, sums, dh0, dc0, room);
    for (size_t i = 0; i < count; ++i) set(&v, dx, i, sums[i]);
    keep(&v, OF_PASS, BACKWARD_DATA);
    free(sums);
    free(room);
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnRNNBackwardWeights_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t r, cudnnWgradMode_t mode,
                                                const int32_t lengths[], cudnnRNNDataDescriptor_t x_desc, const void *x,
                                                cudnnTensorDescriptor_t h_desc, const void *h0,
                                                cudnnRNNDataDescriptor_t y_desc, const void *y, size_t weight_bytes,
                                                void *dweights, size_t workspace_bytes, void *workspace,
                                                size_t reserve_size, void *reserve) {
    way v = {r, x_desc, y_desc, x, y, h0, NULL, dweights, reserve, 0, 0};
    if (!handle || lengths || !h_desc || mode != CUDNN_WGRAD_MODE_ADD || !reserve || !dweights ||
        !fits(&v, weight_bytes, workspace_bytes, workspace, reserve_size) || !ours(&v, BACKWARD_DATA))
        return CUDNN_STATUS_BAD_PARAM;
    memset(workspace, 0xAB, workspace_bytes);
    double *room = room_of(r), *sums = calloc(fake_cudnn_weights(r), sizeof *sums);
    for (v.direction = 0; v.direction < r->directions; ++v.direction)
        for (v.n = 0; v.n < x_desc->batch; ++v.n) weights_way(&v, sums, room);
    for (size_t i = 0; i < fake_cudnn_weights(r); ++i) set(&v, dweights, i, get(&v, dweights, i) + sums[i]);
    free(sums);
    free(room);
    return CUDNN_STATUS_SUCCESS;
}
