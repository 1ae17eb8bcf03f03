// Whole networks of ONNX's own tests: AlexNet, DenseNet, two Inceptions, ResNet, ShuffleNet, SqueezeNet, VGG and ZFNet,
// with weights that are all equal, which the files make by ConstantOfShape. They compute what upstream recorded, and
// take ten steps of training.
#include <algorithm>
#include <filesystem>
#include <numeric>

#include "support/context_test.h"

namespace {

using namespace glia;

std::string folder() {
    const std::filesystem::path tools = std::string(GLIA_SOURCE_DIR) + "/build/tools/lib";
    std::error_code none;
    for (const auto &python : std::filesystem::directory_iterator(tools, none)) {
        const auto data = python.path() / "site-packages/onnx/backend/test/data/light";
        if (std::filesystem::exists(data)) return data.string();
    }
    return "";
}

class LightTest : public ContextTest, public testing::WithParamInterface<const char *> {
   protected:
    static constexpr int kClasses = 1000, kBatch = 2, kSteps = 10;

    void SetUp() override {
        ContextTest::SetUp();
        if (folder().empty()) GTEST_SKIP() << "no package onnx of PyPI: scripts/install-deps test gets it";
        const glia_onnx_args args{.max_constants = size_t{1} << 30};
        const std::string path = folder() + "/light_" + GetParam();
        ASSERT_EQ(glia_onnx_open(ctx, (path + ".onnx").c_str(), &args, &file), GLIA_OK) << message();
        ASSERT_EQ(glia_onnx_tensor_open(ctx, (path + "_output_0.pb").c_str(), &recorded), GLIA_OK) << message();
        ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        ASSERT_EQ(glia_onnx_add_to_model(file, net, nullptr, &y, 1), GLIA_OK) << message();
        if (glia_onnx_output(file, 0).shape.ndim > 2) y = glia_model_flatten(net, y, nullptr);
        make_data();
        // All but one end with a softmax.
        const bool logits = std::string(GetParam()) == "densenet121";
        glia_compile_args compile{.loss = logits ? glia_loss_cross_entropy() : glia_loss_categorical_cross_entropy()};
        compile.optimizer = glia_optimizer_adam(1e-4);
        ASSERT_EQ(glia_model_compile(net, y, &compile), GLIA_OK) << message();
    }
    void TearDown() override {
        glia_onnx_tensor_close(recorded);
        glia_onnx_close(file);
        glia_dataset_destroy(data);
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }

    // Upstream's input, from 0 to 1, and the same in the other direction.
    void make_data() {
        const glia_shape batch = glia_onnx_input(file, 0).shape;
        const size_t n         = size_t(batch.dim[1] * batch.dim[2] * batch.dim[3]);
        x.resize(kBatch * n);
        for (size_t i = 0; i < n; ++i) x[i] = x[2 * n - 1 - i] = float(i) / float(n);
        const glia_array in{
            .dtype = GLIA_F32, .shape = GLIA_SHAPE(batch.dim[1], batch.dim[2], batch.dim[3]), .data = x.data()},
            out{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = classes};
        const glia_arrays_args args{.inputs = &in, .n_inputs = 1, .targets = &out, .n_targets = 1, .count = kBatch};
        ASSERT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
    }

    // Weights that are all equal make activations of 1e25 in VGG: those of He et al. instead, from Knuth's MMIX.
    void draw_weights() {
        uint64_t state = 1;
        for (int i = 0; i < glia_model_weight_count(net); ++i) {
            const glia_shape shape = glia_model_weight_shape(net, i);
            if (shape.ndim < 2) continue;
            size_t count = 1;
            for (int d = 0; d < shape.ndim; ++d) count *= size_t(shape.dim[d]);
            const float bound = std::sqrt(6.0F * float(shape.dim[0]) / float(count));
            std::vector<float> values(count);
            for (float &value : values) {
                state = state * 6364136223846793005U + 1442695040888963407U;
                value = bound * (float(state >> 40) / float(1 << 23) - 1);
            }
            ASSERT_EQ(glia_model_set(net, glia_model_weight_name(net, i), values.data(), count * sizeof(float)),
                      GLIA_OK)
                << message();
        }
    }

    double loss() {
        glia_result result{};
        EXPECT_EQ(glia_model_evaluate(net, data, kBatch, &result), GLIA_OK) << message();
        return result.loss;
    }

    glia_onnx *file            = nullptr;
    glia_onnx_tensor *recorded = nullptr;
    glia_model *net            = nullptr;
    glia_dataset *data         = nullptr;
    glia_value y{};
    std::vector<float> x;
    const int64_t classes[kBatch] = {7, 900};
};

TEST_P(LightTest, computes_what_was_recorded_and_trains_on) {
    std::vector<float> got(kBatch * kClasses);
    const glia_npy_array want = glia_onnx_tensor_array(recorded);
    ASSERT_EQ(want.bytes, kClasses * sizeof(float));
    ASSERT_EQ(glia_model_predict(net, data, kBatch, got.data(), got.size() * sizeof(float)), GLIA_OK) << message();
    for (size_t i = 0; i < kClasses; ++i) {
        const float wanted = static_cast<const float *>(want.values)[i];
        ASSERT_NEAR(got[i], wanted, 1e-7 + 1e-3 * std::abs(wanted)) << i;
    }
    draw_weights();
    const double first = loss();
    ASSERT_TRUE(std::isfinite(first));
    const glia_fit_args fit{.epochs = kSteps, .batch_size = kBatch};
    ASSERT_EQ(glia_model_fit(net, data, &fit), GLIA_OK) << message();
    const double last = loss();

    EXPECT_LT(last, first - 0.1);
}

INSTANTIATE_TEST_SUITE_P(Networks, LightTest,
                         testing::Values("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50",
                                         "shufflenet", "squeezenet", "vgg19", "zfnet512"),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace
