#include "data/balance.h"

#include <stdlib.h>

#include "core/context_impl.h"
#include "core/philox.h"

typedef struct labelled {
    int64_t label, sample;
} labelled;

struct gli_balance {
    glia_context *ctx;
    int64_t count, classes;
    gli_block class_of; /* of each sample, 0 to classes-1 */
    gli_block first;    /* of each class: how many samples are in the classes before it; and the count */
    gli_block members;  /* the samples, class by class, each in the order of an epoch */
    gli_block filled;   /* of each class: members so far */
    gli_block random;   /* a permutation of the samples */
};

static int by_label(const void *a, const void *b) {
    const labelled *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return x->sample < y->sample ? -1 : x->sample > y->sample;
}

/* Numbers the classes in the order of their labels. */
static void number_classes(gli_balance *b, const labelled *sorted) {
    int64_t *class_of = b->class_of.data, *first = b->first.data;
    for (int64_t i = 0; i < b->count; ++i) {
        if (i == 0 || sorted[i].label != sorted[i - 1].label) first[b->classes++] = i;
        class_of[sorted[i].sample] = b->classes - 1;
    }
    first[b->classes] = b->count;
}

static glia_status sort(gli_balance *b, const int64_t *labels) {
    gli_block block;
    GLI_TRY(gli_block_alloc(b->ctx, (size_t)b->count, sizeof(labelled), "the classes of a dataset", &block));
    labelled *all = block.data;
    for (int64_t i = 0; i < b->count; ++i) all[i] = (labelled){labels[i], i};
    if (b->count > 1) qsort(all, (size_t)b->count, sizeof *all, by_label);
    number_classes(b, all);
    gli_block_free(b->ctx, &block);
    return GLIA_OK;
}

static glia_status fill(gli_balance *b, const glia_dataset *dataset) {
    const char *what   = "the classes of a dataset";
    const size_t count = (size_t)b->count;
    gli_block labels;
    GLI_TRY(gli_block_alloc(b->ctx, count, sizeof(int64_t), what, &b->class_of));
    GLI_TRY(gli_block_alloc(b->ctx, count + 1, sizeof(int64_t), what, &b->first));
    GLI_TRY(gli_block_alloc(b->ctx, count, sizeof(int64_t), what, &b->members));
    GLI_TRY(gli_block_alloc(b->ctx, count, sizeof(int64_t), what, &b->random));
    GLI_TRY(gli_dataset_labels(dataset, "balanced", 0, &labels));
    glia_status status = sort(b, labels.data);
    gli_block_free(b->ctx, &labels);
    if (status == GLIA_OK) status = gli_block_alloc(b->ctx, (size_t)b->classes, sizeof(int64_t), what, &b->filled);
    return status;
}

glia_status gli_balance_create(const glia_dataset *dataset, gli_balance **out) {
    void *memory;
    GLI_TRY(gli_new(dataset->ctx, 1, sizeof **out, "the classes of a dataset", &memory));
    gli_balance *b           = memory;
    b->ctx                   = dataset->ctx;
    b->count                 = dataset->count;
    const glia_status status = fill(b, dataset);
    if (status != GLIA_OK) return gli_balance_destroy(b), status;
    *out = b;
    return GLIA_OK;
}

void gli_balance_destroy(gli_balance *b) {
    if (!b) return;
    gli_block_free(b->ctx, &b->class_of);
    gli_block_free(b->ctx, &b->first);
    gli_block_free(b->ctx, &b->members);
    gli_block_free(b->ctx, &b->filled);
    gli_block_free(b->ctx, &b->random);
    gli_free(b->ctx, b, 1, sizeof *b);
}

/* The members of each class in a random order. */
static void shuffle_members(gli_balance *b, uint64_t seed, uint32_t epoch) {
    const int64_t *class_of = b->class_of.data, *first = b->first.data;
    int64_t *members = b->members.data, *filled = b->filled.data, *random = b->random.data;
    gli_random_permutation((gli_random){seed, GLI_STREAM_BALANCE, epoch}, b->count, random);
    for (int64_t c = 0; c < b->classes; ++c) filled[c] = 0;
    for (int64_t i = 0; i < b->count; ++i) {
        const int64_t c                 = class_of[random[i]];
        members[first[c] + filled[c]++] = random[i];
    }
}

/* Which classes have one sample more than the others moves on from epoch to epoch. */
void gli_balance_order(gli_balance *b, uint64_t seed, uint32_t epoch, int64_t *order) {
    const int64_t *first = b->first.data, *members = b->members.data;
    int64_t *place = b->random.data, n = 0;
    if (b->count == 0) return;
    shuffle_members(b, seed, epoch);
    gli_random_permutation((gli_random){seed, GLI_STREAM_SHUFFLE, epoch}, b->count, place);
    for (int64_t c = 0; c < b->classes; ++c) {
        const bool more     = (c + epoch) % b->classes < b->count % b->classes;
        const int64_t share = b->count / b->classes + more, size = first[c + 1] - first[c];
        for (int64_t k = 0; k < share; ++k) order[place[n++]] = members[first[c] + k % size];
    }
}
