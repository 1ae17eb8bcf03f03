// Every provider of every op on every case and variant. A provider that stands in its device's table is tested here
// without another line; see support/suite.h for the five properties.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "support/bits.h"
#include "support/sanitized.h"
#include "support/suite.h"

namespace {

using namespace glia;

// Each tensor has device memory of its own, so that its ends are seen.
const int environment = setenv("GLIA_CUDA_CHUNK", "0", 0);

struct Param {
    const char *device;
    const gli_provider *provider;
    const Case *test;
    Variant variant;
    Regime regime;
};

std::string name_of(const Param &p) {
    std::string name = std::string(p.test->op->name) + "__" + p.test->name + "__" + p.variant.name + "__" +
                       (p.regime == Regime::integers ? "integers" : "reals") + "__" + p.provider->name;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
}

// NULL: this build or machine does not have the device.
const gli_device *device_of(const char *name) {
    gli_device_choice choice;
    return gli_device_find(name, &choice) == GLIA_OK ? choice.device : nullptr;
}

// A kernel that races or leaves its memory does so for strides of one kind as of another, and for both kinds of half.
bool touches_memory_its_own_way(const Variant &variant) {
    return variant.layout != Layout::permuted && variant.layout != Layout::gapped && variant.dtype != GLIA_BF16;
}

std::vector<Param> all_params(const char *name) {
    std::vector<Param> all;
    const gli_device *device = device_of(name);
    const bool races         = strcmp(name, "emulated:race") == 0;
    const bool once          = races || kSanitized;  // who touches what does not depend on the numbers
    const bool kernels       = once && device != &gli_cpu_device;
    for (const Case &c : all_cases()) {
        if (c.bench || !device || (c.cpu && device != &gli_cpu_device)) continue;
        for (const Variant &variant : variants_of(c)) {
            if (kernels && !touches_memory_its_own_way(variant)) continue;
            for (const gli_provider *const *it = device->providers(c.op); *it; ++it)
                for (Regime regime : {Regime::integers, Regime::reals})
                    if (!once || regime == Regime::reals) all.push_back({name, *it, &c, variant, regime});
        }
    }
    return all;
}

class Provider : public testing::TestWithParam<Param> {};

TEST_P(Provider, agrees_with_the_reference) {
    const Param &p        = GetParam();
    const Verdict verdict = judge(*p.provider, *p.test, p.variant, p.regime, p.device);
    if (!verdict.declined.empty()) GTEST_SKIP() << p.provider->name << " declines: " << verdict.declined;
    record_bits(std::string(p.device) + " " + name_of(p), verdict.outputs);
    for (const std::string &failure : verdict.failures)
        ADD_FAILURE() << failure << "\nreplay: GLIA_TEST_SEED=" << test_seed() << " provider_test --gtest_filter='*/"
                      << name_of(p) << "'";
}

const auto name_of_test = [](const auto &info) { return name_of(info.param); };

INSTANTIATE_TEST_SUITE_P(cpu, Provider, testing::ValuesIn(all_params("cpu")), name_of_test);
INSTANTIATE_TEST_SUITE_P(emulated, Provider, testing::ValuesIn(all_params("emulated")), name_of_test);
INSTANTIATE_TEST_SUITE_P(race, Provider, testing::ValuesIn(all_params("emulated:race")), name_of_test);
INSTANTIATE_TEST_SUITE_P(ptx, Provider, testing::ValuesIn(all_params("ptx")), name_of_test);
INSTANTIATE_TEST_SUITE_P(cuda, Provider, testing::ValuesIn(all_params("cuda:0")), name_of_test);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Provider);

