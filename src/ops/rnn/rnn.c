#include "ops/rnn/rnn_geom.h"

#include <math.h>
#include <stdalign.h>
#include <stddef.h>

#include "core/derive.h"
#include "core/size.h"
#include "ops/check.h"

static const glia_tensor *input(const gli_resolution *r, int i) { return i < r->n_in ? r->in[i] : NULL; }

static const glia_tensor *weight(const gli_resolution *r, int direction, int k) {
    return input(r, gli_rnn_weight(direction, k));
}

static const char *const cells[]      = {"tanh", "relu", "LSTM", "GRU"};
static const char *const directions[] = {"forward", "reverse", "both"};

static glia_status check_params(const gli_resolution *r, const glia_rnn_params *p) {
    GLI_REQUIRE(r->ctx, !p->reset_before || p->cell == GLIA_RNN_GRU, GLIA_INVALID_ARGUMENT,
                "%s: reset_before belongs to GRU, the cell is %s", r->op->name, cells[p->cell]);
    GLI_REQUIRE(r->ctx, p->cell != GLIA_RNN_LSTM || p->cell_clip >= 0, GLIA_INVALID_ARGUMENT,
                "%s: cell_clip is %g, must not be negative", r->op->name, p->cell_clip);
    return GLIA_OK;
}

static glia_status check_dtypes(const gli_resolution *r) {
    const glia_tensor *saved = r->op == &gli_op_rnn_backward ? input(r, GLI_RNN_BACK_SAVED) : NULL;
    GLI_TRY(gli_check_floats(r));
    if (input(r, GLI_RNN_LENGTHS)) GLI_TRY(gli_check_index_dtype(r, GLI_RNN_LENGTHS));
    /* f32 beside bf16 and f16, so that sums over the steps lose no precision */
    const glia_dtype dtype = gli_dtype_wide(r->in[GLI_RNN_X]->dtype);
    GLI_REQUIRE(r->ctx, !saved || saved->dtype == dtype, GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be %s as x is %s",
                r->op->name, r->op->inputs[GLI_RNN_BACK_SAVED].name, glia_dtype_name(saved->dtype),
                glia_dtype_name(dtype), glia_dtype_name(r->in[GLI_RNN_X]->dtype));
    return GLIA_OK;
}

/* Only some cells and calls have such an input. */
static glia_status check_belongs(const gli_resolution *r, int i, bool belongs, const char *to) {
    GLI_REQUIRE(r->ctx, belongs || !input(r, i), GLIA_INVALID_ARGUMENT, "%s: %s belongs to %s", r->op->name,
                r->op->inputs[i].name, to);
    return GLIA_OK;
}

static glia_status check_weights(const gli_resolution *r, const gli_rnn_geom *g, int direction) {
    const int64_t rows = (int64_t)g->gates * g->hidden;
    for (int k = 0; k < GLI_RNN_WEIGHTS; ++k) {
        const bool has = k == GLI_RNN_W_IH || k == GLI_RNN_W_HH   ? true
                         : k == GLI_RNN_B_IH || k == GLI_RNN_B_HH ? g->bias
                         : k == GLI_RNN_W_HR                      ? g->projection
                                                                  : g->peephole;
        const int i    = gli_rnn_weight(direction, k);
        GLI_REQUIRE(r->ctx, (input(r, i) != NULL) == has, GLIA_INVALID_ARGUMENT, "%s: %s is %s, but %s is %s",
                    r->op->name, r->op->inputs[i].name, has ? "NULL" : "given",
                    r->op->inputs[gli_rnn_weight(0, k == GLI_RNN_B_HH ? GLI_RNN_B_IH : k)].name,
                    has ? "given" : "NULL");
        if (!has) continue;
        if (k == GLI_RNN_W_IH) GLI_TRY(gli_check_dims(r, i, rows, g->inputs));
        if (k == GLI_RNN_W_HH) GLI_TRY(gli_check_dims(r, i, rows, g->outputs));
        if (k == GLI_RNN_B_IH || k == GLI_RNN_B_HH) GLI_TRY(gli_check_dims(r, i, rows));
        if (k == GLI_RNN_W_HR) GLI_TRY(gli_check_dims(r, i, g->outputs, g->hidden));
        if (k == GLI_RNN_PEEPHOLE) GLI_TRY(gli_check_dims(r, i, 3, g->hidden));
    }
    return GLIA_OK;
}

