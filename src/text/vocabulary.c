/* Vocabularies from tokens, and looking tokens up. */
#include "text/vocabulary.h"

#include <stdio.h>

#include "core/context_impl.h"
#include "text/tokenizer.h"

glia_status gli_vocabulary_new(glia_context *ctx, const char *function, const glia_vocabulary_args *args,
                               glia_vocabulary **out) {
    GLI_TRY(gli_tokenizer_check(ctx, function, &args->tokenizer));
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof(glia_vocabulary), "a vocabulary", &memory));
    glia_vocabulary *vocabulary = memory;
    vocabulary->ctx             = ctx;
    vocabulary->tokenizer       = args->tokenizer;
    vocabulary->padding         = args->no_padding ? -1 : 0;
    vocabulary->unknown         = args->no_unknown ? -1 : vocabulary->padding + 1;
    vocabulary->first           = !args->no_padding + !args->no_unknown;
    vocabulary->tokens.ctx      = ctx;
    gli_context_retain(ctx);
    *out = vocabulary;
    return GLIA_OK;
}

void glia_vocabulary_destroy(glia_vocabulary *vocabulary) {
    if (!vocabulary) return;
    glia_context *ctx = vocabulary->ctx;
    gli_token_table_clear(&vocabulary->tokens);
    gli_free(ctx, vocabulary, 1, sizeof *vocabulary);
    gli_context_release(ctx);
}

glia_status gli_vocabulary_add(glia_vocabulary *vocabulary, glia_status refusal, const char *source, glia_text token) {
    return gli_token_table_add_new(&vocabulary->tokens, refusal, source, token, vocabulary->first);
}

static glia_status fill(glia_vocabulary *vocabulary, const glia_text *tokens, int64_t n_tokens) {
    char source[64];
    for (int64_t i = 0; i < n_tokens; ++i) {
        snprintf(source, sizeof source, "glia_vocabulary_from_tokens: tokens[%lld]", (long long)i);
        GLI_TRY(gli_vocabulary_add(vocabulary, GLIA_INVALID_ARGUMENT, source, tokens[i]));
    }
    return GLIA_OK;
}

static glia_status from_tokens(glia_context *ctx, const glia_vocabulary_args *given, const glia_text *tokens,
                               int64_t n_tokens, glia_vocabulary **out) {
    const char *function            = "glia_vocabulary_from_tokens";
    const glia_vocabulary_args args = given ? *given : (glia_vocabulary_args){0};
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    GLI_REQUIRE(ctx, n_tokens >= 0 && (tokens || n_tokens == 0), GLIA_INVALID_ARGUMENT, "%s: n_tokens is %lld, %s",
                function, (long long)n_tokens, tokens ? "must not be negative" : "tokens is NULL");
    GLI_REQUIRE(ctx, args.minimum_count == 0 && args.maximum_size == 0, GLIA_INVALID_ARGUMENT,
                "%s: minimum_count is %lld and maximum_size %lld, must be 0: all tokens are used", function,
                (long long)args.minimum_count, (long long)args.maximum_size);
    glia_vocabulary *vocabulary;
    GLI_TRY(gli_vocabulary_new(ctx, function, &args, &vocabulary));
    const glia_status status = fill(vocabulary, tokens, n_tokens);
    if (status == GLIA_OK)
        *out = vocabulary;
    else
        glia_vocabulary_destroy(vocabulary);
    return status;
}

glia_status glia_vocabulary_from_tokens(glia_context *ctx, const glia_vocabulary_args *args, const glia_text *tokens,
                                        int64_t n_tokens, glia_vocabulary **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_tokens(ctx, args, tokens, n_tokens, out);
    gli_leave(ctx);
    return status;
}

int64_t glia_vocabulary_size(const glia_vocabulary *vocabulary) {
    return vocabulary ? vocabulary->first + gli_token_table_count(&vocabulary->tokens) : 0;
}

int64_t glia_vocabulary_padding(const glia_vocabulary *vocabulary) { return vocabulary ? vocabulary->padding : -1; }
int64_t glia_vocabulary_unknown(const glia_vocabulary *vocabulary) { return vocabulary ? vocabulary->unknown : -1; }

int64_t glia_vocabulary_find(const glia_vocabulary *vocabulary, glia_text token) {
    if (!vocabulary || !token.data) return -1;
    const int64_t number = gli_token_table_find(&vocabulary->tokens, token);
    return number < 0 ? -1 : vocabulary->first + number;
}

glia_text glia_vocabulary_token(const glia_vocabulary *vocabulary, int64_t index) {
    if (!vocabulary || index < 0 || index >= glia_vocabulary_size(vocabulary)) return (glia_text){0};
    if (index == vocabulary->padding) return (glia_text){"<pad>", 5};
    if (index == vocabulary->unknown) return (glia_text){"<unk>", 5};
    return gli_token_table_get(&vocabulary->tokens, index - vocabulary->first);
}
