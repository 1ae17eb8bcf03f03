#include "text.h"

#include <string.h>

int control_bytes(const char *text) {
    const unsigned char c = (unsigned char)*text, next = c ? (unsigned char)text[1] : 0;
    if (c == 0xc2 && next >= 0x80 && next < 0xa0) return 2;
    return c && (c < ' ' || c == 0x7f);
}

/* The bytes that are shown: of whole characters, where the text is UTF-8. */
static size_t shown_bytes(const char *text) {
    size_t bytes = strlen(text);
    if (bytes <= LONGEST) return bytes;
    for (bytes = LONGEST; bytes > LONGEST - 3 && ((unsigned char)text[bytes] & 0xc0) == 0x80;) --bytes;
    return bytes;
}

void put_text(FILE *to, const char *text) {
    const char *end = text + shown_bytes(text);
    for (int bytes; text < end; text += bytes ? bytes : 1) {
        bytes = control_bytes(text);
        fputc(bytes ? '?' : (unsigned char)*text, to);
    }
    if (*text) fputs("...", to);
}

bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

void print_problems(const glia_onnx *file) {
    for (int i = 0; i < glia_onnx_problem_count(file); ++i) {
        const glia_onnx_problem p = glia_onnx_get_problem(file, i);
        fputs("  ", stderr);
        put_text(stderr, p.op);
        fputs(" '", stderr);
        put_text(stderr, p.node);
        fputs("': ", stderr);
        put_text(stderr, p.reason);
        fputc('\n', stderr);
    }
}

int complain(const char *text) {
    fflush(stdout);
    fputs("glia: ", stderr);
    put_text(stderr, text);
    fputc('\n', stderr);
    return 1;
}
