// Pictures for tests: those that Pillow wrote and read, and some that are made here.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/context_test.h"
#include "support/files.h"

namespace glia {

constexpr bool kPng = GLIA_TEST_PNG, kJpeg = GLIA_TEST_JPEG;

using Numbers = std::vector<int>;

// Hexadecimal numbers of 8 or 16 bits.
inline Numbers numbers_of(const std::string &text, int bits) {
    Numbers out;
    for (size_t i = 0; i < text.size(); i += size_t(bits) / 4)
        out.push_back(std::stoi(text.substr(i, size_t(bits) / 4), nullptr, 16));
    return out;
}

// A file, and what Pillow reads of it.
struct PictureFile {
    std::string name;
    int64_t height, width;
    int channels, bits;
    Bytes bytes;
    Numbers pixels;

    // Whether this build reads it.
    bool is_read() const { return name.find("png") == 0 ? kPng : name.find("jpeg") == 0 ? kJpeg : true; }
};

#define RESIZED(...)
#define FILE(name, height, width, channels, bits, bytes, pixels) \
    {#name, height, width, channels, bits, from_hex(bytes), numbers_of(pixels, bits)},
inline const std::vector<PictureFile> &picture_files() {
    static const std::vector<PictureFile> all = {
#include "image/pillow.inc"
    };
    return all;
}
#undef FILE
#undef RESIZED

inline const PictureFile &picture_file(const std::string &name) {
    for (const auto &file : picture_files())
        if (file.name == name) return file;
    ADD_FAILURE() << "no file " << name;
    return picture_files()[0];
}

// The picture that pillow.py makes.
inline Bytes made(int64_t height, int64_t width, int channels) {
    Bytes out;
    for (int64_t i = 0; i < height * width * channels; ++i) {
        const int64_t slope  = i / channels % width * 255 / std::max<int64_t>(width - 1, 1);
        const uint32_t noise = uint32_t(i) * 2654435761u >> 24;
        out.push_back(static_cast<unsigned char>((3 * slope + noise) / 4));
    }
    return out;
}

class PictureTest : public ContextTest {
   protected:
    using Picture = std::unique_ptr<glia_image, void (*)(glia_image *)>;

    // Takes what a call gave, which has to have succeeded.
    Picture taken(glia_status status, glia_image *image) {
        EXPECT_EQ(status, GLIA_OK) << message();
        return Picture(image, glia_image_destroy);
    }
    Picture created(int64_t height, int64_t width, int channels, int bits, const void *pixels) {
        const glia_image_args args{height, width, channels, bits};
        glia_image *out   = nullptr;
        const auto status = glia_image_create(ctx, &args, pixels, &out);
        return taken(status, out);
    }
    Picture decoded(const Bytes &bytes, const glia_image_read_args &args = {}) {
        glia_image *out   = nullptr;
        const auto status = glia_image_decode(ctx, bytes.data(), bytes.size(), &args, &out);
        return taken(status, out);
    }
    Picture read(const std::string &path, const glia_image_read_args &args = {}) {
        glia_image *out   = nullptr;
        const auto status = glia_image_read(ctx, path.c_str(), &args, &out);
        return taken(status, out);
    }
    static Numbers pixels(const Picture &image) {
        const glia_image_info info = glia_image_get_info(image.get());
        Numbers out;
        for (int64_t i = 0; image && i < info.height * info.width * info.channels; ++i)
            out.push_back(info.bits == 16 ? static_cast<uint16_t *>(glia_image_pixels(image.get()))[i]
                                          : static_cast<uint8_t *>(glia_image_pixels(image.get()))[i]);
        return out;
    }
    // Bytes that must be refused as a picture, with part in the message.
    void refuses(const Bytes &bytes, glia_status want, const std::string &part, const glia_image_read_args &args = {}) {
        glia_image *out = nullptr;
        EXPECT_EQ(glia_image_decode(ctx, bytes.data(), bytes.size(), &args, &out), want) << part << ": " << message();
        EXPECT_TRUE(says(part)) << message() << "\nmust have: " << part;
        EXPECT_EQ(out, nullptr);
    }

    Folder folder;
};

}  // namespace glia
