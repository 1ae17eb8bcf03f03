/* From a call to the provider that runs it. Knows no op and no device. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/provider.h"
#include "core/size.h"

/* What decides whether a prepared call can be used again: the op's numbers and each tensor's layout and alignment. */
typedef struct tensor_key {
    int32_t dtype, ndim, alignment;
    int64_t dim[GLIA_MAX_DIMS], stride[GLIA_MAX_DIMS];
} tensor_key;

enum { CACHE_ENTRIES = 256, WHY = 160 };

typedef struct entry {
    uint64_t hash;
    uint64_t used; /* when, on the cache's clock */
    const gli_provider *provider;
    gli_prepared prepared;
    bool refused; /* prepare said GLIA_UNSUPPORTED */
    char why[WHY];
    void *key;
    size_t key_bytes;
} entry;

typedef struct gli_prepared_cache {
    uint64_t clock;
    entry entries[CACHE_ENTRIES];
} gli_prepared_cache;

static void key_of_tensor(const glia_tensor *tensor, tensor_key *key) {
    memset(key, 0, sizeof *key);
    if (!tensor) return;
    key->dtype     = (int32_t)tensor->dtype + 1;
    key->ndim      = tensor->ndim;
    key->alignment = (int32_t)((uintptr_t)tensor->data % GLI_ALIGNMENT);
    memcpy(key->dim, tensor->dim, (size_t)tensor->ndim * sizeof *key->dim);
    memcpy(key->stride, tensor->stride, (size_t)tensor->ndim * sizeof *key->stride);
}

static glia_status make_key(const gli_call *call, gli_block *out) {
    const size_t tensors = (size_t)(call->n_in + call->op->n_out);
    GLI_TRY(gli_block_alloc(call->ctx, GLI_MAX_GEOMETRY + sizeof call->op + tensors * sizeof(tensor_key), 1,
                            "a key of the plan cache", out));
    char *at = out->data;
    memcpy(at, &call->op, sizeof call->op);
    memcpy(at += sizeof call->op, call->geom, GLI_MAX_GEOMETRY);
    tensor_key *keys = (tensor_key *)(void *)(at + GLI_MAX_GEOMETRY);
    for (int i = 0; i < call->n_in; ++i) key_of_tensor(call->in[i], keys++);
    for (int i = 0; i < call->op->n_out; ++i) key_of_tensor(call->out[i], keys++);
    return GLIA_OK;
}

/* Source: Fowler, Noll, Vo, FNV-1a, 64 bits. */
static uint64_t hash_of(const void *data, size_t bytes) {
    uint64_t hash           = UINT64_C(0xcbf29ce484222325);
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; ++i) hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void entry_free(glia_context *ctx, entry *e) {
    if (e->provider && !e->refused) e->provider->release(&e->prepared);
    gli_free(ctx, e->key, e->key_bytes, 1);
    memset(e, 0, sizeof *e);
}

void gli_prepared_cache_destroy(glia_context *ctx) {
    if (!ctx->cache) return;
    for (int i = 0; i < CACHE_ENTRIES; ++i) entry_free(ctx, &ctx->cache->entries[i]);
    gli_free(ctx, ctx->cache, 1, sizeof *ctx->cache);
    ctx->cache = NULL;
}

/* The entry of this key, or the least recently used one, emptied, with *found false. */
static entry *look_up(glia_context *ctx, const gli_provider *provider, uint64_t hash, const gli_block *key,
                      bool *found) {
    entry *oldest = &ctx->cache->entries[0];
    for (int i = 0; i < CACHE_ENTRIES; ++i) {
        entry *e = &ctx->cache->entries[i];
        if (e->hash == hash && e->provider == provider && e->key_bytes == key->bytes &&
            memcmp(e->key, key->data, key->bytes) == 0) {
            *found = true;
            return e;
        }
        if (e->used < oldest->used) oldest = e;
    }
    *found = false;
    entry_free(ctx, oldest);
    return oldest;
}

/* A provider that declines is no failure of the context: what it said is the reason, and the context keeps the message
 * it had. */
static glia_status prepare_now(const gli_call *call, const gli_provider *provider, gli_prepared *out, char *why) {
    glia_context *ctx = call->ctx;
    char before[sizeof ctx->message];
    memcpy(before, ctx->message, sizeof before);
    ctx->message[0]          = '\0';
    const glia_status status = provider->prepare(call, out);
    if (status == GLIA_UNSUPPORTED)
        snprintf(why, WHY, "%.*s", WHY - 1,
                 ctx->message[0] ? ctx->message : "its library does not implement this call");
    if (status == GLIA_OK || status == GLIA_UNSUPPORTED) memcpy(ctx->message, before, sizeof before);
    return status;
}

