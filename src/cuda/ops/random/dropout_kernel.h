/* dropout as a part of chains. */
#ifndef GLI_CUDA_OPS_RANDOM_DROPOUT_KERNEL_H
#define GLI_CUDA_OPS_RANDOM_DROPOUT_KERNEL_H

#include "cuda/ops/dense_view.h"
#include "ops/random/dropout_geom.h"

extern const gli_cuda_kernel *const gli_cuda_dropout_kernel;

#endif
