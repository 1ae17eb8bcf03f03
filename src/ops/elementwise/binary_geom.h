/* binary and binary_backward: what every provider of them may rely on. */
#ifndef GLI_OPS_ELEMENTWISE_BINARY_GEOM_H
#define GLI_OPS_ELEMENTWISE_BINARY_GEOM_H

#include "glia/ops/backward/elementwise.h"

enum { GLI_BINARY_A, GLI_BINARY_B, GLI_BINARY_DY }; /* dy: of binary_backward */
enum { GLI_BINARY_DA, GLI_BINARY_DB };              /* outputs of binary_backward; each may be absent */

/* The shapes aligned at their last axes, of ndim axes each. */
typedef struct gli_binary_geom {
    glia_binary_kind kind;
    int ndim, a_ndim, b_ndim;
    int dim[GLIA_MAX_DIMS];          /* of y */
    unsigned a_repeated, b_repeated; /* bit i: the input has size 1 along axis i, and y has not */
    int count, a_count, b_count;     /* elements */
} gli_binary_geom;

#endif
