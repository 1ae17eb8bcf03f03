/* Reverse-mode differentiation: visits the nodes in reverse order, where each op's derive rule appends its gradient. */
#include <string.h>

#include "core/derive.h"
#include "core/dtype.h"
#include "core/op.h"
#include "glia/ops.h"
#include "graph/graph_impl.h"

typedef struct reverse {
    glia_graph *graph;
    int first_node, n_nodes, n_values; /* of what is differentiated, without what the rules append */
    gli_arena arena;
    bool *wrt;     /* by value: its gradient is requested */
    bool *depends; /* by value: on one of those */
    int *gradient; /* by value; 0: none yet */
} reverse;

static bool is_float(const glia_graph *graph, int id) { return gli_dtype_is_float(graph->values[id].tensor.dtype); }

/* No dependence goes through integers, which have no gradient. */
static void find_dependents(reverse *r) {
    const glia_graph *graph = r->graph;
    for (int v = 1; v < r->n_values; ++v) { /* a view of a requested tensor */
        const gli_value_info *value = &graph->values[v];
        if (value->kind == GLI_VALUE_VIEW && r->depends[value->base]) r->depends[v] = true;
    }
    for (int n = r->first_node; n < r->n_nodes; ++n) {
        const gli_node *node = &graph->nodes[n];
        bool any             = false;
        for (int i = 0; i < node->n_in; ++i) any = any || r->depends[node->in[i]];
        if (!node->op || !any) continue;
        for (int o = 0; o < node->op->n_outputs; ++o)
            if (node->out[o] && is_float(graph, node->out[o])) r->depends[node->out[o]] = true;
    }
}

/* What is requested of bf16 and f16 is f32, as the ops deliver it for weights. */
static glia_dtype gradient_dtype(const reverse *r, int value) {
    const glia_dtype dtype = r->graph->values[value].tensor.dtype;
    return r->wrt[value] ? gli_dtype_wide(dtype) : dtype;
}

/* Of a half as f32, or the other way round. */
static glia_value as_dtype(glia_graph *graph, glia_value value, glia_dtype dtype) {
    const glia_dtype now = graph->values[value.id].tensor.dtype;
    if (now == dtype || gli_dtype_wide(now) != gli_dtype_wide(dtype)) return value;
    return gli_graph_call(graph, &gli_op_cast, &(glia_cast_params){.dtype = dtype}, &value, 1, NULL, 0);
}

static glia_status add(reverse *r, int value, glia_value gradient) {
    glia_graph *graph = r->graph;
    if (gradient.id == 0) return GLIA_OK; /* zero */
    const glia_dtype dtype = gradient_dtype(r, value);
    if (gli_graph_value(graph, gradient)) gradient = as_dtype(graph, gradient, dtype);
    const gli_value_info *got = gli_graph_value(graph, gradient);
    if (!got) return graph->status != GLIA_OK ? graph->status : GLIA_INVALID_ARGUMENT;
    const glia_tensor *expected = &graph->values[value].tensor;
    GLI_REQUIRE(graph->ctx, got->tensor.dtype == dtype && gli_same_shape(&got->tensor, expected), GLIA_UNSUPPORTED,
                "the gradient with respect to %s %s has become %s %s", glia_dtype_name(expected->dtype),
                GLI_SHAPE_OF(expected), glia_dtype_name(got->tensor.dtype), GLI_SHAPE_OF(&got->tensor));
    if (r->gradient[value]) {
        const glia_value terms[2] = {{r->gradient[value]}, gradient};
        gradient = gli_graph_call(graph, &gli_op_binary, &(glia_binary_params){GLIA_BINARY_ADD}, terms, 2, NULL, 0);
        if (gradient.id < 0) return graph->status != GLIA_OK ? graph->status : GLIA_BUSY;
    }
    r->gradient[value] = gradient.id;
    return GLIA_OK;
}

