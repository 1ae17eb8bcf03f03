// Running out of memory, everywhere: each scenario with its Nth allocation failing, N = 0, 1, 2, ..., once and for
// good.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/gzip.h"

#include "support/counting.h"
#include "support/internals.h"
#include "support/keep.h"
#include "support/sanitized.h"
#include "support/suite.h"
#include "support/with.h"

namespace {

using namespace glia;

// attempt may be called again after it failed; what it makes it hands to Keep, or to a scope of its own.
struct Scenario {
    std::string name;
    std::function<glia_status(glia_context *, Keep &keep)> prepare;  // without failures; may be empty
    std::function<glia_status(glia_context *, Keep &keep)> attempt;
    const char *provider = "";
    bool recovers        = false;  // it may find memory that it holds needlessly
};

glia_tensor *make(glia_context *ctx, Keep &keep, glia_shape shape, glia_dtype dtype = GLIA_F32) {
    glia_tensor *tensor = nullptr;
    glia_tensor_create(ctx, dtype, shape, &tensor);
    return keep(tensor, glia_tensor_destroy);
}

// An op call on the tensors of its first case; the tensors are made beforehand, the call may fail.
Scenario op_call(const gli_op &op, const gli_provider &provider) {
    struct State {
        const Case *c = nullptr;
        std::vector<const glia_tensor *> in;
        std::vector<glia_tensor *> out;
    };
    auto state = std::make_shared<State>();
    for (const Case &c : all_cases())
        if (c.op == &op && !c.bench && !state->c) state->c = &c;
    Scenario s;
    s.name     = std::string("call_") + op.name + "__" + (provider.name + 4);
    s.provider = provider.name;

    const glia_dtype floats = provider.accepts.flags & GLI_SOME_HALF ? GLIA_BF16 : GLIA_F32;
    s.prepare               = [state, floats](glia_context *ctx, Keep &keep) {
        const Case &c = *state->c;
        state->in.clear(), state->out.clear();
        for (size_t i = 0; i < c.inputs.size(); ++i) {
            glia_shape shape{int(c.inputs[i].dims.size()), {}};
            std::copy(c.inputs[i].dims.begin(), c.inputs[i].dims.end(), shape.dim);
            glia_tensor *t = nullptr;
            if (c.inputs[i].content != Content::absent) {
                t = make(ctx, keep, shape, dtype_of(c, i, floats));
                gli_tensor_from_double(t, values_of(c, i, Regime::reals, floats).data());
            }
            state->in.push_back(t);
        }
        alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
        gli_resolution r;
        GLIA_TRY(gli_resolve(ctx, c.op, c.params.data(), int(state->in.size()), state->in.data(), geom, &r));
        for (int i = 0; i < c.op->n_outputs; ++i) {
            glia_shape shape{r.out[i].ndim, {}};
            std::copy(r.out[i].dim, r.out[i].dim + r.out[i].ndim, shape.dim);
            state->out.push_back(make(ctx, keep, shape, r.out[i].dtype));
        }
        fill_made(ctx, "", *c.op, c.params.data(), state->in);
        return GLIA_OK;
    };
    s.attempt = [state](glia_context *ctx, Keep &) {
        return gli_call_op(ctx, state->c->op, state->c->params.data(), int(state->in.size()), state->in.data(),
                           int(state->out.size()), state->out.data());
    };
    return s;
}

// Two dense layers and their gradient, planned and run.
glia_status graph_of(glia_context *ctx, Keep &keep, bool run) {
    glia_graph *graph = nullptr;
    GLIA_TRY(glia_graph_create(ctx, &graph));
    keep(graph, glia_graph_destroy);
    const glia_value x = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(4, 3)),
                     w = glia_graph_input(graph, "w", GLIA_F32, GLIA_SHAPE(5, 3));
    const glia_dense_params dense{GLIA_RELU};
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    const glia_value xw[] = {x, w};
    const glia_value y    = glia_graph_call(graph, "dense", &dense, xw, 2, nullptr, 0);
    const glia_value p    = glia_graph_call(graph, "softmax", nullptr, &y, 1, nullptr, 0);
    const glia_value loss = glia_graph_call(graph, "reduce", &sum, &p, 1, nullptr, 0);
    GLIA_TRY(glia_graph_status(graph));
    glia_value gradient[2];
    GLIA_TRY(glia_graph_gradient(graph, loss, xw, 2, gradient));
    GLIA_TRY(glia_graph_status(graph));
    if (!run) return GLIA_OK;
    glia_plan *plan            = nullptr;
    const glia_value outputs[] = {loss, gradient[1]};
    GLIA_TRY(glia_plan_create(graph, outputs, 2, &plan));
    keep(plan, glia_plan_destroy);
    const glia_tensor *in[] = {make(ctx, keep, GLIA_SHAPE(4, 3)), make(ctx, keep, GLIA_SHAPE(5, 3))};
    glia_tensor *out[]      = {make(ctx, keep, GLIA_SCALAR), make(ctx, keep, GLIA_SHAPE(5, 3))};
    if (!in[0] || !in[1] || !out[0] || !out[1]) return GLIA_OUT_OF_MEMORY;
    return glia_plan_run(plan, in, 2, out, 2);
}

