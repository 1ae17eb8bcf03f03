// What transforms draw and do, judged by hand-worked pictures, formulas of doubles, Pillow's recorded pictures and
// statistics. Both CPU and kernels have these numbers: the suites of take_batch and augment_test.cc compare them.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "support/internals.h"

extern "C" {
#include "ops/data/augmentation_check.h"
#include "ops/data/augmentation_pixels.h"
}

namespace {

struct Of {
    glia_transform_kind kind;
    double a = 0, b = 0, c = 0, probability = 1;
};

gli_augmentation list(std::vector<Of> transforms, int channels, int height, int width) {
    gli_augmentation a{};
    a.seed = 11, a.channels = channels, a.height = a.from_height = height, a.width = a.from_width = width;
    for (int c = 0; c < 4; ++c) a.white[c] = 1;
    for (const Of &t : transforms)
        a.transforms[a.n++] = {t.kind, uint32_t(std::ceil(t.probability * 0x1p32) - 1), {t.a, t.b, t.c}};
    return a;
}

gli_picture view(const gli_augmentation &a, const std::vector<float> &values) {
    gli_picture p{};
    p.floats = values.data(), p.stride[0] = a.height * a.width, p.stride[1] = a.width, p.stride[2] = 1;
    return p;
}

std::vector<float> apply(const gli_augmentation &a, const gli_drawn &d, const std::vector<float> &values) {
    std::vector<float> out(values.size());
    const gli_picture p = view(a, values);
    const int n         = gli_channels_at_once(&a);
    for (int c = 0; c < a.channels; c += n)
        for (int y = 0; y < a.height; ++y)
            for (int x = 0; x < a.width; ++x) {
                float pixel[3];
                gli_augmented_channels(&a, &d, &p, c, n, y, x, pixel);
                for (int k = 0; k < n; ++k) out[size_t(((c + k) * a.height + y) * a.width + x)] = pixel[k];
            }
    return out;
}

gli_drawn drawn(const gli_augmentation &a, gli_draw_key key) {
    gli_drawn d{};
    gli_draw(&a, key, &d);
    return d;
}

gli_drawn at_rest(uint32_t sample = 0) {
    const gli_augmentation none = list({}, 1, 1, 1);
    return drawn(none, {sample, 0});
}

gli_drawn mapped(std::vector<double> map) {
    gli_drawn d = at_rest();
    std::copy(map.begin(), map.end(), d.map);
    return d;
}

// Within five standard deviations of a binomial distribution.
void expect_share(int64_t count, int64_t of, double p, const char *what) {
    EXPECT_NEAR(double(count), double(of) * p, 5 * std::sqrt(double(of) * p * (1 - p))) << what;
}

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};  // 2 x 3

// --- Where pixels come from ---

TEST(Augmentation, hand_worked_pictures) {
    auto a     = list({}, 1, 2, 3);
    a.fills[0] = 9;
    EXPECT_EQ(apply(a, at_rest(), kSix), kSix);
    EXPECT_EQ(apply(a, mapped({-1, 0, 2, 0, 1, 0}), kSix), (std::vector<float>{3, 2, 1, 6, 5, 4}));
    EXPECT_EQ(apply(a, mapped({1, 0, 0, 0, -1, 1}), kSix), (std::vector<float>{4, 5, 6, 1, 2, 3}));
    EXPECT_EQ(apply(a, mapped({1, 0, 1, 0, 1, -1}), kSix), (std::vector<float>{9, 9, 9, 2, 3, 9}));
    EXPECT_EQ(apply(a, mapped({1, 0, 0.5, 0, 1, 0}), kSix), (std::vector<float>{1.5, 2.5, 9, 4.5, 5.5, 9}));
    EXPECT_EQ(apply(a, mapped({1, 0, 0.25, 0, 1, 0.25}), kSix), (std::vector<float>{2, 3, 3.75, 4.25, 5.25, 6}));
    a.edge = 1;
    EXPECT_EQ(apply(a, mapped({1, 0, 1, 0, 1, -1}), kSix), (std::vector<float>{2, 3, 3, 2, 3, 3}));
    a.nearest = 1;
    EXPECT_EQ(apply(a, mapped({1, 0, 0.5, 0, 1, 0.4}), kSix), (std::vector<float>{2, 3, 3, 5, 6, 6}));
}

