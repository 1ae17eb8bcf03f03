// What PyTorch computed, from the files that record.py writes, and the inputs it was given. The lists of cases, *.inc,
// are read by both languages: each input is made on both sides from Philox4x32-10, keyed by the case's name.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"

namespace glia::golden {

constexpr int kSteps           = 5;    // of an optimizer's case
constexpr uint32_t kSeedStream = 100;  // of the numbers that a gradient starts from; below: the number of the input

enum class Content { absent, signed_, wide, positive, unit, distribution, whole, special, index, constant, step };

struct Input {
    Content content = Content::absent;
    std::vector<int64_t> dims;
    double value     = 0;         // of constant; the bound of index; the largest of wide
    glia_dtype dtype = GLIA_F32;  // floats take the dtype under test, unless
    bool fixed       = false;
};

template <class... D>
Input F(D... d) {
    return {Content::signed_, {int64_t(d)...}};
}
template <class... D>
Input WIDE(double size, D... d) {
    return {Content::wide, {int64_t(d)...}, size};
}
template <class... D>
Input POS(D... d) {
    return {Content::positive, {int64_t(d)...}};
}
template <class... D>
Input UNIT(D... d) {
    return {Content::unit, {int64_t(d)...}};
}
template <class... D>
Input DIST(D... d) {
    return {Content::distribution, {int64_t(d)...}};
}
template <class... D>
Input WHOLE(D... d) {
    return {Content::whole, {int64_t(d)...}};
}
template <class... D>
Input SPECIAL(D... d) {
    return {Content::special, {int64_t(d)...}};
}
template <class... D>
Input CONST(double value, D... d) {
    return {Content::constant, {int64_t(d)...}, value};
}
template <class... D>
Input INDEX(double bound, D... d) {
    return {Content::index, {int64_t(d)...}, bound, GLIA_I64, true};
}
template <class... D>
Input INDEX32(double bound, D... d) {
    return {Content::index, {int64_t(d)...}, bound, GLIA_I32, true};
}
template <class... D>
Input VALUE(glia_dtype dtype, double value, D... d) {
    return {Content::constant, {int64_t(d)...}, value, dtype, true};
}
inline Input STEP() { return {Content::step, {}, 0, GLIA_I64, true}; }
inline const Input NONE{};

struct Array {
    std::vector<int64_t> dims;
    std::vector<double> values;
    bool rounded = false;  // stored as f32: off by up to half an ulp of it
    bool integer = false;
};

struct Case {
    const gli_op *op;
    std::string name;
    std::string text;  // of the line, without spaces
    bool steps;
    std::vector<char> params;
    std::vector<Input> inputs;

    std::string label() const { return std::string(op->name) + "/" + name; }
};

// Cases of all families, in order.
const std::vector<Case> &all_cases();

// What was recorded for one case: [output] and [input]; empty where PyTorch has no result.
struct Recorded {
    std::vector<Array> outputs, gradients;
    const Array *output(int i) const {
        return size_t(i) < outputs.size() && has(outputs[size_t(i)]) ? &outputs[size_t(i)] : nullptr;
    }
    const Array *gradient(int i) const {
        return size_t(i) < gradients.size() && has(gradients[size_t(i)]) ? &gradients[size_t(i)] : nullptr;
    }

   private:
    static bool has(const Array &a) { return !a.dims.empty() || !a.values.empty(); }
};

// NULL if the case was not recorded, or was changed since.
const Recorded *recorded(const Case &c);
const Recorded *recorded_curve(const std::string &name);

size_t recorded_count();                              // cases, without the curves
const std::vector<std::string> &recorded_versions();  // "conv.bin: PyTorch 2.15.0, ..."

// Numbers that f32 holds exactly, or integers. stream: the number of the input, or kSeedStream.
std::vector<double> numbers_of(const Input &input, uint64_t seed, uint32_t stream, uint32_t step = 0);
uint64_t fnv1a(const std::string &text);

}  // namespace glia::golden
