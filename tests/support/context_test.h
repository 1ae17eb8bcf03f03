// A test with a context that must be empty of memory at the end.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "glia/glia.h"

namespace glia {

class ContextTest : public testing::Test {
   protected:
    void SetUp() override {
        glia_context_args args = {};
        args.seed              = 7;
        args.threads           = 2;
        ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    }
    void TearDown() override {
        EXPECT_EQ(glia_context_bytes(ctx), 0u);
        glia_context_destroy(ctx);
    }

    glia_tensor *tensor(glia_dtype dtype, glia_shape shape) {
        glia_tensor *t = nullptr;
        EXPECT_EQ(glia_tensor_create(ctx, dtype, shape, &t), GLIA_OK) << message();
        return t;
    }
    std::string message() const { return glia_message(ctx); }
    bool says(const std::string &part) const { return message().find(part) != std::string::npos; }

    glia_context *ctx = nullptr;
};

}  // namespace glia
