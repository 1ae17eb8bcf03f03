// Contexts on devices: several at once, on several threads, one after the other, and after the device was lost.
#include <atomic>
#include <thread>

#include "support/devices.h"

namespace {

using namespace glia;

// Work of its own for each seed; its result does not depend on who else is there.
std::vector<float> work(Computer &c, int seed) {
    EXPECT_EQ(c.created, GLIA_OK) << c.message();
    Keep keep;
    const glia_softmax_params softmax = glia_softmax_defaults();
    const glia_unary_params tanh      = glia_unary_defaults(GLIA_UNARY_TANH);
    std::vector<float> host(600), out;
    for (size_t i = 0; i < host.size(); ++i) host[i] = float(int(i) % (7 + seed)) / 3;
    auto *x = tensor_of(c.ctx, keep, GLIA_F32, {20, 30}, host), *y = tensor_of(c.ctx, keep, GLIA_F32, {20, 30}, host);
    for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(glia_softmax(c.ctx, &softmax, x, y), GLIA_OK) << c.message();
        EXPECT_EQ(glia_unary(c.ctx, &tanh, y, x), GLIA_OK) << c.message();
        const auto now = read<float>(x);
        out.insert(out.end(), now.begin(), now.end());
    }
    return out;
}

class CudaContext : public OnDevice {};

TEST_P(CudaContext, runs_beside_others_on_threads_of_their_own) {
    std::vector<std::vector<float>> alone;
    for (int seed = 0; seed < 4; ++seed) {
        Computer c(device());
        alone.push_back(work(c, seed));
    }
    for (int round = 0; round < 5; ++round) {
        std::vector<std::vector<float>> together(4);
        std::vector<std::thread> threads;
        for (int seed = 0; seed < 4; ++seed)
            threads.emplace_back([&, seed] {
                Computer c(device());
                ASSERT_EQ(c.created, GLIA_OK) << c.message();
                together[size_t(seed)] = work(c, seed);
            });
        for (std::thread &thread : threads) thread.join();
        EXPECT_EQ(together, alone);
    }
}

TEST_P(CudaContext, is_used_by_one_thread_after_another) {
    Computer c(device());
    std::vector<float> first, second;
    std::thread([&] { first = work(c, 1); }).join();
    std::thread([&] { second = work(c, 1); }).join();
    EXPECT_EQ(first, second);
    EXPECT_EQ(work(c, 1), first);
}

TEST_P(CudaContext, is_busy_while_another_thread_is_inside) {
    Computer c(device());
    Keep keep;
    auto *t = tensor_of(c.ctx, keep, GLIA_F32, {2}, std::vector<float>{1, 2});
    float host[2];
    std::atomic<int> refused{0};
    ASSERT_EQ(gli_enter(c.ctx), GLIA_OK);
    std::thread([&] {
        glia_tensor *other = nullptr;
        refused += glia_tensor_read(t, host, sizeof host) == GLIA_BUSY;
        refused += glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(1), &other) == GLIA_BUSY;
    }).join();
    gli_leave(c.ctx);
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(glia_tensor_read(t, host, sizeof host), GLIA_OK);
}

TEST_P(CudaContext, lives_as_long_as_what_was_made_in_it) {
    Computer c(device());
    glia_tensor *t = nullptr;
    ASSERT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(3), &t), GLIA_OK);
    c.destroy();
    EXPECT_GT(c.memory.held, 0u);
    float host[3] = {9, 9, 9};
    EXPECT_EQ(glia_tensor_read(t, host, sizeof host), GLIA_OK);
    EXPECT_EQ(host[2], 0);
    glia_tensor_destroy(t);
    EXPECT_EQ(c.memory.held, 0u);
}

TEST_P(CudaContext, does_not_mix_its_tensors_with_those_of_others) {
    Computer a(device()), b(device()), cpu("cpu");
    Keep keep;
    const glia_unary_params relu = glia_unary_defaults(GLIA_UNARY_RELU);
    auto *x                      = tensor_of(a.ctx, keep, GLIA_F32, {2}, std::vector<float>(2));
    auto *y                      = tensor_of(b.ctx, keep, GLIA_F32, {2}, std::vector<float>(2));
    auto *z                      = tensor_of(cpu.ctx, keep, GLIA_F32, {2}, std::vector<float>(2));
    EXPECT_EQ(glia_unary(a.ctx, &relu, x, y), GLIA_DEVICE_MISMATCH);
    EXPECT_EQ(glia_unary(a.ctx, &relu, z, x), GLIA_DEVICE_MISMATCH);
    EXPECT_EQ(glia_unary(cpu.ctx, &relu, x, z), GLIA_DEVICE_MISMATCH);
}

