// Calls that the device runs as one launch: with the bits of one launch for each of them.
#pragma once

#include "support/devices.h"

extern "C" {
#include "graph/graph_impl.h"
#include "graph/plan.h"
}

namespace glia {

// A graph of ops on tensors of its own.
class OpGraph {
   public:
    explicit OpGraph(glia_context *ctx) : ctx_(ctx) {
        EXPECT_EQ(glia_graph_create(ctx, &graph_), GLIA_OK);
        keep_(graph_, glia_graph_destroy);
    }
    glia_value tensor(glia_dtype dtype, const std::vector<int64_t> &dims, const std::function<double(int)> &at) {
        glia_tensor host{};
        gli_set_shape(&host, dtype, int(dims.size()), dims.data());
        std::vector<double> values(static_cast<size_t>(gli_count(&host)));
        for (size_t i = 0; i < values.size(); ++i) values[i] = at(int(i));
        std::vector<char> bytes(values.size() * glia_dtype_size(dtype));
        host.data = bytes.data();
        gli_tensor_from_double(&host, values.data());
        return glia_graph_tensor(graph_, "x", tensor_of(ctx_, keep_, dtype, dims, bytes));
    }
    glia_value wave(glia_dtype dtype, const std::vector<int64_t> &dims, double step) {
        return tensor(dtype, dims, [step](int i) { return std::sin(i * step); });
    }
    glia_graph *get() const { return graph_; }
    // The first of its results; all of them in `out`.
    glia_value call(const char *op, const void *params, const std::vector<glia_value> &in, glia_value *out = nullptr,
                    int n_out = 0) {
        return glia_graph_call(graph_, op, params, in.data(), int(in.size()), out, n_out);
    }
    // The bytes of the values after three runs: launched, recorded, replayed. groups: how many steps each group of the
    // plan has.
    std::vector<std::vector<char>> run(const std::vector<glia_value> &values, const gli_plan_options &options,
                                       std::vector<int> *groups) {
        glia_plan *plan = nullptr;
        std::vector<glia_tensor *> out;
        std::vector<std::vector<char>> bytes;
        EXPECT_EQ(gli_plan_create(graph_, values.data(), int(values.size()), &options, &plan), GLIA_OK)
            << glia_message(ctx_);
        for (const glia_value v : values) {
            out.emplace_back();
            EXPECT_EQ(glia_tensor_create(ctx_, glia_graph_dtype(graph_, v), glia_graph_shape(graph_, v), &out.back()),
                      GLIA_OK);
            keep_(out.back(), glia_tensor_destroy);
        }
        if (!plan) return bytes;
        for (int s = 0; s < plan->n_steps; ++s)
            if (plan->steps[s].group > 1) groups->push_back(plan->steps[s].group);
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(glia_plan_run(plan, nullptr, 0, out.data(), int(out.size())), GLIA_OK) << glia_message(ctx_);
        glia_plan_destroy(plan);
        for (glia_tensor *t : out) {
            bytes.emplace_back(size_t(glia_tensor_count(t)) * glia_dtype_size(t->dtype));
            EXPECT_EQ(glia_tensor_read(t, bytes.back().data(), bytes.back().size()), GLIA_OK) << glia_message(ctx_);
        }
        return bytes;
    }

   private:
    glia_context *ctx_;
    Keep keep_;
    glia_graph *graph_ = nullptr;
};

class AsOneLaunch : public OnDevice {
   protected:
    // That a plan of the values has groups of so many steps, and the bits of its calls one by one.
    void expect_groups(const std::vector<int> &expected,
                       const std::function<std::vector<glia_value>(OpGraph &)> &values_of,
                       gli_plan_options options = {}, glia_math math = GLIA_MATH_F32) {
        std::vector<std::vector<char>> got[2];
        Computer c(device(), -1, math);
        for (const bool alone : {false, true}) {
            OpGraph graph(c.ctx);
            std::vector<int> groups;
            options.ungrouped = alone;
            got[alone]        = graph.run(values_of(graph), options, &groups);
            EXPECT_EQ(groups, alone ? std::vector<int>() : expected);
        }
        EXPECT_EQ(got[0], got[1]);
    }
};

// With the interpreter of PTX.
#define GLI_AS_ONE_LAUNCH(suite)                                                      \
    INSTANTIATE_TEST_SUITE_P(                                                         \
        device, suite, testing::Values("emulated", "emulated:race", "ptx", "cuda:0"), \
        [](const auto &info) { return std::string(info.param) == "ptx" ? "ptx" : glia::device_name(info); })

}  // namespace glia
