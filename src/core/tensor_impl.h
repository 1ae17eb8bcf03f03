/* The inside of a tensor. Ops and plans use it by value, as a view. */
#ifndef GLI_CORE_TENSOR_IMPL_H
#define GLI_CORE_TENSOR_IMPL_H

#include "core/memory.h"
#include "glia/tensor.h"

struct glia_tensor {
    glia_dtype dtype;
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    int64_t stride[GLIA_MAX_DIMS]; /* elements */
    void *data;                    /* on the context's device */
    glia_context *ctx;
    gli_block owned;         /* the memory, where the tensor allocated it */
    struct gli_saved *saved; /* of its storage, see core/saved.h; NULL: no account is kept */
    bool read_only;          /* memory of others, who allow no writing */
};

/* Of tensors that glia_tensor_create or glia_tensor_wrap made, and of no others: */
bool gli_tensor_is_whole(const glia_tensor *tensor);
/* The tensor lives until one more glia_tensor_destroy. */
void gli_tensor_retain(glia_tensor *tensor);
/* The last glia_tensor_destroy waits for the context's work, and calls this. */
void gli_tensor_on_release(glia_tensor *tensor, void (*release)(void *user), void *user);

/* Copies all elements to another tensor of the same context, dtype and shape, in any layouts, on the device. */
glia_status gli_tensor_copy_within(const glia_tensor *from, glia_tensor *to);

/* Fails if ndim, a dimension, the number of elements or of bytes is out of range. what: "x", for the message. */
glia_status gli_shape_check(glia_context *ctx, const char *what, glia_dtype dtype, glia_shape shape);

/* A shape may be too large for memory until it is checked: its strides and its count stop at INT64_MAX. */
void gli_set_shape(glia_tensor *tensor, glia_dtype dtype, int ndim, const int64_t *dim); /* dense row-major */
void gli_dense_strides(int ndim, const int64_t *dim, int64_t *stride);
void gli_channels_last_strides(int ndim, const int64_t *dim, int64_t *stride); /* [N,C,...] with C innermost */
int64_t gli_count(const glia_tensor *tensor);
bool gli_is_dense(const glia_tensor *tensor); /* row-major without gaps; strides of dimensions of size 1 are free */
bool gli_same_shape(const glia_tensor *a, const glia_tensor *b);
bool gli_same_strides(const glia_tensor *a, const glia_tensor *b); /* of dimensions above 1 */

/* Whether the elements fill a range of memory without gaps or repeats, in any order of dimensions. Elementwise work on
 * tensors that are packed and have the same strides can treat them as flat arrays. */
bool gli_is_packed(const glia_tensor *tensor);

/* The address `bytes` after data; NULL, which is an empty tensor's, stays NULL. */
static inline void *gli_data_at(void *data, size_t bytes) { return data ? (char *)data + bytes : NULL; }

/* Whether two elements may be one place in memory: a stride does not reach past the dimensions of smaller strides. No
 * such tensor can hold a result. */
bool gli_repeats(const glia_tensor *tensor);

/* What has a result to write fails with these: a format and its arguments say which tensor it is. */
#define GLI_REQUIRE_WRITABLE(ctx, tensor, what, ...)                                                      \
    do {                                                                                                  \
        GLI_REQUIRE(ctx, !(tensor)->read_only, GLIA_INVALID_ARGUMENT, what " is read-only", __VA_ARGS__); \
        GLI_REQUIRE(ctx, !gli_repeats(tensor), GLIA_INVALID_ARGUMENT,                                     \
                    what " %s has strides %s: elements of an output may not share memory", __VA_ARGS__,   \
                    GLI_SHAPE_OF(tensor), GLI_STRIDES_OF(tensor));                                        \
    } while (0)

/* Whether two ranges of memory have a byte in common; those that two tensors can touch; whether these are the same
 * elements. */
bool gli_ranges_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes);
bool gli_overlap(const glia_tensor *a, const glia_tensor *b);
bool gli_same_elements(const glia_tensor *a, const glia_tensor *b);

/* Elements from the first to one past the last that the tensor can touch; 0 for an empty one. */
int64_t gli_extent(const glia_tensor *tensor);

/* "[2,3,4]"; text holds GLI_SHAPE_TEXT bytes and is returned. */
enum { GLI_SHAPE_TEXT = 176 };
const char *gli_shape_text(int ndim, const int64_t *dim, char *text);
#define GLI_SHAPE_OF(tensor) gli_shape_text((tensor)->ndim, (tensor)->dim, (char[GLI_SHAPE_TEXT]){0})
#define GLI_STRIDES_OF(tensor) gli_shape_text((tensor)->ndim, (tensor)->stride, (char[GLI_SHAPE_TEXT]){0})

/* Reads all elements into host memory, which is the caller's to free; after a failure there is none. what: it is for.
 */
glia_status gli_tensor_to_block(const glia_tensor *tensor, const char *what, gli_block *out);

/* Copy all elements, in row-major order, between a tensor in host memory and an array of doubles. */
void gli_tensor_to_double(const glia_tensor *tensor, double *dense);
void gli_tensor_from_double(const glia_tensor *tensor, const double *dense);

#endif
