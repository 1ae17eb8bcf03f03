// What a test reads from NumPy.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "glia/glia.h"

namespace glia {

// The elements of a file of one array of f32; a failure of the test, and none, where it is no such file.
inline std::vector<float> read_npy(glia_context *ctx, const std::string &path) {
    glia_npy *npy = nullptr;
    glia_npy_array array{};
    std::vector<float> out;
    EXPECT_EQ(glia_npy_read(ctx, path.c_str(), nullptr, &npy), GLIA_OK) << glia_message(ctx);
    if (npy && glia_npy_get(npy, 0, &array) == GLIA_OK && array.dtype == GLIA_F32) {
        const float *values = static_cast<const float *>(array.values);
        out.assign(values, values + array.bytes / sizeof(float));
    }
    EXPECT_FALSE(out.empty()) << path;
    glia_npy_destroy(npy);
    return out;
}

}  // namespace glia
