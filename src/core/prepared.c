#include "core/prepared.h"

#include <stdio.h>
#include <string.h>

/* Calls in use are bounded by the plans that hold them; an idle primitive of oneDNN is about 130 kB of machine code. */
enum { MAX_IDLE = 256 };

struct gli_prepared_entry {
    uint64_t hash;
    struct gli_prepared_entry *next;          /* of the same bucket */
    struct gli_prepared_entry *older, *newer; /* while idle: by last use */
    const gli_provider *provider;
    gli_prepared prepared;
    int users;
    char *why; /* of a refusal, stored after the key; NULL: prepared */
    size_t bytes, words;
    uint64_t key[];
};

typedef struct gli_prepared_cache {
    gli_prepared_entry **bucket;
    int buckets, kept, idle; /* buckets: a power of two, or 0 */
    gli_prepared_entry *oldest, *newest;
} gli_prepared_cache;

/* What decides whether a prepared call can be used again: the op's numbers, each tensor's layout and alignment, and
 * which input an output shares its memory with. */
enum { KEY_WORDS = 2 + GLI_MAX_GEOMETRY / 8 + (GLI_MAX_IN + GLI_MAX_OUT) * (1 + 2 * GLIA_MAX_DIMS) };

typedef struct key {
    size_t words;
    uint64_t word[KEY_WORDS];
} key;

static void add_tensor(key *k, const glia_tensor *tensor, int shares) {
    if (!tensor) {
        k->word[k->words++] = 0;
        return;
    }
    k->word[k->words++] = ((uint64_t)tensor->dtype + 1) | (uint64_t)tensor->ndim << 8 |
                          (uint64_t)((uintptr_t)tensor->data % GLI_ALIGNMENT) << 16 | (uint64_t)(shares + 1) << 32;
    for (int i = 0; i < tensor->ndim; ++i) {
        k->word[k->words++] = (uint64_t)tensor->dim[i];
        k->word[k->words++] = (uint64_t)tensor->stride[i];
    }
}

static int shared_input(const gli_call *call, int o) {
    for (int i = 0; call->out[o] && i < call->n_in; ++i)
        if (call->in[i] && call->in[i]->data == call->out[o]->data && gli_in_place(call->op, o, i)) return i;
    return -1;
}

static void make_key(const gli_call *call, const gli_provider *provider, key *k) {
    const size_t geom   = (call->op->geom_size + 7) / 8;
    k->words            = 0;
    k->word[k->words++] = (uint64_t)(uintptr_t)call->op;
    k->word[k->words++] = (uint64_t)(uintptr_t)provider;
    memcpy(&k->word[k->words], call->geom, geom * 8);
    k->words += geom;
    for (int i = 0; i < call->n_in; ++i) add_tensor(k, call->in[i], -1);
    for (int o = 0; o < call->op->n_outputs; ++o) add_tensor(k, call->out[o], shared_input(call, o));
}

/* Source: Appleby, MurmurHash2, 64-bit version for 64-bit platforms. */
static uint64_t hash_of(const key *k) {
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    uint64_t h       = k->words * 8 * m;
    for (size_t i = 0; i < k->words; ++i) {
        uint64_t w = k->word[i] * m;
        w ^= w >> 47;
        h = (h ^ w * m) * m;
    }
    h = (h ^ h >> 47) * m;
    return h ^ h >> 47;
}

static gli_prepared_entry *find(const gli_prepared_cache *cache, const key *k, uint64_t hash) {
    if (!cache->buckets) return NULL;
    gli_prepared_entry *e = cache->bucket[hash & (uint64_t)(cache->buckets - 1)];
    while (e && (e->hash != hash || e->words != k->words || memcmp(e->key, k->word, k->words * 8) != 0)) e = e->next;
    return e;
}

static void make_idle(gli_prepared_cache *cache, gli_prepared_entry *e) {
    e->older = cache->newest, e->newer = NULL;
    if (e->older)
        e->older->newer = e;
    else
        cache->oldest = e;
    cache->newest = e;
    ++cache->idle;
}

static void make_busy(gli_prepared_cache *cache, gli_prepared_entry *e) {
    if (e->older)
        e->older->newer = e->newer;
    else
        cache->oldest = e->newer;
    if (e->newer)
        e->newer->older = e->older;
    else
        cache->newest = e->older;
    --cache->idle;
}

static void drop(glia_context *ctx, gli_prepared_entry *e) {
    gli_prepared_cache *cache = ctx->cache;
    make_busy(cache, e);
    gli_prepared_entry **link = &cache->bucket[e->hash & (uint64_t)(cache->buckets - 1)];
    while (*link != e) link = &(*link)->next;
    *link = e->next;
    if (!e->why) e->provider->release(&e->prepared);
    gli_free(ctx, e, 1, e->bytes);
    --cache->kept;
}

