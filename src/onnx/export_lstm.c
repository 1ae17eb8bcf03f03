/* LSTMs with a projection or a clamped cell, which ONNX's operator has not: step by step, as glia/ops/rnn.h has it. */
#include "glia/ops/rnn.h"

#include <math.h>

#include "onnx/onnx_export.h"
#include "ops/rnn/rnn_geom.h"

/* One direction of a layer. States are [N,..]; NULL: 0, as long as no step has been. */
typedef struct unrolling {
    const gli_onnx_op_call *c;
    gli_onnx_export *ex;
    const glia_rnn_params *params;
    int direction, axis;    /* axis: of the steps */
    gli_onnx_shape samples; /* [N] */
    int64_t steps, hidden;
    const char *inputs;            /* x W_ih^T + b_ih + b_hh */
    const char *recurrent, *after; /* W_hh^T and W_hr^T; NULL: there is no projection */
    const char *peephole[3];       /* of i, f, o; NULL: there is none */
    const char *lengths;           /* [N,1], of f32; NULL: all steps count */
    const char *h, *cell;
} unrolling;

static const char *weight(const unrolling *u, int k) {
    const int i = gli_rnn_weight(u->direction, k);
    return i < u->c->n_in ? u->c->in[i] : NULL;
}

static const char *two(const unrolling *u, const char *operator, const char * a, const char *b) {
    return gli_onnx_add(u->ex, operator, GLI_ONNX_NAMES(a, b));
}

static const char *one(const unrolling *u, const char *operator, const char * x) {
    return gli_onnx_add(u->ex, operator, 1, &x);
}

static const char *swapped(const unrolling *u, const char *w) {
    return w ? gli_onnx_write_transpose(u->ex, w, 2, (const int64_t[]){1, 0}) : NULL;
}

/* ---- Before the steps ---- */

/* Of state input i [D,N,..] this direction's. */
static const char *initial(const unrolling *u, int i) {
    if (i >= u->c->n_in || !u->c->in[i]) return NULL;
    const gli_onnx_shape *all = &u->c->x[i]->shape;
    gli_onnx_shape own = u->samples, cut = {0};
    gli_onnx_add_dim(&own, all->dim[2], all->other[2]);
    gli_onnx_add_dim(&cut, 1, 1);
    for (int d = 1; d < 3; ++d) gli_onnx_add_dim(&cut, all->dim[d], all->other[d]);
    const char *part = gli_onnx_write_slice(u->ex, u->c->in[i], 0, u->direction, u->direction + 1);
    return gli_onnx_write_reshape(u->ex, part, &cut, &own);
}

static void begin(unrolling *u) {
    const char *w = weight(u, GLI_RNN_W_IH), *peephole = weight(u, GLI_RNN_PEEPHOLE);
    u->inputs    = two(u, "MatMul", u->c->in[GLI_RNN_X], swapped(u, w));
    u->recurrent = swapped(u, weight(u, GLI_RNN_W_HH));
    u->after     = swapped(u, weight(u, GLI_RNN_W_HR));
    for (int k = GLI_RNN_B_IH; k <= GLI_RNN_B_HH; ++k)
        if (weight(u, k)) u->inputs = two(u, "Add", u->inputs, weight(u, k));
    for (int i = 0; peephole && i < 3; ++i) u->peephole[i] = gli_onnx_write_slice(u->ex, peephole, 0, i, i + 1);
    u->h    = initial(u, GLI_RNN_H0);
    u->cell = initial(u, GLI_RNN_C0);
}

/* ---- A step ---- */

/* The inputs of the four gates, of which each is [N,H]. */
static void gates(const unrolling *u, int64_t t, const char *gate[4]) {
    const int64_t sizes[] = {u->hidden, u->hidden, u->hidden, u->hidden};
    gli_onnx_shape whole = {0}, flat = u->samples;
    for (int i = 0; i < 2; ++i)
        gli_onnx_add_dim(&whole, i == u->axis ? 1 : u->samples.dim[0], i == u->axis ? 1 : u->samples.other[0]);
    gli_onnx_add_dim(&whole, 4 * u->hidden, 4 * u->hidden);
    gli_onnx_add_dim(&flat, 4 * u->hidden, 4 * u->hidden);
    const char *a = gli_onnx_write_slice(u->ex, u->inputs, u->axis, t, t + 1);
    a             = gli_onnx_write_reshape(u->ex, a, &whole, &flat);
    if (u->h) a = two(u, "Add", a, two(u, "MatMul", u->h, u->recurrent));
    gli_onnx_add_all(u->ex, "Split", GLI_ONNX_NAMES(a, gli_onnx_hold_ints(u->ex, 4, sizes)), 4, gate);
    gli_onnx_set_int(u->ex, "axis", 1);
}

static const char *look(const unrolling *u, const char *gate, int p, const char *cell) {
    return u->peephole[p] && cell ? two(u, "Add", gate, two(u, "Mul", u->peephole[p], cell)) : gate;
}

