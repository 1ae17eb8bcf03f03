#include "nn/spectrum.h"

#include <math.h>

#include "core/dtype.h"
#include "core/size.h"

static const double pi = 3.14159265358979323846;

static void put(gli_numbers out, int64_t i, double value) { gli_store(out.dtype, out.data, i, value); }

/* ---- Frames ---- */

static int64_t reflected(int64_t i, int64_t length) {
    if (i < 0) i = -i;
    return i < length ? i : 2 * (length - 1) - i;
}

void gli_fill_frames(const void *frames, gli_numbers out) {
    const gli_frames *f = frames;
    const int64_t half = f->stft.n_fft / 2, end = f->length + 2 * half;
    for (int64_t i = 0; i < f->padded; ++i) put(out, i, (double)reflected(gli_min_i64(i, end - 1) - half, f->length));
}

static double window_at(const glia_stft *s, int i) {
    const int at = i - (s->n_fft - s->window_size) / 2;
    if (at < 0 || at >= s->window_size) return 0;
    const double turn = cos(2 * pi * at / s->window_size);
    switch (s->window) {
        case GLIA_WINDOW_HANN: return 0.5 - 0.5 * turn;
        case GLIA_WINDOW_HAMMING: return 0.54 - 0.46 * turn;
        case GLIA_WINDOW_BOX: break;
    }
    return 1;
}

/* Number n of a frame is channel n % hop of step n / hop. */
void gli_fill_basis(const void *frames, gli_numbers out) {
    const gli_frames *f = frames;
    const int n_fft = f->stft.n_fft, hop = f->stft.hop;
    for (int64_t k = 0; k < f->bins; ++k)
        for (int64_t channel = 0; channel < hop; ++channel)
            for (int64_t tap = 0; tap < f->taps; ++tap) {
                const int64_t n = tap * hop + channel, at = (k * hop + channel) * f->taps + tap;
                const double w     = n < n_fft ? window_at(&f->stft, (int)n) : 0;
                const double angle = 2 * pi * (double)(k * n % n_fft) / n_fft;
                put(out, at, w * cos(angle));
                put(out, at + (int64_t)f->bins * hop * f->taps, -w * sin(angle));
            }
}

/* ---- Mel ---- */

/* Slaney's scale is linear up to here. */
static const double linear_hz = 1000, linear_mel = 15;
static double log_step(void) { return log(6.4) / 27; }

static double mel_of(bool htk, double hz) {
    if (htk) return 2595 * log10(1 + hz / 700);
    return hz < linear_hz ? hz * linear_mel / linear_hz : linear_mel + log(hz / linear_hz) / log_step();
}

static double hz_of(bool htk, double mel) {
    if (htk) return 700 * (pow(10, mel / 2595) - 1);
    return mel < linear_mel ? mel * linear_hz / linear_mel : linear_hz * exp((mel - linear_mel) * log_step());
}

/* Point i of the `count` + 2 that the triangles stand on. */
static double point(const glia_mel *m, int i) {
    const double low = mel_of(m->htk, m->low), high = mel_of(m->htk, m->high);
    return hz_of(m->htk, low + (high - low) * i / (m->count + 1));
}

static double filter_at(const gli_mel_filters *f, const double edge[3], int bin) {
    const double hz     = (double)bin * f->mel.rate / f->n_fft;
    const double rising = (hz - edge[0]) / (edge[1] - edge[0]), falling = (edge[2] - hz) / (edge[2] - edge[1]);
    const double height = f->mel.no_norm ? 1 : 2 / (edge[2] - edge[0]);
    return height * fmax(0, fmin(rising, falling));
}

void gli_fill_mel_filters(const void *filters, gli_numbers out) {
    const gli_mel_filters *f = filters;
    for (int m = 0; m < f->mel.count; ++m) {
        const double edge[3] = {point(&f->mel, m), point(&f->mel, m + 1), point(&f->mel, m + 2)};
        for (int bin = 0; bin < f->bins; ++bin) put(out, (int64_t)m * f->bins + bin, filter_at(f, edge, bin));
    }
}

int gli_empty_mel_filters(const gli_mel_filters *f) {
    int empty = 0;
    for (int m = 0; m < f->mel.count; ++m) {
        const double edge[3] = {point(&f->mel, m), point(&f->mel, m + 1), point(&f->mel, m + 2)};
        bool any             = false;
        for (int bin = 0; bin < f->bins && !any; ++bin) any = filter_at(f, edge, bin) > 0;
        empty += !any;
    }
    return empty;
}

/* ---- The rest ---- */

void gli_fill_dct(const void *dct, gli_numbers out) {
    const gli_dct *d = dct;
    for (int64_t q = 0; q < d->rows; ++q)
        for (int64_t m = 0; m < d->columns; ++m)
            put(out, q * d->columns + m,
                sqrt((q == 0 ? 1.0 : 2.0) / d->columns) * cos(pi * (double)(q * (2 * m + 1)) / (2.0 * d->columns)));
}

void gli_fill_number(const void *number, gli_numbers out) { put(out, 0, *(const double *)number); }
