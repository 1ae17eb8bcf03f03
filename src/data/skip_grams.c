/* Pairs of words and their contexts, to learn vectors of words from. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/philox.h"
#include "core/size.h"
#include "data/dataset.h"
#include "glia/series.h"

enum { STREAM = 0x69000001, DEFAULT_WINDOW = 5, DEFAULT_NEGATIVES = 5, MOST = 1 << 16 };

typedef struct skip_grams {
    glia_context *ctx;
    glia_dtype dtype;
    const void *tokens;
    int64_t count;
    glia_skip_grams_args args; /* with defaults */
    gli_block owned;           /* the copy of the tokens */
    gli_block pairs;           /* int64_t [count + 1]: the pairs of the centres before each token */
    gli_block sums;            /* double [vocabulary + 1]: of the powers of counts, of the indices before each */
} skip_grams;

static int64_t token_at(const skip_grams *s, int64_t i) {
    return s->dtype == GLIA_I32 ? ((const int32_t *)s->tokens)[i] : ((const int64_t *)s->tokens)[i];
}

/* The token at this distance from a centre counts. */
static bool is_context(const skip_grams *s, int64_t center, int64_t offset) {
    const int64_t at = center + offset;
    return offset != 0 && at >= 0 && at < s->count && token_at(s, at) >= s->args.ignored;
}

/* ---- Samples ---- */

/* gli_last_not_above of sums. */
static int64_t last_sum_not_above(const double *from, int64_t n, double x) {
    int64_t low = 0, high = n;
    while (high - low > 1) {
        const int64_t middle                = low + (high - low) / 2;
        *(from[middle] <= x ? &low : &high) = middle;
    }
    return low;
}

/* A token as frequent as its count to the power, and not this one where there is another: a point on the line of all
 * without this one's part. Where sums are rounded it stays between the sums that it belongs to. */
static int64_t draw(const skip_grams *s, uint64_t seed, int64_t not_this) {
    const double *sums   = s->sums.data;
    const int64_t n      = s->args.vocabulary;
    const gli_random use = {seed, STREAM, 0};
    const double unit    = gli_unit_double(gli_random_u32(use, 0), gli_random_u32(use, 1));
    const double before = sums[not_this], behind = sums[n] - sums[not_this + 1];
    const double x = unit * (before + behind);
    if (before + behind == 0) return not_this;
    if (x < before) return last_sum_not_above(sums, n, x);
    return last_sum_not_above(sums, n, fmin(sums[not_this + 1] + (x - before), nextafter(sums[n], 0)));
}

/* The context of this number of a centre; -1: it has fewer, as when its caller has changed the tokens since. */
static int64_t context_of(const skip_grams *s, int64_t center, int64_t number) {
    for (int64_t offset = -s->args.window; offset <= s->args.window; ++offset)
        if (is_context(s, center, offset) && number-- == 0) return token_at(s, center + offset);
    return -1;
}

static glia_status read_sample(void *user, const glia_sample *sample) {
    const skip_grams *s = user;
    const int64_t each = 1 + s->args.negatives, pair = sample->index / each, *pairs = s->pairs.data;
    const int64_t center = gli_last_not_above(pairs, s->count, pair);
    const int64_t word = token_at(s, center), context = context_of(s, center, pair - pairs[center]);
    if (word < 0 || word >= s->args.vocabulary || context < 0 || context >= s->args.vocabulary) {
        snprintf(sample->message, GLIA_SAMPLE_MESSAGE,
                 "the tokens around token %lld are not those that the dataset was made of", (long long)center);
        return GLIA_INVALID_ARGUMENT;
    }
    const bool real               = sample->index % each == 0;
    *(int64_t *)sample->inputs[0] = word;
    *(int64_t *)sample->inputs[1] = real ? context : draw(s, sample->random, context);
    *(float *)sample->targets[0]  = real;
    return GLIA_OK;
}

/* ---- Tables ---- */

static glia_status count_pairs(skip_grams *s, const char *function) {
    int64_t *pairs = s->pairs.data;
    pairs[0]       = 0;
    for (int64_t i = 0; i < s->count; ++i) {
        int64_t n = 0;
        for (int64_t k = -s->args.window; k <= s->args.window && token_at(s, i) >= s->args.ignored; ++k)
            n += is_context(s, i, k);
        pairs[i + 1] = pairs[i] + n;
    }
    GLI_REQUIRE(s->ctx, pairs[s->count] > 0, GLIA_INVALID_ARGUMENT, "%s: no two of %lld tokens make a pair", function,
                (long long)s->count);
    return GLIA_OK;
}

static glia_status sum_powers(skip_grams *s, const char *function) {
    double *sums = s->sums.data;
    memset(sums, 0, s->sums.bytes);
    for (int64_t i = 0; i < s->count; ++i)
        if (token_at(s, i) >= s->args.ignored) ++sums[token_at(s, i) + 1];
    for (int64_t v = 0; v < s->args.vocabulary; ++v)
        sums[v + 1] = sums[v] + (sums[v + 1] > 0 ? pow(sums[v + 1], s->args.power) : 0);
    GLI_REQUIRE(s->ctx, isfinite(sums[s->args.vocabulary]), GLIA_INVALID_ARGUMENT,
                "%s: power is %g: the counts of %lld tokens to it have no finite sum", function, s->args.power,
                (long long)s->count);
    return GLIA_OK;
}

