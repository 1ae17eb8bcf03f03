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

// An LSTM layer and its gradients: a product of x with w_ih before the steps, and of the gradients of gates behind
// them.
glia_status recurrent(glia_context *ctx, std::vector<float> *out) {
    enum { X, W_IH, W_HH, B_IH, Y, DX, DW_IH, DW_HH, DB_IH, TENSORS };
    const glia_shape x = GLIA_SHAPE(3, 2, 8), w_ih = GLIA_SHAPE(16, 8), w_hh = GLIA_SHAPE(16, 4), bias = GLIA_SHAPE(16);
    const glia_shape shapes[] = {x, w_ih, w_hh, bias, GLIA_SHAPE(3, 2, 4), x, w_ih, w_hh, bias};
    Keep keep;
    glia_tensor *t[TENSORS], *reserve;
    for (size_t i = 0; i < TENSORS; ++i) {
        GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, shapes[i], &t[i]));
        keep(t[i], glia_tensor_destroy);
        std::vector<float> values = small_integers(t[i]);
        for (float &value : values) value /= 16;
        GLI_TEST_TRY(glia_tensor_write(t[i], values.data(), values.size() * sizeof(float)));
    }
    glia_rnn_params params = glia_rnn_defaults();
    params.cell            = GLIA_RNN_LSTM;
    const glia_rnn_weights weights{.w_ih = t[W_IH], .w_hh = t[W_HH], .b_ih = t[B_IH], .b_hh = t[B_IH]};
    GLI_TEST_TRY(glia_rnn_reserve(ctx, &params, t[X], nullptr, &weights, &reserve));
    keep(reserve, glia_tensor_destroy);
    const glia_rnn_end end{.reserve = reserve};
    GLI_TEST_TRY(glia_rnn(ctx, &params, t[X], nullptr, &weights, t[Y], &end));
    const glia_rnn_saved saved{.x = t[X], .weights = &weights, .y = t[Y], .reserve = reserve};
    const glia_rnn_upstream upstream{.dy = t[Y]};
    const glia_rnn_gradients gradients{.weights = {{.dw_ih = t[DW_IH], .dw_hh = t[DW_HH], .db_ih = t[DB_IH]}, {}}};
    GLI_TEST_TRY(glia_rnn_backward(ctx, &params, &saved, &upstream, t[DX], &gradients));
    out->clear();
    for (size_t i = Y; i < TENSORS; ++i) {
        std::vector<float> values(size_t(glia_tensor_count(t[i])));
        GLI_TEST_TRY(glia_tensor_read(t[i], values.data(), values.size() * sizeof(float)));
        out->insert(out->end(), values.begin(), values.end());
    }
    return GLIA_OK;
}

void expect_near(const std::vector<float> &got, const std::vector<float> &want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5) << i;
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

TEST_F(Products, of_recurrent_layers_are_the_librarys_unless_another_provider_is_requested) {
    std::vector<float> want, got;
    Computer cpu("cpu");
    ASSERT_EQ(recurrent(cpu.ctx, &want), GLIA_OK) << cpu.message();
    {
        Computer c("emulated");
        for (int times = 0; times < 2; ++times) {
            ASSERT_EQ(recurrent(c.ctx, &got), GLIA_OK) << c.message();
            expect_near(got, want);
        }
        EXPECT_EQ(c.count("rnn: a product of 6 x 16 x 8: cuda.cublas"), 1) << "planned once";
        EXPECT_EQ(c.count("rnn_backward: a product of 6 x 8 x 16: cuda.cublas"), 1);
        EXPECT_EQ(c.count("rnn_backward: a product of 16 x 8 x 6: cuda.cublas"), 1);
        EXPECT_EQ(c.count("rnn_backward: a product of 16 x 4 x 6: cuda.cublas"), 1);
        take_time(5);
        Computer slow("emulated");
        slow.ctx->nondeterministic = true;
        ASSERT_EQ(recurrent(slow.ctx, &got), GLIA_OK) << slow.message();
        take_time(0);
        expect_near(got, want);
        EXPECT_EQ(slow.count("a product of 16 x 4 x 6: our own, since it declines: cuda.portable is faster"), 1);
    }
    const Variable provider("GLIA_PROVIDER", "cuda.portable");
    Computer own("emulated");
    ASSERT_EQ(recurrent(own.ctx, &got), GLIA_OK) << own.message();
    expect_near(got, want);
    EXPECT_EQ(own.count("a product of"), 0);
}

TEST_F(Products, of_recurrent_layers_may_fail) {
    std::vector<float> want;
    Computer cpu("cpu");
    ASSERT_EQ(recurrent(cpu.ctx, &want), GLIA_OK) << cpu.message();
    const FailedCalls all = fail_each_call(
        {2, 801},
        [&](glia_context *ctx) {
            std::vector<float> got;
            const glia_status status = recurrent(ctx, &got);
            if (status == GLIA_OK) expect_near(got, want);
            return status;
        },
        live);
    EXPECT_GT(all.shown, 20) << "hardly a failure showed";
}

}  // namespace
