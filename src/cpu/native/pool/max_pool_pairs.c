#include "cpu/native/pool/max_pool_pairs.h"

#include "cpu/native/vectorize.h"

enum { AT_ONCE = 16 };

/* As in max_pool2d, NaN wins, and of equal numbers the first. */
GLI_INLINE float larger(float a, float b) { return b > a || b != b ? b : a; }

/* Elements written past the end of a row are overwritten by the next row. */
GLI_CLONES static void max_pool_pairs(const float *x, int64_t x_columns, int64_t rows, int64_t columns,
                                      float *restrict y) {
    for (int64_t p = 0; p < rows; ++p, x += 2 * x_columns, y += columns) {
        const float *below = x + x_columns;
        for (int64_t q = 0; q < columns; q += AT_ONCE)
            for (int64_t i = q; i < q + AT_ONCE; ++i)
                y[i] = larger(larger(larger(x[2 * i], x[2 * i + 1]), below[2 * i]), below[2 * i + 1]);
    }
}

void gli_max_pool_pairs(const float *x, int64_t x_columns, int64_t rows, int64_t columns, float *y) {
    max_pool_pairs(x, x_columns, rows, columns, y);
}
