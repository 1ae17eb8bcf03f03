// What a user is told who got something wrong.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "glia/glia.h"
#include "support/environment.h"
#include "support/internals.h"
#include "support/with.h"

namespace {

using glia::with;

constexpr int kCount = 24, kBatch = 4;

class Messages : public testing::TestWithParam<const char *> {
   public:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(GetParam(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
        const glia_context_args args{.seed = 7, .threads = 1};
        ASSERT_EQ(glia_context_create(GetParam(), &args, &ctx_), GLIA_OK) << glia_message(nullptr);
        ASSERT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
    }
    void TearDown() override {
        glia_dataset_destroy(data_);
        glia_model_destroy(net_);
        glia_context_destroy(ctx_);
    }
    std::string message() const { return glia_message(ctx_); }
    bool says(const std::string &part) const { return message().find(part) != std::string::npos; }
    glia_value dense(glia_value x, const char *name, int units) {
        return glia_model_dense(net_, x, with(glia_dense_args{.name = name, .units = units}));
    }
    glia_status compile(glia_value y, const glia_model_loss &loss) {
        return glia_model_compile(net_, y, with(glia_compile_args{.loss = loss}));
    }
    // x: words, indices below 10; or 28 x 28 numbers. The label of each sample, below 3.
    void load(bool words) {
        const glia_array x = words ? glia_array{.dtype = GLIA_I64, .shape = GLIA_SHAPE(2), .data = words_.data()}
                                   : glia_array{.dtype = GLIA_F32, .shape = GLIA_SHAPE(2), .data = points_.data()},
                         t{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = labels_.data()};
        const glia_arrays_args args{.inputs = &x, .n_inputs = 1, .targets = &t, .n_targets = 1, .count = kCount};
        ASSERT_EQ(glia_dataset_from_arrays(ctx_, &args, &data_), GLIA_OK) << message();
    }
    glia_status fit() { return glia_model_fit(net_, data_, with(glia_fit_args{.batch_size = kBatch})); }

    glia_context *ctx_          = nullptr;
    glia_model *net_            = nullptr;
    glia_dataset *data_         = nullptr;
    std::vector<int64_t> words_ = std::vector<int64_t>(2 * kCount, 4), labels_ = std::vector<int64_t>(kCount, 1);
    std::vector<float> points_ = std::vector<float>(2 * kCount, 0.5f);
};

TEST_P(Messages, a_label_out_of_range_is_named_by_its_place_in_the_data_set) {
    labels_[13] = 3;
    ASSERT_EQ(compile(dense(glia_model_input(net_, "x", GLIA_SHAPE(2)), "y", 3), glia_loss_cross_entropy()), GLIA_OK)
        << message();
    load(false);
    EXPECT_EQ(fit(), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_fit: output 0: target 0 of sample 13 is 3, must be 0 to 2");
    glia_result result;
    EXPECT_EQ(glia_model_evaluate(net_, data_, kBatch, &result), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_evaluate: output 0: target 0 of sample 13 is 3, must be 0 to 2");
    int64_t counts[9];
    EXPECT_EQ(glia_model_confusion_matrix(net_, data_, kBatch, counts, sizeof counts), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_confusion_matrix: output 0: target 0 of sample 13 is 3, must be 0 to 2");
}

TEST_P(Messages, the_layer_of_an_index_out_of_range) {
    words_[2 * 5 + 1] = 10;
    glia_value x      = glia_model_index_input(net_, "words", GLIA_I64, GLIA_SHAPE(2));
    x = glia_model_embedding(net_, x, with(glia_embedding_args{.name = "meaning", .count = 10, .size = 4}));
    x = glia_model_flatten(net_, x, nullptr);
    ASSERT_EQ(compile(dense(x, "y", 3), glia_loss_cross_entropy()), GLIA_OK) << message();
    load(true);
    EXPECT_EQ(fit(), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_fit: layer 'meaning': input 'words' of sample 5 is 10, must be -10 to 9");
    float out[3 * kCount];
    EXPECT_EQ(glia_model_predict(net_, data_, kBatch, out, sizeof out), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_predict: layer 'meaning': input 'words' of sample 5 is 10, must be -10 to 9");
}

TEST_P(Messages, logits_and_probabilities_are_not_mixed_up) {
    // Compiles a model of one layer; activation: of that layer, whose name it is.
    const auto run = [&](glia_activation activation, const glia_model_loss &loss) {
        glia_model_destroy(net_);
        EXPECT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
        const glia_dense_args args{.name = glia_activation_name(activation), .units = 3, .activation = activation};
        return compile(glia_model_dense(net_, glia_model_input(net_, "x", GLIA_SHAPE(2)), &args), loss);
    };
    const auto refused = [&](glia_activation activation, const glia_model_loss &loss, const std::string &words) {
        EXPECT_EQ(run(activation, loss), GLIA_INVALID_ARGUMENT) << words;
        EXPECT_EQ(message(), "glia_model_compile: layer '" + std::string(glia_activation_name(activation)) + words);
    };
    refused(
        GLIA_SOFTMAX, glia_loss_cross_entropy(),
        "' gives probabilities, but glia_loss_cross_entropy takes logits; glia_loss_categorical_cross_entropy takes "
        "probabilities");
    refused(
        GLIA_LINEAR, glia_loss_categorical_cross_entropy(),
        "' gives logits, but glia_loss_categorical_cross_entropy takes probabilities; glia_loss_cross_entropy takes "
        "logits");
    refused(GLIA_LOG_SOFTMAX, glia_loss_categorical_cross_entropy(),
            "' gives log-probabilities, but glia_loss_categorical_cross_entropy takes probabilities; glia_loss_nll "
            "takes log-probabilities");
    refused(GLIA_LINEAR, glia_loss_nll(),
            "' gives logits, but glia_loss_nll takes log-probabilities; glia_loss_cross_entropy takes logits");
    refused(GLIA_LINEAR, glia_loss_bce(),
            "' gives logits, but glia_loss_bce takes probabilities; glia_loss_bce_logits takes logits");
    refused(GLIA_SIGMOID, glia_loss_bce_logits(),
            "' gives probabilities, but glia_loss_bce_logits takes logits; glia_loss_bce takes probabilities");
    const struct {
        glia_activation right;
        glia_model_loss loss;
    } pairs[] = {{GLIA_LINEAR, glia_loss_cross_entropy()},
                 {GLIA_LOG_SOFTMAX, glia_loss_cross_entropy()},  // its softmax is the same
                 {GLIA_SOFTMAX, glia_loss_categorical_cross_entropy()},
                 {GLIA_LOG_SOFTMAX, glia_loss_nll()},
                 {GLIA_SIGMOID, glia_loss_bce()},
                 {GLIA_LINEAR, glia_loss_bce_logits()}};
    for (const auto &pair : pairs) {
        EXPECT_EQ(run(pair.right, pair.loss), GLIA_OK) << message();
        EXPECT_EQ(run(GLIA_RELU, pair.loss), GLIA_OK) << "nobody knows: " << message();
    }
}

TEST_P(Messages, a_flatten_that_is_missing) {
    glia_value y = dense(glia_model_input(net_, "x", GLIA_SHAPE(1, 4, 2)), "y", 3);
    EXPECT_EQ(compile(y, glia_loss_cross_entropy()), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(),
              "glia_model_compile: the output [1,4,3] has 1 class, of which a cross-entropy learns nothing: "
              "is a flatten missing before the dense layers?");
    glia_model_destroy(net_);
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
    y = dense(glia_model_input(net_, "x", GLIA_SHAPE(2)), "y", 6);
    y = glia_model_reshape(net_, y, with(glia_reshape_args{.shape = GLIA_SHAPE(3, 2)}));
    ASSERT_EQ(compile(y, glia_loss_cross_entropy()), GLIA_OK) << message();
    load(false);
    EXPECT_EQ(fit(), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(
        says("output 0: there is one target for each sample, but the output [4,3,2] has classes at [2]: is a "
             "flatten missing before the dense layers?"))
        << message();
}

TEST_P(Messages, values_of_another_model_or_graph) {
    glia_model *other = nullptr;
    glia_graph *graph = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &other), GLIA_OK);
    ASSERT_EQ(glia_graph_create(ctx_, &graph), GLIA_OK);
    const glia_value here  = glia_model_input(net_, "x", GLIA_SHAPE(2)),
                     there = glia_model_input(other, "x", GLIA_SHAPE(3)),
                     third = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(3));
    ASSERT_EQ(here.id, there.id);
    EXPECT_EQ(compile(there, glia_loss_mse()), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(),
              "glia_model_compile: the output is not a value of this model, but of another model or a graph");
    EXPECT_LT(dense(there, "y", 2).id, 0);
    EXPECT_EQ(glia_model_status(net_), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "layer 'y': input 0 is not a value of this model, but of another model or a graph");
    EXPECT_LT(glia_model_dense(other, third, with(glia_dense_args{.units = 2})).id, 0);
    EXPECT_LT(glia_graph_call(graph, "softmax", nullptr, &here, 1, nullptr, 0).id, 0);
    EXPECT_EQ(glia_graph_status(graph), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "softmax: x, id 1, is a value of another graph or a model");
    glia_graph_destroy(graph);
    glia_model_destroy(other);
}

TEST_P(Messages, objects_that_are_null) {
    glia_result result;
    glia_tensor *tensor = nullptr;
    const struct {
        std::function<glia_status()> call;
        const char *words;
    } calls[] = {
        {[&] { return glia_model_fit(nullptr, nullptr, nullptr); }, "glia_model_fit: model is NULL"},
        {[&] { return glia_model_evaluate(nullptr, nullptr, 0, &result); }, "glia_model_evaluate: model is NULL"},
        {[&] { return glia_tensor_fill(nullptr, 0); }, "glia_tensor_fill: tensor is NULL"},
        {[&] { return glia_dataset_get(nullptr, nullptr, 0, nullptr, nullptr); }, "glia_dataset_get: dataset is NULL"},
        {[&] { return glia_graph_status(nullptr); }, "glia_graph_status: graph is NULL"},
        {[&] { return glia_plan_create(nullptr, nullptr, 0, nullptr); }, "glia_plan_create: graph is NULL"},
        {[&] { return glia_tensor_create(nullptr, GLIA_F32, GLIA_SCALAR, &tensor); }, "the context is NULL"},
    };
    for (const auto &c : calls) {
        EXPECT_EQ(c.call(), GLIA_INVALID_ARGUMENT) << c.words;
        EXPECT_STREQ(glia_message(nullptr), c.words);
    }
}

// A thread that finds the context in use hears of it, and a layer that it adds does not forget it.
TEST_P(Messages, another_thread_uses_the_context) {
    glia_model *other = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &other), GLIA_OK);
    const glia_value x = glia_model_input(other, "x", GLIA_SHAPE(2));
    glia_value y{};
    glia_tensor *tensor = nullptr;
    EXPECT_EQ(glia_tensor_fill(nullptr, 0), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_create(ctx_, GLIA_F32, GLIA_SHAPE(-1), &tensor), GLIA_INVALID_ARGUMENT);
    const std::string mine = message();
    ASSERT_EQ(gli_enter(ctx_), GLIA_OK);
    std::thread([&] {
        EXPECT_EQ(glia_tensor_create(ctx_, GLIA_F32, GLIA_SHAPE(2), &tensor), GLIA_BUSY);
        EXPECT_EQ(message(), "another thread is using this context");
        y = glia_model_softmax(other, x, nullptr);
    }).join();
    EXPECT_EQ(message(), mine);
    gli_leave(ctx_);
    EXPECT_EQ(glia_model_compile(other, glia_model_flatten(other, y, with(glia_layer_args{.name = "f"})), nullptr),
              GLIA_BUSY);
    EXPECT_EQ(message(),
              "layer 'f': input 0 is the result of a call that came while another thread was using the context");
    glia_model_destroy(other);
}

TEST_P(Messages, a_source_keeps_the_message_of_what_failed_in_it) {
    const glia_field field{.dtype = GLIA_F32, .shape = GLIA_SHAPE(2)};
    glia_source args{.inputs = &field, .n_inputs = 1, .count = 5, .user = ctx_};
    args.read = [](void *user, const glia_sample *sample) {
        glia_tensor *tensor = nullptr;
        return sample->index < 3
                   ? GLIA_OK
                   : glia_tensor_create(static_cast<glia_context *>(user), GLIA_F32, GLIA_SHAPE(-1), &tensor);
    };
    ASSERT_EQ(glia_dataset_from_source(ctx_, &args, &data_), GLIA_OK) << message();
    ASSERT_EQ(glia_model_compile(net_, dense(glia_model_input(net_, "x", GLIA_SHAPE(2)), "y", 1), nullptr), GLIA_OK);
    float out[5];
    EXPECT_EQ(glia_model_predict(net_, data_, 2, out, sizeof out), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message().find("the dataset's source returned GLIA_INVALID_ARGUMENT for sample 3: "), 0u) << message();
    EXPECT_TRUE(says("-1")) << message();
}

TEST_P(Messages, names_with_control_characters) {
    for (const char *name : {"two\nlines", "del\x7f", "csi\xc2\x9bm", "nel\xc2\x85"}) {
        glia_model_destroy(net_);
        ASSERT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
        dense(glia_model_input(net_, "x", GLIA_SHAPE(2)), name, 1);
        EXPECT_EQ(glia_model_status(net_), GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(message(), "dense: the name has control characters, or is not UTF-8");
    }
    const glia_array input{.name = "bell\a", .dtype = GLIA_F32, .shape = GLIA_SHAPE(2), .data = points_.data()};
    EXPECT_EQ(glia_dataset_from_arrays(ctx_, with(glia_arrays_args{.inputs = &input, .n_inputs = 1, .count = kCount}),
                                       &data_),
              GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("no control characters")) << message();
}

TEST_P(Messages, a_kind_that_is_no_op) {
    glia_value x = glia_model_input(net_, "x", GLIA_SHAPE(2));
    glia_model_op(net_, "relu", nullptr, &x, 1, &x, 1);
    EXPECT_EQ(glia_model_status(net_), GLIA_NOT_FOUND);
    EXPECT_EQ(message(), "glia_model_op: no op is named 'relu', which is a kind of the op 'unary'");
    glia_graph *graph = nullptr;
    ASSERT_EQ(glia_graph_create(ctx_, &graph), GLIA_OK);
    glia_graph_call(graph, "nonsense", nullptr, nullptr, 0, nullptr, 0);
    EXPECT_EQ(glia_graph_status(graph), GLIA_NOT_FOUND);
    EXPECT_EQ(message(), "no op is named 'nonsense'; glia/ops.h declares op X as glia_X");
    glia_graph_destroy(graph);
}

TEST_P(Messages, fewer_than_no_gradients) {
    glia_graph *graph = nullptr;
    ASSERT_EQ(glia_graph_create(ctx_, &graph), GLIA_OK);
    const glia_value x = glia_graph_input(graph, "x", GLIA_F32, GLIA_SCALAR);
    EXPECT_EQ(glia_graph_gradient(graph, x, nullptr, -1, nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_graph_gradient: n_wrt is -1, must not be negative");
    glia_graph_destroy(graph);
}

TEST_P(Messages, providers_that_there_are) {
    const glia::Variable provider("GLIA_PROVIDER", "cpu.fast");
    glia_context *none = nullptr;
    EXPECT_EQ(glia_context_create("cpu", nullptr, &none), GLIA_INVALID_ARGUMENT);
    const std::string why = glia_message(nullptr);
    EXPECT_EQ(why.find("GLIA_PROVIDER is 'cpu.fast', which no op has on device cpu: there are "), 0u) << why;
    for (const char *name : {"cpu.native", "cpu.ref"}) EXPECT_NE(why.find(name), std::string::npos) << why;
}

INSTANTIATE_TEST_SUITE_P(device, Messages, testing::Values("cpu", "emulated", "cuda:0"), [](const auto &info) {
    return std::string(info.param) == "cuda:0" ? "cuda" : std::string(info.param);
});

}  // namespace
