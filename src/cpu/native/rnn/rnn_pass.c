#include "cpu/native/rnn/rnn_pass.h"

#include "core/parallel.h"
#include "core/size.h"
#include "cpu/native/linear/gemm_kernel.h"

float *gli_rnn_take(gli_rnn_layout *layout, int64_t count) {
    const size_t offset = gli_align_up(layout->bytes, GLI_ALIGNMENT);
    layout->bytes       = offset + (size_t)count * sizeof(float);
    return layout->memory ? (float *)(layout->memory + offset) : NULL;
}

/* Lays out what the pass itself needs, then its products. */
static size_t lay_out(const gli_rnn_pass_kind *kind, const gli_call *call, char *memory, gli_rnn_pass *p) {
    const gli_rnn_geom *g = call->geom;
    const int steps       = kind->steps_at_once(g);
    const size_t own      = gli_align_up(kind->lay_out(call, memory, &p->workspace), GLI_ALIGNMENT);
    kind->products(g, p->product);
    return own + gli_rnn_lay_out_products(p->product, steps, g->steps % steps, memory ? memory + own : NULL);
}

size_t gli_rnn_pass_workspace(const gli_rnn_pass_kind *kind, const gli_call *call) {
    gli_rnn_pass p = {0};
    return lay_out(kind, call, NULL, &p);
}

glia_status gli_rnn_pass_run(const gli_rnn_pass_kind *kind, const gli_call *call, void *workspace) {
    gli_rnn_pass p        = {.call = call};
    const gli_rnn_geom *g = p.g = call->geom;
    const float *x              = call->in[GLI_RNN_X]->data;
    lay_out(kind, call, workspace, &p);
    GLI_TRY(gli_rnn_check_lengths(call));
    if (gli_rnn_gathers(call)) gli_rnn_gather(call, p.workspace.x), x = p.workspace.x;
    for (int d = 0; d < g->directions; ++d) {
        for (int k = 0; k < GLI_RNN_WEIGHTS; ++k) p.weight[k] = gli_in_floats(call, gli_rnn_weight(d, k));
        p.direction = d;
        p.cells     = (gli_rnn_cells){g, p.workspace.bias, p.weight[GLI_RNN_PEEPHOLE]};
        kind->direction(&p, x);
    }
    if (kind->finish) kind->finish(&p);
    return GLIA_OK;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* Sequences that go through the steps together: some tiles of the product. No sum goes over sequences, so the bits do
 * not depend on their number. Each group reads all weights, which is worth it while they stay in the second cache and a
 * step takes longer than starting one. Smaller groups, two for each thread, take 4 % longer on an idle machine (GRU of
 * 128 units, 64 sequences) and no less beside a busy neighbour. */
static int64_t rows_of_group(const glia_context *ctx, const gli_rnn_geom *g) {
    enum { MOST_WEIGHTS = 1 << 18, FEWEST_PRODUCTS = 1 << 18, MOST_TILES = 8 };
    const int64_t rows = gli_gemm_kernel_here()->rows, weights = gli_rnn_gates(g) * g->outputs;
    const int64_t tiles = gli_divide_up(gli_divide_up(g->batch, rows), ctx->threads);
    if (weights > MOST_WEIGHTS) return g->batch;
    return rows * gli_max_i64(gli_min_i64(tiles, MOST_TILES), gli_divide_up(FEWEST_PRODUCTS, rows * weights));
}

typedef struct group_steps {
    const gli_rnn_pass *pass;
    void (*steps_of)(gli_rnn_pass *p);
} group_steps;

static void run_group(void *arg, int64_t begin, int64_t end) {
    const group_steps *s = arg;
    gli_rnn_pass own     = *s->pass;
    own.row              = (int)begin;
    own.rows             = (int)(end - begin);
    s->steps_of(&own);
}

void gli_rnn_pass_steps(const gli_rnn_pass *p, void (*steps_of)(gli_rnn_pass *p)) {
    gli_parallel(p->call->ctx, p->g->batch, rows_of_group(p->call->ctx, p->g), run_group, &(group_steps){p, steps_of});
}

void gli_rnn_pass_rows(gli_rnn_pass *p, void (*body)(void *pass, int64_t begin, int64_t end)) {
    gli_parallel(p->call->ctx, p->rows, gli_rnn_rows_per_chunk(p->g), body, p);
}

void gli_rnn_pass_multiply(const gli_rnn_pass *p, int number, const float *a, const float *b, float *y) {
    gli_rnn_product product = p->product[number];
    product.rows            = p->rows;
    gli_rnn_multiply(p->call->ctx, &product, 1, a + p->row * product.a_pitch, b, y + p->row * product.y_pitch);
}
