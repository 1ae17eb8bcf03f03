/* Means of windows whose sums another provider makes as floats. */
#ifndef GLI_CPU_NATIVE_POOL_MEAN_POOL2D_H
#define GLI_CPU_NATIVE_POOL_MEAN_POOL2D_H

#include "core/provider.h"

/* Elements of y that are not finite, whose sums may have overflowed where the means do not, are made of sums of double.
 * A call of avg_pool2d, avg_pool3d or adaptive_avg_pool2d, with any strides. */
void gli_mend_means(const gli_call *call);

#endif
