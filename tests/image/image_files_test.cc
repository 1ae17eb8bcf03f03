// Reading pictures: what Pillow reads of the same files, formats that are written here by hand, and nothing that a file
// may hold does harm.
#include "image/pictures.h"
#include "support/failing.h"
#include "support/sanitized.h"

namespace {

using namespace glia;

class ImageFiles : public PictureTest {};

Bytes text(const std::string &content) { return Bytes(content.begin(), content.end()); }

int largest_difference(const Numbers &a, const Numbers &b) {
    if (a.size() != b.size()) return INT32_MAX;
    int largest = 0;
    for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
}

TEST_F(ImageFiles, are_read_as_pillow_reads_them) {
    for (const auto &file : picture_files()) {
        if (!file.is_read()) {
            refuses(file.bytes, GLIA_UNSUPPORTED, "and this build of Glia has no lib");
            continue;
        }
        const auto image = decoded(file.bytes);
        const auto info  = glia_image_get_info(image.get());
        EXPECT_EQ(info.height, file.height) << file.name;
        EXPECT_EQ(info.width, file.width) << file.name;
        EXPECT_EQ(info.channels, file.channels) << file.name;
        EXPECT_EQ(info.bits, file.bits) << file.name;
        // Versions of libjpeg may round elsewhere.
        EXPECT_LE(largest_difference(pixels(image), file.pixels), info.format == GLIA_IMAGE_JPEG ? 1 : 0) << file.name;
    }
}

TEST_F(ImageFiles, are_probed_as_they_are_read) {
    for (const auto &file : picture_files()) {
        const auto path = folder.write(file.name, file.bytes);
        glia_image_info probed{};
        if (!file.is_read()) continue;
        ASSERT_EQ(glia_image_probe(ctx, path.c_str(), nullptr, &probed), GLIA_OK) << message();
        const auto info = glia_image_get_info(read(path).get());
        EXPECT_EQ(probed.height, info.height) << file.name;
        EXPECT_EQ(probed.width, info.width) << file.name;
        EXPECT_EQ(probed.channels, info.channels) << file.name;
        EXPECT_EQ(probed.bits, info.bits) << file.name;
        EXPECT_EQ(probed.format, info.format) << file.name;
        EXPECT_EQ(probed.orientation, info.orientation) << file.name;
    }
}

TEST_F(ImageFiles, stay_as_they_are_stored_on_request) {
    if (!kJpeg) GTEST_SKIP() << "no libjpeg";
    const auto &turned = picture_file("jpeg_turned_6"), &upright = picture_file("jpeg_turned_1");
    const auto image = decoded(turned.bytes, {.as_stored = true});
    EXPECT_EQ(glia_image_get_info(image.get()).orientation, 6);
    EXPECT_EQ(glia_image_get_info(image.get()).height, upright.height);
    EXPECT_EQ(pixels(image), pixels(decoded(upright.bytes)));
}

// [y][x] of a picture of one row and three columns, and of what EXIF makes of it.
TEST_F(ImageFiles, are_turned_by_all_eight_orientations) {
    if (!kJpeg) GTEST_SKIP() << "no libjpeg";
    const Bytes file = picture_file("jpeg_turned_3").bytes;
    const Bytes tag  = {0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 3};  // its number last, with the high byte first
    const auto at    = std::search(file.begin(), file.end(), tag.begin(), tag.end()) - file.begin() + 9;
    const auto plain = decoded(file, {.as_stored = true});
    const auto base  = pixels(plain);
    const int64_t H = glia_image_get_info(plain.get()).height, W = glia_image_get_info(plain.get()).width;
    ASSERT_LT(size_t(at), file.size());
    for (int orientation = 0; orientation < 10; ++orientation) {
        Bytes other          = file;
        other[size_t(at)]    = static_cast<unsigned char>(orientation);
        const auto image     = decoded(other);
        const auto info      = glia_image_get_info(image.get());
        const auto got       = pixels(image);
        const bool exchanged = orientation >= 5 && orientation <= 8;
        EXPECT_EQ(info.orientation, orientation >= 1 && orientation <= 8 ? orientation : 1);
        ASSERT_EQ(info.height, exchanged ? W : H);
        for (int64_t y = 0; y < info.height; ++y)
            for (int64_t x = 0; x < info.width; ++x) {
                int64_t sy = y, sx = x;  // the source's, by the table of EXIF
                switch (orientation) {
                    case 2: sx = W - 1 - x; break;
                    case 3: sy = H - 1 - y, sx = W - 1 - x; break;
                    case 4: sy = H - 1 - y; break;
                    case 5: sy = x, sx = y; break;
                    case 6: sy = H - 1 - x, sx = y; break;
                    case 7: sy = H - 1 - x, sx = W - 1 - y; break;
                    case 8: sy = x, sx = W - 1 - y; break;
                    default: break;
                }
                for (int64_t c = 0; c < 3; ++c)
                    ASSERT_EQ(got[size_t((y * info.width + x) * 3 + c)], base[size_t((sy * W + sx) * 3 + c)])
                        << orientation << " at " << y << ", " << x;
            }
    }
}

TEST_F(ImageFiles, give_the_channels_and_bits_that_are_asked_for) {
    const Bytes ppm = text("P3 2 1 255 255 0 0  10 20 30");
    EXPECT_EQ(pixels(decoded(ppm, {.channels = 1})), (Numbers{76, 18}));
    EXPECT_EQ(pixels(decoded(ppm, {.channels = 2})), (Numbers{76, 255, 18, 255}));
    EXPECT_EQ(pixels(decoded(ppm, {.channels = 4})), (Numbers{255, 0, 0, 255, 10, 20, 30, 255}));
    EXPECT_EQ(pixels(decoded(ppm, {.bits = 16})), (Numbers{65535, 0, 0, 2570, 5140, 7710}));
    const Bytes wide = text("P2 4 1 65535 0 128 129 65535");
    EXPECT_EQ(pixels(decoded(wide)), (Numbers{0, 128, 129, 65535}));
    EXPECT_EQ(pixels(decoded(wide, {.bits = 8})), (Numbers{0, 0, 1, 255}));
    EXPECT_EQ(pixels(decoded(wide, {.channels = 3, .bits = 8})), (Numbers{0, 0, 0, 0, 0, 0, 1, 1, 1, 255, 255, 255}));
}

TEST_F(ImageFiles, of_pnm_have_shares_of_their_largest_value) {
    EXPECT_EQ(pixels(decoded(text("P2\n# a comment\n3 1 # another\n15\n0 7 15"))), (Numbers{0, 119, 255}));
    EXPECT_EQ(pixels(decoded(Bytes{'P', '5', ' ', '2', ' ', '1', ' ', '1', '\n', 1, 0})), (Numbers{255, 0}));
    EXPECT_EQ(pixels(decoded(Bytes{'P', '5', ' ', '2', ' ', '1', ' ', '9', '9', '9', '\n', 0x03, 0xe7, 0x01, 0xf4})),
              (Numbers{65535, 32800}));
    EXPECT_EQ(
        pixels(decoded(Bytes{'P', '6', ' ', '1', ' ', '1', ' ', '6', '5', '5', '3', '5', '\n', 1, 2, 3, 4, 5, 6})),
        (Numbers{0x0102, 0x0304, 0x0506}));
}

void put(Bytes *to, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to->push_back(static_cast<unsigned char>(value >> 8 * i));
}

// A BMP with a header of 40 bytes and what stands behind it.
Bytes bmp(int32_t width, int32_t height, int bits, uint32_t compression, uint32_t colours, const Bytes &between,
          const Bytes &content) {
    Bytes file = {'B', 'M'};
    put(&file, 0, 4), put(&file, 0, 4), put(&file, uint32_t(54 + between.size()), 4);
    put(&file, 40, 4), put(&file, uint32_t(width), 4), put(&file, uint32_t(height), 4);
    put(&file, 1, 2), put(&file, uint32_t(bits), 2), put(&file, compression, 4);
    for (int i = 0; i < 3; ++i) put(&file, 0, 4);
    put(&file, colours, 4), put(&file, 0, 4);
    file.insert(file.end(), between.begin(), between.end());
    file.insert(file.end(), content.begin(), content.end());
    return file;
}

TEST_F(ImageFiles, of_bmp_have_palettes_masks_and_either_order_of_rows) {
    const Bytes palette = {0, 0, 200, 0, 0, 100, 0, 0, 50, 0, 0, 0};  // red, green, blue; the file has BGR
    const Bytes four    = bmp(3, -1, 4, 0, 3, palette, {0x01, 0x20, 0, 0});
    EXPECT_EQ(pixels(decoded(four)), (Numbers{200, 0, 0, 0, 100, 0, 0, 0, 50}));
    EXPECT_EQ(pixels(decoded(four, {.indices = true})), (Numbers{0, 1, 2}));
    refuses(bmp(3, -1, 4, 0, 3, palette, {0x01, 0x30, 0, 0}), GLIA_BAD_FORMAT,
            "pixel [0,2] is colour 3 of a palette of 3");

    Bytes masks;
    for (uint32_t mask : {0x0000ffu, 0x00ff00u, 0xff0000u}) put(&masks, mask, 4);
    EXPECT_EQ(pixels(decoded(bmp(1, 2, 32, 3, 0, masks, {1, 2, 3, 4, 5, 6, 7, 8}))), (Numbers{5, 6, 7, 1, 2, 3}));
    masks[0] = 0xf0;
    refuses(bmp(1, 1, 32, 3, 0, masks, {1, 2, 3, 4}), GLIA_UNSUPPORTED, "channel 0 has the bits 000000f0");
    refuses(bmp(1, 1, 8, 1, 1, {0, 0, 0, 0}, {1, 2, 3, 4}), GLIA_UNSUPPORTED, "8 bits with compression 1");
    refuses(bmp(1, 1, 16, 0, 0, {}, {1, 2, 3, 4}), GLIA_UNSUPPORTED, "16 bits");
    refuses(bmp(1, 1, 1, 0, 3, {}, {1, 2, 3, 4}), GLIA_BAD_FORMAT, "a palette of 3 colours, 1 bits can name 2");
    refuses(bmp(1, INT32_MIN, 24, 0, 0, {}, {1, 2, 3, 4}), GLIA_BAD_FORMAT, "which is 2147483648 pixels");
    refuses(bmp(-1, 1, 24, 0, 0, {}, {1, 2, 3, 4}), GLIA_BAD_FORMAT, "1 x -1");

    Bytes old = {'B', 'M'};  // the header of OS/2 and Windows 2
    put(&old, 0, 4), put(&old, 0, 4), put(&old, 26, 4), put(&old, 12, 4), put(&old, 1, 2), put(&old, 1, 2);
    put(&old, 1, 2), put(&old, 24, 2);
    for (unsigned char x : {3, 2, 1, 0}) old.push_back(x);
    EXPECT_EQ(pixels(decoded(old)), (Numbers{1, 2, 3}));
}

TEST_F(ImageFiles, with_a_palette_give_its_numbers_as_masks_need_them) {
    if (!kPng) GTEST_SKIP() << "no libpng";
    const auto &file = picture_file("png_palette");
    const auto image = decoded(file.bytes, {.indices = true});
    EXPECT_EQ(glia_image_get_info(image.get()).channels, 1);
    const auto indices = pixels(image);
    EXPECT_EQ(*std::max_element(indices.begin(), indices.end()), 10);
    // Two pixels have one number exactly if they have one colour.
    const auto same = [&](const Numbers &v, size_t n, size_t a, size_t b) {
        return std::equal(&v[a * n], &v[a * n] + n, &v[b * n]);
    };
    for (size_t a = 0; a < indices.size(); ++a)
        for (size_t b = 0; b < a; ++b) ASSERT_EQ(same(indices, 1, a, b), same(file.pixels, 3, a, b));
}

TEST_F(ImageFiles, of_few_bits_give_their_numbers_as_they_are_stored) {
    EXPECT_EQ(pixels(decoded(text("P2 3 1 15 0 7 15"), {.indices = true})), (Numbers{0, 7, 15}));
    if (!kPng) GTEST_SKIP() << "no libpng";
    const auto &file = picture_file("png_bits");
    auto want        = file.pixels;
    for (int &x : want) x = x == 255;
    EXPECT_EQ(pixels(decoded(file.bytes, {.indices = true})), want);
}

// ---- What is written is read again ----

TEST_F(ImageFiles, that_are_written_hold_every_pixel) {
    for (int bits : {8, 16})
        for (int channels = 1; channels <= 4; ++channels) {
            const Bytes content = made(5, 7, channels * bits / 8);
            const auto image    = created(5, 7, channels, bits, content.data());
            const auto check    = [&](const std::string &name) {
                const std::string path = folder / name;
                ASSERT_EQ(glia_image_write(image.get(), path.c_str()), GLIA_OK) << message();
                const auto again = read(path);
                EXPECT_EQ(pixels(again), pixels(image)) << name;
                EXPECT_EQ(glia_image_get_info(again.get()).bits, bits);
            };
            if (kPng) check("a.png");
            if (channels == 1) check("a.PGM"), check("a.pnm");
            if (channels == 3) check("a.ppm");
            const std::string wrong = folder / (channels == 1 ? "a.ppm" : "a.pgm");
            EXPECT_EQ(glia_image_write(image.get(), wrong.c_str()), GLIA_INVALID_ARGUMENT);
            EXPECT_TRUE(says("the picture has " + std::to_string(channels) + " channels")) << message();
        }
    const auto image = created(1, 1, 3, 8, nullptr);
    EXPECT_EQ(glia_image_write(image.get(), (folder / "a.jpg").c_str()), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("ends with '.jpg'")) << message();
    EXPECT_EQ(glia_image_write(image.get(), ""), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_image_write: path is empty, must end with .png, .pgm, .ppm or .pnm");
    EXPECT_EQ(glia_image_write(image.get(), "a"), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "a: has no ending, must end with .png, .pgm, .ppm or .pnm");
    EXPECT_EQ(glia_image_write(image.get(), (folder / "none/a.ppm").c_str()), GLIA_NOT_FOUND);
}

// ---- Limits and messages ----

TEST_F(ImageFiles, are_refused_with_their_name_and_values) {
    glia_image *out  = nullptr;
    const auto fails = [&](const std::string &path, glia_status want, const std::string &part,
                           const glia_image_read_args &args = {}) {
        EXPECT_EQ(glia_image_read(ctx, path.c_str(), &args, &out), want) << message();
        EXPECT_TRUE(says(part) && says(path)) << message() << "\nmust have: " << part;
        EXPECT_EQ(out, nullptr);
    };
    for_each_bad_path(
        folder, [&](const std::string &path, glia_status want, const std::string &part) { fails(path, want, part); });
    fails(folder.write("text", text("Hello")), GLIA_BAD_FORMAT, "5 bytes that begin with 48 65 6c 6c");
    fails(folder.write("gif", text("GIF89a")), GLIA_UNSUPPORTED, "is GIF");
    fails(folder.write("webp", text("RIFF....WEBPVP8 ")), GLIA_UNSUPPORTED, "is WebP");
    fails(folder.write("pbm", text("P4 1 1 ")), GLIA_UNSUPPORTED, "is PBM");
    const auto ppm = folder.write("a.ppm", text("P3 3 2 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 8"));
    fails(ppm, GLIA_BAD_FORMAT, "2 x 3, which is 6 pixels, allowed are 5 (max_pixels)", {.max_pixels = 5});
    fails(ppm, GLIA_BAD_FORMAT, "has 44 bytes, allowed are 43 (max_bytes)", {.max_bytes = 43});
    refuses(text("P3 1 1 9 1 2 3"), GLIA_INVALID_ARGUMENT, "channels is 5", {.channels = 5});
    refuses(text("P3 1 1 9 1 2 3"), GLIA_INVALID_ARGUMENT, "bits is 12", {.bits = 12});
    refuses(text("P3 1 1 9 1 2 10"), GLIA_BAD_FORMAT, "channel 2 of pixel [0,0] is 10, the largest value is 9");
    refuses(text("P3 1 1 9 1 2 x"), GLIA_BAD_FORMAT, "byte 13 is 120, must be a digit");
    refuses(text("P5 100000 100000 255\nxx"), GLIA_BAD_FORMAT, "10000000000 pixels");
    refuses(text("P5 1000 1000 255\nxx"), GLIA_BAD_FORMAT, "more than the 2 that the file can hold");
    refuses(text("P5 4294967297 1 255\nxx"), GLIA_BAD_FORMAT, "the width at byte 3 is above 2147483647");
    refuses(text("P5 0 1 255\nxx"), GLIA_BAD_FORMAT, "1 x 0");
    refuses(text("P5 1 1 70000\nxx"), GLIA_BAD_FORMAT, "largest value is 70000");
}

// CRC-32 of a part of a file, behind it, as PNG has them.
void put_checksum(Bytes *file, size_t begin, size_t end) {
    uint32_t crc = ~0u;
    for (size_t i = begin; i < end; ++i) {
        crc ^= (*file)[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    for (int i = 0; i < 4; ++i) (*file)[end + size_t(i)] = static_cast<unsigned char>(~crc >> (24 - 8 * i));
}

// A file that says it is large, and is not, costs no memory.
TEST_F(ImageFiles, allocate_no_more_than_they_can_hold) {
    if (kPng) {
        Bytes file       = picture_file("png_rgb").bytes;
        const Bytes side = {0, 0, 0x27, 0x10};  // 10,000
        std::copy(side.begin(), side.end(), file.begin() + 16);
        std::copy(side.begin(), side.end(), file.begin() + 20);
        put_checksum(&file, 12, 29);
        refuses(file, GLIA_BAD_FORMAT, "10000 x 10000, which is 100000000 pixels, more than");
    }
    if (kJpeg) {
        Bytes file         = picture_file("jpeg_420").bytes;
        const Bytes marker = {0xff, 0xc0};
        const auto sof     = size_t(std::search(file.begin(), file.end(), marker.begin(), marker.end()) - file.begin());
        file[sof + 5] = 0x20, file[sof + 7] = 0x20;
        refuses(file, GLIA_BAD_FORMAT, "that the file can hold");
    }
    EXPECT_LT(glia_context_peak_bytes(ctx), size_t(1) << 20);
}

// ---- Hostile files ----

// Whatever happens, the status is one of these, and nothing is left behind, which the fixture looks at.
void survives(glia_context *ctx, const Bytes &bytes, const glia_image_read_args &args, const std::string &what) {
    glia_image *out   = nullptr;
    const auto status = glia_image_decode(ctx, bytes.data(), bytes.size(), &args, &out);
    EXPECT_TRUE(status == GLIA_OK || status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED)
        << what << ": " << glia_status_name(status) << " " << glia_message(ctx);
    EXPECT_EQ(status == GLIA_OK, out != nullptr) << what;
    glia_image_destroy(out);
}

TEST_F(ImageFiles, are_refused_wherever_they_end) {
    for (const auto &file : picture_files()) {
        if (!file.is_read()) continue;
        for (size_t n = 0; n < file.bytes.size(); ++n) {
            const Bytes part(file.bytes.begin(), file.bytes.begin() + std::ptrdiff_t(n));
            glia_image *out   = nullptr;
            const auto status = glia_image_decode(ctx, n ? part.data() : &file.bytes[0], n, nullptr, &out);
            EXPECT_EQ(status, GLIA_BAD_FORMAT) << file.name << " of " << n << " bytes: " << message();
            glia_image_destroy(out);
        }
    }
}

TEST_F(ImageFiles, do_no_harm_with_a_wrong_byte) {
    for (const auto &file : picture_files()) {
        if (!file.is_read()) continue;
        const size_t step = kSanitized ? 3 : 1;
        for (size_t at = 0; at < file.bytes.size(); at += step)
            for (unsigned flip : {0x01u, 0x80u, 0xffu}) {
                Bytes other = file.bytes;
                other[at]   = static_cast<unsigned char>(other[at] ^ flip);
                survives(ctx, other, {.max_pixels = 1 << 20}, file.name + " byte " + std::to_string(at));
            }
    }
    EXPECT_LT(glia_context_peak_bytes(ctx), size_t(64) << 20);
}

TEST_F(ImageFiles, run_out_of_memory_without_loss) {
    for (const auto &file : picture_files()) {
        if (!file.is_read()) continue;
        EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                      glia_image *out = nullptr;
                      const glia_image_read_args args{.channels = 2, .bits = 16};
                      const auto status = glia_image_decode(c, file.bytes.data(), file.bytes.size(), &args, &out);
                      EXPECT_EQ(status == GLIA_OK, out != nullptr);
                      glia_image_destroy(out);
                      return status;
                  }),
                  1)
            << file.name;
    }
    const std::string path = folder / (kPng ? "a.png" : "a.pgm");
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  glia_image *out = nullptr;
                  const glia_image_args args{3, 4, 1, 16};
                  auto status = glia_image_create(c, &args, nullptr, &out);
                  if (status == GLIA_OK) status = glia_image_write(out, path.c_str());
                  glia_image_destroy(out);
                  return status;
              }),
              3);
}

}  // namespace
