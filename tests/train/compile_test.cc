// Losses and optimizers as values: what zero, nothing and a wrong number mean in them, and what an output that is
// switched off does.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/keep.h"
#include "support/with.h"

namespace {

using glia::with;
using Numbers = std::vector<double>;
using Bits    = std::vector<float>;

class Compile : public testing::Test {
   protected:
    Compile() {
        const glia_context_args args{.seed = 5, .threads = 1};
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
        keep_(ctx, glia_context_destroy);
    }

    glia_model *model(glia_dtype dtype = GLIA_F32) {
        glia_model *net = nullptr;
        EXPECT_EQ(glia_model_create(ctx, with(glia_model_args{dtype}), &net), GLIA_OK) << message();
        return keep_(net, glia_model_destroy);
    }
    static glia_value dense(glia_model *net, glia_value x, const char *name, int units) {
        return glia_model_dense(net, x, with(glia_dense_args{.name = name, .units = units, .activation = GLIA_TANH}));
    }
    // One hidden layer and an output of three.
    static glia_value network(glia_model *net) {
        return dense(net, dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), "hidden", 4), "y", 3);
    }
    // 12 samples of two numbers, each with as many targets as are asked for: a class, three numbers, a class, ...
    glia_dataset *data(int n_targets = 1) {
        static const Bits x = [] {
            Bits values;
            for (int i = 0; i < 24; ++i) values.push_back(float(i * 7 % 11) / 5 - 1);
            return values;
        }();
        static const Bits numbers = [] {
            Bits values;
            for (int i = 0; i < 36; ++i) values.push_back(float(i * 5 % 13) / 6 - 1);
            return values;
        }();
        static const std::vector<int64_t> classes{0, 1, 2, 2, 1, 0, 0, 2, 1, 1, 0, 2};
        const glia_array in{.dtype = GLIA_F32, .shape = GLIA_SHAPE(2), .data = x.data()};
        std::vector<glia_array> out;
        for (int i = 0; i < n_targets; ++i) {
            const std::string &name = names_[size_t(i)];
            if (i % 2 == 0)
                out.push_back({.name = name.c_str(), .dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = classes.data()});
            else
                out.push_back(
                    {.name = name.c_str(), .dtype = GLIA_F32, .shape = GLIA_SHAPE(3), .data = numbers.data()});
        }
        glia_arrays_args args{};
        args.inputs = &in, args.n_inputs = 1, args.targets = out.data(), args.n_targets = n_targets, args.count = 12;
        glia_dataset *made = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &made), GLIA_OK) << message();
        return keep_(made, glia_dataset_destroy);
    }
    void fit(glia_model *net, glia_dataset *samples, int epochs = 2) {
        EXPECT_EQ(glia_model_fit(net, samples, with(glia_fit_args{.epochs = epochs, .batch_size = 4})), GLIA_OK)
            << message();
    }
    // All weights whose names begin so.
    Bits weights(const glia_model *net, const std::string &prefix = "") {
        Bits all;
        for (int i = 0; i < glia_model_weight_count(net); ++i) {
            const std::string name = glia_model_weight_name(net, i);
            if (name.rfind(prefix, 0) != 0) continue;
            const glia_shape shape = glia_model_weight_shape(net, i);
            size_t count           = 1;
            for (int d = 0; d < shape.ndim; ++d) count *= size_t(shape.dim[d]);
            all.resize(all.size() + count);
            EXPECT_EQ(glia_model_get(net, name.c_str(), &all[all.size() - count], count * sizeof(float)), GLIA_OK)
                << message();
        }
        return all;
    }
    glia_result evaluate(glia_model *net, glia_dataset *samples) {
        glia_result result{};
        EXPECT_EQ(glia_model_evaluate(net, samples, 0, &result), GLIA_OK) << message();
        return result;
    }
    std::string message() const { return glia_message(ctx); }

    glia_context *ctx = nullptr;

   private:
    glia::Keep keep_;
    const std::string names_[4] = {"t0", "t1", "t2", "t3"};
};

