// What stands around cuBLASLt's products, on an emulated device that knows cuBLASLt and a library that stands in for
// it: when algorithms are timed, against what, and each call failing in turn. What products are, provider_test
// compares.
#include "support/fake_library.h"

namespace {

using namespace glia;

const FakeLibrary library(GLIA_CUBLAS_EMULATED, GLIA_CUBLAS_FILE);
int live() { return library.ask("fake_cublas_live"); }
// What the library takes for a product, from now on.
void take_time(int milliseconds) { library.ask("fake_cublas_take_time", milliseconds); }

std::vector<float> small_integers(const glia_tensor *t) {
    std::vector<float> values(size_t(glia_tensor_count(t)));
    for (size_t k = 0; k < values.size(); ++k) values[k] = float(k * 7 % 11) - 5;
    return values;
}

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
        const std::vector<float> values = small_integers(t[i]);
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

// Two products of matrices, one for each batch.
glia_status matmul(glia_context *ctx, std::vector<float> *out) {
    Keep keep;
    glia_tensor *t[3];
    const glia_shape shapes[] = {GLIA_SHAPE(2, 5, 8), GLIA_SHAPE(2, 8, 4), GLIA_SHAPE(2, 5, 4)};
    for (size_t i = 0; i < 3; ++i) {
        GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, shapes[i], &t[i]));
        keep(t[i], glia_tensor_destroy);
        const std::vector<float> values = small_integers(t[i]);
        GLI_TEST_TRY(glia_tensor_write(t[i], values.data(), values.size() * sizeof(float)));
    }
    const glia_matmul_params params = glia_matmul_defaults();
    GLI_TEST_TRY(glia_matmul(ctx, &params, t[0], t[1], nullptr, t[2]));
    out->resize(40);
    return glia_tensor_read(t[2], out->data(), out->size() * sizeof(float));
}

class Products : public WithFakeLibrary<live> {
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

TEST_F(Products, each_call_that_fails_is_an_error_or_changes_no_result) {
    using Work       = glia_status (*)(glia_context *, std::vector<float> *);
    const Work layer = [](glia_context *ctx, std::vector<float> *out) { return dense(ctx, GLIA_RELU, out); };
    for (const Work work : {layer, Work(matmul)})
        for (const bool nondeterministic : {false, true}) {
            std::vector<float> want;
            Computer cpu("cpu");
            ASSERT_EQ(work(cpu.ctx, &want), GLIA_OK) << cpu.message();
            const FailedCalls all = fail_each_call(
                {2, 1, 801, 700},
                [&](glia_context *ctx) {
                    std::vector<float> got;
                    ctx->nondeterministic    = nondeterministic;
                    const glia_status status = work(ctx, &got);
                    if (status == GLIA_OK) {
                        EXPECT_EQ(got, want);
                    }
                    return status;
                },
                live);
            EXPECT_GT(all.shown, 20) << "hardly a failure showed";
        }
}

}  // namespace
