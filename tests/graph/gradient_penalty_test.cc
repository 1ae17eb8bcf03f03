// A penalty on the gradient of a small network with respect to its input, as in WGAN-GP: its derivatives are second
// ones. The numbers are PyTorch's, from tests/golden/gradient_penalty.py.
#include <cmath>

#include "support/graphs.h"

namespace {

using namespace glia;

struct Row {
    const char *name;
    std::vector<int64_t> dims;
    double dot, norm;  // of its gradient: the product with values_of(dims, 9), and the length
};

// cross entropy 1.86030810031, penalty 0.83085984722
constexpr double kTotal = 10.1689065725;
const Row kRows[]       = {
    {"x", {4, 2, 6, 6}, -2.34729325041, 2.49574964532},     {"conv", {3, 2, 3, 3}, -0.938350794869, 6.15817118982},
    {"conv_bias", {3}, -0.86819302981, 4.52918044581},      {"hidden", {10, 12}, 0.359603077518, 10.5731990349},
    {"hidden_bias", {10}, -0.0638445282181, 2.26162535132}, {"scale", {10}, 1.28573987254, 11.1191115545},
    {"shift", {10}, 0.931650130264, 1.98746870815},         {"last", {5, 10}, 1.35004044046, 7.11694010143},
    {"last_bias", {5}, -0.0697107963543, 0.24827316413},
};

Numbers values_of(const std::vector<int64_t> &dims, int seed) {
    Numbers out(size_t(std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<>())));
    for (size_t i = 0; i < out.size(); ++i) out[i] = 0.5 * std::sin(0.7 * double(i + 1) + seed);
    return out;
}

class GradientPenalty : public testing::TestWithParam<glia_dtype> {
   protected:
    // The cross entropy of conv, elu, max pooling, dense, layernorm, silu, dense.
    glia_value cross_entropy(const std::vector<glia_value> &p) {
        const glia_conv2d_params conv          = glia_conv2d_defaults();
        const glia_max_pool2d_params pool      = glia_max_pool2d_defaults(2, 2);
        const glia_cross_entropy_params logits = {};
        glia_value h = net_.unary(GLIA_UNARY_ELU, net_.call("conv2d", &conv, {p[0], p[1], p[2]}));
        h            = net_.reshape(net_.call("max_pool2d", &pool, {h}), {4, 12});
        h            = net_.call("layernorm", nullptr, {net_.call("dense", nullptr, {h, p[3], p[4]}), p[5], p[6]});
        h            = net_.call("dense", nullptr, {net_.unary(GLIA_UNARY_SILU, h), p[7], p[8]});
        const glia_value target = net_.state({4}, {0, 3, 1, 4}, GLIA_I64);
        return net_.call("cross_entropy", &logits, {h, target});
    }
    // The mean of (length - 1)^2 over the samples, of 4 times the gradient of their mean.
    glia_value penalty(glia_value loss, glia_value x) {
        const glia_reduce_params length{GLIA_REDUCE_L2, GLIA_AXIS(1) | GLIA_AXIS(2) | GLIA_AXIS(3), false};
        const glia_reduce_params mean{GLIA_REDUCE_MEAN, GLIA_ALL_AXES, false};
        const glia_value dx  = net_.binary(GLIA_BINARY_MUL, net_.gradient(loss, {x})[0], number(4));
        const glia_value off = net_.binary(GLIA_BINARY_SUB, net_.call("reduce", &length, {dx}), number(1));
        return net_.call("reduce", &mean, {net_.unary(GLIA_UNARY_SQUARE, off)});
    }
    glia_value number(double value) { return net_.state({}, {value}, GetParam()); }

    Net net_;
};

TEST_P(GradientPenalty, agrees_with_pytorch) {
    std::vector<glia_value> p;
    for (const Row &row : kRows) p.push_back(net_.state(row.dims, values_of(row.dims, int(p.size())), GetParam()));
    const glia_value loss = cross_entropy(p);
    const glia_value total =
        net_.binary(GLIA_BINARY_ADD, loss, net_.binary(GLIA_BINARY_MUL, penalty(loss, p[0]), number(10)));
    std::vector<glia_value> out = net_.gradient(total, p);
    out.push_back(total);
    const auto got         = net_.run(out);
    const double tolerance = GetParam() == GLIA_F64 ? 1e-10 : 2e-5;
    EXPECT_NEAR(got.back()[0], kTotal, tolerance * kTotal);
    for (size_t i = 0; i < p.size(); ++i) {
        const Numbers weight = values_of(kRows[i].dims, 9);
        EXPECT_NEAR(std::inner_product(got[i].begin(), got[i].end(), weight.begin(), 0.0), kRows[i].dot,
                    tolerance * kRows[i].norm)
            << kRows[i].name;
        EXPECT_NEAR(std::sqrt(std::inner_product(got[i].begin(), got[i].end(), got[i].begin(), 0.0)), kRows[i].norm,
                    tolerance * kRows[i].norm)
            << kRows[i].name;
    }
}

INSTANTIATE_TEST_SUITE_P(dtypes, GradientPenalty, testing::Values(GLIA_F32, GLIA_F64),
                         [](const auto &info) { return glia_dtype_name(info.param); });

}  // namespace
