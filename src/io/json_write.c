/* Writing JSON into a text that grows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/print.h"
#include "io/json.h"

const char *gli_json_escape(char character, char text[8]) {
    const unsigned char c = (unsigned char)character;
    if (c >= ' ' && c != '"' && c != '\\') return NULL;
    snprintf(text, 8, c < ' ' ? "\\u%04x" : "\\%c", c);
    return text;
}

void gli_json_text_free(gli_json_text *w) {
    gli_free(w->ctx, w->text, (size_t)w->capacity, 1);
    *w = (gli_json_text){.ctx = w->ctx};
}

static void put(gli_json_text *w, const char *text) {
    const size_t length = strlen(text);
    if (w->status == GLIA_OK)
        w->status = gli_grow(w->ctx, &w->text, &w->capacity, w->used + (int)length + 1, 1, "JSON");
    if (w->status != GLIA_OK) return;
    memcpy(w->text + w->used, text, length + 1);
    w->used += (int)length;
}

/* A comma, unless this is the first of an object or array, or the value of a key. */
static void separate(gli_json_text *w) {
    const char last = w->used > 0 ? w->text[w->used - 1] : '\0';
    if (w->used > 0 && last != '{' && last != '[' && last != ':') put(w, ",");
}

static void put_value(gli_json_text *w, const char *text) {
    separate(w);
    put(w, text);
}

void gli_json_open(gli_json_text *w, char bracket) { put_value(w, (char[]){bracket, '\0'}); }

void gli_json_close(gli_json_text *w, char bracket) { put(w, (char[]){bracket, '\0'}); }

void gli_json_key(gli_json_text *w, const char *key) {
    gli_json_put_string(w, key);
    put(w, ":");
}

void gli_json_put_string(gli_json_text *w, const char *value) {
    put_value(w, "\"");
    for (; *value; ++value) {
        char escape[8];
        const char *escaped = gli_json_escape(*value, escape);
        put(w, escaped ? escaped : (char[]){*value, '\0'});
    }
    put(w, "\"");
}

void gli_json_put_integer(gli_json_text *w, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put_value(w, text);
}

void gli_json_put_unsigned(gli_json_text *w, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put_value(w, text);
}

void gli_json_put_double(gli_json_text *w, double value) {
    char text[32];
    if (isfinite(value)) {
        gli_format(text, sizeof text, "%.17g", value);
        put_value(w, text);
    } else {
        gli_json_put_string(w, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    }
}

void gli_json_put_bool(gli_json_text *w, bool value) { put_value(w, value ? "true" : "false"); }

void gli_json_put_number(gli_json_text *w, double value, int digits) {
    char text[32];
    gli_format(text, sizeof text, "%.*g", digits, value);
    put_value(w, isfinite(value) ? text : "null");
}

void gli_json_end_line(gli_json_text *w) { put(w, "\n"); }
