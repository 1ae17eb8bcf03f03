#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/library/cudnn/cudnn_graph.h"
#include "cuda/library/cudnn/cudnn_rnn.h"
#include "cuda/library/library.h"

static const gli_library_function listed[] = {
#define X(name) {#name, offsetof(gli_cudnn_functions, name)},
    GLI_CUDNN_FUNCTIONS(X)
#undef X
        {NULL, 0}};

int gli_cudnn_injected(int error) {
    switch (error) {
        case cudaErrorMemoryAllocation: return CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
        case cudaErrorInvalidValue: return CUDNN_STATUS_BAD_PARAM;
        case cudaErrorNotSupported: return CUDNN_STATUS_NOT_SUPPORTED;
        case cudaErrorIllegalAddress: return CUDNN_STATUS_EXECUTION_FAILED;
        default: return CUDNN_STATUS_INTERNAL_ERROR;
    }
}

static glia_status status_of(int status) {
    if (status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ||
        status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED)
        return GLIA_OUT_OF_MEMORY;
    return CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED ? GLIA_UNSUPPORTED : GLIA_DEVICE_ERROR;
}

/* The one translator. Of a failure inside the library the device may know more: whether it is lost. */
glia_status gli_cudnn_status(const gli_cudnn *dnn, const char *call, int status) {
    char more[256]     = "";
    const int category = CUDNN_STATUS_CATEGORY(status);
    const bool inside  = category == CUDNN_STATUS_INTERNAL_ERROR || category == CUDNN_STATUS_EXECUTION_FAILED;
    if (inside && status_of(status) != GLIA_OUT_OF_MEMORY) GLI_TRY(gli_cuda_ask(dnn->ctx, call));
    dnn->f->cudnnGetLastErrorString(more, sizeof more);
    return gli_fail(dnn->ctx, status_of(status), "%s: %s: %s%s%s", dnn->ctx->device_name, call,
                    dnn->f->cudnnGetErrorString((cudnnStatus_t)status), *more ? "; " : "", more);
}

static bool check(const void *table, char *version, size_t size) {
    const gli_cudnn_functions *f = table;
    const size_t v               = f->cudnnGetVersion();
    const int major              = (int)(v / 10000);
    if (major != CUDNN_MAJOR) {
        snprintf(version, size, "it is version %zu of cuDNN, and this build needs %d", v, CUDNN_MAJOR);
        return false;
    }
    snprintf(version, size, "%d.%d.%d", major, (int)(v / 100 % 100), (int)(v % 100));
    return true;
}

/* GLI_CUDNN_DEVICE, cuDNN's own description of a device as JSON, makes plans for that device instead of running them
 * here: for tests on machines without a GPU. */
static glia_status describe_device(const gli_cudnn *dnn, gli_cudnn_session *s, const char *json) {
    GLI_CUDNN_TRY(dnn, cudnnBackendCreateDescriptor, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &s->device);
    GLI_CUDNN_TRY(dnn, cudnnBackendSetAttribute, s->device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                  (int64_t)strlen(json), json);
    GLI_CUDNN_TRY(dnn, cudnnBackendFinalize, s->device);
    return GLIA_OK;
}

static glia_status begin(const gli_cudnn *dnn, gli_cudnn_session *s) {
    const char *json = getenv("GLI_CUDNN_DEVICE");
    if (json && *json) return describe_device(dnn, s, json);
    GLI_CUDNN_TRY(dnn, cudnnCreate, &s->handle);
    GLI_CUDNN_TRY(dnn, cudnnSetStream, s->handle, gli_cuda_of(dnn->ctx)->stream);
    return GLIA_OK;
}

static void destroy(glia_context *ctx, const void *table, void *handle) {
    const gli_cudnn_functions *f = table;
    gli_cudnn_session *s         = handle;
    gli_cudnn_layers_free(ctx, s->layers);
    if (s->device) f->cudnnBackendDestroyDescriptor(s->device);
    if (s->handle) f->cudnnDestroy(s->handle);
    gli_free(ctx, s, 1, sizeof *s);
}

static glia_status create(glia_context *ctx, const void *table, void **handle) {
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof(gli_cudnn_session), "a session of cuDNN", &memory));
    const gli_cudnn dnn      = {ctx, table, memory};
    const glia_status status = begin(&dnn, memory);
    if (status != GLIA_OK)
        destroy(ctx, table, memory);
    else
        *handle = memory;
    return status;
}

static const char *const files[] = {"libcudnn.so.9", NULL};

extern const gli_cuda_library gli_cudnn_library;
const gli_cuda_library gli_cudnn_library = {
    .kind          = {.name        = "cuDNN",
                      .files       = files,
                      .package     = "cudnn",
                      .functions   = listed,
                      .table_bytes = sizeof(gli_cudnn_functions),
                      .check       = check},
    .provider      = "cuda.cudnn",
    .without       = "convolutions and recurrent layers run on Glia's own kernels",
    .create        = create,
    .destroy       = destroy,
    .image_formats = gli_cudnn_image_formats,
};

const char *gli_cudnn_missing(glia_context *ctx) { return gli_cuda_library_missing(ctx, &gli_cudnn_library); }

glia_status gli_cudnn_use(glia_context *ctx, gli_cudnn *out) {
    const void *table;
    void *handle;
    GLI_TRY(gli_cuda_library_use(ctx, &gli_cudnn_library, &table, &handle));
    *out = (gli_cudnn){ctx, table, handle};
    return GLIA_OK;
}

glia_status gli_cudnn_layers_of(glia_context *ctx, struct gli_cudnn_layers ***out) {
    gli_cudnn dnn;
    GLI_TRY(gli_cudnn_use(ctx, &dnn));
    *out = &dnn.session->layers;
    return GLIA_OK;
}
