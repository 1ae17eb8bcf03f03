// What the tests of models' files share: paths, and a context with a model and samples for it.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/states.h"
#include "support/with.h"

namespace glia {

using std::string, std::vector;

inline constexpr int kCount = 12, kBatch = 4;

// A path that is this test's own.
struct Path {
    explicit Path(const string &name = "net")
        : text(std::filesystem::temp_directory_path() / ("model_file_test." + std::to_string(getpid()) + "." + name)) {
        std::filesystem::remove(text);
    }
    ~Path() { std::filesystem::remove(text); }
    const char *get() const { return text.c_str(); }
    string content() const {
        std::ifstream file(text, std::ios::binary);
        return string(std::istreambuf_iterator<char>(file), {});
    }
    string text;
};

struct Computer {
    explicit Computer(const char *device, uint64_t seed = 5) {
        const glia_context_args args{.seed = seed, .threads = 1};
        EXPECT_EQ(glia_context_create(device, &args, &ctx), GLIA_OK) << glia_message(nullptr);
    }
    ~Computer() {
        glia_dataset_destroy(data);
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    string message() const { return glia_message(ctx); }
    glia_model *create(glia_dtype dtype = GLIA_F32) {
        EXPECT_EQ(glia_model_create(ctx, with(glia_model_args{dtype}), &net), GLIA_OK) << message();
        return net;
    }
    glia_status load(const Path &path, const glia_model_load_args *args = nullptr) {
        return glia_model_load(ctx, path.get(), args, &net);
    }
    // Samples of one input and one target of two numbers each, or of classes.
    void samples(glia_dtype dtype, glia_shape shape, glia_dtype target_dtype = GLIA_F32) {
        of          = [=](Computer &other) { other.samples(dtype, shape, target_dtype); };
        size_t size = 1;
        for (int d = 0; d < shape.ndim; ++d) size *= size_t(shape.dim[d]);
        vector<float> x(size * kCount), y(2 * kCount);
        vector<double> wide(size * kCount);
        vector<int32_t> indices(size * kCount);
        vector<int64_t> classes(kCount);
        for (size_t i = 0; i < x.size(); ++i) {
            wide[i] = x[i] = float((i * 37 + i / 3) % 23) / 23 - 0.5f;
            indices[i]     = int32_t(i * 7 % 5);
        }
        for (size_t i = 0; i < y.size(); ++i) y[i] = float(i * 5 % 7) / 7;
        for (size_t i = 0; i < classes.size(); ++i) classes[i] = int64_t(i % 2);
        const void *values      = dtype == GLIA_F32   ? static_cast<void *>(x.data())
                                  : dtype == GLIA_F64 ? static_cast<void *>(wide.data())
                                                      : indices.data();
        const bool by_class     = target_dtype == GLIA_I64;
        const void *targets     = by_class ? static_cast<void *>(classes.data()) : y.data();
        const glia_array input  = {.dtype = dtype, .shape = shape, .data = values};
        const glia_array target = {
            .dtype = target_dtype, .shape = by_class ? GLIA_SCALAR : GLIA_SHAPE(2), .data = targets};
        const glia_arrays_args args{
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = kCount, .copy = true};
        glia_dataset_destroy(data);
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
    }
    // The samples of another.
    void like(const Computer &other) { other.of(*this); }
    // To so many epochs in all.
    void fit(int epochs) {
        const glia_fit_args args{.epochs = epochs, .batch_size = kBatch, .in_order = true, .resume = true};
        EXPECT_EQ(glia_model_fit(net, data, &args), GLIA_OK) << message();
    }
    vector<char> predict() {
        vector<char> out(2 * kCount * sizeof(float));
        EXPECT_EQ(glia_model_predict(net, data, kBatch, out.data(), out.size()), GLIA_OK) << message();
        return out;
    }
    States states() const { return states_of(net); }
    string summary() const {
        char *text  = nullptr;
        size_t size = 0;
        FILE *file  = open_memstream(&text, &size);
        EXPECT_EQ(glia_model_summary(net, file), GLIA_OK) << message();
        fclose(file);
        string table(text, size);
        free(text);
        return table;
    }

    glia_context *ctx  = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    std::function<void(Computer &)> of;
};

}  // namespace glia
