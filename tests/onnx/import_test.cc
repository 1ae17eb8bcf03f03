// Networks of ONNX as graphs and as models: what they compute, and that they are models like others.
#include <functional>
#include <map>
#include <numeric>
#include <regex>
#include <sstream>

#include "support/context_test.h"
#include "support/files.h"
#include "support/internals.h"
#include "support/onnx_file.h"

extern "C" {
#include "nn/layer.h"
#include "onnx/onnx_import.h"
}

namespace {

using namespace glia;
using namespace glia::onnx;

class ImportTest : public ContextTest {
   protected:
    void TearDown() override {
        glia_onnx_close(file);
        glia_model_destroy(net);
        glia_dataset_destroy(data);
        ContextTest::TearDown();
    }

    glia_status open(const std::string &bytes) {
        glia_onnx_close(file);
        file = nullptr;
        return glia_onnx_open(ctx, folder.write("f.onnx", {bytes.begin(), bytes.end()}).c_str(), nullptr, &file);
    }

    void make_model(const Network &n, const glia_onnx_model_args *args = nullptr) {
        ASSERT_EQ(open(n.file()), GLIA_OK) << message();
        ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        ASSERT_EQ(glia_onnx_add_to_model(file, net, args, &y, 1), GLIA_OK) << message();
    }

    glia_dataset *samples(std::vector<float> &x, glia_shape shape, std::vector<float> &t, glia_shape target) {
        const glia_array in{"x", GLIA_F32, shape, x.data()}, out{"t", GLIA_F32, target, t.data()};
        glia_arrays_args args = {};
        args.inputs           = &in;
        args.n_inputs         = 1;
        args.targets          = &out;
        args.n_targets        = 1;
        int64_t each          = 1;
        for (int i = 0; i < shape.ndim; ++i) each *= shape.dim[i];
        args.count = static_cast<int64_t>(x.size()) / each;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
        return data;
    }

    static glia_shape shape_of(const std::vector<int64_t> &dims) {
        glia_shape shape{static_cast<int>(dims.size()), {}};
        std::copy(dims.begin(), dims.end(), shape.dim);
        return shape;
    }
    static size_t count_of(const std::vector<int64_t> &dims) {
        return static_cast<size_t>(std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>()));
    }

    // The output of a network of fixed shapes, as a graph.
    std::vector<float> compute(const Network &n, const std::vector<std::vector<int64_t>> &shapes,
                               const std::vector<std::vector<float>> &x, const std::vector<int64_t> &shape) {
        glia_graph *graph = nullptr;
        glia_plan *plan   = nullptr;
        glia_tensor *out  = tensor(GLIA_F32, shape_of(shape));
        std::vector<glia_tensor *> in;
        std::vector<float> values(count_of(shape));
        for (size_t i = 0; i < x.size(); ++i) {
            in.push_back(tensor(GLIA_F32, shape_of(shapes[i])));
            EXPECT_EQ(glia_tensor_write(in[i], x[i].data(), x[i].size() * sizeof(float)), GLIA_OK) << message();
        }
        EXPECT_EQ(open(n.file()), GLIA_OK) << message();
        EXPECT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
        EXPECT_EQ(glia_onnx_add_to_graph(file, graph, nullptr, &y, 1), GLIA_OK) << message();
        EXPECT_EQ(glia_plan_create(graph, &y, 1, &plan), GLIA_OK) << message();
        EXPECT_EQ(glia_plan_run(plan, in.data(), static_cast<int>(in.size()), &out, 1), GLIA_OK) << message();
        EXPECT_EQ(glia_tensor_read(out, values.data(), values.size() * sizeof(float)), GLIA_OK);
        for (glia_tensor *t : in) glia_tensor_destroy(t);
        glia_tensor_destroy(out);
        glia_plan_destroy(plan);
        glia_graph_destroy(graph);
        return values;
    }

    Folder folder;
    glia_onnx *file    = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    glia_value y{};
};

