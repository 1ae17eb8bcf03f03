#include "cpu/native/linear/gemm.h"

#include <string.h>

#include "core/op.h"
#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/linear/transpose.h"
#include "cpu/native/vectorize.h"

/* A task multiplies some tiles of rows by PANELS panels of columns. With a long sum, or where it packs its columns, it
 * has GLI_GEMM_TILES tiles of rows, which all read a block of a panel while it is in L1. Its sums, segments and block
 * take 92 KB of the stack, so that a caller's thread gets by with 128 KB. */
enum {
    TILES         = 4,
    LONG_SUM      = 128,
    PANELS        = 2,
    PLACES        = PANELS * GLI_GEMM_TILES,
    TASK_PRODUCTS = 1 << 18,
    MAX_TILE      = GLI_GEMM_MAX_ROWS * GLI_GEMM_MAX_COLUMNS
};

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

/* A whole panel; inlined with a width that is known, memcpy is a few moves. */
GLI_INLINE void copy_panel(const float *from, int64_t stride, int64_t length, int width, float *to) {
    for (int64_t k = 0; k < length; ++k, from += stride, to += width) memcpy(to, from, (size_t)width * sizeof *to);
}

/* Columns side by side in memory. */
static void pack_side_by_side(const gli_gemm_columns *c, const float *from, int64_t length, int count, int width,
                              float *to) {
    const int64_t stride = c->length_stride;
    switch (count == width ? width : 0) {
        case 4: copy_panel(from, stride, length, 4, to); return;
        case 6: copy_panel(from, stride, length, 6, to); return;
        case 8: copy_panel(from, stride, length, 8, to); return;
        case 16: copy_panel(from, stride, length, 16, to); return;
        case 32: copy_panel(from, stride, length, 32, to); return;
        default: break;
    }
    for (int64_t k = 0; k < length; ++k, from += stride, to += width) {
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
    int64_t group_size;    /* panels whose pieces of the same rows are packed one after the other: they share pages */
} packing;

enum { PIECE = 16, SIDE_BY_SIDE = 128 };

static void pack_columns(const gli_gemm_columns *c, const float *from, int64_t length, int count, int width,
                         float *to) {
    (c->column_stride == 1 ? pack_side_by_side : pack_apart)(c, from, length, count, width, to);
}

/* A piece of a panel: what is read and written fits the first cache, in whatever order. */
static void pack_piece(const packing *p, int64_t problem, int64_t panel, int64_t k) {
    const gli_gemm_columns *c = p->columns;
    const int64_t first = panel * p->panels->width, length = gli_min_i64(PIECE, c->length - k);
    const int width   = width_of(p->panels, c->count, first);
    const int count   = (int)gli_min_i64(width, c->count - first);
    const float *from = p->source(p->arg, problem) + first * c->column_stride + k * c->length_stride;
    float *to         = p->to + problem * gli_gemm_packed(p->panels, c) + first * c->outer * c->length + k * width;
    for (int64_t o = 0; o < c->outer; ++o, from += c->outer_stride, to += c->length * width)
        pack_columns(c, from, length, count, width, to);
}

static void pack_pieces(void *arg, int64_t begin, int64_t end) {
    const packing *p = arg;
    for (int64_t i = begin; i < end; ++i) {
        const int64_t problem = i / (p->pieces * p->count), rest = i - problem * p->pieces * p->count;
        const int64_t group = rest / (p->pieces * p->group_size), inside = rest - group * p->pieces * p->group_size;
        const int64_t panels = gli_min_i64(p->group_size, p->count - group * p->group_size);
        pack_piece(p, problem, group * p->group_size + inside % panels, inside / panels * PIECE);
    }
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
                              gli_divide_up(columns->length, PIECE),
                 columns->column_stride == 1 ? gli_max_i64(1, SIDE_BY_SIDE / panels->width) : 1};
    const int64_t of_piece = gli_max_i64(1, PIECE * panels->width * columns->outer);
    gli_parallel(ctx, problems * p.count * p.pieces, gli_max_i64(1, CHUNK_ELEMENTS / of_piece), pack_pieces, &p);
}