static glia_status check_differentiable(const glia_graph *graph, const gli_node *node, const gli_derivation *d) {
    const gli_op *op = node->op;
    GLI_REQUIRE(graph->ctx, !op->once_differentiable, GLIA_UNSUPPORTED,
                "%s has no gradient: %s has no second derivative", op->name, op->once_differentiable->name);
    for (int i = 0; i < node->n_in; ++i)
        GLI_REQUIRE(graph->ctx, !gli_requested(d, i) || (op->derive && gli_input_is(op, i, GLI_IN_GRADIENT)),
                    GLIA_UNSUPPORTED, "%s has no gradient with respect to %s", op->name,
                    op->inputs ? op->inputs[i].name : "its inputs");
    for (int o = 0; o < op->n_outputs; ++o)
        GLI_REQUIRE(graph->ctx, !d->dout[o].id || gli_output_is(op, o, GLI_OUT_GRADIENT), GLIA_UNSUPPORTED,
                    "%s has no gradient of %s", op->name, op->outputs[o].name);
    return GLIA_OK;
}

static glia_status derive_node(reverse *r, int index) {
    glia_graph *graph   = r->graph;
    const gli_node node = graph->nodes[index]; /* a copy: the array moves while the rule appends */
    glia_value in[GLI_MAX_IN], out[GLI_MAX_OUT], dout[GLI_MAX_OUT], din[GLI_MAX_IN] = {{0}};
    if (!node.op) return GLIA_OK;
    bool reached = false;
    for (int o = 0; o < node.op->n_outputs; ++o) {
        out[o]  = (glia_value){.id = node.out[o]};
        dout[o] = (glia_value){.id = r->gradient[node.out[o]]};
        reached = reached || dout[o].id;
    }
    if (!reached) return GLIA_OK;
    GLI_REQUIRE(graph->ctx, node.op != &gli_op_pack, GLIA_UNSUPPORTED, "pack has no gradient");
    gli_derivation d = {.graph  = graph,
                        .op     = node.op,
                        .params = node.params,
                        .geom   = node.geom,
                        .n_in   = node.n_in,
                        .in     = in,
                        .out    = out,
                        .dout   = dout,
                        .din    = din};
    for (int i = 0; i < node.n_in; ++i) {
        in[i] = (glia_value){.id = node.in[i]};
        if (node.in[i] && r->depends[node.in[i]]) d.requested |= UINT32_C(1) << i;
    }
    if (!d.requested) return GLIA_OK;
    graph->label     = node.label;
    graph->direction = GLIA_DIRECTION_BACKWARD;
    gli_set_scope(graph->ctx, node.label ? "%s: " : NULL, node.label);
    GLI_TRY(check_differentiable(graph, &node, &d));
    gli_set_scope(graph->ctx, NULL);
    for (int o = 0; o < node.op->n_outputs; ++o)
        if (dout[o].id) dout[o] = as_dtype(graph, dout[o], graph->values[node.out[o]].tensor.dtype);
    node.op->derive(&d);
    for (int i = 0; i < node.n_in; ++i)
        if (gli_requested(&d, i)) GLI_TRY(add(r, node.in[i], din[i]));
    return GLIA_OK;
}

static glia_status check_request(glia_graph *graph, const glia_value *y, const glia_value *seed, int n_y,
                                 const glia_value *wrt, int n_wrt) {
    glia_context *ctx = graph->ctx;
    for (int k = 0; k < n_y; ++k) {
        GLI_TRY(gli_graph_check(graph, "a gradient", "y", y[k]));
        GLI_TRY(gli_graph_check(graph, "a gradient", "its seed", seed[k]));
        GLI_REQUIRE(ctx, is_float(graph, y[k].id), GLIA_DTYPE_MISMATCH, "a gradient: y is %s, must be a float",
                    glia_dtype_name(graph->values[y[k].id].tensor.dtype));
    }
    for (int i = 0; i < n_wrt; ++i) {
        GLI_TRY(gli_graph_check(graph, "a gradient", "wrt", wrt[i]));
        GLI_REQUIRE(ctx, is_float(graph, wrt[i].id), GLIA_DTYPE_MISMATCH, "a gradient: wrt[%d] is %s, must be a float",
                    i, glia_dtype_name(graph->values[wrt[i].id].tensor.dtype));
    }
    return GLIA_OK;
}

