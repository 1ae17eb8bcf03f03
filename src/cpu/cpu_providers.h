#ifndef GLI_CPU_CPU_PROVIDERS_H
#define GLI_CPU_CPU_PROVIDERS_H

#include "core/provider.h"

/* Any op on bf16 and f16: native/widened.c. */
extern const gli_provider gli_widened;

const gli_provider *const *gli_cpu_providers(const gli_op *op);

#endif