/* Elements of the saved output: enough for the gates, a few states, and the copies of inputs and states that libraries
 * make, with rows padded to 16 elements. A plan allocates only what its provider asks for. */
static int64_t saved_size(const gli_rnn_geom *g) {
    const int64_t hidden = ((int64_t)g->hidden + 15) / 16 * 16;
    const int64_t widest = ((int64_t)gli_max_i64(g->hidden, gli_max_i64(g->inputs, g->outputs)) + 15) / 16 * 16;
    const int64_t row    = gli_saturating_mul((int64_t)g->directions * g->batch, (g->gates + 6) * hidden + 2 * widest);
    return gli_saturating_mul(row, (int64_t)g->steps + 2);
}

static glia_status check_sizes(const gli_resolution *r, gli_rnn_geom *g) {
    const glia_tensor *x = r->in[GLI_RNN_X], *w = weight(r, 0, GLI_RNN_W_IH), *projection = weight(r, 0, GLI_RNN_W_HR);
    GLI_TRY(gli_check_ndim(r, GLI_RNN_X, 3));
    GLI_TRY(gli_check_ndim(r, gli_rnn_weight(0, GLI_RNN_W_IH), 2));
    GLI_REQUIRE(r->ctx, w->dim[0] > 0 && w->dim[0] % g->gates == 0, GLIA_SHAPE_MISMATCH,
                "%s: %s is %s, must have a multiple of %d rows, one block for each gate of %s", r->op->name,
                r->op->inputs[gli_rnn_weight(0, GLI_RNN_W_IH)].name, GLI_SHAPE_OF(w), g->gates, cells[g->cell]);
    GLI_REQUIRE(r->ctx, x->dim[2] > 0, GLIA_SHAPE_MISMATCH, "%s: x is %s, a step has no inputs", r->op->name,
                GLI_SHAPE_OF(x));
    if (projection) {
        GLI_TRY(gli_check_ndim(r, gli_rnn_weight(0, GLI_RNN_W_HR), 2));
        GLI_REQUIRE(r->ctx, projection->dim[0] > 0, GLIA_SHAPE_MISMATCH, "%s: w_hr is %s, gives no outputs",
                    r->op->name, GLI_SHAPE_OF(projection));
    }
    g->steps   = (int)x->dim[g->batch_first];
    g->batch   = (int)x->dim[!g->batch_first];
    g->inputs  = (int)x->dim[2];
    g->hidden  = (int)(w->dim[0] / g->gates);
    g->outputs = projection ? (int)projection->dim[0] : g->hidden;
    return GLIA_OK;
}

static void set_offsets(gli_rnn_geom *g) {
    const int64_t y = (int64_t)g->directions * g->outputs;
    g->x_row        = (int64_t)g->inputs * (g->batch_first ? g->steps : 1);
    g->x_step       = (int64_t)g->inputs * (g->batch_first ? 1 : g->batch);
    g->y_row        = y * (g->batch_first ? g->steps : 1);
    g->y_step       = y * (g->batch_first ? 1 : g->batch);
}

