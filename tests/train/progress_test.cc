// What is written for people: the numbers of the C locale, and a pipe that nobody reads ends no process.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include "glia/glia.h"
#include "support/comma.h"
#include "support/files.h"
#include "support/with.h"

namespace {

using glia::Comma;
using glia::Folder;
using glia::with;

// Fits y = 2x for an epoch, with a line of progress.
void fit(glia_context *ctx) {
    static const float x[4] = {1, 2, 3, 4}, y[4] = {2, 4, 6, 8};
    const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = x};
    const glia_array target{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = y};
    glia_dataset *data = nullptr;
    glia_model *net    = nullptr;
    ASSERT_EQ(
        glia_dataset_from_arrays(
            ctx,
            with(glia_arrays_args{.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = 4}),
            &data),
        GLIA_OK)
        << glia_message(ctx);
    ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK) << glia_message(ctx);
    const glia_value out =
        glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(1)), with(glia_dense_args{.units = 1}));
    ASSERT_EQ(glia_model_compile(net, out, with(glia_compile_args{.loss = glia_loss_mse()})), GLIA_OK)
        << glia_message(ctx);
    EXPECT_EQ(
        glia_model_fit(net, data, with(glia_fit_args{.epochs = 1, .batch_size = 4, .progress = GLIA_PROGRESS_LINES})),
        GLIA_OK)
        << glia_message(ctx);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
}

glia_context *one_thread() {
    glia_context *ctx = nullptr;
    EXPECT_EQ(glia_context_create("cpu", with(glia_context_args{.threads = 1}), &ctx), GLIA_OK);
    return ctx;
}

TEST_F(Comma, is_not_in_messages) {
    char number[8];
    snprintf(number, sizeof number, "%g", 1.5);
    ASSERT_STREQ(number, "1,5");
    glia_context *ctx = one_thread();
    glia_model *net   = nullptr;
    ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(1));
    glia_model_dropout(net, x, with(glia_dropout_args{.p = 1.25}));
    EXPECT_NE(glia_model_compile(net, x, nullptr), GLIA_OK);
    EXPECT_NE(std::string(glia_message(ctx)).find("1.25"), std::string::npos) << glia_message(ctx);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
}

TEST_F(Comma, is_not_in_lines_of_progress) {
    glia_context *ctx = one_thread();
    testing::internal::CaptureStdout();
    fit(ctx);
    const std::string line = testing::internal::GetCapturedStdout();
    EXPECT_NE(line.find("loss "), std::string::npos) << line;
    EXPECT_EQ(line.find(','), std::string::npos) << line;
    glia_context_destroy(ctx);
}

// In a process of its own, whose standard output and error nobody reads.
void fit_into_closed_pipes() {
    int ends[2];
    if (pipe(ends) != 0) exit(1);
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    setenv("GLIA_LOG", "all", 1);
    glia_context *ctx = one_thread();
    fit(ctx);
    glia_context_destroy(ctx);
    sigset_t pending;
    sigpending(&pending);
    exit(testing::Test::HasFailure() || sigismember(&pending, SIGPIPE) ? 1 : 0);
}

TEST(ClosedPipe, ends_no_process) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(fit_into_closed_pipes(), testing::ExitedWithCode(0), "");
}

}  // namespace
