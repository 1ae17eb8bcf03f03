/* The inner loop of all matrix products: a tile of the product, kept in registers while the sum runs. */
#ifndef GLI_CPU_NATIVE_LINEAR_GEMM_KERNEL_H
#define GLI_CPU_NATIVE_LINEAR_GEMM_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

enum { GLI_GEMM_MAX_ROWS = 8, GLI_GEMM_MAX_COLUMNS = 32 };

/* A part of the sum: element k of row i is row[i][k step], and meets element first + k of the panel. All of the
 * kernel's rows are set; rows beyond the matrix repeat another one. */
typedef struct gli_gemm_segment {
    const float *row[GLI_GEMM_MAX_ROWS];
    int64_t first, count;
} gli_gemm_segment;

/* sums [rows][columns] = the sum over all segments, added to what is there unless `starts`. panel: [k][columns], and
 * `pitch` elements from one k to the next. */
typedef void gli_gemm_tile(const gli_gemm_segment *segments, int count, int64_t step, const float *panel, int64_t pitch,
                           bool starts, float *sums);

typedef struct gli_gemm_kernel {
    int rows, lanes;        /* of a tile, and of a vector */
    gli_gemm_tile *tile[2]; /* of one vector of columns, and of two */
    gli_gemm_tile *row[2];  /* the same for the first row alone, with the same bits */
} gli_gemm_kernel;

/* The best one for this processor, always the same. */
const gli_gemm_kernel *gli_gemm_kernel_here(void);

#endif