// A point of the new picture through the transforms' own formulas, the last one first.
using Point = std::array<double, 2>;
Point back(const gli_augmentation &a, const gli_transform &t, gli_draw_key key, Point p) {
    const auto unit = [&](uint32_t block, int i) {
        return (gli_draw_words(&a, key, t.kind, block).v[i] + 0.5) / 4294967296.0;
    };
    const double x = p[0] - (a.width - 1) / 2.0, y = p[1] - (a.height - 1) / 2.0, pi = std::acos(-1.0);
    const auto spread = [&](int i, double most) { return (2 * unit(0, i) - 1) * most; };
    const auto whole  = [&](int i, double most) { return std::floor(unit(0, i) * (2 * most + 1)) - most; };
    const auto middle = [&](double u, double v) { return Point{u + (a.width - 1) / 2.0, v + (a.height - 1) / 2.0}; };
    const double *v   = t.value;
    switch (t.kind) {
        case GLIA_TRANSFORM_CROP: return {p[0] + whole(1, v[0]), p[1] + whole(2, v[0])};
        case GLIA_TRANSFORM_FLIP: return {a.width - 1 - p[0], p[1]};
        case GLIA_TRANSFORM_FLIP_VERTICAL: return {p[0], a.height - 1 - p[1]};
        case GLIA_TRANSFORM_TRANSLATE:
            return {p[0] + whole(1, std::floor(v[0] * a.width + 0.5)),
                    p[1] + whole(2, std::floor(v[1] * a.height + 0.5))};
        case GLIA_TRANSFORM_SCALE: {
            const double f = v[0] + (v[1] - v[0]) * unit(0, 1);
            return middle(x / f, y / f);
        }
        case GLIA_TRANSFORM_ROTATE: {
            const double r = spread(1, v[0]) * pi / 180;
            return middle(std::cos(r) * x - std::sin(r) * y, std::sin(r) * x + std::cos(r) * y);
        }
        case GLIA_TRANSFORM_SHEAR:
            return middle(x + std::tan(spread(1, v[0]) * pi / 180) * y, y + std::tan(spread(2, v[1]) * pi / 180) * x);
        default: {
            const double share = v[0] + (v[1] - v[0]) * unit(1, 0), ratio = std::pow(v[2], 2 * unit(1, 1) - 1);
            const double w    = std::min(1.0, std::sqrt(share * ratio)) * a.width,
                         h    = std::min(1.0, std::sqrt(share / ratio)) * a.height;
            const double left = (a.width - w) * unit(1, 2), top = (a.height - h) * unit(1, 3);
            return {left + (p[0] + 0.5) * w / a.width - 0.5, top + (p[1] + 0.5) * h / a.height - 0.5};
        }
    }
}

TEST(Augmentation, maps_are_those_of_the_formulas) {
    const std::vector<Of> all          = {{GLIA_TRANSFORM_CROP, 3},
                                          {GLIA_TRANSFORM_FLIP},
                                          {GLIA_TRANSFORM_FLIP_VERTICAL},
                                          {GLIA_TRANSFORM_RESIZED_CROP, 0.2, 0.9, 1.5},
                                          {GLIA_TRANSFORM_SCALE, 0.5, 2},
                                          {GLIA_TRANSFORM_ROTATE, 180},
                                          {GLIA_TRANSFORM_TRANSLATE, 0.3, 0.6},
                                          {GLIA_TRANSFORM_SHEAR, 45, 20}};
    std::vector<std::vector<Of>> lists = {all, {all.rbegin(), all.rend()}};
    for (const Of &t : all) lists.push_back({t});
    for (const auto &transforms : lists) {
        const gli_augmentation a = list(transforms, 1, 11, 17);
        for (uint32_t sample = 0; sample < 40; ++sample) {
            const gli_drawn d = drawn(a, {sample, 3});
            for (Point p : {Point{0, 0}, Point{16, 0}, Point{3, 10}}) {
                Point want = p;
                for (int i = a.n - 1; i >= 0; --i) want = back(a, a.transforms[i], {sample, 3}, want);
                EXPECT_NEAR(d.map[0] * p[0] + d.map[1] * p[1] + d.map[2], want[0], 1e-10) << sample;
                EXPECT_NEAR(d.map[3] * p[0] + d.map[4] * p[1] + d.map[5], want[1], 1e-10) << sample;
            }
        }
    }
}

