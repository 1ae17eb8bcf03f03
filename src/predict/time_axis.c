/* Which axis of a value is time, and which nodes compute each step from that step, or from what they keep of those
 * before it. */
#include <string.h>

#include "glia/ops.h"
#include "ops/conv/conv_geom.h"
#include "ops/movement/concat_geom.h"
#include "ops/movement/gather_geom.h"
#include "ops/movement/transpose_geom.h"
#include "ops/norm/layernorm_geom.h"
#include "ops/rnn/rnn_geom.h"
#include "ops/softmax/softmax_geom.h"
#include "predict/predictor.h"

/* A node, and its first input with a time axis. */
typedef struct node_in_time {
    const gli_predict_build *b;
    const gli_node *node;
    int input, time;
    const glia_tensor *x, *y; /* of all steps */
} node_in_time;

static const glia_tensor *whole(const gli_predict_build *b, int id) { return &b->graph->values[id].tensor; }

static glia_status refuse(const node_in_time *n, const char *why) {
    return gli_fail(n->b->ctx, GLIA_UNSUPPORTED, "%s: %s %s", gli_predict_label(n->node), n->node->op->name, why);
}

static glia_status several_steps(const node_in_time *n) {
    return refuse(n, "reads several steps at once, and streaming gives it one at a time");
}

/* The states are those of one. */
static glia_status one_sequence(const node_in_time *n, int sequences) {
    GLI_REQUIRE(n->b->ctx, sequences == 1, GLIA_UNSUPPORTED, "%s: %s works on %d sequences, must be 1 for streaming",
                gli_predict_label(n->node), n->node->op->name, sequences);
    return GLIA_OK;
}

static int64_t count_from(const glia_tensor *x, int axis) {
    int64_t count = 1;
    for (int i = axis; i < x->ndim; ++i) count *= x->dim[i];
    return count;
}

/* The axis of y with as many steps, and as many elements behind it. */
static int find_reshaped(const node_in_time *n) {
    for (int i = n->y->ndim - 1; i >= 0; --i)
        if (n->y->dim[i] == n->x->dim[n->time] && count_from(n->y, i + 1) == count_from(n->x, n->time + 1)) return i;
    return -1;
}

static int find_transposed(const node_in_time *n) {
    const gli_transpose_geom *g = n->node->geom;
    for (int i = 0; i < g->ndim; ++i)
        if (g->permutation[i] == n->time) return i;
    return -1;
}

/* Axes are aligned at the last one. An input without time must be the same at all steps. */
static int find_broadcast(const node_in_time *n) {
    const int from_end = n->x->ndim - n->time;
    for (int i = 0; i < n->node->n_in; ++i) {
        const int id = n->node->in[i], time = gli_predict_time_of(n->b, id);
        const glia_tensor *x = whole(n->b, id);
        if (time >= 0 ? x->ndim - time != from_end : x->ndim >= from_end && x->dim[x->ndim - from_end] != 1) return -1;
    }
    return n->y->ndim - from_end;
}

static int find_concatenated(const node_in_time *n) {
    const gli_concat_geom *g = n->node->geom;
    for (int i = 0; i < n->node->n_in; ++i)
        if (gli_predict_time_of(n->b, n->node->in[i]) != n->time) return -1;
    return g->axis == n->time ? -1 : n->time;
}

static int find_gathered(const node_in_time *n) {
    const gli_gather_geom *g = n->node->geom;
    return n->input == GLI_GATHER_INDICES && g->axis == 0 ? n->time : -1;
}

static int find_normalized(const node_in_time *n) {
    const gli_layernorm_geom *g = n->node->geom;
    return count_from(n->x, n->time + 1) >= g->size ? n->time : -1;
}

static glia_status find_convolved(const node_in_time *n, int *out) {
    const gli_conv_geom *g = n->node->geom;
    if (n->input != GLI_CONV_X || n->time != 3 || g->h != 1 || g->r != 1 || g->p != 1) return several_steps(n);
    GLI_TRY(one_sequence(n, g->n));
    const int back = g->dilation_w * (g->s - 1);
    GLI_REQUIRE(n->b->ctx, g->stride_w == 1 && g->pad_w == back && g->pad_w_end == 0, GLIA_UNSUPPORTED,
                "%s: stride is %d, pad %d and pad_end %d, must be 1, %d and GLIA_NO_PAD for streaming: no step sees a "
                "later one",
                gli_predict_label(n->node), g->stride_w, g->pad_w, g->pad_w_end, back);
    *out = n->time;
    return GLIA_OK;
}

static glia_status find_recurrent(const node_in_time *n, int *out) {
    const gli_rnn_geom *g = n->node->geom;
    if (n->input != GLI_RNN_X || n->time != (g->batch_first ? 1 : 0)) return several_steps(n);
    if (g->directions != 1 || g->reverse)
        return refuse(n, "runs backwards over all steps, and streaming gives it one at a time");
    if (n->node->in[GLI_RNN_LENGTHS]) return refuse(n, "takes lengths, and streaming has sequences without an end");
    if (n->node->in[GLI_RNN_H0] || n->node->in[GLI_RNN_C0])
        return refuse(n, "takes initial states, and streaming begins with zeros");
    GLI_TRY(one_sequence(n, g->batch));
    *out = n->time;
    return GLIA_OK;
}

static int find_plain(const node_in_time *n) {
    const gli_op *op = n->node->op;
    if (op == &gli_op_unary || op == &gli_op_cast) return n->time;
    if (op == &gli_op_batchnorm_inference || op == &gli_op_prelu) return n->time == 1 ? -1 : n->time;
    if (op == &gli_op_dense) return n->time == n->x->ndim - 1 ? -1 : n->time;
    if (op == &gli_op_softmax) return ((const gli_softmax_geom *)n->node->geom)->axis == n->time ? -1 : n->time;
    if (op == &gli_op_layernorm) return find_normalized(n);
    if (op == &gli_op_binary) return find_broadcast(n);
    if (op == &gli_op_concat) return find_concatenated(n);
    if (op == &gli_op_gather) return find_gathered(n);
    if (op == &gli_op_reshape) return find_reshaped(n);
    if (op == &gli_op_transpose) return find_transposed(n);
    return -1;
}

glia_status gli_predict_find_time(const gli_predict_build *b, const gli_node *node, int *out) {
    node_in_time n = {.b = b, .node = node, .y = whole(b, node->out[0]), .time = -1};
    *out           = -1;
    while (n.input < node->n_in && (n.time = gli_predict_time_of(b, node->in[n.input])) < 0) ++n.input;
    if (n.time < 0) return GLIA_OK;
    n.x = whole(b, node->in[n.input]);
    if (node->op == &gli_op_conv2d) return find_convolved(&n, out);
    if (node->op == &gli_op_rnn) return find_recurrent(&n, out);
    *out = find_plain(&n);
    return *out < 0 ? several_steps(&n) : GLIA_OK;
}
