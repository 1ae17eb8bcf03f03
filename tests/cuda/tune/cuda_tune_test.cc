// What libglia_cuda does around NVIDIA's libraries, run on the emulator: the choice of an algorithm by measuring.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "support/counting.h"
#include "support/internals.h"

extern "C" {
#include "cuda/device/cuda_device.h"
#include "cuda/library/autotune.h"
}

namespace {

using namespace glia;

// A context on the emulator with what tuning needs: a stream, memory, and staging for uploads.
class Tuning : public testing::Test {
   protected:
    void SetUp() override {
        const glia_context_args args = {.allocator = memory.api()};
        ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
        ctx->device_state     = &cuda;
        cuda.fail_at          = -1;
        cuda.pool.chunk_bytes = 1 << 20;
        ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
        ASSERT_EQ(cudaStreamCreateWithFlags(&cuda.stream, cudaStreamNonBlocking), cudaSuccess);
        for (int half = 0; half < GLI_CUDA_STAGING_HALVES; ++half) {
            void *staging = nullptr;
            ASSERT_EQ(cudaMallocHost(&staging, GLI_CUDA_STAGING_BYTES), cudaSuccess);
            cuda.staging[half] = static_cast<char *>(staging);
            ASSERT_EQ(cudaEventCreateWithFlags(&cuda.staged[half], cudaEventDisableTiming), cudaSuccess);
        }
        const int64_t dims[] = {100, 7};
        gli_set_shape(&x, GLIA_F32, 2, dims);
        gli_set_shape(&y, GLIA_F32, 2, dims);
        // Nothing may touch the call's own tensors: these addresses are of nobody.
        x.data = reinterpret_cast<void *>((uintptr_t{1} << 46) + 4),
        y.data = reinterpret_cast<void *>(uintptr_t{1} << 45);
        x.ctx = y.ctx = ctx;
        call.ctx = ctx, call.op = gli_op_find("unary"), call.n_in = 1, call.in[0] = &x, call.out[0] = &y;
        call.stream = cuda.stream;
    }
    void TearDown() override {
        gli_cuda_pool_close(ctx);
        for (int half = 0; half < GLI_CUDA_STAGING_HALVES; ++half) {
            EXPECT_EQ(cudaEventDestroy(cuda.staged[half]), cudaSuccess);
            EXPECT_EQ(cudaFreeHost(cuda.staging[half]), cudaSuccess);
        }
        EXPECT_EQ(cudaStreamDestroy(cuda.stream), cudaSuccess);
        ctx->device_state = nullptr;
        glia_context_destroy(ctx);
        EXPECT_EQ(memory.held, 0u);
    }

    CountingAllocator memory;
    glia_context *ctx = nullptr;
    gli_cuda cuda{};
    glia_tensor x{}, y{};
    gli_call call{};
};

// Ways as a list of letters: s copies x to y and takes long, f does so fast, d leaves other bits, b fails.
glia_status run_letter(const gli_call *call, void *state, int candidate, void *workspace) {
    const char letter    = static_cast<const char *>(state)[candidate];
    const glia_tensor *x = call->in[0], *y = call->out[0];
    auto *const stream = static_cast<cudaStream_t>(call->stream);
    const size_t bytes = size_t(gli_count(x)) * sizeof(float);
    if (letter == 'b') return GLIA_DEVICE_ERROR;
    if (letter == 's') std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(x->data) % 64, 4u) << "not aligned as the call's x";
    EXPECT_EQ(reinterpret_cast<uintptr_t>(y->data) % 64, 0u);
    GLI_CUDA_TRY(call->ctx, cudaMemsetAsync(workspace, 1, 1000, stream));
    GLI_CUDA_TRY(call->ctx, cudaMemcpyAsync(y->data, x->data, bytes, cudaMemcpyDeviceToDevice, stream));
    if (letter == 'd')
        GLI_CUDA_TRY(call->ctx, cudaMemsetAsync(static_cast<char *>(y->data) + bytes - 1, 0x55, 1, stream));
    return GLIA_OK;
}

glia_status tune(const gli_call &call, std::string letters, int *best) {
    const gli_cuda_candidates candidates = {int(letters.size()), 1000, letters.data(), run_letter};
    return gli_cuda_tune(&call, &candidates, best);
}

