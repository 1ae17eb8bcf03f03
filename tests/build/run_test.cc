// `glia run` and `glia inspect` of networks of ONNX.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>

#include "build/command.h"
#include "glia/glia.h"
#include "support/files.h"

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

    std::vector<float> read(const std::string &path) {
        glia_npy *npy = nullptr;
        glia_npy_array array{};
        EXPECT_EQ(glia_npy_read(ctx, path.c_str(), nullptr, &npy), GLIA_OK) << glia_message(ctx);
        if (!npy || glia_npy_get(npy, 0, &array) != GLIA_OK) return {};
        const float *values = static_cast<const float *>(array.values);
        std::vector<float> out(values, values + array.bytes / sizeof(float));
        glia_npy_destroy(npy);
        return out;
    }

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
    for (const char *wrong : {"run", "run a b", "run --input", "run a --input b", "run a --nothing b"}) {
        EXPECT_EQ(run(wrong).exit_code, 2) << wrong;
        EXPECT_TRUE(run(wrong).says("glia run FILE.onnx")) << wrong;
    }
    EXPECT_EQ(run("run --help").exit_code, 0);
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
