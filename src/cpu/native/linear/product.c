#include "cpu/native/linear/product.h"

#include <string.h>

#include "core/size.h"
#include "cpu/native/linear/transpose.h"
#include "cpu/native/vector_math.h"

/* Elements of packed matrices at once, of several products. */
enum { PACKED_AT_ONCE = 1 << 20 };

GLI_CLONES static void activate_sigmoid(float *values, int count) {
    for (int i = 0; i < count; ++i) values[i] = gli_sigmoid(values[i]);
}

GLI_CLONES static void activate_tanh(float *values, int count) {
    for (int i = 0; i < count; ++i) values[i] = gli_tanh(values[i]);
}

GLI_CLONES static void activate_relu(float *values, int count) {
    for (int i = 0; i < count; ++i) values[i] = values[i] <= 0 ? 0 : values[i];
}

void gli_activate(glia_unary_kind activation, float *values, int count) {
    switch (activation) {
        case GLIA_UNARY_SIGMOID: activate_sigmoid(values, count); break;
        case GLIA_UNARY_TANH: activate_tanh(values, count); break;
        case GLIA_UNARY_RELU: activate_relu(values, count); break;
        default: break;
    }
}

gli_product_matrix gli_product_transposed(gli_product_matrix matrix) {
    const int64_t row    = matrix.row_stride;
    matrix.row_stride    = matrix.column_stride;
    matrix.column_stride = row;
    return matrix;
}

/* ---- how a product is made --------------------------------------------------------------------------------------- */

/* The matrices whose rows the kernel reads, and those whose columns are packed. `swapped`: the product is made as the
 * transposed one, b^T a^T. */
typedef struct plan {
    gli_product p;
    const gli_gemm_kernel *kernel;
    bool swapped, packs_rows, packs_columns;
    bool tasks_pack; /* their own columns, which are not packed otherwise */
    gli_gemm_columns columns, rows;
    gli_gemm_panels column_panels, row_panels;
    int64_t packed_columns, packed_rows; /* elements, of one product */
    bool shares_columns, shares_rows;    /* one matrix for all products */
    int64_t products, at_once;
} plan;

static gli_product swapped(const gli_product *p) {
    gli_product out = *p;
    out.rows        = p->columns;
    out.columns     = p->rows;
    out.a           = gli_product_transposed(p->b);
    out.b           = gli_product_transposed(p->a);
    out.c           = gli_product_transposed(p->c);
    out.y           = gli_product_transposed(p->y);
    return out;
}

/* Vectors this far apart can be read one after the other: at multiples of 4 KB they would fall out of the first cache.
 */
static bool reads_well(int64_t stride) { return stride > 0 && stride % 1024 != 0; }

static bool packs_rows(const gli_product *p) {
    return p->a.column_stride != 1 && !(p->a.row_stride == 1 && reads_well(p->a.column_stride) && p->columns < 256);
}

/* Packing is a part of the time that falls with the number of rows. */
static bool packs_columns(const gli_product *p, const gli_gemm_kernel *kernel) {
    enum { MANY_ROWS = 256 };
    return p->b_packed || p->b.column_stride != 1 || p->columns % kernel->lanes != 0 || p->rows > MANY_ROWS ||
           !reads_well(p->b.row_stride);
}

/* Where packed columns would leave L2 before rows are multiplied by them, each task packs its own; two tasks may pack
 * the same. */
static bool tasks_pack(const gli_product *p, const gli_gemm_kernel *kernel) {
    return packs_columns(p, kernel) && !p->b_packed && p->columns * p->sum > GLI_GEMM_CACHED &&
           p->rows <= 2 * GLI_GEMM_TILES * kernel->rows;
}

/* An estimate of the time in products of vectors: those of the tiles, and one for each element that is packed, or
 * stored in a column. */
static double cost_of(const gli_product *p, const gli_gemm_kernel *kernel) {
    const double rows    = (double)((p->rows + kernel->rows - 1) / kernel->rows * kernel->rows);
    const double columns = (double)((p->columns + kernel->lanes - 1) / kernel->lanes * kernel->lanes);
    const double packed  = (packs_columns(p, kernel) ? (double)p->columns : 0) + (packs_rows(p) ? (double)p->rows : 0);
    const double stored  = p->y.column_stride == 1 ? 0 : (double)p->rows * (double)p->columns;
    return (rows * columns / kernel->lanes + packed) * (double)p->sum + stored;
}

static bool repeats(const gli_product *p, const gli_product_matrix *m) {
    for (int d = 0; d < p->ndim; ++d)
        if (p->dim[d] > 1 && m->step[d] != 0) return false;
    return true;
}

