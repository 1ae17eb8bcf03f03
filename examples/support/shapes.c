#include "support/shapes.h"

#include <math.h>

#include "support/draw.h"

enum { SIDE = 48, KINDS = 3 };

static const char *const kinds[KINDS] = {"circle", "square", "triangle"};

/* Whether a point is in the shape, whose middle is 0 and whose half is 1. */
static bool inside(int kind, double y, double x) {
    if (kind == 0) return y * y + x * x < 1;
    if (kind == 1) return fabs(y) < 0.9 && fabs(x) < 0.9;
    return y < 0.8 && fabs(x) < (y + 1) * 0.6;
}

static void paint(int kind, uint64_t *state, unsigned char *pixels) {
    const double size = 7 + 9 * draw(state), y0 = size + (SIDE - 2 * size) * draw(state),
                 x0 = size + (SIDE - 2 * size) * draw(state);
    double colour[2][3]; /* of the ground, and of the shape */
    for (int c = 0; c < 6; ++c) colour[c / 3][c % 3] = 40 + 120 * draw(state);
    for (int c = 0; c < 3; ++c) colour[1][c] += colour[1][c] < colour[0][c] ? -40 : 40;
    for (int i = 0; i < SIDE * SIDE; ++i) {
        const double *on = colour[inside(kind, (i / SIDE - y0) / size, (i % SIDE - x0) / size)];
        for (int c = 0; c < 3; ++c) *pixels++ = (unsigned char)fmin(on[c] + 50 * draw(state), 255);
    }
}

static glia_status make_shape(glia_context *ctx, int kind, uint64_t *state, const char *path) {
    unsigned char pixels[SIDE * SIDE * 3];
    glia_image *image = NULL;
    paint(kind, state, pixels);
    glia_status status = glia_image_create(ctx, &(glia_image_args){.height = SIDE, .width = SIDE}, pixels, &image);
    if (status == GLIA_OK) status = glia_image_write(image, path);
    glia_image_destroy(image);
    return status;
}

made_folder shapes_folder(int each) { return (made_folder){"shapes", ".ppm", kinds, KINDS, each, make_shape}; }
