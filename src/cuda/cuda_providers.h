/* The table of the CUDA device: op -> ordered providers, read from cuda_providers.inc. */
#ifndef GLI_CUDA_CUDA_PROVIDERS_H
#define GLI_CUDA_CUDA_PROVIDERS_H

#include "core/provider.h"

const gli_provider *const *gli_cuda_providers(const gli_op *op);

#endif
