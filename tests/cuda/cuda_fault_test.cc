// Each call of CUDA made to fail in turn: the right status, a message that names the call, nothing left behind, and a
// context that works on or says that its device is lost.
#include <functional>

#include "support/devices.h"

namespace {

using namespace glia;

struct Scenario {
    const char *name;
    std::function<glia_status(glia_context *, Keep &)> work;
};

glia_status make(glia_context *ctx, Keep &keep, glia_dtype dtype, glia_shape shape, glia_tensor **out) {
    *out = nullptr;
    GLI_TEST_TRY(glia_tensor_create(ctx, dtype, shape, out));
    keep(*out, glia_tensor_destroy);
    return GLIA_OK;
}

glia_status tensors(glia_context *ctx, Keep &keep) {
    const size_t count = (5 << 20) / sizeof(float);  // more than one piece of staging memory
    std::vector<float> host(count, 2);
    glia_tensor *t, *gapped;
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(int64_t(count)), &t));
    GLI_TEST_TRY(glia_tensor_write(t, host.data(), count * sizeof(float)));
    const int64_t stride[] = {9, 2};
    GLI_TEST_TRY(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 3), stride, glia_tensor_data(t), &gapped));
    keep(gapped, glia_tensor_destroy);
    GLI_TEST_TRY(glia_tensor_fill(gapped, 3));
    GLI_TEST_TRY(glia_tensor_read(t, host.data(), count * sizeof(float)));
    EXPECT_EQ(host[0], 3);
    EXPECT_EQ(host[1], 2);
    EXPECT_EQ(host[count - 1], 2);
    return GLIA_OK;
}

// Calls with copies of strided tensors, a workspace, and indices.
glia_status ops(glia_context *ctx, Keep &keep) {
    const glia_softmax_params softmax = glia_softmax_defaults();
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    const glia_gather_params gather{};
    const float host[]   = {1, 2, 3, 4, 5, 6, 7, 8};
    const int64_t rows[] = {1, 0, 1}, stride[] = {1, 2};
    glia_tensor *x, *y, *s, *index, *picked, *transposed;
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(2, 4), &x));
    GLI_TEST_TRY(glia_tensor_write(x, host, sizeof host));
    GLI_TEST_TRY(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 4), stride, glia_tensor_data(x), &transposed));
    keep(transposed, glia_tensor_destroy);
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(2, 4), &y));
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SCALAR, &s));
    GLI_TEST_TRY(glia_softmax(ctx, &softmax, transposed, y));
    GLI_TEST_TRY(glia_reduce(ctx, &sum, y, s));
    GLI_TEST_TRY(make(ctx, keep, GLIA_I64, GLIA_SHAPE(3), &index));
    GLI_TEST_TRY(glia_tensor_write(index, rows, sizeof rows));
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(3, 4), &picked));
    GLI_TEST_TRY(glia_gather(ctx, &gather, x, index, picked));
    float got = 0, gathered[12];
    GLI_TEST_TRY(glia_tensor_read(s, &got, sizeof got));
    GLI_TEST_TRY(glia_tensor_read(picked, gathered, sizeof gathered));
    EXPECT_NEAR(got, 2, 1e-6);
    EXPECT_EQ(gathered[0], 5);
    return GLIA_OK;
}

// Launched, recorded and replayed.
glia_status plan(glia_context *ctx, Keep &keep) {
    const glia_unary_params tanh      = glia_unary_defaults(GLIA_UNARY_TANH);
    const glia_softmax_params softmax = glia_softmax_defaults();
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    glia_graph *graph = nullptr;
    glia_plan *plan   = nullptr;
    glia_tensor *in, *out;
    GLI_TEST_TRY(glia_graph_create(ctx, &graph));
    keep(graph, glia_graph_destroy);
    glia_value value = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(3, 5));
    value            = glia_graph_call(graph, "unary", &tanh, &value, 1, nullptr, 0);
    value            = glia_graph_call(graph, "softmax", &softmax, &value, 1, nullptr, 0);
    value            = glia_graph_call(graph, "reduce", &sum, &value, 1, nullptr, 0);
    GLI_TEST_TRY(glia_plan_create(graph, &value, 1, &plan));
    keep(plan, glia_plan_destroy);
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(3, 5), &in));
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SCALAR, &out));
    const glia_tensor *const inputs[] = {in};
    for (int run = 0; run < 3; ++run) {
        float host[15], got = 0;
        for (int i = 0; i < 15; ++i) host[i] = float(i * run);
        GLI_TEST_TRY(glia_tensor_write(in, host, sizeof host));
        GLI_TEST_TRY(glia_plan_run(plan, inputs, 1, &out, 1));
        GLI_TEST_TRY(glia_tensor_read(out, &got, sizeof got));
        EXPECT_NEAR(got, 3, 1e-6);
    }
    return GLIA_OK;
}

