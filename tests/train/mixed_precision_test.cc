// Models of bf16 and f16: f32 weights, activations in halves, and for f16 a loss scale on the device.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "support/files.h"
#include "support/small_training.h"
#include "support/internals.h"

namespace {

using namespace glia;

class MixedPrecision : public testing::TestWithParam<std::tuple<const char *, glia_dtype>> {
   protected:
    const char *device() const { return std::get<0>(GetParam()); }
    glia_dtype dtype() const { return std::get<1>(GetParam()); }

    // SmallTraining with a model of this dtype.
    std::unique_ptr<SmallTraining> make(glia_dtype dtype, float largest = 0) const {
        auto t = std::make_unique<SmallTraining>(device());
        if (t->created != GLIA_OK) return nullptr;
        glia_model_destroy(t->net);
        EXPECT_EQ(glia_model_create(t->ctx, with(glia_model_args{.dtype = dtype}), &t->net), GLIA_OK) << t->message();
        t->build();
        if (largest != 0) t->x[4] = largest;
        t->make_data();
        return t;
    }
};

std::string name_of(const testing::TestParamInfo<MixedPrecision::ParamType> &info) {
    const std::string device = std::get<0>(info.param);
    return device.substr(0, device.find(':')) + "_" + glia_dtype_name(std::get<1>(info.param));
}

TEST_P(MixedPrecision, follows_f32_within_its_rounding) {
    const auto half = make(dtype()), full = make(GLIA_F32);
    if (!half) GTEST_SKIP() << glia_message(nullptr);
    glia_result result[2];
    for (SmallTraining *t : {half.get(), full.get()}) {
        ASSERT_EQ(t->compile({.optimizer = glia_optimizer_adam(0.01)}), GLIA_OK) << t->message();
        ASSERT_EQ(t->fit({.epochs = 8, .batch_size = 5}), GLIA_OK) << t->message();
        ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &result[t == full.get()]), GLIA_OK) << t->message();
    }
    EXPECT_NE(result[0].loss, result[1].loss) << "the activations are f32";
    EXPECT_NEAR(result[0].loss, result[1].loss, 16 * gli_dtype_epsilon(dtype()) * result[1].loss);
}

// Not what the half holds: a step of 1e-4 changes a weight near 1 by less than bf16 can tell.
TEST_P(MixedPrecision, weights_optimizer_states_and_predictions_are_f32) {
    const auto t = make(dtype());
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({.optimizer = glia_optimizer_sgd(1e-4)}), GLIA_OK) << t->message();
    const auto before = t->get("logits.weight");
    ASSERT_EQ(t->fit({.epochs = 1, .batch_size = 5}), GLIA_OK) << t->message();
    const auto after = t->get("logits.weight");
    int changed      = 0;
    for (size_t i = 0; i < before.size(); ++i) {
        EXPECT_LT(std::abs(after[i] - before[i]), 1e-3);
        changed += after[i] != before[i] && i % 5 != 3;
    }
    EXPECT_GT(changed, int(before.size()) / 2);
    glia_state_info info{};
    ASSERT_EQ(glia_model_state_info(t->net, "hidden.weight", &info), GLIA_OK);
    EXPECT_EQ(info.dtype, GLIA_F32);
    std::vector<float> out(3 * size_t(t->samples));
    ASSERT_EQ(glia_model_predict(t->net, t->data, 0, out.data(), out.size() * sizeof(float)), GLIA_OK) << t->message();
    std::vector<int64_t> classes(size_t(t->samples));
    ASSERT_EQ(glia_model_predict_classes(t->net, t->data, 0, classes.data(), classes.size() * sizeof(int64_t)), GLIA_OK)
        << t->message();
    for (size_t i = 0; i < classes.size(); ++i) {
        const auto *row = &out[3 * i];
        EXPECT_EQ(classes[i], std::max_element(row, row + 3) - row);
    }
    std::vector<float> from_array(3);
    ASSERT_EQ(glia_model_predict_array(t->net, t->x.data(), 3 * sizeof(float), 1, from_array.data(), 3 * sizeof(float)),
              GLIA_OK)
        << t->message();
    EXPECT_EQ(from_array, std::vector<float>(out.begin(), out.begin() + 3));
}

