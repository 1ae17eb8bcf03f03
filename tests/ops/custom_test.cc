// Users' own ops on the CPU: one call, in graphs with gradients, as layers; and what is refused, with which words. On
// the emulated device: custom_cuda_test.cc.
#include <cmath>
#include <cstring>

#include "support/call.h"
#include "support/graphs.h"

namespace {

using namespace glia;

double *doubles(const glia_tensor *tensor) { return static_cast<double *>(glia_tensor_data(tensor)); }

// What the functions of `mix` were given, last.
struct Seen {
    bool in[2], out[2], dout[2], din[2];
    int calls = 0;
};
Seen seen;

void look(const glia_custom_call *call) {
    for (int k = 0; k < 2; ++k)
        seen.in[k] = call->in[k], seen.out[k] = call->out[k], seen.dout[k] = call->dout[k], seen.din[k] = call->din[k];
    ++seen.calls;
}

// out[0] = scale in[0] * in[1], where in[1] is a row; out[1] = the sum of in[0]^2. f64.
glia_status mix_resolve(glia_custom_resolution *r) {
    if (r->in[0].dtype != GLIA_F64 || r->in[0].shape.ndim != 2) {
        snprintf(r->message, sizeof r->message, "in[0] has %d dimensions", r->in[0].shape.ndim);
        return GLIA_SHAPE_MISMATCH;
    }
    r->out[1] = {GLIA_F64, GLIA_SCALAR};
    return GLIA_OK;
}

glia_status mix_forward(glia_custom_call *call) {
    look(call);
    const glia_shape shape = glia_tensor_shape(call->in[0]);
    const double *a = doubles(call->in[0]), *b = doubles(call->in[1]);
    double sum = 0;
    for (int64_t i = 0; i < shape.dim[0] * shape.dim[1]; ++i) {
        doubles(call->out[0])[i] = call->params->number[0] * a[i] * b[i % shape.dim[1]];
        sum += a[i] * a[i];
    }
    if (call->out[1]) *doubles(call->out[1]) = sum;
    return GLIA_OK;
}

glia_status mix_backward(glia_custom_call *call) {
    look(call);
    const glia_shape shape = glia_tensor_shape(call->in[0]);
    const double *a = doubles(call->in[0]), *b = doubles(call->in[1]), scale = call->params->number[0];
    for (int64_t c = 0; call->din[1] && c < shape.dim[1]; ++c) doubles(call->din[1])[c] = 0;
    for (int64_t i = 0; i < shape.dim[0] * shape.dim[1]; ++i) {
        const int64_t c    = i % shape.dim[1];
        const double dout0 = call->dout[0] ? doubles(call->dout[0])[i] : 0,
                     dout1 = call->dout[1] ? *doubles(call->dout[1]) : 0;
        if (call->din[0]) doubles(call->din[0])[i] = scale * dout0 * b[c] + 2 * dout1 * a[i];
        if (call->din[1]) doubles(call->din[1])[c] += scale * dout0 * a[i];
    }
    return GLIA_OK;
}

const glia_custom_op kMix{.name       = "mix",
                          .n_in       = 2,
                          .n_out      = 2,
                          .resolve    = mix_resolve,
                          .forward    = mix_forward,
                          .backward   = mix_backward,
                          .unread_out = 3};

glia_custom_params params_of(const glia_custom_op &op, double number = 1) { return {&op, {number}, nullptr}; }

const Array kA{{2, 3}, {1, -2, 3, 4, 5, -6}}, kB{{3}, {0.5, 2, -1}};

class Custom : public testing::Test {
   protected:
    glia_status call(const glia_custom_params &params, const std::vector<const glia_tensor *> &in,
                     const std::vector<glia_tensor *> &out) {
        session.ctx()->message[0] = '\0';
        return glia_custom(session.ctx(), &params, in.data(), int(in.size()), out.data(), int(out.size()));
    }
    std::string message() const { return glia_message(session.ctx()); }