// A launch for each step, lengths that are checked on the device, and what the forward call keeps for the backward one.
glia_status recurrent(glia_context *ctx, Keep &keep) {
    snprintf(ctx->provider, sizeof ctx->provider, "cuda.portable");
    glia_rnn_params p = glia_rnn_defaults();
    p.cell = GLIA_RNN_LSTM, p.direction = GLIA_RNN_BOTH;
    const int32_t steps[] = {1, 2};
    glia_tensor *x, *lengths, *w_ih, *w_hh, *y, *reserve, *dx;
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(2, 2, 3), &x));
    GLI_TEST_TRY(make(ctx, keep, GLIA_I32, GLIA_SHAPE(2), &lengths));
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(8, 3), &w_ih));
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(8, 2), &w_hh));
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(2, 2, 4), &y));
    GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(2, 2, 3), &dx));
    GLI_TEST_TRY(glia_tensor_fill(x, 1));
    GLI_TEST_TRY(glia_tensor_fill(w_ih, 1));
    GLI_TEST_TRY(glia_tensor_fill(w_hh, 0));
    GLI_TEST_TRY(glia_tensor_write(lengths, steps, sizeof steps));
    glia_rnn_weights weights[2]{};
    for (glia_rnn_weights &w : weights) w.w_ih = w_ih, w.w_hh = w_hh;
    glia_rnn_start start{};
    start.lengths = lengths;
    GLI_TEST_TRY(glia_rnn_reserve(ctx, &p, x, &start, weights, &reserve));
    keep(reserve, glia_tensor_destroy);
    glia_rnn_end end{};
    end.reserve = reserve;
    GLI_TEST_TRY(glia_rnn(ctx, &p, x, &start, weights, y, &end));
    const glia_rnn_saved saved{x, &start, weights, y, reserve};
    glia_rnn_upstream upstream{};
    upstream.dy = y;
    GLI_TEST_TRY(glia_rnn_backward(ctx, &p, &saved, &upstream, dx, nullptr));
    float outputs[16], gradients[12];
    GLI_TEST_TRY(glia_tensor_read(y, outputs, sizeof outputs));
    GLI_TEST_TRY(glia_tensor_read(dx, gradients, sizeof gradients));
    EXPECT_NEAR(outputs[0], 0.704, 1e-3);  // sigma(3) tanh(sigma(3) tanh(3))
    EXPECT_EQ(outputs[8], 0);              // the first sequence has no second step
    EXPECT_GT(gradients[0], 0);
    EXPECT_EQ(gradients[6], 0);
    return GLIA_OK;
}

