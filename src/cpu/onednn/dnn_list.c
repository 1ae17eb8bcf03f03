/* The list of primitives: its beginning and end, and what goes wrong between them. */
#include "cpu/onednn/dnn_list.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/size.h"

bool gli_dnn_version(char *text, size_t size) {
    const dnnl_version_t *version = dnnl_version();
    return snprintf(text, size, "%d.%d.%d", version->major, version->minor, version->patch) > 0;
}

glia_status gli_dnn_translate(const gli_call *call, dnnl_status_t status, const char *what) {
    static const char *const names[] = {"dnnl_success",       "dnnl_out_of_memory", "dnnl_invalid_arguments",
                                        "dnnl_unimplemented", "dnnl_iterator_ends", "dnnl_runtime_error",
                                        "dnnl_not_required"};
    if (status == dnnl_success) return GLIA_OK;
    const char *name     = (size_t)status < sizeof names / sizeof *names ? names[status] : "an unknown dnnl_status_t";
    const glia_tensor *x = call->in[0] ? call->in[0] : call->out[0];
    const glia_tensor *w = call->n_in > 1 && call->in[1] ? call->in[1] : x;
    return gli_fail(call->ctx, status == dnnl_out_of_memory ? GLIA_OUT_OF_MEMORY : GLIA_DEVICE_ERROR,
                    "%s: oneDNN says %s for %s of %s, %s", call->op->name, name, what, GLI_SHAPE_OF(x),
                    GLI_SHAPE_OF(w));
}

glia_status gli_dnn_refuse(const gli_call *call, const char *reason, const char *what) {
    gli_log(call->ctx, GLI_LOG_DISPATCH, "dispatch %s: oneDNN has %s for %s", call->op->name, reason, what);
    return GLIA_UNSUPPORTED;
}

bool gli_dnn_check(gli_dnn *dnn, dnnl_status_t status, const char *what) {
    if (dnn->status != GLIA_OK) return false;
    dnn->status = status == dnnl_unimplemented || status == dnnl_invalid_arguments
                      ? gli_dnn_refuse(dnn->call, "nothing", what)
                      : gli_dnn_translate(dnn->call, status, what);
    return dnn->status == GLIA_OK;
}

static void destroy(gli_dnn *dnn) {
    for (int i = 0; i < dnn->n_steps; ++i) {
        const gli_dnn_step *s = &dnn->steps[i];
        for (int k = 0; k < s->lanes * GLI_DNN_MAX_ARGUMENTS; ++k) dnnl_memory_destroy(s->memory[k]);
        gli_free(dnn->ctx, s->memory, (size_t)s->lanes * GLI_DNN_MAX_ARGUMENTS, sizeof *s->memory);
        dnnl_primitive_destroy(s->primitive);
    }
    gli_free(dnn->ctx, dnn->steps, (size_t)dnn->capacity, sizeof *dnn->steps);
    for (int i = 0; dnn->stream && i < dnn->lanes; ++i) dnnl_stream_destroy(dnn->stream[i]);
    gli_free(dnn->ctx, dnn->stream, (size_t)dnn->lanes, sizeof *dnn->stream);
    dnnl_engine_destroy(dnn->engine);
    gli_free(dnn->ctx, dnn, 1, sizeof *dnn);
}

/* oneDNN itself keeps the last 1,024 primitives of the process: for a program whose shapes change these are hundreds of
 * megabytes that no allocator sees, and where memory runs out while it makes one, an entry stays behind on which the
 * next look-up crashes. The cache of prepared calls makes oneDNN's superfluous, so that one is switched off, unless
 * somebody has set its capacity. */
