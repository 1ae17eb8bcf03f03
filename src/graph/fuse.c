/* Fusion: a table of pairs of nodes that one op computes. */
#include <stdalign.h>
#include <string.h>

#include "core/size.h"
#include "glia/ops.h"
#include "graph/graph_impl.h"
#include "ops/elementwise/activation.h"
#include "ops/data/increment_geom.h"
#include "ops/elementwise/binary_geom.h"
#include "ops/elementwise/unary_geom.h"
#include "ops/linear/dense_geom.h"
#include "ops/loss/cross_entropy_geom.h"
#include "ops/loss/loss_geom.h"
#include "ops/metric/accumulate_geom.h"
#include "ops/norm/batchnorm_geom.h"
#include "ops/softmax/softmax_geom.h"

enum { MAX_PARAMS = 512 };

/* `first` and `second`, which reads first's result or all that first reads, become one node. merge changes the params
 * of the op that stays; false: this pair does not match. */
typedef struct pattern {
    const gli_op *first, *second;
    enum {
        FIRST_STAYS,  /* and computes second's result; nothing else may use its own, which is fused away */
        FIRST_MOVES,  /* the same, to the position of second, whose other input becomes its input `extra` */
        FIRST_JOINS,  /* to the position of second, which has no result of it: second's becomes its last output */
        SECOND_STAYS, /* and reads first's input 0; first is removed when nothing else uses it */
        SECOND_TAKES, /* the same where nothing else uses it, before first can become a part of another node */
        SECOND_ADDS,  /* the same where first adds two tensors: the other one becomes its input `extra` */
        SECOND_MOVES  /* to the position of first, and computes its result, too, as output `extra` */
    } kind;
    int input;         /* which of second's inputs is first's result; of SECOND_MOVES: what both read */
    int extra;         /* absent before; of FIRST_JOINS: that input of second in first */
    size_t activation; /* its offset in the params of the op that stays */
    bool (*merge)(const struct pattern *p, const gli_node *first, const gli_node *second, char *params);
} pattern;

static bool merge_activation(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    (void)first;
    glia_activation inner, outer;
    memcpy(&inner, params + p->activation, sizeof inner);
    if (inner != GLIA_LINEAR || !gli_fused_activation(((const glia_unary_params *)second->params)->kind, &outer))
        return false;
    memcpy(params + p->activation, &outer, sizeof outer);
    return outer != GLIA_LINEAR;
}

/* The derivative of an activation, from what it computed. */
static bool merge_derivative(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    return second->in[GLI_UNARY_BACKWARD_Y] && !second->in[GLI_UNARY_BACKWARD_X] &&
           merge_activation(p, first, second, params);
}

/* relu only: the time of other activations is more than that of the memory accesses that fusion saves. */
static bool merge_relu(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    return ((const glia_unary_params *)second->params)->kind == GLIA_UNARY_RELU &&
           merge_activation(p, first, second, params);
}

/* relu of the largest element is the largest relu of an element, and of fewer elements. */
static bool merge_pooled(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    glia_activation none;
    (void)second;
    memcpy(&none, params + p->activation, sizeof none);
    if (none != GLIA_LINEAR || ((const glia_unary_params *)first->params)->kind != GLIA_UNARY_RELU) return false;
    memcpy(params + p->activation, &(glia_activation){GLIA_RELU}, sizeof none);
    return true;
}

/* An addition before the activation, of two tensors of one shape. */
static bool merge_residual(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    const gli_batchnorm_geom *norm = first->geom;
    const gli_binary_geom *sum     = second->geom;
    (void)p, (void)params;
    return sum->kind == GLIA_BINARY_ADD && norm->activation == GLIA_UNARY_LINEAR;
}

/* Log-probabilities only: the loss of probabilities is not that of the logits, where these are clamped. */
static bool merge_softmax(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    (void)p, (void)second;
    const gli_softmax_geom *softmax = first->geom;
    glia_cross_entropy_params loss;
    memcpy(&loss, params, sizeof loss);
    const bool fits = softmax->axis == 1 && softmax->log && loss.from == GLIA_FROM_LOG_PROBABILITIES;
    loss.from       = GLIA_FROM_LOGITS;
    memcpy(params, &loss, sizeof loss);
    return fits;
}

/* What a step counts: losses, and its number. */
static bool merge_counters(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    glia_accumulate_params both;
    (void)p, (void)first;
    memcpy(&both, params, sizeof both);
    memcpy(both.by, ((const glia_increment_params *)second->params)->by, sizeof both.by);
    memcpy(params, &both, sizeof both);
    return true;
}

