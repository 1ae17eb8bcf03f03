#include "support/scenes.h"

#include <math.h>
#include <stdlib.h>

#include "support/draw.h"

enum { SIDE = SCENE_SIDE, PIXELS = SIDE * SIDE };

typedef struct scene {
    int kind;
    double horizon, x, y, width, light; /* in shares of the side */
} scene;

/* Red, green and blue at a place, from 0 to 1. */
static void colour_at(const scene *s, double y, double x, double *rgb) {
    static const double sky[3] = {0.5, 0.75, 0.95}, sand[3] = {0.9, 0.8, 0.55}, leaves[3] = {0.1, 0.4, 0.12},
                        trunk[3] = {0.3, 0.2, 0.1}, glow[3] = {0.95, 0.45, 0.2}, night[3] = {0.25, 0.1, 0.3},
                        sun[3] = {1, 0.9, 0.5};
    const double from_sun      = hypot(y - s->y, x - s->x);
    const bool between         = fmod(x + s->x, 0.25) < s->width;
    for (int c = 0; c < 3; ++c)
        rgb[c] = s->light * (s->kind == 0          ? (y < s->horizon ? sky[c] : sand[c])
                             : s->kind == 1        ? (between ? trunk[c] : leaves[c])
                             : from_sun < s->width ? sun[c]
                                                   : glow[c] + (night[c] - glow[c]) * fmin(2 * from_sun, 1));
}

static void paint(int kind, uint64_t *state, unsigned char *to) {
    const scene s = {.kind    = kind,
                     .horizon = 0.35 + 0.3 * draw(state),
                     .x       = 0.2 + 0.6 * draw(state),
                     .y       = 0.3 + 0.4 * draw(state),
                     .width   = 0.06 + 0.06 * draw(state),
                     .light   = 0.75 + 0.25 * draw(state)};
    for (int i = 0; i < PIXELS; ++i) {
        double rgb[3];
        colour_at(&s, (double)(i / SIDE) / SIDE, (double)(i % SIDE) / SIDE, rgb);
        for (int c = 0; c < 3; ++c) to[c * PIXELS + i] = (unsigned char)(230 * rgb[c] + 25 * draw(state));
    }
}

static glia_status make_scenes(glia_context *ctx, int count, glia_dataset **out) {
    uint64_t state        = 1;
    unsigned char *pixels = malloc((size_t)count * 3 * PIXELS);
    int64_t *labels       = malloc((size_t)count * sizeof *labels);
    glia_status status    = pixels && labels ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    for (int i = 0; i < count && status == GLIA_OK; ++i) {
        labels[i] = i % SCENE_KINDS;
        paint(i % SCENE_KINDS, &state, pixels + (size_t)i * 3 * PIXELS);
    }
    const glia_array image      = {.name  = "image",
                                   .dtype = GLIA_U8,
                                   .shape = GLIA_SHAPE(3, SIDE, SIDE),
                                   .data  = pixels,
                                   .scale = 1.0 / 255},
                     label      = {.name = "label", .dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = labels};
    const glia_arrays_args args = {
        .inputs = &image, .n_inputs = 1, .targets = &label, .n_targets = 1, .count = count, .copy = true};
    if (status == GLIA_OK) status = glia_dataset_from_arrays(ctx, &args, out);
    free(pixels);
    free(labels);
    static const char *const names[SCENE_KINDS] = {"beach", "forest", "sunset"};
    return status == GLIA_OK ? glia_dataset_set_class_names(*out, 0, names, SCENE_KINDS) : status;
}

glia_status open_scenes(glia_context *ctx, const char *folder, int count, glia_dataset **out) {
    const glia_image_dataset_args args = {.height = SIDE, .width = SIDE, .fit = GLIA_IMAGE_COVER, .skip = true};
    return folder ? glia_dataset_from_image_folder(ctx, folder, &args, out) : make_scenes(ctx, count, out);
}
