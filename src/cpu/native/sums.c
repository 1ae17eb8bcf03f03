#include "cpu/native/sums.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/size.h"
#include "cpu/native/vectorize.h"

enum { LANES = 16, RUN_BLOCK = 4096, ROWS_BLOCK = 8192, SUM_LANES = 32, SUM_BLOCK = 1024 };

/* Sixteen independent sums, which the compiler keeps in as many registers as the processor needs for them. */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

static inline void load(lanes *to, const float *from) { memcpy(to, from, sizeof *to); }

void gli_moments_merge(gli_moments *all, gli_moments part) {
    if (part.count == 0) return;
    const double count = all->count + part.count, delta = part.mean - all->mean;
    all->m2 += part.m2 + delta * delta * all->count * part.count / count;
    all->mean += delta * part.count / count;
    all->count = count;
}

static double fold(const lanes *sums) {
    double sum = 0;
    for (int l = 0; l < LANES; ++l) sum += (*sums)[l];
    return sum;
}

GLI_CLONES static double sum_of_block(const float *x, int n) {
    lanes sum   = {0}, v;
    double tail = 0;
    int i       = 0;
    for (; i + LANES <= n; i += LANES) load(&v, x + i), sum += v;
    for (; i < n; ++i) tail += x[i];
    return fold(&sum) + tail;
}

/* At most 32 floats are added one after the other. */
GLI_CLONES static float sum_of_few(const float *x, int n) {
    float lane[SUM_LANES] = {0};
    int k                 = 0;
    for (; k + SUM_LANES <= n; k += SUM_LANES)
        for (int i = 0; i < SUM_LANES; ++i) lane[i] += x[k + i];
    for (int i = 0; k < n; ++k, ++i) lane[i] += x[k];
    for (int width = SUM_LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
    return lane[0];
}

static double sum_in_double(const float *x, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += x[i];
    return sum;
}

double gli_sum_of_run(const float *x, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i += SUM_BLOCK) {
        const int count = (int)gli_min_i64(SUM_BLOCK, n - i);
        const float few = sum_of_few(x + i, count);
        sum += isfinite(few) ? few : sum_in_double(x + i, count);
    }
    return sum;
}

/* Sums of x - middle and of its square. */
GLI_CLONES static void deviations_of_block(const float *x, float middle, int n, double *first, double *second) {
    lanes one = {0}, two = {0}, v;
    double tail_one = 0, tail_two = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        load(&v, x + i);
        v -= middle;
        one += v;
        two += v * v;
    }
    for (; i < n; ++i) {
        const double d = x[i] - middle;
        tail_one += d;
        tail_two += d * d;
    }
    *first = fold(&one) + tail_one, *second = fold(&two) + tail_two;
}

/* Whether floats whose squares have this sum were squared and added without overflowing or vanishing. */
static bool fits_floats(double squares) { return squares >= 0x1p-100 && squares <= FLT_MAX; }

/* Of n numbers, `step` apart, in double, which holds the square of every float. */
static gli_moments moments_in_double(const float *x, int64_t n, int64_t step) {
    gli_moments m = {.count = (double)n};
    for (int64_t i = 0; i < n; ++i) m.mean += x[i * step];
    m.mean /= m.count;
    for (int64_t i = 0; i < n; ++i) m.m2 += (x[i * step] - m.mean) * (x[i * step] - m.mean);
    return m;
}

static gli_moments moments_of_block(const float *x, int n) {
    const float middle = (float)(sum_of_block(x, n) / n);
    double first, second;
    deviations_of_block(x, middle, n, &first, &second);
    if (!fits_floats(second)) return moments_in_double(x, n, 1);
    const double correction = first / n;
    return (gli_moments){.count = n, .mean = (double)middle + correction, .m2 = second - correction * first};
}

gli_moments gli_moments_of_run(const float *x, int64_t n) {
    gli_moments all = {0};
    for (int64_t i = 0; i < n; i += RUN_BLOCK)
        gli_moments_merge(&all, moments_of_block(x + i, (int)gli_min_i64(RUN_BLOCK, n - i)));
    return all;
}

/* Of n pairs, `step` apart, in double, where sums of floats would overflow. */
static gli_products products_in_double(const float *a, const float *x, float mean, float rstd, int64_t n,
                                       int64_t step) {
    gli_products p = {0};
    for (int64_t i = 0; i < n; ++i) {
        p.a += a[i * step];
        p.ax += a[i * step] * (((double)x[i * step] - mean) * rstd);
    }
    return p;
}

GLI_CLONES static void products_of_block(const float *a, const float *x, float mean, float rstd, int n,
                                         gli_products *out) {
    lanes one = {0}, two = {0}, va, vx;
    double tail_one = 0, tail_two = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        load(&va, a + i), load(&vx, x + i);
        one += va;
        two += va * ((vx - mean) * rstd);
    }
    for (; i < n; ++i) {
        tail_one += a[i];
        tail_two += (double)a[i] * ((x[i] - mean) * rstd);
    }
    *out = (gli_products){.a = fold(&one) + tail_one, .ax = fold(&two) + tail_two};
}

static bool is_finite(gli_products p) { return isfinite(p.a) && isfinite(p.ax); }

