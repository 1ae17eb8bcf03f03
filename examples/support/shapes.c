#define _XOPEN_SOURCE 700
#include "support/shapes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/example.h"

enum { SIDE = 48, KINDS = 3, PATH = SHAPES_PATH + 32 };

static const char *const kinds[KINDS] = {"circle", "square", "triangle"};

/* 0 to 1: the numbers of Knuth's MMIX, of which the upper bits are good. */
static double draw(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 40) / (1 << 24);
}

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

static void path_of(const char *dir, int kind, int i, char *path) {
    snprintf(path, PATH, "%s/%s/%03d.ppm", dir, kinds[kind], i);
}

static glia_status make_kind(glia_context *ctx, const char *dir, int kind, int each) {
    unsigned char pixels[SIDE * SIDE * 3];
    char path[PATH];
    uint64_t state = (uint64_t)kind + 1;
    snprintf(path, sizeof path, "%s/%s", dir, kinds[kind]);
    if (mkdir(path, 0700) != 0) return perror(path), GLIA_IO_ERROR;
    for (int i = 0; i < each; ++i) {
        glia_image *image = NULL;
        paint(kind, &state, pixels);
        path_of(dir, kind, i, path);
        glia_status status = glia_image_create(ctx, &(glia_image_args){.height = SIDE, .width = SIDE}, pixels, &image);
        if (status == GLIA_OK) status = glia_image_write(image, path);
        glia_image_destroy(image);
        TRY(status);
    }
    return GLIA_OK;
}

glia_status make_shapes(glia_context *ctx, int each, char dir[SHAPES_PATH]) {
    const char *temporary = getenv("TMPDIR");
    const int length = snprintf(dir, SHAPES_PATH, "%s/shapes-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (length >= SHAPES_PATH || !mkdtemp(dir)) {
        fprintf(stderr, "no folder for pictures can be made in %s\n", dir);
        dir[0] = '\0';
        return GLIA_IO_ERROR;
    }
    for (int kind = 0; kind < KINDS; ++kind) TRY(make_kind(ctx, dir, kind, each));
    return GLIA_OK;
}

void remove_shapes(const char *dir, int each) {
    char path[PATH];
    for (int kind = 0; kind < KINDS && *dir; ++kind) {
        for (int i = 0; i < each; ++i) {
            path_of(dir, kind, i, path);
            unlink(path);
        }
        snprintf(path, sizeof path, "%s/%s", dir, kinds[kind]);
        rmdir(path);
    }
    if (*dir) rmdir(dir);
}