static void disable_primitive_cache(void) {
    enum { DEFAULT_CAPACITY = 1024 };
    int capacity;
    if (gli_dnnl.get_primitive_cache_capacity(&capacity) == dnnl_success && capacity == DEFAULT_CAPACITY &&
        !getenv("DNNL_PRIMITIVE_CACHE_CAPACITY") && !getenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY"))
        gli_dnnl.set_primitive_cache_capacity(0);
}

/* Version 3 writes its errors to standard output, unless somebody wants to read them. */
static void silence(void) {
    if (!getenv("DNNL_VERBOSE") && !getenv("ONEDNN_VERBOSE")) gli_dnnl.set_verbose(0);
}

/* Once: a program may want other settings afterwards. */
static pthread_once_t settings_are_made = PTHREAD_ONCE_INIT;

static void make_settings(void) {
    silence();
    disable_primitive_cache();
    gli_dnn_load_unwinder();
}

/* There always is a CPU, so that only memory can be missing; version 3 calls that a runtime error. */
static dnnl_status_t create_engine(dnnl_engine_t *engine) {
    return gli_dnnl.engine_create(engine, dnnl_cpu, 0) == dnnl_success ? dnnl_success : dnnl_out_of_memory;
}

/* Slices are for libraries that work on the thread which calls them. */
static bool stays_on_its_thread(const gli_dnn_openmp *openmp) {
    const unsigned runtime = dnnl_version()->cpu_runtime;
    return runtime == DNNL_RUNTIME_SEQ || (runtime == DNNL_RUNTIME_OMP && openmp->set_num_threads);
}

glia_status gli_dnn_begin(const gli_call *call, gli_dnn **out) {
    glia_context *ctx = call->ctx;
    void *memory, *descriptors;
    const gli_dnn_openmp openmp = gli_dnn_find_openmp();
    if (!stays_on_its_thread(&openmp)) return gli_dnn_refuse(call, "no way to stay on one thread", call->op->name);
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "a oneDNN primitive", &memory));
    const glia_status status =
        gli_new(ctx, 1, sizeof(gli_dnn_descriptors), "a oneDNN primitive's tensors", &descriptors);
    if (status != GLIA_OK) return gli_free(ctx, memory, 1, sizeof **out), status;
    gli_dnn *dnn     = memory;
    dnn->call        = call;
    dnn->ctx         = ctx;
    dnn->openmp      = openmp;
    dnn->descriptors = descriptors;
    dnn->before      = gli_dnn_threads_enter(&dnn->openmp);
    dnn->status      = gli_dnn_reserve(ctx, GLI_DNN_TO_PREPARE);
    if (dnn->status == GLIA_OK) pthread_once(&settings_are_made, make_settings);
    if (dnn->status == GLIA_OK) gli_dnn_check(dnn, create_engine(&dnn->engine), "an engine");
    *out = dnn;
    return GLIA_OK;
}

static void create_streams(gli_dnn *dnn) {
    void *memory;
    if (dnn->status == GLIA_OK) dnn->status = gli_dnn_reserve(dnn->ctx, GLI_DNN_TO_PREPARE);
    if (dnn->status == GLIA_OK)
        dnn->status = gli_new(dnn->ctx, (size_t)dnn->lanes, sizeof *dnn->stream, "streams of oneDNN", &memory);
    if (dnn->status != GLIA_OK) return;
    dnn->stream = memory;
    for (int i = 0; i < dnn->lanes; ++i)
        gli_dnn_check(dnn, gli_dnnl.stream_create(&dnn->stream[i], dnn->engine, dnnl_stream_default_flags), "a stream");
}

size_t gli_dnn_lane_bytes(const gli_dnn *dnn) {
    size_t bytes = 0;
    return gli_add_size(dnn->copies, dnn->scratchpad, &bytes) ? gli_align_up(bytes, GLI_ALIGNMENT) : SIZE_MAX;
}

static size_t workspace_bytes(gli_dnn *dnn) {
    size_t lanes = 0, bytes = 0;
    if (!gli_mul_size(gli_dnn_lane_bytes(dnn), (size_t)dnn->lanes, &lanes) || !gli_add_size(dnn->shared, lanes, &bytes))
        dnn->status = gli_dnn_refuse(dnn->call, "too large a workspace", "its copies");
    return bytes;
}

glia_status gli_dnn_end(gli_dnn *dnn, gli_prepared *out) {
    create_streams(dnn);
    gli_dnn_threads_leave(&dnn->openmp, dnn->before);
    const size_t bytes       = dnn->status == GLIA_OK ? workspace_bytes(dnn) : 0;
    const glia_status status = dnn->status;
    gli_free(dnn->ctx, dnn->descriptors, 1, sizeof *dnn->descriptors);
    if (status == GLIA_OK)
        *out = (gli_prepared){.state = dnn, .workspace = bytes};
    else
        destroy(dnn);
    return status;
}

void gli_dnn_release(gli_prepared *prepared) { destroy(prepared->state); }
