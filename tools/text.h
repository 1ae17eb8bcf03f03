/* What the commands print of files and of failures. */
#ifndef GLI_TOOLS_TEXT_H
#define GLI_TOOLS_TEXT_H

#include <glia/onnx.h>
#include <stdbool.h>
#include <stdio.h>

enum { LONGEST = 2000 /* bytes of a text of a file that are shown */ };

/* How many bytes at the text's start are a control character, of ASCII or of UTF-8's U+0080 to U+009F; 0: none is. */
int control_bytes(const char *text);

/* Text of a file, its first LONGEST bytes, with "?" for what would steer a terminal. */
void put_text(FILE *to, const char *text);

bool ends_with(const char *text, const char *end);

/* What of a network could not be imported, a line each on stderr. */
void print_problems(const glia_onnx *file);

/* "glia: TEXT" on stderr, by put_text, as it may name what a file names; returns 1, the exit code of a command that
 * failed. */
int complain(const char *text);

#endif
