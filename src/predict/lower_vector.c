/* Dense layers, elementwise functions and convolutions over time: products of a matrix and a vector. */
#include <string.h>

#include "cpu/native/elementwise/activate.h"
#include "cpu/native/finite.h"
#include "cpu/native/rnn/rnn_step.h"
#include "glia/ops.h"
#include "ops/conv/conv_geom.h"
#include "ops/elementwise/unary_geom.h"
#include "ops/linear/dense_geom.h"
#include "predict/predictor.h"

/* ---- unary ---- */

typedef struct unary_call {
    gli_unary_geom geom;
    const float *x;
    float *y;
} unary_call;

static glia_status run_unary(void *arg) {
    const unary_call *u = arg;
    gli_unary_floats(&u->geom, u->geom.count, u->x, u->y);
    return GLIA_OK;
}

glia_status gli_predict_lower_unary(gli_predict_build *b, const gli_node *node, int time, bool *done) {
    if (node->op != &gli_op_unary || gli_predict_is_weight(b, node, GLI_UNARY_X)) return GLIA_OK;
    if (!gli_unary_has_floats(((const gli_unary_geom *)node->geom)->kind)) return GLIA_OK;
    const glia_tensor shape = gli_predict_shape(b, node->out[0], time);
    void *memory;
    GLI_TRY(gli_predict_make(b, node->out[0], &shape, time));
    GLI_TRY(gli_predict_new(b, sizeof(unary_call), &memory));
    unary_call *u = memory;
    *u            = (unary_call){*(const gli_unary_geom *)node->geom, gli_predict_data(b, node, 0),
                                 b->values[node->out[0]].tensor.data};
    u->geom.count = (int)gli_count(&shape);
    *done         = true;
    return gli_predict_add_call(b, &(gli_predict_call){.run = run_unary, .arg = u});
}

void gli_predict_activate(glia_unary_kind kind, int64_t count, float *y) {
    const gli_rnn_step_kernel *kernel = gli_rnn_step_kernel_at(0);
    switch (kind) {
        case GLIA_UNARY_LINEAR: break;
        case GLIA_UNARY_TANH: kernel->tanh(count, y); break;
        case GLIA_UNARY_SIGMOID: kernel->sigmoid(count, y); break;
        default: gli_unary_floats(&(gli_unary_geom){.kind = kind}, count, y, y); break;
    }
}

/* ---- dense ---- */

typedef struct dense_call {
    gli_gemv gemv;
    glia_unary_kind activation;
    int64_t rows; /* of x */
    const float *x;
    float *y;
} dense_call;

/* What a product writes behind its outputs, the next row's overwrite. */
static glia_status run_dense(void *arg) {
    const dense_call *d = arg;
    for (int64_t r = 0; r < d->rows; ++r) gli_gemv_run(&d->gemv, d->x + r * d->gemv.columns, d->y + r * d->gemv.rows);
    gli_predict_activate(d->activation, d->rows * d->gemv.rows, d->y);
    return GLIA_OK;
}

static gli_fetch weights_of(const gli_gemv *gemv) {
    return (gli_fetch){(const char *)gemv->packed, (size_t)gli_gemv_packed(gemv) * sizeof(float)};
}

glia_status gli_predict_lower_dense(gli_predict_build *b, const gli_node *node, int time, bool *done) {
    const gli_dense_geom *g = node->geom;
    if (node->op != &gli_op_dense || gli_predict_is_weight(b, node, GLI_DENSE_X) ||
        !gli_predict_is_weight(b, node, GLI_DENSE_W) || !gli_predict_is_weight(b, node, GLI_DENSE_BIAS))
        return GLIA_OK;
    const glia_tensor shape = gli_predict_shape(b, node->out[0], time);
    void *memory;
    GLI_TRY(gli_predict_make(b, node->out[0], &shape, time));
    GLI_TRY(gli_predict_new(b, sizeof(dense_call), &memory));
    dense_call *d = memory;
    GLI_TRY(gli_predict_gemv(b, g->u, g->k, gli_predict_data(b, node, GLI_DENSE_W),
                             gli_predict_data(b, node, GLI_DENSE_BIAS), &d->gemv));
    d->activation = g->activation;
    d->rows       = gli_count(&shape) / g->u;
    d->x          = gli_predict_data(b, node, GLI_DENSE_X);
    d->y          = b->values[node->out[0]].tensor.data;
    *done         = true;
    return gli_predict_add_call(b, &(gli_predict_call){.run = run_dense, .arg = d, .weights = weights_of(&d->gemv)});
}

/* ---- conv2d over the steps of one row ---- */

typedef struct conv_call {
    gli_gemv *gemv; /* of each group */
    glia_unary_kind activation;
    int groups, channels, filters; /* of a group */
    int taps, dilation;
    int depth, at;  /* steps of the history, and which of them is this one's */
    float *history; /* [depth][groups][channels] */
    float *window;  /* [groups][taps][channels] */
    /* NULL, or where not all filters are finite: the filters as [groups][filters][taps][channels], the bias, and the
     * number of steps in the history until it is full. */
    float *odd_filters, *bias, *steps;
    const float *x;
    float *y;
} conv_call;

static void gather_window(const conv_call *c) {
    const int step     = c->groups * c->channels;
    const size_t bytes = (size_t)c->channels * sizeof(float);
    for (int s = 0; s < c->taps; ++s) {
        const int back   = (c->taps - 1 - s) * c->dilation;
        const int from   = c->at >= back ? c->at - back : c->at - back + c->depth;
        const float *old = c->history + (int64_t)from * step;
        for (int g = 0; g < c->groups; ++g)
            memcpy(c->window + ((int64_t)g * c->taps + s) * c->channels, old + (int64_t)g * c->channels, bytes);
    }
}

