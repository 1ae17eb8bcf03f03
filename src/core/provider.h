/* Calls of ops, and the providers that run them. */
#ifndef GLI_CORE_PROVIDER_H
#define GLI_CORE_PROVIDER_H

#include "core/accepts.h"
#include "core/op.h"
#include "glia/profile.h"

typedef struct gli_provider gli_provider;

/* What a call that is run many times remembers of the trace that it was in: see core/trace.h. */
typedef struct gli_trace_memo {
    unsigned trace;
    int site;
} gli_trace_memo;

/* One validated call. Providers read it and never re-derive what `geom` already says. */
typedef struct gli_call {
    glia_context *ctx;
    const gli_op *op;
    const void *geom; /* the op's own struct, filled by its resolve step */
    int n_in;
    const glia_tensor *in[GLI_MAX_IN];   /* NULL: an optional input that is absent */
    const glia_tensor *out[GLI_MAX_OUT]; /* NULL: an optional output that was not requested */
    void *stream;                        /* cudaStream_t, or NULL on the CPU */
    const char *label;                   /* of the layer, for traces; NULL: none */
    glia_direction direction;
    gli_trace_memo *memo; /* NULL: the call is made once */
    uint32_t
        passed_on; /* bit o: only the next call of the plan reads output o, and in a chain need not find it there */
} gli_call;

/* What prepare built for one geometry: a library's primitive or plan, the workspace that run needs, and how many bytes
 * of the op's saved output the provider writes, 0 for all, so that a plan need not allocate more. */
typedef struct gli_prepared {
    void *state;
    size_t workspace, saved;
} gli_prepared;

enum { GLI_MAX_GROUP = 8 };

/* One implementation of one op on one device. decline, prepare and release are optional. A provider with a release is
 * prepared once for each geometry, layout and alignment, and kept; one without is prepared on each call. */
struct gli_provider {
    const char *name; /* "cpu.ref", "cpu.onednn" */
    gli_accepts accepts;
    const char *(*decline)(const gli_call *call); /* checks beyond `accepts`: the reason to decline, or NULL */
    glia_status (*prepare)(const gli_call *call, gli_prepared *out); /* GLIA_UNSUPPORTED: declines after all */
    glia_status (*run)(const gli_call *call, const gli_prepared *prepared, void *workspace);
    void (*release)(gli_prepared *prepared);

    /* Calls of the op that do not depend on each other, as one piece of work with the bits that each alone would have.
     * group: how many of the first of n calls, at most GLI_MAX_GROUP, it runs so, whatever accepts and decline say;
     * below 2: none. Both or neither. mixed: the calls may be of all ops that have a provider with this group, and are
     * those for which it was chosen. */
    int (*group)(const gli_call *const *calls, int n);
    glia_status (*run_group)(const gli_call *const *calls, void *const *workspaces, int n);
    bool mixed;

    /* The same of a chain: calls of different ops, the first of this provider's op, each of which may need those before
     * it. A chain's calls keep the providers that they have, which run them where they are run one by one. A provider
     * has groups or chains, not both. */
    int (*chain)(const gli_call *const *calls, int n);
    glia_status (*run_chain)(const gli_call *const *calls, void *const *workspaces, int n);
};

/* Why the provider does not take the call, by its `accepts` or its decline, as far as is known before prepare; NULL: it
 * does. why: GLI_REASON bytes that the reason may be in. */
const char *gli_declines(const gli_provider *provider, const gli_call *call, char *why);

/* The CPU's last provider of an op, cpu.ref, with which all others are compared. */
const gli_provider *gli_reference_of(const gli_op *op);

bool gli_provider_known(const struct gli_device *device, const char *name);

/* "cpu.native, cpu.onednn, cpu.ref": all that ops have on the device, as far as text has space. */
void gli_provider_names(const struct gli_device *device, char *text, size_t size);

/* One call of an op on tensors: resolves, checks outputs and aliasing, dispatches. The tensor API is made of these. */
glia_status gli_call_op(glia_context *ctx, const gli_op *op, const void *params, int n_in, const glia_tensor *const *in,
                        int n_out, glia_tensor *const *out);

/* The provider that takes this call, prepared. entry: where the cache of prepared calls has it (core/prepared.h); NULL:
 * the provider keeps nothing. gli_choice_free gives it back. */
typedef struct gli_prepared_entry gli_prepared_entry;
typedef struct gli_choice {
    const gli_provider *provider;
    gli_prepared prepared;
    gli_prepared_entry *entry;
} gli_choice;
glia_status gli_choose(const gli_call *call, const void *params, gli_choice *out);
/* The same whatever provider the environment or the context asks for, and whichever wrote what the call has saved: of a
 * provider that has another one compute, and has the same one read it. */
glia_status gli_choose_any(const gli_call *call, gli_choice *out);
void gli_choice_free(glia_context *ctx, gli_choice *choice);

/* Runs a chosen provider, with the log of times and the shadow check if they are requested. */
glia_status gli_run(const gli_call *call, const gli_choice *choice, void *workspace);

/* Whether a provider of the context's device runs calls of both ops, which may be one, as one piece of work. */
bool gli_groups(const glia_context *ctx, const gli_op *a, const gli_op *b);

/* Whether calls of the op are worth waiting for each other, because a provider groups them whichever was chosen. */
bool gli_gathers(const glia_context *ctx, const gli_op *op);

/* How many of the first of n calls, which do not depend on each other, one provider runs as one, the first of the
 * device's that does so for two or more: their choices are then of that provider. Else 1, and the choices stay. */
glia_status gli_choose_group(const gli_call *const *calls, int n, gli_choice *const *choices, int *count);

/* How many of the first of n calls the provider that was chosen for the first one runs as a chain; 1: none. */
int gli_chain_length(const gli_call *const *calls, int n, const gli_choice *first);

/* Runs n calls that gli_choose_group or gli_chain_length found, one by one where their times or the shadow check are
 * requested. */
glia_status gli_run_group(const gli_call *const *calls, const gli_choice *const *choices, void *const *workspaces,
                          int n);

/* Runs the call again with cpu.ref on copies and compares; `before` holds the inputs as they were. */
typedef struct gli_shadow gli_shadow;
bool gli_shadow_possible(const gli_call *call); /* cpu.ref takes every call, except those of users' own ops */
glia_status gli_shadow_begin(const gli_call *call, gli_shadow **out);
glia_status gli_shadow_end(const gli_call *call, const char *provider, gli_shadow *shadow, bool requested);

/* The largest difference that rounding can make between a correct provider and cpu.ref; scale: the largest magnitude of
 * inputs and outputs. Used by the shadow check and by the tests.
 * Source: Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1: |error| <= n u / (1 - n u) sum
 * |terms|. */
double gli_error_bound(const gli_call *call, glia_dtype dtype, double scale);

#endif
