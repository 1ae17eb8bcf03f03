/* unary and unary_backward: what every provider of them may rely on. */
#ifndef GLI_OPS_ELEMENTWISE_UNARY_GEOM_H
#define GLI_OPS_ELEMENTWISE_UNARY_GEOM_H

#include "glia/ops/backward/elementwise.h"

enum { GLI_UNARY_X };
enum { GLI_UNARY_BACKWARD_X, GLI_UNARY_BACKWARD_Y, GLI_UNARY_BACKWARD_DY }; /* x and y may be absent, see `from` */

/* What unary_backward computes from. The input named here is there; the other may be too and is not read. */
typedef enum gli_unary_from { GLI_FROM_NEITHER, GLI_FROM_X, GLI_FROM_Y } gli_unary_from;

typedef struct gli_unary_geom {
    glia_unary_kind kind;
    gli_unary_from from; /* of unary_backward */
    int count;           /* elements */
    double alpha, beta;  /* with the defaults filled in */
} gli_unary_geom;

#endif
