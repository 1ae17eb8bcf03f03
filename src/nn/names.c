#include "nn/names.h"

#include <stdio.h>
#include <string.h>

#include "core/memory.h"

/* FNV-1a. Source: Fowler, Noll, Vo. */
static uint64_t hash_of(const char *text) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; ++text) hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

/* The slot that has the text, or the free one where it belongs. */
static gli_name *slot_of(const gli_names *names, const char *text) {
    const uint64_t mask = (uint64_t)names->capacity - 1;
    uint64_t i          = hash_of(text) & mask;
    while (names->slots[i].text[0] && strcmp(names->slots[i].text, text) != 0) i = (i + 1) & mask;
    return &names->slots[i];
}

void gli_names_free(glia_context *ctx, gli_names *names) {
    gli_free(ctx, names->slots, (size_t)names->capacity, sizeof *names->slots);
    *names = (gli_names){0};
}

gli_name *gli_names_find(const gli_names *names, const char *text) {
    gli_name *slot = names->count ? slot_of(names, text) : NULL;
    return slot && slot->text[0] ? slot : NULL;
}

static glia_status enlarge(glia_context *ctx, gli_names *names) {
    gli_names larger = {.capacity = names->capacity ? 2 * names->capacity : 64, .count = names->count};
    void *memory;
    GLI_TRY(gli_new(ctx, (size_t)larger.capacity, sizeof *larger.slots, "a model", &memory));
    larger.slots = memory;
    for (int i = 0; i < names->capacity; ++i)
        if (names->slots[i].text[0]) *slot_of(&larger, names->slots[i].text) = names->slots[i];
    gli_names_free(ctx, names);
    *names = larger;
    return GLIA_OK;
}

glia_status gli_names_reserve(glia_context *ctx, gli_names *names) {
    return 2 * (names->count + 1) > names->capacity ? enlarge(ctx, names) : GLIA_OK;
}

void gli_names_add(gli_names *names, const char *text, int value) {
    gli_name *slot = slot_of(names, text);
    snprintf(slot->text, sizeof slot->text, "%s", text);
    slot->value = value;
    slot->next  = 1;
    ++names->count;
}

void gli_names_make(gli_names *names, const char *stem, char out[GLI_NAME_SIZE]) {
    gli_name *taken = gli_names_find(names, stem);
    snprintf(out, GLI_NAME_SIZE, "%s", stem);
    while (taken && gli_names_find(names, out))
        snprintf(out, GLI_NAME_SIZE, "%.*s_%d", GLI_NAME_LIMIT, stem, taken->next++);
}