std::vector<glia_optimizer> all_optimizers(double rate) {
    glia_optimizer centered   = glia_optimizer_rmsprop(rate);
    centered.rmsprop.centered = true, centered.rmsprop.momentum = 0.5;
    return {glia_optimizer_sgd(rate),
            glia_optimizer_momentum(rate, 0.9),
            glia_optimizer_nesterov(rate, 0.9),
            glia_optimizer_adagrad(rate),
            glia_optimizer_rmsprop(rate),
            glia_optimizer_adam(rate),
            centered,
            glia_optimizer_adamw(rate, 0.1)};
}

// ---- Optimizers ----

TEST_F(Compile, a_learning_rate_of_0_keeps_every_bit_of_the_weights) {
    glia_dataset *samples = data();
    for (const double first : {0.0, 0.01})
        for (const glia_optimizer &optimizer : all_optimizers(first)) {
            SCOPED_TRACE(optimizer.kind);
            glia_model *net = model();
            ASSERT_EQ(
                glia_model_compile(net, network(net),
                                   with(glia_compile_args{.loss = glia_loss_cross_entropy(), .optimizer = optimizer})),
                GLIA_OK)
                << message();
            const Bits before = weights(net);
            fit(net, samples);
            const Bits after = weights(net);
            EXPECT_EQ(before == after, first == 0);
            EXPECT_EQ(glia_model_set_learning_rate(net, 0), GLIA_OK) << message();
            fit(net, samples);
            EXPECT_EQ(weights(net), after);
        }
}

TEST_F(Compile, without_an_optimizer_it_is_adam) {
    glia_dataset *samples = data();
    Bits want;
    for (int way = 0; way < 4; ++way) {
        SCOPED_TRACE(way);
        glia_model *net    = model();
        const glia_value y = network(net);
        const glia_output_args output{.loss = glia_loss_cross_entropy()};
        glia_compile_args args{};
        if (way == 0 || way == 1) args.loss = glia_loss_cross_entropy();
        if (way == 0) args.optimizer = glia_optimizer_adam(1e-3);
        if (way >= 2) {
            ASSERT_EQ(glia_model_output(net, y, &output), GLIA_OK) << message();
        }
        ASSERT_EQ(glia_model_compile(net, way < 2 ? y : glia_value{0}, way == 3 ? nullptr : &args), GLIA_OK)
            << message();
        const Bits before = weights(net);
        fit(net, samples);
        if (way == 0)
            EXPECT_NE(want = weights(net), before);
        else
            EXPECT_EQ(weights(net), want);
    }
}

// Of one weight w with x = 1 and t = 0, the mean squared error has the gradient 2 w.
TEST_F(Compile, zero_is_a_number_in_optimizers) {
    glia_optimizer adam = glia_optimizer_adam(0.125), adagrad = glia_optimizer_adagrad(0.125),
                   rmsprop = glia_optimizer_rmsprop(0.125);
    adam.adam.beta1 = adam.adam.beta2 = adam.adam.epsilon = 0;
    adagrad.adagrad.epsilon                               = 0;
    rmsprop.rmsprop.alpha = rmsprop.rmsprop.epsilon = 0;
    const struct {
        const char *name;
        glia_optimizer optimizer;
        double want;
    } table[] = {
        {"sgd", glia_optimizer_sgd(0.125), 3 - 0.125 * 6},
        {"momentum", glia_optimizer_momentum(0.125, 0), 3 - 0.125 * 6},
        {"adam", adam, 3 - 0.125},
        {"adagrad", adagrad, 3 - 0.125},
        {"rmsprop", rmsprop, 3 - 0.125},
        {"adamw", glia_optimizer_adamw(0.125, 0), 3 - 0.125 * 6 / (6 + 1e-8)},
    };
    const double one = 1, none = 0, three = 3;
    const glia_array in{.dtype = GLIA_F64, .shape = GLIA_SHAPE(1), .data = &one},
        out{.dtype = GLIA_F64, .shape = GLIA_SHAPE(1), .data = &none};
    glia_dataset *samples = nullptr;
    ASSERT_EQ(
        glia_dataset_from_arrays(
            ctx, with(glia_arrays_args{.inputs = &in, .n_inputs = 1, .targets = &out, .n_targets = 1, .count = 1}),
            &samples),
        GLIA_OK)
        << message();
    for (const auto &row : table) {
        SCOPED_TRACE(row.name);
        glia_model *net    = model(GLIA_F64);
        const glia_value y = glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(1)),
                                              with(glia_dense_args{.name = "y", .units = 1, .no_bias = true}));
        ASSERT_EQ(
            glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_mse(), .optimizer = row.optimizer})),
            GLIA_OK)
            << message();
        ASSERT_EQ(glia_model_set(net, "y.weight", &three, sizeof three), GLIA_OK) << message();
        ASSERT_EQ(glia_model_fit(net, samples, nullptr), GLIA_OK) << message();
        double w = NAN;
        ASSERT_EQ(glia_model_get(net, "y.weight", &w, sizeof w), GLIA_OK) << message();
        EXPECT_NEAR(w, row.want, 1e-15);
    }
    glia_dataset_destroy(samples);
}

