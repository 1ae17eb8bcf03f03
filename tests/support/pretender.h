// A context of the CPU that takes itself for one of CUDA: no kernel can run on it, and everything before that can.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "support/counting.h"
#include "support/internals.h"

extern "C" {
#include "cuda/device/cuda_device.h"
}

namespace glia {

inline const gli_device *cuda_device() {
    char why[GLI_WHY_TEXT]   = "";
    const gli_device *device = gli_device_load("cuda", why);
    EXPECT_NE(device, nullptr) << why;
    return device;
}

class Pretender {
   public:
    Pretender() {
        const glia_context_args args = {.allocator = memory.api()};
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
        void *state = nullptr;
        EXPECT_EQ(gli_new(ctx, 1, sizeof(gli_cuda), "a device", &state), GLIA_OK);
        ctx->device_state = state;
        ctx->device       = cuda_device();
        device()->fail_at = -1;
    }
    ~Pretender() {
        gli_prepared_trim(ctx);
        ctx->device->close(ctx);
        ctx->device = &gli_cpu_device;
        glia_context_destroy(ctx);
        EXPECT_EQ(memory.held, 0u) << "bytes that were never given back";
    }
    gli_cuda *device() const { return static_cast<gli_cuda *>(ctx->device_state); }

    CountingAllocator memory;
    glia_context *ctx = nullptr;
};

}  // namespace glia
