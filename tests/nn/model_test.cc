// Models from the outside: what a user builds, what he gets wrong, and what training must keep.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/with.h"

namespace {

using glia::with;

// A context, and everything that is made in a test, destroyed at its end.
class Model : public testing::Test {
   protected:
    void SetUp() override { ASSERT_EQ(glia_context_create("cpu", &args_, &ctx), GLIA_OK) << glia_message(nullptr); }
    void TearDown() override {
        for (glia_dataset *data : datasets_) glia_dataset_destroy(data);
        for (glia_model *model : models_) glia_model_destroy(model);
        glia_context_destroy(ctx);
    }

    glia_model *model(glia_dtype dtype = GLIA_F32) {
        glia_model_args args{};
        args.dtype      = dtype;
        glia_model *net = nullptr;
        EXPECT_EQ(glia_model_create(ctx, &args, &net), GLIA_OK);
        models_.push_back(net);
        return net;
    }
    // Data that outlives the test's body.
    template <class T>
    const T *keep(std::vector<T> values) {
        auto *copy = new std::vector<T>(std::move(values));
        blobs_.emplace_back(copy, [](void *p) { delete static_cast<std::vector<T> *>(p); });
        return copy->data();
    }
    glia_dataset *dataset(std::vector<glia_array> inputs, std::vector<glia_array> targets, int64_t count) {
        glia_arrays_args args{};
        args.inputs = inputs.data(), args.n_inputs = int(inputs.size());
        args.targets = targets.data(), args.n_targets = int(targets.size());
        args.count         = count;
        glia_dataset *data = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << glia_message(ctx);
        datasets_.push_back(data);
        return data;
    }
    static glia_array array(glia_dtype dtype, glia_shape shape, const void *data) {
        glia_array a{};
        a.dtype = dtype, a.shape = shape, a.data = data;
        return a;
    }
    // Two classes in the plane, on both sides of a line.
    glia_dataset *two_classes(int64_t count) {
        std::vector<float> x;
        std::vector<int64_t> t;
        for (int64_t i = 0; i < count; ++i) {
            const float a = float(i % 17) / 8 - 1, b = float(i % 13) / 6 - 1;
            x.insert(x.end(), {a, b});
            t.push_back(a + 2 * b > 0.1f);
        }
        return dataset({array(GLIA_F32, GLIA_SHAPE(2), keep(x))}, {array(GLIA_I64, GLIA_SCALAR, keep(t))}, count);
    }
    glia_value mlp(glia_model *net, int hidden = 8) {
        glia_dense_args first{}, last{};
        first.name = "hidden", first.units = hidden, first.activation = GLIA_TANH;
        last.name = "logits", last.units = 2;
        return glia_model_dense(net, glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), &first), &last);
    }
    static glia_compile_args options(glia_model_loss loss,
                                     const glia_optimizer &optimizer = glia_optimizer_adam(0.05)) {
        glia_compile_args args{};
        args.loss = loss, args.optimizer = optimizer;
        return args;
    }
    glia_status compile(glia_model *net, glia_value out, const glia_compile_args &args) {
        return glia_model_compile(net, out, &args);
    }
    glia_status fit(glia_model *net, glia_dataset *data, int epochs, int batch) {
        glia_fit_args args{};
        args.epochs = epochs, args.batch_size = batch;
        return glia_model_fit(net, data, &args);
    }
    std::vector<float> get(glia_model *net, const char *name, size_t count) {
        std::vector<float> values(count);
        EXPECT_EQ(glia_model_get(net, name, values.data(), count * sizeof(float)), GLIA_OK) << glia_message(ctx);
        return values;
    }
    std::string message() const { return glia_message(ctx); }

    glia_context_args args_{.seed = 7, .threads = 2};
    glia_context *ctx = nullptr;

   private:
    std::vector<glia_model *> models_;
    std::vector<glia_dataset *> datasets_;
    std::vector<std::shared_ptr<void>> blobs_;
};

TEST_F(Model, learns_two_classes) {
    glia_model *net    = model();
    glia_dataset *data = two_classes(500);
    ASSERT_EQ(compile(net, mlp(net), options(glia_loss_cross_entropy())), GLIA_OK) << message();
    glia_result before, after;
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &before), GLIA_OK) << message();
    ASSERT_EQ(fit(net, data, 30, 32), GLIA_OK) << message();
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &after), GLIA_OK) << message();
    EXPECT_LT(after.loss, before.loss / 3);
    ASSERT_EQ(after.n_metrics, 1);
    EXPECT_STREQ(after.metric_name[0], "accuracy");
    EXPECT_GT(after.metric[0], 0.97);
}

