// The same bits for any number of threads: every op, every provider of the CPU, every case.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "support/call.h"
#include "support/sanitized.h"
#include "support/suite.h"

namespace {

using namespace glia;

// The bytes of all outputs; declined: a provider that does not take the call.
struct Bits {
    bool declined = false;
    std::vector<unsigned char> bytes;
};

Bits bits_of(const Case &c, const char *provider, glia_dtype dtype, int threads) {
    Session session(provider, "cpu", threads);
    std::vector<Array> in;
    for (size_t i = 0; i < c.inputs.size(); ++i)
        in.push_back(c.inputs[i].content == Content::absent
                         ? ABSENT
                         : Array{c.inputs[i].dims, values_of(c, i, Regime::reals, dtype), dtype_of(c, i, dtype)});
    const Result result = session.call_raw(*c.op, c.params.data(), in);
    Bits bits;
    // What rnn saved for its gradient is its own: tests/slow/training_test has that op.
    const bool without = result.message.find("reserve holds nothing that rnn wrote") != std::string::npos;
    bits.declined      = result.status == GLIA_UNSUPPORTED || without;
    EXPECT_TRUE(bits.declined || result.status == GLIA_OK) << result.message;
    for (const Array &y : result.out) {  // to double and back is exact, and keeps the sign of zero
        const size_t at = bits.bytes.size();
        bits.bytes.resize(at + y.values.size() * sizeof(double));
        if (!y.values.empty()) memcpy(&bits.bytes[at], y.values.data(), y.values.size() * sizeof(double));
    }
    return bits;
}

int64_t elements(const Case &c) {
    int64_t most = 0;
    for (const Input &input : c.inputs) {
        int64_t count = 1;
        for (int64_t dim : input.dims) count *= dim;
        most = std::max(most, count);
    }
    return most;
}

struct Param {
    const gli_op *op;
    const gli_provider *provider;
};

class Determinism : public testing::TestWithParam<Param> {};

TEST_P(Determinism, any_number_of_threads_gives_the_same_bits) {
    const Param &p       = GetParam();
    const bool reference = p.provider == gli_reference_of(p.op);
    int ran              = 0;
    for (const Case &c : all_cases()) {
        // Shapes of real networks have more than one piece of work; the reference would take minutes with them.
        if (c.op != p.op || (c.bench && (reference || elements(c) > 600000))) continue;
        for (glia_dtype dtype : {GLIA_F32, GLIA_F64}) {
            if (c.bench && dtype != GLIA_F32) continue;
            const Bits one = bits_of(c, p.provider->name, dtype, 1);
            if (one.declined) continue;
            ++ran;
            for (int threads : kSanitized ? std::vector{4} : std::vector{2, 4, 16})
                EXPECT_EQ(bits_of(c, p.provider->name, dtype, threads).bytes, one.bytes)
                    << c.name << " " << glia_dtype_name(dtype) << " on " << threads << " threads";
        }
    }
    if (!ran) GTEST_SKIP() << "no case that stands alone";
}

std::vector<Param> all_params() {
    std::vector<Param> all;
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (const gli_provider *const *it = gli_cpu_device.providers(*op); *it; ++it) all.push_back({*op, *it});
    return all;
}

INSTANTIATE_TEST_SUITE_P(cpu, Determinism, testing::ValuesIn(all_params()), [](const auto &info) {
    std::string name = std::string(info.param.op->name) + "__" + info.param.provider->name;
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
});

}  // namespace
