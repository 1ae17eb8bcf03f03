/* The activations of layers, as functions of the op `unary`. */
#ifndef GLI_OPS_ELEMENTWISE_ACTIVATION_H
#define GLI_OPS_ELEMENTWISE_ACTIVATION_H

#include <stdbool.h>

#include "glia/ops/common.h"

extern const char *const gli_unary_names[GLIA_UNARY_COUNT];
extern const char *const gli_activation_names[GLIA_ACTIVATION_COUNT];

/* The function of one element that an activation is; false: it is none, as a softmax. */
bool gli_activation_kind(glia_activation activation, glia_unary_kind *out);

/* The activation that ops compute in the same call, for a function whose derivative is one of its result: linear,
 * sigmoid, tanh and relu. false: there is none. */
bool gli_fused_activation(glia_unary_kind kind, glia_activation *out);

#endif
