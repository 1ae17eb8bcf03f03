#include "wrong/reduce_wrong.h"

#include <cmath>

extern "C" {
#include "ops/reduce/reduce_geom.h"
}

namespace glia {
namespace {

enum class Bug {
    none,
    one_chain_of_floats,  // ONNX Runtime: the mean of 6000 x 6000 ones is 0.466
    squares_in_float,     // the norm of huge numbers is infinite, that of tiny ones 0
};

// Means and norms of rows: the reduced axes are the last ones.
const char *decline(const gli_call *call) {
    const auto *g        = static_cast<const gli_reduce_geom *>(call->geom);
    const glia_tensor *x = call->in[GLI_REDUCE_X], *y = call->out[0];
    const unsigned last = (1u << g->ndim) - 1;
    bool rows           = false;
    for (int kept = 0; kept < g->ndim; ++kept) rows = rows || g->reduced == (last & ~((1u << kept) - 1));
    const bool kind = g->kind == GLIA_REDUCE_MEAN || g->kind == GLIA_REDUCE_L2;
    const bool fits = rows && kind && g->set > 0 && x->dtype == GLIA_F32 && gli_is_dense(x) && gli_is_dense(y);
    return fits ? nullptr : "takes means and norms of dense rows of f32 only";
}

template <Bug bug>
glia_status run(const gli_call *call, const gli_prepared *, void *) {
    const auto *g       = static_cast<const gli_reduce_geom *>(call->geom);
    const float *x      = static_cast<const float *>(call->in[GLI_REDUCE_X]->data);
    float *y            = static_cast<float *>(call->out[0]->data);
    const bool is_norm  = g->kind == GLIA_REDUCE_L2;
    const bool in_float = is_norm ? bug == Bug::squares_in_float : bug == Bug::one_chain_of_floats;
    for (int k = 0; k < g->outputs; ++k) {
        double sum  = 0;
        float chain = 0;
        for (int i = 0; i < g->set; ++i) {
            const float v = x[int64_t(k) * g->set + i];
            sum += is_norm ? double(v) * v : v;
            chain += is_norm ? v * v : v;
        }
        if (in_float) sum = chain;
        y[k] = float(is_norm ? std::sqrt(sum) : sum / g->set);
    }
    return GLIA_OK;
}

template <Bug bug>
WrongProvider provider(const char *name, const char *caught_by) {
    return {name, caught_by, {.name = "wrong", .accepts = GLI_ACCEPTS_ALL, .decline = decline, .run = run<bug>}};
}

}  // namespace

std::vector<WrongProvider> reduce_providers() {
    return {provider<Bug::none>(nullptr, ""), provider<Bug::one_chain_of_floats>("adds one chain of floats", "y["),
            provider<Bug::squares_in_float>("squares in float", "y[")};
}

}  // namespace glia
