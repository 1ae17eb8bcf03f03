/* The tokens of one text. */
#include "core/context_impl.h"
#include "text/tokenizer.h"

struct glia_tokens {
    glia_context *ctx;
    gli_byte_buffer text; /* all tokens, each followed by a NUL */
    gli_byte_buffer ends; /* size_t for each token: the offset of its NUL */
};

static int64_t count_of(const glia_tokens *tokens) { return (int64_t)(tokens->ends.used / sizeof(size_t)); }

glia_status gli_tokens_new(glia_context *ctx, glia_tokens **out) {
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof(glia_tokens), "tokens", &memory));
    *out        = memory;
    (*out)->ctx = ctx;
    gli_context_retain(ctx);
    return GLIA_OK;
}

glia_status gli_tokens_add(glia_tokens *tokens, glia_text token) {
    const size_t nul = tokens->text.used + token.bytes;
    GLI_TRY(gli_byte_buffer_append(tokens->ctx, &tokens->text, token.data, token.bytes, "tokens"));
    GLI_TRY(gli_byte_buffer_append(tokens->ctx, &tokens->text, "", 1, "tokens"));
    return gli_byte_buffer_append(tokens->ctx, &tokens->ends, &nul, sizeof nul, "tokens");
}

static glia_status split_all(glia_tokens *tokens, gli_tokenizer *tokenizer) {
    glia_text token;
    for (bool end = false;;) {
        GLI_TRY(gli_tokenizer_next(tokenizer, &token, &end));
        if (end) return GLIA_OK;
        GLI_TRY(gli_tokens_add(tokens, token));
    }
}

static glia_status tokenize(glia_context *ctx, const glia_tokenizer_args *given, glia_text text, glia_tokens **out) {
    const glia_tokenizer_args args = given ? *given : (glia_tokenizer_args){0};
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_tokenize: out is NULL");
    GLI_TRY(gli_tokenizer_check(ctx, "glia_tokenize", &args));
    GLI_TRY(gli_text_check(ctx, "glia_tokenize", text));
    glia_tokens *tokens;
    GLI_TRY(gli_tokens_new(ctx, &tokens));
    gli_tokenizer tokenizer = {.ctx = ctx, .args = args};
    gli_tokenizer_begin(&tokenizer, "glia_tokenize", text);
    const glia_status status = split_all(tokens, &tokenizer);
    gli_tokenizer_free(&tokenizer);
    if (status == GLIA_OK)
        *out = tokens;
    else
        glia_tokens_destroy(tokens);
    return status;
}

glia_status glia_tokenize(glia_context *ctx, const glia_tokenizer_args *args, glia_text text, glia_tokens **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = tokenize(ctx, args, text, out);
    gli_leave(ctx);
    return status;
}

void glia_tokens_destroy(glia_tokens *tokens) {
    if (!tokens) return;
    glia_context *ctx = tokens->ctx;
    gli_block_free(ctx, &tokens->text.block);
    gli_block_free(ctx, &tokens->ends.block);
    gli_free(ctx, tokens, 1, sizeof *tokens);
    gli_context_release(ctx);
}

int64_t glia_tokens_count(const glia_tokens *tokens) { return tokens ? count_of(tokens) : 0; }

glia_text glia_tokens_get(const glia_tokens *tokens, int64_t i) {
    if (!tokens || i < 0 || i >= count_of(tokens)) return (glia_text){0};
    const size_t *ends = tokens->ends.block.data, begin = i > 0 ? ends[i - 1] + 1 : 0;
    return (glia_text){(const char *)tokens->text.block.data + begin, ends[i] - begin};
}
