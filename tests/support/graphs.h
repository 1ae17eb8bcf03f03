// Small graphs over doubles, written out in a test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"

extern "C" {
#include "graph/plan.h"
}

namespace glia {

inline glia_shape shape_of(const std::vector<int64_t> &dims) {
    glia_shape shape{int(dims.size()), {}};
    std::copy(dims.begin(), dims.end(), shape.dim);
    return shape;
}

// A context, a graph, and tensors that live as long. Values are f64 unless a test says otherwise.
class Net {
   public:
    explicit Net(const glia_context_args &args = {}) {
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
        EXPECT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
    }
    ~Net() {
        for (glia_tensor *tensor : tensors_) glia_tensor_destroy(tensor);
        glia_graph_destroy(graph);
        glia_context_destroy(ctx);
    }
    Net(const Net &) = delete;

    glia_tensor *tensor(const std::vector<int64_t> &dims, const std::vector<double> &values = {},
                        glia_dtype dtype = GLIA_F64) {
        glia_tensor *out = nullptr;
        EXPECT_EQ(glia_tensor_create(ctx, dtype, shape_of(dims), &out), GLIA_OK) << glia_message(ctx);
        tensors_.push_back(out);
        if (!values.empty()) set(out, values);
        return out;
    }
    void set(glia_tensor *tensor, const std::vector<double> &values) {
        EXPECT_EQ(int64_t(values.size()), gli_count(tensor));
        gli_tensor_from_double(tensor, values.data());
    }
    static std::vector<double> values(const glia_tensor *tensor) {
        std::vector<double> out(size_t(gli_count(tensor)));
        gli_tensor_to_double(tensor, out.data());
        return out;
    }

    glia_value input(const std::vector<int64_t> &dims, glia_dtype dtype = GLIA_F64) {
        inputs_.push_back(tensor(dims, {}, dtype));
        return glia_graph_input(graph, "x", dtype, shape_of(dims));
    }
    glia_value state(const std::vector<int64_t> &dims, const std::vector<double> &values, glia_dtype dtype = GLIA_F64) {
        return glia_graph_tensor(graph, "state", tensor(dims, values, dtype));
    }
    glia_value call(const char *op, const void *params, const std::vector<glia_value> &in) {
        return glia_graph_call(graph, op, params, in.data(), int(in.size()), nullptr, 0);
    }
    glia_value unary(glia_unary_kind kind, glia_value x) {
        const glia_unary_params params = glia_unary_defaults(kind);
        return call("unary", &params, {x});
    }
    glia_value binary(glia_binary_kind kind, glia_value a, glia_value b) {
        const glia_binary_params params{kind};
        return call("binary", &params, {a, b});
    }
    glia_value sum(glia_value x) {
        const glia_reduce_params params{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
        return call("reduce", &params, {x});
    }
    glia_value reshape(glia_value x, const std::vector<int64_t> &dims) {
        glia_reshape_params params{};
        params.shape = shape_of(dims);
        return call("reshape", &params, {x});
    }
    std::vector<glia_value> gradient(glia_value y, const std::vector<glia_value> &wrt) {
        std::vector<glia_value> out(wrt.size());
        EXPECT_EQ(glia_graph_gradient(graph, y, wrt.data(), int(wrt.size()), out.data()), GLIA_OK) << glia_message(ctx);
        return out;
    }

    // Plans and runs once; the result has the values of each output.
    std::vector<std::vector<double>> run(const std::vector<glia_value> &outputs,
                                         const std::vector<std::vector<double>> &inputs = {},
                                         const gli_plan_options &options                = {}) {
        std::unique_ptr<glia_plan, decltype(&glia_plan_destroy)> plan{make(outputs, options), glia_plan_destroy};
        return plan ? run(plan.get(), outputs, inputs) : std::vector<std::vector<double>>{};
    }
    glia_plan *make(const std::vector<glia_value> &outputs, const gli_plan_options &options = {}) {
        glia_plan *plan = nullptr;
        EXPECT_EQ(gli_plan_create(graph, outputs.data(), int(outputs.size()), &options, &plan), GLIA_OK)
            << glia_message(ctx);
        return plan;
    }
    std::vector<std::vector<double>> run(glia_plan *plan, const std::vector<glia_value> &outputs,
                                         const std::vector<std::vector<double>> &inputs = {}) {
        for (size_t i = 0; i < inputs.size(); ++i) set(inputs_[i], inputs[i]);
        std::vector<glia_tensor *> results;
        for (glia_value value : outputs) {
            const glia_shape shape = glia_graph_shape(graph, value);
            results.push_back(tensor({shape.dim, shape.dim + shape.ndim}, {}, glia_graph_dtype(graph, value)));
            glia_tensor_fill(results.back(), NAN);
        }
        std::vector<const glia_tensor *> given(inputs_.begin(), inputs_.end());
        EXPECT_EQ(glia_plan_run(plan, given.data(), int(given.size()), results.data(), int(results.size())), GLIA_OK)
            << glia_message(ctx);
        std::vector<std::vector<double>> out;
        for (const glia_tensor *result : results) out.push_back(values(result));
        return out;
    }

    glia_context *ctx = nullptr;
    glia_graph *graph = nullptr;

   private:
    std::vector<glia_tensor *> tensors_, inputs_;
};

using Numbers = std::vector<double>;

}  // namespace glia
