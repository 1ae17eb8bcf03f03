/* Vocabularies from texts: counts the tokens, sorts them, uses the most frequent. */
#include <stdio.h>
#include <stdlib.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

typedef struct tally {
    gli_token_table tokens;
    gli_byte_buffer counts; /* int64_t for each token */
} tally;

typedef struct counted {
    glia_text token;
    int64_t count;
} counted;

static glia_status count_one(tally *t, glia_text token) {
    static const int64_t one = 1;
    const int64_t known      = gli_token_table_count(&t->tokens);
    int64_t number;
    GLI_TRY(gli_token_table_add(&t->tokens, token, &number));
    if (number == known) return gli_byte_buffer_append(t->tokens.ctx, &t->counts, &one, sizeof one, "counts of tokens");
    ++((int64_t *)t->counts.block.data)[number];
    return GLIA_OK;
}

static glia_status count_all(gli_tokenizer *tokenizer, const glia_text *texts, int64_t n_texts, tally *t) {
    char what[64];
    glia_text token;
    for (int64_t i = 0; i < n_texts; ++i) {
        snprintf(what, sizeof what, "glia_vocabulary_build: texts[%lld]", (long long)i);
        GLI_TRY(gli_text_check(tokenizer->ctx, what, texts[i]));
        gli_tokenizer_begin(tokenizer, what, texts[i]);
        for (bool end = false;;) {
            GLI_TRY(gli_tokenizer_next(tokenizer, &token, &end));
            if (end) break;
            GLI_TRY(count_one(t, token));
        }
    }
    return GLIA_OK;
}

/* The most frequent first, then by bytes. */
static int by_count(const void *a, const void *b) {
    const counted *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return gli_token_compare(x->token, y->token);
}

static glia_status choose(const tally *t, const glia_vocabulary_args *args, glia_vocabulary *vocabulary) {
    const int64_t n = gli_token_table_count(&t->tokens), *counts = t->counts.block.data;
    const int64_t max = args->maximum_size ? args->maximum_size - vocabulary->first : n;
    gli_block block;
    GLI_TRY(gli_block_alloc(vocabulary->ctx, (size_t)n, sizeof(counted), "the tokens in order", &block));
    counted *order = block.data;
    for (int64_t i = 0; i < n; ++i) order[i] = (counted){gli_token_table_get(&t->tokens, i), counts[i]};
    if (n > 1) qsort(order, (size_t)n, sizeof *order, by_count);
    glia_status status = GLIA_OK;
    for (int64_t i = 0; i < gli_min_i64(n, max) && order[i].count >= args->minimum_count && status == GLIA_OK; ++i) {
        int64_t number;
        status = gli_token_table_add(&vocabulary->tokens, order[i].token, &number);
    }
    gli_block_free(vocabulary->ctx, &block);
    return status;
}

static glia_status fill(glia_vocabulary *vocabulary, const glia_vocabulary_args *args, const glia_text *texts,
                        int64_t n_texts) {
    glia_context *ctx       = vocabulary->ctx;
    gli_tokenizer tokenizer = {.ctx = ctx, .args = args->tokenizer};
    tally t                 = {.tokens.ctx = ctx};
    glia_status status      = count_all(&tokenizer, texts, n_texts, &t);
    gli_tokenizer_free(&tokenizer);
    if (status == GLIA_OK) status = choose(&t, args, vocabulary);
    gli_token_table_clear(&t.tokens);
    gli_block_free(ctx, &t.counts.block);
    return status;
}

static glia_status check(glia_context *ctx, const char *function, const glia_vocabulary_args *args) {
    const int special = !args->no_padding + !args->no_unknown;
    GLI_REQUIRE(ctx, args->minimum_count >= 0, GLIA_INVALID_ARGUMENT, "%s: minimum_count is %lld, must not be negative",
                function, (long long)args->minimum_count);
    GLI_REQUIRE(ctx, args->maximum_size == 0 || args->maximum_size >= special, GLIA_INVALID_ARGUMENT,
                "%s: maximum_size is %lld, padding and unknown take %d", function, (long long)args->maximum_size,
                special);
    return GLIA_OK;
}

static glia_status build(glia_context *ctx, const glia_vocabulary_args *given, const glia_text *texts, int64_t n_texts,
                         glia_vocabulary **out) {
    const char *function            = "glia_vocabulary_build";
    const glia_vocabulary_args args = given ? *given : (glia_vocabulary_args){0};
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    GLI_TRY(gli_texts_check(ctx, function, texts, n_texts));
    GLI_TRY(check(ctx, function, &args));
    glia_vocabulary *vocabulary;
    GLI_TRY(gli_vocabulary_new(ctx, function, &args, &vocabulary));
    const glia_status status = fill(vocabulary, &args, texts, n_texts);
    if (status == GLIA_OK)
        *out = vocabulary;
    else
        glia_vocabulary_destroy(vocabulary);
    return status;
}

glia_status glia_vocabulary_build(glia_context *ctx, const glia_vocabulary_args *args, const glia_text *texts,
                                  int64_t n_texts, glia_vocabulary **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = build(ctx, args, texts, n_texts, out);
    gli_leave(ctx);
    return status;
}
