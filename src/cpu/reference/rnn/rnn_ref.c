/* One sequence after the other, one step after the other. The backward pass computes the forward pass again, so that it
 * needs no saved activations. dX is the gradient with respect to X. */
#include <math.h>
#include <string.h>

#include "core/provider.h"
#include "core/size.h"
#include "cpu/index_range.h"
#include "cpu/reference/ref.h"
#include "ops/rnn/rnn_geom.h"

/* The geometry as the formulas get it: with memory for a trace. */
typedef struct traced_geom {
    gli_rnn_geom g;
    double *memory;
} traced_geom;

/* The weights of one direction, or their gradients. */
typedef struct weights {
    const double *w_ih, *w_hh, *b_ih, *b_hh, *w_hr, *peephole;
} weights;

typedef struct gradients {
    double *w_ih, *w_hh, *b_ih, *b_hh, *w_hr, *peephole;
} gradients;

/* The activations of one sequence in one direction, and the gradients of one step. Row s is that of the s-th step that
 * the direction takes; the states have one row more in front, the initial one. */
typedef struct trace {
    double *h, *c;   /* [T+1,R], [T+1,H] */
    double *gate;    /* [T,G,H]: after its function */
    double *inner;   /* [T,H]. LSTM: o tanh(c). GRU: w_hh_n h + b_hh_n, or with reset_before r h */
    double *dh, *dc; /* [R], [H]: of the state after the step */
    double *before;  /* [R]: of the state before it */
    double *a, *r;   /* [G,H]: of w_ih x + b_ih, and of w_hh h + b_hh */
    double *dinner;  /* [H] */
} trace;

static size_t trace_doubles(const gli_rnn_geom *g) {
    const size_t steps = g->batch ? (size_t)g->steps : 0, H = (size_t)g->hidden, R = (size_t)g->outputs,
                 G = (size_t)g->gates;
    return (steps + 1) * (R + H) + steps * (G + 1) * H + 2 * R + 2 * H + 2 * G * H;
}

static trace trace_in(const gli_rnn_geom *g, double *memory) {
    const size_t steps = (size_t)g->steps, H = (size_t)g->hidden, R = (size_t)g->outputs, G = (size_t)g->gates;
    trace t;
    t.h      = memory;
    t.c      = t.h + (steps + 1) * R;
    t.gate   = t.c + (steps + 1) * H;
    t.inner  = t.gate + steps * G * H;
    t.dh     = t.inner + steps * H;
    t.dc     = t.dh + R;
    t.before = t.dc + H;
    t.a      = t.before + R;
    t.r      = t.a + G * H;
    t.dinner = t.r + G * H;
    return t;
}

static weights weights_of(const double *const *in, int direction) {
    return (weights){in[gli_rnn_weight(direction, GLI_RNN_W_IH)], in[gli_rnn_weight(direction, GLI_RNN_W_HH)],
                     in[gli_rnn_weight(direction, GLI_RNN_B_IH)], in[gli_rnn_weight(direction, GLI_RNN_B_HH)],
                     in[gli_rnn_weight(direction, GLI_RNN_W_HR)], in[gli_rnn_weight(direction, GLI_RNN_PEEPHOLE)]};
}

static gradients gradients_of(double *const *out, int direction) {
    return (gradients){
        out[gli_rnn_dweight(direction, GLI_RNN_W_IH)], out[gli_rnn_dweight(direction, GLI_RNN_W_HH)],
        out[gli_rnn_dweight(direction, GLI_RNN_B_IH)], out[gli_rnn_dweight(direction, GLI_RNN_B_HH)],
        out[gli_rnn_dweight(direction, GLI_RNN_W_HR)], out[gli_rnn_dweight(direction, GLI_RNN_PEEPHOLE)]};
}

