/* Blocks are assigned in order of size; for each, the bytes occupied during its lifetime are looked up. They are in a
 * segment tree over the steps, with neighbouring ranges joined, so that many blocks that fill the buffer without gaps
 * are one range: a block costs O(log n) nodes of a few ranges each, however many blocks live at the same time. */
#include "graph/offset_assignment.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

typedef struct byte_range {
    size_t begin, end;
} byte_range;

/* Ranges by address, with gaps between them. */
typedef struct range_set {
    byte_range *ranges;
    int n, capacity;
} range_set;

/* A set that would have more ranges closes its smallest gap, which bounds the work. */
enum { MAX_RANGES = 64 };

/* A lifetime is stored at the fewest nodes that make it up. */
typedef struct step_node {
    range_set stored; /* the blocks that are stored here: they are in use in all steps of the node */
    range_set below;  /* these, and those that are stored at a descendant */
} step_node;

typedef struct occupancy {
    glia_context *ctx;
    gli_arena arena;
    step_node *nodes; /* 1: all steps; 2i and 2i + 1: the halves of i */
    int leaves;       /* a power of two */
    int64_t comparisons;
} occupancy;

static glia_status init(glia_context *ctx, int steps, occupancy *out) {
    void *memory;
    *out = (occupancy){.ctx = ctx, .leaves = 1};
    while (out->leaves < steps) out->leaves *= 2;
    GLI_TRY(gli_arena_alloc(ctx, &out->arena, 2 * (size_t)out->leaves, sizeof *out->nodes, &memory));
    out->nodes = memory;
    return GLIA_OK;
}

