/* Packs of values in one vector, and assignments to states. */
#include <stdlib.h>

#include "core/dtype.h"
#include "graph/graph_impl.h"

static const gli_op_output pack_outputs[] = {{"y"}};

const gli_op gli_op_pack = {.name = "pack", GLI_OUTPUTS(pack_outputs)};

typedef struct pack_args {
    const glia_value *values;
    const int64_t *offset;
    int n;
    int64_t total;
} pack_args;

typedef struct element_range {
    int64_t begin, end;
} element_range;

static int by_begin(const void *a, const void *b) {
    const element_range *x = a, *y = b;
    return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1) : (x->end > y->end) - (x->end < y->end);
}

static glia_status check_ranges(glia_graph *graph, const pack_args *a) {
    glia_context *ctx = graph->ctx;
    void *memory;
    GLI_TRY(gli_arena_alloc(ctx, &graph->arena, (size_t)a->n, sizeof(element_range), &memory));
    element_range *ranges  = memory;
    const glia_dtype dtype = glia_graph_dtype(graph, a->values[0]);
    for (int i = 0; i < a->n; ++i) {
        GLI_TRY(gli_graph_check(graph, "a pack", "a value", a->values[i]));
        const glia_tensor *x = &gli_graph_value(graph, a->values[i])->tensor;
        GLI_REQUIRE(ctx, x->dtype == dtype, GLIA_DTYPE_MISMATCH, "a pack: value 0 is %s, value %d is %s",
                    glia_dtype_name(dtype), i, glia_dtype_name(x->dtype));
        GLI_REQUIRE(ctx, a->offset[i] >= 0 && a->offset[i] <= a->total - gli_count(x), GLIA_SHAPE_MISMATCH,
                    "a pack: value %d, %s at element %lld, is out of range for %lld elements", i, GLI_SHAPE_OF(x),
                    (long long)a->offset[i], (long long)a->total);
        ranges[i] = (element_range){a->offset[i], a->offset[i] + gli_count(x)};
    }
    qsort(ranges, (size_t)a->n, sizeof *ranges, by_begin);
    for (int i = 1; i < a->n; ++i)
        GLI_REQUIRE(ctx, ranges[i - 1].end <= ranges[i].begin, GLIA_INVALID_ARGUMENT,
                    "a pack: two values overlap at element %lld", (long long)ranges[i].begin);
    return GLIA_OK;
}

static glia_status build_pack(glia_graph *graph, const void *arg, int *out) {
    const pack_args *a = arg;
    glia_context *ctx  = graph->ctx;
    GLI_REQUIRE(ctx, a->n > 0, GLIA_INVALID_ARGUMENT, "a pack: no values");
    GLI_TRY(check_ranges(graph, a));
    gli_value_info info    = {.kind = GLI_VALUE_RESULT, .tensor = {.ctx = ctx}, .node = graph->n_nodes};
    const glia_shape shape = {1, {a->total}};
    GLI_TRY(gli_shape_check(ctx, "a pack", glia_graph_dtype(graph, a->values[0]), shape));
    gli_set_shape(&info.tensor, glia_graph_dtype(graph, a->values[0]), 1, shape.dim);

    gli_node node = {.op = &gli_op_pack, .n_in = a->n, .label = graph->label, .direction = graph->direction};
    const void *offset;
    void *ids;
    GLI_TRY(gli_graph_memdup(graph, a->offset, (size_t)a->n * sizeof *a->offset, &offset));
    GLI_TRY(gli_arena_alloc(ctx, &graph->arena, (size_t)a->n, sizeof *node.in, &ids));
    node.offset = offset;
    node.in     = ids;
    for (int i = 0; i < a->n; ++i) node.in[i] = a->values[i].id;
    int index;
    GLI_TRY(gli_graph_add_value(graph, &info, out));
    node.out[0]              = *out;
    const glia_status status = gli_graph_add_node(graph, &node, &index);
    if (status != GLIA_OK) --graph->n_values;
    return status;
}