TEST_P(MixedPrecision, layers_read_weights_that_are_set_after_the_compile) {
    const auto t = make(dtype());
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    const auto loss = [&] {
        glia_result result{};
        EXPECT_EQ(glia_model_evaluate(t->net, t->data, 0, &result), GLIA_OK) << t->message();
        return result.loss;
    };
    const double first = loss();
    t->set("logits.weight", 12, 2);
    EXPECT_NE(loss(), first);
    t->set("logits.weight", 12, 0.5);
    EXPECT_EQ(loss(), first);
}

// Writing the weights that it has makes the model convert them anew, which may not change a result.
TEST_P(MixedPrecision, layers_read_weights_that_early_stopping_brings_back) {
    const auto t = make(dtype());
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({.optimizer = glia_optimizer_adam(0.05)}), GLIA_OK) << t->message();
    glia_fit_args fit{.epochs = 3, .batch_size = 5};
    const glia_early_stopping_args first_is_best{.min_delta = 1e30, .patience = 2, .restore_best = true};
    ASSERT_EQ(glia_early_stopping(t->ctx, &first_is_best, &fit.callbacks[0]), GLIA_OK) << t->message();
    const glia_status status = t->fit(fit);
    glia_callback_destroy(&fit.callbacks[0]);
    ASSERT_EQ(status, GLIA_OK) << t->message();
    glia_result found{}, anew{};
    ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &found), GLIA_OK) << t->message();
    const auto weights = t->get("hidden.weight");
    ASSERT_EQ(glia_model_set(t->net, "hidden.weight", weights.data(), weights.size() * sizeof(float)), GLIA_OK);
    ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &anew), GLIA_OK) << t->message();
    EXPECT_EQ(found.loss, anew.loss);
}

// The same steps whether training went on or was set to the states of another program.
TEST_P(MixedPrecision, goes_on_from_its_states_with_the_same_bits) {
    const auto one = make(dtype()), other = make(dtype());
    if (!one) GTEST_SKIP() << glia_message(nullptr);
    for (SmallTraining *t : {one.get(), other.get()})
        ASSERT_EQ(t->compile({.optimizer = glia_optimizer_adam(0.01)}), GLIA_OK) << t->message();
    ASSERT_EQ(one->fit({.epochs = 1, .batch_size = 5}), GLIA_OK) << one->message();
    const States states = one->states();
    EXPECT_EQ(states.count("glia/loss_scale"), dtype() == GLIA_F16);
    other->set_states(states);
    for (SmallTraining *t : {one.get(), other.get()})
        ASSERT_EQ(t->fit({.epochs = 1, .batch_size = 5}), GLIA_OK) << t->message();
    EXPECT_EQ(one->states(), other->states());
}

TEST_P(MixedPrecision, a_file_has_f32_weights_and_makes_the_same_model) {
    const auto t = make(dtype());
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    const Folder folder;
    const std::string path = folder / "net.safetensors";
    ASSERT_EQ(t->compile({.optimizer = glia_optimizer_adam(0.01)}), GLIA_OK) << t->message();
    ASSERT_EQ(t->fit({.epochs = 1, .batch_size = 5}), GLIA_OK) << t->message();
    ASSERT_EQ(glia_model_save(t->net, path.c_str()), GLIA_OK) << t->message();
    const States states = t->states();
    glia_result before{}, after{};
    ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &before), GLIA_OK) << t->message();
    glia_model_destroy(t->net);
    t->net = nullptr;
    ASSERT_EQ(glia_model_load(t->ctx, path.c_str(), nullptr, &t->net), GLIA_OK) << t->message();
    EXPECT_EQ(t->states(), states);
    ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &after), GLIA_OK) << t->message();
    EXPECT_EQ(before.loss, after.loss);
}

