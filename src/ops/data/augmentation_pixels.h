/* Augmentation of numbers, by what gli_draw and gli_draw_mixture drew: pixels, masks, targets. */
#ifndef GLI_OPS_DATA_AUGMENTATION_PIXELS_H
#define GLI_OPS_DATA_AUGMENTATION_PIXELS_H

#include "ops/data/augmentation.h"

/* A picture as it is kept: floats, or bytes that a table makes floats of. */
typedef struct gli_picture {
    const float *floats;
    const uint8_t *bytes;
    const float *table;
    int64_t
        table_step[2]; /* from a channel's 256 entries to the next one's, 0: all have the same; from entry to entry */
    int64_t stride[3]; /* elements from a channel, a row and a column to the next */
} gli_picture;

GLI_RANDOM double gli_picture_at(const gli_picture *p, int c, int y, int x) {
    const int64_t at = c * p->stride[0] + y * p->stride[1] + x * p->stride[2];
    return p->bytes ? p->table[c * p->table_step[0] + p->bytes[at] * p->table_step[1]] : p->floats[at];
}

/* Where pixel (y, x) of the new picture comes from; whether there is such a place, within the picture's area, or with
 * `edge` the nearest to it. */
GLI_RANDOM int gli_source_of(const gli_augmentation *a, const gli_drawn *d, int y, int x, double *from_y,
                             double *from_x) {
    const double u = (d->map[0] * x + d->map[1] * y) + d->map[2], v = (d->map[3] * x + d->map[4] * y) + d->map[5];
    const int width = a->from_width, height = a->from_height;
    const int inside = u >= -0.5 && u < width - 0.5 && v >= -0.5 && v < height - 0.5;
    if (!inside && !a->edge) return 0;
    *from_x = u < 0 ? 0 : u > width - 1 ? width - 1 : u;
    *from_y = v < 0 ? 0 : v > height - 1 ? height - 1 : v;
    return 1;
}

/* The number at a place within the picture. */
GLI_RANDOM double gli_resample(const gli_augmentation *a, const gli_picture *p, int c, double y, double x) {
    if (a->nearest) return gli_picture_at(p, c, (int)(y + 0.5), (int)(x + 0.5));
    const int top = (int)y, left = (int)x;
    const double down = y - top, right = x - left;
    double upper = gli_picture_at(p, c, top, left);
    if (right > 0) upper += (gli_picture_at(p, c, top, left + 1) - upper) * right;
    if (!(down > 0)) return upper;
    double lower = gli_picture_at(p, c, top + 1, left);
    if (right > 0) lower += (gli_picture_at(p, c, top + 1, left + 1) - lower) * right;
    return upper + (lower - upper) * down;
}

GLI_RANDOM int gli_in_rectangle(const gli_rectangle *r, int y, int x) {
    return y >= r->top && y < r->bottom && x >= r->left && x < r->right;
}

/* One standard normal number for each element of the picture. Blocks from 16 on: those before draw transforms. */
GLI_RANDOM double gli_noise(const gli_augmentation *a, const gli_drawn *d, int c, int y, int x) {
    double z[2];
    const uint32_t element = (uint32_t)((c * a->height + y) * a->width + x);
    const gli_u32x4 w      = gli_draw_words(a, d->key, GLIA_TRANSFORM_NOISE, 16 + element);
    gli_normal_pair(w.v[0], w.v[1], z);
    return z[0];
}

/* The grey of three channels, from 0 to 1. */
GLI_RANDOM double gli_grey(const gli_augmentation *a, const double *rgb) {
    const double r = (rgb[0] - a->black[0]) / ((double)a->white[0] - a->black[0]);
    const double g = (rgb[1] - a->black[1]) / ((double)a->white[1] - a->black[1]);
    const double b = (rgb[2] - a->black[2]) / ((double)a->white[2] - a->black[2]);
    return (0.299 * r + 0.587 * g) + 0.114 * b;
}

/* What colours make of a number; grey: of its pixel. */
GLI_RANDOM double gli_coloured(const gli_augmentation *a, const gli_drawn *d, int c, double value, double grey) {
    const double black = a->black[gli_channel(c)], range = a->white[gli_channel(c)] - black;
    return (black + d->own * (value - black)) + range * (d->grey * grey + d->added);
}

/* Channels c to c+n-1 of pixel (y, x), n at most 3; greys need all three of a picture. */
GLI_RANDOM void gli_augmented_channels(const gli_augmentation *a, const gli_drawn *d, const gli_picture *p, int c,
                                       int n, int y, int x, float *to) {
    double from_y = 0, from_x = 0, value[3], grey = 0;
    const int found = gli_source_of(a, d, y, x, &from_y, &from_x);
    int hole        = 0;
    for (int i = 0; i < d->holes; ++i) hole |= gli_in_rectangle(&d->hole[i], y, x);
    for (int i = 0; i < 3; ++i)
        if (i < n) value[i] = found && !hole ? gli_resample(a, p, c + i, from_y, from_x) : a->fills[gli_channel(c + i)];
    if (!hole && d->grey != 0) grey = gli_grey(a, value);
    for (int i = 0; i < 3; ++i) { /* so many for compilers, which then keep them in registers */
        if (i >= n) break;
        if (!hole && (d->own != 1 || d->grey != 0 || d->added != 0))
            value[i] = gli_coloured(a, d, c + i, value[i], grey);
        if (!hole && d->deviation != 0) {
            const double range = (double)a->white[gli_channel(c + i)] - a->black[gli_channel(c + i)];
            value[i] += range * d->deviation * gli_noise(a, d, c + i, y, x);
        }
        to[i] = (float)value[i];
    }
}

