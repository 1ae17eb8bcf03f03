/* Graphs: ops over values, their derivatives, and plans that run them. */
#ifndef GLIA_GRAPH_H
#define GLIA_GRAPH_H

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_graph glia_graph;
typedef struct glia_plan glia_plan;

/* A value of a graph or a model. id 0 is no value; a negative id is the result of a call that failed, and every call
 * that gets one fails too: the first failure is kept and returned when the graph is planned or the model compiled. */
typedef struct glia_value {
    int id;
    const void *owner; /* the graph or model that it is a value of */
} glia_value;

GLIA_API glia_status glia_graph_create(glia_context *ctx, glia_graph **out);
GLIA_API void glia_graph_destroy(glia_graph *graph); /* NULL is allowed */

/* GLIA_OK, or the first failure of a call below; its message is glia_message. */
GLIA_API glia_status glia_graph_status(const glia_graph *graph);

/* A value that is given to each run of the plan. name may be NULL. */
GLIA_API glia_value glia_graph_input(glia_graph *graph, const char *name, glia_dtype dtype, glia_shape shape);

/* A value that lives in the caller's tensor, which must outlive the plans of this graph. */
GLIA_API glia_value glia_graph_tensor(glia_graph *graph, const char *name, glia_tensor *tensor);

/* A value with this number in every element. Other constants: a tensor that nothing is assigned to. The op unary with
 * GLIA_UNARY_STOP_GRADIENT makes a constant of any value, as far as gradients go. */
GLIA_API glia_value glia_graph_constant(glia_graph *graph, glia_dtype dtype, glia_shape shape, double number);

/* Makes each run leave `value` in the tensor of `state`, a value of glia_graph_tensor of the same shape and dtype. All
 * ops that read `state` read its content before the run; the new content is `value`. Once for each state. */
GLIA_API void glia_graph_assign(glia_graph *graph, glia_value state, glia_value value);

/* Adds a call of an op by its name in glia/ops.h without the prefix: glia_graph_call(g, "conv2d", &params,
 * (glia_value[]){x, w}, 2, &y, 1). These functions are other ops there, called in a certain way, and have no name:
 * conv1d (conv2d), embedding (gather), flatten (reshape), global_avg_pool2d and global_max_pool2d (adaptive_avg_pool2d
 * and adaptive_max_pool2d), instancenorm (groupnorm), nll (cross_entropy), split (slice). params points to the op's
 * glia_X_params, which is copied, or is NULL. A value with id 0 stands for an optional input that is absent. out
 * receives the first n_out outputs. Returns the first. */
GLIA_API glia_value glia_graph_call(glia_graph *graph, const char *op, const void *params, const glia_value *in,
                                    int n_in, glia_value *out, int n_out);

/* Adds the gradient of y, a value with one element, with respect to each of wrt: out[i] has the shape of wrt[i], and
 * its dtype, but f32 for bf16 and f16. A value that y does not depend on gets zeros. Gradients can be differentiated
 * like any value, except those of rnn and of custom ops; where a first derivative jumps, the second counts as 0. */
GLIA_API glia_status glia_graph_gradient(glia_graph *graph, glia_value y, const glia_value *wrt, int n_wrt,
                                         glia_value *out);

GLIA_API glia_shape glia_graph_shape(const glia_graph *graph, glia_value value); /* of an invalid value: a scalar */
GLIA_API glia_dtype glia_graph_dtype(const glia_graph *graph, glia_value value);

/* Compiles what the outputs need: order, fusion, memory, providers. The graph may be destroyed afterwards. */
GLIA_API glia_status glia_plan_create(glia_graph *graph, const glia_value *outputs, int n_outputs, glia_plan **out);
GLIA_API void glia_plan_destroy(glia_plan *plan); /* NULL is allowed */

/* Bytes of the buffer that intermediate values and workspaces share. */
GLIA_API size_t glia_plan_bytes(const glia_plan *plan);

/* Runs once. inputs in the order of glia_graph_input calls, outputs as in glia_plan_create; tensors of this context
 * with the values' shapes and dtypes, in any layout. No output may share memory with an input, another output or a
 * tensor of the graph, and no input with a tensor that is assigned to. After a failure, outputs and tensors that are
 * assigned to hold anything. */
GLIA_API glia_status glia_plan_run(glia_plan *plan, const glia_tensor *const *inputs, int n_inputs,
                                   glia_tensor *const *outputs, int n_outputs);

#ifdef __cplusplus
}
#endif
#endif
