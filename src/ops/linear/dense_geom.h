/* dense and its backward ops: what every provider of them may rely on. */
#ifndef GLI_OPS_LINEAR_DENSE_GEOM_H
#define GLI_OPS_LINEAR_DENSE_GEOM_H

#include "glia/ops/backward/linear.h"

enum { GLI_DENSE_X, GLI_DENSE_W, GLI_DENSE_BIAS };              /* inputs of dense; bias may be absent */
enum { GLI_DENSE_WEIGHTS_X, GLI_DENSE_WEIGHTS_DY };             /* inputs of dense_backward_weights */
enum { GLI_DENSE_WEIGHTS_DW, GLI_DENSE_WEIGHTS_DBIAS };         /* its outputs; dbias may be absent */
enum { GLI_DENSE_DATA_DY, GLI_DENSE_DATA_W, GLI_DENSE_DATA_X }; /* inputs of dense_backward_data; x may be absent */

/* Of all of them. All dimensions but the last are one here. */
typedef struct gli_dense_geom {
    int rows; /* x: [rows,k], y: [rows,u] */
    int k, u; /* w: [u,k] */
    glia_unary_kind activation;
} gli_dense_geom;

#endif
