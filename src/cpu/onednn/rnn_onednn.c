/* rnn and rnn_backward with oneDNN's matmuls. Its own recurrent primitives know neither lengths nor clipping, and as a
 * whole are no faster. */
#include "cpu/native/rnn/rnn_pass.h"
#include "cpu/onednn/onednn.h"

/* Packing weights costs as much as some products with them. */
enum { STEPS_WORTH_PACKING = 16 };

static gli_dnn_view matrix(int64_t rows, int64_t columns, int64_t pitch, gli_dnn_layout layout, bool transposed) {
    if (!transposed) return gli_dnn_bound_later(rows, columns, pitch, layout);
    return gli_dnn_transposed(gli_dnn_bound_later(columns, rows, pitch, layout));
}

static void add(gli_dnn *dnn, int number, const gli_rnn_product *p, bool packs) {
    const int64_t b_pitch       = p->b_transposed ? p->sum : p->columns;
    const gli_dnn_layout layout = packs && p->packs_b ? GLI_DNN_ANY : GLI_DNN_AS_IS;
    const gli_dnn_view a        = matrix(p->rows, p->sum, p->a_pitch, GLI_DNN_AS_IS, p->a_transposed);
    const gli_dnn_view b        = matrix(p->sum, p->columns, b_pitch, layout, p->b_transposed);
    const gli_dnn_view y        = matrix(p->rows, p->columns, p->y_pitch, GLI_DNN_AS_IS, false);
    gli_dnn_add_packed_matmul(dnn, number, &a, &b, &y, p->adds);
}

static glia_status prepare_pass(const gli_rnn_pass_kind *kind, const gli_call *call, gli_prepared *out) {
    const gli_rnn_geom *g                     = call->geom;
    gli_rnn_product product[GLI_RNN_PRODUCTS] = {0};
    gli_dnn *dnn;
    kind->products(g, product);
    GLI_TRY(gli_dnn_begin(call, &dnn));
    for (int i = 0; i < GLI_RNN_PRODUCTS; ++i)
        if (product[i].rows > 0) add(dnn, i, &product[i], g->steps >= STEPS_WORTH_PACKING);
    GLI_TRY(gli_dnn_end(dnn, out));
    out->workspace += gli_rnn_pass_workspace(kind, call);
    return GLIA_OK;
}

/* What prepare made, and where the products have their memory. */
typedef struct state {
    gli_dnn *dnn;
    void *workspace;
} state;

static glia_status pack(const gli_rnn_pass *p, int number, const float *b) {
    const state *s = p->state;
    return gli_dnn_pack(p->call, s->dnn, number, b, s->workspace);
}

static glia_status multiply(const gli_rnn_pass *p, int number, const float *a, const float *b, float *y) {
    const state *s = p->state;
    return gli_dnn_multiply(p->call, s->dnn, number, (gli_dnn_matrices){a, b, y}, s->workspace);
}

static glia_status run_pass(const gli_rnn_pass_kind *kind, const gli_call *call, const gli_prepared *prepared,
                            void *workspace) {
    static const gli_rnn_engine engine = {.pack = pack, .multiply = multiply};
    const state s                      = {prepared->state, (char *)workspace + gli_rnn_pass_workspace(kind, call)};
    return gli_rnn_pass_run(kind, &engine, &s, call, workspace);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    GLI_TRY(prepare_pass(&gli_rnn_forward, call, out));
    out->saved = gli_rnn_saved_bytes(call);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    return run_pass(&gli_rnn_forward, call, prepared, workspace);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    return prepare_pass(&gli_rnn_backward, call, out);
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    return run_pass(&gli_rnn_backward, call, prepared, workspace);
}

GLI_DNN_PROVIDER(rnn, GLI_ACCEPTS_RNN, gli_rnn_trace_decline, prepare, run);
GLI_DNN_PROVIDER(rnn_backward, GLI_ACCEPTS_RNN, gli_rnn_trace_decline, prepare_backward, run_backward);
