#define _POSIX_C_SOURCE 200809L
#include "core/context_impl.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/device.h"
#include "core/float_mode.h"
#include "core/prepared.h"
#include "core/print.h"
#include "core/team.h"

enum { MAX_THREADS = 1024 };

/* Its address identifies a thread. */
static _Thread_local char this_thread;

static void log_to_stderr(void *user, const char *line) {
    (void)user;
    char whole[800];
    const int length = snprintf(whole, sizeof whole, "glia: %s\n", line);
    if (length > 0) gli_print(stderr, whole);
}

/* The value of a variable; one that is empty counts as not set. */
static const char *variable(const char *name) {
    const char *text = getenv(name);
    return text && *text ? text : NULL;
}

/* The number that text begins with, up to one of the characters of `ends` or its own end; 0: none from 1 to 1024. */
static int thread_number(const char *text, const char *ends) {
    char *end;
    errno             = 0;
    const long number = strtol(text, &end, 10);
    const bool whole  = end != text && errno == 0 && (*end == '\0' || strchr(ends, *end));
    return whole && number >= 1 && number <= MAX_THREADS ? (int)number : 0;
}

static glia_status read_threads(int *out) {
    const char *own = variable("GLIA_NUM_THREADS"), *openmp = variable("OMP_NUM_THREADS");
    *out = own ? thread_number(own, "") : openmp ? thread_number(openmp, ",") : 0; /* OpenMP's: a list, of levels */
    if (own && !*out)
        return gli_fail_early(GLIA_INVALID_ARGUMENT, "GLIA_NUM_THREADS is '%.64s', must be a number from 1 to %d", own,
                              MAX_THREADS);
    if (!*out) *out = gli_team_default_size();
    return GLIA_OK;
}

static glia_status read_log(unsigned *out) {
    static const struct {
        const char *name;
        unsigned categories;
    } known[]        = {{"info", GLI_LOG_INFO},
                        {"dispatch", GLI_LOG_DISPATCH},
                        {"time", GLI_LOG_TIME},
                        {"plan", GLI_LOG_PLAN},
                        {"all", ~0u}};
    const char *text = variable("GLIA_LOG");
    *out             = 0;
    while (text && *text) {
        const size_t length = strcspn(text, ",");
        size_t i            = 0;
        while (i < sizeof known / sizeof *known &&
               !(strlen(known[i].name) == length && memcmp(known[i].name, text, length) == 0))
            ++i;
        if (i == sizeof known / sizeof *known)
            return gli_fail_early(GLIA_INVALID_ARGUMENT,
                                  "GLIA_LOG has '%.*s', knows info, dispatch, time, plan and all",
                                  (int)(length < 64 ? length : 64), text);
        *out |= known[i].categories;
        text += length + (text[length] == ',');
    }
    return GLIA_OK;
}

static glia_status read_environment(glia_context *ctx, const glia_context_args *args) {
    GLI_TRY(read_log(&ctx->log_categories));
    ctx->log      = args->log ? args->log : log_to_stderr;
    ctx->log_user = args->log_user;
    if (args->log && !variable("GLIA_LOG")) ctx->log_categories = GLI_LOG_INFO;

    GLI_TRY(read_threads(&ctx->threads));
    if (args->threads) ctx->threads = args->threads;

    const char *provider = variable("GLIA_PROVIDER");
    if (provider) {
        char names[256];
        gli_provider_names(ctx->device, names, sizeof names);
        if (!gli_provider_known(ctx->device, provider))
            return gli_fail_early(GLIA_INVALID_ARGUMENT,
                                  "GLIA_PROVIDER is '%.64s', which no op has on device %s: there are %s", provider,
                                  ctx->device_name, names);
        snprintf(ctx->provider, sizeof ctx->provider, "%s", provider);
    }
    const char *check = variable("GLIA_CHECK");
    if (check) {
        if (strcmp(check, "shadow") != 0)
            return gli_fail_early(GLIA_INVALID_ARGUMENT, "GLIA_CHECK is '%.64s', knows shadow", check);
        ctx->shadow = true;
    }
    return GLIA_OK;
}

static glia_status check_args(const glia_context_args *args) {
    if (args->threads < 0 || args->threads > MAX_THREADS)
        return gli_fail_early(GLIA_INVALID_ARGUMENT, "threads is %d, must be 0 to %d", args->threads, MAX_THREADS);
    if ((unsigned)args->math > GLIA_MATH_BF16)
        return gli_fail_early(GLIA_INVALID_ARGUMENT, "invalid math %d", (int)args->math);
    if (!args->allocator.alloc != !args->allocator.release)
        return gli_fail_early(GLIA_INVALID_ARGUMENT, "allocator needs both alloc and release, or neither");
    return GLIA_OK;
}

/* With "auto", a GPU that does not open is not a failure. */
static glia_status open_device(glia_context *ctx, gli_device_choice *choice, bool automatic) {
    const glia_status status = ctx->device->open(ctx, choice->index);
    if (status == GLIA_OK || status == GLIA_INVALID_ARGUMENT || !automatic) return status;
    snprintf(choice->why, sizeof choice->why, "%.*s", (int)sizeof choice->why - 1, ctx->message);
    GLI_REQUIRE(ctx, !ctx->provider[0] || gli_provider_known(&gli_cpu_device, ctx->provider), status,
                "%s; and GLIA_PROVIDER is %s, which the CPU does not have", choice->why, ctx->provider);
    ctx->device = &gli_cpu_device;
    snprintf(ctx->device_name, sizeof ctx->device_name, "cpu");
    gli_forget_failure(ctx);
    return ctx->device->open(ctx, 0);
}