TEST_F(ImportTest, TellsWhatIsInAFile) {
    ASSERT_EQ(open(small_network().file()), GLIA_OK) << message();
    ASSERT_EQ(glia_onnx_input_count(file), 1);
    const glia_onnx_value x = glia_onnx_input(file, 0), out = glia_onnx_output(file, 0);
    EXPECT_STREQ(x.name, "x");
    EXPECT_STREQ(x.type, "float");
    EXPECT_TRUE(x.has_dtype && x.has_shape && x.dtype == GLIA_F32 && x.shape.ndim == 2);
    EXPECT_EQ(x.shape.dim[0], -1);
    EXPECT_EQ(x.shape.dim[1], 3);
    EXPECT_STREQ(out.name, "y");
    EXPECT_EQ(glia_onnx_input(file, 1).name, nullptr);
    EXPECT_EQ(glia_onnx_output(file, -1).name, nullptr);
}

TEST_F(ImportTest, ComputesInAGraph) {
    ASSERT_EQ(open(small_network().file()), GLIA_OK) << message();
    glia_graph *graph = nullptr;
    ASSERT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
    const glia_npy_array x{"x", GLIA_F32, GLIA_SHAPE(2, 3), nullptr, 0};
    glia_onnx_graph_args args = {};
    args.inputs               = &x;
    args.n_inputs             = 1;
    ASSERT_EQ(glia_onnx_add_to_graph(file, graph, &args, &y, 1), GLIA_OK) << message();
    glia_plan *plan = nullptr;
    ASSERT_EQ(glia_plan_create(graph, &y, 1, &plan), GLIA_OK) << message();
    glia_tensor *in = tensor(GLIA_F32, GLIA_SHAPE(2, 3)), *out = tensor(GLIA_F32, GLIA_SHAPE(2, 2));
    const float numbers[] = {1, 1, 1, 0, 2, 0};
    ASSERT_EQ(glia_tensor_write(in, numbers, sizeof numbers), GLIA_OK);
    ASSERT_EQ(glia_plan_run(plan, &in, 1, &out, 1), GLIA_OK) << message();
    float got[4];
    ASSERT_EQ(glia_tensor_read(out, got, sizeof got), GLIA_OK);
    EXPECT_EQ(std::vector<float>(got, got + 4), (std::vector<float>{2.5f, 0, 0, 11}));
    glia_tensor_destroy(in);
    glia_tensor_destroy(out);
    glia_plan_destroy(plan);
    glia_graph_destroy(graph);
}

TEST_F(ImportTest, IsAModelWithTheFilesWeights) {
    make_model(small_network());
    ASSERT_EQ(glia_model_weight_count(net), 2);
    EXPECT_STREQ(glia_model_weight_name(net, 0), "w");
    EXPECT_STREQ(glia_model_weight_name(net, 1), "b");
    glia_onnx_close(file);  // a model does not need it
    file                   = nullptr;
    glia_compile_args args = {};
    args.loss              = glia_loss_mse();
    args.optimizer         = glia_optimizer_sgd(0.01);
    ASSERT_EQ(glia_model_compile(net, y, &args), GLIA_OK) << message();
    std::vector<float> x = {1, 1, 1, 0, 2, 0, 0, 0, 0}, t = {1, 0, 0, 0, 1, 1}, got(6);
    samples(x, GLIA_SHAPE(3), t, GLIA_SHAPE(2));
    ASSERT_EQ(glia_model_predict(net, data, 2, got.data(), got.size() * sizeof(float)), GLIA_OK) << message();
    EXPECT_EQ(got, (std::vector<float>{2.5f, 0, 0, 11, 0.5f, 1}));
    glia_fit_args fit = {};
    fit.epochs        = 10;
    fit.batch_size    = 3;
    float w[6];
    ASSERT_EQ(glia_model_fit(net, data, &fit), GLIA_OK) << message();
    ASSERT_EQ(glia_model_get(net, "w", w, sizeof w), GLIA_OK);
    EXPECT_NE(w[0], 1);
}