TEST_P(MixedPrecision, averages_and_norms_are_those_of_the_f32_weights) {
    const auto t = make(dtype());
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({.optimizer = glia_optimizer_sgd(0.5), .average_decay = 0.5}), GLIA_OK) << t->message();
    double norm = 0;
    glia_watch_gradients_args watch{};
    watch.user   = &norm;
    watch.report = [](void *user, const glia_event *, const glia_gradient_report *report) {
        for (int i = 0; i < report->n_weights; ++i)
            if (std::string(report->weights[i].name) == "hidden.weight")
                *static_cast<double *>(user) = report->weights[i].norm;
        return GLIA_OK;
    };
    glia_fit_args args{.epochs = 3, .batch_size = 23};
    ASSERT_EQ(glia_watch_gradients(t->ctx, &watch, &args.callbacks[0]), GLIA_OK) << t->message();
    ASSERT_EQ(t->fit({.epochs = 2, .batch_size = 23}), GLIA_OK) << t->message();
    double want = 0;  // of the weights before the last step
    for (float w : t->get("hidden.weight")) want += double(w) * w;
    args.epochs = 1;
    ASSERT_EQ(t->fit(args), GLIA_OK) << t->message();
    glia_callback_destroy(&args.callbacks[0]);
    EXPECT_NEAR(norm, std::sqrt(want), 1e-6);
    glia_result last{}, average{}, again{};
    ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &last), GLIA_OK) << t->message();
    ASSERT_EQ(glia_model_use_average(t->net, true), GLIA_OK) << t->message();
    ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &average), GLIA_OK) << t->message();
    ASSERT_EQ(glia_model_use_average(t->net, false), GLIA_OK) << t->message();
    ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &again), GLIA_OK) << t->message();
    EXPECT_NE(average.loss, last.loss);
    EXPECT_EQ(again.loss, last.loss);
}

TEST_P(MixedPrecision, a_step_of_several_batches_is_that_of_one) {
    const auto whole = make(dtype()), parts = make(dtype());
    if (!whole) GTEST_SKIP() << glia_message(nullptr);
    for (SmallTraining *t : {whole.get(), parts.get()})
        ASSERT_EQ(t->compile({.optimizer = glia_optimizer_sgd(0.1), .clip_norm = 10}), GLIA_OK) << t->message();
    ASSERT_EQ(whole->fit({.epochs = 1, .batch_size = 20, .in_order = true}), GLIA_OK) << whole->message();
    ASSERT_EQ(parts->fit({.epochs = 1, .batch_size = 5, .in_order = true, .accumulate = 4}), GLIA_OK);
    expect_same_weights(*whole, *parts, 8 * gli_dtype_epsilon(dtype()));
}

TEST_P(MixedPrecision, what_has_no_half_yet_is_an_error_that_names_the_layer) {
    const auto t = make(dtype());
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    glia_custom_op op{};
    op.name = "mine", op.n_in = op.n_out = 1;
    op.forward = [](glia_custom_call *) { return GLIA_OK; };
    glia_custom_params params{};
    params.op           = &op;
    const glia_value in = glia_model_input(t->net, "other", GLIA_SHAPE(3));
    glia_model_custom(t->net, &params, &in, 1, nullptr, 0);
    EXPECT_EQ(glia_model_status(t->net), GLIA_UNSUPPORTED);
    EXPECT_TRUE(t->says("custom does not compute in a model of dtype ")) << t->message();
    EXPECT_TRUE(t->says(glia_dtype_name(dtype()))) << t->message();
}

// Statistics, and what scales and shifts, are read as they are, and beyond what f16 has.
TEST_P(MixedPrecision, norms_read_f32_scales_and_statistics) {
    const auto t = make(dtype());
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    t->output = glia_model_batchnorm(t->net, t->output, with(glia_batchnorm_args{.name = "norm"}));
    t->output = glia_model_layernorm(t->net, t->output, with(glia_layernorm_args{.name = "rows"}));
    ASSERT_EQ(t->compile({.optimizer = glia_optimizer_sgd(0.1)}), GLIA_OK) << t->message();
    const auto loss = [&] {
        glia_result result{};
        EXPECT_EQ(glia_model_evaluate(t->net, t->data, 0, &result), GLIA_OK) << t->message();
        return result.loss;
    };
    const auto change = [&](const char *name, float to) {
        std::vector<float> values = t->get(name);
        values[1]                 = to;
        EXPECT_EQ(glia_model_set(t->net, name, values.data(), values.size() * sizeof(float)), GLIA_OK) << t->message();
    };
    // The shift is as large as no f16 is, and the bias takes it away again.
    const double before = loss();
    change("norm.running_mean", 3e5F), change("norm.running_var", 9e10F), change("norm.bias", 1);
    EXPECT_NE(loss(), before);
    EXPECT_TRUE(std::isfinite(loss()));
    ASSERT_EQ(t->fit({.epochs = 1, .batch_size = 23}), GLIA_OK) << t->message();
    for (const char *name : {"norm.running_mean", "norm.running_var", "norm.weight", "rows.weight", "rows.bias"}) {
        int fine = 0;  // numbers that no half has
        for (float v : t->get(name)) {
            alignas(8) char half[8];
            gli_store(dtype(), half, 0, v);
            fine += gli_load(dtype(), half, 0) != v;
        }
        EXPECT_GT(fine, 0) << name;
    }
}