TEST_F(Compile, optimizers_with_bad_numbers_are_refused_with_their_values) {
    const auto changed = [](glia_optimizer optimizer, void (*change)(glia_optimizer *)) {
        change(&optimizer);
        return optimizer;
    };
    const glia_optimizer sgd = glia_optimizer_sgd(0.1), adam = glia_optimizer_adam(0.1),
                         adagrad = glia_optimizer_adagrad(0.1), rmsprop = glia_optimizer_rmsprop(0.1);
    const struct {
        glia_optimizer optimizer;
        const char *says;
    } table[] = {
        {{.kind = GLIA_OPTIMIZER_SGD},
         "the optimizer has no learning rate: glia_optimizer_sgd(rate) makes it with one"},
        {{.kind = GLIA_OPTIMIZER_ADAM},
         "the optimizer has no learning rate: glia_optimizer_adam(rate) makes it with one"},
        {{.kind = GLIA_OPTIMIZER_ADAGRAD},
         "the optimizer has no learning rate: glia_optimizer_adagrad(rate) makes it with one"},
        {{.kind = GLIA_OPTIMIZER_RMSPROP},
         "the optimizer has no learning rate: glia_optimizer_rmsprop(rate) makes it with one"},
        {{.learning_rate = GLIA_SET(0.5)},
         "the optimizer has the learning rate 0.5 and no kind: glia_optimizer_adam(rate) makes one"},
        {{.kind = glia_optimizer_kind(77), .learning_rate = GLIA_SET(0.5)}, "invalid optimizer 77"},
        {{.kind = glia_optimizer_kind(-1), .learning_rate = GLIA_SET(0.5)}, "invalid optimizer -1"},
        {glia_optimizer_sgd(-0.5), "learning_rate is -0.5, must be 0 to "},
        {glia_optimizer_adam(NAN), "learning_rate is nan, must be 0 to "},
        {glia_optimizer_adam(INFINITY), "learning_rate is inf, must be 0 to "},
        {glia_optimizer_adam(1e300), "learning_rate is 1e+300, must be 0 to "},
        {glia_optimizer_momentum(0.1, -0.9), "sgd: momentum is -0.9"},
        {glia_optimizer_momentum(0.1, NAN), "sgd: momentum is nan"},
        {glia_optimizer_momentum(0.1, INFINITY), "sgd: momentum is inf"},
        {glia_optimizer_nesterov(0.1, 0), "sgd: nesterov needs momentum and no dampening, they are 0 and 0"},
        {changed(sgd, [](auto *o) { o->sgd.dampening = 0.5; }), "sgd: dampening is 0.5"},
        {changed(sgd, [](auto *o) { o->sgd.weight_decay = -1; }), "sgd: weight_decay is -1"},
        {changed(sgd, [](auto *o) { o->sgd.l1 = NAN; }), "sgd: l1 is nan"},
        {changed(adam, [](auto *o) { o->adam.beta1 = 1; }), "adam: beta1 is 1"},
        {changed(adam, [](auto *o) { o->adam.beta2 = -0.1; }), "adam: beta2 is -0.1"},
        {changed(adam, [](auto *o) { o->adam.epsilon = -1; }), "adam: epsilon is -1"},
        {changed(adam, [](auto *o) { o->adam.epsilon = INFINITY; }), "adam: epsilon is inf"},
        {glia_optimizer_adamw(0.1, NAN), "adam: weight_decay is nan"},
        {glia_optimizer_adamw(0.1, -1), "adam: weight_decay is -1"},
        {changed(adagrad, [](auto *o) { o->adagrad.epsilon = NAN; }), "adagrad: epsilon is nan"},
        {changed(adagrad, [](auto *o) { o->adagrad.l1 = -2; }), "adagrad: l1 is -2"},
        {changed(rmsprop, [](auto *o) { o->rmsprop.alpha = 1.5; }), "rmsprop: alpha is 1.5"},
        {changed(rmsprop, [](auto *o) { o->rmsprop.momentum = -1; }), "rmsprop: momentum is -1"},
        {changed(rmsprop, [](auto *o) { o->rmsprop.epsilon = -1; }), "rmsprop: epsilon is -1"},
    };
    glia_model *net    = model();
    const glia_value y = network(net);
    for (const auto &row : table) {
        EXPECT_EQ(glia_model_compile(net, y, with(glia_compile_args{.optimizer = row.optimizer})),
                  GLIA_INVALID_ARGUMENT)
            << row.says;
        EXPECT_EQ(message().find(std::string("glia_model_compile: ") + row.says), 0u)
            << message() << "\nlacks: " << row.says;
    }
    const struct {
        glia_compile_args args;
        const char *says;
    } clips[] = {
        {{.clip_value = -1}, "glia_model_compile: clip_value is -1, must be 0 to 1e+30"},
        {{.clip_norm = NAN}, "glia_model_compile: clip_norm is nan, must be 0 to 1e+30"},
        {{.clip_global_norm = INFINITY}, "glia_model_compile: clip_global_norm is inf, must be 0 to 1e+30"},
    };
    for (const auto &row : clips) {
        EXPECT_EQ(glia_model_compile(net, y, &row.args), GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(message(), row.says);
    }
    ASSERT_EQ(glia_model_compile(net, y, nullptr), GLIA_OK) << "none of them left anything: " << message();
    for (const double rate : {-1.0, double(NAN), double(INFINITY)})
        EXPECT_EQ(glia_model_set_learning_rate(net, rate), GLIA_INVALID_ARGUMENT) << rate;
    EXPECT_EQ(message().find("glia_model_set_learning_rate: rate is inf, must be 0 to "), 0u) << message();
}

// ---- Losses ----

TEST_F(Compile, losses_with_bad_numbers_are_refused_with_their_values) {
    const auto changed = [](glia_model_loss loss, void (*change)(glia_model_loss *)) {
        change(&loss);
        return loss;
    };
    static const double negative[] = {1, 1, -0.5}, none[] = {1, NAN, 1}, unbounded[] = {INFINITY, 1, 1};
    const glia_model_loss classes = glia_loss_cross_entropy(), mse = glia_loss_mse();
    const struct {
        glia_model_loss loss;
        const char *says;
    } table[] = {
        {{.kind = glia_loss_kind(77)}, "invalid loss 77"},
        {{.kind = glia_loss_kind(-1)}, "invalid loss -1"},
        {changed(mse, [](auto *l) { l->reduction = GLIA_REDUCTION_NONE; }), "reduction is 2, must be mean or sum"},
        {changed(mse, [](auto *l) { l->reduction = glia_reduction(9); }), "reduction is 9, must be mean or sum"},
        {changed(mse, [](auto *l) { l->weight = GLIA_SET(-1); }),
         "the weight of the loss is -1, must be finite in f32 and not negative"},
        {changed(mse, [](auto *l) { l->weight = GLIA_SET(NAN); }),
         "the weight of the loss is nan, must be finite in f32 and not negative"},
        {changed(mse, [](auto *l) { l->weight = GLIA_SET(INFINITY); }),
         "the weight of the loss is inf, must be finite in f32 and not negative"},
        {glia_loss_huber(0), "loss: delta is 0"},
        {glia_loss_huber(-1), "loss: delta is -1"},
        {glia_loss_huber(NAN), "loss: delta is nan"},
        {changed(classes, [](auto *l) { l->classes.label_smoothing = 1.5; }), "cross_entropy: label_smoothing is 1.5"},
        {changed(classes, [](auto *l) { l->classes.label_smoothing = -0.1; }),
         "cross_entropy: label_smoothing is -0.1"},
        {changed(glia_loss_categorical_cross_entropy(), [](auto *l) { l->classes.label_smoothing = 2; }),
         "cross_entropy: label_smoothing is 2"},
        {changed(glia_loss_nll(), [](auto *l) { l->classes.label_smoothing = NAN; }),
         "cross_entropy: label_smoothing is nan"},
        {changed(classes, [](auto *l) { l->classes.class_weight = negative; }),
         "class_weight[2] is -0.5, must be finite in f32 and not negative"},
        {changed(classes, [](auto *l) { l->classes.class_weight = none; }),
         "class_weight[1] is nan, must be finite in f32 and not negative"},
        {changed(classes, [](auto *l) { l->classes.class_weight = unbounded; }),
         "class_weight[0] is inf, must be finite in f32 and not negative"},
    };
    glia_model *net    = model();
    const glia_value y = network(net);
    for (const auto &row : table) {
        EXPECT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = row.loss})), GLIA_INVALID_ARGUMENT)
            << row.says;
        EXPECT_EQ(message().find(std::string("glia_model_compile: ") + row.says), 0u)
            << message() << "\nlacks: " << row.says;
        EXPECT_EQ(glia_model_output(net, y, with(glia_output_args{.loss = row.loss})), GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(message().find(std::string("glia_model_output: ") + row.says), 0u)
            << message() << "\nlacks: " << row.says;
    }
    ASSERT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = classes})), GLIA_OK)
        << "none of them left anything: " << message();
}

