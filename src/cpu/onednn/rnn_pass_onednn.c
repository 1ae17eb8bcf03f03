#include "cpu/onednn/rnn_pass_onednn.h"

#include "core/size.h"

float *gli_rnn_take(gli_rnn_layout *layout, int64_t count) {
    const size_t offset = gli_align_up(layout->bytes, GLI_ALIGNMENT);
    layout->bytes       = offset + (size_t)count * sizeof(float);
    return layout->memory ? (float *)(layout->memory + offset) : NULL;
}

gli_dnn_view gli_rnn_matrix(int64_t rows, int64_t columns, int64_t pitch) {
    return gli_dnn_bound_later(rows, columns, pitch, GLI_DNN_AS_IS);
}

/* Packing weights costs as much as some products with them. */
gli_dnn_view gli_rnn_weights(const gli_rnn_geom *g, int64_t rows, int64_t columns) {
    enum { STEPS_WORTH_PACKING = 16 };
    return gli_dnn_bound_later(rows, columns, columns, g->steps < STEPS_WORTH_PACKING ? GLI_DNN_AS_IS : GLI_DNN_ANY);
}

glia_status gli_rnn_pack(const gli_rnn_pass *p, int number, const float *b) {
    return gli_dnn_pack(p->call, p->dnn, number, b, p->workspace.matmuls);
}

glia_status gli_rnn_multiply(const gli_rnn_pass *p, int number, const float *a, const float *b, float *y) {
    return gli_dnn_multiply(p->call, p->dnn, number, (gli_dnn_matrices){a, b, y}, p->workspace.matmuls);
}

glia_status gli_rnn_pass_prepare(const gli_call *call, gli_rnn_add_matmuls add, gli_rnn_lay_out lay_out,
                                 gli_prepared *out) {
    gli_rnn_workspace workspace;
    gli_dnn *dnn;
    GLI_TRY(gli_dnn_begin(call, &dnn));
    add(call->geom, dnn);
    GLI_TRY(gli_dnn_end(dnn, out));
    out->workspace += lay_out(call, NULL, &workspace);
    return GLIA_OK;
}

glia_status gli_rnn_pass_run(gli_rnn_pass *p, const gli_prepared *prepared, void *workspace, gli_rnn_lay_out lay_out,
                             gli_rnn_direction direction) {
    const gli_call *call  = p->call;
    const gli_rnn_geom *g = p->g = call->geom;
    const float *x               = call->in[GLI_RNN_X]->data;
    p->dnn                       = prepared->state;
    lay_out(call, workspace, &p->workspace);
    GLI_TRY(gli_rnn_check_lengths(call));
    if (gli_rnn_gathers(call)) gli_rnn_gather(call, p->workspace.x), x = p->workspace.x;
    for (int d = 0; d < g->directions; ++d) {
        for (int k = 0; k < GLI_RNN_WEIGHTS; ++k) p->weight[k] = gli_in_floats(call, gli_rnn_weight(d, k));
        p->direction = d;
        p->cells     = (gli_rnn_cells){g, p->workspace.bias, p->weight[GLI_RNN_PEEPHOLE]};
        GLI_TRY(direction(p, x));
    }
    return GLIA_OK;
}
