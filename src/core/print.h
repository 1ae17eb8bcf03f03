/* Text for people and logs. */
#ifndef GLI_CORE_PRINT_H
#define GLI_CORE_PRINT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/* snprintf and vsnprintf that write numbers as the C locale does, whatever the program's locale is, and that cut a text
 * without room behind a whole character. */
int gli_format(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int gli_format_list(char *text, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

/* Reads all of the text as a number, written as gli_format writes it; false: it is none. */
bool gli_scan_double(const char *text, double *out);

/* "a, b, ...": the names that `name` gives to the numbers from 0 on, NULL behind the last, as far as they fit. */
const char *gli_join_names(const char *(*name)(const void *of, int i), const void *of, char *text, size_t size);

/* How many bytes at the text's start are a control character, of ASCII or of UTF-8's U+0080 to U+009F; 0: none is. */
int gli_control_bytes(const char *text);

/* Puts "?" for each control character, so that a name out of a file does not steer the terminal that shows it. */
void gli_replace_control(char *text);

/* Writes text and flushes the stream. What would raise a signal makes it fail (core/quiet_signals.h). */
bool gli_print(FILE *file, const char *text);

#endif