// A parameter is f32 where an op reads it as a statistic or a scale, and half where it is data.
TEST_P(MixedPrecision, a_parameter_may_be_a_scale_and_data_in_either_order) {
    std::vector<double> losses;
    for (const glia_dtype model : {GLIA_F32, dtype()})
        for (const bool scale_first : {false, true}) {
            const auto t = make(model);
            if (!t) GTEST_SKIP() << glia_message(nullptr);
            const glia_parameter_args args{.init = {.kind = GLIA_INIT_UNIFORM, .a = 0.5, .b = 1.5}};
            const glia_value p = glia_model_parameter(t->net, "p", GLIA_SHAPE(3), &args);
            for (const bool scale : {scale_first, !scale_first}) {
                const glia_value in[] = {t->output, p};
                t->output             = scale ? glia_model_op(t->net, "layernorm", nullptr, in, 2, nullptr, 0)
                                              : glia_model_multiply(t->net, t->output, p, nullptr);
            }
            ASSERT_EQ(t->compile({.optimizer = glia_optimizer_sgd(0.1)}), GLIA_OK) << t->message();
            ASSERT_EQ(t->fit({.epochs = 4, .batch_size = 23}), GLIA_OK) << t->message();
            const Folder folder;
            const std::string path = folder / "net.safetensors";
            glia_result result{}, loaded{};
            ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &result), GLIA_OK) << t->message();
            losses.push_back(result.loss);
            ASSERT_EQ(glia_model_save(t->net, path.c_str()), GLIA_OK) << t->message();
            glia_model_destroy(t->net);
            t->net = nullptr;
            ASSERT_EQ(glia_model_load(t->ctx, path.c_str(), nullptr, &t->net), GLIA_OK) << t->message();
            ASSERT_EQ(glia_model_evaluate(t->net, t->data, 0, &loaded), GLIA_OK) << t->message();
            EXPECT_EQ(loaded.loss, result.loss);
        }
    for (int i = 0; i < 2; ++i) EXPECT_NEAR(losses[2 + i], losses[i], 16 * gli_dtype_epsilon(dtype()) * losses[i]);
}

// A network of images or of words, trained; the loss after it.
double loss_of(const char *device, glia_dtype dtype, glia_value (*build)(glia_model *), bool words) {
    constexpr int kSamples = 24, kImage = 2 * 6 * 6, kWords = 5;
    const std::unique_ptr<SmallTraining> t = std::make_unique<SmallTraining>(device, kSamples);
    if (t->created != GLIA_OK) return NAN;
    glia_model_destroy(t->net);
    EXPECT_EQ(glia_model_create(t->ctx, with(glia_model_args{.dtype = dtype}), &t->net), GLIA_OK) << t->message();
    std::vector<float> images;
    std::vector<int64_t> indices;
    for (int i = 0; i < kSamples * kImage; ++i)
        images.push_back(float(i * 7 % 13) / 6 - 1 + float(t->t[i / kImage]) / 2);
    for (int i = 0; i < kSamples * kWords; ++i) indices.push_back((i * 5 + t->t[i / kWords] * 3) % 11);
    glia_array in{}, target{};
    in.dtype = words ? GLIA_I64 : GLIA_F32, in.shape = words ? GLIA_SHAPE(kWords) : GLIA_SHAPE(2, 6, 6);
    in.data      = words ? static_cast<const void *>(indices.data()) : images.data();
    target.dtype = GLIA_I64, target.data = t->t.data();
    glia_arrays_args arrays{};
    arrays.inputs = &in, arrays.n_inputs = 1, arrays.targets = &target, arrays.n_targets = 1, arrays.count = kSamples;
    EXPECT_EQ(glia_dataset_from_arrays(t->ctx, &arrays, &t->data), GLIA_OK) << t->message();
    t->output = build(t->net);
    glia_compile_args args{.loss = glia_loss_cross_entropy(), .optimizer = glia_optimizer_momentum(0.05, 0.9)};
    if (!words) args.loss = glia_loss_categorical_cross_entropy();
    EXPECT_EQ(t->compile(args), GLIA_OK) << t->message();
    EXPECT_EQ(t->fit({.epochs = 4, .batch_size = 8}), GLIA_OK) << t->message();
    glia_result result{};
    EXPECT_EQ(glia_model_evaluate(t->net, t->data, 0, &result), GLIA_OK) << t->message();
    return result.loss;
}

