// Models of layers with args drawn at random, compiled, trained, evaluated and used, for builds with sanitizers: each
// call is refused with a message, or works. `random_models COUNT SEED`.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "fuzz/random.h"
#include "glia/glia.h"
#include "support/internals.h"

extern "C" {
#include "nn/model_impl.h"
}

namespace {

using namespace glia;

// A size as programs have them, at times a wrong one.
int size() { return chance(99) ? 1 + int(below(4)) : int(random_integer()); }
int number() { return chance(99) ? int(below(2)) : int(random_integer()); }
void sizes(int (&both)[2]) { both[0] = size(), both[1] = size(); }
void numbers(int (&both)[2]) { both[0] = number(), both[1] = number(); }

template <class Enum>
void draw(Enum *value, int count) {
    const int any = int(below(uint64_t(count)));
    memcpy(value, &any, sizeof any);
}

glia_optional optional() { return {chance(8), random_real()}; }

glia_init init() {
    glia_init out{GLIA_INIT_DEFAULT, random_real(), random_real()};
    if (chance(5)) draw(&out.kind, GLIA_INIT_ORTHOGONAL + 1);
    return out;
}

template <class Args>
void weights(Args *args) {
    args->no_bias = chance(30), args->frozen = chance(15);
    args->weight_init = init(), args->bias_init = init();
}

template <class Args>
void recurrent(Args *args) {
    args->units = size(), args->layers = 1 + int(below(2)), args->dropout = chance(20) ? random_real() : 0;
    draw(&args->direction, 3);
    args->sequence = chance(60), args->stateful_batch = chance(90) ? 0 : size();
    args->recurrent_init = init();
    weights(args);
}

// Of each case below, the rank that it takes; *: any.
constexpr char kRanks[] = "*323333322**************22";

glia_value layer(glia_model *net, glia_value x, glia_value other) {
    const glia_tensor *shape = gli_model_shape(net, x);
    size_t kind              = below(sizeof kRanks - 1);
    while (shape && kRanks[kind] != '*' && kRanks[kind] - '0' != shape->ndim - 1 && chance(98))
        kind = below(sizeof kRanks - 1);
    if (chance(70)) other = x;
    switch (kind) {
        case 0: {
            glia_dense_args a{};
            a.units = size(), draw(&a.activation, 8), weights(&a);
            return glia_model_dense(net, x, &a);
        }
        case 1: {
            glia_conv2d_args a{};
            a.filters = size(), sizes(a.kernel), numbers(a.stride), numbers(a.pad), numbers(a.pad_end);
            numbers(a.dilation), a.groups = number(), draw(&a.padding, 3), draw(&a.activation, 8), weights(&a);
            return glia_model_conv2d(net, x, &a);
        }
        case 2: {
            glia_conv1d_args a{};
            a.filters = size(), a.kernel = size(), a.stride = number(), a.pad = number(), a.pad_end = number();
            a.dilation = number(), a.groups = number(), a.steps_first = chance(50), weights(&a);
            return glia_model_conv1d(net, x, &a);
        }
        case 3: {
            glia_conv2d_transpose_args a{};
            a.filters = size(), sizes(a.kernel), numbers(a.stride), numbers(a.pad), numbers(a.dilation);
            a.groups  = number(), numbers(a.output_pad), weights(&a);
            return glia_model_conv2d_transpose(net, x, &a);
        }
        case 4: {
            glia_max_pool2d_args a{};
            sizes(a.kernel), numbers(a.stride), numbers(a.pad), numbers(a.dilation), a.ceil_mode = chance(30);
            return glia_model_max_pool2d(net, x, &a);
        }
        case 5: {
            glia_avg_pool2d_args a{};
            sizes(a.kernel), numbers(a.stride), numbers(a.pad), a.ceil_mode = chance(30);
            a.count_include_pad = chance(50);
            return glia_model_avg_pool2d(net, x, &a);
        }
        case 6: {
            glia_adaptive_pool2d_args a{};
            numbers(a.size);
            return chance(50) ? glia_model_adaptive_max_pool2d(net, x, &a) : glia_model_adaptive_avg_pool2d(net, x, &a);
        }
        case 7:
            return chance(50) ? glia_model_global_max_pool2d(net, x, nullptr)
                              : glia_model_global_avg_pool2d(net, x, nullptr);
        case 8: {
            glia_max_pool1d_args a{};
            a.kernel = size(), a.stride = number(), a.pad = number(), a.steps_first = chance(50);
            return glia_model_max_pool1d(net, x, &a);
        }
        case 9: {
            glia_avg_pool1d_args a{};
            a.kernel = size(), a.stride = number(), a.pad = number(), a.ceil_mode = chance(30);
            return glia_model_avg_pool1d(net, x, &a);
        }
        case 10: {
            glia_batchnorm_args a{};
            a.epsilon = optional(), a.momentum = optional(), a.population = chance(50), a.no_scale = chance(30);
            return glia_model_batchnorm(net, x, &a);
        }
        case 11: {
            glia_layernorm_args a{};
            a.dims = number(), a.no_scale = chance(30), a.epsilon = optional();
            return glia_model_layernorm(net, x, &a);
        }
        case 12: {
            glia_groupnorm_args a{};
            a.groups = number(), a.no_scale = chance(30);
            return glia_model_groupnorm(net, x, &a);
        }
        case 13: return glia_model_instancenorm(net, x, nullptr);
        case 14: {
            glia_activation_args a{};
            draw(&a.kind, 12), a.alpha = optional(), a.beta = optional();
            return glia_model_activation(net, x, &a);
        }
        case 15: return chance(50) ? glia_model_softmax(net, x, nullptr) : glia_model_log_softmax(net, x, nullptr);
        case 16: return glia_model_prelu(net, x, nullptr);
        case 17: {
            const glia_dropout_args a{nullptr, chance(80) ? 0.5 : random_real()};
            return glia_model_dropout(net, x, &a);
        }
        case 18: return glia_model_flatten(net, x, nullptr);
        case 19: {
            glia_reshape_args a{};
            a.shape.ndim = 1 + int(below(3));
            for (int64_t &dim : a.shape.dim) dim = 1;
            a.shape.dim[below(3)] = -1;
            if (chance(20)) a.shape.dim[below(3)] = size();
            return glia_model_reshape(net, x, &a);
        }
        case 20: {
            glia_transpose_args a{};
            numbers(a.axis);
            return glia_model_transpose(net, x, &a);
        }
        case 21: {
            const glia_slice_args a{nullptr, number(), number() - 1, number()};
            return glia_model_slice(net, x, &a);
        }
        case 22: {
            const glia_value both[] = {x, other};
            const glia_concat_args a{nullptr, number()};
            return glia_model_concat(net, both, 2, &a);
        }
        case 23:
            return chance(50) ? glia_model_add(net, x, other, nullptr) : glia_model_multiply(net, x, other, nullptr);
        case 24: {
            glia_lstm_args a{};
            recurrent(&a), a.projection = number(), a.peephole = chance(30),
                           a.cell_clip = chance(20) ? random_real() : 0;
            return glia_model_lstm(net, x, &a);
        }
        default: {
            glia_gru_args a{};
            recurrent(&a), a.reset_before = chance(50);
            return glia_model_gru(net, x, &a);
        }
    }
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
    glia_model *net = nullptr;
    glia_shape input{}, output{};
    bool classes = false;  // the targets are class indices
};

// Builds and compiles.
glia_status build(Model *m) {
    m->input.ndim = 1 + int(below(3));
    for (int i = 0; i < m->input.ndim; ++i) m->input.dim[i] = 1 + int64_t(below(7));
    glia_value x = glia_model_input(m->net, "x", m->input), other = x;
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
    std::vector<double> out(size_t(count * count_of(layer.shape))); /* enough for every dtype */
    const size_t bytes = out.size() * glia_dtype_size(layer.dtype);
    glia_gradient_args args{};
    args.with_respect_to = layer.name, args.of = chance(2) ? GLIA_OF_LOSS : GLIA_OF_OUTPUT, args.batch_size = batch;
    glia_status status = glia_model_layer_output(m.net, layer.name, data, batch, out.data(), bytes);
    if (status == GLIA_OK) status = glia_model_gradient(m.net, data, &args, out.data(), bytes);
    if (status != GLIA_OK || weights == 0) return status;
    const int index      = int(below(uint64_t(weights)));
    args.with_respect_to = glia_model_weight_name(m.net, index);
    out.resize(size_t(count_of(glia_model_weight_shape(m.net, index))));
    return glia_model_gradient(m.net, data, &args, out.data(), out.size() * sizeof(float));
}

// Looks inside, trains, evaluates and predicts.
glia_status use(const Model &m) {
    const int64_t count = 1 + int64_t(below(9));
    glia_shape target   = m.output;
    if (m.classes) {
        --target.ndim;
        std::copy(m.output.dim + 1, m.output.dim + m.output.ndim, target.dim);
    }
    if (count_of(m.output) > 1 << 16) return GLIA_OK;
    const std::vector<float> x = reals(count * count_of(m.input)), y = reals(count * count_of(target));
    std::vector<int64_t> labels(y.size());
    for (int64_t &label : labels) label = int64_t(below(uint64_t(m.classes ? m.output.dim[0] : 1))) - chance(1);
    const glia_array input{.dtype = GLIA_F32, .shape = m.input, .data = x.data()};
    const glia_array output{.dtype = m.classes ? GLIA_I64 : GLIA_F32,
                            .shape = target,
                            .data  = m.classes ? static_cast<const void *>(labels.data()) : y.data()};
    glia_arrays_args arrays{};
    arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &output, arrays.n_targets = 1, arrays.count = count;
    glia_dataset *data = nullptr;
    glia_result result;
    glia_fit_args fit{};
    fit.epochs = 1 + int(below(2)), fit.batch_size = 1 + int(below(4));
    std::vector<float> predicted(size_t(count * count_of(m.output)));
    glia_status status       = glia_dataset_from_arrays(m.ctx, &arrays, &data);
    const glia_status looked = status == GLIA_OK ? look(m, data) : status;
    if (status == GLIA_OK) status = glia_model_fit(m.net, data, &fit);
    if (status == GLIA_OK) status = glia_model_evaluate(m.net, data, int(below(4)), &result);
    if (status == GLIA_OK)
        status = glia_model_predict(m.net, data, int(below(4)), predicted.data(), predicted.size() * sizeof(float));
    glia_dataset_destroy(data);
    return status == GLIA_OK ? looked : status;
}

}  // namespace