// Its products are kernels of our own: a library's failures may be made up for, and each tuning has hundreds of calls.
glia_status training(glia_context *ctx, Keep &keep) {
    snprintf(ctx->provider, sizeof ctx->provider, "cuda.portable");
    static const float points[12]   = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    static const int64_t classes[6] = {0, 1, 0, 1, 0, 1};
    const glia_array input{"x", GLIA_F32, GLIA_SHAPE(2), points, 0, 0},
        target{"t", GLIA_I64, GLIA_SCALAR, classes, 0, 0};
    glia_arrays_args arrays{};
    arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &target, arrays.n_targets = 1, arrays.count = 6;
    glia_dataset *data = nullptr;
    glia_model *model  = nullptr;
    GLI_TEST_TRY(glia_dataset_from_arrays(ctx, &arrays, &data));
    keep(data, glia_dataset_destroy);
    GLI_TEST_TRY(glia_model_create(ctx, nullptr, &model));
    keep(model, glia_model_destroy);
    glia_dense_args dense{};
    dense.units          = 2;
    const glia_value out = glia_model_dense(model, glia_model_input(model, "x", GLIA_SHAPE(2)), &dense);
    glia_compile_args compile{};
    compile.loss = glia_loss_cross_entropy();
    GLI_TEST_TRY(glia_model_compile(model, out, &compile));
    glia_fit_args fit{};
    fit.batch_size = 2;
    GLI_TEST_TRY(glia_model_fit(model, data, &fit));
    float predicted[12];
    return glia_model_predict(model, data, 6, predicted, sizeof predicted);
}

const Scenario kScenarios[] = {{"create_and_destroy", [](glia_context *, Keep &) { return GLIA_OK; }},
                               {"tensors", tensors},
                               {"ops", ops},
                               {"plan", plan},
                               {"recurrent", recurrent},
                               {"training", training}};

struct Fault {
    int error;
    const char *text;
    glia_status status;
};
const Fault kFaults[] = {{2, "cudaErrorMemoryAllocation", GLIA_OUT_OF_MEMORY},
                         {1, "cudaErrorInvalidValue", GLIA_DEVICE_ERROR},
                         {700, "cudaErrorIllegalAddress", GLIA_DEVICE_LOST},
                         {719, "cudaErrorLaunchFailure", GLIA_DEVICE_LOST},
                         {801, "cudaErrorNotSupported", GLIA_UNSUPPORTED}};

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

void expect_lost(Computer &c) {
    glia_tensor *t = nullptr;
    EXPECT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(1), &t), GLIA_DEVICE_LOST);
    EXPECT_TRUE(has(c.message(), "was lost earlier (")) << c.message();
    EXPECT_TRUE(has(c.message(), "; if a new context fails too, ")) << c.message();
}

class Faults : public OnDevice {
   protected:
    // The work with the call of this number failing. *failed: whether that showed.
    void walk_into(const Scenario &s, const Fault &fault, long call, bool *failed) {
        const std::string setting = std::to_string(call) + ":" + std::to_string(fault.error);
        const Variable variable("GLIA_CUDA_FAIL", setting.c_str());
        Computer c(device());
        if (c.created != GLIA_OK) {
            *failed = true;
            check(fault, c.created, c.message());
            EXPECT_EQ(c.memory.held, 0u);
            EXPECT_EQ(live_bytes(device()), 0u);
            return;
        }
        {
            Keep keep;
            const glia_status status = s.work(c.ctx, keep);
            *failed                  = status != GLIA_OK;
            if (*failed) check(fault, status, c.message());
            if (fault.status == GLIA_DEVICE_LOST && *failed) expect_lost(c);
            if (fault.status == GLIA_DEVICE_LOST) {
                EXPECT_TRUE(*failed) << "a lost device went unnoticed";
            } else {
                Keep again;
                EXPECT_EQ(s.work(c.ctx, again), GLIA_OK) << "the second time: " << c.message();
            }
        }
        c.destroy();
        EXPECT_EQ(c.memory.held, 0u);
        EXPECT_EQ(live_bytes(device()), 0u);
    }

    static void check(const Fault &fault, glia_status status, const std::string &message) {
        EXPECT_EQ(status, fault.status) << message;
        const bool names_call = has(message, "cuda") || has(message, "gli_kernel_");
        const bool later      = fault.status == GLIA_DEVICE_LOST && has(message, "was lost earlier (");
        EXPECT_TRUE((names_call && (later || has(message, fault.text))) || has(message, "out of memory on "))
            << message;
    }

    // How many calls a context makes that comes to its end.
    long calls_of(const Scenario &s) {
        const Variable log("GLIA_LOG", "dispatch");
        Computer c(device());
        EXPECT_EQ(c.created, GLIA_OK) << c.message();
        {
            Keep keep;
            EXPECT_EQ(s.work(c.ctx, keep), GLIA_OK) << c.message();
        }
        c.destroy();
        return c.calls();
    }

