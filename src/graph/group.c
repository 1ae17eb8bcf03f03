/* Groups: calls that are run as one piece of work. Either they do not depend on each other, such as the weight
 * gradients of small layers, each of which leaves most of a GPU idle and costs a launch: those of one op are moved side
 * by side, those of different ops, such as the two gradients of a convolution, are neighbours already. Or they are a
 * chain of small calls of different ops, such as the end of a training step. */
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "graph/plan.h"

/* A node that waits keeps its inputs in memory until then. */
enum { MAX_WAITING_BYTES = 1 << 20 };

static bool reads(const gli_node *node, const gli_node *from) {
    for (int i = 0; node->op && i < node->n_in; ++i)
        for (int o = 0; node->in[i] && o < from->op->n_outputs; ++o)
            if (node->in[i] == from->out[o]) return true;
    return false;
}

/* Whether node n may stand just before node `to`, in a group that ends before node `end`. */
static bool may_wait(const glia_graph *graph, int n, int to, int end) {
    const gli_node *node = &graph->nodes[n];
    int64_t bytes        = 0;
    for (int i = 0; i < node->n_in && to > n + 1; ++i) {
        const gli_value_info *in = &graph->values[node->in[i]];
        if (in->kind == GLI_VALUE_RESULT) bytes += gli_count(&in->tensor) * (int64_t)glia_dtype_size(in->tensor.dtype);
    }
    if (bytes > MAX_WAITING_BYTES) return false;
    for (int k = n + 1; k < end; ++k)
        if (reads(&graph->nodes[k], node)) return false;
    return true;
}

/* Node n to index `to`; those between come one earlier. */
static void move_node(glia_graph *graph, int n, int to) {
    const gli_node node = graph->nodes[n];
    memmove(&graph->nodes[n], &graph->nodes[n + 1], (size_t)(to - n) * sizeof node);
    graph->nodes[to] = node;
    for (int k = n; k <= to; ++k)
        for (int o = 0; graph->nodes[k].op && o < graph->nodes[k].op->n_outputs; ++o)
            graph->values[graph->nodes[k].out[o]].node = k;
}

/* From the last node back, so that a node waits for those after it: what they read is not there earlier. */
static void gather_nodes(glia_graph *graph, const gli_op *op) {
    int first = -1, end = -1; /* of the group that is being gathered */
    for (int n = graph->n_nodes - 1; n >= 0; --n) {
        if (graph->nodes[n].op != op) continue;
        if (first >= 0 && end - first < GLI_MAX_GROUP && may_wait(graph, n, first, end)) {
            move_node(graph, n, --first);
            continue;
        }
        first = n, end = n + 1;
    }
}

void gli_graph_group(glia_graph *graph) {
    for (const gli_op *const *op = gli_ops; *op; ++op)
        if (gli_gathers(graph->ctx, *op)) gather_nodes(graph, *op);
}

typedef struct range {
    int root;
    size_t begin, end; /* bytes; of a caller's tensor addresses */
} range;

static range range_of(const glia_plan *plan, int tensor) {
    const glia_tensor *t = &plan->tensors[tensor].tensor;
    range r;
    r.root = gli_tensor_root(plan, tensor, &r.begin);
    if (plan->storages[r.root].kind == GLI_STORAGE_TENSOR) r.begin += (uintptr_t)plan->storages[r.root].data;
    r.end = r.begin + (size_t)gli_extent(t) * glia_dtype_size(t->dtype);
    return r;
}

/* Storages of the caller's tensors may be ranges of the same one. */
static bool overlap(const glia_plan *plan, int x, int y) {
    if (x < 0 || y < 0) return false;
    const range a = range_of(plan, x), b = range_of(plan, y);
    const bool callers =
        plan->storages[a.root].kind == GLI_STORAGE_TENSOR && plan->storages[b.root].kind == GLI_STORAGE_TENSOR;
    return (a.root == b.root || callers) && a.begin < b.end && b.begin < a.end;
}

static bool independent(const glia_plan *plan, const gli_plan_step *a, const gli_plan_step *b) {
    for (int o = 0; o < a->op->n_outputs; ++o) {
        for (int i = 0; i < b->n_in; ++i)
            if (overlap(plan, a->out[o], b->in[i])) return false;
        for (int i = 0; i < a->n_in; ++i)
            if (overlap(plan, b->out[o], a->in[i])) return false;
        for (int i = 0; i < b->op->n_outputs; ++i)
            if (overlap(plan, a->out[o], b->out[i])) return false;
    }
    return true;
}

/* How many steps from s on are calls of ops that may be one group and do not depend on each other. */
static int independent_from(const glia_plan *plan, int s) {
    int n = 1;
    for (; n < GLI_MAX_GROUP && s + n < plan->n_steps; ++n) {
        if (!gli_groups(plan->ctx, plan->steps[s].op, plan->steps[s + n].op)) return n;
        for (int i = 0; i < n; ++i)
            if (!independent(plan, &plan->steps[s + i], &plan->steps[s + n])) return n;
    }
    return n;
}

/* So many steps from s on are one group. */
static void join_steps(glia_plan *plan, int s, int count) {
    plan->steps[s].group = count;
    for (int k = s; k < s + count; ++k) {
        gli_plan_step *step = &plan->steps[k];
        if (k > s) step->group = 0;
        for (int i = 0; i < step->n_in; ++i) gli_plan_use(plan, step->in[i], s, s + count);
        for (int o = 0; o < step->op->n_outputs; ++o) gli_plan_use(plan, step->out[o], s, s + count);
    }
}

static glia_status group_from(glia_plan *plan, int s, int n, int *count) {
    const gli_call *calls[GLI_MAX_GROUP];
    gli_choice *choices[GLI_MAX_GROUP];
    for (int i = 0; i < n; ++i) calls[i] = &plan->steps[s + i].call, choices[i] = &plan->steps[s + i].choice;
    return gli_choose_group(calls, n, choices, count);
}

static int chain_from(const glia_plan *plan, int s) {
    const gli_call *calls[GLI_MAX_GROUP];
    const int n = (int)gli_min_i64(GLI_MAX_GROUP, plan->n_steps - s);
    for (int i = 0; i < n; ++i) calls[i] = &plan->steps[s + i].call;
    return gli_chain_length(calls, n, &plan->steps[s].choice);
}

glia_status gli_plan_group(glia_plan *plan) {
    for (int s = 0, count; s < plan->n_steps; s += count) {
        const int n = independent_from(plan, s);
        count       = 1;
        if (n > 1) GLI_TRY(group_from(plan, s, n, &count));
        if (count == 1) count = chain_from(plan, s);
        if (count > 1) join_steps(plan, s, count);
    }
    return GLIA_OK;
}