/* ---- multiplying ------------------------------------------------------------------------------------------------- */

typedef struct work {
    const gli_gemm *gemm;
    gli_gemm_panels panels;
    int tiles; /* of a task */
    int64_t row_blocks, column_blocks;
    bool by_rows; /* tasks of the same rows follow one another, otherwise tasks of the same columns */
} work;

/* The part of the product that a task makes. */
typedef struct task {
    const gli_gemm *gemm;
    gli_gemm_rows rows[GLI_GEMM_TILES];
    int tiles, panels;
    int64_t column;             /* of the first panel */
    const float *panel[PANELS]; /* or the first of the columns that the task packs */
    int64_t pitch[PANELS];
    int width[PANELS], columns[PANELS];
    float sums[PLACES][MAX_TILE] __attribute__((aligned(64)));
    double totals[PLACES][MAX_TILE] __attribute__((aligned(64)));                     /* over the chains */
    float packed[GLI_GEMM_BLOCK * GLI_GEMM_MAX_COLUMNS] __attribute__((aligned(64))); /* one block of a panel */
} task;

/* The index in sums and totals. */
static int place_of(const task *t, int panel, int tile) { return panel * t->tiles + tile; }

/* NULL where the sums have no terms: the columns have no memory then. */
static const float *panel_of(const gli_gemm *g, int64_t product, int64_t first_column) {
    if (g->sum == 0) return NULL;
    if (!g->unpacked) return g->panels + product / g->sharing * g->next_panels + first_column * g->sum;
    return g->unpacked(g->arg, product) + first_column * (g->packing ? g->packing->column_stride : 1);
}

static void begin_task(const work *w, int64_t index, task *t) {
    const gli_gemm *g     = w->gemm;
    const int64_t product = index / (w->row_blocks * w->column_blocks);
    const int64_t rows    = w->by_rows ? index / w->column_blocks % w->row_blocks : index % w->row_blocks;
    const int64_t columns = w->by_rows ? index % w->column_blocks : index / w->row_blocks % w->column_blocks;
    const int64_t row     = rows * w->tiles * g->kernel->rows;
    t->gemm               = g;
    t->column             = columns * PANELS * w->panels.width;
    t->tiles = t->panels = 0;
    for (int64_t first = row; t->tiles < w->tiles && first < g->rows; first += g->kernel->rows)
        t->rows[t->tiles++] = (gli_gemm_rows){product, first, (int)gli_min_i64(g->kernel->rows, g->rows - first)};
    for (int64_t first = t->column; t->panels < PANELS && first < g->columns; first += w->panels.width, ++t->panels) {
        t->width[t->panels]   = width_of(&w->panels, g->columns, first);
        t->columns[t->panels] = (int)gli_min_i64(t->width[t->panels], g->columns - first);
        t->pitch[t->panels]   = g->unpacked && !g->packing ? g->pitch : t->width[t->panels];
        t->panel[t->panels]   = panel_of(g, product, first);
    }
}

static gli_gemm_tile *tile_of(const gli_gemm_kernel *k, int width, int rows) {
    return (rows == 1 ? k->row : k->tile)[width / k->lanes - 1];
}

/* Packs a block of the sum of one panel. */
static void pack_block(task *t, int panel, int64_t block) {
    const gli_gemm_columns *c = t->gemm->packing;
    const int64_t begin = block * GLI_GEMM_BLOCK, end = gli_min_i64(begin + GLI_GEMM_BLOCK, c->length);
    const int width = t->width[panel];
    for (int64_t k = begin; k < end; k += PIECE)
        pack_columns(c, t->panel[panel] + k * c->length_stride, gli_min_i64(PIECE, end - k), t->columns[panel], width,
                     t->packed + (k - begin) * width);
}

