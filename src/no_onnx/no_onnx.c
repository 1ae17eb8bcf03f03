/* A build without protobuf-c: nothing is open, so the rest has nothing to tell. */
#include "core/context_impl.h"
#include "glia/onnx.h"

#define WITHOUT                                         \
    "this build of Glia has no protobuf-c: install it " \
    "(Debian and Ubuntu: libprotobuf-c-dev, protobuf-c-compiler) and build again"

glia_status glia_onnx_open(glia_context *ctx, const char *path, const glia_onnx_args *args, glia_onnx **out) {
    (void)args, (void)out;
    GLI_TRY(gli_enter(ctx));
    const glia_status status = gli_fail(ctx, GLIA_UNSUPPORTED, "%s: is ONNX, and " WITHOUT, path ? path : "NULL");
    gli_leave(ctx);
    return status;
}

void glia_onnx_close(glia_onnx *onnx) { (void)onnx; }

int glia_onnx_input_count(const glia_onnx *onnx) { return (void)onnx, 0; }
int glia_onnx_output_count(const glia_onnx *onnx) { return (void)onnx, 0; }
int glia_onnx_problem_count(const glia_onnx *onnx) { return (void)onnx, 0; }

glia_onnx_value glia_onnx_input(const glia_onnx *onnx, int index) {
    return (void)onnx, (void)index, (glia_onnx_value){0};
}
glia_onnx_value glia_onnx_output(const glia_onnx *onnx, int index) {
    return (void)onnx, (void)index, (glia_onnx_value){0};
}
glia_onnx_problem glia_onnx_get_problem(const glia_onnx *onnx, int index) {
    return (void)onnx, (void)index, (glia_onnx_problem){0};
}

glia_status glia_onnx_describe(const glia_onnx *onnx, FILE *file) {
    (void)file;
    GLI_REQUIRE_OBJECT(onnx);
    return gli_fail_early(GLIA_UNSUPPORTED, WITHOUT);
}

glia_status glia_onnx_tensor_open(glia_context *ctx, const char *path, glia_onnx_tensor **out) {
    (void)out;
    return glia_onnx_open(ctx, path, NULL, NULL);
}
void glia_onnx_tensor_close(glia_onnx_tensor *tensor) { (void)tensor; }
glia_npy_array glia_onnx_tensor_array(const glia_onnx_tensor *tensor) { return (void)tensor, (glia_npy_array){0}; }
const char *glia_onnx_tensor_type(const glia_onnx_tensor *tensor) { return (void)tensor, ""; }

glia_status glia_onnx_add_to_graph(glia_onnx *onnx, glia_graph *graph, const glia_onnx_graph_args *args,
                                   glia_value *out, int n_out) {
    (void)graph, (void)args, (void)out, (void)n_out;
    GLI_REQUIRE_OBJECT(onnx);
    return gli_fail_early(GLIA_UNSUPPORTED, WITHOUT);
}

glia_status glia_onnx_add_to_model(glia_onnx *onnx, glia_model *model, const glia_onnx_model_args *args,
                                   glia_value *out, int n_out) {
    (void)model, (void)args, (void)out, (void)n_out;
    GLI_REQUIRE_OBJECT(onnx);
    return gli_fail_early(GLIA_UNSUPPORTED, WITHOUT);
}

glia_status glia_onnx_save(const glia_model *model, const char *path, const glia_onnx_save_args *args) {
    (void)path, (void)args;
    GLI_REQUIRE_OBJECT(model);
    return gli_fail_early(GLIA_UNSUPPORTED, WITHOUT);
}
