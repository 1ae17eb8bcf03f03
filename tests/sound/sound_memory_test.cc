// libsndfile and libsamplerate take their memory from malloc, past the context's allocator. Here malloc has only so
// many bytes, or a number of calls that succeed.
#include <cerrno>

#include "sound/recordings.h"
#include "support/own_malloc.h"

#if OWN_MALLOC && defined(__GLIBC__)

#include <malloc.h>

namespace {

long left_over = -1;         // allocations until one fails; -1: none does
long available = INT64_MAX;  // bytes

bool refused(size_t bytes) {
    if (left_over == 0 || long(bytes) > available) return errno = ENOMEM, true;
    if (left_over > 0) --left_over;
    return false;
}

void *counted(void *memory) {
    if (available != INT64_MAX) available -= long(malloc_usable_size(memory));
    return memory;
}

void uncount(void *memory) {
    if (available != INT64_MAX) available += long(malloc_usable_size(memory));
}

}  // namespace

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void __libc_free(void *);

void *malloc(size_t bytes) { return refused(bytes) ? nullptr : counted(__libc_malloc(bytes)); }
void *calloc(size_t count, size_t bytes) {
    return refused(count * bytes) ? nullptr : counted(__libc_calloc(count, bytes));
}
void *realloc(void *old, size_t bytes) {
    if (refused(bytes)) return nullptr;
    uncount(old);
    return counted(__libc_realloc(old, bytes));
}
void free(void *memory) {
    uncount(memory);
    __libc_free(memory);
}
}

namespace {

using namespace glia;

class SoundMemory : public SoundTest {
   protected:
    void SetUp() override {
        SoundTest::SetUp();
        if (!kSndfile) GTEST_SKIP() << "no libsndfile";
    }
};

TEST_F(SoundMemory, of_the_decoders_can_run_out) {
    for (const Recording &r : recordings()) {
        bool failed = false, succeeded = false;
        for (long bytes = 1 << 10; bytes < 1 << 25 && !succeeded; bytes += bytes / 4) {
            glia_sound *out   = nullptr;
            available         = bytes;
            const auto status = glia_sound_decode(ctx, r.bytes.data(), r.bytes.size(), nullptr, &out);
            available         = INT64_MAX;
            EXPECT_TRUE(status == GLIA_OK || status == GLIA_OUT_OF_MEMORY) << r.name << ": " << message();
            EXPECT_EQ(status == GLIA_OK, out != nullptr) << r.name;
            failed    = failed || status != GLIA_OK;
            succeeded = status == GLIA_OK;
            glia_sound_destroy(out);
            EXPECT_EQ(glia_context_bytes(ctx), 0u) << r.name << " of " << bytes;
        }
        EXPECT_TRUE(failed && succeeded) << r.name;
    }
}

TEST_F(SoundMemory, of_resampling_can_run_out) {
    if (!kSamplerate) GTEST_SKIP() << "no libsamplerate";
    const Samples x    = tone(440, 8000, 100);
    glia_status status = GLIA_OUT_OF_MEMORY;
    long allowed       = 0;
    for (; status == GLIA_OUT_OF_MEMORY && allowed < 100; ++allowed) {
        glia_sound *sound = nullptr, *out = nullptr;
        const glia_sound_args args{100, 1, 8000};
        const glia_sound_convert_args rate{.rate = 11025};
        left_over = allowed;
        status    = glia_sound_create(ctx, &args, x.data(), &sound);
        if (status == GLIA_OK) status = glia_sound_convert(sound, &rate, &out);
        left_over = -1;
        EXPECT_TRUE(status == GLIA_OK || says("out of memory")) << message();
        glia_sound_destroy(out);
        glia_sound_destroy(sound);
        EXPECT_EQ(glia_context_bytes(ctx), 0u) << allowed;
    }
    EXPECT_EQ(status, GLIA_OK) << message();
    EXPECT_GT(allowed, 2);
}

}  // namespace

#endif