/* A context and its team are one block. */
static size_t team_offset(void) { return (sizeof(glia_context) + GLI_ALIGNMENT - 1) / GLI_ALIGNMENT * GLI_ALIGNMENT; }

static size_t block_bytes(const glia_context *ctx) { return team_offset() + gli_team_bytes(ctx->threads); }

static void free_context(glia_context *ctx) {
    const glia_allocator allocator = ctx->memory.allocator;
    gli_team_end(ctx->team);
    allocator.release(allocator.user, ctx, block_bytes(ctx));
}

glia_status glia_context_create(const char *device, const glia_context_args *args, glia_context **out) {
    const glia_context_args defaults = {0};
    if (!out) return gli_fail_early(GLIA_INVALID_ARGUMENT, "glia_context_create: out is NULL");
    if (!args) args = &defaults;
    if (!device) device = variable("GLIA_DEVICE");
    if (!device) device = "auto";
    GLI_TRY(check_args(args));

    gli_device_choice choice;
    glia_context found = {.seed = args->seed, .math = args->math, .nondeterministic = args->nondeterministic};
    GLI_TRY(gli_device_find(device, &choice));
    found.device = choice.device;
    memcpy(found.device_name, choice.name, sizeof found.device_name);
    GLI_TRY(read_environment(&found, args));
    gli_memory_init(&found.memory, &args->allocator);

    const size_t bytes = block_bytes(&found);
    glia_context *ctx  = found.memory.allocator.alloc(found.memory.allocator.user, bytes, GLI_ALIGNMENT);
    if (!ctx) return gli_fail_early(GLIA_OUT_OF_MEMORY, "out of memory: %zu bytes for a context", bytes);
    memcpy(ctx, &found, sizeof found);
    ctx->team = (gli_team *)((char *)ctx + team_offset());
    gli_team_init(ctx->team, ctx->threads);
    ctx->references          = 1;
    const glia_status status = open_device(ctx, &choice, strcmp(device, "auto") == 0);
    if (status != GLIA_OK) {
        gli_fail_early(status, "%s", ctx->message);
        free_context(ctx);
        return status;
    }
    if (choice.why[0]) gli_log(ctx, GLI_LOG_INFO, "device auto: %s, because: %s", ctx->device_name, choice.why);
    gli_log(ctx, GLI_LOG_INFO, "device %s, %d threads, seed %llu", ctx->device_name, ctx->threads,
            (unsigned long long)ctx->seed);
    *out = ctx;
    return GLIA_OK;
}

void gli_context_retain(glia_context *ctx) { __atomic_fetch_add(&ctx->references, 1, __ATOMIC_RELAXED); }

void gli_context_release(glia_context *ctx) {
    if (__atomic_fetch_sub(&ctx->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    gli_prepared_trim(ctx);
    ctx->device->release(ctx, &ctx->scratch);
    if (ctx->device->close) ctx->device->close(ctx);
    free_context(ctx);
}

void glia_context_destroy(glia_context *ctx) {
    if (ctx) gli_context_release(ctx);
}

glia_status gli_enter(glia_context *ctx) {
    if (!ctx) return gli_fail_early(GLIA_INVALID_ARGUMENT, "the context is NULL");
    const void *no_user = NULL;
    const bool inside   = __atomic_load_n(&ctx->user, __ATOMIC_RELAXED) == &this_thread;
    if (!inside &&
        !__atomic_compare_exchange_n(&ctx->user, &no_user, &this_thread, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return gli_refuse(ctx);
    gli_refuse(NULL);
    if (++ctx->depth > 1) return GLIA_OK;
    ctx->float_mode = gli_float_mode_enter(false);
    if (!ctx->device->enter) return GLIA_OK;
    const glia_status status = ctx->device->enter(ctx);
    if (status != GLIA_OK) gli_leave(ctx);
    return status;
}

void gli_leave(glia_context *ctx) {
    if (--ctx->depth > 0) return;
    gli_float_mode_leave(ctx->float_mode);
    __atomic_store_n(&ctx->user, NULL, __ATOMIC_RELEASE);
}

void *glia_context_stream(const glia_context *ctx) { return ctx ? gli_stream(ctx) : NULL; }

void *gli_stream(const glia_context *ctx) { return ctx->device->stream ? ctx->device->stream(ctx) : NULL; }

glia_status gli_scratch(glia_context *ctx, size_t bytes, void **out) {
    if (bytes > ctx->scratch.bytes) {
        gli_block larger;
        GLI_TRY(ctx->device->alloc(ctx, bytes, "a workspace", &larger));
        ctx->device->release(ctx, &ctx->scratch);
        ctx->scratch = larger;
    }
    *out = ctx->scratch.data;
    return GLIA_OK;
}

const char *glia_context_device(const glia_context *ctx) { return ctx ? ctx->device_name : ""; }
int glia_context_threads(const glia_context *ctx) { return ctx ? ctx->threads : 0; }
size_t glia_context_bytes(const glia_context *ctx) { return ctx ? gli_memory_allocated(&ctx->memory) : 0; }
size_t glia_context_peak_bytes(const glia_context *ctx) { return ctx ? gli_memory_peak(&ctx->memory) : 0; }
