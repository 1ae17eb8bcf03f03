#include "core/dtype.h"
#include "cuda/library/cudnn/cudnn_graph.h"
#include "cuda/library/cudnn/cudnn_rnn.h"
#include "kernels/movement/concat_launch.h"

/* Bytes that are contiguous both in a matrix of the op and in cuDNN's weights. */
typedef struct chunk {
    int direction, weight;
    size_t from, to, bytes; /* from: in the matrix */
} chunk;

enum {
    MAX_CHUNKS = GLI_RNN_MAX_DIRECTIONS * (4 * 4 + 1)
}; /* a matrix and a bias, of the input and of the state, of a gate */

struct gli_cudnn_rnn {
    gli_cudnn dnn;
    gli_rnn_geom geom;
    glia_dtype dtype;
    cudnnForwardMode_t mode;
    cudnnRNNDescriptor_t rnn;
    cudnnDropoutDescriptor_t dropout;
    cudnnRNNDataDescriptor_t x, y;
    cudnnTensorDescriptor_t h, c;
    gli_cudnn_rnn_sizes bytes;
    chunk chunks[MAX_CHUNKS];
    int n_chunks;
    size_t packed; /* bytes of all chunks */
};

static const struct {
    cudnnRNNAlgo_t algorithm;
    const char *name;
} algorithms[GLI_CUDNN_RNN_ALGORITHMS] = {
    [GLI_CUDNN_RNN_STANDARD]   = {CUDNN_RNN_ALGO_STANDARD, "standard"},
    [GLI_CUDNN_RNN_PERSISTENT] = {CUDNN_RNN_ALGO_PERSIST_STATIC, "persistent"},
    [GLI_CUDNN_RNN_COMPILED]   = {CUDNN_RNN_ALGO_PERSIST_DYNAMIC, "compiled"},
    [GLI_CUDNN_RNN_SMALL]      = {CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H, "small"},
};

const char *gli_cudnn_rnn_name(gli_cudnn_rnn_algorithm algorithm) { return algorithms[algorithm].name; }

const gli_cudnn_rnn_sizes *gli_cudnn_rnn_bytes(const gli_cudnn_rnn *rnn) { return &rnn->bytes; }

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static cudnnDataType_t type_of(glia_dtype dtype) {
    return dtype == GLIA_F64    ? CUDNN_DATA_DOUBLE
           : dtype == GLIA_BF16 ? CUDNN_DATA_BFLOAT16
           : dtype == GLIA_F16  ? CUDNN_DATA_HALF
                                : CUDNN_DATA_FLOAT;
}

static cudnnRNNMode_t cell_of(glia_rnn_cell cell) {
    static const cudnnRNNMode_t modes[] = {[GLIA_RNN_TANH] = CUDNN_RNN_TANH,
                                           [GLIA_RNN_RELU] = CUDNN_RNN_RELU,
                                           [GLIA_RNN_LSTM] = CUDNN_LSTM,
                                           [GLIA_RNN_GRU]  = CUDNN_GRU};
    return modes[cell];
}

/* f32 stays f32 unless the context allows less; bf16 and f16 are for tensor cores. */
static cudnnMathType_t math_of(const glia_context *ctx, glia_dtype dtype) {
    if (dtype == GLIA_BF16 || dtype == GLIA_F16) return CUDNN_TENSOR_OP_MATH;
    return dtype == GLIA_F32 && ctx->math != GLIA_MATH_F32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH;
}

/* Always with biases: only the standard algorithm can do without, and zeros change nothing. */
static glia_status describe_layer(gli_cudnn_rnn *r, gli_cudnn_rnn_algorithm algorithm) {
    const gli_cudnn *dnn         = &r->dnn;
    const gli_rnn_geom *g        = &r->geom;
    const cudnnDataType_t type   = type_of(r->dtype);
    const cudnnDataType_t sums   = r->dtype == GLIA_F64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
    const cudnnDirectionMode_t d = g->directions == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL;
    GLI_CUDNN_TRY(dnn, cudnnCreateDropoutDescriptor, &r->dropout);
    GLI_CUDNN_TRY(dnn, cudnnSetDropoutDescriptor, r->dropout, dnn->session->handle, 0, NULL, 0, 0);
    GLI_CUDNN_TRY(dnn, cudnnCreateRNNDescriptor, &r->rnn);
    GLI_CUDNN_TRY(dnn, cudnnSetRNNDescriptor_v8, r->rnn, algorithms[algorithm].algorithm, cell_of(g->cell),
                  CUDNN_RNN_DOUBLE_BIAS, d, CUDNN_LINEAR_INPUT, type, sums, math_of(dnn->ctx, r->dtype), g->inputs,
                  g->hidden, g->outputs, 1, r->dropout, CUDNN_RNN_PADDED_IO_ENABLED);
    if (algorithm == GLI_CUDNN_RNN_COMPILED)
        GLI_CUDNN_TRY(dnn, cudnnBuildRNNDynamic, dnn->session->handle, r->rnn, g->batch);
    return GLIA_OK;
}