// Logits of zeros, whose probabilities are 1/3 each; targets are those of data().
TEST_F(Compile, what_belongs_to_an_output_needs_one) {
    glia_model *net = model();
    const glia_output_args mse{.loss = glia_loss_mse()};
    EXPECT_EQ(glia_model_output(net, dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), "d", 2), &mse), GLIA_OK);
    glia_compile_args wrong[3] = {};
    wrong[0].loss              = glia_loss_mse();
    wrong[1].metrics[3]        = GLIA_METRIC_MAE;
    wrong[2].top_k             = 3;
    for (const glia_compile_args &args : wrong) {
        EXPECT_EQ(glia_model_compile(net, {0}, &args), GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(message().find("glia_model_compile: a loss or metrics without an output"), 0u) << message();
    }
    EXPECT_EQ(glia_model_compile(net, {0}, nullptr), GLIA_OK) << message();
}

// A number for each sample, added to two: it goes along the batch where a batch has two samples, and nowhere else.
TEST_F(Compile, what_goes_only_with_batches_of_two_samples_is_refused) {
    glia_model *net = nullptr;
    ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(2)), b = glia_model_input(net, "b", GLIA_SCALAR);
    const glia_value y = glia_model_add(net, x, b, with(glia_layer_args{.name = "sum"}));
    EXPECT_EQ(glia_model_compile(net, y, nullptr), GLIA_SHAPE_MISMATCH);
    const std::string said = glia_message(ctx);
    EXPECT_EQ(said.find("glia_model_compile: of batches of 3 samples: layer 'sum': "), 0u) << said;
    EXPECT_EQ(glia_model_status(net), GLIA_OK) << "the model is as it was";
    glia_model_destroy(net);
}

