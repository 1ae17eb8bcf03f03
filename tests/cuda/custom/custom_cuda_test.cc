// Users' own kernels on the emulated device: in single calls, in plans that are recorded and replayed, under late
// copies and shuffled schedules, and judged by their CPU functions.
#include "custom_kernel.h"
#include "support/devices.h"

namespace {

using namespace glia;

const std::vector<float> kX{1, -2, 3, 0.5, -1, 4}, kSquares{2, 8, 18, 0.5, 2, 32};

glia_custom_params params_of(const glia_custom_op &op, double number, double mistake = 0) {
    return {&op, {number, mistake}, nullptr};
}

class CustomCuda : public OnDevice {
   protected:
    void SetUp() override {
        OnDevice::SetUp();
        if (!IsSkipped()) computer = std::make_unique<Computer>(device());
    }
    void TearDown() override {
        keep.reset();
        computer.reset();
        OnDevice::TearDown();
    }
    glia_tensor *tensor(const std::vector<int64_t> &dims, const std::vector<float> &values) {
        return tensor_of(computer->ctx, *keep, GLIA_F32, dims, values);
    }
    glia_status call(const glia_custom_params &params, const glia_tensor *x, glia_tensor *y) {
        const glia_status status = glia_custom(computer->ctx, &params, &x, 1, &y, 1);
        return status == GLIA_OK ? status_after(y) : status;
    }
    static glia_status status_after(glia_tensor *y) {
        float values[64];
        return glia_tensor_read(y, values, size_t(glia_tensor_count(y)) * sizeof *values);
    }

