#include "support/noises.h"

#include <math.h>

#include "support/draw.h"

enum { FRAMES = NOISES_RATE, KINDS = 4 };

static const double pi                = 3.14159265358979323846;
static const char *const kinds[KINDS] = {"bell", "bird", "drum", "siren"};

/* What a thing sounds like, `at` seconds after it began; pitch: about 1. phase: of a tone, which the caller keeps. */
static double sound_of(int kind, double pitch, double at, double *phase, uint64_t *state) {
    double hertz = 0;
    switch (kind) {
        case 0: return exp(-6 * at) * (sin(2 * pi * 700 * pitch * at) + 0.6 * sin(2 * pi * 1930 * pitch * at)) / 1.6;
        case 1: hertz = 2000 * pitch * (1 + 2 * fmod(at, 0.12)); break; /* short tones that rise */
        case 2: return exp(-12 * at) * (0.7 * sin(2 * pi * 110 * pitch * at) + 0.6 * (draw(state) - 0.5));
        default: hertz = 900 * pitch + 300 * sin(2 * pi * 2 * at); break; /* up and down */
    }
    *phase += 2 * pi * hertz / NOISES_RATE;
    return sin(*phase) * (kind == 1 && fmod(at, 0.12) > 0.07 ? 0 : 0.7);
}

static glia_status make_noise(glia_context *ctx, int kind, uint64_t *state, const char *path) {
    float samples[FRAMES];
    const double pitch = 0.8 + 0.5 * draw(state), begin = 0.3 * draw(state), loud = 0.1 + 0.4 * draw(state);
    double phase      = 0;
    glia_sound *sound = NULL;
    for (int i = 0; i < FRAMES; ++i) {
        const double at = (double)i / NOISES_RATE - begin, noise = 0.5 * (draw(state) - 0.5);
        samples[i] = (float)(noise + (at < 0 ? 0 : loud * sound_of(kind, pitch, at, &phase, state)));
    }
    glia_status status =
        glia_sound_create(ctx, &(glia_sound_args){.frames = FRAMES, .rate = NOISES_RATE}, samples, &sound);
    if (status == GLIA_OK) status = glia_sound_write(sound, path, 16);
    glia_sound_destroy(sound);
    return status;
}

made_folder noises_folder(int each) { return (made_folder){"noises", ".wav", kinds, KINDS, each, make_noise}; }