const float kPoints[24]   = {1, 2, 3, 4, 5, 6, 7, 8};
const int64_t kClasses[6] = {0, 1, 2, 0, 1, 2};

glia_status dataset_of(glia_context *ctx, Keep &keep, bool copy, glia_dataset **out) {
    const glia_array input{"x", GLIA_F32, GLIA_SHAPE(1, 2, 2), kPoints, 0, 0},
        target{"t", GLIA_I64, GLIA_SCALAR, kClasses, 0, 0};
    glia_arrays_args args{};
    args.inputs = &input, args.n_inputs = 1, args.targets = &target, args.n_targets = 1, args.count = 6,
    args.copy                = copy;
    *out                     = nullptr;
    const glia_status status = glia_dataset_from_arrays(ctx, &args, out);
    keep(*out, glia_dataset_destroy);
    return status;
}

// A small convolutional network with batch normalisation and dropout.
glia_status build_model(glia_context *ctx, Keep &keep, glia_model **out, glia_value *logits) {
    GLIA_TRY(glia_model_create(ctx, nullptr, out));
    glia_model *m = keep(*out, glia_model_destroy);
    glia_conv2d_args conv{};
    conv.filters = 2, conv.kernel[0] = conv.kernel[1] = 2, conv.activation = GLIA_RELU;
    glia_dense_args dense{};
    dense.units  = 3;
    glia_value x = glia_model_input(m, "x", GLIA_SHAPE(1, 2, 2));
    x            = glia_model_conv2d(m, x, &conv);
    x            = glia_model_batchnorm(m, x, nullptr);
    x            = glia_model_dropout(m, glia_model_flatten(m, x, nullptr), with(glia_dropout_args{.p = 0.25}));
    *logits      = glia_model_dense(m, x, &dense);
    return glia_model_status(m);
}

glia_status compile_model(glia_model *m, glia_value logits) {
    glia_compile_args args{};
    args.loss = glia_loss_cross_entropy(), args.optimizer = glia_optimizer_adam(1e-3);
    args.metrics[0] = GLIA_METRIC_ACCURACY, args.metrics[1] = GLIA_METRIC_F1, args.metrics[2] = GLIA_METRIC_AUC;
    return glia_model_compile(m, logits, &args);
}

// What the model scenarios prepare, and use in the attempt.
struct Training {
    glia_context *ctx  = nullptr;
    glia_model *model  = nullptr;
    glia_value logits  = {0};
    glia_dataset *data = nullptr;
};