static double dot(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

static double sigma(double x) { return 1 / (1 + exp(-x)); }

/* NaN stays NaN. */
static double clamp(double x, double limit) { return x > limit ? limit : x < -limit ? -limit : x; }

static double from_input(const gli_rnn_geom *g, const weights *w, const double *x, int gate, int k) {
    const int64_t row = (int64_t)gate * g->hidden + k;
    return dot(w->w_ih + row * g->inputs, x, g->inputs) + (w->b_ih ? w->b_ih[row] : 0);
}

static double from_state(const gli_rnn_geom *g, const weights *w, const double *h, int gate, int k) {
    const int64_t row = (int64_t)gate * g->hidden + k;
    return dot(w->w_hh + row * g->outputs, h, g->outputs) + (w->b_hh ? w->b_hh[row] : 0);
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static void plain_forward(const gli_rnn_geom *g, const weights *w, const double *x, const trace *t, int s) {
    const double *h = t->h + (int64_t)s * g->outputs;
    double *next    = t->h + (int64_t)(s + 1) * g->outputs;
    for (int k = 0; k < g->hidden; ++k) {
        const double sum = from_input(g, w, x, 0, k) + from_state(g, w, h, 0, k);
        next[k]          = t->gate[(int64_t)s * g->hidden + k] =
            gli_ref_activate(g->cell == GLIA_RNN_RELU ? GLIA_UNARY_RELU : GLIA_UNARY_TANH, sum);
    }
}

static void lstm_forward(const gli_rnn_geom *g, const weights *w, const double *x, const trace *t, int s) {
    const int H     = g->hidden;
    const double *h = t->h + (int64_t)s * g->outputs, *c = t->c + (int64_t)s * H, *p = w->peephole;
    double *next = t->h + (int64_t)(s + 1) * g->outputs, *next_c = t->c + (int64_t)(s + 1) * H;
    double *gate = t->gate + (int64_t)s * 4 * H, *m = t->inner + (int64_t)s * H;
    for (int k = 0; k < H; ++k) {
        double sum[4];
        for (int j = 0; j < 4; ++j) sum[j] = from_input(g, w, x, j, k) + from_state(g, w, h, j, k);
        const double i = sigma(sum[0] + (p ? p[k] * c[k] : 0)), f = sigma(sum[1] + (p ? p[H + k] * c[k] : 0));
        const double new = tanh(sum[2]), cell = f *c[k] + i *new;
        next_c[k]      = clamp(cell, g->cell_clip);
        const double o = sigma(sum[3] + (p ? p[2 * H + k] * next_c[k] : 0));
        m[k]           = o * tanh(next_c[k]);
        gate[k] = i, gate[H + k] = f, gate[2 * H + k] = new, gate[3 * H + k] = o;
    }
    for (int k = 0; k < g->outputs; ++k) next[k] = w->w_hr ? dot(w->w_hr + (int64_t)k * H, m, H) : m[k];
}

static void gru_forward(const gli_rnn_geom *g, const weights *w, const double *x, const trace *t, int s) {
    const int H     = g->hidden;
    const double *h = t->h + (int64_t)s * H;
    double *next = t->h + (int64_t)(s + 1) * H, *gate = t->gate + (int64_t)s * 3 * H,
           *inner = t->inner + (int64_t)s * H;
    double *r = gate, *z = gate + H, *n = gate + 2 * H;
    for (int k = 0; k < H; ++k) {
        r[k] = sigma(from_input(g, w, x, 0, k) + from_state(g, w, h, 0, k));
        z[k] = sigma(from_input(g, w, x, 1, k) + from_state(g, w, h, 1, k));
    }
    for (int k = 0; k < H; ++k) inner[k] = g->reset_before ? r[k] * h[k] : from_state(g, w, h, 2, k);
    for (int k = 0; k < H; ++k) {
        n[k]    = tanh(from_input(g, w, x, 2, k) + (g->reset_before ? from_state(g, w, inner, 2, k) : r[k] * inner[k]));
        next[k] = (1 - z[k]) * n[k] + z[k] * h[k];
    }
}

/* Sequence n of the batch, in one direction. */
typedef struct sequence {
    int direction, n, length;
    bool backwards;
} sequence;

static sequence sequence_of(const gli_rnn_geom *g, const double *const *in, int direction, int n) {
    const int length = in[GLI_RNN_LENGTHS] ? (int)in[GLI_RNN_LENGTHS][n] : g->steps;
    return (sequence){direction, n, length, gli_rnn_runs_backwards(g, direction)};
}

/* The time of the s-th step. */
static int64_t time_of(const sequence *q, int s) { return q->backwards ? q->length - 1 - s : s; }

static int64_t x_offset(const gli_rnn_geom *g, const sequence *q, int s) {
    return time_of(q, s) * g->x_step + q->n * g->x_row;
}

static int64_t y_offset(const gli_rnn_geom *g, const sequence *q, int s) {
    return time_of(q, s) * g->y_step + q->n * g->y_row + (int64_t)q->direction * g->outputs;
}

static int64_t state_offset(const gli_rnn_geom *g, const sequence *q, int size) {
    return ((int64_t)q->direction * g->batch + q->n) * size;
}

static void copy_or_zero(double *to, const double *from, int64_t offset, int n) {
    for (int k = 0; k < n; ++k) to[k] = from ? from[offset + k] : 0;
}

static void sequence_forward(const gli_rnn_geom *g, const double *const *in, const sequence *q, const trace *t) {
    const weights w = weights_of(in, q->direction);
    copy_or_zero(t->h, in[GLI_RNN_H0], state_offset(g, q, g->outputs), g->outputs);
    copy_or_zero(t->c, in[GLI_RNN_C0], state_offset(g, q, g->hidden), g->hidden);
    for (int s = 0; s < q->length; ++s) {
        const double *x = in[GLI_RNN_X] + x_offset(g, q, s);
        switch (g->cell) {
            case GLIA_RNN_LSTM: lstm_forward(g, &w, x, t, s); break;
            case GLIA_RNN_GRU: gru_forward(g, &w, x, t, s); break;
            default: plain_forward(g, &w, x, t, s);
        }
    }
}

static void zero(double *out, int64_t n) {
    if (out) memset(out, 0, (size_t)n * sizeof *out);
}

static void forward(const void *geom, const double *const *in, double *const *out) {
    const gli_rnn_geom *g = &((const traced_geom *)geom)->g;
    const trace t         = trace_in(g, ((const traced_geom *)geom)->memory);
    zero(out[GLI_RNN_Y], (int64_t)g->steps * g->batch * g->directions * g->outputs);
    for (int d = 0; d < g->directions; ++d)
        for (int n = 0; n < g->batch; ++n) {
            const sequence q = sequence_of(g, in, d, n);
            sequence_forward(g, in, &q, &t);
            for (int s = 0; s < q.length; ++s)
                copy_or_zero(out[GLI_RNN_Y] + y_offset(g, &q, s), t.h, (int64_t)(s + 1) * g->outputs, g->outputs);
            if (out[GLI_RNN_H_N])
                copy_or_zero(out[GLI_RNN_H_N] + state_offset(g, &q, g->outputs), t.h, (int64_t)q.length * g->outputs,
                             g->outputs);
            if (out[GLI_RNN_C_N] && g->cell == GLIA_RNN_LSTM)
                copy_or_zero(out[GLI_RNN_C_N] + state_offset(g, &q, g->hidden), t.c, (int64_t)q.length * g->hidden,
                             g->hidden);
        }
}

/* ---- backward ---------------------------------------------------------------------------------------------------- */

static void plain_backward(const gli_rnn_geom *g, const trace *t, int s) {
    const double *h = t->gate + (int64_t)s * g->hidden;
    for (int k = 0; k < g->hidden; ++k) {
        const double relu = h[k] <= 0 ? 0 : t->dh[k]; /* not even NaN passes where h is 0, as in unary */
        t->a[k] = t->r[k] = g->cell == GLIA_RNN_RELU ? relu : t->dh[k] * (1 - h[k] * h[k]);
    }
}

static void lstm_backward(const gli_rnn_geom *g, const weights *w, const gradients *dw, const trace *t, int s) {
    const int H     = g->hidden;
    const double *c = t->c + (int64_t)s * H, *next = c + H, *gate = t->gate + (int64_t)s * 4 * H;
    const double *m = t->inner + (int64_t)s * H, *p = w->peephole;
    double *a = t->a;
    for (int k = 0; k < H; ++k) {
        t->dinner[k] = w->w_hr ? 0 : t->dh[k];
        for (int j = 0; w->w_hr && j < g->outputs; ++j) t->dinner[k] += w->w_hr[(int64_t)j * H + k] * t->dh[j];
    }
    for (int j = 0; dw->w_hr && j < g->outputs; ++j)
        for (int k = 0; k < H; ++k) dw->w_hr[(int64_t)j * H + k] += t->dh[j] * m[k];
    for (int k = 0; k < H; ++k) {
        const double i = gate[k], f = gate[H + k], new = gate[2 * H + k], o = gate[3 * H + k], e = tanh(next[k]);
        a[3 * H + k] = t->dinner[k] * e * o * (1 - o);
        double dc    = t->dc[k] + t->dinner[k] * o * (1 - e * e) + (p ? a[3 * H + k] * p[2 * H + k] : 0);
        if (isfinite(g->cell_clip) && fabs(next[k]) >= g->cell_clip) dc = 0;
        a[k]         = dc * new *i * (1 - i);
        a[H + k]     = dc * c[k] * f * (1 - f);
        a[2 * H + k] = dc * i * (1 - new *new);
        t->dc[k]     = dc * f + (p ? a[k] * p[k] + a[H + k] * p[H + k] : 0);
        if (!dw->peephole) continue;
        dw->peephole[k] += a[k] * c[k];
        dw->peephole[H + k] += a[H + k] * c[k];
        dw->peephole[2 * H + k] += a[3 * H + k] * next[k];
    }
    memcpy(t->r, a, (size_t)4 * (size_t)H * sizeof *a);
}

/* Adds to t->before what does not pass through w_hh, and with reset_before what passes through the product with r h. */
static void gru_backward(const gli_rnn_geom *g, const weights *w, const trace *t, int s) {
    const int H     = g->hidden;
    const double *h = t->h + (int64_t)s * H, *gate = t->gate + (int64_t)s * 3 * H, *inner = t->inner + (int64_t)s * H;
    const double *r = gate, *z = gate + H, *n = gate + 2 * H, *w_n = w->w_hh + (int64_t)2 * H * H;
    double *a = t->a;
    for (int k = 0; k < H; ++k) {
        a[H + k]     = t->dh[k] * (h[k] - n[k]) * z[k] * (1 - z[k]);
        a[2 * H + k] = t->dh[k] * (1 - z[k]) * (1 - n[k] * n[k]);
        t->before[k] += t->dh[k] * z[k];
    }
    for (int k = 0; k < H; ++k) {
        double dr = a[2 * H + k] * inner[k]; /* through r (w_hh_n h + b_hh_n) */
        if (g->reset_before) {
            double dproduct = 0; /* of r h */
            for (int j = 0; j < H; ++j) dproduct += w_n[(int64_t)j * H + k] * a[2 * H + j];
            dr = dproduct * h[k];
            t->before[k] += dproduct * r[k];
        }
        a[k]            = dr * r[k] * (1 - r[k]);
        t->r[k]         = a[k];
        t->r[H + k]     = a[H + k];
        t->r[2 * H + k] = g->reset_before ? a[2 * H + k] : a[2 * H + k] * r[k];
    }
}

/* Adds what the gates' gradients give the weights, x and the state before. at: of the step in x and dx. */
static void add_gradients(const gli_rnn_geom *g, const weights *w, const gradients *dw, const trace *t, int s,
                          int64_t at, const double *x, double *dx) {
    const int H = g->hidden, R = g->outputs, I = g->inputs;
    const double *h = t->h + (int64_t)s * R, *inner = t->inner + (int64_t)s * H;
    for (int64_t row = 0; row < (int64_t)g->gates * H; ++row) {
        const bool inside   = g->reset_before && row >= 2 * H; /* gru_backward has done this product */
        const double *state = inside ? inner : h;
        for (int i = 0; dx && i < I; ++i) dx[at + i] += w->w_ih[row * I + i] * t->a[row];
        for (int i = 0; dw->w_ih && i < I; ++i) dw->w_ih[row * I + i] += t->a[row] * x[at + i];
        for (int k = 0; dw->w_hh && k < R; ++k) dw->w_hh[row * R + k] += t->r[row] * state[k];
        for (int k = 0; !inside && k < R; ++k) t->before[k] += w->w_hh[row * R + k] * t->r[row];
        if (dw->b_ih) dw->b_ih[row] += t->a[row];
        if (dw->b_hh) dw->b_hh[row] += t->r[row];
    }
}

static void sequence_backward(const gli_rnn_geom *g, const double *const *in, double *const *out, const sequence *q,
                              const trace *t) {
    const weights w    = weights_of(in, q->direction);
    const gradients dw = gradients_of(out, q->direction);
    copy_or_zero(t->dh, in[GLI_RNN_BACK_DH_N], state_offset(g, q, g->outputs), g->outputs);
    copy_or_zero(t->dc, in[GLI_RNN_BACK_DC_N], state_offset(g, q, g->hidden), g->hidden);
    for (int s = q->length - 1; s >= 0; --s) {
        for (int k = 0; in[GLI_RNN_BACK_DY] && k < g->outputs; ++k)
            t->dh[k] += in[GLI_RNN_BACK_DY][y_offset(g, q, s) + k];
        zero(t->before, g->outputs);
        switch (g->cell) {
            case GLIA_RNN_LSTM: lstm_backward(g, &w, &dw, t, s); break;
            case GLIA_RNN_GRU: gru_backward(g, &w, t, s); break;
            default: plain_backward(g, t, s);
        }
        add_gradients(g, &w, &dw, t, s, x_offset(g, q, s), in[GLI_RNN_X], out[GLI_RNN_BACK_DX]);
        memcpy(t->dh, t->before, (size_t)g->outputs * sizeof *t->dh);
    }
    if (out[GLI_RNN_BACK_DH0])
        copy_or_zero(out[GLI_RNN_BACK_DH0] + state_offset(g, q, g->outputs), t->dh, 0, g->outputs);
    if (out[GLI_RNN_BACK_DC0] && g->cell == GLIA_RNN_LSTM)
        copy_or_zero(out[GLI_RNN_BACK_DC0] + state_offset(g, q, g->hidden), t->dc, 0, g->hidden);
}

static void zero_gradients(const gli_rnn_geom *g, double *const *out) {
    const int64_t rows = (int64_t)g->gates * g->hidden;
    zero(out[GLI_RNN_BACK_DX], (int64_t)g->steps * g->batch * g->inputs);
    for (int d = 0; d < g->directions; ++d) {
        const gradients dw = gradients_of(out, d);
        zero(dw.w_ih, rows * g->inputs);
        zero(dw.w_hh, rows * g->outputs);
        if (g->bias) zero(dw.b_ih, rows);
        if (g->bias) zero(dw.b_hh, rows);
        if (g->projection) zero(dw.w_hr, (int64_t)g->outputs * g->hidden);
        if (g->peephole) zero(dw.peephole, (int64_t)3 * g->hidden);
    }
}

/* The gradient of a weight that the layer does not have is an empty tensor: nothing may be added to it. */
static void backward(const void *geom, const double *const *in, double *const *out) {
    const gli_rnn_geom *g = &((const traced_geom *)geom)->g;
    const trace t         = trace_in(g, ((const traced_geom *)geom)->memory);
    double *present[GLI_RNN_BACK_OUTPUTS];
    for (int o = 0; o < GLI_RNN_BACK_OUTPUTS; ++o) present[o] = out[o];
    for (int d = 0; d < g->directions; ++d) {
        if (!g->bias) present[gli_rnn_dweight(d, GLI_RNN_B_IH)] = present[gli_rnn_dweight(d, GLI_RNN_B_HH)] = NULL;
        if (!g->projection) present[gli_rnn_dweight(d, GLI_RNN_W_HR)] = NULL;
        if (!g->peephole) present[gli_rnn_dweight(d, GLI_RNN_PEEPHOLE)] = NULL;
    }
    zero_gradients(g, present);
    for (int d = 0; d < g->directions; ++d)
        for (int n = 0; n < g->batch; ++n) {
            const sequence q = sequence_of(g, in, d, n);
            sequence_forward(g, in, &q, &t);
            sequence_backward(g, in, present, &q, &t);
        }
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

/* Nothing is written to the saved output, nor read from it, and it takes no memory in double. */
static gli_call without_saved(const gli_call *call) {
    gli_call rest = *call;
    if (gli_saved_output(call->op) >= 0)
        rest.out[GLI_RNN_SAVED] = NULL;
    else
        rest.in[GLI_RNN_BACK_SAVED] = NULL;
    return rest;
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    const gli_call rest = without_saved(call);
    size_t trace_bytes;
    GLI_TRY(gli_ref_prepare(&rest, out));
    out->saved = sizeof(double); /* one element: 0 would mean all of it */
    GLI_REQUIRE(call->ctx,
                gli_mul_size(trace_doubles(call->geom), sizeof(double), &trace_bytes) &&
                    gli_add_size(out->workspace, trace_bytes, &out->workspace),
                GLIA_OUT_OF_MEMORY, "%s: the reference needs more workspace than memory can have", call->op->name);
    return GLIA_OK;
}

/* The trace follows the tensors in the workspace. */
static glia_status run(const gli_call *call, void *workspace, gli_formula formula) {
    const gli_rnn_geom *g = call->geom;
    gli_call with_trace   = without_saved(call);
    gli_prepared tensors;
    GLI_TRY(gli_ref_prepare(&with_trace, &tensors));
    const traced_geom traced = {*g, (double *)workspace + tensors.workspace / sizeof(double)};
    with_trace.geom          = &traced;
    if (call->in[GLI_RNN_LENGTHS])
        GLI_TRY(gli_index_check(call, GLI_RNN_LENGTHS, (gli_index_range){.low = 0, .high = (int64_t)g->steps + 1}));
    return gli_ref_run(&with_trace, workspace, formula);
}

static glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return run(call, workspace, forward);
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return run(call, workspace, backward);
}

const gli_provider gli_rnn_ref = {
    .name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = prepare, .run = run_forward};
const gli_provider gli_rnn_backward_ref = {.name    = "cpu.ref",
                                           .accepts = {GLI_TAKES_FLOATS, GLI_ANY_FORMAT, .flags = GLI_ANY_SAVED},
                                           .prepare = prepare,
                                           .run     = run_backward};
