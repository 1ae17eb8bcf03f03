// Faults that only nvcc's code shows: the interpreter finds each, and nothing in the same kernels without them.
#include <gtest/gtest.h>

#include <cfloat>
#include <string>
#include <vector>

#include "emulator/half.h"
#include "ptx/on_ptx.h"
#include "ptx/planted_ptx.h"
#include "wrong/planted.h"

namespace {

constexpr int N = 128;

class PtxFault : public OnPtx {
   protected:
    // y = kernel(x), of N floats.
    template <typename Kernel>
    Outcome run(Kernel kernel, const std::vector<float> &x, const std::vector<float> &expected) {
        DeviceArray<float> in(x), out(size_t{N});
        return outcome(kernel(in.data(), out.data()), out, expected);
    }
};

TEST_F(PtxFault, flushed_subnormals_change_results) {
    std::vector<float> x(N), half(N);
    for (int i = 0; i < N; i++) half[i] = (x[i] = FLT_MIN / 64 * float(i + 1)) / 2;
    const auto of = [](auto kernel) { return [=](const float *in, float *out) { return kernel(in, out, N); }; };
    EXPECT_TRUE(run(of(right::halve), x, half).right) << gli_emulator_message();
    const Outcome found = run(of(wrong::halve), x, half);
    EXPECT_EQ(found.error, cudaSuccess);
    EXPECT_FALSE(found.right);
}

TEST_F(PtxFault, misaligned_vectors_are_reported) {
    const std::vector<float> x = numbers(N);
    const auto of = [](auto kernel) { return [=](const float *in, float *out) { return kernel(in, out, N); }; };
    EXPECT_TRUE(run(of(right::copy_vectors), x, x).right) << gli_emulator_message();
    EXPECT_EQ(run(of(wrong::copy_vectors), x, x).error, cudaErrorMisalignedAddress);
    const std::string message = gli_emulator_message();
    EXPECT_NE(message.find("vectors_kernel"), std::string::npos) << message;
    EXPECT_NE(message.find("ld.global.v4"), std::string::npos) << message;
}

TEST_F(PtxFault, constants_that_host_and_device_do_not_share_change_results) {
    const std::vector<float> x = numbers(N);
    const auto of = [](auto kernel) { return [=](const float *in, float *out) { return kernel(in, out, N); }; };
    EXPECT_TRUE(run(of(right::copy_several), x, x).right) << gli_emulator_message();
    const Outcome found = run(of(wrong::copy_several), x, x);
    EXPECT_EQ(found.error, cudaSuccess);
    EXPECT_FALSE(found.right);
}

TEST_F(PtxFault, registers_of_mma_in_the_wrong_order_change_results) {
    std::vector<uint16_t> a(16 * 8), b(8 * 8);
    for (size_t i = 0; i < a.size(); i++) a[i] = emulator::float_to_half_bits(numbers(a.size())[i]);
    for (size_t i = 0; i < b.size(); i++) b[i] = emulator::float_to_half_bits(numbers(b.size())[i]);
    std::vector<float> product(16 * 8);
    for (int m = 0; m < 16; m++)
        for (int n = 0; n < 8; n++)
            for (int k = 0; k < 8; k++)
                product[m * 8 + n] +=
                    emulator::half_bits_to_float(a[m * 8 + k]) * emulator::half_bits_to_float(b[k * 8 + n]);
    const DeviceArray<uint16_t> left(a), right_hand(b);
    DeviceArray<float> out(product.size());
    EXPECT_TRUE(outcome(right::multiply(left.data(), right_hand.data(), out.data()), out, product).right)
        << gli_emulator_message();
    const Outcome found = outcome(wrong::multiply(left.data(), right_hand.data(), out.data()), out, product);
    EXPECT_EQ(found.error, cudaSuccess);
    EXPECT_FALSE(found.right);
}

TEST_F(PtxFault, copies_that_nobody_waits_for_do_not_arrive) {
    const std::vector<float> x = numbers(N);
    EXPECT_TRUE(run(right::copy_asynchronously, x, x).right) << gli_emulator_message();
    const Outcome found = run(wrong::copy_asynchronously, x, x);
    EXPECT_EQ(found.error, cudaSuccess);
    EXPECT_FALSE(found.right);
}

TEST_F(PtxFault, static_shared_memory_takes_room_from_blocks_that_wait_for_each_other) {
    int blocks = 0;
    EXPECT_EQ(right::blocks_at_once(&blocks), cudaSuccess);
    EXPECT_EQ(blocks, 5) << "of 41 KB each, in 228 KB";
    const std::vector<float> x = numbers(N), backwards(x.rbegin(), x.rend());
    const auto fit             = [](const float *in, float *out) { return right::reverse_together(in, out, 4 * 5); };
    EXPECT_TRUE(run(fit, x, backwards).right) << gli_emulator_message();
    const DeviceArray<float> in(x), out(size_t{N});
    EXPECT_EQ(right::reverse_together(in.data(), out.data(), 4 * 5 + 1), cudaErrorCooperativeLaunchTooLarge);
    const std::string message = gli_emulator_message();
    EXPECT_NE(message.find("21 blocks; 20 of them can be there at once"), std::string::npos) << message;
}

TEST_F(PtxFault, an_instruction_that_is_not_known_is_named_with_its_kernel) {
    EXPECT_NE(right::stop(), cudaSuccess);
    const std::string message = gli_emulator_message();
    EXPECT_NE(message.find("stop_kernel"), std::string::npos) << message;
    EXPECT_NE(message.find("brkpt"), std::string::npos) << message;
}

}  // namespace
