// Kernels that the provider suite does not launch: those behind NVIDIA's libraries, and a gradient without its loss,
// which the suite leaves out in f32 alone. Two programs: with the emulator, and with the interpreter of PTX.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "emulator/cuda_runtime_api.h"
#include "kernels/elementwise/compare_launch.h"
#include "kernels/gemm/bias_launch.h"
#include "kernels/loss/loss_launch.h"
#include "support/internals.h"

namespace {

using namespace glia;

// Device memory with the content of a vector.
template <class T>
class Device {
   public:
    explicit Device(const std::vector<T> &values) : count_(values.size()) {
        EXPECT_EQ(cudaMalloc(&data_, count_ * sizeof(T)), cudaSuccess);
        EXPECT_EQ(cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
    }
    ~Device() { cudaFree(data_); }
    T *get() const { return static_cast<T *>(data_); }
    std::vector<T> values() const {
        std::vector<T> all(count_);
        EXPECT_EQ(cudaMemcpy(all.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
        return all;
    }

   private:
    void *data_ = nullptr;
    size_t count_;
};

TEST(Compare, sees_one_bit) {
    for (size_t words : {size_t{1}, size_t{255}, size_t{1000}}) {
        std::vector<unsigned> content(words, 0xABCDEF01);
        const Device<unsigned> a(content);
        for (size_t where : {size_t{0}, words / 2, words - 1, words}) {
            std::vector<unsigned> other = content;
            if (where < words) other[where] ^= 1;
            const Device<unsigned> b(other);
            const Device<int> flag({0});
            ASSERT_EQ(gli_kernel_compare(a.get(), b.get(), words, flag.get(), nullptr), cudaSuccess);
            EXPECT_EQ(flag.values()[0], where < words) << words << " words, the other at " << where;
        }
    }
}

// y[o,c,i] = act(y + bias[c]) on small integers, and one NaN that stays one.
void check_bias(glia_dtype dtype, glia_unary_kind activation, bool with_bias, int outer, int channels, int inner,
                int offset) {
    const size_t count = size_t(outer) * channels * inner, size = glia_dtype_size(dtype);
    std::vector<double> y(count), bias(channels);
    std::vector<uint8_t> y_bytes((count + offset) * size), bias_bytes(channels * size);
    for (size_t i = 0; i < count; ++i) y[i] = double(i * 7 % 11) - 5;
    y[count / 2] = std::numeric_limits<double>::quiet_NaN();
    for (int c = 0; c < channels; ++c) bias[c] = c % 5 - 2;
    for (size_t i = 0; i < count; ++i) gli_store(dtype, y_bytes.data(), int64_t(i) + offset, y[i]);
    for (int c = 0; c < channels; ++c) gli_store(dtype, bias_bytes.data(), c, bias[c]);
    const Device<uint8_t> on_device(y_bytes), bias_on_device(bias_bytes);
    ASSERT_EQ(gli_kernel_bias(dtype, activation, on_device.get() + offset * size,
                              with_bias ? bias_on_device.get() : nullptr, outer, channels, inner, nullptr),
              cudaSuccess);
    const std::vector<uint8_t> got = on_device.values();
    for (size_t i = 0; i < count; ++i) {
        const double sum   = y[i] + (with_bias ? bias[i / inner % channels] : 0);
        const double want  = activation == GLIA_UNARY_RELU && sum <= 0 ? 0 : sum,
                     value = gli_load(dtype, got.data(), int64_t(i) + offset);
        if (std::isnan(want))
            EXPECT_TRUE(std::isnan(value)) << "element " << i << " of " << glia_dtype_name(dtype) << ": " << value;
        else
            EXPECT_EQ(value, want) << "element " << i << " of " << glia_dtype_name(dtype);
    }
}

TEST(Bias, is_added_before_the_activation) {
    for (glia_dtype dtype : {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16})
        for (glia_unary_kind activation : {GLIA_UNARY_LINEAR, GLIA_UNARY_RELU})
            for (bool with_bias : {true, false})
                for (int offset : {0, 1}) {
                    check_bias(dtype, activation, with_bias, 13, 5, 1, offset);
                    check_bias(dtype, activation, with_bias, 3, 4, 17, offset);
                    check_bias(dtype, activation, with_bias, 5, 24, 1, offset);  // packs of channels
                    check_bias(dtype, activation, with_bias, 3, 5, 16, offset);  // packs in one channel
                }
}

// 2 (prediction - target) dy, on small integers.
TEST(LossGradient, needs_no_place_for_the_loss) {
    const gli_loss_geom geom{.count = 37, .shared = 1, .kind = GLIA_LOSS_MSE, .reduction = GLIA_REDUCTION_SUM};
    for (glia_dtype dtype : {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16}) {
        const size_t bytes = glia_dtype_size(dtype) * size_t(geom.count);
        std::vector<uint8_t> prediction(bytes), target(bytes), dy(glia_dtype_size(dtype));
        for (int i = 0; i < geom.count; ++i) {
            gli_store(dtype, prediction.data(), i, i % 7);
            gli_store(dtype, target.data(), i, i % 5);
        }
        gli_store(dtype, dy.data(), 0, 3);
        const Device<uint8_t> p(prediction), t(target), one(dy), dx(std::vector<uint8_t>(bytes, 0xFF));
        const gli_loss_arrays arrays{
            .dtype = dtype, .prediction = p.get(), .target = t.get(), .dy = one.get(), .dprediction = dx.get()};
        ASSERT_EQ(gli_kernel_loss_backward(&geom, &arrays, nullptr), cudaSuccess);
        const std::vector<uint8_t> got = dx.values();
        for (int i = 0; i < geom.count; ++i)
            EXPECT_EQ(gli_load(dtype, got.data(), i), 6 * (i % 7 - i % 5)) << i << " of " << glia_dtype_name(dtype);
    }
}

}  // namespace
