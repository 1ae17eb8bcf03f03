/* The format safetensors: the header's length, u64 little-endian; the header, a JSON object; the values of the tensors.
 *   {"__metadata__":{"format":"pt"},"fc.bias":{"dtype":"F32","shape":[10],"data_offsets":[0,40]}}
 * Source: https://huggingface.co/docs/safetensors, and the library's own checks. */
#ifndef GLI_IO_SAFETENSORS_H
#define GLI_IO_SAFETENSORS_H

#include "core/context_impl.h"
#include "glia/safetensors.h"

#define GLI_SAFETENSORS_NOTES "__metadata__"

enum {
    GLI_SAFETENSORS_LENGTH      = 8,         /* bytes before the header */
    GLI_SAFETENSORS_ALIGNMENT   = 8,         /* bytes: where writers begin the values */
    GLI_SAFETENSORS_MOST_HEADER = 100000000, /* bytes, as the format's library has it */
    GLI_SAFETENSORS_MOST_NOTES  = 4096
};

/* A dtype of the format. */
typedef struct gli_safetensors_dtype {
    const char *name;
    size_t bytes;     /* of an element */
    glia_dtype dtype; /* GLIA_DTYPE_OTHER: none of Glia's */
} gli_safetensors_dtype;

/* Those of whole bytes, in the order in which writers lay them out. */
extern const gli_safetensors_dtype gli_safetensors_dtypes[];
extern const int gli_safetensors_dtype_count;

/* The bytes of a tensor; false: size_t cannot hold them. */
bool gli_safetensors_bytes(const gli_safetensors_dtype *dtype, int ndim, const int64_t *dim, size_t *bytes);

typedef struct gli_safetensors_tensor {
    const char *name; /* in the header's text */
    const gli_safetensors_dtype *dtype;
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    uint64_t begin, end; /* bytes of the values */
} gli_safetensors_tensor;

typedef struct gli_safetensors_header {
    gli_block text;
    gli_block tensors; /* gli_safetensors_tensor, by name */
    int n_tensors;
    glia_safetensors_note *notes; /* by key */
    int n_notes, note_capacity;
} gli_safetensors_header;

/* Parses and checks header->text, in which names and notes then lie. value_bytes: what follows it in the file. The
 * caller frees the header, also after a failure. */
glia_status gli_safetensors_parse(glia_context *ctx, const char *path, uint64_t value_bytes,
                                  gli_safetensors_header *header);
void gli_safetensors_header_free(glia_context *ctx, gli_safetensors_header *header);

/* What is written to a file. */
typedef struct gli_safetensors_content {
    const glia_safetensors_entry *entries;
    int n_entries;
    const glia_safetensors_note *notes;
    int n_notes;
    /* Gives the values of an entry that has none itself, one after the other, so that not all are in memory at once. */
    glia_status (*read)(const void *user, const glia_safetensors_entry *entry, void *values);
    const void *user;
} gli_safetensors_content;

/* call: for messages. */
glia_status gli_safetensors_write(glia_context *ctx, const char *call, const char *path,
                                  const gli_safetensors_content *content);

#endif
