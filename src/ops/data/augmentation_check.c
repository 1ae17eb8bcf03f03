#include "ops/data/augmentation_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/size.h"

const char *const gli_transform_names[GLI_TRANSFORM_KINDS] = {
    [GLIA_TRANSFORM_NONE]          = "none",
    [GLIA_TRANSFORM_CROP]          = "crop",
    [GLIA_TRANSFORM_FLIP]          = "flip",
    [GLIA_TRANSFORM_FLIP_VERTICAL] = "flip_vertical",
    [GLIA_TRANSFORM_RESIZED_CROP]  = "resized_crop",
    [GLIA_TRANSFORM_SCALE]         = "scale",
    [GLIA_TRANSFORM_ROTATE]        = "rotate",
    [GLIA_TRANSFORM_TRANSLATE]     = "translate",
    [GLIA_TRANSFORM_SHEAR]         = "shear",
    [GLIA_TRANSFORM_BRIGHTNESS]    = "brightness",
    [GLIA_TRANSFORM_CONTRAST]      = "contrast",
    [GLIA_TRANSFORM_SATURATION]    = "saturation",
    [GLIA_TRANSFORM_NOISE]         = "noise",
    [GLIA_TRANSFORM_CUTOUT]        = "cutout",
    [GLIA_TRANSFORM_ERASE]         = "erase",
    [GLIA_TRANSFORM_MIXUP]         = "mixup",
    [GLIA_TRANSFORM_CUTMIX]        = "cutmix",
};

/* A number of a transform, and what it may be. */
typedef struct number_rule {
    const char *name;
    double low, high;
    bool whole, grows; /* grows: it is at least the number before it */
} number_rule;

/* Where a list has a transform: a later one is not of an earlier section. */
typedef enum section { GEOMETRY, COLOURS, NOISE, HOLES, MIXTURES } section;

/* The least area and parameter: below them nothing would be left of a picture, or of a share. */
#define LEAST 1e-4

static const struct {
    section section;
    number_rule numbers[3];
} rules[GLI_TRANSFORM_KINDS] = {
    [GLIA_TRANSFORM_CROP]          = {GEOMETRY, {{"the padding", 0, 1 << 20, .whole = true}}},
    [GLIA_TRANSFORM_FLIP]          = {GEOMETRY, {{0}}},
    [GLIA_TRANSFORM_FLIP_VERTICAL] = {GEOMETRY, {{0}}},
    [GLIA_TRANSFORM_RESIZED_CROP]  = {GEOMETRY,
                                      {{"the least share", LEAST, 1},
                                       {"the largest share", LEAST, 1, .grows = true},
                                       {"the ratio", 1, 64}}},
    [GLIA_TRANSFORM_SCALE]         = {GEOMETRY,
                                      {{"the least factor", 1.0 / 64, 64},
                                       {"the largest factor", 1.0 / 64, 64, .grows = true}}},
    [GLIA_TRANSFORM_ROTATE]        = {GEOMETRY, {{"the angle", 0, 180}}},
    [GLIA_TRANSFORM_TRANSLATE]     = {GEOMETRY, {{"the share of the width", 0, 1}, {"the share of the height", 0, 1}}},
    [GLIA_TRANSFORM_SHEAR]         = {GEOMETRY, {{"the angle along x", 0, 45}, {"the angle along y", 0, 45}}},
    [GLIA_TRANSFORM_BRIGHTNESS]    = {COLOURS, {{"the amount", 0, 1}}},
    [GLIA_TRANSFORM_CONTRAST]      = {COLOURS, {{"the amount", 0, 1}}},
    [GLIA_TRANSFORM_SATURATION]    = {COLOURS, {{"the amount", 0, 1}}},
    [GLIA_TRANSFORM_NOISE]         = {NOISE, {{"the deviation", 0, 1000}}},
    [GLIA_TRANSFORM_CUTOUT]        = {HOLES, {{"the size", 1, 1 << 20, .whole = true}}},
    [GLIA_TRANSFORM_ERASE]  = {HOLES, {{"the least share", LEAST, 1}, {"the largest share", LEAST, 1, .grows = true}}},
    [GLIA_TRANSFORM_MIXUP]  = {MIXTURES, {{"alpha", LEAST, 1000}}},
    [GLIA_TRANSFORM_CUTMIX] = {MIXTURES, {{"alpha", LEAST, 1000}}},
};