TEST_F(Tuning, takes_the_fastest) {
    int best = -1;
    EXPECT_EQ(tune(call, "ssfs", &best), GLIA_OK) << ctx->message;
    EXPECT_EQ(best, 2);
    EXPECT_EQ(tune(call, "fss", &best), GLIA_OK);
    EXPECT_EQ(best, 0);
    EXPECT_EQ(ctx->memory.allocated, 0u) << "memory of the trials";
}

TEST_F(Tuning, takes_only_what_gives_the_same_bits) {
    int best = -1;
    EXPECT_EQ(tune(call, "sds", &best), GLIA_OK);
    EXPECT_NE(best, 1);
    ctx->nondeterministic = true;
    EXPECT_EQ(tune(call, "sds", &best), GLIA_OK);
    EXPECT_EQ(best, 1) << "what may differ from run to run may be faster";
}

TEST_F(Tuning, passes_over_what_fails) {
    int best = -1;
    snprintf(ctx->message, sizeof ctx->message, "an earlier one");
    EXPECT_EQ(tune(call, "bbf", &best), GLIA_OK);
    EXPECT_EQ(best, 2);
    EXPECT_STREQ(ctx->message, "an earlier one");
    EXPECT_EQ(tune(call, "f", &best), GLIA_OK);
    EXPECT_EQ(best, 0);
    EXPECT_EQ(tune(call, "b", &best), GLIA_UNSUPPORTED);
    EXPECT_EQ(tune(call, "bb", &best), GLIA_UNSUPPORTED);
}

TEST_F(Tuning, takes_the_first_where_nothing_can_be_tried) {
    int best = -1;
    ASSERT_EQ(cudaStreamBeginCapture(cuda.stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    EXPECT_EQ(tune(call, "bf", &best), GLIA_OK);
    EXPECT_EQ(best, 0);
    cudaGraph_t graph = nullptr;
    ASSERT_EQ(cudaStreamEndCapture(cuda.stream, &graph), cudaSuccess);
    cudaGraphDestroy(graph);
    const int64_t huge[] = {int64_t{1} << 31, int64_t{1} << 30};
    gli_set_shape(&y, GLIA_F32, 2, huge);
    EXPECT_EQ(tune(call, "bf", &best), GLIA_OK) << "no memory can hold two of these";
    EXPECT_EQ(best, 0);
}

TEST_F(Tuning, survives_each_call_that_fails) {
    int best = -1;
    ASSERT_EQ(tune(call, "ff", &best), GLIA_OK);
    const int64_t calls = cuda.calls;
    for (int64_t at = 0; at < calls; ++at) {
        cuda.fail_at = cuda.calls + at, cuda.fail_with = at % 2 ? cudaErrorMemoryAllocation : cudaErrorInvalidValue;
        EXPECT_EQ(tune(call, "ff", &best), GLIA_OK) << "call " << at << ": " << ctx->message;
        EXPECT_EQ(cudaStreamSynchronize(cuda.stream), cudaSuccess);
        EXPECT_EQ(ctx->memory.allocated, 0u);
    }
    cuda.fail_at = cuda.calls + 1, cuda.fail_with = cudaErrorIllegalAddress;
    EXPECT_EQ(tune(call, "ff", &best), GLIA_DEVICE_LOST);
}

// A library's failure tells little; the device is asked whether it is still there.
TEST_F(Tuning, a_failure_inside_a_library_is_the_devices_where_it_has_one) {
    EXPECT_EQ(gli_cuda_ask(ctx, "cublasLtMatmul"), GLIA_OK) << "idle";
    cuda.fail_at = cuda.calls, cuda.fail_with = cudaErrorNotReady;
    EXPECT_EQ(gli_cuda_ask(ctx, "cublasLtMatmul"), GLIA_OK) << "busy";
    EXPECT_FALSE(cuda.lost);
    ASSERT_EQ(gli_cuda_record_begin(ctx), GLIA_OK);
    cuda.fail_at = cuda.calls, cuda.fail_with = cudaErrorIllegalAddress;
    EXPECT_EQ(gli_cuda_ask(ctx, "cublasLtMatmul"), GLIA_OK) << "may not be asked";
    gli_cuda_record_end(ctx, nullptr);
    EXPECT_EQ(gli_cuda_ask(ctx, "cublasLtMatmul"), GLIA_DEVICE_LOST);
    EXPECT_NE(std::string(glia_message(ctx)).find("cublasLtMatmul"), std::string::npos) << glia_message(ctx);
    EXPECT_TRUE(cuda.lost);
    cuda.lost = false;
}

}  // namespace
