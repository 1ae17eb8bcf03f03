/* A model as a C file: what predicts for one sample, in C99, for programs and microcontrollers without Glia.
 *
 *     GLIA_TRY(glia_model_export_c(net, "digits.c", NULL, NULL));
 *
 * The file has the weights as constant arrays, a function for each layer, and one that calls them in order. It needs
 * <math.h>, <string.h> and <stdint.h>, allocates nothing, and computes in f32. `glia export MODEL --c FILE` writes it
 * from a saved model; docs/c-files.md shows one. */
#ifndef GLIA_C_FILE_H
#define GLIA_C_FILE_H

#include "glia/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GLIA_C_PREFIX_SIZE = 32 };

typedef struct glia_c_file_args {
    /* What the names of the file's functions, types and macros begin with: a name in C of at most 31 characters. NULL:
     * made of the file's name. */
    const char *prefix;
    /* As of a predictor (glia/predict.h): the function takes the next step of an endless sequence, and what carries
     * over from one step to the next is in a struct of the caller. */
    bool streaming;
    int time_axis;
} glia_c_file_args;

typedef struct glia_c_file_info {
    char prefix[GLIA_C_PREFIX_SIZE];
    size_t weights; /* bytes of the constant arrays */
    size_t scratch; /* bytes of the static buffer that the results between layers share */
    size_t state;   /* bytes of the struct of a stream; 0: there is none */
} glia_c_file_info;

/* Writes the file; args and out may be NULL. The model is compiled and one of f32; weights that are infinite or no
 * number are written as they are. A layer that cannot be written is
 * GLIA_UNSUPPORTED, and the message names all of them; then, and after any other failure, what was there stays. */
GLIA_API glia_status glia_model_export_c(glia_model *model, const char *path, const glia_c_file_args *args,
                                         glia_c_file_info *out);

#ifdef __cplusplus
}
#endif
#endif