    Session session{""};
    glia_tensor *a = session.tensor(kA), *b = session.tensor(kB);
    glia_tensor *y = session.tensor({{2, 3}, {}}), *sum = session.tensor({{}, {}});
};

TEST_F(Custom, computes_its_outputs) {
    ASSERT_EQ(call(params_of(kMix, 2), {a, b}, {y, sum}), GLIA_OK) << message();
    EXPECT_EQ(session.values(y), (std::vector<double>{1, -8, -6, 4, 20, 12}));
    EXPECT_EQ(session.values(sum), (std::vector<double>{91}));
}

TEST_F(Custom, outputs_that_nobody_wants_are_null) {
    ASSERT_EQ(call(params_of(kMix), {a, b}, {y, nullptr}), GLIA_OK) << message();
    EXPECT_TRUE(seen.out[0] && !seen.out[1]);
    ASSERT_EQ(call(params_of(kMix), {a, b}, {y}), GLIA_OK) << message();
    EXPECT_FALSE(seen.out[1]);
    EXPECT_EQ(call(params_of(kMix), {a, b}, {nullptr, sum}), GLIA_INVALID_ARGUMENT);
}

TEST_F(Custom, sees_dense_tensors_whatever_the_layout) {
    double memory[12]       = {}, results[24];
    const int64_t columns[] = {1, 2}, gaps[] = {9, 3};
    std::fill(results, results + 24, 77);
    for (int i = 0; i < 6; ++i) memory[i / 3 + i % 3 * 2] = kA.values[size_t(i)];
    glia_tensor *x, *out;
    ASSERT_EQ(glia_tensor_wrap(session.ctx(), GLIA_F64, GLIA_SHAPE(2, 3), columns, memory, &x), GLIA_OK);
    ASSERT_EQ(glia_tensor_wrap(session.ctx(), GLIA_F64, GLIA_SHAPE(2, 3), gaps, results, &out), GLIA_OK);
    EXPECT_EQ(call(params_of(kMix), {x, b}, {out, sum}), GLIA_OK) << message();
    const double want[] = {0.5, -4, -3, 2, 10, 6};
    for (int i = 0; i < 24; ++i) {
        const bool element = i % 9 % 3 == 0 && i % 9 < 9 && i / 9 < 2;
        EXPECT_EQ(results[i], element ? want[i / 9 * 3 + i % 9 / 3] : 77) << i;
    }
    glia_tensor_destroy(x);
    glia_tensor_destroy(out);
}

// ---- refusals ----

glia_status succeeds(glia_custom_call *) { return GLIA_OK; }
glia_status fails(glia_custom_call *call) {
    memset(call->message, 'x', sizeof call->message);
    return GLIA_NOT_FINITE;
}
glia_status fails_silently(glia_custom_call *) { return GLIA_IO_ERROR; }
glia_status wrong_dtype(glia_custom_resolution *r) { return r->out[0].dtype = glia_dtype(99), GLIA_OK; }
glia_status wrong_shape(glia_custom_resolution *r) { return r->out[0].shape.ndim = 9, GLIA_OK; }
glia_status too_large(glia_custom_resolution *r) { return r->out[0].shape = GLIA_SHAPE(1 << 20, 1 << 20), GLIA_OK; }

struct Bad {
    glia_custom_op op;
    glia_status status;
    const char *message;
};

TEST_F(Custom, refuses_with_words) {
    const glia_custom_op right{.name = "right", .n_in = 2, .n_out = 1, .forward = succeeds};
    const auto with = [&](auto change) {
        glia_custom_op op = right;
        change(op);
        return op;
    };
    const Bad bad[] = {
        {with([](auto &op) { op.name = nullptr; }), GLIA_INVALID_ARGUMENT, "has no name"},
        {with([](auto &op) { op.name = ""; }), GLIA_INVALID_ARGUMENT, "has no name"},
        {with([](auto &op) { op.n_in = 0; }), GLIA_INVALID_ARGUMENT, "'right' has 0 inputs"},
        {with([](auto &op) { op.n_in = 9; }), GLIA_INVALID_ARGUMENT, "has 9 inputs"},
        {with([](auto &op) { op.n_out = 9; }), GLIA_INVALID_ARGUMENT, "9 outputs"},
        {with([](auto &op) { op.n_out = -1; }), GLIA_INVALID_ARGUMENT, "-1 outputs"},
        {with([](auto &op) { op.n_in = 3; }), GLIA_INVALID_ARGUMENT, "'right' gets 2 inputs, takes 3"},
        {with([](auto &op) { op.forward = nullptr; }), GLIA_INVALID_ARGUMENT, "'right' has no forward"},
        {with([](auto &op) { op.forward = nullptr, op.cuda_forward = succeeds; }), GLIA_UNSUPPORTED,
         "no forward for the CPU"},
        {with([](auto &op) { op.forward = fails; }), GLIA_NOT_FINITE, "'right' failed: xxx"},
        {with([](auto &op) { op.forward = fails_silently; }), GLIA_IO_ERROR,
         "'right' failed: reading or writing failed"},
        {with([](auto &op) { op.resolve = wrong_dtype; }), GLIA_INVALID_ARGUMENT,
         "out[0] of 'right' has invalid dtype 99"},
        {with([](auto &op) { op.resolve = wrong_shape; }), GLIA_INVALID_ARGUMENT, "custom"},
        {with([](auto &op) { op.resolve = too_large; }), GLIA_UNSUPPORTED, "more than 2^31-1 elements"},
    };
    for (const Bad &one : bad) {
        EXPECT_EQ(call(params_of(one.op), {a, b}, {y}), one.status) << one.message << ": " << message();
        EXPECT_NE(message().find(one.message), std::string::npos) << message() << "\nlacks: " << one.message;
    }
    ASSERT_EQ(call(params_of(right), {a, b}, {y}), GLIA_OK) << message();
}

TEST_F(Custom, refuses_wrong_calls) {
    EXPECT_EQ(call({}, {a, b}, {y}), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("params->op is NULL"), std::string::npos) << message();
    EXPECT_EQ(call(params_of(kMix), {a, nullptr}, {y}), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("in[1] of 'mix' is NULL"), std::string::npos) << message();
    EXPECT_EQ(call(params_of(kMix), {b, b}, {y}), GLIA_SHAPE_MISMATCH);
    EXPECT_NE(message().find("'mix' refuses its inputs: in[0] has 1 dimensions"), std::string::npos) << message();
    EXPECT_EQ(call(params_of(kMix), {a, b}, {sum, sum}), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(call(params_of(kMix), {a, b}, {a}), GLIA_INVALID_ARGUMENT) << "an output in the memory of an input";
    EXPECT_EQ(call(params_of(kMix), {a, b}, {y, sum, sum}), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(call(params_of(kMix), {a, b}, {}), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(call(params_of(kMix), std::vector<const glia_tensor *>(9, a), {y}), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(call(params_of(kMix), {a, b}, {y, sum}), GLIA_OK) << message();
}

// ---- graphs ----

struct Built {
    glia_value a, b, out[2];
};

Built build(Net &net, const glia_custom_op &op = kMix) {
    Built g{net.state(kA.dims, kA.values), net.state(kB.dims, kB.values), {}};
    glia_custom_params params = params_of(op, 3);
    const glia_value in[]     = {g.a, g.b};
    EXPECT_EQ(glia_graph_custom(net.graph, &params, in, 2, g.out, op.n_out).id, g.out[0].id) << glia_message(net.ctx);
    params.number[0] = NAN;  // the graph has its own copy
    return g;
}

// d/dx of sum of weight[o] * out[o] at x[i], by differences.
double difference(const std::vector<double> &weight, int input, size_t i) {
    const auto at = [&](double step) {
        Net net;
        Built g     = build(net);
        auto values = input ? kB.values : kA.values;
        values[i] += step;
        const glia_value x    = net.state(input ? kB.dims : kA.dims, values);
        const glia_value in[] = {input ? g.a : x, input ? x : g.b};
        const auto params     = params_of(kMix, 3);
        glia_graph_custom(net.graph, &params, in, 2, g.out, 2);
        const auto results = net.run({g.out[0], g.out[1]});
        double total       = weight[1] * results[1][0];
        for (double v : results[0]) total += weight[0] * v;
        return total;
    };
    return (at(1e-6) - at(-1e-6)) / 2e-6;
}

TEST(CustomGraph, gradients_are_those_of_differences) {
    for (const std::vector<double> &weight : {std::vector<double>{1, 0}, {0, 1}, {0.5, -2}}) {
        Net net;
        const Built g          = build(net);
        const glia_value total = net.sum(g.out[0]);
        glia_value value       = net.binary(GLIA_BINARY_MUL, total, net.state({}, {weight[0]}));
        if (weight[1] != 0)
            value =
                net.binary(GLIA_BINARY_ADD, value, net.binary(GLIA_BINARY_MUL, g.out[1], net.state({}, {weight[1]})));
        const auto derived = net.run(net.gradient(value, {g.a, g.b}));
        const Seen given   = seen;
        for (int input = 0; input < 2; ++input)
            for (size_t i = 0; i < derived[size_t(input)].size(); ++i)
                EXPECT_NEAR(derived[size_t(input)][i], difference(weight, input, i), 1e-6)
                    << "weights " << weight[0] << " " << weight[1] << ", input " << input << " element " << i;
        EXPECT_EQ(given.dout[1], weight[1] != 0);
        EXPECT_TRUE(given.in[0] && given.in[1] && given.dout[0] && !given.out[0] && !given.out[1]);
    }
}

TEST(CustomGraph, backward_is_asked_for_what_is_wanted) {
    Net net;
    const Built g = build(net);
    net.run(net.gradient(net.sum(g.out[0]), {g.b}));
    EXPECT_TRUE(!seen.din[0] && seen.din[1]);
    const int before = seen.calls;
    net.run({g.a});
    EXPECT_EQ(seen.calls, before) << "a call that nothing needs";
}

TEST(CustomGraph, without_a_backward_there_is_no_gradient) {
    glia_custom_op op = kMix;
    op.backward       = nullptr;
    Net net;
    const Built g = build(net, op);
    glia_value da;
    EXPECT_EQ(glia_graph_gradient(net.graph, net.sum(g.out[0]), &g.a, 1, &da), GLIA_UNSUPPORTED);
    EXPECT_NE(std::string(glia_message(net.ctx)).find("'mix' has no backward"), std::string::npos)
        << glia_message(net.ctx);
}

TEST(CustomGraph, a_gradient_has_no_gradient) {
    Net net;
    const Built g = build(net);
    glia_value da = net.gradient(net.sum(g.out[0]), {g.a})[0], dda;
    EXPECT_EQ(glia_graph_gradient(net.graph, net.sum(da), &g.b, 1, &dda), GLIA_UNSUPPORTED) << glia_message(net.ctx);
}

TEST(CustomGraph, more_outputs_than_there_are_is_a_failure) {
    Net net;
    const glia_value in[] = {net.input({2, 3}), net.input({3})};
    const auto params     = params_of(kMix);
    glia_value out[3]     = {{5}, {5}, {5}};
    EXPECT_LT(glia_graph_custom(net.graph, &params, in, 2, out, 3).id, 0);
    EXPECT_LT(out[2].id, 0);
    EXPECT_EQ(glia_graph_status(net.graph), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(std::string(glia_message(net.ctx)).find("3 outputs of 'mix'"), std::string::npos)
        << glia_message(net.ctx);
}

TEST(CustomGraph, integers_get_no_gradient) {
    static const auto forward = [](glia_custom_call *call) {
        return doubles(call->out[0])[0] =
                   doubles(call->in[0])[static_cast<int64_t *>(glia_tensor_data(call->in[1]))[0]],
               GLIA_OK;
    };
    static const auto backward = [](glia_custom_call *call) {
        EXPECT_FALSE(call->din[1]);
        for (int i = 0; i < 3; ++i)
            doubles(call->din[0])[i] =
                i == static_cast<int64_t *>(glia_tensor_data(call->in[1]))[0] ? *doubles(call->dout[0]) : 0;
        return GLIA_OK;
    };
    static const glia_custom_op pick{
        .name     = "pick",
        .n_in     = 2,
        .n_out    = 1,
        .resolve  = [](glia_custom_resolution *r) { return r->out[0].shape = GLIA_SCALAR, GLIA_OK; },
        .forward  = +forward,
        .backward = +backward};
    Net net;
    const glia_value x = net.state({3}, {1, 2, 3}), index = net.state({}, {1}, GLIA_I64), in[] = {x, index};
    const auto params  = params_of(pick);
    const glia_value y = glia_graph_custom(net.graph, &params, in, 2, nullptr, 0);
    EXPECT_EQ(net.run(net.gradient(y, {x}))[0], (std::vector<double>{0, 1, 0})) << glia_message(net.ctx);
}

// ---- models ----

TEST(CustomModel, learns_through_a_layer) {
    Session session("");
    const glia_model_args args{GLIA_F64};
    glia_model *net       = nullptr;
    glia_dataset *data    = nullptr;
    const double points[] = {1, 2, -1, 3, 0.5, -2, 2, 1}, targets[] = {3, -4, -3, -6, 1.5, 4, 6, -2};  // times 3 and -2
    const glia_array input{.dtype = GLIA_F64, .shape = GLIA_SHAPE(2), .data = points},
        target{.dtype = GLIA_F64, .shape = GLIA_SHAPE(2), .data = targets};
    const glia_arrays_args arrays{.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = 4};
    ASSERT_EQ(glia_dataset_from_arrays(session.ctx(), &arrays, &data), GLIA_OK) << glia_message(session.ctx());
    ASSERT_EQ(glia_model_create(session.ctx(), &args, &net), GLIA_OK);
    const glia_value x        = glia_model_input(net, "x", GLIA_SHAPE(2));
    const glia_value in[]     = {x, glia_model_parameter(net, "row", GLIA_SHAPE(2), nullptr)};
    glia_custom_params params = params_of(kMix, 1);
    const glia_value y        = glia_model_custom(net, &params, in, 2, nullptr, 0);
    params.number[0]          = NAN;
    const glia_compile_args how{.loss = glia_loss_mse(), .optimizer = glia_optimizer_sgd(0.2)};
    ASSERT_EQ(glia_model_compile(net, y, &how), GLIA_OK) << glia_message(session.ctx());
    const glia_fit_args fit{.epochs = 100, .batch_size = 3};
    ASSERT_EQ(glia_model_fit(net, data, &fit), GLIA_OK) << glia_message(session.ctx());
    double row[2];
    ASSERT_EQ(glia_model_get(net, "row", row, sizeof row), GLIA_OK) << glia_message(session.ctx());
    EXPECT_NEAR(row[0], 3, 1e-6);
    EXPECT_NEAR(row[1], -2, 1e-6);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
}

}  // namespace
