// What models that are written as ONNX are made with.
#pragma once

#include <cmath>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "glia/glia.h"

namespace glia {

// Floats, or i32 below `classes`.
struct ExportedInput {
    std::vector<int64_t> shape;  // without the batch
    int classes = 0;
};

struct Network {
    glia_model *net;
    std::vector<glia_value> x, outputs;

    void give(std::initializer_list<glia_value> values) { outputs.insert(outputs.end(), values); }
    glia_value op(const char *name, const void *params, std::vector<glia_value> in, int output = 0) const {
        std::vector<glia_value> out(static_cast<size_t>(output) + 1);
        glia_model_op(net, name, params, in.data(), static_cast<int>(in.size()), out.data(), output + 1);
        return out.back();
    }
    glia_value activation(glia_activation kind, glia_value value) const {
        glia_activation_args args{};
        args.kind = kind;
        return glia_model_activation(net, value, &args);
    }
    glia_value parameter(const char *name, glia_shape shape) const {
        return glia_model_parameter(net, name, shape, nullptr);
    }
};

struct ExportedModel {
    std::string name;
    std::vector<ExportedInput> inputs;
    std::function<void(Network &)> build;
    glia_dtype dtype = GLIA_F32;
};

// The address of args, or of params, that live as long as the call in which this stands.
template <class Args>
const Args *with(const Args &args) {
    return &args;
}

const ExportedInput kVector{{6}}, kImage{{4, 9, 7}}, kVolume{{4, 6, 9, 7}}, kSteps{{5, 3}}, kChannels{{3, 8}},
    kWords{{5}, 7}, kLength{{}, 6};

}  // namespace glia
