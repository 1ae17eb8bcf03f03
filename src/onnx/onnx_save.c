/* A model to a file: which values are its outputs. */
#include <stdio.h>

#include "onnx/onnx_export.h"
#include "train/training.h"

static const char *source_of(const glia_model *model, int id) {
    const gli_model_value *value = &model->values[id];
    if (value->source == GLI_SOURCE_INPUT) return model->inputs[value->index].name;
    if (value->source == GLI_SOURCE_WEIGHT) return model->weights[value->index].name;
    return model->layers[model->nodes[value->index].layer].name;
}

static glia_status find_outputs(gli_onnx_export *ex, const glia_onnx_save_args *args) {
    const glia_model *model      = ex->model;
    const gli_training *training = model->training;
    const bool given             = args && args->n_outputs > 0;
    ex->n_outputs                = given ? args->n_outputs : training ? training->n_outputs : 0;
    GLI_REQUIRE(ex->ctx, ex->n_outputs > 0, GLIA_INVALID_ARGUMENT,
                "glia_onnx_save: %s: the model has no outputs: name them in args, by glia_model_output or a compile",
                ex->path);
    ex->outputs = gli_onnx_alloc(ex, (size_t)ex->n_outputs, sizeof *ex->outputs);
    GLI_TRY(ex->status);
    for (int i = 0; i < ex->n_outputs; ++i) {
        char what[64];
        snprintf(what, sizeof what, "glia_onnx_save: output %d", i);
        if (given) GLI_TRY(gli_model_check(model, what, args->outputs[i]));
        ex->outputs[i].value = given ? args->outputs[i].id : training->outputs[i].value;
        ex->outputs[i].name  = given ? source_of(model, ex->outputs[i].value) : training->outputs[i].name;
    }
    return GLIA_OK;
}

static glia_status save(gli_onnx_export *ex, const glia_onnx_save_args *args) {
    const glia_model *model = ex->model;
    glia_context *ctx       = ex->ctx;
    GLI_REQUIRE(ctx, ex->path, GLIA_INVALID_ARGUMENT, "glia_onnx_save: path is NULL");
    GLI_REQUIRE(ctx, ex->opset >= GLI_ONNX_EXPORT_OLDEST && ex->opset <= GLI_ONNX_NEWEST, GLIA_INVALID_ARGUMENT,
                "glia_onnx_save: opset is %d, must be %d to %d", ex->opset, GLI_ONNX_EXPORT_OLDEST, GLI_ONNX_NEWEST);
    GLI_REQUIRE(ctx, !args || (args->n_outputs >= 0 && (args->outputs || !args->n_outputs)), GLIA_INVALID_ARGUMENT,
                "glia_onnx_save: n_outputs is %d, outputs %s", args->n_outputs, args->outputs ? "an array" : "NULL");
    GLI_TRY(gli_require_idle(model, "glia_onnx_save"));
    GLI_TRY(glia_model_status(model));
    GLI_TRY(gli_require_weights(model, "glia_onnx_save"));
    ex->values = gli_onnx_alloc(ex, (size_t)model->n_values, sizeof *ex->values);
    GLI_TRY(ex->status);
    GLI_TRY(find_outputs(ex, args));
    GLI_TRY(gli_onnx_export_all(ex));
    return gli_onnx_write_file(ex);
}

glia_status glia_onnx_save(const glia_model *model, const char *path, const glia_onnx_save_args *args) {
    GLI_REQUIRE_OBJECT(model);
    glia_context *ctx = model->ctx;
    GLI_TRY(gli_enter(ctx));
    gli_onnx_export ex = {
        .model = model, .ctx = ctx, .path = path, .opset = args && args->opset ? args->opset : GLI_ONNX_EXPORT_OLDEST};
    const glia_status status = save(&ex, args);
    gli_free(ctx, ex.nodes, (size_t)ex.cap_nodes, sizeof *ex.nodes);
    gli_free(ctx, ex.initializers, (size_t)ex.cap_initializers, sizeof *ex.initializers);
    gli_names_free(ctx, &ex.names);
    gli_arena_free(ctx, &ex.arena);
    gli_leave(ctx);
    return status;
}