TEST_P(CudaContext, is_refused_when_the_environment_is_wrong) {
    const std::pair<const char *, const char *> settings[] = {{"GLIA_CUDA_CHUNK", "much"},
                                                              {"GLIA_CUDA_CHUNK", "-1"},
                                                              {"GLIA_CUDA_CHUNK", "64M"},
                                                              {"GLIA_CUDA_CHUNK", "1e6"},
                                                              {"GLIA_CUDA_CHUNK", "99999999999999999999"},
                                                              {"GLIA_CUDA_FAIL", "soon"},
                                                              {"GLIA_CUDA_FAIL", "1000000"},
                                                              {"GLIA_CUDA_FAIL", "1000000:"},
                                                              {"GLIA_CUDA_FAIL", "1000000:x"},
                                                              {"GLIA_CUDA_FAIL", "-1:2"},
                                                              {"GLIA_CUDA_FAIL", "1000000:2x"},
                                                              {"GLIA_CUDA_FAIL", "1000000:0"},
                                                              {"GLIA_CUDA_FAIL", "1000000:4294967298"}};
    for (const auto &[name, value] : settings) {
        const Variable variable(name, value);
        Computer c(device());
        EXPECT_EQ(c.created, GLIA_INVALID_ARGUMENT) << name << "=" << value;
        EXPECT_NE(c.message().find(std::string(name) + " is '" + value + "', must be "), std::string::npos)
            << c.message();
        EXPECT_EQ(c.memory.held, 0u);
    }
}

TEST_P(CudaContext, is_refused_when_the_settings_of_the_emulator_are_wrong) {
    if (!emulated()) GTEST_SKIP() << "they are those of the emulated device";
    for (const char *value : {"garbage", "schedule=backwards", "seed=99999999999999999999"}) {
        const Variable variable("GLIA_EMULATOR", value);
        Computer c(device());
        EXPECT_EQ(c.created, GLIA_INVALID_ARGUMENT) << value;
        EXPECT_NE(c.message().find(std::string("GLIA_EMULATOR holds '") + value + "'"), std::string::npos)
            << c.message();
        EXPECT_EQ(c.memory.held, 0u);
    }
}

GLI_ON_DEVICES(CudaContext);

// A kernel that really goes wrong loses the device, which on a GPU is the end of it for this process.
class LostDevice : public OnDevice {
   protected:
    // A tensor in host memory, whose use by a kernel is an illegal address.
    static glia_status misuse(Computer &c) {
        static float host[4];
        glia_tensor *t               = nullptr;
        const glia_unary_params relu = glia_unary_defaults(GLIA_UNARY_RELU);
        EXPECT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(4), &t), GLIA_OK);
        t->data            = host;  // which no public function allows
        glia_status status = glia_unary(c.ctx, &relu, t, t);
        if (status == GLIA_OK) status = c.ctx->device->synchronize(c.ctx);
        glia_tensor_destroy(t);
        return status;
    }
};

TEST_P(LostDevice, is_the_end_of_all_its_contexts_and_of_no_later_one) {
    Computer witness(device());
    Keep keep;
    auto *t = tensor_of(witness.ctx, keep, GLIA_F32, {3}, std::vector<float>{1, 2, 3});
    {
        Computer culprit(device());
        EXPECT_EQ(misuse(culprit), GLIA_DEVICE_LOST) << culprit.message();
        EXPECT_NE(culprit.message().find("is lost: "), std::string::npos) << culprit.message();
        EXPECT_NE(culprit.message().find("cudaErrorIllegalAddress"), std::string::npos) << culprit.message();

        Computer later(device());
        const std::vector<float> before = work(later, 2);
        float host[3];
        EXPECT_EQ(glia_tensor_read(t, host, sizeof host), GLIA_DEVICE_LOST);
        EXPECT_NE(witness.message().find("another context lost the device"), std::string::npos) << witness.message();
        glia_tensor *none = nullptr;
        EXPECT_EQ(glia_tensor_create(culprit.ctx, GLIA_F32, GLIA_SHAPE(1), &none), GLIA_DEVICE_LOST);
        glia_tensor_destroy(none);
        culprit.destroy();
        EXPECT_EQ(work(later, 2), before) << "the end of a lost context takes nothing from a later one";
    }
    Computer last(device());
    EXPECT_FALSE(work(last, 3).empty());
}

TEST_P(LostDevice, is_told_with_kernel_and_place) {
    Computer c(device());
    EXPECT_EQ(misuse(c), GLIA_DEVICE_LOST);
    EXPECT_NE(c.message().find("thread"), std::string::npos) << c.message();
}

GLI_ON_RACE_BUILD(LostDevice);

}  // namespace
