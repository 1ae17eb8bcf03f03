#include "kernels/data/take_batch_launch.h"

#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "core/size.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/dense_view.h"

/* From a sample to the next; one sample has none, and any stride. */
static int sample_stride(const gli_call *call, const gli_cuda_view *v) {
    const gli_take_batch_geom *g = call->geom;
    return g->samples > 1 ? (int)v->in_stride[GLI_TAKE_BATCH_SAMPLES][0] : g->elements;
}

static glia_status arrays_of(const gli_call *call, const gli_cuda_view *v, int planes, gli_take_batch_arrays *out) {
    const gli_take_batch_geom *g = call->geom;
    const glia_tensor *samples   = call->in[GLI_TAKE_BATCH_SAMPLES];
    *out                         = (gli_take_batch_arrays){.samples  = v->in[GLI_TAKE_BATCH_SAMPLES],
                                                           .size     = (int)glia_dtype_size(samples->dtype),
                                                           .stride   = sample_stride(call, v),
                                                           .planes   = planes,
                                                           .order    = v->in[GLI_TAKE_BATCH_ORDER],
                                                           .position = v->in[GLI_TAKE_BATCH_POSITION],
                                                           .table    = v->in[GLI_TAKE_BATCH_TABLE],
                                                           .epoch    = v->in[GLI_TAKE_BATCH_EPOCH],
                                                           .view     = v->in[GLI_TAKE_BATCH_VIEW],
                                                           .boxes    = v->in[GLI_TAKE_BATCH_BOXES],
                                                           .wide     = samples->dtype == GLIA_I64,
                                                           .y        = v->out[0]};
    if (g->role == GLIA_TAKE_MASK) gli_store(samples->dtype, &out->fill, 0, g->augmentation.fill);
    if (g->role == GLIA_TAKE_CLASSES) GLI_TRY(gli_cuda_index_slot(call, GLI_TAKE_BATCH_SAMPLES, &out->class_slot));
    if (out->view) GLI_TRY(gli_cuda_index_slot(call, GLI_TAKE_BATCH_VIEW, &out->view_slot));
    return gli_cuda_index_slot(call, GLI_TAKE_BATCH_ORDER, &out->slot);
}

/* Images are written channels-last, too. 0: the kernel cannot write y as it is. */
static int planes_of(const glia_tensor *y) {
    if (gli_is_dense(y)) return 1;
    return y->ndim == 4 && gli_is_channels_last(y) ? (int)y->dim[1] : 0;
}

static glia_status take_batch(const gli_call *call, const gli_cuda_view *v) {
    gli_take_batch_arrays arrays;
    const int planes = planes_of(call->out[0]);
    GLI_TRY(arrays_of(call, v, planes ? planes : 1, &arrays)); /* 0: y is a dense copy */
    GLI_CUDA_TRY(call->ctx, gli_kernel_take_batch(call->geom, &arrays, v->stream));
    return GLIA_OK;
}

static int group(const gli_call *const *calls, const gli_cuda_view *views, int n) {
    (void)calls, (void)views;
    return (int)gli_min_i64(n, GLI_TAKE_BATCH_GROUP);
}

static glia_status run_group(const gli_call *const *calls, const gli_cuda_view *views, int n) {
    const gli_take_batch_geom *geoms[GLI_TAKE_BATCH_GROUP];
    gli_take_batch_arrays arrays[GLI_TAKE_BATCH_GROUP];
    for (int i = 0; i < n; ++i) {
        geoms[i] = calls[i]->geom;
        GLI_TRY(arrays_of(calls[i], &views[i], planes_of(calls[i]->out[0]), &arrays[i]));
    }
    GLI_CUDA_TRY(calls[0]->ctx, gli_kernel_take_batch_group(geoms, arrays, n, views[0].stream));
    return GLIA_OK;
}

#define TAKE_BATCH_KERNEL(in, out)               \
    {.run         = take_batch,                  \
     .group       = group,                       \
     .run_group   = run_group,                   \
     .strided_in  = (in),                        \
     .strided_out = (out),                       \
     .typed_in    = 1 << GLI_TAKE_BATCH_SAMPLES, \
     .typed_out   = 1}

/* [samples with their strides][y with its strides] */
static const gli_cuda_kernel kernels[2][2] = {
    {TAKE_BATCH_KERNEL(0, 0), TAKE_BATCH_KERNEL(0, 1)},
    {TAKE_BATCH_KERNEL(1 << GLI_TAKE_BATCH_SAMPLES, 0), TAKE_BATCH_KERNEL(1 << GLI_TAKE_BATCH_SAMPLES, 1)},
};

/* Samples that are dense, each by itself, are read with their stride, even where they overlap: a copy of all windows of
 * a series could be a hundred times as large as the series. */
static const gli_cuda_kernel *kernel_for(const gli_call *call) {
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES];
    glia_tensor one            = {.ndim = samples->ndim - 1, .dtype = samples->dtype};
    memcpy(one.dim, samples->dim + 1, (size_t)one.ndim * sizeof *one.dim);
    memcpy(one.stride, samples->stride + 1, (size_t)one.ndim * sizeof *one.stride);
    return &kernels[gli_is_dense(&one)][planes_of(call->out[0]) > 0];
}

static glia_status prepare_take_batch(const gli_call *call, gli_prepared *out) {
    return gli_cuda_view_prepare(call, kernel_for(call), out);
}

static glia_status run_take_batch(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    (void)prepared;
    return gli_cuda_view_run(call, kernel_for(call), workspace);
}

/* The first calls that need no copies. */
static int group_take_batch(const gli_call *const *calls, int n) {
    int whole = 0;
    while (whole < n && kernel_for(calls[whole]) == &kernels[1][1]) ++whole;
    return gli_cuda_view_group(calls, whole, &kernels[1][1]);
}

static glia_status run_group_take_batch(const gli_call *const *calls, void *const *workspaces, int n) {
    (void)workspaces;
    return gli_cuda_view_run_group(calls, n, &kernels[1][1]);
}

const gli_provider gli_take_batch_portable = {.name      = "cuda.portable",
                                              .accepts   = GLI_ACCEPTS_ALL,
                                              .prepare   = prepare_take_batch,
                                              .run       = run_take_batch,
                                              .group     = group_take_batch,
                                              .run_group = run_group_take_batch};
