// Building, differentiating, planning and running graphs.
#include <algorithm>
#include <cmath>
#include <random>

#include "support/graphs.h"

namespace {

using namespace glia;

TEST(Graph, infers_shapes_and_dtypes) {
    Net net;
    const glia_value x = net.input({2, 3, 8, 8}, GLIA_F32), w = net.input({4, 3, 3, 3}, GLIA_F32);
    glia_conv2d_params params = glia_conv2d_defaults();
    params.stride[0]          = 2;
    const glia_value y        = net.call("conv2d", &params, {x, w});
    const glia_shape shape    = glia_graph_shape(net.graph, y);
    EXPECT_EQ(std::vector<int64_t>(shape.dim, shape.dim + shape.ndim), (std::vector<int64_t>{2, 4, 3, 6}));
    EXPECT_EQ(glia_graph_dtype(net.graph, y), GLIA_F32);
    EXPECT_EQ(glia_graph_shape(net.graph, {-1}).ndim, 0);
    EXPECT_EQ(glia_graph_status(net.graph), GLIA_OK);
}

TEST(Graph, keeps_the_first_failure_and_passes_it_on) {
    Net net;
    const glia_value x = net.input({2, 3}), w = net.input({4, 5});
    gli_graph_set_label(net.graph, "layer 'first'");
    const glia_value bad = net.binary(GLIA_BINARY_ADD, x, w);
    EXPECT_LT(bad.id, 0);
    const std::string message = glia_message(net.ctx);
    EXPECT_EQ(message.rfind("layer 'first': ", 0), 0u) << message;
    gli_graph_set_label(net.graph, nullptr);
    EXPECT_LT(net.unary(GLIA_UNARY_RELU, bad).id, 0);
    EXPECT_LT(net.call("no_such_op", nullptr, {x}).id, 0);
    EXPECT_EQ(glia_graph_status(net.graph), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(message, glia_message(net.ctx));
    glia_plan *plan = nullptr;
    EXPECT_EQ(glia_plan_create(net.graph, &x, 1, &plan), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(plan, nullptr);
    EXPECT_EQ(message, glia_message(net.ctx));
}

struct BadCall {
    const char *name;
    glia_status status;
    void (*make)(Net &net, glia_value x);
};

TEST(Graph, rejects_bad_calls) {
    const BadCall calls[] = {
        {"unknown op", GLIA_NOT_FOUND, [](Net &net, glia_value x) { net.call("relu6", nullptr, {x}); }},
        {"no op", GLIA_NOT_FOUND, [](Net &net, glia_value x) { net.call(nullptr, nullptr, {x}); }},
        {"value that is none", GLIA_INVALID_ARGUMENT, [](Net &net, glia_value) { net.unary(GLIA_UNARY_RELU, {99}); }},
        {"absent input", GLIA_INVALID_ARGUMENT, [](Net &net, glia_value) { net.unary(GLIA_UNARY_RELU, {0}); }},
        {"too many inputs", GLIA_INVALID_ARGUMENT,
         [](Net &net, glia_value x) { net.call("unary", nullptr, std::vector<glia_value>(40, x)); }},
        {"too many outputs", GLIA_INVALID_ARGUMENT,
         [](Net &net, glia_value x) {
             glia_value out[2];
             glia_graph_call(net.graph, "unary", nullptr, &x, 1, out, 2);
             EXPECT_LT(out[0].id, 0);
         }},
        {"stride of zero", GLIA_INVALID_ARGUMENT,
         [](Net &net, glia_value) {
             glia_conv2d_params params = glia_conv2d_defaults();
             params.stride[1]          = 0;
             EXPECT_LT(net.call("conv2d", &params, {net.input({1, 1, 3, 3}), net.input({1, 1, 1, 1})}).id, 0);
             EXPECT_STREQ(glia_message(net.ctx), "conv2d: stride over columns is 0, must be positive");
         }},
        {"negative dimension", GLIA_INVALID_ARGUMENT,
         [](Net &net, glia_value) { glia_graph_input(net.graph, "x", GLIA_F32, GLIA_SHAPE(-1)); }},
        {"no tensor", GLIA_INVALID_ARGUMENT, [](Net &net, glia_value) { glia_graph_tensor(net.graph, "x", nullptr); }},
        {"assignment to an input", GLIA_INVALID_ARGUMENT,
         [](Net &net, glia_value x) { glia_graph_assign(net.graph, x, x); }},
        {"assignment of another shape", GLIA_SHAPE_MISMATCH,
         [](Net &net, glia_value x) { glia_graph_assign(net.graph, net.state({3}, {1, 2, 3}), x); }},
        {"assignment of another dtype", GLIA_DTYPE_MISMATCH,
         [](Net &net, glia_value x) { glia_graph_assign(net.graph, net.state({2, 2}, {1, 2, 3, 4}, GLIA_F32), x); }},
        {"two assignments to one state", GLIA_INVALID_ARGUMENT,
         [](Net &net, glia_value x) {
             const glia_value state = net.state({2, 4}, Numbers(8));
             const glia_value part  = gli_graph_view(net.graph, state, 0, GLIA_SHAPE(2, 2)),
                              other = gli_graph_view(net.graph, state, 3, GLIA_SHAPE(2, 2));
             glia_graph_assign(net.graph, part, x);
             EXPECT_EQ(glia_graph_status(net.graph), GLIA_OK);
             glia_graph_assign(net.graph, other, x);
         }},
        {"view past the end", GLIA_SHAPE_MISMATCH,
         [](Net &net, glia_value) { gli_graph_view(net.graph, net.state({3}, {1, 2, 3}), 2, GLIA_SHAPE(2)); }},
        {"view of a result", GLIA_INVALID_ARGUMENT,
         [](Net &net, glia_value x) { gli_graph_view(net.graph, net.unary(GLIA_UNARY_RELU, x), 0, GLIA_SHAPE(2)); }},
        {"pack of overlapping values", GLIA_INVALID_ARGUMENT,
         [](Net &net, glia_value x) {
             const glia_value values[] = {x, x};
             const int64_t offset[]    = {3, 0};
             gli_graph_pack(net.graph, values, offset, 2, 8);
         }},
        {"gradient of a vector", GLIA_SHAPE_MISMATCH,
         [](Net &net, glia_value x) {
             glia_value dx;
             glia_graph_gradient(net.graph, x, &x, 1, &dx);
         }},
    };
    for (const BadCall &bad : calls) {
        Net net;
        const glia_value x = net.input({2, 2});
        bad.make(net, x);
        EXPECT_EQ(glia_graph_status(net.graph), bad.status) << bad.name << ": " << glia_message(net.ctx);
        EXPECT_STRNE(glia_message(net.ctx), "") << bad.name;
    }
    EXPECT_EQ(glia_graph_status(nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_LT(glia_graph_input(nullptr, "x", GLIA_F32, GLIA_SCALAR).id, 0);
    glia_graph_destroy(nullptr);
    glia_plan_destroy(nullptr);
}

TEST(Gradient, of_a_composed_function) {
    // y = sum of (a b + a)^2: dy/da = 2 (a b + a)(b + 1), dy/db = 2 (a b + a) a
    Net net;
    const glia_value a = net.input({3}), b = net.input({3});
    const glia_value y =
        net.sum(net.unary(GLIA_UNARY_SQUARE, net.binary(GLIA_BINARY_ADD, net.binary(GLIA_BINARY_MUL, a, b), a)));
    const auto d   = net.gradient(y, {a, b});
    const auto out = net.run({y, d[0], d[1]}, {{1, 2, -3}, {4, -1, 0.5}});
    EXPECT_EQ(out[0], Numbers({25 + 0 + 20.25}));
    EXPECT_EQ(out[1], Numbers({2 * 5 * 5, 0, 2 * -4.5 * 1.5}));
    EXPECT_EQ(out[2], Numbers({2 * 5, 0, 2 * -4.5 * -3}));
}

TEST(Gradient, adds_up_over_uses_of_a_value) {
    Net net;
    const glia_value x = net.input({2});
    const glia_value y = net.sum(net.binary(GLIA_BINARY_MUL, net.binary(GLIA_BINARY_MUL, x, x), x));  // x^3
    const auto dx      = net.gradient(y, {x});
    EXPECT_EQ(net.run({dx[0]}, {{2, -3}})[0], Numbers({12, 27}));
}

TEST(Gradient, by_an_intermediate_value_and_by_y_itself) {
    Net net;
    const glia_value x = net.input({2}), s = net.unary(GLIA_UNARY_SQUARE, x),
                     y = net.sum(net.binary(GLIA_BINARY_MUL, s, s));
    const auto d       = net.gradient(y, {s, y, x});
    const auto out     = net.run({d[0], d[1], d[2]}, {{2, 3}});
    EXPECT_EQ(out[0], Numbers({8, 18}));
    EXPECT_EQ(out[1], Numbers({1}));
    EXPECT_EQ(out[2], Numbers({32, 108}));
}

TEST(Gradient, is_zero_where_y_does_not_depend) {
    Net net;
    const glia_value x = net.input({2}), z = net.input({2, 2});
    const auto d   = net.gradient(net.sum(x), {z, x});
    const auto out = net.run({d[0], d[1]}, {{2, 3}, {1, 2, 3, 4}});
    EXPECT_EQ(out[0], Numbers(4, 0.0));
    EXPECT_EQ(out[1], Numbers({1, 1}));
}

TEST(Gradient, computes_only_what_is_needed) {
    Net net;
    const glia_value x = net.input({1, 1, 4, 4}), w = net.input({1, 1, 3, 3});
    const glia_conv2d_params params = glia_conv2d_defaults();
    const glia_value y              = net.sum(net.call("conv2d", &params, {x, w}));
    net.gradient(y, {w});
    for (int n = 0; n < net.graph->n_nodes; ++n) EXPECT_STRNE(net.graph->nodes[n].op->name, "conv2d_backward_data");
}

TEST(Gradient, names_the_input_that_has_none) {
    Net net;
    const glia_value p = net.input({2, 3}), t = net.input({2, 3});
    gli_graph_set_label(net.graph, "layer 'c'");
    const glia_value y = net.call("loss", nullptr, {p, t});
    gli_graph_set_label(net.graph, nullptr);
    glia_value out{7};
    EXPECT_EQ(glia_graph_gradient(net.graph, y, &t, 1, &out), GLIA_UNSUPPORTED);
    EXPECT_STREQ(glia_message(net.ctx), "layer 'c': loss has no gradient with respect to target");
    EXPECT_LT(out.id, 0);
}

TEST(Gradient, names_the_op_that_has_no_second) {
    Net net;
    const glia_value x = net.input({2, 1, 3}), w_ih = net.input({2, 3}), w_hh = net.input({2, 2});
    const glia_rnn_params params = glia_rnn_defaults();
    gli_graph_set_label(net.graph, "layer 'r'");
    const glia_value y = net.call("rnn", &params, {x, {0}, {0}, {0}, w_ih, w_hh});
    gli_graph_set_label(net.graph, nullptr);
    const glia_value penalty = net.sum(net.gradient(net.sum(y), {x})[0]);
    glia_value out{7};
    EXPECT_EQ(glia_graph_gradient(net.graph, penalty, &x, 1, &out), GLIA_UNSUPPORTED);
    EXPECT_STREQ(glia_message(net.ctx), "layer 'r': rnn_backward has no gradient: rnn has no second derivative");
    EXPECT_LT(out.id, 0);
}

TEST(Gradient, of_an_op_that_reads_a_value_twice) {
    // of x^x, by a gradient two of whose inputs are one value: the second derivative is x^x ((1 + log x)^2 + 1 / x)
    Net net;
    const glia_value x  = net.input({2});
    const glia_value dx = net.gradient(net.sum(net.binary(GLIA_BINARY_POW, x, x)), {x})[0];
    const auto out      = net.run({net.gradient(net.sum(dx), {x})[0]}, {{1, 2}});
    EXPECT_NEAR(out[0][0], 2, 1e-12);
    EXPECT_NEAR(out[0][1], 4 * (std::pow(1 + std::log(2), 2) + 0.5), 1e-12);
}

TEST(Gradient, of_third_and_fourth_order) {
    // of s = sigmoid(x), with s' = s (1 - s): s' (1 - 6 s') and s' (1 - 2 s) (1 - 12 s')
    Net net;
    const glia_value x = net.input({1});
    std::vector<glia_value> d{net.unary(GLIA_UNARY_SIGMOID, x)};
    for (int order = 1; order <= 4; ++order) d.push_back(net.gradient(d.back(), {x})[0]);
    const auto out = net.run({d[3], d[4]}, {{0.3}});
    const double s = 1 / (1 + std::exp(-0.3)), slope = s * (1 - s);
    EXPECT_NEAR(out[0][0], slope * (1 - 6 * slope), 1e-12);
    EXPECT_NEAR(out[1][0], slope * (1 - 2 * s) * (1 - 12 * slope), 1e-12);
}

TEST(Gradient, ends_at_integers) {
    Net net;
    const glia_value x = net.input({2, 3});
    glia_cast_params cast{GLIA_F64};
    const glia_value index = net.call("argmax", nullptr, {x});
    const glia_value y     = net.sum(net.call("cast", &cast, {index}));
    const auto dx          = net.gradient(y, {x});
    EXPECT_EQ(net.run({dx[0]}, {{1, 2, 3, 4, 5, 6}})[0], Numbers(6, 0.0));
    glia_value out;
    EXPECT_EQ(glia_graph_gradient(net.graph, y, &index, 1, &out), GLIA_DTYPE_MISMATCH);
}

TEST(Gradient, of_a_gradient) {
    // y = sum of dx^2 for dx = dz w, a pointwise convolution backwards: dy/d(dz) = 2 dz w^2
    Net net;
    const glia_value dz = net.input({1, 1, 2, 2}), w = net.input({1, 1, 1, 1});
    const glia_conv2d_backward_params params{glia_conv2d_defaults(), {2, 2}};
    const glia_value y = net.sum(net.unary(GLIA_UNARY_SQUARE, net.call("conv2d_backward_data", &params, {dz, w})));
    const auto d       = net.gradient(y, {dz, w});
    const auto out     = net.run({d[0], d[1]}, {{1, 2, 3, 4}, {3}});
    EXPECT_EQ(out[0], Numbers({18, 36, 54, 72}));
    EXPECT_EQ(out[1], Numbers({2 * 3 * (1 + 4 + 9 + 16)}));
}

TEST(Plan, reshapes_without_a_copy) {
    Net net;
    const glia_value x = net.input({2, 3});
    const glia_value y = net.unary(GLIA_UNARY_SQUARE, net.reshape(net.unary(GLIA_UNARY_NEG, x), {3, 2}));
    glia_plan *plan    = net.make({y});
    ASSERT_NE(plan, nullptr);
    EXPECT_EQ(plan->n_steps, 2);
    EXPECT_EQ(net.run(plan, {y}, {{1, 2, 3, 4, 5, 6}})[0], Numbers({1, 4, 9, 16, 25, 36}));
    glia_plan_destroy(plan);
}

// y = x stop(x) + where(x > 2, 3 x, x): the gradient goes through the first x, and through what was chosen.
TEST(Gradient, stops_where_it_is_told_to_and_follows_what_was_chosen) {
    Net net;
    const glia_value x = net.input({3}), two = glia_graph_constant(net.graph, GLIA_F64, GLIA_SCALAR, 2);
    const glia_value three   = glia_graph_constant(net.graph, GLIA_F64, GLIA_SCALAR, 3);
    const glia_value stopped = net.binary(GLIA_BINARY_MUL, x, net.unary(GLIA_UNARY_STOP_GRADIENT, x));
    const glia_value chosen =
        net.call("where", nullptr, {net.binary(GLIA_BINARY_GREATER, x, two), net.binary(GLIA_BINARY_MUL, three, x), x});
    const glia_value y = net.sum(net.binary(GLIA_BINARY_ADD, stopped, chosen));
    glia_value dx;
    ASSERT_EQ(glia_graph_gradient(net.graph, y, &x, 1, &dx), GLIA_OK) << glia_message(net.ctx);
    const auto out = net.run({y, dx}, {{1, 2, 5}});
    EXPECT_EQ(out[0], std::vector<double>{30 + 18});
    EXPECT_EQ(out[1], (std::vector<double>{2, 3, 8}));
}

TEST(Plan, gives_inputs_tensors_and_constants_as_outputs) {
    Net net;
    const glia_value x = net.input({2}), s = net.state({2}, {5, 6});
    const glia_value c = glia_graph_constant(net.graph, GLIA_F64, GLIA_SHAPE(3), 2.5);
    const auto out     = net.run({x, s, c, x, net.reshape(x, {2, 1})}, {{1, 2}});
    EXPECT_EQ(out, (std::vector<Numbers>{{1, 2}, {5, 6}, {2.5, 2.5, 2.5}, {1, 2}, {1, 2}}));
}

TEST(Plan, drops_what_nothing_needs) {
    Net net;
    const glia_value x = net.input({2});
    net.unary(GLIA_UNARY_EXP, x);
    glia_plan *plan = net.make({net.unary(GLIA_UNARY_NEG, x)});
    EXPECT_EQ(plan->n_steps, 1);
    glia_plan_destroy(plan);
}

TEST(Plan, outlives_its_graph) {
    glia_context *ctx = nullptr;
    glia_graph *graph = nullptr;
    glia_plan *plan   = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
    ASSERT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
    const glia_value x             = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(2));
    const glia_unary_params params = glia_unary_defaults(GLIA_UNARY_NEG);
    const glia_value y             = glia_graph_call(graph, "unary", &params, &x, 1, nullptr, 0);
    ASSERT_EQ(glia_plan_create(graph, &y, 1, &plan), GLIA_OK);
    glia_graph_destroy(graph);
    glia_tensor *in = nullptr, *out = nullptr;
    ASSERT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(2), &in), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(2), &out), GLIA_OK);
    glia_context_destroy(ctx);
    glia_tensor_fill(in, 3);
    EXPECT_EQ(glia_plan_run(plan, &in, 1, &out, 1), GLIA_OK);
    EXPECT_EQ(Net::values(out), Numbers({-3, -3}));
    glia_tensor_destroy(in);
    glia_tensor_destroy(out);
    glia_plan_destroy(plan);
}

TEST(Plan, takes_tensors_with_gaps) {
    Net net;
    const glia_value x = net.input({2, 2}), y = net.unary(GLIA_UNARY_SQUARE, net.unary(GLIA_UNARY_NEG, x));
    glia_plan *plan = net.make({y});
    double in[7] = {1, 0, 2, 0, 3, 0, 4}, out[8] = {};
    const int64_t in_stride[] = {4, 2}, out_stride[] = {1, 4};
    glia_tensor *a = nullptr, *b = nullptr;
    ASSERT_EQ(glia_tensor_wrap(net.ctx, GLIA_F64, GLIA_SHAPE(2, 2), in_stride, in, &a), GLIA_OK);
    ASSERT_EQ(glia_tensor_wrap(net.ctx, GLIA_F64, GLIA_SHAPE(2, 2), out_stride, out, &b), GLIA_OK);
    EXPECT_EQ(glia_plan_run(plan, &a, 1, &b, 1), GLIA_OK) << glia_message(net.ctx);
    EXPECT_EQ(Numbers(out, out + 8), Numbers({1, 9, 0, 0, 4, 16, 0, 0}));
    glia_tensor_destroy(a);
    glia_tensor_destroy(b);
    glia_plan_destroy(plan);
}

TEST(Plan, rejects_bad_runs) {
    Net net;
    const glia_value x = net.input({2}), y = net.unary(GLIA_UNARY_NEG, x);
    glia_plan *plan = net.make({y});
    glia_tensor *a = net.tensor({2}), *b = net.tensor({2}), *wrong = net.tensor({3}),
                *single = net.tensor({2}, {}, GLIA_F32);
    EXPECT_EQ(glia_plan_run(plan, nullptr, 0, &b, 1), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_plan_run(plan, &a, 1, nullptr, 1), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_plan_run(plan, &wrong, 1, &b, 1), GLIA_SHAPE_MISMATCH);
    EXPECT_STREQ(glia_message(net.ctx), "glia_plan_run: input 0 is [3], must be [2]");
    EXPECT_EQ(glia_plan_run(plan, &a, 1, &single, 1), GLIA_DTYPE_MISMATCH);
    EXPECT_EQ(glia_plan_run(plan, &a, 1, &a, 1), GLIA_INVALID_ARGUMENT);
    glia_tensor *none = nullptr;
    EXPECT_EQ(glia_plan_run(plan, &none, 1, &b, 1), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_plan_run(nullptr, &a, 1, &b, 1), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_plan_run(plan, &a, 1, &b, 1), GLIA_OK);
    glia_plan_destroy(plan);
}

TEST(Plan, rejects_states_as_inputs_and_outputs) {
    Net net;
    glia_tensor *w = net.tensor({2}, {1, 2}), *fixed = net.tensor({2}, {3, 4}), *a = net.tensor({2}, {5, 6}),
                *b     = net.tensor({2});
    const glia_value x = net.input({2}), state = glia_graph_tensor(net.graph, "w", w);
    const glia_value y = net.binary(GLIA_BINARY_ADD, x, glia_graph_tensor(net.graph, "fixed", fixed));
    glia_graph_assign(net.graph, state, net.binary(GLIA_BINARY_ADD, state, y));
    glia_plan *plan = net.make({y});
    EXPECT_EQ(glia_plan_run(plan, &a, 1, &w, 1), GLIA_INVALID_ARGUMENT) << "written before it is read";
    EXPECT_STREQ(glia_message(net.ctx), "glia_plan_run: output 0 overlaps a tensor of the graph in memory");
    EXPECT_EQ(glia_plan_run(plan, &a, 1, &fixed, 1), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_plan_run(plan, &w, 1, &b, 1), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(Net::values(w), (Numbers{1, 2}));
    EXPECT_EQ(glia_plan_run(plan, &fixed, 1, &b, 1), GLIA_OK) << "only read: " << glia_message(net.ctx);
    EXPECT_EQ(Net::values(b), (Numbers{6, 8}));
    EXPECT_EQ(Net::values(w), (Numbers{7, 10}));
    glia_plan_destroy(plan);
}

TEST(Pack, computes_values_in_their_places) {
    Net net;
    const glia_value x = net.input({2}), y = net.input({1, 2});
    const glia_value a = net.unary(GLIA_UNARY_NEG, x), b = net.unary(GLIA_UNARY_SQUARE, y);
    const glia_value values[] = {b, a};
    const int64_t offset[]    = {4, 1};
    const glia_value flat     = gli_graph_pack(net.graph, values, offset, 2, 8);
    const glia_value twice    = net.binary(GLIA_BINARY_ADD, flat, flat);
    glia_plan *plan           = net.make({twice});
    EXPECT_EQ(plan->n_steps, 3) << "no copies";
    for (int times = 0; times < 2; ++times)
        EXPECT_EQ(net.run(plan, {twice}, {{1, 2}, {3, 4}})[0], Numbers({0, -2, -4, 0, 18, 32, 0, 0}));
    glia_plan_destroy(plan);
}

TEST(Pack, copies_what_lies_elsewhere) {
    Net net;
    const glia_value x = net.input({2}), s = net.state({2}, {7, 8}),
                     zero     = glia_graph_constant(net.graph, GLIA_F64, GLIA_SHAPE(1), 0);
    const glia_value a        = net.unary(GLIA_UNARY_NEG, x);
    const glia_value values[] = {x, a, s, net.reshape(a, {2, 1}), zero};
    const int64_t offset[]    = {0, 2, 4, 6, 8};
    const glia_value flat     = gli_graph_pack(net.graph, values, offset, 5, 9);
    EXPECT_EQ(net.run({flat, a}, {{1, 2}}), (std::vector<Numbers>{{1, 2, -1, -2, 7, 8, -1, -2, 0}, {-1, -2}}));
}

TEST(Pack, holds_more_values_than_an_op_has_inputs) {
    Net net;
    const glia_value x = net.input({1});
    std::vector<glia_value> values;
    std::vector<int64_t> offset;
    Numbers want;
    glia_value at = x;
    for (int i = 0; i < 100; ++i) {
        at = net.binary(GLIA_BINARY_ADD, at, x);
        values.push_back(at), offset.push_back(i), want.push_back(i + 2);
    }
    const glia_value flat = gli_graph_pack(net.graph, values.data(), offset.data(), 100, 100);
    EXPECT_EQ(net.run({flat}, {{1}})[0], want);
}

TEST(View, reads_and_writes_a_range) {
    Net net;
    const glia_value flat = net.state({6}, {1, 2, 3, 4, 5, 6});
    const glia_value a    = gli_graph_view(net.graph, flat, 0, GLIA_SHAPE(2, 2)),
                     b    = gli_graph_view(net.graph, a, 2, GLIA_SHAPE(2));
    glia_graph_assign(net.graph, b, net.binary(GLIA_BINARY_MUL, b, b));
    glia_plan *plan = net.make({a});
    EXPECT_EQ(net.run(plan, {a})[0], Numbers({1, 2, 3, 4}));
    EXPECT_EQ(net.run(plan, {a})[0], Numbers({1, 2, 9, 16}));
    glia_plan_destroy(plan);
}

TEST(Assign, finds_the_overlap_among_many_states) {
    std::mt19937_64 rng(1);
    for (int round = 0; round < 20; ++round) {
        Net net;
        const int64_t n       = 1 + int64_t(rng() % 40);
        const glia_value flat = net.state({2 * n + 1}, Numbers(size_t(2 * n + 1))), one = net.input({1});
        const auto assign = [&](int64_t offset, const glia_value &value) {
            const glia_shape shape = glia_graph_shape(net.graph, value);
            glia_graph_assign(net.graph, gli_graph_view(net.graph, flat, offset, shape), value);
            return glia_graph_status(net.graph);
        };
        std::vector<int64_t> odd;
        for (int64_t i = 0; i < n; ++i) odd.push_back(2 * i + 1);
        std::shuffle(odd.begin(), odd.end(), rng);
        for (int64_t offset : odd) EXPECT_EQ(assign(offset, one), GLIA_OK) << glia_message(net.ctx);
        const int64_t between = int64_t(rng() % uint64_t(n));
        EXPECT_EQ(assign(2 * between, one), GLIA_OK) << glia_message(net.ctx);
        EXPECT_EQ(assign(2 * between + int64_t(rng() % 2), net.input({2})), GLIA_INVALID_ARGUMENT);
        EXPECT_STREQ(glia_message(net.ctx), "glia_graph_assign: state 'state' is assigned to twice");
    }
}

TEST(View, has_the_gradient_not_its_base) {
    Net net;
    const glia_value flat = net.state({4}, {1, 2, 3, 4}), a = gli_graph_view(net.graph, flat, 1, GLIA_SHAPE(2));
    const glia_value y = net.sum(net.unary(GLIA_UNARY_SQUARE, a));
    EXPECT_EQ(net.run({net.gradient(y, {a})[0]})[0], Numbers({4, 6}));
    glia_value out;
    EXPECT_EQ(glia_graph_gradient(net.graph, y, &flat, 1, &out), GLIA_UNSUPPORTED);
}

}  // namespace

namespace {

// The ops of a plan's steps, in order.
std::vector<std::string> steps(const glia_plan *plan) {
    std::vector<std::string> out;
    for (int s = 0; s < plan->n_steps; ++s) out.push_back(plan->steps[s].op->name);
    return out;
}
using Names = std::vector<std::string>;

void expect_near(const std::vector<Numbers> &got, const std::vector<Numbers> &want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t o = 0; o < got.size(); ++o)
        for (size_t i = 0; i < got[o].size(); ++i)
            ASSERT_LE(std::fabs(got[o][i] - want[o][i]), 1e-9 * (1 + std::fabs(want[o][i])))
                << "output " << o << " element " << i;
}

struct ConvNet : Net {
    glia_value x = input({1, 2, 4, 4}), w = input({3, 2, 3, 3}), bias = input({3});
    glia_value conv(glia_activation activation = GLIA_LINEAR) {
        glia_conv2d_params params = glia_conv2d_defaults();
        params.activation         = activation;
        return call("conv2d", &params, {x, w, bias});
    }
    std::vector<Numbers> inputs() const {
        Numbers a(32), b(54);
        for (size_t i = 0; i < a.size(); ++i) a[i] = double(i % 7) - 3;
        for (size_t i = 0; i < b.size(); ++i) b[i] = double(i % 5) - 2;
        return {a, b, {1, -1, 0.5}};
    }
};

TEST(Fusion, activation_of_a_convolution) {
    for (glia_unary_kind kind : {GLIA_UNARY_RELU, GLIA_UNARY_SIGMOID, GLIA_UNARY_TANH}) {
        ConvNet net;
        const glia_value y = net.unary(kind, net.conv());
        glia_plan *plan    = net.make({y});
        EXPECT_EQ(steps(plan).size(), 3u) << "two changes of layout and one convolution";
        expect_near(net.run(plan, {y}, net.inputs()), net.run({y}, net.inputs(), {.unfused = true}));
        glia_plan_destroy(plan);
    }
}

// What a step counts: a sum of losses, and its number.
struct CountingNet : Net {
    glia_tensor *sums = tensor({2}, {1, 2}), *counters = tensor({2}, {5, -1}, GLIA_I64);
    glia_value x = input({3}), new_sums;
    CountingNet() {
        const glia_accumulate_params mean{.factor = 0.5, .weight = 3, .by = {}};
        const glia_value old = glia_graph_tensor(graph, "sums", sums);
        new_sums             = call("accumulate", &mean, {x, {}, old});
        glia_graph_assign(graph, old, new_sums);
    }
    void count() {
        const glia_increment_params steps{{1, 64}};
        const glia_value old = glia_graph_tensor(graph, "counters", counters);
        glia_graph_assign(graph, old, call("increment", &steps, {old}));
    }
    // The states after two runs.
    void expect_two_runs(glia_plan *plan, const std::vector<glia_value> &outputs) {
        for (int i = 0; i < 2; ++i) run(plan, outputs, {{2, 4, 6}});
        EXPECT_EQ(values(sums), Numbers({13, 8}));
        EXPECT_EQ(values(counters), Numbers({7, 127}));
        glia_plan_destroy(plan);
    }
};

TEST(Fusion, sums_of_losses_and_counters) {
    CountingNet net;
    net.count();
    glia_plan *plan = net.make({});
    EXPECT_EQ(steps(plan), Names({"accumulate"}));
    net.expect_two_runs(plan, {});
}

TEST(Fusion, sums_that_are_read_before_the_counters_stay_where_they_are) {
    CountingNet net;
    const glia_value square = net.unary(GLIA_UNARY_SQUARE, net.new_sums);
    net.count();
    glia_plan *plan = net.make({square});
    EXPECT_EQ(steps(plan), Names({"accumulate", "unary", "increment"}));
    net.expect_two_runs(plan, {square});
}

// relu and max pooling behind a convolution.
struct PoolNet : ConvNet {
    glia_value y, rectified;
    explicit PoolNet(glia_unary_kind kind = GLIA_UNARY_RELU) {
        const glia_max_pool2d_params pool = glia_max_pool2d_defaults(2, 1);
        rectified                         = unary(kind, conv());
        y                                 = call("max_pool2d", &pool, {rectified});
    }
};

// Of the convolution and of the pooling.
std::pair<glia_activation, glia_activation> activations(const glia_plan *plan) {
    std::pair<glia_activation, glia_activation> out;
    for (int s = 0; s < plan->n_steps; ++s) {
        const gli_plan_step &step = plan->steps[s];
        if (step.op == &gli_op_conv2d) out.first = static_cast<const glia_conv2d_params *>(step.params)->activation;
        if (step.op == &gli_op_max_pool2d)
            out.second = static_cast<const glia_max_pool2d_params *>(step.params)->activation;
    }
    return out;
}

TEST(Fusion, relu_before_max_pooling_is_that_of_fewer_elements) {
    PoolNet net, smooth(GLIA_UNARY_TANH);
    glia_plan *plan = net.make({net.y}), *both = net.make({net.y, net.rectified}), *other = smooth.make({smooth.y});
    EXPECT_EQ(steps(plan), Names({"cast", "conv2d", "max_pool2d", "cast"}));
    EXPECT_EQ(activations(plan), std::pair(GLIA_LINEAR, GLIA_RELU));
    EXPECT_EQ(activations(both), std::pair(GLIA_RELU, GLIA_LINEAR));
    EXPECT_EQ(activations(other), std::pair(GLIA_TANH, GLIA_LINEAR));
    EXPECT_EQ(net.run(plan, {net.y}, net.inputs()), net.run({net.y}, net.inputs(), {.unfused = true}));
    for (glia_plan *p : {plan, both, other}) glia_plan_destroy(p);
}

TEST(Fusion, relu_before_max_pooling_has_the_gradient_of_the_parts) {
    std::vector<std::vector<Numbers>> got;
    for (bool fused : {true, false}) {
        PoolNet net;
        const glia_value total = net.sum(net.binary(GLIA_BINARY_MUL, net.y, net.y));
        if (fused) {
            ASSERT_EQ(gli_graph_fuse(net.graph, &total, 1), GLIA_OK);
        }
        const auto d    = net.gradient(total, {net.x, net.w, net.bias});
        glia_plan *plan = net.make({d[0], d[1], d[2], total});
        const auto made = steps(plan);
        EXPECT_EQ(std::count(made.begin(), made.end(), std::string("unary_backward")), fused ? 0 : 1);
        got.push_back(net.run(plan, {d[0], d[1], d[2], total}, net.inputs()));
        glia_plan_destroy(plan);
    }
    EXPECT_EQ(got[0], got[1]);
}

TEST(Fusion, activation_of_a_dense_layer) {
    Net net;
    const glia_value x = net.input({2, 3}), w = net.input({4, 3});
    const glia_dense_params params{};
    const glia_value y = net.unary(GLIA_UNARY_RELU, net.call("dense", &params, {x, w}));
    glia_plan *plan    = net.make({y});
    EXPECT_EQ(steps(plan), Names({"dense"}));
    glia_plan_destroy(plan);
}

// The gradient by the first weights of two layers, through the activation between them.
struct TwoLayers : Net {
    glia_dtype dtype;
    glia_value x, first, second, y, d;
    TwoLayers(glia_unary_kind kind, glia_dtype dtype, int64_t rows, int64_t hidden) : dtype(dtype) {
        x                     = wave({rows, 3});
        first                 = wave({hidden, 3});
        second                = wave({5, hidden});
        const glia_value h    = unary(kind, call("dense", nullptr, {x, first}));
        y                     = call("dense", nullptr, {h, second});
        const glia_value loss = sum(binary(GLIA_BINARY_MUL, y, y));
        EXPECT_EQ(gli_graph_fuse(graph, &loss, 1), GLIA_OK);
        d = gradient(loss, {first})[0];
    }
    glia_value wave(const std::vector<int64_t> &dims) {
        Numbers values(size_t(dims[0] * dims[1]));
        for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(double(i + values.size()));
        return state(dims, values, dtype);
    }
};

TEST(Fusion, derivative_of_an_activation_in_the_gradient_of_a_dense_layer) {
    for (glia_dtype dtype : {GLIA_F64, GLIA_F32})
        for (glia_unary_kind kind : {GLIA_UNARY_RELU, GLIA_UNARY_SIGMOID, GLIA_UNARY_TANH})
            for (auto [rows, hidden] : {std::pair(4, 6), std::pair(1, 33), std::pair(70, 5)}) {
                TwoLayers net(kind, dtype, rows, hidden);
                glia_plan *plan   = net.make({net.d});
                const Names shown = steps(plan);
                EXPECT_EQ(std::count(shown.begin(), shown.end(), std::string("dense_backward_data")), 1);
                EXPECT_EQ(std::count(shown.begin(), shown.end(), std::string("unary_backward")), 0);
                EXPECT_EQ(net.run(plan, {net.d}), net.run({net.d}, {}, {.unfused = true}));
                glia_plan_destroy(plan);
            }
}

TEST(Fusion, leaves_other_derivatives_and_gradients_with_another_use) {
    TwoLayers gelu(GLIA_UNARY_GELU, GLIA_F64, 2, 4);
    TwoLayers elu(GLIA_UNARY_ELU, GLIA_F64, 2, 4);
    for (TwoLayers *net : {&gelu, &elu}) {
        glia_plan *plan   = net->make({net->d});
        const Names shown = steps(plan);
        EXPECT_EQ(std::count(shown.begin(), shown.end(), std::string("unary_backward")), 1);
        glia_plan_destroy(plan);
    }
    Net net;
    const glia_value dy = net.input({2, 3}), w = net.input({3, 4}), x = net.input({2, 4});
    const glia_value dx = net.call("dense_backward_data", nullptr, {dy, w});
    const glia_unary_params relu{GLIA_UNARY_RELU, 0, 0};
    const glia_value dz = net.call("unary_backward", &relu, {{0}, x, dx});
    const glia_value of_x =
        net.call("unary_backward", &relu, {x, {0}, net.call("dense_backward_data", nullptr, {dy, w})});
    for (const auto &outputs : {std::vector<glia_value>{dz, dx}, std::vector<glia_value>{of_x}}) {
        glia_plan *plan = net.make(outputs);
        EXPECT_EQ(steps(plan), Names({"dense_backward_data", "unary_backward"}));
        glia_plan_destroy(plan);
    }
}

TEST(Fusion, activation_of_a_transposed_convolution) {
    Net net;
    const glia_value x = net.input({1, 2, 3, 3}), w = net.input({2, 1, 2, 2});
    const glia_conv2d_transpose_params params = glia_conv2d_transpose_defaults();
    const glia_value y = net.unary(GLIA_UNARY_RELU, net.call("conv2d_transpose", &params, {x, w}));
    glia_plan *plan    = net.make({y}, {.row_major = true});
    EXPECT_EQ(steps(plan), Names({"conv2d_transpose"}));
    const std::vector<Numbers> in = {{1, -2, 3, -4, 5, -6, 7, -8, 9, 1, -1, 1, -1, 1, -1, 1, -1, 1},
                                     {1, 2, -3, 4, -1, 2, 3, -4}};
    expect_near(net.run(plan, {y}, in), net.run({y}, in, {.unfused = true}));
    glia_plan_destroy(plan);
}

TEST(Fusion, leaves_other_activations_and_layers_that_have_one) {
    ConvNet net;
    const glia_value y[] = {net.unary(GLIA_UNARY_GELU, net.conv()), net.unary(GLIA_UNARY_RELU, net.conv(GLIA_TANH))};
    for (glia_value value : y) {
        glia_plan *plan = net.make({value}, {.row_major = true});
        EXPECT_EQ(steps(plan), Names({"conv2d", "unary"}));
        glia_plan_destroy(plan);
    }
}

TEST(Fusion, leaves_a_value_with_another_use) {
    ConvNet net;
    const glia_value c = net.conv(), y = net.unary(GLIA_UNARY_RELU, c);
    for (const auto &outputs : {std::vector<glia_value>{y, c}, {y, net.unary(GLIA_UNARY_NEG, c)}}) {
        glia_plan *plan = net.make(outputs, {.row_major = true});
        EXPECT_EQ(steps(plan)[1], "unary");
        EXPECT_EQ(net.run(plan, outputs, net.inputs()), net.run(outputs, net.inputs(), {.unfused = true}));
        glia_plan_destroy(plan);
    }
    ConvNet assigned;
    const glia_value before = assigned.conv(), after = assigned.unary(GLIA_UNARY_RELU, before);
    glia_graph_assign(assigned.graph, assigned.state({1, 3, 2, 2}, Numbers(12)), before);
    glia_plan *plan = assigned.make({after}, {.row_major = true});
    EXPECT_EQ(steps(plan), Names({"conv2d", "unary"}));
    glia_plan_destroy(plan);
}

TEST(Fusion, is_a_matter_of_one_plan) {
    ConvNet net;
    const glia_value c = net.conv(), y = net.unary(GLIA_UNARY_RELU, c);
    const auto want = net.run({c}, net.inputs());
    net.run({y}, net.inputs());
    EXPECT_EQ(net.run({c}, net.inputs()), want) << "a value that another plan has fused away";
}

TEST(Fusion, before_differentiation_leaves_no_trace_of_the_value) {
    ConvNet net;
    const glia_value c = net.conv(), y = net.unary(GLIA_UNARY_RELU, c);
    ASSERT_EQ(gli_graph_fuse(net.graph, &y, 1), GLIA_OK);
    const auto d   = net.gradient(net.sum(y), {net.w});
    const auto got = net.run({y, d[0]}, net.inputs());
    ConvNet plain;
    const glia_value py = plain.unary(GLIA_UNARY_RELU, plain.conv());
    const auto pd       = plain.gradient(plain.sum(py), {plain.w});
    EXPECT_EQ(got, plain.run({py, pd[0]}, plain.inputs(), {.unfused = true}));
    EXPECT_LT(net.unary(GLIA_UNARY_NEG, c).id, 0);
    EXPECT_EQ(glia_graph_status(net.graph), GLIA_INVALID_ARGUMENT);
}

struct LossNet : Net {
    glia_value x, target = state({2}, {2, 0}, GLIA_I64), p, y;
    LossNet(std::vector<int64_t> dims, bool log, glia_cross_entropy_from from, int axis = 1) {
        x = input(dims);
        if (dims.size() == 3) target = state({2, 2}, {2, 0, 1, 1}, GLIA_I64);
        const glia_softmax_params softmax{axis, log};
        p = call("softmax", &softmax, {x});
        glia_cross_entropy_params loss{};
        loss.from = from;
        y         = call("cross_entropy", &loss, {p, target});
    }
};

TEST(Fusion, log_softmax_and_cross_entropy) {
    LossNet net({2, 3}, true, GLIA_FROM_LOG_PROBABILITIES);
    glia_plan *plan = net.make({net.y});
    EXPECT_EQ(steps(plan), Names({"cross_entropy"}));
    const Numbers x  = {1, 2, 3, 0, -1, 0.5};
    const double got = net.run(plan, {net.y}, {x})[0][0], want = net.run({net.y}, {x}, {.unfused = true})[0][0];
    EXPECT_NEAR(got, want, 1e-12);
    glia_plan_destroy(plan);
    plan = net.make({net.y, net.p});  // the log-probabilities are wanted as well
    EXPECT_EQ(steps(plan), Names({"softmax", "cross_entropy"}));
    EXPECT_NEAR(net.run(plan, {net.y, net.p}, {x})[0][0], want, 1e-12);
    glia_plan_destroy(plan);
}

// The loss of probabilities is clamped, and a plan computes the one that was asked for.
TEST(Fusion, the_loss_of_probabilities_stays_clamped) {
    LossNet net({2, 3}, false, GLIA_FROM_PROBABILITIES);
    const Numbers x = {54, 0, 0, 54, 0, 0};  // the classes are 2 and 0
    EXPECT_NEAR(net.run({net.y}, {x})[0][0], -std::log(1e-7) / 2, 1e-12);
}

TEST(Fusion, softmax_over_another_axis_or_of_another_kind_stays) {
    LossNet nets[] = {{{2, 3, 2}, true, GLIA_FROM_LOG_PROBABILITIES, 2},
                      {{2, 3}, true, GLIA_FROM_PROBABILITIES, 1},
                      {{2, 3}, false, GLIA_FROM_PROBABILITIES, 1},
                      {{2, 3}, false, GLIA_FROM_LOGITS, 1}};
    for (LossNet &net : nets) {
        glia_plan *plan = net.make({net.y});
        EXPECT_EQ(steps(plan), Names({"softmax", "cross_entropy"}));
        glia_plan_destroy(plan);
    }
}

// A loss, its gradient with respect to x, and what a training adds between the two: a sum of losses, a factor.
struct TrainingNet : Net {
    const char *op;
    glia_dtype dtype;
    glia_value x, target, weight, y;
    glia_cross_entropy_params classes{};
    glia_loss_params plain = glia_loss_defaults();
    TrainingNet(const char *op, glia_dtype dtype, glia_reduction reduction = GLIA_REDUCTION_MEAN)
        : op(op), dtype(dtype) {
        const bool by_class = op == std::string("cross_entropy");
        classes.reduction = plain.reduction = reduction;
        x                                   = input({2, 3}, dtype);
        target = by_class ? state({2}, {2, 0}, GLIA_I64) : state({2, 3}, {0, 1, 0, 1, 0, 0}, dtype);
        weight = state({by_class ? 3 : 2}, by_class ? Numbers{1, 0.5, 2} : Numbers{3, 0.25}, dtype);
        y      = loss();
    }
    const void *params() const {
        return op == std::string("cross_entropy") ? static_cast<const void *>(&classes) : &plain;
    }
    glia_value loss() { return call(op, params(), {x, target, weight}); }
    glia_value backward(glia_value dy) {
        return call((std::string(op) + "_backward").c_str(), params(), {x, target, weight, dy});
    }
    std::string fused() const { return std::string(op) + "_backward"; }
    void expect(const std::vector<glia_value> &outputs, const Names &names, const char *why) {
        const Numbers numbers = {1, 2, 3, 0, -1, 0.5};
        glia_plan *plan       = make(outputs);
        EXPECT_EQ(steps(plan), names) << why;
        EXPECT_EQ(run(plan, outputs, {numbers}), run(outputs, {numbers}, {.unfused = true})) << why;
        glia_plan_destroy(plan);
    }
};

TEST(Fusion, a_loss_and_its_gradient) {
    for (const char *op : {"cross_entropy", "loss"})
        for (glia_dtype dtype : {GLIA_F64, GLIA_F32})
            for (glia_reduction reduction : {GLIA_REDUCTION_MEAN, GLIA_REDUCTION_SUM}) {
                TrainingNet net(op, dtype, reduction);
                const glia_value scale  = net.state({}, {0.5}, dtype),
                                 three  = glia_graph_constant(net.graph, dtype, GLIA_SCALAR, 3);
                const glia_value scaled = net.binary(GLIA_BINARY_MUL, net.y, scale);
                const glia_value total  = net.binary(GLIA_BINARY_MUL, three, scaled);
                net.expect({net.y, net.gradient(net.y, {net.x})[0]}, {net.fused()}, "both");
                net.expect({net.gradient(net.y, {net.x})[0]}, {net.fused()}, "the gradient alone");
                net.expect({net.y}, {op}, "the loss alone");
                net.expect({scaled, net.gradient(scaled, {net.x})[0]}, {net.fused(), "binary"}, "a factor");
                const auto steps = net.gradient(total, {net.x});
                net.expect({total, steps[0]}, {op, "binary", "binary", "binary", net.fused()},
                           "the factor is computed after the loss");
            }
}

TEST(Fusion, a_loss_leaves_other_gradients) {
    for (const char *op : {"cross_entropy", "loss"}) {
        TrainingNet net(op, GLIA_F64);
        const glia_value square = net.binary(GLIA_BINARY_MUL, net.y, net.y);
        net.expect({square, net.gradient(square, {net.x})[0]}, {op, "binary", "binary", net.fused()},
                   "dy depends on the loss");
        const glia_value one = glia_graph_constant(net.graph, GLIA_F64, GLIA_SCALAR, 1);
        const glia_value dx  = net.call(net.fused().c_str(), net.params(), {net.x, net.target, {}, one});
        net.expect({net.y, dx}, {op, net.fused()}, "other weights");
        net.classes.label_smoothing = 0.1, net.plain.kind = GLIA_LOSS_MAE;
        net.expect({net.y, net.backward(one)}, {op, net.fused()}, "other params");
        TrainingNet unused(op, GLIA_F64);
        unused.gradient(unused.y, {unused.x});
        ASSERT_EQ(gli_graph_fuse(unused.graph, &unused.y, 1), GLIA_OK);
        unused.expect({unused.y}, {op}, "a gradient that nothing asks for");
    }
}

// Before a gradient is asked for that goes through both.
TEST(Fusion, a_loss_and_its_gradient_have_the_gradient_of_the_parts) {
    for (const char *op : {"cross_entropy", "loss"}) {
        std::vector<std::vector<Numbers>> got;
        for (bool fused : {true, false}) {
            TrainingNet net(op, GLIA_F64);
            const glia_value dx    = net.gradient(net.y, {net.x})[0];
            const glia_value total = net.binary(GLIA_BINARY_ADD, net.sum(net.unary(GLIA_UNARY_SQUARE, dx)), net.y);
            if (fused) {
                ASSERT_EQ(gli_graph_fuse(net.graph, &total, 1), GLIA_OK);
            }
            got.push_back(
                net.run({total, net.gradient(total, {net.x})[0]}, {{1, 2, 3, 0, -1, 0.5}}, {.unfused = true}));
        }
        expect_near(got[0], got[1]);
    }
}

// Two branches that meet, as in a residual network: their other branch is computed after the normalisation's inputs.
struct NormNet : Net {
    glia_value x = input({2, 2, 2, 2}), weight = input({2});
    glia_value norm(glia_value v) {
        const glia_batchnorm_params params = glia_batchnorm_defaults();
        return call("batchnorm", &params, {v, weight});
    }
    std::vector<Numbers> inputs() const { return {{3, -1, 4, 1, -5, 9, 2, -6, 5, 3, -5, 8, 9, -7, 9, 3}, {0.5, -2}}; }
};

TEST(Fusion, batchnorm_addition_and_relu) {
    for (bool norm_first : {true, false}) {
        NormNet net;
        const glia_value n = net.norm(net.x), other = net.unary(GLIA_UNARY_SQUARE, net.x);
        const glia_value y = net.unary(GLIA_UNARY_RELU, norm_first ? net.binary(GLIA_BINARY_ADD, n, other)
                                                                   : net.binary(GLIA_BINARY_ADD, other, n));
        glia_plan *plan    = net.make({y}, {.row_major = true});
        EXPECT_EQ(steps(plan), Names({"unary", "batchnorm"}));
        expect_near(net.run(plan, {y}, net.inputs()), net.run({y}, net.inputs(), {.unfused = true}));
        glia_plan_destroy(plan);
    }
}

TEST(Fusion, batchnorm_addition_and_relu_have_the_gradient_of_the_parts) {
    std::vector<std::vector<Numbers>> got;
    for (bool fused : {true, false}) {
        NormNet net;
        const glia_value sum   = net.binary(GLIA_BINARY_ADD, net.norm(net.x), net.unary(GLIA_UNARY_SQUARE, net.x)),
                         y     = net.unary(GLIA_UNARY_RELU, sum);
        const glia_value total = net.sum(net.binary(GLIA_BINARY_MUL, y, y));
        if (fused) {
            ASSERT_EQ(gli_graph_fuse(net.graph, &total, 1), GLIA_OK);
        }
        const auto d = net.gradient(total, {net.x, net.weight});
        got.push_back(net.run({total, d[0], d[1]}, net.inputs(), {.unfused = !fused}));
    }
    expect_near(got[0], got[1]);
}

TEST(Fusion, two_gradients_of_a_batchnorm_with_relu) {
    std::vector<std::vector<Numbers>> got;
    for (bool fused : {true, false}) {
        NormNet net;
        const glia_value y     = net.unary(GLIA_UNARY_RELU, net.norm(net.x));
        const glia_value total = net.binary(GLIA_BINARY_ADD, net.sum(net.unary(GLIA_UNARY_SQUARE, y)),
                                            net.sum(net.unary(GLIA_UNARY_SIGMOID, y)));
        ASSERT_EQ(gli_graph_fuse(net.graph, &total, 1), GLIA_OK);
        const auto d        = net.gradient(total, {net.x, net.weight});
        glia_plan *plan     = net.make({d[0], d[1]}, {.unfused = !fused, .row_major = true});
        const Names shown   = steps(plan);
        const auto how_many = [&](const char *op) { return std::count(shown.begin(), shown.end(), op); };
        EXPECT_EQ(how_many("binary"), fused ? 0 : 1);
        EXPECT_EQ(how_many("batchnorm_backward"), 1);
        got.push_back(net.run(plan, {d[0], d[1]}, net.inputs()));
        glia_plan_destroy(plan);
    }
    EXPECT_EQ(got[0], got[1]);
}

TEST(Fusion, batchnorm_leaves_what_does_not_fit) {
    NormNet net;
    const glia_value n = net.norm(net.x), row = net.input({2, 1, 1});
    struct Kept {
        const char *why;
        glia_value value;
        Names steps;
    };
    const Kept kept[] = {{"a product", net.binary(GLIA_BINARY_MUL, net.norm(net.x), net.x), {"batchnorm", "binary"}},
                         {"a broadcast", net.binary(GLIA_BINARY_ADD, net.norm(net.x), row), {"batchnorm", "binary"}},
                         {"twice the same", net.binary(GLIA_BINARY_ADD, n, n), {"batchnorm", "binary"}},
                         {"a slow activation", net.unary(GLIA_UNARY_TANH, net.norm(net.x)), {"batchnorm", "unary"}},
                         {"an addition after the relu",
                          net.binary(GLIA_BINARY_ADD, net.unary(GLIA_UNARY_RELU, net.norm(net.x)), net.x),
                          {"batchnorm", "binary"}}};
    for (const Kept &k : kept) {
        glia_plan *plan = net.make({k.value}, {.row_major = true});
        EXPECT_EQ(steps(plan), k.steps) << k.why;
        glia_plan_destroy(plan);
    }
}

// In loops, the array of results is that of inputs.
TEST(Graph, out_may_be_in) {
    Net net;
    glia_value y              = net.state({2}, {-1, 2});
    const glia_unary_params p = glia_unary_defaults(GLIA_UNARY_NEG);
    for (int i = 0; i < 3; ++i) EXPECT_GT(glia_graph_call(net.graph, "unary", &p, &y, 1, &y, 1).id, 0);
    EXPECT_EQ(net.run({y}).at(0), (std::vector<double>{1, -2}));
    EXPECT_LT(glia_graph_call(net.graph, "nonsense", nullptr, &y, 1, &y, 1).id, 0);
    EXPECT_LT(y.id, 0);
}

}  // namespace