static glia_status describe_sequences(const gli_cudnn_rnn *r, int width, const int *lengths,
                                      cudnnRNNDataDescriptor_t *out) {
    const gli_rnn_geom *g = &r->geom;
    double padding        = 0; /* as wide as the widest type; there are no steps to pad */
    const cudnnRNNDataLayout_t layout =
        g->batch_first ? CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED : CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED;
    GLI_CUDNN_TRY(&r->dnn, cudnnCreateRNNDataDescriptor, out);
    GLI_CUDNN_TRY(&r->dnn, cudnnSetRNNDataDescriptor, *out, type_of(r->dtype), layout, g->steps, g->batch, width,
                  lengths, &padding);
    return GLIA_OK;
}

/* cuDNN copies the lengths into its descriptors. */
static glia_status describe_data(gli_cudnn_rnn *r) {
    const gli_rnn_geom *g = &r->geom;
    gli_block lengths;
    GLI_TRY(gli_block_alloc(r->dnn.ctx, (size_t)g->batch, sizeof(int), "the lengths of sequences", &lengths));
    for (int n = 0; n < g->batch; ++n) ((int *)lengths.data)[n] = g->steps;
    glia_status status = describe_sequences(r, g->inputs, lengths.data, &r->x);
    if (status == GLIA_OK) status = describe_sequences(r, g->directions * g->outputs, lengths.data, &r->y);
    gli_block_free(r->dnn.ctx, &lengths);
    return status;
}

static glia_status create_tensor(const gli_cudnn *dnn, cudnnTensorDescriptor_t *out) {
    GLI_CUDNN_TRY(dnn, cudnnCreateTensorDescriptor, out);
    return GLIA_OK;
}

static glia_status describe_state(const gli_cudnn_rnn *r, int width, cudnnTensorDescriptor_t *out) {
    const gli_rnn_geom *g = &r->geom;
    const int dim[]       = {g->directions, g->batch, width};
    const int stride[]    = {g->batch * width, width, 1};
    GLI_TRY(create_tensor(&r->dnn, out));
    GLI_CUDNN_TRY(&r->dnn, cudnnSetTensorNdDescriptor, *out, type_of(r->dtype), 3, dim, stride);
    return GLIA_OK;
}

