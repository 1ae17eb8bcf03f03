/* Ops, calls and providers: the table that dispatch, plans, tests and benches all read. */
#ifndef GLIA_CORE_PROVIDER_H
#define GLIA_CORE_PROVIDER_H

#include "core/context_impl.h"
#include "core/tensor_impl.h"

enum { GLIA_MAX_IN = 32, GLIA_MAX_OUT = 16, GLIA_MAX_GEOMETRY = 512 };

typedef struct glia_op glia_op;
typedef struct glia_provider glia_provider;
struct glia_derivation; /* core/derive.h */

/* One validated call. Providers read it and never re-derive what `geom` already says. */
typedef struct glia_call {
    glia_context *ctx;
    const glia_op *op;
    const void *geom; /* the op's own struct, filled by its resolve step */
    int n_in;
    const glia_tensor *in[GLIA_MAX_IN];   /* NULL: an optional input that is absent */
    const glia_tensor *out[GLIA_MAX_OUT]; /* NULL: an optional output that nobody wants */
    void *stream;                         /* cudaStream_t, or NULL on the CPU */
} glia_call;

/* What resolve reads and fills: it checks params and inputs, writes the geometry, and the dtype and shape of every
 * output (with glia_set_shape), wanted or not. Its messages need no op name in front. */
typedef struct glia_resolution {
    glia_context *ctx;
    const glia_op *op;
    const void *params;
    int n_in;
    const glia_tensor *const *in;
    void *geom; /* zeroed */
    glia_tensor out[GLIA_MAX_OUT];
} glia_resolution;

/* The work of one call. depth is the largest number of roundings that one output element can go through, one after
 * the other, in any order of summation: for a sum of n products, n. The tests' bound is derived from it. */
typedef struct glia_cost {
    double flops;
    double depth;
} glia_cost;

/* How a plan lays out 4-dimensional tensors of this op on devices that like channels last. */
typedef enum glia_layout {
    GLIA_LAYOUT_DENSE,  /* row-major, in and out */
    GLIA_LAYOUT_FOLLOW, /* elementwise: the outputs get the layout of the first input */
    GLIA_LAYOUT_IMAGE,  /* channels last, in and out; providers take any strides */
} glia_layout;

/* The contract of an op: everything that is known about it without a device. */
struct glia_op {
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
    glia_layout layout;
    uint32_t image_in, image_out; /* GLIA_LAYOUT_IMAGE: which tensors are images; the others are dense */
    int in_place[GLIA_MAX_OUT];   /* 1 + the input whose memory output i may be; 0: none */
    bool view;                    /* the output is the dense input under another shape; a plan copies nothing */
    int reserve_out;              /* 1 + an output that only the provider that wrote it can read; dense; 0: none */
    int reserve_in;               /* 1 + the input that is such an output of the op `forward`, with whose inputs and
                                     output 0 the inputs of this op begin. Whoever writes it takes this op, too. */
    const glia_op *forward;
    glia_status (*resolve)(glia_resolution *r);
    void (*cost)(const void *geom, glia_cost *out);
    bool (*exact)(const void *geom); /* small integers in give exact integers out, in any order; NULL: never */
    void (*derive)(struct glia_derivation *d);
};

/* What prepare built for one geometry: a library's primitive or plan, the workspace that run needs, and how many bytes
 * of the op's reserve the provider writes, 0 for all, so that a plan need not allot more. */
typedef struct glia_prepared {
    void *state;
    size_t workspace, reserve;
} glia_prepared;

/* One implementation of one op on one device. prepare, release and decline are optional. A provider with a release is
 * prepared once for each geometry, layout and alignment, and kept; one without is prepared on each call. */
struct glia_provider {
    const char *name;                              /* "cpu.ref", "cpu.onednn" */
    const char *(*decline)(const glia_call *call); /* NULL: accepts; otherwise the reason, for the log */
    glia_status (*prepare)(const glia_call *call, glia_prepared *out); /* GLIA_UNSUPPORTED: declines after all */
    glia_status (*run)(const glia_call *call, const glia_prepared *prepared, void *workspace);
    void (*release)(glia_prepared *prepared);
};

/* All ops of ops.inc, NULL-terminated, and each by name. */
extern const glia_op *const glia_ops[];
const glia_op *glia_op_find(const char *name);
bool glia_provider_known(const struct glia_device *device, const char *name);
bool glia_exact_always(const void *geom);

/* Resolves: checks the inputs, then calls op->resolve. params NULL: all zero. geom holds GLIA_MAX_GEOMETRY bytes. */
glia_status glia_resolve(glia_context *ctx, const glia_op *op, const void *params, int n_in,
                         const glia_tensor *const *in, void *geom, glia_resolution *out);

/* One call of an op on tensors: resolves, checks outputs and aliasing, dispatches. The tensor API is made of these. */
glia_status glia_call_op(glia_context *ctx, const glia_op *op, const void *params, int n_in,
                         const glia_tensor *const *in, int n_out, glia_tensor *const *out);

/* The provider that takes this call, prepared. owned: glia_choice_free gives back what was prepared; otherwise the
 * context's cache keeps it, or an equal step of the plan. use_cache false: always owned. */
typedef struct glia_choice {
    const glia_provider *provider;
    glia_prepared prepared;
    bool owned;
} glia_choice;
glia_status glia_choose(const glia_call *call, bool use_cache, glia_choice *out);
void glia_choice_free(glia_choice *choice);

/* The output `reserve` was written by this provider, or, with NULL, is none any more. An op and the `forward` of it
 * have the same geometry for the same params and inputs. */
void glia_note_writer(const glia_call *call, const glia_provider *writer, glia_tensor *reserve);

/* Runs a chosen provider, with the log of times and the shadow check where they are asked for. */
glia_status glia_run(const glia_call *call, const glia_choice *choice, void *workspace);

/* Runs the call again with cpu.ref on copies and compares; `before` holds the inputs as they were. */
typedef struct glia_shadow glia_shadow;
bool glia_shadow_possible(const glia_call *call); /* cpu.ref takes every call, but for those of users' own ops */
glia_status glia_shadow_begin(const glia_call *call, glia_shadow **out);
glia_status glia_shadow_end(const glia_call *call, const char *provider, glia_shadow *shadow, bool compare);

/* The largest difference that rounding can make between a right provider and cpu.ref, for outputs whose largest
 * magnitude, and that of the inputs, is scale. Used by the shadow check and by the tests.
 * Source: Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1: |error| <= n u / (1 - n u) sum
 * |terms|. */
double glia_error_bound(const glia_call *call, glia_dtype dtype, double scale);

void glia_prepared_cache_destroy(glia_context *ctx);

#endif
