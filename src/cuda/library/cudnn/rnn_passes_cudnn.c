/* What a call of rnn or rnn_backward does around cuDNN: packed weights, copies, workspace. */
#include "core/dtype.h"
#include "core/size.h"
#include "cuda/library/cudnn/rnn_cudnn.h"

enum { ALIGNMENT = 16 };

static void *take(char **workspace, size_t bytes) {
    void *taken = *workspace;
    *workspace += gli_align_up(bytes, GLI_CUDNN_ALIGNMENT);
    return taken;
}

static size_t aligned_size(size_t bytes) { return gli_align_up(bytes, GLI_CUDNN_ALIGNMENT); }

static size_t bytes_of(const glia_tensor *tensor) { return (size_t)gli_count(tensor) * glia_dtype_size(tensor->dtype); }

static glia_status pack(const gli_call *call, const gli_cuda_view *v, const gli_cudnn_rnn *rnn, void *packed) {
    gli_cudnn_rnn_weights weights = {{{NULL}}};
    for (int d = 0; d < ((const gli_rnn_geom *)call->geom)->directions; ++d)
        for (int k = 0; k < GLI_RNN_WEIGHTS; ++k)
            if (gli_rnn_weight(d, k) < call->n_in) weights.of[d][k] = (void *)v->in[gli_rnn_weight(d, k)];
    return gli_cudnn_rnn_pack(rnn, &weights, packed);
}

/* Where the saved tensor has the packed weights, behind cuDNN's reserve; 0: it has no room for them. */
static size_t weights_at(const glia_tensor *saved, const gli_cudnn_rnn *rnn) {
    const gli_cudnn_rnn_sizes *bytes = gli_cudnn_rnn_bytes(rnn);
    const size_t at                  = aligned_size(bytes->reserve);
    return saved && at + bytes->weights <= bytes_of(saved) ? at : 0;
}

size_t gli_cudnn_rnn_saved_bytes(const gli_call *call, const gli_cudnn_rnn *rnn) {
    const size_t at = weights_at(call->out[GLI_RNN_SAVED], rnn);
    return gli_align_up(at ? at + gli_cudnn_rnn_bytes(rnn)->weights : gli_cudnn_rnn_bytes(rnn)->reserve,
                        sizeof(double));
}

/* The weights that a forward call packs for its backward call, and that finds again: unless the tensor is
 * not dense, so that the kernel sees a copy, or not aligned as cuDNN wants its weights. NULL: each call packs its own.
 */
static void *kept_weights(const glia_tensor *saved, const gli_cudnn_rnn *rnn) {
    const size_t at  = weights_at(saved, rnn);
    const bool usual = at && gli_is_dense(saved) && (uintptr_t)saved->data % GLI_CUDNN_ALIGNMENT == 0;
    return usual ? (char *)saved->data + at : NULL;
}

/* Bytes of the workspace for the weights of a call. */
static size_t weights_apart(const glia_tensor *saved, const gli_cudnn_rnn *rnn) {
    return kept_weights(saved, rnn) ? 0 : aligned_size(gli_cudnn_rnn_bytes(rnn)->weights);
}

static glia_status run_forward(const gli_call *call, const gli_cuda_view *v, const gli_cudnn_rnn *rnn, char **workspace,
                               gli_cudnn_rnn_pointers *p) {
    const gli_cudnn_rnn_sizes *bytes = gli_cudnn_rnn_bytes(rnn);
    const bool has_c                 = ((const gli_rnn_geom *)call->geom)->cell == GLIA_RNN_LSTM;
    void *kept                       = kept_weights(call->out[GLI_RNN_SAVED], rnn);
    *p                               = (gli_cudnn_rnn_pointers){.x         = v->in[GLI_RNN_X],
                                                                .h0        = v->in[GLI_RNN_H0],
                                                                .c0        = v->in[GLI_RNN_C0],
                                                                .y         = v->out[GLI_RNN_Y],
                                                                .h_n       = v->out[GLI_RNN_H_N],
                                                                .c_n       = has_c ? v->out[GLI_RNN_C_N] : NULL,
                                                                .weights   = kept ? kept : take(workspace, bytes->weights),
                                                                .workspace = take(workspace, bytes->workspace),
                                                                .reserve   = v->out[GLI_RNN_SAVED]};
    GLI_TRY(pack(call, v, rnn, p->weights));
    return gli_cudnn_rnn_forward(rnn, p);
}