Scenario training(const char *name, bool compiled, bool fitted, std::function<glia_status(Training &)> attempt) {
    auto state = std::make_shared<Training>();
    Scenario s;
    s.name     = name;
    s.recovers = true;
    s.prepare  = [=](glia_context *ctx, Keep &keep) {
        GLIA_TRY(build_model(ctx, keep, &state->model, &state->logits));
        GLIA_TRY(dataset_of(ctx, keep, false, &state->data));
        if (compiled) GLIA_TRY(compile_model(state->model, state->logits));
        glia_fit_args args{};
        args.batch_size = 4;
        return fitted ? glia_model_fit(state->model, state->data, &args) : GLIA_OK;
    };
    s.attempt = [=](glia_context *ctx, Keep &) { return state->ctx = ctx, attempt(*state); };
    return s;
}

const Folder &data_folder() {
    static const Folder folder;
    static const bool written = [] {
        folder.write("images", idx_file(8, {6, 2, 2}, Bytes(24, 7)));
        folder.write("labels", idx_file(8, {6}, Bytes(6, 1)));
        folder.write("cifar.gz", gzipped(cifar_file({{1}, {2}})));
        folder.write("images.gz", gzipped(idx_file(8, {6, 2, 2}, Bytes(24, 7))));
        return true;
    }();
    (void)written;
    return folder;
}

Scenario files(const char *name, const std::function<glia_status(glia_context *, glia_dataset **)> &open) {
    return {name, nullptr, [open](glia_context *ctx, Keep &keep) {
                glia_dataset *data       = nullptr;
                const glia_status status = open(ctx, &data);
                keep(data, glia_dataset_destroy);
                return status;
            }};
}

glia_status open_idx(glia_context *ctx, const char *images, glia_dataset **out) {
    return glia_dataset_from_idx(ctx, (data_folder() / images).c_str(), (data_folder() / "labels").c_str(), nullptr,
                                 out);
}

glia_status open_cifar(glia_context *ctx, glia_dataset **out) {
    const std::string path = data_folder() / "cifar.gz";
    const char *paths      = path.c_str();
    return glia_dataset_from_cifar(ctx, &paths, 1, nullptr, out);
}

