/* The target that is a graph. */
#include <string.h>

#include "core/dtype.h"
#include "graph/graph_impl.h"
#include "onnx/onnx_import.h"

static const glia_npy_array *find_given(const gli_onnx_import *im, const char *name) {
    for (int i = 0; im->graph_args && i < im->graph_args->n_inputs; ++i) {
        const char *given = im->graph_args->inputs[i].name;
        if (given && strcmp(given, name) == 0) return &im->graph_args->inputs[i];
    }
    return NULL;
}

/* dtype and shape: as they are given, which must be what the file says, or as it says. */
static glia_status check_input(gli_onnx_import *im, const glia_onnx_value *said, const glia_npy_array *given,
                               glia_dtype *dtype, glia_shape *shape) {
    glia_context *ctx = im->ctx;
    const char *path  = im->onnx->path;
    GLI_REQUIRE(ctx, said->has_dtype, GLIA_UNSUPPORTED, "%s: input '%.64s' is of type %s", path, said->name,
                *said->type ? said->type : "sequence, map or optional");
    *dtype = given ? given->dtype : said->dtype;
    *shape = given ? given->shape : said->shape;
    GLI_REQUIRE(ctx, *dtype == said->dtype, GLIA_DTYPE_MISMATCH, "%s: input '%.64s' is %s, given %s", path, said->name,
                glia_dtype_name(said->dtype), glia_dtype_name(*dtype));
    GLI_REQUIRE(ctx, given || said->has_shape, GLIA_INVALID_ARGUMENT,
                "%s: input '%.64s' has no shape in the file: give it in args.inputs", path, said->name);
    GLI_REQUIRE(ctx, !said->has_shape || shape->ndim == said->shape.ndim, GLIA_SHAPE_MISMATCH,
                "%s: input '%.64s' has %d dimensions, given %d", path, said->name, said->shape.ndim, shape->ndim);
    for (int i = 0; i < shape->ndim; ++i) {
        GLI_REQUIRE(ctx, given || said->shape.dim[i] >= 0, GLIA_INVALID_ARGUMENT,
                    "%s: input '%.64s' leaves dimension %d open: give its shape in args.inputs", path, said->name, i);
        GLI_REQUIRE(ctx, !said->has_shape || said->shape.dim[i] < 0 || said->shape.dim[i] == shape->dim[i],
                    GLIA_SHAPE_MISMATCH, "%s: dimension %d of input '%.64s' is %lld, given %lld", path, i, said->name,
                    (long long)said->shape.dim[i], (long long)shape->dim[i]);
        GLI_REQUIRE(ctx, shape->dim[i] <= GLI_ONNX_MOST_SIZE, GLIA_UNSUPPORTED,
                    "%s: dimension %d of input '%.64s' is %lld, more than 2^31-1", path, i, said->name,
                    (long long)shape->dim[i]);
    }
    GLI_TRY(gli_shape_check(ctx, said->name, *dtype, *shape));
    if (given && given->values) {
        glia_tensor t = {0};
        gli_set_shape(&t, *dtype, shape->ndim, shape->dim);
        GLI_REQUIRE(ctx, given->bytes == (size_t)gli_count(&t) * glia_dtype_size(*dtype), GLIA_INVALID_ARGUMENT,
                    "%s: input '%.64s' is %s, %zu bytes are given", path, said->name, GLI_SHAPE_OF(&t), given->bytes);
    }
    return GLIA_OK;
}

static glia_status add_input(gli_onnx_import *im, int index, gli_onnx_value *value) {
    value->leaf                 = true;
    const glia_onnx_value said  = glia_onnx_input(im->onnx, index);
    const glia_npy_array *given = find_given(im, said.name);
    glia_dtype dtype            = said.dtype;
    glia_shape shape            = said.shape;
    GLI_TRY(check_input(im, &said, given, &dtype, &shape));
    const Onnx__TypeProto *type = im->onnx->names[im->onnx->inputs[index]].type;
    value->type                 = type->tensor_type->elem_type;
    value->given                = given;
    gli_set_shape(&value->is, dtype, shape.ndim, shape.dim);
    memcpy(value->other, value->is.dim, sizeof value->other);
    value->in_target = glia_graph_input(im->graph, said.name, dtype, shape);
    return glia_graph_status(im->graph);
}

