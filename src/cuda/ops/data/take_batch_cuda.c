#include "kernels/data/take_batch_launch.h"

#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"

/* From a sample to the next; one sample has none, and any stride. */
static int sample_stride(const gli_call *call, const gli_cuda_view *v) {
    const gli_take_batch_geom *g = call->geom;
    return g->samples > 1 ? (int)v->in_stride[GLI_TAKE_BATCH_SAMPLES][0] : g->elements;
}

static glia_status take(const gli_call *call, const gli_cuda_view *v, int planes) {
    gli_take_batch_arrays arrays = {.samples  = v->in[GLI_TAKE_BATCH_SAMPLES],
                                    .size     = (int)glia_dtype_size(call->in[GLI_TAKE_BATCH_SAMPLES]->dtype),
                                    .stride   = sample_stride(call, v),
                                    .planes   = planes,
                                    .order    = v->in[GLI_TAKE_BATCH_ORDER],
                                    .position = v->in[GLI_TAKE_BATCH_POSITION],
                                    .table    = v->in[GLI_TAKE_BATCH_TABLE],
                                    .y        = v->out[0]};
    GLI_TRY(gli_cuda_index_slot(call, GLI_TAKE_BATCH_ORDER, &arrays.slot));
    GLI_CUDA_TRY(call->ctx, gli_kernel_take_batch(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

static glia_status take_batch(const gli_call *call, const gli_cuda_view *v) { return take(call, v, 1); }

#define GLI_ACCEPTS_IMAGES_LAST {GLI_TAKES_FLOATS, GLI_ANY_FORMAT, .images = GLI_CHANNELS_LAST}

static const char *decline(const gli_call *call) { return call->out[0]->ndim == 4 ? NULL : "only images"; }

static glia_status take_channels_last(const gli_call *call, const gli_cuda_view *v) {
    return take(call, v, (int)call->out[0]->dim[1]);
}

GLI_CUDA_KERNEL_PROVIDER(take_batch, channels_last, GLI_ACCEPTS_IMAGES_LAST, decline, .run = take_channels_last,
                         .strided_out = 1, .typed_in = 1 << GLI_TAKE_BATCH_SAMPLES, .typed_out = 1);

static const gli_cuda_kernel copied_samples = {
    .run = take_batch, .typed_in = 1 << GLI_TAKE_BATCH_SAMPLES, .typed_out = 1};
static const gli_cuda_kernel strided_samples = {.run        = take_batch,
                                                .strided_in = 1 << GLI_TAKE_BATCH_SAMPLES,
                                                .typed_in   = 1 << GLI_TAKE_BATCH_SAMPLES,
                                                .typed_out  = 1};

/* Samples that are dense, each by itself, are read with their stride, even where they overlap: a copy of all windows of
 * a series could be a hundred times as large as the series. */
static const gli_cuda_kernel *kernel_for(const gli_call *call) {
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES];
    glia_tensor one            = {.ndim = samples->ndim - 1, .dtype = samples->dtype};
    memcpy(one.dim, samples->dim + 1, (size_t)one.ndim * sizeof *one.dim);
    memcpy(one.stride, samples->stride + 1, (size_t)one.ndim * sizeof *one.stride);
    return gli_is_dense(&one) ? &strided_samples : &copied_samples;
}

static glia_status prepare_take_batch(const gli_call *call, gli_prepared *out) {
    return gli_cuda_view_prepare(call, kernel_for(call), out);
}

static glia_status run_take_batch(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_cuda_view_run(call, kernel_for(call), workspace);
}

const gli_provider gli_take_batch_portable = {
    .name = "cuda.portable", .accepts = GLI_ACCEPTS_ALL, .prepare = prepare_take_batch, .run = run_take_batch};
