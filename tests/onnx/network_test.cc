// A network that PyTorch wrote (recorded/record.py): it computes what PyTorch computed, as a graph and as a model; the
// model trains, is saved and loaded, and gets a new head.
#include "support/context_test.h"
#include "support/files.h"
#include "support/internals.h"
#include "support/npy_file.h"

namespace {

using namespace glia;

class NetworkTest : public ContextTest {
   protected:
    void SetUp() override {
        ContextTest::SetUp();
        image  = read_npy(ctx, path("image.npy"));
        logits = read_npy(ctx, path("logits.npy"));
        ASSERT_EQ(glia_onnx_open(ctx, path("network.onnx").c_str(), nullptr, &file), GLIA_OK) << message();
        ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    }
    void TearDown() override {
        glia_onnx_close(file);
        glia_model_destroy(net);
        glia_dataset_destroy(data);
        const size_t primitives = glia_context_bytes(ctx);  // prepared calls, which the context keeps
        EXPECT_LT(primitives, size_t{4} << 20);
        glia_context_destroy(ctx);
    }

    static std::string path(const std::string &name) {
        return std::string(GLIA_SOURCE_DIR) + "/tests/onnx/recorded/" + name;
    }

    void make_data() {
        const glia_array in{"image", GLIA_F32, GLIA_SHAPE(3, 16, 16), image.data()},
            out{"class", GLIA_I32, GLIA_SCALAR, classes};
        glia_arrays_args args = {};
        args.inputs           = &in;
        args.n_inputs         = 1;
        args.targets          = &out;
        args.n_targets        = 1;
        args.count            = 4;
        ASSERT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
    }

    void compile(glia_model *model, glia_value output) {
        glia_compile_args args = {};
        args.loss              = glia_loss_cross_entropy();
        args.optimizer         = glia_optimizer_adam(1e-2);
        ASSERT_EQ(glia_model_compile(model, output, &args), GLIA_OK) << message();
    }

    std::vector<float> predict(glia_model *model, size_t units) {
        std::vector<float> got(4 * units);
        EXPECT_EQ(glia_model_predict(model, data, 3, got.data(), got.size() * sizeof(float)), GLIA_OK) << message();
        return got;
    }

    static void expect_near(const std::vector<float> &got, const std::vector<float> &want) {
        ASSERT_EQ(got.size(), want.size());
        for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5) << i;
    }

    double loss() {
        glia_result result = {};
        EXPECT_EQ(glia_model_evaluate(net, data, 4, &result), GLIA_OK) << message();
        return result.loss;
    }

    void fit(int epochs) {
        glia_fit_args args = {};
        args.epochs        = epochs;
        args.batch_size    = 4;
        ASSERT_EQ(glia_model_fit(net, data, &args), GLIA_OK) << message();
    }

    std::vector<float> image, logits;
    const int32_t classes[4] = {2, 0, 1, 2};
    glia_onnx *file          = nullptr;
    glia_model *net          = nullptr;
    glia_dataset *data       = nullptr;
    glia_value y{};
    Folder folder;
};

TEST_F(NetworkTest, ComputesWhatPytorchComputed) {
    ASSERT_EQ(glia_onnx_add_to_model(file, net, nullptr, &y, 1), GLIA_OK) << message();
    make_data();
    compile(net, y);
    expect_near(predict(net, 3), logits);
}

TEST_F(NetworkTest, HasTheFilesWeights) {
    ASSERT_EQ(glia_onnx_add_to_model(file, net, nullptr, &y, 1), GLIA_OK) << message();
    std::set<std::string> names;
    for (int i = 0; i < glia_model_weight_count(net); ++i) names.insert(glia_model_weight_name(net, i));
    for (const char *name : {"stem.weight", "stem.bias", "bn.weight", "bn.running_var", "conv.weight", "fc.weight",
                             "norm.bias", "head.weight"})
        EXPECT_TRUE(names.count(name)) << name;
}

TEST_F(NetworkTest, TrainsOn) {
    ASSERT_EQ(glia_onnx_add_to_model(file, net, nullptr, &y, 1), GLIA_OK) << message();
    make_data();
    compile(net, y);
    float before[4], after[4], mean_before[4], mean_after[4];
    ASSERT_EQ(glia_model_get(net, "stem.bias", before, sizeof before), GLIA_OK);
    ASSERT_EQ(glia_model_get(net, "bn.running_mean", mean_before, sizeof mean_before), GLIA_OK);
    const double first = loss();
    fit(10);
    EXPECT_LT(loss(), first * 0.9);
    ASSERT_EQ(glia_model_get(net, "stem.bias", after, sizeof after), GLIA_OK);
    ASSERT_EQ(glia_model_get(net, "bn.running_mean", mean_after, sizeof mean_after), GLIA_OK);
    EXPECT_NE(before[0], after[0]);
    EXPECT_NE(mean_before[0], mean_after[0]);
}

TEST_F(NetworkTest, IsSavedAndLoadedLikeAnyModel) {
    ASSERT_EQ(glia_onnx_add_to_model(file, net, nullptr, &y, 1), GLIA_OK) << message();
    make_data();
    compile(net, y);
    fit(2);
    const std::vector<float> want = predict(net, 3);
    const std::string saved       = folder / "net.safetensors";
    glia_model *loaded            = nullptr;
    ASSERT_EQ(glia_model_save(net, saved.c_str()), GLIA_OK) << message();
    ASSERT_EQ(glia_model_load(ctx, saved.c_str(), nullptr, &loaded), GLIA_OK) << message();
    EXPECT_EQ(predict(loaded, 3), want);
    glia_model_destroy(loaded);
}

// Frozen up to the features before the last layer, of which the file has the name.
TEST_F(NetworkTest, GetsANewHead) {
    const char *cut           = "/Add_2_output_0";
    glia_onnx_model_args args = {};
    args.outputs              = &cut;
    args.n_outputs            = 1;
    args.frozen               = true;
    ASSERT_EQ(glia_onnx_add_to_model(file, net, &args, &y, 1), GLIA_OK) << message();
    glia_dense_args dense = {};
    dense.units           = 4;
    make_data();
    compile(net, glia_model_dense(net, y, &dense));
    float before[4], after[4], mean_before[4], mean_after[4];
    ASSERT_EQ(glia_model_get(net, "stem.bias", before, sizeof before), GLIA_OK);
    ASSERT_EQ(glia_model_get(net, "bn.running_mean", mean_before, sizeof mean_before), GLIA_OK);
    const double first = loss();
    fit(30);
    EXPECT_LT(loss(), first);
    ASSERT_EQ(glia_model_get(net, "stem.bias", after, sizeof after), GLIA_OK);
    ASSERT_EQ(glia_model_get(net, "bn.running_mean", mean_after, sizeof mean_after), GLIA_OK);
    EXPECT_EQ(std::vector<float>(before, before + 4), std::vector<float>(after, after + 4));
    EXPECT_EQ(std::vector<float>(mean_before, mean_before + 4), std::vector<float>(mean_after, mean_after + 4));
}

// The file's layers behind one of the model's own.
TEST_F(NetworkTest, TakesAValueOfTheModel) {
    glia_value x              = glia_model_input(net, "image", GLIA_SHAPE(3, 16, 16));
    glia_activation_args same = {};
    x                         = glia_model_activation(net, x, &same);
    glia_onnx_model_args args = {};
    args.inputs               = &x;
    args.n_inputs             = 1;
    ASSERT_EQ(glia_onnx_add_to_model(file, net, &args, &y, 1), GLIA_OK) << message();
    make_data();
    compile(net, y);
    expect_near(predict(net, 3), logits);
}

}  // namespace