std::vector<Scenario> scenarios() {
    std::vector<Scenario> all = {
        {"tensor_create", nullptr,
         [](glia_context *ctx, Keep &keep) { return make(ctx, keep, GLIA_SHAPE(100)) ? GLIA_OK : GLIA_OUT_OF_MEMORY; }},
        {"tensor_wrap", nullptr,
         [](glia_context *ctx, Keep &keep) {
             static float memory[4];
             glia_tensor *t           = nullptr;
             const glia_status status = glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(4), nullptr, memory, &t);
             keep(t, glia_tensor_destroy);
             return status;
         }},
        {"tensor_copies_with_gaps", nullptr,
         [](glia_context *ctx, Keep &keep) {
             static float memory[16], host[4];
             const int64_t stride[] = {4, 2};
             glia_tensor *t         = nullptr;
             GLIA_TRY(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 2), stride, memory, &t));
             keep(t, glia_tensor_destroy);
             GLIA_TRY(glia_tensor_write(t, host, sizeof host));
             GLIA_TRY(glia_tensor_fill(t, 2));
             return glia_tensor_read(t, host, sizeof host);
         }},
        {"graph_gradient", nullptr, [](glia_context *ctx, Keep &keep) { return graph_of(ctx, keep, false); }},
        {"graph_plan_run", nullptr, [](glia_context *ctx, Keep &keep) { return graph_of(ctx, keep, true); }},
        {"graph_plan_run_reference", nullptr, [](glia_context *ctx, Keep &keep) { return graph_of(ctx, keep, true); },
         "cpu.ref"},
        {"dataset_of_arrays", nullptr,
         [](glia_context *ctx, Keep &keep) {
             glia_dataset *data;
             return dataset_of(ctx, keep, false, &data);
         }},
        {"dataset_of_copied_arrays", nullptr,
         [](glia_context *ctx, Keep &keep) {
             glia_dataset *data;
             return dataset_of(ctx, keep, true, &data);
         }},
        {"dataset_of_a_source", nullptr,
         [](glia_context *ctx, Keep &keep) {
             const glia_field field{"x", GLIA_F32, GLIA_SHAPE(2)};
             glia_source args{};
             args.inputs = &field, args.n_inputs = 1, args.count = 3;
             args.read = [](void *, const glia_sample *sample) { return memset(sample->inputs[0], 0, 8), GLIA_OK; };
             glia_dataset *data = nullptr;
             GLIA_TRY(glia_dataset_from_source(ctx, &args, &data));
             keep(data, glia_dataset_destroy);
             const int64_t index[] = {2, 1};
             glia_tensor *x        = make(ctx, keep, GLIA_SHAPE(2, 2));
             return x ? glia_dataset_get(data, index, 2, &x, nullptr) : GLIA_OUT_OF_MEMORY;
         }},
        {"dataset_split_and_get", nullptr,
         [](glia_context *ctx, Keep &keep) {
             glia_dataset *data, *first = nullptr, *second = nullptr;
             glia_split_args args{};
             args.count = 2;
             GLIA_TRY(dataset_of(ctx, keep, false, &data));
             const glia_status split = glia_dataset_split(data, &args, &first, &second);
             keep(first, glia_dataset_destroy), keep(second, glia_dataset_destroy);
             GLIA_TRY(split);
             const int64_t index[] = {0, 3};
             glia_tensor *x        = make(ctx, keep, GLIA_SHAPE(2, 1, 2, 2)),
                         *t        = x ? make(ctx, keep, GLIA_SHAPE(2), GLIA_I64) : nullptr;
             return t ? glia_dataset_get(second, index, 2, &x, &t) : GLIA_OUT_OF_MEMORY;
         }},
        files("dataset_of_idx", [](auto ctx, auto out) { return open_idx(ctx, "images", out); }),
        files("dataset_of_gzipped_idx", [](auto ctx, auto out) { return open_idx(ctx, "images.gz", out); }),
        files("dataset_of_gzipped_cifar", open_cifar),
        {"tokens_and_a_vocabulary", nullptr,
         [](glia_context *ctx, Keep &keep) {
             const glia_text text{"The quick brown fox", 19};
             glia_tokens *tokens         = nullptr;
             glia_vocabulary *vocabulary = nullptr;
             const glia_status split     = glia_tokenize(ctx, nullptr, text, &tokens);
             keep(tokens, glia_tokens_destroy);
             GLIA_TRY(split);
             const glia_status built = glia_vocabulary_build(ctx, nullptr, &text, 1, &vocabulary);
             keep(vocabulary, glia_vocabulary_destroy);
             GLIA_TRY(built);
             int64_t indices[4], count;
             return glia_vocabulary_encode(vocabulary, text, GLIA_I64, indices, 4, &count);
         }},
        {"vocabulary_file", nullptr,
         [](glia_context *ctx, Keep &keep) {
             const glia_text tokens[]    = {{"a", 1}, {"b", 1}};
             const std::string path      = data_folder() / "vocabulary";
             glia_vocabulary *vocabulary = nullptr, *again = nullptr;
             const glia_status made = glia_vocabulary_from_tokens(ctx, nullptr, tokens, 2, &vocabulary);
             keep(vocabulary, glia_vocabulary_destroy);
             GLIA_TRY(made);
             GLIA_TRY(glia_vocabulary_write(vocabulary, path.c_str()));
             const glia_status read = glia_vocabulary_read(ctx, path.c_str(), 0, &again);
             keep(again, glia_vocabulary_destroy);
             return read;
         }},
        {"windows_of_a_series_and_of_tokens", nullptr,
         [](glia_context *ctx, Keep &keep) {
             const glia_series series{GLIA_F32, kPoints, 12, 2, false};
             glia_windows_args windows{};
             glia_token_windows_args lines{};
             glia_dataset *data = nullptr, *tokens = nullptr;
             glia_scaler scalers[2];
             GLIA_TRY(glia_scaler_fit(ctx, &series, nullptr, scalers));
             windows.window = 3, windows.copy = true, lines.length = 2, lines.copy = true;
             const glia_status made = glia_dataset_from_series(ctx, &series, &windows, &data);
             keep(data, glia_dataset_destroy);
             GLIA_TRY(made);
             const glia_status listed = glia_dataset_from_tokens(ctx, GLIA_I64, kClasses, 6, &lines, &tokens);
             keep(tokens, glia_dataset_destroy);
             return listed;
         }},
        {"model_build", nullptr,
         [](glia_context *ctx, Keep &keep) {
             glia_model *m = nullptr;
             glia_value logits;
             return build_model(ctx, keep, &m, &logits);
         }},
        training("model_compile", false, false, [](Training &t) { return compile_model(t.model, t.logits); }),
        training("model_fit", true, false,
                 [](Training &t) {
                     glia_fit_args args{};
                     args.epochs = 2, args.batch_size = 4, args.validation = t.data;
                     return glia_model_fit(t.model, t.data, &args);
                 }),
        training("model_fit_augmented", true, false,
                 [](Training &t) {
                     glia_fit_args args{.epochs = 1, .batch_size = 4};
                     args.augment.transforms[0] = glia_augment_flip(0.5);
                     args.augment.transforms[1] = glia_augment_mixup(1);
                     args.augment.classes       = 3;
                     return glia_model_fit(t.model, t.data, &args);
                 }),
        training("model_fit_with_control", false, false,
                 [](Training &t) {
                     glia_compile_args compile{};
                     compile.loss = glia_loss_cross_entropy(), compile.average_decay = 0.9, compile.clip_norm = 1;
                     GLIA_TRY(glia_model_set_rate_scale(t.model, "dense", 0.5));
                     GLIA_TRY(glia_model_compile(t.model, t.logits, &compile));
                     const std::string path = data_folder() / "gradients.jsonl";
                     const glia_watch_gradients_args watch{.path = path.c_str()};
                     glia_fit_args args{.epochs = 2, .batch_size = 2};
                     args.accumulate = 2, args.validation_share = 0.34, args.validate_average = true;
                     GLIA_TRY(glia_watch_gradients(t.ctx, &watch, &args.callbacks[0]));
                     const glia_status status = glia_model_fit(t.model, t.data, &args);
                     glia_callback_destroy(&args.callbacks[0]);
                     return status;
                 }),
        training("model_evaluate", true, true,
                 [](Training &t) {
                     glia_result result;
                     return glia_model_evaluate(t.model, t.data, 4, &result);
                 }),
        training("trainer", true, false,
                 [](Training &t) {
                     glia_trainer *trainer = nullptr;
                     GLIA_TRY(glia_trainer_create(t.model, t.data, nullptr, &trainer));
                     const glia_status status = glia_trainer_epoch(trainer);
                     glia_trainer_destroy(trainer);
                     return status;
                 }),
        training("checkpoint", true, true,
                 [](Training &t) {
                     const std::string path = data_folder() / "checkpoint";
                     GLIA_TRY(glia_model_save_checkpoint(t.model, path.c_str()));
                     return glia_model_load_checkpoint(t.model, path.c_str());
                 }),
        training("model_save_and_load", true, true,
                 [](Training &t) {
                     const std::string path = data_folder() / "model";
                     GLIA_TRY(glia_model_save(t.model, path.c_str()));
                     glia_model *loaded       = nullptr;
                     const glia_status status = glia_model_load(t.ctx, path.c_str(), nullptr, &loaded);
                     glia_model_destroy(loaded);
                     return status;
                 }),
        training("early_stopping", true, false,
                 [](Training &t) {
                     glia_fit_args args{.epochs = 2};
                     const glia_early_stopping_args stopping{.restore_best = true};
                     GLIA_TRY(glia_early_stopping(t.ctx, &stopping, &args.callbacks[0]));
                     const glia_status status = glia_model_fit(t.model, t.data, &args);
                     glia_callback_destroy(&args.callbacks[0]);
                     return status;
                 }),
        training("model_predict_array", true, true,
                 [](Training &t) {
                     const float input[4] = {1, 2, 3, 4};
                     float out[3];
                     return glia_model_predict_array(t.model, input, sizeof input, 1, out, sizeof out);
                 }),
        training("model_predict_classes", true, true,
                 [](Training &t) {
                     int64_t out[6];
                     return glia_model_predict_classes(t.model, t.data, 4, out, sizeof out);
                 }),
        training("model_predict", true, true,
                 [](Training &t) {
                     float out[18];
                     return glia_model_predict(t.model, t.data, 4, out, sizeof out);
                 }),
        training("model_layer_output", true, true,
                 [](Training &t) {
                     float out[18];
                     const char *name = glia_model_layer(t.model, glia_model_layer_count(t.model) - 1).name;
                     return glia_model_layer_output(t.model, name, t.data, 4, out, sizeof out);
                 }),
        training("model_gradient", true, true,
                 [](Training &t) {
                     float x[24], bias[3];
                     glia_gradient_args args{.with_respect_to = "x", .of = GLIA_OF_OUTPUT, .batch_size = 4};
                     GLIA_TRY(glia_model_gradient(t.model, t.data, &args, x, sizeof x));
                     args.element = GLIA_SET(1);
                     GLIA_TRY(glia_model_gradient(t.model, t.data, &args, x, sizeof x));
                     args = {.with_respect_to = "dense.bias", .batch_size = 4};
                     return glia_model_gradient(t.model, t.data, &args, bias, sizeof bias);
                 }),
        training("model_saliency", true, true,
                 [](Training &t) {
                     float out[24];
                     return glia_model_saliency(t.model, t.data, nullptr, out, sizeof out);
                 }),
        training("model_occlusion", true, true,
                 [](Training &t) {
                     float out[24];
                     const glia_occlusion_args args{.patch = {1, 1}, .batch_size = 3};
                     return glia_model_occlusion(t.model, t.data, &args, out, sizeof out);
                 }),
        training("model_confusion_matrix", true, true,
                 [](Training &t) {
                     int64_t counts[9];
                     return glia_model_confusion_matrix(t.model, t.data, 4, counts, sizeof counts);
                 }),
        {"safetensors", nullptr,
         [](glia_context *ctx, Keep &keep) {
             const std::string path = data_folder() / "safetensors";
             const float x[]        = {1, 2};
             const glia_safetensors_entry entry{"x", GLIA_F32, GLIA_SHAPE(2), x, sizeof x};
             const glia_safetensors_note note{"a", "b"};
             GLIA_TRY(glia_safetensors_write(ctx, path.c_str(), &entry, 1, &note, 1));
             glia_safetensors *file   = nullptr;
             const glia_status status = glia_safetensors_open(ctx, path.c_str(), &file);
             keep(file, glia_safetensors_close);
             return status;
         }},
        training("model_save_and_load_weights", true, false,
                 [](Training &t) {
                     const std::string path = data_folder() / "weights";
                     GLIA_TRY(glia_model_save_weights(t.model, path.c_str()));
                     return glia_model_load_weights(t.model, path.c_str(), nullptr, nullptr);
                 }),
        training("model_set_and_get", true, false,
                 [](Training &t) {
                     float weights[8] = {};
                     const int last   = glia_model_weight_count(t.model) - 1;
                     size_t bytes     = 4;
                     for (int i = 0; i < glia_model_weight_shape(t.model, last).ndim; ++i)
                         bytes *= size_t(glia_model_weight_shape(t.model, last).dim[i]);
                     GLIA_TRY(glia_model_set(t.model, glia_model_weight_name(t.model, last), weights, bytes));
                     return glia_model_get(t.model, glia_model_weight_name(t.model, last), weights, bytes);
                 }),
    };
    // One op with every provider that it has: cpu.ref has workspaces, cpu.onednn a cache, cpu.native mostly nothing.
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (const gli_provider *const *it = gli_cpu_device.providers(*op); *it; ++it)
            all.push_back(op_call(**op, **it));
    return all;
}

