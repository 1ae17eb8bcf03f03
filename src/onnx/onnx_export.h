/* From ops to nodes, the way back of onnx_import.h. An op's function adds nodes that compute it, whose results are
 * names; nothing is written before all of them are there. */
#ifndef GLI_ONNX_EXPORT_H
#define GLI_ONNX_EXPORT_H

#include "nn/model_impl.h"
#include "onnx/onnx_import.h"

/* Operator sets that are written, and versions from which on some operators are there, or have axes as an input. */
enum {
    GLI_ONNX_EXPORT_OLDEST   = 17,
    GLI_ONNX_AXES_INPUT      = 18, /* of reductions; of ReduceSum before */
    GLI_ONNX_GELU            = 20,
    GLI_ONNX_GROUPNORM       = 21,
    GLI_ONNX_MOST_ATTRIBUTES = 8
};

/* A value of the model. */
typedef struct gli_onnx_written {
    const char *name; /* in the file; NULL: it is not there yet */
    glia_dtype dtype;
    gli_onnx_shape shape; /* with both batches */
    bool needed;          /* for an output */
} gli_onnx_written;

/* An output of the file. */
typedef struct gli_onnx_port {
    int value; /* id */
    const char *name;
} gli_onnx_port;

typedef struct gli_onnx_export {
    const glia_model *model;
    glia_context *ctx;
    const char *path;
    int opset;
    gli_arena arena;
    gli_names names;          /* of all values of the file */
    gli_onnx_written *values; /* by id */
    gli_onnx_port *outputs;
    int n_outputs;
    Onnx__NodeProto **nodes;
    Onnx__TensorProto **initializers;
    int n_nodes, cap_nodes, n_initializers, cap_initializers;
    size_t bytes;       /* of the initializers */
    const char *layer;  /* whose nodes are added, for names */
    glia_status status; /* the first failure, whose message the context has */
} gli_onnx_export;

typedef struct gli_onnx_row gli_onnx_row;

/* A node of the model. */
typedef struct gli_onnx_op_call {
    gli_onnx_export *ex;
    const gli_onnx_row *row;
    const gli_model_node *node;
    const gli_op *op;
    const void *params;
    int n_in;
    const char *in[GLI_MAX_IN]; /* NULL: absent */
    const gli_onnx_written *x[GLI_MAX_IN], *y[GLI_MAX_OUT];
    const char *out[GLI_MAX_OUT]; /* what the function gives */
} gli_onnx_op_call;

/* How an op is written. Without a function it is one node of the operator, which reads all inputs and gives output 0.
 */
struct gli_onnx_row {
    const gli_op *op;
    void (*write)(gli_onnx_op_call *c);
    const char *name; /* of the operator */
    struct {
        const char *param, *attribute;
    } attributes[5]; /* params that are attributes, whose types the descriptor knows */
};

const gli_onnx_row *gli_onnx_row_of(const gli_op *op); /* NULL: ONNX has no such operator */

/* The operator that is imported by this function as that kind; NULL: there is none. */
const gli_onnx_operator *gli_onnx_operator_by(void (*map)(gli_onnx_node *node), int kind);

/* ---- The whole: all nodes and constants that the outputs need, and the file ---- */

glia_status gli_onnx_export_all(gli_onnx_export *ex);
glia_status gli_onnx_write_file(gli_onnx_export *ex);

/* ---- Failures. After one, calls do nothing and give NULL ---- */

void *gli_onnx_refuse(gli_onnx_export *ex, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool gli_onnx_going(const gli_onnx_export *ex) { return ex->status == GLIA_OK; }

/* Memory of the export, zeroed; NULL: a failure. */
void *gli_onnx_alloc(gli_onnx_export *ex, size_t count, size_t size);

/* ---- Names ---- */

/* The stem, or with a number where that is taken. */
const char *gli_onnx_unique(gli_onnx_export *ex, const char *stem);

/* ---- Nodes ---- */

/* Adds a node of one result, or of several. Inputs that are NULL are absent. */
const char *gli_onnx_add(gli_onnx_export *ex, const char *operator, int n_in, const char *const *in);
void gli_onnx_add_all(gli_onnx_export *ex, const char *operator, int n_in, const char *const *in, int n_out,
                      const char **out);
#define GLI_ONNX_NAMES(...) \
    (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)), (const char *[]) { __VA_ARGS__ }

/* Attributes of the last node. */
void gli_onnx_set_int(gli_onnx_export *ex, const char *name, int64_t value);
void gli_onnx_set_ints(gli_onnx_export *ex, const char *name, int n, const int64_t *values);
void gli_onnx_set_float(gli_onnx_export *ex, const char *name, double value);
void gli_onnx_set_string(gli_onnx_export *ex, const char *name, const char *value);
void gli_onnx_set_strings(gli_onnx_export *ex, const char *name, int n, const char *const *values);

