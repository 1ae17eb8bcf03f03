/* The inside of a plan, and the passes that make one: copy and fuse the graph (plan.c, fuse.c), lower it to steps over
 * tensors in chosen memory formats (lower.c, leaves.c, formats.c, assignments.c), let tensors share memory (storage.c),
 * choose providers and assign offsets (plan_memory.c, offset_assignment.c), run (execute.c). */
#ifndef GLI_GRAPH_PLAN_H
#define GLI_GRAPH_PLAN_H

#include "core/memory_format.h"
#include "graph/graph_impl.h"

typedef enum gli_storage_kind {
    GLI_STORAGE_BUFFER,
    GLI_STORAGE_TENSOR, /* a caller's tensor, or a range of it */
    GLI_STORAGE_INPUT,  /* a caller's, bound on each run */
    GLI_STORAGE_OUTPUT
} gli_storage_kind;

/* A range of memory that holds tensors of the plan. */
typedef struct gli_storage {
    gli_storage_kind kind;
    size_t bytes;
    void *data;      /* of a caller's tensor */
    int index;       /* of an input or output */
    int parent;      /* the storage that this one is a part of; -1: none */
    size_t offset;   /* bytes, in the parent or, without one, in the buffer */
    int first, last; /* its lifetime: the first and the last step that use it */
    bool assigned;   /* a caller's tensor that a run changes */
    bool persistent; /* filled when the plan is made, and not shared: a constant, or a pack with gaps */
    double fill;
    glia_dtype dtype; /* of fill */
} gli_storage;

typedef struct gli_plan_tensor {
    glia_tensor tensor;
    int storage;
    size_t offset; /* bytes, in the storage */
} gli_plan_tensor;

typedef struct gli_plan_step {
    const gli_op *op;
    const void *geom, *params; /* params: for log lines */
    const char *label;
    glia_direction direction;
    int n_in;
    int in[GLI_MAX_IN]; /* numbers of plan tensors; -1: absent */
    int out[GLI_MAX_OUT];
    int workspace; /* its storage, or -1 */
    int group; /* how many steps from this one on run as one; 1: this one alone; 0: one before it has begun a group */
    uint32_t passed_on; /* of its call */
    gli_choice choice;
    gli_call call;
    gli_trace_memo memo;
} gli_plan_step;

/* A tensor that is bound to the caller's memory on each run. */
typedef struct gli_rebinding {
    int tensor;
    gli_storage_kind kind;
    int index;     /* of the input or output */
    size_t offset; /* bytes, in its memory */
} gli_rebinding;

/* An input or output of the plan: dense and aligned, with memory to copy through where the caller's tensor is not. */
typedef struct gli_plan_io {
    glia_tensor tensor;
    gli_block staged;
    const void *last; /* its memory in the last run */
    bool used;        /* by a step */
} gli_plan_io;

struct glia_plan {
    glia_context *ctx;
    gli_arena arena;
    gli_plan_step *steps;
    int n_steps, step_capacity;
    gli_plan_tensor *tensors;
    int n_tensors, tensor_capacity;
    gli_storage *storages;
    int n_storages, storage_capacity;
    gli_rebinding *rebindings;
    int n_rebindings, rebinding_capacity;
    gli_plan_io *inputs, *outputs;
    int n_inputs, n_outputs;
    gli_block buffer;
    size_t bytes, unshared; /* of the buffer, and its size if no memory were shared */
    size_t live;            /* the most bytes that are in use at once, which the buffer cannot be smaller than */
    void *recording;        /* of all steps, on devices that record, with the memory of the last run */
    bool ran, unrecordable; /* once; recording has failed */
};

/* For tests: passes to leave out. */
typedef struct gli_plan_options {
    bool unfused;     /* no fusion */
    bool row_major;   /* all tensors row-major */
    bool no_in_place; /* no result in the memory of an input */
    bool no_sharing;  /* no memory is used again */
    bool ungrouped;   /* each step by itself */
} gli_plan_options;

glia_status gli_plan_create(glia_graph *graph, const glia_value *outputs, int n_outputs,
                            const gli_plan_options *options, glia_plan **out);

/* The plan tensors that hold a value, one for each memory format that a step has requested; -1: none yet. */
typedef struct gli_lowered {
    bool known;               /* there is one */
    gli_memory_format native; /* the first: as it is computed, or as the caller's tensor is */
    int row_major, channels_last, strided;
} gli_lowered;

