/* f(x) of a unary kind with its parameters filled in. References of ops with a fused activation use it too. */
#ifndef GLI_CPU_REFERENCE_ELEMENTWISE_UNARY_REF_H
#define GLI_CPU_REFERENCE_ELEMENTWISE_UNARY_REF_H

#include "glia/ops/common.h"

double gli_unary_value(glia_unary_kind kind, double alpha, double beta, double x);

#endif
