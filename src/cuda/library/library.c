#include "cuda/library/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/library/built_libraries.h"

GLI_IF_CUBLAS(extern const gli_cuda_library gli_cublas_library;)
GLI_IF_CUDNN(extern const gli_cuda_library gli_cudnn_library;)

static const gli_cuda_library *const built[] = {GLI_IF_CUBLAS(&gli_cublas_library, ) GLI_IF_CUDNN(&gli_cudnn_library, )
                                                    NULL};

/* What a context has of one library. */
typedef struct gli_cuda_opened {
    struct gli_cuda_opened *next;
    const gli_cuda_library *library;
    gli_library_found found;
    void *table;
    void *handle;
} opened;

static void close_one(glia_context *ctx, opened *o) {
    if (o->handle) o->library->destroy(ctx, o->table, o->handle);
    gli_library_close(&o->found);
    gli_free(ctx, o->table, 1, o->library->kind.table_bytes);
    gli_free(ctx, o, 1, sizeof *o);
}

void gli_cuda_libraries_close(glia_context *ctx) {
    opened **first = &gli_cuda_of(ctx)->libraries;
    while (*first) {
        opened *o = *first;
        *first    = o->next;
        close_one(ctx, o);
    }
}

static glia_status open_one(glia_context *ctx, const gli_cuda_library *library) {
    opened **first = &gli_cuda_of(ctx)->libraries;
    void *memory, *table;
    GLI_TRY(gli_new(ctx, 1, library->kind.table_bytes, "a table of functions", &table));
    const glia_status status = gli_new(ctx, 1, sizeof(opened), "a library", &memory);
    if (status != GLIA_OK) {
        gli_free(ctx, table, 1, library->kind.table_bytes);
        return status;
    }
    opened *o = memory;
    *o        = (opened){.next = *first, .library = library, .table = table};
    *first    = o;
    if (gli_library_open(&library->kind, table, &o->found))
        gli_log(ctx, GLI_LOG_DISPATCH, "%s %s: %s", library->kind.name, o->found.version, o->found.path);
    else
        gli_log(ctx, GLI_LOG_DISPATCH, "%s: %s", library->kind.name, o->found.why);
    return GLIA_OK;
}

static opened *find(glia_context *ctx, const gli_cuda_library *library) {
    opened *o = gli_cuda_of(ctx)->libraries;
    while (o && o->library != library) o = o->next;
    return o;
}

/* Of this library, opened if need be. */
static glia_status opened_of(glia_context *ctx, const gli_cuda_library *library, opened **out) {
    if (!find(ctx, library)) GLI_TRY(open_one(ctx, library));
    *out = find(ctx, library);
    return GLIA_OK;
}

const char *gli_cuda_library_missing(glia_context *ctx, const gli_cuda_library *library) {
    opened *o;
    if (opened_of(ctx, library, &o) != GLIA_OK) return "no memory for the library's functions";
    return o->found.library ? NULL : o->found.why;
}

glia_status gli_cuda_library_use(glia_context *ctx, const gli_cuda_library *library, const void **table,
                                 void **handle) {
    opened *o;
    GLI_TRY(opened_of(ctx, library, &o));
    GLI_REQUIRE(ctx, o->found.library, GLIA_UNSUPPORTED, "%s: %s", library->kind.name, o->found.why);
    if (!o->handle && library->create) GLI_TRY(library->create(ctx, o->table, &o->handle));
    *table  = o->table;
    *handle = o->handle;
    return GLIA_OK;
}

static bool convolves(glia_context *ctx, const gli_cuda_library *library) {
    return library->image_formats && (!ctx->provider[0] || strcmp(ctx->provider, library->provider) == 0) &&
           !gli_cuda_library_missing(ctx, library);
}

gli_image_formats gli_cuda_image_formats(glia_context *ctx, glia_dtype dtype) {
    for (const gli_cuda_library *const *library = built; *library; ++library)
        if (convolves(ctx, *library)) return (*library)->image_formats(ctx, dtype);
    return GLI_CUDA_OWN_IMAGE_FORMATS;
}

static void runtime_part(gli_device_part *out, const char *name, cudaError_t (*version_of)(int *)) {
    int version             = 0;
    const cudaError_t error = version_of(&version);
    out->name               = name;
    out->present            = error == cudaSuccess && version > 0;
    if (out->present)
        snprintf(out->version, sizeof out->version, "%d.%d", version / 1000, version % 1000 / 10);
    else
        snprintf(out->where, sizeof out->where, "%s",
                 error == cudaSuccess ? "not installed" : cudaGetErrorString(error));
}

static void library_part(gli_device_part *out, const gli_cuda_library *library) {
    gli_library_found found = {.why = "out of memory"};
    void *table             = calloc(1, library->kind.table_bytes);
    out->name               = library->kind.name;
    out->without            = library->without;
    out->present            = table && gli_library_open(&library->kind, table, &found);
    snprintf(out->version, sizeof out->version, "%s", found.version);
    snprintf(out->where, sizeof out->where, "%s", out->present ? found.path : found.why);
    gli_library_close(&found);
    free(table);
}

bool gli_cuda_part(int i, gli_device_part *out) {
    const int libraries = (int)(sizeof built / sizeof *built) - 1;
    *out                = (gli_device_part){0};
    if (i == 0) return runtime_part(out, "CUDA driver", cudaDriverGetVersion), true;
    if (i == 1) return runtime_part(out, "CUDA runtime", cudaRuntimeGetVersion), true;
    if (i < 0 || i - 2 >= libraries) return false;
    return library_part(out, built[i - 2]), true;
}