static glia_status visit_nodes(reverse *r, const glia_value *y, const glia_value *seed, int n_y, const glia_value *wrt,
                               int n_wrt) {
    glia_graph *graph = r->graph;
    void *memory;
    GLI_TRY(gli_arena_alloc(graph->ctx, &r->arena, (size_t)r->n_values, sizeof *r->wrt, &memory));
    r->wrt = memory;
    GLI_TRY(gli_arena_alloc(graph->ctx, &r->arena, (size_t)r->n_values, sizeof *r->depends, &memory));
    r->depends = memory;
    GLI_TRY(gli_arena_alloc(graph->ctx, &r->arena, (size_t)r->n_values, sizeof *r->gradient, &memory));
    r->gradient = memory;
    for (int i = 0; i < n_wrt; ++i) r->wrt[wrt[i].id] = r->depends[wrt[i].id] = true;
    find_dependents(r);
    for (int k = 0; k < n_y; ++k) GLI_TRY(add(r, y[k].id, seed[k]));
    for (int n = r->n_nodes - 1; n >= r->first_node; --n) GLI_TRY(derive_node(r, n));
    return GLIA_OK;
}

/* The gradient with respect to a tensor that is read through views is in parts, one for each view. */
static glia_status check_views(const reverse *r) {
    for (int v = 1; v < r->n_values; ++v) {
        const gli_value_info *value = &r->graph->values[v];
        GLI_REQUIRE(r->graph->ctx, value->kind != GLI_VALUE_VIEW || !r->wrt[value->base] || !r->gradient[v],
                    GLIA_UNSUPPORTED,
                    "a gradient with respect to a tensor that is read through views: request those of the views");
    }
    return GLIA_OK;
}

static glia_status differentiate(reverse *r, const glia_value *y, const glia_value *seed, int n_y,
                                 const glia_value *wrt, int n_wrt, glia_value *out) {
    glia_graph *graph = r->graph;
    GLI_TRY(check_request(graph, y, seed, n_y, wrt, n_wrt));
    GLI_TRY(visit_nodes(r, y, seed, n_y, wrt, n_wrt));
    GLI_TRY(check_views(r));
    for (int i = 0; i < n_wrt; ++i) out[i] = (glia_value){r->gradient[wrt[i].id], graph};
    return GLIA_OK;
}

/* Through the nodes from first_node on. Where there is no gradient out[i].id is 0. */
static glia_status gradient_from(glia_graph *graph, int first_node, const glia_value *y, const glia_value *seed,
                                 int n_y, const glia_value *wrt, int n_wrt, glia_value *out) {
    GLI_TRY(gli_enter(graph->ctx));
    const char *label              = graph->label;
    const glia_direction direction = graph->direction;
    char scope[sizeof graph->ctx->scope];
    memcpy(scope, graph->ctx->scope, sizeof scope);
    reverse r = {.graph = graph, .first_node = first_node, .n_nodes = graph->n_nodes, .n_values = graph->n_values};
    glia_status status = gli_graph_fail(graph, differentiate(&r, y, seed, n_y, wrt, n_wrt, out));
    graph->label       = label;
    graph->direction   = direction;
    memcpy(graph->ctx->scope, scope, sizeof scope);
    gli_arena_free(graph->ctx, &r.arena);
    for (int i = 0; status != GLIA_OK && i < n_wrt; ++i) out[i] = (glia_value){-1};
    gli_leave(graph->ctx);
    return status;
}

glia_status gli_graph_gradient(glia_graph *graph, const glia_value *y, const glia_value *seed, int n_y,
                               const glia_value *wrt, int n_wrt, glia_value *out) {
    glia_status status = gradient_from(graph, 0, y, seed, n_y, wrt, n_wrt, out);
    for (int i = 0; status == GLIA_OK && i < n_wrt; ++i) {
        if (out[i].id) continue;
        const glia_dtype dtype = gli_dtype_wide(glia_graph_dtype(graph, wrt[i]));
        out[i]                 = glia_graph_constant(graph, dtype, glia_graph_shape(graph, wrt[i]), 0);
        if (out[i].id < 0) status = graph->status;
    }
    for (int i = 0; status != GLIA_OK && i < n_wrt; ++i) out[i] = (glia_value){-1};
    return status;
}

