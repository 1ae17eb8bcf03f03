// Tensors of devices with memory of their own: what is written is what is read, whatever the size, layout and schedule.
#include <cstring>
#include <random>

#include "support/devices.h"

namespace {

using namespace glia;

constexpr size_t kStagingBytes = 4 << 20;  // src/cuda/device/cuda_device.h

std::vector<unsigned char> random_bytes(size_t count, unsigned seed) {
    std::vector<unsigned char> out(count);
    std::mt19937_64 random(seed);
    for (size_t i = 0; i < count; i += 8) {
        const uint64_t word = random();
        memcpy(out.data() + i, &word, std::min<size_t>(8, count - i));
    }
    return out;
}

// With chunks, and with device memory of its own for each tensor.
class CudaTensor : public OnDevice {
   protected:
    void both(const std::function<void(Computer &)> &work) {
        for (const char *chunk : {"", "0", "100000"}) {
            SCOPED_TRACE(std::string("GLIA_CUDA_CHUNK=") + chunk);
            const Variable variable("GLIA_CUDA_CHUNK", chunk);
            Computer computer(device());
            ASSERT_EQ(computer.created, GLIA_OK) << computer.message();
            const size_t before = glia_context_bytes(computer.ctx);
            work(computer);
            EXPECT_EQ(glia_context_bytes(computer.ctx), before);
            computer.destroy();
            EXPECT_EQ(computer.memory.held, 0u);
            EXPECT_EQ(live_bytes(device()), 0u);
        }
    }
};

TEST_P(CudaTensor, keeps_every_byte_of_every_dtype) {
    both([](Computer &c) {
        for (int dtype = GLIA_F32; dtype <= GLIA_I64; ++dtype) {
            Keep keep;
            const size_t bytes = 7 * 13 * glia_dtype_size(glia_dtype(dtype));
            const auto sent    = random_bytes(bytes, unsigned(dtype));
            auto *t            = tensor_of(c.ctx, keep, glia_dtype(dtype), {7, 13}, sent);
            ASSERT_TRUE(t);
            std::vector<unsigned char> got(bytes);
            EXPECT_EQ(glia_tensor_read(t, got.data(), bytes), GLIA_OK);
            EXPECT_EQ(got, sent) << glia_dtype_name(glia_dtype(dtype));
        }
    });
}

TEST_P(CudaTensor, is_zero_at_first_and_filled_with_what_the_dtype_can_hold) {
    both([](Computer &c) {
        for (int dtype = GLIA_F32; dtype <= GLIA_I64; ++dtype) {
            Keep keep;
            glia_tensor *t = nullptr;
            ASSERT_EQ(glia_tensor_create(c.ctx, glia_dtype(dtype), GLIA_SHAPE(3, 1000), &t), GLIA_OK);
            keep(t, glia_tensor_destroy);
            const size_t size = glia_dtype_size(glia_dtype(dtype));
            for (const double value : {0.0, 3.0}) {
                if (value != 0) {
                    ASSERT_EQ(glia_tensor_fill(t, value), GLIA_OK);
                }
                std::vector<unsigned char> got(3000 * size);
                ASSERT_EQ(glia_tensor_read(t, got.data(), got.size()), GLIA_OK);
                for (int i = 0; i < 3000; ++i) ASSERT_EQ(gli_load(glia_dtype(dtype), got.data(), i), value);
            }
        }
    });
}

long calls_to_clear(const char *device, int64_t count) {
    const Variable log("GLIA_LOG", "dispatch");
    Computer c(device);
    Keep keep;
    glia_tensor *t = nullptr;
    EXPECT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(count), &t), GLIA_OK);
    EXPECT_EQ(glia_tensor_fill(t, 0), GLIA_OK);
    glia_tensor_destroy(t);
    c.destroy();
    return c.calls();
}

TEST_P(CudaTensor, is_cleared_by_the_device_whatever_its_size) {
    EXPECT_EQ(calls_to_clear(device(), 10), calls_to_clear(device(), 5 << 20));
}

TEST_P(CudaTensor, of_no_elements_takes_no_memory) {
    both([](Computer &c) {
        const size_t before = live_bytes("emulated");
        Keep keep;
        glia_tensor *t = nullptr;
        ASSERT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(4, 0, 3), &t), GLIA_OK);
        keep(t, glia_tensor_destroy);
        EXPECT_EQ(glia_tensor_write(t, nullptr, 0), GLIA_OK);
        EXPECT_EQ(glia_tensor_fill(t, 1), GLIA_OK);
        EXPECT_EQ(glia_tensor_read(t, nullptr, 0), GLIA_OK);
        EXPECT_EQ(live_bytes("emulated"), before);
    });
}

