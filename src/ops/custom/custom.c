#include "ops/custom/custom_impl.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/derive.h"
#include "core/dtype.h"
#include "ops/check.h"

static glia_status check_description(const gli_resolution *r, const glia_custom_op *op) {
    GLI_REQUIRE(r->ctx, op, GLIA_INVALID_ARGUMENT, "%s: params->op is NULL", r->op->name);
    GLI_REQUIRE(r->ctx, op->name && *op->name, GLIA_INVALID_ARGUMENT, "%s: the op has no name", r->op->name);
    GLI_REQUIRE(r->ctx, gli_name_valid(op->name, GLIA_CUSTOM_NAME), GLIA_INVALID_ARGUMENT,
                "%s: the op's name has %zu characters, must have 1 to %d, none a control character", r->op->name,
                strlen(op->name), GLIA_CUSTOM_NAME);
    const int max = GLIA_CUSTOM_TENSORS;
    GLI_REQUIRE(r->ctx, op->n_in >= 1 && op->n_in <= max && op->n_out >= 1 && op->n_out <= max, GLIA_INVALID_ARGUMENT,
                "%s: '%s' has %d inputs and %d outputs, must have 1 to %d of each", r->op->name, op->name, op->n_in,
                op->n_out, max);
    GLI_REQUIRE(r->ctx, op->depth >= 0 && isfinite(op->depth), GLIA_INVALID_ARGUMENT,
                "%s: '%s' has depth %g, must be finite and not negative", r->op->name, op->name, op->depth);
    GLI_REQUIRE(r->ctx, !(op->unread_in >> op->n_in) && !(op->unread_out >> op->n_out), GLIA_INVALID_ARGUMENT,
                "%s: '%s' has unread_in %#x and unread_out %#x: bits of tensors beyond its %d inputs and %d outputs",
                r->op->name, op->name, op->unread_in, op->unread_out, op->n_in, op->n_out);
    GLI_REQUIRE(r->ctx, op->forward || op->cuda_forward, GLIA_INVALID_ARGUMENT, "%s: '%s' has no forward", r->op->name,
                op->name);
    return GLIA_OK;
}

static glia_status check_inputs(const gli_resolution *r, const glia_custom_op *op) {
    GLI_REQUIRE(r->ctx, r->n_in == op->n_in, GLIA_INVALID_ARGUMENT, "%s: '%s' gets %d inputs, takes %d", r->op->name,
                op->name, r->n_in, op->n_in);
    for (int i = 0; i < r->n_in; ++i)
        GLI_REQUIRE(r->ctx, r->in[i], GLIA_INVALID_ARGUMENT, "%s: %s of '%s' is NULL", r->op->name,
                    r->op->inputs[i].name, op->name);
    return GLIA_OK;
}

/* An output beyond those of the description. */
static void set_unused(glia_tensor *y) { gli_set_shape(y, GLIA_F32, 1, (const int64_t[]){0}); }

static glia_status resolve_outputs(gli_resolution *r, const glia_custom_params *p) {
    const glia_custom_op *op        = p->op;
    glia_custom_resolution question = {.params = p};
    for (int i = 0; i < op->n_in; ++i)
        question.in[i] = (glia_custom_type){r->in[i]->dtype, glia_tensor_shape(r->in[i])};
    for (int o = 0; o < op->n_out; ++o) question.out[o] = question.in[0];
    const glia_status status                  = op->resolve ? op->resolve(&question) : GLIA_OK;
    question.message[GLIA_CUSTOM_MESSAGE - 1] = '\0';
    GLI_REQUIRE(r->ctx, status == GLIA_OK, status, "%s: '%s' refuses its inputs: %s", r->op->name, op->name,
                question.message[0] ? question.message : glia_status_text(status));
    for (int o = 0; o < r->op->n_outputs; ++o) {
        const glia_custom_type *type = &question.out[o];
        if (o >= op->n_out) {
            set_unused(&r->out[o]);
            continue;
        }
        GLI_REQUIRE(r->ctx, gli_dtype_valid(type->dtype), GLIA_INVALID_ARGUMENT, "%s: %s of '%s' has invalid dtype %d",
                    r->op->name, r->op->outputs[o].name, op->name, (int)type->dtype);
        GLI_TRY(gli_shape_check(r->ctx, r->op->name, type->dtype, type->shape));
        gli_set_shape(&r->out[o], type->dtype, type->shape.ndim, type->shape.dim);
    }
    return GLIA_OK;
}

static glia_status resolve(gli_resolution *r) {
    const glia_custom_params *p = r->params;
    gli_custom_geom *g          = r->geom;
    GLI_TRY(check_description(r, p->op));
    GLI_TRY(check_inputs(r, p->op));
    GLI_TRY(resolve_outputs(r, p));
    g->params = *p;
    for (int i = 0; i < r->n_in; ++i) {
        g->in[i].dtype = (int)r->in[i]->dtype;
        g->in[i].ndim  = r->in[i]->ndim;
        for (int d = 0; d < r->in[i]->ndim; ++d) g->in[i].dim[d] = (int)r->in[i]->dim[d];
    }
    return GLIA_OK;
}

