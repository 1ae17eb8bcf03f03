// Calls of ops on small arrays written out in a test: for hand-worked numbers and for bad calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"

namespace glia {

struct Array {
    std::vector<int64_t> dims;
    std::vector<double> values;  // row-major; empty: zeros
    glia_dtype dtype = GLIA_F64;
    bool absent      = false;
};
inline const Array ABSENT{{}, {}, GLIA_F64, true};

struct Result {
    glia_status status = GLIA_OK;
    std::string message;
    std::vector<Array> out;  // every output of the op, the optional ones too
};

// One context; provider "" leaves the choice to the device's table, threads 0 their number to the environment.
class Session {
   public:
    explicit Session(const char *provider = "cpu.ref", const char *device = "cpu", int threads = 0);

    glia_context *ctx() const { return ctx_.get(); }

    // A tensor that lives as long as the session; NULL for an absent array.
    glia_tensor *tensor(const Array &array);
    std::vector<double> values(const glia_tensor *tensor) const;

    // Resolves, makes the outputs as the op says, runs. A null params means all defaults.
    Result call_raw(const gli_op &op, const void *params, const std::vector<Array> &in);
    template <class Params>
    Result call(const gli_op &op, const Params &params, const std::vector<Array> &in) {
        return call_raw(op, &params, in);
    }

   private:
    template <class T>
    using Owner = std::unique_ptr<T, void (*)(T *)>;
    Owner<glia_context> ctx_{nullptr, glia_context_destroy};
    std::vector<Owner<glia_tensor>> tensors_;
};

}  // namespace glia
