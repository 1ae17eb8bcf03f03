#include "core/context_impl.h"
#include "core/print.h"

/* The message of a context that could not be created. */
static _Thread_local char early_message[512];

static void write_message(char *message, size_t size, const char *scope, const char *format, va_list args) {
    const int used = snprintf(message, size, "%s", scope);
    if (used >= 0 && (size_t)used < size) gli_format_list(message + used, size - (size_t)used, format, args);
}

glia_status gli_fail(glia_context *ctx, glia_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    write_message(ctx->message, sizeof ctx->message, ctx->scope, format, args);
    va_end(args);
    return status;
}

glia_status gli_fail_early(glia_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    write_message(early_message, sizeof early_message, "", format, args);
    va_end(args);
    return status;
}

void gli_set_scope(glia_context *ctx, const char *format, ...) {
    ctx->scope[0] = '\0';
    if (!format) return;
    va_list args;
    va_start(args, format);
    gli_format_list(ctx->scope, sizeof ctx->scope, format, args);
    va_end(args);
}

const char *glia_message(const glia_context *ctx) { return ctx ? ctx->message : early_message; }

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
    ctx->log(ctx->log_user, line);
}
