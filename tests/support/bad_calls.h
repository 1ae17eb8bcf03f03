// Bad calls of ops: each is refused, in the words of the contract, with the op's name in front and the values in it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/call.h"

namespace glia {

inline Array dims(std::vector<int64_t> d, glia_dtype dtype = GLIA_F32) { return {std::move(d), {}, dtype}; }

struct Bad {
    const char *name;
    const gli_op *op;
    std::vector<char> params;
    std::vector<Array> in;
    glia_status status;
    const char *message;  // a part of it
};

// A row of a table of them.
inline Bad bad(const char *name, const gli_op *op, std::vector<char> params, std::vector<Array> in, glia_status status,
               const char *message) {
    return {name, op, std::move(params), std::move(in), status, message};
}

inline void PrintTo(const Bad &bad, std::ostream *out) { *out << bad.op->name << " " << bad.name; }

// By whichever provider takes the call, and by the reference.
inline void expect_refused(const gli_op &op, const void *params, const std::vector<Array> &in, glia_status status,
                           const std::string &message) {
    for (const char *provider : {"", "cpu.ref"}) {
        Session session(provider);
        const Result result = session.call_raw(op, params, in);
        EXPECT_EQ(result.status, status) << glia_status_name(result.status) << ": " << result.message;
        EXPECT_NE(result.message.find(message), std::string::npos) << result.message << "\nlacks: " << message;
        EXPECT_EQ(result.message.rfind(std::string(op.name) + ": ", 0), 0u) << result.message;
    }
}

template <class Params>
void refuses(const gli_op &op, const Params &params, const std::vector<Array> &in, glia_status status,
             const std::string &message) {
    expect_refused(op, &params, in, status, message);
}

class BadCall : public testing::TestWithParam<Bad> {};

TEST_P(BadCall, is_refused_with_the_values) {
    const Bad &bad = GetParam();
    expect_refused(*bad.op, bad.params.data(), bad.in, bad.status, bad.message);
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BadCall);

inline std::string name_of_bad(const testing::TestParamInfo<Bad> &info) {
    return std::string(info.param.op->name) + "__" + info.param.name;
}

}  // namespace glia
