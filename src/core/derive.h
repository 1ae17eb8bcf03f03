/* What an op's derive rule works with: it appends the ops of its gradient to the graph. The graph implements this. */
#ifndef GLI_CORE_DERIVE_H
#define GLI_CORE_DERIVE_H

#include "core/provider.h"
#include "glia/graph.h"
#include "glia/ops/common.h"

typedef struct gli_derivation {
    glia_graph *graph;
    const gli_op *op;
    const void *params; /* of the forward call */
    const void *geom;
    int n_in;
    const glia_value *in;   /* id 0: absent */
    const glia_value *out;  /* id 0: not requested */
    const glia_value *dout; /* gradient with respect to each output; id 0: zero */
    uint32_t requested;     /* bit i: din[i] is requested */
    glia_value *din;        /* to be set for each requested input */
} gli_derivation;

static inline bool gli_requested(const gli_derivation *d, int input) { return d->requested >> input & 1; }

/* Appends a call. in has n_in values; out receives n_out of the op's outputs (the others are not requested). A
 * failure is kept by the graph; the values are then invalid and may be used on. */
void gli_derive_call(gli_derivation *d, const gli_op *op, const void *params, int n_in, const glia_value *in, int n_out,
                     glia_value *out);

/* The same for one output, with the inputs as arguments: gli_derive(d, &gli_op_matmul, &params, a, b). Up to four. */
glia_value gli_derive_n(gli_derivation *d, const gli_op *op, const void *params, int n_in, const glia_value *in);
#define gli_derive(d, op, params, ...)                                                                 \
    gli_derive_n((d), (op), (params), (int)(sizeof((glia_value[]){__VA_ARGS__}) / sizeof(glia_value)), \
                 (glia_value[]){__VA_ARGS__})

/* Every element is this number. */
glia_value gli_derive_constant(gli_derivation *d, glia_dtype dtype, glia_shape shape, double value);

/* Derives an op through a formula of it: sets din to the derivative of what `compose` appends, which are differentiable
 * ops that compute the outputs from d->in. For gradients, whose own gradients are seldom asked for. An output that
 * compose leaves unset is zeros. */
typedef void (*gli_composition)(gli_derivation *d, glia_value *out);
void gli_derive_composition(gli_derivation *d, gli_composition compose);

/* dz of y = act(z) from y and dy, for the activations that ops fuse; implemented in ops/elementwise/unary.c. */
glia_value gli_derive_activation(gli_derivation *d, glia_unary_kind kind, glia_value y, glia_value dy);

#endif
