// A context, a small model in it, and data made of formulas: for tests of what training does.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/states.h"
#include "support/with.h"

namespace glia {

class SmallTraining {
   public:
    static constexpr int kInputs = 3;

    // created: GLIA_NOT_FOUND where this machine has no such device.
    explicit SmallTraining(const char *device, int samples = 23, glia_allocator allocator = {}) : samples(samples) {
        glia_context_args args{};
        args.threads = 1, args.seed = 5, args.allocator = allocator;
        created = glia_context_create(device, &args, &ctx);
        if (created != GLIA_OK) return;
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK) << message();
        for (int i = 0; i < samples * kInputs; ++i) x.push_back(float(i * 7 % 11) / 5 - 1);
        for (int i = 0; i < samples; ++i) t.push_back(i * i % 3), weight.push_back(float(i * 5 % 7) / 4);
    }
    ~SmallTraining() {
        glia_dataset_destroy(data);
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }

    // 3 inputs, 4 hidden units, 3 logits, whose weights are formulas.
    void build() {
        glia_value h = glia_model_input(net, "x", GLIA_SHAPE(kInputs));
        h      = glia_model_dense(net, h, with(glia_dense_args{.name = "hidden", .units = 4, .activation = GLIA_TANH}));
        output = glia_model_dense(net, h, with(glia_dense_args{.name = "logits", .units = 3}));
        set("hidden.weight", 12, 0.3), set("hidden.bias", 4, 0.1), set("logits.weight", 12, 0.5),
            set("logits.bias", 3, 0.2);
    }
    void set(const char *name, int count, double scale) {
        std::vector<float> values;
        for (int i = 0; i < count; ++i) values.push_back(float(scale * ((i * 3 + 1) % 5 - 2)));
        EXPECT_EQ(glia_model_set(net, name, values.data(), values.size() * sizeof(float)), GLIA_OK) << message();
    }

    // The classes as targets, or one-hot; and the weights of the samples behind them.
    void make_data(bool weights = false, bool one_hot = false) {
        hot.assign(3 * samples, 0);
        for (int i = 0; i < samples; ++i) hot[3 * i + t[i]] = 1;
        glia_array in{}, out[2]{};
        in.dtype = GLIA_F32, in.shape = GLIA_SHAPE(kInputs), in.data = x.data();
        out[0].dtype = GLIA_I64, out[0].data = t.data();
        if (one_hot) out[0].dtype = GLIA_F32, out[0].shape = GLIA_SHAPE(3), out[0].data = hot.data();
        out[1].dtype = GLIA_F32, out[1].data = weight.data();
        glia_arrays_args arrays{};
        arrays.inputs = &in, arrays.n_inputs = 1, arrays.targets = out, arrays.n_targets = weights ? 2 : 1;
        arrays.count = samples;
        glia_dataset_destroy(data);
        data = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK) << message();
    }

    glia_status compile(glia_compile_args args) {
        if (args.loss.kind == GLIA_LOSS_NONE) args.loss = glia_loss_cross_entropy();
        return glia_model_compile(net, output, &args);
    }
    glia_status fit(const glia_fit_args &args) { return glia_model_fit(net, data, &args); }

    std::vector<float> get(const char *name) const {
        glia_state_info info{};
        EXPECT_EQ(glia_model_state_info(net, name, &info), GLIA_OK) << message();
        std::vector<float> values(info.bytes / sizeof(float));
        EXPECT_EQ(glia_model_state_get(net, name, values.data(), info.bytes), GLIA_OK) << message();
        return values;
    }
    int64_t number(const char *name) const {
        int64_t value = -1;
        EXPECT_EQ(glia_model_state_get(net, name, &value, sizeof value), GLIA_OK) << message();
        return value;
    }
    States states() const { return states_of(net); }
    void set_states(const States &all) { glia::set_states(net, all); }

    std::string message() const { return ctx ? glia_message(ctx) : glia_message(nullptr); }
    bool says(const std::string &part) const { return message().find(part) != std::string::npos; }

    glia_status created;
    int samples;
    glia_context *ctx  = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    glia_value output{};
    std::vector<float> x, weight, hot;
    std::vector<int64_t> t;
};

// All weights of two models, within a share of the larger of 1 and the number.
inline void expect_same_weights(const SmallTraining &a, const SmallTraining &b, double share) {
    for (int i = 0; i < glia_model_weight_count(a.net); ++i) {
        const char *name = glia_model_weight_name(a.net, i);
        const auto one = a.get(name), other = b.get(name);
        ASSERT_EQ(one.size(), other.size()) << name;
        for (size_t k = 0; k < one.size(); ++k)
            EXPECT_NEAR(one[k], other[k], share * std::max(1.0F, std::abs(one[k]))) << name << " at " << k;
    }
}

inline void expect_weights(const SmallTraining &a, const char *name, const std::vector<double> &want,
                           double share = 2e-6) {
    const auto got = a.get(name);
    ASSERT_EQ(got.size(), want.size()) << name;
    for (size_t k = 0; k < want.size(); ++k)
        EXPECT_NEAR(got[k], want[k], share * std::max(1.0, std::abs(want[k]))) << name << " at " << k;
}

}  // namespace glia