TEST(Augmentation, pictures_are_those_of_pillow) {
    std::vector<float> made(63);
    for (size_t i = 0; i < made.size(); ++i) made[i] = float((i * i * 37 + i * 11) % 101);
    int compared       = 0;
    const auto compare = [&](const char *what, int nearest, double angle, std::vector<double> map,
                             std::vector<double> want) {
        auto a     = list({}, 1, 7, 9);
        a.fills[0] = -5, a.nearest = nearest;
        gli_drawn d = mapped(map);
        if (angle != 0) {
            double linear[4];
            d = at_rest();
            gli_turn(angle / 360, &linear[0], &linear[2]);
            linear[1] = -linear[2], linear[3] = linear[0];
            gli_map_compose(d.map, linear, 4, 3, 0, 0);
        }
        const auto got = apply(a, d, made);
        for (size_t i = 0; i < made.size(); ++i)
            EXPECT_NEAR(got[i], want[i], 2e-5) << what << (nearest ? " nearest " : " ") << angle << " at " << i;
        ++compared;
    };
#define ROW(...) __VA_ARGS__
#define MAPPED(what, nearest, angle, map, numbers) compare(#what, nearest, angle, {ROW map}, {ROW numbers});
#include "ops/augmentation_pillow.inc"
#undef MAPPED
    EXPECT_EQ(compared, 20);
}

TEST(Augmentation, functions_are_those_of_the_c_library) {
    for (double x = -30; x < 30; x += 0.37) EXPECT_NEAR(gli_exp(x) / std::exp(x), 1, 4e-16) << x;
    for (double turns = -0.5; turns <= 0.5; turns += 0.003) {
        double c, s;
        gli_turn(turns, &c, &s);
        EXPECT_NEAR(c, std::cos(2 * std::acos(-1.0) * turns), 4e-16) << turns;
        EXPECT_NEAR(s, std::sin(2 * std::acos(-1.0) * turns), 4e-16) << turns;
    }
    for (double x = 1e-9; x < 1e9; x *= 3.3) EXPECT_NEAR(gli_log_of_unit(x), std::log(x), 3e-15) << x;
    EXPECT_EQ(gli_exp(-800), 0);
    EXPECT_TRUE(std::isfinite(gli_exp(1e9)));
}

// --- How often ---

constexpr uint32_t kDraws = 20000;

TEST(Augmentation, as_often_as_their_probability) {
    for (double p : {0.0, 0.1, 0.5, 1.0}) {
        glia_take_batch_params params{};
        params.role = GLIA_TAKE_MASK, params.kind[0] = GLIA_TRANSFORM_FLIP, params.probability[0] = p;
        glia_context *ctx = nullptr;
        gli_augmentation a;
        ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
        ASSERT_EQ(gli_augmentation_make(ctx, "test", &params, 1, 4, 4, &a), GLIA_OK) << glia_message(ctx);
        glia_context_destroy(ctx);
        int64_t flipped = 0;
        for (uint32_t i = 0; i < kDraws; ++i) flipped += drawn(a, {i % 100, i / 100}).map[0] == -1;
        expect_share(flipped, kDraws, p, "flip");
    }
}

