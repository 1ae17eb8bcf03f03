/* The target that is a model: each call of an op is a layer, constants are its parameters. */
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/print.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/movement.h"
#include "nn/emission.h"
#include "nn/layer.h"
#include "onnx/onnx_import.h"

/* ---- Names: the file's last bytes, without what no name may have, and no name twice ---- */

static bool is_taken(const glia_model *model, const char *name) {
    return gli_names_find(&model->names, name) || gli_names_find(&model->weight_names, name);
}

static const char *last_bytes(const char *name, size_t most) {
    const size_t length = strlen(name);
    const char *start   = length > most ? name + length - most : name;
    while (((unsigned char)*start & 0xc0) == 0x80) ++start; /* the middle of a character */
    return start;
}

static void choose_name(const glia_model *model, const char *name, const char *otherwise, size_t most,
                        char out[GLI_NAME_SIZE]) {
    enum { SUFFIX = 11 };
    snprintf(out, GLI_NAME_SIZE, "%s", last_bytes(name, most));
    for (char *c = out; *c; ++c) memset(c, '_', (size_t)gli_control_bytes(c));
    if (!gli_name_valid(out, most)) snprintf(out, GLI_NAME_SIZE, "%s", otherwise);
    char stem[GLI_NAME_SIZE];
    snprintf(stem, sizeof stem, "%s", last_bytes(out, most - SUFFIX));
    for (int i = 1; is_taken(model, out); ++i)
        snprintf(out, GLI_NAME_SIZE, "%.*s_%d", GLI_NAME_SIZE - 1 - SUFFIX, stem, i);
}

/* ---- Inputs ---- */

static glia_status check_value(gli_onnx_import *im, const glia_onnx_value *said, glia_value value) {
    const glia_tensor *shape = gli_model_shape(im->model, value);
    char what[96];
    snprintf(what, sizeof what, "glia_onnx_add_to_model: the value for '%.40s'", said->name);
    GLI_TRY(gli_model_check(im->model, what, value));
    GLI_REQUIRE(im->ctx, !said->has_shape || said->shape.ndim == shape->ndim, GLIA_SHAPE_MISMATCH,
                "%s is %s, the file has %d dimensions", what, GLI_SHAPE_OF(shape), said->shape.ndim);
    return GLIA_OK;
}

static glia_status make_input(gli_onnx_import *im, const glia_onnx_value *said, glia_value *out) {
    glia_shape sample = {.ndim = said->shape.ndim - 1};
    char name[GLI_NAME_SIZE];
    GLI_REQUIRE(im->ctx, said->has_shape, GLIA_INVALID_ARGUMENT,
                "%s: input '%.64s' has no shape in the file: give a value for it in args.inputs", im->onnx->path,
                said->name);
    GLI_REQUIRE(im->ctx, said->shape.ndim > 0, GLIA_UNSUPPORTED,
                "%s: input '%.64s' is a scalar: a model's inputs have a batch", im->onnx->path, said->name);
    for (int i = 0; i < sample.ndim; ++i) {
        sample.dim[i] = said->shape.dim[i + 1];
        GLI_REQUIRE(im->ctx, sample.dim[i] >= 0, GLIA_INVALID_ARGUMENT,
                    "%s: input '%.64s' leaves dimension %d open: give a value for it in args.inputs", im->onnx->path,
                    said->name, i + 1);
    }
    choose_name(im->model, said->name, "input", GLI_NAME_LIMIT, name);
    const bool index = said->dtype == GLIA_I32 || said->dtype == GLIA_I64;
    *out             = index ? glia_model_index_input(im->model, name, said->dtype, sample)
                             : glia_model_input(im->model, name, sample);
    return glia_model_status(im->model);
}