/* Keeps at least as many buckets as entries, so that a search looks at one or two. */
static glia_status grow_buckets(glia_context *ctx) {
    gli_prepared_cache *cache = ctx->cache;
    if (cache->kept < cache->buckets) return GLIA_OK;
    const int buckets = cache->buckets ? 2 * cache->buckets : 64;
    void *memory;
    GLI_TRY(gli_new(ctx, (size_t)buckets, sizeof *cache->bucket, "the cache of prepared calls", &memory));
    gli_prepared_entry **bucket = memory;
    for (int b = 0; b < cache->buckets; ++b)
        for (gli_prepared_entry *e = cache->bucket[b], *next; e; e = next) {
            next                      = e->next;
            gli_prepared_entry **head = &bucket[e->hash & (uint64_t)(buckets - 1)];
            e->next                   = *head;
            *head                     = e;
        }
    gli_free(ctx, cache->bucket, (size_t)cache->buckets, sizeof *cache->bucket);
    cache->bucket = bucket, cache->buckets = buckets;
    return GLIA_OK;
}

glia_status gli_prepare(const gli_call *call, const gli_provider *provider, gli_prepared *out, char *why) {
    glia_context *ctx = call->ctx;
    char before[sizeof ctx->message];
    memcpy(before, ctx->message, sizeof before);
    ctx->message[0]          = '\0';
    const glia_status status = provider->prepare(call, out);
    if (status == GLIA_UNSUPPORTED)
        snprintf(why, GLI_REASON, "%.*s", GLI_REASON - 1,
                 ctx->message[0] ? ctx->message : "its library does not implement this call");
    if (status == GLIA_OK || status == GLIA_UNSUPPORTED) memcpy(ctx->message, before, sizeof before);
    return status;
}

static glia_status add(const gli_call *call, const gli_provider *provider, const key *k, uint64_t hash,
                       gli_prepared_entry **out) {
    glia_context *ctx     = call->ctx;
    gli_prepared prepared = {0};
    char why[GLI_REASON];
    void *memory;
    GLI_TRY(grow_buckets(ctx));
    const glia_status status = gli_prepare(call, provider, &prepared, why);
    if (status != GLIA_OK && status != GLIA_UNSUPPORTED) return status;
    const size_t text       = status == GLIA_OK ? 0 : strlen(why) + 1;
    const size_t bytes      = sizeof(gli_prepared_entry) + k->words * sizeof(uint64_t) + text;
    const glia_status given = gli_new(ctx, 1, bytes, "the cache of prepared calls", &memory);
    if (given != GLIA_OK) {
        if (status == GLIA_OK) provider->release(&prepared);
        return given;
    }
    gli_prepared_entry *e = memory;
    e->hash = hash, e->provider = provider, e->prepared = prepared, e->bytes = bytes, e->words = k->words;
    memcpy(e->key, k->word, k->words * sizeof *e->key);
    if (text) e->why = memcpy((char *)(e->key + k->words), why, text);
    gli_prepared_entry **head = &ctx->cache->bucket[hash & (uint64_t)(ctx->cache->buckets - 1)];
    e->next                   = *head;
    *head                     = e;
    ++ctx->cache->kept;
    make_idle(ctx->cache, e);
    *out = e;
    return GLIA_OK;
}

glia_status gli_prepared_take(const gli_call *call, const gli_provider *provider, char *why, gli_prepared_entry **out) {
    glia_context *ctx = call->ctx;
    key k;
    if (!ctx->cache) {
        void *memory;
        GLI_TRY(gli_new(ctx, 1, sizeof *ctx->cache, "the cache of prepared calls", &memory));
        ctx->cache = memory;
    }
    make_key(call, provider, &k);
    const uint64_t hash   = hash_of(&k);
    gli_prepared_entry *e = find(ctx->cache, &k, hash);
    if (!e) GLI_TRY(add(call, provider, &k, hash, &e));
    if (e->users == 0) make_busy(ctx->cache, e);
    ++e->users;
    if (e->why) {
        snprintf(why, GLI_REASON, "%s", e->why);
        gli_prepared_give_back(ctx, e);
        return GLIA_UNSUPPORTED;
    }
    *out = e;
    return GLIA_OK;
}

void gli_prepared_give_back(glia_context *ctx, gli_prepared_entry *entry) {
    if (--entry->users > 0) return;
    make_idle(ctx->cache, entry);
    if (ctx->cache->idle > MAX_IDLE) drop(ctx, ctx->cache->oldest);
}

const gli_prepared *gli_prepared_of(const gli_prepared_entry *entry) { return &entry->prepared; }

void gli_prepared_count(const glia_context *ctx, int *kept, int *idle) {
    *kept = ctx->cache ? ctx->cache->kept : 0;
    *idle = ctx->cache ? ctx->cache->idle : 0;
}

bool gli_prepared_trim(glia_context *ctx) {
    gli_prepared_cache *cache = ctx->cache;
    if (!cache) return false;
    const bool any = cache->idle > 0;
    while (cache->oldest) drop(ctx, cache->oldest);
    if (cache->kept > 0) return any;
    gli_free(ctx, cache->bucket, (size_t)cache->buckets, sizeof *cache->bucket);
    gli_free(ctx, cache, 1, sizeof *cache);
    ctx->cache = NULL;
    return true;
}
