/* Tensors of other libraries. What they say is checked before it is used. */
#include <string.h>

#include "core/context_impl.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "dlpack/dlpack_types.h"
#include "glia/dlpack.h"

/* What of the two structs differs, and what was found out about the tensor. */
typedef struct loan {
    const char *function;
    const DLTensor *tensor;
    bool read_only;
    void (*give_back)(void *managed);
    void *managed;

    glia_dtype dtype;
    glia_shape shape;
    int64_t stride[GLIA_MAX_DIMS]; /* elements */
    char *data;                    /* the first element */
} loan;

/* ---- What it says ---- */

static glia_status check_type(glia_context *ctx, loan *l) {
    const DLDataType type = l->tensor->dtype;
    GLI_REQUIRE(ctx, gli_dlpack_dtype(type, &l->dtype), GLIA_UNSUPPORTED,
                "%s: the data type is code %u (%s), %u bits, %u lanes: Glia has no such tensors", l->function,
                (unsigned)type.code, gli_dlpack_code_name(type.code), (unsigned)type.bits, (unsigned)type.lanes);
    return GLIA_OK;
}

static glia_status check_shape(glia_context *ctx, loan *l) {
    const DLTensor *t = l->tensor;
    GLI_REQUIRE(ctx, t->ndim >= 0, GLIA_INVALID_ARGUMENT, "%s: ndim is %d, must not be negative", l->function,
                (int)t->ndim);
    GLI_REQUIRE(ctx, t->ndim <= GLIA_MAX_DIMS, GLIA_UNSUPPORTED, "%s: %d dimensions, Glia's tensors have at most %d",
                l->function, (int)t->ndim, GLIA_MAX_DIMS);
    GLI_REQUIRE(ctx, t->shape || t->ndim == 0, GLIA_INVALID_ARGUMENT, "%s: shape is NULL, ndim is %d", l->function,
                (int)t->ndim);
    l->shape.ndim = t->ndim;
    for (int i = 0; i < t->ndim; ++i) l->shape.dim[i] = t->shape[i];
    return gli_shape_check(ctx, l->function, l->dtype, l->shape);
}

static bool is_empty(const loan *l) {
    for (int i = 0; i < l->shape.ndim; ++i)
        if (l->shape.dim[i] == 0) return true;
    return false;
}

/* Where the elements are, relative to the first one: from *low to *high, in elements. Strides to no other element may
 * be anything, and become those of a dense tensor. */
static glia_status check_strides(glia_context *ctx, loan *l, int64_t *low, int64_t *high) {
    const DLTensor *t   = l->tensor;
    const int64_t limit = PTRDIFF_MAX / (int64_t)glia_dtype_size(l->dtype);
    *low = *high = 0;
    gli_dense_strides(l->shape.ndim, l->shape.dim, l->stride);
    if (is_empty(l)) return GLIA_OK;
    for (int i = 0; i < t->ndim; ++i) {
        int64_t reach;
        if (t->strides && l->shape.dim[i] > 1) l->stride[i] = t->strides[i];
        const bool fits = gli_mul_i64(l->shape.dim[i] - 1, l->stride[i], &reach) &&
                          !__builtin_add_overflow(reach > 0 ? *high : *low, reach, reach > 0 ? high : low) &&
                          *high < limit && *low > -limit;
        GLI_REQUIRE(ctx, fits, GLIA_INVALID_ARGUMENT,
                    "%s: dimension %d of %lld with stride %lld reaches past the address space", l->function, i,
                    (long long)l->shape.dim[i], (long long)l->stride[i]);
    }
    return GLIA_OK;
}

static glia_status check_data(glia_context *ctx, loan *l, int64_t low, int64_t high) {
    const DLTensor *t  = l->tensor;
    const int64_t size = (int64_t)glia_dtype_size(l->dtype);
    uintptr_t first, from, to;
    if (is_empty(l)) return GLIA_OK;
    GLI_REQUIRE(ctx, t->data, GLIA_INVALID_ARGUMENT, "%s: data is NULL, shape is %s", l->function,
                gli_shape_text(l->shape.ndim, l->shape.dim, (char[GLI_SHAPE_TEXT]){0}));
    const bool fits = !__builtin_add_overflow((uintptr_t)t->data, t->byte_offset, &first) &&
                      !__builtin_add_overflow(first, low * size, &from) &&
                      !__builtin_add_overflow(first, (high + 1) * size, &to) && from < to;
    GLI_REQUIRE(ctx, fits, GLIA_INVALID_ARGUMENT,
                "%s: elements %lld to %lld of %lld bytes at data %p with byte_offset %llu reach past the address space",
                l->function, (long long)low, (long long)high, (long long)size, t->data,
                (unsigned long long)t->byte_offset);
    l->data = (char *)t->data + t->byte_offset;
    return GLIA_OK;
}

