/* Tensors for other libraries. */
#include <string.h>

#include "core/context_impl.h"
#include "core/device.h"
#include "core/tensor_impl.h"
#include "dlpack/dlpack_types.h"
#include "glia/dlpack.h"

/* What is lent: the struct, and what it points to. Its manager_ctx is the whole. */
typedef struct loan {
    struct DLManagedTensorVersioned managed;
    glia_tensor *tensor;
    int64_t shape[GLIA_MAX_DIMS], stride[GLIA_MAX_DIMS];
} loan;

static void end_loan(struct DLManagedTensorVersioned *managed) {
    if (!managed) return;
    loan *l             = managed->manager_ctx;
    glia_tensor *tensor = l->tensor;
    glia_context *ctx   = tensor->ctx;
    gli_free(ctx, l, 1, sizeof *l);
    glia_tensor_destroy(tensor);
}

static DLDevice device_of(const glia_context *ctx) {
    const int gpu = ctx->device->gpu ? ctx->device->gpu(ctx) : -1;
    return gpu >= 0 ? (DLDevice){kDLCUDA, gpu} : (DLDevice){kDLCPU, 0};
}

static void describe(loan *l, const glia_dlpack_export_args *args) {
    const glia_tensor *t = l->tensor;
    memcpy(l->shape, t->dim, sizeof l->shape);
    memcpy(l->stride, t->stride, sizeof l->stride);
    l->managed = (struct DLManagedTensorVersioned){
        .version     = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION},
        .manager_ctx = l,
        .deleter     = end_loan,
        .flags       = (args->read_only || t->read_only ? DLPACK_FLAG_BITMASK_READ_ONLY : 0) |
                 (args->copy ? DLPACK_FLAG_BITMASK_IS_COPIED : 0),
        .dl_tensor = {.data    = gli_count(t) ? t->data : NULL,
                      .device  = device_of(t->ctx),
                      .ndim    = t->ndim,
                      .dtype   = gli_dlpack_type(t->dtype),
                      .shape   = l->shape,
                      .strides = l->stride}};
}

static glia_status copy_of(const glia_tensor *tensor, glia_tensor **out) {
    GLI_TRY(glia_tensor_create(tensor->ctx, tensor->dtype, glia_tensor_shape(tensor), out));
    const glia_status status = gli_tensor_copy_within(tensor, *out);
    if (status != GLIA_OK) glia_tensor_destroy(*out);
    return status;
}

static glia_status lend(glia_tensor *tensor, const glia_dlpack_export_args *args,
                        struct DLManagedTensorVersioned **out) {
    glia_context *ctx = tensor->ctx;
    void *memory;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_tensor_to_dlpack: out is NULL");
    GLI_REQUIRE(ctx, gli_tensor_is_whole(tensor), GLIA_INVALID_ARGUMENT,
                "glia_tensor_to_dlpack: the tensor is a callback's: only tensors that were created can be lent");
    GLI_TRY(gli_new(ctx, 1, sizeof(loan), "a tensor of DLPack", &memory));
    loan *l            = memory;
    glia_status status = GLIA_OK;
    l->tensor          = tensor;
    if (args->copy)
        status = copy_of(tensor, &l->tensor);
    else
        gli_tensor_retain(tensor);
    if (status != GLIA_OK) return gli_free(ctx, l, 1, sizeof *l), status;
    describe(l, args);
    if (!args->no_wait && ctx->device->synchronize) status = ctx->device->synchronize(ctx);
    if (status != GLIA_OK) return end_loan(&l->managed), status;
    *out = &l->managed;
    return GLIA_OK;
}

glia_status glia_tensor_to_dlpack(glia_tensor *tensor, const glia_dlpack_export_args *args,
                                  struct DLManagedTensorVersioned **out) {
    GLI_REQUIRE_OBJECT(tensor);
    GLI_TRY(gli_enter(tensor->ctx));
    const glia_status status = lend(tensor, args ? args : &(glia_dlpack_export_args){0}, out);
    gli_leave(tensor->ctx);
    return status;
}
