// Status codes, contexts, the log and tensors.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <thread>
#include <vector>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"

namespace {

using namespace glia;

struct Variable {
    Variable(const char* name, const char* value) : name(name) { setenv(name, value, 1); }
    ~Variable() { unsetenv(name); }
    const char* name;
};

bool early_message_has(const std::string& part) { return std::string(glia_message(nullptr)).find(part) != std::string::npos; }

TEST(Status, every_code_has_a_name_and_a_text) {
    EXPECT_STREQ(glia_status_name(GLIA_OK), "GLIA_OK");
    EXPECT_STREQ(glia_status_name(GLIA_SHAPE_MISMATCH), "GLIA_SHAPE_MISMATCH");
    EXPECT_STREQ(glia_status_text(GLIA_OUT_OF_MEMORY), "an allocation failed");
    for (int bad : {-1, GLIA_DEVICE_LOST + 1, 1 << 30}) {
        EXPECT_STREQ(glia_status_name(glia_status(bad)), "not a glia_status");
        EXPECT_STREQ(glia_status_text(glia_status(bad)), "not a glia_status");
    }
    EXPECT_EQ(std::string(glia_version()), std::to_string(GLIA_VERSION_MAJOR) + "." + std::to_string(GLIA_VERSION_MINOR) + "." +
                                               std::to_string(GLIA_VERSION_PATCH));
}

TEST(Context, defaults_and_getters) {
    glia_context* ctx = nullptr;
    ASSERT_EQ(glia_context_create(nullptr, nullptr, &ctx), GLIA_OK) << glia_message(nullptr);
    EXPECT_STREQ(glia_context_device(ctx), "cpu");
    EXPECT_GE(glia_context_threads(ctx), 1);
    EXPECT_EQ(glia_context_bytes(ctx), 0u);
    EXPECT_STREQ(glia_message(ctx), "");
    glia_context_destroy(ctx);
    glia_context_destroy(nullptr);
    EXPECT_STREQ(glia_context_device(nullptr), "");
    EXPECT_EQ(glia_context_threads(nullptr), 0);
    EXPECT_EQ(glia_context_bytes(nullptr), 0u);
    EXPECT_EQ(glia_context_peak_bytes(nullptr), 0u);
}

TEST(Context, bad_arguments_leave_out_alone_and_say_why) {
    glia_context* const untouched = reinterpret_cast<glia_context*>(8);
    glia_context*       ctx       = untouched;
    const auto          refused   = [&](const char* device, glia_context_args args, glia_status status, const char* part) {
        EXPECT_EQ(glia_context_create(device, &args, &ctx), status) << part;
        EXPECT_TRUE(early_message_has(part)) << glia_message(nullptr);
        EXPECT_EQ(ctx, untouched);
    };
    glia_context_args args = {};
    refused("abacus", args, GLIA_NOT_FOUND, "'abacus'");
    args.threads = -1;
    refused("cpu", args, GLIA_INVALID_ARGUMENT, "threads is -1");
    args.threads = 1025;
    refused("cpu", args, GLIA_INVALID_ARGUMENT, "threads is 1025");
    args      = {};
    args.math = glia_math(7);
    refused("cpu", args, GLIA_INVALID_ARGUMENT, "math is 7");
    args                 = {};
    args.allocator.alloc = FailingAllocator::alloc;
    refused("cpu", args, GLIA_INVALID_ARGUMENT, "both alloc and release");
    EXPECT_EQ(glia_context_create("cpu", nullptr, nullptr), GLIA_INVALID_ARGUMENT);
}

TEST(Context, the_environment_is_checked_and_the_code_wins_over_it) {
    const struct {
        const char *name, *value, *part;
        glia_status status;
    } bad[] = {
        {"GLIA_LOG", "dispatch,loud", "GLIA_LOG has 'loud'", GLIA_INVALID_ARGUMENT},
        {"GLIA_LOG", "dispatc", "GLIA_LOG has 'dispatc'", GLIA_INVALID_ARGUMENT},
        {"GLIA_PROVIDER", "cpu.magic", "GLIA_PROVIDER is 'cpu.magic'", GLIA_INVALID_ARGUMENT},
        {"GLIA_CHECK", "twice", "GLIA_CHECK is 'twice'", GLIA_INVALID_ARGUMENT},
        {"GLIA_NUM_THREADS", "0", "GLIA_NUM_THREADS is '0'", GLIA_INVALID_ARGUMENT},
        {"GLIA_NUM_THREADS", "two", "GLIA_NUM_THREADS is 'two'", GLIA_INVALID_ARGUMENT},
        {"GLIA_NUM_THREADS", "2 ", "GLIA_NUM_THREADS is '2 '", GLIA_INVALID_ARGUMENT},
        {"GLIA_DEVICE", "abacus", "'abacus'", GLIA_NOT_FOUND},
    };
    for (const auto& row : bad) {
        Variable      set(row.name, row.value);
        glia_context* ctx = nullptr;
        EXPECT_EQ(glia_context_create(nullptr, nullptr, &ctx), row.status) << row.name << "=" << row.value;
        EXPECT_TRUE(early_message_has(row.part)) << glia_message(nullptr);
    }
    Variable          threads("GLIA_NUM_THREADS", "3"), device("GLIA_DEVICE", "abacus");
    glia_context*     ctx  = nullptr;
    glia_context_args args = {};
    ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    EXPECT_EQ(glia_context_threads(ctx), 3);
    glia_context_destroy(ctx);
    args.threads = 2;
    ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    EXPECT_EQ(glia_context_threads(ctx), 2);
    glia_context_destroy(ctx);
}

struct Convolution {
    explicit Convolution(glia_context* ctx) : ctx(ctx) {
        EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1, 1, 2, 2), &x), GLIA_OK);
        EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1, 1, 1, 1), &y), GLIA_OK);
        EXPECT_EQ(glia_tensor_fill(x, 2), GLIA_OK);
    }
    ~Convolution() { glia_tensor_destroy(x), glia_tensor_destroy(y); }
    glia_status run() { return glia_conv2d(ctx, nullptr, x, x, nullptr, y); }

    glia_context* ctx;
    glia_tensor * x = nullptr, *y = nullptr;
};

