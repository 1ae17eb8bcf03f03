#ifndef GLI_CPU_REFERENCE_DATA_INCREMENT_REF_H
#define GLI_CPU_REFERENCE_DATA_INCREMENT_REF_H

#include "core/provider.h"

/* y[i] = x[i] + by[i], in integers: a double cannot represent every i64. y may be x. */
void gli_ref_increment(const int64_t *by, int count, const glia_tensor *x, const glia_tensor *y);

#endif