/* Two gradients of what a normalisation computes. */
static bool merge_gradients(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    const gli_binary_geom *sum = first->geom;
    (void)p, (void)second, (void)params;
    return sum->kind == GLIA_BINARY_ADD && !sum->a_repeated && !sum->b_repeated && sum->a_ndim == sum->b_ndim &&
           first->in[GLI_BINARY_A] != first->in[GLI_BINARY_B];
}

/* A loss and its gradient, which have one geometry. */
static bool merge_loss(const pattern *p, const gli_node *first, const gli_node *second, char *params) {
    (void)p, (void)params;
    return memcmp(first->geom, second->geom, first->op->geom_size) == 0;
}

static const pattern patterns[] = {
    {&gli_op_unary, &gli_op_max_pool2d, SECOND_TAKES, 0, 0, offsetof(glia_max_pool2d_params, activation), merge_pooled},
    {&gli_op_conv2d, &gli_op_unary, FIRST_STAYS, 0, 0, offsetof(glia_conv2d_params, activation), merge_activation},
    {&gli_op_conv3d, &gli_op_unary, FIRST_STAYS, 0, 0, offsetof(glia_conv3d_params, activation), merge_activation},
    {&gli_op_conv2d_transpose, &gli_op_unary, FIRST_STAYS, 0, 0, offsetof(glia_conv2d_transpose_params, activation),
     merge_activation},
    {&gli_op_dense, &gli_op_unary, FIRST_STAYS, 0, 0, offsetof(glia_dense_params, activation), merge_activation},
    {&gli_op_dense_backward_data, &gli_op_unary_backward, FIRST_MOVES, GLI_UNARY_BACKWARD_DY, GLI_DENSE_DATA_X,
     offsetof(glia_dense_backward_data_params, activation), merge_derivative},
    {&gli_op_batchnorm, &gli_op_unary, FIRST_STAYS, 0, 0, offsetof(glia_batchnorm_params, activation), merge_relu},
    {&gli_op_batchnorm, &gli_op_binary, FIRST_MOVES, 0, GLI_BATCHNORM_RESIDUAL, 0, merge_residual},
    {&gli_op_batchnorm, &gli_op_binary, FIRST_MOVES, 1, GLI_BATCHNORM_RESIDUAL, 0, merge_residual},
    {&gli_op_binary, &gli_op_batchnorm_backward, SECOND_ADDS, GLI_NORM_BACK_DY, GLI_BATCHNORM_BACK_DY2, 0,
     merge_gradients},
    {&gli_op_accumulate, &gli_op_increment, FIRST_JOINS, GLI_INCREMENT_X, GLI_ACCUMULATE_COUNTERS, 0, merge_counters},
    {&gli_op_softmax, &gli_op_cross_entropy, SECOND_STAYS, 0, 0, 0, merge_softmax},
    {&gli_op_cross_entropy, &gli_op_cross_entropy_backward, SECOND_MOVES, GLI_CROSS_ENTROPY_X, GLI_CROSS_ENTROPY_BACK_Y,
     0, merge_loss},
    {&gli_op_loss, &gli_op_loss_backward, SECOND_MOVES, GLI_LOSS_PREDICTION, GLI_LOSS_BACK_Y, 0, merge_loss},
};

typedef struct fusion {
    glia_graph *graph;
    gli_arena arena;
    int *uses;        /* by value */
    int *first_user;  /* by value: the first node that reads it, before fusion; none: n_nodes */
    int *last_reader; /* by value: the last node that reads it and may be the first of SECOND_MOVES; none: -1 */
} fusion;

/* Sets the new params and geometry of the node that stays. */
static glia_status refine(fusion *f, gli_node *node, const char *params) {
    glia_graph *graph = f->graph;
    const glia_tensor *tensors[GLI_MAX_IN];
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    for (int i = 0; i < node->n_in; ++i) tensors[i] = node->in[i] ? &graph->values[node->in[i]].tensor : NULL;
    GLI_TRY(gli_resolve(graph->ctx, node->op, params, node->n_in, tensors, geom, &r));
    GLI_TRY(gli_graph_memdup(graph, params, node->op->params_size, &node->params));
    return gli_graph_memdup(graph, geom, GLI_MAX_GEOMETRY, &node->geom);
}

