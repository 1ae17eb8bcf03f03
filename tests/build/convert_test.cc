// `glia convert`: networks of ONNX, files of models, and weights alone.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "build/command.h"
#include "glia/glia.h"
#include "support/files.h"

namespace {

using namespace glia;

const std::string recorded = std::string(GLIA_SOURCE_DIR) + "/tests/onnx/recorded/",
                  network  = recorded + "network.onnx";

class Convert : public testing::Test {
   protected:
    void SetUp() override {
        if (run("inspect " + network).says("has no protobuf-c")) GTEST_SKIP() << "no ONNX";
    }

    // What the network gives for the recorded image, as `glia run` prints it.
    static std::string computed(const std::string &path) {
        const Output r = run("run " + path + " --input image=" + recorded + "image.npy --device cpu");
        EXPECT_EQ(r.exit_code, 0) << r.text;
        return r.text;
    }

    static std::string content(const std::string &path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    static void expect_ok(const std::string &arguments) {
        const Output r = run("convert " + arguments);
        EXPECT_EQ(r.exit_code, 0) << r.text;
        EXPECT_EQ(r.text, "");
    }

    Folder folder;
    const std::string model = folder / "net.safetensors", again = folder / "again.onnx";
};

TEST_F(Convert, keeps_what_a_network_computes) {
    expect_ok(network + " " + model);
    EXPECT_TRUE(run("inspect " + model).says("a model, not compiled"));
    expect_ok(model + " " + again);
    EXPECT_EQ(computed(again), computed(network));
    const Output r = run("inspect " + again);
    for (const char *part : {"ai.onnx 17", "image: float [?,3,16,16]", "logits: float [?,3]", "head.weight"})
        EXPECT_TRUE(r.says(part)) << part << "\n" << r.text;
    const std::string newest = folder / "newest.onnx";
    expect_ok(network + " --opset 28 " + newest);
    EXPECT_TRUE(run("inspect " + newest).says("ai.onnx 28"));
    EXPECT_EQ(computed(newest), computed(network));
}

// Weights alone, and another network's definition with them.
TEST_F(Convert, takes_weights_from_another_file) {
    const std::string weights = folder / "weights.safetensors", other = folder / "other.safetensors";
    expect_ok(network + " " + weights + " --weights-only");
    EXPECT_TRUE(run("inspect " + weights).says("safetensors without a model"));
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
    expect_ok(network + " " + model);
    ASSERT_EQ(glia_model_load(ctx, model.c_str(), nullptr, &net), GLIA_OK) << glia_message(ctx);
    const float changed[3] = {5, 6, 7};
    ASSERT_EQ(glia_model_set(net, "head.bias", changed, sizeof changed), GLIA_OK) << glia_message(ctx);
    ASSERT_EQ(glia_model_save(net, other.c_str()), GLIA_OK) << glia_message(ctx);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
    expect_ok(other + " " + again);
    EXPECT_NE(computed(again), computed(network));
    expect_ok(other + " " + again + " --force --weights " + weights);
    EXPECT_EQ(computed(again), computed(network));
}

TEST_F(Convert, replaces_no_file_unless_it_is_told_to) {
    std::ofstream(model) << "before";
    Output r = run("convert " + network + " " + model);
    EXPECT_EQ(r.exit_code, 1);
    EXPECT_TRUE(r.says("net.safetensors: is there already; --force replaces it")) << r.text;
    EXPECT_EQ(content(model), "before");
    expect_ok(network + " --force " + model);
    EXPECT_NE(content(model), "before");
}

TEST_F(Convert, says_what_is_wrong) {
    const struct {
        std::string arguments, says;
    } misused[] = {
        {"", "convert takes a file to read and one to write"},
        {"a.onnx", "it takes a file to write as well as 'a.onnx'"},
        {"a.onnx b.onnx c.onnx", "it takes two files, not also 'c.onnx'"},
        {"a.onnx b.pt", "it writes files that end with .onnx or .safetensors, not 'b.pt'"},
        {"a.onnx b.onnx --nothing", "there is no option '--nothing'"},
        {"a.onnx b.onnx --opset", "nothing stands behind '--opset'"},
        {"a.onnx b.onnx --weights", "nothing stands behind '--weights'"},
        {"a.onnx b.onnx --opset 17x", "--opset takes the number of an operator set, not '17x'"},
        {"a.onnx b.onnx --opset -1", "--opset takes the number of an operator set, not '-1'"},
        {"a.onnx b.safetensors --opset 17", "--opset is of networks of ONNX, not of 'b.safetensors'"},
        {"a.safetensors b.onnx --weights-only", "--weights-only is of files of safetensors, not of 'b.onnx'"},
    };
    for (const auto &wrong : misused) {
        const Output r = run("convert " + wrong.arguments);
        EXPECT_EQ(r.exit_code, 2) << wrong.arguments;
        EXPECT_TRUE(r.says(wrong.says)) << r.text;
        EXPECT_TRUE(r.says("usage: glia")) << r.text;
    }
    const struct {
        std::string arguments, says;
    } failed[] = {
        {"/nowhere/a.onnx " + model, "/nowhere/a.onnx: No such file"},
        {"/nowhere/a.safetensors " + again, "/nowhere/a.safetensors: No such file"},
        {network + " " + again + " --opset 16", "opset is 16, must be 17 to 28"},
        {network + " " + again + " --weights /nowhere/w", "/nowhere/w: No such file"},
        {network + " /nowhere/b.onnx", "/nowhere/b.onnx"},
        {recorded + "image.npy " + again, "image.npy"},
    };
    for (const auto &wrong : failed) {
        const Output r = run("convert " + wrong.arguments);
        EXPECT_EQ(r.exit_code, 1) << wrong.arguments;
        EXPECT_TRUE(r.says(wrong.says)) << r.text;
        EXPECT_FALSE(std::filesystem::exists(model) || std::filesystem::exists(again)) << wrong.arguments;
    }
    EXPECT_EQ(run("convert --help").exit_code, 0);
}

}  // namespace