/* What both ops share: the inputs of the forward call. */
static glia_status resolve_layer(gli_resolution *r) {
    const glia_rnn_params *p = r->params;
    gli_rnn_geom *g          = r->geom;
    GLI_TRY(check_params(r, p));
    GLI_TRY(check_dtypes(r));
    const bool lstm = p->cell == GLIA_RNN_LSTM;
    g->cell         = p->cell;
    g->gates        = lstm ? 4 : p->cell == GLIA_RNN_GRU ? 3 : 1;
    g->directions   = p->direction == GLIA_RNN_BOTH ? 2 : 1;
    g->reverse      = p->direction == GLIA_RNN_REVERSE;
    g->batch_first  = p->batch_first;
    g->reset_before = p->reset_before;
    g->cell_clip    = p->cell == GLIA_RNN_LSTM ? p->cell_clip : INFINITY;
    g->bias         = weight(r, 0, GLI_RNN_B_IH) != NULL;
    g->projection   = weight(r, 0, GLI_RNN_W_HR) != NULL;
    g->peephole     = weight(r, 0, GLI_RNN_PEEPHOLE) != NULL;
    GLI_TRY(check_belongs(r, GLI_RNN_C0, lstm, "LSTM"));
    GLI_TRY(check_belongs(r, gli_rnn_weight(0, GLI_RNN_W_HR), lstm, "LSTM"));
    GLI_TRY(check_belongs(r, gli_rnn_weight(0, GLI_RNN_PEEPHOLE), lstm, "LSTM"));
    GLI_TRY(check_sizes(r, g));
    for (int k = 0; k < GLI_RNN_WEIGHTS; ++k)
        GLI_TRY(check_belongs(r, gli_rnn_weight(1, k), g->directions == 2, "the second of both directions"));
    for (int d = 0; d < g->directions; ++d) GLI_TRY(check_weights(r, g, d));
    if (input(r, GLI_RNN_H0)) GLI_TRY(gli_check_dims(r, GLI_RNN_H0, g->directions, g->batch, g->outputs));
    if (input(r, GLI_RNN_C0)) GLI_TRY(gli_check_dims(r, GLI_RNN_C0, g->directions, g->batch, g->hidden));
    if (input(r, GLI_RNN_LENGTHS)) GLI_TRY(gli_check_dims(r, GLI_RNN_LENGTHS, g->batch));
    set_offsets(g);
    g->saved = saved_size(g);
    GLI_REQUIRE(r->ctx, g->saved < INT64_C(1) << 40, GLIA_UNSUPPORTED, "%s: x is %s with %d hidden units: too large",
                r->op->name, GLI_SHAPE_OF(r->in[GLI_RNN_X]), g->hidden);
    return GLIA_OK;
}

static void shape_of_y(const gli_rnn_geom *g, int64_t dim[3]) {
    dim[g->batch_first]  = g->steps;
    dim[!g->batch_first] = g->batch;
    dim[2]               = (int64_t)g->directions * g->outputs;
}

