/* What the context's threads can do at best: the roof of profiles. */
#ifndef GLI_CPU_CPU_ROOF_H
#define GLI_CPU_CPU_ROOF_H

#include "core/context_impl.h"

/* Of one second: f32 operations in the inner loop of matrix products, whose data is in the first cache; and bytes read
 * and written by a copy. The best of several runs, 0.2 s in all. */
glia_status gli_cpu_roof(glia_context *ctx, double *flops, double *bytes);

#endif
