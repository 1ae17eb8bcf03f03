#include "cpu/native/rnn/rnn_pass.h"

#include "core/size.h"

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
