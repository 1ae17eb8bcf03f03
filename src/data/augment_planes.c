/* Maps that only mirror and move by whole pixels, as most crops and flips, copy runs of pixels. The others find the
 * sources of a strip of pixels once for its channels; then each stage that the sample has is a loop over the strip. */
#include "data/augment_planes.h"

#include <stdbool.h>
#include <string.h>

enum { STRIP = 128, CHANNELS = 3 /* at most, made at once */ };

/* ---- Copies ---- */

/* Along x and y: the source is step times the place, plus move. */
typedef struct whole_map {
    bool is; /* such a map; otherwise the rest counts for nothing */
    int step[2], move[2];
} whole_map;

/* Row `row` of the map, of which `own` and `other` are the factors. */
static bool take_axis(double own, double other, double move, int axis, whole_map *out) {
    enum { FARTHEST = 1 << 30 };
    if ((own != 1 && own != -1) || other != 0 || !(move >= -FARTHEST && move <= FARTHEST) || move != (int)move)
        return false;
    out->step[axis] = (int)own;
    out->move[axis] = (int)move;
    return true;
}

static whole_map whole_of(const double *map) {
    whole_map whole = {0};
    whole.is        = take_axis(map[0], map[1], map[2], 0, &whole) && take_axis(map[4], map[3], map[5], 1, &whole);
    return whole;
}

static inline void copy_sized(char *restrict to, const char *restrict from, int step, int count, size_t size) {
    if (step == 0)
        for (int i = 0; i < count; ++i) memcpy(to + (size_t)i * size, from, size);
    else
        for (int i = 0; i < count; ++i) memcpy(to + (size_t)i * size, from - (ptrdiff_t)i * (ptrdiff_t)size, size);
}

/* Elements from `from` on, forwards or backwards, or with step 0 this one again and again. */
static void copy_run(char *to, const char *from, int step, int count, size_t size) {
    if (count <= 0) return;
    if (step == 1) {
        memcpy(to, from, (size_t)count * size);
        return;
    }
    switch (size) {
        case 1: copy_sized(to, from, step, count, 1); break;
        case 2: copy_sized(to, from, step, count, 2); break;
        case 4: copy_sized(to, from, step, count, 4); break;
        default: copy_sized(to, from, step, count, 8); break;
    }
}

/* A plane of a picture or a mask, and what its pixels without a source get. */
typedef struct source {
    const char *plane, *fill;
    size_t size;
} source;

/* Columns left to right-1 of row y, where `to` has the first of them. */
typedef struct run {
    int y, left, right;
} run;

static void copy_row(const gli_augmentation *a, const whole_map *map, source s, run r, char *to) {
    const int step = map->step[0], move = map->move[0], width = a->from_width, last = width - 1;
    const int y = map->step[1] * r.y + map->move[1];
    if ((y < 0 || y >= a->from_height) && !a->edge) {
        copy_run(to, s.fill, 0, r.right - r.left, s.size);
        return;
    }
    const char *row   = s.plane + (ptrdiff_t)gli_within(y, 0, a->from_height - 1) * width * (ptrdiff_t)s.size;
    const char *end[] = {row, row + (size_t)last * s.size};
    const int first   = step > 0 ? -move : move - last; /* column that has a source */
    const int from = gli_within(first, r.left, r.right), until = gli_within(first + width, r.left, r.right);
    copy_run(to, a->edge ? end[step < 0] : s.fill, 0, from - r.left, s.size);
    to += (size_t)(from - r.left) * s.size;
    if (until > from) copy_run(to, row + (size_t)(step * from + move) * s.size, step, until - from, s.size);
    to += (size_t)(until - from) * s.size;
    copy_run(to, a->edge ? end[step > 0] : s.fill, 0, r.right - until, s.size);
}

/* ---- Stages of a strip ---- */

typedef double strip[STRIP];

/* One of the pictures that a sample is made of. */
typedef struct painter {
    const gli_augmentation *a;
    const gli_drawn *drawn;
    const float *values; /* [C,H,W] */
    whole_map whole;
    bool coloured, noisy;
} painter;