// What would count on a batch of one size is refused, and not of the other axes.
TEST_F(ImportTest, CountsOnNoSizeOfTheBatch) {
    for (int64_t axis : {0, 1}) {
        Network n;
        n.inputs       = {value("x", FLOAT, {-1, 2})};
        n.initializers = {onnx::tensor("last", INT64, {1}, raw<int64_t>({-1})),
                          onnx::tensor("start", INT64, {1}, raw<int64_t>({-1})),
                          onnx::tensor("stop", INT64, {1}, raw<int64_t>({-9})),
                          onnx::tensor("axis", INT64, {1}, raw<int64_t>({axis}))};
        n.nodes        = {node("Split", {"x"}, {"a", "b"}, {integer("axis", axis)}),
                          node("Hardmax", {"x"}, {"c"}, {integer("axis", axis)}),
                          node("Gather", {"x", "last"}, {"d"}, {integer("axis", axis)}),
                          node("Slice", {"x", "start", "stop", "axis", "last"}, {"e"})};
        for (const char *name : {"b", "c", "d", "e"}) n.outputs.push_back(value(name, FLOAT, {-1, -1}));
        glia_value out[4];
        ASSERT_EQ(open(n.file()), GLIA_OK) << message();
        glia_model_destroy(net);
        ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        EXPECT_EQ(glia_onnx_add_to_model(file, net, nullptr, out, 4), axis ? GLIA_OK : GLIA_UNSUPPORTED) << message();
        EXPECT_EQ(glia_onnx_problem_count(file), axis ? 0 : 4);
        for (int i = 0; i < glia_onnx_problem_count(file); ++i) {
            const std::string reason = glia_onnx_get_problem(file, i).reason;
            EXPECT_NE(reason.find("axis 0 is as large as the batch"), std::string::npos) << reason;
        }
    }
}

// Cut at an inner value, with a head of its own; the file's weights stay.
TEST_F(ImportTest, IsCutAndGetsANewHead) {
    const char *cut           = "h";
    glia_onnx_model_args args = {};
    args.outputs              = &cut;
    args.n_outputs            = 1;
    args.frozen               = true;
    make_model(small_network(), &args);
    glia_dense_args dense     = {};
    dense.units               = 1;
    dense.name                = "head";
    const glia_value head     = glia_model_dense(net, y, &dense);
    glia_compile_args compile = {};
    compile.loss              = glia_loss_mse();
    compile.optimizer         = glia_optimizer_sgd(0.01);
    ASSERT_EQ(glia_model_compile(net, head, &compile), GLIA_OK) << message();
    std::vector<float> x = {1, 1, 1, 0, 2, 0, 0, 0, 0}, t = {1, 0, 1};
    samples(x, GLIA_SHAPE(3), t, GLIA_SHAPE(1));
    float before[2], after[2], w[6];
    ASSERT_EQ(glia_model_get(net, "head.weight", before, sizeof before), GLIA_OK);
    glia_fit_args fit = {};
    fit.epochs        = 2;
    fit.batch_size    = 3;
    ASSERT_EQ(glia_model_fit(net, data, &fit), GLIA_OK) << message();
    ASSERT_EQ(glia_model_get(net, "head.weight", after, sizeof after), GLIA_OK);
    ASSERT_EQ(glia_model_get(net, "w", w, sizeof w), GLIA_OK);
    EXPECT_NE(before[0], after[0]);
    EXPECT_EQ(w[5], -6);
}