static plan plan_of(const gli_product *product) {
    const gli_gemm_kernel *kernel = gli_gemm_kernel_here();
    const gli_product other       = swapped(product);
    plan out                      = {.kernel = kernel, .products = 1};
    out.swapped                   = !product->b_packed && cost_of(&other, kernel) < cost_of(product, kernel);
    out.p                         = out.swapped ? other : *product;
    const gli_product *p          = &out.p;
    out.packs_rows                = packs_rows(p);
    out.tasks_pack                = tasks_pack(p, kernel);
    out.packs_columns             = packs_columns(p, kernel) && !out.tasks_pack;
    out.columns                   = (gli_gemm_columns){.count         = p->columns,
                                                       .outer         = 1,
                                                       .length        = p->sum,
                                                       .column_stride = p->b.column_stride,
                                                       .length_stride = p->b.row_stride};
    out.rows                      = (gli_gemm_columns){.count         = p->rows,
                                                       .outer         = 1,
                                                       .length        = p->sum,
                                                       .column_stride = p->a.row_stride,
                                                       .length_stride = p->a.column_stride};
    out.column_panels             = gli_gemm_column_panels(kernel);
    out.row_panels                = gli_gemm_row_panels(kernel);
    out.packed_columns            = out.packs_columns ? gli_gemm_packed(&out.column_panels, &out.columns) : 0;
    out.packed_rows               = out.packs_rows ? gli_gemm_packed(&out.row_panels, &out.rows) : 0;
    out.shares_columns            = repeats(p, &p->b);
    out.shares_rows               = repeats(p, &p->a);
    for (int d = 0; d < p->ndim; ++d) out.products *= p->dim[d];
    const int64_t packed = (out.shares_columns ? 0 : out.packed_columns) + (out.shares_rows ? 0 : out.packed_rows);
    out.at_once          = gli_min_i64(out.products, gli_max_i64(1, PACKED_AT_ONCE / gli_max_i64(1, packed)));
    return out;
}

static int64_t column_matrices(const plan *p) { return p->shares_columns ? 1 : p->at_once; }
static int64_t row_matrices(const plan *p) { return p->shares_rows ? 1 : p->at_once; }

size_t gli_product_workspace(const gli_product *product) {
    const plan p = plan_of(product);
    return (size_t)(column_matrices(&p) * p.packed_columns + row_matrices(&p) * p.packed_rows) * sizeof(float);
}

/* ---- running it -------------------------------------------------------------------------------------------------- */

typedef struct run {
    plan plan;
    const float *a, *b, *c;
    float *y;
    float *packed_columns, *packed_rows;
    bool accumulates; /* y += a b, and nothing else */
    int64_t first;    /* product */
} run;

static int64_t offset_of(const gli_product *p, const gli_product_matrix *m, int64_t product) {
    int64_t offset = 0;
    for (int d = p->ndim - 1; d >= 0; product /= p->dim[d--]) offset += product % p->dim[d] * m->step[d];
    return offset;
}

static const float *columns_of(const void *arg, int64_t product) {
    const run *r = arg;
    return r->b + offset_of(&r->plan.p, &r->plan.p.b, r->first + product);
}

static const float *rows_of(const void *arg, int64_t product) {
    const run *r = arg;
    return r->a + offset_of(&r->plan.p, &r->plan.p.a, r->first + product);
}

/* The first row of a tile, from an element of the sum on. */
static const float *row_at(const run *r, const gli_gemm_rows *rows, int64_t k) {
    const plan *p         = &r->plan;
    const int64_t product = p->shares_rows ? 0 : rows->problem;
    if (p->packs_rows) return r->packed_rows + product * p->packed_rows + rows->first * p->p.sum + k * p->kernel->rows;
    return rows_of(r, rows->problem) + rows->first * p->p.a.row_stride + k * p->p.a.column_stride;
}

static int segments(const void *arg, const gli_gemm_rows *rows, int64_t block, gli_gemm_segment *out) {
    const run *r     = arg;
    const plan *p    = &r->plan;
    const int last   = p->packs_rows ? p->kernel->rows - 1 : rows->count - 1; /* packed rows are filled up */
    const int64_t to = p->packs_rows ? 1 : p->p.a.row_stride;                 /* the next row */
    if (p->p.sum == 0) return 0;
    out->first       = block * GLI_GEMM_BLOCK;
    out->count       = gli_min_i64(GLI_GEMM_BLOCK, p->p.sum - out->first);
    const float *row = row_at(r, rows, out->first);
    for (int i = 0; i < p->kernel->rows; ++i) out->row[i] = row + gli_min_i64(i, last) * to;
    return 1;
}

/* c: one row of it, or an element for all columns where its stride is 0. */
GLI_INLINE void add_row(const float *c, int64_t stride, float beta, int columns, float *sums) {
    for (int j = 0; j < columns; ++j) sums[j] += beta * c[j * stride];
}

