#include "text/lines.h"

#include <string.h>

#include "core/context_impl.h"
#include "io/input.h"

/* ---- Reading ---- */

glia_status gli_lines_open(glia_context *ctx, const char *path, size_t max_bytes, gli_lines *out) {
    *out = (gli_lines){.ctx = ctx, .path = path};
    GLI_TRY(gli_input_whole(ctx, path, max_bytes ? max_bytes : (size_t)1 << 30, &out->content));
    out->next = out->content.data;
    out->end  = out->content.bytes > 0 ? out->next + out->content.bytes : out->next;
    return GLIA_OK;
}

void gli_lines_close(gli_lines *r) { gli_block_free(r->ctx, &r->content); }

glia_status gli_lines_take(gli_lines *r, glia_text *line) {
    char *end = r->next < r->end ? memchr(r->next, '\n', (size_t)(r->end - r->next)) : NULL;
    ++r->line;
    GLI_REQUIRE(r->ctx, end, GLIA_BAD_FORMAT, "%s: line %lld %s", r->path, (long long)r->line,
                r->next < r->end ? "is not terminated" : "is missing");
    const bool returns = end > r->next && end[-1] == '\r'; /* not of a token, where it would be \r */
    *line              = (glia_text){r->next, (size_t)(end - r->next) - returns};
    r->next            = end + 1;
    return GLIA_OK;
}

glia_status gli_lines_unescape(const gli_lines *r, glia_text *part) {
    char *to = (char *)part->data;
    for (const char *from = part->data, *end = from + part->bytes; from < end; ++from) {
        char byte = *from;
        GLI_REQUIRE(r->ctx, byte != '\r' && byte != '\0', GLIA_BAD_FORMAT, "%s: line %lld has the byte %d, not \\%c",
                    r->path, (long long)r->line, byte, byte ? 'r' : '0');
        if (byte == '\\') {
            const char which = ++from < end ? *from : ' ';
            byte             = which == 'n' ? '\n' : which == 'r' ? '\r' : which == '0' ? '\0' : '\\';
            GLI_REQUIRE(r->ctx, byte != '\\' || which == '\\', GLIA_BAD_FORMAT,
                        "%s: line %lld has a backslash without \\, n, r or 0 after it", r->path, (long long)r->line);
        }
        *to++ = byte;
    }
    part->bytes = (size_t)(to - part->data);
    return GLIA_OK;
}

glia_status gli_lines_end(const gli_lines *r) {
    GLI_REQUIRE(r->ctx, r->next == r->end, GLIA_BAD_FORMAT, "%s: continues after line %lld, its last token", r->path,
                (long long)r->line);
    return GLIA_OK;
}

glia_text gli_lines_word(glia_text *line) {
    const char *space    = memchr(line->data, ' ', line->bytes);
    const size_t bytes   = space ? (size_t)(space - line->data) : line->bytes;
    const glia_text word = {line->data, bytes};
    line->data += bytes + (space != NULL);
    line->bytes -= bytes + (space != NULL);
    return word;
}

bool gli_lines_equal(glia_text text, const char *word) {
    return text.bytes == strlen(word) && memcmp(text.data, word, text.bytes) == 0;
}

bool gli_lines_count(glia_text text, int64_t most, int64_t *count) {
    *count = 0;
    for (size_t i = 0; i < text.bytes; ++i) {
        const int64_t digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || digit > most || *count > (most - digit) / 10) return false;
        *count = 10 * *count + digit;
    }
    return text.bytes > 0;
}

/* ---- Writing ---- */

static const char *escape_of(char byte) {
    switch (byte) {
        case '\\': return "\\\\";
        case '\n': return "\\n";
        case '\r': return "\\r";
        case '\0': return "\\0";
        default: return NULL;
    }
}

glia_status gli_lines_write(glia_text text, gli_output *out) {
    size_t begin = 0; /* of the bytes without escapes that are not written yet */
    for (size_t i = 0; i < text.bytes; ++i) {
        const char *escape = escape_of(text.data[i]);
        if (!escape) continue;
        GLI_TRY(gli_output_write(out, text.data + begin, i - begin));
        GLI_TRY(gli_output_write(out, escape, 2));
        begin = i + 1;
    }
    GLI_TRY(gli_output_write(out, text.data + begin, text.bytes - begin));
    return gli_output_write(out, "\n", 1);
}