bool gli_has_transform(const glia_take_batch_params *params, glia_transform_kind kind) {
    for (int i = 0; i < GLIA_MAX_TRANSFORMS && params->kind[i] != GLIA_TRANSFORM_NONE; ++i)
        if (params->kind[i] == kind) return true;
    return false;
}

bool gli_transforms_mix(const glia_take_batch_params *params) {
    return gli_has_transform(params, GLIA_TRANSFORM_MIXUP) || gli_has_transform(params, GLIA_TRANSFORM_CUTMIX);
}

static glia_status check_number(glia_context *ctx, const char *what, const double *value, const number_rule *rule) {
    GLI_REQUIRE(ctx, *value >= rule->low && *value <= rule->high && (!rule->whole || *value == floor(*value)),
                GLIA_INVALID_ARGUMENT, "%s: %s is %g, must be %s%g to %g", what, rule->name, *value,
                rule->whole ? "whole and " : "", rule->low, rule->high);
    GLI_REQUIRE(ctx, !rule->grows || *value >= value[-1], GLIA_INVALID_ARGUMENT, "%s: %s is %g, %s %g", what,
                rule->name, *value, rule[-1].name, value[-1]);
    return GLIA_OK;
}

/* Transform i by itself. */
static glia_status check_transform(glia_context *ctx, const char *what, const glia_take_batch_params *p, int i) {
    const double probability = p->probability[i];
    GLI_REQUIRE(ctx, probability >= 0 && probability <= 1, GLIA_INVALID_ARGUMENT,
                "%s: the probability is %g, must be 0 to 1", what, probability);
    for (int k = 0; k < 3 && rules[p->kind[i]].numbers[k].name; ++k)
        GLI_TRY(check_number(ctx, what, &p->value[3 * i + k], &rules[p->kind[i]].numbers[k]));
    return GLIA_OK;
}

/* Among those before it. */
static glia_status check_place(glia_context *ctx, const char *what, const glia_take_batch_params *p, int i) {
    for (int k = 0; k < i; ++k) {
        GLI_REQUIRE(ctx, p->kind[k] != p->kind[i], GLIA_INVALID_ARGUMENT, "%s: transform %d is one, too", what, k);
        GLI_REQUIRE(ctx, rules[p->kind[k]].section <= rules[p->kind[i]].section, GLIA_INVALID_ARGUMENT,
                    "%s: it is behind transform %d, %s: first comes where pixels come from, then colours, noise, "
                    "cutout and erase, mixup and cutmix",
                    what, k, gli_transform_names[p->kind[k]]);
    }
    return GLIA_OK;
}

/* On this field. */
static glia_status check_use(glia_context *ctx, const char *what, const glia_take_batch_params *p, int i,
                             const gli_augmentation *a) {
    const int side = (int)gli_min_i64(a->from_height, a->from_width);
    GLI_REQUIRE(ctx, p->kind[i] != GLIA_TRANSFORM_CROP || p->value[3 * i] <= side, GLIA_INVALID_ARGUMENT,
                "%s: the padding is %g, the smaller side of the picture %d", what, p->value[3 * i], side);
    GLI_REQUIRE(ctx, p->kind[i] != GLIA_TRANSFORM_SATURATION || p->role != GLIA_TAKE_PICTURE || a->channels == 3,
                GLIA_SHAPE_MISMATCH, "%s: it needs red, green and blue, the picture has channels: %d", what,
                a->channels);
    GLI_REQUIRE(ctx, p->kind[i] != GLIA_TRANSFORM_MIXUP || p->role != GLIA_TAKE_MASK, GLIA_UNSUPPORTED,
                "%s: masks cannot be mixed; cutmix takes parts of them", what);
    GLI_REQUIRE(ctx, rules[p->kind[i]].section != MIXTURES || p->role != GLIA_TAKE_BOXES, GLIA_UNSUPPORTED,
                "%s: boxes cannot be mixed", what);
    return GLIA_OK;
}