GLI_CLONES static void product_scale(float alpha, float *sums, int count) {
    for (int i = 0; i < count; ++i) sums[i] *= alpha;
}

/* c: the first row of C. */
GLI_CLONES static void product_add_c(const gli_product *p, const float *c, int rows, int columns, float *sums,
                                     int pitch) {
    for (int i = 0; i < rows; ++i, c += p->c.row_stride, sums += pitch)
        if (p->c.column_stride == 1)
            add_row(c, 1, p->beta, columns, sums);
        else if (p->c.column_stride == 0)
            add_row(c, 0, p->beta, columns, sums);
        else
            add_row(c, p->c.column_stride, p->beta, columns, sums);
}

/* Whole panels, whose width is known: memcpy is a few moves. */
GLI_INLINE void store_rows(const float *sums, int pitch, int rows, int columns, float *y, int64_t stride) {
    for (int i = 0; i < rows; ++i, y += stride, sums += pitch) memcpy(y, sums, (size_t)columns * sizeof *y);
}

GLI_CLONES static void product_store_rows(const float *sums, int pitch, int rows, int columns, float *y,
                                          int64_t stride) {
    switch (columns) {
        case 8: store_rows(sums, pitch, rows, 8, y, stride); break;
        case 16: store_rows(sums, pitch, rows, 16, y, stride); break;
        case 32: store_rows(sums, pitch, rows, 32, y, stride); break;
        default:
            for (int i = 0; i < rows; ++i, y += stride, sums += pitch)
                for (int j = 0; j < columns; ++j) y[j] = sums[j];
    }
}

/* dy activation'(of y). The kind is a constant of each caller, so that the loop around it has one formula. */
GLI_INLINE float activation_backward(glia_unary_kind kind, float y, float dy) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID: return dy * (y * (1 - y));
        case GLIA_UNARY_TANH: return dy * (1 - y * y);
        case GLIA_UNARY_RELU: return y <= 0 ? 0 : dy;
        default: return dy;
    }
}

GLI_INLINE void rows_backward(glia_unary_kind kind, const float *c, int64_t stride, int rows, int columns, float *sums,
                              int pitch) {
    for (int i = 0; i < rows; ++i, c += stride, sums += pitch)
        for (int j = 0; j < columns; ++j) sums[j] = activation_backward(kind, c[j], sums[j]);
}

/* sums = activation'(of c) sums; c: the first row of C, packed. */
GLI_CLONES static void product_backward(glia_unary_kind kind, const float *c, int64_t stride, int rows, int columns,
                                        float *sums, int pitch) {
    switch (kind) {
        case GLIA_UNARY_SIGMOID: rows_backward(GLIA_UNARY_SIGMOID, c, stride, rows, columns, sums, pitch); break;
        case GLIA_UNARY_TANH: rows_backward(GLIA_UNARY_TANH, c, stride, rows, columns, sums, pitch); break;
        case GLIA_UNARY_RELU: rows_backward(GLIA_UNARY_RELU, c, stride, rows, columns, sums, pitch); break;
        default: break;
    }
}

/* The tile's part of a C whose rows are not packed. */
static void gather_c(const gli_product *p, const float *c, int rows, int columns, float *to, int pitch) {
    const int rows_by_4 = p->c.row_stride == 1 ? rows / 4 * 4 : 0, columns_by_4 = columns / 4 * 4;
    for (int j = 0; j < columns_by_4; j += 4)
        for (int i = 0; i < rows_by_4; i += 4)
            gli_transpose_4x4(c + j * p->c.column_stride + i, p->c.column_stride, to + i * pitch + j, pitch);
    for (int j = 0; j < columns; ++j)
        for (int i = j < columns_by_4 ? rows_by_4 : 0; i < rows; ++i)
            to[i * pitch + j] = c[i * p->c.row_stride + j * p->c.column_stride];
}

static void activate_backward(const gli_product *p, const float *c, int rows, int columns, float *sums, int pitch) {
    float gathered[GLI_GEMM_MAX_ROWS * GLI_GEMM_MAX_COLUMNS];
    int64_t stride = p->c.row_stride;
    if (p->c.column_stride != 1) {
        gather_c(p, c, rows, columns, gathered, pitch);
        c = gathered, stride = pitch;
    }
    product_backward(p->activation, c, stride, rows, columns, sums, pitch);
}

/* y += sums. */
GLI_CLONES static void product_add_rows(const float *sums, int pitch, int rows, int columns, float *y, int64_t stride) {
    for (int i = 0; i < rows; ++i, y += stride, sums += pitch)
        for (int j = 0; j < columns; ++j) y[j] += sums[j];
}

