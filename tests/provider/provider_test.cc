// Every provider of every op on every case and variant. A provider that stands in its device's table is tested here
// without another line; see support/suite.h for the five properties.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "support/bits.h"
#include "support/call_under_test.h"
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

// A call of a group, and the bits that it gives alone.
struct Member {
    const Case *test;
    const gli_provider *provider;
    std::unique_ptr<Prepared> p;
    std::vector<unsigned char> alone;
};

std::vector<unsigned char> bits_of(const Prepared &p) {
    std::vector<unsigned char> all;
    for (const Buffer &y : p.out) {
        const auto bytes = y.element_bytes();
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return all;
}

// The workspace that a call was promised, between guard bands.
class Workspace {
   public:
    explicit Workspace(const Member &m) : bytes_(promised(m)), memory_(m.p->call.ctx, bytes_ + kGuard) {
        memory_.write(std::vector<unsigned char>(bytes_ + kGuard, 0xFF));
    }
    void *data() { return memory_.data(); }
    bool tidy() {
        std::vector<unsigned char> all(bytes_ + kGuard);
        memory_.read(all);
        return std::all_of(all.begin() + long(bytes_), all.end(), [](unsigned char x) { return x == 0xFF; });
    }

   private:
    static constexpr size_t kGuard = 256;
    static size_t promised(const Member &m) {
        gli_prepared prepared{};
        EXPECT_EQ(m.provider->prepare(&m.p->call, &prepared), GLIA_OK) << m.test->name;
        return prepared.workspace;
    }
    size_t bytes_;
    Memory memory_;
};

class Groups : public testing::TestWithParam<const char *> {
   protected:
    // Those of the op's cases that the provider takes, alone and, where it says so, in a group.
    template <class Wanted>
    static std::vector<Member> members(const gli_provider &provider, const gli_op &op, const Variant &variant,
                                       Wanted wanted) {
        std::vector<Member> all;
        for (const Case &c : all_cases()) {
            if (c.op != &op || c.bench || c.cpu || !wanted(c)) continue;
            Member m{&c, &provider, prepare(context_of(GetParam(), 2), c, variant, Regime::reals), {}};
            EXPECT_EQ(m.p->error, "") << c.name;
            const gli_call *call = &m.p->call;
            if (provider.mixed && provider.group(&call, 1) < 1) continue;
            EXPECT_EQ(run(provider, *m.p, 0xFF, c, variant, Regime::reals), "") << c.name;
            m.alone = bits_of(*m.p);
            all.push_back(std::move(m));
        }
        return all;
    }

    // Those of all ops whose calls may be in a group with the op's, in turn; none where an earlier op has had them.
    // Before them, those of tiles of every size twice.
    static std::vector<Member> mixed_members(const gli_provider &provider, const gli_op &op, const Variant &variant) {
        std::vector<std::vector<Member>> of_op;
        std::vector<Member> all;
        const auto in_tiles = [](const Case &c) { return std::string(c.name).find("tiles") != std::string::npos; };
        const auto any      = [](const Case &) { return true; };
        for (const gli_op *const *other = gli_ops; *other; ++other)
            for (const gli_provider *const *it = device_of(GetParam())->providers(*other); *it; ++it) {
                if ((*it)->group != provider.group) continue;
                if (of_op.empty() && *other != &op) return {};
                of_op.push_back(members(**it, **other, variant, any));
                auto first  = members(**it, **other, variant, in_tiles),
                     second = members(**it, **other, variant, in_tiles);
                for (size_t i = 0; i < first.size(); ++i)
                    for (auto *one : {&first, &second}) all.push_back(std::move((*one)[i]));
            }
        for (size_t i = 0; i < of_op[0].size(); ++i)
            for (auto &some : of_op)
                if (i < some.size()) all.push_back(std::move(some[i]));
        return all;
    }

    // How many of the calls from `first` on ran as one.
    static int expect_same_bits(std::vector<Member> &all, size_t first) {
        const auto member = [&](int i) -> Member & { return all[(first + size_t(i)) % all.size()]; };
        std::vector<const gli_call *> calls;
        for (int i = 0; i < 3; ++i) calls.push_back(&member(i).p->call);
        const gli_provider &provider = *member(0).provider;
        const int count              = provider.group(calls.data(), int(calls.size()));
        if (count < 2) return count;
        std::vector<std::unique_ptr<Workspace>> workspaces;
        std::vector<void *> addresses;
        for (int i = 0; i < count; ++i) {
            for (Buffer &y : member(i).p->out) y.poison(0x5A);
            workspaces.push_back(std::make_unique<Workspace>(member(i)));
            addresses.push_back(workspaces.back()->data());
        }
        glia_context *ctx = calls[0]->ctx;
        EXPECT_EQ(provider.run_group(calls.data(), addresses.data(), count), GLIA_OK) << glia_message(ctx);
        EXPECT_EQ(ctx->device->synchronize(ctx), GLIA_OK) << glia_message(ctx);
        for (int i = 0; i < count; ++i) {
            Member &m = member(i);
            EXPECT_TRUE(workspaces[size_t(i)]->tidy()) << m.test->name;
            for (Buffer &x : m.p->in) {
                x.get();
                EXPECT_TRUE(x.unchanged()) << m.test->name;
            }
            for (Buffer &y : m.p->out) {
                y.get();
                EXPECT_TRUE(y.only_elements_changed()) << m.test->name;
            }
            EXPECT_EQ(bits_of(*m.p), m.alone) << m.test->op->name << " " << m.test->name << " in a group of " << count;
        }
        return count;
    }
};

// Each case of the op together with the next two; of several ops each case once.
TEST_P(Groups, give_the_bits_of_each_call_alone) {
    const gli_device *device = device_of(GetParam());
    const bool races         = GetParam() == std::string("emulated:race");
    if (!device) GTEST_SKIP() << glia_message(nullptr);
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (const gli_provider *const *it = device->providers(*op); *it; ++it) {
            if (!(*it)->group) continue;
            for (const Variant &variant : {Variant{"f32"},
                                           {"images", GLIA_F32, Layout::channels_last},
                                           {"f64", GLIA_F64},
                                           {"bf16", GLIA_BF16},
                                           {"f16", GLIA_F16}}) {
                if (races && variant.dtype != GLIA_F32) continue;  // who touches what does not depend on the type
                const auto any = [](const Case &) { return true; };
                auto all       = (*it)->mixed ? mixed_members(**it, **op, variant) : members(**it, **op, variant, any);
                if (all.empty()) break;
                int together = 0, count = 1;
                for (size_t i = 0; i < all.size(); i += (*it)->mixed ? size_t(std::max(count, 1)) : 1) {
                    count = expect_same_bits(all, i);
                    together += count == 3;
                }
                EXPECT_GT(together, 2) << (*op)->name << " by " << (*it)->name << ", " << variant.name;
            }
        }
}

const auto name_of_device = [](const auto &info) { return std::string(info.param).substr(0, 4); };

INSTANTIATE_TEST_SUITE_P(emulated, Groups, testing::Values("emulated"), name_of_device);
INSTANTIATE_TEST_SUITE_P(race, Groups, testing::Values("emulated:race"), name_of_device);
INSTANTIATE_TEST_SUITE_P(ptx, Groups, testing::Values("ptx"), name_of_device);
INSTANTIATE_TEST_SUITE_P(cuda, Groups, testing::Values("cuda:0"), name_of_device);

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
