/* The inside of a plan, and the passes that make one: copy and fuse the graph (plan.c, fuse.c), steps over tensors in
 * chosen layouts (lower.c, formats.c), which of them share memory (storage.c), where it lies (plan_memory.c), the run
 * (execute.c). */
#ifndef GLIA_GRAPH_PLAN_H
#define GLIA_GRAPH_PLAN_H

#include "graph/graph_impl.h"

typedef enum glia_storage_kind {
    GLIA_STORAGE_ARENA,
    GLIA_STORAGE_TENSOR, /* a caller's tensor, or a range of it */
    GLIA_STORAGE_INPUT,  /* a caller's, another one each run */
    GLIA_STORAGE_OUTPUT
} glia_storage_kind;

/* A range of memory that tensors of the plan lie in. */
typedef struct glia_storage {
    glia_storage_kind kind;
    size_t bytes;
    void *data;      /* of a caller's tensor */
    int index;       /* of an input or output */
    int parent;      /* the storage that this one is a part of; -1: none */
    size_t at;       /* where in the parent */
    int first, last; /* the steps from which to which its content counts */
    bool constant;   /* filled once, never written by a step */
    bool kept;       /* filled once, and parts of it are not written by any step */
    bool assigned;   /* a caller's tensor that a run changes */
    double fill;
    glia_dtype dtype;
    size_t place; /* in the arena */
} glia_storage;

typedef struct glia_plan_tensor {
    glia_tensor tensor;
    int storage;
    size_t at; /* bytes from the storage's start */
} glia_plan_tensor;

typedef struct glia_plan_step {
    const glia_op *op;
    const void *geom;
    const char *label;
    int n_in;
    int in[GLIA_MAX_IN]; /* plan tensors; -1: absent */
    int out[GLIA_MAX_OUT];
    int workspace; /* its storage, or -1 */
    glia_choice choice;
    glia_call call;
} glia_plan_step;

/* A tensor whose memory each run gives anew. */
typedef struct glia_patch {
    int tensor;
    glia_storage_kind kind;
    int index;
    size_t at;
} glia_patch;

/* An input or output as the caller sees it: dense, with memory to copy through when the caller's tensor is not. */
typedef struct glia_border {
    glia_tensor tensor;
    glia_block staged;
    const void *last; /* the memory of the last run */
    bool used;
} glia_border;

struct glia_plan {
    glia_context *ctx;
    glia_zone zone;
    glia_plan_step *steps;
    int n_steps, step_capacity;
    glia_plan_tensor *tensors;
    int n_tensors, tensor_capacity;
    glia_storage *storages;
    int n_storages, storage_capacity;
    glia_patch *patches;
    int n_patches, patch_capacity;
    glia_border *inputs, *outputs;
    int n_inputs, n_outputs;
    glia_block arena;
    size_t bytes, unshared; /* of the arena, and what it would be with a place of its own for everything */
    void *recording;        /* of all steps, on devices that record; for the memory of the last run */
    bool ran, unrecordable;
};

/* For tests: what to leave out. */
typedef struct glia_plan_options {
    bool unfused;     /* no fusion */
    bool rows;        /* all tensors row-major */
    bool no_in_place; /* no result in the memory of an input */
    bool no_sharing;  /* no memory serves two tensors, one after the other */
} glia_plan_options;

glia_status glia__plan_create(glia_graph *graph, const glia_value *outputs, int n_outputs,
                              const glia_plan_options *options, glia_plan **out);

/* Each layout that a value has been brought to. */
typedef enum glia_form { GLIA_FORM_ROWS, GLIA_FORM_CHANNELS, GLIA_FORM_OTHER, GLIA_FORM_COUNT } glia_form;

typedef struct glia_lowered {
    bool known;
    glia_form native;
    int tensor[GLIA_FORM_COUNT]; /* -1: none yet */
} glia_lowered;

/* The state of the passes. graph: a copy of the caller's, fused, without the nodes that nothing needs. */
typedef struct glia_lowering {
    glia_plan *plan;
    glia_graph *graph;
    const glia_plan_options *options;
    bool *needed; /* by value */
    glia_lowered *lowered;
    const char *label; /* of the node at hand: in the caller's graph, and the plan's copy of it */
    const char *label_copy;
    int conversions;
} glia_lowering;

/* lower.c: all nodes, outputs and assignments as steps. */
glia_status glia__plan_lower(glia_lowering *l, const glia_value *outputs, int n_outputs);

/* Building blocks of lower.c, formats.c and storage.c. */
glia_status glia__plan_add_storage(glia_plan *plan, const glia_storage *storage, int *out);
glia_status glia__plan_add_tensor(glia_plan *plan, const glia_tensor *like, int storage, size_t at, int *out);
glia_status glia__plan_add_copy(glia_lowering *l, int from, int to);

/* formats.c: the forms that a node's inputs and outputs have; a value in one form, converted if need be. */
typedef struct glia_forms {
    glia_form in[GLIA_MAX_IN], out[GLIA_MAX_OUT];
} glia_forms;
glia_status glia__plan_forms(glia_lowering *l, const glia_node *node, glia_forms *out);
glia_form glia__form_of(const glia_tensor *tensor);
void glia__form_strides(glia_tensor *tensor, glia_form form);
glia_status glia__plan_lowered(glia_lowering *l, int value, glia_lowered **out);
glia_status glia__plan_tensor_in(glia_lowering *l, int value, glia_form form, int *out);

/* storage.c: parts of each other, lifetimes, results in the memory of inputs. */
int glia__storage_root(const glia_plan *plan, int storage, size_t *at); /* at may be NULL */

/* The tensor fills a storage of its own, which can still become a part of another. */
bool glia__plan_bindable(const glia_plan *plan, int tensor);

/* Whether the value can be computed in the state's memory: nothing reads the old content later. `others` are the values
 * of all assignments. */
bool glia__plan_try_assign(const glia_lowering *l, int state, int value, const int *others, int n_others);

void glia__plan_lifetimes(glia_plan *plan, const glia_plan_options *options);
void glia__plan_in_place(glia_plan *plan);

/* plan_memory.c: providers, workspaces, offsets, the arena. */
glia_status glia__plan_place(glia_plan *plan, const glia_plan_options *options);

#endif
