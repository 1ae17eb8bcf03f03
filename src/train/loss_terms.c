#include "train/loss_terms.h"

#include <math.h>
#include <string.h>

#include "glia/ops/loss.h"
#include "graph/graph_impl.h"

glia_status gli_check_terms(glia_context *ctx, const glia_model_loss *loss) {
    if (loss->kind == GLIA_LOSS_FOCAL) {
        const double gamma = loss->focal.gamma, alpha = loss->focal.alpha;
        GLI_REQUIRE(ctx, gamma >= 0 && isfinite((float)gamma), GLIA_INVALID_ARGUMENT,
                    "focal: gamma is %g, must be finite and not negative", gamma);
        GLI_REQUIRE(ctx, alpha <= 1, GLIA_INVALID_ARGUMENT, "focal: alpha is %g, must be at most 1", alpha);
        return GLIA_OK;
    }
    GLI_REQUIRE(ctx, loss->smooth > 0 && isfinite((float)loss->smooth), GLIA_INVALID_ARGUMENT,
                "%s: smooth is %g, must be positive and finite in f32", glia_loss_name(loss->kind), loss->smooth);
    return GLIA_OK;
}

/* factor a + number */
static glia_value linear(const gli_emission *e, glia_value a, double factor, double number) {
    const glia_dtype dtype  = glia_graph_dtype(e->graph, a);
    const glia_value scaled = gli_emit_binary(e, GLIA_BINARY_MUL, a, gli_emit_number(e, dtype, factor));
    return gli_emit_binary(e, GLIA_BINARY_ADD, scaled, gli_emit_number(e, dtype, number));
}

/* What the output gives to the opposite of the target, 1 - q: sigmoid(x) where it is 0, sigmoid(-x) where it is 1. As
 * 1 minus a number near it all digits would cancel. It is kept from 0, where powers below 1 have no slope. */
static glia_value wrong_share(const gli_emission *e, glia_value logits, glia_value target) {
    const double least      = 1e-30;
    const glia_value minus  = gli_emit_unary(e, GLIA_UNARY_NEG, 0, 0, logits);
    const glia_value on     = gli_emit_unary(e, GLIA_UNARY_SIGMOID, 0, 0, logits);
    const glia_value off    = gli_emit_unary(e, GLIA_UNARY_SIGMOID, 0, 0, minus);
    const glia_value of_one = gli_emit_binary(e, GLIA_BINARY_MUL, off, target);
    const glia_value of_0   = gli_emit_binary(e, GLIA_BINARY_MUL, on, linear(e, target, -1, 1));
    return gli_emit_unary(e, GLIA_UNARY_CLIP, least, 1, gli_emit_binary(e, GLIA_BINARY_ADD, of_one, of_0));
}

glia_value gli_emit_focal_terms(const gli_emission *e, const gli_judged *j) {
    const double gamma = j->output->args.loss.focal.gamma, alpha = j->output->args.loss.focal.alpha;
    const glia_value logits = j->prediction, target = gli_emit_target_like(e, j);
    const glia_loss_params each = {.kind = GLIA_LOSS_BCE_LOGITS, .reduction = GLIA_REDUCTION_NONE};
    const glia_value entropy    = gli_emit_call(e, &gli_op_loss, &each, 2, (glia_value[]){logits, target});
    const glia_value exponent   = gli_emit_number(e, glia_graph_dtype(e->graph, logits), gamma);
    const glia_value less       = gli_emit_binary(e, GLIA_BINARY_POW, wrong_share(e, logits, target), exponent);
    const glia_value terms      = gli_emit_binary(e, GLIA_BINARY_MUL, entropy, less);
    return alpha < 0 ? terms : gli_emit_binary(e, GLIA_BINARY_MUL, terms, linear(e, target, 2 * alpha - 1, 1 - alpha));
}

/* The sum over all dimensions but the first two. */
static glia_value sum_of_area(const gli_emission *e, glia_value x) {
    const int ndim = glia_graph_shape(e->graph, x).ndim;
    return ndim > 2 ? gli_emit_reduce(e, GLIA_REDUCE_SUM, ((1u << ndim) - 1) & ~3u, x) : x;
}

/* Binary ops would broadcast a target of another shape. */
static bool has_shape_of(const gli_emission *e, glia_value target, const gli_judged *j) {
    const glia_shape is = glia_graph_shape(e->graph, target), must = glia_graph_shape(e->graph, j->prediction);
    if (is.ndim == must.ndim && memcmp(is.dim, must.dim, (size_t)is.ndim * sizeof *is.dim) == 0) return true;
    gli_fail(e->graph->ctx, GLIA_SHAPE_MISMATCH, "%s: %s: target is %s, must be %s", e->graph->label,
             glia_loss_name(j->output->args.loss.kind), gli_shape_text(is.ndim, is.dim, (char[GLI_SHAPE_TEXT]){0}),
             gli_shape_text(must.ndim, must.dim, (char[GLI_SHAPE_TEXT]){0}));
    return gli_graph_fail(e->graph, GLIA_SHAPE_MISMATCH), false;
}

glia_value gli_emit_area_terms(const gli_emission *e, const gli_judged *j) {
    const bool dice         = j->output->args.loss.kind == GLIA_LOSS_DICE;
    const double smooth     = j->output->args.loss.smooth;
    const glia_value target = gli_emit_target_like(e, j);
    if (!has_shape_of(e, target, j)) return GLI_INVALID;
    const glia_value both = sum_of_area(e, gli_emit_binary(e, GLIA_BINARY_MUL, j->prediction, target));
    const glia_value sum  = sum_of_area(e, gli_emit_binary(e, GLIA_BINARY_ADD, j->prediction, target));
    const glia_value all  = dice ? sum : gli_emit_binary(e, GLIA_BINARY_SUB, sum, both);
    const glia_value share =
        gli_emit_binary(e, GLIA_BINARY_DIV, linear(e, both, dice ? 2 : 1, smooth), linear(e, all, 1, smooth));
    return linear(e, share, -1, 1);
}
