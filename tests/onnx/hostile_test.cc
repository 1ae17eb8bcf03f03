// Files that are broken, or that want what they must not have: an error with the path, and nothing else happens.
#include <set>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/internals.h"
#include "support/onnx_file.h"

namespace {

using namespace glia;
using namespace glia::onnx;

class HostileTest : public ContextTest {
   protected:
    // Opens the file, and adds it to a graph with x as [2,3].
    glia_status use(const std::string &bytes) {
        const std::string path = folder.write("f.onnx", {bytes.begin(), bytes.end()});
        return use_file(ctx, path);
    }

    // The same of a model.
    glia_status use_in_model(const std::string &bytes) {
        return use_in_model(ctx, folder.write("f.onnx", {bytes.begin(), bytes.end()}));
    }

    static glia_status use_in_model(glia_context *ctx, const std::string &path) {
        glia_onnx *file = nullptr;
        glia_model *net = nullptr;
        glia_value y{};
        glia_status status = glia_onnx_open(ctx, path.c_str(), nullptr, &file);
        if (status == GLIA_OK) status = glia_model_create(ctx, nullptr, &net);
        if (status == GLIA_OK) status = glia_onnx_add_to_model(file, net, nullptr, &y, 1);
        glia_model_destroy(net);
        glia_onnx_close(file);
        return status;
    }

    static glia_status use_file(glia_context *ctx, const std::string &path, const glia_onnx_args *opening = nullptr) {
        glia_onnx *file   = nullptr;
        glia_graph *graph = nullptr;
        const glia_npy_array x{"x", GLIA_F32, GLIA_SHAPE(2, 3), nullptr, 0};
        glia_onnx_graph_args args = {};
        args.inputs               = &x;
        args.n_inputs             = 1;
        glia_value y{};
        glia_status status = glia_onnx_open(ctx, path.c_str(), opening, &file);
        if (status == GLIA_OK) status = glia_graph_create(ctx, &graph);
        if (status == GLIA_OK) status = glia_onnx_add_to_graph(file, graph, &args, &y, 1);
        glia_graph_destroy(graph);
        glia_onnx_close(file);
        return status;
    }

    void refused(const std::string &bytes, glia_status status, const std::string &part) {
        EXPECT_EQ(use(bytes), status) << part;
        EXPECT_TRUE(says(part)) << message();
        EXPECT_TRUE(says("f.onnx: ")) << message();
    }

    // small_network with its weights in another file.
    Network with_weights_at(const std::string &location, const std::string &offset = "0") {
        Network n = small_network();
        Message w;
        w.number(1, 2).number(1, 3).number(2, FLOAT).text(8, "w");
        w.add(13, Message().text(1, "location").text(2, location)).add(13, Message().text(1, "offset").text(2, offset));
        n.initializers[0] = w.number(14, 1);
        return n;
    }

