#include "cpu/native/column_sum.h"

#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/vectorize.h"

/* Rows are split into at most MAX_CHUNKS chunks, each summed into its own row of the workspace. Within a chunk, BLOCK
 * columns at a time stay in registers for RUN rows, and LANES sums of every LANES-th row keep the additions
 * independent; the sums of runs are added in double. */
enum { MAX_CHUNKS = 64, BLOCK = 32, LANES = 4, MIN_ROWS = 64, RUN = 256 };

typedef struct job {
    const gli_column_matrix *x;
    int64_t rows_per_chunk;
    double *partial;
} job;

static int64_t rows_per_chunk_of(int64_t rows) { return gli_max_i64((rows + MAX_CHUNKS - 1) / MAX_CHUNKS, MIN_ROWS); }

/* Column c of these rows in double, where floats overflow. */
static double column_in_double(const gli_column_matrix *m, const float *x, int64_t rows, int64_t c) {
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r) sum += x[r * m->row_stride + c * m->column_stride];
    return sum;
}

static void add_lanes(const gli_column_matrix *m, const float *x, int64_t rows, float sum[LANES][BLOCK], int width,
                      double *out) {
    for (int c = 0; c < width; ++c) {
        const float all = (sum[0][c] + sum[1][c]) + (sum[2][c] + sum[3][c]);
        out[c] += isfinite(all) ? all : column_in_double(m, x, rows, c);
    }
}

/* Columns side by side. Where width is a constant of the caller, the sums stay in registers. */
GLI_INLINE void add_adjacent(const gli_column_matrix *m, const float *x, int64_t rows, int width, double *out) {
    const int64_t pitch     = m->row_stride;
    float sum[LANES][BLOCK] = {{0}};
    int64_t r               = 0;
    for (; r + LANES <= rows; r += LANES)
        for (int lane = 0; lane < LANES; ++lane)
            for (int c = 0; c < width; ++c) sum[lane][c] += x[(r + lane) * pitch + c];
    for (; r < rows; ++r)
        for (int c = 0; c < width; ++c) sum[r % LANES][c] += x[r * pitch + c];
    add_lanes(m, x, rows, sum, width, out);
}

static void add_adjacent_block(const gli_column_matrix *m, const float *x, int64_t rows, int width, double *out) {
    if (width == BLOCK)
        add_adjacent(m, x, rows, BLOCK, out);
    else if (width == BLOCK / 2)
        add_adjacent(m, x, rows, BLOCK / 2, out);
    else
        add_adjacent(m, x, rows, width, out);
}

static void add_block(const gli_column_matrix *m, const float *x, int64_t rows, int width, double *out) {
    float sum[LANES][BLOCK] = {{0}};
    for (int64_t r = 0; r < rows; ++r)
        for (int c = 0; c < width; ++c) sum[r % LANES][c] += x[r * m->row_stride + c * m->column_stride];
    add_lanes(m, x, rows, sum, width, out);
}

static void sum_chunk(void *arg, int64_t begin, int64_t end) {
    const job *j               = arg;
    const gli_column_matrix *m = j->x;
    double *out                = j->partial + begin / j->rows_per_chunk * m->columns;
    memset(out, 0, (size_t)m->columns * sizeof *out);
    for (int64_t r = begin; r < end; r += RUN)
        for (int64_t c = 0; c < m->columns; c += BLOCK) {
            const float *x     = m->data + r * m->row_stride + c * m->column_stride;
            const int64_t rows = gli_min_i64(RUN, end - r);
            const int width    = (int)gli_min_i64(BLOCK, m->columns - c);
            if (m->column_stride == 1)
                add_adjacent_block(m, x, rows, width, out + c);
            else
                add_block(m, x, rows, width, out + c);
        }
}

size_t gli_column_sum_workspace(int64_t rows, int64_t columns) {
    const int64_t rows_per_chunk = rows_per_chunk_of(rows);
    return (size_t)((rows + rows_per_chunk - 1) / rows_per_chunk * columns) * sizeof(double);
}

void gli_column_mean(const glia_context *ctx, const gli_column_matrix *x, double divisor, float *y, int64_t stride,
                     void *workspace) {
    job j                = {.x = x, .rows_per_chunk = rows_per_chunk_of(x->rows), .partial = workspace};
    const int64_t chunks = (x->rows + j.rows_per_chunk - 1) / j.rows_per_chunk;
    gli_parallel(ctx, x->rows, j.rows_per_chunk, sum_chunk, &j);
    for (int64_t c = 0; c < x->columns; ++c) {
        double sum = 0;
        for (int64_t i = 0; i < chunks; ++i) sum += j.partial[i * x->columns + c];
        y[c * stride] = (float)(sum / divisor);
    }
}

void gli_column_sum(const glia_context *ctx, const gli_column_matrix *x, float *y, int64_t stride, void *workspace) {
    gli_column_mean(ctx, x, 1, y, stride, workspace);
}