glia_value gli_graph_pack(glia_graph *graph, const glia_value *values, const int64_t *offset, int n, int64_t total) {
    return gli_graph_build(graph, build_pack, &(pack_args){values, offset, n, total});
}

/* The ranges of memory that are assigned to, disjoint, in sorted blocks: one for each bit of their number, the largest
 * first. Adding a range sorts the last blocks into one, so that n ranges cost O(n log^2 n) comparisons. */
static int by_address(const void *a, const void *b) {
    const gli_address_range *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static int last_block(int n) { return n & -n; }

static bool overlaps_block(const gli_address_range *block, int n, gli_address_range range) {
    int low = 0, high = n; /* how many begin before the range ends */
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (block[middle].begin < range.end)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && block[low - 1].end > range.begin;
}

static bool is_assigned(const glia_graph *graph, gli_address_range range) {
    for (int n = graph->n_assigned; n > 0; n -= last_block(n))
        if (overlaps_block(graph->assigned + n - last_block(n), last_block(n), range)) return true;
    return false;
}

static glia_status add_assigned(glia_graph *graph, gli_address_range range) {
    void *assigned = graph->assigned;
    GLI_TRY(gli_grow(graph->ctx, &assigned, &graph->assigned_capacity, graph->n_assigned + 1, sizeof range, "a graph"));
    graph->assigned                      = assigned;
    graph->assigned[graph->n_assigned++] = range;
    const int block                      = last_block(graph->n_assigned);
    qsort(graph->assigned + graph->n_assigned - block, (size_t)block, sizeof range, by_address);
    return GLIA_OK;
}

typedef struct assign_args {
    glia_value state, value;
} assign_args;

static glia_status build_assign(glia_graph *graph, const void *arg, int *out) {
    const assign_args *a = arg;
    glia_context *ctx    = graph->ctx;
    GLI_TRY(gli_graph_check(graph, "glia_graph_assign", "state", a->state));
    GLI_TRY(gli_graph_check(graph, "glia_graph_assign", "value", a->value));
    const gli_value_info *state = gli_graph_value(graph, a->state), *value = gli_graph_value(graph, a->value);
    const glia_tensor *to = &state->tensor;
    GLI_REQUIRE(ctx, state->kind == GLI_VALUE_TENSOR || state->kind == GLI_VALUE_VIEW, GLIA_INVALID_ARGUMENT,
                "glia_graph_assign: state is not a value of glia_graph_tensor");
    GLI_REQUIRE(ctx, value->tensor.dtype == to->dtype, GLIA_DTYPE_MISMATCH,
                "glia_graph_assign: state is %s, value is %s", glia_dtype_name(to->dtype),
                glia_dtype_name(value->tensor.dtype));
    GLI_REQUIRE(ctx, gli_same_shape(&value->tensor, to), GLIA_SHAPE_MISMATCH,
                "glia_graph_assign: state is %s, value is %s", GLI_SHAPE_OF(to), GLI_SHAPE_OF(&value->tensor));
    GLI_REQUIRE_WRITABLE(ctx, to, "glia_graph_assign: %s", "state");
    const size_t bytes            = (size_t)gli_extent(to) * glia_dtype_size(to->dtype);
    const gli_address_range range = {(uintptr_t)to->data, (uintptr_t)to->data + bytes};
    GLI_REQUIRE(ctx, bytes == 0 || !is_assigned(graph, range), GLIA_INVALID_ARGUMENT,
                "glia_graph_assign: state '%s' is assigned to twice", state->name ? state->name : "");
    void *assignments = graph->assignments;
    GLI_TRY(gli_grow(ctx, &assignments, &graph->assignment_capacity, graph->n_assignments + 1,
                     sizeof *graph->assignments, "a graph"));
    graph->assignments = assignments;
    if (bytes > 0) GLI_TRY(add_assigned(graph, range));
    graph->assignments[graph->n_assignments++] = (gli_assignment){a->state.id, a->value.id};
    *out                                       = a->value.id;
    return GLIA_OK;
}

void glia_graph_assign(glia_graph *graph, glia_value state, glia_value value) {
    gli_graph_build(graph, build_assign, &(assign_args){state, value});
}
