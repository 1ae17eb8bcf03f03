// What stands around cuDNN's recurrent layers, on an emulated device that knows cuDNN and a library that stands in for
// it: which algorithm runs, in plans, and each call failing in turn. What the layers compute, provider_test compares.
#include <cmath>

#include "support/fake_library.h"

extern "C" {
#include "cuda/device/cuda_device.h"
}

namespace {

using namespace glia;

const FakeLibrary library(GLIA_CUDNN_EMULATED, GLIA_CUDNN_FILE);
int live() { return library.ask("fake_cudnn_live"); }

// In the order of the library's own numbers.
enum Algorithm { standard, persistent, compiled, small };

int runs(Algorithm algorithm) { return library.ask("fake_cudnn_runs", algorithm); }

// A GRU in both directions.
struct Shape {
    int steps = 3, batch = 2, inputs = 3, hidden = 4;
};

std::vector<float> waves(int64_t count, int seed) {
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) values[i] = 0.5f * std::sin(float(int(i) * 7 + seed));
    return values;
}

glia_status make(glia_context *ctx, Keep &keep, const std::vector<int64_t> &dims, int seed, glia_tensor **out) {
    int64_t count = 1;
    for (int64_t d : dims) count *= d;
    const std::vector<float> values = waves(count, seed);
    GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, shape_of_dims(dims), out));
    keep(*out, glia_tensor_destroy);
    return glia_tensor_write(*out, values.data(), values.size() * sizeof(float));
}

// The two calls, made one by one.
class Layer {
   public:
    const glia_rnn_params params{.cell = GLIA_RNN_GRU, .direction = GLIA_RNN_BOTH, .cell_clip = INFINITY};

    glia_status create(glia_context *ctx, Keep &keep, const Shape &s) {
        const int64_t rows = 3 * s.hidden;
        GLI_TEST_TRY(make(ctx, keep, {s.steps, s.batch, s.inputs}, 1, &x_));
        GLI_TEST_TRY(make(ctx, keep, {s.steps, s.batch, s.inputs}, 2, &dx));
        GLI_TEST_TRY(make(ctx, keep, {s.steps, s.batch, 2 * s.hidden}, 3, &y));
        GLI_TEST_TRY(make(ctx, keep, {rows, s.inputs}, 4, &dw));
        for (int d = 0; d < 2; ++d) {
            GLI_TEST_TRY(make(ctx, keep, {rows, s.inputs}, 5 + d, &w_[0]));
            GLI_TEST_TRY(make(ctx, keep, {rows, s.hidden}, 7 + d, &w_[1]));
            GLI_TEST_TRY(make(ctx, keep, {rows}, 9 + d, &w_[2]));
            GLI_TEST_TRY(make(ctx, keep, {rows}, 11 + d, &w_[3]));
            weights_[d] = {.w_ih = w_[0], .w_hh = w_[1], .b_ih = w_[2], .b_hh = w_[3]};
        }
        GLI_TEST_TRY(glia_rnn_reserve(ctx, &params, x_, nullptr, weights_, &reserve_));
        keep(reserve_, glia_tensor_destroy);
        return GLIA_OK;
    }
    glia_status infer(glia_context *ctx) { return glia_rnn(ctx, &params, x_, nullptr, weights_, y, nullptr); }
    glia_status forward(glia_context *ctx) {
        const glia_rnn_end end{.reserve = reserve_};
        return glia_rnn(ctx, &params, x_, nullptr, weights_, y, &end);
    }
    glia_status backward(glia_context *ctx) {
        const glia_rnn_saved saved{.x = x_, .weights = weights_, .y = y, .reserve = reserve_};
        const glia_rnn_upstream upstream{.dy = y};
        const glia_rnn_gradients gradients{.weights = {{.dw_ih = dw}, {}}};
        return glia_rnn_backward(ctx, &params, &saved, &upstream, dx, &gradients);
    }
    glia_status train(glia_context *ctx) {
        GLI_TEST_TRY(forward(ctx));
        return backward(ctx);
    }

    glia_tensor *y = nullptr, *dx = nullptr, *dw = nullptr;

   private:
    glia_tensor *x_ = nullptr, *w_[4] = {}, *reserve_ = nullptr;
    glia_rnn_weights weights_[2] = {};
};

glia_status work(glia_context *ctx, std::vector<float> *out) {
    Keep keep;
    Layer layer;
    GLI_TEST_TRY(layer.create(ctx, keep, {}));
    GLI_TEST_TRY(layer.infer(ctx));
    GLI_TEST_TRY(layer.train(ctx));
    for (const glia_tensor *t : {layer.y, layer.dx, layer.dw}) {
        std::vector<float> values(size_t(glia_tensor_count(t)));
        GLI_TEST_TRY(glia_tensor_read(t, values.data(), values.size() * sizeof(float)));
        out->insert(out->end(), values.begin(), values.end());
    }
    return GLIA_OK;
}

using CudaRnn = WithFakeLibrary<live>;