gli_products gli_products_of_run(const float *a, const float *x, float mean, float rstd, int64_t n) {
    gli_products all = {0};
    for (int64_t i = 0; i < n; i += RUN_BLOCK) {
        const int count = (int)gli_min_i64(RUN_BLOCK, n - i);
        gli_products part;
        products_of_block(a + i, x + i, mean, rstd, count, &part);
        if (!is_finite(part)) part = products_in_double(a + i, x + i, mean, rstd, count, 1);
        all.a += part.a;
        all.ax += part.ax;
    }
    return all;
}

/* At most 256 rows: that many floats are added one after the other. */
int64_t gli_rows_of_block(int c) { return gli_min_i64(256, gli_max_i64(8, ROWS_BLOCK / gli_max_i64(c, 1))); }

/* Four rows at a time: the accumulators are loaded and stored a quarter as often. */
GLI_CLONES static void column_sums(const float *x, int64_t rows, int c, float *restrict sum) {
    memset(sum, 0, (size_t)c * sizeof *sum);
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4, x += 4 * (int64_t)c) {
        const float *x1 = x + c, *x2 = x1 + c, *x3 = x2 + c;
        for (int i = 0; i < c; ++i) sum[i] += (x[i] + x1[i]) + (x2[i] + x3[i]);
    }
    for (; row < rows; ++row, x += c)
        for (int i = 0; i < c; ++i) sum[i] += x[i];
}

GLI_CLONES static void column_deviations(const float *x, int64_t rows, int c, const float *restrict middle,
                                         float *restrict first, float *restrict second) {
    memset(first, 0, (size_t)c * sizeof *first);
    memset(second, 0, (size_t)c * sizeof *second);
    int64_t row = 0;
    for (; row + 2 <= rows; row += 2, x += 2 * (int64_t)c)
        for (int i = 0; i < c; ++i) {
            const float d = x[i] - middle[i], d1 = x[c + i] - middle[i];
            first[i] += d + d1;
            second[i] += d * d + d1 * d1;
        }
    for (; row < rows; ++row, x += c)
        for (int i = 0; i < c; ++i) {
            const float d = x[i] - middle[i];
            first[i] += d;
            second[i] += d * d;
        }
}

void gli_moments_of_rows(const float *x, int64_t rows, int c, float *scratch, double *mean, double *m2) {
    if (c == 1) {
        const gli_moments m = gli_moments_of_run(x, rows);
        *mean = m.mean, *m2 = m.m2;
        return;
    }
    const int64_t block = gli_rows_of_block(c);
    float *middle = scratch, *first = middle + c, *second = first + c;
    for (int i = 0; i < c; ++i) mean[i] = m2[i] = 0;
    for (int64_t row = 0; row < rows; row += block, x += block * c) {
        const int64_t count = gli_min_i64(block, rows - row);
        column_sums(x, count, c, middle);
        for (int i = 0; i < c; ++i) middle[i] *= 1.0f / (float)count;
        column_deviations(x, count, c, middle, first, second);
        const double share = (double)count / (double)(row + count), weight = (double)row * share;
        for (int i = 0; i < c; ++i) { /* gli_moments_merge with the divisions taken out */
            const double correction = first[i] / (double)count;
            gli_moments part        = {.mean = (double)middle[i] + correction, .m2 = second[i] - correction * first[i]};
            if (!fits_floats(second[i])) part = moments_in_double(x + i, count, c);
            const double delta = part.mean - mean[i];
            m2[i] += part.m2 + delta * delta * weight;
            mean[i] += delta * share;
        }
    }
}

GLI_CLONES static void column_products(const float *a, const float *x, const float *restrict mean,
                                       const float *restrict rstd, int64_t rows, int c, float *restrict first,
                                       float *restrict second) {
    memset(first, 0, (size_t)c * sizeof *first);
    memset(second, 0, (size_t)c * sizeof *second);
    int64_t row = 0;
    for (; row + 2 <= rows; row += 2, a += 2 * (int64_t)c, x += 2 * (int64_t)c)
        for (int i = 0; i < c; ++i) {
            first[i] += a[i] + a[c + i];
            second[i] += a[i] * ((x[i] - mean[i]) * rstd[i]) + a[c + i] * ((x[c + i] - mean[i]) * rstd[i]);
        }
    for (; row < rows; ++row, a += c, x += c)
        for (int i = 0; i < c; ++i) {
            first[i] += a[i];
            second[i] += a[i] * ((x[i] - mean[i]) * rstd[i]);
        }
}

void gli_products_of_rows(const float *a, const float *x, const float *mean, const float *rstd, int64_t rows, int c,
                          float *scratch, double *sum_a, double *sum_ax) {
    if (c == 1) {
        const gli_products p = gli_products_of_run(a, x, *mean, *rstd, rows);
        *sum_a = p.a, *sum_ax = p.ax;
        return;
    }
    const int64_t block = gli_rows_of_block(c);
    float *first = scratch, *second = first + c;
    for (int i = 0; i < c; ++i) sum_a[i] = sum_ax[i] = 0;
    for (int64_t row = 0; row < rows; row += block, a += block * c, x += block * c) {
        const int64_t count = gli_min_i64(block, rows - row);
        column_products(a, x, mean, rstd, count, c, first, second);
        for (int i = 0; i < c; ++i) {
            gli_products part = {first[i], second[i]};
            if (!is_finite(part)) part = products_in_double(a + i, x + i, mean[i], rstd[i], count, c);
            sum_a[i] += part.a, sum_ax[i] += part.ax;
        }
    }
}
