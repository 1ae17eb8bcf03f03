/* Open addressing with linear probing. */
#include "text/token_table.h"

#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "core/utf8.h"

typedef struct token_entry {
    size_t begin, bytes; /* in text */
    uint64_t hash;
} token_entry;

/* FNV-1a, and a last step that mixes the upper bits, its best ones, into the lower ones, which choose a slot.
 * Source: http://www.isthe.com/chongo/tech/comp/fnv */
uint64_t gli_token_hash(glia_text token) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < token.bytes; ++i) hash = (hash ^ (unsigned char)token.data[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

int gli_token_compare(glia_text a, glia_text b) {
    const size_t shared = gli_min_size(a.bytes, b.bytes);
    const int order     = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
    return order ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

static const token_entry *entry_of(const gli_token_table *table, int64_t number) {
    return (const token_entry *)table->entries.block.data + number;
}

static size_t slot_count(const gli_token_table *table) { return table->slots.bytes / sizeof(int32_t); }

int64_t gli_token_table_count(const gli_token_table *table) {
    return (int64_t)(table->entries.used / sizeof(token_entry));
}

glia_text gli_token_table_get(const gli_token_table *table, int64_t number) {
    const token_entry *entry = entry_of(table, number);
    return (glia_text){(const char *)table->text.block.data + entry->begin, entry->bytes};
}

/* The slot of a token, or the empty one where it belongs. The table has slots. */
static int32_t *slot_of(const gli_token_table *table, glia_text token, uint64_t hash) {
    int32_t *slots    = table->slots.data;
    const size_t mask = slot_count(table) - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        if (slots[i] < 0) return &slots[i];
        const token_entry *entry = entry_of(table, slots[i]);
        if (entry->hash == hash && entry->bytes == token.bytes &&
            memcmp(gli_token_table_get(table, slots[i]).data, token.data, token.bytes) == 0)
            return &slots[i];
    }
}

int64_t gli_token_table_find(const gli_token_table *table, glia_text token) {
    return token.bytes > 0 && table->slots.data ? *slot_of(table, token, gli_token_hash(token)) : -1;
}

/* Doubles the slots when they are half full. */
static glia_status grow(gli_token_table *table) {
    enum { MIN_SLOTS = 1 << 8 };
    const int64_t count = gli_token_table_count(table);
    const size_t old    = slot_count(table);
    if ((size_t)count < old / 2) return GLIA_OK;
    gli_token_table larger = *table;
    const size_t n_slots   = old ? 2 * old : MIN_SLOTS;
    GLI_TRY(gli_block_alloc(table->ctx, n_slots, sizeof(int32_t), "a table of tokens", &larger.slots));
    memset(larger.slots.data, 0xff, larger.slots.bytes);
    for (int64_t i = 0; i < count; ++i)
        *slot_of(&larger, gli_token_table_get(table, i), entry_of(table, i)->hash) = (int32_t)i;
    gli_block_free(table->ctx, &table->slots);
    table->slots = larger.slots;
    return GLIA_OK;
}

glia_status gli_token_table_add(gli_token_table *table, glia_text token, int64_t *number) {
    GLI_TRY(grow(table));
    const token_entry entry = {.begin = table->text.used, .bytes = token.bytes, .hash = gli_token_hash(token)};
    int32_t *slot           = slot_of(table, token, entry.hash);
    if (*slot < 0) {
        const int64_t next = gli_token_table_count(table);
        GLI_REQUIRE(table->ctx, next < INT32_MAX - 2, GLIA_UNSUPPORTED, "more than %d different tokens", INT32_MAX - 2);
        GLI_TRY(gli_byte_buffer_append(table->ctx, &table->text, token.data, token.bytes, "a table of tokens"));
        GLI_TRY(gli_byte_buffer_append(table->ctx, &table->text, "", 1, "a table of tokens"));
        GLI_TRY(gli_byte_buffer_append(table->ctx, &table->entries, &entry, sizeof entry, "a table of tokens"));
        *slot = (int32_t)next;
    }
    *number = *slot;
    return GLIA_OK;
}

glia_status gli_token_table_add_new(gli_token_table *table, glia_status refusal, const char *source, glia_text token,
                                    int64_t first) {
    glia_context *ctx   = table->ctx;
    const int64_t count = gli_token_table_count(table);
    int64_t number;
    GLI_REQUIRE(ctx, token.data && token.bytes > 0, refusal, "%s: the token is empty", source);
    GLI_REQUIRE(ctx, gli_utf8_valid(token.data, token.bytes), refusal, "%s: the token of %zu bytes is not valid UTF-8",
                source, token.bytes);
    GLI_TRY(gli_token_table_add(table, token, &number));
    GLI_REQUIRE(ctx, number == count, refusal, "%s: the token '%.*s' has the index %lld already", source,
                (int)gli_min_size(token.bytes, 64), token.data, (long long)(first + number));
    return GLIA_OK;
}

void gli_token_table_clear(gli_token_table *table) {
    gli_block_free(table->ctx, &table->text.block);
    gli_block_free(table->ctx, &table->entries.block);
    gli_block_free(table->ctx, &table->slots);
    *table = (gli_token_table){.ctx = table->ctx};
}
