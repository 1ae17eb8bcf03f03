// Files of ONNX, as graphs and as models. What is small is computed by the references.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fuzz/counted_memory.h"
#include "fuzz/fuzz.h"
#include "glia/glia.h"

extern "C" {
#include "core/size.h"
#include "graph/graph_impl.h"
#include "nn/model_impl.h"
}

namespace {

using namespace glia;

bool is_small(const glia_graph *graph) {
    for (int i = 1; i < graph->n_values; ++i)
        if (gli_count(&graph->values[i].tensor) > 2000) return false;
    return graph->n_nodes < 60;
}

glia_tensor *make(glia_context *ctx, const glia_tensor &like) {
    glia_tensor *out = nullptr;
    glia_shape shape{like.ndim, {}};
    std::copy(like.dim, like.dim + like.ndim, shape.dim);
    return glia_tensor_create(ctx, like.dtype, shape, &out) == GLIA_OK ? out : nullptr;
}

// Errors are allowed.
void run(glia_context *ctx, glia_graph *graph, const std::vector<glia_value> &outputs) {
    glia_plan *plan = nullptr;
    std::vector<glia_tensor *> in, out;
    for (int i = 1; i < graph->n_values; ++i)
        if (graph->values[i].kind == GLI_VALUE_INPUT) in.push_back(make(ctx, graph->values[i].tensor));
    for (const glia_value &value : outputs) out.push_back(make(ctx, graph->values[value.id].tensor));
    if (glia_plan_create(graph, outputs.data(), int(outputs.size()), &plan) == GLIA_OK)
        glia_plan_run(plan, in.data(), int(in.size()), out.data(), int(out.size()));
    glia_plan_destroy(plan);
    for (glia_tensor *tensor : in) glia_tensor_destroy(tensor);
    for (glia_tensor *tensor : out) glia_tensor_destroy(tensor);
}

// Dimensions that the file leaves open have this size; integers are 1, where a shape follows from them.
void as_graph(glia_context *ctx, glia_onnx *file, int64_t open) {
    static const std::vector<int64_t> ones(2000, 1);
    std::vector<glia_npy_array> given;
    for (int i = 0; i < glia_onnx_input_count(file); ++i) {
        const glia_onnx_value input = glia_onnx_input(file, i);
        glia_npy_array array{input.name, input.dtype, input.shape, nullptr, 0};
        int64_t count = 1;
        for (int d = 0; d < array.shape.ndim; ++d) {
            if (array.shape.dim[d] < 0) array.shape.dim[d] = open;
            count = gli_saturating_mul(count, array.shape.dim[d]);
        }
        array.bytes = size_t(std::min<int64_t>(count, 2000)) * glia_dtype_size(array.dtype);
        if (count <= 2000 && input.dtype == GLIA_I64) array.values = ones.data();
        if (!array.values) array.bytes = 0;
        given.push_back(array);
    }
    glia_graph *graph = nullptr;
    std::vector<glia_value> outputs(size_t(glia_onnx_output_count(file)));
    glia_onnx_graph_args args{};
    args.inputs = given.data(), args.n_inputs = int(given.size());
    if (glia_graph_create(ctx, &graph) != GLIA_OK) return;
    const glia_status status = glia_onnx_add_to_graph(file, graph, &args, outputs.data(), int(outputs.size()));
    require(status == GLIA_OK || *glia_message(ctx), "a failure says nothing");
    if (status == GLIA_OK && is_small(graph)) run(ctx, graph, outputs);
    glia_graph_destroy(graph);
}

// What was read is written, and that can be read as well.
void write_and_read(glia_context *ctx, const glia_model *net) {
    glia_onnx *file   = nullptr;
    glia_model *again = nullptr;
    glia_value y;
    const glia_status saved = glia_onnx_save(net, scratch().c_str(), nullptr);
    require(saved == GLIA_OK || *glia_message(ctx), "a failure says nothing");
    if (saved != GLIA_OK || glia_model_create(ctx, nullptr, &again) != GLIA_OK) return;
    glia_status status = glia_onnx_open(ctx, scratch().c_str(), nullptr, &file);
    if (status == GLIA_OK) status = glia_onnx_add_to_model(file, again, nullptr, &y, 1);
    require(status == GLIA_OK || status == GLIA_OUT_OF_MEMORY, glia_message(ctx));
    glia_onnx_close(file);
    glia_model_destroy(again);
}

void as_model(glia_context *ctx, glia_onnx *file) {
    glia_model *net = nullptr;
    std::vector<glia_value> outputs(size_t(glia_onnx_output_count(file)));
    if (glia_model_create(ctx, nullptr, &net) != GLIA_OK) return;
    const glia_status status = glia_onnx_add_to_model(file, net, nullptr, outputs.data(), int(outputs.size()));
    require(status == GLIA_OK || *glia_message(ctx), "a failure says nothing");
    const bool small = status == GLIA_OK && net->n_nodes < 60 && !outputs.empty();
    if (small && glia_model_compile(net, outputs[0], nullptr) == GLIA_OK) write_and_read(ctx, net);
    glia_model_destroy(net);
}

}  // namespace

// The first byte says what is made of the file behind it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    CountedMemory memory(size_t{256} << 20);
    glia_context_args args{};
    args.threads      = 1;
    args.allocator    = memory.api();
    glia_context *ctx = nullptr;
    require(glia_context_create("cpu", &args, &ctx) == GLIA_OK, glia_message(nullptr));
    const MemoryFile bytes(Bytes(data + 1, data + size));
    glia_onnx *file          = nullptr;
    const glia_status status = glia_onnx_open(ctx, bytes.path(), nullptr, &file);
    require(status == GLIA_OK || *glia_message(ctx), "a failure says nothing");
    require(memory.most <= (size_t{64} << 20) + 4 * size, "opening takes more memory than is promised");
    if (status == GLIA_OK && data[0] % 2 == 0) as_graph(ctx, file, 1 + data[0] / 2 % 4);
    if (status == GLIA_OK && data[0] % 2 == 1) as_model(ctx, file);
    glia_onnx_close(file);
    glia_context_destroy(ctx);
    require(memory.held == 0, "memory was not given back");
    return 0;
}
