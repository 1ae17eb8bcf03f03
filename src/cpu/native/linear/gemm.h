/* Matrix products in tiles: who calls says where the rows are and what becomes of the sums. The order of each sum
 * follows from its length alone; its bits depend on the processor, not on the number of threads. */
#ifndef GLI_CPU_NATIVE_LINEAR_GEMM_H
#define GLI_CPU_NATIVE_LINEAR_GEMM_H

#include "cpu/native/linear/gemm_kernel.h"
#include "glia/context.h"

enum {
    GLI_GEMM_BLOCK    = 256,     /* elements of the sum: so many rows of a panel stay in L1 */
    GLI_GEMM_SEGMENTS = 16,      /* of a block */
    GLI_GEMM_TILES    = 8,       /* of a task that packs its columns */
    GLI_GEMM_CACHED   = 1 << 17, /* elements of columns that stay in L2 */
};

/* Rows of one tile, of one of several products of the same sizes. */
typedef struct gli_gemm_rows {
    int64_t problem, first;
    int count; /* at most the kernel's */
} gli_gemm_rows;

/* Writes the segments of a block of the sum and returns how many. */
typedef int gli_gemm_segments(const void *arg, const gli_gemm_rows *rows, int64_t block, gli_gemm_segment *out);

/* sums: [the tile's rows][pitch], for columns column .. column + columns - 1; may be overwritten. */
typedef void gli_gemm_store(const void *arg, const gli_gemm_rows *rows, int64_t column, int columns, float *sums,
                            int pitch);

/* The matrices of several products. */
typedef const float *gli_gemm_source(const void *arg, int64_t problem);

/* The columns of a matrix. Elements of a column have two indices, an outer one below `outer` and an inner one below
 * `length`; outer is 1 where one stride describes the column. */
typedef struct gli_gemm_columns {
    int64_t count, outer, length;
    int64_t column_stride, outer_stride, length_stride;
} gli_gemm_columns;

typedef struct gli_gemm {
    const gli_gemm_kernel *kernel;
    int64_t problems, rows, columns, sum; /* sum: the length of the sums, as the panels have it */
    int64_t blocks;
    int64_t step;              /* of the segments' rows */
    const float *panels;       /* of the columns, by gli_gemm_pack */
    int64_t next_panels;       /* elements from one matrix's panels to the next one's */
    int64_t sharing;           /* products, one after the other, that have the same columns */
    gli_gemm_source *unpacked; /* NULL, or the columns where they are, instead of panels: side by side, a multiple of
                                  the kernel's lanes */
    int64_t pitch;             /* of unpacked columns: elements from one of the sum to the next */
    const gli_gemm_columns *packing; /* NULL, or what the unpacked columns are, anywhere: each task packs its own, block
                                        by block, for few rows. A block has one segment */
    gli_gemm_segments *segments;
    gli_gemm_store *store;
    const void *arg;
} gli_gemm;

void gli_gemm_run(const glia_context *ctx, const gli_gemm *gemm);

/* Panels of `width` columns, as kernels read them: [panel][outer][length][width]. The last panel has `last` columns if
 * that is enough. Columns beyond the matrix are 0. */
typedef struct gli_gemm_panels {
    int width, last;
} gli_gemm_panels;

gli_gemm_panels gli_gemm_column_panels(const gli_gemm_kernel *kernel);
gli_gemm_panels gli_gemm_row_panels(const gli_gemm_kernel *kernel); /* of rows: [panel][length][rows] */

/* Elements of the panels of one matrix. */
int64_t gli_gemm_packed(const gli_gemm_panels *panels, const gli_gemm_columns *columns);

/* The panels of so many matrices, one after the other. */
void gli_gemm_pack(const glia_context *ctx, const gli_gemm_panels *panels, const gli_gemm_columns *columns,
                   int64_t problems, gli_gemm_source *source, const void *arg, float *to);

#endif
