#include "core/dtype.h"
#include "cuda/library/cudnn/cudnn_graph.h"
#include "cuda/library/cudnn/cudnn_rnn.h"
#include "kernels/movement/concat_launch.h"

/* A run of bytes that lies in one piece both in a matrix of the op and in cuDNN's weights. */
typedef struct piece {
    int direction, weight;
    size_t from, to, bytes; /* from: in the matrix */
} piece;

enum { PIECES = RNN_MAX_DIRECTIONS * (4 * 4 + 1) }; /* a matrix and a bias, of the input and of the state, of a gate */

struct glia_cudnn_rnn {
    glia_cudnn dnn;
    glia_rnn_geom geom;
    glia_dtype dtype;
    cudnnForwardMode_t mode;
    cudnnRNNDescriptor_t rnn;
    cudnnDropoutDescriptor_t dropout;
    cudnnRNNDataDescriptor_t x, y;
    cudnnTensorDescriptor_t h, c;
    glia_cudnn_rnn_sizes bytes;
    piece pieces[PIECES];
    int n_pieces;
    size_t packed; /* bytes of all pieces */
};

static const struct {
    cudnnRNNAlgo_t algorithm;
    const char *name;
} algorithms[GLIA_CUDNN_RNN_ALGORITHMS] = {
    [GLIA_CUDNN_RNN_STANDARD]   = {CUDNN_RNN_ALGO_STANDARD, "standard"},
    [GLIA_CUDNN_RNN_PERSISTENT] = {CUDNN_RNN_ALGO_PERSIST_STATIC, "persistent"},
    [GLIA_CUDNN_RNN_COMPILED]   = {CUDNN_RNN_ALGO_PERSIST_DYNAMIC, "compiled"},
    [GLIA_CUDNN_RNN_SMALL]      = {CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H, "small"},
};

const char *glia_cudnn_rnn_name(glia_cudnn_rnn_algorithm algorithm) { return algorithms[algorithm].name; }

const glia_cudnn_rnn_sizes *glia_cudnn_rnn_bytes(const glia_cudnn_rnn *rnn) { return &rnn->bytes; }

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

/* f32 stays f32 unless the context allows less; the narrow types are for tensor cores. */
static cudnnMathType_t math_of(const glia_context *ctx, glia_dtype dtype) {
    if (dtype == GLIA_BF16 || dtype == GLIA_F16) return CUDNN_TENSOR_OP_MATH;
    return dtype == GLIA_F32 && ctx->math != GLIA_MATH_F32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH;
}

/* Always with biases: only the standard algorithm can do without, and zeros change nothing. */
static glia_status describe_layer(glia_cudnn_rnn *r, glia_cudnn_rnn_algorithm algorithm) {
    const glia_cudnn *dnn        = &r->dnn;
    const glia_rnn_geom *g       = &r->geom;
    const cudnnDataType_t type   = type_of(r->dtype);
    const cudnnDataType_t sums   = r->dtype == GLIA_F64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
    const cudnnDirectionMode_t d = g->directions == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL;
    GLIA_CUDNN_TRY(dnn, cudnnCreateDropoutDescriptor, &r->dropout);
    GLIA_CUDNN_TRY(dnn, cudnnSetDropoutDescriptor, r->dropout, dnn->session->handle, 0, NULL, 0, 0);
    GLIA_CUDNN_TRY(dnn, cudnnCreateRNNDescriptor, &r->rnn);
    GLIA_CUDNN_TRY(dnn, cudnnSetRNNDescriptor_v8, r->rnn, algorithms[algorithm].algorithm, cell_of(g->cell),
                   CUDNN_RNN_DOUBLE_BIAS, d, CUDNN_LINEAR_INPUT, type, sums, math_of(dnn->ctx, r->dtype), g->inputs,
                   g->hidden, g->outputs, 1, r->dropout, CUDNN_RNN_PADDED_IO_ENABLED);
    if (algorithm == GLIA_CUDNN_RNN_COMPILED)
        GLIA_CUDNN_TRY(dnn, cudnnBuildRNNDynamic, dnn->session->handle, r->rnn, g->batch);
    return GLIA_OK;
}

