/* The public call. */
#include "c_file/c_file.h"
#include "core/dtype.h"
#include "predict/sample_graph.h"
#include "train/pass.h"
#include "train/training.h"

static const char *const call = "glia_model_export_c";

static glia_status check(const glia_model *model, const char *path, const glia_c_file_args *args) {
    glia_context *ctx = model->ctx;
    GLI_REQUIRE(ctx, path, GLIA_INVALID_ARGUMENT, "%s: path is NULL", call);
    GLI_REQUIRE(ctx, model->compiled, GLIA_INVALID_ARGUMENT, "%s: the model is not compiled, or was changed since",
                call);
    GLI_REQUIRE(ctx, model->compute == GLIA_F32, GLIA_DTYPE_MISMATCH, "%s: the model is %s, must be f32", call,
                glia_dtype_name(model->compute));
    GLI_REQUIRE(ctx, args->time_axis == 0 || args->time_axis == -1, GLIA_INVALID_ARGUMENT,
                "%s: time_axis is %d, must be 0, the first, or -1, the last", call, args->time_axis);
    GLI_REQUIRE(ctx, args->streaming || args->time_axis == 0, GLIA_INVALID_ARGUMENT,
                "%s: time_axis is %d, but the file is not for streaming", call, args->time_axis);
    for (int i = 0; args->streaming && i < model->n_inputs; ++i)
        GLI_REQUIRE(ctx, model->values[model->inputs[i].value].shape.ndim >= 2, GLIA_SHAPE_MISMATCH,
                    "%s: input '%s' is a scalar, must have a time axis", call, model->inputs[i].name);
    return GLIA_OK;
}

static glia_status write_graph(gli_c_file *f, const glia_c_file_args *args) {
    void *values = NULL, *predicted = NULL;
    const size_t n = (size_t)f->graph->n_values;
    GLI_TRY(gli_arena_alloc(f->ctx, &f->arena, n, sizeof *f->values, &values));
    GLI_TRY(gli_arena_alloc(f->ctx, &f->arena, n, sizeof *f->build.values, &predicted));
    f->values = values;
    f->build  = (gli_predict_build){.ctx       = f->ctx,
                                    .graph     = f->graph,
                                    .values    = predicted,
                                    .streaming = args->streaming,
                                    .time_axis = args->time_axis < 0 ? args->time_axis : args->time_axis + 1};
    GLI_TRY(gli_c_choose_prefix(f, call, args->prefix));
    GLI_TRY(gli_predict_count_readers(&f->build, f->outputs, f->n_outputs));
    GLI_TRY(gli_c_plan(f));
    return gli_c_write(f);
}

static glia_status export_c(glia_model *model, const char *path, const glia_c_file_args *args, glia_c_file_info *out) {
    const glia_c_file_args defaults = {0};
    glia_graph *graph               = NULL;
    if (!args) args = &defaults;
    GLI_TRY(check(model, path, args));
    GLI_TRY(gli_require_weights(model, call));
    GLI_TRY(glia_graph_create(model->ctx, &graph));
    gli_c_file f = {
        .ctx = model->ctx, .model = model, .graph = graph, .path = path, .n_outputs = model->training->n_outputs};
    glia_status status = gli_sample_graph(model, graph, f.outputs);
    if (status == GLIA_OK) status = write_graph(&f, args);
    if (status == GLIA_OK && out) *out = f.info;
    gli_arena_free(f.ctx, &f.build.arena);
    gli_arena_free(f.ctx, &f.weights);
    gli_arena_free(f.ctx, &f.arena);
    gli_names_free(f.ctx, &f.names);
    gli_names_free(f.ctx, &f.layer_names);
    gli_names_free(f.ctx, &f.sizes);
    glia_graph_destroy(graph);
    return status;
}

glia_status glia_model_export_c(glia_model *model, const char *path, const glia_c_file_args *args,
                                glia_c_file_info *out) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, call));
    return gli_call_end(model, export_c(model, path, args, out));
}