static glia_status forward(const gli_call *call, const gli_cuda_view *v) {
    const gli_cudnn_rnn *rnn = NULL;
    gli_cudnn_rnn_pointers p;
    char *workspace = v->workspace;
    GLI_TRY(gli_cudnn_rnn_of(call, &rnn));
    return run_forward(call, v, rnn, &workspace, &p);
}

static size_t forward_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_cudnn_rnn *rnn = NULL;
    (void)dtype;
    if (gli_cudnn_rnn_of(call, &rnn) != GLIA_OK) return 0;
    return weights_apart(call->out[GLI_RNN_SAVED], rnn) + aligned_size(gli_cudnn_rnn_bytes(rnn)->workspace);
}

/* *any: whether one is requested. */
static void weight_gradients(const gli_call *call, const gli_cuda_view *v, gli_cudnn_rnn_weights *out, bool *any) {
    *any = false;
    for (int d = 0; d < ((const gli_rnn_geom *)call->geom)->directions; ++d)
        for (int k = 0; k < GLI_RNN_WEIGHTS; ++k) {
            const int o   = gli_rnn_dweight(d, k);
            out->of[d][k] = v->out[o];
            *any          = *any || (v->out[o] && gli_count(call->out[o]) > 0);
        }
}

/* What cuDNN needs besides the call's tensors: the reserve again, because it changes it, and zeros where no gradient of
 * y comes in. */
static glia_status copies(const gli_call *call, const gli_cuda_view *v, const gli_cudnn_rnn *rnn, char **workspace,
                          gli_cudnn_rnn_pointers *p) {
    const size_t reserve = gli_cudnn_rnn_bytes(rnn)->reserve;
    p->reserve           = take(workspace, reserve);
    GLI_CUDA_TRY(call->ctx,
                 cudaMemcpyAsync(p->reserve, v->in[GLI_RNN_BACK_SAVED], reserve, cudaMemcpyDeviceToDevice, v->stream));
    p->dy = v->in[GLI_RNN_BACK_DY];
    if (p->dy) return GLIA_OK;
    const size_t bytes = bytes_of(call->in[GLI_RNN_BACK_Y]);
    void *zeros        = take(workspace, bytes);
    GLI_CUDA_TRY(call->ctx, cudaMemsetAsync(zeros, 0, bytes, v->stream));
    p->dy = zeros;
    return GLIA_OK;
}

static glia_status backward(const gli_call *call, const gli_cuda_view *v) {
    const bool has_c                = ((const gli_rnn_geom *)call->geom)->cell == GLIA_RNN_LSTM;
    char *workspace                 = v->workspace;
    const gli_cudnn_rnn *rnn        = NULL;
    gli_cudnn_rnn_weights gradients = {{{NULL}}};
    bool any;
    GLI_TRY(gli_cudnn_rnn_of(call, &rnn));
    weight_gradients(call, v, &gradients, &any);
    const gli_cudnn_rnn_sizes *bytes = gli_cudnn_rnn_bytes(rnn);
    void *kept                       = kept_weights(call->in[GLI_RNN_BACK_SAVED], rnn);
    gli_cudnn_rnn_pointers p         = {.x         = v->in[GLI_RNN_X],
                                        .h0        = v->in[GLI_RNN_H0],
                                        .c0        = v->in[GLI_RNN_C0],
                                        .y         = (void *)v->in[GLI_RNN_BACK_Y],
                                        .dh_n      = v->in[GLI_RNN_BACK_DH_N],
                                        .dc_n      = v->in[GLI_RNN_BACK_DC_N],
                                        .dx        = v->out[GLI_RNN_BACK_DX],
                                        .dh0       = v->out[GLI_RNN_BACK_DH0],
                                        .dc0       = has_c ? v->out[GLI_RNN_BACK_DC0] : NULL,
                                        .weights   = kept ? kept : take(&workspace, bytes->weights),
                                        .workspace = take(&workspace, bytes->workspace),
                                        .dweights  = any ? take(&workspace, bytes->weights) : NULL};
    if (!p.dx) p.dx = take(&workspace, bytes_of(call->in[GLI_RNN_X])); /* cuDNN always writes it */
    GLI_TRY(copies(call, v, rnn, &workspace, &p));
    if (!kept) GLI_TRY(pack(call, v, rnn, p.weights));
    GLI_TRY(gli_cudnn_rnn_backward(rnn, &p));
    return any ? gli_cudnn_rnn_unpack(rnn, p.dweights, &gradients) : GLIA_OK;
}

