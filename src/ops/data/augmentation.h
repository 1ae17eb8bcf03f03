/* Augmentation as plain numbers: what is drawn for a sample. CPU and kernels share these formulas, and those of
 * augmentation_pixels.h, and so have the same bits: only operations whose rounding IEEE 754 defines, in f64, compiled
 * without fusing multiplications and additions. glia/augment.h says what the transforms are. */
#ifndef GLI_OPS_DATA_AUGMENTATION_H
#define GLI_OPS_DATA_AUGMENTATION_H

#include "core/philox.h"
#include "glia/ops/data.h"

/* The Philox stream of a transform is this and its kind. The counter has, beside stream and epoch, the sample. */
#define GLI_STREAM_AUGMENT UINT32_C(0x66000000)

typedef struct gli_transform {
    int kind;
    uint32_t most; /* it is applied where the first word drawn is at most this */
    double value[3];
} gli_transform;

/* A list of transforms for one field: pictures or masks of these dimensions, or what is mixed as they are. */
typedef struct gli_augmentation {
    uint64_t seed;
    double fill; /* of masks */
    int n, channels;
    int height, width;           /* as they are made */
    int from_height, from_width; /* of the samples, at least as large */
    int edge, nearest;
    float black[4], white[4], fills[4]; /* of pictures, by channel; see gli_channel */
    gli_transform transforms[GLIA_MAX_TRANSFORMS];
} gli_augmentation;

/* Of more channels than four all have the numbers of the first. */
GLI_RANDOM int gli_channel(int c) { return c < 4 ? c : 0; }

enum { GLI_BOX_NUMBERS = 4 }; /* left, top, right, bottom */

/* For whom something is drawn. */
typedef struct gli_draw_key {
    uint32_t sample, epoch;
} gli_draw_key;

/* Pixels top to bottom-1, left to right-1. */
typedef struct gli_rectangle {
    int top, left, bottom, right;
} gli_rectangle;

/* What happens to the pixels of one sample. */
typedef struct gli_drawn {
    gli_draw_key key;
    double map[6]; /* the pixel's source: x' = map[0] x + map[1] y + map[2], y' = map[3] x + map[4] y + map[5] */
    double own, grey, added; /* colours: own x + grey (grey of x) + added, of x from 0 to 1 */
    double deviation;        /* of the noise */
    int holes;
    gli_rectangle hole[2];
} gli_drawn;

/* What a sample gets of another one. */
typedef struct gli_mixture {
    int kind; /* GLIA_TRANSFORM_NONE: nothing */
    uint32_t partner;
    float share;       /* of the sample itself: a multiple of 2^-24, so that 1 - share is exact, too */
    gli_rectangle box; /* of cutmix */
} gli_mixture;

GLI_RANDOM gli_u32x4 gli_draw_words(const gli_augmentation *a, gli_draw_key key, int kind, uint32_t block) {
    const gli_u32x4 counter = {{block, key.sample, GLI_STREAM_AUGMENT + (uint32_t)kind, key.epoch}};
    return gli_philox(counter, (uint32_t)a->seed, (uint32_t)(a->seed >> 32));
}

/* Between 0 and 1, neither of them; and between low and high. */
GLI_RANDOM double gli_draw_unit(uint32_t word) { return (word + 0.5) * 0x1p-32; }
GLI_RANDOM double gli_draw_between(uint32_t word, double low, double high) {
    return low + (high - low) * gli_draw_unit(word);
}
/* 0 to count-1 */
GLI_RANDOM uint32_t gli_draw_below(uint32_t word, uint32_t count) { return (uint32_t)((uint64_t)word * count >> 32); }