    Folder folder;
};

TEST_F(HostileTest, TruncatedAnywhere) {
    const std::string whole = small_network().file();
    ASSERT_EQ(use(whole), GLIA_OK) << message();
    for (size_t n = 0; n < whole.size(); ++n) {
        const glia_status status = use(whole.substr(0, n));
        // Before the operator sets the rest is there: what is missing is then a version.
        EXPECT_TRUE(status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED) << n;
        EXPECT_TRUE(says("f.onnx")) << message();
    }
}

// What is still a network differs in a value of a weight, of which there are 32 bytes, or in a name; all else is
// refused with the file's path.
TEST_F(HostileTest, EachByteChanged) {
    const std::string whole = small_network().file();
    const std::set<glia_status> allowed{GLIA_OK, GLIA_BAD_FORMAT, GLIA_UNSUPPORTED, GLIA_SHAPE_MISMATCH,
                                        GLIA_NOT_FOUND};
    size_t accepted = 0;
    for (size_t n = 0; n < whole.size(); ++n)
        for (int change : {1, 0x80, 0xff}) {
            std::string bytes        = whole;
            bytes[n]                 = static_cast<char>(bytes[n] ^ change);
            const glia_status status = use(bytes);
            EXPECT_TRUE(allowed.count(status)) << n << " " << glia_status_name(status);
            EXPECT_TRUE(status == GLIA_OK || says("f.onnx: ")) << n << " " << message();
            accepted += status == GLIA_OK;
        }
    EXPECT_GE(accepted, size_t{3 * 32});
    EXPECT_LT(accepted, whole.size());
}

TEST_F(HostileTest, NestedDeeply) {
    std::string deep;
    for (int i = 0; i < 100000; ++i) {  // a graph in an attribute of a node of a graph ...
        if (deep.size() > 1 << 15) break;
        deep = Message().text(1, Message().text(5, Message().text(6, deep).bytes).bytes).bytes;
    }
    refused(Message().text(7, deep).bytes, GLIA_BAD_FORMAT, "more than 64 deep");
}

TEST_F(HostileTest, MoreMemoryThanTheFile) {
    std::string nodes;
    for (int i = 0; i < 2000000; ++i) nodes += std::string("\x0a\x00", 2);  // empty nodes, 100 bytes each
    refused(Message().text(7, nodes).bytes, GLIA_BAD_FORMAT, "twice as many");
    EXPECT_LT(glia_context_peak_bytes(ctx), size_t{64 << 20} + 4 * nodes.size());
}

TEST_F(HostileTest, NoModel) {
    refused("", GLIA_BAD_FORMAT, "no graph");
    refused("not a model", GLIA_BAD_FORMAT, "broken at byte");
}

TEST_F(HostileTest, NamesTwiceAndCycles) {
    Network n = small_network();
    n.nodes.push_back(node("Relu", {"x"}, {"y"}));
    refused(n.file(), GLIA_BAD_FORMAT, "'y' is given twice");
    n = small_network();
    n.initializers.push_back(n.initializers[0]);
    refused(n.file(), GLIA_BAD_FORMAT, "'w' is given twice");
    n       = small_network();
    n.nodes = {node("Relu", {"b1"}, {"a1"}), node("Relu", {"a1"}, {"b1"}), node("Relu", {"b1"}, {"y"})};
    refused(n.file(), GLIA_BAD_FORMAT, "reads 'b1', which nothing before it gives");
    n         = small_network();
    n.outputs = {value("z", FLOAT, {1})};
    refused(n.file(), GLIA_BAD_FORMAT, "'z' is given by nothing");
}

TEST_F(HostileTest, ShapesThatAreNone) {
    Network n         = small_network();
    n.initializers[0] = onnx::tensor("w", FLOAT, {1 << 30, 1 << 30}, "");
    refused(n.file(), GLIA_UNSUPPORTED, "more than 2^31-1 elements");
    n.initializers[0] = onnx::tensor("w", FLOAT, {-1, 3}, "");
    refused(n.file(), GLIA_BAD_FORMAT, "dimension 0 is -1");
    n.initializers[0] = onnx::tensor("w", FLOAT, {2, 3}, "1234");
    refused(n.file(), GLIA_BAD_FORMAT, "has 4 bytes of values, its shape and type make 24");
    n.initializers[0] = onnx::tensor("w", 8, {2, 3}, "1234");
    refused(n.file(), GLIA_UNSUPPORTED, "of type string");
    // A constant of 4 GB from 8 bytes.
    n              = small_network();
    n.initializers = {onnx::tensor("s", INT64, {2}, raw<int64_t>({1 << 15, 1 << 15}))};
    n.nodes        = {node("ConstantOfShape", {"s"}, {"y"})};
    refused(n.file(), GLIA_UNSUPPORTED, "constants take more than");
    EXPECT_LT(glia_context_peak_bytes(ctx), size_t{64 << 20});
}

TEST_F(HostileTest, WeightsOfItsFolderAndBelowAlone) {
    const std::string w = raw<float>({1, -2, 3, -4, 5, -6});
    folder.write("w", {w.begin(), w.end()});
    std::filesystem::create_directory(folder / "sub");
    folder.write("sub/w", {w.begin(), w.end()});
    EXPECT_EQ(use(with_weights_at("w").file()), GLIA_OK) << message();
    EXPECT_EQ(use(with_weights_at("sub/w").file()), GLIA_OK) << message();
    std::filesystem::create_symlink(folder / "w", folder / "link");
    std::filesystem::create_directory_symlink(folder / "sub", folder / "linked");
    std::filesystem::create_hard_link(folder / "sub/w", folder / "hard");
    for (const char *location :
         {"/etc/passwd", "../w", "sub/../../w", "./w", "", "sub/", "link", "linked/w", "hard", "sub"})
        refused(with_weights_at(location).file(), GLIA_BAD_FORMAT,
                "only files in the model's folder and below are read");
    refused(with_weights_at("nothing").file(), GLIA_NOT_FOUND, "weights in 'nothing' of its folder: No such file");
    refused(with_weights_at("w", "4").file(), GLIA_BAD_FORMAT, "24 at 4 are wanted");
    refused(with_weights_at("w", "18446744073709551615").file(), GLIA_BAD_FORMAT, "are wanted");
    refused(with_weights_at("w", "-1").file(), GLIA_BAD_FORMAT, "must be a number");
}

TEST_F(HostileTest, WeightsBesideItAreCountedTogether) {
    const std::string zeros(4096, '\0');
    folder.write("w", {zeros.begin(), zeros.end()});
    Network n = small_network();
    n.initializers.clear();
    for (const char *name : {"v", "w"}) {
        Message m;
        m.number(1, 1024).number(2, FLOAT).text(8, name).add(13, Message().text(1, "location").text(2, "w"));
        n.initializers.push_back(m.number(14, 1));
    }
    n.nodes = {node("Add", {"v", "w"}, {"s"}), node("ReduceMax", {"s"}, {"m"}), node("Add", {"x", "m"}, {"y"})};
    const std::string bytes = n.file(), path = folder.write("f.onnx", {bytes.begin(), bytes.end()});
    glia_onnx_args args{2 * 4096};
    EXPECT_EQ(use_file(ctx, path, &args), GLIA_OK) << message();
    --args.max_bytes;
    EXPECT_EQ(use_file(ctx, path, &args), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("more than max_bytes: of tensor 'w' there are 4096, and 4095 are left")) << message();
}

TEST_F(HostileTest, ATensorWithItsValuesElsewhere) {
    Message t;
    t.number(1, 2).number(2, FLOAT).text(8, "w").add(13, Message().text(1, "location").text(2, "w")).number(14, 1);
    const std::string path = folder.write("t.pb", {t.bytes.begin(), t.bytes.end()});
    glia_onnx_tensor *out  = nullptr;
    EXPECT_EQ(glia_onnx_tensor_open(ctx, path.c_str(), &out), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("t.pb: the values of tensor 'w' are in another file")) << message();
}

TEST_F(HostileTest, WeightsThatCannotBeLoadedAreReadTwice) {
    const std::vector<Message> weights = {onnx::tensor("w", 13, {2, 3}, std::string(48, 0)),  // uint64
                                          onnx::tensor("w", 8, {2, 3}, ""),                   // string
                                          onnx::tensor("w", FLOAT, std::vector<int64_t>(9, 1), raw<float>({1})),
                                          onnx::tensor("w", FLOAT, {1 << 30, 1 << 30}, "")};
    for (const Message &w : weights) {
        Network n      = small_network();
        n.initializers = {w};
        n.nodes = {node("Add", {"x", "w"}, {"a"}), node("Mul", {"x", "w"}, {"b"}), node("Add", {"a", "b"}, {"y"})};
        refused(n.file(), GLIA_UNSUPPORTED, "1 node cannot be imported: Add 'a': ");
        EXPECT_EQ(use_in_model(n.file()), GLIA_UNSUPPORTED);
    }
}

TEST_F(HostileTest, OneDimensionTooMany) {
    Network n      = small_network();
    n.initializers = {onnx::tensor("d", INT64, {}, raw<int64_t>({3})),
                      onnx::tensor("v", FLOAT, {2}, raw<float>({0, 1})),
                      onnx::tensor("s", INT64, {8}, raw<int64_t>({1, 1, 1, 1, 1, 1, 2, 3}))};
    n.nodes        = {node("Reshape", {"x", "s"}, {"r"}), node("Cast", {"r"}, {"i"}, {integer("to", INT64)}),
                      node("OneHot", {"i", "d", "v"}, {"y"}, {integer("axis", 0)})};
    refused(n.file(), GLIA_UNSUPPORTED, "OneHot 'y': ");
}

TEST_F(HostileTest, NumbersAtTheEndsOfTheirTypes) {
    Network n               = small_network();
    const int64_t numbers[] = {INT64_MAX, INT64_MIN, INT64_MAX - (int64_t{1} << 39), (int64_t{1} << 62) + 1};
    const std::string w     = raw<float>({1, 2, 3, 4});
    for (const int64_t number : numbers) {
        n.initializers    = {onnx::tensor("s", INT64, {2}, raw<int64_t>({2, number})),
                             onnx::tensor("w", FLOAT, {1, 1, 2, 2}, w),
                             onnx::tensor("v", FLOAT, {1, 1, 1, 2, 2}, w),
                             onnx::tensor("four", INT64, {4}, raw<int64_t>({-1, 1, 1, 3})),
                             onnx::tensor("five", INT64, {5}, raw<int64_t>({-1, 1, 1, 1, 3})),
                             onnx::tensor("three", INT64, {3}, raw<int64_t>({-1, 1, 3})),
                             onnx::tensor("gates", FLOAT, {1, 4, 1}, w)};
        const Message as4 = node("Reshape", {"x", "four"}, {"i"}), as5 = node("Reshape", {"x", "five"}, {"i"});
        const std::vector<std::vector<Message>> networks = {
            {node("Reshape", {"x", "s"}, {"y"})},
            {node("Expand", {"x", "s"}, {"y"})},
            {node("ConstantOfShape", {"s"}, {"y"})},
            {as4, node("ConvTranspose", {"i", "w"}, {"y"}, {integers("output_shape", {number, number})})},
            {as4, node("ConvTranspose", {"i", "w"}, {"y"}, {integers("output_padding", {number, number})})},
            {as4, node("ConvTranspose", {"i", "w"}, {"y"}, {integers("strides", {number, number})})},
            {as4, node("Conv", {"i", "w"}, {"y"}, {integers("pads", {number, number, number, number})})},
            {as5, node("ConvTranspose", {"i", "v"}, {"y"}, {integers("output_padding", {number, 0, 0})})},
            {as4, node("DepthToSpace", {"i"}, {"y"}, {integer("blocksize", number)})},
            {node("Reshape", {"x", "three"}, {"i"}),
             node("LSTM", {"i", "gates", "gates"}, {"y"}, {integer("hidden_size", number)})}};
        for (const auto &nodes : networks) {
            n.nodes = nodes;
            refused(n.file(), GLIA_UNSUPPORTED, "1 node cannot be imported: ");
            EXPECT_TRUE(says(" 'y': ")) << message();
            EXPECT_EQ(use_in_model(n.file()), GLIA_UNSUPPORTED) << number;
            EXPECT_TRUE(says("1 node cannot be imported: ") && says(" 'y': ")) << message();
        }
    }
}

TEST_F(HostileTest, NumbersOfWindowsThatAddUp) {
    Network n             = small_network();
    n.initializers        = {onnx::tensor("v", FLOAT, {1, 1, 2, 1, 1}, raw<float>({1, 2})),
                             onnx::tensor("five", INT64, {5}, raw<int64_t>({1, 1, 2, 1, 3}))};
    const auto transposed = [&](const std::vector<Message> &attributes) {
        n.nodes = {node("Reshape", {"x", "five"}, {"i"}), node("ConvTranspose", {"i", "v"}, {"y"}, attributes)};
        return n.file();
    };
    refused(transposed({integers("output_padding", {-5, 0, 0}), integers("dilations", {INT32_MAX, 1, 1})}),
            GLIA_UNSUPPORTED, "output_padding has -5");
    refused(transposed({integers("output_padding", {INT32_MAX, 0, 0}), integers("output_shape", {-1, 1, 3})}),
            GLIA_UNSUPPORTED, "a size of -1");
    refused(transposed({integers("strides", {INT32_MAX, 1, 1}), integers("dilations", {INT32_MAX, 1, 1})}),
            GLIA_UNSUPPORTED, "a window of depth 2");
}

TEST_F(HostileTest, EquationsThatAreNone) {
    const std::pair<const char *, const char *> wrong[] = {
        {"", "term 0 of its equation has 0 labels, the operand 2 dimensions"},
        {"ijk->i", "has 3 labels, the operand 2 dimensions"},
        {"i1->i", "'1' in its equation is no label"},
        {"i.->i", "'.' in its equation is no label"},
        {"ii->i", "'i' stands twice in a term of its equation"},
        {"ij->ii", "'i' stands twice in a term of its equation"},
        {"ij->k", "a label of the result stands in no term"},
        {"ij-i", "its equation has no \"->\""},
        {"ij->i->", "'-' in its equation stands behind the result"},
        {"ij->i,", "',' in its equation stands behind the result"},
        {"i...->i", "the result of its equation lacks \"...\""},
        {"ij,j->i", "its equation has not 1 terms"},
        {"abcdefghi->a", "has more than 8 labels"},
    };
    for (const auto &[equation, part] : wrong) {
        Network n = small_network();
        n.nodes   = {node("Einsum", {"x"}, {"y"}, {Message().text(1, "equation").text(4, equation).number(20, 3)})};
        refused(n.file(), GLIA_UNSUPPORTED, part);
        EXPECT_EQ(use_in_model(n.file()), GLIA_UNSUPPORTED);
    }
}

TEST_F(HostileTest, SizesOfInputs) {
    Network n   = small_network();
    n.inputs[0] = value("x", FLOAT, {int64_t{1} << 31, 0});
    n.nodes     = {node("Relu", {"x"}, {"y"})};
    const glia_npy_array x{"x", GLIA_F32, GLIA_SHAPE(int64_t{1} << 31, 0), nullptr, 0};
    const std::string bytes = n.file(), path = folder.write("f.onnx", {bytes.begin(), bytes.end()});
    glia_onnx *file   = nullptr;
    glia_graph *graph = nullptr;
    glia_value y{};
    ASSERT_EQ(glia_onnx_open(ctx, path.c_str(), nullptr, &file), GLIA_OK) << message();
    ASSERT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
    const glia_onnx_graph_args args{&x, 1, nullptr, 0};
    EXPECT_EQ(glia_onnx_add_to_graph(file, graph, &args, &y, 1), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("dimension 0 of input 'x' is 2147483648, more than 2^31-1")) << message();
    glia_graph_destroy(graph);
    glia_onnx_close(file);
}

TEST_F(HostileTest, NamesThatSteerATerminal) {
    Network n = small_network();
    n.nodes   = {node("Re\x1b[2Jlu", {"x"}, {"y"})};
    refused(n.file(), GLIA_UNSUPPORTED, "Re?[2Jlu 'y'");
    EXPECT_FALSE(says("\x1b")) << message();
    n.nodes = {node("Relu", {"\xc2\x9b\n1"}, {"y"})};
    refused(n.file(), GLIA_BAD_FORMAT, "reads '??1'");
}

TEST_F(HostileTest, VersionsThatAreNotRead) {
    Network n = small_network();
    n.version = 99;
    refused(n.file(), GLIA_UNSUPPORTED, "version 99 of ONNX's operators");
}

TEST_F(HostileTest, OutOfMemory) {
    const std::string bytes = small_network().file(), path = folder.write("f.onnx", {bytes.begin(), bytes.end()});
    EXPECT_GT(fail_every_allocation([&](glia_context *c) { return use_file(c, path); }), 10);
    EXPECT_GT(fail_every_allocation([&](glia_context *c) { return use_in_model(c, path); }), 10);
}

}  // namespace
