/* Ops by name, and ops of the user's own, as layers. */
#include "glia/custom.h"
#include "nn/layer.h"

/* An op as a layer of its own, with a name made of `kind`. */
typedef struct op_layer {
    const char *call, *kind;
    const gli_op *op;
    int n_out; /* the outputs that there are */
} op_layer;

static glia_value add_op(glia_model *model, const op_layer *l, const void *params, const glia_value *in, int n_in,
                         glia_value *out, int n_out) {
    const gli_op *op = l->op;
    glia_value results[GLI_MAX_OUT];
    if (n_in < gli_required_inputs(op) || n_in > op->n_inputs || (!in && n_in > 0) || n_out < 0 || n_out > l->n_out ||
        (!out && n_out > 0))
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                              "%s: %s gets %d inputs%s and %d outputs%s, it has %d to %d and %d", l->call, l->kind,
                              n_in, in ? "" : " at NULL", n_out, out ? "" : " at NULL", gli_required_inputs(op),
                              op->n_inputs, l->n_out);
    if (!gli_layer_begin(model, l->kind, NULL, NULL, 0, false)) return GLI_INVALID;
    const glia_value first =
        gli_layer_end(model, gli_layer_call(model, op, params, n_in, in, n_out > 0 ? n_out : 1, results));
    for (int i = 0; i < n_out; ++i) out[i] = results[i];
    return first;
}

/* Where it failed, all outputs are invalid. out may be in, so that nothing is written before. */
static glia_value finish(glia_value first, glia_value *out, int n_out) {
    for (int i = 0; first.id < 0 && out && i < n_out && i < GLI_MAX_OUT; ++i) out[i] = GLI_INVALID;
    return first;
}

static glia_value named_op(glia_model *model, const char *op, const void *params, const glia_value *in, int n_in,
                           glia_value *out, int n_out) {
    if (!model) return GLI_INVALID;
    const gli_op *found = op ? gli_op_find(op) : NULL;
    char why[GLI_OP_MISSING_TEXT];
    if (!found) return gli_model_fail(model, GLIA_NOT_FOUND, "glia_model_op: %s", gli_op_missing(op, why));
    const op_layer layer = {"glia_model_op", found->name, found, found->n_outputs};
    return add_op(model, &layer, params, in, n_in, out, n_out);
}

glia_value glia_model_op(glia_model *model, const char *op, const void *params, const glia_value *in, int n_in,
                         glia_value *out, int n_out) {
    return finish(named_op(model, op, params, in, n_in, out, n_out), out, n_out);
}

static glia_value custom_op(glia_model *model, const glia_custom_params *params, const glia_value *in, int n_in,
                            glia_value *out, int n_out) {
    if (!model) return GLI_INVALID;
    const glia_custom_op *op = params ? params->op : NULL;
    if (!op || !op->name) return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "glia_model_custom: params name no op");
    const op_layer layer = {"glia_model_custom", op->name, &gli_op_custom,
                            op->n_out < GLIA_CUSTOM_TENSORS ? op->n_out : GLIA_CUSTOM_TENSORS};
    return add_op(model, &layer, params, in, n_in, out, n_out);
}

glia_value glia_model_custom(glia_model *model, const glia_custom_params *params, const glia_value *in, int n_in,
                             glia_value *out, int n_out) {
    return finish(custom_op(model, params, in, n_in, out, n_out), out, n_out);
}
