/* prelu and prelu_backward: what every provider of them may rely on. */
#ifndef GLI_OPS_ELEMENTWISE_PRELU_GEOM_H
#define GLI_OPS_ELEMENTWISE_PRELU_GEOM_H

#include "glia/ops/backward/elementwise.h"

enum { GLI_PRELU_X, GLI_PRELU_SLOPE, GLI_PRELU_DY }; /* dy: of prelu_backward */
enum { GLI_PRELU_DX, GLI_PRELU_DSLOPE };             /* outputs of prelu_backward; each may be absent */

/* Element i of x, row-major, uses slope i / inner % channels. */
typedef struct gli_prelu_geom {
    int count;    /* elements of x */
    int channels; /* of slope */
    int inner;    /* elements of x after the channel axis; all elements if there is one slope */
} gli_prelu_geom;

#endif
