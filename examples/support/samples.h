/* Samples of a dataset in the host's memory, and pictures of them beside each other in a file. */
#ifndef GLI_EXAMPLES_SAMPLES_H
#define GLI_EXAMPLES_SAMPLES_H

#include <glia/glia.h>

/* The first n samples: inputs[i] and targets[i] receive the memory of all n of the i-th field, and may be NULL. */
glia_status read_samples(glia_context *ctx, glia_dataset *data, int64_t n, void *const *inputs, void *const *targets);

/* The files of the first n samples, as squares of `side`, in two rows: in the terminal, and as a file unless path is
 * NULL. */
glia_status show_files(glia_context *ctx, glia_dataset *data, int64_t n, int64_t side, const char *path);

/* A file of n pictures, f32 [3,size[0],size[1]] from 0 to 1, in rows of `columns`, each pixel as a square of 2 x 2. */
glia_status write_pictures(glia_context *ctx, const float *pictures, int64_t n, int64_t columns, const int size[2],
                           const char *path);

/* Such a file of three rows, which have of the first n samples the input, what the
 * network makes of it, and the target, which are all f32 [3,H,W] from 0 to 1. */
glia_status show_pictures(glia_context *ctx, glia_model *net, glia_dataset *data, int64_t n, const char *path);

/* The same of a network for segmentation: the input [3,H,W], the classes that it finds, and the mask. Each class has a
 * colour, 0 is black. */
glia_status show_masks(glia_context *ctx, glia_model *net, glia_dataset *data, int64_t n, const char *path);

#endif
