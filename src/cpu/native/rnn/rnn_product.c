#include "cpu/native/rnn/rnn_product.h"

#include "core/memory.h"
#include "core/size.h"
#include "cpu/native/linear/product.h"

static gli_product product_of(const gli_rnn_product *p, int64_t steps) {
    gli_product out = {.columns = p->columns, .alpha = 1, .beta = 1, .b_packed = p->packs_b};
    out.rows        = p->sums_steps ? p->rows : steps * p->rows;
    out.sum         = p->sums_steps ? steps * p->sum : p->sum;
    out.a           = (gli_product_matrix){.row_stride = p->a_pitch, .column_stride = 1};
    out.b           = (gli_product_matrix){.row_stride    = p->b_transposed ? 1 : p->columns,
                                           .column_stride = p->b_transposed ? p->sum : 1};
    out.y = out.c = (gli_product_matrix){.row_stride = p->y_pitch, .column_stride = 1};
    if (p->a_transposed) out.a = gli_product_transposed(out.a);
    return out;
}

static size_t workspace_of(const gli_rnn_product *p, int steps) {
    const gli_product product = product_of(p, steps);
    return p->rows > 0 ? gli_align_up(gli_product_workspace(&product), GLI_ALIGNMENT) : 0;
}

/* With a packed b each product has its own workspace, and all others share what follows. */
size_t gli_rnn_lay_out_products(gli_rnn_product *products, int steps, int rest, char *memory) {
    size_t bytes = 0, shared = 0;
    for (int i = 0; i < GLI_RNN_PRODUCTS; ++i) {
        const size_t own = gli_max_size(workspace_of(&products[i], steps), workspace_of(&products[i], rest));
        if (memory) products[i].workspace = memory + bytes;
        if (products[i].packs_b)
            bytes += own;
        else
            shared = gli_max_size(shared, own);
    }
    for (int i = 0; i < GLI_RNN_PRODUCTS; ++i)
        if (memory && !products[i].packs_b) products[i].workspace = memory + bytes;
    return bytes + shared;
}

void gli_rnn_pack(const glia_context *ctx, const gli_rnn_product *product, const float *b) {
    const gli_product p = product_of(product, 1);
    gli_product_pack(ctx, &p, b, product->workspace);
}

void gli_rnn_multiply(const glia_context *ctx, const gli_rnn_product *product, int steps, const float *a,
                      const float *b, float *y) {
    const gli_product p = product_of(product, steps);
    gli_product_run(ctx, &p, a, b, product->adds ? y : NULL, y, product->workspace);
}
