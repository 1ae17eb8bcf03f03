/* y = kind(y) in place: what follows another provider's product or convolution. */
#ifndef GLI_CPU_NATIVE_ELEMENTWISE_ACTIVATE_H
#define GLI_CPU_NATIVE_ELEMENTWISE_ACTIVATE_H

#include "core/provider.h"
#include "glia/ops/elementwise.h"

/* Any strides; the kinds of glia_activation that have no parameters. */
void gli_activate_tensor(const glia_context *ctx, glia_unary_kind kind, const glia_tensor *y);

#endif
