// Whether the emulator tells the truth: each kernel on it and on the GPU, with the same values. Where the op's contract
// leaves no choice, results have the same bits; elsewhere both are within the bound of cpu.ref, and how many have the
// same bits is counted and written down.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "support/suite.h"

namespace {

using namespace glia;

// GLIA_TEST_PAIR=a,b names two other devices.
std::pair<std::string, std::string> devices() {
    const char *text       = std::getenv("GLIA_TEST_PAIR");
    const std::string pair = text && *text ? text : "emulated,cuda:0";
    const size_t comma     = pair.find(',');
    return {pair.substr(0, comma), comma == std::string::npos ? "" : pair.substr(comma + 1)};
}

const gli_device *device_of(const std::string &name) {
    gli_device_choice choice;
    return gli_device_find(name.c_str(), &choice) == GLIA_OK ? choice.device : nullptr;
}

const gli_provider *provider_of(const gli_device &device, const gli_op *op, const char *name) {
    for (const gli_provider *const *it = device.providers(op); *it; ++it)
        if (strcmp((*it)->name, name) == 0) return *it;
    return nullptr;
}

struct Count {
    size_t calls = 0, bytes = 0, same = 0;
    void add(const Verdict &a, const Verdict &b) {
        ++calls;
        for (size_t i = 0; i < a.outputs.size(); ++i)
            for (size_t k = 0; k < a.outputs[i].size(); ++k) ++bytes, same += a.outputs[i][k] == b.outputs[i][k];
    }
};

class Fidelity : public testing::TestWithParam<const gli_op *> {
   protected:
    void compare(const gli_provider &a, const gli_provider &b, const Case &c, const Variant &variant, Regime regime) {
        const auto [first, second] = devices();
        const Verdict on_first     = judge(a, c, variant, regime, first.c_str()),
                      on_second    = judge(b, c, variant, regime, second.c_str());
        const std::string where    = std::string(a.name) + " " + c.name + " " + variant.name;
        EXPECT_EQ(on_first.declined, on_second.declined) << where;
        EXPECT_TRUE(on_first.failures.empty()) << where << " on " << first << ": " << on_first.failures[0];
        EXPECT_TRUE(on_second.failures.empty()) << where << " on " << second << ": " << on_second.failures[0];
        if (on_first.outputs.size() != on_second.outputs.size() || on_first.outputs.empty()) return;
        if (on_first.exact)
            EXPECT_EQ(on_first.outputs, on_second.outputs) << where << ": other bits";
        else
            counts_[a.name].add(on_first, on_second);
    }
    void report() const {
        for (const auto &[provider, n] : counts_)
            printf("fidelity: %s %s: %zu calls, %.3f%% of the bytes of their results are the same\n", GetParam()->name,
                   provider.c_str(), n.calls, n.bytes ? 100.0 * double(n.same) / double(n.bytes) : 100.0);
    }
    std::map<std::string, Count> counts_;
};

TEST_P(Fidelity, both_devices_agree) {
    const auto [first, second] = devices();
    const gli_device *a = device_of(first), *b = device_of(second);
    if (!a || !b) GTEST_SKIP() << glia_message(nullptr);
    for (const Case &c : all_cases()) {
        if (c.op != GetParam() || c.bench) continue;
        for (const gli_provider *const *it = a->providers(c.op); *it; ++it) {
            const gli_provider *other = provider_of(*b, c.op, (*it)->name);
            if (!other) continue;
            for (const Variant &variant : variants_of(c)) {
                if (variant.layout != Layout::dense || variant.in_place || variant.required_only) continue;
                for (Regime regime : {Regime::integers, Regime::reals}) compare(**it, *other, c, variant, regime);
            }
        }
    }
    report();
}

std::vector<const gli_op *> ops() {
    std::vector<const gli_op *> all;
    for (const gli_op *const *op = gli_ops; *op; ++op) all.push_back(*op);
    return all;
}

INSTANTIATE_TEST_SUITE_P(op, Fidelity, testing::ValuesIn(ops()),
                         [](const auto &info) { return std::string(info.param->name); });

}  // namespace
