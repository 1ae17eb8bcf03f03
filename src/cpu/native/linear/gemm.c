#include "cpu/native/linear/gemm.h"

#include <string.h>

#include "core/op.h"
#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/linear/transpose.h"
#include "cpu/native/vectorize.h"

/* A task is TILES tiles of rows times PANELS panels of columns. Its sums and segments are on the stack, 29 KB. */
enum { TILES = 4, PANELS = 2, TASK_PRODUCTS = 1 << 18, MAX_TILE = GLI_GEMM_MAX_ROWS * GLI_GEMM_MAX_COLUMNS };

/* ---- packing ----------------------------------------------------------------------------------------------------- */

gli_gemm_panels gli_gemm_column_panels(const gli_gemm_kernel *kernel) {
    return (gli_gemm_panels){.width = 2 * kernel->lanes, .last = kernel->lanes};
}

gli_gemm_panels gli_gemm_row_panels(const gli_gemm_kernel *kernel) {
    return (gli_gemm_panels){.width = kernel->rows, .last = kernel->rows};
}

/* Of the panel that begins with column `first`. */
static int width_of(const gli_gemm_panels *panels, int64_t columns, int64_t first) {
    return columns - first <= panels->last ? panels->last : panels->width;
}

int64_t gli_gemm_packed(const gli_gemm_panels *panels, const gli_gemm_columns *columns) {
    if (columns->count == 0) return 0;
    const int64_t last = (columns->count - 1) / panels->width * panels->width;
    return (last + width_of(panels, columns->count, last)) * columns->outer * columns->length;
}

/* Columns side by side in memory. */
static void pack_side_by_side(const gli_gemm_columns *c, const float *from, int64_t length, int count, int width,
                              float *to) {
    for (int64_t k = 0; k < length; ++k, from += c->length_stride, to += width) {
        memcpy(to, from, (size_t)count * sizeof *to);
        memset(to + count, 0, (size_t)(width - count) * sizeof *to);
    }
}

static void pack_each(const gli_gemm_columns *c, const float *from, int64_t length, int count, int width, float *to) {
    for (int j = 0; j < count; ++j) {
        const float *column = from + j * c->column_stride;
        for (int64_t k = 0; k < length; ++k) to[k * width + j] = column[k * c->length_stride];
    }
}

static void pack_apart(const gli_gemm_columns *c, const float *from, int64_t length, int count, int width, float *to) {
    const int64_t whole = c->length_stride == 1 ? length / 4 * 4 : 0;
    const int columns   = whole ? count / 4 * 4 : 0;
    if (count < width) memset(to, 0, (size_t)(length * width) * sizeof *to);
    for (int j = 0; j < columns; j += 4)
        for (int64_t k = 0; k < whole; k += 4)
            gli_transpose_4x4(from + j * c->column_stride + k, c->column_stride, to + k * width + j, width);
    pack_each(c, from + whole, length - whole, columns, width, to + whole * width);
    pack_each(c, from + columns * c->column_stride, length, count - columns, width, to + columns);
}

typedef struct packing {
    const gli_gemm_panels *panels;
    const gli_gemm_columns *columns;
    gli_gemm_source *source;
    const void *arg;
    float *to;
    int64_t count, pieces; /* of panels, and of the length */
} packing;

enum { PIECE = 16 };

/* A piece of a panel: what is read and written fits the first cache, in whatever order. */
static void pack_piece(const packing *p, int64_t problem, int64_t panel, int64_t k) {
    const gli_gemm_columns *c = p->columns;
    const int64_t first = panel * p->panels->width, length = gli_min_i64(PIECE, c->length - k);
    const int width   = width_of(p->panels, c->count, first);
    const int count   = (int)gli_min_i64(width, c->count - first);
    const float *from = p->source(p->arg, problem) + first * c->column_stride + k * c->length_stride;
    float *to         = p->to + problem * gli_gemm_packed(p->panels, c) + first * c->outer * c->length + k * width;
    for (int64_t o = 0; o < c->outer; ++o, from += c->outer_stride, to += c->length * width)
        (c->column_stride == 1 ? pack_side_by_side : pack_apart)(c, from, length, count, width, to);
}