TEST(Augmentation, each_place_of_a_crop_and_a_hole_equally_often) {
    const auto a = list({{GLIA_TRANSFORM_CROP, 2}, {GLIA_TRANSFORM_CUTOUT, 1}}, 1, 5, 4);
    std::map<std::array<int, 2>, int64_t> places, holes;
    for (uint32_t i = 0; i < kDraws; ++i) {
        const gli_drawn d = drawn(a, {i, 0});
        ++places[{int(d.map[2]), int(d.map[5])}];
        ++holes[{d.hole[0].left, d.hole[0].top}];
        EXPECT_EQ(d.hole[0].right - d.hole[0].left, 1);
    }
    ASSERT_EQ(places.size(), 25u);
    ASSERT_EQ(holes.size(), 20u);
    for (const auto &[place, count] : places) expect_share(count, kDraws, 1 / 25.0, "crop");
    for (const auto &[place, count] : holes) expect_share(count, kDraws, 1 / 20.0, "cutout");
}

// Mean and variance, within five standard errors of values that lie between 0 and 1.
void expect_moments(const std::vector<double> &values, double mean, double variance, const char *what) {
    double sum = 0, squares = 0;
    for (double v : values) sum += v, squares += (v - mean) * (v - mean);
    const double n = double(values.size());
    EXPECT_NEAR(sum / n, mean, 5 * std::sqrt(variance / n)) << what;
    EXPECT_NEAR(squares / n, variance, 5 * 0.25 / std::sqrt(n)) << what;
}

TEST(Augmentation, shares_are_of_the_beta_distribution) {
    for (double alpha : {0.1, 0.2, 0.99, 1.0, 1.5, 4.0, 50.0}) {
        const auto a = list({{GLIA_TRANSFORM_MIXUP, alpha}}, 1, 4, 4);
        std::vector<double> shares;
        int64_t below = 0;
        for (uint32_t i = 0; i < kDraws; ++i) {
            const gli_mixture m = gli_draw_mixture(&a, {i, 5}, 7);
            EXPECT_LT(m.partner, 7u);
            EXPECT_EQ(m.share + (1 - m.share), 1.0F);
            shares.push_back(m.share), below += m.share < 0.5F;
        }
        expect_moments(shares, 0.5, 1 / (4 * (2 * alpha + 1)), "mixup");
        expect_share(below, kDraws, 0.5, "below a half");
    }
    // The quarters of Beta(2,2), whose distribution function is 3 x^2 - 2 x^3.
    const auto a    = list({{GLIA_TRANSFORM_MIXUP, 2}}, 1, 4, 4);
    int64_t quarter = 0;
    for (uint32_t i = 0; i < kDraws; ++i) quarter += gli_draw_mixture(&a, {i, 0}, 7).share < 0.25F;
    expect_share(quarter, kDraws, 3 / 16.0 - 2 / 64.0, "a quarter");
}

TEST(Augmentation, normal_noise_of_its_own_for_each_number) {
    auto a     = list({{GLIA_TRANSFORM_NOISE, 0.125}}, 2, 100, 100);
    a.white[1] = 3, a.black[1] = -1;
    const std::vector<float> grey(20000, 1);
    const auto got = apply(a, drawn(a, {3, 4}), grey);
    double sum[2] = {}, squares[2] = {}, product = 0;
    for (size_t i = 0; i < got.size(); ++i) {
        const double z = double(got[i] - 1) / (i < 10000 ? 0.125 : 0.5);
        sum[i / 10000] += z, squares[i / 10000] += z * z;
        if (i < 10000) product += z * double(got[i + 10000] - 1) / 0.5;
    }
    for (int c = 0; c < 2; ++c) {
        EXPECT_NEAR(sum[c] / 10000, 0, 5 / 100.0);
        EXPECT_NEAR(squares[c] / 10000, 1, 5 * std::sqrt(2.0) / 100);
    }
    EXPECT_NEAR(product / 10000, 0, 5 / 100.0);
    EXPECT_NE(got, apply(a, drawn(a, {3, 5}), grey));
    EXPECT_NE(got, apply(a, drawn(a, {4, 4}), grey));
}