// Sizes around the pieces in which copies go through pinned memory.
TEST_P(CudaTensor, is_copied_whole_when_larger_than_the_staging_memory) {
    Computer c(device());
    ASSERT_EQ(c.created, GLIA_OK) << c.message();
    for (const size_t bytes : {size_t{1}, kStagingBytes - 1, kStagingBytes, kStagingBytes + 1, 2 * kStagingBytes,
                               2 * kStagingBytes + 5, 5 * kStagingBytes + 123}) {
        Keep keep;
        const auto sent = random_bytes(bytes, unsigned(bytes));
        auto *t         = tensor_of(c.ctx, keep, GLIA_U8, {int64_t(bytes)}, sent);
        std::vector<unsigned char> got(bytes);
        ASSERT_TRUE(t);
        ASSERT_EQ(glia_tensor_read(t, got.data(), bytes), GLIA_OK);
        ASSERT_TRUE(got == sent) << bytes << " bytes";
    }
}

TEST_P(CudaTensor, with_gaps_leaves_what_lies_between) {
    both([](Computer &c) {
        Keep keep;
        std::vector<float> all(40, -1), sent = {1, 2, 3, 4, 5, 6}, filled(6, 9);
        auto *whole            = tensor_of(c.ctx, keep, GLIA_F32, {40}, all);
        const int64_t stride[] = {20, 3};
        glia_tensor *t         = nullptr;
        ASSERT_EQ(glia_tensor_wrap(c.ctx, GLIA_F32, GLIA_SHAPE(2, 3), stride,
                                   static_cast<float *>(glia_tensor_data(whole)) + 2, &t),
                  GLIA_OK);
        keep(t, glia_tensor_destroy);
        ASSERT_EQ(glia_tensor_write(t, sent.data(), sizeof(float) * 6), GLIA_OK);
        EXPECT_EQ(read<float>(t), sent);
        std::vector<float> want = all;
        for (int i = 0; i < 2; ++i)
            for (int k = 0; k < 3; ++k) want[size_t(2 + 20 * i + 3 * k)] = sent[size_t(3 * i + k)];
        EXPECT_EQ(read<float>(whole), want);
        ASSERT_EQ(glia_tensor_fill(t, 9), GLIA_OK);
        EXPECT_EQ(read<float>(t), filled);
        EXPECT_EQ(read<float>(whole)[0], -1);
        EXPECT_EQ(read<float>(whole)[3], -1);
    });
}

TEST_P(CudaTensor, memory_of_the_host_is_not_wrapped) {
    both([](Computer &c) {
        float host[6]  = {};
        glia_tensor *t = nullptr;
        EXPECT_EQ(glia_tensor_wrap(c.ctx, GLIA_F32, GLIA_SHAPE(2, 3), nullptr, host, &t), GLIA_INVALID_ARGUMENT);
        EXPECT_NE(std::string(glia_message(c.ctx)).find("memory of the host"), std::string::npos)
            << glia_message(c.ctx);
        EXPECT_EQ(t, nullptr);
    });
}

TEST_P(CudaTensor, wraps_device_memory_that_is_another_tensors) {
    both([](Computer &c) {
        Keep keep;
        const std::vector<float> sent = {1, -2, 3, -4};
        auto *t                       = tensor_of(c.ctx, keep, GLIA_F32, {4}, sent);
        glia_tensor *view             = nullptr;
        ASSERT_EQ(glia_tensor_wrap(c.ctx, GLIA_F32, GLIA_SHAPE(2), nullptr,
                                   static_cast<float *>(glia_tensor_data(t)) + 1, &view),
                  GLIA_OK);
        keep(view, glia_tensor_destroy);
        EXPECT_EQ(read<float>(view), (std::vector<float>{-2, 3}));
        const glia_unary_params relu = glia_unary_defaults(GLIA_UNARY_RELU);
        ASSERT_EQ(glia_unary(c.ctx, &relu, view, view), GLIA_OK) << c.message();
        EXPECT_EQ(read<float>(t), (std::vector<float>{1, 0, 3, -4}));
    });
}

