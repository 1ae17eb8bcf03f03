/* Encoding texts as indices, and decoding them. */
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

static glia_status check_dtype(glia_context *ctx, const char *function, glia_dtype dtype) {
    GLI_REQUIRE(ctx, dtype == GLIA_I32 || dtype == GLIA_I64, GLIA_INVALID_ARGUMENT,
                "%s: dtype is %s, must be i32 or i64", function, glia_dtype_name(dtype));
    return GLIA_OK;
}

static glia_status index_of(const glia_vocabulary *v, const gli_tokenizer *tokenizer, glia_text token, int64_t *index) {
    const int64_t found = glia_vocabulary_find(v, token);
    *index              = found < 0 ? v->unknown : found;
    GLI_REQUIRE(v->ctx, *index >= 0, GLIA_NOT_FOUND,
                "%s: the token '%.*s' before byte %zu is not in the vocabulary, which has no unknown", tokenizer->what,
                (int)(token.bytes < 64 ? token.bytes : 64), token.data, tokenizer->offset);
    return GLIA_OK;
}

static glia_status encode_all(const glia_vocabulary *v, gli_tokenizer *tokenizer, glia_dtype dtype, void *indices,
                              int64_t capacity, int64_t *count) {
    int64_t n = 0, index;
    glia_text token;
    for (bool end = false;; ++n) {
        GLI_TRY(gli_tokenizer_next(tokenizer, &token, &end));
        if (end) break;
        GLI_TRY(index_of(v, tokenizer, token, &index));
        if (n >= capacity) continue;
        if (dtype == GLIA_I32)
            ((int32_t *)indices)[n] = (int32_t)index;
        else
            ((int64_t *)indices)[n] = index;
    }
    GLI_REQUIRE(v->ctx, !indices || n <= capacity, GLIA_INVALID_ARGUMENT,
                "%s: the text has %lld tokens, capacity is %lld", tokenizer->what, (long long)n, (long long)capacity);
    *count = n;
    return GLIA_OK;
}

static glia_status encode(const glia_vocabulary *v, glia_text text, glia_dtype dtype, void *indices, int64_t capacity,
                          int64_t *count) {
    const char *function = "glia_vocabulary_encode";
    GLI_REQUIRE(v->ctx, count, GLIA_INVALID_ARGUMENT, "%s: count is NULL", function);
    GLI_REQUIRE(v->ctx, capacity >= 0 && (indices || capacity == 0), GLIA_INVALID_ARGUMENT,
                "%s: capacity is %lld, indices is %s", function, (long long)capacity, indices ? "given" : "NULL");
    GLI_TRY(check_dtype(v->ctx, function, dtype));
    GLI_TRY(gli_text_check(v->ctx, function, text));
    gli_tokenizer tokenizer = {.ctx = v->ctx, .args = v->tokenizer};
    gli_tokenizer_begin(&tokenizer, function, text);
    const glia_status status = encode_all(v, &tokenizer, dtype, indices, capacity, count);
    gli_tokenizer_free(&tokenizer);
    return status;
}

glia_status glia_vocabulary_encode(const glia_vocabulary *vocabulary, glia_text text, glia_dtype dtype, void *indices,
                                   int64_t capacity, int64_t *count) {
    GLI_REQUIRE_OBJECT(vocabulary);
    GLI_TRY(gli_enter(vocabulary->ctx));
    const glia_status status = encode(vocabulary, text, dtype, indices, capacity, count);
    gli_leave(vocabulary->ctx);
    return status;
}

/* Writes the tokens that fit in the capacity and counts the bytes of all. */
typedef struct writer {
    char *text;
    size_t capacity, used;
} writer;

static void put(writer *to, glia_text text) {
    if (text.bytes <= to->capacity && to->used <= to->capacity - text.bytes)
        memcpy(to->text + to->used, text.data, text.bytes);
    if (!gli_add_size(to->used, text.bytes, &to->used)) to->used = SIZE_MAX;
}

static glia_status decode_all(const glia_vocabulary *v, glia_dtype dtype, const void *indices, int64_t count,
                              writer *to) {
    for (int64_t i = 0; i < count; ++i) {
        const int64_t index = dtype == GLIA_I32 ? ((const int32_t *)indices)[i] : ((const int64_t *)indices)[i];
        GLI_REQUIRE(v->ctx, index >= 0 && index < glia_vocabulary_size(v), GLIA_INVALID_ARGUMENT,
                    "glia_vocabulary_decode: indices[%lld] is %lld, the vocabulary has %lld", (long long)i,
                    (long long)index, (long long)glia_vocabulary_size(v));
        if (index == v->padding) continue;
        if (v->tokenizer.unit == GLIA_WORDS && to->used > 0) put(to, (glia_text){" ", 1});
        put(to, glia_vocabulary_token(v, index));
    }
    return GLIA_OK;
}

static glia_status decode(const glia_vocabulary *v, glia_dtype dtype, const void *indices, int64_t count, char *text,
                          size_t capacity, size_t *bytes) {
    const char *function = "glia_vocabulary_decode";
    GLI_REQUIRE(v->ctx, bytes, GLIA_INVALID_ARGUMENT, "%s: bytes is NULL", function);
    GLI_REQUIRE(v->ctx, count >= 0 && (indices || count == 0), GLIA_INVALID_ARGUMENT,
                "%s: count is %lld, indices is %s", function, (long long)count, indices ? "given" : "NULL");
    GLI_REQUIRE(v->ctx, text || capacity == 0, GLIA_INVALID_ARGUMENT, "%s: capacity is %zu, text is NULL", function,
                capacity);
    GLI_TRY(check_dtype(v->ctx, function, dtype));
    writer to = {.text = text, .capacity = capacity};
    GLI_TRY(decode_all(v, dtype, indices, count, &to));
    GLI_REQUIRE(v->ctx, !text || to.used < capacity, GLIA_INVALID_ARGUMENT,
                "%s: the text has %zu bytes and a NUL, capacity is %zu", function, to.used, capacity);
    if (text) text[to.used] = '\0';
    *bytes = to.used;
    return GLIA_OK;
}

glia_status glia_vocabulary_decode(const glia_vocabulary *vocabulary, glia_dtype dtype, const void *indices,
                                   int64_t count, char *text, size_t capacity, size_t *bytes) {
    GLI_REQUIRE_OBJECT(vocabulary);
    GLI_TRY(gli_enter(vocabulary->ctx));
    const glia_status status = decode(vocabulary, dtype, indices, count, text, capacity, bytes);
    gli_leave(vocabulary->ctx);
    return status;
}
