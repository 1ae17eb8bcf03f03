/* The inside of a graph, and the functions that models build with besides the public ones.
 *
 * A value is written once: by the caller (an input, a tensor), by the node that computes it, or never (a constant). The
 * value of a caller's tensor, a state, is its content before the run; glia_graph_assign names the content after it. So
 * nodes only have to be in topological order, and they are: each reads values that were added before it. */
#ifndef GLI_GRAPH_GRAPH_IMPL_H
#define GLI_GRAPH_GRAPH_IMPL_H

#include "core/provider.h"
#include "glia/graph.h"
#include "core/arena.h"

typedef enum gli_value_kind {
    GLI_VALUE_INPUT,    /* bound on each run */
    GLI_VALUE_TENSOR,   /* the content of a caller's tensor before the run */
    GLI_VALUE_VIEW,     /* a range of a dense GLI_VALUE_TENSOR */
    GLI_VALUE_CONSTANT, /* one number in every element */
    GLI_VALUE_RESULT,   /* of a node */
    GLI_VALUE_FUSED     /* result of a node that was fused away */
} gli_value_kind;

typedef struct gli_value_info {
    gli_value_kind kind;
    glia_tensor tensor; /* dtype, shape, strides; data: of a tensor or a view */
    const char *name;   /* may be NULL */
    int base;           /* of a view: the tensor's id */
    double constant;
    int node;   /* of a result */
    int output; /* of that node */
    int input;  /* of an input: its number */
} gli_value_info;

typedef struct gli_node {
    const gli_op *op; /* NULL: the node was fused away, or nothing needs it; &gli_op_pack: see gli_graph_pack */
    const void *params;
    const void *geom;
    int n_in;
    int *in; /* value ids; 0: absent */
    int out[GLI_MAX_OUT];
    const int64_t *offset; /* of a pack: the element at which each input begins */
    const char *label;     /* of the layer, may be NULL */
    glia_direction direction;
} gli_node;

typedef struct gli_assignment {
    int state, value;
} gli_assignment;

typedef struct gli_address_range {
    uintptr_t begin, end;
} gli_address_range;

struct glia_graph {
    glia_context *ctx;
    glia_status status;
    char message[512]; /* of the first failure */
    gli_arena arena;
    gli_value_info *values; /* from 1: id 0 is an absent input */
    int n_values, value_capacity;
    gli_node *nodes;
    int n_nodes, node_capacity;
    gli_assignment *assignments;
    int n_assignments, assignment_capacity;
    gli_address_range *assigned; /* the memory of the states of the assignments: see state.c */
    int n_assigned, assigned_capacity;
    int n_inputs;
    const char *label; /* of the nodes that are added next */
    glia_direction direction;
};

/* A pack has any number of inputs and no provider: the plan computes its inputs in its memory. */
extern const gli_op gli_op_pack;

/* The id of a value whose call was refused, because another thread was using the context: nothing keeps that failure
 * but the value. */
enum { GLI_REFUSED_ID = -2 };

/* NULL if the graph has no such value. */
const gli_value_info *gli_graph_value(const glia_graph *graph, glia_value value);

/* What the nodes that are added next belong to, for their messages: "layer 'conv1'". NULL: nothing. */
void gli_graph_set_label(glia_graph *graph, const char *label);

/* What they are for, in profiles. Gradients set it of their own nodes. */
void gli_graph_set_direction(glia_graph *graph, glia_direction direction);

glia_value gli_graph_call(glia_graph *graph, const gli_op *op, const void *params, const glia_value *in, int n_in,
                          glia_value *out, int n_out);

/* The elements of base from `offset` on, as a dense value of this shape. base is a dense caller's tensor, or a view of
 * one. A view can be assigned to. */
glia_value gli_graph_view(glia_graph *graph, glia_value base, int64_t offset, glia_shape shape);

/* A vector of `total` elements: each value, row-major, from its offset on, and zeros in the gaps. The plan computes the
 * values in the vector's memory where it can, and copies the others. A pack has no gradient. */
glia_value gli_graph_pack(glia_graph *graph, const glia_value *values, const int64_t *offset, int n, int64_t total);

/* out[i]: the gradient with respect to wrt[i] of the sum over k and all elements of y[k] * seed[k]. seed[k] has the
 * dtype of y[k]; out[i] is f32 where wrt[i] is bf16 or f16. */
glia_status gli_graph_gradient(glia_graph *graph, const glia_value *y, const glia_value *seed, int n_y,
                               const glia_value *wrt, int n_wrt, glia_value *out);

/* Replaces pairs of nodes by one fused node: the table in fuse.c. `outputs` and the values that are assigned
 * are preserved; other values between two fused nodes may not be used afterwards. */
glia_status gli_graph_fuse(glia_graph *graph, const glia_value *outputs, int n_outputs);

/* For the files that build graphs. A graph keeps its first failure and the message. */
glia_status gli_graph_fail(glia_graph *graph, glia_status status);

/* Enters the context and builds one value. The graph keeps a failure, unless it is that another thread uses the
 * context.
 */
typedef glia_status (*gli_graph_builder)(glia_graph *graph, const void *arg, int *out);
glia_value gli_graph_build(glia_graph *graph, gli_graph_builder fn, const void *arg);

/* Fails unless the graph has this value. call, what: for the message, "reduce: x ...". */
glia_status gli_graph_check(glia_graph *graph, const char *call, const char *what, glia_value value);

glia_status gli_graph_add_value(glia_graph *graph, const gli_value_info *value, int *out);
glia_status gli_graph_add_node(glia_graph *graph, const gli_node *node, int *out);
glia_status gli_graph_memdup(glia_graph *graph, const void *data, size_t bytes, const void **out);

#endif