TEST(Log, goes_to_the_callback_and_names_the_provider) {
    for (const char* forced : {"", "cpu.ref"}) {
        Variable                 log("GLIA_LOG", "dispatch,time"), provider("GLIA_PROVIDER", forced);
        std::vector<std::string> lines;
        glia_context_args        args = {};
        args.log                      = [](void* user, const char* line) { static_cast<std::vector<std::string>*>(user)->push_back(line); };
        args.log_user                 = &lines;
        glia_context* ctx             = nullptr;
        ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
        {
            Convolution conv(ctx);
            EXPECT_EQ(conv.run(), GLIA_OK) << glia_message(ctx);
        }
        glia_context_destroy(ctx);
        const auto starts = [&](const std::string& with) {
            return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.rfind(with, 0) == 0; });
        };
        EXPECT_TRUE(starts(std::string("dispatch conv2d: ") + forced));
        EXPECT_TRUE(starts(std::string("time conv2d ") + forced));
    }
}

TEST(Check, shadow_passes_a_right_result) {
    Variable      check("GLIA_CHECK", "shadow");
    glia_context* ctx = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
    {
        Convolution conv(ctx);
        EXPECT_EQ(conv.run(), GLIA_OK) << glia_message(ctx);
    }
    glia_context_destroy(ctx);
}

