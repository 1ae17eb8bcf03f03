#include "core/tensor_impl.h"

#include <string.h>

#include "core/context_impl.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/op.h"
#include "core/saved.h"
#include "core/size.h"
#include "glia/ops/movement.h"

/* A tensor that the user created, with the saved-output record of its storage. */
typedef struct handle {
    glia_tensor tensor;
    struct gli_saved saved;
    int references; /* atomic */
    void (*release)(void *user);
    void *user;
} handle;

/* Steps through the elements in row-major order, keeping the offset of the current one. */
typedef struct strided_iterator {
    int64_t index[GLIA_MAX_DIMS];
    int64_t offset;
} strided_iterator;

static void next_element(strided_iterator *it, const glia_tensor *tensor) {
    for (int i = tensor->ndim - 1; i >= 0; --i) {
        it->offset += tensor->stride[i];
        if (++it->index[i] < tensor->dim[i]) return;
        it->offset -= tensor->dim[i] * tensor->stride[i];
        it->index[i] = 0;
    }
}

void gli_tensor_to_double(const glia_tensor *tensor, double *dense) {
    const int64_t count = gli_count(tensor);
    if (gli_is_dense(tensor) && tensor->dtype == GLIA_F32) {
        const float *data = tensor->data;
        for (int64_t i = 0; i < count; ++i) dense[i] = data[i];
        return;
    }
    strided_iterator it = {0};
    for (int64_t i = 0; i < count; ++i, next_element(&it, tensor))
        dense[i] = gli_load(tensor->dtype, tensor->data, it.offset);
}

void gli_tensor_from_double(const glia_tensor *tensor, const double *dense) {
    const int64_t count = gli_count(tensor);
    if (gli_is_dense(tensor) && tensor->dtype == GLIA_F32) {
        float *data = tensor->data;
        for (int64_t i = 0; i < count; ++i) data[i] = (float)dense[i];
        return;
    }
    strided_iterator it = {0};
    for (int64_t i = 0; i < count; ++i, next_element(&it, tensor))
        gli_store(tensor->dtype, tensor->data, it.offset, dense[i]);
}

static glia_status create(glia_context *ctx, glia_dtype dtype, glia_shape shape, glia_tensor **out) {
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof(handle), "a tensor", &memory));
    handle *h = memory;
    gli_set_shape(&h->tensor, dtype, shape.ndim, shape.dim);
    h->tensor.ctx   = ctx;
    h->tensor.saved = &h->saved;
    h->references   = 1;
    gli_context_retain(ctx);
    *out = &h->tensor;
    return GLIA_OK;
}

static glia_status create_filled(glia_context *ctx, glia_dtype dtype, glia_shape shape, glia_tensor **out) {
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_tensor_create: out is NULL");
    GLI_TRY(gli_shape_check(ctx, "glia_tensor_create", dtype, shape));
    glia_tensor *tensor;
    GLI_TRY(create(ctx, dtype, shape, &tensor));
    glia_status status =
        ctx->device->alloc(ctx, (size_t)gli_count(tensor) * glia_dtype_size(dtype), "a tensor", &tensor->owned);
    tensor->data = tensor->owned.data;
    if (status == GLIA_OK) status = glia_tensor_fill(tensor, 0);
    if (status != GLIA_OK) {
        glia_tensor_destroy(tensor);
        return status;
    }
    *out = tensor;
    return GLIA_OK;
}

glia_status glia_tensor_create(glia_context *ctx, glia_dtype dtype, glia_shape shape, glia_tensor **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = create_filled(ctx, dtype, shape, out);
    gli_leave(ctx);
    return status;
}

static glia_status check_strides(glia_context *ctx, glia_dtype dtype, glia_shape shape, const int64_t *stride) {
    int64_t last = 0;
    for (int i = 0; i < shape.ndim; ++i) {
        GLI_REQUIRE(ctx, stride[i] >= 0, GLIA_INVALID_ARGUMENT,
                    "glia_tensor_wrap: stride %d is %lld, must not be negative", i, (long long)stride[i]);
        int64_t distance;
        GLI_REQUIRE(ctx,
                    gli_mul_i64(gli_max_i64(shape.dim[i] - 1, 0), stride[i], &distance) &&
                        !__builtin_add_overflow(last, distance, &last) &&
                        last < INT64_MAX / (int64_t)glia_dtype_size(dtype),
                    GLIA_INVALID_ARGUMENT,
                    "glia_tensor_wrap: dimension %d of %lld with stride %lld reaches past the address space", i,
                    (long long)shape.dim[i], (long long)stride[i]);
    }
    return GLIA_OK;
}