static glia_status check(glia_context *ctx, loan *l) {
    int64_t low, high;
    GLI_TRY(check_type(ctx, l));
    GLI_TRY(check_shape(ctx, l));
    GLI_TRY(check_strides(ctx, l, &low, &high));
    return check_data(ctx, l, low, high);
}

/* ---- Its memory ---- */

static bool is_host(int device) { return device == kDLCPU || device == kDLCUDAHost || device == kDLROCMHost; }

static int gpu_of(const glia_context *ctx) { return ctx->device->gpu ? ctx->device->gpu(ctx) : -1; }

/* Whether the context's device reads it where it is. */
static bool reaches(const glia_context *ctx, const loan *l) {
    const DLDevice device = l->tensor->device;
    const int gpu         = gpu_of(ctx);
    if (gpu < 0) return is_host((int)device.device_type);
    return (device.device_type == kDLCUDA && device.device_id == gpu) || device.device_type == kDLCUDAManaged;
}

static glia_status check_device(glia_context *ctx, const loan *l) {
    const DLDevice device = l->tensor->device;
    GLI_REQUIRE(ctx, reaches(ctx, l) || is_host((int)device.device_type), GLIA_DEVICE_MISMATCH,
                "%s: the memory is %s (%d) %d, the context is on %s", l->function,
                gli_dlpack_device_name((int)device.device_type), (int)device.device_type, (int)device.device_id,
                ctx->device_name);
    return GLIA_OK;
}

/* Whether it can be used as it is, but for what only the device knows. */
static glia_status check_layout(glia_context *ctx, const loan *l) {
    const DLDevice device = l->tensor->device;
    const size_t size     = glia_dtype_size(l->dtype);
    GLI_REQUIRE(ctx, reaches(ctx, l), GLIA_DEVICE_MISMATCH, "%s: the memory is %s, the context is on %s: %s",
                l->function, gli_dlpack_device_name((int)device.device_type), ctx->device_name, "it has to be copied");
    for (int i = 0; i < l->shape.ndim; ++i)
        GLI_REQUIRE(ctx, l->stride[i] >= 0, GLIA_UNSUPPORTED,
                    "%s: stride %d is %lld: where a stride is negative it has to be copied", l->function, i,
                    (long long)l->stride[i]);
    GLI_REQUIRE(ctx, (uintptr_t)l->data % size == 0, GLIA_UNSUPPORTED,
                "%s: the first element, at %p, is not aligned to the %zu bytes of %s: it has to be copied", l->function,
                (void *)l->data, size, glia_dtype_name(l->dtype));
    return GLIA_OK;
}

static glia_status share(glia_context *ctx, const loan *l, glia_tensor **out) {
    GLI_TRY(check_layout(ctx, l));
    const glia_status status = glia_tensor_wrap(ctx, l->dtype, l->shape, l->stride, l->data, out);
    if (status != GLIA_OK) return gli_explain(ctx, status, l->function);
    (*out)->read_only = l->read_only;
    return GLIA_OK;
}

/* ---- Copies ---- */

/* All elements of host memory, in row-major order. */
static void gather(const loan *l, char *to) {
    const size_t size         = glia_dtype_size(l->dtype);
    int64_t at[GLIA_MAX_DIMS] = {0}, offset = 0, count = 1;
    for (int d = 0; d < l->shape.ndim; ++d) count *= l->shape.dim[d];
    for (int64_t i = 0; i < count; ++i, to += size) {
        memcpy(to, l->data + offset * (int64_t)size, size);
        for (int d = l->shape.ndim - 1; d >= 0; --d) {
            offset += l->stride[d];
            if (++at[d] < l->shape.dim[d]) break;
            offset -= at[d] * l->stride[d];
            at[d] = 0;
        }
    }
}

static glia_status write_from_host(const loan *l, glia_tensor *to) {
    gli_block block;
    GLI_TRY(gli_block_alloc(to->ctx, (size_t)gli_count(to), glia_dtype_size(to->dtype), "a copy of a tensor", &block));
    if (block.bytes) gather(l, block.data);
    const glia_status status = glia_tensor_write(to, block.data, block.bytes);
    gli_block_free(to->ctx, &block);
    return status;
}

