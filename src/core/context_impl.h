/* The inside of a context. */
#ifndef GLI_CORE_CONTEXT_IMPL_H
#define GLI_CORE_CONTEXT_IMPL_H

#include "core/memory.h"
#include "glia/context.h"

struct gli_device;
struct gli_prepared_cache;
struct gli_team;
struct gli_trace;

/* Categories of GLIA_LOG, a list with commas. */
typedef enum gli_log_category {
    GLI_LOG_INFO     = 1,
    GLI_LOG_DISPATCH = 2,
    GLI_LOG_TIME     = 4,
    GLI_LOG_PLAN     = 8
} gli_log_category;

struct glia_context {
    const struct gli_device *device;
    void *device_state;   /* the device's own, from its open to its close */
    char device_name[24]; /* "cuda:0" */
    uint64_t seed;
    int threads;
    struct gli_team *team;
    glia_math math;
    bool nondeterministic;
    bool shadow;       /* GLIA_CHECK=shadow */
    char provider[32]; /* GLIA_PROVIDER; "": any */
    unsigned log_categories;
    glia_log_fn log;
    void *log_user;
    struct gli_trace *trace; /* of the profile that has begun; NULL: none */
    unsigned traces;         /* so far */
    gli_memory memory;
    gli_block scratch; /* workspace of calls that run one at a time; grows, never shrinks */
    struct gli_prepared_cache *cache;
    int references;      /* atomic: the creator's, and one for each tensor, graph, model, dataset */
    const void *user;    /* atomic: identifies the thread inside; NULL: none */
    int depth;           /* how many times that thread has entered */
    uint64_t float_mode; /* of that thread outside */
    char scope[96];      /* what is being done, before each message: "layer 'conv1': " */
    unsigned failures;   /* messages so far */
    char message[512];
};

void gli_context_retain(glia_context *ctx);
void gli_context_release(glia_context *ctx);

/* Every public function that works on a context enters it and leaves it; GLIA_BUSY when another thread is inside. */
glia_status gli_enter(glia_context *ctx);
void gli_leave(glia_context *ctx);

/* Keeps this thread's message that the context is in use, since the context's own is the other thread's; with NULL, or
 * a failure that no context can keep, it is forgotten. */
glia_status gli_refuse(const glia_context *ctx);

/* Whether that was the last that this thread heard. */
bool gli_refused(void);

/* Keeps the message, with the scope before it, and returns status. */
glia_status gli_fail(glia_context *ctx, glia_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Forgets the last message: what failed was made up for, and is no failure of the caller's. */
void gli_forget_failure(glia_context *ctx);

/* Puts words in front of the last message. */
glia_status gli_explain(glia_context *ctx, glia_status status, const char *words);

/* After a callback: "WHO returned STATUSWHEN", and the message that it left, if it did: failures counts those before
 * it. */
glia_status gli_explain_callback(glia_context *ctx, glia_status status, unsigned failures, const char *who,
                                 const char *when);

/* The same for a failure without a context: of this thread, see glia_message. */
glia_status gli_fail_early(glia_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether this is a valid name: 1 to `longest` bytes of UTF-8, no control characters (gli_control_bytes). */
bool gli_name_valid(const char *name, size_t longest);

/* Sets the scope of the messages to come; NULL: none. */
void gli_set_scope(glia_context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool gli_log_enabled(const glia_context *ctx, gli_log_category category);
void gli_log(const glia_context *ctx, gli_log_category category, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define GLI_REQUIRE(ctx, condition, status, ...)                         \
    do {                                                                 \
        if (!(condition)) return gli_fail((ctx), (status), __VA_ARGS__); \
    } while (0)

/* Of a public function: an object that is NULL has no context to keep the message. */
#define GLI_REQUIRE_OBJECT(object)                                                                        \
    do {                                                                                                  \
        if (!(object)) return gli_fail_early(GLIA_INVALID_ARGUMENT, "%s: %s is NULL", __func__, #object); \
    } while (0)

#define GLI_TRY(expression) GLIA_TRY(expression)

/* The stream that this context's work runs on; NULL on the CPU. */
void *gli_stream(const glia_context *ctx);

/* At least `bytes` of scratch memory, until the next call of this function. */
glia_status gli_scratch(glia_context *ctx, size_t bytes, void **out);

#endif
