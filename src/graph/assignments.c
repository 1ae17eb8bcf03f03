/* Assignments to states: where nothing reads the old content later, the new content is computed in the state's memory;
 * otherwise it is copied there at the end. */
#include <stdlib.h>

#include "core/dtype.h"
#include "graph/plan.h"

/* The bytes of a state that is assigned to. */
typedef struct state_range {
    const char *begin, *end;
    int assignment;
} state_range;

typedef struct assigning {
    gli_lowering *l;
    int n;
    int *state, *value;  /* plan tensors, by assignment */
    state_range *ranges; /* disjoint, by address; without the empty ones */
    int n_ranges;
    int *last_read;   /* of the old content, by assignment: a step, n_steps: an assignment, -1: never */
    int *first_write; /* by storage: a step, n_steps: never */
} assigning;

static glia_status new_ints(const assigning *a, int n, int **out) {
    void *memory;
    GLI_TRY(gli_arena_alloc(a->l->plan->ctx, &a->l->graph->arena, (size_t)n, sizeof **out, &memory));
    *out = memory;
    return GLIA_OK;
}

static glia_status lower_states_and_values(assigning *a) {
    gli_lowering *l = a->l;
    for (int i = 0; i < a->n; ++i) {
        gli_lowered *state, *value;
        const gli_assignment *assignment = &l->graph->assignments[i];
        GLI_TRY(gli_plan_lowered(l, assignment->state, &state));
        a->state[i]                                                       = *gli_lowered_tensor(state, state->native);
        l->plan->storages[l->plan->tensors[a->state[i]].storage].assigned = true;
        GLI_TRY(gli_plan_lowered(l, assignment->value, &value));
        const gli_memory_format format = state->native == GLI_STRIDED ? value->native : state->native;
        if (value->native == GLI_STRIDED)
            a->value[i] = value->strided;
        else
            GLI_TRY(gli_plan_tensor_in(l, assignment->value, format, &a->value[i]));
    }
    return GLIA_OK;
}

/* The bytes of a state that this tensor holds, as they are before the run; false: it holds none. */
static bool old_content(const glia_plan *plan, int tensor, const char **begin, const char **end) {
    const gli_plan_tensor *t   = &plan->tensors[tensor];
    const gli_storage *storage = &plan->storages[t->storage];
    const size_t bytes         = (size_t)gli_extent(&t->tensor) * glia_dtype_size(t->tensor.dtype);
    if (storage->kind != GLI_STORAGE_TENSOR || bytes == 0) return false;
    *begin = (const char *)storage->data + t->offset;
    *end   = *begin + bytes;
    return true;
}

static int by_address(const void *a, const void *b) {
    const state_range *x = a, *y = b;
    return ((uintptr_t)x->begin > (uintptr_t)y->begin) - ((uintptr_t)x->begin < (uintptr_t)y->begin);
}

static glia_status find_ranges(assigning *a) {
    void *memory;
    GLI_TRY(gli_arena_alloc(a->l->plan->ctx, &a->l->graph->arena, (size_t)a->n, sizeof *a->ranges, &memory));
    a->ranges = memory;
    for (int i = 0; i < a->n; ++i) {
        state_range *range = &a->ranges[a->n_ranges];
        range->assignment  = i;
        a->n_ranges += old_content(a->l->plan, a->state[i], &range->begin, &range->end);
    }
    if (a->n_ranges > 1) qsort(a->ranges, (size_t)a->n_ranges, sizeof *a->ranges, by_address);
    return GLIA_OK;
}

