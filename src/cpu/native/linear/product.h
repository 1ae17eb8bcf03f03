/* Products of matrices in memory: y = activation(alpha a b + beta c), one or several of the same sizes. f32. With
 * `backward` y = activation'(of c) alpha a b, where c is what the activation computed. */
#ifndef GLI_CPU_NATIVE_LINEAR_PRODUCT_H
#define GLI_CPU_NATIVE_LINEAR_PRODUCT_H

#include <stddef.h>

#include "cpu/native/linear/gemm.h"
#include "glia/ops/common.h"

/* Where a matrix has its elements. The step of a leading dimension is 0 where the matrix repeats along it. */
typedef struct gli_product_matrix {
    int64_t row_stride, column_stride;
    int64_t step[GLIA_MAX_DIMS];
} gli_product_matrix;

gli_product_matrix gli_product_transposed(gli_product_matrix matrix);

typedef struct gli_product {
    int64_t rows, columns, sum; /* a: [rows,sum], b: [sum,columns], c and y: [rows,columns] */
    gli_product_matrix a, b, c, y;
    int ndim; /* leading dimensions */
    int64_t dim[GLIA_MAX_DIMS];
    float alpha, beta;
    glia_unary_kind activation;
    bool backward;
    bool b_packed; /* gli_product_pack has been there, in the same workspace; one product only */
} gli_product;

/* Bytes that gli_product_run needs. */
size_t gli_product_workspace(const gli_product *product);

/* For products with one b and many a: brings b into the workspace. gli_product_run then does not read it elsewhere. */
void gli_product_pack(const glia_context *ctx, const gli_product *product, const float *b, void *workspace);

/* c: NULL, or what is added, or what the derivative is computed from. It may be y. */
void gli_product_run(const glia_context *ctx, const gli_product *product, const float *a, const float *b,
                     const float *c, float *y, void *workspace);

/* In place; those that are fused with products and convolutions. */
void gli_activate(glia_unary_kind activation, float *values, int count);

#endif