// x [N,1,2] without its signs, twice as long: what compares, chooses and resizes in a model, whose batch a size has.
TEST_F(ImportTest, ComparesChoosesAndResizesInAModel) {
    Network n;
    n.inputs       = {value("x", FLOAT, {-1, 1, 2})};
    n.outputs      = {value("y", FLOAT, {-1, 1, 4})};
    n.initializers = {onnx::tensor("zero", FLOAT, {}, raw<float>({0})),
                      onnx::tensor("twice", INT64, {3}, raw<int64_t>({1, 1, 2}))};
    n.nodes        = {node("GreaterOrEqual", {"x", "zero"}, {"c"}), node("Neg", {"x"}, {"m"}),
                      node("Where", {"c", "x", "m"}, {"a"}),        node("Shape", {"x"}, {"s"}),
                      node("Mul", {"s", "twice"}, {"t"}),           node("Resize", {"a", "", "", "t"}, {"y"})};
    make_model(n);
    glia_compile_args args = {};
    args.loss              = glia_loss_mse();
    args.optimizer         = glia_optimizer_sgd(0.01);
    ASSERT_EQ(glia_model_compile(net, y, &args), GLIA_OK) << message();
    std::vector<float> x = {1, -2, -3, 0, 4, 5}, t(12), got(12);
    samples(x, GLIA_SHAPE(1, 2), t, GLIA_SHAPE(1, 4));
    ASSERT_EQ(glia_model_predict(net, data, 2, got.data(), got.size() * sizeof(float)), GLIA_OK) << message();
    EXPECT_EQ(got, (std::vector<float>{1, 1, 2, 2, 3, 3, 0, 0, 4, 4, 5, 5}));
}

// Inputs p, q, r of these shapes.
Network einsum(const char *equation, const std::vector<std::vector<int64_t>> &shapes,
               const std::vector<int64_t> &result) {
    Network n;
    std::vector<std::string> names = {"p", "q", "r"};
    names.resize(shapes.size());
    for (size_t i = 0; i < shapes.size(); ++i) n.inputs.push_back(value(names[i], FLOAT, shapes[i]));
    n.outputs = {value("y", FLOAT, result)};
    n.nodes   = {node("Einsum", names, {"y"}, {Message().text(1, "equation").text(4, equation).number(20, 3)})};
    return n;
}

// Sums of products, of one to three operands, against sums written out.
TEST_F(ImportTest, ComputesEinsum) {
    struct Einsum {
        const char *equation;
        std::vector<std::vector<int64_t>> shapes;
        std::vector<int64_t> shape;
        std::function<float(const std::vector<std::vector<float>> &)> second;  // its second element
    };
    const auto f            = [](const std::vector<float> &x, size_t i) { return x[i]; };
    const Einsum examples[] = {
        {"ij->ji", {{2, 3}}, {3, 2}, [&](auto &x) { return f(x[0], 3); }},
        {"Bij", {{2, 2, 3}}, {2, 2, 3}, [&](auto &x) { return f(x[0], 1); }},
        {"ij->i", {{2, 3}}, {2}, [&](auto &x) { return f(x[0], 3) + f(x[0], 4) + f(x[0], 5); }},
        {"i,j->ij", {{2}, {3}}, {2, 3}, [&](auto &x) { return f(x[0], 0) * f(x[1], 1); }},
        {"ij,ij->ij", {{2, 3}, {2, 3}}, {2, 3}, [&](auto &x) { return f(x[0], 1) * f(x[1], 1); }},
        {"ij,kj->ik",
         {{2, 2}, {3, 2}},
         {2, 3},
         [&](auto &x) { return f(x[0], 0) * f(x[1], 2) + f(x[0], 1) * f(x[1], 3); }},
        {"ji,jk->ki",
         {{2, 2}, {2, 3}},
         {3, 2},
         [&](auto &x) { return f(x[0], 1) * f(x[1], 0) + f(x[0], 3) * f(x[1], 3); }},
        {"... a, a b -> ... b",
         {{2, 1, 2}, {2, 2}},
         {2, 1, 2},
         [&](auto &x) { return f(x[0], 0) * f(x[1], 1) + f(x[0], 1) * f(x[1], 3); }},
        {"ab,bc,c->a",
         {{2, 1}, {1, 2}, {2}},
         {2},
         [&](auto &x) { return f(x[0], 1) * (f(x[1], 0) * f(x[2], 0) + f(x[1], 1) * f(x[2], 1)); }},
        // a size of 1 is repeated
        {"ij,jk->ik", {{2, 1}, {2, 2}}, {2, 2}, [&](auto &x) { return f(x[0], 0) * (f(x[1], 1) + f(x[1], 3)); }},
        {"i...,i...->...", {{2, 2}, {1, 1}}, {2}, [&](auto &x) { return (f(x[0], 1) + f(x[0], 3)) * f(x[1], 0); }},
    };
    for (const Einsum &e : examples) {
        std::vector<std::vector<float>> x;
        for (const std::vector<int64_t> &shape : e.shapes) {
            x.emplace_back(static_cast<size_t>(count_of(shape)));
            for (size_t i = 0; i < x.back().size(); ++i) x.back()[i] = static_cast<float>((i + 1) * x.size());
        }
        EXPECT_EQ(compute(einsum(e.equation, e.shapes, e.shape), e.shapes, x, e.shape)[1], e.second(x)) << e.equation;
    }
}