static glia_status fuse_into_first(fusion *f, int first_index, int second_index, const char *params) {
    glia_graph *graph = f->graph;
    gli_node merged = graph->nodes[first_index], *second = &graph->nodes[second_index];
    GLI_TRY(refine(f, &merged, params));
    graph->values[merged.out[0]].kind = GLI_VALUE_FUSED;
    merged.out[0]                     = second->out[0];
    graph->values[merged.out[0]].node = first_index;
    graph->nodes[first_index]         = merged;
    second->op                        = NULL;
    return GLIA_OK;
}

/* Nodes between the two must not read what first computes: it will come after them. A node that reads it may have moved
 * since first_user was noted, but never past the second node of the fusion at hand, so that the answer is the same. */
static bool used_between(const fusion *f, int first_index, int second_index) {
    const gli_node *first = &f->graph->nodes[first_index];
    for (int o = 0; o < first->op->n_outputs; ++o)
        if (first->out[o] && f->first_user[first->out[o]] < second_index) return true;
    return false;
}

/* The other one that it reads, of two; 0: there is none. */
static int other_input(const gli_node *node, int input) {
    for (int i = 0; i < node->n_in; ++i)
        if (i != input && node->in[i]) return node->in[i];
    return 0;
}

static bool may_move(const fusion *f, const pattern *p, int first_index, int second_index) {
    const glia_graph *graph = f->graph;
    const gli_node *first = &graph->nodes[first_index], *second = &graph->nodes[second_index];
    const int other = other_input(second, p->input);
    if (first->n_in > p->extra && first->in[p->extra]) return false;
    return other && other != second->in[p->input] &&
           gli_same_shape(&graph->values[other].tensor, &graph->values[first->out[0]].tensor) &&
           !used_between(f, first_index, second_index);
}

/* First with one input more. */
static glia_status extend(fusion *f, const pattern *p, int value, const char *params, gli_node *node) {
    glia_graph *graph = f->graph;
    void *in          = NULL;
    GLI_TRY(gli_arena_alloc(graph->ctx, &graph->arena, (size_t)p->extra + 1, sizeof *node->in, &in));
    memcpy(in, node->in, (size_t)gli_min_i64(node->n_in, p->extra) * sizeof *node->in);
    node->in           = in;
    node->in[p->extra] = value;
    node->n_in         = p->extra + 1;
    return refine(f, node, params);
}

static void put_in_place_of_second(fusion *f, const gli_node *merged, int first_index, int second_index) {
    glia_graph *graph = f->graph;
    for (int o = 0; o < merged->op->n_outputs; ++o)
        if (merged->out[o]) graph->values[merged->out[o]].node = second_index;
    graph->nodes[second_index]   = *merged;
    graph->nodes[first_index].op = NULL;
}

static glia_status move_first(fusion *f, const pattern *p, int first_index, int second_index, const char *params) {
    const gli_node *second = &f->graph->nodes[second_index];
    gli_node merged        = f->graph->nodes[first_index];
    GLI_TRY(extend(f, p, other_input(second, p->input), params, &merged));
    f->graph->values[merged.out[0]].kind = GLI_VALUE_FUSED;
    merged.out[0]                        = second->out[0];
    put_in_place_of_second(f, &merged, first_index, second_index);
    return GLIA_OK;
}

/* The nearest first before second. */
static glia_status try_joining(fusion *f, const pattern *p, int second_index) {
    glia_graph *graph      = f->graph;
    const gli_node *second = &graph->nodes[second_index];
    const int last         = p->first->n_outputs - 1;
    int first_index        = second_index - 1;
    while (first_index >= 0 && graph->nodes[first_index].op != p->first) --first_index;
    if (first_index < 0 || used_between(f, first_index, second_index)) return GLIA_OK;
    gli_node merged = graph->nodes[first_index];
    alignas(max_align_t) char params[MAX_PARAMS];
    if ((merged.n_in > p->extra && merged.in[p->extra]) || merged.op->params_size > sizeof params) return GLIA_OK;
    memcpy(params, merged.params, merged.op->params_size);
    if (f->uses[merged.out[last]] > 0 || !p->merge(p, &merged, second, params)) return GLIA_OK;
    GLI_TRY(extend(f, p, second->in[p->input], params, &merged));
    if (merged.out[last]) graph->values[merged.out[last]].kind = GLI_VALUE_FUSED;
    merged.out[last]                       = second->out[0];
    graph->values[merged.out[last]].output = last;
    put_in_place_of_second(f, &merged, first_index, second_index);
    return GLIA_OK;
}