// u8 labels are the commonest mistake: what they should be, rather than what shape.
TEST_F(Compile, labels_of_a_type_that_is_no_index_are_told) {
    glia_model *net    = model();
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), "d", 3);
    ASSERT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_cross_entropy()})), GLIA_OK);
    const float x[8]         = {};
    const unsigned char t[4] = {0, 1, 2, 0};
    const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(2), .data = x},
        target{.dtype = GLIA_U8, .shape = GLIA_SCALAR, .data = t};
    glia_dataset *data = nullptr;
    ASSERT_EQ(
        glia_dataset_from_arrays(
            ctx,
            with(glia_arrays_args{.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = 4}),
            &data),
        GLIA_OK);
    EXPECT_EQ(glia_model_fit(net, data, nullptr), GLIA_DTYPE_MISMATCH);
    EXPECT_NE(message().find("the targets are u8: class indices must be i32 or i64, probabilities [4,3]"),
              std::string::npos)
        << message();
    glia_dataset_destroy(data);
}

// Bytes of the union that its kind does not read may be anything.
TEST_F(Compile, a_loss_reads_the_options_of_its_kind_only) {
    glia_model_loss loss;
    memset(&loss, 0xff, sizeof loss);
    loss.kind = GLIA_LOSS_MSE, loss.reduction = GLIA_REDUCTION_MEAN, loss.weight = {};
    glia_model *net    = model();
    const glia_value y = dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), "d", 2);
    EXPECT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = loss})), GLIA_OK) << message();
}

