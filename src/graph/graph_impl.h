/* The inside of a graph, and what the model builds with besides the public calls.
 *
 * A value is written once: by the caller (an input, a tensor), by the node that computes it, or never (a constant). A
 * state is a tensor whose value stands for its content before the run; glia_graph_assign names the content after it.
 * So the order of nodes only has to be topological, and it is: each node reads values that existed before it. */
#ifndef GLI_GRAPH_GRAPH_IMPL_H
#define GLI_GRAPH_GRAPH_IMPL_H

#include "core/provider.h"
#include "glia/graph.h"
#include "core/arena.h"

typedef enum gli_value_kind {
    GLI_VALUE_INPUT,    /* given to each run */
    GLI_VALUE_TENSOR,   /* the content of a caller's tensor before the run */
    GLI_VALUE_VIEW,     /* a range of a dense VALUE_TENSOR */
    GLI_VALUE_CONSTANT, /* one number in every element */
    GLI_VALUE_RESULT,   /* of a node */
    GLI_VALUE_FUSED     /* of a node that was fused: nothing computes it */
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
    const gli_op *op; /* NULL: a fused node that is no more; &gli_op_pack: see gli_graph_pack */
    const void *params;
    const void *geom;
    int n_in;
    int *in; /* value ids; 0: absent */
    int out[GLI_MAX_OUT];
    const int64_t *offset; /* of a pack: where each input goes */
    const char *label;     /* of the layer, may be NULL */
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
    gli_value_info *values; /* [0] is no value */
    int n_values, value_capacity;
    gli_node *nodes;
    int n_nodes, node_capacity;
    gli_assignment *assignments;
    int n_assignments, assignment_capacity;
    gli_address_range *assigned; /* the memory of the states of the assignments: see state.c */
    int n_assigned, assigned_capacity;
    int n_inputs;
    const char *label; /* of the nodes to come */
};

/* A pack has any number of inputs and no provider: the plan computes its inputs in their places. */
extern const gli_op gli_op_pack;

/* The value, or NULL for an id that is none. */
const gli_value_info *gli_graph_value(const glia_graph *graph, glia_value value);

/* Names what the nodes to come belong to, before their messages: "layer 'conv1'". NULL: nothing. */
void gli_graph_set_label(glia_graph *graph, const char *label);

glia_value gli_graph_call(glia_graph *graph, const gli_op *op, const void *params, const glia_value *in, int n_in,
                          glia_value *out, int n_out);

/* A value that has this number in every element. Equal constants share their memory. */
glia_value gli_graph_constant(glia_graph *graph, glia_dtype dtype, glia_shape shape, double value);

/* The elements of base from `offset` on, as a dense value of this shape. base is a dense tensor's value or a view of
 * one. A view of a state can be assigned to. */
glia_value gli_graph_view(glia_graph *graph, glia_value base, int64_t offset, glia_shape shape);

/* A vector of `total` elements with each value, row-major, from its offset on, and zeros in the gaps. The plan computes
 * the values in their places where it can, and copies the others there. No gradient goes through it. */
glia_value gli_graph_pack(glia_graph *graph, const glia_value *values, const int64_t *offset, int n, int64_t total);

/* The gradient of sum over k and elements of y[k] * seed[k], for y of any shape. */
glia_status gli_graph_gradient(glia_graph *graph, const glia_value *y, const glia_value *seed, int n_y,
                               const glia_value *wrt, int n_wrt, glia_value *out);

/* Replaces pairs of nodes by one that does the same: the table in fuse.c. `keep` and what is assigned stay as values;
 * other values between the two nodes may not be used afterwards. */
glia_status gli_graph_fuse(glia_graph *graph, const glia_value *keep, int n_keep);

/* For the files that build graphs. The first failure of a graph, and its message, are kept. */
glia_status gli_graph_fail(glia_graph *graph, glia_status status);

/* Enters the context and builds one value; a failure is kept, unless another thread is inside and owns the graph. */
typedef glia_status (*gli_graph_builder)(glia_graph *graph, const void *arg, int *out);
glia_value gli_graph_build(glia_graph *graph, gli_graph_builder fn, const void *arg);

/* value is one of the graph; messages say that `what` of `call` is none. */
glia_status gli_graph_check(glia_graph *graph, const char *call, const char *what, glia_value value);

glia_status gli_graph_add_value(glia_graph *graph, const gli_value_info *value, int *out);
glia_status gli_graph_add_node(glia_graph *graph, const gli_node *node, int *out);
glia_status gli_graph_keep(glia_graph *graph, const void *data, size_t bytes, const void **out); /* a copy */

#endif
