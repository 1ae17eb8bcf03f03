// In which memory formats a device with cuDNN plans images and filters.
#include "support/fake_library.h"

extern "C" {
#include "core/device.h"
}

namespace {

using namespace glia;

const FakeLibrary library(GLIA_CUDNN_EMULATED, GLIA_CUDNN_FILE);

// The sum of two convolutions, one after the other, and its gradients with respect to both filters.
std::vector<std::vector<float>> results_of(Computer &c) {
    Keep keep;
    glia_graph *graph = nullptr;
    glia_plan *plan   = nullptr;
    EXPECT_EQ(c.created, GLIA_OK) << c.message();
    EXPECT_EQ(glia_graph_create(c.ctx, &graph), GLIA_OK);
    const glia_conv2d_params conv = glia_conv2d_defaults();
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    const std::vector<int64_t> dims[] = {{2, 4, 6, 6}, {8, 4, 3, 3}, {8, 8, 3, 3}};
    glia_value leaves[3];
    for (size_t i = 0; i < 3; ++i) {
        int64_t count = 1;
        for (int64_t d : dims[i]) count *= d;
        std::vector<float> values(static_cast<size_t>(count));
        for (size_t k = 0; k < values.size(); ++k) values[k] = float(k * 7 % 13) - 6;
        leaves[i] = glia_graph_tensor(graph, nullptr, tensor_of(c.ctx, keep, GLIA_F32, dims[i], values));
    }
    glia_value y = leaves[0], out[3];
    for (int i = 1; i <= 2; ++i) {
        const glia_value in[] = {y, leaves[i]};
        y                     = glia_graph_call(graph, "conv2d", &conv, in, 2, nullptr, 0);
    }
    out[0] = glia_graph_call(graph, "reduce", &sum, &y, 1, nullptr, 0);
    EXPECT_EQ(glia_graph_gradient(graph, out[0], leaves + 1, 2, out + 1), GLIA_OK) << c.message();
    EXPECT_EQ(glia_plan_create(graph, out, 3, &plan), GLIA_OK) << c.message();
    glia_graph_destroy(graph);
    keep(plan, glia_plan_destroy);
    glia_tensor *results[] = {tensor_of(c.ctx, keep, GLIA_F32, {}, std::vector<float>(1)),
                              tensor_of(c.ctx, keep, GLIA_F32, dims[1], std::vector<float>(288)),
                              tensor_of(c.ctx, keep, GLIA_F32, dims[2], std::vector<float>(576))};
    EXPECT_EQ(glia_plan_run(plan, nullptr, 0, results, 3), GLIA_OK) << c.message();
    return {read<float>(results[0]), read<float>(results[1]), read<float>(results[2])};
}

class Formats : public testing::Test {
   protected:
    void SetUp() override {
        Computer cpu("cpu");
        want_ = results_of(cpu);
    }
    // How many copies into another format the plan has; what it computes is what the CPU computes.
    int changes(glia_math math) {
        Computer c("emulated");
        c.ctx->math = math;
        EXPECT_EQ(results_of(c), want_);
        for (const std::string &line : c.lines) {
            int changes = -1;
            if (sscanf(line.c_str(), "plan: %*d steps, %d changes", &changes) == 1) return changes;
        }
        return -1;
    }

    const Variable log_{"GLIA_LOG", "plan"};
    std::vector<std::vector<float>> want_;
};

TEST_F(Formats, exact_f32_stays_row_major) { EXPECT_EQ(changes(GLIA_MATH_F32), 0); }

TEST_F(Formats, tensor_cores_get_images_and_filters_with_channels_last_each_converted_once) {
    EXPECT_EQ(changes(GLIA_MATH_TF32), 5) << "three images, and both filters, of which two passes read the second";
}

TEST_F(Formats, are_those_of_our_own_kernels_where_these_are_requested) {
    const Variable provider("GLIA_PROVIDER", "cuda.portable");
    EXPECT_EQ(changes(GLIA_MATH_F32), 3) << "the first image, the last, and its gradient";
}

TEST_F(Formats, are_the_librarys_where_it_is_requested) {
    const Variable provider("GLIA_PROVIDER", "cuda.cudnn");
    Computer c("emulated");
    EXPECT_EQ(c.ctx->device->image_formats(c.ctx, GLIA_F32).images, GLI_ROW_MAJOR);
    EXPECT_EQ(c.ctx->device->image_formats(c.ctx, GLIA_BF16).images, GLI_CHANNELS_LAST);
}

}  // namespace
