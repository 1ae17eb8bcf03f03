/* From nodes to ops. A node's function reads its attributes and calls ops on the values that it gets; each call runs at
 * once where all it reads is constant, and goes to the target elsewhere. */
#ifndef GLI_ONNX_IMPORT_H
#define GLI_ONNX_IMPORT_H

#include "core/op.h"
#include "glia/ops/common.h"
#include "onnx/onnx_file.h"

/* The size of the batch in shape arithmetic. It is computed with like any number, so that -1, or a product with a size,
 * comes out as what it is; sizes themselves are smaller. */
#define GLI_ONNX_BATCH (INT64_C(1) << 40)

/* In a model the batch has two sizes at once: a dimension that has two depends on it. */
enum { GLI_ONNX_ONE_BATCH = 2, GLI_ONNX_OTHER_BATCH = 3 };

typedef struct gli_onnx_value {
    const char *name;             /* of the file, or of what it was made from */
    int type;                     /* of ONNX: tells bool from uint8 */
    glia_tensor is;               /* dtype and shape */
    int64_t other[GLIA_MAX_DIMS]; /* the shape with the other batch */
    glia_tensor *constant;        /* its values, on the host; NULL: they are known when it runs */
    bool weight;                  /* an initializer, or elements of one in another order */
    glia_value in_target;         /* id 0: not there yet */
    bool leaf;                    /* an input of the target */
    bool filled; /* each element is this number, and its shape depends on the batch: it is no constant */
    double fill;
    const glia_npy_array *given; /* of an input: what the caller says about it */
    bool failed;                 /* it has nothing of the above but a name */
} gli_onnx_value;

typedef struct gli_onnx_import gli_onnx_import;
typedef struct gli_onnx_node gli_onnx_node;

/* A graph, or a model. */
typedef struct gli_onnx_target {
    /* Adds an input of the file. */
    glia_status (*input)(gli_onnx_import *im, int index, gli_onnx_value *value);
    /* Adds a constant that input i of the op reads. */
    glia_status (*constant)(gli_onnx_import *im, const gli_op *op, const void *params, int i, gli_onnx_value *value);
    glia_status (*call)(gli_onnx_import *im, const gli_op *op, const void *params, int n_in, const glia_value *in,
                        int n_out, glia_value *out);
    /* Forgets a failure, so that the next calls can be tried. */
    void (*recover)(gli_onnx_import *im);
} gli_onnx_target;

extern const gli_onnx_target gli_onnx_graph_target, gli_onnx_model_target;

struct gli_onnx_import {
    glia_onnx *onnx;
    glia_context *ctx, *host;
    const gli_onnx_target *target;
    glia_graph *graph;
    glia_model *model;
    const glia_onnx_graph_args *graph_args;
    const glia_onnx_model_args *model_args;
    gli_arena arena;
    gli_onnx_value **values; /* of each name; NULL: not there yet */
    bool *needed;            /* of each node: an output follows from it */
    bool *wanted;            /* of each name: such a node reads it, or it is an output */
    glia_tensor **constants; /* of the host */
    int n_constants, cap_constants;
    size_t folded;          /* bytes of constants */
    size_t external_left;   /* bytes that may still be read from files beside the model */
    glia_dtype model_dtype; /* of a model: what all floats of the file become */
    bool batched;           /* dimension 0 of inputs is the batch */
    int64_t file_batch;     /* the size that the file gives it; 0: none */
};

/* An operator of some versions. */
typedef struct gli_onnx_operator {
    const char *domain, *name;
    int since, until; /* 0: the newest */
    void (*map)(gli_onnx_node *node);
    const char *missing; /* instead of map: why it cannot be */
    int kind;            /* of functions for several operators */
    double alpha, beta;  /* the defaults of attributes of these names */
    const char *names;   /* attributes that are read for alpha and beta */
} gli_onnx_operator;

const gli_onnx_operator *gli_onnx_operator_find(const char *domain, const char *name, int version);

struct gli_onnx_node {
    gli_onnx_import *im;
    const Onnx__NodeProto *proto;
    const int *gives;             /* the name of each output; -1: it has none */
    const gli_onnx_operator *row; /* what its operator is, in its version */
    int version, n_in, n_out;
    gli_onnx_value **in, **out; /* NULL: absent, or not given yet */
    uint64_t read;              /* attributes that were read */
    glia_status status;         /* the first failure, whose message the context has */
};

