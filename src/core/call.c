/* One call of an op on tensors: everything that is checked for all ops alike. */
#include <limits.h>
#include <stdalign.h>
#include <string.h>

#include "core/dtype.h"
#include "core/saved.h"
#include "core/size.h"

/* Whether the dimensions of an input or output multiply to more than an int holds. An empty tensor's other dimensions
 * count, too: then no product of dimensions in a geometry can overflow. */
static bool too_large(const glia_tensor *tensor) {
    int64_t product = 1;
    for (int i = 0; i < tensor->ndim; ++i) product = gli_saturating_mul(product, gli_max_i64(tensor->dim[i], 1));
    return product > INT_MAX;
}

static const char *but_for_zeros(const glia_tensor *tensor) {
    return gli_count(tensor) == 0 ? ", not counting the dimensions of 0" : "";
}

static glia_status check_inputs(const gli_resolution *r) {
    const gli_op *op   = r->op;
    const int required = gli_required_inputs(op);
    GLI_REQUIRE(r->ctx, r->n_in >= required && r->n_in <= op->n_inputs, GLIA_INVALID_ARGUMENT,
                "%s: %d inputs, takes %d to %d", op->name, r->n_in, required, op->n_inputs);
    GLI_REQUIRE(r->ctx, r->in || r->n_in == 0, GLIA_INVALID_ARGUMENT, "%s: x is NULL, the list of %d inputs", op->name,
                r->n_in);
    for (int i = 0; i < r->n_in; ++i) {
        const glia_tensor *x = r->in[i];
        if (!x) {
            GLI_REQUIRE(r->ctx, gli_input_is(op, i, GLI_IN_OPTIONAL), GLIA_INVALID_ARGUMENT, "%s: %s is NULL", op->name,
                        op->inputs[i].name);
            continue;
        }
        GLI_REQUIRE(r->ctx, gli_input_is(op, i, GLI_IN_SAVED) || !too_large(x), GLIA_UNSUPPORTED,
                    "%s: %s %s has more than 2^31-1 elements%s", op->name, op->inputs[i].name, GLI_SHAPE_OF(x),
                    but_for_zeros(x));
    }
    return GLIA_OK;
}

static glia_status check_enums(const gli_resolution *r) {
    int value;
    const gli_op_param *bad = gli_params_bad_enum(r->op, r->params, &value);
    GLI_REQUIRE(r->ctx, !bad, GLIA_INVALID_ARGUMENT, "%s: %s is %d, must be 0 (%s) to %d (%s)", r->op->name, bad->name,
                value, bad->names[0], bad->n_names - 1, bad->names[bad->n_names - 1]);
    return GLIA_OK;
}

static glia_status check_sizes(const gli_resolution *r) {
    for (int i = 0; i < r->op->n_outputs; ++i) {
        const glia_tensor *y = &r->out[i];
        GLI_REQUIRE(r->ctx, gli_output_is(r->op, i, GLI_OUT_SAVED) || !too_large(y), GLIA_UNSUPPORTED,
                    "%s: %s would be %s, more than 2^31-1 elements%s", r->op->name, r->op->outputs[i].name,
                    GLI_SHAPE_OF(y), but_for_zeros(y));
    }
    return GLIA_OK;
}

glia_status gli_resolve(glia_context *ctx, const gli_op *op, const void *params, int n_in, const glia_tensor *const *in,
                        void *geom, gli_resolution *out) {
    memset(geom, 0, GLI_MAX_GEOMETRY);
    memset(out, 0, sizeof *out);
    out->ctx = ctx, out->op = op, out->n_in = n_in, out->in = in, out->geom = geom;
    out->params = gli_params_or_defaults(op, params);
    GLI_TRY(check_inputs(out));
    GLI_TRY(check_enums(out));
    GLI_TRY(op->resolve(out));
    for (int o = 0; o < op->n_outputs; ++o)
        if (gli_output_is(op, o, GLI_OUT_WIDE)) out->out[o].dtype = gli_dtype_wide(out->out[o].dtype);
    return check_sizes(out);
}

