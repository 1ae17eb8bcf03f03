/* The table of the CUDA device: op -> ordered providers, read from cuda_providers.inc. */
#ifndef GLIA_CUDA_CUDA_PROVIDERS_H
#define GLIA_CUDA_CUDA_PROVIDERS_H

#include "core/provider.h"

const glia_provider *const *glia_cuda_providers(const glia_op *op);

#endif