using Runs = std::vector<int>;  // of standard, persistent, compiled, small

Runs runs_so_far() { return {runs(standard), runs(persistent), runs(compiled), runs(small)}; }

// How often each algorithm goes forward when a new context trains twice. A trial takes four, if nothing is refused.
Runs runs_of(const Shape &shape, bool nondeterministic = false) {
    const Runs before = runs_so_far();
    const glia_context_args args{.nondeterministic = nondeterministic};
    glia_context *ctx = nullptr;
    EXPECT_EQ(glia_context_create("emulated", &args, &ctx), GLIA_OK) << glia_message(nullptr);
    {
        Keep keep;
        Layer layer;
        EXPECT_EQ(layer.create(ctx, keep, shape), GLIA_OK) << glia_message(ctx);
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(layer.train(ctx), GLIA_OK) << glia_message(ctx);
        }
    }
    glia_context_destroy(ctx);
    Runs after = runs_so_far();
    for (size_t i = 0; i < after.size(); ++i) after[i] -= before[i];
    return after;
}

TEST_F(CudaRnn, first_algorithm_that_can_go_both_ways_is_taken_and_kept) {
    EXPECT_EQ(runs_of({.hidden = 4}), (Runs{0, 0, 0, 4 + 2}));
    EXPECT_EQ(runs_of({.hidden = 7}), (Runs{4 + 2, 0, 0, 1})) << "with 7 units, the one for few goes forward only";
    EXPECT_EQ(runs_of({.hidden = 16}), (Runs{4 + 2, 0, 0, 0})) << "the one for few is not even asked";
    EXPECT_EQ(runs_of({.batch = 130, .hidden = 4}), (Runs{0, 0, 0, 4 + 2}));
}

// How often each algorithm goes forward for a layer without gradients on a GPU with so many multiprocessors.
Runs runs_of_wide(glia_dtype dtype, glia_rnn_cell cell, int64_t batch, int major, int minor, int multiprocessors) {
    const Runs before = runs_so_far();
    Computer c("emulated");
    Keep keep;
    struct cudaDeviceProp *gpu = &gli_cuda_of(c.ctx)->properties;
    gpu->major = major, gpu->minor = minor, gpu->multiProcessorCount = multiprocessors;
    const glia_rnn_params params{.cell = cell, .cell_clip = INFINITY};
    const int64_t rows = (cell == GLIA_RNN_LSTM ? 4 : cell == GLIA_RNN_GRU ? 3 : 1) * 256;
    glia_tensor *t[4];
    const glia_shape shapes[] = {GLIA_SHAPE(1, batch, 128), GLIA_SHAPE(rows, 128), GLIA_SHAPE(rows, 256),
                                 GLIA_SHAPE(1, batch, 256)};
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(glia_tensor_create(c.ctx, dtype, shapes[i], &t[i]), GLIA_OK) << c.message();
        keep(t[i], glia_tensor_destroy);
    }
    const glia_rnn_weights weights{.w_ih = t[1], .w_hh = t[2]};
    EXPECT_EQ(glia_rnn(c.ctx, &params, t[0], nullptr, &weights, t[3], nullptr), GLIA_OK) << c.message();
    Runs after = runs_so_far();
    for (size_t i = 0; i < after.size(); ++i) after[i] = after[i] != before[i];
    return after;
}

TEST_F(CudaRnn, persistent_algorithm_is_taken_where_pytorch_takes_it) {
    const Runs is_standard{1, 0, 0, 0}, is_persistent{0, 1, 0, 0};
    EXPECT_EQ(runs_of_wide(GLIA_F16, GLIA_RNN_LSTM, 8, 9, 0, 132), is_persistent);
    EXPECT_EQ(runs_of_wide(GLIA_BF16, GLIA_RNN_LSTM, 8, 9, 0, 132), is_standard);
    EXPECT_EQ(runs_of_wide(GLIA_F16, GLIA_RNN_GRU, 8, 9, 0, 132), is_standard);
    EXPECT_EQ(runs_of_wide(GLIA_F16, GLIA_RNN_LSTM, 7, 9, 0, 132), is_standard);
    EXPECT_EQ(runs_of_wide(GLIA_F16, GLIA_RNN_LSTM, 8, 8, 6, 132), is_standard);
    EXPECT_EQ(runs_of_wide(GLIA_F16, GLIA_RNN_LSTM, 8, 9, 0, 97), is_standard);
    EXPECT_EQ(runs_of_wide(GLIA_F16, GLIA_RNN_TANH, 8, 9, 0, 132), is_standard) << "that for few units refuses";
}

TEST_F(CudaRnn, fastest_algorithm_is_taken_where_bits_may_differ) {
    const Runs all = runs_of({.hidden = 4}, true);
    EXPECT_EQ(all[standard] + all[compiled] + all[small], 3 * 4 + 2);
    EXPECT_GE(std::min({all[standard], all[compiled], all[small]}), 4);
    EXPECT_EQ(all[persistent], 0);
}

