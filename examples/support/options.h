/* The command line of an example: --name value, in any order. --help lists the names. */
#ifndef GLI_EXAMPLES_OPTIONS_H
#define GLI_EXAMPLES_OPTIONS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct option {
    const char *name, *meaning;
    /* Where the value goes. One of these is set; what it points to before is the default. */
    const char **text;
    long *whole;
    double *real;
    const char *choices; /* of text: the words that it may be, "lstm|gru"; NULL: any */
    double least, most;  /* of numbers; most 0: a million */
    long multiple;       /* of whole numbers: of what they are multiples; 0: of 1 */
} option;

/* false: the program ends now, with *exit_code: 0 behind --help, 2 behind a wrong option, named on standard error. */
bool read_options(const char *purpose, const option *options, int count, int argc, char **argv, int *exit_code);

#ifdef __cplusplus
}
#endif

#endif
