/* What a character is, as Unicode 14 classifies it. */
#ifndef GLI_TEXT_UNICODE_H
#define GLI_TEXT_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

bool gli_is_word(uint32_t character);      /* a letter, mark or number, or a joiner inside words */
bool gli_is_separator(uint32_t character); /* white space or a control character */
bool gli_is_format(uint32_t character);    /* invisible, and no part of a word: the soft hyphen, marks of direction */

/* Its lowercase, where one character has one; otherwise itself. */
uint32_t gli_lowercase(uint32_t character);

#endif