static glia_status write_on_device(glia_context *ctx, const loan *l, glia_tensor *to) {
    glia_tensor *from;
    GLI_TRY(share(ctx, l, &from));
    glia_status status = gli_tensor_copy_within(from, to);
    if (status == GLIA_OK && ctx->device->synchronize) status = ctx->device->synchronize(ctx); /* it is given back */
    glia_tensor_destroy(from);
    return status;
}

static glia_status copy(glia_context *ctx, const loan *l, glia_tensor **out) {
    glia_tensor *tensor;
    GLI_TRY(glia_tensor_create(ctx, l->dtype, l->shape, &tensor));
    const glia_status status =
        is_host((int)l->tensor->device.device_type) ? write_from_host(l, tensor) : write_on_device(ctx, l, tensor);
    if (status != GLIA_OK) return glia_tensor_destroy(tensor), status;
    *out = tensor;
    return GLIA_OK;
}

/* ---- The whole ---- */

static glia_status borrow(glia_context *ctx, loan *l, const glia_dlpack_import_args *args, glia_tensor **out) {
    const glia_dlpack_copy mode = args ? args->copy : GLIA_DLPACK_SHARE;
    glia_tensor *tensor;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", l->function);
    GLI_REQUIRE(ctx, mode >= GLIA_DLPACK_SHARE && mode <= GLIA_DLPACK_COPY, GLIA_INVALID_ARGUMENT,
                "%s: copy is %d, must be a glia_dlpack_copy", l->function, (int)mode);
    GLI_TRY(check(ctx, l));
    GLI_TRY(check_device(ctx, l));
    glia_status status = GLIA_UNSUPPORTED;
    if (mode != GLIA_DLPACK_COPY) status = share(ctx, l, &tensor);
    if (status == GLIA_OK) {
        gli_tensor_on_release(tensor, l->give_back, l->managed);
        return *out = tensor, GLIA_OK;
    }
    const bool unsuitable =
        status == GLIA_UNSUPPORTED || status == GLIA_DEVICE_MISMATCH || status == GLIA_INVALID_ARGUMENT;
    if (mode == GLIA_DLPACK_SHARE || !unsuitable) return status;
    if (mode == GLIA_DLPACK_SHARE_OR_COPY) gli_forget_failure(ctx);
    GLI_TRY(copy(ctx, l, &tensor));
    l->give_back(l->managed);
    return *out = tensor, GLIA_OK;
}

static void give_back(void *managed) {
    struct DLManagedTensorVersioned *m = managed;
    if (m->deleter) m->deleter(m);
}

static glia_status from_dlpack(glia_context *ctx, struct DLManagedTensorVersioned *from,
                               const glia_dlpack_import_args *args, glia_tensor **out) {
    const char *function = "glia_tensor_from_dlpack";
    GLI_REQUIRE(ctx, from, GLIA_INVALID_ARGUMENT, "%s: from is NULL", function);
    GLI_REQUIRE(ctx, from->version.major == DLPACK_MAJOR_VERSION, GLIA_UNSUPPORTED,
                "%s: the tensor is of DLPack %u.%u, Glia reads 1.x", function, from->version.major,
                from->version.minor);
    loan l = {.function  = function,
              .tensor    = &from->dl_tensor,
              .read_only = (from->flags & DLPACK_FLAG_BITMASK_READ_ONLY) != 0,
              .give_back = give_back,
              .managed   = from};
    return borrow(ctx, &l, args, out);
}

glia_status glia_tensor_from_dlpack(glia_context *ctx, struct DLManagedTensorVersioned *from,
                                    const glia_dlpack_import_args *args, glia_tensor **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_dlpack(ctx, from, args, out);
    gli_leave(ctx);
    return status;
}

static void give_back_unversioned(void *managed) {
    struct DLManagedTensor *m = managed;
    if (m->deleter) m->deleter(m);
}

static glia_status from_unversioned(glia_context *ctx, struct DLManagedTensor *from,
                                    const glia_dlpack_import_args *args, glia_tensor **out) {
    const char *function = "glia_tensor_from_dlpack_unversioned";
    GLI_REQUIRE(ctx, from, GLIA_INVALID_ARGUMENT, "%s: from is NULL", function);
    loan l = {.function = function, .tensor = &from->dl_tensor, .give_back = give_back_unversioned, .managed = from};
    return borrow(ctx, &l, args, out);
}

glia_status glia_tensor_from_dlpack_unversioned(glia_context *ctx, struct DLManagedTensor *from,
                                                const glia_dlpack_import_args *args, glia_tensor **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_unversioned(ctx, from, args, out);
    gli_leave(ctx);
    return status;
}