// As many products, which a sum over both labels at once would not tell apart.
TEST_F(ImportTest, EinsumOfLabelsWithTwoSizes) {
    ASSERT_EQ(open(einsum("ij,ij->", {{2, 3}, {3, 2}}, {}).file()), GLIA_OK) << message();
    glia_graph *graph = nullptr;
    ASSERT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
    EXPECT_EQ(glia_onnx_add_to_graph(file, graph, nullptr, &y, 1), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("'i' in its equation is 2 in one term and 3 in another")) << message();
    glia_graph_destroy(graph);
}

TEST_F(ImportTest, ComputesTrilu) {
    const std::vector<float> x                                    = {1, 2, 3, 4, 5, 6};
    const std::tuple<int, int64_t, std::vector<float>> examples[] = {
        {1, 0, {1, 2, 3, 0, 5, 6}},  {1, 1, {0, 2, 3, 0, 0, 6}}, {0, 0, {1, 0, 0, 4, 5, 0}},
        {0, -1, {0, 0, 0, 4, 0, 0}}, {0, INT64_MAX, x},          {1, INT64_MAX, std::vector<float>(6)}};
    for (const auto &[upper, k, want] : examples) {
        Network n;
        n.version      = 14;
        n.inputs       = {value("x", FLOAT, {2, 3})};
        n.outputs      = {value("y", FLOAT, {2, 3})};
        n.initializers = {onnx::tensor("k", INT64, {}, raw<int64_t>({k}))};
        n.nodes        = {node("Trilu", {"x", "k"}, {"y"}, {integer("upper", upper)})};
        EXPECT_EQ(compute(n, {{2, 3}}, {x}, {2, 3}), want) << upper << " " << k;
    }
}

// As PyTorch writes a linear layer by hand: the weight keeps its name and its layout.
TEST_F(ImportTest, EinsumWithAWeightInAModel) {
    Network n;
    n.inputs       = {value("x", FLOAT, {-1, 2, 3})};
    n.outputs      = {value("y", FLOAT, {-1, 2, 2})};
    n.initializers = {onnx::tensor("w", FLOAT, {2, 3}, raw<float>({1, -2, 3, -4, 5, -6}))};
    n.nodes = {node("Einsum", {"x", "w"}, {"y"}, {Message().text(1, "equation").text(4, "btc,kc->btk").number(20, 3)})};
    make_model(n);
    ASSERT_EQ(glia_model_weight_count(net), 1);
    EXPECT_STREQ(glia_model_weight_name(net, 0), "w");
    ASSERT_EQ(glia_model_compile(net, y, nullptr), GLIA_OK) << message();
    std::vector<float> x = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1}, t(8), got(8);
    samples(x, GLIA_SHAPE(2, 3), t, GLIA_SHAPE(2, 2));
    ASSERT_EQ(glia_model_predict(net, data, 2, got.data(), got.size() * sizeof(float)), GLIA_OK) << message();
    EXPECT_EQ(got, (std::vector<float>{1, -4, -2, 5, 3, -6, 2, -5}));
}

