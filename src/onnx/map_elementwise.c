/* Functions of one element. */
#include <math.h>
#include <string.h>

#include "core/dtype.h"
#include "glia/ops/elementwise.h"
#include "onnx/onnx_map.h"

/* A row's names says which of alpha and beta are attributes. */
void gli_onnx_map_unary(gli_onnx_node *node) {
    const gli_onnx_operator *o = node->row;
    const char *names          = o->names ? o->names : "";
    const double alpha         = strchr(names, 'a') ? gli_onnx_float(node, "alpha", o->alpha) : o->alpha;
    const double beta          = strchr(names, 'b') ? gli_onnx_float(node, "beta", o->beta) : o->beta;
    gli_onnx_give(node, 0, gli_onnx_unary(node, (glia_unary_kind)o->kind, alpha, beta, gli_onnx_in(node, 0)));
}

void gli_onnx_map_integer_unary(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    if (!x || gli_dtype_is_float(x->is.dtype) || !x->constant) {
        gli_onnx_map_unary(node);
        return;
    }
    const gli_onnx_function f = node->row->kind == GLIA_UNARY_NEG ? GLI_ONNX_NEG : GLI_ONNX_ABS;
    gli_onnx_give(node, 0, gli_onnx_host(node, f, x->type, 1, &x));
}

/* gamma (x > 0 ? x : alpha (exp(x) - 1)) */
void gli_onnx_map_selu(gli_onnx_node *node) {
    const double alpha = gli_onnx_float(node, "alpha", 1.67326319217681884765625);
    const double gamma = gli_onnx_float(node, "gamma", 1.05070102214813232421875);
    gli_onnx_value *x  = gli_onnx_unary(node, GLIA_UNARY_ELU, alpha, 0, gli_onnx_in(node, 0));
    gli_onnx_give(node, 0, gli_onnx_scale(node, x, gamma));
}

/* max(x, 0) + min(alpha (exp(x / alpha) - 1), 0) = alpha elu(x / alpha) */
void gli_onnx_map_celu(gli_onnx_node *node) {
    const double alpha = gli_onnx_float(node, "alpha", 1);
    gli_onnx_value *x  = gli_onnx_scale(node, gli_onnx_in(node, 0), 1 / alpha);
    GLI_ONNX_REQUIRE(node, alpha > 0, GLIA_UNSUPPORTED, "alpha is %g, must be above 0", alpha);
    gli_onnx_give(node, 0, gli_onnx_scale(node, gli_onnx_unary(node, GLIA_UNARY_ELU, 1, 0, x), alpha));
}

/* x > alpha ? x : 0 */
void gli_onnx_map_thresholded_relu(gli_onnx_node *node) {
    gli_onnx_value *x  = gli_onnx_in(node, 0);
    const double alpha = gli_onnx_float(node, "alpha", 1);
    /* Of -infinity, too: 0 times a number is 0. */
    gli_onnx_value *bounded = gli_onnx_binary(node, GLIA_BINARY_MAXIMUM, x, gli_onnx_number(node, x, alpha));
    gli_onnx_value *above   = gli_onnx_unary(node, GLIA_UNARY_STEP, 0, 0, gli_onnx_shift(node, bounded, -alpha));
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_MUL, bounded, above));
}

void gli_onnx_map_gelu(gli_onnx_node *node) {
    const char *form = gli_onnx_string(node, "approximate", "none");
    const bool tanh  = strcmp(form, "tanh") == 0;
    GLI_ONNX_REQUIRE(node, tanh || strcmp(form, "none") == 0, GLIA_BAD_FORMAT, "approximate is '%.32s'", form);
    const glia_unary_kind kind = tanh ? GLIA_UNARY_GELU_TANH : GLIA_UNARY_GELU;
    gli_onnx_give(node, 0, gli_onnx_unary(node, kind, 0, 0, gli_onnx_in(node, 0)));
}

/* x tanh(softplus(x)) */
void gli_onnx_map_mish(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    gli_onnx_value *t = gli_onnx_unary(node, GLIA_UNARY_TANH, 0, 0, gli_onnx_unary(node, GLIA_UNARY_SOFTPLUS, 1, 0, x));
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_MUL, x, t));
}

void gli_onnx_map_reciprocal(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_DIV, gli_onnx_number(node, x, 1), x));
}

/* Of a slope for each channel Glia's prelu; of any other max(x, 0) - slope max(-x, 0). */
void gli_onnx_map_prelu(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *slope = gli_onnx_in(node, 1);
    if (!x || !slope) return;
    const int64_t count = gli_count(&slope->is);
    /* Before version 7 a vector; then it broadcasts, and has the dimensions from the channel's on. */
    const int ndim     = node->version < 7 ? 1 : x->is.ndim - 1;
    const bool channel = x->is.ndim > 1 && slope->is.ndim == ndim && slope->is.dim[0] == count && count == x->is.dim[1];
    if (count == 1 || channel) {
        gli_onnx_shape vector = {.ndim = 1, .dim = {count}, .other = {count}};
        slope                 = gli_onnx_reshape(node, slope, &vector);
        if (slope) gli_onnx_give(node, 0, gli_onnx_call(node, &gli_op_prelu, NULL, GLI_ONNX_VALUES(x, slope)));
        return;
    }
    gli_onnx_value *above = gli_onnx_unary(node, GLIA_UNARY_RELU, 0, 0, x);
    gli_onnx_value *below = gli_onnx_unary(node, GLIA_UNARY_RELU, 0, 0, gli_onnx_unary(node, GLIA_UNARY_NEG, 0, 0, x));
    below                 = gli_onnx_binary(node, GLIA_BINARY_MUL, below, slope);
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_SUB, above, below));
}