static glia_status ask_for_sizes(gli_cudnn_rnn *r) {
    const gli_cudnn *dnn = &r->dnn;
    GLI_CUDNN_TRY(dnn, cudnnGetRNNWeightSpaceSize, dnn->session->handle, r->rnn, &r->bytes.weights);
    GLI_CUDNN_TRY(dnn, cudnnGetRNNTempSpaceSizes, dnn->session->handle, r->rnn, r->mode, r->x, &r->bytes.workspace,
                  &r->bytes.reserve);
    return GLIA_OK;
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

static void add_chunk(gli_cudnn_rnn *r, const chunk *p) {
    chunk *last = r->n_chunks ? &r->chunks[r->n_chunks - 1] : NULL;
    r->packed += p->bytes;
    if (last && last->direction == p->direction && last->weight == p->weight && last->from + last->bytes == p->from &&
        last->to + last->bytes == p->to)
        last->bytes += p->bytes;
    else
        r->chunks[r->n_chunks++] = *p;
}

static size_t bytes_of_block(const gli_cudnn_rnn *r, int weight) {
    const gli_rnn_geom *g = &r->geom;
    const size_t rows     = (size_t)(weight == GLI_RNN_W_HR ? g->outputs : g->hidden);
    const size_t columns  = (size_t)(weight == GLI_RNN_W_IH   ? g->inputs
                                     : weight == GLI_RNN_W_HH ? g->outputs
                                     : weight == GLI_RNN_W_HR ? g->hidden
                                                              : 1);
    return rows * columns * glia_dtype_size(r->dtype);
}

/* Notes that block `gate` of a matrix, or of a bias, lies at `address`, where cuDNN's weights start at base. */
static glia_status note(gli_cudnn_rnn *r, int direction, int weight, int gate, const char *base, const char *address,
                        cudnnTensorDescriptor_t shape) {
    const size_t bytes = bytes_of_block(r, weight);
    size_t theirs      = glia_dtype_size(r->dtype);
    cudnnDataType_t type;
    int ndim, dim[3], stride[3];
    GLI_CUDNN_TRY(&r->dnn, cudnnGetTensorNdDescriptor, shape, 3, &type, &ndim, dim, stride);
    for (int i = 0; i < ndim && i < 3; ++i) theirs *= (size_t)dim[i];
    const bool fits = type == type_of(r->dtype) && theirs == bytes && address >= base &&
                      (size_t)(address - base) + bytes <= r->bytes.weights;
    GLI_REQUIRE(r->dnn.ctx, fits, GLIA_UNSUPPORTED, "cuDNN has %zu bytes of weights where there are %zu", theirs,
                bytes);
    const chunk p = {direction, weight, (size_t)gate * bytes, (size_t)(address - base), bytes};
    add_chunk(r, &p);
    return GLIA_OK;
}

/* A linear layer is what cuDNN calls the matrix and bias of one gate, of the input or, behind those, of the state. Its
 * gates are in PyTorch's order: LSTM i, f, g, o and GRU r, z, n. */
static glia_status find_linear_layer(gli_cudnn_rnn *r, int direction, int layer, cudnnTensorDescriptor_t matrix,
                                     cudnnTensorDescriptor_t bias) {
    const int gates = r->geom.gates, gate = layer % gates;
    const bool of_state = layer / gates == 1, of_projection = layer == 2 * gates;
    char *const base = (char *)(uintptr_t)GLI_CUDNN_ALIGNMENT; /* a placeholder: only offsets from it are used */
    void *at_matrix = NULL, *at_bias = NULL;
    GLI_CUDNN_TRY(&r->dnn, cudnnGetRNNWeightParams, r->dnn.session->handle, r->rnn, direction, r->bytes.weights, base,
                  layer, matrix, &at_matrix, bias, &at_bias);
    if (of_projection) return note(r, direction, GLI_RNN_W_HR, 0, base, at_matrix, matrix);
    GLI_TRY(note(r, direction, of_state ? GLI_RNN_W_HH : GLI_RNN_W_IH, gate, base, at_matrix, matrix));
    if (!r->geom.bias) return GLIA_OK;
    return note(r, direction, of_state ? GLI_RNN_B_HH : GLI_RNN_B_IH, gate, base, at_bias, bias);
}

static glia_status find_weights_with(gli_cudnn_rnn *r, cudnnTensorDescriptor_t matrix, cudnnTensorDescriptor_t bias) {
    for (int d = 0; d < r->geom.directions; ++d)
        for (int layer = 0; layer < 2 * r->geom.gates + r->geom.projection; ++layer)
            GLI_TRY(find_linear_layer(r, d, layer, matrix, bias));
    return GLIA_OK;
}

static glia_status find_weights(gli_cudnn_rnn *r) {
    const gli_cudnn *dnn = &r->dnn;
    cudnnTensorDescriptor_t matrix, bias;
    GLI_TRY(create_tensor(dnn, &matrix));
    const glia_status created = create_tensor(dnn, &bias);
    const glia_status status  = created == GLIA_OK ? find_weights_with(r, matrix, bias) : created;
    if (created == GLIA_OK) dnn->f->cudnnDestroyTensorDescriptor(bias);
    dnn->f->cudnnDestroyTensorDescriptor(matrix);
    return status;
}

/* Copies the chunks of all matrices that are not NULL, in few launches. */
static glia_status move(const gli_cudnn_rnn *r, const gli_cudnn_rnn_weights *weights, char *packed, bool pack) {
    glia_context *ctx = r->dnn.ctx;
    gli_copy_geom copies[MAX_CHUNKS];
    int n = 0;
    for (int i = 0; i < r->n_chunks; ++i) {
        const chunk *p = &r->chunks[i];
        char *own      = weights->of[p->direction][p->weight];
        if (!own) continue;
        const gli_copy_side ours   = {.dtype = r->dtype, .data = own + p->from, .stride = {1}};
        const gli_copy_side theirs = {.dtype = r->dtype, .data = packed + p->to, .stride = {1}};
        copies[n++]                = (gli_copy_geom){.ndim = 1,
                                                     .dim  = {(int64_t)(p->bytes / glia_dtype_size(r->dtype))},
                                                     .to   = pack ? theirs : ours,
                                                     .from = pack ? ours : theirs};
    }
    GLI_CUDA_TRY(ctx, gli_kernel_concat(copies, n, gli_cuda_of(ctx)->stream));
    return GLIA_OK;
}

glia_status gli_cudnn_rnn_pack(const gli_cudnn_rnn *r, const gli_cudnn_rnn_weights *weights, void *packed) {
    glia_context *ctx = r->dnn.ctx;
    if (r->packed < r->bytes.weights)
        GLI_CUDA_TRY(ctx, cudaMemsetAsync(packed, 0, r->bytes.weights, gli_cuda_of(ctx)->stream));
    return move(r, weights, packed, true);
}

glia_status gli_cudnn_rnn_unpack(const gli_cudnn_rnn *r, void *packed, const gli_cudnn_rnn_weights *weights) {
    return move(r, weights, packed, false);
}

/* ---- the layer --------------------------------------------------------------------------------------------------- */

static glia_status build(gli_cudnn_rnn *r, gli_cudnn_rnn_algorithm algorithm) {
    GLI_REQUIRE(r->dnn.ctx, r->dnn.session->handle, GLIA_UNSUPPORTED,
                "cuDNN plans no recurrent layer for a device that is not there");
    GLI_TRY(describe_layer(r, algorithm));
    GLI_TRY(describe_data(r));
    GLI_TRY(describe_state(r, r->geom.outputs, &r->h));
    if (r->geom.cell == GLIA_RNN_LSTM) GLI_TRY(describe_state(r, r->geom.hidden, &r->c));
    GLI_TRY(ask_for_sizes(r));
    return find_weights(r);
}

glia_status gli_cudnn_rnn_create(glia_context *ctx, const gli_rnn_geom *geom, glia_dtype dtype, bool training,
                                 gli_cudnn_rnn_algorithm algorithm, gli_cudnn_rnn **out) {
    gli_cudnn dnn;
    void *memory;
    GLI_TRY(gli_cudnn_use(ctx, &dnn));
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "a recurrent layer of cuDNN", &memory));
    gli_cudnn_rnn *r         = memory;
    *r                       = (gli_cudnn_rnn){.dnn   = dnn,
                                               .geom  = *geom,
                                               .dtype = dtype,
                                               .mode  = training ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE};
    const glia_status status = build(r, algorithm);
    if (status != GLIA_OK)
        gli_cudnn_rnn_free(r);
    else
        *out = r;
    return status;
}

