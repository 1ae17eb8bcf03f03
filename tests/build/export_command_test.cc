// `glia export`: the file that it writes, what it says, and its exit code.
#include <gtest/gtest.h>

#include <filesystem>

#include "build/command.h"
#include "c_file/exported.h"

namespace {

using namespace glia;

TEST(Export, WritesASavedModel) {
    PredictNet n(GLIA_SHAPE(5, 2), [](auto *net, auto x) {
        glia_gru_args args{};
        args.units = 3, args.sequence = true;
        return glia_model_gru(net, x, &args);
    });
    Folder folder;
    const std::string model = folder / "net.safetensors", path = folder / "gru.c";
    ASSERT_EQ(glia_model_save(n.net, model.c_str()), GLIA_OK) << n.message();
    const Output whole = run("export " + model + " --c " + path);
    EXPECT_EQ(whole.exit_code, 0) << whole.text;
    EXPECT_TRUE(whole.says("gru.c: gru_run; 252 bytes of weights, 84 of scratch\n")) << whole.text;
    Exported same(n.net, {}, "gru.c");
    EXPECT_EQ(read_text(path), same.text());
    const Output stream = run("export " + model + " --streaming --time-axis first --prefix voice --c " + path);
    EXPECT_EQ(stream.exit_code, 0) << stream.text;
    EXPECT_TRUE(stream.says("voice_run; 252 bytes of weights, 72 of scratch, 12 of state")) << stream.text;
    EXPECT_NE(read_text(path).find("voice_step(voice_state *state"), std::string::npos);
}

// The model is not compiled: its file has all weights, or else is no model that predicts.
TEST(Export, WritesWhatConvertMade) {
    Folder folder;
    const std::string recorded = std::string(GLIA_SOURCE_DIR) + "/tests/onnx/recorded/network.onnx";
    const std::string model = folder / "net.safetensors", path = folder / "net.c", raw = folder / "raw.safetensors";
    const Output converted = run("convert " + recorded + " " + model);
    if (converted.says("has no protobuf-c")) GTEST_SKIP() << "no ONNX";
    ASSERT_EQ(converted.exit_code, 0) << converted.text;
    const Output whole = run("export " + model + " --c " + path);
    EXPECT_EQ(whole.exit_code, 0) << whole.text;
    EXPECT_TRUE(whole.says("net.c: net_run; ")) << whole.text;
    const glia_dense_args dense{.units = 3};
    PredictNet n(GLIA_SHAPE(2), [&](auto *net, auto x) { return glia_model_dense(net, x, &dense); });
    glia_model_dense(n.net, glia_model_input(n.net, "late", GLIA_SHAPE(2)), &dense);
    ASSERT_EQ(glia_model_save(n.net, raw.c_str()), GLIA_OK) << n.message();
    const Output refused = run("export " + raw + " --c " + path);
    EXPECT_EQ(refused.exit_code, 1) << refused.text;
    EXPECT_TRUE(refused.says("the model is not compiled")) << refused.text;
}

TEST(Export, SaysWhatIsWrong) {
    Folder folder;
    for (const char *wrong :
         {"export", "export a", "export a b --c c.c", "export --c", "export a --c c.c --prefix",
          "export a --c c.c --nothing", "export a --c c.c --time-axis 0", "export a.onnx --c c.c", "export a --c a"}) {
        EXPECT_EQ(run(wrong).exit_code, 2) << wrong;
        EXPECT_TRUE(run(wrong).says("glia export MODEL --c FILE.c")) << wrong;
    }
    EXPECT_EQ(run("export --help").exit_code, 0);
    const Output missing = run("export /nowhere/net --c " + (folder / "a.c"));
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_TRUE(missing.says("/nowhere/net: No such file")) << missing.text;
    EXPECT_FALSE(std::filesystem::exists(folder / "a.c"));
}

}  // namespace
