/* UTF-8 as Unicode defines it.
 * Source: The Unicode Standard, version 14, table 3-7 and "U+FFFD substitution of maximal subparts" in section 3.9. */
#ifndef GLI_CORE_UTF8_H
#define GLI_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GLI_NO_CHARACTER UINT32_MAX
#define GLI_REPLACEMENT UINT32_C(0xFFFD)

enum { GLI_UTF8_MAX = 4 }; /* bytes of a character */

/* Reads the first character of `left` bytes, at least one, and returns how many it takes: 1 to 4. Invalid UTF-8 gives
 * GLI_NO_CHARACTER and the bytes that could have begun a character, at least one. */
size_t gli_utf8_read(const char *from, size_t left, uint32_t *character);

/* Writes a character, and returns its bytes. */
size_t gli_utf8_write(uint32_t character, char to[GLI_UTF8_MAX]);

/* The bytes without a character at their end that was cut off: what a text of limited length may keep. */
size_t gli_utf8_whole(const char *text, size_t bytes);

/* Whether all of it is valid. */
bool gli_utf8_valid(const char *text, size_t bytes);

#endif
