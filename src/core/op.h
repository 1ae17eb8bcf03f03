/* Descriptors of ops: all that does not depend on a device. Dispatch, graphs, plans, logs, tests and benches all read
 * these tables. */
#ifndef GLI_CORE_OP_H
#define GLI_CORE_OP_H

#include "core/context_impl.h"
#include "core/params.h"
#include "core/tensor_impl.h"

enum { GLI_MAX_IN = 32, GLI_MAX_OUT = 16, GLI_MAX_GEOMETRY = 512, GLI_MAX_PARAMS = 576 };

typedef struct gli_op gli_op;
struct gli_derivation; /* core/derive.h */

/* Flags of inputs and outputs. Four of each say what class of tensor it is, and what dtype it has: one that is flagged
 * none of INDEX, WIDE, HALF and SAVED is data, and all data of a call has one dtype where the op says nothing else. */
typedef enum gli_input_flag {
    GLI_IN_GRADIENT = 1 << 0, /* derive gives the gradient with respect to it */
    GLI_IN_OPTIONAL = 1 << 1, /* it may be NULL; after the last input that is not optional it may be left out */
    GLI_IN_IMAGE    = 1 << 2, /* of GLI_LAYOUT_IMAGE: it is an image; the other inputs are dense */
    GLI_IN_INDEX    = 1 << 3, /* an index or a count (classes, positions, lengths, steps), not data */
    GLI_IN_SAVED    = 1 << 4, /* it is the saved output of the op `forward`, see core/saved.h */
    GLI_IN_PART     = 1 << 5, /* read only as far as the outputs have its elements */
    GLI_IN_FILTERS  = 1 << 6, /* of GLI_LAYOUT_IMAGE: filters, for which a device may want a format of their own */
    GLI_IN_HALF     = 1 << 7, /* it is bf16 or f16, whatever the others are */
    GLI_IN_WIDE     = 1 << 8, /* f32 where the data is bf16 or f16: statistics, what scales and shifts them, states */
} gli_input_flag;

typedef struct gli_op_input {
    const char *name; /* as in the header's comment, for messages */
    unsigned flags;
} gli_op_input;

typedef enum gli_output_flag {
    GLI_OUT_GRADIENT = 1 << 0, /* derive reads the gradient with respect to it */
    GLI_OUT_OPTIONAL = 1 << 1, /* it may be NULL */
    GLI_OUT_IMAGE    = 1 << 2, /* of GLI_LAYOUT_IMAGE: it is an image */
    GLI_OUT_IN_PLACE = 1 << 3, /* it may share the memory of input `in_place` */
    GLI_OUT_INDEX    = 1 << 4, /* an index or a count, not data */
    GLI_OUT_SAVED    = 1 << 5, /* only the provider that wrote it can read it, see core/saved.h; dense */
    GLI_OUT_WIDE     = 1 << 6, /* f32 where the data is bf16 or f16: statistics, gradients of weights, states */
    GLI_OUT_HALF     = 1 << 7, /* it is bf16 or f16, whatever the others are */
} gli_output_flag;

typedef struct gli_op_output {
    const char *name;
    unsigned flags;
    int in_place;
} gli_op_output;

/* What resolve reads and fills: it checks params and inputs, writes the geometry, and the dtype and shape of every
 * output (with gli_set_shape), requested or not. The dtype of one that is flagged GLI_OUT_WIDE is widened afterwards.
 */
typedef struct gli_resolution {
    glia_context *ctx;
    const gli_op *op;
    const void *params;
    int n_in;
    const glia_tensor *const *in;
    void *geom; /* zeroed */
    glia_tensor out[GLI_MAX_OUT];
} gli_resolution;

/* The work of one call. depth is the largest number of roundings that one output element can go through, one after
 * the other: gli_sum_depth of the terms of a sum, in any order. The tests' bound is derived from it. */
typedef struct gli_cost {
    double flops;
    double depth;
} gli_cost;

/* Of a sum of so many terms. A provider may add GLI_LONGEST_CHAIN numbers one after the other, and such sums in a tree:
 * where all are added in one chain of floats, the mean of 6000 x 6000 ones is 0.466. */
enum { GLI_LONGEST_CHAIN = 256 };
double gli_sum_depth(double terms);

