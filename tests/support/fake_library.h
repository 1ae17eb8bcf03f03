// Libraries that stand in for NVIDIA's, on the emulated device that opens them.
#pragma once

#include <cstdio>

#include "support/devices.h"

namespace glia {

// Such a library, in the folder of that device. Contexts of this program open both.
class FakeLibrary {
   public:
    FakeLibrary(const char *folder, const char *file) : path_(std::string(folder) + "/" + file) {
        setenv("GLIA_LIBRARY_DIR", folder, 1);
        setenv("GLIA_CUDA_LIBRARY_PATH", folder, 1);
    }
    // What a function says that it has for tests.
    int ask(const char *function, int argument = 0) const {
        void *library = dlopen(path_.c_str(), RTLD_NOW | RTLD_NODELETE);
        EXPECT_NE(library, nullptr) << dlerror();
        if (!library) return -1;
        const auto answer = reinterpret_cast<int (*)(int)>(dlsym(library, function));
        dlclose(library);
        return answer(argument);
    }

   private:
    const std::string path_;
};

// Tests that must leave nothing behind, neither memory of the device nor what live() counts of the library's.
template <int (*live)()>
class WithFakeLibrary : public testing::Test {
   protected:
    void TearDown() override {
        EXPECT_EQ(live_bytes("emulated"), 0u);
        EXPECT_EQ(live(), 0) << "handles or descriptors that were not given back";
    }
};

// How many calls failed, each with every error; how often the work ended with an error, and with a lost device.
struct FailedCalls {
    long calls = 0;
    int shown = 0, lost = 0;
};

// Each time the work ends with a message, or succeeds, and then compares its own results; nothing is left behind. live:
// what the library has made and was not given back. again: the same work then succeeds, unless the device is lost.
inline FailedCalls fail_each_call(const std::vector<int> &errors,
                                  const std::function<glia_status(glia_context *)> &work,
                                  const std::function<int()> &live, bool again = true) {
    const Variable log("GLIA_LOG", "dispatch"), chunk("GLIA_CUDA_CHUNK", "65536");
    FailedCalls all;
    {
        Computer c("emulated");
        EXPECT_EQ(work(c.ctx), GLIA_OK) << c.message();
        c.destroy();
        all.calls = c.calls();
    }
    EXPECT_GT(all.calls, 50);
    for (long call = 0; call < all.calls && !testing::Test::HasFailure(); ++call)
        for (const int error : errors) {
            const std::string setting = std::to_string(call) + ":" + std::to_string(error);
            SCOPED_TRACE("GLIA_CUDA_FAIL=" + setting);
            const Variable fail("GLIA_CUDA_FAIL", setting.c_str());
            Computer c("emulated");
            if (c.created != GLIA_OK) continue;
            const glia_status status = work(c.ctx);
            const bool lost          = status == GLIA_DEVICE_LOST;
            all.shown += status != GLIA_OK;
            all.lost += lost;
            if (status != GLIA_OK) {
                EXPECT_NE(c.message(), "");
                EXPECT_TRUE(lost ? error == 700 : status == GLIA_OUT_OF_MEMORY ? error == 2 : true) << c.message();
            }
            if (again) {
                EXPECT_EQ(work(c.ctx), lost ? status : GLIA_OK) << "the second time: " << c.message();
            }
            c.destroy();
            EXPECT_EQ(c.memory.held, 0u);
            EXPECT_EQ(live_bytes("emulated"), 0u);
            EXPECT_EQ(live(), 0);
        }
    printf("%ld calls failed, each with %zu errors; %d showed, %d lost the device\n", all.calls, errors.size(),
           all.shown, all.lost);
    return all;
}

}  // namespace glia
