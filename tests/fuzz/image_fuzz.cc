// Pictures of every format, as bytes or behind the beginning of a format, with args that the input says. What is read
// is probed as the same, written as PNG or PNM and read again.
#include "fuzz/fuzz.h"
#include "glia/image.h"

namespace {

using namespace glia;

constexpr int64_t kMostPixels = 1 << 16;

void require_same(const glia_image *a, const glia_image *b) {
    const glia_image_info x = glia_image_get_info(a), y = glia_image_get_info(b);
    require(x.height == y.height && x.width == y.width && x.channels == y.channels && x.bits == y.bits, "another size");
    const auto *p = static_cast<const unsigned char *>(glia_image_pixels(a));
    const auto *q = static_cast<const unsigned char *>(glia_image_pixels(b));
    require(std::equal(p, p + x.height * x.width * x.channels * x.bits / 8, q), "other pixels");
}

void check(Context *context, const char *path, const glia_image_read_args &args, const glia_image *image) {
    const glia_image_info info = glia_image_get_info(image);
    glia_image_info probed;
    require(glia_image_probe(context->get(), path, &args, &probed) == GLIA_OK, "it is read, and not probed");
    require(probed.height == info.height && probed.width == info.width, "it is probed as of another size");
    require(probed.orientation == info.orientation, "it is probed with another orientation");
    require(probed.channels == info.channels && probed.bits == info.bits, "it is probed with other channels");
    require(info.height * info.width <= kMostPixels, "it is larger than allowed");
    require(args.channels == 0 || info.channels == args.channels, "not the channels that were asked for");

    const std::string base = scratch();
    const std::string copy = base + (info.channels == 1 ? ".pgm" : info.channels == 3 ? ".ppm" : ".png");
    glia_image *again      = nullptr;
    require(glia_image_write(image, copy.c_str()) == GLIA_OK, "it is not written");
    require(glia_image_read(context->get(), copy.c_str(), nullptr, &again) == GLIA_OK, "it is not read again");
    require_same(image, again);
    glia_image_destroy(again);
    remove(copy.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const unsigned how = input.byte(), what = input.byte();
    const glia_image_read_args args{.channels   = int(how % 5),
                                    .bits       = int(how / 5 % 3) * 8,
                                    .as_stored  = (how & 0x40) != 0,
                                    .indices    = (how & 0x80) != 0,
                                    .max_pixels = kMostPixels};
    Bytes content                     = input.rest();
    static const char *const begins[] = {"", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "BM", "P2 ", "P3 ", "P5 ", "P6 "};
    const std::string begin           = begins[what % 8];
    content.insert(content.begin(), begin.begin(), begin.end());
    const MemoryFile file(content);
    glia_image *image        = nullptr;
    const glia_status status = glia_image_read(context.get(), file.path(), &args, &image);
    if (status == GLIA_OK) {
        check(&context, file.path(), args, image);
        glia_image_destroy(image);
    } else {
        require(status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED, "another error");
        require(context.message().find(file.path()) == 0, "a message without the path");
    }
    return 0;
}
