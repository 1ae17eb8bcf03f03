// A case: one call of one op, described by its params and the shapes and contents of its inputs. The lists in
// tests/cases/ are read by the provider suite, the gradient check, the golden recorder and the benches alike.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"

namespace glia {

enum class Content {
    absent,        // an optional input that is not given
    signed_,       // integers: -4..4, reals: [-1, 1)
    positive,      // integers: 1..4, reals: [0.5, 1.5)
    unit,          // integers: 0 or 1, reals: (0.05, 0.95)
    index,         // 0 .. bound-1, whatever the regime
    distribution,  // like unit, scaled so that dimension 1 (or 0 of a vector) sums to 1
    constant,      // `value` everywhere
    near,          // signed_ around `value`: a large mean with a small variance
    small,         // integers: -1..1, reals: [-value, value)
    made,          // output `value` of the op's forward op, which fill_made runs; without it zeros
};

struct Input {
    Content content = Content::absent;
    std::vector<int64_t> dims;
    glia_dtype dtype = GLIA_F32;  // floats take the dtype of the variant under test
    double value     = 0;         // of constant and near; the bound of index
    bool fixed       = false;     // keeps its dtype in every variant
};

template <class... D>
Input F(D... dims) {
    return {Content::signed_, {int64_t(dims)...}};
}
template <class... D>
Input POS(D... dims) {
    return {Content::positive, {int64_t(dims)...}};
}
template <class... D>
Input UNIT(D... dims) {
    return {Content::unit, {int64_t(dims)...}};
}
template <class... D>
Input DIST(D... dims) {
    return {Content::distribution, {int64_t(dims)...}};
}
template <class... D>
Input CONST(double value, D... dims) {
    return {Content::constant, {int64_t(dims)...}, GLIA_F32, value};
}
template <class... D>
Input NEAR(double value, D... dims) {
    return {Content::near, {int64_t(dims)...}, GLIA_F32, value};
}
template <class... D>
Input INDEX(double bound, D... dims) {
    return {Content::index, {int64_t(dims)...}, GLIA_I64, bound, true};
}
template <class... D>
Input INDEX32(double bound, D... dims) {
    return {Content::index, {int64_t(dims)...}, GLIA_I32, bound, true};
}
template <class... D>
Input OF(glia_dtype dtype, D... dims) {
    return {Content::signed_, {int64_t(dims)...}, dtype, 0, true};
}
// A fixed number of a fixed dtype, such as a step counter: VALUE(GLIA_I64, 7) or VALUE(GLIA_F32, 0.1, 3).
template <class... D>
Input VALUE(glia_dtype dtype, double value, D... dims) {
    return {Content::constant, {int64_t(dims)...}, dtype, value, true};
}
template <class... D>
Input SMALL(double bound, D... dims) {
    return {Content::small, {int64_t(dims)...}, GLIA_F32, bound};
}
inline Input MADE(int output) { return {Content::made, {}, GLIA_F32, double(output)}; }  // all_cases fills in the dims
inline const Input NONE{};

struct Case {
    const gli_op *op = nullptr;
    std::string name;
    std::vector<char> params;
    std::vector<Input> inputs;
    bool bench = false;  // a shape of a real network: benches only
};

// The dtype of an input of a case whose floats are of this dtype.
glia_dtype dtype_of(const Case &c, size_t input, glia_dtype floats);

// Runs the forward op of an op that reads a reserve, on the first of its inputs and with the provider of this name, or
// any: it writes those that are made. Why that failed, or "".
std::string fill_made(glia_context *ctx, const char *provider, const gli_op &op, const void *params,
                      const std::vector<const glia_tensor *> &in);

// All cases of tests/cases/, in order.
const std::vector<Case> &all_cases();

template <class Params>
std::vector<char> bytes_of(const Params &params) {
    std::vector<char> bytes(sizeof params);
    std::memcpy(bytes.data(), &params, sizeof params);
    return bytes;
}

}  // namespace glia