void gli_cudnn_rnn_free(gli_cudnn_rnn *r) {
    if (!r) return;
    const gli_cudnn_functions *f = r->dnn.f;
    if (r->c) f->cudnnDestroyTensorDescriptor(r->c);
    if (r->h) f->cudnnDestroyTensorDescriptor(r->h);
    if (r->y) f->cudnnDestroyRNNDataDescriptor(r->y);
    if (r->x) f->cudnnDestroyRNNDataDescriptor(r->x);
    if (r->rnn) f->cudnnDestroyRNNDescriptor(r->rnn);
    if (r->dropout) f->cudnnDestroyDropoutDescriptor(r->dropout);
    gli_free(r->dnn.ctx, r, 1, sizeof *r);
}

/* All sequences have the length that is in the descriptors, and cuDNN needs it nowhere else. */
glia_status gli_cudnn_rnn_forward(const gli_cudnn_rnn *r, const gli_cudnn_rnn_pointers *p) {
    GLI_CUDNN_TRY(&r->dnn, cudnnRNNForward, r->dnn.session->handle, r->rnn, r->mode, NULL, r->x, p->x, r->y, p->y, r->h,
                  p->h0, p->h_n, r->c, p->c0, p->c_n, r->bytes.weights, p->weights, r->bytes.workspace, p->workspace,
                  r->bytes.reserve, p->reserve);
    return GLIA_OK;
}

/* The weights' gradients are added to what is there, and need what the other pass leaves in the reserve. */
glia_status gli_cudnn_rnn_backward(const gli_cudnn_rnn *r, const gli_cudnn_rnn_pointers *p) {
    const gli_cudnn *dnn = &r->dnn;
    GLI_CUDNN_TRY(dnn, cudnnRNNBackwardData_v8, dnn->session->handle, r->rnn, NULL, r->y, p->y, p->dy, r->x, p->dx,
                  r->h, p->h0, p->dh_n, p->dh0, r->c, p->c0, p->dc_n, p->dc0, r->bytes.weights, p->weights,
                  r->bytes.workspace, p->workspace, r->bytes.reserve, p->reserve);
    if (!p->dweights) return GLIA_OK;
    GLI_CUDA_TRY(dnn->ctx, cudaMemsetAsync(p->dweights, 0, r->bytes.weights, gli_cuda_of(dnn->ctx)->stream));
    GLI_CUDNN_TRY(dnn, cudnnRNNBackwardWeights_v8, dnn->session->handle, r->rnn, CUDNN_WGRAD_MODE_ADD, NULL, r->x, p->x,
                  r->h, p->h0, r->y, p->y, r->bytes.weights, p->dweights, r->bytes.workspace, p->workspace,
                  r->bytes.reserve, p->reserve);
    return GLIA_OK;
}
