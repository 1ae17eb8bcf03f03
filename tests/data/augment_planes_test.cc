// What the host makes of pictures and masks by rows, against the formulas that make them pixel by pixel, which the
// kernels have: to the bit.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "support/internals.h"

extern "C" {
#include "data/augment_planes.h"
}

namespace {

struct Of {
    glia_transform_kind kind;
    double a = 0, b = 0, c = 0, probability = 1;
};
struct Size {
    int channels, height, width;          // as they are kept
    int made_height = 0, made_width = 0;  // 0: the same
};

gli_augmentation list(const std::vector<Of> &transforms, Size size) {
    gli_augmentation a{};
    a.seed = 23, a.channels = size.channels, a.from_height = size.height, a.from_width = size.width;
    a.height = size.made_height ? size.made_height : size.height;
    a.width  = size.made_width ? size.made_width : size.width;
    for (int c = 0; c < 4; ++c)
        a.black[c] = -0.5F * float(c), a.white[c] = 2 + 0.25F * float(c), a.fills[c] = 0.125F + float(c);
    for (const Of &t : transforms)
        a.transforms[a.n++] = {t.kind, uint32_t(std::ceil(t.probability * 0x1p32) - 1), {t.a, t.b, t.c}};
    return a;
}

// Of all kinds of numbers, also those that a sum would change.
std::vector<float> numbers(const gli_augmentation &a, int from) {
    std::vector<float> values(size_t(a.channels) * a.from_height * a.from_width);
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(float(i) * 1.7F + float(from)) * 3;
    values[0] = -0.0F, values[values.size() / 2] = std::numeric_limits<float>::denorm_min();
    values[values.size() / 3] = std::numeric_limits<float>::infinity();
    return values;
}

struct Pair {
    gli_two_pictures two{};
    std::vector<float> own, partner;

