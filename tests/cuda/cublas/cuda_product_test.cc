// What stands around cuBLASLt's products, on an emulated device that knows cuBLASLt and a library that stands in for
// it: when algorithms are timed, against what, and each call failing in turn. What products are, provider_test
// compares.
#include <dlfcn.h>

#include "support/devices.h"

namespace {

using namespace glia;

const int folder =
    setenv("GLIA_LIBRARY_DIR", GLIA_CUBLAS_EMULATED, 1) + setenv("GLIA_CUDA_LIBRARY_PATH", GLIA_CUBLAS_EMULATED, 1);

// act(x w^T + bias) in a plan of its own, run once.
glia_status dense(glia_context *ctx, glia_activation activation, std::vector<float> *out = nullptr) {
    Keep keep;
    glia_graph *graph = nullptr;
    glia_plan *plan   = nullptr;
    glia_tensor *t[3], *y;
    const glia_shape shapes[] = {GLIA_SHAPE(5, 8), GLIA_SHAPE(4, 8), GLIA_SHAPE(4)};
    glia_value in[3];
    GLI_TEST_TRY(glia_graph_create(ctx, &graph));
    keep(graph, glia_graph_destroy);
    for (size_t i = 0; i < 3; ++i) {
        GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, shapes[i], &t[i]));
        keep(t[i], glia_tensor_destroy);
        std::vector<float> values(size_t(glia_tensor_count(t[i])));
        for (size_t k = 0; k < values.size(); ++k) values[k] = float(k * 7 % 11) - 5;
        GLI_TEST_TRY(glia_tensor_write(t[i], values.data(), values.size() * sizeof(float)));
        in[i] = glia_graph_tensor(graph, nullptr, t[i]);
    }
    const glia_dense_params params{.activation = activation};
    const glia_value product = glia_graph_call(graph, "dense", &params, in, 3, nullptr, 0);
    GLI_TEST_TRY(glia_plan_create(graph, &product, 1, &plan));
    keep(plan, glia_plan_destroy);
    GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(5, 4), &y));
    keep(y, glia_tensor_destroy);
    GLI_TEST_TRY(glia_plan_run(plan, nullptr, 0, &y, 1));
    std::vector<float> values(20);
    GLI_TEST_TRY(glia_tensor_read(y, values.data(), values.size() * sizeof(float)));
    if (out) *out = values;
    return GLIA_OK;
}

// What the library takes for a product, from now on.
void take_time(int milliseconds) {
    void *library = dlopen(GLIA_CUBLAS_EMULATED "/" GLIA_CUBLAS_FILE, RTLD_NOW | RTLD_NODELETE);
    ASSERT_NE(library, nullptr);
    reinterpret_cast<void (*)(int)>(dlsym(library, "fake_cublas_take_time"))(milliseconds);
    dlclose(library);
}

class Products : public testing::Test {
   protected:
    void TearDown() override { EXPECT_EQ(live_bytes("emulated"), 0u); }
    const Variable log_{"GLIA_LOG", "dispatch"};
};

TEST_F(Products, are_timed_once_for_all_plans_of_a_context) {
    Computer c("emulated");
    for (int plan = 0; plan < 3; ++plan) ASSERT_EQ(dense(c.ctx, GLIA_LINEAR), GLIA_OK) << c.message();
    EXPECT_EQ(c.count("dispatch dense: cuda.cublas"), 3);
    EXPECT_EQ(c.count("dense: algorithm 0 of 2 is the fastest") + c.count("dense: algorithm 1 of 2 is the fastest"), 1);
    ASSERT_EQ(dense(c.ctx, GLIA_RELU), GLIA_OK) << c.message();
    EXPECT_EQ(c.count("of 2 is the fastest"), 2) << "another product";
}

TEST_F(Products, are_our_own_kernels_where_bits_may_differ_and_these_are_faster) {
    for (const glia_activation activation : {GLIA_RELU, GLIA_LINEAR})
        for (const bool nondeterministic : {false, true}) {
            Computer c("emulated");
            std::vector<float> first, second;
            c.ctx->nondeterministic = nondeterministic;
            take_time(100);
            ASSERT_EQ(dense(c.ctx, activation, &first), GLIA_OK) << c.message();
            ASSERT_EQ(dense(c.ctx, activation, &second), GLIA_OK) << c.message();
            take_time(0);
            EXPECT_EQ(first, second);
            EXPECT_EQ(c.count("dispatch dense: cuda.cublas declines: cuda.portable is faster"),
                      nondeterministic ? 2 : 0);
            EXPECT_EQ(c.count("dense: cuda.portable takes "), nondeterministic ? 1 : 0) << "timed once";
        }
}

TEST_F(Products, are_the_librarys_where_it_is_requested) {
    const Variable provider("GLIA_PROVIDER", "cuda.cublas");
    Computer c("emulated");
    c.ctx->nondeterministic = true;
    ASSERT_EQ(dense(c.ctx, GLIA_LINEAR), GLIA_OK) << c.message();
    EXPECT_FALSE(c.logged("dense: cuda.portable takes "));
}

// No other provider may help out, unless bits may differ.
TEST_F(Products, each_call_that_fails_is_an_error_that_leaves_nothing_behind) {
    const Variable chunk("GLIA_CUDA_CHUNK", "65536");
    for (const bool nondeterministic : {false, true}) {
        long calls = 0;
        {
            Computer c("emulated");
            c.ctx->nondeterministic = nondeterministic;
            ASSERT_EQ(dense(c.ctx, GLIA_RELU), GLIA_OK) << c.message();
            c.destroy();
            calls = c.calls();
        }
        ASSERT_GT(calls, 100);
        int failed = 0, lost = 0;
        for (long call = 0; call < calls; ++call)
            for (const int error : {2, 1, 801, 700}) {
                const std::string setting = std::to_string(call) + ":" + std::to_string(error);
                const Variable fail("GLIA_CUDA_FAIL", setting.c_str());
                Computer c("emulated");
                if (c.created != GLIA_OK) continue;
                c.ctx->nondeterministic  = nondeterministic;
                const glia_status status = dense(c.ctx, GLIA_RELU);
                failed += status != GLIA_OK;
                lost += status == GLIA_DEVICE_LOST;
                EXPECT_TRUE(status == GLIA_OK || c.message() != "") << setting;
                EXPECT_EQ(dense(c.ctx, GLIA_RELU), status == GLIA_DEVICE_LOST ? status : GLIA_OK)
                    << setting << ", the second time: " << c.message();
                c.destroy();
                EXPECT_EQ(c.memory.held, 0u) << setting;
                ASSERT_EQ(live_bytes("emulated"), 0u) << setting;
            }
        EXPECT_GT(failed, 20) << "hardly a failure showed";
        printf("%ld calls failed, each with four errors; %d showed, %d lost the device\n", calls, failed, lost);
    }
}

}  // namespace
