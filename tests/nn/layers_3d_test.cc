// Layers over volumes: shapes, weights and numbers, what SAME pads, the lines of a summary, and training.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "glia/glia.h"

extern "C" {
#include "nn/layer.h"
}

namespace {

class Layers3d : public testing::Test {
   protected:
    void SetUp() override {
        ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx_), GLIA_OK);
        ASSERT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
    }
    void TearDown() override {
        glia_model_destroy(net_);
        glia_context_destroy(ctx_);
    }
    // Without the batch.
    std::string shape_of(glia_value v) const {
        const glia_tensor *t = v.id > 0 ? gli_model_shape(net_, v) : nullptr;
        std::string text;
        for (int i = 1; t && i < t->ndim; ++i) text += (i > 1 ? "," : "") + std::to_string(t->dim[i]);
        return text;
    }
    std::string message() const { return glia_message(ctx_); }

    glia_context *ctx_ = nullptr;
    glia_model *net_   = nullptr;
};

TEST_F(Layers3d, fill_in_the_defaults) {
    glia_conv3d_args conv{};
    conv.filters   = 6;
    conv.kernel[0] = 3, conv.kernel[1] = 2, conv.kernel[2] = 1;
    conv.groups        = 2;
    const glia_value x = glia_model_input(net_, "x", GLIA_SHAPE(4, 5, 7, 8));
    EXPECT_EQ(shape_of(glia_model_conv3d(net_, x, &conv)), "6,3,6,8") << message();
    conv.padding   = GLIA_PAD_SAME;
    conv.stride[0] = 2, conv.stride[1] = 1, conv.stride[2] = 3;
    EXPECT_EQ(shape_of(glia_model_conv3d(net_, x, &conv)), "6,3,7,3") << message();
    glia_max_pool3d_args max{};
    max.kernel[0] = max.kernel[1] = 2, max.kernel[2] = 3;
    EXPECT_EQ(shape_of(glia_model_max_pool3d(net_, x, &max)), "4,2,3,2") << message();
    max.ceil_mode = true;
    EXPECT_EQ(shape_of(glia_model_max_pool3d(net_, x, &max)), "4,3,4,3") << message();
    glia_avg_pool3d_args avg{};
    avg.kernel[0] = avg.kernel[1] = avg.kernel[2] = 3;
    avg.stride[0] = avg.stride[1] = avg.stride[2] = 2;
    avg.pad[0]                                    = 1;
    EXPECT_EQ(shape_of(glia_model_avg_pool3d(net_, x, &avg)), "4,3,3,3") << message();
}

TEST_F(Layers3d, name_what_is_wrong) {
    const glia_value x = glia_model_input(net_, "x", GLIA_SHAPE(4, 5, 7, 8));
    glia_conv3d_args conv{};
    conv.filters   = 6;
    conv.kernel[0] = 3, conv.kernel[1] = 2;
    EXPECT_LT(glia_model_conv3d(net_, x, &conv).id, 0);
    EXPECT_EQ(message(), "layer 'conv3d': filters is 6, kernel {3,2,0}, groups 1: all must be positive");
}

TEST_F(Layers3d, want_volumes) {
    glia_avg_pool3d_args avg{};
    avg.kernel[0] = avg.kernel[1] = avg.kernel[2] = 2;
    EXPECT_LT(glia_model_avg_pool3d(net_, glia_model_input(net_, "x", GLIA_SHAPE(4, 5, 7)), &avg).id, 0);
    EXPECT_NE(message().find("[C,D,H,W]"), std::string::npos) << message();
}

// Which of two halves of a volume is brighter: a mean over slices tells, a mean over all does not.
TEST_F(Layers3d, learn) {
    enum { SAMPLES = 64, DEPTH = 4, SIDE = 4, VOLUME = DEPTH * SIDE * SIDE };
    std::vector<float> x(SAMPLES * VOLUME), y(SAMPLES);
    for (int n = 0; n < SAMPLES; ++n) {
        y[size_t(n)] = float(n % 2);
        for (int i = 0; i < VOLUME; ++i) {
            const bool front          = i < VOLUME / 2;
            x[size_t(n * VOLUME + i)] = float((n * 7 + i * 5) % 11) / 11 + (front == (n % 2 == 1) ? 0.5f : 0.0f);
        }
    }
    glia_conv3d_args conv{};
    conv.filters   = 4;
    conv.kernel[0] = conv.kernel[1] = conv.kernel[2] = 3;
    conv.padding                                     = GLIA_PAD_SAME;
    conv.activation                                  = GLIA_RELU;
    glia_max_pool3d_args max{};
    max.kernel[0] = 1, max.kernel[1] = max.kernel[2] = 2;
    glia_avg_pool3d_args avg{};
    avg.kernel[0] = 2, avg.kernel[1] = avg.kernel[2] = 2;
    glia_dense_args one{};
    one.units    = 1;
    glia_value v = glia_model_conv3d(net_, glia_model_input(net_, "x", GLIA_SHAPE(1, DEPTH, SIDE, SIDE)), &conv);
    v            = glia_model_avg_pool3d(net_, glia_model_max_pool3d(net_, v, &max), &avg);
    v            = glia_model_dense(net_, glia_model_flatten(net_, v, nullptr), &one);
    glia_compile_args compile{};
    compile.loss      = glia_loss_mse();
    compile.optimizer = glia_optimizer_adam(0.01);
    ASSERT_EQ(glia_model_compile(net_, v, &compile), GLIA_OK) << message();

    char *text  = nullptr;
    size_t size = 0;
    FILE *file  = open_memstream(&text, &size);
    EXPECT_EQ(glia_model_summary(net_, file), GLIA_OK) << message();
    fclose(file);
    const std::string table(text, size);
    free(text);
    for (const char *kind : {"conv3d", "max_pool3d", "avg_pool3d"})
        EXPECT_NE(table.find(kind), std::string::npos) << table;
    EXPECT_NE(table.find("112"), std::string::npos) << "4 filters of 27 and their bias\n" << table;

    glia_array in{}, target{};
    in.dtype = target.dtype = GLIA_F32;
    in.shape = GLIA_SHAPE(1, DEPTH, SIDE, SIDE), target.shape = GLIA_SHAPE(1);
    in.data = x.data(), target.data = y.data();
    glia_arrays_args arrays{};
    arrays.inputs = &in, arrays.targets = &target;
    arrays.n_inputs = arrays.n_targets = 1;
    arrays.count                       = SAMPLES;
    glia_dataset *data                 = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(ctx_, &arrays, &data), GLIA_OK) << message();
    glia_fit_args fit{};
    fit.epochs = 40, fit.batch_size = 16;
    EXPECT_EQ(glia_model_fit(net_, data, &fit), GLIA_OK) << message();
    glia_result result{};
    EXPECT_EQ(glia_model_evaluate(net_, data, 0, &result), GLIA_OK) << message();
    EXPECT_LT(result.loss, 0.02);
    glia_dataset_destroy(data);
}

}  // namespace
