// What the provider suite does not reach: f32 on tensor cores, which a context must allow. Small integers have few bits
// and stay exact; reals lose the bits that the mantissas of tf32 and bf16 lack.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "glia/glia.h"

namespace {

struct Math {
    glia_math math;
    double epsilon;  // of one rounding
};

class TensorCores : public testing::TestWithParam<Math> {
   protected:
    void SetUp() override {
        setenv("GLIA_LOG", "dispatch", 1);
        glia_context_args args = {};
        args.math              = GetParam().math;
        args.log               = [](void *log, const char *line) { *static_cast<std::string *>(log) += line; };
        args.log_user          = &log_;
        if (glia_context_create("emulated", &args, &ctx_) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    }
    void TearDown() override {
        for (glia_tensor *t : tensors_) glia_tensor_destroy(t);
        glia_context_destroy(ctx_);
        unsetenv("GLIA_LOG");
    }

    glia_tensor *tensor(glia_shape shape, const std::vector<float> &values) {
        glia_tensor *t = nullptr;
        EXPECT_EQ(glia_tensor_create(ctx_, GLIA_F32, shape, &t), GLIA_OK) << glia_message(ctx_);
        tensors_.push_back(t);
        if (!values.empty()) {
            EXPECT_EQ(glia_tensor_write(t, values.data(), values.size() * sizeof(float)), GLIA_OK);
        }
        return t;
    }
    std::vector<float> read(const glia_tensor *t, size_t count) {
        std::vector<float> values(count);
        EXPECT_EQ(glia_tensor_read(t, values.data(), count * sizeof(float)), GLIA_OK) << glia_message(ctx_);
        return values;
    }
    bool ran_on_tensor_cores() const {
        return log_.find("cuda.tensor_cores") != std::string::npos &&
               log_.find("cuda.tensor_cores declines") == std::string::npos;
    }

    glia_context *ctx_ = nullptr;
    std::string log_;
    std::vector<glia_tensor *> tensors_;
};

constexpr int M = 33, N = 18, K = 41;

std::vector<float> values(int count, double step, double range) {
    std::vector<float> out(static_cast<size_t>(count));
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<float>(std::fmod(static_cast<double>(i) * step, 2 * range) - range);
    return out;
}

std::vector<double> product(const std::vector<float> &a, const std::vector<float> &b) {
    std::vector<double> y(M * N);
    for (size_t m = 0; m < M; ++m)
        for (size_t n = 0; n < N; ++n)
            for (size_t k = 0; k < K; ++k) y[m * N + n] += double(a[m * K + k]) * double(b[k * N + n]);
    return y;
}

TEST_P(TensorCores, integers_are_exact) {
    const auto a = values(M * K, 3, 8), b = values(K * N, 5, 8);
    glia_tensor *y = tensor(GLIA_SHAPE(M, N), {});
    ASSERT_EQ(glia_matmul(ctx_, nullptr, tensor(GLIA_SHAPE(M, K), a), tensor(GLIA_SHAPE(K, N), b), nullptr, y), GLIA_OK)
        << glia_message(ctx_);
    EXPECT_TRUE(ran_on_tensor_cores()) << log_;
    const auto want = product(a, b);
    const auto got  = read(y, M * N);
    for (size_t i = 0; i < want.size(); ++i) ASSERT_EQ(got[i], want[i]) << i;
}

TEST_P(TensorCores, reals_lose_only_the_bits_of_their_rounding) {
    const auto a = values(M * K, 0.3711, 1), b = values(K * N, 0.6173, 1);
    glia_tensor *y = tensor(GLIA_SHAPE(M, N), {});
    ASSERT_EQ(glia_matmul(ctx_, nullptr, tensor(GLIA_SHAPE(M, K), a), tensor(GLIA_SHAPE(K, N), b), nullptr, y), GLIA_OK)
        << glia_message(ctx_);
    const auto want = product(a, b);
    const auto got  = read(y, M * N);
    double most     = 0;
    for (size_t i = 0; i < want.size(); ++i) {
        ASSERT_NEAR(got[i], want[i], 2.5 * K * GetParam().epsilon) << i;
        most = std::max(most, std::fabs(got[i] - want[i]));
    }
    EXPECT_GT(most, GetParam().epsilon / 64) << "nothing was rounded";
}

TEST_P(TensorCores, convolution_of_integers_is_exact) {
    constexpr int C = 8, S = 6, F = 16;
    const auto x = values(C * S * S, 3, 4), w = values(F * C, 5, 4);
    glia_tensor *y = tensor(GLIA_SHAPE(1, F, S, S), {});
    ASSERT_EQ(
        glia_conv2d(ctx_, nullptr, tensor(GLIA_SHAPE(1, C, S, S), x), tensor(GLIA_SHAPE(F, C, 1, 1), w), nullptr, y),
        GLIA_OK)
        << glia_message(ctx_);
    EXPECT_TRUE(ran_on_tensor_cores()) << log_;
    const auto got = read(y, F * S * S);
    for (size_t f = 0; f < F; ++f)
        for (size_t i = 0; i < S * S; ++i) {
            double sum = 0;
            for (size_t c = 0; c < C; ++c) sum += double(x[c * S * S + i]) * double(w[f * C + c]);
            ASSERT_EQ(got[f * S * S + i], sum) << f << " " << i;
        }
}

INSTANTIATE_TEST_SUITE_P(math, TensorCores,
                         testing::Values(Math{GLIA_MATH_TF32, 0x1p-11}, Math{GLIA_MATH_BF16, 0x1p-8}),
                         [](const auto &info) { return info.param.math == GLIA_MATH_TF32 ? "tf32" : "bf16"; });

}  // namespace
