// `glia inspect`: what it says of a file, and its exit code.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "build/command.h"
#include "glia/glia.h"
#include "support/files.h"
#include "support/with.h"

namespace {

using namespace glia;

Output inspect(const std::string &path) { return run(std::string("inspect ").append(path)); }

class Inspect : public testing::Test {
   protected:
    Inspect() {
        EXPECT_EQ(glia_context_create("cpu", with(glia_context_args{.threads = 1}), &ctx), GLIA_OK);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        x = glia_model_input(net, "x", GLIA_SHAPE(3));
        y = glia_model_dense(net, x, with(glia_dense_args{.name = "fc", .units = 4}));
        EXPECT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_cross_entropy()})), GLIA_OK);
    }
    ~Inspect() override {
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    std::string save(const std::string &name) {
        EXPECT_EQ(glia_model_save(net, (folder / name).c_str()), GLIA_OK) << glia_message(ctx);
        return folder / name;
    }
    std::string bytes(const std::string &path) {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    std::string write(const std::string &name, const std::string &bytes) {
        return folder.write(name, Bytes(bytes.begin(), bytes.end()));
    }

    Folder folder;
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;
    glia_value x{}, y{};
};

TEST_F(Inspect, prints_a_model) {
    const int64_t epochs = 7;
    ASSERT_EQ(glia_model_state_set(net, "glia/epoch", &epochs, sizeof epochs), GLIA_OK);
    const Output r = inspect(save("net"));
    EXPECT_EQ(r.exit_code, 0) << r.text;
    for (const char *part : {"a model and checkpoint, version 1 of the format", "7 epochs", "learning rate  0.001",
                             "\"kind\":\"adam\"", "\"loss\":\"cross_entropy\"", "16 weights, 16 of them trained",
                             "fc.weight/adam_v ", "f32    [4,3]                                48"})
        EXPECT_TRUE(r.says(part)) << part << "\n" << r.text;
}

TEST_F(Inspect, prints_a_model_that_is_not_compiled) {
    glia_model_dense(net, y, with(glia_dense_args{.name = "more", .units = 4}));
    const Output r = inspect(save("net"));
    EXPECT_EQ(r.exit_code, 0) << r.text;
    EXPECT_TRUE(r.says("a model, not compiled, version 1")) << r.text;
    EXPECT_TRUE(r.says("36 weights")) << r.text;
    EXPECT_TRUE(r.says("2 tensors, 64 bytes")) << r.text;
}

TEST_F(Inspect, prints_any_tensors) {
    const float values[2] = {1, 2};
    const glia_safetensors_entry entry{"t\x1b[31m\xc2\x9b", GLIA_F32, GLIA_SHAPE(2), values, sizeof values};
    const glia_safetensors_note note{"by", "somebody"};
    ASSERT_EQ(glia_safetensors_write(ctx, (folder / "plain").c_str(), &entry, 1, &note, 1), GLIA_OK);
    const Output r = inspect(folder / "plain");
    EXPECT_EQ(r.exit_code, 0) << r.text;
    for (const char *part :
         {"safetensors without a model", "by             somebody", "t?[31m? ", "1 tensors, 8 bytes"})
        EXPECT_TRUE(r.says(part)) << part << "\n" << r.text;
    EXPECT_FALSE(r.says("\x1b")) << r.text;
}

TEST_F(Inspect, fails_for_what_is_broken) {
    const std::string whole = bytes(save("net"));
    Output r                = inspect(write("cut", whole.substr(0, whole.size() - 1)));
    EXPECT_EQ(r.exit_code, 1) << r.text;
    EXPECT_TRUE(r.says("cut: its header announces")) << r.text;
    EXPECT_EQ(r.text.rfind("glia: ", 0), 0u) << r.text;

    std::string other  = whole;
    const size_t shape = other.find("\\\"shape\\\":[4,3]");
    ASSERT_NE(shape, std::string::npos);
    other[shape + 12] = '9';
    r                 = inspect(write("other", other));
    EXPECT_EQ(r.exit_code, 1) << r.text;
    EXPECT_TRUE(r.says("dense")) << r.text;

    EXPECT_EQ(inspect("/nowhere/at/all").exit_code, 1);
    EXPECT_TRUE(inspect("/nowhere/at/all").says("/nowhere/at/all: No such file")) << r.text;
}

TEST_F(Inspect, says_how_it_is_used) {
    for (const char *wrong : {"inspect", "inspect a b"}) {
        EXPECT_EQ(run(wrong).exit_code, 2) << wrong;
        EXPECT_TRUE(run(wrong).says("glia: inspect takes one file, not ")) << wrong;
    }
    EXPECT_EQ(run("inspect --help").exit_code, 0);
    EXPECT_TRUE(run("inspect --help").says("glia inspect FILE"));
}

TEST_F(Inspect, fails_when_its_output_is_lost) {
    const Output r = inspect(save("net").append(" 2>&1 >/dev/full #"));
    EXPECT_EQ(r.exit_code, 1) << r.text;
}

}  // namespace