static glia_status check_outputs(const gli_resolution *r, int n_out, glia_tensor *const *out) {
    const gli_op *op = r->op;
    for (int i = 0; i < op->n_outputs; ++i) {
        const glia_tensor *y        = i < n_out ? out[i] : NULL;
        const glia_tensor *expected = &r->out[i];
        if (!y) {
            GLI_REQUIRE(r->ctx, gli_output_is(op, i, GLI_OUT_OPTIONAL), GLIA_INVALID_ARGUMENT, "%s: %s is NULL",
                        op->name, op->outputs[i].name);
            continue;
        }
        GLI_REQUIRE(r->ctx, y->dtype == expected->dtype, GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be %s", op->name,
                    op->outputs[i].name, glia_dtype_name(y->dtype), glia_dtype_name(expected->dtype));
        GLI_REQUIRE(r->ctx, gli_same_shape(y, expected), GLIA_SHAPE_MISMATCH, "%s: %s is %s, must be %s", op->name,
                    op->outputs[i].name, GLI_SHAPE_OF(y), GLI_SHAPE_OF(expected));
        GLI_REQUIRE_WRITABLE(r->ctx, y, "%s: %s", op->name, op->outputs[i].name);
        GLI_REQUIRE(r->ctx, !gli_output_is(op, i, GLI_OUT_SAVED) || gli_is_dense(y), GLIA_INVALID_ARGUMENT,
                    "%s: %s has gaps, must be dense", op->name, op->outputs[i].name);
    }
    return GLIA_OK;
}

static glia_status check_aliasing(const gli_resolution *r, int n_out, glia_tensor *const *out) {
    const gli_op *op = r->op;
    for (int i = 0; i < n_out; ++i) {
        if (!out[i]) continue;
        for (int j = 0; j < r->n_in; ++j) {
            if (!r->in[j] || !gli_overlap(out[i], r->in[j])) continue;
            GLI_REQUIRE(r->ctx, gli_in_place(op, i, j) && gli_same_elements(out[i], r->in[j]), GLIA_INVALID_ARGUMENT,
                        "%s: %s overlaps %s in memory", op->name, op->outputs[i].name, op->inputs[j].name);
        }
        for (int j = 0; j < i; ++j)
            GLI_REQUIRE(r->ctx, !out[j] || !gli_overlap(out[i], out[j]), GLIA_INVALID_ARGUMENT,
                        "%s: %s overlaps %s in memory", op->name, op->outputs[i].name, op->outputs[j].name);
    }
    return GLIA_OK;
}

static glia_status check_contexts(const gli_resolution *r, int n_out, glia_tensor *const *out) {
    for (int i = 0; i < r->n_in; ++i)
        GLI_REQUIRE(r->ctx, !r->in[i] || r->in[i]->ctx == r->ctx, GLIA_DEVICE_MISMATCH,
                    "%s: %s belongs to another context", r->op->name, r->op->inputs[i].name);
    for (int i = 0; i < n_out; ++i)
        GLI_REQUIRE(r->ctx, !out[i] || out[i]->ctx == r->ctx, GLIA_DEVICE_MISMATCH, "%s: %s belongs to another context",
                    r->op->name, r->op->outputs[i].name);
    return GLIA_OK;
}

static bool all_outputs_empty(const gli_call *call) {
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (call->out[i] && gli_count(call->out[i]) > 0) return false;
    return true;
}

static glia_status call_op(glia_context *ctx, const gli_op *op, const void *params, int n_in,
                           const glia_tensor *const *in, int n_out, glia_tensor *const *out) {
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    GLI_TRY(gli_resolve(ctx, op, params, n_in, in, geom, &r));
    GLI_TRY(check_contexts(&r, n_out, out));
    GLI_TRY(check_outputs(&r, n_out, out));
    GLI_TRY(check_aliasing(&r, n_out, out));

    gli_call call = {.ctx = ctx, .op = op, .geom = geom, .n_in = n_in, .stream = gli_stream(ctx)};
    for (int i = 0; i < n_in; ++i) call.in[i] = in[i];
    for (int i = 0; i < n_out; ++i) call.out[i] = out[i];
    if (all_outputs_empty(&call)) return GLIA_OK;

    gli_choice choice;
    GLI_TRY(gli_choose(&call, params, &choice));
    void *workspace    = NULL;
    glia_status status = gli_scratch(ctx, choice.prepared.workspace, &workspace);
    if (status == GLIA_OK) status = gli_run(&call, &choice, workspace);
    for (int i = 0; i < n_out; ++i) {
        if (!out[i]) continue;
        gli_saved_forget(out[i]);
        if (status == GLIA_OK && gli_output_is(op, i, GLI_OUT_SAVED)) gli_saved_note(&call, choice.provider, out[i]);
    }
    gli_choice_free(ctx, &choice);
    return status;
}

glia_status gli_call_op(glia_context *ctx, const gli_op *op, const void *params, int n_in, const glia_tensor *const *in,
                        int n_out, glia_tensor *const *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = call_op(ctx, op, params, n_in, in, n_out, out);
    gli_leave(ctx);
    return status;
}
