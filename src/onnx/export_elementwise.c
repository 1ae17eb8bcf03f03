/* Functions of one element, or of several. Those that are one operator are found in the importer's table. */
#include "glia/ops/elementwise.h"

#include <math.h>

#include "core/dtype.h"
#include "onnx/onnx_export.h"
#include "onnx/onnx_map.h"
#include "ops/elementwise/activation.h"

/* What the functions below compute with: x, and numbers of its dtype. */
typedef struct term {
    gli_onnx_export *ex;
    glia_dtype dtype;
} term;

static const char *number(const term *t, double value) { return gli_onnx_hold_number(t->ex, t->dtype, value); }

static const char *one(const term *t, const char *operator, const char * x) {
    return gli_onnx_add(t->ex, operator, 1, &x);
}

static const char *two(const term *t, const char *operator, const char * a, const char *b) {
    return gli_onnx_add(t->ex, operator, GLI_ONNX_NAMES(a, b));
}

static const char *step(const term *t, const char *x) {
    return gli_onnx_write_cast(t->ex, two(t, "Greater", x, number(t, 0)), gli_onnx_type_in(t->ex, t->dtype));
}

/* x (1 + erf(x / sqrt(2))) / 2, or its approximation x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
static const char *gelu(const term *t, const char *x, bool tanh) {
    if (t->ex->opset >= GLI_ONNX_GELU) {
        const char *y = one(t, "Gelu", x);
        gli_onnx_set_string(t->ex, "approximate", tanh ? "tanh" : "none");
        return y;
    }
    const char *inner = x;
    if (tanh) {
        inner = two(t, "Mul", two(t, "Mul", x, x), number(t, 0.044715));
        inner = two(t, "Mul", x, two(t, "Add", inner, number(t, 1)));
    }
    inner = two(t, "Mul", inner, number(t, tanh ? 0.79788456080286535588 : sqrt(0.5)));
    inner = two(t, "Add", one(t, tanh ? "Tanh" : "Erf", inner), number(t, 1));
    return two(t, "Mul", two(t, "Mul", x, number(t, 0.5)), inner);
}

static const char *clip(const term *t, const char *x, const glia_unary_params *p) {
    const char *low = isfinite(p->alpha) ? number(t, p->alpha) : NULL;
    return gli_onnx_add(t->ex, "Clip", GLI_ONNX_NAMES(x, low, isfinite(p->beta) ? number(t, p->beta) : NULL));
}

/* log(1 + exp(alpha x)) / alpha */
static const char *softplus(const term *t, const char *x, double alpha) {
    if (alpha == 1) return one(t, "Softplus", x);
    return two(t, "Div", one(t, "Softplus", two(t, "Mul", x, number(t, alpha))), number(t, alpha));
}

/* Of a kind that is one operator: its attributes are alpha and beta, as the row of the import says. */
static const char *plain(const term *t, const char *x, const glia_unary_params *p) {
    const gli_onnx_operator *o = gli_onnx_operator_by(gli_onnx_map_unary, (int)p->kind);
    if (!o) o = gli_onnx_operator_by(gli_onnx_map_integer_unary, (int)p->kind);
    if (!o) return gli_onnx_refuse(t->ex, "ONNX has no operator for %s", glia_unary_name(p->kind));
    const char *y = one(t, o->name, x);
    for (const char *c = o->names ? o->names : ""; *c; ++c)
        gli_onnx_set_float(t->ex, *c == 'a' ? "alpha" : "beta", *c == 'a' ? p->alpha : p->beta);
    return y;
}

