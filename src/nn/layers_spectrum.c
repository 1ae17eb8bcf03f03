/* Spectra of sound, as compositions of ops that exist.
 *
 * A wave that is padded to whole hops is a matrix of them, [padded / hop, hop], and a frame n_fft / hop rows of it, in
 * a row. So all frames times the window and the sines are one convolution over the steps, with `hop` input channels:
 * it copies no frame, and is a matrix product on every device. */
#include <float.h>
#include <math.h>

#include "core/size.h"
#include "glia/ops/conv.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/movement.h"
#include "glia/ops/reduce.h"
#include "nn/layer.h"
#include "nn/spectrum.h"

static glia_value fail_text(glia_model *model, const char *text) {
    return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "%s", text);
}

/* ---- Constants ---- */

typedef void (*filler)(const void *spec, gli_numbers out);

/* A buffer of the current layer with these numbers. */
static glia_value constant(glia_model *model, const char *suffix, glia_shape shape, filler fill, const void *spec) {
    gli_weight_spec weight = {.suffix = suffix, .ndim = shape.ndim, .init = {.kind = GLIA_INIT_ZEROS}, .buffer = true};
    int64_t count          = 1;
    for (int i = 0; i < shape.ndim; ++i) {
        weight.dim[i] = shape.dim[i];
        count         = gli_saturating_mul(count, shape.dim[i]);
    }
    const glia_value value = gli_layer_weight(model, &weight);
    if (value.id < 0) return value;
    gli_weight *made         = &model->weights[model->values[value.id].index];
    const glia_status status = gli_block_alloc(model->ctx, (size_t)count, glia_dtype_size(model->dtype),
                                               "a constant of a layer", &made->pending);
    if (status != GLIA_OK) return gli_model_take_failure(model, status);
    fill(spec, (gli_numbers){model->dtype, made->pending.data});
    return value;
}

static glia_value number(glia_model *model, const char *suffix, double value) {
    return constant(model, suffix, GLIA_SHAPE(1), gli_fill_number, &value);
}

/* ---- Calls ---- */

static glia_value reshape(glia_model *model, glia_value x, glia_shape shape) {
    return gli_layer_call_1(model, &gli_op_reshape, &(glia_reshape_params){shape}, 1, &x);
}

static glia_value binary(glia_model *model, glia_binary_kind kind, glia_value a, glia_value b) {
    return gli_layer_call_1(model, &gli_op_binary, &(glia_binary_params){kind}, 2, (glia_value[]){a, b});
}

static glia_value unary(glia_model *model, glia_value x, glia_unary_params params) {
    return gli_layer_call_1(model, &gli_op_unary, &params, 1, &x);
}

static glia_value part(glia_model *model, glia_value x, int dimension, int begin, int end) {
    glia_slice_params params = glia_slice_defaults();
    params.start[dimension]  = begin;
    params.stop[dimension]   = end;
    return gli_layer_call_1(model, &gli_op_slice, &params, 1, &x);
}

/* Each step of x [N,C,H,W] times a matrix [K,C,1,1], or with taps a frame. */
static glia_value convolve(glia_model *model, glia_value x, glia_value weight) {
    const glia_conv2d_params params = glia_conv2d_defaults();
    return gli_layer_call_1(model, &gli_op_conv2d, &params, 2, (glia_value[]){x, weight});
}

static glia_value cast(glia_model *model, glia_value x, glia_dtype dtype) {
    if (model->compute == model->dtype) return x;
    return gli_layer_call_1(model, &gli_op_cast, &(glia_cast_params){dtype}, 1, &x);
}

/* ---- Frames ---- */

static bool check_stft(glia_model *model, const glia_stft *s) {
    enum { MOST = 65536 };
    if (s->n_fft < 2 || s->n_fft > MOST || s->window_size < 1 || s->window_size > s->n_fft || s->hop < 1 ||
        s->hop > MOST)
        return gli_model_fail(
                   model, GLIA_INVALID_ARGUMENT,
                   "n_fft is %d, must be 2 to %d; window_size %d, must be 1 to n_fft; hop %d, must be 1 to %d",
                   s->n_fft, MOST, s->window_size, s->hop, MOST),
               false;
    if ((unsigned)s->window > GLIA_WINDOW_BOX || (unsigned)s->padding > GLIA_FRAMES_INSIDE)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "invalid window %d or padding %d", (int)s->window,
                              (int)s->padding),
               false;
    return true;
}

