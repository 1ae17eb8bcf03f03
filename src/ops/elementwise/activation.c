#include "ops/elementwise/activation.h"

static const glia_unary_kind kinds[] = {
    [GLIA_LINEAR]       = GLIA_UNARY_LINEAR,
    [GLIA_RELU]         = GLIA_UNARY_RELU,
    [GLIA_LEAKY_RELU]   = GLIA_UNARY_LEAKY_RELU,
    [GLIA_ELU]          = GLIA_UNARY_ELU,
    [GLIA_SELU]         = GLIA_UNARY_SELU,
    [GLIA_GELU]         = GLIA_UNARY_GELU,
    [GLIA_GELU_TANH]    = GLIA_UNARY_GELU_TANH,
    [GLIA_SILU]         = GLIA_UNARY_SILU,
    [GLIA_SIGMOID]      = GLIA_UNARY_SIGMOID,
    [GLIA_TANH]         = GLIA_UNARY_TANH,
    [GLIA_SOFTPLUS]     = GLIA_UNARY_SOFTPLUS,
    [GLIA_SOFTSIGN]     = GLIA_UNARY_SOFTSIGN,
    [GLIA_HARD_SIGMOID] = GLIA_UNARY_HARD_SIGMOID,
    [GLIA_HARD_SWISH]   = GLIA_UNARY_HARD_SWISH,
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *const gli_activation_names[GLIA_ACTIVATION_COUNT] = {
    [GLIA_LINEAR]       = "linear",
    [GLIA_RELU]         = "relu",
    [GLIA_LEAKY_RELU]   = "leaky_relu",
    [GLIA_ELU]          = "elu",
    [GLIA_SELU]         = "selu",
    [GLIA_GELU]         = "gelu",
    [GLIA_GELU_TANH]    = "gelu_tanh",
    [GLIA_SILU]         = "silu",
    [GLIA_SIGMOID]      = "sigmoid",
    [GLIA_TANH]         = "tanh",
    [GLIA_SOFTPLUS]     = "softplus",
    [GLIA_SOFTSIGN]     = "softsign",
    [GLIA_HARD_SIGMOID] = "hard_sigmoid",
    [GLIA_HARD_SWISH]   = "hard_swish",
    [GLIA_SOFTMAX]      = "softmax",
    [GLIA_LOG_SOFTMAX]  = "log_softmax",
};

const char *glia_activation_name(glia_activation activation) {
    return (unsigned)activation < GLIA_ACTIVATION_COUNT ? gli_activation_names[activation] : "?";
}

bool gli_activation_kind(glia_activation activation, glia_unary_kind *out) {
    if ((unsigned)activation >= KINDS) return false;
    *out = kinds[activation];
    return true;
}

bool gli_fused_activation(glia_unary_kind kind, glia_activation *out) {
    switch (kind) {
        case GLIA_UNARY_LINEAR: return *out = GLIA_LINEAR, true;
        case GLIA_UNARY_SIGMOID: return *out = GLIA_SIGMOID, true;
        case GLIA_UNARY_TANH: return *out = GLIA_TANH, true;
        case GLIA_UNARY_RELU: return *out = GLIA_RELU, true;
        default: return false;
    }
}
