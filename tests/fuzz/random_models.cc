// Models of layers with args drawn at random, compiled, trained, evaluated and used, for builds with sanitizers: each
// call is refused with a message, or works. `random_models COUNT SEED [AT_ONCE]`: so many models at a time, each in a
// thread and a context of its own.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "fuzz/random_layers.h"
#include "glia/glia.h"
#include "support/internals.h"

extern "C" {
#include "nn/model_impl.h"
}

namespace {

using namespace glia;

// A layer that takes values of x's rank, at times any layer.
glia_value layer(glia_model *net, glia_value x, glia_value other) {
    const glia_tensor *shape = gli_model_shape(net, x);
    const LayerKind *kind    = &one_of(kLayers);
    while (shape && kind->rank && kind->rank != shape->ndim - 1 && chance(98)) kind = &one_of(kLayers);
    return kind->add(net, x, chance(70) ? x : other);
}

glia_model_loss loss() {
    glia_model_loss made[] = {glia_loss_cross_entropy(),
                              glia_loss_categorical_cross_entropy(),
                              glia_loss_nll(),
                              glia_loss_bce(),
                              glia_loss_bce_logits(),
                              glia_loss_mse(),
                              glia_loss_mae(),
                              glia_loss_huber(random_real()),
                              glia_loss_kl()};
    glia_model_loss out    = one_of(made);
    out.weight             = optional();
    return out;
}

glia_optimizer optimizer() {
    const double rate           = chance(90) ? 0.01 : random_real();
    const glia_optimizer made[] = {glia_optimizer_sgd(rate),           glia_optimizer_momentum(rate, random_real()),
                                   glia_optimizer_nesterov(rate, 0.9), glia_optimizer_adagrad(rate),
                                   glia_optimizer_rmsprop(rate),       glia_optimizer_adam(rate),
                                   glia_optimizer_adamw(rate, 0.1)};
    return one_of(made);
}

struct Model {
    glia_context *ctx;
    glia_dtype dtype;
    glia_model *net = nullptr;
    glia_shape input{}, output{};
    int64_t words = 0;      // inputs are indices below it; 0: they are numbers
    bool classes  = false;  // the targets are class indices
};

// At times enough for several threads.
int few_or_many(uint64_t few, uint64_t many) { return 1 + int(below(chance(85) ? few : many)); }

glia_value input(Model *m) {
    m->input.ndim = 1 + int(below(3));
    for (int i = 0; i < m->input.ndim; ++i) m->input.dim[i] = few_or_many(7, 50);
    if (chance(90)) return glia_model_input(m->net, "x", m->input);
    m->words = 1 + int64_t(below(8));
    glia_embedding_args args{nullptr, m->words, size(), chance(30), number(), chance(15), init()};
    return glia_model_embedding(m->net, glia_model_index_input(m->net, "x", GLIA_I32, m->input), &args);
}

// Builds and compiles.
glia_status build(Model *m) {
    glia_value x = input(m), other = x;
    for (uint64_t n = 1 + below(6); n > 0; --n) {
        const glia_value y = layer(m->net, x, other);
        other = x, x = y;
    }
    if (const glia_tensor *shape = gli_model_shape(m->net, x)) {
        m->output.ndim = shape->ndim - 1;
        for (int i = 0; i < m->output.ndim; ++i) m->output.dim[i] = shape->dim[i + 1];
    }
    glia_compile_args args{};
    args.loss = loss(), args.optimizer = optimizer();
    if (moderate && args.loss.kind == glia_loss_bce().kind) {  // of the logarithms of outputs
        const glia_activation_args sigmoid{nullptr, GLIA_SIGMOID};
        x = glia_model_activation(m->net, x, &sigmoid);
    }
    m->classes = args.loss.kind == glia_loss_cross_entropy().kind && m->output.ndim > 0;
    if (chance(10)) args.clip_value = random_real();
    if (chance(10)) args.clip_global_norm = random_real();
    return glia_model_compile(m->net, x, &args);
}

int64_t count_of(const glia_shape &shape) {
    int64_t count = 1;
    for (int i = 0; i < shape.ndim; ++i) count *= shape.dim[i];
    return count;
}

std::vector<float> reals(int64_t count) {
    std::vector<float> out;
    while (int64_t(out.size()) < count) out.push_back(float(random_real()));
    return out;
}

// Looks at a layer, and at gradients with respect to a layer and to a weight.
glia_status look(const Model &m, glia_dataset *data) {
    const int64_t count    = glia_dataset_count(data);
    const int batch        = int(below(4));
    const glia_field layer = glia_model_layer(m.net, int(below(uint64_t(glia_model_layer_count(m.net)))));
    const int weights      = glia_model_weight_count(m.net);
    std::vector<double> out(size_t(count * count_of(layer.shape)));  // enough for every dtype
    const size_t bytes = out.size() * glia_dtype_size(gli_dtype_wide(layer.dtype));
    glia_gradient_args args{};
    args.with_respect_to = layer.name, args.of = chance(2) ? GLIA_OF_LOSS : GLIA_OF_OUTPUT, args.batch_size = batch;
    glia_status status = glia_model_layer_output(m.net, layer.name, data, batch, out.data(), bytes);
    if (status == GLIA_OK) status = glia_model_gradient(m.net, data, &args, out.data(), bytes);
    if (status != GLIA_OK || weights == 0) return status;
    const int index      = int(below(uint64_t(weights)));
    args.with_respect_to = glia_model_weight_name(m.net, index);
    out.resize(size_t(count_of(glia_model_weight_shape(m.net, index))));
    return glia_model_gradient(m.net, data, &args, out.data(), out.size() * glia_dtype_size(gli_dtype_wide(m.dtype)));
}

// Looks inside, trains, evaluates and predicts.
glia_status use(const Model &m) {
    const int64_t count = few_or_many(9, 60);
    glia_shape target   = m.output;
    if (m.classes) {
        --target.ndim;
        std::copy(m.output.dim + 1, m.output.dim + m.output.ndim, target.dim);
    }
    if (count_of(m.output) > 1 << 16) return GLIA_OK;
    const std::vector<float> x = reals(count * count_of(m.input));
    std::vector<float> y       = reals(count * count_of(target));
    if (moderate)
        for (float &probability : y) probability = std::abs(probability) / 2;
    std::vector<int64_t> labels(y.size());
    for (int64_t &label : labels) label = int64_t(below(uint64_t(m.classes ? m.output.dim[0] : 1))) - chance(1);
    std::vector<int32_t> words(x.size());
    for (int32_t &word : words) word = int32_t(below(uint64_t(std::max<int64_t>(m.words, 1)))) - chance(5);
    const glia_array input{.dtype = m.words ? GLIA_I32 : GLIA_F32,
                           .shape = m.input,
                           .data  = m.words ? static_cast<const void *>(words.data()) : x.data()};
    const glia_array output{.dtype = m.classes ? GLIA_I64 : GLIA_F32,
                            .shape = target,
                            .data  = m.classes ? static_cast<const void *>(labels.data()) : y.data()};
    glia_arrays_args arrays{};
    arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &output, arrays.n_targets = 1, arrays.count = count;
    glia_dataset *data = nullptr;
    glia_result result;
    glia_fit_args fit{};
    fit.epochs = 1 + int(below(2)), fit.batch_size = few_or_many(4, 60);
    std::vector<double> predicted(size_t(count * count_of(m.output)));
    glia_status status       = glia_dataset_from_arrays(m.ctx, &arrays, &data);
    const glia_status looked = status == GLIA_OK ? look(m, data) : status;
    if (status == GLIA_OK) status = glia_model_fit(m.net, data, &fit);
    if (status == GLIA_OK) status = glia_model_evaluate(m.net, data, int(below(4)), &result);
    if (status == GLIA_OK)
        status = glia_model_predict(m.net, data, int(below(4)), predicted.data(),
                                    predicted.size() * glia_dtype_size(gli_dtype_wide(m.dtype)));
    glia_dataset_destroy(data);
    return status == GLIA_OK ? looked : status;
}

struct Totals {
    Counts compiled, used;
    long wrong = 0;
};

void run(long number, Totals *totals) {
    Memory memory;
    Model m{};
    glia_context_args args{};
    moderate       = chance(50);
    args.threads   = 1 + int(below(3));
    args.allocator = memory.api();
    if (glia_context_create("cpu", &args, &m.ctx) != GLIA_OK) {
        fprintf(stderr, "model %ld: no context: %s\n", number, glia_message(nullptr)), ++totals->wrong;
        return;
    }
    m.dtype = chance(75) ? GLIA_F32 : glia_dtype(below(GLIA_F16 + 1));
    const glia_model_args of{m.dtype};
    glia_status status = glia_model_create(m.ctx, &of, &m.net);
    if (status == GLIA_OK) ++totals->compiled[status = build(&m)];
    if (status == GLIA_OK) ++totals->used[status = use(m)];
    if (status == GLIA_DEVICE_ERROR || status == GLIA_BUSY || (status != GLIA_OK && !*glia_message(m.ctx))) {
        fprintf(stderr, "model %ld: %s: %s\n", number, glia_status_name(status), glia_message(m.ctx));
        ++totals->wrong;
    }
    glia_model_destroy(m.net);
    glia_context_destroy(m.ctx);
    if (memory.held) fprintf(stderr, "model %ld: %zu bytes are left\n", number, memory.held), ++totals->wrong;
}

}  // namespace

int main(int argc, char **argv) {
    const long count = argc > 1 ? atol(argv[1]) : 100, seed = argc > 2 ? atol(argv[2]) : 1;
    std::mutex mutex;
    Totals sum;
    run_blocks(count, seed, argc > 3 ? atol(argv[3]) : 1, [&](long block) {
        Totals totals;
        run(block, &totals);
        const std::lock_guard<std::mutex> lock(mutex);
        add(&sum.compiled, totals.compiled), add(&sum.used, totals.used), sum.wrong += totals.wrong;
    });
    print("models compiled", sum.compiled), print("models trained", sum.used);
    printf("%ld wrong\n", sum.wrong);
    return sum.wrong ? 1 : 0;
}
