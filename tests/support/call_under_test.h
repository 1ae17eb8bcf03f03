// One call of a case on one device, with buffers that are watched.
#pragma once

#include <cstddef>
#include <memory>

#include "support/buffer.h"

namespace glia {

// A context that is kept from case to case, since a device may cost time to open; one that is lost is opened anew.
// NULL: glia_message(NULL) says why there is none.
glia_context *context_of(const char *device, int threads, glia_math math = GLIA_MATH_F32);

// Buffers, the resolved geometry, and the call itself.
struct Prepared {
    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_call call{};
    std::vector<Buffer> in, out;
    std::vector<int> in_of, out_of;  // index of each buffer's tensor
    std::string error;

    // where: the index of the buffer of output i, or that of the input that it shares.
    Buffer *output(int i) {
        for (size_t k = 0; k < out_of.size(); ++k)
            if (out_of[k] == i) return &out[k];
        for (size_t k = 0; k < in_of.size(); ++k)
            if (call.out[i] == in[k].tensor()) return &in[k];
        return nullptr;
    }
    bool shared(const Buffer &buffer) const {
        for (const glia_tensor *y : call.out)
            if (y == buffer.tensor()) return true;
        return false;
    }
};

std::unique_ptr<Prepared> prepare(glia_context *ctx, const Case &c, const Variant &variant, Regime regime);

// Runs the provider on a prepared call; the workspace ends at a guard band. "": it ran; "declined"; or what went wrong.
std::string run(const gli_provider &provider, Prepared &p, unsigned char poison, const Case &c, const Variant &variant,
                Regime regime);

// What the reference computes, one list for each output; empty for an output that the variant leaves out.
std::vector<std::vector<double>> judged(const Case &c, const Variant &variant, Regime regime, std::string *error);

}  // namespace glia
