// Every op, differentiable input and case against finite differences: support/differences.h.
#include <map>

#include "support/differences.h"

namespace {

using namespace glia;
using namespace glia::differences;

Count total;

std::vector<const Case *> differentiable_cases() {
    std::vector<const Case *> all;
    for (const Case &c : all_cases())
        if (is_differentiable(c) && (is_small(c) || !is_gradient(c.op))) all.push_back(&c);
    return all;
}

// Where an op's gradient is by definition not its derivative.
const std::map<std::string, std::string> kDefined = {
    {"gather__padding", "the padding index gets no gradient, as in PyTorch's embedding"},
    {"unary__stop_gradient", "it stops the gradient"},
};

class Gradients : public testing::TestWithParam<const Case *> {};

TEST_P(Gradients, agree_with_finite_differences) {
    if (const auto it = kDefined.find(name_of(GetParam())); it != kDefined.end()) GTEST_SKIP() << it->second;
    Subject subject(*GetParam(), Order::first);
    ASSERT_EQ(subject.error(), "");
    const auto derived = subject.derived();
    ASSERT_EQ(derived.size(), subject.variables());
    if (subject.outputs() == 0) GTEST_SKIP() << "no output is f64";
    for (size_t k = 0; k < derived.size(); ++k) {
        Count count;
        const size_t most       = is_gradient(GetParam()->op) ? std::min(subject.most(k), kSample) : subject.most(k);
        const std::string wrong = subject.check(k, derived[k], most, &count);
        EXPECT_EQ(wrong, "") << "replay: GLIA_TEST_SEED=" << test_seed() << " gradient_test --gtest_filter='*/"
                             << name_of(GetParam()) << "'";
        total.checked += count.checked, total.kinks += count.kinks;
    }
}

INSTANTIATE_TEST_SUITE_P(f64, Gradients, testing::ValuesIn(differentiable_cases()),
                         [](const auto &info) { return name_of(info.param); });

TEST(Gradients, every_differentiable_input_is_checked) {
    std::map<std::pair<const gli_op *, size_t>, bool> checked;
    for (const Case *c : differentiable_cases()) {
        bool missing = false;
        for (size_t i = 0; i < c->inputs.size(); ++i) missing = missing || (is_checked(*c, i) && !checked[{c->op, i}]);
        if (!missing) continue;
        Subject subject(*c, Order::first);
        if (!subject.error().empty() || subject.outputs() == 0) continue;
        const auto derived = subject.derived();
        for (size_t k = 0; k < subject.variables(); ++k) {
            Count count;
            subject.check(k, derived[k], 4, &count);
            if (count.checked) checked[{c->op, subject.input(k)}] = true;
        }
    }
    for (const gli_op *const *op = gli_ops; *op; ++op) {
        bool inputs = false, outputs = false;
        for (int i = 0; i < (*op)->n_inputs; ++i) inputs = inputs || gli_input_is(*op, i, GLI_IN_GRADIENT);
        for (int o = 0; o < (*op)->n_outputs; ++o) outputs = outputs || gli_output_is(*op, o, GLI_OUT_GRADIENT);
        EXPECT_EQ(!(*op)->derive, !inputs) << (*op)->name;
        EXPECT_EQ(!(*op)->derive, !outputs) << (*op)->name;
        for (int i = 0; i < (*op)->n_inputs && i < 32; ++i) {
            if (!gli_input_is((*op), i, GLI_IN_GRADIENT) || (i > 2 && (*op)->n_inputs == GLI_MAX_IN)) continue;
            EXPECT_TRUE((checked[{*op, size_t(i)}])) << (*op)->name << ": no case checks the gradient by input " << i;
        }
    }
}

class Report : public testing::Environment {
    void TearDown() override {
        // cases that are made of ties lie at kinks by intent; more than a few would mean that too little was checked
        EXPECT_LE(total.kinks, total.checked / 20 + 50);
        printf("gradients: %zu elements checked, %zu more lie at kinks\n", total.checked, total.kinks);
    }
};
const auto *const report = testing::AddGlobalTestEnvironment(new Report);

}  // namespace
