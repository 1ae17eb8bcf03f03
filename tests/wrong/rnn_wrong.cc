#include "wrong/rnn_wrong.h"

#include <cmath>

extern "C" {
#include "ops/rnn/rnn_geom.h"

extern const gli_provider gli_rnn_ref, gli_rnn_backward_ref;
}

namespace glia {
namespace {

// A call, and its geometry, that may be changed before the reference sees it.
struct Changed {
    explicit Changed(const gli_call *original)
        : g(*static_cast<const gli_rnn_geom *>(original->geom)), call(*original) {
        call.geom = &g;
    }
    gli_rnn_geom g;
    gli_call call;
};

using Change = void (*)(Changed *);

void nothing(Changed *) {}
void no_recurrent_bias(Changed *c) {
    for (int d = 0; d < GLI_RNN_MAX_DIRECTIONS; ++d) c->call.in[gli_rnn_weight(d, GLI_RNN_B_HH)] = nullptr;
}
void no_lengths(Changed *c) { c->call.in[GLI_RNN_LENGTHS] = nullptr; }
void no_peephole(Changed *c) {
    for (int d = 0; d < GLI_RNN_MAX_DIRECTIONS; ++d) c->call.in[gli_rnn_weight(d, GLI_RNN_PEEPHOLE)] = nullptr;
}
void no_clip(Changed *c) { c->g.cell_clip = 0; }
void other_reset(Changed *c) { c->g.reset_before = !c->g.reset_before; }
void always_forward(Changed *c) { c->g.reverse = 0; }
void no_initial_state(Changed *c) { c->call.in[GLI_RNN_H0] = nullptr; }
void no_initial_cell(Changed *c) { c->call.in[GLI_RNN_C0] = nullptr; }
void weights_of_one_direction(Changed *c) {
    if (c->g.directions == 2) c->call.in[gli_rnn_weight(1, GLI_RNN_W_HH)] = c->call.in[gli_rnn_weight(0, GLI_RNN_W_HH)];
}
void no_dy(Changed *c) { c->call.in[GLI_RNN_BACK_DY] = nullptr; }
void no_dh_n(Changed *c) { c->call.in[GLI_RNN_BACK_DH_N] = nullptr; }
void no_dc_n(Changed *c) { c->call.in[GLI_RNN_BACK_DC_N] = nullptr; }
void no_dh0(Changed *c) { c->call.out[GLI_RNN_BACK_DH0] = nullptr; }
void biases_exchanged(Changed *c) {
    std::swap(c->call.out[gli_rnn_dweight(0, GLI_RNN_B_IH)], c->call.out[gli_rnn_dweight(0, GLI_RNN_B_HH)]);
}

template <Change change>
glia_status run_forward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    Changed c(call);
    change(&c);
    return gli_rnn_ref.run(&c.call, prepared, workspace);
}

template <Change change>
glia_status run_backward(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    Changed c(call);
    change(&c);
    return gli_rnn_backward_ref.run(&c.call, prepared, workspace);
}

// After the right run: the states after step T-1, whatever the lengths.
glia_status run_last_row(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const auto *g            = static_cast<const gli_rnn_geom *>(call->geom);
    const glia_status status = gli_rnn_ref.run(call, prepared, workspace);
    const glia_tensor *y = call->out[GLI_RNN_Y], *h = call->out[GLI_RNN_H_N];
    if (status != GLIA_OK || !h || g->steps == 0) return status;
    for (int n = 0; n < g->batch; ++n)
        for (int k = 0; k < g->outputs; ++k) {
            const int64_t t = g->reverse ? 0 : g->steps - 1, step = y->stride[g->batch_first],
                          row  = y->stride[!g->batch_first];
            const double value = gli_load(y->dtype, y->data, t * step + n * row + k * y->stride[2]);
            gli_store(h->dtype, h->data, n * h->stride[1] + k * h->stride[2], value);
        }
    return status;
}

// One element of dx in the padding is left as it was.
glia_status run_padding_kept(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const glia_tensor *dx    = call->out[GLI_RNN_BACK_DX];
    const double before      = dx && gli_count(dx) ? gli_load(dx->dtype, dx->data, 0) : 0;
    const glia_status status = gli_rnn_backward_ref.run(call, prepared, workspace);
    if (call->in[GLI_RNN_LENGTHS] && dx && gli_count(dx) && gli_load(dx->dtype, dx->data, 0) == 0)
        gli_store(dx->dtype, dx->data, 0, before);
    return status;
}

using Run = glia_status (*)(const gli_call *, const gli_prepared *, void *);

WrongProvider forward(const char *bug, const char *caught_by, Run run) {
    return {
        bug, caught_by, {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = gli_rnn_ref.prepare, .run = run}};
}

WrongProvider backward(const char *bug, const char *caught_by, Run run) {
    return {bug,
            caught_by,
            {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = gli_rnn_backward_ref.prepare, .run = run}};
}

}  // namespace

std::vector<WrongProvider> rnn_providers() {
    return {
        forward(nullptr, "", run_forward<nothing>),
        forward("the recurrent bias is forgotten", "y[", run_forward<no_recurrent_bias>),
        forward("lengths are ignored", "y[", run_forward<no_lengths>),
        forward("peepholes are ignored", "y[", run_forward<no_peephole>),
        forward("the cell is not clipped", "y[", run_forward<no_clip>),
        forward("the reset gate is on the other side of the product", "y[", run_forward<other_reset>),
        forward("the reverse direction runs forwards", "y[", run_forward<always_forward>),
        forward("the initial state is forgotten", "y[", run_forward<no_initial_state>),
        forward("the initial cell is forgotten", "y[", run_forward<no_initial_cell>),
        forward("the second direction has the weights of the first", "y[", run_forward<weights_of_one_direction>),
        forward("the last state is that of the last row", "h_n[", run_last_row),
    };
}

std::vector<WrongProvider> rnn_backward_providers() {
    return {
        backward(nullptr, "", run_backward<nothing>),
        backward("the gradient of the outputs is forgotten", "dx[", run_backward<no_dy>),
        backward("the gradient of the last state is forgotten", "dx[", run_backward<no_dh_n>),
        backward("the gradient of the last cell is forgotten", "dx[", run_backward<no_dc_n>),
        backward("the gradient of the initial state is not written", "dh0[", run_backward<no_dh0>),
        backward("the gradients of the biases are exchanged", "db_ih[", run_backward<biases_exchanged>),
        backward("lengths are ignored", "dx[", run_backward<no_lengths>),
        backward("the clip does not stop the gradient", "dx[", run_backward<no_clip>),
        backward("padding keeps what was there", "dx[", run_padding_kept),
    };
}

}  // namespace glia