static painter painter_of(const gli_augmentation *a, const gli_drawn *d, const float *values) {
    return (painter){.a        = a,
                     .drawn    = d,
                     .values   = values,
                     .whole    = whole_of(d->map),
                     .coloured = d->own != 1 || d->grey != 0 || d->added != 0,
                     .noisy    = d->deviation != 0};
}

static void copy_rows(const painter *p, int c, int n, run r, float *to, int64_t plane) {
    const int64_t pixels = (int64_t)p->a->from_height * p->a->from_width;
    for (int k = 0; k < n; ++k) {
        const source s = {(const char *)(p->values + (c + k) * pixels), (const char *)&p->a->fills[gli_channel(c + k)],
                          sizeof *p->values};
        copy_row(p->a, &p->whole, s, r, (char *)(to + k * plane));
    }
}

static void resample(const painter *p, int c, int n, run r, strip *value) {
    const gli_augmentation *a = p->a;
    const gli_picture picture = {.floats = p->values,
                                 .stride = {(int64_t)a->from_height * a->from_width, a->from_width, 1}};
    double y[STRIP], x[STRIP];
    int found[STRIP];
    const int count = r.right - r.left;
    for (int i = 0; i < count; ++i) found[i] = gli_source_of(a, p->drawn, r.y, r.left + i, &y[i], &x[i]);
    for (int k = 0; k < n; ++k)
        for (int i = 0; i < count; ++i)
            value[k][i] = found[i] ? gli_resample(a, &picture, c + k, y[i], x[i]) : a->fills[gli_channel(c + k)];
}

static void colour(const painter *p, int c, int n, int count, strip *value) {
    strip grey = {0};
    for (int i = 0; i < count && p->drawn->grey != 0; ++i)
        grey[i] = gli_grey(p->a, (const double[CHANNELS]){value[0][i], value[1][i], value[2][i]});
    for (int k = 0; k < n; ++k)
        for (int i = 0; i < count; ++i) value[k][i] = gli_coloured(p->a, p->drawn, c + k, value[k][i], grey[i]);
}

static void add_noise(const painter *p, int c, int n, run r, strip *value) {
    const gli_augmentation *a = p->a;
    for (int k = 0; k < n; ++k) {
        const double range = (double)a->white[gli_channel(c + k)] - a->black[gli_channel(c + k)];
        for (int i = 0; i < r.right - r.left; ++i)
            value[k][i] += range * p->drawn->deviation * gli_noise(a, p->drawn, c + k, r.y, r.left + i);
    }
}

static void make_strip(const painter *p, int c, int n, run r, float *to, int64_t plane) {
    strip value[CHANNELS];
    const int count = r.right - r.left;
    if (p->whole.is) {
        copy_rows(p, c, n, r, to, plane);
        for (int k = 0; k < n; ++k)
            for (int i = 0; i < count; ++i) value[k][i] = to[k * plane + i];
    } else {
        resample(p, c, n, r, value);
    }
    if (p->coloured) colour(p, c, n, count, value);
    if (p->noisy) add_noise(p, c, n, r, value);
    for (int k = 0; k < n; ++k)
        for (int i = 0; i < count; ++i) to[k * plane + i] = (float)value[k][i];
}

static void fill_holes(const painter *p, int c, int n, run r, float *to, int64_t plane) {
    for (int i = 0; i < p->drawn->holes; ++i) {
        const gli_rectangle *hole = &p->drawn->hole[i];
        const int left = gli_within(hole->left, r.left, r.right), right = gli_within(hole->right, r.left, r.right);
        for (int k = 0; k < n && r.y >= hole->top && r.y < hole->bottom; ++k)
            copy_run((char *)(to + k * plane + (left - r.left)), (const char *)&p->a->fills[gli_channel(c + k)], 0,
                     right - left, sizeof *to);
    }
}

/* The run in n channels from c on; plane: elements of `to` from one to the next. */
static void paint(const painter *p, int c, int n, run r, float *to, int64_t plane) {
    if (p->whole.is && !p->coloured && !p->noisy) {
        copy_rows(p, c, n, r, to, plane);
    } else {
        for (int x = r.left; x < r.right; x += STRIP) {
            const run part = {r.y, x, gli_within(x + STRIP, x, r.right)};
            make_strip(p, c, n, part, to + (x - r.left), plane);
        }
    }
    fill_holes(p, c, n, r, to, plane);
}

