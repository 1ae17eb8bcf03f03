// A case: one call of one op, described by its params and the shapes and contents of its inputs. The lists in
// tests/cases/ are read by the provider suite, the gradient check, the golden recorder and the benches alike.
#pragma once

#include <string>
#include <vector>

#include "support/input.h"
#include "support/internals.h"

namespace glia {

struct Case {
    const gli_op *op = nullptr;
    std::string name;
    std::vector<char> params;
    std::vector<Input> inputs;
    bool bench = false;  // a shape of a real network: benches only
    bool packs = false;  // images whose channels a GPU moves in packs: channels-last in every type
    bool cpu   = false;  // large enough for a provider of the CPU: emulated kernels would take a minute
};

// Whether it has huge or tiny inputs.
inline bool is_scaled(const Case &c) {
    for (const Input &input : c.inputs)
        if (input.content == Content::scaled || input.content == Content::largest) return true;
    return false;
}

// The dtype of an input of a case whose floats are of this dtype.
glia_dtype dtype_of(const Case &c, size_t input, glia_dtype floats);

// Runs the forward op of an op that reads a reserve, on the first of its inputs and with the provider of this name, or
// any: it writes those that are made. Why that failed, or "".
std::string fill_made(glia_context *ctx, const char *provider, const gli_op &op, const void *params,
                      const std::vector<const glia_tensor *> &in);

// All cases of tests/cases/, in order.
const std::vector<Case> &all_cases();

}  // namespace glia
