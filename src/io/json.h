/* JSON, read once from the front: the caller asks for what has to come next. Strings are decoded where they lie, so
 * that a text needs no more memory than its own, and a limit on its size is one on memory. Source: RFC 8259. */
#ifndef GLI_IO_JSON_H
#define GLI_IO_JSON_H

#include "core/context_impl.h"

typedef struct gli_json {
    glia_context *ctx;
    const char *path; /* for messages */
    char *begin, *next, *end;
} gli_json;

/* Fails unless this character comes next. White space before it is skipped, by all of these. */
glia_status gli_json_take(gli_json *json, char character);

/* Whether another element comes in an object or array that has had `count`. It ends with `close`, which is then taken;
 * otherwise the comma before the element is. */
glia_status gli_json_more(gli_json *json, int count, char close, bool *more);

/* A string, with a NUL at its end and none within; valid UTF-8. */
glia_status gli_json_string(gli_json *json, char **out);

/* A whole number from 0 to INT64_MAX. */
glia_status gli_json_count(gli_json *json, int64_t *out);

/* Fails unless nothing but white space is left. */
glia_status gli_json_end(gli_json *json);

#endif
