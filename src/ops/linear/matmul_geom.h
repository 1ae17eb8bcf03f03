/* matmul: what every provider of it may rely on. */
#ifndef GLI_OPS_LINEAR_MATMUL_GEOM_H
#define GLI_OPS_LINEAR_MATMUL_GEOM_H

#include "glia/ops/linear.h"

enum { GLI_MATMUL_A, GLI_MATMUL_B, GLI_MATMUL_C }; /* inputs; c may be absent */
enum { GLI_MATMUL_MAX_BATCH = GLIA_MAX_DIMS - 2 };

/* How an input is broadcast to y; dimensions are aligned at the end. step: elements of the dense input from one matrix
 * to the next along that leading dimension of y; 0 where it repeats. */
typedef struct gli_matmul_broadcast {
    int step[GLI_MATMUL_MAX_BATCH];
    int missing;        /* leading dimensions of y that it does not have */
    unsigned stretched; /* bit i: it has size 1 in dimension i of y, and y has not */
} gli_matmul_broadcast;

typedef struct gli_matmul_geom {
    int batch_ndim;
    int batch[GLI_MATMUL_MAX_BATCH]; /* y's leading dimensions */
    int m, n, k;                     /* of op(a) [m,k] and op(b) [k,n], as multiplied */
    int transpose_a, transpose_b;
    gli_matmul_broadcast a, b, c;
    int c_row, c_column; /* c's steps from row to row and from column to column of y; 0 where it repeats */
    bool reads_c;        /* it is there and beta is not 0 */
    double alpha, beta;
} gli_matmul_geom;

#endif
