// A test on the device ptx, which works at its beginning and at its end.
#pragma once

#include <gtest/gtest.h>

#include "emulator/cuda_runtime_api.h"
#include "emulator/emulator.h"

class OnPtx : public testing::Test {
   protected:
    OnPtx() {
        gli_emulator_reset();
        EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
    }
    ~OnPtx() override { gli_emulator_reset(); }
};