/* The first range from i on that ends after the address. */
static int first_after(occupancy *o, const range_set *set, int i, size_t address) {
    int low = i, high = set->n;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        ++o->comparisons;
        if (set->ranges[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static glia_status grow_set(occupancy *o, range_set *set) {
    void *memory;
    if (set->n < set->capacity) return GLIA_OK;
    const int capacity = set->capacity ? 2 * set->capacity : 2;
    GLI_TRY(gli_arena_alloc(o->ctx, &o->arena, (size_t)capacity, sizeof *set->ranges, &memory));
    if (set->n > 0) memcpy(memory, set->ranges, (size_t)set->n * sizeof *set->ranges);
    set->ranges   = memory;
    set->capacity = capacity;
    return GLIA_OK;
}

/* Replaces the ranges from i to before end by one. */
static void replace(range_set *set, int i, int end, byte_range range) {
    memmove(&set->ranges[i + 1], &set->ranges[end], (size_t)(set->n - end) * sizeof range);
    set->ranges[i] = range;
    set->n += 1 - (end - i);
}

static void join_nearest(range_set *set) {
    int nearest = 0;
    for (int i = 1; i + 1 < set->n; ++i)
        if (set->ranges[i + 1].begin - set->ranges[i].end < set->ranges[nearest + 1].begin - set->ranges[nearest].end)
            nearest = i;
    replace(set, nearest, nearest + 2, (byte_range){set->ranges[nearest].begin, set->ranges[nearest + 1].end});
}

static glia_status add_range(occupancy *o, range_set *set, byte_range range) {
    const int begin = range.begin > 0 ? first_after(o, set, 0, range.begin - 1) : 0;
    int end         = begin;
    for (; end < set->n && set->ranges[end].begin <= range.end; ++end) {
        ++o->comparisons;
        if (set->ranges[end].begin < range.begin) range.begin = set->ranges[end].begin;
        if (set->ranges[end].end > range.end) range.end = set->ranges[end].end;
    }
    if (begin == end) GLI_TRY(grow_set(o, set));
    replace(set, begin, end, range);
    if (set->n > MAX_RANGES) join_nearest(set);
    return GLIA_OK;
}

/* The steps of node i, which has `steps` of them, from `begin` on, are all in the block's lifetime. */
static bool covers(const gli_memory_block *block, int begin, int steps) {
    return block->first <= begin && begin + steps - 1 <= block->last;
}

static glia_status occupy(occupancy *o, const gli_memory_block *block, int i, int begin, int steps) {
    const byte_range range = {block->offset, block->offset + block->bytes};
    const int half         = steps / 2;
    GLI_TRY(add_range(o, &o->nodes[i].below, range));
    if (covers(block, begin, steps)) return add_range(o, &o->nodes[i].stored, range);
    if (block->first < begin + half) GLI_TRY(occupy(o, block, 2 * i, begin, half));
    return block->last >= begin + half ? occupy(o, block, 2 * i + 1, begin + half, half) : GLIA_OK;
}

/* The sets whose union is what is occupied during a block's lifetime, each with its first range not yet passed. */
typedef struct window {
    const range_set *set[4 * 32];
    int next[4 * 32];
    int n;
} window;

static void collect_sets(const occupancy *o, const gli_memory_block *block, int i, int begin, int steps, window *w) {
    const step_node *node = &o->nodes[i];
    const int half        = steps / 2;
    const range_set *set  = covers(block, begin, steps) ? &node->below : &node->stored;
    if (node->below.n == 0) return;
    w->next[w->n] = 0;
    if (set->n > 0) w->set[w->n++] = set;
    if (set == &node->below) return;
    if (block->first < begin + half) collect_sets(o, block, 2 * i, begin, half, w);
    if (block->last >= begin + half) collect_sets(o, block, 2 * i + 1, begin + half, half, w);
}

/* From an offset to the end of the ranges that cover it without a gap; gap_end: where the next range begins. */
static size_t skip_occupied(occupancy *o, window *w, size_t offset, size_t *gap_end) {
    for (bool moved = true; moved;) {
        moved    = false;
        *gap_end = SIZE_MAX;
        for (int s = 0; s < w->n; ++s) {
            const range_set *set = w->set[s];
            ++o->comparisons;
            if (w->next[s] < set->n && set->ranges[w->next[s]].end <= offset)
                w->next[s] = first_after(o, set, w->next[s] + 1, offset);
            if (w->next[s] == set->n) continue;
            const byte_range range = set->ranges[w->next[s]];
            if (range.begin <= offset)
                offset = range.end, moved = true;
            else if (range.begin < *gap_end)
                *gap_end = range.begin;
        }
    }
    return offset;
}

static size_t best_fit(occupancy *o, const gli_memory_block *block) {
    window w    = {.n = 0};
    size_t best = SIZE_MAX, best_gap = SIZE_MAX, offset = 0, gap_end;
    collect_sets(o, block, 1, 0, o->leaves, &w);
    while (offset = skip_occupied(o, &w, offset, &gap_end), gap_end != SIZE_MAX && best_gap != block->bytes) {
        const size_t gap = gap_end - offset;
        if (gap >= block->bytes && gap < best_gap) best = offset, best_gap = gap;
        offset = gap_end;
    }
    return best != SIZE_MAX ? best : offset;
}

static int larger_first(const void *a, const void *b) {
    const gli_memory_block *const *x = a, *const *y = b;
    if ((*x)->bytes != (*y)->bytes) return (*x)->bytes > (*y)->bytes ? -1 : 1;
    return (*x > *y) - (*x < *y);
}

static glia_status assign(occupancy *o, gli_memory_block *blocks, int n, size_t *bytes) {
    void *memory;
    GLI_TRY(gli_arena_alloc(o->ctx, &o->arena, (size_t)n, sizeof(gli_memory_block *), &memory));
    gli_memory_block **order = memory;
    for (int i = 0; i < n; ++i) order[i] = &blocks[i];
    if (n > 1) qsort(order, (size_t)n, sizeof *order, larger_first);
    *bytes = 0;
    for (int i = 0; i < n; ++i) {
        gli_memory_block *block = order[i];
        block->offset           = best_fit(o, block);
        GLI_REQUIRE(o->ctx, block->bytes <= PTRDIFF_MAX - block->offset, GLIA_OUT_OF_MEMORY,
                    "out of memory: the plan's buffer would be larger than memory can be");
        GLI_TRY(occupy(o, block, 1, 0, o->leaves));
        if (block->offset + block->bytes > *bytes) *bytes = block->offset + block->bytes;
    }
    return GLIA_OK;
}

glia_status gli_assign_offsets(glia_context *ctx, gli_memory_block *blocks, int n, int steps, size_t *bytes,
                               int64_t *comparisons) {
    occupancy o;
    glia_status status = init(ctx, steps, &o);
    if (status == GLIA_OK) status = assign(&o, blocks, n, bytes);
    if (comparisons) *comparisons = o.comparisons;
    gli_arena_free(ctx, &o.arena);
    return status;
}
