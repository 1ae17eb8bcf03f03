#ifndef GLIA_CPU_CPU_PROVIDERS_H
#define GLIA_CPU_CPU_PROVIDERS_H

#include "core/provider.h"

const glia_provider *const *glia_cpu_providers(const glia_op *op);

#endif
