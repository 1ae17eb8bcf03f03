// What infinite numbers and NaN come to by the CPU's providers: no more than in the reference's sums. The zeros around
// an image are in none of these.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/call.h"
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

std::vector<Array> inputs_of(const Case &c) {
    std::vector<Array> in;
    for (size_t i = 0; i < c.inputs.size(); ++i)
        in.push_back(c.inputs[i].content == Content::absent
                         ? ABSENT
                         : Array{c.inputs[i].dims, values_of(c, i, Regime::reals, GLIA_F32), GLIA_F32});
    return in;
}

bool agree(double got, double want) {
    return std::isfinite(want) ? std::fabs(got - want) < 1e-3 : std::isnan(want) ? std::isnan(got) : got == want;
}

void expect_agreement(const Case &c, const std::vector<Array> &in) {
    const Result want = Session().call_raw(*c.op, c.params.data(), in);
    ASSERT_EQ(want.status, GLIA_OK) << want.message;
    for (const gli_provider *const *it = gli_cpu_device.providers(c.op); *it; ++it) {
        const Result got = Session((*it)->name).call_raw(*c.op, c.params.data(), in);
        if (got.message.find("which declines") != std::string::npos) continue;
        ASSERT_EQ(got.status, GLIA_OK) << (*it)->name << ": " << got.message;
        for (size_t o = 0; o < got.out.size(); ++o)
            for (size_t k = 0; k < got.out[o].values.size(); ++k)
                ASSERT_PRED2(agree, got.out[o].values[k], want.out[o].values[k])
                    << (*it)->name << ": " << c.op->outputs[o].name << "[" << k << "]";
    }
}

class Infinity : public testing::TestWithParam<const Case *> {};

TEST_P(Infinity, stays_where_the_sums_read_it) {
    const Case &c                  = *GetParam();
    const std::vector<Array> plain = inputs_of(c);
    for (size_t i = 0; i < plain.size(); ++i) {
        if (plain[i].values.empty()) continue;
        std::vector<Array> in = plain;
        in[i].values.front()  = kInfinity;
        expect_agreement(c, in);
        in[i].values.back() = std::nan("");
        expect_agreement(c, in);
    }
}

INSTANTIATE_TEST_SUITE_P(convolutions, Infinity, testing::ValuesIn(convolutions()),
                         [](const auto &info) { return std::string(info.param->op->name) + "__" + info.param->name; });

}  // namespace
