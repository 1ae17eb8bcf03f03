#include "cpu/reference/ref.h"

#include <math.h>

#include "core/size.h"

static bool add_tensor(const glia_tensor *tensor, size_t *doubles) {
    return !tensor || gli_add_size(*doubles, (size_t)gli_count(tensor), doubles);
}

glia_status gli_ref_prepare(const gli_call *call, gli_prepared *out) {
    size_t doubles = 0;
    bool fits      = true;
    for (int i = 0; i < call->n_in; ++i) fits = fits && add_tensor(call->in[i], &doubles);
    for (int i = 0; i < call->op->n_outputs; ++i) fits = fits && add_tensor(call->out[i], &doubles);
    GLI_REQUIRE(call->ctx, fits && gli_mul_size(doubles, sizeof(double), &out->workspace), GLIA_OUT_OF_MEMORY,
                "%s: the reference needs more workspace than memory can have", call->op->name);
    return GLIA_OK;
}

glia_status gli_ref_run(const gli_call *call, void *workspace, gli_formula formula) {
    double *next                 = workspace;
    const double *in[GLI_MAX_IN] = {0};
    double *out[GLI_MAX_OUT]     = {0};
    for (int i = 0; i < call->n_in; ++i) {
        if (!call->in[i]) continue;
        gli_tensor_to_double(call->in[i], next);
        in[i] = next;
        next += gli_count(call->in[i]);
    }
    for (int i = 0; i < call->op->n_outputs; ++i) {
        if (!call->out[i]) continue;
        out[i] = next;
        next += gli_count(call->out[i]);
    }
    formula(call->geom, in, out);
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (call->out[i]) gli_tensor_from_double(call->out[i], out[i]);
    return GLIA_OK;
}

double gli_ref_activate(glia_unary_kind kind, double x) {
    switch (kind) {
        case GLIA_UNARY_RELU: return x <= 0 ? 0 : x; /* NaN stays NaN */
        case GLIA_UNARY_SIGMOID: return 1 / (1 + exp(-x));
        case GLIA_UNARY_TANH: return tanh(x);
        default: return x;
    }
}

double gli_ref_activate_backward(glia_unary_kind kind, double y, double dy) {
    switch (kind) {
        case GLIA_UNARY_RELU: return y <= 0 ? 0 : dy; /* NaN lets it through */
        case GLIA_UNARY_SIGMOID: return y * (1 - y) * dy;
        case GLIA_UNARY_TANH: return (1 - y * y) * dy;
        default: return dy;
    }
}