// y and the gradients of its sum by x and w_ih, from one plan.
std::vector<std::vector<float>> planned(const char *device, bool *by_cudnn) {
    Computer c(device);
    Keep keep;
    glia_graph *graph = nullptr;
    EXPECT_EQ(glia_graph_create(c.ctx, &graph), GLIA_OK) << c.message();
    const std::vector<std::vector<int64_t>> dims{{20, 3, 8}, {64, 8}, {64, 16}, {64}, {64}};
    const int places[] = {0, 4, 5, 6, 7};
    glia_value in[8]   = {};
    for (int i = 0; i < 5; ++i) {
        glia_tensor *tensor = nullptr;
        EXPECT_EQ(make(c.ctx, keep, dims[size_t(i)], i, &tensor), GLIA_OK) << c.message();
        in[places[i]] = glia_graph_tensor(graph, nullptr, tensor);
    }
    const glia_rnn_params params{.cell = GLIA_RNN_LSTM, .cell_clip = INFINITY};
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    glia_value out[3], wrt[] = {in[0], in[4]};
    out[0]               = glia_graph_call(graph, "rnn", &params, in, 8, nullptr, 0);
    const glia_value all = glia_graph_call(graph, "reduce", &sum, out, 1, nullptr, 0);
    EXPECT_EQ(glia_graph_gradient(graph, all, wrt, 2, out + 1), GLIA_OK) << c.message();
    glia_plan *plan = nullptr;
    EXPECT_EQ(glia_plan_create(graph, out, 3, &plan), GLIA_OK) << c.message();
    glia_graph_destroy(graph);
    keep(plan, glia_plan_destroy);

    const std::vector<std::vector<int64_t>> shapes{{20, 3, 16}, dims[0], dims[1]};
    glia_tensor *results[3] = {};
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(make(c.ctx, keep, shapes[size_t(i)], 0, &results[i]), GLIA_OK);
    }
    EXPECT_EQ(glia_plan_run(plan, nullptr, 0, results, 3), GLIA_OK) << c.message();
    *by_cudnn =
        c.logged("dispatch rnn cell=LSTM: cuda.cudnn") && c.logged("dispatch rnn_backward cell=LSTM: cuda.cudnn");
    return {read<float>(results[0]), read<float>(results[1]), read<float>(results[2])};
}

TEST_F(CudaRnn, plan_keeps_a_reserve_of_the_size_that_the_library_asks_for) {
    const Variable log("GLIA_LOG", "dispatch");
    bool by_cudnn = false, ignored = false;
    const auto got = planned("emulated", &by_cudnn), want = planned("cpu", &ignored);
    EXPECT_TRUE(by_cudnn);
    for (size_t i = 0; i < want.size(); ++i)
        for (size_t k = 0; k < want[i].size(); ++k) ASSERT_NEAR(got[i][k], want[i][k], 1e-5) << i << " " << k;
}

// How many calls of CUDA and of the library the backward call of a layer takes, once its algorithm is found.
int64_t backward_calls(const Shape &shape) {
    Computer c("emulated");
    Keep keep;
    Layer layer;
    EXPECT_EQ(layer.create(c.ctx, keep, shape), GLIA_OK) << c.message();
    EXPECT_EQ(layer.train(c.ctx), GLIA_OK) << c.message();
    EXPECT_EQ(layer.forward(c.ctx), GLIA_OK) << c.message();
    const int64_t before = gli_cuda_of(c.ctx)->calls;
    EXPECT_EQ(layer.backward(c.ctx), GLIA_OK) << c.message();
    return gli_cuda_of(c.ctx)->calls - before;
}

// Behind the library's reserve, where the op's tensor is large enough: not for a single step of a wide layer.
TEST_F(CudaRnn, weights_are_packed_once_where_the_reserve_has_room_for_them) {
    const int64_t narrow = backward_calls({.steps = 1, .batch = 1, .inputs = 64, .hidden = 64});
    const int64_t roomy  = backward_calls({.steps = 12, .batch = 8, .inputs = 64, .hidden = 64});
    EXPECT_EQ(narrow - roomy, 1) << "the launch that packs them";
}

// No other provider may help out.
TEST_F(CudaRnn, each_call_that_fails_is_an_error_or_changes_no_result) {
    const Variable provider("GLIA_PROVIDER", "cuda.cudnn");
    std::vector<float> want;
    {
        const Variable any("GLIA_PROVIDER", nullptr);
        Computer cpu("cpu");
        ASSERT_EQ(work(cpu.ctx, &want), GLIA_OK) << cpu.message();
    }
    const FailedCalls all = fail_each_call(
        {2, 1, 801},
        [&](glia_context *ctx) {
            std::vector<float> got;
            const glia_status status = work(ctx, &got);
            for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5);
            return status;
        },
        live, false);
    EXPECT_GT(all.shown, 60) << "hardly a failure showed";
}

}  // namespace