/* ---- Pictures and masks ---- */

static void mix(const gli_mixture *m, const painter *partner, int c, int n, int y, float *to, int64_t plane) {
    float other[CHANNELS][STRIP];
    const int width = partner->a->width;
    for (int x = 0; x < width; x += STRIP) {
        const run part = {y, x, gli_within(x + STRIP, x, width)};
        paint(partner, c, n, part, other[0], STRIP);
        for (int k = 0; k < n; ++k)
            for (int i = 0; i < part.right - x; ++i)
                to[k * plane + x + i] = gli_mixed(m, to[k * plane + x + i], other[k][i]);
    }
}

/* The columns of row y that cutmix takes from the partner. */
static run taken(const gli_mixture *m, int y) {
    const bool there = m->kind == GLIA_TRANSFORM_CUTMIX && y >= m->box.top && y < m->box.bottom;
    return (run){y, there ? m->box.left : 0, there ? m->box.right : 0};
}

void gli_augment_picture(const gli_augmentation *a, const gli_two_pictures *two, float *to) {
    const gli_mixture *m = &two->mixture;
    const int n          = gli_channels_at_once(a);
    const int64_t plane  = (int64_t)a->height * a->width;
    const painter own    = painter_of(a, &two->drawn[0], two->picture[0].floats);
    const painter partner =
        m->kind == GLIA_TRANSFORM_NONE ? own : painter_of(a, &two->drawn[1], two->picture[1].floats);
    for (int c = 0; c < a->channels; c += n)
        for (int y = 0; y < a->height; ++y) {
            float *row      = to + c * plane + (int64_t)y * a->width;
            const run other = taken(m, y);
            paint(&own, c, n, (run){y, 0, a->width}, row, plane);
            if (m->kind == GLIA_TRANSFORM_MIXUP) mix(m, &partner, c, n, y, row, plane);
            if (other.right > other.left) paint(&partner, c, n, other, row + other.left, plane);
        }
}

static void move_mask(const gli_augmentation *a, const gli_drawn *d, const whole_map *whole, source s, run r,
                      char *to) {
    const gli_mixture none = {GLIA_TRANSFORM_NONE, 0, 1, {0, 0, 0, 0}};
    if (whole->is) {
        copy_row(a, whole, s, r, to);
        return;
    }
    for (int x = r.left; x < r.right; ++x, to += s.size) {
        int from_y = 0, from_x = 0;
        const bool found = gli_mask_source(a, &none, d, r.y, x, &from_y, &from_x) == 0;
        const char *from = s.plane + ((ptrdiff_t)from_y * a->from_width + from_x) * (ptrdiff_t)s.size;
        copy_run(to, found ? from : s.fill, 0, 1, s.size);
    }
}

void gli_augment_mask(const gli_augmentation *a, const gli_two_pictures *two, const gli_mask_pair *mask, void *to) {
    const gli_mixture *m     = &two->mixture;
    const bool mixes         = m->kind != GLIA_TRANSFORM_NONE;
    const whole_map whole[2] = {whole_of(two->drawn[0].map), mixes ? whole_of(two->drawn[1].map) : (whole_map){0}};
    const ptrdiff_t row      = (ptrdiff_t)a->width * (ptrdiff_t)mask->size;
    const ptrdiff_t plane    = (ptrdiff_t)a->from_height * a->from_width * (ptrdiff_t)mask->size;
    for (int c = 0; c < mask->planes; ++c)
        for (int y = 0; y < a->height; ++y) {
            char *made      = (char *)to + ((ptrdiff_t)c * a->height + y) * row;
            const run other = taken(m, y);
            for (int k = 0; k < (other.right > other.left ? 2 : 1); ++k) {
                const source s = {(const char *)mask->values[k] + c * plane, mask->fill, mask->size};
                const run r    = k ? other : (run){y, 0, a->width};
                move_mask(a, &two->drawn[k], &whole[k], s, r, made + (ptrdiff_t)r.left * (ptrdiff_t)mask->size);
            }
        }
}