TEST_F(Model, evaluation_does_not_depend_on_the_batch_size) {
    glia_model *net    = model();
    glia_dataset *data = two_classes(101);
    ASSERT_EQ(compile(net, mlp(net), options(glia_loss_cross_entropy())), GLIA_OK) << message();
    glia_result whole, parts;
    ASSERT_EQ(glia_model_evaluate(net, data, 101, &whole), GLIA_OK) << message();
    ASSERT_EQ(glia_model_evaluate(net, data, 7, &parts), GLIA_OK) << message();
    EXPECT_NEAR(whole.loss, parts.loss, 1e-6);
    EXPECT_EQ(whole.metric[0], parts.metric[0]);
}

TEST_F(Model, the_same_seed_gives_the_same_bits) {
    glia_dataset *data = two_classes(203);
    std::vector<float> first;
    for (int run = 0; run < 2; ++run) {
        glia_model *net = model();
        glia_value x =
            glia_model_dropout(net, glia_model_input(net, "x", GLIA_SHAPE(2)), with(glia_dropout_args{.p = 0.2}));
        glia_dense_args dense{};
        dense.units = 2, dense.name = "out";
        ASSERT_EQ(compile(net, glia_model_dense(net, x, &dense), options(glia_loss_cross_entropy())), GLIA_OK)
            << message();
        ASSERT_EQ(fit(net, data, 3, 16), GLIA_OK) << message();
        const auto weights = get(net, "out.weight", 4);
        if (run == 0)
            first = weights;
        else
            EXPECT_EQ(first, weights);
    }
}

TEST_F(Model, a_failed_layer_is_named_by_compile) {
    glia_model *net = model();
    glia_value x    = glia_model_input(net, "image", GLIA_SHAPE(1, 4, 4));
    glia_conv2d_args conv{};
    conv.name = "too_big", conv.filters = 2, conv.kernel[0] = 9, conv.kernel[1] = 9;
    x = glia_model_conv2d(net, x, &conv);
    EXPECT_LT(x.id, 0);
    glia_dense_args dense{};
    dense.units = 3;
    x           = glia_model_dense(net, glia_model_flatten(net, x, nullptr), &dense);
    EXPECT_LT(x.id, 0);
    EXPECT_NE(compile(net, x, options(glia_loss_cross_entropy())), GLIA_OK);
    EXPECT_NE(message().find("layer 'too_big'"), std::string::npos) << message();
    EXPECT_NE(message().find("9"), std::string::npos) << message();
}

glia_value dense_from(glia_model *net, glia_init init) {
    glia_dense_args dense{};
    dense.units = 2, dense.weight_init = init;
    return glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)), &dense);
}

// padding: an int, because a glia_padding of C++ cannot be invalid.
glia_value padded(glia_model *net, int padding, int pad) {
    glia_conv2d_args conv{};
    conv.filters = 2;
    memcpy(&conv.padding, &padding, sizeof padding);
    for (int i = 0; i < 2; ++i) conv.kernel[i] = 3, conv.pad[i] = pad;
    return glia_model_conv2d(net, glia_model_input(net, "x", GLIA_SHAPE(1, 4, 4)), &conv);
}

// What other libraries would take for something else is refused, not done in silence.
TEST_F(Model, habits_of_other_libraries_are_refused) {
    glia_dense_args one{};
    one.units              = 1;
    glia_model *net        = model();
    const glia_value out   = glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), &one);
    glia_compile_args args = options(glia_loss_mse(), glia_optimizer_momentum(0.05, -0.9));
    EXPECT_EQ(compile(net, out, args), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("momentum is -0.9"), std::string::npos) << message();
    EXPECT_EQ(compile(net, out, options(glia_loss_cross_entropy())), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("1 class"), std::string::npos) << message();
    args            = options(glia_loss_bce_logits());
    args.metrics[0] = GLIA_METRIC_ACCURACY;
    EXPECT_EQ(compile(net, out, args), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("GLIA_METRIC_BINARY_ACCURACY"), std::string::npos) << message();
    EXPECT_EQ(compile(net, out, options(glia_loss_bce_logits())), GLIA_OK) << message();
    EXPECT_EQ(glia_model_set_learning_rate(net, 1e300), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_model_predict(net, two_classes(5), 0, nullptr, 20), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("NULL"), std::string::npos) << message();
    glia_output_args smoothed{};
    smoothed.loss = glia_loss_cross_entropy(), smoothed.loss.classes.label_smoothing = 2;
    glia_model *other = model();
    EXPECT_EQ(glia_model_output(other, mlp(other), &smoothed), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("label_smoothing is 2"), std::string::npos) << message();
}