static glia_status prepare_cached(const gli_call *call, const gli_provider *provider, gli_choice *out, char *why) {
    glia_context *ctx = call->ctx;
    void *memory;
    if (!ctx->cache) {
        GLI_TRY(gli_new(ctx, 1, sizeof *ctx->cache, "the plan cache", &memory));
        ctx->cache = memory;
    }
    gli_block key;
    GLI_TRY(make_key(call, &key));
    const uint64_t hash = hash_of(key.data, key.bytes);
    bool found;
    entry *e = look_up(ctx, provider, hash, &key, &found);
    if (!found) {
        gli_prepared prepared    = {0};
        const glia_status status = prepare_now(call, provider, &prepared, why);
        if (status != GLIA_OK && status != GLIA_UNSUPPORTED) {
            gli_block_free(ctx, &key);
            return status;
        }
        *e = (entry){.hash      = hash,
                     .provider  = provider,
                     .prepared  = prepared,
                     .refused   = status != GLIA_OK,
                     .key       = key.data,
                     .key_bytes = key.bytes};
        if (e->refused) memcpy(e->why, why, WHY);
    } else {
        gli_block_free(ctx, &key);
    }
    e->used = ++ctx->cache->clock;
    *out    = (gli_choice){.provider = provider, .prepared = e->prepared};
    if (!e->refused) return GLIA_OK;
    memcpy(why, e->why, WHY);
    return GLIA_UNSUPPORTED;
}

/* why: WHY bytes, for the reason where it declines. */
static glia_status prepare(const gli_call *call, const gli_provider *provider, bool use_cache, gli_choice *out,
                           char *why) {
    *out = (gli_choice){.provider = provider};
    if (!provider->prepare) return GLIA_OK;
    if (provider->release && use_cache) return prepare_cached(call, provider, out, why);
    GLI_TRY(prepare_now(call, provider, &out->prepared, why));
    out->owned = provider->release != NULL;
    return GLIA_OK;
}

void gli_note_writer(const gli_call *call, const gli_provider *writer, glia_tensor *reserve) {
    reserve->writer      = writer;
    reserve->written_for = hash_of(call->geom, call->op->geom_size);
}

/* What the call has to read can be read by one provider alone; NULL: by each. */
static glia_status only_reader(const gli_call *call, const gli_provider **out) {
    const gli_op *op           = call->op;
    const glia_tensor *reserve = op->reserve_in ? call->in[op->reserve_in - 1] : NULL;
    *out                       = reserve ? reserve->writer : NULL;
    if (!reserve || gli_count(reserve) == 0) return GLIA_OK;
    GLI_REQUIRE(call->ctx, *out, GLIA_INVALID_ARGUMENT, "%s: %s holds nothing that %s wrote", op->name,
                op->in_names[op->reserve_in - 1], op->forward->name);
    GLI_REQUIRE(call->ctx, reserve->written_for == hash_of(call->geom, op->geom_size), GLIA_INVALID_ARGUMENT,
                "%s: %s was written by a call of %s with other params or shapes", op->name,
                op->in_names[op->reserve_in - 1], op->forward->name);
    return GLIA_OK;
}

glia_status gli_choose(const gli_call *call, bool use_cache, gli_choice *out) {
    glia_context *ctx  = call->ctx;
    const char *reason = "no such provider";
    char why[WHY];
    const gli_provider *reader;
    GLI_TRY(only_reader(call, &reader));
    for (const gli_provider *const *it = ctx->device->providers(call->op); *it; ++it) {
        const gli_provider *provider = *it;
        if (ctx->provider[0] && strcmp(ctx->provider, provider->name) != 0) continue;
        reason = reader && strcmp(reader->name, provider->name) != 0 ? "another provider wrote what it has to read"
                 : provider->decline                                 ? provider->decline(call)
                                                                     : NULL;
        if (!reason) {
            const glia_status status = prepare(call, provider, use_cache, out, why);
            if (status == GLIA_OK) {
                gli_log(ctx, GLI_LOG_DISPATCH, "dispatch %s: %s", call->op->name, provider->name);
                return GLIA_OK;
            }
            if (status != GLIA_UNSUPPORTED) return status;
            reason = why;
        }
        gli_log(ctx, GLI_LOG_DISPATCH, "dispatch %s: %s declines: %s", call->op->name, provider->name, reason);
    }
    if (ctx->provider[0])
        return gli_fail(ctx, GLIA_UNSUPPORTED, "%s: GLIA_PROVIDER forces %s, which declines: %s", call->op->name,
                        ctx->provider, reason);
    return gli_fail(ctx, GLIA_UNSUPPORTED, "%s: every provider declined, the last because: %s", call->op->name, reason);
}

void gli_choice_free(gli_choice *choice) {
    if (choice->owned) choice->provider->release(&choice->prepared);
    *choice = (gli_choice){0};
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static glia_status run_and_log(const gli_call *call, const gli_choice *choice, void *workspace) {
    if (!gli_log_wants(call->ctx, GLI_LOG_TIME)) return choice->provider->run(call, &choice->prepared, workspace);
    const double start = seconds();
    GLI_TRY(choice->provider->run(call, &choice->prepared, workspace));
    GLI_TRY(call->ctx->device->synchronize(call->ctx));
    gli_log(call->ctx, GLI_LOG_TIME, "time %s %s: %.1f us", call->op->name, choice->provider->name,
            1e6 * (seconds() - start));
    return GLIA_OK;
}

glia_status gli_run(const gli_call *call, const gli_choice *choice, void *workspace) {
    if (!call->ctx->shadow || strcmp(choice->provider->name, "cpu.ref") == 0 || !gli_shadow_possible(call))
        return run_and_log(call, choice, workspace);
    gli_shadow *shadow;
    GLI_TRY(gli_shadow_begin(call, &shadow));
    const glia_status ran     = run_and_log(call, choice, workspace);
    const glia_status checked = gli_shadow_end(call, choice->provider->name, shadow, ran == GLIA_OK);
    return ran != GLIA_OK ? ran : checked;
}