TEST_F(Compile, losses_compute_what_they_are_told) {
    const auto of = [&](const glia_model_loss &loss, glia_dataset *samples) {
        glia_model *net    = model();
        const glia_value y = network(net);
        EXPECT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = loss})), GLIA_OK) << message();
        const Bits zeros(12);
        EXPECT_EQ(glia_model_set(net, "y.weight", zeros.data(), 12 * sizeof(float)), GLIA_OK) << message();
        return evaluate(net, samples).loss;
    };
    glia_dataset *samples = data();
    glia_model_loss loss  = glia_loss_cross_entropy();
    const double each     = std::log(3.0);
    EXPECT_NEAR(of(loss, samples), each, 1e-6);
    loss.weight = GLIA_SET(2);
    EXPECT_NEAR(of(loss, samples), 2 * each, 1e-6);
    loss.weight = GLIA_SET(0);
    EXPECT_EQ(of(loss, samples), 0);
    loss.weight = {}, loss.reduction = GLIA_REDUCTION_SUM;
    EXPECT_NEAR(of(loss, samples), each, 1e-6) << "sums are reported for each sample";
    loss.classes.ignore = true;
    EXPECT_NEAR(of(loss, samples), each * 8 / 12, 1e-6) << "class 0 has four of the twelve";
    {
        const double class_weight[] = {0, 3, 0};
        loss                        = glia_loss_cross_entropy();
        loss.reduction              = GLIA_REDUCTION_SUM;
        loss.classes.class_weight   = class_weight;
        EXPECT_NEAR(of(loss, samples), 3 * each * 4 / 12, 1e-6);
    }
}

TEST_F(Compile, huber_has_its_delta) {
    const float x = 0;
    const float t[]{0.25f, 2, -3};
    const glia_array in{.dtype = GLIA_F32, .shape = GLIA_SHAPE(3), .data = t},
        out{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = &x};
    glia_dataset *samples = nullptr;
    ASSERT_EQ(
        glia_dataset_from_arrays(
            ctx, with(glia_arrays_args{.inputs = &in, .n_inputs = 1, .targets = &out, .n_targets = 1, .count = 1}),
            &samples),
        GLIA_OK)
        << message();
    for (const double delta : {0.5, 1.0, 8.0}) {
        glia_model *net    = model();
        const glia_value v = glia_model_input(net, "x", GLIA_SHAPE(3));
        const glia_value y = glia_model_slice(net, v, with(glia_slice_args{.start = 1, .stop = 2}));
        ASSERT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_huber(delta)})), GLIA_OK)
            << message();
        EXPECT_FLOAT_EQ(float(evaluate(net, samples).loss), float(delta >= 2 ? 2 : delta * (2 - delta / 2))) << delta;
    }
    glia_dataset_destroy(samples);
}

// ---- An output that is switched off ----

// A trunk, an output of three classes, and after it one of three numbers with two layers of its own, which may be
// missing.
enum class Second { missing, off, on };

class SwitchedOff : public Compile {
   protected:
    glia_model *build(Second second, const glia_optimizer &optimizer = glia_optimizer_momentum(0.1, 0.9)) {
        glia_model *net        = model();
        const glia_value trunk = dense(net, glia_model_input(net, "x", GLIA_SHAPE(2)), "trunk", 4);
        glia_output_args output{.loss = glia_loss_cross_entropy()};
        EXPECT_EQ(glia_model_output(net, dense(net, trunk, "classes", 3), &output), GLIA_OK) << message();
        if (second != Second::missing) {
            output = {.loss = glia_loss_mse(), .metrics = {GLIA_METRIC_MAE}};
            if (second == Second::off) output.loss.weight = GLIA_SET(0);
            const glia_value y = dense(net, dense(net, trunk, "own", 5), "own_last", 3);
            EXPECT_EQ(glia_model_output(net, y, &output), GLIA_OK) << message();
        }
        EXPECT_EQ(glia_model_compile(net, {0}, with(glia_compile_args{.optimizer = optimizer})), GLIA_OK) << message();
        return net;
    }
};