static glia_status add_input(gli_onnx_import *im, int index, gli_onnx_value *value) {
    value->leaf                = true;
    const glia_onnx_value said = glia_onnx_input(im->onnx, index);
    GLI_REQUIRE(im->ctx, said.has_dtype, GLIA_UNSUPPORTED, "%s: input '%.64s' is of type %s", im->onnx->path, said.name,
                *said.type ? said.type : "sequence, map or optional");
    if (im->model_args && im->model_args->inputs) {
        value->in_target = im->model_args->inputs[index];
        GLI_TRY(check_value(im, &said, value->in_target));
    } else {
        GLI_TRY(make_input(im, &said, &value->in_target));
    }
    const glia_tensor *shape = gli_model_shape(im->model, value->in_target);
    for (int i = 0; i < shape->ndim; ++i)
        GLI_REQUIRE(im->ctx, shape->dim[i] <= GLI_ONNX_MOST_SIZE, GLIA_UNSUPPORTED,
                    "%s: dimension %d of input '%.64s' is %lld, more than 2^31-1", im->onnx->path, i, said.name,
                    (long long)shape->dim[i]);
    gli_set_shape(&value->is, shape->dtype, shape->ndim, shape->dim);
    memcpy(value->other, shape->dim, sizeof value->other);
    if (im->model->values[value->in_target.id].batched)
        value->other[0] = shape->dim[0] / GLI_ONNX_ONE_BATCH * GLI_ONNX_OTHER_BATCH;
    value->type = gli_onnx_type_of(shape->dtype);
    if (said.has_shape && said.shape.ndim > 0 && said.shape.dim[0] > 0) im->file_batch = said.shape.dim[0];
    return GLIA_OK;
}

/* ---- Weights ---- */

/* Whether training may change what input i of the op reads. A factor or a term is a weight where it is an initializer
 * of several numbers: the scale and shift of a normalisation that the file spells out. */
static bool is_trained(const gli_op *op, const void *params, int i, const gli_onnx_value *value) {
    if (op == &gli_op_binary) {
        const glia_binary_kind kind = ((const glia_binary_params *)params)->kind;
        return value->weight && gli_count(&value->is) > 1 && (kind == GLIA_BINARY_ADD || kind == GLIA_BINARY_MUL);
    }
    if (op == &gli_op_gather) return i == 0;
    if (op == &gli_op_rnn) return i > 3;
    if (op == &gli_op_matmul || op == &gli_op_dense) return true;
    return i > 0 && (op == &gli_op_conv2d || op == &gli_op_conv2d_transpose || op == &gli_op_batchnorm ||
                     op == &gli_op_layernorm || op == &gli_op_groupnorm || op == &gli_op_prelu);
}

static glia_status call(gli_onnx_import *im, const gli_op *op, const void *params, int n_in, const glia_value *in,
                        int n_out, glia_value *out) {
    glia_model *model = im->model;
    const bool frozen = im->model_args && im->model_args->frozen;
    if (!gli_layer_begin(model, op->name, NULL, in, 0, frozen)) return glia_model_status(model);
    const glia_value y         = gli_layer_call(model, op, params, n_in, in, n_out, out);
    const gli_emitter *emitter = op == &gli_op_batchnorm ? &gli_emitter_batchnorm
                                 : op == &gli_op_dropout ? &gli_emitter_dropout
                                                         : NULL;
    if (y.id > 0 && emitter) {
        gli_model_node *node = gli_model_last_node(model);
        node->emitter        = emitter;
        if (!emitter->accept(model, node)) gli_model_fail(model, GLIA_UNSUPPORTED, "its statistics are no constants");
    }
    gli_layer_end(model, y);
    return glia_model_status(model);
}

/* Models have constants of floats alone: indices are cast from those that have the same numbers. */
static glia_status write_integers(const gli_onnx_import *im, const gli_onnx_value *value, gli_weight *weight) {
    const int64_t count = gli_count(&value->is);
    gli_block floats;
    GLI_TRY(gli_block_alloc(im->ctx, (size_t)count, glia_dtype_size(im->model_dtype), "constants of a file", &floats));
    glia_status status = GLIA_OK;
    for (int64_t i = 0; i < count && status == GLIA_OK; ++i) {
        const double number = gli_load(value->is.dtype, value->constant->data, i);
        gli_store(im->model_dtype, floats.data, i, number);
        const bool exact = number < 0x1p53 && number > -0x1p53; /* beyond, other integers are the same double */
        if (!exact || gli_load(im->model_dtype, floats.data, i) != number)
            status =
                gli_fail(im->ctx, GLIA_UNSUPPORTED, "'%.64s' is a constant of %s with %.17g, which %s does not have",
                         value->name, glia_dtype_name(value->is.dtype), number, glia_dtype_name(im->model_dtype));
    }
    if (status == GLIA_OK) status = gli_weight_write(im->model, weight, floats.data);
    gli_block_free(im->ctx, &floats);
    return status;
}