static glia_status wrap(glia_context *ctx, glia_dtype dtype, glia_shape shape, const int64_t *stride, void *data,
                        glia_tensor **out) {
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_tensor_wrap: out is NULL");
    GLI_TRY(gli_shape_check(ctx, "glia_tensor_wrap", dtype, shape));
    if (stride) GLI_TRY(check_strides(ctx, dtype, shape, stride));
    glia_tensor probe = {0};
    gli_set_shape(&probe, dtype, shape.ndim, shape.dim);
    GLI_REQUIRE(ctx, data || gli_count(&probe) == 0, GLIA_INVALID_ARGUMENT,
                "glia_tensor_wrap: data is NULL, shape is %s", GLI_SHAPE_OF(&probe));
    GLI_REQUIRE(ctx, (uintptr_t)data % glia_dtype_size(dtype) == 0, GLIA_INVALID_ARGUMENT,
                "glia_tensor_wrap: data %p is not aligned to the %zu bytes of %s", data, glia_dtype_size(dtype),
                glia_dtype_name(dtype));
    if (data && ctx->device->check_memory) GLI_TRY(ctx->device->check_memory(ctx, data));
    GLI_TRY(create(ctx, dtype, shape, out));
    (*out)->data = data;
    if (stride) memcpy((*out)->stride, stride, (size_t)shape.ndim * sizeof *stride);
    return GLIA_OK;
}

glia_status glia_tensor_wrap(glia_context *ctx, glia_dtype dtype, glia_shape shape, const int64_t *stride, void *data,
                             glia_tensor **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = wrap(ctx, dtype, shape, stride, data, out);
    gli_leave(ctx);
    return status;
}

bool gli_tensor_is_whole(const glia_tensor *tensor) { return tensor->saved == &((const handle *)tensor)->saved; }

void gli_tensor_retain(glia_tensor *tensor) {
    __atomic_fetch_add(&((handle *)tensor)->references, 1, __ATOMIC_RELAXED);
}

void gli_tensor_on_release(glia_tensor *tensor, void (*release)(void *user), void *user) {
    handle *h  = (handle *)tensor;
    h->release = release;
    h->user    = user;
}