    std::unique_ptr<Computer> computer;
    std::unique_ptr<Keep> keep = std::make_unique<Keep>();
};

TEST_P(CustomCuda, runs_its_kernel) {
    auto *x = tensor({2, 3}, kX), *y = tensor({2, 3}, std::vector<float>(6));
    ASSERT_EQ(call(params_of(custom_square, 2), x, y), GLIA_OK) << computer->message();
    EXPECT_EQ(read<float>(y), kSquares);
}

TEST_P(CustomCuda, sees_dense_tensors_whatever_the_layout) {
    auto *memory = tensor({6}, {1, 0.5, -2, -1, 3, 4}), *results = tensor({12}, std::vector<float>(12, 77));
    const int64_t columns[] = {1, 2}, gaps[] = {6, 2};
    glia_tensor *x = nullptr, *y = nullptr;
    ASSERT_EQ(glia_tensor_wrap(computer->ctx, GLIA_F32, GLIA_SHAPE(2, 3), columns, glia_tensor_data(memory), &x),
              GLIA_OK);
    (*keep)(x, glia_tensor_destroy);
    ASSERT_EQ(glia_tensor_wrap(computer->ctx, GLIA_F32, GLIA_SHAPE(2, 3), gaps, glia_tensor_data(results), &y),
              GLIA_OK);
    (*keep)(y, glia_tensor_destroy);
    ASSERT_EQ(call(params_of(custom_square, 2), x, y), GLIA_OK) << computer->message();
    EXPECT_EQ(read<float>(results), (std::vector<float>{2, 77, 8, 77, 18, 77, 0.5, 77, 2, 77, 32, 77}));
}

// The sum of square(square(x)) and its gradient, 4 c^3 x^3, several times with other x.
void run_plan(Computer &computer, Keep &keep, int runs) {
    glia_graph *graph = nullptr;
    glia_plan *plan   = nullptr;
    ASSERT_EQ(glia_graph_create(computer.ctx, &graph), GLIA_OK);
    keep(graph, glia_graph_destroy);
    const auto params = params_of(custom_square, 2);
    const glia_reduce_params all{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    const glia_value x = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(6));
    glia_value y       = glia_graph_custom(graph, &params, &x, 1, nullptr, 0), out[2];
    y                  = glia_graph_custom(graph, &params, &y, 1, nullptr, 0);
    out[0]             = glia_graph_call(graph, "reduce", &all, &y, 1, nullptr, 0);
    ASSERT_EQ(glia_graph_gradient(graph, out[0], &x, 1, &out[1]), GLIA_OK) << computer.message();
    ASSERT_EQ(glia_plan_create(graph, out, 2, &plan), GLIA_OK) << computer.message();
    keep(plan, glia_plan_destroy);
    auto *given = tensor_of(computer.ctx, keep, GLIA_F32, {6}, kX),
         *sum   = tensor_of<float>(computer.ctx, keep, GLIA_F32, {}, {0}),
         *dx    = tensor_of(computer.ctx, keep, GLIA_F32, {6}, kX);
    for (int run = 0; run < runs; ++run) {
        std::vector<float> values = kX, slopes;
        double total              = 0;
        for (float &v : values) v += float(run), total += 8.0 * v * v * v * v, slopes.push_back(32 * v * v * v);
        ASSERT_EQ(glia_tensor_write(given, values.data(), values.size() * sizeof(float)), GLIA_OK);
        const glia_tensor *in[] = {given};
        glia_tensor *results[]  = {sum, dx};
        ASSERT_EQ(glia_plan_run(plan, in, 1, results, 2), GLIA_OK) << computer.message();
        EXPECT_EQ(read<float>(dx), slopes) << run;
        EXPECT_NEAR(read<float>(sum)[0], total, 1e-6 * total) << run;
    }
}

TEST_P(CustomCuda, runs_in_plans_again_and_again) { run_plan(*computer, *keep, 5); }

TEST_P(CustomCuda, runs_under_late_copies_and_shuffled_schedules) {
    for (const char *settings : {"copies=late", "schedule=shuffled,seed=3", "schedule=reverse,copies=late"}) {
        const Variable variable("GLIA_EMULATOR", settings);
        Computer other(device());
        Keep own;
        ASSERT_EQ(other.created, GLIA_OK) << other.message();
        run_plan(other, own, 3);
    }
}

TEST_P(CustomCuda, is_judged_by_its_cpu_function) {
    computer->ctx->shadow = true;
    auto *x = tensor({6}, kX), *y = tensor({6}, std::vector<float>(6));
    EXPECT_EQ(call(params_of(custom_square, 2), x, y), GLIA_OK) << computer->message();
    EXPECT_EQ(call(params_of(custom_square, 2, 0.01), x, y), GLIA_CHECK_FAILED);
    EXPECT_NE(computer->message().find("custom: cuda.portable differs from cpu.ref"), std::string::npos)
        << computer->message();
    glia_custom_op alone = custom_square;
    alone.forward = alone.backward = nullptr;
    EXPECT_EQ(call(params_of(alone, 2, 0.01), x, y), GLIA_OK) << "nothing to compare with: " << computer->message();
}

TEST_P(CustomCuda, says_what_is_missing) {
    glia_custom_op host = custom_square;
    host.cuda_forward   = nullptr;
    auto *x = tensor({6}, kX), *y = tensor({6}, std::vector<float>(6));
    EXPECT_EQ(call(params_of(host, 2), x, y), GLIA_UNSUPPORTED);
    EXPECT_NE(computer->message().find("no forward for CUDA devices"), std::string::npos) << computer->message();
}

TEST_P(CustomCuda, passes_on_what_went_wrong) {
    glia_custom_op op = custom_square;
    op.cuda_forward   = [](glia_custom_call *call) {
        return snprintf(call->message, sizeof call->message, "no table %d", 7), GLIA_DEVICE_ERROR;
    };
    auto *x = tensor({6}, kX), *y = tensor({6}, std::vector<float>(6));
    EXPECT_EQ(call(params_of(op, 2), x, y), GLIA_DEVICE_ERROR);
    EXPECT_NE(computer->message().find("'square' failed: no table 7"), std::string::npos) << computer->message();
    EXPECT_EQ(call(params_of(custom_square, 2), x, y), GLIA_OK) << computer->message();
}

// What moves between host and device while a plan is recorded would be no part of it, or would end it.
TEST_P(CustomCuda, that_transfers_is_launched_one_by_one) {
    static const std::function<glia_status(glia_tensor *, float *)> transfers[] = {
        [](glia_tensor *t, float *v) { return glia_tensor_write(t, v, sizeof *v); },
        [](glia_tensor *t, float *v) { return glia_tensor_read(t, v, sizeof *v); },
        [](glia_tensor *t, float *) { return t->ctx->device->synchronize(t->ctx); },
    };
    struct {
        glia_tensor *table;
        float runs;
        int which;
    } used            = {};
    glia_custom_op op = custom_square;
    op.cuda_forward   = [](glia_custom_call *call) {
        auto *u     = static_cast<decltype(used) *>(call->params->user);
        float value = ++u->runs;
        GLI_TEST_TRY(transfers[u->which](u->table, &value));
        return custom_square.cuda_forward(call);
    };
    for (used.which = 0; used.which < 3; ++used.which) {
        const Variable log("GLIA_LOG", "info");
        Computer own(device());
        Keep kept;
        glia_graph *graph = nullptr;
        glia_plan *plan   = nullptr;
        auto *x           = tensor_of(own.ctx, kept, GLIA_F32, {6}, kX),
             *y           = tensor_of(own.ctx, kept, GLIA_F32, {6}, std::vector<float>(6));
        used.table        = tensor_of<float>(own.ctx, kept, GLIA_F32, {1}, {0});
        used.runs         = 0;
        ASSERT_EQ(glia_graph_create(own.ctx, &graph), GLIA_OK);
        kept(graph, glia_graph_destroy);
        glia_custom_params params = params_of(op, 2);
        params.user               = &used;
        const glia_value in       = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(6));
        glia_value out            = glia_graph_custom(graph, &params, &in, 1, nullptr, 0);
        out                       = glia_graph_custom(graph, &params, &out, 1, nullptr, 0);
        ASSERT_EQ(glia_plan_create(graph, &out, 1, &plan), GLIA_OK) << own.message();
        kept(plan, glia_plan_destroy);
        const glia_tensor *given[] = {x};
        for (int run = 0; run < 4; ++run) {
            ASSERT_EQ(glia_plan_run(plan, given, 1, &y, 1), GLIA_OK) << own.message();
            EXPECT_EQ(read<float>(y)[1], 128) << "2 (2 4)^2";
            EXPECT_EQ(read<float>(used.table)[0], used.which == 0 ? used.runs : 0) << "the table is that of this run";
        }
        EXPECT_TRUE(own.logged("are launched one by one, because: ")) << used.which;
    }
}

GLI_ON_EMULATOR(CustomCuda);

}  // namespace