// One thread stays inside a call, held by its own log callback, while another one tries to enter.
TEST(Context, a_second_thread_is_told_that_it_is_busy) {
    struct Gate {
        std::atomic<bool> inside{false}, open{false};
    } gate;
    Variable          log("GLIA_LOG", "dispatch");
    glia_context_args args = {};
    args.log_user          = &gate;
    args.log               = [](void* user, const char*) {
        auto* g   = static_cast<Gate*>(user);
        g->inside = true;
        while (!g->open) std::this_thread::yield();
    };
    glia_context* ctx = nullptr;
    ASSERT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    {
        Convolution  conv(ctx);
        glia_status  first = GLIA_DEVICE_ERROR;
        std::thread  other([&] { first = conv.run(); });
        glia_tensor* t = nullptr;
        while (!gate.inside) std::this_thread::yield();
        EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(2), &t), GLIA_BUSY);
        EXPECT_EQ(glia_tensor_fill(conv.x, 1), GLIA_BUSY);
        EXPECT_EQ(t, nullptr);
        gate.open = true;
        other.join();
        EXPECT_EQ(first, GLIA_OK);
        EXPECT_EQ(conv.run(), GLIA_OK) << "the context is free again";
    }
    glia_context_destroy(ctx);
}

class Tensor : public ContextTest {};

TEST_F(Tensor, is_made_of_zeros_and_is_read_back_as_written) {
    glia_tensor* t = tensor(GLIA_F32, GLIA_SHAPE(2, 3));
    float        values[6], zeros[6] = {}, more[6] = {1, 2, 3, 4, 5, 6};
    ASSERT_EQ(glia_tensor_read(t, values, sizeof values), GLIA_OK);
    EXPECT_EQ(memcmp(values, zeros, sizeof zeros), 0);
    ASSERT_EQ(glia_tensor_write(t, more, sizeof more), GLIA_OK);
    ASSERT_EQ(glia_tensor_read(t, values, sizeof values), GLIA_OK);
    EXPECT_EQ(memcmp(values, more, sizeof more), 0);
    EXPECT_EQ(glia_tensor_write(t, more, 5), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("host memory has 5 bytes, a tensor [2,3] of f32 has 24")) << message();
    EXPECT_EQ(glia_tensor_read(t, nullptr, 24), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_dtype(t), GLIA_F32);
    EXPECT_EQ(glia_tensor_count(t), 6);
    EXPECT_EQ(glia_tensor_shape(t).dim[1], 3);
    EXPECT_EQ(glia_tensor_stride(t)[0], 3);
    EXPECT_EQ(uintptr_t(glia_tensor_data(t)) % 64, 0u);
    glia_tensor_destroy(t);
}

TEST_F(Tensor, scalars_and_empty_tensors_are_tensors) {
    glia_tensor *scalar = tensor(GLIA_I64, GLIA_SCALAR), *empty = tensor(GLIA_F64, GLIA_SHAPE(3, 0, 2));
    EXPECT_EQ(glia_tensor_count(scalar), 1);
    EXPECT_EQ(glia_tensor_fill(scalar, -7.9), GLIA_OK);
    EXPECT_EQ(*static_cast<int64_t*>(glia_tensor_data(scalar)), -7);
    EXPECT_EQ(glia_tensor_count(empty), 0);
    EXPECT_EQ(glia_tensor_fill(empty, 1), GLIA_OK) << message();
    EXPECT_EQ(glia_tensor_read(empty, nullptr, 0), GLIA_OK) << message();
    glia_tensor_destroy(scalar), glia_tensor_destroy(empty);
}

TEST_F(Tensor, strides_of_the_callers_memory_are_honoured) {
    float         memory[] = {0, 1, 2, 3, 4, 5, 6, 7}, values[6];
    const int64_t columns[] = {1, 2}, gapped[] = {4, 1}, repeated[] = {0, 1};
    glia_tensor * a = nullptr, *b = nullptr, *c = nullptr;
    ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 3), columns, memory, &a), GLIA_OK) << message();
    ASSERT_EQ(glia_tensor_read(a, values, sizeof values), GLIA_OK);
    EXPECT_EQ(std::vector<float>(values, values + 6), (std::vector<float>{0, 2, 4, 1, 3, 5}));
    ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 3), gapped, memory, &b), GLIA_OK) << message();
    ASSERT_EQ(glia_tensor_fill(b, 9), GLIA_OK) << message();
    EXPECT_EQ(std::vector<float>(memory, memory + 8), (std::vector<float>{9, 9, 9, 3, 9, 9, 9, 7})) << "the gap stays";
    ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 3), repeated, memory, &c), GLIA_OK) << message();
    ASSERT_EQ(glia_tensor_read(c, values, sizeof values), GLIA_OK);
    EXPECT_EQ(values[5], 9);
    for (glia_tensor* t : {a, b, c}) glia_tensor_destroy(t);
}

