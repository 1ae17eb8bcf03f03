// Models' files: raw ones, and definitions with what is said of their training. A model that a definition makes is
// saved and loaded again as the same, and trains on the references without harm.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "fuzz/counted_memory.h"
#include "fuzz/fuzz.h"
#include "glia/glia.h"

extern "C" {
#include "core/size.h"
#include "train/training.h"
}

namespace {

using namespace glia;

constexpr size_t kMost = 64 << 20;

// Whether what it computes is little.
bool is_small(const glia_model *net) {
    for (int i = 1; i < net->n_values; ++i) {
        int64_t count = 1;
        for (int d = 0; d < net->values[i].shape.ndim; ++d)
            count = gli_saturating_mul(count, net->values[i].shape.dim[d]);
        if (count > 2000) return false;
    }
    return net->n_nodes < 30 && net->n_inputs == 1 && net->training && net->training->n_outputs > 0;
}

// An array of zeros for each sample, as a value has them behind `skip` dimensions.
glia_array zeros(const glia_tensor &value, glia_dtype dtype, int skip) {
    static const double zero[4 * 2000] = {};
    glia_array array{};
    array.dtype      = dtype;
    array.shape.ndim = std::max(value.ndim - skip, 0);
    std::copy(value.dim + std::min(skip, value.ndim), value.dim + value.ndim, array.shape.dim);
    array.data = zero;
    return array;
}

// One step, and a prediction. Errors are allowed.
void use(glia_context *ctx, glia_model *net) {
    glia_array input = zeros(net->values[net->inputs[0].value].shape, net->values[net->inputs[0].value].shape.dtype, 1);
    glia_array targets[GLIA_MAX_OUTPUTS];
    glia_arrays_args args{};
    args.inputs = &input, args.n_inputs = 1, args.targets = targets, args.count = 4;
    for (int i = 0; i < net->training->n_outputs; ++i) {
        const gli_output &output = net->training->outputs[i];
        if (output.args.loss.kind == GLIA_LOSS_NONE) continue;
        const bool classes = gli_loss_by_class(output.args.loss.kind);
        targets[args.n_targets++] =
            zeros(net->values[output.value].shape, classes ? GLIA_I64 : GLIA_F32, classes ? 2 : 1);
    }
    glia_dataset *data = nullptr;
    if (glia_dataset_from_arrays(ctx, &args, &data) == GLIA_OK) {
        glia_fit_args fit{};
        fit.epochs = 1, fit.batch_size = 4, fit.in_order = true;
        glia_model_fit(net, data, &fit);
        glia_dataset_destroy(data);
    }
}

Bytes content_of(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

// What was loaded is saved, and what was saved is loaded, as the same.
void check_saved(glia_context *ctx, const glia_model *net) {
    glia_model *again        = nullptr;
    const glia_status status = glia_model_save(net, scratch().c_str());
    if (status == GLIA_NOT_FINITE || status == GLIA_OUT_OF_MEMORY) return;
    require(status == GLIA_OK, glia_message(ctx));
    const Bytes first           = content_of(scratch());
    const glia_status loaded_as = glia_model_load(ctx, scratch().c_str(), nullptr, &again);
    if (loaded_as != GLIA_OUT_OF_MEMORY) {
        require(loaded_as == GLIA_OK, glia_message(ctx));
        require(glia_model_save(again, scratch().c_str()) == GLIA_OK, glia_message(ctx));
        require(content_of(scratch()) == first, "another file after loading");
    }
    glia_model_destroy(again);
}

void check_loaded(glia_context *ctx, glia_model *net, bool compile) {
    check_saved(ctx, net);
    if (compile && glia_model_compile(net, {}, nullptr) != GLIA_OK) return;
    check_saved(ctx, net);
    if (is_small(net)) use(ctx, net);
}

}  // namespace

// The first byte says whether the file is raw, or made of two texts with a NUL between them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    CountedMemory memory(2 * kMost);
    const bool raw = data[0] % 4 == 0;
    const std::string text(reinterpret_cast<const char *>(data + 1), size - 1);
    const size_t nul = std::min(text.find('\0'), text.size());
    const std::string definition(text, 0, nul), training(text, std::min(nul + 1, text.size()));
    glia_context_args args{};
    args.threads = 1, args.allocator = memory.api();
    glia_context *ctx = nullptr;
    require(glia_context_create("cpu", &args, &ctx) == GLIA_OK, glia_message(nullptr));
    const glia_safetensors_note notes[] = {
        {"glia.format", "1"}, {"glia.model", definition.c_str()}, {"glia.training", training.c_str()}};
    const MemoryFile file(raw ? Bytes(data + 1, data + size) : Bytes());
    const std::string path = raw ? file.path() : scratch();
    if (raw || glia_safetensors_write(ctx, path.c_str(), nullptr, 0, notes, 3) == GLIA_OK) {
        glia_model *net = nullptr;
        glia_model_load_args how{};
        how.definition_only      = !raw;
        memory.most              = 0;
        const glia_status status = glia_model_load(ctx, path.c_str(), &how, &net);
        require(memory.most <= 4 * size + kMost, "too much memory");
        require((status == GLIA_OK) == (net != nullptr), "a model and an error, or neither");
        require(status == GLIA_OK || strstr(glia_message(ctx), path.c_str()) == glia_message(ctx), glia_message(ctx));
        if (net) check_loaded(ctx, net, !raw);
        glia_model_destroy(net);
    }
    glia_context_destroy(ctx);
    require(memory.held == 0, "memory is left");
    return 0;
}