class Devices : public testing::TestWithParam<const char *> {
   protected:
    // Small integers have few bits, and are right in reduced math, too.
    void expect_some_case(const gli_op &op, const gli_provider &provider, const Variant &variant, Regime regime) {
        const auto takes = [&](const Case &c) {
            if (c.op != &op || c.bench) return false;
            const Verdict verdict = judge(provider, c, variant, regime, GetParam());
            for (const std::string &failure : verdict.failures)
                ADD_FAILURE() << c.name << " by " << provider.name << ": " << failure;
            return verdict.declined.empty();
        };
        EXPECT_TRUE(std::any_of(all_cases().begin(), all_cases().end(), takes))
            << provider.name << " of " << op.name << " accepts " << glia_dtype_name(variant.dtype)
            << (variant.math == GLIA_MATH_F32 ? "" : " in reduced math") << " and declined every case";
    }

    // Operands that tensor cores get as they are, in tiles of every size.
    void expect_chunks(const gli_op &op, const gli_provider &provider, const Variant &variant) {
        for (const Case &c : all_cases())
            if (c.op == &op && std::string(c.name).starts_with("chunks"))
                for (const std::string &failure : judge(provider, c, variant, Regime::integers, GetParam()).failures)
                    ADD_FAILURE() << c.name << " by " << provider.name << ": " << failure;
    }
};

TEST_P(Devices, every_op_has_a_provider_and_every_provider_ran_a_case) {
    const gli_device *device = device_of(GetParam());
    if (!device) GTEST_SKIP() << glia_message(nullptr);
    for (const gli_op *const *op = gli_ops; *op; ++op) {
        const gli_provider *const *it = device->providers(*op);
        EXPECT_NE(*it, nullptr) << (*op)->name << " has no provider on " << GetParam();
        for (; *it; ++it) {
            const gli_accepts &accepts = (*it)->accepts;
            const Layout layout        = accepts.images == GLI_CHANNELS_LAST ? Layout::channels_last : Layout::dense;
            for (glia_dtype dtype : {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16}) {
                if (!(accepts.dtypes >> dtype & 1)) continue;
                if (gli_dtype_is_half(dtype) && !takes_halves(**op)) continue;
                if (dtype == GLIA_F32 && accepts.flags & GLI_SOME_HALF) continue;  // beside halves only
                if (dtype == GLIA_F32 && accepts.flags & GLI_F32_REDUCED) {
                    for (glia_math math : {GLIA_MATH_TF32, GLIA_MATH_BF16})
                        expect_some_case(**op, **it, {"reduced", dtype, layout, false, false, math}, Regime::integers);
                    for (Layout chunks : {Layout::dense, Layout::channels_last})
                        expect_chunks(**op, **it, {"reduced", dtype, chunks, false, false, GLIA_MATH_TF32});
                } else {
                    expect_some_case(**op, **it, {"any", dtype, layout}, Regime::reals);
                }
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(all, Devices, testing::Values("cpu", "emulated", "ptx", "cuda:0"), [](const auto &info) {
    return std::string(info.param).substr(0, std::string(info.param).find(':'));
});

TEST(Suite, every_op_has_cases_and_a_reference) {
    for (const gli_op *const *op = gli_ops; *op; ++op) {
        const auto &cases = all_cases();
        EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [&](const Case &c) { return c.op == *op && !c.bench; }))
            << (*op)->name << " has no case in tests/cases/";
        const gli_provider *const *it = gli_cpu_device.providers(*op);
        ASSERT_NE(*it, nullptr) << (*op)->name << " has no provider in src/cpu/cpu_providers.inc";
        while (it[1]) ++it;
        EXPECT_STREQ((*it)->name, "cpu.ref") << (*op)->name << ": cpu.ref must stand last";
        EXPECT_EQ((*it)->decline, nullptr) << (*op)->name << ": cpu.ref takes everything";
        EXPECT_EQ((*it)->accepts.dtypes, unsigned(GLI_TAKES_FLOATS)) << (*op)->name;
        EXPECT_EQ((*it)->accepts.formats, unsigned(GLI_ANY_FORMAT)) << (*op)->name;
    }
}

TEST(Suite, case_names_are_unique) {
    std::map<std::string, int> seen;
    for (const Case &c : all_cases())
        EXPECT_EQ(seen[std::string(c.op->name) + "/" + c.name]++, 0) << c.op->name << " " << c.name;
}

}  // namespace