static size_t backward_workspace(const gli_call *call, glia_dtype dtype) {
    const gli_cudnn_rnn *rnn = NULL;
    (void)dtype;
    if (gli_cudnn_rnn_of(call, &rnn) != GLIA_OK) return 0;
    const gli_cudnn_rnn_sizes *bytes = gli_cudnn_rnn_bytes(rnn);
    const size_t zeros               = call->in[GLI_RNN_BACK_DY] ? 0 : bytes_of(call->in[GLI_RNN_BACK_Y]);
    const size_t dx                  = call->out[GLI_RNN_BACK_DX] ? 0 : bytes_of(call->in[GLI_RNN_X]);
    return weights_apart(call->in[GLI_RNN_BACK_SAVED], rnn) + aligned_size(bytes->weights) +
           aligned_size(bytes->workspace) + aligned_size(bytes->reserve) + aligned_size(zeros) + aligned_size(dx);
}

/* cuDNN has states and the gradients of weights in the type of the data. */
enum { STATES_IN = 1 << GLI_RNN_H0 | 1 << GLI_RNN_C0, STATES_OUT = 1 << GLI_RNN_H_N | 1 << GLI_RNN_C_N };

const gli_cuda_kernel gli_cudnn_rnn_forward_kernel  = {.run        = forward,
                                                       .workspace  = forward_workspace,
                                                       .typed_out  = 1 << GLI_RNN_SAVED,
                                                       .narrow_in  = STATES_IN,
                                                       .narrow_out = STATES_OUT,
                                                       .alignment  = ALIGNMENT};
const gli_cuda_kernel gli_cudnn_rnn_backward_kernel = {
    .run        = backward,
    .workspace  = backward_workspace,
    .typed_in   = 1 << GLI_RNN_BACK_SAVED,
    .narrow_in  = STATES_IN | 1 << GLI_RNN_BACK_DH_N | 1 << GLI_RNN_BACK_DC_N,
    .narrow_out = ~(1u << GLI_RNN_BACK_DX),
    .alignment  = ALIGNMENT};

/* A forward call and its backward call, whose gradients are discarded: an algorithm must be able to do both, and both
 * count in its time. */
static glia_status both_passes(const gli_call *call, const gli_cuda_view *v) {
    char *workspace          = v->workspace;
    const gli_cudnn_rnn *rnn = NULL;
    gli_cudnn_rnn_pointers p;
    GLI_TRY(gli_cudnn_rnn_of(call, &rnn));
    GLI_TRY(run_forward(call, v, rnn, &workspace, &p));
    p.dy       = p.y;
    p.dweights = take(&workspace, gli_cudnn_rnn_bytes(rnn)->weights);
    p.dx       = take(&workspace, bytes_of(call->in[GLI_RNN_X]));
    return gli_cudnn_rnn_backward(rnn, &p);
}

static size_t workspace_of_both(const gli_call *call, glia_dtype dtype) {
    const gli_cudnn_rnn *rnn = NULL;
    if (gli_cudnn_rnn_of(call, &rnn) != GLIA_OK) return 0;
    return forward_workspace(call, dtype) + aligned_size(gli_cudnn_rnn_bytes(rnn)->weights) +
           aligned_size(bytes_of(call->in[GLI_RNN_X]));
}

const gli_cuda_kernel gli_cudnn_rnn_training_kernel = {.run        = both_passes,
                                                       .workspace  = workspace_of_both,
                                                       .typed_out  = 1 << GLI_RNN_SAVED,
                                                       .narrow_in  = STATES_IN,
                                                       .narrow_out = STATES_OUT,
                                                       .alignment  = ALIGNMENT};
