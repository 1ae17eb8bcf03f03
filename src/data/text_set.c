#include "data/text_set.h"

#include <limits.h>
#include <string.h>

#include "core/context_impl.h"

/* FNV-1a. Source: RFC 9923. */
static uint32_t hash_of(const char *text) {
    uint32_t hash = UINT32_C(2166136261);
    for (; *text; ++text) hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
    return hash;
}

/* The slot that has the text, or the free one where it belongs. There is always one. */
static int *slot_of(const gli_text_set *names, const char *text) {
    uint32_t at = hash_of(text);
    for (;; ++at) {
        int *slot = &names->slots[at & (uint32_t)(names->n_slots - 1)];
        if (*slot == 0 || strcmp(gli_text_set_text(names, *slot - 1), text) == 0) return slot;
    }
}

int gli_text_set_find(const gli_text_set *names, const char *text) {
    return names->n_slots > 0 ? *slot_of(names, text) - 1 : -1;
}

/* Twice as many slots. */
static glia_status rehash(glia_context *ctx, gli_text_set *names) {
    enum { FIRST = 16 };
    void *memory;
    const int before = names->n_slots, n = before ? 2 * before : FIRST;
    GLI_TRY(gli_new(ctx, (size_t)n, sizeof(int), "the categories of a table", &memory));
    gli_free(ctx, names->slots, (size_t)before, sizeof(int));
    names->slots   = memory;
    names->n_slots = n;
    for (int i = 0; i < names->n; ++i) *slot_of(names, gli_text_set_text(names, i)) = i + 1;
    return GLIA_OK;
}

glia_status gli_text_set_add(glia_context *ctx, gli_text_set *names, const char *text, int *out) {
    enum { MOST = 1 << 28 };
    static const char what[] = "the categories of a table";
    const size_t bytes       = strlen(text) + 1;
    if (2 * names->n >= names->n_slots) GLI_TRY(rehash(ctx, names));
    int *slot = slot_of(names, text);
    if (*slot == 0) {
        GLI_REQUIRE(ctx, names->n < MOST && bytes <= (size_t)(INT_MAX - names->used), GLIA_UNSUPPORTED,
                    "%s: %d have %d bytes, more are not supported", what, names->n, names->used);
        GLI_TRY(gli_grow(ctx, &names->text, &names->text_capacity, names->used + (int)bytes, 1, what));
        GLI_TRY(gli_grow(ctx, &names->begin, &names->begin_capacity, names->n + 1, sizeof(int), what));
        memcpy(names->text + names->used, text, bytes);
        names->begin[names->n] = names->used;
        names->used += (int)bytes;
        *slot = ++names->n;
    }
    *out = *slot - 1;
    return GLIA_OK;
}

void gli_text_set_free(glia_context *ctx, gli_text_set *names) {
    gli_free(ctx, names->text, (size_t)names->text_capacity, 1);
    gli_free(ctx, names->begin, (size_t)names->begin_capacity, sizeof(int));
    gli_free(ctx, names->slots, (size_t)names->n_slots, sizeof(int));
    *names = (gli_text_set){0};
}