/* What x [N,L] or [N,C,L] has for frames; false after a failure. */
static bool find_frames(glia_model *model, glia_value x, const glia_stft *given, gli_frames *f) {
    enum { MOST = 1 << 24 /* whole numbers of f32 */ };
    const glia_tensor *in = gli_model_shape(model, x);
    *f                    = (gli_frames){.stft = *given};
    if (!in) return false;
    if (in->ndim != 2 && in->ndim != 3) return gli_layer_expect(model, x, 3, "[L] or [C,L]");
    if (f->stft.window_size == 0) f->stft.window_size = f->stft.n_fft;
    if (f->stft.hop == 0) f->stft.hop = (int)gli_max_i64(f->stft.window_size / 4, 1);
    if (!check_stft(model, &f->stft)) return false;
    const int n_fft = f->stft.n_fft, hop = f->stft.hop;
    const bool inside = f->stft.padding == GLIA_FRAMES_INSIDE, mirrored = f->stft.padding == GLIA_FRAMES_REFLECTED;
    const int64_t least = inside ? n_fft : mirrored ? n_fft / 2 + 1 : 1;
    f->length           = in->dim[in->ndim - 1];
    f->bins             = n_fft / 2 + 1;
    f->taps             = (n_fft + hop - 1) / hop;
    if (f->length < least || f->length > MOST - 2 * n_fft - hop)
        return gli_model_fail(model, GLIA_SHAPE_MISMATCH, "x has %lld numbers, frames of %d %s need %lld to %lld",
                              (long long)f->length, n_fft,
                              inside     ? "inside"
                              : mirrored ? "reflected"
                                         : "in zeros",
                              (long long)least, (long long)MOST - 2 * n_fft - hop),
               false;
    const int64_t whole = inside ? f->length : f->length + 2 * (n_fft / 2);
    f->count            = 1 + (whole - n_fft) / hop;
    f->padded           = (f->count - 1 + f->taps) * hop;
    return true;
}

/* The wave [N,C,L], padded or cut to f->padded. */
static glia_value pad(glia_model *model, glia_value x, const gli_frames *f) {
    if (f->stft.padding == GLIA_FRAMES_REFLECTED) {
        const glia_value at =
            gli_layer_call_1(model, &gli_op_cast, &(glia_cast_params){GLIA_I32}, 1,
                             (glia_value[]){constant(model, "frames", GLIA_SHAPE(f->padded), gli_fill_frames, f)});
        return gli_layer_call_1(model, &gli_op_gather, &(glia_gather_params){.axis = 2}, 2, (glia_value[]){x, at});
    }
    const int before       = f->stft.padding == GLIA_FRAMES_ZEROS ? f->stft.n_fft / 2 : 0;
    const int64_t after    = f->padded - before - f->length;
    glia_pad_params params = {.before = {0, 0, before}, .after = {0, 0, (int)gli_max_i64(after, 0)}};
    if (after < 0) x = part(model, x, 2, 0, (int)(f->length + after));
    return gli_layer_call_1(model, &gli_op_pad, &params, 1, &x);
}

/* [N,2 B,C,T] */
static glia_value transform(glia_model *model, glia_value x, const gli_frames *f) {
    const glia_tensor *in  = gli_model_shape(model, x);
    const bool flat        = in->ndim == 2;
    const int64_t channels = flat ? 1 : in->dim[1], hop = f->stft.hop;
    x = cast(model, x, model->dtype);
    if (flat) x = reshape(model, x, GLIA_SHAPE(-1, 1, f->length));
    x                      = pad(model, x, f);
    x                      = reshape(model, x, GLIA_SHAPE(-1, channels, f->padded / hop, hop));
    x                      = gli_layer_call_1(model, &gli_op_transpose, &(glia_transpose_params){{0, 3, 1, 2}}, 1, &x);
    const glia_value basis = constant(model, "basis", GLIA_SHAPE(2 * f->bins, hop, 1, f->taps), gli_fill_basis, f);
    return convolve(model, x, basis);
}