/* e^x; 0 below -700, and e^700 above it. Source: fdlibm, Sun Microsystems, 1993. */
GLI_RANDOM double gli_exp(double x) {
    union {
        double value;
        uint64_t bits;
    } scale;
    if (x < -700) return 0;
    if (x > 700) x = 700;
    const int k       = (int)(1.44269504088896338700 * x + (x < 0 ? -0.5 : 0.5));
    const double high = x - k * 6.93147180369123816490e-01, low = k * 1.90821492927058770002e-10;
    const double r = high - low, t = r * r;
    const double c = r - t * (1.66666666666666019037e-01 +
                              t * (-2.77777777770155933842e-03 +
                                   t * (6.61375632143793436117e-05 +
                                        t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
    scale.bits     = (uint64_t)(int64_t)(k + 1023) << 52;
    return (1 - ((low - (r * c) / (2 - c)) - high)) * scale.value;
}

/* ---- Where pixels come from ---- */

/* map = map after step, which leads from the picture behind this transform to that before it: linear[4] around
 * (x, y), and then moved. */
GLI_RANDOM void gli_map_compose(double *map, const double *linear, double x, double y, double move_x, double move_y) {
    const double offset_x = (x - (linear[0] * x + linear[1] * y)) + move_x;
    const double offset_y = (y - (linear[2] * x + linear[3] * y)) + move_y;
    for (int row = 0; row < 6; row += 3) {
        const double a = map[row], b = map[row + 1];
        map[row]     = a * linear[0] + b * linear[2];
        map[row + 1] = a * linear[1] + b * linear[3];
        map[row + 2] = (a * offset_x + b * offset_y) + map[row + 2];
    }
}

/* The cosine and sine of an angle in turns, from -1/2 to 1/2. */
GLI_RANDOM void gli_turn(double turns, double *cosine, double *sine) {
    const int quarter = (int)(4 * turns + (turns < 0 ? -0.5 : 0.5));
    const double rest = 6.28318530717958647693 * (turns - 0.25 * quarter);
    const double c = gli_cosine(rest), s = gli_sine(rest);
    const int q = quarter & 3;
    *cosine     = q == 0 ? c : q == 1 ? -s : q == 2 ? -c : s;
    *sine       = q == 0 ? s : q == 1 ? c : q == 2 ? -s : -c;
}

GLI_RANDOM double gli_tangent_of_degrees(double degrees) {
    double c, s;
    gli_turn(degrees / 360, &c, &s);
    return s / c;
}

/* A number from 1/most to most, of evenly distributed logarithm. */
GLI_RANDOM double gli_draw_ratio(uint32_t word, double most) {
    return gli_exp(gli_draw_between(word, -1, 1) * gli_log_of_unit(most));
}

GLI_RANDOM void gli_map_resized_crop(const gli_augmentation *a, const gli_transform *t, gli_draw_key key,
                                     const int *size, double *map) {
    const gli_u32x4 w  = gli_draw_words(a, key, t->kind, 1);
    const double share = gli_draw_between(w.v[0], t->value[0], t->value[1]),
                 ratio = gli_draw_ratio(w.v[1], t->value[2]);
    double x = sqrt(share * ratio), y = sqrt(share / ratio);
    if (x > 1) x = 1;
    if (y > 1) y = 1;
    const double linear[4] = {x * ((double)size[1] / a->width), 0, 0, y * ((double)size[0] / a->height)};
    const double left      = (1 - x) * size[1] * gli_draw_unit(w.v[2]);
    const double top       = (1 - y) * size[0] * gli_draw_unit(w.v[3]);
    gli_map_compose(map, linear, -0.5, -0.5, left, top);
}

GLI_RANDOM int gli_draw_shift(uint32_t word, double most) {
    const int bound = (int)(most + 0.5);
    return (int)gli_draw_below(word, 2 * (uint32_t)bound + 1) - bound;
}

/* The first place of `made` pixels among `from`, padded on both sides. */
GLI_RANDOM int gli_draw_place(uint32_t word, int from, int made, double padding) {
    return (int)gli_draw_below(word, (uint32_t)(from - made) + 2 * (uint32_t)padding + 1) - (int)padding;
}

/* words: of its block 0, of which the first is used up; size: height and width of the picture before this transform,
 * and then behind it. */
GLI_RANDOM void gli_map_transform(const gli_augmentation *a, const gli_transform *t, gli_draw_key key, gli_u32x4 words,
                                  int *size, double *map) {
    const double x = 0.5 * (size[1] - 1), y = 0.5 * (size[0] - 1), *value = t->value;
    const uint32_t *w = words.v;
    double linear[4] = {1, 0, 0, 1}, move_x = 0, move_y = 0;
    switch (t->kind) {
        case GLIA_TRANSFORM_CROP:
            move_x  = gli_draw_place(w[1], size[1], a->width, value[0]);
            move_y  = gli_draw_place(w[2], size[0], a->height, value[0]);
            size[0] = a->height, size[1] = a->width;
            break;
        case GLIA_TRANSFORM_FLIP: linear[0] = -1; break;
        case GLIA_TRANSFORM_FLIP_VERTICAL: linear[3] = -1; break;
        case GLIA_TRANSFORM_RESIZED_CROP:
            gli_map_resized_crop(a, t, key, size, map);
            size[0] = a->height, size[1] = a->width;
            return;
        case GLIA_TRANSFORM_SCALE: linear[0] = linear[3] = 1 / gli_draw_between(w[1], value[0], value[1]); break;
        case GLIA_TRANSFORM_ROTATE:
            gli_turn(gli_draw_between(w[1], -1, 1) * (value[0] / 360), &linear[0], &linear[2]);
            linear[1] = -linear[2];
            linear[3] = linear[0];
            break;
        case GLIA_TRANSFORM_TRANSLATE:
            move_x = gli_draw_shift(w[1], value[0] * size[1]), move_y = gli_draw_shift(w[2], value[1] * size[0]);
            break;
        case GLIA_TRANSFORM_SHEAR:
            linear[1] = gli_tangent_of_degrees(gli_draw_between(w[1], -1, 1) * value[0]);
            linear[2] = gli_tangent_of_degrees(gli_draw_between(w[2], -1, 1) * value[1]);
            break;
        default: return;
    }
    gli_map_compose(map, linear, x, y, move_x, move_y);
}

/* Of a picture that nothing has made smaller, the part in the middle. */
GLI_RANDOM void gli_map_center(const gli_augmentation *a, const int *size, double *map) {
    const double same[4] = {1, 0, 0, 1};
    if (size[0] == a->height && size[1] == a->width) return;
    gli_map_compose(map, same, 0, 0, (size[1] - a->width) / 2, (size[0] - a->height) / 2);
}

/* ---- Colours ---- */

GLI_RANDOM void gli_draw_colour(const gli_transform *t, uint32_t word, gli_drawn *d) {
    const double f = gli_draw_between(word, 1 - t->value[0], 1 + t->value[0]);
    if (t->kind == GLIA_TRANSFORM_SATURATION) { /* the grey of what is there now is (own + grey) grey + added */
        d->grey = f * d->grey + (1 - f) * (d->own + d->grey);
        d->own  = f * d->own;
        return;
    }
    d->own *= f, d->grey *= f, d->added *= f;
    if (t->kind == GLIA_TRANSFORM_CONTRAST) d->added += 0.5 * (1 - f);
}

/* ---- Rectangles ---- */

GLI_RANDOM int gli_within(int x, int low, int high) { return x < low ? low : x > high ? high : x; }

/* Of this height and width around a pixel that two words draw, clipped. */
GLI_RANDOM gli_rectangle gli_draw_around(const gli_augmentation *a, const uint32_t *words, int height, int width) {
    const int top           = (int)gli_draw_below(words[0], (uint32_t)a->height) - height / 2;
    const int left          = (int)gli_draw_below(words[1], (uint32_t)a->width) - width / 2;
    const gli_rectangle box = {gli_within(top, 0, a->height), gli_within(left, 0, a->width),
                               gli_within(top + height, 0, a->height), gli_within(left + width, 0, a->width)};
    return box;
}

GLI_RANDOM gli_rectangle gli_draw_erased(const gli_augmentation *a, const gli_transform *t, gli_draw_key key) {
    const gli_u32x4 w       = gli_draw_words(a, key, t->kind, 1);
    const double area       = gli_draw_between(w.v[0], t->value[0], t->value[1]) * a->height * a->width;
    const double tall       = gli_draw_ratio(w.v[1], 3.3);
    const int height        = gli_within((int)(sqrt(area * tall) + 0.5), 1, a->height);
    const int width         = gli_within((int)(sqrt(area / tall) + 0.5), 1, a->width);
    const int top           = (int)gli_draw_below(w.v[2], (uint32_t)(a->height - height) + 1);
    const int left          = (int)gli_draw_below(w.v[3], (uint32_t)(a->width - width) + 1);
    const gli_rectangle box = {top, left, top + height, left + width};
    return box;
}

/* ---- All that is drawn for a sample ---- */

GLI_RANDOM void gli_draw(const gli_augmentation *a, gli_draw_key key, gli_drawn *d) {
    int size[2] = {a->from_height, a->from_width};
    d->key      = key;
    for (int i = 0; i < 6; ++i) d->map[i] = i % 4 == 0;
    d->own  = 1;
    d->grey = d->added = d->deviation = 0;
    d->holes                          = 0;
    for (int i = 0; i < a->n; ++i) {
        const gli_transform *t = &a->transforms[i];
        const gli_u32x4 w      = gli_draw_words(a, key, t->kind, 0);
        if (w.v[0] > t->most) continue;
        if (t->kind <= GLIA_TRANSFORM_SHEAR)
            gli_map_transform(a, t, key, w, size, d->map);
        else if (t->kind <= GLIA_TRANSFORM_SATURATION)
            gli_draw_colour(t, w.v[1], d);
        else if (t->kind == GLIA_TRANSFORM_NOISE)
            d->deviation = t->value[0];
        else if (t->kind == GLIA_TRANSFORM_CUTOUT)
            d->hole[d->holes++] = gli_draw_around(a, w.v + 1, (int)t->value[0], (int)t->value[0]);
        else if (t->kind == GLIA_TRANSFORM_ERASE)
            d->hole[d->holes++] = gli_draw_erased(a, t, key);
    }
    gli_map_center(a, size, d->map);
}

/* ---- Mixtures ---- */

/* A number of the Beta distribution with both parameters alpha. At least every second try succeeds; after 64 without
 * one it is 1/2. Source: up to 1 Jöhnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen", 1964; above
 * it BB of Cheng, "Generating Beta Variates with Nonintegral Shape Parameters", 1978. */
GLI_RANDOM double gli_draw_beta(const gli_augmentation *a, const gli_transform *t, gli_draw_key key) {
    const double alpha = t->value[0], root = sqrt(alpha);
    for (uint32_t block = 1; block <= 64; ++block) {
        const gli_u32x4 w = gli_draw_words(a, key, t->kind, block);
        const double u = gli_draw_unit(w.v[0]), v = gli_draw_unit(w.v[1]);
        if (alpha <= 1) {
            const double x = gli_log_of_unit(u) / alpha, y = gli_log_of_unit(v) / alpha;
            if (gli_exp(x) + gli_exp(y) <= 1) return 1 / (1 + gli_exp(y - x));
            continue;
        }
        const double odds = gli_log_of_unit(u / (1 - u)) / root, grown = alpha * gli_exp(odds);
        const double r = (alpha + root) * odds - 1.38629436111989061883, limit = gli_log_of_unit(u * u * v);
        if (r + 2 * alpha * gli_log_of_unit(2 * alpha / (alpha + grown)) >= limit) return grown / (alpha + grown);
    }
    return 0.5;
}

/* count: the samples that partners are drawn from. */
GLI_RANDOM gli_mixture gli_draw_mixture(const gli_augmentation *a, gli_draw_key key, uint32_t count) {
    gli_mixture m = {GLIA_TRANSFORM_NONE, key.sample, 1, {0, 0, 0, 0}};
    for (int i = 0; i < a->n; ++i) {
        const gli_transform *t = &a->transforms[i];
        if (t->kind < GLIA_TRANSFORM_MIXUP) continue;
        const gli_u32x4 w = gli_draw_words(a, key, t->kind, 0);
        if (w.v[0] > t->most) continue;
        double share = gli_draw_beta(a, t, key);
        m.kind       = t->kind;
        m.partner    = gli_draw_below(w.v[1], count);
        if (t->kind == GLIA_TRANSFORM_CUTMIX) {
            const double side = sqrt(1 - share), area = (double)a->height * a->width;
            m.box = gli_draw_around(a, w.v + 2, (int)(a->height * side), (int)(a->width * side));
            share = 1 - (double)(m.box.bottom - m.box.top) * (m.box.right - m.box.left) / area;
        }
        m.share = (float)(int)(share * 0x1p24 + 0.5) * 0x1p-24f;
        return m;
    }
    return m;
}

#endif