/* ---- Constants: initializers ---- */

/* What tensors of a dtype are in the file: those of a model's 16 bits are as wide as its weights. */
glia_dtype gli_onnx_dtype_in(const gli_onnx_export *ex, glia_dtype dtype);
int gli_onnx_type_in(const gli_onnx_export *ex, glia_dtype dtype);

/* A constant of zeros, whose values *data has, of gli_onnx_dtype_in(dtype). stem: of its name. */
const char *gli_onnx_hold(gli_onnx_export *ex, const char *stem, glia_dtype dtype, int ndim, const int64_t *dim,
                          void **data);
const char *gli_onnx_hold_ints(gli_onnx_export *ex, int n, const int64_t *values);     /* a vector */
const char *gli_onnx_hold_number(gli_onnx_export *ex, glia_dtype dtype, double value); /* a scalar */
const char *gli_onnx_hold_numbers(gli_onnx_export *ex, glia_dtype dtype, int64_t n, const double *values);
/* first, first + step, ... */
const char *gli_onnx_hold_vector(gli_onnx_export *ex, glia_dtype dtype, int64_t n, double first, double step);

/* ---- What several ops are made of. Shapes are those of x and of the result ---- */

const char *gli_onnx_write_reshape(gli_onnx_export *ex, const char *x, const gli_onnx_shape *from,
                                   const gli_onnx_shape *to);
const char *gli_onnx_write_transpose(gli_onnx_export *ex, const char *x, int n, const int64_t *permutation);
const char *gli_onnx_write_cast(gli_onnx_export *ex, const char *x, int type);
const char *gli_onnx_write_slice(gli_onnx_export *ex, const char *x, int axis, int64_t start, int64_t stop);
const char *gli_onnx_write_concat(gli_onnx_export *ex, int n, const char *const *x, int axis);
const char *gli_onnx_write_reduce(gli_onnx_export *ex, const char *operator, const char * x, int n, const int64_t *axes,
                                  bool keep_dims);
const char *gli_onnx_write_activation(gli_onnx_export *ex, const char *x, glia_dtype dtype, glia_activation activation);

/* A vector of a channel each, as what broadcasts to x of so many dimensions. */
const char *gli_onnx_write_channels(gli_onnx_export *ex, const char *x, int64_t count, int ndim);

/* ---- Params by name, and those that the row makes attributes ---- */

const int *gli_onnx_param_ints(const gli_onnx_op_call *c, const char *name);
bool gli_onnx_param_flag(const gli_onnx_op_call *c, const char *name); /* false where the op has no such param */
void gli_onnx_set_params(const gli_onnx_op_call *c);

/* ---- The functions of rows ---- */

void gli_onnx_write_unary(gli_onnx_op_call *c);
void gli_onnx_write_binary(gli_onnx_op_call *c);
void gli_onnx_write_where(gli_onnx_op_call *c);
void gli_onnx_write_prelu(gli_onnx_op_call *c);
void gli_onnx_write_same(gli_onnx_op_call *c); /* x as it is */

void gli_onnx_write_conv(gli_onnx_op_call *c);
void gli_onnx_write_dense(gli_onnx_op_call *c);
void gli_onnx_write_matmul(gli_onnx_op_call *c);

void gli_onnx_write_pool(gli_onnx_op_call *c);
void gli_onnx_write_adaptive_pool(gli_onnx_op_call *c);
void gli_onnx_write_interpolate(gli_onnx_op_call *c);

void gli_onnx_write_batchnorm(gli_onnx_op_call *c);
void gli_onnx_write_layernorm(gli_onnx_op_call *c);
void gli_onnx_write_groupnorm(gli_onnx_op_call *c);
void gli_onnx_write_softmax(gli_onnx_op_call *c);
void gli_onnx_write_cross_entropy(gli_onnx_op_call *c);

void gli_onnx_write_reduction(gli_onnx_op_call *c);
void gli_onnx_write_cumsum(gli_onnx_op_call *c);
void gli_onnx_write_topk(gli_onnx_op_call *c);

void gli_onnx_write_reshaped(gli_onnx_op_call *c);
void gli_onnx_write_transposed(gli_onnx_op_call *c);
void gli_onnx_write_sliced(gli_onnx_op_call *c);
void gli_onnx_write_casted(gli_onnx_op_call *c);
void gli_onnx_write_padded(gli_onnx_op_call *c);
void gli_onnx_write_expanded(gli_onnx_op_call *c);
void gli_onnx_write_one_hot(gli_onnx_op_call *c);

void gli_onnx_write_lengths(gli_onnx_op_call *c);
void gli_onnx_write_mask(gli_onnx_op_call *c);
void gli_onnx_write_rnn(gli_onnx_op_call *c);
void gli_onnx_write_lstm_steps(gli_onnx_op_call *c); /* what no operator is */

#endif
