// What a failed call leaves behind, what a change of a compiled model needs, and what compiling again starts anew.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "glia/glia.h"
#include "support/failing.h"

namespace {

using std::string;

glia_array array(glia_dtype dtype, glia_shape shape, const void *data) {
    glia_array a{};
    a.dtype = dtype, a.shape = shape, a.data = data;
    return a;
}

// 9 samples of two numbers with two classes: batches of 4, 4 and 1.
struct Samples {
    float x[18];
    int64_t t[9];
    glia_dataset *data = nullptr;
    explicit Samples(glia_context *ctx) {
        for (int i = 0; i < 9; ++i) x[2 * i] = float(i) / 9, x[2 * i + 1] = float(i * 5 % 9) / 9, t[i] = i % 2;
        const glia_array in = array(GLIA_F32, GLIA_SHAPE(2), x), out = array(GLIA_I64, GLIA_SCALAR, t);
        glia_arrays_args args{};
        args.inputs = &in, args.n_inputs = 1, args.targets = &out, args.n_targets = 1, args.count = 9;
        status = glia_dataset_from_arrays(ctx, &args, &data);
    }
    ~Samples() { glia_dataset_destroy(data); }
    glia_status status;
};

class ModelState : public testing::Test {
   protected:
    ModelState() {
        glia_context_args args{};
        args.threads = 1, args.seed = 3;
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        samples = new Samples(ctx);
        x       = glia_model_input(net, "x", GLIA_SHAPE(2));
    }
    ~ModelState() override {
        delete samples;
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    glia_value dense(glia_value in, const char *name, int units = 2) {
        glia_dense_args args{};
        args.name = name, args.units = units;
        return glia_model_dense(net, in, &args);
    }
    glia_status compile(glia_value out, glia_model_loss loss = glia_loss_cross_entropy()) {
        glia_compile_args args{};
        args.loss = loss, args.optimizer = glia_optimizer_adam(0.01);
        return glia_model_compile(net, out, &args);
    }
    glia_status fit(int epochs = 1, int batch = 4) {
        glia_fit_args args{};
        args.epochs = epochs, args.batch_size = batch;
        return glia_model_fit(net, samples->data, &args);
    }
    std::vector<float> get(const char *name, size_t count) {
        std::vector<float> values(count);
        EXPECT_EQ(glia_model_get(net, name, values.data(), count * sizeof(float)), GLIA_OK) << message();
        return values;
    }
    string message() const { return glia_message(ctx); }

    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;
    Samples *samples  = nullptr;
    glia_value x{};
};

TEST_F(ModelState, a_refused_compile_changes_nothing) {
    const glia_value a = dense(x, "a"), b = dense(x, "b");
    glia_compile_args bad{};
    bad.loss = glia_loss_cross_entropy(), bad.optimizer = glia_optimizer_sgd(-1);
    EXPECT_EQ(glia_model_compile(net, a, &bad), GLIA_INVALID_ARGUMENT);
    bad.optimizer = glia_optimizer_nesterov(0.1, 0);
    EXPECT_EQ(glia_model_compile(net, a, &bad), GLIA_INVALID_ARGUMENT) << "plain SGD would ignore it";
    bad.optimizer = {}, bad.loss.kind = glia_loss_kind(77);
    EXPECT_EQ(glia_model_compile(net, a, &bad), GLIA_INVALID_ARGUMENT);
    ASSERT_EQ(compile(b), GLIA_OK) << "a is not an output: " << message();
    ASSERT_EQ(fit(), GLIA_OK) << message();
    EXPECT_EQ(glia_model_compile(net, b, &bad), GLIA_INVALID_ARGUMENT) << "the second time, too";
    EXPECT_NE(message().find("77"), string::npos) << message();
    bad.loss = glia_loss_cross_entropy(), bad.metrics[0] = glia_metric(55);
    EXPECT_EQ(glia_model_compile(net, b, &bad), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(fit(), GLIA_OK) << "trains on as it was compiled: " << message();
}

TEST_F(ModelState, adam_starts_anew_with_a_new_compile) {
    const glia_value y = dense(x, "y");
    ASSERT_EQ(compile(y), GLIA_OK) << message();
    ASSERT_EQ(fit(20), GLIA_OK) << message();
    const std::vector<float> zeros(4), bias(2);
    ASSERT_EQ(compile(y), GLIA_OK) << message();
    ASSERT_EQ(glia_model_set(net, "y.weight", zeros.data(), 16), GLIA_OK);
    ASSERT_EQ(glia_model_set(net, "y.bias", bias.data(), 8), GLIA_OK);
    ASSERT_EQ(fit(1, 9), GLIA_OK) << message();
    for (float w : get("y.weight", 4)) EXPECT_NEAR(std::fabs(w), 0.01, 1e-5) << "Adam's first step is the rate";
}

TEST_F(ModelState, a_changed_model_has_to_be_compiled_again) {
    const glia_value y = dense(x, "y");
    ASSERT_EQ(compile(y), GLIA_OK) << message();
    float out[18];
    ASSERT_EQ(glia_model_predict(net, samples->data, 9, out, sizeof out), GLIA_OK) << message();
    const glia_value z = dense(y, "z", 3);
    EXPECT_EQ(fit(), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("changed"), string::npos) << message();
    ASSERT_EQ(compile(y), GLIA_OK) << message();
    ASSERT_EQ(glia_model_predict(net, samples->data, 9, out, sizeof out), GLIA_OK) << message();
    ASSERT_EQ(glia_model_output(net, z, nullptr), GLIA_OK) << message();
    float second[27];
    void *both[]         = {out, second};
    const size_t bytes[] = {sizeof out, sizeof second};
    EXPECT_EQ(glia_model_predict_all(net, samples->data, 9, both, bytes, 2), GLIA_INVALID_ARGUMENT);
    glia_compile_args args{};
    ASSERT_EQ(glia_model_compile(net, glia_value{0}, &args), GLIA_OK) << message();
    EXPECT_EQ(glia_model_predict_all(net, samples->data, 9, both, bytes, 2), GLIA_OK) << message();
}

TEST_F(ModelState, freezing_batchnorm_waits_for_the_next_compile) {
    glia_batchnorm_args norm{};
    norm.name = "norm", norm.population = true;
    const glia_value y = dense(glia_model_batchnorm(net, x, &norm), "y");
    ASSERT_EQ(compile(y), GLIA_OK) << message();
    ASSERT_EQ(glia_model_freeze(net, "norm", true), GLIA_OK);
    const auto before = get("norm.running_mean", 2);
    ASSERT_EQ(fit(), GLIA_OK) << message();
    const auto moved = get("norm.running_mean", 2);
    EXPECT_NE(moved, before);
    ASSERT_EQ(compile(y), GLIA_OK) << message();
    ASSERT_EQ(fit(), GLIA_OK) << message();
    EXPECT_EQ(get("norm.running_mean", 2), moved);
}

TEST_F(ModelState, a_last_batch_that_cannot_be_trained_is_found_before_the_first) {
    glia_batchnorm_args norm{};
    norm.name = "norm";
    ASSERT_EQ(compile(dense(glia_model_batchnorm(net, x, &norm), "y")), GLIA_OK) << message();
    const auto weight = get("y.weight", 4), mean = get("norm.running_mean", 2);
    EXPECT_EQ(fit(1, 4), GLIA_SHAPE_MISMATCH) << "9 samples: the last has no variance";
    EXPECT_NE(message().find("the last batch, of 1 samples"), string::npos) << message();
    EXPECT_NE(message().find("layer 'norm'"), string::npos) << message();
    EXPECT_EQ(get("y.weight", 4), weight);
    EXPECT_EQ(get("norm.running_mean", 2), mean);
    EXPECT_EQ(fit(1, 3), GLIA_OK) << message();
}

TEST_F(ModelState, outputs_are_checked) {
    const glia_value y = dense(x, "y");
    glia_value sum;
    const glia_reduce_params all = glia_reduce_defaults();
    glia_model_op(net, "reduce", &all, &y, 1, &sum, 1);
    EXPECT_EQ(glia_model_output(net, sum, nullptr), GLIA_SHAPE_MISMATCH) << "no number for each sample";
    const double weights[] = {1, -2};
    glia_output_args args{};
    args.loss = glia_loss_cross_entropy(), args.loss.classes.class_weight = weights;
    EXPECT_EQ(glia_model_output(net, y, &args), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("class_weight[1] is -2"), string::npos) << message();
    ASSERT_EQ(glia_model_output(net, y, nullptr), GLIA_OK);
    args.loss.classes.class_weight = nullptr;
    ASSERT_EQ(glia_model_output(net, dense(x, "z"), &args), GLIA_OK);
    ASSERT_EQ(glia_model_compile(net, glia_value{0}, nullptr), GLIA_OK) << message();
    int64_t counts[4];
    EXPECT_EQ(glia_model_confusion_matrix(net, samples->data, 0, counts, sizeof counts), GLIA_INVALID_ARGUMENT)
        << "the target is not the first output's";
}

TEST_F(ModelState, the_confusion_matrix_leaves_out_what_the_loss_ignores) {
    glia_output_args args{};
    args.loss = glia_loss_cross_entropy(), args.loss.classes.ignore = true, args.loss.classes.ignore_index = -100;
    ASSERT_EQ(glia_model_output(net, dense(x, "y"), &args), GLIA_OK) << message();
    ASSERT_EQ(glia_model_compile(net, glia_value{0}, nullptr), GLIA_OK) << message();
    samples->t[2] = samples->t[5] = -100;
    int64_t counts[4];
    ASSERT_EQ(glia_model_confusion_matrix(net, samples->data, 4, counts, sizeof counts), GLIA_OK) << message();
    EXPECT_EQ(counts[0] + counts[1], 4) << "of class 0: samples 0, 4, 6, 8";
    EXPECT_EQ(counts[2] + counts[3], 3);
}

TEST_F(ModelState, a_spread_below_the_floats_is_none) {
    glia_dense_args args{};
    args.name = "y", args.units = 2;
    args.weight_init = {GLIA_INIT_UNIFORM, 0, 1e-60}, args.bias_init = {GLIA_INIT_NORMAL, 0.5, 1e-60};
    ASSERT_EQ(compile(glia_model_dense(net, x, &args)), GLIA_OK) << message();
    EXPECT_EQ(get("y.weight", 4), std::vector<float>(4, 0.0f));
    EXPECT_EQ(get("y.bias", 2), std::vector<float>(2, 0.5f));
}

TEST_F(ModelState, the_message_of_a_callback_is_kept) {
    ASSERT_EQ(compile(dense(x, "y")), GLIA_OK) << message();
    glia_fit_args args{};
    args.callbacks[0].user         = net;
    args.callbacks[0].on_epoch_end = [](void *user, const glia_event *) {
        return glia_model_get(static_cast<glia_model *>(user), "nobody", nullptr, 0);
    };
    EXPECT_EQ(glia_model_fit(net, samples->data, &args), GLIA_NOT_FOUND);
    EXPECT_NE(message().find("on_epoch_end returned GLIA_NOT_FOUND: glia_model_get"), string::npos) << message();
    args.callbacks[0].on_epoch_end = [](void *, const glia_event *) { return GLIA_CANCELLED; };
    EXPECT_EQ(glia_model_fit(net, samples->data, &args), GLIA_CANCELLED);
    EXPECT_EQ(message(), "glia_model_fit: on_epoch_end returned GLIA_CANCELLED");
}

// 18 plans are asked for, more than a model keeps.
TEST_F(ModelState, plans_of_many_batch_sizes_do_not_pile_up) {
    ASSERT_EQ(compile(dense(x, "y")), GLIA_OK) << message();
    size_t most = 0;
    for (int round = 0; round < 4; ++round)
        for (int size = 1; size <= 9; ++size) {
            glia_result result;
            float out[18];
            ASSERT_EQ(glia_model_evaluate(net, samples->data, size, &result), GLIA_OK) << message();
            ASSERT_EQ(glia_model_predict(net, samples->data, size, out, sizeof out), GLIA_OK) << message();
            if (round == 0) most = std::max(most, glia_context_bytes(ctx));
        }
    EXPECT_LT(glia_context_bytes(ctx), most + most / 8);
}

TEST_F(ModelState, another_thread_cannot_build_in_a_busy_context) {
    ASSERT_EQ(compile(dense(x, "y")), GLIA_OK) << message();
    glia_fit_args args{};
    args.callbacks[0].user         = net;
    args.callbacks[0].on_epoch_end = [](void *user, const glia_event *) {
        auto *model = static_cast<glia_model *>(user);
        std::thread([model] {
            EXPECT_LT(glia_model_input(model, "other", GLIA_SHAPE(2)).id, 0);
            EXPECT_LT(glia_model_parameter(model, "other", GLIA_SHAPE(2), nullptr).id, 0);
            EXPECT_LT(glia_model_softmax(model, glia_value{1}, nullptr).id, 0);
            EXPECT_EQ(glia_model_status(model), GLIA_BUSY);
        }).join();
        return GLIA_OK;
    };
    EXPECT_EQ(glia_model_fit(net, samples->data, &args), GLIA_OK) << message();
    EXPECT_EQ(glia_model_status(net), GLIA_OK) << message();
    EXPECT_EQ(fit(), GLIA_OK) << "the model is as it was: " << message();
}

// Everything from a model to a fitted one, and a second compile, on an allocator that fails once.
glia_status train(glia_context *ctx, glia_model *net, Samples &samples) {
    glia_dense_args args{};
    args.name = "y", args.units = 2;
    const glia_value y = glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), &args);
    glia_compile_args options{};
    options.loss = glia_loss_cross_entropy(), options.optimizer = glia_optimizer_adam(1e-3);
    if (const glia_status status = glia_model_compile(net, y, &options)) return status;
    glia_fit_args fit{};
    fit.batch_size = 4;
    if (const glia_status status = glia_model_fit(net, samples.data, &fit)) return status;
    float before[4], after[4];
    EXPECT_EQ(glia_model_get(net, "y.weight", before, sizeof before), GLIA_OK);
    const glia_status again = glia_model_compile(net, y, &options);
    EXPECT_EQ(glia_model_get(net, "y.weight", after, sizeof after), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(memcmp(before, after, sizeof after), 0);
    EXPECT_NE(glia_model_set_learning_rate(net, 0.1), GLIA_INVALID_ARGUMENT)
        << "compiled as before: " << glia_message(ctx);
    return again;
}

TEST(ModelMemory, running_out_of_it_leaves_the_model_usable) {
    const int failed = glia::fail_every_allocation([](glia_context *ctx) {
        glia_model *net = nullptr;
        Samples samples(ctx);
        if (samples.status != GLIA_OK) return samples.status;
        glia_status status = glia_model_create(ctx, nullptr, &net);
        if (status == GLIA_OK) status = train(ctx, net, samples);
        glia_model_destroy(net);
        return status;
    });
    EXPECT_GT(failed, 20);
}

}  // namespace