static glia_status resolve_backward(gli_resolution *r) {
    const gli_custom_geom *forward = r->params;
    const glia_custom_op *op       = forward->params.op;
    GLI_TRY(check_description(r, op));
    GLI_REQUIRE(r->ctx, op->backward || op->cuda_backward, GLIA_UNSUPPORTED,
                "%s: '%s' has no backward, so no gradient goes through it", r->op->name, op->name);
    for (int i = 0; i < r->op->n_outputs; ++i) {
        const gli_custom_shape *in = &forward->in[i];
        int64_t dim[GLIA_MAX_DIMS];
        for (int d = 0; d < in->ndim; ++d) dim[d] = in->dim[d];
        set_unused(&r->out[i]);
        if (i < op->n_in && gli_dtype_is_float((glia_dtype)in->dtype))
            gli_set_shape(&r->out[i], (glia_dtype)in->dtype, in->ndim, dim);
    }
    memcpy(r->geom, forward, sizeof *forward);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    const glia_custom_op *op = ((const gli_custom_geom *)geom)->params.op;
    *out                     = (gli_cost){.depth = op->depth > 0 ? op->depth : 1};
}

static void derive(gli_derivation *d) {
    const gli_custom_geom *g             = d->geom;
    const glia_custom_op *op             = g->params.op;
    glia_value in[GLI_CUSTOM_BACKWARD_N] = {{0}};
    glia_value din[GLIA_CUSTOM_TENSORS]  = {{0}};
    for (int i = 0; i < op->n_in; ++i)
        if (!(op->unread_in >> i & 1)) in[GLI_CUSTOM_BACKWARD_IN + i] = d->in[i];
    for (int o = 0; o < op->n_out; ++o) {
        if (!(op->unread_out >> o & 1)) in[GLI_CUSTOM_BACKWARD_OUT + o] = d->out[o];
        in[GLI_CUSTOM_BACKWARD_DOUT + o] = d->dout[o];
    }
    gli_derive_call(d, &gli_op_custom_backward, g, GLI_CUSTOM_BACKWARD_N, in, op->n_in, din);
    for (int i = 0; i < op->n_in; ++i)
        if (gli_requested(d, i)) d->din[i] = din[i];
}

/* How many there are is up to the user's op; resolve checks that. */
#define EIGHT(ROW) ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7)
#define IN(i) {"in[" #i "]", GLI_IN_GRADIENT | GLI_IN_OPTIONAL}
#define OUT(i) {"out[" #i "]", (i) == 0 ? GLI_OUT_GRADIENT : GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL}
#define SAVED_IN(i) {"in[" #i "]", GLI_IN_OPTIONAL}
#define SAVED_OUT(i) {"out[" #i "]", GLI_IN_OPTIONAL}
#define DOUT(i) {"dout[" #i "]", GLI_IN_OPTIONAL}
#define DIN(i) {"din[" #i "]", GLI_OUT_OPTIONAL}

static const gli_op_input forward_inputs[]    = {EIGHT(IN)};
static const gli_op_output forward_outputs[]  = {EIGHT(OUT)};
static const gli_op_input backward_inputs[]   = {EIGHT(SAVED_IN), EIGHT(SAVED_OUT), EIGHT(DOUT)};
static const gli_op_output backward_outputs[] = {EIGHT(DIN)};

static const glia_custom_params none = {0}; /* resolve refuses it */

const gli_op gli_op_custom = {
    .name = "custom",
    GLI_INPUTS(forward_inputs),
    GLI_OUTPUTS(forward_outputs),
    .params_size = sizeof none,
    .defaults    = &none,
    .geom_size   = sizeof(gli_custom_geom),
    .resolve     = resolve,
    .cost        = cost,
    .derive      = derive,
};

const gli_op gli_op_custom_backward = {
    .name = "custom_backward",
    GLI_INPUTS(backward_inputs),
    GLI_OUTPUTS(backward_outputs),
    .params_size         = sizeof(gli_custom_geom),
    .geom_size           = sizeof(gli_custom_geom),
    .resolve             = resolve_backward,
    .cost                = cost,
    .once_differentiable = &gli_op_custom,
};

_Static_assert(sizeof(gli_custom_geom) <= GLI_MAX_GEOMETRY, "the geometry has to fit");

static glia_status call_custom(glia_context *ctx, const glia_custom_params *params, const glia_tensor *const *in,
                               int n_in, glia_tensor *const *out, int n_out) {
    const int given = params && params->op ? params->op->n_out : 1;
    const int max   = given >= 1 && given <= GLIA_CUSTOM_TENSORS ? given : GLIA_CUSTOM_TENSORS; /* resolve refuses it */
    GLI_REQUIRE(ctx, n_in >= 0 && n_in <= GLIA_CUSTOM_TENSORS && (in || n_in == 0), GLIA_INVALID_ARGUMENT,
                "custom: %d inputs at %p", n_in, (const void *)in);
    GLI_REQUIRE(ctx, n_out >= 1 && n_out <= max && out, GLIA_INVALID_ARGUMENT,
                "custom: %d outputs at %p, must be 1 to %d", n_out, (const void *)out, max);
    return gli_call_op(ctx, &gli_op_custom, params, n_in, in, n_out, out);
}

glia_status glia_custom(glia_context *ctx, const glia_custom_params *params, const glia_tensor *const *in, int n_in,
                        glia_tensor *const *out, int n_out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = call_custom(ctx, params, in, n_in, out, n_out);
    gli_leave(ctx);
    return status;
}
