/* Vectors of words that others have trained, as the rows of a matrix, and their words as a vocabulary. */
#include "text/word_vectors.h"

#include <math.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/philox.h"
#include "text/vocabulary.h"

enum { STREAM = 0x68000001 /* of Philox: rows that the file has not */ };

/* ---- A vocabulary's rows ---- */

typedef struct filling {
    const glia_vocabulary *vocabulary;
    float *matrix;
    bool *found;
    int64_t n;
} filling;

static glia_status fill_row(gli_word_reader *r, glia_text word, const char *numbers, void *user) {
    filling *f         = user;
    const bool unknown = word.bytes == 5 && memcmp(word.data, "<unk>", 5) == 0;
    int64_t row        = glia_vocabulary_find(f->vocabulary, word);
    if (row < 0 && unknown) row = f->vocabulary->unknown;
    if (row < 0 || f->found[row]) return GLIA_OK;
    f->found[row] = true;
    ++f->n;
    float *to = f->matrix + row * r->size;
    return gli_word_vector(r, numbers, to);
}

/* From the index of the token alone, whatever the file has. */
static void draw_row(float *row, int64_t index, int64_t size, uint64_t seed, double deviation) {
    const gli_random use = {seed, STREAM, (uint32_t)index};
    for (int64_t i = 0; i < size; i += 2) {
        double z[2];
        gli_normal_pair(gli_random_u32(use, (uint64_t)i), gli_random_u32(use, (uint64_t)i + 1), z);
        row[i] = (float)(deviation * z[0]);
        if (i + 1 < size) row[i + 1] = (float)(deviation * z[1]);
    }
}

static glia_status fill_matrix(gli_word_reader *r, const glia_word_vectors_args *args, filling *f, size_t bytes,
                               glia_word_vectors *out) {
    const glia_vocabulary *v = f->vocabulary;
    const int64_t rows       = glia_vocabulary_size(v);
    GLI_REQUIRE(v->ctx,
                bytes / sizeof(float) / (size_t)r->size == (size_t)rows &&
                    bytes == (size_t)rows * (size_t)r->size * sizeof(float),
                GLIA_SHAPE_MISMATCH,
                "glia_vocabulary_read_vectors: matrix has %zu bytes, must be f32 [%lld,%lld], as line 1 of %s says",
                bytes, (long long)rows, (long long)r->size, r->in.path);
    GLI_TRY(gli_word_reader_each(r, args->maximum, fill_row, f, &out->words));
    for (int64_t i = 0; i < rows; ++i) {
        if (f->found[i]) continue;
        memset(f->matrix + i * r->size, 0, (size_t)r->size * sizeof(float));
        if (i != v->padding && args->deviation > 0)
            draw_row(f->matrix + i * r->size, i, r->size, args->seed ? args->seed : v->ctx->seed, args->deviation);
    }
    out->size  = r->size;
    out->found = f->n;
    return GLIA_OK;
}

static glia_status check_args(glia_context *ctx, const char *function, const char *path,
                              const glia_word_vectors_args *args) {
    GLI_REQUIRE(ctx, path, GLIA_INVALID_ARGUMENT, "%s: path is NULL", function);
    GLI_REQUIRE(ctx, args->maximum >= 0, GLIA_INVALID_ARGUMENT, "%s: maximum is %lld, must not be negative", function,
                (long long)args->maximum);
    GLI_REQUIRE(ctx, args->deviation >= 0 && isfinite(args->deviation), GLIA_INVALID_ARGUMENT,
                "%s: deviation is %g, must be finite and not negative", function, args->deviation);
    return GLIA_OK;
}

