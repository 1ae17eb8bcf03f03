/* unary and unary_backward: what every provider of them may rely on. */
#ifndef GLIA_OPS_ELEMENTWISE_UNARY_GEOM_H
#define GLIA_OPS_ELEMENTWISE_UNARY_GEOM_H

#include "core/ops.h"
#include "glia/ops/elementwise.h"

enum { UNARY_X };
enum { UNARY_BACKWARD_X, UNARY_BACKWARD_Y, UNARY_BACKWARD_DY }; /* x and y may be absent, see `from` */

/* What unary_backward computes from. The input named here is there; the other may be too and is not read. */
typedef enum glia_unary_from { GLIA_FROM_NEITHER, GLIA_FROM_X, GLIA_FROM_Y } glia_unary_from;

typedef struct glia_unary_geom {
    glia_unary_kind kind;
    glia_unary_from from; /* of unary_backward */
    int count;            /* elements */
    double alpha, beta;   /* with the defaults filled in */
} glia_unary_geom;

#endif