TEST_F(Model, an_op_without_wanted_outputs_gives_its_first) {
    glia_model *net    = model();
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(2));
    EXPECT_GT(glia_model_op(net, "unary", nullptr, &x, 1, nullptr, 0).id, 0) << message();
    EXPECT_LT(glia_model_op(net, "unary", nullptr, &x, 1, nullptr, 1).id, 0);
}

TEST_F(Model, wrong_arguments_are_refused_with_their_values) {
    struct Mistake {
        glia_value (*make)(glia_model *);
        const char *says;
    };
    const Mistake mistakes[] = {
        {[](glia_model *m) { return glia_model_dense(m, glia_model_input(m, nullptr, GLIA_SHAPE(3)), nullptr); },
         "units is 0"},
        {[](glia_model *m) { return glia_model_input(m, nullptr, GLIA_SHAPE(-3)); }, "-3"},
        {[](glia_model *m) {
             return glia_model_dropout(m, glia_model_input(m, nullptr, GLIA_SHAPE(3)),
                                       with(glia_dropout_args{.p = 1.5}));
         },
         "1.5"},
        {[](glia_model *m) {
             return glia_model_reshape(m, glia_model_input(m, nullptr, GLIA_SHAPE(6)),
                                       with(glia_reshape_args{.shape = GLIA_SHAPE(4, -1)}));
         },
         "[6]"},
        {[](glia_model *m) {
             return glia_model_max_pool2d(m, glia_model_input(m, nullptr, GLIA_SHAPE(1, 4, 4)), nullptr);
         },
         "kernel is {0,0}"},
        {[](glia_model *m) { return glia_model_flatten(m, glia_value{99}, nullptr); }, "not a value"},
        {[](glia_model *m) { return glia_model_index_input(m, "x", GLIA_U8, GLIA_SHAPE(2)); }, "u8"},
        {[](glia_model *m) { return glia_model_concat(m, nullptr, 3, nullptr); }, "glia_model_concat: values is NULL"},
        {[](glia_model *m) {
             glia_value out;
             return glia_model_op(m, "conv3d", nullptr, nullptr, 0, &out, 1);
         },
         "conv3d"},
        {[](glia_model *m) {
             return glia_model_activation(m, glia_model_input(m, nullptr, GLIA_SHAPE(3)),
                                          with(glia_activation_args{.kind = GLIA_RELU, .alpha = GLIA_SET(0.5)}));
         },
         "layer 'activation': alpha is 0.5, but relu has none"},
        {[](glia_model *m) {
             return glia_model_activation(m, glia_model_input(m, nullptr, GLIA_SHAPE(3)),
                                          with(glia_activation_args{.kind = GLIA_LEAKY_RELU, .beta = GLIA_SET(0)}));
         },
         "layer 'activation': beta is 0, but leaky_relu has none"},
        {[](glia_model *m) {
             return glia_model_activation(m, glia_model_input(m, nullptr, GLIA_SHAPE(3)),
                                          with(glia_activation_args{.kind = glia_activation(77)}));
         },
         "layer 'activation': invalid activation 77"},
        {[](glia_model *m) { return dense_from(m, {GLIA_INIT_NORMAL, 0, 0}); },
         "dense.weight: init kind 4 has a 0 and b 0: b, the standard"},
        {[](glia_model *m) { return dense_from(m, {GLIA_INIT_UNIFORM, 2, 1}); }, "a 2 and b 1: a must be below b"},
        {[](glia_model *m) { return dense_from(m, {GLIA_INIT_CONSTANT, INFINITY, 0}); },
         "a inf and b 0: must be finite"},
        {[](glia_model *m) { return padded(m, GLIA_PAD_SAME, 1); },
         "pad is {1,1} and pad_end {0,0}, must be left out: padding SAME"},
        {[](glia_model *m) { return padded(m, 9, 0); }, "invalid padding 9"},
        {[](glia_model *m) {
             glia_model_input(m, "same", GLIA_SHAPE(1));
             return glia_model_input(m, "same", GLIA_SHAPE(1));
         },
         "'same' is taken"},
    };
    for (const Mistake &mistake : mistakes) {
        glia_model *net = model();
        EXPECT_LT(mistake.make(net).id, 0) << mistake.says;
        EXPECT_NE(glia_model_status(net), GLIA_OK) << mistake.says;
        EXPECT_NE(message().find(mistake.says), std::string::npos) << message();
    }
    EXPECT_LT(glia_model_input(nullptr, "x", GLIA_SHAPE(1)).id, 0);
    EXPECT_EQ(glia_model_compile(nullptr, glia_value{1}, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_model_fit(nullptr, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
}

TEST_F(Model, data_that_does_not_fit_is_refused) {
    glia_model *net    = model();
    glia_dataset *data = two_classes(10);
    EXPECT_EQ(glia_model_fit(net, data, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("not compiled"), std::string::npos);
    ASSERT_EQ(compile(net, mlp(net), options(glia_loss_cross_entropy())), GLIA_OK) << message();
    EXPECT_EQ(glia_model_fit(net, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    glia_dataset *wide = dataset({array(GLIA_F32, GLIA_SHAPE(3), keep(std::vector<float>(30)))},
                                 {array(GLIA_I64, GLIA_SCALAR, keep(std::vector<int64_t>(10)))}, 10);
    EXPECT_EQ(glia_model_fit(net, wide, nullptr), GLIA_SHAPE_MISMATCH);
    EXPECT_NE(message().find("[2]"), std::string::npos) << message();
    EXPECT_NE(message().find("[3]"), std::string::npos) << message();
    glia_dataset *unlabelled = dataset({array(GLIA_F32, GLIA_SHAPE(2), keep(std::vector<float>(20)))}, {}, 10);
    EXPECT_EQ(glia_model_fit(net, unlabelled, nullptr), GLIA_SHAPE_MISMATCH);
    glia_dataset *wrong_class = dataset({array(GLIA_F32, GLIA_SHAPE(2), keep(std::vector<float>(20)))},
                                        {array(GLIA_I64, GLIA_SCALAR, keep(std::vector<int64_t>(10, 5)))}, 10);
    EXPECT_EQ(glia_model_fit(net, wrong_class, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("5"), std::string::npos) << message();
    float few[3];
    EXPECT_EQ(glia_model_predict(net, data, 0, few, sizeof few), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(fit(net, data, -1, 4), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(fit(net, data, 1, 4), GLIA_OK) << "still usable: " << message();
}

TEST_F(Model, weights_by_name) {
    glia_model *net = model();
    glia_value y    = mlp(net, 3);
    ASSERT_EQ(glia_model_weight_count(net), 4);
    EXPECT_STREQ(glia_model_weight_name(net, 0), "hidden.weight");
    EXPECT_STREQ(glia_model_weight_name(net, 1), "hidden.bias");
    EXPECT_EQ(glia_model_weight_name(net, 4), nullptr);
    EXPECT_EQ(glia_model_weight_shape(net, 0).dim[0], 3);
    EXPECT_EQ(glia_model_weight_shape(net, 0).dim[1], 2);
    const std::vector<float> want = {1, 2, 3, 4, 5, 6};
    float short_of[2];
    EXPECT_EQ(glia_model_get(net, "hidden.weight", short_of, sizeof short_of), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(glia_model_get(net, "nobody", short_of, sizeof short_of), GLIA_NOT_FOUND);
    ASSERT_EQ(glia_model_set(net, "hidden.weight", want.data(), 24), GLIA_OK) << message();
    EXPECT_EQ(get(net, "hidden.weight", 6), want) << "before compile";
    ASSERT_EQ(compile(net, y, options(glia_loss_cross_entropy())), GLIA_OK) << message();
    EXPECT_EQ(get(net, "hidden.weight", 6), want) << "after compile";
    EXPECT_EQ(get(net, "hidden.bias", 3), std::vector<float>(3, 0.0f));
}

TEST_F(Model, frozen_layers_keep_their_weights) {
    glia_model *net    = model();
    glia_dataset *data = two_classes(64);
    glia_value y       = mlp(net, 4);
    EXPECT_EQ(glia_model_freeze(net, "nobody", true), GLIA_NOT_FOUND);
    ASSERT_EQ(glia_model_freeze(net, "hidden", true), GLIA_OK);
    ASSERT_EQ(compile(net, y, options(glia_loss_cross_entropy())), GLIA_OK) << message();
    const auto hidden = get(net, "hidden.weight", 8), logits = get(net, "logits.weight", 8);
    ASSERT_EQ(fit(net, data, 2, 16), GLIA_OK) << message();
    EXPECT_EQ(get(net, "hidden.weight", 8), hidden);
    const auto trained = get(net, "logits.weight", 8);
    EXPECT_NE(trained, logits);
    ASSERT_EQ(glia_model_freeze(net, "hidden", false), GLIA_OK);
    ASSERT_EQ(compile(net, y, options(glia_loss_cross_entropy())), GLIA_OK) << message();
    EXPECT_EQ(get(net, "logits.weight", 8), trained) << "compiling again keeps the weights";
    ASSERT_EQ(fit(net, data, 2, 16), GLIA_OK) << message();
    EXPECT_NE(get(net, "hidden.weight", 8), hidden);
}

TEST_F(Model, several_inputs_and_outputs) {
    glia_model *net = model();
    glia_value a = glia_model_input(net, "a", GLIA_SHAPE(2)), b = glia_model_input(net, "b", GLIA_SHAPE(3));
    const glia_value both[] = {a, b};
    glia_value x            = glia_model_concat(net, both, 2, nullptr);
    glia_dense_args one{}, two{};
    one.units = 1, one.name = "sum", two.units = 2, two.name = "class";
    glia_output_args squared{}, classes{};
    squared.loss = glia_loss_mse(), squared.loss.weight = GLIA_SET(0.5), squared.metrics[0] = GLIA_METRIC_MAE;
    classes.loss = glia_loss_cross_entropy();
    ASSERT_EQ(glia_model_output(net, glia_model_dense(net, x, &one), &squared), GLIA_OK) << message();
    ASSERT_EQ(glia_model_output(net, glia_model_dense(net, x, &two), &classes), GLIA_OK) << message();
    ASSERT_EQ(compile(net, glia_value{0}, options(glia_model_loss{})), GLIA_OK) << message();

    std::vector<float> va, vb, sum;
    std::vector<int32_t> label;
    for (int i = 0; i < 60; ++i) {
        float total = 0;
        for (int k = 0; k < 2; ++k) va.push_back(float((i * 7 + k * 3) % 11) / 10), total += va.back();
        for (int k = 0; k < 3; ++k) vb.push_back(float((i * 5 + k) % 7) / 10), total += vb.back();
        sum.push_back(total);
        label.push_back(total > 1.5f);
    }
    glia_dataset *data =
        dataset({array(GLIA_F32, GLIA_SHAPE(2), keep(va)), array(GLIA_F32, GLIA_SHAPE(3), keep(vb))},
                {array(GLIA_F32, GLIA_SCALAR, keep(sum)), array(GLIA_I32, GLIA_SCALAR, keep(label))}, 60);
    ASSERT_EQ(fit(net, data, 150, 20), GLIA_OK) << message();
    glia_result result;
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &result), GLIA_OK) << message();
    const char *names[] = {"sum/loss", "sum/mae", "class/loss", "class/accuracy"};
    ASSERT_EQ(result.n_metrics, 4);
    for (int i = 0; i < 4; ++i) EXPECT_STREQ(result.metric_name[i], names[i]);
    EXPECT_LT(result.metric[1], 0.05);
    EXPECT_GT(result.metric[3], 0.9);
    EXPECT_NEAR(result.loss, 0.5 * result.metric[0] + result.metric[2], 1e-12);
    std::vector<float> first(60), second(120);
    void *out[]          = {first.data(), second.data()};
    const size_t bytes[] = {first.size() * 4, second.size() * 4};
    ASSERT_EQ(glia_model_predict_all(net, data, 16, out, bytes, 2), GLIA_OK) << message();
    for (int i = 0; i < 60; ++i) EXPECT_NEAR(first[size_t(i)], sum[size_t(i)], 0.3);
}

TEST_F(Model, batchnorm_moves_its_running_statistics_in_training_only) {
    glia_model *net = model();
    glia_batchnorm_args norm{};
    norm.name = "norm", norm.momentum = GLIA_SET(1);
    glia_value x            = glia_model_batchnorm(net, glia_model_input(net, "x", GLIA_SHAPE(1)), &norm);
    glia_compile_args still = options(glia_loss_mse(), glia_optimizer_sgd(1e-12));
    ASSERT_EQ(compile(net, x, still), GLIA_OK) << message();
    glia_dataset *data = dataset({array(GLIA_F32, GLIA_SHAPE(1), keep(std::vector<float>{1, 2, 3, 6}))},
                                 {array(GLIA_F32, GLIA_SHAPE(1), keep(std::vector<float>(4)))}, 4);
    glia_result result;
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &result), GLIA_OK) << message();
    EXPECT_EQ(get(net, "norm.running_mean", 1)[0], 0);
    ASSERT_EQ(fit(net, data, 1, 4), GLIA_OK) << message();
    EXPECT_FLOAT_EQ(get(net, "norm.running_mean", 1)[0], 3);
    EXPECT_FLOAT_EQ(get(net, "norm.running_var", 1)[0], 14.0f / 3) << "unbiased: (4 + 1 + 0 + 9) / 3";
    float y[4];
    ASSERT_EQ(glia_model_predict(net, data, 0, y, sizeof y), GLIA_OK) << message();
    EXPECT_NEAR(y[3], 3 / std::sqrt(14.0 / 3 + 1e-5), 1e-6) << "in use: the running statistics";
}

TEST_F(Model, confusion_matrix_counts_pairs) {
    glia_model *net = model();
    glia_value x    = glia_model_input(net, "scores", GLIA_SHAPE(3));
    ASSERT_EQ(compile(net, glia_model_activation(net, x, nullptr), options(glia_loss_cross_entropy())), GLIA_OK)
        << message();
    glia_dataset *data =
        dataset({array(GLIA_F32, GLIA_SHAPE(3), keep(std::vector<float>{1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}))},
                {array(GLIA_I64, GLIA_SCALAR, keep(std::vector<int64_t>{0, 1, 1, 0}))}, 4);
    int64_t counts[9];
    ASSERT_EQ(glia_model_confusion_matrix(net, data, 3, counts, sizeof counts), GLIA_OK) << message();
    const int64_t want[9] = {2, 0, 0, 0, 1, 1, 0, 0, 0};
    for (int i = 0; i < 9; ++i) EXPECT_EQ(counts[i], want[i]) << i;
    EXPECT_EQ(glia_model_confusion_matrix(net, data, 3, counts, 8), GLIA_INVALID_ARGUMENT);
}

TEST_F(Model, every_optimizer_makes_the_loss_smaller) {
    glia_dataset *data = two_classes(128);
    for (glia_optimizer optimizer :
         {glia_optimizer_sgd(0.02), glia_optimizer_momentum(0.02, 0.9), glia_optimizer_nesterov(0.02, 0.9),
          glia_optimizer_adagrad(0.02), glia_optimizer_rmsprop(0.02), glia_optimizer_adam(0.02),
          glia_optimizer_adamw(0.02, 1e-5)}) {
        SCOPED_TRACE(optimizer.kind);
        switch (optimizer.kind) {
            case GLIA_OPTIMIZER_SGD: optimizer.sgd.l1 = optimizer.sgd.weight_decay = 1e-5; break;
            case GLIA_OPTIMIZER_ADAGRAD: optimizer.adagrad.l1 = optimizer.adagrad.weight_decay = 1e-5; break;
            case GLIA_OPTIMIZER_RMSPROP: optimizer.rmsprop.l1 = optimizer.rmsprop.weight_decay = 1e-5; break;
            default: optimizer.adam.l1 = optimizer.adam.weight_decay = 1e-5;
        }
        glia_model *net        = model();
        glia_compile_args args = options(glia_loss_cross_entropy(), optimizer);
        args.clip_value = 5, args.clip_norm = 5, args.clip_global_norm = 5;
        ASSERT_EQ(compile(net, mlp(net), args), GLIA_OK) << message();
        glia_result before, after;
        ASSERT_EQ(glia_model_evaluate(net, data, 0, &before), GLIA_OK) << message();
        ASSERT_EQ(fit(net, data, 10, 16), GLIA_OK) << message();
        ASSERT_EQ(glia_model_evaluate(net, data, 0, &after), GLIA_OK) << message();
        EXPECT_LT(after.loss, 0.9 * before.loss);
    }
}

TEST_F(Model, initial_weights_follow_their_distribution) {
    struct Wanted {
        glia_init_kind kind;
        double a, b, mean, deviation, limit;
    };
    const double fan_in = 200, fan_out = 300;
    const Wanted wanted[] = {
        {GLIA_INIT_ZEROS, 0, 0, 0, 0, 0},
        {GLIA_INIT_CONSTANT, 0.5, 0, 0.5, 0, 0.5},
        {GLIA_INIT_UNIFORM, -1, 3, 1, 4 / std::sqrt(12), 3},
        {GLIA_INIT_NORMAL, 2, 0.5, 2, 0.5, 100},
        {GLIA_INIT_TRUNCATED_NORMAL, 0, 1, 0, 0.8796, 2},
        {GLIA_INIT_GLOROT_UNIFORM, 0, 0, 0, std::sqrt(2 / (fan_in + fan_out)), std::sqrt(6 / (fan_in + fan_out))},
        {GLIA_INIT_GLOROT_NORMAL, 0, 0, 0, std::sqrt(2 / (fan_in + fan_out)), 100},
        {GLIA_INIT_HE_UNIFORM, 0, 0, 0, std::sqrt(2 / fan_in), std::sqrt(6 / fan_in)},
        {GLIA_INIT_HE_NORMAL, 0, 0, 0, std::sqrt(2 / fan_in), 100},
    };
    for (const Wanted &w : wanted) {
        glia_model *net = model();
        glia_dense_args dense{};
        dense.name = "d", dense.units = int(fan_out), dense.weight_init = {w.kind, w.a, w.b};
        ASSERT_EQ(compile(net, glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(int64_t(fan_in))), &dense),
                          options(glia_loss_mse())),
                  GLIA_OK);
        const auto values = get(net, "d.weight", size_t(fan_in * fan_out));
        const double n = double(values.size()), mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
        double square = 0, most = 0;
        for (float v : values) square += (v - mean) * (v - mean), most = std::max(most, std::fabs(double(v)));
        EXPECT_NEAR(mean, w.mean, 5 * w.deviation / std::sqrt(n) + 1e-7) << w.kind;
        EXPECT_NEAR(std::sqrt(square / n), w.deviation, 0.02 * w.deviation + 1e-7) << w.kind;
        EXPECT_LE(most, w.limit * (1 + 1e-6)) << w.kind;
    }
}

TEST_F(Model, orthogonal_weights_are_orthonormal) {
    for (const auto &[units, inputs] : {std::pair<int, int>{6, 9}, {9, 6}, {5, 5}}) {
        glia_model *net = model();
        glia_dense_args dense{};
        dense.name = "d", dense.units = units, dense.weight_init = {GLIA_INIT_ORTHOGONAL, 2, 0};
        ASSERT_EQ(compile(net, glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(inputs)), &dense),
                          options(glia_loss_mse())),
                  GLIA_OK);
        const auto w    = get(net, "d.weight", size_t(units * inputs));
        const bool rows = units <= inputs;
        const int n = rows ? units : inputs, length = rows ? inputs : units;
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < n; ++j) {
                double dot = 0;
                for (int k = 0; k < length; ++k)
                    dot += rows ? double(w[size_t(i * inputs + k)]) * w[size_t(j * inputs + k)]
                                : double(w[size_t(k * inputs + i)]) * w[size_t(k * inputs + j)];
                EXPECT_NEAR(dot, i == j ? 4 : 0, 1e-5) << units << "x" << inputs << " " << i << "," << j;
            }
    }
}

TEST_F(Model, summary_lists_layers_shapes_and_weights) {
    glia_model *net = model();
    mlp(net, 8);
    char *text  = nullptr;
    size_t size = 0;
    FILE *file  = open_memstream(&text, &size);
    ASSERT_EQ(glia_model_summary(net, file), GLIA_OK) << message();
    fclose(file);
    const std::string table(text, size);
    free(text);
    for (const char *part : {"hidden", "dense", "[8]", "24", "logits", "[2]", "18", "42 weights"})
        EXPECT_NE(table.find(part), std::string::npos) << part << "\n" << table;
    EXPECT_EQ(glia_model_summary(net, nullptr), GLIA_INVALID_ARGUMENT);
}

TEST_F(Model, a_callback_can_end_training) {
    glia_model *net    = model();
    glia_dataset *data = two_classes(32);
    ASSERT_EQ(compile(net, mlp(net), options(glia_loss_cross_entropy())), GLIA_OK);
    int epochs = 0;
    glia_fit_args args{};
    args.epochs = 10, args.batch_size = 8, args.validation = data, args.callbacks[0].user = &epochs;
    args.callbacks[0].on_epoch_end = [](void *user, const glia_event *event) {
        EXPECT_EQ(event->epoch->steps, 4);
        EXPECT_TRUE(event->epoch->has_validation);
        EXPECT_GT(event->epoch->plan_bytes, 0u);
        return ++*static_cast<int *>(user) == 3 ? GLIA_CANCELLED : GLIA_OK;
    };
    EXPECT_EQ(glia_model_fit(net, data, &args), GLIA_CANCELLED);
    EXPECT_EQ(epochs, 3);
}

TEST_F(Model, every_layer_trains_a_step) {
    glia_model *net = model();
    glia_value x    = glia_model_input(net, "image", GLIA_SHAPE(2, 8, 8));
    glia_conv2d_args same{};
    same.filters = 4, same.kernel[0] = same.kernel[1] = 3, same.padding = GLIA_PAD_SAME, same.activation = GLIA_GELU;
    x = glia_model_conv2d(net, x, &same);
    glia_groupnorm_args groups{};
    groups.groups = 2;
    x             = glia_model_groupnorm(net, x, &groups);
    x             = glia_model_prelu(net, x, nullptr);
    x             = glia_model_add(net, x, glia_model_instancenorm(net, x, nullptr), nullptr);
    glia_conv2d_transpose_args up{};
    up.filters = 3, up.kernel[0] = up.kernel[1] = 2, up.stride[0] = up.stride[1] = 2, up.activation = GLIA_SIGMOID;
    x = glia_model_conv2d_transpose(net, x, &up);
    glia_avg_pool2d_args pool{};
    pool.kernel[0] = pool.kernel[1] = 3, pool.stride[0] = pool.stride[1] = 2, pool.padding = GLIA_PAD_SAME_LOWER;
    x = glia_model_batchnorm(net, glia_model_avg_pool2d(net, x, &pool), nullptr);
    x = glia_model_adaptive_max_pool2d(net, x, with(glia_adaptive_pool2d_args{.size = {4, 3}}));
    x = glia_model_reshape(net, x, with(glia_reshape_args{.shape = GLIA_SHAPE(3, -1)}));
    glia_conv1d_args line{};
    line.filters = 5, line.kernel = 3, line.pad = 1;
    x            = glia_model_conv1d(net, x, &line);
    x            = glia_model_layernorm(net, x, nullptr);
    glia_value y = glia_model_multiply(
        net, x, glia_model_activation(net, x, with(glia_activation_args{.kind = GLIA_SILU})), nullptr);
    glia_dense_args dense{};
    dense.units = 3;
    y = glia_model_log_softmax(net, glia_model_dense(net, glia_model_flatten(net, y, nullptr), &dense), nullptr);
    ASSERT_EQ(compile(net, y, options(glia_loss_nll())), GLIA_OK) << message();
    std::vector<float> image(12 * 128);
    std::vector<int64_t> label(12);
    for (size_t i = 0; i < image.size(); ++i) image[i] = float(i * 37 % 101) / 50 - 1;
    for (size_t i = 0; i < label.size(); ++i) label[i] = int64_t(i % 3);
    glia_dataset *data =
        dataset({array(GLIA_F32, GLIA_SHAPE(2, 8, 8), keep(image))}, {array(GLIA_I64, GLIA_SCALAR, keep(label))}, 12);
    glia_result before, after;
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &before), GLIA_OK) << message();
    ASSERT_EQ(fit(net, data, 20, 5), GLIA_OK) << message();
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &after), GLIA_OK) << message();
    EXPECT_LT(after.loss, before.loss);
    EXPECT_TRUE(std::isfinite(after.loss));
}

