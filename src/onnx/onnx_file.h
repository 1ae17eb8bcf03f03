/* An open file: its message, and its values by number. */
#ifndef GLI_ONNX_FILE_H
#define GLI_ONNX_FILE_H

#include "core/arena.h"
#include "core/context_impl.h"
#include "glia/onnx.h"
#include "onnx.pb-c.h"

enum {
    GLI_ONNX_OLDEST     = 1, /* operator sets */
    GLI_ONNX_NEWEST     = 28,
    GLI_ONNX_MOST_NODES = 1 << 20,
    GLI_ONNX_MOST_SIZE  = INT32_MAX /* of a dimension, so that sums of products of two fit into 64 bits */
};

/* One name of the graph. */
typedef struct gli_onnx_name {
    const char *text;
    const Onnx__TensorProto *initializer; /* NULL: it has none */
    const Onnx__TypeProto *type;          /* where the file says it; NULL: it does not */
    int node;                             /* that gives it; -1: none does */
    int next;                             /* of the same hash; -1: none */
    bool input;
} gli_onnx_name;

/* What a node reads and gives: numbers of names; -1: absent. */
typedef struct gli_onnx_edges {
    int *in, *out;
} gli_onnx_edges;

typedef struct gli_onnx_set {
    const char *domain;
    int version;
} gli_onnx_set;

typedef struct gli_onnx_problem {
    struct gli_onnx_problem *next;
    glia_onnx_problem is;
} gli_onnx_problem;

struct glia_onnx {
    glia_context *ctx;
    const char *path;
    size_t bytes, max_bytes, max_constants;
    gli_arena arena; /* the message and all that follows from it */
    const Onnx__ModelProto *model;
    const Onnx__GraphProto *graph;
    gli_onnx_set *sets;
    gli_onnx_name *names;
    gli_onnx_edges *edges; /* of each node */
    int *slots;            /* first name of each hash; -1: none */
    int n_names, slot_mask;
    int *inputs; /* numbers of the names of inputs without a value in the file */
    int n_inputs;

    glia_tensor **weights; /* of graphs, on the context's device */
    int n_weights, cap_weights;
    gli_arena problem_arena; /* of the last import */
    gli_onnx_problem *problems, *last_problem;
    int n_problems;
};

/* The number of a name; -1: the graph has none. */
int gli_onnx_find(const glia_onnx *onnx, const char *text);

/* The version of a domain's operators; 0: the file does not import it. "ai.onnx" and "" are one. */
int gli_onnx_version(const glia_onnx *onnx, const char *domain);

/* A text of the message, "" where it has none. */
static inline const char *gli_onnx_text(const char *text) { return text ? text : ""; }

/* "float"; "?" for a number that is no type. */
const char *gli_onnx_type_name(int type);

/* The dtype in which Glia has tensors of a type; false: it has none. bool is u8, and integers of other sizes are i32 or
 * i64 where constant is set. */
bool gli_onnx_dtype(int type, bool constant, glia_dtype *out);

/* The type of the tensors of a dtype. */
int gli_onnx_type_of(glia_dtype dtype);

/* The values of a tensor as one of the context `host`, on the CPU. path: the model's, for messages and for weights
 * beside it. left: how many bytes of those may be read, from which these are taken; NULL: none are read. */
glia_status gli_onnx_tensor_load(glia_context *host, const char *path, size_t *left, const Onnx__TensorProto *from,
                                 glia_tensor **out);

/* Weights in a file of the model's folder or below. open fails unless it has `bytes` bytes where the tensor says they
 * are. */
typedef struct gli_onnx_external {
    int file;
    uint64_t offset;
    const char *path, *location;
} gli_onnx_external;
glia_status gli_onnx_external_open(glia_context *ctx, const char *path, const Onnx__TensorProto *from, size_t bytes,
                                   gli_onnx_external *out);
glia_status gli_onnx_external_read(glia_context *ctx, const gli_onnx_external *from, void *to, size_t bytes);
void gli_onnx_external_close(gli_onnx_external *from);

/* A context on the CPU in which the reference computes. */
glia_status gli_onnx_host_create(const glia_context *ctx, glia_context **out);

#endif