static glia_status describe_sequences(const glia_cudnn_rnn *r, int width, const int *lengths,
                                      cudnnRNNDataDescriptor_t *out) {
    const glia_rnn_geom *g = &r->geom;
    double padding         = 0; /* as wide as the widest type; there are no steps to pad */
    const cudnnRNNDataLayout_t layout =
        g->batch_first ? CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED : CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED;
    GLIA_CUDNN_TRY(&r->dnn, cudnnCreateRNNDataDescriptor, out);
    GLIA_CUDNN_TRY(&r->dnn, cudnnSetRNNDataDescriptor, *out, type_of(r->dtype), layout, g->steps, g->batch, width,
                   lengths, &padding);
    return GLIA_OK;
}

/* cuDNN copies the lengths into its descriptors. */
static glia_status describe_data(glia_cudnn_rnn *r) {
    const glia_rnn_geom *g = &r->geom;
    glia_block lengths;
    GLIA_TRY(glia_block_alloc(r->dnn.ctx, (size_t)g->batch, sizeof(int), "the lengths of sequences", &lengths));
    for (int n = 0; n < g->batch; ++n) ((int *)lengths.data)[n] = g->steps;
    glia_status status = describe_sequences(r, g->inputs, lengths.data, &r->x);
    if (status == GLIA_OK) status = describe_sequences(r, g->directions * g->outputs, lengths.data, &r->y);
    glia_block_free(r->dnn.ctx, &lengths);
    return status;
}

static glia_status create_tensor(const glia_cudnn *dnn, cudnnTensorDescriptor_t *out) {
    GLIA_CUDNN_TRY(dnn, cudnnCreateTensorDescriptor, out);
    return GLIA_OK;
}

static glia_status describe_state(const glia_cudnn_rnn *r, int width, cudnnTensorDescriptor_t *out) {
    const glia_rnn_geom *g = &r->geom;
    const int dim[]        = {g->directions, g->batch, width};
    const int stride[]     = {g->batch * width, width, 1};
    GLIA_TRY(create_tensor(&r->dnn, out));
    GLIA_CUDNN_TRY(&r->dnn, cudnnSetTensorNdDescriptor, *out, type_of(r->dtype), 3, dim, stride);
    return GLIA_OK;
}