    Pair(const gli_augmentation &a, uint32_t sample) : own(numbers(a, 1)), partner(numbers(a, 5)) {
        two.mixture = gli_draw_mixture(&a, {sample, 3}, 9);
        gli_draw(&a, {sample, 3}, &two.drawn[0]);
        gli_draw(&a, {two.mixture.partner, 3}, &two.drawn[1]);
        for (gli_picture &p : two.picture)
            p.stride[0] = int64_t(a.from_height) * a.from_width, p.stride[1] = a.from_width, p.stride[2] = 1;
        two.picture[0].floats = own.data(), two.picture[1].floats = partner.data();
    }
};

std::vector<float> by_pixels(const gli_augmentation &a, const gli_two_pictures &two) {
    std::vector<float> made(size_t(a.channels) * a.height * a.width);
    const int n = gli_channels_at_once(&a);
    for (int c = 0; c < a.channels; c += n)
        for (int y = 0; y < a.height; ++y)
            for (int x = 0; x < a.width; ++x) {
                float pixel[3];
                gli_augmented_pixel(&a, &two, c, n, y, x, pixel);
                for (int k = 0; k < n; ++k) made[size_t(((c + k) * a.height + y) * a.width + x)] = pixel[k];
            }
    return made;
}

template <class T>
void expect_mask(const gli_augmentation &a, const gli_two_pictures &two, const std::string &what) {
    const int planes = 2, pixels = a.height * a.width, kept = a.from_height * a.from_width;
    std::vector<T> own(size_t(planes) * kept), partner(own), made(size_t(planes) * pixels);
    for (size_t i = 0; i < own.size(); ++i) own[i] = T(i % 100), partner[i] = T(100 + i % 100);
    const T fill             = T(250);
    const gli_mask_pair mask = {{own.data(), partner.data()}, &fill, sizeof(T), planes};
    gli_augment_mask(&a, &two, &mask, made.data());
    for (int i = 0; i < planes * pixels; ++i) {
        int y = 0, x = 0;
        const int at    = i % pixels;
        const int which = gli_mask_source(&a, &two.mixture, two.drawn, at / a.width, at % a.width, &y, &x);
        const size_t of = size_t(i / pixels * kept + y * a.from_width + x);
        ASSERT_EQ(made[size_t(i)], which < 0 ? fill : which ? partner[of] : own[of]) << what << " mask " << i;
    }
}

void expect_equal(const gli_augmentation &a, uint32_t sample, const std::string &what) {
    const Pair pair(a, sample);
    const std::vector<float> want = by_pixels(a, pair.two);
    std::vector<float> got(want.size());
    gli_augment_picture(&a, &pair.two, got.data());
    for (size_t i = 0; i < want.size(); ++i) {
        if (std::isnan(got[i]) && std::isnan(want[i])) continue;  // infinity minus infinity
        ASSERT_EQ(memcmp(&got[i], &want[i], sizeof(float)), 0) << what << " " << i << ": " << got[i] << " " << want[i];
    }
    if (pair.two.mixture.kind == GLIA_TRANSFORM_MIXUP) return;
    expect_mask<uint8_t>(a, pair.two, what);
    expect_mask<int16_t>(a, pair.two, what);
    expect_mask<float>(a, pair.two, what);
    expect_mask<int64_t>(a, pair.two, what);
}

TEST(AugmentPlanes, have_the_bits_of_their_pixels) {
    const Of crop = {GLIA_TRANSFORM_CROP, 3}, flip = {GLIA_TRANSFORM_FLIP, 0, 0, 0, 0.5},
             vertical = {GLIA_TRANSFORM_FLIP_VERTICAL, 0, 0, 0, 0.5}, far = {GLIA_TRANSFORM_TRANSLATE, 1, 1},
             rotate = {GLIA_TRANSFORM_ROTATE, 180, 0, 0, 0.7}, brightness = {GLIA_TRANSFORM_BRIGHTNESS, 0.5, 0, 0, 0.5},
             contrast = {GLIA_TRANSFORM_CONTRAST, 0.5}, saturation = {GLIA_TRANSFORM_SATURATION, 1, 0, 0, 0.5},
             noise = {GLIA_TRANSFORM_NOISE, 0.1, 0, 0, 0.5}, cutout = {GLIA_TRANSFORM_CUTOUT, 3, 0, 0, 0.7},
             erase = {GLIA_TRANSFORM_ERASE, 0.1, 0.4, 0, 0.5}, mixup = {GLIA_TRANSFORM_MIXUP, 1, 0, 0, 0.5},
             cutmix                               = {GLIA_TRANSFORM_CUTMIX, 1};
    const std::vector<std::vector<Of>> geometries = {{},
                                                     {crop},
                                                     {crop, flip, vertical},
                                                     {flip, far},
                                                     {crop, flip, rotate},
                                                     {{GLIA_TRANSFORM_RESIZED_CROP, 0.1, 1, 2}}};
    const std::vector<std::vector<Of>> rest       = {
        {}, {brightness, contrast, noise, cutout}, {cutout, erase, mixup, cutmix}, {contrast, noise, cutmix}};
    for (Size size : {Size{3, 5, 7}, Size{1, 3, 300}, Size{4, 6, 4}, Size{3, 5, 7, 3, 4}, Size{1, 8, 6, 8, 1}})
        for (const auto &moves : geometries)
            for (auto stages : rest)
                for (int how = 0; how < 4; ++how) {
                    if (size.channels == 3 && how == 0 && !stages.empty() && stages[0].kind < GLIA_TRANSFORM_NOISE)
                        stages.insert(stages.begin(), saturation);
                    std::vector<Of> all = moves;
                    all.insert(all.end(), stages.begin(), stages.end());
                    gli_augmentation a = list(all, size);
                    a.edge = how & 1, a.nearest = how >> 1;
                    for (uint32_t sample = 0; sample < (size.width > 100 ? 2 : 6); ++sample)
                        expect_equal(a, sample,
                                     std::to_string(size.channels) + " channels, list " +
                                         std::to_string(&moves - geometries.data()) + " with " +
                                         std::to_string(stages.size()) + ", " + std::to_string(how));
                }
}

}  // namespace
