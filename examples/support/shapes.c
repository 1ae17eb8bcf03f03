#define _XOPEN_SOURCE 700
#include "support/shapes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "support/draw.h"

enum { SIDE = SHAPES_SIDE, KINDS = SHAPE_KINDS, PIXELS = SIDE * SIDE, MOST = 3, TRIES = 100, PATH = MADE_PATH + 64 };

static const char *const kinds[KINDS] = {"circle", "square", "triangle"};

typedef struct shape {
    int kind;
    double size, y, x; /* half its height, and its middle, in pixels */
    double colour[3];
} shape;

/* Whether a point is in a shape whose middle is 0 and whose size is 1. */
static bool inside(int kind, double y, double x) {
    if (kind == 0) return y * y + x * x < 1;
    if (kind == 1) return fabs(y) < 0.9 && fabs(x) < 0.9;
    return y < 0.8 && fabs(x) < (y + 1) * 0.6;
}

static shape draw_shape(int kind, double smallest, double larger, const double *ground, uint64_t *state) {
    shape s = {.kind = kind, .size = smallest + larger * draw(state)};
    s.y     = s.size + (SIDE - 2 * s.size) * draw(state);
    s.x     = s.size + (SIDE - 2 * s.size) * draw(state);
    for (int c = 0; c < 3; ++c) {
        s.colour[c] = 40 + 120 * draw(state);
        s.colour[c] += s.colour[c] < ground[c] ? -40 : 40;
    }
    return s;
}

/* RGB, and for each pixel the number of its shape, from 1, or 0. */
static void paint(const double *ground, const shape *shapes, int n, uint64_t *state, unsigned char *pixels,
                  unsigned char *owner) {
    for (int i = 0; i < PIXELS; ++i) {
        owner[i] = 0;
        for (int k = 0; k < n; ++k)
            if (inside(shapes[k].kind, (i / SIDE - shapes[k].y) / shapes[k].size,
                       (i % SIDE - shapes[k].x) / shapes[k].size))
                owner[i] = (unsigned char)(k + 1);
        const double *on = owner[i] ? shapes[owner[i] - 1].colour : ground;
        for (int c = 0; c < 3; ++c) pixels[3 * i + c] = (unsigned char)fmin(on[c] + 50 * draw(state), 255);
    }
}

static glia_status write_pixels(glia_context *ctx, int channels, const unsigned char *pixels, const char *path) {
    glia_image *image = NULL;
    GLIA_TRY(glia_image_create(ctx, &(glia_image_args){.height = SIDE, .width = SIDE, .channels = channels}, pixels,
                               &image));
    const glia_status status = glia_image_write(image, path);
    glia_image_destroy(image);
    return status;
}

static void draw_ground(uint64_t *state, double *ground) {
    for (int c = 0; c < 3; ++c) ground[c] = 40 + 120 * draw(state);
}

static glia_status make_shape(glia_context *ctx, int kind, uint64_t *state, const char *path) {
    unsigned char pixels[3 * PIXELS], owner[PIXELS];
    double ground[3];
    draw_ground(state, ground);
    const shape one = draw_shape(kind, 7, 9, ground, state);
    paint(ground, &one, 1, state, pixels, owner);
    return write_pixels(ctx, 3, pixels, path);
}

made_folder shapes_folder(int each) { return (made_folder){"shapes", ".ppm", kinds, KINDS, each, make_shape}; }

/* Shapes that do not touch, as many as found a place. */
static int draw_shapes(const double *ground, uint64_t *state, shape *shapes) {
    const int wanted = 1 + (int)(MOST * draw(state));
    int n            = 0;
    for (int i = 0; i < TRIES && n < wanted; ++i) {
        shapes[n]    = draw_shape((int)(KINDS * draw(state)), 6, 6, ground, state);
        bool touches = false;
        for (int k = 0; k < n; ++k)
            touches |= fmax(fabs(shapes[n].y - shapes[k].y), fabs(shapes[n].x - shapes[k].x)) <
                       shapes[n].size + shapes[k].size;
        n += !touches;
    }
    return n;
}

/* The box of the pixels that belong to a shape. */
static void write_box(FILE *file, const char *name, const char *kind, const unsigned char *owner, int number) {
    int top = SIDE, left = SIDE, bottom = 0, right = 0;
    for (int i = 0; i < PIXELS; ++i)
        if (owner[i] == number) {
            const int y = i / SIDE, x = i % SIDE;
            top = y < top ? y : top, left = x < left ? x : left;
            bottom = y >= bottom ? y + 1 : bottom, right = x >= right ? x + 1 : right;
        }
    fprintf(file, "%s,%s,%d,%d,%d,%d\n", name, kind, left, top, right, bottom);
}

static glia_status make_picture(glia_context *ctx, int i, uint64_t *state, const char *dir, FILE *boxes) {
    unsigned char pixels[3 * PIXELS], owner[PIXELS];
    char name[32], path[PATH];
    shape shapes[MOST] = {0};
    double ground[3];
    draw_ground(state, ground);
    const int n = draw_shapes(ground, state, shapes);
    paint(ground, shapes, n, state, pixels, owner);
    snprintf(name, sizeof name, "images/%03d.ppm", i);
    for (int k = 0; k < n; ++k) write_box(boxes, name, kinds[shapes[k].kind], owner, k + 1);
    for (int p = 0; p < PIXELS; ++p)
        if (owner[p]) owner[p] = (unsigned char)(shapes[owner[p] - 1].kind + 1);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    GLIA_TRY(write_pixels(ctx, 3, pixels, path));
    snprintf(path, sizeof path, "%s/masks/%03d.pgm", dir, i);
    return write_pixels(ctx, 1, owner, path);
}

glia_status make_shapes(glia_context *ctx, int count, char dir[MADE_PATH]) {
    char path[PATH];
    uint64_t state = 1;
    GLIA_TRY(make_empty_folder("shapes", dir));
    for (int i = 0; i < 2; ++i) {
        snprintf(path, sizeof path, "%s/%s", dir, i ? "masks" : "images");
        if (mkdir(path, 0700) != 0) return perror(path), GLIA_IO_ERROR;
    }
    snprintf(path, sizeof path, "%s/boxes.csv", dir);
    FILE *boxes = fopen(path, "w");
    if (!boxes) return perror(path), GLIA_IO_ERROR;
    fputs("path,class,x0,y0,x1,y1\n", boxes);
    glia_status status = GLIA_OK;
    for (int i = 0; i < count && status == GLIA_OK; ++i) status = make_picture(ctx, i, &state, dir, boxes);
    const bool written = !ferror(boxes);
    if (fclose(boxes) != 0 || !written) return perror(path), GLIA_IO_ERROR;
    return status;
}