static glia_status read_vectors(const glia_vocabulary *v, const char *path, const glia_word_vectors_args *given,
                                float *matrix, size_t bytes, bool *found, glia_word_vectors *out) {
    const glia_word_vectors_args args = given ? *given : (glia_word_vectors_args){0};
    glia_word_vectors read            = {0};
    gli_block marks                   = {0};
    gli_word_reader r;
    GLI_TRY(check_args(v->ctx, "glia_vocabulary_read_vectors", path, &args));
    GLI_REQUIRE(v->ctx, matrix, GLIA_INVALID_ARGUMENT, "glia_vocabulary_read_vectors: matrix is NULL");
    GLI_TRY(
        gli_block_alloc(v->ctx, (size_t)glia_vocabulary_size(v), sizeof(bool), "the words that were found", &marks));
    if (marks.data) memset(marks.data, 0, marks.bytes);
    filling f          = {v, matrix, marks.data, 0};
    glia_status status = gli_word_reader_open(v->ctx, path, &r);
    if (status == GLIA_OK) status = fill_matrix(&r, &args, &f, bytes, &read);
    gli_word_reader_close(v->ctx, &r);
    if (status == GLIA_OK && found && marks.data) memcpy(found, marks.data, marks.bytes);
    if (status == GLIA_OK && out) *out = read;
    gli_block_free(v->ctx, &marks);
    return status;
}

glia_status glia_vocabulary_read_vectors(const glia_vocabulary *vocabulary, const char *path,
                                         const glia_word_vectors_args *args, float *matrix, size_t bytes, bool *found,
                                         glia_word_vectors *out) {
    GLI_REQUIRE_OBJECT(vocabulary);
    GLI_TRY(gli_enter(vocabulary->ctx));
    const glia_status status = read_vectors(vocabulary, path, args, matrix, bytes, found, out);
    gli_leave(vocabulary->ctx);
    return status;
}

/* ---- Without a vocabulary ---- */

static glia_status probe(glia_context *ctx, const char *path, const glia_word_vectors_args *given,
                         glia_word_vectors *out) {
    const glia_word_vectors_args args = given ? *given : (glia_word_vectors_args){0};
    glia_word_vectors read            = {0};
    gli_word_reader r;
    GLI_TRY(check_args(ctx, "glia_word_vectors_probe", path, &args));
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_word_vectors_probe: out is NULL");
    glia_status status = gli_word_reader_open(ctx, path, &r);
    if (status == GLIA_OK) status = gli_word_reader_each(&r, args.maximum, NULL, NULL, &read.words);
    read.size = r.size;
    gli_word_reader_close(ctx, &r);
    if (status == GLIA_OK) *out = read;
    return status;
}

glia_status glia_word_vectors_probe(glia_context *ctx, const char *path, const glia_word_vectors_args *args,
                                    glia_word_vectors *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = probe(ctx, path, args, out);
    gli_leave(ctx);
    return status;
}

static glia_status add_word(gli_word_reader *r, glia_text word, const char *numbers, void *user) {
    glia_vocabulary *v = user;
    int64_t number;
    (void)r, (void)numbers;
    return gli_token_table_add(&v->tokens, word, &number);
}

static glia_status from_vectors(glia_context *ctx, const char *path, const glia_word_vectors_args *given,
                                glia_vocabulary **out) {
    const char *function              = "glia_vocabulary_from_vectors";
    const glia_word_vectors_args args = given ? *given : (glia_word_vectors_args){0};
    glia_vocabulary *made;
    int64_t words;
    gli_word_reader r;
    GLI_TRY(check_args(ctx, function, path, &args));
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "%s: out is NULL", function);
    GLI_TRY(gli_vocabulary_new(ctx, function, &(glia_vocabulary_args){.no_padding = true, .no_unknown = true}, &made));
    glia_status status = gli_word_reader_open(ctx, path, &r);
    if (status == GLIA_OK) status = gli_word_reader_each(&r, args.maximum, add_word, made, &words);
    gli_word_reader_close(ctx, &r);
    if (status == GLIA_OK)
        *out = made;
    else
        glia_vocabulary_destroy(made);
    return status;
}

glia_status glia_vocabulary_from_vectors(glia_context *ctx, const char *path, const glia_word_vectors_args *args,
                                         glia_vocabulary **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_vectors(ctx, path, args, out);
    gli_leave(ctx);
    return status;
}