// --- Colours ---

double factor(const gli_augmentation &a, const gli_transform &t, gli_draw_key key) {
    const double u = (gli_draw_words(&a, key, t.kind, 0).v[1] + 0.5) / 4294967296.0;
    return 1 + (2 * u - 1) * t.value[0];
}

TEST(Augmentation, colours_are_those_of_the_formulas_in_the_order_of_the_list) {
    const Of b = {GLIA_TRANSFORM_BRIGHTNESS, 0.5}, c = {GLIA_TRANSFORM_CONTRAST, 0.8},
             s                   = {GLIA_TRANSFORM_SATURATION, 1};
    const std::vector<float> rgb = {-0.75F, 0.5F, 2.25F};  // of (x - 1/2) / (1/4), but green of x
    for (const auto &transforms : std::vector<std::vector<Of>>{{b}, {c}, {s}, {b, c, s}, {s, c, b}, {c, s, b}}) {
        auto a = list(transforms, 3, 1, 1);
        for (int k : {0, 2}) a.black[k] = -2, a.white[k] = 2;
        for (uint32_t sample = 0; sample < 20; ++sample) {
            const gli_draw_key key = {sample, 2};
            double x[3]            = {rgb[0] / 4.0 + 0.5, rgb[1], rgb[2] / 4.0 + 0.5};
            for (int i = 0; i < a.n; ++i) {
                const double f = factor(a, a.transforms[i], key), grey = 0.299 * x[0] + 0.587 * x[1] + 0.114 * x[2];
                for (double &v : x) {
                    if (a.transforms[i].kind == GLIA_TRANSFORM_BRIGHTNESS) v = f * v;
                    if (a.transforms[i].kind == GLIA_TRANSFORM_CONTRAST) v = f * (v - 0.5) + 0.5;
                    if (a.transforms[i].kind == GLIA_TRANSFORM_SATURATION) v = f * v + (1 - f) * grey;
                }
            }
            const auto got = apply(a, drawn(a, key), rgb);
            for (int k = 0; k < 3; ++k) {
                const double want = k == 1 ? x[1] : (x[k] - 0.5) * 4;
                EXPECT_NEAR(got[size_t(k)], want, 1e-6) << sample;
            }
        }
    }
}

// --- What is left out, and mixed ---

TEST(Augmentation, holes_get_the_fill_and_no_colour) {
    auto a     = list({{GLIA_TRANSFORM_BRIGHTNESS, 0.5},
                       {GLIA_TRANSFORM_NOISE, 1},
                       {GLIA_TRANSFORM_CUTOUT, 4},
                       {GLIA_TRANSFORM_ERASE, 0.1, 0.3}},
                      1, 9, 8);
    a.fills[0] = 0.5F;
    const std::vector<float> ones(72, 1);
    for (uint32_t i = 0; i < 300; ++i) {
        const gli_drawn d = drawn(a, {i, 0});
        ASSERT_EQ(d.holes, 2);
        const gli_rectangle &square = d.hole[0], &erased = d.hole[1];
        EXPECT_LE(square.bottom - square.top, 4);
        EXPECT_GE(square.bottom - square.top, 2);
        EXPECT_TRUE(erased.top >= 0 && erased.left >= 0 && erased.bottom <= 9 && erased.right <= 8);
        const double height = erased.bottom - erased.top, width = erased.right - erased.left;
        EXPECT_GE((height + 0.5) * (width + 0.5), 0.1 * 72);
        EXPECT_LE((height - 0.5) * (width - 0.5), 0.3 * 72);
        const auto got = apply(a, d, ones);
        for (int y = 0; y < 9; ++y)
            for (int x = 0; x < 8; ++x) {
                const bool hole = (y >= square.top && y < square.bottom && x >= square.left && x < square.right) ||
                                  (y >= erased.top && y < erased.bottom && x >= erased.left && x < erased.right);
                EXPECT_EQ(got[size_t(y * 8 + x)] == 0.5F, hole) << y << " " << x;
            }
    }
}

