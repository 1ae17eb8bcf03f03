// `glia run` and `glia inspect` of networks of ONNX.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "build/command.h"
#include "glia/glia.h"
#include "support/files.h"
#include "support/npy_file.h"
#include "support/onnx_file.h"

namespace {

using namespace glia;

const std::string recorded = std::string(GLIA_SOURCE_DIR) + "/tests/onnx/recorded/";

class Run : public testing::Test {
   protected:
    void SetUp() override {
        glia_onnx *file = nullptr;
        ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
        const glia_status status = glia_onnx_open(ctx, (recorded + "network.onnx").c_str(), nullptr, &file);
        glia_onnx_close(file);
        if (status == GLIA_UNSUPPORTED) GTEST_SKIP() << glia_message(ctx);
    }
    void TearDown() override { glia_context_destroy(ctx); }

    std::vector<float> read(const std::string &path) { return read_npy(ctx, path); }

    glia_context *ctx = nullptr;
    Folder folder;
};

TEST_F(Run, computes_what_pytorch_computed) {
    const Output r = run("run " + recorded + "network.onnx --input image=" + recorded + "image.npy --output-dir " +
                         folder.path() + " --device cpu");
    EXPECT_EQ(r.exit_code, 0) << r.text;
    EXPECT_TRUE(r.says("logits: f32 [4,3]")) << r.text;
    const std::vector<float> got = read(folder / "logits.npy"), want = read(recorded + "logits.npy");
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);
}

TEST_F(Run, says_what_is_wrong) {
    const std::string network = recorded + "network.onnx";
    EXPECT_TRUE(run("run " + network).says("leaves dimension 0 open"));
    EXPECT_EQ(run("run " + network).exit_code, 1);
    EXPECT_TRUE(run("run " + network + " --input nothing=" + recorded + "image.npy").says("has no input 'nothing'"));
    EXPECT_TRUE(run("run " + network + " --input image=/nowhere").says("/nowhere: No such file"));
    EXPECT_TRUE(run("run " + network + " --input image=" + recorded + "logits.npy").says("has 4 dimensions, given 2"));
    for (const char *wrong : {"run", "run a b", "run --input", "run a --input b", "run a --nothing b",
                              "run a --max-constants 0", "run a --max-constants 1e9"}) {
        EXPECT_EQ(run(wrong).exit_code, 2) << wrong;
        EXPECT_TRUE(run(wrong).says("glia run FILE.onnx")) << wrong;
    }
    EXPECT_EQ(run("run --help").exit_code, 0);
}

// Two million numbers from a file of a few bytes.
TEST_F(Run, max_constants_allows_more_of_them) {
    onnx::Network n;
    n.initializers          = {onnx::tensor("shape", onnx::INT64, {1}, onnx::raw<int64_t>({2 << 20}))};
    n.nodes                 = {onnx::node("ConstantOfShape", {"shape"}, {"y"})};
    n.outputs               = {onnx::value("y", onnx::FLOAT, {2 << 20})};
    const std::string bytes = n.file(), path = folder.write("f.onnx", {bytes.begin(), bytes.end()});
    EXPECT_TRUE(run("run " + path).says("its constants take more than the 4194"));
    EXPECT_TRUE(run("run " + path).says(" bytes of max_constants"));
    const Output r = run("run " + path + " --max-constants 8388608");
    EXPECT_EQ(r.exit_code, 0) << r.text;
    EXPECT_TRUE(r.says("y: f32 [2097152] 0 0")) << r.text;
}

TEST_F(Run, splits_at_a_known_name) {
    ASSERT_EQ(std::filesystem::copy_file(recorded + "image.npy", folder / "a=b.npy"), true);
    const Output r = run("run " + recorded + "network.onnx --input image=" + (folder / "a=b.npy") + " --device cpu");
    EXPECT_EQ(r.exit_code, 0) << r.text;
}

// Outputs of a network that copies x, under these names.
TEST_F(Run, writes_a_file_for_each_output) {
    const std::vector<std::string> names = {"a/b",     "a_b", std::string(300, 'n'),
                                            "\x1b[2J", "x=y", std::string(1999, 'm') + "\xc3\xa9"};
    onnx::Network n;
    n.inputs = {onnx::value("v=w", onnx::FLOAT, {2, 3, 1, 1})};
    for (const std::string &name : names) {
        n.nodes.push_back(onnx::node("Relu", {"v=w"}, {name}));
        n.outputs.push_back(onnx::value(name, onnx::FLOAT, {2, 3, 1, 1}));
    }
    const std::string bytes = n.file(), path = folder.write("f.onnx", {bytes.begin(), bytes.end()});
    const float values[] = {1, 2, 3, 4, 5, 6};
    const glia_npy_array x{"x", GLIA_F32, GLIA_SHAPE(2, 3, 1, 1), values, sizeof values};
    ASSERT_EQ(glia_npy_write(ctx, (folder / "x=1.npy").c_str(), &x), GLIA_OK) << glia_message(ctx);
    const Output r = run("run " + path + " --input v=w=" + (folder / "x=1.npy") + " --output-dir " + folder.path());
    EXPECT_EQ(r.exit_code, 0) << r.text;
    EXPECT_FALSE(r.says("\x1b")) << r.text;
    EXPECT_TRUE(r.says("?[2J: f32 [2,3,1,1] 1 2 3")) << r.text;
    EXPECT_TRUE(r.says(std::string(1999, 'm') + "...: f32")) << r.text;  // 2000 bytes would split its last character
    for (const std::string &file :
         {std::string("a_b"), std::string("a_b_1"), std::string(175, 'n'), std::string("_[2J"), std::string("x=y")})
        EXPECT_EQ(read(folder / (file + ".npy")), std::vector<float>(values, values + 6)) << file << "\n" << r.text;
    EXPECT_TRUE(run("run " + path).says("no --input gives a file for 'v=w'"));
    EXPECT_EQ(run("run " + path + " --output-dir ''").exit_code, 2);
    const std::string far = folder.path() + std::string(3850, '/') + "sub";
    EXPECT_EQ(run("run " + path + " --input v=w=" + (folder / "x=1.npy") + " --output-dir " + far).exit_code, 0);
    EXPECT_EQ(read(folder / "sub/a_b.npy"), std::vector<float>(values, values + 6));
}

TEST_F(Run, inspect_names_every_value) {
    const Output r = run("inspect " + recorded + "network.onnx");
    EXPECT_EQ(r.exit_code, 0) << r.text;
    for (const char *part : {"a network of ONNX", "pytorch 1.13", "ai.onnx 17", "image: float [?,3,16,16]",
                             "logits: float [?,3]", "17 weights, 52 nodes", "= BatchNormalization(",
                             "logits = Gemm(/Add_2_output_0, head.weight, head.bias) [?,3]"})
        EXPECT_TRUE(r.says(part)) << part << "\n" << r.text;
}

}  // namespace