static void multiply_block(task *t, int64_t block, bool starts) {
    const gli_gemm *g = t->gemm;
    gli_gemm_segment segments[GLI_GEMM_TILES * GLI_GEMM_SEGMENTS];
    int count[GLI_GEMM_TILES];
    const int of_tile = g->packing ? 1 : GLI_GEMM_SEGMENTS;
    for (int i = 0; i < t->tiles; ++i) {
        count[i] = g->segments(g->arg, &t->rows[i], block, segments + i * of_tile);
        if (g->packing) segments[i].first = 0; /* `packed` holds this block alone */
    }
    for (int p = 0; p < t->panels; ++p) {
        if (g->packing) pack_block(t, p, block);
        const float *panel = g->packing ? t->packed : t->panel[p];
        for (int i = 0; i < t->tiles; ++i)
            tile_of(g->kernel, t->width[p], t->rows[i].count)(segments + i * of_tile, count[i], g->step, panel,
                                                              t->pitch[p], starts, t->sums[place_of(t, p, i)]);
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

static int count_of(const task *t, int panel, int tile) { return t->rows[tile].count * t->width[panel]; }

static void add_chains(task *t) {
    for (int p = 0; p < t->panels; ++p)
        for (int i = 0; i < t->tiles; ++i)
            gemm_add_chain(t->sums[place_of(t, p, i)], t->totals[place_of(t, p, i)], count_of(t, p, i));
}

static void multiply_chains(task *t, int64_t chain) {
    const int64_t blocks = t->gemm->blocks;
    memset(t->totals, 0, (size_t)(t->panels * t->tiles) * sizeof t->totals[0]);
    for (int64_t block = 0; block < blocks; ++block) {
        multiply_block(t, block, block % chain == 0);
        if (block % chain == chain - 1 || block == blocks - 1) add_chains(t);
    }
    for (int p = 0; p < t->panels; ++p)
        for (int i = 0; i < t->tiles; ++i)
            gemm_round(t->totals[place_of(t, p, i)], t->sums[place_of(t, p, i)], count_of(t, p, i));
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
                g->store(g->arg, &t.rows[i], t.column + p * w->panels.width, t.columns[p], t.sums[place_of(&t, p, i)],
                         t.width[p]);
    }
}

/* More rows read a panel while it is in L1, where that leaves some tasks for each thread. */
static int tiles_of_task(const glia_context *ctx, const gli_gemm *g) {
    enum { TASKS_PER_THREAD = 4 };
    const int64_t rows = GLI_GEMM_TILES * g->kernel->rows, columns = PANELS * gli_gemm_column_panels(g->kernel).width;
    const int64_t tasks = g->problems * gli_divide_up(g->rows, rows) * gli_divide_up(g->columns, columns);
    return g->packing || (g->sum > LONG_SUM && tasks >= (int64_t)TASKS_PER_THREAD * ctx->threads) ? GLI_GEMM_TILES
                                                                                                  : TILES;
}

/* Tasks go by rows where all columns stay in L2: then a thread computes neighbouring rows, as in other ops. */
void gli_gemm_run(const glia_context *ctx, const gli_gemm *gemm) {
    work w = {.gemm = gemm, .panels = gli_gemm_column_panels(gemm->kernel), .tiles = tiles_of_task(ctx, gemm)};
    const int64_t rows = w.tiles * gemm->kernel->rows, columns = PANELS * w.panels.width;
    w.by_rows       = gemm->rows >= gemm->columns && gemm->columns * gemm->sum <= GLI_GEMM_CACHED;
    w.row_blocks    = gli_divide_up(gemm->rows, rows);
    w.column_blocks = gli_divide_up(gemm->columns, columns);
    const int64_t of_task =
        gli_min_i64(rows, gemm->rows) * gli_min_i64(columns, gemm->columns) * gli_max_i64(1, gemm->sum);
    gli_parallel(ctx, gemm->problems * w.row_blocks * w.column_blocks,
                 gli_max_i64(1, TASK_PRODUCTS / gli_max_i64(1, of_task)), run_tasks, &w);
}
