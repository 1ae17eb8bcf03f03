// What training would read of a dataset.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "support/internals.h"

extern "C" {
#include "data/loader.h"
}

namespace glia {

inline glia_tensor *batch_of(glia_context *ctx, const glia_field &field, int64_t n) {
    glia_shape shape = {field.shape.ndim + 1, {n}};
    std::copy_n(field.shape.dim, field.shape.ndim, shape.dim + 1);
    glia_tensor *out = nullptr;
    EXPECT_EQ(glia_tensor_create(ctx, field.dtype, shape, &out), GLIA_OK) << glia_message(ctx);
    return out;
}

// All numbers of two shuffled epochs in batches of two: of an f32 input, and of i64 labels.
inline std::vector<float> two_epochs(glia_dataset *data, int workers) {
    std::vector<float> all;
    glia_context *ctx = data->ctx;
    gli_loader loader;
    const gli_loader_args args{2, true, 3, false};
    EXPECT_EQ(glia_dataset_set_workers(data, workers, 0), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(gli_loader_create(data, &args, &loader), GLIA_OK) << glia_message(ctx);
    for (uint32_t number : {0u, 1u}) {
        gli_loader_begin(&loader, number);
        for (int64_t n; (n = gli_loader_peek(&loader)) > 0;) {
            glia_tensor *x = batch_of(ctx, glia_dataset_input(data, 0), n);
            glia_tensor *y = batch_of(ctx, glia_dataset_target(data, 0), n);
            EXPECT_EQ(gli_loader_next(&loader, &x, &y), GLIA_OK) << glia_message(ctx);
            const float *values = static_cast<float *>(glia_tensor_data(x));
            all.insert(all.end(), values, values + glia_tensor_count(x));
            for (int64_t i = 0; i < n; ++i) all.push_back(float(static_cast<int64_t *>(glia_tensor_data(y))[i]));
            glia_tensor_destroy(x), glia_tensor_destroy(y);
        }
    }
    gli_loader_destroy(&loader);
    return all;
}

}  // namespace glia