static gli_onnx_value *clip_by(gli_onnx_node *node, gli_onnx_value *x, gli_onnx_value *low, gli_onnx_value *high) {
    if (low) x = gli_onnx_binary(node, GLIA_BINARY_MAXIMUM, x, low);
    if (high) x = gli_onnx_binary(node, GLIA_BINARY_MINIMUM, x, high);
    return x;
}

static gli_onnx_value *clip_between(gli_onnx_node *node, gli_onnx_value *x, double low, double high) {
    if (isfinite(low) && isfinite(high) && low <= high) return gli_onnx_unary(node, GLIA_UNARY_CLIP, low, high, x);
    gli_onnx_value *lowest = isfinite(low) ? gli_onnx_number(node, x, low) : NULL;
    return clip_by(node, x, lowest, isfinite(high) ? gli_onnx_number(node, x, high) : NULL);
}

static gli_onnx_value *clip_integers(gli_onnx_node *node, gli_onnx_value *x, gli_onnx_value *low,
                                     gli_onnx_value *high) {
    if (low) x = gli_onnx_host(node, GLI_ONNX_MAX, x->type, 2, (gli_onnx_value *[]){x, low});
    if (high && x) x = gli_onnx_host(node, GLI_ONNX_MIN, x->type, 2, (gli_onnx_value *[]){x, high});
    return x;
}

/* Where both bounds hold, the upper one: min(max(x, low), high). */
void gli_onnx_map_clip(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0), *low = gli_onnx_in(node, 1), *high = gli_onnx_in(node, 2);
    const bool numbers = (!low || low->constant) && (!high || high->constant);
    double bounds[]    = {-INFINITY, INFINITY};
    if (!x) return;
    if (node->version < 11) {
        bounds[0] = gli_onnx_float(node, "min", bounds[0]);
        bounds[1] = gli_onnx_float(node, "max", bounds[1]);
    } else if (numbers && gli_dtype_is_float(x->is.dtype)) {
        if (low) bounds[0] = gli_onnx_known_number(node, 1, "min");
        if (high) bounds[1] = gli_onnx_known_number(node, 2, "max");
    } else if (numbers && x->constant) {
        gli_onnx_give(node, 0, clip_integers(node, x, low, high));
        return;
    } else {
        gli_onnx_give(node, 0, low || high ? clip_by(node, x, low, high) : x);
        return;
    }
    gli_onnx_give(node, 0, clip_between(node, x, bounds[0], bounds[1]));
}

static gli_onnx_value *sign_of(gli_onnx_node *node, gli_onnx_value *x) {
    gli_onnx_value *above = gli_onnx_unary(node, GLIA_UNARY_STEP, 0, 0, x);
    gli_onnx_value *below = gli_onnx_unary(node, GLIA_UNARY_STEP, 0, 0, gli_onnx_unary(node, GLIA_UNARY_NEG, 0, 0, x));
    return gli_onnx_binary(node, GLIA_BINARY_SUB, above, below);
}

void gli_onnx_map_sign(gli_onnx_node *node) {
    gli_onnx_value *x   = gli_onnx_in(node, 0);
    const bool constant = x && x->constant;
    gli_onnx_give(node, 0, constant ? gli_onnx_host(node, GLI_ONNX_SIGN, x->type, 1, &x) : sign_of(node, x));
}

void gli_onnx_map_round(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    GLI_ONNX_REQUIRE(node, x && x->constant, GLIA_UNSUPPORTED, "Glia rounds constants alone");
    gli_onnx_give(node, 0, gli_onnx_host(node, (gli_onnx_function)node->row->kind, x->type, 1, &x));
}

void gli_onnx_map_tan(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    gli_onnx_value *s = gli_onnx_unary(node, GLIA_UNARY_SIN, 0, 0, x),
                   *c = gli_onnx_unary(node, GLIA_UNARY_COS, 0, 0, x);
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_DIV, s, c));
}

/* Of z = sqrt(2) x, gelu(z) = z (1 + erf(x)) / 2: its quotient by |z|, which is kept from 0. */
void gli_onnx_map_erf(gli_onnx_node *node) {
    gli_onnx_value *x = gli_onnx_in(node, 0);
    gli_onnx_value *z = gli_onnx_unary(node, GLIA_UNARY_ABS, 0, 0, gli_onnx_scale(node, x, sqrt(2)));
    z                 = gli_onnx_binary(node, GLIA_BINARY_MAXIMUM, z, gli_onnx_number(node, z, 1e-20));
    gli_onnx_value *y = gli_onnx_binary(node, GLIA_BINARY_DIV, gli_onnx_unary(node, GLIA_UNARY_GELU, 0, 0, z), z);
    y                 = gli_onnx_shift(node, gli_onnx_scale(node, y, 2), -1);
    gli_onnx_give(node, 0, gli_onnx_binary(node, GLIA_BINARY_MUL, y, sign_of(node, x)));
}
