// A test of the test: the provider suite must reject each provider with a known bug, for the right reason, and pass the
// same provider without a bug.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "support/suite.h"
#include "wrong/conv2d_wrong.h"
#include "wrong/reduce_wrong.h"
#include "wrong/rnn_wrong.h"

namespace {

using namespace glia;

// The failures on the cases of the op, in all variants, up to the first that begins with this text; "" never ends it.
std::vector<std::string> failures_until(const std::string &text, const gli_op &op, const gli_provider &provider) {
    std::vector<std::string> failures;
    for (const Case &c : all_cases()) {
        if (c.op != &op || c.bench) continue;
        for (const Variant &variant : variants_of(c))
            for (Regime regime : {Regime::integers, Regime::reals})
                for (const std::string &failure : judge(provider, c, variant, regime).failures) {
                    failures.push_back(failure);
                    if (!text.empty() && failure.rfind(text, 0) == 0) return failures;
                }
    }
    return failures;
}

// An op, and a provider of it.
using Param = std::pair<const gli_op *, WrongProvider>;

class Wrong : public testing::TestWithParam<Param> {};

TEST_P(Wrong, is_rejected_for_the_right_reason) {
    const auto &[op, wrong]  = GetParam();
    const std::string reason = wrong.caught_by;
    const auto failures      = failures_until(reason, *op, wrong.provider);
    if (!wrong.bug) {
        EXPECT_TRUE(failures.empty()) << "the provider without a bug fails: " << failures.front();
        return;
    }
    const bool caught = !failures.empty() && failures.back().rfind(reason, 0) == 0;
    EXPECT_TRUE(caught) << wrong.bug << ": "
                        << (failures.empty() ? "not noticed" : "noticed only as: " + failures.front());
}

std::vector<Param> all_params() {
    std::vector<Param> all;
    for (const WrongProvider &wrong : conv2d_providers()) all.push_back({&gli_op_conv2d, wrong});
    for (const WrongProvider &wrong : reduce_providers()) all.push_back({&gli_op_reduce, wrong});
    for (const WrongProvider &wrong : rnn_providers()) all.push_back({&gli_op_rnn, wrong});
    for (const WrongProvider &wrong : rnn_backward_providers()) all.push_back({&gli_op_rnn_backward, wrong});
    return all;
}

INSTANTIATE_TEST_SUITE_P(ops, Wrong, testing::ValuesIn(all_params()), [](const auto &info) {
    const WrongProvider &wrong = info.param.second;
    std::string name           = std::string(info.param.first->name) + "__" + (wrong.bug ? wrong.bug : "right");
    std::replace_if(name.begin(), name.end(), [](char c) { return !isalnum(static_cast<unsigned char>(c)); }, '_');
    return name;
});

}  // namespace