TEST_F(Tensor, bad_calls_are_refused_with_their_values) {
    float         memory[8] = {};
    glia_tensor*  t         = nullptr;
    const int64_t negative[] = {-1, 1}, far[] = {int64_t(1) << 62, 1};
    const int64_t big = int64_t(1) << 40;
    EXPECT_EQ(glia_tensor_create(nullptr, GLIA_F32, GLIA_SHAPE(1), &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1), nullptr), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_create(ctx, glia_dtype(7), GLIA_SHAPE(1), &t), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("7 is no glia_dtype")) << message();
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(2, -3), &t), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("dimension 1 is -3")) << message();
    glia_shape nine = GLIA_SHAPE(1);
    nine.ndim       = 9;
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, nine, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(big, big), &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(0, big, big), &t), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("[0,1099511627776,1099511627776] has more bytes than memory can")) << message();
    EXPECT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 2), nullptr, nullptr, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 2), negative, memory, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(4, 2), far, memory, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2), nullptr, reinterpret_cast<char*>(memory) + 2, &t), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("not aligned to the 4 bytes of f32")) << message();
    EXPECT_EQ(glia_tensor_write(nullptr, memory, 4), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_read(nullptr, memory, 4), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_tensor_fill(nullptr, 0), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(t, nullptr);
    glia_tensor_destroy(nullptr);
    EXPECT_EQ(glia_tensor_count(nullptr), 0);
    EXPECT_EQ(glia_tensor_data(nullptr), nullptr);
}

TEST_F(Tensor, too_much_memory_is_an_error_and_the_context_stays_useful) {
    glia_tensor* t = nullptr;
    EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(int64_t(1) << 58), &t), GLIA_OUT_OF_MEMORY);
    EXPECT_TRUE(says("out of memory: 1152921504606846976 bytes for a tensor")) << message();
    glia_tensor_destroy(tensor(GLIA_F32, GLIA_SHAPE(4)));
    EXPECT_GE(glia_context_peak_bytes(ctx), 16u);
    EXPECT_EQ(glia_context_bytes(ctx), 0u);
}

TEST_F(Tensor, keeps_its_context_alive) {
    glia_context* own = nullptr;
    glia_tensor*  t   = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &own), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(own, GLIA_F32, GLIA_SHAPE(2), &t), GLIA_OK);
    glia_context_destroy(own);
    EXPECT_EQ(glia_tensor_fill(t, 3), GLIA_OK);
    glia_tensor_destroy(t);
}

TEST(Memory, every_allocation_of_a_call_may_fail) {
    // Without a library that keeps memory of its own for the next call: what a failed call took, it gives back.
    Variable provider("GLIA_PROVIDER", "cpu.ref");
    const int failures = fail_every_allocation([](glia_context* ctx) {
        glia_tensor *x = nullptr, *y = nullptr;
        glia_status  status = glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1, 1, 2, 2), &x);
        if (status == GLIA_OK) status = glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1, 1, 1, 1), &y);
        if (status == GLIA_OK) status = glia_conv2d(ctx, nullptr, x, x, nullptr, y);
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        return status;
    });
    EXPECT_GE(failures, 6);
    FailingAllocator none;
    none.left              = 0;
    glia_context_args args = {};
    args.allocator         = none.api();
    glia_context* ctx      = nullptr;
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OUT_OF_MEMORY);
    EXPECT_TRUE(early_message_has("for a context")) << glia_message(nullptr);
}

}  // namespace