/* How a plan lays out the 4-dimensional tensors of an op on devices where channels-last is faster. */
typedef enum gli_layout {
    GLI_LAYOUT_DENSE,  /* row-major, in and out */
    GLI_LAYOUT_FOLLOW, /* elementwise: the outputs get the layout of the first input */
    GLI_LAYOUT_IMAGE,  /* channels last, in and out; providers take any strides */
} gli_layout;

struct gli_call;

struct gli_op {
    const char *name;
    const gli_op_input *inputs;
    const gli_op_output *outputs;
    const gli_op_param *params;
    int n_inputs, n_outputs, n_params;
    size_t params_size, geom_size;
    const void *defaults; /* the params that NULL stands for; NULL: the op has none */
    /* Where a default depends on another param: replaces it in `out`, a copy of `defaults`, by what follows from
     * `params`. For texts that name what differs. NULL: none depends. */
    void (*defaults_of)(const void *params, void *out);
    gli_layout layout;
    bool view;             /* the output is the dense input under another shape; a plan copies nothing */
    const gli_op *forward; /* of an op with a saved input: begins with the inputs and output 0 of this op */
    /* Of a gradient without a derive: the op that it is the gradient of, which has no second derivative. */
    const gli_op *once_differentiable;
    glia_status (*resolve)(gli_resolution *r);
    void (*cost)(const void *geom, gli_cost *out);
    /* FLOP of `cost` that a call does not need, since it does not request all outputs. NULL: none. */
    double (*spared)(const struct gli_call *call);
    bool (*exact)(const void *geom); /* small integers in give exact integers out, in any order; NULL: never */
    void (*derive)(struct gli_derivation *d);
};

/* The tables of a descriptor: static arrays, indexed by the enumerators of the op's X_geom.h. */
#define GLI_COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))
#define GLI_INPUTS(table) .inputs = (table), .n_inputs = GLI_COUNT_OF(table)
#define GLI_OUTPUTS(table) .outputs = (table), .n_outputs = GLI_COUNT_OF(table)
#define GLI_PARAMS(table, usual) \
    .params = (table), .n_params = GLI_COUNT_OF(table), .params_size = sizeof(usual), .defaults = &(usual)

static inline bool gli_input_is(const gli_op *op, int i, gli_input_flag flag) {
    return (op->inputs[i].flags & flag) != 0;
}
static inline bool gli_output_is(const gli_op *op, int o, gli_output_flag flag) {
    return (op->outputs[o].flags & flag) != 0;
}

/* Output o may share the memory of input i. */
static inline bool gli_in_place(const gli_op *op, int o, int i) {
    return gli_output_is(op, o, GLI_OUT_IN_PLACE) && op->outputs[o].in_place == i;
}

/* The minimum number of inputs: up to the last one that is not optional. */
int gli_required_inputs(const gli_op *op);

/* The number of the op's saved output or input; -1: it has none. */
int gli_saved_output(const gli_op *op);
int gli_saved_input(const gli_op *op);

/* All ops of ops.inc, NULL-terminated, and each by name. */
extern const gli_op *const gli_ops[];
const gli_op *gli_op_find(const char *name);

/* For the message of a name that no op has, which may be NULL: what it is, where it is a kind of an op. */
enum { GLI_OP_MISSING_TEXT = 192 };
const char *gli_op_missing(const char *name, char text[GLI_OP_MISSING_TEXT]);

#define GLI_OP(name) extern const gli_op gli_op_##name;
#include "core/ops.inc"
#undef GLI_OP

/* What users describe; see ops/custom/custom_impl.h. No table of ops holds them. */
extern const gli_op gli_op_custom, gli_op_custom_backward;

/* The tensors of a call, as arguments of gli_call_op. */
#define GLI_IN(...) \
    (int)(sizeof((const glia_tensor *[]){__VA_ARGS__}) / sizeof(glia_tensor *)), (const glia_tensor *[]) { __VA_ARGS__ }
#define GLI_OUT(...) \
    (int)(sizeof((glia_tensor *[]){__VA_ARGS__}) / sizeof(glia_tensor *)), (glia_tensor *[]) { __VA_ARGS__ }

/* For gli_op.exact. */
bool gli_exact_always(const void *geom);

/* Resolves: checks the inputs and the enums of params, then calls op->resolve. params NULL: the defaults. geom holds
 * GLI_MAX_GEOMETRY bytes. */
glia_status gli_resolve(glia_context *ctx, const gli_op *op, const void *params, int n_in, const glia_tensor *const *in,
                        void *geom, gli_resolution *out);

#endif
