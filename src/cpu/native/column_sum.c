#include "cpu/native/column_sum.h"

#include "core/parallel.h"
#include "core/size.h"

/* Rows are split into at most MAX_CHUNKS chunks, each summed into its own row of the workspace. Within a chunk, BLOCK
 * columns at a time stay in registers, and LANES sums of every LANES-th row keep the additions independent. */
enum { MAX_CHUNKS = 64, BLOCK = 32, LANES = 4, MIN_ROWS = 64 };

typedef struct job {
    const gli_column_matrix *x;
    int64_t rows_per_chunk;
    float *partial;
} job;

static int64_t rows_per_chunk_of(int64_t rows) { return gli_max_i64((rows + MAX_CHUNKS - 1) / MAX_CHUNKS, MIN_ROWS); }

static void add_lanes(float sum[LANES][BLOCK], int width, float *out) {
    for (int c = 0; c < width; ++c) out[c] = (sum[0][c] + sum[1][c]) + (sum[2][c] + sum[3][c]);
}

static void sum_whole_block(const float *x, int64_t rows, int64_t pitch, float *out) {
    float sum[LANES][BLOCK] = {{0}};
    int64_t r               = 0;
    for (; r + LANES <= rows; r += LANES)
        for (int lane = 0; lane < LANES; ++lane)
            for (int c = 0; c < BLOCK; ++c) sum[lane][c] += x[(r + lane) * pitch + c];
    for (; r < rows; ++r)
        for (int c = 0; c < BLOCK; ++c) sum[r % LANES][c] += x[r * pitch + c];
    add_lanes(sum, BLOCK, out);
}

static void sum_block(const gli_column_matrix *m, const float *x, int64_t rows, int width, float *out) {
    float sum[LANES][BLOCK] = {{0}};
    for (int64_t r = 0; r < rows; ++r)
        for (int c = 0; c < width; ++c) sum[r % LANES][c] += x[r * m->row_stride + c * m->column_stride];
    add_lanes(sum, width, out);
}

static void sum_chunk(void *arg, int64_t begin, int64_t end) {
    const job *j               = arg;
    const gli_column_matrix *m = j->x;
    float *out                 = j->partial + begin / j->rows_per_chunk * m->columns;
    for (int64_t c = 0; c < m->columns; c += BLOCK) {
        const float *x  = m->data + begin * m->row_stride + c * m->column_stride;
        const int width = (int)gli_min_i64(BLOCK, m->columns - c);
        if (width == BLOCK && m->column_stride == 1)
            sum_whole_block(x, end - begin, m->row_stride, out + c);
        else
            sum_block(m, x, end - begin, width, out + c);
    }
}

size_t gli_column_sum_workspace(int64_t rows, int64_t columns) {
    const int64_t rows_per_chunk = rows_per_chunk_of(rows);
    return (size_t)((rows + rows_per_chunk - 1) / rows_per_chunk * columns) * sizeof(float);
}

void gli_column_sum(const glia_context *ctx, const gli_column_matrix *x, float *y, int64_t stride, void *workspace) {
    job j                = {.x = x, .rows_per_chunk = rows_per_chunk_of(x->rows), .partial = workspace};
    const int64_t chunks = (x->rows + j.rows_per_chunk - 1) / j.rows_per_chunk;
    gli_parallel(ctx, x->rows, j.rows_per_chunk, sum_chunk, &j);
    for (int64_t c = 0; c < x->columns; ++c) {
        float sum = 0;
        for (int64_t i = 0; i < chunks; ++i) sum += j.partial[i * x->columns + c];
        y[c * stride] = sum;
    }
}
