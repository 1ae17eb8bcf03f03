/* matmul: what every provider of it may rely on. */
#ifndef GLIA_OPS_LINEAR_MATMUL_GEOM_H
#define GLIA_OPS_LINEAR_MATMUL_GEOM_H

#include "core/ops.h"
#include "glia/ops/linear.h"

enum { MATMUL_A, MATMUL_B, MATMUL_C }; /* inputs; c may be absent */
enum { MATMUL_MAX_BATCH = GLIA_MAX_DIMS - 2 };

/* How an operand is broadcast to y, whose dimensions both are aligned with at the end. Steps count elements of the
 * dense operand from one matrix to the next in that leading dimension of y; 0 where it repeats. */
typedef struct glia_matmul_broadcast {
    int step[MATMUL_MAX_BATCH];
    int missing;        /* so many leading dimensions of y it does not have */
    unsigned stretched; /* bit i: in dimension i of y it has one element and y another number */
} glia_matmul_broadcast;

typedef struct glia_matmul_geom {
    int batch_ndim;
    int batch[MATMUL_MAX_BATCH]; /* y's leading dimensions */
    int m, n, k;                 /* of op(a) [m,k] and op(b) [k,n], as multiplied */
    int transpose_a, transpose_b;
    glia_matmul_broadcast a, b, c;
    int c_row, c_column; /* c's steps from row to row and from column to column of y; 0 where it repeats */
    float alpha, beta;
} glia_matmul_geom;

#endif