GLI_RANDOM float gli_mixed(const gli_mixture *m, float own, float other) {
    return (float)((double)m->share * own + (1 - (double)m->share) * other);
}

/* All a sample's pictures are made of: its own, and its partner's. */
typedef struct gli_two_pictures {
    gli_mixture mixture;
    gli_drawn drawn[2];
    gli_picture picture[2];
} gli_two_pictures;

/* How many channels are made at once: greys need them all. */
GLI_RANDOM int gli_channels_at_once(const gli_augmentation *a) { return a->channels == 3 ? 3 : 1; }

/* Channels c to c+n-1 of pixel (y, x), where n is gli_channels_at_once. */
GLI_RANDOM void gli_augmented_pixel(const gli_augmentation *a, const gli_two_pictures *two, int c, int n, int y, int x,
                                    float *to) {
    const gli_mixture *m = &two->mixture;
    const int other      = m->kind == GLIA_TRANSFORM_CUTMIX && gli_in_rectangle(&m->box, y, x);
    float partner[3];
    gli_augmented_channels(a, &two->drawn[other], &two->picture[other], c, n, y, x, to);
    if (m->kind != GLIA_TRANSFORM_MIXUP) return;
    gli_augmented_channels(a, &two->drawn[1], &two->picture[1], c, n, y, x, partner);
    for (int i = 0; i < 3; ++i)
        if (i < n) to[i] = gli_mixed(m, to[i], partner[i]);
}

/* Without a mixture, the number as it is. */
GLI_RANDOM float gli_mixed_number(const gli_mixture *m, float own, float partner) {
    return m->kind == GLIA_TRANSFORM_NONE ? own : gli_mixed(m, own, partner);
}

/* Which of two masks element (y, x) of a plane comes from, 0 or 1, and from where; -1: from none. */
GLI_RANDOM int gli_mask_source(const gli_augmentation *a, const gli_mixture *m, const gli_drawn *drawn, int y, int x,
                               int *from_y, int *from_x) {
    const int other = m->kind == GLIA_TRANSFORM_CUTMIX && gli_in_rectangle(&m->box, y, x);
    double v = 0, u = 0;
    if (!gli_source_of(a, &drawn[other], y, x, &v, &u)) return -1;
    *from_y = (int)(v + 0.5);
    *from_x = (int)(u + 0.5);
    return other;
}

/* The place in the new picture that comes from (x, y), both from the picture's corner; determinant: of the map. */
GLI_RANDOM void gli_moved_point(const double *map, double determinant, double x, double y, double *to_x, double *to_y) {
    const double dx = (x - 0.5) - map[2], dy = (y - 0.5) - map[5];
    *to_x = (map[4] * dx - map[1] * dy) / determinant + 0.5;
    *to_y = (map[0] * dy - map[3] * dx) / determinant + 0.5;
}

/* Whether it is one: not empty. */
GLI_RANDOM int gli_is_box(const float *box) { return box[2] > box[0] && box[3] > box[1]; }

/* A box of the new picture: around the corners of the old one, clipped; 0, 0, 0, 0 where that is none. */
GLI_RANDOM void gli_augmented_box(const gli_augmentation *a, const gli_drawn *d, const float *box, float *to) {
    const double determinant = d->map[0] * d->map[4] - d->map[1] * d->map[3];
    double left = a->width, top = a->height, right = 0, bottom = 0;
    for (int corner = 0; corner < 4 && determinant != 0 && gli_is_box(box); ++corner) {
        double x, y;
        gli_moved_point(d->map, determinant, box[corner & 1 ? 2 : 0], box[corner & 2 ? 3 : 1], &x, &y);
        left   = x < left ? x : left;
        top    = y < top ? y : top;
        right  = x > right ? x : right;
        bottom = y > bottom ? y : bottom;
    }
    const float clipped[4] = {(float)(left < 0 ? 0 : left), (float)(top < 0 ? 0 : top),
                              (float)(right > a->width ? a->width : right),
                              (float)(bottom > a->height ? a->height : bottom)};
    const int there        = gli_is_box(clipped);
    for (int i = 0; i < 4; ++i) to[i] = there ? clipped[i] : 0;
}

/* The probability of class k. */
GLI_RANDOM float gli_class_share(const gli_mixture *m, int64_t k, int64_t own, int64_t partner) {
    return (k == own ? m->share : 0) + (k == partner ? 1 - m->share : 0);
}

#endif