/* Until the history is full, infinite weights must not be multiplied by the zeros before the first step. */
static void multiply_first_steps(const conv_call *c) {
    const int64_t window = (int64_t)c->taps * c->channels;
    ++*c->steps;
    for (int64_t k = 0; k < (int64_t)c->groups * c->filters; ++k) {
        const float *w = c->odd_filters + k * window, *x = c->window + k / c->filters * window;
        float sum = c->bias[k];
        for (int64_t i = 0; i < window; ++i)
            if ((c->taps - 1 - i / c->channels) * c->dilation < *c->steps) sum += w[i] * x[i];
        c->y[k] = sum;
    }
}

static glia_status run_conv(void *arg) {
    conv_call *c   = arg;
    const int step = c->groups * c->channels;
    c->at          = c->at + 1 == c->depth ? 0 : c->at + 1;
    memcpy(c->history + (int64_t)c->at * step, c->x, (size_t)step * sizeof(float));
    gather_window(c);
    const bool first = c->odd_filters && *c->steps + 1 < c->depth;
    if (first) multiply_first_steps(c);
    for (int g = 0; !first && g < c->groups; ++g)
        gli_gemv_run(&c->gemv[g], c->window + (int64_t)g * c->taps * c->channels, c->y + (int64_t)g * c->filters);
    gli_predict_activate(c->activation, (int64_t)c->groups * c->filters, c->y);
    return GLIA_OK;
}

/* Packs w [K,C/G,1,S] in the order of the window, [K,S,C/G]; `filters` receives it in between. */
static glia_status pack_groups(gli_predict_build *b, const gli_node *node, const conv_call *c, float *filters) {
    const float *w = gli_predict_data(b, node, GLI_CONV_W), *bias = gli_predict_data(b, node, GLI_CONV_BIAS);
    const int64_t window = (int64_t)c->taps * c->channels;
    for (int g = 0; g < c->groups; ++g) {
        const float *from = w + g * c->filters * window;
        float *to         = filters + g * c->filters * window;
        for (int64_t k = 0; k < c->filters; ++k)
            for (int s = 0; s < c->taps; ++s)
                for (int i = 0; i < c->channels; ++i)
                    to[k * window + (int64_t)s * c->channels + i] = from[k * window + (int64_t)i * c->taps + s];
        GLI_TRY(gli_predict_gemv(b, c->filters, window, to, bias ? bias + g * c->filters : NULL, &c->gemv[g]));
    }
    return GLIA_OK;
}

/* Keeps what the first steps need of filters that are not all finite. */
static glia_status keep_filters(gli_predict_build *b, const gli_node *node, int64_t count, conv_call *c) {
    const float *bias     = gli_predict_data(b, node, GLI_CONV_BIAS);
    const int64_t outputs = (int64_t)c->groups * c->filters;
    GLI_TRY(gli_predict_floats(b, count, &c->odd_filters));
    GLI_TRY(gli_predict_floats(b, outputs, &c->bias));
    if (bias) memcpy(c->bias, bias, (size_t)outputs * sizeof *bias);
    return gli_predict_add_state(b, 1, &c->steps);
}

glia_status gli_predict_lower_conv(gli_predict_build *b, const gli_node *node, int time, bool *done) {
    const gli_conv_geom *g = node->geom;
    if (node->op != &gli_op_conv2d || time < 0) return GLIA_OK;
    GLI_REQUIRE(b->ctx, gli_predict_is_weight(b, node, GLI_CONV_W) && gli_predict_is_weight(b, node, GLI_CONV_BIAS),
                GLIA_UNSUPPORTED, "%s: w and bias of a convolution over time must be weights of the model",
                gli_predict_label(node));
    const glia_tensor shape = gli_predict_shape(b, node->out[0], time);
    void *memory, *gemv, *scratch = NULL;
    GLI_TRY(gli_predict_make(b, node->out[0], &shape, time));
    GLI_TRY(gli_predict_new(b, sizeof(conv_call), &memory));
    GLI_TRY(gli_predict_new(b, (size_t)g->groups * sizeof(gli_gemv), &gemv));
    conv_call *c = memory;
    *c           = (conv_call){.gemv       = gemv,
                               .activation = g->activation,
                               .groups     = g->groups,
                               .channels   = g->c / g->groups,
                               .filters    = g->k / g->groups,
                               .taps       = g->s,
                               .dilation   = g->dilation_w,
                               .depth      = (g->s - 1) * g->dilation_w + 1,
                               .x          = gli_predict_data(b, node, GLI_CONV_X),
                               .y          = b->values[node->out[0]].tensor.data};
    GLI_TRY(gli_predict_add_state(b, (int64_t)c->depth * g->c, &c->history));
    GLI_TRY(gli_predict_floats(b, (int64_t)g->s * g->c, &c->window));
    const int64_t count = (int64_t)g->k * c->taps * c->channels;
    if (!gli_all_finite(b->ctx, gli_predict_data(b, node, GLI_CONV_W), count))
        GLI_TRY(keep_filters(b, node, count, c));
    else
        GLI_TRY(gli_arena_alloc(b->ctx, &b->arena, (size_t)count, sizeof(float), &scratch));
    GLI_TRY(pack_groups(b, node, c, c->odd_filters ? c->odd_filters : scratch));
    *done = true;
    return gli_predict_add_call(b, &(gli_predict_call){.run = run_conv, .arg = c});
}
