// A compiled model of the CPU and its predictors, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/with.h"

namespace glia {

using Values    = std::vector<float>;
using Predictor = std::unique_ptr<glia_predictor, void (*)(glia_predictor *)>;
using Layers    = std::function<glia_value(glia_model *net, glia_value x)>;

inline Values numbers(size_t count) {
    Values out(count);
    uint32_t seed = 7;
    for (float &v : out) seed = seed * 1664525 + 1013904223, v = float(seed >> 8) / (1 << 23) - 1;
    return out;
}

struct PredictNet {
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;

    PredictNet(glia_shape input, const Layers &layers, glia_dtype dtype = GLIA_F32, glia_allocator allocator = {}) {
        EXPECT_EQ(
            glia_context_create("cpu", with(glia_context_args{.seed = 3, .threads = 2, .allocator = allocator}), &ctx),
            GLIA_OK);
        EXPECT_EQ(glia_model_create(ctx, with(glia_model_args{dtype}), &net), GLIA_OK);
        const glia_value y = layers(net, glia_model_input(net, "x", input));
        EXPECT_EQ(glia_model_compile(net, y, nullptr), GLIA_OK) << message();
    }
    ~PredictNet() {
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    std::string message() const { return glia_message(ctx); }

    Predictor predictor(bool streaming, int time_axis = 0) {
        glia_predictor *p = nullptr;
        EXPECT_EQ(glia_predictor_create(net, with(glia_predictor_args{streaming, time_axis}), &p), GLIA_OK)
            << message();
        return Predictor(p, glia_predictor_destroy);
    }
    // What glia_model_predict makes of x.
    Values predict(const Values &x, int64_t samples, size_t outputs) {
        Values y(outputs);
        EXPECT_EQ(glia_model_predict_array(net, x.data(), x.size() * sizeof(float), samples, y.data(),
                                           y.size() * sizeof(float)),
                  GLIA_OK)
            << message();
        return y;
    }
};

// Runs steps or samples in runs of at most `chunk`.
inline Values run_in_chunks(glia_predictor *p, const Values &x, int64_t chunk) {
    const size_t in     = glia_predictor_input_bytes(p, 0) / sizeof(float),
                 out    = glia_predictor_output_bytes(p, 0) / sizeof(float);
    const int64_t count = int64_t(x.size() / in);
    Values y(size_t(count) * out);
    for (int64_t t = 0; t < count; t += chunk) {
        const void *from[] = {x.data() + size_t(t) * in};
        void *to[]         = {y.data() + size_t(t) * out};
        EXPECT_EQ(glia_predictor_run(p, std::min(chunk, count - t), from, to), GLIA_OK) << glia_message(nullptr);
    }
    return y;
}

}  // namespace glia