/* The same for a column-major y. */
static void product_store_columns(const float *sums, int pitch, int rows, int columns, float *y, int64_t stride) {
    const int rows_by_4 = rows / 4 * 4, columns_by_4 = columns / 4 * 4;
    for (int j = 0; j < columns_by_4; j += 4)
        for (int i = 0; i < rows_by_4; i += 4)
            gli_transpose_4x4(sums + i * pitch + j, pitch, y + j * stride + i, stride);
    for (int j = 0; j < columns; ++j)
        for (int i = j < columns_by_4 ? rows_by_4 : 0; i < rows; ++i) y[j * stride + i] = sums[i * pitch + j];
}

static void store(const void *arg, const gli_gemm_rows *rows, int64_t column, int columns, float *sums, int pitch) {
    const run *r         = arg;
    const gli_product *p = &r->plan.p;
    const int64_t item   = r->first + rows->problem;
    float *y = r->y + offset_of(p, &p->y, item) + rows->first * p->y.row_stride + column * p->y.column_stride;
    if (r->accumulates) {
        product_add_rows(sums, pitch, rows->count, columns, y, p->y.row_stride);
        return;
    }
    if (p->alpha != 1) product_scale(p->alpha, sums, rows->count * pitch);
    if (r->c) {
        const float *c = r->c + offset_of(p, &p->c, item) + rows->first * p->c.row_stride + column * p->c.column_stride;
        (p->backward ? activate_backward : product_add_c)(p, c, rows->count, columns, sums, pitch);
    }
    if (!p->backward) gli_activate(p->activation, sums, rows->count * pitch);
    if (p->y.column_stride == 1)
        product_store_rows(sums, pitch, rows->count, columns, y, p->y.row_stride);
    else if (p->y.row_stride == 1)
        product_store_columns(sums, pitch, rows->count, columns, y, p->y.column_stride);
    else
        for (int j = 0; j < columns; ++j, y += p->y.column_stride)
            for (int i = 0; i < rows->count; ++i) y[i * p->y.row_stride] = sums[i * pitch + j];
}

void gli_product_pack(const glia_context *ctx, const gli_product *product, const float *b, void *workspace) {
    const run r = {.plan = plan_of(product), .b = b};
    gli_gemm_pack(ctx, &r.plan.column_panels, &r.plan.columns, 1, columns_of, &r, workspace);
}

/* Where c is y. */
static bool accumulates(const gli_product *p) {
    return p->ndim == 0 && p->alpha == 1 && p->beta == 1 && p->activation == GLIA_UNARY_LINEAR &&
           p->y.column_stride == 1 && p->c.column_stride == 1 && p->c.row_stride == p->y.row_stride;
}

void gli_product_run(const glia_context *ctx, const gli_product *product, const float *a, const float *b,
                     const float *c, float *y, void *workspace) {
    run r         = {.plan = plan_of(product), .c = c, .y = y, .packed_columns = workspace};
    const plan *p = &r.plan;
    r.a           = p->swapped ? b : a;
    r.b           = p->swapped ? a : b;
    r.accumulates = c == y && accumulates(&p->p);
    if (p->packed_rows) r.packed_rows = r.packed_columns + column_matrices(p) * p->packed_columns;
    gli_gemm gemm = {.kernel      = p->kernel,
                     .rows        = p->p.rows,
                     .columns     = p->p.columns,
                     .sum         = p->p.sum,
                     .blocks      = gli_max_i64(1, (p->p.sum + GLI_GEMM_BLOCK - 1) / GLI_GEMM_BLOCK),
                     .step        = p->packs_rows ? p->kernel->rows : p->p.a.column_stride,
                     .panels      = r.packed_columns,
                     .next_panels = p->packed_columns,
                     .sharing     = p->shares_columns ? p->products : 1,
                     .unpacked    = p->packs_columns ? NULL : columns_of,
                     .pitch       = p->p.b.row_stride,
                     .packing     = p->tasks_pack ? &p->columns : NULL,
                     .segments    = segments,
                     .store       = store,
                     .arg         = &r};
    for (; r.first < p->products; r.first += p->at_once) {
        gemm.problems = gli_min_i64(p->at_once, p->products - r.first);
        if (p->packs_columns && !p->p.b_packed && (r.first == 0 || !p->shares_columns))
            gli_gemm_pack(ctx, &p->column_panels, &p->columns, p->shares_columns ? 1 : gemm.problems, columns_of, &r,
                          r.packed_columns);
        if (p->packs_rows && (r.first == 0 || !p->shares_rows))
            gli_gemm_pack(ctx, &p->row_panels, &p->rows, p->shares_rows ? 1 : gemm.problems, rows_of, &r,
                          r.packed_rows);
        gli_gemm_run(ctx, &gemm);
    }
}
