// What PyTorch computed, from the files that record.py writes, and the inputs it was given. The lists of cases, *.inc,
// are read by both languages: each input is made on both sides from Philox4x32-10, keyed by the case's name.
#pragma once

#include <string>
#include <vector>

#include "support/input.h"
#include "support/internals.h"

namespace glia::golden {

constexpr int kSteps           = 5;    // of an optimizer's case
constexpr uint32_t kSeedStream = 100;  // of the numbers that a gradient starts from; below: the number of the input

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