// x [N,2,3] reshaped to N and the product of its other sizes, with the product as a vector and as a scalar.
TEST_F(ImportTest, MultipliesSizes) {
    for (const bool keep : {true, false}) {
        Network n;
        n.inputs       = {value("x", FLOAT, {-1, 2, 3})};
        n.outputs      = {value("y", FLOAT, {-1, 6})};
        n.initializers = {onnx::tensor("zero", INT64, {1}, raw<int64_t>({0})),
                          onnx::tensor("one", INT64, {1}, raw<int64_t>({1})),
                          onnx::tensor("three", INT64, {1}, raw<int64_t>({3}))};
        n.nodes        = {node("Shape", {"x"}, {"s"}), node("Slice", {"s", "zero", "one"}, {"n"}),
                          node("Slice", {"s", "one", "three"}, {"rest"}),
                          node("ReduceProd", {"rest"}, {"p"}, {integer("keepdims", keep)})};
        if (!keep) n.nodes.push_back(node("Unsqueeze", {"p", "zero"}, {"q"}));
        n.nodes.push_back(node("Concat", {"n", keep ? "p" : "q"}, {"to"}, {integer("axis", 0)}));
        n.nodes.push_back(node("Reshape", {"x", "to"}, {"y"}));
        glia_model_destroy(net);
        make_model(n);
        const glia_tensor *shape = gli_model_shape(net, y);
        EXPECT_TRUE(shape->ndim == 2 && shape->dim[1] == 6) << shape->ndim << " " << shape->dim[1];
    }
}

// A mask of dropout as large as the batch is no model's: it need not be there where nothing reads it.
TEST_F(ImportTest, OutputsThatNothingReadsNeedNotBeComputed) {
    Network n;
    n.inputs  = {onnx::value("x", FLOAT, {-1, 4})};
    n.nodes   = {onnx::node("Dropout", {"x"}, {"d", "mask"}), onnx::node("Relu", {"d"}, {"y"})};
    n.outputs = {onnx::value("y", FLOAT, {-1, 4})};
    make_model(n);
    n.nodes.push_back(onnx::node("Cast", {"mask"}, {"m"}, {onnx::integer("to", FLOAT)}));
    n.outputs.push_back(onnx::value("m", FLOAT, {-1, 4}));
    ASSERT_EQ(open(n.file()), GLIA_OK) << message();
    glia_model *other = nullptr;
    glia_value out[2];
    ASSERT_EQ(glia_model_create(ctx, nullptr, &other), GLIA_OK);
    EXPECT_EQ(glia_onnx_add_to_model(file, other, nullptr, out, 2), GLIA_UNSUPPORTED);
    EXPECT_NE(message().find("1 node cannot be imported: Dropout 'd': a mask in a model"), std::string::npos)
        << message();
    glia_model_destroy(other);
}

// A control character, also one of U+0080 to U+009F, is in no name of a model.
TEST_F(ImportTest, NamesWithControlCharacters) {
    Network n         = small_network();
    n.initializers[0] = onnx::tensor("w\xc2\x9bJ\n", FLOAT, {2, 3}, raw<float>({1, -2, 3, -4, 5, -6}));
    n.nodes[0]        = node("Gemm", {"x", "w\xc2\x9bJ\n", "b"}, {"h"}, {integer("transB", 1)});
    make_model(n);
    EXPECT_STREQ(glia_model_weight_name(net, 0), "w__J_");
}

// As exporters flatten: x [N,2,3] reshaped to what its own shape says.
TEST_F(ImportTest, FollowsTheBatchThroughTheArithmeticOfShapes) {
    Network n;
    n.inputs       = {value("x", FLOAT, {-1, 2, 3})};
    n.outputs      = {value("y", FLOAT, {-1, 6})};
    n.initializers = {onnx::tensor("zero", INT64, {}, raw<int64_t>({0})),
                      onnx::tensor("rest", INT64, {1}, raw<int64_t>({-1}))};
    n.nodes        = {node("Shape", {"x"}, {"s"}), node("Gather", {"s", "zero"}, {"n"}),
                      node("Unsqueeze", {"n", "axes"}, {"n1"}), node("Concat", {"n1", "rest"}, {"to"}, {integer("axis", 0)}),
                      node("Reshape", {"x", "to"}, {"y"})};
    n.initializers.push_back(onnx::tensor("axes", INT64, {1}, raw<int64_t>({0})));
    make_model(n);
    ASSERT_EQ(glia_model_weight_count(net), 0);  // numbers of shapes are no weights
    glia_compile_args compile = {};
    ASSERT_EQ(glia_model_compile(net, y, &compile), GLIA_OK) << message();
    std::vector<float> x(18), t(18), got(18);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
    samples(x, GLIA_SHAPE(2, 3), t, GLIA_SHAPE(6));
    ASSERT_EQ(glia_model_predict(net, data, 2, got.data(), got.size() * sizeof(float)), GLIA_OK) << message();
    EXPECT_EQ(got, x);
}

