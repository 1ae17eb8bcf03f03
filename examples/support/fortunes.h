/* The texts of fortune(6): jokes and sayings, in files in which a line with nothing but % ends each. */
#ifndef GLI_EXAMPLES_FORTUNES_H
#define GLI_EXAMPLES_FORTUNES_H

#include <glia/glia.h>
#include <stdbool.h>

/* Reads the fortunes of a folder, `files` of its files at most, in the order of their names. Of ten fortunes one goes
 * to the test. The caller frees text[].data, whatever is returned. false: there are none. */
bool read_fortunes(const char *folder, long files, glia_text text[2]);

#endif
