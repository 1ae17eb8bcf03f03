// What stands around cuDNN's convolutions, on an emulated device that knows cuDNN and a library that stands in for it:
// which engines run, and each call failing in turn. What convolutions are, provider_test compares.
#include "support/fake_library.h"

namespace {

using namespace glia;

const FakeLibrary library(GLIA_CUDNN_EMULATED, GLIA_CUDNN_FILE);
int live() { return library.ask("fake_cudnn_live"); }

// One call. Filters lie row-major, images, too, or with their channels last; all tensors lie so many elements behind an
// address that is a multiple of 16.
struct Call {
    enum Pass { forward, image_gradient, filter_gradient } pass;
    bool channels_last;
    glia_activation activation = GLIA_LINEAR;
    int shift                  = 0;
};

// Small integers, so that every sum is exact.
glia_status make(glia_context *ctx, Keep &keep, const Call &call, const std::vector<int64_t> &dims, bool is_image,
                 glia_tensor **out) {
    int64_t count = 1;
    for (int64_t d : dims) count *= d;
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) values[i] = float(i * 7 % 13) - 6;
    glia_tensor *memory = nullptr;
    GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(count + call.shift), &memory));
    keep(memory, glia_tensor_destroy);
    std::vector<int64_t> stride;
    if (is_image && call.channels_last) stride = {dims[1] * dims[2] * dims[3], 1, dims[3] * dims[1], dims[1]};
    float *data = static_cast<float *>(glia_tensor_data(memory)) + call.shift;
    GLI_TEST_TRY(
        glia_tensor_wrap(ctx, GLIA_F32, shape_of_dims(dims), stride.empty() ? nullptr : stride.data(), data, out));
    keep(*out, glia_tensor_destroy);
    return glia_tensor_write(*out, values.data(), values.size() * sizeof(float));
}

// *out: all that the call writes.
glia_status run(glia_context *ctx, const Call &call, std::vector<float> *out) {
    Keep keep;
    glia_tensor *x, *w, *y, *vector;
    GLI_TEST_TRY(make(ctx, keep, call, {2, 4, 5, 4}, true, &x));
    GLI_TEST_TRY(make(ctx, keep, call, {6, 2, 3, 2}, false, &w));
    GLI_TEST_TRY(make(ctx, keep, call, {2, 6, 3, 3}, true, &y));
    GLI_TEST_TRY(make(ctx, keep, call, {6}, false, &vector));
    glia_conv2d_params params = glia_conv2d_defaults();
    params.groups             = 2;
    const glia_conv2d_backward_params of_image{params, {5, 4}}, of_filters{params, {3, 2}};
    params.activation = call.activation;
    std::vector<glia_tensor *> written;
    if (call.pass == Call::forward) {
        GLI_TEST_TRY(glia_conv2d(ctx, &params, x, w, vector, y));
        written = {y};
    } else if (call.pass == Call::image_gradient) {
        GLI_TEST_TRY(glia_conv2d_backward_data(ctx, &of_image, y, w, x));
        written = {x};
    } else {
        GLI_TEST_TRY(glia_conv2d_backward_filter(ctx, &of_filters, x, y, w, vector));
        written = {w, vector};
    }
    out->clear();
    for (const glia_tensor *t : written) {
        std::vector<float> values(size_t(glia_tensor_count(t)));
        GLI_TEST_TRY(glia_tensor_read(t, values.data(), values.size() * sizeof(float)));
        out->insert(out->end(), values.begin(), values.end());
    }
    return GLIA_OK;
}

constexpr Call kCalls[] = {{Call::forward, true},
                           {Call::forward, false},
                           {Call::forward, true, GLIA_RELU},
                           {Call::image_gradient, true},
                           {Call::filter_gradient, true}};

std::vector<float> on_the_cpu(const Call &call) {
    std::vector<float> out;
    Computer c("cpu");
    EXPECT_EQ(run(c.ctx, call, &out), GLIA_OK) << c.message();
    return out;
}

// Of the log's line "cuDNN's engine 74".
int engine(const Computer &c) {
    for (const std::string &line : c.lines)
        if (const size_t at = line.find("cuDNN's engine "); at != std::string::npos)
            return atoi(line.c_str() + at + 15);
    return -1;
}

class Convolutions : public WithFakeLibrary<live> {
    const Variable log_{"GLIA_LOG", "dispatch"};
};

// 74 and 75 give the same bits; 70, on tensor cores, is the first where these are allowed.
TEST_F(Convolutions, run_on_an_engine_that_is_exact_and_repeatable) {
    for (const Call &call : kCalls)
        for (const glia_math math : {GLIA_MATH_F32, GLIA_MATH_TF32}) {
            Computer c("emulated");
            std::vector<float> got;
            c.ctx->math = math;
            ASSERT_EQ(run(c.ctx, call, &got), GLIA_OK) << c.message();
            EXPECT_EQ(got, on_the_cpu(call));
            EXPECT_TRUE(engine(c) == 74 || engine(c) == 75 || (engine(c) == 70 && math == GLIA_MATH_TF32)) << engine(c);
            EXPECT_EQ(c.count("algorithm 2 takes"), math == GLIA_MATH_TF32 ? 1 : 0) << "of 70, 74, 75";
            EXPECT_EQ(c.count("algorithm 3 takes"), 0) << "one refuses, one has other bits";
        }
}

TEST_F(Convolutions, that_may_differ_run_on_any_engine) {
    Computer c("emulated");
    std::vector<float> got;
    c.ctx->nondeterministic = true;
    ASSERT_EQ(run(c.ctx, kCalls[0], &got), GLIA_OK) << c.message();
    EXPECT_EQ(c.count(" takes "), 5) << "74, 75, 78, 79 and a kernel of our own";
}

TEST_F(Convolutions, of_tensors_that_are_not_at_16_bytes_run_on_an_engine_for_these) {
    for (Call call : kCalls) {
        Computer c("emulated");
        std::vector<float> got;
        call.shift = 1;
        ASSERT_EQ(run(c.ctx, call, &got), GLIA_OK) << c.message();
        EXPECT_EQ(got, on_the_cpu(call));
        EXPECT_EQ(engine(c), 80);
    }
}

TEST_F(Convolutions, each_call_that_fails_is_an_error_or_changes_no_result) {
    for (const Call &call : kCalls) {
        const std::vector<float> want = on_the_cpu(call);
        const FailedCalls all         = fail_each_call(
            {2, 1, 700},
            [&](glia_context *ctx) {
                std::vector<float> got;
                const glia_status status = run(ctx, call, &got);
                if (status == GLIA_OK) {
                    EXPECT_EQ(got, want);
                }
                return status;
            },
            live);
        EXPECT_GT(all.shown, 20);
        EXPECT_GT(all.lost, 20);
    }
}

}  // namespace