TEST_F(Model, embedding_learns_its_rows) {
    glia_model *net = model();
    glia_embedding_args table{};
    table.name = "words", table.count = 5, table.size = 4;
    glia_value x = glia_model_flatten(
        net, glia_model_embedding(net, glia_model_index_input(net, "ids", GLIA_I32, GLIA_SHAPE(2)), &table), nullptr);
    glia_dense_args dense{};
    dense.units = 16, dense.activation = GLIA_TANH;
    x           = glia_model_dense(net, x, &dense);
    dense.units = 5, dense.activation = GLIA_LINEAR;
    ASSERT_EQ(compile(net, glia_model_dense(net, x, &dense), options(glia_loss_cross_entropy())), GLIA_OK) << message();
    std::vector<int32_t> ids;
    std::vector<int64_t> next;
    for (int i = 0; i < 25; ++i) ids.insert(ids.end(), {i % 5, i / 5}), next.push_back((i % 5 + i / 5) % 5);
    glia_dataset *data =
        dataset({array(GLIA_I32, GLIA_SHAPE(2), keep(ids))}, {array(GLIA_I64, GLIA_SCALAR, keep(next))}, 25);
    ASSERT_EQ(fit(net, data, 120, 25), GLIA_OK) << message();
    glia_result result;
    ASSERT_EQ(glia_model_evaluate(net, data, 0, &result), GLIA_OK) << message();
    EXPECT_GT(result.metric[0], 0.95);
}

}  // namespace