static glia_status ask_for_sizes(glia_cudnn_rnn *r) {
    const glia_cudnn *dnn = &r->dnn;
    GLIA_CUDNN_TRY(dnn, cudnnGetRNNWeightSpaceSize, dnn->session->handle, r->rnn, &r->bytes.weights);
    GLIA_CUDNN_TRY(dnn, cudnnGetRNNTempSpaceSizes, dnn->session->handle, r->rnn, r->mode, r->x, &r->bytes.workspace,
                   &r->bytes.reserve);
    return GLIA_OK;
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

static void add_piece(glia_cudnn_rnn *r, const piece *p) {
    piece *last = r->n_pieces ? &r->pieces[r->n_pieces - 1] : NULL;
    r->packed += p->bytes;
    if (last && last->direction == p->direction && last->weight == p->weight && last->from + last->bytes == p->from &&
        last->to + last->bytes == p->to)
        last->bytes += p->bytes;
    else
        r->pieces[r->n_pieces++] = *p;
}

static size_t bytes_of_block(const glia_cudnn_rnn *r, int weight) {
    const glia_rnn_geom *g = &r->geom;
    const size_t rows      = (size_t)(weight == RNN_W_HR ? g->outputs : g->hidden);
    const size_t columns   = (size_t)(weight == RNN_W_IH   ? g->inputs
                                      : weight == RNN_W_HH ? g->outputs
                                      : weight == RNN_W_HR ? g->hidden
                                                           : 1);
    return rows * columns * glia_dtype_size(r->dtype);
}

/* Notes that block `gate` of a matrix, or of a bias, lies at `at`, where cuDNN's weights start at base. */
static glia_status note(glia_cudnn_rnn *r, int direction, int weight, int gate, const char *base, const char *at,
                        cudnnTensorDescriptor_t shape) {
    const size_t bytes = bytes_of_block(r, weight);
    size_t theirs      = glia_dtype_size(r->dtype);
    cudnnDataType_t type;
    int ndim, dim[3], stride[3];
    GLIA_CUDNN_TRY(&r->dnn, cudnnGetTensorNdDescriptor, shape, 3, &type, &ndim, dim, stride);
    for (int i = 0; i < ndim && i < 3; ++i) theirs *= (size_t)dim[i];
    const bool fits =
        type == type_of(r->dtype) && theirs == bytes && at >= base && (size_t)(at - base) + bytes <= r->bytes.weights;
    GLIA_REQUIRE(r->dnn.ctx, fits, GLIA_UNSUPPORTED, "cuDNN keeps %zu bytes of weights where there are %zu", theirs,
                 bytes);
    const piece p = {direction, weight, (size_t)gate * bytes, (size_t)(at - base), bytes};
    add_piece(r, &p);
    return GLIA_OK;
}

/* A linear layer is what cuDNN calls the matrix and bias of one gate, of the input or, behind those, of the state. Its
 * gates are in PyTorch's order: LSTM i, f, g, o and GRU r, z, n. */
static glia_status find_linear_layer(glia_cudnn_rnn *r, int direction, int layer, cudnnTensorDescriptor_t matrix,
                                     cudnnTensorDescriptor_t bias) {
    const int gates = r->geom.gates, gate = layer % gates;
    const bool of_state = layer / gates == 1, of_projection = layer == 2 * gates;
    char *const base = (char *)(uintptr_t)GLIA_CUDNN_ALIGNMENT; /* nobody reads there: only distances are asked for */
    void *at_matrix = NULL, *at_bias = NULL;
    GLIA_CUDNN_TRY(&r->dnn, cudnnGetRNNWeightParams, r->dnn.session->handle, r->rnn, direction, r->bytes.weights, base,
                   layer, matrix, &at_matrix, bias, &at_bias);
    if (of_projection) return note(r, direction, RNN_W_HR, 0, base, at_matrix, matrix);
    GLIA_TRY(note(r, direction, of_state ? RNN_W_HH : RNN_W_IH, gate, base, at_matrix, matrix));
    if (!r->geom.bias) return GLIA_OK;
    return note(r, direction, of_state ? RNN_B_HH : RNN_B_IH, gate, base, at_bias, bias);
}

static glia_status find_weights_with(glia_cudnn_rnn *r, cudnnTensorDescriptor_t matrix, cudnnTensorDescriptor_t bias) {
    for (int d = 0; d < r->geom.directions; ++d)
        for (int layer = 0; layer < 2 * r->geom.gates + r->geom.projection; ++layer)
            GLIA_TRY(find_linear_layer(r, d, layer, matrix, bias));
    return GLIA_OK;
}

static glia_status find_weights(glia_cudnn_rnn *r) {
    const glia_cudnn *dnn = &r->dnn;
    cudnnTensorDescriptor_t matrix, bias;
    GLIA_TRY(create_tensor(dnn, &matrix));
    const glia_status created = create_tensor(dnn, &bias);
    const glia_status status  = created == GLIA_OK ? find_weights_with(r, matrix, bias) : created;
    if (created == GLIA_OK) dnn->f->cudnnDestroyTensorDescriptor(bias);
    dnn->f->cudnnDestroyTensorDescriptor(matrix);
    return status;
}

/* All pieces that somebody has or wants, in few launches. */
static glia_status move(const glia_cudnn_rnn *r, const glia_cudnn_rnn_weights named, char *packed, bool pack) {
    glia_context *ctx = r->dnn.ctx;
    glia_copy_geom copies[PIECES];
    int n = 0;
    for (int i = 0; i < r->n_pieces; ++i) {
        const piece *p = &r->pieces[i];
        char *own      = named[p->direction][p->weight];
        if (!own) continue;
        const glia_copy_side ours   = {.dtype = r->dtype, .data = own + p->from, .stride = {1}};
        const glia_copy_side theirs = {.dtype = r->dtype, .data = packed + p->to, .stride = {1}};
        copies[n++]                 = (glia_copy_geom){.ndim = 1,
                                                       .dim  = {(int64_t)(p->bytes / glia_dtype_size(r->dtype))},
                                                       .to   = pack ? theirs : ours,
                                                       .from = pack ? ours : theirs};
    }
    GLIA_CUDA_TRY(ctx, glia_kernel_concat(copies, n, glia_cuda_of(ctx)->stream));
    return GLIA_OK;
}

glia_status glia_cudnn_rnn_pack(const glia_cudnn_rnn *r, const glia_cudnn_rnn_weights named, void *packed) {
    glia_context *ctx = r->dnn.ctx;
    if (r->packed < r->bytes.weights)
        GLIA_CUDA_TRY(ctx, cudaMemsetAsync(packed, 0, r->bytes.weights, glia_cuda_of(ctx)->stream));
    return move(r, named, packed, true);
}

glia_status glia_cudnn_rnn_unpack(const glia_cudnn_rnn *r, void *packed, const glia_cudnn_rnn_weights named) {
    return move(r, named, packed, false);
}

/* ---- the layer --------------------------------------------------------------------------------------------------- */

static glia_status build(glia_cudnn_rnn *r, glia_cudnn_rnn_algorithm algorithm) {
    GLIA_REQUIRE(r->dnn.ctx, r->dnn.session->handle, GLIA_UNSUPPORTED,
                 "cuDNN plans no recurrent layer for a device that is not there");
    GLIA_TRY(describe_layer(r, algorithm));
    GLIA_TRY(describe_data(r));
    GLIA_TRY(describe_state(r, r->geom.outputs, &r->h));
    if (r->geom.cell == GLIA_RNN_LSTM) GLIA_TRY(describe_state(r, r->geom.hidden, &r->c));
    GLIA_TRY(ask_for_sizes(r));
    return find_weights(r);
}

glia_status glia_cudnn_rnn_create(glia_context *ctx, const glia_rnn_geom *geom, glia_dtype dtype, bool training,
                                  glia_cudnn_rnn_algorithm algorithm, glia_cudnn_rnn **out) {
    glia_cudnn dnn;
    void *memory;
    GLIA_TRY(glia_cudnn_use(ctx, &dnn));
    GLIA_TRY(glia_new(ctx, 1, sizeof **out, "a recurrent layer of cuDNN", &memory));
    glia_cudnn_rnn *r        = memory;
    *r                       = (glia_cudnn_rnn){.dnn   = dnn,
                                                .geom  = *geom,
                                                .dtype = dtype,
                                                .mode  = training ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE};
    const glia_status status = build(r, algorithm);
    if (status != GLIA_OK)
        glia_cudnn_rnn_free(r);
    else
        *out = r;
    return status;
}

void glia_cudnn_rnn_free(glia_cudnn_rnn *r) {
    if (!r) return;
    const glia_cudnn_functions *f = r->dnn.f;
    if (r->c) f->cudnnDestroyTensorDescriptor(r->c);
    if (r->h) f->cudnnDestroyTensorDescriptor(r->h);
    if (r->y) f->cudnnDestroyRNNDataDescriptor(r->y);
    if (r->x) f->cudnnDestroyRNNDataDescriptor(r->x);
    if (r->rnn) f->cudnnDestroyRNNDescriptor(r->rnn);
    if (r->dropout) f->cudnnDestroyDropoutDescriptor(r->dropout);
    glia_free(r->dnn.ctx, r, 1, sizeof *r);
}

/* The sequences all have the length that the descriptors tell, and cuDNN wants it nowhere else. */
glia_status glia_cudnn_rnn_forward(const glia_cudnn_rnn *r, const glia_cudnn_rnn_pointers *at) {
    GLIA_CUDNN_TRY(&r->dnn, cudnnRNNForward, r->dnn.session->handle, r->rnn, r->mode, NULL, r->x, at->x, r->y, at->y,
                   r->h, at->h0, at->h_n, r->c, at->c0, at->c_n, r->bytes.weights, at->weights, r->bytes.workspace,
                   at->workspace, r->bytes.reserve, at->reserve);
    return GLIA_OK;
}

/* The weights' gradients are added to what is there, and need what the other pass leaves in the reserve. */
glia_status glia_cudnn_rnn_backward(const glia_cudnn_rnn *r, const glia_cudnn_rnn_pointers *at) {
    const glia_cudnn *dnn = &r->dnn;
    GLIA_CUDNN_TRY(dnn, cudnnRNNBackwardData_v8, dnn->session->handle, r->rnn, NULL, r->y, at->y, at->dy, r->x, at->dx,
                   r->h, at->h0, at->dh_n, at->dh0, r->c, at->c0, at->dc_n, at->dc0, r->bytes.weights, at->weights,
                   r->bytes.workspace, at->workspace, r->bytes.reserve, at->reserve);
    if (!at->dweights) return GLIA_OK;
    GLIA_CUDA_TRY(dnn->ctx, cudaMemsetAsync(at->dweights, 0, r->bytes.weights, glia_cuda_of(dnn->ctx)->stream));
    GLIA_CUDNN_TRY(dnn, cudnnRNNBackwardWeights_v8, dnn->session->handle, r->rnn, CUDNN_WGRAD_MODE_ADD, NULL, r->x,
                   at->x, r->h, at->h0, r->y, at->y, r->bytes.weights, at->dweights, r->bytes.workspace, at->workspace,
                   r->bytes.reserve, at->reserve);
    return GLIA_OK;
}