static glia_status resolve_forward(gli_resolution *r) {
    GLI_TRY(resolve_layer(r));
    const gli_rnn_geom *g  = r->geom;
    const glia_dtype dtype = r->in[GLI_RNN_X]->dtype;
    int64_t y[3];
    shape_of_y(g, y);
    gli_set_shape(&r->out[GLI_RNN_Y], dtype, 3, y);
    gli_set_dims(&r->out[GLI_RNN_H_N], dtype, g->directions, g->batch, g->outputs);
    gli_set_dims(&r->out[GLI_RNN_C_N], dtype, 0);
    if (g->cell == GLIA_RNN_LSTM) gli_set_dims(&r->out[GLI_RNN_C_N], dtype, g->directions, g->batch, g->hidden);
    gli_set_dims(&r->out[GLI_RNN_SAVED], gli_dtype_wide(dtype), g->saved);
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    GLI_TRY(resolve_layer(r));
    const gli_rnn_geom *g  = r->geom;
    const glia_dtype dtype = r->in[GLI_RNN_X]->dtype;
    int64_t y[3];
    shape_of_y(g, y);
    GLI_TRY(gli_check_shape(r, GLI_RNN_BACK_Y, 3, y));
    GLI_TRY(gli_check_dims(r, GLI_RNN_BACK_SAVED, g->saved));
    GLI_TRY(check_belongs(r, GLI_RNN_BACK_DC_N, g->cell == GLIA_RNN_LSTM, "LSTM"));
    if (input(r, GLI_RNN_BACK_DY)) GLI_TRY(gli_check_shape(r, GLI_RNN_BACK_DY, 3, y));
    if (input(r, GLI_RNN_BACK_DH_N)) GLI_TRY(gli_check_dims(r, GLI_RNN_BACK_DH_N, g->directions, g->batch, g->outputs));
    if (input(r, GLI_RNN_BACK_DC_N)) GLI_TRY(gli_check_dims(r, GLI_RNN_BACK_DC_N, g->directions, g->batch, g->hidden));
    GLI_REQUIRE(r->ctx, input(r, GLI_RNN_BACK_DY) || input(r, GLI_RNN_BACK_DH_N) || input(r, GLI_RNN_BACK_DC_N),
                GLIA_INVALID_ARGUMENT, "%s: dy, dh_n and dc_n are NULL: no gradient comes in", r->op->name);
    gli_set_shape(&r->out[GLI_RNN_BACK_DX], dtype, 3, r->in[GLI_RNN_X]->dim);
    for (int o = GLI_RNN_BACK_DH0; o < GLI_RNN_BACK_OUTPUTS; ++o) gli_set_dims(&r->out[o], dtype, 0);
    gli_set_dims(&r->out[GLI_RNN_BACK_DH0], dtype, g->directions, g->batch, g->outputs);
    if (g->cell == GLIA_RNN_LSTM) gli_set_dims(&r->out[GLI_RNN_BACK_DC0], dtype, g->directions, g->batch, g->hidden);
    for (int d = 0; d < g->directions; ++d)
        for (int k = 0; k < GLI_RNN_WEIGHTS; ++k) {
            const glia_tensor *w = weight(r, d, k);
            if (w) gli_set_shape(&r->out[gli_rnn_dweight(d, k)], dtype, w->ndim, w->dim);
        }
    return GLIA_OK;
}

static double products(const gli_rnn_geom *g) {
    const double step = (double)g->gates * g->hidden * ((double)g->inputs + g->outputs) +
                        (g->projection ? (double)g->hidden * g->outputs : 0);
    return step * g->directions * g->steps * g->batch;
}

/* Roundings along one sequence, if no step amplifies those before it, as with the small weights of networks. */
static double chain(const gli_rnn_geom *g) {
    const double step = (double)g->inputs + g->outputs + (g->projection ? g->hidden : 0) + 24;
    return g->steps * step;
}

static void cost_forward(const void *geom, gli_cost *out) {
    const gli_rnn_geom *g = geom;
    *out                  = (gli_cost){.flops = 2 * products(g), .depth = chain(g)};
}

/* Of the products of gradients that are not requested. */
static double spared(const gli_call *call) {
    const gli_rnn_geom *g = call->geom;
    const double rows     = 2.0 * g->steps * g->batch;
    const double w_ih = rows * g->gates * g->hidden * g->inputs, w_hh = rows * g->gates * g->hidden * g->outputs;
    double flops = call->out[GLI_RNN_BACK_DX] ? 0 : w_ih * g->directions;
    for (int d = 0; d < g->directions; ++d) {
        if (!call->out[gli_rnn_dweight(d, GLI_RNN_W_IH)]) flops += w_ih;
        if (!call->out[gli_rnn_dweight(d, GLI_RNN_W_HH)]) flops += w_hh;
        if (g->projection && !call->out[gli_rnn_dweight(d, GLI_RNN_W_HR)]) flops += rows * g->hidden * g->outputs;
    }
    return flops;
}

static void cost_backward(const void *geom, gli_cost *out) {
    const gli_rnn_geom *g = geom;
    const double there    = (double)g->gates * g->hidden * g->steps;
    *out = (gli_cost){.flops = 4 * products(g), .depth = chain(g) + there + (double)g->steps * g->batch};
}

static bool exact(const void *geom) { return ((const gli_rnn_geom *)geom)->cell == GLIA_RNN_RELU; }