glia_value image_network(glia_model *net) {
    glia_value x = glia_model_input(net, "x", GLIA_SHAPE(2, 6, 6));
    x = glia_model_conv2d(net, x, with(glia_conv2d_args{.filters = 9, .kernel = {3, 3}, .activation = GLIA_RELU}));
    x = glia_model_dropout(net, x, with(glia_dropout_args{.p = 0.25}));
    x = glia_model_max_pool2d(net, x, with(glia_max_pool2d_args{.kernel = {2, 2}}));
    x = glia_model_conv2d_transpose(net, x, with(glia_conv2d_transpose_args{.filters = 4, .kernel = {2, 2}}));
    x = glia_model_avg_pool2d(net, x, with(glia_avg_pool2d_args{.kernel = {3, 3}}));
    x = glia_model_dense(net, glia_model_flatten(net, x, nullptr), with(glia_dense_args{.units = 3}));
    return glia_model_softmax(net, x, nullptr);
}

glia_value norm_network(glia_model *net) {
    glia_value x = glia_model_input(net, "x", GLIA_SHAPE(2, 6, 6));
    x            = glia_model_conv2d(net, x, with(glia_conv2d_args{.filters = 8, .kernel = {3, 3}, .no_bias = true}));
    x            = glia_model_activation(net, glia_model_batchnorm(net, x, nullptr),
                                         with(glia_activation_args{.kind = GLIA_RELU}));
    x            = glia_model_groupnorm(net, x, with(glia_groupnorm_args{.groups = 2}));
    x            = glia_model_instancenorm(net, x, nullptr);
    x            = glia_model_layernorm(net, glia_model_flatten(net, x, nullptr), nullptr);
    return glia_model_softmax(net, glia_model_dense(net, x, with(glia_dense_args{.units = 3})), nullptr);
}

glia_value word_network(glia_model *net) {
    glia_value x = glia_model_index_input(net, "x", GLIA_I64, GLIA_SHAPE(5));
    x            = glia_model_embedding(net, x, with(glia_embedding_args{.count = 11, .size = 6}));
    x            = glia_model_global_avg_pool1d(net, x, with(glia_global_pool1d_args{.steps_first = true}));
    x            = glia_model_multiply(net, x, glia_model_parameter(net, "factor", GLIA_SHAPE(6), nullptr), nullptr);
    return glia_model_dense(net, x, with(glia_dense_args{.units = 3}));
}

glia_value recurrent_network(glia_model *net) {
    glia_value x = glia_model_index_input(net, "x", GLIA_I64, GLIA_SHAPE(5));
    x            = glia_model_embedding(net, x, with(glia_embedding_args{.count = 11, .size = 6}));
    x            = glia_model_rnn(net, x, with(glia_rnn_args{.units = 5, .sequence = true}));
    x            = glia_model_gru(net, x, with(glia_gru_args{.units = 7, .sequence = true}));
    x            = glia_model_lstm(net, x, with(glia_lstm_args{.units = 4, .direction = GLIA_RNN_BOTH}));
    return glia_model_dense(net, x, with(glia_dense_args{.units = 3}));
}