/* [N,K,C,T] as what belongs to x. */
static glia_value finish(glia_model *model, glia_value x, glia_value y) {
    const glia_tensor *in = gli_model_shape(model, x), *out = gli_model_shape(model, y);
    if (!in || !out) return GLI_INVALID;
    const int64_t rows = out->dim[1], steps = out->dim[3];
    const bool flat = in->ndim == 2;
    y               = flat ? reshape(model, y, GLIA_SHAPE(-1, rows, steps)) : gli_layer_swap(model, y, 1, 2);
    return cast(model, y, model->compute);
}

glia_value glia_model_stft(glia_model *model, glia_value x, const glia_stft_args *args) {
    gli_frames f;
    if (!gli_layer_begin(model, "stft", args ? args->name : NULL, &x, 1, false)) return GLI_INVALID;
    if (!args) return gli_layer_end(model, fail_text(model, "args is NULL"));
    if (!find_frames(model, x, &args->stft, &f)) return gli_layer_end(model, GLI_INVALID);
    const glia_tensor *in  = gli_model_shape(model, x);
    const bool flat        = in->ndim == 2;
    const int64_t channels = flat ? 1 : in->dim[1];
    const glia_value y     = finish(model, x, transform(model, x, &f));
    return gli_layer_end(
        model,
        reshape(model, y, flat ? GLIA_SHAPE(-1, 2, f.bins, f.count) : GLIA_SHAPE(-1, channels, 2, f.bins, f.count)));
}

/* ---- Spectrograms ---- */

static glia_value magnitude(glia_model *model, glia_value z, const gli_frames *f) {
    const glia_tensor *in = gli_model_shape(model, z);
    if (!in) return GLI_INVALID;
    z = reshape(model, z, GLIA_SHAPE(-1, 2, f->bins, in->dim[2], f->count));
    return gli_layer_call_1(model, &gli_op_reduce, &(glia_reduce_params){GLIA_REDUCE_L2, GLIA_AXIS(1), false}, 1, &z);
}

static glia_value power(glia_model *model, glia_value z, const gli_frames *f) {
    const glia_value squares = unary(model, z, glia_unary_defaults(GLIA_UNARY_SQUARE));
    return binary(model, GLIA_BINARY_ADD, part(model, squares, 1, 0, f->bins),
                  part(model, squares, 1, f->bins, 2 * f->bins));
}

glia_value glia_model_spectrogram(glia_model *model, glia_value x, const glia_spectrogram_args *args) {
    gli_frames f;
    if (!gli_layer_begin(model, "spectrogram", args ? args->name : NULL, &x, 1, false)) return GLI_INVALID;
    if (!args) return gli_layer_end(model, fail_text(model, "args is NULL"));
    if (!find_frames(model, x, &args->stft, &f)) return gli_layer_end(model, GLI_INVALID);
    const glia_value z = transform(model, x, &f);
    return gli_layer_end(model, finish(model, x, args->magnitude ? magnitude(model, z, &f) : power(model, z, &f)));
}

/* ---- Mel ---- */

static bool check_mel(glia_model *model, glia_mel *m) {
    enum { MOST_FILTERS = 4096, DEFAULT_FILTERS = 128 };
    const double floor = gli_value_or(m->floor, 1e-10), top = gli_value_or(m->top_db, 80);
    if (m->count == 0) m->count = DEFAULT_FILTERS;
    if (m->high == 0) m->high = m->rate / 2.0;
    m->floor = (glia_optional){true, floor}, m->top_db = (glia_optional){true, top};
    if (m->rate < 1 || m->count < 1 || m->count > MOST_FILTERS)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                              "rate is %d, must be positive; count is %d, must be 1 to %d", m->rate, m->count,
                              MOST_FILTERS),
               false;
    if (!(m->low >= 0 && m->low < m->high && m->high <= m->rate / 2.0))
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                              "low is %g and high %g Hz, must be 0 to half the rate, %g, and low below high", m->low,
                              m->high, m->rate / 2.0),
               false;
    if ((unsigned)m->scale > GLIA_MEL_POWER)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "invalid scale %d", (int)m->scale), false;
    if (!(floor >= FLT_MIN && floor <= FLT_MAX && top > 0))
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "floor is %g and top_db %g, must be positive", floor, top),
               false;
    return true;
}

