#include "cuda/ops/rnn/rnn_arguments.h"

#include "core/size.h"
#include "cuda/device/gpu_of_context.h"
#include "cuda/device/index_error.h"
#include "cuda/ops/tensor_cores.h"

void *gli_cuda_rnn_element(const void *array, int64_t i, size_t size) {
    return array ? (char *)array + (size_t)i * size : NULL;
}

gli_rnn_layer gli_cuda_rnn_layer(const gli_call *call, glia_dtype dtype, const gli_cuda_view *v) {
    const gli_rnn_geom *g = call->geom;
    gli_rnn_layer l       = {.geom          = *g,
                             .dtype         = dtype,
                             .step_rows     = g->batch_first ? 1 : g->batch,
                             .sequence_rows = g->batch_first ? g->steps : 1};
    if (!v) return l;
    l.h0 = v->in[GLI_RNN_H0], l.c0 = v->in[GLI_RNN_C0];
    for (int d = 0; d < g->directions; ++d) {
        l.w_hh[d]     = v->in[gli_rnn_weight(d, GLI_RNN_W_HH)];
        l.b_hh[d]     = v->in[gli_rnn_weight(d, GLI_RNN_B_HH)];
        l.w_hr[d]     = v->in[gli_rnn_weight(d, GLI_RNN_W_HR)];
        l.peephole[d] = v->in[gli_rnn_weight(d, GLI_RNN_PEEPHOLE)];
    }
    return l;
}

glia_status gli_cuda_rnn_lengths(const gli_call *call, const gli_cuda_view *v, int *lengths, gli_rnn_layer *layer) {
    const gli_rnn_geom *g = call->geom;
    if (!v->in[GLI_RNN_LENGTHS]) return GLIA_OK;
    const gli_indices given = {v->in[GLI_RNN_LENGTHS], call->in[GLI_RNN_LENGTHS]->dtype};
    unsigned long long *slot;
    GLI_TRY(gli_cuda_index_slot(call, GLI_RNN_LENGTHS, &slot));
    GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_lengths(&given, g->batch, g->steps, slot, lengths, v->stream));
    layer->lengths = lengths;
    return GLIA_OK;
}

int64_t gli_cuda_rnn_gates(const gli_rnn_geom *g) {
    return g->gates > 1 ? 4 * gli_cuda_rnn_rows(g) * g->directions * g->hidden : 0;
}

int64_t gli_cuda_rnn_cells(const gli_rnn_geom *g) {
    return g->cell == GLIA_RNN_LSTM ? gli_cuda_rnn_rows(g) * g->directions * g->hidden : 0;
}

const char *gli_cuda_rnn_partition(const gli_call *call, bool tensor_cores, gli_rnn_partition *out) {
    const struct cudaDeviceProp *gpu = &gli_cuda_of(call->ctx)->properties;
    const gli_rnn_layer layer        = gli_cuda_rnn_layer(call, call->in[GLI_RNN_X]->dtype, NULL);
    const gli_rnn_limits limits      = {gpu->multiProcessorCount, gpu->sharedMemPerBlockOptin};
    if (!gpu->cooperativeLaunch) return "the GPU has no cooperative launches";
    if (layer.geom.projection) return "it projects the output of each step";
    return tensor_cores ? gli_kernel_rnn_tensor_partition(&layer, limits, out)
                        : gli_kernel_rnn_partition(&layer, limits, out);
}

const char *gli_cuda_rnn_decline_persistent(const gli_call *call) {
    gli_rnn_partition partition;
    return gli_cuda_rnn_partition(call, false, &partition);
}

/* By the rule of other products: those of a step have a row for each sequence. */
const char *gli_cuda_rnn_decline_tensor_cores(const gli_call *call) {
    enum { MIN_CAPABILITY = 80 };
    const gli_rnn_geom *g = call->geom;
    gli_rnn_partition partition;
    if (gli_cuda_gpu(call).compute_capability < MIN_CAPABILITY) return "the GPU's compute capability is below 8.0";
    const char *why = gli_cuda_decline_tensor_product(call, call->in[GLI_RNN_X]->dtype, g->batch, g->hidden);
    return why ? why : gli_cuda_rnn_partition(call, true, &partition);
}

/* Both passes or none: the one reads what the other has saved. */
static glia_status check_blocks(const gli_call *call, const gli_rnn_partition *p) {
    const gli_rnn_layer layer = gli_cuda_rnn_layer(call, call->in[GLI_RNN_X]->dtype, NULL);
    const int64_t all         = (int64_t)p->groups * p->blocks;
    int forward = 0, backward = 0;
    if (p->tensor_cores) {
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_tensor_blocks(&layer, p, &forward));
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_backward_tensor_blocks(&layer, p, &backward));
    } else {
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_persistent_blocks(&layer, p, &forward));
        GLI_CUDA_TRY(call->ctx, gli_kernel_rnn_backward_persistent_blocks(&layer, p, &backward));
    }
    const int64_t at_once = gli_min_i64(forward, backward) * gli_cuda_of(call->ctx)->properties.multiProcessorCount;
    GLI_REQUIRE(call->ctx, all <= at_once, GLIA_UNSUPPORTED, "the GPU holds %lld of its %lld blocks at once",
                (long long)at_once, (long long)all);
    return GLIA_OK;
}

glia_status gli_cuda_rnn_check_blocks(const gli_call *call, bool tensor_cores) {
    gli_rnn_partition partition;
    gli_cuda_rnn_partition(call, tensor_cores, &partition);
    return gli_cuda_refusal(check_blocks(call, &partition));
}

glia_status gli_cuda_rnn_check_size(const gli_call *call, gli_prepared *out) {
    (void)out;
    const gli_rnn_geom *g     = call->geom;
    const gli_rnn_layer layer = gli_cuda_rnn_layer(call, call->in[GLI_RNN_X]->dtype, NULL);
    GLI_REQUIRE(call->ctx, gli_cuda_rnn_rows(g) * gli_rnn_dgates(&layer) * g->hidden <= INT32_MAX, GLIA_UNSUPPORTED,
                "%s: %d steps of %d sequences with %d hidden units have more than 2^31-1 gates", call->op->name,
                g->steps, g->batch, g->hidden);
    return GLIA_OK;
}
