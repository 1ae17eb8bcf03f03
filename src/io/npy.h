/* The inside of NPY: a header, and the values behind it. */
#ifndef GLI_IO_NPY_H
#define GLI_IO_NPY_H

#include "glia/npy.h"
#include "io/bytes.h"

enum { GLI_NPY_ALIGNMENT = 64, GLI_NPY_MOST_HEADER = 1 << 16 };

/* How a file's elements become those of a dtype. */
typedef enum gli_npy_kind {
    GLI_NPY_SAME,
    GLI_NPY_BOOL,
    GLI_NPY_SIGNED,
    GLI_NPY_UNSIGNED,
} gli_npy_kind;

typedef struct gli_npy_type {
    char code[3]; /* as NumPy writes it, behind the byte order: "f4" */
    unsigned char bytes;
    glia_dtype dtype;
    gli_npy_kind kind;
} gli_npy_type;

typedef struct gli_npy_header {
    const gli_npy_type *type;
    bool big_endian, fortran;
    glia_shape shape;
    int64_t count; /* elements */
    size_t bytes;  /* of the header, where the values begin */
} gli_npy_header;

extern const gli_npy_type gli_npy_types[];
extern const int gli_npy_type_count;

bool gli_npy_is(const void *data, size_t size); /* whether it begins as an NPY does */

/* Reads the header, and checks that as many bytes follow as it announces. */
glia_status gli_npy_read_header(const gli_named_bytes *in, gli_npy_header *out);

/* Converts the values. Where that changes nothing, and they are aligned, out->data is NULL: they are those in the file.
 */
glia_status gli_npy_convert(const gli_named_bytes *in, const gli_npy_header *header, gli_block *out);

/* Writes the header of an array; to: of GLI_NPY_MOST_WRITTEN bytes. Returns its bytes. */
enum { GLI_NPY_MOST_WRITTEN = 512 };
size_t gli_npy_write_header(const glia_npy_array *array, char *to);

/* Whether dtype, shape, values and bytes go together. what: "arrays[0]". */
glia_status gli_npy_check(glia_context *ctx, const char *call, const char *what, const glia_npy_array *array);

#endif
