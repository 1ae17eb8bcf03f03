/* rnn and rnn_backward with the native matrix products. */
#include "core/size.h"
#include "cpu/native/linear/product.h"
#include "cpu/native/rnn/rnn_pass.h"

static gli_product product_of(const gli_rnn_product *p) {
    gli_product out = {.rows = p->rows, .columns = p->columns, .sum = p->sum, .alpha = 1, .beta = 1};
    out.a           = (gli_product_matrix){.row_stride = p->a_pitch, .column_stride = 1};
    out.b           = (gli_product_matrix){.row_stride    = p->b_transposed ? 1 : p->columns,
                                           .column_stride = p->b_transposed ? p->sum : 1};
    out.y = out.c = (gli_product_matrix){.row_stride = p->y_pitch, .column_stride = 1};
    out.b_packed  = p->packs_b;
    if (p->a_transposed) out.a = gli_product_transposed(out.a);
    return out;
}

/* The workspaces of the products: with a packed b each has its own, and all others share what follows. Returns the
 * bytes of all. */
static size_t lay_out(const gli_rnn_product *products, size_t *offset) {
    size_t bytes = 0, shared = 0;
    for (int i = 0; i < GLI_RNN_PRODUCTS; ++i) {
        const gli_product p = product_of(&products[i]);
        const size_t own    = products[i].rows > 0 ? gli_align_up(gli_product_workspace(&p), GLI_ALIGNMENT) : 0;
        offset[i]           = bytes;
        if (products[i].packs_b)
            bytes += own;
        else if (own > shared)
            shared = own;
    }
    for (int i = 0; i < GLI_RNN_PRODUCTS; ++i)
        if (!products[i].packs_b) offset[i] = bytes;
    return bytes + shared;
}

static glia_status pack(const gli_rnn_pass *p, int number, const float *b) {
    const gli_product product = product_of(&p->product[number]);
    float *const *workspace   = p->state;
    gli_product_pack(p->call->ctx, &product, b, workspace[number]);
    return GLIA_OK;
}

static glia_status multiply(const gli_rnn_pass *p, int number, const float *a, const float *b, float *y) {
    const gli_product product = product_of(&p->product[number]);
    float *const *workspace   = p->state;
    gli_product_run(p->call->ctx, &product, a, b, p->product[number].adds ? y : NULL, y, workspace[number]);
    return GLIA_OK;
}

static size_t products_of(const gli_rnn_pass_kind *kind, const gli_call *call, size_t *offset) {
    gli_rnn_product product[GLI_RNN_PRODUCTS] = {0};
    kind->products(call->geom, product);
    return lay_out(product, offset);
}

static size_t workspace_of(const gli_rnn_pass_kind *kind, const gli_call *call) {
    size_t offset[GLI_RNN_PRODUCTS];
    return gli_rnn_pass_workspace(kind, call) + products_of(kind, call, offset);
}

static glia_status run_pass(const gli_rnn_pass_kind *kind, const gli_call *call, void *workspace) {
    static const gli_rnn_engine engine = {.pack = pack, .multiply = multiply};
    char *memory                       = (char *)workspace + gli_rnn_pass_workspace(kind, call);
    size_t offset[GLI_RNN_PRODUCTS];
    void *state[GLI_RNN_PRODUCTS];
    products_of(kind, call, offset);
    for (int i = 0; i < GLI_RNN_PRODUCTS; ++i) state[i] = memory + offset[i];
    return gli_rnn_pass_run(kind, &engine, state, call, workspace);
}

static glia_status prepare(const gli_call *call, gli_prepared *out) {
    out->workspace = workspace_of(&gli_rnn_forward, call);
    out->saved     = gli_rnn_saved_bytes(call);
    return GLIA_OK;
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return run_pass(&gli_rnn_forward, call, workspace);
}

static glia_status prepare_backward(const gli_call *call, gli_prepared *out) {
    out->workspace = workspace_of(&gli_rnn_backward, call);
    return GLIA_OK;
}

static glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return run_pass(&gli_rnn_backward, call, workspace);
}

const gli_provider gli_rnn_native = {
    .name = "cpu.native", .accepts = GLI_ACCEPTS_RNN, .decline = gli_rnn_trace_decline, .prepare = prepare, .run = run};
const gli_provider gli_rnn_backward_native = {.name    = "cpu.native",
                                              .accepts = GLI_ACCEPTS_RNN,
                                              .decline = gli_rnn_trace_decline,
                                              .prepare = prepare_backward,
                                              .run     = run_backward};