    const Variable chunk_{"GLIA_CUDA_CHUNK", "65536"};
};

// The first scenario fails the calls that open a context; the others, the calls after those.
TEST_P(Faults, in_any_call_are_errors_that_leave_nothing_behind) {
    const long opening = calls_of(kScenarios[0]);
    long from          = 0;
    for (const Scenario &s : kScenarios) {
        const long calls = calls_of(s);
        ASSERT_GT(calls, from);
        int unnoticed = 0;
        for (const Fault &fault : kFaults) {
            for (long call = from; call < calls; ++call) {
                SCOPED_TRACE(std::string(s.name) + ", GLIA_CUDA_FAIL=" + std::to_string(call) + ":" +
                             std::to_string(fault.error));
                bool failed = false;
                walk_into(s, fault, call, &failed);
                unnoticed += !failed;
                if (HasFailure()) return;
            }
        }
        printf("%s: calls %ld to %ld of CUDA failed, each with %zu errors; %d were made up for\n", s.name, from,
               calls - 1, sizeof kFaults / sizeof *kFaults, unnoticed);
        from = opening;
    }
}

// The same for host memory, which devices need for what they keep about their own.
TEST_P(Faults, of_host_memory_are_errors_that_leave_nothing_behind) {
    for (const Scenario &s : kScenarios) {
        for (long n = 0;; ++n) {
            SCOPED_TRACE(std::string(s.name) + ", allocation " + std::to_string(n));
            Computer c(device(), n);
            glia_status status = c.created;
            if (status == GLIA_OK) {
                Keep keep;
                status = s.work(c.ctx, keep);
            }
            const std::string message = c.message();
            const long refused        = c.memory.refused;
            if (c.ctx && refused) {
                Keep again;
                EXPECT_EQ(s.work(c.ctx, again), GLIA_OK) << "the second time: " << c.message();
            }
            if (status != GLIA_OK) {
                EXPECT_EQ(status, GLIA_OUT_OF_MEMORY) << message;
                EXPECT_TRUE(has(message, "out of memory: ")) << message;
            }
            c.destroy();
            EXPECT_EQ(c.memory.held, 0u);
            EXPECT_EQ(live_bytes(device()), 0u);
            if (HasFailure()) return;
            if (!refused) break;
        }
    }
}

// Of the hundreds of calls around a product of cuBLASLt some, where there is one: what fails inside the library is
// another provider's work, and the device is lost only where it says so itself.
TEST_P(Faults, around_a_library_are_errors_or_made_up_for) {
    const Scenario product{"product", [](glia_context *ctx, Keep &keep) {
                               const glia_dense_params params{};
                               glia_tensor *x, *w, *y;
                               GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(16, 32), &x));
                               GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(8, 32), &w));
                               GLI_TEST_TRY(make(ctx, keep, GLIA_F32, GLIA_SHAPE(16, 8), &y));
                               GLI_TEST_TRY(glia_tensor_fill(x, 1));
                               GLI_TEST_TRY(glia_tensor_fill(w, 1));
                               GLI_TEST_TRY(glia_dense(ctx, &params, x, w, nullptr, y));
                               float got[128];
                               GLI_TEST_TRY(glia_tensor_read(y, got, sizeof got));
                               EXPECT_EQ(got[0], 32);
                               return GLIA_OK;
                           }};
    {
        const Variable log("GLIA_LOG", "dispatch");
        Computer c(device());
        Keep keep;
        EXPECT_EQ(product.work(c.ctx, keep), GLIA_OK) << c.message();
        if (!c.logged("dispatch dense: cuda.cublas")) GTEST_SKIP() << "no cuBLASLt";
    }
    const long from = calls_of(kScenarios[0]), calls = calls_of(product), stride = (calls - from) / 12 + 1;
    for (const Fault &fault : kFaults)
        for (long call = from; call < calls; call += stride) {
            SCOPED_TRACE("GLIA_CUDA_FAIL=" + std::to_string(call) + ":" + std::to_string(fault.error));
            const std::string setting = std::to_string(call) + ":" + std::to_string(fault.error);
            const Variable variable("GLIA_CUDA_FAIL", setting.c_str());
            Computer c(device());
            ASSERT_EQ(c.created, GLIA_OK) << c.message();
            {
                Keep keep, again;
                const glia_status status = product.work(c.ctx, keep);
                EXPECT_TRUE(status == GLIA_OK || c.message() != "");
                EXPECT_EQ(product.work(c.ctx, again), status == GLIA_DEVICE_LOST ? status : GLIA_OK) << c.message();
            }
            c.destroy();
            EXPECT_EQ(c.memory.held, 0u);
            EXPECT_EQ(live_bytes(device()), 0u);
        }
}