static void pack_pieces(void *arg, int64_t begin, int64_t end) {
    const packing *p = arg;
    for (int64_t i = begin; i < end; ++i)
        pack_piece(p, i / p->pieces / p->count, i / p->pieces % p->count, i % p->pieces * PIECE);
}

void gli_gemm_pack(const glia_context *ctx, const gli_gemm_panels *panels, const gli_gemm_columns *columns,
                   int64_t problems, gli_gemm_source *source, const void *arg, float *to) {
    enum { CHUNK_ELEMENTS = 1 << 14 };
    packing p              = {panels,
                              columns,
                              source,
                              arg,
                              to,
                              gli_divide_up(columns->count, panels->width),
                              gli_divide_up(columns->length, PIECE)};
    const int64_t of_piece = gli_max_i64(1, PIECE * panels->width * columns->outer);
    gli_parallel(ctx, problems * p.count * p.pieces, gli_max_i64(1, CHUNK_ELEMENTS / of_piece), pack_pieces, &p);
}

/* ---- multiplying ------------------------------------------------------------------------------------------------- */

typedef struct work {
    const gli_gemm *gemm;
    gli_gemm_panels panels;
    int64_t row_blocks, column_blocks;
    bool by_rows; /* all tasks of a block of rows follow one another, or all of a block of columns */
} work;

/* The part of the product that a task makes. */
typedef struct task {
    const gli_gemm *gemm;
    gli_gemm_rows rows[TILES];
    int tiles, panels;
    int64_t column; /* of the first panel */
    const float *panel[PANELS];
    int64_t pitch[PANELS];
    int width[PANELS], columns[PANELS];
    float sums[PANELS][TILES][MAX_TILE] __attribute__((aligned(64)));
    double totals[PANELS][TILES][MAX_TILE] __attribute__((aligned(64))); /* of the chains */
} task;

static const float *packed_panel(const gli_gemm *g, int64_t product, int64_t first_column) {
    return g->panels + product / g->sharing * g->next_panels + first_column * g->sum;
}

static void begin_task(const work *w, int64_t index, task *t) {
    const gli_gemm *g     = w->gemm;
    const int64_t product = index / (w->row_blocks * w->column_blocks);
    const int64_t rows    = w->by_rows ? index / w->column_blocks % w->row_blocks : index % w->row_blocks;
    const int64_t columns = w->by_rows ? index % w->column_blocks : index / w->row_blocks % w->column_blocks;
    const int64_t row     = rows * TILES * g->kernel->rows;
    t->gemm               = g;
    t->column             = columns * PANELS * w->panels.width;
    t->tiles = t->panels = 0;
    for (int64_t first = row; t->tiles < TILES && first < g->rows; first += g->kernel->rows)
        t->rows[t->tiles++] = (gli_gemm_rows){product, first, (int)gli_min_i64(g->kernel->rows, g->rows - first)};
    for (int64_t first = t->column; t->panels < PANELS && first < g->columns; first += w->panels.width, ++t->panels) {
        t->width[t->panels]   = width_of(&w->panels, g->columns, first);
        t->columns[t->panels] = (int)gli_min_i64(t->width[t->panels], g->columns - first);
        t->pitch[t->panels]   = g->unpacked ? g->pitch : t->width[t->panels];
        t->panel[t->panels]   = g->unpacked ? g->unpacked(g->arg, product) + first : packed_panel(g, product, first);
    }
}

static gli_gemm_tile *tile_of(const gli_gemm_kernel *k, int width, int rows) {
    return (rows == 1 ? k->row : k->tile)[width / k->lanes - 1];
}