static glia_status fuse_into_second(fusion *f, int first_index, int second_index, const char *params) {
    glia_graph *graph     = f->graph;
    const gli_node *first = &graph->nodes[first_index];
    gli_node merged       = graph->nodes[second_index];
    void *in              = NULL;
    GLI_TRY(gli_arena_alloc(graph->ctx, &graph->arena, (size_t)merged.n_in, sizeof *merged.in, &in));
    memcpy(in, merged.in, (size_t)merged.n_in * sizeof *merged.in);
    merged.in    = in;
    merged.in[0] = first->in[0];
    GLI_TRY(refine(f, &merged, params));
    --f->uses[first->out[0]];
    ++f->uses[first->in[0]];
    graph->nodes[second_index] = merged;
    return GLIA_OK;
}

static glia_status take_first(fusion *f, int first_index, int second_index, const char *params) {
    gli_node *first = &f->graph->nodes[first_index];
    GLI_TRY(fuse_into_second(f, first_index, second_index, params));
    --f->uses[first->in[0]];
    f->graph->values[first->out[0]].kind = GLI_VALUE_FUSED;
    first->op                            = NULL;
    return GLIA_OK;
}

static glia_status add_in_second(fusion *f, const pattern *p, int first_index, int second_index, const char *params) {
    gli_node *first = &f->graph->nodes[first_index];
    gli_node merged = f->graph->nodes[second_index];
    if (merged.n_in > p->extra && merged.in[p->extra]) return GLIA_OK;
    GLI_TRY(extend(f, p, first->in[GLI_BINARY_B], params, &merged));
    merged.in[p->input]                  = first->in[GLI_BINARY_A];
    f->graph->nodes[second_index]        = merged;
    f->graph->values[first->out[0]].kind = GLI_VALUE_FUSED;
    first->op                            = NULL;
    return GLIA_OK;
}

/* Second begins with first's inputs, the others are there at the position of first, and it is asked for its own result
 * and not for first's. */
static bool may_move_second(const fusion *f, const pattern *p, int first_index, int second_index) {
    const glia_graph *graph = f->graph;
    const gli_node *first = &graph->nodes[first_index], *second = &graph->nodes[second_index];
    if (f->uses[second->out[0]] == 0 || f->uses[second->out[p->extra]] != 0) return false;
    for (int i = 0; i < second->n_in; ++i) {
        const gli_value_info *value = &graph->values[second->in[i]];
        const bool shared           = i < first->op->n_inputs;
        if (shared && second->in[i] != (i < first->n_in ? first->in[i] : 0)) return false;
        if (!shared && second->in[i] && value->kind == GLI_VALUE_RESULT && value->node >= first_index) return false;
    }
    return true;
}

static void move_second(fusion *f, const pattern *p, int first_index, int second_index) {
    glia_graph *graph    = f->graph;
    const gli_node first = graph->nodes[first_index];
    gli_node merged      = graph->nodes[second_index];
    for (int i = 0; i < merged.n_in; ++i) {
        int *reader = &f->first_user[merged.in[i]];
        *reader     = (int)gli_min_i64(*reader, first_index);
        if (i < first.n_in) --f->uses[first.in[i]];
    }
    graph->values[merged.out[p->extra]].kind = GLI_VALUE_FUSED;
    merged.out[p->extra]                     = first.out[0];
    for (int o = 0; o < merged.op->n_outputs; ++o) {
        graph->values[merged.out[o]].node   = first_index;
        graph->values[merged.out[o]].output = o;
    }
    graph->nodes[first_index]     = merged;
    graph->nodes[second_index].op = NULL;
}

static glia_status try_moving_second(fusion *f, const pattern *p, int second_index) {
    const gli_node *second = &f->graph->nodes[second_index];
    const int first_index  = f->last_reader[second->in[p->input]];
    if (first_index < 0 || first_index >= second_index) return GLIA_OK;
    const gli_node *first = &f->graph->nodes[first_index];
    if (first->op == p->first && p->merge(p, first, second, NULL) && may_move_second(f, p, first_index, second_index))
        move_second(f, p, first_index, second_index);
    return GLIA_OK;
}

