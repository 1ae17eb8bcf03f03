// The persistent recurrent kernels are for GPUs that hold all their blocks at once. Others are not asked to run them.
#include <cmath>

#include "support/devices.h"

extern "C" {
#include "cuda/device/cuda_device.h"
}

namespace {

using namespace glia;

// A layer with one sequence and one step.
glia_status run_layer(glia_context *ctx, int64_t units) {
    Keep keep;
    glia_tensor *t[4];
    const glia_shape shapes[] = {GLIA_SHAPE(1, 1, 4), GLIA_SHAPE(units, 4), GLIA_SHAPE(units, units),
                                 GLIA_SHAPE(1, 1, units)};
    for (size_t i = 0; i < 4; ++i) {
        GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, shapes[i], &t[i]));
        keep(t[i], glia_tensor_destroy);
        GLI_TEST_TRY(glia_tensor_fill(t[i], 0.25));
    }
    const glia_rnn_params params{.cell = GLIA_RNN_TANH, .cell_clip = INFINITY};
    const glia_rnn_weights weights{.w_ih = t[1], .w_hh = t[2]};
    GLI_TEST_TRY(glia_rnn(ctx, &params, t[0], nullptr, &weights, t[3], nullptr));
    std::vector<float> y(static_cast<size_t>(units));
    GLI_TEST_TRY(glia_tensor_read(t[3], y.data(), y.size() * sizeof(float)));
    for (float each : y) EXPECT_NEAR(each, std::tanh(0.25), 1e-6);
    return GLIA_OK;
}

TEST(Persistent, is_taken_where_its_blocks_fit_at_once) {
    const Variable log("GLIA_LOG", "dispatch");
    Computer c("emulated");
    ASSERT_EQ(run_layer(c.ctx, 128), GLIA_OK) << c.message();
    EXPECT_FALSE(c.logged("dispatch rnn: cuda.persistent declines"));
    EXPECT_TRUE(c.logged("dispatch rnn: cuda.persistent"));
    gli_cuda_of(c.ctx)->properties.sharedMemPerBlockOptin = 1 << 20;  // more than there is
    ASSERT_EQ(run_layer(c.ctx, 512), GLIA_OK) << c.message();
    EXPECT_TRUE(c.logged("dispatch rnn: cuda.persistent declines: emulated: gli_kernel_rnn_persistent_blocks: "));
    EXPECT_TRUE(c.logged("dispatch rnn: cuda.portable"));
}

// What the device says to that is heard, as of every call: of two questions, one for each pass.
TEST(Persistent, is_not_taken_where_the_device_cannot_say_whether_they_fit) {
    const Variable log("GLIA_LOG", "dispatch");
    int64_t calls = 0;
    {
        Computer c("emulated");
        const int64_t opening = gli_cuda_of(c.ctx)->calls;
        ASSERT_EQ(run_layer(c.ctx, 128), GLIA_OK) << c.message();
        calls = gli_cuda_of(c.ctx)->calls - opening;
    }
    for (const int error : {1, 801, 700}) {
        int declined = 0, lost = 0;
        for (int64_t call = 0; call < calls; ++call) {
            Computer c("emulated");
            gli_cuda *cuda = gli_cuda_of(c.ctx);
            cuda->fail_at = cuda->calls + call, cuda->fail_with = error;
            const glia_status status = run_layer(c.ctx, 128);
            if (c.logged("persistent_blocks: ")) {
                ++declined;
                EXPECT_EQ(status, GLIA_OK) << c.message();
                EXPECT_TRUE(c.logged("dispatch rnn: cuda.portable"));
            }
            lost += status == GLIA_DEVICE_LOST && c.message().find("persistent_blocks: ") != std::string::npos;
        }
        EXPECT_EQ(declined, error == 700 ? 0 : 2);
        EXPECT_EQ(lost, error == 700 ? 2 : 0);
    }
}

}  // namespace
