/* JSON, read once from the front: the caller asks for what has to come next. Strings are decoded where they lie, so
 * that a text needs no more memory than its own, and a limit on its size is one on memory. Source: RFC 8259.
 *
 * And written. Numbers come back exactly as they went; those that JSON has none for are the strings "inf", "-inf" and
 * "nan". */
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

/* A whole number from INT64_MIN to INT64_MAX, and one from 0 to UINT64_MAX. */
glia_status gli_json_integer(gli_json *json, int64_t *out);
glia_status gli_json_unsigned(gli_json *json, uint64_t *out);

/* Any number, or one of the strings that stand for the others. */
glia_status gli_json_double(gli_json *json, double *out);

/* A number alone. */
glia_status gli_json_number(gli_json *json, double *out);

glia_status gli_json_bool(gli_json *json, bool *out);

/* Skips a value of any kind, with up to 64 objects and arrays in each other. */
glia_status gli_json_skip(gli_json *json);

/* The character that comes next, which stays; '\0': the end. */
char gli_json_peek(gli_json *json);

/* Fails unless nothing but white space is left. */
glia_status gli_json_end(gli_json *json);

/* "PATH: no WANTED at byte 12 of its JSON". */
glia_status gli_json_refuse(const gli_json *json, const char *wanted);

/* ---- Objects whose keys are known, and arrays ---- */

typedef enum gli_json_type {
    GLI_JSON_BOOL,
    GLI_JSON_INT,   /* from 0 to INT_MAX */
    GLI_JSON_INT64, /* from 0 to INT64_MAX */
    GLI_JSON_DOUBLE,
    GLI_JSON_STRING, /* char * */
    GLI_JSON_CALL    /* what `read` makes of it */
} gli_json_type;

typedef struct gli_json_field {
    const char *name;
    gli_json_type type;
    bool required;
    size_t offset;                                 /* in the struct that receives the object */
    glia_status (*read)(gli_json *json, void *to); /* to: that struct */
} gli_json_field;

/* Reads an object of these fields, which come in their order; one that is not there leaves the struct as it is. what:
 * for messages, "the optimizer". */
glia_status gli_json_object(gli_json *json, const char *what, const gli_json_field *fields, int count, void *to);

/* The same of an object of another program's: its fields come in any order, and others are skipped. At most 32. */
glia_status gli_json_loose_object(gli_json *json, const char *what, const gli_json_field *fields, int count, void *to);

/* Calls read for each element. */
glia_status gli_json_array(gli_json *json, glia_status (*read)(gli_json *json, void *to, int index), void *to);

/* ---- Writing ---- */

/* A text that grows. After a failure, which status keeps, nothing more is written. Commas come by themselves. */
typedef struct gli_json_text {
    glia_context *ctx;
    char *text; /* with a NUL at its end */
    int used, capacity;
    glia_status status;
} gli_json_text;

void gli_json_text_free(gli_json_text *w);
void gli_json_open(gli_json_text *w, char bracket);
void gli_json_close(gli_json_text *w, char bracket);
void gli_json_key(gli_json_text *w, const char *key);
void gli_json_put_string(gli_json_text *w, const char *value);
void gli_json_put_integer(gli_json_text *w, int64_t value);
void gli_json_put_unsigned(gli_json_text *w, uint64_t value);
void gli_json_put_double(gli_json_text *w, double value);
void gli_json_put_bool(gli_json_text *w, bool value);

/* For what other programs read: `digits` significant digits, at most 17; null where the value is not finite. */
void gli_json_put_number(gli_json_text *w, double value, int digits);

/* After the value that is a line of a file of JSON lines. */
void gli_json_end_line(gli_json_text *w);

/* What stands for a character in a string; NULL: itself. */
const char *gli_json_escape(char character, char text[8]);

#endif
