// libjpeg takes its memory from malloc, past the context's allocator: each of its allocations fails once.
#include <cerrno>

#include "image/pictures.h"
#include "support/own_malloc.h"

#if OWN_MALLOC && defined(__GLIBC__)

namespace {

long left_over = -1;  // allocations until one fails; -1: none does

}  // namespace

extern "C" {
void *__libc_malloc(size_t);

void *malloc(size_t bytes) {
    if (left_over == 0) return errno = ENOMEM, nullptr;
    if (left_over > 0) --left_over;
    return __libc_malloc(bytes);
}
}

namespace {

using namespace glia;

class ImageMemory : public PictureTest {};

TEST_F(ImageMemory, of_libjpeg_can_run_out) {
    if (!kJpeg) GTEST_SKIP() << "no libjpeg";
    for (const char *name : {"jpeg_grey", "jpeg_420", "jpeg_444_progressive", "jpeg_cmyk", "jpeg_turned_6"}) {
        const Bytes &file  = picture_file(name).bytes;
        glia_status status = GLIA_OUT_OF_MEMORY;
        long allowed       = 0;
        for (; status == GLIA_OUT_OF_MEMORY && allowed < 1000; ++allowed) {
            glia_image *out = nullptr;
            left_over       = allowed;
            status          = glia_image_decode(ctx, file.data(), file.size(), nullptr, &out);
            left_over       = -1;
            EXPECT_EQ(status == GLIA_OK, out != nullptr) << name;
            EXPECT_TRUE(status == GLIA_OK || says("libjpeg has none")) << message();
            glia_image_destroy(out);
            EXPECT_EQ(glia_context_bytes(ctx), 0u) << name << " after " << allowed;
        }
        EXPECT_EQ(status, GLIA_OK) << name << ": " << message();
        EXPECT_GT(allowed, 4) << name;
    }
}

}  // namespace

#endif
