/* reduce and reduce_backward: what every provider of them may rely on. */
#ifndef GLI_OPS_REDUCE_REDUCE_GEOM_H
#define GLI_OPS_REDUCE_REDUCE_GEOM_H

#include "glia/ops/backward/reduce.h"

enum { GLI_REDUCE_X };
enum {
    GLI_REDUCE_BACKWARD_X,
    GLI_REDUCE_BACKWARD_Y,
    GLI_REDUCE_BACKWARD_DY
}; /* x and y may be absent where kind needs none */

/* Of the forward, for both ops. */
typedef struct gli_reduce_geom {
    glia_reduce_kind kind;
    int ndim;
    int dim[GLIA_MAX_DIMS]; /* of x */
    unsigned reduced;       /* bit i: axis i is reduced */
    int keep_dims;          /* y has the reduced axes, with size 1 */
    int count;              /* elements of x */
    int outputs;            /* elements of y */
    int set;                /* elements that make one of y; 0 where an axis is empty */
} gli_reduce_geom;

#endif