using Context = std::unique_ptr<glia_context, decltype(&glia_context_destroy)>;

Context create(CountingAllocator &memory, const char *provider) {
    glia_context_args args{};
    args.allocator    = memory.api();
    args.threads      = 1;
    glia_context *ctx = nullptr;
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
    snprintf(ctx->provider, sizeof ctx->provider, "%s", provider);
    return {ctx, glia_context_destroy};
}

bool tells_bytes(const std::string &message) {
    const size_t at = message.find("out of memory: ");
    return at != std::string::npos && isdigit(message[at + 15]) && message.find(" bytes for ", at) != std::string::npos;
}

int sites = 0, tried = 0;

constexpr long kStride = kSanitized ? 5 : 1;

class OutOfMemory : public testing::TestWithParam<Scenario> {
   public:
    static void TearDownTestSuite() {
        printf("allocations that failed: %d, of %d scenarios, once and for good\n", sites, tried);
    }
};

TEST_P(OutOfMemory, is_an_error_that_leaks_nothing_and_passes) {
    const Scenario &s = GetParam();
    int failures      = 0;
    for (auto fails : {CountingAllocator::Fails::once, CountingAllocator::Fails::for_good}) {
        for (long n = fails == CountingAllocator::Fails::once ? 0 : kStride / 2; n < 3000; n += kStride) {
            SCOPED_TRACE("allocation " + std::to_string(n) +
                         (fails == CountingAllocator::Fails::once ? ", once" : ", for good"));
            CountingAllocator memory;
            glia_status status;
            bool declined = false;
            {
                Context ctx = create(memory, s.provider);
                Keep keep;
                const glia_status prepared = s.prepare ? s.prepare(ctx.get(), keep) : GLIA_OK;
                ASSERT_EQ(prepared, GLIA_OK) << glia_message(ctx.get());
                ctx->message[0] = '\0';
                memory.fail(fails, n);
                {
                    Keep made;
                    status       = s.attempt(ctx.get(), made);
                    memory.fails = CountingAllocator::Fails::never;
                }
                declined = status == GLIA_UNSUPPORTED && *s.provider;
                if (memory.refused && status != GLIA_OK) {
                    ++failures;
                    EXPECT_EQ(status, GLIA_OUT_OF_MEMORY) << glia_message(ctx.get());
                    EXPECT_TRUE(tells_bytes(glia_message(ctx.get()))) << glia_message(ctx.get());
                } else if (!declined) {
                    EXPECT_TRUE(memory.refused == 0 || s.recovers) << "an allocation failed, and the call did not";
                    EXPECT_EQ(status, GLIA_OK) << glia_message(ctx.get());
                }
                if (!declined) {  // now there is memory, and the same call works
                    Keep made;
                    EXPECT_EQ(s.attempt(ctx.get(), made), GLIA_OK) << glia_message(ctx.get());
                }
            }
            EXPECT_EQ(memory.held, 0u);
            if (HasFailure()) return;
            if (!memory.refused) break;
        }
    }
    sites += failures, ++tried;
}

INSTANTIATE_TEST_SUITE_P(scenarios, OutOfMemory, testing::ValuesIn(scenarios()),
                         [](const auto &info) { return info.param.name; });

TEST(OutOfMemoryAtFirst, a_context_that_cannot_be_made) {
    CountingAllocator memory;
    glia_context_args args{};
    glia_context *ctx = nullptr;
    args.allocator    = memory.api();
    memory.fail(CountingAllocator::Fails::for_good, 0);
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OUT_OF_MEMORY);
    EXPECT_TRUE(tells_bytes(glia_message(nullptr))) << glia_message(nullptr);
    EXPECT_EQ(ctx, nullptr);
    memory.fails = CountingAllocator::Fails::never;
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    glia_context_destroy(ctx);
    EXPECT_EQ(memory.held, 0u);
}

}  // namespace