gli_two_pictures two_of(const gli_augmentation &a, uint32_t sample, const std::vector<float> &own,
                        const std::vector<float> &partner) {
    gli_two_pictures two{};
    two.mixture    = gli_draw_mixture(&a, {sample, 0}, 100);
    two.drawn[0]   = drawn(a, {sample, 0});
    two.drawn[1]   = drawn(a, {two.mixture.partner, 0});
    two.picture[0] = view(a, own), two.picture[1] = view(a, partner);
    return two;
}

TEST(Augmentation, mixtures_are_of_both_pictures_by_their_shares) {
    const std::vector<float> own = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, partner(12, -3);
    for (const auto &[kind, alpha] : {std::pair(GLIA_TRANSFORM_MIXUP, 0.5), std::pair(GLIA_TRANSFORM_CUTMIX, 1.0)}) {
        const auto a = list({{GLIA_TRANSFORM_FLIP, 0, 0, 0, 0.5}, {kind, alpha}}, 1, 3, 4);
        for (uint32_t sample = 0; sample < 200; ++sample) {
            const gli_two_pictures two = two_of(a, sample, own, partner);
            const auto flipped         = apply(a, two.drawn[0], own);
            int others                 = 0;
            for (int i = 0; i < 12; ++i) {
                float got;
                gli_augmented_pixel(&a, &two, 0, 1, i / 4, i % 4, &got);
                const double share = two.mixture.share, mine = flipped[size_t(i)];
                const bool mixup = kind == GLIA_TRANSFORM_MIXUP, other = !mixup && got != flipped[size_t(i)];
                EXPECT_NEAR(got, mixup ? share * mine + (1 - share) * -3 : other ? -3 : mine, 1e-6);
                others += other;
            }
            const double left = kind == GLIA_TRANSFORM_MIXUP ? double(two.mixture.share) : 1 - others / 12.0;
            EXPECT_NEAR(two.mixture.share, left, 0x1p-24);
            EXPECT_EQ(gli_class_share(&two.mixture, 2, 2, 1) + gli_class_share(&two.mixture, 1, 2, 1), 1.0F);
            EXPECT_EQ(gli_class_share(&two.mixture, 1, 1, 1), 1.0F);
            EXPECT_EQ(gli_class_share(&two.mixture, 0, 2, 1), 0.0F);
        }
    }
}

// A picture whose numbers are those of its mask, resampled with the nearest pixel.
TEST(Augmentation, masks_follow_the_picture_exactly) {
    auto a    = list({{GLIA_TRANSFORM_CROP, 3},
                      {GLIA_TRANSFORM_FLIP, 0, 0, 0, 0.5},
                      {GLIA_TRANSFORM_SCALE, 0.5, 2},
                      {GLIA_TRANSFORM_ROTATE, 180},
                      {GLIA_TRANSFORM_SHEAR, 20, 20},
                      {GLIA_TRANSFORM_CUTMIX, 1}},
                     1, 8, 9);
    a.nearest = 1, a.fills[0] = -1;
    std::vector<float> own, partner;
    for (int i = 0; i < 72; ++i) own.push_back(float(i)), partner.push_back(float(100 + i));
    int filled = 0, others = 0;
    for (uint32_t sample = 0; sample < 100; ++sample) {
        const gli_two_pictures two = two_of(a, sample, own, partner);
        for (int i = 0; i < 72; ++i) {
            int y = 0, x = 0;
            float pixel;
            const int which = gli_mask_source(&a, &two.mixture, two.drawn, i / 9, i % 9, &y, &x);
            gli_augmented_pixel(&a, &two, 0, 1, i / 9, i % 9, &pixel);
            EXPECT_EQ(pixel, which < 0 ? -1 : float(100 * which + y * 9 + x));
            filled += which < 0, others += which == 1;
        }
    }
    EXPECT_GT(filled, 100);
    EXPECT_GT(others, 100);
}

