/* Files of text that the library writes itself: lines, in which \\ \n \r and \0 stand for a backslash, the ends of
 * lines and NUL. */
#ifndef GLI_TEXT_LINES_H
#define GLI_TEXT_LINES_H

#include "glia/text.h"
#include "io/output.h"

/* A file in memory, read line by line. */
typedef struct gli_lines {
    glia_context *ctx;
    const char *path;
    gli_block content;
    char *next, *end;
    int64_t line; /* the number of the last one, from 1 */
} gli_lines;

/* max_bytes 0: 2^30. Closed in the end, also where this fails. */
glia_status gli_lines_open(glia_context *ctx, const char *path, size_t max_bytes, gli_lines *out);
void gli_lines_close(gli_lines *r);

/* The next line, without what ends it. A file that has none is GLIA_BAD_FORMAT, as one whose last line has no end. */
glia_status gli_lines_take(gli_lines *r, glia_text *line);

/* Replaces the escapes of a part of the line in place. */
glia_status gli_lines_unescape(const gli_lines *r, glia_text *part);

/* Fails unless the last line has been taken. */
glia_status gli_lines_end(const gli_lines *r);

/* Takes the word before the next space of a line, and the space. */
glia_text gli_lines_word(glia_text *line);

bool gli_lines_equal(glia_text text, const char *word);

/* A whole number from 0 to `most`. */
bool gli_lines_count(glia_text text, int64_t most, int64_t *count);

/* Writes a text with escapes, and the end of the line. */
glia_status gli_lines_write(glia_text text, gli_output *out);

#endif