int main(int argc, char **argv) {
    const long count = argc > 1 ? atol(argv[1]) : 100, seed = argc > 2 ? atol(argv[2]) : 1;
    std::map<glia_status, long> compiled, used;
    long wrong = 0;
    for (long i = 0; i < count; ++i) {
        engine.seed(uint64_t(seed) << 32 | uint64_t(i));
        Memory memory;
        Model m{};
        glia_context_args args{};
        args.threads   = 1 + int(below(3));
        args.allocator = {Memory::alloc, Memory::release, &memory};
        if (glia_context_create("cpu", &args, &m.ctx) != GLIA_OK) return 1;
        glia_status status = glia_model_create(m.ctx, nullptr, &m.net);
        if (status == GLIA_OK) ++compiled[status = build(&m)];
        if (status == GLIA_OK) ++used[status = use(m)];
        if (status == GLIA_DEVICE_ERROR || status == GLIA_BUSY || (status != GLIA_OK && !*glia_message(m.ctx))) {
            fprintf(stderr, "model %ld of seed %ld: %s: %s\n", i, seed, glia_status_name(status), glia_message(m.ctx));
            ++wrong;
        }
        glia_model_destroy(m.net);
        glia_context_destroy(m.ctx);
        if (memory.held) fprintf(stderr, "model %ld of seed %ld: %zu bytes are left\n", i, seed, memory.held), ++wrong;
    }
    print("models compiled", compiled), print("models trained", used);
    printf("%ld wrong\n", wrong);
    return wrong ? 1 : 0;
}
