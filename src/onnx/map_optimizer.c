/* The operators of ONNX's training domain: steps of optimizers, as their formulas. Inputs are the learning rate R, the
 * count T of steps, and for each tensor its value X, its gradient G and states. */
#include <math.h>
#include <string.h>

#include "glia/ops/elementwise.h"
#include "onnx/onnx_map.h"

typedef struct step {
    gli_onnx_node *node;
    gli_onnx_value *rate;
    double count, decay; /* decay: norm_coefficient */
    int tensors, states;
} step;

static bool begin(gli_onnx_node *node, int states, step *out) {
    *out         = (step){.node   = node,
                          .rate   = gli_onnx_in(node, 0),
                          .decay  = gli_onnx_float(node, "norm_coefficient", 0),
                          .states = states};
    out->count   = gli_onnx_known_number(node, 1, "T");
    out->tensors = (node->n_in - 2) / (2 + states);
    if (!out->rate || node->n_in < 2 || (node->n_in - 2) % (2 + states) || node->n_out != out->tensors * (1 + states))
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "%d inputs and %d outputs", node->n_in, node->n_out);
    for (int i = 0; i < node->n_in; ++i)
        if (!gli_onnx_in(node, i)) gli_onnx_fail(node, GLIA_BAD_FORMAT, "input %d is absent", i);
    return gli_onnx_ok(node);
}

/* Input or output `part` of tensor i: X, G, and the states. */
static gli_onnx_value *part_of(const step *s, int part, int i) { return s->node->in[2 + part * s->tensors + i]; }

static void give(const step *s, int part, int i, gli_onnx_value *value) {
    gli_onnx_give(s->node, part * s->tensors + i, value);
}

static gli_onnx_value *add(const step *s, gli_onnx_value *a, gli_onnx_value *b) {
    return gli_onnx_binary(s->node, GLIA_BINARY_ADD, a, b);
}

static gli_onnx_value *scaled(const step *s, gli_onnx_value *x, double factor) {
    return gli_onnx_scale(s->node, x, factor);
}

/* G + norm_coefficient X */
static gli_onnx_value *gradient(const step *s, int i) {
    gli_onnx_value *g = part_of(s, 1, i);
    return s->decay == 0 ? g : add(s, g, scaled(s, part_of(s, 0, i), s->decay));
}

/* X - rate direction */
static gli_onnx_value *moved(const step *s, int i, gli_onnx_value *rate, gli_onnx_value *direction) {
    gli_onnx_value *by = gli_onnx_binary(s->node, GLIA_BINARY_MUL, direction, rate);
    return gli_onnx_binary(s->node, GLIA_BINARY_SUB, part_of(s, 0, i), by);
}

void gli_onnx_map_adam(gli_onnx_node *node) {
    step s;
    const double alpha = gli_onnx_float(node, "alpha", 0.9), beta = gli_onnx_float(node, "beta", 0.999);
    const double epsilon = gli_onnx_float(node, "epsilon", 1e-6),
                 after   = gli_onnx_float(node, "norm_coefficient_post", 0);
    if (!begin(node, 2, &s)) return;
    const double bias = s.count > 0 ? sqrt(1 - pow(beta, s.count)) / (1 - pow(alpha, s.count)) : 1;
    for (int i = 0; i < s.tensors && gli_onnx_ok(node); ++i) {
        gli_onnx_value *g = gradient(&s, i), *square = gli_onnx_unary(node, GLIA_UNARY_SQUARE, 0, 0, g);
        gli_onnx_value *v = add(&s, scaled(&s, part_of(&s, 2, i), alpha), scaled(&s, g, 1 - alpha));
        gli_onnx_value *h = add(&s, scaled(&s, part_of(&s, 3, i), beta), scaled(&s, square, 1 - beta));
        gli_onnx_value *d = gli_onnx_shift(node, gli_onnx_unary(node, GLIA_UNARY_SQRT, 0, 0, h), epsilon);
        gli_onnx_value *x = moved(&s, i, scaled(&s, s.rate, bias), gli_onnx_binary(node, GLIA_BINARY_DIV, v, d));
        give(&s, 0, i, scaled(&s, x, 1 - after));
        give(&s, 1, i, v);
        give(&s, 2, i, h);
    }
}

void gli_onnx_map_momentum(gli_onnx_node *node) {
    step s;
    const double alpha = gli_onnx_float(node, "alpha", 0), beta = gli_onnx_float(node, "beta", 0);
    const char *mode    = gli_onnx_string(node, "mode", "standard");
    const bool nesterov = strcmp(mode, "nesterov") == 0;
    GLI_ONNX_REQUIRE(node, nesterov || strcmp(mode, "standard") == 0, GLIA_BAD_FORMAT, "mode is '%.32s'", mode);
    if (!begin(node, 1, &s)) return;
    for (int i = 0; i < s.tensors && gli_onnx_ok(node); ++i) {
        gli_onnx_value *g = gradient(&s, i);
        gli_onnx_value *v = add(&s, scaled(&s, part_of(&s, 2, i), alpha), scaled(&s, g, s.count > 0 ? beta : 1));
        give(&s, 0, i, moved(&s, i, s.rate, nesterov ? add(&s, g, scaled(&s, v, alpha)) : v));
        give(&s, 1, i, v);
    }
}

void gli_onnx_map_adagrad(gli_onnx_node *node) {
    step s;
    const double epsilon = gli_onnx_float(node, "epsilon", 1e-6), decay = gli_onnx_float(node, "decay_factor", 0);
    if (!begin(node, 1, &s)) return;
    gli_onnx_value *rate = scaled(&s, s.rate, 1 / (1 + s.count * decay));
    for (int i = 0; i < s.tensors && gli_onnx_ok(node); ++i) {
        gli_onnx_value *g = gradient(&s, i);
        gli_onnx_value *h = add(&s, part_of(&s, 2, i), gli_onnx_unary(node, GLIA_UNARY_SQUARE, 0, 0, g));
        gli_onnx_value *d = gli_onnx_shift(node, gli_onnx_unary(node, GLIA_UNARY_SQRT, 0, 0, h), epsilon);
        give(&s, 0, i, moved(&s, i, rate, gli_onnx_binary(node, GLIA_BINARY_DIV, g, d)));
        give(&s, 1, i, h);
    }
}