static const char *unary(const term *t, const char *x, const glia_unary_params *p) {
    switch (p->kind) {
        case GLIA_UNARY_LINEAR:
        case GLIA_UNARY_STOP_GRADIENT: return x;
        case GLIA_UNARY_STEP: return step(t, x);
        case GLIA_UNARY_SELU: return one(t, "Selu", x);
        case GLIA_UNARY_GELU: return gelu(t, x, false);
        case GLIA_UNARY_GELU_TANH: return gelu(t, x, true);
        case GLIA_UNARY_SILU: return two(t, "Mul", x, one(t, "Sigmoid", x));
        case GLIA_UNARY_SOFTPLUS: return softplus(t, x, p->alpha);
        case GLIA_UNARY_CLIP: return clip(t, x, p);
        case GLIA_UNARY_SQUARE: return two(t, "Mul", x, x);
        default: return plain(t, x, p);
    }
}

void gli_onnx_write_unary(gli_onnx_op_call *c) {
    c->out[0] = unary(&(term){c->ex, c->x[0]->dtype}, c->in[0], c->params);
}

const char *gli_onnx_write_activation(gli_onnx_export *ex, const char *x, glia_dtype dtype,
                                      glia_activation activation) {
    glia_unary_kind kind;
    if (!gli_activation_kind(activation, &kind))
        return gli_onnx_refuse(ex, "it has the activation %s", glia_activation_name(activation));
    const glia_unary_params params = glia_unary_defaults(kind);
    return unary(&(term){ex, dtype}, x, &params);
}

void gli_onnx_write_same(gli_onnx_op_call *c) { c->out[0] = c->in[0]; }

/* ---- Pairs ---- */

/* Comparisons give bools, which become numbers. */
static const char *compare(const term *t, const char *operator, bool not, const char *a, const char *b) {
    const char *y = two(t, operator, a, b);
    if (not) y = one(t, "Not", y);
    return gli_onnx_write_cast(t->ex, y, gli_onnx_type_in(t->ex, t->dtype));
}

void gli_onnx_write_binary(gli_onnx_op_call *c) {
    static const char *const comparisons[] = {
        [GLIA_BINARY_EQUAL] = "Equal",     [GLIA_BINARY_NOT_EQUAL] = "Equal",
        [GLIA_BINARY_LESS] = "Less",       [GLIA_BINARY_LESS_EQUAL] = "LessOrEqual",
        [GLIA_BINARY_GREATER] = "Greater", [GLIA_BINARY_GREATER_EQUAL] = "GreaterOrEqual"};
    const glia_binary_kind kind = ((const glia_binary_params *)c->params)->kind;
    const term t                = {c->ex, c->x[0]->dtype};
    const gli_onnx_operator *o  = gli_onnx_operator_by(gli_onnx_map_binary, (int)kind);
    if (!o && kind != GLIA_BINARY_ADD) o = gli_onnx_operator_by(gli_onnx_map_variadic, (int)kind);
    if (kind >= GLIA_BINARY_EQUAL)
        c->out[0] = compare(&t, comparisons[kind], kind == GLIA_BINARY_NOT_EQUAL, c->in[0], c->in[1]);
    else
        c->out[0] = two(&t, kind == GLIA_BINARY_POW ? "Pow" : o->name, c->in[0], c->in[1]);
}

/* What is not 0 is true, a NaN as well. */
void gli_onnx_write_where(gli_onnx_op_call *c) {
    const term t     = {c->ex, c->x[0]->dtype};
    const char *zero = two(&t, "Equal", c->in[0], number(&t, 0));
    c->out[0]        = gli_onnx_add(c->ex, "Where", GLI_ONNX_NAMES(one(&t, "Not", zero), c->in[1], c->in[2]));
}

void gli_onnx_write_prelu(gli_onnx_op_call *c) {
    const gli_onnx_shape *slope = &c->x[1]->shape;
    const char *channels =
        slope->dim[0] == 1 ? c->in[1] : gli_onnx_write_channels(c->ex, c->in[1], slope->dim[0], c->x[0]->shape.ndim);
    c->out[0] = gli_onnx_add(c->ex, "PRelu", GLI_ONNX_NAMES(c->in[0], channels));
}