TEST_F(SwitchedOff, an_output_of_weight_0_trains_nothing) {
    for (const glia_optimizer &optimizer : all_optimizers(0.1)) {
        SCOPED_TRACE(optimizer.kind);
        if (optimizer.kind == GLIA_OPTIMIZER_ADAM && optimizer.adam.weight_decay > 0) continue;  // decays without one
        glia_model *alone = build(Second::missing, optimizer), *off = build(Second::off, optimizer),
                   *on   = build(Second::on, optimizer);
        const Bits own   = weights(off, "own");
        const Bits trunk = weights(off, "trunk");
        ASSERT_EQ(own.size(), 4u * 5 + 5 + 5 * 3 + 3);
        ASSERT_EQ(weights(on, "own"), own) << "they start alike";
        ASSERT_EQ(weights(alone, "trunk"), trunk);
        fit(alone, data(1)), fit(off, data(2)), fit(on, data(2));
        EXPECT_EQ(weights(off, "own"), own);
        EXPECT_NE(weights(on, "own"), own);
        EXPECT_NE(weights(off, "trunk"), trunk);
        EXPECT_EQ(weights(off, "trunk"), weights(alone, "trunk")) << "as if it were not there";
        EXPECT_EQ(weights(off, "classes"), weights(alone, "classes"));
        EXPECT_NE(weights(on, "trunk"), weights(alone, "trunk"));
    }
}

TEST_F(SwitchedOff, its_loss_adds_nothing_and_its_metrics_are_told) {
    glia_model *alone = build(Second::missing), *off = build(Second::off), *on = build(Second::on);
    const glia_result one = evaluate(alone, data(1)), two = evaluate(off, data(2)), both = evaluate(on, data(2));
    EXPECT_EQ(two.loss, one.loss);
    EXPECT_GT(both.loss, one.loss);
    const char *names[] = {"classes/loss", "classes/accuracy", "own_last/loss", "own_last/mae"};
    ASSERT_EQ(two.n_metrics, 4);
    for (int i = 0; i < 4; ++i) EXPECT_STREQ(two.metric_name[i], names[i]);
    EXPECT_EQ(two.metric[0], one.loss);
    EXPECT_EQ(two.metric[1], one.metric[0]);
    for (int i : {2, 3}) {
        EXPECT_EQ(two.metric[i], both.metric[i]);
        EXPECT_GT(two.metric[i], 0);
    }
}

TEST_F(SwitchedOff, a_model_of_nothing_else_keeps_its_weights) {
    for (const glia_optimizer &optimizer : {glia_optimizer_sgd(0.1), glia_optimizer_adam(0.1)}) {
        glia_model *net      = model();
        glia_model_loss loss = glia_loss_cross_entropy();
        loss.weight          = GLIA_SET(0);
        ASSERT_EQ(glia_model_compile(net, network(net), with(glia_compile_args{.loss = loss, .optimizer = optimizer})),
                  GLIA_OK)
            << message();
        const Bits before = weights(net);
        fit(net, data());
        EXPECT_EQ(weights(net), before);
        const glia_result result = evaluate(net, data());
        EXPECT_EQ(result.loss, 0);
        ASSERT_EQ(result.n_metrics, 1);
        EXPECT_STREQ(result.metric_name[0], "accuracy");
    }
}

// No loss times 0, which NaN would survive.
TEST_F(SwitchedOff, a_loss_that_is_nan_adds_nothing) {
    glia_model *off = build(Second::off), *alone = build(Second::missing);
    const Bits nan(15, NAN);
    ASSERT_EQ(glia_model_set(off, "own_last.weight", nan.data(), nan.size() * sizeof(float)), GLIA_OK) << message();
    EXPECT_EQ(evaluate(off, data(2)).loss, evaluate(alone, data(1)).loss);
    fit(off, data(2)), fit(alone, data(1));
    EXPECT_EQ(weights(off, "trunk"), weights(alone, "trunk"));
    EXPECT_EQ(weights(off, "classes"), weights(alone, "classes"));
}

}  // namespace
