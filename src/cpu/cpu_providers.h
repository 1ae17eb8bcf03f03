#ifndef GLI_CPU_CPU_PROVIDERS_H
#define GLI_CPU_CPU_PROVIDERS_H

#include "core/provider.h"

const gli_provider *const *gli_cpu_providers(const gli_op *op);

#endif