/* A tensor on the graph's device, which the open file keeps. */
static glia_status add_constant(gli_onnx_import *im, const gli_op *op, const void *params, int i,
                                gli_onnx_value *value) {
    glia_onnx *onnx = im->onnx;
    glia_tensor *tensor;
    (void)op, (void)params, (void)i;
    GLI_TRY(gli_grow(im->ctx, &onnx->weights, &onnx->cap_weights, onnx->n_weights + 1, sizeof *onnx->weights,
                     "weights of ONNX"));
    GLI_TRY(glia_tensor_create(im->ctx, value->is.dtype, glia_tensor_shape(&value->is), &tensor));
    onnx->weights[onnx->n_weights++] = tensor;
    const size_t bytes               = (size_t)gli_count(&value->is) * glia_dtype_size(value->is.dtype);
    if (bytes) GLI_TRY(glia_tensor_write(tensor, value->constant->data, bytes));
    value->in_target = glia_graph_tensor(im->graph, value->name, tensor);
    return glia_graph_status(im->graph);
}

static glia_status call(gli_onnx_import *im, const gli_op *op, const void *params, int n_in, const glia_value *in,
                        int n_out, glia_value *out) {
    gli_graph_call(im->graph, op, params, in, n_in, out, n_out);
    return glia_graph_status(im->graph);
}

static void recover(gli_onnx_import *im) { im->graph->status = GLIA_OK; }

const gli_onnx_target gli_onnx_graph_target = {add_input, add_constant, call, recover};

static glia_status add_to_graph(glia_onnx *onnx, glia_graph *graph, const glia_onnx_graph_args *args, glia_value *out,
                                int n_out) {
    glia_context *ctx = onnx->ctx;
    GLI_REQUIRE(ctx, graph, GLIA_INVALID_ARGUMENT, "glia_onnx_add_to_graph: graph is NULL");
    GLI_REQUIRE(ctx, graph->ctx == ctx, GLIA_DEVICE_MISMATCH,
                "glia_onnx_add_to_graph: the graph is of another context");
    GLI_REQUIRE(ctx, !args || (args->n_inputs >= 0 && (args->inputs || !args->n_inputs)), GLIA_INVALID_ARGUMENT,
                "glia_onnx_add_to_graph: n_inputs is %d, inputs %s", args->n_inputs,
                args->inputs ? "an array" : "NULL");
    GLI_TRY(glia_graph_status(graph));
    gli_onnx_import im = {
        .onnx = onnx, .ctx = ctx, .target = &gli_onnx_graph_target, .graph = graph, .graph_args = args};
    for (int i = 0; args && i < args->n_inputs; ++i) {
        const char *name = args->inputs[i].name;
        const int number = name ? gli_onnx_find(onnx, name) : -1;
        GLI_REQUIRE(ctx, number >= 0 && onnx->names[number].input && !onnx->names[number].initializer, GLIA_NOT_FOUND,
                    "%s: has no input '%.64s'", onnx->path, name ? name : "");
    }
    return gli_onnx_run_import(&im, args ? args->outputs : NULL, args ? args->n_outputs : 0, out, n_out);
}

glia_status glia_onnx_add_to_graph(glia_onnx *onnx, glia_graph *graph, const glia_onnx_graph_args *args,
                                   glia_value *out, int n_out) {
    GLI_REQUIRE_OBJECT(onnx);
    GLI_TRY(gli_enter(onnx->ctx));
    const glia_status status = add_to_graph(onnx, graph, args, out, n_out);
    for (int i = 0; status != GLIA_OK && out && i < gli_onnx_writable(onnx, args ? args->n_outputs : 0, n_out); ++i)
        out[i] = (glia_value){-1, graph};
    gli_leave(onnx->ctx);
    return status;
}