TEST_P(MixedPrecision, every_kind_of_layer_follows_f32_within_its_rounding) {
    const struct {
        const char *name;
        glia_value (*build)(glia_model *);
        bool words;
    } networks[] = {{"images", image_network, false},
                    {"norms", norm_network, false},
                    {"words", word_network, true},
                    {"steps", recurrent_network, true}};
    for (const auto &network : networks) {
        const double full = loss_of(device(), GLIA_F32, network.build, network.words);
        if (std::isnan(full)) GTEST_SKIP() << glia_message(nullptr);
        const double half = loss_of(device(), dtype(), network.build, network.words);
        EXPECT_NE(half, full) << network.name << ": the activations are f32";
        EXPECT_NEAR(half, full, 16 * gli_dtype_epsilon(dtype()) * full) << network.name;
    }
}

INSTANTIATE_TEST_SUITE_P(all, MixedPrecision,
                         testing::Combine(testing::Values("cpu", "emulated", "cuda:0"),
                                          testing::Values(GLIA_BF16, GLIA_F16)),
                         name_of);

class LossScale : public MixedPrecision {
   protected:
    static float scale_of(const SmallTraining &t) { return t.get("glia/loss_scale")[0]; }
    static float good_steps(const SmallTraining &t) { return t.get("glia/loss_scale_good_steps")[0]; }
    // Another number in a file that has `before` once, at an element's address.
    static void patch(const std::string &path, float before, float after) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        for (float number = 0; file.read(reinterpret_cast<char *>(&number), sizeof number);) {
            if (number != before) continue;
            file.seekp(-std::streamoff(sizeof number), std::ios::cur);
            file.write(reinterpret_cast<const char *>(&after), sizeof after);
            file.seekg(file.tellp());
        }
    }
};

TEST_P(LossScale, halves_and_leaves_the_step_out_where_a_gradient_is_too_large) {
    const auto t = make(GLIA_F16);
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({.optimizer = glia_optimizer_adam(0.01)}), GLIA_OK) << t->message();
    const float huge = 0x1p40F;
    ASSERT_EQ(glia_model_state_set(t->net, "glia/loss_scale", &huge, sizeof huge), GLIA_OK) << t->message();
    const auto before = t->get("hidden.weight");
    ASSERT_EQ(t->fit({.epochs = 1, .batch_size = 23}), GLIA_OK) << t->message();
    EXPECT_EQ(scale_of(*t), 0x1p39F);
    EXPECT_EQ(t->get("hidden.weight"), before);
    for (float m : t->get("hidden.weight/adam_m")) EXPECT_EQ(m, 0);
    ASSERT_EQ(t->fit({.epochs = 40, .batch_size = 23}), GLIA_OK) << t->message();
    EXPECT_LT(scale_of(*t), 0x1p24F);
    EXPECT_NE(t->get("hidden.weight"), before);
    EXPECT_EQ(t->number("glia/update"), 41) << "steps that are left out count for schedules";
}

TEST_P(LossScale, doubles_after_2000_steps_without_one) {
    const auto t = make(GLIA_F16);
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    const float good = 1998;
    ASSERT_EQ(glia_model_state_set(t->net, "glia/loss_scale_good_steps", &good, sizeof good), GLIA_OK);
    ASSERT_EQ(t->fit({.epochs = 1, .batch_size = 23}), GLIA_OK) << t->message();
    EXPECT_EQ(scale_of(*t), 65536);
    EXPECT_EQ(good_steps(*t), 1999);
    ASSERT_EQ(t->fit({.epochs = 1, .batch_size = 23}), GLIA_OK) << t->message();
    EXPECT_EQ(scale_of(*t), 131072);
    EXPECT_EQ(good_steps(*t), 0);
}

