/* safetensors: named tensors in one file, as Hugging Face's library reads and writes it for PyTorch and others. A
 * header in JSON says where the values of each tensor lie.
 *
 * A file is checked as a whole when it is opened: the header's size and syntax, dtypes, shapes, that no name comes
 * twice, and that the values fill the rest of the file without a gap or an overlap. One that is not so is
 * GLIA_BAD_FORMAT. Opening takes at most four times the bytes of the header in memory. */
#ifndef GLIA_SAFETENSORS_H
#define GLIA_SAFETENSORS_H

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The dtype of tensors whose elements Glia has no type for, such as BOOL or F8_E4M3. */
#define GLIA_DTYPE_OTHER ((glia_dtype)GLIA_DTYPE_COUNT)

/* A tensor that is in a file, or that goes into one. */
typedef struct glia_safetensors_entry {
    const char *name;
    glia_dtype dtype;
    glia_shape shape;
    const void *values; /* dense, row-major */
    size_t bytes;
} glia_safetensors_entry;

/* What a file says of itself, in its __metadata__. */
typedef struct glia_safetensors_note {
    const char *key, *value;
} glia_safetensors_note;

typedef struct glia_safetensors glia_safetensors;

/* Maps the file. A tensor of more than GLIA_MAX_DIMS dimensions, or of a dtype whose elements are no whole bytes, makes
 * the file GLIA_UNSUPPORTED. */
GLIA_API glia_status glia_safetensors_open(glia_context *ctx, const char *path, glia_safetensors **out);

/* NULL is allowed. What the other functions gave ends with it. */
GLIA_API void glia_safetensors_close(glia_safetensors *file);

GLIA_API int glia_safetensors_count(const glia_safetensors *file);

/* The number of a tensor, in the order of names; -1: the file has none of this name. */
GLIA_API int glia_safetensors_find(const glia_safetensors *file, const char *name);

/* Its values are those in the mapped file, whose alignment is the file's. Where another process cuts the file short
 * meanwhile, reading them there is a signal, SIGBUS; glia_safetensors_read gives an error then. */
GLIA_API glia_status glia_safetensors_get(const glia_safetensors *file, int index, glia_safetensors_entry *out);

/* Copies a tensor's values from the file; bytes must match. */
GLIA_API glia_status glia_safetensors_read(const glia_safetensors *file, int index, void *values, size_t bytes);

GLIA_API int glia_safetensors_note_count(const glia_safetensors *file);
GLIA_API glia_status glia_safetensors_get_note(const glia_safetensors *file, int index, glia_safetensors_note *out);

/* The note of a key; NULL: there is none. */
GLIA_API const char *glia_safetensors_find_note(const glia_safetensors *file, const char *key);

/* Writes a file as Hugging Face's library does, which lays out tensors of larger elements first, then those of smaller
 * names. It appears under its name as a whole, as glia_vocabulary_write explains. notes may be NULL where n_notes is 0.
 */
GLIA_API glia_status glia_safetensors_write(glia_context *ctx, const char *path, const glia_safetensors_entry *entries,
                                            int n_entries, const glia_safetensors_note *notes, int n_notes);

#ifdef __cplusplus
}
#endif
#endif
