#include "cpu/native/strided_copy.h"

#include <string.h>

#include "core/dtype.h"
#include "core/parallel.h"
#include "core/size.h"

/* Two dimensions are innermost: `column`, the fastest of the target, and `row`, the fastest of the source where that is
 * another one. The cache lines of both sides stay in the cache during a block of rows. */
typedef struct job {
    gli_copy outer; /* the other dimensions */
    int64_t rows, row_to, row_from;
    int64_t columns, column_to, column_from;
    int64_t block, blocks; /* rows in a unit of work; units over the rows */
    void (*tile)(const struct job *j, char *to, const char *from, int64_t rows);
} job;

enum { BLOCK = 16, UNIT_BYTES = 1 << 16 };

static void tile_lines(const job *j, char *to, const char *from, int64_t rows) {
    const size_t size = j->outer.size;
    for (int64_t i = 0; i < rows; ++i)
        memcpy(to + (size_t)(i * j->row_to) * size, from + (size_t)(i * j->row_from) * size, (size_t)j->columns * size);
}

/* Elements keep their bits, so each size is one integer type. */
#define TILES(bits)                                                                               \
    typedef uint##bits##_t __attribute__((may_alias)) element##bits;                              \
    static void tile_strided##bits(const job *j, char *to, const char *from, int64_t rows) {      \
        element##bits *y       = (void *)to;                                                      \
        const element##bits *x = (const void *)from;                                              \
        for (int64_t i = 0; i < rows; ++i)                                                        \
            for (int64_t k = 0; k < j->columns; ++k)                                              \
                y[i * j->row_to + k * j->column_to] = x[i * j->row_from + k * j->column_from];    \
    }                                                                                             \
    static void tile_filled##bits(const job *j, char *to, const char *from, int64_t rows) {       \
        element##bits *y       = (void *)to;                                                      \
        const element##bits *x = (const void *)from;                                              \
        const int64_t columns  = j->columns;                                                      \
        for (int64_t i = 0; i < rows; ++i) {                                                      \
            const element##bits value   = x[i * j->row_from];                                     \
            element##bits *restrict row = y + i * j->row_to;                                      \
            for (int64_t k = 0; k < columns; ++k) row[k] = value;                                 \
        }                                                                                         \
    }                                                                                             \
    static void tile_transposed##bits(const job *j, char *to, const char *from, int64_t rows) {   \
        element##bits *y          = (void *)to;                                                   \
        const element##bits *x    = (const void *)from;                                           \
        const int64_t row_to      = j->row_to;                                                    \
        const int64_t column_from = j->column_from;                                               \
        for (int64_t start = 0; start < j->columns; start += BLOCK) {                             \
            const int64_t end = gli_min_i64(start + BLOCK, j->columns);                           \
            for (int64_t i = 0; i < rows; ++i)                                                    \
                for (int64_t k = start; k < end; ++k) y[i * row_to + k] = x[i + k * column_from]; \
        }                                                                                         \
    }
TILES(8)
TILES(16)
TILES(32)
TILES(64)

static void run_units(void *arg, int64_t begin, int64_t end) {
    const job *j = arg;
    for (int64_t unit = begin; unit < end; ++unit) {
        int64_t rest = unit / j->blocks, row = unit % j->blocks * j->block;
        int64_t to = row * j->row_to, from = row * j->row_from;
        for (int i = j->outer.ndim - 1; i >= 0; --i) {
            to += rest % j->outer.dim[i] * j->outer.to_stride[i];
            from += rest % j->outer.dim[i] * j->outer.from_stride[i];
            rest /= j->outer.dim[i];
        }
        j->tile(j, (char *)j->outer.to + (size_t)to * j->outer.size,
                (const char *)j->outer.from + (size_t)from * j->outer.size, gli_min_i64(j->block, j->rows - row));
    }
}

/* Drops dimensions of size 1, orders the others by the target's stride, largest first, and merges adjacent ones that
 * are one dimension on both sides. */
static void simplify(const gli_copy *given, gli_copy *out) {
    *out      = *given;
    out->ndim = 0;
    for (int i = 0; i < given->ndim; ++i) {
        if (given->dim[i] == 1) continue;
        int d = out->ndim++;
        for (; d > 0 && out->to_stride[d - 1] < given->to_stride[i]; --d) {
            out->dim[d]         = out->dim[d - 1];
            out->to_stride[d]   = out->to_stride[d - 1];
            out->from_stride[d] = out->from_stride[d - 1];
        }
        out->dim[d]         = given->dim[i];
        out->to_stride[d]   = given->to_stride[i];
        out->from_stride[d] = given->from_stride[i];
    }
    int merged = 0;
    for (int i = 1; i < out->ndim; ++i) {
        if (out->to_stride[merged] == out->to_stride[i] * out->dim[i] &&
            out->from_stride[merged] == out->from_stride[i] * out->dim[i]) {
            out->dim[merged] *= out->dim[i];
        } else {
            out->dim[++merged] = out->dim[i];
        }
        out->to_stride[merged]   = out->to_stride[i];
        out->from_stride[merged] = out->from_stride[i];
    }
    if (out->ndim) out->ndim = merged + 1;
}