/* Outputs that were not requested cost nothing: no step of a plan writes them. */
static void derive(gli_derivation *d) {
    glia_value in[GLI_RNN_BACK_INPUTS] = {{0}}, out[GLI_RNN_BACK_OUTPUTS];
    for (int i = 0; i < d->n_in; ++i) in[i] = d->in[i];
    in[GLI_RNN_BACK_Y]     = d->out[GLI_RNN_Y];
    in[GLI_RNN_BACK_SAVED] = d->out[GLI_RNN_SAVED];
    in[GLI_RNN_BACK_DY]    = d->dout[GLI_RNN_Y];
    in[GLI_RNN_BACK_DH_N]  = d->dout[GLI_RNN_H_N];
    if (((const gli_rnn_geom *)d->geom)->cell == GLIA_RNN_LSTM) in[GLI_RNN_BACK_DC_N] = d->dout[GLI_RNN_C_N];
    gli_derive_call(d, &gli_op_rnn_backward, d->params, GLI_RNN_BACK_INPUTS, in, GLI_RNN_BACK_OUTPUTS, out);
    static const int gradient[GLI_RNN_WEIGHT] = {GLI_RNN_BACK_DX, GLI_RNN_BACK_DH0, GLI_RNN_BACK_DC0};
    for (int i = 0; i < d->n_in; ++i)
        if (gli_requested(d, i))
            d->din[i] = out[i < GLI_RNN_WEIGHT ? gradient[i] : GLI_RNN_BACK_DWEIGHT + i - GLI_RNN_WEIGHT];
}

/* Inputs of both ops. gradient: GLI_IN_GRADIENT in the forward op, 0 in the backward one. */
#define WEIGHT(d, k) [GLI_RNN_WEIGHT + (d) * GLI_RNN_WEIGHTS + (k)]
#define WEIGHTS(d, suffix, optional, gradient)                                           \
    WEIGHT(d, GLI_RNN_W_IH)               = {"w_ih" suffix, optional | gradient},        \
              WEIGHT(d, GLI_RNN_W_HH)     = {"w_hh" suffix, optional | gradient},        \
              WEIGHT(d, GLI_RNN_B_IH)     = {"b_ih" suffix, GLI_IN_OPTIONAL | gradient}, \
              WEIGHT(d, GLI_RNN_B_HH)     = {"b_hh" suffix, GLI_IN_OPTIONAL | gradient}, \
              WEIGHT(d, GLI_RNN_W_HR)     = {"w_hr" suffix, GLI_IN_OPTIONAL | gradient}, \
              WEIGHT(d, GLI_RNN_PEEPHOLE) = {"peephole" suffix, GLI_IN_OPTIONAL | gradient}
#define INPUTS(gradient)                                                                            \
    [GLI_RNN_X] = {"x", gradient}, [GLI_RNN_H0] = {"h0", GLI_IN_OPTIONAL | GLI_IN_WIDE | gradient}, \
    [GLI_RNN_C0]      = {"c0", GLI_IN_OPTIONAL | GLI_IN_WIDE | gradient},                           \
    [GLI_RNN_LENGTHS] = {"lengths", GLI_IN_OPTIONAL | GLI_IN_INDEX}, WEIGHTS(0, "", 0, gradient),   \
    WEIGHTS(1, "_reverse", GLI_IN_OPTIONAL, gradient)
#define GRADIENT(d, k) [GLI_RNN_BACK_DWEIGHT + (d) * GLI_RNN_WEIGHTS + (k)]
#define GRADIENTS(d, suffix)                                                                       \
    GRADIENT(d, GLI_RNN_W_IH)                 = {"dw_ih" suffix, GLI_OUT_OPTIONAL | GLI_OUT_WIDE}, \
                GRADIENT(d, GLI_RNN_W_HH)     = {"dw_hh" suffix, GLI_OUT_OPTIONAL | GLI_OUT_WIDE}, \
                GRADIENT(d, GLI_RNN_B_IH)     = {"db_ih" suffix, GLI_OUT_OPTIONAL | GLI_OUT_WIDE}, \
                GRADIENT(d, GLI_RNN_B_HH)     = {"db_hh" suffix, GLI_OUT_OPTIONAL | GLI_OUT_WIDE}, \
                GRADIENT(d, GLI_RNN_W_HR)     = {"dw_hr" suffix, GLI_OUT_OPTIONAL | GLI_OUT_WIDE}, \
                GRADIENT(d, GLI_RNN_PEEPHOLE) = {"dpeephole" suffix, GLI_OUT_OPTIONAL | GLI_OUT_WIDE}