TEST_F(ImportTest, TellsAllThatItCannotDo) {
    Network n = small_network();
    n.nodes   = {node("Floor", {"x"}, {"a"}),
                 node("Nowhere", {"x"}, {"nowhere"}),
                 node("Add", {"a", "nowhere"}, {"c"}),
                 node("QuantizeLinear", {"x"}, {"d"}),
                 node("Relu", {"x"}, {"e"}, {integer("alpha", 3)}),
                 node("Sum", {"c", "d", "e"}, {"y"})};
    ASSERT_EQ(open(n.file()), GLIA_OK) << message();
    ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    EXPECT_EQ(glia_onnx_add_to_model(file, net, nullptr, &y, 1), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("4 nodes cannot be imported, the first is Floor 'a'")) << message();
    ASSERT_EQ(glia_onnx_problem_count(file), 4);
    EXPECT_STREQ(glia_onnx_get_problem(file, 1).op, "Nowhere");
    EXPECT_STREQ(glia_onnx_get_problem(file, 2).node, "d");
    EXPECT_NE(std::string(glia_onnx_get_problem(file, 2).reason).find("quantized"), std::string::npos);
    EXPECT_NE(std::string(glia_onnx_get_problem(file, 3).reason).find("attribute 'alpha'"), std::string::npos);
    EXPECT_EQ(glia_onnx_get_problem(file, 4).op, nullptr);
    EXPECT_NE(glia_model_status(net), GLIA_OK);
    EXPECT_LT(y.id, 0);
}

// The guide names each row of the library's table: what is read in its own, with the set from which on it is, the rest
// under what is refused.
TEST(Docs, NameEveryOperator) {
    const auto text_of = [](const std::string &name) {
        std::ifstream file(std::string(GLIA_SOURCE_DIR) + "/" + name);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    std::map<std::string, int> documented;  // and the set that is named; -1: refused
    std::istringstream guide(text_of("docs/onnx.md"));
    const std::regex word("([A-Z][A-Za-z0-9]+)( ([0-9]+))?");
    bool inside = false, refused = false;
    for (std::string line; std::getline(guide, line);) {
        if (line.starts_with("## ")) inside = line == "## What is imported";
        if (line.starts_with("Refused by name: ")) refused = true;
        if (line.empty()) refused = false;
        if (!inside || !(refused || line.starts_with("| "))) continue;
        for (std::sregex_iterator w(line.begin(), line.end(), word), end; w != end; ++w)
            documented.emplace((*w)[1], refused ? -1 : (*w)[3].matched ? std::stoi((*w)[3]) : 1);
    }
    const std::string table = text_of("src/onnx/onnx_operators.c");
    const std::regex row("\"([A-Z][A-Za-z0-9]+)\"[,)]");
    int rows = 0;
    for (std::sregex_iterator r(table.begin(), table.end(), row), end; r != end; ++r, ++rows) {
        const std::string name         = (*r)[1];
        const gli_onnx_operator *first = nullptr;
        for (int version = 1; version <= 28 && !first; ++version)
            for (const char *domain : {"", "ai.onnx.preview.training"})
                if (!first) first = gli_onnx_operator_find(domain, name.c_str(), version);
        ASSERT_NE(first, nullptr) << name;
        ASSERT_TRUE(documented.count(name)) << name;
        EXPECT_EQ(documented[name], first->map ? first->since : -1) << name;
    }
    EXPECT_GT(rows, 100);
}

}  // namespace
