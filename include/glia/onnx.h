/* ONNX: networks that other programs wrote, as a graph that computes them or as a model that can be trained on.
 *
 * A file is opened once, checked, and added to a graph or a model as often as wanted. Nothing in it is believed before
 * it is checked; a broken one is GLIA_BAD_FORMAT with the path and what is wrong. Of other files, those with weights
 * are read: plain ones in the model's folder or a folder below it, named by a path without ".", ".." and links,
 * symbolic or hard. Operator sets up to 28; docs/onnx.md lists the operators.
 *
 * What the file computes from constants, such as shapes, is computed here, on the CPU. Source: ONNX, docs/IR.md and
 * docs/Operators.md. */
#ifndef GLIA_ONNX_H
#define GLIA_ONNX_H

#include <stdio.h>

#include "glia/model.h"
#include "glia/npy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_onnx glia_onnx;

typedef struct glia_onnx_args {
    size_t max_bytes; /* of the file, and of all weights beside it that one import reads; default 2^32 */
    /* Of what nodes make of constants when they are imported, such as ConstantOfShape; default: 2^22, and twice the
     * file's. */
    size_t max_constants;
} glia_onnx_args;

/* Reads a file, but not the weights beside it. args may be NULL. Errors: GLIA_UNSUPPORTED in a build without
 * protobuf-c, and for an operator set that is older or newer. */
GLIA_API glia_status glia_onnx_open(glia_context *ctx, const char *path, const glia_onnx_args *args, glia_onnx **out);

/* NULL is allowed. Plans of graphs to which the file was added need it; models do not. */
GLIA_API void glia_onnx_close(glia_onnx *onnx);

/* ---- What is in it. Texts live as long as the file is open ---- */

/* An input or an output of the network. */
typedef struct glia_onnx_value {
    const char *name;
    const char *type; /* as ONNX calls it: "float", "int64", "bool"; "": not a tensor */
    bool has_dtype;   /* Glia has such tensors; bool is u8, 0 or 1 */
    glia_dtype dtype;
    bool has_shape;
    glia_shape shape; /* -1: a dimension that the file leaves open */
} glia_onnx_value;

/* Inputs that have no value in the file. index out of range: all zero. */
GLIA_API int glia_onnx_input_count(const glia_onnx *onnx);
GLIA_API glia_onnx_value glia_onnx_input(const glia_onnx *onnx, int index);
GLIA_API int glia_onnx_output_count(const glia_onnx *onnx);
GLIA_API glia_onnx_value glia_onnx_output(const glia_onnx *onnx, int index);

/* Operator sets, inputs, outputs, weights, and nodes with the names of the values that they give. */
GLIA_API glia_status glia_onnx_describe(const glia_onnx *onnx, FILE *file);

/* A file of one tensor, TensorProto, as those of ONNX's tests. Values in another file: GLIA_UNSUPPORTED. */
typedef struct glia_onnx_tensor glia_onnx_tensor;
GLIA_API glia_status glia_onnx_tensor_open(glia_context *ctx, const char *path, glia_onnx_tensor **out);
GLIA_API void glia_onnx_tensor_close(glia_onnx_tensor *tensor);                 /* NULL is allowed */
GLIA_API glia_npy_array glia_onnx_tensor_array(const glia_onnx_tensor *tensor); /* lives as long as it is open */
GLIA_API const char *glia_onnx_tensor_type(const glia_onnx_tensor *tensor);     /* "float", "bool" */

/* ---- Import ---- */

/* Why a node was not imported. */
typedef struct glia_onnx_problem {
    const char *op, *node; /* its operator, and its name or else that of its first output */
    const char *reason;
} glia_onnx_problem;

typedef struct glia_onnx_graph_args {
    /* The inputs by their names: dtype and shape of each, and the values of those from which shapes follow, which the
     * graph then has for good. NULL: as the file has them, where it says all. */
    const glia_npy_array *inputs;
    int n_inputs;
    /* Names of the values to compute, at which the network is cut; default: its outputs. */
    const char *const *outputs;
    int n_outputs;
} glia_onnx_graph_args;

/* Adds the nodes that the outputs need to a graph, and all inputs, in the order of the file; out: a value for each
 * output. Weights are tensors of the open file. args may be NULL.
 *
 * If nodes cannot be imported, all of them are found, glia_onnx_problem tells them, and the message tells the first.
 * Then the graph has parts of the network; so it has after any failure. Errors: GLIA_UNSUPPORTED, GLIA_BAD_FORMAT,
 * GLIA_NOT_FOUND for an output that the file does not have. */
GLIA_API glia_status glia_onnx_add_to_graph(glia_onnx *onnx, glia_graph *graph, const glia_onnx_graph_args *args,
                                            glia_value *out, int n_out);

typedef struct glia_onnx_model_args {
    const char *const *outputs; /* as above */
    int n_outputs;
    const glia_value *inputs; /* values of the model that stand for the file's inputs; NULL: inputs are made */
    int n_inputs;
    bool frozen; /* weights, and statistics of batch normalisations, are not trained */
} glia_onnx_model_args;

/* Adds the network to a model of f32: its first dimension is the batch, whatever the file says it is. Weights have the
 * file's names, of which the last 63 bytes, and its values; they can be trained, frozen and saved like any other.
 * Constants that are no weights, such as a factor, are frozen. A batch normalisation has statistics of its batch in
 * training, dropout drops there. A cut network with a new head is, of const char *pool = "pool",
 *
 *     glia_onnx_add_to_model(onnx, net, &(glia_onnx_model_args){.outputs = &pool, .n_outputs = 1}, &x, 1);
 *     x = glia_model_dense(net, x, &(glia_dense_args){.units = 5});
 *
 * args may be NULL. Errors as above. */
GLIA_API glia_status glia_onnx_add_to_model(glia_onnx *onnx, glia_model *model, const glia_onnx_model_args *args,
                                            glia_value *out, int n_out);

/* Of the last import: what could not be imported. index out of range: all NULL. */
GLIA_API int glia_onnx_problem_count(const glia_onnx *onnx);
GLIA_API glia_onnx_problem glia_onnx_get_problem(const glia_onnx *onnx, int index);

/* ---- Export ---- */

typedef struct glia_onnx_save_args {
    int opset; /* the operator set, 17 to 28; default 17, which most programs read */
    /* Values of the model that are the file's outputs, with the names of their layers; default: those of the compile or
     * of glia_model_output, with theirs. */
    const glia_value *outputs;
    int n_outputs;
} glia_onnx_save_args;

/* Writes the model as it predicts: dropout is left out, a batch normalisation uses its running statistics, and states
 * that carry over from batch to batch begin with zeros. The batch is a dimension named N, of any size. Weights are
 * initializers with their names, shapes and values; those that no output needs are left out. A model of bf16 or f16 is
 * written as one of f32, with the weights that it keeps in f32.
 *
 * What is no operator is several of them, so that all layers of glia/layers.h, glia/sequence_layers.h and
 * glia/spectrum.h can be written: an LSTM with a projection or a cell_clip is as many nodes as it has steps. Errors,
 * before anything is written: GLIA_UNSUPPORTED for an op that ONNX cannot say, such as one of glia/custom.h, with its
 * layer, for weights of more than 2 GB, and in a build without protobuf-c; GLIA_INVALID_ARGUMENT for a weight that has
 * no value yet. The file appears under its name as a whole, or what was there stays. args may be NULL. */
GLIA_API glia_status glia_onnx_save(const glia_model *model, const char *path, const glia_onnx_save_args *args);

#ifdef __cplusplus
}
#endif
#endif