// Hand-worked ones, and a picture with one bright rectangle, whose pixels are those that the box then has.
TEST(Augmentation, boxes_follow_the_picture_exactly) {
    using Box        = std::array<float, 4>;
    const auto moved = [](std::vector<double> map, Box box) {
        const auto a      = list({}, 1, 6, 8);
        const gli_drawn d = mapped(map);
        Box to{};
        gli_augmented_box(&a, &d, box.data(), to.data());
        return to;
    };
    const Box none = {};
    EXPECT_EQ(moved({1, 0, 0, 0, 1, 0}, {1, 2, 3, 5}), (Box{1, 2, 3, 5}));
    EXPECT_EQ(moved({-1, 0, 7, 0, 1, 0}, {1, 2, 3, 5}), (Box{5, 2, 7, 5})) << "flipped";
    EXPECT_EQ(moved({1, 0, 2, 0, 1, -3}, {1, 2, 3, 5}), (Box{0, 5, 1, 6})) << "clipped";
    EXPECT_EQ(moved({1, 0, 3, 0, 1, 0}, {1, 2, 3, 5}), none) << "outside";
    EXPECT_EQ(moved({1, 0, 0, 0, 1, 0}, {3, 2, 3, 5}), none) << "empty";
    EXPECT_EQ(moved({0.5, 0, 0.75, 0, 0.5, 0.25}, {2, 2, 3, 3}), (Box{2, 3, 4, 5})) << "twice as large";
    EXPECT_EQ(moved({0, -1, 6, 1, 0, -1}, {1, 2, 3, 5}), (Box{3, 4, 6, 6})) << "a quarter turn";
    EXPECT_EQ(moved({0, 0, 0, 0, 0, 0}, {1, 2, 3, 5}), none) << "no picture is left";
    const auto a = list({{GLIA_TRANSFORM_CROP, 4},
                         {GLIA_TRANSFORM_FLIP, 0, 0, 0, 0.5},
                         {GLIA_TRANSFORM_FLIP_VERTICAL, 0, 0, 0, 0.5},
                         {GLIA_TRANSFORM_TRANSLATE, 0.3, 0.3}},
                        1, 6, 8);
    std::vector<float> picture(48);
    for (int y = 2; y < 5; ++y)
        for (int x = 1; x < 3; ++x) picture[size_t(y * 8 + x)] = 1;
    int dropped = 0;
    for (uint32_t sample = 0; sample < 300; ++sample) {
        const gli_drawn d = drawn(a, {sample, 0});
        const Box box     = {1, 2, 3, 5};
        Box to{}, seen = {8, 6, 0, 0};
        gli_augmented_box(&a, &d, box.data(), to.data());
        const auto made = apply(a, d, picture);
        for (int i = 0; i < 48; ++i) {
            const auto x = float(i % 8), y = float(i / 8);
            if (made[size_t(i)] != 1) continue;
            seen = {std::min(seen[0], x), std::min(seen[1], y), std::max(seen[2], x + 1), std::max(seen[3], y + 1)};
        }
        EXPECT_EQ(to, seen[2] == 0 ? none : seen) << sample;
        dropped += seen[2] == 0;
    }
    EXPECT_GT(dropped, 5);
}

TEST(Augmentation, a_transform_draws_alike_whatever_is_beside_it) {
    const Of crop = {GLIA_TRANSFORM_CROP, 9}, cutout = {GLIA_TRANSFORM_CUTOUT, 3};
    const auto both = list({crop, {GLIA_TRANSFORM_BRIGHTNESS, 1}, cutout}, 1, 20, 20), one = list({cutout}, 1, 20, 20);
    for (uint32_t i = 0; i < 50; ++i) {
        const gli_rectangle a = drawn(both, {i, 1}).hole[0], b = drawn(one, {i, 1}).hole[0];
        EXPECT_TRUE(a.top == b.top && a.left == b.left);
    }
}

}  // namespace
