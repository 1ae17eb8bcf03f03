// The gradient of the gradient of every op against finite differences: support/differences.h. What has none is named
// here and in README.md.
#include <fstream>
#include <set>
#include <sstream>

#include "support/differences.h"

namespace {

using namespace glia;
using namespace glia::differences;

Count total;

// Ops whose gradient has no gradient.
const std::set<std::string> kOnce = {"custom", "rnn"};

bool is_checked_case(const Case &c) { return is_differentiable(c) && !is_gradient(c.op) && is_small(c); }

std::vector<const Case *> cases(bool once) {
    std::vector<const Case *> all;
    for (const Case &c : all_cases())
        if (is_checked_case(c) && kOnce.count(c.op->name) == size_t(once)) all.push_back(&c);
    return all;
}

class SecondGradients : public testing::TestWithParam<const Case *> {};

TEST_P(SecondGradients, agree_with_finite_differences) {
    Subject subject(*GetParam(), Order::second);
    ASSERT_EQ(subject.error(), "");
    const auto derived = subject.derived();
    ASSERT_EQ(derived.size(), subject.variables());
    for (size_t k = 0; k < derived.size(); ++k) {
        Count count;
        const std::string wrong = subject.check(k, derived[k], std::min(subject.most(k), kSample), &count);
        EXPECT_EQ(wrong, "") << "replay: GLIA_TEST_SEED=" << test_seed() << " second_gradient_test --gtest_filter='*/"
                             << name_of(GetParam()) << "'";
        total.checked += count.checked, total.kinks += count.kinks;
    }
}

INSTANTIATE_TEST_SUITE_P(f64, SecondGradients, testing::ValuesIn(cases(false)),
                         [](const auto &info) { return name_of(info.param); });

TEST(SecondGradients, of_max_pooling_leave_out_what_no_window_has) {
    Net net;
    const glia_value dy = net.input({2, 1, 1, 3}), weight = net.state({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
    const glia_value index = net.state({2, 1, 1, 3}, {3, -1, 0, 4, 1, 1}, GLIA_I32);
    const glia_max_pool2d_backward_params params{{2, 2}, {}};
    const glia_value dx = net.call("max_pool2d_backward", &params, {dy, index});
    const auto d        = net.gradient(net.sum(net.binary(GLIA_BINARY_MUL, dx, weight)), {dy});
    EXPECT_EQ(net.run(d, {{1, 1, 1, 1, 1, 1}})[0], Numbers({4, 0, 1, 0, 6, 6}));
}

// In f32, relative to the number itself. By mpmath, with 60 digits.
void expect_curvature(glia_unary_kind kind, const Numbers &x, const Numbers &want) {
    Net net;
    const glia_value in     = net.input({int64_t(x.size())}, GLIA_F32);
    const glia_value slope  = net.gradient(net.sum(net.unary(kind, in)), {in})[0];
    const glia_value second = net.gradient(net.sum(slope), {in})[0];
    const Numbers got       = net.run({second}, {x})[0];
    for (size_t i = 0; i < x.size(); ++i)
        EXPECT_NEAR(got[i], want[i], 1e-5 * std::fabs(want[i])) << glia_unary_name(kind) << " at " << x[i];
}

TEST(SecondGradients, of_tails_keep_their_digits_and_end_in_0) {
    const Numbers x = {-3e38, -1e20, -30, -7, -5.5, -5, -2, 0, 0.5, 3, 5, 5.5, 7, 30, 1e20, 3e38};
    expect_curvature(GLIA_UNARY_GELU, x,
                     {0, 0, 0, -4.29331859e-10, -3.04245721e-6, -3.41945488e-5, -0.107981933, 0.797884561, 0.616114322,
                      -0.0310229389, -3.41945488e-5, -3.04245721e-6, -4.29331859e-10, 0, 0, 0});
    expect_curvature(GLIA_UNARY_GELU_TANH, x,
                     {0, 0, 0, -3.23225841e-13, -3.54798158e-7, -9.93413222e-6, -0.10787508, 0.797884561, 0.615506895,
                      -0.0317676589, -9.93413222e-6, -3.54798158e-7, -3.23225841e-13, 0, 0, 0});
    expect_curvature(GLIA_UNARY_SILU, x,
                     {0, 0, -2.62013443e-12, -0.00453949629, -0.0140060164, -0.0194992255, 0.0500621687, 0.5,
                      0.441229027, -0.0323214045, -0.0194992255, -0.0140060164, -0.00453949629, -2.62013443e-12, 0, 0});
}

TEST(SecondGradients, of_a_large_power_of_a_negative_number_have_its_sign) {
    const std::vector<double> a = {-1, -1, -1, 1, -1, 2}, b = {3, 4, 0x1p60, 0x1p60, -0x1p60, 3};
    Net net;
    const glia_value in     = net.input({6}, GLIA_F32);
    const glia_value y      = net.binary(GLIA_BINARY_POW, in, net.state({6}, b, GLIA_F32));
    const glia_value slope  = net.gradient(net.sum(y), {in})[0];
    const glia_value second = net.gradient(net.sum(slope), {in})[0];
    EXPECT_EQ(net.run({slope}, {a})[0], Numbers({3, -4, -0x1p60, 0x1p60, 0x1p60, 12}));
    EXPECT_EQ(net.run({second}, {a})[0], Numbers({-6, 12, 0x1p120, 0x1p120, 0x1p120, 12}));
}

TEST(SecondGradients, of_every_differentiable_op) {
    std::set<std::string> checked, differentiable;
    for (const Case *c : cases(false)) checked.insert(c->op->name);
    for (const gli_op *const *op = gli_ops; *op; ++op)
        if ((*op)->derive && !is_gradient(*op) && !kOnce.count((*op)->name)) differentiable.insert((*op)->name);
    EXPECT_EQ(checked, differentiable);
}

TEST(SecondGradients, are_refused_by_name) {
    for (const Case *c : cases(true)) {
        const Subject subject(*c, Order::second);
        ASSERT_EQ(subject.error(),
                  std::string(c->op->name) + "_backward has no gradient: " + c->op->name + " has no second derivative")
            << name_of(c);
    }
}

TEST(SecondGradients, of_custom_ops_are_refused) {
    Net net;
    glia_custom_op op{};
    op.name = "mine", op.n_in = op.n_out = 1;
    op.forward = op.backward = [](glia_custom_call *) { return GLIA_OK; };
    const glia_custom_params params{&op, {}, nullptr};
    const glia_value x  = net.input({2});
    const glia_value dx = net.gradient(net.sum(glia_graph_custom(net.graph, &params, &x, 1, nullptr, 0)), {x})[0];
    glia_value out;
    EXPECT_EQ(glia_graph_gradient(net.graph, net.sum(dx), &x, 1, &out), GLIA_UNSUPPORTED);
    EXPECT_STREQ(glia_message(net.ctx), "custom_backward has no gradient: custom has no second derivative");
}

TEST(SecondGradients, that_are_missing_stand_in_the_readme) {
    std::set<std::string> once{gli_op_custom_backward.once_differentiable->name};
    for (const gli_op *const *op = gli_ops; *op; ++op) {
        EXPECT_EQ(is_gradient(*op) && !(*op)->derive, (*op)->once_differentiable != nullptr) << (*op)->name;
        if ((*op)->once_differentiable) once.insert((*op)->once_differentiable->name);
    }
    EXPECT_EQ(once, kOnce);
    std::ostringstream readme;
    readme << std::ifstream(GLIA_SOURCE_DIR "/README.md").rdbuf();
    std::string sentence = "gradients of gradients, but for those of ";
    for (const std::string &name : once) sentence += (name == *once.begin() ? "`" : " and `") + name + "`";
    EXPECT_NE(readme.str().find(sentence + ";"), std::string::npos) << sentence;
}

class Report : public testing::Environment {
    void TearDown() override {
        EXPECT_LE(total.kinks, total.checked / 20 + 50);
        printf("second gradients: %zu elements checked, %zu more lie at kinks\n", total.checked, total.kinks);
    }
};
const auto *const report = testing::AddGlobalTestEnvironment(new Report);

}  // namespace