TEST_P(CudaTensor, moves_to_another_device_and_back_with_one_call) {
    both([](Computer &c) {
        Computer host("cpu"), other("cpu");
        Keep keep;
        const std::vector<float> sent = {1, 2, 3, 4, 5, 6};
        const int64_t stride[]        = {1, 2};
        float columns[6]              = {};
        glia_tensor *back             = nullptr;
        auto *x                       = tensor_of(host.ctx, keep, GLIA_F32, {2, 3}, sent),
             *there                   = tensor_of(c.ctx, keep, GLIA_F32, {2, 3}, std::vector<float>(6));
        ASSERT_EQ(glia_tensor_wrap(other.ctx, GLIA_F32, GLIA_SHAPE(2, 3), stride, columns, &back), GLIA_OK);
        keep(back, glia_tensor_destroy);
        ASSERT_EQ(glia_tensor_copy(x, there), GLIA_OK) << c.message();
        EXPECT_EQ(read<float>(there), sent);
        ASSERT_EQ(glia_tensor_copy(there, back), GLIA_OK) << other.message();
        EXPECT_EQ(read<float>(back), sent);
        EXPECT_EQ((std::vector<float>(columns, columns + 6)), (std::vector<float>{1, 4, 2, 5, 3, 6}))
            << "in the layout of the tensor";

        auto *longer   = tensor_of(c.ctx, keep, GLIA_F32, {7}, std::vector<float>(7)),
             *integers = tensor_of(c.ctx, keep, GLIA_I32, {2, 3}, std::vector<int32_t>(6));
        EXPECT_EQ(glia_tensor_copy(x, longer), GLIA_SHAPE_MISMATCH);
        EXPECT_EQ(c.message(), "glia_tensor_copy: from is [2,3], to is [7]");
        EXPECT_EQ(glia_tensor_copy(x, integers), GLIA_DTYPE_MISMATCH);
        EXPECT_EQ(c.message(), "glia_tensor_copy: from is f32, to is i32");
    });
}

GLI_ON_DEVICES(CudaTensor);

// Copies at the earliest and the latest time that CUDA allows, and schedules of all kinds.
class Asynchronous : public OnDevice {};

std::vector<float> busy_work(Computer &c) {
    Keep keep;
    const glia_unary_params square = glia_unary_defaults(GLIA_UNARY_SQUARE),
                            tanh   = glia_unary_defaults(GLIA_UNARY_TANH);
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    std::vector<float> host(1000), out;
    glia_tensor *x = tensor_of(c.ctx, keep, GLIA_F32, {1000}, host),
                *y = tensor_of(c.ctx, keep, GLIA_F32, {1000}, host), *s = nullptr;
    EXPECT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SCALAR, &s), GLIA_OK);
    keep(s, glia_tensor_destroy);
    for (int round = 0; round < 6; ++round) {
        for (size_t i = 0; i < host.size(); ++i) host[i] = float(int(i) - 500) / float(100 + round);
        EXPECT_EQ(glia_tensor_write(x, host.data(), host.size() * sizeof(float)), GLIA_OK) << c.message();
        std::fill(host.begin(), host.end(), NAN);  // ours again
        EXPECT_EQ(glia_unary(c.ctx, &square, x, y), GLIA_OK) << c.message();
        EXPECT_EQ(glia_unary(c.ctx, &tanh, y, x), GLIA_OK) << c.message();
        EXPECT_EQ(glia_reduce(c.ctx, &sum, x, s), GLIA_OK) << c.message();
        const auto got = read<float>(s), rows = read<float>(x);
        out.insert(out.end(), got.begin(), got.end());
        out.insert(out.end(), rows.begin(), rows.end());
    }
    return out;
}

TEST_P(Asynchronous, results_have_the_same_bits_under_every_schedule) {
    std::vector<float> want;
    std::vector<std::string> settings = {"copies=early", "copies=late", "schedule=reverse",
                                         "schedule=reverse,copies=late"};
    for (int seed = 1; seed <= 8; ++seed) {
        settings.push_back("schedule=shuffled,seed=" + std::to_string(seed));
        settings.push_back(settings.back() + ",copies=late");
    }
    for (const std::string &setting : settings) {
        const Variable variable("GLIA_EMULATOR", setting.c_str());
        Computer c(device());
        ASSERT_EQ(c.created, GLIA_OK) << c.message();
        const std::vector<float> got = busy_work(c);
        if (want.empty()) want = got;
        EXPECT_EQ(memcmp(got.data(), want.data(), want.size() * sizeof(float)), 0) << setting;
    }
    for (const float value : want) ASSERT_FALSE(std::isnan(value));
}

GLI_ON_EMULATOR(Asynchronous);

}  // namespace
