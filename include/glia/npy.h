/* NPY and NPZ: an array in a file, and named arrays in one, as NumPy writes them.
 *
 * Nothing that a header says is believed before it is checked: one that is wrong, or does not fit the bytes that
 * follow, is GLIA_BAD_FORMAT, with the path, the place and the values; what is right and has no dtype of Glia's, such
 * as complex numbers, texts and Python objects, GLIA_UNSUPPORTED.
 * Source: NumPy, numpy.lib.format, versions 1.0 to 3.0; PKWARE, APPNOTE.TXT 6.3.10 (ZIP). */
#ifndef GLIA_NPY_H
#define GLIA_NPY_H

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An array that is in a file, or that goes into one. */
typedef struct glia_npy_array {
    const char *name; /* in an NPZ, without the ".npy" that it ends with there; unused in an NPY */
    glia_dtype dtype;
    glia_shape shape;
    const void *values; /* dense, row-major */
    size_t bytes;
} glia_npy_array;

typedef struct glia_npy_args {
    size_t max_bytes; /* the largest size of the file, and of all its arrays unpacked; default 2^32 */
} glia_npy_args;

typedef struct glia_npy glia_npy;

/* Reads an NPY, gzipped too, or an NPZ, told by the first bytes. args may be NULL. Arrays come row-major and in the
 * machine's byte order, whatever the file has. f32, f64, f16, u8, i32 and i64 stay what they are, and "<V2", as which
 * NumPy writes the type of ml_dtypes, is bf16; bool becomes u8 (0 or 1), int8, int16 and uint16 become i32, uint32
 * becomes i64. uint64 becomes i64 as well, where all values have one: another is GLIA_BAD_FORMAT. Members of an NPZ
 * whose name does not end with ".npy" are left out. Compressed ones need a build with zlib. */
GLIA_API glia_status glia_npy_read(glia_context *ctx, const char *path, const glia_npy_args *args, glia_npy **out);

/* NULL is allowed. What the other functions gave ends with it. */
GLIA_API void glia_npy_destroy(glia_npy *file);

GLIA_API int glia_npy_count(const glia_npy *file); /* arrays; of an NPY 1, with the name "" */

/* The number of an array, in the order of the file; -1: the file has none of this name. */
GLIA_API int glia_npy_find(const glia_npy *file, const char *name);

GLIA_API glia_status glia_npy_get(const glia_npy *file, int index, glia_npy_array *out);

/* The array of this name; GLIA_NOT_FOUND with the names that there are. */
GLIA_API glia_status glia_npy_get_named(const glia_npy *file, const char *name, glia_npy_array *out);

/* Writes the bytes that numpy.save would write; bf16 as "<V2". The file appears under its name as a whole, as
 * glia_vocabulary_write explains. */
GLIA_API glia_status glia_npy_write(glia_context *ctx, const char *path, const glia_npy_array *array);

/* Writes an NPZ as numpy.savez does or, compressed, as numpy.savez_compressed does, which needs a build with zlib.
 * Names differ, have 1 to 255 bytes of UTF-8 and no control characters. An array has less than 2^32 bytes, and so has
 * the file. */
GLIA_API glia_status glia_npz_write(glia_context *ctx, const char *path, const glia_npy_array *arrays, int n,
                                    bool compressed);

#ifdef __cplusplus
}
#endif
#endif
