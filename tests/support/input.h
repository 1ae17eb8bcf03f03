// The inputs of a case: shapes, and what is in them. The lists in tests/cases/ and tests/golden/ speak this language;
// each of their readers makes the numbers in its own way.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "glia/glia.h"

namespace glia {

// Integers and reals: what the provider suite puts in where sums must be exact, and where not.
enum class Content {
    absent,        // an optional input that is not given
    signed_,       // integers: -4..4, reals: [-1, 1)
    positive,      // integers: 1..4, reals: [0.5, 1.5)
    unit,          // integers: 0 or 1, reals: (0.05, 0.95)
    index,         // 0 .. value-1, whatever the regime
    distribution,  // like unit, scaled so that dimension 1 (or 0 of a vector) sums to 1
    constant,      // `value` everywhere
    near,          // signed_ around `value`: a large mean with a small variance
    small,         // integers: -1..1, reals: [-value, value)
    scaled,        // signed_ times `value`, a power of two: huge or tiny numbers
    largest,       // reals: up to the largest power of two of the dtype; integers: quarters of it
    made,          // output `value` of the op's forward op, which fill_made runs; without it zeros
    wide,          // reals: [-value, value)
    whole,         // -4 .. 4
    special,       // where functions bend, saturate or have no value
    step,          // the number of an optimizer's step
};

struct Input {
    Content content = Content::absent;
    std::vector<int64_t> dims;
    glia_dtype dtype = GLIA_F32;  // floats take the dtype of the variant under test
    double value     = 0;
    bool fixed       = false;  // keeps its dtype in every variant
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
Input SMALL(double bound, D... dims) {
    return {Content::small, {int64_t(dims)...}, GLIA_F32, bound};
}
// Numbers of which f32 has no squares, 2^100, and those whose squares vanish, 2^-80; such of f64; and as near to that
// as f16 has any.
template <class... D>
Input HUGE(D... dims) {
    return {Content::scaled, {int64_t(dims)...}, GLIA_F32, 0x1p100};
}
template <class... D>
Input TINY(D... dims) {
    return {Content::scaled, {int64_t(dims)...}, GLIA_F32, 0x1p-80};
}
// Numbers of which a few have no sum.
template <class... D>
Input LARGEST(D... dims) {
    return {Content::largest, {int64_t(dims)...}};
}
template <class... D>
Input WIDE(double bound, D... dims) {
    return {Content::wide, {int64_t(dims)...}, GLIA_F32, bound};
}
template <class... D>
Input WHOLE(D... dims) {
    return {Content::whole, {int64_t(dims)...}};
}
template <class... D>
Input SPECIAL(D... dims) {
    return {Content::special, {int64_t(dims)...}};
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
inline Input MADE(int output) { return {Content::made, {}, GLIA_F32, double(output)}; }  // all_cases fills in the dims
inline Input STEP() { return {Content::step, {}, GLIA_I64, 0, true}; }
inline const Input NONE{};

template <class Params>
std::vector<char> bytes_of(const Params &params) {
    std::vector<char> bytes(sizeof params);
    std::memcpy(bytes.data(), &params, sizeof params);
    return bytes;
}

}  // namespace glia
