/* Tensors: a data type, up to eight dimensions, a stride for each, memory on the context's device. */
#ifndef GLIA_TENSOR_H
#define GLIA_TENSOR_H

#include "glia/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum glia_dtype { GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16, GLIA_U8, GLIA_I32, GLIA_I64 } glia_dtype;
enum { GLIA_DTYPE_COUNT = GLIA_I64 + 1 };

GLIA_API const char *glia_dtype_name(glia_dtype dtype); /* "f32"; "?" for an invalid value */
GLIA_API size_t glia_dtype_size(glia_dtype dtype);      /* bytes; 0 for an invalid value */

enum { GLIA_MAX_DIMS = 8 };

typedef struct glia_shape {
    int ndim; /* 0: a scalar */
    int64_t dim[GLIA_MAX_DIMS];
} glia_shape;

/* GLIA_SHAPE(1, 28, 28), one to eight numbers. GLIA_SCALAR has no dimension. */
#define GLIA__COUNT(a, b, c, d, e, f, g, h, n, ...) n
#define GLIA__NDIM(...) GLIA__COUNT(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#ifdef __cplusplus
#define GLIA_SHAPE(...) (glia_shape{GLIA__NDIM(__VA_ARGS__), {__VA_ARGS__}})
#define GLIA_SCALAR (glia_shape{0, {0}})
#else
#define GLIA_SHAPE(...) ((glia_shape){GLIA__NDIM(__VA_ARGS__), {__VA_ARGS__}})
#define GLIA_SCALAR ((glia_shape){0, {0}})
#endif

typedef struct glia_tensor glia_tensor;

/* A dense row-major tensor filled with zeros. A dimension may be 0. */
GLIA_API glia_status glia_tensor_create(glia_context *ctx, glia_dtype dtype, glia_shape shape, glia_tensor **out);

/* A tensor over memory that the caller owns, on the context's device, and keeps alive. On a CUDA device it is that
 * device's memory (cudaMalloc's); an array of the program is an error there. stride counts elements, one for each
 * dimension, none negative; NULL: dense row-major. */
GLIA_API glia_status glia_tensor_wrap(glia_context *ctx, glia_dtype dtype, glia_shape shape, const int64_t *stride,
                                      void *data, glia_tensor **out);

/* NULL is allowed. Memory that glia_tensor_to_dlpack shares lives until its consumer is done, too. */
GLIA_API void glia_tensor_destroy(glia_tensor *tensor);

GLIA_API glia_dtype glia_tensor_dtype(const glia_tensor *tensor);
GLIA_API glia_shape glia_tensor_shape(const glia_tensor *tensor);
GLIA_API const int64_t *glia_tensor_stride(const glia_tensor *tensor); /* elements, one for each dimension */
GLIA_API int64_t glia_tensor_count(const glia_tensor *tensor);         /* elements */
GLIA_API void *glia_tensor_data(
    const glia_tensor *tensor); /* on the device: only the CPU's is for the program to read */

/* Copies all elements from or to host memory, where they are dense, row-major and in the tensor's dtype. bytes is
 * the size of the host memory and must be exactly count * size of the dtype. */
GLIA_API glia_status glia_tensor_write(glia_tensor *tensor, const void *host, size_t bytes);
GLIA_API glia_status glia_tensor_read(const glia_tensor *tensor, void *host, size_t bytes);

/* Copies all elements of one tensor to another of the same dtype and shape, in any layouts: also between contexts, and
 * so between devices. The message of a failure is in the context whose tensor it came from; a mismatch is to's. */
GLIA_API glia_status glia_tensor_copy(const glia_tensor *from, glia_tensor *to);

/* Sets every element to value, converted to the dtype (integers: truncated, and clamped to the range). */
GLIA_API glia_status glia_tensor_fill(glia_tensor *tensor, double value);

#ifdef __cplusplus
}
#endif
#endif
