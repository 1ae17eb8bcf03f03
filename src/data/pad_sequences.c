/* Sequences of unequal length as one padded array. */
#include <string.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "core/size.h"
#include "glia/series.h"

/* In bytes: one step, one row of `length` steps, the whole output. */
typedef struct sizes {
    int64_t length;
    size_t step, row, all;
} sizes;

static glia_status check_args(glia_context *ctx, const char *function, const glia_pad_sequences_args *args) {
    const bool integers = args->dtype == GLIA_I32 || args->dtype == GLIA_I64;
    GLI_REQUIRE(ctx, integers || args->dtype == GLIA_F32 || args->dtype == GLIA_F64, GLIA_INVALID_ARGUMENT,
                "%s: dtype is %s, must be f32, f64, i32 or i64", function, glia_dtype_name(args->dtype));
    GLI_REQUIRE(ctx, args->length >= 0 && args->length <= INT32_MAX && args->features >= 0, GLIA_INVALID_ARGUMENT,
                "%s: length is %lld, must be 0 to %d; features is %lld, must not be negative", function,
                (long long)args->length, INT32_MAX, (long long)args->features);
    GLI_REQUIRE(ctx,
                args->pad >= GLIA_SEQUENCE_END && args->pad <= GLIA_SEQUENCE_START &&
                    args->truncate >= GLIA_SEQUENCE_END && args->truncate <= GLIA_SEQUENCE_START,
                GLIA_INVALID_ARGUMENT, "%s: pad is %d and truncate %d, must be a glia_sequence_end", function,
                (int)args->pad, (int)args->truncate);
    int64_t stored;
    gli_store(args->dtype, &stored, 0, args->value);
    GLI_REQUIRE(ctx, !integers || gli_load(args->dtype, &stored, 0) == args->value, GLIA_INVALID_ARGUMENT,
                "%s: value is %g, which %s cannot represent", function, args->value, glia_dtype_name(args->dtype));
    return GLIA_OK;
}

static glia_status find_longest(glia_context *ctx, const char *function, const glia_sequence *sequences, int64_t count,
                                int64_t *longest) {
    *longest = 0;
    for (int64_t i = 0; i < count; ++i) {
        const glia_sequence *s = &sequences[i];
        GLI_REQUIRE(ctx, s->length >= 0 && (s->data || s->length == 0), GLIA_INVALID_ARGUMENT,
                    "%s: sequences[%lld] has the length %lld%s", function, (long long)i, (long long)s->length,
                    s->data ? "" : " and is NULL");
        *longest = gli_max_i64(*longest, s->length);
    }
    GLI_REQUIRE(ctx, *longest <= INT32_MAX, GLIA_INVALID_ARGUMENT,
                "%s: a sequence has %lld steps, at most %d are allowed", function, (long long)*longest, INT32_MAX);
    return GLIA_OK;
}

static glia_status measure(glia_context *ctx, const char *function, int64_t count, int64_t longest,
                           const glia_pad_sequences_args *args, sizes *s) {
    const int64_t features = args->features ? args->features : 1;
    s->length              = args->length ? args->length : longest;
    const bool fits        = gli_mul_size((size_t)features, glia_dtype_size(args->dtype), &s->step) &&
                      gli_mul_size((size_t)s->length, s->step, &s->row) && gli_mul_size((size_t)count, s->row, &s->all);
    GLI_REQUIRE(ctx, fits, GLIA_INVALID_ARGUMENT,
                "%s: %lld sequences of %lld steps of %lld features do not fit in memory", function, (long long)count,
                (long long)s->length, (long long)features);
    return GLIA_OK;
}

static void fill(char *to, glia_dtype dtype, double value, size_t bytes) {
    for (size_t i = 0; i < bytes / glia_dtype_size(dtype); ++i) gli_store(dtype, to, (int64_t)i, value);
}

static void write_row(const glia_sequence *from, const glia_pad_sequences_args *args, const sizes *s, char *to) {
    const int64_t steps = gli_min_i64(from->length, s->length);
    const size_t bytes = (size_t)steps * s->step, padding = s->row - bytes;
    const int64_t first = args->truncate == GLIA_SEQUENCE_START ? from->length - steps : 0;
    const bool in_front = args->pad == GLIA_SEQUENCE_START;
    fill(to + (in_front ? 0 : bytes), args->dtype, args->value, padding);
    if (bytes > 0) memcpy(to + (in_front ? padding : 0), (const char *)from->data + (size_t)first * s->step, bytes);
}

static glia_status pad(glia_context *ctx, const glia_sequence *sequences, int64_t count,
                       const glia_pad_sequences_args *given, void *out, size_t bytes, int32_t *lengths) {
    const char *function               = "glia_pad_sequences";
    const glia_pad_sequences_args args = given ? *given : (glia_pad_sequences_args){0};
    int64_t longest                    = 0;
    sizes s                            = {0};
    GLI_REQUIRE(ctx, count >= 0 && (sequences || count == 0), GLIA_INVALID_ARGUMENT, "%s: count is %lld, %s", function,
                (long long)count, sequences ? "must not be negative" : "sequences is NULL");
    GLI_TRY(check_args(ctx, function, &args));
    GLI_TRY(find_longest(ctx, function, sequences, count, &longest));
    GLI_TRY(measure(ctx, function, count, longest, &args, &s));
    GLI_REQUIRE(ctx, bytes == s.all, GLIA_INVALID_ARGUMENT,
                "%s: out has %zu bytes, %lld sequences of %lld steps have %zu", function, bytes, (long long)count,
                (long long)s.length, s.all);
    GLI_REQUIRE(ctx, (out || bytes == 0) && (uintptr_t)out % glia_dtype_size(args.dtype) == 0, GLIA_INVALID_ARGUMENT,
                "%s: out is %p, must not be NULL and be aligned to the %zu bytes of %s", function, out,
                glia_dtype_size(args.dtype), glia_dtype_name(args.dtype));
    for (int64_t i = 0; i < count; ++i) {
        if (s.row > 0) write_row(&sequences[i], &args, &s, (char *)out + (size_t)i * s.row);
        if (lengths) lengths[i] = (int32_t)gli_min_i64(sequences[i].length, s.length);
    }
    return GLIA_OK;
}

glia_status glia_pad_sequences(glia_context *ctx, const glia_sequence *sequences, int64_t count,
                               const glia_pad_sequences_args *args, void *out, size_t bytes, int32_t *lengths) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = pad(ctx, sequences, count, args, out, bytes, lengths);
    gli_leave(ctx);
    return status;
}
