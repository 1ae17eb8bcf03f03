/* Sums for the normalisations, in float over blocks that fit the first cache and in double over the blocks. The order
 * of the additions depends on the sizes only. */
#ifndef GLI_CPU_NATIVE_SUMS_H
#define GLI_CPU_NATIVE_SUMS_H

#include <stdint.h>

/* Of n elements one after the other. */
double gli_sum_of_run(const float *x, int64_t n);

/* Count, mean and sum of squared deviations from the mean. */
typedef struct gli_moments {
    double count, mean, m2;
} gli_moments;

/* Adds `part` to *all.
 * Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979. */
void gli_moments_merge(gli_moments *all, gli_moments part);

/* Of n elements one after the other. Each block is read twice: for its mean as a float, then for the deviations from
 * it, whose own mean corrects the first; so neither a large mean nor the float's rounding loses precision. */
gli_moments gli_moments_of_run(const float *x, int64_t n);

/* Sum of a and of a xhat, over n elements, with xhat = (x - mean) rstd. */
typedef struct gli_products {
    double a, ax;
} gli_products;
gli_products gli_products_of_run(const float *a, const float *x, float mean, float rstd, int64_t n);

/* The same for each column of rows of c elements one after the other. scratch holds 3 c floats, the results c each;
 * m2 as in gli_moments. */
void gli_moments_of_rows(const float *x, int64_t rows, int c, float *scratch, double *mean, double *m2);
void gli_products_of_rows(const float *a, const float *x, const float *mean, const float *rstd, int64_t rows, int c,
                          float *scratch, double *sum_a, double *sum_ax);

/* Rows that make a block of the two above: callers split their rows at multiples of it. */
int64_t gli_rows_of_block(int c);

#endif
