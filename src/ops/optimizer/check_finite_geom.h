#ifndef GLI_OPS_OPTIMIZER_CHECK_FINITE_GEOM_H
#define GLI_OPS_OPTIMIZER_CHECK_FINITE_GEOM_H

#include "glia/ops/optimizer.h"

enum { GLI_CHECK_FINITE_X, GLI_CHECK_FINITE_STEP, GLI_CHECK_FINITE_FAILED, GLI_CHECK_FINITE_Y }; /* y may be absent */

typedef struct gli_check_finite_geom {
    int x_count, y_count; /* elements */
} gli_check_finite_geom;

#endif
