/* Sums for the normalisations, in float over blocks that fit the first cache and in double over the blocks. The order
 * of the additions depends on the sizes only. */
#ifndef GLIA_CPU_NATIVE_SUMS_H
#define GLIA_CPU_NATIVE_SUMS_H

#include <stdint.h>

/* Count, mean and sum of squared deviations from the mean. */
typedef struct glia_moments {
    double count, mean, m2;
} glia_moments;

/* Adds `part` to *all.
 * Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979. */
void glia_moments_merge(glia_moments *all, glia_moments part);

/* Of n elements one after the other. Each block is read twice: for its mean as a float, then for the deviations from
 * it, whose own mean corrects the first; so neither a large mean nor the float's rounding costs digits. */
glia_moments glia_moments_of_run(const float *x, int64_t n);

/* Sum of a and of a (x - mean), over n elements. */
typedef struct glia_products {
    double a, ax;
} glia_products;
glia_products glia_products_of_run(const float *a, const float *x, float mean, int64_t n);

/* The same for each column of rows of c elements one after the other. scratch holds 3 c floats, the results c each;
 * m2 as in glia_moments. */
void glia_moments_of_rows(const float *x, int64_t rows, int c, float *scratch, double *mean, double *m2);
void glia_products_of_rows(const float *a, const float *x, const float *mean, int64_t rows, int c, float *scratch,
                           double *sum_a, double *sum_ax);

/* Rows that make a block of the two above: callers cut their rows at multiples of it. */
int64_t glia_rows_of_block(int c);

#endif