// Adam's first step is of the size of its rate only where it is counted as the first one.
TEST_P(LossScale, steps_that_are_left_out_are_none_for_adam) {
    const auto late = make(GLIA_F16), now = make(GLIA_F16);
    if (!late) GTEST_SKIP() << glia_message(nullptr);
    const float huge = 0x1p32F;
    for (SmallTraining *t : {late.get(), now.get()})
        ASSERT_EQ(t->compile({.optimizer = glia_optimizer_adam(0.01)}), GLIA_OK) << t->message();
    ASSERT_EQ(glia_model_state_set(late->net, "glia/loss_scale", &huge, sizeof huge), GLIA_OK);
    const auto before = late->get("hidden.weight");
    for (int i = 0; i < 30 && late->get("hidden.weight") == before; ++i)
        ASSERT_EQ(late->fit({.epochs = 1, .batch_size = 23, .in_order = true}), GLIA_OK) << late->message();
    ASSERT_EQ(now->fit({.epochs = 1, .batch_size = 23, .in_order = true}), GLIA_OK) << now->message();
    expect_same_weights(*late, *now, 1e-3);
    EXPECT_LT(scale_of(*late), huge / 2);
}

TEST_P(LossScale, a_loss_that_is_not_finite_ends_fit) {
    const auto t = make(GLIA_F16, INFINITY);
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    EXPECT_EQ(t->fit({.epochs = 1, .batch_size = 23}), GLIA_NOT_FINITE);
    EXPECT_TRUE(t->says("input 'x' of sample 1 is infinite")) << t->message();
}

// The steps after the one that failed are left out, too, but say nothing of the scale.
TEST_P(LossScale, stays_as_it_was_before_a_step_that_failed) {
    const auto t = make(GLIA_F16, NAN);
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    const float scale = 1024;
    ASSERT_EQ(glia_model_state_set(t->net, "glia/loss_scale", &scale, sizeof scale), GLIA_OK);
    EXPECT_EQ(t->fit({.epochs = 1, .batch_size = 1, .in_order = true}), GLIA_NOT_FINITE);
    EXPECT_EQ(scale_of(*t), scale);
    EXPECT_EQ(good_steps(*t), 1);
}

TEST_P(LossScale, that_falls_for_ever_ends_fit) {
    const auto t = make(GLIA_F16);
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    const float smallest = 0x1p-24F;
    ASSERT_EQ(glia_model_state_set(t->net, "glia/loss_scale", &smallest, sizeof smallest), GLIA_OK);
    EXPECT_EQ(t->fit({.epochs = 1, .batch_size = 23}), GLIA_NOT_FINITE);
    EXPECT_TRUE(t->says("the loss scale has fallen to 5.96046e-08")) << t->message();
}

TEST_P(LossScale, is_checked_where_it_is_set_and_in_a_file) {
    const auto t = make(GLIA_F16);
    if (!t) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(t->compile({}), GLIA_OK) << t->message();
    const Folder folder;
    const std::string path = folder / "run.safetensors";
    ASSERT_EQ(glia_model_save_checkpoint(t->net, path.c_str()), GLIA_OK) << t->message();
    for (const float wrong : {float(NAN), -1.0F, 0.0F, float(INFINITY)}) {
        EXPECT_EQ(glia_model_state_set(t->net, "glia/loss_scale", &wrong, sizeof wrong), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(t->says("'glia/loss_scale' is ")) << t->message();
        EXPECT_EQ(scale_of(*t), 65536);
    }
    for (const float wrong : {-1.0F, 0.5F, 2000.0F})
        EXPECT_EQ(glia_model_state_set(t->net, "glia/loss_scale_good_steps", &wrong, sizeof wrong),
                  GLIA_INVALID_ARGUMENT);
    for (const double wrong : {-1.0, 0.5, double(NAN)})
        EXPECT_EQ(glia_model_state_set(t->net, "glia/loss_scale_updates", &wrong, sizeof wrong), GLIA_INVALID_ARGUMENT);
    ASSERT_EQ(t->fit({.epochs = 1, .batch_size = 23}), GLIA_OK) << t->message();
    const States states = t->states();
    patch(path, 65536.0F, -3.0F);
    EXPECT_EQ(glia_model_load_checkpoint(t->net, path.c_str()), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(t->says(path)) << t->message();
    EXPECT_TRUE(t->says("'glia/loss_scale' is -3, must be 5.96046e-08 to 8.50706e+37")) << t->message();
    EXPECT_EQ(t->states(), states) << "a file is taken as a whole or not at all";
}

INSTANTIATE_TEST_SUITE_P(all, LossScale,
                         testing::Combine(testing::Values("cpu", "emulated", "cuda:0"), testing::Values(GLIA_F16)),
                         name_of);

}  // namespace
