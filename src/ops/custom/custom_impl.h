/* custom and custom_backward: the ops that users describe. They stand in no table of ops, since their params point to
 * the user's functions. */
#ifndef GLIA_OPS_CUSTOM_CUSTOM_IMPL_H
#define GLIA_OPS_CUSTOM_CUSTOM_IMPL_H

#include "core/ops.h"
#include "glia/custom.h"

/* Inputs of custom_backward: the inputs and outputs of the forward, and the gradients by its outputs. */
enum {
    CUSTOM_BACKWARD_IN,
    CUSTOM_BACKWARD_OUT  = CUSTOM_BACKWARD_IN + GLIA_CUSTOM_TENSORS,
    CUSTOM_BACKWARD_DOUT = CUSTOM_BACKWARD_OUT + GLIA_CUSTOM_TENSORS,
    CUSTOM_BACKWARD_N    = CUSTOM_BACKWARD_DOUT + GLIA_CUSTOM_TENSORS
};

/* The shape of an input, for the gradient that has it as well. */
typedef struct glia_custom_shape {
    int dtype, ndim;
    int dim[GLIA_MAX_DIMS];
} glia_custom_shape;

/* Also the params of custom_backward. */
typedef struct glia_custom_geom {
    glia_custom_params params;
    glia_custom_shape in[GLIA_CUSTOM_TENSORS];
} glia_custom_geom;

/* Which of the op's functions a provider runs. */
glia_custom_fn glia_custom_cpu(const glia_custom_op *op, bool backward);
glia_custom_fn glia_custom_cuda(const glia_custom_op *op, bool backward);

/* What providers share: tensors that are not dense go through copies in the workspace. */
typedef glia_status (*glia_custom_copy)(const glia_call *call, const glia_tensor *from, const glia_tensor *to);
glia_status glia_custom_prepare(const glia_call *call, glia_prepared *out);
glia_status glia_custom_run(const glia_call *call, glia_custom_fn fn, bool backward, glia_custom_copy copy,
                            void *workspace);

#endif
