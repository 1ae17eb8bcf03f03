/* loss and loss_backward. */
#ifndef GLIA_OPS_LOSS_LOSS_GEOM_H
#define GLIA_OPS_LOSS_LOSS_GEOM_H

#include "core/ops.h"
#include "glia/ops/loss.h"

enum { LOSS_PREDICTION, LOSS_TARGET, LOSS_WEIGHT, LOSS_DY }; /* weight may be absent; dy: of loss_backward */

typedef struct glia_loss_geom {
    int count;
    int shared; /* elements in a row that have one weight: 1, or those of an item */
    glia_loss_kind kind;
    glia_reduction reduction;
    bool log_target;
    double delta;
} glia_loss_geom;

#endif
