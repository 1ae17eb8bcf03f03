// Tests of devices with memory of their own: each runs on the emulated one, and on the first GPU where there is one.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/counting.h"
#include "support/environment.h"
#include "support/internals.h"
#include "support/keep.h"

namespace glia {

#define GLI_TEST_TRY(call)                                                       \
    do {                                                                         \
        if (const glia_status failed = (call); failed != GLIA_OK) return failed; \
    } while (0)

// Bytes that the device's library has not given back; 0 for a real GPU, which other programs use, too.
inline size_t live_bytes(const char *name) {
    gli_device_choice choice;
    Dl_info info;
    if (strncmp(name, "emulated", 8) != 0 || gli_device_find(name, &choice) != GLIA_OK || !dladdr(choice.device, &info))
        return 0;
    void *library   = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    const auto live = reinterpret_cast<size_t (*)()>(dlsym(library, "gli_emulator_live_bytes"));
    dlclose(library);
    return live();
}

// A context whose log is kept, and whose host memory is counted.
class Computer {
   public:
    // refused: the host allocation that fails, once; -1: none.
    explicit Computer(const char *device, long refused = -1, glia_math math = GLIA_MATH_F32) {
        glia_context_args args{};
        args.seed      = 7;
        args.threads   = 1;
        args.math      = math;
        args.allocator = memory.api();
        args.log       = [](void *self, const char *line) { static_cast<Computer *>(self)->lines.push_back(line); };
        args.log_user  = this;
        if (refused >= 0) memory.fail(CountingAllocator::Fails::once, refused);
        created = glia_context_create(device, &args, &ctx);
        if (created != GLIA_OK) error = glia_message(nullptr);
    }
    ~Computer() { destroy(); }
    Computer(const Computer &) = delete;

    void destroy() {
        glia_context_destroy(ctx);
        ctx = nullptr;
    }
    std::string message() const { return ctx ? glia_message(ctx) : error; }
    bool logged(const std::string &part) const { return count(part) > 0; }
    int count(const std::string &part) const {
        int n = 0;
        for (const std::string &line : lines) n += line.find(part) != std::string::npos;
        return n;
    }
    // Calls of CUDA that the closed context made; GLIA_LOG must have had "dispatch".
    long calls() const {
        for (const std::string &line : lines)
            if (const size_t at = line.find("closed after "); at != std::string::npos)
                return atol(line.c_str() + at + 13);
        return -1;
    }

    CountingAllocator memory;
    std::vector<std::string> lines;
    glia_context *ctx = nullptr;
    glia_status created;
    std::string error;
};

inline glia_shape shape_of_dims(const std::vector<int64_t> &dims) {
    glia_shape shape{int(dims.size()), {}};
    std::copy(dims.begin(), dims.end(), shape.dim);
    return shape;
}

// Skips where the device is missing, and sees that the emulated one is left empty.
class OnDevice : public testing::TestWithParam<const char *> {
   protected:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(device(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
        ASSERT_EQ(live_bytes(device()), 0u) << "an earlier test left something";
    }
    void TearDown() override {
        if (!IsSkipped()) {
            EXPECT_EQ(live_bytes(device()), 0u);
        }
    }
    const char *device() const { return GetParam(); }
    bool emulated() const { return strcmp(device(), "emulated") == 0; }
};

inline std::string device_name(const testing::TestParamInfo<const char *> &info) {
    return strcmp(info.param, "cuda:0") == 0 ? "cuda" : strcmp(info.param, "emulated") == 0 ? "emulated" : "race";
}

#define GLI_ON_DEVICES(suite) \
    INSTANTIATE_TEST_SUITE_P(device, suite, testing::Values("emulated", "cuda:0"), glia::device_name)
// Where only the emulator has what the test asks for: schedules, and in the race build an eye on every access.
#define GLI_ON_EMULATOR(suite) INSTANTIATE_TEST_SUITE_P(device, suite, testing::Values("emulated"), glia::device_name)
#define GLI_ON_RACE_BUILD(suite) \
    INSTANTIATE_TEST_SUITE_P(device, suite, testing::Values("emulated:race"), glia::device_name)

template <class T>
std::vector<T> read(const glia_tensor *tensor) {
    std::vector<T> out(size_t(glia_tensor_count(tensor)));
    EXPECT_EQ(glia_tensor_read(tensor, out.data(), out.size() * sizeof(T)), GLIA_OK) << glia_message(tensor->ctx);
    return out;
}

template <class T>
glia_tensor *tensor_of(glia_context *ctx, Keep &keep, glia_dtype dtype, const std::vector<int64_t> &dims,
                       const std::vector<T> &values) {
    glia_tensor *out = nullptr;
    EXPECT_EQ(glia_tensor_create(ctx, dtype, shape_of_dims(dims), &out), GLIA_OK) << glia_message(ctx);
    keep(out, glia_tensor_destroy);
    if (out) {
        EXPECT_EQ(glia_tensor_write(out, values.data(), values.size() * sizeof(T)), GLIA_OK) << glia_message(ctx);
    }
    return out;
}

}  // namespace glia