static void copy_bytes(void *arg, int64_t begin, int64_t end) {
    const gli_copy *flat = arg;
    memcpy((char *)flat->to + begin, (const char *)flat->from + begin, (size_t)(end - begin));
}

static void drop(gli_copy *copy, int d) {
    --copy->ndim;
    for (int i = d; i < copy->ndim; ++i) {
        copy->dim[i]         = copy->dim[i + 1];
        copy->to_stride[i]   = copy->to_stride[i + 1];
        copy->from_stride[i] = copy->from_stride[i + 1];
    }
}

static void choose_tile(job *j) {
    const bool contiguous = j->column_to == 1 && j->column_from == 1;
    const bool filled     = j->column_to == 1 && j->column_from == 0;
    const bool transposed = j->column_to == 1 && j->row_from == 1 && !contiguous && !filled;
#define CHOOSE(bits) filled ? tile_filled##bits : transposed ? tile_transposed##bits : tile_strided##bits
    switch (j->outer.size) {
        case 1: j->tile = CHOOSE(8); break;
        case 2: j->tile = CHOOSE(16); break;
        case 4: j->tile = CHOOSE(32); break;
        default: j->tile = CHOOSE(64); break;
    }
    if (contiguous) j->tile = tile_lines;
    const bool lines = contiguous || filled;
    j->block         = lines ? gli_max_i64(UNIT_BYTES / (j->columns * (int64_t)j->outer.size), 1) : BLOCK;
    j->blocks        = (j->rows + j->block - 1) / j->block;
}

void gli_copy_run(const glia_context *ctx, const gli_copy *copy) {
    for (int i = 0; i < copy->ndim; ++i)
        if (copy->dim[i] == 0) return;
    job j = {.rows = 1, .columns = 1, .column_to = 1, .column_from = 1};
    simplify(copy, &j.outer);
    gli_copy *outer = &j.outer;
    if (outer->ndim == 1 && outer->to_stride[0] == 1 && outer->from_stride[0] == 1) {
        gli_parallel(ctx, outer->dim[0] * (int64_t)outer->size, UNIT_BYTES, copy_bytes, outer);
        return;
    }
    if (outer->ndim > 0) {
        const int last = outer->ndim - 1;
        j.columns = outer->dim[last], j.column_to = outer->to_stride[last], j.column_from = outer->from_stride[last];
        drop(outer, last);
    }
    if (outer->ndim > 0) {
        int row = outer->ndim - 1;
        for (int i = row - 1; i >= 0 && j.column_from != 1; --i)
            if (outer->from_stride[i] == 1) row = i;
        j.rows = outer->dim[row], j.row_to = outer->to_stride[row], j.row_from = outer->from_stride[row];
        drop(outer, row);
    }
    choose_tile(&j);
    int64_t units = j.blocks;
    for (int i = 0; i < outer->ndim; ++i) units *= outer->dim[i];
    const int64_t unit_bytes = gli_min_i64(j.block, j.rows) * j.columns * (int64_t)outer->size;
    gli_parallel(ctx, units, gli_max_i64(UNIT_BYTES / unit_bytes, 1), run_units, &j);
}

void gli_copy_tensor(const glia_context *ctx, const glia_tensor *x, const glia_tensor *y) {
    gli_copy copy = {.size = glia_dtype_size(x->dtype), .ndim = x->ndim, .to = y->data, .from = x->data};
    for (int i = 0; i < x->ndim; ++i) {
        copy.dim[i]         = x->dim[i];
        copy.to_stride[i]   = y->stride[i];
        copy.from_stride[i] = x->stride[i];
    }
    gli_copy_run(ctx, &copy);
}

/* One element, repeated with strides of 0. */
void gli_copy_fill(const glia_context *ctx, const glia_tensor *y, double value) {
    int64_t element[1];
    glia_tensor one = *y;
    one.data        = element;
    for (int i = 0; i < one.ndim; ++i) one.stride[i] = 0;
    gli_store(y->dtype, element, 0, value);
    gli_copy_tensor(ctx, &one, y);
}