/* The first range that ends after the address. */
static int first_range_after(const assigning *a, const char *address) {
    int low = 0, high = a->n_ranges;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if ((uintptr_t)a->ranges[middle].end > (uintptr_t)address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Notes that the tensor is read at this step, later than all reads before, in a segment tree over the ranges. */
static void note_read(const assigning *a, int *tree, int tensor, int step) {
    const char *begin, *end;
    if (tensor < 0 || !old_content(a->l->plan, tensor, &begin, &end)) return;
    int low = first_range_after(a, begin), high = first_range_after(a, end - 1);
    high += high < a->n_ranges && (uintptr_t)a->ranges[high].begin < (uintptr_t)end;
    for (low += a->n_ranges, high += a->n_ranges; low < high; low /= 2, high /= 2) {
        if (low % 2) tree[low++] = step;
        if (high % 2) tree[--high] = step;
    }
}

static glia_status find_reads(assigning *a) {
    const glia_plan *plan = a->l->plan;
    int *tree;
    GLI_TRY(new_ints(a, a->n, &a->last_read));
    GLI_TRY(new_ints(a, 2 * a->n_ranges, &tree));
    for (int i = 0; i < a->n; ++i) a->last_read[i] = -1;
    for (int i = 0; i < 2 * a->n_ranges; ++i) tree[i] = -1;
    for (int s = 0; s < plan->n_steps; ++s)
        for (int i = 0; i < plan->steps[s].n_in; ++i) note_read(a, tree, plan->steps[s].in[i], s);
    for (int i = 0; i < a->n; ++i) note_read(a, tree, a->value[i], plan->n_steps);
    for (int i = 2; i < 2 * a->n_ranges; ++i)
        if (tree[i / 2] > tree[i]) tree[i] = tree[i / 2];
    for (int i = 0; i < a->n_ranges; ++i) a->last_read[a->ranges[i].assignment] = tree[a->n_ranges + i];
    return GLIA_OK;
}

static glia_status find_writes(assigning *a) {
    const glia_plan *plan = a->l->plan;
    GLI_TRY(new_ints(a, plan->n_storages, &a->first_write));
    for (int s = 0; s < plan->n_storages; ++s) a->first_write[s] = plan->n_steps;
    for (int s = plan->n_steps - 1; s >= 0; --s)
        for (int o = 0; o < plan->steps[s].op->n_outputs; ++o)
            if (plan->steps[s].out[o] >= 0) a->first_write[gli_tensor_root(plan, plan->steps[s].out[o], NULL)] = s;
    return GLIA_OK;
}

/* Step s, the first that writes the new content, reads the old one only where the op may write over that very input. */
static bool may_overwrite(const assigning *a, const gli_plan_step *step, int assignment) {
    const glia_plan *plan = a->l->plan;
    const int storage     = plan->tensors[a->value[assignment]].storage;
    const char *state, *state_end, *begin, *end;
    if (!old_content(plan, a->state[assignment], &state, &state_end)) return true;
    for (int i = 0; i < step->n_in; ++i) {
        if (step->in[i] < 0 || !old_content(plan, step->in[i], &begin, &end)) continue;
        if ((uintptr_t)end <= (uintptr_t)state || (uintptr_t)state_end <= (uintptr_t)begin) continue;
        bool allowed = false;
        for (int o = 0; o < step->op->n_outputs; ++o) {
            size_t offset;
            if (step->out[o] < 0 || !gli_in_place(step->op, o, i)) continue;
            allowed = allowed || (gli_tensor_root(plan, step->out[o], &offset) == storage && begin == state + offset &&
                                  gli_same_layout(plan, step->in[i], step->out[o]));
        }
        if (!allowed) return false;
    }
    return true;
}

static bool may_compute_in_state(const assigning *a, int i) {
    const glia_plan *plan = a->l->plan;
    if (!gli_plan_bindable(plan, a->value[i]) || !gli_same_layout(plan, a->state[i], a->value[i])) return false;
    const int written = a->first_write[plan->tensors[a->value[i]].storage], read = a->last_read[i];
    if (read > written || read == plan->n_steps) return false;
    return read < written || may_overwrite(a, &plan->steps[written], i);
}

/* Copies what is not computed in the state's memory; first to a temporary, where the value is the old content of a
 * state that another assignment overwrites. */
static glia_status copy_values(assigning *a) {
    glia_plan *plan = a->l->plan;
    for (int i = 0; i < a->n; ++i) {
        const gli_plan_tensor from = plan->tensors[a->value[i]], to = plan->tensors[a->state[i]];
        if (plan->storages[from.storage].kind != GLI_STORAGE_TENSOR) continue;
        if (plan->storages[from.storage].data == plan->storages[to.storage].data &&
            gli_same_strides(&from.tensor, &to.tensor)) {
            a->value[i] = a->state[i];
            continue;
        }
        int temporary;
        GLI_TRY(gli_plan_add_result(plan, &from.tensor, GLI_ROW_MAJOR, &temporary));
        GLI_TRY(gli_plan_add_copy(a->l, a->value[i], temporary));
        a->value[i] = temporary;
    }
    for (int i = 0; i < a->n; ++i) {
        const int parent = plan->storages[plan->tensors[a->value[i]].storage].parent;
        if (a->value[i] == a->state[i] || parent == plan->tensors[a->state[i]].storage) continue;
        GLI_TRY(gli_plan_add_copy(a->l, a->value[i], a->state[i]));
    }
    return GLIA_OK;
}

glia_status gli_plan_lower_assignments(gli_lowering *l) {
    glia_plan *plan = l->plan;
    assigning a     = {.l = l, .n = l->graph->n_assignments};
    GLI_TRY(new_ints(&a, a.n, &a.state));
    GLI_TRY(new_ints(&a, a.n, &a.value));
    GLI_TRY(lower_states_and_values(&a));
    GLI_TRY(find_ranges(&a));
    GLI_TRY(find_reads(&a));
    GLI_TRY(find_writes(&a));
    for (int i = 0; i < a.n; ++i)
        if (may_compute_in_state(&a, i))
            plan->storages[plan->tensors[a.value[i]].storage].parent = plan->tensors[a.state[i]].storage;
    return copy_values(&a);
}
