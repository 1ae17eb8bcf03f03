/* custom and custom_backward: the ops that users describe. They are in no table of ops, since their params point to
 * the user's functions. */
#ifndef GLI_OPS_CUSTOM_CUSTOM_IMPL_H
#define GLI_OPS_CUSTOM_CUSTOM_IMPL_H

#include "core/provider.h"
#include "glia/custom.h"

/* Inputs of custom_backward: the inputs and outputs of the forward, and the gradients with respect to its outputs. */
enum {
    GLI_CUSTOM_BACKWARD_IN,
    GLI_CUSTOM_BACKWARD_OUT  = GLI_CUSTOM_BACKWARD_IN + GLIA_CUSTOM_TENSORS,
    GLI_CUSTOM_BACKWARD_DOUT = GLI_CUSTOM_BACKWARD_OUT + GLIA_CUSTOM_TENSORS,
    GLI_CUSTOM_BACKWARD_N    = GLI_CUSTOM_BACKWARD_DOUT + GLIA_CUSTOM_TENSORS
};

/* The shape of an input, for the gradient that has it as well. */
typedef struct gli_custom_shape {
    int dtype, ndim;
    int dim[GLIA_MAX_DIMS];
} gli_custom_shape;

/* Also the params of custom_backward. */
typedef struct gli_custom_geom {
    glia_custom_params params;
    gli_custom_shape in[GLIA_CUSTOM_TENSORS];
} gli_custom_geom;

/* Which of the op's functions a provider runs. */
glia_custom_fn gli_custom_cpu(const glia_custom_op *op, bool backward);
glia_custom_fn gli_custom_cuda(const glia_custom_op *op, bool backward);

/* What providers share: tensors that are not dense go through copies in the workspace. */
typedef glia_status (*gli_custom_copy)(const gli_call *call, const glia_tensor *from, const glia_tensor *to);
glia_status gli_custom_prepare(const gli_call *call, gli_prepared *out);
glia_status gli_custom_run(const gli_call *call, glia_custom_fn fn, bool backward, gli_custom_copy copy,
                           void *workspace);

#endif
