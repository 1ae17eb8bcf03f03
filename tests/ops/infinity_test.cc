// Infinity and NaN reach no more results than in the reference, by every provider of the CPU and the emulated device.
// The zeros around an image are not multiplied.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/everywhere.h"
#include "support/suite.h"

namespace {

using namespace glia;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<const Case *> convolutions() {
    std::vector<const Case *> all;
    for (const Case &c : all_cases())
        if (!c.bench && std::string(c.op->name).rfind("conv2d", 0) == 0) all.push_back(&c);
    return all;
}

std::vector<Array> inputs_of(const Case &c, glia_dtype dtype) {
    std::vector<Array> in;
    for (size_t i = 0; i < c.inputs.size(); ++i)
        in.push_back(c.inputs[i].content == Content::absent
                         ? ABSENT
                         : Array{c.inputs[i].dims, values_of(c, i, Regime::reals, dtype), dtype});
    return in;
}

bool agree(double got, double want, double share) {
    return std::isfinite(want) ? std::fabs(got - want) < share * std::max(1.0, std::fabs(want))
           : std::isnan(want)  ? std::isnan(got)
                               : got == want;
}

void expect_agreement(const Case &c, const std::vector<Array> &in, double share) {
    const Result want = Session().call_raw(*c.op, c.params.data(), in);
    ASSERT_EQ(want.status, GLIA_OK) << want.message;
    const std::vector<const char *> devices = c.cpu ? std::vector{"cpu"} : std::vector{"cpu", "emulated"};
    for (const auto &[provider, out] : everywhere_raw(*c.op, c.params.data(), in, devices))
        for (size_t o = 0; o < out.size(); ++o)
            for (size_t k = 0; k < out[o].values.size(); ++k)
                ASSERT_PRED3(agree, out[o].values[k], want.out[o].values[k], share)
                    << provider << ": " << c.op->outputs[o].name << "[" << k << "] of " << glia_dtype_name(in[0].dtype);
}

class Infinity : public testing::TestWithParam<const Case *> {};

TEST_P(Infinity, stays_where_the_sums_read_it) {
    const Case &c = *GetParam();
    for (const auto &[dtype, share] : {std::pair{GLIA_F32, 1e-3}, {GLIA_BF16, 1e-2}}) {
        if (c.cpu && dtype != GLIA_F32) continue;
        const std::vector<Array> plain = inputs_of(c, dtype);
        for (size_t i = 0; i < plain.size(); ++i) {
            if (plain[i].values.empty()) continue;
            std::vector<Array> in = plain;
            in[i].values.front()  = kInfinity;
            expect_agreement(c, in, share);
            in[i].values.back() = std::nan("");
            expect_agreement(c, in, share);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(convolutions, Infinity, testing::ValuesIn(convolutions()),
                         [](const auto &info) { return std::string(info.param->op->name) + "__" + info.param->name; });

}  // namespace
