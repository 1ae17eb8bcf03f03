// One case on one device, and one provider that is timed on it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "machine.h"
#include "support/suite.h"

namespace glia {

// A tensor as a plan lays it out: images with channels innermost where the op says so, everything else dense.
struct Buffer {
    Buffer(glia_context *ctx, glia_dtype dtype, int ndim, const int64_t *dim, bool image);
    ~Buffer();
    Buffer(const Buffer &) = delete;
    size_t bytes() const { return size_t(gli_count(&tensor)) * glia_dtype_size(tensor.dtype); }
    void set(const std::vector<double> &values);
    std::vector<double> get() const;

    glia_tensor tensor{};
    gli_block block{};
};

using Results = std::vector<std::vector<double>>;

struct Call {
    Call(glia_context *ctx, const Case &c, bool dense);
    Results results() const;
    // "" where the outputs agree with these, which are cpu.ref's.
    std::string difference(const Results &want) const;

    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_call call{};
    const void *params;
    std::vector<std::unique_ptr<Buffer>> tensors;
    double bytes = 0, scale = 0;
    gli_cost cost{};
    std::string error;  // "": it can run

   private:
    glia_tensor *add(glia_dtype dtype, int ndim, const int64_t *dim, bool image);
};

// A device of the bench.
struct Place {
    std::string device;
    glia_context *ctx = nullptr;
    std::unique_ptr<Machine> machine;
};

struct Row {
    Row(const Place &where, const Call &what, const gli_provider &by);
    ~Row();
    Row(const Row &) = delete;

    void sample();
    void settle();  // the first samples told how many runs one sample takes; forgets them
    bool usable() const { return declined.empty() && wrong.empty(); }
    double time() const;  // the median
    double best() const { return *std::min_element(samples.begin(), samples.end()); }

    const Place &place;
    const Call &call;
    const gli_provider *provider;
    gli_prepared prepared{};
    gli_block workspace{};
    std::string declined, wrong;
    std::vector<double> samples;
    double spent = 0, prepare_time = 0;
    int repeats = 1;  // runs in one sample

   private:
    std::string make_reserve();
    void run();
    double timed();
};

}  // namespace glia
