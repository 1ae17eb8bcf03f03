/* matmul: what every provider of it may rely on. */
#ifndef GLI_OPS_LINEAR_MATMUL_GEOM_H
#define GLI_OPS_LINEAR_MATMUL_GEOM_H

#include "glia/ops/linear.h"

enum { GLI_MATMUL_A, GLI_MATMUL_B, GLI_MATMUL_C }; /* inputs; c may be absent */
enum { GLI_MATMUL_MAX_BATCH = GLIA_MAX_DIMS - 2 };

/* How an operand is broadcast to y, whose dimensions both are aligned with at the end. Steps count elements of the
 * dense operand from one matrix to the next in that leading dimension of y; 0 where it repeats. */
typedef struct gli_matmul_broadcast {
    int step[GLI_MATMUL_MAX_BATCH];
    int missing;        /* so many leading dimensions of y it does not have */
    unsigned stretched; /* bit i: in dimension i of y it has one element and y another number */
} gli_matmul_broadcast;

typedef struct gli_matmul_geom {
    int batch_ndim;
    int batch[GLI_MATMUL_MAX_BATCH]; /* y's leading dimensions */
    int m, n, k;                     /* of op(a) [m,k] and op(b) [k,n], as multiplied */
    int transpose_a, transpose_b;
    gli_matmul_broadcast a, b, c;
    int c_row, c_column; /* c's steps from row to row and from column to column of y; 0 where it repeats */
    float alpha, beta;
} gli_matmul_geom;

#endif