/* ---- Failures. After one, calls do nothing and give NULL ---- */

void *gli_onnx_fail(gli_onnx_node *node, glia_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define GLI_ONNX_REQUIRE(node, condition, status, ...)    \
    do {                                                  \
        if (!(condition)) {                               \
            gli_onnx_fail((node), (status), __VA_ARGS__); \
            return;                                       \
        }                                                 \
    } while (0)
static inline bool gli_onnx_ok(const gli_onnx_node *node) { return node->status == GLIA_OK; }

/* ---- Attributes ---- */

int64_t gli_onnx_int(gli_onnx_node *node, const char *name, int64_t otherwise);
double gli_onnx_float(gli_onnx_node *node, const char *name, double otherwise);
const char *gli_onnx_string(gli_onnx_node *node, const char *name, const char *otherwise);
const Onnx__TensorProto *gli_onnx_tensor_attribute(gli_onnx_node *node, const char *name);
/* How many there are, of which at most `most`, in out; -1: there is no such attribute. */
int gli_onnx_ints(gli_onnx_node *node, const char *name, int most, int64_t *out);
bool gli_onnx_has(gli_onnx_node *node, const char *name);
/* What makes no difference here. */
void gli_onnx_ignore(gli_onnx_node *node, const char *name);

/* ---- Values ---- */

gli_onnx_value *gli_onnx_in(const gli_onnx_node *node, int i); /* NULL: absent */

/* The values of input i, on the host, of a constant or as the caller gave them; NULL: a failure. what: what it is. */
const glia_tensor *gli_onnx_known(gli_onnx_node *node, int i, const char *what);
/* Whether it has such. */
bool gli_onnx_is_known(const gli_onnx_node *node, int i);
/* Numbers of input i: how many, of which there are at most `most`. */
int gli_onnx_known_ints(gli_onnx_node *node, int i, const char *what, int most, int64_t *out);
double gli_onnx_known_number(gli_onnx_node *node, int i, const char *what);

/* The numbers of an attribute or, in newer versions, of an input; -1: there are none. */
int gli_onnx_axes(gli_onnx_node *node, const char *name, int input, int most, int64_t *out);

/* An axis from 0 on, of ndim dimensions. */
int gli_onnx_axis(gli_onnx_node *node, int64_t axis, int ndim);

/* Whether an axis has as many elements whatever the batch is; false: a failure. */
bool gli_onnx_check_fixed(gli_onnx_node *node, const gli_onnx_value *x, int axis);

/* Whether the sizes of a new value are such as there can be; false: a failure. */
bool gli_onnx_check_result(gli_onnx_node *node, const gli_onnx_value *value);

gli_onnx_value *gli_onnx_new(gli_onnx_node *node, const char *name);
/* Makes the value the constant that a tensor of the file is, of a model's dtype where the target is one. */
glia_status gli_onnx_load_constant(gli_onnx_import *im, const Onnx__TensorProto *from, gli_onnx_value *value);
/* A constant in host memory, of zeros. */
gli_onnx_value *gli_onnx_constant(gli_onnx_node *node, int type, int ndim, const int64_t *dim);
gli_onnx_value *gli_onnx_number(gli_onnx_node *node, const gli_onnx_value *like,
                                double number); /* a scalar of its dtype */
gli_onnx_value *gli_onnx_indices(gli_onnx_node *node, int n, const int64_t *index);

/* Whether anything reads output i. Others need not be given. */
bool gli_onnx_wants(const gli_onnx_node *node, int i);
void gli_onnx_give(gli_onnx_node *node, int i, gli_onnx_value *value);

/* ---- Calls ---- */

glia_status gli_onnx_call_all(gli_onnx_node *node, const gli_op *op, const void *params, int n_in,
                              gli_onnx_value *const *in, int n_out, gli_onnx_value **out);
gli_onnx_value *gli_onnx_call(gli_onnx_node *node, const gli_op *op, const void *params, int n_in,
                              gli_onnx_value *const *in);
#define GLI_ONNX_VALUES(...) \
    (int)(sizeof((gli_onnx_value *[]){__VA_ARGS__}) / sizeof(gli_onnx_value *)), (gli_onnx_value *[]) { __VA_ARGS__ }

/* A shape with both batches. */
typedef struct gli_onnx_shape {
    int ndim;
    int64_t dim[GLIA_MAX_DIMS], other[GLIA_MAX_DIMS];
} gli_onnx_shape;
gli_onnx_shape gli_onnx_shape_of(const gli_onnx_value *x);
/* A size of arithmetic, for both batches; false: it is none. */
bool gli_onnx_both_sizes(int64_t size, int64_t *dim, int64_t *other);
void gli_onnx_add_dim(gli_onnx_shape *shape, int64_t dim, int64_t other);
void gli_onnx_copy_dims(gli_onnx_shape *shape, const gli_onnx_value *x, int from, int to);
void gli_onnx_merge_dims(gli_onnx_shape *shape, const gli_onnx_value *x, int from, int to); /* to their product */

gli_onnx_value *gli_onnx_reshape(gli_onnx_node *node, gli_onnx_value *x, const gli_onnx_shape *shape);
gli_onnx_value *gli_onnx_transpose(gli_onnx_node *node, gli_onnx_value *x, const int *permutation);
gli_onnx_value *gli_onnx_cast(gli_onnx_node *node, gli_onnx_value *x, int type);
gli_onnx_value *gli_onnx_slice(gli_onnx_node *node, gli_onnx_value *x, int axis, int64_t start, int64_t stop,
                               int64_t step);
gli_onnx_value *gli_onnx_concat(gli_onnx_node *node, int n, gli_onnx_value *const *x, int axis);
gli_onnx_value *gli_onnx_gather(gli_onnx_node *node, gli_onnx_value *x, gli_onnx_value *indices, int axis);
gli_onnx_value *gli_onnx_unary(gli_onnx_node *node, glia_unary_kind kind, double alpha, double beta, gli_onnx_value *x);
gli_onnx_value *gli_onnx_binary(gli_onnx_node *node, int kind, gli_onnx_value *a, gli_onnx_value *b);
gli_onnx_value *gli_onnx_scale(gli_onnx_node *node, gli_onnx_value *x, double factor);
gli_onnx_value *gli_onnx_shift(gli_onnx_node *node, gli_onnx_value *x, double term);
gli_onnx_value *gli_onnx_reduce(gli_onnx_node *node, int kind, unsigned axes, bool keep, gli_onnx_value *x);

/* ---- Arithmetic of constants that Glia's ops do not have: integers, bools, comparisons ---- */

typedef enum gli_onnx_function {
    GLI_ONNX_ADD,
    GLI_ONNX_SUB,
    GLI_ONNX_MUL,
    GLI_ONNX_DIV,
    GLI_ONNX_MOD,
    GLI_ONNX_POW,
    GLI_ONNX_MIN,
    GLI_ONNX_MAX,
    GLI_ONNX_EQUAL,
    GLI_ONNX_LESS,
    GLI_ONNX_LESS_EQUAL,
    GLI_ONNX_GREATER,
    GLI_ONNX_GREATER_EQUAL,
    GLI_ONNX_AND,
    GLI_ONNX_OR,
    GLI_ONNX_XOR, /* the last of two */
    GLI_ONNX_NOT,
    GLI_ONNX_NEG,
    GLI_ONNX_ABS,
    GLI_ONNX_SIGN,
    GLI_ONNX_FLOOR,
    GLI_ONNX_CEIL,
    GLI_ONNX_ROUND,
    GLI_ONNX_WHERE
} gli_onnx_function;
gli_onnx_value *gli_onnx_host(gli_onnx_node *node, gli_onnx_function function, int type, int n_in,
                              gli_onnx_value *const *in);
/* Of all elements of x, to the one of y, which has x's dtype. */
void gli_onnx_product(const glia_tensor *x, const glia_tensor *y);
bool gli_onnx_all_constant(int n, gli_onnx_value *const *in);

/* ---- The whole ---- */

/* Makes the values of the outputs, in the target. */
glia_status gli_onnx_run_import(gli_onnx_import *im, const char *const *outputs, int n_outputs, glia_value *out,
                                int n_out);

/* How many values a caller of n_out has who was to have one for each output: n_out, or 0 where it is another number. */
int gli_onnx_writable(const glia_onnx *onnx, int n_outputs, int n_out);

#endif
