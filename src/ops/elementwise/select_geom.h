#ifndef GLI_OPS_ELEMENTWISE_SELECT_GEOM_H
#define GLI_OPS_ELEMENTWISE_SELECT_GEOM_H

#include "glia/ops/elementwise.h"

enum { GLI_SELECT_CONDITION, GLI_SELECT_A, GLI_SELECT_B };

typedef struct gli_select_geom {
    int count; /* elements */
} gli_select_geom;

#endif