static inline int *gli_lowered_tensor(gli_lowered *lowered, gli_memory_format format) {
    return format == GLI_ROW_MAJOR       ? &lowered->row_major
           : format == GLI_CHANNELS_LAST ? &lowered->channels_last
                                         : &lowered->strided;
}

static inline void gli_lowered_set(gli_lowered *lowered, gli_memory_format native, int tensor) {
    *lowered                             = (gli_lowered){true, native, -1, -1, -1};
    *gli_lowered_tensor(lowered, native) = tensor;
}

/* The state of the passes. graph: a copy of the caller's, fused, without the nodes that compute nothing needed. */
typedef struct gli_lowering {
    glia_plan *plan;
    glia_graph *graph;
    const gli_plan_options *options;
    bool *needed; /* by value */
    gli_lowered *lowered;
    int *constants; /* a hash table of storages + 1, open addressing; at most half full */
    size_t constants_mask;
    const char *label; /* of the current node: in the caller's graph, and the plan's copy of it */
    const char *label_copy;
    glia_direction direction; /* of that node */
    int conversions;
} gli_lowering;

/* lower.c: all nodes, outputs and assignments as steps. */
glia_status gli_plan_lower(gli_lowering *l, const glia_value *outputs, int n_outputs);

/* assignments.c: the new contents of states, after all nodes and outputs. */
glia_status gli_plan_lower_assignments(gli_lowering *l);

/* Building blocks of these passes. */
glia_status gli_plan_add_storage(glia_plan *plan, const gli_storage *storage, int *out);
glia_status gli_plan_add_tensor(glia_plan *plan, const glia_tensor *like, int storage, size_t offset, int *out);
glia_status gli_plan_add_result(glia_plan *plan, const glia_tensor *like, gli_memory_format format, int *out);
glia_status gli_plan_add_copy(gli_lowering *l, int from, int to);

/* formats.c: the memory formats of a plan. Of a tensor's formats a plan uses one: row-major, or channels-last for an
 * image, or strided for what is neither. */
gli_memory_format gli_plan_format(const glia_tensor *tensor);
void gli_plan_set_format(glia_tensor *tensor, gli_memory_format format); /* its strides; not strided */

/* What the inputs and outputs of a node have. */
typedef struct gli_node_formats {
    gli_memory_format in[GLI_MAX_IN], out[GLI_MAX_OUT];
} gli_node_formats;
glia_status gli_plan_node_formats(gli_lowering *l, const gli_node *node, gli_node_formats *out);

/* The value's tensor in this format, with a copy into it if there is none yet. */
glia_status gli_plan_tensor_in(gli_lowering *l, int value, gli_memory_format format, int *out);

/* leaves.c: the tensors of values. A leaf gets its storage when it is first requested; the values that nodes compute
 * have theirs already. */
glia_status gli_plan_alloc_constants(gli_lowering *l); /* before any value is lowered */
glia_status gli_plan_lowered(gli_lowering *l, int value, gli_lowered **out);

/* storage.c: parts of storages, lifetimes, results in the memory of inputs. The root of a storage or a tensor is the
 * outermost storage that it is a part of; offset, which may be NULL: bytes, in the root. */
int gli_storage_root(const glia_plan *plan, int storage, size_t *offset);
int gli_tensor_root(const glia_plan *plan, int tensor, size_t *offset);

/* The tensor fills a storage that is no part of another and may become one. */
bool gli_plan_bindable(const glia_plan *plan, int tensor);

bool gli_same_layout(const glia_plan *plan, int a, int b); /* of two tensors: dtype, shape and strides */

void gli_plan_lifetimes(glia_plan *plan, const gli_plan_options *options);
/* What a step leaves to the next one alone, before results are put in the memory of inputs. */
void gli_plan_note_passed_on(glia_plan *plan);
void gli_plan_in_place(glia_plan *plan);

/* A step from begin to end - 1 uses the tensor, if it is one. */
void gli_plan_use(glia_plan *plan, int tensor, int begin, int end);

/* group.c: calls that the device can run as one. Before lowering it moves the nodes of one op side by side; when steps
 * have providers, it makes groups of those that do not depend on each other, and of chains. Everything of a group lives
 * as long as the whole group. */
void gli_graph_group(glia_graph *graph);
glia_status gli_plan_group(glia_plan *plan);

/* plan_memory.c: chooses providers, adds their workspaces, assigns offsets and allocates the buffer. */
glia_status gli_plan_assign_memory(glia_plan *plan, const gli_plan_options *options);

#endif