static glia_status try_pattern(fusion *f, const pattern *p, int second_index) {
    if (p->kind == SECOND_MOVES) return try_moving_second(f, p, second_index);
    if (p->kind == FIRST_JOINS) return try_joining(f, p, second_index);
    const glia_graph *graph   = f->graph;
    const gli_node *second    = &graph->nodes[second_index];
    const gli_value_info *mid = &graph->values[second->in[p->input]];
    if (mid->kind != GLI_VALUE_RESULT || graph->nodes[mid->node].op != p->first || mid->output != 0) return GLIA_OK;
    const gli_node *first = &graph->nodes[mid->node];
    if (p->kind != SECOND_STAYS && f->uses[second->in[p->input]] != 1) return GLIA_OK;
    if (p->kind == FIRST_MOVES && !may_move(f, p, mid->node, second_index)) return GLIA_OK;
    const gli_node *stays = p->kind == FIRST_STAYS || p->kind == FIRST_MOVES ? first : second;
    alignas(max_align_t) char params[MAX_PARAMS];
    if (stays->op->params_size > sizeof params) return GLIA_OK;
    memcpy(params, stays->params, stays->op->params_size);
    if (!p->merge(p, first, second, params)) return GLIA_OK;
    switch (p->kind) {
        case FIRST_STAYS: return fuse_into_first(f, mid->node, second_index, params);
        case FIRST_MOVES: return move_first(f, p, mid->node, second_index, params);
        case SECOND_STAYS: return fuse_into_second(f, mid->node, second_index, params);
        case SECOND_TAKES: return take_first(f, mid->node, second_index, params);
        case SECOND_ADDS: return add_in_second(f, p, mid->node, second_index, params);
        case FIRST_JOINS:
        case SECOND_MOVES: break; /* done above */
    }
    return GLIA_OK;
}

static glia_status find_uses(fusion *f, const glia_value *outputs, int n_outputs) {
    const glia_graph *graph = f->graph;
    void *memory            = NULL;
    GLI_TRY(gli_arena_alloc(graph->ctx, &f->arena, 3 * (size_t)graph->n_values, sizeof *f->uses, &memory));
    f->uses        = memory;
    f->first_user  = f->uses + graph->n_values;
    f->last_reader = f->first_user + graph->n_values;
    for (int v = 0; v < graph->n_values; ++v) f->first_user[v] = graph->n_nodes, f->last_reader[v] = -1;
    for (int n = graph->n_nodes - 1; n >= 0; --n)
        for (int i = 0; graph->nodes[n].op && i < graph->nodes[n].n_in; ++i) {
            ++f->uses[graph->nodes[n].in[i]];
            f->first_user[graph->nodes[n].in[i]] = n;
        }
    for (int n = 0; n < graph->n_nodes; ++n)
        for (int p = 0; p < GLI_COUNT_OF(patterns); ++p)
            if (patterns[p].kind == SECOND_MOVES && graph->nodes[n].op == patterns[p].first)
                f->last_reader[graph->nodes[n].in[patterns[p].input]] = n;
    for (int i = 0; i < n_outputs; ++i) /* their owner may be the graph that this one is a copy of */
        if (gli_graph_value(graph, (glia_value){.id = outputs[i].id})) ++f->uses[outputs[i].id];
    for (int a = 0; a < graph->n_assignments; ++a) ++f->uses[graph->assignments[a].value];
    return GLIA_OK;
}

/* Those that take, or all others. */
static glia_status fuse_all(fusion *f, bool taking) {
    for (int n = 0; n < f->graph->n_nodes; ++n)
        for (size_t p = 0; p < sizeof patterns / sizeof *patterns; ++p)
            if ((patterns[p].kind == SECOND_TAKES) == taking && f->graph->nodes[n].op == patterns[p].second &&
                f->graph->nodes[n].n_in > patterns[p].input && f->graph->nodes[n].in[patterns[p].input])
                GLI_TRY(try_pattern(f, &patterns[p], n));
    return GLIA_OK;
}

static glia_status fuse(fusion *f, const glia_value *outputs, int n_outputs) {
    GLI_TRY(find_uses(f, outputs, n_outputs));
    GLI_TRY(fuse_all(f, true));
    return fuse_all(f, false);
}

glia_status gli_graph_fuse(glia_graph *graph, const glia_value *outputs, int n_outputs) {
    GLI_TRY(gli_enter(graph->ctx));
    fusion f                 = {.graph = graph};
    const glia_status status = gli_graph_fail(graph, fuse(&f, outputs, n_outputs));
    gli_arena_free(graph->ctx, &f.arena);
    gli_leave(graph->ctx);
    return status;
}