static const char *clamp(const unrolling *u, const char *cell) {
    const glia_dtype dtype = u->c->x[GLI_RNN_X]->dtype;
    if (!isfinite(u->params->cell_clip)) return cell;
    return gli_onnx_add(u->ex, "Clip",
                        GLI_ONNX_NAMES(cell, gli_onnx_hold_number(u->ex, dtype, -u->params->cell_clip),
                                       gli_onnx_hold_number(u->ex, dtype, u->params->cell_clip)));
}

/* made where the sequence has this step, else before. */
static const char *where(const unrolling *u, const char *counts, const char *made, const char *before) {
    if (!counts) return made;
    if (!before) before = gli_onnx_hold_number(u->ex, u->c->x[GLI_RNN_X]->dtype, 0);
    return gli_onnx_add(u->ex, "Where", GLI_ONNX_NAMES(counts, made, before));
}

/* Gives y of the step, with the axis of the steps. */
static const char *step(unrolling *u, int64_t t) {
    const char *gate[4], *counts = NULL; /* i, f, g, o */
    gates(u, t, gate);
    if (u->lengths) counts = two(u, "Less", gli_onnx_hold_number(u->ex, GLIA_F32, (double)t), u->lengths);
    const char *i = one(u, "Sigmoid", look(u, gate[0], 0, u->cell)), *g = one(u, "Tanh", gate[2]);
    const char *cell = two(u, "Mul", i, g);
    if (u->cell) cell = two(u, "Add", cell, two(u, "Mul", one(u, "Sigmoid", look(u, gate[1], 1, u->cell)), u->cell));
    cell          = clamp(u, cell);
    const char *h = two(u, "Mul", one(u, "Sigmoid", look(u, gate[3], 2, cell)), one(u, "Tanh", cell));
    if (u->after) h = two(u, "MatMul", h, u->after);
    const char *y = where(u, counts, h, NULL);
    u->h          = where(u, counts, h, u->h);
    u->cell       = where(u, counts, cell, u->cell);
    return two(u, "Unsqueeze", y, gli_onnx_hold_ints(u->ex, 1, (int64_t[]){u->axis}));
}

/* y of all steps. */
static const char *run(unrolling *u, bool backwards) {
    const char **y = gli_onnx_alloc(u->ex, (size_t)u->steps, sizeof *y);
    begin(u);
    for (int64_t n = 0; n < u->steps && gli_onnx_going(u->ex); ++n) {
        const int64_t t = backwards ? u->steps - 1 - n : n;
        y[t]            = step(u, t);
    }
    return gli_onnx_going(u->ex) ? gli_onnx_write_concat(u->ex, (int)u->steps, y, u->axis) : NULL;
}

void gli_onnx_write_lstm_steps(gli_onnx_op_call *c) {
    const glia_rnn_params *p = c->params;
    gli_onnx_export *ex      = c->ex;
    const gli_onnx_shape *x  = &c->x[GLI_RNN_X]->shape;
    const int directions = p->direction == GLIA_RNN_BOTH ? 2 : 1, axis = p->batch_first ? 1 : 0;
    unrolling u = {.c = c, .ex = ex, .params = p, .axis = axis, .steps = x->dim[axis]};
    const char *y[2], *h[2], *cell[2];
    u.hidden = c->x[gli_rnn_weight(0, GLI_RNN_W_IH)]->shape.dim[0] / 4;
    gli_onnx_add_dim(&u.samples, x->dim[1 - axis], x->other[1 - axis]);
    if (x->dim[axis] != x->other[axis] || u.steps < 1) {
        gli_onnx_refuse(ex, "it has as many steps as the batch, or none");
        return;
    }
    if (c->in[GLI_RNN_LENGTHS]) {
        gli_onnx_shape column = u.samples;
        gli_onnx_add_dim(&column, 1, 1);
        u.lengths = gli_onnx_write_cast(ex, c->in[GLI_RNN_LENGTHS], ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
        u.lengths = gli_onnx_write_reshape(ex, u.lengths, &u.samples, &column);
    }
    for (int d = 0; d < directions && gli_onnx_going(ex); ++d) {
        u.direction = d;
        y[d]        = run(&u, d == 1 || p->direction == GLIA_RNN_REVERSE);
        h[d]        = two(&u, "Unsqueeze", u.h, gli_onnx_hold_ints(ex, 1, (int64_t[]){0}));
        cell[d]     = two(&u, "Unsqueeze", u.cell, gli_onnx_hold_ints(ex, 1, (int64_t[]){0}));
    }
    if (!gli_onnx_going(ex)) return;
    c->out[GLI_RNN_Y]   = gli_onnx_write_concat(ex, directions, y, 2);
    c->out[GLI_RNN_H_N] = gli_onnx_write_concat(ex, directions, h, 0);
    c->out[GLI_RNN_C_N] = gli_onnx_write_concat(ex, directions, cell, 0);
}