static glia_status take_tokens(skip_grams *s, const char *function, const void *tokens) {
    s->tokens = tokens;
    for (int64_t i = 0; i < s->count; ++i)
        GLI_REQUIRE(s->ctx, token_at(s, i) >= 0 && token_at(s, i) < s->args.vocabulary, GLIA_INVALID_ARGUMENT,
                    "%s: token %lld is %lld, must be 0 to %lld", function, (long long)i, (long long)token_at(s, i),
                    (long long)s->args.vocabulary - 1);
    if (!s->args.copy) return GLIA_OK;
    GLI_TRY(gli_block_alloc(s->ctx, (size_t)s->count, glia_dtype_size(s->dtype), "a copy of tokens", &s->owned));
    memcpy(s->owned.data, tokens, s->owned.bytes);
    s->tokens = s->owned.data;
    return GLIA_OK;
}

static glia_status fill(skip_grams *s, const char *function, const void *tokens) {
    GLI_TRY(take_tokens(s, function, tokens));
    GLI_TRY(gli_block_alloc(s->ctx, (size_t)s->count + 1, sizeof(int64_t), "the pairs of tokens", &s->pairs));
    GLI_TRY(gli_block_alloc(s->ctx, (size_t)s->args.vocabulary + 1, sizeof(double), "the counts of tokens", &s->sums));
    GLI_TRY(count_pairs(s, function));
    return sum_powers(s, function);
}

/* ---- The dataset ---- */

static void destroy(void *user) {
    skip_grams *s     = user;
    glia_context *ctx = s->ctx;
    gli_block_free(ctx, &s->owned);
    gli_block_free(ctx, &s->pairs);
    gli_block_free(ctx, &s->sums);
    gli_free(ctx, s, 1, sizeof *s);
}

static glia_status check(glia_context *ctx, const char *function, glia_dtype dtype, const void *tokens, int64_t count,
                         glia_skip_grams_args *a) {
    GLI_REQUIRE(ctx, dtype == GLIA_I32 || dtype == GLIA_I64, GLIA_INVALID_ARGUMENT,
                "%s: dtype is %s, must be i32 or i64", function, glia_dtype_name(dtype));
    GLI_REQUIRE(ctx, tokens && count >= 2 && count <= UINT32_MAX, GLIA_INVALID_ARGUMENT,
                "%s: tokens is %s, count is %lld, must be 2 to %lld", function, tokens ? "given" : "NULL",
                (long long)count, (long long)UINT32_MAX);
    GLI_REQUIRE(ctx, a->window >= 0 && a->window <= MOST && a->negatives >= -1 && a->negatives <= MOST,
                GLIA_INVALID_ARGUMENT, "%s: window is %d, negatives is %d, must be up to %d", function, a->window,
                a->negatives, MOST);
    GLI_REQUIRE(ctx, a->power >= 0 && isfinite(a->power), GLIA_INVALID_ARGUMENT,
                "%s: power is %g, must be finite and not negative", function, a->power);
    GLI_REQUIRE(ctx, a->vocabulary >= 1 && a->vocabulary <= INT32_MAX && a->ignored >= 0, GLIA_INVALID_ARGUMENT,
                "%s: vocabulary is %lld, must be 1 to %d, ignored is %lld, must not be negative", function,
                (long long)a->vocabulary, INT32_MAX, (long long)a->ignored);
    if (a->window == 0) a->window = DEFAULT_WINDOW;
    if (a->negatives == 0) a->negatives = DEFAULT_NEGATIVES;
    if (a->negatives < 0) a->negatives = 0;
    if (a->power == 0) a->power = 0.75;
    return GLIA_OK;
}

static glia_status make_dataset(skip_grams *s, glia_dataset **out) {
    const glia_field inputs[] = {{"center", GLIA_I64, GLIA_SCALAR}, {"context", GLIA_I64, GLIA_SCALAR}},
                     label    = {"label", GLIA_F32, GLIA_SHAPE(1)};
    const int64_t pairs       = ((const int64_t *)s->pairs.data)[s->count];
    const glia_source source  = {.inputs     = inputs,
                                 .n_inputs   = 2,
                                 .targets    = &label,
                                 .n_targets  = 1,
                                 .count      = gli_saturating_mul(pairs, 1 + s->args.negatives),
                                 .read       = read_sample,
                                 .user       = s,
                                 .destroy    = destroy,
                                 .concurrent = true};
    return glia_dataset_from_source(s->ctx, &source, out);
}

static glia_status from_skip_grams(glia_context *ctx, glia_dtype dtype, const void *tokens, int64_t count,
                                   const glia_skip_grams_args *given, glia_dataset **out) {
    const char *function = "glia_dataset_from_skip_grams";
    void *memory;
    GLI_REQUIRE(ctx, given && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, given ? "out" : "args");
    glia_skip_grams_args args = *given;
    GLI_TRY(check(ctx, function, dtype, tokens, count, &args));
    GLI_TRY(gli_new(ctx, 1, sizeof(skip_grams), "pairs of tokens", &memory));
    skip_grams *s      = memory;
    *s                 = (skip_grams){.ctx = ctx, .dtype = dtype, .count = count, .args = args};
    glia_status status = fill(s, function, tokens);
    if (status == GLIA_OK) status = make_dataset(s, out);
    if (status != GLIA_OK) destroy(s);
    return status;
}

glia_status glia_dataset_from_skip_grams(glia_context *ctx, glia_dtype dtype, const void *tokens, int64_t count,
                                         const glia_skip_grams_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_skip_grams(ctx, dtype, tokens, count, args, out);
    gli_leave(ctx);
    return status;
}
