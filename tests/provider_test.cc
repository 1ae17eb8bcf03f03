// Every provider of every op on every case and variant. A provider that stands in its device's table is tested here
// without another line; see support/suite.h for the five properties.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "support/suite.h"

namespace {

using namespace glia;

struct Param {
    const glia_provider* provider;
    const Case*          test;
    Variant              variant;
    Regime               regime;
};

std::string name_of(const Param& p) {
    std::string name = std::string(p.test->op->name) + "__" + p.test->name + "__" + p.variant.name + "__" +
                       (p.regime == Regime::integers ? "integers" : "reals") + "__" + p.provider->name;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
}

std::vector<Param> all_params() {
    std::vector<Param> all;
    for (const Case& c : all_cases()) {
        if (c.bench) continue;
        for (const Variant& variant : variants_of(c))
            for (const glia_provider* const* it = glia_cpu_device.providers(c.op); *it; ++it)
                for (Regime regime : {Regime::integers, Regime::reals}) all.push_back({*it, &c, variant, regime});
    }
    return all;
}

class Provider : public testing::TestWithParam<Param> {};

TEST_P(Provider, agrees_with_the_reference) {
    const Param&  p       = GetParam();
    const Verdict verdict = judge(*p.provider, *p.test, p.variant, p.regime);
    if (!verdict.declined.empty()) GTEST_SKIP() << p.provider->name << " declines: " << verdict.declined;
    for (const std::string& failure : verdict.failures)
        ADD_FAILURE() << failure << "\nreplay: GLIA_TEST_SEED=" << test_seed() << " provider_test --gtest_filter='*/" << name_of(p) << "'";
}

INSTANTIATE_TEST_SUITE_P(cpu, Provider, testing::ValuesIn(all_params()), [](const auto& info) { return name_of(info.param); });

TEST(Suite, every_op_has_cases_and_a_reference) {
    for (const glia_op* const* op = glia_ops; *op; ++op) {
        const auto& cases = all_cases();
        EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [&](const Case& c) { return c.op == *op && !c.bench; }))
            << (*op)->name << " has no case in tests/cases/";
        const glia_provider* const* it = glia_cpu_device.providers(*op);
        ASSERT_NE(*it, nullptr) << (*op)->name << " has no provider in src/cpu/providers.inc";
        while (it[1]) ++it;
        EXPECT_STREQ((*it)->name, "cpu.ref") << (*op)->name << ": cpu.ref must stand last";
        EXPECT_EQ((*it)->decline, nullptr) << (*op)->name << ": cpu.ref takes everything";
    }
}

TEST(Suite, every_provider_ran_a_case) {
    std::map<std::pair<const glia_op*, const glia_provider*>, bool> ran;
    for (const Case& c : all_cases()) {
        for (const glia_provider* const* it = glia_cpu_device.providers(c.op); *it; ++it) {
            bool& done = ran[{c.op, *it}];
            if (!c.bench && !done) done = judge(**it, c, Variant{"f32"}, Regime::reals).declined.empty();
        }
    }
    for (const auto& [key, done] : ran) EXPECT_TRUE(done) << key.second->name << " of " << key.first->name << " declined every case";
}

TEST(Suite, case_names_are_unique) {
    std::map<std::string, int> seen;
    for (const Case& c : all_cases()) EXPECT_EQ(seen[std::string(c.op->name) + "/" + c.name]++, 0) << c.op->name << " " << c.name;
}

}  // namespace
