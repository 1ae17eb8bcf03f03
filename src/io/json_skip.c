/* Values of JSON that nobody asks for. */
#include <string.h>

#include "io/json.h"

enum { DEEPEST = 64 }; /* objects and arrays in each other */

/* A value that is neither an object nor an array. */
static glia_status skip_plain(gli_json *json, char next) {
    char *text;
    double number;
    bool flag;
    switch (next) {
        case '"': return gli_json_string(json, &text);
        case 't':
        case 'f': return gli_json_bool(json, &flag);
        case 'n': break;
        default: return gli_json_number(json, &number);
    }
    if (json->end - json->next < 4 || memcmp(json->next, "null", 4) != 0) return gli_json_refuse(json, "null");
    json->next += 4;
    return GLIA_OK;
}

/* The key of an object's element. */
static glia_status skip_key(gli_json *json) {
    char *key;
    GLI_TRY(gli_json_string(json, &key));
    return gli_json_take(json, ':');
}

glia_status gli_json_skip(gli_json *json) {
    char close[DEEPEST]; /* of those that are open */
    bool begun[DEEPEST]; /* they have had an element */
    int depth = 0;
    do {
        bool more = true;
        if (depth > 0) GLI_TRY(gli_json_more(json, begun[depth - 1], close[depth - 1], &more));
        if (!more) {
            --depth;
            continue;
        }
        if (depth > 0) begun[depth - 1] = true;
        if (depth > 0 && close[depth - 1] == '}') GLI_TRY(skip_key(json));
        const char next = gli_json_peek(json);
        if (next != '{' && next != '[') {
            GLI_TRY(skip_plain(json, next));
            continue;
        }
        if (depth == DEEPEST) return gli_json_refuse(json, "value in fewer than 64 others");
        ++json->next;
        close[depth]   = next == '{' ? '}' : ']';
        begun[depth++] = false;
    } while (depth > 0);
    return GLIA_OK;
}
