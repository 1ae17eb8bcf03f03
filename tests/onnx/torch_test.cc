// From PyTorch and back: what examples/export_torch.py wrote (recorded/record_torch.py) is imported, and its weights go
// into a model that C code builds, into the imported one, and out again as they came.
#include "support/context_test.h"
#include "support/files.h"
#include "support/npy_file.h"
#include "support/with.h"

namespace {

using namespace glia;

class TorchTest : public ContextTest {
   protected:
    void SetUp() override {
        ContextTest::SetUp();
        input  = read_npy(ctx, path("torch_input.npy"));
        output = read_npy(ctx, path("torch_output.npy"));
        const glia_array in{"input", GLIA_F32, GLIA_SHAPE(1, 8, 8), input.data()};
        ASSERT_EQ(
            glia_dataset_from_arrays(ctx, with(glia_arrays_args{.inputs = &in, .n_inputs = 1, .count = 4}), &data),
            GLIA_OK)
            << message();
        ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    }
    void TearDown() override {
        glia_model_destroy(net);
        glia_dataset_destroy(data);
        glia_context_destroy(ctx);  // with the prepared calls that it keeps
    }

    static std::string path(const std::string &name) {
        return std::string(GLIA_SOURCE_DIR) + "/tests/onnx/recorded/" + name;
    }

    // The network of record_torch.py, each layer by its module's name.
    glia_value build() {
        glia_value x = glia_model_input(net, "input", GLIA_SHAPE(1, 8, 8));
        x            = glia_model_conv2d(net, x,
                                         with(glia_conv2d_args{.name = "conv1", .filters = 4, .kernel = {3, 3}, .pad = {1, 1}}));
        x            = glia_model_batchnorm(net, x, with(glia_batchnorm_args{.name = "norm1"}));
        x            = glia_model_activation(net, x, with(glia_activation_args{.kind = GLIA_RELU}));
        x            = glia_model_max_pool2d(net, x, with(glia_max_pool2d_args{.kernel = {2, 2}}));
        x            = glia_model_flatten(net, x, nullptr);
        return glia_model_dense(net, x, with(glia_dense_args{.name = "fc", .units = 3}));
    }

    glia_value import() {
        glia_onnx *file = nullptr;
        glia_value y{};
        EXPECT_EQ(glia_onnx_open(ctx, path("torch.onnx").c_str(), nullptr, &file), GLIA_OK) << message();
        EXPECT_EQ(glia_onnx_add_to_model(file, net, nullptr, &y, 1), GLIA_OK) << message();
        glia_onnx_close(file);
        return y;
    }

    void expect_pytorchs_output() {
        std::vector<float> got(output.size());
        ASSERT_EQ(glia_model_predict(net, data, 4, got.data(), got.size() * sizeof(float)), GLIA_OK) << message();
        for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], output[i], 1e-5) << i;
    }

    void load() {
        glia_load_report report = {};
        ASSERT_EQ(glia_model_load_weights(net, path("torch.safetensors").c_str(), nullptr, &report), GLIA_OK)
            << message();
        EXPECT_EQ(report.loaded, 8);
    }

    // Every weight of the file that Glia writes has the name, the shape and the bytes that PyTorch's file has.
    void expect_saved_as_it_came() {
        const std::string saved = folder / "again.safetensors";
        glia_safetensors *from = nullptr, *again = nullptr;
        ASSERT_EQ(glia_model_save_weights(net, saved.c_str()), GLIA_OK) << message();
        ASSERT_EQ(glia_safetensors_open(ctx, path("torch.safetensors").c_str(), &from), GLIA_OK) << message();
        ASSERT_EQ(glia_safetensors_open(ctx, saved.c_str(), &again), GLIA_OK) << message();
        EXPECT_EQ(glia_safetensors_count(again), 8);
        for (int i = 0; i < glia_safetensors_count(again); ++i) {
            glia_safetensors_entry mine, theirs;
            ASSERT_EQ(glia_safetensors_get(again, i, &mine), GLIA_OK);
            const int there = glia_safetensors_find(from, mine.name);
            ASSERT_GE(there, 0) << mine.name;
            ASSERT_EQ(glia_safetensors_get(from, there, &theirs), GLIA_OK);
            ASSERT_EQ(mine.bytes, theirs.bytes) << mine.name;
            EXPECT_EQ(memcmp(mine.values, theirs.values, mine.bytes), 0) << mine.name;
            EXPECT_EQ(mine.shape.ndim, theirs.shape.ndim) << mine.name;
            for (int d = 0; d < mine.shape.ndim; ++d) EXPECT_EQ(mine.shape.dim[d], theirs.shape.dim[d]) << mine.name;
        }
        glia_safetensors_close(from);
        glia_safetensors_close(again);
    }

    std::vector<float> input, output;
    glia_dataset *data = nullptr;
    glia_model *net    = nullptr;
    Folder folder;
};

TEST_F(TorchTest, WeightsOfAModelBuiltInC) {
    ASSERT_EQ(glia_model_compile(net, build(), nullptr), GLIA_OK) << message();
    load();
    expect_pytorchs_output();
    expect_saved_as_it_came();
}

TEST_F(TorchTest, TheWholeNetwork) {
    ASSERT_EQ(glia_model_compile(net, import(), nullptr), GLIA_OK) << message();
    expect_pytorchs_output();
    expect_saved_as_it_came();
}

// The weights that the imported network has lost come back from the other file: the names are the same.
TEST_F(TorchTest, WeightsOfTheImportedNetwork) {
    ASSERT_EQ(glia_model_compile(net, import(), nullptr), GLIA_OK) << message();
    for (int i = 0; i < glia_model_weight_count(net); ++i) {
        const glia_shape shape = glia_model_weight_shape(net, i);
        std::vector<float> ones(1, 1);
        for (int d = 0; d < shape.ndim; ++d) ones.resize(ones.size() * static_cast<size_t>(shape.dim[d]), 1);
        ASSERT_EQ(glia_model_set(net, glia_model_weight_name(net, i), ones.data(), ones.size() * sizeof(float)),
                  GLIA_OK)
            << message();
    }
    load();
    expect_pytorchs_output();
}

}  // namespace
