/* JSON objects whose keys a table knows, and arrays. */
#include <limits.h>
#include <string.h>

#include "io/json.h"

static glia_status read_int(gli_json *json, int *out) {
    int64_t value;
    GLI_TRY(gli_json_count(json, &value));
    if (value > INT_MAX) return gli_json_refuse(json, "whole number up to 2^31 - 1");
    *out = (int)value;
    return GLIA_OK;
}

static glia_status read_field(gli_json *json, const gli_json_field *field, void *to) {
    void *at = (char *)to + field->offset;
    switch (field->type) {
        case GLI_JSON_BOOL: return gli_json_bool(json, at);
        case GLI_JSON_INT: return read_int(json, at);
        case GLI_JSON_INT64: return gli_json_count(json, at);
        case GLI_JSON_DOUBLE: return gli_json_double(json, at);
        case GLI_JSON_STRING: return gli_json_string(json, at);
        case GLI_JSON_CALL: break;
    }
    return field->read(json, to);
}

static int find(const gli_json_field *fields, int count, const char *name) {
    for (int i = 0; i < count; ++i)
        if (strcmp(fields[i].name, name) == 0) return i;
    return -1;
}

glia_status gli_json_object(gli_json *json, const char *what, const gli_json_field *fields, int count, void *to) {
    int next = 0; /* the fields before it have had their turn */
    bool more;
    GLI_TRY(gli_json_take(json, '{'));
    for (int n = 0;; ++n) {
        char *key;
        int found = count;
        GLI_TRY(gli_json_more(json, n, '}', &more));
        if (more) {
            GLI_TRY(gli_json_string(json, &key));
            GLI_TRY(gli_json_take(json, ':'));
            found = find(fields, count, key);
            GLI_REQUIRE(json->ctx, found >= 0, GLIA_UNSUPPORTED, "%s: %s has '%s', which this library does not know",
                        json->path, what, key);
            GLI_REQUIRE(json->ctx, found >= next, GLIA_BAD_FORMAT, "%s: %s has '%s' twice, or not in its place",
                        json->path, what, key);
        }
        for (; next < found; ++next)
            GLI_REQUIRE(json->ctx, !fields[next].required, GLIA_BAD_FORMAT, "%s: %s has no '%s'", json->path, what,
                        fields[next].name);
        if (!more) return GLIA_OK;
        GLI_TRY(read_field(json, &fields[next++], to));
    }
}

glia_status gli_json_loose_object(gli_json *json, const char *what, const gli_json_field *fields, int count, void *to) {
    unsigned had = 0; /* a bit for each field */
    bool more;
    GLI_TRY(gli_json_take(json, '{'));
    for (int n = 0;; n = 1) {
        char *key;
        GLI_TRY(gli_json_more(json, n, '}', &more));
        if (!more) break;
        GLI_TRY(gli_json_string(json, &key));
        GLI_TRY(gli_json_take(json, ':'));
        const int found = find(fields, count, key);
        GLI_REQUIRE(json->ctx, found < 0 || !(had >> found & 1u), GLIA_BAD_FORMAT, "%s: %s has '%s' twice", json->path,
                    what, key);
        if (found >= 0) had |= 1u << found;
        GLI_TRY(found < 0 ? gli_json_skip(json) : read_field(json, &fields[found], to));
    }
    for (int i = 0; i < count; ++i)
        GLI_REQUIRE(json->ctx, !fields[i].required || (had >> i & 1u), GLIA_BAD_FORMAT, "%s: %s has no '%s'",
                    json->path, what, fields[i].name);
    return GLIA_OK;
}

glia_status gli_json_array(gli_json *json, glia_status (*read)(gli_json *json, void *to, int index), void *to) {
    bool more;
    GLI_TRY(gli_json_take(json, '['));
    for (int index = 0;; ++index) {
        GLI_TRY(gli_json_more(json, index, ']', &more));
        if (!more) return GLIA_OK;
        GLI_TRY(read(json, to, index));
    }
}