static const gli_op_input forward_inputs[]   = {INPUTS(GLI_IN_GRADIENT)};
static const gli_op_output forward_outputs[] = {
    [GLI_RNN_Y]     = {"y", GLI_OUT_GRADIENT},
    [GLI_RNN_H_N]   = {"h_n", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_RNN_C_N]   = {"c_n", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_RNN_SAVED] = {"reserve", GLI_OUT_OPTIONAL | GLI_OUT_SAVED},
};
static const gli_op_input backward_inputs[] = {
    INPUTS(0),
    [GLI_RNN_BACK_Y]     = {"y", 0},
    [GLI_RNN_BACK_SAVED] = {"reserve", GLI_IN_SAVED},
    [GLI_RNN_BACK_DY]    = {"dy", GLI_IN_OPTIONAL},
    [GLI_RNN_BACK_DH_N]  = {"dh_n", GLI_IN_OPTIONAL | GLI_IN_WIDE},
    [GLI_RNN_BACK_DC_N]  = {"dc_n", GLI_IN_OPTIONAL | GLI_IN_WIDE},
};
static const gli_op_output backward_outputs[] = {
    [GLI_RNN_BACK_DX]  = {"dx", GLI_OUT_OPTIONAL},
    [GLI_RNN_BACK_DH0] = {"dh0", GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    [GLI_RNN_BACK_DC0] = {"dc0", GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
    GRADIENTS(0, ""),
    GRADIENTS(1, "_reverse"),
};

static const gli_op_param fields[] = {
    GLI_PARAM_NAMED(glia_rnn_params, cell, cells), GLI_PARAM_NAMED(glia_rnn_params, direction, directions),
    GLI_PARAM(glia_rnn_params, batch_first),       GLI_PARAM(glia_rnn_params, reset_before),
    GLI_PARAM(glia_rnn_params, cell_clip),
};
static const glia_rnn_params defaults = {.cell_clip = INFINITY};

const gli_op gli_op_rnn = {
    .name = "rnn",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_rnn_geom),
    .resolve   = resolve_forward,
    .cost      = cost_forward,
    .exact     = exact,
    .derive    = derive,
};

const gli_op gli_op_rnn_backward = {
    .name = "rnn_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size           = sizeof(gli_rnn_geom),
    .forward             = &gli_op_rnn,
    .once_differentiable = &gli_op_rnn,
    .resolve             = resolve_backward,
    .cost                = cost_backward,
    .spared              = spared,
    .exact               = exact,
};

/* The inputs of both ops; weights: one for each direction that the params name. */
static void gather_inputs(const glia_rnn_params *params, const glia_tensor *x, const glia_rnn_start *start,
                          const glia_rnn_weights *weights, const glia_tensor **in) {
    static const glia_rnn_start no_start;
    static const glia_rnn_weights no_weights[GLI_RNN_MAX_DIRECTIONS];
    if (!start) start = &no_start;
    if (!weights) weights = no_weights;
    in[GLI_RNN_X] = x, in[GLI_RNN_H0] = start->h0, in[GLI_RNN_C0] = start->c0, in[GLI_RNN_LENGTHS] = start->lengths;
    for (int d = 0; d < (params && params->direction == GLIA_RNN_BOTH ? 2 : 1); ++d) {
        const glia_rnn_weights *w               = &weights[d];
        in[gli_rnn_weight(d, GLI_RNN_W_IH)]     = w->w_ih;
        in[gli_rnn_weight(d, GLI_RNN_W_HH)]     = w->w_hh;
        in[gli_rnn_weight(d, GLI_RNN_B_IH)]     = w->b_ih;
        in[gli_rnn_weight(d, GLI_RNN_B_HH)]     = w->b_hh;
        in[gli_rnn_weight(d, GLI_RNN_W_HR)]     = w->w_hr;
        in[gli_rnn_weight(d, GLI_RNN_PEEPHOLE)] = w->peephole;
    }
}

glia_rnn_params glia_rnn_defaults(void) { return defaults; }

glia_status glia_rnn(glia_context *ctx, const glia_rnn_params *params, const glia_tensor *x,
                     const glia_rnn_start *start, const glia_rnn_weights *weights, glia_tensor *y,
                     const glia_rnn_end *end) {
    const glia_tensor *in[GLI_RNN_INPUTS] = {NULL};
    const glia_rnn_end no_end             = {0};
    if (!end) end = &no_end;
    gather_inputs(params, x, start, weights, in);
    return gli_call_op(ctx, &gli_op_rnn, params, GLI_RNN_INPUTS, in, GLI_RNN_OUTPUTS,
                       (glia_tensor *[]){y, end->h_n, end->c_n, end->reserve});
}

glia_status glia_rnn_reserve(glia_context *ctx, const glia_rnn_params *params, const glia_tensor *x,
                             const glia_rnn_start *start, const glia_rnn_weights *weights, glia_tensor **out) {
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    const glia_tensor *in[GLI_RNN_INPUTS] = {NULL};
    gli_resolution r;
    gather_inputs(params, x, start, weights, in);
    GLI_TRY(gli_enter(ctx));
    const glia_status status = gli_resolve(ctx, &gli_op_rnn, params, GLI_RNN_INPUTS, in, geom, &r);
    gli_leave(ctx);
    GLI_TRY(status);
    const glia_tensor *reserve = &r.out[GLI_RNN_SAVED];
    return glia_tensor_create(ctx, reserve->dtype, GLIA_SHAPE(reserve->dim[0]), out);
}

glia_status glia_rnn_backward(glia_context *ctx, const glia_rnn_backward_params *params, const glia_rnn_saved *saved,
                              const glia_rnn_upstream *upstream, glia_tensor *dx, const glia_rnn_gradients *gradients) {
    static const glia_rnn_saved no_saved;
    static const glia_rnn_upstream no_upstream;
    static const glia_rnn_gradients no_gradients;
    const glia_tensor *in[GLI_RNN_BACK_INPUTS] = {NULL};
    if (!saved) saved = &no_saved;
    if (!upstream) upstream = &no_upstream;
    if (!gradients) gradients = &no_gradients;
    gather_inputs(params, saved->x, saved->start, saved->weights, in);
    in[GLI_RNN_BACK_Y] = saved->y, in[GLI_RNN_BACK_SAVED] = saved->reserve;
    in[GLI_RNN_BACK_DY] = upstream->dy, in[GLI_RNN_BACK_DH_N] = upstream->dh_n, in[GLI_RNN_BACK_DC_N] = upstream->dc_n;
    glia_tensor *out[GLI_RNN_BACK_OUTPUTS] = {dx, gradients->dh0, gradients->dc0};
    for (int d = 0; d < GLI_RNN_MAX_DIRECTIONS; ++d) {
        const glia_rnn_weight_gradients *w        = &gradients->weights[d];
        out[gli_rnn_dweight(d, GLI_RNN_W_IH)]     = w->dw_ih;
        out[gli_rnn_dweight(d, GLI_RNN_W_HH)]     = w->dw_hh;
        out[gli_rnn_dweight(d, GLI_RNN_B_IH)]     = w->db_ih;
        out[gli_rnn_dweight(d, GLI_RNN_B_HH)]     = w->db_hh;
        out[gli_rnn_dweight(d, GLI_RNN_W_HR)]     = w->dw_hr;
        out[gli_rnn_dweight(d, GLI_RNN_PEEPHOLE)] = w->dpeephole;
    }
    return gli_call_op(ctx, &gli_op_rnn_backward, params, GLI_RNN_BACK_INPUTS, in, GLI_RNN_BACK_OUTPUTS, out);
}