void glia_tensor_destroy(glia_tensor *tensor) {
    handle *h = (handle *)tensor;
    if (!h || __atomic_fetch_sub(&h->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    glia_context *ctx = tensor->ctx;
    if (h->release) {
        if (ctx->device->synchronize) ctx->device->synchronize(ctx); /* a lost device has nothing left to wait for */
        h->release(h->user);
    }
    ctx->device->release(ctx, &tensor->owned);
    gli_free(ctx, tensor, 1, sizeof(handle));
    gli_context_release(ctx);
}

glia_dtype glia_tensor_dtype(const glia_tensor *tensor) { return tensor ? tensor->dtype : GLIA_F32; }
const int64_t *glia_tensor_stride(const glia_tensor *tensor) { return tensor ? tensor->stride : NULL; }
int64_t glia_tensor_count(const glia_tensor *tensor) { return tensor ? gli_count(tensor) : 0; }
void *glia_tensor_data(const glia_tensor *tensor) { return tensor ? tensor->data : NULL; }

glia_shape glia_tensor_shape(const glia_tensor *tensor) {
    glia_shape shape = {0};
    if (!tensor) return shape;
    shape.ndim = tensor->ndim;
    memcpy(shape.dim, tensor->dim, sizeof shape.dim);
    return shape;
}

/* Copies the elements of a strided tensor to or from a dense array, byte for byte. */
static void copy_strided(const glia_tensor *tensor, char *strided, char *dense, bool to_dense) {
    const size_t size   = glia_dtype_size(tensor->dtype);
    const int64_t count = gli_count(tensor);
    strided_iterator it = {0};
    for (int64_t i = 0; i < count; ++i, next_element(&it, tensor), dense += size) {
        char *element = strided + (size_t)it.offset * size;
        memcpy(to_dense ? dense : element, to_dense ? element : dense, size);
    }
}

/* On a device that copies only ranges of bytes: the extent of the tensor goes through host memory. */
static glia_status read_strided(const glia_tensor *tensor, void *host) {
    glia_context *ctx = tensor->ctx;
    gli_block extent;
    GLI_TRY(gli_block_alloc(ctx, (size_t)gli_extent(tensor), glia_dtype_size(tensor->dtype),
                            "copying a tensor with gaps", &extent));
    const glia_status status = ctx->device->download(ctx, extent.data, tensor->data, extent.bytes);
    if (status == GLIA_OK) copy_strided(tensor, extent.data, host, true);
    gli_block_free(ctx, &extent);
    return status;
}

glia_status gli_tensor_copy_within(const glia_tensor *from, glia_tensor *to) {
    glia_context *ctx        = to->ctx;
    const glia_cast_params p = {.dtype = to->dtype};
    const char forced        = ctx->provider[0]; /* GLIA_PROVIDER is for the caller's ops */
    ctx->provider[0]         = '\0';
    const glia_status status =
        gli_call_op(ctx, &gli_op_cast, &p, 1, (const glia_tensor *[]){from}, 1, (glia_tensor *[]){to});
    ctx->provider[0] = forced;
    return status;
}

/* There, the gaps belong to others: the elements alone are written, from a dense tensor on the device. */
static glia_status write_strided(const glia_tensor *tensor, const void *host, size_t bytes) {
    glia_context *ctx        = tensor->ctx;
    const gli_device *device = ctx->device;
    glia_tensor dense = {.ctx = ctx}, strided = *tensor;
    gli_set_shape(&dense, tensor->dtype, tensor->ndim, tensor->dim);
    GLI_TRY(device->alloc(ctx, bytes, "copying a tensor with gaps", &dense.owned));
    dense.data         = dense.owned.data;
    glia_status status = device->upload(ctx, dense.data, host, bytes);
    if (status == GLIA_OK) status = gli_tensor_copy_within(&dense, &strided);
    device->release(ctx, &dense.owned);
    return status;
}

static glia_status check_target(const glia_tensor *tensor, const char *name) {
    GLI_REQUIRE_WRITABLE(tensor->ctx, tensor, "%s: the tensor", name);
    return GLIA_OK;
}

static glia_status transfer(const glia_tensor *tensor, void *host, size_t bytes, bool to_host, const char *name) {
    glia_context *ctx        = tensor->ctx;
    const gli_device *device = ctx->device;
    const size_t size        = glia_dtype_size(tensor->dtype);
    const size_t needed      = (size_t)gli_count(tensor) * size;
    GLI_REQUIRE(ctx, host || needed == 0, GLIA_INVALID_ARGUMENT, "%s: host memory is NULL", name);
    GLI_REQUIRE(ctx, bytes == needed, GLIA_INVALID_ARGUMENT, "%s: host memory has %zu bytes, a tensor %s of %s has %zu",
                name, bytes, GLI_SHAPE_OF(tensor), glia_dtype_name(tensor->dtype), needed);
    if (!to_host) GLI_TRY(check_target(tensor, name));
    if (needed == 0) return GLIA_OK;
    if (gli_is_dense(tensor))
        return to_host ? device->download(ctx, host, tensor->data, bytes)
                       : device->upload(ctx, tensor->data, host, bytes);

    if (device != &gli_cpu_device) return to_host ? read_strided(tensor, host) : write_strided(tensor, host, bytes);
    copy_strided(tensor, tensor->data, host, to_host);
    return GLIA_OK;
}

glia_status glia_tensor_write(glia_tensor *tensor, const void *host, size_t bytes) {
    GLI_REQUIRE_OBJECT(tensor);
    GLI_TRY(gli_enter(tensor->ctx));
    gli_saved_forget(tensor);
    /* transfer reads from host only in this direction */
    const glia_status status = transfer(tensor, (void *)(uintptr_t)host, bytes, false, "glia_tensor_write");
    gli_leave(tensor->ctx);
    return status;
}

glia_status glia_tensor_read(const glia_tensor *tensor, void *host, size_t bytes) {
    GLI_REQUIRE_OBJECT(tensor);
    GLI_TRY(gli_enter(tensor->ctx));
    const glia_status status = transfer(tensor, host, bytes, true, "glia_tensor_read");
    gli_leave(tensor->ctx);
    return status;
}

glia_status gli_tensor_to_block(const glia_tensor *tensor, const char *what, gli_block *out) {
    GLI_TRY(gli_block_alloc(tensor->ctx, (size_t)gli_count(tensor), glia_dtype_size(tensor->dtype), what, out));
    const glia_status status = glia_tensor_read(tensor, out->data, out->bytes);
    if (status != GLIA_OK) gli_block_free(tensor->ctx, out);
    return status;
}

/* Host memory that both tensors can be copied through. */
static glia_status begin_copy(const glia_tensor *from, const glia_tensor *to, gli_block *host) {
    glia_context *ctx = to->ctx;
    GLI_REQUIRE(ctx, from->dtype == to->dtype, GLIA_DTYPE_MISMATCH, "glia_tensor_copy: from is %s, to is %s",
                glia_dtype_name(from->dtype), glia_dtype_name(to->dtype));
    GLI_REQUIRE(ctx, gli_same_shape(from, to), GLIA_SHAPE_MISMATCH, "glia_tensor_copy: from is %s, to is %s",
                GLI_SHAPE_OF(from), GLI_SHAPE_OF(to));
    GLI_TRY(check_target(to, "glia_tensor_copy"));
    return gli_block_alloc(ctx, (size_t)gli_count(to), glia_dtype_size(to->dtype), "copying a tensor", host);
}

/* One context after the other is entered: each makes its own device the current one. */
glia_status glia_tensor_copy(const glia_tensor *from, glia_tensor *to) {
    GLI_REQUIRE_OBJECT(from);
    GLI_REQUIRE(from->ctx, to, GLIA_INVALID_ARGUMENT, "glia_tensor_copy: to is NULL");
    gli_block host = {0};
    GLI_TRY(gli_enter(to->ctx));
    glia_status status = begin_copy(from, to, &host);
    gli_leave(to->ctx);
    if (status == GLIA_OK) status = glia_tensor_read(from, host.data, host.bytes);
    if (status == GLIA_OK) status = glia_tensor_write(to, host.data, host.bytes);
    gli_block_free(to->ctx, &host);
    return status;
}

/* The device itself fills a dense tensor with elements whose bytes are all the same, such as 0. To other dense tensors
 * a chunk is uploaded repeatedly; a tensor with gaps goes through a dense copy of all elements. */
static glia_status fill(glia_tensor *tensor, double value) {
    enum { CHUNK = 1 << 16 };
    glia_context *ctx   = tensor->ctx;
    const bool whole    = !gli_is_dense(tensor);
    const int64_t count = gli_count(tensor), chunk = whole ? count : gli_min_i64(count, CHUNK);
    const size_t size = glia_dtype_size(tensor->dtype);
    _Alignas(double) unsigned char element[sizeof(double)];
    gli_block block;
    GLI_REQUIRE(ctx, !tensor->read_only, GLIA_INVALID_ARGUMENT, "glia_tensor_fill: the tensor is read-only");
    if (count == 0) return GLIA_OK;
    gli_store(tensor->dtype, element, 0, value);
    if (!whole && memcmp(element, element + 1, size - 1) == 0)
        return ctx->device->fill(ctx, tensor->data, element[0], (size_t)count * size);
    GLI_TRY(gli_block_alloc(ctx, (size_t)chunk, size, "filling a tensor", &block));
    for (int64_t i = 0; i < chunk; ++i) gli_store(tensor->dtype, block.data, i, value);
    glia_status status = GLIA_OK;
    if (whole) status = transfer(tensor, block.data, block.bytes, false, "glia_tensor_fill");
    for (int64_t i = 0; !whole && i < count && status == GLIA_OK; i += chunk)
        status = ctx->device->upload(ctx, (char *)tensor->data + (size_t)i * size, block.data,
                                     (size_t)gli_min_i64(chunk, count - i) * size);
    gli_block_free(ctx, &block);
    return status;
}

glia_status glia_tensor_fill(glia_tensor *tensor, double value) {
    GLI_REQUIRE_OBJECT(tensor);
    GLI_TRY(gli_enter(tensor->ctx));
    gli_saved_forget(tensor);
    const glia_status status = fill(tensor, value);
    gli_leave(tensor->ctx);
    return status;
}
