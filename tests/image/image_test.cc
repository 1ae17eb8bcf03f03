// Pictures in memory: sizes, parts, numbers, grids and text.
#include <cmath>

#include "image/pictures.h"
#include "support/failing.h"

namespace {

using namespace glia;

class Images : public PictureTest {};

// ---- Resizing ----

struct Resized {
    glia_image_filter filter;
    int64_t from[2];
    int channels;
    int64_t to[2];
    Numbers want;
};

#define FILE(...)
#define RESIZED(filter, from_height, from_width, channels, height, width, values) \
    {GLIA_IMAGE_##filter, {from_height, from_width}, channels, {height, width}, numbers_of(values, 8)},
const std::vector<Resized> &resized() {
    static const std::vector<Resized> all = {
#include "image/pillow.inc"
    };
    return all;
}
#undef FILE
#undef RESIZED

TEST_F(Images, get_another_size_as_pillow_gives_it) {
    for (const Resized &r : resized()) {
        const Bytes from  = made(r.from[0], r.from[1], r.channels);
        const auto image  = created(r.from[0], r.from[1], r.channels, 8, from.data());
        glia_image *out   = nullptr;
        const auto status = glia_image_resize(image.get(), r.to[0], r.to[1], r.filter, &out);
        const auto small  = taken(status, out);
        EXPECT_EQ(pixels(small), r.want) << "filter " << r.filter << ", " << r.channels << " channels, " << r.from[0]
                                         << " x " << r.from[1] << " to " << r.to[0] << " x " << r.to[1];
    }
}

// Of 16 bits there is no record: the formula in double, columns first, with 16 bits in between.
TEST_F(Images, of_16_bits_get_another_size_by_the_formula) {
    const int64_t W = 11, to = 4;
    std::vector<uint16_t> row;
    for (int64_t x = 0; x < W; ++x) row.push_back(uint16_t(x * x * 541 + 7));
    const auto image = created(1, W, 1, 16, row.data());
    for (auto filter : {GLIA_IMAGE_BILINEAR, GLIA_IMAGE_AREA}) {
        glia_image *out    = nullptr;
        const auto status  = glia_image_resize(image.get(), 1, to, filter, &out);
        const auto small   = pixels(taken(status, out));
        const double scale = double(W) / double(to);
        for (int64_t i = 0; i < to; ++i) {
            double sum = 0, all = 0;
            for (int64_t x = 0; x < W; ++x) {
                const double d = (double(x) + 0.5 - (double(i) + 0.5) * scale) / scale;
                const double w = filter == GLIA_IMAGE_AREA ? (d > -0.5 && d <= 0.5) : std::max(0.0, 1 - std::fabs(d));
                sum += w * row[size_t(x)], all += w;
            }
            EXPECT_NEAR(small[size_t(i)], sum / all, 0.51) << filter;
        }
    }
}

TEST_F(Images, keep_a_constant_colour_in_any_size) {
    for (int bits : {8, 16})
        for (auto filter : {GLIA_IMAGE_BILINEAR, GLIA_IMAGE_AREA, GLIA_IMAGE_NEAREST})
            for (int64_t to : {1, 2, 3, 7, 100, 259}) {
                const std::vector<uint16_t> full(5 * 6 * 3, 0xffff);
                const auto image  = created(5, 6, 3, bits, full.data());
                glia_image *out   = nullptr;
                const auto status = glia_image_resize(image.get(), to, 260 - to, filter, &out);
                const auto other  = pixels(taken(status, out));
                EXPECT_EQ(other, Numbers(size_t(to * (260 - to) * 3), bits == 16 ? 65535 : 255)) << filter << " " << to;
            }
}

// ---- Parts ----

TEST_F(Images, are_cropped_and_mirrored) {
    Bytes content;
    for (int i = 0; i < 12; ++i) content.push_back(static_cast<unsigned char>(i));
    const auto image = created(3, 4, 1, 8, content.data());
    glia_image *out  = nullptr;
    auto status      = glia_image_crop(image.get(), {1, 2, 2, 2}, &out);
    EXPECT_EQ(pixels(taken(status, out)), (Numbers{6, 7, 10, 11}));
    status = glia_image_center_crop(image.get(), 2, 1, &out);
    EXPECT_EQ(pixels(taken(status, out)), (Numbers{1, 5}));
    status = glia_image_flip(image.get(), GLIA_IMAGE_LEFT_RIGHT, &out);
    EXPECT_EQ(pixels(taken(status, out)), (Numbers{3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8}));
    status = glia_image_flip(image.get(), GLIA_IMAGE_TOP_BOTTOM, &out);
    EXPECT_EQ(pixels(taken(status, out)), (Numbers{8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3}));
    out = nullptr;
    for (glia_image_box box : {glia_image_box{0, 0, 4, 1},
                               {0, 3, 1, 2},
                               {-1, 0, 1, 1},
                               {0, 0, 0, 1},
                               {INT64_MAX, 0, 1, 1},
                               {0, 0, INT64_MAX, INT64_MAX}})
        EXPECT_EQ(glia_image_crop(image.get(), box, &out), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("the picture is 3 x 4")) << message();
    EXPECT_EQ(glia_image_center_crop(image.get(), 4, 1, &out), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("the part is 4 x 1, the picture is 3 x 4")) << message();
    EXPECT_EQ(out, nullptr);
}

// ---- Numbers ----

TEST_F(Images, become_numbers_by_channel_and_come_back) {
    const Bytes content = {0, 51, 255, 102, 153, 204};
    const auto image    = created(1, 2, 3, 8, content.data());
    const double mean[] = {0.5, 0.25, 0}, std[] = {0.5, 0.125, 1};
    float got[6];
    ASSERT_EQ(glia_image_to_f32(image.get(), nullptr, nullptr, got, sizeof got), GLIA_OK) << message();
    const float plain[] = {0, 0.4f, 0.2f, 0.6f, 1, 0.8f};
    for (int i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(got[i], plain[i]) << i;
    ASSERT_EQ(glia_image_to_f32(image.get(), mean, std, got, sizeof got), GLIA_OK) << message();
    for (int i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(got[i], float((double(plain[i]) - mean[i / 2]) / std[i / 2])) << i;
    const glia_image_args args{1, 2, 3, 8};
    glia_image *out = nullptr;
    auto status     = glia_image_from_f32(ctx, &args, got, mean, std, &out);
    EXPECT_EQ(pixels(taken(status, out)), pixels(image));
    const float wild[] = {NAN, -INFINITY, INFINITY, -0.1f, 1.1f, 0.5f};
    status             = glia_image_from_f32(ctx, &args, wild, nullptr, nullptr, &out);
    EXPECT_EQ(pixels(taken(status, out)), (Numbers{0, 255, 255, 0, 0, 128}));
    EXPECT_EQ(glia_image_to_f32(image.get(), mean, std, got, 20), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("out has 20 bytes, [3,1,2] of f32 has 24")) << message();
    const double zero[] = {1, 0, 1};
    EXPECT_EQ(glia_image_to_f32(image.get(), nullptr, zero, got, sizeof got), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("std[1] is 0")) << message();
}

TEST_F(Images, of_every_8_bit_value_are_x_over_255_rounded_once) {
    Bytes content;
    for (int i = 0; i < 256; ++i) content.push_back(static_cast<unsigned char>(i));
    const auto image = created(1, 256, 1, 8, content.data());
    float got[256];
    ASSERT_EQ(glia_image_to_f32(image.get(), nullptr, nullptr, got, sizeof got), GLIA_OK);
    for (int i = 0; i < 256; ++i) EXPECT_EQ(got[i], float(i * (1 / 255.0))) << i;
}

// ---- Grids and text ----

TEST_F(Images, stand_in_a_grid) {
    const Bytes a = {10}, b = {1, 2, 3};
    const auto grey = created(1, 1, 1, 8, a.data()), colour = created(1, 1, 3, 8, b.data());
    const glia_image *all[] = {grey.get(), colour.get(), grey.get()};
    glia_image *out         = nullptr;
    const glia_image_grid_args args{.columns = 0, .gap = 1, .gap_grey = 1};
    auto status     = glia_image_grid(ctx, all, 3, &args, &out);
    const auto grid = taken(status, out);
    EXPECT_EQ(glia_image_get_info(grid.get()).height, 3);
    EXPECT_EQ(glia_image_get_info(grid.get()).width, 3);
    EXPECT_EQ(pixels(grid), (Numbers{10,  10,  10,  255, 255, 255, 1,  2,   3,   255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 10,  10,  10, 255, 255, 255, 255, 255, 255}));
    const auto other = created(2, 1, 1, 8, nullptr);
    all[2]           = other.get();
    out              = nullptr;
    EXPECT_EQ(glia_image_grid(ctx, all, 3, nullptr, &out), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("images[2] is 2 x 1, images[0] is 1 x 1")) << message();
    EXPECT_EQ(out, nullptr);
}

class Printed : public Images {
   protected:
    std::string printed(const glia_image *image, const glia_image_print_args &args) {
        char *text  = nullptr;
        size_t size = 0;
        FILE *file  = open_memstream(&text, &size);
        EXPECT_EQ(glia_image_print(image, file, &args), GLIA_OK) << message();
        fclose(file);
        std::string out(text, size);
        free(text);
        return out;
    }
};

TEST_F(Printed, as_characters_where_it_is_no_terminal) {
    const Bytes ramp = {0, 64, 128, 255};
    const auto image = created(2, 2, 1, 8, ramp.data());
    EXPECT_EQ(printed(image.get(), {}), "  ::\n==@@\n");
}

TEST_F(Printed, in_colour_with_two_rows_in_a_line) {
    const Bytes content = {255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255};
    const auto image    = created(2, 2, 3, 8, content.data());
    EXPECT_EQ(printed(image.get(), {.style = GLIA_IMAGE_COLOUR}),
              "\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m\u2580\x1b[38;2;0;255;0m\u2580\x1b[0m\n");
    const auto odd = created(1, 1, 3, 8, content.data());
    EXPECT_EQ(printed(odd.get(), {.style = GLIA_IMAGE_COLOUR}), "\x1b[38;2;255;0;0m\u2580\x1b[0m\n");
    const auto wide        = created(300, 200, 3, 8, nullptr);
    const std::string text = printed(wide.get(), {.style = GLIA_IMAGE_CHARACTERS, .columns = 10});
    EXPECT_EQ(text.size(), size_t(15 * 21));
}

// ---- Memory ----

TEST(ImageMemory, can_run_out_at_each_allocation_of_each_call) {
    const auto run = [](glia_context *c, auto make) {
        glia_image *image = nullptr, *out = nullptr;
        const glia_image_args args{6, 7, 4, 8};
        auto status = glia_image_create(c, &args, nullptr, &image);
        if (status == GLIA_OK) status = make(c, image, &out);
        glia_image_destroy(out);
        glia_image_destroy(image);
        return status;
    };
    using Call         = glia_status (*)(glia_context *, const glia_image *, glia_image **);
    const Call calls[] = {
        [](glia_context *, const glia_image *i, glia_image **o) {
            return glia_image_resize(i, 3, 9, GLIA_IMAGE_AREA, o);
        },
        [](glia_context *, const glia_image *i, glia_image **o) {
            return glia_image_resize(i, 3, 9, GLIA_IMAGE_NEAREST, o);
        },
        [](glia_context *, const glia_image *i, glia_image **o) { return glia_image_convert(i, 1, 16, o); },
        [](glia_context *, const glia_image *i, glia_image **o) {
            return glia_image_flip(i, GLIA_IMAGE_LEFT_RIGHT, o);
        },
        [](glia_context *c, const glia_image *i, glia_image **o) { return glia_image_grid(c, &i, 1, nullptr, o); },
        [](glia_context *c, const glia_image *, glia_image **o) {
            const glia_image_args args{1, 1, 1, 8};
            const float x = 1;
            return glia_image_from_f32(c, &args, &x, nullptr, nullptr, o);
        },
        [](glia_context *, const glia_image *i, glia_image **) {
            FILE *file        = fopen("/dev/null", "w");
            const auto status = glia_image_print(i, file, nullptr);
            fclose(file);
            return status;
        },
    };
    for (const Call call : calls) EXPECT_GT(fail_every_allocation([&](glia_context *c) { return run(c, call); }), 2);
}

}  // namespace
