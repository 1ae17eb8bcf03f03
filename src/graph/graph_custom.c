/* Users' ops in graphs. */
#include "glia/custom.h"

#include "core/op.h"
#include "graph/graph_impl.h"

typedef struct request {
    const glia_custom_op *op;
    int n_out;
} request;

static glia_status refuse(glia_graph *graph, const void *arg, int *out) {
    (void)out;
    const request *r = arg;
    return gli_fail(graph->ctx, GLIA_INVALID_ARGUMENT, "custom: %d outputs of '%s' are requested, it has %d", r->n_out,
                    r->op->name ? r->op->name : "", r->op->n_out);
}

glia_value glia_graph_custom(glia_graph *graph, const glia_custom_params *params, const glia_value *in, int n_in,
                             glia_value *out, int n_out) {
    if (!params || !params->op || n_out <= params->op->n_out)
        return gli_graph_call(graph, &gli_op_custom, params, in, n_in, out, n_out);
    for (int o = 0; out && o < n_out && o < GLIA_CUSTOM_TENSORS; ++o) out[o] = (glia_value){-1};
    return gli_graph_build(graph, refuse, &(request){params->op, n_out});
}