/* A value that is two inputs is one variable: the first of them gets the gradient with respect to both. */
static bool is_first_use(const gli_derivation *d, int input) {
    for (int i = 0; i < input; ++i)
        if (gli_requested(d, i) && d->in[i].id == d->in[input].id) return false;
    return true;
}

/* The formula's nodes alone are differentiated, because its inputs may depend on each other. */
void gli_derive_composition(gli_derivation *d, gli_composition compose) {
    glia_value out[GLI_MAX_OUT] = {{0}}, y[GLI_MAX_OUT], seed[GLI_MAX_OUT], wrt[GLI_MAX_IN], gradient[GLI_MAX_IN];
    int input[GLI_MAX_IN], n_y = 0, n_wrt = 0;
    const int first_node = d->graph->n_nodes;
    compose(d, out);
    bool composed = true;
    for (int o = 0; o < d->op->n_outputs; ++o) {
        if (!d->dout[o].id || !out[o].id) continue;
        composed    = composed && out[o].id > 0;
        y[n_y]      = out[o];
        seed[n_y++] = d->dout[o];
    }
    for (int i = 0; i < d->n_in; ++i) {
        if (!gli_requested(d, i) || !is_first_use(d, i)) continue;
        gradient[n_wrt] = (glia_value){-1};
        wrt[n_wrt]      = d->in[i];
        input[n_wrt++]  = i;
    }
    if (composed) gradient_from(d->graph, first_node, y, seed, n_y, wrt, n_wrt, gradient);
    for (int k = 0; k < n_wrt; ++k) d->din[input[k]] = gradient[k];
}

static glia_status check_scalar(glia_graph *graph, glia_value y) {
    GLI_TRY(gli_graph_check(graph, "glia_graph_gradient", "y", y));
    const glia_tensor *tensor = &graph->values[y.id].tensor;
    GLI_REQUIRE(graph->ctx, gli_count(tensor) == 1, GLIA_SHAPE_MISMATCH,
                "glia_graph_gradient: y is %s, must have one element", GLI_SHAPE_OF(tensor));
    return GLIA_OK;
}

static glia_status check_arguments(glia_graph *graph, glia_value y, const glia_value *wrt, int n_wrt,
                                   const glia_value *out) {
    GLI_REQUIRE(graph->ctx, n_wrt >= 0, GLIA_INVALID_ARGUMENT, "glia_graph_gradient: n_wrt is %d, must not be negative",
                n_wrt);
    GLI_REQUIRE(graph->ctx, n_wrt == 0 || (wrt && out), GLIA_INVALID_ARGUMENT, "glia_graph_gradient: %s is NULL",
                wrt ? "out" : "wrt");
    return check_scalar(graph, y);
}

glia_status glia_graph_gradient(glia_graph *graph, glia_value y, const glia_value *wrt, int n_wrt, glia_value *out) {
    GLI_REQUIRE_OBJECT(graph);
    for (int i = 0; out && i < n_wrt; ++i) out[i] = (glia_value){-1};
    GLI_TRY(gli_enter(graph->ctx));
    glia_status status =
        glia_graph_status(graph); /* a failure before this call says more than y, which is its result */
    if (status == GLIA_OK) status = gli_graph_fail(graph, check_arguments(graph, y, wrt, n_wrt, out));
    if (status == GLIA_OK) {
        const glia_value one = glia_graph_constant(graph, glia_graph_dtype(graph, y), glia_graph_shape(graph, y), 1);
        status               = gli_graph_gradient(graph, &y, &one, 1, wrt, n_wrt, out);
    }
    gli_leave(graph->ctx);
    return status;
}
