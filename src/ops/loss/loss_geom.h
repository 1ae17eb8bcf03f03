/* loss and loss_backward. */
#ifndef GLI_OPS_LOSS_LOSS_GEOM_H
#define GLI_OPS_LOSS_LOSS_GEOM_H

#include "glia/ops/backward/loss.h"

enum {
    GLI_LOSS_PREDICTION,
    GLI_LOSS_TARGET,
    GLI_LOSS_WEIGHT,
    GLI_LOSS_DY
}; /* weight may be absent; dy: of loss_backward */

enum { GLI_LOSS_BACK_DPREDICTION, GLI_LOSS_BACK_Y };

typedef struct gli_loss_geom {
    int count;
    int shared; /* elements in a row that have one weight: 1, or those of an item */
    glia_loss_kind kind;
    glia_reduction reduction;
    bool log_target;
    double delta;
} gli_loss_geom;

#endif
