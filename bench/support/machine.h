// The two peaks that times are compared with, measured beside them.
#pragma once

#include <memory>
#include <string>

#include "support/internals.h"

namespace glia {

double now();  // seconds, of a clock that never goes back

class Machine {
   public:
    virtual ~Machine() = default;
    double gflops() const { return gflops_; }  // 0: not known
    double gbs() const { return gbs_; }

    // The best of all tries: a peak is what the machine can do, not what it does on average. Tried again beside each
    // case.
    virtual void measure() = 0;
    // Fills the caches with something else.
    virtual void flush() {}
    virtual std::string text() const = 0;  // what the peaks are

   protected:
    double gflops_ = 0, gbs_ = 0;
};

// On the CPU: multiply-adds in registers, and memcpy. On other devices: a square matmul in f32, and the unary op over
// memory that no cache holds.
std::unique_ptr<Machine> machine_of(glia_context *ctx);

}  // namespace glia
