// A test of the test: the provider suite must reject each provider with a known bug, for the right reason, and pass the
// same provider without a bug.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/suite.h"
#include "wrong/conv2d_wrong.h"

namespace {

using namespace glia;

// Every failure on every conv2d case; strided layouts of rank-1 tensors included.
std::vector<std::string> all_failures(const glia_provider& provider) {
    std::vector<std::string> failures;
    for (const Case& c : all_cases()) {
        if (c.op != &glia_op_conv2d || c.bench) continue;
        for (const Variant& variant : variants_of(c))
            for (Regime regime : {Regime::integers, Regime::reals})
                for (const std::string& failure : judge(provider, c, variant, regime).failures) failures.push_back(failure);
    }
    return failures;
}

class Wrong : public testing::TestWithParam<WrongProvider> {};

TEST_P(Wrong, is_rejected_for_the_right_reason) {
    const WrongProvider& wrong    = GetParam();
    const auto           failures = all_failures(wrong.provider);
    if (!wrong.bug) {
        EXPECT_TRUE(failures.empty()) << "the provider without a bug fails: " << failures.front();
        return;
    }
    const bool caught = std::any_of(failures.begin(), failures.end(), [&](const std::string& f) { return f.rfind(wrong.caught_by, 0) == 0; });
    EXPECT_TRUE(caught) << wrong.bug << ": " << (failures.empty() ? "not noticed" : "noticed only as: " + failures.front());
}

INSTANTIATE_TEST_SUITE_P(conv2d, Wrong, testing::ValuesIn(conv2d_providers()), [](const auto& info) {
    std::string name = info.param.bug ? info.param.bug : "right";
    std::replace_if(name.begin(), name.end(), [](char c) { return !isalnum(static_cast<unsigned char>(c)); }, '_');
    return name;
});

}  // namespace
