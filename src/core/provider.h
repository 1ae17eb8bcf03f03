/* Ops, calls and providers: the table that dispatch, plans, tests and benches all read. */
#ifndef GLI_CORE_PROVIDER_H
#define GLI_CORE_PROVIDER_H

#include "core/context_impl.h"
#include "core/tensor_impl.h"

enum { GLI_MAX_IN = 32, GLI_MAX_OUT = 16, GLI_MAX_GEOMETRY = 512 };

typedef struct gli_op gli_op;
typedef struct gli_provider gli_provider;
struct gli_derivation; /* core/derive.h */

/* One validated call. Providers read it and never re-derive what `geom` already says. */
typedef struct gli_call {
    glia_context *ctx;
    const gli_op *op;
    const void *geom; /* the op's own struct, filled by its resolve step */
    int n_in;
    const glia_tensor *in[GLI_MAX_IN];   /* NULL: an optional input that is absent */
    const glia_tensor *out[GLI_MAX_OUT]; /* NULL: an optional output that nobody wants */
    void *stream;                        /* cudaStream_t, or NULL on the CPU */
} gli_call;

/* What resolve reads and fills: it checks params and inputs, writes the geometry, and the dtype and shape of every
 * output (with gli_set_shape), wanted or not. Its messages need no op name in front. */
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
 * the other, in any order of summation: for a sum of n products, n. The tests' bound is derived from it. */
typedef struct gli_cost {
    double flops;
    double depth;
} gli_cost;

/* How a plan lays out 4-dimensional tensors of this op on devices that like channels last. */
typedef enum gli_layout {
    GLI_LAYOUT_DENSE,  /* row-major, in and out */
    GLI_LAYOUT_FOLLOW, /* elementwise: the outputs get the layout of the first input */
    GLI_LAYOUT_IMAGE,  /* channels last, in and out; providers take any strides */
} gli_layout;

/* The contract of an op: everything that is known about it without a device. */
struct gli_op {
    const char *name;
    const char *const *in_names; /* as in the header's comment, for messages */
    const char *const *out_names;
    size_t params_size, geom_size;
    int min_in, max_in; /* above min_in an input may be absent: too few, or NULL */
    int n_out;
    uint32_t optional_in;        /* bit i: input i below min_in may be NULL */
    uint32_t optional_out;       /* bit i: output i may be NULL */
    uint32_t differentiable;     /* bit i: derive gives a gradient for input i */
    uint32_t differentiable_out; /* bit o: derive reads dout[o]; 0: that of output 0 only */
    gli_layout layout;
    uint32_t image_in, image_out; /* GLI_LAYOUT_IMAGE: which tensors are images; the others are dense */
    int in_place[GLI_MAX_OUT];    /* 1 + the input whose memory output i may be; 0: none */
    bool view;                    /* the output is the dense input under another shape; a plan copies nothing */
    int reserve_out;              /* 1 + an output that only the provider that wrote it can read; dense; 0: none */
    int reserve_in;               /* 1 + the input that is such an output of the op `forward`, with whose inputs and
                                     output 0 the inputs of this op begin. Whoever writes it takes this op, too. */
    const gli_op *forward;
    glia_status (*resolve)(gli_resolution *r);
    void (*cost)(const void *geom, gli_cost *out);
    bool (*exact)(const void *geom); /* small integers in give exact integers out, in any order; NULL: never */
    void (*derive)(struct gli_derivation *d);
};

/* What prepare built for one geometry: a library's primitive or plan, the workspace that run needs, and how many bytes
 * of the op's reserve the provider writes, 0 for all, so that a plan need not allot more. */
typedef struct gli_prepared {
    void *state;
    size_t workspace, reserve;
} gli_prepared;

/* One implementation of one op on one device. prepare, release and decline are optional. A provider with a release is
 * prepared once for each geometry, layout and alignment, and kept; one without is prepared on each call. */
struct gli_provider {
    const char *name;                             /* "cpu.ref", "cpu.onednn" */
    const char *(*decline)(const gli_call *call); /* NULL: accepts; otherwise the reason, for the log */
    glia_status (*prepare)(const gli_call *call, gli_prepared *out); /* GLIA_UNSUPPORTED: declines after all */
    glia_status (*run)(const gli_call *call, const gli_prepared *prepared, void *workspace);
    void (*release)(gli_prepared *prepared);
};

/* All ops of ops.inc, NULL-terminated, and each by name. */
extern const gli_op *const gli_ops[];
const gli_op *gli_op_find(const char *name);
bool gli_provider_known(const struct gli_device *device, const char *name);
bool gli_exact_always(const void *geom);

/* Resolves: checks the inputs, then calls op->resolve. params NULL: all zero. geom holds GLI_MAX_GEOMETRY bytes. */
glia_status gli_resolve(glia_context *ctx, const gli_op *op, const void *params, int n_in, const glia_tensor *const *in,
                        void *geom, gli_resolution *out);

/* One call of an op on tensors: resolves, checks outputs and aliasing, dispatches. The tensor API is made of these. */
glia_status gli_call_op(glia_context *ctx, const gli_op *op, const void *params, int n_in, const glia_tensor *const *in,
                        int n_out, glia_tensor *const *out);

/* The provider that takes this call, prepared. owned: gli_choice_free gives back what was prepared; otherwise the
 * context's cache keeps it, or an equal step of the plan. use_cache false: always owned. */
typedef struct gli_choice {
    const gli_provider *provider;
    gli_prepared prepared;
    bool owned;
} gli_choice;
glia_status gli_choose(const gli_call *call, bool use_cache, gli_choice *out);
void gli_choice_free(gli_choice *choice);

/* The output `reserve` was written by this provider, or, with NULL, is none any more. An op and the `forward` of it
 * have the same geometry for the same params and inputs. */
void gli_note_writer(const gli_call *call, const gli_provider *writer, glia_tensor *reserve);

/* Runs a chosen provider, with the log of times and the shadow check where they are asked for. */
glia_status gli_run(const gli_call *call, const gli_choice *choice, void *workspace);

/* Runs the call again with cpu.ref on copies and compares; `before` holds the inputs as they were. */
typedef struct gli_shadow gli_shadow;
bool gli_shadow_possible(const gli_call *call); /* cpu.ref takes every call, but for those of users' own ops */
glia_status gli_shadow_begin(const gli_call *call, gli_shadow **out);
glia_status gli_shadow_end(const gli_call *call, const char *provider, gli_shadow *shadow, bool compare);

/* The largest difference that rounding can make between a right provider and cpu.ref, for outputs whose largest
 * magnitude, and that of the inputs, is scale. Used by the shadow check and by the tests.
 * Source: Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1: |error| <= n u / (1 - n u) sum
 * |terms|. */
double gli_error_bound(const gli_call *call, glia_dtype dtype, double scale);

void gli_prepared_cache_destroy(glia_context *ctx);

#endif