static void multiply_block(task *t, int64_t block, bool starts) {
    const gli_gemm *g = t->gemm;
    gli_gemm_segment segments[TILES][GLI_GEMM_SEGMENTS];
    int count[TILES];
    for (int i = 0; i < t->tiles; ++i) count[i] = g->segments(g->arg, &t->rows[i], block, segments[i]);
    for (int p = 0; p < t->panels; ++p) {
        for (int i = 0; i < t->tiles; ++i)
            tile_of(g->kernel, t->width[p], t->rows[i].count)(segments[i], count[i], g->step, t->panel[p], t->pitch[p],
                                                              starts, t->sums[p][i]);
    }
}

GLI_CLONES static void gemm_add_chain(const float *sums, double *totals, int count) {
    for (int i = 0; i < count; ++i) totals[i] += sums[i];
}

GLI_CLONES static void gemm_round(const double *totals, float *sums, int count) {
    for (int i = 0; i < count; ++i) sums[i] = (float)totals[i];
}

/* So many follow one another in floats; the chains are added in doubles. */
static int64_t blocks_of_chain(const gli_gemm *g) {
    return gli_max_i64(1, GLI_LONGEST_CHAIN / gli_max_i64(1, gli_divide_up(g->sum, g->blocks)));
}

static void add_chains(task *t) {
    for (int p = 0; p < t->panels; ++p)
        for (int i = 0; i < t->tiles; ++i)
            gemm_add_chain(t->sums[p][i], t->totals[p][i], t->rows[i].count * t->width[p]);
}

static void multiply_chains(task *t, int64_t chain) {
    const int64_t blocks = t->gemm->blocks;
    for (int p = 0; p < t->panels; ++p) memset(t->totals[p], 0, (size_t)t->tiles * sizeof t->totals[p][0]);
    for (int64_t block = 0; block < blocks; ++block) {
        multiply_block(t, block, block % chain == 0);
        if (block % chain == chain - 1 || block == blocks - 1) add_chains(t);
    }
    for (int p = 0; p < t->panels; ++p)
        for (int i = 0; i < t->tiles; ++i) gemm_round(t->totals[p][i], t->sums[p][i], t->rows[i].count * t->width[p]);
}

static void multiply(task *t) {
    const int64_t chain = blocks_of_chain(t->gemm);
    if (t->gemm->blocks > chain) {
        multiply_chains(t, chain);
        return;
    }
    for (int64_t block = 0; block < t->gemm->blocks; ++block) multiply_block(t, block, block == 0);
}

static void run_tasks(void *arg, int64_t begin, int64_t end) {
    const work *w     = arg;
    const gli_gemm *g = w->gemm;
    task t;
    for (int64_t index = begin; index < end; ++index) {
        begin_task(w, index, &t);
        multiply(&t);
        for (int i = 0; i < t.tiles; ++i)
            for (int p = 0; p < t.panels; ++p)
                g->store(g->arg, &t.rows[i], t.column + p * w->panels.width, t.columns[p], t.sums[p][i], t.width[p]);
    }
}

/* By rows where the columns stay in the second cache: then a thread has rows of the result, as in other ops. */
void gli_gemm_run(const glia_context *ctx, const gli_gemm *gemm) {
    enum { CACHED = 1 << 17 };
    work w             = {.gemm = gemm, .panels = gli_gemm_column_panels(gemm->kernel)};
    const int64_t rows = TILES * gemm->kernel->rows, columns = PANELS * w.panels.width;
    w.by_rows       = gemm->rows >= gemm->columns && gemm->columns * gemm->sum <= CACHED;
    w.row_blocks    = gli_divide_up(gemm->rows, rows);
    w.column_blocks = gli_divide_up(gemm->columns, columns);
    const int64_t of_task =
        gli_min_i64(rows, gemm->rows) * gli_min_i64(columns, gemm->columns) * gli_max_i64(1, gemm->sum);
    gli_parallel(ctx, gemm->problems * w.row_blocks * w.column_blocks,
                 gli_max_i64(1, TASK_PRODUCTS / gli_max_i64(1, of_task)), run_tasks, &w);
}
