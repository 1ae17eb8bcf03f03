#define _POSIX_C_SOURCE 200809L
#include "synthetic_cifar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, TRAINING_FILES = 5 };

static const char note_name[] = "SYNTHETIC.txt";

/* SplitMix64: the state is a plain counter, so that streams of different images only need different starts. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z          = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z          = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* -spread to spread */
static int jitter(uint64_t *state, int spread) {
    return (int)(next_random(state) % (uint64_t)(2 * spread + 1)) - spread;
}

static uint8_t clamp(int value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

/* Stripes of one of five colours and one of two directions and widths, and a disc in one of four corners, under noise.
 * None of them alone tells the ten classes apart. */
int synthetic_image(uint64_t seed, int64_t index, uint8_t *pixels) {
    enum { PERIOD = 64, RADIUS = 6, NOISE = 60 };
    static const int colours[5][3] = {{40, -40, 0}, {0, 40, -40}, {-40, 0, 40}, {40, 40, -40}, {-40, 40, 40}};
    static const int steps[2][2]   = {{7, 2}, {-4, 10}}; /* along x and y, in parts of the period */
    uint64_t state                 = seed;
    state                          = next_random(&state) ^ (uint64_t)index;
    state                          = next_random(&state);
    const int label                = (int)(index % SYNTHETIC_CLASSES);
    const int *colour = colours[label % 5], *step = steps[label % 2];
    const int column = (label % 4 % 2 ? 23 : 8) + jitter(&state, 4), row = (label % 4 / 2 ? 23 : 8) + jitter(&state, 4);
    const int phase = (int)(next_random(&state) % PERIOD), brightness = 128 + jitter(&state, 24);
    for (int channel = 0; channel < 3; ++channel)
        for (int y = 0; y < SYNTHETIC_SIDE; ++y)
            for (int x = 0; x < SYNTHETIC_SIDE; ++x) {
                const int place = (x * step[0] + y * step[1] + phase + 8 * PERIOD) % PERIOD;
                const int wave  = abs(place - PERIOD / 2) - PERIOD / 4; /* -16 to 16 */
                const int dx = x - column, dy = y - row;
                const int disc = dx * dx + dy * dy <= RADIUS * RADIUS ? 30 : 0;
                *pixels++      = clamp(brightness + colour[channel] * wave / 16 + disc + jitter(&state, NOISE));
            }
    return label;
}

/* The failure that errno tells of. */
static bool failed(const char *path) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
}

static bool join(const char *folder, const char *name, char *path) {
    const int length = snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    if (length > 0 && length < PATH_BYTES) return true;
    errno = ENAMETOOLONG;
    return failed(name);
}

static bool write_images(FILE *file, uint64_t seed, int64_t begin, int64_t end) {
    uint8_t record[1 + SYNTHETIC_BYTES];
    for (int64_t i = begin; i < end; ++i) {
        record[0] = (uint8_t)synthetic_image(seed, i, record + 1);
        if (fwrite(record, sizeof record, 1, file) != 1) return false;
    }
    return true;
}

static bool write_file(const char *folder, const char *name, uint64_t seed, int64_t begin, int64_t end) {
    char path[PATH_BYTES];
    if (!join(folder, name, path)) return false;
    FILE *file = fopen(path, "wbx"); /* x: where the real set lies, it stays */
    if (!file) return failed(path);
    const bool written = write_images(file, seed, begin, end);
    return (fclose(file) == 0 && written) || failed(path);
}

static bool write_note(const char *folder) {
    char path[PATH_BYTES];
    if (!join(folder, note_name, path)) return false;
    FILE *file = fopen(path, "wx");
    if (!file) return failed(path);
    const bool written = fputs(
                             "These are synthetic images in the format of CIFAR-10: stripes and discs with noise, made "
                             "by a program.\nAccuracies on them say nothing about CIFAR-10.\n",
                             file) >= 0;
    return (fclose(file) == 0 && written) || failed(path);
}

bool synthetic_write(const char *folder, uint64_t seed, int64_t count) {
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) return failed(folder);
    if (!write_note(folder)) return false;
    for (int i = 0; i < TRAINING_FILES; ++i) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%d.bin", i + 1);
        if (!write_file(folder, name, seed, count * i / TRAINING_FILES, count * (i + 1) / TRAINING_FILES)) return false;
    }
    return write_file(folder, "test_batch.bin", seed, count, count + count / TRAINING_FILES);
}

bool synthetic_folder(const char *folder) {
    char path[PATH_BYTES];
    struct stat info;
    return join(folder, note_name, path) && stat(path, &info) == 0;
}