// What is behind the context's work, in its close, cannot fail: a number that no call has.
TEST_P(Faults, that_never_happen_change_nothing) {
    const Variable variable("GLIA_CUDA_FAIL", "1000000:2");
    for (const Scenario &s : kScenarios) {
        Computer c(device());
        Keep keep;
        ASSERT_EQ(c.created, GLIA_OK);
        EXPECT_EQ(s.work(c.ctx, keep), GLIA_OK) << s.name << ": " << c.message();
    }
}

// After the loss every call says so at once, and other contexts go on.
TEST_P(Faults, that_lose_the_device_lose_one_context) {
    Computer healthy(device());
    ASSERT_EQ(healthy.created, GLIA_OK);
    {
        const Variable variable("GLIA_CUDA_FAIL", "60:700");
        Computer c(device());
        Keep keep;
        glia_tensor *x, *y;
        float host[3]                = {1, 2, 3};
        glia_status status           = GLIA_OK;
        const glia_unary_params relu = glia_unary_defaults(GLIA_UNARY_RELU);
        ASSERT_EQ(c.created, GLIA_OK) << c.message();
        ASSERT_EQ(make(c.ctx, keep, GLIA_F32, GLIA_SHAPE(3), &x), GLIA_OK);
        ASSERT_EQ(make(c.ctx, keep, GLIA_F32, GLIA_SHAPE(3), &y), GLIA_OK);
        for (int i = 0; i < 60 && status == GLIA_OK; ++i) status = glia_tensor_write(x, host, sizeof host);
        ASSERT_EQ(status, GLIA_DEVICE_LOST);
        EXPECT_TRUE(has(c.message(), "is lost: cuda")) << c.message();

        const glia_array array{"x", GLIA_F32, GLIA_SHAPE(1), host, 0, 0};
        glia_arrays_args arrays{};
        glia_dataset *data = nullptr;
        glia_model *model  = nullptr;
        glia_graph *graph  = nullptr;
        arrays.inputs = &array, arrays.n_inputs = 1, arrays.count = 3;
        EXPECT_EQ(glia_tensor_write(x, host, sizeof host), GLIA_DEVICE_LOST);
        EXPECT_EQ(glia_tensor_read(x, host, sizeof host), GLIA_DEVICE_LOST);
        EXPECT_EQ(glia_tensor_fill(x, 1), GLIA_DEVICE_LOST);
        EXPECT_EQ(glia_unary(c.ctx, &relu, x, y), GLIA_DEVICE_LOST);
        EXPECT_EQ(glia_graph_create(c.ctx, &graph), GLIA_DEVICE_LOST);
        EXPECT_EQ(glia_model_create(c.ctx, nullptr, &model), GLIA_DEVICE_LOST);
        EXPECT_EQ(glia_dataset_from_arrays(c.ctx, &arrays, &data), GLIA_DEVICE_LOST);
        expect_lost(c);
        Keep second;
        EXPECT_EQ(ops(healthy.ctx, second), GLIA_OK) << healthy.message();
    }
    Keep keep;
    EXPECT_EQ(ops(healthy.ctx, keep), GLIA_OK) << healthy.message();
}

GLI_ON_DEVICES(Faults);

}  // namespace