static glia_status add_transforms(glia_context *ctx, const char *who, const glia_take_batch_params *p,
                                  gli_augmentation *a) {
    for (int i = 0; i < GLIA_MAX_TRANSFORMS && p->kind[i] != GLIA_TRANSFORM_NONE; ++i) {
        char what[160];
        GLI_REQUIRE(ctx, (unsigned)p->kind[i] < GLI_TRANSFORM_KINDS, GLIA_INVALID_ARGUMENT,
                    "%s: transform %d has the invalid kind %d", who, i, (int)p->kind[i]);
        snprintf(what, sizeof what, "%s: transform %d, %s", who, i, gli_transform_names[p->kind[i]]);
        GLI_TRY(check_transform(ctx, what, p, i));
        GLI_TRY(check_place(ctx, what, p, i));
        GLI_TRY(check_use(ctx, what, p, i, a));
        if (p->probability[i] == 0) continue;
        gli_transform *t = &a->transforms[a->n++];
        t->kind          = (int)p->kind[i];
        t->most          = (uint32_t)(ceil(p->probability[i] * 0x1p32) - 1);
        memcpy(t->value, &p->value[3 * (size_t)i], sizeof t->value);
    }
    return GLIA_OK;
}

static glia_status add_colours(glia_context *ctx, const char *who, const glia_take_batch_params *p,
                               gli_augmentation *a) {
    GLI_REQUIRE(ctx, p->fill >= 0 && p->fill <= 1, GLIA_INVALID_ARGUMENT, "%s: fill is %g, must be 0 to 1", who,
                p->fill);
    for (int c = 0; c < 4; ++c) {
        const int from     = c < a->channels && a->channels <= 4 ? c : 0;
        const double black = p->black[from], white = p->white[from];
        GLI_REQUIRE(ctx, isfinite((float)black) && isfinite((float)white) && (float)black != (float)white,
                    GLIA_INVALID_ARGUMENT,
                    "%s: in channel %d black is %g and white %g, must be finite, and different ones", who, from, black,
                    white);
        a->black[c] = (float)black;
        a->white[c] = (float)white;
        a->fills[c] = (float)(black + p->fill * (white - black));
    }
    return GLIA_OK;
}

glia_status gli_augmentation_make(glia_context *ctx, const char *who, const glia_take_batch_params *p, int64_t channels,
                                  int64_t height, int64_t width, gli_augmentation *out) {
    enum { LONGEST = 1 << 20 };
    GLI_REQUIRE(ctx, height >= 1 && height <= LONGEST && width >= 1 && width <= LONGEST && channels >= 1,
                GLIA_SHAPE_MISMATCH,
                "%s: a picture of %lld x %lld in %lld channels; 1 to %d are possible, and 1 channel", who,
                (long long)height, (long long)width, (long long)channels, LONGEST);
    GLI_REQUIRE(ctx,
                (p->crop[0] == 0 && p->crop[1] == 0) ||
                    (p->crop[0] >= 1 && p->crop[1] >= 1 && p->crop[0] <= height && p->crop[1] <= width),
                GLIA_SHAPE_MISMATCH, "%s: pictures of %lld x %lld cannot become %d x %d: at most as large, or 0 and 0",
                who, (long long)height, (long long)width, p->crop[0], p->crop[1]);
    *out = (gli_augmentation){.seed        = p->seed,
                              .fill        = p->fill,
                              .channels    = (int)channels,
                              .height      = p->crop[0] ? p->crop[0] : (int)height,
                              .width       = p->crop[1] ? p->crop[1] : (int)width,
                              .from_height = (int)height,
                              .from_width  = (int)width,
                              .edge        = p->edge,
                              .nearest     = p->nearest};
    if (p->role == GLIA_TAKE_PICTURE) GLI_TRY(add_colours(ctx, who, p, out));
    GLI_REQUIRE(ctx, isfinite(p->fill), GLIA_INVALID_ARGUMENT, "%s: fill is %g, must be finite", who, p->fill);
    return add_transforms(ctx, who, p, out);
}
