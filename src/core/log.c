#include <stdarg.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/print.h"
#include "core/utf8.h"

/* What no context keeps: of one that could not be created, of an object that is NULL, and of a context that another
 * thread was using, which `refused_by` then is. */
static _Thread_local char early_message[512];
static _Thread_local const glia_context *refused_by;

static void write_message(char *message, size_t size, const char *scope, const char *format, va_list args) {
    const int used = snprintf(message, size, "%s", scope);
    if (used >= 0 && (size_t)used < size) gli_format_list(message + used, size - (size_t)used, format, args);
    gli_replace_control(message);
}

glia_status gli_fail(glia_context *ctx, glia_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    write_message(ctx->message, sizeof ctx->message, ctx->scope, format, args);
    va_end(args);
    ++ctx->failures;
    return status;
}

void gli_forget_failure(glia_context *ctx) { ctx->message[0] = '\0'; }

glia_status gli_explain(glia_context *ctx, glia_status status, const char *words) {
    char message[sizeof ctx->message];
    memcpy(message, ctx->message, sizeof message);
    return gli_fail(ctx, status, "%s: %s", words, message);
}

glia_status gli_explain_callback(glia_context *ctx, glia_status status, unsigned failures, const char *who,
                                 const char *when) {
    char words[192];
    const char *name = glia_status_name(status);
    if (strncmp(name, "GLIA_", 5) == 0)
        snprintf(words, sizeof words, "%s returned %s%s", who, name, when);
    else
        snprintf(words, sizeof words, "%s returned %d, which is no glia_status%s", who, (int)status, when);
    return ctx->failures == failures ? gli_fail(ctx, status, "%s", words) : gli_explain(ctx, status, words);
}

bool gli_name_valid(const char *name, size_t longest) {
    const size_t length = strlen(name);
    for (size_t i = 0; i < length; ++i)
        if (gli_control_bytes(name + i)) return false;
    return length >= 1 && length <= longest && gli_utf8_valid(name, length);
}

glia_status gli_fail_early(glia_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    write_message(early_message, sizeof early_message, "", format, args);
    va_end(args);
    refused_by = NULL;
    return status;
}

glia_status gli_refuse(const glia_context *ctx) {
    if (ctx) gli_fail_early(GLIA_BUSY, "another thread is using this context");
    refused_by = ctx;
    return GLIA_BUSY;
}

bool gli_refused(void) { return refused_by != NULL; }

void gli_set_scope(glia_context *ctx, const char *format, ...) {
    ctx->scope[0] = '\0';
    if (!format) return;
    va_list args;
    va_start(args, format);
    gli_format_list(ctx->scope, sizeof ctx->scope, format, args);
    va_end(args);
}

const char *glia_message(const glia_context *ctx) { return ctx && ctx != refused_by ? ctx->message : early_message; }

bool gli_log_enabled(const glia_context *ctx, gli_log_category category) {
    return ctx->log && (ctx->log_categories & category);
}

void gli_log(const glia_context *ctx, gli_log_category category, const char *format, ...) {
    if (!gli_log_enabled(ctx, category)) return;
    char line[768];
    va_list args;
    va_start(args, format);
    gli_format_list(line, sizeof line, format, args);
    va_end(args);
    gli_replace_control(line);
    ctx->log(ctx->log_user, line);
}