static glia_status cast_back(gli_onnx_import *im, gli_onnx_value *value) {
    const glia_cast_params to = {.dtype = value->is.dtype};
    const glia_value floats   = value->in_target;
    return call(im, &gli_op_cast, &to, 1, &floats, 1, &value->in_target);
}

static glia_status add_constant(gli_onnx_import *im, const gli_op *op, const void *params, int i,
                                gli_onnx_value *value) {
    glia_model *model = im->model;
    const bool buffer = op == &gli_op_batchnorm && (i == 3 || i == 4);
    const bool frozen = (im->model_args && im->model_args->frozen) || !is_trained(op, params, i, value);
    gli_weight weight = {
        .ndim = value->is.ndim, .init = {.kind = GLIA_INIT_ZEROS}, .frozen = frozen && !buffer, .buffer = buffer};
    choose_name(model, value->name, "weight", GLI_NAME_SIZE - 1, weight.name);
    memcpy(weight.dim, value->is.dim, sizeof weight.dim);
    value->in_target = gli_model_add_parameter(model, &weight);
    GLI_TRY(glia_model_status(model));
    if (value->is.dtype == im->model_dtype)
        return gli_weight_write(model, gli_model_find_weight(model, weight.name), value->constant->data);
    GLI_TRY(write_integers(im, value, gli_model_find_weight(model, weight.name)));
    return cast_back(im, value);
}

static void recover(gli_onnx_import *im) { im->model->failure = GLIA_OK; }

const gli_onnx_target gli_onnx_model_target = {add_input, add_constant, call, recover};

static glia_status add_to_model(glia_onnx *onnx, glia_model *model, const glia_onnx_model_args *args, glia_value *out,
                                int n_out) {
    glia_context *ctx = onnx->ctx;
    GLI_REQUIRE(ctx, model, GLIA_INVALID_ARGUMENT, "glia_onnx_add_to_model: model is NULL");
    GLI_REQUIRE(ctx, model->ctx == ctx, GLIA_DEVICE_MISMATCH,
                "glia_onnx_add_to_model: the model is of another context");
    GLI_REQUIRE(ctx, model->compute == model->dtype, GLIA_UNSUPPORTED,
                "glia_onnx_add_to_model: the model is of %s, must be f32 or f64", glia_dtype_name(model->compute));
    GLI_REQUIRE(ctx, !args || !args->inputs || args->n_inputs == onnx->n_inputs, GLIA_INVALID_ARGUMENT,
                "glia_onnx_add_to_model: the file has %d inputs, n_inputs is %d", onnx->n_inputs, args->n_inputs);
    GLI_TRY(gli_require_idle(model, "glia_onnx_add_to_model"));
    GLI_TRY(glia_model_status(model));
    gli_onnx_import im = {.onnx        = onnx,
                          .ctx         = ctx,
                          .target      = &gli_onnx_model_target,
                          .model       = model,
                          .model_args  = args,
                          .model_dtype = model->dtype,
                          .batched     = true};
    return gli_onnx_run_import(&im, args ? args->outputs : NULL, args ? args->n_outputs : 0, out, n_out);
}

glia_status glia_onnx_add_to_model(glia_onnx *onnx, glia_model *model, const glia_onnx_model_args *args,
                                   glia_value *out, int n_out) {
    GLI_REQUIRE_OBJECT(onnx);
    GLI_TRY(gli_enter(onnx->ctx));
    const glia_status status = add_to_model(onnx, model, args, out, n_out);
    if (status != GLIA_OK && model && model->ctx == onnx->ctx) gli_model_take_failure(model, status);
    for (int i = 0; status != GLIA_OK && out && i < gli_onnx_writable(onnx, args ? args->n_outputs : 0, n_out); ++i)
        out[i] = gli_invalid_value();
    gli_leave(onnx->ctx);
    return status;
}
