#define _POSIX_C_SOURCE 200809L
#include "core/print.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "core/quiet_signals.h"
#include "core/utf8.h"

int gli_format_list(char *text, size_t size, const char *format, va_list args) {
    const locale_t c      = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = uselocale(c); /* (locale_t)0, when there was no memory, changes nothing */
    const int length      = vsnprintf(text, size, format, args);
    uselocale(before);
    if (c) freelocale(c);
    if (size > 0 && length >= 0 && (size_t)length >= size) text[gli_utf8_whole(text, size - 1)] = '\0';
    return length;
}

int gli_format(char *text, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int length = gli_format_list(text, size, format, args);
    va_end(args);
    return length;
}

bool gli_scan_double(const char *text, double *out) {
    const locale_t c      = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = uselocale(c);
    char *end;
    *out = strtod(text, &end);
    uselocale(before);
    if (c) freelocale(c);
    return end != text && *end == '\0';
}

const char *gli_join_names(const char *(*name)(const void *of, int i), const void *of, char *text, size_t size) {
    const size_t limit = size - sizeof ", ...";
    size_t used        = 0;
    const char *next;
    text[0] = '\0';
    for (int i = 0; (next = name(of, i)); ++i) {
        const char *comma = i > 0 ? ", " : "";
        if (used + strlen(comma) + strlen(next) > limit) return strcpy(text + used, i > 0 ? ", ..." : "..."), text;
        used += (size_t)snprintf(text + used, size - used, "%s%s", comma, next);
    }
    return text;
}

int gli_control_bytes(const char *text) {
    const unsigned char c = (unsigned char)*text, next = c ? (unsigned char)text[1] : 0;
    if (c == 0xc2 && next >= 0x80 && next < 0xa0) return 2;
    return c && (c < ' ' || c == 0x7f);
}

void gli_replace_control(char *text) {
    char *to = text;
    for (int bytes; *text; text += bytes ? bytes : 1) {
        bytes = gli_control_bytes(text);
        *to++ = bytes ? '?' : *text;
    }
    *to = '\0';
}

bool gli_print(FILE *file, const char *text) {
    const gli_quiet_signals quiet = gli_quiet_signals_begin();
    const bool written            = fputs(text, file) >= 0 && fflush(file) == 0;
    gli_quiet_signals_end(&quiet);
    return written;
}