/* Decibels of what is given as a natural logarithm, no less than the largest of each sample minus top_db. */
static glia_value decibel(glia_model *model, glia_value x, double top_db) {
    const glia_reduce_params largest = {GLIA_REDUCE_MAX, GLIA_AXIS(1) | GLIA_AXIS(2) | GLIA_AXIS(3), true};
    const glia_value y               = binary(model, GLIA_BINARY_MUL, x, number(model, "decibel", 10 / log(10)));
    if (isinf(top_db)) return y;
    const glia_value top = gli_layer_call_1(model, &gli_op_reduce, &largest, 1, &y);
    return binary(model, GLIA_BINARY_MAXIMUM, y, binary(model, GLIA_BINARY_SUB, top, number(model, "top_db", top_db)));
}

/* [N,M,C,T] */
static glia_value mel_spectrogram(glia_model *model, glia_value x, const gli_frames *f, const glia_mel *m) {
    const gli_mel_filters filters = {.mel = *m, .bins = f->bins, .n_fft = f->stft.n_fft};
    const glia_value p            = power(model, transform(model, x, f), f);
    const glia_value y            = convolve(
        model, p, constant(model, "filters", GLIA_SHAPE(m->count, f->bins, 1, 1), gli_fill_mel_filters, &filters));
    const int empty = gli_empty_mel_filters(&filters);
    if (empty > 0)
        gli_log(model->ctx, GLI_LOG_INFO, "%d of %d mel filters are narrower than a bin of n_fft %d, and always 0",
                empty, m->count, f->stft.n_fft);
    if (m->scale == GLIA_MEL_POWER) return y;
    glia_unary_params clip  = {.kind = GLIA_UNARY_CLIP, .alpha = m->floor.value, .beta = FLT_MAX};
    const glia_value logged = unary(model, unary(model, y, clip), glia_unary_defaults(GLIA_UNARY_LOG));
    return m->scale == GLIA_MEL_LOG ? logged : decibel(model, logged, m->top_db.value);
}

glia_value glia_model_mel_spectrogram(glia_model *model, glia_value x, const glia_mel_spectrogram_args *args) {
    gli_frames f;
    if (!gli_layer_begin(model, "mel_spectrogram", args ? args->name : NULL, &x, 1, false)) return GLI_INVALID;
    if (!args) return gli_layer_end(model, fail_text(model, "args is NULL"));
    glia_mel mel = args->mel;
    if (!find_frames(model, x, &args->stft, &f) || !check_mel(model, &mel)) return gli_layer_end(model, GLI_INVALID);
    return gli_layer_end(model, finish(model, x, mel_spectrogram(model, x, &f, &mel)));
}

glia_value glia_model_mfcc(glia_model *model, glia_value x, const glia_mfcc_args *args) {
    enum { DEFAULT_COEFFICIENTS = 20 };
    gli_frames f;
    if (!gli_layer_begin(model, "mfcc", args ? args->name : NULL, &x, 1, false)) return GLI_INVALID;
    if (!args) return gli_layer_end(model, fail_text(model, "args is NULL"));
    glia_mel mel   = args->mel;
    const int rows = args->coefficients ? args->coefficients : DEFAULT_COEFFICIENTS;
    if (!find_frames(model, x, &args->stft, &f) || !check_mel(model, &mel)) return gli_layer_end(model, GLI_INVALID);
    if (rows < 1 || rows > mel.count)
        return gli_layer_end(
            model, gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                                  "coefficients is %d, must be 1 to the count of mel filters, %d", rows, mel.count));
    const glia_value spectrogram = mel_spectrogram(model, x, &f, &mel);
    const gli_dct dct            = {rows, mel.count};
    const glia_value matrix      = constant(model, "dct", GLIA_SHAPE(rows, mel.count, 1, 1), gli_fill_dct, &dct);
    return gli_layer_end(model, finish(model, x, convolve(model, spectrogram, matrix)));
}
